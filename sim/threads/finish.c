/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the threads' own counts to one result, after all of them were joined. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>

#include "internal.h"

static int finish_latencies(const struct vs_threads *engine, struct vs_result *result)
{
    size_t domains = engine->workload->domain_count;
    size_t cells = (size_t)VS_OP_COUNT * domains;
    result->latencies = calloc(cells + 1, sizeof *result->latencies);
    if (!result->latencies)
        return VS_ERR_MEMORY;
    for (size_t i = 0; i < cells; i++) {
        struct vs_latency_stat *to = &result->latencies[result->latency_count];
        vs_ticks wait = 0;
        for (uint16_t k = 0; k < engine->worker_count; k++) {
            const struct vs_real_latency *from = engine->workers[k].latency[i];
            if (!from)
                continue;
            vs_histogram_merge(&to->latency, &from->latency);
            wait += from->wait;
        }
        if (to->latency.count == 0)
            continue;
        to->op = (uint8_t)(i / domains);
        to->domain = (uint16_t)(i % domains);
        to->wait_total_ns = vs_host_clock_ns(engine->clock, wait);
        if (vs_op_table[to->op].is_access && to->op != VS_OP_MAP_PENDING)
            vs_histogram_merge(&result->latency, &to->latency);
        result->latency_count++;
    }
    return 0;
}

static struct vs_real_counts sum_counts(const struct vs_threads *engine, size_t row)
{
    struct vs_real_counts sum = {0};
    for (uint16_t k = 0; k < engine->worker_count; k++) {
        const struct vs_real_counts *from = &engine->workers[k].counts[row];
        sum.acquire += from->acquire;
        sum.try_count += from->try_count;
        sum.try_failed += from->try_failed;
        sum.wait += from->wait;
        sum.wait_total += from->wait_total;
        if (from->wait_max > sum.wait_max)
            sum.wait_max = from->wait_max;
    }
    return sum;
}

static int finish_locks(const struct vs_threads *engine, struct vs_result *result)
{
    size_t rows = (size_t)engine->lock_total * VS_MODE_COUNT;
    result->locks = calloc(rows + 1, sizeof *result->locks);
    if (!result->locks)
        return VS_ERR_MEMORY;
    for (size_t i = 0; i < rows; i++) {
        struct vs_real_counts sum = sum_counts(engine, i);
        if (sum.acquire == 0 && sum.try_count == 0)
            continue;
        result->locks[result->lock_count++] =
            (struct vs_lock_stat){.lock = engine->lock_decl[i / VS_MODE_COUNT],
                                  .mode = (uint8_t)(i % VS_MODE_COUNT),
                                  .instance = engine->lock_instance[i / VS_MODE_COUNT],
                                  .acquire_count = sum.acquire,
                                  .try_count = sum.try_count,
                                  .try_failed_count = sum.try_failed,
                                  .wait_count = sum.wait,
                                  .wait_total_ns = vs_host_clock_ns(engine->clock, sum.wait_total),
                                  .wait_max_ns = vs_host_clock_ns(engine->clock, sum.wait_max)};
    }
    return 0;
}

static void finish_hazards(const struct vs_threads *engine, struct vs_result *result)
{
    for (uint16_t k = 0; k < engine->worker_count; k++)
        for (int i = 0; i < VS_HAZARD_COUNT; i++) {
            const struct vs_hazard_stat *from = &engine->workers[k].hazards[i];
            struct vs_hazard_stat *to = &result->hazards[i];
            uint64_t count = to->count + from->count;
            if (from->count > 0 && (to->count == 0 || from->first_ns < to->first_ns))
                *to = *from;
            to->count = count;
        }
}

static void finish_sums(const struct vs_threads *engine, struct vs_result *result)
{
    vs_ticks cpu_wait = 0, lock_wait = 0, busy = 0, last = engine->start;
    for (uint16_t k = 0; k < engine->worker_count; k++) {
        const struct vs_worker *worker = &engine->workers[k];
        result->calls += worker->calls;
        result->deferred_maps += worker->deferred;
        result->missed_calls += worker->missed;
        result->steps += worker->steps;
        result->forced_switches += worker->forced_switches;
        cpu_wait += worker->cpu_wait;
        lock_wait += worker->lock_wait;
        busy += worker->busy;
        if (worker->last_end != 0 && (int64_t)(worker->last_end - last) > 0)
            last = worker->last_end;
    }
    result->makespan_ns = vs_host_clock_ns(engine->clock, last - engine->start);
    result->cpu_wait_total_ns = vs_host_clock_ns(engine->clock, cpu_wait);
    result->lock_wait_total_ns = vs_host_clock_ns(engine->clock, lock_wait);
    result->floor_ns = busy > lock_wait ? vs_host_clock_ns(engine->clock, busy - lock_wait) : 0;
}

/* --------------------------------------------------------------- deadlocks */

/* Who holds what an actor waits for: one edge per holder. */
static size_t edges_of(const struct vs_threads *engine, const struct vs_real_actor *waiter,
                       struct vs_deadlock_edge *edges, size_t room)
{
    struct vs_deadlock_edge edge = {.actor = waiter->index,
                                    .op = vs_real_op_now(waiter),
                                    .lock = engine->lock_decl[waiter->wait_lock],
                                    .mode = waiter->wait_mode,
                                    .instance = engine->lock_instance[waiter->wait_lock],
                                    .holder = UINT16_MAX,
                                    .holder_op = VS_OP_COUNT};
    size_t count = 0;
    for (size_t i = 0; i < engine->workload->actor_count && count < room; i++) {
        const struct vs_real_actor *other = &engine->actors[i];
        for (uint8_t k = 0; k < other->held_count && count < room; k++) {
            if (other->held[k].lock != waiter->wait_lock)
                continue;
            edge.holder = (uint16_t)i;
            edge.holder_op = vs_real_op_now(other);
            edges[count++] = edge;
            break;
        }
    }
    if (count == 0 && room > 0) /* a barrier, or a reader behind a waiting writer */
        edges[count++] = edge;
    return count;
}

#define EDGES_MAX 64 /* as the virtual engine */

static int finish_deadlock(const struct vs_threads *engine, struct vs_result *result)
{
    result->deadlock = calloc(EDGES_MAX, sizeof *result->deadlock);
    if (!result->deadlock)
        return VS_ERR_MEMORY;
    /* Those that hold something first: they are the knot, the others only hang on it. */
    for (int holds = 1; holds >= 0; holds--)
        for (size_t i = 0; i < engine->workload->actor_count; i++) {
            const struct vs_real_actor *actor = &engine->actors[i];
            if (actor->wait_lock != VS_NO_LOCK && (actor->held_count > 0) == holds)
                result->deadlock_count +=
                    edges_of(engine, actor, &result->deadlock[result->deadlock_count],
                             EDGES_MAX - result->deadlock_count);
        }
    return 0;
}

static void describe_host(const struct vs_threads *engine, struct vs_result *result)
{
    char clock[VS_HOST_CLOCK_TEXT];
    struct utsname host;
    if (uname(&host) != 0)
        host = (struct utsname){0};
    snprintf(result->measured_by, sizeof result->measured_by,
             "%u threads on %.64s (%.32s %.64s); %s", engine->worker_count, host.nodename,
             host.sysname, host.release, vs_host_clock_text(engine->clock, clock));
}

int vs_threads_result(const struct vs_threads *engine, bool deadlock, struct vs_result **result)
{
    struct vs_result *made = calloc(1, sizeof *made);
    int ret = VS_ERR_MEMORY;
    if (!made)
        return ret;
    made->measured = true;
    made->outcome = deadlock ? VS_OUTCOME_DEADLOCK : VS_OUTCOME_DONE;
    describe_host(engine, made);
    finish_sums(engine, made);
    finish_hazards(engine, made);
    if (finish_latencies(engine, made) < 0 || finish_locks(engine, made) < 0 ||
        (deadlock && finish_deadlock(engine, made) < 0))
        goto out;
    *result = made;
    made = NULL;
    ret = 0;
out:
    vs_result_free(made);
    return ret;
}
