/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests that explore interleavings, or read programs: scenarios, pairs, nested locks. */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define ROUNDS 2 /* of loops that are written with a count, as `vpci-sim check` has it */

/* The policy and its programs, kept with the result: a schedule is printed from them. */
static int prepare(struct vs_bench *bench, const struct vs_test *test, uint8_t rounds,
                   struct vs_test_result *result, struct vs_error *error)
{
    int ret = vs_hypothesis_policy(bench->options, test->policy, &result->tested, error);

    return ret == 0 ? vs_check_code_build(result->tested, rounds, &result->code, error) : ret;
}

/* Take the first violation that is looked for out of a search. */
static int take_finding(struct vs_bench *bench, const struct vs_test *test,
                        struct vs_check_result *found, struct vs_test_result *result,
                        struct vs_error *error)
{
    const struct vs_check_limits limits = {.states = bench->options->state_limit};

    for (int i = 0; i < VS_VIOLATION_COUNT && !result->has_finding; i++) {
        if (!((found->found & test->looks_for) >> i & 1u))
            continue;
        result->has_finding = true;
        result->finding = found->findings[i];
        found->findings[i].schedule = NULL;
    }
    if (!result->has_finding)
        return 0;
    int ret = vs_check_shorten(result->code, &limits, bench->space, &result->finding, error);

    return ret == 0 ? vs_check_describe(result->code, &result->finding, error) : ret;
}

static void count_search(const struct vs_check_search *search, struct vs_test_result *result)
{
    result->search.states += search->states;
    result->search.transitions += search->transitions;
    if (search->peak_bytes > result->search.peak_bytes)
        result->search.peak_bytes = search->peak_bytes;
    result->search.complete =
        (result->searches == 0 || result->search.complete) && search->complete;
    result->searches++;
}

static int conclude(const struct vs_test *test, struct vs_test_result *result,
                    struct vs_error *error)
{
    if (result->has_finding) {
        result->outcome = test->reached ? VS_TEST_AGREES : VS_TEST_DISAGREES;
        return vs_test_say(&result->text, error, "reached: %s in %u steps: %s",
                           vs_violation_table[result->finding.violation].name,
                           result->finding.length, result->finding.text);
    }
    if (!result->search.complete) {
        result->outcome = VS_TEST_UNDECIDED;
        return vs_test_say(&result->text, error, "the search stopped at its limit, %llu states",
                           (unsigned long long)result->search.states);
    }
    result->outcome = test->reached ? VS_TEST_DISAGREES : VS_TEST_AGREES;
    if (result->searches == 1)
        return vs_test_say(&result->text, error, "absent: in none of %llu states",
                           (unsigned long long)result->search.states);
    return vs_test_say(&result->text, error, "absent: in none of %llu pairs, %llu states",
                       (unsigned long long)result->searches,
                       (unsigned long long)result->search.states);
}

int vs_test_scenario(struct vs_bench *bench, const struct vs_test *test,
                     struct vs_test_result *result, struct vs_error *error)
{
    const struct vs_check_limits limits = {.states = bench->options->state_limit};
    const struct vs_scenario *scenario = test->scenario;
    struct vs_check_result found;
    char policy[512];

    if (scenario->not_modelled) {
        result->outcome = VS_TEST_UNDECIDED;
        return vs_test_say(&result->text, error, "scenario %s is not modelled: %s", scenario->name,
                           scenario->not_modelled);
    }
    int ret = prepare(bench, test, ROUNDS, result, error);

    if (ret == 0)
        ret = vs_check_explore(result->code, &scenario->setup, &limits, bench->space, NULL, &found,
                               error);
    if (ret < 0)
        return ret;
    count_search(&found.search, result);
    ret = take_finding(bench, test, &found, result, error);
    vs_check_result_release(&found);
    if (ret == 0)
        ret = conclude(test, result, error);
    if (ret == 0)
        ret = vs_test_say(
            &result->command, error, "vpci-sim check --policy %s --scenario %s",
            vs_hypothesis_policy_argument(bench->options, test->policy, policy, sizeof(policy)),
            test->scenario_path);
    return ret;
}

/* ----------------------------------------------------------------------- pairs */

/* Accesses, one for each program that is different to a checker. */
static size_t list_accesses(const struct vs_check_code *code, uint64_t except, enum vs_op *ops)
{
    size_t count = 0;

    for (int op = VS_OP_READ_PASSTHROUGH; op < VS_OP_COUNT; op++) {
        bool known = op == VS_OP_MAP_PENDING || !vs_op_table[op].is_access || (except >> op & 1u);

        for (size_t i = 0; !known && i < count; i++)
            known = vs_check_same_program(code, ops[i], (enum vs_op)op);
        if (!known)
            ops[count++] = (enum vs_op)op;
    }
    return count;
}

static struct vs_check_setup pair_setup(enum vs_op one, enum vs_op other, uint8_t owner,
                                        uint8_t device)
{
    struct vs_check_setup setup = {
        .device_count = 2, .domain_count = 2, .actor_count = 2, .rounds = ROUNDS};
    const enum vs_op ops[2] = {one, other};

    for (uint8_t i = 0; i < 2; i++) {
        setup.devices[i] = (struct vs_check_device){.owner = owner, .has_msix = true, .page = i};
        setup.actors[i].domain = owner;
        setup.actors[i].call_count = 1;
        setup.actors[i].calls[0] = (struct vs_check_call){
            .op = ops[i], .device = i == 0 ? 0 : device, .target = VS_CHECK_NONE};
    }
    return setup;
}

/* The pair that was found, as check --ops takes it. */
static int pair_command(struct vs_bench *bench, const struct vs_test *test,
                        struct vs_test_result *result, struct vs_error *error)
{
    const struct vs_check_actor *actors = result->finding.setup.actors;
    const char *in = actors[0].domain ? "dom1/" : "";
    char policy[512];

    return vs_test_say(
        &result->command, error, "vpci-sim check --policy %s --ops %s%s:%u,%s%s:%u",
        vs_hypothesis_policy_argument(bench->options, test->policy, policy, sizeof(policy)), in,
        vs_op_table[actors[0].calls[0].op].name, actors[0].calls[0].device, in,
        vs_op_table[actors[1].calls[0].op].name, actors[1].calls[0].device);
}

int vs_test_pairs(struct vs_bench *bench, const struct vs_test *test, struct vs_test_result *result,
                  struct vs_error *error)
{
    const struct vs_check_limits limits = {.states = bench->options->state_limit};
    enum vs_op ops[VS_OP_COUNT];
    int ret = prepare(bench, test, ROUNDS, result, error);

    if (ret < 0)
        return ret;
    size_t count = list_accesses(result->code, test->except, ops);

    for (uint8_t layout = 0; layout < 4; layout++)
        for (size_t i = 0; i < count; i++)
            for (size_t j = i; j < count && !result->has_finding; j++) {
                struct vs_check_setup setup =
                    pair_setup(ops[i], ops[j], layout & 1u, (layout >> 1) & 1u);
                struct vs_check_result found;

                ret = vs_check_explore(result->code, &setup, &limits, bench->space, NULL, &found,
                                       error);
                if (ret < 0)
                    return ret;
                count_search(&found.search, result);
                ret = take_finding(bench, test, &found, result, error);
                vs_check_result_release(&found);
                if (ret < 0)
                    return ret;
            }
    ret = conclude(test, result, error);
    return ret == 0 && result->has_finding ? pair_command(bench, test, result, error) : ret;
}

/* ---------------------------------------------------------------------- nested */

/* Steps that take a lock while it is held; *held is as it is behind the block.  A path
 * that leaves holds nothing. */
static uint32_t count_nested(const struct vs_block *block, uint8_t lock, int *held)
{
    uint32_t count = 0;

    for (size_t i = 0; i < block->count; i++) {
        const struct vs_step *step = &block->steps[i];
        bool ours = step->lock == lock;
        int body = *held, orelse = *held;

        if (step->kind == VS_STEP_LEAVE) {
            *held = 0;
            return count;
        }
        if (step->kind == VS_STEP_UNLOCK && ours)
            (*held)--;
        if ((step->kind == VS_STEP_LOCK || step->kind == VS_STEP_TRY) && ours)
            count += *held > 0;
        if (step->kind == VS_STEP_LOCK && ours)
            (*held)++;
        if (step->kind == VS_STEP_TRY && ours)
            body++;
        count += count_nested(&step->body, lock, &body);
        count += count_nested(&step->orelse, lock, &orelse);
        if (step->body.count > 0 || step->kind == VS_STEP_TRY)
            *held = body > orelse ? body : orelse;
    }
    return count;
}

int vs_test_nested(struct vs_bench *bench, const struct vs_test *test,
                   struct vs_test_result *result, struct vs_error *error)
{
    int ret = vs_hypothesis_policy(bench->options, test->policy, &result->tested, error);
    uint32_t operations = 0, steps = 0;
    const struct vs_policy *policy = result->tested;
    size_t lock = 0;

    if (ret < 0)
        return ret;
    while (lock < policy->lock_count && strcmp(policy->locks[lock].name, test->lock) != 0)
        lock++;
    if (lock == policy->lock_count)
        return vs_error_set(error, VS_ERR_INPUT, "policy %s has no lock \"%s\"", policy->name,
                            test->lock);
    for (int op = 0; op < VS_OP_COUNT; op++) {
        int held = 0;
        uint32_t nested = count_nested(&policy->programs[op].steps, (uint8_t)lock, &held);

        operations += nested > 0;
        steps += nested;
    }
    result->value = operations;
    result->outcome = (test->at_most ? result->value <= test->bound : result->value >= test->bound)
                          ? VS_TEST_AGREES
                          : VS_TEST_DISAGREES;
    char argument[512];

    ret = vs_test_say(&result->text, error,
                      "%u of %d operations take %s while they hold it, in %u places", operations,
                      VS_OP_COUNT, test->lock, steps);
    if (ret == 0)
        ret = vs_test_say(&result->command, error, "vpci-sim show %s",
                          vs_hypothesis_policy_argument(bench->options, test->policy, argument,
                                                        sizeof(argument)));
    return ret;
}
