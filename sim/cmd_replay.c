/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vpci-sim replay: one workload, every policy, a table at the end.
 *
 * Load once; per policy make the run's key, skip what the database has, run the
 * rest on threads, store each as it ends; then print in the order of the
 * policies.  --json prints what was computed, so with it nothing is skipped.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/options.h"
#include "commands.h"
#include "replay.h"
#include "sweep.h"
#include "table.h"
#include "threads/threads.h"

static const char *const timings[] = {"closed", "open", NULL};
static const char *const engines[] = {"virtual", "threads", NULL}; /* enum vs_engine_kind */

/* Seeds go through JSON and SQLite, whose readers may hold numbers as doubles. */
#define SEED_MAX   9007199254740992.0
#define CLONES_MAX 4096
#define CPUS_MAX   4096

static const struct vs_option options[] = {
    {"policy", 'p', VS_OPTION_LIST, offsetof(struct vs_replay_values, policies), "NAME|FILE",
     "A policy that ships, or a JSON file. Without it, all that ship.", NULL, NULL, 0, 0},
    {"machine", 'm', VS_OPTION_STRING, offsetof(struct vs_replay_values, machine), "NAME|FILE",
     "What time costs: a machine profile that ships, or a JSON file. Without it, the first that "
     "ships.",
     NULL, NULL, 0, 0},
    {"engine", 0, VS_OPTION_CHOICE, offsetof(struct vs_replay_values, engine), "WHAT",
     "virtual simulates; threads runs the same programs by real threads with real locks on this "
     "host, one policy after the other, in as much time as the trace takes: measured, never twice "
     "the same.",
     "virtual", engines, 0, 0},
    {"timing", 0, VS_OPTION_CHOICE, offsetof(struct vs_replay_values, timing), "HOW",
     "closed keeps the think times between a vCPU's calls, so that a wait pushes later calls back; "
     "open keeps the recorded times.",
     "closed", timings, 0, 0},
    {"speed", 0, VS_OPTION_DOUBLE, offsetof(struct vs_replay_values, speed), "X",
     "Divide think times (closed) or recorded times (open) by X: a what-if.", "1", NULL, 1e-6, 1e6},
    {"clone", 0, VS_OPTION_U64, offsetof(struct vs_replay_values, clones), "N",
     "Copies of every domain with its devices, in all: a what-if.", "1", NULL, 1, CLONES_MAX},
    {"seed", 0, VS_OPTION_U64, offsetof(struct vs_replay_values, seed), "N",
     "Seed of the clones' start offsets and of the jitter.", "1", NULL, 0, SEED_MAX},
    {"replicas", 'r', VS_OPTION_U64, offsetof(struct vs_replay_values, replicas), "N",
     "Replays of each policy: the first as recorded, the others with think times jittered. More "
     "than one prints medians and spreads, and --json then prints what sweep prints.",
     "1", NULL, 1, VS_REPLICAS_MAX},
    {"jitter", 0, VS_OPTION_DOUBLE, offsetof(struct vs_replay_values, jitter), "PERCENT",
     "Change each think time of a replica at random by up to this, up or down, uniformly.", "1",
     NULL, 0, 100},
    {"rebase", 0, VS_OPTION_FLAG, offsetof(struct vs_replay_values, rebase), NULL,
     "Start every vCPU's stream at time 0, so that streams recorded one after the other overlap: a "
     "what-if.",
     NULL, NULL, 0, 0},
    {"max-think", 0, VS_OPTION_DURATION, offsetof(struct vs_replay_values, max_think_ns),
     "DURATION", "Cut idle gaps to this (as 1ms): a what-if. Without it they are kept.", NULL, NULL,
     0, 0},
    {"cpus", 0, VS_OPTION_U64, offsetof(struct vs_replay_values, cpus), "N",
     "pCPUs to run on; 0 for one per vCPU, as far as the machine has them.", "0", NULL, 0,
     CPUS_MAX},
    {"db", 'd', VS_OPTION_STRING, offsetof(struct vs_replay_values, db), "FILE",
     "Store each run in this SQLite database as it ends. Runs that it already has are shown from "
     "it, not repeated. Without it the results are only printed.",
     NULL, NULL, 0, 0},
    {"force", 'f', VS_OPTION_FLAG, offsetof(struct vs_replay_values, force), NULL,
     "Repeat and replace runs that the database already has.", NULL, NULL, 0, 0},
    {"json", 0, VS_OPTION_FLAG, offsetof(struct vs_replay_values, json), NULL,
     "Print all results as JSON in place of the table. Every run is computed, none is taken from "
     "the database.",
     NULL, NULL, 0, 0},
    {"jobs", 'j', VS_OPTION_U64, offsetof(struct vs_replay_values, jobs), "N",
     "Replays at a time; 0 for as many as there are CPUs. Does not change any result.", "0", NULL,
     0, VS_JOBS_MAX},
    {"memory", 0, VS_OPTION_SIZE, offsetof(struct vs_replay_values, memory_bytes), "SIZE",
     VS_MEMORY_HELP, "0B", NULL, 0, 0},
    {"progress", 0, VS_OPTION_FLAG, offsetof(struct vs_replay_values, progress), NULL,
     "Report progress on standard error even where that is no terminal.", NULL, NULL, 0, 0},
    VS_OPTION_END,
};

/* ----------------------------------------------------------------- session */

struct vs_run vs_replay_run(const struct vs_replay *session, size_t index)
{
    const struct vs_replay_values *values = session->values;

    return (struct vs_run){
        .workload = session->workload,
        .policy = session->policies[index],
        .machine = session->machine,
        .load = {.speed = values->speed,
                 .clones = (uint32_t)values->clones,
                 .seed = values->seed,
                 .rebase = values->rebase,
                 .max_think_ns = values->max_think_ns},
        .engine = {.timing = values->timing == 1 ? VS_TIMING_OPEN : VS_TIMING_CLOSED,
                   .cpus = (uint32_t)values->cpus},
        .kind = (enum vs_engine_kind)values->engine,
        .trace_paths = session->traces->items,
        .trace_path_count = session->traces->count,
    };
}

static void close_session(struct vs_replay *session)
{
    for (size_t i = 0; i < session->count; i++) {
        if (session->policies)
            vs_policy_free(session->policies[i]);
        if (session->jobs)
            vs_result_free(session->jobs[i].result);
        if (session->summaries)
            vs_summary_release(&session->summaries[i]);
    }
    free(session->policies);
    free(session->jobs);
    free(session->summaries);
    vs_machine_free(session->machine);
    vs_workload_free(session->workload);
    vs_memory_free(session->memory);
    vs_store_close(session->store);
}

static int load_policies(struct vs_replay *session, struct vs_error *error)
{
    size_t count = 0;
    int ret = vs_plan_load_policies(&session->values->policies, &session->policies, &count, error);

    session->count = count;
    if (ret < 0)
        return ret;
    session->jobs = calloc(count, sizeof(*session->jobs));
    session->summaries = calloc(count, sizeof(*session->summaries));
    if (!session->jobs || !session->summaries)
        return vs_error_set(error, VS_ERR_MEMORY, "out of memory");
    for (size_t i = 0; i < count; i++)
        session->jobs[i].policy = session->policies[i];
    return 0;
}

static int open_session(struct vs_replay *session, struct vs_error *error)
{
    const struct vs_replay_values *values = session->values;
    int ret = load_policies(session, error);

    if (ret == 0)
        ret = vs_machine_load(values->machine ? values->machine : vs_machine_names()[0],
                              &session->machine, error);
    if (ret == 0) {
        struct vs_workload_options load = {.speed = values->speed,
                                           .clones = (uint32_t)values->clones,
                                           .seed = values->seed,
                                           .rebase = values->rebase,
                                           .max_think_ns = values->max_think_ns,
                                           .memory = session->memory};

        ret = vs_workload_load(session->traces->items, session->traces->count, &load,
                               &session->workload, error);
    }
    /* Last, so that a wrong command line leaves no empty database behind. */
    if (ret == 0 && values->db)
        ret = vs_store_open(values->db, &session->store, error);
    return ret < 0 ? ret : 0;
}

/* Read from the database what it has. */
static int take_stored(struct vs_replay *session, struct vs_error *error)
{
    char key[VS_RUN_KEY_TEXT];

    if (!session->store || session->values->force || session->values->json ||
        session->values->engine == VS_ENGINE_THREADS) /* no measurement stands for another */
        return 0;
    for (size_t i = 0; i < session->count; i++) {
        struct vs_run run = vs_replay_run(session, i);

        vs_run_key(&run, key);
        int found = vs_store_summary(session->store, key, &session->summaries[i], error);

        if (found < 0)
            return found;
        session->jobs[i].skip = found == 1;
        session->taken += found == 1;
    }
    return 0;
}

/* ---------------------------------------------------------------- progress */

#define BAR_WIDTH 30

static void show_progress(void *context)
{
    struct vs_replay *session = context;
    size_t running = session->count - session->taken;
    uint64_t total = session->workload->call_count * running, done = 0;
    char bar[BAR_WIDTH + 1];

    if (!session->bar || total == 0)
        return;
    for (size_t i = 0; i < session->count; i++) {
        const struct vs_job *job = &session->jobs[i];

        if (!job->skip)
            done += job->handed_over ? session->workload->call_count
                                     : atomic_load_explicit(&job->calls_done, memory_order_relaxed);
    }
    double share = (double)done / (double)total;
    size_t filled = (size_t)(share * BAR_WIDTH);

    if (share > 1)
        filled = BAR_WIDTH;
    memset(bar, '.', BAR_WIDTH);
    memset(bar, '#', filled < BAR_WIDTH ? filled : BAR_WIDTH);
    bar[BAR_WIDTH] = '\0';
    fprintf(stderr, "\rreplay [%s] %3.0f%%  %zu of %zu policies", bar,
            100 * (share > 1 ? 1 : share), session->finished, running);
    fflush(stderr);
}

static void end_progress(const struct vs_replay *session)
{
    if (session->bar)
        fputs("\r\033[K", stderr);
}

/* ----------------------------------------------------------------- running */

static int run_finished(void *context, struct vs_job *job, struct vs_error *error)
{
    struct vs_replay *session = context;
    size_t index = (size_t)(job - session->jobs);
    struct vs_run run = vs_replay_run(session, index);
    char key[VS_RUN_KEY_TEXT];
    int ret = vs_summary_from_result(job->result, job->policy, session->workload,
                                     &session->summaries[index], error);

    session->finished++;
    if (ret == 0 && session->store) {
        vs_run_key(&run, key);
        /* With --json a run is computed although it is stored; it stays as it is. */
        ret = session->values->force ? 0 : vs_store_has(session->store, key, error);
        if (ret == 0)
            ret = vs_store_put(session->store, &run, job->result, error);
        session->stored += ret >= 0;
    }
    if (!session->bar && session->values->progress)
        fprintf(stderr, "replay: %zu of %zu policies, %s done\n", session->finished,
                session->count - session->taken, job->policy->name);
    return ret < 0 ? ret : 0;
}

static int say_stopped(const struct vs_replay *session, int signal_number, struct vs_error *error)
{
    size_t planned = session->count - session->taken;
    const char *name = signal_number == SIGTERM ? "SIGTERM" : "SIGINT";

    if (session->store)
        return vs_error_set(
            error, VS_ERR_STOPPED,
            "stopped by %s; %zu of %zu runs had ended and are stored in %s; %s", name,
            session->stored, planned, session->values->db,
            session->values->engine == VS_ENGINE_THREADS
                ? "the same command measures them again, as further rows: give --policy for the "
                  "rest"
                : "the same command goes on with the rest");
    return vs_error_set(error, VS_ERR_STOPPED,
                        "stopped by %s after %zu of %zu runs; without --db nothing is kept", name,
                        session->finished, planned);
}

/* The first error of an engine, in the order of the policies. */
static int job_error(const struct vs_replay *session, struct vs_error *error)
{
    char text[VS_ERROR_TEXT_MAX + VS_ERROR_SOURCE_MAX + 32];

    for (size_t i = 0; i < session->count; i++) {
        const struct vs_job *job = &session->jobs[i];

        if (job->code < 0 && job->code != VS_ERR_STOPPED)
            return vs_error_set(error, (enum vs_err)job->code, "policy %s: %s", job->policy->name,
                                vs_error_describe(&job->error, text, sizeof(text)));
    }
    return 0;
}

static int run_all(struct vs_replay *session, struct vs_error *error)
{
    struct vs_run run = vs_replay_run(session, 0);
    struct vs_streams *streams = NULL; /* one copy for all policies and threads */
    int signal_number = 0;
    struct vs_runner runner = {
        .workload = session->workload,
        .machine = session->machine,
        .engine = run.engine,
        .replay = run.kind == VS_ENGINE_THREADS ? vs_threads_engine : vs_engine_replay,
        .jobs = session->jobs,
        .job_count = session->count,
        /* Side by side they would measure each other. */
        .threads = run.kind == VS_ENGINE_THREADS ? 1 : vs_sweep_threads(session->values->jobs),
        .finished = run_finished,
        .tick = show_progress,
        .context = session,
    };

    int ret = 0;

    if (session->taken < session->count)
        ret = vs_streams_make(session->workload, run.engine.timing, &streams, error);
    if (ret < 0)
        return ret;
    runner.engine.streams = streams;
    session->bar = isatty(STDERR_FILENO) == 1;
    ret = vs_runner_run(&runner, &signal_number, error);
    vs_streams_free(streams);
    end_progress(session);
    if (ret == VS_ERR_STOPPED)
        return say_stopped(session, signal_number, error);
    return ret < 0 ? ret : job_error(session, error);
}

/* ---------------------------------------------------------------- printing */

/* Before anything else: these are no simulated numbers. */
static void print_measured(const struct vs_replay *session)
{
    uint64_t switches = 0;
    char text[VS_MEASURED_BY_TEXT + 200];

    for (size_t i = 0; i < session->count; i++)
        switches += session->jobs[i].result->forced_switches;
    snprintf(text, sizeof(text),
             "threads: measured on this host, not simulated and never twice the same; the machine "
             "below says only what work costs. %s. The kernel took a thread off its CPU %" PRIu64
             " times.",
             session->jobs[0].result->measured_by, switches);
    vs_table_wrap(stdout, "engine   ", text);
}

static int print_table(const struct vs_replay *session, struct vs_error *error)
{
    struct vs_run run = vs_replay_run(session, 0);
    struct vs_table_row *rows = calloc(session->count, sizeof(*rows));
    struct vs_table table = {.workload = session->workload,
                             .machine = session->machine,
                             .load = run.load,
                             .engine = run.engine,
                             .rows = rows,
                             .row_count = session->count};

    if (!rows)
        return vs_error_set(error, VS_ERR_MEMORY, "out of memory");
    for (size_t i = 0; i < session->count; i++)
        rows[i] = (struct vs_table_row){.policy = session->policies[i]->name,
                                        .faults = session->policies[i]->faults,
                                        .summary = &session->summaries[i]};
    if (run.kind == VS_ENGINE_THREADS)
        print_measured(session);
    vs_table_print_header(&table, stdout);
    putchar('\n');
    vs_table_print_rows(&table, stdout);
    putchar('\n');
    vs_table_print_remarks(&table, stdout);
    if (session->taken > 0)
        printf("%zu of %zu runs: already stored; --force to run again.\n", session->taken,
               session->count);
    free(rows);
    return 0;
}

/* A deadlock is an answer: no. */
static int answer(const struct vs_replay *session, struct vs_error *error)
{
    size_t deadlocks = 0;
    const char *first = NULL;

    for (size_t i = 0; i < session->count; i++) {
        if (session->summaries[i].outcome != VS_OUTCOME_DEADLOCK)
            continue;
        if (deadlocks++ == 0)
            first = session->policies[i]->name;
    }
    if (deadlocks == 0)
        return 0;
    if (deadlocks == 1)
        return vs_error_set(error, VS_ERR_ANSWER, "policy %s deadlocked", first);
    return vs_error_set(error, VS_ERR_ANSWER, "%zu policies deadlocked, %s the first", deadlocks,
                        first);
}

/* One run says what one interleaving did; several, what does not depend on it. */
static int replicate(const struct vs_replay_values *values, const struct vs_strings *traces,
                     struct vs_memory *memory, struct vs_error *error)
{
    const char *machine = values->machine;
    char speed[32], clones[32];
    const char *speeds = speed, *clone_counts = clones;

    snprintf(speed, sizeof(speed), "%.17g", values->speed);
    snprintf(clones, sizeof(clones), "%" PRIu64, values->clones);
    const struct vs_sweep_request request = {
        .name = "replay",
        .plan = {.policies = &values->policies,
                 .machines = &(struct vs_strings){.items = &machine, .count = machine != NULL},
                 .speeds = &(struct vs_strings){.items = &speeds, .count = 1},
                 .clones = &(struct vs_strings){.items = &clone_counts, .count = 1},
                 .replicas = values->replicas,
                 .jitter_percent = values->jitter,
                 .load = {.seed = values->seed,
                          .rebase = values->rebase,
                          .max_think_ns = values->max_think_ns,
                          .memory = memory},
                 .engine = {.timing = values->timing == 1 ? VS_TIMING_OPEN : VS_TIMING_CLOSED,
                            .cpus = (uint32_t)values->cpus}},
        .traces = traces,
        .db = values->db,
        .force = values->force,
        .json = values->json,
        .threads = vs_sweep_threads(values->jobs),
        .output = stdout,
        .progress = stderr,
        .bar = isatty(STDERR_FILENO) == 1,
        .lines = values->progress,
    };

    return vs_sweep_run(&request, error);
}

static int replay(const struct vs_command *command, void *parsed, const struct vs_strings *traces,
                  struct vs_error *error)
{
    const struct vs_replay_values *values = parsed;
    struct vs_replay session = {.values = values, .traces = traces};
    struct vs_sweep_progress told = {
        .name = "replay", .stream = stderr, .bar = isatty(STDERR_FILENO) == 1};
    int ret = VS_ERR_USAGE;

    (void)command;
    if (values->force && !values->db) {
        ret = vs_error_set(error, VS_ERR_USAGE, "--force replaces stored runs: it needs --db FILE");
        goto out;
    }
    /* A file-size limit shall be an error to report, not a death. */
    signal(SIGXFSZ, SIG_IGN);
    if (values->replicas > 1 && values->engine == VS_ENGINE_THREADS) {
        ret = vs_error_set(error, VS_ERR_USAGE,
                           "--replicas jitters simulated replays; --engine threads never repeats "
                           "itself anyway: run it again");
        goto out;
    }
    ret = vs_plan_check_jitter(values->replicas, values->jitter, error);
    if (ret == 0)
        ret = vs_sweep_memory(values->memory_bytes, &told, &session.memory, error);
    if (ret < 0)
        goto out;
    if (values->replicas > 1) {
        ret = replicate(values, traces, session.memory, error);
        goto out;
    }
    ret = open_session(&session, error);
    if (ret == 0)
        ret = take_stored(&session, error);
    if (ret == 0)
        ret = run_all(&session, error);
    if (ret == 0)
        ret = values->json ? vs_replay_print_json(&session, stdout, error)
                           : print_table(&session, error);
    if (ret == 0)
        ret = answer(&session, error);
out:
    close_session(&session);
    return ret;
}

static const char *const examples[] = {
    "vpci-sim replay host.vpt --db results.db",
    "vpci-sim replay host.vpt --policy pci-lock --policy ./my-idea.json",
    "vpci-sim replay host.vpt --replicas 5",
    "vpci-sim replay host.vpt --clone 8 --speed 10 --db results.db",
    "vpci-sim replay a.vpt b.vpt --rebase --json",
    NULL,
};

const struct vs_command vs_cmd_replay = {
    .name = "replay",
    .summary = "Replay traces under locking policies and compare them",
    .operands = "TRACE...",
    .operands_min = 1,
    .operands_max = 1024,
    .options = options,
    .values_size_bytes = sizeof(struct vs_replay_values),
    .description =
        "Replays the config-space traffic of one or more traces in virtual time, once under each "
        "policy, and prints a table that compares them. Several traces lie side by side as the "
        "domains of one host.\n\n"
        "With --engine threads the same programs are run by real threads with real locks (ports of "
        "Xen's, Concurrency Kit's, liburcu) on this host, where the machine profile says only what "
        "work costs. That is measured, not simulated: it takes as long as the trace's think times "
        "do, needs an idle host, and what threads cannot measure is absent. With --db each "
        "measurement is a row of table measured.\n\n"
        "A hazard (an object used after it was freed, say) is counted and the replay goes on. A "
        "deadlock ends the replay of its policy; who waits for whom is printed and stored, and the "
        "exit status is 1. The same inputs and options give the same bytes of --json on any host, "
        "whatever --jobs is.\n\n"
        "SIGINT and SIGTERM end it early with status 4; runs that had ended are in the database, "
        "and the same command goes on with the rest. With --engine threads it measures all of them "
        "again, as further rows.",
    .examples = examples,
    .run = replay,
};
