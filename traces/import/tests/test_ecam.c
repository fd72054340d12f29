/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Claims about ECAM windows, MSI-X tables and TSC frequencies: parsing and finding. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "import/ecam.h"
#include "import/msix.h"
#include "import/tsc.h"

static char temporary[32];

static const char *write_file(const void *bytes, size_t size)
{
    int fd;

    strcpy(temporary, "/tmp/vs-ecam-XXXXXX");
    fd = mkstemp(temporary);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), (ssize_t)size);
    close(fd);
    return temporary;
}

static void a_window_on_the_command_line(void **state)
{
    static const struct {
        const char *text;
        int ret;
        struct vs_ecam window;
    } cases[] = {
        {"0xb0000000:0:0-255", 0, {0xb0000000, 0, 0, 255}},
        {"0xb0000000:0000:00-ff", 0, {0xb0000000, 0, 0, 255}},
        {"0xe0000000:1:0x10-0x1f", 0, {0xe0000000, 1, 16, 31}},
        {"0x80000000:0:0-16", 0, {0x80000000, 0, 0, 16}},
        {"0x3f00000000:65535:128-255", 0, {UINT64_C(0x3f00000000), 65535, 128, 255}},
        {"b0000000:0:0-255", VS_ERR_USAGE, {0}},
        {"0xb0000000:0:0-256", VS_ERR_USAGE, {0}},
        {"0xb0000000:0:9-3", VS_ERR_USAGE, {0}},
        {"0xb0000001:0:0-255", VS_ERR_USAGE, {0}},
        {"0xb0000000:0:0-255x", VS_ERR_USAGE, {0}},
        {"0xb0000000:0", VS_ERR_USAGE, {0}},
        {"0xb0000000:65536:0-255", VS_ERR_USAGE, {0}},
        {"0xfffffffffff00000:0:0-255", VS_ERR_USAGE, {0}},
        {"", VS_ERR_USAGE, {0}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct vs_error error = VS_ERROR_INIT;
        struct vs_trace_meta meta;

        vs_trace_meta_init(&meta);
        if (vs_ecam_parse(cases[i].text, &meta, &error) != cases[i].ret)
            fail_msg("\"%s\": %s", cases[i].text, error.text);
        assert_int_equal(meta.ecam_count, cases[i].ret == 0);
        if (cases[i].ret == 0)
            assert_memory_equal(&meta.ecam[0], &cases[i].window, sizeof(struct vs_ecam));
        vs_trace_meta_free(&meta);
    }
}

static void overlapping_windows_are_refused(void **state)
{
    struct vs_error error = VS_ERROR_INIT;
    struct vs_trace_meta meta;

    (void)state;
    vs_trace_meta_init(&meta);
    assert_int_equal(vs_ecam_parse("0xb0000000:0:0-15", &meta, &error), 0);
    assert_int_equal(vs_ecam_parse("0xb0000000:0:16-31", &meta, &error), 0);
    assert_int_equal(vs_ecam_parse("0xb0000000:0:0-15", &meta, &error), 0); /* the same again */
    assert_int_equal(meta.ecam_count, 2);
    assert_int_equal(vs_ecam_parse("0xb1000000:1:0-1", &meta, &error), VS_ERR_USAGE);
    assert_int_equal(vs_ecam_parse("0x0:2:0-1", &meta, &error), VS_ERR_USAGE);
    vs_trace_meta_free(&meta);
}

/* The MCFG of an emulated q35: one window at 0xb0000000, segment 0, all buses. */
static void make_mcfg(uint8_t table[60])
{
    uint8_t sum = 0;

    memset(table, 0, 60);
    memcpy(table, "MCFG", 4);
    table[4] = 60;
    table[8] = 1;
    memcpy(table + 10, "BOCHS BXPC    ", 14);
    table[44 + 3] = 0xb0;
    table[44 + 11] = 0xff;
    for (int i = 0; i < 60; i++)
        sum = (uint8_t)(sum + table[i]);
    table[9] = (uint8_t)-sum;
}

static void mcfg_is_read_and_its_checksum_verified(void **state)
{
    struct vs_error error = VS_ERROR_INIT;
    struct vs_trace_meta meta;
    uint8_t table[60];
    uint32_t sbdf;
    uint16_t reg;

    (void)state;
    make_mcfg(table);
    vs_trace_meta_init(&meta);
    assert_int_equal(vs_ecam_read_mcfg(write_file(table, 60), &meta, &error), 0);
    unlink(temporary);
    assert_int_equal(meta.ecam_count, 1);
    assert_true(vs_ecam_find(&meta, 0xb01fa123, &sbdf, &reg));
    assert_int_equal(sbdf, 0x1fa);
    assert_int_equal(reg, 0x123);
    assert_false(vs_ecam_find(&meta, 0xc0000000, &sbdf, &reg));
    assert_false(vs_ecam_find(&meta, 0xafffffff, &sbdf, &reg));
    vs_trace_meta_free(&meta);
}

static void a_damaged_mcfg_is_refused(void **state)
{
    (void)state;
    /* Every bit of it, and every length. */
    for (unsigned int bit = 0; bit < 60 * 8; bit++) {
        struct vs_error error = VS_ERROR_INIT;
        struct vs_trace_meta meta;
        uint8_t table[60];

        make_mcfg(table);
        table[bit / 8] ^= (uint8_t)(1u << bit % 8);
        vs_trace_meta_init(&meta);
        assert_int_equal(vs_ecam_read_mcfg(write_file(table, 60), &meta, &error), VS_ERR_INPUT);
        unlink(temporary);
        vs_trace_meta_free(&meta);
    }
    for (size_t size = 0; size < 60; size++) {
        struct vs_error error = VS_ERROR_INIT;
        struct vs_trace_meta meta;
        uint8_t table[60];

        make_mcfg(table);
        vs_trace_meta_init(&meta);
        assert_int_equal(vs_ecam_read_mcfg(write_file(table, size), &meta, &error), VS_ERR_INPUT);
        unlink(temporary);
        vs_trace_meta_free(&meta);
    }
}

static void iomem_lines(void **state)
{
    static const struct {
        const char *text;
        int ret;
        uint64_t line; /* of the error */
        uint64_t base;
    } cases[] = {
        {"00000000-00000fff : Reserved\n  b0000000-bfffffff : PCI MMCONFIG 0000 [bus 00-ff]\n", 0,
         0, 0xb0000000},
        {"10000000-1fffffff : PCI ECAM 10000 [bus 00-ff]\n"
         "b0000000-bfffffff : PCI ECAM 0000 [bus 00-ff]\n",
         0, 0, 0xb0000000},
        {"f1000000-f1ffffff : PCI ECAM 0000 [bus 10-1f]\n", 0, 0, 0xf0000000},
        {"b0000000-bfffffff : PCI Bus 0000:00\n", VS_ERR_INPUT, VS_NOWHERE, 0},
        {"a\nb0000000-b0ffffff : PCI MMCONFIG 0000 [bus 00-ff]\n", VS_ERR_INPUT, 2, 0},
        {"00000000-00000000 : PCI MMCONFIG 0000 [bus 00-ff]\n", VS_ERR_INPUT, 1, 0},
        {"b0000000-bfffffff : PCI MMCONFIG\n", VS_ERR_INPUT, VS_NOWHERE, 0},
        {"b0000000-bfffffff : PCI MMCONFIG x\n", VS_ERR_INPUT, 1, 0},
        {"", VS_ERR_INPUT, VS_NOWHERE, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct vs_error error = VS_ERROR_INIT;
        struct vs_trace_meta meta;

        vs_trace_meta_init(&meta);
        if (vs_ecam_read_iomem(write_file(cases[i].text, strlen(cases[i].text)), &meta, &error) !=
            cases[i].ret)
            fail_msg("case %zu: %s", i, error.text);
        unlink(temporary);
        if (cases[i].ret == 0)
            assert_int_equal(meta.ecam[0].base, cases[i].base);
        else
            assert_int_equal(error.line, cases[i].line);
        vs_trace_meta_free(&meta);
    }
}

static void frequencies_need_a_unit(void **state)
{
    static const struct {
        const char *text;
        uint64_t hz; /* 0: refused */
    } cases[] = {
        {"1GHz", 1000000000},
        {"2394.374MHz", 2394374000},
        {"2394374kHz", 2394374000},
        {"1000000Hz", 1000000},
        {"2.4GHz", 2400000000},
        {"2400000000", 0},
        {"2.4", 0},
        {"GHz", 0},
        {"", 0},
        {"2.4GHz ", 0},
        {"-1GHz", 0},
        {"999999Hz", 0},
        {"101GHz", 0},
        {"2.4ghz", 2400000000},
        {"2.4 GHz", 2400000000},
        {"1G", 1000000000},
        {"2394374KHz", 2394374000},
        {"2.4  GHz", 0},
        {"1T", 0},
        {"1e400GHz", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct vs_error error = VS_ERROR_INIT;
        uint64_t hz = 0;
        int ret = vs_tsc_parse_hz(cases[i].text, &hz, &error);

        if (ret != (cases[i].hz ? 0 : VS_ERR_USAGE) || hz != cases[i].hz)
            fail_msg("\"%s\" gives %d, %llu Hz", cases[i].text, ret, (unsigned long long)hz);
    }
}

static void xl_info_gives_frequency_and_version(void **state)
{
    static const char good[] = "junk\ncpu_mhz                : 2394.374\nxen_version : 4.17.7\n";
    static const char bad[] = "cpu_mhz : fast\n", none[] = "cpu : 4\n";
    struct vs_error error = VS_ERROR_INIT;
    struct vs_xl_info info;

    (void)state;
    assert_int_equal(vs_xl_info_read(write_file(good, strlen(good)), &info, &error), 0);
    unlink(temporary);
    assert_int_equal(info.tsc_hz, 2394374000);
    assert_string_equal(info.xen_version, "4.17.7");
    assert_int_equal(vs_xl_info_read(write_file(bad, strlen(bad)), &info, &error), VS_ERR_INPUT);
    unlink(temporary);
    assert_int_equal(error.line, 1);
    assert_int_equal(vs_xl_info_read(write_file(none, strlen(none)), &info, NULL), VS_ERR_INPUT);
    unlink(temporary);
}

static void ticks_to_nanoseconds_do_not_overflow(void **state)
{
    (void)state;
    assert_int_equal(vs_tsc_to_ns(UINT64_C(6000000000000000000), 3000000000),
                     UINT64_C(2000000000000000000));
    assert_int_equal(vs_tsc_to_ns(UINT64_MAX, 1000000), UINT64_MAX);
    assert_int_equal(vs_tsc_to_ns(0, 1000000), 0);
}

/* A device with MSI-X: 65 vectors, table at BAR 0 + 0x2000, PBA at BAR 0 + 0x3000, BAR 0 of 64
 * bits at 0x1fe600000. */
static void msix_tables_are_found_through_their_bar(void **state)
{
    uint8_t config[256] = {
        [0x06] = 0x10, [0x10] = 4,    [0x12] = 0x60, [0x13] = 0xfe, [0x14] = 1,    [0x34] = 0x40,
        [0x40] = 0x05, [0x41] = 0x50, [0x50] = 0x11, [0x52] = 64,   [0x55] = 0x20, [0x59] = 0x30};
    struct vs_error error = VS_ERROR_INIT;
    const struct vs_msix_range *range;
    struct vs_trace_device *device;
    struct vs_trace_meta meta;
    struct vs_msix_map map;

    (void)state;
    vs_trace_meta_init(&meta);
    device = vs_trace_meta_add_device(&meta);
    device->sbdf = 0x100;
    assert_int_equal(vs_trace_device_set_config(device, config, sizeof(config)), 0);
    assert_int_equal(vs_msix_map_build(&meta, &map, &error), 0);
    assert_int_equal(map.count, 2);
    range = vs_msix_map_find(&map, UINT64_C(0x1fe60240c));
    assert_non_null(range);
    assert_int_equal(range->sbdf, 0x100);
    assert_int_equal(range->first, UINT64_C(0x1fe602000));
    assert_int_equal(range->reg, 0);
    assert_null(vs_msix_map_find(&map, UINT64_C(0x1fe602000) + 65 * 16));
    range = vs_msix_map_find(&map, UINT64_C(0x1fe60300f));
    assert_non_null(range);
    assert_int_equal(range->reg, 65 * 16);
    assert_null(vs_msix_map_find(&map, UINT64_C(0x1fe603010)));
    vs_msix_map_free(&map);
    vs_trace_meta_free(&meta);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_window_on_the_command_line),
        cmocka_unit_test(overlapping_windows_are_refused),
        cmocka_unit_test(mcfg_is_read_and_its_checksum_verified),
        cmocka_unit_test(a_damaged_mcfg_is_refused),
        cmocka_unit_test(iomem_lines),
        cmocka_unit_test(frequencies_need_a_unit),
        cmocka_unit_test(xl_info_gives_frequency_and_version),
        cmocka_unit_test(ticks_to_nanoseconds_do_not_overflow),
        cmocka_unit_test(msix_tables_are_found_through_their_bar),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
