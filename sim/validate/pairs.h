/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a machine profile says of the transfer between two CPUs, over all pairs. */
#ifndef VS_VALIDATE_PAIRS_H
#define VS_VALIDATE_PAIRS_H

#include <stdint.h>

#include "engine/machine.h"

/* Percentile (1 to 100) of the one-way transfer over all pairs of different CPUs.
 * Errors: those of vs_machine_load. */
int vs_pairs_percentile(const char *machine_name, uint32_t percentile, double *ns,
                        struct vs_error *error);

#endif
