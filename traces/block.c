/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A block header carries two checksums: one of the header itself, so that a wrong
 * length is found before it is used and a torn block at the end of a killed
 * capture can be told from damage, and one of the payload.
 */
#include "block.h"

#include <string.h>
#include <xxhash.h>

#include "bits.h"

uint64_t vs_checksum(const uint8_t *bytes, size_t length)
{
    return XXH3_64bits(bytes, length);
}

static void store16(uint8_t *at, uint16_t value)
{
    memcpy(at, &value, sizeof(value));
}

static uint16_t load16(const uint8_t *at)
{
    uint16_t value;
    memcpy(&value, at, sizeof(value));
    return value;
}

void vs_file_header_store(uint8_t out[VS_FILE_HEADER])
{
    memset(out, 0, VS_FILE_HEADER);
    memcpy(out, VS_FORMAT_MAGIC, VS_FORMAT_MAGIC_LEN);
    store16(out + 8, VS_FORMAT_VERSION);
    store16(out + 10, VS_FILE_HEADER);
    vs_store64(out + 24, vs_checksum(out, 24));
}

const char *vs_file_header_refuse(const uint8_t *header, size_t length)
{
    if (length == 0)
        return "the file is empty";
    size_t known = length < VS_FORMAT_MAGIC_LEN ? length : VS_FORMAT_MAGIC_LEN;
    if (memcmp(header, VS_FORMAT_MAGIC, known) != 0)
        return "not a vpcisim trace (its first bytes are not a trace's)";
    if (length < VS_FILE_HEADER)
        return "the file ends within its header";
    if (vs_load64(header + 24) != vs_checksum(header, 24))
        return "the file header is damaged (checksum)";
    if (load16(header + 8) != VS_FORMAT_VERSION)
        return "the format's version is not 1, the only one this program knows";
    if (load16(header + 10) != VS_FILE_HEADER || vs_load32(header + 12) != 0 ||
        vs_load64(header + 16) != 0)
        return "the file header has flags that this program does not know";
    return NULL;
}

void vs_block_store(const struct vs_block *block, uint8_t out[VS_BLOCK_HEADER])
{
    memset(out, 0, VS_BLOCK_HEADER);
    vs_store32(out, VS_BLOCK_MAGIC);
    out[4] = block->type;
    out[5] = block->encoding;
    vs_store32(out + 8, block->records);
    vs_store32(out + 12, block->payload_bytes);
    vs_store32(out + 16, block->unpacked_bytes);
    vs_store32(out + 20, block->sequence);
    vs_store64(out + 24, block->first_ns);
    vs_store64(out + 32, block->last_ns);
    vs_store64(out + 40, block->lost_records);
    vs_store64(out + 48, block->payload_checksum);
    vs_store64(out + 56, vs_checksum(out, 56));
}

/* What each type may hold: bounds on lengths and on the record count. */
static const char *block_refuse(const struct vs_block *block)
{
    uint32_t limit = 0;
    switch (block->type) {
    case VS_BLOCK_META:
        limit = VS_META_BYTES_MAX;
        break;
    case VS_BLOCK_RECORDS:
        limit = VS_RECORDS_BYTES_MAX;
        break;
    case VS_BLOCK_INDEX:
        limit = VS_INDEX_PREFIX_BYTES + VS_INDEX_ENTRIES_MAX * VS_INDEX_ENTRY_BYTES;
        break;
    case VS_BLOCK_END:
        limit = VS_END_BYTES;
        break;
    default:
        return "unknown block type";
    }
    if (block->payload_bytes > limit || block->unpacked_bytes > limit)
        return "a block is larger than the format allows";
    if (block->type == VS_BLOCK_RECORDS) {
        if (block->records == 0 || block->records > VS_BLOCK_RECORDS_MAX)
            return "a block's record count is outside the format's limits";
        if (block->first_ns > block->last_ns)
            return "a block ends before it begins";
    } else if (block->records != 0) {
        return "a block without records counts some";
    }
    if (block->type == VS_BLOCK_END && block->payload_bytes != VS_END_BYTES)
        return "the end block has the wrong length";
    return NULL;
}

const char *vs_block_load(const uint8_t in[VS_BLOCK_HEADER], struct vs_block *block)
{
    if (vs_load32(in) != VS_BLOCK_MAGIC)
        return "expected a block (its magic number is wrong)";
    if (vs_load64(in + 56) != vs_checksum(in, 56))
        return "a block header is damaged (checksum)";
    *block = (struct vs_block){
        .type = in[4],
        .encoding = in[5],
        .records = vs_load32(in + 8),
        .payload_bytes = vs_load32(in + 12),
        .unpacked_bytes = vs_load32(in + 16),
        .sequence = vs_load32(in + 20),
        .first_ns = vs_load64(in + 24),
        .last_ns = vs_load64(in + 32),
        .lost_records = vs_load64(in + 40),
        .payload_checksum = vs_load64(in + 48),
    };
    if (load16(in + 6) != 0)
        return "a block header has flags that this program does not know";
    if (block->encoding > VS_ENCODING_ZSTD)
        return "unknown block encoding";
    if (block->encoding == VS_ENCODING_PLAIN && block->payload_bytes != block->unpacked_bytes)
        return "a plain block states two lengths";
    return block_refuse(block);
}

size_t vs_index_store(uint64_t previous, const struct vs_index_entry *entries, uint32_t count,
                      uint8_t *out)
{
    uint8_t *at = out;
    vs_store64(at, previous);
    vs_store32(at + 8, count);
    vs_store32(at + 12, 0);
    at += VS_INDEX_PREFIX_BYTES;
    for (uint32_t i = 0; i < count; i++, at += VS_INDEX_ENTRY_BYTES) {
        vs_store64(at, entries[i].offset);
        vs_store64(at + 8, entries[i].first_ns);
        vs_store64(at + 16, entries[i].last_ns);
        vs_store64(at + 24, entries[i].lost_records);
        vs_store32(at + 32, entries[i].records);
        vs_store32(at + 36, entries[i].payload_bytes);
    }
    return (size_t)(at - out);
}

const char *vs_index_load(const uint8_t *in, size_t length, uint64_t *previous,
                          struct vs_index_entry *entries, uint32_t *count)
{
    if (length < VS_INDEX_PREFIX_BYTES)
        return "an index is shorter than its prefix";
    *previous = vs_load64(in);
    *count = vs_load32(in + 8);
    if (*count > VS_INDEX_ENTRIES_MAX || vs_load32(in + 12) != 0 ||
        length != VS_INDEX_PREFIX_BYTES + (size_t)*count * VS_INDEX_ENTRY_BYTES)
        return "an index's length does not fit its entries";
    in += VS_INDEX_PREFIX_BYTES;
    for (uint32_t i = 0; i < *count; i++, in += VS_INDEX_ENTRY_BYTES) {
        entries[i] = (struct vs_index_entry){
            .offset = vs_load64(in),
            .first_ns = vs_load64(in + 8),
            .last_ns = vs_load64(in + 16),
            .lost_records = vs_load64(in + 24),
            .records = vs_load32(in + 32),
            .payload_bytes = vs_load32(in + 36),
        };
    }
    return NULL;
}

void vs_end_store(const struct vs_end *end, uint8_t out[VS_END_BYTES])
{
    const uint64_t fields[] = {end->records, end->lost_records, end->first_ns,    end->last_ns,
                               end->blocks,  end->last_index,   end->meta_offset, end->file_bytes};
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        vs_store64(out + 8 * i, fields[i]);
}

void vs_end_load(const uint8_t in[VS_END_BYTES], struct vs_end *end)
{
    *end = (struct vs_end){
        .records = vs_load64(in),
        .lost_records = vs_load64(in + 8),
        .first_ns = vs_load64(in + 16),
        .last_ns = vs_load64(in + 24),
        .blocks = vs_load64(in + 32),
        .last_index = vs_load64(in + 40),
        .meta_offset = vs_load64(in + 48),
        .file_bytes = vs_load64(in + 56),
    };
}
