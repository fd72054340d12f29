/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vpci-report: plots and one HTML page from the database that vpci-sim fills. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/options.h"
#include "report.h"

enum format { FORMAT_SVG, FORMAT_PNG, FORMAT_BOTH };

static const char *const format_names[] = {"svg", "png", "both", NULL};
static const unsigned format_pictures[] = {VS_PICTURE_SVG, VS_PICTURE_PNG,
                                           VS_PICTURE_SVG | VS_PICTURE_PNG};

struct values {
    const char *output, *title, *trace, *machine;
    int format;
    bool json, progress;
};

static const struct vs_option options[] = {
    {.name = "output",
     .letter = 'o',
     .type = VS_OPTION_STRING,
     .offset = offsetof(struct values, output),
     .argument = "DIR",
     .help = "Write the report into this directory, made if needed; pictures of an earlier "
             "report in it are replaced or removed."},
    {.name = "title",
     .type = VS_OPTION_STRING,
     .offset = offsetof(struct values, title),
     .argument = "TEXT",
     .fallback = "Locking policies for vPCI, compared",
     .help = "Title of the page."},
    {.name = "trace",
     .type = VS_OPTION_STRING,
     .offset = offsetof(struct values, trace),
     .argument = "NAME",
     .help = "Only replays of the trace with this name, as the database has it."},
    {.name = "machine",
     .type = VS_OPTION_STRING,
     .offset = offsetof(struct values, machine),
     .argument = "NAME",
     .help = "Only replays on this machine profile."},
    {.name = "format",
     .type = VS_OPTION_CHOICE,
     .offset = offsetof(struct values, format),
     .argument = "FORMAT",
     .choices = format_names,
     .fallback = "both",
     .help = "Picture files to keep in DIR; the page carries its own either way."},
    {.name = "json",
     .type = VS_OPTION_FLAG,
     .offset = offsetof(struct values, json),
     .help = "Print what the report says as JSON on standard output."},
    {.name = "progress",
     .type = VS_OPTION_FLAG,
     .offset = offsetof(struct values, progress),
     .help = "Name each plot on standard error before it is drawn, also without a terminal."},
    VS_OPTION_END,
};

static const char *const examples[] = {
    "vpci-report results.db -o report/",
    "vpci-report results.db -o report/ --trace host.vpt --format svg",
    NULL,
};

static void show_progress(const char *name)
{
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r\033[Kdrawing %.100s", name);
    else
        fprintf(stderr, "drawing %s\n", name);
}

/* gnuplot's own words, if any; the plots were drawn nevertheless. */
static void show_warnings(const struct vs_figure *figure)
{
    if (figure->warnings)
        fprintf(stderr, "vpci-report: gnuplot on %s says: %s\n", figure->plot->name,
                figure->warnings);
}

static void print_figure(const struct vs_figure *figure)
{
    const char *svg = figure->svg_name, *png = figure->png_name;

    show_warnings(figure);
    if (figure->nothing)
        printf("  %-13s not drawn: %s\n", figure->plot->name, figure->nothing);
    else
        printf("  %-13s %s%s%s\n", figure->plot->name, svg ? svg : "", svg && png ? ", " : "",
               png ? png : "");
}

/* Most traces have one speed: that is said once, and only when no sweep was drawn. */
static void print_sweeps(const struct vs_report *report)
{
    size_t drawn = 0;

    printf("against load\n");
    for (size_t i = 0; i < report->sweep_count; i++) {
        if (report->sweeps[i].nothing)
            continue;
        print_figure(&report->sweeps[i]);
        drawn++;
    }
    if (drawn == 0 && report->sweep_count > 0)
        print_figure(&report->sweeps[0]);
}

static void print_assumed(const struct vs_report *report)
{
    printf("what survives the assumptions\n");
    for (size_t i = 0; i < report->sensitivities.count; i++) {
        const struct vs_sensitivity *item = &report->sensitivities.items[i];

        printf("  %s\n",
               vs_runs_first(&report->runs, vs_axes_scenario(&item->axes, 0))->trace_name);
        for (size_t k = 0; k < item->says.count; k++)
            printf("  - %s\n", item->says.items[k]);
    }
    for (size_t i = 0; i < report->assumed.count; i++)
        print_figure(&report->assumed.figures[i]);
    if (report->assumed.left_out > 0)
        printf("  %zu more of this kind not drawn: too many to look at\n",
               report->assumed.left_out);
}

static void print_report(const struct vs_report *report)
{
    for (size_t i = 0; i < report->section_count; i++) {
        const struct vs_section *section = &report->sections[i];
        struct vs_text heading = {0};

        vs_describe_heading(vs_runs_first(&report->runs, section->scenario), &heading);
        printf("%s\n", vs_text_or_empty(&heading));
        vs_text_free(&heading);
        for (size_t k = 0; k < section->findings.count; k++)
            printf("  - %s\n", section->findings.items[k]);
        for (size_t k = 0; k < section->figure_count; k++)
            print_figure(&section->figures[k]);
        if (!section->scenario->drawn)
            printf("  no plots of its own; its table is in the page\n");
    }
    if (report->runs.run_count > 0) {
        print_sweeps(report);
        print_assumed(report);
    } else {
        printf("nothing was replayed into the database: the page has what was searched (%zu "
               "verdicts on scenarios) and tested (%zu hypotheses)\n",
               report->proof.matrix->row_count, report->proof.hypotheses->row_count);
    }
    printf("page: %s/index.html\n", report->options->directory);
}

static int run(const struct vs_command *command, void *raw, const struct vs_strings *operands,
               struct vs_error *error)
{
    const struct values *values = raw;
    struct vs_report report = {0};
    int ret = VS_ERR_USAGE;

    (void)command;
    if (!values->output)
        return vs_error_set(error, VS_ERR_USAGE, "no directory to write to; give -o DIR");
    const struct vs_report_options wanted = {.database = operands->items[0],
                                             .directory = values->output,
                                             .title = values->title,
                                             .trace = values->trace,
                                             .machine = values->machine,
                                             .pictures = format_pictures[values->format]};
    bool terminal = isatty(STDERR_FILENO);

    ret = vs_report_make(&wanted, values->progress || terminal ? show_progress : NULL, &report,
                         error);
    if (terminal)
        fprintf(stderr, "\r\033[K");
    if (ret == 0)
        ret = vs_report_write_page(&report, error);
    if (ret == 0 && values->json) {
        struct vs_json_out *json = vs_report_json(&report);

        ret = vs_json_print(json, stdout, error);
        vs_json_out_free(json);
    } else if (ret == 0) {
        print_report(&report);
    }
    vs_report_free(&report);
    return ret;
}

static const struct vs_command command_report = {
    .name = NULL,
    .summary = "Draw plots and write one HTML page from a database of replays.",
    .operands = "DATABASE",
    .operands_min = 1,
    .operands_max = 1,
    .options = options,
    .values_size_bytes = sizeof(struct values),
    .description =
        "Reads the database that vpci-sim replay, sweep and saturate fill, and changes nothing in "
        "it. Runs "
        "that differ in nothing but the policy are compared with each other, replicas of a run by "
        "their median and range; for each trace on "
        "each machine the lowest and the highest load are drawn, and every other load gets its "
        "table.\n\n"
        "Where speeds, clones, machines or costs were varied (vpci-sim sweep), it says which "
        "conclusions hold in every group of runs and at which value the others turn over.\n\n"
        "What vpci-sim check and hypotheses stored stands in the page as well, and alone when "
        "nothing was replayed.\n\n"
        "DIR/index.html is one page that needs no network and no other file. Beside it lie the "
        "pictures, the numbers behind them (DIR/data) and the gnuplot scripts (DIR/plots): edit "
        "a script and run gnuplot plots/NAME.gp in DIR to draw it again.\n\n"
        "gnuplot 5.2 or later must be installed (Debian: gnuplot-nox).",
    .examples = examples,
    .run = run,
};

static const struct vs_command *const commands[] = {&command_report, NULL};

static const char *const description[] = {
    "vpci-report answers, for the traffic that was replayed, which way of locking vPCI is safe "
    "and what each safe way costs.",
    NULL,
};

static const struct vs_program_info program = {
    .name = "vpci-report",
    .summary = "plots and a report from the results of vpci-sim",
    .description = description,
    .commands = commands,
};

int main(int argc, char **argv)
{
    return vs_program_main(&program, argc, argv);
}
