/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What every importer shares: the report it fills and the sink it feeds. */
#include "import.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------- report */

struct count {
    enum vs_import_group group;
    char *name;
    uint64_t amount;
};

struct vs_import_report {
    struct count *counts;
    size_t count, room;
    bool incomplete; /* an allocation failed */
};

static const char *const group_names[VS_IMPORT_GROUP_COUNT] = {
    [VS_IMPORT_SEEN] = "seen",         [VS_IMPORT_PRODUCED] = "produced",
    [VS_IMPORT_INFERRED] = "inferred", [VS_IMPORT_NOT_REBUILT] = "not-rebuilt",
    [VS_IMPORT_IGNORED] = "ignored",
};

const char *vs_import_group_name(enum vs_import_group group)
{
    return group_names[group];
}

struct vs_import_report *vs_import_report_new(void)
{
    return calloc(1, sizeof(struct vs_import_report));
}

void vs_import_report_free(struct vs_import_report *report)
{
    if (!report)
        return;
    for (size_t i = 0; i < report->count; i++)
        free(report->counts[i].name);
    free(report->counts);
    free(report);
}

static struct count *find(const struct vs_import_report *report, enum vs_import_group group,
                          const char *name)
{
    for (size_t i = 0; i < report->count; i++)
        if (report->counts[i].group == group && strcmp(report->counts[i].name, name) == 0)
            return &report->counts[i];
    return NULL;
}

void vs_import_count(struct vs_import_report *report, enum vs_import_group group, const char *name,
                     uint64_t amount)
{
    struct count *entry = find(report, group, name);
    char *copy;

    if (entry) {
        entry->amount += amount;
        return;
    }
    if (report->count == report->room) {
        size_t room = report->room ? report->room * 2 : 32;
        struct count *grown = reallocarray(report->counts, room, sizeof(*grown));

        if (!grown) {
            report->incomplete = true;
            return;
        }
        report->counts = grown;
        report->room = room;
    }
    copy = strdup(name);
    if (!copy) {
        report->incomplete = true;
        return;
    }
    report->counts[report->count++] =
        (struct count){.group = group, .name = copy, .amount = amount};
}

uint64_t vs_import_report_get(const struct vs_import_report *report, enum vs_import_group group,
                              const char *name)
{
    const struct count *entry = find(report, group, name);

    return entry ? entry->amount : 0;
}

void vs_import_report_each(const struct vs_import_report *report,
                           void (*visit)(void *context, enum vs_import_group group,
                                         const char *name, uint64_t amount),
                           void *context)
{
    for (int group = 0; group < VS_IMPORT_GROUP_COUNT; group++)
        for (size_t i = 0; i < report->count; i++)
            if ((int)report->counts[i].group == group)
                visit(context, report->counts[i].group, report->counts[i].name,
                      report->counts[i].amount);
}

struct printing {
    FILE *stream;
    enum vs_import_group group;
    bool any;
};

static void print_count(void *context, enum vs_import_group group, const char *name,
                        uint64_t amount)
{
    struct printing *printing = context;

    if (amount == 0)
        return;
    if (!printing->any || printing->group != group)
        fprintf(printing->stream, "%s:\n", vs_import_group_name(group));
    printing->any = true;
    printing->group = group;
    fprintf(printing->stream, "%12" PRIu64 "  %s\n", amount, name);
}

void vs_import_report_print(const struct vs_import_report *report, FILE *stream)
{
    struct printing printing = {.stream = stream};

    vs_import_report_each(report, print_count, &printing);
}

struct vs_json_out *vs_import_report_json(const struct vs_import_report *report)
{
    struct vs_json_out *out;

    if (report->incomplete)
        return NULL;
    out = vs_json_new_object();
    for (int group = 0; group < VS_IMPORT_GROUP_COUNT; group++) {
        struct vs_json_out *members = vs_json_new_object();

        for (size_t i = 0; i < report->count; i++)
            if ((int)report->counts[i].group == group)
                vs_json_add_u64(members, report->counts[i].name, report->counts[i].amount);
        vs_json_add(out, group_names[group], members);
    }
    return out;
}

/* --------------------------------------------------------------------- sink */

int vs_import_add(struct vs_import_sink *sink, const struct vs_record *records, size_t count,
                  struct vs_error *error)
{
    int ret = sink->take(sink->context, records, count, error);

    if (ret < 0)
        return ret;
    for (size_t i = 0; i < count; i++)
        if (records[i].kind < VS_KIND_COUNT)
            sink->produced[records[i].kind]++;
    return 0;
}
