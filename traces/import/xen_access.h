/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What rebuilding an xentrace log makes: records whose size is still open, with
 * the evidence that sizes them.  Held in memory for the whole log, because a
 * size can only be told once every access of an instruction has been seen: 56
 * bytes for each I/O record of interest (config space, MSI-X, trapped memory), nothing
 * for the rest of the log.
 */
#ifndef VS_TRACES_IMPORT_XEN_ACCESS_H
#define VS_TRACES_IMPORT_XEN_ACCESS_H

#include "record.h"
#include "trace.h"

struct vs_import_report;

struct vs_xen_access {
    struct vs_record record; /* size is 0 where it is to be inferred */
    uint64_t rip;            /* of the instruction, where has_rip */
    uint32_t value_high;     /* upper half of a 64-bit value, 0 where not recorded */
    uint32_t previous;       /* index + 1 of the access before it in the same exit, 0: none */
    bool has_rip;
    bool wide_value; /* the record had room for 64 bits, so that value_high is known */
    bool dropped;    /* replaced by something better: do not emit */
    uint8_t size;    /* 1, 2, 4 or 8 once vs_xen_sizes_infer has run */
};

struct vs_xen_accesses {
    struct vs_xen_access *items;
    size_t count, room;
};

/* Room for one more, zeroed, or NULL when out of memory.  Pointers into items
 * are good until the next call. */
struct vs_xen_access *vs_xen_accesses_add(struct vs_xen_accesses *accesses);
void vs_xen_accesses_free(struct vs_xen_accesses *accesses);

/*
 * Give every config and MSI-X access a size, set VS_FLAG_SIZE_INFERRED where it
 * was not recorded, and drop those that cannot be an access that vPCI handles.
 * Evidence, strongest first: alignment and value bounds of all accesses of the
 * same instruction (a RIP has one size); contents of registers known from
 * snapshots and from dword reads; the usual size of well-known registers; the
 * smallest that fits.  Counts how each was decided in report.
 */
int vs_xen_sizes_infer(struct vs_xen_accesses *accesses, const struct vs_trace_meta *meta,
                       struct vs_import_report *report, struct vs_error *error);

#endif
