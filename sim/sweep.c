/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Running a plan: what is stored is skipped, and said; the rest is run. */
#include "sweep.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "table.h"

unsigned int vs_sweep_threads(uint64_t jobs)
{
    long online = sysconf(_SC_NPROCESSORS_ONLN);

    if (jobs > 0)
        return (unsigned int)jobs;
    return online < 1 ? 1 : online > VS_JOBS_MAX ? VS_JOBS_MAX : (unsigned int)online;
}

/* ------------------------------------------------------------------- memory */

static void say_files(void *context, const char *directory, bool in_memory)
{
    const struct vs_sweep_progress *told = context;

    fprintf(told->stream,
            "%s%s: more than --memory allows: the rest goes to temporary files in %s%s\n",
            told->bar ? "\r\033[K" : "", told->name, directory,
            in_memory ? ", a file system that is itself in memory" : "");
}

int vs_sweep_memory(uint64_t bound_bytes, struct vs_sweep_progress *told, struct vs_memory **memory,
                    struct vs_error *error)
{
    return vs_memory_make(bound_bytes, say_files, told, memory, error);
}

/* ----------------------------------------------------------------- progress */

#define BAR_WIDTH 30

void vs_sweep_show_progress(const struct vs_sweep_progress *progress, const struct vs_batch *batch)
{
    const struct vs_point *ended = batch->ended;
    char bar[BAR_WIDTH + 1], heading[400];
    size_t filled = batch->to_run ? batch->ran * BAR_WIDTH / batch->to_run : BAR_WIDTH;

    if (progress->bar) {
        memset(bar, '.', BAR_WIDTH);
        memset(bar, '#', filled);
        bar[BAR_WIDTH] = '\0';
        fprintf(progress->stream, "\r%s [%s] %zu of %zu runs", progress->name, bar, batch->ran,
                batch->to_run);
        fflush(progress->stream);
    } else if (progress->lines && ended) {
        fprintf(progress->stream, "%s: %zu of %zu runs, %s on %s, replica %u done\n",
                progress->name, batch->ran, batch->to_run, ended->policy->name,
                vs_sweep_heading(ended, heading, sizeof(heading)), ended->load.replica);
    }
}

void vs_sweep_end_progress(const struct vs_sweep_progress *progress)
{
    if (progress->bar)
        fputs("\r\033[K", progress->stream);
}

static void tick(void *context, const struct vs_batch *batch)
{
    vs_sweep_show_progress(context, batch);
}

/* Before anything runs: how much it will be. */
static void say_plan(const struct vs_sweep_request *request, const struct vs_plan *plan,
                     const struct vs_batch *batch)
{
    char product[600], total[VS_COUNT_TEXT], taken[VS_COUNT_TEXT], rest[VS_COUNT_TEXT];

    fprintf(request->progress, "%s: %s = %s run%s", request->name,
            vs_plan_describe(plan, product, sizeof(product)),
            vs_count_text(plan->point_count, total), vs_plural(plan->point_count));
    if (batch->taken > 0)
        fprintf(request->progress, "; %s already stored in %s, %s to go",
                vs_count_text(batch->taken, taken), request->db,
                vs_count_text(batch->to_run, rest));
    fputs("\n", request->progress);
}

/* ------------------------------------------------------------------ answers */

int vs_sweep_say_stopped(const struct vs_batch *batch, const char *db, int signal_number,
                         struct vs_error *error)
{
    const char *name = signal_number == SIGTERM ? "SIGTERM" : "SIGINT";

    if (batch->store)
        return vs_error_set(error, VS_ERR_STOPPED,
                            "stopped by %s; %zu of %zu runs had ended and are stored in %s; the "
                            "same command goes on with the rest",
                            name, batch->ran, batch->to_run, db);
    return vs_error_set(error, VS_ERR_STOPPED,
                        "stopped by %s after %zu of %zu runs; without --db nothing is kept", name,
                        batch->ran, batch->to_run);
}

/* A deadlock is an answer: no. */
static int answer(const struct vs_plan *plan, struct vs_error *error)
{
    const struct vs_point *first = NULL;
    char heading[400];
    size_t count = 0;

    for (size_t i = 0; i < plan->point_count; i++) {
        if (plan->points[i].summary.outcome != VS_OUTCOME_DEADLOCK)
            continue;
        if (count++ == 0)
            first = &plan->points[i];
    }
    if (count == 0)
        return 0;
    return vs_error_set(
        error, VS_ERR_ANSWER, "%zu of %zu runs deadlocked; the first: policy %s on %s", count,
        plan->point_count, first->policy->name, vs_sweep_heading(first, heading, sizeof(heading)));
}

/* ------------------------------------------------------------------ running */

int vs_sweep_refuse_pipe(const char *name, const struct vs_strings *traces, struct vs_error *error)
{
    for (size_t i = 0; i < traces->count; i++) {
        if (strcmp(traces->items[i], "-") == 0)
            return vs_error_set(error, VS_ERR_USAGE,
                                "a trace on standard input can be read once only; %s reads it for "
                                "each load",
                                name);
    }
    return 0;
}

static int run_plan(const struct vs_sweep_request *request, struct vs_plan *plan,
                    struct vs_batch *batch, struct vs_error *error)
{
    struct vs_sweep_progress progress = {.name = request->name,
                                         .stream = request->progress,
                                         .bar = request->bar,
                                         .lines = request->lines};
    int signal_number = 0;

    batch->tick = tick;
    batch->context = &progress;
    int ret = vs_batch_run(batch, plan->points, plan->point_count, &signal_number, error);

    vs_sweep_end_progress(&progress);
    if (ret == VS_ERR_STOPPED)
        return vs_sweep_say_stopped(batch, request->db, signal_number, error);
    return ret;
}

static int print(const struct vs_sweep_request *request, const struct vs_plan *plan,
                 const struct vs_batch *batch, struct vs_error *error)
{
    if (request->json)
        return vs_sweep_print_json(plan, batch, request->output, error);
    int ret = vs_sweep_print_tables(plan, batch, request->output, error);

    if (ret == 0 && request->db)
        fprintf(request->output,
                "%zu runs: %zu run now and stored in %s, %zu already stored%s.\n"
                "vpci-report %s -o DIR says which conclusions survive.\n",
                plan->point_count, batch->ran, request->db, batch->taken,
                batch->taken ? " (--force to run again)" : "", request->db);
    return ret;
}

int vs_sweep_run(const struct vs_sweep_request *request, struct vs_error *error)
{
    struct vs_batch batch = {.traces = request->traces,
                             .engine = request->plan.engine,
                             .base_load = request->plan.load,
                             .force = request->force,
                             .threads = request->threads};
    struct vs_plan plan = {0};
    int ret = vs_sweep_refuse_pipe(request->name, request->traces, error);

    if (ret == 0)
        ret = vs_plan_make(&request->plan, &plan, error);
    if (ret < 0)
        goto out;
    batch.base_load.speed = 1;
    batch.base_load.clones = 1;
    ret = vs_batch_open(&batch, error);
    /* Last, so that a wrong command line leaves no empty database behind. */
    if (ret == 0 && request->db && !(request->dry_run && access(request->db, F_OK) != 0))
        ret = vs_store_open(request->db, &batch.store, error);
    if (ret == 0)
        ret = vs_batch_find(&batch, plan.points, plan.point_count, error);
    if (ret < 0)
        goto out;
    say_plan(request, &plan, &batch);
    if (request->dry_run)
        goto out;
    ret = run_plan(request, &plan, &batch, error);
    if (ret == 0)
        ret = print(request, &plan, &batch, error);
    if (ret == 0)
        ret = answer(&plan, error);
out:
    vs_store_close(batch.store);
    vs_batch_close(&batch);
    vs_plan_release(&plan);
    return ret;
}
