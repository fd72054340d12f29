/* SPDX-License-Identifier: GPL-2.0-or-later */
/* zstd for block payloads (writer, reader) and for compressed input files (import/input.c): the
 * only includer of zstd.h is compress.c. */
#ifndef VS_TRACE_COMPRESS_H
#define VS_TRACE_COMPRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vs_compressor;
struct vs_decompressor;

#define VS_ZSTD_LEVEL_MAX 19

/* NULL when out of memory.  level is 1..VS_ZSTD_LEVEL_MAX. */
struct vs_compressor *vs_compressor_new(int level);
void vs_compressor_free(struct vs_compressor *compressor);
/*
 * Compress bytes[0..length) into out of capacity bytes.  Returns the compressed
 * length, or 0 when it does not fit (the caller stores the payload plain).
 */
size_t vs_compress(struct vs_compressor *compressor, const uint8_t *bytes, size_t length,
                   uint8_t *out, size_t capacity);

struct vs_decompressor *vs_decompressor_new(void);
void vs_decompressor_free(struct vs_decompressor *decompressor);
/* Decompress exactly expected bytes into out.  Returns 0, or -1 when the frame is
 * damaged or holds another number of bytes. */
int vs_decompress(struct vs_decompressor *decompressor, const uint8_t *bytes, size_t length,
                  uint8_t *out, size_t expected);

/*
 * Streams, for input files that someone compressed (import/input.c).
 * vs_zstd_stream_decode takes *used_bytes of from and gives *made_bytes to to.
 * *frame_open says whether a frame is unfinished, so that the end of input while
 * it is true is truncation.  Several frames in a row are one stream.  Returns 0,
 * or -1 with *why (a constant string) when the data is damaged.
 */
struct vs_zstd_stream;
struct vs_zstd_stream *vs_zstd_stream_new(void); /* NULL when out of memory */
void vs_zstd_stream_free(struct vs_zstd_stream *stream);
int vs_zstd_stream_decode(struct vs_zstd_stream *stream, const void *from, size_t from_bytes,
                          size_t *used_bytes, void *to, size_t to_bytes, size_t *made_bytes,
                          bool *frame_open, const char **why);

#endif
