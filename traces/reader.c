/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading a trace from start to end, from a file or a pipe.  Every claim that the
 * file makes about itself is checked on the way: checksums, block numbers, the
 * index blocks against the record blocks before them, the totals of the end block.
 * Seeking and the look at a file's end before reading are in reader_seek.c.
 */
#include "reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int vs_reader_damage(struct vs_reader *reader, uint64_t offset, const char *reason,
                     struct vs_error *error)
{
    reader->ended = true;
    reader->failed = true;
    return vs_error_set_at(error, VS_ERR_INPUT, reader->path, offset, VS_NOWHERE, "%s", reason);
}

static int host_error(const struct vs_reader *reader, const char *doing, struct vs_error *error)
{
    return vs_error_set_at(error, VS_ERR_HOST, reader->path, VS_NOWHERE, VS_NOWHERE,
                           "cannot %s: %s", doing, strerror(errno));
}

/* Make *buffer hold size bytes and what loads may touch behind them. */
static int reserve(uint8_t **buffer, size_t *capacity, size_t size, struct vs_error *error)
{
    if (size + VS_UNPACK_PADDING <= *capacity)
        return 0;
    uint8_t *grown = realloc(*buffer, size + VS_UNPACK_PADDING);
    if (!grown)
        return vs_error_set(error, VS_ERR_MEMORY, "out of memory");
    *buffer = grown;
    *capacity = size + VS_UNPACK_PADDING;
    return 0;
}

/* Read up to length bytes; fewer only at the end.  *got says how many. */
static int read_bytes(struct vs_reader *reader, uint8_t *bytes, size_t length, size_t *got,
                      struct vs_error *error)
{
    *got = 0;
    while (*got < length) {
        ssize_t count = read(reader->fd, bytes + *got, length - *got);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return host_error(reader, "read", error);
        if (count == 0)
            break;
        *got += (size_t)count;
        reader->offset += (uint64_t)count;
    }
    return 0;
}

/* ------------------------------------------------------------------ blocks */

/* What follows from a payload whose bytes are all there. */
int vs_reader_payload(struct vs_reader *reader, const struct vs_block *block, uint64_t offset,
                      struct vs_error *error)
{
    if (vs_checksum(reader->stored, block->payload_bytes) != block->payload_checksum)
        return vs_reader_damage(reader, offset + VS_BLOCK_HEADER,
                                "a block's content is damaged (checksum)", error);
    reader->payload = reader->stored;
    if (block->encoding == VS_ENCODING_PLAIN)
        return 0;
    int ret = reserve(&reader->unpacked, &reader->unpacked_capacity, block->unpacked_bytes, error);
    if (ret < 0)
        return ret;
    if (vs_decompress(reader->decompressor, reader->stored, block->payload_bytes, reader->unpacked,
                      block->unpacked_bytes) < 0)
        return vs_reader_damage(reader, offset + VS_BLOCK_HEADER, "a block's zstd frame is damaged",
                                error);
    reader->payload = reader->unpacked;
    return 0;
}

/* The file ends inside a block, or before its end block. */
static int torn(struct vs_reader *reader, uint64_t offset, struct vs_error *error)
{
    if (reader->complete)
        return vs_reader_damage(reader, offset, "the file ends within a block", error);
    reader->ended = true;
    return 0;
}

/*
 * The next block of whatever type into *block, reader->payload.  Returns 1, or 0
 * at a quiet end (killed writer), or an error.
 */
static int read_block(struct vs_reader *reader, struct vs_block *block, struct vs_error *error)
{
    uint8_t header[VS_BLOCK_HEADER];
    uint64_t offset = reader->offset;
    size_t got = 0;
    int ret = read_bytes(reader, header, sizeof(header), &got, error);
    if (ret < 0)
        return ret;
    const uint8_t magic[] = {'V', 'P', 'B', 'K'};
    if (memcmp(header, magic, got < sizeof(magic) ? got : sizeof(magic)) != 0)
        return vs_reader_damage(reader, offset, "expected a block (its magic number is wrong)",
                                error);
    if (got < sizeof(header))
        return torn(reader, offset, error);
    const char *reason = vs_block_load(header, block);
    if (!reason && reader->sequence_known && block->sequence != reader->sequence)
        reason = "a block is missing or out of place";
    if (reason)
        return vs_reader_damage(reader, offset, reason, error);
    reader->sequence = block->sequence + 1;
    reader->sequence_known = true;
    ret = reserve(&reader->stored, &reader->stored_capacity, block->payload_bytes, error);
    if (ret == 0)
        ret = read_bytes(reader, reader->stored, block->payload_bytes, &got, error);
    if (ret < 0)
        return ret;
    if (got < block->payload_bytes)
        return torn(reader, offset, error);
    ret = vs_reader_payload(reader, block, offset, error);
    return ret < 0 ? ret : 1;
}

int vs_reader_parse_meta(struct vs_reader *reader, const struct vs_block *block, uint64_t offset,
                         struct vs_trace_meta *meta, struct vs_error *error)
{
    struct vs_json_doc *doc = NULL;
    struct vs_error inner = VS_ERROR_INIT;
    int ret = vs_json_parse((const char *)reader->payload, block->unpacked_bytes, reader->path,
                            &doc, &inner);
    if (ret == 0) {
        struct vs_json root = vs_json_root(doc);
        ret = vs_trace_meta_parse(&root, meta, &inner);
    }
    vs_json_doc_free(doc);
    if (ret == VS_ERR_INPUT) {
        vs_reader_damage(reader, offset, "the metadata is not as the format says", NULL);
        return vs_error_set_at(error, VS_ERR_INPUT, reader->path, offset, VS_NOWHERE,
                               "metadata: %s", inner.text);
    }
    return ret < 0 ? (int)vs_error_set(error, (enum vs_err)ret, "%s", inner.text) : 0;
}

/* ------------------------------------------------------------------- checks */

static bool entries_equal(const struct vs_index_entry *a, const struct vs_index_entry *b)
{
    return a->offset == b->offset && a->first_ns == b->first_ns && a->last_ns == b->last_ns &&
           a->lost_records == b->lost_records && a->records == b->records &&
           a->payload_bytes == b->payload_bytes;
}

static int check_index(struct vs_reader *reader, const struct vs_block *block, uint64_t offset,
                       struct vs_error *error)
{
    uint64_t previous = 0;
    uint32_t count = 0;
    const char *reason =
        vs_index_load(reader->payload, block->unpacked_bytes, &previous, reader->loaded, &count);
    if (!reason && reader->from_start && previous != reader->last_index)
        reason = "an index does not point at the one before it";
    if (!reason && reader->entries_whole) {
        bool same = count == reader->entry_count;
        for (uint32_t i = 0; same && i < count; i++)
            same = entries_equal(&reader->loaded[i], &reader->entries[i]);
        reason = same ? NULL : "an index disagrees with the blocks before it";
    }
    if (reason)
        return vs_reader_damage(reader, offset + VS_BLOCK_HEADER, reason, error);
    reader->last_index = offset;
    reader->entry_count = 0;
    reader->entries_whole = true;
    return 0;
}

static int check_end(struct vs_reader *reader, uint64_t offset, struct vs_error *error)
{
    const struct vs_trace_totals *totals = &reader->totals;
    struct vs_end end;
    vs_end_load(reader->payload, &end);
    const char *reason = NULL;
    if (!reader->closing_meta)
        reason = "the end block does not follow the closing metadata";
    else if (end.file_bytes != reader->offset || end.meta_offset != reader->closing_offset)
        reason = "the end block states other places than the file has";
    else if (reader->from_start &&
             (end.records != totals->records || end.lost_records != totals->lost_records ||
              end.first_ns != totals->first_ns || end.last_ns != totals->last_ns ||
              end.blocks != totals->blocks || end.last_index != reader->last_index))
        reason = "the end block's totals disagree with the blocks before it";
    if (reason)
        return vs_reader_damage(reader, offset + VS_BLOCK_HEADER, reason, error);
    uint8_t extra;
    size_t got = 0;
    int ret = read_bytes(reader, &extra, 1, &got, error);
    if (ret < 0)
        return ret;
    if (got != 0)
        return vs_reader_damage(reader, reader->offset - 1, "bytes follow the end block", error);
    reader->end = end;
    reader->complete = true;
    reader->ended = true;
    return 0;
}

static int take_records(struct vs_reader *reader, const struct vs_block *block, uint64_t offset,
                        struct vs_error *error)
{
    if (block->records > reader->records_capacity) {
        free(reader->records);
        reader->records_capacity = 0;
        reader->records = malloc(block->records * sizeof(*reader->records));
        if (!reader->records)
            return vs_error_set(error, VS_ERR_MEMORY, "out of memory");
        reader->records_capacity = block->records;
    }
    if (block->first_ns < reader->previous_ns)
        return vs_reader_damage(reader, offset, "a block begins before the one ahead of it ends",
                                error);
    struct vs_unpack_fault fault;
    if (vs_unpack(reader->unpacker, reader->payload, block->unpacked_bytes, block->records,
                  block->first_ns, reader->records, &fault) < 0) {
        vs_reader_damage(reader, offset, fault.reason, NULL);
        return vs_error_set_at(error, VS_ERR_INPUT, reader->path, offset + VS_BLOCK_HEADER,
                               VS_NOWHERE, "%s (byte %zu of the payload, record %u of the block)",
                               fault.reason, fault.offset_bytes, fault.record);
    }
    uint64_t lost = 0;
    for (uint32_t i = 0; i < block->records; i++)
        lost += reader->records[i].kind == VS_KIND_LOST ? reader->records[i].value : 0;
    if (reader->records[0].time_ns != block->first_ns ||
        reader->records[block->records - 1].time_ns != block->last_ns ||
        lost != block->lost_records)
        return vs_reader_damage(reader, offset, "a block's header disagrees with its records",
                                error);
    return 0;
}

static int count_block(struct vs_reader *reader, const struct vs_block *block, uint64_t offset,
                       struct vs_error *error)
{
    struct vs_trace_totals *totals = &reader->totals;
    if (reader->closing_meta)
        return vs_reader_damage(reader, offset, "records after the closing metadata", error);
    if (reader->entry_count == VS_INDEX_ENTRIES_MAX)
        return vs_reader_damage(reader, offset, "an index block is missing", error);
    reader->entries[reader->entry_count++] = (struct vs_index_entry){
        .offset = offset,
        .first_ns = block->first_ns,
        .last_ns = block->last_ns,
        .lost_records = block->lost_records,
        .records = block->records,
        .payload_bytes = block->payload_bytes,
    };
    reader->previous_ns = block->last_ns;
    if (totals->blocks++ == 0)
        totals->first_ns = block->first_ns;
    totals->last_ns = block->last_ns;
    totals->records += block->records;
    totals->lost_records += block->lost_records;
    return 0;
}

/* The metadata at the end; for a pipe it comes too late to replace the first. */
static int take_closing_meta(struct vs_reader *reader, const struct vs_block *block,
                             uint64_t offset, struct vs_error *error)
{
    if (reader->closing_meta || (reader->entries_whole && reader->entry_count != 0))
        return vs_reader_damage(reader, offset, "metadata is out of place", error);
    struct vs_trace_meta closing;
    int ret = vs_reader_parse_meta(reader, block, offset, &closing, error);
    if (ret < 0)
        return ret;
    vs_trace_meta_free(&reader->closing);
    reader->closing = closing;
    reader->closing_meta = true;
    reader->closing_offset = offset;
    return 0;
}

int vs_reader_next(struct vs_reader *reader, const struct vs_record **records, size_t *count,
                   struct vs_error *error)
{
    while (!reader->ended) {
        uint64_t offset = reader->offset;
        struct vs_block block;
        int ret = read_block(reader, &block, error);
        if (ret <= 0)
            return ret;
        switch ((enum vs_block_type)block.type) {
        case VS_BLOCK_RECORDS:
            ret = take_records(reader, &block, offset, error);
            if (ret == 0)
                ret = count_block(reader, &block, offset, error);
            if (ret < 0)
                return ret;
            *records = reader->records;
            *count = block.records;
            return 1;
        case VS_BLOCK_INDEX:
            ret = check_index(reader, &block, offset, error);
            break;
        case VS_BLOCK_META:
            ret = take_closing_meta(reader, &block, offset, error);
            break;
        case VS_BLOCK_END:
            ret = check_end(reader, offset, error);
            break;
        }
        if (ret < 0)
            return ret;
    }
    if (reader->failed)
        return vs_error_set_at(error, VS_ERR_INPUT, reader->path, VS_NOWHERE, VS_NOWHERE,
                               "reading stopped at damage before");
    return 0;
}

/* ------------------------------------------------------------ open and close */

static int read_start(struct vs_reader *reader, struct vs_error *error)
{
    uint8_t header[VS_FILE_HEADER];
    size_t got = 0;
    int ret = read_bytes(reader, header, sizeof(header), &got, error);
    if (ret < 0)
        return ret;
    const char *reason = vs_file_header_refuse(header, got);
    if (reason)
        return vs_reader_damage(reader, 0, reason, error);
    struct vs_block block;
    reader->sequence_known = true;
    ret = read_block(reader, &block, error);
    if (ret < 0)
        return ret;
    if (ret == 0)
        return vs_reader_damage(reader, VS_FILE_HEADER, "the file ends within its metadata", error);
    if (block.type != VS_BLOCK_META)
        return vs_reader_damage(reader, VS_FILE_HEADER, "the first block is not metadata", error);
    reader->start_offset = reader->offset;
    return vs_reader_parse_meta(reader, &block, VS_FILE_HEADER, &reader->meta, error);
}

static int open_file(struct vs_reader *reader, struct vs_error *error)
{
    if (strcmp(reader->path, "-") == 0) {
        reader->fd = STDIN_FILENO;
        reader->keep_fd = true;
    } else {
        reader->fd = open(reader->path, O_RDONLY | O_CLOEXEC);
    }
    struct stat status;
    if (reader->fd < 0 || fstat(reader->fd, &status) < 0)
        return host_error(reader, "open", error);
    if (S_ISDIR(status.st_mode)) {
        errno = EISDIR;
        return host_error(reader, "open", error);
    }
    reader->base = 0;
    if (S_ISREG(status.st_mode)) {
        /* Standard input may stand anywhere in a file that others read too. */
        off_t at = lseek(reader->fd, 0, SEEK_CUR);
        reader->seekable = at >= 0;
        reader->base = at > 0 ? (uint64_t)at : 0;
        reader->file_bytes = (uint64_t)status.st_size - reader->base;
    }
    return 0;
}

int vs_reader_open(const char *path, struct vs_reader **reader, struct vs_error *error)
{
    struct vs_reader *opened = calloc(1, sizeof(*opened));
    if (!opened)
        return vs_error_set(error, VS_ERR_MEMORY, "out of memory");
    opened->fd = -1;
    opened->from_start = true;
    opened->entries_whole = true;
    opened->path = strdup(path);
    opened->unpacker = vs_unpacker_new();
    opened->decompressor = vs_decompressor_new();
    int ret = 0;
    if (!opened->path || !opened->unpacker || !opened->decompressor)
        ret = vs_error_set(error, VS_ERR_MEMORY, "out of memory");
    if (ret == 0)
        ret = open_file(opened, error);
    if (ret == 0)
        ret = read_start(opened, error);
    if (ret == 0 && opened->seekable)
        ret = vs_reader_look_at_end(opened, error);
    if (ret < 0) {
        vs_reader_close(opened);
        return ret;
    }
    *reader = opened;
    return 0;
}

void vs_reader_close(struct vs_reader *reader)
{
    if (!reader)
        return;
    if (reader->fd >= 0 && !reader->keep_fd)
        close(reader->fd);
    vs_trace_meta_free(&reader->meta);
    vs_trace_meta_free(&reader->closing);
    vs_unpacker_free(reader->unpacker);
    vs_decompressor_free(reader->decompressor);
    free(reader->records);
    free(reader->stored);
    free(reader->unpacked);
    free(reader->path);
    free(reader);
}

const struct vs_trace_meta *vs_reader_meta(const struct vs_reader *reader)
{
    /* A file's was found at its end when it was opened; a pipe is read to its end once. */
    bool late = !reader->seekable && reader->closing_meta && reader->complete;
    return late ? &reader->closing : &reader->meta;
}

struct vs_trace_totals vs_reader_totals(const struct vs_reader *reader)
{
    if (!reader->complete) {
        struct vs_trace_totals totals = reader->totals;
        totals.file_bytes = reader->seekable ? reader->file_bytes : reader->offset;
        return totals;
    }
    return (struct vs_trace_totals){
        .records = reader->end.records,
        .lost_records = reader->end.lost_records,
        .first_ns = reader->end.first_ns,
        .last_ns = reader->end.last_ns,
        .blocks = reader->end.blocks,
        .file_bytes = reader->end.file_bytes,
        .complete = true,
    };
}
