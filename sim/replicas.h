/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Replicas of a run put together: the median of each number and how far it
 * spreads, and in how many of them something went wrong.
 */
#ifndef VS_REPLICAS_H
#define VS_REPLICAS_H

#include <stdio.h>

#include "base/json.h"
#include "plan.h"

struct vs_spread {
    double low, median, high;
};

struct vs_replicated {
    const struct vs_point *first; /* what all have in common */
    size_t count;
    size_t deadlocks, hazards;                /* replicas with one */
    size_t hazard_kinds[VS_HAZARD_COUNT];     /* replicas that saw it, by enum vs_hazard */
    struct vs_spread throughput_per_s;        /* of the replicas that came to their end; */
    struct vs_spread p50_ns, p99_ns, p999_ns; /* all 0 when none did */
    struct vs_spread max_ns, lock_wait_ns;
};

/* Of points that differ in the replica alone, stride apart.  VS_ERR_MEMORY. */
int vs_replicas_gather(const struct vs_point *first, size_t stride, size_t count,
                       struct vs_replicated *replicated, struct vs_error *error);

/* A line per item of rows, with medians and, where there are replicas, spreads. */
void vs_replicas_print(const struct vs_replicated *rows, size_t count, FILE *stream);

/* {"count", "deadlocks", ..., "p99_ns": {"low", "median", "high"}, ...} */
struct vs_json_out *vs_replicated_json(const struct vs_replicated *replicated);

/* "use-after-free in 2 of 5", "none seen" into buffer. */
char *vs_replicated_hazards(const struct vs_replicated *replicated, char *buffer,
                            size_t size_bytes);

#endif
