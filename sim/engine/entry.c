/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A vCPU's way in and out of the hypervisor: when its next call arrives, the
 * line for its pCPU, and the deferred map before it may re-enter the guest.
 *
 * Closed timing keeps think times: the next call comes that long after this one
 * ended.  Where a trace has no durations its gaps run from start to start; what
 * the access costs under every policy (VM exit and config cycles) is taken off
 * them, so that it does not count twice and no policy is favoured.
 */
#include "internal.h"

/* A stream is read from front to back; with many of them the CPU does not see that. */
#define PREFETCH_CALLS 4u

/* The actor's next call becomes its event, or it is finished. */
static bool schedule(struct vs_engine *engine, uint16_t actor)
{
    struct vs_actor_run *run = &engine->actors[actor];
    uint32_t place = run->next;
    if (place == run->end) {
        run->state = VS_ACTOR_FINISHED;
        return false;
    }
    const struct vs_stream_call *call = &engine->streams->calls[place];
    __builtin_prefetch(call + PREFETCH_CALLS);
    run->next = place + 1;
    run->state = VS_ACTOR_GUEST;
    vs_ps gap = call->gap_ns * VS_PS_PER_NS;
    if (call->gap_ns == VS_THINK_LONG)
        gap = vs_stream_long_gap_ns(engine->streams, place) * VS_PS_PER_NS;
    vs_ps at = run->last_end;
    if (engine->options.timing == VS_TIMING_OPEN) {
        run->due = run->arrived += gap;
        at = run->due > at ? run->due : at; /* else a backlog */
    } else {
        if (engine->workload->think_is_gap)
            gap = gap > run->previous_base ? gap - run->previous_base : 0;
        run->due = at += gap;
    }
    run->think_ps += at - run->last_end;
    run->now = at;
    return true;
}

void vs_entry_schedule_first(struct vs_engine *engine, uint16_t actor)
{
    if (schedule(engine, actor))
        vs_event_add(engine, actor, engine->actors[actor].now);
}

static void begin_program(struct vs_engine *engine, struct vs_actor_run *run)
{
    run->state = VS_ACTOR_RUNNING;
    run->entered = run->now;
    run->step_wait = 0;
    run->leaving = run->retrying = run->in_miss = run->from_pending = false;
    run->has_pdev = run->has_vpci = false;
    run->loop_count = 0;
    const struct vs_entry_points *points = &engine->code->shapes[run->shape];
    run->pc = run->in_pending ? points->pending : points->start;
}

static void begin_call(struct vs_engine *engine, struct vs_actor_run *run)
{
    const struct vs_stream_call *call = &engine->streams->calls[run->next - 1];
    run->shape = call->shape;
    run->op = engine->code->shapes[call->shape].op;
    run->device = call->device;
    run->target = call->target;
    run->measured_ns = call->measured_ns;
    run->in_pending = false;
    run->cleared_device = VS_DEVICE_NONE;
    begin_program(engine, run);
}

bool vs_entry_begin(struct vs_engine *engine, uint16_t actor)
{
    struct vs_actor_run *run = &engine->actors[actor];
    struct vs_cpu_run *cpu = &engine->cpus[run->cpu];
    if (cpu->running != VS_NOBODY) {
        run->state = VS_ACTOR_CPU_WAIT;
        run->wait_from = run->now;
        run->next_waiter = VS_NOBODY;
        if (cpu->head == VS_NOBODY)
            cpu->head = actor;
        else
            engine->actors[cpu->tail].next_waiter = actor;
        cpu->tail = actor;
        return false;
    }
    cpu->running = actor;
    begin_call(engine, run);
    return true;
}

static void hand_over_cpu(struct vs_engine *engine, struct vs_cpu_run *cpu, vs_ps now)
{
    uint16_t next = cpu->head;
    cpu->running = next;
    if (next == VS_NOBODY)
        return;
    struct vs_actor_run *run = &engine->actors[next];
    cpu->head = run->next_waiter;
    run->cpu_wait_ps += now - run->wait_from;
    run->now = now;
    if (run->in_reschedule) { /* goes on where it yielded */
        run->in_reschedule = false;
        run->state = VS_ACTOR_RUNNING;
    } else {
        begin_call(engine, run);
    }
    vs_event_add(engine, next, now);
}

void vs_entry_yield(struct vs_engine *engine, uint16_t actor)
{
    struct vs_actor_run *run = &engine->actors[actor];
    struct vs_cpu_run *cpu = &engine->cpus[run->cpu];
    if (cpu->head == VS_NOBODY)
        return;
    run->state = VS_ACTOR_CPU_WAIT;
    run->in_reschedule = true;
    run->wait_from = run->now;
    run->next_waiter = VS_NOBODY;
    engine->actors[cpu->tail].next_waiter = actor;
    cpu->tail = actor;
    hand_over_cpu(engine, cpu, run->now);
}

/* A device that changed hands while this access was under way. */
static void check_owner(struct vs_engine *engine, uint16_t actor)
{
    const struct vs_actor_run *run = &engine->actors[actor];
    if (!run->has_pdev || run->in_miss || !engine->code->shapes[run->shape].is_access)
        return;
    if (engine->devices[run->device].owner != run->owner_seen)
        vs_hazard_note(engine, VS_HAZARD_FORMER_OWNER, actor, run->device, VS_OP_COUNT);
}

bool vs_entry_end(struct vs_engine *engine, uint16_t actor)
{
    struct vs_actor_run *run = &engine->actors[actor];
    const struct vs_entry_points *points = &engine->code->shapes[run->shape];
    check_owner(engine, actor);
    vs_call_measured(engine, actor, run->now);
    if (run->now > engine->horizon)
        engine->horizon = run->now;
    if (run->in_miss && !run->in_pending)
        engine->missed++;
    if (!run->in_pending && run->pending && points->pending) {
        /* Softirqs before the guest goes on: the deferred map, on the same vCPU. */
        run->in_pending = true;
        run->due = run->now;
        begin_program(engine, run);
        return true;
    }
    if (run->pending_has_reference && run->in_pending) { /* never taken out of the slot */
        run->pending_has_reference = false;
        vs_reference_drop(engine, actor, &run->pending_reference);
    }
    if (run->in_pending)
        run->pending = false;
    run->in_pending = false;
    run->last_end = run->now;
    run->previous_base = points->base_ps;
    vs_rcu_pass(engine, run->cpu, run->now);
    hand_over_cpu(engine, &engine->cpus[run->cpu], run->now);
    return schedule(engine, actor);
}
