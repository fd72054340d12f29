/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What capture costs, as JSON: nanoseconds of a getpid without capture, with programs that
 * see it and return, captured, and traced by bpftrace doing the same job, in interleaved rounds; a
 * real config read through the syscall backend beside none; and how many events a second two
 * CPUs can make until some are lost.  Load comes from child processes: a session does not write
 * its own events.
 */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "capture.h"

#include <synth.skel.h>

#define ROUNDS      5
#define BATCHES     100
#define BATCH       2000            /* getpid per batch */
#define READS       100             /* config reads per batch */
#define FLOOD       1000000         /* getpid per CPU */
#define LOAD_NAME   "vs-bench-load" /* by which bpftrace knows the load */
#define CONFIG_FILE "/sys/bus/pci/devices/0000:00:00.0/config"

static const void *image(size_t *size_bytes)
{
    return synth_bpf__elf_bytes(size_bytes);
}

static int known_access(const struct vs_bpf_config *filters, uint32_t count, struct vs_error *error)
{
    (void)filters;
    (void)error;
    for (uint32_t i = 0; i < count; i++)
        syscall(SYS_getpid);
    return 0;
}

static const char *const needs[] = {"sys_enter", "sys_exit", NULL};

static const struct vs_backend synth = {
    .name = "synth",
    .kind = "programs at tracepoints (tp_btf)",
    .layer = "getpid",
    .blind = "everything else",
    .time = "a getpid",
    .view = VS_VIEW_HOST,
    .duration_covers = VS_DURATION_NOTHING,
    .image = image,
    .needs = needs,
    .known_access = known_access,
};

static double clock_ns(clockid_t clock)
{
    struct timespec time;

    clock_gettime(clock, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static double now_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

struct times {
    double min_ns, median_ns;
};

static struct times time_calls(int file)
{
    double batches[BATCHES];
    char value[4];

    for (size_t i = 0; i < BATCHES; i++) {
        int count = file < 0 ? BATCH : READS;
        double start = now_ns();

        for (int call = 0; call < count; call++) {
            if (file < 0)
                syscall(SYS_getpid);
            else if (pread(file, value, sizeof(value), 0) != (ssize_t)sizeof(value))
                exit(1);
        }
        batches[i] = (now_ns() - start) / count;
    }
    qsort(batches, BATCHES, sizeof(batches[0]), ascending);
    return (struct times){batches[0], batches[BATCHES / 2]};
}

/* How long a child took for its FLOOD calls: on a busy host it waits for its CPU, too. */
struct flood {
    double wall_s, cpu_s;
};

/* A child on this CPU: times its calls, or floods; then ends the parent's session. */
static pid_t load(int cpu, bool flooding, int file, int result_fd)
{
    pid_t child = fork();

    if (child != 0)
        return child;
    prctl(PR_SET_NAME, LOAD_NAME);
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET((unsigned int)cpu, &set);
    sched_setaffinity(0, sizeof(set), &set);
    usleep(300000); /* the parent attaches meanwhile */
    if (flooding) {
        struct flood flood = {.wall_s = now_ns(), .cpu_s = clock_ns(CLOCK_PROCESS_CPUTIME_ID)};

        for (int i = 0; i < FLOOD; i++)
            syscall(SYS_getpid);
        flood.wall_s = (now_ns() - flood.wall_s) / 1e9;
        flood.cpu_s = (clock_ns(CLOCK_PROCESS_CPUTIME_ID) - flood.cpu_s) / 1e9;
        if (write(result_fd, &flood, sizeof(flood)) < 0)
            _exit(1);
    } else {
        struct times times = time_calls(file);

        if (write(result_fd, &times, sizeof(times)) < 0)
            _exit(1);
    }
    _exit(0);
}

/* Run a session until both children (the second may be 0) have ended. */
static int capture(const struct vs_backend *backend, uint32_t pid_filter, const pid_t children[2],
                   struct vs_summary *summary)
{
    struct vs_capture_options options = {
        .backend = backend, .output = "/dev/null", .ring_bytes = 16 << 20};
    struct vs_session *session = NULL;
    struct vs_error error = VS_ERROR_INIT;
    pid_t parent = getpid();

    options.filters.pid_count = 1;
    options.filters.pids[0] = pid_filter ? pid_filter : (uint32_t)children[0];
    if (children[1] && !pid_filter) {
        options.filters.pid_count = 2;
        options.filters.pids[1] = (uint32_t)children[1];
    }
    int ret = vs_session_open(&options, &session, &error);
    pid_t watcher = ret == 0 ? fork() : 0;

    if (ret == 0 && watcher == 0) {
        /* Not their parent: looks until they are zombies or gone. */
        for (int i = 0; i < 2; i++) {
            char path[64], state = 'R';

            snprintf(path, sizeof(path), "/proc/%d/stat", (int)children[i]);
            while (children[i] && state != 'Z') {
                FILE *stream = fopen(path, "re");

                if (!stream || fscanf(stream, "%*d %*s %c", &state) != 1)
                    state = 'Z';
                if (stream)
                    fclose(stream);
                usleep(20000);
            }
        }
        kill(parent, SIGTERM);
        _exit(0);
    }
    if (ret == 0)
        ret = vs_session_run(session, summary, &error);
    if (watcher > 0)
        waitpid(watcher, NULL, 0);
    vs_session_free(session);
    if (ret < 0)
        fprintf(stderr, "%s\n", error.text);
    return ret;
}

/* ---------------------------------------------------------------- bpftrace */

#define BPFTRACE_OUTPUT "bpftrace.out"

/* What vpci-capture's records hold, of each getpid of the load: times, CPU, process, result. */
static const char bpftrace_script[] =
    "tracepoint:syscalls:sys_enter_getpid /comm == \"" LOAD_NAME "\"/ { @start[tid] = nsecs; }\n"
    "tracepoint:syscalls:sys_exit_getpid /@start[tid]/ {\n"
    "  printf(\"%llu %llu %d %d %d %d\\n\", @start[tid], nsecs - @start[tid], cpu, pid, tid,"
    " args->ret);\n"
    "  delete(@start[tid]);\n"
    "}\n";

struct traced {
    uint64_t events, lost;
    double cpu_s;
};

/* Lines of events, and of "Lost N events". */
static void read_bpftrace(struct traced *traced)
{
    FILE *stream = fopen(BPFTRACE_OUTPUT, "re");
    unsigned long long lost;
    char line[256];

    traced->events = traced->lost = 0;
    while (stream && fgets(line, sizeof(line), stream)) {
        traced->events += line[0] >= '0' && line[0] <= '9';
        if (sscanf(line, "Lost %llu events", &lost) == 1)
            traced->lost += lost;
    }
    if (stream)
        fclose(stream);
}

/* Perf events that a process holds: its tracepoints and buffers. */
static int perf_events(pid_t process)
{
    char path[64], target[64];
    int count = 0;

    for (int fd = 0; fd < 256; fd++) {
        snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)process, fd);
        ssize_t length = readlink(path, target, sizeof(target) - 1);

        target[length > 0 ? length : 0] = '\0';
        count += strcmp(target, "anon_inode:[perf_event]") == 0;
    }
    return count;
}

/* Started and attached: it has perf events, and for a second no more of them.  What it prints
 * comes in part only when it ends.  -1 when it does not come to that. */
static pid_t start_bpftrace(void)
{
    int status, before = 0, same = 0;

    unlink(BPFTRACE_OUTPUT);
    pid_t child = fork();

    if (child == 0) {
        int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

        /* It finds tracepoints in tracefs, which may be mounted nowhere: for it alone. */
        if (access("/sys/kernel/tracing/events", F_OK) < 0 && unshare(CLONE_NEWNS) == 0) {
            mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL);
            mount("tracefs", "/sys/kernel/tracing", "tracefs", 0, NULL);
        }
        dup2(null, STDERR_FILENO);
        dup2(null, STDOUT_FILENO);
        execlp("bpftrace", "bpftrace", "-B", "line", "-o", BPFTRACE_OUTPUT, "-e", bpftrace_script,
               (char *)NULL);
        _exit(127);
    }
    for (int i = 0; child > 0 && i < 300; i++) {
        int now = perf_events(child);

        same = now > 0 && now == before ? same + 1 : 0;
        before = now;
        if (same == 10)
            return child;
        if (waitpid(child, &status, WNOHANG) == child)
            return -1;
        usleep(100000);
    }
    if (child > 0) {
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
    }
    return -1;
}

static void stop_bpftrace(pid_t child, struct traced *traced)
{
    struct rusage usage = {0};

    usleep(300000); /* it reads its buffers each 100 ms */
    kill(child, SIGINT);
    wait4(child, NULL, 0, &usage);
    read_bpftrace(traced);
    traced->cpu_s = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                    (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    unlink(BPFTRACE_OUTPUT);
}

/* ------------------------------------------------------------------ rounds */

enum way { WAY_NONE, WAY_SEEN, WAY_CAPTURED, WAY_BPFTRACE, WAY_COUNT };

static int one_round(const struct vs_backend *backend, enum way way, int file, struct times *times,
                     struct traced *traced)
{
    struct vs_summary summary = {0};
    pid_t bpftrace = way == WAY_BPFTRACE ? start_bpftrace() : 0;
    int fds[2];
    int ret = 0;

    if (bpftrace < 0 || pipe(fds) < 0)
        return -1;
    pid_t children[2] = {load(1, false, file, fds[1]), 0};

    if (way == WAY_SEEN || way == WAY_CAPTURED)
        ret = capture(backend, way == WAY_SEEN ? 1 : 0, children, &summary);
    waitpid(children[0], NULL, 0);
    if (bpftrace > 0)
        stop_bpftrace(bpftrace, traced);
    if (ret == 0 && read(fds[0], times, sizeof(*times)) != (ssize_t)sizeof(*times))
        ret = -1;
    close(fds[0]);
    close(fds[1]);
    return ret;
}

static void add_traced(struct vs_json_out *json, const struct traced traced[ROUNDS])
{
    struct vs_json_out *list = vs_json_new_array();

    for (int round = 0; round < ROUNDS; round++) {
        struct vs_json_out *entry = vs_json_new_object();

        vs_json_add_u64(entry, "written", traced[round].events);
        vs_json_add_u64(entry, "lost", traced[round].lost);
        vs_json_add_double(entry, "consumer-cpu-s", traced[round].cpu_s);
        vs_json_add(list, NULL, entry);
    }
    vs_json_add(json, "bpftrace-rounds", list);
}

/* ways: none, seen and captured, or with bpftrace. */
static int compare(const char *name, const struct vs_backend *backend, int file, int ways,
                   struct vs_json_out *json)
{
    static const char *const names[WAY_COUNT] = {"none", "seen-and-left", "captured", "bpftrace"};
    struct vs_json_out *object = vs_json_new_object();
    struct traced traced[ROUNDS] = {0};
    double all[WAY_COUNT][2][ROUNDS];

    for (int round = 0; round < ROUNDS; round++) {
        for (int way = 0; way < ways; way++) {
            struct times times;

            if (one_round(backend, (enum way)way, file, &times, &traced[round]) < 0)
                return -1;
            all[way][0][round] = times.min_ns;
            all[way][1][round] = times.median_ns;
        }
    }
    for (int way = 0; way < ways; way++) {
        struct vs_json_out *entry = vs_json_new_object();

        for (int which = 0; which < 2; which++) {
            static const char *const keys[2][3] = {
                {"min-ns-lowest", "min-ns-median", "min-ns-highest"},
                {"median-ns-lowest", "median-ns-median", "median-ns-highest"}};
            double *values = all[way][which];

            qsort(values, ROUNDS, sizeof(values[0]), ascending);
            vs_json_add_double(entry, keys[which][0], values[0]);
            vs_json_add_double(entry, keys[which][1], values[ROUNDS / 2]);
            vs_json_add_double(entry, keys[which][2], values[ROUNDS - 1]);
        }
        vs_json_add(object, names[way], entry);
    }
    if (ways == WAY_COUNT)
        add_traced(object, traced);
    vs_json_add(json, name, object);
    return 0;
}

static int sustain(struct vs_json_out *json)
{
    struct vs_json_out *list = vs_json_new_array();

    for (int round = 0; round < ROUNDS; round++) {
        struct vs_summary summary = {0};
        struct flood floods[2] = {0};
        int fds[2];

        if (pipe(fds) < 0)
            return -1;
        pid_t children[2] = {load(0, true, -1, fds[1]), load(1, true, -1, fds[1])};
        int ret = capture(&synth, 0, children, &summary);

        waitpid(children[0], NULL, 0);
        waitpid(children[1], NULL, 0);
        if (ret < 0 || read(fds[0], floods, sizeof(floods)) != (ssize_t)sizeof(floods))
            return -1;
        close(fds[0]);
        close(fds[1]);
        double wall_s = floods[0].wall_s > floods[1].wall_s ? floods[0].wall_s : floods[1].wall_s;
        double cpu_s = floods[0].cpu_s > floods[1].cpu_s ? floods[0].cpu_s : floods[1].cpu_s;
        struct vs_json_out *entry = vs_json_new_object();

        vs_json_add_double(entry, "events-per-s", 2.0 * FLOOD / wall_s);
        vs_json_add_double(entry, "events-per-s-of-makers-cpu-time", 2.0 * FLOOD / cpu_s);
        vs_json_add_u64(entry, "written", summary.written);
        vs_json_add_u64(entry, "lost", summary.kernel.lost);
        vs_json_add_double(entry, "consumer-cpu-s", (double)summary.consumer_cpu_ns / 1e9);
        vs_json_add_boolean(entry, "balanced", vs_summary_balanced(&summary));
        vs_json_add(list, NULL, entry);
    }
    vs_json_add(json, "two-cpus-at-once", list);
    return 0;
}

int main(void)
{
    struct vs_json_out *json = vs_json_new_object();
    struct utsname host;
    int file = open(CONFIG_FILE, O_RDONLY | O_CLOEXEC);

    uname(&host);
    vs_json_add_string(json, "kernel", host.release);
    vs_json_add_u64(json, "cpus", (uint64_t)sysconf(_SC_NPROCESSORS_ONLN));
    vs_json_add_u64(json, "rounds", ROUNDS);
    pid_t bpftrace = start_bpftrace();
    struct traced traced;

    if (bpftrace > 0)
        stop_bpftrace(bpftrace, &traced);
    else
        fprintf(stderr, "bpftrace cannot be run here: left out\n");
    int ret = compare("getpid", &synth, -1, bpftrace > 0 ? WAY_COUNT : WAY_BPFTRACE, json);

    if (ret == 0 && file >= 0)
        ret = compare("config-dword-read-syscall-backend", &vs_backend_syscall, file, WAY_BPFTRACE,
                      json);
    if (ret == 0)
        ret = sustain(json);
    if (ret == 0)
        ret = vs_json_print(json, stdout, NULL);
    vs_json_out_free(json);
    return ret < 0;
}
