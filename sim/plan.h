/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a sweep runs: policies x machines x speeds x clones x varied costs x
 * replicas, as a list of points in a stated order.
 */
#ifndef VS_PLAN_H
#define VS_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/options.h"
#include "engine/engine.h"
#include "engine/machine.h"
#include "model/workload.h"
#include "policies/policy.h"
#include "store/summary.h"

/* What to cross, as on the command line; an empty list has its default. */
struct vs_plan_request {
    const struct vs_strings *policies; /* all that ship */
    const struct vs_strings *machines; /* the first that ships */
    const struct vs_strings *speeds;   /* "1,4,16" each; 1 */
    const struct vs_strings *clones;   /* "1,2" each; 1 */
    const struct vs_strings *varies;   /* "conf1-cycle=500ns,1us" each; nothing varied */
    uint64_t replicas;                 /* of each point, the unjittered one among them; 1 */
    double jitter_percent;             /* of the others */
    struct vs_workload_options load;   /* seed, rebase, max think; the rest is the plan's */
    struct vs_engine_options engine;   /* timing, cpus */
};

/* One run of a plan. */
struct vs_point {
    const struct vs_policy *policy;
    const struct vs_machine *machine;
    struct vs_workload_options load;
    bool stored;               /* the database had it before */
    bool done;                 /* summary is there */
    struct vs_summary summary; /* owned */
};

/* --vary NAME=V1,V2: a number of the machine profile and the values that it takes. */
struct vs_vary {
    char name[32];
    vs_ps *values_ps; /* owned */
    size_t count;
};

struct vs_plan {
    struct vs_policy **policies;
    size_t policy_count;
    struct vs_machine **machines; /* each profile under each combination of varied values: by
                                     profile, then values, those of the last --vary fastest */
    size_t machine_count, profile_count;
    struct vs_vary *varies;
    size_t vary_count;
    double *speeds;
    size_t speed_count;
    uint32_t *clones;
    size_t clone_count;
    uint32_t replicas, jitter_ppm;
    struct vs_engine_options engine;
    /* By clones, speed, replica (so that points of one load are neighbours), then machine,
     * then policy. */
    struct vs_point *points;
    size_t point_count;
};

/* More is a mistake in the command line, not a sweep. */
#define VS_PLAN_POINTS_MAX 1000000
#define VS_REPLICAS_MAX    1000

/*
 * Make the plan.  VS_ERR_USAGE: a wrong number, something given twice, an unknown policy,
 * machine or cost, too many points; VS_ERR_INPUT and VS_ERR_HOST for files.  Free with
 * vs_plan_release, also after an error.
 */
int vs_plan_make(const struct vs_plan_request *request, struct vs_plan *plan,
                 struct vs_error *error);
void vs_plan_release(struct vs_plan *plan);

/* What --jitter is when nobody gives it. */
#define VS_JITTER_DEFAULT_PERCENT 1.0

/* Replicas that do not differ, and a jitter that nothing would apply: VS_ERR_USAGE. */
int vs_plan_check_jitter(uint64_t replicas, double jitter_percent, struct vs_error *error);

/* Policies of a plan, by name or all that ship.  Two of one name cannot be told apart in a
 * table: VS_ERR_USAGE.  *policies and its items are the caller's, also after an error. */
int vs_plan_load_policies(const struct vs_strings *names, struct vs_policy ***policies,
                          size_t *count, struct vs_error *error);

/* Place of a point. */
size_t vs_plan_index(const struct vs_plan *plan, size_t clone, size_t speed, size_t replica,
                     size_t machine, size_t policy);

/* "12 policies x 1 machine x 3 speeds x 1 clone count x 3 values of conf1-cycle x 5 replicas"
 * into buffer. */
char *vs_plan_describe(const struct vs_plan *plan, char *buffer, size_t size_bytes);

/* Equal loads have equal workloads. */
bool vs_load_equal(const struct vs_workload_options *a, const struct vs_workload_options *b);

/* Parse "conf1-cycle=500ns,1us" (vary.c); VS_ERR_USAGE.  Free with vs_vary_release. */
int vs_vary_parse(const char *text, struct vs_vary *vary, struct vs_error *error);
void vs_vary_release(struct vs_vary *vary);
/* "6.2ns" to ps: as vs_parse_duration, and fractions of a nanosecond.  Up to 1 s. */
int vs_vary_parse_cost(const char *text, vs_ps *cost_ps);
/* "conf1-cycle 500 ns, atomic 6.2 ns", "" for a profile as it is, into buffer. */
char *vs_vary_text(const struct vs_machine *machine, char *buffer, size_t size_bytes);
#define VS_VARY_TEXT 400

#endif
