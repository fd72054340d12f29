/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The workload's calls as each vCPU makes them: 16 bytes a call, one stream
 * after the other, so that a replay reads every stream from front to back and
 * looks a call up nowhere else.
 */
#include <stdlib.h>

#include "internal.h"

/* The gap before a call: its think time, or the time since its actor's last arrival. */
static vs_ns gap_before(const struct vs_engine *engine, size_t call, vs_ns *arrived_ns)
{
    const struct vs_workload *workload = engine->workload;
    if (engine->options.timing == VS_TIMING_CLOSED)
        return vs_workload_think_ns(workload, call);
    vs_ns gap_ns = workload->calls[call].time_ns - *arrived_ns; /* modulo 2^64 */
    *arrived_ns = workload->calls[call].time_ns;
    return gap_ns;
}

static int add_long_gap(struct vs_engine *engine, size_t *capacity, uint32_t at, vs_ns gap_ns)
{
    if (engine->long_gap_count == *capacity) {
        size_t wanted = *capacity ? 2 * *capacity : 64;
        void *grown = realloc(engine->long_gaps, wanted * sizeof *engine->long_gaps);
        if (!grown)
            return VS_ERR_MEMORY;
        engine->long_gaps = grown;
        *capacity = wanted;
    }
    engine->long_gaps[engine->long_gap_count++] = (struct vs_long_gap){.at = at, .gap_ns = gap_ns};
    return 0;
}

static int by_place(const void *a, const void *b)
{
    const struct vs_long_gap *x = a, *y = b;
    return (x->at > y->at) - (x->at < y->at);
}

static int fill(struct vs_engine *engine, uint32_t *at, vs_ns *arrived_ns)
{
    const struct vs_workload *workload = engine->workload;
    size_t capacity = 0;
    for (size_t i = 0; i < workload->call_count; i++) {
        const struct vs_call *call = &workload->calls[i];
        uint32_t place = at[call->actor]++;
        vs_ns gap_ns = gap_before(engine, i, &arrived_ns[call->actor]);
        if (gap_ns >= VS_THINK_LONG && add_long_gap(engine, &capacity, place, gap_ns) < 0)
            return VS_ERR_MEMORY;
        engine->stream[place] = (struct vs_stream_call){
            .gap_ns = gap_ns < VS_THINK_LONG ? (uint32_t)gap_ns : VS_THINK_LONG,
            .measured_ns = workload->measured_ns ? workload->measured_ns[i] : 0,
            .shape = call->shape,
            .device = call->device,
            .target = workload->targets ? workload->targets[i] : VS_DOMAIN_NONE,
        };
    }
    if (engine->long_gap_count > 1)
        qsort(engine->long_gaps, engine->long_gap_count, sizeof *engine->long_gaps, by_place);
    return 0;
}

int vs_streams_setup(struct vs_engine *engine)
{
    const struct vs_workload *workload = engine->workload;
    uint32_t *at = calloc(workload->actor_count + 1, sizeof *at);
    vs_ns *arrived_ns = calloc(workload->actor_count + 1, sizeof *arrived_ns);
    int ret = VS_ERR_MEMORY;
    engine->stream = vs_hot_alloc((workload->call_count + 1) * sizeof *engine->stream);
    if (!engine->stream || !at || !arrived_ns)
        goto out;
    for (size_t i = 0; i < workload->call_count; i++)
        at[workload->calls[i].actor + 1]++;
    for (size_t i = 0; i < workload->actor_count; i++) {
        at[i + 1] += at[i];
        engine->actors[i].next = at[i];
        engine->actors[i].end = at[i + 1];
    }
    ret = fill(engine, at, arrived_ns);
out:
    free(at);
    free(arrived_ns);
    return ret;
}

vs_ns vs_stream_long_gap_ns(const struct vs_engine *engine, uint32_t place)
{
    size_t low = 0, high = engine->long_gap_count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (engine->long_gaps[middle].at <= place)
            low = middle;
        else
            high = middle;
    }
    return engine->long_gaps[low].gap_ns;
}
