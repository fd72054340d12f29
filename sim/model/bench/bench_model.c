/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How long the model takes per record: loads a trace file several times and
 * prints the fastest and median pass as JSON.  A pass reads the file twice,
 * hashes it and classes every record.  Not a test.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <time.h>

#include "workload.h"

#define PASSES 11

static double now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
    const double *one = a, *two = b;
    return (*one > *two) - (*one < *two);
}

/* All records of a trace in memory, so that reading is not measured. */
static int slurp(const char *path, struct vs_trace_meta *meta, struct vs_record **records,
                 size_t *count, struct vs_error *error)
{
    const struct vs_record *block;
    struct vs_reader *reader;
    size_t block_count;
    int ret = vs_reader_open(path, &reader, error);
    if (ret < 0)
        return ret;
    while ((ret = vs_reader_next(reader, &block, &block_count, error)) > 0) {
        struct vs_record *grown = realloc(*records, (*count + block_count) * sizeof(*grown));
        if (!grown) {
            ret = VS_ERR_MEMORY;
            break;
        }
        *records = grown;
        for (size_t i = 0; i < block_count; i++)
            grown[*count + i] = block[i];
        *count += block_count;
    }
    if (ret >= 0)
        ret = vs_trace_meta_copy(meta, vs_reader_meta(reader));
    vs_reader_close(reader);
    return ret;
}

int main(int argc, char **argv)
{
    struct vs_error error = VS_ERROR_INIT;
    struct vs_record *records = NULL;
    struct vs_trace_meta meta;
    struct utsname host;
    double passes[PASSES];
    size_t count = 0, shapes = 0, calls = 0;

    if (argc != 2) {
        fprintf(stderr, "usage: %s TRACE\n", argv[0]);
        return 2;
    }
    vs_trace_meta_init(&meta);
    int ret = slurp(argv[1], &meta, &records, &count, &error);
    for (int pass = 0; ret >= 0 && pass < PASSES; pass++) {
        struct vs_workload *workload;
        double start = now_ns();
        ret = vs_workload_from_records(&meta, records, count, NULL, &workload, &error);
        passes[pass] = now_ns() - start;
        if (ret >= 0) {
            shapes = workload->shape_count;
            calls = workload->call_count;
            vs_workload_free(workload);
        }
    }
    free(records);
    vs_trace_meta_free(&meta);
    if (ret < 0 || count == 0) {
        fprintf(stderr, "%s: %s\n", argv[0], ret < 0 ? error.text : "no records");
        return vs_exit_status(ret < 0 ? ret : VS_ERR_INPUT);
    }
    qsort(passes, PASSES, sizeof(passes[0]), by_value);
    uname(&host);
    printf("{\"records\": %zu, \"calls\": %zu, \"shapes\": %zu, \"passes\": %d, "
           "\"fastest_ns_per_record\": %.1f, \"median_ns_per_record\": %.1f, "
           "\"host\": \"%s %s %s\"}\n",
           count, calls, shapes, PASSES, passes[0] / (double)count,
           passes[PASSES / 2] / (double)count, host.sysname, host.release, host.machine);
    return 0;
}
