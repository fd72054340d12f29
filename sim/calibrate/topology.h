/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The CPUs of this host that the process may use, and how they lie to each other. */
#ifndef VS_CALIBRATE_TOPOLOGY_H
#define VS_CALIBRATE_TOPOLOGY_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "engine/machine.h"

struct vs_host_cpu {
    uint32_t cpu; /* as the kernel numbers it */
    uint32_t package, core;
};

/* The CPUs that this process may run on, count of them; freed by the caller. */
int vs_host_cpus(struct vs_host_cpu **cpus, size_t *count, struct vs_error *error);
enum vs_distance vs_host_distance(const struct vs_host_cpu *a, const struct vs_host_cpu *b);

#endif
