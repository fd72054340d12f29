/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state machine that turns a log's records, in the order of time, into
 * accesses: who runs on each pCPU, which exit is open, what 0xCF8 holds.
 */
#ifndef VS_TRACES_IMPORT_XEN_REBUILD_H
#define VS_TRACES_IMPORT_XEN_REBUILD_H

#include "import/xen_access.h"
#include "import/xen_vcpu.h"
#include "import/xen_window.h"

/* Everything that is counted while rebuilding; reported under the names in xen_rebuild.c. */
enum vs_xen_count {
    VS_XEN_NO_VCPU,            /* I/O while the pCPU's vCPU is not known */
    VS_XEN_NO_CF8,             /* 0xCFC access before any 0xCF8 write */
    VS_XEN_FAULT_OUTSIDE,      /* nested page fault outside any exit */
    VS_XEN_BAD_TRACEPOINT,     /* vPCI tracepoint record with an impossible size or value */
    VS_XEN_CF8_DISABLED,       /* 0xCFC access with bit 31 of 0xCF8 clear */
    VS_XEN_TIME_OF_NEIGHBOUR,  /* I/O outside any exit: time of the record before it */
    VS_XEN_EXIT_WITHOUT_ENTRY, /* accesses in an exit whose end is not in the log: no duration */
    VS_XEN_SEVERAL_IN_EXIT,    /* further accesses of an exit: no duration of their own */
    VS_XEN_SPLIT_EXITS,        /* accesses whose vCPU was descheduled inside the exit */
    VS_XEN_CF8_OTHER,
    VS_XEN_CF8_DIFFERS,
    VS_XEN_CF8_LOST,
    VS_XEN_CF8_SKEWED,
    VS_XEN_VCPU_TWICE,      /* a vCPU's records on a pCPU while it ran on another: unsynchronised
                             * TSCs */
    VS_XEN_RETRIED,         /* same write again within an exit: may be a retry logged twice */
    VS_XEN_REPLACED,        /* dropped for the vPCI tracepoint's record of the same access */
    VS_XEN_VCPU_FROM_LATER, /* pCPUs whose first vCPU was told by a later record */
    VS_XEN_VCPU_CORRECTED,  /* a scheduling record contradicted who was thought to run */
    VS_XEN_NESTED_EXITS,
    VS_XEN_CF8_WRITES,
    VS_XEN_CF8_READS,
    VS_XEN_OTHER_PORTS,
    VS_XEN_OTHER_DOMAINS,    /* accesses of domains that --only-domain leaves out */
    VS_XEN_OTHER_MEMORY,     /* nested page faults and memory accesses kept as mmio */
    VS_XEN_ECAM_FAULT_ALONE, /* a fault in ECAM without an access in its exit: kept as mmio */
    VS_XEN_PHYSDEV_OPS,
    VS_XEN_DOMCTLS,
    VS_XEN_LOST_RECORDS,
    VS_XEN_IO_EXITS_SVM,   /* port accesses in exits with SVM's reason for them */
    VS_XEN_IO_EXITS_VMX,   /* the same for VMX */
    VS_XEN_IO_EXITS_OTHER, /* the same with another reason */
    VS_XEN_SVM_IDS,        /* exits with SVM's own id, 4.19 and later */
    VS_XEN_COUNTS
};

struct vs_xen_rebuild {
    struct vs_xen_accesses accesses; /* in the order of time of their exits' I/O */
    struct vs_xen_vcpus vcpus;
    uint64_t counts[VS_XEN_COUNTS];
};

struct vs_xen_rebuild_options {
    const struct vs_trace_meta *meta; /* ecam windows and device snapshots */
    uint64_t tsc_hz;
    const uint16_t *domains; /* to keep; NULL: all */
    size_t domain_count;
};

/* Run over the whole log.  Free the result with vs_xen_rebuild_free, also after an error. */
int vs_xen_rebuild_run(struct vs_xen_log *log, const struct vs_xen_rebuild_options *options,
                       struct vs_xen_rebuild *rebuild, struct vs_error *error);
void vs_xen_rebuild_free(struct vs_xen_rebuild *rebuild);
/* Put the counts into the report. */
void vs_xen_rebuild_report(const struct vs_xen_rebuild *rebuild, struct vs_import_report *report);

#endif
