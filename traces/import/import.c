/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The registry of importers. */
#include "import.h"

#include <string.h>

const struct vs_importer *const vs_importers[] = {
    &vs_importer_xentrace, &vs_importer_qemu_log, &vs_importer_csv, &vs_importer_jsonl, NULL,
};

const struct vs_importer *vs_importer_find(const char *name)
{
    for (size_t i = 0; vs_importers[i]; i++)
        if (strcmp(vs_importers[i]->name, name) == 0)
            return vs_importers[i];
    return NULL;
}
