/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the shortcut needs before its first event and leaves after its last. */
#include "shortcut.h"

#include <stdlib.h>

static int setup_outer(struct vs_short_run *run)
{
    const struct vs_workload *workload = run->engine->workload;
    bool global = run->engine->policy->locks[run->plan->outer].scope == VS_SCOPE_GLOBAL;
    run->outer_count = global ? 1 : (uint32_t)workload->domain_count;
    run->outer = vs_hot_alloc(run->outer_count * sizeof *run->outer);
    if (!run->outer)
        return VS_ERR_MEMORY;
    for (uint32_t i = 0; i < run->outer_count; i++) {
        struct vs_short_outer *outer = &run->outer[i];
        outer->touch_actor = outer->writer_actor = VS_NOBODY;
        outer->last_actor = VS_NOBODY;
        for (size_t k = 0; k < VS_SHORT_CHAINS; k++)
            outer->chain[k] = VS_NOBODY;
    }
    if (global && workload->domain_count > 1) {
        run->outer->waiting_in =
            calloc(VS_SHORT_GROUPS_MAX * workload->domain_count, sizeof *run->outer->waiting_in);
        return run->outer->waiting_in ? 0 : VS_ERR_MEMORY;
    }
    return 0;
}

static void setup_blame(struct vs_short_run *run)
{
    const struct vs_short_plan *plan = run->plan;
    size_t locks = run->engine->policy->lock_count;
    for (uint32_t i = 0; i < plan->group_count; i++)
        for (uint32_t k = 0; k < plan->group_count; k++) {
            size_t cell = ((size_t)plan->groups[i].op * VS_OP_COUNT + plan->groups[k].op) * locks;
            run->outer_blame[i][k] = &run->engine->blocked_ps[(cell + plan->outer) * 2];
            run->inner_blame[i][k] = &run->engine->blocked_ps[(cell + plan->inner) * 2];
        }
}

/* The general way's state of vCPUs and counts of locks is made again for the result. */
static void drop_general(struct vs_engine *engine)
{
    free(engine->actors);
    free(engine->counts);
    engine->actors = NULL;
    engine->counts = NULL;
}

int vs_short_begin(struct vs_short_run *run)
{
    struct vs_engine *engine = run->engine;
    const struct vs_workload *workload = engine->workload;
    drop_general(engine);
    run->lanes = vs_hot_alloc((workload->actor_count + 1) * sizeof *run->lanes);
    run->inner = vs_hot_alloc((workload->device_count + 1) * sizeof *run->inner);
    run->stack = malloc((workload->actor_count + 2) * sizeof *run->stack);
    if (!run->lanes || !run->inner || !run->stack || setup_outer(run) < 0)
        return VS_ERR_MEMORY;
    for (size_t i = 0; i < workload->device_count; i++)
        run->inner[i].last = VS_NOBODY;
    for (size_t i = 0; i < workload->actor_count; i++) {
        struct vs_short_lane *lane = &run->lanes[i];
        lane->domain = workload->actors[i].domain;
        lane->outer = &run->outer[run->outer_count > 1 ? lane->domain : 0];
        lane->next = engine->streams->first[i];
        lane->stop = engine->streams->first[i + 1];
    }
    setup_blame(run);
    return 0;
}

static void report_outer(struct vs_short_run *run)
{
    struct vs_engine *engine = run->engine;
    for (uint32_t i = 0; i < run->outer_count; i++) {
        uint32_t lock = engine->lock_base[run->plan->outer] + i;
        for (unsigned mode = 0; mode < VS_MODE_COUNT; mode++) {
            const struct vs_short_counts *from = &run->outer[i].counts[mode];
            engine->counts[lock * VS_MODE_COUNT + mode] =
                (struct vs_lock_counts){.acquire = from->acquire,
                                        .wait = from->wait,
                                        .transfer = from->transfer,
                                        .hold = from->acquire,
                                        .wait_ps = from->wait_ps,
                                        .wait_max_ps = from->wait_max_ps,
                                        .hold_ps = from->hold_ps,
                                        .hold_max_ps = from->hold_max_ps,
                                        .cross_domain_ps = from->cross_domain_ps};
            engine->locks[lock].sojourn += from->sojourn;
        }
    }
}

static void report_inner(struct vs_short_run *run)
{
    struct vs_engine *engine = run->engine;
    for (uint32_t i = 0; i < engine->workload->device_count && run->plan->has_inner; i++) {
        uint32_t lock = engine->lock_base[run->plan->inner] + i;
        const struct vs_short_inner *from = &run->inner[i];
        engine->counts[lock * VS_MODE_COUNT + VS_MODE_EXCLUSIVE] =
            (struct vs_lock_counts){.acquire = from->acquire,
                                    .wait = from->wait,
                                    .transfer = from->transfer - (from->acquire > 0),
                                    .hold = from->acquire,
                                    .wait_ps = from->wait_ps,
                                    .wait_max_ps = from->wait_max_ps,
                                    .hold_ps = from->hold_ps,
                                    .hold_max_ps = from->hold_max_ps};
        engine->locks[lock].sojourn = from->sojourn;
    }
}

/* Sums that a result adds up over vCPUs go to the first of them. */
int vs_short_report(struct vs_short_run *run)
{
    struct vs_engine *engine = run->engine;
    engine->actors = vs_hot_alloc((engine->workload->actor_count + 1) * sizeof *engine->actors);
    engine->counts =
        vs_hot_alloc((size_t)(engine->lock_total + 1) * VS_MODE_COUNT * sizeof *engine->counts);
    if (!engine->actors || !engine->counts)
        return VS_ERR_MEMORY;
    report_outer(run);
    report_inner(run);
    engine->actors[0].think_ps = run->think_ps;
    engine->actors[0].lock_wait_ps = run->wait_ps;
    engine->actors[0].work_ps = run->work_ps;
    for (size_t i = 0; i < engine->workload->actor_count; i++) {
        engine->actors[i].last_end = run->lanes[i].end;
        if (run->lanes[i].end > engine->horizon)
            engine->horizon = run->lanes[i].end;
        engine->actors[i].state = VS_ACTOR_FINISHED;
    }
    return 0;
}

void vs_short_release(struct vs_short_run *run)
{
    if (run->outer)
        free(run->outer->waiting_in);
    free(run->outer);
    free(run->inner);
    free(run->lanes);
    free(run->stack);
}
