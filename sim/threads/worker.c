/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A thread as a pCPU: it runs the entries of its vCPUs in the order of their
 * arrival, one at a time, to the end.  Between entries it is in the guest: it
 * sleeps while the next arrival is far, spins when it is near, and holds up no
 * grace period.
 *
 * An arrival that the thread itself is late for (it slept too long, or looked for
 * the next vCPU) is moved to when it came: a guest that thought a little longer.
 * Waiting for a pCPU that is busy with another vCPU's entry is not.
 */
#include <sched.h>
#include <sys/resource.h>

#include "internal.h"

#define SPIN_NS  200000u   /* nearer arrivals are spun for: a sleep ends some 50 us late */
#define SLEEP_NS 10000000u /* a sleep at a time, to look whether the run is being ended */

static bool is_before(vs_ticks a, vs_ticks b)
{
    return (int64_t)(a - b) < 0;
}

/* ------------------------------------------------------------------- calls */

/* The actor's next call becomes its event, or it is finished. */
static void schedule(struct vs_threads *engine, struct vs_real_actor *actor)
{
    const struct vs_workload *workload = engine->workload;
    if (actor->next == actor->end) {
        actor->state = VS_REAL_FINISHED;
        return;
    }
    actor->call = engine->stream[actor->next++];
    actor->state = VS_REAL_GUEST;
    vs_ticks at = actor->last_end;
    if (engine->options.engine.timing == VS_TIMING_OPEN) {
        vs_ns time_ns = workload->calls[actor->call].time_ns;
        actor->due = engine->start + vs_host_clock_ticks(engine->clock, (double)time_ns);
        actor->ready = is_before(at, actor->due) ? actor->due : at; /* else a backlog */
        return;
    }
    vs_ps gap = vs_workload_think_ns(workload, actor->call) * VS_PS_PER_NS;
    if (workload->think_is_gap)
        gap = gap > actor->previous_base ? gap - actor->previous_base : 0;
    actor->ready = at + vs_host_clock_ticks(engine->clock, (double)gap / (double)VS_PS_PER_NS);
    actor->due = actor->ready;
}

void vs_worker_schedule_first(struct vs_threads *engine, struct vs_real_actor *actor)
{
    actor->last_end = engine->start;
    schedule(engine, actor);
}

static void begin_program(struct vs_worker *worker, struct vs_real_actor *actor)
{
    actor->entered = vs_host_clock_now(worker->engine->clock);
    actor->step_wait = 0;
    actor->leaving = actor->in_miss = actor->from_pending = false;
    actor->has_pdev = actor->has_vpci = false;
    actor->loop_count = 0;
    const struct vs_entry_points *points = &worker->engine->code->shapes[actor->shape];
    actor->pc = actor->in_pending ? points->pending : points->start;
}

static void begin_call(struct vs_worker *worker, struct vs_real_actor *actor)
{
    const struct vs_workload *workload = worker->engine->workload;
    const struct vs_call *call = &workload->calls[actor->call];
    actor->shape = call->shape;
    actor->op = worker->engine->code->shapes[call->shape].op;
    actor->device = call->device;
    actor->target = workload->targets ? workload->targets[actor->call] : VS_DOMAIN_NONE;
    actor->measured_ns = workload->measured_ns ? workload->measured_ns[actor->call] : 0;
    actor->in_pending = false;
    actor->cleared_device = VS_DEVICE_NONE;
    begin_program(worker, actor);
}

/* A device that changed hands while this access was under way. */
static void check_owner(struct vs_worker *worker, const struct vs_real_actor *actor)
{
    const struct vs_threads *engine = worker->engine;
    if (!actor->has_pdev || actor->in_miss || !engine->code->shapes[actor->shape].is_access)
        return;
    if (atomic_load(&engine->devices[actor->device].owner) != actor->owner_seen)
        vs_real_hazard(worker, VS_HAZARD_FORMER_OWNER, actor->device, VS_OP_COUNT);
}

static void measure_program(struct vs_worker *worker, const struct vs_real_actor *actor,
                            vs_ticks now)
{
    const struct vs_threads *engine = worker->engine;
    uint8_t op = actor->in_pending ? (uint8_t)VS_OP_MAP_PENDING : actor->op;
    struct vs_real_latency *cell =
        worker->latency[op * engine->workload->domain_count + actor->domain];
    vs_histogram_add(&cell->latency, vs_host_clock_ns(engine->clock, now - actor->due));
    cell->wait += actor->step_wait;
    worker->busy += now - actor->entered;
    if (actor->in_pending) {
        worker->deferred++;
        return;
    }
    worker->calls++;
    worker->missed += actor->in_miss;
    atomic_store_explicit(&worker->calls_done, worker->calls, memory_order_relaxed);
}

/* The program ended.  true: the actor goes on with its deferred map. */
static bool end_program(struct vs_worker *worker, struct vs_real_actor *actor)
{
    const struct vs_entry_points *points = &worker->engine->code->shapes[actor->shape];
    vs_ticks now = vs_host_clock_now(worker->engine->clock);
    check_owner(worker, actor);
    measure_program(worker, actor, now);
    if (!actor->in_pending && actor->pending && points->pending) {
        actor->in_pending = true;
        actor->due = now;
        begin_program(worker, actor);
        return true;
    }
    if (actor->pending_has_reference && actor->in_pending) { /* never taken out of the slot */
        actor->pending_has_reference = false;
        vs_real_drop(worker, &actor->pending_reference);
    }
    if (actor->in_pending)
        actor->pending = false;
    actor->in_pending = false;
    actor->last_end = worker->last_end = now;
    actor->previous_base = points->base_ps;
    if (worker->engine->uses_rcu)
        vs_urcu_quiescent();
    schedule(worker->engine, actor);
    return false;
}

/* -------------------------------------------------------------------- pCPU */

/* Of this thread's actors, the one whose turn comes first; NULL when all are done. */
static struct vs_real_actor *next_actor(const struct vs_worker *worker)
{
    struct vs_threads *engine = worker->engine;
    struct vs_real_actor *first = NULL;
    for (size_t i = worker->user.cpu; i < engine->workload->actor_count;
         i += engine->worker_count) {
        struct vs_real_actor *actor = &engine->actors[i];
        if (actor->state != VS_REAL_FINISHED && (!first || is_before(actor->ready, first->ready)))
            first = actor;
    }
    return first;
}

/* In the guest until then.  false: the run is being ended. */
static bool wait_until(struct vs_worker *worker, vs_ticks then)
{
    const struct vs_threads *engine = worker->engine;
    const struct vs_host_clock *clock = engine->clock;
    vs_ticks now = vs_host_clock_now(clock);
    if (engine->uses_rcu)
        vs_urcu_offline();
    while (is_before(now, then) && !vs_threads_ending(engine)) {
        vs_ns left_ns = vs_host_clock_ns(clock, then - now);
        if (left_ns > SPIN_NS) {
            vs_ns sleep_ns = left_ns - SPIN_NS < SLEEP_NS ? left_ns - SPIN_NS : SLEEP_NS;
            const struct timespec pause = {.tv_nsec = (long)sleep_ns};
            nanosleep(&pause, NULL);
        } else {
            ck_pr_stall();
        }
        now = vs_host_clock_now(clock);
    }
    if (engine->uses_rcu)
        vs_urcu_online();
    worker->ahead = 0;
    return !vs_threads_ending(engine);
}

/* It has its pCPU: its call begins, or it goes on where it yielded. */
static void enter(struct vs_worker *worker, struct vs_real_actor *actor)
{
    vs_ticks now = vs_host_clock_now(worker->engine->clock);
    /* Since when it could have run, had this thread nothing else to do. */
    vs_ticks could = is_before(actor->ready, worker->last_end) ? worker->last_end : actor->ready;
    worker->cpu_wait += could - actor->ready;
    if (actor->state == VS_REAL_YIELDED) {
        actor->entered += now - actor->ready;
        return;
    }
    actor->due += now - could;
    begin_call(worker, actor);
}

/* false: the run is being ended. */
static bool run_actor(struct vs_worker *worker, struct vs_real_actor *actor)
{
    worker->running = actor;
    enter(worker, actor);
    for (;;) {
        switch (vs_real_execute(worker, actor)) {
        case VS_RAN_ENDED:
            if (!end_program(worker, actor))
                return true;
            break;
        case VS_RAN_YIELDED:
            actor->state = VS_REAL_YIELDED;
            actor->ready = worker->last_end = vs_host_clock_now(worker->engine->clock);
            return true;
        case VS_RAN_GAVE_UP:
            return false;
        }
    }
}

static bool pin(uint32_t cpu)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    return pthread_setaffinity_np(pthread_self(), sizeof set, &set) == 0;
}

static bool take_priority(const struct vs_threads *engine)
{
    const struct sched_param lower = {.sched_priority = VS_WORKER_PRIORITY};
    return !engine->options.realtime ||
           pthread_setschedparam(pthread_self(), SCHED_FIFO, &lower) == 0;
}

static uint64_t forced_switches(void)
{
    struct rusage usage;
    return getrusage(RUSAGE_THREAD, &usage) == 0 ? (uint64_t)usage.ru_nivcsw : 0;
}

/* All threads are there before the first call; false: the run is being ended. */
static bool start_together(struct vs_worker *worker)
{
    struct vs_threads *engine = worker->engine;
    atomic_fetch_add(&engine->at_start, 1);
    while (!atomic_load(&engine->started))
        if (!vs_wait_poll(&worker->user))
            return false;
    return true;
}

void *vs_worker_main(void *argument)
{
    struct vs_worker *worker = argument;
    struct vs_threads *engine = worker->engine;
    struct vs_real_actor *actor;
    worker->refused_cpu = !pin(worker->host_cpu) || !take_priority(engine);
    if (engine->uses_rcu)
        vs_urcu_thread_begin();
    uint64_t switches = forced_switches();
    bool goes_on = start_together(worker);
    if (goes_on) /* else there may be no start */
        worker->last_end = engine->start;
    while (goes_on && (actor = next_actor(worker)) != NULL) {
        goes_on = !is_before(vs_host_clock_now(engine->clock), actor->ready) ||
                  wait_until(worker, actor->ready);
        goes_on = goes_on && run_actor(worker, actor);
    }
    worker->forced_switches = forced_switches() - switches;
    if (engine->uses_rcu)
        vs_urcu_thread_end();
    atomic_store(&worker->done, true);
    return NULL;
}
