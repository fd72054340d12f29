/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What searches and hypotheses found: tables of the database (queries/proof.sql)
 * and the two sections of the page that show them.
 */
#ifndef VS_ANALYSIS_PROOF_H
#define VS_ANALYSIS_PROOF_H

#include "query.h"
#include "words.h"

struct vs_proof {
    struct vs_table *checks, *findings;             /* pairs and triples */
    struct vs_table *policies, *scenarios, *matrix; /* a verdict for each */
    struct vs_table *hypotheses, *tests;
};

/* Errors as of vs_query_table.  Free with vs_proof_free, also after an error. */
int vs_proof_load(struct vs_query *query, struct vs_proof *proof, struct vs_error *error);
void vs_proof_free(struct vs_proof *proof);

/* Sections with headings, ids "matrix" and "hypotheses"; a line that says how to fill them
 * where the database has nothing.  page_matrix.c and page_hypotheses.c. */
void vs_page_matrix(const struct vs_proof *proof, struct vs_text *out);
void vs_page_hypotheses(const struct vs_proof *proof, struct vs_text *out);

/* A schedule (JSON as stored) as a table: a column per vCPU, a row per step, locks behind it,
 * the last step marked.  page_schedule.c. */
void vs_page_schedule(const char *json, struct vs_text *out);

/* The verdicts alone, as JSON: {"policy": {"S1": "violated"}}, {"H1": "in part"}. */
struct vs_json_out *vs_proof_verdicts_json(const struct vs_proof *proof);
struct vs_json_out *vs_proof_hypotheses_json(const struct vs_proof *proof);

#endif
