/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory for hot arrays.  Where a random access has to walk the page tables of a
 * guest and its host, huge pages matter more than any algorithm here.
 */
#include <string.h>

#include "internal.h"
#include "model/memory.h"

void *vs_hot_reserve(size_t bytes)
{
    return vs_memory_take(NULL, bytes, NULL);
}

void *vs_hot_alloc(size_t bytes)
{
    void *memory = vs_hot_reserve(bytes);
    if (memory)
        memset(memory, 0, bytes);
    return memory;
}
