/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads streams of unknown length too: a pipe has no size to ask for. */
#include "file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_BYTES ((size_t)64 << 10)

/* Up to limit_bytes + 1, so that "too long" can be told from "just fits". */
static char *read_stream(FILE *stream, size_t limit_bytes, size_t *length)
{
    size_t capacity = FIRST_BYTES, used = 0;
    char *buffer = malloc(capacity);

    while (buffer) {
        used += fread(buffer + used, 1, capacity - 1 - used, stream);
        if (used < capacity - 1 || used > limit_bytes)
            break;
        capacity *= 2;
        char *larger = realloc(buffer, capacity);

        if (!larger)
            free(buffer);
        buffer = larger;
    }
    if (buffer)
        buffer[used] = '\0';
    *length = used;
    return buffer;
}

int vs_file_read(const char *path, size_t limit_bytes, char **text, size_t *length,
                 struct vs_error *error)
{
    char *buffer = NULL;
    int ret = VS_ERR_HOST;
    FILE *stream = fopen(path, "rbe");

    *text = NULL;
    if (!stream)
        return vs_error_set_at(error, VS_ERR_HOST, path, VS_NOWHERE, VS_NOWHERE, "cannot open: %s",
                               strerror(errno));
    buffer = read_stream(stream, limit_bytes, length);
    if (!buffer) {
        ret = vs_error_set(error, VS_ERR_MEMORY, "out of memory for %s", path);
    } else if (ferror(stream)) {
        vs_error_set_at(error, VS_ERR_HOST, path, VS_NOWHERE, VS_NOWHERE, "cannot read: %s",
                        strerror(errno));
    } else if (*length > limit_bytes) {
        ret = vs_error_set_at(error, VS_ERR_INPUT, path, limit_bytes, VS_NOWHERE,
                              "a file of at most %zu KiB is expected, this one is longer",
                              limit_bytes >> 10);
    } else {
        *text = buffer;
        buffer = NULL;
        ret = 0;
    }
    free(buffer);
    fclose(stream);
    return ret;
}
