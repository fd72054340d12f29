/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Userspace RCU behind our own names: the only file that includes it. */
#include "rcu.h"

#include <stdatomic.h>
#include <urcu-qsbr.h>

typedef void (*callback_function)(void *head);

/* What the library is handed is its struct; the function that it calls gets it back.
 * The library orders the two threads in a way that ThreadSanitizer does not see; the
 * release and acquire of the function say it once more. */
struct head {
    struct rcu_head rcu;
    _Atomic(callback_function) function;
};
_Static_assert(sizeof(struct head) <= VS_URCU_HEAD_BYTES, "a head fits into what is promised");

void vs_urcu_prepare(void)
{
    urcu_qsbr_get_default_call_rcu_data();
}

void vs_urcu_thread_begin(void)
{
    urcu_qsbr_register_thread();
}

void vs_urcu_thread_end(void)
{
    urcu_qsbr_unregister_thread();
}

void vs_urcu_online(void)
{
    urcu_qsbr_thread_online();
}

void vs_urcu_offline(void)
{
    urcu_qsbr_thread_offline();
}

void vs_urcu_quiescent(void)
{
    urcu_qsbr_quiescent_state();
}

void vs_urcu_read_lock(void)
{
    urcu_qsbr_read_lock();
}

void vs_urcu_read_unlock(void)
{
    urcu_qsbr_read_unlock();
}

static void run(struct rcu_head *rcu)
{
    struct head *head = caa_container_of(rcu, struct head, rcu);
    atomic_load_explicit(&head->function, memory_order_acquire)(head);
}

void vs_urcu_call(void *memory, void (*function)(void *head))
{
    struct head *head = memory;
    atomic_store_explicit(&head->function, function, memory_order_release);
    urcu_qsbr_call_rcu(&head->rcu, run);
}

void vs_urcu_synchronize(void)
{
    urcu_qsbr_synchronize_rcu();
}
