/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See buckets.h. */
#include "buckets.h"

#include <string.h>

static void set_width(struct vs_buckets *buckets, vs_ps width)
{
    buckets->width = width;
    buckets->per_ps = 1.0 / (double)width;
}

void vs_buckets_setup(struct vs_buckets *buckets, vs_ps span)
{
    set_width(buckets, span / (VS_BUCKETS_MAX / 2) + 1);
    buckets->last = buckets->counts;
    buckets->from = 0;
    buckets->to = buckets->width;
}

/* at / width without a division: off by one at most before it is put right. */
static inline uint64_t index_of(const struct vs_buckets *buckets, vs_ps at)
{
    /* Signed, which the CPU converts in one instruction: 2^63 ps are 106 days. */
    uint64_t index = (uint64_t)(int64_t)((double)(int64_t)at * buckets->per_ps);
    while (index * buckets->width > at)
        index--;
    while (at - index * buckets->width >= buckets->width)
        index++;
    return index;
}

void vs_buckets_settle(struct vs_buckets *buckets)
{
    uint64_t whole[2] = {0, 0};
    for (size_t i = 0; i < VS_BUCKETS_MAX; i++)
        for (int kind = 0; kind < 2; kind++) {
            whole[kind] += buckets->counts[i].whole[kind];
            buckets->counts[i].spent[kind] += whole[kind] * buckets->width;
            buckets->counts[i].whole[kind] = 0;
        }
}

static void widen(struct vs_buckets *buckets)
{
    struct vs_bucket_counts *counts = buckets->counts;
    for (size_t i = 0; i < VS_BUCKETS_MAX / 2; i++) {
        const struct vs_bucket_counts left = counts[2 * i], right = counts[2 * i + 1];
        for (int kind = 0; kind < 2; kind++) {
            counts[i].whole[kind] = left.whole[kind] + right.whole[kind];
            /* Those of the right half count from the middle on. */
            counts[i].spent[kind] =
                left.spent[kind] + right.spent[kind] - right.whole[kind] * buckets->width;
        }
        counts[i].calls = left.calls + right.calls;
    }
    memset(&counts[VS_BUCKETS_MAX / 2], 0, VS_BUCKETS_MAX / 2 * sizeof counts[0]);
    set_width(buckets, 2 * buckets->width);
}

void vs_buckets_go(struct vs_buckets *buckets, vs_ps at)
{
    while (at >= VS_BUCKETS_MAX * buckets->width)
        widen(buckets);
    uint64_t index = index_of(buckets, at);
    buckets->last = &buckets->counts[index];
    buckets->from = index * buckets->width;
    buckets->to = buckets->from + buckets->width;
}

void vs_buckets_spread(struct vs_buckets *buckets, vs_ps from, vs_ps to, bool is_wait)
{
    if (to < buckets->from || to >= buckets->to)
        vs_buckets_go(buckets, to); /* may widen: before from is placed */
    struct vs_bucket_counts *last = buckets->last;
    if (from >= buckets->from) {
        last->spent[is_wait] += to - from;
        return;
    }
    uint64_t index = index_of(buckets, from);
    struct vs_bucket_counts *first = &buckets->counts[index];
    first->spent[is_wait] -= from - index * buckets->width;
    first->whole[is_wait]++;
    last->spent[is_wait] += to - buckets->from;
    last->whole[is_wait]--;
}
