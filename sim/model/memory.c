/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A list of the arrays that are out, with their sizes: there are some ten for
 * each workload, so that looking one up costs nothing beside filling it.
 */
#include "memory.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <unistd.h>

#define CACHE_LINE_BYTES 128u                /* two: x86-64 fetches them in pairs */
#define HUGE_PAGE_BYTES  (UINT64_C(2) << 20) /* x86-64 */
#define PATH_BYTES       4096
#define FIRST_ITEMS      64

struct block {
    void *array;
    size_t bytes;
    int fd; /* its file, or -1 */
};

struct vs_memory {
    pthread_mutex_t lock; /* guards all that follows */
    struct vs_memory_use use;
    vs_memory_listener *listener; /* NULL once it was told */
    void *context;
    struct block *blocks;
    size_t count, capacity;
};

static void *no_memory(struct vs_error *error)
{
    vs_error_set(error, VS_ERR_MEMORY, "out of memory for the trace's calls");
    return NULL;
}

const char *vs_memory_directory(void)
{
    const char *directory = getenv("TMPDIR");
    return directory && directory[0] ? directory : "/var/tmp";
}

/* ------------------------------------------------------------------ making */

static uint64_t half_of_ram(void)
{
    long pages = sysconf(_SC_PHYS_PAGES), page_bytes = sysconf(_SC_PAGESIZE);
    return pages > 0 && page_bytes > 0 ? (uint64_t)pages * (uint64_t)page_bytes / 2 : UINT64_MAX;
}

int vs_memory_make(uint64_t bound_bytes, vs_memory_listener *listener, void *context,
                   struct vs_memory **memory, struct vs_error *error)
{
    struct vs_memory *made = calloc(1, sizeof(*made));
    if (!made)
        return vs_error_set(error, VS_ERR_MEMORY, "out of memory");
    pthread_mutex_init(&made->lock, NULL);
    made->use.bound_bytes = bound_bytes ? bound_bytes : half_of_ram();
    made->listener = listener;
    made->context = context;
    *memory = made;
    return VS_OK;
}

static void drop(struct block *block)
{
    if (block->fd < 0) {
        free(block->array);
        return;
    }
    munmap(block->array, block->bytes);
    close(block->fd);
}

void vs_memory_free(struct vs_memory *memory)
{
    if (!memory)
        return;
    for (size_t i = 0; i < memory->count; i++)
        drop(&memory->blocks[i]);
    free(memory->blocks);
    pthread_mutex_destroy(&memory->lock);
    free(memory);
}

/* ------------------------------------------------------------------ files */

static void tell(struct vs_memory *memory)
{
    struct statfs system;
    const char *directory = vs_memory_directory();
    vs_memory_listener *listener = memory->listener;

    memory->listener = NULL;
    if (listener)
        listener(memory->context, directory,
                 statfs(directory, &system) == 0 &&
                     (system.f_type == TMPFS_MAGIC || system.f_type == RAMFS_MAGIC));
}

static int file_error(struct vs_error *error, int code, size_t bytes)
{
    return vs_error_set(error, VS_ERR_HOST,
                        "cannot keep %zu MiB of the trace in a temporary file in %s: %s; give "
                        "more --memory, or set TMPDIR to a directory with room",
                        (bytes + (1 << 20) - 1) >> 20, vs_memory_directory(), strerror(code));
}

/* A file that loses its name at once: whatever ends the program, its room is given back. */
static int open_file(size_t bytes, struct vs_error *error)
{
    char path[PATH_BYTES];
    int length = snprintf(path, sizeof(path), "%s/vpci-sim-XXXXXX", vs_memory_directory());
    if (length < 0 || (size_t)length >= sizeof(path))
        return file_error(error, ENAMETOOLONG, bytes);
    int fd = mkostemp(path, O_CLOEXEC);
    if (fd < 0)
        return file_error(error, errno, bytes);
    unlink(path);
    return fd;
}

static size_t whole_pages(size_t bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    return bytes ? (bytes + page - 1) / page * page : page;
}

/* Room on the disk from old_bytes on. */
static int reserve_file(int fd, size_t old_bytes, size_t bytes, struct vs_error *error)
{
    int code;
    do
        code = posix_fallocate(fd, (off_t)old_bytes, (off_t)(bytes - old_bytes));
    while (code == EINTR);
    return code ? file_error(error, code, bytes) : VS_OK;
}

static void *map_file(int fd, size_t bytes, struct vs_error *error)
{
    void *array = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (array != MAP_FAILED)
        return array;
    file_error(error, errno, bytes);
    return NULL;
}

/* The block's array into a file of its own; block is unchanged after an error. */
static int to_file(struct vs_memory *memory, struct block *block, size_t bytes,
                   struct vs_error *error)
{
    size_t room = whole_pages(bytes);
    int ret = VS_ERR_HOST, fd;

    tell(memory);
    fd = open_file(room, error);
    if (fd < 0)
        return ret;
    void *array = reserve_file(fd, 0, room, error) < 0 ? NULL : map_file(fd, room, error);
    if (!array) {
        close(fd);
        return ret;
    }
    if (block->array)
        memcpy(array, block->array, block->bytes);
    free(block->array);
    *block = (struct block){array, room, fd};
    return VS_OK;
}

static int longer_file(struct block *block, size_t bytes, struct vs_error *error)
{
    size_t room = whole_pages(bytes);
    if (room <= block->bytes)
        return VS_OK;
    int ret = reserve_file(block->fd, block->bytes, room, error);
    if (ret < 0)
        return ret;
    void *array = mremap(block->array, block->bytes, room, MREMAP_MAYMOVE);
    if (array == MAP_FAILED)
        return file_error(error, errno, room);
    block->array = array;
    block->bytes = room;
    return VS_OK;
}

/* ------------------------------------------------------------------ arrays */

static void *huge_pages(size_t bytes)
{
    size_t align = bytes >= HUGE_PAGE_BYTES ? HUGE_PAGE_BYTES : CACHE_LINE_BYTES;
    size_t rounded = (bytes + align - 1) / align * align;
    void *array = aligned_alloc(align, rounded ? rounded : align);
#ifdef MADV_HUGEPAGE
    if (array && align == HUGE_PAGE_BYTES)
        (void)madvise(array, rounded, MADV_HUGEPAGE); /* without them it is only slower */
#endif
    return array;
}

static void count_block(struct vs_memory_use *use, const struct block *block, bool out)
{
    uint64_t *now = block->fd < 0 ? &use->held_bytes : &use->filed_bytes;
    *now = out ? *now + block->bytes : *now - block->bytes;
    if (use->held_bytes > use->held_most_bytes)
        use->held_most_bytes = use->held_bytes;
    if (use->filed_bytes > use->filed_most_bytes)
        use->filed_most_bytes = use->filed_bytes;
}

static int more_blocks(struct vs_memory *memory, struct vs_error *error)
{
    if (memory->count < memory->capacity)
        return VS_OK;
    size_t wanted = memory->capacity ? 2 * memory->capacity : FIRST_ITEMS;
    void *grown = realloc(memory->blocks, wanted * sizeof(*memory->blocks));
    if (!grown) {
        no_memory(error);
        return VS_ERR_MEMORY;
    }
    memory->blocks = grown;
    memory->capacity = wanted;
    return VS_OK;
}

static struct block *find(struct vs_memory *memory, const void *array)
{
    for (size_t i = 0; i < memory->count; i++) {
        if (memory->blocks[i].array == array)
            return &memory->blocks[i];
    }
    return NULL;
}

/* Bytes for a block, in memory when the bound allows it. */
static int resize(struct vs_memory *memory, struct block *block, size_t bytes, bool huge,
                  struct vs_error *error)
{
    if (block->fd >= 0)
        return longer_file(block, bytes, error);
    uint64_t others = memory->use.held_bytes; /* this block is not among them now */
    if (others > memory->use.bound_bytes || bytes > memory->use.bound_bytes - others)
        return to_file(memory, block, bytes, error);
    void *array = huge ? huge_pages(bytes) : realloc(block->array, bytes ? bytes : 1);
    if (!array) {
        no_memory(error);
        return VS_ERR_MEMORY;
    }
    block->array = array;
    block->bytes = bytes;
    return VS_OK;
}

static void *change(struct vs_memory *memory, void *array, size_t bytes, bool huge,
                    struct vs_error *error)
{
    void *changed = NULL;

    pthread_mutex_lock(&memory->lock);
    struct block *block = array ? find(memory, array) : NULL;
    assert(block || !array);
    if (!block) {
        if (more_blocks(memory, error) < 0)
            goto out;
        block = &memory->blocks[memory->count];
        *block = (struct block){NULL, 0, -1};
    } else {
        count_block(&memory->use, block, false);
    }
    bool made = resize(memory, block, bytes, huge, error) == VS_OK;
    if (made || array)
        count_block(&memory->use, block, true);
    if (made) {
        changed = block->array;
        memory->count += !array;
    }
out:
    pthread_mutex_unlock(&memory->lock);
    return changed;
}

void *vs_memory_take(struct vs_memory *memory, size_t bytes, struct vs_error *error)
{
    void *array = memory ? change(memory, NULL, bytes, true, error) : huge_pages(bytes);
    return array ? array : no_memory(error);
}

void *vs_memory_extend(struct vs_memory *memory, void *array, size_t bytes, struct vs_error *error)
{
    void *longer =
        memory ? change(memory, array, bytes, false, error) : realloc(array, bytes ? bytes : 1);
    return longer ? longer : no_memory(error);
}

int vs_memory_grow(struct vs_memory *memory, void *array, size_t *capacity, size_t count,
                   size_t item_bytes, struct vs_error *error)
{
    void *items;
    if (count < *capacity)
        return VS_OK;
    size_t grown = *capacity ? *capacity * 2 : FIRST_ITEMS;
    memcpy(&items, array, sizeof(items)); /* array is the address of a pointer of any type */
    items = vs_memory_extend(memory, items, grown * item_bytes, error);
    if (!items)
        return VS_ERR_MEMORY;
    memcpy(array, &items, sizeof(items));
    *capacity = grown;
    return VS_OK;
}

void vs_memory_release(struct vs_memory *memory, void *array)
{
    struct block *block = NULL;

    if (!array)
        return;
    if (memory) {
        pthread_mutex_lock(&memory->lock);
        block = find(memory, array);
        if (block) {
            count_block(&memory->use, block, false);
            drop(block);
            *block = memory->blocks[--memory->count];
        }
        pthread_mutex_unlock(&memory->lock);
    }
    if (!block)
        free(array);
}

void vs_memory_scattered(struct vs_memory *memory, void *array)
{
    if (!memory || !array)
        return;
    pthread_mutex_lock(&memory->lock);
    const struct block *block = find(memory, array);
    if (block && block->fd >= 0)
        (void)madvise(block->array, block->bytes, MADV_RANDOM); /* without it it is only slower */
    pthread_mutex_unlock(&memory->lock);
}

struct vs_memory_use vs_memory_use(struct vs_memory *memory)
{
    pthread_mutex_lock(&memory->lock);
    struct vs_memory_use use = memory->use;
    pthread_mutex_unlock(&memory->lock);
    return use;
}
