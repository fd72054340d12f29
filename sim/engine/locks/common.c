/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What all lock kinds share: the cache line of the lock's word, the list of
 * waiters, and the bookkeeping of a grant.
 *
 * A line has two prices.  Moving it to another CPU takes the transfer latency
 * of their distance; while it is busy it serves one request per service time.
 * An atomic by the CPU that has the line costs neither.
 */
#include "engine/internal.h"

const struct vs_lock_ops *const vs_lock_ops_table[VS_LOCK_KIND_COUNT] = {
    [VS_LOCK_TICKET] = &vs_ticket_ops,
    [VS_LOCK_RECURSIVE] = &vs_recursive_ops,
    [VS_LOCK_RWLOCK] = &vs_rwlock_ops,
    [VS_LOCK_PERCPU_RWLOCK] = &vs_percpu_ops,
};

static enum vs_distance distance(const struct vs_engine *engine, uint16_t a, uint16_t b)
{
    if (a == b)
        return VS_SAME_CPU;
    if (engine->cpus[a].core == engine->cpus[b].core)
        return VS_SAME_CORE;
    return engine->cpus[a].socket == engine->cpus[b].socket ? VS_SAME_SOCKET : VS_OTHER_SOCKET;
}

vs_ps vs_cpu_transfer(const struct vs_engine *engine, uint16_t from, uint16_t to)
{
    return engine->machine->transfer_ps[distance(engine, from, to)];
}

vs_ps vs_line_transfer(const struct vs_engine *engine, uint32_t lock, uint16_t cpu)
{
    uint16_t from = engine->locks[lock].line_cpu;
    return from == VS_NOBODY ? 0 : vs_cpu_transfer(engine, from, cpu);
}

vs_ps vs_line_atomic(struct vs_engine *engine, uint32_t lock, uint16_t cpu, vs_ps at, bool *moved)
{
    struct vs_lock_state *state = &engine->locks[lock];
    const struct vs_machine *machine = engine->machine;
    bool here = state->line_cpu == cpu || state->line_cpu == VS_NOBODY;
    vs_ps begin = at > state->line_free ? at : state->line_free;
    vs_ps end = begin + machine->atomic_ps + (here ? 0 : vs_line_transfer(engine, lock, cpu));
    state->line_free = begin + (here ? machine->atomic_ps : machine->line_service_ps);
    state->line_cpu = cpu;
    if (moved)
        *moved = !here;
    return end;
}

void vs_waiter_push(struct vs_engine *engine, uint32_t lock, uint16_t actor, enum vs_lock_mode mode)
{
    struct vs_lock_state *state = &engine->locks[lock];
    struct vs_actor_run *run = &engine->actors[actor];
    run->state = VS_ACTOR_BLOCKED;
    run->wait_lock = lock;
    run->wait_mode = (uint8_t)mode;
    run->wait_from = run->now;
    run->next_waiter = VS_NOBODY;
    if (state->waiters++ == 0)
        state->head = actor;
    else
        engine->actors[state->tail].next_waiter = actor;
    state->tail = actor;
    state->in_system++;
    state->sojourn -= run->now;
    vs_blame_arrive(engine, lock, actor, mode, run->now);
}

uint16_t vs_waiter_pop(struct vs_engine *engine, uint32_t lock)
{
    struct vs_lock_state *state = &engine->locks[lock];
    uint16_t actor = state->head;
    state->head = engine->actors[actor].next_waiter;
    state->waiters--;
    return actor;
}

/* Does this grant break exclusion?  Judged from who holds, not from the kind's state. */
static bool overlaps(const struct vs_lock_state *state, uint16_t actor, enum vs_lock_mode mode,
                     vs_ps at)
{
    if (mode == VS_MODE_READ)
        return state->holders_exclusive > 0 && state->owner != actor;
    return state->holders_exclusive > 0 || state->holders_read > 0 || at < state->last_release;
}

void vs_lock_granted(struct vs_engine *engine, uint32_t lock, uint16_t actor,
                     enum vs_lock_mode mode, vs_ps at, bool waited)
{
    struct vs_lock_state *state = &engine->locks[lock];
    struct vs_actor_run *run = &engine->actors[actor];
    struct vs_lock_counts *counts = &engine->counts[state->stats + mode];
    engine->overlaps += overlaps(state, actor, mode, at);
    counts->acquire++;
    if (waited) {
        vs_ps wait = at - run->wait_from;
        counts->wait++;
        counts->wait_ps += wait;
        if (wait > counts->wait_max_ps)
            counts->wait_max_ps = wait;
        run->step_wait += wait;
        run->lock_wait_ps += wait;
        vs_blame_depart(engine, lock, actor, at);
        vs_bucket_add(engine, run->wait_from, at, true);
        run->wait_lock = VS_NO_INSTANCE;
        run->state = VS_ACTOR_RUNNING;
    } else {
        state->in_system++;
        state->sojourn -= at;
        vs_blame_change(engine, lock, at);
    }
    if (mode == VS_MODE_READ)
        state->holders_read++;
    else
        state->holders_exclusive++;
    state->blamed_actor = actor;
    state->blamed_op = run->in_pending ? (uint8_t)VS_OP_MAP_PENDING : run->op;
    run->held[run->held_count++] = (struct vs_held){
        .lock = lock, .generation = state->generation, .mode = (uint8_t)mode, .since = at};
    if (!waited)
        return;
    if (actor == engine->polling)
        run->now = at;
    else
        vs_queue_add(engine, actor, at);
}

void vs_lock_released(struct vs_engine *engine, uint32_t lock, uint16_t actor, uint8_t held)
{
    struct vs_lock_state *state = &engine->locks[lock];
    const struct vs_actor_run *run = &engine->actors[actor];
    const struct vs_held *entry = &run->held[held];
    struct vs_lock_counts *counts = &engine->counts[state->stats + entry->mode];
    vs_ps hold = run->now - entry->since;
    counts->hold++;
    counts->hold_ps += hold;
    if (hold > counts->hold_max_ps)
        counts->hold_max_ps = hold;
    state->in_system--;
    state->sojourn += run->now;
    if (run->now > state->last_release)
        state->last_release = run->now;
    if (entry->mode == VS_MODE_READ)
        state->holders_read--;
    else
        state->holders_exclusive--;
}

void vs_lock_reset(struct vs_engine *engine, uint32_t lock, uint8_t by, vs_ps at)
{
    struct vs_lock_state *state = &engine->locks[lock];
    while (state->waiters > 0) {
        uint16_t actor = vs_waiter_pop(engine, lock);
        struct vs_actor_run *run = &engine->actors[actor];
        vs_ps until = at > run->wait_from ? at : run->wait_from;
        vs_hazard_note(engine, VS_HAZARD_LOCK_AFTER_FREE, actor, run->device, by);
        run->step_wait += until - run->wait_from;
        run->lock_wait_ps += until - run->wait_from;
        vs_blame_depart(engine, lock, actor, until);
        run->wait_lock = VS_NO_INSTANCE;
        run->leaving = true;
        bool queued = run->state == VS_ACTOR_POLLING;
        run->state = VS_ACTOR_RUNNING;
        if (queued)
            run->lock_wait_ps += run->now - until; /* it looks at its event's time */
        else
            vs_queue_add(engine, actor, until);
    }
    state->owner = VS_NOBODY;
    state->readers = state->recursion = 0;
    state->writer_waiting = false;
    state->holders_exclusive = state->holders_read = 0;
    state->in_system = 0;
    state->tainted = true; /* its sums no longer balance, and that is the hazard's doing */
    state->last_release = 0;
    state->line_free = 0;
    state->blamed_actor = VS_NOBODY;
    state->generation++;
}
