/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What lock primitives cost on this host: our ports of Xen's, Concurrency Kit's and
 * liburcu's, by one thread alone and by two at once on CPUs of their own.
 */
#ifndef VS_THREADS_PRIMITIVES_H
#define VS_THREADS_PRIMITIVES_H

#include <stdint.h>

#include "base/error.h"
#include "base/json.h"

/* ns over the repeats. */
struct vs_primitive_spread {
    double median_ns, min_ns, max_ns;
};

struct vs_primitive {
    const char *name;    /* "xen-ticket" */
    const char *what;    /* "lock and unlock" */
    const char *library; /* whose code */
    /* One pair or call.  two: both threads' together, so that a lock that lets both in
     * shows half of what it takes. */
    struct vs_primitive_spread alone, two;
};
#define VS_PRIMITIVES 13

/* Measure all, repeats times each; under a second a repeat on an idle host.  Errors:
 * VS_ERR_HOST with fewer than two CPUs or when the host refuses threads or placement. */
int vs_primitives_measure(uint32_t repeats, struct vs_primitive *primitives,
                          struct vs_error *error);
/* As member "primitives" of a machine profile: numbers with their spreads as source. */
struct vs_json_out *vs_primitives_json(const struct vs_primitive *primitives, uint32_t repeats);

#endif
