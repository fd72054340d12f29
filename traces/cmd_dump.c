/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vpci-trace dump: the records as text, CSV or JSON lines. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmd.h"
#include "filter.h"
#include "text.h"
#include "trace.h"

struct dump_values {
    int format;
    struct vs_strings domains, sbdfs, regs, kinds;
    const char *from, *to;
    uint64_t limit;
};

static const char *const formats[] = {"text", "csv", "jsonl", NULL};

#define AT(member) offsetof(struct dump_values, member)

static const struct vs_option dump_options[] = {
    {"format", 0, VS_OPTION_CHOICE, AT(format), "FORM", "How records are printed.",
     .fallback = "text", .choices = formats},
    {"domain", 'd', VS_OPTION_LIST, AT(domains), "N", .help = "Only records of this domain."},
    {"sbdf", 's', VS_OPTION_LIST, AT(sbdfs), "SBDF", .help = "Only records of this device."},
    {"reg", 'r', VS_OPTION_LIST, AT(regs), "N|A-B",
     .help = "Only accesses that touch these registers (bytes)."},
    {"kind", 'k', VS_OPTION_LIST, AT(kinds), "KIND",
     .help = "Only records of this kind (cfg-write)."},
    {"from", 0, VS_OPTION_STRING, AT(from), "TIME",
     .help = "Start at this time of the trace, with its unit (1.5s)."},
    {"to", 0, VS_OPTION_STRING, AT(to), "TIME", .help = "Stop before this time of the trace."},
    {"limit", 'n', VS_OPTION_U64, AT(limit), "N", "Stop after N records; 0 is no limit.",
     .fallback = "0"},
    VS_OPTION_END,
};

/* Returns 1 when the dump is complete, 0 to go on, or an error. */
static int dump_block(const struct dump_values *values, const struct vs_filter *filter,
                      const struct vs_record *records, size_t count, uint64_t *printed,
                      struct vs_error *error)
{
    for (size_t i = 0; i < count; i++) {
        char line[VS_RECORD_TEXT];
        if (records[i].time_ns >= filter->to_ns && filter->to_ns != UINT64_MAX)
            return 1;
        if (!vs_filter_match(filter, &records[i]))
            continue;
        size_t length = vs_record_text(&records[i], (enum vs_text_form)values->format, line);
        if (fwrite(line, 1, length, stdout) != length)
            return vs_error_set(error, VS_ERR_HOST, "cannot write to standard output: %s",
                                strerror(errno));
        if (++*printed == values->limit)
            return 1;
    }
    return 0;
}

static int dump_reader(const struct dump_values *values, const struct vs_filter *filter,
                       struct vs_reader *reader, struct vs_error *error)
{
    const struct vs_record *records = NULL;
    size_t count = 0;
    uint64_t printed = 0;
    int ret = 0;
    /* A pipe cannot seek, and need not: the filter skips what comes before. */
    if (filter->from_ns > 0 && vs_reader_seek(reader, filter->from_ns, NULL) == VS_ERR_INPUT)
        return vs_error_set(error, VS_ERR_INPUT, "the trace's index is damaged: see verify");
    if (fputs(vs_text_header((enum vs_text_form)values->format), stdout) == EOF)
        return vs_error_set(error, VS_ERR_HOST, "cannot write to standard output: %s",
                            strerror(errno));
    while ((ret = vs_reader_next(reader, &records, &count, error)) > 0) {
        ret = dump_block(values, filter, records, count, &printed, error);
        if (ret != 0)
            break;
    }
    return ret < 0 ? ret : 0;
}

static int dump_run(const struct vs_command *command, void *raw, const struct vs_strings *operands,
                    struct vs_error *error)
{
    const struct dump_values *values = raw;
    struct vs_reader *reader = NULL;
    struct vs_filter filter;
    (void)command;
    int ret = vs_filter_parse(&values->domains, &values->sbdfs, &values->regs, &values->kinds,
                              values->from, values->to, &filter, error);
    if (ret == 0)
        ret = vs_reader_open(operands->items[0], &reader, error);
    if (ret == 0)
        ret = dump_reader(values, &filter, reader, error);
    vs_reader_close(reader);
    vs_filter_free(&filter);
    return ret;
}

static const char *const dump_examples[] = {
    "vpci-trace dump host.vpt --limit 20",
    "vpci-trace dump host.vpt --kind cfg-write --reg 0x04-0x05",
    "vpci-trace dump host.vpt --format csv > host.csv",
    NULL,
};

const struct vs_command vs_cmd_dump = {
    .name = "dump",
    .summary = "Print records as text, CSV or JSON lines",
    .operands = "FILE",
    .operands_min = 1,
    .operands_max = 1,
    .options = dump_options,
    .values_size_bytes = sizeof(struct dump_values),
    .description =
        "Prints one line per record.  CSV and JSON lines read back with `vpci-trace import` "
        "to equal records.  In text, a line says: time in seconds, pCPU, domain, vCPU, device, "
        "kind, register.size = value, measured duration, flags.",
    .examples = dump_examples,
    .run = dump_run,
};
