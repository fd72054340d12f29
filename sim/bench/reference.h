/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The reference workload, on which engines are compared: every access takes a
 * fair reader/writer lock (one in all, or one per domain), then its device's
 * FIFO spinlock, works, and gives both back.  Nothing else costs anything, so
 * any simulator with those two locks can say the same and must get the same
 * totals (peers/).
 *
 *   vCPUs 4, 64, 512; domains 2, 16, 128; devices per domain 4, 4, 8
 *   95 % of accesses read (read mode), 5 % write
 *   work uniform in 200..1000 ns, drawn per access
 *   a vCPU's access starts at max(its time in the trace, end of the one before),
 *   and reaches the lock 1 ns later: a vCPU never asks at the instant at which it
 *   released
 *   saturated: all times 0; medium and low: exponential gaps that ask for 0.6 and
 *   0.1 of what the saturated run completed
 */
#ifndef VS_BENCH_REFERENCE_H
#define VS_BENCH_REFERENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/engine.h"

enum vs_load { VS_LOAD_SATURATED, VS_LOAD_MEDIUM, VS_LOAD_LOW, VS_LOAD_COUNT };

struct vs_reference_size {
    uint32_t vcpus, domains, devices_per_domain;
};
#define VS_REFERENCE_SIZES 3
extern const struct vs_reference_size vs_reference_sizes[VS_REFERENCE_SIZES];
/* "saturated", and the share of the saturated rate that a load asks for (0: all at once). */
extern const char *const vs_load_names[VS_LOAD_COUNT];
extern const double vs_load_shares[VS_LOAD_COUNT];

/* The two policies: reference-global.json and reference-domain.json beside this file. */
int vs_reference_policy(bool per_domain, struct vs_policy **policy, struct vs_error *error);

/* A machine on which the engine's locks cost nothing but their queues. */
struct vs_machine vs_reference_machine(uint32_t vcpus);

/*
 * accesses in all, spread evenly over the vCPUs in turn.  mean_gap_ns is the mean
 * time between two accesses of one vCPU, 0 for saturated.  The same arguments
 * give the same workload.  Free with vs_workload_free.
 */
int vs_reference_workload(const struct vs_reference_size *size, uint64_t accesses,
                          double mean_gap_ns, struct vs_workload **workload,
                          struct vs_error *error);

#endif
