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
    VS_TABLE_VARIED,
    VS_TABLE_SATURATION,
    VS_TABLE_MEASURED,
    VS_TABLE_CHECK_RUN,
    VS_TABLE_CHECK_VERDICT,
    VS_TABLE_CHECK_FINDING,
    VS_TABLE_HYPOTHESIS,
    VS_TABLE_HYPOTHESIS_TEST,
    VS_TABLE_COUNT
};

enum vs_cell_kind { VS_CELL_INTEGER, VS_CELL_REAL, VS_CELL_TEXT, VS_CELL_BLOB, VS_CELL_NULL };

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
/*
 * Rows that do not come from a replay: emit gives the row of a head (check_run,
 * hypothesis, saturation) first, then those that hang off it, without the column that refers to it.
 * One transaction; what the head's table holds under this key is replaced.
 */
typedef int (*vs_row_source)(void *source, vs_row_sink sink, void *context, struct vs_error *error);
int vs_store_put_rows(struct vs_store *store, enum vs_table head, const char *key,
                      vs_row_source emit, void *source, struct vs_error *error);

/* The rows of table lock (rows_lock.c). */
int vs_rows_emit_locks(const struct vs_run *run, const struct vs_result *result, vs_row_sink sink,
                       void *context, struct vs_error *error);

/* The row of table saturation (rows_saturation.c). */
int vs_rows_emit_saturation(const struct vs_saturation *saturation, vs_row_sink sink, void *context,
                            struct vs_error *error);

/* vs_policy_names' order, VS_RANK_OWN for what does not ship as it stands. */
uint64_t vs_policy_rank(const struct vs_policy *policy);
/* Now, in UTC, as table columns created_at have it; buffer holds VS_NOW_TEXT. */
#define VS_NOW_TEXT 32
char *vs_now_text(char *buffer);
/* A JSON array of strings on one line, which the caller frees, or NULL. */
char *vs_strings_text(char *const *items, size_t count);

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
