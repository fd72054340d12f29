/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Contexts are kept for the life of a writer or reader: making one costs more
 * than compressing a block. */
#include "compress.h"

#include <stdlib.h>
#include <zstd.h>

struct vs_compressor {
    ZSTD_CCtx *context;
    int level;
};

struct vs_decompressor {
    ZSTD_DCtx *context;
};

struct vs_compressor *vs_compressor_new(int level)
{
    struct vs_compressor *compressor = calloc(1, sizeof(*compressor));
    if (!compressor)
        return NULL;
    compressor->level = level;
    compressor->context = ZSTD_createCCtx();
    if (!compressor->context) {
        free(compressor);
        return NULL;
    }
    return compressor;
}

void vs_compressor_free(struct vs_compressor *compressor)
{
    if (!compressor)
        return;
    ZSTD_freeCCtx(compressor->context);
    free(compressor);
}

size_t vs_compress(struct vs_compressor *compressor, const uint8_t *bytes, size_t length,
                   uint8_t *out, size_t capacity)
{
    size_t written =
        ZSTD_compressCCtx(compressor->context, out, capacity, bytes, length, compressor->level);
    return ZSTD_isError(written) ? 0 : written;
}

struct vs_decompressor *vs_decompressor_new(void)
{
    struct vs_decompressor *decompressor = calloc(1, sizeof(*decompressor));
    if (!decompressor)
        return NULL;
    decompressor->context = ZSTD_createDCtx();
    if (!decompressor->context) {
        free(decompressor);
        return NULL;
    }
    return decompressor;
}

void vs_decompressor_free(struct vs_decompressor *decompressor)
{
    if (!decompressor)
        return;
    ZSTD_freeDCtx(decompressor->context);
    free(decompressor);
}

int vs_decompress(struct vs_decompressor *decompressor, const uint8_t *bytes, size_t length,
                  uint8_t *out, size_t expected)
{
    size_t got = ZSTD_decompressDCtx(decompressor->context, out, expected, bytes, length);
    return ZSTD_isError(got) || got != expected ? -1 : 0;
}

/* ------------------------------------------------------------------- stream */

struct vs_zstd_stream {
    ZSTD_DStream *stream;
    size_t hint;  /* of the last decode: 0 when a frame has just ended */
    bool started; /* some input was seen */
};

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

    /* Without input left, go on only to flush what an open frame still holds. */
    while (out.pos < out.size && (in.pos < in.size || (stream->started && stream->hint != 0))) {
        size_t in_before = in.pos, out_before = out.pos;
        size_t hint = ZSTD_decompressStream(stream->stream, &out, &in);

        if (ZSTD_isError(hint)) {
            *why = ZSTD_getErrorName(hint);
            ret = -1;
            break;
        }
        stream->started = true;
        stream->hint = hint;
        if (in.pos == in_before && out.pos == out_before)
            break;
    }
    *used_bytes = in.pos;
    *made_bytes = out.pos;
    *frame_open = stream->started && stream->hint != 0;
    return ret;
}
