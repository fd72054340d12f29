/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every call of a run, for what a result does not hold: how long how many were
 * inside, the distribution of waits, the order of service. */
#ifndef VS_VALIDATE_RECORD_H
#define VS_VALIDATE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/units.h"

#define VS_RECORD_STATES 16

/* Calls in the order of their ends, in ps.  Zero it at first; free with
 * vs_record_release. */
struct vs_record_calls {
    vs_ps *due, *end, *wait;
    size_t count, capacity;
    bool out_of_memory;
};

struct vs_record_summary {
    /* Share of time with so many inside, from arrival to end; the last: so many or
     * more.  Over the arrivals' time without its first tenth. */
    double share[VS_RECORD_STATES];
    double wait_p99_ns;
    double wait_half_ns; /* mean over the first half of calls: every thread still runs */
    uint64_t overtaken;  /* calls that ended before one that was due earlier */
};

/* An engine's call_ended; context is a struct vs_record_calls. */
void vs_record_call(void *context, uint16_t actor, vs_ps due, vs_ps end, vs_ps lock_wait);
/* Reorders the record in place.  VS_ERR_MEMORY when a call did not fit. */
int vs_record_summarise(struct vs_record_calls *calls, struct vs_record_summary *summary);
void vs_record_release(struct vs_record_calls *calls);

#endif
