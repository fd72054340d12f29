/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The inside of a reader, shared by reader.c (in order) and reader_seek.c (out of order). */
#ifndef VS_TRACE_READER_H
#define VS_TRACE_READER_H

#include "block.h"
#include "codec.h"
#include "compress.h"
#include "trace.h"

struct vs_reader {
    char *path;
    int fd;
    bool keep_fd;          /* standard input */
    bool seekable;         /* a regular file */
    uint64_t base;         /* position of the trace's first byte in the file */
    uint64_t file_bytes;   /* of a regular file, from base */
    uint64_t offset;       /* of the next byte, from base */
    uint64_t start_offset; /* of the first block after the opening metadata */

    struct vs_trace_meta meta;
    struct vs_trace_meta closing; /* from the file's end, once read in order */
    bool closing_meta;
    uint64_t closing_offset;

    bool complete; /* `end` is that of the file's end block */
    struct vs_end end;
    bool ended;  /* nothing more to read */
    bool failed; /* because of damage */

    /* What the blocks read in order must agree with. */
    bool sequence_known;
    uint32_t sequence;
    uint64_t previous_ns;
    bool from_start; /* never sought: totals count every block */
    struct vs_trace_totals totals;
    uint64_t last_index;
    bool entries_whole; /* entries[] holds every block since the last index */
    uint32_t entry_count;
    struct vs_index_entry entries[VS_INDEX_ENTRIES_MAX];
    struct vs_index_entry loaded[VS_INDEX_ENTRIES_MAX];

    struct vs_unpacker *unpacker;
    struct vs_decompressor *decompressor;
    uint8_t *stored, *unpacked;
    size_t stored_capacity, unpacked_capacity;
    const uint8_t *payload; /* of the last block read: stored or unpacked */
    struct vs_record *records;
    uint32_t records_capacity;
};

/* Notes damage: the reader ends here.  Returns VS_ERR_INPUT. */
int vs_reader_damage(struct vs_reader *reader, uint64_t offset, const char *reason,
                     struct vs_error *error);
/* Checks and decompresses reader->stored into reader->payload. */
int vs_reader_payload(struct vs_reader *reader, const struct vs_block *block, uint64_t offset,
                      struct vs_error *error);
/* Metadata out of reader->payload; *meta is empty on error. */
int vs_reader_parse_meta(struct vs_reader *reader, const struct vs_block *block, uint64_t offset,
                         struct vs_trace_meta *meta, struct vs_error *error);
/* If a seekable file has its end block, take totals and closing metadata from there. */
int vs_reader_look_at_end(struct vs_reader *reader, struct vs_error *error);

#endif
