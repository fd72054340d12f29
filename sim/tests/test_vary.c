/* SPDX-License-Identifier: GPL-2.0-or-later */
/* --vary: costs are read to the picosecond, and whatever is no cost is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "plan.h"

static void costs_are_exact(void **state)
{
    static const struct {
        const char *text;
        vs_ps ps;
    } good[] = {
        {"0ns", 0},         {"500ns", 500000},        {"6.2ns", 6200},       {"0.27ns", 270},
        {"1.5us", 1500000}, {"5ms", 5000000000},      {"1s", 1000000000000}, {"0.0004ns", 0},
        {"0.0006ns", 1},    {"1000ms", 1000000000000}};
    static const char *const bad[] = {
        "",      "ns",      "5",   "5 ns",   "-1ns", "+1ns",
        "1e3ns", "1.2.3ns", "5m",  "1h",     "5nss", "0x5ns",
        "nan",   "infns",   ".ns", "1001ms", "2s",   "99999999999999999999s",
        "1,5ns"};
    vs_ps ps = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
        if (vs_vary_parse_cost(good[i].text, &ps) != 0 || ps != good[i].ps)
            fail_msg("%s is %llu ps", good[i].text, (unsigned long long)ps);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        if (vs_vary_parse_cost(bad[i], &ps) != VS_ERR_USAGE)
            fail_msg("'%s' is taken", bad[i]);
    }
}

static void a_list_keeps_its_order(void **state)
{
    struct vs_error error = VS_ERROR_INIT;
    struct vs_vary vary;

    (void)state;
    assert_int_equal(vs_vary_parse("config-cycle=2us,500ns,1us", &vary, &error), 0);
    assert_string_equal(vary.name, "config-cycle");
    assert_int_equal(vary.count, 3);
    assert_int_equal(vary.values_ps[0], 2000000);
    assert_int_equal(vary.values_ps[2], 1000000);
    vs_vary_release(&vary);
}

static void varied_numbers_are_printed_with_their_tenths(void **state)
{
    struct vs_varied varied[] = {{"atomic", 6200}, {"conf1-cycle", 1500000}};
    struct vs_machine machine = {.varied = varied, .varied_count = 2};
    char text[VS_VARY_TEXT];

    (void)state;
    assert_string_equal(vs_vary_text(&machine, text, sizeof(text)),
                        "atomic 6.2 ns, conf1-cycle 1.50 us");
    machine.varied_count = 0;
    assert_string_equal(vs_vary_text(&machine, text, sizeof(text)), "");
}

/* Any damage is a list of costs or a usage error with a text, and nothing else. */
static void damaged_lists_never_crash(void **state)
{
    static const char from[] = "conf1-cycle=500ns,1.5us,2ms,6.2ns";
    uint64_t seed = 20261122;

    (void)state;
    for (unsigned int round = 0; round < 20000; round++) {
        struct vs_error error = VS_ERROR_INIT;
        char text[sizeof(from)];
        struct vs_vary vary;

        memcpy(text, from, sizeof(from));
        for (unsigned int hits = 0; hits <= round % 4; hits++) {
            seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            text[(seed >> 33) % (sizeof(from) - 1)] = (char)(seed >> 56);
        }
        int ret = vs_vary_parse(text, &vary, &error);

        if (ret == 0) {
            assert_true(vary.count > 0);
            for (size_t i = 0; i < vary.count; i++)
                assert_true(vary.values_ps[i] <= UINT64_C(1000000000000));
            vs_vary_release(&vary);
        } else {
            assert_int_equal(ret, VS_ERR_USAGE);
            assert_true(error.text[0] != '\0');
            assert_null(vary.values_ps);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(costs_are_exact),
        cmocka_unit_test(a_list_keeps_its_order),
        cmocka_unit_test(varied_numbers_are_printed_with_their_tenths),
        cmocka_unit_test(damaged_lists_never_crash),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
