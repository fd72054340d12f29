/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The event queue: a winner tree with one leaf per vCPU, so that a queue is as
 * long as there are vCPUs, not steps.  A leaf holds the time of the vCPU's next
 * event, VS_NEVER where it has none; a node holds the smaller time of its two
 * children and whose it is.  Leaves stand in the order of actors, so of equal
 * times the left one's is the first by (time, actor index).
 *
 * Against a heap: 10 bytes a node, nobody else's place moves, a level is a
 * minimum without a branch to mispredict, and adding stops at the first node
 * that the new time does not win.
 */
#include <stdlib.h>

#include "internal.h"

int vs_queue_setup(struct vs_engine *engine)
{
    struct vs_queue *queue = &engine->queue;
    queue->leaves = 2;
    while (queue->leaves < engine->workload->actor_count)
        queue->leaves *= 2;
    queue->at = vs_hot_alloc(2 * (size_t)queue->leaves * sizeof *queue->at);
    queue->who = vs_hot_alloc(2 * (size_t)queue->leaves * sizeof *queue->who);
    if (!queue->at || !queue->who)
        return VS_ERR_MEMORY;
    for (uint32_t i = 2 * queue->leaves; i-- > 0;) {
        queue->at[i] = VS_NEVER;
        queue->who[i] = i >= queue->leaves ? (uint16_t)(i - queue->leaves) : queue->who[2 * i];
    }
    return 0;
}

void vs_queue_add(struct vs_engine *engine, uint16_t actor, vs_ps at)
{
    engine->actors[actor].now = at;
    vs_queue_insert(&engine->queue, actor, at);
}

uint16_t vs_queue_take(struct vs_engine *engine)
{
    uint16_t actor = vs_queue_first(engine);
    vs_queue_replace(&engine->queue, actor, VS_NEVER);
    return actor;
}
