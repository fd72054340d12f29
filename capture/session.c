/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Start: load, attach, known access, output.  End: detach, take what the ring holds,
 * read the counters, complete the file; whatever happens, in that order, so that the
 * account closes.  One thread: poll waits for the ring, a signal or the next tick.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "capture.h"
#include "cost.h"
#include "describe.h"
#include "object.h"
#include "pump.h"

/* An event waits at most this long in a ring that is not filling. */
#define TICK_MS 50
/* A killed capture keeps all but this, and what settles (pump.c). */
#define FLUSH_NS UINT64_C(1000000000)
/* Wake the reader at this much unread data, or a quarter of a small ring (EBPF
 * measurements of this project: 335 wake-ups instead of 9,375 for 300,000 events). */
#define WAKEUP_BYTES UINT64_C(65536)
/* How long the known access may take to arrive. */
#define PROOF_TRIES   100
#define PROOF_WAIT_US 10000
/* How often the account is looked at until programs that were running have ended. */
#define SETTLE_TRIES   100
#define SETTLE_WAIT_US 1000

struct vs_session {
    struct vs_capture_options options;
    const struct vs_backend *backend;
    struct vs_object *object;
    struct vs_pump *pump;
    struct vs_writer *writer;
    struct vs_trace_meta meta;
    struct vs_summary summary;
    struct vs_counters *cpus;
    size_t cpu_count;
    uint64_t epoch_ns; /* CLOCK_MONOTONIC */
    uint64_t cpu_ns;   /* CPU time of this process when capture began */
    int signal_fd;
    sigset_t before;
    bool blocked;
    char passed_over[2048];
};

static uint64_t clock_ns(clockid_t clock)
{
    struct timespec time;

    clock_gettime(clock, &time);
    return (uint64_t)time.tv_sec * VS_NS_PER_S + (uint64_t)time.tv_nsec;
}

/* ----------------------------------------------------------------- opening */

static int block_signals(struct vs_session *session, struct vs_error *error)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    session->blocked = sigprocmask(SIG_BLOCK, &set, &session->before) == 0;
    session->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return session->signal_fd >= 0
               ? 0
               : (int)vs_error_set(error, VS_ERR_HOST, "cannot wait for signals: %s",
                                   strerror(errno));
}

/* Process ids in events are those of the first PID namespace. */
static int check_namespace(struct vs_error *error)
{
    char text[64] = "";
    ssize_t length = readlink("/proc/self/ns/pid", text, sizeof(text) - 1);

    /* PROC_PID_INIT_INO, include/linux/proc_ns.h */
    if (length > 0 && strcmp(text, "pid:[4026531836]") != 0)
        return vs_error_set(error, VS_ERR_HOST,
                            "this process is in a PID namespace of its own; run it in the host's "
                            "(for a container, --pid=host)");
    return 0;
}

/* The known access must come through the ring: a program can attach and see nothing. */
static int prove(struct vs_session *session, struct vs_error *error)
{
    const struct vs_backend *backend = session->backend;
    int ret = backend->known_access(&session->options.filters, 1, error);

    for (int i = 0; ret == 0 && i < PROOF_TRIES; i++) {
        while (vs_pump_take(session->pump))
            ;
        if (session->summary.own > 0)
            return 0;
        usleep(PROOF_WAIT_US);
    }
    return ret < 0
               ? ret
               : (int)vs_error_set(error, VS_ERR_HOST,
                                   "%s: attached, but a known access did not arrive: the kernel "
                                   "makes accesses by a way that this backend does not see",
                                   backend->name);
}

static void close_backend(struct vs_session *session)
{
    vs_pump_free(session->pump);
    session->pump = NULL;
    vs_object_free(session->object);
    session->object = NULL;
    session->summary = (struct vs_summary){0};
}

static uint32_t guest_segments(const struct vs_capture_options *options)
{
    uint32_t segments = 1;

    for (uint32_t i = 0; i < options->filters.window_count; i++) {
        if (options->windows[i].segment >= segments)
            segments = options->windows[i].segment + 1u;
    }
    return segments;
}

/* Addresses of the two locks that config accesses take, where the kernel tells them. */
static void find_locks(struct vs_bpf_config *config)
{
    FILE *stream = fopen("/proc/kallsyms", "re");
    char line[512], name[256];
    unsigned long long address;

    while (stream && fgets(line, sizeof(line), stream)) {
        if (sscanf(line, "%llx %*c %255s", &address, name) != 2)
            continue;
        if (strcmp(name, "pci_lock") == 0)
            config->locks[0] = address;
        else if (strcmp(name, "pci_config_lock") == 0)
            config->locks[1] = address;
    }
    if (stream)
        fclose(stream);
}

static int open_backend(struct vs_session *session, const struct vs_backend *backend,
                        struct vs_error *error)
{
    struct vs_pump_options options = {
        .view = backend->view,
        .pcpu_known = !vs_host_is_xen_domain(),
        .own_tgid = session->options.filters.own_tgid,
        .segments = guest_segments(&session->options),
        .epoch_ns = session->epoch_ns,
        .records_max = session->options.records_max,
        .cpu_count = session->cpu_count,
    };

    session->backend = backend;
    if (backend->events && !session->options.filters.locks[0])
        find_locks(&session->options.filters);
    int ret = vs_object_load(backend, &session->options.filters, session->options.ring_bytes,
                             &session->object, error);
    if (ret == 0)
        ret = vs_pump_open(&options, vs_object_ring_fd(session->object), &session->summary,
                           &session->pump, error);
    if (ret == 0)
        ret = vs_object_attach(session->object, error);
    if (ret == 0)
        ret = prove(session, error);
    if (ret == 0 && session->options.output)
        vs_cost_measure(backend, &session->options.filters, session->object, session->pump,
                        &session->summary);
    if (ret < 0)
        close_backend(session);
    return ret;
}

/* The first automatic backend that works; the reasons of the others are kept. */
static int choose_backend(struct vs_session *session, struct vs_error *error)
{
    size_t used = 0;

    for (size_t i = 0; vs_backends[i]; i++) {
        struct vs_error reason = VS_ERROR_INIT;

        if (!vs_backends[i]->automatic)
            continue;
        int ret = open_backend(session, vs_backends[i], &reason);

        if (ret == 0 || ret == VS_ERR_MEMORY)
            return ret;
        int length = snprintf(session->passed_over + used, sizeof(session->passed_over) - used,
                              "%s%s", used ? "\n" : "", reason.text);

        if (length > 0 && (size_t)length < sizeof(session->passed_over) - used)
            used += (size_t)length;
    }
    return vs_error_set(error, VS_ERR_HOST, "no backend works on this host: %.600s",
                        session->passed_over);
}

static int open_output(struct vs_session *session, uint64_t wall_epoch_ns, struct vs_error *error)
{
    /* In place, so that a capture that is killed leaves its file. */
    struct vs_writer_options options = {.in_place = true, .force = session->options.force};
    int ret =
        vs_describe_start(&session->options, session->backend, vs_object_without(session->object),
                          wall_epoch_ns, &session->meta, error);

    if (ret == 0)
        ret = vs_writer_open(session->options.output, &session->meta, &options, &session->writer,
                             error);
    if (ret == 0)
        vs_pump_set_writer(session->pump, session->writer);
    return ret;
}

static int open_session(struct vs_session *session, struct vs_error *error)
{
    struct vs_capture_options *options = &session->options;
    int possible = libbpf_num_possible_cpus();
    uint64_t wall_ns = clock_ns(CLOCK_REALTIME);

    session->epoch_ns = clock_ns(CLOCK_MONOTONIC);
    session->cpu_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    session->cpu_count = possible > 0 ? (size_t)possible : 1;
    session->cpus = calloc(session->cpu_count, sizeof(*session->cpus));
    if (!session->cpus)
        return vs_error_set(error, VS_ERR_MEMORY, "out of memory");
    options->filters.own_tgid = (uint32_t)getpid();
    options->filters.wakeup_bytes =
        options->ring_bytes / 4 < WAKEUP_BYTES ? options->ring_bytes / 4 : WAKEUP_BYTES;
    int ret = check_namespace(error);

    if (ret == 0)
        ret = block_signals(session, error);
    if (ret == 0)
        ret = options->backend ? open_backend(session, options->backend, error)
                               : choose_backend(session, error);
    if (ret == 0 && options->output)
        ret = open_output(session, wall_ns, error);
    return ret;
}

int vs_session_open(const struct vs_capture_options *options, struct vs_session **session,
                    struct vs_error *error)
{
    struct vs_session *made = calloc(1, sizeof(*made));

    if (!made)
        return vs_error_set(error, VS_ERR_MEMORY, "out of memory");
    made->options = *options;
    made->signal_fd = -1;
    vs_trace_meta_init(&made->meta);
    int ret = open_session(made, error);

    if (ret < 0) {
        vs_session_free(made);
        return ret;
    }
    *session = made;
    return 0;
}

const struct vs_backend *vs_session_backend(const struct vs_session *session)
{
    return session->backend;
}

const char *vs_session_without(const struct vs_session *session)
{
    return vs_object_without(session->object);
}

const char *vs_session_passed_over(const struct vs_session *session)
{
    return session->passed_over;
}

int vs_backend_try(const struct vs_backend *backend, struct vs_error *error)
{
    const struct vs_capture_options options = {.backend = backend, .ring_bytes = VS_RING_MIN};
    struct vs_session *session = NULL;
    int ret = vs_session_open(&options, &session, error);

    vs_session_free(session);
    return ret;
}

/* ----------------------------------------------------------------- running */

/* The next signal that waits, or 0. */
static int next_signal(const struct vs_session *session)
{
    struct signalfd_siginfo info;

    return read(session->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)
               ? (int)info.ssi_signo
               : 0;
}

static int loop(struct vs_session *session, struct vs_error *error)
{
    const struct vs_capture_options *options = &session->options;
    struct vs_summary *summary = &session->summary;
    struct pollfd fds[] = {{.fd = vs_pump_fd(session->pump), .events = POLLIN},
                           {.fd = session->signal_fd, .events = POLLIN}};
    uint64_t start_ns = clock_ns(CLOCK_MONOTONIC);
    uint64_t flushed_ns = start_ns;
    bool more = false;

    for (;;) {
        (void)poll(fds, 2, more ? 0 : TICK_MS);
        more = vs_pump_take(session->pump);
        uint64_t now_ns = clock_ns(CLOCK_MONOTONIC);
        bool flush = now_ns - flushed_ns >= FLUSH_NS;
        int ret = vs_pump_write(session->pump, now_ns, flush, error);

        if (flush)
            flushed_ns = now_ns;
        if (ret < 0) {
            summary->end = VS_END_OUTPUT;
            return ret;
        }
        summary->signal_number = next_signal(session);
        if (summary->signal_number != 0)
            summary->end = VS_END_SIGNAL;
        else if (vs_pump_full(session->pump))
            summary->end = VS_END_RECORDS;
        else if (options->duration_ns > 0 && now_ns - start_ns >= options->duration_ns)
            summary->end = VS_END_DURATION;
        else
            continue;
        return 0;
    }
}

/* Take until nothing is missing: a program may still be running on another CPU. */
static int take_rest(struct vs_session *session, struct vs_error *error)
{
    struct vs_summary *summary = &session->summary;

    for (int i = 0; i < SETTLE_TRIES; i++) {
        while (vs_pump_take(session->pump))
            ;
        int ret = vs_object_counters(session->object, session->cpus, session->cpu_count, error);

        if (ret < 0)
            return ret;
        memset(&summary->kernel, 0, sizeof(summary->kernel));
        for (size_t cpu = 0; cpu < session->cpu_count; cpu++) {
            const struct vs_counters *from = &session->cpus[cpu];

            summary->kernel.produced += from->produced;
            summary->kernel.lost += from->lost;
            summary->kernel.no_latch += from->no_latch;
            summary->kernel.disabled += from->disabled;
            summary->kernel.odd += from->odd;
            summary->kernel.unpaired += from->unpaired;
        }
        if (summary->kernel.produced == summary->received + summary->kernel.lost)
            break;
        usleep(SETTLE_WAIT_US);
    }
    return 0;
}

static int complete(struct vs_session *session, struct vs_error *error)
{
    struct vs_writer *writer = session->writer;
    int ret = vs_describe_end(session->backend, &session->summary, vs_pump_actors(session->pump),
                              &session->meta, error);

    if (ret < 0)
        return ret;
    session->writer = NULL;
    return vs_writer_commit(writer, &session->meta, error);
}

int vs_session_run(struct vs_session *session, struct vs_summary *summary, struct vs_error *error)
{
    struct vs_summary *own = &session->summary;
    int ret = loop(session, error);
    uint64_t end_ns = clock_ns(CLOCK_MONOTONIC);

    /* The first error stays; what follows is done on every path. */
    vs_object_detach(session->object);
    int rest = take_rest(session, error);

    vs_object_missed_runs(session->object, &own->missed_runs, &own->missed_waits);
    own->elapsed_ns = end_ns - session->epoch_ns;
    int finished = vs_pump_finish(session->pump, session->cpus, own->missed_runs,
                                  clock_ns(CLOCK_MONOTONIC), error);

    own->consumer_cpu_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - session->cpu_ns;
    if (finished < 0)
        own->end = VS_END_OUTPUT;
    ret = ret < 0 ? ret : rest < 0 ? rest : finished;
    if (ret == 0)
        ret = complete(session, error);
    *summary = *own;
    return ret;
}

void vs_session_free(struct vs_session *session)
{
    if (!session)
        return;
    vs_writer_abort(session->writer);
    vs_pump_free(session->pump);
    vs_object_free(session->object);
    vs_trace_meta_free(&session->meta);
    free(session->cpus);
    if (session->signal_fd >= 0)
        close(session->signal_fd);
    if (session->blocked)
        sigprocmask(SIG_SETMASK, &session->before, NULL);
    free(session);
}
