/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Claims about reading inputs: compression is found by content, damage has a place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "import/input.h"

#define LINES 5000

/* "line N" LINES times, made by the commands below and by expected_line. */
#define MAKE_TEXT "i=0; while [ $i -lt 5000 ]; do echo line $i; i=$((i+1)); done > text"

struct directory {
    char path[64];
};

static int make_files(void **state)
{
    struct directory *directory = calloc(1, sizeof(*directory));
    char command[1024];

    assert_non_null(directory);
    strcpy(directory->path, "/tmp/vs-input-XXXXXX");
    assert_non_null(mkdtemp(directory->path));
    /* gzip and xz come with every Debian; zstd inputs are tested with the sample logs. */
    snprintf(command, sizeof(command),
             "cd %s && " MAKE_TEXT
             " && gzip -kn text && xz -k text && head -c 2000 text.gz > cut.gz && head -c 700 "
             "text.xz > cut.xz && cat text.gz text.gz > twice.gz && cat text.xz text.xz > "
             "twice.xz && : > empty && printf 'a\\r\\n\\nb' > ends",
             directory->path);
    if (system(command) != 0)
        return -1;
    *state = directory;
    return 0;
}

static int remove_files(void **state)
{
    struct directory *directory = *state;
    char command[128];
    int ret;

    snprintf(command, sizeof(command), "rm -rf %s", directory->path);
    ret = system(command);
    free(directory);
    return ret;
}

static int open_in(void **state, const char *name, struct vs_input **input, struct vs_error *error)
{
    char path[128];

    snprintf(path, sizeof(path), "%s/%s", ((struct directory *)*state)->path, name);
    *error = (struct vs_error)VS_ERROR_INIT;
    return vs_input_open(path, input, error);
}

static void check_lines(void **state, const char *name, unsigned int copies)
{
    struct vs_input *input;
    struct vs_error error;
    const char *line;
    size_t length;
    char expected[32];

    assert_int_equal(open_in(state, name, &input, &error), 0);
    for (unsigned int i = 0; i < copies * LINES; i++) {
        snprintf(expected, sizeof(expected), "line %u", i % LINES);
        assert_int_equal(vs_input_line(input, &line, &length, &error), 1);
        assert_string_equal(line, expected);
        assert_int_equal(length, strlen(expected));
        assert_int_equal(vs_input_line_number(input), i + 1);
    }
    assert_int_equal(vs_input_line(input, &line, &length, &error), 0);
    vs_input_close(input);
}

static void compression_is_found_by_content(void **state)
{
    check_lines(state, "text", 1);
    check_lines(state, "text.gz", 1);
    check_lines(state, "text.xz", 1);
}

static void concatenated_files_are_one_stream(void **state)
{
    check_lines(state, "twice.gz", 2);
    check_lines(state, "twice.xz", 2);
}

static void truncated_compression_is_an_error_with_a_place(void **state)
{
    static const char *const names[] = {"cut.gz", "cut.xz"};
    static const uint64_t sizes[] = {2000, 700};

    for (int i = 0; i < 2; i++) {
        struct vs_input *input;
        struct vs_error error;
        char buffer[4096];
        size_t got, total = 0;
        int ret;

        assert_int_equal(open_in(state, names[i], &input, &error), 0);
        while ((ret = vs_input_read(input, buffer, sizeof(buffer), &got, &error)) == 0 && got > 0)
            total += got;
        assert_int_equal(ret, VS_ERR_INPUT);
        assert_int_equal(error.offset_bytes, sizes[i]);
        assert_non_null(strstr(error.source, names[i]));
        assert_non_null(strstr(error.text, "truncated"));
        assert_true(total + got > 0);
        vs_input_close(input);
    }
}

static void empty_and_missing_files(void **state)
{
    struct vs_input *input;
    struct vs_error error;
    char byte;
    size_t got = 1;

    assert_int_equal(open_in(state, "empty", &input, &error), 0);
    assert_int_equal(vs_input_read(input, &byte, 1, &got, &error), 0);
    assert_int_equal(got, 0);
    vs_input_close(input);
    assert_int_equal(open_in(state, "missing", &input, &error), VS_ERR_HOST);
    assert_null(input);
    assert_non_null(strstr(error.source, "missing"));
}

static void line_ends_of_all_kinds(void **state)
{
    static const char *const expected[] = {"a", "", "b"};
    struct vs_input *input;
    struct vs_error error;
    const char *line;
    size_t length;

    assert_int_equal(open_in(state, "ends", &input, &error), 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(vs_input_line(input, &line, &length, &error), 1);
        assert_string_equal(line, expected[i]);
    }
    assert_int_equal(vs_input_line(input, &line, &length, &error), 0);
    assert_int_equal(vs_input_offset(input), 5);
    vs_input_close(input);
}

static void an_endless_line_is_refused_with_its_number(void **state)
{
    char path[128];
    struct vs_input *input;
    struct vs_error error;
    const char *line;
    size_t length;
    FILE *file;

    snprintf(path, sizeof(path), "%s/long", ((struct directory *)*state)->path);
    file = fopen(path, "w");
    assert_non_null(file);
    fputs("first\n", file);
    for (int i = 0; i < VS_INPUT_LINE_MAX + 1; i++)
        fputc('x', file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(open_in(state, "long", &input, &error), 0);
    assert_int_equal(vs_input_line(input, &line, &length, &error), 1);
    assert_int_equal(vs_input_line(input, &line, &length, &error), VS_ERR_INPUT);
    assert_int_equal(error.line, 2);
    vs_input_close(input);
}

static void a_bit_flip_never_reads_as_the_same_text(void **state)
{
    static const char *const names[] = {"text.gz", "text.xz"};
    char path[128], *whole, *got;
    size_t size, got_size, text_size;
    char *text;
    struct vs_error error;

    snprintf(path, sizeof(path), "%s/text", ((struct directory *)*state)->path);
    error = (struct vs_error)VS_ERROR_INIT;
    assert_int_equal(vs_input_read_all(path, SIZE_MAX, &text, &text_size, &error), 0);
    for (int n = 0; n < 2; n++) {
        FILE *file;

        snprintf(path, sizeof(path), "%s/%s", ((struct directory *)*state)->path, names[n]);
        file = fopen(path, "rb");
        assert_non_null(file);
        whole = malloc(1 << 20);
        assert_non_null(whole);
        size = fread(whole, 1, 1 << 20, file);
        fclose(file);
        snprintf(path, sizeof(path), "%s/flipped", ((struct directory *)*state)->path);
        /* Behind the gzip header, whose time stamp nothing checks. */
        for (size_t at = 10; at < size; at += 97) {
            whole[at] = (char)(whole[at] ^ 0x10);
            file = fopen(path, "wb");
            assert_non_null(file);
            assert_int_equal(fwrite(whole, 1, size, file), size);
            fclose(file);
            whole[at] = (char)(whole[at] ^ 0x10);
            error = (struct vs_error)VS_ERROR_INIT;
            assert_int_equal(vs_input_read_all(path, SIZE_MAX, &got, &got_size, &error),
                             VS_ERR_INPUT);
            assert_true(error.offset_bytes <= size);
        }
        free(whole);
    }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compression_is_found_by_content),
        cmocka_unit_test(concatenated_files_are_one_stream),
        cmocka_unit_test(truncated_compression_is_an_error_with_a_place),
        cmocka_unit_test(empty_and_missing_files),
        cmocka_unit_test(line_ends_of_all_kinds),
        cmocka_unit_test(an_endless_line_is_refused_with_its_number),
        cmocka_unit_test(a_bit_flip_never_reads_as_the_same_text),
    };

    return cmocka_run_group_tests(tests, make_files, remove_files);
}
