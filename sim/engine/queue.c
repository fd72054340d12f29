/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The event queue: a 4-ary heap with one entry per vCPU that has a next event,
 * ordered by (time, actor index).  Four children share a cache line's worth of
 * indices, and the queue is as long as there are vCPUs, not steps.
 */
#include <assert.h>

#include "internal.h"

static bool before(const struct vs_engine *engine, uint16_t a, uint16_t b)
{
    vs_ps at_a = engine->actors[a].now, at_b = engine->actors[b].now;
    return at_a < at_b || (at_a == at_b && a < b);
}

static void place(struct vs_engine *engine, uint32_t at, uint16_t actor)
{
    engine->heap[at] = actor;
    engine->actors[actor].heap_at = at;
}

static void sift_up(struct vs_engine *engine, uint32_t at, uint16_t actor)
{
    while (at > 0) {
        uint32_t parent = (at - 1) / 4;
        if (!before(engine, actor, engine->heap[parent]))
            break;
        place(engine, at, engine->heap[parent]);
        at = parent;
    }
    place(engine, at, actor);
}

static void sift_down(struct vs_engine *engine, uint32_t at, uint16_t actor)
{
    for (;;) {
        uint32_t child = 4 * at + 1, best = child;
        if (child >= engine->heap_count)
            break;
        uint32_t last = child + 4 < engine->heap_count ? child + 4 : engine->heap_count;
        for (uint32_t i = child + 1; i < last; i++)
            if (before(engine, engine->heap[i], engine->heap[best]))
                best = i;
        if (!before(engine, engine->heap[best], actor))
            break;
        place(engine, at, engine->heap[best]);
        at = best;
    }
    place(engine, at, actor);
}

void vs_queue_add(struct vs_engine *engine, uint16_t actor, vs_ps at)
{
    struct vs_actor_run *run = &engine->actors[actor];
    assert(run->heap_at == UINT32_MAX);
    run->now = at;
    sift_up(engine, engine->heap_count++, actor);
}

uint16_t vs_queue_take(struct vs_engine *engine)
{
    uint16_t first = engine->heap[0];
    engine->actors[first].heap_at = UINT32_MAX;
    if (--engine->heap_count > 0)
        sift_down(engine, 0, engine->heap[engine->heap_count]);
    return first;
}
