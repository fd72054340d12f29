/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vpci-trace import: a log of somebody else's format becomes a trace file. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/options.h"
#include "base/units.h"
#include "cmd.h"
#include "import/import.h"
#include "import/lspci.h"
#include "import/to_trace.h"
#include "trace.h"

/* What the option table fills.  A NULL string or an empty list was not given. */
struct values {
    const char *from;
    const char *output;
    uint64_t zstd_level;
    bool force, json, tolerate, emulated;
    struct vs_strings notes, devices;
    const char *tsc_hz, *xl_info, *mcfg, *iomem, *vendor;
    struct vs_strings ecam, only_domains;
    const char *columns, *clock, *duration_covers;
    struct vs_strings threads;
    const char *align, *backend;
};

#define AT(member) .offset = offsetof(struct values, member)

static const struct vs_option options[] = {
    {"from", 0, VS_OPTION_STRING, AT(from), "FORMAT",
     "format of the input: xentrace, qemu-log, csv or jsonl (required)"},
    {"output", 'o', VS_OPTION_STRING, AT(output), "FILE",
     "the trace to write, - for standard output (required)"},
    {"zstd", 0, VS_OPTION_U64, AT(zstd_level), "LEVEL",
     "compress blocks with zstd at this level, 0 not to (default 3)", .fallback = "3", .min = 0,
     .max = 19},
    {"force", 'f', VS_OPTION_FLAG, AT(force), NULL, "replace an existing output"},
    {"json", 0, VS_OPTION_FLAG, AT(json), NULL, "print the import's report as JSON on stdout"},
    {"tolerate", 0, VS_OPTION_FLAG, AT(tolerate), NULL,
     "count damaged input and succeed: what came before it is kept, and for text what follows"},
    {"emulated", 0, VS_OPTION_FLAG, AT(emulated), NULL,
     "the host was an emulated machine: its times are no hardware latencies"},
    {"note", 0, VS_OPTION_LIST, AT(notes), "TEXT",
     "a caveat that every result from this trace shall carry"},
    {"devices", 0, VS_OPTION_LIST, AT(devices), "[DOMAIN=]FILE",
     "config space snapshots: the output of `lspci -xxxx` (or -xxx) in that domain (default 0)"},
    {"tsc-hz", 0, VS_OPTION_STRING, AT(tsc_hz), "FREQUENCY",
     "how fast the log's clock ticks, with unit: 2.4GHz, 2394.374MHz, 2.4G"},
    {"xl-info", 0, VS_OPTION_STRING, AT(xl_info), "FILE",
     "xentrace: take the frequency from cpu_mhz in this output of `xl info`"},
    {"ecam", 0, VS_OPTION_LIST, AT(ecam), "BASE:SEG:BUS0-BUS1",
     "xentrace: an ECAM window, 0xb0000000:0:0-255; BASE is where bus 0 would be"},
    {"mcfg", 0, VS_OPTION_STRING, AT(mcfg), "FILE",
     "xentrace: ECAM windows from this ACPI table (/sys/firmware/acpi/tables/MCFG)"},
    {"iomem", 0, VS_OPTION_STRING, AT(iomem), "FILE",
     "xentrace: ECAM windows from this copy of the hardware domain's /proc/iomem"},
    {"vendor", 0, VS_OPTION_STRING, AT(vendor), "svm|vmx",
     "xentrace: the CPU's virtualisation; else told from the log, and refused when it differs"},
    {"only-domain", 0, VS_OPTION_LIST, AT(only_domains), "ID",
     "xentrace: keep only this domain's accesses (default: every domain's)"},
    {"columns", 0, VS_OPTION_STRING, AT(columns), "MAP",
     "csv, jsonl: FIELD=COLUMN[:UNIT],... for inputs that are not as dump prints them; fields are "
     "time, pcpu, domain, vcpu, sbdf, kind, reg, size, value, duration, flags; units of time and "
     "duration are ns, us, ms, s or ticks (of --tsc-hz)"},
    {"clock", 0, VS_OPTION_STRING, AT(clock), "KIND",
     "csv, jsonl: what the times are: unknown (default), real or emulated"},
    {"duration-covers", 0, VS_OPTION_STRING, AT(duration_covers), "WHAT",
     "csv, jsonl: what the durations cover: config-cycle, kernel-call, emulation, vm-exit, or a "
     "sentence"},
    {"threads", 0, VS_OPTION_LIST, AT(threads), "THREAD=CPU",
     "qemu-log: CPU of a thread id, for logs without memory_region events"},
    {"align", 0, VS_OPTION_STRING, AT(align), "HOW",
     "qemu-log: several guests' clocks: start (default: each begins at time 0) or wall"},
    {"backend", 0, VS_OPTION_STRING, AT(backend), "TEXT",
     "what produced the log: \"qemu 7.2 q35\""},
    VS_OPTION_END,
};

/* Options that every importer takes. */
static const char *const common_options[] = {"from",     "output",   "zstd", "force",   "json",
                                             "tolerate", "emulated", "note", "devices", NULL};

static bool listed(const char *const *names, const char *name)
{
    for (; *names; names++)
        if (strcmp(*names, name) == 0)
            return true;
    return false;
}

/* Only strings and lists can be an importer's own: both show whether they were given. */
static bool given(const struct vs_option *option, const struct values *values)
{
    const char *at = (const char *)values + option->offset;

    if (option->type == VS_OPTION_LIST)
        return ((const struct vs_strings *)(const void *)at)->count > 0;
    return *(const char *const *)(const void *)at != NULL;
}

/* Refuse an option that the importer would ignore. */
static int check_options(const struct vs_importer *importer, const struct values *values,
                         struct vs_error *error)
{
    for (const struct vs_option *option = options; option->name; option++)
        if (!listed(common_options, option->name) && given(option, values) &&
            !listed(importer->takes, option->name))
            return vs_error_set(error, VS_ERR_USAGE, "--%s has no meaning with --from %s",
                                option->name, importer->name);
    return 0;
}

/* The number of text among names (0 when text is NULL); known is the list for a person. */
static int choice(const char *option, const char *text, const char *const *names, const char *known,
                  int *index, struct vs_error *error)
{
    *index = 0;
    if (!text)
        return 0;
    for (int i = 0; names[i]; i++)
        if (strcmp(names[i], text) == 0) {
            *index = i;
            return 0;
        }
    return vs_error_set(error, VS_ERR_USAGE, "--%s: expected %s, found \"%s\"", option, known,
                        text);
}

static int make_options(const struct values *values, const struct vs_strings *inputs,
                        struct vs_import_options *out, struct vs_error *error)
{
    /* In the order of the enums of import/import.h. */
    static const char *const vendors[] = {"unstated", "svm", "vmx", NULL};
    static const char *const aligns[] = {"start", "wall", NULL};
    static const char *const clocks[] = {"unknown", "real", "emulated", NULL};
    int ret;

    *out = (struct vs_import_options){
        .inputs = *inputs,
        .tolerate = values->tolerate,
        .emulated = values->emulated,
        .tsc_hz = values->tsc_hz,
        .xl_info = values->xl_info,
        .ecam = values->ecam,
        .mcfg = values->mcfg,
        .iomem = values->iomem,
        .only_domains = values->only_domains,
        .columns = values->columns,
        .duration_covers = values->duration_covers,
        .threads = values->threads,
        .backend = values->backend,
    };
    ret = choice("vendor", values->vendor, vendors, "svm or vmx", &out->vendor, error);
    if (ret == 0)
        ret = choice("align", values->align, aligns, "start or wall", &out->align, error);
    if (ret == 0)
        ret =
            choice("clock", values->clock, clocks, "unknown, real or emulated", &out->clock, error);
    return ret;
}

/* ------------------------------------------------------------------ metadata */

/* "[DOMAIN=]FILE": a file name that starts with digits and "=" needs "./" before it. */
static int read_devices(const char *text, struct vs_trace_meta *meta, struct vs_error *error)
{
    size_t digits = strspn(text, "0123456789");
    uint64_t domain = 0;

    if (digits > 0 && text[digits] == '=') {
        char number[24];

        snprintf(number, sizeof(number), "%.*s", (int)digits, text);
        if (vs_parse_u64(number, 0, VS_DOMAIN_NONE - 1, &domain) < 0)
            return vs_error_set(error, VS_ERR_USAGE, "--devices: no such domain id: %s", number);
        text += digits + 1;
    }
    return vs_lspci_read(text, meta, (uint16_t)domain, error);
}

static int start_meta(const struct values *values, const struct vs_importer *importer,
                      const struct vs_strings *inputs, struct vs_trace_meta *meta,
                      struct vs_error *error)
{
    size_t used = 0;
    int ret = 0;

    vs_trace_meta_init(meta);
    snprintf(meta->source, sizeof(meta->source), "%s", importer->name);
    for (size_t i = 0; i < inputs->count && used < sizeof(meta->origin); i++)
        used += (size_t)snprintf(meta->origin + used, sizeof(meta->origin) - used, "%s%s",
                                 i ? " " : "", inputs->items[i]);
    meta->emulated = values->emulated;
    for (size_t i = 0; ret == 0 && i < values->notes.count; i++)
        ret = vs_trace_meta_add_note(meta, "%s", values->notes.items[i]);
    if (ret < 0)
        return vs_error_set(error, VS_ERR_MEMORY, "no memory for notes");
    for (size_t i = 0; ret == 0 && i < values->devices.count; i++)
        ret = read_devices(values->devices.items[i], meta, error);
    return ret;
}

/* -------------------------------------------------------------------- report */

/* The options that shape the result and were given; not where it goes or what is printed, so that
 * the same import gives the same bytes under any name. */
static struct vs_json_out *options_json(const struct values *values)
{
    struct vs_json_out *out = vs_json_new_object();

    for (const struct vs_option *option = options; option->name; option++) {
        const void *at = (const char *)values + option->offset;

        if (strcmp(option->name, "output") == 0 || strcmp(option->name, "zstd") == 0 ||
            strcmp(option->name, "force") == 0 || strcmp(option->name, "json") == 0)
            continue;
        if (option->type == VS_OPTION_FLAG) {
            if (*(const bool *)at)
                vs_json_add_boolean(out, option->name, true);
        } else if (!given(option, values)) {
            continue;
        } else if (option->type == VS_OPTION_LIST) {
            const struct vs_strings *list = at;
            struct vs_json_out *items = vs_json_new_array();

            for (size_t i = 0; i < list->count; i++)
                vs_json_add_string(items, NULL, list->items[i]);
            vs_json_add(out, option->name, items);
        } else {
            vs_json_add_string(out, option->name, *(const char *const *)at);
        }
    }
    return out;
}

static void describe(void *context, struct vs_json_out *account)
{
    vs_json_add(account, "options", options_json(context));
}

/* The importer's own notes: the user knows those that the command line gave. */
static void print_notes(const struct values *values, const struct vs_trace_meta *meta)
{
    for (size_t i = values->notes.count; i < meta->note_count; i++)
        fprintf(stderr, "note: %s\n", meta->notes[i]);
}

/* ------------------------------------------------------------------- command */

static const struct vs_importer *find_importer(const char *name, struct vs_error *error)
{
    enum { NAMES_MAX = 16 };
    const char *names[NAMES_MAX + 1] = {NULL}, *near;
    const struct vs_importer *importer;

    for (size_t i = 0; vs_importers[i] && i < NAMES_MAX; i++)
        names[i] = vs_importers[i]->name;
    if (!name) {
        vs_error_set(error, VS_ERR_USAGE,
                     "--from FORMAT is missing: xentrace, qemu-log, csv or jsonl");
        return NULL;
    }
    importer = vs_importer_find(name);
    if (importer)
        return importer;
    near = vs_nearest(name, names);
    vs_error_set(error, VS_ERR_USAGE, "--from: unknown format \"%s\"%s%s%s", name,
                 near ? "; did you mean \"" : ": expected xentrace, qemu-log, csv or jsonl",
                 near ? near : "", near ? "\"?" : "");
    return NULL;
}

static int check_command(const struct values *values, const struct vs_importer *importer,
                         const struct vs_strings *inputs, struct vs_error *error)
{
    if (!values->output)
        return vs_error_set(error, VS_ERR_USAGE, "-o FILE is missing: where shall the trace go?");
    if (values->json && strcmp(values->output, "-") == 0)
        return vs_error_set(error, VS_ERR_USAGE,
                            "--json and -o - both want standard output: give the trace a file");
    if (importer->inputs_max && inputs->count > importer->inputs_max)
        return vs_error_set(error, VS_ERR_USAGE,
                            "--from %s takes one input, found %zu: import each, then `vpci-trace "
                            "merge`",
                            importer->name, inputs->count);
    return check_options(importer, values, error);
}

static int run(const struct vs_command *command, void *values_at, const struct vs_strings *operands,
               struct vs_error *error)
{
    struct values *values = values_at;
    struct vs_import_options import_options;
    struct vs_import_job job = {
        .options = &import_options,
        .output = values->output,
        .writer = {.zstd_level = (int)values->zstd_level, .force = values->force},
        .describe = describe,
        .context = values,
    };
    struct vs_import_report *report = NULL;
    struct vs_json_out *account = NULL;
    struct vs_trace_meta meta;
    int ret;

    (void)command;
    job.importer = find_importer(values->from, error);
    if (!job.importer)
        return VS_ERR_USAGE;
    ret = check_command(values, job.importer, operands, error);
    if (ret == 0)
        ret = make_options(values, operands, &import_options, error);
    if (ret < 0)
        return ret;
    ret = start_meta(values, job.importer, operands, &meta, error);
    if (ret < 0)
        goto out;
    report = vs_import_report_new();
    if (!report) {
        ret = vs_error_set(error, VS_ERR_MEMORY, "no memory for a report");
        goto out;
    }
    ret = vs_import_to_trace(&job, &meta, report, &account, error);
    if (ret == 0 && values->json)
        ret = vs_json_print(account, stdout, error);
    else if (ret == 0)
        vs_import_report_print(report, stderr);
    if (ret == 0)
        print_notes(values, &meta);
out:
    vs_json_out_free(account);
    vs_import_report_free(report);
    vs_trace_meta_free(&meta);
    return ret;
}

static const char *const examples[] = {
    "vpci-trace import --from xentrace --tsc-hz 2.4GHz --iomem iomem.txt trace.bin.zst -o host.vpt",
    "vpci-trace import --from qemu-log --emulated --backend 'qemu 7.2 q35' trace.log.zst -o q.vpt",
    NULL,
};

const struct vs_command vs_cmd_import = {
    .name = "import",
    .summary = "Turn another program's log into a trace",
    .operands = "IN...",
    .operands_min = 1,
    .operands_max = SIZE_MAX,
    .options = options,
    .values_size_bytes = sizeof(struct values),
    .description =
        "Reads IN (- is standard input; zstd, xz and gzip are recognised) and writes records in "
        "the order of time. What the log does not say is inferred only where a rule can be "
        "stated, marked in each record, and counted; what cannot be rebuilt is counted by reason. "
        "The counts go to stderr (or, with --json, to stdout) and into the trace.",
    .examples = examples,
    .run = run,
};
