/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Grace periods as Xen's RCU makes them (xen/common/rcupdate.c at c447b7308b).
 *
 * Line operations.  Readers: none, a counter of their own CPU.  A callback runs after every CPU
 * that is not idle has passed through softirq processing twice since the grace period began (once
 * to notice it, once to report).  A CPU passes when it leaves the hypervisor outside a read
 * section, at an explicit softirq point, and, while it stays in the guest or idle, at the machine's
 * softirq interval (its timer). A CPU that spins on a lock passes nothing: that is how a barrier
 * under a lock stops the world.  Callbacks queued while a period runs wait for the next one.
 */
#include <stdlib.h>

#include "engine/internal.h"

int vs_rcu_setup(struct vs_engine *engine)
{
    struct vs_rcu *rcu = &engine->rcu;
    rcu->tick = VS_NEVER;
    rcu->lock = VS_NO_INSTANCE;
    for (size_t i = 0; i < engine->policy->lock_count; i++)
        if (engine->policy->locks[i].kind == VS_LOCK_RCU)
            rcu->lock = engine->lock_base[i];
    rcu->passes_left = calloc(engine->cpu_count, 1);
    return rcu->passes_left ? 0 : VS_ERR_MEMORY;
}

void vs_rcu_release(struct vs_engine *engine)
{
    free(engine->rcu.passes_left);
    free(engine->rcu.current);
    free(engine->rcu.next);
}

static void begin_period(struct vs_engine *engine, vs_ps now)
{
    struct vs_rcu *rcu = &engine->rcu;
    struct vs_rcu_callback *spare = rcu->current;
    rcu->current = rcu->next;
    rcu->current_count = rcu->next_count;
    rcu->next = spare;
    rcu->next_count = 0;
    rcu->active = true;
    rcu->started = now;
    rcu->cpus_left = engine->cpu_count;
    for (uint32_t cpu = 0; cpu < engine->cpu_count; cpu++)
        rcu->passes_left[cpu] = 2;
    rcu->tick = now + engine->machine->softirq_interval_ps;
}

static void wake_barriers(struct vs_engine *engine, vs_ps now)
{
    struct vs_lock_state *state = &engine->locks[engine->rcu.lock];
    while (state->waiters > 0) {
        uint16_t actor = vs_waiter_pop(engine, engine->rcu.lock);
        struct vs_actor_run *run = &engine->actors[actor];
        vs_ps at = now > run->wait_from ? now : run->wait_from;
        run->lock_wait_ps += at - run->wait_from;
        run->step_wait += at - run->wait_from;
        run->state = VS_ACTOR_RUNNING;
        run->wait_lock = VS_NO_INSTANCE;
        vs_blame_depart(engine, engine->rcu.lock, actor, at);
        vs_event_add(engine, actor, at);
    }
}

static void end_period(struct vs_engine *engine, vs_ps now)
{
    struct vs_rcu *rcu = &engine->rcu;
    vs_ps length = now - rcu->started;
    rcu->periods++;
    if (length > rcu->longest)
        rcu->longest = length;
    rcu->active = false;
    rcu->tick = VS_NEVER;
    for (uint32_t i = 0; i < rcu->current_count; i++) {
        const struct vs_rcu_callback *callback = &rcu->current[i];
        vs_object_free(engine, VS_NOBODY, callback->device, callback->object, callback->generation,
                       callback->op, now);
    }
    rcu->current_count = 0;
    if (rcu->next_count > 0)
        begin_period(engine, now);
    else
        wake_barriers(engine, now);
}

void vs_rcu_pass(struct vs_engine *engine, uint16_t cpu, vs_ps now)
{
    struct vs_rcu *rcu = &engine->rcu;
    if (!rcu->active || rcu->passes_left[cpu] == 0)
        return;
    if (--rcu->passes_left[cpu] == 0 && --rcu->cpus_left == 0)
        end_period(engine, now);
}

/* Does a CPU pass at a tick: in the guest, idle, or in rcu_barrier, which
 * processes softirqs while it spins? */
static bool passes_at_tick(const struct vs_engine *engine, uint32_t cpu)
{
    uint16_t runs = engine->cpus[cpu].running;
    return runs == VS_NOBODY || engine->actors[runs].wait_lock == engine->rcu.lock;
}

void vs_rcu_tick(struct vs_engine *engine)
{
    struct vs_rcu *rcu = &engine->rcu;
    vs_ps now = rcu->tick;
    uint64_t period = rcu->periods;
    rcu->tick = now + engine->machine->softirq_interval_ps;
    for (uint32_t cpu = 0; cpu < engine->cpu_count; cpu++) {
        if (!rcu->active || rcu->periods != period)
            return; /* this pass ended the period */
        if (passes_at_tick(engine, cpu))
            vs_rcu_pass(engine, (uint16_t)cpu, now);
    }
}

bool vs_rcu_is_stuck(const struct vs_engine *engine)
{
    for (uint32_t cpu = 0; cpu < engine->cpu_count; cpu++)
        if (engine->rcu.passes_left[cpu] > 0 && passes_at_tick(engine, cpu))
            return false;
    return true;
}

void vs_rcu_call(struct vs_engine *engine, uint16_t actor, uint16_t device, enum vs_object object,
                 uint32_t generation)
{
    struct vs_rcu *rcu = &engine->rcu;
    const struct vs_actor_run *run = &engine->actors[actor];
    if (rcu->next_count == rcu->capacity) {
        /* Both arrays grow together since they change places. */
        uint32_t capacity = rcu->capacity ? 2 * rcu->capacity : 64;
        struct vs_rcu_callback *next = realloc(rcu->next, capacity * sizeof *next);
        if (next)
            rcu->next = next;
        struct vs_rcu_callback *current = realloc(rcu->current, capacity * sizeof *current);
        if (current)
            rcu->current = current;
        if (!next || !current) {
            engine->out_of_memory = true;
            return;
        }
        rcu->capacity = capacity;
    }
    rcu->next[rcu->next_count++] = (struct vs_rcu_callback){
        .device = device, .object = (uint8_t)object, .op = run->op, .generation = generation};
    if (!rcu->active)
        begin_period(engine, run->now);
}

enum vs_acquire vs_rcu_barrier(struct vs_engine *engine, uint16_t actor)
{
    struct vs_rcu *rcu = &engine->rcu;
    if (!rcu->active || rcu->lock == VS_NO_INSTANCE)
        return VS_ACQUIRED;
    vs_waiter_push(engine, rcu->lock, actor, VS_MODE_EXCLUSIVE);
    return VS_BLOCKED;
}
