/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xentrace writes into the log itself, without a pipe between: on SIGTERM it writes the rest
 * of Xen's buffers and turns tracing off in Xen (tools/xentrace/xentrace.c: close_handler,
 * monitor_tbufs, disable_tbufs), and must live to do so even when this process is killed.
 * One thread: poll waits for a pipe's bytes, for what xentrace complains of, for a signal, its
 * end among them, or for the next look at the log.
 */
#include "xen_stream.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/units.h"
#include "child.h"

#define BUFFER_BYTES (64u << 10)
/* xentrace polls each 100 ms by default; then it writes what Xen's buffers hold. */
#define STOP_NS UINT64_C(10000000000)
/* How often the log of xentrace is looked at. */
#define LOOK_MS 100
/* TRC_TRACE_CPU_CHANGE with two words (xen/include/public/trace.h): a log starts with it. */
#define LOG_START UINT32_C(0x2001f003)

struct stream {
    const struct vs_xen_source *source;
    struct vs_xen_recorded *recorded;
    int log_fd;
    int data_fd, complaint_fd, signal_fd;
    pid_t child;      /* 0: none */
    bool child_ended; /* as SIGCHLD says */
    bool stopping;
    uint64_t start_ns, stop_ns; /* CLOCK_MONOTONIC; stop_ns 0: not asked to end yet */
    bool checked;               /* the log's first bytes */
    char complaint[256];
};

static uint64_t clock_ns(clockid_t clock)
{
    struct timespec time;

    clock_gettime(clock, &time);
    return (uint64_t)time.tv_sec * VS_NS_PER_S + (uint64_t)time.tv_nsec;
}

/* ------------------------------------------------------------------ opening */

static int start_xentrace(struct stream *stream, struct vs_error *error)
{
    const char *argv[8] = {"xentrace", "-D", "-e", stream->source->mask};
    struct vs_error own = VS_ERROR_INIT;
    int complaint[2];
    int reason = 0;
    char pages[24];

    if (pipe2(complaint, O_CLOEXEC) < 0)
        return vs_error_set(error, VS_ERR_HOST, "cannot make a pipe: %s", strerror(errno));
    if (stream->source->pages > 0) {
        snprintf(pages, sizeof(pages), "%" PRIu64, stream->source->pages);
        argv[4] = "-S";
        argv[5] = pages;
    }
    int ret = vs_child_start(argv, stream->log_fd, complaint[1], &stream->child, &reason, &own);

    close(complaint[1]);
    stream->complaint_fd = complaint[0];
    if (ret == 0)
        return 0;
    stream->child = 0;
    return reason == ENOENT
               ? (int)vs_error_set(error, VS_ERR_HOST,
                                   "there is no xentrace in PATH: it comes with Xen's tools and "
                                   "runs in Xen's dom0; take its log from elsewhere with --from")
               : (int)vs_error_set(error, VS_ERR_HOST, "%s", own.text);
}

static int open_source(struct stream *stream, struct vs_error *error)
{
    const char *from = stream->source->from;

    if (!from)
        return start_xentrace(stream, error);
    stream->data_fd = strcmp(from, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
                                             : open(from, O_RDONLY | O_CLOEXEC);
    return stream->data_fd >= 0
               ? 0
               : (int)vs_error_set_at(error, VS_ERR_HOST, from, VS_NOWHERE, VS_NOWHERE,
                                      "cannot open it: %s", strerror(errno));
}

/* ------------------------------------------------------------------ copying */

static int write_log(struct stream *stream, const uint8_t *bytes, size_t size,
                     struct vs_error *error)
{
    while (size > 0) {
        ssize_t done = write(stream->log_fd, bytes, size);

        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return vs_error_set(error, VS_ERR_HOST,
                                "the log takes no more after %" PRIu64 " bytes: %s",
                                stream->recorded->bytes, strerror(errno));
        bytes += done;
        size -= (size_t)done;
        stream->recorded->bytes += (uint64_t)done;
    }
    return 0;
}

/* Refuse what is no log at once, not after an hour. */
static int check_start(struct stream *stream, struct vs_error *error)
{
    uint32_t word;

    if (stream->checked || stream->recorded->bytes < sizeof(word))
        return 0;
    stream->checked = true;
    stream->recorded->first_wall_ns = clock_ns(CLOCK_REALTIME);
    if (pread(stream->log_fd, &word, sizeof(word), 0) != (ssize_t)sizeof(word))
        return vs_error_set(error, VS_ERR_HOST, "cannot read the log: %s", strerror(errno));
    if (word == LOG_START)
        return 0;
    return vs_error_set_at(error, VS_ERR_INPUT,
                           stream->source->from ? stream->source->from : "xentrace", 0, VS_NOWHERE,
                           "expected the start of a window (0x%08" PRIx32 "), found 0x%08" PRIx32
                           ": this is no xentrace log",
                           LOG_START, word);
}

/* From a pipe: 1 while there may be more, 0 at the end. */
static int take_data(struct stream *stream, struct vs_error *error)
{
    uint8_t buffer[BUFFER_BYTES];
    ssize_t got = read(stream->data_fd, buffer, sizeof(buffer));

    if (got < 0 && errno == EINTR)
        return 1;
    if (got < 0)
        return vs_error_set(error, VS_ERR_HOST, "cannot read the log: %s", strerror(errno));
    if (got == 0)
        return 0;
    int ret = write_log(stream, buffer, (size_t)got, error);

    return ret < 0 ? ret : 1;
}

/* Keep the last line of what xentrace says: it also tells what it does on standard error. */
static void take_complaint(struct stream *stream)
{
    char buffer[1024];
    ssize_t got = read(stream->complaint_fd, buffer, sizeof(buffer) - 1);

    if (got <= 0) {
        if (got == 0 || errno != EINTR) {
            close(stream->complaint_fd);
            stream->complaint_fd = -1;
        }
        return;
    }
    while (got > 0 && (buffer[got - 1] == '\n' || buffer[got - 1] == ' '))
        got--;
    buffer[got] = '\0';
    const char *line = strrchr(buffer, '\n');

    line = line ? line + 1 : buffer;
    if (*line)
        snprintf(stream->complaint, sizeof(stream->complaint), "%.255s", line);
}

/* ------------------------------------------------------------------ the loop */

static void take_signal(struct stream *stream)
{
    struct signalfd_siginfo info;

    if (read(stream->signal_fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
        return;
    if (info.ssi_signo == SIGCHLD) {
        stream->child_ended = stream->child_ended || (pid_t)info.ssi_pid == stream->child;
    } else if (!stream->stopping) {
        stream->recorded->end = VS_XEN_END_SIGNAL;
        stream->recorded->signal_number = (int)info.ssi_signo;
        stream->stopping = true;
    }
}

/* How long xentrace's log has become. */
static void look_at_log(struct stream *stream)
{
    struct stat status;

    if (stream->child > 0 && fstat(stream->log_fd, &status) == 0)
        stream->recorded->bytes = (uint64_t)status.st_size;
}

static void look_at_limits(struct stream *stream, uint64_t now_ns)
{
    const struct vs_xen_source *source = stream->source;

    if (stream->stopping)
        return;
    if (source->duration_ns > 0 && now_ns - stream->start_ns >= source->duration_ns)
        stream->recorded->end = VS_XEN_END_DURATION;
    else if (stream->recorded->bytes >= source->log_max_bytes)
        stream->recorded->end = VS_XEN_END_LIMIT;
    else
        return;
    stream->stopping = true;
}

/* Ask xentrace to end, once; kill it when it does not. */
static void stop_xentrace(struct stream *stream, uint64_t now_ns)
{
    if (stream->stop_ns == 0) {
        kill(stream->child, SIGTERM);
        stream->stop_ns = now_ns;
    } else if (now_ns - stream->stop_ns > STOP_NS && !stream->recorded->failure[0]) {
        kill(stream->child, SIGKILL);
        snprintf(stream->recorded->failure, sizeof(stream->recorded->failure),
                 "xentrace did not end 10 s after SIGTERM and was killed; tracing may still be on "
                 "in Xen: `xentrace -D -T 1 /dev/null` turns it off");
    }
}

/* Until the source has ended, or a pipe is to be read no further. */
static int follow(struct stream *stream, struct vs_error *error)
{
    for (;;) {
        struct pollfd fds[] = {{.fd = stream->data_fd, .events = POLLIN},
                               {.fd = stream->complaint_fd, .events = POLLIN},
                               {.fd = stream->signal_fd, .events = POLLIN}};
        int more = 1;

        (void)poll(fds, 3, LOOK_MS);
        if (fds[1].revents)
            take_complaint(stream);
        if (fds[2].revents)
            take_signal(stream);
        if (fds[0].revents)
            more = take_data(stream, error);
        if (more < 0)
            return more;
        look_at_log(stream);
        int ret = check_start(stream, error);

        if (ret < 0 || more == 0 || stream->child_ended)
            return ret;
        uint64_t now_ns = clock_ns(CLOCK_MONOTONIC);

        look_at_limits(stream, now_ns);
        if (stream->stopping && stream->child == 0)
            return 0;
        if (stream->stopping)
            stop_xentrace(stream, now_ns);
    }
}

/* Wait for xentrace, which a failure of ours stops, too, and judge how it ended. */
static int end_xentrace(struct stream *stream, struct vs_error *error)
{
    struct vs_xen_recorded *recorded = stream->recorded;
    char how[64];

    if (!stream->child_ended && stream->stop_ns == 0)
        kill(stream->child, SIGTERM);
    vs_child_wait(stream->child, SIGTERM, how, sizeof(how));
    while (stream->complaint_fd >= 0)
        take_complaint(stream);
    look_at_log(stream);
    if (!how[0] && recorded->bytes == 0)
        snprintf(how, sizeof(how), "no log");
    if (how[0] && !recorded->failure[0])
        snprintf(recorded->failure, sizeof(recorded->failure), "xentrace ended with %s%s%s", how,
                 stream->complaint[0] ? ": " : "", stream->complaint);
    return recorded->failure[0] && recorded->bytes == 0
               ? (int)vs_error_set(error, VS_ERR_HOST, "%s", recorded->failure)
               : 0;
}

int vs_xen_stream_record(const struct vs_xen_source *source, int log_fd,
                         struct vs_xen_recorded *recorded, struct vs_error *error)
{
    struct stream stream = {.source = source,
                            .recorded = recorded,
                            .log_fd = log_fd,
                            .data_fd = -1,
                            .complaint_fd = -1,
                            .start_ns = clock_ns(CLOCK_MONOTONIC)};
    sigset_t set, before;
    int ret, ended = 0;

    *recorded = (struct vs_xen_recorded){.start_wall_ns = clock_ns(CLOCK_REALTIME)};
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, &before);
    stream.signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    ret = stream.signal_fd < 0 ? (int)vs_error_set(error, VS_ERR_HOST,
                                                   "cannot wait for signals: %s", strerror(errno))
                               : open_source(&stream, error);
    if (ret == 0) {
        source->started(source->context);
        ret = follow(&stream, error);
    }
    if (stream.child > 0)
        ended = end_xentrace(&stream, error);
    recorded->elapsed_ns = clock_ns(CLOCK_MONOTONIC) - stream.start_ns;
    const int fds[] = {stream.data_fd, stream.complaint_fd, stream.signal_fd};

    for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
        if (fds[i] >= 0)
            close(fds[i]);
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
    return ret < 0 ? ret : ended;
}

int vs_xen_info_fd(struct vs_error *error)
{
    static const char *const argv[] = {"xl", "info", NULL};
    struct vs_error own = VS_ERROR_INIT;
    char how[64] = "";
    pid_t child;
    int reason;
    int fd = memfd_create("xl-info", MFD_CLOEXEC);
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    int ret =
        fd < 0 || null < 0 ? VS_ERR_HOST : vs_child_start(argv, fd, null, &child, &reason, &own);

    if (ret == 0)
        vs_child_wait(child, 0, how, sizeof(how));
    if (null >= 0)
        close(null);
    if (ret == 0 && !how[0])
        return fd;
    if (fd >= 0)
        close(fd);
    return vs_error_set(error, VS_ERR_HOST,
                        "how fast the TSC counts is not known: `xl info` does not tell (%s); give "
                        "--tsc-hz FREQUENCY (as 2.4GHz), or --xl-info FILE",
                        how[0] ? how : own.text);
}
