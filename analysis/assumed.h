/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pictures of what was assumed: p99 against each number that was varied, and how much
 * load each policy carries (table saturation).
 */
#ifndef VS_ANALYSIS_ASSUMED_H
#define VS_ANALYSIS_ASSUMED_H

#include "plots.h"
#include "sensitivity.h"

struct vs_assumed {
    struct vs_figure *figures;
    char **slugs; /* of each, owned */
    size_t count;
    size_t left_out; /* more would be too many to look at */
};

/* Of either kind, at most so many are drawn. */
#define VS_ASSUMED_MAX 6

/* Draw into directory.  progress may be NULL.  Errors as vs_plots_draw.  Free with
 * vs_assumed_free, also after an error. */
int vs_assumed_draw(struct vs_query *query, const struct vs_sensitivities *all,
                    const char *directory, unsigned pictures, void (*progress)(const char *name),
                    struct vs_assumed *assumed, struct vs_error *error);
void vs_assumed_free(struct vs_assumed *assumed);

#endif
