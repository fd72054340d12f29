/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Seeded synthetic traffic: for scale tests, and to try policies on loads that no
 * capture shows.  Every record carries VS_FLAG_SYNTHETIC. */
#ifndef VS_TRACE_GENERATE_H
#define VS_TRACE_GENERATE_H

#include "base/error.h"
#include "base/units.h"
#include "synth.h"
#include "trace.h"

enum vs_arrivals { VS_ARRIVALS_POISSON, VS_ARRIVALS_BURSTY };

/* Phases, as a bit mask. */
enum vs_phase { VS_PHASE_BOOT = 1, VS_PHASE_POLL = 2, VS_PHASE_HOTPLUG = 4 };

struct vs_generate_options {
    uint64_t seed;
    uint32_t domains, vcpus, devices; /* vcpus and devices of each domain */
    uint64_t accesses;                /* stop after so many records; 0: no limit */
    vs_ns duration_ns;                /* stop at this time; 0: no limit */
    vs_ns gap_ns;                     /* mean time between two accesses of a vCPU */
    enum vs_arrivals arrivals;
    unsigned int phases;
    double writes;                /* share of operations that write, 0 to 1 */
    double weights[VS_SYNTH_OPS]; /* relative within those that do or do not write */
};

#define VS_GENERATE_DOMAINS_MAX 4096u
#define VS_GENERATE_VCPUS_MAX   16384u /* in all */
#define VS_GENERATE_DEVICES_MAX 16384u /* in all: their snapshots take 64 MiB */

/* Write a whole trace; the writer is opened and committed here. */
int vs_generate(const struct vs_generate_options *options, const char *path,
                const struct vs_writer_options *writer_options, struct vs_error *error);

#endif
