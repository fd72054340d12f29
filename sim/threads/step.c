/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The interpreter, as sim/engine/step.c runs the same instructions in virtual
 * time: what counts as a step, and what happens when one finds nothing, is the
 * same; a test holds the two against each other.  Here work is spun, locks are
 * taken, and everybody else goes on meanwhile.
 */
#include "internal.h"

void vs_real_spend(struct vs_worker *worker, vs_ps cost_ps)
{
    const struct vs_host_clock *clock = worker->engine->clock;
    if (cost_ps == 0)
        return;
    double ticks = (double)cost_ps * clock->ticks_per_ns / (double)VS_PS_PER_NS;
    vs_host_clock_spin(clock, (vs_ticks)(ticks + 0.5), &worker->ahead);
}

/* A config cycle: measured where the trace measured it, else the machine's cost. */
static void config_cycle(struct vs_worker *worker, const struct vs_insn *insn)
{
    const struct vs_real_actor *actor = worker->running;
    vs_ps cost = insn->cost_ps;
    if (actor->measured_ns != 0 && !actor->in_pending) {
        uint32_t cycles = worker->engine->code->shapes[actor->shape].cycles;
        cost = actor->measured_ns * VS_PS_PER_NS;
        if (cycles > 1)
            cost = cost * insn->count / cycles;
    }
    vs_real_spend(worker, cost);
}

/* ------------------------------------------------------------------- locks */

static uint32_t instance_of(const struct vs_threads *engine, const struct vs_real_actor *actor,
                            const struct vs_insn *insn)
{
    switch (engine->policy->locks[insn->lock].scope) {
    case VS_SCOPE_GLOBAL:
        return insn->base;
    case VS_SCOPE_DOMAIN:
        return insn->base + vs_real_whose(engine, actor, insn->whose);
    case VS_SCOPE_DEVICE:
        break;
    }
    uint16_t device = vs_real_which(engine, actor, insn->which);
    return insn->base +
           (device == VS_DEVICE_NONE ? (uint32_t)engine->workload->device_count : device);
}

static uint8_t take_node(struct vs_real_actor *actor)
{
    uint8_t node = 0;
    while (node + 1u < VS_HELD_MAX && (actor->nodes_used >> node) & 1u)
        node++;
    actor->nodes_used |= 1u << node;
    return node;
}

static void give_node(struct vs_real_actor *actor, uint8_t node)
{
    actor->nodes_used &= ~(1u << node);
}

static const struct vs_real_lock_ops *ops_of(const struct vs_threads *engine, uint32_t lock)
{
    return vs_real_lock_ops[engine->locks[lock].kind];
}

static void forget_held(struct vs_real_actor *actor, uint8_t index)
{
    give_node(actor, actor->held[index].node);
    actor->held_count--;
    for (uint8_t i = index; i < actor->held_count; i++)
        actor->held[i] = actor->held[i + 1];
}

/* Give back held[index]. */
static void release(struct vs_worker *worker, uint8_t index)
{
    struct vs_threads *engine = worker->engine;
    struct vs_real_actor *actor = worker->running;
    const struct vs_real_held held = actor->held[index];
    struct vs_real_lock *lock = &engine->locks[held.lock];
    struct vs_lock_node *node = &actor->nodes[held.node];
    bool recursed = lock->kind == VS_LOCK_RECURSIVE && lock->depth > 0;
    if (atomic_load_explicit(&engine->lock_generation[held.lock], memory_order_relaxed) !=
        held.generation) {
        uint16_t instance = engine->lock_instance[held.lock];
        vs_real_hazard(worker, VS_HAZARD_LOCK_AFTER_FREE,
                       instance < engine->workload->device_count ? instance : VS_DEVICE_NONE,
                       VS_OP_COUNT);
        lock->depth = 0; /* the real lock's memory is still there: let the others go on */
    } else if (recursed && !actor->leaving) {
        ops_of(engine, held.lock)->unlock(lock, &worker->user, node, held.mode);
        return;
    } else if (recursed) {
        lock->depth = 0;
    }
    ops_of(engine, held.lock)->unlock(lock, &worker->user, node, held.mode);
    forget_held(actor, index);
}

/* Which of the held locks an unlock means: see sim/engine/step.c. */
static int find_held(const struct vs_threads *engine, const struct vs_real_actor *actor,
                     uint32_t lock, const struct vs_insn *insn)
{
    for (int i = actor->held_count - 1; i >= 0; i--)
        if (actor->held[i].lock == lock && actor->held[i].mode == insn->mode)
            return i;
    if (engine->policy->locks[insn->lock].scope != VS_SCOPE_DOMAIN)
        return -1;
    for (int i = actor->held_count - 1; i >= 0; i--)
        if (engine->lock_decl[actor->held[i].lock] == insn->lock &&
            actor->held[i].mode == insn->mode)
            return i;
    return -1;
}

static void unlock(struct vs_worker *worker, const struct vs_insn *insn)
{
    struct vs_real_actor *actor = worker->running;
    int index = find_held(worker->engine, actor, instance_of(worker->engine, actor, insn), insn);
    if (index >= 0)
        release(worker, (uint8_t)index);
    /* Else the lock step found its memory freed and took nothing. */
}

static void count_wait(struct vs_worker *worker, struct vs_real_counts *counts)
{
    vs_ticks wait = vs_host_clock_now(worker->engine->clock) - worker->user.wait_from;
    counts->wait++;
    counts->wait_total += wait;
    if (wait > counts->wait_max)
        counts->wait_max = wait;
    worker->running->step_wait += wait;
    worker->lock_wait += wait;
}

/* The real lock is the actor's: is the lock that it meant still there? */
static void granted(struct vs_worker *worker, uint32_t lock, uint32_t generation, uint8_t node,
                    const struct vs_insn *insn)
{
    struct vs_threads *engine = worker->engine;
    struct vs_real_actor *actor = worker->running;
    struct vs_real_lock *real = &engine->locks[lock];
    if (real->kind == VS_LOCK_RECURSIVE && real->depth > 0) { /* its own already */
        give_node(actor, node);
        return;
    }
    if (atomic_load_explicit(&engine->lock_generation[lock], memory_order_relaxed) != generation) {
        ops_of(engine, lock)->unlock(real, &worker->user, &actor->nodes[node], insn->mode);
        give_node(actor, node);
        vs_real_hazard(worker, VS_HAZARD_LOCK_AFTER_FREE, actor->device, VS_OP_COUNT);
        actor->leaving = true;
        return;
    }
    worker->counts[lock * VS_MODE_COUNT + insn->mode].acquire++;
    actor->held[actor->held_count++] = (struct vs_real_held){
        .lock = lock, .generation = generation, .mode = insn->mode, .node = node};
}

/* false: the run is being ended. */
static bool lock_step(struct vs_worker *worker, const struct vs_insn *insn)
{
    struct vs_threads *engine = worker->engine;
    struct vs_real_actor *actor = worker->running;
    if ((insn->flags & VS_INSN_INSIDE) && vs_real_lock_is_freed(worker, insn)) {
        vs_real_hazard(worker, VS_HAZARD_LOCK_AFTER_FREE, vs_real_which(engine, actor, insn->which),
                       VS_OP_COUNT);
        actor->leaving = insn->which == VS_SELF; /* another device's: go on without */
        return true;
    }
    uint32_t lock = instance_of(engine, actor, insn);
    uint32_t generation =
        atomic_load_explicit(&engine->lock_generation[lock], memory_order_relaxed);
    uint8_t node = take_node(actor);
    actor->wait_lock = lock;
    actor->wait_mode = insn->mode;
    if (!vs_real_lock_acquire(&engine->locks[lock], &worker->user, &actor->nodes[node], insn->mode))
        return false;
    actor->wait_lock = VS_NO_LOCK;
    if (worker->user.waited)
        count_wait(worker, &worker->counts[lock * VS_MODE_COUNT + insn->mode]);
    granted(worker, lock, generation, node, insn);
    return true;
}

static void try_step(struct vs_worker *worker, const struct vs_insn *insn)
{
    struct vs_threads *engine = worker->engine;
    struct vs_real_actor *actor = worker->running;
    uint32_t lock = instance_of(engine, actor, insn);
    struct vs_real_counts *counts = &worker->counts[lock * VS_MODE_COUNT + insn->mode];
    uint32_t generation =
        atomic_load_explicit(&engine->lock_generation[lock], memory_order_relaxed);
    uint8_t node = take_node(actor);
    counts->try_count++;
    if (!vs_real_lock_is_freed(worker, insn) &&
        ops_of(engine, lock)
            ->try_acquire(&engine->locks[lock], &worker->user, &actor->nodes[node], insn->mode)) {
        granted(worker, lock, generation, node, insn);
        return;
    }
    give_node(actor, node);
    counts->try_failed++;
    actor->pc = insn->target;
}

/* ----------------------------------------------------------- lists, leaving */

static void say_walk(_Atomic uint32_t *walk, uint32_t said)
{
    atomic_store_explicit(walk, said, memory_order_release);
}

static void leave(struct vs_worker *worker)
{
    struct vs_real_actor *actor = worker->running;
    while (actor->held_count > 0)
        release(worker, (uint8_t)(actor->held_count - 1));
    while (actor->reference_count > 0) {
        struct vs_real_reference reference = actor->references[--actor->reference_count];
        vs_real_drop(worker, &reference);
    }
    while (actor->rcu_depth > 0) {
        actor->rcu_depth--;
        vs_urcu_read_unlock();
    }
    for (int i = 0; i < VS_LIST_COUNT; i++) {
        say_walk(&actor->walk[i], 0);
        say_walk(&actor->each[i], 0);
    }
    actor->loop_count = 0;
    actor->leaving = false;
    actor->in_miss = true;
    const struct vs_entry_points *points = &worker->engine->code->shapes[actor->shape];
    actor->pc = actor->in_pending ? points->pending_miss : points->miss;
}

static void lookup_begin(struct vs_worker *worker, const struct vs_insn *insn)
{
    struct vs_real_actor *actor = worker->running;
    if (actor->rcu_depth == 0)
        say_walk(&actor->walk[insn->argument],
                 vs_real_walk_word(actor, vs_real_group(worker->engine, actor, insn)));
    vs_real_spend(worker, insn->cost_ps * vs_real_walk_nodes(worker->engine, actor, insn));
}

static void lookup_end(struct vs_worker *worker, const struct vs_insn *insn)
{
    struct vs_real_actor *actor = worker->running;
    struct vs_threads *engine = worker->engine;
    say_walk(&actor->walk[insn->argument], 0);
    if (!vs_real_finds(engine, actor, insn)) {
        actor->leaving = true;
        return;
    }
    actor->has_pdev = true;
    actor->from_pending = false;
    actor->pdev_generation = vs_word_generation(atomic_load(&engine->devices[actor->device].pdev));
    actor->owner_seen = atomic_load(&engine->devices[actor->device].owner);
}

static void each_begin(struct vs_worker *worker, const struct vs_insn *insn)
{
    struct vs_real_actor *actor = worker->running;
    uint16_t device = vs_real_each_first(worker->engine, actor, insn);
    if (device == VS_DEVICE_NONE) {
        actor->pc = insn->target;
        return;
    }
    _Atomic uint32_t *each = &actor->each[insn->argument];
    actor->loops[actor->loop_count++] =
        (struct vs_real_loop){.insn = actor->pc - 1,
                              .device = device,
                              .walked_before = atomic_load_explicit(each, memory_order_relaxed)};
    if (actor->rcu_depth == 0)
        say_walk(each, vs_real_walk_word(actor, vs_real_group(worker->engine, actor, insn)));
    vs_real_spend(worker, insn->cost_ps);
}

static void each_next(struct vs_worker *worker, const struct vs_insn *insn)
{
    struct vs_real_actor *actor = worker->running;
    struct vs_real_loop *loop = &actor->loops[actor->loop_count - 1];
    const struct vs_insn *each = &worker->engine->code->insns[loop->insn];
    loop->device = vs_real_each_after(worker->engine, actor, each, loop->device);
    if (loop->device == VS_DEVICE_NONE) {
        say_walk(&actor->each[each->argument], loop->walked_before);
        actor->loop_count--;
        return;
    }
    actor->pc = insn->target;
    vs_real_spend(worker, insn->cost_ps);
}

/* ------------------------------------------------------------ RCU, softirqs */

static void softirq_step(struct vs_worker *worker, const struct vs_insn *insn)
{
    struct vs_real_actor *actor = worker->running;
    if (actor->held_count > 0 || actor->rcu_depth > 0)
        vs_real_hazard(worker, VS_HAZARD_SOFTIRQ_LOCKED, actor->device, VS_OP_COUNT);
    vs_real_spend(worker, insn->cost_ps);
    if (actor->rcu_depth == 0 && worker->engine->uses_rcu)
        vs_urcu_quiescent();
}

/* rcu_barrier: until all callbacks that were queued have run.  liburcu has a function
 * for that, in which a deadlock could not be ended; its callbacks run in the order in
 * which they were queued, so that counting them is the same.  false: the run is being
 * ended. */
static bool barrier_step(struct vs_worker *worker)
{
    struct vs_threads *engine = worker->engine;
    struct vs_real_actor *actor = worker->running;
    if (!engine->uses_rcu)
        return true;
    vs_ticks from = vs_host_clock_now(engine->clock);
    actor->wait_lock = engine->lock_base[engine->rcu_lock];
    actor->wait_mode = VS_MODE_EXCLUSIVE;
    atomic_store(&worker->in_barrier, true);
    uint64_t target = atomic_load(&engine->callbacks_queued);
    bool goes_on = true;
    vs_urcu_offline(); /* it processes softirqs while it waits */
    while (goes_on && atomic_load(&engine->callbacks_done) < target)
        goes_on = vs_wait_poll(&worker->user);
    vs_urcu_online();
    atomic_store(&worker->in_barrier, false);
    if (!goes_on)
        return false;
    actor->wait_lock = VS_NO_LOCK;
    vs_ticks wait = vs_host_clock_now(engine->clock) - from;
    actor->step_wait += wait;
    worker->lock_wait += wait;
    return true;
}

static void rcu_step(struct vs_worker *worker, bool begins)
{
    struct vs_real_actor *actor = worker->running;
    actor->rcu_depth = (uint8_t)(actor->rcu_depth + (begins ? 1 : -1));
    if (begins)
        vs_urcu_read_lock();
    else
        vs_urcu_read_unlock();
}

/* -------------------------------------------------------------------- steps */

/* Instructions on objects.  Returns whether it was one. */
static bool object_step(struct vs_worker *worker, const struct vs_insn *insn)
{
    struct vs_real_actor *actor = worker->running;
    struct vs_threads *engine = worker->engine;
    uint16_t device;
    switch ((enum vs_insn_code)insn->code) {
    case VS_INSN_DEREF:
        if (!vs_real_deref(worker, insn)) {
            actor->leaving = insn->target == 0;
            actor->pc = insn->target ? insn->target : actor->pc;
        }
        return true;
    case VS_INSN_USE:
        vs_real_use(worker, insn);
        return true;
    case VS_INSN_BARS_BEGIN:
        vs_real_bars_begin(worker, insn);
        vs_real_spend(worker, insn->cost_ps);
        return true;
    case VS_INSN_BARS_END:
        vs_real_bars_end(worker, insn);
        return true;
    case VS_INSN_SET_OWNER:
        device = vs_real_which(engine, actor, insn->which);
        if (device != VS_DEVICE_NONE)
            atomic_store(&engine->devices[device].owner, vs_real_whose(engine, actor, insn->whose));
        return true;
    case VS_INSN_ALLOCATE:
        vs_real_spend(worker, insn->cost_ps);
        actor->leaving = !vs_real_allocate(worker, insn);
        return true;
    case VS_INSN_PUBLISH:
        vs_real_publish(worker, insn);
        return true;
    case VS_INSN_CLEAR:
        vs_real_clear(worker, insn);
        return true;
    case VS_INSN_FREE:
    case VS_INSN_CALL_RCU:
        vs_real_spend(worker, insn->cost_ps);
        vs_real_give_back(worker, insn, insn->code == VS_INSN_CALL_RCU);
        return true;
    case VS_INSN_GET:
        vs_real_get(worker, insn);
        return true;
    case VS_INSN_PUT:
        vs_real_put(worker, insn);
        return true;
    case VS_INSN_TAKE_PENDING:
        actor->leaving = !vs_real_pending_take(worker, insn);
        return true;
    default:
        return false;
    }
}

/* Instructions on locks, lists and time.  false: the run is being ended. */
static bool shared_step(struct vs_worker *worker, const struct vs_insn *insn)
{
    switch ((enum vs_insn_code)insn->code) {
    case VS_INSN_LOCK:
        return lock_step(worker, insn);
    case VS_INSN_UNLOCK:
        unlock(worker, insn);
        return true;
    case VS_INSN_TRY:
        try_step(worker, insn);
        return true;
    case VS_INSN_LOOKUP:
        lookup_begin(worker, insn);
        return true;
    case VS_INSN_LOOKUP_END:
        lookup_end(worker, insn);
        return true;
    case VS_INSN_LINK:
        vs_real_link(worker, insn);
        return true;
    case VS_INSN_UNLINK:
        vs_real_unlink(worker, insn);
        return true;
    case VS_INSN_EACH:
        each_begin(worker, insn);
        return true;
    case VS_INSN_EACH_NEXT:
        each_next(worker, insn);
        return true;
    case VS_INSN_SOFTIRQ:
        softirq_step(worker, insn);
        return true;
    case VS_INSN_RCU_BARRIER:
        return barrier_step(worker);
    default:
        object_step(worker, insn);
        return true;
    }
}

/* Instructions that touch only the actor itself. */
static void private_step(struct vs_worker *worker, const struct vs_insn *insn)
{
    struct vs_real_actor *actor = worker->running;
    actor->pc++;
    switch ((enum vs_insn_code)insn->code) {
    case VS_INSN_WORK:
        vs_real_spend(worker, insn->cost_ps);
        break;
    case VS_INSN_CYCLE:
        config_cycle(worker, insn);
        break;
    case VS_INSN_RCU_LOCK:
    case VS_INSN_RCU_UNLOCK:
        rcu_step(worker, insn->code == VS_INSN_RCU_LOCK);
        break;
    case VS_INSN_JUMP:
        actor->pc = insn->target;
        break;
    case VS_INSN_REPEAT:
        actor->loops[actor->loop_count++] = (struct vs_real_loop){
            .insn = actor->pc - 1, .left = insn->count, .device = VS_DEVICE_NONE};
        break;
    case VS_INSN_REPEAT_NEXT:
        if (--actor->loops[actor->loop_count - 1].left > 0)
            actor->pc = insn->target;
        else
            actor->loop_count--;
        break;
    case VS_INSN_DEFER:
        vs_real_pending_fill(worker, insn);
        break;
    case VS_INSN_CLEAR_PENDING:
        actor->pending = false;
        break;
    default: /* VS_INSN_LEAVE */
        actor->leaving = true;
        break;
    }
}

enum vs_ran vs_real_execute(struct vs_worker *worker, struct vs_real_actor *actor)
{
    const struct vs_insn *insns = worker->engine->code->insns;
    for (;;) {
        const struct vs_insn *insn = &insns[actor->pc];
        if (insn->code <= VS_INSN_LAST_PRIVATE && !actor->leaving) {
            worker->steps++;
            private_step(worker, insn);
            continue;
        }
        if (vs_threads_ending(worker->engine))
            return VS_RAN_GAVE_UP;
        atomic_store_explicit(&worker->beat, worker->steps, memory_order_relaxed);
        if (actor->leaving && !actor->in_miss) {
            leave(worker);
            continue;
        }
        worker->steps++;
        if (insn->code == VS_INSN_END || actor->leaving) { /* a miss program that leaves ends */
            actor->leaving = false;
            return VS_RAN_ENDED;
        }
        actor->pc++;
        if (insn->code == VS_INSN_RESCHEDULE) {
            vs_real_spend(worker, insn->cost_ps);
            if (worker->engine->uses_rcu)
                vs_urcu_quiescent();
            return VS_RAN_YIELDED;
        }
        if (!shared_step(worker, insn))
            return VS_RAN_GAVE_UP;
    }
}
