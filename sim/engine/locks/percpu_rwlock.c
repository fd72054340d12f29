/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Xen's per-CPU rwlock (xen/include/xen/rwlock.h, percpu_read_lock and
 * _percpu_write_lock; introduced with ef9dd43ddd).
 *
 * Line operations.  A reader stores to its own line and pays a full barrier, to
 * enter and to leave: no shared write.  A writer takes the inner lock, an atomic,
 * raises writer_activating, and then reads every other online CPU's line, each a
 * transfer by its distance, until none reads this lock; so its price grows with
 * the CPUs of the host.  Assumed: one such read after the other, and every line
 * written since the last scan.  Readers that meet writer_activating queue on the
 * inner lock, behind the writer and in turn with other writers, and get it with a
 * transfer each.  A writer's release is a store.
 */
#include "engine/internal.h"

static void pay(struct vs_actor_run *run, vs_ps cost)
{
    run->now += cost;
    run->work_ps += cost;
}

/* The writer is alone at the inner lock: scan, and wait for readers to leave. */
static vs_ps scan_done(const struct vs_engine *engine, uint16_t cpu, vs_ps at)
{
    for (uint32_t other = 0; other < engine->cpu_count; other++)
        at += vs_cpu_transfer(engine, (uint16_t)other, cpu); /* its own line costs nothing */
    return at;
}

/* The inner lock is free at time at: let the head of the queue in, and all
 * readers that stand directly behind it. */
static void admit(struct vs_engine *engine, uint32_t lock, vs_ps at)
{
    struct vs_lock_state *state = &engine->locks[lock];
    while (state->waiters > 0 && state->owner == VS_NOBODY) {
        uint16_t head = state->head;
        struct vs_actor_run *run = &engine->actors[head];
        vs_ps when = at + vs_line_transfer(engine, lock, run->cpu);
        if (when < run->wait_from)
            when = run->wait_from;
        state->line_cpu = run->cpu;
        if (run->wait_mode == VS_MODE_READ) {
            vs_waiter_pop(engine, lock);
            state->readers++;
            vs_lock_granted(engine, lock, head, VS_MODE_READ, when, true);
            at = when;
            continue;
        }
        state->owner = head; /* holds the inner lock; still waits for readers */
        state->writer_waiting = true;
        state->ready = scan_done(engine, run->cpu, when);
        if (state->readers == 0) {
            vs_waiter_pop(engine, lock);
            vs_lock_granted(engine, lock, head, VS_MODE_WRITE, state->ready, true);
        }
    }
}

static enum vs_acquire percpu_acquire(struct vs_engine *engine, uint32_t lock, uint16_t actor,
                                      enum vs_lock_mode mode)
{
    struct vs_lock_state *state = &engine->locks[lock];
    struct vs_actor_run *run = &engine->actors[actor];
    if (mode == VS_MODE_READ) {
        pay(run, engine->machine->store_ps + engine->machine->fence_ps);
        if (!state->writer_waiting) {
            state->readers++;
            vs_lock_granted(engine, lock, actor, mode, run->now, false);
            return VS_ACQUIRED;
        }
        vs_waiter_push(engine, lock, actor, mode);
        return VS_BLOCKED;
    }
    bool moved = vs_line_atomic(engine, vs_lock_line(engine, lock), actor, false);
    engine->counts[state->stats + mode].transfer += moved;
    if (state->owner == VS_NOBODY && state->readers == 0 && state->waiters == 0) {
        state->owner = actor;
        state->writer_waiting = true;
        pay(run, scan_done(engine, run->cpu, run->now) - run->now);
        vs_lock_granted(engine, lock, actor, mode, run->now, false);
        return VS_ACQUIRED;
    }
    vs_waiter_push(engine, lock, actor, mode);
    if (state->owner == VS_NOBODY && state->head == actor) {
        state->owner = actor;
        state->writer_waiting = true;
        state->ready = scan_done(engine, run->cpu, run->now);
    }
    return VS_BLOCKED;
}

static bool percpu_try(struct vs_engine *engine, uint32_t lock, uint16_t actor,
                       enum vs_lock_mode mode)
{
    const struct vs_lock_state *state = &engine->locks[lock];
    if (state->writer_waiting || (mode == VS_MODE_WRITE && (state->readers || state->waiters)))
        return false;
    return percpu_acquire(engine, lock, actor, mode) == VS_ACQUIRED;
}

static void percpu_release(struct vs_engine *engine, uint32_t lock, uint16_t actor,
                           enum vs_lock_mode mode)
{
    struct vs_lock_state *state = &engine->locks[lock];
    struct vs_actor_run *run = &engine->actors[actor];
    pay(run, engine->machine->store_ps);
    if (mode == VS_MODE_READ) {
        pay(run, engine->machine->fence_ps);
        if (--state->readers == 0 && state->owner != VS_NOBODY) {
            /* The writer that scans sees the last reader leave. */
            uint16_t writer = state->owner;
            vs_ps at = run->now + vs_cpu_transfer(engine, run->cpu, engine->actors[writer].cpu);
            vs_waiter_pop(engine, lock);
            vs_lock_granted(engine, lock, writer, VS_MODE_WRITE,
                            at > state->ready ? at : state->ready, true);
        }
        return;
    }
    state->owner = VS_NOBODY;
    state->writer_waiting = false;
    state->line_cpu = run->cpu;
    admit(engine, lock, run->now);
}

const struct vs_lock_ops vs_percpu_ops = {
    .acquire = percpu_acquire, .try_acquire = percpu_try, .release = percpu_release};
