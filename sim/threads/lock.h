/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Real locks for real threads, one implementation per kind of lock that a policy
 * may declare, behind one table:
 *
 *   ticket, recursive   ports of Xen's spinlock.c            lock_ticket.c
 *   rwlock              port of Xen's queue rwlock           lock_rwlock.c
 *   percpu-rwlock       port of Xen's per-CPU rwlock         lock_percpu.c
 *   mcs, clh            Concurrency Kit                      lock_mcs.c, lock_clh.c
 *
 * RCU is liburcu (rcu.h); a reference count is an atomic word of its object.
 *
 * Ports are in C11 atomics and keep the structure of the original: which word is
 * touched by which atomic, in which order, and who waits for what.  A deadlock
 * must not hang the program: every wait ends when the run is being ended, by
 * itself in our ports, by rescue() where a library spins.
 */
#ifndef VS_THREADS_LOCK_H
#define VS_THREADS_LOCK_H

#include <ck_spinlock.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "clock.h"
#include "policies/policy.h"

/* Prefetchers take lines in pairs: what must not share a line keeps this apart. */
#define VS_LINE_BYTES 128

struct vs_real_lock;

/* What an acquisition needs until it is given back: an MCS or CLH queue's node. */
struct vs_lock_node {
    _Alignas(VS_LINE_BYTES) ck_spinlock_mcs_context_t mcs;
    ck_spinlock_clh_t *clh;                 /* changes hands with every acquisition */
    _Atomic(ck_spinlock_clh_t *) clh_waits; /* the one that its last acquisition queued */
    ck_spinlock_clh_t clh_first;
};

/* A thread that takes locks. */
struct vs_lock_user {
    _Alignas(VS_LINE_BYTES) uint16_t cpu; /* tells users apart; below the locks' users */
    bool waited;                          /* in the last acquire: it found the lock taken */
    uint32_t polls;
    vs_ticks wait_from; /* first look that found it taken; meaningful when waited */
    const struct vs_host_clock *clock;
    const atomic_uint *ending; /* not 0: the run is being ended, give up */
    /* For whoever watches: what it waits for right now, NULL for nothing. */
    _Atomic(struct vs_real_lock *) waits_for;
    _Atomic(struct vs_lock_node *) waits_with;
};

/* Xen's spinlock_tickets_t: head and tail in one word, each also on its own. */
union vs_tickets {
    _Atomic uint32_t both;
    struct {
        _Atomic uint16_t head, tail;
    } half;
};
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the tail is the word's upper half");

struct vs_queue_rwlock {
    _Atomic uint32_t counts; /* writer's CPU and state, readers: lock_rwlock.c */
    union vs_tickets queue;
};

struct vs_percpu_slot {
    _Alignas(VS_LINE_BYTES) _Atomic uint32_t readers;
};

struct vs_real_lock {
    _Alignas(VS_LINE_BYTES) union vs_tickets tickets; /* ticket, recursive */
    struct vs_queue_rwlock rwlock;                    /* rwlock, percpu-rwlock */
    ck_spinlock_mcs_t mcs;
    ck_spinlock_clh_t *clh;
    _Atomic uint16_t owner; /* recursive: user's cpu + 1, 0 for nobody */
    uint16_t depth;         /* recursive: further acquisitions, the owner's own */
    _Atomic bool writer_activating;
    struct vs_percpu_slot *slots; /* percpu-rwlock: one per user */
    uint16_t users;
    uint8_t kind; /* enum vs_lock_kind */
    _Alignas(VS_LINE_BYTES) ck_spinlock_clh_t clh_first;
};

struct vs_real_lock_ops {
    const char *implementation; /* "port of Xen's ticket spinlock" */
    /* Take it in a mode.  false: the run is being ended, nothing is held. */
    bool (*acquire)(struct vs_real_lock *lock, struct vs_lock_user *user, struct vs_lock_node *node,
                    enum vs_lock_mode mode);
    /* Take it if that needs no waiting. */
    bool (*try_acquire)(struct vs_real_lock *lock, struct vs_lock_user *user,
                        struct vs_lock_node *node, enum vs_lock_mode mode);
    void (*unlock)(struct vs_real_lock *lock, struct vs_lock_user *user, struct vs_lock_node *node,
                   enum vs_lock_mode mode);
    /* From another thread while the run is being ended: end a wait inside a library's
     * function.  The lock is of no use afterwards.  NULL where waits end themselves. */
    void (*rescue)(struct vs_real_lock *lock, struct vs_lock_node *node);
};
/* By enum vs_lock_kind; NULL for kinds that are not acquired. */
extern const struct vs_real_lock_ops *const vs_real_lock_ops[VS_LOCK_KIND_COUNT];
extern const struct vs_real_lock_ops vs_real_ticket_ops, vs_real_recursive_ops, vs_real_rwlock_ops,
    vs_real_percpu_ops, vs_real_mcs_ops, vs_real_clh_ops;

/* Make a lock of a kind for users 0 .. users - 1.  VS_ERR_MEMORY.  Free with
 * vs_real_lock_release; NULL and a lock that was never made are allowed. */
int vs_real_lock_setup(struct vs_real_lock *lock, enum vs_lock_kind kind, uint16_t users);
void vs_real_lock_release(struct vs_real_lock *lock);
/* A node is made once and used for one acquisition at a time.  A CLH node changes
 * hands: all nodes and locks of a run are freed together. */
void vs_lock_node_setup(struct vs_lock_node *node);

/* Acquire, with the wait in user.  false: the run is being ended. */
static inline bool vs_real_lock_acquire(struct vs_real_lock *lock, struct vs_lock_user *user,
                                        struct vs_lock_node *node, enum vs_lock_mode mode)
{
    user->waited = false;
    bool taken = vs_real_lock_ops[lock->kind]->acquire(lock, user, node, mode);
    if (user->waited)
        atomic_store_explicit(&user->waits_for, NULL, memory_order_release);
    return taken;
}

/* ------------------------------------------------- for the kinds: one wait */

/* Looks between two yields: some 10 us.  Threads may outnumber CPUs, and whoever
 * holds the lock may need this one. */
#define VS_POLLS_A_YIELD 1024u

/* The lock was found taken. */
static inline void vs_wait_begin(struct vs_lock_user *user, struct vs_real_lock *lock,
                                 struct vs_lock_node *node)
{
    if (user->waited)
        return;
    user->waited = true;
    user->wait_from = vs_host_clock_now(user->clock);
    atomic_store_explicit(&user->waits_with, node, memory_order_relaxed);
    atomic_store_explicit(&user->waits_for, lock, memory_order_release);
}

/* Between two looks.  false: give up. */
static inline bool vs_wait_poll(struct vs_lock_user *user)
{
    ck_pr_stall();
    if (++user->polls % VS_POLLS_A_YIELD == 0)
        sched_yield();
    return atomic_load_explicit(user->ending, memory_order_relaxed) == 0;
}

/* lock_ticket.c: the ticket lock as a part of others. */
bool vs_tickets_take(union vs_tickets *tickets, struct vs_real_lock *lock,
                     struct vs_lock_user *user, struct vs_lock_node *node);
void vs_tickets_give(union vs_tickets *tickets);
/* lock_rwlock.c: the queue rwlock as a part of the per-CPU one. */
bool vs_rwlock_take(struct vs_queue_rwlock *rwlock, struct vs_real_lock *lock,
                    struct vs_lock_user *user, struct vs_lock_node *node, enum vs_lock_mode mode);
bool vs_rwlock_try(struct vs_queue_rwlock *rwlock, struct vs_lock_user *user,
                   enum vs_lock_mode mode);
void vs_rwlock_give(struct vs_queue_rwlock *rwlock, enum vs_lock_mode mode);

#endif
