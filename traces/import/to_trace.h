/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One import from end to end: an importer's records and its report become a trace file. */
#ifndef VS_TRACES_IMPORT_TO_TRACE_H
#define VS_TRACES_IMPORT_TO_TRACE_H

#include "import/import.h"
#include "trace.h"

struct vs_import_job {
    const struct vs_importer *importer;
    const struct vs_import_options *options;
    const char *output; /* "-" is standard output */
    struct vs_writer_options writer;
    /* Members for the stored account, beside importer, input, version and report; may be NULL. */
    void (*describe)(void *context, struct vs_json_out *account);
    void *context;
};

/*
 * Run the importer and write the trace.  meta holds what the caller knows (source, origin,
 * emulated, notes, devices) and is completed; report is filled.  The account is stored in the trace
 * and handed to the caller, who frees *account (NULL after an error).  On error no file is left.
 * Errors: those of the importer and of the writer.
 */
int vs_import_to_trace(const struct vs_import_job *job, struct vs_trace_meta *meta,
                       struct vs_import_report *report, struct vs_json_out **account,
                       struct vs_error *error);

#endif
