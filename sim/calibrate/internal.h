/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What topology.c finds and measure.c uses. */
#ifndef VS_CALIBRATE_INTERNAL_H
#define VS_CALIBRATE_INTERNAL_H

#include <stddef.h>

#include "calibrate.h"

struct vs_host_cpu {
    uint32_t cpu; /* as the kernel numbers it */
    uint32_t package, core;
};

/* The CPUs that this process may run on, count of them; freed by the caller. */
int vs_host_cpus(struct vs_host_cpu **cpus, size_t *count, struct vs_error *error);
enum vs_distance vs_host_distance(const struct vs_host_cpu *a, const struct vs_host_cpu *b);
/* Sockets, and the most cores in one and threads in one. */
void vs_host_shape(const struct vs_host_cpu *cpus, size_t count,
                   struct vs_calibration *calibration);

#endif
