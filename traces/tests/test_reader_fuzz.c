/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Seeded damage to trace files, with and without mended checksums: no crash, and no
 * record that is not a valid one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fuzz_file.h"
#include "random_records.h"

#define ROUNDS 4000

static char directory[] = "/tmp/vs_test_fuzz_XXXXXX";
static char file[64];

static int set_up(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(directory));
    snprintf(file, sizeof(file), "%s/t.vpt", directory);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(file);
    return rmdir(directory);
}

static size_t make_file(uint8_t *bytes, size_t capacity, uint64_t seed)
{
    struct vs_record records[400];
    struct vs_trace_meta meta;
    struct vs_writer *writer = NULL;
    struct vs_writer_options options = {
        .force = true, .block_records = 50, .zstd_level = seed % 3 == 0};
    size_t count = 50 + seed % 350;
    vs_trace_meta_init(&meta);
    strcpy(meta.source, "generate");
    assert_non_null(vs_trace_meta_add_device(&meta));
    test_random_records(records, count, seed, seed % 2 ? 5000 : 0, (unsigned int)(seed % 257));
    assert_int_equal(vs_writer_open(file, &meta, &options, &writer, NULL), 0);
    assert_int_equal(vs_writer_add(writer, records, count, NULL), 0);
    assert_int_equal(vs_writer_commit(writer, NULL, NULL), 0);
    vs_trace_meta_free(&meta);
    FILE *stream = fopen(file, "rb");
    assert_non_null(stream);
    size_t length = fread(bytes, 1, capacity, stream);
    fclose(stream);
    assert_true(length < capacity);
    return length;
}

static void damage(uint8_t *bytes, size_t *length, uint64_t *random)
{
    static const uint8_t telling[] = {0, 1, 2, 3, 4, 0x7f, 0x80, 0xff};
    uint64_t changes = 1 + test_random(random) % 6;
    for (uint64_t i = 0; i<changes && * length> 0; i++) {
        size_t at = (size_t)(test_random(random) % *length);
        switch (test_random(random) % 8) {
        case 0:
            *length = at; /* cut */
            break;
        case 1: /* a piece moves */
            memmove(bytes + at, bytes + *length / 2, (*length - at) / 4);
            break;
        case 2:
        case 3:
            bytes[at] = telling[test_random(random) % sizeof(telling)];
            break;
        default:
            bytes[at] ^= (uint8_t)(1u << test_random(random) % 8);
            break;
        }
    }
}

static void test_damaged_files_are_safe(void **state)
{
    enum { CAPACITY = 1 << 20 };
    uint8_t *good = malloc(CAPACITY), *bytes = malloc(CAPACITY);
    uint64_t random = 99;
    unsigned int refused = 0, read = 0;
    size_t length = 0;
    (void)state;
    assert_true(good && bytes);
    for (unsigned int round = 0; round < ROUNDS; round++) {
        if (round % 100 == 0)
            length = make_file(good, CAPACITY, round / 100);
        size_t left = length;
        memcpy(bytes, good, length);
        damage(bytes, &left, &random);
        if (round % 4 != 0)
            mend_checksums(bytes, left);
        FILE *stream = fopen(file, "wb");
        assert_non_null(stream);
        assert_int_equal(fwrite(bytes, 1, left, stream), left);
        fclose(stream);
        int ret = read_file_every_way(file, test_random(&random));
        assert_true(ret == 0 || ret == VS_ERR_INPUT);
        refused += ret < 0;
        read += ret == 0;
    }
    /* Both happen: damage that is found, and cuts that leave whole blocks. */
    assert_true(refused > ROUNDS / 4 && read > 0);
    free(good);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_damaged_files_are_safe),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
