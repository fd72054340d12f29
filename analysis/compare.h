/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether one run is better than another by more than chance.
 *
 * A replay is one interleaving.  Where it was repeated with think times jittered
 * (replicas), how far its numbers move was measured: two runs are told apart when their
 * replicas' ranges do not meet.  Where it was not, an assumption stands in.
 */
#ifndef VS_ANALYSIS_COMPARE_H
#define VS_ANALYSIS_COMPARE_H

#include "runs.h"

/* Fewer replicas than this are no measure of how far numbers move. */
#define VS_REPLICAS_ENOUGH 3

/*
 * Differences of percentiles up to VS_STEP_P99 are the histogram's step (schema.sql: 32
 * buckets per power of two), and of throughput up to 1 % no difference.  Without
 * replicas, percentiles less than VS_APART_P99 apart are within what one closed-loop
 * interleaving can decide.
 * Assumption: 15 %, from one experiment.  Two guests' streams overlapped at speed 16 gave
 * a p99 between 8.19 and 9.22 us (12.6 % apart) under one policy when nothing but the cut of
 * idle gaps (--max-think) was changed by 1 % either way.
 */
#define VS_STEP_P99        (1.0 / 32)
#define VS_APART_P99       0.15
#define VS_STEP_THROUGHPUT 0.01

/* Medians over the replicas; the run's own number where it has none. */
double vs_compare_typical_p99(const struct vs_run_row *run);
double vs_compare_typical_throughput(const struct vs_run_row *run);
/* Both have replicas enough, so that measured spread decides. */
bool vs_compare_measured(const struct vs_run_row *a, const struct vs_run_row *b);

/* Below 0 when a is better (lower p99, higher throughput), above 0 when b is, 0 when they are not
 * told apart. */
int vs_compare_p99(const struct vs_run_row *a, const struct vs_run_row *b);
int vs_compare_throughput(const struct vs_run_row *a, const struct vs_run_row *b);

#endif
