/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vpci-trace slice: a part of a trace, by time, domain and device. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "filter.h"
#include "trace.h"

struct slice_values {
    const char *output, *from, *to;
    struct vs_strings domains, sbdfs;
    uint64_t zstd_level;
    bool force;
};

#define AT(member) .offset = offsetof(struct slice_values, member)

static const struct vs_option slice_options[] = {
    {"output", 'o', VS_OPTION_STRING, AT(output), "FILE", .help = "Where the part goes."},
    {"from", 0, VS_OPTION_STRING, AT(from), "TIME",
     .help = "Start at this time of the trace, with its unit (1.5s)."},
    {"to", 0, VS_OPTION_STRING, AT(to), "TIME", .help = "Stop before this time of the trace."},
    {"domain", 'd', VS_OPTION_LIST, AT(domains), "N", .help = "Keep this domain."},
    {"sbdf", 's', VS_OPTION_LIST, AT(sbdfs), "SBDF", .help = "Keep this device."},
    {"zstd", 0, VS_OPTION_U64, AT(zstd_level), "LEVEL",
     .help = "Compress blocks, 1 to 19; 0 only packs them.", .fallback = "3", .max = 19},
    {"force", 'f', VS_OPTION_FLAG, AT(force), .help = "Replace the output if it exists."},
    VS_OPTION_END,
};

/* Drop the devices and domains that the filter drops. */
static void narrow_meta(struct vs_trace_meta *meta, const struct vs_filter *filter)
{
    size_t kept = 0;
    for (size_t i = 0; i < meta->device_count; i++) {
        if (vs_filter_sbdf(filter, meta->devices[i].sbdf))
            meta->devices[kept++] = meta->devices[i];
        else
            free((void *)(uintptr_t)meta->devices[i].config);
    }
    meta->device_count = kept;
    kept = 0;
    for (size_t i = 0; i < meta->domain_count; i++) {
        if (vs_filter_domain(filter, meta->domains[i].id))
            meta->domains[kept++] = meta->domains[i];
    }
    meta->domain_count = kept;
}

/* " domain 1 domain 2", cut at a name when there are too many. */
static void add_names(char *list, size_t size, const char *what, const struct vs_strings *names)
{
    for (size_t i = 0; i < names->count; i++) {
        size_t length = strlen(list), needed = strlen(what) + strlen(names->items[i]) + 3;
        if (length + needed + 4 > size) {
            strcpy(list + length, " ...");
            return;
        }
        snprintf(list + length, size - length, " %s %s", what, names->items[i]);
    }
}

static int slice_meta(const struct slice_values *values, const struct vs_filter *filter,
                      const struct vs_trace_meta *from, struct vs_trace_meta *meta)
{
    int ret = vs_trace_meta_copy(meta, from);
    if (ret == 0 && (values->from || values->to))
        ret = vs_trace_meta_add_note(meta,
                                     "slice from %s to %s: device snapshots are those of the whole "
                                     "trace's start, not of the slice's",
                                     values->from ? values->from : "the start",
                                     values->to ? values->to : "the end");
    if (ret == 0 && (filter->sbdf_count || filter->domain_count)) {
        char list[400] = "";
        add_names(list, sizeof(list), "domain", &values->domains);
        add_names(list, sizeof(list), "device", &values->sbdfs);
        ret = vs_trace_meta_add_what_if(meta, "sliced to%s: the rest of the traffic was left out",
                                        list);
        narrow_meta(meta, filter);
    }
    return ret;
}

/* *synthetic: is any record of the part a generated one? */
static int copy_records(struct vs_reader *reader, const struct vs_filter *filter,
                        struct vs_writer *writer, bool *synthetic, struct vs_error *error)
{
    const struct vs_record *records = NULL;
    size_t count = 0;
    int ret = 0;
    if (filter->from_ns > 0 && vs_reader_seek(reader, filter->from_ns, NULL) == VS_ERR_INPUT)
        return vs_error_set(error, VS_ERR_INPUT, "the trace's index is damaged: see verify");
    while ((ret = vs_reader_next(reader, &records, &count, error)) > 0) {
        for (size_t i = 0; i < count; i++) {
            if (!vs_filter_match(filter, &records[i]))
                continue;
            *synthetic |= (records[i].flags & VS_FLAG_SYNTHETIC) != 0;
            ret = vs_writer_add(writer, &records[i], 1, error);
            if (ret < 0)
                return ret;
        }
        if (records[count - 1].time_ns >= filter->to_ns && filter->to_ns != UINT64_MAX)
            return 0;
    }
    return ret;
}

static int slice_run(const struct vs_command *command, void *raw, const struct vs_strings *operands,
                     struct vs_error *error)
{
    const struct slice_values *values = raw;
    struct vs_writer_options options = {.zstd_level = (int)values->zstd_level,
                                        .force = values->force};
    struct vs_reader *reader = NULL;
    struct vs_writer *writer = NULL;
    struct vs_filter filter = {0};
    struct vs_trace_meta meta;
    bool synthetic = false;
    (void)command;
    vs_trace_meta_init(&meta);
    if (!values->output)
        return vs_error_set(error, VS_ERR_USAGE, "slice needs --output FILE");
    int ret = vs_filter_parse(&values->domains, &values->sbdfs, NULL, NULL, values->from,
                              values->to, &filter, error);
    if (ret == 0)
        ret = vs_reader_open(operands->items[0], &reader, error);
    if (ret == 0 && slice_meta(values, &filter, vs_reader_meta(reader), &meta) < 0)
        ret = vs_error_set(error, VS_ERR_MEMORY, "out of memory");
    if (ret == 0)
        ret = vs_writer_open(values->output, &meta, &options, &writer, error);
    if (ret == 0)
        ret = copy_records(reader, &filter, writer, &synthetic, error);
    if (ret == 0) {
        /* Of a merged trace the part may hold captured records only. */
        if (strcmp(meta.source, "merge") == 0)
            meta.synthetic &= synthetic;
        ret = vs_writer_commit(writer, &meta, error);
        writer = NULL;
    }
    vs_writer_abort(writer);
    vs_reader_close(reader);
    vs_filter_free(&filter);
    vs_trace_meta_free(&meta);
    return ret;
}

static const char *const slice_examples[] = {
    "vpci-trace slice host.vpt -o second.vpt --from 1s --to 2s",
    "vpci-trace slice host.vpt -o nic.vpt --sbdf 0000:03:00.0",
    NULL,
};

const struct vs_command vs_cmd_slice = {
    .name = "slice",
    .summary = "Cut a part out of a trace by time, domain or device",
    .operands = "FILE",
    .operands_min = 1,
    .operands_max = 1,
    .options = slice_options,
    .values_size_bytes = sizeof(struct slice_values),
    .description =
        "Times stay as they are.  Records of lost records stay in, whatever device or domain is "
        "chosen: what was lost could have been theirs.  Leaving out devices or domains is a "
        "what-if, and the result says so.",
    .examples = slice_examples,
    .run = slice_run,
};
