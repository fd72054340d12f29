/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One record to one operation: its class, how much it does (quantities), and
 * what holds for it (facts).  State of the function moves on with each call.
 *
 * An access that meets several handlers gets the class of the weightiest, the
 * order is one table in classify.c.  Its hardware cycles are counted where they
 * happen: in leading and middle gaps (cycles-locked), by handlers
 * (cycles-handler: only those that the handler itself makes; cycles made under
 * the IRQ descriptor lock follow vectors and mask-bits), in the trailing gap.
 */
#ifndef VS_MODEL_CLASSIFY_H
#define VS_MODEL_CLASSIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "function.h"
#include "record.h"
#include "workload.h"

struct vs_verdict {
    struct vs_shape shape;
    uint32_t guesses; /* bit per enum vs_guess: why the class is a conservative one */
};

/* Does the access reach vPCI's handlers?  vpci_access_allowed: natural alignment. */
bool vs_access_allowed(uint16_t reg, uint8_t size);

/* Config access to a function that has vPCI state. */
void vs_classify_config(struct vs_function *function, const struct vs_record *record,
                        bool hardware_domain, struct vs_verdict *verdict);
/* Config access to one that has not (O1). */
void vs_classify_absent(const struct vs_record *record, bool hardware_domain,
                        struct vs_verdict *verdict);
/* MSI-X table or PBA access.  function may be NULL: not known. */
void vs_classify_msix(struct vs_function *function, const struct vs_record *record,
                      bool hardware_domain, struct vs_verdict *verdict);
/* An event that concerns function (NULL: none, or unknown); quantities from its layout. */
void vs_classify_event(const struct vs_function *function, const struct vs_record *record,
                       enum vs_op op, bool hardware_domain, struct vs_verdict *verdict);

/* The operation of an event's kind, or -1 for kinds that are no event with one. */
int vs_event_op(enum vs_kind kind);

#endif
