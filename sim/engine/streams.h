/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The workload's calls as each vCPU makes them: 16 bytes a call, one stream
 * after the other, so that a replay reads every stream from front to back and
 * looks a call up nowhere else.
 *
 * Streams depend on the workload and the timing alone and are only read once
 * they are made: every policy, machine and thread that replays the same workload
 * shares one copy.  Held: 16 bytes a call, 16 a gap of 4.29 s or more, and some
 * bytes per vCPU, device, shape and domain.  What there is per call comes from
 * the workload's memory (model/memory.h), so that it is a file where the bound says so:
 * a replay reads each vCPU's stream once, in order, and the kernel needs to keep in
 * memory only what is read now.
 */
#ifndef VS_ENGINE_STREAMS_H
#define VS_ENGINE_STREAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "model/workload.h"

enum vs_timing {
    VS_TIMING_CLOSED, /* think times kept: a wait pushes the vCPU's later calls back */
    VS_TIMING_OPEN    /* arrivals at recorded times; a late vCPU works off its backlog */
};

struct vs_stream_call {
    uint32_t gap_ns; /* closed: think time; open: since the last arrival; or VS_THINK_LONG */
    uint32_t measured_ns;
    uint32_t shape;
    uint16_t device, target;
};
_Static_assert(sizeof(struct vs_stream_call) == 16, "a compiled call is 16 bytes");

/* A gap that does not fit, by place in the stream. */
struct vs_long_gap {
    uint32_t at;
    vs_ns gap_ns;
};

enum vs_calls {
    VS_CALLS_MEASURED = 1,  /* some call has a measured cost */
    VS_CALLS_UNMEASURED = 2 /* some call has none */
};

struct vs_streams {
    const struct vs_workload *workload;
    enum vs_timing timing;
    struct vs_stream_call *calls; /* by actor, then time */
    uint32_t *first; /* per actor, and one more: its calls are [first[i], first[i+1]) */
    struct vs_long_gap *long_gaps; /* by place */
    size_t long_gap_count;
    /* What some call of the workload is like. */
    bool *called;         /* [op * domain_count + domain]: some vCPU of the domain calls it */
    uint8_t *shape_calls; /* per shape: bits of enum vs_calls */
    bool *several_users;  /* per device: vCPUs of two domains call it */
    bool deviceless;      /* a call without a device */
    size_t bytes;         /* held by all of this */
};

/* The workload stays the caller's and outlives the streams; it has less than 2^32 - 1
 * calls.  Free with vs_streams_free.  VS_ERR_MEMORY, VS_ERR_HOST as vs_memory_take. */
int vs_streams_make(const struct vs_workload *workload, enum vs_timing timing,
                    struct vs_streams **streams, struct vs_error *error);
void vs_streams_free(struct vs_streams *streams);

/* The gap of a place whose gap_ns says VS_THINK_LONG. */
vs_ns vs_stream_long_gap_ns(const struct vs_streams *streams, uint32_t place);

#endif
