/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs experiments, compares, and reports. */
#include "validate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "experiments.h"
#include "pairs.h"

/* What goes from row to row: the identities so far, and the last run, since
 * neighbouring rows often read different measures off the same one. */
struct session {
    struct vs_lab_identities identities;
    struct vs_lab_load load;
    struct vs_lab_sums sums;
    const char *machine; /* NULL: nothing ran yet */
};

/* ---------------------------------------------------------------- measures */

/* Tight loops: one call per thread has all its rounds. */
static double per_round(const struct vs_lab_sums *sums)
{
    return sums->inside / sums->calls / sums->rounds;
}

static double tail_share(const struct vs_lab_sums *sums, uint32_t from)
{
    double sum = 0;
    for (uint32_t i = from; i < VS_RECORD_STATES; i++)
        sum += sums->share[i];
    return sum / sums->runs;
}

static double measure(const struct vs_experiment *experiment, const struct vs_lab_sums *sums)
{
    const struct vs_lab_load *load = &experiment->load;
    switch (experiment->measure) {
    case VS_MEASURE_OVERHEAD:
        return per_round(sums) - load->hold;
    case VS_MEASURE_PERIOD:
        return per_round(sums) / sums->threads;
    case VS_MEASURE_UPDATE:
        return per_round(sums) / 2;
    case VS_MEASURE_UPDATE_ALONE:
        return (per_round(sums) - load->hold) / 2;
    case VS_MEASURE_THROUGHPUT:
        return sums->calls / sums->elapsed;
    case VS_MEASURE_WAIT:
        return sums->wait / sums->calls;
    case VS_MEASURE_RESPONSE:
        return (sums->wait + sums->hold) / sums->calls;
    case VS_MEASURE_POPULATION:
        return (sums->wait + sums->hold) / sums->elapsed;
    case VS_MEASURE_UTILISATION:
        return sums->hold / sums->elapsed;
    case VS_MEASURE_WAITED_SHARE:
        return sums->waited / sums->acquired;
    case VS_MEASURE_RESPONSE_P99:
        return sums->latency_p99 / sums->runs;
    case VS_MEASURE_WAIT_P99:
        return sums->wait_p99 / sums->runs;
    case VS_MEASURE_WAIT_HALF:
        return sums->wait_half / sums->runs;
    case VS_MEASURE_STATE_SHARE:
        return sums->share[experiment->state] / sums->runs;
    case VS_MEASURE_TAIL_SHARE:
        return tail_share(sums, experiment->state);
    case VS_MEASURE_PAIRS: /* no run */
    case VS_MEASURE_COUNT:
        break;
    }
    return NAN;
}

/* count: threads, or CPUs for one thread where the load states CPUs. */
static int run_with(const struct vs_experiment *experiment, uint32_t count, double *value,
                    struct session *session, struct vs_error *error)
{
    struct vs_lab_load load;
    int ret = 0;
    memcpy(&load, &experiment->load, sizeof load); /* with its padding, to compare it below */
    *(load.cpus ? &load.cpus : &load.threads) = count;
    if (!session->machine || strcmp(session->machine, experiment->machine) != 0 ||
        memcmp(&session->load, &load, sizeof load) != 0) {
        ret = vs_lab_run(experiment->machine, &load, &session->sums, &session->identities, error);
        session->machine = ret == 0 ? experiment->machine : NULL;
        memcpy(&session->load, &load, sizeof load);
    }
    *value = ret == 0 ? measure(experiment, &session->sums) : NAN;
    return ret;
}

/* Least squares of the measure over threads - 1. */
static int fit(const struct vs_experiment *experiment, double *value, struct session *session,
               struct vs_error *error)
{
    double n = 0, x_sum = 0, y_sum = 0, xx_sum = 0, xy_sum = 0;
    for (size_t i = 0; i < VS_FIT_MAX && experiment->fit_threads[i]; i++) {
        double x = experiment->fit_threads[i] - 1.0, y;
        int ret = run_with(experiment, experiment->fit_threads[i], &y, session, error);
        if (ret < 0)
            return ret;
        n++;
        x_sum += x;
        y_sum += y;
        xx_sum += x * x;
        xy_sum += x * y;
    }
    double slope = (n * xy_sum - x_sum * y_sum) / (n * xx_sum - x_sum * x_sum);
    *value = experiment->combine == VS_COMBINE_SLOPE ? slope : (y_sum - slope * x_sum) / n;
    return 0;
}

static int simulate(const struct vs_experiment *experiment, double *value, struct session *session,
                    struct vs_error *error)
{
    double against = 1;
    int ret;
    if (experiment->combine == VS_COMBINE_SLOPE || experiment->combine == VS_COMBINE_INTERCEPT)
        return fit(experiment, value, session, error);
    if (experiment->measure == VS_MEASURE_PAIRS)
        return vs_pairs_percentile(experiment->machine, experiment->state, value, error);
    const struct vs_lab_load *load = &experiment->load;
    ret = run_with(experiment, load->cpus ? load->cpus : load->threads, value, session, error);
    if (ret == 0 && experiment->combine != VS_COMBINE_NONE)
        ret = run_with(experiment, experiment->against, &against, session, error);
    *value = experiment->combine == VS_COMBINE_SPEED_UP ? against / *value : *value / against;
    return ret;
}

/* -------------------------------------------------------------------- rows */

static void judge(struct vs_validate_row *row)
{
    row->error = row->simulated - row->published;
    if (fabs(row->published) > 0)
        row->error /= row->published;
    row->holds = fabs(row->error) <= row->tolerance; /* false for NaN */
}

/* Identities that hold in every run, over all runs of this report. */
#define IDENTITY_COUNT 4
static const struct vs_validate_row identity_rows[IDENTITY_COUNT] = {
    {.id = "identities/little",
     .what = "worst relative error of L = X R over all locks and runs",
     .unit = "",
     .tolerance = 1e-9,
     .source = "Little, Operations Research 9(3), 1961"},
    {.id = "identities/time",
     .what = "think + wait + work against threads x horizon, worst run",
     .unit = "ns",
     .tolerance = 0.5,
     .source = "conservation of time"},
    {.id = "identities/exclusion",
     .what = "grants that overlapped an exclusive hold",
     .unit = "",
     .tolerance = 0,
     .source = "mutual exclusion"},
    {.id = "identities/order",
     .what = "calls that a lock granted in order of arrival let overtake, recorded runs",
     .unit = "",
     .tolerance = 0,
     .source = "first come, first served: ticket, recursive, MCS, CLH"},
};

static void add_identities(struct vs_validate_report *report,
                           const struct vs_lab_identities *identities, const bool *selected)
{
    const double found[IDENTITY_COUNT] = {identities->little_worst, identities->time_error_ns,
                                          identities->overlaps, identities->overtaken};
    for (size_t i = 0; i < IDENTITY_COUNT; i++) {
        struct vs_validate_row *row = &report->rows[report->count];
        if (!selected[i])
            continue;
        *row = identity_rows[i];
        row->machine = "all above";
        row->role = VS_ROW_EXACT;
        row->simulated = found[i];
        judge(row);
        report->count++;
    }
}

static const struct vs_experiment *experiment_at(size_t index)
{
    if (index < vs_hardware_experiments.count)
        return &vs_hardware_experiments.experiments[index];
    return &vs_exact_experiments.experiments[index - vs_hardware_experiments.count];
}

static const char *id_at(size_t index, size_t experiments)
{
    return index < experiments ? experiment_at(index)->id : identity_rows[index - experiments].id;
}

/* Is a row's id, or its group, the word? */
static bool is_named(const char *id, const char *word)
{
    size_t group = strcspn(id, "/");
    return strcmp(id, word) == 0 || (strlen(word) == group && strncmp(id, word, group) == 0);
}

static int select_rows(const char *const *words, size_t word_count, bool *selected, size_t count,
                       size_t experiments, struct vs_error *error)
{
    for (size_t i = 0; i < count; i++)
        selected[i] = word_count == 0;
    for (size_t w = 0; w < word_count; w++) {
        bool known = false;
        for (size_t i = 0; i < count; i++)
            if (is_named(id_at(i, experiments), words[w]))
                selected[i] = known = true;
        if (known)
            continue;
        const char **ids = calloc(count + 1, sizeof *ids);
        for (size_t i = 0; ids && i < count; i++)
            ids[i] = id_at(i, experiments);
        const char *near = ids ? vs_nearest(words[w], ids) : NULL;
        free(ids);
        return vs_error_set(error, VS_ERR_USAGE, "no row or group \"%s\"%s%s%s", words[w],
                            near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
    }
    return 0;
}

static int run_row(const struct vs_experiment *experiment, struct vs_validate_row *row,
                   struct session *session, struct vs_error *error)
{
    *row = (struct vs_validate_row){.id = experiment->id,
                                    .what = experiment->what,
                                    .machine = experiment->machine,
                                    .unit = experiment->unit,
                                    .role = experiment->role,
                                    .published = experiment->published,
                                    .tolerance = experiment->tolerance,
                                    .source = experiment->source};
    int ret = simulate(experiment, &row->simulated, session, error);
    judge(row);
    return ret;
}

/* ------------------------------------------------------------------ groups */

static const struct {
    const char *name, *what;
} group_words[] = {
    {"uncontended", "one thread takes a lock and gives it back"},
    {"readers", "so many readers of one lock that hold it for nothing"},
    {"held", "the same with the lock held for 1 to 30 us"},
    {"increment", "so many threads increment one word"},
    {"saturated", "a lock that is always contended: ticket, MCS, CLH"},
    {"slopes", "the same on other machines: time per further thread"},
    {"pairs", "profile alone: transfer over all pairs of CPUs"},
    {"shapes", "growth with the number of CPUs"},
    {"chain", "ticket lock as a birth-death chain: collapse"},
    {"mm1", "open queue, exponential holds, every kind of lock"},
    {"md1", "open queue, constant holds"},
    {"mg1", "open queue, rare long holds"},
    {"mm1n", "closed queue, exponential holds"},
    {"dd1n", "closed queue, constant holds and thinking"},
    {"ticket-line", "saturated ticket lock, constant holds"},
    {"mixed", "readers and one writer of a fair lock"},
    {"mginf", "readers alone, no waiting"},
    {"identities", "laws that hold in every run above"},
};

static const char *group_what(const char *name)
{
    for (size_t i = 0; i < sizeof group_words / sizeof group_words[0]; i++)
        if (strcmp(group_words[i].name, name) == 0)
            return group_words[i].what;
    return "";
}

static void count_row(struct vs_validate_group *group, const struct vs_validate_row *row)
{
    const struct vs_validate_row *worst = group->worst;
    group->count[row->role]++;
    group->held[row->role] += row->holds;
    bool first = !worst || (worst->role != VS_ROW_PREDICTION && row->role == VS_ROW_PREDICTION);
    if (first || (worst->role == row->role && fabs(row->error) > fabs(worst->error)))
        group->worst = row;
}

/* Neighbouring rows of the same name are a group; its name is owned by the report. */
static int make_groups(struct vs_validate_report *report)
{
    report->groups = calloc(report->count + 1, sizeof *report->groups);
    if (!report->groups)
        return VS_ERR_MEMORY;
    for (size_t i = 0; i < report->count; i++) {
        const struct vs_validate_row *row = &report->rows[i];
        size_t length = strcspn(row->id, "/");
        struct vs_validate_group *group = &report->groups[report->group_count];
        if (report->group_count == 0 || strncmp(group[-1].name, row->id, length) != 0 ||
            group[-1].name[length] != '\0') {
            group->name = strndup(row->id, length);
            if (!group->name)
                return VS_ERR_MEMORY;
            group->what = group_what(group->name);
            report->group_count++;
        } else {
            group--;
        }
        count_row(group, row);
        count_row(&report->total, row);
        report->out_count += !row->holds;
    }
    return 0;
}

int vs_validate_run(const char *const *selected_words, size_t selected_count,
                    void (*progress)(void *context, size_t done, size_t total), void *context,
                    struct vs_validate_report **report, struct vs_error *error)
{
    size_t experiments = vs_hardware_experiments.count + vs_exact_experiments.count;
    size_t count = experiments + IDENTITY_COUNT;
    struct vs_validate_report *made = calloc(1, sizeof *made);
    bool *selected = calloc(count, sizeof *selected);
    struct session session = {.machine = NULL};
    int ret = VS_ERR_MEMORY;
    if (made)
        made->rows = calloc(count, sizeof *made->rows);
    if (!made || !made->rows || !selected) {
        vs_error_set(error, ret, "out of memory");
        goto out;
    }
    ret = select_rows(selected_words, selected_count, selected, count, experiments, error);
    for (size_t i = 0; ret == 0 && i < experiments; i++) {
        if (progress)
            progress(context, i, experiments);
        if (selected[i])
            ret = run_row(experiment_at(i), &made->rows[made->count++], &session, error);
    }
    if (ret < 0)
        goto out;
    add_identities(made, &session.identities, selected + experiments);
    if ((ret = make_groups(made)) < 0) {
        vs_error_set(error, ret, "out of memory");
        goto out;
    }
    *report = made;
    made = NULL;
out:
    vs_validate_report_free(made);
    free(selected);
    return ret;
}

void vs_validate_report_free(struct vs_validate_report *report)
{
    if (!report)
        return;
    for (size_t i = 0; i < report->group_count; i++)
        free((char *)report->groups[i].name);
    free(report->groups);
    free(report->rows);
    free(report);
}

/* -------------------------------------------------------------------- JSON */

const char *vs_row_role_name(enum vs_row_role role)
{
    static const char *const names[] = {"prediction", "calibrate", "exact"};
    return names[role];
}

static struct vs_json_out *groups_json(const struct vs_validate_report *report)
{
    struct vs_json_out *groups = vs_json_new_array();
    for (size_t i = 0; i < report->group_count; i++) {
        const struct vs_validate_group *group = &report->groups[i];
        struct vs_json_out *one = vs_json_new_object();
        vs_json_add_string(one, "group", group->name);
        vs_json_add_string(one, "what", group->what);
        for (int role = 0; role < VS_ROW_ROLE_COUNT; role++) {
            struct vs_json_out *rows = vs_json_new_object();
            vs_json_add_u64(rows, "rows", group->count[role]);
            vs_json_add_u64(rows, "hold", group->held[role]);
            vs_json_add(one, vs_row_role_name((enum vs_row_role)role), rows);
        }
        vs_json_add_string(one, "worst", group->worst->id);
        vs_json_add(groups, NULL, one);
    }
    return groups;
}

struct vs_json_out *vs_validate_json(const struct vs_validate_report *report)
{
    struct vs_json_out *out = vs_json_new_object(), *rows = vs_json_new_array();
    for (size_t i = 0; i < report->count; i++) {
        const struct vs_validate_row *row = &report->rows[i];
        struct vs_json_out *one = vs_json_new_object();
        vs_json_add_string(one, "row", row->id);
        vs_json_add_string(one, "what", row->what);
        vs_json_add_string(one, "machine", row->machine);
        vs_json_add_string(one, "role", vs_row_role_name(row->role));
        vs_json_add_string(one, "unit", row->unit);
        vs_json_add_double(one, "published", row->published);
        vs_json_add_double(one, "simulated", row->simulated);
        vs_json_add_double(one, "error", row->error);
        vs_json_add_double(one, "tolerance", row->tolerance);
        vs_json_add_boolean(one, "holds", row->holds);
        vs_json_add_string(one, "source", row->source);
        vs_json_add(rows, NULL, one);
    }
    vs_json_add(out, "rows", rows);
    vs_json_add(out, "groups", groups_json(report));
    vs_json_add_u64(out, "row_count", report->count);
    vs_json_add_u64(out, "out_count", report->out_count);
    return out;
}
