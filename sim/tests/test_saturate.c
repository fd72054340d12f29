/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The search for saturation with a made-up batch: p99 as a function of the load
 * that the test chooses, also one that does not grow throughout.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "saturate.h"

/* p99 in ns at a load, 0 for a deadlock. */
static vs_ns (*latency_at)(double load);
static size_t runs;

int vs_batch_find(struct vs_batch *batch, struct vs_point *points, size_t count,
                  struct vs_error *error)
{
    (void)batch;
    (void)points;
    (void)error;
    runs += count;
    return 0;
}

int vs_batch_run(struct vs_batch *batch, struct vs_point *points, size_t count, int *signal_number,
                 struct vs_error *error)
{
    bool by_clones = batch->base_load.clones > 0;

    (void)signal_number;
    (void)error;
    for (size_t i = 0; i < count; i++) {
        double load = by_clones ? points[i].load.clones : points[i].load.speed;
        vs_ns p99_ns = latency_at(load);

        points[i].summary.outcome = p99_ns ? VS_OUTCOME_DONE : VS_OUTCOME_DEADLOCK;
        /* Replica 1 is the slowest. */
        points[i].summary.p99_ns = p99_ns + (points[i].load.replica == 1 ? 100 : 0);
    }
    return 0;
}

void vs_summary_release(struct vs_summary *summary)
{
    (void)summary;
}

static vs_ns linear(double load)
{
    return (vs_ns)(1000 * load);
}

static vs_ns dips(double load)
{
    return load > 20 && load < 100 ? 50000 : 1000;
}

static vs_ns locks_up(double load)
{
    return load < 7.5 ? 10 : 0;
}

static struct vs_saturate_answer search(struct vs_saturate_request *request,
                                        vs_ns (*latency)(double load))
{
    struct vs_policy policy = {.name = (char *)"made-up"};
    struct vs_policy *policies[] = {&policy};
    struct vs_batch batch = {.base_load = {.clones = request->by_clones}};
    struct vs_saturate_answer *answers = NULL, answer;
    int signal_number = 0;

    request->policies = policies;
    request->policy_count = 1;
    latency_at = latency;
    runs = 0;
    assert_int_equal(vs_saturate(request, &batch, &answers, &signal_number, NULL), 0);
    answer = *answers;
    for (size_t i = 1; i < answer.probe_count; i++)
        assert_true(answer.probes[i - 1].load < answer.probes[i].load);
    assert_int_equal(runs, answer.probe_count * request->replicas);
    answer.probes = NULL;
    vs_saturate_free(answers, 1);
    return answer;
}

static void the_gap_is_halved_to_the_tolerance(void **state)
{
    struct vs_saturate_request request = {
        .lowest = 1, .highest = 1024, .tolerance = 0.01, .bound_ns = 37000, .replicas = 1};
    struct vs_saturate_answer answer = search(&request, linear);

    (void)state;
    assert_true(answer.kept <= 37 && answer.broken > 37);
    assert_true(answer.broken <= answer.kept * 1.01);
    assert_true(answer.kept_again < 0);
    assert_true(answer.probe_count < 20);
}

static void the_worst_replica_counts(void **state)
{
    struct vs_saturate_request request = {.lowest = 1,
                                          .highest = 8,
                                          .tolerance = 0.001,
                                          .bound_ns = 2000,
                                          .replicas = 3,
                                          .jitter_ppm = 1};
    struct vs_saturate_answer answer = search(&request, linear);

    (void)state;
    assert_true(answer.kept <= 1.9 && answer.kept > 1.89 && answer.broken >= 1.9);
}

static void clones_are_whole_and_exact(void **state)
{
    struct vs_saturate_request request = {.by_clones = true,
                                          .lowest = 1,
                                          .highest = 64,
                                          .tolerance = 0.01,
                                          .bound_ns = 13000,
                                          .replicas = 1};
    struct vs_saturate_answer answer = search(&request, linear);

    (void)state;
    assert_true(answer.kept == 13 && answer.broken == 14);
}

static void a_bound_kept_again_is_told(void **state)
{
    struct vs_saturate_request request = {
        .lowest = 1, .highest = 1024, .tolerance = 0.05, .bound_ns = 2000, .replicas = 1};
    struct vs_saturate_answer answer = search(&request, dips);

    (void)state;
    /* 64 is the first rung that breaks it; 256, the one beyond, keeps it. */
    assert_true(answer.kept <= 20 && answer.broken > 20 && answer.broken < 21.1);
    assert_true(answer.kept_again == 256);
}

static void a_deadlock_breaks_any_bound(void **state)
{
    struct vs_saturate_request request = {.by_clones = true,
                                          .lowest = 1,
                                          .highest = 8,
                                          .tolerance = 0.05,
                                          .bound_ns = 1000000,
                                          .replicas = 2,
                                          .jitter_ppm = 1};
    struct vs_saturate_answer answer = search(&request, locks_up);

    (void)state;
    assert_true(answer.kept == 7 && answer.broken == 8);
}

static void ends_of_the_range_are_answers(void **state)
{
    struct vs_saturate_request request = {
        .lowest = 2, .highest = 9, .tolerance = 0.05, .bound_ns = 9000, .replicas = 1};
    struct vs_saturate_answer answer = search(&request, linear);

    (void)state;
    assert_true(answer.kept == 9 && answer.broken < 0);
    request.bound_ns = 1999;
    answer = search(&request, linear);
    assert_true(answer.kept < 0 && answer.broken == 2);
    assert_int_equal(answer.probe_count, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_gap_is_halved_to_the_tolerance),
        cmocka_unit_test(the_worst_replica_counts),
        cmocka_unit_test(clones_are_whole_and_exact),
        cmocka_unit_test(a_bound_kept_again_is_told),
        cmocka_unit_test(a_deadlock_breaks_any_bound),
        cmocka_unit_test(ends_of_the_range_are_answers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
