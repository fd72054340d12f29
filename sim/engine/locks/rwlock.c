/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Xen's queue rwlock (xen/common/rwlock.c, xen/include/xen/rwlock.h at
 * c447b7308b; fair since 55d8424e4e).
 *
 * Line operations.  The word and the inner lock share a line.  Reader: a
 * read-modify-write to enter, one to leave; when it must queue, one to take its
 * bias back, one on the inner queue, and the bias again when its turn has come.
 * Writer: a compare-and-swap; when it must queue, one on the inner queue and the
 * compare-and-swap at its turn; its release is a store.  Whoever's turn comes has
 * read the line from who let it in: a transfer.  Setting WAITING is the head's
 * own line and not charged.
 *
 * One word holds the reader count and the writer's state; an inner ticket lock
 * queues those that did not get through at once.  Only the head of that queue
 * looks at the word.  A head that is a writer sets WAITING as soon as no writer
 * holds the lock, and from then on new readers queue behind it: that is what
 * makes the lock fair, and what makes a nested read deadlock.  Between a release
 * and the head's next look (the hand-over) the word may be 0 and an arrival may
 * take it past the queue, as in Xen.  The writer may read inside its own write
 * (868a01021c); it can neither nest a write nor upgrade a read.
 */
#include "engine/internal.h"

static bool pay_atomic(struct vs_engine *engine, uint32_t lock, uint16_t actor, bool is_release)
{
    return vs_line_atomic(engine, vs_lock_line(engine, lock), actor, is_release);
}

static bool admits_reader(const struct vs_lock_state *state, uint16_t actor)
{
    if (state->owner == actor)
        return true;
    return state->owner == VS_NOBODY && !state->writer_waiting;
}

static bool admits_writer(const struct vs_lock_state *state)
{
    return state->owner == VS_NOBODY && state->readers == 0 && !state->writer_waiting;
}

/* Wake the head so that it looks at the word once the line has reached it. */
static void wake_head(struct vs_engine *engine, uint32_t lock, vs_ps at)
{
    struct vs_lock_state *state = &engine->locks[lock];
    if (state->waiters == 0)
        return;
    struct vs_actor_run *head = &engine->actors[state->head];
    if (head->state != VS_ACTOR_BLOCKED)
        return; /* it is about to look anyway */
    at += vs_line_transfer(engine, lock, head->cpu);
    if (at < head->wait_from)
        at = head->wait_from;
    head->state = VS_ACTOR_POLLING;
    vs_event_add(engine, state->head, at);
}

static void grant_head(struct vs_engine *engine, uint32_t lock, uint16_t actor, vs_ps at)
{
    struct vs_lock_state *state = &engine->locks[lock];
    struct vs_actor_run *run = &engine->actors[actor];
    enum vs_lock_mode mode = run->wait_mode;
    at += engine->machine->atomic_ps; /* bias, or compare-and-swap */
    vs_waiter_pop(engine, lock);
    state->line_cpu = run->cpu;
    if (mode == VS_MODE_READ) {
        state->readers++;
    } else {
        state->writer_waiting = false;
        state->owner = actor;
    }
    vs_lock_granted(engine, lock, actor, mode, at, true);
    wake_head(engine, lock, at); /* the inner queue lock goes to the next */
}

/* The head of the queue looks at the word at its clock. */
static enum vs_acquire rwlock_poll(struct vs_engine *engine, uint32_t lock, uint16_t actor)
{
    struct vs_lock_state *state = &engine->locks[lock];
    struct vs_actor_run *run = &engine->actors[actor];
    run->state = VS_ACTOR_BLOCKED;
    if (run->wait_mode == VS_MODE_READ) {
        if (state->owner == VS_NOBODY) {
            grant_head(engine, lock, actor, run->now);
            return VS_ACQUIRED;
        }
        return VS_BLOCKED;
    }
    if (state->owner == VS_NOBODY && state->readers == 0) {
        grant_head(engine, lock, actor, run->now);
        return VS_ACQUIRED;
    }
    if (state->owner == VS_NOBODY)
        state->writer_waiting = true;
    return VS_BLOCKED;
}

static bool take(struct vs_engine *engine, uint32_t lock, uint16_t actor, enum vs_lock_mode mode)
{
    struct vs_lock_state *state = &engine->locks[lock];
    struct vs_actor_run *run = &engine->actors[actor];
    if (mode == VS_MODE_READ ? !admits_reader(state, actor) : !admits_writer(state))
        return false;
    if (mode == VS_MODE_READ)
        state->readers++;
    else
        state->owner = actor;
    vs_lock_granted(engine, lock, actor, mode, run->now, false);
    return true;
}

static enum vs_acquire rwlock_acquire(struct vs_engine *engine, uint32_t lock, uint16_t actor,
                                      enum vs_lock_mode mode)
{
    struct vs_lock_state *state = &engine->locks[lock];
    engine->counts[state->stats + mode].transfer += pay_atomic(engine, lock, actor, false);
    if (take(engine, lock, actor, mode))
        return VS_ACQUIRED;
    if (mode == VS_MODE_READ) /* takes its bias back */
        pay_atomic(engine, lock, actor, true);
    pay_atomic(engine, lock, actor, true); /* the inner queue */
    vs_waiter_push(engine, lock, actor, mode);
    if (state->head == actor && mode == VS_MODE_WRITE && state->owner == VS_NOBODY)
        state->writer_waiting = true;
    return VS_BLOCKED;
}

static bool rwlock_try(struct vs_engine *engine, uint32_t lock, uint16_t actor,
                       enum vs_lock_mode mode)
{
    bool moved = pay_atomic(engine, lock, actor, false);
    if (!take(engine, lock, actor, mode))
        return false;
    engine->counts[engine->locks[lock].stats + mode].transfer += moved;
    return true;
}

static void rwlock_release(struct vs_engine *engine, uint32_t lock, uint16_t actor,
                           enum vs_lock_mode mode)
{
    struct vs_lock_state *state = &engine->locks[lock];
    struct vs_actor_run *run = &engine->actors[actor];
    if (mode == VS_MODE_READ) {
        state->readers--;
        pay_atomic(engine, lock, actor, true);
        if (state->readers == 0 && state->writer_waiting)
            wake_head(engine, lock, run->now);
        return;
    }
    state->owner = VS_NOBODY;
    run->now += engine->machine->store_ps;
    run->work_ps += engine->machine->store_ps;
    state->line_cpu = run->cpu;
    wake_head(engine, lock, run->now);
}

const struct vs_lock_ops vs_rwlock_ops = {.acquire = rwlock_acquire,
                                          .try_acquire = rwlock_try,
                                          .release = rwlock_release,
                                          .poll = rwlock_poll};
