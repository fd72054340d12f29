/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Measures this host: what a cache line costs by distance, what a busy line
 * serves, what an atomic, a store and a fence cost, and uncontended lock pairs to
 * hold the model against.  The result is a machine profile (engine/machine.h)
 * whose every measured number carries its spread; work costs of the hypervisor
 * cannot be measured from user space and are taken over from another profile.
 */
#ifndef VS_CALIBRATE_CALIBRATE_H
#define VS_CALIBRATE_CALIBRATE_H

#include <stdint.h>

#include "base/error.h"
#include "base/json.h"
#include "engine/machine.h"

/* ns per operation over the runs: all runs of all pairs of CPUs together. */
struct vs_spread {
    double median_ns, min_ns, max_ns;
    uint32_t runs, pairs; /* runs 0: not measured, there is no such pair */
};

struct vs_calibration {
    uint32_t sockets, cores_per_socket, threads_per_core;
    struct vs_spread transfer[VS_DISTANCE_COUNT]; /* one way, compare-and-swap ping-pong */
    struct vs_spread service;                     /* of one word that all CPUs increment */
    uint32_t service_threads;
    struct vs_spread atomic, store, fence, section; /* one CPU alone */
    struct vs_spread ticket_pair, read_pair;        /* uncontended, to compare with the model */
};

/*
 * Measure on the CPUs that this process may run on.  Takes well under a second
 * per repeat.  Errors: VS_ERR_HOST with fewer than two CPUs, or when the host
 * refuses threads or placement.
 */
int vs_calibrate(uint32_t repeats, struct vs_calibration *calibration, struct vs_error *error);

/*
 * A profile called name, work costs and softirq interval from base.  NULL with
 * error set when base cannot be read.  Owned by the caller.
 */
struct vs_json_out *vs_calibrate_profile(const struct vs_calibration *calibration,
                                         const struct vs_machine *base, const char *name,
                                         struct vs_error *error);

#endif
