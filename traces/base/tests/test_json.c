/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading JSON: every refusal names file, place, what was expected and found. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/json.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define TEXT_MAX     2048

static const char policy[] = "{\n"
                             "  \"name\": \"device-lock\",\n"
                             "  \"locks\": 3, \"ratio\": 2.5, \"big\": 9223372036854775807,\n"
                             "  \"real\": 3.0, \"minus\": -1, \"on\": true, \"none\": null,\n"
                             "  \"operations\": {\"read\": [1, 2, {\"do\": \"x\"}], \"a.b\": []}\n"
                             "}\n";

static struct vs_json_doc *parse(const char *text)
{
    struct vs_error error = VS_ERROR_INIT;
    struct vs_json_doc *doc = NULL;
    int ret = vs_json_parse(text, strlen(text), "p.json", &doc, &error);

    if (ret != 0)
        fail_msg("refused: %s", error.text);
    return doc;
}

static void assert_error(const struct vs_error *error, const char *expected)
{
    char text[TEXT_MAX];

    assert_int_equal(error->code, VS_ERR_INPUT);
    assert_string_equal(vs_error_describe(error, text, sizeof(text)), expected);
}

static void values_are_read(void **state)
{
    struct vs_json_doc *doc = parse(policy);
    struct vs_json root = vs_json_root(doc);
    struct vs_json name = vs_json_member(&root, "name");
    struct vs_json locks = vs_json_member(&root, "locks");
    struct vs_json big = vs_json_member(&root, "big");
    struct vs_json ratio = vs_json_member(&root, "ratio");
    struct vs_json on = vs_json_member(&root, "on");
    struct vs_json none = vs_json_member(&root, "none");
    struct vs_json absent = vs_json_member(&root, "absent");
    const char *text;
    uint64_t number;
    double real;
    bool boolean = false;

    (void)state;
    assert_int_equal(vs_json_string(&name, &text, NULL), 0);
    assert_string_equal(text, "device-lock");
    assert_int_equal(vs_json_u64(&locks, 0, 3, &number, NULL), 0);
    assert_int_equal(number, 3);
    assert_int_equal(vs_json_u64(&big, 0, UINT64_MAX, &number, NULL), 0);
    assert_true(number == INT64_MAX);
    assert_int_equal(vs_json_double(&ratio, 0, 10, &real, NULL), 0);
    assert_true(real == 2.5);
    assert_int_equal(vs_json_double(&locks, 0, 10, &real, NULL), 0);
    assert_true(real == 3);
    assert_int_equal(vs_json_boolean(&on, &boolean, NULL), 0);
    assert_true(boolean);
    assert_int_equal(vs_json_kind(&none), VS_JSON_NULL);
    assert_int_equal(vs_json_kind(&absent), VS_JSON_ABSENT);
    vs_json_doc_free(doc);
}

static void members_come_in_document_order(void **state)
{
    static const char *const expected[] = {"name",  "locks", "ratio", "big",       "real",
                                           "minus", "on",    "none",  "operations"};
    struct vs_json_doc *doc = parse(policy);
    struct vs_json root = vs_json_root(doc);

    (void)state;
    assert_int_equal(vs_json_count(&root), COUNT(expected));
    for (size_t i = 0; i < COUNT(expected); i++) {
        struct vs_json member = vs_json_member_at(&root, i);

        assert_string_equal(member.key, expected[i]);
    }
    struct vs_json beyond = vs_json_member_at(&root, COUNT(expected));

    assert_int_equal(vs_json_kind(&beyond), VS_JSON_ABSENT);
    vs_json_doc_free(doc);
}

static void paths_lead_to_the_place(void **state)
{
    struct vs_json_doc *doc = parse(policy);
    struct vs_json root = vs_json_root(doc);
    struct vs_json operations = vs_json_member(&root, "operations");
    struct vs_json read = vs_json_member(&operations, "read");
    struct vs_json third = vs_json_item(&read, 2);
    struct vs_json step = vs_json_member(&third, "do");
    struct vs_json odd = vs_json_member(&operations, "a.b");
    char path[64], small[8];

    (void)state;
    assert_string_equal(vs_json_path(&root, path, sizeof(path)), "(root)");
    assert_string_equal(vs_json_path(&step, path, sizeof(path)), "operations.read[2].do");
    assert_string_equal(vs_json_path(&odd, path, sizeof(path)), "operations[\"a.b\"]");
    assert_string_equal(vs_json_path(&step, small, sizeof(small)), "operati");
    vs_json_doc_free(doc);
}

static void wrong_types_are_refused_with_their_place(void **state)
{
    struct vs_json_doc *doc = parse(policy);
    struct vs_json root = vs_json_root(doc);
    struct vs_json operations = vs_json_member(&root, "operations");
    struct vs_json read = vs_json_member(&operations, "read");
    struct vs_json third = vs_json_item(&read, 2);
    struct vs_json fourth = vs_json_item(&read, 3);
    struct vs_json name = vs_json_member(&root, "name");
    struct vs_json minus = vs_json_member(&root, "minus");
    struct vs_json real = vs_json_member(&root, "real");
    struct vs_json locks = vs_json_member(&root, "locks");
    struct vs_error errors[8];
    const char *text;
    uint64_t number = 5;
    double value;
    bool boolean;

    (void)state;
    for (size_t i = 0; i < COUNT(errors); i++)
        errors[i] = (struct vs_error)VS_ERROR_INIT;
    assert_int_equal(vs_json_string(&third, &text, &errors[0]), VS_ERR_INPUT);
    assert_error(&errors[0], "p.json: operations.read[2]: expected a string, found an object");
    assert_int_equal(vs_json_string(&fourth, &text, &errors[1]), VS_ERR_INPUT);
    assert_error(&errors[1], "p.json: operations.read[3]: expected a string, found nothing");
    assert_int_equal(vs_json_u64(&name, 0, 9, &number, &errors[2]), VS_ERR_INPUT);
    assert_error(&errors[2], "p.json: name: expected an integer from 0 to 9, found the string "
                             "\"device-lock\"");
    assert_int_equal(vs_json_u64(&minus, 0, UINT64_MAX, &number, &errors[3]), VS_ERR_INPUT);
    assert_error(&errors[3],
                 "p.json: minus: expected an integer from 0 to 18446744073709551615, found -1");
    assert_int_equal(vs_json_u64(&real, 0, 9, &number, &errors[4]), VS_ERR_INPUT);
    assert_error(&errors[4],
                 "p.json: real: expected an integer from 0 to 9, found the non-integer 3");
    assert_int_equal(vs_json_u64(&locks, 4, 9, &number, &errors[5]), VS_ERR_INPUT);
    assert_error(&errors[5], "p.json: locks: expected an integer from 4 to 9, found 3");
    assert_int_equal(vs_json_double(&locks, 4, 9, &value, &errors[6]), VS_ERR_INPUT);
    assert_error(&errors[6], "p.json: locks: expected a number from 4 to 9, found 3");
    assert_int_equal(vs_json_boolean(&locks, &boolean, &errors[7]), VS_ERR_INPUT);
    assert_error(&errors[7], "p.json: locks: expected a boolean, found 3");
    assert_int_equal(number, 5);
    vs_json_doc_free(doc);
}

static void a_member_of_no_object_is_absent(void **state)
{
    struct vs_json_doc *doc = parse("[1]");
    struct vs_json root = vs_json_root(doc);
    struct vs_json member = vs_json_member(&root, "x");
    struct vs_json deeper = vs_json_item(&member, 4);
    struct vs_error error = VS_ERROR_INIT;

    (void)state;
    assert_int_equal(vs_json_kind(&deeper), VS_JSON_ABSENT);
    assert_int_equal(vs_json_count(&deeper), 0);
    assert_int_equal(vs_json_expect(&deeper, VS_JSON_OBJECT, &error), VS_ERR_INPUT);
    assert_error(&error, "p.json: x[4]: expected an object, found nothing");
    vs_json_doc_free(doc);
}

static void unknown_members_name_the_nearest(void **state)
{
    static const char *const allowed[] = {"name", "summary", NULL};
    struct vs_json_doc *doc = parse("{\"name\": 1, \"sumary\": 2}");
    struct vs_json_doc *far = parse("{\"elephant\": 2}");
    struct vs_json root = vs_json_root(doc), far_root = vs_json_root(far);
    struct vs_error error = VS_ERROR_INIT, far_error = VS_ERROR_INIT;

    (void)state;
    assert_int_equal(vs_json_only(&root, allowed, &error), VS_ERR_INPUT);
    assert_error(&error, "p.json: (root): unknown member \"sumary\"; did you mean \"summary\"?");
    assert_int_equal(vs_json_only(&far_root, allowed, &far_error), VS_ERR_INPUT);
    assert_error(&far_error, "p.json: (root): unknown member \"elephant\"");
    vs_json_doc_free(doc);
    vs_json_doc_free(far);
}

static void bad_texts_are_refused_with_their_line(void **state)
{
    static const struct {
        const char *text;
        uint64_t line;
        const char *part; /* of the message */
    } cases[] = {
        {"", 1, "empty text"},
        {"\n\n{\"a\": 1,\n \"a\": 2}", 4, "duplicate object key"},
        {"{\"a\": 1}\nx", 2, "end of file expected"},
        {"{\"a\": 1}{}", 1, "end of file expected"},
        {"{\"a\": ", 1, "near end of file"},
        {"[1, 2,]", 1, "unexpected token"},
        {"[\n99999999999999999999]", 2, "too big"},
        {"[1e999]", 1, "real number overflow"},
        {"[\"\xff\"]", 1, "unable to decode byte 0xff"},
        {"[NaN]", 1, "invalid token"},
        {"['a']", 1, "invalid token"},
        {"[01]", 1, "invalid token"},
        {" ", 1, "not valid JSON"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct vs_error error = VS_ERROR_INIT;
        struct vs_json_doc *doc = NULL;
        int ret = vs_json_parse(cases[i].text, strlen(cases[i].text), "p.json", &doc, &error);

        if (ret != VS_ERR_INPUT || !strstr(error.text, cases[i].part))
            fail_msg("case %zu: result %d, '%s'", i, ret, error.text);
        assert_int_equal(error.line, cases[i].line);
        assert_string_equal(error.source, "p.json");
        assert_null(doc);
    }
}

static void a_zero_byte_does_not_end_the_text(void **state)
{
    struct vs_json_doc *doc = NULL;

    (void)state;
    assert_int_equal(vs_json_parse("[1]\0[2]", 7, "p.json", &doc, NULL), VS_ERR_INPUT);
    assert_null(doc);
}

static void nesting_is_bounded(void **state)
{
    size_t depth = 1000000;
    char *text = malloc(depth);
    struct vs_error error = VS_ERROR_INIT;
    struct vs_json_doc *doc = NULL;

    (void)state;
    assert_non_null(text);
    memset(text, '[', depth);
    assert_int_equal(vs_json_parse(text, depth, "p.json", &doc, &error), VS_ERR_INPUT);
    assert_non_null(strstr(error.text, "depth"));
    free(text);
}

static void files_are_read_whole(void **state)
{
    char path[] = "/tmp/vs-test-json-XXXXXX";
    int file = mkstemp(path);
    size_t length = 300000; /* several growths of the buffer */
    FILE *stream = fdopen(file, "w");
    struct vs_json_doc *doc = NULL;

    (void)state;
    assert_non_null(stream);
    fprintf(stream, "[1,%*s2]", (int)length, "");
    fclose(stream);
    assert_int_equal(vs_json_parse_file(path, &doc, NULL), 0);
    struct vs_json root = vs_json_root(doc);

    assert_int_equal(vs_json_count(&root), 2);
    vs_json_doc_free(doc);
    unlink(path);
}

static void unreadable_files_are_host_errors(void **state)
{
    struct vs_error missing = VS_ERROR_INIT, directory = VS_ERROR_INIT;
    struct vs_json_doc *doc = NULL;

    (void)state;
    assert_int_equal(vs_json_parse_file("/nonexistent/p.json", &doc, &missing), VS_ERR_HOST);
    assert_string_equal(missing.source, "/nonexistent/p.json");
    assert_string_equal(missing.text, "cannot open: No such file or directory");
    assert_int_equal(vs_json_parse_file("/tmp", &doc, &directory), VS_ERR_HOST);
    assert_string_equal(directory.text, "cannot read: Is a directory");
    assert_null(doc);
}

static uint32_t next_random(uint32_t *seed)
{
    /* Marsaglia's xorshift32. */
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

static void mutated_texts_are_read_or_refused(void **state)
{
    uint32_t seed = 20240607;
    unsigned accepted = 0, refused = 0;

    (void)state;
    for (int round = 0; round < 20000; round++) {
        char text[sizeof(policy)];
        size_t length = sizeof(policy) - 1;
        struct vs_json_doc *doc = NULL;
        char *again = NULL;

        if (next_random(&seed) % 3 == 0)
            length -= next_random(&seed) % 80;
        memcpy(text, policy, sizeof(policy));
        for (uint32_t i = next_random(&seed) % 3; i > 0; i--)
            text[next_random(&seed) % length] = (char)next_random(&seed);
        if (vs_json_parse(text, length, "fuzz", &doc, NULL) == 0) {
            struct vs_json root = vs_json_root(doc);

            assert_int_equal(vs_json_value_text(&root, &again, NULL), 0);
            accepted++;
        } else {
            refused++;
        }
        free(again);
        vs_json_doc_free(doc);
    }
    assert_true(accepted > 100);
    assert_true(refused > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_read),
        cmocka_unit_test(members_come_in_document_order),
        cmocka_unit_test(paths_lead_to_the_place),
        cmocka_unit_test(wrong_types_are_refused_with_their_place),
        cmocka_unit_test(a_member_of_no_object_is_absent),
        cmocka_unit_test(unknown_members_name_the_nearest),
        cmocka_unit_test(bad_texts_are_refused_with_their_line),
        cmocka_unit_test(a_zero_byte_does_not_end_the_text),
        cmocka_unit_test(nesting_is_bounded),
        cmocka_unit_test(files_are_read_whole),
        cmocka_unit_test(unreadable_files_are_host_errors),
        cmocka_unit_test(mutated_texts_are_read_or_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
