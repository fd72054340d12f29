/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rate of the time stamp counter is measured against CLOCK_MONOTONIC_RAW in
 * several windows; their median counts and how far they lie apart is its error.
 * Then spins of known length are timed, in rows, since one alone is not much
 * longer than a reading of the clock.
 */
#include "clock.h"

#include <stdio.h>
#include <stdlib.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

#define WINDOWS      5u
#define WINDOW_NS    UINT64_C(12000000)
#define READINGS     1000u
#define ROWS         31u
#define ROW_SPINS    50u
#define CARRY_MAX_NS 200.0 /* far above one reading, far below a time slice */

void vs_host_clock_spin(const struct vs_host_clock *clock, vs_ticks ticks, int64_t *ahead)
{
    int64_t left = (int64_t)ticks - *ahead;
    if (left <= (int64_t)clock->own_ticks) {
        *ahead -= (int64_t)ticks;
        return;
    }
    vs_ticks now = vs_host_clock_now(clock);
    vs_ticks deadline = now + (vs_ticks)left - clock->own_ticks;
    do
        now = vs_host_clock_now(clock);
    while ((int64_t)(now - deadline) < 0);
    vs_ticks late = now - deadline;
    *ahead = (int64_t)(late < clock->carry_max ? late : clock->carry_max);
}

/* CPUID 80000007h, EDX bit 8: the counter runs at one rate in every state (AMD APM
 * volume 3, E.4.6; Intel SDM volume 3, 18.17.1). */
static bool tsc_is_invariant(void)
{
#if defined(__x86_64__)
    unsigned a, b, c, d;
    return __get_cpuid(0x80000007u, &a, &b, &c, &d) && (d & (1u << 8)) != 0;
#else
    return false;
#endif
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double window_rate(const struct vs_host_clock *tsc, const struct vs_host_clock *raw)
{
    vs_ticks from = vs_host_clock_now(raw), tsc_from = vs_host_clock_now(tsc), to, tsc_to;
    do {
        to = vs_host_clock_now(raw);
        tsc_to = vs_host_clock_now(tsc);
    } while (to - from < WINDOW_NS);
    return (double)(tsc_to - tsc_from) / (double)(to - from);
}

static void measure_rate(struct vs_host_clock *clock)
{
    const struct vs_host_clock raw = {.ticks_per_ns = 1};
    double rates[WINDOWS];
    clock->ticks_per_ns = 1;
    clock->rate_error = 0;
    if (!clock->is_tsc)
        return; /* it counts ns */
    for (unsigned i = 0; i < WINDOWS; i++)
        rates[i] = window_rate(clock, &raw);
    qsort(rates, WINDOWS, sizeof rates[0], by_value);
    clock->ticks_per_ns = rates[WINDOWS / 2];
    /* An interruption between two readings spoils one window: the outer ones do not count. */
    clock->rate_error = (rates[WINDOWS - 2] - rates[1]) / rates[WINDOWS / 2];
}

static void measure_reading(struct vs_host_clock *clock)
{
    double rows[ROWS];
    for (unsigned i = 0; i < ROWS; i++) {
        vs_ticks from = vs_host_clock_now(clock), last = from;
        for (unsigned k = 0; k < READINGS; k++)
            last = vs_host_clock_now(clock);
        rows[i] = (double)(last - from) / READINGS;
    }
    qsort(rows, ROWS, sizeof rows[0], by_value);
    clock->read_ns = rows[ROWS / 2] / clock->ticks_per_ns;
}

static void measure_spins(struct vs_host_clock *clock, vs_ns asked_ns,
                          struct vs_host_clock_probe *probe)
{
    double rows[ROWS], sum = 0;
    vs_ticks asked = vs_host_clock_ticks(clock, (double)asked_ns);
    for (unsigned i = 0; i < ROWS; i++) {
        int64_t ahead = 0;
        vs_ticks from = vs_host_clock_now(clock);
        for (unsigned k = 0; k < ROW_SPINS; k++)
            vs_host_clock_spin(clock, asked, &ahead);
        rows[i] = (double)(vs_host_clock_now(clock) - from) / ROW_SPINS / clock->ticks_per_ns;
    }
    qsort(rows, ROWS, sizeof rows[0], by_value);
    for (unsigned i = ROWS / 10; i < ROWS - ROWS / 10; i++)
        sum += rows[i];
    *probe = (struct vs_host_clock_probe){.asked_ns = asked_ns,
                                          .mean_ns = sum / (ROWS - 2 * (ROWS / 10)),
                                          .p10_ns = rows[ROWS / 10],
                                          .p90_ns = rows[ROWS - 1 - ROWS / 10]};
}

int vs_host_clock_calibrate(struct vs_host_clock *clock, struct vs_error *error)
{
    static const vs_ns lengths[VS_HOST_CLOCK_PROBES] = {100, 1000, 10000};
    struct vs_host_clock_probe probe;
    *clock = (struct vs_host_clock){.is_tsc = tsc_is_invariant()};
    measure_rate(clock);
    if (!(clock->ticks_per_ns > 0))
        return vs_error_set(error, VS_ERR_HOST, "this host's clock does not move");
    measure_reading(clock);
    clock->carry_max = vs_host_clock_ticks(clock, CARRY_MAX_NS);
    /* What a spin takes too long in a row is its call and its first reading. */
    measure_spins(clock, lengths[1], &probe);
    if (probe.mean_ns > (double)lengths[1])
        clock->own_ticks = vs_host_clock_ticks(clock, probe.mean_ns - (double)lengths[1]);
    if (clock->own_ticks > clock->carry_max) /* a disturbed host: better none than that much */
        clock->own_ticks = 0;
    for (unsigned i = 0; i < VS_HOST_CLOCK_PROBES; i++)
        measure_spins(clock, lengths[i], &clock->probes[i]);
    return 0;
}

char *vs_host_clock_text(const struct vs_host_clock *clock, char *buffer)
{
    size_t used = 0;
    if (clock->is_tsc)
        used += (size_t)snprintf(buffer, VS_HOST_CLOCK_TEXT,
                                 "work is spun by the time stamp counter, %.4f ticks a ns (known "
                                 "to %.1g %%), %.0f ns a reading",
                                 clock->ticks_per_ns, 100 * clock->rate_error, clock->read_ns);
    else
        used += (size_t)snprintf(buffer, VS_HOST_CLOCK_TEXT,
                                 "work is spun by CLOCK_MONOTONIC_RAW, %.0f ns a reading",
                                 clock->read_ns);
    for (unsigned i = 0; i < VS_HOST_CLOCK_PROBES && used < VS_HOST_CLOCK_TEXT; i++) {
        const struct vs_host_clock_probe *probe = &clock->probes[i];
        double asked = (double)probe->asked_ns;
        used += (size_t)snprintf(
            buffer + used, VS_HOST_CLOCK_TEXT - used, "; %.0f ns took %+.1f %% (%+.1f to %+.1f)",
            asked, 100 * (probe->mean_ns / asked - 1), 100 * (probe->p10_ns / asked - 1),
            100 * (probe->p90_ns / asked - 1));
    }
    return buffer;
}
