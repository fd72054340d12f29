/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The interpreter: one vCPU's program, instruction by instruction.
 *
 * Work and jumps touch nobody else and run at once.  Every other instruction
 * takes place in the total order of events: if another event comes first, the
 * actor goes back into the queue and its instruction happens when its turn has
 * come.  So the queue is touched when vCPUs really interleave, not per step.
 */
#include "internal.h"

static void spend(struct vs_actor_run *run, vs_ps cost)
{
    run->now += cost;
    run->work_ps += cost;
}

/* A config cycle: measured where the trace measured it (its durations cover all
 * cycles of the access, so each gets its part), else the machine's cost. */
static void config_cycle(const struct vs_engine *engine, struct vs_actor_run *run,
                         const struct vs_insn *insn)
{
    vs_ps cost = insn->cost_ps;
    if (run->measured_ns != 0 && !run->in_pending) {
        uint32_t cycles = engine->code->shapes[run->shape].cycles;
        cost = run->measured_ns * VS_PS_PER_NS;
        if (cycles > 1)
            cost = cost * insn->count / cycles;
    }
    spend(run, cost);
}

static uint32_t ask_instance(const struct vs_engine *engine, uint16_t actor,
                             const struct vs_insn *insn)
{
    if (engine->policy->locks[insn->lock].scope == VS_SCOPE_DOMAIN)
        return insn->base + vs_whose_domain(engine, actor, insn->whose);
    uint16_t device = vs_which_device(engine, actor, insn->which);
    if (device == VS_DEVICE_NONE)
        return insn->base + (uint32_t)engine->workload->device_count;
    return insn->base + device;
}

static inline uint32_t instance_of(const struct vs_engine *engine, uint16_t actor,
                                   const struct vs_insn *insn)
{
    const struct vs_actor_run *run = &engine->actors[actor];
    if (insn->place == VS_PLACE_FIXED)
        return insn->base;
    if (insn->place == VS_PLACE_CALLER)
        return insn->base + run->domain;
    if (insn->place == VS_PLACE_SELF && run->device != VS_DEVICE_NONE)
        return insn->base + run->device;
    return ask_instance(engine, actor, insn);
}

static const struct vs_lock_ops *ops_of(const struct vs_engine *engine, uint32_t lock)
{
    return vs_lock_ops_table[engine->locks[lock].kind];
}

/* A lock that is gone with the object that it was in, or that an inner release
 * leaves held.  true: nothing is left to do. */
static __attribute__((noinline)) bool release_rare(struct vs_engine *engine, uint16_t actor,
                                                   uint8_t index, bool stale)
{
    struct vs_actor_run *run = &engine->actors[actor];
    struct vs_held held = run->held[index];
    struct vs_lock_state *state = &engine->locks[held.lock];
    if (!stale && state->recursion > 0 && state->owner == actor && !run->leaving) {
        ops_of(engine, held.lock)->release(engine, held.lock, actor, held.mode);
        return true;
    }
    state->recursion = stale ? state->recursion : 0;
    if (!stale)
        return false;
    uint16_t device =
        state->instance < engine->workload->device_count ? state->instance : VS_DEVICE_NONE;
    vs_hazard_note(engine, VS_HAZARD_LOCK_AFTER_FREE, actor, device, VS_OP_COUNT);
    run->held_count--;
    for (uint8_t i = index; i < run->held_count; i++)
        run->held[i] = run->held[i + 1];
    return true;
}

/* Give back held[index]. */
static inline void release(struct vs_engine *engine, uint16_t actor, uint8_t index)
{
    struct vs_actor_run *run = &engine->actors[actor];
    const struct vs_held *held = &run->held[index];
    uint32_t lock = held->lock;
    uint8_t mode = held->mode;
    struct vs_lock_state *state = &engine->locks[lock];
    bool stale = held->generation != state->generation;
    if ((stale || state->recursion > 0) && release_rare(engine, actor, index, stale))
        return;
    vs_lock_released(engine, lock, actor, index);
    run->held_count--;
    for (uint8_t i = index; i < run->held_count; i++)
        run->held[i] = run->held[i + 1];
    ops_of(engine, lock)->release(engine, lock, actor, mode);
}

/* Which of the held locks an unlock means.  A domain's lock may have been taken
 * as "of owner" before the owner changed: it is that one all the same. */
static __attribute__((noinline)) int find_held(const struct vs_engine *engine,
                                               const struct vs_actor_run *run, uint32_t lock,
                                               const struct vs_insn *insn)
{
    for (int i = run->held_count - 1; i >= 0; i--)
        if (run->held[i].lock == lock && run->held[i].mode == insn->mode)
            return i;
    if (engine->policy->locks[insn->lock].scope != VS_SCOPE_DOMAIN)
        return -1;
    for (int i = run->held_count - 1; i >= 0; i--)
        if (engine->locks[run->held[i].lock].decl == insn->lock && run->held[i].mode == insn->mode)
            return i;
    return -1;
}

static void unlock(struct vs_engine *engine, uint16_t actor, const struct vs_insn *insn)
{
    const struct vs_actor_run *run = &engine->actors[actor];
    uint32_t lock = instance_of(engine, actor, insn);
    int index = run->held_count - 1; /* mostly the last one taken */
    if (index < 0 || run->held[index].lock != lock || run->held[index].mode != insn->mode)
        index = find_held(engine, run, lock, insn);
    if (index >= 0)
        release(engine, actor, (uint8_t)index);
    /* Else the lock step found its memory freed and took nothing. */
}

/* One step of leaving; true when all is given back. */
static bool leave_step(struct vs_engine *engine, uint16_t actor)
{
    struct vs_actor_run *run = &engine->actors[actor];
    if (run->held_count > 0) {
        release(engine, actor, (uint8_t)(run->held_count - 1));
        return false;
    }
    if (run->reference_count > 0) {
        struct vs_reference reference = run->references[--run->reference_count];
        vs_reference_drop(engine, actor, &reference);
        return false;
    }
    run->rcu_depth = 0;
    run->loop_count = 0;
    run->leaving = false;
    const struct vs_entry_points *points = &engine->code->shapes[run->shape];
    if (run->retrying) { /* the guest executes the instruction again, as for X86EMUL_RETRY */
        run->retrying = run->has_pdev = run->has_vpci = false;
        vs_rcu_pass(engine, run->cpu, run->now);
        run->pc = points->start;
        return true;
    }
    run->in_miss = true;
    run->pc = run->in_pending ? points->pending_miss : points->miss;
    return true;
}

static void lookup_end(struct vs_engine *engine, uint16_t actor, const struct vs_insn *insn)
{
    struct vs_actor_run *run = &engine->actors[actor];
    run->walk_list = VS_LIST_COUNT;
    if (!vs_list_finds(engine, actor, insn)) {
        run->leaving = true;
        return;
    }
    run->has_pdev = true;
    run->from_pending = false;
    run->pdev_generation = engine->devices[run->device].pdev_generation;
    run->owner_seen = engine->devices[run->device].owner;
}

/* A walk of a list: its nodes, and what another CPU wrote since the last one. */
static void spend_walk(struct vs_engine *engine, struct vs_actor_run *run, uint8_t list,
                       uint16_t group, vs_ps cost, uint32_t nodes)
{
    if (engine->warmth)
        cost += vs_warmth_walk(engine, run->cpu, list, group, nodes);
    spend(run, cost);
}

static void lookup_begin(struct vs_engine *engine, uint16_t actor, const struct vs_insn *insn)
{
    struct vs_actor_run *run = &engine->actors[actor];
    run->walk_list = insn->argument;
    run->walk_group = vs_list_group(engine, actor, insn);
    uint32_t nodes = vs_list_walk_nodes(engine, actor, insn);
    spend_walk(engine, run, insn->argument, run->walk_group, insn->cost_ps * nodes, nodes);
}

static void each_begin(struct vs_engine *engine, uint16_t actor, const struct vs_insn *insn)
{
    struct vs_actor_run *run = &engine->actors[actor];
    uint16_t device = vs_each_first(engine, actor, insn);
    if (device == VS_DEVICE_NONE) {
        run->pc = insn->target;
        return;
    }
    run->loops[run->loop_count++] = (struct vs_loop){.insn = run->pc - 1, .device = device};
    uint16_t group = vs_list_group(engine, actor, insn);
    spend_walk(engine, run, insn->argument, group, insn->cost_ps,
               engine->lists[insn->argument].length[group]);
}

static void each_next(struct vs_engine *engine, uint16_t actor, const struct vs_insn *insn)
{
    struct vs_actor_run *run = &engine->actors[actor];
    struct vs_loop *loop = &run->loops[run->loop_count - 1];
    loop->device = vs_each_after(engine, actor, &engine->code->insns[loop->insn], loop->device);
    if (loop->device == VS_DEVICE_NONE) {
        run->loop_count--;
        return;
    }
    run->pc = insn->target;
    spend(run, insn->cost_ps);
}

/* false: the actor blocked. */
static bool lock_step(struct vs_engine *engine, uint16_t actor, const struct vs_insn *insn)
{
    struct vs_actor_run *run = &engine->actors[actor];
    if ((insn->flags & VS_INSN_INSIDE) && vs_lock_is_freed(engine, actor, insn)) {
        uint16_t device = vs_which_device(engine, actor, insn->which);
        vs_hazard_note(engine, VS_HAZARD_LOCK_AFTER_FREE, actor, device,
                       engine->devices[device].freed_by);
        run->leaving = insn->which == VS_SELF; /* another device's: go on without */
        return true;
    }
    uint32_t lock = instance_of(engine, actor, insn);
    return vs_lock_ops_table[insn->kind]->acquire(engine, lock, actor, insn->mode) == VS_ACQUIRED;
}

static void try_step(struct vs_engine *engine, uint16_t actor, const struct vs_insn *insn)
{
    struct vs_actor_run *run = &engine->actors[actor];
    uint32_t lock = instance_of(engine, actor, insn);
    struct vs_lock_counts *counts = &engine->counts[engine->locks[lock].stats + insn->mode];
    counts->try_count++;
    if (!vs_lock_is_freed(engine, actor, insn) &&
        ops_of(engine, lock)->try_acquire(engine, lock, actor, insn->mode))
        return;
    counts->try_failed++;
    run->pc = insn->target;
}

/* Hidden and unowned devices are whoever's found them. */
static bool belongs_to_another(const struct vs_engine *engine, const struct vs_actor_run *run)
{
    if (run->device == VS_DEVICE_NONE)
        return false;
    uint16_t owner = engine->devices[run->device].owner;
    return owner < engine->workload->domain_count && owner != run->domain;
}

static void softirq_step(struct vs_engine *engine, uint16_t actor, const struct vs_insn *insn)
{
    struct vs_actor_run *run = &engine->actors[actor];
    if (run->held_count > 0 || run->rcu_depth > 0)
        vs_hazard_note(engine, VS_HAZARD_SOFTIRQ_LOCKED, actor, run->device, VS_OP_COUNT);
    spend(run, insn->cost_ps);
    if (run->rcu_depth == 0)
        vs_rcu_pass(engine, run->cpu, run->now);
}

/* The rarer instructions on shared state.  false: the actor no longer runs. */
static __attribute__((noinline)) bool shared_step(struct vs_engine *engine, uint16_t actor,
                                                  const struct vs_insn *insn)
{
    struct vs_actor_run *run = &engine->actors[actor];
    switch ((enum vs_insn_code)insn->code) {
    case VS_INSN_TRY:
        try_step(engine, actor, insn);
        return true;
    case VS_INSN_LOOKUP:
        lookup_begin(engine, actor, insn);
        return true;
    case VS_INSN_LOOKUP_END:
        lookup_end(engine, actor, insn);
        return true;
    case VS_INSN_DEREF:
        if (!vs_object_deref(engine, actor, insn)) {
            run->leaving = insn->target == 0;
            run->pc = insn->target ? insn->target : run->pc;
        }
        return true;
    case VS_INSN_RECHECK_OWNER:
        run->leaving = belongs_to_another(engine, run);
        return true;
    case VS_INSN_USE:
        vs_object_use(engine, actor, insn);
        return true;
    case VS_INSN_BARS_BEGIN:
        vs_bars_begin(engine, actor, insn);
        spend(run, insn->cost_ps);
        return true;
    case VS_INSN_BARS_END:
        vs_bars_end(engine, actor, insn);
        return true;
    case VS_INSN_LINK:
        vs_list_link(engine, actor, insn);
        return true;
    case VS_INSN_UNLINK:
        vs_list_unlink(engine, actor, insn);
        return true;
    case VS_INSN_SET_OWNER: {
        uint16_t device = vs_which_device(engine, actor, insn->which);
        if (device != VS_DEVICE_NONE)
            engine->devices[device].owner = vs_whose_domain(engine, actor, insn->whose);
        return true;
    }
    case VS_INSN_ALLOCATE:
        spend(run, insn->cost_ps);
        run->leaving = !vs_object_allocate(engine, actor, insn);
        return true;
    case VS_INSN_PUBLISH:
        vs_object_publish(engine, actor, insn);
        return true;
    case VS_INSN_CLEAR:
        vs_object_clear(engine, actor, insn);
        return true;
    case VS_INSN_FREE:
    case VS_INSN_CALL_RCU:
        spend(run, insn->cost_ps);
        vs_object_give_back(engine, actor, insn, insn->code == VS_INSN_CALL_RCU);
        return true;
    case VS_INSN_RCU_BARRIER:
        return vs_rcu_barrier(engine, actor) == VS_ACQUIRED;
    case VS_INSN_GET:
        vs_reference_get(engine, actor, insn);
        return true;
    case VS_INSN_PUT:
        vs_reference_put(engine, actor, insn);
        return true;
    case VS_INSN_TAKE_PENDING:
        run->leaving = !vs_pending_take(engine, actor, insn);
        return true;
    case VS_INSN_SOFTIRQ:
        softirq_step(engine, actor, insn);
        return true;
    case VS_INSN_RESCHEDULE:
        spend(run, insn->cost_ps);
        vs_rcu_pass(engine, run->cpu, run->now);
        vs_entry_yield(engine, actor);
        return run->state == VS_ACTOR_RUNNING;
    case VS_INSN_EACH:
        each_begin(engine, actor, insn);
        return true;
    case VS_INSN_EACH_NEXT:
        each_next(engine, actor, insn);
        return true;
    case VS_INSN_HANDLERS:
        spend(run, insn->cost_ps);
        if (run->device != VS_DEVICE_NONE)
            spend(run, vs_warmth_handlers(engine, run->cpu, run->device, insn->count));
        return true;
    default:
        return true;
    }
}

/* Instructions that touch only the actor itself. */
static inline void private_step(struct vs_engine *engine, struct vs_actor_run *run,
                                const struct vs_insn *insn)
{
    run->pc++;
    switch ((enum vs_insn_code)insn->code) {
    case VS_INSN_WORK:
        spend(run, insn->cost_ps);
        break;
    case VS_INSN_CYCLE:
        config_cycle(engine, run, insn);
        break;
    case VS_INSN_RCU_LOCK:
        run->rcu_depth++;
        spend(run, engine->machine->rcu_section_ps);
        break;
    case VS_INSN_RCU_UNLOCK:
        run->rcu_depth--;
        spend(run, engine->machine->rcu_section_ps);
        break;
    case VS_INSN_JUMP:
        run->pc = insn->target;
        break;
    case VS_INSN_REPEAT:
        run->loops[run->loop_count++] =
            (struct vs_loop){.insn = run->pc - 1, .left = insn->count, .device = VS_DEVICE_NONE};
        break;
    case VS_INSN_REPEAT_NEXT:
        if (--run->loops[run->loop_count - 1].left > 0)
            run->pc = insn->target;
        else
            run->loop_count--;
        break;
    case VS_INSN_DEFER:
        vs_pending_fill(engine, (uint16_t)(run - engine->actors), insn);
        break;
    case VS_INSN_CLEAR_PENDING:
        run->pending = false;
        break;
    default: /* VS_INSN_LEAVE, VS_INSN_RETRY */
        run->leaving = true;
        run->retrying = insn->code == VS_INSN_RETRY;
        spend(run, insn->cost_ps);
        break;
    }
}

/* An actor's event outside a program: its call arrives, or it looks at a lock
 * again.  false: it does not run now. */
static bool resume(struct vs_engine *engine, uint16_t actor)
{
    struct vs_actor_run *run = &engine->actors[actor];
    if (run->state == VS_ACTOR_GUEST)
        return vs_entry_begin(engine, actor);
    if (run->state == VS_ACTOR_POLLING) {
        /* Granted, it goes on from here; else it is in the line. */
        engine->polling = actor;
        enum vs_acquire got = ops_of(engine, run->wait_lock)->poll(engine, run->wait_lock, actor);
        engine->polling = VS_NOBODY;
        return got == VS_ACQUIRED;
    }
    return true;
}

void vs_actor_execute(struct vs_engine *engine, uint16_t actor)
{
    struct vs_actor_run *run = &engine->actors[actor];
    const struct vs_insn *insns = engine->code->insns;
    if (run->state != VS_ACTOR_RUNNING && !resume(engine, actor))
        return;
    for (;;) {
        const struct vs_insn *insn = &insns[run->pc];
        if (insn->code <= VS_INSN_LAST_PRIVATE && !run->leaving) {
            engine->steps++;
            private_step(engine, run, insn);
            continue;
        }
        if (vs_event_before(engine, run->now, actor)) {
            vs_event_add(engine, actor, run->now);
            return;
        }
        if (run->leaving && !run->in_miss) {
            leave_step(engine, actor);
            continue;
        }
        engine->steps++;
        if (insn->code == VS_INSN_END || run->leaving) { /* a miss program that leaves ends */
            run->leaving = false;
            if (!vs_entry_end(engine, actor))
                return;
            if (run->state != VS_ACTOR_GUEST)
                continue; /* its deferred map */
            if (engine->calls >= engine->next_look || vs_event_before(engine, run->now, actor)) {
                vs_event_add(engine, actor, run->now);
                return;
            }
            if (!vs_entry_begin(engine, actor))
                return;
            continue;
        }
        run->pc++;
        if (insn->code == VS_INSN_LOCK) {
            if (!lock_step(engine, actor, insn))
                return;
        } else if (insn->code == VS_INSN_UNLOCK) {
            unlock(engine, actor, insn);
        } else if (!shared_step(engine, actor, insn)) {
            return;
        }
    }
}
