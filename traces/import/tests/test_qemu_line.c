/* SPDX-License-Identifier: GPL-2.0-or-later */
/* QEMU log lines: each format is read whole, and anything else is refused at its place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "import/qemu_line.h"

static struct vs_qemu_line parsed(const char *text)
{
    struct vs_qemu_line line;
    size_t at;
    const char *expected = vs_qemu_line_parse(text, strlen(text), &line, &at);

    if (expected)
        fail_msg("'%s': expected %s at %zu", text, expected, at);
    return line;
}

static void region_lines_give_cpu_address_value_size_and_name(void **state)
{
    struct vs_qemu_line line =
        parsed("17382@1795363236.663353:memory_region_ops_read cpu 3 mr 0x563d90e1d2f0 addr "
               "0xb0000010 value 0xffff00001234 size 4 name 'pcie-mmcfg-mmio'");

    (void)state;
    assert_int_equal(line.event, VS_QEMU_REGION_READ);
    assert_int_equal(line.thread, 17382);
    assert_int_equal(line.time_us, UINT64_C(1795363236663353));
    assert_int_equal(line.cpu, 3);
    assert_int_equal(line.address, 0xb0000010);
    assert_int_equal(line.value, UINT64_C(0xffff00001234));
    assert_int_equal(line.size_bytes, 4);
    assert_int_equal(line.name_length, 15);
    line = parsed("1@1.000000:memory_region_ops_write cpu -1 mr (nil) addr 0xcf8 value 0x0 size 1");
    assert_int_equal(line.event, VS_QEMU_REGION_WRITE);
    assert_int_equal(line.cpu, -1);
    assert_int_equal(line.name_length, 0);
}

static void config_lines_give_function_register_and_value(void **state)
{
    struct vs_qemu_line line = parsed("9@2.000001:pci_cfg_write nvme 02:1f.7 @0xffc <- 0xdeadbeef");

    (void)state;
    assert_int_equal(line.event, VS_QEMU_CFG_WRITE);
    assert_int_equal(line.bdf, 2 << 8 | 31 << 3 | 7);
    assert_true(line.bus_known);
    assert_int_equal(line.reg, 0xffc);
    assert_int_equal(line.value, 0xdeadbeef);
    assert_false(line.empty);
    line = parsed("9@2.000001:pci_cfg_read two words 00:00.0 @0x0 -> 0x8086");
    assert_int_equal(line.name_length, 9);
}

static void lines_before_qemu_7_2_have_no_bus(void **state)
{
    struct vs_qemu_line line = parsed("9@2.000001:pci_cfg_read PIIX3 01:0 @0x0 -> 0x70008086");

    (void)state;
    assert_false(line.bus_known);
    assert_int_equal(line.bdf, 1 << 3);
}

static void empty_lines_of_newer_qemu_may_end_after_the_address(void **state)
{
    struct vs_qemu_line line = parsed("9@2.000001:pci_cfg_read empty 00:18.0 @0x4 -> 0xffffffff");

    (void)state;
    assert_true(line.empty);
    assert_true(line.reg_known);
    assert_int_equal(line.reg, 4);
    line = parsed("9@2.000001:pci_cfg_read empty 00:18.0");
    assert_true(line.empty);
    assert_false(line.reg_known);
}

static void newer_qemu_stamps_lines_with_a_date_and_no_thread(void **state)
{
    struct vs_qemu_line line =
        parsed("2026-11-22T20:00:00.000001Z pci_cfg_read mch 00:00.0 @0x0 -> 0x29c08086");

    (void)state;
    assert_int_equal(line.event, VS_QEMU_CFG_READ);
    assert_true(line.thread == VS_QEMU_THREAD_UNKNOWN);
    assert_int_equal(line.time_us, UINT64_C(1795377600000001)); /* date -u -d ... +%s */
    assert_int_equal(line.value, 0x29c08086);
    assert_int_equal(parsed("2024-02-29T23:59:59Z x").time_us, UINT64_C(1709251199000000));
    assert_int_equal(parsed("1970-01-01T00:00:00Z x").time_us, 0);
}

static void other_events_are_named_and_not_looked_into(void **state)
{
    struct vs_qemu_line line = parsed("9@2.000001:sriov_register_vfs nvme: creating 4 vf devs");

    (void)state;
    assert_int_equal(line.event, VS_QEMU_OTHER);
    assert_int_equal(line.name_length, strlen("sriov_register_vfs"));
    assert_int_equal(parsed("9@2.000001:acpi_pci_sel_write 0x10 <== 3").value, 3);
    assert_int_equal(parsed("9@2.000001:acpi_pci_eject_slot bsel: 1 slot: 31").slot, 31);
}

static void anything_else_is_refused_where_it_goes_wrong(void **state)
{
    static const struct {
        const char *text;
        size_t at;
    } bad[] = {
        {"", 0},
        {"pci_cfg_read mch 00:00.0 @0x0 -> 0x8086", 0},
        {"1@", 2},
        {"1@1.", 4},
        {"1@1.12345:pci_cfg_read x 00:00.0 @0x0 -> 0x0", 9},
        {"1@99999999999.000000:x", 12},
        {"18446744073709551616@1.000000:x", 19},
        {"1@1.000000", 10},
        {"2026-11-22T20:00:00.00001Z x", 25},
        {"2026-11-22T20:00:00", 19},
        {"2026-11-22T20:00:00Z", 19},
        {"2026-13-22T20:00:00Z x", 6},
        {"2026-11-22 20:00:00Z x", 10},
        {"1@1.000000:", 11},
        {"1@1.000000:pci_cfg_read", 23},
        {"1@1.000000:pci_cfg_read mch 00:00.0 @0x1000 -> 0x0", 42},
        {"1@1.000000:pci_cfg_read mch 00:20.0 @0x0 -> 0x0", 33},
        {"1@1.000000:pci_cfg_read mch 00:00.0 @0x0 <- 0x0", 40},
        {"1@1.000000:pci_cfg_read mch 00:00.0 @0x0 -> 0x100000000", 54},
        {"1@1.000000:pci_cfg_read mch 00:00.0 @0x0 -> 0x0 ", 47},
        {"1@1.000000:pci_cfg_read mch 00:00.0", 35},
        {"1@1.000000:memory_region_ops_read cpu 65535 mr 0x0 addr 0x0 value 0x0 size 1", 42},
        {"1@1.000000:memory_region_ops_read cpu 0 mr 0x0 addr 0x0 value 0x0 size 1 name 'x", 80},
        {"1@1.000000:memory_region_ops_read cpu 0 mr 0x0 addr 0xZ value 0x0 size 1", 54},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct vs_qemu_line line;
        size_t at = 0;

        if (!vs_qemu_line_parse(bad[i].text, strlen(bad[i].text), &line, &at))
            fail_msg("accepted '%s'", bad[i].text);
        if (at > strlen(bad[i].text) || at + 1 < bad[i].at || at > bad[i].at + 1)
            fail_msg("'%s': refused at %zu, not %zu", bad[i].text, at, bad[i].at);
    }
}

static void every_truncation_of_a_line_is_refused_or_shorter(void **state)
{
    static const char text[] = "17382@1795363236.663353:memory_region_ops_read cpu 0 mr 0x56 addr "
                               "0xcfc value 0x8086 size 2 name 'pci-conf-data'";
    size_t complete = strlen("17382@1795363236.663353:memory_region_ops_read cpu 0 mr 0x56 addr "
                             "0xcfc value 0x8086 size 2");
    size_t length, at;

    (void)state;
    for (length = 0; length < sizeof(text) - 1; length++) {
        char cut[sizeof(text)];
        struct vs_qemu_line line;
        const char *expected;
        bool other;

        memcpy(cut, text, length);
        cut[length] = '\0';
        expected = vs_qemu_line_parse(cut, length, &line, &at);
        /* Cut inside the event's name it is another event's line; without the name at the end
         * it is that of an older QEMU. */
        other = !expected && line.event == VS_QEMU_OTHER;
        if (!expected && !other && length != complete)
            fail_msg("accepted '%s'", cut);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(region_lines_give_cpu_address_value_size_and_name),
        cmocka_unit_test(config_lines_give_function_register_and_value),
        cmocka_unit_test(lines_before_qemu_7_2_have_no_bus),
        cmocka_unit_test(empty_lines_of_newer_qemu_may_end_after_the_address),
        cmocka_unit_test(newer_qemu_stamps_lines_with_a_date_and_no_thread),
        cmocka_unit_test(other_events_are_named_and_not_looked_into),
        cmocka_unit_test(anything_else_is_refused_where_it_goes_wrong),
        cmocka_unit_test(every_truncation_of_a_line_is_refused_or_shorter),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
