/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whole small files: policies, machine profiles, JSON. */
#ifndef VS_BASE_FILE_H
#define VS_BASE_FILE_H

#include <stddef.h>

#include "error.h"

/*
 * All of a file of at most limit_bytes into *text, which the caller frees; it is
 * followed by a 0 that *length does not count.  VS_ERR_HOST when it cannot be
 * opened or read (errno says why), VS_ERR_INPUT when it is longer.
 */
int vs_file_read(const char *path, size_t limit_bytes, char **text, size_t *length,
                 struct vs_error *error);

#endif
