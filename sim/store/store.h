/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The results database: one SQLite file, schema in schema.sql.  One
 * transaction per run: after any interruption the file holds whole runs only.
 */
#ifndef VS_STORE_STORE_H
#define VS_STORE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "engine/engine.h"
#include "engine/machine.h"
#include "engine/result.h"
#include "model/workload.h"
#include "policies/policy.h"
#include "summary.h"

struct vs_store;

/* What runs the programs. */
enum vs_engine_kind {
    VS_ENGINE_VIRTUAL, /* sim/engine: deterministic */
    VS_ENGINE_THREADS  /* sim/threads: measured on this host */
};

/* Everything that repeats a run.  Two runs with equal keys have equal results. */
struct vs_run {
    const struct vs_workload *workload;
    const struct vs_policy *policy;
    const struct vs_machine *machine;
    struct vs_workload_options load; /* speed, clones, seed, rebase, max think */
    struct vs_engine_options engine; /* timing, cpus */
    enum vs_engine_kind kind;
    const char *const *trace_paths;
    size_t trace_path_count;
};

/* Place of a policy that does not ship in every comparison (run.policy_rank). */
#define VS_RANK_OWN 1000

/* "closed" or "open". */
static inline const char *vs_timing_name(enum vs_timing timing)
{
    return timing == VS_TIMING_OPEN ? "open" : "closed";
}

#define VS_RUN_KEY_TEXT 33
/* XXH3-128 over trace hash, policy text and compiled programs, machine text, load, timing, cpus and
 * version, as 32 hex digits.  File names do not count. */
void vs_run_key(const struct vs_run *run, char *key);
/* The same over what is asked (bounds, scenarios, a hypothesis), the policy that it is asked
 * of (NULL: none in particular) and version: asked again, the answer is replaced. */
void vs_question_key(const struct vs_policy *policy, const char *question, char *key);

/*
 * Open or create the database.  VS_ERR_HOST with the reason when it cannot be
 * created, written or locked; VS_ERR_INPUT when the file is no database of ours
 * or has another schema version (both named).
 */
int vs_store_open(const char *path, struct vs_store **store, struct vs_error *error);
void vs_store_close(struct vs_store *store);

/* 1 when a run with this key is stored, 0 when not, negative on error. */
int vs_store_has(struct vs_store *store, const char *key, struct vs_error *error);
/* The summary of a stored run: 1 and *summary (free with vs_summary_release), 0
 * when there is none, negative on error. */
int vs_store_summary(struct vs_store *store, const char *key, struct vs_summary *summary,
                     struct vs_error *error);
/* Store a run with its result in one transaction, replacing one of equal key.
 * A full disk leaves the database as it was (VS_ERR_HOST).  A result that threads
 * measured goes into table measured and replaces none: vs_store_has and
 * vs_store_summary know nothing of it. */
int vs_store_put(struct vs_store *store, const struct vs_run *run, const struct vs_result *result,
                 struct vs_error *error);

/* What vpci-sim saturate asked of a policy, and what it found. */
struct vs_saturation {
    struct vs_run lowest_run; /* the probe at the low end: all that does not vary */
    bool by_clones;           /* which of the two loads was raised; else the speed */
    uint32_t replicas;        /* of each probe; their jitter is in jitter_ppm */
    uint32_t jitter_ppm;
    vs_ns bound_ns; /* of p99 */
    double tolerance, lowest, highest;
    /* The answer; negative: none such.  See table saturation. */
    double kept, broken, kept_again;
    const char *broken_by; /* "", "latency", "deadlock" */
    uint64_t hazard_probes, probes;
};

/* As a run's: over all but the answer. */
void vs_saturation_key(const struct vs_saturation *saturation, char *key);
/* Store an answer, replacing that to the same question. */
int vs_store_put_saturation(struct vs_store *store, const struct vs_saturation *saturation,
                            struct vs_error *error);

#endif
