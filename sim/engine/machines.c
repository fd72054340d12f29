/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine profiles that ship, embedded at build time; the first is the default. */
#include "embedded.h"

#include <stddef.h>
#include <string.h>

#include "machine.h"

extern const char vs_machine_dual_xeon_gold_6242_text[];
extern const char vs_machine_core_i7_8750h_text[];

static const char *const names[] = {"dual-xeon-gold-6242", "core-i7-8750h", NULL};
static const char *const texts[] = {vs_machine_dual_xeon_gold_6242_text,
                                    vs_machine_core_i7_8750h_text};

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
