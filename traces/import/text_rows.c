/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "text_rows.h"

#include <stdio.h>
#include <string.h>

int vs_text_rows_open(struct vs_text_rows *rows, const struct vs_import_options *options,
                      struct vs_import_sink *sink, struct vs_error *error)
{
    int ret;

    rows->sink = sink;
    rows->path = options->inputs.items[0];
    rows->tolerate = options->tolerate;
    rows->sorter = vs_row_sorter_new(sink);
    if (!rows->sorter)
        return vs_error_set(error, VS_ERR_MEMORY, "out of memory");
    if ((ret = vs_columns_parse(options->columns, options->tsc_hz, &rows->columns, error)) < 0 ||
        (ret = vs_rows_describe(options, &rows->columns, sink->meta, error)) < 0)
        return ret;
    return vs_input_open(rows->path, &rows->input, error);
}

void vs_text_rows_close(struct vs_text_rows *rows)
{
    vs_input_close(rows->input);
    vs_row_sorter_free(rows->sorter);
}

int vs_text_rows_each(struct vs_text_rows *rows, int (*read)(void *context, struct vs_error *error),
                      int (*take)(void *context, struct vs_error *error), void *context,
                      struct vs_error *error)
{
    for (;;) {
        struct vs_error trouble = VS_ERROR_INIT;
        int ret = read(context, &trouble);
        bool found = ret == 1;

        if (ret == 0)
            return 0;
        if (found)
            ret = take(context, &trouble);
        if (ret == VS_ERR_INPUT && rows->tolerate) {
            vs_import_count(rows->sink->report, VS_IMPORT_NOT_REBUILT,
                            found ? "malformed-rows" : "damaged-input-cut-off", 1);
            if (!found)
                return 0;
        } else if (ret < 0) {
            if (error && error->code == VS_OK)
                *error = trouble;
            return ret;
        }
    }
}

int vs_text_rows_add(struct vs_text_rows *rows, struct vs_row *row, const char *noun,
                     struct vs_error *error)
{
    const char *expected = vs_row_finish(row, rows->sink->report);
    int ret;

    if (expected)
        return vs_error_set_at(error, VS_ERR_INPUT, rows->path, VS_NOWHERE, rows->line,
                               "%s does not make a record: %s", noun, expected);
    ret = vs_row_sorter_add(rows->sorter, &row->record, error);
    if (ret == VS_ERR_INPUT && error) {
        error->line = rows->line;
        snprintf(error->source, sizeof(error->source), "%s", rows->path);
    }
    return ret;
}

int vs_text_rows_end(struct vs_text_rows *rows, struct vs_error *error)
{
    int ret = vs_row_sorter_end(rows->sorter, error);

    return ret < 0 ? ret : vs_row_sorter_describe(rows->sorter, rows->sink->meta, error);
}

void vs_text_rows_unused(struct vs_text_rows *rows, const char *column, uint64_t count)
{
    char name[VS_COLUMN_NAME_MAX + 16];

    snprintf(name, sizeof(name), "column-%.*s", VS_COLUMN_NAME_MAX, column);
    vs_import_count(rows->sink->report, VS_IMPORT_IGNORED, name, count);
}

void vs_skip_byte_order_mark(const char **line, size_t *length)
{
    if (*length >= 3 && memcmp(*line, "\xef\xbb\xbf", 3) == 0) {
        *line += 3;
        *length -= 3;
    }
}
