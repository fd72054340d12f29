/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loads the runs and groups them.  The query sorts and numbers the groups; this
 * file cuts the sorted list where the numbers change, and decides what is drawn.
 */
#include "runs.h"

#include <stdlib.h>
#include <string.h>

#include "plots.h"
#include "words.h"

enum field_type { FIELD_TEXT, FIELD_INTEGER, FIELD_REAL, FIELD_BOOL };

#define FIELD(member, kind)                                                          \
    {                                                                                \
        .name = #member, .type = kind, .offset = offsetof(struct vs_run_row, member) \
    }

/* Columns of the query and where they go. */
static const struct field {
    const char *name;
    enum field_type type;
    size_t offset;
} fields[] = {
    FIELD(id, FIELD_INTEGER),
    FIELD(policy, FIELD_TEXT),
    FIELD(policy_source, FIELD_TEXT),
    FIELD(policy_text, FIELD_TEXT),
    FIELD(created_at, FIELD_TEXT),
    FIELD(version, FIELD_TEXT),
    FIELD(run_key, FIELD_TEXT),
    FIELD(trace_name, FIELD_TEXT),
    FIELD(trace_hash, FIELD_TEXT),
    FIELD(what_if, FIELD_TEXT),
    FIELD(notes, FIELD_TEXT),
    FIELD(guesses, FIELD_TEXT),
    FIELD(options, FIELD_TEXT),
    FIELD(machine, FIELD_TEXT),
    FIELD(machine_text, FIELD_TEXT),
    FIELD(timing, FIELD_TEXT),
    FIELD(outcome, FIELD_TEXT),
    FIELD(outcome_text, FIELD_TEXT),
    FIELD(most_contended, FIELD_TEXT),
    FIELD(emulated, FIELD_BOOL),
    FIELD(synthetic, FIELD_BOOL),
    FIELD(records, FIELD_INTEGER),
    FIELD(lost_records, FIELD_INTEGER),
    FIELD(injected_calls, FIELD_INTEGER),
    FIELD(synthetic_calls, FIELD_INTEGER),
    FIELD(domains, FIELD_INTEGER),
    FIELD(vcpus, FIELD_INTEGER),
    FIELD(devices, FIELD_INTEGER),
    FIELD(cpus, FIELD_INTEGER),
    FIELD(seed, FIELD_INTEGER),
    FIELD(machine_assumptions, FIELD_INTEGER),
    FIELD(clones, FIELD_INTEGER),
    FIELD(rebase, FIELD_INTEGER),
    FIELD(max_think_ns, FIELD_INTEGER),
    FIELD(policy_rank, FIELD_INTEGER),
    FIELD(calls, FIELD_INTEGER),
    FIELD(missed_calls, FIELD_INTEGER),
    FIELD(hazards, FIELD_INTEGER),
    FIELD(recorded_span_ns, FIELD_INTEGER),
    FIELD(makespan_ns, FIELD_INTEGER),
    FIELD(floor_ns, FIELD_INTEGER),
    FIELD(lock_wait_ns, FIELD_INTEGER),
    FIELD(cpu_wait_ns, FIELD_INTEGER),
    FIELD(cross_domain_wait_ns, FIELD_INTEGER),
    FIELD(below_wait_ns, FIELD_INTEGER),
    FIELD(p50_ns, FIELD_INTEGER),
    FIELD(p90_ns, FIELD_INTEGER),
    FIELD(p99_ns, FIELD_INTEGER),
    FIELD(p999_ns, FIELD_INTEGER),
    FIELD(max_ns, FIELD_INTEGER),
    FIELD(time_error_ns, FIELD_INTEGER),
    FIELD(overlap_count, FIELD_INTEGER),
    FIELD(speed, FIELD_REAL),
    FIELD(throughput_per_s, FIELD_REAL),
    FIELD(little_error, FIELD_REAL),
    FIELD(varied, FIELD_TEXT),
    FIELD(policy_faults, FIELD_TEXT),
    FIELD(replicas, FIELD_INTEGER),
    FIELD(deadlock_replicas, FIELD_INTEGER),
    FIELD(hazard_replicas, FIELD_INTEGER),
    FIELD(p99_low_ns, FIELD_INTEGER),
    FIELD(p99_median_ns, FIELD_REAL),
    FIELD(p99_high_ns, FIELD_INTEGER),
    FIELD(throughput_low, FIELD_REAL),
    FIELD(throughput_median, FIELD_REAL),
    FIELD(throughput_high, FIELD_REAL),
};

static void read_run(const struct vs_table *table, size_t row, struct vs_run_row *run)
{
    for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
        void *place = (char *)run + fields[i].offset;

        switch (fields[i].type) {
        case FIELD_TEXT:
            *(const char **)place = vs_table_text(table, row, fields[i].name);
            break;
        case FIELD_INTEGER:
            *(int64_t *)place = vs_table_integer(table, row, fields[i].name);
            break;
        case FIELD_REAL:
            *(double *)place = vs_table_real(table, row, fields[i].name);
            break;
        case FIELD_BOOL:
            *(bool *)place = vs_table_integer(table, row, fields[i].name) != 0;
            break;
        }
    }
    run->name = run->policy;
}

/* ------------------------------------------------------------------- grouping */

static void slug_of_load(const struct vs_run_row *run, bool with_speed, struct vs_text *slug)
{
    char number[VS_WORDS_NUMBER], part[64];

    vs_text_add(slug, vs_words_slug(run->trace_name, 40, part, sizeof(part)));
    if (vs_runs_as_recorded(run) && with_speed)
        vs_text_add(slug, ".as-recorded");
    snprintf(number, sizeof(number), "%.9g", run->speed);
    if (with_speed && run->speed != 1)
        vs_text_addf(slug, ".speed%s", vs_words_slug(number, 20, part, sizeof(part)));
    if (run->clones > 1)
        vs_text_addf(slug, ".clones%lld", (long long)run->clones);
    if (run->rebase)
        vs_text_add(slug, ".rebased");
    if (strcmp(run->timing, "open") == 0)
        vs_text_add(slug, ".open");
}

static bool slug_taken(const struct vs_runs *runs, const char *slug)
{
    for (size_t i = 0; i < runs->scenario_count; i++) {
        if (strcmp(runs->scenarios[i].slug, slug) == 0)
            return true;
    }
    for (size_t i = 0; i < runs->sweep_count; i++) {
        if (strcmp(runs->sweeps[i].slug, slug) == 0)
            return true;
    }
    return false;
}

/* A name that no other scenario or sweep has: what differs beyond the load
 * (machine, seed, idle cut, version) is told apart by a number. */
static void make_slug(const struct vs_runs *runs, const struct vs_run_row *run, bool with_speed,
                      char *slug, size_t size_bytes)
{
    struct vs_text text = {0};

    slug_of_load(run, with_speed, &text);
    snprintf(slug, size_bytes, "%.100s", vs_text_or_empty(&text));
    for (unsigned serial = 2; slug_taken(runs, slug); serial++)
        snprintf(slug, size_bytes, "%.100s.%u", vs_text_or_empty(&text), serial);
    vs_text_free(&text);
}

static int group(struct vs_runs *runs, const int64_t *sweep_of, const int64_t *scenario_of,
                 struct vs_error *error)
{
    runs->scenarios = calloc(runs->run_count, sizeof(*runs->scenarios));
    runs->sweeps = calloc(runs->run_count, sizeof(*runs->sweeps));
    if (!runs->scenarios || !runs->sweeps)
        return vs_error_set(error, VS_ERR_MEMORY, "out of memory for %zu runs", runs->run_count);
    for (size_t i = 0; i < runs->run_count; i++) {
        char slug[sizeof(runs->sweeps->slug)];

        if (i == 0 || sweep_of[i] != sweep_of[i - 1]) {
            make_slug(runs, &runs->runs[i], false, slug, sizeof(slug));
            runs->sweeps[runs->sweep_count].first = runs->scenario_count;
            memcpy(runs->sweeps[runs->sweep_count++].slug, slug, sizeof(slug));
        }
        if (i == 0 || scenario_of[i] != scenario_of[i - 1]) {
            struct vs_scenario *scenario = &runs->scenarios[runs->scenario_count];

            make_slug(runs, &runs->runs[i], true, slug, sizeof(slug));
            scenario->first = i;
            scenario->sweep = runs->sweep_count - 1;
            memcpy(scenario->slug, slug, sizeof(slug));
            runs->scenario_count++;
            runs->sweeps[runs->sweep_count - 1].count++;
        }
        runs->scenarios[runs->scenario_count - 1].count++;
    }
    return 0;
}

/* The user's own file may be named like a policy that ships, and two runs of one name in
 * a scenario have different policy texts: say which is which. */
static int name_run(struct vs_runs *runs, struct vs_run_row *run, bool twin, struct vs_error *error)
{
    bool own = vs_runs_is_own(run) && vs_plots_ships(run->policy);
    char id[32] = "", *name = NULL;

    if (!own && !twin)
        return 0;
    if (twin)
        snprintf(id, sizeof(id), "%srun %lld", own ? ", " : "", (long long)run->id);
    if (asprintf(&name, "%s (%s%s)", run->policy, own ? "own file" : "", id) < 0)
        return vs_error_set(error, VS_ERR_MEMORY, "out of memory");
    runs->names[runs->name_count++] = name;
    run->name = name;
    return 0;
}

static int name_runs(struct vs_runs *runs, struct vs_error *error)
{
    runs->names = calloc(runs->run_count, sizeof(*runs->names));
    if (!runs->names)
        return vs_error_set(error, VS_ERR_MEMORY, "out of memory");
    for (size_t s = 0; s < runs->scenario_count; s++) {
        const struct vs_scenario *scenario = &runs->scenarios[s];

        for (size_t i = scenario->first; i < scenario->first + scenario->count; i++) {
            struct vs_run_row *run = &runs->runs[i];
            size_t equal = 0;

            for (size_t k = scenario->first; k < scenario->first + scenario->count; k++)
                equal += strcmp(runs->runs[k].policy, run->policy) == 0 &&
                         vs_runs_is_own(&runs->runs[k]) == vs_runs_is_own(run);
            int ret = name_run(runs, run, equal > 1, error);

            if (ret < 0)
                return ret;
        }
    }
    return 0;
}

/* ------------------------------------------------------------ what to draw */

/* Loads in order: more copies and more speed is more; then overlapping streams;
 * then idle gaps cut; then more waiting under whatever runs. */
static int compare_load(const struct vs_runs *runs, const struct vs_scenario *a,
                        const struct vs_scenario *b)
{
    const struct vs_run_row *x = vs_runs_first(runs, a), *y = vs_runs_first(runs, b);
    double load_x = x->speed * (double)x->clones, load_y = y->speed * (double)y->clones;

    if (load_x != load_y)
        return load_x < load_y ? -1 : 1;
    if (x->rebase != y->rebase)
        return x->rebase < y->rebase ? -1 : 1;
    bool cut_x = x->max_think_ns != 0, cut_y = y->max_think_ns != 0;

    return (int)cut_x - (int)cut_y;
}

static bool same_host(const struct vs_runs *runs, const struct vs_scenario *a,
                      const struct vs_scenario *b)
{
    const struct vs_run_row *x = vs_runs_first(runs, a), *y = vs_runs_first(runs, b);

    return strcmp(x->trace_hash, y->trace_hash) == 0 && strcmp(x->trace_name, y->trace_name) == 0 &&
           strcmp(x->machine, y->machine) == 0;
}

static void choose_drawn(struct vs_runs *runs)
{
    size_t drawn = 0;

    for (size_t i = 0; i < runs->scenario_count && drawn < VS_DRAWN_MAX; i++) {
        size_t lowest = i, highest = i;
        bool seen = false;

        for (size_t k = 0; k < i && !seen; k++)
            seen = same_host(runs, &runs->scenarios[k], &runs->scenarios[i]);
        for (size_t k = i + 1; k < runs->scenario_count && !seen; k++) {
            if (!same_host(runs, &runs->scenarios[k], &runs->scenarios[i]))
                continue;
            if (compare_load(runs, &runs->scenarios[k], &runs->scenarios[lowest]) < 0)
                lowest = k;
            if (compare_load(runs, &runs->scenarios[k], &runs->scenarios[highest]) > 0)
                highest = k;
        }
        if (seen)
            continue;
        runs->scenarios[lowest].drawn = true;
        drawn++;
        if (highest != lowest && drawn < VS_DRAWN_MAX) {
            runs->scenarios[highest].drawn = true;
            drawn++;
        }
    }
}

/* -------------------------------------------------------------------- loading */

static int nothing_left(const struct vs_table *table, const char *trace, const char *machine,
                        struct vs_error *error)
{
    struct vs_text there = {0};

    if (table->row_count == 0)
        return vs_error_set(error, VS_ERR_INPUT,
                            "the database counts runs but gives none: it is damaged");
    for (size_t i = 0; i < table->row_count; i++) {
        bool seen = false;

        for (size_t k = 0; k < i && !seen; k++)
            seen =
                strcmp(vs_table_text(table, k, "trace_name"),
                       vs_table_text(table, i, "trace_name")) == 0 &&
                strcmp(vs_table_text(table, k, "machine"), vs_table_text(table, i, "machine")) == 0;
        if (!seen)
            vs_text_addf(&there, "%s%s on %s", there.length ? "; " : "",
                         vs_table_text(table, i, "trace_name"), vs_table_text(table, i, "machine"));
    }
    vs_error_set(error, VS_ERR_USAGE, "no run has%s%s%s%s%s; there is: %.500s",
                 trace ? " trace " : "", trace ? trace : "", trace && machine ? " and" : "",
                 machine ? " machine " : "", machine ? machine : "", vs_text_or_empty(&there));
    vs_text_free(&there);
    return VS_ERR_USAGE;
}

static int load(struct vs_runs *runs, const char *trace, const char *machine,
                struct vs_error *error)
{
    const struct vs_table *table = runs->table;
    size_t rows = table->row_count;
    int64_t *sweep_of = calloc(rows ? rows : 1, sizeof(*sweep_of));
    int64_t *scenario_of = calloc(rows ? rows : 1, sizeof(*scenario_of));
    int ret = VS_ERR_MEMORY;

    runs->runs = calloc(rows ? rows : 1, sizeof(*runs->runs));
    if (!runs->runs || !sweep_of || !scenario_of) {
        vs_error_set(error, VS_ERR_MEMORY, "out of memory for %zu runs", rows);
        goto out;
    }
    for (size_t i = 0; i < rows; i++) {
        if ((trace && strcmp(vs_table_text(table, i, "trace_name"), trace) != 0) ||
            (machine && strcmp(vs_table_text(table, i, "machine"), machine) != 0)) {
            runs->left_out++;
            continue;
        }
        sweep_of[runs->run_count] = vs_table_integer(table, i, "group_sweep");
        scenario_of[runs->run_count] = vs_table_integer(table, i, "group_scenario");
        read_run(table, i, &runs->runs[runs->run_count++]);
    }
    ret = runs->run_count ? 0 : nothing_left(table, trace, machine, error);
    if (ret == 0)
        ret = group(runs, sweep_of, scenario_of, error);
    if (ret == 0)
        ret = name_runs(runs, error);
    if (ret == 0)
        choose_drawn(runs);
out:
    free(sweep_of);
    free(scenario_of);
    return ret;
}

int vs_runs_load(struct vs_query *query, const char *trace, const char *machine,
                 struct vs_runs *runs, struct vs_error *error)
{
    *runs = (struct vs_runs){0};
    int ret = vs_query_table(query, "queries/runs.sql", "runs", &runs->table, error);

    if (ret == 0 && vs_query_run_count(query) == 0 && !trace && !machine)
        return 0;
    if (ret == 0 && vs_query_run_count(query) == 0)
        ret = vs_error_set(error, VS_ERR_USAGE,
                           "nothing was replayed into this database: leave out --trace and "
                           "--machine for the page of searches and hypotheses");
    if (ret == 0)
        ret = load(runs, trace, machine, error);
    if (ret < 0)
        vs_runs_free(runs);
    return ret;
}

void vs_runs_free(struct vs_runs *runs)
{
    for (size_t i = 0; i < runs->name_count; i++)
        free(runs->names[i]);
    free(runs->names);
    free(runs->runs);
    free(runs->scenarios);
    free(runs->sweeps);
    vs_table_free(runs->table);
    *runs = (struct vs_runs){0};
}

/* --------------------------------------------------------------------- asking */

const struct vs_run_row *vs_runs_find(const struct vs_runs *runs,
                                      const struct vs_scenario *scenario, const char *policy)
{
    const struct vs_run_row *found = NULL;

    for (size_t i = scenario->first; i < scenario->first + scenario->count; i++) {
        if (!vs_runs_is_own(&runs->runs[i]) && strcmp(runs->runs[i].policy, policy) == 0)
            found = &runs->runs[i]; /* the latest: within a name the query sorts by id */
    }
    return found;
}

const struct vs_run_row *vs_runs_first(const struct vs_runs *runs,
                                       const struct vs_scenario *scenario)
{
    return &runs->runs[scenario->first];
}

bool vs_runs_is_own(const struct vs_run_row *run)
{
    return run->policy_rank >= VS_RANK_OWN;
}

bool vs_runs_finished(const struct vs_run_row *run)
{
    return strcmp(run->outcome, "done") == 0;
}

bool vs_runs_is_reference(const struct vs_run_row *run)
{
    return !vs_runs_is_own(run) &&
           (strcmp(run->policy, "none") == 0 || strcmp(run->policy, "pcidevs-spin") == 0);
}

bool vs_runs_clean(const struct vs_run_row *run)
{
    return run->hazards == 0 && vs_runs_finished(run) && run->hazard_replicas == 0 &&
           run->deadlock_replicas == 0;
}

bool vs_runs_as_recorded(const struct vs_run_row *run)
{
    return run->speed == 1 && run->clones <= 1 && !run->rebase && run->max_think_ns == 0 &&
           strcmp(run->what_if, "[]") == 0;
}

/* The name in plots: says which are floor and ceiling, and marks by a dagger what has
 * gone wrong in any of the runs [first, first + count) of that name. */
static char *make_legend(const struct vs_runs *runs, size_t first, size_t count, size_t index)
{
    const struct vs_run_row *run = &runs->runs[index];
    const char *role = "";
    bool wrong = false;
    char *legend = NULL;

    for (size_t i = first; i < first + count && !wrong; i++)
        wrong = strcmp(runs->runs[i].name, run->name) == 0 && !vs_runs_clean(&runs->runs[i]);
    if (vs_runs_is_reference(run))
        role = strcmp(run->policy, "none") == 0 ? " (floor)" : " (ceiling)";
    if (asprintf(&legend, "%s%s%s", run->name, role, wrong ? " †" : "") < 0)
        return NULL;
    return legend;
}

static int show(struct vs_query *query, const struct vs_runs *runs, size_t first, size_t count,
                struct vs_error *error)
{
    struct vs_shown *shown = calloc(count ? count : 1, sizeof(*shown));

    if (!shown)
        return vs_error_set(error, VS_ERR_MEMORY, "out of memory for %zu runs", count);
    for (size_t i = 0; i < count; i++)
        shown[i] = (struct vs_shown){runs->runs[first + i].id, runs->runs[first + i].name,
                                     make_legend(runs, first, count, first + i)};
    int ret = vs_query_show(query, shown, count, error);

    for (size_t i = 0; i < count; i++)
        free((char *)(uintptr_t)shown[i].legend);
    free(shown);
    return ret;
}

int vs_runs_show(struct vs_query *query, const struct vs_runs *runs,
                 const struct vs_scenario *scenario, struct vs_error *error)
{
    return show(query, runs, scenario->first, scenario->count, error);
}

int vs_runs_show_sweep(struct vs_query *query, const struct vs_runs *runs,
                       const struct vs_sweep *sweep, struct vs_error *error)
{
    const struct vs_scenario *first = &runs->scenarios[sweep->first];
    const struct vs_scenario *last = &runs->scenarios[sweep->first + sweep->count - 1];

    return show(query, runs, first->first, last->first + last->count - first->first, error);
}
