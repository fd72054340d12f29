/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading out of order, in regular files: the end block and what it points at,
 * and finding the block of a time.  Index blocks form a chain from the end of the
 * file; one of them covers thousands of record blocks, so the chain is short.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reader.h"

/* Read exactly length bytes at offset; false when the file has fewer. */
static bool read_at(const struct vs_reader *reader, uint64_t offset, uint8_t *bytes, size_t length)
{
    while (length > 0) {
        ssize_t got = pread(reader->fd, bytes, length, (off_t)(reader->base + offset));
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        bytes += got;
        offset += (uint64_t)got;
        length -= (size_t)got;
    }
    return true;
}

/* The block of the given type at offset, payload unpacked. */
static int load_block(struct vs_reader *reader, uint64_t offset, enum vs_block_type type,
                      struct vs_block *block, struct vs_error *error)
{
    uint8_t header[VS_BLOCK_HEADER];
    if (!read_at(reader, offset, header, sizeof(header)))
        return vs_reader_damage(reader, offset, "a block is expected beyond the file's end", error);
    const char *reason = vs_block_load(header, block);
    if (!reason && block->type != type)
        reason = "another type of block is expected here";
    if (reason)
        return vs_reader_damage(reader, offset, reason, error);
    size_t needed = block->payload_bytes + VS_UNPACK_PADDING;
    if (needed > reader->stored_capacity) {
        uint8_t *grown = realloc(reader->stored, needed);
        if (!grown)
            return vs_error_set(error, VS_ERR_MEMORY, "out of memory");
        reader->stored = grown;
        reader->stored_capacity = needed;
    }
    if (!read_at(reader, offset + VS_BLOCK_HEADER, reader->stored, block->payload_bytes))
        return vs_reader_damage(reader, offset, "the file ends within a block", error);
    return vs_reader_payload(reader, block, offset, error);
}

int vs_reader_look_at_end(struct vs_reader *reader, struct vs_error *error)
{
    uint8_t bytes[VS_BLOCK_HEADER + VS_END_BYTES];
    struct vs_block block;
    struct vs_end end;
    if (reader->file_bytes < reader->start_offset + sizeof(bytes) ||
        !read_at(reader, reader->file_bytes - sizeof(bytes), bytes, sizeof(bytes)))
        return 0;
    if (vs_block_load(bytes, &block) != NULL || block.type != VS_BLOCK_END ||
        vs_checksum(bytes + VS_BLOCK_HEADER, VS_END_BYTES) != block.payload_checksum)
        return 0;
    vs_end_load(bytes + VS_BLOCK_HEADER, &end);
    if (end.file_bytes != reader->file_bytes)
        return 0;
    struct vs_trace_meta closing;
    int ret = load_block(reader, end.meta_offset, VS_BLOCK_META, &block, error);
    if (ret == 0)
        ret = vs_reader_parse_meta(reader, &block, end.meta_offset, &closing, error);
    if (ret < 0)
        return ret;
    vs_trace_meta_free(&reader->meta);
    reader->meta = closing;
    reader->end = end;
    reader->complete = true;
    return 0;
}

/* Place of the first record block that ends at or after time_ns, by the index chain;
 * VS_NOWHERE when there is none. */
static int find_by_index(struct vs_reader *reader, uint64_t time_ns, uint64_t *found,
                         struct vs_error *error)
{
    uint64_t at = reader->end.last_index;
    *found = VS_NOWHERE;
    while (at != 0) {
        struct vs_block block;
        uint64_t previous = 0;
        uint32_t count = 0;
        int ret = load_block(reader, at, VS_BLOCK_INDEX, &block, error);
        if (ret < 0)
            return ret;
        const char *reason =
            vs_index_load(reader->payload, block.unpacked_bytes, &previous, reader->loaded, &count);
        if (!reason && previous >= at)
            reason = "an index points forward";
        if (reason)
            return vs_reader_damage(reader, at, reason, error);
        uint32_t first = 0;
        while (first < count && reader->loaded[first].last_ns < time_ns)
            first++;
        if (first < count)
            *found = reader->loaded[first].offset;
        if (first > 0)
            return 0; /* everything before this index is earlier */
        at = previous;
    }
    return 0;
}

/* The same by the block headers alone, for a file without end block. */
static int find_by_headers(struct vs_reader *reader, uint64_t time_ns, uint64_t *found,
                           struct vs_error *error)
{
    uint8_t header[VS_BLOCK_HEADER];
    uint64_t at = reader->start_offset;
    *found = VS_NOWHERE;
    while (read_at(reader, at, header, sizeof(header))) {
        struct vs_block block;
        const char *reason = vs_block_load(header, &block);
        if (reason)
            return vs_reader_damage(reader, at, reason, error);
        if (block.type == VS_BLOCK_RECORDS && block.last_ns >= time_ns) {
            *found = at;
            return 0;
        }
        at += VS_BLOCK_HEADER + (uint64_t)block.payload_bytes;
    }
    return 0;
}

int vs_reader_seek(struct vs_reader *reader, uint64_t time_ns, struct vs_error *error)
{
    if (!reader->seekable)
        return vs_error_set_at(error, VS_ERR_HOST, reader->path, VS_NOWHERE, VS_NOWHERE,
                               "cannot seek in a pipe");
    uint64_t found = VS_NOWHERE;
    int ret = reader->complete ? find_by_index(reader, time_ns, &found, error)
                               : find_by_headers(reader, time_ns, &found, error);
    if (ret < 0)
        return ret;
    reader->from_start = false;
    reader->failed = false;
    reader->ended = found == VS_NOWHERE;
    if (reader->ended)
        return 0;
    if (lseek(reader->fd, (off_t)(reader->base + found), SEEK_SET) < 0)
        return vs_error_set_at(error, VS_ERR_HOST, reader->path, VS_NOWHERE, VS_NOWHERE,
                               "cannot seek: %s", strerror(errno));
    reader->offset = found;
    reader->sequence_known = false;
    reader->previous_ns = 0;
    reader->entry_count = 0;
    reader->entries_whole = false;
    reader->closing_meta = false;
    return 0;
}
