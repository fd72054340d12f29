/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the arrays live whose length grows with the trace: the calls of a
 * workload, what is beside each call, what sorting them takes, and the streams
 * that engines compile from them.  While all of them together stay within a bound
 * they are ordinary memory.  An array that would break it becomes a temporary
 * file that nobody else sees, mapped: the kernel writes it out and takes its
 * pages back as it needs them.  Contents are the same either way, so results are
 * too.  What does not grow with the trace (vCPUs, devices, shapes, an engine's
 * counts) is not counted here.
 *
 * Disk space is reserved when an array gets it, so that a full disk is an error
 * and not a signal in the middle of a replay.
 */
#ifndef VS_MODEL_MEMORY_H
#define VS_MODEL_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct vs_memory;

/* The directory of temporary files: TMPDIR, or else /var/tmp, which the Filesystem Hierarchy
 * Standard 3.0 (5.15) has for large and lasting ones: /tmp may be in memory. */
const char *vs_memory_directory(void);

/* Called once, before the first array goes to a file.  in_memory: the directory's file system is
 * itself in memory (tmpfs, ramfs), so that nothing is saved unless the host swaps. */
typedef void vs_memory_listener(void *context, const char *directory, bool in_memory);

/*
 * A bound in bytes for the sum of all arrays; 0: half of the host's RAM.  listener may be NULL.
 * It outlives the workloads and streams made with it; free with vs_memory_free, after them.
 * Threads may share it.  VS_ERR_MEMORY.
 */
int vs_memory_make(uint64_t bound_bytes, vs_memory_listener *listener, void *context,
                   struct vs_memory **memory, struct vs_error *error);
void vs_memory_free(struct vs_memory *memory);

/*
 * In all of these memory may be NULL: no bound, and nothing is kept count of.  They return NULL
 * with error set to VS_ERR_MEMORY, or to VS_ERR_HOST when no temporary file can be had.
 */
/* An array of a known size, its content undefined; in huge pages where it is large. */
void *vs_memory_take(struct vs_memory *memory, size_t bytes, struct vs_error *error);
/* Like realloc: array (NULL: none yet) with its content, longer.  After an error it is as it was.
 */
void *vs_memory_extend(struct vs_memory *memory, void *array, size_t bytes, struct vs_error *error);
/* Grow *array (items of item_bytes, *capacity of them) to hold count + 1; doubles.  Negative enum
 * vs_err. */
int vs_memory_grow(struct vs_memory *memory, void *array, size_t *capacity, size_t count,
                   size_t item_bytes, struct vs_error *error);
/* Give an array back: one of this memory's, or any of malloc's.  NULL is fine. */
void vs_memory_release(struct vs_memory *memory, void *array);

/* The array is written and read at many places in turn, at each from front to back: the kernel
 * shall not read far ahead at every one of them, which under pressure pushes out what the others
 * need next (seen: 64 streams, 128 MiB, 534 GB read from the disk). */
void vs_memory_scattered(struct vs_memory *memory, void *array);

/* What the arrays hold now, and held at most, in ordinary memory and in files. */
struct vs_memory_use {
    uint64_t bound_bytes, held_bytes, held_most_bytes, filed_bytes, filed_most_bytes;
};
struct vs_memory_use vs_memory_use(struct vs_memory *memory);

#endif
