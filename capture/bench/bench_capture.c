/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What capture costs, as JSON: nanoseconds of a getpid without capture, with programs that
 * see it and return, and captured, in interleaved rounds; a real config read through the
 * syscall backend beside none; and how many events a second two CPUs can make until some
 * are lost.  Load comes from child processes: a session does not write its own events.
 */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "capture.h"

#include <synth.skel.h>

#define ROUNDS      5
#define BATCHES     100
#define BATCH       2000    /* getpid per batch */
#define READS       100     /* config reads per batch */
#define FLOOD       1000000 /* getpid per CPU */
#define CONFIG_FILE "/sys/bus/pci/devices/0000:00:00.0/config"

static const void *image(size_t *size_bytes)
{
    return synth_bpf__elf_bytes(size_bytes);
}

static int known_access(const struct vs_bpf_config *filters, struct vs_error *error)
{
    (void)filters;
    (void)error;
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

static double now_ns(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
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

/* A child on this CPU: times its calls, or floods; then ends the parent's session. */
static pid_t load(int cpu, bool flood, int file, int result_fd)
{
    pid_t child = fork();

    if (child != 0)
        return child;
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET((unsigned int)cpu, &set);
    sched_setaffinity(0, sizeof(set), &set);
    usleep(300000); /* the parent attaches meanwhile */
    if (flood) {
        double start = now_ns();

        for (int i = 0; i < FLOOD; i++)
            syscall(SYS_getpid);
        double seconds = (now_ns() - start) / 1e9;

        if (write(result_fd, &seconds, sizeof(seconds)) < 0)
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

enum way { WAY_NONE, WAY_SEEN, WAY_CAPTURED, WAY_COUNT };

static int one_round(const struct vs_backend *backend, enum way way, int file, struct times *times)
{
    struct vs_summary summary = {0};
    int fds[2];
    int ret = 0;

    if (pipe(fds) < 0)
        return -1;
    pid_t children[2] = {load(1, false, file, fds[1]), 0};

    if (way != WAY_NONE)
        ret = capture(backend, way == WAY_SEEN ? 1 : 0, children, &summary);
    waitpid(children[0], NULL, 0);
    if (ret == 0 && read(fds[0], times, sizeof(*times)) != (ssize_t)sizeof(*times))
        ret = -1;
    close(fds[0]);
    close(fds[1]);
    return ret;
}

static int compare(const char *name, const struct vs_backend *backend, int file,
                   struct vs_json_out *json)
{
    static const char *const ways[WAY_COUNT] = {"none", "seen-and-left", "captured"};
    struct vs_json_out *object = vs_json_new_object();
    double all[WAY_COUNT][2][ROUNDS];

    for (int round = 0; round < ROUNDS; round++) {
        for (int way = 0; way < WAY_COUNT; way++) {
            struct times times;

            if (one_round(backend, (enum way)way, file, &times) < 0)
                return -1;
            all[way][0][round] = times.min_ns;
            all[way][1][round] = times.median_ns;
        }
    }
    for (int way = 0; way < WAY_COUNT; way++) {
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
        vs_json_add(object, ways[way], entry);
    }
    vs_json_add(json, name, object);
    return 0;
}

static int sustain(struct vs_json_out *json)
{
    struct vs_json_out *list = vs_json_new_array();

    for (int round = 0; round < ROUNDS; round++) {
        struct vs_summary summary = {0};
        double seconds[2] = {0};
        int fds[2];

        if (pipe(fds) < 0)
            return -1;
        pid_t children[2] = {load(0, true, -1, fds[1]), load(1, true, -1, fds[1])};
        int ret = capture(&synth, 0, children, &summary);

        waitpid(children[0], NULL, 0);
        waitpid(children[1], NULL, 0);
        if (ret < 0 || read(fds[0], seconds, sizeof(seconds)) != (ssize_t)sizeof(seconds))
            return -1;
        close(fds[0]);
        close(fds[1]);
        double longest = seconds[0] > seconds[1] ? seconds[0] : seconds[1];
        struct vs_json_out *entry = vs_json_new_object();

        vs_json_add_double(entry, "events-per-s", 2.0 * FLOOD / longest);
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
    int ret = compare("getpid", &synth, -1, json);

    if (ret == 0 && file >= 0)
        ret = compare("config-dword-read-syscall-backend", &vs_backend_syscall, file, json);
    if (ret == 0)
        ret = sustain(json);
    if (ret == 0)
        ret = vs_json_print(json, stdout, NULL);
    vs_json_out_free(json);
    return ret < 0;
}
