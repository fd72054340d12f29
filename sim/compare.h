/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Simulated beside measured: the same workload under the same policies by the
 * virtual engine and by real threads, for 1 .. N threads.  Measured runs go in
 * rounds, every policy and thread count once a round, so that what disturbs the
 * host for a while disturbs all of them; medians are compared, and the range over
 * the rounds stands beside them.
 */
#ifndef VS_COMPARE_H
#define VS_COMPARE_H

#include <stdio.h>

#include "base/json.h"
#include "engine/engine.h"
#include "threads/clock.h"

enum vs_compared { VS_COMPARED_RATE, VS_COMPARED_MEAN, VS_COMPARED_P99, VS_COMPARED_COUNT };

/* A measured number over the rounds. */
struct vs_measured {
    double median, least, most;
};

/* Of one lock, all instances and modes: waiting per call, ns. */
struct vs_compared_wait {
    double simulated_ns;
    struct vs_measured measured_ns;
};

/* One policy at one number of threads. */
struct vs_compared_row {
    size_t policy; /* index into the request's */
    uint16_t threads;
    uint32_t deadlocks; /* measured rounds that ended so; the others are measured */
    bool simulated_deadlock;
    uint32_t hazard_rounds; /* measured rounds in which a hazard was seen */
    uint64_t simulated_hazards, forced_switches;
    double simulated[VS_COMPARED_COUNT]; /* calls per second; ns; ns */
    struct vs_measured measured[VS_COMPARED_COUNT];
    struct vs_compared_wait waits[VS_POLICY_LOCKS_MAX]; /* by the policy's locks */
    double *samples;                                    /* [round * (COUNT + locks) + what] */
};

struct vs_compare_request {
    struct vs_policy *const *policies;
    size_t policy_count;
    const struct vs_machine *machine;
    const struct vs_host_clock *clock;
    /* By threads - 1: the workload for so many; the same for all where it is a trace. */
    const struct vs_workload *const *workloads;
    uint16_t threads_max;
    uint32_t rounds;
    vs_ns patience_ns;
    bool realtime; /* struct vs_threads_options */
    /* Before each measured run; may be NULL. */
    void (*progress)(void *context, size_t done, size_t all);
    void *progress_context;
};

struct vs_comparison {
    const struct vs_compare_request *request;
    struct vs_compared_row *rows; /* by policy, then threads */
    size_t row_count;
};

/* Run it all.  Errors: the engines'.  Free with vs_comparison_release. */
int vs_compare(const struct vs_compare_request *request, struct vs_comparison *comparison,
               struct vs_error *error);
void vs_comparison_release(struct vs_comparison *comparison);

/* compare_print.c: tables, 120 columns at most; and all of it as JSON. */
void vs_comparison_print(const struct vs_comparison *comparison, FILE *stream);
struct vs_json_out *vs_comparison_json(const struct vs_comparison *comparison);

#endif
