/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The reading half of the codec.  Each column has a cursor; 256 records at a time
 * are unpacked from all columns into arrays that stay in L1, transformed, and
 * written out as whole records, so that every output line is touched once.  No
 * byte of the payload is trusted: lengths are checked before loads, and a column
 * must be used up exactly.
 */
#include <stdlib.h>
#include <string.h>

#include "bits.h"
#include "codec.h"

#define CHUNK_RECORDS 256u /* 11 columns of 8 bytes: 22 KiB; a multiple of VS_GROUP_RECORDS */

struct cursor {
    const uint8_t *at, *end;
    const uint8_t *bitmap; /* SPARSE */
    uint64_t value;        /* CONSTANT, RUNS */
    uint64_t run_left;     /* RUNS */
    unsigned int bits;     /* DICTIONARY */
    uint32_t values;       /* DICTIONARY: entries */
    uint8_t width;
    uint8_t transform;
    uint8_t packing;
    uint64_t previous; /* STEP, DELTA */
    uint64_t dictionary[VS_DICTIONARY_MAX];
};

struct vs_unpacker {
    struct cursor cursors[VS_COLUMN_COUNT];
    uint64_t chunk[VS_COLUMN_COUNT][CHUNK_RECORDS];
    uint32_t context[VS_COLUMN_COUNT][VS_CONTEXT_SLOTS];
    uint32_t slots[CHUNK_RECORDS]; /* of the column at hand */
};

struct vs_unpacker *vs_unpacker_new(void)
{
    return calloc(1, sizeof(struct vs_unpacker));
}

void vs_unpacker_free(struct vs_unpacker *unpacker)
{
    free(unpacker);
}

/* ----------------------------------------------------------------- packings */

static const char *varint_careful(struct cursor *cursor, uint64_t *value)
{
    uint64_t result = 0;
    for (unsigned int shift = 0; shift < 7 * VS_VARINT_MAX; shift += 7) {
        if (cursor->at == cursor->end)
            return "a number runs past its column";
        uint8_t byte = *cursor->at++;
        if (shift == 63 && byte > 1)
            break;
        result |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) {
            *value = result;
            return NULL;
        }
    }
    return "a number has more than 64 bits";
}

/*
 * One varint.  Numbers of up to 8 bytes are taken from one load without a branch
 * per byte: the first clear top bit ends the number, then three steps close the
 * gaps between its 7-bit groups.
 */
static inline const char *varint(struct cursor *cursor, uint64_t *value)
{
    if (cursor->end - cursor->at < 8)
        return varint_careful(cursor, value);
    if (cursor->at[0] < 0x80) {
        *value = *cursor->at++;
        return NULL;
    }
    uint64_t word = vs_load64(cursor->at);
    uint64_t stops = ~word & 0x8080808080808080u;
    if (stops == 0)
        return varint_careful(cursor, value);
    cursor->at += (__builtin_ctzll(stops) >> 3) + 1;
    word &= (stops ^ (stops - 1)) & 0x7f7f7f7f7f7f7f7fu;
    word = (word & 0x007f007f007f007fu) | (word & 0x7f007f007f007f00u) >> 1;
    word = (word & 0x00003fff00003fffu) | (word & 0x3fff00003fff0000u) >> 2;
    *value = (word & 0x000000000fffffffu) | (word & 0x0fffffff00000000u) >> 4;
    return NULL;
}

/* count values of bits each, least significant bit first; whole bytes are used. */
static const char *take_bits(struct cursor *cursor, unsigned int bits, uint64_t *out,
                             uint32_t count)
{
    size_t bytes = ((size_t)count * bits + 7) / 8;
    if ((size_t)(cursor->end - cursor->at) < bytes)
        return "packed bits run past their column";
    const uint8_t *from = cursor->at;
    uint64_t mask = ((uint64_t)1 << bits) - 1;
    /* Loads may run into VS_UNPACK_PADDING. */
    for (uint32_t i = 0, bit = 0; i < count; i++, bit += bits)
        out[i] = vs_load64(from + (bit >> 3)) >> (bit & 7) & mask;
    cursor->at += bytes;
    return NULL;
}

static const char *take_constant(struct cursor *cursor, uint64_t *out, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        out[i] = cursor->value;
    return NULL;
}

static const char *take_raw(struct cursor *cursor, uint64_t *out, uint32_t count)
{
    if ((size_t)(cursor->end - cursor->at) < (size_t)count * cursor->width)
        return "raw values run past their column";
    uint64_t mask = vs_width_mask(cursor->width);
    for (uint32_t i = 0; i < count; i++, cursor->at += cursor->width)
        out[i] = vs_load64(cursor->at) & mask;
    return NULL;
}

static const char *take_varint(struct cursor *cursor, uint64_t *out, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const char *reason = varint(cursor, &out[i]);
        if (reason)
            return reason;
    }
    return NULL;
}

static const char *take_sparse(struct cursor *cursor, uint64_t *out, uint32_t count)
{
    memset(out, 0, count * sizeof(*out));
    for (uint32_t start = 0; start < count; start += 64) {
        uint32_t left = count - start;
        uint64_t set = vs_load64(cursor->bitmap); /* start_column saw to its bounds */
        if (left < 64)
            set &= ((uint64_t)1 << left) - 1;
        for (; set; set &= set - 1) {
            const char *reason = varint(cursor, &out[start + (uint32_t)__builtin_ctzll(set)]);
            if (reason)
                return reason;
        }
        cursor->bitmap += 8;
    }
    return NULL;
}

static const char *take_runs(struct cursor *cursor, uint64_t *out, uint32_t count)
{
    for (uint32_t i = 0; i < count;) {
        if (cursor->run_left == 0) {
            const char *reason = varint(cursor, &cursor->value);
            if (!reason)
                reason = varint(cursor, &cursor->run_left);
            if (reason)
                return reason;
            if (cursor->run_left == 0)
                return "a run of length 0";
        }
        uint32_t length = count - i < cursor->run_left ? count - i : (uint32_t)cursor->run_left;
        for (uint32_t j = 0; j < length; j++)
            out[i + j] = cursor->value;
        cursor->run_left -= length;
        i += length;
    }
    return NULL;
}

static const char *take_dictionary(struct cursor *cursor, uint64_t *out, uint32_t count)
{
    const char *reason = take_bits(cursor, cursor->bits, out, count);
    if (reason)
        return reason;
    for (uint32_t i = 0; i < count; i++) {
        if (out[i] >= cursor->values)
            return "an index lies outside its dictionary";
        out[i] = cursor->dictionary[out[i]];
    }
    return NULL;
}

static const char *take_groups(struct cursor *cursor, uint64_t *out, uint32_t count)
{
    for (uint32_t start = 0; start < count; start += VS_GROUP_RECORDS) {
        uint32_t length = count - start < VS_GROUP_RECORDS ? count - start : VS_GROUP_RECORDS;
        if (cursor->at == cursor->end)
            return "a group is missing";
        unsigned int bits = *cursor->at++;
        if (bits > VS_GROUP_BITS_MAX)
            return "a group is wider than 56 bits";
        const char *reason = take_bits(cursor, bits, out + start, length);
        if (reason)
            return reason;
    }
    return NULL;
}

typedef const char *take_fn(struct cursor *cursor, uint64_t *out, uint32_t count);

static take_fn *const takers[VS_PACKING_COUNT] = {
    [VS_PACKING_CONSTANT] = take_constant, [VS_PACKING_RAW] = take_raw,
    [VS_PACKING_VARINT] = take_varint,     [VS_PACKING_SPARSE] = take_sparse,
    [VS_PACKING_RUNS] = take_runs,         [VS_PACKING_DICTIONARY] = take_dictionary,
    [VS_PACKING_GROUPS] = take_groups,
};

/* ----------------------------------------------------------------- starting */

static const char *start_dictionary(struct cursor *cursor)
{
    if (cursor->at == cursor->end)
        return "a dictionary is missing";
    cursor->values = *cursor->at++ + 1u;
    cursor->bits = vs_bit_count(cursor->values - 1);
    return take_raw(cursor, cursor->dictionary, cursor->values);
}

/* Read what stands before a column's values. */
static const char *start_packing(struct cursor *cursor, uint32_t count)
{
    switch (cursor->packing) {
    case VS_PACKING_CONSTANT:
        return varint(cursor, &cursor->value);
    case VS_PACKING_SPARSE:
        if ((size_t)(cursor->end - cursor->at) < (count + 7) / 8)
            return "a bitmap runs past its column";
        cursor->bitmap = cursor->at;
        cursor->at += (count + 7) / 8;
        return NULL;
    case VS_PACKING_DICTIONARY:
        return start_dictionary(cursor);
    default:
        return NULL;
    }
}

/* CONTEXT needs a context; the others go with every column. */
static bool transform_fits(unsigned int column, unsigned int transform)
{
    return transform < VS_TRANSFORM_CONTEXT ||
           (transform == VS_TRANSFORM_CONTEXT &&
            vs_column_shapes[column].context != VS_CONTEXT_NONE);
}

static const char *start_column(struct cursor *cursor, unsigned int column, uint32_t count,
                                uint64_t first_ns, const uint8_t **at, const uint8_t *end)
{
    if ((size_t)(end - *at) < VS_COLUMN_HEADER)
        return "a column header is missing";
    uint8_t coding = (*at)[0];
    uint32_t bytes = vs_load32(*at + 1);
    *at += VS_COLUMN_HEADER;
    if ((size_t)(end - *at) < bytes)
        return "a column runs past the payload";
    cursor->at = *at;
    cursor->end = *at += bytes;
    cursor->width = vs_column_shapes[column].width;
    cursor->transform = coding >> 4;
    cursor->packing = coding & 15;
    cursor->previous = column == VS_COLUMN_TIME ? first_ns : 0;
    cursor->run_left = 0;
    if (cursor->packing >= VS_PACKING_COUNT || !transform_fits(column, cursor->transform))
        return "unknown column coding";
    return start_packing(cursor, count);
}

/* --------------------------------------------------------------- transforms */

/* Slots of the chunk's records in a column's table.  The columns that make the
 * context were unpacked before; only their width's bits count. */
static void find_slots(struct vs_unpacker *unpacker, enum vs_context context, uint32_t count)
{
    const uint64_t(*chunk)[CHUNK_RECORDS] = unpacker->chunk;
    uint32_t *slots = unpacker->slots;
    switch (context) {
    case VS_CONTEXT_PCPU:
        for (uint32_t i = 0; i < count; i++)
            slots[i] = vs_context_slot((uint16_t)chunk[VS_COLUMN_PCPU][i], 0, 0);
        break;
    case VS_CONTEXT_VCPU:
        for (uint32_t i = 0; i < count; i++)
            slots[i] = vs_context_slot((uint16_t)chunk[VS_COLUMN_DOMAIN][i],
                                       (uint16_t)chunk[VS_COLUMN_VCPU][i], 0);
        break;
    case VS_CONTEXT_REGISTER:
        for (uint32_t i = 0; i < count; i++)
            slots[i] = vs_context_slot((uint32_t)chunk[VS_COLUMN_SBDF][i],
                                       (uint16_t)chunk[VS_COLUMN_REG][i], 0);
        break;
    default:
        for (uint32_t i = 0; i < count; i++)
            slots[i] = vs_context_slot((uint32_t)chunk[VS_COLUMN_SBDF][i],
                                       (uint16_t)chunk[VS_COLUMN_REG][i],
                                       (uint8_t)chunk[VS_COLUMN_SIZE][i]);
        break;
    }
}

static void add_context(struct vs_unpacker *unpacker, unsigned int column, uint64_t *values,
                        uint32_t count)
{
    uint32_t *table = unpacker->context[column];
    find_slots(unpacker, vs_column_shapes[column].context, count);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t *last = &table[unpacker->slots[i]];
        *last += (uint32_t)vs_unzigzag(values[i]);
        values[i] = *last;
    }
}

/* Undo a column's transform in place.  Bits above the width are cut on storing. */
static void add_prediction(struct vs_unpacker *unpacker, unsigned int column, uint32_t count)
{
    struct cursor *cursor = &unpacker->cursors[column];
    uint64_t *values = unpacker->chunk[column];
    uint64_t previous = cursor->previous;
    switch (cursor->transform) {
    case VS_TRANSFORM_STEP:
        for (uint32_t i = 0; i < count; i++)
            values[i] = previous += values[i];
        cursor->previous = previous;
        break;
    case VS_TRANSFORM_DELTA:
        for (uint32_t i = 0; i < count; i++)
            values[i] = previous += vs_unzigzag(values[i]);
        cursor->previous = previous;
        break;
    case VS_TRANSFORM_CONTEXT:
        add_context(unpacker, column, values, count);
        break;
    default:
        break;
    }
}

static void store_records(const struct vs_unpacker *unpacker, struct vs_record *records,
                          uint32_t count)
{
    const uint64_t(*chunk)[CHUNK_RECORDS] = unpacker->chunk;
    for (uint32_t i = 0; i < count; i++) {
        records[i] = (struct vs_record){
            .time_ns = chunk[VS_COLUMN_TIME][i],
            .duration_ns = (uint32_t)chunk[VS_COLUMN_DURATION][i],
            .value = (uint32_t)chunk[VS_COLUMN_VALUE][i],
            .sbdf = (uint32_t)chunk[VS_COLUMN_SBDF][i],
            .reg = (uint16_t)chunk[VS_COLUMN_REG][i],
            .domain = (uint16_t)chunk[VS_COLUMN_DOMAIN][i],
            .vcpu = (uint16_t)chunk[VS_COLUMN_VCPU][i],
            .pcpu = (uint16_t)chunk[VS_COLUMN_PCPU][i],
            .flags = (uint16_t)chunk[VS_COLUMN_FLAGS][i],
            .kind = (uint8_t)chunk[VS_COLUMN_KIND][i],
            .size = (uint8_t)chunk[VS_COLUMN_SIZE][i],
        };
    }
}

/* ------------------------------------------------------------------- whole */

static const char *check_records(const struct vs_record *records, uint32_t count,
                                 uint64_t previous_ns, uint32_t *bad)
{
    const char *reason = NULL;
    uint32_t valid = (uint32_t)vs_records_valid(records, count, &reason);
    for (uint32_t i = 0; i < valid; i++) {
        if (records[i].time_ns < previous_ns) {
            *bad = i;
            return "time goes back";
        }
        previous_ns = records[i].time_ns;
    }
    *bad = valid;
    return reason;
}

int vs_unpack(struct vs_unpacker *unpacker, const uint8_t *payload, size_t length, uint32_t count,
              uint64_t first_ns, struct vs_record *records, struct vs_unpack_fault *fault)
{
    const uint8_t *at = payload;
    *fault = (struct vs_unpack_fault){0};
    for (unsigned int column = 0; column < VS_COLUMN_COUNT; column++) {
        struct cursor *cursor = &unpacker->cursors[column];
        fault->offset_bytes = (size_t)(at - payload);
        fault->reason = start_column(cursor, column, count, first_ns, &at, payload + length);
        if (fault->reason)
            return -1;
        if (cursor->transform == VS_TRANSFORM_CONTEXT)
            memset(unpacker->context[column], 0, sizeof(unpacker->context[column]));
    }
    fault->offset_bytes = (size_t)(at - payload);
    fault->reason = "bytes after the last column";
    if (fault->offset_bytes != length)
        return -1;

    for (uint32_t done = 0; done < count; done += CHUNK_RECORDS) {
        uint32_t chunk = count - done < CHUNK_RECORDS ? count - done : CHUNK_RECORDS;
        for (unsigned int column = 0; column < VS_COLUMN_COUNT; column++) {
            struct cursor *cursor = &unpacker->cursors[column];
            uint64_t *values = unpacker->chunk[column];
            fault->reason = takers[cursor->packing](cursor, values, chunk);
            if (fault->reason) {
                fault->offset_bytes = (size_t)(cursor->at - payload);
                return -1;
            }
            add_prediction(unpacker, column, chunk);
        }
        store_records(unpacker, records + done, chunk);
        uint32_t bad = 0;
        fault->reason =
            check_records(records + done, chunk, done ? records[done - 1].time_ns : first_ns, &bad);
        fault->record = done + bad;
        if (fault->reason)
            return -1;
    }
    for (unsigned int column = 0; column < VS_COLUMN_COUNT; column++) {
        const struct cursor *cursor = &unpacker->cursors[column];
        fault->offset_bytes = (size_t)(cursor->at - payload);
        fault->reason = "a column has bytes left over";
        if (cursor->at != cursor->end || cursor->run_left != 0)
            return -1;
    }
    return 0;
}
