/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The whole report in memory: what the page shows and --json prints.  Made from
 * the database; the plots are drawn on the way.
 */
#ifndef VS_ANALYSIS_REPORT_H
#define VS_ANALYSIS_REPORT_H

#include <stddef.h>

#include "assumed.h"
#include "base/error.h"
#include "base/json.h"
#include "describe.h"
#include "plots.h"
#include "proof.h"
#include "runs.h"
#include "sensitivity.h"
#include "table.h"

struct vs_report_options {
    const char *database, *directory;
    const char *title;
    const char *trace, *machine; /* filters, NULL for any */
    unsigned pictures;           /* mask of enum vs_picture: what to keep in directory */
};

/* What belongs to one scenario. */
struct vs_section {
    const struct vs_scenario *scenario;
    struct vs_table *hazards, *spinlocks, *others, *blockers;
    struct vs_sentences findings;
    struct vs_figure *figures; /* NULL unless the scenario is drawn */
    size_t figure_count;
};

struct vs_report {
    const struct vs_report_options *options;
    struct vs_runs runs;
    struct vs_section *sections; /* one per scenario; what was recorded before what-ifs */
    size_t section_count;
    struct vs_figure *sweeps; /* one per sweep */
    size_t sweep_count;
    struct vs_sensitivities sensitivities; /* what survives the assumptions, by trace */
    struct vs_assumed assumed;             /* its pictures */
    struct vs_proof proof;
    struct vs_sentences limits;
};

/*
 * Read, draw and describe.  Pictures and data lie in options->directory
 * afterwards (SVGs always: the page takes them in).  progress may be NULL; it is
 * called with each plot's file name before it is drawn.  Free with vs_report_free.
 */
int vs_report_make(const struct vs_report_options *options, void (*progress)(const char *name),
                   struct vs_report *report, struct vs_error *error);
void vs_report_free(struct vs_report *report);

/* Write DIR/index.html.  Then remove the SVGs if they were not asked for, and what an
 * earlier report left that this one did not draw. */
int vs_report_write_page(const struct vs_report *report, struct vs_error *error);

/* What the report says, as JSON. */
struct vs_json_out *vs_report_json(const struct vs_report *report);

#endif
