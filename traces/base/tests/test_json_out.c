/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writing JSON: order kept, numbers exact, failures not silent. */
#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Frees out. */
static void assert_text(struct vs_json_out *out, const char *expected)
{
    struct vs_error error = VS_ERROR_INIT;
    char *text = NULL;

    if (vs_json_text(out, &text, &error) != 0)
        fail_msg("%s", error.text);
    assert_string_equal(text, expected);
    free(text);
    vs_json_out_free(out);
}

static void members_keep_their_order(void **state)
{
    struct vs_json_out *out = vs_json_new_object();
    struct vs_json_out *list = vs_json_new_array();

    (void)state;
    vs_json_add_string(out, "z", "last first");
    vs_json_add_u64(out, "a", 1);
    vs_json_add_i64(list, NULL, -5);
    vs_json_add_boolean(list, NULL, true);
    vs_json_add_boolean(list, NULL, false);
    vs_json_add_null(list, NULL);
    vs_json_add(out, "m", list);
    vs_json_add(out, "e", vs_json_new_object());
    vs_json_add_string(out, "n", NULL);
    assert_text(out,
                "{\"z\":\"last first\",\"a\":1,\"m\":[-5,true,false,null],\"e\":{},\"n\":null}");
}

static void integers_are_exact(void **state)
{
    struct vs_json_out *out = vs_json_new_array();

    (void)state;
    vs_json_add_u64(out, NULL, UINT64_MAX);
    vs_json_add_u64(out, NULL, (uint64_t)INT64_MAX + 1);
    vs_json_add_i64(out, NULL, INT64_MIN);
    assert_text(out, "[18446744073709551615,9223372036854775808,-9223372036854775808]");
}

static void doubles_are_shortest_that_round_trip(void **state)
{
    struct vs_json_out *out = vs_json_new_array();

    (void)state;
    vs_json_add_double(out, NULL, 0.1);
    vs_json_add_double(out, NULL, 0.1 + 0.2);
    vs_json_add_double(out, NULL, 3);
    vs_json_add_double(out, NULL, 1e22);
    vs_json_add_double(out, NULL, -0.0);
    vs_json_add_double(out, NULL, 1.0 / 3);
    vs_json_add_double(out, NULL, NAN);
    vs_json_add_double(out, NULL, -INFINITY);
    assert_text(out, "[0.1,0.30000000000000004,3.0,1e+22,-0.0,0.3333333333333333,null,null]");
}

static void the_locale_does_not_matter(void **state)
{
    static const char *const with_comma[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "de_DE", NULL};
    struct vs_json_out *out = vs_json_new_array();
    bool found = false;

    (void)state;
    for (size_t i = 0; with_comma[i] && !found; i++)
        found = setlocale(LC_ALL, with_comma[i]) != NULL;
    if (!found) {
        vs_json_out_free(out);
        print_message("no locale with a decimal comma is installed here\n");
        skip();
    }
    vs_json_add_double(out, NULL, 1.5);
    assert_text(out, "[1.5]");
    setlocale(LC_ALL, "C");
}

static void strings_are_escaped_and_valid_utf8(void **state)
{
    struct vs_json_out *out = vs_json_new_array();

    (void)state;
    vs_json_add_string(out, NULL, "a\"b\\c\n\r\t\x01\x7f/");
    vs_json_add_string(out, NULL, "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
    vs_json_add_string(out, NULL,
                       "x\xff"
                       "y\xc3");                           /* stray, cut at the end */
    vs_json_add_string(out, NULL, "\xed\xa0\x80\xc0\x80"); /* a surrogate, an overlong zero */
    assert_text(out, "[\"a\\\"b\\\\c\\n\\r\\t\\u0001\\u007f/\","
                     "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\","
                     "\"x\xef\xbf\xbdy\xef\xbf\xbd\","
                     "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"]");
}

static void printing_indents_by_two(void **state)
{
    struct vs_json_out *out = vs_json_new_object();
    struct vs_json_out *list = vs_json_new_array();
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);

    (void)state;
    vs_json_add_u64(list, NULL, 1);
    vs_json_add(list, NULL, vs_json_new_array());
    vs_json_add(out, "a", list);
    assert_int_equal(vs_json_print(out, stream, NULL), 0);
    fclose(stream);
    assert_string_equal(text, "{\n  \"a\": [\n    1,\n    []\n  ]\n}\n");
    free(text);
    vs_json_out_free(out);
}

static void copies_are_equal_to_what_was_read(void **state)
{
    static const char text[] = "{\"b\":[1,-2,3.0,0.1,true,false,null,\"x\\n\"],\"a\":{\"c\":{}}}";
    struct vs_json_doc *doc = NULL;
    struct vs_json_out *out = vs_json_new_object();
    char *again = NULL;

    (void)state;
    assert_int_equal(vs_json_parse(text, strlen(text), "t", &doc, NULL), 0);
    struct vs_json root = vs_json_root(doc);
    struct vs_json number = vs_json_member(&root, "b");
    struct vs_json item = vs_json_item(&number, 3);

    assert_int_equal(vs_json_value_text(&root, &again, NULL), 0);
    assert_string_equal(again, text);
    free(again);
    assert_int_equal(vs_json_value_text(&item, &again, NULL), 0);
    assert_string_equal(again, "0.1");
    free(again);
    vs_json_add_copy(out, "copy", &item);
    vs_json_doc_free(doc);
    assert_text(out, "{\"copy\":0.1}");
}

/* Each must fail at the end; nothing may leak (the sanitizers look). */
static void incomplete_trees_do_not_print(void **state)
{
    struct vs_json_out *trees[6];
    struct vs_json absent = {0};

    (void)state;
    for (size_t i = 0; i < COUNT(trees); i++)
        trees[i] = i < 4 ? vs_json_new_object() : vs_json_new_array();
    vs_json_add_u64(trees[0], "twice", 1);
    vs_json_add_u64(trees[0], "twice", 2);
    vs_json_add(trees[1], "child", NULL);
    vs_json_add_u64(trees[2], NULL, 1);
    struct vs_json_out *child = vs_json_new_object();

    vs_json_add(trees[3], "child", child);
    vs_json_add(child, "late", NULL);
    vs_json_add_u64(trees[4], "key in an array", 1);
    vs_json_add_copy(trees[5], NULL, &absent);
    for (size_t i = 0; i < COUNT(trees); i++) {
        struct vs_error error = VS_ERROR_INIT;
        char *text = NULL;

        if (vs_json_text(trees[i], &text, &error) != VS_ERR_MEMORY)
            fail_msg("tree %zu printed %s", i, text);
        assert_null(text);
        assert_int_equal(error.code, VS_ERR_MEMORY);
        vs_json_out_free(trees[i]);
    }
    vs_json_add_u64(NULL, "a", 1);
    assert_int_equal(vs_json_print(NULL, stdout, NULL), VS_ERR_MEMORY);
    vs_json_out_free(NULL);
}

static void a_full_disk_is_a_host_error(void **state)
{
    struct vs_json_out *out = vs_json_new_array();
    struct vs_error error = VS_ERROR_INIT;
    FILE *full = fopen("/dev/full", "w");

    (void)state;
    assert_non_null(full);
    assert_int_equal(vs_json_print(out, full, &error), VS_ERR_HOST);
    assert_string_equal(error.text, "cannot write JSON: No space left on device");
    fclose(full);
    vs_json_out_free(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_keep_their_order),
        cmocka_unit_test(integers_are_exact),
        cmocka_unit_test(doubles_are_shortest_that_round_trip),
        cmocka_unit_test(the_locale_does_not_matter),
        cmocka_unit_test(strings_are_escaped_and_valid_utf8),
        cmocka_unit_test(printing_indents_by_two),
        cmocka_unit_test(copies_are_equal_to_what_was_read),
        cmocka_unit_test(incomplete_trees_do_not_print),
        cmocka_unit_test(a_full_disk_is_a_host_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
