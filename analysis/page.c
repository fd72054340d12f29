/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The page from top to bottom: question, limits, a section per scenario, provenance. */
#include "page.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/options.h"
#include "embedded.h"
#include "html.h"

static void add_list(struct vs_text *out, const struct vs_sentences *sentences, const char *class)
{
    vs_text_addf(out, "<ul class=\"%s\">\n", class);
    for (size_t i = 0; i < sentences->count; i++) {
        vs_html_element(out, "li", sentences->items[i]);
        vs_text_add(out, "\n");
    }
    vs_text_add(out, "</ul>\n");
}

static void add_head(const struct vs_report *report, struct vs_text *out)
{
    vs_text_add(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                     "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                     "<meta name=\"color-scheme\" content=\"light dark\">\n<title>");
    vs_html_text(out, report->options->title);
    vs_text_add(out, "</title>\n<style>\n");
    vs_text_add(out, vs_embedded("style.css"));
    vs_text_add(out, "</style>\n</head>\n<body>\n<header>\n");
    vs_html_element(out, "h1", report->options->title);
    vs_text_add(out, report->runs.run_count > 0
                         ? "\n<p class=\"question\">Given the config-space traffic that a host "
                           "really sees, which way of locking vPCI is safe, and what does each "
                           "safe way cost? Below, the same traffic is replayed in virtual time "
                           "under every policy.</p>\n</header>\n"
                         : "\n<p class=\"question\">Which way of locking vPCI is safe? Below is "
                           "what searches and tests of hypotheses found.</p>\n</header>\n");
}

static void add_contents(const struct vs_report *report, struct vs_text *out)
{
    vs_text_add(out, "<nav><ol>\n");
    for (size_t i = 0; i < report->section_count; i++) {
        struct vs_text heading = {0};

        vs_describe_heading(vs_runs_first(&report->runs, report->sections[i].scenario), &heading);
        vs_text_addf(out, "<li><a href=\"#s%zu\">", i + 1);
        vs_html_text(out, vs_text_or_empty(&heading));
        vs_text_add(out, report->sections[i].scenario->drawn
                             ? "</a></li>\n"
                             : "</a> <small>table only</small></li>\n");
        vs_text_free(&heading);
    }
    if (report->runs.run_count > 0)
        vs_text_add(out, "<li><a href=\"#load\">Load</a></li>\n"
                         "<li><a href=\"#assumptions\">What survives the assumptions</a></li>\n");
    vs_text_add(out, "<li><a href=\"#matrix\">Verdict matrix</a></li>\n"
                     "<li><a href=\"#hypotheses\">Hypotheses</a></li>\n"
                     "<li><a href=\"#provenance\">Provenance</a></li>\n</ol></nav>\n");
}

int vs_page_figure(const struct vs_report *report, const struct vs_figure *figure,
                   const char *prefix, struct vs_text *out, struct vs_error *error)
{
    char path[4096];
    int ret;

    if (figure->nothing) {
        vs_text_add(out, "<p class=\"nothing\"><b>");
        vs_html_text(out, figure->title);
        vs_text_add(out, ":</b> ");
        vs_html_text(out, figure->nothing);
        vs_text_add(out, "</p>\n");
        return 0;
    }
    vs_text_add(out, "<figure>\n");
    snprintf(path, sizeof(path), "%s/%s", report->options->directory, figure->svg_name);
    ret = vs_html_inline_svg(out, path, prefix, figure->title, error);
    vs_text_add(out, "\n<figcaption>");
    vs_html_text(out, figure->plot->reading);
    vs_text_add(out, "</figcaption>\n</figure>\n");
    return ret;
}

static int add_section(const struct vs_report *report, size_t index, struct vs_text *out,
                       struct vs_error *error)
{
    const struct vs_section *section = &report->sections[index];
    const struct vs_run_row *run = vs_runs_first(&report->runs, section->scenario);
    struct vs_text text = {0};
    char prefix[48];
    int ret = 0;

    vs_describe_heading(run, &text);
    vs_text_addf(out, "<section id=\"s%zu\">\n", index + 1);
    vs_html_element(out, "h2", vs_text_or_empty(&text));
    vs_text_free(&text);
    vs_describe_caption(&report->runs, section->scenario, NULL, &text);
    vs_text_add(out, "\n");
    vs_html_element(
        out, vs_runs_as_recorded(run) ? "p class=\"caption\"" : "p class=\"caption what-if\"",
        vs_text_or_empty(&text));
    vs_text_free(&text);
    vs_text_add(out, "\n<h3>What differs, and by how much</h3>\n");
    add_list(out, &section->findings, "findings");
    vs_page_comparison(report, section, out);
    for (size_t i = 0; i < section->figure_count && ret == 0; i++) {
        snprintf(prefix, sizeof(prefix), "s%zuf%zu-", index + 1, i + 1);
        ret = vs_page_figure(report, &section->figures[i], prefix, out, error);
    }
    vs_text_add(out, "<h3>Hazards and deadlocks</h3>\n");
    vs_page_hazards(report, section, out);
    vs_text_add(out, "<h3>Locks</h3>\n");
    vs_page_locks(section, out);
    vs_text_add(out, "</section>\n");
    return ret;
}

static int add_load(const struct vs_report *report, struct vs_text *out, struct vs_error *error)
{
    char prefix[32];
    int ret = 0;

    vs_text_add(out, "<section id=\"load\">\n<h2>Load</h2>\n");
    for (size_t i = 0; i < report->sweep_count && ret == 0; i++) {
        const struct vs_sweep *sweep = &report->runs.sweeps[i];

        /* Sweeps that are no sweeps say so once, not once each. */
        if (report->sweeps[i].nothing && report->sweep_count > 1)
            continue;
        snprintf(prefix, sizeof(prefix), "l%zu-", i + 1);
        vs_html_element(
            out, "h3",
            vs_runs_first(&report->runs, &report->runs.scenarios[sweep->first])->trace_name);
        vs_text_add(out, "\n");
        ret = vs_page_figure(report, &report->sweeps[i], prefix, out, error);
    }
    bool all_nothing = true;

    for (size_t i = 0; i < report->sweep_count; i++)
        all_nothing = all_nothing && report->sweeps[i].nothing != NULL;
    if (all_nothing && report->sweep_count > 1)
        vs_text_add(out, "<p class=\"nothing\"><b>p99 latency against load:</b> no trace was "
                         "replayed at two speeds or more with everything else equal "
                         "(vpci-sim replay --speed X).</p>\n");
    vs_text_add(out, "</section>\n");
    return ret;
}

int vs_page_render(const struct vs_report *report, struct vs_text *page, struct vs_error *error)
{
    size_t undrawn = 0;
    int ret = 0;

    for (size_t i = 0; i < report->section_count; i++)
        undrawn += !report->sections[i].scenario->drawn;
    add_head(report, page);
    vs_text_add(page, "<section>\n<h2>What this cannot tell you</h2>\n");
    add_list(page, &report->limits, "limits");
    vs_text_add(page, "</section>\n");
    add_contents(report, page);
    if (undrawn > 0)
        vs_text_addf(page,
                     "<p class=\"nothing\">Plots are drawn for the lowest and the highest load of "
                     "each trace on each machine; %zu more replay%s a table only. "
                     "<code>vpci-report --trace NAME --machine NAME</code> narrows the choice."
                     "</p>\n",
                     undrawn, undrawn == 1 ? " has" : "s have");
    for (size_t i = 0; i < report->section_count && ret == 0; i++)
        ret = add_section(report, i, page, error);
    if (ret == 0 && report->runs.run_count > 0)
        ret = add_load(report, page, error);
    if (ret == 0 && report->runs.run_count > 0)
        ret = vs_page_sensitivity(report, page, error);
    vs_page_matrix(&report->proof, page);
    vs_page_hypotheses(&report->proof, page);
    vs_text_add(page, "<section id=\"provenance\">\n<h2>Provenance</h2>\n");
    vs_page_provenance(report, page);
    vs_text_addf(page,
                 "</section>\n<footer>Made by vpci-report %s from %zu runs. Numbers behind the "
                 "plots: <code>data/*.tsv</code>; scripts: <code>plots/*.gp</code>.</footer>\n"
                 "</body>\n</html>\n",
                 VS_VERSION, report->runs.run_count);
    if (ret == 0 && page->failed)
        ret = vs_error_set(error, VS_ERR_MEMORY, "out of memory for the page");
    return ret;
}
