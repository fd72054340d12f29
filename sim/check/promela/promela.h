/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An independent judge: a setup under a policy as a model for SPIN
 * (https://spinroot.com), which searches it with an engine of its own.
 *
 * The model is written from the policy's step trees, not from the checker's
 * instructions, and says in Promela (the .pml files here) anew what lists, objects and
 * kinds of lock do; no lock is left out and nothing is reduced.  Of the checker it
 * shares the setup, the names of the violations and the bound on counted loops.
 * Where the two disagree, one of them is wrong.
 *
 * What SPIN does not judge: order inversion, which comes from the graph of all orders in
 * which locks are taken and not from a state.
 */
#ifndef VS_CHECK_PROMELA_PROMELA_H
#define VS_CHECK_PROMELA_PROMELA_H

#include <stdio.h>

#include "check/check.h"

/* What a model is of, and what its head says about it. */
struct vs_promela_subject {
    const struct vs_policy *policy;
    const struct vs_check_setup *setup;
    uint8_t rounds;    /* of loops that are written with a count: 1 or 2 */
    const char *name;  /* the scenario's: "S14" */
    const char *title; /* a few words */
};

/*
 * Write the model.  A violation is an assertion over its number ("assertion violated
 * (verdict!=5)"; the numbers are defined in the model's head), a deadlock an invalid end
 * state.  VS_ERR_INPUT where the setup cannot be (vs_check_setup_validate) or a
 * program is too deep, VS_ERR_MEMORY, VS_ERR_HOST when the stream does not take it.
 */
int vs_promela_write(const struct vs_promela_subject *subject, FILE *stream,
                     struct vs_error *error);

#endif
