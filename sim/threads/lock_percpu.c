/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Port of Xen's per-CPU rwlock (xen/include/xen/rwlock.h, _percpu_read_lock, and
 * xen/common/rwlock.c, _percpu_write_lock, at c447b7308b).  A reader marks its own
 * line and looks whether a writer is activating; a writer holds the inner rwlock
 * and waits until no line is marked.  Xen's per-CPU variable holds the lock that
 * this CPU reads; here each lock has a slot per user with a count in it.
 */
#include "lock.h"

static _Atomic uint32_t *slot_of(struct vs_real_lock *lock, const struct vs_lock_user *user)
{
    return &lock->slots[user->cpu].readers;
}

/* The slot is the user's own: nobody else stores to it. */
static void mark(_Atomic uint32_t *slot)
{
    uint32_t readers = atomic_load_explicit(slot, memory_order_relaxed);
    atomic_store_explicit(slot, readers + 1, memory_order_seq_cst);
}

static void unmark(_Atomic uint32_t *slot)
{
    uint32_t readers = atomic_load_explicit(slot, memory_order_relaxed);
    atomic_store_explicit(slot, readers - 1, memory_order_release);
}

static bool writer_is_there(const struct vs_real_lock *lock)
{
    return atomic_load_explicit(&lock->writer_activating, memory_order_seq_cst);
}

static bool read_acquire(struct vs_real_lock *lock, struct vs_lock_user *user,
                         struct vs_lock_node *node)
{
    _Atomic uint32_t *slot = slot_of(lock, user);
    mark(slot);
    if (!writer_is_there(lock))
        return true;
    unmark(slot);
    vs_wait_begin(user, lock, node);
    if (!vs_rwlock_take(&lock->rwlock, lock, user, node, VS_MODE_READ))
        return false;
    mark(slot); /* with the inner lock read, no writer is activating */
    vs_rwlock_give(&lock->rwlock, VS_MODE_READ);
    return true;
}

static bool readers_have_left(const struct vs_real_lock *lock)
{
    for (uint16_t i = 0; i < lock->users; i++)
        if (atomic_load_explicit(&lock->slots[i].readers, memory_order_seq_cst) != 0)
            return false;
    return true;
}

static bool percpu_acquire(struct vs_real_lock *lock, struct vs_lock_user *user,
                           struct vs_lock_node *node, enum vs_lock_mode mode)
{
    if (mode == VS_MODE_READ)
        return read_acquire(lock, user, node);
    if (!vs_rwlock_take(&lock->rwlock, lock, user, node, VS_MODE_WRITE))
        return false;
    atomic_store_explicit(&lock->writer_activating, true, memory_order_seq_cst);
    while (!readers_have_left(lock)) {
        vs_wait_begin(user, lock, node);
        if (!vs_wait_poll(user))
            return false;
    }
    return true;
}

/* Xen has no trylock of this kind; a policy may ask for one. */
static bool percpu_try(struct vs_real_lock *lock, struct vs_lock_user *user,
                       struct vs_lock_node *node, enum vs_lock_mode mode)
{
    _Atomic uint32_t *slot = slot_of(lock, user);
    (void)node;
    if (mode == VS_MODE_READ) {
        mark(slot);
        if (!writer_is_there(lock))
            return true;
        unmark(slot);
        return false;
    }
    if (!vs_rwlock_try(&lock->rwlock, user, VS_MODE_WRITE))
        return false;
    atomic_store_explicit(&lock->writer_activating, true, memory_order_seq_cst);
    if (readers_have_left(lock))
        return true;
    atomic_store_explicit(&lock->writer_activating, false, memory_order_release);
    vs_rwlock_give(&lock->rwlock, VS_MODE_WRITE);
    return false;
}

static void percpu_unlock(struct vs_real_lock *lock, struct vs_lock_user *user,
                          struct vs_lock_node *node, enum vs_lock_mode mode)
{
    (void)node;
    if (mode == VS_MODE_READ) {
        unmark(slot_of(lock, user));
        return;
    }
    atomic_store_explicit(&lock->writer_activating, false, memory_order_release);
    vs_rwlock_give(&lock->rwlock, VS_MODE_WRITE);
}

const struct vs_real_lock_ops vs_real_percpu_ops = {.implementation =
                                                        "port of Xen's per-CPU rwlock",
                                                    .acquire = percpu_acquire,
                                                    .try_acquire = percpu_try,
                                                    .unlock = percpu_unlock};
