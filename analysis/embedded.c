/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds a text among the embedded files. */
#include "embedded.h"

#include <stddef.h>
#include <string.h>

const char *vs_embedded(const char *name)
{
    for (const struct vs_embedded_file *file = vs_embedded_files; file->name; file++) {
        if (strcmp(file->name, name) == 0)
            return (const char *)file->text;
    }
    return NULL;
}
