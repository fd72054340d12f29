/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A run as rows of schema.sql, without a database in sight: rows.c makes them,
 * store.c writes them.  Each cell carries its column's name, so that a row
 * cannot be written into the wrong columns.
 */
#ifndef VS_STORE_ROWS_H
#define VS_STORE_ROWS_H

#include "store.h"

enum vs_table {
    VS_TABLE_RUN,
    VS_TABLE_LATENCY,
    VS_TABLE_LOCK,
    VS_TABLE_BLOCKER,
    VS_TABLE_HAZARD,
    VS_TABLE_OPERATION_COUNT,
    VS_TABLE_MEASURED, /* measured.sql */
    VS_TABLE_COUNT
};

enum vs_cell_kind { VS_CELL_INTEGER, VS_CELL_REAL, VS_CELL_TEXT, VS_CELL_BLOB };

struct vs_cell {
    const char *column;
    enum vs_cell_kind kind;
    int64_t integer; /* counters above INT64_MAX are stored as that */
    double real;
    const void *data;  /* TEXT (terminated) and BLOB */
    size_t size_bytes; /* BLOB */
};

/* Instances of one lock that get a row of their own, those with the largest
 * waits; the rest is summed in instance 'other'. */
#define VS_LOCK_ROWS_MAX 64

/* Takes one row; a negative return ends the walk.  Cells are valid during the call. */
typedef int (*vs_row_sink)(void *context, enum vs_table table, const struct vs_cell *cells,
                           size_t count, struct vs_error *error);

/* All rows of a run: the run's own first, then those that hang off it (without
 * their run_id).  The columns of a table are the same in every row. */
int vs_rows_emit(const struct vs_run *run, const struct vs_result *result, vs_row_sink sink,
                 void *context, struct vs_error *error);

/* The row of a result that threads measured (rows_measured.c). */
int vs_rows_emit_measured(const struct vs_run *run, const struct vs_result *result,
                          vs_row_sink sink, void *context, struct vs_error *error);

/* The rows of table lock (rows_lock.c). */
int vs_rows_emit_locks(const struct vs_run *run, const struct vs_result *result, vs_row_sink sink,
                       void *context, struct vs_error *error);

static inline struct vs_cell vs_cell_u64(const char *column, uint64_t value)
{
    int64_t integer = value > INT64_MAX ? INT64_MAX : (int64_t)value;

    return (struct vs_cell){.column = column, .kind = VS_CELL_INTEGER, .integer = integer};
}

static inline struct vs_cell vs_cell_real(const char *column, double value)
{
    return (struct vs_cell){.column = column, .kind = VS_CELL_REAL, .real = value};
}

static inline struct vs_cell vs_cell_text(const char *column, const char *value)
{
    return (struct vs_cell){.column = column, .kind = VS_CELL_TEXT, .data = value};
}

static inline struct vs_cell vs_cell_blob(const char *column, const void *data, size_t size_bytes)
{
    return (struct vs_cell){
        .column = column, .kind = VS_CELL_BLOB, .data = data, .size_bytes = size_bytes};
}

#endif
