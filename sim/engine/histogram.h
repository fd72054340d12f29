/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A log-linear histogram of durations: exact below 64 ns, then 32 buckets per
 * power of two, so that a value is off by at most 1/32 (3.2 %).  The lower bound
 * of a bucket is what percentiles report; the maximum is exact.
 */
#ifndef VS_ENGINE_HISTOGRAM_H
#define VS_ENGINE_HISTOGRAM_H

#include <stdint.h>

#include "base/units.h"

#define VS_HISTOGRAM_LINEAR  64u
#define VS_HISTOGRAM_PER_TWO 32u
/* Up to 2^41 ns (36 minutes); longer values land in the last bucket. */
#define VS_HISTOGRAM_BUCKETS (VS_HISTOGRAM_LINEAR + (41u - 6u) * VS_HISTOGRAM_PER_TWO)

struct vs_histogram {
    uint64_t count;
    vs_ns max_ns;
    uint64_t total_ns;
    uint32_t bucket[VS_HISTOGRAM_BUCKETS];
};

/* Bucket of a value. */
static inline uint32_t vs_histogram_bucket(vs_ns value_ns)
{
    if (value_ns < VS_HISTOGRAM_LINEAR)
        return (uint32_t)value_ns;
    /* Shifted to 32 .. 63; at least 1. */
    unsigned shift = 58u - (unsigned)__builtin_clzll(value_ns);
    uint64_t bucket = (uint64_t)shift * VS_HISTOGRAM_PER_TWO + (value_ns >> shift);
    return bucket < VS_HISTOGRAM_BUCKETS ? (uint32_t)bucket : VS_HISTOGRAM_BUCKETS - 1;
}

static inline void vs_histogram_add(struct vs_histogram *histogram, vs_ns value_ns)
{
    histogram->count++;
    histogram->total_ns += value_ns;
    if (value_ns > histogram->max_ns)
        histogram->max_ns = value_ns;
    histogram->bucket[vs_histogram_bucket(value_ns)]++;
}

/* The smallest value of a bucket (ns). */
vs_ns vs_histogram_floor_ns(uint32_t bucket);

void vs_histogram_merge(struct vs_histogram *into, const struct vs_histogram *from);
/* The value that a share (0..1) of the counted values does not exceed: the
 * smallest bucket floor with that share at or below it; the exact maximum for
 * the last value.  0 when empty. */
vs_ns vs_histogram_quantile_ns(const struct vs_histogram *histogram, double share);

#endif
