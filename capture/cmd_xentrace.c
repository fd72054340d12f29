/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vpci-capture xentrace: Xen's own trace buffers, through the importer's decoder. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/units.h"
#include "capture.h"
#include "cmd.h"
#include "import/to_trace.h"
#include "sysfs.h"
#include "xen_stream.h"

#define HOST_MCFG "/sys/firmware/acpi/tables/MCFG"

struct xentrace_values {
    const char *output, *from, *mask;
    double seconds;
    uint64_t pages, log_max_bytes;
    const char *tsc_hz, *xl_info, *mcfg, *iomem;
    int vendor;
    struct vs_strings ecam, only_domains;
    bool snapshot, keep_log, tolerate, emulated, force, json;
};

#define AT(member) .offset = offsetof(struct xentrace_values, member)

/* In the order of enum vs_import_vendor. */
static const char *const vendors[] = {"told-by-log", "svm", "vmx", NULL};

static const struct vs_option xentrace_options[] = {
    {"output", 'o', VS_OPTION_STRING, AT(output), "FILE",
     .help = "Where the trace goes; - is standard output."},
    {"event-mask", 'e', VS_OPTION_STRING, AT(mask), "MASK",
     .help = "Classes of events, as xentrace takes them: HVM and SCHED are needed.",
     .fallback = "0x000af000"},
    {"seconds", 'd', VS_OPTION_DOUBLE, AT(seconds), "SECONDS",
     .help = "Stop after this time; 0 goes on until a signal.", .fallback = "0", .max = 1e9},
    {"from", 0, VS_OPTION_STRING, AT(from), "FILE",
     .help = "Run no xentrace: take its log from a pipe or a file; - is standard input."},
    {"pages", 0, VS_OPTION_U64, AT(pages), "PAGES",
     .help = "Xen's buffer per CPU (xentrace -S), set once per boot; 0 leaves it.", .fallback = "0",
     .max = 1048576},
    {"log-max", 0, VS_OPTION_SIZE, AT(log_max_bytes), "SIZE",
     .help = "Stop when the log has this size: it bounds disk, and memory to decode it.",
     .fallback = "256MiB"},
    {"tsc-hz", 0, VS_OPTION_STRING, AT(tsc_hz), "FREQUENCY",
     .help = "How fast the TSC counts, as 2.4GHz; otherwise `xl info` is asked."},
    {"xl-info", 0, VS_OPTION_STRING, AT(xl_info), "FILE",
     .help = "Take the frequency from this output of `xl info`."},
    {"ecam", 0, VS_OPTION_LIST, AT(ecam), "BASE:SEG:BUS0-BUS1",
     .help = "An ECAM window; otherwise the host's, as its firmware's MCFG table says."},
    {"mcfg", 0, VS_OPTION_STRING, AT(mcfg), "FILE",
     .help = "ECAM windows from this ACPI table (with --from the host's is not taken)."},
    {"iomem", 0, VS_OPTION_STRING, AT(iomem), "FILE",
     .help = "ECAM windows from this copy of the hardware domain's /proc/iomem."},
    {"vendor", 0, VS_OPTION_CHOICE, AT(vendor), "CPU", .help = "The CPU's virtualisation.",
     .fallback = "told-by-log", .choices = vendors},
    {"only-domain", 0, VS_OPTION_LIST, AT(only_domains), "ID",
     .help = "Keep this domain's accesses alone."},
    {"snapshot", 0, VS_OPTION_FLAG, AT(snapshot),
     .help = "Read config space of this host's devices at the start into the trace."},
    {"keep-log", 0, VS_OPTION_FLAG, AT(keep_log),
     .help = "Keep xentrace's log beside the trace, as FILE.xentrace."},
    {"tolerate", 0, VS_OPTION_FLAG, AT(tolerate),
     .help = "Stop decoding at damage and keep what came before it."},
    {"emulated", 0, VS_OPTION_FLAG, AT(emulated),
     .help = "The host is an emulated machine: its times are no hardware latencies."},
    {"force", 0, VS_OPTION_FLAG, AT(force), .help = "Replace the output if it exists."},
    {"json", 0, VS_OPTION_FLAG, AT(json), .help = "Print the account as JSON on standard output."},
    VS_OPTION_END,
};

/* One run: what was recorded, and from where it is decoded. */
struct run {
    const struct xentrace_values *values;
    struct vs_xen_recorded recorded;
    bool streamed;       /* through a log of ours */
    char log_path[4096]; /* of that log; "" while it has no name */
    int log_fd, xl_fd;
    char log_name[32], xl_name[32]; /* in /proc, for those without a name */
};

/* ----------------------------------------------------------------- checking */

static int check_values(const struct xentrace_values *values, struct vs_error *error)
{
    struct stat status;

    if (!values->output)
        return vs_error_set(error, VS_ERR_USAGE, "xentrace needs --output FILE");
    if (values->json && strcmp(values->output, "-") == 0)
        return vs_error_set(error, VS_ERR_USAGE, "--json and --output - both want standard output");
    if (values->keep_log && strcmp(values->output, "-") == 0)
        return vs_error_set(error, VS_ERR_USAGE, "--keep-log needs an --output with a name");
    if (values->mask[0] == '\0' || values->mask[0] == '-')
        return vs_error_set(error, VS_ERR_USAGE,
                            "--event-mask: expected a mask like 0x000af000, "
                            "found \"%s\"",
                            values->mask);
    if (values->log_max_bytes == 0)
        return vs_error_set(error, VS_ERR_USAGE, "--log-max: expected a size above 0");
    if (values->from && values->snapshot)
        return vs_error_set(error, VS_ERR_USAGE,
                            "--snapshot reads this host's devices; a log given with --from may be "
                            "another's");
    if (values->from && values->pages > 0)
        return vs_error_set(error, VS_ERR_USAGE, "--pages is for a xentrace that is run here");
    if (values->from && !values->tsc_hz && !values->xl_info)
        return vs_error_set(error, VS_ERR_USAGE,
                            "a log does not say how fast its TSC counts: give --tsc-hz FREQUENCY "
                            "(as 2.4GHz), or --xl-info FILE");
    /* Before capturing, not after. */
    if (strcmp(values->output, "-") != 0 && !values->force && stat(values->output, &status) == 0 &&
        S_ISREG(status.st_mode))
        return vs_error_set_at(error, VS_ERR_HOST, values->output, VS_NOWHERE, VS_NOWHERE,
                               "the file exists (--force replaces it)");
    return 0;
}

/* A log that is a file can be read where it lies. */
static bool is_file(const char *from)
{
    struct stat status;

    return from &&
           (strcmp(from, "-") == 0 ? fstat(STDIN_FILENO, &status) : stat(from, &status)) == 0 &&
           S_ISREG(status.st_mode);
}

/* ---------------------------------------------------------------- recording */

static int open_log(struct run *run, struct vs_error *error)
{
    const struct xentrace_values *values = run->values;
    const char *directory = getenv("TMPDIR");
    const char *place = run->log_path;

    if (strcmp(values->output, "-") == 0) {
        place = directory && *directory ? directory : "/tmp";
        run->log_fd = open(place, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    } else {
        snprintf(run->log_path, sizeof(run->log_path), "%s.xentrace", values->output);
        run->log_fd = open(run->log_path,
                           O_RDWR | O_CREAT | O_CLOEXEC | (values->force ? O_TRUNC : O_EXCL), 0600);
    }
    if (run->log_fd < 0) {
        int ret = vs_error_set_at(error, VS_ERR_HOST, place, VS_NOWHERE, VS_NOWHERE,
                                  "cannot make a file for xentrace's log: %s", strerror(errno));

        run->log_path[0] = '\0';
        return ret;
    }
    snprintf(run->log_name, sizeof(run->log_name), "/proc/self/fd/%d", run->log_fd);
    return 0;
}

static void say_start(const void *context)
{
    const struct xentrace_values *values = context;

    if (values->from)
        fprintf(stderr, "Reading xentrace's log from %s.\n", values->from);
    else
        fprintf(stderr, "Running xentrace -D -e %s.\n", values->mask);
    fprintf(stderr, "Not seen: access sizes, which are inferred; what Xen's trace buffers lose is "
                    "counted.\n");
    fprintf(stderr, "Capturing%s; SIGINT (Ctrl-C) or SIGTERM ends it.\n",
            values->seconds > 0 ? " for the stated time" : "");
}

static const char *end_text(const struct vs_xen_recorded *recorded)
{
    switch (recorded->end) {
    case VS_XEN_END_DURATION:
        return "the time is over";
    case VS_XEN_END_LIMIT:
        return "the log has reached --log-max";
    case VS_XEN_END_SIGNAL:
        return recorded->signal_number == SIGTERM  ? "SIGTERM"
               : recorded->signal_number == SIGHUP ? "SIGHUP"
                                                   : "SIGINT";
    case VS_XEN_END_SOURCE:
        break;
    }
    return "the log ended";
}

static int record(struct run *run, struct vs_error *error)
{
    const struct xentrace_values *values = run->values;
    const struct vs_xen_source source = {
        .from = values->from,
        .mask = values->mask,
        .pages = values->pages,
        .duration_ns = (uint64_t)(values->seconds * 1e9),
        .log_max_bytes = values->log_max_bytes,
        .started = say_start,
        .context = values,
    };
    int ret = open_log(run, error);

    if (ret < 0)
        return ret;
    run->streamed = true;
    ret = vs_xen_stream_record(&source, run->log_fd, &run->recorded, error);
    if (ret < 0)
        return ret;
    fprintf(stderr, "Ended after %.3f s: %s; %" PRIu64 " bytes of log.\n",
            (double)run->recorded.elapsed_ns / VS_NS_PER_S, end_text(&run->recorded),
            run->recorded.bytes);
    return 0;
}

/* ----------------------------------------------------------------- decoding */

static void describe(void *context, struct vs_json_out *account)
{
    static const char *const ends[] = {"source", "duration", "signal", "log-max"};
    const struct run *run = context;
    struct vs_json_out *capture = vs_json_new_object();

    vs_json_add(account, "options", vs_options_json(&vs_cmd_xentrace, run->values));
    if (!run->streamed) {
        vs_json_out_free(capture);
        return;
    }
    vs_json_add_string(capture, "ended-by", ends[run->recorded.end]);
    vs_json_add_u64(capture, "log-bytes", run->recorded.bytes);
    vs_json_add_u64(capture, "elapsed-ns", run->recorded.elapsed_ns);
    vs_json_add_string(capture, "failure", run->recorded.failure[0] ? run->recorded.failure : NULL);
    vs_json_add(account, "capture", capture);
}

/* What the header says beside what the importer knows. */
static int start_meta(const struct run *run, struct vs_trace_meta *meta, struct vs_error *error)
{
    static const struct vs_bpf_config everything = {0};
    const struct xentrace_values *values = run->values;
    const struct vs_xen_recorded *recorded = &run->recorded;
    int ret = 0;

    snprintf(meta->source, sizeof(meta->source), "%s", vs_importer_xentrace.name);
    meta->emulated = values->emulated;
    if (!values->from)
        gethostname(meta->origin, sizeof(meta->origin) - 1);
    else
        snprintf(meta->origin, sizeof(meta->origin), "%s", values->from);
    if (!values->from && recorded->first_wall_ns > 0)
        ret = vs_trace_meta_add_note(
            meta,
            "the TSC tells no wall time: xentrace was started at %" PRIu64
            " ns after 1970 began, and its first bytes were seen %" PRIu64 " ns later",
            recorded->start_wall_ns, recorded->first_wall_ns - recorded->start_wall_ns);
    if (ret == 0 && recorded->failure[0])
        ret = vs_trace_meta_add_note(meta, "%s", recorded->failure);
    if (ret == 0 && recorded->end == VS_XEN_END_LIMIT)
        ret = vs_trace_meta_add_note(meta, "the capture ended when its log had %" PRIu64 " bytes",
                                     recorded->bytes);
    if (ret < 0)
        return vs_error_set(error, VS_ERR_MEMORY, "no memory for notes");
    return values->snapshot ? vs_sysfs_devices(&everything, true, meta, error) : 0;
}

/* Where ECAM lies: as stated; else, for this host, as its firmware says.  A PVH dom0's physical
 * addresses are the host's. */
static const char *choose_mcfg(const struct xentrace_values *values)
{
    if (values->mcfg || values->from || values->ecam.count > 0 || values->iomem)
        return values->mcfg;
    if (access(HOST_MCFG, R_OK) == 0)
        return HOST_MCFG;
    fprintf(stderr,
            "note: %s cannot be read: memory-mapped config accesses are kept as mmio; "
            "give --ecam\n",
            HOST_MCFG);
    return NULL;
}

static int decode(struct run *run, struct vs_error *error)
{
    const struct xentrace_values *values = run->values;
    const char *input = !run->streamed   ? values->from
                        : *run->log_path ? run->log_path
                                         : run->log_name;
    struct vs_import_options options = {
        .inputs = {.items = &input, .count = 1},
        .tolerate = values->tolerate,
        .emulated = values->emulated,
        .tsc_hz = values->tsc_hz,
        .xl_info = run->xl_fd >= 0 ? run->xl_name : values->xl_info,
        .ecam = values->ecam,
        .mcfg = choose_mcfg(values),
        .iomem = values->iomem,
        .vendor = values->vendor,
        .only_domains = values->only_domains,
    };
    const struct vs_import_job job = {
        .importer = &vs_importer_xentrace,
        .options = &options,
        .output = values->output,
        .writer = {.force = values->force},
        .describe = describe,
        .context = run,
    };
    struct vs_import_report *report = vs_import_report_new();
    struct vs_json_out *account = NULL;
    struct vs_trace_meta meta;
    int ret;

    vs_trace_meta_init(&meta);
    ret = report ? start_meta(run, &meta, error)
                 : (int)vs_error_set(error, VS_ERR_MEMORY, "no memory for a report");
    if (ret == 0)
        ret = vs_import_to_trace(&job, &meta, report, &account, error);
    if (ret == 0 && values->json)
        ret = vs_json_print(account, stdout, error);
    else if (ret == 0)
        vs_import_report_print(report, stderr);
    for (size_t i = 0; ret == 0 && i < meta.note_count; i++)
        fprintf(stderr, "note: %s\n", meta.notes[i]);
    vs_json_out_free(account);
    vs_import_report_free(report);
    vs_trace_meta_free(&meta);
    return ret;
}

/* ------------------------------------------------------------------ command */

/* A log that did not become a trace is kept: it can be decoded again. */
static void end_log(const struct run *run, bool decoded)
{
    if (run->log_fd >= 0)
        close(run->log_fd);
    if (!run->log_path[0])
        return;
    if (run->recorded.bytes > 0 && (!decoded || run->values->keep_log))
        fprintf(stderr, "The log is kept: %s.\n", run->log_path);
    else
        unlink(run->log_path);
}

static int xentrace_run(const struct vs_command *command, void *raw,
                        const struct vs_strings *operands, struct vs_error *error)
{
    struct run run = {.values = raw, .log_fd = -1, .xl_fd = -1};
    const struct xentrace_values *values = run.values;
    bool decoded = false;
    int ret = check_values(values, error);

    (void)command;
    (void)operands;
    /* A file at its size limit is then an error of the write (EFBIG), not a death. */
    signal(SIGXFSZ, SIG_IGN);
    if (ret == 0 && !values->from && !values->tsc_hz && !values->xl_info) {
        run.xl_fd = vs_xen_info_fd(error);
        ret = run.xl_fd < 0 ? run.xl_fd : 0;
        snprintf(run.xl_name, sizeof(run.xl_name), "/proc/self/fd/%d", run.xl_fd);
    }
    if (ret == 0 && !is_file(values->from))
        ret = record(&run, error);
    if (ret == 0) {
        ret = decode(&run, error);
        decoded = ret == 0;
    } else if (ret == VS_ERR_INPUT) {
        run.recorded.bytes = 0; /* no log: nothing to keep */
    }
    end_log(&run, decoded);
    if (run.xl_fd >= 0)
        close(run.xl_fd);
    if (ret == 0 && run.recorded.failure[0])
        ret = vs_error_set(error, VS_ERR_HOST, "%s; what came before is in the trace",
                           run.recorded.failure);
    return ret;
}

static const char *const xentrace_examples[] = {
    "vpci-capture xentrace -o host.vpt -d 60",
    "xentrace -D -e 0x000af000 | vpci-capture xentrace --from - --tsc-hz 2.4GHz -o host.vpt",
    NULL,
};

const struct vs_command vs_cmd_xentrace = {
    .name = "xentrace",
    .summary = "Capture with Xen's own xentrace, in its dom0",
    .options = xentrace_options,
    .values_size_bytes = sizeof(struct xentrace_values),
    .description =
        "Runs the host's xentrace, or reads its log from a pipe or a file, and writes the trace "
        "that `vpci-trace import --from xentrace` makes of the same log: it is the same decoder, "
        "and what it infers, counts and cannot rebuild is told by it.\n\n"
        "Capturing writes xentrace's log beside the trace (FILE.xentrace; unnamed in TMPDIR for "
        "standard output), with a buffer's memory.  Decoding comes at the end, since a size can "
        "only be inferred from the whole log, and needs memory for each config access: "
        "--log-max bounds both.  The log is removed once it is decoded.  A capture that is killed "
        "leaves it, and xentrace ends as on SIGTERM; read it with --from FILE.xentrace.",
    .examples = xentrace_examples,
    .run = xentrace_run,
};
