/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Workers take jobs from a shared counter; the calling thread waits for ends
 * of jobs (eventfd) and for signals (signalfd) in one poll.  Signals are read,
 * not handled, so that nothing of ours runs in a signal handler and no global
 * variable is needed.
 */
#include "runner.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define TICK_MS 200

struct crew {
    struct vs_runner *runner;
    pthread_mutex_t lock; /* guards next, working and the jobs' finished */
    size_t next;
    unsigned int working; /* threads that have not ended */
    atomic_bool stop;
    int ended_fd;  /* eventfd: a job or a worker ended */
    int signal_fd; /* signalfd: SIGINT, SIGTERM */
    sigset_t before;
};

static void note_progress(void *context, uint64_t calls_done)
{
    struct vs_job *job = context;

    atomic_store_explicit(&job->calls_done, calls_done, memory_order_relaxed);
}

static struct vs_job *take_job(struct crew *crew)
{
    struct vs_job *job = NULL;

    pthread_mutex_lock(&crew->lock);
    while (!job && !atomic_load(&crew->stop) && crew->next < crew->runner->job_count) {
        job = &crew->runner->jobs[crew->next++];
        if (job->skip)
            job = NULL;
    }
    pthread_mutex_unlock(&crew->lock);
    return job;
}

static void wake_caller(struct crew *crew)
{
    uint64_t one = 1;
    ssize_t ignored = write(crew->ended_fd, &one, sizeof(one));

    /* Only a counter at its maximum refuses, and then the caller is awake. */
    (void)ignored;
}

static void *work(void *argument)
{
    struct crew *crew = argument;
    vs_replay_function replay = crew->runner->replay ? crew->runner->replay : vs_engine_replay;
    struct vs_job *job = NULL;

    while ((job = take_job(crew)) != NULL) {
        struct vs_engine_options options = crew->runner->engine;

        options.stop = &crew->stop;
        options.progress = note_progress;
        options.progress_context = job;
        if (job->streams)
            options.streams = job->streams;
        job->error = (struct vs_error)VS_ERROR_INIT;
        int code = replay(job->workload ? job->workload : crew->runner->workload, job->policy,
                          job->machine ? job->machine : crew->runner->machine, &options,
                          &job->result, &job->error);

        pthread_mutex_lock(&crew->lock);
        job->code = code < 0 ? code : 0;
        job->finished = true;
        pthread_mutex_unlock(&crew->lock);
        wake_caller(crew);
    }
    pthread_mutex_lock(&crew->lock);
    crew->working--;
    pthread_mutex_unlock(&crew->lock);
    wake_caller(crew);
    return NULL;
}

/* Hand over what has ended since; true when no worker is left. */
static bool collect(struct crew *crew, int *ret, struct vs_error *error)
{
    struct vs_runner *runner = crew->runner;

    pthread_mutex_lock(&crew->lock);
    bool over = crew->working == 0;

    pthread_mutex_unlock(&crew->lock);
    for (size_t i = 0; i < runner->job_count; i++) {
        struct vs_job *job = &runner->jobs[i];

        pthread_mutex_lock(&crew->lock);
        bool ended = job->finished;

        pthread_mutex_unlock(&crew->lock);
        if (!ended || job->handed_over)
            continue;
        job->handed_over = true;
        if (job->code != 0 || *ret < 0)
            continue;
        *ret = runner->finished(runner->context, job, error);
        if (*ret < 0)
            atomic_store(&crew->stop, true);
    }
    return over;
}

static void drain_signals(struct crew *crew, int *signal_number)
{
    struct signalfd_siginfo info;

    while (read(crew->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        if (*signal_number == 0)
            *signal_number = (int)info.ssi_signo;
        atomic_store(&crew->stop, true);
    }
}

static int supervise(struct crew *crew, int *signal_number, struct vs_error *error)
{
    struct vs_runner *runner = crew->runner;
    int ret = 0;

    while (!collect(crew, &ret, error)) {
        struct pollfd polled[] = {{.fd = crew->ended_fd, .events = POLLIN},
                                  {.fd = crew->signal_fd, .events = POLLIN}};
        uint64_t count = 0;

        if (runner->tick)
            runner->tick(runner->context);
        if (poll(polled, 2, TICK_MS) < 0 && errno != EINTR)
            atomic_store(&crew->stop, true);
        if (polled[0].revents && read(crew->ended_fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
            atomic_store(&crew->stop, true);
        if (polled[1].revents)
            drain_signals(crew, signal_number);
    }
    drain_signals(crew, signal_number);
    if (ret == 0 && *signal_number != 0)
        ret = VS_ERR_STOPPED;
    return ret;
}

static int open_crew(struct crew *crew, struct vs_error *error)
{
    sigset_t wanted;

    sigemptyset(&wanted);
    sigaddset(&wanted, SIGINT);
    sigaddset(&wanted, SIGTERM);
    pthread_mutex_init(&crew->lock, NULL);
    /* Before any thread starts: they inherit the mask. */
    pthread_sigmask(SIG_BLOCK, &wanted, &crew->before);
    crew->ended_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    crew->signal_fd = signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
    if (crew->ended_fd < 0 || crew->signal_fd < 0)
        return vs_error_set(error, VS_ERR_HOST, "cannot watch for signals: %s", strerror(errno));
    return 0;
}

static void close_crew(struct crew *crew)
{
    if (crew->ended_fd >= 0)
        close(crew->ended_fd);
    if (crew->signal_fd >= 0)
        close(crew->signal_fd);
    pthread_sigmask(SIG_SETMASK, &crew->before, NULL);
    pthread_mutex_destroy(&crew->lock);
}

/* Start up to the wanted number; fewer are enough, none is not. */
static unsigned int start_workers(struct crew *crew, pthread_t *threads, unsigned int wanted,
                                  struct vs_error *error)
{
    unsigned int started = 0;
    int code = 0;

    crew->working = wanted;
    while (started < wanted && code == 0) {
        code = pthread_create(&threads[started], NULL, work, crew);
        if (code == 0)
            started++;
    }
    pthread_mutex_lock(&crew->lock);
    crew->working -= wanted - started;
    pthread_mutex_unlock(&crew->lock);
    if (started == 0 && wanted > 0)
        vs_error_set(error, VS_ERR_HOST, "cannot start a thread: %s", strerror(code));
    return started;
}

int vs_runner_run(struct vs_runner *runner, int *signal_number, struct vs_error *error)
{
    struct crew crew = {.runner = runner, .ended_fd = -1, .signal_fd = -1};
    unsigned int wanted = 0, started = 0;
    pthread_t *threads = NULL;

    *signal_number = 0;
    for (size_t i = 0; i < runner->job_count; i++) {
        struct vs_job *job = &runner->jobs[i];

        job->code = job->skip ? 0 : VS_ERR_STOPPED;
        job->error = (struct vs_error)VS_ERROR_INIT;
        wanted += !job->skip && wanted < runner->threads;
    }
    if (wanted == 0)
        return 0;
    int ret = open_crew(&crew, error);

    if (ret < 0)
        goto out;
    threads = calloc(wanted, sizeof(*threads));
    if (!threads) {
        ret = vs_error_set(error, VS_ERR_MEMORY, "out of memory");
        goto out;
    }
    started = start_workers(&crew, threads, wanted, error);
    ret = started > 0 ? supervise(&crew, signal_number, error) : VS_ERR_HOST;
    for (unsigned int i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
out:
    free(threads);
    close_crew(&crew);
    return ret;
}
