/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The list of a report's pictures, their numbers and scripts, kept in the report's
 * directory (vpci-report.files), so that the next report there removes those that it
 * does not draw itself, and never anything else.
 */
#ifndef VS_ANALYSIS_MANIFEST_H
#define VS_ANALYSIS_MANIFEST_H

#include <stdbool.h>

#include "base/error.h"
#include "report.h"

/* Remove what an earlier report listed and this one did not write; then list this one's.
 * Files that are gone already are no error; VS_ERR_HOST for those that stay. */
int vs_manifest_renew(const struct vs_report *report, struct vs_error *error);

/* True for what a report may have written for one picture: PLOT.SLUG.svg or .png,
 * data/PLOT.SLUG.tsv, plots/PLOT.SLUG.gp, PLOT being one of vs_plots. */
bool vs_manifest_is_ours(const char *name);

#endif
