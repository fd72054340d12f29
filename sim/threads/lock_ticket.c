/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ports of Xen's ticket spinlock and recursive spinlock (xen/common/spinlock.c at
 * c447b7308b: spin_lock_common, spin_unlock_common, spin_trylock_common,
 * _rspin_lock).  One fetch-and-add takes a ticket and tells who is served; the
 * release is a store to the head's half of the word, by its owner alone.
 */
#include "lock.h"

#define ONE_TICKET (UINT32_C(1) << 16)

static uint16_t head_of(uint32_t both)
{
    return (uint16_t)both;
}

static uint16_t tail_of(uint32_t both)
{
    return (uint16_t)(both >> 16);
}

bool vs_tickets_take(union vs_tickets *tickets, struct vs_real_lock *lock,
                     struct vs_lock_user *user, struct vs_lock_node *node)
{
    uint32_t before = atomic_fetch_add_explicit(&tickets->both, ONE_TICKET, memory_order_acquire);
    uint16_t mine = tail_of(before);
    if (head_of(before) == mine)
        return true;
    vs_wait_begin(user, lock, node);
    while (atomic_load_explicit(&tickets->half.head, memory_order_acquire) != mine)
        if (!vs_wait_poll(user))
            return false;
    return true;
}

void vs_tickets_give(union vs_tickets *tickets)
{
    uint16_t head = atomic_load_explicit(&tickets->half.head, memory_order_relaxed);
    atomic_store_explicit(&tickets->half.head, (uint16_t)(head + 1), memory_order_release);
}

static bool ticket_acquire(struct vs_real_lock *lock, struct vs_lock_user *user,
                           struct vs_lock_node *node, enum vs_lock_mode mode)
{
    (void)mode;
    return vs_tickets_take(&lock->tickets, lock, user, node);
}

static bool ticket_try(struct vs_real_lock *lock, struct vs_lock_user *user,
                       struct vs_lock_node *node, enum vs_lock_mode mode)
{
    uint32_t both = atomic_load_explicit(&lock->tickets.both, memory_order_relaxed);
    (void)user;
    (void)node;
    (void)mode;
    return head_of(both) == tail_of(both) &&
           atomic_compare_exchange_strong_explicit(&lock->tickets.both, &both, both + ONE_TICKET,
                                                   memory_order_acquire, memory_order_relaxed);
}

static void ticket_unlock(struct vs_real_lock *lock, struct vs_lock_user *user,
                          struct vs_lock_node *node, enum vs_lock_mode mode)
{
    (void)user;
    (void)node;
    (void)mode;
    vs_tickets_give(&lock->tickets);
}

const struct vs_real_lock_ops vs_real_ticket_ops = {.implementation =
                                                        "port of Xen's ticket spinlock",
                                                    .acquire = ticket_acquire,
                                                    .try_acquire = ticket_try,
                                                    .unlock = ticket_unlock};

/* Only the owner's own value matters to it: nobody else ever stores that one. */
static bool is_mine(const struct vs_real_lock *lock, const struct vs_lock_user *user)
{
    return atomic_load_explicit(&lock->owner, memory_order_relaxed) == user->cpu + 1u;
}

static void become_owner(struct vs_real_lock *lock, const struct vs_lock_user *user)
{
    atomic_store_explicit(&lock->owner, (uint16_t)(user->cpu + 1u), memory_order_relaxed);
}

static bool recursive_acquire(struct vs_real_lock *lock, struct vs_lock_user *user,
                              struct vs_lock_node *node, enum vs_lock_mode mode)
{
    (void)mode;
    if (is_mine(lock, user)) {
        lock->depth++;
        return true;
    }
    if (!vs_tickets_take(&lock->tickets, lock, user, node))
        return false;
    become_owner(lock, user);
    return true;
}

static bool recursive_try(struct vs_real_lock *lock, struct vs_lock_user *user,
                          struct vs_lock_node *node, enum vs_lock_mode mode)
{
    if (is_mine(lock, user)) {
        lock->depth++;
        return true;
    }
    if (!ticket_try(lock, user, node, mode))
        return false;
    become_owner(lock, user);
    return true;
}

static void recursive_unlock(struct vs_real_lock *lock, struct vs_lock_user *user,
                             struct vs_lock_node *node, enum vs_lock_mode mode)
{
    (void)user;
    (void)node;
    (void)mode;
    if (lock->depth > 0) {
        lock->depth--;
        return;
    }
    atomic_store_explicit(&lock->owner, 0, memory_order_relaxed);
    vs_tickets_give(&lock->tickets);
}

const struct vs_real_lock_ops vs_real_recursive_ops = {.implementation =
                                                           "port of Xen's recursive spinlock",
                                                       .acquire = recursive_acquire,
                                                       .try_acquire = recursive_try,
                                                       .unlock = recursive_unlock};
