/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which implementation stands for which kind, and how locks and nodes come to be. */
#include "lock.h"

#include <stdlib.h>
#include <string.h>

const struct vs_real_lock_ops *const vs_real_lock_ops[VS_LOCK_KIND_COUNT] = {
    [VS_LOCK_TICKET] = &vs_real_ticket_ops, [VS_LOCK_RECURSIVE] = &vs_real_recursive_ops,
    [VS_LOCK_RWLOCK] = &vs_real_rwlock_ops, [VS_LOCK_PERCPU_RWLOCK] = &vs_real_percpu_ops,
    [VS_LOCK_MCS] = &vs_real_mcs_ops,       [VS_LOCK_CLH] = &vs_real_clh_ops,
};

int vs_real_lock_setup(struct vs_real_lock *lock, enum vs_lock_kind kind, uint16_t users)
{
    memset(lock, 0, sizeof *lock);
    lock->kind = (uint8_t)kind;
    lock->users = users;
    if (kind == VS_LOCK_MCS)
        ck_spinlock_mcs_init(&lock->mcs);
    if (kind == VS_LOCK_CLH)
        ck_spinlock_clh_init(&lock->clh, &lock->clh_first);
    if (kind != VS_LOCK_PERCPU_RWLOCK)
        return 0;
    size_t size_bytes = (size_t)users * sizeof *lock->slots;
    lock->slots = aligned_alloc(VS_LINE_BYTES, size_bytes);
    if (!lock->slots)
        return VS_ERR_MEMORY;
    memset(lock->slots, 0, size_bytes);
    return 0;
}

void vs_real_lock_release(struct vs_real_lock *lock)
{
    if (!lock)
        return;
    free(lock->slots);
    lock->slots = NULL;
}

void vs_lock_node_setup(struct vs_lock_node *node)
{
    memset(node, 0, sizeof *node);
    node->clh = &node->clh_first;
}
