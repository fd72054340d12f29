/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A policy is thousands of small steps and strings that are made together and
 * freed together: chunks in a chain.
 */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

#define CHUNK_BYTES ((size_t)64 << 10)
#define ALIGNMENT   _Alignof(max_align_t)

struct chunk {
    struct chunk *next;
    size_t used, size; /* bytes of data */
    max_align_t data[];
};

struct vs_arena {
    struct chunk *first;
};

struct vs_arena *vs_arena_new(void)
{
    return calloc(1, sizeof(struct vs_arena));
}

void vs_arena_free(struct vs_arena *arena)
{
    if (!arena)
        return;
    for (struct chunk *chunk = arena->first, *next; chunk; chunk = next) {
        next = chunk->next;
        free(chunk);
    }
    free(arena);
}

void *vs_arena_alloc(struct vs_arena *arena, size_t size_bytes)
{
    size_t rounded = (size_bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    struct chunk *chunk = arena->first;

    if (rounded < size_bytes)
        return NULL;
    if (!chunk || chunk->size - chunk->used < rounded) {
        size_t size = rounded > CHUNK_BYTES ? rounded : CHUNK_BYTES;

        chunk = calloc(1, sizeof(*chunk) + size);
        if (!chunk)
            return NULL;
        chunk->size = size;
        chunk->next = arena->first;
        arena->first = chunk;
    }
    void *made = (char *)chunk->data + chunk->used;

    chunk->used += rounded;
    return made;
}

char *vs_arena_text(struct vs_arena *arena, const char *text)
{
    size_t size = strlen(text) + 1;
    char *made = vs_arena_alloc(arena, size);

    if (made)
        memcpy(made, text, size);
    return made;
}
