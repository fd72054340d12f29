/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A machine profile: what time costs on a host.  JSON with a source for every
 * number; a number without a measurement behind it is marked as an assumption
 * and shown as one.
 *
 * Cost is coherence, not only queueing, and has two parameters: the latency of
 * moving a cache line by distance, and the time for which a busy line serves
 * one request.  Both matter: charging the latency per hand-over under
 * saturation overstates contention several times (xenlockprof-scale data of
 * many-socket machines shows 22-36 ns per RMW where the pairwise latency is
 * 150-340 ns: McKenney, perfbook, count_atomic and overheads data).
 */
#ifndef VS_ENGINE_MACHINE_H
#define VS_ENGINE_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/json.h"
#include "base/units.h"
#include "policies/policy.h"

enum vs_distance {
    VS_SAME_CPU,
    VS_SAME_CORE,
    VS_SAME_SOCKET,
    VS_OTHER_SOCKET, /* of the same group */
    VS_FAR_SOCKET,   /* of another group: past a further interconnect */
    VS_DISTANCE_COUNT
};

struct vs_machine {
    char *name;
    char *summary;
    char *file;
    char *text; /* its JSON as read: stored with every run */
    uint32_t sockets, cores_per_socket, threads_per_core;
    uint32_t sockets_per_group;           /* 0: all sockets are equally far from each other */
    vs_ps transfer_ps[VS_DISTANCE_COUNT]; /* line to here, one way, from a CPU at that distance */
    vs_ps line_service_ps;                /* a busy line serves one request in this time */
    vs_ps atomic_ps;                      /* locked read-modify-write on a line already here */
    vs_ps store_ps;                       /* plain store (a ticket unlock) on a line already here */
    vs_ps fence_ps;                       /* full barrier (per-CPU rwlock reader) */
    vs_ps rcu_section_ps;                 /* rcu_read_lock or unlock: this CPU's counter */
    vs_ps softirq_interval_ps; /* a CPU that stays in guest or idle passes softirqs this often */
    vs_ps work_ps[VS_WORK_COUNT];
    bool assumed_work[VS_WORK_COUNT]; /* no measurement behind it */
    uint32_t assumption_count;        /* numbers marked as assumptions, work costs included */
    uint32_t number_count;            /* numbers in all, topology aside */
    struct vs_varied *varied;         /* what vs_machine_vary changed, owned */
    size_t varied_count;
};

/* A number of a profile that was set to something else than its author did. */
struct vs_varied {
    char name[32]; /* as asked for */
    vs_ps value_ps;
};

/* CPUs in all. */
uint32_t vs_machine_cpus(const struct vs_machine *machine);
/* Distance of two CPUs.  CPUs are numbered threads first within a core, cores
 * first within a socket. */
enum vs_distance vs_machine_distance(const struct vs_machine *machine, uint32_t a, uint32_t b);

/* Parse a profile; refused with file, path and reason: unknown or missing
 * member, missing source, wrong unit, out of range (VS_ERR_INPUT). */
int vs_machine_compile(const char *text, size_t length, const char *file,
                       struct vs_machine **machine, struct vs_error *error);
/* By name when it ships, else as a path; unknown: VS_ERR_USAGE with the nearest. */
int vs_machine_load(const char *name_or_path, struct vs_machine **machine, struct vs_error *error);
void vs_machine_free(struct vs_machine *machine);

/*
 * A copy of a profile with one number set to value_ps: a cost of "work" ("conf1-cycle") or of
 * "lines" ("transfer_other_socket") by its name there, or "config-cycle" for conf1-cycle and
 * ecam-cycle together.  Its text is changed along, the number marked as an assumption with
 * what it was, so that equal profiles have equal texts.  VS_ERR_USAGE for a name that it has not,
 * naming those that it has; VS_ERR_INPUT for a value that no profile may have.
 */
int vs_machine_vary(const struct vs_machine *machine, const char *name, vs_ps value_ps,
                    struct vs_machine **varied, struct vs_error *error);

/* Shipped profiles; the first is the default.  NULL-terminated. */
const char *const *vs_machine_names(void);

#endif
