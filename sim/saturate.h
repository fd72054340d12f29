/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The highest load at which a policy keeps p99 under a bound.  First a ladder of
 * loads is climbed until one rung beyond the first that breaks the bound; then
 * the gap below that is halved until it is within the tolerance.  Nothing says
 * that p99 grows with the load throughout: what the probes show to the contrary is
 * part of the answer.
 */
#ifndef VS_SATURATE_H
#define VS_SATURATE_H

#include "batch.h"
#include "store/store.h"

/* Ratio of neighbouring rungs. */
#define VS_RUNG_SPEED 4.0
#define VS_RUNG_CLONE 2.0

struct vs_saturate_request {
    struct vs_policy *const *policies;
    size_t policy_count;
    const struct vs_machine *machine;
    struct vs_workload_options load; /* what is held; the raised one and the replica are ours */
    bool by_clones;
    double lowest, highest; /* of the raised load; whole numbers by clones */
    double tolerance;       /* 0.05: stop when broken / kept - 1 is no more */
    vs_ns bound_ns;         /* p99 keeps it when it is not above */
    uint32_t replicas, jitter_ppm;
};

/* One load tried under one policy: all its replicas together. */
struct vs_probe {
    double load;
    bool kept;     /* in every replica */
    bool deadlock; /* in any */
    bool hazard;   /* in any */
    vs_ns p99_ns;  /* the highest of the replicas that came to their end */
};

struct vs_saturate_answer {
    const struct vs_policy *policy;
    struct vs_probe *probes; /* by load; owned */
    size_t probe_count;
    /* Loads; negative: none such. */
    double kept;       /* highest that kept the bound, all probes below having kept it */
    double broken;     /* lowest that broke it */
    double kept_again; /* lowest above `broken` that kept it: p99 does not grow throughout */
};

/*
 * Find the answer of each policy; *answers has request->policy_count items, which the caller
 * frees with vs_saturate_free, also after an error.  Probes are taken from and put into the
 * batch's store.  batch is open, its base_load the lowest probe's.  Errors as vs_batch_run's.
 */
int vs_saturate(const struct vs_saturate_request *request, struct vs_batch *batch,
                struct vs_saturate_answer **answers, int *signal_number, struct vs_error *error);
void vs_saturate_free(struct vs_saturate_answer *answers, size_t count);

/* The load options of a probe. */
struct vs_workload_options vs_saturate_load(const struct vs_saturate_request *request, double load,
                                            uint32_t replica);

/* The load to try between two, or a negative number when they are close enough. */
double vs_saturate_middle(const struct vs_saturate_request *request, double kept, double broken);

/* "", "latency" or "deadlock": why the probe at answer->broken broke. */
const char *vs_saturate_broken_by(const struct vs_saturate_answer *answer);

#endif
