/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Chunk times by CLOCK_MONOTONIC_RAW, which no time daemon bends; see measure.h. */
#include "measure.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "record.h"

struct clock_of_chunks {
    double *ns_per_access;
    size_t count, room;
    uint64_t last_calls, last_ns;
    size_t bytes; /* held by malloc, in the middle of the run */
};

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_RAW, &now);
    return (uint64_t)now.tv_sec * VS_NS_PER_S + (uint64_t)now.tv_nsec;
}

/* Time that this process had a CPU: for what is too long for chunks. */
static uint64_t cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * VS_NS_PER_S + (uint64_t)now.tv_nsec;
}

static size_t held_bytes(void)
{
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

static void chunk_done(void *context, uint64_t calls_done)
{
    struct clock_of_chunks *clock = context;
    uint64_t now = now_ns();
    if (clock->last_ns == 0)
        clock->bytes = held_bytes();
    else if (clock->count < clock->room && calls_done > clock->last_calls)
        clock->ns_per_access[clock->count++] =
            (double)(now - clock->last_ns) / (double)(calls_done - clock->last_calls);
    clock->last_calls = calls_done;
    clock->last_ns = now_ns();
}

static int by_value(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static struct vs_spread spread_of(double *values, size_t count)
{
    struct vs_spread spread = {0, 0};
    if (count == 0)
        return spread;
    qsort(values, count, sizeof *values, by_value);
    spread.p10 = values[(count - 1) / 10];
    spread.p50 = values[(count - 1) / 2];
    return spread;
}

static int one_round(const struct vs_workload *workload, const struct vs_policy *policy,
                     const struct vs_machine *machine, const struct vs_engine_options *options,
                     struct vs_measured *measured, struct vs_error *error)
{
    struct clock_of_chunks *clock = options->progress_context;
    size_t before = held_bytes();
    uint64_t start = cpu_ns();
    clock->last_ns = 0;
    vs_result_free(measured->result);
    measured->result = NULL;
    int ret = vs_engine_replay(workload, policy, machine, options, &measured->result, error);
    double whole_ns =
        (double)(cpu_ns() - start) / (double)measured->accesses + measured->prepare_ns;
    if (measured->whole_ns == 0 || whole_ns < measured->whole_ns)
        measured->whole_ns = whole_ns;
    measured->state_bytes = clock->bytes > before ? clock->bytes - before : 0;
    return ret;
}

static int prepare(const struct vs_workload *workload, struct vs_engine_options *options,
                   struct vs_streams **streams, struct vs_measured *measured,
                   struct vs_error *error)
{
    uint64_t start = cpu_ns();
    int ret = vs_streams_make(workload, options->timing, streams, error);
    measured->prepare_ns = (double)(cpu_ns() - start) / (double)measured->accesses;
    measured->stream_bytes = ret < 0 ? 0 : (*streams)->bytes;
    options->streams = *streams;
    return ret;
}

int vs_measure_replay(const struct vs_workload *workload, const struct vs_policy *policy,
                      const struct vs_machine *machine, enum vs_timing timing, uint64_t rounds,
                      struct vs_measured *measured, struct vs_error *error)
{
    uint64_t calls = workload->call_count ? workload->call_count : 1;
    uint64_t chunk = calls >= 4 * VS_CHUNK_ACCESSES ? VS_CHUNK_ACCESSES : calls / 4 + 1;
    struct clock_of_chunks clock = {.room = (calls / chunk + 1) * rounds};
    struct vs_engine_options options = {.timing = timing,
                                        .look_calls = (uint32_t)chunk,
                                        .progress = chunk_done,
                                        .progress_context = &clock};
    struct vs_streams *streams = NULL;
    int ret = 0;
    *measured = (struct vs_measured){.accesses = calls, .chunk_accesses = chunk};
    clock.ns_per_access = calloc(clock.room, sizeof *clock.ns_per_access);
    if (!clock.ns_per_access)
        return vs_error_set(error, VS_ERR_MEMORY, "out of memory");
    ret = prepare(workload, &options, &streams, measured, error);
    for (uint64_t i = 0; i < rounds && ret == 0; i++)
        ret = one_round(workload, policy, machine, &options, measured, error);
    if (ret == 0) {
        measured->steps = measured->result->steps;
        measured->chunks = clock.count;
        measured->access_ns = spread_of(clock.ns_per_access, clock.count);
    }
    vs_streams_free(streams);
    free(clock.ns_per_access);
    return ret;
}

int vs_measure_plain_read(uint64_t records, struct vs_spread *record_ns, struct vs_error *error)
{
    size_t chunks = records / VS_CHUNK_ACCESSES;
    size_t bytes = chunks * VS_CHUNK_ACCESSES * sizeof(struct vs_record);
    double *ns_per_record = calloc(chunks + 1, sizeof *ns_per_record);
    struct vs_record *memory =
        mmap(NULL, bytes ? bytes : 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int ret = VS_ERR_MEMORY;
    if (!ns_per_record || memory == MAP_FAILED)
        goto out;
    madvise(memory, bytes, MADV_HUGEPAGE);
    memset(memory, 1, bytes);
    volatile uint64_t sink = 0;
    for (size_t i = 0; i < chunks; i++) {
        const struct vs_record *chunk = &memory[i * VS_CHUNK_ACCESSES];
        uint64_t sum = 0, start = now_ns();
        for (size_t k = 0; k < VS_CHUNK_ACCESSES; k++)
            sum += chunk[k].time_ns + chunk[k].sbdf + chunk[k].value;
        sink += sum;
        ns_per_record[i] = (double)(now_ns() - start) / VS_CHUNK_ACCESSES;
    }
    (void)sink;
    *record_ns = spread_of(ns_per_record, chunks);
    ret = 0;
out:
    if (memory != MAP_FAILED)
        munmap(memory, bytes ? bytes : 1);
    free(ns_per_record);
    return ret < 0 ? vs_error_set(error, ret, "out of memory for %zu bytes", bytes) : 0;
}
