/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A whole sweep, for `vpci-sim sweep` and `vpci-sim replay --replicas`: the plan
 * run, its progress told, its results printed.
 */
#ifndef VS_SWEEP_H
#define VS_SWEEP_H

#include <stdio.h>

#include "batch.h"
#include "model/memory.h"
#include "plan.h"
#include "store/store.h"

struct vs_sweep_request {
    const char *name; /* of the command, in front of what goes to progress: "sweep" */
    struct vs_plan_request plan;
    const struct vs_strings *traces;
    const char *db; /* or NULL */
    bool force, json, dry_run;
    unsigned int threads;
    FILE *output;   /* the result */
    FILE *progress; /* how many runs, and how far it is */
    bool bar;       /* progress is a terminal: redraw in place */
    bool lines;     /* a line per run */
};

/*
 * Say how many runs it is, run them, print tables or JSON.  VS_ERR_ANSWER when a policy
 * deadlocked, VS_ERR_STOPPED with what is stored when a signal came, else what loading, the
 * engine or the database says.
 */
int vs_sweep_run(const struct vs_sweep_request *request, struct vs_error *error);

/* VS_ERR_USAGE when a trace is "-": it is read once per load. */
int vs_sweep_refuse_pipe(const char *name, const struct vs_strings *traces, struct vs_error *error);

/* Threads to use: jobs, or as many as there are CPUs for 0; at most VS_JOBS_MAX. */
#define VS_JOBS_MAX 256
unsigned int vs_sweep_threads(uint64_t jobs);

/* Progress of a batch on a stream: a bar in place, or a line per run. */
struct vs_sweep_progress {
    const char *name;
    FILE *stream;
    bool bar, lines;
};

/* --memory of the commands that replay. */
#define VS_MEMORY_HELP                                                                          \
    "Bound on memory for what grows with the traces (calls decoded and compiled, once for all " \
    "policies), as 512MiB: what is above it goes to temporary files in TMPDIR, or /var/tmp "    \
    "without it, some 30 to 100 bytes an access. Changes no result. 0B is half of the host's RAM."

/* The memory that the option asks for; free with vs_memory_free.  When arrays first go to a file,
 * a line on told->stream says where; told outlives the memory. */
int vs_sweep_memory(uint64_t bound_bytes, struct vs_sweep_progress *told, struct vs_memory **memory,
                    struct vs_error *error);

/* "stopped by SIGINT; ..." as the error of a batch that a signal ended. */
int vs_sweep_say_stopped(const struct vs_batch *batch, const char *db, int signal_number,
                         struct vs_error *error);

void vs_sweep_show_progress(const struct vs_sweep_progress *progress, const struct vs_batch *batch);
void vs_sweep_end_progress(const struct vs_sweep_progress *progress);

/* "machine dual-xeon-gold-6242, speed 4, 2 copies, conf1-cycle 500 ns" into buffer. */
char *vs_sweep_heading(const struct vs_point *point, char *buffer, size_t size_bytes);

/* sweep_print.c: the results of a plan whose points are all done. */
int vs_sweep_print_tables(const struct vs_plan *plan, const struct vs_batch *batch, FILE *stream,
                          struct vs_error *error);
int vs_sweep_print_json(const struct vs_plan *plan, const struct vs_batch *batch, FILE *stream,
                        struct vs_error *error);

#endif
