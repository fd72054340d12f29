/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Everything a replay needs before its first event: vCPUs on pCPUs, their calls
 * in order, lock instances.
 *
 * Placement: vCPU i of the workload runs on CPU i, one per core, filling the
 * first socket first, then the second threads of the cores.  The recorded pCPU
 * only tells who shared one; with more vCPUs than CPUs they wrap around.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

static int place_cpus(struct vs_engine *engine, struct vs_error *error)
{
    const struct vs_machine *machine = engine->machine;
    uint32_t available = vs_machine_cpus(machine);
    uint32_t wanted = engine->options.cpus ? engine->options.cpus : available;
    if (wanted > available)
        return vs_error_set(error, VS_ERR_USAGE, "machine %s has %u CPUs, not %u", machine->name,
                            available, wanted);
    uint32_t vcpus = (uint32_t)engine->workload->actor_count;
    engine->cpu_count = vcpus < wanted && !engine->options.cpus ? (vcpus ? vcpus : 1) : wanted;
    engine->cpus = calloc(engine->cpu_count, sizeof *engine->cpus);
    if (!engine->cpus)
        return VS_ERR_MEMORY;
    uint32_t cores = machine->sockets * machine->cores_per_socket;
    for (uint32_t i = 0; i < engine->cpu_count; i++) {
        engine->cpus[i].running = VS_NOBODY;
        engine->cpus[i].head = VS_NOBODY;
        engine->cpus[i].core = (uint16_t)(i % cores);
        engine->cpus[i].socket = (uint16_t)(i % cores / machine->cores_per_socket);
        engine->cpus[i].group = (uint16_t)(machine->sockets_per_group
                                               ? engine->cpus[i].socket / machine->sockets_per_group
                                               : 0);
    }
    return 0;
}

static int make_actors(struct vs_engine *engine)
{
    const struct vs_workload *workload = engine->workload;
    engine->actors = vs_hot_alloc((workload->actor_count + 1) * sizeof *engine->actors);
    if (!engine->actors || vs_queue_setup(&engine->queue, workload->actor_count) < 0)
        return VS_ERR_MEMORY;
    for (size_t i = 0; i < workload->actor_count; i++) {
        struct vs_actor_run *run = &engine->actors[i];
        run->cpu = (uint16_t)(i % engine->cpu_count);
        run->domain = workload->actors[i].domain;
        run->walk_list = VS_LIST_COUNT;
        run->wait_lock = run->blamed_lock = VS_NO_INSTANCE;
        run->device = VS_DEVICE_NONE;
        run->next = engine->streams->first[i];
        run->end = engine->streams->first[i + 1];
    }
    return 0;
}

static int find_streams(struct vs_engine *engine, struct vs_error *error)
{
    const struct vs_streams *given = engine->options.streams;
    int ret = 0;
    if (!given)
        ret =
            vs_streams_make(engine->workload, engine->options.timing, &engine->own_streams, error);
    engine->streams = given ? given : engine->own_streams;
    assert(ret < 0 || (engine->streams->workload == engine->workload &&
                       engine->streams->timing == engine->options.timing));
    return ret;
}

/* A lock that no program of this workload names needs no instances.  Grace periods and
 * references are found by the lock's kind as well. */
static void find_used_locks(struct vs_engine *engine)
{
    for (size_t i = 0; i < engine->policy->lock_count; i++)
        engine->lock_used[i] = engine->policy->locks[i].kind == VS_LOCK_RCU ||
                               engine->policy->locks[i].kind == VS_LOCK_REFCOUNT;
    for (uint32_t i = 0; i < engine->code->count; i++) {
        const struct vs_insn *insn = &engine->code->insns[i];
        if (insn->code == VS_INSN_LOCK || insn->code == VS_INSN_UNLOCK || insn->code == VS_INSN_TRY)
            engine->lock_used[insn->lock] = true;
    }
}

static uint32_t instances_of(const struct vs_engine *engine, const struct vs_lock_decl *decl)
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

static int make_locks(struct vs_engine *engine)
{
    const struct vs_policy *policy = engine->policy;
    uint32_t instances[VS_POLICY_LOCKS_MAX];
    find_used_locks(engine);
    for (size_t i = 0; i < policy->lock_count; i++) {
        instances[i] = engine->lock_used[i] ? instances_of(engine, &policy->locks[i]) : 0;
        engine->lock_base[i] = engine->lock_total;
        engine->lock_total += instances[i];
    }
    engine->locks = vs_hot_alloc((engine->lock_total + 1) * sizeof *engine->locks);
    engine->counts =
        vs_hot_alloc((size_t)(engine->lock_total + 1) * VS_MODE_COUNT * sizeof *engine->counts);
    if (!engine->locks || !engine->counts)
        return VS_ERR_MEMORY;
    for (size_t i = 0; i < policy->lock_count; i++) {
        for (uint32_t k = 0; k < instances[i]; k++) {
            struct vs_lock_state *state = &engine->locks[engine->lock_base[i] + k];
            state->owner = state->head = state->tail = VS_NOBODY;
            state->line_cpu = state->blamed_actor = VS_NOBODY;
            state->decl = (uint8_t)i;
            state->kind = (uint8_t)policy->locks[i].kind;
            state->instance = (uint16_t)k;
            state->stats = (engine->lock_base[i] + k) * VS_MODE_COUNT;
        }
    }
    vs_code_place_locks(engine->code, policy, engine->lock_base);
    return 0;
}

/* The engine's indices are 16 bits wide; a workload past that is refused. */
static int check_limits(const struct vs_engine *engine, struct vs_error *error)
{
    const struct vs_workload *workload = engine->workload;
    const struct {
        const char *what;
        size_t count, limit;
    } limits[] = {
        {"vCPUs", workload->actor_count, UINT16_MAX - 1},
        {"devices", workload->device_count, UINT16_MAX - 1},
        {"domains", workload->domain_count, UINT16_MAX - 1},
    };
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++)
        if (limits[i].count > limits[i].limit)
            return vs_error_set(error, VS_ERR_INPUT, "%zu %s: the engine takes at most %zu",
                                limits[i].count, limits[i].what, limits[i].limit);
    return 0;
}

int vs_engine_setup(struct vs_engine *engine, struct vs_error *error)
{
    int ret = check_limits(engine, error);
    if (ret < 0)
        return ret;
    for (size_t i = engine->workload->domain_count; i-- > 0;)
        if (engine->workload->domains[i].hardware_domain)
            engine->hardware_domain = (uint16_t)i;
    if ((ret = vs_code_build(engine->workload, engine->policy, engine->machine, &engine->code,
                             error)) < 0 ||
        (ret = place_cpus(engine, error)) < 0 || (ret = find_streams(engine, error)) < 0 ||
        (ret = make_actors(engine)) < 0 || (ret = make_locks(engine)) < 0 ||
        (ret = vs_objects_setup(engine)) < 0 || (ret = vs_warmth_setup(engine)) < 0 ||
        (ret = vs_rcu_setup(engine)) < 0 || (ret = vs_metrics_setup(engine)) < 0)
        return vs_error_set(error, ret, "out of memory while preparing policy %s",
                            engine->policy->name);
    return 0;
}

void vs_engine_release(struct vs_engine *engine)
{
    if (engine->locks)
        for (uint32_t i = 0; i < engine->lock_total; i++)
            vs_blame_free(engine->locks[i].blame);
    vs_metrics_release(engine);
    vs_rcu_release(engine);
    vs_warmth_release(engine);
    vs_objects_release(engine);
    vs_code_free(engine->code);
    free(engine->cpus);
    free(engine->actors);
    vs_queue_release(&engine->queue);
    vs_streams_free(engine->own_streams);
    free(engine->locks);
    free(engine->counts);
}
