/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CSV importer (RFC 4180): a header line that names the columns, then one record
 * per row.  Without --columns it reads what `vpci-trace dump --format csv` prints.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "columns.h"
#include "import.h"
#include "input.h"

#define COLUMNS_MAX 256u
#define ROW_MAX     (1u << 20) /* bytes of one row; quoted fields may hold line ends */
#define QUOTE_MAX   60

struct csv {
    struct vs_input *input;
    const char *path;
    struct vs_columns columns;
    struct vs_import_sink *sink;
    struct vs_row_sorter *sorter;
    bool tolerate;

    char *row;         /* the current row, ROW_MAX bytes, fields NUL-terminated in place */
    uint64_t row_line; /* where it starts */
    char *fields[COLUMNS_MAX];
    size_t field_count;

    enum vs_field bound[COLUMNS_MAX]; /* by column */
    char *names[COLUMNS_MAX];         /* by column, owned */
    size_t column_count;
    uint64_t rows;
};

static int refuse(struct csv *csv, struct vs_error *error, const char *column, const char *expected,
                  const char *found)
{
    char quoted[QUOTE_MAX + 1];
    size_t i;

    for (i = 0; found[i] != '\0' && i < QUOTE_MAX; i++)
        quoted[i] = found[i] >= ' ' && found[i] <= '~' ? found[i] : '?';
    quoted[i] = '\0';
    return vs_error_set_at(error, VS_ERR_INPUT, csv->path, VS_NOWHERE, csv->row_line,
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
static int read_row(struct csv *csv, size_t *row_length, struct vs_error *error)
{
    size_t used = 0;
    bool open = false;

    do {
        const char *line;
        size_t length;
        int got = vs_input_line(csv->input, &line, &length, error);

        if (got < 0)
            return got;
        if (got == 0) {
            if (open)
                return refuse(csv, error, NULL, "a closing quote", "the end of the file");
            return 0;
        }
        if (!open)
            csv->row_line = vs_input_line_number(csv->input);
        if (csv->rows == 0 && used == 0 && length >= 3 && memcmp(line, "\xef\xbb\xbf", 3) == 0) {
            line += 3; /* byte order mark, as spreadsheets write it */
            length -= 3;
        }
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
    *row_length = used;
    csv->rows++;
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
    size_t length, i;
    int ret = read_row(csv, &length, error);

    if (ret < 0)
        return ret;
    if (ret == 0)
        return vs_error_set_at(error, VS_ERR_INPUT, csv->path, 0, VS_NOWHERE,
                               "expected a header line that names the columns, found an empty "
                               "file");
    ret = split_row(csv, error);
    for (i = 0; ret == 0 && i < csv->field_count; i++) {
        csv->names[i] = strdup(trim(csv->fields[i]));
        csv->column_count = i + 1;
        if (!csv->names[i])
            return vs_error_set(error, VS_ERR_MEMORY, "out of memory");
        ret = vs_columns_claim(&csv->columns, csv->names[i], &csv->bound[i], error);
    }
    if (ret < 0)
        return ret;
    missing = vs_columns_missing(&csv->columns);
    if (missing != VS_FIELD_COUNT)
        return vs_error_set_at(error, VS_ERR_INPUT, csv->path, VS_NOWHERE, csv->row_line,
                               "expected a column '%s' for the %s in the header, found none",
                               csv->columns.fields[missing].stated
                                   ? csv->columns.fields[missing].name
                               : missing == VS_FIELD_TIME ? "time_ns"
                                                          : vs_field_name(missing),
                               vs_field_name(missing));
    return 0;
}

static int take_row(struct csv *csv, struct vs_error *error)
{
    const char *expected;
    struct vs_row row;
    char found[80];
    size_t i;
    int ret = split_row(csv, error);

    if (ret < 0)
        return ret;
    if (csv->field_count != csv->column_count) {
        char wanted[64];

        snprintf(wanted, sizeof(wanted), "%zu fields as in the header", csv->column_count);
        snprintf(found, sizeof(found), "%zu", csv->field_count);
        return refuse(csv, error, NULL, wanted, found);
    }
    vs_row_start(&row);
    for (i = 0; i < csv->column_count; i++) {
        struct vs_cell cell;

        if (csv->bound[i] == VS_FIELD_COUNT)
            continue;
        cell = vs_cell_text(csv->fields[i]);
        expected = vs_row_set(&csv->columns, &row, csv->bound[i], &cell);
        if (expected)
            return refuse(csv, error, csv->names[i], expected, csv->fields[i]);
    }
    expected = vs_row_finish(&row, csv->sink->report);
    if (expected)
        return vs_error_set_at(error, VS_ERR_INPUT, csv->path, VS_NOWHERE, csv->row_line,
                               "row does not make a record: %s", expected);
    ret = vs_row_sorter_add(csv->sorter, &row.record, error);
    if (ret == VS_ERR_INPUT && error) {
        error->line = csv->row_line;
        snprintf(error->source, sizeof(error->source), "%s", csv->path);
    }
    return ret;
}

static int read_rows(struct csv *csv, struct vs_error *error)
{
    size_t length;

    for (;;) {
        struct vs_error trouble = VS_ERROR_INIT;
        int ret = read_row(csv, &length, &trouble);
        bool row = ret == 1;

        if (row)
            ret = take_row(csv, &trouble);
        else if (ret == 0)
            return 0;
        if (ret < 0 && csv->tolerate && ret == VS_ERR_INPUT) {
            vs_import_count(csv->sink->report, VS_IMPORT_NOT_REBUILT,
                            row ? "malformed-rows" : "damaged-input-cut-off", 1);
            if (!row)
                return 0;
            ret = 0;
        }
        if (ret < 0) {
            if (error && error->code == VS_OK)
                *error = trouble;
            return ret;
        }
    }
}

/* Say which columns were not used, and for how many rows. */
static void report_columns(const struct csv *csv)
{
    uint64_t rows = csv->rows ? csv->rows - 1 : 0;
    char name[VS_COLUMN_NAME_MAX + 16];
    size_t i;

    vs_import_count(csv->sink->report, VS_IMPORT_SEEN, "rows", rows);
    for (i = 0; i < csv->column_count; i++) {
        if (csv->bound[i] != VS_FIELD_COUNT)
            continue;
        snprintf(name, sizeof(name), "column-%.*s", VS_COLUMN_NAME_MAX, csv->names[i]);
        vs_import_count(csv->sink->report, VS_IMPORT_IGNORED, name, rows);
    }
}

static void csv_free(struct csv *csv)
{
    size_t i;

    if (!csv)
        return;
    for (i = 0; i < csv->column_count; i++)
        free(csv->names[i]);
    vs_input_close(csv->input);
    vs_row_sorter_free(csv->sorter);
    free(csv->row);
    free(csv);
}

static int run(const struct vs_import_options *options, struct vs_import_sink *sink,
               struct vs_error *error)
{
    struct csv *csv = calloc(1, sizeof(*csv));
    int ret = VS_ERR_MEMORY;

    if (!csv || !(csv->row = malloc(ROW_MAX)) || !(csv->sorter = vs_row_sorter_new(sink))) {
        vs_error_set(error, VS_ERR_MEMORY, "out of memory");
        goto out;
    }
    csv->sink = sink;
    csv->path = options->inputs.items[0];
    csv->tolerate = options->tolerate;
    if ((ret = vs_columns_parse(options->columns, options->tsc_hz, &csv->columns, error)) < 0 ||
        (ret = vs_rows_describe(options, &csv->columns, sink->meta, error)) < 0 ||
        (ret = vs_input_open(csv->path, &csv->input, error)) < 0 ||
        (ret = read_header(csv, error)) < 0 || (ret = read_rows(csv, error)) < 0 ||
        (ret = vs_row_sorter_end(csv->sorter, error)) < 0)
        goto out;
    report_columns(csv);
    ret = vs_row_sorter_describe(csv->sorter, sink->meta, error);
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
