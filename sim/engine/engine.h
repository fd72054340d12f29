/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The virtual-time engine: runs a workload under a policy on a machine, as a
 * deterministic discrete-event simulation.
 *
 * Each vCPU is a sequential process on its pCPU.  The hypervisor is not
 * preemptible: a pCPU runs one vCPU's entry at a time, and a vCPU that waits
 * for a lock spins and burns its pCPU.  The same workload, policy, machine and
 * options give the same result, bit for bit, on any host.
 *
 * Order of simultaneous events (part of a result's identity): events are
 * totally ordered by (time in ps, rank, program order).  Rank is the actor's
 * index in the workload; the grace-period clock ranks before all actors.  A
 * step that takes no time is executed before any event of a higher rank at the
 * same time.  Waiters of a lock queue in that same order.
 */
#ifndef VS_ENGINE_ENGINE_H
#define VS_ENGINE_ENGINE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "machine.h"
#include "model/workload.h"
#include "policies/policy.h"
#include "result.h"
#include "streams.h"

struct vs_engine_options {
    enum vs_timing timing;
    uint32_t cpus; /* pCPUs; 0: as many as the workload's pCPUs or vCPUs ask for */
    /* Made once for several replays of this workload and timing, from any threads; the
     * caller's.  NULL: the replay makes its own. */
    const struct vs_streams *streams;
    bool general;            /* never take the shortcut (shortcut.h): slower, the same result */
    uint32_t look_calls;     /* calls between two looks at stop and progress; 0: 4096 */
    const atomic_bool *stop; /* polled at every look; true: VS_ERR_STOPPED.  May be NULL */
    /* Called at the end of every call, deferred maps aside, in the order of their
     * ends: when it was due, when it ended, how much of that it waited for locks.
     * For experiments that need more than a result holds.  May be NULL. */
    void (*call_ended)(void *context, uint16_t actor, vs_ps due, vs_ps end, vs_ps lock_wait);
    void *call_ended_context;
    /* Called at every look with completed calls, deferred maps aside.  May be NULL. */
    void (*progress)(void *context, uint64_t calls_done);
    void *progress_context;
};

/*
 * Replay.  A deadlock is a result (outcome), not an error.  Errors: VS_ERR_MEMORY,
 * VS_ERR_STOPPED, VS_ERR_INPUT when the workload has more vCPUs, CPUs or lock
 * instances than the engine's stated limits.
 */
int vs_engine_replay(const struct vs_workload *workload, const struct vs_policy *policy,
                     const struct vs_machine *machine, const struct vs_engine_options *options,
                     struct vs_result **result, struct vs_error *error);

#endif
