/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random but valid records for tests: every kind, extreme fields, and runs of
 * alike records, so that every packing of the codec is chosen somewhere.
 */
#ifndef VS_TRACE_RANDOM_RECORDS_H
#define VS_TRACE_RANDOM_RECORDS_H

#include <stdlib.h>
#include <string.h>

#include "record.h"

/* splitmix64 (Steele, Lea, Flood, OOPSLA 2014). */
static inline uint64_t test_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* A number of 0 to bits random bits: small and large ones alike. */
static inline uint64_t test_random_wide(uint64_t *state, unsigned int bits)
{
    unsigned int take = (unsigned int)(test_random(state) % (bits + 1));
    return take ? test_random(state) >> (64 - take) : 0;
}

/* One valid record of any kind, by drawing until it is valid. */
static inline struct vs_record test_random_record(uint64_t *state)
{
    struct vs_record record;
    static const uint8_t sizes[] = {0, 1, 2, 4};
    do {
        memset(&record, 0, sizeof(record));
        record.kind = (uint8_t)(1 + test_random(state) % (VS_KIND_COUNT - 1));
        record.size = sizes[test_random(state) % 4];
        record.sbdf =
            test_random(state) % 3 == 0 ? VS_SBDF_NONE : (uint32_t)test_random_wide(state, 32);
        if (record.kind == VS_KIND_MMCFG_RESERVED)
            record.sbdf &= 0xffff0000u;
        record.reg = record.size ? (uint16_t)test_random_wide(state, 16) : 0;
        if (record.kind == VS_KIND_MMIO)
            record.reg = 0;
        record.value = test_random(state) % 2 ? (uint32_t)test_random_wide(state, 32) : 0;
        record.flags = (uint16_t)(test_random_wide(state, 13));
        record.duration_ns = (uint32_t)test_random_wide(state, 32);
        record.domain = (uint16_t)test_random_wide(state, 16);
        record.vcpu = (uint16_t)test_random_wide(state, 16);
        record.pcpu = test_random(state) % 2 ? record.vcpu : (uint16_t)test_random_wide(state, 16);
    } while (vs_record_invalid(&record) != NULL);
    return record;
}

/*
 * count records in time order.  tempo 0: wild times up to 2^64 - 1; else steps of
 * 0 to tempo ns.  alike: chance in 256 that a record repeats the one before but
 * for its time, value and register.
 */
static inline void test_random_records(struct vs_record *records, size_t count, uint64_t seed,
                                       uint64_t tempo, unsigned int alike)
{
    uint64_t state = seed, time = tempo ? test_random(&state) % 1000 : 0;
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && test_random(&state) % 256 < alike)
            records[i] = records[i - 1];
        else
            records[i] = test_random_record(&state);
        uint64_t step =
            tempo ? test_random(&state) % (tempo + 1) : test_random_wide(&state, 64) / (count + 1);
        time = time > UINT64_MAX - step ? UINT64_MAX : time + step;
        records[i].time_ns = time;
    }
    if (!tempo && count > 0)
        records[count - 1].time_ns = UINT64_MAX;
}

#endif
