/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records to the payload of a record block and back: one column per field, each
 * a transform (what is predicted) and a packing (how the residuals are stored).
 * traces/FORMAT.md, "Record blocks", is the contract.
 */
#ifndef VS_TRACE_CODEC_H
#define VS_TRACE_CODEC_H

#include <stddef.h>
#include <stdint.h>

#include "record.h"

/* Columns in the order in which they are stored: what others are predicted from first. */
enum vs_column {
    VS_COLUMN_PCPU,
    VS_COLUMN_DOMAIN,
    VS_COLUMN_VCPU,
    VS_COLUMN_KIND,
    VS_COLUMN_FLAGS,
    VS_COLUMN_SBDF,
    VS_COLUMN_REG,
    VS_COLUMN_SIZE,
    VS_COLUMN_VALUE,
    VS_COLUMN_DURATION,
    VS_COLUMN_TIME,
    VS_COLUMN_COUNT
};

/* What a stored residual is relative to; arithmetic is modulo 2^(8 * width). */
enum vs_transform {
    VS_TRANSFORM_PLAIN = 0,   /* the value itself */
    VS_TRANSFORM_STEP = 1,    /* value - previous value */
    VS_TRANSFORM_DELTA = 2,   /* zigzag of the same as a signed number */
    VS_TRANSFORM_CONTEXT = 3, /* zigzag of value - last value in the same context */
    VS_TRANSFORM_COUNT
};

/* What makes the context of a record's value in a column: other fields of the record. */
enum vs_context {
    VS_CONTEXT_NONE, /* the column has no CONTEXT transform */
    VS_CONTEXT_PCPU,
    VS_CONTEXT_VCPU,     /* domain, vcpu */
    VS_CONTEXT_REGISTER, /* sbdf, reg */
    VS_CONTEXT_ACCESS    /* sbdf, reg, size */
};

enum vs_packing {
    VS_PACKING_CONSTANT = 0,   /* one varint for all */
    VS_PACKING_RAW = 1,        /* width bytes each */
    VS_PACKING_VARINT = 2,     /* LEB128 each */
    VS_PACKING_SPARSE = 3,     /* a bit each, and a varint for each that is not 0 */
    VS_PACKING_RUNS = 4,       /* varint value, varint repeat count */
    VS_PACKING_DICTIONARY = 5, /* up to 256 values, then an index of few bits each */
    VS_PACKING_GROUPS = 6,     /* per 64 values a bit width, then that many bits each */
    VS_PACKING_COUNT
};

#define VS_COLUMN_HEADER  5u /* coding byte, then the column's length as u32 */
#define VS_GROUP_RECORDS  64u
#define VS_GROUP_BITS_MAX 56u /* so that one 8-byte load holds any packed value */
#define VS_DICTIONARY_MAX 256u
#define VS_CONTEXT_SLOTS  4096u

/* Slot of a CONTEXT transform's table of last values, one table per column.  The
 * multipliers are the 32-bit primes 1 to 3 of xxHash; collisions only predict badly. */
static inline uint32_t vs_context_slot(uint32_t a, uint32_t b, uint32_t c)
{
    return (a * 0x9e3779b1u + b * 0x85ebca77u + c * 0xc2b2ae3du) >> 20;
}

struct vs_column_shape {
    const char *name;
    uint8_t offset;     /* in struct vs_record */
    uint8_t width;      /* bytes */
    uint8_t transforms; /* bit mask of the transforms that a writer tries */
    enum vs_context context;
};

extern const struct vs_column_shape vs_column_shapes[VS_COLUMN_COUNT];

/* Bytes that vs_pack may need for count records. */
size_t vs_pack_bound(uint32_t count);

struct vs_packer;
/* NULL when out of memory. */
struct vs_packer *vs_packer_new(uint32_t records_max);
void vs_packer_free(struct vs_packer *packer);
/* Pack valid records[0..count), count >= 1, into out (vs_pack_bound bytes).
 * Returns the length.  base_ns is the block's first time. */
size_t vs_pack(struct vs_packer *packer, const struct vs_record *records, uint32_t count,
               uint8_t *out);

/* Bytes that must be readable after a payload's end (their content is ignored). */
#define VS_UNPACK_PADDING 16u

struct vs_unpack_fault {
    const char *reason;  /* constant */
    size_t offset_bytes; /* in the payload */
    uint32_t record;     /* of the block, where the reason is a record's */
};

struct vs_unpacker;
struct vs_unpacker *vs_unpacker_new(void);
void vs_unpacker_free(struct vs_unpacker *unpacker);
/*
 * Unpack payload[0..length) into records[0..count): any bytes are safe.  Checks
 * each record with vs_record_invalid and that time does not go back.  Returns 0,
 * or -1 with *fault set.
 */
int vs_unpack(struct vs_unpacker *unpacker, const uint8_t *payload, size_t length, uint32_t count,
              uint64_t first_ns, struct vs_record *records, struct vs_unpack_fault *fault);

/* How a packed payload coded each column: transform << 4 | packing, and its bytes. */
struct vs_column_use {
    uint8_t coding;
    uint32_t bytes;
};
/* For the bench; the payload must have passed vs_unpack. */
void vs_pack_describe(const uint8_t *payload, struct vs_column_use use[VS_COLUMN_COUNT]);

#endif
