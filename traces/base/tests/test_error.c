/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Errors: the first wins, places are printed, input cannot reach the terminal raw. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"

#define TEXT_MAX 2048

static void the_first_error_wins(void **state)
{
    struct vs_error error = VS_ERROR_INIT;
    char text[TEXT_MAX];

    (void)state;
    assert_int_equal(vs_error_set(&error, VS_ERR_INPUT, "cause %d", 1), VS_ERR_INPUT);
    assert_int_equal(vs_error_set(&error, VS_ERR_HOST, "consequence"), VS_ERR_HOST);
    assert_int_equal(error.code, VS_ERR_INPUT);
    assert_string_equal(vs_error_describe(&error, text, sizeof(text)), "cause 1");
}

static void a_null_error_is_allowed(void **state)
{
    (void)state;
    assert_int_equal(vs_error_set(NULL, VS_ERR_HOST, "nobody listens"), VS_ERR_HOST);
    assert_int_equal(vs_error_set_at(NULL, VS_ERR_INPUT, "file", 0, 1, "nobody"), VS_ERR_INPUT);
}

static void places_are_printed(void **state)
{
    static const struct {
        const char *source;
        uint64_t offset_bytes, line;
        const char *expected;
    } cases[] = {
        {"a.json", VS_NOWHERE, 7, "a.json:7: wrong"},
        {"a.vpt", 4096, VS_NOWHERE, "a.vpt: byte 4096: wrong"},
        {"a.vpt", 0, VS_NOWHERE, "a.vpt: byte 0: wrong"},
        {"a.vpt", VS_NOWHERE, VS_NOWHERE, "a.vpt: wrong"},
        {NULL, VS_NOWHERE, VS_NOWHERE, "wrong"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct vs_error error = VS_ERROR_INIT;
        char text[TEXT_MAX];

        vs_error_set_at(&error, VS_ERR_INPUT, cases[i].source, cases[i].offset_bytes, cases[i].line,
                        "wrong");
        assert_string_equal(vs_error_describe(&error, text, sizeof(text)), cases[i].expected);
    }
}

static void a_long_source_keeps_its_tail(void **state)
{
    struct vs_error error = VS_ERROR_INIT;
    char source[2 * VS_ERROR_SOURCE_MAX];

    (void)state;
    memset(source, 'a', sizeof(source));
    memcpy(source + sizeof(source) - 10, "/host.vpt", 10);
    vs_error_set_at(&error, VS_ERR_INPUT, source, VS_NOWHERE, VS_NOWHERE, "wrong");
    assert_int_equal(strlen(error.source), VS_ERROR_SOURCE_MAX - 1);
    assert_memory_equal(error.source, "...", 3);
    assert_string_equal(error.source + VS_ERROR_SOURCE_MAX - 10, "/host.vpt");
}

static void a_long_text_says_that_it_was_cut(void **state)
{
    struct vs_error error = VS_ERROR_INIT;
    char text[2 * VS_ERROR_TEXT_MAX];

    (void)state;
    memset(text, 'a', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    vs_error_set(&error, VS_ERR_INPUT, "%s", text);
    assert_int_equal(strlen(error.text), VS_ERROR_TEXT_MAX - 1);
    assert_string_equal(error.text + VS_ERROR_TEXT_MAX - 5, "a...");
}

static void control_characters_are_disarmed(void **state)
{
    struct vs_error error = VS_ERROR_INIT;
    char text[TEXT_MAX];

    (void)state;
    vs_error_set_at(&error, VS_ERR_INPUT, "a\033[2Jb", VS_NOWHERE, VS_NOWHERE, "x\r\x7fy");
    assert_string_equal(vs_error_describe(&error, text, sizeof(text)), "a?[2Jb: x??y");
}

static void a_small_buffer_is_respected(void **state)
{
    struct vs_error error = VS_ERROR_INIT;
    char text[8] = "#######";

    (void)state;
    vs_error_set(&error, VS_ERR_INPUT, "a long sentence");
    assert_string_equal(vs_error_describe(&error, text, 6), "a lon");
    assert_int_equal(text[6], '#');
    assert_ptr_equal(vs_error_describe(&error, text, 0), text);
}

static void exit_statuses_are_those_of_the_header(void **state)
{
    (void)state;
    assert_int_equal(vs_exit_status(0), 0);
    assert_int_equal(vs_exit_status(17), 0);
    assert_int_equal(vs_exit_status(VS_ERR_ANSWER), 1);
    assert_int_equal(vs_exit_status(VS_ERR_USAGE), 2);
    assert_int_equal(vs_exit_status(VS_ERR_INPUT), 3);
    assert_int_equal(vs_exit_status(VS_ERR_HOST), 4);
    assert_int_equal(vs_exit_status(VS_ERR_MEMORY), 4);
    assert_int_equal(vs_exit_status(VS_ERR_STOPPED), 4);
    assert_int_equal(vs_exit_status(-99), 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_error_wins),
        cmocka_unit_test(a_null_error_is_allowed),
        cmocka_unit_test(places_are_printed),
        cmocka_unit_test(a_long_source_keeps_its_tail),
        cmocka_unit_test(a_long_text_says_that_it_was_cut),
        cmocka_unit_test(control_characters_are_disarmed),
        cmocka_unit_test(a_small_buffer_is_respected),
        cmocka_unit_test(exit_statuses_are_those_of_the_header),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
