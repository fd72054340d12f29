/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which conclusions survive the assumptions: for every two policies in which nothing went
 * wrong, in how many groups of runs (scenarios) one is better than the other, and
 * where the verdict turns over.
 */
#ifndef VS_ANALYSIS_SENSITIVITY_H
#define VS_ANALYSIS_SENSITIVITY_H

#include "axes.h"
#include "base/json.h"
#include "describe.h"

enum vs_metric { VS_METRIC_P99, VS_METRIC_THROUGHPUT, VS_METRIC_COUNT };
/* "p99", "throughput" */
const char *vs_metric_name(enum vs_metric metric);

/* A policy over all groups of a trace. */
struct vs_contender {
    const char *name;
    const struct vs_run_row *run; /* any of its runs: the policy's own facts */
    size_t groups;                /* in which it was replayed */
    size_t wrong;                 /* of them with a hazard or deadlock in any replica */
    bool reference;               /* floor or ceiling: not ranked */
    bool ranked;                  /* nothing went wrong anywhere, and no reference */
    /* Loses to nobody in any group, by metric. */
    bool unbeaten[VS_METRIC_COUNT];
};

/* The verdict turns over between two groups that differ along one axis alone. */
struct vs_flip {
    size_t axis;   /* index; axis_count when they differ along several */
    size_t better; /* group (index into axes) in which the pair's first is better */
    size_t worse;  /* group in which its second is */
};

/* How one policy stands against another over the groups that have both. */
enum vs_stand {
    VS_STAND_HOLDS,       /* better in every group */
    VS_STAND_NEVER_WORSE, /* better in some, not told apart in the others */
    VS_STAND_FLIPS,       /* better in some, worse in others */
    VS_STAND_ALIKE        /* not told apart in any */
};

struct vs_pair {
    size_t a, b; /* contenders; a is the one that is better more often */
    size_t better, worse, alike;
    enum vs_stand stand;
    struct vs_flip *flips; /* owned */
    size_t flip_count;
};

/* One trace. */
struct vs_sensitivity {
    struct vs_axes axes;
    struct vs_contender *contenders; /* in the order of every comparison */
    size_t contender_count;
    struct vs_pair *pairs[VS_METRIC_COUNT]; /* of ranked contenders that met */
    size_t pair_count[VS_METRIC_COUNT];
    size_t measured_groups; /* all of whose runs have replicas enough */
    struct vs_sentences says;
};

/* All traces of a database. */
struct vs_sensitivities {
    struct vs_sensitivity *items;
    size_t count;
};

/* VS_ERR_MEMORY and what the query says.  Free with vs_sensitivities_free, also after an error. */
int vs_sensitivity_make(struct vs_query *query, const struct vs_runs *runs,
                        struct vs_sensitivities *all, struct vs_error *error);
void vs_sensitivities_free(struct vs_sensitivities *all);

/* The run of a contender in a group, or NULL. */
const struct vs_run_row *vs_sensitivity_run(const struct vs_sensitivity *sensitivity,
                                            size_t contender, size_t group);
/* Below 0: a is better in that group; above 0: b; 0: not told apart.  False when not both ran. */
bool vs_sensitivity_verdict(const struct vs_sensitivity *sensitivity, enum vs_metric metric,
                            size_t a, size_t b, size_t group, int *verdict);

/* "500 ns, 1.00 µs and 2.00 µs": the places on an axis, each once, in order. */
void vs_sensitivity_values(const struct vs_sensitivity *sensitivity, size_t axis,
                           struct vs_text *text);
/* sensitivity_say.c: fill says.  VS_ERR_MEMORY. */
int vs_sensitivity_say(struct vs_sensitivity *sensitivity);
/* "better at speed 1 to 4, worse from 16 on (machine X)": one flip in words. */
void vs_sensitivity_flip_text(const struct vs_sensitivity *sensitivity, const struct vs_flip *flip,
                              struct vs_text *text);
/* sensitivity_json.c */
struct vs_json_out *vs_sensitivity_json(const struct vs_sensitivities *all);

#endif
