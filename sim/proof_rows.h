/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What check and hypotheses found, into the results database (schema.sql). */
#ifndef VS_PROOF_ROWS_H
#define VS_PROOF_ROWS_H

#include "check_run.h"
#include "hypotheses_run.h"
#include "store/store.h"

/* One row of check_run per policy that was searched to its end, each with what hangs off it in one
 * transaction; what an earlier run of the same policy and question stored is replaced.  Errors of
 * the store; VS_ERR_MEMORY. */
int vs_proof_store_check(const struct vs_check_run *run, struct vs_store *store,
                         struct vs_error *error);
/* The same for hypotheses; replaced are earlier answers with the same policies replaced. */
int vs_proof_store_hypotheses(const struct vs_hypotheses_run *run,
                              const struct vs_hypothesis_options *how, struct vs_store *store,
                              struct vs_error *error);

#endif
