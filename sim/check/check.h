/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is a locking policy safe?  Every interleaving of a few vCPUs that run given
 * operations of a policy, explored exhaustively: what may happen, and for every
 * "no" the shortest schedule that shows it.  The programs are the policy's own,
 * those that replay runs in virtual time; work that touches nobody else is left
 * out, everything else takes place one step at a time.
 *
 * What is decided is decided within bounds: the vCPUs, devices and operations
 * of a setup, loops that are written with a count cut at setup.rounds, and a
 * sequentially consistent memory.  "No violation within these bounds" is the
 * strongest thing that this says.
 */
#ifndef VS_CHECK_H
#define VS_CHECK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"
#include "base/json.h"
#include "model/operation.h"
#include "policies/policy.h"

/* The Xen commit that policies after upstream, and what they share, follow: what is found of
 * them is found of this model of it. */
#define VS_MODEL_OF "c447b7308b"

/* -------------------------------------------------------------- violations */

enum vs_violation {
    VS_VIOLATION_USE_AFTER_FREE,
    VS_VIOLATION_DANGLING_PENDING,
    VS_VIOLATION_UNPUBLISHED,
    VS_VIOLATION_DOUBLE_FREE,
    VS_VIOLATION_DEADLOCK,
    VS_VIOLATION_SELF_DEADLOCK,
    VS_VIOLATION_UPGRADE,
    VS_VIOLATION_ORDER_INVERSION,
    VS_VIOLATION_NOT_HELD,
    VS_VIOLATION_HELD_AT_END,
    VS_VIOLATION_SOFTIRQ_LOCKED,
    VS_VIOLATION_BARRIER_LOCKED,
    VS_VIOLATION_BAR_RACE,
    VS_VIOLATION_LIST_RACE,
    VS_VIOLATION_FORMER_OWNER,
    VS_VIOLATION_UNMEDIATED,
    VS_VIOLATION_PENDING_TWICE,
    VS_VIOLATION_UNMAPPED,
    VS_VIOLATION_ASSERTION,
    VS_VIOLATION_ENTERED_PENDING,
    VS_VIOLATION_STARVATION, /* looked for by vs_check_liveness alone */
    VS_VIOLATION_COUNT
};

struct vs_violation_info {
    const char *name; /* "use-after-free" */
    const char *summary;
    bool ends_path; /* nothing sensible comes after it */
    bool opt_in;    /* looked for only where a setup asks for it */
};
extern const struct vs_violation_info vs_violation_table[VS_VIOLATION_COUNT];
/* enum vs_violation for a name, or -1. */
int vs_violation_from_name(const char *name);

/* ------------------------------------------------------------------ setups */

#define VS_CHECK_ACTORS_MAX  4
#define VS_CHECK_DEVICES_MAX 4
#define VS_CHECK_DOMAINS_MAX 3
#define VS_CHECK_CALLS_MAX   3
#define VS_CHECK_NONE        UINT8_MAX
/* dom_xen, who owns hidden devices.  No vCPU is of it, and no setup counts it. */
#define VS_CHECK_DOM_XEN VS_CHECK_DOMAINS_MAX

/* One operation that a vCPU is going to do. */
struct vs_check_call {
    enum vs_op op;
    uint8_t device; /* VS_CHECK_NONE for operations on a domain (dump, domain-destroy) */
    uint8_t target; /* domain of device-assign and domain-destroy, else VS_CHECK_NONE */
};

/* A vCPU: its operations one after the other.  One that defers is followed by
 * map-pending on its own. */
struct vs_check_actor {
    uint8_t domain; /* 0 is the hardware domain */
    uint8_t call_count;
    struct vs_check_call calls[VS_CHECK_CALLS_MAX];
};

/* A device at the beginning; its index is its place in address and list order. */
struct vs_check_device {
    uint8_t owner;
    bool absent; /* not there, and no vPCI */
    bool has_msix;
    bool hidden;   /* dom_xen's, with vPCI of the hardware domain; owner is not used */
    bool virtual;  /* a virtual function */
    bool decoding; /* memory decoding is on, its BARs' page is mapped */
    uint8_t page;  /* devices of one number have a BAR in one page */
};

struct vs_check_setup {
    uint8_t device_count, domain_count, actor_count;
    uint8_t rounds;  /* rounds of a loop that is written with a count: 1 or 2 */
    bool failures;   /* steps that may fail do, as well as not */
    bool loops;      /* a vCPU that has done all its operations begins again, for ever */
    uint32_t opt_in; /* bit per enum vs_violation that is looked for besides the others */
    struct vs_check_device devices[VS_CHECK_DEVICES_MAX];
    struct vs_check_actor actors[VS_CHECK_ACTORS_MAX];
};

/* VS_ERR_INPUT or VS_ERR_USAGE, with the reason, when a setup cannot be: a device without
 * an owner, more of something than there may be. */
int vs_check_setup_validate(const struct vs_check_setup *setup, struct vs_error *error);

/* ----------------------------------------------------------------- programs */

/* A policy's programs made flat; immutable, so that threads may share it. */
struct vs_check_code;
int vs_check_code_build(const struct vs_policy *policy, uint8_t rounds, struct vs_check_code **code,
                        struct vs_error *error);
void vs_check_code_free(struct vs_check_code *code);
/* Are the two operations the same program to a checker, for every caller and device? */
bool vs_check_same_program(const struct vs_check_code *code, enum vs_op one, enum vs_op other);

/* -------------------------------------------------------------- exploration */

struct vs_check_limits {
    uint64_t states; /* stop a search there; 0: 4 million */
    bool unreduced;  /* every interleaving, also those that only commute */
    /* Once it is true searches end with VS_ERR_STOPPED; may be NULL. */
    const atomic_bool *stop;
};

#define VS_CHECK_FAILS 0x80u /* in a schedule: the step that may fail does */

/* The last step of a schedule broke a rule. */
struct vs_check_finding {
    enum vs_violation violation;
    struct vs_check_setup setup;
    uint8_t actor;  /* who broke it */
    char text[320]; /* what happened: vs_check_describe */
    uint16_t length;
    uint8_t *schedule; /* the actor of every step, with VS_CHECK_FAILS where it fails */
    uint16_t stem;     /* starvation: steps before those that repeat for ever */
    bool shortest;     /* no shorter schedule of this setup shows it */
};

struct vs_check_search {
    uint64_t states, transitions;
    uint64_t peak_bytes;
    bool complete; /* false: stopped at the limit */
};

/* Orders in which locks were taken: the lock-order graph. */
struct vs_check_order;
struct vs_check_order *vs_check_order_new(void);
void vs_check_order_free(struct vs_check_order *order);
/* Take over what another has seen. */
void vs_check_order_merge(struct vs_check_order *into, const struct vs_check_order *from);
/* Locks that are taken in a circle, as "A then B (op), B then A (op)"; NULL when
 * there is none; VS_ERR_MEMORY otherwise never fails.  The caller frees *text. */
int vs_check_order_cycle(const struct vs_check_order *order, const struct vs_policy *policy,
                         char **text, struct vs_error *error);

/* Memory of a search, kept from one to the next; one per thread. */
struct vs_check_space;
struct vs_check_space *vs_check_space_new(void);
void vs_check_space_free(struct vs_check_space *space);

struct vs_check_result {
    struct vs_check_search search;
    uint32_t found;                                       /* bit per enum vs_violation */
    struct vs_check_finding findings[VS_VIOLATION_COUNT]; /* of those found */
};

/*
 * Explore a setup.  Every kind of violation that is found is in the result with
 * its schedule; order, which may be NULL, takes up the orders of locks.  Result
 * zeroed first; vs_check_result_release frees what is in it.  VS_ERR_MEMORY.
 */
int vs_check_explore(const struct vs_check_code *code, const struct vs_check_setup *setup,
                     const struct vs_check_limits *limits, struct vs_check_space *space,
                     struct vs_check_order *order, struct vs_check_result *result,
                     struct vs_error *error);
void vs_check_result_release(struct vs_check_result *result);
/* Replace the finding's schedule by a shortest one where the limit allows. */
int vs_check_shorten(const struct vs_check_code *code, const struct vs_check_limits *limits,
                     struct vs_check_space *space, struct vs_check_finding *finding,
                     struct vs_error *error);

/* ----------------------------------------------------------------- liveness */

/*
 * Does every operation end?  All vCPUs of the setup do theirs for ever; is there a way to go
 * round in a circle in which one never gets through, though it is fair: whoever can move at
 * some point of the circle does move in it?  Getting through: the operation ends, and no try
 * of it failed (a debug key that gave up has not shown what was asked for).  A vCPU that waits
 * for a lock can move when its look at the lock would be granted, so a lock that is had again
 * and again but never when the other looks is no starvation; one that it is never offered is.
 *
 * 1 with *finding, whose schedule leads to the circle (stem) and once round it; 0 when there is
 * none, or none within the limit (search.complete false).  VS_ERR_MEMORY.  The caller frees
 * finding->schedule.
 */
int vs_check_liveness(const struct vs_check_code *code, const struct vs_check_setup *setup,
                      const struct vs_check_limits *limits, struct vs_check_space *space,
                      struct vs_check_search *search, struct vs_check_finding *finding,
                      struct vs_error *error);

/* ----------------------------------------------------------------- campaigns */

/* Every pair, and every triple, of operations on vCPUs of their own. */
struct vs_check_campaign {
    uint8_t devices, domains; /* at most 3 and 2: more is a scenario's business */
    uint8_t actors;           /* 2: pairs; 3: and triples */
    bool failures;            /* as in a setup */
    struct vs_check_limits limits;
};

/* What is known of a policy afterwards. */
struct vs_check_verdict {
    uint32_t found;                                       /* bit per enum vs_violation */
    struct vs_check_finding findings[VS_VIOLATION_COUNT]; /* with the fewest vCPUs, then steps */
    char *order; /* a circle in the lock-order graph, or NULL */
    uint64_t programs, pairs, triples;
    uint64_t skipped; /* triples that contain a pair which is refuted already */
    uint64_t cut;     /* searches stopped at the limit */
    uint64_t states, transitions, peak_bytes;
};

/* Verdict zeroed first; vs_check_verdict_release frees what is in it. */
int vs_check_campaign_run(const struct vs_check_code *code,
                          const struct vs_check_campaign *campaign, struct vs_check_space *space,
                          struct vs_check_verdict *verdict, struct vs_error *error);
void vs_check_verdict_release(struct vs_check_verdict *verdict);

/* ---------------------------------------------------------------- schedules */

/* Re-execute the schedule and put into finding->text what happened, who did it and,
 * for memory, who freed it.  VS_ERR_INPUT when the schedule does not end in the
 * violation. */
int vs_check_describe(const struct vs_check_code *code, struct vs_check_finding *finding,
                      struct vs_error *error);
/*
 * A schedule as a table: a column per vCPU, a row per step, the locks as they
 * are behind it; the step that broke the rule is marked.  Errors as above.
 */
int vs_check_schedule_print(const struct vs_check_code *code,
                            const struct vs_check_finding *finding, FILE *stream,
                            struct vs_error *error);
/* The same as JSON, added to out: policy, setup, violation, steps. */
int vs_check_schedule_json(const struct vs_check_code *code, const struct vs_check_finding *finding,
                           struct vs_json_out *out, struct vs_error *error);
/* Read one back; policy is its name or path as stored, owned by the document.  The
 * caller frees finding->schedule. */
int vs_check_schedule_read(const struct vs_json *at, struct vs_check_finding *finding,
                           const char **policy, struct vs_error *error);
/* A setup as JSON, and back: what scenarios are written in. */
struct vs_json_out *vs_check_setup_json(const struct vs_check_setup *setup);
int vs_check_setup_read(const struct vs_json *at, struct vs_check_setup *setup,
                        struct vs_error *error);
/* "device-remove dev0" into buffer[VS_CHECK_CALL_TEXT].  Returns buffer. */
#define VS_CHECK_CALL_TEXT 64
char *vs_check_call_text(const struct vs_check_call *call, char *buffer);

#endif
