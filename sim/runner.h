/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs workloads under several policies side by side, on threads.  Results
 * come back in the order of the jobs, so that what is printed does not depend
 * on how many threads there were; each is also handed over as soon as it is
 * there, so that it can be kept should the rest be interrupted.
 */
#ifndef VS_RUNNER_H
#define VS_RUNNER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/engine.h"

struct vs_job {
    const struct vs_policy *policy;
    const struct vs_workload *workload; /* NULL: the runner's */
    const struct vs_machine *machine;   /* NULL: the runner's */
    const struct vs_streams *streams;   /* of the job's workload; NULL: the runner's engine's */
    bool skip;                          /* nothing to run */
    /* Filled by vs_runner_run. */
    int code;                 /* 0 or the engine's negative enum vs_err; VS_ERR_STOPPED when it
                                 was never begun */
    struct vs_result *result; /* NULL unless code is 0; the caller frees */
    struct vs_error error;
    _Atomic uint64_t calls_done;
    bool finished; /* under the runner's lock */
    bool handed_over;
};

/* An engine. */
typedef int (*vs_replay_function)(const struct vs_workload *workload,
                                  const struct vs_policy *policy, const struct vs_machine *machine,
                                  const struct vs_engine_options *options,
                                  struct vs_result **result, struct vs_error *error);

struct vs_runner {
    const struct vs_workload *workload; /* of the jobs that name none */
    const struct vs_machine *machine;   /* likewise */
    struct vs_engine_options engine;    /* stop and progress are the runner's own */
    vs_replay_function replay;          /* the engine; NULL: vs_engine_replay */
    struct vs_job *jobs;
    size_t job_count;
    unsigned int threads; /* at least 1 */
    /* On the calling thread, once for each job that ran, in the order in which they
     * end.  A negative return stops the rest. */
    int (*finished)(void *context, struct vs_job *job, struct vs_error *error);
    /* On the calling thread, some times a second.  May be NULL. */
    void (*tick)(void *context);
    void *context;
};

/*
 * Run all jobs.  SIGINT and SIGTERM end it early: running replays stop soon,
 * VS_ERR_STOPPED is returned and *signal_number says which it was.  Returns
 * also finished()'s error, or VS_ERR_HOST when no thread could be started; an
 * engine's error stays with its job.
 */
int vs_runner_run(struct vs_runner *runner, int *signal_number, struct vs_error *error);

#endif
