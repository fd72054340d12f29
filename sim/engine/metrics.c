/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Measuring while it runs: who waits for whom, when, and how long calls take.
 *
 * Blame: while actors wait for a lock, the time passes on the account of whoever
 * acquired it last.  Waiters are counted by operation and domain, so that a
 * change of holder settles all of them at once, whatever the length of the queue.
 */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

int vs_metrics_setup(struct vs_engine *engine)
{
    const struct vs_workload *workload = engine->workload;
    size_t cells = (size_t)VS_OP_COUNT * workload->domain_count;
    engine->latency = calloc(cells + 1, sizeof *engine->latency);
    engine->all_latency = calloc(1, sizeof *engine->all_latency);
    engine->blocked_ps = calloc((size_t)VS_OP_COUNT * VS_OP_COUNT * engine->policy->lock_count * 2,
                                sizeof *engine->blocked_ps);
    if (!engine->latency || !engine->all_latency || !engine->blocked_ps)
        return VS_ERR_MEMORY;
    /* One histogram for each operation that a domain really calls. */
    for (size_t i = 0; i < workload->call_count; i++) {
        const struct vs_call *call = &workload->calls[i];
        uint8_t op = workload->shapes[call->shape].op;
        uint16_t domain = workload->actors[call->actor].domain;
        uint8_t ops[2] = {op, vs_op_table[op].defers ? (uint8_t)VS_OP_MAP_PENDING : op};
        for (int k = 0; k < 2; k++) {
            struct vs_latency_counts **cell =
                &engine->latency[ops[k] * workload->domain_count + domain];
            if (!*cell && !(*cell = calloc(1, sizeof **cell)))
                return VS_ERR_MEMORY;
        }
    }
    vs_ps span_ps = workload->span_ns * VS_PS_PER_NS;
    engine->bucket_ps = span_ps / (VS_BUCKETS_MAX / 2) + 1;
    return 0;
}

void vs_metrics_release(struct vs_engine *engine)
{
    if (engine->latency)
        for (size_t i = 0; i < (size_t)VS_OP_COUNT * engine->workload->domain_count; i++)
            free(engine->latency[i]);
    free(engine->latency);
    free(engine->all_latency);
    free(engine->blocked_ps);
}

/* ------------------------------------------------------------------- blame */

/* Settle the waiting since blame->since on the account of the last acquirer. */
static void settle(struct vs_engine *engine, uint32_t lock, vs_ps at)
{
    struct vs_lock_state *state = &engine->locks[lock];
    struct vs_blame *blame = state->blame;
    if (at <= blame->since)
        return;
    vs_ps passed = at - blame->since;
    for (uint32_t i = 0; i < blame->count; i++) {
        struct vs_blame_entry *entry = &blame->entries[i];
        vs_ps all = passed * entry->waiters;
        vs_ps waited = all > entry->late ? all - entry->late : 0;
        entry->late = 0;
        if (waited == 0 || state->blamed_actor == VS_NOBODY)
            continue;
        bool cross = engine->actors[state->blamed_actor].domain != entry->domain;
        size_t cell =
            ((size_t)entry->op * VS_OP_COUNT + state->blamed_op) * engine->policy->lock_count +
            state->decl;
        engine->blocked_ps[cell * 2 + cross] += waited;
        if (cross)
            engine->counts[state->stats + entry->mode].cross_domain_ps += waited;
    }
    blame->since = at;
}

static struct vs_blame_entry *find_entry(struct vs_blame *blame, uint8_t op, uint8_t mode,
                                         uint16_t domain)
{
    for (uint32_t i = 0; i < blame->count; i++) {
        struct vs_blame_entry *entry = &blame->entries[i];
        if (entry->op == op && entry->mode == mode && entry->domain == domain)
            return entry;
    }
    return NULL;
}

static uint8_t running_op(const struct vs_actor_run *run)
{
    return run->in_pending ? (uint8_t)VS_OP_MAP_PENDING : run->op;
}

void vs_blame_arrive(struct vs_engine *engine, uint32_t lock, uint16_t actor,
                     enum vs_lock_mode mode, vs_ps at)
{
    struct vs_lock_state *state = &engine->locks[lock];
    const struct vs_actor_run *run = &engine->actors[actor];
    if (!state->blame && !(state->blame = calloc(1, sizeof *state->blame))) {
        engine->out_of_memory = true;
        return;
    }
    struct vs_blame *blame = state->blame;
    if (blame->count == 0)
        blame->since = at;
    struct vs_blame_entry *entry = find_entry(blame, running_op(run), (uint8_t)mode, run->domain);
    if (!entry) {
        if (blame->count == blame->capacity) {
            uint32_t capacity = blame->capacity ? 2 * blame->capacity : 8;
            void *grown = realloc(blame->entries, capacity * sizeof *blame->entries);
            if (!grown) {
                engine->out_of_memory = true;
                return;
            }
            blame->entries = grown;
            blame->capacity = capacity;
        }
        entry = &blame->entries[blame->count++];
        *entry = (struct vs_blame_entry){
            .op = running_op(run), .mode = (uint8_t)mode, .domain = run->domain};
    }
    entry->waiters++;
    /* An arrival's clock may run ahead of the last change: it is never earlier
     * than the event in which it happened. */
    entry->late += at > blame->since ? at - blame->since : 0;
}

void vs_blame_depart(struct vs_engine *engine, uint32_t lock, uint16_t actor,
                     enum vs_lock_mode mode, vs_ps at)
{
    struct vs_blame *blame = engine->locks[lock].blame;
    const struct vs_actor_run *run = &engine->actors[actor];
    if (!blame)
        return;
    settle(engine, lock, at);
    struct vs_blame_entry *entry = find_entry(blame, running_op(run), (uint8_t)mode, run->domain);
    if (entry && --entry->waiters == 0)
        *entry = blame->entries[--blame->count];
}

void vs_blame_change(struct vs_engine *engine, uint32_t lock, vs_ps at)
{
    if (engine->locks[lock].blame && engine->locks[lock].blame->count > 0)
        settle(engine, lock, at);
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

static size_t bucket_of(struct vs_engine *engine, vs_ps at)
{
    while (at / engine->bucket_ps >= VS_BUCKETS_MAX)
        widen_buckets(engine);
    return at / engine->bucket_ps;
}

void vs_bucket_add(struct vs_engine *engine, vs_ps from, vs_ps to, bool is_wait)
{
    if (to <= from)
        return;
    size_t last = bucket_of(engine, to); /* may widen: before from is placed */
    for (size_t i = bucket_of(engine, from); i <= last; i++) {
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
    struct vs_actor_run *run = &engine->actors[actor];
    uint8_t op = running_op(run);
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
    engine->buckets[bucket_of(engine, end)].calls++;
    if (vs_op_table[op].is_access)
        vs_histogram_add(engine->all_latency, latency_ns);
}
