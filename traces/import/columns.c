/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Named columns to records.  Units are stated, never assumed: a time column says
 * its unit in its name or in --columns, or the import is refused.  (fio's and
 * SPDK's replay files show why: ns read as us is wrong by 1000 and looks fine.)
 */
#include "columns.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "qemu_guest.h"
#include "tsc.h"

struct field_name {
    const char *name;
    enum vs_field field;
};

/* Names a field goes by, in --columns and as a column.  "time" and "duration" as columns need
 * their unit behind them; see unit_of_name. */
static const struct field_name field_names[] = {
    {"time", VS_FIELD_TIME},         {"pcpu", VS_FIELD_PCPU},   {"domain", VS_FIELD_DOMAIN},
    {"vcpu", VS_FIELD_VCPU},         {"sbdf", VS_FIELD_SBDF},   {"kind", VS_FIELD_KIND},
    {"reg", VS_FIELD_REG},           {"size", VS_FIELD_SIZE},   {"value", VS_FIELD_VALUE},
    {"duration", VS_FIELD_DURATION}, {"flags", VS_FIELD_FLAGS}, {"device", VS_FIELD_SBDF},
    {"register", VS_FIELD_REG},
};

/* --columns' units, in the order of enum vs_time_unit. */
static const char *const unit_names[] = {"", "ns", "us", "ms", "s", "ticks"};

#define FIELD_NAMES (sizeof(field_names) / sizeof(field_names[0]))
#define UNIT_NAMES  (sizeof(unit_names) / sizeof(unit_names[0]))

const char *vs_field_name(enum vs_field field)
{
    return field_names[field].name;
}

static bool is_time(enum vs_field field)
{
    return field == VS_FIELD_TIME || field == VS_FIELD_DURATION;
}

static enum vs_field find_field(const char *name, size_t length)
{
    for (size_t i = 0; i < FIELD_NAMES; i++) {
        if (strlen(field_names[i].name) == length && memcmp(field_names[i].name, name, length) == 0)
            return field_names[i].field;
    }
    return VS_FIELD_COUNT;
}

static enum vs_time_unit find_unit(const char *name)
{
    for (size_t i = 1; i < UNIT_NAMES; i++) {
        if (strcmp(unit_names[i], name) == 0)
            return (enum vs_time_unit)i;
    }
    return VS_UNIT_NONE;
}

/* The unit that a column's name ends in: "time_us" and "t_us" in us. */
static enum vs_time_unit unit_of_name(const char *name)
{
    const char *underscore = strrchr(name, '_');

    return underscore ? find_unit(underscore + 1) : VS_UNIT_NONE;
}

/* One FIELD=COLUMN[:UNIT]. */
static int parse_part(char *part, struct vs_columns *columns, struct vs_error *error)
{
    char *equals = strchr(part, '=');
    char *colon = strrchr(part, ':');
    enum vs_time_unit unit = VS_UNIT_NONE;
    enum vs_field field;
    struct vs_column *column;

    if (!equals || equals[1] == '\0')
        return vs_error_set(error, VS_ERR_USAGE,
                            "--columns: expected FIELD=COLUMN[:UNIT], found '%s'", part);
    field = find_field(part, (size_t)(equals - part));
    if (field == VS_FIELD_COUNT)
        return vs_error_set(error, VS_ERR_USAGE,
                            "--columns: '%.*s' is no field; they are time, pcpu, domain, vcpu, "
                            "sbdf, kind, reg, size, value, duration and flags",
                            (int)(equals - part), part);
    column = &columns->fields[field];
    if (column->stated)
        return vs_error_set(error, VS_ERR_USAGE, "--columns: %s is named twice",
                            vs_field_name(field));
    /* A colon is the unit's only for times: other columns' names may hold one. */
    if (is_time(field) && colon && colon > equals) {
        unit = find_unit(colon + 1);
        if (unit == VS_UNIT_NONE)
            return vs_error_set(error, VS_ERR_USAGE,
                                "--columns: expected a unit (ns, us, ms, s or ticks) behind ':', "
                                "found '%s'",
                                colon + 1);
        *colon = '\0';
    }
    if (strlen(equals + 1) >= sizeof(column->name))
        return vs_error_set(error, VS_ERR_USAGE, "--columns: a column's name is longer than %zu",
                            sizeof(column->name) - 1);
    strcpy(column->name, equals + 1);
    column->unit = unit;
    column->stated = true;
    return 0;
}

int vs_columns_parse(const char *text, const char *tsc_hz, struct vs_columns *columns,
                     struct vs_error *error)
{
    char *copy, *part, *rest;
    int ret = 0;

    memset(columns, 0, sizeof(*columns));
    if (tsc_hz) {
        ret = vs_tsc_parse_hz(tsc_hz, &columns->tick_hz, error);
        if (ret < 0)
            return ret;
    }
    if (!text)
        return 0;
    copy = strdup(text);
    if (!copy)
        return vs_error_set(error, VS_ERR_MEMORY, "out of memory");
    rest = copy;
    while (ret == 0 && (part = strsep(&rest, ",")))
        ret = parse_part(part, columns, error);
    free(copy);
    return ret;
}

/* Does a column of this name hold the field by its own name ("time_us" for time)? */
static bool default_name(enum vs_field field, const char *name)
{
    const char *underscore = strrchr(name, '_');
    size_t length = strlen(name);

    if (is_time(field) && underscore && unit_of_name(name) != VS_UNIT_NONE)
        length = (size_t)(underscore - name);
    return find_field(name, length) == field;
}

/* The unit of a time column is known, or it is refused. */
static int settle_unit(struct vs_columns *columns, enum vs_field field, const char *name,
                       struct vs_error *error)
{
    struct vs_column *column = &columns->fields[field];

    if (column->unit == VS_UNIT_NONE)
        column->unit = unit_of_name(name);
    if (column->unit == VS_UNIT_NONE)
        return vs_error_set(error, VS_ERR_USAGE,
                            "column '%s' has no unit: name it %s_ns, _us, _ms or _s, or say "
                            "--columns %s=%s:UNIT",
                            name, vs_field_name(field), vs_field_name(field), name);
    if (column->unit == VS_UNIT_TICKS && columns->tick_hz == 0)
        return vs_error_set(error, VS_ERR_USAGE, "column '%s' is in ticks: --tsc-hz is needed",
                            name);
    return 0;
}

enum vs_field vs_columns_missing(const struct vs_columns *columns)
{
    for (int field = 0; field < VS_FIELD_COUNT; field++) {
        bool needed = field == VS_FIELD_TIME || field == VS_FIELD_KIND;

        if ((needed || columns->fields[field].stated) && !columns->fields[field].claimed)
            return (enum vs_field)field;
    }
    return VS_FIELD_COUNT;
}

int vs_columns_claim(struct vs_columns *columns, const char *name, enum vs_field *result,
                     struct vs_error *error)
{
    struct vs_column *column;
    int field, found = VS_FIELD_COUNT;

    for (field = 0; field < VS_FIELD_COUNT; field++) {
        column = &columns->fields[field];
        if (column->stated && strcmp(column->name, name) == 0)
            found = field;
    }
    for (field = 0; found == VS_FIELD_COUNT && field < VS_FIELD_COUNT; field++) {
        if (!columns->fields[field].stated && default_name((enum vs_field)field, name))
            found = field;
    }
    *result = (enum vs_field)found;
    if (found == VS_FIELD_COUNT)
        return 0;
    column = &columns->fields[found];
    if (column->claimed)
        return vs_error_set(error, VS_ERR_USAGE,
                            "columns '%s' and '%s' both hold the %s: say which with --columns "
                            "%s=COLUMN",
                            column->name, name, vs_field_name(*result), vs_field_name(*result));
    column->claimed = true;
    snprintf(column->name, sizeof(column->name), "%s", name);
    return is_time(*result) ? settle_unit(columns, *result, name, error) : 0;
}

/* -------------------------------------------------------------------- cells */

struct vs_cell vs_cell_text(const char *text)
{
    struct vs_cell cell = {.type = VS_CELL_TEXT, .text = text};

    if (text[0] == '\0' || strcmp(text, "-") == 0 || strcmp(text, "none") == 0)
        cell.type = VS_CELL_NONE;
    return cell;
}

static bool integer(const struct vs_cell *cell, uint64_t max, uint64_t *value)
{
    if (cell->type == VS_CELL_NUMBER) {
        *value = cell->number;
        return cell->number <= max;
    }
    return cell->type == VS_CELL_TEXT && vs_parse_u64(cell->text, 0, max, value) == 0;
}

/* Text exactly; a JSON fraction, which is a double already, to the nearest nanosecond. */
static bool time_ns(const struct vs_columns *columns, const struct vs_cell *cell,
                    enum vs_time_unit unit, uint64_t *value)
{
    static const double factors[] = {0, 1, 1e3, 1e6, 1e9, 0};
    char text[64];
    uint64_t ticks;

    if (unit == VS_UNIT_TICKS) {
        if (!integer(cell, UINT64_MAX, &ticks))
            return false;
        *value = vs_tsc_to_ns(ticks, columns->tick_hz);
        return *value != UINT64_MAX;
    }
    if (cell->type == VS_CELL_REAL) {
        double nanoseconds = cell->real * factors[unit] + 0.5;

        /* 2^64 is exact as a double. */
        if (!(cell->real >= 0 && nanoseconds < 18446744073709551616.0))
            return false;
        *value = (uint64_t)nanoseconds;
        /* There is no part of a nanosecond, as in text. */
        if (unit == VS_UNIT_NS && (double)*value != cell->real)
            return false;
        return true;
    }
    if (unit == VS_UNIT_NS)
        return integer(cell, UINT64_MAX, value);
    if (cell->type == VS_CELL_NUMBER)
        snprintf(text, sizeof(text), "%llu%s", (unsigned long long)cell->number, unit_names[unit]);
    else if (strlen(cell->text) + 4 < sizeof(text))
        snprintf(text, sizeof(text), "%s%s", cell->text, unit_names[unit]);
    else
        return false;
    return vs_parse_duration(text, value) == 0;
}

static const char *set_time(const struct vs_columns *columns, struct vs_row *row,
                            enum vs_field field, const struct vs_cell *cell)
{
    uint64_t value;

    if (!time_ns(columns, cell, columns->fields[field].unit, &value))
        return columns->fields[field].unit == VS_UNIT_TICKS
                   ? "a whole number of ticks, 0 or more"
                   : "a number, 0 or more, that is a whole number of nanoseconds, without unit";
    if (field == VS_FIELD_TIME)
        row->record.time_ns = value;
    else
        row->record.duration_ns = value < UINT32_MAX ? (uint32_t)value : UINT32_MAX;
    return NULL;
}

static const char *set_kind(struct vs_row *row, const struct vs_cell *cell)
{
    static const struct {
        const char *name;
        enum vs_kind kind;
    } others[] = {{"read", VS_KIND_CFG_READ},
                  {"r", VS_KIND_CFG_READ},
                  {"write", VS_KIND_CFG_WRITE},
                  {"w", VS_KIND_CFG_WRITE}};
    enum vs_kind kind = VS_KIND_NONE;
    size_t i;

    if (cell->type == VS_CELL_TEXT)
        kind = vs_kind_from_name(cell->text);
    for (i = 0; cell->type == VS_CELL_TEXT && i < sizeof(others) / sizeof(others[0]); i++) {
        if (strcasecmp(cell->text, others[i].name) == 0)
            kind = others[i].kind;
    }
    if (kind == VS_KIND_NONE)
        return "a kind ('cfg-read', 'cfg-write', 'read', 'write', 'device-add', ...)";
    row->record.kind = (uint8_t)kind;
    return NULL;
}

/* Names joined by '|', '+', ';' or blanks, or a number. */
static const char *set_flags(struct vs_row *row, const struct vs_cell *cell)
{
    static const char expected[] = "flag names joined by '|'";
    uint64_t number;
    char name[32];
    const char *at;

    if (integer(cell, UINT16_MAX, &number)) {
        row->record.flags = (uint16_t)number;
        return NULL;
    }
    if (cell->type != VS_CELL_TEXT)
        return expected;
    for (at = cell->text; *at != '\0';) {
        size_t length = strcspn(at, "|+; ");
        unsigned int flag;

        if (length >= sizeof(name))
            return expected;
        memcpy(name, at, length);
        name[length] = '\0';
        flag = length ? vs_flag_from_name(name) : 0;
        if (length && !flag)
            return expected;
        row->record.flags |= (uint16_t)flag;
        at += length;
        at += strspn(at, "|+; ");
    }
    return NULL;
}

/* Fields that are a plain number, with its limit and what to say when it is passed. */
static const char *set_number(struct vs_row *row, enum vs_field field, const struct vs_cell *cell)
{
    static const struct {
        uint64_t max;
        const char *expected;
    } rules[VS_FIELD_COUNT] = {
        [VS_FIELD_PCPU] = {VS_PCPU_NONE - 1, "a CPU number from 0 to 65534, or '-'"},
        [VS_FIELD_DOMAIN] = {VS_DOMAIN_NONE, "a domain id from 0 to 65535"},
        [VS_FIELD_VCPU] = {VS_VCPU_NONE - 1, "a vCPU number from 0 to 65534, or '-'"},
        [VS_FIELD_REG] = {UINT16_MAX, "a byte offset (decimal, or 0x and hexadecimal digits)"},
        [VS_FIELD_SIZE] = {4, "a size in bytes: 1, 2 or 4, or 0 for an event"},
        [VS_FIELD_VALUE] = {UINT32_MAX, "a value of 32 bits (decimal, or 0x and hexadecimal "
                                        "digits)"},
    };
    uint64_t number;

    if (!integer(cell, rules[field].max, &number))
        return rules[field].expected;
    switch (field) {
    case VS_FIELD_PCPU:
        row->record.pcpu = (uint16_t)number;
        break;
    case VS_FIELD_DOMAIN:
        row->record.domain = (uint16_t)number;
        break;
    case VS_FIELD_VCPU:
        row->record.vcpu = (uint16_t)number;
        break;
    case VS_FIELD_REG:
        row->record.reg = (uint16_t)number;
        break;
    case VS_FIELD_SIZE:
        row->record.size = (uint8_t)number;
        break;
    default:
        row->record.value = (uint32_t)number;
    }
    return NULL;
}

void vs_row_start(struct vs_row *row)
{
    memset(row, 0, sizeof(*row));
    row->record.sbdf = VS_SBDF_NONE;
    row->record.pcpu = VS_PCPU_NONE;
    row->record.vcpu = VS_VCPU_NONE;
}

const char *vs_row_set(const struct vs_columns *columns, struct vs_row *row, enum vs_field field,
                       const struct vs_cell *cell)
{
    if (cell->type == VS_CELL_NONE)
        return NULL;
    row->seen |= 1u << field;
    switch (field) {
    case VS_FIELD_TIME:
    case VS_FIELD_DURATION:
        return set_time(columns, row, field, cell);
    case VS_FIELD_KIND:
        return set_kind(row, cell);
    case VS_FIELD_FLAGS:
        return set_flags(row, cell);
    case VS_FIELD_SBDF:
        if (cell->type != VS_CELL_TEXT || vs_parse_sbdf(cell->text, &row->record.sbdf) < 0)
            return "SEGMENT:BUS:DEVICE.FUNCTION or BUS:DEVICE.FUNCTION";
        return NULL;
    default:
        return set_number(row, field, cell);
    }
}

static bool has(const struct vs_row *row, enum vs_field field)
{
    return row->seen >> field & 1;
}

const char *vs_row_finish(struct vs_row *row, struct vs_import_report *report)
{
    struct vs_record *record = &row->record;
    bool config = record->kind == VS_KIND_CFG_READ || record->kind == VS_KIND_CFG_WRITE;

    if (!has(row, VS_FIELD_TIME))
        return "a time in each row";
    if (!has(row, VS_FIELD_KIND))
        return "a kind in each row";
    if (config && !has(row, VS_FIELD_REG))
        return "a register for a config access";
    if (config && !has(row, VS_FIELD_VALUE) && !(record->flags & VS_FLAG_VALUE_UNKNOWN)) {
        record->flags |= VS_FLAG_VALUE_UNKNOWN;
        vs_import_count(report, VS_IMPORT_INFERRED, "value-not-stated", 1);
    }
    if (config && !has(row, VS_FIELD_SIZE)) {
        record->size =
            (uint8_t)vs_qemu_infer_size(record->reg, record->value, record->flags & VS_FLAG_ABSENT);
        record->flags |= VS_FLAG_SIZE_INFERRED;
        vs_import_count(report, VS_IMPORT_INFERRED, "size-from-register-and-value", 1);
    }
    if (!has(row, VS_FIELD_DOMAIN)) {
        record->flags |= VS_FLAG_DOMAIN_INFERRED;
        vs_import_count(report, VS_IMPORT_INFERRED, "domain-not-stated-taken-as-0", 1);
    }
    return vs_record_invalid(record);
}
