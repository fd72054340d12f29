/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The codec: what was packed unpacks to the same bytes; no bytes make it go astray. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bits.h"
#include "codec.h"
#include "random_records.h"

#define RECORDS_MAX 5000u

struct codec {
    struct vs_packer *packer;
    struct vs_unpacker *unpacker;
    struct vs_record *in, *out;
    uint8_t *payload;
};

static int set_up(void **state)
{
    struct codec *codec = calloc(1, sizeof(*codec));
    assert_non_null(codec);
    codec->packer = vs_packer_new(RECORDS_MAX);
    codec->unpacker = vs_unpacker_new();
    codec->in = calloc(RECORDS_MAX, sizeof(*codec->in));
    codec->out = calloc(RECORDS_MAX, sizeof(*codec->out));
    codec->payload = calloc(1, vs_pack_bound(RECORDS_MAX) + VS_UNPACK_PADDING);
    assert_true(codec->packer && codec->unpacker && codec->in && codec->out && codec->payload);
    *state = codec;
    return 0;
}

static int tear_down(void **state)
{
    struct codec *codec = *state;
    vs_packer_free(codec->packer);
    vs_unpacker_free(codec->unpacker);
    free(codec->in);
    free(codec->out);
    free(codec->payload);
    free(codec);
    return 0;
}

static void round_trip(struct codec *codec, uint32_t count, unsigned int seen[VS_PACKING_COUNT])
{
    struct vs_unpack_fault fault;
    size_t length = vs_pack(codec->packer, codec->in, count, codec->payload);
    assert_true(length <= vs_pack_bound(count));
    /* What lies behind the payload must not matter. */
    memset(codec->payload + length, 0xa5, VS_UNPACK_PADDING);
    memset(codec->out, 0xff, count * sizeof(*codec->out));
    int ret = vs_unpack(codec->unpacker, codec->payload, length, count, codec->in[0].time_ns,
                        codec->out, &fault);
    if (ret < 0)
        fail_msg("refused: %s at %zu, record %u of %u", fault.reason, fault.offset_bytes,
                 fault.record, count);
    assert_memory_equal(codec->in, codec->out, count * sizeof(*codec->in));
    struct vs_column_use use[VS_COLUMN_COUNT];
    vs_pack_describe(codec->payload, use);
    for (unsigned int column = 0; column < VS_COLUMN_COUNT; column++)
        seen[use[column].coding & 15]++;
}

static void test_random_blocks_survive(void **state)
{
    struct codec *codec = *state;
    static const uint32_t counts[] = {1, 2, 7, 63, 64, 65, 255, 256, 257, 1000, RECORDS_MAX};
    static const uint64_t tempos[] = {0, 1, 300, 100000, 1000000000};
    static const unsigned int alikes[] = {0, 100, 250, 255, 256};
    unsigned int seen[VS_PACKING_COUNT] = {0};
    uint64_t seed = 1;
    for (size_t c = 0; c < sizeof(counts) / sizeof(counts[0]); c++) {
        for (size_t t = 0; t < sizeof(tempos) / sizeof(tempos[0]); t++) {
            for (size_t a = 0; a < sizeof(alikes) / sizeof(alikes[0]); a++) {
                test_random_records(codec->in, counts[c], seed++, tempos[t], alikes[a]);
                round_trip(codec, counts[c], seen);
            }
        }
    }
    for (unsigned int packing = 0; packing < VS_PACKING_COUNT; packing++)
        assert_true(seen[packing] > 0); /* every packing was put to the test */
}

/* A column of one value each, so that a payload can be written by hand. */
static size_t constant_columns(uint8_t *payload, const uint64_t values[VS_COLUMN_COUNT])
{
    uint8_t *at = payload;
    for (unsigned int column = 0; column < VS_COLUMN_COUNT; column++) {
        uint8_t *header = at;
        at = vs_varint_put(at + VS_COLUMN_HEADER, values[column]);
        header[0] = VS_PACKING_CONSTANT;
        vs_store32(header + 1, (uint32_t)(at - header - VS_COLUMN_HEADER));
    }
    return (size_t)(at - payload);
}

static const uint64_t dump_columns[VS_COLUMN_COUNT] = {
    [VS_COLUMN_KIND] = VS_KIND_DUMP, [VS_COLUMN_SBDF] = VS_SBDF_NONE, [VS_COLUMN_TIME] = 5};

static void test_constant_columns_by_hand(void **state)
{
    struct codec *codec = *state;
    struct vs_unpack_fault fault;
    size_t length = constant_columns(codec->payload, dump_columns);
    assert_int_equal(vs_unpack(codec->unpacker, codec->payload, length, 300, 5, codec->out, &fault),
                     0);
    assert_int_equal(codec->out[299].kind, VS_KIND_DUMP);
    assert_int_equal(codec->out[299].time_ns, 5);
}

static void refuse(struct codec *codec, size_t length, uint32_t count, const char *reason)
{
    struct vs_unpack_fault fault;
    assert_int_equal(
        vs_unpack(codec->unpacker, codec->payload, length, count, 0, codec->out, &fault), -1);
    assert_string_equal(fault.reason, reason);
}

static void test_invalid_records_are_refused(void **state)
{
    struct codec *codec = *state;
    uint64_t values[VS_COLUMN_COUNT];
    memcpy(values, dump_columns, sizeof(values));
    values[VS_COLUMN_KIND] = 0;
    refuse(codec, constant_columns(codec->payload, values), 1, "unknown kind");
    values[VS_COLUMN_KIND] = VS_KIND_CFG_READ;
    values[VS_COLUMN_SIZE] = 4;
    refuse(codec, constant_columns(codec->payload, values), 1, "the kind needs an sbdf");
    values[VS_COLUMN_SBDF] = 8;
    values[VS_COLUMN_REG] = 4094;
    refuse(codec, constant_columns(codec->payload, values), 1, "register lies outside the space");
    values[VS_COLUMN_REG] = 0;
    values[VS_COLUMN_SIZE] = 1;
    values[VS_COLUMN_VALUE] = 256;
    refuse(codec, constant_columns(codec->payload, values), 1, "value is wider than the access");
    values[VS_COLUMN_VALUE] = 255;
    values[VS_COLUMN_FLAGS] = 1u << 13;
    refuse(codec, constant_columns(codec->payload, values), 1, "unknown flag");
}

static void test_time_that_goes_back_is_refused(void **state)
{
    struct codec *codec = *state;
    struct vs_unpack_fault fault;
    size_t length = constant_columns(codec->payload, dump_columns);
    assert_int_equal(vs_unpack(codec->unpacker, codec->payload, length, 2, 6, codec->out, &fault),
                     -1);
    assert_string_equal(fault.reason, "time goes back");
}

static void test_leftovers_and_gaps_are_refused(void **state)
{
    struct codec *codec = *state;
    size_t length = constant_columns(codec->payload, dump_columns);
    refuse(codec, length + 1, 1, "bytes after the last column");
    refuse(codec, length - 1, 1, "a column runs past the payload");
    refuse(codec, 3, 1, "a column header is missing");
    codec->payload[0] = 7;
    refuse(codec, length, 1, "unknown column coding");
    codec->payload[0] = VS_TRANSFORM_CONTEXT << 4; /* in a column that is not `value` */
    refuse(codec, length, 1, "unknown column coding");
    codec->payload[0] = VS_PACKING_VARINT;
    refuse(codec, length, 2, "a number runs past its column");
}

/* Random damage below the checksums: any result but a crash, and never bytes
 * beyond the records asked for. */
static void test_damaged_payloads_are_safe(void **state)
{
    struct codec *codec = *state;
    uint64_t random = 7;
    for (unsigned int round = 0; round < 300; round++) {
        uint32_t count = 1 + (uint32_t)(test_random(&random) % 600);
        test_random_records(codec->in, count, round, round % 3 ? 5000 : 0, round % 257);
        size_t length = vs_pack(codec->packer, codec->in, count, codec->payload);
        uint8_t *copy = malloc(length + VS_UNPACK_PADDING);
        assert_non_null(copy);
        for (unsigned int mutation = 0; mutation < 40; mutation++) {
            struct vs_unpack_fault fault;
            memcpy(copy, codec->payload, length);
            memset(copy + length, 0, VS_UNPACK_PADDING);
            for (unsigned int i = 0; i <= mutation % 4; i++)
                copy[test_random(&random) % length] ^= (uint8_t)(1u << test_random(&random) % 8);
            codec->out[count - (count == RECORDS_MAX)].time_ns = 0x1234;
            if (vs_unpack(codec->unpacker, copy, length, count, codec->in[0].time_ns, codec->out,
                          &fault) < 0)
                assert_non_null(fault.reason);
            else
                for (uint32_t i = 0; i < count; i++)
                    assert_null(vs_record_invalid(&codec->out[i]));
            assert_int_equal(codec->out[count - (count == RECORDS_MAX)].time_ns, 0x1234);
        }
        free(copy);
    }
}

static void test_varint_lengths(void **state)
{
    (void)state;
    for (unsigned int bits = 0; bits <= 64; bits++) {
        uint8_t bytes[VS_VARINT_MAX];
        uint64_t value = bits ? UINT64_MAX >> (64 - bits) : 0;
        assert_int_equal(vs_varint_put(bytes, value) - bytes, vs_varint_bytes(value));
    }
    for (int64_t value = -3; value <= 3; value++)
        assert_int_equal((int64_t)vs_unzigzag(vs_zigzag((uint64_t)value & 0xffff, 2)), value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_random_blocks_survive, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_constant_columns_by_hand, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_invalid_records_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_time_that_goes_back_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_leftovers_and_gaps_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_damaged_payloads_are_safe, set_up, tear_down),
        cmocka_unit_test(test_varint_lengths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
