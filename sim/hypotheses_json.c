/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `vpci-sim hypotheses --json` prints: everything, with every schedule. */
#include "hypotheses_run.h"

static struct vs_json_out *strings_json(const char *const *strings)
{
    struct vs_json_out *list = vs_json_new_array();

    for (; *strings; strings++)
        vs_json_add_string(list, NULL, *strings);
    return list;
}

static struct vs_json_out *side_json(const struct vs_replay_side *side, double value)
{
    struct vs_json_out *out = vs_json_new_object();

    vs_json_add_string(out, "workload", side->workload->name);
    vs_json_add_u64(out, "seed", side->workload->seed);
    vs_json_add_boolean(out, "synthetic", true);
    vs_json_add_string(out, "machine", side->workload->machine);
    vs_json_add_u64(out, "cpus", side->cpus ? side->cpus : side->workload->made->actor_count);
    vs_json_add_string(out, "policy", side->policy);
    vs_json_add_string(out, "metric", side->metric.text);
    vs_json_add_double(out, "value", value);
    return out;
}

static void add_replay(struct vs_json_out *out, const struct vs_test *test,
                       const struct vs_test_result *result)
{
    vs_json_add(out, "replay", side_json(&test->side, result->sides[0]));
    if (test->has_against)
        vs_json_add(out, "against", side_json(&test->against, result->sides[1]));
}

static struct vs_json_out *test_json(const struct vs_test *test,
                                     const struct vs_test_result *result, struct vs_error *error,
                                     int *ret)
{
    struct vs_json_out *out = vs_json_new_object();

    vs_json_add_string(out, "says", test->says);
    vs_json_add_string(out, "role", test->control ? "control" : "claim");
    vs_json_add_string(out, "kind", vs_test_kind_name(test->kind));
    vs_json_add_string(out, "policy", test->policy);
    vs_json_add_string(out, "outcome", vs_test_outcome_name(result->outcome));
    vs_json_add_string(out, "text", result->text);
    vs_json_add_string(out, "command", result->command);
    vs_json_add_string(out, "setup", result->setup);
    if (test->kind == VS_TEST_CHECK || test->kind == VS_TEST_PAIRS) {
        vs_json_add_string(out, "expected", test->reached ? "reached" : "absent");
        vs_json_add_u64(out, "searches", result->searches);
        vs_json_add_u64(out, "states", result->search.states);
        vs_json_add_u64(out, "steps", result->search.transitions);
    } else {
        vs_json_add_double(out, "value", result->value);
        vs_json_add_double(out, test->at_most ? "at-most" : "at-least", test->bound);
    }
    if (test->kind == VS_TEST_REPLAY)
        add_replay(out, test, result);
    if (result->has_finding && *ret == 0) {
        struct vs_json_out *schedule = vs_json_new_object();

        *ret = vs_check_schedule_json(result->code, &result->finding, schedule, error);
        vs_json_add(out, "schedule", schedule);
    }
    return out;
}

int vs_hypotheses_print_json(const struct vs_hypotheses_run *run, FILE *stream,
                             struct vs_error *error)
{
    struct vs_json_out *out = vs_json_new_object(), *list = vs_json_new_array();
    char why[VS_HYPOTHESIS_WHY];
    int ret = 0;

    for (size_t i = 0; i < run->count; i++) {
        const struct vs_hypothesis *hypothesis = run->hypotheses[i];
        const struct vs_hypothesis_result *result = run->results[i];
        struct vs_json_out *one = vs_json_new_object(), *tests = vs_json_new_array();

        vs_json_add_string(one, "name", hypothesis->name);
        vs_json_add_string(one, "title", hypothesis->title);
        vs_json_add_string(one, "claim", hypothesis->claim);
        vs_json_add_string(one, "source", hypothesis->source);
        vs_json_add_string(one, "verdict", vs_hypothesis_verdict_name(result->verdict));
        vs_json_add_string(one, "because", vs_hypothesis_why(hypothesis, result, why));
        vs_json_add_string(one, "rule", vs_rule_text(hypothesis->rule));
        vs_json_add_string(one, "by", vs_hypothesis_means(hypothesis));
        vs_json_add_u64(one, "agree", result->agree);
        vs_json_add_u64(one, "disagree", result->disagree);
        vs_json_add_u64(one, "undecided", result->undecided);
        vs_json_add(one, "assumptions", strings_json(hypothesis->assumptions));
        vs_json_add(one, "missing", strings_json(hypothesis->lacks));
        for (size_t t = 0; t < result->test_count; t++)
            vs_json_add(tests, NULL,
                        test_json(&hypothesis->tests[t], &result->tests[t], error, &ret));
        vs_json_add(one, "tests", tests);
        vs_json_add(list, NULL, one);
    }
    vs_json_add(out, "hypotheses", list);
    if (ret == 0)
        ret = vs_json_print(out, stream, error);
    vs_json_out_free(out);
    return ret;
}
