/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Words and columns of the comparison.  Columns are as wide as their content;
 * when a line would be wider than the limit the widest text column gives way.
 */
#include "table.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#define CELL_TEXT 96

/* ----------------------------------------------------------------- numbers */

char *vs_count_text(uint64_t count, char *buffer)
{
    char digits[24];
    int length = snprintf(digits, sizeof(digits), "%" PRIu64, count);
    char *at = buffer;

    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            *at++ = ',';
        *at++ = digits[i];
    }
    *at = '\0';
    return buffer;
}

char *vs_rate_text(double rate, char *buffer)
{
    static const char *const units[] = {"", "k", "M", "G", "T"};
    size_t unit = 0;

    if (!isfinite(rate) || rate < 0) {
        snprintf(buffer, VS_COUNT_TEXT, "-");
        return buffer;
    }
    /* 999.5 prints as 1000: four digits. */
    for (; rate >= 999.5 && unit + 1 < sizeof(units) / sizeof(units[0]); unit++)
        rate /= 1000;
    snprintf(buffer, VS_COUNT_TEXT, "%.*f%s",
             rate < 9.995   ? 2
             : rate < 99.95 ? 1
                            : 0,
             rate, units[unit]);
    return buffer;
}

/* ------------------------------------------------------------------- lines */

void vs_table_wrap(FILE *stream, const char *label, const char *text)
{
    size_t margin = strlen(label), column = margin;
    bool first = true;

    fputs(label, stream);
    while (*text) {
        size_t blanks = strspn(text, " \n");

        text += blanks;
        size_t length = strcspn(text, " \n");

        if (length == 0)
            break;
        if (!first && column + 1 + length > VS_TABLE_COLUMNS) {
            fprintf(stream, "\n%*s", (int)margin, "");
            column = margin;
            first = true;
        }
        if (!first)
            column += (size_t)fprintf(stream, " ");
        column += (size_t)fprintf(stream, "%.*s", (int)length, text);
        first = false;
        text += length;
    }
    putc('\n', stream);
}

const char *vs_plural(uint64_t count)
{
    return count == 1 ? "" : "s";
}

static void print_trace(const struct vs_table *table, FILE *stream)
{
    const struct vs_workload *workload = table->workload;
    char calls[VS_COUNT_TEXT], span[VS_DURATION_TEXT], text[400];

    vs_table_wrap(stream, "trace    ", workload->name);
    snprintf(text, sizeof(text),
             "%s call%s arriving over %s; %zu domain%s, %zu vCPU%s, %zu device%s%s%s",
             vs_count_text(workload->call_count, calls), vs_plural(workload->call_count),
             vs_duration_text(workload->span_ns, span), workload->domain_count,
             vs_plural(workload->domain_count), workload->actor_count,
             vs_plural(workload->actor_count), workload->device_count,
             vs_plural(workload->device_count),
             workload->emulated ? "; captured under emulation" : "",
             workload->synthetic ? "; synthetic" : "");
    vs_table_wrap(stream, "         ", text);
}

static void print_load(const struct vs_table *table, FILE *stream)
{
    const struct vs_workload_options *load = &table->load;
    char text[300] = "", think[VS_DURATION_TEXT];
    size_t used = 0;

    if (load->speed != 1)
        used += (size_t)snprintf(text + used, sizeof(text) - used, "speed %g, ", load->speed);
    if (load->clones != 1)
        used += (size_t)snprintf(text + used, sizeof(text) - used,
                                 "%" PRIu32 " copies of every domain (seed %" PRIu64 "), ",
                                 load->clones, load->seed);
    if (load->rebase)
        used += (size_t)snprintf(text + used, sizeof(text) - used, "rebased, ");
    if (load->max_think_ns)
        used += (size_t)snprintf(text + used, sizeof(text) - used, "idle gaps cut to %s, ",
                                 vs_duration_text(load->max_think_ns, think));
    snprintf(text + used, sizeof(text) - used, "%s%s timing",
             used == 0 && table->workload->what_if_count == 0 ? "as recorded, " : "",
             vs_timing_name(table->engine.timing));
    vs_table_wrap(stream, "load     ", text);
}

static void print_machine(const struct vs_table *table, FILE *stream)
{
    const struct vs_machine *machine = table->machine;
    char text[600], cpus[64] = "";

    if (table->engine.cpus)
        snprintf(cpus, sizeof(cpus), ", %" PRIu32 " of them used", table->engine.cpus);
    snprintf(text, sizeof(text), "%s (%" PRIu32 " CPUs%s): %s", machine->name,
             vs_machine_cpus(machine), cpus, machine->summary ? machine->summary : "");
    vs_table_wrap(stream, "machine  ", text);
}

static void print_guesses(const struct vs_workload *workload, FILE *stream)
{
    char text[400] = "", count[VS_COUNT_TEXT];
    size_t used = 0;

    for (int i = 0; i < VS_GUESS_COUNT && used < sizeof(text); i++) {
        if (workload->guess_count[i] > 0)
            used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s %s",
                                     used ? ", " : "classed conservatively: ",
                                     vs_count_text(workload->guess_count[i], count),
                                     vs_guess_name((enum vs_guess)i));
    }
    vs_table_wrap(stream, "guesses  ", used ? text : "none");
}

static void print_caveats(const struct vs_workload *workload, FILE *stream)
{
    char count[VS_COUNT_TEXT], text[64];

    snprintf(text, sizeof(text), "%s record%s", vs_count_text(workload->lost_records, count),
             vs_plural(workload->lost_records));
    vs_table_wrap(stream, "lost     ", text);
    print_guesses(workload, stream);
    for (size_t i = 0; i < workload->what_if_count; i++)
        vs_table_wrap(stream, "what-if: ", workload->what_if[i]);
    for (size_t i = 0; i < workload->note_count; i++)
        vs_table_wrap(stream, "note: ", workload->notes[i]);
}

void vs_table_print_header(const struct vs_table *table, FILE *stream)
{
    print_trace(table, stream);
    print_load(table, stream);
    print_machine(table, stream);
    print_caveats(table->workload, stream);
}

void vs_table_print_workload(const struct vs_table *table, FILE *stream)
{
    print_trace(table, stream);
    print_caveats(table->workload, stream);
}

/* ----------------------------------------------------------------- columns */

typedef void (*cell_writer)(const struct vs_table *table, const struct vs_table_row *row,
                            char *cell);

static void write_duration(vs_ns duration_ns, char *cell)
{
    char text[VS_DURATION_TEXT];
    char *to = cell;

    vs_duration_text(duration_ns, text);
    for (const char *from = text; *from; from++) {
        if (*from != ' ')
            *to++ = *from;
    }
    *to = '\0';
}

static void write_policy(const struct vs_table *table, const struct vs_table_row *row, char *cell)
{
    (void)table;
    snprintf(cell, CELL_TEXT, "%s", row->policy);
}

/* The first kind seen, in the order of enum vs_hazard (a use after free comes
 * first), and how many further kinds there are. */
static void write_safety(const struct vs_table *table, const struct vs_table_row *row, char *cell)
{
    const struct vs_summary *summary = row->summary;
    int kinds = 0, first = 0;

    (void)table;
    for (int i = VS_HAZARD_COUNT - 1; i >= 0; i--) {
        if (summary->hazards[i].count == 0)
            continue;
        kinds++;
        first = i;
    }
    if (summary->outcome == VS_OUTCOME_DEADLOCK)
        snprintf(cell, CELL_TEXT, "deadlock");
    else if (kinds == 0)
        snprintf(cell, CELL_TEXT, "none seen");
    else if (kinds == 1)
        snprintf(cell, CELL_TEXT, "%s x%" PRIu64, vs_hazard_name((enum vs_hazard)first),
                 summary->hazards[first].count);
    else
        snprintf(cell, CELL_TEXT, "%s x%" PRIu64 " +%d", vs_hazard_name((enum vs_hazard)first),
                 summary->hazards[first].count, kinds - 1);
}

static void write_rate(const struct vs_table *table, const struct vs_table_row *row, char *cell)
{
    (void)table;
    vs_rate_text(row->summary->throughput_per_s, cell);
}

static void write_p50(const struct vs_table *table, const struct vs_table_row *row, char *cell)
{
    (void)table;
    write_duration(row->summary->p50_ns, cell);
}

static void write_p99(const struct vs_table *table, const struct vs_table_row *row, char *cell)
{
    (void)table;
    write_duration(row->summary->p99_ns, cell);
}

static void write_p999(const struct vs_table *table, const struct vs_table_row *row, char *cell)
{
    (void)table;
    write_duration(row->summary->p999_ns, cell);
}

static void write_max(const struct vs_table *table, const struct vs_table_row *row, char *cell)
{
    (void)table;
    write_duration(row->summary->max_ns, cell);
}

static void write_wait(const struct vs_table *table, const struct vs_table_row *row, char *cell)
{
    (void)table;
    write_duration(row->summary->lock_wait_ns, cell);
}

static void write_contended(const struct vs_table *table, const struct vs_table_row *row,
                            char *cell)
{
    const struct vs_summary *summary = row->summary;

    (void)table;
    if (summary->lock_wait_ns == 0 || summary->most_contended[0] == '\0')
        snprintf(cell, CELL_TEXT, "-");
    else
        snprintf(cell, CELL_TEXT, "%s %.0f%%", summary->most_contended,
                 100.0 * (double)summary->most_contended_wait_ns / (double)summary->lock_wait_ns);
}

/* With one domain there is nobody else to make wait; threads do not measure it. */
static void write_inflicted(const struct vs_table *table, const struct vs_table_row *row,
                            char *cell)
{
    if (table->workload->domain_count < 2 || row->summary->measured)
        snprintf(cell, CELL_TEXT, "-");
    else
        write_duration(row->summary->cross_domain_wait_ns, cell);
}

struct column {
    const char *head[2];
    bool text;         /* left-aligned, may be cut; else right-aligned */
    bool whole_replay; /* a deadlocked replay has no such number */
    cell_writer write;
};

static const struct column columns[] = {
    {{"", "policy"}, true, false, write_policy},
    {{"hazards in", "this replay"}, true, false, write_safety},
    {{"", "calls/s"}, false, true, write_rate},
    {{"latency", "p50"}, false, true, write_p50},
    {{"", "p99"}, false, true, write_p99},
    {{"", "p99.9"}, false, true, write_p999},
    {{"", "max"}, false, true, write_max},
    {{"total", "wait"}, false, true, write_wait},
    {{"most contended", "lock (share)"}, true, true, write_contended},
    {{"others'", "wait"}, false, true, write_inflicted},
};

#define COLUMNS (sizeof(columns) / sizeof(columns[0]))
/* Blanks between columns; one is enough where two are too wide. */
#define GAP_WIDE   2
#define GAP_NARROW 1

struct layout {
    size_t widths[COLUMNS];
    size_t gap;
};

static void write_cell(const struct vs_table *table, const struct vs_table_row *row, size_t column,
                       char *cell)
{
    if (columns[column].whole_replay && row->summary->outcome == VS_OUTCOME_DEADLOCK)
        snprintf(cell, CELL_TEXT, "-");
    else
        columns[column].write(table, row, cell);
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static size_t line_width(const struct layout *layout)
{
    size_t total = layout->gap * (COLUMNS - 1);

    for (size_t c = 0; c < COLUMNS; c++)
        total += layout->widths[c];
    return total;
}

static struct layout measure(const struct vs_table *table)
{
    struct layout layout = {.gap = GAP_WIDE};
    char cell[CELL_TEXT];

    for (size_t c = 0; c < COLUMNS; c++) {
        layout.widths[c] = larger(strlen(columns[c].head[0]), strlen(columns[c].head[1]));
        for (size_t r = 0; r < table->row_count; r++) {
            write_cell(table, &table->rows[r], c, cell);
            layout.widths[c] = larger(layout.widths[c], strlen(cell));
        }
    }
    if (line_width(&layout) > VS_TABLE_COLUMNS)
        layout.gap = GAP_NARROW;
    while (line_width(&layout) > VS_TABLE_COLUMNS) {
        size_t widest = 0;

        for (size_t c = 0; c < COLUMNS; c++) {
            if (columns[c].text && layout.widths[c] > layout.widths[widest])
                widest = c;
        }
        if (layout.widths[widest] <= 4)
            break;
        layout.widths[widest]--;
    }
    return layout;
}

/* A text that was cut ends in '~'. */
static void print_cell(FILE *stream, size_t column, const struct layout *layout, char *cell)
{
    size_t width = layout->widths[column];

    if (strlen(cell) > width) {
        cell[width] = '\0';
        cell[width - 1] = '~';
    }
    fprintf(stream, columns[column].text ? "%*s%-*s" : "%*s%*s", column == 0 ? 0 : (int)layout->gap,
            "", (int)width, cell);
}

void vs_table_print_rows(const struct vs_table *table, FILE *stream)
{
    struct layout layout = measure(table);
    char cell[CELL_TEXT];

    for (int line = 0; line < 2; line++) {
        for (size_t c = 0; c < COLUMNS; c++) {
            snprintf(cell, sizeof(cell), "%s", columns[c].head[line]);
            print_cell(stream, c, &layout, cell);
        }
        putc('\n', stream);
    }
    for (size_t i = 0; i < line_width(&layout); i++)
        putc('-', stream);
    putc('\n', stream);
    for (size_t r = 0; r < table->row_count; r++) {
        for (size_t c = 0; c < COLUMNS; c++) {
            write_cell(table, &table->rows[r], c, cell);
            print_cell(stream, c, &layout, cell);
        }
        putc('\n', stream);
    }
}
