/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hypothesis files: read and checked, every string where the file has it. */
#include "hypothesis.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "texts.h"

#define TESTS_MAX 16
#define NOTES_MAX 8

const char *const *vs_hypothesis_names(void)
{
    return vs_text_names(VS_TEXT_HYPOTHESIS);
}

static int no_memory(struct vs_error *error)
{
    return vs_error_set(error, VS_ERR_MEMORY, "out of memory");
}

static int read_string(const struct vs_json *at, const char *key, const char **value,
                       struct vs_error *error)
{
    struct vs_json member = vs_json_member(at, key);

    return vs_json_string(&member, value, error);
}

/* An array of sentences, NULL-terminated; absent is empty. */
static int read_strings(const struct vs_json *at, const char *key, const char ***values,
                        struct vs_error *error)
{
    struct vs_json list = vs_json_member(at, key);
    size_t count = vs_json_count(&list);
    int ret =
        vs_json_kind(&list) == VS_JSON_ABSENT ? 0 : vs_json_expect(&list, VS_JSON_ARRAY, error);

    if (ret == 0 && count > NOTES_MAX)
        ret = vs_json_refuse(&list, error, "expected at most %d", NOTES_MAX);
    *values = calloc(NOTES_MAX + 1, sizeof(**values));
    if (!*values)
        return no_memory(error);
    for (size_t i = 0; ret == 0 && i < count; i++) {
        struct vs_json item = vs_json_item(&list, i);

        ret = vs_json_string(&item, &(*values)[i], error);
    }
    return ret;
}

/* ----------------------------------------------------------------------- tests */

static int read_expected(const struct vs_json *at, struct vs_test *test, struct vs_error *error)
{
    struct vs_json expect = vs_json_member(at, "expect");
    const char *word;
    int ret = vs_json_string(&expect, &word, error);

    if (ret == 0 && strcmp(word, "reached") != 0 && strcmp(word, "absent") != 0)
        ret = vs_json_refuse(&expect, error, "expected reached or absent, found \"%s\"", word);
    if (ret == 0)
        test->reached = strcmp(word, "reached") == 0;
    return ret;
}

static int load_scenario(const struct vs_json *at, struct vs_test *test, struct vs_error *error)
{
    struct vs_json member = vs_json_member(at, "scenario");
    const char *name;
    int ret = vs_json_string(&member, &name, error);

    if (ret < 0)
        return ret;
    const char *own = vs_text_of(VS_TEXT_SCENARIO, name);
    struct vs_error inner = VS_ERROR_INIT;

    snprintf(test->scenario_path, sizeof(test->scenario_path), "%s%s%s",
             own ? "sim/hypotheses/scenarios/" : "", name, own ? ".json" : "");
    ret = own ? vs_scenario_parse(own, name, &test->scenario, &inner)
              : vs_scenario_load(name, &test->scenario, &inner);
    if (ret == VS_ERR_USAGE)
        return vs_json_refuse(&member, error, "%s", inner.text);
    if (ret < 0 && error)
        *error = inner;
    return ret;
}

static int read_check(const struct vs_json *at, struct vs_test *test, struct vs_error *error)
{
    static const char *const members[] = {"policy", "scenario", NULL};
    int ret = vs_json_only(at, members, error);

    if (ret == 0)
        ret = load_scenario(at, test, error);
    if (ret == 0)
        test->looks_for = test->scenario->looks_for;
    return ret;
}

static int read_pairs(const struct vs_json *at, struct vs_test *test, struct vs_error *error)
{
    static const char *const members[] = {"policy", "except", NULL};
    struct vs_json except = vs_json_member(at, "except");
    int ret = vs_json_only(at, members, error);

    if (ret == 0 && vs_json_kind(&except) != VS_JSON_ABSENT)
        ret = vs_json_expect(&except, VS_JSON_ARRAY, error);
    for (size_t i = 0; ret == 0 && i < vs_json_count(&except); i++) {
        struct vs_json item = vs_json_item(&except, i);
        const char *name;

        ret = vs_json_string(&item, &name, error);
        int op = ret == 0 ? vs_op_from_name(name) : -1;

        if (ret == 0 && op < 0)
            ret = vs_json_refuse(&item, error, "unknown operation \"%s\"", name);
        if (ret == 0)
            test->except |= UINT64_C(1) << op;
    }
    test->looks_for = UINT32_MAX;
    return ret;
}

static int read_nested(const struct vs_json *at, struct vs_test *test, struct vs_error *error)
{
    static const char *const members[] = {"policy", "lock", NULL};
    int ret = vs_json_only(at, members, error);

    return ret == 0 ? read_string(at, "lock", &test->lock, error) : ret;
}

/* One side of a replay; what it does not name is as in *side before. */
static int read_side(const struct vs_hypothesis *hypothesis, const struct vs_json *at, bool whole,
                     struct vs_replay_side *side, struct vs_error *error)
{
    static const char *const members[] = {"workload", "policy", "metric", "cpus", NULL};
    struct vs_json workload = vs_json_member(at, "workload"), metric = vs_json_member(at, "metric");
    struct vs_json cpus = vs_json_member(at, "cpus"), policy = vs_json_member(at, "policy");
    const char *name = NULL;
    uint64_t count = side->cpus;
    int ret = vs_json_only(at, members, error);

    if (ret == 0 && (whole || vs_json_kind(&workload) != VS_JSON_ABSENT)) {
        ret = vs_json_string(&workload, &name, error);
        side->workload = NULL;
        for (size_t i = 0; ret == 0 && i < hypothesis->workload_count; i++)
            if (strcmp(hypothesis->workloads[i]->name, name) == 0)
                side->workload = hypothesis->workloads[i];
        if (ret == 0 && !side->workload)
            ret = vs_json_refuse(&workload, error, "unknown workload \"%s\"", name);
    }
    if (ret == 0 && (whole || vs_json_kind(&policy) != VS_JSON_ABSENT))
        ret = vs_json_string(&policy, &side->policy, error);
    if (ret == 0 && (whole || vs_json_kind(&metric) != VS_JSON_ABSENT))
        ret = vs_metric_read(&metric, &side->metric, error);
    if (ret == 0 && vs_json_kind(&cpus) != VS_JSON_ABSENT)
        ret = vs_json_u64(&cpus, 0, 4096, &count, error);
    side->cpus = (uint32_t)count;
    return ret;
}

static int read_replay(const struct vs_hypothesis *hypothesis, const struct vs_json *test_at,
                       const struct vs_json *at, struct vs_test *test, struct vs_error *error)
{
    struct vs_json against = vs_json_member(test_at, "against");
    int ret = read_side(hypothesis, at, true, &test->side, error);

    test->has_against = vs_json_kind(&against) != VS_JSON_ABSENT;
    test->against = test->side;
    if (ret == 0 && test->has_against)
        ret = vs_json_expect(&against, VS_JSON_OBJECT, error);
    if (ret == 0 && test->has_against)
        ret = read_side(hypothesis, &against, false, &test->against, error);
    if (ret == 0 && vs_metric_unit(&test->side.metric) != vs_metric_unit(&test->against.metric))
        ret = vs_json_refuse(&against, error, "another unit than what it is compared with");
    return ret;
}

static int read_bound(const struct vs_json *at, struct vs_test *test, struct vs_error *error)
{
    struct vs_json least = vs_json_member(at, "at-least"), most = vs_json_member(at, "at-most");

    test->at_most = vs_json_kind(&most) != VS_JSON_ABSENT;
    if (test->at_most && vs_json_kind(&least) != VS_JSON_ABSENT)
        return vs_json_refuse(&least, error, "at-least or at-most, not both");
    return vs_json_double(test->at_most ? &most : &least, 0, 1e15, &test->bound, error);
}

static int read_role(const struct vs_json *at, struct vs_test *test, struct vs_error *error)
{
    struct vs_json role = vs_json_member(at, "role");
    const char *word;

    if (vs_json_kind(&role) == VS_JSON_ABSENT)
        return 0;
    int ret = vs_json_string(&role, &word, error);

    if (ret == 0 && strcmp(word, "control") != 0)
        ret = vs_json_refuse(&role, error, "expected control, found \"%s\"", word);
    test->control = ret == 0;
    return ret;
}

static int read_test(const struct vs_hypothesis *hypothesis, const struct vs_json *at,
                     struct vs_test *test, struct vs_error *error)
{
    static const char *const keys[VS_TEST_KIND_COUNT] = {"check", "pairs", "nested", "replay"};
    static const char *const members[] = {"says",    "role",   "check",   "pairs",
                                          "nested",  "replay", "against", "at-least",
                                          "at-most", "expect", NULL};
    struct vs_json body = {0};
    int kinds = 0, ret = vs_json_only(at, members, error);

    if (ret == 0)
        ret = read_string(at, "says", &test->says, error);
    if (ret == 0)
        ret = read_role(at, test, error);
    for (int i = 0; ret == 0 && i < VS_TEST_KIND_COUNT; i++) {
        struct vs_json member = vs_json_member(at, keys[i]);

        if (vs_json_kind(&member) == VS_JSON_ABSENT)
            continue;
        body = member;
        test->kind = (enum vs_test_kind)i;
        kinds++;
    }
    if (ret == 0 && kinds != 1)
        ret = vs_json_refuse(at, error, "expected one of check, pairs, nested and replay");
    if (ret == 0)
        ret = vs_json_expect(&body, VS_JSON_OBJECT, error);
    if (ret == 0)
        ret = read_string(&body, "policy", &test->policy, error);
    if (ret == 0)
        ret = test->kind == VS_TEST_CHECK    ? read_check(&body, test, error)
              : test->kind == VS_TEST_PAIRS  ? read_pairs(&body, test, error)
              : test->kind == VS_TEST_NESTED ? read_nested(&body, test, error)
                                             : read_replay(hypothesis, at, &body, test, error);
    if (ret < 0)
        return ret;
    return test->kind == VS_TEST_CHECK || test->kind == VS_TEST_PAIRS
               ? read_expected(at, test, error)
               : read_bound(at, test, error);
}

/* ------------------------------------------------------------------------ whole */

static int read_workloads(const struct vs_json *root, struct vs_hypothesis *hypothesis,
                          struct vs_error *error)
{
    struct vs_json all = vs_json_member(root, "workloads");
    size_t count = vs_json_count(&all);
    int ret =
        vs_json_kind(&all) == VS_JSON_ABSENT ? 0 : vs_json_expect(&all, VS_JSON_OBJECT, error);

    hypothesis->workloads = calloc(count + 1, sizeof(*hypothesis->workloads));
    if (!hypothesis->workloads)
        return no_memory(error);
    for (size_t i = 0; ret == 0 && i < count; i++) {
        struct vs_json one = vs_json_member_at(&all, i);

        ret = vs_synthetic_read(&one, &hypothesis->workloads[i], error);
        hypothesis->workload_count += ret == 0;
    }
    return ret;
}

static int read_rule(const struct vs_json *root, struct vs_hypothesis *hypothesis,
                     struct vs_error *error)
{
    struct vs_json member = vs_json_member(root, "rule");
    const char *word;
    int ret = vs_json_string(&member, &word, error);

    for (int i = VS_RULE_PARTS; ret == 0 && i <= VS_RULE_ALWAYS; i++)
        if (strcmp(word, vs_rule_name((enum vs_rule)i)) == 0) {
            hypothesis->rule = (enum vs_rule)i;
            return 0;
        }
    return ret < 0 ? ret
                   : vs_json_refuse(&member, error, "expected parts or always, found \"%s\"", word);
}

static int read_tests(const struct vs_json *root, struct vs_hypothesis *hypothesis,
                      struct vs_error *error)
{
    struct vs_json list = vs_json_member(root, "tests");
    int ret = vs_json_expect(&list, VS_JSON_ARRAY, error);

    if (ret == 0 && vs_json_count(&list) > TESTS_MAX)
        ret = vs_json_refuse(&list, error, "expected at most %d tests", TESTS_MAX);
    if (ret < 0)
        return ret;
    hypothesis->tests = calloc(TESTS_MAX, sizeof(*hypothesis->tests));
    if (!hypothesis->tests)
        return no_memory(error);
    for (size_t i = 0; ret == 0 && i < vs_json_count(&list); i++) {
        struct vs_json item = vs_json_item(&list, i);

        hypothesis->test_count++;
        ret = read_test(hypothesis, &item, &hypothesis->tests[i], error);
    }
    if (ret == 0 && hypothesis->test_count == 0 && !hypothesis->lacks[0])
        ret = vs_json_refuse(&list, error, "no test: say in \"lacks\" what is missing");
    return ret;
}

static int read_hypothesis(struct vs_hypothesis *hypothesis, struct vs_error *error)
{
    static const char *const members[] = {"name",  "title",       "claim",     "source", "rule",
                                          "lacks", "assumptions", "workloads", "tests",  NULL};
    struct vs_json root = vs_json_root(hypothesis->doc);
    int ret = vs_json_expect(&root, VS_JSON_OBJECT, error);

    if (ret == 0)
        ret = vs_json_only(&root, members, error);
    if (ret == 0)
        ret = read_string(&root, "name", &hypothesis->name, error);
    if (ret == 0)
        ret = read_string(&root, "title", &hypothesis->title, error);
    if (ret == 0)
        ret = read_string(&root, "claim", &hypothesis->claim, error);
    if (ret == 0)
        ret = read_string(&root, "source", &hypothesis->source, error);
    if (ret == 0)
        ret = read_rule(&root, hypothesis, error);
    if (ret == 0)
        ret = read_strings(&root, "lacks", &hypothesis->lacks, error);
    if (ret == 0)
        ret = read_strings(&root, "assumptions", &hypothesis->assumptions, error);
    if (ret == 0)
        ret = read_workloads(&root, hypothesis, error);
    if (ret == 0)
        ret = read_tests(&root, hypothesis, error);
    return ret;
}

int vs_hypothesis_load(const char *name_or_path, struct vs_hypothesis **hypothesis,
                       struct vs_error *error)
{
    struct vs_hypothesis *made = calloc(1, sizeof(*made));
    const char *text = vs_text_of(VS_TEXT_HYPOTHESIS, name_or_path);
    int ret;

    *hypothesis = NULL;
    if (!made)
        return no_memory(error);
    if (text)
        ret = vs_json_parse(text, strlen(text), name_or_path, &made->doc, error);
    else if (access(name_or_path, F_OK) == 0)
        ret = vs_json_parse_file(name_or_path, &made->doc, error);
    else
        ret = vs_error_set(error, VS_ERR_USAGE,
                           "no hypothesis \"%s\" ships (H1 to H20 do) and no file is called so",
                           name_or_path);
    if (ret == 0)
        ret = read_hypothesis(made, error);
    if (ret < 0)
        vs_hypothesis_free(made);
    else
        *hypothesis = made;
    return ret;
}

void vs_hypothesis_free(struct vs_hypothesis *hypothesis)
{
    if (!hypothesis)
        return;
    for (size_t i = 0; i < hypothesis->test_count; i++)
        vs_scenario_free(hypothesis->tests[i].scenario);
    for (size_t i = 0; i < hypothesis->workload_count; i++)
        vs_synthetic_free(hypothesis->workloads[i]);
    free(hypothesis->tests);
    free(hypothesis->workloads);
    free(hypothesis->lacks);
    free(hypothesis->assumptions);
    vs_json_doc_free(hypothesis->doc);
    free(hypothesis);
}
