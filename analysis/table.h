/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The answer of a query as text: named columns, rows of cells.  Small enough to
 * hold in memory (a plot has thousands of rows, not millions).
 */
#ifndef VS_ANALYSIS_TABLE_H
#define VS_ANALYSIS_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct vs_table {
    size_t column_count, row_count;
    size_t cell_count; /* pushed; row_count * column_count once a row is whole */
    char **columns;    /* names */
    char **cells;      /* row_count * column_count, in rows; SQL's NULL is "" */
    size_t cell_max;   /* room in cells */
};

/* An empty table with room for column_count names, or NULL when out of memory. */
struct vs_table *vs_table_new(size_t column_count);
void vs_table_free(struct vs_table *table);
/* Copy a cell's text behind the last one, bytes that are no UTF-8 made '?'.  VS_ERR_MEMORY. */
int vs_table_push(struct vs_table *table, const char *text);

/* A cell by row and column name.  "" when there is no such column or row. */
const char *vs_table_text(const struct vs_table *table, size_t row, const char *column);
/* The same as a whole number or as a real one; 0 for what is no number. */
int64_t vs_table_integer(const struct vs_table *table, size_t row, const char *column);
double vs_table_real(const struct vs_table *table, size_t row, const char *column);

/*
 * Write as tab-separated values: one comment line with the column names, then a
 * line a row.  Tabs and line breaks within a cell become blanks, and an empty
 * cell becomes '-', so that columns stay columns.  VS_ERR_HOST.
 */
int vs_table_write_tsv(const struct vs_table *table, const char *path, struct vs_error *error);

#endif
