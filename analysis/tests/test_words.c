/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Claim: numbers read as people write them, and text never breaks a picture or a page. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "table.h"
#include "words.h"

static void durations_have_three_digits_and_a_unit(void **state)
{
    char text[VS_WORDS_NUMBER];

    (void)state;
    assert_string_equal(vs_words_duration(0, text), "0 ns");
    assert_string_equal(vs_words_duration(63.5, text), "64 ns");
    assert_string_equal(vs_words_duration(4211, text), "4.21 µs");
    assert_string_equal(vs_words_duration(999999, text), "1.00 ms");
    assert_string_equal(vs_words_duration(13.2e9, text), "13.2 s");
    assert_string_equal(vs_words_duration(-1, text), "unknown");
    assert_string_equal(vs_words_duration(1e300, text), "unknown");
}

static void numbers_claim_three_digits(void **state)
{
    char text[VS_WORDS_NUMBER];

    (void)state;
    assert_string_equal(vs_words_number(0, text), "0");
    assert_string_equal(vs_words_number(0.0123456, text), "0.0123");
    assert_string_equal(vs_words_number(7.5, text), "7.5");
    assert_string_equal(vs_words_number(999.6, text), "1,000");
    assert_string_equal(vs_words_number(12345.6, text), "12,300");
    assert_string_equal(vs_words_number(-12345.6, text), "-12,300");
    assert_string_equal(vs_words_number(1.0 / 0.0, text), "unknown");
    assert_string_equal(vs_words_count(342563, text), "342,563");
    assert_string_equal(vs_words_count(UINT64_MAX, text), "18,446,744,073,709,551,615");
    assert_string_equal(vs_words_count(12, text), "12");
}

static void ratios_and_percents_claim_no_more_than_they_know(void **state)
{
    char text[VS_WORDS_NUMBER];

    (void)state;
    assert_string_equal(vs_words_ratio(1, text), "1.00 ×");
    assert_string_equal(vs_words_ratio(14.49, text), "14.5 ×");
    assert_string_equal(vs_words_ratio(1234, text), "1,230 ×");
    assert_string_equal(vs_words_percent(0, text), "0 %");
    assert_string_equal(vs_words_percent(0.0004, text), "<0.1 %");
    assert_string_equal(vs_words_percent(0.045, text), "4.5 %");
    assert_string_equal(vs_words_percent(0.9999, text), "100 %");
}

static void lines_break_at_blanks_and_count_characters(void **state)
{
    size_t lines;
    char *wrapped = vs_words_wrap("aa µµ\n\tcc dddddddd", 5, &lines);

    (void)state;
    assert_string_equal(wrapped, "aa µµ\ncc\nddddd\nddd");
    assert_int_equal(lines, 4);
    free(wrapped);
    wrapped = vs_words_wrap("", 5, &lines);
    assert_string_equal(wrapped, "");
    assert_int_equal(lines, 1);
    free(wrapped);
    wrapped = vs_words_wrap("a\x01"
                            "b",
                            5, &lines);
    assert_string_equal(wrapped, "a b");
    free(wrapped);
}

static void slugs_are_safe_file_names(void **state)
{
    char slug[64];

    (void)state;
    assert_string_equal(vs_words_slug("../Host A.vpt", 40, slug, sizeof(slug)), "host-a-vpt");
    assert_string_equal(vs_words_slug("///", 40, slug, sizeof(slug)), "x");
    assert_string_equal(vs_words_slug("abcdef", 3, slug, sizeof(slug)), "abc");
    assert_string_equal(vs_words_slug("abcdef", 40, slug, 4), "abc");
}

static void text_grows_and_joins(void **state)
{
    struct vs_text text = {0};

    (void)state;
    assert_string_equal(vs_text_or_empty(&text), "");
    for (size_t i = 0; i < 3; i++) {
        vs_text_join(&text, i, 3);
        vs_text_addf(&text, "%zu", i);
    }
    assert_string_equal(vs_text_or_empty(&text), "0, 1 and 2");
    vs_text_free(&text);
}

static void cells_are_valid_utf8_whatever_was_stored(void **state)
{
    /* A lone continuation, an overlong '/', a surrogate, a cut sequence, and a good one. */
    static const struct {
        const char *stored, *read;
    } cases[] = {{"a\x80z", "a?z"},    {"\xc0\xaf", "??"},           {"\xed\xa0\x80", "???"},
                 {"x\xe2\x82", "x??"}, {"\xf4\x90\x80\x80", "????"}, {"µ×€😀", "µ×€😀"}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct vs_table *table = vs_table_new(1);

        table->columns[0] = strdup("name");
        assert_int_equal(vs_table_push(table, cases[i].stored), 0);
        assert_string_equal(vs_table_text(table, 0, "name"), cases[i].read);
        assert_string_equal(vs_table_text(table, 1, "name"), "");
        assert_string_equal(vs_table_text(table, 0, "other"), "");
        vs_table_free(table);
    }
}

static void respelled(const char *from, const char *to)
{
    struct vs_text text = {0};

    vs_words_respell(from, &text);
    assert_string_equal(vs_text_or_empty(&text), to);
    vs_text_free(&text);
}

static void durations_in_sentences_are_spelled_one_way(void **state)
{
    (void)state;
    respelled("idle gaps of a vCPU cut to 20.0 us", "idle gaps of a vCPU cut to 20 µs");
    respelled("on average, each 10.0 ms on average, undone after 2.00 ms, seed 7",
              "on average, each 10 ms on average, undone after 2 ms, seed 7");
    respelled("100 us and 1.50 s", "100 µs and 1.5 s");
    respelled("0.0 us", "0 µs");
    /* No durations: versions, other units, plain text, and what only looks like a number. */
    respelled("qemu 7.20 q35", "qemu 7.20 q35");
    respelled("2.00 users, ... us", "2.00 users, ... us");
    respelled("v2.00 us", "v2.00 us");
    respelled("", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations_in_sentences_are_spelled_one_way),
        cmocka_unit_test(durations_have_three_digits_and_a_unit),
        cmocka_unit_test(numbers_claim_three_digits),
        cmocka_unit_test(ratios_and_percents_claim_no_more_than_they_know),
        cmocka_unit_test(lines_break_at_blanks_and_count_characters),
        cmocka_unit_test(slugs_are_safe_file_names),
        cmocka_unit_test(text_grows_and_joins),
        cmocka_unit_test(cells_are_valid_utf8_whatever_was_stored),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
