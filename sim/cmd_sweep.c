/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vpci-sim sweep: do the conclusions hold when the assumptions change? */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "commands.h"
#include "sweep.h"

static const char *const timings[] = {"closed", "open", NULL};

/* Seeds go through JSON and SQLite, whose readers may hold numbers as doubles. */
#define SEED_MAX 9007199254740992.0
#define CPUS_MAX 4096

struct values {
    struct vs_strings policies, machines, speeds, clones, varies;
    uint64_t replicas, seed, cpus, jobs;
    double jitter;
    int timing;
    bool rebase, force, json, progress, dry_run;
    vs_ns max_think_ns;
    uint64_t memory_bytes;
    const char *db;
};

static const struct vs_option options[] = {
    {"policy", 'p', VS_OPTION_LIST, offsetof(struct values, policies), "NAME|FILE",
     "A policy that ships, or a JSON file; may be repeated. Without it, all that ship.", NULL, NULL,
     0, 0},
    {"machine", 'm', VS_OPTION_LIST, offsetof(struct values, machines), "NAME|FILE",
     "A machine profile that ships (vpci-sim machines), or a JSON file; may be repeated. Without "
     "it, the first that ships.",
     NULL, NULL, 0, 0},
    {"speed", 0, VS_OPTION_LIST, offsetof(struct values, speeds), "LIST",
     "Divide think times by each of these, as 1,4,16: a what-if. Without it, 1.", NULL, NULL, 0, 0},
    {"clone", 0, VS_OPTION_LIST, offsetof(struct values, clones), "LIST",
     "Copies of every domain with its devices, in all, as 1,2,8: a what-if. Without it, 1.", NULL,
     NULL, 0, 0},
    {"vary", 0, VS_OPTION_LIST, offsetof(struct values, varies), "NAME=LIST",
     "Set a number of the machine profile to each of these, as config-cycle=500ns,1us,2us; "
     "may be repeated, and all combinations are run. NAME is a work cost or a line cost by its "
     "name "
     "in the profile; config-cycle is conf1-cycle and ecam-cycle together.",
     NULL, NULL, 0, 0},
    {"replicas", 'r', VS_OPTION_U64, offsetof(struct values, replicas), "N",
     "Replays of each run: the first as recorded, the others with think times jittered.", "1", NULL,
     1, VS_REPLICAS_MAX},
    {"jitter", 0, VS_OPTION_DOUBLE, offsetof(struct values, jitter), "PERCENT",
     "Change each think time of a replica at random by up to this, up or down, uniformly.", "1",
     NULL, 0, 100},
    {"seed", 0, VS_OPTION_U64, offsetof(struct values, seed), "N",
     "Seed of the jitter and of the clones' start offsets.", "1", NULL, 0, SEED_MAX},
    {"timing", 0, VS_OPTION_CHOICE, offsetof(struct values, timing), "HOW",
     "closed keeps think times, open keeps recorded times, as for replay.", "closed", timings, 0,
     0},
    {"rebase", 0, VS_OPTION_FLAG, offsetof(struct values, rebase), NULL,
     "Start every vCPU's stream at time 0: a what-if.", NULL, NULL, 0, 0},
    {"max-think", 0, VS_OPTION_DURATION, offsetof(struct values, max_think_ns), "DURATION",
     "Cut idle gaps to this (as 1ms): a what-if.", NULL, NULL, 0, 0},
    {"cpus", 0, VS_OPTION_U64, offsetof(struct values, cpus), "N",
     "pCPUs to run on; 0 for one per vCPU, as far as the machine has them.", "0", NULL, 0,
     CPUS_MAX},
    {"db", 'd', VS_OPTION_STRING, offsetof(struct values, db), "FILE",
     "The SQLite database for the runs. Those that it already has are not repeated.", NULL, NULL, 0,
     0},
    {"force", 'f', VS_OPTION_FLAG, offsetof(struct values, force), NULL,
     "Repeat and replace runs that the database already has.", NULL, NULL, 0, 0},
    {"dry-run", 'n', VS_OPTION_FLAG, offsetof(struct values, dry_run), NULL,
     "Only say how many runs it would be, and how many of them are stored.", NULL, NULL, 0, 0},
    {"json", 0, VS_OPTION_FLAG, offsetof(struct values, json), NULL,
     "Print the results as JSON in place of the tables.", NULL, NULL, 0, 0},
    {"jobs", 'j', VS_OPTION_U64, offsetof(struct values, jobs), "N",
     "Replays at a time; 0 for as many as there are CPUs. Does not change any result.", "0", NULL,
     0, VS_JOBS_MAX},
    {"memory", 0, VS_OPTION_SIZE, offsetof(struct values, memory_bytes), "SIZE", VS_MEMORY_HELP,
     "0B", NULL, 0, 0},
    {"progress", 0, VS_OPTION_FLAG, offsetof(struct values, progress), NULL,
     "Report each run on standard error even where that is no terminal.", NULL, NULL, 0, 0},
    VS_OPTION_END,
};

static int sweep(const struct vs_command *command, void *parsed, const struct vs_strings *traces,
                 struct vs_error *error)
{
    const struct values *values = parsed;
    struct vs_sweep_progress told = {
        .name = "sweep", .stream = stderr, .bar = isatty(STDERR_FILENO) == 1};
    struct vs_memory *memory = NULL;

    (void)command;
    if (!values->db)
        return vs_error_set(error, VS_ERR_USAGE,
                            "a sweep stores its runs as it goes: it needs --db FILE");
    /* A file-size limit shall be an error to report, not a death. */
    signal(SIGXFSZ, SIG_IGN);
    int ret = vs_sweep_memory(values->memory_bytes, &told, &memory, error);

    if (ret < 0)
        return ret;
    const struct vs_sweep_request request = {
        .name = "sweep",
        .plan = {.policies = &values->policies,
                 .machines = &values->machines,
                 .speeds = &values->speeds,
                 .clones = &values->clones,
                 .varies = &values->varies,
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
        .dry_run = values->dry_run,
        .threads = vs_sweep_threads(values->jobs),
        .output = stdout,
        .progress = stderr,
        .bar = isatty(STDERR_FILENO) == 1,
        .lines = values->progress,
    };

    ret = vs_sweep_run(&request, error);
    vs_memory_free(memory);
    return ret;
}

static const char *const examples[] = {
    "vpci-sim sweep host.vpt --db sweep.db --speed 1,4,16 --replicas 5",
    "vpci-sim sweep host.vpt --db sweep.db --vary config-cycle=500ns,1us,2us",
    "vpci-sim sweep host.vpt --db sweep.db -m ryzen-7950x -m dual-epyc-7742 -n",
    NULL,
};

const struct vs_command vs_cmd_sweep = {
    .name = "sweep",
    .summary = "Replay under every combination of policies and assumptions",
    .operands = "TRACE...",
    .operands_min = 1,
    .operands_max = 1024,
    .options = options,
    .values_size_bytes = sizeof(struct values),
    .description =
        "Replays traces under every combination of policies, machine profiles, speeds, clone "
        "counts "
        "and values of the costs named by --vary, and stores each run as it ends. A conclusion is "
        "worth something when it holds whichever assumption is wrong: vpci-report says of the "
        "database which conclusions survive and where the others flip.\n\n"
        "One replay is one interleaving, and moving calls by 1 % can turn a hazard up or change "
        "p99. With --replicas the tables show the median over replicas with the lowest and the "
        "highest, and in how many of them a hazard was seen. The same seed gives the same runs on "
        "any host, whatever --jobs is.\n\n"
        "The number of runs is said before the first begins. A run that the database has is not "
        "repeated, so a sweep that was stopped, or killed, goes on where it was. The exit status "
        "is "
        "1 when a policy deadlocked in any run.",
    .examples = examples,
    .run = sweep,
};
