/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The writing half of the codec.  For each column: compute the residuals of each
 * transform that the column's shape allows, count in one pass what every packing of
 * them would take, and store the smallest that is not much slower to read.  Nothing
 * is kept between blocks.
 */
#include <stdlib.h>
#include <string.h>

#include "bits.h"
#include "codec.h"

#define TRY(transform) (1u << VS_TRANSFORM_##transform)

#define FIELD(name, field, width, transforms, context)                                   \
    {                                                                                    \
        name, offsetof(struct vs_record, field), width, transforms, VS_CONTEXT_##context \
    }

const struct vs_column_shape vs_column_shapes[VS_COLUMN_COUNT] = {
    [VS_COLUMN_PCPU] = FIELD("pcpu", pcpu, 2, TRY(PLAIN), NONE),
    [VS_COLUMN_DOMAIN] = FIELD("domain", domain, 2, TRY(PLAIN) | TRY(CONTEXT), PCPU),
    [VS_COLUMN_VCPU] = FIELD("vcpu", vcpu, 2, TRY(PLAIN) | TRY(CONTEXT), PCPU),
    [VS_COLUMN_KIND] = FIELD("kind", kind, 1, TRY(PLAIN) | TRY(CONTEXT), VCPU),
    [VS_COLUMN_FLAGS] = FIELD("flags", flags, 2, TRY(PLAIN) | TRY(CONTEXT), VCPU),
    [VS_COLUMN_SBDF] = FIELD("sbdf", sbdf, 4, TRY(PLAIN) | TRY(DELTA) | TRY(CONTEXT), VCPU),
    [VS_COLUMN_REG] = FIELD("reg", reg, 2, TRY(PLAIN) | TRY(DELTA) | TRY(CONTEXT), VCPU),
    [VS_COLUMN_SIZE] = FIELD("size", size, 1, TRY(PLAIN) | TRY(CONTEXT), REGISTER),
    [VS_COLUMN_VALUE] = FIELD("value", value, 4, TRY(PLAIN) | TRY(CONTEXT), ACCESS),
    [VS_COLUMN_DURATION] = FIELD("duration", duration_ns, 4, TRY(PLAIN), VCPU),
    [VS_COLUMN_TIME] = FIELD("time", time_ns, 8, TRY(STEP), NONE),
};

#define DICTIONARY_SLOTS 1024u /* of the counting table: a quarter full at most */

struct dictionary {
    uint64_t values[VS_DICTIONARY_MAX];
    uint16_t slots[DICTIONARY_SLOTS]; /* index + 1, 0 when free */
    uint32_t count;                   /* above VS_DICTIONARY_MAX: too many */
};

struct vs_packer {
    uint32_t records_max;
    uint64_t *plain;     /* the column's values */
    uint64_t *residuals; /* of the transform under trial */
    uint64_t *best;      /* of the best transform so far */
    uint32_t context[VS_CONTEXT_SLOTS];
    struct dictionary dictionary;
};

size_t vs_pack_bound(uint32_t count)
{
    /* RAW is always possible: a column never takes more than its width. */
    return VS_COLUMN_COUNT * VS_COLUMN_HEADER + (size_t)count * sizeof(struct vs_record) +
           VS_COLUMN_COUNT * VS_VARINT_MAX;
}

struct vs_packer *vs_packer_new(uint32_t records_max)
{
    struct vs_packer *packer = calloc(1, sizeof(*packer));
    if (!packer)
        return NULL;
    packer->records_max = records_max;
    packer->plain = malloc(records_max * sizeof(uint64_t));
    packer->residuals = malloc(records_max * sizeof(uint64_t));
    packer->best = malloc(records_max * sizeof(uint64_t));
    if (!packer->plain || !packer->residuals || !packer->best) {
        vs_packer_free(packer);
        return NULL;
    }
    return packer;
}

void vs_packer_free(struct vs_packer *packer)
{
    if (!packer)
        return;
    free(packer->plain);
    free(packer->residuals);
    free(packer->best);
    free(packer);
}

/* ---------------------------------------------------------------- residuals */

/* Copy one field of every record into values.  Returns whether all are equal. */
static bool gather(const struct vs_record *records, uint32_t count,
                   const struct vs_column_shape *shape, uint64_t *values)
{
    const uint8_t *field = (const uint8_t *)records + shape->offset;
    uint64_t differs = 0;
    for (uint32_t i = 0; i < count; i++, field += sizeof(*records)) {
        uint64_t value = 0;
        switch (shape->width) {
        case 1:
            value = *field;
            break;
        case 2:
            value = (uint64_t)(field[0] | field[1] << 8);
            break;
        case 4:
            value = vs_load32(field);
            break;
        default:
            value = vs_load64(field);
            break;
        }
        values[i] = value;
        differs |= value ^ values[0];
    }
    return differs == 0;
}

static void residuals_step(const uint64_t *values, uint32_t count, uint64_t previous, uint64_t mask,
                           uint64_t *out)
{
    for (uint32_t i = 0; i < count; i++) {
        out[i] = (values[i] - previous) & mask;
        previous = values[i];
    }
}

static void residuals_delta(const uint64_t *values, uint32_t count, unsigned int width,
                            uint64_t *out)
{
    uint64_t previous = 0;
    for (uint32_t i = 0; i < count; i++) {
        out[i] = vs_zigzag(values[i] - previous, width);
        previous = values[i];
    }
}

static uint32_t context_slot(const struct vs_record *record, enum vs_context context)
{
    switch (context) {
    case VS_CONTEXT_PCPU:
        return vs_context_slot(record->pcpu, 0, 0);
    case VS_CONTEXT_VCPU:
        return vs_context_slot(record->domain, record->vcpu, 0);
    case VS_CONTEXT_REGISTER:
        return vs_context_slot(record->sbdf, record->reg, 0);
    default:
        return vs_context_slot(record->sbdf, record->reg, record->size);
    }
}

static void residuals_context(struct vs_packer *packer, const struct vs_record *records,
                              uint32_t count, const struct vs_column_shape *shape, uint64_t *out)
{
    memset(packer->context, 0, sizeof(packer->context));
    for (uint32_t i = 0; i < count; i++) {
        uint32_t value = (uint32_t)packer->plain[i];
        uint32_t *last = &packer->context[context_slot(&records[i], shape->context)];
        out[i] = vs_zigzag((uint64_t)value - *last, shape->width);
        *last = value;
    }
}

static void residuals_of(struct vs_packer *packer, enum vs_transform transform,
                         const struct vs_record *records, uint32_t count,
                         const struct vs_column_shape *shape)
{
    const uint64_t *plain = packer->plain;
    uint64_t *out = packer->residuals;
    switch (transform) {
    case VS_TRANSFORM_STEP:
        residuals_step(plain, count, records[0].time_ns, vs_width_mask(shape->width), out);
        break;
    case VS_TRANSFORM_DELTA:
        residuals_delta(plain, count, shape->width, out);
        break;
    case VS_TRANSFORM_CONTEXT:
        residuals_context(packer, records, count, shape, out);
        break;
    default:
        memcpy(out, plain, count * sizeof(*out));
        break;
    }
}

/* ---------------------------------------------------------------- choosing */

static void dictionary_count(struct dictionary *dictionary, const uint64_t *values, uint32_t count)
{
    memset(dictionary->slots, 0, sizeof(dictionary->slots));
    dictionary->count = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t slot = (uint32_t)((values[i] * 0x9e3779b97f4a7c15u) >> 54);
        while (dictionary->slots[slot] != 0 &&
               dictionary->values[dictionary->slots[slot] - 1] != values[i])
            slot = (slot + 1) % DICTIONARY_SLOTS;
        if (dictionary->slots[slot] != 0)
            continue;
        if (dictionary->count == VS_DICTIONARY_MAX) {
            dictionary->count++;
            return;
        }
        dictionary->values[dictionary->count++] = values[i];
        dictionary->slots[slot] = (uint16_t)dictionary->count;
    }
}

static uint32_t dictionary_index(const struct dictionary *dictionary, uint64_t value)
{
    uint32_t slot = (uint32_t)((value * 0x9e3779b97f4a7c15u) >> 54);
    while (dictionary->values[dictionary->slots[slot] - 1] != value)
        slot = (slot + 1) % DICTIONARY_SLOTS;
    return dictionary->slots[slot] - 1u;
}

/* Bytes that each packing of the residuals takes; SIZE_MAX where it is not possible. */
static void packing_sizes(const uint64_t *residuals, uint32_t count, unsigned int width,
                          size_t sizes[VS_PACKING_COUNT])
{
    size_t varint = 0, sparse = (count + 7) / 8, runs = 0, groups = 0;
    uint64_t any = 0;
    uint32_t run = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t value = residuals[i];
        unsigned int bytes = vs_varint_bytes(value);
        varint += bytes;
        sparse += value ? bytes : 0;
        run++;
        if (i + 1 == count || residuals[i + 1] != value) {
            runs += bytes + vs_varint_bytes(run);
            run = 0;
        }
        any |= value;
        if (i % VS_GROUP_RECORDS == VS_GROUP_RECORDS - 1 || i + 1 == count) {
            unsigned int bits = vs_bit_count(any);
            groups += 1 + ((i % VS_GROUP_RECORDS + 1) * (size_t)bits + 7) / 8;
            if (bits > VS_GROUP_BITS_MAX)
                groups = SIZE_MAX / 2;
            any = 0;
        }
    }
    sizes[VS_PACKING_CONSTANT] = SIZE_MAX;
    sizes[VS_PACKING_RAW] = (size_t)count * width;
    sizes[VS_PACKING_VARINT] = varint;
    sizes[VS_PACKING_SPARSE] = sparse;
    sizes[VS_PACKING_RUNS] = runs;
    sizes[VS_PACKING_DICTIONARY] = SIZE_MAX;
    sizes[VS_PACKING_GROUPS] = groups;
}

static unsigned int dictionary_bits(uint32_t values)
{
    return vs_bit_count(values - 1);
}

struct choice {
    enum vs_transform transform;
    enum vs_packing packing;
    size_t cost;
};

/*
 * What reading time is worth, in sixteenths of a byte per record: a coding that
 * reads slower than bit fields must save that much.  Numbers that branch on each
 * value (VARINT, SPARSE) read at 2 to 4 ns, bit fields at 1 ns, a context's table
 * adds 2 ns (vpci-trace-bench, AMD EPYC, gcc 12 -O3, generated traffic of 16 vCPUs).
 */
static const uint8_t slow_packings[VS_PACKING_COUNT] = {
    [VS_PACKING_VARINT] = 2,
    [VS_PACKING_SPARSE] = 1,
};
static const uint8_t slow_transforms[VS_TRANSFORM_COUNT] = {
    [VS_TRANSFORM_CONTEXT] = 2,
};

static void choose(struct vs_packer *packer, enum vs_transform transform, uint32_t count,
                   unsigned int width, struct choice *best)
{
    size_t sizes[VS_PACKING_COUNT];
    packing_sizes(packer->residuals, count, width, sizes);
    if (transform == VS_TRANSFORM_PLAIN && width <= 4) {
        dictionary_count(&packer->dictionary, packer->residuals, count);
        uint32_t values = packer->dictionary.count;
        if (values <= VS_DICTIONARY_MAX)
            sizes[VS_PACKING_DICTIONARY] =
                1 + (size_t)values * width + ((size_t)count * dictionary_bits(values) + 7) / 8;
    }
    bool better = false;
    for (unsigned int packing = 0; packing < VS_PACKING_COUNT; packing++) {
        size_t cost = sizes[packing];
        if (cost < SIZE_MAX / 2)
            cost += (size_t)count * (slow_packings[packing] + slow_transforms[transform]) / 16;
        if (cost < best->cost) {
            *best = (struct choice){transform, (enum vs_packing)packing, cost};
            better = true;
        }
    }
    if (better) {
        uint64_t *swap = packer->best;
        packer->best = packer->residuals;
        packer->residuals = swap;
    }
}

/* ----------------------------------------------------------------- storing */

/* Append count values of bits each, least significant bit first.  A value's bits
 * beyond the last whole byte are flushed at the end. */
static uint8_t *put_bits(uint8_t *at, const uint64_t *values, uint32_t count, unsigned int bits)
{
    uint64_t pending = 0;
    unsigned int have = 0;
    for (uint32_t i = 0; i < count && bits; i++) {
        pending |= values[i] << have;
        have += bits;
        while (have >= 8) {
            *at++ = (uint8_t)pending;
            pending >>= 8;
            have -= 8;
        }
    }
    if (have)
        *at++ = (uint8_t)pending;
    return at;
}

static uint8_t *put_raw(uint8_t *at, const uint64_t *values, uint32_t count, unsigned int width)
{
    for (uint32_t i = 0; i < count; i++, at += width)
        memcpy(at, &values[i], width);
    return at;
}

static uint8_t *put_sparse(uint8_t *at, const uint64_t *values, uint32_t count)
{
    uint8_t *bitmap = at;
    memset(bitmap, 0, (count + 7) / 8);
    at += (count + 7) / 8;
    for (uint32_t i = 0; i < count; i++) {
        if (values[i] == 0)
            continue;
        bitmap[i / 8] = (uint8_t)(bitmap[i / 8] | 1u << i % 8);
        at = vs_varint_put(at, values[i]);
    }
    return at;
}

static uint8_t *put_runs(uint8_t *at, const uint64_t *values, uint32_t count)
{
    for (uint32_t i = 0; i < count;) {
        uint32_t next = i + 1;
        while (next < count && values[next] == values[i])
            next++;
        at = vs_varint_put(at, values[i]);
        at = vs_varint_put(at, next - i);
        i = next;
    }
    return at;
}

static uint8_t *put_dictionary(struct vs_packer *packer, uint8_t *at, uint64_t *values,
                               uint32_t count, unsigned int width)
{
    struct dictionary *dictionary = &packer->dictionary;
    dictionary_count(dictionary, values, count); /* a later trial may have replaced it */
    *at++ = (uint8_t)(dictionary->count - 1);
    at = put_raw(at, dictionary->values, dictionary->count, width);
    for (uint32_t i = 0; i < count; i++)
        values[i] = dictionary_index(dictionary, values[i]);
    return put_bits(at, values, count, dictionary_bits(dictionary->count));
}

static uint8_t *put_groups(uint8_t *at, const uint64_t *values, uint32_t count)
{
    for (uint32_t start = 0; start < count; start += VS_GROUP_RECORDS) {
        uint32_t length = count - start < VS_GROUP_RECORDS ? count - start : VS_GROUP_RECORDS;
        uint64_t any = 0;
        for (uint32_t i = 0; i < length; i++)
            any |= values[start + i];
        unsigned int bits = vs_bit_count(any);
        *at++ = (uint8_t)bits;
        /* put_bits flushes to whole bytes; 56 bits plus 7 pending still fit its 64. */
        at = put_bits(at, values + start, length, bits);
    }
    return at;
}

static uint8_t *put_column(struct vs_packer *packer, uint8_t *at, enum vs_packing packing,
                           uint32_t count, unsigned int width)
{
    uint64_t *values = packer->best;
    switch (packing) {
    case VS_PACKING_RAW:
        return put_raw(at, values, count, width);
    case VS_PACKING_SPARSE:
        return put_sparse(at, values, count);
    case VS_PACKING_RUNS:
        return put_runs(at, values, count);
    case VS_PACKING_DICTIONARY:
        return put_dictionary(packer, at, values, count, width);
    case VS_PACKING_GROUPS:
        return put_groups(at, values, count);
    case VS_PACKING_CONSTANT:
        return vs_varint_put(at, values[0]);
    default:
        for (uint32_t i = 0; i < count; i++)
            at = vs_varint_put(at, values[i]);
        return at;
    }
}

size_t vs_pack(struct vs_packer *packer, const struct vs_record *records, uint32_t count,
               uint8_t *out)
{
    uint8_t *at = out;
    for (unsigned int column = 0; column < VS_COLUMN_COUNT; column++) {
        const struct vs_column_shape *shape = &vs_column_shapes[column];
        struct choice best = {VS_TRANSFORM_PLAIN, VS_PACKING_CONSTANT, SIZE_MAX};
        if (gather(records, count, shape, packer->plain)) {
            packer->best[0] = packer->plain[0];
        } else {
            for (unsigned int transform = 0; transform < VS_TRANSFORM_COUNT; transform++) {
                if (!(shape->transforms >> transform & 1))
                    continue;
                residuals_of(packer, (enum vs_transform)transform, records, count, shape);
                choose(packer, (enum vs_transform)transform, count, shape->width, &best);
            }
        }
        uint8_t *header = at;
        at = put_column(packer, at + VS_COLUMN_HEADER, best.packing, count, shape->width);
        header[0] = (uint8_t)(best.transform << 4 | best.packing);
        vs_store32(header + 1, (uint32_t)(at - header - VS_COLUMN_HEADER));
    }
    return (size_t)(at - out);
}

void vs_pack_describe(const uint8_t *payload, struct vs_column_use use[VS_COLUMN_COUNT])
{
    for (unsigned int column = 0; column < VS_COLUMN_COUNT; column++) {
        use[column].coding = payload[0];
        use[column].bytes = vs_load32(payload + 1);
        payload += VS_COLUMN_HEADER + use[column].bytes;
    }
}
