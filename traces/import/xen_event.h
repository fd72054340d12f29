/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records of Xen's trace buffers: their header, the ids that matter here, and
 * the shape that each of those must have.  From Xen xen/include/public/trace.h
 * at c447b7308b; the layout is the same since 4.16.
 */
#ifndef VS_TRACES_IMPORT_XEN_EVENT_H
#define VS_TRACES_IMPORT_XEN_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "import/import.h"

/* A record's header: bit 31 says that a TSC follows, bits 30-28 count the extra words, bits 27-0
 * are the event id. */
#define VS_XEN_TSC_FLAG         UINT32_C(0x80000000)
#define VS_XEN_EVENT(header)    ((header)&UINT32_C(0x0fffffff))
#define VS_XEN_WORDS(header)    ((header) >> 28 & 7u)
#define VS_XEN_RECORD_BYTES_MAX 40u

/* xentrace(8) starts each window with this: TRC_TRACE_CPU_CHANGE, two words, no TSC. */
#define VS_XEN_WINDOW_HEADER UINT32_C(0x2001f003)

/* Bits of HVM event ids: 64-bit form, write, nested guest. */
#define VS_XEN_BIT_64     0x100u
#define VS_XEN_BIT_WRITE  0x200u
#define VS_XEN_BIT_NESTED 0x400u

/* Domain ids from here on are Xen's own (DOMID_FIRST_RESERVED of public/xen.h): idle, DOM_XEN. */
#define VS_XEN_DOMAIN_FIRST_RESERVED 0x7ff0u

enum vs_xen_kind {
    VS_XEN_UNKNOWN,  /* an id that we do not know */
    VS_XEN_OTHER,    /* known, and nothing for us */
    VS_XEN_FILLER,   /* TRC_TRACE_WRAP_BUFFER: content is garbage */
    VS_XEN_WINDOW,   /* TRC_TRACE_CPU_CHANGE: only between windows */
    VS_XEN_LOST,     /* lost records */
    VS_XEN_RUNSTATE, /* a vCPU changes its run state */
    VS_XEN_CONTINUE, /* the scheduler lets the current vCPU continue */
    VS_XEN_EXIT,     /* VM exit, id of <= 4.18 (both vendors) or VMX of >= 4.19 */
    VS_XEN_EXIT_SVM, /* VM exit, SVM's own id of >= 4.19 */
    VS_XEN_ENTRY,    /* VM entry */
    VS_XEN_PORT,     /* port read or write */
    VS_XEN_MEMORY,   /* emulated memory read or write */
    VS_XEN_NPF,      /* nested page fault */
    VS_XEN_VMMCALL,  /* hypercall number */
    VS_XEN_VPCI      /* the proposed vPCI tracepoint, 0x84020 */
};

/* What is known of an event id. */
struct vs_xen_event {
    uint32_t mask, id; /* matches when (event & mask) == id */
    enum vs_xen_kind kind;
    bool needs_tsc;
    uint8_t words; /* allowed numbers of extra words, bit n for n; 0: any */
    const char *name;
};

/* Never NULL: an entry of kind VS_XEN_UNKNOWN when the id is none of ours. */
const struct vs_xen_event *vs_xen_event_find(uint32_t event);

/* One record, taken apart. */
struct vs_xen_record {
    uint32_t event;
    bool has_tsc;
    uint8_t words;
    uint64_t tsc;
    uint32_t word[7];
};

/* Bytes of the record that a header starts: 4 to 40. */
static inline size_t vs_xen_record_bytes(uint32_t header)
{
    return 4u + (header & VS_XEN_TSC_FLAG ? 8u : 0u) + 4u * VS_XEN_WORDS(header);
}

/* Take apart the record at bytes, which holds it whole. */
void vs_xen_record_decode(const uint8_t *bytes, struct vs_xen_record *record);

/* Does the record have the shape that its event must have?  NULL, or what is wrong. */
const char *vs_xen_record_wrong(const struct vs_xen_event *event, bool has_tsc, uint8_t words);

/* ------------------------------------------------------------------- counts */

/* Records counted by event id; also remembers what each id is. */
struct vs_xen_tally;

struct vs_xen_tally *vs_xen_tally_new(void); /* NULL when out of memory */
void vs_xen_tally_free(struct vs_xen_tally *tally);
/* Count one record; returns what the event is. */
const struct vs_xen_event *vs_xen_tally_count(struct vs_xen_tally *tally, uint32_t event);
/* What the event is, without counting. */
const struct vs_xen_event *vs_xen_tally_find(struct vs_xen_tally *tally, uint32_t event);
/* Into the report: known events by name as seen or ignored, unknown ones by id. */
void vs_xen_tally_report(const struct vs_xen_tally *tally, struct vs_import_report *report);

#endif
