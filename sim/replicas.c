/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Medians and spreads of replicas, and their table. */
#include "replicas.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "table.h"

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static struct vs_spread spread_of(double *values, size_t count)
{
    if (count == 0)
        return (struct vs_spread){0};
    qsort(values, count, sizeof(*values), by_value);
    return (struct vs_spread){.low = values[0],
                              .median = (values[(count - 1) / 2] + values[count / 2]) / 2,
                              .high = values[count - 1]};
}

/* ---------------------------------------------------------------- gathering */

static double get_throughput(const struct vs_summary *summary)
{
    return summary->throughput_per_s;
}

static double get_p50(const struct vs_summary *summary)
{
    return (double)summary->p50_ns;
}

static double get_p99(const struct vs_summary *summary)
{
    return (double)summary->p99_ns;
}

static double get_p999(const struct vs_summary *summary)
{
    return (double)summary->p999_ns;
}

static double get_max(const struct vs_summary *summary)
{
    return (double)summary->max_ns;
}

static double get_wait(const struct vs_summary *summary)
{
    return (double)summary->lock_wait_ns;
}

#define OFFSET(member) offsetof(struct vs_replicated, member)

static const struct number {
    const char *name;
    size_t offset;
    double (*get)(const struct vs_summary *summary);
} numbers[] = {
    {"throughput_per_s", OFFSET(throughput_per_s), get_throughput},
    {"p50_ns", OFFSET(p50_ns), get_p50},
    {"p99_ns", OFFSET(p99_ns), get_p99},
    {"p999_ns", OFFSET(p999_ns), get_p999},
    {"max_ns", OFFSET(max_ns), get_max},
    {"lock_wait_ns", OFFSET(lock_wait_ns), get_wait},
};

#define NUMBERS (sizeof(numbers) / sizeof(*numbers))

static struct vs_spread *spread_at(struct vs_replicated *replicated, size_t number)
{
    return (struct vs_spread *)(void *)((char *)replicated + numbers[number].offset);
}

static const struct vs_spread *spread_in(const struct vs_replicated *replicated, size_t number)
{
    return (const struct vs_spread *)(const void *)((const char *)replicated +
                                                    numbers[number].offset);
}

static void count_wrong(const struct vs_summary *summary, struct vs_replicated *replicated)
{
    replicated->deadlocks += summary->outcome == VS_OUTCOME_DEADLOCK;
    replicated->hazards += summary->hazard_total > 0;
    for (size_t i = 0; i < VS_HAZARD_COUNT; i++)
        replicated->hazard_kinds[i] += summary->hazards[i].count > 0;
}

int vs_replicas_gather(const struct vs_point *first, size_t stride, size_t count,
                       struct vs_replicated *replicated, struct vs_error *error)
{
    double *values = calloc(count, sizeof(*values));

    *replicated = (struct vs_replicated){.first = first, .count = count};
    if (!values)
        return vs_error_set(error, VS_ERR_MEMORY, "out of memory");
    for (size_t i = 0; i < count; i++)
        count_wrong(&first[i * stride].summary, replicated);
    for (size_t n = 0; n < NUMBERS; n++) {
        size_t filled = 0;

        for (size_t i = 0; i < count; i++) {
            const struct vs_summary *summary = &first[i * stride].summary;

            if (summary->outcome == VS_OUTCOME_DONE)
                values[filled++] = numbers[n].get(summary);
        }
        *spread_at(replicated, n) = spread_of(values, filled);
    }
    free(values);
    return 0;
}

/* ----------------------------------------------------------------- in words */

char *vs_replicated_hazards(const struct vs_replicated *replicated, char *buffer, size_t size_bytes)
{
    size_t most = 0, kinds = 0;
    const char *name = "deadlock";
    char more[24] = "", of[64] = "";

    for (size_t i = VS_HAZARD_COUNT; i-- > 0;) {
        kinds += replicated->hazard_kinds[i] > 0;
        if (replicated->hazard_kinds[i] > 0) {
            most = replicated->hazard_kinds[i];
            name = vs_hazard_name((enum vs_hazard)i);
        }
    }
    if (replicated->deadlocks > 0) {
        kinds++;
        most = replicated->deadlocks;
        name = "deadlock";
    }
    if (kinds > 1)
        snprintf(more, sizeof(more), " +%zu", kinds - 1);
    if (replicated->count > 1)
        snprintf(of, sizeof(of), " in %zu of %zu", most, replicated->count);
    snprintf(buffer, size_bytes, "%s%s%s", kinds ? name : "none seen", kinds ? of : "", more);
    return buffer;
}

struct vs_json_out *vs_replicated_json(const struct vs_replicated *replicated)
{
    struct vs_json_out *out = vs_json_new_object(), *seen = vs_json_new_object();

    vs_json_add_u64(out, "replicas", replicated->count);
    vs_json_add_u64(out, "deadlocked", replicated->deadlocks);
    vs_json_add_u64(out, "with_hazards", replicated->hazards);
    for (size_t i = 0; i < VS_HAZARD_COUNT; i++) {
        if (replicated->hazard_kinds[i] > 0)
            vs_json_add_u64(seen, vs_hazard_name((enum vs_hazard)i), replicated->hazard_kinds[i]);
    }
    vs_json_add(out, "hazards_seen_in", seen);
    for (size_t n = 0; n < NUMBERS; n++) {
        const struct vs_spread *spread = spread_in(replicated, n);
        bool ended = replicated->deadlocks < replicated->count;
        struct vs_json_out *child = vs_json_new_object();

        /* NaN becomes null: what was measured up to a deadlock is no result. */
        vs_json_add_double(child, "low", ended ? spread->low : (double)NAN);
        vs_json_add_double(child, "median", ended ? spread->median : (double)NAN);
        vs_json_add_double(child, "high", ended ? spread->high : (double)NAN);
        vs_json_add(out, numbers[n].name, child);
    }
    return out;
}

/* -------------------------------------------------------------------- table */

#define CELL_TEXT (3 * VS_COUNT_TEXT + 8)

static void duration_text(double duration_ns, char *text)
{
    char spaced[VS_DURATION_TEXT];
    char *to = text;

    vs_duration_text((vs_ns)(duration_ns + 0.5), spaced);
    for (const char *from = spaced; *from; from++) {
        if (*from != ' ')
            *to++ = *from;
    }
    *to = '\0';
}

/* "5.25us", with replicas "5.25us (5.12us..5.38us)"; spread false leaves that out. */
static void spread_text(const struct vs_replicated *row, const struct vs_spread *spread,
                        bool duration, bool with_spread, char *cell)
{
    char low[VS_COUNT_TEXT], median[VS_COUNT_TEXT], high[VS_COUNT_TEXT];

    if (row->deadlocks == row->count) {
        snprintf(cell, CELL_TEXT, "-");
        return;
    }
    if (duration) {
        duration_text(spread->low, low);
        duration_text(spread->median, median);
        duration_text(spread->high, high);
    } else {
        vs_rate_text(spread->low, low);
        vs_rate_text(spread->median, median);
        vs_rate_text(spread->high, high);
    }
    if (row->count > 1 && with_spread)
        snprintf(cell, CELL_TEXT, "%s (%s..%s)", median, low, high);
    else
        snprintf(cell, CELL_TEXT, "%s", median);
}

enum { COLUMNS = 6 };

static const char *const heads[COLUMNS] = {"policy", "hazards", "calls/s",
                                           "p99",    "p99.9",   "total wait"};

static void write_row(const struct vs_replicated *row, char cells[COLUMNS][CELL_TEXT])
{
    snprintf(cells[0], CELL_TEXT, "%s", row->first->policy->name);
    vs_replicated_hazards(row, cells[1], CELL_TEXT);
    spread_text(row, &row->throughput_per_s, false, true, cells[2]);
    spread_text(row, &row->p99_ns, true, true, cells[3]);
    spread_text(row, &row->p999_ns, true, false, cells[4]);
    spread_text(row, &row->lock_wait_ns, true, false, cells[5]);
}

static void print_line(char cells[COLUMNS][CELL_TEXT], const size_t *widths, FILE *stream)
{
    for (int c = 0; c < COLUMNS; c++)
        fprintf(stream, c < 2 ? "%s%-*s" : "%s%*s", c ? "  " : "", (int)widths[c], cells[c]);
    putc('\n', stream);
}

void vs_replicas_print(const struct vs_replicated *rows, size_t count, FILE *stream)
{
    char cells[COLUMNS][CELL_TEXT];
    size_t widths[COLUMNS] = {0}, line = 2 * (COLUMNS - 1);

    for (size_t c = 0; c < COLUMNS; c++)
        widths[c] = strlen(heads[c]);
    for (size_t i = 0; i < count; i++) {
        write_row(&rows[i], cells);
        for (size_t c = 0; c < COLUMNS; c++)
            widths[c] = strlen(cells[c]) > widths[c] ? strlen(cells[c]) : widths[c];
    }
    for (size_t c = 0; c < COLUMNS; c++) {
        snprintf(cells[c], CELL_TEXT, "%s", heads[c]);
        line += widths[c];
    }
    print_line(cells, widths, stream);
    for (size_t i = 0; i < line; i++)
        putc('-', stream);
    putc('\n', stream);
    for (size_t i = 0; i < count; i++) {
        write_row(&rows[i], cells);
        print_line(cells, widths, stream);
    }
}
