/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Random numbers: the published generators, the right distribution. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/error.h"
#include "random.h"
#include "rate.h"

/* First outputs of xoshiro256** from the state 1, 2, 3, 4, worked out from its
 * definition: rotl(s1 * 5, 7) * 9 and the shift of the state. */
static void test_generator_is_xoshiro256starstar(void **state)
{
    struct vs_random random = {{1, 2, 3, 4}};
    (void)state;
    assert_int_equal(vs_random_next(&random), 11520);
    assert_int_equal(vs_random_next(&random), 0);
    assert_int_equal(vs_random_next(&random), 1509978240);
    assert_int_equal(vs_random_next(&random), 1215971899390074240);
}

static void test_streams_of_one_seed_differ(void **state)
{
    struct vs_random a, b, c;
    (void)state;
    vs_random_seed(&a, 1, 0);
    vs_random_seed(&b, 1, 1);
    vs_random_seed(&c, 1, 0);
    uint64_t first = vs_random_next(&a);
    assert_int_not_equal(first, vs_random_next(&b));
    assert_int_equal(first, vs_random_next(&c));
}

static void test_below_stays_below(void **state)
{
    struct vs_random random;
    unsigned int seen[7] = {0};
    (void)state;
    vs_random_seed(&random, 5, 0);
    for (int i = 0; i < 70000; i++) {
        uint64_t drawn = vs_random_below(&random, 7);
        assert_true(drawn < 7);
        seen[drawn]++;
    }
    for (int i = 0; i < 7; i++)
        assert_in_range(seen[i], 9600, 10400); /* 4 standard deviations of 93 */
}

/* Mean and variance of the exponential distribution, and its memory-free tail. */
static void test_exponential_is_exponential(void **state)
{
    enum { DRAWS = 200000, MEAN = 1000000 };
    struct vs_random random;
    double sum = 0, squares = 0, beyond = 0;
    (void)state;
    vs_random_seed(&random, 6, 0);
    for (int i = 0; i < DRAWS; i++) {
        double drawn = (double)vs_random_exponential(&random, MEAN) / MEAN;
        sum += drawn;
        squares += drawn * drawn;
        beyond += drawn > 2;
    }
    double mean = sum / DRAWS, variance = squares / DRAWS - mean * mean;
    /* 4 standard errors: 1 / sqrt(n), sqrt(8 / n), sqrt(p (1 - p) / n) at p = e^-2. */
    assert_true(mean > 1 - 0.009 && mean < 1 + 0.009);
    assert_true(variance > 1 - 0.026 && variance < 1 + 0.026);
    assert_true(beyond / DRAWS > 0.1353 - 0.0031 && beyond / DRAWS < 0.1353 + 0.0031);
}

static void test_rates(void **state)
{
    vs_ns mean = 1;
    (void)state;
    assert_int_equal(vs_parse_rate("2/s", &mean), 0);
    assert_int_equal(mean, 500000000);
    assert_int_equal(vs_parse_rate("0.5/min", &mean), 0);
    assert_int_equal(mean, 120000000000);
    assert_int_equal(vs_parse_rate("10/ms", &mean), 0);
    assert_int_equal(mean, 100000);
    assert_int_equal(vs_parse_rate("0/s", &mean), 0);
    assert_int_equal(mean, 0);
    static const char *const bad[] = {"2",     "/s",     "2/",    "2/x",    "-1/s",
                                      "2/s ",  "2 /s",   "nan/s", "1e9/us", "1e-30/h",
                                      "2/s/s", "2/mins", ""};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (vs_parse_rate(bad[i], &mean) != VS_ERR_USAGE)
            fail_msg("\"%s\" is taken", bad[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_generator_is_xoshiro256starstar),
        cmocka_unit_test(test_streams_of_one_seed_differ),
        cmocka_unit_test(test_below_stays_below),
        cmocka_unit_test(test_exponential_is_exponential),
        cmocka_unit_test(test_rates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
