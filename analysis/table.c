/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A query's answer in memory, and as a file that gnuplot and people read. */
#include "table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct vs_table *vs_table_new(size_t column_count)
{
    struct vs_table *table = calloc(1, sizeof(*table));

    if (!table)
        return NULL;
    table->column_count = column_count;
    table->columns = calloc(column_count ? column_count : 1, sizeof(*table->columns));
    if (!table->columns) {
        free(table);
        return NULL;
    }
    return table;
}

void vs_table_free(struct vs_table *table)
{
    if (!table)
        return;
    for (size_t i = 0; i < table->column_count; i++)
        free(table->columns[i]);
    for (size_t i = 0; i < table->cell_count; i++)
        free(table->cells[i]);
    free(table->columns);
    free(table->cells);
    free(table);
}

/* Length of the UTF-8 sequence at bytes, or 0 when there is none: names come from
 * files, and a picture or a page with a stray byte is no XML.  Overlong forms and
 * surrogates are refused by their second byte. */
static size_t sequence_length(const unsigned char *bytes)
{
    static const struct {
        unsigned char first, last, second_min, second_max, more;
    } forms[] = {
        {0x01, 0x7f, 0, 0, 0},       {0xc2, 0xdf, 0x80, 0xbf, 1}, {0xe0, 0xe0, 0xa0, 0xbf, 2},
        {0xe1, 0xec, 0x80, 0xbf, 2}, {0xed, 0xed, 0x80, 0x9f, 2}, {0xee, 0xef, 0x80, 0xbf, 2},
        {0xf0, 0xf0, 0x90, 0xbf, 3}, {0xf1, 0xf3, 0x80, 0xbf, 3}, {0xf4, 0xf4, 0x80, 0x8f, 3},
    };

    for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
        if (bytes[0] < forms[i].first || bytes[0] > forms[i].last)
            continue;
        if (forms[i].more && (bytes[1] < forms[i].second_min || bytes[1] > forms[i].second_max))
            return 0;
        for (size_t k = 2; k <= forms[i].more; k++) {
            if ((bytes[k] & 0xc0) != 0x80)
                return 0;
        }
        return forms[i].more + (size_t)1;
    }
    return 0;
}

static void mend_utf8(char *text)
{
    while (*text) {
        size_t length = sequence_length((const unsigned char *)text);

        if (length == 0)
            *text = '?';
        text += length ? length : 1;
    }
}

int vs_table_push(struct vs_table *table, const char *text)
{
    if (table->cell_count == table->cell_max) {
        size_t room = table->cell_max ? table->cell_max * 2 : 64;
        char **cells = realloc(table->cells, room * sizeof(*cells));

        if (!cells)
            return VS_ERR_MEMORY;
        table->cells = cells;
        table->cell_max = room;
    }
    char *copy = strdup(text ? text : "");

    if (!copy)
        return VS_ERR_MEMORY;
    mend_utf8(copy);
    table->cells[table->cell_count++] = copy;
    table->row_count = table->cell_count / table->column_count;
    return 0;
}

const char *vs_table_text(const struct vs_table *table, size_t row, const char *column)
{
    for (size_t i = 0; row < table->row_count && i < table->column_count; i++) {
        if (strcmp(table->columns[i], column) == 0)
            return table->cells[row * table->column_count + i];
    }
    return "";
}

int64_t vs_table_integer(const struct vs_table *table, size_t row, const char *column)
{
    return strtoll(vs_table_text(table, row, column), NULL, 10);
}

double vs_table_real(const struct vs_table *table, size_t row, const char *column)
{
    return strtod(vs_table_text(table, row, column), NULL);
}

static void write_cell(FILE *stream, const char *text)
{
    if (*text == '\0')
        fputc('-', stream);
    for (; *text; text++)
        fputc((unsigned char)*text < ' ' ? ' ' : *text, stream);
}

int vs_table_write_tsv(const struct vs_table *table, const char *path, struct vs_error *error)
{
    FILE *stream = fopen(path, "w");
    int ret = 0;

    if (!stream)
        return vs_error_set_at(error, VS_ERR_HOST, path, VS_NOWHERE, VS_NOWHERE,
                               "cannot be written: %s", strerror(errno));
    fputs("# ", stream);
    for (size_t i = 0; i < table->column_count; i++)
        fprintf(stream, "%s%s", i ? "\t" : "", table->columns[i]);
    fputc('\n', stream);
    for (size_t i = 0; i < table->row_count * table->column_count; i++) {
        write_cell(stream, table->cells[i]);
        fputc((i + 1) % table->column_count ? '\t' : '\n', stream);
    }
    if (ferror(stream))
        ret = VS_ERR_HOST;
    if (fclose(stream) != 0)
        ret = VS_ERR_HOST;
    if (ret < 0)
        vs_error_set_at(error, VS_ERR_HOST, path, VS_NOWHERE, VS_NOWHERE, "cannot be written: %s",
                        strerror(errno));
    return ret;
}
