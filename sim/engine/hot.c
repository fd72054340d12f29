/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory for hot arrays.  Where a random access has to walk the page tables of a
 * guest and its host, huge pages matter more than any algorithm here.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "internal.h"

#define CACHE_LINE_BYTES 128u                /* two: x86-64 fetches them in pairs */
#define HUGE_PAGE_BYTES  (UINT64_C(2) << 20) /* x86-64 */

void *vs_hot_reserve(size_t bytes)
{
    size_t align = bytes >= HUGE_PAGE_BYTES ? HUGE_PAGE_BYTES : CACHE_LINE_BYTES;
    size_t rounded = (bytes + align - 1) / align * align;
    void *memory = aligned_alloc(align, rounded ? rounded : align);
    if (!memory)
        return NULL;
#ifdef MADV_HUGEPAGE
    if (align == HUGE_PAGE_BYTES)
        (void)madvise(memory, rounded, MADV_HUGEPAGE); /* without them it is only slower */
#endif
    return memory;
}

void *vs_hot_alloc(size_t bytes)
{
    void *memory = vs_hot_reserve(bytes);
    if (memory)
        memset(memory, 0, bytes);
    return memory;
}
