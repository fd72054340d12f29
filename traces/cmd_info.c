/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vpci-trace info: what a trace is, what it may claim, and where its traffic went. */
#include <stdio.h>
#include <stdlib.h>

#include "cmd.h"
#include "summary.h"

struct info_values {
    bool json;
};

static const struct vs_option info_options[] = {
    {"json", 0, VS_OPTION_FLAG, offsetof(struct info_values, json),
     .help = "Print JSON: one object per file, in an array."},
    VS_OPTION_END,
};

static int count_file(const char *path, struct vs_reader **reader, struct vs_summary *summary,
                      struct vs_error *error)
{
    const struct vs_record *records = NULL;
    size_t count = 0;
    int ret = vs_reader_open(path, reader, error);
    if (ret < 0)
        return ret;
    ret = vs_summary_init(summary, vs_reader_meta(*reader));
    while (ret >= 0 && (ret = vs_reader_next(*reader, &records, &count, error)) > 0)
        ret = vs_summary_add(summary, records, count);
    if (ret == VS_ERR_MEMORY)
        vs_error_set(error, VS_ERR_MEMORY, "out of memory");
    vs_summary_finish(summary);
    return ret;
}

static int info_file(const char *path, struct vs_json_out *list, struct vs_error *error)
{
    struct vs_reader *reader = NULL;
    struct vs_summary *summary = calloc(1, sizeof(*summary));
    if (!summary)
        return vs_error_set(error, VS_ERR_MEMORY, "out of memory");
    int ret = count_file(path, &reader, summary, error);
    if (ret == 0) {
        struct vs_summary_source source = {path, vs_reader_meta(reader), vs_reader_totals(reader)};
        if (list)
            vs_json_add(list, NULL, vs_summary_json(summary, &source));
        else
            ret = vs_summary_print(summary, &source, stdout, error);
    }
    vs_reader_close(reader);
    vs_summary_free(summary);
    free(summary);
    return ret;
}

static int info_run(const struct vs_command *command, void *raw, const struct vs_strings *operands,
                    struct vs_error *error)
{
    const struct info_values *values = raw;
    struct vs_json_out *list = values->json ? vs_json_new_array() : NULL;
    int ret = 0;
    (void)command;
    for (size_t i = 0; i < operands->count && ret == 0; i++) {
        if (i > 0 && !values->json)
            fputc('\n', stdout);
        ret = info_file(operands->items[i], list, error);
    }
    if (ret == 0 && values->json)
        ret = vs_json_print(list, stdout, error);
    vs_json_out_free(list);
    return ret;
}

static const char *const info_examples[] = {
    "vpci-trace info host.vpt",
    "vpci-trace info --json host.vpt | jq '.[0].kinds'",
    NULL,
};

const struct vs_command vs_cmd_info = {
    .name = "info",
    .summary = "Say what a trace holds and what it may claim",
    .operands = "FILE...",
    .operands_min = 1,
    .operands_max = SIZE_MAX,
    .options = info_options,
    .values_size_bytes = sizeof(struct info_values),
    .description =
        "Reads each trace once and prints its source, clock and caveats, then counts: accesses "
        "over time, kinds, domains, devices, registers by their place in configuration space, "
        "flags (what was inferred, injected or synthetic), and the importer's own report.",
    .examples = info_examples,
    .run = info_run,
};
