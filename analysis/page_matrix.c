/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The section of verdicts: policy against scenario, pairs and triples, schedules. */
#include <string.h>

#include "html.h"
#include "proof.h"

/* What every verdict is a verdict about. */
static void add_remark(const struct vs_proof *proof, struct vs_text *out)
{
    const char *commit = vs_table_text(proof->matrix, 0, "model_of");

    vs_text_add(out, "in this model of commit ");
    vs_html_text(out, commit[0] ? commit : vs_table_text(proof->checks, 0, "model_of"));
    vs_text_add(out, ": a claim about a model until a Xen developer confirms it");
}

/* Row of the matrix for a policy and a scenario, or SIZE_MAX. */
static size_t find(const struct vs_proof *proof, size_t policy, size_t scenario)
{
    const char *name = vs_table_text(proof->policies, policy, "policy");
    const char *rank = vs_table_text(proof->policies, policy, "policy_rank");
    const char *wanted = vs_table_text(proof->scenarios, scenario, "scenario");

    for (size_t i = 0; i < proof->matrix->row_count; i++)
        if (strcmp(vs_table_text(proof->matrix, i, "scenario"), wanted) == 0 &&
            strcmp(vs_table_text(proof->matrix, i, "policy"), name) == 0 &&
            strcmp(vs_table_text(proof->matrix, i, "policy_rank"), rank) == 0)
            return i;
    return SIZE_MAX;
}

/* An address on the page, of letters and digits alone. */
static void add_anchor(size_t policy, size_t scenario, struct vs_text *out)
{
    vs_text_addf(out, "v%zu-%zu", scenario, policy);
}

static void add_mark(const struct vs_proof *proof, size_t policy, size_t scenario,
                     struct vs_text *out)
{
    size_t row = find(proof, policy, scenario);
    const char *verdict = vs_table_text(proof->matrix, row, "verdict");

    if (row == SIZE_MAX) {
        vs_text_add(out, "<td></td>");
    } else if (strcmp(verdict, "violated") == 0) {
        vs_text_add(out, "<td class=\"bad\"><a href=\"#");
        add_anchor(policy, scenario, out);
        vs_text_add(out, "\" title=\"");
        vs_html_text(out, vs_table_text(proof->matrix, row, "violation"));
        vs_text_add(out, "\">✗</a></td>");
    } else if (strcmp(verdict, "holds") == 0) {
        vs_text_add(out, "<td class=\"good\">✓</td>");
    } else {
        vs_html_element(out, "td", strcmp(verdict, "unknown") == 0 ? "?" : "–");
    }
}

static void add_matrix(const struct vs_proof *proof, struct vs_text *out)
{
    vs_text_add(out, "<div class=\"wide\"><table class=\"matrix\"><thead><tr>"
                     "<th scope=\"col\">scenario</th>");
    for (size_t p = 0; p < proof->policies->row_count; p++) {
        vs_text_add(out, "<th scope=\"col\" class=\"upright\"><span>");
        vs_html_text(out, vs_table_text(proof->policies, p, "name"));
        vs_text_add(out, "</span></th>");
    }
    vs_text_add(out, "</tr></thead><tbody>\n");
    for (size_t s = 0; s < proof->scenarios->row_count; s++) {
        vs_text_addf(out, "<tr><th scope=\"row\"><a href=\"#scenario%zu\">", s);
        vs_html_text(out, vs_table_text(proof->scenarios, s, "scenario"));
        vs_text_add(out, "</a> <small>");
        vs_html_text(out, vs_table_text(proof->scenarios, s, "title"));
        vs_text_add(out, "</small></th>");
        for (size_t p = 0; p < proof->policies->row_count; p++)
            add_mark(proof, p, s, out);
        vs_text_add(out, "</tr>\n");
    }
    vs_text_add(out, "</tbody></table></div>\n<p class=\"caption\">✗ the scenario’s violation is "
                     "reached: follow it to the shortest schedule; ✓ not within the bounds; – not "
                     "modelled; ? the search stopped at its limit. Every verdict is one ");
    add_remark(proof, out);
    vs_text_add(out, ".</p>\n");
}

/* Upstream's policies, and those made from it, are what Xen developers are asked about. */
static void add_upstream_remark(const struct vs_proof *proof, const char *policy,
                                struct vs_text *out)
{
    if (strncmp(policy, "pci-lock", 8) != 0)
        return;
    vs_text_add(out, " <small>");
    add_remark(proof, out);
    vs_text_add(out, "</small>");
}

static void add_violation(const struct vs_proof *proof, size_t policy, size_t scenario, size_t row,
                          struct vs_text *out)
{
    const struct vs_table *matrix = proof->matrix;
    char number[VS_WORDS_NUMBER];

    vs_text_add(out, "<details class=\"inner\" id=\"");
    add_anchor(policy, scenario, out);
    vs_text_add(out, "\"><summary><b>");
    vs_html_text(out, vs_table_text(proof->policies, policy, "name"));
    vs_text_add(out, "</b>: ");
    vs_html_text(out, vs_table_text(matrix, row, "violation"));
    vs_text_addf(out, ", %s steps",
                 vs_words_count((uint64_t)vs_table_integer(matrix, row, "length"), number));
    add_upstream_remark(proof, vs_table_text(matrix, row, "policy"), out);
    vs_text_add(out, "</summary>\n");
    if (vs_table_text(matrix, row, "because")[0])
        vs_html_element(out, "p", vs_table_text(matrix, row, "because"));
    vs_page_schedule(vs_table_text(matrix, row, "schedule"), out);
    vs_text_add(out, "</details>\n");
}

/* Each scenario with the schedules that reach its violation. */
static void add_scenarios(const struct vs_proof *proof, struct vs_text *out)
{
    for (size_t s = 0; s < proof->scenarios->row_count; s++) {
        vs_text_addf(out, "<details id=\"scenario%zu\"><summary><b>", s);
        vs_html_text(out, vs_table_text(proof->scenarios, s, "scenario"));
        vs_text_add(out, "</b> ");
        vs_html_text(out, vs_table_text(proof->scenarios, s, "title"));
        vs_text_add(out, "</summary>\n");
        vs_html_element(out, "p", vs_table_text(proof->scenarios, s, "about"));
        vs_text_add(out, "\n<p><small>");
        vs_html_text(out, vs_table_text(proof->scenarios, s, "source"));
        vs_text_add(out, "</small></p>\n");
        for (size_t p = 0; p < proof->policies->row_count; p++) {
            size_t row = find(proof, p, s);
            const char *verdict = vs_table_text(proof->matrix, row, "verdict");

            if (row != SIZE_MAX && strcmp(verdict, "violated") == 0)
                add_violation(proof, p, s, row, out);
            else if (row != SIZE_MAX && strcmp(verdict, "not-modelled") == 0 && p == 0)
                vs_html_element(out, "p", vs_table_text(proof->matrix, row, "because"));
        }
        vs_text_add(out, "</details>\n");
    }
}

/* ------------------------------------------------------------ pairs and triples */

static void add_count(struct vs_text *out, const struct vs_table *table, size_t row,
                      const char *column)
{
    char number[VS_WORDS_NUMBER];

    vs_html_element(out, "td class=\"n\"",
                    vs_words_count((uint64_t)vs_table_integer(table, row, column), number));
}

static void add_violations(const struct vs_proof *proof, size_t row, struct vs_text *out)
{
    const char *id = vs_table_text(proof->checks, row, "id");
    bool any = false;

    vs_text_add(out, "<td>");
    for (size_t i = 0; i < proof->findings->row_count; i++) {
        if (strcmp(vs_table_text(proof->findings, i, "check_id"), id) != 0)
            continue;
        vs_text_addf(out, "%s<a href=\"#f%zu\">", any ? ", " : "", i);
        vs_html_text(out, vs_table_text(proof->findings, i, "violation"));
        vs_text_add(out, "</a>");
        any = true;
    }
    if (vs_table_text(proof->checks, row, "order_inversion")[0])
        vs_text_add(out, any ? ", order inversion" : "order inversion");
    vs_text_add(out, "</td></tr>\n");
}

/* Scenarios that a policy breaks by the matrix: the rest of the row is about pairs and triples
 * alone. */
static void add_broken_scenarios(const struct vs_proof *proof, size_t check, struct vs_text *out)
{
    const char *policy = vs_table_text(proof->checks, check, "policy");
    const char *rank = vs_table_text(proof->checks, check, "policy_rank");
    size_t judged = 0, broken = 0, open = 0;

    for (size_t i = 0; i < proof->matrix->row_count; i++) {
        const char *verdict = vs_table_text(proof->matrix, i, "verdict");

        if (strcmp(vs_table_text(proof->matrix, i, "policy"), policy) != 0 ||
            strcmp(vs_table_text(proof->matrix, i, "policy_rank"), rank) != 0)
            continue;
        judged += strcmp(verdict, "not-modelled") != 0;
        broken += strcmp(verdict, "violated") == 0;
        open += strcmp(verdict, "unknown") == 0;
    }
    if (judged == 0)
        vs_text_add(out, "<td>–</td>");
    else if (broken > 0)
        vs_text_addf(out, "<td class=\"bad\">%zu of %zu break</td>", broken, judged);
    else if (open > 0)
        vs_text_addf(out, "<td>%zu of %zu undecided</td>", open, judged);
    else
        vs_text_addf(out, "<td class=\"good\">none of %zu breaks</td>", judged);
}

static void add_statistics(const struct vs_proof *proof, struct vs_text *out)
{
    const struct vs_table *checks = proof->checks;
    char number[VS_WORDS_NUMBER];

    vs_text_add(out, "<div class=\"wide\"><table><thead><tr><th scope=\"col\">policy</th>"
                     "<th scope=\"col\">scenarios</th>"
                     "<th scope=\"col\">pairs, triples</th>"
                     "<th scope=\"col\" class=\"n\">combinations</th>"
                     "<th scope=\"col\" class=\"n\">states</th>"
                     "<th scope=\"col\" class=\"n\">transitions</th>"
                     "<th scope=\"col\" class=\"n\">peak memory</th>"
                     "<th scope=\"col\" class=\"n\">CPU time</th>"
                     "<th scope=\"col\">violations in pairs, triples</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < checks->row_count; i++) {
        bool ok = strcmp(vs_table_text(checks, i, "verdict"), "ok") == 0;

        vs_text_add(out, "<tr>");
        vs_html_element(out, "th scope=\"row\"", vs_table_text(checks, i, "name"));
        add_broken_scenarios(proof, i, out);
        vs_html_element(out, ok ? "td class=\"good\"" : "td class=\"bad\"",
                        ok ? "none within bounds" : vs_table_text(checks, i, "verdict"));
        add_count(out, checks, i, "combinations");
        add_count(out, checks, i, "states");
        add_count(out, checks, i, "steps");
        vs_text_addf(out, "<td class=\"n\">%.1f MiB</td>",
                     vs_table_real(checks, i, "peak_bytes") / 1048576.0);
        vs_html_element(out, "td class=\"n\"",
                        vs_words_duration(1e9 * vs_table_real(checks, i, "seconds"), number));
        add_violations(proof, i, out);
    }
    vs_text_add(out, "</tbody></table></div>\n");
}

static void add_findings(const struct vs_proof *proof, struct vs_text *out)
{
    for (size_t c = 0; c < proof->checks->row_count; c++) {
        const char *id = vs_table_text(proof->checks, c, "id");

        for (size_t i = 0; i < proof->findings->row_count; i++) {
            const struct vs_table *findings = proof->findings;

            if (strcmp(vs_table_text(findings, i, "check_id"), id) != 0)
                continue;
            vs_text_addf(out, "<details class=\"inner\" id=\"f%zu\"><summary><b>", i);
            vs_html_text(out, vs_table_text(proof->checks, c, "name"));
            vs_text_add(out, "</b>: ");
            vs_html_text(out, vs_table_text(findings, i, "violation"));
            vs_text_addf(out, ", %s steps", vs_table_text(findings, i, "length"));
            add_upstream_remark(proof, vs_table_text(proof->checks, c, "policy"), out);
            vs_text_add(out, "</summary>\n");
            vs_page_schedule(vs_table_text(findings, i, "schedule"), out);
            vs_text_add(out, "</details>\n");
        }
    }
}

void vs_page_matrix(const struct vs_proof *proof, struct vs_text *out)
{
    const struct vs_table *checks = proof->checks;

    vs_text_add(out, "<section id=\"matrix\">\n<h2>Verdict matrix: policy x scenario</h2>\n");
    if (proof->matrix->row_count == 0 && checks->row_count == 0) {
        vs_text_add(out, "<p class=\"nothing\">Nothing was searched into this database: "
                         "<code>vpci-sim check --db FILE</code>.</p>\n</section>\n");
        return;
    }
    vs_text_add(out, "<p>A replay shows one interleaving; here every interleaving of a few vCPUs "
                     "was searched, within bounds. Scenarios come from the mails and commits that "
                     "they cite.</p>\n");
    if (proof->matrix->row_count > 0) {
        add_matrix(proof, out);
        vs_text_add(out, "<h3>Scenarios and their shortest schedules</h3>\n");
        add_scenarios(proof, out);
    }
    if (checks->row_count > 0) {
        vs_text_add(out, "<h3>Every pair and triple of operations</h3>\n<p>Explored: ");
        vs_html_text(out, vs_table_text(checks, 0, "explored"));
        vs_text_add(out, ".<br>Not explored: ");
        vs_html_text(out, vs_table_text(checks, 0, "not_explored"));
        vs_text_add(out, "</p>\n");
        add_statistics(proof, out);
        vs_text_add(out, "<details><summary>Their shortest schedules</summary>\n");
        add_findings(proof, out);
        vs_text_add(out, "</details>\n");
    }
    vs_text_add(out, "</section>\n");
}
