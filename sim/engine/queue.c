/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The event queue: a winner tree with one leaf per vCPU, so that a queue is as
 * long as there are vCPUs, not steps.  A leaf holds the time of the vCPU's next
 * event, VS_NEVER where it has none; a node holds the earlier of its two
 * children.  Leaves stand in the order of actors and the left child wins a tie,
 * so the order is (time, actor index) without comparing indices.
 *
 * Against a heap: no moves of other vCPUs' places, one comparison a level
 * without a branch to mispredict, and adding stops at the first node that the
 * new time does not win.
 */
#include <assert.h>
#include <stdlib.h>

#include "internal.h"

int vs_queue_setup(struct vs_engine *engine)
{
    struct vs_queue *queue = &engine->queue;
    uint32_t leaves = 2;
    while (leaves < engine->workload->actor_count)
        leaves *= 2;
    queue->leaves = leaves;
    queue->nodes = vs_hot_alloc(2 * (size_t)leaves * sizeof *queue->nodes);
    if (!queue->nodes)
        return VS_ERR_MEMORY;
    for (uint32_t i = 0; i < 2 * leaves; i++)
        queue->nodes[i] = (struct vs_queue_node){.at = VS_NEVER, .actor = VS_NOBODY};
    return 0;
}

void vs_queue_add(struct vs_engine *engine, uint16_t actor, vs_ps at)
{
    struct vs_queue_node *nodes = engine->queue.nodes;
    struct vs_queue_node added = {.at = at, .actor = actor};
    uint32_t i = engine->queue.leaves + actor;
    assert(nodes[i].at == VS_NEVER && at < VS_NEVER);
    engine->actors[actor].now = at;
    nodes[i] = added;
    while (i > 1) {
        i /= 2;
        if (nodes[i].at < at || (nodes[i].at == at && nodes[i].actor < actor))
            break;
        nodes[i] = added;
    }
}

uint16_t vs_queue_take(struct vs_engine *engine)
{
    struct vs_queue_node *nodes = engine->queue.nodes;
    uint16_t first = nodes[1].actor;
    uint32_t i = engine->queue.leaves + first;
    vs_ps at = VS_NEVER;
    uint16_t actor = VS_NOBODY;
    nodes[i].at = at;
    /* It had won every node above it: replay them all.  A sibling at the left (i is
     * odd) wins ties. */
    while (i > 1) {
        const struct vs_queue_node *other = &nodes[i ^ 1];
        bool wins = other->at < at + (i & 1);
        at = wins ? other->at : at;
        actor = wins ? other->actor : actor;
        i /= 2;
        nodes[i].at = at;
        nodes[i].actor = actor;
    }
    return first;
}
