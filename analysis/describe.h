/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The report's sentences, made from the numbers: what was replayed, what it
 * cannot tell, and what differs by how much.  Plain text; whoever prints it escapes.
 */
#ifndef VS_ANALYSIS_DESCRIBE_H
#define VS_ANALYSIS_DESCRIBE_H

#include <stddef.h>

#include "base/error.h"
#include "compare.h"
#include "runs.h"
#include "words.h"

/* A list of sentences, owned. */
struct vs_sentences {
    char **items;
    size_t count;
};
void vs_sentences_free(struct vs_sentences *sentences);
/* Append a copy, unless it is there already.  VS_ERR_MEMORY. */
int vs_sentences_add(struct vs_sentences *sentences, const char *text);

/* The strings of a JSON array; a text that is none comes back as it is. */
int vs_describe_array(const char *json, struct vs_sentences *sentences);

/* "as recorded" or "speed 64, 4 clones, streams overlapped, idle gaps cut to 1.00 ms". */
void vs_describe_load(const struct vs_run_row *run, struct vs_text *text);
/* Trace, load and machine in one line: the heading of a scenario. */
void vs_describe_heading(const struct vs_run_row *run, struct vs_text *text);
/* What every plot says of its origin.  With sweep, the load is left to the axis. */
void vs_describe_caption(const struct vs_runs *runs, const struct vs_scenario *scenario,
                         const struct vs_sweep *sweep, struct vs_text *text);

/* " · incomplete: ..." when one of the notes (a JSON array) says that a capture was cut off. */
void vs_describe_incomplete(const char *notes, struct vs_text *text);

/* "none seen", "deadlock", or "use-after-free ×3, list-race ×1", from the rows of
 * queries/hazards.sql that belong to the run. */
void vs_describe_safety(const struct vs_run_row *run, const struct vs_table *hazards,
                        struct vs_text *text);

/* What differs in a scenario and by how much, most important first. */
int vs_describe_findings(const struct vs_runs *runs, const struct vs_scenario *scenario,
                         const struct vs_table *hazards, struct vs_sentences *sentences);
/* What the database as a whole cannot tell. */
int vs_describe_limits(const struct vs_runs *runs, struct vs_sentences *sentences);

/* The numbers of a machine profile that are marked as assumptions:
 * "work.exit-port: ns 2000; source ...".  None when the text is no JSON. */
int vs_describe_assumptions(const char *machine_text, struct vs_sentences *sentences);

#endif
