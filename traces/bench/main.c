/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bytes and nanoseconds per record of the trace codec, by block size and zstd
 * level, on the records of a trace file.  Not a test: times depend on the machine,
 * so compare lines of one run.  Every block is timed on its own; the 10th and 50th
 * percentile over blocks leave out what else the machine was doing.
 *
 *   vpci-trace-bench FILE      prints JSON
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

#include "codec.h"
#include "compress.h"
#include "format.h"
#include "trace.h"

#define ROUNDS        5
#define RECORDS_LIMIT (4u << 20) /* 128 MiB of records */

struct work {
    struct vs_record *records, *out;
    size_t count;
    uint8_t *payload, *stored, *unpacked;
    uint64_t *pack_ns, *unpack_ns; /* per block, in ns per 1000 records */
    size_t timed;
};

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_RAW, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

static double percentile(uint64_t *values, size_t count, double share)
{
    qsort(values, count, sizeof(*values), by_value);
    return (double)values[(size_t)((double)(count - 1) * share)] / 1000.0;
}

/* One block there and back; returns its stored bytes, 0 when it does not come back equal. */
static size_t one_block(struct work *work, struct vs_packer *packer, struct vs_unpacker *unpacker,
                        struct vs_compressor *compressor, struct vs_decompressor *decompressor,
                        const struct vs_record *records, uint32_t count,
                        uint64_t columns[VS_COLUMN_COUNT])
{
    struct vs_unpack_fault fault;
    uint64_t start = now_ns();
    size_t length = vs_pack(packer, records, count, work->payload), stored = length;
    if (compressor)
        stored = vs_compress(compressor, work->payload, length, work->stored, length);
    uint64_t packed = now_ns();
    const uint8_t *payload = work->payload;
    if (compressor && stored) {
        if (vs_decompress(decompressor, work->stored, stored, work->unpacked, length) < 0)
            return 0;
        payload = work->unpacked;
    } else if (compressor) {
        stored = length;
    }
    int ret = vs_unpack(unpacker, payload, length, count, records[0].time_ns, work->out, &fault);
    uint64_t done = now_ns();
    if (ret < 0 || memcmp(work->out, records, count * sizeof(*records)) != 0)
        return 0;
    struct vs_column_use use[VS_COLUMN_COUNT];
    vs_pack_describe(work->payload, use);
    for (unsigned int i = 0; i < VS_COLUMN_COUNT; i++)
        columns[i] += use[i].bytes + VS_COLUMN_HEADER;
    work->pack_ns[work->timed] = (packed - start) * 1000 / count;
    work->unpack_ns[work->timed++] = (done - packed) * 1000 / count;
    return stored + VS_BLOCK_HEADER;
}

static struct vs_json_out *measure(struct work *work, uint32_t block, int level)
{
    struct vs_packer *packer = vs_packer_new(block);
    struct vs_unpacker *unpacker = vs_unpacker_new();
    struct vs_compressor *compressor = level ? vs_compressor_new(level) : NULL;
    struct vs_decompressor *decompressor = vs_decompressor_new();
    uint64_t bytes = 0, columns[VS_COLUMN_COUNT] = {0};
    struct vs_json_out *out = vs_json_new_object();
    work->timed = 0;
    for (int round = 0; round < ROUNDS; round++) {
        for (size_t at = 0; at < work->count; at += block) {
            uint32_t count = work->count - at < block ? (uint32_t)(work->count - at) : block;
            size_t stored = one_block(work, packer, unpacker, compressor, decompressor,
                                      work->records + at, count, columns);
            if (!stored) {
                fprintf(stderr, "a block does not come back as it was\n");
                exit(1);
            }
            bytes += stored;
        }
    }
    double all = (double)work->count * ROUNDS;
    vs_json_add_u64(out, "block_records", block);
    vs_json_add_i64(out, "zstd_level", level);
    vs_json_add_double(out, "bytes_per_record", (double)bytes / all);
    vs_json_add_double(out, "pack_p10_ns", percentile(work->pack_ns, work->timed, 0.1));
    vs_json_add_double(out, "pack_p50_ns", percentile(work->pack_ns, work->timed, 0.5));
    vs_json_add_double(out, "unpack_p10_ns", percentile(work->unpack_ns, work->timed, 0.1));
    vs_json_add_double(out, "unpack_p50_ns", percentile(work->unpack_ns, work->timed, 0.5));
    struct vs_json_out *by_column = vs_json_new_object();
    for (unsigned int i = 0; i < VS_COLUMN_COUNT; i++)
        vs_json_add_double(by_column, vs_column_shapes[i].name, (double)columns[i] / all);
    vs_json_add(out, "packed_bytes_by_column", by_column);
    vs_packer_free(packer);
    vs_unpacker_free(unpacker);
    vs_compressor_free(compressor);
    vs_decompressor_free(decompressor);
    return out;
}

static int load(const char *path, struct work *work, struct vs_error *error)
{
    struct vs_reader *reader = NULL;
    const struct vs_record *records = NULL;
    size_t count = 0;
    int ret = vs_reader_open(path, &reader, error);
    while (ret >= 0 && (ret = vs_reader_next(reader, &records, &count, error)) > 0) {
        if (work->count + count > RECORDS_LIMIT)
            break;
        memcpy(work->records + work->count, records, count * sizeof(*records));
        work->count += count;
    }
    vs_reader_close(reader);
    return ret < 0 ? ret : 0;
}

static void add_host(struct vs_json_out *out)
{
    struct utsname host;
    char line[256], *colon;
    FILE *cpuinfo = fopen("/proc/cpuinfo", "r");
    while (cpuinfo && fgets(line, sizeof(line), cpuinfo)) {
        if (strncmp(line, "model name", 10) == 0 && (colon = strchr(line, ':'))) {
            line[strcspn(line, "\n")] = '\0';
            vs_json_add_string(out, "cpu", colon + 2);
            break;
        }
    }
    if (cpuinfo)
        fclose(cpuinfo);
    if (uname(&host) == 0)
        vs_json_add_string(out, "machine", host.machine);
    vs_json_add_string(out, "compiler", __VERSION__);
}

int main(int argc, char **argv)
{
    static const uint32_t blocks[] = {1024, 2048, 4096, 8192, 16384, 32768, 65536};
    static const int levels[] = {0, 1, 3};
    struct work work = {0};
    struct vs_error error = VS_ERROR_INIT;
    if (argc != 2) {
        fprintf(stderr, "usage: vpci-trace-bench FILE\n");
        return 2;
    }
    size_t payload = vs_pack_bound(VS_BLOCK_RECORDS_MAX) + VS_UNPACK_PADDING;
    size_t timings = (RECORDS_LIMIT / blocks[0] + 1) * ROUNDS * sizeof(uint64_t);
    work.records = malloc(RECORDS_LIMIT * sizeof(*work.records));
    work.out = malloc(VS_BLOCK_RECORDS_MAX * sizeof(*work.out));
    work.payload = malloc(payload);
    work.stored = malloc(payload);
    work.unpacked = malloc(payload);
    work.pack_ns = malloc(timings);
    work.unpack_ns = malloc(timings);
    if (!work.records || !work.out || !work.payload || !work.stored || !work.unpacked ||
        !work.pack_ns || !work.unpack_ns)
        return 4;
    if (load(argv[1], &work, &error) < 0 || work.count == 0) {
        fprintf(stderr, "vpci-trace-bench: %s\n", error.text[0] ? error.text : "no records");
        return 3;
    }
    struct vs_json_out *out = vs_json_new_object(), *list = vs_json_new_array();
    vs_json_add_string(out, "trace", argv[1]);
    vs_json_add_u64(out, "records", work.count);
    add_host(out);
    for (size_t level = 0; level < sizeof(levels) / sizeof(levels[0]); level++) {
        for (size_t block = 0; block < sizeof(blocks) / sizeof(blocks[0]); block++)
            vs_json_add(list, NULL, measure(&work, blocks[block], levels[level]));
    }
    vs_json_add(out, "measurements", list);
    int ret = vs_json_print(out, stdout, &error);
    vs_json_out_free(out);
    free(work.records);
    free(work.out);
    free(work.payload);
    free(work.stored);
    free(work.unpacked);
    free(work.pack_ns);
    free(work.unpack_ns);
    return ret < 0 ? 4 : 0;
}
