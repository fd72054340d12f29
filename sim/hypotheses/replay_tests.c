/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests that replay a synthetic workload and compare a number. */
#include <stdlib.h>
#include <string.h>

#include "engine/engine.h"
#include "internal.h"

/* The replay of one side: an earlier one where it is the same. */
static int replay(struct vs_bench *bench, const struct vs_replay_side *side,
                  const struct vs_done_replay **done, struct vs_error *error)
{
    const struct vs_engine_options options = {.timing = VS_TIMING_CLOSED, .cpus = side->cpus};

    for (size_t i = 0; i < bench->replay_count; i++) {
        const struct vs_done_replay *known = &bench->replays[i];

        if (known->workload == side->workload && known->cpus == side->cpus &&
            strcmp(known->policy_name, side->policy) == 0) {
            *done = known;
            return 0;
        }
    }
    struct vs_done_replay *made = &bench->replays[bench->replay_count++];

    *made = (struct vs_done_replay){
        .workload = side->workload, .policy_name = side->policy, .cpus = side->cpus};
    int ret = vs_hypothesis_policy(bench->options, side->policy, &made->policy, error);

    if (ret == 0)
        ret = vs_machine_load(side->workload->machine, &made->machine, error);
    if (ret == 0)
        ret = vs_engine_replay(side->workload->made, made->policy, made->machine, &options,
                               &made->result, error);
    *done = made;
    return ret;
}

/* A workload's own CPU count unless told: one a vCPU. */
static uint32_t cpus_of(const struct vs_replay_side *side)
{
    return side->cpus ? side->cpus : (uint32_t)side->workload->made->actor_count;
}

static int say_setup(const struct vs_test *test, const struct vs_done_replay *done,
                     struct vs_test_result *result, struct vs_error *error)
{
    const struct vs_synthetic *workload = test->side.workload;
    const struct vs_replay_side *other = &test->against;
    char against[256] = "";

    if (test->has_against && other->workload != workload)
        snprintf(against, sizeof(against), "; against workload %s (%s, seed %llu)",
                 other->workload->name, other->workload->about,
                 (unsigned long long)other->workload->seed);
    else if (test->has_against && cpus_of(other) != cpus_of(&test->side))
        snprintf(against, sizeof(against), "; against %u pCPUs", cpus_of(other));
    return vs_test_say(&result->setup, error,
                       "synthetic: %s (%s, seed %llu, %zu calls); machine %s, %u pCPUs, %u of its "
                       "numbers assumptions; closed timing%s",
                       workload->name, workload->about, (unsigned long long)workload->seed,
                       workload->made->call_count, workload->machine, cpus_of(&test->side),
                       done->machine->assumption_count, against);
}

static int say_value(const struct vs_test *test, struct vs_test_result *result,
                     struct vs_error *error)
{
    const struct vs_replay_side *one = &test->side, *other = &test->against;
    char first[VS_METRIC_TEXT], second[VS_METRIC_TEXT], bound[VS_METRIC_TEXT];
    const char *word = test->at_most ? "at most" : "at least";

    vs_metric_text(&one->metric, result->sides[0], first);
    if (!test->has_against)
        return vs_test_say(&result->text, error, "%s under %s: %s, expected %s %s",
                           one->metric.text, one->policy, first, word,
                           vs_metric_text(&one->metric, test->bound, bound));
    vs_metric_text(&other->metric, result->sides[1], second);
    bool same_metric = strcmp(one->metric.text, other->metric.text) == 0;
    bool same_policy = strcmp(one->policy, other->policy) == 0;

    return vs_test_say(&result->text, error,
                       "%s under %s %s against %s%s%s%s%s: %.3g times, expected %s %.3g",
                       one->metric.text, one->policy, first, second, same_metric ? "" : " ",
                       same_metric ? "" : other->metric.text, same_policy ? "" : " under ",
                       same_policy ? "" : other->policy, result->value, word, test->bound);
}

static int conclude(const struct vs_test *test, struct vs_test_result *result,
                    struct vs_error *error)
{
    if (test->has_against && result->sides[1] <= 0) {
        result->outcome = VS_TEST_UNDECIDED;
        return vs_test_say(&result->text, error, "%s is 0 under %s: nothing to compare with",
                           test->against.metric.text, test->against.policy);
    }
    result->value = test->has_against ? result->sides[0] / result->sides[1] : result->sides[0];
    result->outcome = (test->at_most ? result->value <= test->bound : result->value >= test->bound)
                          ? VS_TEST_AGREES
                          : VS_TEST_DISAGREES;
    return say_value(test, result, error);
}

int vs_test_replay(struct vs_bench *bench, const struct vs_test *test,
                   struct vs_test_result *result, struct vs_error *error)
{
    const struct vs_replay_side *sides[2] = {&test->side, &test->against};
    const struct vs_done_replay *first = NULL;
    int ret = 0;

    for (int i = 0; ret == 0 && i < (test->has_against ? 2 : 1); i++) {
        const struct vs_done_replay *done = NULL;

        ret = replay(bench, sides[i], &done, error);
        if (ret == 0 && i == 0) {
            first = done;
            ret = say_setup(test, first, result, error);
        }
        if (ret == 0 && done->result->outcome != VS_OUTCOME_DONE) {
            result->outcome = VS_TEST_UNDECIDED;
            return vs_test_say(&result->text, error,
                               "the replay under %s ended in a deadlock: no number",
                               sides[i]->policy);
        }
        if (ret == 0)
            ret = vs_metric_value(&sides[i]->metric, done->result, done->policy, &result->sides[i],
                                  error);
    }
    return ret == 0 ? conclude(test, result, error) : ret;
}

void vs_bench_release(struct vs_bench *bench)
{
    for (size_t i = 0; i < bench->replay_count; i++) {
        vs_result_free(bench->replays[i].result);
        vs_machine_free(bench->replays[i].machine);
        vs_policy_free(bench->replays[i].policy);
    }
    vs_check_space_free(bench->space);
}
