/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the report says, as JSON: for scripts that would otherwise read the page. */
#include "report.h"

#include <math.h>

static void add_sentences(struct vs_json_out *out, const char *key,
                          const struct vs_sentences *sentences)
{
    struct vs_json_out *array = vs_json_new_array();

    for (size_t i = 0; i < sentences->count; i++)
        vs_json_add_string(array, NULL, sentences->items[i]);
    vs_json_add(out, key, array);
}

static struct vs_json_out *figure_json(const struct vs_figure *figure)
{
    struct vs_json_out *out = vs_json_new_object();

    vs_json_add_string(out, "plot", figure->plot->name);
    vs_json_add_string(out, "title", figure->title);
    vs_json_add_string(out, "svg", figure->svg_name);
    vs_json_add_string(out, "png", figure->png_name);
    vs_json_add_string(out, "not_drawn", figure->nothing);
    vs_json_add_string(out, "caption", figure->caption);
    return out;
}

static struct vs_json_out *run_json(const struct vs_run_row *run, const struct vs_table *hazards)
{
    struct vs_json_out *out = vs_json_new_object();
    struct vs_text safety = {0};

    vs_describe_safety(run, hazards, &safety);
    vs_json_add_string(out, "policy", run->name);
    vs_json_add_string(out, "run_key", run->run_key);
    vs_json_add_string(out, "gone_wrong", vs_text_or_empty(&safety));
    vs_json_add_boolean(out, "clean", vs_runs_clean(run));
    vs_json_add_string(out, "outcome", run->outcome);
    /* NaN becomes null: what was measured up to a deadlock is no result. */
    vs_json_add_double(out, "throughput_per_s",
                       vs_runs_finished(run) ? run->throughput_per_s : (double)NAN);
    if (run->replicas > 1) {
        vs_json_add_i64(out, "replicas", run->replicas);
        vs_json_add_i64(out, "replicas_with_hazards", run->hazard_replicas);
        vs_json_add_i64(out, "replicas_deadlocked", run->deadlock_replicas);
        vs_json_add_i64(out, "p99_low_ns", run->p99_low_ns);
        vs_json_add_double(out, "p99_median_ns", run->p99_median_ns);
        vs_json_add_i64(out, "p99_high_ns", run->p99_high_ns);
    }
    const struct {
        const char *key;
        int64_t value;
    } measured[] = {{"p50_ns", run->p50_ns},
                    {"p99_ns", run->p99_ns},
                    {"p999_ns", run->p999_ns},
                    {"max_ns", run->max_ns},
                    {"lock_wait_ns", run->lock_wait_ns},
                    {"below_vpci_wait_ns", run->below_wait_ns},
                    {"cross_domain_wait_ns", run->cross_domain_wait_ns},
                    {"cpu_wait_ns", run->cpu_wait_ns}};

    for (size_t i = 0; i < sizeof(measured) / sizeof(*measured); i++) {
        if (vs_runs_finished(run))
            vs_json_add_i64(out, measured[i].key, measured[i].value);
        else
            vs_json_add_null(out, measured[i].key);
    }
    vs_json_add_string(out, "most_contended", vs_runs_finished(run) ? run->most_contended : NULL);
    vs_text_free(&safety);
    return out;
}

static struct vs_json_out *section_json(const struct vs_report *report,
                                        const struct vs_section *section)
{
    const struct vs_scenario *scenario = section->scenario;
    const struct vs_run_row *first = vs_runs_first(&report->runs, scenario);
    struct vs_json_out *out = vs_json_new_object();
    struct vs_json_out *runs = vs_json_new_array(), *figures = vs_json_new_array();
    struct vs_sentences what_if = {0};
    struct vs_text load = {0};

    vs_describe_load(first, &load);
    vs_json_add_string(out, "trace", first->trace_name);
    vs_json_add_string(out, "trace_hash", first->trace_hash);
    vs_json_add_string(out, "machine", first->machine);
    vs_json_add_string(out, "load", vs_text_or_empty(&load));
    vs_json_add_boolean(out, "as_recorded", vs_runs_as_recorded(first));
    if (vs_describe_array(first->what_if, &what_if) == 0)
        add_sentences(out, "what_if", &what_if);
    add_sentences(out, "findings", &section->findings);
    for (size_t i = scenario->first; i < scenario->first + scenario->count; i++)
        vs_json_add(runs, NULL, run_json(&report->runs.runs[i], section->hazards));
    vs_json_add(out, "runs", runs);
    for (size_t i = 0; i < section->figure_count; i++)
        vs_json_add(figures, NULL, figure_json(&section->figures[i]));
    vs_json_add(out, "plots", figures);
    vs_sentences_free(&what_if);
    vs_text_free(&load);
    return out;
}

struct vs_json_out *vs_report_json(const struct vs_report *report)
{
    struct vs_json_out *out = vs_json_new_object();
    struct vs_json_out *sections = vs_json_new_array(), *sweeps = vs_json_new_array();

    add_sentences(out, "cannot_tell", &report->limits);
    for (size_t i = 0; i < report->section_count; i++)
        vs_json_add(sections, NULL, section_json(report, &report->sections[i]));
    vs_json_add(out, "scenarios", sections);
    for (size_t i = 0; i < report->sweep_count; i++)
        vs_json_add(sweeps, NULL, figure_json(&report->sweeps[i]));
    vs_json_add(out, "against_load", sweeps);
    struct vs_json_out *assumed = vs_json_new_array();

    for (size_t i = 0; i < report->assumed.count; i++)
        vs_json_add(assumed, NULL, figure_json(&report->assumed.figures[i]));
    vs_json_add(out, "survives_assumptions", vs_sensitivity_json(&report->sensitivities));
    vs_json_add(out, "against_assumptions", assumed);
    if (report->proof.matrix->row_count > 0)
        vs_json_add(out, "verdicts", vs_proof_verdicts_json(&report->proof));
    if (report->proof.hypotheses->row_count > 0)
        vs_json_add(out, "hypotheses", vs_proof_hypotheses_json(&report->proof));
    vs_json_add_u64(out, "runs_left_out", report->runs.left_out);
    vs_json_add_string(out, "page", "index.html");
    return out;
}
