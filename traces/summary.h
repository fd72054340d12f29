/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What `vpci-trace info` counts while it reads a trace once: by kind, domain,
 * device, register class, flag, and over time.  Memory grows with the number of
 * distinct devices, domains and CPUs, not with the trace's length.
 */
#ifndef VS_TRACE_SUMMARY_H
#define VS_TRACE_SUMMARY_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "trace.h"

/* Classes of registers by their place alone; what a capability holds is sim/model's. */
enum vs_reg_class {
    VS_REG_ID,           /* 0x00-0x03 vendor and device */
    VS_REG_COMMAND,      /* 0x04-0x05 */
    VS_REG_STATUS,       /* 0x06-0x07 */
    VS_REG_CLASS,        /* 0x08-0x0f revision, class, cache line, latency, header type, BIST */
    VS_REG_BAR,          /* 0x10-0x27; of a bridge: 0x10-0x17 */
    VS_REG_ROM,          /* 0x30-0x33; of a bridge: 0x38-0x3b */
    VS_REG_CAP_POINTER,  /* 0x34 */
    VS_REG_INTERRUPT,    /* 0x3c-0x3d line and pin */
    VS_REG_HEADER,       /* the rest below 0x40: subsystem ids, a bridge's buses and windows */
    VS_REG_CAPABILITIES, /* 0x40-0xff */
    VS_REG_EXTENDED,     /* 0x100-0xfff */
    VS_REG_MSIX_TABLE,   /* memory, not configuration space */
    VS_REG_CLASS_COUNT
};

const char *vs_reg_class_name(enum vs_reg_class class);
/* The class of an access by its first byte.  bridge: the device has a type 1 header. */
enum vs_reg_class vs_reg_classify(const struct vs_record *record, bool bridge);

struct vs_reads_writes {
    uint64_t reads, writes;
};

struct vs_kind_count {
    uint64_t count;
    uint64_t timed; /* of them with a measured duration */
    uint64_t duration_ns, duration_max_ns;
};

/* Counts of one device, or of one domain. */
struct vs_party_count {
    uint32_t id; /* sbdf, or domain id */
    struct vs_reads_writes accesses;
    uint64_t msix, mmio, events;
    uint64_t absent; /* accesses that no function answered */
    uint64_t vcpus;  /* domains: bit per vCPU 0..63 seen */
    bool bridge;
};

struct vs_party_list {
    struct vs_party_count *items; /* in order of id once finished */
    size_t count;
    uint32_t *slots; /* index + 1 */
    size_t slot_count;
};

#define VS_FINE_BUCKETS 4096u

struct vs_summary {
    uint64_t records;
    uint64_t first_ns, last_ns;
    struct vs_kind_count kinds[VS_KIND_COUNT];
    struct vs_reads_writes regs[VS_REG_CLASS_COUNT];
    uint64_t flags[16];
    struct vs_party_list devices, domains;
    /* Accesses per fine_ns since first_ns; fine_ns doubles as the trace grows. */
    uint64_t fine_ns;
    uint64_t fine[VS_FINE_BUCKETS], fine_writes[VS_FINE_BUCKETS];
};

/* meta says which devices are bridges.  Returns 0 or VS_ERR_MEMORY. */
int vs_summary_init(struct vs_summary *summary, const struct vs_trace_meta *meta);
void vs_summary_free(struct vs_summary *summary);
int vs_summary_add(struct vs_summary *summary, const struct vs_record *records, size_t count);
/* Sort the lists; call once after the last record. */
void vs_summary_finish(struct vs_summary *summary);

/* Accesses over time in at most buckets parts of equal width. */
struct vs_rate {
    uint64_t width_ns;
    size_t count;
    struct {
        uint64_t accesses, writes;
    } buckets[64];
};
void vs_summary_rate(const struct vs_summary *summary, size_t buckets, struct vs_rate *rate);

/* Where a summary comes from, for printing. */
struct vs_summary_source {
    const char *path;
    const struct vs_trace_meta *meta;
    struct vs_trace_totals totals;
};

int vs_summary_print(const struct vs_summary *summary, const struct vs_summary_source *source,
                     FILE *stream, struct vs_error *error);
struct vs_json_out *vs_summary_json(const struct vs_summary *summary,
                                    const struct vs_summary_source *source);

#endif
