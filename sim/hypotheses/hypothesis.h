/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hypotheses: what was claimed about locking vPCI, put to the test.  A
 * hypothesis is a JSON file (h1.json ... beside this): the claim, who made it,
 * and tests, each of which states what has to come out if the claim is true.
 * Running it explores interleavings (sim/check) and replays small synthetic
 * workloads in virtual time (sim/engine); the verdict follows from the outcomes
 * by a rule that is printed with it.  No file states a verdict.
 *
 * The format, by example:
 *
 *   "name": "H2", "title": "...", "claim": "...", "source": "...",
 *   "rule": "parts" or "always",
 *   "lacks": ["what no test can decide here"],       may be left out
 *   "assumptions": ["..."],                          may be left out
 *   "workloads": {"crowd": {...}},                   synthetic.h
 *   "tests": [
 *     {"says": "...", "check": {"policy": "pci-lock", "scenario": "S14"}, "expect": "reached"},
 *     {"says": "...", "pairs": {"policy": "pci-lock-bars", "except": ["toggle-rom"]},
 *      "expect": "absent"},
 *     {"says": "...", "nested": {"policy": "pcidevs-spin", "lock": "pcidevs_lock"}, "at-least": 1},
 *     {"says": "...", "replay": {"workload": "crowd", "policy": "pci-lock", "metric": "p99"},
 *      "against": {"policy": "none"}, "at-least": 2}]
 *
 * "role": "control" marks a test that the claim says nothing about: it shows that
 * the others can tell anything.  Policies are named as everywhere; those in
 * policies/ beside this are variants that only hypotheses use.
 */
#ifndef VS_HYPOTHESES_HYPOTHESIS_H
#define VS_HYPOTHESES_HYPOTHESIS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/json.h"
#include "check/scenario.h"
#include "metric.h"
#include "synthetic.h"

/* ------------------------------------------------------------- as written */

enum vs_test_kind {
    VS_TEST_CHECK,  /* every interleaving of a scenario under a policy */
    VS_TEST_PAIRS,  /* the same for every pair of accesses */
    VS_TEST_NESTED, /* operations whose program takes a lock that it holds */
    VS_TEST_REPLAY, /* a metric of a replay, or its ratio to another's */
    VS_TEST_KIND_COUNT
};

/* One side of a replay test. */
struct vs_replay_side {
    const struct vs_synthetic *workload;
    const char *policy;
    struct vs_metric metric;
    uint32_t cpus; /* pCPUs; 0: one a vCPU */
};

struct vs_test {
    enum vs_test_kind kind;
    bool control;
    const char *says;
    const char *policy;
    /* CHECK */
    struct vs_scenario *scenario;
    char scenario_path[96]; /* what --scenario takes to find it again */
    /* CHECK, PAIRS */
    uint32_t looks_for; /* bit per enum vs_violation */
    bool reached;       /* expected: reached, else absent */
    /* PAIRS: left out; bit per enum vs_op */
    uint64_t except;
    /* NESTED */
    const char *lock;
    /* REPLAY */
    struct vs_replay_side side, against;
    bool has_against; /* the value is the ratio of the two */
    /* NESTED, REPLAY */
    bool at_most; /* bound from above, else from below */
    double bound;
};

enum vs_rule {
    VS_RULE_PARTS, /* the tests are parts of the claim */
    VS_RULE_ALWAYS /* the claim says "always": one counter-example refutes it */
};

struct vs_hypothesis {
    const char *name;   /* "H2" */
    const char *title;  /* a few words */
    const char *claim;  /* a sentence or two, in our own words */
    const char *source; /* who said so, and when */
    enum vs_rule rule;
    const char **lacks, **assumptions; /* NULL-terminated, never NULL */
    struct vs_synthetic **workloads;
    size_t workload_count;
    struct vs_test *tests;
    size_t test_count;
    struct vs_json_doc *doc; /* owns the strings */
};

/* Names of those that ship, in order; NULL-terminated. */
const char *const *vs_hypothesis_names(void);
/* By name when it ships, else as a path.  VS_ERR_INPUT with file, JSON path and
 * reason; VS_ERR_USAGE when there is none.  Free with vs_hypothesis_free. */
int vs_hypothesis_load(const char *name_or_path, struct vs_hypothesis **hypothesis,
                       struct vs_error *error);
void vs_hypothesis_free(struct vs_hypothesis *hypothesis);

/* A rule and a kind of test as words: "parts", "check". */
const char *vs_rule_name(enum vs_rule rule);
const char *vs_rule_text(enum vs_rule rule); /* how a verdict follows, in a sentence */
const char *vs_test_kind_name(enum vs_test_kind kind);

/* ------------------------------------------------------------------- running */

enum vs_outcome_of_test {
    VS_TEST_AGREES,    /* as the claim (or the control) says */
    VS_TEST_DISAGREES, /* not so */
    VS_TEST_UNDECIDED  /* a search stopped at its limit, a scenario without a model, a replay
                          that ended in a deadlock */
};

struct vs_test_result {
    enum vs_outcome_of_test outcome;
    char *text;                    /* what came out: "reached: use-after-free, 14 steps" */
    char *command;                 /* that shows it again, or NULL */
    char *setup;                   /* of a replay: what, under what, on what; else NULL */
    double value;                  /* NESTED: the count; REPLAY: metric or ratio */
    double sides[2];               /* REPLAY: the metrics */
    struct vs_check_search search; /* CHECK, PAIRS */
    uint64_t searches;             /* PAIRS: how many */
    bool has_finding;
    struct vs_check_finding finding; /* CHECK, PAIRS: what was reached, shortest */
    struct vs_check_code *code;      /* that the finding belongs to; owns nothing of the policy */
    struct vs_policy *tested;        /* the policy as it was run; owned */
};

enum vs_hypothesis_verdict {
    VS_CONFIRMED,
    VS_CONFIRMED_IN_PART,
    VS_REFUTED,
    VS_NOT_DECIDABLE,
    VS_VERDICT_COUNT
};

struct vs_hypothesis_result {
    struct vs_test_result *tests; /* one per test */
    size_t test_count;
    enum vs_hypothesis_verdict verdict;
    uint32_t agree, disagree, undecided; /* tests of the claim */
    uint32_t controls, controls_failed;
    double seconds; /* of CPU time */
};

/* Run policy file instead of the policy that is called name. */
struct vs_replacement {
    const char *name, *file;
};

struct vs_hypothesis_options {
    const struct vs_replacement *replacements;
    size_t replacement_count;
    uint64_t state_limit; /* of each search; 0: check's own */
};

/*
 * Run every test.  The same hypothesis and policies give the same result but for
 * seconds.  Free with vs_hypothesis_result_free.  Errors: VS_ERR_INPUT and VS_ERR_USAGE
 * for a policy or machine that cannot be loaded, or a metric of a lock or operation that
 * the replay does not know; VS_ERR_MEMORY.
 */
int vs_hypothesis_run(const struct vs_hypothesis *hypothesis,
                      const struct vs_hypothesis_options *options,
                      struct vs_hypothesis_result **result, struct vs_error *error);
void vs_hypothesis_result_free(struct vs_hypothesis_result *result);

/* Counts and verdict from the outcomes of the tests; the only place where a verdict comes
 * from. */
void vs_hypothesis_judge(const struct vs_hypothesis *hypothesis,
                         struct vs_hypothesis_result *result);
const char *vs_hypothesis_verdict_name(enum vs_hypothesis_verdict verdict);
/* "check", "replay", "check, replay": how it was tested. */
const char *vs_hypothesis_means(const struct vs_hypothesis *hypothesis);
/* Why this verdict and no other, in a sentence, into buffer[VS_HYPOTHESIS_WHY].  Returns buffer. */
#define VS_HYPOTHESIS_WHY 256
char *vs_hypothesis_why(const struct vs_hypothesis *hypothesis,
                        const struct vs_hypothesis_result *result, char *buffer);

/* A policy: replaced, or a variant of sim/hypotheses/policies, or one that ships. */
int vs_hypothesis_policy(const struct vs_hypothesis_options *options, const char *name,
                         struct vs_policy **policy, struct vs_error *error);
/* What --policy takes to name the same: a path for a replacement or a variant. */
const char *vs_hypothesis_policy_argument(const struct vs_hypothesis_options *options,
                                          const char *name, char *buffer, size_t size_bytes);

#endif
