/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is done once, or once in 281 s of virtual time; see queue.h. */
#include "queue.h"

#include <stdlib.h>

#include "internal.h"

int vs_queue_setup(struct vs_queue *queue, size_t actors)
{
    *queue = (struct vs_queue){.leaves = 2};
    while (queue->leaves < actors)
        queue->leaves *= 2;
    queue->nodes = vs_hot_reserve(2 * (size_t)queue->leaves * sizeof *queue->nodes);
    queue->at = vs_hot_alloc((size_t)queue->leaves * sizeof *queue->at);
    if (!queue->nodes || !queue->at)
        return VS_ERR_MEMORY;
    for (uint32_t i = 0; i < 2 * queue->leaves; i++)
        queue->nodes[i] = VS_QUEUE_EMPTY;
    queue->nodes[0] = 0;
    return 0;
}

void vs_queue_release(struct vs_queue *queue)
{
    free(queue->nodes);
    free(queue->at);
}

/* Time of an actor's event. */
static vs_ps time_of(const struct vs_queue *queue, uint32_t actor)
{
    uint64_t ahead = queue->nodes[queue->leaves + actor] >> VS_QUEUE_ACTOR_BITS;
    return ahead < VS_QUEUE_FAR ? queue->base + ahead : queue->at[actor];
}

vs_ps vs_queue_scan(const struct vs_queue *queue)
{
    const uint64_t *leaf = &queue->nodes[queue->leaves];
    vs_ps first = VS_NEVER;
    for (uint32_t i = 0; i < queue->leaves; i++)
        if (leaf[i] != VS_QUEUE_EMPTY && time_of(queue, i) < first)
            first = time_of(queue, i);
    return first;
}

void vs_queue_rebase(struct vs_queue *queue, vs_ps base)
{
    uint64_t *leaf = &queue->nodes[queue->leaves];
    struct vs_queue moved = *queue;
    moved.base = base;
    for (uint32_t i = 0; i < queue->leaves; i++) {
        if (leaf[i] == VS_QUEUE_EMPTY)
            continue;
        queue->at[i] = time_of(queue, i);
        leaf[i] = vs_queue_key(&moved, (uint16_t)i, queue->at[i]);
    }
    queue->base = base;
    for (size_t i = queue->leaves; i-- > 1;) {
        uint64_t left = queue->nodes[2 * i], right = queue->nodes[2 * i + 1];
        queue->nodes[i] = left < right ? left : right;
    }
}
