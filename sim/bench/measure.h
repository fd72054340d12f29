/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Time and memory of one replay.  Time is taken per chunk of accesses inside the
 * run, so that what else the machine does falls into some chunks and the lower
 * percentiles leave it out.
 */
#ifndef VS_BENCH_MEASURE_H
#define VS_BENCH_MEASURE_H

#include <stdint.h>

#include "engine/engine.h"

#define VS_CHUNK_ACCESSES 2048u

struct vs_spread {
    double p10, p50;
};

struct vs_measured {
    uint64_t accesses, steps; /* of one round */
    uint64_t chunk_accesses, chunks;
    struct vs_spread access_ns; /* ns per access, over chunks of all rounds */
    double whole_ns;   /* CPU time of the fastest whole replay, preparing included, per access */
    double prepare_ns; /* CPU time of compiling the calls, which policies share, per access */
    /* What is held during the run: the compiled calls, and the engine's state beyond them (0
     * where the allocator does not tell: under sanitizers). */
    uint64_t stream_bytes, state_bytes;
    struct vs_result *result;
};

/* Replay rounds times (at least once) and measure.  Of short workloads a chunk is a
 * quarter.  The result goes to the caller: vs_result_free. */
int vs_measure_replay(const struct vs_workload *workload, const struct vs_policy *policy,
                      const struct vs_machine *machine, enum vs_timing timing, uint64_t rounds,
                      struct vs_measured *measured, struct vs_error *error);

/* The floor: reading 32-byte records once, in order, by chunks. */
int vs_measure_plain_read(uint64_t records, struct vs_spread *record_ns, struct vs_error *error);

#endif
