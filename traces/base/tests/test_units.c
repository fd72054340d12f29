/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Units: exact where given, refused where not stated. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/units.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct number_case {
    const char *text;
    uint64_t expected;
};

static void durations_are_exact(void **state)
{
    static const struct number_case cases[] = {
        {"0ns", 0},
        {"20ns", 20},
        {"1.5us", 1500},
        {"0.1us", 100},
        {"1.0ns", 1},
        {"30s", UINT64_C(30000000000)},
        {"5m", UINT64_C(300000000000)},
        {"1h", UINT64_C(3600000000000)},
        {"2.5ms", UINT64_C(2500000)},
        {"0.000000001s", 1},
        {"18446744073709551615ns", UINT64_MAX},
        {"18446744073.709551615s", UINT64_MAX},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        vs_ns duration_ns = 77;

        if (vs_parse_duration(cases[i].text, &duration_ns) != 0)
            fail_msg("'%s' was refused", cases[i].text);
        assert_int_equal(duration_ns, cases[i].expected);
    }
}

static void wrong_durations_are_refused(void **state)
{
    static const char *const cases[] = {
        "",
        "10",
        "10usx",
        "us",
        "-1us",
        "+1us",
        "1 us",
        " 1us",
        "1.us",
        ".5us",
        "1e3us",
        "0x10us",
        "1,5us",
        "1.5ns",
        "10Us",
        "10sec",
        "1.5.5us",
        "18446744073709551616ns",
        "10us ",
        "5124096h",
        "99999999999999999999999999999999999999999s",
        "0.0000000000000000000000000000000000000000000001s",
        "nan",
        "\xc2\xb5s",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        vs_ns duration_ns = 77;

        if (vs_parse_duration(cases[i], &duration_ns) != VS_ERR_USAGE)
            fail_msg("'%s' was taken", cases[i]);
        assert_int_equal(duration_ns, 77);
    }
}

static void sizes_are_exact_and_binary_only(void **state)
{
    static const struct number_case cases[] = {
        {"512B", 512},     {"64KiB", 65536}, {"16MiB", 16 << 20},
        {"1GiB", 1 << 30}, {"1.5KiB", 1536}, {"16777215TiB", UINT64_C(16777215) << 40},
    };
    static const char *const wrong[] = {"",     "64",     "64K",   "64KB",        "64kib",
                                        "1.3B", "16MiBs", "-1MiB", "16777216TiB", "MiB"};
    uint64_t size_bytes;

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(vs_parse_size(cases[i].text, &size_bytes), 0);
        assert_int_equal(size_bytes, cases[i].expected);
    }
    for (size_t i = 0; i < COUNT(wrong); i++) {
        if (vs_parse_size(wrong[i], &size_bytes) != VS_ERR_USAGE)
            fail_msg("'%s' was taken", wrong[i]);
    }
}

static void integers_keep_their_range(void **state)
{
    static const char *const wrong[] = {"",
                                        "-1",
                                        "+1",
                                        " 1",
                                        "1 ",
                                        "1x",
                                        "0x",
                                        "0xg",
                                        "1.0",
                                        "1e3",
                                        "0x-1",
                                        "9",
                                        "101",
                                        "0x65",
                                        "18446744073709551616",
                                        "0x10000000000000000"};
    uint64_t value;

    (void)state;
    assert_int_equal(vs_parse_u64("10", 10, 100, &value), 0);
    assert_int_equal(value, 10);
    assert_int_equal(vs_parse_u64("0x64", 10, 100, &value), 0);
    assert_int_equal(value, 100);
    assert_int_equal(vs_parse_u64("010", 10, 100, &value), 0);
    assert_int_equal(value, 10);
    assert_int_equal(vs_parse_u64("18446744073709551615", 0, UINT64_MAX, &value), 0);
    assert_true(value == UINT64_MAX);
    assert_int_equal(vs_parse_u64("0xffffffffffffffff", 0, UINT64_MAX, &value), 0);
    assert_true(value == UINT64_MAX);
    for (size_t i = 0; i < COUNT(wrong); i++) {
        if (vs_parse_u64(wrong[i], 10, 100, &value) != VS_ERR_USAGE)
            fail_msg("'%s' was taken", wrong[i]);
    }
}

static void doubles_are_finite_decimals(void **state)
{
    static const char *const wrong[] = {"",   "1x", "nan", "inf", "0x1p3", "1e999", " 1",  "1 ",
                                        ".5", "5.", "1e",  "--1", "1,5",   "10.5",  "-1.5"};
    double value;

    (void)state;
    assert_int_equal(vs_parse_double("1.5", -1, 10, &value), 0);
    assert_true(value == 1.5);
    assert_int_equal(vs_parse_double("-1e0", -1, 10, &value), 0);
    assert_true(value == -1);
    assert_int_equal(vs_parse_double("1E+1", -1, 10, &value), 0);
    assert_true(value == 10);
    for (size_t i = 0; i < COUNT(wrong); i++) {
        if (vs_parse_double(wrong[i], -1, 10, &value) != VS_ERR_USAGE)
            fail_msg("'%s' was taken", wrong[i]);
    }
}

static void sbdfs_read_and_print(void **state)
{
    static const char *const wrong[] = {
        "",         "0",          "00:1f",    "00:20.0",       "00:1f.8",   "100:00.0",
        "00:1f.2x", "0000:00:1f", "00:1f.",   "10000:00:00.0", "0:0:0:0.0", "g0:00.0",
        "00-1f.2",  ":00:1f.2",   "00:1f.2 ", "00:1f.22"};
    char text[VS_SBDF_TEXT];
    uint32_t sbdf = 7;

    (void)state;
    assert_int_equal(vs_parse_sbdf("0000:00:1f.2", &sbdf), 0);
    assert_int_equal(sbdf, 0x1f << 3 | 2);
    assert_int_equal(vs_parse_sbdf("00:1F.2", &sbdf), 0);
    assert_int_equal(sbdf, 0x1f << 3 | 2);
    assert_int_equal(vs_parse_sbdf("fffe:ab:1f.7", &sbdf), 0);
    assert_true(sbdf == 0xfffeabff);
    assert_string_equal(vs_sbdf_text(sbdf, text), "fffe:ab:1f.7");
    assert_string_equal(vs_sbdf_text(UINT32_MAX, text), "ffff:ff:1f.7");
    for (size_t i = 0; i < COUNT(wrong); i++) {
        if (vs_parse_sbdf(wrong[i], &sbdf) != VS_ERR_USAGE)
            fail_msg("'%s' was taken", wrong[i]);
    }
}

static void durations_print_three_digits(void **state)
{
    static const struct {
        vs_ns duration_ns;
        const char *expected;
    } cases[] = {
        {0, "0 ns"},
        {7, "7 ns"},
        {999, "999 ns"},
        {1000, "1.00 us"},
        {4210, "4.21 us"},
        {4215, "4.22 us"},
        {9994, "9.99 us"},
        {9995, "10.0 us"},
        {99949, "99.9 us"},
        {99950, "100 us"},
        {999499, "999 us"},
        {999500, "1.00 ms"},
        {12345678, "12.3 ms"},
        {UINT64_C(999499999999), "999 s"},
        {UINT64_C(1000000000000), "16.7 min"},
        {UINT64_C(3600000000000) * 24, "24.0 h"},
        {UINT64_MAX, "5124096 h"},
    };
    char text[VS_DURATION_TEXT];

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_string_equal(vs_duration_text(cases[i].duration_ns, text), cases[i].expected);
}

static void the_nearest_word_is_found_or_none(void **state)
{
    static const char *const words[] = {"policy", "machine", "seed", "speed", "db", NULL};
    static const struct {
        const char *word, *expected;
    } cases[] = {
        {"polcy", "policy"}, {"ploicy", "policy"}, {"machin", "machine"}, {"sped", "seed"},
        {"sepeed", "speed"}, {"bd", "db"},         {"xy", NULL},          {"quantum", NULL},
        {"policies", NULL},  {"", NULL},
    };
    char endless[1000];

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *near = vs_nearest(cases[i].word, words);

        if (!near != !cases[i].expected || (near && strcmp(near, cases[i].expected) != 0))
            fail_msg("'%s' is near '%s'", cases[i].word, near ? near : "nothing");
    }
    memset(endless, 'a', sizeof(endless) - 1);
    endless[sizeof(endless) - 1] = '\0';
    assert_null(vs_nearest(endless, words));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations_are_exact),
        cmocka_unit_test(wrong_durations_are_refused),
        cmocka_unit_test(sizes_are_exact_and_binary_only),
        cmocka_unit_test(integers_keep_their_range),
        cmocka_unit_test(doubles_are_finite_decimals),
        cmocka_unit_test(sbdfs_read_and_print),
        cmocka_unit_test(durations_print_three_digits),
        cmocka_unit_test(the_nearest_word_is_found_or_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
