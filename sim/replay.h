/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One `vpci-sim replay`: shared by cmd_replay.c, which runs it, and replay_json.c. */
#ifndef VS_REPLAY_H
#define VS_REPLAY_H

#include "base/options.h"
#include "runner.h"
#include "store/store.h"

/* The command line. */
struct vs_replay_values {
    struct vs_strings policies;
    const char *machine;
    int timing;
    int engine; /* enum vs_engine_kind */
    double speed;
    uint64_t clones, seed, cpus, jobs, memory_bytes;
    bool rebase, json, force, progress;
    uint64_t replicas;
    double jitter;
    vs_ns max_think_ns;
    const char *db;
};

/* All that is open while it runs. */
struct vs_replay {
    const struct vs_replay_values *values;
    const struct vs_strings *traces;
    struct vs_policy **policies;
    struct vs_job *jobs;
    struct vs_summary *summaries; /* filled when a run ended, or read from the database */
    size_t count;                 /* of each of the three */
    struct vs_machine *machine;
    struct vs_memory *memory; /* for what grows with the traces */
    struct vs_workload *workload;
    struct vs_store *store;
    size_t finished, stored, taken; /* runs that ended, were stored, came from the database */
    bool bar;                       /* the progress line is redrawn in place */
};

/* The run under policy number index. */
struct vs_run vs_replay_run(const struct vs_replay *session, size_t index);

/* All results as one JSON document on stream; every job has one. */
int vs_replay_print_json(const struct vs_replay *session, FILE *stream, struct vs_error *error);

#endif
