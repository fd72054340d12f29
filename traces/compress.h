/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * zstd, behind one file: compress.c is the only one that includes zstd.h.
 * Blocks are for trace files (writer.c, reader.c); the stream is for input
 * files that someone compressed (import/input.c).
 */
#ifndef VS_TRACES_COMPRESS_H
#define VS_TRACES_COMPRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* ------------------------------------------------------------------- blocks */

/* Working memory for blocks, reused from block to block; not for two threads at
 * once.  One object serves compression or decompression or both: each half is
 * allocated when it is first used. */
struct vs_zstd;

struct vs_zstd *vs_zstd_new(void); /* NULL when out of memory */
void vs_zstd_free(struct vs_zstd *zstd);

/* Most bytes that size_bytes of input can become. */
size_t vs_zstd_bound(size_t size_bytes);

/*
 * Compress from[0..from_bytes) into to[0..to_bytes) as one frame that states its
 * content size, without checksum (blocks have their own).  level is 1..19.
 * Returns 0 with *used_bytes, or VS_ERR_MEMORY; with to_bytes of at least
 * vs_zstd_bound(from_bytes) it cannot lack room.
 */
int vs_zstd_compress_block(struct vs_zstd *zstd, int level, const void *from, size_t from_bytes,
                           void *to, size_t to_bytes, size_t *used_bytes, struct vs_error *error);

/*
 * Decompress one frame that must fill to[0..to_bytes) exactly.  VS_ERR_INPUT
 * (without a place: the caller knows it) when it is damaged or has another size.
 */
int vs_zstd_decompress_block(struct vs_zstd *zstd, const void *from, size_t from_bytes, void *to,
                             size_t to_bytes, struct vs_error *error);

/* ------------------------------------------------------------------- stream */

struct vs_zstd_stream;

struct vs_zstd_stream *vs_zstd_stream_new(void); /* NULL when out of memory */
void vs_zstd_stream_free(struct vs_zstd_stream *stream);

/*
 * Decompress as much as fits: takes *used_bytes of from, gives *made_bytes to
 * to.  *frame_open says whether a frame is unfinished, so that the end of input
 * while it is true is truncation.  Several frames in a row are one stream.
 * VS_ERR_INPUT with *why (a constant string) when the data is damaged.
 */
int vs_zstd_stream_decode(struct vs_zstd_stream *stream, const void *from, size_t from_bytes,
                          size_t *used_bytes, void *to, size_t to_bytes, size_t *made_bytes,
                          bool *frame_open, const char **why);

#endif
