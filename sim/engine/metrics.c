/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Measuring while it runs: when calls wait and how long they take.
 */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

static int add_cell(struct vs_engine *engine, size_t cell)
{
    if (!engine->latency[cell])
        engine->latency[cell] = calloc(1, sizeof *engine->latency[cell]);
    return engine->latency[cell] ? 0 : VS_ERR_MEMORY;
}

int vs_metrics_setup(struct vs_engine *engine)
{
    const struct vs_workload *workload = engine->workload;
    size_t cells = (size_t)VS_OP_COUNT * workload->domain_count;
    engine->latency = calloc(cells + 1, sizeof *engine->latency);
    engine->blocked_ps = calloc((size_t)VS_OP_COUNT * VS_OP_COUNT * engine->policy->lock_count * 2,
                                sizeof *engine->blocked_ps);
    if (!engine->latency || !engine->blocked_ps)
        return VS_ERR_MEMORY;
    /* One histogram for each operation that a domain really calls. */
    for (size_t i = 0; i < cells; i++) {
        uint8_t op = (uint8_t)(i / workload->domain_count);
        if (!engine->streams->called[i])
            continue;
        if (add_cell(engine, i) < 0 ||
            (vs_op_table[op].defers &&
             add_cell(engine, (size_t)VS_OP_MAP_PENDING * workload->domain_count +
                                  i % workload->domain_count) < 0))
            return VS_ERR_MEMORY;
    }
    vs_ps span_ps = workload->span_ns * VS_PS_PER_NS;
    engine->bucket_ps = span_ps / (VS_BUCKETS_MAX / 2) + 1;
    engine->bucket = engine->buckets;
    engine->bucket_to = engine->bucket_ps;
    return 0;
}

void vs_metrics_release(struct vs_engine *engine)
{
    if (engine->latency)
        for (size_t i = 0; i < (size_t)VS_OP_COUNT * engine->workload->domain_count; i++)
            free(engine->latency[i]);
    free(engine->latency);
    free(engine->blocked_ps);
}

/* ----------------------------------------------------------------- buckets */

static void widen_buckets(struct vs_engine *engine)
{
    for (size_t i = 0; i < VS_BUCKETS_MAX / 2; i++) {
        engine->buckets[i].busy = engine->buckets[2 * i].busy + engine->buckets[2 * i + 1].busy;
        engine->buckets[i].wait = engine->buckets[2 * i].wait + engine->buckets[2 * i + 1].wait;
        engine->buckets[i].calls = engine->buckets[2 * i].calls + engine->buckets[2 * i + 1].calls;
    }
    memset(&engine->buckets[VS_BUCKETS_MAX / 2], 0, VS_BUCKETS_MAX / 2 * sizeof engine->buckets[0]);
    engine->bucket_ps *= 2;
}

size_t vs_bucket_of(struct vs_engine *engine, vs_ps at)
{
    while (at / engine->bucket_ps >= VS_BUCKETS_MAX)
        widen_buckets(engine);
    size_t bucket = at / engine->bucket_ps;
    engine->bucket = &engine->buckets[bucket];
    engine->bucket_from = bucket * engine->bucket_ps;
    engine->bucket_to = engine->bucket_from + engine->bucket_ps;
    return bucket;
}

void vs_bucket_spread(struct vs_engine *engine, vs_ps from, vs_ps to, bool is_wait)
{
    size_t last = vs_bucket_of(engine, to); /* may widen: before from is placed */
    for (size_t i = from / engine->bucket_ps; i <= last; i++) {
        vs_ps end = (i + 1) * engine->bucket_ps;
        vs_ps part = (end < to ? end : to) - from;
        if (is_wait)
            engine->buckets[i].wait += part;
        else
            engine->buckets[i].busy += part;
        from = end;
    }
}

void vs_call_measured(struct vs_engine *engine, uint16_t actor, vs_ps end)
{
    const struct vs_actor_run *run = &engine->actors[actor];
    uint8_t op = run->in_pending ? (uint8_t)VS_OP_MAP_PENDING : run->op;
    struct vs_latency_counts *cell =
        engine->latency[op * engine->workload->domain_count + run->domain];
    vs_ns latency_ns = (end - run->due + VS_PS_PER_NS / 2) / VS_PS_PER_NS;
    vs_histogram_add(&cell->latency, latency_ns);
    cell->wait_ps += run->step_wait;
    vs_bucket_add(engine, run->entered, end, false);
    if (op == VS_OP_MAP_PENDING) {
        engine->deferred++;
        return;
    }
    engine->calls++;
    vs_bucket_call(engine, end);
}
