/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vpci-capture ebpf: capture until stopped, and the account of it. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "capture.h"
#include "cmd.h"
#include "filters.h"

struct ebpf_values {
    const char *output;
    double seconds;
    uint64_t records;
    uint64_t buffer_bytes;
    int backend;
    struct vs_strings devices, pids, ecam;
    bool snapshot, force, json;
};

#define AT(member) .offset = offsetof(struct ebpf_values, member)

/* "auto" first, then as in backends.c; a test compares. */
static const char *const backend_choices[] = {"auto", "fentry", "kprobe", "kvm", "syscall", NULL};

static const struct vs_option ebpf_options[] = {
    {"output", 'o', VS_OPTION_STRING, AT(output), "FILE",
     .help = "Where the trace goes; - is standard output."},
    {"seconds", 'd', VS_OPTION_DOUBLE, AT(seconds), "SECONDS",
     .help = "Stop after this time; 0 goes on until a signal.", .fallback = "0", .max = 1e9},
    {"records", 'n', VS_OPTION_U64, AT(records), "RECORDS",
     .help = "Stop after this many accesses; 0 has no limit.", .fallback = "0", .max = 1e18},
    {"buffer", 0, VS_OPTION_SIZE, AT(buffer_bytes), "SIZE",
     .help = "Ring between kernel and this process, a power of two from 4KiB to 1GiB.",
     .fallback = "16MiB"},
    {"backend", 0, VS_OPTION_CHOICE, AT(backend), "NAME", .help = "What to attach to.",
     .fallback = "auto", .choices = backend_choices},
    {"device", 0, VS_OPTION_LIST, AT(devices), "SBDF",
     .help = "Capture this device; a guest's, by the guest's own address."},
    {"pid", 0, VS_OPTION_LIST, AT(pids), "PID",
     .help = "Capture this process; of a guest, QEMU's."},
    {"ecam", 0, VS_OPTION_LIST, AT(ecam), "BASE:SEG:BUS0-BUS1",
     .help = "A memory window of guests' config space (kvm): QEMU's q35 has "
             "0xb0000000:0:0-255.  It is where the guest's firmware put it, not this host's."},
    {"snapshot", 0, VS_OPTION_FLAG, AT(snapshot),
     .help = "Read config space of each device in view at the start into the trace."},
    {"force", 0, VS_OPTION_FLAG, AT(force), .help = "Replace the output if it exists."},
    {"json", 0, VS_OPTION_FLAG, AT(json), .help = "Print the account as JSON on standard output."},
    VS_OPTION_END,
};

static int check_values(const struct ebpf_values *values, const struct vs_backend *backend,
                        struct vs_error *error)
{
    if (!values->output)
        return vs_error_set(error, VS_ERR_USAGE, "ebpf needs --output FILE");
    if (values->json && strcmp(values->output, "-") == 0)
        return vs_error_set(error, VS_ERR_USAGE, "--json and --output - both want standard output");
    if (values->buffer_bytes < VS_RING_MIN || values->buffer_bytes > VS_RING_MAX ||
        (values->buffer_bytes & (values->buffer_bytes - 1)) != 0)
        return vs_error_set(error, VS_ERR_USAGE,
                            "--buffer: expected a power of two from 4KiB to 1GiB, found %" PRIu64
                            " bytes",
                            values->buffer_bytes);
    if (backend && values->ecam.count > 0 && backend->view != VS_VIEW_GUESTS)
        return vs_error_set(error, VS_ERR_USAGE,
                            "--ecam is for the kvm backend: %s sees addresses, not memory",
                            backend->name);
    if (backend && values->snapshot && backend->view == VS_VIEW_GUESTS)
        return vs_error_set(error, VS_ERR_USAGE,
                            "--snapshot reads this host's devices; the %s backend captures those "
                            "of guests",
                            backend->name);
    return 0;
}

static void say_start(const struct vs_session *session, const struct ebpf_values *values)
{
    const struct vs_backend *backend = vs_session_backend(session);
    const char *passed_over = vs_session_passed_over(session);

    if (passed_over[0])
        fprintf(stderr, "Passed over:\n%s\n", passed_over);
    fprintf(stderr, "Backend %s: %s.\nNot seen: %s.\n", backend->name, backend->layer,
            backend->blind);
    if (vs_session_without(session)[0])
        fprintf(stderr, "Not seen, for this kernel has or names it not: %s.\n",
                vs_session_without(session));
    if (backend->view == VS_VIEW_GUESTS && values->ecam.count == 0)
        fprintf(stderr, "note: without --ecam only accesses through ports are seen.  A guest's "
                        "firmware chooses where its window is, and this host's tables tell of "
                        "this host's alone: SeaBIOS on QEMU's q35 takes 0xb0000000:0:0-255.\n");
    if (values->seconds > 0)
        fprintf(stderr, "Capturing for %g s; SIGINT or SIGTERM ends it sooner.\n", values->seconds);
    else
        fprintf(stderr, "Capturing; SIGINT (Ctrl-C) or SIGTERM ends it.\n");
}

static const char *end_text(const struct vs_summary *summary)
{
    switch (summary->end) {
    case VS_END_DURATION:
        return "the time is over";
    case VS_END_RECORDS:
        return "the count is reached";
    case VS_END_SIGNAL:
        return summary->signal_number == SIGTERM  ? "SIGTERM"
               : summary->signal_number == SIGHUP ? "SIGHUP"
                                                  : "SIGINT";
    case VS_END_OUTPUT:
        break;
    }
    return "the output takes no more";
}

static void say_count(const char *format, uint64_t count)
{
    if (count > 0)
        fprintf(stderr, format, count);
}

/* What the host paid, as far as it can be told. */
static void say_cost(const struct vs_summary *summary)
{
    uint64_t events = summary->kernel.produced - summary->own;
    double total_ns = (double)events * (double)summary->event_cost_ns;

    fprintf(stderr, "This process used %.1f %% of a CPU.\n",
            summary->elapsed_ns
                ? 100.0 * (double)summary->consumer_cpu_ns / (double)summary->elapsed_ns
                : 0.0);
    if (summary->event_cost_ns == 0)
        fprintf(stderr, "What an event cost was not measured: the kernel times programs for "
                        "CAP_SYS_ADMIN alone.\n");
    else
        fprintf(stderr,
                "Estimate of what the events cost: %" PRIu64 " ns each, a median over %" PRIu64
                " known accesses at the start, makes %.3f ms of CPU time, %.3f %% of a CPU.\n",
                summary->event_cost_ns, summary->cost_events, total_ns / 1e6,
                summary->elapsed_ns ? 100.0 * total_ns / (double)summary->elapsed_ns : 0.0);
}

static void say_summary(const struct vs_summary *summary)
{
    double seconds = (double)summary->elapsed_ns / VS_NS_PER_S;

    fprintf(stderr, "Ended after %.3f s: %s.\n", seconds, end_text(summary));
    fprintf(stderr,
            "%" PRIu64 " records seen: %" PRIu64 " written, %" PRIu64 " lost; %.0f written per "
            "second.\n",
            (uint64_t)summary->kernel.produced - summary->own, summary->written,
            (uint64_t)summary->kernel.lost, seconds > 0 ? (double)summary->written / seconds : 0.0);
    say_cost(summary);
    say_count("%" PRIu64 " came after the count was reached and were left out.\n",
              summary->surplus);
    say_count("%" PRIu64 " were captured but could not be written.\n", summary->discarded);
    say_count("%" PRIu64 " ended long after their start: their recorded time is later.\n",
              summary->late);
    say_count("%" PRIu64 " runs of a program were skipped by the kernel; counted as lost.\n",
              summary->missed_runs);
    say_count("%" PRIu64 " waits for locks, of any in the kernel, went unseen.\n",
              summary->missed_waits);
    say_count("%" PRIu64 " port accesses came before their guest's first write of 0xCF8 was "
              "seen: left out.\n",
              summary->kernel.no_latch);
    say_count("%" PRIu64 " port accesses while 0xCF8 was disabled: no config accesses.\n",
              summary->kernel.disabled);
    say_count("%" PRIu64 " accesses had a size or place that config space has not: left out.\n",
              summary->kernel.odd);
    say_count("%" PRIu64 " starts and ends of accesses could not be matched.\n",
              summary->kernel.unpaired);
    if (!vs_summary_balanced(summary))
        fprintf(stderr,
                "The account does not close: %" PRIu64 " produced, %" PRIu64
                " received; do not trust this trace.\n",
                (uint64_t)summary->kernel.produced, summary->received);
}

static int print_json(const struct vs_backend *backend, const struct vs_summary *summary,
                      struct vs_error *error)
{
    struct vs_json_out *json = vs_json_new_object();

    vs_json_add_string(json, "backend", backend->name);
    vs_json_add(json, "account", vs_summary_json(summary));
    int ret = vs_json_print(json, stdout, error);

    vs_json_out_free(json);
    return ret;
}

static int ebpf_run(const struct vs_command *command, void *raw, const struct vs_strings *operands,
                    struct vs_error *error)
{
    const struct ebpf_values *values = raw;
    struct vs_capture_options options = {
        .backend = values->backend > 0 ? vs_backends[values->backend - 1] : NULL,
        .output = values->output,
        .force = values->force,
        .duration_ns = (uint64_t)(values->seconds * 1e9),
        .records_max = values->records,
        .ring_bytes = values->buffer_bytes,
        .snapshot = values->snapshot,
    };
    struct vs_session *session = NULL;
    struct vs_summary summary = {0};
    int ret = check_values(values, options.backend, error);

    (void)command;
    (void)operands;
    /* A file at its size limit is then an error of the write (EFBIG), not a death. */
    signal(SIGXFSZ, SIG_IGN);
    if (ret == 0)
        ret = vs_filters_parse(&values->devices, &values->pids, &values->ecam, &options, error);
    if (ret == 0)
        ret = vs_session_open(&options, &session, error);
    if (ret < 0)
        return ret;
    ret = check_values(values, vs_session_backend(session), error);
    if (ret == 0) {
        say_start(session, values);
        ret = vs_session_run(session, &summary, error);
        say_summary(&summary);
        if (values->json && print_json(vs_session_backend(session), &summary, error) < 0 &&
            ret == 0)
            ret = VS_ERR_HOST;
    }
    if (ret == 0 && !vs_summary_balanced(&summary))
        ret = vs_error_set(error, VS_ERR_HOST, "the account of the capture does not close");
    vs_session_free(session);
    return ret;
}

static const char *const ebpf_examples[] = {
    "vpci-capture ebpf -o host.vpt -d 60",
    "vpci-capture ebpf --backend kvm --ecam 0xb0000000:0:0-255 -o guests.vpt -d 60",
    "vpci-capture ebpf --backend syscall --snapshot -o host.vpt",
    "vpci-capture ebpf --backend kvm -o - -d 10 | vpci-trace info -",
    NULL,
};

const struct vs_command vs_cmd_ebpf = {
    .name = "ebpf",
    .summary = "Capture with eBPF programs attached to this kernel",
    .options = ebpf_options,
    .values_size_bytes = sizeof(struct ebpf_values),
    .description =
        "Attaches a backend's programs, makes one access that they must see, and writes what they "
        "see until a signal, the time or the count ends it.  Then it detaches, writes what is "
        "left, and prints the account on standard error: each access is written or counted.\n\n"
        "fentry sees every config access that this kernel makes, for itself and for user space; "
        "kprobe sees the same at a higher price, where the kernel has no BPF trampolines.  kvm "
        "sees "
        "guests' accesses.  auto takes the first of these that works.  syscall sees what user "
        "space "
        "does through sysfs, and slows every system call of the host, so it must be asked for by "
        "name.\n\n"
        "The file grows in place: a capture that is killed leaves what it had up to its last "
        "block, about a second.",
    .examples = ebpf_examples,
    .run = ebpf_run,
};
