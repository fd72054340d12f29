/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Concurrency Kit's CLH lock (ck_spinlock_clh).  It has no trylock: a look tells
 * whether somebody has to wait, and by the time of the swap that may have changed;
 * so its count of waits is a little off where arrivals meet, its times are not.  A
 * rescue clears the flag of the predecessor, on which a waiter spins.
 */
#include "lock.h"

/* The library's atomics are assembler, which ThreadSanitizer does not see; a node that
 * changes hands with the lock looks like a race to it.  What the lock protects are
 * atomics of ours, so nothing else is hidden. */
#if defined(__SANITIZE_THREAD__)
void AnnotateIgnoreReadsBegin(const char *file, int line);
void AnnotateIgnoreReadsEnd(const char *file, int line);
void AnnotateIgnoreWritesBegin(const char *file, int line);
void AnnotateIgnoreWritesEnd(const char *file, int line);
#define LIBRARY_BEGIN() \
    (AnnotateIgnoreReadsBegin(__FILE__, __LINE__), AnnotateIgnoreWritesBegin(__FILE__, __LINE__))
#define LIBRARY_END() \
    (AnnotateIgnoreWritesEnd(__FILE__, __LINE__), AnnotateIgnoreReadsEnd(__FILE__, __LINE__))
#else
#define LIBRARY_BEGIN() ((void)0)
#define LIBRARY_END()   ((void)0)
#endif

static bool clh_acquire(struct vs_real_lock *lock, struct vs_lock_user *user,
                        struct vs_lock_node *node, enum vs_lock_mode mode)
{
    (void)mode;
    bool taken = ck_spinlock_clh_locked(&lock->clh);
    /* So that a rescue never meets the predecessor of an earlier acquisition. */
    ck_pr_store_ptr(&node->clh->previous, NULL);
    atomic_store_explicit(&node->clh_waits, node->clh, memory_order_relaxed);
    /* Told always, as it may wait without having seen that: a watcher must know. */
    atomic_store_explicit(&user->waits_with, node, memory_order_relaxed);
    atomic_store_explicit(&user->waits_for, lock, memory_order_release);
    if (taken)
        vs_wait_begin(user, lock, node);
    LIBRARY_BEGIN();
    ck_spinlock_clh_lock(&lock->clh, node->clh);
    LIBRARY_END();
    atomic_store_explicit(&user->waits_for, NULL, memory_order_release);
    return atomic_load_explicit(user->ending, memory_order_relaxed) == 0;
}

static bool clh_try(struct vs_real_lock *lock, struct vs_lock_user *user, struct vs_lock_node *node,
                    enum vs_lock_mode mode)
{
    /* Not to be had without waiting once its queue has been joined; a free one is taken. */
    if (ck_spinlock_clh_locked(&lock->clh))
        return false;
    return clh_acquire(lock, user, node, mode);
}

static void clh_unlock(struct vs_real_lock *lock, struct vs_lock_user *user,
                       struct vs_lock_node *node, enum vs_lock_mode mode)
{
    (void)lock;
    (void)user;
    (void)mode;
    LIBRARY_BEGIN();
    ck_spinlock_clh_unlock(&node->clh);
    LIBRARY_END();
}

static void clh_rescue(struct vs_real_lock *lock, struct vs_lock_node *node)
{
    ck_spinlock_clh_t *waits = atomic_load_explicit(&node->clh_waits, memory_order_relaxed);
    ck_spinlock_clh_t *previous = waits ? ck_pr_load_ptr(&waits->previous) : NULL;
    (void)lock;
    if (previous)
        ck_pr_store_uint(&previous->wait, false);
}

const struct vs_real_lock_ops vs_real_clh_ops = {.implementation =
                                                     "Concurrency Kit, ck_spinlock_clh",
                                                 .acquire = clh_acquire,
                                                 .try_acquire = clh_try,
                                                 .unlock = clh_unlock,
                                                 .rescue = clh_rescue};
