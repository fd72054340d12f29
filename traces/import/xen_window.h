/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An xentrace file as one stream of records in the order of time.
 *
 * The file is a sequence of windows, each with what one pCPU's buffer held when
 * the xentrace daemon looked, so that the streams of the pCPUs lie in pieces
 * beside each other.  Opening reads the file once: it checks every record's
 * shape, notes where the windows are, and keeps the bytes within reach (a plain
 * file is read in place; anything compressed or piped goes to an unlinked
 * temporary file in $TMPDIR).  Reading then merges the streams by TSC, ties by
 * pCPU number and then by order in the stream.  Memory: 16 bytes per window and
 * 64 KiB per pCPU, whatever the file's size.
 */
#ifndef VS_TRACES_IMPORT_XEN_WINDOW_H
#define VS_TRACES_IMPORT_XEN_WINDOW_H

#include "import/xen_event.h"

struct vs_xen_log;

/* Count, among what could not be rebuilt, of a log that ends within a window. */
#define VS_XEN_BYTES_CUT_OFF "bytes-cut-off-last-window"

/* "No vCPU known" where domain << 16 | vcpu is expected. */
#define VS_XEN_NOBODY UINT32_MAX

/* What the first pass learns of one pCPU. */
struct vs_xen_pcpu {
    uint16_t number;
    bool has_tsc;       /* any record of it carries a TSC */
    uint64_t first_tsc; /* of the first record that carries one */
    /* The vCPU that runs at the start of the stream, as domain << 16 | vcpu, where a later
     * record tells (it stops running there, or continues), else VS_XEN_NOBODY. */
    uint32_t first_vcpu;
    uint64_t records;
};

/*
 * Open and check path.  Damage (a window that does not start as one, a record
 * longer than its window, a record of impossible shape) is VS_ERR_INPUT with
 * its byte offset in the decompressed stream; with tolerate it ends the log,
 * counted as not rebuilt.  A last window cut short is an end, also counted.
 * Counts what was seen in report.
 */
int vs_xen_log_open(const char *path, bool tolerate, struct vs_import_report *report,
                    struct vs_xen_log **log, struct vs_error *error);
void vs_xen_log_close(struct vs_xen_log *log);

/* The pCPUs, by rising number. */
size_t vs_xen_log_pcpu_count(const struct vs_xen_log *log);
const struct vs_xen_pcpu *vs_xen_log_pcpu(const struct vs_xen_log *log, size_t index);
/* The smallest TSC that starts a stream; 0 when no record has one. */
uint64_t vs_xen_log_first_tsc(const struct vs_xen_log *log);
/* Times a TSC of a pCPU was below one before it (such records count as of the later time). */
uint64_t vs_xen_log_tsc_backwards(const struct vs_xen_log *log);

/*
 * The next record: 1, 0 at the end, or an error.  *pcpu is the index of its
 * pCPU, *now its TSC or, for a record without one, that of the stream's record before it (at the
 * start of a stream, of the one after it).
 */
int vs_xen_log_next(struct vs_xen_log *log, struct vs_xen_record *record,
                    const struct vs_xen_event **event, size_t *pcpu, uint64_t *now,
                    struct vs_error *error);

#endif
