/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What stands under the comparison: deadlocks and hazards in words, and how the
 * numbers above are to be read.
 */
#include <inttypes.h>
#include <string.h>

#include "table.h"

/* Lines of one deadlock: enough for the cycle and some who stand behind it. */
#define DEADLOCK_EDGES 12

static void print_deadlock(const struct vs_table *table, const struct vs_table_row *row,
                           FILE *stream)
{
    const struct vs_summary *summary = row->summary;
    char done[VS_COUNT_TEXT], all[VS_COUNT_TEXT], text[200];
    const char *line = summary->outcome_text;
    char edge[400];

    snprintf(text, sizeof(text), "%s: nobody can go on after %s of %s calls", row->policy,
             vs_count_text(summary->calls, done), vs_count_text(table->workload->call_count, all));
    vs_table_wrap(stream, "deadlock: ", text);
    for (unsigned int edges = 0; *line; edges++) {
        size_t length = strcspn(line, "\n");

        if (edges == DEADLOCK_EDGES) {
            vs_table_wrap(stream, "          ",
                          "... and more; --json and the database have them all");
            break;
        }
        snprintf(edge, sizeof(edge), "%.*s", (int)length, line);
        vs_table_wrap(stream, "          ", edge);
        line += length + (line[length] == '\n');
    }
}

static void print_hazards(const struct vs_table_row *row, FILE *stream)
{
    char count[VS_COUNT_TEXT], first[VS_DURATION_TEXT], text[VS_HAZARD_TEXT + 200];

    for (int i = 0; i < VS_HAZARD_COUNT; i++) {
        const struct vs_summary_hazard *hazard = &row->summary->hazards[i];

        if (hazard->count == 0)
            continue;
        snprintf(text, sizeof(text), "%s: %s x%s, first at %s: %s", row->policy,
                 vs_hazard_name((enum vs_hazard)i), vs_count_text(hazard->count, count),
                 vs_duration_text(hazard->first_ns, first), hazard->first_text);
        vs_table_wrap(stream, "hazard: ", text);
    }
}

/* One replay is one interleaving: whether it hits an open window is chance. */
static void print_faults(const struct vs_table *table, FILE *stream)
{
    int width = 0;

    for (size_t i = 0; i < table->row_count; i++) {
        int length = table->rows[i].faults ? (int)strlen(table->rows[i].policy) : 0;

        width = length > width ? length : width;
    }
    vs_table_wrap(stream, "",
                  width > 0
                      ? "'none seen' is one interleaving, not a proof; a little more or less think "
                        "time hits or misses a window. Known to be open, seen here or not:"
                      : "'none seen' is one interleaving, not a proof.");
    for (size_t i = 0; i < table->row_count; i++) {
        char label[80];

        if (!table->rows[i].faults)
            continue;
        snprintf(label, sizeof(label), "  %-*s ", width, table->rows[i].policy);
        vs_table_wrap(stream, label, table->rows[i].faults);
    }
}

static bool has_row(const struct vs_table *table, const char *policy)
{
    for (size_t i = 0; i < table->row_count; i++) {
        if (strcmp(table->rows[i].policy, policy) == 0)
            return true;
    }
    return false;
}

/* What is waited for below vPCI, once per lock. */
static void print_below(const struct vs_table *table, FILE *stream)
{
    char text[300];

    for (size_t i = 0; i < table->row_count; i++) {
        const struct vs_summary *summary = table->rows[i].summary;
        bool said = false;

        for (size_t j = 0; j < i; j++)
            said |= strcmp(table->rows[j].summary->most_contended, summary->most_contended) == 0;
        if (said || !summary->most_contended_below_vpci || summary->lock_wait_ns == 0)
            continue;
        snprintf(text, sizeof(text),
                 "'%s' lies below vPCI and is in every policy: no way of locking vPCI saves the "
                 "waiting for it.",
                 summary->most_contended);
        vs_table_wrap(stream, "", text);
    }
}

static void print_bounds(const struct vs_table *table, FILE *stream)
{
    bool floor = has_row(table, "none"), ceiling = has_row(table, "pcidevs-spin");

    if (floor && ceiling)
        vs_table_wrap(
            stream, "",
            "'none' takes no vPCI lock and is the floor, not a proposal; 'pcidevs-spin' "
            "holds one global lock round every access and is the ceiling. The locks below "
            "vPCI are in both; calls reach them in another rhythm under each policy, so a "
            "policy may wait less there than the floor.");
    else
        vs_table_wrap(stream, "",
                      "Without floor and ceiling a number says little: add --policy none and "
                      "--policy pcidevs-spin.");
}

/* Below this share of the calls' own cost, waiting is no reason to choose. */
#define QUIET_SHARE 0.01

/* Equal rows must not be read as "all policies are as good". */
static void print_quiet(const struct vs_table *table, FILE *stream)
{
    bool nobody = true, quiet = true;
    char text[400];

    for (size_t i = 0; i < table->row_count; i++) {
        const struct vs_summary *summary = table->rows[i].summary;

        nobody &= summary->lock_wait_ns == 0;
        quiet &= (double)summary->lock_wait_ns <= QUIET_SHARE * (double)summary->floor_ns &&
                 summary->outcome != VS_OUTCOME_DEADLOCK;
    }
    if (!quiet)
        return;
    snprintf(text, sizeof(text),
             "%s: at this load the log holds %s contention, so what differs is the cost of the "
             "locks themselves and the policies look alike. More load (--speed, --clone, --rebase) "
             "is a what-if and will be called so.",
             nobody
                 ? "Nobody waited for a lock in any of these replays"
                 : "Waiting for locks adds less than 1 % to the calls' own cost in each of these "
                   "replays",
             nobody ? "no" : "hardly any");
    vs_table_wrap(stream, "", text);
}

void vs_table_print_remarks(const struct vs_table *table, FILE *stream)
{
    bool noted = false;
    char text[400];

    for (size_t i = 0; i < table->row_count; i++) {
        if (table->rows[i].summary->outcome == VS_OUTCOME_DEADLOCK)
            print_deadlock(table, &table->rows[i], stream);
        print_hazards(&table->rows[i], stream);
        noted |= table->rows[i].summary->outcome == VS_OUTCOME_DEADLOCK ||
                 table->rows[i].summary->hazard_total > 0;
    }
    if (noted)
        putc('\n', stream);
    print_faults(table, stream);
    print_quiet(table, stream);
    print_below(table, stream);
    if (table->workload->domain_count > 1)
        vs_table_wrap(
            stream, "",
            "Others' wait is what vCPUs of one domain waited while another domain held the "
            "lock.");
    print_bounds(table, stream);
    if (table->machine->assumption_count > 0) {
        snprintf(text, sizeof(text),
                 "%" PRIu32 " number%s of machine profile '%s' %s, not measured.",
                 table->machine->assumption_count, vs_plural(table->machine->assumption_count),
                 table->machine->name,
                 table->machine->assumption_count == 1 ? "is assumed" : "are assumed");
        vs_table_wrap(stream, "", text);
    }
}
