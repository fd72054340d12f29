/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What `vpci-sim hypotheses` works on and prints: hypotheses with their results.
 * cmd_hypotheses.c fills it, hypotheses_print.c and hypotheses_json.c tell it,
 * proof_rows.c stores it.
 */
#ifndef VS_HYPOTHESES_RUN_H
#define VS_HYPOTHESES_RUN_H

#include <stdio.h>

#include "hypotheses/hypothesis.h"

struct vs_hypotheses_run {
    struct vs_hypothesis **hypotheses;
    struct vs_hypothesis_result **results;
    size_t count;
};

/* One line a hypothesis, and what the columns mean. */
void vs_hypotheses_print_table(const struct vs_hypotheses_run *run, FILE *stream);
/* One hypothesis in full; with schedules, those that its searches found. */
int vs_hypotheses_print_one(const struct vs_hypothesis *hypothesis,
                            const struct vs_hypothesis_result *result, bool schedules, FILE *stream,
                            struct vs_error *error);
int vs_hypotheses_print_json(const struct vs_hypotheses_run *run, FILE *stream,
                             struct vs_error *error);
/* "agrees", "disagrees", "undecided". */
const char *vs_test_outcome_name(enum vs_outcome_of_test outcome);

#endif
