/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a record of calls says of a queue, on queues small enough to count. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "validate/pairs.h"
#include "validate/record.h"

#define US UINT64_C(1000000) /* ps */

static void assert_share(double found, double expected)
{
    if (fabs(found - expected) > 1e-12)
        fail_msg("%.15g, expected %.15g", found, expected);
}

static void shares_are_times_between_arrivals_and_ends(void **state)
{
    (void)state;
    struct vs_record_calls calls = {.count = 0};
    struct vs_record_summary summary;
    /* Inside: 1 from 0 to 2, 2 from 2 to 3, 1 to 5, 0 to 9, 1 from 9 to 10. */
    vs_record_call(&calls, 0, 0, 3 * US, 0);
    vs_record_call(&calls, 1, 2 * US, 5 * US, US);
    vs_record_call(&calls, 0, 9 * US, 12 * US, 0);
    vs_record_call(&calls, 1, 10 * US, 13 * US, 0);
    assert_int_equal(vs_record_summarise(&calls, &summary), 0);
    /* The first tenth of the arrivals' time, 0 to 1, is left out. */
    assert_share(summary.share[0], 4 / 9.0);
    assert_share(summary.share[1], 4 / 9.0);
    assert_share(summary.share[2], 1 / 9.0);
    assert_share(summary.share[3], 0);
    assert_int_equal(summary.overtaken, 0);
    assert_share(summary.wait_half_ns, 500);
    vs_record_release(&calls);
}

static void many_inside_count_as_so_many_or_more(void **state)
{
    (void)state;
    struct vs_record_calls calls = {.count = 0};
    struct vs_record_summary summary;
    for (unsigned i = 0; i < 40; i++)
        vs_record_call(&calls, 0, i * US, (1000 + i) * US, 0);
    assert_int_equal(vs_record_summarise(&calls, &summary), 0);
    assert_true(summary.share[VS_RECORD_STATES - 1] > 0.6);
    double sum = 0;
    for (unsigned i = 0; i < VS_RECORD_STATES; i++)
        sum += summary.share[i];
    assert_true(fabs(sum - 1) < 1e-9);
    vs_record_release(&calls);
}

static void a_percentile_is_that_of_the_sorted_waits(void **state)
{
    (void)state;
    struct vs_record_calls calls = {.count = 0};
    struct vs_record_summary summary;
    uint64_t random = 1;
    unsigned char seen[1000] = {0};
    for (unsigned i = 0; i < 1000; i++) { /* every wait from 1 to 1000 us once, shuffled */
        random = random * UINT64_C(6364136223846793005) + 1442695040888963407u;
        unsigned wait = (unsigned)(random >> 33) % 1000;
        while (seen[wait])
            wait = (wait + 1) % 1000;
        seen[wait] = 1;
        vs_record_call(&calls, 0, i * US, (i + 1) * US, (wait + 1) * US);
    }
    assert_int_equal(vs_record_summarise(&calls, &summary), 0);
    assert_share(summary.wait_p99_ns, 990 * 1e3);
    vs_record_release(&calls);
}

static void who_ends_before_an_earlier_arrival_overtook_it(void **state)
{
    (void)state;
    struct vs_record_calls calls = {.count = 0};
    struct vs_record_summary summary;
    vs_record_call(&calls, 0, 5 * US, 6 * US, 0);
    vs_record_call(&calls, 1, 1 * US, 7 * US, 0); /* was there first */
    vs_record_call(&calls, 2, 8 * US, 9 * US, 0);
    assert_int_equal(vs_record_summarise(&calls, &summary), 0);
    assert_int_equal(summary.overtaken, 1);
    vs_record_release(&calls);
}

static void percentiles_of_pairs_follow_the_topology(void **state)
{
    (void)state; /* 2 x 16 x 2: of 63 others 1 sibling, 30 in the socket, 32 across */
    struct vs_error error = VS_ERROR_INIT;
    static const struct {
        uint32_t percentile;
        double ns;
    } rows[] = {{1, 7.3}, {2, 47.9}, {49, 47.9}, {50, 141.4}, {100, 141.4}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        double ns = 0;
        assert_int_equal(
            vs_pairs_percentile("dual-xeon-gold-6242", rows[i].percentile, &ns, &error), 0);
        assert_share(ns, rows[i].ns);
    }
    double ns;
    assert_int_equal(vs_pairs_percentile("no-such-machine", 50, &ns, &error), VS_ERR_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shares_are_times_between_arrivals_and_ends),
        cmocka_unit_test(many_inside_count_as_so_many_or_more),
        cmocka_unit_test(a_percentile_is_that_of_the_sorted_waits),
        cmocka_unit_test(who_ends_before_an_earlier_arrival_overtook_it),
        cmocka_unit_test(percentiles_of_pairs_follow_the_topology),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
