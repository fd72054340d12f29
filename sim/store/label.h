/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How the database, the table and the messages of a deadlock name domains,
 * vCPUs and lock instances: one spelling, so that rows can be joined by eye.
 */
#ifndef VS_STORE_LABEL_H
#define VS_STORE_LABEL_H

#include "engine/result.h"
#include "model/workload.h"
#include "policies/policy.h"

#define VS_LABEL_TEXT 80

/* The domain's name; "d3" when it has none; "web (d3)" when another domain has
 * the same name.  buffer holds VS_LABEL_TEXT; returned. */
char *vs_domain_label(const struct vs_workload *workload, size_t domain, char *buffer);
/* "d0v1"; "d0v?" for the unknown caller of an event. */
char *vs_actor_label(const struct vs_workload *workload, size_t actor, char *buffer);
/* What tells one instance of a lock from the next: "" for a global lock, else a
 * domain label or "0000:00:03.0". */
char *vs_instance_label(const struct vs_workload *workload, const struct vs_lock_decl *lock,
                        size_t instance, char *buffer);
/* "toggle-decode", or "unknown" for a number that is no operation. */
const char *vs_op_label(unsigned int op);

/*
 * Who waits for whom, one line an edge:
 * "d0v1 in toggle-decode waits for vpci_lock 0000:00:03.0 (exclusive), held by d0v2 in
 * read-hardware".
 * "" when the result is no deadlock.  The caller frees; NULL when out of memory.
 */
char *vs_deadlock_text(const struct vs_result *result, const struct vs_policy *policy,
                       const struct vs_workload *workload);

#define VS_HAZARD_TEXT 200
/* Who ran into the first hazard of a kind: "d0v1 read-passthrough 0000:00:03.0
 * after device-remove".  buffer holds VS_HAZARD_TEXT; returned. */
char *vs_hazard_first_text(const struct vs_hazard_stat *hazard, const struct vs_workload *workload,
                           char *buffer);

#endif
