/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The framing of trace files: file header, block header, index and end payloads,
 * between structs and bytes.  Pure functions; who reads and writes the bytes is
 * writer.c and reader.c.  traces/FORMAT.md is the contract.
 */
#ifndef VS_TRACE_BLOCK_H
#define VS_TRACE_BLOCK_H

#include <stddef.h>
#include <stdint.h>

#include "format.h"

struct vs_block {
    uint8_t type;     /* enum vs_block_type */
    uint8_t encoding; /* enum vs_block_encoding */
    uint32_t records;
    uint32_t payload_bytes;  /* as stored */
    uint32_t unpacked_bytes; /* after zstd, equal to payload_bytes when plain */
    uint32_t sequence;       /* 0, 1, 2 ... in the file */
    uint64_t first_ns, last_ns;
    uint64_t lost_records;
    uint64_t payload_checksum;
};

/* The index's line about one record block. */
struct vs_index_entry {
    uint64_t offset; /* of the block's header in the file */
    uint64_t first_ns, last_ns;
    uint64_t lost_records;
    uint32_t records;
    uint32_t payload_bytes;
};

/* The end block's payload. */
struct vs_end {
    uint64_t records, lost_records;
    uint64_t first_ns, last_ns;
    uint64_t blocks;      /* record blocks */
    uint64_t last_index;  /* offset of the last index block */
    uint64_t meta_offset; /* of the closing metadata block */
    uint64_t file_bytes;
};

uint64_t vs_checksum(const uint8_t *bytes, size_t length);

void vs_file_header_store(uint8_t out[VS_FILE_HEADER]);
/* NULL when it is ours, else the reason. */
const char *vs_file_header_refuse(const uint8_t *header, size_t length);

/* Fills in magic and header checksum. */
void vs_block_store(const struct vs_block *block, uint8_t out[VS_BLOCK_HEADER]);
/* Reads and checks one header; returns NULL or the reason.  *block is only good with NULL. */
const char *vs_block_load(const uint8_t in[VS_BLOCK_HEADER], struct vs_block *block);

/* An index payload: offset of the index block before it (0: none), then entries.
 * out has VS_INDEX_PREFIX_BYTES + count * VS_INDEX_ENTRY_BYTES.  Returns the length. */
size_t vs_index_store(uint64_t previous, const struct vs_index_entry *entries, uint32_t count,
                      uint8_t *out);
/* entries has room for VS_INDEX_ENTRIES_MAX.  Returns NULL or the reason. */
const char *vs_index_load(const uint8_t *in, size_t length, uint64_t *previous,
                          struct vs_index_entry *entries, uint32_t *count);

void vs_end_store(const struct vs_end *end, uint8_t out[VS_END_BYTES]);
void vs_end_load(const uint8_t in[VS_END_BYTES], struct vs_end *end);

#endif
