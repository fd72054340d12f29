/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the engine's counters to a result: picoseconds become nanoseconds, empty
 * rows go, identities are checked, and a standstill is explained. */
#include <stdlib.h>

#include "internal.h"

static vs_ns to_ns(vs_ps time_ps)
{
    return (time_ps + VS_PS_PER_NS / 2) / VS_PS_PER_NS;
}

static int finish_latencies(const struct vs_engine *engine, struct vs_result *result)
{
    size_t domains = engine->workload->domain_count;
    size_t cells = (size_t)VS_OP_COUNT * domains;
    result->latencies = calloc(cells + 1, sizeof *result->latencies);
    if (!result->latencies)
        return VS_ERR_MEMORY;
    for (size_t i = 0; i < cells; i++) {
        const struct vs_latency_counts *from = engine->latency[i];
        if (!from || from->latency.count == 0)
            continue;
        struct vs_latency_stat *to = &result->latencies[result->latency_count++];
        to->op = (uint8_t)(i / domains);
        to->domain = (uint16_t)(i % domains);
        to->wait_total_ns = to_ns(from->wait_ps);
        to->latency = from->latency;
        if (vs_op_table[to->op].is_access && to->op != VS_OP_MAP_PENDING)
            vs_histogram_merge(&result->latency, &from->latency);
    }
    return 0;
}

static int finish_locks(const struct vs_engine *engine, struct vs_result *result)
{
    size_t rows = (size_t)engine->lock_total * VS_MODE_COUNT;
    result->locks = calloc(rows + 1, sizeof *result->locks);
    if (!result->locks)
        return VS_ERR_MEMORY;
    for (size_t i = 0; i < rows; i++) {
        const struct vs_lock_counts *from = &engine->counts[i];
        const struct vs_lock_state *state = &engine->locks[i / VS_MODE_COUNT];
        result->lock_wait_total_ns += from->wait_ps; /* ps until below */
        result->cross_domain_wait_ns += from->cross_domain_ps;
        if (from->acquire == 0 && from->try_count == 0)
            continue;
        result->locks[result->lock_count++] =
            (struct vs_lock_stat){.lock = state->decl,
                                  .mode = (uint8_t)(i % VS_MODE_COUNT),
                                  .instance = state->instance,
                                  .acquire_count = from->acquire,
                                  .try_count = from->try_count,
                                  .try_failed_count = from->try_failed,
                                  .wait_count = from->wait,
                                  .wait_total_ns = to_ns(from->wait_ps),
                                  .wait_max_ns = to_ns(from->wait_max_ps),
                                  .hold_count = from->hold,
                                  .hold_total_ns = to_ns(from->hold_ps),
                                  .hold_max_ns = to_ns(from->hold_max_ps),
                                  .transfer_count = from->transfer,
                                  .cross_domain_wait_ns = to_ns(from->cross_domain_ps)};
    }
    result->lock_wait_total_ns = to_ns(result->lock_wait_total_ns);
    result->cross_domain_wait_ns = to_ns(result->cross_domain_wait_ns);
    result->cold_lines = engine->cold_lines;
    result->cold_ns = to_ns(engine->cold_ps);
    return 0;
}

static int by_wait(const void *a, const void *b)
{
    const struct vs_blocker_stat *x = a, *y = b;
    if (x->wait_ns != y->wait_ns)
        return x->wait_ns > y->wait_ns ? -1 : 1;
    int order = x->waiter_op - y->waiter_op;
    order = order ? order : x->holder_op - y->holder_op;
    order = order ? order : x->lock - y->lock;
    return order ? order : x->cross_domain - y->cross_domain;
}

static int finish_blockers(const struct vs_engine *engine, struct vs_result *result)
{
    size_t locks = engine->policy->lock_count;
    size_t cells = (size_t)VS_OP_COUNT * VS_OP_COUNT * locks * 2, used = 0;
    for (size_t i = 0; i < cells; i++)
        used += engine->blocked_ps[i] != 0;
    result->blockers = calloc(used + 1, sizeof *result->blockers);
    if (!result->blockers)
        return VS_ERR_MEMORY;
    for (size_t i = 0; i < cells; i++)
        if (engine->blocked_ps[i] != 0)
            result->blockers[result->blocker_count++] =
                (struct vs_blocker_stat){.cross_domain = i % 2,
                                         .lock = (uint8_t)(i / 2 % locks),
                                         .holder_op = (uint8_t)(i / 2 / locks % VS_OP_COUNT),
                                         .waiter_op = (uint8_t)(i / 2 / locks / VS_OP_COUNT),
                                         .wait_ns = to_ns(engine->blocked_ps[i])};
    qsort(result->blockers, result->blocker_count, sizeof *result->blockers, by_wait);
    return 0;
}

static void finish_buckets(struct vs_engine *engine, struct vs_result *result)
{
    struct vs_buckets *buckets = &engine->buckets;
    vs_buckets_settle(buckets);
    result->bucket_ns = to_ns(buckets->width);
    for (size_t i = 0; i < VS_BUCKETS_MAX; i++) {
        const struct vs_bucket_counts *from = &buckets->counts[i];
        result->buckets[i] = (struct vs_bucket_stat){.busy_ns = to_ns(from->spent[0]),
                                                     .wait_ns = to_ns(from->spent[1]),
                                                     .calls = from->calls};
        if (from->spent[0] || from->calls)
            result->bucket_count = i + 1;
    }
}

/* L = X R, as sums: what entered and left against what waited and held. */
static double little_error(const struct vs_engine *engine)
{
    double worst = 0;
    for (uint32_t i = 0; i < engine->lock_total; i++) {
        const struct vs_lock_state *state = &engine->locks[i];
        vs_ps counted = 0;
        for (unsigned mode = 0; mode < VS_MODE_COUNT; mode++)
            counted += engine->counts[state->stats + mode].wait_ps +
                       engine->counts[state->stats + mode].hold_ps;
        if (state->in_system > 0 || state->tainted || counted == 0)
            continue;
        vs_ps apart =
            state->sojourn > counted ? state->sojourn - counted : counted - state->sojourn;
        double error = (double)apart / (double)counted;
        if (error > worst)
            worst = error;
    }
    return worst;
}

static void finish_identities(const struct vs_engine *engine, bool deadlock,
                              struct vs_result *result)
{
    vs_ps counted = 0, passed = 0;
    for (size_t i = 0; i < engine->workload->actor_count; i++) {
        const struct vs_actor_run *run = &engine->actors[i];
        counted += run->think_ps + run->cpu_wait_ps + run->lock_wait_ps + run->work_ps;
        passed += run->last_end;
        result->cpu_wait_total_ns += run->cpu_wait_ps; /* ps until below */
        result->floor_ns += run->work_ps;
    }
    result->cpu_wait_total_ns = to_ns(result->cpu_wait_total_ns);
    result->floor_ns = to_ns(result->floor_ns);
    if (!deadlock) {
        vs_ps apart = counted > passed ? counted - passed : passed - counted;
        result->identities.time_error_ns = to_ns(apart);
        result->identities.little_worst = little_error(engine);
    }
    result->identities.overlap_count = engine->overlaps;
}

static uint8_t op_now(const struct vs_actor_run *run)
{
    return run->in_pending ? (uint8_t)VS_OP_MAP_PENDING : run->op;
}

/* Who holds a lock, for the actor that waits for it: one edge per holder. */
static size_t edges_of(const struct vs_engine *engine, uint16_t waiter,
                       struct vs_deadlock_edge *edges, size_t room)
{
    const struct vs_actor_run *run = &engine->actors[waiter];
    const struct vs_lock_state *state = &engine->locks[run->wait_lock];
    struct vs_deadlock_edge edge = {.actor = waiter,
                                    .op = op_now(run),
                                    .lock = state->decl,
                                    .mode = run->wait_mode,
                                    .instance = state->instance,
                                    .holder = UINT16_MAX,
                                    .holder_op = VS_OP_COUNT};
    size_t count = 0;
    for (size_t i = 0; i < engine->workload->actor_count && count < room; i++) {
        const struct vs_actor_run *other = &engine->actors[i];
        for (uint8_t k = 0; k < other->held_count && count < room; k++) {
            if (other->held[k].lock != run->wait_lock)
                continue;
            edge.holder = (uint16_t)i;
            edge.holder_op = op_now(other);
            edges[count++] = edge;
            break;
        }
    }
    if (count == 0 && room > 0) /* a barrier, or a reader behind a waiting writer */
        edges[count++] = edge;
    return count;
}

/* Enough to print; a standstill of hundreds of vCPUs needs no more to be understood. */
#define EDGES_MAX 64

static int finish_deadlock(const struct vs_engine *engine, struct vs_result *result)
{
    result->deadlock = calloc(EDGES_MAX, sizeof *result->deadlock);
    if (!result->deadlock)
        return VS_ERR_MEMORY;
    /* Those that hold something first: they are the knot, the others only hang on it. */
    for (int holds = 1; holds >= 0; holds--)
        for (size_t i = 0; i < engine->workload->actor_count; i++) {
            const struct vs_actor_run *run = &engine->actors[i];
            if (run->state == VS_ACTOR_BLOCKED && (run->held_count > 0) == holds)
                result->deadlock_count +=
                    edges_of(engine, (uint16_t)i, &result->deadlock[result->deadlock_count],
                             EDGES_MAX - result->deadlock_count);
        }
    return 0;
}

int vs_engine_result(struct vs_engine *engine, bool deadlock, struct vs_result **result)
{
    struct vs_result *made = calloc(1, sizeof *made);
    int ret = VS_ERR_MEMORY;
    if (!made)
        return ret;
    made->outcome = deadlock ? VS_OUTCOME_DEADLOCK : VS_OUTCOME_DONE;
    made->calls = engine->calls;
    made->deferred_maps = engine->deferred;
    made->missed_calls = engine->missed;
    made->steps = engine->steps;
    made->makespan_ns = to_ns(engine->horizon);
    made->grace_periods = engine->rcu.periods;
    made->grace_period_max_ns = to_ns(engine->rcu.longest);
    for (int i = 0; i < VS_HAZARD_COUNT; i++)
        made->hazards[i] = engine->hazards[i];
    finish_buckets(engine, made);
    finish_identities(engine, deadlock, made);
    if (finish_latencies(engine, made) < 0 || finish_locks(engine, made) < 0 ||
        finish_blockers(engine, made) < 0 || (deadlock && finish_deadlock(engine, made) < 0))
        goto out;
    *result = made;
    made = NULL;
    ret = 0;
out:
    vs_result_free(made);
    return ret;
}
