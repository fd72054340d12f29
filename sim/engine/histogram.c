/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Log-linear buckets; see histogram.h for the layout that the database shares. */
#include "histogram.h"

uint32_t vs_histogram_bucket(vs_ns value_ns)
{
    if (value_ns < VS_HISTOGRAM_LINEAR)
        return (uint32_t)value_ns;
    unsigned power = 63u - (unsigned)__builtin_clzll(value_ns); /* at least 6 */
    uint64_t bucket = VS_HISTOGRAM_LINEAR + (uint64_t)(power - 6u) * VS_HISTOGRAM_PER_TWO +
                      ((value_ns >> (power - 5u)) - VS_HISTOGRAM_PER_TWO);
    return bucket < VS_HISTOGRAM_BUCKETS ? (uint32_t)bucket : VS_HISTOGRAM_BUCKETS - 1;
}

vs_ns vs_histogram_floor_ns(uint32_t bucket)
{
    if (bucket < VS_HISTOGRAM_LINEAR)
        return bucket;
    uint32_t above = bucket - VS_HISTOGRAM_LINEAR;
    return (vs_ns)(VS_HISTOGRAM_PER_TWO + above % VS_HISTOGRAM_PER_TWO)
           << (above / VS_HISTOGRAM_PER_TWO + 1u);
}

void vs_histogram_add(struct vs_histogram *histogram, vs_ns value_ns)
{
    histogram->count++;
    histogram->total_ns += value_ns;
    if (value_ns > histogram->max_ns)
        histogram->max_ns = value_ns;
    histogram->bucket[vs_histogram_bucket(value_ns)]++;
}

void vs_histogram_merge(struct vs_histogram *into, const struct vs_histogram *from)
{
    into->count += from->count;
    into->total_ns += from->total_ns;
    if (from->max_ns > into->max_ns)
        into->max_ns = from->max_ns;
    for (uint32_t i = 0; i < VS_HISTOGRAM_BUCKETS; i++)
        into->bucket[i] += from->bucket[i];
}

vs_ns vs_histogram_quantile_ns(const struct vs_histogram *histogram, double share)
{
    if (histogram->count == 0)
        return 0;
    /* The rank of the wanted value, 1-based: the smallest rank that covers the share. */
    double exact = share * (double)histogram->count;
    uint64_t rank = (uint64_t)exact;
    if ((double)rank < exact || rank == 0)
        rank++;
    if (rank >= histogram->count)
        return histogram->max_ns;
    uint64_t seen = 0;
    for (uint32_t i = 0; i < VS_HISTOGRAM_BUCKETS; i++) {
        seen += histogram->bucket[i];
        if (seen >= rank)
            return vs_histogram_floor_ns(i);
    }
    return histogram->max_ns;
}
