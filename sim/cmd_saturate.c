/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vpci-sim saturate: how much load does each policy carry? */
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "saturate.h"
#include "sweep.h"
#include "table.h"

static const char *const timings[] = {"closed", "open", NULL};
static const char *const axes[] = {"speed", "clone", NULL};

/* Seeds go through JSON and SQLite, whose readers may hold numbers as doubles. */
#define SEED_MAX        9007199254740992.0
#define CPUS_MAX        4096
#define CLONES_MAX      4096
#define SPEED_MAX       1e6
#define DEFAULT_SPEEDS  1024.0
#define DEFAULT_COPIES  64.0
#define TOLERANCE_FLOOR 0.1 /* per cent: below it, halving ends in rounding */

struct values {
    struct vs_strings policies;
    const char *machine, *db;
    vs_ns bound_ns, max_think_ns;
    int axis, timing;
    double from, to, tolerance, speed, jitter;
    uint64_t clones, replicas, seed, cpus, jobs, memory_bytes;
    bool rebase, force, json, progress;
};

static const struct vs_option options[] = {
    {"p99", 0, VS_OPTION_DURATION, offsetof(struct values, bound_ns), "DURATION",
     "The bound, as 50us: p99 of the latency of accesses, waiting included. Required.", NULL, NULL,
     0, 0},
    {"by", 0, VS_OPTION_CHOICE, offsetof(struct values, axis), "WHAT",
     "Raise the speed (divisor of think times) or the number of clones of every domain.", "speed",
     axes, 0, 0},
    {"from", 0, VS_OPTION_DOUBLE, offsetof(struct values, from), "X", "The lowest load to try.",
     "1", NULL, 1e-6, SPEED_MAX},
    {"to", 0, VS_OPTION_DOUBLE, offsetof(struct values, to), "X",
     "The highest load to try; 0 for speed 1024, or 64 clones.", "0", NULL, 0, SPEED_MAX},
    {"tolerance", 0, VS_OPTION_DOUBLE, offsetof(struct values, tolerance), "PERCENT",
     "Stop when the lowest load that breaks the bound is no more than this above the highest that "
     "keeps it; clones: or one more.",
     "5", NULL, TOLERANCE_FLOOR, 100},
    {"policy", 'p', VS_OPTION_LIST, offsetof(struct values, policies), "NAME|FILE",
     "A policy that ships, or a JSON file; may be repeated. Without it, all that ship.", NULL, NULL,
     0, 0},
    {"machine", 'm', VS_OPTION_STRING, offsetof(struct values, machine), "NAME|FILE",
     "A machine profile that ships (vpci-sim machines), or a JSON file.", NULL, NULL, 0, 0},
    {"speed", 0, VS_OPTION_DOUBLE, offsetof(struct values, speed), "X",
     "The speed that is held while clones are raised.", "1", NULL, 1e-6, SPEED_MAX},
    {"clone", 0, VS_OPTION_U64, offsetof(struct values, clones), "N",
     "The clone count that is held while the speed is raised.", "1", NULL, 1, CLONES_MAX},
    {"replicas", 'r', VS_OPTION_U64, offsetof(struct values, replicas), "N",
     "Replays of each probe, all of which must keep the bound: the first as recorded, the others "
     "jittered.",
     "1", NULL, 1, VS_REPLICAS_MAX},
    {"jitter", 0, VS_OPTION_DOUBLE, offsetof(struct values, jitter), "PERCENT",
     "Change each think time of a replica at random by up to this, up or down, uniformly.", "1",
     NULL, 0, 100},
    {"seed", 0, VS_OPTION_U64, offsetof(struct values, seed), "N",
     "Seed of the jitter and of the clones' start offsets.", "1", NULL, 0, SEED_MAX},
    {"timing", 0, VS_OPTION_CHOICE, offsetof(struct values, timing), "HOW",
     "closed keeps think times, open keeps recorded times, as for replay. In a closed loop no more "
     "calls wait than there are vCPUs, so p99 may stay bounded at any speed.",
     "closed", timings, 0, 0},
    {"rebase", 0, VS_OPTION_FLAG, offsetof(struct values, rebase), NULL,
     "Start every vCPU's stream at time 0: a what-if.", NULL, NULL, 0, 0},
    {"max-think", 0, VS_OPTION_DURATION, offsetof(struct values, max_think_ns), "DURATION",
     "Cut idle gaps to this (as 1ms): a what-if.", NULL, NULL, 0, 0},
    {"cpus", 0, VS_OPTION_U64, offsetof(struct values, cpus), "N",
     "pCPUs to run on; 0 for one per vCPU, as far as the machine has them.", "0", NULL, 0,
     CPUS_MAX},
    {"db", 'd', VS_OPTION_STRING, offsetof(struct values, db), "FILE",
     "Store probes and answers in this SQLite database; probes that it has are not repeated.", NULL,
     NULL, 0, 0},
    {"force", 'f', VS_OPTION_FLAG, offsetof(struct values, force), NULL,
     "Repeat and replace probes that the database already has.", NULL, NULL, 0, 0},
    {"json", 0, VS_OPTION_FLAG, offsetof(struct values, json), NULL,
     "Print the answers with all probes as JSON in place of the table.", NULL, NULL, 0, 0},
    {"jobs", 'j', VS_OPTION_U64, offsetof(struct values, jobs), "N",
     "Replays at a time; 0 for as many as there are CPUs. Does not change any result.", "0", NULL,
     0, VS_JOBS_MAX},
    {"memory", 0, VS_OPTION_SIZE, offsetof(struct values, memory_bytes), "SIZE", VS_MEMORY_HELP,
     "0B", NULL, 0, 0},
    {"progress", 0, VS_OPTION_FLAG, offsetof(struct values, progress), NULL,
     "Report each run on standard error even where that is no terminal.", NULL, NULL, 0, 0},
    VS_OPTION_END,
};

/* ---------------------------------------------------------------- printing */

static void print_load(double load, bool none, const char *word, char *cell, size_t size_bytes)
{
    if (none)
        snprintf(cell, size_bytes, "%s", word);
    else
        snprintf(cell, size_bytes, "%.4g", load);
}

static size_t hazard_probes(const struct vs_saturate_answer *answer)
{
    size_t count = 0;

    for (size_t i = 0; i < answer->probe_count; i++)
        count += answer->probes[i].hazard;
    return count;
}

static void print_answer(const struct vs_saturate_answer *answer)
{
    char kept[32], broken[32], hazards[40] = "none seen";
    size_t seen = hazard_probes(answer);

    print_load(answer->kept, answer->kept < 0, "not even the lowest", kept, sizeof(kept));
    print_load(answer->broken, answer->broken < 0, "never", broken, sizeof(broken));
    if (seen > 0)
        snprintf(hazards, sizeof(hazards), "in %zu of %zu probes", seen, answer->probe_count);
    printf("%-22s  %19s  %10s  %-8s  %s\n", answer->policy->name, kept, broken,
           vs_saturate_broken_by(answer), hazards);
}

/* A bisection answers for the probes that it made: say where they speak against it. */
static void print_contradictions(const struct vs_saturate_request *request,
                                 const struct vs_saturate_answer *answers)
{
    char text[400];

    for (size_t i = 0; i < request->policy_count; i++) {
        const struct vs_saturate_answer *answer = &answers[i];

        if (answer->kept_again < 0)
            continue;
        snprintf(text, sizeof(text),
                 "%s: the bound is broken at %.4g and kept again at %.4g: p99 does not grow with "
                 "the load throughout, so there may be other loads above the answer that keep it, "
                 "and others below that do not.",
                 answer->policy->name, answer->broken, answer->kept_again);
        vs_table_wrap(stdout, "not monotone: ", text);
    }
}

static bool some_never(const struct vs_saturate_request *request,
                       const struct vs_saturate_answer *answers)
{
    for (size_t i = 0; i < request->policy_count; i++) {
        if (answers[i].broken < 0)
            return true;
    }
    return false;
}

static void print_table(const struct vs_saturate_request *request, const struct vs_batch *batch,
                        const struct vs_saturate_answer *answers)
{
    const struct vs_table header = {.workload = batch->base,
                                    .machine = request->machine,
                                    .load = batch->base_load,
                                    .engine = batch->engine};
    const char *axis = request->by_clones ? "clone count" : "speed";
    char bound[VS_DURATION_TEXT], text[400];

    vs_table_print_header(&header, stdout);
    printf("\nhighest %s with p99 at most %s; tried from %g to %g\n", axis,
           vs_duration_text(request->bound_ns, bound), request->lowest, request->highest);
    printf("%-22s  %19s  %10s  %-8s  %s\n", "policy", "keeps it up to", "breaks at", "by",
           "hazards");
    puts("-----------------------------------------------------------------------------------");
    for (size_t i = 0; i < request->policy_count; i++)
        print_answer(&answers[i]);
    putchar('\n');
    print_contradictions(request, answers);
    snprintf(text, sizeof(text),
             "Both columns are loads that were replayed, at most %g %% apart%s; between and beyond "
             "them nothing was. Each probe is %s.",
             100 * request->tolerance, request->by_clones ? " or one copy" : "",
             request->replicas > 1 ? "all its replicas: the worst of them counts"
                                   : "one interleaving (--replicas N makes it several)");
    vs_table_wrap(stdout, "", text);
    if (batch->engine.timing == VS_TIMING_CLOSED && some_never(request, answers))
        vs_table_wrap(stdout, "",
                      "'never': in a closed loop no more calls can wait than there are vCPUs, so "
                      "p99 may stay below a bound at any speed; --timing open lets backlog grow.");
    if (request->machine->assumption_count > 0)
        printf("%" PRIu32 " numbers of machine profile '%s' are assumed, not measured.\n",
               request->machine->assumption_count, request->machine->name);
}

static void add_load(struct vs_json_out *out, const char *key, double load)
{
    vs_json_add_double(out, key, load < 0 ? (double)NAN : load); /* NaN becomes null */
}

static struct vs_json_out *answer_json(const struct vs_saturate_answer *answer)
{
    struct vs_json_out *out = vs_json_new_object(), *probes = vs_json_new_array();

    vs_json_add_string(out, "policy", answer->policy->name);
    add_load(out, "kept", answer->kept);
    add_load(out, "broken", answer->broken);
    vs_json_add_string(out, "broken_by", vs_saturate_broken_by(answer));
    add_load(out, "kept_again", answer->kept_again);
    vs_json_add_boolean(out, "monotone", answer->kept_again < 0);
    vs_json_add_u64(out, "hazard_probes", hazard_probes(answer));
    for (size_t i = 0; i < answer->probe_count; i++) {
        const struct vs_probe *probe = &answer->probes[i];
        struct vs_json_out *child = vs_json_new_object();

        vs_json_add_double(child, "load", probe->load);
        vs_json_add_boolean(child, "kept", probe->kept);
        vs_json_add_boolean(child, "deadlock", probe->deadlock);
        vs_json_add_boolean(child, "hazard", probe->hazard);
        vs_json_add_u64(child, "highest_p99_ns", probe->p99_ns);
        vs_json_add(probes, NULL, child);
    }
    vs_json_add(out, "probes", probes);
    return out;
}

static int print_json(const struct vs_saturate_request *request, const struct vs_batch *batch,
                      const struct vs_saturate_answer *answers, struct vs_error *error)
{
    struct vs_json_out *out = vs_json_new_object(), *array = vs_json_new_array();

    vs_json_add_string(out, "version", VS_VERSION);
    vs_json_add(out, "workload", vs_workload_json(batch->base));
    vs_json_add_string(out, "machine", request->machine->name);
    vs_json_add_string(out, "timing", vs_timing_name(batch->engine.timing));
    vs_json_add_string(out, "by", axes[request->by_clones]);
    vs_json_add_u64(out, "p99_bound_ns", request->bound_ns);
    vs_json_add_double(out, "from", request->lowest);
    vs_json_add_double(out, "to", request->highest);
    vs_json_add_double(out, "tolerance", request->tolerance);
    vs_json_add_u64(out, "replicas", request->replicas);
    vs_json_add_double(out, "jitter_percent",
                       request->replicas > 1 ? request->jitter_ppm / VS_PPM_PER_PERCENT : 0);
    vs_json_add_u64(out, "seed", request->load.seed);
    for (size_t i = 0; i < request->policy_count; i++)
        vs_json_add(array, NULL, answer_json(&answers[i]));
    vs_json_add(out, "answers", array);
    int ret = vs_json_print(out, stdout, error);

    vs_json_out_free(out);
    return ret;
}

/* ----------------------------------------------------------------- running */

static int check_values(const struct values *values, struct vs_saturate_request *request,
                        struct vs_error *error)
{
    bool clones = values->axis == 1;

    *request = (struct vs_saturate_request){
        .load = {.speed = values->speed,
                 .clones = (uint32_t)values->clones,
                 .seed = values->seed,
                 .rebase = values->rebase,
                 .max_think_ns = values->max_think_ns},
        .by_clones = clones,
        .lowest = values->from,
        .highest = values->to > 0 ? values->to
                   : clones       ? DEFAULT_COPIES
                                  : DEFAULT_SPEEDS,
        .tolerance = values->tolerance / 100,
        .bound_ns = values->bound_ns,
        .replicas = (uint32_t)values->replicas,
        .jitter_ppm = (uint32_t)(values->jitter * VS_PPM_PER_PERCENT + 0.5)};
    if (values->bound_ns == 0)
        return vs_error_set(error, VS_ERR_USAGE, "no bound; give --p99 DURATION, as --p99 50us");
    if (request->lowest >= request->highest)
        return vs_error_set(error, VS_ERR_USAGE, "--from %g is not below --to %g", request->lowest,
                            request->highest);
    if (clones && (request->lowest != floor(request->lowest) || request->lowest < 1 ||
                   request->highest != floor(request->highest) || request->highest > CLONES_MAX))
        return vs_error_set(error, VS_ERR_USAGE,
                            "--by clone: --from and --to are whole numbers from 1 to %d",
                            CLONES_MAX);
    if (clones ? values->clones != 1 : values->speed != 1)
        return vs_error_set(error, VS_ERR_USAGE, "--%s is what is raised; give --from and --to",
                            axes[values->axis]);
    if (values->force && !values->db)
        return vs_error_set(error, VS_ERR_USAGE,
                            "--force replaces stored runs: it needs --db "
                            "FILE");
    return vs_plan_check_jitter(values->replicas, values->jitter, error);
}

static int store_answers(const struct vs_saturate_request *request, const struct vs_batch *batch,
                         const struct vs_saturate_answer *answers, struct vs_error *error)
{
    int ret = 0;

    for (size_t i = 0; batch->store && ret == 0 && i < request->policy_count; i++) {
        const struct vs_point lowest = {
            .policy = request->policies[i], .machine = request->machine, .load = batch->base_load};
        const struct vs_saturation saturation = {
            .lowest_run = vs_batch_run_of(batch, &lowest),
            .by_clones = request->by_clones,
            .replicas = request->replicas,
            .jitter_ppm = request->replicas > 1 ? request->jitter_ppm : 0,
            .bound_ns = request->bound_ns,
            .tolerance = request->tolerance,
            .lowest = request->lowest,
            .highest = request->highest,
            .kept = answers[i].kept,
            .broken = answers[i].broken,
            .kept_again = answers[i].kept_again,
            .broken_by = vs_saturate_broken_by(&answers[i]),
            .hazard_probes = hazard_probes(&answers[i]),
            .probes = answers[i].probe_count};

        ret = vs_store_put_saturation(batch->store, &saturation, error);
    }
    return ret;
}

static void tick(void *context, const struct vs_batch *batch)
{
    vs_sweep_show_progress(context, batch);
}

static int search(const struct values *values, const struct vs_saturate_request *request,
                  struct vs_batch *batch, struct vs_error *error)
{
    struct vs_sweep_progress progress = {.name = "saturate",
                                         .stream = stderr,
                                         .bar = isatty(STDERR_FILENO) == 1,
                                         .lines = values->progress};
    struct vs_saturate_answer *answers = NULL;
    int signal_number = 0;

    batch->tick = tick;
    batch->context = &progress;
    int ret = vs_saturate(request, batch, &answers, &signal_number, error);

    vs_sweep_end_progress(&progress);
    if (ret == VS_ERR_STOPPED)
        ret = vs_sweep_say_stopped(batch, values->db, signal_number, error);
    if (ret == 0)
        ret = store_answers(request, batch, answers, error);
    if (ret == 0 && values->json)
        ret = print_json(request, batch, answers, error);
    else if (ret == 0)
        print_table(request, batch, answers);
    vs_saturate_free(answers, request->policy_count);
    return ret;
}

static int saturate(const struct vs_command *command, void *parsed, const struct vs_strings *traces,
                    struct vs_error *error)
{
    const struct values *values = parsed;
    struct vs_saturate_request request;
    struct vs_policy **policies = NULL;
    struct vs_machine *machine = NULL;
    struct vs_batch batch = {
        .traces = traces,
        .engine = {.timing = values->timing == 1 ? VS_TIMING_OPEN : VS_TIMING_CLOSED,
                   .cpus = (uint32_t)values->cpus},
        .force = values->force,
        .threads = vs_sweep_threads(values->jobs)};
    size_t policy_count = 0;
    struct vs_sweep_progress told = {
        .name = "saturate", .stream = stderr, .bar = isatty(STDERR_FILENO) == 1};
    struct vs_memory *memory = NULL;
    int ret = check_values(values, &request, error);

    (void)command;
    signal(SIGXFSZ, SIG_IGN); /* a file-size limit shall be an error to report, not a death */
    if (ret == 0)
        ret = vs_sweep_refuse_pipe("saturate", traces, error);
    if (ret == 0)
        ret = vs_plan_load_policies(&values->policies, &policies, &policy_count, error);
    if (ret == 0)
        ret = vs_machine_load(values->machine ? values->machine : vs_machine_names()[0], &machine,
                              error);
    if (ret < 0)
        goto out;
    ret = vs_sweep_memory(values->memory_bytes, &told, &memory, error);
    if (ret < 0)
        goto out;
    request.policies = policies;
    request.load.memory = memory;
    request.policy_count = policy_count;
    request.machine = machine;
    batch.base_load = vs_saturate_load(&request, request.lowest, 0);
    ret = vs_batch_open(&batch, error);
    if (ret == 0 && values->db)
        ret = vs_store_open(values->db, &batch.store, error);
    if (ret == 0)
        ret = search(values, &request, &batch, error);
out:
    vs_store_close(batch.store);
    vs_batch_close(&batch);
    vs_memory_free(memory);
    vs_machine_free(machine);
    for (size_t i = 0; i < policy_count; i++)
        vs_policy_free(policies[i]);
    free(policies);
    return ret;
}

static const char *const examples[] = {
    "vpci-sim saturate host.vpt --p99 50us",
    "vpci-sim saturate host.vpt --p99 50us --timing open --replicas 3 --db sweep.db",
    "vpci-sim saturate host.vpt --p99 20us --by clone --to 32 --rebase",
    NULL,
};

const struct vs_command vs_cmd_saturate = {
    .name = "saturate",
    .summary = "Find the highest load at which each policy keeps p99 under a bound",
    .operands = "TRACE...",
    .operands_min = 1,
    .operands_max = 1024,
    .options = options,
    .values_size_bytes = sizeof(struct values),
    .description =
        "Raises the load of a trace under each policy until p99 breaks a bound, and prints the "
        "highest load that was replayed and kept it, and the lowest that broke it. The load climbs "
        "a ladder (speeds by 4, clones by 2) to one rung beyond the first that breaks, then the "
        "gap "
        "is halved until it is within the tolerance. A deadlock breaks the bound.\n\n"
        "That p99 grows with the load is not assumed: when a probe above the first broken one "
        "keeps the bound, the answer says so. What lies between the probes was not replayed. Each "
        "probe is a run like any other: stored with --db, and not repeated when it is there.",
    .examples = examples,
    .run = saturate,
};
