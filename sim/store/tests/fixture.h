/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A made-up run and result with every part filled: two domains, 70 devices (more
 * than table lock keeps rows for), a hazard, blockers, time buckets.
 */
#ifndef VS_STORE_TESTS_FIXTURE_H
#define VS_STORE_TESTS_FIXTURE_H

#include "store/store.h"

#define FIXTURE_DEVICES 70

struct fixture {
    struct vs_workload workload;
    struct vs_workload_domain domains[2];
    struct vs_actor actors[3];
    struct vs_workload_device devices[FIXTURE_DEVICES];
    char *what_if[1];
    char *notes[1];
    struct vs_lock_decl locks[3];
    struct vs_policy policy;
    struct vs_machine machine;
    struct vs_run run;
    struct vs_result result;
    struct vs_lock_stat lock_stats[2 * FIXTURE_DEVICES + 3];
    struct vs_latency_stat latencies[3];
    struct vs_blocker_stat blockers[2];
    struct vs_deadlock_edge deadlock[2];
};

/* Large (histograms): on the heap or static.  Points into itself: do not copy. */
void fixture_fill(struct fixture *fixture);
/* The same run, ended by two actors that wait for each other. */
void fixture_make_deadlock(struct fixture *fixture);

#endif
