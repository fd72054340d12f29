/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The outer lock's cache line in the shortcut: it costs nothing there, but a
 * result counts the acquisitions whose line came from another CPU.  The line is
 * elsewhere when somebody else touched it since this vCPU's own last touch, which
 * was its release: by asking, by being granted after a wait, or by releasing.
 * Readers' releases are no events, so they are kept by time: a hash of short
 * chains for each lock, which a vCPU's release leaves when it asks again.
 */
#ifndef VS_ENGINE_SHORTCUT_LINE_H
#define VS_ENGINE_SHORTCUT_LINE_H

#include "shortcut.h"

#define VS_SHORT_CHAIN_PS_SHIFT \
    14 /* 16 ns: shorter than what holds a lock, longer than most gaps */

static inline unsigned int vs_short_chain_of(vs_ps at)
{
    return (unsigned int)(at >> VS_SHORT_CHAIN_PS_SHIFT) % VS_SHORT_CHAINS;
}

static inline void vs_short_unchain(const struct vs_short_run *run, struct vs_short_outer *outer,
                                    struct vs_short_lane *lane)
{
    if (!lane->chained)
        return;
    lane->chained = false;
    if (lane->chain_next != VS_NOBODY)
        run->lanes[lane->chain_next].chain_before = lane->chain_before;
    if (lane->chain_before != VS_NOBODY) {
        run->lanes[lane->chain_before].chain_next = lane->chain_next;
        return;
    }
    unsigned int chain = vs_short_chain_of(lane->released);
    outer->chain[chain] = lane->chain_next;
    if (lane->chain_next == VS_NOBODY)
        outer->chains ^= UINT64_C(1) << chain;
}

/* A reader will release at lane.released. */
static inline void vs_short_note_release(const struct vs_short_run *run,
                                         struct vs_short_outer *outer, struct vs_short_lane *lane,
                                         uint16_t actor)
{
    unsigned int chain = vs_short_chain_of(lane->released);
    uint16_t first = outer->chain[chain];
    lane->chained = true;
    lane->chain_before = VS_NOBODY;
    lane->chain_next = first;
    if (first != VS_NOBODY)
        run->lanes[first].chain_before = actor;
    outer->chain[chain] = actor;
    outer->chains |= UINT64_C(1) << chain;
    if (vs_short_after(lane->released, actor, outer->last_at, outer->last_actor)) {
        outer->last_actor = actor;
        outer->last_at = lane->released;
    }
}

/* Did another reader release between this vCPU's release and now?  Its own is in no chain. */
static inline bool vs_short_released_between(const struct vs_short_run *run,
                                             const struct vs_short_outer *outer, uint16_t actor,
                                             vs_ps now)
{
    vs_ps own = run->lanes[actor].released;
    vs_ps first = own >> VS_SHORT_CHAIN_PS_SHIFT, last = now >> VS_SHORT_CHAIN_PS_SHIFT;
    if (first == last && !(outer->chains >> first % VS_SHORT_CHAINS & 1))
        return false;
    if (last - first >= VS_SHORT_CHAINS)
        last = first + VS_SHORT_CHAINS - 1;
    for (vs_ps i = first; i <= last; i++) {
        if (!(outer->chains >> i % VS_SHORT_CHAINS & 1))
            continue;
        for (uint16_t at = outer->chain[i % VS_SHORT_CHAINS]; at != VS_NOBODY;
             at = run->lanes[at].chain_next)
            if (vs_short_after(run->lanes[at].released, at, own, actor) &&
                !vs_short_after(run->lanes[at].released, at, now, actor))
                return true;
    }
    return false;
}

/* Did the line come from another CPU, for who asks now? */
static inline bool vs_short_moved(const struct vs_short_run *run,
                                  const struct vs_short_outer *outer,
                                  const struct vs_short_lane *lane, uint16_t actor, vs_ps now)
{
    if (!lane->touched)
        return outer->touch_actor != VS_NOBODY;
    /* A writer's release was an event: another's touch that is the last came after it. */
    if (outer->touch_actor != actor &&
        (lane->wrote || vs_short_after(outer->touch_at, outer->touch_actor, lane->released, actor)))
        return true;
    if (outer->writer_actor != actor && outer->writer_at >= lane->released &&
        outer->writer_at < now)
        return true;
    if (!vs_short_after(outer->last_at, outer->last_actor, lane->released, actor))
        return false;
    return !vs_short_after(outer->last_at, outer->last_actor, now, actor) ||
           vs_short_released_between(run, outer, actor, now);
}

#endif
