/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `vpci-sim hypotheses` prints for a person. */
#include "hypotheses_run.h"
#include "table.h"

const char *vs_test_outcome_name(enum vs_outcome_of_test outcome)
{
    static const char *const names[] = {[VS_TEST_AGREES] = "agrees",
                                        [VS_TEST_DISAGREES] = "disagrees",
                                        [VS_TEST_UNDECIDED] = "undecided"};

    return names[outcome];
}

/* Parts that no test decides. */
static uint32_t open_parts(const struct vs_hypothesis *hypothesis,
                           const struct vs_hypothesis_result *result)
{
    uint32_t count = result->undecided;

    for (size_t i = 0; hypothesis->lacks[i]; i++)
        count++;
    return count;
}

void vs_hypotheses_print_table(const struct vs_hypotheses_run *run, FILE *stream)
{
    fprintf(stream, "%-4s %-13s %-6s %5s  %s\n", "", "verdict", "by", "tests", "claim");
    for (size_t i = 0; i < run->count; i++) {
        const struct vs_hypothesis *hypothesis = run->hypotheses[i];
        const struct vs_hypothesis_result *result = run->results[i];
        uint32_t all = result->agree + result->disagree + open_parts(hypothesis, result);

        fprintf(stream, "%-4s %-13s %-6s %2u/%-2u  %s\n", hypothesis->name,
                vs_hypothesis_verdict_name(result->verdict), vs_hypothesis_means(hypothesis),
                result->agree, all, hypothesis->title);
    }
    fputs(
        "\n     verdict  follows from the tests by a rule that each hypothesis prints with it\n"
        "     by       check: every interleaving within bounds; replay: synthetic workloads in\n"
        "              virtual time\n"
        "     tests    parts of the claim that came out as it says, of all its parts; those that\n"
        "              nothing here can decide count among all\n"
        "     Verdicts on pci-lock are verdicts in this model of Xen commit c447b7308b.\n",
        stream);
}

static int print_test(const struct vs_test *test, const struct vs_test_result *result,
                      bool schedules, FILE *stream, struct vs_error *error)
{
    char label[64];

    snprintf(label, sizeof(label), "  %-9s ", vs_test_outcome_name(result->outcome));
    vs_table_wrap(stream, label, test->says);
    vs_table_wrap(stream, test->control ? "  control     " : "              ", result->text);
    if (result->command)
        fprintf(stream, "              $ %s\n", result->command);
    if (result->setup)
        vs_table_wrap(stream, "              ", result->setup);
    if (!schedules || !result->has_finding)
        return 0;
    fputc('\n', stream);
    int ret = vs_check_schedule_print(result->code, &result->finding, stream, error);

    fputc('\n', stream);
    return ret;
}

int vs_hypotheses_print_one(const struct vs_hypothesis *hypothesis,
                            const struct vs_hypothesis_result *result, bool schedules, FILE *stream,
                            struct vs_error *error)
{
    char why[VS_HYPOTHESIS_WHY];
    int ret = 0;

    fprintf(stream, "%s: %s\n", hypothesis->name, hypothesis->title);
    vs_table_wrap(stream, "  claim     ", hypothesis->claim);
    vs_table_wrap(stream, "  source    ", hypothesis->source);
    fprintf(stream, "  verdict   %s: %s\n", vs_hypothesis_verdict_name(result->verdict),
            vs_hypothesis_why(hypothesis, result, why));
    vs_table_wrap(stream, "  rule      ", vs_rule_text(hypothesis->rule));
    for (size_t i = 0; hypothesis->assumptions[i]; i++)
        vs_table_wrap(stream, "  assumes   ", hypothesis->assumptions[i]);
    for (size_t i = 0; hypothesis->lacks[i]; i++)
        vs_table_wrap(stream, "  missing   ", hypothesis->lacks[i]);
    for (size_t i = 0; ret == 0 && i < result->test_count; i++)
        ret = print_test(&hypothesis->tests[i], &result->tests[i], schedules, stream, error);
    fputc('\n', stream);
    return ret;
}
