/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What topology.c finds and measure.c uses. */
#ifndef VS_CALIBRATE_INTERNAL_H
#define VS_CALIBRATE_INTERNAL_H

#include "calibrate.h"
#include "topology.h"

/* Sockets, and the most cores in one and threads in one. */
void vs_host_shape(const struct vs_host_cpu *cpus, size_t count,
                   struct vs_calibration *calibration);

#endif
