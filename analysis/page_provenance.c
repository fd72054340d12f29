/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the numbers come from: what it takes to repeat every run. */
#include "page.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "html.h"

static void add_pair(struct vs_text *out, const char *term, const char *text)
{
    vs_html_element(out, "dt", term);
    vs_html_element(out, "dd", text[0] ? text : "–");
    vs_text_add(out, "\n");
}

/* {"no-snapshot": 40} as "no-snapshot 40, ...". */
static void describe_guesses(const char *json, struct vs_text *text)
{
    struct vs_json_doc *doc = NULL;
    char number[VS_WORDS_NUMBER];

    if (vs_json_parse(json, strlen(json), "guesses", &doc, NULL) < 0) {
        vs_text_add(text, json);
        return;
    }
    struct vs_json root = vs_json_root(doc);

    for (size_t i = 0; i < vs_json_count(&root); i++) {
        struct vs_json member = vs_json_member_at(&root, i);
        uint64_t count = 0;

        if (vs_json_u64(&member, 0, UINT64_MAX, &count, NULL) < 0 || count == 0)
            continue;
        vs_text_addf(text, "%s%s %s", text->length ? ", " : "", member.key,
                     vs_words_count(count, number));
    }
    if (text->length == 0)
        vs_text_add(text, "none");
    vs_json_doc_free(doc);
}

static void add_what_if(struct vs_text *out, const struct vs_run_row *run)
{
    struct vs_sentences steps = {0};

    if (vs_describe_array(run->what_if, &steps) < 0)
        out->failed = true;
    vs_text_add(out, "<dt>what-if steps</dt><dd>");
    for (size_t i = 0; i < steps.count; i++) {
        vs_text_add(out, i ? "<br>" : "");
        struct vs_text step = {0};

        vs_words_respell(steps.items[i], &step);
        vs_html_text(out, vs_text_or_empty(&step));
        out->failed |= step.failed;
        vs_text_free(&step);
    }
    vs_text_add(out, steps.count ? "</dd>\n" : "none: as recorded</dd>\n");
    vs_sentences_free(&steps);
}

static void add_scenario(const struct vs_report *report, const struct vs_scenario *scenario,
                         struct vs_text *out)
{
    const struct vs_run_row *run = vs_runs_first(&report->runs, scenario);
    char number[VS_WORDS_NUMBER], more[VS_WORDS_NUMBER];
    struct vs_text text = {0};

    vs_text_add(out, "<details><summary>");
    vs_describe_heading(run, &text);
    vs_html_text(out, vs_text_or_empty(&text));
    vs_text_free(&text);
    vs_text_add(out, "</summary>\n<dl>\n");
    add_pair(out, "trace", run->trace_name);
    add_pair(out, "content hash", run->trace_hash);
    vs_text_addf(&text, "%s read, %s lost", vs_words_count((uint64_t)run->records, number),
                 vs_words_count((uint64_t)run->lost_records, more));
    add_pair(out, "records", vs_text_or_empty(&text));
    vs_text_free(&text);
    vs_text_addf(&text, "%s injected, %s synthetic",
                 vs_words_count((uint64_t)run->injected_calls, number),
                 vs_words_count((uint64_t)run->synthetic_calls, more));
    add_pair(out, "calls that nobody captured", vs_text_or_empty(&text));
    vs_text_free(&text);
    describe_guesses(run->guesses, &text);
    add_pair(out, "accesses classed conservatively", vs_text_or_empty(&text));
    vs_text_free(&text);
    add_pair(out, "span as loaded", vs_words_duration((double)run->recorded_span_ns, number));
    add_what_if(out, run);
    vs_text_addf(&text, "%s, seed %" PRId64 ", %s loop, ", run->machine, run->seed, run->timing);
    if (run->cpus > 0)
        vs_text_addf(&text, "%" PRId64 " CPUs", run->cpus);
    else
        vs_text_add(&text, "one CPU per vCPU, up to the machine's");
    add_pair(out, "machine", vs_text_or_empty(&text));
    vs_text_free(&text);
    add_pair(out, "options as stored", run->options);
    add_pair(out, "vpci-sim", run->version);
    vs_text_add(out, "</dl>\n<div class=\"wide\"><table><thead><tr><th scope=\"col\">policy</th>"
                     "<th scope=\"col\">run key</th><th scope=\"col\">stored at</th>"
                     "<th scope=\"col\" class=\"n\">calls</th>"
                     "<th scope=\"col\" class=\"n\">L = X R off by at most</th></tr></thead>"
                     "<tbody>\n");
    for (size_t i = scenario->first; i < scenario->first + scenario->count; i++) {
        run = &report->runs.runs[i];
        vs_text_add(out, "<tr>");
        vs_html_element(out, "th scope=\"row\"", run->name);
        vs_text_add(out, "<td><code>");
        vs_html_text(out, run->run_key);
        vs_text_add(out, "</code></td>");
        vs_html_element(out, "td", run->created_at);
        vs_html_element(out, "td class=\"n\"", vs_words_count((uint64_t)run->calls, number));
        vs_html_element(out, "td class=\"n\"", vs_words_percent(run->little_error, number));
        vs_text_add(out, "</tr>\n");
    }
    vs_text_add(out, "</tbody></table></div>\n</details>\n");
}

/* True when an earlier run has the same texts, so that each is shown once. */
static bool seen_before(const struct vs_runs *runs, size_t index, bool machine)
{
    const struct vs_run_row *run = &runs->runs[index];

    for (size_t i = 0; i < index; i++) {
        const struct vs_run_row *other = &runs->runs[i];

        if (machine ? strcmp(other->machine_text, run->machine_text) == 0
                    : strcmp(other->policy, run->policy) == 0 &&
                          vs_runs_is_own(other) == vs_runs_is_own(run) &&
                          strcmp(other->policy_text, run->policy_text) == 0)
            return true;
    }
    return false;
}

static void add_machine(const struct vs_run_row *run, struct vs_text *out)
{
    struct vs_sentences assumed = {0};

    if (vs_describe_assumptions(run->machine_text, &assumed) < 0)
        out->failed = true;
    vs_text_add(out, "<details><summary>");
    vs_html_text(out, run->machine);
    vs_text_addf(out, ": %" PRId64 " of its numbers are assumptions</summary>\n",
                 run->machine_assumptions);
    if (assumed.count > 0) {
        vs_text_add(out, "<ul class=\"assumptions\">\n");
        for (size_t i = 0; i < assumed.count; i++) {
            vs_html_element(out, "li", assumed.items[i]);
            vs_text_add(out, "\n");
        }
        vs_text_add(out, "</ul>\n");
    }
    vs_text_add(out, "<p>The profile as read:</p>\n");
    vs_html_element(out, "pre", run->machine_text);
    vs_text_add(out, "</details>\n");
    vs_sentences_free(&assumed);
}

void vs_page_provenance(const struct vs_report *report, struct vs_text *out)
{
    const struct vs_runs *runs = &report->runs;

    if (runs->run_count == 0) {
        vs_text_add(out, "<p class=\"nothing\">Nothing was replayed into this database: "
                         "<code>vpci-sim replay TRACE --db FILE</code>.</p>\n");
        return;
    }
    vs_text_add(out, "<h3>Replays</h3>\n");
    for (size_t i = 0; i < report->section_count; i++)
        add_scenario(report, report->sections[i].scenario, out);
    vs_text_add(out, "<h3>Machine profiles</h3>\n");
    for (size_t i = 0; i < runs->run_count; i++) {
        if (!seen_before(runs, i, true))
            add_machine(&runs->runs[i], out);
    }
    vs_text_add(out, "<h3>Policies as read</h3>\n");
    for (size_t i = 0; i < runs->run_count; i++) {
        const struct vs_run_row *run = &runs->runs[i];

        if (seen_before(runs, i, false))
            continue;
        vs_text_add(out, "<details><summary>");
        vs_html_text(out, run->name);
        vs_text_add(out, "</summary>\n<p>Source: ");
        vs_html_text(out, run->policy_source);
        vs_text_add(out, "</p>\n");
        vs_html_element(out, "pre", run->policy_text);
        vs_text_add(out, "</details>\n");
    }
}
