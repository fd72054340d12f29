/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The comparison as two tables and as JSON: nothing is left out of the latter. */
#include <string.h>

#include "compare.h"
#include "table.h"

#define CELL_TEXT 32

static const char *const names[VS_COMPARED_COUNT] = {"calls_per_s", "mean_ns", "p99_ns"};

static void number(enum vs_compared what, double value, char *cell)
{
    char text[VS_COUNT_TEXT > VS_DURATION_TEXT ? VS_COUNT_TEXT : VS_DURATION_TEXT];
    if (what == VS_COMPARED_RATE)
        vs_rate_text(value, text);
    else
        vs_duration_text((vs_ns)(value + 0.5), text);
    char *to = cell;
    for (const char *from = text; *from; from++)
        if (*from != ' ')
            *to++ = *from;
    *to = '\0';
}

/* Measured over simulated, as a range over the rounds. */
static void ratio(double simulated, const struct vs_measured *measured, char *cell)
{
    if (!(simulated > 0))
        snprintf(cell, CELL_TEXT, "-");
    else
        snprintf(cell, CELL_TEXT, "%.2f-%.2f", measured->least / simulated,
                 measured->most / simulated);
}

static void print_row(const struct vs_comparison *comparison, const struct vs_compared_row *row,
                      FILE *stream)
{
    char simulated[CELL_TEXT], measured[CELL_TEXT], range[CELL_TEXT];
    bool nothing = row->deadlocks == comparison->request->rounds;
    fprintf(stream, "%-22.22s %3u", comparison->request->policies[row->policy]->name, row->threads);
    for (int i = 0; i < VS_COMPARED_COUNT; i++) {
        number(i, row->simulated[i], simulated);
        number(i, row->measured[i].median, measured);
        ratio(row->simulated[i], &row->measured[i], range);
        if (row->simulated_deadlock)
            snprintf(simulated, sizeof simulated, "deadlock");
        if (nothing)
            snprintf(measured, sizeof measured, "deadlock");
        if (row->simulated_deadlock || nothing)
            snprintf(range, sizeof range, "-");
        fprintf(stream, "  %8s %8s %11s", simulated, measured, range);
    }
    putc('\n', stream);
}

static void print_rules(FILE *stream)
{
    for (int i = 0; i < 26 + 31 * VS_COMPARED_COUNT; i++)
        putc('-', stream);
    putc('\n', stream);
}

static void print_numbers(const struct vs_comparison *comparison, FILE *stream)
{
    fprintf(stream, "%-22s %3s  %-29s  %-29s  %-29s\n", "", "", "calls/s", "mean latency",
            "p99 latency");
    fprintf(stream, "%-22s %3s", "policy", "thr");
    for (int i = 0; i < VS_COMPARED_COUNT; i++)
        fprintf(stream, "  %8s %8s %11s", "simul.", "measured", "ratio");
    putc('\n', stream);
    print_rules(stream);
    for (size_t i = 0; i < comparison->row_count; i++)
        print_row(comparison, &comparison->rows[i], stream);
}

/* Less than this a call says nothing about waiting. */
#define WAIT_SHOWN_NS 10.0

static bool is_shown(const struct vs_compared_wait *wait)
{
    return wait->simulated_ns >= WAIT_SHOWN_NS || wait->measured_ns.median >= WAIT_SHOWN_NS;
}

static void print_waits(const struct vs_comparison *comparison, FILE *stream)
{
    const struct vs_compare_request *request = comparison->request;
    char simulated[CELL_TEXT], measured[CELL_TEXT], range[CELL_TEXT];
    fprintf(stream, "%-22s %3s  %-24s %10s %10s %13s\n", "waiting per call", "thr", "lock",
            "simulated", "measured", "ratio");
    print_rules(stream);
    for (size_t i = 0; i < comparison->row_count; i++) {
        const struct vs_compared_row *row = &comparison->rows[i];
        const struct vs_policy *policy = request->policies[row->policy];
        if (row->simulated_deadlock || row->deadlocks == request->rounds)
            continue;
        for (size_t k = 0; k < policy->lock_count; k++) {
            const struct vs_compared_wait *wait = &row->waits[k];
            if (!is_shown(wait))
                continue;
            number(VS_COMPARED_MEAN, wait->simulated_ns, simulated);
            number(VS_COMPARED_MEAN, wait->measured_ns.median, measured);
            ratio(wait->simulated_ns, &wait->measured_ns, range);
            fprintf(stream, "%-22.22s %3u  %-24.24s %10s %10s %13s\n", policy->name, row->threads,
                    policy->locks[k].name, simulated, measured, range);
        }
    }
}

static void print_outcomes(const struct vs_comparison *comparison, FILE *stream)
{
    const struct vs_compare_request *request = comparison->request;
    uint64_t switches = 0;
    char text[300];
    for (size_t i = 0; i < comparison->row_count; i++) {
        const struct vs_compared_row *row = &comparison->rows[i];
        const char *policy = request->policies[row->policy]->name;
        switches += row->forced_switches;
        if (row->deadlocks > 0 || row->simulated_deadlock) {
            snprintf(text, sizeof text,
                     "%s, %u threads: simulated %s; %u of %u measured rounds deadlocked", policy,
                     row->threads, row->simulated_deadlock ? "deadlocks" : "does not",
                     row->deadlocks, request->rounds);
            vs_table_wrap(stream, "deadlock: ", text);
        }
        if (row->hazard_rounds > 0 || row->simulated_hazards > 0) {
            snprintf(text, sizeof text, "%s, %u threads: simulated %s; in %u of %u measured rounds",
                     policy, row->threads, row->simulated_hazards ? "too" : "none seen",
                     row->hazard_rounds, request->rounds);
            vs_table_wrap(stream, "hazard: ", text);
        }
    }
    snprintf(text, sizeof text,
             "ratio: measured over simulated, least to most of %u rounds; measured: their median. "
             "The kernel took a thread off its CPU %llu times in all; what that cost is in the "
             "measured columns, most of all in p99.",
             request->rounds, (unsigned long long)switches);
    vs_table_wrap(stream, "", text);
}

void vs_comparison_print(const struct vs_comparison *comparison, FILE *stream)
{
    print_numbers(comparison, stream);
    putc('\n', stream);
    print_waits(comparison, stream);
    putc('\n', stream);
    print_outcomes(comparison, stream);
}

/* -------------------------------------------------------------------- JSON */

static struct vs_json_out *pair_json(double simulated, const struct vs_measured *measured,
                                     bool has_simulated, bool has_measured)
{
    struct vs_json_out *out = vs_json_new_object();
    if (has_simulated)
        vs_json_add_double(out, "simulated", simulated);
    if (has_measured) {
        vs_json_add_double(out, "measured_median", measured->median);
        vs_json_add_double(out, "measured_least", measured->least);
        vs_json_add_double(out, "measured_most", measured->most);
    }
    if (has_simulated && has_measured && simulated > 0)
        vs_json_add_double(out, "ratio", measured->median / simulated);
    return out;
}

static struct vs_json_out *row_json(const struct vs_comparison *comparison,
                                    const struct vs_compared_row *row)
{
    const struct vs_policy *policy = comparison->request->policies[row->policy];
    bool simulated = !row->simulated_deadlock;
    bool measured = row->deadlocks < comparison->request->rounds;
    struct vs_json_out *out = vs_json_new_object(), *waits = vs_json_new_object();
    vs_json_add_string(out, "policy", policy->name);
    vs_json_add_u64(out, "threads", row->threads);
    vs_json_add_boolean(out, "simulated_deadlock", row->simulated_deadlock);
    vs_json_add_u64(out, "deadlocked_rounds", row->deadlocks);
    vs_json_add_u64(out, "simulated_hazards", row->simulated_hazards);
    vs_json_add_u64(out, "hazard_rounds", row->hazard_rounds);
    vs_json_add_u64(out, "forced_switches", row->forced_switches);
    for (int i = 0; i < VS_COMPARED_COUNT; i++)
        vs_json_add(out, names[i],
                    pair_json(row->simulated[i], &row->measured[i], simulated, measured));
    for (size_t i = 0; i < policy->lock_count; i++)
        vs_json_add(
            waits, policy->locks[i].name,
            pair_json(row->waits[i].simulated_ns, &row->waits[i].measured_ns, simulated, measured));
    vs_json_add(out, "wait_per_call_ns", waits);
    return out;
}

struct vs_json_out *vs_comparison_json(const struct vs_comparison *comparison)
{
    struct vs_json_out *rows = vs_json_new_array();
    for (size_t i = 0; i < comparison->row_count; i++)
        vs_json_add(rows, NULL, row_json(comparison, &comparison->rows[i]));
    return rows;
}
