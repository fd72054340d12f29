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
