/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ticket spinlock and Xen's recursive spinlock (xen/common/spinlock.c,
 * spin_lock_common and _rspin_lock at c447b7308b).
 *
 * Line operations.  Arrival is one atomic on the ticket word; order of arrival is
 * order of grant, without exception.  Release is a store, which is buffered: the
 * holder waits for no waiter's copy to go.  After it every waiter re-reads the
 * word: the line serves them one at a time and the next owner is on average half
 * way, so a hand-over with k waiters takes (k - 1) / 2 service times for the
 * others and, for the owner's own request, a transfer or half a service time,
 * whichever is longer (Boyd-Wickizer et al., "Non-scalable locks are dangerous",
 * OLS 2012: c k / 2, where the transfer is not the longer one).  The recursive
 * kind is the same but for its owner, who only counts.
 */
#include "engine/internal.h"

static enum vs_acquire ticket_acquire(struct vs_engine *engine, uint32_t lock, uint16_t actor,
                                      enum vs_lock_mode mode)
{
    struct vs_lock_state *state = &engine->locks[lock];
    struct vs_actor_run *run = &engine->actors[actor];
    bool moved = vs_line_atomic(engine, vs_lock_line(engine, lock), actor, false);
    engine->counts[state->stats + mode].transfer += moved;
    if (state->owner != VS_NOBODY) {
        vs_waiter_push(engine, lock, actor, mode);
        return VS_BLOCKED;
    }
    state->owner = actor;
    vs_lock_granted(engine, lock, actor, mode, run->now, false);
    return VS_ACQUIRED;
}

static bool ticket_try(struct vs_engine *engine, uint32_t lock, uint16_t actor,
                       enum vs_lock_mode mode)
{
    struct vs_lock_state *state = &engine->locks[lock];
    struct vs_actor_run *run = &engine->actors[actor];
    bool moved = vs_line_atomic(engine, vs_lock_line(engine, lock), actor, false);
    if (state->owner != VS_NOBODY) /* any holder means head != tail */
        return false;
    engine->counts[state->stats + mode].transfer += moved;
    state->owner = actor;
    vs_lock_granted(engine, lock, actor, mode, run->now, false);
    return true;
}

static void ticket_release(struct vs_engine *engine, uint32_t lock, uint16_t actor,
                           enum vs_lock_mode mode)
{
    struct vs_lock_state *state = &engine->locks[lock];
    struct vs_actor_run *run = &engine->actors[actor];
    run->now += engine->machine->store_ps;
    run->work_ps += engine->machine->store_ps;
    state->line_cpu = run->cpu;
    if (state->waiters == 0) {
        state->owner = VS_NOBODY;
        return;
    }
    vs_ps service = engine->machine->line_service_ps;
    uint16_t others = (uint16_t)(state->waiters - 1);
    uint16_t next = vs_waiter_pop(engine, lock);
    struct vs_actor_run *waiter = &engine->actors[next];
    vs_ps first = vs_line_transfer(engine, lock, waiter->cpu);
    if (waiter->cpu != run->cpu && first < service / 2)
        first = service / 2;
    vs_ps at = run->now + first + service * others / 2;
    if (at < waiter->wait_from) /* its own atomic is still under way */
        at = waiter->wait_from;
    state->owner = next;
    state->line_cpu = waiter->cpu;
    vs_lock_granted(engine, lock, next, mode, at, true);
}

const struct vs_lock_ops vs_ticket_ops = {
    .acquire = ticket_acquire, .try_acquire = ticket_try, .release = ticket_release};

static bool recurse(struct vs_engine *engine, uint32_t lock, uint16_t actor)
{
    struct vs_lock_state *state = &engine->locks[lock];
    struct vs_actor_run *run = &engine->actors[actor];
    if (state->owner != actor)
        return false;
    state->recursion++;
    run->now += engine->machine->store_ps;
    run->work_ps += engine->machine->store_ps;
    return true;
}

static enum vs_acquire recursive_acquire(struct vs_engine *engine, uint32_t lock, uint16_t actor,
                                         enum vs_lock_mode mode)
{
    if (recurse(engine, lock, actor))
        return VS_ACQUIRED;
    return ticket_acquire(engine, lock, actor, mode);
}

static bool recursive_try(struct vs_engine *engine, uint32_t lock, uint16_t actor,
                          enum vs_lock_mode mode)
{
    return recurse(engine, lock, actor) || ticket_try(engine, lock, actor, mode);
}

static void recursive_release(struct vs_engine *engine, uint32_t lock, uint16_t actor,
                              enum vs_lock_mode mode)
{
    struct vs_lock_state *state = &engine->locks[lock];
    struct vs_actor_run *run = &engine->actors[actor];
    if (state->recursion > 0) {
        state->recursion--;
        run->now += engine->machine->store_ps;
        run->work_ps += engine->machine->store_ps;
        return;
    }
    ticket_release(engine, lock, actor, mode);
}

const struct vs_lock_ops vs_recursive_ops = {
    .acquire = recursive_acquire, .try_acquire = recursive_try, .release = recursive_release};
