/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * MCS queue lock (Mellor-Crummey and Scott, "Algorithms for scalable
 * synchronization on shared-memory multiprocessors", ACM TOCS 9(1), 1991).
 *
 * Line operations.  Arrival swaps the tail word and links itself behind its predecessor; then it
 * spins on its own node.  Release stores into the successor's node: the line
 * comes to the releaser and goes back to the successor, two transfers however
 * many wait.  Release without a successor takes the tail back, an atomic.
 */
#include "engine/internal.h"

static enum vs_acquire mcs_acquire(struct vs_engine *engine, uint32_t lock, uint16_t actor,
                                   enum vs_lock_mode mode)
{
    struct vs_lock_state *state = &engine->locks[lock];
    struct vs_actor_run *run = &engine->actors[actor];
    bool moved = vs_line_atomic(engine, vs_lock_line(engine, lock), actor, false);
    engine->counts[state->stats + mode].transfer += moved;
    if (state->owner != VS_NOBODY) {
        run->now += engine->machine->store_ps; /* links itself: buffered, waits for no transfer */
        run->work_ps += engine->machine->store_ps;
        vs_waiter_push(engine, lock, actor, mode);
        return VS_BLOCKED;
    }
    state->owner = actor;
    vs_lock_granted(engine, lock, actor, mode, run->now, false);
    return VS_ACQUIRED;
}

static bool mcs_try(struct vs_engine *engine, uint32_t lock, uint16_t actor, enum vs_lock_mode mode)
{
    struct vs_lock_state *state = &engine->locks[lock];
    bool moved = vs_line_atomic(engine, vs_lock_line(engine, lock), actor, false);
    if (state->owner != VS_NOBODY) /* compare-and-swap of an empty tail fails */
        return false;
    engine->counts[state->stats + mode].transfer += moved;
    state->owner = actor;
    vs_lock_granted(engine, lock, actor, mode, engine->actors[actor].now, false);
    return true;
}

static void mcs_release(struct vs_engine *engine, uint32_t lock, uint16_t actor,
                        enum vs_lock_mode mode)
{
    struct vs_lock_state *state = &engine->locks[lock];
    if (state->waiters > 0) {
        vs_hand_over_private(engine, lock, actor, mode);
        return;
    }
    state->owner = VS_NOBODY;
    vs_line_atomic(engine, vs_lock_line(engine, lock), actor, true);
}

const struct vs_lock_ops vs_mcs_ops = {
    .acquire = mcs_acquire, .try_acquire = mcs_try, .release = mcs_release};
