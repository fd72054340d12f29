/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lspci dumps become snapshots, BAR sizes come from -v, and damaged dumps are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "collect.h"
#include "import/lspci.h"

#define Z16   " 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00\n"
#define ROW0  "00: 86 80 c0 29 03 01 00 00 00 00 00 06 00 00 00 00\n"
#define ROWS3 "10:" Z16 "20:" Z16 "30:" Z16

static int read_text(const char *text, struct vs_trace_meta *meta, struct vs_error *error)
{
    char path[32];
    int fd, ret;

    collect_path(text, strlen(text), &fd, path, sizeof(path));
    ret = vs_lspci_read(path, meta, 7, error);
    close(fd);
    return ret;
}

static void refused(const char *text, uint64_t line, const char *expected)
{
    struct vs_error error = VS_ERROR_INIT;
    struct vs_trace_meta meta;
    int ret;

    vs_trace_meta_init(&meta);
    ret = read_text(text, &meta, &error);
    if (ret != VS_ERR_INPUT || error.line != line || !strstr(error.text, expected))
        fail_msg("'%s': %d, line %lld: %s", text, ret, (long long)error.line, error.text);
    vs_trace_meta_free(&meta);
}

static void rows_become_a_snapshot_of_the_function(void **state)
{
    struct vs_error error = VS_ERROR_INIT;
    struct vs_trace_meta meta;

    (void)state;
    vs_trace_meta_init(&meta);
    assert_int_equal(read_text("00:00.0 Host bridge: Some name\n" ROW0 ROWS3 "\n"
                               "0001:02:1f.7 0600: 8086:29c0 (rev 02)\n" ROW0 ROWS3,
                               &meta, &error),
                     0);
    assert_int_equal(meta.device_count, 2);
    assert_int_equal(meta.devices[0].config_size, 64);
    assert_int_equal(meta.devices[0].domain, 7);
    assert_int_equal(meta.devices[0].config[0], 0x86);
    assert_int_equal(meta.devices[0].config[11], 0x06);
    assert_int_equal(meta.devices[1].sbdf, 0x102ff);
    vs_trace_meta_free(&meta);
}

static void bar_sizes_come_from_verbose_lines(void **state)
{
    struct vs_error error = VS_ERROR_INIT;
    struct vs_trace_meta meta;

    (void)state;
    vs_trace_meta_init(&meta);
    assert_int_equal(
        read_text("00:02.0 VGA compatible controller: x\n"
                  "\tControl: I/O+ Mem+\n"
                  "\tRegion 0: Memory at fd000000 (32-bit, prefetchable) [size=16M]\n"
                  "\tRegion 2: Memory at c0000000 (64-bit, prefetchable) [disabled] [size=1G]\n"
                  "\tRegion 4: I/O ports at e000 [size=256]\n"
                  "\tExpansion ROM at 000c0000 [disabled] [size=128K]\n"
                  "\tCapabilities: [160] Single Root I/O Virtualization (SR-IOV)\n"
                  "\t\tRegion 1: Memory at 0000000000000000 (64-bit, prefetchable) [size=4K]\n",
                  &meta, &error),
        0);
    assert_int_equal(meta.devices[0].bar_size[0], 16 << 20);
    assert_int_equal(meta.devices[0].bar_size[1], 0);
    assert_int_equal(meta.devices[0].bar_size[2], 1 << 30);
    assert_int_equal(meta.devices[0].bar_size[4], 256);
    assert_int_equal(meta.devices[0].bar_size[6], 128 << 10);
    assert_int_equal(meta.devices[0].config_size, 0);
    vs_trace_meta_free(&meta);
}

static void a_captured_dump_of_xen_dom0_reads_whole(void **state)
{
    const char *root = getenv("VS_SOURCE_DIR");
    struct vs_error error = VS_ERROR_INIT;
    struct vs_trace_meta meta;
    size_t i, extended = 0;
    char path[512];

    (void)state;
    assert_non_null(root);
    snprintf(path, sizeof(path), "%s/traces/samples/xen-4.17-pvh-dom0-reads/lspci-xxxx.txt", root);
    vs_trace_meta_init(&meta);
    assert_int_equal(vs_lspci_read(path, &meta, 0, &error), 0);
    assert_int_equal(meta.device_count, 13); /* grep -c '^[0-9a-f:.]* [0-9a-f]*: ' */
    for (i = 0; i < meta.device_count; i++) {
        assert_true(meta.devices[i].config_size == 256 || meta.devices[i].config_size == 4096);
        extended += meta.devices[i].config_size == 4096;
    }
    assert_int_equal(meta.devices[0].config[0x63], 0xb0); /* PCIEXBAR: ECAM at 0xb0000000 */
    assert_true(extended > 0);
    /* Once more: each device is listed twice now. */
    assert_int_equal(vs_lspci_read(path, &meta, 0, &error), VS_ERR_INPUT);
    vs_trace_meta_free(&meta);
}

static void guests_with_functions_at_one_address_stay_apart(void **state)
{
    struct vs_error error = VS_ERROR_INIT;
    struct vs_trace_meta meta;
    char path[32];
    int fd;

    (void)state;
    vs_trace_meta_init(&meta);
    collect_path("00:00.0 x\n", 10, &fd, path, sizeof(path));
    assert_int_equal(vs_lspci_read(path, &meta, 0, &error), 0);
    assert_int_equal(vs_lspci_read(path, &meta, 1, &error), 0);
    assert_int_equal(meta.device_count, 2);
    close(fd);
    vs_trace_meta_free(&meta);
}

static void what_a_trace_cannot_hold_or_the_dump_lacks_is_noted(void **state)
{
    struct vs_error error = VS_ERROR_INIT;
    struct vs_trace_meta meta;

    (void)state;
    vs_trace_meta_init(&meta);
    assert_int_equal(read_text("pcilib: sysfs_read_vpd: read failed: Input/output error\n"
                               "00:00.0 x\n" ROW0 "pcilib: again\n" ROWS3 "\n"
                               "10000:e0:06.0 x\n\tRegion 0: Memory at 0 [size=4X]\n" ROW0 ROWS3
                               "\n00:01.0 x\n" ROW0 ROWS3 "40: 00 00",
                               &meta, &error),
                     0);
    assert_int_equal(meta.device_count, 2);
    assert_int_equal(meta.devices[0].config_size, 64);
    assert_int_equal(meta.devices[1].config_size, 64);
    assert_int_equal(meta.note_count, 2);
    assert_non_null(strstr(meta.notes[0], "1 functions in domains above ffff"));
    assert_non_null(strstr(meta.notes[1], "ends inside"));
    vs_trace_meta_free(&meta);
    vs_trace_meta_init(&meta);
    assert_int_equal(read_text("00:01.0 x\n" ROW0 ROWS3 "40:" Z16 "50: 00", &meta, &error), 0);
    assert_int_equal(meta.devices[0].config_size, 64);
    assert_non_null(strstr(meta.notes[0], "ends inside"));
    vs_trace_meta_free(&meta);
}

static void damaged_dumps_are_refused_with_their_line(void **state)
{
    (void)state;
    refused("", VS_NOWHERE, "found no device");
    refused(ROW0, 1, "a device's line");
    refused("\tRegion 0: x\n", 1, "a device's line");
    refused("not a device\n", 1, "a device's line");
    refused("10000:e1:20.0 NVMe\n", 1, "a device's line");
    refused("00:00.0 x\n" ROW0 "20:" Z16, 3, "the row of offset 10");
    refused("00:00.0 x\n" ROW0 ROW0, 3, "the row of offset 10");
    refused("00:00.0 x\n" ROW0 "\n", 3, "64, 256 or 4096 bytes");
    refused("00:00.0 x\n" ROW0 "10: 00 00 0g\n", 3, "16 bytes in hexadecimal");
    refused("00:00.0 x\n" ROW0 "10: 00 00\n", 3, "16 bytes in hexadecimal");
    refused("00:00.0 x\n00: 86 80 c0 29 03 01 00 00 00 00 00 06 00 00 00 00 00\n", 2,
            "the end of the row");
    refused("00:00.0 x\n" ROW0 ROWS3 "\n00:00.0 x\n", 7, "each device once");
    refused("00:00.0 x\n\tRegion 0: Memory at 0 [size=4X]\n", 2, "[size=NUMBER]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_become_a_snapshot_of_the_function),
        cmocka_unit_test(bar_sizes_come_from_verbose_lines),
        cmocka_unit_test(a_captured_dump_of_xen_dom0_reads_whole),
        cmocka_unit_test(guests_with_functions_at_one_address_stay_apart),
        cmocka_unit_test(what_a_trace_cannot_hold_or_the_dump_lacks_is_noted),
        cmocka_unit_test(damaged_dumps_are_refused_with_their_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
