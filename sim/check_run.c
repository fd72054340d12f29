/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Policies on threads.  Each is searched by one thread from beginning to end, so
 * results do not depend on how many threads there are.
 */
#include "check_run.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#define THREADS_MAX 64 /* as --jobs has it */

/* Signals are read by the calling thread, as in runner.c. */
struct pool {
    struct vs_check_run *run;
    atomic_size_t next;
    atomic_bool stop;
    int ended_fd;  /* eventfd, semaphore: a worker ended */
    int signal_fd; /* signalfd: SIGINT, SIGTERM */
    sigset_t before;
};

/* Of this thread alone: what a search takes does not depend on what else the host does. */
static double seconds_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Does every vCPU get through, again and again? */
static int judge_liveness(const struct vs_check_run *run, struct vs_check_job *job, size_t index,
                          struct vs_check_space *space)
{
    struct vs_check_cell *cell = &job->cells[index];
    int ret = vs_check_liveness(job->code, &run->scenarios[index]->setup, &run->campaign.limits,
                                space, &cell->search, &cell->finding, &job->error);

    if (ret < 0)
        return ret;
    cell->decided = true;
    cell->violated = ret > 0;
    cell->by = VS_VIOLATION_STARVATION;
    cell->found = cell->violated ? 1u << VS_VIOLATION_STARVATION : 0;
    return cell->violated ? vs_check_describe(job->code, &cell->finding, &job->error) : 0;
}

static int judge_scenario(const struct vs_check_run *run, struct vs_check_job *job, size_t index,
                          struct vs_check_space *space)
{
    const struct vs_scenario *scenario = run->scenarios[index];
    struct vs_check_cell *cell = &job->cells[index];
    struct vs_check_result result;

    if (scenario->not_modelled)
        return 0;
    if (scenario->setup.loops)
        return judge_liveness(run, job, index, space);
    int ret = vs_check_explore(job->code, &scenario->setup, &run->campaign.limits, space, NULL,
                               &result, &job->error);

    if (ret < 0)
        return ret;
    cell->decided = true;
    cell->search = result.search;
    cell->found = result.found;
    for (int i = 0; i < VS_VIOLATION_COUNT && !cell->violated; i++) {
        if (!((result.found & scenario->looks_for) >> i & 1u))
            continue;
        cell->violated = true;
        cell->by = (enum vs_violation)i;
        cell->finding = result.findings[i];
        result.findings[i].schedule = NULL;
    }
    vs_check_result_release(&result);
    if (cell->violated)
        ret =
            vs_check_shorten(job->code, &run->campaign.limits, space, &cell->finding, &job->error);
    return ret == 0 && cell->violated ? vs_check_describe(job->code, &cell->finding, &job->error)
                                      : ret;
}

static int run_campaign(const struct vs_check_run *run, struct vs_check_job *job,
                        struct vs_check_space *space)
{
    int ret = vs_check_campaign_run(job->code, &run->campaign, space, &job->verdict, &job->error);

    for (int i = 0; ret == 0 && i < VS_VIOLATION_COUNT; i++) {
        struct vs_check_finding *finding = &job->verdict.findings[i];

        if (!((job->verdict.found >> i) & 1u) || i == VS_VIOLATION_ORDER_INVERSION)
            continue;
        ret = vs_check_shorten(job->code, &run->campaign.limits, space, finding, &job->error);
        if (ret == 0)
            ret = vs_check_describe(job->code, finding, &job->error);
    }
    return ret;
}

static int run_job(const struct vs_check_run *run, struct vs_check_job *job,
                   struct vs_check_space *space)
{
    double begin = seconds_now();
    int ret = 0;

    for (size_t i = 0; ret == 0 && i < run->scenario_count; i++)
        ret = judge_scenario(run, job, i, space);
    if (ret == 0 && run->with_campaign)
        ret = run_campaign(run, job, space);
    job->seconds = seconds_now() - begin;
    return ret;
}

static void *work(void *context)
{
    struct pool *pool = context;
    struct vs_check_space *space = vs_check_space_new();
    uint64_t one = 1;

    while (!atomic_load(&pool->stop)) {
        size_t index = atomic_fetch_add(&pool->next, 1);

        if (index >= pool->run->job_count)
            break;
        /* From the end: the policies that take longest are the last ones. */
        struct vs_check_job *job = &pool->run->jobs[pool->run->job_count - 1 - index];

        job->code_result = space ? run_job(pool->run, job, space)
                                 : vs_error_set(&job->error, VS_ERR_MEMORY, "out of memory");
    }
    vs_check_space_free(space);
    ssize_t ignored = write(pool->ended_fd, &one, sizeof(one));

    /* Only a counter at its maximum refuses. */
    (void)ignored;
    return NULL;
}

static int open_pool(struct pool *pool, struct vs_error *error)
{
    sigset_t wanted;

    sigemptyset(&wanted);
    sigaddset(&wanted, SIGINT);
    sigaddset(&wanted, SIGTERM);
    /* Before any thread starts: they inherit the mask. */
    pthread_sigmask(SIG_BLOCK, &wanted, &pool->before);
    pool->ended_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE);
    pool->signal_fd = signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
    if (pool->ended_fd < 0 || pool->signal_fd < 0)
        return vs_error_set(error, VS_ERR_HOST, "cannot watch for signals: %s", strerror(errno));
    return 0;
}

static void close_pool(struct pool *pool)
{
    if (pool->ended_fd >= 0)
        close(pool->ended_fd);
    if (pool->signal_fd >= 0)
        close(pool->signal_fd);
    pthread_sigmask(SIG_SETMASK, &pool->before, NULL);
}

/* Wait until all workers have ended; the first signal tells them to. */
static void supervise(struct pool *pool, unsigned int working, int *signal_number)
{
    while (working > 0) {
        struct pollfd polled[] = {{.fd = pool->ended_fd, .events = POLLIN},
                                  {.fd = pool->signal_fd, .events = POLLIN}};
        struct signalfd_siginfo info;
        uint64_t count;

        if (poll(polled, 2, -1) < 0 && errno != EINTR)
            break; /* joining them waits as well */
        if (read(pool->ended_fd, &count, sizeof(count)) == (ssize_t)sizeof(count))
            working--;
        if (read(pool->signal_fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
            continue;
        if (*signal_number == 0)
            *signal_number = (int)info.ssi_signo;
        atomic_store(&pool->stop, true);
    }
}

static int first_error(const struct vs_check_run *run, struct vs_error *error)
{
    for (size_t i = 0; i < run->job_count; i++) {
        if (run->jobs[i].code_result == 0)
            continue;
        if (error && error->code == VS_OK)
            *error = run->jobs[i].error;
        return run->jobs[i].code_result;
    }
    return 0;
}

int vs_check_run(struct vs_check_run *run, int *signal_number, struct vs_error *error)
{
    struct pool pool = {.run = run, .ended_fd = -1, .signal_fd = -1};
    pthread_t threads[THREADS_MAX];
    unsigned int started = 0;
    int code = 0;

    *signal_number = 0;
    for (size_t i = 0; i < run->job_count; i++)
        run->jobs[i].code_result = VS_ERR_STOPPED;
    int ret = open_pool(&pool, error);

    if (ret < 0)
        goto out;
    run->campaign.limits.stop = &pool.stop;
    while (code == 0 && started < run->threads && started < run->job_count &&
           started < THREADS_MAX) {
        code = pthread_create(&threads[started], NULL, work, &pool);
        started += code == 0;
    }
    if (started == 0)
        ret = vs_error_set(error, VS_ERR_HOST, "cannot start a thread: %s", strerror(code));
    supervise(&pool, started, signal_number);
    for (unsigned int i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    run->campaign.limits.stop = NULL;
    if (ret == 0)
        ret = *signal_number ? VS_ERR_STOPPED : first_error(run, error);
out:
    close_pool(&pool);
    return ret;
}

int vs_check_say_stopped(const struct vs_check_run *run, int signal_number, const char *db,
                         struct vs_error *error)
{
    const char *name = signal_number == SIGTERM ? "SIGTERM" : "SIGINT";
    size_t done = 0;

    for (size_t i = 0; i < run->job_count; i++)
        done += run->jobs[i].code_result == 0;
    if (db)
        return vs_error_set(error, VS_ERR_STOPPED,
                            "stopped by %s; %zu of %zu policies had been searched and are stored "
                            "in %s",
                            name, done, run->job_count, db);
    return vs_error_set(error, VS_ERR_STOPPED,
                        "stopped by %s after %zu of %zu policies; without --db nothing is kept",
                        name, done, run->job_count);
}

bool vs_check_cell_surprises(const struct vs_check_run *run, size_t job, size_t scenario)
{
    const struct vs_check_cell *cell = &run->jobs[job].cells[scenario];
    int expected = vs_scenario_expected(run->scenarios[scenario], run->jobs[job].policy->name);

    return cell->decided && expected >= 0 && (expected == 1) != cell->violated;
}

bool vs_check_cell_is_open(const struct vs_check_cell *cell)
{
    return cell->decided && !cell->violated && !cell->search.complete;
}

size_t vs_check_job_breaks(const struct vs_check_run *run, size_t job, size_t *open)
{
    size_t count = 0;

    *open = 0;
    for (size_t i = 0; i < run->scenario_count; i++) {
        count += run->jobs[job].cells[i].violated;
        *open += vs_check_cell_is_open(&run->jobs[job].cells[i]);
    }
    return count;
}

bool vs_check_job_is_violated(const struct vs_check_run *run, size_t job)
{
    bool violated = run->with_campaign && run->jobs[job].verdict.found != 0;

    for (size_t i = 0; i < run->scenario_count; i++)
        violated |= run->jobs[job].cells[i].violated;
    return violated;
}
