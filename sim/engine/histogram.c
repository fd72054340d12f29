/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Log-linear buckets; see histogram.h for the layout that the database shares. */
#include "histogram.h"

vs_ns vs_histogram_floor_ns(uint32_t bucket)
{
    if (bucket < VS_HISTOGRAM_LINEAR)
        return bucket;
    uint32_t above = bucket - VS_HISTOGRAM_LINEAR;
    return (vs_ns)(VS_HISTOGRAM_PER_TWO + above % VS_HISTOGRAM_PER_TWO)
           << (above / VS_HISTOGRAM_PER_TWO + 1u);
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
