/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counts verdicts over the groups of a trace.  A verdict is compare.h's, so that a
 * difference within the spread of replicas is none.
 *
 * A flip is looked for between groups that differ along one axis alone: there the axis is
 * what turned it.  Along an axis with an order only neighbours count, groups in which the
 * two are not told apart lying between them or not.
 */
#include "sensitivity.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *vs_metric_name(enum vs_metric metric)
{
    return metric == VS_METRIC_P99 ? "p99" : "throughput";
}

/* ---------------------------------------------------------------- contenders */

/* The latest of that name in the group: within a name the query sorts by id. */
const struct vs_run_row *vs_sensitivity_run(const struct vs_sensitivity *sensitivity,
                                            size_t contender, size_t group)
{
    const struct vs_runs *runs = sensitivity->axes.runs;
    const struct vs_scenario *scenario = vs_axes_scenario(&sensitivity->axes, group);
    const struct vs_contender *wanted = &sensitivity->contenders[contender];
    const struct vs_run_row *found = NULL;

    for (size_t i = scenario->first; i < scenario->first + scenario->count; i++) {
        const struct vs_run_row *run = &runs->runs[i];

        if (strcmp(run->policy, wanted->run->policy) == 0 &&
            vs_runs_is_own(run) == vs_runs_is_own(wanted->run))
            found = run;
    }
    return found;
}

static bool is_known(const struct vs_sensitivity *sensitivity, const struct vs_run_row *run)
{
    for (size_t i = 0; i < sensitivity->contender_count; i++) {
        const struct vs_run_row *known = sensitivity->contenders[i].run;

        if (strcmp(known->policy, run->policy) == 0 && vs_runs_is_own(known) == vs_runs_is_own(run))
            return true;
    }
    return false;
}

static void add_group(struct vs_sensitivity *sensitivity, size_t group)
{
    const struct vs_scenario *scenario = vs_axes_scenario(&sensitivity->axes, group);
    const struct vs_runs *runs = sensitivity->axes.runs;

    for (size_t i = scenario->first; i < scenario->first + scenario->count; i++) {
        const struct vs_run_row *run = &runs->runs[i];

        if (!is_known(sensitivity, run))
            sensitivity->contenders[sensitivity->contender_count++] =
                (struct vs_contender){.name = vs_runs_is_own(run) ? run->name : run->policy,
                                      .run = run,
                                      .reference = vs_runs_is_reference(run)};
    }
}

static int by_rank(const void *a, const void *b)
{
    const struct vs_contender *x = a, *y = b;

    if (x->run->policy_rank != y->run->policy_rank)
        return x->run->policy_rank < y->run->policy_rank ? -1 : 1;
    return strcmp(x->name, y->name);
}

static int find_contenders(struct vs_sensitivity *sensitivity)
{
    const struct vs_axes *axes = &sensitivity->axes;
    size_t room = 0;

    for (size_t g = 0; g < axes->scenario_count; g++)
        room += vs_axes_scenario(axes, g)->count;
    sensitivity->contenders = calloc(room, sizeof(*sensitivity->contenders));
    if (!sensitivity->contenders)
        return VS_ERR_MEMORY;
    for (size_t g = 0; g < axes->scenario_count; g++)
        add_group(sensitivity, g);
    qsort(sensitivity->contenders, sensitivity->contender_count, sizeof(*sensitivity->contenders),
          by_rank);
    for (size_t i = 0; i < sensitivity->contender_count; i++) {
        struct vs_contender *contender = &sensitivity->contenders[i];

        for (size_t g = 0; g < axes->scenario_count; g++) {
            const struct vs_run_row *run = vs_sensitivity_run(sensitivity, i, g);

            contender->groups += run != NULL;
            contender->wrong += run && !vs_runs_clean(run);
        }
        contender->ranked = !contender->reference && contender->wrong == 0;
        contender->unbeaten[VS_METRIC_P99] = contender->unbeaten[VS_METRIC_THROUGHPUT] =
            contender->ranked;
    }
    return 0;
}

static void count_measured(struct vs_sensitivity *sensitivity)
{
    const struct vs_axes *axes = &sensitivity->axes;

    for (size_t g = 0; g < axes->scenario_count; g++) {
        const struct vs_scenario *scenario = vs_axes_scenario(axes, g);
        bool all = true;

        for (size_t i = scenario->first; i < scenario->first + scenario->count; i++)
            all &= vs_compare_measured(&axes->runs->runs[i], &axes->runs->runs[i]);
        sensitivity->measured_groups += all;
    }
}

/* --------------------------------------------------------------------- pairs */

bool vs_sensitivity_verdict(const struct vs_sensitivity *sensitivity, enum vs_metric metric,
                            size_t a, size_t b, size_t group, int *verdict)
{
    const struct vs_run_row *x = vs_sensitivity_run(sensitivity, a, group);
    const struct vs_run_row *y = vs_sensitivity_run(sensitivity, b, group);

    if (!x || !y)
        return false;
    *verdict = metric == VS_METRIC_P99 ? vs_compare_p99(x, y) : vs_compare_throughput(x, y);
    return true;
}

/* A group strictly between two along an axis with an order, alike else, that has a verdict. */
static bool decided_between(const struct vs_axes *axes, const int *verdicts, size_t a, size_t b,
                            size_t axis)
{
    double x = vs_axes_place(axes, a, axis)->value, y = vs_axes_place(axes, b, axis)->value;
    double low = fmin(x, y), high = fmax(x, y);

    for (size_t g = 0; g < axes->scenario_count; g++) {
        double value = vs_axes_place(axes, g, axis)->value;

        if (verdicts[g] != 0 && value > low && value < high && vs_axes_alike_but(axes, a, g, axis))
            return true;
    }
    return false;
}

static int add_flip(struct vs_pair *pair, struct vs_flip flip)
{
    struct vs_flip *grown = realloc(pair->flips, (pair->flip_count + 1) * sizeof(*grown));

    if (!grown)
        return VS_ERR_MEMORY;
    pair->flips = grown;
    pair->flips[pair->flip_count++] = flip;
    return 0;
}

static int find_flips(const struct vs_axes *axes, const int *verdicts, struct vs_pair *pair)
{
    struct vs_flip across = {.axis = axes->axis_count};
    int ret = 0;

    for (size_t a = 0; a < axes->scenario_count && ret == 0; a++) {
        for (size_t b = 0; b < axes->scenario_count && ret == 0; b++) {
            if (verdicts[a] >= 0 || verdicts[b] <= 0)
                continue;
            size_t axis = vs_axes_difference(axes, a, b);

            across.better = a;
            across.worse = b;
            if (axis == axes->axis_count)
                continue;
            if (!axes->axes[axis].numeric || !decided_between(axes, verdicts, a, b, axis))
                ret = add_flip(pair, (struct vs_flip){.axis = axis, .better = a, .worse = b});
        }
    }
    if (ret == 0 && pair->flip_count == 0)
        ret = add_flip(pair, across);
    return ret;
}

/* 0 when the two never met. */
static int make_pair(const struct vs_sensitivity *sensitivity, enum vs_metric metric, size_t a,
                     size_t b, int *verdicts, struct vs_pair *pair)
{
    const struct vs_axes *axes = &sensitivity->axes;
    int ret = 1;

    *pair = (struct vs_pair){.a = a, .b = b};
    for (size_t g = 0; g < axes->scenario_count; g++) {
        verdicts[g] = 0;
        if (!vs_sensitivity_verdict(sensitivity, metric, a, b, g, &verdicts[g]))
            continue;
        pair->better += verdicts[g] < 0;
        pair->worse += verdicts[g] > 0;
        pair->alike += verdicts[g] == 0;
    }
    if (pair->better + pair->worse + pair->alike == 0)
        return 0;
    if (pair->worse > pair->better) {
        size_t more = pair->worse;

        pair->worse = pair->better;
        pair->better = more;
        pair->a = b;
        pair->b = a;
        for (size_t g = 0; g < axes->scenario_count; g++)
            verdicts[g] = -verdicts[g];
    }
    pair->stand = pair->better == 0  ? VS_STAND_ALIKE
                  : pair->worse > 0  ? VS_STAND_FLIPS
                  : pair->alike == 0 ? VS_STAND_HOLDS
                                     : VS_STAND_NEVER_WORSE;
    if (pair->stand == VS_STAND_FLIPS && find_flips(axes, verdicts, pair) < 0)
        ret = VS_ERR_MEMORY;
    return ret;
}

static int find_pairs(struct vs_sensitivity *sensitivity, enum vs_metric metric)
{
    size_t count = sensitivity->contender_count;
    int *verdicts = calloc(sensitivity->axes.scenario_count, sizeof(*verdicts));
    struct vs_pair *pairs = calloc(count * count + 1, sizeof(*pairs));
    int ret = verdicts && pairs ? 0 : VS_ERR_MEMORY;

    sensitivity->pairs[metric] = pairs;
    for (size_t a = 0; a < count && ret >= 0; a++) {
        for (size_t b = a + 1; b < count && ret >= 0; b++) {
            struct vs_pair *pair = &pairs[sensitivity->pair_count[metric]];

            if (!sensitivity->contenders[a].ranked || !sensitivity->contenders[b].ranked)
                continue;
            ret = make_pair(sensitivity, metric, a, b, verdicts, pair);
            sensitivity->pair_count[metric] += ret != 0;
            if (ret <= 0)
                continue;
            if (pair->better > 0)
                sensitivity->contenders[pair->b].unbeaten[metric] = false;
            if (pair->worse > 0)
                sensitivity->contenders[pair->a].unbeaten[metric] = false;
        }
    }
    free(verdicts);
    return ret < 0 ? ret : 0;
}

/* -------------------------------------------------------------------- traces */

static bool seen_before(const struct vs_runs *runs, size_t scenario)
{
    for (size_t i = 0; i < scenario; i++) {
        if (strcmp(vs_runs_first(runs, &runs->scenarios[i])->trace_hash,
                   vs_runs_first(runs, &runs->scenarios[scenario])->trace_hash) == 0)
            return true;
    }
    return false;
}

static int make_one(const struct vs_runs *runs, size_t first, const struct vs_table *varied,
                    struct vs_sensitivity *made, struct vs_error *error)
{
    int ret = vs_axes_make(runs, first, varied, &made->axes, error);

    if (ret == 0)
        ret = find_contenders(made);
    if (ret == 0)
        count_measured(made);
    for (int m = 0; m < VS_METRIC_COUNT && ret == 0; m++)
        ret = find_pairs(made, (enum vs_metric)m);
    if (ret == 0)
        ret = vs_sensitivity_say(made);
    if (ret < 0)
        vs_error_set(error, VS_ERR_MEMORY, "out of memory for what survives the assumptions");
    return ret;
}

int vs_sensitivity_make(struct vs_query *query, const struct vs_runs *runs,
                        struct vs_sensitivities *all, struct vs_error *error)
{
    struct vs_table *varied = NULL;
    int ret = vs_query_table(query, "queries/runs.sql", "varied", &varied, error);

    *all = (struct vs_sensitivities){0};
    if (ret < 0)
        return ret;
    all->items = calloc(runs->scenario_count + 1, sizeof(*all->items));
    if (!all->items)
        ret = vs_error_set(error, VS_ERR_MEMORY, "out of memory");
    for (size_t i = 0; i < runs->scenario_count && ret == 0; i++) {
        if (!seen_before(runs, i))
            ret = make_one(runs, i, varied, &all->items[all->count++], error);
    }
    vs_table_free(varied);
    return ret;
}

void vs_sensitivities_free(struct vs_sensitivities *all)
{
    for (size_t i = 0; i < all->count; i++) {
        struct vs_sensitivity *item = &all->items[i];

        for (int m = 0; m < VS_METRIC_COUNT; m++) {
            for (size_t p = 0; p < item->pair_count[m]; p++)
                free(item->pairs[m][p].flips);
            free(item->pairs[m]);
        }
        free(item->contenders);
        vs_axes_free(&item->axes);
        vs_sentences_free(&item->says);
    }
    free(all->items);
    *all = (struct vs_sensitivities){0};
}
