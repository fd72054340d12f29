/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The section of hypotheses: what was claimed, what came out, and the evidence. */
#include <string.h>

#include "base/json.h"
#include "html.h"
#include "proof.h"

static const char *verdict_class(const char *verdict)
{
    return strcmp(verdict, "confirmed") == 0 ? "td class=\"good\""
           : strcmp(verdict, "refuted") == 0 ? "td class=\"bad\""
                                             : "td";
}

/* The sentences of a JSON array, each with a term in front. */
static void add_sentences(const char *json, const char *term, struct vs_text *out)
{
    struct vs_json_doc *doc = NULL;

    if (vs_json_parse(json, strlen(json), "sentences", &doc, NULL) < 0)
        return;
    struct vs_json root = vs_json_root(doc);

    for (size_t i = 0; i < vs_json_count(&root); i++) {
        struct vs_json item = vs_json_item(&root, i);
        const char *text = "";

        if (vs_json_string(&item, &text, NULL) < 0)
            continue;
        vs_html_element(out, "dt", term);
        vs_html_element(out, "dd", text);
    }
    vs_json_doc_free(doc);
}

static void add_pair(const char *term, const char *text, struct vs_text *out)
{
    vs_html_element(out, "dt", term);
    vs_html_element(out, "dd", text);
}

static void add_table(const struct vs_table *hypotheses, struct vs_text *out)
{
    vs_text_add(out, "<div class=\"wide\"><table><thead><tr><th scope=\"col\"></th>"
                     "<th scope=\"col\">verdict</th><th scope=\"col\">tested by</th>"
                     "<th scope=\"col\" class=\"n\">parts</th><th scope=\"col\">claim</th>"
                     "</tr></thead><tbody>\n");
    for (size_t i = 0; i < hypotheses->row_count; i++) {
        const char *verdict = vs_table_text(hypotheses, i, "verdict");

        vs_text_addf(out, "<tr><th scope=\"row\"><a href=\"#h%zu\">", i);
        vs_html_text(out, vs_table_text(hypotheses, i, "name"));
        vs_text_add(out, "</a></th>");
        vs_html_element(out, verdict_class(verdict), verdict);
        vs_html_element(out, "td",
                        strcmp(vs_table_text(hypotheses, i, "tested_by"), "both") == 0
                            ? "check and replay"
                            : vs_table_text(hypotheses, i, "tested_by"));
        vs_text_addf(out, "<td class=\"n\">%s of %s</td>", vs_table_text(hypotheses, i, "agree"),
                     vs_table_text(hypotheses, i, "parts"));
        vs_html_element(out, "td", vs_table_text(hypotheses, i, "claim"));
        vs_text_add(out, "</tr>\n");
    }
    vs_text_add(out, "</tbody></table></div>\n");
}

static void add_test(const struct vs_table *tests, size_t row, struct vs_text *out)
{
    const char *outcome = vs_table_text(tests, row, "outcome");
    const char *schedule = vs_table_text(tests, row, "schedule");
    const char *command = vs_table_text(tests, row, "command");
    const char *setup = vs_table_text(tests, row, "setup");

    vs_text_add(out, "<tr>");
    vs_html_element(out,
                    strcmp(outcome, "agrees") == 0      ? "td class=\"good\""
                    : strcmp(outcome, "disagrees") == 0 ? "td class=\"bad\""
                                                        : "td",
                    outcome);
    vs_text_add(out,
                vs_table_integer(tests, row, "control") ? "<td><small>control</small> " : "<td>");
    vs_html_text(out, vs_table_text(tests, row, "says"));
    vs_text_add(out, "</td><td>");
    vs_html_text(out, vs_table_text(tests, row, "text"));
    if (command[0]) {
        vs_text_add(out, "<br><code>");
        vs_html_text(out, command);
        vs_text_add(out, "</code>");
    }
    if (setup[0]) {
        vs_text_add(out, "<br><small>");
        vs_html_text(out, setup);
        vs_text_add(out, "</small>");
    }
    if (schedule[0]) {
        vs_text_add(out, "<details class=\"inner\"><summary>schedule</summary>\n");
        vs_page_schedule(schedule, out);
        vs_text_add(out, "</details>");
    }
    vs_text_add(out, "</td></tr>\n");
}

static void add_hypothesis(const struct vs_proof *proof, size_t row, struct vs_text *out)
{
    const struct vs_table *hypotheses = proof->hypotheses, *tests = proof->tests;
    const char *id = vs_table_text(hypotheses, row, "id");
    const char *replaced = vs_table_text(hypotheses, row, "replaced");

    vs_text_addf(out, "<details id=\"h%zu\"><summary><b>", row);
    vs_html_text(out, vs_table_text(hypotheses, row, "name"));
    vs_text_add(out, "</b> ");
    vs_html_text(out, vs_table_text(hypotheses, row, "title"));
    vs_text_add(out, ": <b>");
    vs_html_text(out, vs_table_text(hypotheses, row, "verdict"));
    vs_text_add(out, "</b></summary>\n<dl>\n");
    add_pair("claim", vs_table_text(hypotheses, row, "claim"), out);
    add_pair("source", vs_table_text(hypotheses, row, "source"), out);
    add_pair("tests", vs_table_text(hypotheses, row, "because"), out);
    add_pair("rule", vs_table_text(hypotheses, row, "rule"), out);
    add_sentences(vs_table_text(hypotheses, row, "assumptions"), "assumption", out);
    add_sentences(vs_table_text(hypotheses, row, "missing"), "missing", out);
    if (strcmp(replaced, "{}") != 0)
        add_pair("policies replaced", replaced, out);
    vs_text_add(out, "</dl>\n<div class=\"wide\"><table><thead><tr><th scope=\"col\">outcome</th>"
                     "<th scope=\"col\">if the claim is true</th>"
                     "<th scope=\"col\">what came out, and how to see it again</th></tr></thead>"
                     "<tbody>\n");
    for (size_t i = 0; i < tests->row_count; i++)
        if (strcmp(vs_table_text(tests, i, "hypothesis_id"), id) == 0)
            add_test(tests, i, out);
    vs_text_add(out, "</tbody></table></div>\n</details>\n");
}

void vs_page_hypotheses(const struct vs_proof *proof, struct vs_text *out)
{
    vs_text_add(out, "<section id=\"hypotheses\">\n<h2>Hypotheses</h2>\n");
    if (proof->hypotheses->row_count == 0) {
        vs_text_add(out, "<p class=\"nothing\">No claim was tested into this database: "
                         "<code>vpci-sim hypotheses --db FILE</code>.</p>\n</section>\n");
        return;
    }
    vs_text_add(out,
                "<p>What was claimed in the discussion of 2022, and what follows from the code of "
                "today, each put to tests that say beforehand what has to come out if it is true. "
                "The verdict follows from the outcomes by the rule that is shown with it. Replays "
                "here are of synthetic workloads, on a machine profile whose work costs are mostly "
                "assumptions. Whatever is said of pci-lock is said in this model of commit ");
    vs_html_text(out, vs_table_text(proof->hypotheses, 0, "model_of"));
    vs_text_add(out, ": a claim about a model until a Xen developer confirms it.</p>\n");
    add_table(proof->hypotheses, out);
    for (size_t i = 0; i < proof->hypotheses->row_count; i++)
        add_hypothesis(proof, i, out);
    vs_text_add(out, "</section>\n");
}
