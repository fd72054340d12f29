/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Concurrency Kit's MCS lock (ck_spinlock_mcs).  A free lock is taken by its
 * trylock, which is one compare-and-swap in place of one swap, so that whether
 * somebody had to wait is known.  A wait is the library's own loop on the waiter's
 * node; a rescue ends it as a hand-over would.
 */
#include "lock.h"

static bool mcs_try(struct vs_real_lock *lock, struct vs_lock_user *user, struct vs_lock_node *node,
                    enum vs_lock_mode mode)
{
    (void)user;
    (void)mode;
    return ck_spinlock_mcs_trylock(&lock->mcs, &node->mcs);
}

static bool mcs_acquire(struct vs_real_lock *lock, struct vs_lock_user *user,
                        struct vs_lock_node *node, enum vs_lock_mode mode)
{
    if (mcs_try(lock, user, node, mode))
        return true;
    vs_wait_begin(user, lock, node);
    ck_spinlock_mcs_lock(&lock->mcs, &node->mcs);
    return atomic_load_explicit(user->ending, memory_order_relaxed) == 0;
}

static void mcs_unlock(struct vs_real_lock *lock, struct vs_lock_user *user,
                       struct vs_lock_node *node, enum vs_lock_mode mode)
{
    (void)user;
    (void)mode;
    ck_spinlock_mcs_unlock(&lock->mcs, &node->mcs);
}

static void mcs_rescue(struct vs_real_lock *lock, struct vs_lock_node *node)
{
    (void)lock;
    ck_pr_store_uint(&node->mcs.locked, false);
}

const struct vs_real_lock_ops vs_real_mcs_ops = {.implementation =
                                                     "Concurrency Kit, ck_spinlock_mcs",
                                                 .acquire = mcs_acquire,
                                                 .try_acquire = mcs_try,
                                                 .unlock = mcs_unlock,
                                                 .rescue = mcs_rescue};
