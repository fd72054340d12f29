/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Arrays keep their content and the sum its bound, whether they are in memory or in files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "memory.h"

#define ITEMS 40000u

struct told {
    int times;
    char directory[200];
};

static void listen(void *context, const char *directory, bool in_memory)
{
    struct told *told = context;
    (void)in_memory;
    told->times++;
    strncpy(told->directory, directory, sizeof(told->directory) - 1);
}

static uint64_t *numbers(struct vs_memory *memory)
{
    uint64_t *items = NULL;
    size_t capacity = 0;
    for (uint64_t i = 0; i < ITEMS; i++) {
        assert_int_equal(vs_memory_grow(memory, &items, &capacity, i, sizeof(*items), NULL), 0);
        items[i] = i * i;
    }
    return items;
}

static void assert_numbers(const uint64_t *items)
{
    for (uint64_t i = 0; i < ITEMS; i++)
        assert_int_equal(items[i], i * i);
}

static void an_array_keeps_its_content_on_its_way_to_a_file(void **state)
{
    struct told told = {0};
    struct vs_memory *memory;
    (void)state;
    assert_int_equal(vs_memory_make(100000, listen, &told, &memory, NULL), 0);
    uint64_t *one = numbers(memory), *two = numbers(memory);
    assert_numbers(one);
    assert_numbers(two);
    struct vs_memory_use use = vs_memory_use(memory);
    assert_true(use.held_most_bytes <= 100000);
    assert_true(use.filed_bytes >= 2 * ITEMS * sizeof(*one));
    assert_int_equal(told.times, 1);
    assert_string_equal(told.directory, vs_memory_directory());
    vs_memory_scattered(memory, one);
    vs_memory_release(memory, one);
    assert_numbers(two);
    vs_memory_release(memory, two);
    use = vs_memory_use(memory);
    assert_int_equal(use.held_bytes + use.filed_bytes, 0);
    vs_memory_free(memory);
}

static void below_the_bound_nothing_goes_to_a_file(void **state)
{
    struct told told = {0};
    struct vs_memory *memory;
    (void)state;
    assert_int_equal(vs_memory_make(0, listen, &told, &memory, NULL), 0);
    uint64_t *one = numbers(memory);
    assert_numbers(one);
    assert_int_equal(vs_memory_use(memory).filed_most_bytes, 0);
    assert_int_equal(told.times, 0);
    vs_memory_release(memory, malloc(10)); /* one that it never saw */
    vs_memory_free(memory);                /* frees what is still out */
}

static void without_a_bound_it_is_malloc(void **state)
{
    (void)state;
    uint64_t *one = numbers(NULL);
    assert_numbers(one);
    vs_memory_scattered(NULL, one);
    vs_memory_release(NULL, one);
    vs_memory_release(NULL, NULL);
}

static void without_a_directory_it_is_an_error_and_the_array_stays(void **state)
{
    struct vs_error error = VS_ERROR_INIT;
    struct vs_memory *memory;
    const char *before = getenv("TMPDIR");
    char kept[4096] = "";
    (void)state;
    if (before)
        strncpy(kept, before, sizeof(kept) - 1);
    setenv("TMPDIR", "/nonexistent/directory", 1);
    assert_int_equal(vs_memory_make(100, NULL, NULL, &memory, NULL), 0);
    char *text = vs_memory_extend(memory, NULL, 80, &error);
    assert_non_null(text);
    strcpy(text, "kept");
    assert_null(vs_memory_extend(memory, text, 101, &error));
    assert_int_equal(error.code, VS_ERR_HOST);
    assert_non_null(strstr(error.text, "/nonexistent/directory"));
    assert_string_equal(text, "kept");
    assert_null(vs_memory_take(memory, 21, NULL));
    assert_int_equal(vs_memory_use(memory).held_bytes, 80);
    vs_memory_release(memory, text);
    assert_int_equal(vs_memory_use(memory).held_bytes, 0);
    vs_memory_free(memory);
    if (before)
        setenv("TMPDIR", kept, 1);
    else
        unsetenv("TMPDIR");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_array_keeps_its_content_on_its_way_to_a_file),
        cmocka_unit_test(below_the_bound_nothing_goes_to_a_file),
        cmocka_unit_test(without_a_bound_it_is_malloc),
        cmocka_unit_test(without_a_directory_it_is_an_error_and_the_array_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
