/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The runner with a made-up engine: which jobs run, what is handed over, and
 * what ends it early.
 */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "runner.h"

#define JOBS 9

/* What the made-up engine does for a policy: told by the policy's summary. */
static bool told(const struct vs_policy *policy, const char *what)
{
    return policy->summary && strcmp(policy->summary, what) == 0;
}

int vs_engine_replay(const struct vs_workload *workload, const struct vs_policy *policy,
                     const struct vs_machine *machine, const struct vs_engine_options *options,
                     struct vs_result **result, struct vs_error *error)
{
    (void)workload;
    (void)machine;
    if (told(policy, "fail"))
        return vs_error_set(error, VS_ERR_INPUT, "too many vCPUs");
    if (told(policy, "interrupt"))
        kill(getpid(), SIGINT);
    while (told(policy, "interrupt") || told(policy, "endless")) {
        if (atomic_load(options->stop))
            return vs_error_set(error, VS_ERR_STOPPED, "stopped");
        usleep(1000);
    }
    *result = calloc(1, sizeof(**result));
    options->progress(options->progress_context, 42);
    return *result ? 0 : VS_ERR_MEMORY;
}

struct bench {
    struct vs_policy policies[JOBS];
    struct vs_job jobs[JOBS];
    struct vs_runner runner;
    size_t handed_over;
    size_t fail_at; /* finished() fails at this one, from 1 */
    pthread_t caller;
    bool elsewhere; /* finished() ran on another thread */
};

static int count_finished(void *context, struct vs_job *job, struct vs_error *error)
{
    struct bench *bench = context;

    assert_non_null(job->result);
    bench->handed_over++;
    bench->elsewhere |= !pthread_equal(pthread_self(), bench->caller);
    if (bench->handed_over == bench->fail_at)
        return vs_error_set(error, VS_ERR_HOST, "the disk is full");
    return 0;
}

static int setup(void **state)
{
    struct bench *bench = calloc(1, sizeof(*bench));

    if (!bench)
        return -1;
    for (size_t i = 0; i < JOBS; i++)
        bench->jobs[i].policy = &bench->policies[i];
    bench->runner = (struct vs_runner){.jobs = bench->jobs,
                                       .job_count = JOBS,
                                       .threads = 3,
                                       .finished = count_finished,
                                       .context = bench};
    bench->caller = pthread_self();
    *state = bench;
    return 0;
}

static int teardown(void **state)
{
    struct bench *bench = *state;

    for (size_t i = 0; i < JOBS; i++)
        free(bench->jobs[i].result);
    free(bench);
    return 0;
}

static void every_job_runs_once_and_is_handed_over_on_the_callers_thread(void **state)
{
    struct bench *bench = *state;
    int signal_number = -1;

    assert_int_equal(vs_runner_run(&bench->runner, &signal_number, NULL), 0);
    assert_int_equal(signal_number, 0);
    assert_int_equal(bench->handed_over, JOBS);
    assert_false(bench->elsewhere);
    for (size_t i = 0; i < JOBS; i++) {
        assert_int_equal(bench->jobs[i].code, 0);
        assert_int_equal(bench->jobs[i].calls_done, 42);
    }
}

static void more_threads_than_jobs_do_no_harm(void **state)
{
    struct bench *bench = *state;
    int signal_number = 0;

    bench->runner.threads = 64;
    assert_int_equal(vs_runner_run(&bench->runner, &signal_number, NULL), 0);
    assert_int_equal(bench->handed_over, JOBS);
}

static void skipped_jobs_do_not_run(void **state)
{
    struct bench *bench = *state;
    int signal_number = 0;

    for (size_t i = 0; i < JOBS; i++)
        bench->jobs[i].skip = i != 4;
    assert_int_equal(vs_runner_run(&bench->runner, &signal_number, NULL), 0);
    assert_int_equal(bench->handed_over, 1);
    assert_non_null(bench->jobs[4].result);
    bench->jobs[4].skip = true;
    assert_int_equal(vs_runner_run(&bench->runner, &signal_number, NULL), 0);
    assert_int_equal(bench->handed_over, 1);
}

static void an_engines_error_stays_with_its_job_and_the_rest_runs(void **state)
{
    struct bench *bench = *state;
    int signal_number = 0;

    bench->policies[2].summary = (char *)"fail";
    assert_int_equal(vs_runner_run(&bench->runner, &signal_number, NULL), 0);
    assert_int_equal(bench->handed_over, JOBS - 1);
    assert_int_equal(bench->jobs[2].code, VS_ERR_INPUT);
    assert_string_equal(bench->jobs[2].error.text, "too many vCPUs");
    assert_null(bench->jobs[2].result);
}

static void a_failing_store_stops_the_rest(void **state)
{
    struct bench *bench = *state;
    struct vs_error error = VS_ERROR_INIT;
    int signal_number = 0;

    bench->fail_at = 1;
    /* Would never end unless stopped. */
    bench->policies[JOBS - 1].summary = (char *)"endless";
    assert_int_equal(vs_runner_run(&bench->runner, &signal_number, &error), VS_ERR_HOST);
    assert_string_equal(error.text, "the disk is full");
    assert_int_equal(bench->handed_over, 1);
}

static void a_signal_stops_all_and_is_named(void **state)
{
    struct bench *bench = *state;
    int signal_number = 0;
    sigset_t before, after;

    pthread_sigmask(SIG_SETMASK, NULL, &before);
    bench->policies[1].summary = (char *)"interrupt";
    for (size_t i = 2; i < JOBS; i++)
        bench->policies[i].summary = (char *)"endless";
    assert_int_equal(vs_runner_run(&bench->runner, &signal_number, NULL), VS_ERR_STOPPED);
    assert_int_equal(signal_number, SIGINT);
    assert_int_equal(bench->jobs[0].code, 0);
    assert_int_equal(bench->handed_over, 1);
    for (size_t i = 1; i < JOBS; i++)
        assert_int_equal(bench->jobs[i].code, VS_ERR_STOPPED);
    pthread_sigmask(SIG_SETMASK, NULL, &after);
    assert_int_equal(sigismember(&before, SIGINT), sigismember(&after, SIGINT));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(every_job_runs_once_and_is_handed_over_on_the_callers_thread),
        TEST(more_threads_than_jobs_do_no_harm),
        TEST(skipped_jobs_do_not_run),
        TEST(an_engines_error_stays_with_its_job_and_the_rest_runs),
        TEST(a_failing_store_stops_the_rest),
        TEST(a_signal_stops_all_and_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
