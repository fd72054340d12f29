/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Laboratory: one lock, so many threads, a stated load, no hypervisor around.
 * The policy is JSON text through the policy compiler, the workload is built in
 * memory, the machine is a shipped profile without its work costs.
 */
#ifndef VS_VALIDATE_LAB_H
#define VS_VALIDATE_LAB_H

#include <stdint.h>

#include "engine/engine.h"
#include "record.h"

enum vs_lab_use {
    VS_LAB_EXCLUSIVE, /* lock, hold, unlock */
    VS_LAB_READ,
    VS_LAB_WRITE,
    VS_LAB_RCU,       /* read section around the hold */
    VS_LAB_REFERENCE, /* get, hold, put */
    VS_LAB_USE_COUNT
};

enum vs_lab_law { VS_LAB_CONSTANT, VS_LAB_EXPONENTIAL, VS_LAB_TWO_POINT };

/* What a run does.  Closed: every thread holds, thinks, and comes back.  Open: a
 * Poisson stream of arrivals. */
struct vs_lab_load {
    const char *lock; /* kind */
    enum vs_lab_use use;
    uint32_t threads;
    uint32_t cpus;       /* 0: as many as threads */
    uint32_t rounds;     /* per thread; 0: a number that keeps the run short and its ends small */
    double hold, think;  /* means, in the row's time unit */
    enum vs_lab_law law; /* of hold; think is exponential unless both are constant */
    bool steady_think;   /* think is constant all the same */
    bool record;         /* keep every call, for the measures that need them */
    uint32_t writers;    /* the first so many threads take the lock for writing instead */
    double rate;         /* open: arrivals per time unit; 0: closed */
    uint32_t seeds;      /* runs with other random numbers, averaged by the measures; 0: one */
    double service;      /* ideal machine: line service time, in the row's time unit */
    double unit_ns;      /* time unit of this load, in virtual ns; 0: 1 */
};

/* Sums over the seeds of a load. */
struct vs_lab_sums {
    double runs, calls, hold, wait, waited, acquired; /* times in the load's unit */
    double inside;  /* summed over calls: from a call's arrival to its end */
    double elapsed; /* open: the makespan; closed: mean time that a thread took for its rounds */
    double latency_p99;             /* sum over runs */
    double wait_p99, wait_half;     /* recorded loads, summed over runs: see record.h */
    double share[VS_RECORD_STATES]; /* the same */
    uint32_t threads, rounds;
};

/* Identities over all runs so far. */
struct vs_lab_identities {
    double little_worst, time_error_ns, overlaps;
    double overtaken; /* recorded loads of a lock that serves in order */
};

/*
 * Run a load on a machine: a profile's name, or "ideal".  Tight loops (law
 * constant, think 0) run as one call per thread that repeats; others as a call
 * per round.  Adds to identities.  Errors: those of policy, machine and engine;
 * VS_ERR_ANSWER when a run deadlocks.
 */
int vs_lab_run(const char *machine, const struct vs_lab_load *load, struct vs_lab_sums *sums,
               struct vs_lab_identities *identities, struct vs_error *error);

#endif
