/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Time on this host, and work that is nothing but time: spinning.  The clock is
 * the time stamp counter where it runs at one rate in every power state, else
 * CLOCK_MONOTONIC_RAW.  How well both are known is measured, and shown with every
 * result that rests on them.
 */
#ifndef VS_THREADS_CLOCK_H
#define VS_THREADS_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#if defined(__x86_64__)
#include <x86intrin.h>
#endif

#include "base/error.h"
#include "base/units.h"

typedef uint64_t vs_ticks; /* of struct vs_host_clock: only differences mean anything */

/* Spins of these lengths are held against the clock. */
#define VS_HOST_CLOCK_PROBES 3
struct vs_host_clock_probe {
    vs_ns asked_ns;
    double mean_ns, p10_ns, p90_ns; /* what one spin of a long row of them took */
};

struct vs_host_clock {
    bool is_tsc;
    double ticks_per_ns;
    double rate_error;  /* relative difference between calibrations: how well the rate is known */
    double read_ns;     /* one reading */
    vs_ticks own_ticks; /* what a spin takes beside its spinning: taken off it */
    vs_ticks carry_max; /* a spin that ended later than this was interrupted: not made up for */
    struct vs_host_clock_probe probes[VS_HOST_CLOCK_PROBES];
};

static inline vs_ticks vs_host_clock_now(const struct vs_host_clock *clock)
{
#if defined(__x86_64__)
    if (clock->is_tsc)
        return __rdtsc();
#else
    (void)clock;
#endif
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_RAW, &now);
    return (vs_ticks)now.tv_sec * VS_NS_PER_S + (vs_ticks)now.tv_nsec;
}

static inline vs_ns vs_host_clock_ns(const struct vs_host_clock *clock, vs_ticks ticks)
{
    return (vs_ns)((double)ticks / clock->ticks_per_ns + 0.5);
}

static inline vs_ticks vs_host_clock_ticks(const struct vs_host_clock *clock, double ns)
{
    return (vs_ticks)(ns * clock->ticks_per_ns + 0.5);
}

/*
 * Spin for that many ticks.  *ahead is what the spins of this thread so far took
 * too long; it is taken off the next, so that a row of short ones is right in sum.
 */
void vs_host_clock_spin(const struct vs_host_clock *clock, vs_ticks ticks, int64_t *ahead);

/* Calibrate: takes about 0.1 s.  VS_ERR_HOST when the host's clock does not move. */
int vs_host_clock_calibrate(struct vs_host_clock *clock, struct vs_error *error);

/* How good it is, in one sentence, into buffer.  Returns buffer. */
#define VS_HOST_CLOCK_TEXT 400
char *vs_host_clock_text(const struct vs_host_clock *clock, char *buffer);

#endif
