/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Claims about damaged xentrace logs: each damage is an error with its place, or a
 * count; nothing crashes, no invalid record comes out, time never goes back.
 * Mutations are of windows of a captured log, seeded, so that each run is the same.
 */
#include "harness.h"
#include "import/input.h"
#include "import/xen_event.h"
#include "xen_log_builder.h"

#ifndef SAMPLES
#error "SAMPLES is the directory of the sample logs"
#endif

enum { MUTATIONS = 3000, SEED = 20220201 };

static const char *const ecam_text = "0xb0000000:0:0-255";

static void run(struct harness *harness, const void *bytes, size_t size, bool tolerate)
{
    harness_start(harness);
    harness->options.tsc_hz = "1GHz";
    harness->options.ecam = (struct vs_strings){.items = (const char **)&ecam_text, .count = 1};
    harness->options.tolerate = tolerate;
    harness_run(harness, &vs_importer_xentrace, bytes, size);
    if (harness->invalid)
        fail_msg("an invalid record came out: %s", harness->invalid);
    assert_false(harness->went_back);
    assert_true(harness->ret == 0 || harness->error.code == (enum vs_err)harness->ret);
}

/* A good log of two windows; the second is at *second. */
static void make_log(struct log *log, size_t *second)
{
    *log = (struct log){.size = 0};
    log_window(log, 0);
    log_runstate(log, 1000, VCPU(0, 0), RUNNABLE, RUNNING);
    log_port_exit(log, 1100, 0x10, 1, 0xcf8, 0x80000800);
    log_port_exit(log, 1300, 0x20, 0, 0xcfc, 0x12345678);
    *second = log->size;
    log_window(log, 1);
    log_runstate(log, 2000, VCPU(0, 1), RUNNABLE, RUNNING);
    log_port_exit(log, 2100, 0x10, 1, 0xcf8, 0x80000800);
    log_port_exit(log, 2300, 0x20, 0, 0xcfc, 0x12345678);
}

static void check_refused(const void *bytes, size_t size, uint64_t offset, const char *word)
{
    struct harness harness;
    char what[VS_ERROR_SOURCE_MAX + VS_ERROR_TEXT_MAX + 64];

    run(&harness, bytes, size, false);
    assert_int_equal(harness.ret, VS_ERR_INPUT);
    assert_int_equal(harness.count, 0);
    vs_error_describe(&harness.error, what, sizeof(what));
    if (harness.error.offset_bytes != offset || !strstr(what, word))
        fail_msg("expected \"%s\" at byte %llu: %s", word, (unsigned long long)offset, what);
    assert_string_equal(harness.error.source, harness.path);
    harness_end(&harness);
}

static void no_xentrace_log_is_refused_at_its_start(void **state)
{
    static const char text[] = "this is a text and no log at all";
    static const uint8_t zeros[64];

    (void)state;
    check_refused(text, sizeof(text), 0, "no xentrace log");
    check_refused(zeros, sizeof(zeros), 0, "no xentrace log");
    check_refused("", 0, 0, "empty");
    check_refused("\x03\xf0\x01\x20", 4, 0, "too short");
}

static void damage_has_its_byte_offset(void **state)
{
    struct log log;
    size_t second;
    uint32_t word;

    (void)state;
    make_log(&log, &second);
    log.bytes[second] ^= 1;
    check_refused(log.bytes, log.size, second, "start of a window");

    make_log(&log, &second);
    word = 20000;
    memcpy(log.bytes + second + 4, &word, 4);
    check_refused(log.bytes, log.size, second, "pCPU");

    make_log(&log, &second);
    log.bytes[second + 8] ^= 2;
    check_refused(log.bytes, log.size, second, "multiple of 4");

    /* The first record of the second window: without its TSC flag. */
    make_log(&log, &second);
    log.bytes[second + 15] &= 0x7f;
    check_refused(log.bytes, log.size, second + 12, "runstate-change");

    /* Its last record, 12 bytes, says that it has 7 words more. */
    make_log(&log, &second);
    log.bytes[log.size - 9] = 0xf0;
    check_refused(log.bytes, log.size, log.size - 12, "longer than its window");

    /* A window header inside a window. */
    make_log(&log, &second);
    word = 0x2001f003;
    memcpy(log.bytes + second + 12, &word, 4);
    check_refused(log.bytes, log.size, second + 12, "inside a window");
}

static void tolerating_damage_keeps_what_came_before(void **state)
{
    struct harness harness;
    struct log log;
    size_t second;

    (void)state;
    make_log(&log, &second);
    run(&harness, log.bytes, log.size, true);
    assert_int_equal(harness.ret, 0);
    assert_int_equal(harness.count, 2);
    assert_int_equal(harness_count(&harness, VS_IMPORT_NOT_REBUILT, "stopped-at-damage"), 0);
    harness_end(&harness);

    log.bytes[second] ^= 1;
    run(&harness, log.bytes, log.size, true);
    assert_int_equal(harness.ret, 0);
    assert_int_equal(harness.count, 1);
    assert_int_equal(harness_count(&harness, VS_IMPORT_NOT_REBUILT, "stopped-at-damage"), 1);
    harness_end(&harness);

    /* Nothing came before: there is nothing to tolerate. */
    run(&harness, "no log", 6, true);
    assert_int_equal(harness.ret, VS_ERR_INPUT);
    harness_end(&harness);
}

/* ---------------------------------------------------------------- fuzz smoke */

/* Small, fast and the same everywhere: xorshift64* (Vigna, 2016). */
static uint64_t next_random(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(2685821657736338717);
}

/* Whole records of a window from the first exit with a port access on, about 8 KiB; 0 when it
 * has none. */
static size_t port_records(const uint8_t *window, size_t size, size_t *first)
{
    size_t at = 0, exit = 0;
    bool found = false;

    for (uint32_t header; at + 4 <= size; at += vs_xen_record_bytes(header)) {
        memcpy(&header, window + at, 4);
        if (found && at - *first > 8192)
            break;
        if (header == 0xb0081102)
            exit = at;
        if (header == 0x20082216 && !found) {
            found = true;
            *first = exit;
        }
    }
    return found ? at - *first : 0;
}

/* One small window for each of the first windows of the log with port accesses, up to 6; the
 * pCPU's vCPU is stated at the start of each.  Mutations so hit what the importer works on. */
static void cut_windows(const uint8_t *log, size_t size, struct log *slice)
{
    unsigned int made = 0;

    for (size_t at = 0; at + 12 <= size && made < 6;) {
        uint32_t pcpu, bytes;
        size_t first = 0, used;

        memcpy(&pcpu, log + at + 4, 4);
        memcpy(&bytes, log + at + 8, 4);
        used = port_records(log + at + 12, bytes, &first);
        if (used) {
            uint64_t tsc;

            memcpy(&tsc, log + at + 12 + first + 4, 8);
            log_window(slice, pcpu);
            log_runstate(slice, tsc, VCPU(0, pcpu), RUNNABLE, RUNNING);
            memcpy(slice->bytes + slice->size, log + at + 12 + first, used);
            slice->size += used;
            bytes = (uint32_t)used + 16;
            memcpy(slice->bytes + slice->window, &bytes, 4);
            made++;
            memcpy(&bytes, log + at + 8, 4);
        }
        at += 12 + bytes;
    }
}

static void mutate(uint8_t *bytes, size_t *size, uint64_t *state)
{
    unsigned int rounds = 1 + (unsigned int)(next_random(state) % 4);

    for (unsigned int i = 0; i<rounds && * size> 0; i++) {
        size_t at = (size_t)(next_random(state) % *size), other;
        uint32_t word = (uint32_t)next_random(state);

        switch (next_random(state) % 6) {
        case 0: /* one bit */
            bytes[at] ^= (uint8_t)(1u << word % 8);
            break;
        case 1: /* one word */
            if ((at & ~(size_t)3) + 4 <= *size)
                memcpy(bytes + (at & ~(size_t)3), &word, 4);
            break;
        case 2: /* a header's class or subclass bits */
            bytes[at & ~(size_t)3] ^= (uint8_t)(word & 0x17);
            break;
        case 3: /* cut off */
            *size = at;
            break;
        case 4: /* leave words out */
            other = at + 4 * (word % 16);
            if (other < *size) {
                memmove(bytes + at, bytes + other, *size - other);
                *size -= other - at;
            }
            break;
        case 5: /* copy words from elsewhere */
            other = (size_t)(next_random(state) % *size);
            if (at + 64 <= *size && other + 64 <= *size)
                memmove(bytes + (at & ~(size_t)3), bytes + (other & ~(size_t)3), 32);
            break;
        }
    }
}

static void mutated_windows_never_crash(void **state)
{
    static struct log slice, mutated;
    struct vs_error error = VS_ERROR_INIT;
    unsigned int good = 0, refused = 0;
    struct harness harness;
    uint64_t random = SEED;
    size_t log_size;
    char *log;

    (void)state;
    assert_int_equal(vs_input_read_all(SAMPLES "/xen-4.17-pvh-dom0-decode-toggles/trace.bin.zst",
                                       SIZE_MAX, &log, &log_size, &error),
                     0);
    cut_windows((const uint8_t *)log, log_size, &slice);
    free(log);
    run(&harness, slice.bytes, slice.size, false);
    assert_int_equal(harness.ret, 0);
    assert_true(harness.count > 20);
    harness_end(&harness);
    for (int i = 0; i < MUTATIONS; i++) {
        mutated = slice;
        mutate(mutated.bytes, &mutated.size, &random);
        run(&harness, mutated.bytes, mutated.size, i % 2);
        if (harness.ret == 0)
            good++;
        else
            refused++;
        assert_true(harness.ret == 0 || harness.ret == VS_ERR_INPUT);
        harness_end(&harness);
    }
    /* Both paths were taken, or the mutations test nothing. */
    assert_true(good > MUTATIONS / 20 && refused > MUTATIONS / 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_xentrace_log_is_refused_at_its_start),
        cmocka_unit_test(damage_has_its_byte_offset),
        cmocka_unit_test(tolerating_damage_keeps_what_came_before),
        cmocka_unit_test(mutated_windows_never_crash),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
