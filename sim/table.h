/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The comparison that `vpci-sim replay` prints: what was replayed, one line per
 * policy, and what a reader must know before believing it.
 */
#ifndef VS_TABLE_H
#define VS_TABLE_H

#include <stdio.h>

#include "store/store.h"

#define VS_TABLE_COLUMNS 120 /* no line of the table is wider */

struct vs_table_row {
    const char *policy;
    const struct vs_summary *summary;
    const char *faults; /* known to be open, or NULL */
};

struct vs_table {
    const struct vs_workload *workload;
    const struct vs_machine *machine;
    struct vs_workload_options load;
    struct vs_engine_options engine;
    const struct vs_table_row *rows;
    size_t row_count;
};

/* What was replayed, on what, and every what-if and caveat on a line of its own. */
void vs_table_print_header(const struct vs_table *table, FILE *stream);
/* The same without machine and load: for tables of several. */
void vs_table_print_workload(const struct vs_table *table, FILE *stream);
/* One line per policy. */
void vs_table_print_rows(const struct vs_table *table, FILE *stream);
/* Deadlocks and hazards in words, and how to read the numbers. */
void vs_table_print_remarks(const struct vs_table *table, FILE *stream);

/* label, then text in lines that start under its beginning, none wider than the
 * table.  Blanks in text are where lines may break. */
void vs_table_wrap(FILE *stream, const char *label, const char *text);
/* "" for 1, else "s". */
const char *vs_plural(uint64_t count);
/* "12,345" into buffer[VS_COUNT_TEXT].  Returns buffer. */
#define VS_COUNT_TEXT 32
char *vs_count_text(uint64_t count, char *buffer);
/* Three significant digits with k, M or G: "12.3k", into buffer[VS_COUNT_TEXT].
 * Returns buffer. */
char *vs_rate_text(double rate, char *buffer);

#endif
