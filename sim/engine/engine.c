/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The event loop.  See engine.h for the order of events and internal.h for the
 * outline.
 */
#include "internal.h"
#include "shortcut.h"

#include <stdlib.h>

/* How often a caller hears of progress and may stop, unless it says. */
#define CALLS_PER_LOOK 4096u

int vs_engine_look(struct vs_engine *engine, struct vs_error *error)
{
    const struct vs_engine_options *options = &engine->options;
    engine->next_look =
        engine->calls + (options->look_calls ? options->look_calls : CALLS_PER_LOOK);
    if (engine->out_of_memory)
        return vs_error_set(error, VS_ERR_MEMORY, "out of memory during the replay");
    if (options->stop && atomic_load_explicit(options->stop, memory_order_relaxed))
        return vs_error_set(error, VS_ERR_STOPPED, "stopped during policy %s",
                            engine->policy->name);
    if (options->progress)
        options->progress(options->progress_context, engine->calls);
    return 0;
}

/* 0: all done; 1: nobody can move. */
static int run_events(struct vs_engine *engine, struct vs_error *error)
{
    int ret = vs_engine_look(engine, error);
    while (ret == 0) {
        struct vs_queue *queue = &engine->queue;
        vs_ps next = vs_queue_next(queue);
        if (engine->rcu.tick <= next && next != VS_NEVER) {
            vs_rcu_tick(engine);
            continue;
        }
        if (next == VS_NEVER) {
            /* Only the clock is left: it ends grace periods, which may end a barrier. */
            if (engine->rcu.tick == VS_NEVER || engine->rcu.lock == VS_NO_INSTANCE ||
                engine->locks[engine->rcu.lock].waiters == 0 || vs_rcu_is_stuck(engine))
                break;
            vs_rcu_tick(engine);
            continue;
        }
        uint16_t actor = vs_queue_first(queue);
        vs_queue_replace(queue, actor, VS_NEVER);
        vs_actor_execute(engine, actor);
        if (engine->calls >= engine->next_look)
            ret = vs_engine_look(engine, error);
    }
    if (ret == 0 && engine->out_of_memory)
        ret = vs_engine_look(engine, error);
    if (ret < 0)
        return ret;
    for (size_t i = 0; i < engine->workload->actor_count; i++)
        if (engine->actors[i].state != VS_ACTOR_FINISHED)
            return 1;
    return 0;
}

int vs_engine_replay(const struct vs_workload *workload, const struct vs_policy *policy,
                     const struct vs_machine *machine, const struct vs_engine_options *options,
                     struct vs_result **result, struct vs_error *error)
{
    struct vs_engine *engine = calloc(1, sizeof *engine);
    struct vs_short_plan plan = {.shapes = NULL};
    int ret = VS_ERR_MEMORY;
    if (!engine)
        return vs_error_set(error, ret, "out of memory");
    engine->workload = workload;
    engine->policy = policy;
    engine->machine = machine;
    engine->polling = VS_NOBODY;
    if (options)
        engine->options = *options;
    ret = vs_engine_setup(engine, error);
    if (ret < 0)
        goto out;
    int stuck = vs_shortcut_plan(engine, &plan);
    if (stuck == 1) {
        stuck = vs_shortcut_run(engine, &plan, error);
    } else if (stuck == 0) {
        for (size_t i = 0; i < workload->actor_count; i++)
            vs_entry_schedule_first(engine, (uint16_t)i);
        stuck = run_events(engine, error);
    }
    ret = stuck < 0 ? stuck : vs_engine_result(engine, stuck == 1, result);
    if (ret == VS_ERR_MEMORY)
        vs_error_set(error, ret, "out of memory while collecting the result");
out:
    vs_shortcut_plan_release(&plan);
    vs_engine_release(engine);
    free(engine);
    return ret;
}
