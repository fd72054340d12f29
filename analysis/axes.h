/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What was assumed in each scenario of a trace, along axes: the machine, the speed,
 * each number that --vary set.  Two scenarios that differ along one axis alone show
 * what hangs on it.
 */
#ifndef VS_ANALYSIS_AXES_H
#define VS_ANALYSIS_AXES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "query.h"
#include "runs.h"
#include "words.h"

/* Where a scenario stands on an axis. */
struct vs_place {
    double value; /* of a numeric axis; NAN when the scenario leaves it as the profile has it */
    char *text;   /* as a person says it: "16", "500 ns", "ryzen-7950x"; owned */
};

struct vs_axis {
    char *name;   /* "speed", "machine", "conf1-cycle"; owned */
    bool numeric; /* values have an order */
    bool is_cost; /* a number of the machine profile, in ns */
    bool varied;  /* scenarios differ along it */
};

/* The scenarios of one trace: the groups of runs that are compared with each other. */
struct vs_axes {
    const struct vs_runs *runs;
    size_t *scenarios; /* indices into runs->scenarios */
    size_t scenario_count;
    struct vs_axis *axes;
    size_t axis_count;
    struct vs_place *places; /* scenario_count rows of axis_count */
};

/*
 * Lay out the scenarios of the same trace as scenario number first.  varied is the table of
 * queries/runs.sql of that name.  VS_ERR_MEMORY.  Free with vs_axes_free.
 */
int vs_axes_make(const struct vs_runs *runs, size_t first, const struct vs_table *varied,
                 struct vs_axes *axes, struct vs_error *error);
void vs_axes_free(struct vs_axes *axes);

const struct vs_place *vs_axes_place(const struct vs_axes *axes, size_t scenario, size_t axis);
const struct vs_scenario *vs_axes_scenario(const struct vs_axes *axes, size_t scenario);
/* The axis along which alone two scenarios differ, or axis_count when there is none or several. */
size_t vs_axes_difference(const struct vs_axes *axes, size_t a, size_t b);
/* Both stand at the same place of every axis but this one. */
bool vs_axes_alike_but(const struct vs_axes *axes, size_t a, size_t b, size_t axis);
/* "speed 4, machine ryzen-7950x": the place along the axes that vary, leaving one out
 * (axis_count: none). */
void vs_axes_describe(const struct vs_axes *axes, size_t scenario, size_t leave_out,
                      struct vs_text *text);

#endif
