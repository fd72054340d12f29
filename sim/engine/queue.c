/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The event queue: a winner tree with one leaf per vCPU, so that a queue is as
 * long as there are vCPUs, not steps.  A leaf holds the time of the vCPU's next
 * event, VS_NEVER where it has none; a node holds the smaller time of its two
 * children.  Leaves stand in the order of actors, so going down from the root to
 * the left wherever the left child has the root's time finds the first by
 * (time, actor index) without any index stored or compared.
 *
 * Against a heap: 8 bytes a node, nobody else's place moves, a level is a
 * minimum without a branch to mispredict, and adding stops at the first node
 * that the new time does not win.
 */
#include <assert.h>
#include <stdlib.h>

#include "internal.h"

int vs_queue_setup(struct vs_engine *engine)
{
    struct vs_queue *queue = &engine->queue;
    queue->leaves = 2;
    while (queue->leaves < engine->workload->actor_count)
        queue->leaves *= 2;
    queue->at = vs_hot_alloc(2 * (size_t)queue->leaves * sizeof *queue->at);
    if (!queue->at)
        return VS_ERR_MEMORY;
    for (uint32_t i = 0; i < 2 * queue->leaves; i++)
        queue->at[i] = VS_NEVER;
    return 0;
}

void vs_queue_add(struct vs_engine *engine, uint16_t actor, vs_ps at)
{
    vs_ps *nodes = engine->queue.at;
    size_t i = (size_t)engine->queue.leaves + actor;
    assert(nodes[i] == VS_NEVER && at < VS_NEVER);
    engine->actors[actor].now = at;
    nodes[i] = at;
    for (i /= 2; i > 0 && nodes[i] > at; i /= 2)
        nodes[i] = at;
}

static inline size_t first_leaf(const struct vs_queue *queue)
{
    const vs_ps *nodes = queue->at;
    vs_ps first = nodes[1];
    size_t leaves = queue->leaves, i = 1;
    do {
        i *= 2;
        i += nodes[i] != first;
    } while (i < leaves);
    return i;
}

uint16_t vs_queue_first(const struct vs_engine *engine)
{
    return (uint16_t)(first_leaf(&engine->queue) - engine->queue.leaves);
}

uint16_t vs_queue_take(struct vs_engine *engine)
{
    vs_ps *nodes = engine->queue.at;
    size_t leaf = first_leaf(&engine->queue), i = leaf;
    vs_ps least = VS_NEVER;
    nodes[leaf] = least;
    do {
        vs_ps other = nodes[i ^ 1];
        least = other < least ? other : least;
        i /= 2;
        nodes[i] = least;
    } while (i > 1);
    return (uint16_t)(leaf - engine->queue.leaves);
}
