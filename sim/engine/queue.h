/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The event queue: a winner tree with one leaf per vCPU, so that a queue is as
 * long as there are vCPUs, not steps.  Order: (time, actor index).
 *
 * A node is one number: time since the queue's base, then the actor in the low 16
 * bits, so that one comparison orders by both and a level is a minimum without a
 * branch.  48 bits of picoseconds are 281 s; what lies further ahead counts as
 * far, and when only far events are left the base moves to the first of them.
 *
 * Against a heap: 8 bytes a node, nobody else's place moves, and adding stops at
 * the first node that the new time does not win.
 */
#ifndef VS_ENGINE_QUEUE_H
#define VS_ENGINE_QUEUE_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/units.h"

#define VS_NEVER UINT64_MAX

#define VS_QUEUE_EMPTY      UINT64_MAX
#define VS_QUEUE_ACTOR_BITS 16u
#define VS_QUEUE_FAR        ((UINT64_C(1) << (64u - VS_QUEUE_ACTOR_BITS)) - 1)

struct vs_queue {
    uint64_t *nodes; /* the root is 1; leaves from [leaves] on, by actor; 0: less than all */
    vs_ps *at;       /* per actor with a far event: its time */
    vs_ps base;      /* no event is earlier */
    uint32_t leaves; /* a power of two */
};

/* Empty, for so many actors; VS_ERR_MEMORY.  Time begins at 0. */
int vs_queue_setup(struct vs_queue *queue, size_t actors);
void vs_queue_release(struct vs_queue *queue);
/* Move the base to this time; no event is earlier. */
void vs_queue_rebase(struct vs_queue *queue, vs_ps base);
/* Time of the first event, by a look at all. */
vs_ps vs_queue_scan(const struct vs_queue *queue);

static inline uint64_t vs_queue_key(const struct vs_queue *queue, uint16_t actor, vs_ps at)
{
    uint64_t ahead = at - queue->base;
    ahead = ahead < VS_QUEUE_FAR ? ahead : VS_QUEUE_FAR;
    return ahead << VS_QUEUE_ACTOR_BITS | actor;
}

/* What a leaf holds for an event at this time, VS_NEVER: none. */
static inline uint64_t vs_queue_leaf(struct vs_queue *queue, uint16_t actor, vs_ps at)
{
    uint64_t ahead = at - queue->base;
    if (__builtin_expect(ahead < VS_QUEUE_FAR, 1))
        return ahead << VS_QUEUE_ACTOR_BITS | actor;
    if (at == VS_NEVER)
        return VS_QUEUE_EMPTY;
    if (at < queue->base) /* the base went far ahead, and then something else happened */
        vs_queue_rebase(queue, at);
    queue->at[actor] = at;
    return vs_queue_key(queue, actor, at);
}

/* Time of the first event, VS_NEVER: there is none. */
static inline vs_ps vs_queue_next(struct vs_queue *queue)
{
    if (queue->nodes[1] >= VS_QUEUE_FAR << VS_QUEUE_ACTOR_BITS) {
        if (queue->nodes[1] == VS_QUEUE_EMPTY)
            return VS_NEVER;
        vs_queue_rebase(queue, vs_queue_scan(queue));
    }
    return queue->base + (queue->nodes[1] >> VS_QUEUE_ACTOR_BITS);
}

/* Its actor, after vs_queue_next has found one. */
static inline uint16_t vs_queue_first(const struct vs_queue *queue)
{
    return (uint16_t)queue->nodes[1];
}

/* An event for an actor that has none. */
static inline void vs_queue_insert(struct vs_queue *queue, uint16_t actor, vs_ps at)
{
    uint64_t *nodes = queue->nodes, key = vs_queue_leaf(queue, actor, at);
    size_t i = (size_t)queue->leaves + actor;
    assert(nodes[i] == VS_QUEUE_EMPTY && at < VS_NEVER);
    do {
        nodes[i] = key;
        i /= 2;
    } while (nodes[i] > key);
}

/* One level up: what the parent of node i holds. */
static inline uint64_t vs_queue_up(uint64_t *nodes, size_t i, uint64_t least)
{
    uint64_t other = nodes[i ^ 1];
    least = other < least ? other : least;
    nodes[i / 2] = least;
    return least;
}

/* This event in place of the one that an actor has; VS_NEVER: none. */
static inline void vs_queue_replace(struct vs_queue *queue, uint16_t actor, vs_ps at)
{
    uint64_t *nodes = queue->nodes, least = vs_queue_leaf(queue, actor, at);
    size_t i = (size_t)queue->leaves + actor;
    nodes[i] = least;
    for (; i >= 8; i /= 8) { /* three levels with one test */
        least = vs_queue_up(nodes, i, least);
        least = vs_queue_up(nodes, i / 2, least);
        least = vs_queue_up(nodes, i / 4, least);
    }
    for (; i > 1; i /= 2)
        least = vs_queue_up(nodes, i, least);
}

/* Does an event come before this actor's at time now?  It has none in the queue.  Far
 * ahead, or before the base, the answer is yes: queued, its turn will come. */
static inline bool vs_queue_precedes(const struct vs_queue *queue, uint16_t actor, vs_ps now)
{
    if (now < queue->base + (queue->nodes[1] >> VS_QUEUE_ACTOR_BITS))
        return false; /* no event is as early */
    uint64_t key = vs_queue_key(queue, actor, now);
    return queue->nodes[1] < key ||
           (key >= VS_QUEUE_FAR << VS_QUEUE_ACTOR_BITS && queue->nodes[1] != VS_QUEUE_EMPTY);
}

#endif
