/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The plots: each is a pair plots/NAME.sql (what to show) and plots/NAME.gp (how),
 * embedded at build.  Drawing one leaves in the report's directory
 *   data/NAME.SLUG.tsv   the numbers
 *   plots/NAME.gp        the script, plots/NAME.SLUG.gp its parameters
 *   NAME.SLUG.svg, .png  the picture
 * so that `gnuplot plots/NAME.SLUG.gp`, in that directory, draws it again after an edit.
 *
 * Tables of a .sql file: `nothing` (a sentence when there is nothing to show),
 * `title` (optional: replaces the registry's), `series` (row, name, policy,
 * label, label2), `keys` (optional: name, kind), `data` (the numbers; the first column
 * is a series' row).
 */
#ifndef VS_ANALYSIS_PLOTS_H
#define VS_ANALYSIS_PLOTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "query.h"

struct vs_plot {
    const char *name;        /* "latency" */
    const char *title;       /* in the picture */
    const char *reading;     /* a sentence under it on the page: how to read it */
    bool sweep;              /* over the speeds of a sweep, not for one scenario */
    bool assumed;            /* of what was assumed (assumed.c), not for one scenario */
    int width, height;       /* pixels without the caption and what grows */
    int per_series, per_key; /* pixels that one more series or key adds */
    bool draws_references;   /* floor and ceiling are among the series */
};

/* Ends with a NULL name. */
extern const struct vs_plot vs_plots[];

/* How a policy is drawn, in every plot and on the page. */
struct vs_style {
    const char *policy;
    const char *colour; /* "#rrggbb" */
    int dash;           /* gnuplot's dashtype: 1 solid, 2 dashed, 3 dotted, 4 dash-dot */
    double width;
};
/* A policy of that name ships with the simulator. */
bool vs_plots_ships(const char *policy);
/* The style of a policy that ships; "" or any other name: one of a few by serial, for the
 * user's own. */
const struct vs_style *vs_plots_style(const char *policy, size_t serial);

enum vs_picture { VS_PICTURE_SVG = 1, VS_PICTURE_PNG = 2 };

/* PNGs are drawn this much larger than the pixel sizes above. */
#define VS_PNG_SCALE 1.5

/* A plot that was drawn, or the reason why not. */
struct vs_figure {
    const struct vs_plot *plot;
    char *title;   /* owned, as all below */
    char *nothing; /* a sentence, when there is nothing to draw; else NULL */
    char *caption;
    char *svg_name, *png_name; /* file names within the directory; NULL when not drawn */
    char *warnings;            /* what gnuplot said, or NULL */
};
void vs_figure_free(struct vs_figure *figure);

/* VS_ERR_HOST with what to install when gnuplot does not run. */
int vs_plots_check_gnuplot(struct vs_error *error);

/* Make directory (its parent exists), data/ and plots/ in it.  VS_ERR_HOST. */
int vs_plots_prepare(const char *directory, struct vs_error *error);

/*
 * Draw plot from what the table `shown` holds.  pictures is a mask of enum
 * vs_picture.  Errors: VS_ERR_HOST for files and gnuplot, VS_ERR_INPUT for the
 * database's content.
 */
int vs_plots_draw(struct vs_query *query, const struct vs_plot *plot, const char *directory,
                  const char *slug, const char *caption, unsigned pictures,
                  struct vs_figure *figure, struct vs_error *error);

#endif
