/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A shorter way to the same result, for a narrow class of replays: every call is
 *
 *   work, take a fair reader/writer lock, [take its device's FIFO spinlock,] work,
 *   give back in reverse order, work
 *
 * on a machine whose cache lines cost nothing.  vs_shortcut_plan decides from the
 * compiled code, the machine and the calls; whoever is outside goes the general
 * way (step.c).  The general engine stays the definition: tests compare whole
 * results, byte for byte, on random members of the class.
 *
 * Why it is exact.  A release inside the class has no effect but on who may come
 * next, and when it happens is known as soon as its grant is:
 *
 * - The inner lock is exclusive and FIFO, belongs to one outer instance, and is
 *   asked for at the instant of the outer grant.  Outer grants come in the order
 *   of time, so asks do too: grant = max(ask, release of the one before).
 * - A reader's release then is grant + work.  It takes place without an event;
 *   whoever needs to know whether it came before an ask compares (time, rank).
 *   That is the engine's order of events: work before an ask and work inside take
 *   at least 1 ps (the plan checks it), so both stood in the queue before their
 *   instant began, and at one instant rank decides.
 * - A writer that finds readers is granted at the last of their releases: nobody
 *   passes a waiting writer.  All of them are known when it asks.
 * - A writer's release stays an event: who queued behind it gets the lock then.
 *   When no other event falls on that instant, the readers first in line get in one
 *   after the other: each looks as soon as the one before has looked, and asks
 *   inside when nobody of lower rank is about to act.  So they ask in the order of
 *   the line, but for runs of falling rank, which come reversed (drain).  With
 *   another event at the same instant (an arrival may then take the word past the
 *   line, as in Xen) each look is an event of its own, as in the general engine.
 *
 * So most calls take one event.  All that is measured is a sum, a maximum, or a
 * count over grants, waits and holds, and does not depend on the order in which
 * they are added.  "Time passes on the account of the last acquirer" (blame.c)
 * needs the order of grants, which is the order of lines.
 *
 * Cost of a call: one event, O(log vCPUs); a wait for the inner lock goes through
 * those ahead of it.  Memory: 128 bytes a vCPU, 64 a device, and per outer lock
 * some 650 bytes and, when it is global, 32 per domain.
 */
#ifndef VS_ENGINE_SHORTCUT_H
#define VS_ENGINE_SHORTCUT_H

#include "internal.h"

#define VS_SHORT_GROUPS_MAX 8 /* operations x modes */
#define VS_SHORT_CHAINS     64

/* Time between two lock steps. */
struct vs_short_segment {
    vs_ps work_ps;
    vs_ps cycle_ps;       /* of its config cycle where nothing was measured */
    uint32_t cycle_count; /* its part of shape.cycles; 0: it has none */
};

/* A shape's program. */
struct vs_short_shape {
    struct vs_short_segment before, held, after;
    vs_ps base_ps;
    struct vs_latency_counts **cells; /* per domain */
    uint32_t cycles, steps;
    bool plain; /* one config cycle at most, and that while the locks are held */
    uint8_t op;
    uint8_t group; /* index into groups */
    uint8_t mode;  /* READ or WRITE: of the outer lock */
    bool inner;    /* takes its device's lock */
} __attribute__((aligned(128)));

struct vs_short_group {
    uint8_t op, mode;
};

struct vs_short_plan {
    struct vs_short_shape *shapes; /* per shape of the workload; those without calls are empty */
    struct vs_short_group groups[VS_SHORT_GROUPS_MAX];
    uint32_t group_count;
    uint8_t outer, inner; /* declared locks */
    bool has_inner;
};

/* What a vCPU's entry in the queue stands for. */
enum vs_short_event {
    VS_SHORT_ASK,     /* it asks for the outer lock */
    VS_SHORT_RELEASE, /* a writer gives everything back */
    VS_SHORT_LOOK,    /* first in line, it looks whether it may have the lock */
    VS_SHORT_INNER    /* a reader asks for the inner lock */
};

struct vs_short_outer;

/* A vCPU: two cache lines. */
struct vs_short_lane {
    const struct vs_short_shape *shape; /* of its call, NULL before the first */
    struct vs_short_outer *outer;       /* its instance of the outer lock */
    vs_ps asked, waited; /* outer lock: when, and how long this call waited for locks */
    vs_ps held_ps, after_ps;
    vs_ps due, entered;
    vs_ps end;      /* of the last call */
    vs_ps released; /* the outer lock, last or soon */
    vs_ps inner_granted;
    uint32_t next, stop; /* its calls in the streams */
    uint16_t domain, device;
    uint16_t next_waiter;
    uint16_t ahead; /* who had the inner lock when it asked, if it waited for that */
    uint16_t chain_next, chain_before;
    uint8_t event;
    uint8_t inner_group;
    bool touched; /* it has asked for the outer lock before */
    bool wrote;   /* its last release was a writer's */
    bool chained; /* its release is in a chain */
} __attribute__((aligned(128)));
_Static_assert(sizeof(struct vs_short_lane) == 128, "a vCPU is two cache lines");

struct vs_short_counts {
    uint64_t acquire, transfer, wait;
    vs_ps wait_ps, wait_max_ps, hold_ps, hold_max_ps, cross_domain_ps, sojourn;
};

struct vs_short_inner {
    vs_ps free; /* its last release; 0: long ago */
    vs_ps wait_ps, wait_max_ps, hold_ps, hold_max_ps, sojourn;
    uint32_t acquire, transfer, wait;
    uint16_t last; /* who asked last */
} __attribute__((aligned(64)));

struct vs_short_outer {
    bool closed;    /* a writer has it, or is first in line and waits for readers */
    bool changing;  /* a writer's grant lies ahead: change_* */
    bool unsettled; /* that writer's grant is not known: readers have yet to ask inside */
    uint16_t head, tail, waiters;
    uint16_t asking; /* readers that have it and have yet to ask for the inner lock */
    /* The cache line: its last touch by an event, the last grant to a waiting writer,
     * the last release of a reader, and all readers' by time. */
    uint16_t touch_actor, writer_actor, last_actor;
    vs_ps touch_at, writer_at, last_at;
    uint64_t chains; /* which are not empty */
    uint16_t chain[VS_SHORT_CHAINS];
    /* Whose account waiting is on: blame.c, with arrivals corrected at once. */
    uint8_t blamed_group, change_group;
    bool change_waited;
    uint16_t blamed_domain, change_domain;
    uint32_t blame_waiters;
    vs_ps since, change_at;
    uint32_t waiting[VS_SHORT_GROUPS_MAX];
    vs_ps late[VS_SHORT_GROUPS_MAX][2]; /* since to arrivals: the holder's domain, others */
    uint32_t *waiting_in; /* [domain * GROUPS_MAX + group]; NULL where all callers are of one */
    struct vs_short_counts counts[VS_MODE_COUNT];
};

struct vs_short_run {
    struct vs_engine *engine;
    const struct vs_short_plan *plan;
    struct vs_short_lane *lanes;
    struct vs_short_inner *inner;
    struct vs_short_outer *outer;
    uint32_t outer_count;
    uint16_t *stack; /* readers of one batch that have looked and not yet asked inside, above
                      * VS_NOBODY */
    /* [waiter's group][holder's group] -> engine.blocked_ps: same domain, then another. */
    vs_ps *outer_blame[VS_SHORT_GROUPS_MAX][VS_SHORT_GROUPS_MAX];
    vs_ps *inner_blame[VS_SHORT_GROUPS_MAX][VS_SHORT_GROUPS_MAX];
    vs_ps think_ps, wait_ps, work_ps;
};

/* Is this replay in the class?  1: planned, 0: no, VS_ERR_MEMORY. */
int vs_shortcut_plan(const struct vs_engine *engine, struct vs_short_plan *plan);
void vs_shortcut_plan_release(struct vs_short_plan *plan);
/* Run all events; leaves engine's counters as the general way would.  0, VS_ERR_MEMORY
 * or VS_ERR_STOPPED. */
int vs_shortcut_run(struct vs_engine *engine, const struct vs_short_plan *plan,
                    struct vs_error *error);

/* Parts of it: memory, before the first event; what it counted, for the result; and the end
 * in any case.  0 or VS_ERR_MEMORY.  In between, the engine's actors and counts are NULL. */
int vs_short_begin(struct vs_short_run *run);
int vs_short_report(struct vs_short_run *run);
void vs_short_release(struct vs_short_run *run);

/* Does (at, actor) come after (now, other) in the order of events? */
static inline bool vs_short_after(vs_ps at, uint16_t actor, vs_ps now, uint16_t other)
{
    return at > now || (at == now && actor > other);
}

#endif
