/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Filters: what matches, and which words a wrong one is refused with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "filter.h"

static const char *items[4];

static struct vs_strings one(const char *text)
{
    items[0] = text;
    return (struct vs_strings){items, 1};
}

static const struct vs_record read_bar = {
    .time_ns = 1000, .kind = VS_KIND_CFG_READ, .sbdf = 0x0008, .domain = 3, .reg = 0x10, .size = 4};

static bool matches(const struct vs_strings *domains, const struct vs_strings *sbdfs,
                    const struct vs_strings *regs, const struct vs_strings *kinds, const char *from,
                    const char *to)
{
    struct vs_filter filter;
    assert_int_equal(vs_filter_parse(domains, sbdfs, regs, kinds, from, to, &filter, NULL), 0);
    bool match = vs_filter_match(&filter, &read_bar);
    vs_filter_free(&filter);
    return match;
}

static void test_each_filter_filters(void **state)
{
    struct vs_strings text;
    (void)state;
    assert_true(matches(NULL, NULL, NULL, NULL, NULL, NULL));
    text = one("3");
    assert_true(matches(&text, NULL, NULL, NULL, NULL, NULL));
    text = one("4");
    assert_false(matches(&text, NULL, NULL, NULL, NULL, NULL));
    text = one("00:01.0");
    assert_true(matches(NULL, &text, NULL, NULL, NULL, NULL));
    text = one("0001:00:01.0");
    assert_false(matches(NULL, &text, NULL, NULL, NULL, NULL));
    text = one("cfg-read");
    assert_true(matches(NULL, NULL, NULL, &text, NULL, NULL));
    text = one("cfg-write");
    assert_false(matches(NULL, NULL, NULL, &text, NULL, NULL));
    assert_true(matches(NULL, NULL, NULL, NULL, "1us", "1001ns"));
    assert_false(matches(NULL, NULL, NULL, NULL, NULL, "1us"));
    assert_false(matches(NULL, NULL, NULL, NULL, "1001ns", NULL));
}

static void test_registers_match_by_overlap(void **state)
{
    static const struct {
        const char *text;
        bool match;
    } cases[] = {{"0x10", true},      {"0x13", true},       {"0x14", false},
                 {"0x0f", false},     {"0x00-0x0f", false}, {"0-16", true},
                 {"0x13-0x20", true}, {"0x14-0x20", false}, {"0-65535", true}};
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct vs_strings text = one(cases[i].text);
        if (matches(NULL, NULL, &text, NULL, NULL, NULL) != cases[i].match)
            fail_msg("%s", cases[i].text);
    }
}

static void test_lost_records_pass_device_filters(void **state)
{
    const struct vs_record lost = {.kind = VS_KIND_LOST, .sbdf = VS_SBDF_NONE, .value = 3};
    struct vs_strings sbdf = one("00:01.0");
    struct vs_filter filter;
    (void)state;
    assert_int_equal(vs_filter_parse(NULL, &sbdf, NULL, NULL, NULL, NULL, &filter, NULL), 0);
    assert_true(vs_filter_match(&filter, &lost));
    vs_filter_free(&filter);
}

static void refuse(int option, const char *text, const char *words)
{
    struct vs_strings list = one(text);
    struct vs_error error = VS_ERROR_INIT;
    struct vs_filter filter;
    int ret =
        vs_filter_parse(option == 0 ? &list : NULL, option == 1 ? &list : NULL,
                        option == 2 ? &list : NULL, option == 3 ? &list : NULL,
                        option == 4 ? text : NULL, option == 5 ? text : NULL, &filter, &error);
    vs_filter_free(&filter);
    assert_int_equal(ret, VS_ERR_USAGE);
    if (!strstr(error.text, words))
        fail_msg("\"%s\" does not say \"%s\"", error.text, words);
}

static void test_wrong_filters_are_refused(void **state)
{
    (void)state;
    refuse(0, "dom0", "--domain: expected a domain id");
    refuse(0, "65536", "--domain");
    refuse(1, "00:20.0", "--sbdf: expected");
    refuse(2, "4-", "--reg: expected");
    refuse(2, "5-4", "--reg: expected");
    refuse(2, "-4", "--reg: expected");
    refuse(3, "cfg-reed", "did you mean cfg-read?");
    refuse(3, "", "there is no kind");
    refuse(4, "5", "--from: expected a time");
    refuse(5, "5parsec", "--to: expected a time");
    struct vs_filter filter;
    assert_int_equal(vs_filter_parse(NULL, NULL, NULL, NULL, "2s", "1s", &filter, NULL),
                     VS_ERR_USAGE);
    vs_filter_free(&filter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_filter_filters),
        cmocka_unit_test(test_registers_match_by_overlap),
        cmocka_unit_test(test_lost_records_pass_device_filters),
        cmocka_unit_test(test_wrong_filters_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
