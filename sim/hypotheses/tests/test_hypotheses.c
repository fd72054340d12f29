/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Verdicts come from outcomes, and outcomes from what is run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hypotheses/hypothesis.h"

static char *source_path(const char *name, char *buffer, size_t size)
{
    snprintf(buffer, size, "%s/%s", getenv("VS_SOURCE_DIR"), name);
    return buffer;
}

/* A shipped hypothesis with one policy replaced by a file of the tree, or none. */
static struct vs_hypothesis_result *run(const char *name, const char *policy, const char *file)
{
    char path[512];
    const struct vs_replacement replacement = {
        .name = policy, .file = file ? source_path(file, path, sizeof(path)) : NULL};
    const struct vs_hypothesis_options options = {.replacements = &replacement,
                                                  .replacement_count = policy ? 1 : 0};
    struct vs_hypothesis *hypothesis = NULL;
    struct vs_hypothesis_result *result = NULL;
    struct vs_error error = VS_ERROR_INIT;

    if (vs_hypothesis_load(name, &hypothesis, &error) < 0 ||
        vs_hypothesis_run(hypothesis, &options, &result, &error) < 0)
        fail_msg("%s: %s", name, error.text);
    vs_hypothesis_free(hypothesis);
    return result;
}

static void assert_verdict(const char *name, const char *policy, const char *file,
                           enum vs_hypothesis_verdict expected)
{
    struct vs_hypothesis_result *result = run(name, policy, file);

    if (result->verdict != expected)
        fail_msg("%s with %s replaced: %s, expected %s", name, policy ? policy : "nothing",
                 vs_hypothesis_verdict_name(result->verdict), vs_hypothesis_verdict_name(expected));
    vs_hypothesis_result_free(result);
}

static void a_replaced_policy_changes_the_verdict_of_a_search(void **state)
{
    (void)state;
    assert_verdict("H2", NULL, NULL, VS_CONFIRMED);
    assert_verdict("H2", "domain-rwlock-nested", "sim/policies/pcidevs-rwlock.json", VS_REFUTED);
    assert_verdict("H19", NULL, NULL, VS_CONFIRMED);
    assert_verdict("H19", "pci-lock", "sim/policies/pci-lock-fixed.json", VS_CONFIRMED_IN_PART);
    assert_verdict("H13", NULL, NULL, VS_CONFIRMED);
    assert_verdict("H13", "domain-rwlock", "sim/policies/pci-lock.json", VS_CONFIRMED_IN_PART);
}

static void a_replaced_policy_changes_the_verdict_of_a_replay(void **state)
{
    (void)state;
    assert_verdict("H18", NULL, NULL, VS_CONFIRMED);
    /* Reading for MSI-X writes: nobody waits for the vectors any more. */
    assert_verdict("H18", "pci-lock", "sim/policies/pci-lock-bars.json", VS_CONFIRMED_IN_PART);
    assert_verdict("H17", "pcidevs-spin", "sim/policies/none.json", VS_CONFIRMED_IN_PART);
}

static void a_failed_control_leaves_it_undecided(void **state)
{
    (void)state;
    /* The control says that the patch's write mode does not deadlock; nested reading does. */
    assert_verdict("H2", "domain-rwlock", "sim/policies/domain-rwlock-nested.json",
                   VS_NOT_DECIDABLE);
}

static void a_search_that_stops_decides_nothing(void **state)
{
    const struct vs_hypothesis_options options = {.state_limit = 5};
    struct vs_hypothesis *hypothesis = NULL;
    struct vs_hypothesis_result *result = NULL;

    (void)state;
    assert_int_equal(vs_hypothesis_load("H2", &hypothesis, NULL), 0);
    assert_int_equal(vs_hypothesis_run(hypothesis, &options, &result, NULL), 0);
    assert_int_equal(result->tests[0].outcome, VS_TEST_UNDECIDED);
    assert_int_equal(result->verdict, VS_NOT_DECIDABLE);
    vs_hypothesis_result_free(result);
    vs_hypothesis_free(hypothesis);
}

static void running_again_gives_the_same(void **state)
{
    (void)state;
    struct vs_hypothesis_result *one = run("H12", NULL, NULL), *two = run("H12", NULL, NULL);

    assert_int_equal(one->test_count, two->test_count);
    for (size_t i = 0; i < one->test_count; i++) {
        assert_string_equal(one->tests[i].text, two->tests[i].text);
        assert_true(one->tests[i].value > two->tests[i].value - 1e-12 &&
                    one->tests[i].value < two->tests[i].value + 1e-12);
    }
    vs_hypothesis_result_free(one);
    vs_hypothesis_result_free(two);
}

/* ---------------------------------------------------------------------- the rule */

struct row {
    enum vs_rule rule;
    bool lacks;
    const char *outcomes; /* a agrees, d disagrees, u undecided; capitals are controls */
    enum vs_hypothesis_verdict expected;
};

static void verdicts_follow_from_outcomes_by_the_rule(void **state)
{
    static const struct row rows[] = {
        {VS_RULE_PARTS, false, "aa", VS_CONFIRMED},
        {VS_RULE_PARTS, false, "ad", VS_CONFIRMED_IN_PART},
        {VS_RULE_PARTS, false, "dd", VS_REFUTED},
        {VS_RULE_PARTS, false, "au", VS_CONFIRMED_IN_PART},
        {VS_RULE_PARTS, false, "uu", VS_NOT_DECIDABLE},
        {VS_RULE_PARTS, false, "", VS_NOT_DECIDABLE},
        {VS_RULE_PARTS, true, "aa", VS_CONFIRMED_IN_PART},
        {VS_RULE_PARTS, true, "", VS_NOT_DECIDABLE},
        {VS_RULE_PARTS, false, "aA", VS_CONFIRMED},
        {VS_RULE_PARTS, false, "aD", VS_NOT_DECIDABLE},
        {VS_RULE_PARTS, false, "aU", VS_NOT_DECIDABLE},
        {VS_RULE_PARTS, false, "A", VS_NOT_DECIDABLE},
        {VS_RULE_ALWAYS, false, "aaad", VS_REFUTED},
        {VS_RULE_ALWAYS, true, "aaad", VS_REFUTED},
        {VS_RULE_ALWAYS, false, "aaau", VS_CONFIRMED_IN_PART},
        {VS_RULE_ALWAYS, false, "aaa", VS_CONFIRMED},
    };
    static const char *missing[] = {"a part", NULL}, *none[] = {NULL};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct vs_test tests[8] = {0};
        struct vs_test_result results[8] = {0};
        const char *outcomes = rows[i].outcomes;
        struct vs_hypothesis hypothesis = {.rule = rows[i].rule,
                                           .lacks = rows[i].lacks ? missing : none,
                                           .tests = tests,
                                           .test_count = strlen(outcomes)};
        struct vs_hypothesis_result result = {.tests = results, .test_count = strlen(outcomes)};

        for (size_t t = 0; outcomes[t]; t++) {
            char lower = (char)(outcomes[t] | 0x20);

            tests[t].control = outcomes[t] != lower;
            results[t].outcome = lower == 'a'   ? VS_TEST_AGREES
                                 : lower == 'd' ? VS_TEST_DISAGREES
                                                : VS_TEST_UNDECIDED;
        }
        vs_hypothesis_judge(&hypothesis, &result);
        if (result.verdict != rows[i].expected)
            fail_msg("\"%s\", rule %s: %s, expected %s", outcomes, vs_rule_name(rows[i].rule),
                     vs_hypothesis_verdict_name(result.verdict),
                     vs_hypothesis_verdict_name(rows[i].expected));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_replaced_policy_changes_the_verdict_of_a_search),
        cmocka_unit_test(a_replaced_policy_changes_the_verdict_of_a_replay),
        cmocka_unit_test(a_failed_control_leaves_it_undecided),
        cmocka_unit_test(a_search_that_stops_decides_nothing),
        cmocka_unit_test(running_again_gives_the_same),
        cmocka_unit_test(verdicts_follow_from_outcomes_by_the_rule),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
