/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From outcomes to verdict.  Nothing else decides: a test that comes out
 * another way, under a repaired policy or in a better model, changes the verdict.
 */
#include <stdio.h>

#include "hypothesis.h"

static const char *const names[VS_VERDICT_COUNT] = {
    [VS_CONFIRMED] = "confirmed",
    [VS_CONFIRMED_IN_PART] = "in part",
    [VS_REFUTED] = "refuted",
    [VS_NOT_DECIDABLE] = "not decidable",
};

static const struct {
    const char *name, *text;
} rules[] = {
    [VS_RULE_PARTS] = {"parts",
                       "tests are parts of the claim: confirmed when all agree, refuted when none "
                       "does, else confirmed in part; a part that could not be decided leaves "
                       "\"in part\" at most; a failed control, or nothing decided, leaves \"not "
                       "decidable\""},
    [VS_RULE_ALWAYS] = {"always",
                        "the claim is meant without exception: refuted by one test that disagrees, "
                        "confirmed when all agree; a part that could not be decided leaves \"in "
                        "part\" at most; a failed control, or nothing decided, leaves \"not "
                        "decidable\""},
};

const char *vs_hypothesis_verdict_name(enum vs_hypothesis_verdict verdict)
{
    return names[verdict];
}

const char *vs_rule_name(enum vs_rule rule)
{
    return rules[rule].name;
}

const char *vs_rule_text(enum vs_rule rule)
{
    return rules[rule].text;
}

void vs_hypothesis_judge(const struct vs_hypothesis *hypothesis,
                         struct vs_hypothesis_result *result)
{
    result->agree = result->disagree = result->undecided = 0;
    result->controls = result->controls_failed = 0;
    for (size_t i = 0; i < result->test_count; i++) {
        enum vs_outcome_of_test outcome = result->tests[i].outcome;

        if (hypothesis->tests[i].control) {
            result->controls++;
            result->controls_failed += outcome != VS_TEST_AGREES;
        } else {
            result->agree += outcome == VS_TEST_AGREES;
            result->disagree += outcome == VS_TEST_DISAGREES;
            result->undecided += outcome == VS_TEST_UNDECIDED;
        }
    }
    bool open = result->undecided > 0 || hypothesis->lacks[0];

    if (result->controls_failed > 0 || result->agree + result->disagree == 0)
        result->verdict = VS_NOT_DECIDABLE;
    else if (result->agree == 0 || (hypothesis->rule == VS_RULE_ALWAYS && result->disagree > 0))
        result->verdict = VS_REFUTED;
    else if (result->disagree > 0 || open)
        result->verdict = VS_CONFIRMED_IN_PART;
    else
        result->verdict = VS_CONFIRMED;
}

char *vs_hypothesis_why(const struct vs_hypothesis *hypothesis,
                        const struct vs_hypothesis_result *result, char *buffer)
{
    size_t parts = 0;

    while (hypothesis->lacks[parts])
        parts++;
    int length =
        snprintf(buffer, VS_HYPOTHESIS_WHY, "%u agree%s, %u disagree%s", result->agree,
                 result->agree == 1 ? "s" : "", result->disagree, result->disagree == 1 ? "s" : "");

    if (result->undecided)
        length += snprintf(buffer + length, VS_HYPOTHESIS_WHY - (size_t)length,
                           ", %u could not be decided", result->undecided);
    if (parts)
        length += snprintf(buffer + length, VS_HYPOTHESIS_WHY - (size_t)length,
                           ", %zu part%s without a test", parts, parts == 1 ? "" : "s");
    if (result->controls)
        snprintf(buffer + length, VS_HYPOTHESIS_WHY - (size_t)length,
                 "; %u of %u controls as they must be", result->controls - result->controls_failed,
                 result->controls);
    return buffer;
}

const char *vs_test_kind_name(enum vs_test_kind kind)
{
    static const char *const kinds[VS_TEST_KIND_COUNT] = {[VS_TEST_CHECK] = "check",
                                                          [VS_TEST_PAIRS] = "check of all pairs",
                                                          [VS_TEST_NESTED] =
                                                              "count of nested locks",
                                                          [VS_TEST_REPLAY] = "replay"};

    return kinds[kind];
}

const char *vs_hypothesis_means(const struct vs_hypothesis *hypothesis)
{
    bool check = false, replay = false;

    for (size_t i = 0; i < hypothesis->test_count; i++) {
        replay |= hypothesis->tests[i].kind == VS_TEST_REPLAY;
        check |= hypothesis->tests[i].kind != VS_TEST_REPLAY;
    }
    return check && replay ? "both" : check ? "check" : replay ? "replay" : "nothing";
}
