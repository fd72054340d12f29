/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Buckets hold what a sum over every picosecond would: against a loop over buckets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "engine/buckets.h"
#include "toy.h"

#define INTERVALS 3000

struct interval {
    vs_ps from, to;
    bool is_wait;
};

static vs_ps overlap(const struct interval *interval, vs_ps from, vs_ps to)
{
    vs_ps begin = interval->from > from ? interval->from : from;
    vs_ps end = interval->to < to ? interval->to : to;
    return end > begin ? end - begin : 0;
}

static void fill(struct vs_buckets *buckets, struct interval *intervals, uint64_t seed)
{
    uint64_t random = seed;
    for (size_t i = 0; i < INTERVALS; i++) {
        unsigned long_by = (unsigned)(toy_random(&random) >> 33) % 24;
        vs_ps from = (toy_random(&random) >> 33) % (i * 5000 + 1);
        intervals[i] = (struct interval){.from = from,
                                         .to = from + (toy_random(&random) >> 40 >> long_by),
                                         .is_wait = (toy_random(&random) >> 33) % 2};
        vs_buckets_add(buckets, intervals[i].from, intervals[i].to, intervals[i].is_wait);
        vs_buckets_call(buckets, intervals[i].to);
    }
    vs_buckets_settle(buckets);
}

static void sums_are_those_of_a_loop(void **state)
{
    static const vs_ps spans[] = {0, 1, 100000, 20000000};
    (void)state;
    for (size_t k = 0; k < sizeof spans / sizeof spans[0]; k++) {
        struct vs_buckets *buckets = calloc(1, sizeof *buckets);
        struct interval *intervals = calloc(INTERVALS, sizeof *intervals);
        uint64_t calls = 0;
        assert_non_null(buckets);
        assert_non_null(intervals);
        vs_buckets_setup(buckets, spans[k]);
        fill(buckets, intervals, 11 + k);
        for (size_t i = 0; i < VS_BUCKETS_MAX; i++) {
            vs_ps sum[2] = {0, 0}, from = i * buckets->width, to = from + buckets->width;
            uint64_t ended = 0;
            for (size_t j = 0; j < INTERVALS; j++) {
                sum[intervals[j].is_wait] += overlap(&intervals[j], from, to);
                ended += intervals[j].to >= from && intervals[j].to < to;
            }
            assert_int_equal(buckets->counts[i].spent[0], sum[0]);
            assert_int_equal(buckets->counts[i].spent[1], sum[1]);
            assert_int_equal(buckets->counts[i].calls, ended);
            calls += ended;
        }
        assert_int_equal(calls, INTERVALS);
        free(intervals);
        free(buckets);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(sums_are_those_of_a_loop)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
