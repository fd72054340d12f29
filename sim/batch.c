/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Points of equal load share a workload and are neighbours: a group.  As many
 * groups are loaded at a time as give every thread a run to do; then the runner
 * works them off, and their workloads are dropped.
 */
#include "batch.h"

#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "runner.h"

/* What the runner works off at a time. */
struct round {
    struct vs_batch *batch;
    struct vs_workload **workloads; /* owned; one per group */
    struct vs_streams **streams;    /* owned; of each workload, one copy for all its jobs */
    size_t workload_count;
    struct vs_job *jobs;
    struct vs_point **points; /* of each job */
    size_t job_count;
};

static int no_memory(struct vs_error *error)
{
    return vs_error_set(error, VS_ERR_MEMORY, "out of memory");
}

int vs_batch_open(struct vs_batch *batch, struct vs_error *error)
{
    return vs_workload_load(batch->traces->items, batch->traces->count, &batch->base_load,
                            &batch->base, error);
}

void vs_batch_close(struct vs_batch *batch)
{
    vs_workload_free(batch->base);
    batch->base = NULL;
}

/* With the base workload: a key needs a trace's hash, which no load changes. */
struct vs_run vs_batch_run_of(const struct vs_batch *batch, const struct vs_point *point)
{
    return (struct vs_run){.workload = batch->base,
                           .policy = point->policy,
                           .machine = point->machine,
                           .load = point->load,
                           .engine = batch->engine,
                           .trace_paths = batch->traces->items,
                           .trace_path_count = batch->traces->count};
}

int vs_batch_find(struct vs_batch *batch, struct vs_point *points, size_t count,
                  struct vs_error *error)
{
    char key[VS_RUN_KEY_TEXT];

    batch->taken = batch->ran = batch->to_run = 0;
    for (size_t i = 0; i < count; i++) {
        struct vs_point *point = &points[i];

        if (!point->done && batch->store && !batch->force) {
            struct vs_run run = vs_batch_run_of(batch, point);

            vs_run_key(&run, key);
            int found = vs_store_summary(batch->store, key, &point->summary, error);

            if (found < 0)
                return found;
            point->done = point->stored = found == 1;
            batch->taken += found == 1;
        }
        batch->to_run += !point->done;
    }
    return 0;
}

/* ---------------------------------------------------------------- one round */

static void release_round(struct round *round)
{
    for (size_t i = 0; i < round->job_count; i++)
        vs_result_free(round->jobs[i].result);
    for (size_t i = 0; i < round->workload_count; i++) {
        vs_streams_free(round->streams[i]);
        if (round->workloads[i] != round->batch->base)
            vs_workload_free(round->workloads[i]);
    }
    free(round->workloads);
    free(round->streams);
    free(round->jobs);
    free(round->points);
}

static int finish_point(void *context, struct vs_job *job, struct vs_error *error)
{
    struct round *round = context;
    struct vs_batch *batch = round->batch;
    struct vs_point *point = round->points[job - round->jobs];
    struct vs_run run = vs_batch_run_of(batch, point);

    run.workload = job->workload;
    int ret =
        vs_summary_from_result(job->result, job->policy, job->workload, &point->summary, error);

    point->done = ret == 0;
    if (ret == 0 && batch->store)
        ret = vs_store_put(batch->store, &run, job->result, error);
    /* A sweep's results together are more than any one needs to be kept. */
    vs_result_free(job->result);
    job->result = NULL;
    batch->ran += ret == 0;
    batch->ended = point;
    if (batch->tick)
        batch->tick(batch->context, batch);
    batch->ended = NULL;
    return ret;
}

static void tick(void *context)
{
    const struct round *round = context;

    if (round->batch->tick)
        round->batch->tick(round->batch->context, round->batch);
}

static int load_group(struct round *round, const struct vs_workload_options *load,
                      struct vs_workload **workload, struct vs_error *error)
{
    struct vs_batch *batch = round->batch;

    if (vs_load_equal(load, &batch->base_load)) {
        *workload = batch->base;
        return 0;
    }
    return vs_workload_load(batch->traces->items, batch->traces->count, load, workload, error);
}

/* Groups from points on until there is a job for each thread: the points that they take up. */
static size_t measure_round(const struct vs_batch *batch, const struct vs_point *points,
                            size_t count, size_t *job_count)
{
    const struct vs_workload_options *load = NULL;
    size_t i = 0;

    *job_count = 0;
    for (; i < count; i++) {
        if (points[i].done)
            continue;
        if (load && !vs_load_equal(load, &points[i].load) && *job_count >= batch->threads)
            break;
        load = &points[i].load;
        *job_count += 1;
    }
    return i;
}

static int fill_round(struct round *round, struct vs_point *points, size_t count,
                      struct vs_error *error)
{
    const struct vs_workload_options *load = NULL;
    int ret = 0;

    for (size_t i = 0; i < count; i++) {
        struct vs_point *point = &points[i];

        if (point->done)
            continue;
        if (!load || !vs_load_equal(load, &point->load)) {
            struct vs_workload *workload = NULL;

            ret = load_group(round, &point->load, &workload, error);
            if (ret < 0)
                break;
            round->workloads[round->workload_count++] = workload;
            ret = vs_streams_make(workload, round->batch->engine.timing,
                                  &round->streams[round->workload_count - 1], error);
            if (ret < 0)
                break;
            load = &point->load;
        }
        round->points[round->job_count] = point;
        round->jobs[round->job_count++] =
            (struct vs_job){.policy = point->policy,
                            .machine = point->machine,
                            .workload = round->workloads[round->workload_count - 1],
                            .streams = round->streams[round->workload_count - 1]};
    }
    return ret < 0 ? ret : 0;
}

/* The first error of an engine, in the order of the points. */
static int job_error(const struct round *round, struct vs_error *error)
{
    char text[VS_ERROR_TEXT_MAX + VS_ERROR_SOURCE_MAX + 32];

    for (size_t i = 0; i < round->job_count; i++) {
        const struct vs_job *job = &round->jobs[i];

        if (job->code < 0 && job->code != VS_ERR_STOPPED)
            return vs_error_set(error, (enum vs_err)job->code, "policy %s, speed %g, %u clones: %s",
                                job->policy->name, round->points[i]->load.speed,
                                round->points[i]->load.clones,
                                vs_error_describe(&job->error, text, sizeof(text)));
    }
    return 0;
}

static int run_round(struct vs_batch *batch, struct vs_point *points, size_t count, size_t *end,
                     int *signal_number, struct vs_error *error)
{
    struct round round = {.batch = batch};
    size_t room = 0;
    int ret = VS_ERR_MEMORY;

    *end = measure_round(batch, points, count, &room);
    if (room == 0)
        return 0;
    round.workloads = calloc(room, sizeof(struct vs_workload *));
    round.streams = calloc(room, sizeof(struct vs_streams *));
    round.jobs = calloc(room, sizeof(*round.jobs));
    round.points = calloc(room, sizeof(struct vs_point *));
    if (!round.workloads || !round.streams || !round.jobs || !round.points) {
        no_memory(error);
        goto out;
    }
    ret = fill_round(&round, points, *end, error);
    if (ret < 0)
        goto out;
    struct vs_runner runner = {.engine = batch->engine,
                               .jobs = round.jobs,
                               .job_count = round.job_count,
                               .threads = batch->threads,
                               .finished = finish_point,
                               .tick = tick,
                               .context = &round};

    ret = vs_runner_run(&runner, signal_number, error);
    if (ret == 0)
        ret = job_error(&round, error);
out:
    release_round(&round);
    return ret;
}

/* ------------------------------------------------------------------- rounds */

/* While workloads are loaded nobody waits for signals: one that came meanwhile is found here. */
static int pending_signal(const sigset_t *watched)
{
    struct timespec now = {0};

    return sigtimedwait(watched, NULL, &now);
}

int vs_batch_run(struct vs_batch *batch, struct vs_point *points, size_t count, int *signal_number,
                 struct vs_error *error)
{
    sigset_t watched, before;
    int ret = 0;

    *signal_number = 0;
    sigemptyset(&watched);
    sigaddset(&watched, SIGINT);
    sigaddset(&watched, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &watched, &before);
    for (size_t at = 0; at < count && ret == 0;) {
        size_t end = 0;

        ret = run_round(batch, points + at, count - at, &end, signal_number, error);
        at += end;
        int caught = ret == 0 && at < count ? pending_signal(&watched) : 0;

        if (caught > 0) {
            *signal_number = caught;
            ret = VS_ERR_STOPPED;
        }
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return ret;
}
