/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The transfer between two CPUs, over all pairs of a machine.  No run: a profile
 * has a few distances where the published matrix has a value for every pair. */
#include "pairs.h"

int vs_pairs_percentile(const char *machine_name, uint32_t percentile, double *ns,
                        struct vs_error *error)
{
    uint64_t count[VS_DISTANCE_COUNT] = {0}, pairs = 0, below = 0;
    struct vs_machine *machine = NULL;
    int ret = vs_machine_load(machine_name, &machine, error);
    if (ret < 0)
        return ret;
    uint32_t cpus = vs_machine_cpus(machine);
    for (uint32_t a = 0; a < cpus; a++)
        for (uint32_t b = 0; b < a; b++, pairs++)
            count[vs_machine_distance(machine, a, b)]++;
    *ns = 0;
    for (int i = VS_SAME_CORE; i < VS_DISTANCE_COUNT; i++) { /* nearer is never slower */
        if (count[i] > 0 && below * 100 < pairs * percentile)
            *ns = (double)machine->transfer_ps[i] / (double)VS_PS_PER_NS;
        below += count[i];
    }
    vs_machine_free(machine);
    return 0;
}
