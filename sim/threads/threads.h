/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The threads engine: the same compiled lock programs, run by real threads with
 * real locks on this host.  It calibrates the virtual-time engine, which it
 * cannot replace: what it measures is this host, at most as many CPUs as it has,
 * and never twice the same.
 *
 * One thread stands for a pCPU and is pinned to a CPU of its own; it runs the
 * entries of its vCPUs one after the other, as the hypervisor does, which is not
 * preemptible.  Locks are real (lock.h), work is spinning for what the machine
 * profile says that it costs (clock.h), and the profile's lock costs are not used
 * at all.  Objects are model objects: a use of what has been freed is counted as a
 * hazard and touches nothing that is not there.
 *
 * What threads cannot measure is absent from a result, not 0: see
 * vs_result.measured.  Times are wall time, and whatever else runs on the host is
 * in them; the switches that the kernel forced upon the threads are counted.
 */
#ifndef VS_THREADS_THREADS_H
#define VS_THREADS_THREADS_H

#include "clock.h"
#include "engine/engine.h"

struct vs_threads_options {
    struct vs_engine_options engine;   /* cpus: 0 for one per vCPU, as far as the host has them */
    const struct vs_host_clock *clock; /* NULL: calibrated for this run, which takes 0.1 s */
    bool realtime;                     /* see vs_threads_realtime, which the caller has called */
    vs_ns patience_ns; /* no thread makes a step for so long while all that are not done wait for
                          locks: the run is ended as a deadlock; 0: VS_THREADS_PATIENCE_NS */
};
/* Far above a time slice of a busy host; a real deadlock lasts for ever. */
#define VS_THREADS_PATIENCE_NS (5 * VS_NS_PER_S)

/*
 * Let nothing else disturb what is measured: the calling thread, and all that it
 * starts from now on, gets the real-time policy SCHED_FIFO; the threads of a run with
 * options.realtime stay one priority below, so that the caller can still watch them.
 * Everything else on those CPUs stands still meanwhile.  VS_ERR_HOST where that is not
 * allowed.
 */
int vs_threads_realtime(struct vs_error *error);

/*
 * Run a workload under a policy; takes as long as its think times and work do.
 * A deadlock is a result, not an error.  Errors: VS_ERR_USAGE when more CPUs are
 * asked for than the process may use, VS_ERR_MEMORY, VS_ERR_STOPPED, VS_ERR_HOST
 * when the host refuses threads or placement, VS_ERR_INPUT as vs_engine_replay.
 */
int vs_threads_replay(const struct vs_workload *workload, const struct vs_policy *policy,
                      const struct vs_machine *machine, const struct vs_threads_options *options,
                      struct vs_result **result, struct vs_error *error);

/* The same as vs_engine_replay has it, for whoever runs either. */
int vs_threads_engine(const struct vs_workload *workload, const struct vs_policy *policy,
                      const struct vs_machine *machine, const struct vs_engine_options *options,
                      struct vs_result **result, struct vs_error *error);

#endif
