/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The axes that every run has, and one more for each number that --vary set. */
#include "axes.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static double get_speed(const struct vs_run_row *run)
{
    return run->speed;
}

static double get_clones(const struct vs_run_row *run)
{
    return (double)run->clones;
}

static double get_cpus(const struct vs_run_row *run)
{
    return (double)run->cpus;
}

static double get_seed(const struct vs_run_row *run)
{
    return (double)run->seed;
}

static double get_max_think(const struct vs_run_row *run)
{
    return (double)run->max_think_ns;
}

static const char *get_machine(const struct vs_run_row *run)
{
    return run->machine;
}

static const char *get_timing(const struct vs_run_row *run)
{
    return run->timing;
}

static const char *get_rebase(const struct vs_run_row *run)
{
    return run->rebase ? "rebased" : "as recorded";
}

static const char *get_version(const struct vs_run_row *run)
{
    return run->version ? run->version : "";
}

/* Seeds have no order that means anything, and 0 CPUs are as many as there are vCPUs. */
static const struct fixed {
    const char *name;
    double (*number)(const struct vs_run_row *run);
    const char *(*word)(const struct vs_run_row *run);
    bool ordered, duration;
} fixed[] = {
    {"machine", NULL, get_machine, false, false},
    {"speed", get_speed, NULL, true, false},
    {"clones", get_clones, NULL, true, false},
    {"timing", NULL, get_timing, false, false},
    {"streams", NULL, get_rebase, false, false},
    {"idle gaps cut to", get_max_think, NULL, false, true},
    {"CPUs", get_cpus, NULL, false, false},
    {"seed", get_seed, NULL, false, false},
    {"vpci-sim", NULL, get_version, false, false},
};

#define FIXED (sizeof(fixed) / sizeof(*fixed))

/* -------------------------------------------------------------------- making */

static bool same_trace(const struct vs_runs *runs, size_t a, size_t b)
{
    const struct vs_run_row *x = vs_runs_first(runs, &runs->scenarios[a]);
    const struct vs_run_row *y = vs_runs_first(runs, &runs->scenarios[b]);

    return strcmp(x->trace_hash, y->trace_hash) == 0;
}

static bool is_of(const struct vs_axes *axes, int64_t run_id)
{
    for (size_t i = 0; i < axes->scenario_count; i++) {
        if (vs_runs_first(axes->runs, vs_axes_scenario(axes, i))->id == run_id)
            return true;
    }
    return false;
}

static int add_axis(struct vs_axes *axes, const char *name, bool numeric, bool is_cost)
{
    struct vs_axis *grown = realloc(axes->axes, (axes->axis_count + 1) * sizeof(*grown));

    if (!grown)
        return VS_ERR_MEMORY;
    axes->axes = grown;
    axes->axes[axes->axis_count] =
        (struct vs_axis){.name = strdup(name), .numeric = numeric, .is_cost = is_cost};
    return axes->axes[axes->axis_count++].name ? 0 : VS_ERR_MEMORY;
}

static int add_axes(struct vs_axes *axes, const struct vs_table *varied)
{
    int ret = 0;

    for (size_t i = 0; i < FIXED && ret == 0; i++)
        ret = add_axis(axes, fixed[i].name, fixed[i].ordered, false);
    for (size_t i = 0; i < varied->row_count && ret == 0; i++) {
        const char *name = vs_table_text(varied, i, "parameter");
        bool known = !is_of(axes, vs_table_integer(varied, i, "run_id"));

        for (size_t k = FIXED; k < axes->axis_count && !known; k++)
            known = strcmp(axes->axes[k].name, name) == 0;
        if (!known)
            ret = add_axis(axes, name, true, true);
    }
    return ret;
}

static int set_fixed(const struct fixed *axis, const struct vs_run_row *run, struct vs_place *place)
{
    char number[VS_WORDS_NUMBER];

    if (axis->word) {
        place->text = strdup(axis->word(run));
        return place->text ? 0 : VS_ERR_MEMORY;
    }
    place->value = axis->number(run);
    if (axis->duration && place->value > 0)
        vs_words_duration(place->value, number);
    else
        snprintf(number, sizeof(number), axis->duration ? "none" : "%.9g", place->value);
    place->text = strdup(number);
    return place->text ? 0 : VS_ERR_MEMORY;
}

static int set_varied(const struct vs_axis *axis, const struct vs_table *varied, int64_t run_id,
                      struct vs_place *place)
{
    char number[VS_WORDS_NUMBER];

    place->value = (double)NAN;
    for (size_t i = 0; i < varied->row_count; i++) {
        if (vs_table_integer(varied, i, "run_id") == run_id &&
            strcmp(vs_table_text(varied, i, "parameter"), axis->name) == 0)
            place->value = vs_table_real(varied, i, "value_ns");
    }
    place->text =
        strdup(isnan(place->value) ? "as in the profile" : vs_words_duration(place->value, number));
    return place->text ? 0 : VS_ERR_MEMORY;
}

static bool same_place(const struct vs_axes *axes, size_t a, size_t b, size_t axis)
{
    const struct vs_place *x = vs_axes_place(axes, a, axis), *y = vs_axes_place(axes, b, axis);

    /* Texts have three digits, values all of them. */
    return strcmp(x->text, y->text) == 0 && !(x->value < y->value) && !(x->value > y->value);
}

static int set_places(struct vs_axes *axes, const struct vs_table *varied)
{
    int ret = 0;

    axes->places = calloc(axes->scenario_count * axes->axis_count, sizeof(*axes->places));
    if (!axes->places)
        return VS_ERR_MEMORY;
    for (size_t s = 0; s < axes->scenario_count; s++) {
        const struct vs_run_row *run = vs_runs_first(axes->runs, vs_axes_scenario(axes, s));

        for (size_t a = 0; a < axes->axis_count && ret == 0; a++) {
            struct vs_place *place = &axes->places[s * axes->axis_count + a];

            ret = a < FIXED ? set_fixed(&fixed[a], run, place)
                            : set_varied(&axes->axes[a], varied, run->id, place);
        }
    }
    for (size_t a = 0; a < axes->axis_count && ret == 0; a++) {
        for (size_t s = 1; s < axes->scenario_count; s++)
            axes->axes[a].varied |= !same_place(axes, 0, s, a);
    }
    return ret;
}

int vs_axes_make(const struct vs_runs *runs, size_t first, const struct vs_table *varied,
                 struct vs_axes *axes, struct vs_error *error)
{
    int ret = VS_ERR_MEMORY;

    *axes = (struct vs_axes){.runs = runs};
    axes->scenarios = calloc(runs->scenario_count, sizeof(*axes->scenarios));
    if (axes->scenarios) {
        for (size_t i = first; i < runs->scenario_count; i++) {
            if (same_trace(runs, first, i))
                axes->scenarios[axes->scenario_count++] = i;
        }
        ret = add_axes(axes, varied);
    }
    if (ret == 0)
        ret = set_places(axes, varied);
    if (ret < 0) {
        vs_axes_free(axes);
        vs_error_set(error, VS_ERR_MEMORY, "out of memory for the assumptions");
    }
    return ret;
}

void vs_axes_free(struct vs_axes *axes)
{
    for (size_t i = 0; axes->places && i < axes->scenario_count * axes->axis_count; i++)
        free(axes->places[i].text);
    for (size_t i = 0; i < axes->axis_count; i++)
        free(axes->axes[i].name);
    free(axes->places);
    free(axes->axes);
    free(axes->scenarios);
    *axes = (struct vs_axes){0};
}

/* -------------------------------------------------------------------- asking */

const struct vs_place *vs_axes_place(const struct vs_axes *axes, size_t scenario, size_t axis)
{
    return &axes->places[scenario * axes->axis_count + axis];
}

const struct vs_scenario *vs_axes_scenario(const struct vs_axes *axes, size_t scenario)
{
    return &axes->runs->scenarios[axes->scenarios[scenario]];
}

bool vs_axes_alike_but(const struct vs_axes *axes, size_t a, size_t b, size_t axis)
{
    for (size_t i = 0; i < axes->axis_count; i++) {
        if (i != axis && !same_place(axes, a, b, i))
            return false;
    }
    return true;
}

size_t vs_axes_difference(const struct vs_axes *axes, size_t a, size_t b)
{
    size_t found = axes->axis_count;

    for (size_t i = 0; i < axes->axis_count; i++) {
        if (same_place(axes, a, b, i))
            continue;
        if (found < axes->axis_count)
            return axes->axis_count;
        found = i;
    }
    return found;
}

void vs_axes_describe(const struct vs_axes *axes, size_t scenario, size_t leave_out,
                      struct vs_text *text)
{
    bool any = false;

    for (size_t i = 0; i < axes->axis_count; i++) {
        if (i == leave_out || !axes->axes[i].varied)
            continue;
        vs_text_addf(text, "%s%s %s", any ? ", " : "", axes->axes[i].name,
                     vs_axes_place(axes, scenario, i)->text);
        any = true;
    }
}
