/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vpci-trace verify: every checksum, every record, the index against the blocks. */
#include <inttypes.h>
#include <stdio.h>

#include "cmd.h"
#include "trace.h"

struct verify_values {
    bool complete;
    bool quiet;
};

static const struct vs_option verify_options[] = {
    {"complete", 0, VS_OPTION_FLAG, offsetof(struct verify_values, complete),
     .help = "Exit with status 1 when a trace has no closing index (its writer was killed)."},
    {"quiet", 'q', VS_OPTION_FLAG, offsetof(struct verify_values, quiet),
     .help = "Print nothing for traces that are good."},
    VS_OPTION_END,
};

static int verify_file(const char *path, const struct verify_values *values, bool *incomplete,
                       struct vs_error *error)
{
    struct vs_reader *reader = NULL;
    const struct vs_record *records = NULL;
    size_t count = 0;
    int ret = vs_reader_open(path, &reader, error);
    /* The reader checks all that the format states on the way. */
    while (ret >= 0 && (ret = vs_reader_next(reader, &records, &count, error)) > 0)
        continue;
    if (ret == 0) {
        struct vs_trace_totals totals = vs_reader_totals(reader);
        *incomplete |= !totals.complete;
        if (!values->quiet)
            printf("%s: good, %s: %" PRIu64 " records in %" PRIu64 " block%s, %" PRIu64 " lost\n",
                   path,
                   totals.complete ? "complete"
                                   : "but incomplete (no closing index: the writer "
                                     "was stopped; whole blocks are counted)",
                   totals.records, totals.blocks, totals.blocks == 1 ? "" : "s",
                   totals.lost_records);
    }
    vs_reader_close(reader);
    return ret;
}

static void print_error(const struct vs_error *error)
{
    char text[VS_ERROR_SOURCE_MAX + VS_ERROR_TEXT_MAX + 32];
    fprintf(stderr, "vpci-trace: %s\n", vs_error_describe(error, text, sizeof(text)));
}

/* Every file is checked, whatever is wrong with one.  The worst error is the command's, and
 * printed with its end; the others are printed here. */
static int verify_run(const struct vs_command *command, void *raw,
                      const struct vs_strings *operands, struct vs_error *error)
{
    const struct verify_values *values = raw;
    bool incomplete = false;
    int worst = 0;
    (void)command;
    for (size_t i = 0; i < operands->count; i++) {
        struct vs_error found = VS_ERROR_INIT;
        int ret = verify_file(operands->items[i], values, &incomplete, &found);
        if (ret == 0)
            continue;
        if (worst != 0)
            print_error(vs_exit_status(ret) > vs_exit_status(worst) ? error : &found);
        if (worst == 0 || vs_exit_status(ret) > vs_exit_status(worst)) {
            *error = found;
            worst = ret;
        }
    }
    if (worst == 0 && incomplete && values->complete)
        worst = vs_error_set(error, VS_ERR_ANSWER, "not every trace is complete");
    return worst;
}

static const char *const verify_examples[] = {
    "vpci-trace verify host.vpt",
    "vpci-trace verify --complete *.vpt",
    NULL,
};

const struct vs_command vs_cmd_verify = {
    .name = "verify",
    .summary = "Check every checksum and record of traces",
    .operands = "FILE...",
    .operands_min = 1,
    .operands_max = SIZE_MAX,
    .options = verify_options,
    .values_size_bytes = sizeof(struct verify_values),
    .description =
        "Checks every checksum, that each record is a valid one, that time never goes back, "
        "and that index and totals agree with the blocks.  Of each file the first damage "
        "is named with its byte; the exit status is that of the worst file: 3 for damage, 4 for "
        "one that cannot be read.  A trace whose writer was killed is good up to its "
        "last whole block and said to be incomplete.",
    .examples = verify_examples,
    .run = verify_run,
};
