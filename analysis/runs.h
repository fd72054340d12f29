/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The runs of a database, and which of them may be compared: runs that differ
 * in nothing but the policy form a scenario; scenarios that differ in nothing but
 * the speed form a sweep.
 */
#ifndef VS_ANALYSIS_RUNS_H
#define VS_ANALYSIS_RUNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "query.h"
#include "table.h"

/* A row of table `run`, as the report needs it.  Strings are owned by the vs_runs. */
struct vs_run_row {
    int64_t id;
    const char *name; /* the policy; "pci-lock (run 12)" where a scenario holds it twice, and
                         "none (own file)" where the user's is named like one that ships */
    const char *policy, *policy_source, *policy_text;
    const char *created_at, *version, *run_key;
    const char *trace_name, *trace_hash;
    const char *what_if, *notes, *guesses, *options; /* JSON */
    const char *machine, *machine_text, *timing;
    const char *outcome, *outcome_text, *most_contended;
    bool emulated, synthetic;
    int64_t records, lost_records, injected_calls, synthetic_calls;
    int64_t domains, vcpus, devices, cpus, seed, machine_assumptions;
    int64_t clones, rebase, max_think_ns, policy_rank;
    int64_t calls, missed_calls, hazards;
    int64_t recorded_span_ns, makespan_ns, floor_ns, lock_wait_ns, cpu_wait_ns;
    int64_t cross_domain_wait_ns, below_wait_ns; /* below: waiting for locks below vPCI */
    int64_t p50_ns, p90_ns, p99_ns, p999_ns, max_ns;
    int64_t time_error_ns, overlap_count;
    double speed, throughput_per_s, little_error;
    const char *varied; /* "config-cycle 500 ns, atomic 12 ns", "" for the profile as it is */
    const char *policy_faults; /* windows that the policy's author states, "" none */
    /* Over the replicas of this run, itself among them; the numbers of those that came to their
     * end.  A row that was not loaded from a database may have 0 of them. */
    int64_t replicas, deadlock_replicas, hazard_replicas;
    int64_t p99_low_ns, p99_high_ns;
    double p99_median_ns, throughput_low, throughput_median, throughput_high;
};

/* Runs that differ in the policy alone: run[first .. first + count), by rank. */
struct vs_scenario {
    size_t first, count;
    size_t sweep;   /* index */
    char slug[128]; /* unique: part of file names */
    bool drawn;     /* gets plots of its own; the others get a table */
};

/* Scenarios that differ in the speed alone: scenario[first .. first + count), by speed. */
struct vs_sweep {
    size_t first, count;
    char slug[128];
};

struct vs_runs {
    struct vs_run_row *runs;
    size_t run_count;
    struct vs_scenario *scenarios;
    size_t scenario_count;
    struct vs_sweep *sweeps;
    size_t sweep_count;
    size_t left_out;        /* runs that the filters did not choose */
    struct vs_table *table; /* owns most strings */
    char **names;           /* owns the names that had to be made */
    size_t name_count;
};

/*
 * Load the runs whose trace_name and machine are as given (NULL: any), group
 * them, and choose which scenarios get plots: for each trace on each machine the
 * lowest and the highest load, at most VS_DRAWN_MAX in all.  VS_ERR_USAGE when
 * the filters leave nothing, naming what there is.  Free with vs_runs_free.
 */
#define VS_DRAWN_MAX 8
int vs_runs_load(struct vs_query *query, const char *trace, const char *machine,
                 struct vs_runs *runs, struct vs_error *error);
void vs_runs_free(struct vs_runs *runs);

/* A shipped policy of a scenario (the floor `none`, the ceiling `pcidevs-spin`), the latest
 * run of it, or NULL. */
const struct vs_run_row *vs_runs_find(const struct vs_runs *runs,
                                      const struct vs_scenario *scenario, const char *policy);
/* Of the user's own file, whatever its name. */
bool vs_runs_is_own(const struct vs_run_row *run);
/* Came to its end: what was measured up to a deadlock is no result. */
bool vs_runs_finished(const struct vs_run_row *run);
/* One of the two, as shipped: measured against, not a contestant. */
bool vs_runs_is_reference(const struct vs_run_row *run);
/* The scenario's first run: what all its runs have in common may be read there. */
const struct vs_run_row *vs_runs_first(const struct vs_runs *runs,
                                       const struct vs_scenario *scenario);
/* Nothing went wrong in this replay or a replica of it: no hazard, no deadlock. */
bool vs_runs_clean(const struct vs_run_row *run);
/* As recorded: no what-if step at all. */
bool vs_runs_as_recorded(const struct vs_run_row *run);

/* Put the scenario's, or the sweep's, runs into the temporary table `shown`. */
int vs_runs_show(struct vs_query *query, const struct vs_runs *runs,
                 const struct vs_scenario *scenario, struct vs_error *error);
int vs_runs_show_sweep(struct vs_query *query, const struct vs_runs *runs,
                       const struct vs_sweep *sweep, struct vs_error *error);

#endif
