/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CSV importer (RFC 4180): a header line that names the columns, then one record
 * per row.  Without --columns it reads what `vpci-trace dump --format csv` prints.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text_rows.h"

#define COLUMNS_MAX 256u
#define ROW_MAX     (1u << 20) /* bytes of one row; quoted fields may hold line ends */
#define QUOTE_MAX   60

struct csv {
    struct vs_text_rows rows;
    char *row; /* the current row, ROW_MAX bytes, fields NUL-terminated in place */
    char *fields[COLUMNS_MAX];
    size_t field_count;

    enum vs_field bound[COLUMNS_MAX]; /* by column */
    char *names[COLUMNS_MAX];         /* by column, owned */
    size_t column_count;
    uint64_t row_count; /* the header's with them */
};

static int refuse(struct csv *csv, struct vs_error *error, const char *column, const char *expected,
                  const char *found)
{
    char quoted[QUOTE_MAX + 1];
    size_t i;

    for (i = 0; found[i] != '\0' && i < QUOTE_MAX; i++)
        quoted[i] = found[i] >= ' ' && found[i] <= '~' ? found[i] : '?';
    quoted[i] = '\0';
    return vs_error_set_at(error, VS_ERR_INPUT, csv->rows.path, VS_NOWHERE, csv->rows.line,
                           "%s%s%sexpected %s, found '%s'", column ? "column '" : "",
                           column ? column : "", column ? "': " : "", expected, quoted);
}

/* Is a quoted field open at the end of text?  Quotes inside one come in pairs, so parity tells. */
static bool quote_open(const char *text, size_t length, bool open)
{
    size_t i;

    for (i = 0; i < length; i++)
        open ^= text[i] == '"';
    return open;
}

/* Gather one row into csv->row: 1, 0 at the end, or an error. */
static int read_row(void *context, struct vs_error *error)
{
    struct csv *csv = context;
    size_t used = 0;
    bool open = false;

    do {
        const char *line;
        size_t length;
        int got = vs_input_line(csv->rows.input, &line, &length, error);

        if (got < 0)
            return got;
        if (got == 0) {
            if (open)
                return refuse(csv, error, NULL, "a closing quote", "the end of the file");
            return 0;
        }
        if (!open)
            csv->rows.line = vs_input_line_number(csv->rows.input);
        if (csv->row_count == 0 && used == 0)
            vs_skip_byte_order_mark(&line, &length);
        if (used + length + 2 > ROW_MAX)
            return refuse(csv, error, NULL, "a row of less than 1 MiB", "a longer one");
        if (memchr(line, '\0', length))
            return refuse(csv, error, NULL, "text", "a NUL byte");
        if (open)
            csv->row[used++] = '\n';
        memcpy(csv->row + used, line, length);
        used += length;
        open = quote_open(line, length, open);
    } while (open || used == 0); /* empty lines are no rows */
    csv->row[used] = '\0';
    csv->row_count++;
    return 1;
}

/* Take the quotes off the field at *at, in place.  Returns NULL or what was expected. */
static const char *unquote(char **at, char **field)
{
    char *from = *at + 1, *to = *at;

    *field = to;
    for (;;) {
        if (from[0] == '"' && from[1] != '"')
            break;
        if (from[0] == '\0')
            return "a closing quote";
        from += from[0] == '"';
        *to++ = *from++;
    }
    *at = from + 1;
    if (**at != ',' && **at != '\0')
        return "a comma after a closing quote";
    *to = '\0'; /* to is at or before the closing quote */
    return NULL;
}

static int split_row(struct csv *csv, struct vs_error *error)
{
    char *at = csv->row;
    bool more = true;

    for (csv->field_count = 0; more; csv->field_count++) {
        const char *expected = NULL;
        char *field = at, *end;

        if (csv->field_count == COLUMNS_MAX)
            return refuse(csv, error, NULL, "at most 256 columns", "more");
        if (*at == '"') {
            expected = unquote(&at, &field);
            if (expected)
                return refuse(csv, error, NULL, expected, at);
        } else {
            at += strcspn(at, ",\"");
            if (*at == '"')
                return refuse(csv, error, NULL, "quotes around a whole field", field);
        }
        end = at;
        more = *end == ',';
        at = end + more;
        *end = '\0';
        csv->fields[csv->field_count] = field;
    }
    return 0;
}

/* Blanks around a name, as people write after commas. */
static char *trim(char *name)
{
    size_t length;

    name += strspn(name, " \t");
    for (length = strlen(name); length > 0 && strchr(" \t", name[length - 1]); length--)
        ;
    name[length] = '\0';
    return name;
}

static int read_header(struct csv *csv, struct vs_error *error)
{
    enum vs_field missing;
    size_t i;
    int ret = read_row(csv, error);

    if (ret < 0)
        return ret;
    if (ret == 0)
        return vs_error_set_at(error, VS_ERR_INPUT, csv->rows.path, 0, VS_NOWHERE,
                               "expected a header line that names the columns, found an empty "
                               "file");
    ret = split_row(csv, error);
    for (i = 0; ret == 0 && i < csv->field_count; i++) {
        csv->names[i] = strdup(trim(csv->fields[i]));
        csv->column_count = i + 1;
        if (!csv->names[i])
            return vs_error_set(error, VS_ERR_MEMORY, "out of memory");
        ret = vs_columns_claim(&csv->rows.columns, csv->names[i], &csv->bound[i], error);
    }
    if (ret < 0)
        return ret;
    missing = vs_columns_missing(&csv->rows.columns);
    if (missing != VS_FIELD_COUNT)
        return vs_error_set_at(error, VS_ERR_INPUT, csv->rows.path, VS_NOWHERE, csv->rows.line,
                               "expected a column '%s' for the %s in the header, found none",
                               csv->rows.columns.fields[missing].stated
                                   ? csv->rows.columns.fields[missing].name
                               : missing == VS_FIELD_TIME ? "time_ns"
                                                          : vs_field_name(missing),
                               vs_field_name(missing));
    return 0;
}

static int take_row(void *context, struct vs_error *error)
{
    struct csv *csv = context;
    struct vs_row row;
    size_t i;
    int ret = split_row(csv, error);

    if (ret < 0)
        return ret;
    if (csv->field_count != csv->column_count) {
        char wanted[64], found[32];

        snprintf(wanted, sizeof(wanted), "%zu fields as in the header", csv->column_count);
        snprintf(found, sizeof(found), "%zu", csv->field_count);
        return refuse(csv, error, NULL, wanted, found);
    }
    vs_row_start(&row);
    for (i = 0; i < csv->column_count; i++) {
        const char *expected;
        struct vs_cell cell;

        if (csv->bound[i] == VS_FIELD_COUNT)
            continue;
        cell = vs_cell_text(csv->fields[i]);
        expected = vs_row_set(&csv->rows.columns, &row, csv->bound[i], &cell);
        if (expected)
            return refuse(csv, error, csv->names[i], expected, csv->fields[i]);
    }
    return vs_text_rows_add(&csv->rows, &row, "row", error);
}

/* Say which columns were not used, and for how many rows. */
static void report_columns(struct csv *csv)
{
    uint64_t rows = csv->row_count ? csv->row_count - 1 : 0;
    size_t i;

    vs_import_count(csv->rows.sink->report, VS_IMPORT_SEEN, "rows", rows);
    for (i = 0; i < csv->column_count; i++)
        if (csv->bound[i] == VS_FIELD_COUNT)
            vs_text_rows_unused(&csv->rows, csv->names[i], rows);
}

static void csv_free(struct csv *csv)
{
    size_t i;

    if (!csv)
        return;
    for (i = 0; i < csv->column_count; i++)
        free(csv->names[i]);
    vs_text_rows_close(&csv->rows);
    free(csv->row);
    free(csv);
}

static int run(const struct vs_import_options *options, struct vs_import_sink *sink,
               struct vs_error *error)
{
    struct csv *csv = calloc(1, sizeof(*csv));
    int ret = VS_ERR_MEMORY;

    if (!csv || !(csv->row = malloc(ROW_MAX))) {
        vs_error_set(error, VS_ERR_MEMORY, "out of memory");
        goto out;
    }
    if ((ret = vs_text_rows_open(&csv->rows, options, sink, error)) < 0 ||
        (ret = read_header(csv, error)) < 0 ||
        (ret = vs_text_rows_each(&csv->rows, read_row, take_row, csv, error)) < 0)
        goto out;
    report_columns(csv);
    ret = vs_text_rows_end(&csv->rows, error);
out:
    csv_free(csv);
    return ret;
}

static const char *const takes[] = {"columns",         "tsc-hz",  "clock",
                                    "duration-covers", "backend", NULL};

const struct vs_importer vs_importer_csv = {
    .name = "csv",
    .summary = "rows with named columns; by default as 'dump --format csv' prints them",
    .takes = takes,
    .expects = "a row for each record after the header",
    .inputs_max = 1,
    .run = run,
};
