/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vpci-trace generate: synthetic traffic from a seed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "generate.h"
#include "rate.h"

struct generate_values {
    const char *output, *rate, *mix, *phases;
    uint64_t seed, domains, vcpus, devices, accesses;
    const char *duration;
    int arrivals;
    double writes;
    uint64_t zstd_level;
    bool force;
};

static const char *const arrivals_names[] = {
    [VS_ARRIVALS_POISSON] = "poisson", [VS_ARRIVALS_BURSTY] = "bursty", NULL};

#define AT(member) .offset = offsetof(struct generate_values, member)

static const struct vs_option generate_options[] = {
    {"output", 'o', VS_OPTION_STRING, AT(output), "FILE", .help = "Where the trace goes."},
    {"seed", 0, VS_OPTION_U64, AT(seed), "N",
     .help = "Of the random numbers: the same seed and options give the same file.",
     .fallback = "1"},
    {"domains", 'd', VS_OPTION_U64, AT(domains), "N", .help = "Domains; the first is dom0.",
     .fallback = "1", .min = 1, .max = VS_GENERATE_DOMAINS_MAX},
    {"vcpus", 0, VS_OPTION_U64, AT(vcpus), "N", .help = "vCPUs of each domain, a pCPU for each.",
     .fallback = "4", .min = 1, .max = VS_GENERATE_VCPUS_MAX},
    {"devices", 0, VS_OPTION_U64, AT(devices), "N", .help = "Devices of each domain.",
     .fallback = "4", .min = 1, .max = VS_GENERATE_DEVICES_MAX},
    {"accesses", 'n', VS_OPTION_U64, AT(accesses), "N",
     .help = "Stop after N records (default 100000 unless --duration is given).", .min = 1,
     .max = 1e15},
    {"duration", 0, VS_OPTION_STRING, AT(duration), "TIME",
     .help = "Stop at this time of the trace, with its unit (2s)."},
    {"rate", 0, VS_OPTION_STRING, AT(rate), "RATE", .help = "Accesses of each vCPU (10/ms).",
     .fallback = "10/ms"},
    {"arrivals", 0, VS_OPTION_CHOICE, AT(arrivals), "HOW",
     .help = "Gaps between a vCPU's accesses: exponential, or bursts of 32 on average at 16 times "
             "the rate.",
     .fallback = "poisson", .choices = arrivals_names},
    {"writes", 0, VS_OPTION_DOUBLE, AT(writes), "SHARE",
     .help = "Share of operations that write, 0 to 1.", .fallback = "0.1", .min = 0, .max = 1},
    {"mix", 0, VS_OPTION_STRING, AT(mix), "OP=WEIGHT,...",
     .help = "Weights of operations among those that write or do not; those not named keep their "
             "default, see below."},
    {"phases", 0, VS_OPTION_STRING, AT(phases), "NAME,...",
     .help = "Any of boot, poll and hotplug.", .fallback = "boot,poll"},
    {"zstd", 0, VS_OPTION_U64, AT(zstd_level), "LEVEL",
     .help = "Compress blocks, 1 to 19; 0 only packs them.", .fallback = "3", .max = 19},
    {"force", 'f', VS_OPTION_FLAG, AT(force), .help = "Replace the output if it exists."},
    VS_OPTION_END,
};

static int read_phases(const char *text, unsigned int *phases, struct vs_error *error)
{
    static const struct {
        const char *name;
        unsigned int bit;
    } names[] = {{"boot", VS_PHASE_BOOT}, {"poll", VS_PHASE_POLL}, {"hotplug", VS_PHASE_HOTPLUG}};
    *phases = 0;
    for (const char *at = text;; at++) {
        size_t length = strcspn(at, ","), i = 0;
        while (i < 3 && (strncmp(at, names[i].name, length) != 0 || names[i].name[length] != '\0'))
            i++;
        if (i == 3)
            return vs_error_set(error, VS_ERR_USAGE,
                                "--phases: expected boot, poll or hotplug, found \"%.*s\"",
                                (int)length, at);
        *phases |= names[i].bit;
        at += length;
        if (*at == '\0')
            break;
    }
    if (*phases == VS_PHASE_BOOT)
        return vs_error_set(error, VS_ERR_USAGE,
                            "--phases: boot alone ends by itself; add poll or hotplug");
    return 0;
}

/* One "NAME=WEIGHT". */
static int read_weight(char *item, double weights[VS_SYNTH_OPS], struct vs_error *error)
{
    const char *names[VS_SYNTH_OPS + 1] = {0};
    char *equals = strchr(item, '=');
    unsigned int op = 0;
    if (equals)
        *equals = '\0';
    for (unsigned int i = 0; i < VS_SYNTH_OPS; i++)
        names[i] = vs_synth_ops[i].name;
    while (op < VS_SYNTH_OPS && strcmp(item, names[op]) != 0)
        op++;
    if (op == VS_SYNTH_OPS) {
        const char *nearest = vs_nearest(item, names);
        return vs_error_set(error, VS_ERR_USAGE, "--mix: there is no operation \"%s\"%s%s%s", item,
                            nearest ? "; did you mean " : "", nearest ? nearest : "",
                            nearest ? "?" : "");
    }
    if (!equals || vs_parse_double(equals + 1, 0, 1e6, &weights[op]) < 0)
        return vs_error_set(error, VS_ERR_USAGE, "--mix: expected %s=WEIGHT, a number from 0 on",
                            names[op]);
    return 0;
}

static int read_mix(const char *text, double weights[VS_SYNTH_OPS], struct vs_error *error)
{
    for (unsigned int op = 0; op < VS_SYNTH_OPS; op++)
        weights[op] = vs_synth_ops[op].weight;
    if (!text)
        return 0;
    char *copy = strdup(text), *rest = NULL;
    if (!copy)
        return vs_error_set(error, VS_ERR_MEMORY, "out of memory");
    int ret = 0;
    for (char *item = strtok_r(copy, ",", &rest); item && ret == 0;
         item = strtok_r(NULL, ",", &rest))
        ret = read_weight(item, weights, error);
    free(copy);
    return ret;
}

static int read_options(const struct generate_values *values, struct vs_generate_options *options,
                        struct vs_error *error)
{
    *options = (struct vs_generate_options){
        .seed = values->seed,
        .domains = (uint32_t)values->domains,
        .vcpus = (uint32_t)values->vcpus,
        .devices = (uint32_t)values->devices,
        .accesses = values->accesses,
        .arrivals = (enum vs_arrivals)values->arrivals,
        .writes = values->writes,
    };
    if (!values->output)
        return vs_error_set(error, VS_ERR_USAGE, "generate needs --output FILE");
    if (values->duration &&
        (vs_parse_duration(values->duration, &options->duration_ns) < 0 || !options->duration_ns))
        return vs_error_set(error, VS_ERR_USAGE,
                            "--duration: expected a time with its unit (2s), found \"%s\"",
                            values->duration);
    if (!options->accesses && !options->duration_ns)
        options->accesses = 100000;
    if (vs_parse_rate(values->rate, &options->gap_ns) < 0 || options->gap_ns == 0 ||
        options->gap_ns > 3600 * VS_NS_PER_S)
        return vs_error_set(error, VS_ERR_USAGE,
                            "--rate: expected a rate of at least 1/h (10/ms), found \"%s\"",
                            values->rate);
    int ret = read_phases(values->phases, &options->phases, error);
    return ret < 0 ? ret : read_mix(values->mix, options->weights, error);
}

static int generate_run(const struct vs_command *command, void *raw,
                        const struct vs_strings *operands, struct vs_error *error)
{
    const struct generate_values *values = raw;
    struct vs_writer_options writer_options = {.zstd_level = (int)values->zstd_level,
                                               .force = values->force};
    struct vs_generate_options options;
    (void)command;
    (void)operands;
    int ret = read_options(values, &options, error);
    return ret < 0 ? ret : vs_generate(&options, values->output, &writer_options, error);
}

static const char *const generate_examples[] = {
    "vpci-trace generate -o small.vpt --seed 7 --domains 2 -n 100000",
    "vpci-trace generate -o storm.vpt --domains 64 --rate 100/ms --arrivals bursty "
    "--duration 1s",
    "vpci-trace generate -o toggles.vpt --writes 0.5 --mix toggle=100 "
    "--phases boot,poll,hotplug",
    NULL,
};

const struct vs_command vs_cmd_generate = {
    .name = "generate",
    .summary = "Make synthetic traffic from a seed",
    .operands = NULL,
    .options = generate_options,
    .values_size_bytes = sizeof(struct generate_values),
    .description =
        "Every record is flagged as synthetic.  Domains, vCPUs and devices are alike; devices are "
        "network cards, NVMe drives, USB and display controllers in turn, with snapshots of their "
        "configuration space in the metadata.  Operations that do not write: poll=50, caps=20, "
        "ext=20, absent=5, mmio=5.  Operations that write: status=5, command=10, toggle=5, bar=3, "
        "bar-mapped=2, io-bar=2, rom=3, msi=10, msi-mask=10, msix=10, msix-table=35, rebar=2, "
        "sriov=3.  An operation is up to some 25 accesses, so that its share of records is "
        "another than its weight.  Phases: in boot, vCPU 0 of each domain finds and sets up its "
        "devices; in poll, operations are drawn; in hotplug, the last quarter, domain 0 also "
        "removes, adds, assigns and resets devices.",
    .examples = generate_examples,
    .run = generate_run,
};
