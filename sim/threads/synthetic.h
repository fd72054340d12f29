/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A made-up workload to hold two engines against each other: one hardware domain
 * whose vCPUs all access the same few devices at the same time.  The devices are in
 * segment 1, so that their config cycles need no global lock and what meets are the
 * policy's own locks.  It is like no guest's traffic, and says so (synthetic).
 */
#ifndef VS_THREADS_SYNTHETIC_H
#define VS_THREADS_SYNTHETIC_H

#include "model/workload.h"

struct vs_synthetic {
    uint16_t vcpus;
    uint32_t calls;          /* of each vCPU */
    vs_ns mean_gap_ns;       /* between two starts of calls of one vCPU, 0 to twice that */
    uint32_t write_percent;  /* config writes; the rest reads */
    uint32_t toggle_percent; /* of all: writes that switch memory decoding */
    bool events;             /* now and then vCPU 0 removes a device, and adds it again */
    uint64_t seed;
};
#define VS_SYNTHETIC_DEVICES 4

/* The same arguments give the same workload.  Free with vs_workload_free. */
int vs_synthetic_workload(const struct vs_synthetic *synthetic, struct vs_workload **workload,
                          struct vs_error *error);
/* In words, into buffer. */
#define VS_SYNTHETIC_TEXT 200
char *vs_synthetic_text(const struct vs_synthetic *synthetic, char *buffer);

#endif
