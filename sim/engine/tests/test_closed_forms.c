/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The engine against mathematics: queues whose mean wait is known in closed
 * form.  Time unit of the formulas is 1 us = 10^6 ns of virtual time here, so
 * that whole nanoseconds round nothing away.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "toy.h"

#define UNIT     1e6 /* ns per time unit */
#define OP       VS_OP_READ_PASSTHROUGH
#define ARRIVALS 1000000u

typedef double (*hold_law)(uint64_t *random);

static double exponential_hold(uint64_t *random)
{
    return toy_exponential(random, 0.1);
}

static double constant_hold(uint64_t *random)
{
    (void)random;
    return 0.1;
}

static double two_point_hold(uint64_t *random)
{
    return toy_uniform(random) < 0.99 ? 0.1 : 10.0;
}

static void check_run(const struct vs_result *result)
{
    assert_non_null(result);
    assert_int_equal(result->outcome, VS_OUTCOME_DONE);
    assert_true(result->identities.little_worst < 1e-9);
    assert_int_equal(result->identities.time_error_ns, 0);
    assert_int_equal(result->identities.overlap_count, 0);
}

static double relative(double found, double expected)
{
    return fabs(found - expected) / expected;
}

/*
 * Open queue: one Poisson stream dealt to so many vCPUs that none is late.
 * Returns the mean wait; *lindley is the same from Lindley's recursion on the
 * same numbers, which must agree exactly.
 */
static double open_queue(double rate, hold_law hold, uint64_t seed, double *lindley)
{
    const uint16_t vcpus = 4000;
    struct toy *toy = malloc(sizeof *toy);
    toy_init(toy, VS_LOCK_TICKET, vcpus);
    toy_critical(toy, OP, VS_MODE_EXCLUSIVE);
    toy_reserve(toy, vcpus, ARRIVALS);
    uint64_t random = seed;
    double at = 0;
    uint64_t wait = 0, sum = 0, before = 0, hold_before = 0;
    for (uint32_t i = 0; i < ARRIVALS; i++) {
        at += toy_exponential(&random, 1 / rate);
        uint64_t now = (uint64_t)(at * UNIT), held = (uint64_t)(hold(&random) * UNIT + 0.5);
        uint64_t left = wait + hold_before, gap = now - before;
        wait = i > 0 && left > gap ? left - gap : 0;
        sum += wait;
        before = now;
        hold_before = held;
        toy_call(toy, (uint16_t)(i % vcpus), OP, 0, now, 0, (uint32_t)held);
    }
    struct vs_result *result = toy_replay(toy, VS_TIMING_OPEN);
    check_run(result);
    assert_int_equal(result->calls, ARRIVALS);
    assert_int_equal(result->lock_wait_total_ns, sum);
    double mean = (double)result->lock_wait_total_ns / ARRIVALS / UNIT;
    *lindley = (double)sum / ARRIVALS / UNIT;
    vs_result_free(result);
    toy_free(toy);
    free(toy);
    return mean;
}

static double mean_of_seeds(double rate, hold_law hold, unsigned seeds)
{
    double sum = 0, lindley;
    for (unsigned i = 0; i < seeds; i++)
        sum += open_queue(rate, hold, 0x9e3779b97f4a7c15u * (i + 1), &lindley);
    return sum / seeds;
}

static void mm1_mean_wait(void **state)
{
    (void)state; /* Wq = rho / (mu - lambda), lambda 8, mu 10 */
    assert_true(relative(mean_of_seeds(8, exponential_hold, 4), 0.4) < 0.01);
}

static void md1_mean_wait_is_half(void **state)
{
    (void)state; /* Wq = rho S / (2 (1 - rho)) */
    assert_true(relative(mean_of_seeds(8, constant_hold, 1), 0.2) < 0.01);
}

static void mg1_pollaczek_khinchine(void **state)
{
    (void)state;
    /* Wq = lambda E[S^2] / (2 (1 - rho)); S = 0.1 (0.99) or 10 (0.01), lambda 4: rare long
     * holds make the mean converge slowly, hence twelve seeds. */
    double rho = 4 * 0.199, expected = 4 * 1.0099 / (2 * (1 - rho));
    assert_true(relative(mean_of_seeds(4, two_point_hold, 12), expected) < 0.01);
}

/* Closed queue of n vCPUs; returns throughput per time unit. */
static double closed_queue(unsigned n, bool deterministic, double *wait)
{
    const unsigned calls = 400000;
    struct toy *toy = malloc(sizeof *toy);
    toy_init(toy, VS_LOCK_TICKET, n);
    toy_critical(toy, OP, VS_MODE_EXCLUSIVE);
    toy_reserve(toy, n, calls);
    uint64_t random = 42 + n;
    for (unsigned i = 0; i < calls; i++) {
        double think = deterministic ? 1 : toy_exponential(&random, 1);
        double hold = deterministic ? 0.1 : toy_exponential(&random, 0.1);
        if (deterministic && i < n)
            think = 0.1 * i; /* staggered start */
        toy_call(toy, (uint16_t)(i % n), OP, 0, i, (uint32_t)(think * UNIT),
                 (uint32_t)(hold * UNIT));
    }
    struct vs_result *result = toy_replay(toy, VS_TIMING_CLOSED);
    check_run(result);
    double throughput = (double)result->calls / ((double)result->makespan_ns / UNIT);
    *wait = (double)result->lock_wait_total_ns / (double)result->calls / UNIT;
    vs_result_free(result);
    toy_free(toy);
    free(toy);
    return throughput;
}

static void machine_repairman(void **state)
{
    (void)state; /* p0 = 1 / sum N!/(N-n)! (S/Z)^n; S = 0.1, Z = 1 */
    static const struct {
        unsigned n;
        double throughput, wait;
    } rows[] = {{2, 1.803279, 0.009091},  {4, 3.533368, 0.032064},  {8, 6.616816, 0.109041},
                {11, 8.367677, 0.214582}, {16, 9.776981, 0.536497}, {32, 9.9999998, 2.1}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        double wait, throughput = closed_queue(rows[i].n, false, &wait);
        assert_true(relative(throughput, rows[i].throughput) < 0.01);
        /* A short mean wait is a small difference of large sums: 1 % of the response. */
        assert_true(fabs(wait - rows[i].wait) < 0.01 * (rows[i].wait + 0.1));
    }
}

static void deterministic_closed_queue(void **state)
{
    (void)state; /* X = min(N / (Z + S), 1 / S), R = max(S, N S - Z) */
    static const struct {
        unsigned n;
        double throughput, wait;
    } rows[] = {{8, 7.272727, 0}, {11, 10, 0}, {16, 10, 0.5}, {32, 10, 2.1}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        double wait, throughput = closed_queue(rows[i].n, true, &wait);
        assert_true(relative(throughput, rows[i].throughput) < 0.01);
        assert_true(fabs(wait - rows[i].wait) < 0.01 * (rows[i].wait + 0.1));
    }
}

static void readers_alone_never_wait(void **state)
{
    (void)state;
    static const enum vs_lock_kind kinds[] = {VS_LOCK_RWLOCK, VS_LOCK_PERCPU_RWLOCK};
    for (size_t k = 0; k < 2; k++) {
        struct toy *toy = malloc(sizeof *toy);
        toy_init(toy, kinds[k], 64);
        toy_critical(toy, OP, VS_MODE_READ);
        toy_reserve(toy, 64, 64000);
        uint64_t random = 7;
        for (uint32_t i = 0; i < 64000; i++)
            toy_call(toy, (uint16_t)(i % 64), OP, 0, i * 1000, 0,
                     (uint32_t)toy_exponential(&random, 5000));
        struct vs_result *result = toy_replay(toy, VS_TIMING_OPEN);
        check_run(result);
        assert_int_equal(result->lock_wait_total_ns, 0);
        vs_result_free(result);
        toy_free(toy);
        free(toy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mm1_mean_wait),
        cmocka_unit_test(md1_mean_wait_is_half),
        cmocka_unit_test(mg1_pollaczek_khinchine),
        cmocka_unit_test(machine_repairman),
        cmocka_unit_test(deterministic_closed_queue),
        cmocka_unit_test(readers_alone_never_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
