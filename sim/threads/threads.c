/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Starts the threads and watches them.  When for the stated time nobody made a
 * step and everybody who is not done waits for a lock, the run is ended: waits in
 * our own locks see that themselves, waits in libraries are rescued, and nobody
 * gives anything back, so that what they hold tells what the knot was.
 */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define WATCH_NS 5000000 /* between two looks at the threads */

static void nap(void)
{
    const struct timespec pause = {.tv_nsec = WATCH_NS};
    nanosleep(&pause, NULL);
}

static bool waits(const struct vs_worker *worker)
{
    return atomic_load(&worker->user.waits_for) != NULL || atomic_load(&worker->in_barrier);
}

/* What the threads do, seen once. */
struct sight {
    bool all_done, all_wait;
    uint64_t beats, calls;
};

static struct sight look(const struct vs_threads *engine, uint16_t started)
{
    struct sight sight = {.all_done = true, .all_wait = true};
    for (uint16_t i = 0; i < started; i++) {
        const struct vs_worker *worker = &engine->workers[i];
        bool done = atomic_load(&worker->done);
        sight.all_done &= done;
        sight.all_wait &= done || waits(worker);
        sight.beats += atomic_load_explicit(&worker->beat, memory_order_relaxed);
        sight.calls += atomic_load_explicit(&worker->calls_done, memory_order_relaxed);
    }
    return sight;
}

/* End waits that a library's functions are in, until nobody is left. */
static void rescue_all(struct vs_threads *engine, uint16_t started)
{
    while (!look(engine, started).all_done) {
        for (uint16_t i = 0; i < started; i++) {
            const struct vs_lock_user *user = &engine->workers[i].user;
            struct vs_real_lock *lock = atomic_load(&user->waits_for);
            struct vs_lock_node *node = atomic_load(&user->waits_with);
            if (lock && node && vs_real_lock_ops[lock->kind]->rescue)
                vs_real_lock_ops[lock->kind]->rescue(lock, node);
        }
        nap();
    }
}

/* Until all are done or the run must be ended. */
static enum vs_ending watch(struct vs_threads *engine, uint16_t started)
{
    const struct vs_engine_options *options = &engine->options.engine;
    vs_ns patience_ns =
        engine->options.patience_ns ? engine->options.patience_ns : VS_THREADS_PATIENCE_NS;
    vs_ticks moved_at = vs_host_clock_now(engine->clock);
    uint64_t beats = 0;
    for (;;) {
        struct sight sight = look(engine, started);
        vs_ticks now = vs_host_clock_now(engine->clock);
        if (sight.all_done)
            return VS_RUNS;
        if (options->stop && atomic_load_explicit(options->stop, memory_order_relaxed))
            return VS_ENDS_STOPPED;
        if (options->progress)
            options->progress(options->progress_context, sight.calls);
        if (!sight.all_wait || sight.beats != beats)
            moved_at = now;
        beats = sight.beats;
        if (vs_host_clock_ns(engine->clock, now - moved_at) >= patience_ns)
            return VS_ENDS_DEADLOCKED;
        nap();
    }
}

static int start(struct vs_threads *engine, uint16_t *started, struct vs_error *error)
{
    int code = 0;
    for (*started = 0; *started < engine->worker_count; ++*started) {
        struct vs_worker *worker = &engine->workers[*started];
        code = pthread_create(&worker->thread, NULL, vs_worker_main, worker);
        if (code != 0)
            return vs_error_set(error, VS_ERR_HOST, "cannot start a thread: %s", strerror(code));
    }
    while (atomic_load(&engine->at_start) < engine->worker_count)
        nap(); /* yielding would keep a CPU from a thread of lower priority */
    engine->start = vs_host_clock_now(engine->clock);
    for (size_t i = 0; i < engine->workload->actor_count; i++)
        vs_worker_schedule_first(engine, &engine->actors[i]);
    atomic_store(&engine->started, true);
    return 0;
}

/* Callbacks write into our memory: none may be left. */
static void await_callbacks(const struct vs_threads *engine)
{
    while (atomic_load(&engine->callbacks_done) < atomic_load(&engine->callbacks_queued))
        nap();
}

int vs_threads_realtime(struct vs_error *error)
{
    const struct sched_param watcher = {.sched_priority = VS_WORKER_PRIORITY + 1};
    int code = pthread_setschedparam(pthread_self(), SCHED_FIFO, &watcher);
    if (code != 0)
        return vs_error_set(error, VS_ERR_HOST, "real-time priority is refused: %s",
                            strerror(code));
    return 0;
}

static int run(struct vs_threads *engine, enum vs_ending *how, struct vs_error *error)
{
    uint16_t started = 0;
    if (engine->uses_rcu)
        vs_urcu_prepare();
    int ret = start(engine, &started, error);
    *how = ret < 0 ? VS_ENDS_STOPPED : watch(engine, started);
    if (*how != VS_RUNS) {
        atomic_store(&engine->ending, (unsigned)*how);
        rescue_all(engine, started);
    }
    for (uint16_t i = 0; i < started; i++)
        pthread_join(engine->workers[i].thread, NULL);
    await_callbacks(engine);
    for (uint16_t i = 0; i < started && ret == 0; i++) {
        if (engine->workers[i].out_of_memory)
            ret = vs_error_set(error, VS_ERR_MEMORY, "out of memory during the run");
        else if (engine->workers[i].refused_cpu)
            ret = vs_error_set(error, VS_ERR_HOST,
                               "the host refuses a thread its place on CPU %u or its priority",
                               engine->workers[i].host_cpu);
    }
    return ret;
}

int vs_threads_replay(const struct vs_workload *workload, const struct vs_policy *policy,
                      const struct vs_machine *machine, const struct vs_threads_options *options,
                      struct vs_result **result, struct vs_error *error)
{
    struct vs_threads *engine = aligned_alloc(_Alignof(struct vs_threads), sizeof *engine);
    enum vs_ending how = VS_RUNS;
    struct vs_host_clock clock;
    int ret = VS_ERR_MEMORY;
    if (!engine)
        return vs_error_set(error, ret, "out of memory");
    *engine = (struct vs_threads){.workload = workload,
                                  .policy = policy,
                                  .machine = machine,
                                  .options = *options,
                                  .clock = options->clock ? options->clock : &clock};
    pthread_mutex_init(&engine->list_lock, NULL);
    if (!options->clock && (ret = vs_host_clock_calibrate(&clock, error)) < 0)
        goto out;
    if ((ret = vs_threads_setup(engine, error)) < 0)
        goto out;
    ret = run(engine, &how, error);
    if (ret == 0 && how == VS_ENDS_STOPPED)
        ret = vs_error_set(error, VS_ERR_STOPPED, "stopped during policy %s", policy->name);
    if (ret == 0)
        ret = vs_threads_result(engine, how == VS_ENDS_DEADLOCKED, result);
    if (ret == VS_ERR_MEMORY)
        vs_error_set(error, ret, "out of memory while collecting the result");
out:
    vs_threads_release(engine);
    pthread_mutex_destroy(&engine->list_lock);
    free(engine);
    return ret;
}

int vs_threads_engine(const struct vs_workload *workload, const struct vs_policy *policy,
                      const struct vs_machine *machine, const struct vs_engine_options *options,
                      struct vs_result **result, struct vs_error *error)
{
    const struct vs_threads_options threads = {.engine = *options};
    return vs_threads_replay(workload, policy, machine, &threads, result, error);
}
