/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The page's section "What survives the assumptions". */
#include "html.h"
#include "page.h"

#include <stdio.h>

/* "6" of the groups in which the row's policy is better than the column's. */
static void add_cell(const struct vs_sensitivity *sensitivity, enum vs_metric metric, size_t row,
                     size_t column, struct vs_text *out)
{
    const struct vs_pair *pair = NULL;
    char text[80];
    bool turned = false;

    for (size_t p = 0; p < sensitivity->pair_count[metric] && !pair; p++) {
        const struct vs_pair *candidate = &sensitivity->pairs[metric][p];

        turned = candidate->a == column && candidate->b == row;
        if (turned || (candidate->a == row && candidate->b == column))
            pair = candidate;
    }
    if (!pair) {
        vs_text_add(out, "<td class=\"n\"></td>");
        return;
    }
    size_t better = turned ? pair->worse : pair->better;
    size_t all = pair->better + pair->worse + pair->alike;

    snprintf(text, sizeof(text), "%zu of %zu", better, all);
    vs_html_element(out,
                    pair->stand == VS_STAND_FLIPS ? "td class=\"n flips\""
                    : better == all               ? "td class=\"n good\""
                    : better == 0                 ? "td class=\"n none\""
                                                  : "td class=\"n\"",
                    text);
}

static void add_matrix(const struct vs_sensitivity *sensitivity, enum vs_metric metric,
                       struct vs_text *out)
{
    vs_text_addf(
        out,
        "<div class=\"wide\"><table class=\"pairs\"><caption>By %s: in how many groups the "
        "row's policy is better than the column's</caption><thead><tr><th scope=\"col\">"
        "</th>",
        vs_metric_name(metric));
    for (size_t i = 0; i < sensitivity->contender_count; i++) {
        if (sensitivity->contenders[i].ranked)
            vs_html_element(out, "th scope=\"col\" class=\"n\"", sensitivity->contenders[i].name);
    }
    vs_text_add(out, "</tr></thead><tbody>\n");
    for (size_t row = 0; row < sensitivity->contender_count; row++) {
        if (!sensitivity->contenders[row].ranked)
            continue;
        vs_text_add(out, "<tr>");
        vs_html_element(out, "th scope=\"row\"", sensitivity->contenders[row].name);
        for (size_t column = 0; column < sensitivity->contender_count; column++) {
            if (sensitivity->contenders[column].ranked)
                add_cell(sensitivity, metric, row, column, out);
        }
        vs_text_add(out, "</tr>\n");
    }
    vs_text_add(out, "</tbody></table></div>\n");
}

static void add_one(const struct vs_sensitivity *sensitivity, struct vs_text *out)
{
    const struct vs_axes *axes = &sensitivity->axes;

    vs_html_element(out, "h3", vs_runs_first(axes->runs, vs_axes_scenario(axes, 0))->trace_name);
    vs_text_add(out, "\n<ul class=\"findings\">\n");
    for (size_t i = 0; i < sensitivity->says.count; i++) {
        vs_html_element(out, "li", sensitivity->says.items[i]);
        vs_text_add(out, "\n");
    }
    vs_text_add(out, "</ul>\n");
    for (int m = 0; m < VS_METRIC_COUNT; m++) {
        if (axes->scenario_count > 1 && sensitivity->pair_count[m] > 0)
            add_matrix(sensitivity, (enum vs_metric)m, out);
    }
}

int vs_page_sensitivity(const struct vs_report *report, struct vs_text *out, struct vs_error *error)
{
    char prefix[32];
    int ret = 0;

    vs_text_add(out, "<section id=\"assumptions\">\n<h2>What survives the assumptions</h2>\n");
    for (size_t i = 0; i < report->sensitivities.count; i++)
        add_one(&report->sensitivities.items[i], out);
    for (size_t i = 0; i < report->assumed.count && ret == 0; i++) {
        snprintf(prefix, sizeof(prefix), "a%zu-", i + 1);
        ret = vs_page_figure(report, &report->assumed.figures[i], prefix, out, error);
    }
    if (report->assumed.left_out > 0)
        vs_text_addf(
            out,
            "<p class=\"nothing\">%zu more picture%s of this kind would be too many to look "
            "at; <code>vpci-report --trace NAME --machine NAME</code> narrows the choice."
            "</p>\n",
            report->assumed.left_out, report->assumed.left_out == 1 ? "" : "s");
    vs_text_add(out, "</section>\n");
    return ret;
}
