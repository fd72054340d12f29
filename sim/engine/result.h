/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a replay measured.  Plain data: the store writes it to SQLite, --json
 * prints it.  All times in ns of virtual time.
 */
#ifndef VS_ENGINE_RESULT_H
#define VS_ENGINE_RESULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json.h"
#include "base/units.h"
#include "histogram.h"
#include "model/workload.h"
#include "policies/policy.h"

enum vs_outcome {
    VS_OUTCOME_DONE,     /* every call completed */
    VS_OUTCOME_DEADLOCK, /* nobody can make progress; see deadlock */
};

/* What a policy failed to prevent in this replay. */
enum vs_hazard {
    VS_HAZARD_USE_AFTER_FREE,   /* an object was used after its memory was given back */
    VS_HAZARD_LOCK_AFTER_FREE,  /* a lock's word lay in freed memory when it was taken or dropped */
    VS_HAZARD_LIST_RACE,        /* a list changed under a walk that nothing protected */
    VS_HAZARD_BAR_RACE,         /* BAR state written while another vCPU read or wrote it */
    VS_HAZARD_DANGLING_PENDING, /* the pending slot's device was gone when it was taken */
    VS_HAZARD_FORMER_OWNER,     /* a device was reached by a domain that no longer owned it */
    VS_HAZARD_DOUBLE_FREE,
    VS_HAZARD_SOFTIRQ_LOCKED, /* softirqs processed with a lock held */
    VS_HAZARD_COUNT
};

struct vs_hazard_stat {
    uint64_t count;
    /* The first occurrence; meaningless while count is 0. */
    vs_ns first_ns;
    uint16_t actor, device; /* indices into the workload; VS_DEVICE_NONE for none */
    uint8_t op;             /* enum vs_op that ran into it */
    uint8_t other_op;       /* the operation that freed or wrote, VS_OP_COUNT where unknown */
};

/* One lock instance in one mode.  Pairs as lock users know them. */
struct vs_lock_stat {
    uint8_t lock;      /* index into the policy's locks */
    uint8_t mode;      /* enum vs_lock_mode */
    uint16_t instance; /* domain or device index of the workload, 0 for global */
    uint64_t acquire_count;
    uint64_t try_count, try_failed_count;
    uint64_t wait_count; /* acquisitions that had to wait */
    uint64_t wait_total_ns, wait_max_ns;
    uint64_t hold_count; /* = acquire_count - those held at a deadlock */
    uint64_t hold_total_ns, hold_max_ns;
    uint64_t transfer_count;       /* acquisitions whose line came from another CPU */
    uint64_t cross_domain_wait_ns; /* part of wait_total_ns while another domain held it */
};

/* Latency of one operation class in one domain: from the start of the VM exit
 * (or hypercall) to its end; waiting for a busy pCPU included.  With open timing
 * it starts at the recorded arrival, so a late vCPU's backlog is included too. */
struct vs_latency_stat {
    uint8_t op;
    uint16_t domain;
    uint64_t wait_total_ns; /* of which waiting for locks */
    struct vs_histogram latency;
};

/* Who waited for whom. */
struct vs_blocker_stat {
    uint8_t waiter_op, holder_op;
    uint8_t lock;
    bool cross_domain;
    uint64_t wait_ns;
};

/* Virtual time cut into equal buckets. */
#define VS_BUCKETS_MAX 512
struct vs_bucket_stat {
    vs_ns busy_ns;  /* vCPUs inside the hypervisor, summed, waiting included */
    vs_ns wait_ns;  /* of which waiting for locks, attributed to the time of waiting */
    uint64_t calls; /* completed */
};

/* An edge of a deadlock: actor waits for a lock instance that another one holds. */
struct vs_deadlock_edge {
    uint16_t actor;
    uint8_t op;
    uint8_t lock, mode;
    uint16_t instance;
    uint16_t holder; /* actor; UINT16_MAX when held by itself or nobody in particular */
    uint8_t holder_op;
};

/* Exact identities that every run satisfies; a violation is our bug. */
struct vs_identities {
    double little_worst;    /* largest relative error of L = X R over all locks */
    vs_ns time_error_ns;    /* |sum(think + wait + work + idle) - vCPUs x horizon| */
    uint64_t overlap_count; /* grants that broke exclusion */
};

#define VS_MEASURED_BY_TEXT 640

struct vs_result {
    enum vs_outcome outcome;
    uint64_t calls; /* completed calls, deferred maps not counted */
    uint64_t deferred_maps;
    uint64_t missed_calls; /* found their device gone and went to the plain access */
    uint64_t steps;        /* lock-program steps executed */
    vs_ns makespan_ns;     /* virtual time of the last completion */
    vs_ns floor_ns;        /* time spent in steps, waiting excluded, summed over vCPUs */
    uint64_t lock_wait_total_ns;
    uint64_t cpu_wait_total_ns;    /* waiting for a pCPU busy with another vCPU's entry */
    uint64_t cross_domain_wait_ns; /* lock waits while another domain held the lock */
    /* Lines of lists and handlers that walks fetched from another CPU after it wrote
     * them, and the time that took, which is part of floor_ns. */
    uint64_t cold_lines, cold_ns;
    struct vs_histogram latency;       /* all accesses (not events, not deferred maps) */
    struct vs_latency_stat *latencies; /* only those with calls, by op then domain */
    size_t latency_count;
    struct vs_lock_stat *locks; /* only those acquired, by lock, instance, mode */
    size_t lock_count;
    struct vs_blocker_stat *blockers; /* by wait_ns, largest first */
    size_t blocker_count;
    struct vs_bucket_stat buckets[VS_BUCKETS_MAX];
    size_t bucket_count;
    vs_ns bucket_ns; /* width */
    struct vs_hazard_stat hazards[VS_HAZARD_COUNT];
    struct vs_deadlock_edge *deadlock; /* outcome DEADLOCK: who waits for whom */
    size_t deadlock_count;
    uint64_t grace_periods;
    vs_ns grace_period_max_ns;
    struct vs_identities identities;
    /* Measured by real threads (sim/threads): times are wall time of this host and no two
     * runs are equal.  Then these are absent, not 0: cross_domain_wait_ns, blockers, buckets,
     * grace periods, identities, and of a lock hold_*, transfer_count and
     * cross_domain_wait_ns. */
    bool measured;
    char measured_by[VS_MEASURED_BY_TEXT]; /* host, CPUs, and how well work is spun there */
    uint64_t forced_switches; /* measured: times that the kernel took a thread off its CPU */
};

void vs_result_free(struct vs_result *result);

const char *vs_outcome_name(enum vs_outcome outcome);
const char *vs_hazard_name(enum vs_hazard hazard); /* "use-after-free" */
/* Sum over hazards; 0 means none was seen in this replay. */
uint64_t vs_result_hazard_total(const struct vs_result *result);
/* The lock with the largest total wait over its instances and modes, or -1. */
int vs_result_most_contended(const struct vs_result *result, const struct vs_policy *policy);

/* Everything above as JSON, names resolved; deterministic bytes. */
struct vs_json_out *vs_result_json(const struct vs_result *result, const struct vs_policy *policy,
                                   const struct vs_workload *workload);

#endif
