/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What all lock kinds share: the cache line of the lock's word, the list of
 * waiters, and the bookkeeping of a grant.
 *
 * A line has two prices.  Moving it to another CPU takes the transfer latency
 * of their distance; while it is busy it serves one request per service time,
 * and transfers of waiting requests overlap.  An atomic by the CPU that has the
 * line costs neither.
 *
 * A line that was moved stays for a turn of one service time, and a release
 * within the turn of its own acquire finds it still there, however many others
 * ask for it.  Published measurements show both sides: 100 readers that hold a
 * rwlock for 1 us spend 28.5 ns of the line on each read-modify-write, readers
 * that hold it for nothing 18 ns (perfbook, rcuscale.hps.2020.05.28a,
 * rwlock-100-eb and rwlock-eb, both on a Xeon Platinum 8176).
 */
#include "engine/internal.h"

const struct vs_lock_ops *const vs_lock_ops_table[VS_LOCK_KIND_COUNT] = {
    [VS_LOCK_TICKET] = &vs_ticket_ops, [VS_LOCK_RECURSIVE] = &vs_recursive_ops,
    [VS_LOCK_RWLOCK] = &vs_rwlock_ops, [VS_LOCK_PERCPU_RWLOCK] = &vs_percpu_ops,
    [VS_LOCK_MCS] = &vs_mcs_ops,       [VS_LOCK_CLH] = &vs_clh_ops,
};

static enum vs_distance distance(const struct vs_engine *engine, uint16_t a, uint16_t b)
{
    const struct vs_cpu_run *x = &engine->cpus[a], *y = &engine->cpus[b];
    if (a == b)
        return VS_SAME_CPU;
    if (x->core == y->core)
        return VS_SAME_CORE;
    if (x->socket == y->socket)
        return VS_SAME_SOCKET;
    return x->group == y->group ? VS_OTHER_SOCKET : VS_FAR_SOCKET;
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

struct vs_line vs_lock_line(struct vs_engine *engine, uint32_t lock)
{
    struct vs_lock_state *state = &engine->locks[lock];
    return (struct vs_line){.cpu = &state->line_cpu, .free = &state->line_free};
}

bool vs_line_atomic(struct vs_engine *engine, struct vs_line line, uint16_t actor, bool is_release)
{
    const struct vs_machine *machine = engine->machine;
    struct vs_actor_run *run = &engine->actors[actor];
    bool in_turn = is_release && run->turn_line == line.cpu && run->now <= run->turn_end;
    run->turn_line = NULL;
    if (in_turn) { /* others' requests wait that much longer */
        *line.free += machine->atomic_ps;
        run->now += machine->atomic_ps;
        run->work_ps += machine->atomic_ps;
        return false;
    }
    bool moved = *line.cpu != run->cpu && *line.cpu != VS_NOBODY;
    vs_ps begin = run->now > *line.free ? run->now : *line.free;
    vs_ps end = begin + machine->atomic_ps;
    *line.free = end;
    if (moved) {
        vs_ps transfer = vs_cpu_transfer(engine, *line.cpu, run->cpu);
        *line.free = begin + machine->line_service_ps;
        if (transfer > machine->atomic_ps) /* measured with an atomic at its end */
            end = begin + transfer;
        run->turn_line = line.cpu;
        run->turn_end = end - machine->atomic_ps + machine->line_service_ps;
    }
    *line.cpu = run->cpu;
    run->work_ps += end - run->now;
    run->now = end;
    return moved;
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

void vs_hand_over_private(struct vs_engine *engine, uint32_t lock, uint16_t actor,
                          enum vs_lock_mode mode)
{
    struct vs_lock_state *state = &engine->locks[lock];
    struct vs_actor_run *run = &engine->actors[actor];
    uint16_t next = vs_waiter_pop(engine, lock);
    const struct vs_actor_run *waiter = &engine->actors[next];
    run->now += engine->machine->store_ps;
    run->work_ps += engine->machine->store_ps;
    vs_ps at = run->now + 2 * vs_cpu_transfer(engine, run->cpu, waiter->cpu);
    if (at < waiter->wait_from) /* its own atomic is still under way */
        at = waiter->wait_from;
    state->owner = next;
    vs_lock_granted(engine, lock, next, mode, at, true);
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
        vs_buckets_add(&engine->buckets, run->wait_from, at, true);
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
        vs_event_add(engine, actor, at);
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
            vs_event_add(engine, actor, until);
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
