/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The report as one HTML page that needs nothing beside itself. */
#ifndef VS_ANALYSIS_PAGE_H
#define VS_ANALYSIS_PAGE_H

#include "report.h"
#include "words.h"

/* The whole page.  Reads the SVGs from the report's directory. */
int vs_page_render(const struct vs_report *report, struct vs_text *page, struct vs_error *error);

/* Parts of it, each a fragment; page_tables.c and page_provenance.c. */
void vs_page_comparison(const struct vs_report *report, const struct vs_section *section,
                        struct vs_text *out);
void vs_page_hazards(const struct vs_report *report, const struct vs_section *section,
                     struct vs_text *out);
/* page_sensitivity.c */
int vs_page_sensitivity(const struct vs_report *report, struct vs_text *out,
                        struct vs_error *error);
/* One picture with how to read it, or why there is none. */
int vs_page_figure(const struct vs_report *report, const struct vs_figure *figure,
                   const char *prefix, struct vs_text *out, struct vs_error *error);
void vs_page_locks(const struct vs_section *section, struct vs_text *out);
void vs_page_provenance(const struct vs_report *report, struct vs_text *out);

#endif
