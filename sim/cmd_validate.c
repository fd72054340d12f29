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
    bool json;
};

static const struct vs_option options[] = {
    {"json", 0, VS_OPTION_FLAG, offsetof(struct values, json), NULL,
     "Print JSON: every row with its unit, role, tolerance and source.", NULL, NULL, 0, 0},
    VS_OPTION_END,
};

static const char *const examples[] = {
    "vpci-sim validate",
    "vpci-sim validate saturated readers/rwlock-192",
    "vpci-sim validate --json",
    NULL,
};

static const char description[] =
    "Runs experiments that others published on the profiles of the machines that they were made "
    "on, and queues whose answer is known in closed form, and prints the published value, the "
    "simulated one, its error and the tolerance. ROW is a row's name or a group's, the part "
    "before the '/'. Without it every row runs; that takes some ten seconds.\n"
    "\n"
    "A prediction uses nothing of its own row. A row marked calibrate set a parameter of its "
    "machine's profile. A row marked exact is mathematics. Exit status 1 says that a row is out "
    "of its tolerance.";

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

static void print_row(const struct vs_validate_row *row)
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
    printf("%-26s %-13s %-10s %10s %10s %-2s %9s %7s  %s\n", row->id, row->machine,
           vs_row_role_name(row->role), published, simulated, row->unit, error, tolerance,
           row->holds ? "holds" : "OUT");
}

static void print_report(const struct vs_validate_report *report)
{
    size_t predictions = 0, predictions_out = 0;
    printf("%-26s %-13s %-10s %10s %10s %-2s %9s %7s\n", "row", "machine", "role", "published",
           "simulated", "", "error", "within");
    for (size_t i = 0; i < report->count; i++) {
        const struct vs_validate_row *row = &report->rows[i];
        print_row(row);
        predictions += row->role == VS_ROW_PREDICTION;
        predictions_out += row->role == VS_ROW_PREDICTION && !row->holds;
    }
    printf("\n%zu of %zu rows hold", report->count - report->out_count, report->count);
    if (predictions > 0)
        printf("; of %zu predictions %zu", predictions, predictions - predictions_out);
    printf(". Sources: vpci-sim validate --json\n");
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
        print_report(report);
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
