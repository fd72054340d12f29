/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Gathers the report: runs, tables, sentences, and the plots drawn. */
#include "report.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "manifest.h"
#include "page.h"
#include "query.h"
#include "words.h"

static int draw_figure(struct vs_query *query, const struct vs_report *report,
                       const struct vs_plot *plot, const struct vs_scenario *scenario,
                       const struct vs_sweep *sweep, void (*progress)(const char *name),
                       struct vs_figure *figure, struct vs_error *error)
{
    struct vs_text caption = {0};
    char name[256];
    int ret = VS_ERR_MEMORY;

    vs_describe_caption(&report->runs, scenario, sweep, &caption);
    if (caption.failed) {
        vs_error_set(error, VS_ERR_MEMORY, "out of memory");
    } else {
        snprintf(name, sizeof(name), "%s.%s", plot->name, sweep ? sweep->slug : scenario->slug);
        if (progress)
            progress(name);
        /* The page takes SVGs in, whatever is kept. */
        ret = vs_plots_draw(query, plot, report->options->directory,
                            sweep ? sweep->slug : scenario->slug, vs_text_or_empty(&caption),
                            report->options->pictures | VS_PICTURE_SVG, figure, error);
    }
    vs_text_free(&caption);
    return ret;
}

static int draw_section(struct vs_query *query, struct vs_report *report,
                        struct vs_section *section, void (*progress)(const char *name),
                        struct vs_error *error)
{
    size_t room = 0;
    int ret = 0;

    for (const struct vs_plot *plot = vs_plots; plot->name; plot++)
        room += !plot->sweep && !plot->assumed;
    section->figures = calloc(room, sizeof(*section->figures));
    if (!section->figures)
        return vs_error_set(error, VS_ERR_MEMORY, "out of memory");
    for (const struct vs_plot *plot = vs_plots; plot->name && ret == 0; plot++) {
        if (plot->sweep || plot->assumed)
            continue;
        ret = draw_figure(query, report, plot, section->scenario, NULL, progress,
                          &section->figures[section->figure_count], error);
        if (ret == 0)
            section->figure_count++;
    }
    return ret;
}

static int fill_section(struct vs_query *query, struct vs_report *report,
                        struct vs_section *section, void (*progress)(const char *name),
                        struct vs_error *error)
{
    const struct {
        const char *file, *name;
        struct vs_table **table;
    } wanted[] = {{"queries/hazards.sql", "hazards", &section->hazards},
                  {"queries/locks.sql", "spinlocks", &section->spinlocks},
                  {"queries/locks.sql", "others", &section->others},
                  {"queries/locks.sql", "blockers", &section->blockers}};
    int ret = vs_runs_show(query, &report->runs, section->scenario, error);

    for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted) && ret == 0; i++)
        ret = vs_query_table(query, wanted[i].file, wanted[i].name, wanted[i].table, error);
    if (ret == 0) {
        ret = vs_describe_findings(&report->runs, section->scenario, section->hazards,
                                   &section->findings);
        if (ret < 0)
            vs_error_set(error, VS_ERR_MEMORY, "out of memory for the findings");
    }
    if (ret == 0 && section->scenario->drawn)
        ret = draw_section(query, report, section, progress, error);
    return ret;
}

static int fill_sweeps(struct vs_query *query, struct vs_report *report,
                       void (*progress)(const char *name), struct vs_error *error)
{
    const struct vs_plot *plot = vs_plots;
    int ret = 0;

    while (!plot->sweep)
        plot++;
    report->sweeps = calloc(report->runs.sweep_count + 1, sizeof(*report->sweeps));
    if (!report->sweeps)
        return vs_error_set(error, VS_ERR_MEMORY, "out of memory");
    for (size_t i = 0; i < report->runs.sweep_count && ret == 0; i++) {
        const struct vs_sweep *sweep = &report->runs.sweeps[i];

        ret = vs_runs_show_sweep(query, &report->runs, sweep, error);
        if (ret == 0)
            ret = draw_figure(query, report, plot, &report->runs.scenarios[sweep->first], sweep,
                              progress, &report->sweeps[i], error);
        report->sweep_count += ret == 0;
    }
    return ret;
}

/* How far from what a host did: real captures as recorded first, then by modelling steps. */
static size_t distance(const struct vs_run_row *run)
{
    struct vs_sentences steps = {0};
    size_t far = vs_describe_array(run->what_if, &steps) < 0 ? SIZE_MAX / 4 : steps.count;

    vs_sentences_free(&steps);
    return 2 * far + (vs_runs_as_recorded(run) ? 0 : 1) + (run->synthetic ? 1 : 0);
}

/* Give each section its scenario.  Equals stay in the order of the runs. */
static void arrange(struct vs_report *report)
{
    const struct vs_runs *runs = &report->runs;

    for (size_t i = 0; i < runs->scenario_count; i++) {
        const struct vs_scenario *scenario = &runs->scenarios[i];
        size_t far = distance(vs_runs_first(runs, scenario)), at = i;

        for (; at > 0; at--) {
            const struct vs_scenario *before = report->sections[at - 1].scenario;

            if (distance(vs_runs_first(runs, before)) <= far)
                break;
            report->sections[at].scenario = before;
        }
        report->sections[at].scenario = scenario;
    }
}

static int fill(struct vs_query *query, struct vs_report *report,
                void (*progress)(const char *name), struct vs_error *error)
{
    const struct vs_report_options *options = report->options;
    int ret = vs_runs_load(query, options->trace, options->machine, &report->runs, error);

    if (ret == 0)
        ret = vs_plots_prepare(options->directory, error);
    if (ret < 0)
        return ret;
    report->sections = calloc(report->runs.scenario_count + 1, sizeof(*report->sections));
    if (!report->sections)
        return vs_error_set(error, VS_ERR_MEMORY, "out of memory");
    arrange(report);
    for (size_t i = 0; i < report->runs.scenario_count && ret == 0; i++) {
        report->section_count++;
        ret = fill_section(query, report, &report->sections[i], progress, error);
    }
    if (ret == 0)
        ret = fill_sweeps(query, report, progress, error);
    if (ret == 0)
        ret = vs_sensitivity_make(query, &report->runs, &report->sensitivities, error);
    if (ret == 0)
        ret = vs_assumed_draw(query, &report->sensitivities, options->directory, options->pictures,
                              progress, &report->assumed, error);
    if (ret == 0)
        ret = vs_proof_load(query, &report->proof, error);
    if (ret == 0 && vs_describe_limits(&report->runs, &report->limits) < 0)
        ret = vs_error_set(error, VS_ERR_MEMORY, "out of memory");
    return ret;
}

int vs_report_make(const struct vs_report_options *options, void (*progress)(const char *name),
                   struct vs_report *report, struct vs_error *error)
{
    struct vs_query *query = NULL;

    *report = (struct vs_report){.options = options};
    int ret = vs_query_open(options->database, &query, error);

    if (ret == 0)
        ret = vs_plots_check_gnuplot(error);
    if (ret == 0)
        ret = fill(query, report, progress, error);
    if (ret == 0)
        ret = vs_query_settle(query, error);
    vs_query_close(query);
    if (ret < 0)
        vs_report_free(report);
    return ret;
}

void vs_report_free(struct vs_report *report)
{
    for (size_t i = 0; i < report->section_count; i++) {
        struct vs_section *section = &report->sections[i];

        vs_table_free(section->hazards);
        vs_table_free(section->spinlocks);
        vs_table_free(section->others);
        vs_table_free(section->blockers);
        vs_sentences_free(&section->findings);
        for (size_t k = 0; k < section->figure_count; k++)
            vs_figure_free(&section->figures[k]);
        free(section->figures);
    }
    for (size_t i = 0; i < report->sweep_count; i++)
        vs_figure_free(&report->sweeps[i]);
    free(report->sections);
    free(report->sweeps);
    vs_sensitivities_free(&report->sensitivities);
    vs_assumed_free(&report->assumed);
    vs_proof_free(&report->proof);
    vs_sentences_free(&report->limits);
    vs_runs_free(&report->runs);
    *report = (struct vs_report){0};
}

/* ------------------------------------------------------------------------- page */

static int remove_svg(const struct vs_report *report, const struct vs_figure *figure,
                      struct vs_error *error)
{
    char path[4096];

    if (!figure->svg_name)
        return 0;
    snprintf(path, sizeof(path), "%s/%s", report->options->directory, figure->svg_name);
    if (unlink(path) == 0 || errno == ENOENT)
        return 0;
    return vs_error_set_at(error, VS_ERR_HOST, path, VS_NOWHERE, VS_NOWHERE,
                           "cannot be removed: %s", strerror(errno));
}

static int remove_svgs(const struct vs_report *report, struct vs_error *error)
{
    int ret = 0;

    for (size_t i = 0; i < report->section_count; i++) {
        for (size_t k = 0; k < report->sections[i].figure_count && ret == 0; k++)
            ret = remove_svg(report, &report->sections[i].figures[k], error);
    }
    for (size_t i = 0; i < report->sweep_count && ret == 0; i++)
        ret = remove_svg(report, &report->sweeps[i], error);
    for (size_t i = 0; i < report->assumed.count && ret == 0; i++)
        ret = remove_svg(report, &report->assumed.figures[i], error);
    return ret;
}

int vs_report_write_page(const struct vs_report *report, struct vs_error *error)
{
    char path[4096], temporary[4096 + 8];
    struct vs_text page = {0};
    int ret = vs_page_render(report, &page, error);

    snprintf(path, sizeof(path), "%s/index.html", report->options->directory);
    snprintf(temporary, sizeof(temporary), "%s.new", path);
    if (ret == 0) {
        FILE *stream = fopen(temporary, "w");
        bool written = stream && fputs(vs_text_or_empty(&page), stream) >= 0;

        if (stream && fclose(stream) != 0)
            written = false;
        if (!written || rename(temporary, path) != 0)
            ret = vs_error_set_at(error, VS_ERR_HOST, path, VS_NOWHERE, VS_NOWHERE,
                                  "cannot be written: %s", strerror(errno));
    }
    vs_text_free(&page);
    if (ret == 0 && !(report->options->pictures & VS_PICTURE_SVG))
        ret = remove_svgs(report, error);
    return ret == 0 ? vs_manifest_renew(report, error) : ret;
}
