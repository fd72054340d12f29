/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing a trace: metadata, then a block whenever enough records are there, an
 * index block after every VS_INDEX_ENTRIES_MAX record blocks and at the end, the
 * closing metadata, the end block.  All memory is taken at the start.
 */
#include <stdlib.h>
#include <string.h>

#include "bits.h"
#include "block.h"
#include "codec.h"
#include "compress.h"
#include "output.h"
#include "trace.h"

struct vs_writer {
    struct vs_output *output;
    struct vs_packer *packer;
    struct vs_compressor *compressor; /* NULL: packed only */
    struct vs_trace_meta meta;
    uint32_t block_records;
    uint32_t sequence;
    uint64_t previous_ns;      /* time of the last record taken */
    struct vs_record *pending; /* of the block being filled */
    uint32_t pending_count;
    uint8_t *packed;     /* VS_BLOCK_HEADER, then the plain payload */
    uint8_t *compressed; /* the same after zstd */
    size_t packed_bytes; /* capacity of each payload */
    struct vs_index_entry entries[VS_INDEX_ENTRIES_MAX];
    uint32_t entry_count;
    struct vs_end end;
};

static int out_of_memory(struct vs_error *error)
{
    return vs_error_set(error, VS_ERR_MEMORY, "out of memory");
}

static void writer_free(struct vs_writer *writer)
{
    vs_output_abort(writer->output);
    vs_packer_free(writer->packer);
    vs_compressor_free(writer->compressor);
    vs_trace_meta_free(&writer->meta);
    free(writer->pending);
    free(writer->packed);
    free(writer->compressed);
    free(writer);
}

/*
 * Write header and payload of one block.  payload stands VS_BLOCK_HEADER into a
 * buffer, so that both go out in one system call.
 */
static int write_block(struct vs_writer *writer, struct vs_block block, uint8_t *payload,
                       size_t length, struct vs_error *error)
{
    uint8_t *stored = payload;
    block.unpacked_bytes = (uint32_t)length;
    if (writer->compressor && block.type != VS_BLOCK_END && length <= writer->packed_bytes) {
        size_t size = vs_compress(writer->compressor, payload, length,
                                  writer->compressed + VS_BLOCK_HEADER, length - 1);
        if (size > 0) {
            block.encoding = VS_ENCODING_ZSTD;
            stored = writer->compressed + VS_BLOCK_HEADER;
            length = size;
        }
    }
    block.sequence = writer->sequence;
    block.payload_bytes = (uint32_t)length;
    block.payload_checksum = vs_checksum(stored, length);
    vs_block_store(&block, stored - VS_BLOCK_HEADER);
    int ret =
        vs_output_write(writer->output, stored - VS_BLOCK_HEADER, VS_BLOCK_HEADER + length, error);
    if (ret == 0)
        writer->sequence++;
    return ret;
}

/* Metadata as text that vs_trace_meta_parse has read back. */
static int meta_text(const struct vs_trace_meta *meta, char **text, struct vs_error *error)
{
    struct vs_json_out *json = vs_trace_meta_json(meta);
    struct vs_json_doc *doc = NULL;
    struct vs_trace_meta copy;
    vs_trace_meta_init(&copy);
    *text = NULL;
    int ret = vs_json_text(json, text, error);
    if (ret == 0 && strlen(*text) > VS_META_BYTES_MAX)
        ret = vs_error_set(error, VS_ERR_INPUT, "the metadata is larger than 64 MiB");
    if (ret == 0)
        ret = vs_json_parse(*text, strlen(*text), "metadata to write", &doc, error);
    if (ret == 0) {
        struct vs_json root = vs_json_root(doc);
        ret = vs_trace_meta_parse(&root, &copy, error);
    }
    vs_trace_meta_free(&copy);
    vs_json_doc_free(doc);
    vs_json_out_free(json);
    if (ret < 0) {
        free(*text);
        *text = NULL;
    }
    return ret;
}

static int write_meta(struct vs_writer *writer, struct vs_error *error)
{
    char *text = NULL;
    int ret = meta_text(&writer->meta, &text, error);
    if (ret < 0)
        return ret;
    size_t length = strlen(text);
    uint8_t *block = malloc(VS_BLOCK_HEADER + length);
    if (block) {
        memcpy(block + VS_BLOCK_HEADER, text, length);
        ret = write_block(writer, (struct vs_block){.type = VS_BLOCK_META}, block + VS_BLOCK_HEADER,
                          length, error);
    } else {
        ret = out_of_memory(error);
    }
    free(block);
    free(text);
    return ret;
}

static int write_index(struct vs_writer *writer, struct vs_error *error)
{
    size_t length = VS_INDEX_PREFIX_BYTES + (size_t)writer->entry_count * VS_INDEX_ENTRY_BYTES;
    uint8_t *block = malloc(VS_BLOCK_HEADER + length);
    if (!block)
        return out_of_memory(error);
    uint64_t offset = vs_output_offset(writer->output);
    vs_index_store(writer->end.last_index, writer->entries, writer->entry_count,
                   block + VS_BLOCK_HEADER);
    int ret = write_block(writer, (struct vs_block){.type = VS_BLOCK_INDEX},
                          block + VS_BLOCK_HEADER, length, error);
    free(block);
    writer->end.last_index = offset;
    writer->entry_count = 0;
    return ret;
}

static void note_block(struct vs_writer *writer, const struct vs_block *block, uint64_t offset)
{
    writer->entries[writer->entry_count++] = (struct vs_index_entry){
        .offset = offset,
        .first_ns = block->first_ns,
        .last_ns = block->last_ns,
        .lost_records = block->lost_records,
        .records = block->records,
        .payload_bytes = (uint32_t)(vs_output_offset(writer->output) - offset - VS_BLOCK_HEADER),
    };
    if (writer->end.blocks++ == 0)
        writer->end.first_ns = block->first_ns;
    writer->end.last_ns = block->last_ns;
    writer->end.records += block->records;
    writer->end.lost_records += block->lost_records;
}

int vs_writer_flush(struct vs_writer *writer, struct vs_error *error)
{
    uint32_t count = writer->pending_count;
    const struct vs_record *records = writer->pending;
    if (count == 0)
        return 0;
    uint64_t lost = 0;
    for (uint32_t i = 0; i < count; i++)
        lost += records[i].kind == VS_KIND_LOST ? records[i].value : 0;
    struct vs_block block = {
        .type = VS_BLOCK_RECORDS,
        .records = count,
        .first_ns = records[0].time_ns,
        .last_ns = records[count - 1].time_ns,
        .lost_records = lost,
    };
    uint64_t offset = vs_output_offset(writer->output);
    size_t length = vs_pack(writer->packer, records, count, writer->packed + VS_BLOCK_HEADER);
    writer->pending_count = 0;
    int ret = write_block(writer, block, writer->packed + VS_BLOCK_HEADER, length, error);
    if (ret < 0)
        return ret;
    note_block(writer, &block, offset);
    return writer->entry_count == VS_INDEX_ENTRIES_MAX ? write_index(writer, error) : 0;
}

static int writer_allocate(struct vs_writer *writer, int zstd_level)
{
    writer->packed_bytes = vs_pack_bound(writer->block_records);
    writer->packer = vs_packer_new(writer->block_records);
    writer->pending = malloc(writer->block_records * sizeof(*writer->pending));
    writer->packed = malloc(VS_BLOCK_HEADER + writer->packed_bytes);
    writer->compressed = malloc(VS_BLOCK_HEADER + writer->packed_bytes);
    if (zstd_level > 0)
        writer->compressor = vs_compressor_new(zstd_level);
    return writer->packer && writer->pending && writer->packed && writer->compressed &&
                   (zstd_level == 0 || writer->compressor)
               ? 0
               : VS_ERR_MEMORY;
}

int vs_writer_open(const char *path, const struct vs_trace_meta *meta,
                   const struct vs_writer_options *options, struct vs_writer **writer,
                   struct vs_error *error)
{
    static const struct vs_writer_options defaults = {0};
    if (!options)
        options = &defaults;
    if (options->zstd_level < 0 || options->zstd_level > VS_ZSTD_LEVEL_MAX ||
        options->block_records > VS_BLOCK_RECORDS_MAX)
        return vs_error_set(error, VS_ERR_USAGE,
                            "a trace's zstd level is 0 to %d, its blocks hold at most %u records",
                            VS_ZSTD_LEVEL_MAX, VS_BLOCK_RECORDS_MAX);
    struct vs_writer *opened = calloc(1, sizeof(*opened));
    if (!opened)
        return out_of_memory(error);
    opened->block_records =
        options->block_records ? options->block_records : VS_BLOCK_RECORDS_DEFAULT;
    int ret = writer_allocate(opened, options->zstd_level);
    if (ret == 0)
        ret = vs_trace_meta_copy(&opened->meta, meta);
    if (ret < 0)
        out_of_memory(error);
    if (ret == 0)
        ret = vs_output_open(path, options->in_place, options->force, &opened->output, error);
    if (ret == 0) {
        uint8_t header[VS_FILE_HEADER];
        vs_file_header_store(header);
        ret = vs_output_write(opened->output, header, sizeof(header), error);
    }
    if (ret == 0)
        ret = write_meta(opened, error);
    if (ret < 0) {
        writer_free(opened);
        return ret;
    }
    *writer = opened;
    return 0;
}

/* Why the next record of those offered cannot be taken. */
static int refuse(const struct vs_writer *writer, const struct vs_record *record,
                  const char *reason, struct vs_error *error)
{
    const char *kind = vs_kind_name((enum vs_kind)record->kind);
    uint64_t number = writer->end.records + writer->pending_count;
    return vs_error_set_at(error, VS_ERR_INPUT, vs_output_path(writer->output), VS_NOWHERE,
                           VS_NOWHERE, "record %llu (%s, time %llu ns) cannot be written: %s",
                           (unsigned long long)number, kind ? kind : "unknown kind",
                           (unsigned long long)record->time_ns, reason);
}

int vs_writer_add(struct vs_writer *writer, const struct vs_record *records, size_t count,
                  struct vs_error *error)
{
    while (count > 0) {
        size_t room = writer->block_records - writer->pending_count;
        size_t batch = count < room ? count : room;
        const char *reason = NULL;
        size_t valid = vs_records_valid(records, batch, &reason);
        for (size_t i = 0; i < valid; i++) {
            if (records[i].time_ns < writer->previous_ns)
                return refuse(writer, &records[i], "its time goes back", error);
            writer->previous_ns = records[i].time_ns;
            writer->pending[writer->pending_count++] = records[i];
        }
        if (reason)
            return refuse(writer, &records[valid], reason, error);
        if (writer->pending_count == writer->block_records) {
            int ret = vs_writer_flush(writer, error);
            if (ret < 0)
                return ret;
        }
        records += batch;
        count -= batch;
    }
    return 0;
}

static int write_end(struct vs_writer *writer, struct vs_error *error)
{
    uint8_t block[VS_BLOCK_HEADER + VS_END_BYTES];
    writer->end.file_bytes = vs_output_offset(writer->output) + sizeof(block);
    vs_end_store(&writer->end, block + VS_BLOCK_HEADER);
    return write_block(writer, (struct vs_block){.type = VS_BLOCK_END}, block + VS_BLOCK_HEADER,
                       VS_END_BYTES, error);
}

int vs_writer_commit(struct vs_writer *writer, const struct vs_trace_meta *meta,
                     struct vs_error *error)
{
    int ret = vs_writer_flush(writer, error);
    if (ret == 0)
        ret = write_index(writer, error);
    if (ret == 0 && meta) {
        vs_trace_meta_free(&writer->meta);
        ret = vs_trace_meta_copy(&writer->meta, meta);
        if (ret < 0)
            out_of_memory(error);
    }
    if (ret == 0) {
        writer->end.meta_offset = vs_output_offset(writer->output);
        ret = write_meta(writer, error);
    }
    if (ret == 0)
        ret = write_end(writer, error);
    if (ret == 0) {
        struct vs_output *output = writer->output;
        writer->output = NULL;
        ret = vs_output_commit(output, error);
    }
    writer_free(writer);
    return ret;
}

void vs_writer_abort(struct vs_writer *writer)
{
    if (writer)
        writer_free(writer);
}
