/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Trace files: what was written is read; truncation, damage and death are told apart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "format.h"
#include "random_records.h"
#include "trace.h"

struct directory {
    char path[64];
    char file[96];
};

static int set_up(void **state)
{
    struct directory *directory = calloc(1, sizeof(*directory));
    assert_non_null(directory);
    strcpy(directory->path, "/tmp/vs_test_file_XXXXXX");
    assert_non_null(mkdtemp(directory->path));
    snprintf(directory->file, sizeof(directory->file), "%s/t.vpt", directory->path);
    *state = directory;
    return 0;
}

static int tear_down(void **state)
{
    struct directory *directory = *state;
    char command[128];
    snprintf(command, sizeof(command), "rm -rf '%s'", directory->path);
    int ret = system(command);
    free(directory);
    return ret;
}

static void small_meta(struct vs_trace_meta *meta)
{
    vs_trace_meta_init(meta);
    strcpy(meta->source, "generate");
    strcpy(meta->clock.name, "synthetic");
}

/* Write records; returns the writer's result. */
static int write_trace(const char *path, const struct vs_record *records, size_t count,
                       const struct vs_writer_options *options, struct vs_error *error)
{
    struct vs_trace_meta meta;
    struct vs_writer *writer = NULL;
    small_meta(&meta);
    int ret = vs_writer_open(path, &meta, options, &writer, error);
    vs_trace_meta_free(&meta);
    if (ret == 0) {
        ret = vs_writer_add(writer, records, count, error);
        if (ret == 0)
            ret = vs_writer_commit(writer, NULL, error);
        else
            vs_writer_abort(writer);
    }
    return ret;
}

/* Read all; returns the reader's result, *count how many came, equal to records so far. */
static int read_trace(const char *path, const struct vs_record *records, size_t *count,
                      bool *complete, struct vs_error *error)
{
    struct vs_reader *reader = NULL;
    const struct vs_record *got = NULL;
    size_t batch = 0;
    *count = 0;
    int ret = vs_reader_open(path, &reader, error);
    if (ret < 0)
        return ret;
    while ((ret = vs_reader_next(reader, &got, &batch, error)) > 0) {
        assert_memory_equal(got, records + *count, batch * sizeof(*got));
        *count += batch;
    }
    *complete = vs_reader_totals(reader).complete;
    vs_reader_close(reader);
    return ret;
}

static uint8_t *slurp(const char *path, size_t *length)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    *length = (size_t)ftell(file);
    rewind(file);
    uint8_t *bytes = malloc(*length + 1);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, *length, file), *length);
    fclose(file);
    return bytes;
}

static void spill(const char *path, const uint8_t *bytes, size_t length)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

static void test_files_round_trip(void **state)
{
    struct directory *directory = *state;
    static const size_t counts[] = {0, 1, 15, 16, 17, 1000, 20000};
    static const int levels[] = {0, 1, 9};
    struct vs_record *records = calloc(20000, sizeof(*records));
    assert_non_null(records);
    for (size_t c = 0; c < 7; c++) {
        for (size_t l = 0; l < 3; l++) {
            struct vs_writer_options options = {
                .zstd_level = levels[l], .block_records = c < 5 ? 16 : 0, .force = true};
            struct vs_error error = VS_ERROR_INIT;
            size_t count = 0;
            bool complete = false;
            test_random_records(records, counts[c], c * 3 + l, 1000, 200);
            assert_int_equal(write_trace(directory->file, records, counts[c], &options, &error), 0);
            assert_int_equal(read_trace(directory->file, records, &count, &complete, &error), 0);
            assert_int_equal(count, counts[c]);
            assert_true(complete);
        }
    }
    free(records);
}

static void test_totals_come_from_the_end(void **state)
{
    struct directory *directory = *state;
    struct vs_record records[40];
    struct vs_reader *reader = NULL;
    struct vs_writer_options options = {.block_records = 16};
    test_random_records(records, 40, 3, 1000, 0);
    records[39] = (struct vs_record){.time_ns = records[38].time_ns + 5,
                                     .kind = VS_KIND_LOST,
                                     .sbdf = VS_SBDF_NONE,
                                     .value = 77};
    uint64_t lost = 0;
    for (int i = 0; i < 40; i++)
        lost += records[i].kind == VS_KIND_LOST ? records[i].value : 0;
    assert_int_equal(write_trace(directory->file, records, 40, &options, NULL), 0);
    assert_int_equal(vs_reader_open(directory->file, &reader, NULL), 0);
    struct vs_trace_totals totals = vs_reader_totals(reader);
    assert_true(totals.complete);
    assert_int_equal(totals.records, 40);
    assert_int_equal(totals.lost_records, lost);
    assert_int_equal(totals.blocks, 3);
    assert_int_equal(totals.first_ns, records[0].time_ns);
    assert_int_equal(totals.last_ns, records[39].time_ns);
    vs_reader_close(reader);
}

/* Cut at every length: refused up to the end of the metadata, then whole blocks. */
static void test_every_truncation(void **state)
{
    struct directory *directory = *state;
    struct vs_record records[100];
    struct vs_writer_options options = {.block_records = 16};
    size_t length = 0, most = 0;
    test_random_records(records, 100, 5, 1000, 220);
    assert_int_equal(write_trace(directory->file, records, 100, &options, NULL), 0);
    uint8_t *bytes = slurp(directory->file, &length);
    for (size_t cut = 0; cut < length; cut++) {
        struct vs_error error = VS_ERROR_INIT;
        size_t count = 0;
        bool complete = true;
        spill(directory->file, bytes, cut);
        int ret = read_trace(directory->file, records, &count, &complete, &error);
        if (ret < 0) {
            assert_int_equal(ret, VS_ERR_INPUT);
            assert_int_equal(count, 0);
            assert_int_equal(most, 0); /* never again once the metadata is whole */
            continue;
        }
        assert_false(complete);
        assert_true(count >= most && (count % 16 == 0 || count == 100));
        most = count;
    }
    assert_int_equal(most, 100);
    free(bytes);
}

/* No single flipped bit goes unnoticed, as a file and as a pipe would be read. */
static void test_every_bit_flip(void **state)
{
    struct directory *directory = *state;
    struct vs_record records[20];
    struct vs_writer_options options = {.block_records = 16};
    size_t length = 0;
    test_random_records(records, 20, 6, 1000, 220);
    for (options.zstd_level = 0; options.zstd_level < 2; options.zstd_level++) {
        options.force = true;
        assert_int_equal(write_trace(directory->file, records, 20, &options, NULL), 0);
        uint8_t *bytes = slurp(directory->file, &length);
        for (size_t bit = 0; bit < length * 8; bit++) {
            struct vs_error error = VS_ERROR_INIT;
            size_t count = 0;
            bool complete = true;
            bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
            spill(directory->file, bytes, length);
            bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
            int ret = read_trace(directory->file, records, &count, &complete, &error);
            if (ret != VS_ERR_INPUT)
                fail_msg("bit %zu of byte %zu: %d", bit % 8, bit / 8, ret);
            assert_true(error.offset_bytes <= bit / 8);
        }
        free(bytes);
    }
}

static void test_bytes_after_the_end_are_refused(void **state)
{
    struct directory *directory = *state;
    struct vs_record records[20];
    struct vs_error error = VS_ERROR_INIT;
    size_t length = 0, count = 0;
    bool complete = true;
    test_random_records(records, 20, 6, 1000, 220);
    assert_int_equal(write_trace(directory->file, records, 20, NULL, NULL), 0);
    uint8_t *bytes = slurp(directory->file, &length);
    bytes[length] = 0;
    spill(directory->file, bytes, length + 1);
    assert_int_equal(read_trace(directory->file, records, &count, &complete, &error), VS_ERR_INPUT);
    assert_int_equal(error.offset_bytes, length);
    assert_string_equal(error.text, "bytes follow the end block");
    free(bytes);
}

/* A block cut out whole leaves every checksum good; the block numbers tell. */
static void test_missing_block_is_found(void **state)
{
    struct directory *directory = *state;
    struct vs_record records[64];
    struct vs_error error = VS_ERROR_INIT;
    struct vs_writer_options options = {.block_records = 16};
    size_t length = 0, count = 0, first = 0, second = 0;
    bool complete = true;
    test_random_records(records, 64, 6, 1000, 220);
    assert_int_equal(write_trace(directory->file, records, 64, &options, NULL), 0);
    uint8_t *bytes = slurp(directory->file, &length);
    for (size_t at = VS_FILE_HEADER, block = 0; block < 4; block++) {
        uint32_t payload;
        memcpy(&payload, bytes + at + 12, sizeof(payload));
        first = block == 2 ? at : first;
        second = block == 3 ? at : second;
        at += VS_BLOCK_HEADER + payload;
    }
    memmove(bytes + first, bytes + second, length - second);
    spill(directory->file, bytes, length - (second - first));
    assert_int_equal(read_trace(directory->file, records, &count, &complete, &error), VS_ERR_INPUT);
    assert_int_equal(error.offset_bytes, first);
    assert_int_equal(count, 16);
    free(bytes);
}

static void test_killed_writer_leaves_whole_blocks(void **state)
{
    struct directory *directory = *state;
    static struct vs_record records[1000];
    int ready[2];
    char byte;
    test_random_records(records, 1000, 9, 1000, 220);
    assert_int_equal(pipe(ready), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct vs_trace_meta meta;
        struct vs_writer *writer = NULL;
        struct vs_writer_options options = {.block_records = 64, .in_place = true};
        small_meta(&meta);
        if (vs_writer_open(directory->file, &meta, &options, &writer, NULL) == 0 &&
            vs_writer_add(writer, records, 1000, NULL) == 0 && write(ready[1], "x", 1) == 1)
            pause();
        _exit(1);
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    close(ready[0]);
    close(ready[1]);
    size_t count = 0;
    bool complete = true;
    assert_int_equal(read_trace(directory->file, records, &count, &complete, NULL), 0);
    assert_int_equal(count, 1000 / 64 * 64);
    assert_false(complete);
}

static void test_pipe_equals_file(void **state)
{
    struct directory *directory = *state;
    static struct vs_record records[3000];
    int ends[2];
    char path[32];
    size_t length = 0, count = 0;
    bool complete = false;
    test_random_records(records, 3000, 10, 1000, 220);
    assert_int_equal(write_trace(directory->file, records, 3000, NULL, NULL), 0);
    uint8_t *bytes = slurp(directory->file, &length);
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(ends[0]);
        /* Odd portions: the reader must put them together. */
        for (size_t at = 0; at < length;) {
            size_t portion = length - at < 777 ? length - at : 777;
            ssize_t written = write(ends[1], bytes + at, portion);
            if (written <= 0)
                _exit(1);
            at += (size_t)written;
        }
        _exit(0);
    }
    close(ends[1]);
    snprintf(path, sizeof(path), "/dev/fd/%d", ends[0]);
    assert_int_equal(read_trace(path, records, &count, &complete, NULL), 0);
    assert_int_equal(count, 3000);
    assert_true(complete);
    close(ends[0]);
    assert_int_equal(waitpid(child, NULL, 0), child);
    free(bytes);
}

/* What became known while writing reaches a pipe's reader at its end. */
static void test_closing_metadata(void **state)
{
    struct directory *directory = *state;
    struct vs_record records[20];
    struct vs_trace_meta meta;
    struct vs_writer *writer = NULL;
    const struct vs_record *got = NULL;
    size_t count = 0;
    char command[160];
    test_random_records(records, 20, 12, 1000, 0);
    small_meta(&meta);
    assert_int_equal(vs_writer_open(directory->file, &meta, NULL, &writer, NULL), 0);
    assert_int_equal(vs_writer_add(writer, records, 20, NULL), 0);
    assert_int_equal(vs_trace_meta_add_note(&meta, "known at the end"), 0);
    assert_int_equal(vs_writer_commit(writer, &meta, NULL), 0);
    vs_trace_meta_free(&meta);
    for (int piped = 0; piped < 2; piped++) {
        struct vs_reader *reader = NULL;
        snprintf(command, sizeof(command), "cat %s", directory->file);
        FILE *pipe_end = popen(command, "r");
        assert_non_null(pipe_end);
        snprintf(command, sizeof(command), "/dev/fd/%d", fileno(pipe_end));
        assert_int_equal(vs_reader_open(piped ? command : directory->file, &reader, NULL), 0);
        assert_int_equal(vs_reader_meta(reader)->note_count, piped ? 0 : 1);
        while (vs_reader_next(reader, &got, &count, NULL) > 0)
            continue;
        assert_int_equal(vs_reader_meta(reader)->note_count, 1);
        vs_reader_close(reader);
        pclose(pipe_end);
    }
}

/* Seek to time_ns and compare with a search from the start. */
static void seek_once(struct vs_reader *reader, const struct vs_record *records, size_t total,
                      size_t block, uint64_t time_ns)
{
    const struct vs_record *got = NULL;
    size_t count = 0, first = 0;
    assert_int_equal(vs_reader_seek(reader, time_ns, NULL), 0);
    while (first < total && records[first].time_ns < time_ns)
        first++;
    int ret = vs_reader_next(reader, &got, &count, NULL);
    if (first == total) {
        assert_int_equal(ret, 0);
        return;
    }
    size_t start = first / block * block;
    assert_int_equal(ret, 1);
    assert_memory_equal(got, records + start, count * sizeof(*got));
    for (size_t at = start + count; at < total; at += count) {
        assert_int_equal(vs_reader_next(reader, &got, &count, NULL), 1);
        assert_memory_equal(got, records + at, count * sizeof(*got));
    }
    assert_int_equal(vs_reader_next(reader, &got, &count, NULL), 0);
}

static void seek_everywhere(const char *path, const struct vs_record *records, size_t total,
                            size_t block)
{
    struct vs_reader *reader = NULL;
    uint64_t random = 4;
    assert_int_equal(vs_reader_open(path, &reader, NULL), 0);
    seek_once(reader, records, total, block, 0);
    seek_once(reader, records, total, block, records[total - 1].time_ns);
    seek_once(reader, records, total, block, records[total - 1].time_ns + 1);
    for (int i = 0; i < 50; i++) {
        uint64_t time = records[test_random(&random) % total].time_ns;
        seek_once(reader, records, total, block, time + test_random(&random) % 3 - 1);
    }
    vs_reader_close(reader);
}

static void test_seek_finds_the_block(void **state)
{
    struct directory *directory = *state;
    static struct vs_record records[5000];
    struct vs_writer_options options = {.block_records = 16, .force = true};
    size_t length = 0;
    test_random_records(records, 5000, 11, 3, 220); /* many equal times */
    records[0].time_ns = 0;
    /* 1 record per block: 5000 blocks fill more than one index block. */
    options.block_records = 1;
    assert_int_equal(write_trace(directory->file, records, 5000, &options, NULL), 0);
    seek_everywhere(directory->file, records, 5000, 1);
    options.block_records = 16;
    assert_int_equal(write_trace(directory->file, records, 1600, &options, NULL), 0);
    seek_everywhere(directory->file, records, 1600, 16);
    /* The same without the end block: found by block headers. */
    uint8_t *bytes = slurp(directory->file, &length);
    spill(directory->file, bytes, length - 1);
    seek_everywhere(directory->file, records, 1600, 16);
    free(bytes);
}

static void test_pipe_cannot_seek(void **state)
{
    struct directory *directory = *state;
    struct vs_record records[4];
    struct vs_reader *reader = NULL;
    struct vs_error error = VS_ERROR_INIT;
    char command[160];
    test_random_records(records, 4, 11, 3, 220);
    assert_int_equal(write_trace(directory->file, records, 4, NULL, NULL), 0);
    snprintf(command, sizeof(command), "cat %s", directory->file);
    FILE *pipe_end = popen(command, "r");
    assert_non_null(pipe_end);
    snprintf(command, sizeof(command), "/dev/fd/%d", fileno(pipe_end));
    assert_int_equal(vs_reader_open(command, &reader, NULL), 0);
    assert_int_equal(vs_reader_seek(reader, 0, &error), VS_ERR_HOST);
    vs_reader_close(reader);
    pclose(pipe_end);
}

static void test_file_appears_at_commit_only(void **state)
{
    struct directory *directory = *state;
    struct vs_record records[20];
    struct vs_trace_meta meta;
    struct vs_writer *writer = NULL;
    char command[160];
    test_random_records(records, 20, 12, 1000, 0);
    small_meta(&meta);
    assert_int_equal(vs_writer_open(directory->file, &meta, NULL, &writer, NULL), 0);
    assert_int_equal(vs_writer_add(writer, records, 20, NULL), 0);
    assert_int_equal(vs_writer_flush(writer, NULL), 0);
    assert_int_equal(access(directory->file, F_OK), -1);
    assert_int_equal(vs_writer_commit(writer, NULL, NULL), 0);
    assert_int_equal(access(directory->file, F_OK), 0);
    assert_int_equal(vs_writer_open("/nonexistent/x.vpt", &meta, NULL, &writer, NULL), VS_ERR_HOST);
    /* An abort leaves nothing behind. */
    snprintf(command, sizeof(command), "%s/other.vpt", directory->path);
    assert_int_equal(vs_writer_open(command, &meta, NULL, &writer, NULL), 0);
    vs_writer_abort(writer);
    snprintf(command, sizeof(command), "test \"$(ls -A %s)\" = t.vpt", directory->path);
    assert_int_equal(system(command), 0);
    vs_trace_meta_free(&meta);
}

static void test_existing_file_needs_force(void **state)
{
    struct directory *directory = *state;
    struct vs_record records[20];
    struct vs_writer_options options = {0};
    struct vs_error error = VS_ERROR_INIT;
    size_t length = 0;
    test_random_records(records, 20, 12, 1000, 0);
    spill(directory->file, (const uint8_t *)"precious", 8);
    assert_int_equal(write_trace(directory->file, records, 20, &options, &error), VS_ERR_HOST);
    assert_string_equal(error.text, "the file exists (--force replaces it)");
    options.in_place = true;
    assert_int_equal(write_trace(directory->file, records, 20, &options, NULL), VS_ERR_HOST);
    uint8_t *bytes = slurp(directory->file, &length);
    assert_int_equal(length, 8);
    assert_memory_equal(bytes, "precious", 8);
    free(bytes);
    options = (struct vs_writer_options){.force = true};
    assert_int_equal(write_trace(directory->file, records, 20, &options, NULL), 0);
    bool complete = false;
    assert_int_equal(read_trace(directory->file, records, &length, &complete, NULL), 0);
}

/* A file that appears between open and commit is not clobbered either. */
static void test_late_file_is_not_clobbered(void **state)
{
    struct directory *directory = *state;
    struct vs_trace_meta meta;
    struct vs_writer *writer = NULL;
    struct vs_error error = VS_ERROR_INIT;
    char command[160];
    size_t length = 0;
    small_meta(&meta);
    assert_int_equal(vs_writer_open(directory->file, &meta, NULL, &writer, NULL), 0);
    spill(directory->file, (const uint8_t *)"precious", 8);
    assert_int_equal(vs_writer_commit(writer, NULL, &error), VS_ERR_HOST);
    free(slurp(directory->file, &length));
    assert_int_equal(length, 8);
    snprintf(command, sizeof(command), "test \"$(ls -A %s)\" = t.vpt", directory->path);
    assert_int_equal(system(command), 0);
    vs_trace_meta_free(&meta);
}

static void test_full_disk_is_an_error(void **state)
{
    (void)state;
    static struct vs_record records[20000];
    struct vs_writer_options options = {.in_place = true, .force = true};
    struct vs_error error = VS_ERROR_INIT;
    test_random_records(records, 20000, 12, 1000, 0);
    assert_int_equal(write_trace("/dev/full", records, 20000, &options, &error), VS_ERR_HOST);
    assert_string_equal(error.text, "cannot write: No space left on device");
}

static void test_bad_records_are_refused(void **state)
{
    struct directory *directory = *state;
    struct vs_record records[2];
    struct vs_error error = VS_ERROR_INIT;
    test_random_records(records, 2, 13, 1000, 0);
    records[1].time_ns = records[0].time_ns - 1;
    assert_int_equal(write_trace(directory->file, records, 2, NULL, &error), VS_ERR_INPUT);
    assert_non_null(strstr(error.text, "record 1 "));
    assert_non_null(strstr(error.text, "its time goes back"));
    records[1] = records[0];
    records[1].kind = VS_KIND_COUNT;
    error = (struct vs_error)VS_ERROR_INIT;
    assert_int_equal(write_trace(directory->file, records, 2, NULL, &error), VS_ERR_INPUT);
    assert_non_null(strstr(error.text, "unknown kind"));
    assert_int_equal(access(directory->file, F_OK), -1);
}

static void test_things_that_are_no_trace(void **state)
{
    struct directory *directory = *state;
    static const struct {
        const char *bytes;
        size_t length;
        const char *reason;
    } cases[] = {
        {"", 0, "the file is empty"},
        {"\x89VPT", 4, "the file ends within its header"},
        {"time_ns,pcpu,domain\n", 20, "not a vpcisim trace (its first bytes are not a trace's)"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct vs_error error = VS_ERROR_INIT;
        size_t count = 0;
        bool complete = false;
        spill(directory->file, (const uint8_t *)cases[i].bytes, cases[i].length);
        assert_int_equal(read_trace(directory->file, NULL, &count, &complete, &error),
                         VS_ERR_INPUT);
        assert_string_equal(error.text, cases[i].reason);
        assert_int_equal(error.offset_bytes, 0);
    }
    struct vs_reader *reader = NULL;
    assert_int_equal(vs_reader_open(directory->path, &reader, NULL), VS_ERR_HOST);
    assert_int_equal(vs_reader_open("/nonexistent.vpt", &reader, NULL), VS_ERR_HOST);
}

static void test_hash_is_of_the_content(void **state)
{
    struct directory *directory = *state;
    struct vs_record records[500];
    struct vs_writer_options options = {.force = true};
    char first[VS_TRACE_HASH_TEXT], second[VS_TRACE_HASH_TEXT], third[VS_TRACE_HASH_TEXT];
    test_random_records(records, 500, 13, 1000, 0);
    assert_int_equal(write_trace(directory->file, records, 500, &options, NULL), 0);
    assert_int_equal(vs_trace_hash(directory->file, first, NULL), 0);
    options.zstd_level = 3;
    options.block_records = 7;
    assert_int_equal(write_trace(directory->file, records, 500, &options, NULL), 0);
    assert_int_equal(vs_trace_hash(directory->file, second, NULL), 0);
    records[250].duration_ns ^= 1;
    assert_int_equal(write_trace(directory->file, records, 500, &options, NULL), 0);
    assert_int_equal(vs_trace_hash(directory->file, third, NULL), 0);
    assert_int_equal(strlen(first), 32);
    assert_string_equal(first, second);
    assert_string_not_equal(first, third);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(test_files_round_trip),
        CASE(test_totals_come_from_the_end),
        CASE(test_every_truncation),
        CASE(test_every_bit_flip),
        CASE(test_bytes_after_the_end_are_refused),
        CASE(test_missing_block_is_found),
        CASE(test_killed_writer_leaves_whole_blocks),
        CASE(test_pipe_equals_file),
        CASE(test_closing_metadata),
        CASE(test_seek_finds_the_block),
        CASE(test_pipe_cannot_seek),
        CASE(test_file_appears_at_commit_only),
        CASE(test_existing_file_needs_force),
        CASE(test_late_file_is_not_clobbered),
        CASE(test_full_disk_is_an_error),
        CASE(test_bad_records_are_refused),
        CASE(test_things_that_are_no_trace),
        CASE(test_hash_is_of_the_content),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
