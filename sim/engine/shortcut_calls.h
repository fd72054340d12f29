/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A vCPU's calls in the shortcut: entry.c's arrivals and metrics.c's latencies, with
 * nothing in them that the class of shortcut.h excludes. */
#ifndef VS_ENGINE_SHORTCUT_CALLS_H
#define VS_ENGINE_SHORTCUT_CALLS_H

#include "shortcut.h"

/* As in entry.c. */
#define VS_SHORT_PREFETCH_CALLS 4u

static inline vs_ps vs_short_time_of(const struct vs_short_segment *segment, uint32_t cycles,
                                     uint32_t measured_ns)
{
    if (segment->cycle_count == 0)
        return segment->work_ps;
    if (measured_ns == 0)
        return segment->work_ps + segment->cycle_ps;
    vs_ps cost = measured_ns * VS_PS_PER_NS;
    if (cycles > 1)
        cost = cost * segment->cycle_count / cycles;
    return segment->work_ps + cost;
}

/* Its next call: when it asks for the outer lock; VS_NEVER: it has no more. */
static inline __attribute__((always_inline)) vs_ps vs_short_next_call(struct vs_short_run *run,
                                                                      struct vs_short_lane *lane)
{
    const struct vs_streams *streams = run->engine->streams;
    if (lane->next == lane->stop)
        return VS_NEVER;
    uint32_t place = lane->next++;
    const struct vs_stream_call *call = &streams->calls[place];
    __builtin_prefetch(call + VS_SHORT_PREFETCH_CALLS);
    vs_ps gap = call->gap_ns * VS_PS_PER_NS;
    if (call->gap_ns == VS_THINK_LONG)
        gap = vs_stream_long_gap_ns(streams, place) * VS_PS_PER_NS;
    vs_ps at = lane->end;
    if (streams->timing == VS_TIMING_OPEN) {
        lane->due += gap; /* all calls have arrived by this clock */
        at = lane->due > at ? lane->due : at;
    } else {
        if (streams->workload->think_is_gap && lane->shape)
            gap = gap > lane->shape->base_ps ? gap - lane->shape->base_ps : 0;
        lane->due = at += gap;
    }
    const struct vs_short_shape *shape = &run->plan->shapes[call->shape];
    vs_ps before_ps = shape->before.work_ps;
    lane->after_ps = shape->after.work_ps;
    if (shape->plain && call->measured_ns > 0) {
        lane->held_ps = shape->held.work_ps + call->measured_ns * VS_PS_PER_NS;
    } else {
        before_ps = vs_short_time_of(&shape->before, shape->cycles, call->measured_ns);
        lane->held_ps = vs_short_time_of(&shape->held, shape->cycles, call->measured_ns);
        lane->after_ps = vs_short_time_of(&shape->after, shape->cycles, call->measured_ns);
    }
    run->think_ps += at - lane->end;
    run->work_ps += before_ps + lane->held_ps + lane->after_ps;
    lane->shape = shape;
    lane->device = call->device;
    lane->entered = at;
    lane->waited = 0;
    lane->event = VS_SHORT_ASK;
    return at + before_ps;
}

/* Everything was given back at time released: measure, and go on with the next call. */
static inline __attribute__((always_inline)) vs_ps vs_short_end_call(struct vs_short_run *run,
                                                                     struct vs_short_lane *lane,
                                                                     vs_ps released)
{
    struct vs_engine *engine = run->engine;
    const struct vs_short_shape *shape = lane->shape;
    vs_ps end = released + lane->after_ps;
    struct vs_latency_counts *cell = shape->cells[lane->domain];
    vs_histogram_add(&cell->latency, (end - lane->due + VS_PS_PER_NS / 2) / VS_PS_PER_NS);
    cell->wait_ps += lane->waited;
    run->wait_ps += lane->waited;
    vs_buckets_end_call(&engine->buckets, lane->entered, end);
    engine->calls++;
    engine->steps += shape->steps;
    lane->end = end;
    return vs_short_next_call(run, lane);
}

#endif
