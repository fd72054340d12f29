/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vpci-trace merge: several traces as domains of one host, or as hosts beside each other. */
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "merge.h"

struct merge_values {
    const char *output;
    struct vs_strings offsets;
    int as;
    uint64_t zstd_level;
    bool force;
};

static const char *const as_names[] = {
    [VS_MERGE_DOMAINS] = "domains", [VS_MERGE_HOSTS] = "hosts", NULL};

#define AT(member) .offset = offsetof(struct merge_values, member)

static const struct vs_option merge_options[] = {
    {"output", 'o', VS_OPTION_STRING, AT(output), "FILE", .help = "Where the merged trace goes."},
    {"offset", 0, VS_OPTION_LIST, AT(offsets), "TIME",
     .help = "When an input's first record comes, with its unit (20ms): the first --offset for "
             "the first input, and so on.  Inputs without one start at 0."},
    {"as", 0, VS_OPTION_CHOICE, AT(as), "WHAT",
     .help = "What the inputs become.  Of domains of one host, only the first input's hardware "
             "domain stays one.",
     .fallback = "domains", .choices = as_names},
    {"zstd", 0, VS_OPTION_U64, AT(zstd_level), "LEVEL",
     .help = "Compress blocks, 1 to 19; 0 only packs them.", .fallback = "3", .max = 19},
    {"force", 'f', VS_OPTION_FLAG, AT(force), .help = "Replace the output if it exists."},
    VS_OPTION_END,
};

static int merge_run(const struct vs_command *command, void *raw, const struct vs_strings *operands,
                     struct vs_error *error)
{
    const struct merge_values *values = raw;
    struct vs_writer_options options = {.zstd_level = (int)values->zstd_level,
                                        .force = values->force};
    (void)command;
    if (!values->output)
        return vs_error_set(error, VS_ERR_USAGE, "merge needs --output FILE");
    if (values->offsets.count > operands->count)
        return vs_error_set(error, VS_ERR_USAGE, "there are %zu --offset for %zu inputs",
                            values->offsets.count, operands->count);
    for (size_t i = 0; i < operands->count; i++) {
        if (strcmp(operands->items[i], "-") == 0)
            return vs_error_set(error, VS_ERR_USAGE,
                                "merge reads each input twice, which standard input cannot be: "
                                "put it into a file first");
    }
    vs_ns *offsets_ns = calloc(operands->count, sizeof(*offsets_ns));
    if (!offsets_ns)
        return vs_error_set(error, VS_ERR_MEMORY, "out of memory");
    int ret = 0;
    for (size_t i = 0; i < values->offsets.count && ret == 0; i++) {
        if (vs_parse_duration(values->offsets.items[i], &offsets_ns[i]) < 0)
            ret = vs_error_set(error, VS_ERR_USAGE,
                               "--offset: expected a time with its unit (20ms), found \"%s\"",
                               values->offsets.items[i]);
    }
    if (ret == 0)
        ret = vs_merge(operands->items, offsets_ns, operands->count, (enum vs_merge_as)values->as,
                       values->output, &options, error);
    free(offsets_ns);
    return ret;
}

static const char *const merge_examples[] = {
    "vpci-trace merge guest-a.vpt guest-d.vpt -o two-guests.vpt",
    "vpci-trace merge a.vpt b.vpt -o ab.vpt --offset 0s --offset 250ms --as hosts",
    NULL,
};

const struct vs_command vs_cmd_merge = {
    .name = "merge",
    .summary = "Lay several traces side by side",
    .operands = "FILE...",
    .operands_min = 1,
    .operands_max = SIZE_MAX,
    .options = merge_options,
    .values_size_bytes = sizeof(struct merge_values),
    .description =
        "Each input's first record is moved to its offset, then records are merged by time; of "
        "equal times the earlier input's comes first.  Domain ids, PCI segments and pCPU numbers "
        "that an earlier input uses are renumbered, in records and in the metadata.  The captures "
        "did not run together: the result is a what-if and says so.",
    .examples = merge_examples,
    .run = merge_run,
};
