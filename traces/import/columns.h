/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Named columns to records: what the CSV and the JSON lines importers share.
 */
#ifndef VS_TRACES_IMPORT_COLUMNS_H
#define VS_TRACES_IMPORT_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "import.h"
#include "record.h"

/* The fields of a record, in the order of `vpci-trace dump --format csv`. */
enum vs_field {
    VS_FIELD_TIME,
    VS_FIELD_PCPU,
    VS_FIELD_DOMAIN,
    VS_FIELD_VCPU,
    VS_FIELD_SBDF,
    VS_FIELD_KIND,
    VS_FIELD_REG,
    VS_FIELD_SIZE,
    VS_FIELD_VALUE,
    VS_FIELD_DURATION,
    VS_FIELD_FLAGS,
    VS_FIELD_COUNT
};

enum vs_time_unit {
    VS_UNIT_NONE, /* not a time */
    VS_UNIT_NS,
    VS_UNIT_US,
    VS_UNIT_MS,
    VS_UNIT_S,
    VS_UNIT_TICKS /* of --tsc-hz */
};

#define VS_COLUMN_NAME_MAX 64

/* One field's column. */
struct vs_column {
    char name[VS_COLUMN_NAME_MAX]; /* in the input; "" where the user named none */
    bool stated;                   /* by --columns: it must be in the input */
    bool claimed;                  /* an input column holds it */
    enum vs_time_unit unit;        /* stated, or VS_UNIT_NONE: to be read from the name */
};

struct vs_columns {
    struct vs_column fields[VS_FIELD_COUNT];
    uint64_t tick_hz; /* of --tsc-hz, 0 when not given */
};

/*
 * Read --columns ("FIELD=COLUMN[:UNIT],...", NULL for none) and --tsc-hz (NULL
 * for none).  VS_ERR_USAGE names the part that is wrong.
 */
int vs_columns_parse(const char *text, const char *tsc_hz, struct vs_columns *columns,
                     struct vs_error *error);

/*
 * Find the field that an input column of this name holds, or VS_FIELD_COUNT for none.  Call once
 * for each column of the input.  VS_ERR_USAGE when it is a time whose unit is neither in its name
 * (time_ns, time_us, time_ms, time_s) nor in --columns, or is ticks and --tsc-hz is missing, or
 * when another column holds the field already.
 */
int vs_columns_claim(struct vs_columns *columns, const char *name, enum vs_field *field,
                     struct vs_error *error);
/* The first field that is needed (time, kind, and those that --columns names) and that no column
 * holds, or VS_FIELD_COUNT. */
enum vs_field vs_columns_missing(const struct vs_columns *columns);
/* A field's name, as in --columns. */
const char *vs_field_name(enum vs_field field);

/* A value of one column in one row. */
struct vs_cell {
    enum {
        VS_CELL_NONE, /* empty, null, "-" or "none" */
        VS_CELL_TEXT,
        VS_CELL_NUMBER, /* JSON integer */
        VS_CELL_REAL    /* JSON number with a fraction */
    } type;
    const char *text;
    uint64_t number;
    double real;
};

/* A record under construction from cells. */
struct vs_row {
    struct vs_record record;
    uint32_t seen; /* one bit per field that had a value */
};

/* Text as a cell: VS_CELL_NONE for "", "-" and "none". */
struct vs_cell vs_cell_text(const char *text);

void vs_row_start(struct vs_row *row);
/* Put a cell into the row.  Returns NULL, or what was expected instead. */
const char *vs_row_set(const struct vs_columns *columns, struct vs_row *row, enum vs_field field,
                       const struct vs_cell *cell);
/*
 * Complete the record: infer the size of a config access whose row has none, flag
 * what was not stated.  Returns NULL, or why it is no valid record.
 */
const char *vs_row_finish(struct vs_row *row, struct vs_import_report *report);

/* ------------------------------------------------------------------ sorting */

/* Rows held back to put them in time order: 32 MiB. */
#define VS_ROWS_HELD_MAX (UINT32_C(1) << 20)

struct vs_row_sorter;

/* sorter hands records to sink in time order.  NULL when out of memory. */
struct vs_row_sorter *vs_row_sorter_new(struct vs_import_sink *sink);
void vs_row_sorter_free(struct vs_row_sorter *sorter);
/*
 * Take one record.  VS_ERR_INPUT when it is older than one that already left,
 * because VS_ROWS_HELD_MAX rows or more lie between its place and where it came:
 * the caller adds file and line.
 */
int vs_row_sorter_add(struct vs_row_sorter *sorter, const struct vs_record *record,
                      struct vs_error *error);
/* Hand over all that is held. */
int vs_row_sorter_end(struct vs_row_sorter *sorter, struct vs_error *error);

/* ----------------------------------------------------------------- metadata */

/* Fill meta's clock and backend from --clock, --duration-covers, --backend.  VS_ERR_USAGE. */
int vs_rows_describe(const struct vs_import_options *options, const struct vs_columns *columns,
                     struct vs_trace_meta *meta, struct vs_error *error);
/* Add the domains that the sorter saw to meta, and the durations' caveat. */
int vs_row_sorter_describe(const struct vs_row_sorter *sorter, struct vs_trace_meta *meta,
                           struct vs_error *error);

#endif
