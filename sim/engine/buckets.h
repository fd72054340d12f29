/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Virtual time cut into equal buckets, and what vCPUs did in each.  Their width
 * doubles when time runs past the last.  An interval costs the same however many
 * buckets it covers, and the sums are exact: only its ends are placed.  Each says
 * that from its bucket on one more, or one less, covers whole buckets, and what
 * is too much or too little of that in its own; multiplied out at the end.  So the
 * two ends may be told of at different times.
 */
#ifndef VS_ENGINE_BUCKETS_H
#define VS_ENGINE_BUCKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/units.h"
#include "result.h"

/* Modulo 2^64 until they are settled. */
struct vs_bucket_counts {
    vs_ps spent[2];    /* inside the hypervisor; of which waiting for locks */
    uint64_t whole[2]; /* intervals that begin here, less those that end: each counts as if it
                        * began, or ended, with the bucket */
    uint64_t calls;
};

struct vs_buckets {
    vs_ps width;
    double per_ps; /* 1 / width, to within rounding */
    /* The bucket that was used last: most of what is measured falls into it. */
    vs_ps from, to;
    struct vs_bucket_counts *last;
    struct vs_bucket_counts counts[VS_BUCKETS_MAX];
};

/* Wide enough for the span at half of the buckets. */
void vs_buckets_setup(struct vs_buckets *buckets, vs_ps span);
/* Make the bucket of a time the last one used; widens where it is past the end. */
void vs_buckets_go(struct vs_buckets *buckets, vs_ps at);
void vs_buckets_spread(struct vs_buckets *buckets, vs_ps from, vs_ps to, bool is_wait);
/* Multiply whole buckets out, so that spent is complete. */
void vs_buckets_settle(struct vs_buckets *buckets);

/* Time from .. to, inside the hypervisor or (is_wait) waiting for a lock. */
static inline void vs_buckets_add(struct vs_buckets *buckets, vs_ps from, vs_ps to, bool is_wait)
{
    if (to <= from)
        return;
    if (from < buckets->from || to >= buckets->to)
        vs_buckets_spread(buckets, from, to, is_wait);
    else
        buckets->last->spent[is_wait] += to - from;
}

/* A call ended. */
static inline void vs_buckets_call(struct vs_buckets *buckets, vs_ps end)
{
    if (end < buckets->from || end >= buckets->to)
        vs_buckets_go(buckets, end);
    buckets->last->calls++;
}

/* Both, for a call that was inside from .. end. */
static inline void vs_buckets_end_call(struct vs_buckets *buckets, vs_ps from, vs_ps end)
{
    if (from < buckets->from || end >= buckets->to)
        vs_buckets_spread(buckets, from, end, false);
    else
        buckets->last->spent[0] += end - from;
    buckets->last->calls++;
}

/* A call that has been inside since entered waits from now on; told at time now. */
static inline void vs_buckets_begin_wait(struct vs_buckets *buckets, vs_ps entered, vs_ps now)
{
    if (entered < buckets->from || now >= buckets->to) {
        vs_buckets_spread(buckets, entered, now, false);
        entered = now;
    }
    struct vs_bucket_counts *last = buckets->last;
    last->whole[0]++;
    last->whole[1]++;
    last->spent[0] -= entered - buckets->from;
    last->spent[1] -= now - buckets->from;
}

/* So many waits that were begun so end.  What these calls do from then on is for
 * vs_buckets_end_call. */
static inline void vs_buckets_end_waits(struct vs_buckets *buckets, uint32_t count, vs_ps at)
{
    if (at < buckets->from || at >= buckets->to)
        vs_buckets_go(buckets, at);
    struct vs_bucket_counts *last = buckets->last;
    vs_ps within = (at - buckets->from) * count;
    last->whole[0] -= count;
    last->whole[1] -= count;
    last->spent[0] += within;
    last->spent[1] += within;
}

#endif
