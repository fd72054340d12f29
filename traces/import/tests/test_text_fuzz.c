/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Seeded mutations of real inputs: flipped bits, cut, repeated and swapped pieces.
 * No importer may crash, let an invalid record through, or fail without saying so.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fuzz_inputs.h"
#include "import/input.h"

#define MUTATIONS 2500
#define SEED_MAX  6000

/* xorshift64*: a fixed sequence, so that a failure's number repeats it. */
static uint64_t next(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(2685821657736338717);
}

static size_t below(uint64_t *state, size_t limit)
{
    return limit ? (size_t)(next(state) % limit) : 0;
}

static size_t mutate(uint64_t *state, char *content, size_t size, size_t room)
{
    size_t at = below(state, size), length = below(state, size - at < 200 ? size - at : 200);
    size_t to = below(state, size);

    switch (below(state, 6)) {
    case 0: /* flip a bit */
        if (size)
            content[at] = (char)(content[at] ^ 1 << below(state, 8));
        return size;
    case 1: /* another byte, often one with a meaning */
        if (size)
            content[at] = "\n,:\"@0x{}[]-=9 \0\xff\t"[below(state, 18)];
        return size;
    case 2: /* cut the end off */
        return at;
    case 3: /* take a piece out */
        memmove(content + at, content + at + length, size - at - length);
        return size - length;
    case 4: /* put a piece in again */
        if (size + length > room)
            return size;
        memmove(content + to + length, content + to, size - to);
        memmove(content + to, content + (at < to ? at : at + length), length);
        return size + length;
    default: /* copy a piece over another */
        if (to + length <= size)
            memmove(content + to, content + at, length);
        return size;
    }
}

static void survive(enum fuzz_target target, const char *seed, size_t size)
{
    char content[2 * SEED_MAX];
    uint64_t state = 0x76706369u + target;
    int round;

    assert_true(size > 0 && size <= SEED_MAX);
    for (round = 0; round < MUTATIONS; round++) {
        size_t steps = 1 + below(&state, 4), length = size;
        const char *broken;

        memcpy(content, seed, size);
        while (steps--)
            length = mutate(&state, content, length, sizeof(content));
        broken = fuzz_one(target, round % 2, content, length);
        if (broken)
            fail_msg("mutation %d: %s", round, broken);
    }
}

/* The first bytes of a file of the samples. */
static size_t sample(const char *name, uint64_t skip_bytes, char *content)
{
    const char *root = getenv("VS_SOURCE_DIR");
    struct vs_input *input;
    size_t got = 0;
    char path[512];

    assert_non_null(root);
    snprintf(path, sizeof(path), "%s/traces/samples/%s", root, name);
    assert_int_equal(vs_input_open(path, &input, NULL), 0);
    for (; skip_bytes >= SEED_MAX; skip_bytes -= SEED_MAX)
        assert_int_equal(vs_input_read(input, content, SEED_MAX, &got, NULL), 0);
    assert_int_equal(vs_input_read(input, content, SEED_MAX, &got, NULL), 0);
    vs_input_close(input);
    return got;
}

static void mutated_qemu_logs_do_no_harm(void **state)
{
    char content[SEED_MAX];
    size_t got = sample("qemu-q35-linux-a/trace.log.zst", 0, content);

    (void)state;
    survive(FUZZ_QEMU_LOG, content, got);
    /* Hotplug lines are near the end: 40,449,503 bytes in all. */
    got = sample("qemu-q35-linux-a/trace.log.zst", 40048000, content);
    survive(FUZZ_QEMU_LOG, content, got);
}

static void mutated_lspci_dumps_do_no_harm(void **state)
{
    char content[SEED_MAX];

    (void)state;
    survive(FUZZ_LSPCI, content, sample("xen-4.17-pvh-dom0-reads/lspci-xxxx.txt", 0, content));
}

static void mutated_csv_and_json_lines_do_no_harm(void **state)
{
    static const char csv[] =
        "time_ns,pcpu,domain,vcpu,sbdf,kind,reg,size,value,duration_ns,flags,\"a \"\"b\"\"\"\n"
        "1000,2,1,3,0000:00:1f.2,cfg-write,0x004,2,0x7,250,port|size-inferred,x\r\n"
        "2000,,0,,,lost,0x000,0,0x3,0,,\"two\nlines\"\n"
        "1500,-,65535,none,0001:ff:1f.7,msix-read,0x8000,4,0xffffffff,4294967295,ecam,\n";
    static const char jsonl[] =
        "{\"time_ns\":1000,\"pcpu\":2,\"domain\":1,\"vcpu\":3,\"sbdf\":\"0000:00:1f.2\","
        "\"kind\":\"cfg-write\",\"reg\":4,\"size\":2,\"value\":7,\"duration_ns\":250,"
        "\"flags\":\"port|size-inferred\"}\n"
        "{\"time_ns\":900.5,\"kind\":\"dump\",\"flags\":[\"injected\"],\"other\":{\"x\":[1,2]}}\n"
        "{\"time_ns\":\"17\",\"kind\":\"r\",\"sbdf\":\"00:00.0\",\"reg\":\"0x10\",\"pcpu\":null}\n";

    (void)state;
    survive(FUZZ_CSV, csv, sizeof(csv) - 1);
    survive(FUZZ_JSONL, jsonl, sizeof(jsonl) - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mutated_qemu_logs_do_no_harm),
        cmocka_unit_test(mutated_lspci_dumps_do_no_harm),
        cmocka_unit_test(mutated_csv_and_json_lines_do_no_harm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
