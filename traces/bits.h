/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Little-endian loads and stores, zigzag, varint lengths: shared by both halves
 * of the codec and by the block framing. */
#ifndef VS_TRACE_BITS_H
#define VS_TRACE_BITS_H

#include <stdint.h>
#include <string.h>

#define VS_VARINT_MAX 10u /* bytes of a 64-bit LEB128 number */

static inline uint32_t vs_load32(const uint8_t *at)
{
    uint32_t value;
    memcpy(&value, at, sizeof(value));
    return value;
}

static inline uint64_t vs_load64(const uint8_t *at)
{
    uint64_t value;
    memcpy(&value, at, sizeof(value));
    return value;
}

static inline void vs_store32(uint8_t *at, uint32_t value)
{
    memcpy(at, &value, sizeof(value));
}

static inline void vs_store64(uint8_t *at, uint64_t value)
{
    memcpy(at, &value, sizeof(value));
}

/* All ones in the low width bytes. */
static inline uint64_t vs_width_mask(unsigned int width)
{
    return UINT64_MAX >> (64 - 8 * width);
}

/* A difference modulo 2^(8 * width), read as signed, to 0, 1, 2 ... for 0, -1, 1 ... */
static inline uint64_t vs_zigzag(uint64_t difference, unsigned int width)
{
    unsigned int unused = 64 - 8 * width;
    int64_t value = (int64_t)(difference << unused) >> unused;
    return ((uint64_t)value << 1) ^ (uint64_t)(value >> 63);
}

static inline uint64_t vs_unzigzag(uint64_t value)
{
    return (value >> 1) ^ (0 - (value & 1));
}

static inline unsigned int vs_bit_count(uint64_t value)
{
    return value ? 64u - (unsigned int)__builtin_clzll(value) : 0;
}

/* ceil(bits / 7), with one byte for 0.  (bits * 9 + 64) >> 6 is exact for 1..64. */
static inline unsigned int vs_varint_bytes(uint64_t value)
{
    return (vs_bit_count(value | 1) * 9u + 64u) >> 6;
}

static inline uint8_t *vs_varint_put(uint8_t *at, uint64_t value)
{
    while (value >= 0x80) {
        *at++ = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    *at++ = (uint8_t)value;
    return at;
}

#endif
