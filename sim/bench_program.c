/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See bench_program.h.  Elapsed time, since threads and the disk are waited for. */
#include "bench_program.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench/measure.h"
#include "runner.h"
#include "store/store.h"

#define WORKERS_MAX 64u
#define STORE_TIMES 5
#define PATH_TEXT   512

static double now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_RAW, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static int run_side_by_side(struct vs_runner *runner, struct vs_error *error)
{
    int signal_number = 0;
    int ret = vs_runner_run(runner, &signal_number, error);
    for (size_t i = 0; i < runner->job_count && ret == 0; i++)
        if (runner->jobs[i].code < 0) {
            *error = runner->jobs[i].error;
            ret = runner->jobs[i].code;
        }
    return ret;
}

static int job_ended(void *context, struct vs_job *job, struct vs_error *error)
{
    (void)context;
    (void)job;
    (void)error;
    return 0;
}

int vs_measure_workers(const struct vs_reference_size *size, uint64_t accesses, uint32_t workers,
                       double *access_ns, struct vs_error *error)
{
    struct vs_machine machine = vs_reference_machine(size->vcpus);
    struct vs_job jobs[WORKERS_MAX] = {{.code = 0}};
    struct vs_workload *workload = NULL;
    struct vs_policy *policy = NULL;
    struct vs_streams *streams = NULL;
    int ret = vs_reference_policy(false, &policy, error);

    if (ret == 0)
        ret = vs_reference_workload(size, accesses, 0, &workload, error);
    if (ret == 0)
        ret = vs_streams_make(workload, VS_TIMING_OPEN, &streams, error);
    if (ret == 0) {
        struct vs_runner runner = {.workload = workload,
                                   .machine = &machine,
                                   .engine = {.timing = VS_TIMING_OPEN, .streams = streams},
                                   .jobs = jobs,
                                   .job_count = workers < WORKERS_MAX ? workers : WORKERS_MAX,
                                   .threads = workers,
                                   .finished = job_ended};
        for (size_t i = 0; i < runner.job_count; i++)
            jobs[i].policy = policy;
        double start = now_ns();
        ret = run_side_by_side(&runner, error);
        *access_ns = (now_ns() - start) / (double)(accesses * runner.job_count);
    }
    for (size_t i = 0; i < WORKERS_MAX; i++)
        vs_result_free(jobs[i].result);
    vs_streams_free(streams);
    vs_workload_free(workload);
    vs_policy_free(policy);
    return ret;
}

/* ----------------------------------------------------------------- storing */

static void remove_database(const char *directory)
{
    static const char *const files[] = {"bench.db", "bench.db-wal", "bench.db-shm",
                                        "bench.db-journal"};
    char path[PATH_TEXT + 32];

    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", directory, files[i]);
        unlink(path);
    }
    rmdir(directory);
}

/* Into a new database, so that no row is replaced. */
static int store_once(const struct vs_run *run, const struct vs_result *result, double *taken_ns,
                      struct vs_error *error)
{
    const char *base = getenv("TMPDIR");
    char directory[PATH_TEXT], path[PATH_TEXT + 32];
    struct vs_store *store = NULL;

    snprintf(directory, sizeof directory, "%s/vpci-bench-XXXXXX", base && *base ? base : "/tmp");
    if (!mkdtemp(directory))
        return vs_error_set(error, VS_ERR_HOST, "cannot create a directory for a database: %s",
                            strerror(errno));
    snprintf(path, sizeof path, "%s/bench.db", directory);
    int ret = vs_store_open(path, &store, error);
    if (ret >= 0) {
        double start = now_ns();
        ret = vs_store_put(store, run, result, error);
        *taken_ns = now_ns() - start;
    }
    vs_store_close(store);
    remove_database(directory);
    return ret < 0 ? ret : 0;
}

static int by_value(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* What the store asks of a workload that came from a trace. */
static int complete(struct vs_workload *workload)
{
    for (size_t i = 0; i < workload->call_count; i++)
        workload->op_count[workload->shapes[workload->calls[i].shape].op]++;
    workload->name = strdup("reference workload");
    return workload->name ? 0 : VS_ERR_MEMORY;
}

int vs_measure_store(const struct vs_reference_size *size, bool per_domain, uint64_t accesses,
                     struct vs_stored *stored, struct vs_error *error)
{
    struct vs_machine machine = vs_reference_machine(size->vcpus);
    struct vs_workload *workload = NULL;
    struct vs_policy *policy = NULL;
    struct vs_measured measured = {.result = NULL};
    double taken_ns[STORE_TIMES];
    int ret = vs_reference_policy(per_domain, &policy, error);

    machine.file = machine.text = (char *)"";
    if (ret == 0)
        ret = vs_reference_workload(size, accesses, 0, &workload, error);
    if (ret == 0 && (ret = complete(workload)) < 0)
        vs_error_set(error, ret, "out of memory");
    if (ret == 0)
        ret = vs_measure_replay(workload, policy, &machine, VS_TIMING_OPEN, 1, &measured, error);
    struct vs_run run = {.workload = workload,
                         .policy = policy,
                         .machine = &machine,
                         .engine = {.timing = VS_TIMING_OPEN}};
    for (int i = 0; i < STORE_TIMES && ret == 0; i++)
        ret = store_once(&run, measured.result, &taken_ns[i], error);
    if (ret == 0) {
        qsort(taken_ns, STORE_TIMES, sizeof taken_ns[0], by_value);
        stored->store_ns = taken_ns[STORE_TIMES / 2];
        stored->replay_ns = measured.whole_ns * VS_STORED_ACCESSES;
        stored->share = stored->store_ns / stored->replay_ns;
    }
    vs_result_free(measured.result);
    vs_workload_free(workload);
    vs_policy_free(policy);
    return ret;
}
