/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine profiles that ship, embedded at build time; the first is the default. */
#include "embedded.h"

#include <stddef.h>
#include <string.h>

#include "machine.h"

extern const char vs_machine_dual_xeon_gold_6242_text[];
extern const char vs_machine_core_i7_8750h_text[];
extern const char vs_machine_xeon_8176_8s_text[];
extern const char vs_machine_xeon_x5550_text[];
extern const char vs_machine_dual_xeon_e5_2680_v4_text[];
extern const char vs_machine_dual_xeon_e5_2690_text[];
extern const char vs_machine_dual_epyc_7742_text[];
extern const char vs_machine_epyc_7773x_text[];
extern const char vs_machine_dual_epyc_7r13_text[];
extern const char vs_machine_ryzen_7950x_text[];
extern const char vs_machine_lpd48core_text[];
extern const char vs_machine_lpdxeon2680_text[];
extern const char vs_machine_diassrv8_text[];
extern const char vs_machine_lpdquad_text[];
extern const char vs_machine_westmere_2400_text[];
extern const char vs_machine_westmere_2930_text[];
extern const char vs_machine_power5_64_text[];

static const char *const names[] = {"dual-xeon-gold-6242",
                                    "core-i7-8750h",
                                    "xeon-8176-8s",
                                    "xeon-x5550",
                                    "dual-xeon-e5-2680-v4",
                                    "dual-xeon-e5-2690",
                                    "dual-epyc-7742",
                                    "epyc-7773x",
                                    "dual-epyc-7r13",
                                    "ryzen-7950x",
                                    "lpd48core",
                                    "lpdxeon2680",
                                    "diassrv8",
                                    "lpdquad",
                                    "westmere-2400",
                                    "westmere-2930",
                                    "power5-64",
                                    NULL};
static const char *const texts[] = {vs_machine_dual_xeon_gold_6242_text,
                                    vs_machine_core_i7_8750h_text,
                                    vs_machine_xeon_8176_8s_text,
                                    vs_machine_xeon_x5550_text,
                                    vs_machine_dual_xeon_e5_2680_v4_text,
                                    vs_machine_dual_xeon_e5_2690_text,
                                    vs_machine_dual_epyc_7742_text,
                                    vs_machine_epyc_7773x_text,
                                    vs_machine_dual_epyc_7r13_text,
                                    vs_machine_ryzen_7950x_text,
                                    vs_machine_lpd48core_text,
                                    vs_machine_lpdxeon2680_text,
                                    vs_machine_diassrv8_text,
                                    vs_machine_lpdquad_text,
                                    vs_machine_westmere_2400_text,
                                    vs_machine_westmere_2930_text,
                                    vs_machine_power5_64_text};
_Static_assert(sizeof names / sizeof names[0] == sizeof texts / sizeof texts[0] + 1,
               "a text per name");

const char *const *vs_machine_names(void)
{
    return names;
}

const char *vs_embedded_machine(const char *name)
{
    for (size_t i = 0; names[i]; i++)
        if (strcmp(names[i], name) == 0)
            return texts[i];
    return NULL;
}
