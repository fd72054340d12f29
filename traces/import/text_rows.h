/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the importers of rows of text (CSV, JSON lines) share: the input, the loop
 * over its rows with --tolerate, and a row's way to the sink.
 */
#ifndef VS_TRACES_IMPORT_TEXT_ROWS_H
#define VS_TRACES_IMPORT_TEXT_ROWS_H

#include <stdbool.h>
#include <stdint.h>

#include "columns.h"
#include "input.h"

struct vs_text_rows {
    struct vs_input *input;
    const char *path;
    struct vs_columns columns;
    struct vs_import_sink *sink;
    struct vs_row_sorter *sorter;
    uint64_t line; /* where the current row begins, 1-based; the reader of rows sets it */
    bool tolerate;
};

/* Open options' input and settle its columns as far as the options state them.  Errors as of
 * vs_columns_parse, vs_rows_describe and vs_input_open.  vs_text_rows_close in any case. */
int vs_text_rows_open(struct vs_text_rows *rows, const struct vs_import_options *options,
                      struct vs_import_sink *sink, struct vs_error *error);
void vs_text_rows_close(struct vs_text_rows *rows);

/*
 * Take all rows.  read finds the next: 1, 0 at the end, or an error, behind which the
 * input cannot be read on.  take makes a record of it; its VS_ERR_INPUT is about this
 * row alone.  With --tolerate a row that take refuses is counted and left out, and an
 * input that read refuses ends there, counted too.
 */
int vs_text_rows_each(struct vs_text_rows *rows, int (*read)(void *context, struct vs_error *error),
                      int (*take)(void *context, struct vs_error *error), void *context,
                      struct vs_error *error);

/* Complete the row and hand its record on; noun ("row", "object") is what errors call it. */
int vs_text_rows_add(struct vs_text_rows *rows, struct vs_row *row, const char *noun,
                     struct vs_error *error);

/* All rows are taken: hand over what is held back, and complete the metadata. */
int vs_text_rows_end(struct vs_text_rows *rows, struct vs_error *error);

/* Count `rows` of a column that no field took. */
void vs_text_rows_unused(struct vs_text_rows *rows, const char *column, uint64_t count);

/* Drop the byte order mark that spreadsheets write before a first line. */
void vs_skip_byte_order_mark(const char **line, size_t *length);

#endif
