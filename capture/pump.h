/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the ring to the file: events become records, ordered by time, losses among them. */
#ifndef VS_CAPTURE_PUMP_H
#define VS_CAPTURE_PUMP_H

#include "actors.h"
#include "capture.h"

struct vs_pump;

struct vs_pump_options {
    enum vs_capture_view view;
    bool pcpu_known;      /* false in a Xen domain, whose CPUs are vCPUs */
    uint32_t own_tgid;    /* its events are counted, not written */
    uint32_t segments;    /* segments of one guest: guest k's begin at k times this */
    uint64_t epoch_ns;    /* CLOCK_MONOTONIC of time 0 */
    uint64_t records_max; /* 0: no limit */
    size_t cpu_count;     /* possible CPUs */
};

/* ring_fd is the object's ring; summary (received ... late) is kept up to date. */
int vs_pump_open(const struct vs_pump_options *options, int ring_fd, struct vs_summary *summary,
                 struct vs_pump **pump, struct vs_error *error);
void vs_pump_free(struct vs_pump *pump);

/* To poll: readable when the ring holds wakeup_bytes. */
int vs_pump_fd(const struct vs_pump *pump);
/*
 * Take what is in the ring, up to a bound that keeps the caller responsive; returns
 * whether there is more.  Without a writer records are only kept, up to the bound of
 * the sorter.  Errors of the output do not end it: what comes then is counted as discarded.
 */
bool vs_pump_take(struct vs_pump *pump);
/* From here records go to writer, which stays the caller's. */
void vs_pump_set_writer(struct vs_pump *pump, struct vs_writer *writer);
/* Write what is old enough to be in order at now_ns (CLOCK_MONOTONIC); with flush, as a
 * block, so that a killed capture keeps it.  Returns the first error of the output. */
int vs_pump_write(struct vs_pump *pump, uint64_t now_ns, bool flush, struct vs_error *error);
/* Has records_max been reached? */
bool vs_pump_full(const struct vs_pump *pump);
/*
 * After detaching and taking everything: record the losses that the counters tell and no
 * event has, and write all that is left.  missed is what was lost beside the ring.
 */
int vs_pump_finish(struct vs_pump *pump, const struct vs_counters *cpus, uint64_t missed,
                   uint64_t now_ns, struct vs_error *error);
const struct vs_actors *vs_pump_actors(const struct vs_pump *pump);

#endif
