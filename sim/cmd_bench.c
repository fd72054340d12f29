/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vpci-sim bench: how fast the engine is, on the reference workload and on traces.
 *
 * Everything is measured in one run, so that rows can be compared with each
 * other and with the floor (reading the records); absolute times belong to the
 * machine that is named with them.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>

#include "base/json.h"
#include "base/options.h"
#include "bench/goals.h"
#include "bench/measure.h"
#include "bench/reference.h"
#include "cmd_bench.h"
#include "commands.h"

/* The saturated run from which the other loads take their rate. */
#define RATE_ACCESSES UINT64_C(50000)
#define ACCESSES_MAX  1e9
#define ROUNDS_MAX    1000

static const struct vs_option options[] = {
    {"accesses", 'n', VS_OPTION_U64, offsetof(struct vs_bench_values, accesses), "N",
     "Accesses of each reference workload.", "400000", NULL, 1, ACCESSES_MAX},
    {"rounds", 0, VS_OPTION_U64, offsetof(struct vs_bench_values, rounds), "N",
     "Replays of each trace under each policy; 0 for as many as give --accesses in all, 100 at "
     "most.",
     "0", NULL, 0, ROUNDS_MAX},
    {"only", 0, VS_OPTION_STRING, offsetof(struct vs_bench_values, only), "PATTERN",
     "Only rows whose name matches this shell pattern, as global-64-* or *:pci-lock.", NULL, NULL,
     0, 0},
    {"instructions", 0, VS_OPTION_FLAG, offsetof(struct vs_bench_values, instructions), NULL,
     "Count instructions per access too, by callgrind (valgrind must be installed; slow).", NULL,
     NULL, 0, 0},
    {"json", 0, VS_OPTION_FLAG, offsetof(struct vs_bench_values, json), NULL,
     "Print JSON in place of the table, with facts about this host.", NULL, NULL, 0, 0},
    VS_OPTION_END,
};

struct row {
    const char *name, *trace;
    const struct vs_workload *workload;
    const struct vs_policy *policy;
    const struct vs_machine *machine;
    enum vs_timing timing;
    uint64_t rounds;
};

/* -------------------------------------------------------------------- rows */

/* One measured row. */
struct figures {
    struct vs_measured measured;
    double instructions;         /* per access, 0: not counted */
    double prepare_instructions; /* compiling the calls */
};

static double per_access(const struct figures *figures, uint64_t what)
{
    return (double)what / (double)figures->measured.accesses;
}

static double goal_measure(const struct figures *figures, enum vs_goal_unit unit)
{
    const struct vs_measured *measured = &figures->measured;
    const double values[VS_GOAL_WORKER] = {
        [VS_GOAL_ACCESS_NS] = measured->access_ns.p10,
        [VS_GOAL_STEP_NS] = measured->access_ns.p10 / per_access(figures, measured->steps),
        [VS_GOAL_INSTRUCTIONS] = figures->instructions,
        [VS_GOAL_STATE_BYTES] = (double)measured->state_bytes,
        [VS_GOAL_CALL_BYTES] = per_access(figures, measured->stream_bytes),
    };

    return values[unit];
}

static void print_row(const struct row *row, const struct figures *figures)
{
    const struct vs_measured *measured = &figures->measured;
    double steps = per_access(figures, measured->steps);

    printf("%-36s %8.1f %8.1f %8.2f %8.1f %8.1f %8.1f %8.2f", row->name, measured->access_ns.p10,
           measured->access_ns.p50, measured->access_ns.p10 / steps, measured->prepare_ns,
           measured->whole_ns, per_access(figures, measured->stream_bytes),
           (double)measured->state_bytes / 1e6);
    if (figures->instructions > 0)
        printf(" %8.0f %8.1f %8.0f", figures->instructions, figures->instructions / steps,
               figures->prepare_instructions);
    putchar('\n');
    fflush(stdout);
}

static void note_goals(struct vs_bench *bench, const struct row *row, const struct figures *figures)
{
    for (int unit = 0; unit < VS_GOAL_WORKER; unit++)
        vs_bench_note_goal(bench, row->name, (enum vs_goal_unit)unit,
                           goal_measure(figures, (enum vs_goal_unit)unit));
}

static void add_row(struct vs_bench *bench, const struct row *row, const struct figures *figures)
{
    const struct vs_measured *measured = &figures->measured;
    struct vs_json_out *object = vs_json_new_object();
    double steps = per_access(figures, measured->steps);

    vs_json_add_string(object, "name", row->name);
    vs_json_add_string(object, "policy", row->policy->name);
    vs_json_add_u64(object, "vcpus", row->workload->actor_count);
    vs_json_add_u64(object, "accesses", measured->accesses);
    vs_json_add_u64(object, "rounds", row->rounds);
    vs_json_add_u64(object, "chunks", measured->chunks);
    vs_json_add_u64(object, "chunk_accesses", measured->chunk_accesses);
    vs_json_add_double(object, "access_ns_p10", measured->access_ns.p10);
    vs_json_add_double(object, "access_ns_p50", measured->access_ns.p50);
    vs_json_add_double(object, "steps_per_access", steps);
    vs_json_add_double(object, "step_ns_p10", measured->access_ns.p10 / steps);
    vs_json_add_double(object, "step_ns_p50", measured->access_ns.p50 / steps);
    vs_json_add_double(object, "prepare_ns_per_access", measured->prepare_ns);
    vs_json_add_double(object, "whole_replay_ns_per_access", measured->whole_ns);
    vs_json_add_double(object, "bytes_per_access", per_access(figures, measured->stream_bytes));
    if (measured->state_bytes > 0)
        vs_json_add_u64(object, "state_bytes", measured->state_bytes);
    if (figures->instructions > 0) {
        vs_json_add_double(object, "instructions_per_access", figures->instructions);
        vs_json_add_double(object, "instructions_per_step", figures->instructions / steps);
        vs_json_add_double(object, "prepare_instructions_per_access",
                           figures->prepare_instructions);
    }
    /* What the replay said, for the peers to agree with. */
    vs_json_add_u64(object, "makespan_ns", measured->result->makespan_ns);
    vs_json_add_u64(object, "lock_wait_total_ns", measured->result->lock_wait_total_ns);
    vs_json_add(bench->rows, NULL, object);
}

static int measure_row(struct vs_bench *bench, const struct row *row)
{
    struct figures figures = {.instructions = 0};
    double accesses = row->trace ? (double)row->workload->call_count : (double)VS_BENCH_COUNTED;
    int ret = vs_measure_replay(row->workload, row->policy, row->machine, row->timing, row->rounds,
                                &figures.measured, bench->error);

    if (ret == 0 && bench->values->instructions)
        ret = vs_bench_count(bench, row->name, row->trace, accesses, "vs_engine_replay",
                             &figures.instructions);
    /* A trace is compiled once however many rounds there are. */
    if (ret == 0 && bench->values->instructions && !row->trace)
        ret = vs_bench_count(bench, row->name, NULL, accesses, "vs_streams_make",
                             &figures.prepare_instructions);
    if (ret == 0) {
        add_row(bench, row, &figures);
        note_goals(bench, row, &figures);
        if (!bench->values->json)
            print_row(row, &figures);
    }
    vs_result_free(figures.measured.result);
    return ret;
}

/* --------------------------------------------------------------- reference */

/* Mean time between two accesses of one vCPU when nobody is ever idle. */
static int saturated_gap(const struct vs_reference_size *size, const struct vs_policy *policy,
                         const struct vs_machine *machine, double *gap_ns, struct vs_error *error)
{
    const struct vs_engine_options engine = {.timing = VS_TIMING_OPEN};
    struct vs_workload *workload = NULL;
    struct vs_result *result = NULL;
    int ret = vs_reference_workload(size, RATE_ACCESSES, 0, &workload, error);

    if (ret == 0)
        ret = vs_engine_replay(workload, policy, machine, &engine, &result, error);
    if (ret == 0)
        *gap_ns = (double)result->makespan_ns * size->vcpus / (double)RATE_ACCESSES;
    vs_result_free(result);
    vs_workload_free(workload);
    return ret;
}

static void name_reference(char *name, const struct vs_reference_size *size, bool per_domain,
                           enum vs_load load)
{
    snprintf(name, VS_BENCH_NAME_TEXT, "%s-%" PRIu32 "-%s", per_domain ? "domain" : "global",
             size->vcpus, vs_load_names[load]);
}

static int reference_row(struct vs_bench *bench, const struct vs_reference_size *size,
                         bool per_domain, enum vs_load load)
{
    struct vs_machine machine = vs_reference_machine(size->vcpus);
    struct vs_workload *workload = NULL;
    struct vs_policy *policy = NULL;
    double gap_ns = 0;
    char name[VS_BENCH_NAME_TEXT];
    int ret = 0;

    name_reference(name, size, per_domain, load);
    if (!vs_bench_wanted(bench, name))
        return 0;
    ret = vs_reference_policy(per_domain, &policy, bench->error);
    if (ret == 0 && vs_load_shares[load] > 0) {
        ret = saturated_gap(size, policy, &machine, &gap_ns, bench->error);
        gap_ns /= vs_load_shares[load];
    }
    if (ret == 0)
        ret = vs_reference_workload(size, bench->values->accesses, gap_ns, &workload, bench->error);
    if (ret == 0) {
        struct row row = {.name = name,
                          .workload = workload,
                          .policy = policy,
                          .machine = &machine,
                          .timing = VS_TIMING_OPEN,
                          .rounds = 1};
        ret = measure_row(bench, &row);
    }
    vs_policy_free(policy);
    vs_workload_free(workload);
    return ret;
}

static int reference_rows(struct vs_bench *bench)
{
    int ret = 0;

    for (int per_domain = 0; per_domain < 2; per_domain++)
        for (size_t i = 0; i < VS_REFERENCE_SIZES; i++)
            for (int load = 0; load < VS_LOAD_COUNT && ret == 0; load++)
                ret = reference_row(bench, &vs_reference_sizes[i], per_domain == 1,
                                    (enum vs_load)load);
    return ret;
}

/* ------------------------------------------------------------------ traces */

static uint64_t rounds_for(const struct vs_bench *bench, const struct vs_workload *workload)
{
    uint64_t calls = workload->call_count ? workload->call_count : 1;
    uint64_t rounds = bench->values->accesses / calls + 1;

    if (bench->values->rounds > 0)
        return bench->values->rounds;
    return rounds < 100 ? rounds : 100;
}

static int trace_rows(struct vs_bench *bench, const char *path)
{
    struct vs_workload *workload = NULL;
    struct vs_machine *machine = NULL;
    int ret = vs_workload_load(&path, 1, NULL, &workload, bench->error);

    if (ret >= 0)
        ret = vs_machine_load(vs_machine_names()[0], &machine, bench->error);
    for (const char *const *name = vs_policy_names(); ret >= 0 && *name; name++) {
        struct vs_policy *policy = NULL;
        char text[VS_BENCH_NAME_TEXT];

        snprintf(text, sizeof(text), "%s:%s", workload->name, *name);
        if (!vs_bench_wanted(bench, text))
            continue;
        ret = vs_policy_load(*name, &policy, bench->error);
        if (ret >= 0) {
            struct row row = {.name = text,
                              .trace = path,
                              .workload = workload,
                              .policy = policy,
                              .machine = machine,
                              .timing = VS_TIMING_CLOSED,
                              .rounds = rounds_for(bench, workload)};
            ret = measure_row(bench, &row);
        }
        vs_policy_free(policy);
    }
    vs_machine_free(machine);
    vs_workload_free(workload);
    return ret < 0 ? ret : 0;
}

/* ----------------------------------------------------------------- command */

/* Before anything is measured or printed: every trace can be replayed, some row is wanted. */
static int check_arguments(const struct vs_bench *bench, const struct vs_strings *traces)
{
    size_t count = vs_bench_more_wanted(bench);
    char name[VS_BENCH_NAME_TEXT];

    for (int per_domain = 0; per_domain < 2; per_domain++)
        for (size_t i = 0; i < VS_REFERENCE_SIZES; i++)
            for (int load = 0; load < VS_LOAD_COUNT; load++) {
                name_reference(name, &vs_reference_sizes[i], per_domain == 1, (enum vs_load)load);
                count += vs_bench_wanted(bench, name);
            }
    for (size_t i = 0; i < traces->count; i++) {
        struct vs_workload *workload = NULL;
        int ret = vs_workload_load(&traces->items[i], 1, NULL, &workload, bench->error);

        if (ret < 0)
            return ret;
        for (const char *const *policy = vs_policy_names(); *policy; policy++) {
            snprintf(name, sizeof(name), "%s:%s", workload->name, *policy);
            count += vs_bench_wanted(bench, name);
        }
        vs_workload_free(workload);
    }
    return count > 0 ? 0
                     : (int)vs_error_set(bench->error, VS_ERR_USAGE, "no row's name matches '%s'",
                                         bench->values->only ? bench->values->only : "");
}

static uint64_t peak_bytes(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (uint64_t)usage.ru_maxrss * 1024;
}

static int print_document(struct vs_bench *bench, const struct vs_spread *floor_ns)
{
    struct vs_json_out *document = vs_json_new_object(), *host = vs_json_new_object();
    struct utsname names;

    uname(&names);
    vs_json_add_string(host, "system", names.sysname);
    vs_json_add_string(host, "release", names.release);
    vs_json_add_string(host, "machine", names.machine);
    vs_json_add_string(host, "compiler", __VERSION__);
    vs_json_add_string(document, "version", VS_VERSION);
    vs_json_add(document, "host", host);
    vs_json_add_double(document, "plain_read_ns_p10", floor_ns->p10);
    vs_json_add_double(document, "plain_read_ns_p50", floor_ns->p50);
    vs_json_add_u64(document, "peak_bytes", peak_bytes());
    vs_json_add(document, "rows", bench->rows);
    vs_json_add(document, "goals", bench->goals);
    vs_json_add(document, "workers", bench->workers);
    vs_json_add(document, "stored", bench->stored);
    bench->rows = bench->goals = bench->workers = bench->stored = NULL;
    int ret = vs_json_print(document, stdout, bench->error);
    vs_json_out_free(document);
    return ret;
}

static void print_header(const struct vs_bench *bench, const struct vs_spread *floor_ns)
{
    bool counted = bench->values->instructions;

    printf("%-36s %8s %8s %8s %8s %8s %8s %8s%s\n", "", "ns per", "access", "ns/step", "prepare",
           "whole", "bytes", "state", counted ? "  instructions per" : "");
    printf("%-36s %8s %8s %8s %8s %8s %8s %8s%s\n", "", "p10", "p50", "p10", "ns/acc.", "ns/acc.",
           "/access", "MB", counted ? "   access     step  prepare" : "");
    printf("%-36s %8.1f %8.1f\n", "plain read of the records", floor_ns->p10, floor_ns->p50);
}

static void print_end(struct vs_bench *bench)
{
    fflush(bench->goal_lines);
    fflush(bench->more_lines);
    if (bench->more_length > 0)
        printf("\n%s", bench->more_text);
    if (bench->goal_length > 0)
        printf("\n%-36s %-20s %12s %10s %10s\n%s", "against the goals", "", "measured", "goal",
               "limit", bench->goal_text);
    printf("\npeak memory of this process: %.1f MB\n", (double)peak_bytes() / 1e6);
}

static int run(const struct vs_command *command, void *values, const struct vs_strings *operands,
               struct vs_error *error)
{
    struct vs_bench bench = {.values = values,
                             .rows = vs_json_new_array(),
                             .goals = vs_json_new_array(),
                             .workers = vs_json_new_array(),
                             .stored = vs_json_new_array(),
                             .error = error};
    struct vs_spread floor_ns;
    int ret = VS_ERR_MEMORY;

    (void)command;
    bench.goal_lines = open_memstream(&bench.goal_text, &bench.goal_length);
    bench.more_lines = open_memstream(&bench.more_text, &bench.more_length);
    if (!bench.goal_lines || !bench.more_lines) {
        vs_error_set(error, VS_ERR_MEMORY, "out of memory");
        goto out;
    }
    ret = check_arguments(&bench, operands);
    if (ret == 0)
        ret = vs_measure_plain_read(bench.values->accesses, &floor_ns, error);
    if (ret == 0 && !bench.values->json)
        print_header(&bench, &floor_ns);
    if (ret == 0)
        ret = reference_rows(&bench);
    if (ret == 0)
        ret = vs_bench_worker_rows(&bench);
    if (ret == 0)
        ret = vs_bench_store_rows(&bench);
    for (size_t i = 0; i < operands->count && ret == 0; i++)
        ret = trace_rows(&bench, operands->items[i]);
    if (ret == 0 && bench.values->json)
        ret = print_document(&bench, &floor_ns);
    else if (ret == 0)
        print_end(&bench);
out:
    if (bench.goal_lines)
        fclose(bench.goal_lines);
    if (bench.more_lines)
        fclose(bench.more_lines);
    free(bench.goal_text);
    free(bench.more_text);
    vs_json_out_free(bench.workers);
    vs_json_out_free(bench.stored);
    vs_json_out_free(bench.goals);
    vs_json_out_free(bench.rows);
    return ret;
}

static const char *const examples[] = {
    "vpci-sim bench",
    "vpci-sim bench --only 'global-64-*' --instructions",
    "vpci-sim bench --json host.vpt",
    NULL,
};

static const char description[] =
    "Measures the engine on the reference workload: 4, 64 and 512 vCPUs, one reader/writer lock in "
    "all (global) or per domain, then the device's spinlock; with all vCPUs always busy "
    "(saturated) or at 0.6 and 0.1 of that rate; and each shipped policy on each TRACE as it was "
    "recorded. Rows workers-N replay the saturated 64 vCPUs on N threads at once; rows store-* "
    "store a saturated run with all its rows, held against the time that 10 million accesses "
    "would take (scaled from the accesses replayed). Times are percentiles over chunks of 2048 "
    "accesses inside a run. Preparing "
    "compiles the calls, once for all policies of a replay; its bytes are held per access, and "
    "beside them the engine's state. Each row is held against its goal and the limit that it must "
    "not miss, as they were set on a machine of about 3 GHz.";

const struct vs_command vs_cmd_bench = {
    .name = "bench",
    .summary = "Measure how fast the engine replays.",
    .operands = "[TRACE]...",
    .operands_max = 64,
    .options = options,
    .values_size_bytes = sizeof(struct vs_bench_values),
    .description = description,
    .examples = examples,
    .run = run,
};
