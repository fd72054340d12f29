/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The events of the shortcut; shortcut.h says what it is and why it is exact. */
#include "shortcut.h"

#include "shortcut_calls.h"
#include "shortcut_line.h"

/* ------------------------------------------------------------------- blame */

/* What was waited since the last settling goes on the account of the last acquirer. */
static void settle(struct vs_short_run *run, struct vs_short_outer *outer, vs_ps at)
{
    if (outer->blame_waiters == 0 || at <= outer->since)
        return;
    vs_ps passed = at - outer->since;
    for (uint32_t i = 0; i < run->plan->group_count; i++) {
        uint32_t waiting = outer->waiting[i], beside = waiting;
        if (waiting == 0)
            continue;
        if (outer->waiting_in)
            beside = outer->waiting_in[outer->blamed_domain * VS_SHORT_GROUPS_MAX + i];
        vs_ps *cell = run->outer_blame[i][outer->blamed_group];
        vs_ps others_ps = passed * (waiting - beside) - outer->late[i][1];
        cell[0] += passed * beside - outer->late[i][0];
        cell[1] += others_ps;
        outer->counts[run->plan->groups[i].mode].cross_domain_ps += others_ps;
        outer->late[i][0] = outer->late[i][1] = 0;
    }
    outer->since = at;
}

static inline void enter_group(struct vs_short_outer *outer, uint8_t group, uint16_t domain)
{
    outer->waiting[group]++;
    if (outer->waiting_in)
        outer->waiting_in[domain * VS_SHORT_GROUPS_MAX + group]++;
}

static inline void leave_group(struct vs_short_outer *outer, uint8_t group, uint16_t domain)
{
    outer->waiting[group]--;
    if (outer->waiting_in)
        outer->waiting_in[domain * VS_SHORT_GROUPS_MAX + group]--;
}

/* A writer's grant that lay ahead has come. */
static __attribute__((noinline)) void apply_change(struct vs_short_run *run,
                                                   struct vs_short_outer *outer)
{
    settle(run, outer, outer->change_at);
    if (outer->change_waited) {
        outer->blame_waiters--;
        leave_group(outer, outer->change_group, outer->change_domain);
    }
    outer->blamed_group = outer->change_group;
    outer->blamed_domain = outer->change_domain;
    outer->changing = false;
}

static void begin_wait(struct vs_short_run *run, struct vs_short_outer *outer, uint16_t actor,
                       vs_ps now)
{
    struct vs_short_lane *lane = &run->lanes[actor];
    uint8_t group = lane->shape->group;
    if (outer->blame_waiters == 0)
        outer->since = now;
    outer->late[group][lane->domain != outer->blamed_domain] += now - outer->since;
    outer->blame_waiters++;
    enter_group(outer, group, lane->domain);
    vs_buckets_begin_wait(&run->engine->buckets, lane->entered, now);
    lane->next_waiter = VS_NOBODY;
    if (outer->waiters++ == 0)
        outer->head = actor;
    else
        run->lanes[outer->tail].next_waiter = actor;
    outer->tail = actor;
}

static uint16_t pop_waiter(struct vs_short_run *run, struct vs_short_outer *outer)
{
    uint16_t actor = outer->head;
    outer->head = run->lanes[actor].next_waiter;
    outer->waiters--;
    return actor;
}

/* --------------------------------------------------------------- the inner lock */

/* On whose account a wait for the inner lock goes: all those ahead, back to the one
 * that had it at the time of asking. */
static __attribute__((noinline)) void blame_inner(struct vs_short_run *run, uint8_t group,
                                                  uint16_t ahead, vs_ps asked, vs_ps granted)
{
    for (vs_ps until = granted;; ahead = run->lanes[ahead].ahead) {
        const struct vs_short_lane *holder = &run->lanes[ahead];
        vs_ps from = holder->inner_granted > asked ? holder->inner_granted : asked;
        run->inner_blame[group][holder->inner_group][0] += until - from;
        if (from == asked)
            return;
        until = from;
    }
}

/* Take the device's lock, asked for at time now; when it is given back.  exclusive: nobody
 * else can have it. */
static inline __attribute__((always_inline)) vs_ps pass_inner(struct vs_short_run *run,
                                                              uint16_t actor, vs_ps now,
                                                              bool exclusive)
{
    struct vs_short_lane *lane = &run->lanes[actor];
    const struct vs_short_shape *shape = lane->shape;
    vs_ps granted = now;
    if (!shape->inner)
        return now + lane->held_ps;
    struct vs_short_inner *inner = &run->inner[lane->device];
    inner->transfer += inner->last != actor; /* the first one too: report_inner */
    if (!exclusive && vs_short_after(inner->free, inner->last, now, actor)) {
        granted = inner->free;
        vs_ps wait = granted - now;
        lane->ahead = inner->last;
        inner->wait++;
        inner->wait_ps += wait;
        if (wait > inner->wait_max_ps)
            inner->wait_max_ps = wait;
        lane->waited += wait;
        if (wait > 0)
            blame_inner(run, shape->group, inner->last, now, granted);
        vs_buckets_add(&run->engine->buckets, now, granted, true);
    }
    vs_ps free = granted + lane->held_ps;
    lane->inner_granted = granted;
    lane->inner_group = shape->group;
    inner->acquire++;
    inner->hold_ps += lane->held_ps;
    if (lane->held_ps > inner->hold_max_ps)
        inner->hold_max_ps = lane->held_ps;
    inner->sojourn += free - now;
    inner->last = actor;
    inner->free = free;
    return free;
}

/* --------------------------------------------------------------- the outer lock */

/* What this call does in the hypervisor from the grant on is counted from there. */
static inline vs_ps count_wait(struct vs_short_counts *counts, struct vs_short_lane *lane,
                               vs_ps granted)
{
    vs_ps wait = granted - lane->asked;
    counts->wait_ps += wait;
    lane->waited = wait;
    lane->entered = granted;
    return wait;
}

/* So many have waited, of which who came first, for so long. */
static inline void end_waits(struct vs_short_run *run, struct vs_short_counts *counts,
                             uint32_t count, vs_ps longest, vs_ps granted)
{
    counts->wait += count;
    if (longest > counts->wait_max_ps)
        counts->wait_max_ps = longest;
    vs_buckets_end_waits(&run->engine->buckets, count, granted);
}

static inline void count_hold(struct vs_short_counts *counts, const struct vs_short_lane *lane,
                              vs_ps granted)
{
    vs_ps hold = lane->released - granted;
    counts->acquire++;
    counts->hold_ps += hold;
    if (hold > counts->hold_max_ps)
        counts->hold_max_ps = hold;
    counts->sojourn += lane->released - lane->asked;
}

static inline void blame_from_now(struct vs_short_outer *outer, uint8_t group, uint16_t domain)
{
    outer->blamed_group = group;
    outer->blamed_domain = domain;
}

/* A reader that has the outer lock asks for the inner one, and so is done: its next event. */
static inline __attribute__((always_inline)) vs_ps pass_reader(struct vs_short_run *run,
                                                               struct vs_short_outer *outer,
                                                               uint16_t actor, vs_ps now)
{
    struct vs_short_lane *lane = &run->lanes[actor];
    lane->released = pass_inner(run, actor, now, false);
    lane->wrote = false;
    count_hold(&outer->counts[VS_MODE_READ], lane, now);
    vs_short_note_release(run, outer, lane, actor);
    return vs_short_end_call(run, lane, lane->released);
}

/* A writer has it from time granted on, which may lie ahead: its release. */
static __attribute__((noinline)) vs_ps grant_writer(struct vs_short_run *run,
                                                    struct vs_short_outer *outer, uint16_t actor,
                                                    vs_ps granted, bool waited)
{
    struct vs_short_lane *lane = &run->lanes[actor];
    outer->closed = outer->changing = true;
    outer->change_at = granted;
    outer->change_waited = waited;
    outer->change_group = lane->shape->group;
    outer->change_domain = lane->domain;
    if (waited) {
        struct vs_short_counts *counts = &outer->counts[VS_MODE_WRITE];
        end_waits(run, counts, 1, count_wait(counts, lane, granted), granted);
        outer->writer_actor = actor;
        outer->writer_at = granted;
    }
    lane->released = pass_inner(run, actor, granted, true);
    lane->wrote = true;
    count_hold(&outer->counts[VS_MODE_WRITE], lane, granted);
    lane->event = VS_SHORT_RELEASE;
    return lane->released;
}

static bool readers_inside(const struct vs_short_outer *outer, uint16_t actor, vs_ps now)
{
    return outer->asking > 0 || (outer->last_actor != VS_NOBODY &&
                                 vs_short_after(outer->last_at, outer->last_actor, now, actor));
}

/* The first in line is a writer and there are readers: nobody passes it.  Its release, or
 * VS_NEVER while the readers' releases are not all known. */
static __attribute__((noinline)) vs_ps close_for(struct vs_short_run *run,
                                                 struct vs_short_outer *outer)
{
    outer->closed = true;
    outer->unsettled = outer->asking > 0;
    if (outer->unsettled)
        return VS_NEVER;
    uint16_t writer = pop_waiter(run, outer);
    return grant_writer(run, outer, writer, outer->last_at, true);
}

static void add_event(struct vs_short_run *run, uint16_t actor, vs_ps at)
{
    if (at != VS_NEVER)
        vs_queue_insert(&run->engine->queue, actor, at);
}

/* ------------------------------------------------------------------ events */

/* The actor asks for the outer lock: its next event. */
static inline __attribute__((always_inline)) vs_ps ask(struct vs_short_run *run,
                                                       struct vs_short_outer *outer, uint16_t actor,
                                                       vs_ps now)
{
    struct vs_short_lane *lane = &run->lanes[actor];
    uint8_t mode = lane->shape->mode;
    if (outer->changing && now >= outer->change_at)
        apply_change(run, outer);
    vs_short_unchain(run, outer, lane);
    outer->counts[mode].transfer += vs_short_moved(run, outer, lane, actor, now);
    outer->touch_actor = actor;
    outer->touch_at = now;
    lane->touched = true;
    lane->asked = now;
    if (mode == VS_MODE_READ && !outer->closed) {
        settle(run, outer, now);
        blame_from_now(outer, lane->shape->group, lane->domain);
        return pass_reader(run, outer, actor, now);
    }
    if (mode == VS_MODE_WRITE && !outer->closed && !readers_inside(outer, actor, now))
        return grant_writer(run, outer, actor, now, false);
    begin_wait(run, outer, actor, now);
    if (mode == VS_MODE_WRITE && outer->head == actor && !outer->closed)
        return close_for(run, outer);
    return VS_NEVER;
}

static inline __attribute__((always_inline)) void add_reader(struct vs_short_run *run,
                                                             struct vs_short_outer *outer,
                                                             uint16_t actor, vs_ps now)
{
    add_event(run, actor, pass_reader(run, outer, actor, now));
}

/* The readers first in line get in; what does not depend on their order is noted for all
 * of them at the end. */
static void admit_readers(struct vs_short_run *run, struct vs_short_outer *outer, vs_ps now)
{
    struct vs_short_counts *counts = &outer->counts[VS_MODE_READ];
    struct vs_short_lane *lanes = run->lanes;
    uint16_t *top = run->stack, actor = outer->head, last = actor;
    uint16_t left = outer->waiters;
    uint8_t group = 0;
    vs_ps longest = now - lanes[actor].asked;
    *top = VS_NOBODY; /* below all: no rank is as high */
    settle(run, outer, now);
    for (; left > 0; left--) {
        struct vs_short_lane *lane = &lanes[actor];
        if (lane->shape->mode != VS_MODE_READ)
            break;
        count_wait(counts, lane, now);
        group = lane->shape->group; /* its next call may be of another */
        leave_group(outer, group, lane->domain);
        for (; *top < actor; top--)
            add_reader(run, outer, *top, now);
        *++top = last = actor;
        actor = lane->next_waiter;
    }
    for (; *top != VS_NOBODY; top--)
        add_reader(run, outer, *top, now);
    end_waits(run, counts, (uint32_t)(outer->waiters - left), longest, now);
    outer->touch_actor = last;
    outer->touch_at = now;
    blame_from_now(outer, group, lanes[last].domain);
    outer->blame_waiters -= (uint32_t)(outer->waiters - left);
    outer->waiters = left;
    outer->head = actor;
}

/* Nothing else happens at this instant: the line goes in as far as it may. */
static void drain(struct vs_short_run *run, struct vs_short_outer *outer, vs_ps now)
{
    uint16_t actor = outer->head;
    if (run->lanes[actor].shape->mode == VS_MODE_WRITE) {
        pop_waiter(run, outer);
        add_event(run, actor, grant_writer(run, outer, actor, now, true));
        return;
    }
    admit_readers(run, outer, now);
    if (outer->waiters > 0) {
        actor = outer->head;
        add_event(run, actor, close_for(run, outer));
    }
}

/* The first in line will look at the word at this instant, in the order of events. */
static void wake_first(struct vs_short_run *run, struct vs_short_outer *outer, vs_ps now)
{
    if (outer->waiters == 0)
        return;
    run->lanes[outer->head].event = VS_SHORT_LOOK;
    vs_queue_insert(&run->engine->queue, outer->head, now);
}

static __attribute__((noinline)) void release_writer(struct vs_short_run *run,
                                                     struct vs_short_outer *outer, uint16_t actor,
                                                     vs_ps now)
{
    struct vs_queue *queue = &run->engine->queue;
    struct vs_short_lane *lane = &run->lanes[actor];
    if (outer->changing)
        apply_change(run, outer);
    outer->closed = false;
    outer->touch_actor = actor;
    outer->touch_at = now;
    if (lane->shape->inner)
        run->inner[lane->device].free = 0;
    vs_queue_replace(queue, actor, vs_short_end_call(run, lane, now));
    if (outer->waiters == 0)
        return;
    if (!vs_queue_precedes(queue, 0, now + 1))
        drain(run, outer, now);
    else
        wake_first(run, outer, now);
}

/* The first in line looks: its next event. */
static __attribute__((noinline)) vs_ps look(struct vs_short_run *run, struct vs_short_outer *outer,
                                            uint16_t actor, vs_ps now)
{
    struct vs_short_lane *lane = &run->lanes[actor];
    if (outer->closed) /* somebody went past */
        return VS_NEVER;
    if (lane->shape->mode == VS_MODE_READ) {
        pop_waiter(run, outer);
        struct vs_short_counts *counts = &outer->counts[VS_MODE_READ];
        settle(run, outer, now);
        outer->blame_waiters--;
        leave_group(outer, lane->shape->group, lane->domain);
        end_waits(run, counts, 1, count_wait(counts, lane, now), now);
        outer->touch_actor = actor;
        outer->touch_at = now;
        blame_from_now(outer, lane->shape->group, lane->domain);
        outer->asking++;
        lane->event = VS_SHORT_INNER;
        wake_first(run, outer, now);
        return now;
    }
    if (readers_inside(outer, actor, now))
        return close_for(run, outer);
    pop_waiter(run, outer);
    return grant_writer(run, outer, actor, now, true);
}

static __attribute__((noinline)) vs_ps ask_inner(struct vs_short_run *run,
                                                 struct vs_short_outer *outer, uint16_t actor,
                                                 vs_ps now)
{
    vs_ps next = pass_reader(run, outer, actor, now);
    outer->asking--;
    if (outer->asking == 0 && outer->unsettled) {
        uint16_t writer = outer->head;
        add_event(run, writer, close_for(run, outer));
    }
    return next;
}

static inline void run_event(struct vs_short_run *run, struct vs_queue *queue, uint16_t actor,
                             vs_ps now)
{
    struct vs_short_lane *lane = &run->lanes[actor];
    struct vs_short_outer *outer = lane->outer;
    if (lane->event == VS_SHORT_ASK) { /* nearly all */
        vs_queue_replace(queue, actor, ask(run, outer, actor, now));
        return;
    }
    switch ((enum vs_short_event)lane->event) {
    case VS_SHORT_ASK:
        break;
    case VS_SHORT_RELEASE:
        release_writer(run, outer, actor, now);
        break;
    case VS_SHORT_LOOK:
        vs_queue_replace(queue, actor, look(run, outer, actor, now));
        break;
    case VS_SHORT_INNER:
        vs_queue_replace(queue, actor, ask_inner(run, outer, actor, now));
        break;
    }
}

int vs_shortcut_run(struct vs_engine *engine, const struct vs_short_plan *plan,
                    struct vs_error *error)
{
    struct vs_short_run run = {.engine = engine, .plan = plan};
    struct vs_queue *queue = &engine->queue;
    int ret = vs_short_begin(&run);
    for (size_t i = 0; ret == 0 && i < engine->workload->actor_count; i++)
        add_event(&run, (uint16_t)i, vs_short_next_call(&run, &run.lanes[i]));
    if (ret == 0)
        ret = vs_engine_look(engine, error);
    for (vs_ps now; ret == 0 && (now = vs_queue_next(queue)) != VS_NEVER;) {
        run_event(&run, queue, vs_queue_first(queue), now);
        if (engine->calls >= engine->next_look)
            ret = vs_engine_look(engine, error);
    }
    if (ret == 0)
        ret = vs_short_report(&run);
    if (ret == VS_ERR_MEMORY)
        vs_error_set(error, ret, "out of memory while replaying policy %s", engine->policy->name);
    vs_short_release(&run);
    return ret;
}
