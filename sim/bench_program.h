/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What vpci-sim bench measures around the engine, on the saturated reference
 * workload: replays side by side on threads, as vpci-sim replay --jobs has them,
 * and how long a run takes to store.
 */
#ifndef VS_BENCH_PROGRAM_H
#define VS_BENCH_PROGRAM_H

#include "bench/reference.h"

/* A replay that storing is held against. */
#define VS_STORED_ACCESSES 1e7

struct vs_stored {
    double replay_ns; /* of VS_STORED_ACCESSES: scaled from the accesses that were replayed,
                       * compiling the calls included */
    double store_ns;  /* one transaction in a new database, to the disk: median */
    double share;     /* store / replay */
};

/* So many replays at once, one on each worker, of calls that are compiled once: elapsed
 * ns per access over all workers. */
int vs_measure_workers(const struct vs_reference_size *size, uint64_t accesses, uint32_t workers,
                       double *access_ns, struct vs_error *error);

/* Replay once and store that run, all its rows, in a database under TMPDIR that is
 * removed again. */
int vs_measure_store(const struct vs_reference_size *size, bool per_domain, uint64_t accesses,
                     struct vs_stored *stored, struct vs_error *error);

#endif
