/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * liburcu, QSBR flavour, as Xen's RCU: a read section costs nothing and touches
 * nothing; a thread that runs holds grace periods up until it says that it is
 * quiescent, as a pCPU does until it passes softirqs; one that is in the guest or
 * idle does not (offline).  A thread that spins on a lock holds them up, too.
 */
#ifndef VS_THREADS_RCU_H
#define VS_THREADS_RCU_H

#include <stddef.h>

/* Start liburcu's own thread now, from here, as it inherits the caller's CPUs and priority. */
void vs_urcu_prepare(void);

/* A thread takes part from begin to end; in between it is online or offline. */
void vs_urcu_thread_begin(void);
void vs_urcu_thread_end(void);
void vs_urcu_online(void);
void vs_urcu_offline(void);
void vs_urcu_quiescent(void);

void vs_urcu_read_lock(void);
void vs_urcu_read_unlock(void);

/* A callback's own memory, VS_URCU_HEAD_BYTES of it, aligned for a pointer, until it ran. */
#define VS_URCU_HEAD_BYTES 32
/* function(head) after a grace period, on liburcu's own thread, in the order of the calls
 * of one thread. */
void vs_urcu_call(void *head, void (*function)(void *head));
/* Wait for a grace period. */
void vs_urcu_synchronize(void);

#endif
