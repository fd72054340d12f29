/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CLH queue lock (Craig, "Building FIFO and priority-queueing spin locks from
 * atomic swap", 1993; Landin and Hagersten, IPPS 1994).
 *
 * Line operations.  Arrival swaps the tail word and then reads its predecessor's node, a line that
 * the predecessor wrote, also when the lock is free.  Release is a store into
 * the own node: it takes the line back from the successor that spins on it, and
 * the successor reads it again, two transfers however many wait.
 */
#include "engine/internal.h"

static void take_line(struct vs_engine *engine, uint32_t lock, uint16_t actor,
                      enum vs_lock_mode mode)
{
    struct vs_lock_state *state = &engine->locks[lock];
    struct vs_actor_run *run = &engine->actors[actor];
    vs_ps node = vs_line_transfer(engine, lock, run->cpu); /* the last arrival's node */
    bool moved = vs_line_atomic(engine, vs_lock_line(engine, lock), actor, false);
    engine->counts[state->stats + mode].transfer += moved;
    run->now += node;
    run->work_ps += node;
}

static enum vs_acquire clh_acquire(struct vs_engine *engine, uint32_t lock, uint16_t actor,
                                   enum vs_lock_mode mode)
{
    struct vs_lock_state *state = &engine->locks[lock];
    take_line(engine, lock, actor, mode);
    if (state->owner != VS_NOBODY) {
        vs_waiter_push(engine, lock, actor, mode);
        return VS_BLOCKED;
    }
    state->owner = actor;
    vs_lock_granted(engine, lock, actor, mode, engine->actors[actor].now, false);
    return VS_ACQUIRED;
}

/* Looks at the last node first and swaps only when that one is released. */
static bool clh_try(struct vs_engine *engine, uint32_t lock, uint16_t actor, enum vs_lock_mode mode)
{
    if (engine->locks[lock].owner != VS_NOBODY)
        return false;
    return clh_acquire(engine, lock, actor, mode) == VS_ACQUIRED;
}

static void clh_release(struct vs_engine *engine, uint32_t lock, uint16_t actor,
                        enum vs_lock_mode mode)
{
    struct vs_lock_state *state = &engine->locks[lock];
    struct vs_actor_run *run = &engine->actors[actor];
    if (state->waiters > 0) {
        vs_hand_over_private(engine, lock, actor, mode);
        return;
    }
    state->owner = VS_NOBODY;
    run->now += engine->machine->store_ps;
    run->work_ps += engine->machine->store_ps;
}

const struct vs_lock_ops vs_clh_ops = {
    .acquire = clh_acquire, .try_acquire = clh_try, .release = clh_release};
