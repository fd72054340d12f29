/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One backend's BPF object: loaded, attached, detached, read out. */
#ifndef VS_CAPTURE_OBJECT_H
#define VS_CAPTURE_OBJECT_H

#include "capture.h"

struct vs_object;

/*
 * Open and load with this configuration and ring size.  VS_ERR_HOST tells what is
 * missing and what to do (explain.h).
 */
int vs_object_load(const struct vs_backend *backend, const struct vs_bpf_config *config,
                   uint64_t ring_bytes, struct vs_object **object, struct vs_error *error);
/* Attach each program.  On failure nothing stays attached. */
int vs_object_attach(struct vs_object *object, struct vs_error *error);
/* Detach each program.  Safe to repeat. */
void vs_object_detach(struct vs_object *object);
/* Detaches, too.  NULL is allowed. */
void vs_object_free(struct vs_object *object);

int vs_object_ring_fd(const struct vs_object *object);
/* Counters of each possible CPU, by CPU number: cpus[0..cpu_count). */
int vs_object_counters(const struct vs_object *object, struct vs_counters *cpus, size_t cpu_count,
                       struct vs_error *error);
/* Functions and tracepoints that this kernel has not and the backend can do without,
 * separated by ", "; "" when nothing is missing. */
const char *vs_object_without(const struct vs_object *object);
/* Time in the programs while the kernel timed them (BPF_ENABLE_STATS), of all calls so far. */
uint64_t vs_object_run_time_ns(const struct vs_object *object);
/*
 * Times the kernel skipped a program because that CPU was in it already: runs that each may
 * have lost a record, and, apart, those of the programs that see every lock of the kernel
 * wait, of which few are of the two locks recorded.
 */
void vs_object_missed_runs(const struct vs_object *object, uint64_t *runs, uint64_t *waits);

#endif
