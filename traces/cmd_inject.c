/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vpci-trace inject: rare events among captured traffic. */
#include <inttypes.h>
#include <stdio.h>

#include "cmd.h"
#include "inject.h"
#include "rate.h"

struct inject_values {
    const char *output;
    uint64_t seed;
    const char *rates[VS_INJECT_COUNT];
    vs_ns downtime_ns, uptime_ns, assigned_ns, toggle_gap_ns;
    uint64_t zstd_level;
    bool force;
};

#define AT(member) .offset = offsetof(struct inject_values, member)

static const struct vs_option inject_options[] = {
    {"output", 'o', VS_OPTION_STRING, AT(output), "FILE", .help = "Where the result goes."},
    {"seed", 0, VS_OPTION_U64, AT(seed), "N",
     .help = "Of the random numbers: the same seed gives the same events.", .fallback = "1"},
    {"remove", 0, VS_OPTION_STRING, AT(rates[VS_INJECT_REMOVE]), "RATE",
     .help = "Known devices leave the hypervisor and are added again (2/s, 30/min)."},
    {"downtime", 0, VS_OPTION_DURATION, AT(downtime_ns), "TIME",
     .help = "From removing a device to adding it again.", .fallback = "10ms"},
    {"hotplug", 0, VS_OPTION_STRING, AT(rates[VS_INJECT_HOTPLUG]), "RATE",
     .help = "New functions appear, and leave again."},
    {"uptime", 0, VS_OPTION_DURATION, AT(uptime_ns), "TIME",
     .help = "How long a hotplugged function stays.", .fallback = "100ms"},
    {"assign", 0, VS_OPTION_STRING, AT(rates[VS_INJECT_ASSIGN]), "RATE",
     .help = "Known devices go to another domain, and come back."},
    {"assigned", 0, VS_OPTION_DURATION, AT(assigned_ns), "TIME",
     .help = "How long a device stays with the other domain.", .fallback = "50ms"},
    {"toggle", 0, VS_OPTION_STRING, AT(rates[VS_INJECT_TOGGLE]), "RATE",
     .help = "Pairs of command-register writes that switch memory decoding over and back."},
    {"toggle-gap", 0, VS_OPTION_DURATION, AT(toggle_gap_ns), "TIME",
     .help = "Between the two writes of a pair.", .fallback = "50us"},
    {"zstd", 0, VS_OPTION_U64, AT(zstd_level), "LEVEL",
     .help = "Compress blocks, 1 to 19; 0 only packs them.", .fallback = "3", .max = 19},
    {"force", 'f', VS_OPTION_FLAG, AT(force), .help = "Replace the output if it exists."},
    VS_OPTION_END,
};

static int read_options(const struct inject_values *values, struct vs_inject_options *options,
                        struct vs_error *error)
{
    bool any = false;
    *options = (struct vs_inject_options){
        .seed = values->seed,
        .hold_ns = {[VS_INJECT_HOTPLUG] = values->uptime_ns,
                    [VS_INJECT_REMOVE] = values->downtime_ns,
                    [VS_INJECT_ASSIGN] = values->assigned_ns,
                    [VS_INJECT_TOGGLE] = values->toggle_gap_ns},
    };
    for (unsigned int i = 0; i < VS_INJECT_COUNT; i++) {
        if (!values->rates[i])
            continue;
        if (vs_parse_rate(values->rates[i], &options->mean_ns[i]) < 0)
            return vs_error_set(error, VS_ERR_USAGE,
                                "--%s: expected a rate (2/s, 30/min, 5/ms), found \"%s\"",
                                vs_inject_name((enum vs_inject_event)i), values->rates[i]);
        any = true;
    }
    if (!values->output)
        return vs_error_set(error, VS_ERR_USAGE, "inject needs --output FILE");
    if (!any)
        return vs_error_set(error, VS_ERR_USAGE,
                            "inject needs at least one of --remove, --hotplug, --assign, --toggle");
    return 0;
}

/* To standard error: standard output may be the trace. */
static void print_counts(const struct vs_inject_options *options,
                         const struct vs_inject_counts *counts)
{
    for (unsigned int i = 0; i < VS_INJECT_COUNT; i++) {
        if (!options->mean_ns[i])
            continue;
        fprintf(stderr, "%s: %" PRIu64 " events", vs_inject_name((enum vs_inject_event)i),
                counts->events[i]);
        if (counts->skipped[i])
            fprintf(stderr, ", %" PRIu64 " more found no device in a state for it",
                    counts->skipped[i]);
        fputc('\n', stderr);
    }
}

static int inject_run(const struct vs_command *command, void *raw,
                      const struct vs_strings *operands, struct vs_error *error)
{
    const struct inject_values *values = raw;
    struct vs_writer_options writer_options = {.zstd_level = (int)values->zstd_level,
                                               .force = values->force};
    struct vs_inject_options options;
    struct vs_inject_counts counts;
    struct vs_reader *reader = NULL;
    struct vs_writer *writer = NULL;
    struct vs_trace_meta meta;
    (void)command;
    vs_trace_meta_init(&meta);
    int ret = read_options(values, &options, error);
    if (ret == 0)
        ret = vs_reader_open(operands->items[0], &reader, error);
    if (ret == 0 && (vs_trace_meta_copy(&meta, vs_reader_meta(reader)) < 0 ||
                     vs_inject_describe(&meta, &options) < 0))
        ret = vs_error_set(error, VS_ERR_MEMORY, "out of memory");
    if (ret == 0)
        ret = vs_writer_open(values->output, &meta, &writer_options, &writer, error);
    if (ret == 0)
        ret = vs_inject(reader, writer, &meta, &options, &counts, error);
    if (ret == 0) {
        ret = vs_writer_commit(writer, NULL, error);
        writer = NULL;
    }
    if (ret == 0)
        print_counts(&options, &counts);
    vs_writer_abort(writer);
    vs_reader_close(reader);
    vs_trace_meta_free(&meta);
    return ret;
}

static const char *const inject_examples[] = {
    "vpci-trace inject host.vpt -o removal.vpt --remove 2/s --downtime 10ms --seed 7",
    "vpci-trace inject host.vpt -o mixed.vpt --toggle 50/s --assign 1/s --hotplug 1/s",
    NULL,
};

const struct vs_command vs_cmd_inject = {
    .name = "inject",
    .summary = "Put rare events among captured traffic",
    .operands = "FILE",
    .operands_min = 1,
    .operands_max = 1,
    .options = inject_options,
    .values_size_bytes = sizeof(struct inject_values),
    .description =
        "Adds events at stated average rates (Poisson processes of a seed), since captures seldom "
        "hold enough of them.  Each event is undone after a fixed time: a removed device is added "
        "again, an assigned one comes back, decoding is switched back to what the traffic last "
        "wrote.  Devices are those of the metadata and those that answered so far.  Captured "
        "records stay as they are, also while their device is away.  Every record put in is "
        "flagged as injected, and the trace says that it is a what-if.",
    .examples = inject_examples,
    .run = inject_run,
};
