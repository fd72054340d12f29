/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The histogram's layout is shared with the database: bucket bounds, the error
 * that percentiles may have, and what they say at the edges. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine/histogram.h"

static void every_bucket_starts_where_it_says(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < VS_HISTOGRAM_BUCKETS; i++) {
        vs_ns floor_ns = vs_histogram_floor_ns(i);
        assert_int_equal(vs_histogram_bucket(floor_ns), i);
        if (i > 0)
            assert_int_equal(vs_histogram_bucket(floor_ns - 1), i - 1);
    }
    assert_int_equal(vs_histogram_bucket(UINT64_MAX), VS_HISTOGRAM_BUCKETS - 1);
    assert_int_equal(vs_histogram_floor_ns(64), 64); /* (32 + 0) << 1, as schema.sql states */
    assert_int_equal(vs_histogram_floor_ns(64 + 32 + 5), (32 + 5) << 2);
}

static void a_value_is_off_by_a_32nd_at_most(void **state)
{
    (void)state;
    for (vs_ns value = 1; value < UINT64_C(1) << 40; value += value / 37 + 1) {
        vs_ns floor_ns = vs_histogram_floor_ns(vs_histogram_bucket(value));
        assert_true(floor_ns <= value);
        assert_true(value - floor_ns <= value / 32);
    }
}

static void quantiles_are_ranks(void **state)
{
    (void)state;
    struct vs_histogram *histogram = calloc(1, sizeof *histogram);
    assert_int_equal(vs_histogram_quantile_ns(histogram, 0.5), 0);
    for (vs_ns value = 1; value <= 50; value++) /* exact below 64 ns */
        vs_histogram_add(histogram, value);
    assert_int_equal(vs_histogram_quantile_ns(histogram, 0.5), 25);
    assert_int_equal(vs_histogram_quantile_ns(histogram, 0.9), 45);
    assert_int_equal(vs_histogram_quantile_ns(histogram, 0.99), 50);
    assert_int_equal(vs_histogram_quantile_ns(histogram, 0.0), 1);
    assert_int_equal(vs_histogram_quantile_ns(histogram, 1.0), 50);
    assert_int_equal(histogram->total_ns, 50 * 51 / 2);
    vs_histogram_add(histogram, 1000003);
    assert_int_equal(vs_histogram_quantile_ns(histogram, 1.0), 1000003); /* the maximum is exact */
    free(histogram);
}

static void merging_is_adding_all(void **state)
{
    (void)state;
    struct vs_histogram *parts = calloc(3, sizeof *parts);
    for (vs_ns value = 1; value < 5000; value += 7) {
        vs_histogram_add(&parts[value % 2], value);
        vs_histogram_add(&parts[2], value);
    }
    vs_histogram_merge(&parts[0], &parts[1]);
    assert_memory_equal(&parts[0], &parts[2], sizeof parts[0]);
    free(parts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_bucket_starts_where_it_says),
        cmocka_unit_test(a_value_is_off_by_a_32nd_at_most),
        cmocka_unit_test(quantiles_are_ranks),
        cmocka_unit_test(merging_is_adding_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
