/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * BPF statistics are on for these milliseconds alone, since they cost two readings of a clock
 * per run.  They time the programs and the ring, but not how the kernel gets there (tracepoint,
 * trampoline or kprobe), nor what the programs push out of the caches.
 */
#include "cost.h"

#include <stdlib.h>
#include <unistd.h>

#include <bpf/bpf.h>

/* Enough for a median; a read through sysfs takes some 20 us.  A batch fits the smallest ring. */
#define BATCHES        9u
#define BATCH_ACCESSES 16u

static int ascending(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

void vs_cost_measure(const struct vs_backend *backend, const struct vs_bpf_config *filters,
                     const struct vs_object *object, struct vs_pump *pump,
                     struct vs_summary *summary)
{
    uint64_t each_ns[BATCHES], own = summary->own;
    int stats = bpf_enable_stats(BPF_STATS_RUN_TIME);
    int ret = 0;

    if (stats < 0)
        return;
    for (size_t batch = 0; ret == 0 && batch < BATCHES; batch++) {
        uint64_t before_ns = vs_object_run_time_ns(object);

        ret = backend->known_access(filters, BATCH_ACCESSES, NULL);
        each_ns[batch] = (vs_object_run_time_ns(object) - before_ns) / BATCH_ACCESSES;
        vs_pump_take(pump);
    }
    close(stats);
    if (ret < 0)
        return;
    qsort(each_ns, BATCHES, sizeof(each_ns[0]), ascending);
    summary->event_cost_ns = each_ns[BATCHES / 2];
    summary->cost_events = summary->own - own;
}
