/* SPDX-License-Identifier: GPL-2.0-or-later */
/* zstd for trace blocks and for compressed input files. */
#include "compress.h"

#include <stdlib.h>
#include <zstd.h>

/*
 * Inputs may need a larger window than a small reader wants to give: 128 MiB is
 * zstd's own default limit for streaming (ZSTD_WINDOWLOG_LIMIT_DEFAULT, 27), so
 * that files made with --long need nothing less than the zstd program's option.
 */
struct vs_zstd {
    ZSTD_CCtx *packer;
    ZSTD_DCtx *unpacker;
};

struct vs_zstd_stream {
    ZSTD_DStream *stream;
    size_t hint; /* of the last decode: 0 when a frame has just ended */
    bool started;
};

struct vs_zstd *vs_zstd_new(void)
{
    return calloc(1, sizeof(struct vs_zstd));
}

void vs_zstd_free(struct vs_zstd *zstd)
{
    if (!zstd)
        return;
    ZSTD_freeCCtx(zstd->packer);
    ZSTD_freeDCtx(zstd->unpacker);
    free(zstd);
}

size_t vs_zstd_bound(size_t size_bytes)
{
    return ZSTD_compressBound(size_bytes);
}

int vs_zstd_compress_block(struct vs_zstd *zstd, int level, const void *from, size_t from_bytes,
                           void *to, size_t to_bytes, size_t *used_bytes, struct vs_error *error)
{
    size_t used;

    if (!zstd->packer)
        zstd->packer = ZSTD_createCCtx();
    if (!zstd->packer)
        return vs_error_set(error, VS_ERR_MEMORY, "no memory for a zstd compressor");
    used = ZSTD_compressCCtx(zstd->packer, to, to_bytes, from, from_bytes, level);
    if (ZSTD_isError(used))
        return vs_error_set(error, VS_ERR_MEMORY, "zstd: %s", ZSTD_getErrorName(used));
    *used_bytes = used;
    return 0;
}

int vs_zstd_decompress_block(struct vs_zstd *zstd, const void *from, size_t from_bytes, void *to,
                             size_t to_bytes, struct vs_error *error)
{
    size_t made;

    if (!zstd->unpacker)
        zstd->unpacker = ZSTD_createDCtx();
    if (!zstd->unpacker)
        return vs_error_set(error, VS_ERR_MEMORY, "no memory for a zstd decompressor");
    made = ZSTD_decompressDCtx(zstd->unpacker, to, to_bytes, from, from_bytes);
    if (ZSTD_isError(made))
        return vs_error_set(error, VS_ERR_INPUT, "compressed block: %s", ZSTD_getErrorName(made));
    if (made != to_bytes)
        return vs_error_set(error, VS_ERR_INPUT,
                            "compressed block: expected %zu bytes inside, found %zu", to_bytes,
                            made);
    return 0;
}

struct vs_zstd_stream *vs_zstd_stream_new(void)
{
    struct vs_zstd_stream *stream = calloc(1, sizeof(*stream));

    if (!stream)
        return NULL;
    stream->stream = ZSTD_createDStream();
    if (!stream->stream || ZSTD_isError(ZSTD_initDStream(stream->stream))) {
        vs_zstd_stream_free(stream);
        return NULL;
    }
    return stream;
}

void vs_zstd_stream_free(struct vs_zstd_stream *stream)
{
    if (!stream)
        return;
    ZSTD_freeDStream(stream->stream);
    free(stream);
}

int vs_zstd_stream_decode(struct vs_zstd_stream *stream, const void *from, size_t from_bytes,
                          size_t *used_bytes, void *to, size_t to_bytes, size_t *made_bytes,
                          bool *frame_open, const char **why)
{
    ZSTD_inBuffer in = {.src = from, .size = from_bytes, .pos = 0};
    ZSTD_outBuffer out = {.dst = to, .size = to_bytes, .pos = 0};
    int ret = 0;

    while (in.pos < in.size || !stream->started || stream->hint != 0) {
        size_t in_before = in.pos, out_before = out.pos;
        size_t hint = ZSTD_decompressStream(stream->stream, &out, &in);

        if (ZSTD_isError(hint)) {
            *why = ZSTD_getErrorName(hint);
            ret = VS_ERR_INPUT;
            break;
        }
        if (in.pos > 0 || out.pos > 0)
            stream->started = true;
        stream->hint = hint;
        if (out.pos == out.size || (in.pos == in_before && out.pos == out_before))
            break;
    }
    *used_bytes = in.pos;
    *made_bytes = out.pos;
    *frame_open = stream->started && stream->hint != 0;
    return ret;
}
