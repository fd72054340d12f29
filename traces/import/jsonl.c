/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON lines importer: one object per line, one record per object.  Members are
 * the columns; --columns maps them as for CSV.  Integers, strings and, for times,
 * numbers with a fraction are read; a fraction is a double and is rounded to the
 * nearest nanosecond, so write it as a string ("12.345678") where that matters.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text_rows.h"

#define NAMES_MAX  256u
#define ARRAY_TEXT 256u
#define QUOTE_MAX  60

/* A member name that the input has used. */
struct name {
    char text[VS_COLUMN_NAME_MAX];
    enum vs_field field;
    uint64_t rows;
};

struct jsonl {
    struct vs_text_rows rows;
    const char *line; /* the current row */
    size_t length;
    struct name names[NAMES_MAX];
    size_t name_count;
    uint64_t row_count;
};

static int refuse(const struct jsonl *jsonl, struct vs_error *error, const char *column,
                  const char *expected, const char *found)
{
    return vs_error_set_at(error, VS_ERR_INPUT, jsonl->rows.path, VS_NOWHERE, jsonl->rows.line,
                           "%s%s%sexpected %s, found %.*s", column ? "member '" : "",
                           column ? column : "", column ? "': " : "", expected, QUOTE_MAX, found);
}

/* The field of a member, through a cache: a unit is settled once for the whole input. */
static int find_name(struct jsonl *jsonl, const char *text, enum vs_field *field,
                     struct vs_error *error)
{
    struct name *name;
    int ret;

    for (name = jsonl->names; name < jsonl->names + jsonl->name_count; name++) {
        if (strcmp(name->text, text) == 0) {
            name->rows++;
            *field = name->field;
            return 0;
        }
    }
    if (strlen(text) >= sizeof(name->text))
        return refuse(jsonl, error, NULL, "member names shorter than 64 bytes", "a longer one");
    if (jsonl->name_count == NAMES_MAX)
        return refuse(jsonl, error, NULL, "at most 256 different member names", "more");
    ret = vs_columns_claim(&jsonl->rows.columns, text, field, error);
    if (ret < 0)
        return ret;
    strcpy(name->text, text);
    name->field = *field;
    name->rows = 1;
    jsonl->name_count++;
    return 0;
}

/* Strings of an array (flags) as one text joined by '|'. */
static int join(const struct vs_json *at, char *text, struct vs_error *error)
{
    size_t used = 0, i;

    text[0] = '\0';
    for (i = 0; i < vs_json_count(at); i++) {
        struct vs_json item = vs_json_item(at, i);
        const char *string;
        int ret = vs_json_string(&item, &string, error);

        if (ret < 0)
            return ret;
        used += (size_t)snprintf(text + used, ARRAY_TEXT - used, "%s%s", i ? "|" : "", string);
        if (used >= ARRAY_TEXT)
            return vs_error_set(error, VS_ERR_INPUT, "an array's text is longer than %u bytes",
                                ARRAY_TEXT);
    }
    return 0;
}

/* A member's value as a cell.  array is ARRAY_TEXT bytes that the cell may point to. */
static int read_cell(const struct vs_json *at, char *array, struct vs_cell *cell,
                     struct vs_error *error)
{
    const char *text;
    int ret = 0;

    memset(cell, 0, sizeof(*cell));
    switch (vs_json_kind(at)) {
    case VS_JSON_NULL:
        return 0;
    case VS_JSON_STRING:
        ret = vs_json_string(at, &text, error);
        if (ret == 0)
            *cell = vs_cell_text(text);
        return ret;
    case VS_JSON_ARRAY:
        ret = join(at, array, error);
        *cell = vs_cell_text(array);
        return ret;
    case VS_JSON_NUMBER:
        cell->type = VS_CELL_NUMBER;
        if (vs_json_u64(at, 0, UINT64_MAX, &cell->number, NULL) == 0)
            return 0;
        cell->type = VS_CELL_REAL;
        return vs_json_double(at, -1e300, 1e300, &cell->real, error);
    default:
        return vs_json_refuse(at, error, "expected a number, a string or null");
    }
}

static int take_member(struct jsonl *jsonl, struct vs_row *row, const struct vs_json *member,
                       struct vs_error *error)
{
    char array[ARRAY_TEXT], *found = NULL;
    const char *expected;
    struct vs_cell cell;
    enum vs_field field;
    int ret = find_name(jsonl, member->key, &field, error);

    if (ret < 0 || field == VS_FIELD_COUNT)
        return ret;
    ret = read_cell(member, array, &cell, NULL);
    expected = ret < 0 ? "a number, a string or null"
                       : vs_row_set(&jsonl->rows.columns, row, field, &cell);
    if (!expected)
        return 0;
    ret = vs_json_value_text(member, &found, error);
    if (ret == 0)
        ret = refuse(jsonl, error, member->key, expected, found);
    free(found);
    return ret;
}

static int take_object(struct jsonl *jsonl, const struct vs_json *root, struct vs_error *error)
{
    enum vs_field missing;
    struct vs_row row;
    size_t i;
    int ret = 0;

    if (vs_json_kind(root) != VS_JSON_OBJECT)
        return refuse(jsonl, error, NULL, "a JSON object in each line", "another value");
    vs_row_start(&row);
    for (i = 0; ret == 0 && i < vs_json_count(root); i++) {
        struct vs_json member = vs_json_member_at(root, i);

        ret = take_member(jsonl, &row, &member, error);
    }
    if (ret < 0)
        return ret;
    missing = vs_columns_missing(&jsonl->rows.columns);
    if (missing != VS_FIELD_COUNT)
        return refuse(jsonl, error, NULL,
                      "members for time (\"time_ns\") and kind, and those that "
                      "--columns names",
                      vs_field_name(missing));
    return vs_text_rows_add(&jsonl->rows, &row, "object", error);
}

static int read_line(void *context, struct vs_error *error)
{
    struct jsonl *jsonl = context;

    do { /* an empty line is no row */
        int ret = vs_input_line(jsonl->rows.input, &jsonl->line, &jsonl->length, error);

        if (ret != 1)
            return ret;
        jsonl->rows.line = vs_input_line_number(jsonl->rows.input);
        if (jsonl->rows.line == 1)
            vs_skip_byte_order_mark(&jsonl->line, &jsonl->length);
    } while (strspn(jsonl->line, " \t") == jsonl->length);
    jsonl->row_count++;
    return 1;
}

static int take_line(void *context, struct vs_error *error)
{
    struct jsonl *jsonl = context;
    struct vs_error trouble = VS_ERROR_INIT;
    struct vs_json_doc *doc = NULL;
    struct vs_json root;
    int ret = vs_json_parse(jsonl->line, jsonl->length, jsonl->rows.path, &doc, &trouble);

    if (ret == VS_ERR_INPUT && vs_input_line_cut(jsonl->rows.input) && jsonl->row_count > 1) {
        vs_import_count(jsonl->rows.sink->report, VS_IMPORT_NOT_REBUILT, "cut-last-line", 1);
        jsonl->row_count--;
        return 0;
    }
    if (ret < 0) {
        /* The document is one line: put its place in the file instead. */
        return vs_error_set_at(error, (enum vs_err)ret, jsonl->rows.path, VS_NOWHERE,
                               jsonl->rows.line, "%s", trouble.text);
    }
    root = vs_json_root(doc);
    ret = take_object(jsonl, &root, error);
    vs_json_doc_free(doc);
    return ret;
}

static void report_names(struct jsonl *jsonl)
{
    size_t i;

    vs_import_count(jsonl->rows.sink->report, VS_IMPORT_SEEN, "rows", jsonl->row_count);
    for (i = 0; i < jsonl->name_count; i++)
        if (jsonl->names[i].field == VS_FIELD_COUNT)
            vs_text_rows_unused(&jsonl->rows, jsonl->names[i].text, jsonl->names[i].rows);
}

static int run(const struct vs_import_options *options, struct vs_import_sink *sink,
               struct vs_error *error)
{
    struct jsonl *jsonl = calloc(1, sizeof(*jsonl));
    int ret;

    if (!jsonl)
        return vs_error_set(error, VS_ERR_MEMORY, "out of memory");
    if ((ret = vs_text_rows_open(&jsonl->rows, options, sink, error)) < 0 ||
        (ret = vs_text_rows_each(&jsonl->rows, read_line, take_line, jsonl, error)) < 0)
        goto out;
    if (jsonl->row_count == 0) {
        ret = vs_error_set_at(error, VS_ERR_INPUT, jsonl->rows.path, 0, VS_NOWHERE,
                              "expected one JSON object per line, found an empty file");
        goto out;
    }
    report_names(jsonl);
    ret = vs_text_rows_end(&jsonl->rows, error);
out:
    vs_text_rows_close(&jsonl->rows);
    free(jsonl);
    return ret;
}

static const char *const takes[] = {"columns",         "tsc-hz",  "clock",
                                    "duration-covers", "backend", NULL};

const struct vs_importer vs_importer_jsonl = {
    .name = "jsonl",
    .summary = "JSON objects, one per line, with named members; as 'dump --format jsonl'",
    .takes = takes,
    .expects = "an object for each record",
    .inputs_max = 1,
    .run = run,
};
