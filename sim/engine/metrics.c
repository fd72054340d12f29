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
    vs_buckets_setup(&engine->buckets, workload->span_ns * VS_PS_PER_NS);
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

void vs_call_measured(struct vs_engine *engine, uint16_t actor, vs_ps end)
{
    const struct vs_actor_run *run = &engine->actors[actor];
    uint8_t op = run->in_pending ? (uint8_t)VS_OP_MAP_PENDING : run->op;
    struct vs_latency_counts *cell =
        engine->latency[op * engine->workload->domain_count + run->domain];
    vs_ns latency_ns = (end - run->due + VS_PS_PER_NS / 2) / VS_PS_PER_NS;
    vs_histogram_add(&cell->latency, latency_ns);
    cell->wait_ps += run->step_wait;
    vs_buckets_add(&engine->buckets, run->entered, end, false);
    if (op == VS_OP_MAP_PENDING) {
        engine->deferred++;
        return;
    }
    engine->calls++;
    vs_buckets_call(&engine->buckets, end);
    if (engine->options.call_ended)
        engine->options.call_ended(engine->options.call_ended_context, actor, run->due, end,
                                   run->step_wait);
}
