/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The numbers of a run that a comparison shows.  Made from a fresh result or
 * read back from the database: the same run gives the same summary either way.
 */
#ifndef VS_STORE_SUMMARY_H
#define VS_STORE_SUMMARY_H

#include <stdint.h>

#include "base/error.h"
#include "base/units.h"
#include "engine/result.h"
#include "label.h"

struct vs_summary_hazard {
    uint64_t count; /* 0: not seen, and the rest is meaningless */
    vs_ns first_ns;
    char first_text[VS_HAZARD_TEXT];
};

struct vs_summary {
    enum vs_outcome outcome;
    bool measured;      /* by threads: what they cannot measure is absent */
    char *outcome_text; /* "", or who waits for whom, one line an edge; owned */
    uint64_t calls;
    vs_ns makespan_ns;
    vs_ns floor_ns;          /* sum of the calls' uncontended costs */
    double throughput_per_s; /* calls per second of virtual time; 0 when it took none */
    vs_ns p50_ns, p90_ns, p99_ns, p999_ns, max_ns; /* of accesses, waiting included */
    uint64_t lock_wait_ns, cross_domain_wait_ns;
    char most_contended[64];         /* lock with the largest total wait, "" when none waited */
    uint64_t most_contended_wait_ns; /* over its instances and modes */
    bool most_contended_below_vpci;  /* one of the locks that all policies share */
    uint64_t hazard_total;
    struct vs_summary_hazard hazards[VS_HAZARD_COUNT]; /* by enum vs_hazard */
};

/* Free with vs_summary_release.  VS_ERR_MEMORY. */
int vs_summary_from_result(const struct vs_result *result, const struct vs_policy *policy,
                           const struct vs_workload *workload, struct vs_summary *summary,
                           struct vs_error *error);
void vs_summary_release(struct vs_summary *summary);

#endif
