/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Port of Xen's queue rwlock (xen/common/rwlock.c and xen/include/xen/rwlock.h at
 * c447b7308b: read_lock, queue_read_lock_slowpath, write_lock,
 * queue_write_lock_slowpath).  One word: bits 0 to 13 the writer's CPU, 14 and 15
 * its state, readers from bit 16 on.  Whoever does not get through at once queues
 * on an inner ticket lock; a writer at its head sets WAITING, which turns new
 * readers away.  A writer may read inside its own write.
 */
#include "lock.h"

#define CPU_MASK     UINT32_C(0x3fff)
#define WRITER_WAITS (UINT32_C(1) << 14)
#define WRITER_LOCKS (UINT32_C(3) << 14)
#define WRITER_MASK  WRITER_LOCKS
#define ONE_READER   (UINT32_C(1) << 16)

static bool can_read(uint32_t counts, const struct vs_lock_user *user)
{
    return (counts & WRITER_MASK) == 0 ||
           ((counts & WRITER_MASK) == WRITER_LOCKS && (counts & CPU_MASK) == user->cpu);
}

static uint32_t write_value(const struct vs_lock_user *user)
{
    return WRITER_LOCKS | user->cpu;
}

static uint32_t look(const struct vs_queue_rwlock *rwlock)
{
    return atomic_load_explicit(&rwlock->counts, memory_order_acquire);
}

static bool swap(struct vs_queue_rwlock *rwlock, uint32_t from, uint32_t to)
{
    return atomic_compare_exchange_strong_explicit(&rwlock->counts, &from, to, memory_order_acquire,
                                                   memory_order_relaxed);
}

static bool queue_for_reading(struct vs_queue_rwlock *rwlock, struct vs_real_lock *lock,
                              struct vs_lock_user *user, struct vs_lock_node *node)
{
    atomic_fetch_sub_explicit(&rwlock->counts, ONE_READER, memory_order_relaxed);
    vs_wait_begin(user, lock, node);
    if (!vs_tickets_take(&rwlock->queue, lock, user, node))
        return false;
    while (look(rwlock) & WRITER_MASK)
        if (!vs_wait_poll(user))
            return false;
    atomic_fetch_add_explicit(&rwlock->counts, ONE_READER, memory_order_acquire);
    /* A writer that came past the queue may have been faster. */
    while ((look(rwlock) & WRITER_MASK) == WRITER_LOCKS)
        if (!vs_wait_poll(user))
            return false;
    vs_tickets_give(&rwlock->queue);
    return true;
}

static bool queue_for_writing(struct vs_queue_rwlock *rwlock, struct vs_real_lock *lock,
                              struct vs_lock_user *user, struct vs_lock_node *node)
{
    vs_wait_begin(user, lock, node);
    if (!vs_tickets_take(&rwlock->queue, lock, user, node))
        return false;
    if (look(rwlock) == 0 && swap(rwlock, 0, write_value(user))) {
        vs_tickets_give(&rwlock->queue);
        return true;
    }
    for (;;) { /* announce, as soon as no writer is there */
        uint32_t counts = look(rwlock);
        if (!(counts & WRITER_MASK) && swap(rwlock, counts, counts | WRITER_WAITS))
            break;
        if (!vs_wait_poll(user))
            return false;
    }
    for (;;) { /* the last reader leaves */
        if (look(rwlock) == WRITER_WAITS && swap(rwlock, WRITER_WAITS, write_value(user)))
            break;
        if (!vs_wait_poll(user))
            return false;
    }
    vs_tickets_give(&rwlock->queue);
    return true;
}

bool vs_rwlock_take(struct vs_queue_rwlock *rwlock, struct vs_real_lock *lock,
                    struct vs_lock_user *user, struct vs_lock_node *node, enum vs_lock_mode mode)
{
    if (mode != VS_MODE_READ)
        return swap(rwlock, 0, write_value(user)) || queue_for_writing(rwlock, lock, user, node);
    uint32_t before = atomic_fetch_add_explicit(&rwlock->counts, ONE_READER, memory_order_acquire);
    return can_read(before, user) || queue_for_reading(rwlock, lock, user, node);
}

bool vs_rwlock_try(struct vs_queue_rwlock *rwlock, struct vs_lock_user *user,
                   enum vs_lock_mode mode)
{
    uint32_t counts = look(rwlock);
    if (mode != VS_MODE_READ)
        return counts == 0 && swap(rwlock, 0, write_value(user));
    if (!can_read(counts, user))
        return false;
    counts = atomic_fetch_add_explicit(&rwlock->counts, ONE_READER, memory_order_acquire);
    if (can_read(counts, user))
        return true;
    atomic_fetch_sub_explicit(&rwlock->counts, ONE_READER, memory_order_relaxed);
    return false;
}

void vs_rwlock_give(struct vs_queue_rwlock *rwlock, enum vs_lock_mode mode)
{
    if (mode == VS_MODE_READ)
        atomic_fetch_sub_explicit(&rwlock->counts, ONE_READER, memory_order_release);
    else
        atomic_fetch_and_explicit(&rwlock->counts, ~(WRITER_MASK | CPU_MASK), memory_order_release);
}

static bool rwlock_acquire(struct vs_real_lock *lock, struct vs_lock_user *user,
                           struct vs_lock_node *node, enum vs_lock_mode mode)
{
    return vs_rwlock_take(&lock->rwlock, lock, user, node, mode);
}

static bool rwlock_try(struct vs_real_lock *lock, struct vs_lock_user *user,
                       struct vs_lock_node *node, enum vs_lock_mode mode)
{
    (void)node;
    return vs_rwlock_try(&lock->rwlock, user, mode);
}

static void rwlock_unlock(struct vs_real_lock *lock, struct vs_lock_user *user,
                          struct vs_lock_node *node, enum vs_lock_mode mode)
{
    (void)user;
    (void)node;
    vs_rwlock_give(&lock->rwlock, mode);
}

const struct vs_real_lock_ops vs_real_rwlock_ops = {.implementation = "port of Xen's queue rwlock",
                                                    .acquire = rwlock_acquire,
                                                    .try_acquire = rwlock_try,
                                                    .unlock = rwlock_unlock};
