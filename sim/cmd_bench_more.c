/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vpci-sim bench: what all rows are held against, and the rows around the engine, of
 * workers and of storing.  See cmd_bench.c. */
#include <fnmatch.h>
#include <inttypes.h>

#include "bench/instructions.h"
#include "bench_program.h"
#include "cmd_bench.h"

#define WORKERS 2u

bool vs_bench_wanted(const struct vs_bench *bench, const char *name)
{
    return !bench->values->only || fnmatch(bench->values->only, name, 0) == 0;
}

int vs_bench_count(const struct vs_bench *bench, const char *name, const char *trace,
                   double accesses, const char *function, double *instructions)
{
    uint64_t counted[2] = {0, 0};

    for (uint64_t i = 0; i < 2; i++) {
        char length[32];
        snprintf(length, sizeof(length), "%" PRIu64, trace ? i + 1 : VS_BENCH_COUNTED * (i + 1));
        const char *arguments[] = {
            "bench", trace ? "--rounds" : "--accesses", length, "--only", name, trace, NULL};
        int ret = vs_count_instructions(function, arguments, &counted[i], bench->error);
        if (ret == 0)
            return vs_error_set(bench->error, VS_ERR_HOST,
                                "--instructions needs valgrind, which is not installed");
        if (ret < 0)
            return ret;
    }
    *instructions = (double)(counted[1] - counted[0]) / accesses;
    return 0;
}

void vs_bench_note_goal(struct vs_bench *bench, const char *row, enum vs_goal_unit unit,
                        double measured)
{
    const struct vs_goal *goal = vs_goal_of(row, unit);
    char verdict[VS_GOAL_TEXT];

    if (!goal || measured <= 0)
        return;
    struct vs_json_out *object = vs_json_new_object();
    vs_json_add_string(object, "name", row);
    vs_json_add_string(object, "unit", vs_goal_unit_name(goal->unit));
    vs_json_add_double(object, "measured", measured);
    if (goal->goal > 0)
        vs_json_add_double(object, "goal", goal->goal);
    if (goal->limit > 0)
        vs_json_add_double(object, "limit", goal->limit);
    vs_json_add_string(object, "verdict", vs_goal_verdict(goal, measured, verdict));
    vs_json_add(bench->goals, NULL, object);
    if (!bench->values->json)
        fprintf(bench->goal_lines, "%-36s %-20s %12.*f %10.10g %10.10g  %s\n", row,
                vs_goal_unit_name(goal->unit), measured < 10 ? 3 : 1, measured, goal->goal,
                goal->limit, verdict);
}

/* ------------------------------------------------------ workers and storing */

/* One after the other: the second's instructions are held against the first's. */
static void name_workers(char *name, uint32_t workers)
{
    snprintf(name, VS_BENCH_NAME_TEXT, "workers-%" PRIu32, workers);
}

static void name_store(char *name, const struct vs_reference_size *size, bool per_domain)
{
    snprintf(name, VS_BENCH_NAME_TEXT, "store-%s-%" PRIu32, per_domain ? "domain" : "global",
             size->vcpus);
}

size_t vs_bench_more_wanted(const struct vs_bench *bench)
{
    char name[VS_BENCH_NAME_TEXT];
    size_t count = 0;

    for (uint32_t workers = 1; workers <= WORKERS; workers++) {
        name_workers(name, workers);
        count += vs_bench_wanted(bench, name);
    }
    for (int per_domain = 0; per_domain < 2; per_domain++)
        for (size_t i = 0; i < VS_REFERENCE_SIZES; i++) {
            name_store(name, &vs_reference_sizes[i], per_domain == 1);
            count += vs_bench_wanted(bench, name);
        }
    return count;
}

int vs_bench_worker_rows(struct vs_bench *bench)
{
    const struct vs_reference_size *size = &vs_reference_sizes[1];
    double alone = 0;
    int ret = 0;

    for (uint32_t workers = 1; workers <= WORKERS && ret == 0; workers++) {
        double access_ns = 0, instructions = 0;
        char name[VS_BENCH_NAME_TEXT];

        name_workers(name, workers);
        if (!vs_bench_wanted(bench, name))
            continue;
        ret = vs_measure_workers(size, bench->values->accesses, workers, &access_ns, bench->error);
        if (ret == 0 && bench->values->instructions)
            ret = vs_bench_count(bench, name, NULL, (double)VS_BENCH_COUNTED * workers,
                                 "vs_engine_replay", &instructions);
        if (ret < 0)
            break;
        struct vs_json_out *object = vs_json_new_object();
        vs_json_add_string(object, "name", name);
        vs_json_add_u64(object, "workers", workers);
        vs_json_add_double(object, "elapsed_ns_per_access", access_ns);
        if (instructions > 0)
            vs_json_add_double(object, "instructions_per_access", instructions);
        vs_json_add(bench->workers, NULL, object);
        if (!bench->values->json) {
            fprintf(bench->more_lines, "%-36s %8.1f ns elapsed per access of all workers", name,
                    access_ns);
            if (instructions > 0)
                fprintf(bench->more_lines, ", %.1f instructions per access", instructions);
            fputc('\n', bench->more_lines);
        }
        if (workers == 1)
            alone = instructions;
        else if (alone > 0)
            vs_bench_note_goal(bench, name, VS_GOAL_WORKER, instructions / alone);
    }
    return ret;
}

static int store_row(struct vs_bench *bench, const struct vs_reference_size *size, bool per_domain)
{
    struct vs_stored stored;
    char name[VS_BENCH_NAME_TEXT];

    name_store(name, size, per_domain);
    if (!vs_bench_wanted(bench, name))
        return 0;
    int ret = vs_measure_store(size, per_domain, bench->values->accesses, &stored, bench->error);
    if (ret < 0)
        return ret;
    struct vs_json_out *object = vs_json_new_object();
    vs_json_add_string(object, "name", name);
    vs_json_add_double(object, "store_ns", stored.store_ns);
    vs_json_add_double(object, "replay_ns", stored.replay_ns);
    vs_json_add_double(object, "replay_accesses", VS_STORED_ACCESSES);
    vs_json_add_double(object, "share", stored.share);
    vs_json_add(bench->stored, NULL, object);
    if (!bench->values->json)
        fprintf(bench->more_lines,
                "%-36s %8.2f ms to store a run, %.2f %% of %.0f ms for %.0f accesses\n", name,
                stored.store_ns / 1e6, stored.share * 100, stored.replay_ns / 1e6,
                VS_STORED_ACCESSES);
    vs_bench_note_goal(bench, name, VS_GOAL_STORE, stored.share * 100);
    return 0;
}

int vs_bench_store_rows(struct vs_bench *bench)
{
    int ret = 0;

    for (int per_domain = 0; per_domain < 2; per_domain++)
        for (size_t i = 0; i < VS_REFERENCE_SIZES && ret == 0; i++)
            ret = store_row(bench, &vs_reference_sizes[i], per_domain == 1);
    return ret;
}
