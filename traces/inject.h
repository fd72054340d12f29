/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Adding rare events to captured traffic at stated rates: device removal, hotplug,
 * assignment and decode toggling.  Every record put in carries VS_FLAG_INJECTED.
 */
#ifndef VS_TRACE_INJECT_H
#define VS_TRACE_INJECT_H

#include "base/error.h"
#include "base/units.h"
#include "trace.h"

enum vs_inject_event {
    VS_INJECT_HOTPLUG, /* a new function appears, and leaves after hold */
    VS_INJECT_REMOVE,  /* a known device leaves, and is added again after hold */
    VS_INJECT_ASSIGN,  /* a known device goes to another domain, and back after hold */
    VS_INJECT_TOGGLE,  /* memory decoding of a known device switched over, and back after hold */
    VS_INJECT_COUNT
};

struct vs_inject_options {
    uint64_t seed;
    vs_ns mean_ns[VS_INJECT_COUNT]; /* mean time between events, 0: none */
    vs_ns hold_ns[VS_INJECT_COUNT]; /* from an event to what undoes it */
};

/* Name as on the command line ("remove"). */
const char *vs_inject_name(enum vs_inject_event event);

struct vs_inject_counts {
    uint64_t events[VS_INJECT_COUNT];
    /* Events that fell on a moment when no device was in a state for them. */
    uint64_t skipped[VS_INJECT_COUNT];
};

/* Complete the output's metadata, before its writer is opened: the what-if lines, and
 * for assignment in a trace of one domain another that devices go to.  Returns 0 or
 * VS_ERR_MEMORY. */
int vs_inject_describe(struct vs_trace_meta *meta, const struct vs_inject_options *options);
/* Copy reader's records into writer with events among them.  meta is as
 * vs_inject_describe left it. */
int vs_inject(struct vs_reader *reader, struct vs_writer *writer, const struct vs_trace_meta *meta,
              const struct vs_inject_options *options, struct vs_inject_counts *counts,
              struct vs_error *error);

#endif
