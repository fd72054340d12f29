/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Everything before the threads start: vCPUs on pCPUs as the virtual engine
 * places them (vCPU i on pCPU i, one a core first), their calls, real locks, and
 * each thread's own counts, so that no count is shared while they run.
 */
#include <stdlib.h>
#include <string.h>

#include "calibrate/topology.h"
#include "internal.h"
#include "model/memory.h"

/* CPUs in the order in which they are used: one of every core, then their siblings. */
static void cores_first(struct vs_host_cpu *cpus, size_t count)
{
    size_t placed = 0;
    for (size_t i = 0; i < count; i++) {
        bool sibling = false;
        for (size_t k = 0; k < placed; k++)
            sibling |= vs_host_distance(&cpus[k], &cpus[i]) == VS_SAME_CORE;
        if (sibling)
            continue;
        struct vs_host_cpu chosen = cpus[i];
        memmove(&cpus[placed + 1], &cpus[placed], (i - placed) * sizeof *cpus);
        cpus[placed++] = chosen;
    }
}

static int make_workers(struct vs_threads *engine, struct vs_error *error)
{
    struct vs_host_cpu *cpus = NULL;
    size_t available = 0, wanted = engine->options.engine.cpus;
    int ret = vs_host_cpus(&cpus, &available, error);
    if (ret < 0)
        goto out;
    if (wanted > available) {
        ret = vs_error_set(error, VS_ERR_USAGE, "this process may use %zu CPUs, not %zu", available,
                           wanted);
        goto out;
    }
    size_t vcpus = engine->workload->actor_count;
    size_t count = wanted ? wanted : vcpus < available ? vcpus : available;
    engine->worker_count = (uint16_t)(count ? count : 1);
    engine->workers = aligned_alloc(VS_LINE_BYTES, engine->worker_count * sizeof *engine->workers);
    if (!engine->workers) {
        ret = VS_ERR_MEMORY;
        goto out;
    }
    cores_first(cpus, available);
    for (uint16_t i = 0; i < engine->worker_count; i++) {
        engine->workers[i] = (struct vs_worker){
            .user = {.cpu = i, .clock = engine->clock, .ending = &engine->ending},
            .engine = engine,
            .host_cpu = cpus[i].cpu};
    }
out:
    free(cpus);
    return ret;
}

static int make_actors(struct vs_threads *engine, struct vs_error *error)
{
    const struct vs_workload *workload = engine->workload;
    size_t actors = workload->actor_count;
    engine->actors = calloc(actors + 1, sizeof *engine->actors);
    engine->stream = vs_memory_take(workload->memory,
                                    (workload->call_count + 1) * sizeof *engine->stream, error);
    engine->nodes =
        aligned_alloc(VS_LINE_BYTES, (actors + 1) * VS_HELD_MAX * sizeof *engine->nodes);
    if (!engine->actors || !engine->stream || !engine->nodes)
        return VS_ERR_MEMORY;
    for (size_t i = 0; i < (actors + 1) * VS_HELD_MAX; i++)
        vs_lock_node_setup(&engine->nodes[i]);
    for (size_t i = 0; i < workload->call_count; i++)
        engine->actors[workload->calls[i].actor].end++;
    for (size_t i = 0, at = 0; i < actors; i++) {
        struct vs_real_actor *actor = &engine->actors[i];
        actor->index = (uint16_t)i;
        actor->domain = workload->actors[i].domain;
        actor->device = VS_DEVICE_NONE;
        actor->wait_lock = VS_NO_LOCK;
        actor->nodes = &engine->nodes[i * VS_HELD_MAX];
        actor->next = (uint32_t)at;
        at += actor->end;
        actor->end = actor->next; /* moves on as its calls are put in */
    }
    for (size_t i = 0; i < workload->call_count; i++)
        engine->stream[engine->actors[workload->calls[i].actor].end++] = (uint32_t)i;
    return 0;
}

static uint32_t instances_of(const struct vs_threads *engine, const struct vs_lock_decl *decl)
{
    switch (decl->scope) {
    case VS_SCOPE_DOMAIN:
        return (uint32_t)engine->workload->domain_count;
    case VS_SCOPE_DEVICE:
        return (uint32_t)engine->workload->device_count + 1; /* the last: no device */
    case VS_SCOPE_GLOBAL:
        break;
    }
    return 1;
}

static int make_locks(struct vs_threads *engine)
{
    const struct vs_policy *policy = engine->policy;
    for (size_t i = 0; i < policy->lock_count; i++) {
        engine->lock_base[i] = engine->lock_total;
        engine->lock_total += instances_of(engine, &policy->locks[i]);
        if (policy->locks[i].kind == VS_LOCK_RCU) {
            engine->uses_rcu = true;
            engine->rcu_lock = (uint8_t)i;
        }
    }
    size_t room = engine->lock_total + 1;
    engine->locks = aligned_alloc(VS_LINE_BYTES, room * sizeof *engine->locks);
    engine->lock_generation = calloc(room, sizeof *engine->lock_generation);
    engine->lock_decl = calloc(room, sizeof *engine->lock_decl);
    engine->lock_instance = calloc(room, sizeof *engine->lock_instance);
    if (!engine->locks || !engine->lock_generation || !engine->lock_decl || !engine->lock_instance)
        return VS_ERR_MEMORY;
    memset(engine->locks, 0, room * sizeof *engine->locks);
    for (size_t i = 0; i < policy->lock_count; i++) {
        uint32_t count = instances_of(engine, &policy->locks[i]);
        for (uint32_t k = 0; k < count; k++) {
            uint32_t lock = engine->lock_base[i] + k;
            engine->lock_decl[lock] = (uint8_t)i;
            engine->lock_instance[lock] = (uint16_t)k;
            if (vs_real_lock_setup(&engine->locks[lock], policy->locks[i].kind,
                                   engine->worker_count) < 0)
                return VS_ERR_MEMORY;
        }
    }
    vs_code_place_locks(engine->code, policy, engine->lock_base);
    return 0;
}

/* A histogram for each operation that a worker's domains really call. */
static int make_counts(struct vs_threads *engine)
{
    const struct vs_workload *workload = engine->workload;
    size_t cells = (size_t)VS_OP_COUNT * workload->domain_count + 1;
    for (uint16_t i = 0; i < engine->worker_count; i++) {
        struct vs_worker *worker = &engine->workers[i];
        worker->counts =
            calloc((size_t)(engine->lock_total + 1) * VS_MODE_COUNT, sizeof *worker->counts);
        worker->latency = calloc(cells, sizeof *worker->latency);
        if (!worker->counts || !worker->latency)
            return VS_ERR_MEMORY;
    }
    for (size_t i = 0; i < workload->call_count; i++) {
        const struct vs_call *call = &workload->calls[i];
        struct vs_worker *worker = &engine->workers[call->actor % engine->worker_count];
        uint8_t op = workload->shapes[call->shape].op;
        uint8_t ops[2] = {op, vs_op_table[op].defers ? (uint8_t)VS_OP_MAP_PENDING : op};
        for (int k = 0; k < 2; k++) {
            struct vs_real_latency **cell = &worker->latency[ops[k] * workload->domain_count +
                                                             workload->actors[call->actor].domain];
            if (!*cell && !(*cell = calloc(1, sizeof **cell)))
                return VS_ERR_MEMORY;
        }
    }
    return 0;
}

/* The engine's indices are 16 bits wide; a workload past that is refused. */
static int check_limits(const struct vs_workload *workload, struct vs_error *error)
{
    const struct {
        const char *what;
        size_t count, limit;
    } limits[] = {
        {"vCPUs", workload->actor_count, UINT16_MAX - 1},
        {"devices", workload->device_count, UINT16_MAX - 1},
        {"domains", workload->domain_count, UINT16_MAX - 2},
        {"calls", workload->call_count, UINT32_MAX - 1},
    };
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++)
        if (limits[i].count > limits[i].limit)
            return vs_error_set(error, VS_ERR_INPUT, "%zu %s: the engine takes at most %zu",
                                limits[i].count, limits[i].what, limits[i].limit);
    return 0;
}

int vs_threads_setup(struct vs_threads *engine, struct vs_error *error)
{
    int ret = check_limits(engine->workload, error);
    if (ret < 0)
        return ret;
    for (size_t i = engine->workload->domain_count; i-- > 0;)
        if (engine->workload->domains[i].hardware_domain)
            engine->hardware_domain = (uint16_t)i;
    if ((ret = vs_code_build(engine->workload, engine->policy, engine->machine, &engine->code,
                             error)) < 0 ||
        (ret = make_workers(engine, error)) < 0 || (ret = make_actors(engine, error)) < 0 ||
        (ret = make_locks(engine)) < 0 || (ret = vs_real_objects_setup(engine)) < 0 ||
        (ret = make_counts(engine)) < 0)
        return vs_error_set(error, ret, "out of memory while preparing policy %s",
                            engine->policy->name);
    return 0;
}

static void release_worker(struct vs_threads *engine, struct vs_worker *worker)
{
    if (worker->latency)
        for (size_t i = 0; i < (size_t)VS_OP_COUNT * engine->workload->domain_count; i++)
            free(worker->latency[i]);
    free(worker->latency);
    free(worker->counts);
    while (worker->callbacks) {
        struct vs_callback_block *block = worker->callbacks;
        worker->callbacks = block->before;
        free(block);
    }
}

void vs_threads_release(struct vs_threads *engine)
{
    if (engine->workers)
        for (uint16_t i = 0; i < engine->worker_count; i++)
            release_worker(engine, &engine->workers[i]);
    if (engine->locks)
        for (uint32_t i = 0; i < engine->lock_total; i++)
            vs_real_lock_release(&engine->locks[i]);
    vs_real_objects_release(engine);
    vs_code_free(engine->code);
    free(engine->workers);
    free(engine->actors);
    vs_memory_release(engine->workload->memory, engine->stream);
    free(engine->nodes);
    free(engine->locks);
    free(engine->lock_generation);
    free(engine->lock_decl);
    free(engine->lock_instance);
}
