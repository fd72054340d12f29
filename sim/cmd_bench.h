/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the two files of vpci-sim bench share: one measurement's state and its rows. */
#ifndef VS_CMD_BENCH_H
#define VS_CMD_BENCH_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"
#include "base/json.h"
#include "bench/goals.h"

#define VS_BENCH_NAME_TEXT 192
#define VS_BENCH_COUNTED   UINT64_C(100000) /* accesses under callgrind, and twice as many */

struct vs_bench_values {
    const char *only;
    uint64_t accesses, rounds;
    bool instructions, json;
};

struct vs_bench {
    const struct vs_bench_values *values;
    struct vs_json_out *rows, *goals, *workers, *stored;
    FILE *goal_lines, *more_lines; /* into the texts: printed behind the rows */
    char *goal_text, *more_text;
    size_t goal_length, more_length;
    struct vs_error *error;
};

/* Did --only leave this row? */
bool vs_bench_wanted(const struct vs_bench *bench, const char *name);
/* Instructions of a function per access, by the difference of two lengths: what preparing
 * costs once falls out.  A longer run has so many accesses more; trace NULL: a row of the
 * reference workload. */
int vs_bench_count(const struct vs_bench *bench, const char *name, const char *trace,
                   double accesses, const char *function, double *instructions);
/* Held against the row's goal in that unit, if one is set; printed when all rows are there. */
void vs_bench_note_goal(struct vs_bench *bench, const char *row, enum vs_goal_unit unit,
                        double measured);
/* Rows workers-N and store-*; how many of them --only leaves. */
size_t vs_bench_more_wanted(const struct vs_bench *bench);
int vs_bench_worker_rows(struct vs_bench *bench);
int vs_bench_store_rows(struct vs_bench *bench);

#endif
