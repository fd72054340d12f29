/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows of check_run, hypothesis and what hangs off them. */
#include "proof_rows.h"

#include <stdlib.h>
#include <string.h>

#include "base/options.h"
#include "store/rows.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* A tree as text; the tree is freed.  NULL when out of memory. */
static char *take_text(struct vs_json_out *out)
{
    char *text = NULL;

    if (vs_json_text(out, &text, NULL) < 0)
        text = NULL;
    vs_json_out_free(out);
    return text;
}

static int no_memory(struct vs_error *error)
{
    return vs_error_set(error, VS_ERR_MEMORY, "out of memory");
}

/* A schedule as check --replay takes it; "" for none. */
static char *schedule_text(const struct vs_check_code *code, const struct vs_check_finding *finding,
                           struct vs_error *error)
{
    if (!finding)
        return strdup("");
    struct vs_json_out *out = vs_json_new_object();

    if (vs_check_schedule_json(code, finding, out, error) == 0)
        return take_text(out);
    vs_json_out_free(out);
    return NULL;
}

/* ----------------------------------------------------------------------- check */

/* One policy of a run on its way to the store. */
struct check_source {
    const struct vs_check_run *run;
    size_t job;
    const char *key;
};

/* Bounds and scenarios, in full: the same question has the same text. */
static char *check_question(const struct vs_check_run *run)
{
    const struct vs_check_campaign *campaign = &run->campaign;
    struct vs_json_out *out = vs_json_new_object(), *list = vs_json_new_array();

    vs_json_add_boolean(out, "campaign", run->with_campaign);
    vs_json_add_u64(out, "actors", campaign->actors);
    vs_json_add_u64(out, "devices", campaign->devices);
    vs_json_add_u64(out, "domains", campaign->domains);
    vs_json_add_u64(out, "rounds", run->rounds);
    vs_json_add_u64(out, "states", campaign->limits.states);
    vs_json_add_boolean(out, "failures", campaign->failures);
    for (size_t i = 0; i < run->scenario_count; i++) {
        const struct vs_scenario *scenario = run->scenarios[i];

        vs_json_add_string(list, NULL, scenario->name);
        vs_json_add_u64(list, NULL, scenario->looks_for);
        if (!scenario->not_modelled)
            vs_json_add(list, NULL, vs_check_setup_json(&scenario->setup));
    }
    vs_json_add(out, "scenarios", list);
    return take_text(out);
}

static const char *campaign_verdict(const struct vs_check_run *run,
                                    const struct vs_check_verdict *verdict)
{
    return !run->with_campaign ? "not-run"
           : verdict->found    ? "violated"
           : verdict->cut      ? "cut-short"
                               : "ok";
}

static int emit_check_run(const struct check_source *source, vs_row_sink sink, void *context,
                          struct vs_error *error)
{
    const struct vs_check_run *run = source->run;
    const struct vs_check_job *job = &run->jobs[source->job];
    const struct vs_check_verdict *verdict = &job->verdict;
    char now[VS_NOW_TEXT], explored[VS_CHECK_BOUNDS_TEXT];
    const struct vs_cell row[] = {
        vs_cell_text("check_key", source->key),
        vs_cell_text("created_at", vs_now_text(now)),
        vs_cell_text("version", VS_VERSION),
        vs_cell_text("model_of", VS_MODEL_OF),
        vs_cell_text("policy", job->policy->name),
        vs_cell_text("policy_source", job->policy->source ? job->policy->source : ""),
        vs_cell_text("policy_text", job->policy->text),
        vs_cell_u64("policy_rank", vs_policy_rank(job->policy)),
        vs_cell_text("explored", vs_check_explored(run, explored)),
        vs_cell_text("not_explored", vs_check_not_explored()),
        vs_cell_u64("actors", run->with_campaign ? run->campaign.actors : 0),
        vs_cell_u64("devices", run->campaign.devices),
        vs_cell_u64("domains", run->campaign.domains),
        vs_cell_u64("rounds", run->rounds),
        vs_cell_u64("state_limit", run->campaign.limits.states),
        vs_cell_text("verdict", campaign_verdict(run, verdict)),
        vs_cell_text("order_inversion", verdict->order ? verdict->order : ""),
        vs_cell_u64("programs", verdict->programs),
        vs_cell_u64("pairs", verdict->pairs),
        vs_cell_u64("triples", verdict->triples),
        vs_cell_u64("skipped", verdict->skipped),
        vs_cell_u64("cut", verdict->cut),
        vs_cell_u64("states", verdict->states),
        vs_cell_u64("steps", verdict->transitions),
        vs_cell_u64("peak_bytes", verdict->peak_bytes),
        vs_cell_real("seconds", job->seconds),
    };

    return sink(context, VS_TABLE_CHECK_RUN, row, COUNT(row), error);
}

static int emit_check_verdict(const struct vs_check_run *run, size_t index, size_t position,
                              vs_row_sink sink, void *context, struct vs_error *error)
{
    const struct vs_check_job *job = &run->jobs[index];
    const struct vs_check_cell *cell = &job->cells[position];
    const struct vs_scenario *scenario = run->scenarios[position];
    const char *because =
        cell->decided ? vs_scenario_because(scenario, job->policy->name) : scenario->not_modelled;
    int expected = vs_scenario_expected(scenario, job->policy->name);
    char *schedule = schedule_text(job->code, cell->violated ? &cell->finding : NULL, error);

    if (!schedule)
        return no_memory(error);
    const struct vs_cell row[] = {
        vs_cell_text("scenario", scenario->name),
        vs_cell_u64("position", position),
        vs_cell_text("title", scenario->title),
        vs_cell_text("about", scenario->about),
        vs_cell_text("source", scenario->source),
        vs_cell_text("verdict", !cell->decided          ? "not-modelled"
                                : cell->violated        ? "violated"
                                : cell->search.complete ? "holds"
                                                        : "unknown"),
        vs_cell_text("expected", expected > 0    ? "violated"
                                 : expected == 0 ? "holds"
                                                 : ""),
        vs_cell_text("because", because ? because : ""),
        vs_cell_text("violation", cell->violated ? vs_violation_table[cell->by].name : ""),
        vs_cell_text("text", cell->violated ? cell->finding.text : ""),
        vs_cell_u64("length", cell->violated ? cell->finding.length : 0),
        vs_cell_u64("states", cell->search.states),
        vs_cell_u64("steps", cell->search.transitions),
        vs_cell_text("schedule", schedule),
    };
    int ret = sink(context, VS_TABLE_CHECK_VERDICT, row, COUNT(row), error);

    free(schedule);
    return ret;
}

static int emit_check_finding(const struct vs_check_job *job,
                              const struct vs_check_finding *finding, vs_row_sink sink,
                              void *context, struct vs_error *error)
{
    char *schedule = schedule_text(job->code, finding, error);

    if (!schedule)
        return no_memory(error);
    const struct vs_cell row[] = {
        vs_cell_text("violation", vs_violation_table[finding->violation].name),
        vs_cell_text("text", finding->text),
        vs_cell_u64("actors", finding->setup.actor_count),
        vs_cell_u64("length", finding->length),
        vs_cell_u64("shortest", finding->shortest),
        vs_cell_text("schedule", schedule),
    };
    int ret = sink(context, VS_TABLE_CHECK_FINDING, row, COUNT(row), error);

    free(schedule);
    return ret;
}

static int emit_check(void *source_given, vs_row_sink sink, void *context, struct vs_error *error)
{
    const struct check_source *source = source_given;
    const struct vs_check_run *run = source->run;
    const struct vs_check_job *job = &run->jobs[source->job];
    int ret = emit_check_run(source, sink, context, error);

    for (size_t s = 0; ret == 0 && s < run->scenario_count; s++)
        ret = emit_check_verdict(run, source->job, s, sink, context, error);
    for (int i = 0; ret == 0 && i < VS_VIOLATION_COUNT; i++)
        if (((job->verdict.found >> i) & 1u) && i != VS_VIOLATION_ORDER_INVERSION)
            ret = emit_check_finding(job, &job->verdict.findings[i], sink, context, error);
    return ret;
}

int vs_proof_store_check(const struct vs_check_run *run, struct vs_store *store,
                         struct vs_error *error)
{
    char *question = check_question(run);
    int ret = question ? 0 : no_memory(error);

    for (size_t i = 0; ret == 0 && i < run->job_count; i++) {
        char key[VS_RUN_KEY_TEXT];
        struct check_source source = {.run = run, .job = i, .key = key};

        if (run->jobs[i].code_result < 0)
            continue;
        vs_question_key(run->jobs[i].policy, question, key);
        ret = vs_store_put_rows(store, VS_TABLE_CHECK_RUN, key, emit_check, &source, error);
    }
    free(question);
    return ret;
}

/* ------------------------------------------------------------------ hypotheses */

struct hypothesis_source {
    const struct vs_hypothesis *hypothesis;
    const struct vs_hypothesis_result *result;
    size_t position;
    const char *key, *replaced;
};

static char *strings_text(const char *const *strings)
{
    struct vs_json_out *list = vs_json_new_array();

    for (; *strings; strings++)
        vs_json_add_string(list, NULL, *strings);
    return take_text(list);
}

static char *replaced_text(const struct vs_hypothesis_options *how)
{
    struct vs_json_out *out = vs_json_new_object();

    for (size_t i = 0; i < how->replacement_count; i++)
        vs_json_add_string(out, how->replacements[i].name, how->replacements[i].file);
    return take_text(out);
}

static int emit_test(const struct vs_test *test, const struct vs_test_result *result,
                     size_t position, vs_row_sink sink, void *context, struct vs_error *error)
{
    char *schedule =
        schedule_text(result->code, result->has_finding ? &result->finding : NULL, error);
    char bound[64];

    if (!schedule)
        return no_memory(error);
    if (test->kind == VS_TEST_CHECK || test->kind == VS_TEST_PAIRS)
        snprintf(bound, sizeof(bound), "%s", test->reached ? "reached" : "absent");
    else
        snprintf(bound, sizeof(bound), "%s %.6g", test->at_most ? "at most" : "at least",
                 test->bound);
    const struct vs_cell row[] = {
        vs_cell_u64("position", position),
        vs_cell_text("says", test->says),
        vs_cell_u64("control", test->control),
        vs_cell_text("kind", vs_test_kind_name(test->kind)),
        vs_cell_text("policy", test->policy),
        vs_cell_text("outcome", vs_test_outcome_name(result->outcome)),
        vs_cell_text("text", result->text),
        vs_cell_text("command", result->command ? result->command : ""),
        vs_cell_text("setup", result->setup ? result->setup : ""),
        vs_cell_u64("synthetic", test->kind == VS_TEST_REPLAY),
        vs_cell_real("value", result->value),
        vs_cell_text("bound", bound),
        vs_cell_text("schedule", schedule),
    };
    int ret = sink(context, VS_TABLE_HYPOTHESIS_TEST, row, COUNT(row), error);

    free(schedule);
    return ret;
}

static int emit_hypothesis(void *source_given, vs_row_sink sink, void *context,
                           struct vs_error *error)
{
    const struct hypothesis_source *source = source_given;
    const struct vs_hypothesis *hypothesis = source->hypothesis;
    const struct vs_hypothesis_result *result = source->result;
    char *assumptions = strings_text(hypothesis->assumptions);
    char *missing = strings_text(hypothesis->lacks);
    char now[VS_NOW_TEXT], why[VS_HYPOTHESIS_WHY];
    int ret = assumptions && missing ? 0 : no_memory(error);

    if (ret == 0) {
        const struct vs_cell row[] = {
            vs_cell_text("hypothesis_key", source->key),
            vs_cell_text("created_at", vs_now_text(now)),
            vs_cell_text("version", VS_VERSION),
            vs_cell_text("model_of", VS_MODEL_OF),
            vs_cell_text("name", hypothesis->name),
            vs_cell_u64("position", source->position),
            vs_cell_text("title", hypothesis->title),
            vs_cell_text("claim", hypothesis->claim),
            vs_cell_text("source", hypothesis->source),
            vs_cell_text("rule", vs_rule_text(hypothesis->rule)),
            vs_cell_text("verdict", vs_hypothesis_verdict_name(result->verdict)),
            vs_cell_text("because", vs_hypothesis_why(hypothesis, result, why)),
            vs_cell_text("tested_by", vs_hypothesis_means(hypothesis)),
            vs_cell_u64("agree", result->agree),
            vs_cell_u64("disagree", result->disagree),
            vs_cell_u64("undecided", result->undecided),
            vs_cell_text("assumptions", assumptions),
            vs_cell_text("missing", missing),
            vs_cell_text("replaced", source->replaced),
            vs_cell_real("seconds", result->seconds),
        };

        ret = sink(context, VS_TABLE_HYPOTHESIS, row, COUNT(row), error);
    }
    for (size_t i = 0; ret == 0 && i < result->test_count; i++)
        ret = emit_test(&hypothesis->tests[i], &result->tests[i], i, sink, context, error);
    free(assumptions);
    free(missing);
    return ret;
}

/* The hypothesis as it is written, and what was run instead of its policies. */
static char *hypothesis_question(const struct vs_hypothesis *hypothesis, const char *replaced,
                                 uint64_t limit)
{
    struct vs_json root = vs_json_root(hypothesis->doc);
    struct vs_json_out *out = vs_json_new_object();

    vs_json_add_copy(out, "hypothesis", &root);
    vs_json_add_string(out, "replaced", replaced);
    vs_json_add_u64(out, "states", limit);
    return take_text(out);
}

int vs_proof_store_hypotheses(const struct vs_hypotheses_run *run,
                              const struct vs_hypothesis_options *how, struct vs_store *store,
                              struct vs_error *error)
{
    char *replaced = replaced_text(how);
    int ret = replaced ? 0 : no_memory(error);

    for (size_t i = 0; ret == 0 && i < run->count; i++) {
        char *question = hypothesis_question(run->hypotheses[i], replaced, how->state_limit);
        char key[VS_RUN_KEY_TEXT];
        struct hypothesis_source source = {.hypothesis = run->hypotheses[i],
                                           .result = run->results[i],
                                           .position = i,
                                           .key = key,
                                           .replaced = replaced};

        ret = question ? 0 : no_memory(error);
        if (ret == 0) {
            vs_question_key(NULL, question, key);
            ret =
                vs_store_put_rows(store, VS_TABLE_HYPOTHESIS, key, emit_hypothesis, &source, error);
        }
        free(question);
    }
    free(replaced);
    return ret;
}
