/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The numbers of traces/FORMAT.md, inside the library.  Whoever changes one
 * changes FORMAT.md and VS_FORMAT_VERSION with it.
 */
#ifndef VS_TRACE_FORMAT_H
#define VS_TRACE_FORMAT_H

#include <stdint.h>

#define VS_FORMAT_VERSION 1u

/* As in PNG: the high bit catches 7-bit transfers, CR LF and LF catch text mode. */
#define VS_FORMAT_MAGIC     "\x89VPT\r\n\x1a\n"
#define VS_FORMAT_MAGIC_LEN 8u
#define VS_FILE_HEADER      32u

#define VS_BLOCK_MAGIC  0x4b425056u /* "VPBK" */
#define VS_BLOCK_HEADER 64u

enum vs_block_type {
    VS_BLOCK_META = 1,
    VS_BLOCK_RECORDS = 2,
    VS_BLOCK_INDEX = 3,
    VS_BLOCK_END = 4
};

enum vs_block_encoding {
    VS_ENCODING_PLAIN = 0, /* the payload as FORMAT.md describes it */
    VS_ENCODING_ZSTD = 1   /* one zstd frame of it */
};

/* Limits that bound a reader's memory. */
#define VS_BLOCK_RECORDS_MAX  65536u
#define VS_RECORDS_BYTES_MAX  (4u << 20)
#define VS_META_BYTES_MAX     (64u << 20)
#define VS_INDEX_ENTRIES_MAX  4096u
#define VS_INDEX_ENTRY_BYTES  40u
#define VS_INDEX_PREFIX_BYTES 16u
#define VS_END_BYTES          64u

/*
 * Records per block when the writer's caller states none.  A block decodes into
 * 32 bytes per record: 256 KiB, which stays in the L2 of current cores.
 */
#define VS_BLOCK_RECORDS_DEFAULT 8192u

#endif
