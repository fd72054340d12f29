/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vpci-sim validate: published against simulated, a row each.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/options.h"
#include "commands.h"
#include "validate/validate.h"

struct values {
    bool json, summary;
};

static const struct vs_option options[] = {
    {"json", 0, VS_OPTION_FLAG, offsetof(struct values, json), NULL,
     "Print JSON: every row with its unit, role, tolerance and source.", NULL, NULL, 0, 0},
    {"summary", 0, VS_OPTION_FLAG, offsetof(struct values, summary), NULL,
     "Print a line per experiment in place of a line per row.", NULL, NULL, 0, 0},
    VS_OPTION_END,
};

static const char *const examples[] = {
    "vpci-sim validate",
    "vpci-sim validate --summary",
    "vpci-sim validate saturated readers/rwlock-192",
    "vpci-sim validate --json",
    NULL,
};

static const char description[] =
    "Runs experiments that others published on the profiles of the machines that they were made "
    "on, and queues whose answer is known in closed form, and prints the published value, the "
    "simulated one, its error and the tolerance, and the number of the row's source, which are "
    "listed "
    "below the table. ROW is a row's name or a group's, the part "
    "before the '/'. Without it every row runs; that takes some fifteen seconds.\n"
    "\n"
    "A prediction uses nothing of its own row. A row marked calibrate set a parameter of its "
    "machine's profile, or of the experiment. A row marked exact is mathematics. Exit status 1 "
    "says that a row is out of its tolerance, also where that is known and explained "
    "(sim/validate/VALIDATION.md).";

static void show_progress(void *context, size_t done, size_t total)
{
    (void)context;
    fprintf(stderr, "\rrow %zu of %zu", done + 1, total);
}

/* Four significant digits, without an exponent where that is readable. */
static const char *number(double value, char *buffer, size_t size_bytes)
{
    snprintf(buffer, size_bytes, value >= 10000 ? "%.0f" : "%.4g", value);
    return buffer;
}

/* Sources are named below the table, in the order in which rows first name them. */
static size_t source_number(const struct vs_validate_report *report, size_t row)
{
    size_t number = 0;
    for (size_t i = 0; i <= row; i++) {
        size_t first = 0;
        while (strcmp(report->rows[first].source, report->rows[i].source) != 0)
            first++;
        number += first == i;
        if (strcmp(report->rows[i].source, report->rows[row].source) == 0)
            return number;
    }
    return number;
}

static void print_row(const struct vs_validate_row *row, int width, size_t source)
{
    char published[32], simulated[32], error[32], tolerance[32];
    number(row->published, published, sizeof published);
    number(row->simulated, simulated, sizeof simulated);
    if (row->published > 0 || row->published < 0) {
        snprintf(error, sizeof error, "%+.1f %%", 100 * row->error);
        snprintf(tolerance, sizeof tolerance, "%.0f %%", 100 * row->tolerance);
    } else {
        snprintf(error, sizeof error, "%+.2g", row->error);
        snprintf(tolerance, sizeof tolerance, "%.2g", row->tolerance);
    }
    printf("%-*s %-20s %-10s %9s %9s %-2s %9s %7s  %-5s [%zu]\n", width, row->id, row->machine,
           vs_row_role_name(row->role), published, simulated, row->unit, error, tolerance,
           row->holds ? "holds" : "OUT", source);
}

static int id_width(const struct vs_validate_report *report)
{
    size_t width = strlen("row");
    for (size_t i = 0; i < report->count; i++)
        if (strlen(report->rows[i].id) > width)
            width = strlen(report->rows[i].id);
    return (int)width;
}

static void print_totals(const struct vs_validate_report *report)
{
    static const char *const words[VS_ROW_ROLE_COUNT] = {[VS_ROW_PREDICTION] = "predictions",
                                                         [VS_ROW_CALIBRATE] =
                                                             "that set a parameter",
                                                         [VS_ROW_EXACT] = "that are mathematics"};
    const struct vs_validate_group *total = &report->total;
    const char *before = ":";
    printf("\n%zu of %zu rows hold", report->count - report->out_count, report->count);
    for (int role = 0; role < VS_ROW_ROLE_COUNT; role++) {
        if (total->count[role] == 0)
            continue;
        printf("%s %zu of %zu %s", before, total->held[role], total->count[role], words[role]);
        before = ",";
    }
    printf(".\n");
}

static void print_report(const struct vs_validate_report *report)
{
    int width = id_width(report);
    printf("%-*s %-20s %-10s %9s %9s %-2s %9s %7s  %-5s %s\n", width, "row", "machine", "role",
           "published", "simulated", "", "error", "within", "", "source");
    for (size_t i = 0; i < report->count; i++)
        print_row(&report->rows[i], width, source_number(report, i));
    printf("\nSources:\n");
    for (size_t i = 0, last = 0; i < report->count; i++) {
        size_t source = source_number(report, i);
        if (source > last)
            printf("%5s%zu] %s\n", "[", last = source, report->rows[i].source);
    }
    print_totals(report);
}

static void print_summary(const struct vs_validate_report *report)
{
    printf("%-12s %-52s %10s %10s  %s\n", "experiment", "", "rows hold", "predicted",
           "furthest off");
    for (size_t i = 0; i < report->group_count; i++) {
        const struct vs_validate_group *group = &report->groups[i];
        char all[32], predicted[32] = "-", off[32];
        size_t count = 0, held = 0;
        for (int role = 0; role < VS_ROW_ROLE_COUNT; role++) {
            count += group->count[role];
            held += group->held[role];
        }
        snprintf(all, sizeof all, "%zu of %zu", held, count);
        if (group->count[VS_ROW_PREDICTION] > 0)
            snprintf(predicted, sizeof predicted, "%zu of %zu", group->held[VS_ROW_PREDICTION],
                     group->count[VS_ROW_PREDICTION]);
        if (group->worst->published > 0 || group->worst->published < 0)
            snprintf(off, sizeof off, "%+.1f %%", 100 * group->worst->error);
        else
            snprintf(off, sizeof off, "%+.2g", group->worst->error);
        printf("%-12s %-52s %10s %10s  %s %s\n", group->name, group->what, all, predicted, off,
               strchr(group->worst->id, '/') + 1);
    }
    print_totals(report);
}

static int run(const struct vs_command *command, void *values, const struct vs_strings *operands,
               struct vs_error *error)
{
    const struct values *chosen = values;
    struct vs_validate_report *report = NULL;
    bool bar = isatty(STDERR_FILENO) == 1;
    int ret = vs_validate_run(operands->items, operands->count, bar ? show_progress : NULL, NULL,
                              &report, error);

    (void)command;
    if (bar)
        fprintf(stderr, "\r%20s\r", "");
    if (ret < 0)
        return ret;
    if (chosen->json) {
        struct vs_json_out *out = vs_validate_json(report);

        ret = vs_json_print(out, stdout, error);
        vs_json_out_free(out);
    } else {
        (chosen->summary ? print_summary : print_report)(report);
    }
    if (ret == 0 && report->out_count > 0)
        ret = vs_error_set(error, VS_ERR_ANSWER, "%zu of %zu rows are out of their tolerance",
                           report->out_count, report->count);
    vs_validate_report_free(report);
    return ret;
}

const struct vs_command vs_cmd_validate = {
    .name = "validate",
    .summary = "Hold the simulator against published measurements and closed forms.",
    .operands = "[ROW...]",
    .operands_min = 0,
    .operands_max = 1000,
    .options = options,
    .values_size_bytes = sizeof(struct values),
    .description = description,
    .examples = examples,
    .run = run,
};
