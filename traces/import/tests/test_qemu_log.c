/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The QEMU log importer pairs accesses with device lines, and drops nothing silently. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "collect.h"
#include "import/qemu_guest.h"

/* Pieces of logs: thread T, microsecond U. */
#define CF8(T, U, CPU, VALUE)                                                           \
    T "@5.0000" U ":memory_region_ops_write cpu " CPU " mr 0x1 addr 0xcf8 value " VALUE \
      " size 4 name 'pci-conf-idx'\n"
#define DATA_READ(T, U, CPU, PORT, VALUE, SIZE)                                           \
    T "@5.0000" U ":memory_region_ops_read cpu " CPU " mr 0x2 addr " PORT " value " VALUE \
      " size " SIZE " name 'pci-conf-data'\n"
#define DATA_WRITE(T, U, CPU, PORT, VALUE, SIZE)                                           \
    T "@5.0000" U ":memory_region_ops_write cpu " CPU " mr 0x2 addr " PORT " value " VALUE \
      " size " SIZE " name 'pci-conf-data'\n"
#define ECAM_READ(T, U, CPU, ADDRESS, VALUE)                                                 \
    T "@5.0000" U ":memory_region_ops_read cpu " CPU " mr 0x3 addr " ADDRESS " value " VALUE \
      " size 4 name 'pcie-mmcfg-mmio'\n"
#define CFG_READ(T, U, WHERE, VALUE)  T "@5.0000" U ":pci_cfg_read dev " WHERE " -> " VALUE "\n"
#define CFG_WRITE(T, U, WHERE, VALUE) T "@5.0000" U ":pci_cfg_write dev " WHERE " <- " VALUE "\n"
#define OTHER(T, U)                   T "@5.0000" U ":qemu_mutex_lock waiting on mutex 0x1 (a.c:1)\n"

/* A whole read of a register of 00:01.0. */
#define READ_FUNCTION_1(REG, VALUE, SIZE) \
    CF8("7", "00", "0", "0x800008" REG)   \
    CFG_READ("7", "01", "00:01.0 @0x" REG, VALUE) DATA_READ("7", "02", "0", "0xcfc", VALUE, SIZE)

static uint64_t seen(const struct collected *out, enum vs_import_group group, const char *name)
{
    return vs_import_report_get(out->report, group, name);
}

static void expect_options(const struct vs_import_options *options, const char *log,
                           const char *records, struct collected *out)
{
    char *text;

    collect_text(&vs_importer_qemu_log, options, log, out);
    assert_int_equal(out->ret, 0);
    assert_null(out->broken);
    text = collected_text(out);
    assert_string_equal(text, records);
    free(text);
}

static void expect(const char *log, const char *records, struct collected *out)
{
    expect_options(NULL, log, records, out);
}

static void port_and_ecam_reads_take_cpu_and_size_from_the_line_that_follows(void **state)
{
    struct collected out;

    (void)state;
    expect(CF8("7", "00", "2", "0x8000fa04") CFG_READ("7", "01", "00:1f.2 @0x6", "0x10")
               DATA_READ("7", "02", "2", "0xcfe", "0x10", "2")
                   CFG_READ("7", "03", "01:00.0 @0x100", "0x1")
                       ECAM_READ("7", "04", "2", "0xb0100100", "0x1"),
           "1000 d0 v2 000000fa cfg-read 6.2=10 10\n"
           "3000 d0 v2 00000100 cfg-read 100.4=1 20\n",
           &out);
    assert_int_equal(out.meta.ecam_count, 1);
    assert_int_equal(out.meta.ecam[0].base, 0xb0000000);
    assert_int_equal(out.meta.ecam[0].bus_last, 1);
    assert_int_equal(out.meta.domains[0].vcpus, 3);
    assert_int_equal(out.meta.device_count, 2);
    collected_free(&out);
}

static void writes_take_them_from_the_line_that_precedes(void **state)
{
    struct collected out;

    (void)state;
    expect(CF8("7", "00", "0", "0x80000804") DATA_WRITE("7", "01", "0", "0xcfc", "0xffff0003", "2")
               CFG_WRITE("7", "02", "00:01.0 @0x4", "0x3"),
           "1000 d0 v0 00000008 cfg-write 4.2=3 10\n", &out);
    collected_free(&out);
}

static void threads_may_interleave_between_the_lines_of_an_access(void **state)
{
    struct collected out;

    (void)state;
    expect(CF8("7", "00", "0", "0x80000000") CF8("8", "01", "1", "0x80000800")
               CFG_READ("7", "02", "00:00.0 @0x0", "0x1") CFG_READ("8", "03", "00:01.0 @0x0", "0x2")
                   DATA_READ("8", "04", "1", "0xcfc", "0x2", "4")
                       DATA_READ("7", "05", "0", "0xcfc", "0x1", "4"),
           "2000 d0 v0 00000000 cfg-read 0.4=1 10\n"
           "3000 d0 v1 00000008 cfg-read 0.4=2 10\n",
           &out);
    /* CPU 0's latch is older than CPU 1's; its device line shows that its own was used. */
    assert_int_equal(seen(&out, VS_IMPORT_INFERRED, "cf8-changed-by-another-vcpu-since"), 1);
    assert_int_equal(seen(&out, VS_IMPORT_SEEN, "pair-disagrees-on-function"), 0);
    collected_free(&out);
}

static void other_events_of_the_thread_do_not_part_the_lines_of_an_access(void **state)
{
    struct collected out;

    (void)state;
    expect(CF8("7", "00", "0", "0x80000004") DATA_WRITE("7", "01", "0", "0xcfc", "0x7", "2")
               OTHER("7", "02") CFG_WRITE("7", "03", "00:00.0 @0x4", "0x7") OTHER("7", "04")
                   CFG_READ("7", "05", "00:00.0 @0x4", "0x107") OTHER("7", "06")
                       DATA_READ("7", "07", "0", "0xcfc", "0x107", "2"),
           "1000 d0 v0 00000000 cfg-write 4.2=7 10\n"
           "5000 d0 v0 00000000 cfg-read 4.2=107 10\n",
           &out);
    assert_int_equal(seen(&out, VS_IMPORT_IGNORED, "event-qemu-mutex-lock"), 3);
    collected_free(&out);
}

#define AT(U) "2026-11-22T20:00:00.0000" U "Z "

static void lines_without_thread_ids_pair_by_their_order(void **state)
{
    static const char log[] = AT(
        "00") "memory_region_ops_write cpu 1 mr 0x5 addr 0xcf8 value "
              "0x80000000 size 4 name 'pci-conf-idx'\n" AT(
                  "01") "pci_cfg_read mch 00:00.0 @0x0 -> "
                        "0x29c08086\n" AT(
                            "02") "memory_region_ops_read "
                                  "cpu 0 mr 0x7 addr "
                                  "0xfed00000 value 0x1 "
                                  "size 8 name "
                                  "'hpet'\n" AT(
                                      "03") "mem"
                                            "ory"
                                            "_re"
                                            "gio"
                                            "n_"
                                            "ops"
                                            "_re"
                                            "ad "
                                            "cpu"
                                            " 1 "
                                            "mr "
                                            "0x5"
                                            " ad"
                                            "dr "
                                            "0xc"
                                            "fc "
                                            "val"
                                            "ue "
                                            "0x2"
                                            "9c0"
                                            "808"
                                            "6 "
                                            "siz"
                                            "e "
                                            "4 "
                                            "nam"
                                            "e "
                                            "'pc"
                                            "i-"
                                            "con"
                                            "f-"
                                            "dat"
                                            "a'"
                                            "\n" AT("04") "pci_cfg_read mch 00:00.0 @0x8 -> 0x0\n";
    struct collected out;

    (void)state;
    expect(log,
           "1000 d0 v1 00000000 cfg-read 0.4=29c08086 10\n"
           "4000 d0 v-1 00000000 cfg-read 8.4=0 1\n",
           &out);
    assert_int_equal(out.meta.clock.wall_epoch_ns, UINT64_C(1795377600000000000));
    collected_free(&out);
}

static void an_access_without_device_line_is_absent(void **state)
{
    struct collected out;

    (void)state;
    expect(CF8("7", "00", "0", "0x8000c000") DATA_READ("7", "01", "0", "0xcfc", "0xffffffff", "2")
               DATA_WRITE("7", "02", "0", "0xcfc", "0x1", "4") CF8("7", "03", "0", "0x80000000"),
           "1000 d0 v0 000000c0 cfg-read 0.2=ffff 410\n"
           "2000 d0 v0 000000c0 cfg-write 0.4=1 410\n",
           &out);
    assert_int_equal(seen(&out, VS_IMPORT_SEEN, "absent-port-reads"), 1);
    assert_int_equal(seen(&out, VS_IMPORT_SEEN, "absent-port-writes"), 1);
    collected_free(&out);
}

static void newer_qemu_says_empty(void **state)
{
    struct collected out;

    (void)state;
    expect(
        CF8("7", "00", "0",
            "0x8000c000") "7@5.000001:pci_cfg_read empty 00:18.0 @0x0 -> "
                          "0xffffffff\n" DATA_READ("7", "02", "0", "0xcfc", "0xffffffff", "2")
                              DATA_WRITE("7", "03", "0", "0xcfc", "0x5",
                                         "1") "7@5.000004:pci_cfg_write empty 00:18.0 @0x0 <- 0x5\n"
                                              "7@5.000005:pci_cfg_read empty 00:18.0\n" DATA_READ(
                                                  "7", "06", "0", "0xcfc", "0xffffffff", "4"),
        "1000 d0 v0 000000c0 cfg-read 0.2=ffff 410\n"
        "3000 d0 v0 000000c0 cfg-write 0.1=5 410\n"
        "5000 d0 v0 000000c0 cfg-read 0.4=ffffffff 410\n",
        &out);
    assert_int_equal(seen(&out, VS_IMPORT_SEEN, "pci-cfg-empty-lines"), 3);
    collected_free(&out);
}

static void an_extended_register_of_a_present_function_is_not_absence(void **state)
{
    struct collected out;

    (void)state;
    expect(CFG_READ("7", "00", "00:00.0 @0x0", "0x8086")
               ECAM_READ("7", "01", "0", "0xb0000000", "0x8086")
                   ECAM_READ("7", "02", "0", "0xb0000100", "0xffffffff"),
           "0 d0 v0 00000000 cfg-read 0.4=8086 20\n"
           "2000 d0 v0 00000000 cfg-read 100.4=ffffffff 20\n",
           &out);
    collected_free(&out);
}

static void absent_ecam_reads_wait_for_the_window(void **state)
{
    struct collected out;

    (void)state;
    expect(ECAM_READ("7", "00", "0", "0xe0018000", "0xffffffff")
               CFG_READ("7", "01", "00:00.0 @0x0", "0x1")
                   ECAM_READ("7", "02", "0", "0xe0000000", "0x1"),
           "0 d0 v0 00000018 cfg-read 0.4=ffffffff 420\n"
           "1000 d0 v0 00000000 cfg-read 0.4=1 20\n",
           &out);
    collected_free(&out);
    expect(ECAM_READ("7", "00", "0", "0xe0018000", "0xffffffff"), "", &out);
    assert_int_equal(seen(&out, VS_IMPORT_NOT_REBUILT, "ecam-access-without-known-window"), 1);
    collected_free(&out);
}

#define UNNAMED_READ(U, ADDRESS, VALUE, SIZE)                                         \
    "7@5.0000" U ":memory_region_ops_read cpu 3 mr 0x5 addr " ADDRESS " value " VALUE \
    " size " SIZE "\n"

static void the_window_is_learned_from_regions_without_names_too(void **state)
{
    struct collected out;

    (void)state;
    expect(CFG_READ("7", "00", "00:00.0 @0x0", "0x8086")
               UNNAMED_READ("01", "0xfee00020", "0x8086", "4")
                   CFG_READ("7", "02", "00:00.0 @0x0", "0x8086")
                       UNNAMED_READ("03", "0xb0000000", "0x8086", "2")
                           CFG_READ("7", "04", "00:00.0 @0xc", "0x0")
                               UNNAMED_READ("05", "0xb000000c", "0x0", "4")
                                   UNNAMED_READ("06", "0xb0ff8000", "0xffffffff", "4"),
           "0 d0 v3 00000000 cfg-read 0.2=8086 3\n"
           "2000 d0 v3 00000000 cfg-read 0.2=8086 20\n"
           "4000 d0 v3 00000000 cfg-read c.4=0 20\n"
           "6000 d0 v3 00000ff8 cfg-read 0.4=ffffffff 420\n",
           &out);
    assert_int_equal(out.meta.ecam[0].base, 0xb0000000);
    assert_int_equal(seen(&out, VS_IMPORT_IGNORED, "region-unnamed"), 1);
    collected_free(&out);
}

static void logs_without_region_events_are_flagged(void **state)
{
    const char *threads[] = {"7=3", "9=none"};
    struct vs_import_options options = {.threads = {threads, 2}};
    struct collected out;
    const char *log = CFG_READ("7", "00", "00:02.0 @0x0", "0x8086")
        CFG_READ("7", "01", "00:02.0 @0x10", "0xfe000000")
            CFG_WRITE("9", "02", "00:02.0 @0x4", "0x7") CFG_READ("7", "03", "00:02.0 @0xe", "0x0");

    (void)state;
    expect(log,
           "0 d0 v0 00000010 cfg-read 0.2=8086 3\n"
           "1000 d0 v0 00000010 cfg-read 10.4=fe000000 3\n"
           "2000 d0 v1 00000010 cfg-write 4.2=7 3\n"
           "3000 d0 v0 00000010 cfg-read e.1=0 3\n",
           &out);
    assert_int_equal(seen(&out, VS_IMPORT_INFERRED, "size-from-register-and-value"), 4);
    assert_int_equal(seen(&out, VS_IMPORT_INFERRED, "vcpu-unknown-threads-numbered-by-first-line"),
                     4);
    assert_int_equal(out.meta.note_count, 1);
    assert_non_null(strstr(out.meta.notes[0], "(7=0 9=1); state them with --threads"));
    collected_free(&out);
    expect_options(&options, log,
                   "0 d0 v3 00000010 cfg-read 0.2=8086 3\n"
                   "1000 d0 v3 00000010 cfg-read 10.4=fe000000 3\n"
                   "2000 d0 v-1 00000010 cfg-write 4.2=7 1\n"
                   "3000 d0 v3 00000010 cfg-read e.1=0 3\n",
                   &out);
    collected_free(&out);
    threads[0] = "7=70000";
    collect_text(&vs_importer_qemu_log, &options, log, &out);
    assert_int_equal(out.ret, VS_ERR_USAGE);
    collected_free(&out);
}

static void where_lines_of_a_pair_disagree_the_device_line_has_the_address(void **state)
{
    struct collected out;

    (void)state;
    expect(CF8("7", "00", "0", "0x80010000") CFG_READ("7", "01", "00:00.0 @0x4", "0x3")
               DATA_READ("7", "02", "0", "0xcfc", "0x1", "4"),
           "1000 d0 v0 00000000 cfg-read 4.4=1 10\n", &out);
    assert_int_equal(seen(&out, VS_IMPORT_SEEN, "pair-disagrees-on-bus"), 1);
    assert_int_equal(seen(&out, VS_IMPORT_SEEN, "pair-disagrees-on-register"), 1);
    assert_int_equal(seen(&out, VS_IMPORT_SEEN, "pair-disagrees-on-value"), 1);
    collected_free(&out);
}

static void a_missing_cf8_line_is_noticed_and_the_latch_corrected(void **state)
{
    struct collected out;

    (void)state;
    expect(CF8("7", "00", "0", "0x80000800") CFG_READ("7", "01", "00:01.0 @0x0", "0x1") DATA_READ(
               "7", "02", "0", "0xcfc", "0x1", "4") CFG_READ("7", "03", "00:02.0 @0x4", "0x107")
               DATA_READ("7", "04", "0", "0xcfc", "0x107", "2")
                   DATA_READ("7", "05", "0", "0xcfc", "0xffff", "2") DATA_WRITE("7", "06", "0",
                                                                                "0xcfc", "0x1", "2")
                       CFG_WRITE("7", "07", "00:03.0 @0x4", "0x1") CF8("7", "08", "0", "0x8000c000")
                           DATA_READ("7", "09", "0", "0xcfc", "0xffff", "2"),
           "1000 d0 v0 00000008 cfg-read 0.4=1 10\n"
           "3000 d0 v0 00000010 cfg-read 4.2=107 10\n"
           "5000 d0 v0 00000010 cfg-read 4.2=ffff 1410\n"
           "6000 d0 v0 00000018 cfg-write 4.2=1 10\n"
           "9000 d0 v0 000000c0 cfg-read 0.2=ffff 410\n",
           &out);
    assert_int_equal(seen(&out, VS_IMPORT_INFERRED, "cf8-corrected-from-device-line"), 2);
    collected_free(&out);
}

static void the_latch_keeps_its_low_bits_as_in_qemu(void **state)
{
    struct collected out;

    (void)state;
    expect(CF8("7", "00", "0", "0x8000080e") CFG_READ("7", "01", "00:01.0 @0xe", "0x80")
               DATA_READ("7", "02", "0", "0xcfc", "0x80", "1") CF8("7", "03", "0", "0x8000c00e")
                   DATA_READ("7", "04", "0", "0xcfc", "0xff", "1"),
           "1000 d0 v0 00000008 cfg-read e.1=80 10\n"
           "4000 d0 v0 000000c0 cfg-read e.1=ff 410\n",
           &out);
    assert_int_equal(seen(&out, VS_IMPORT_SEEN, "pair-disagrees-on-register"), 0);
    collected_free(&out);
}

static void several_handlers_of_one_access_make_one_record(void **state)
{
    struct collected out;

    (void)state;
    expect(CF8("7", "00", "0", "0x80001000") CFG_READ("7", "01", "00:02.0 @0x0", "0x1")
               CFG_READ("7", "02", "00:02.0 @0x0", "0x2")
                   DATA_READ("7", "03", "0", "0xcfc", "0x2", "4"),
           "1000 d0 v0 00000010 cfg-read 0.4=2 10\n", &out);
    assert_int_equal(seen(&out, VS_IMPORT_IGNORED, "further-device-lines-of-one-access"), 1);
    collected_free(&out);
}

static void a_device_line_of_another_function_is_an_access_of_its_own(void **state)
{
    struct collected out;

    (void)state;
    expect(CF8("7", "00", "0", "0x80000800") CFG_READ("7", "01", "00:01.0 @0x0", "0x10d38086")
               CFG_READ("7", "02", "00:02.0 @0x4", "0x107")
                   ECAM_READ("7", "03", "0", "0xb0010004", "0x107"),
           "1000 d0 v0 00000008 cfg-read 0.4=10d38086 3\n"
           "2000 d0 v0 00000010 cfg-read 4.4=107 20\n",
           &out);
    assert_int_equal(seen(&out, VS_IMPORT_IGNORED, "further-device-lines-of-one-access"), 0);
    collected_free(&out);
}

static void what_a_cut_log_lacks_is_counted_by_reason(void **state)
{
    struct collected out;

    (void)state;
    /* No latch yet: the device line has the address; without one, nothing does. */
    expect(
        CFG_READ("7", "00", "00:05.0 @0x2c", "0x1") DATA_READ("7", "01", "0", "0xcfc", "0x1", "4")
            DATA_READ("7", "02", "0", "0xcfc", "0xffffffff", "4")
                DATA_WRITE("7", "03", "0", "0xcfc", "0x1", "4") CF8("7", "04", "0", "0x00000000")
                    DATA_READ("7", "05", "0", "0xcfc", "0xffffffff", "4"),
        "0 d0 v0 00000028 cfg-read 2c.4=1 10\n", &out);
    assert_int_equal(seen(&out, VS_IMPORT_INFERRED, "address-from-device-line"), 1);
    assert_int_equal(seen(&out, VS_IMPORT_NOT_REBUILT, "port-data-before-first-cf8"), 2);
    assert_int_equal(seen(&out, VS_IMPORT_IGNORED, "port-data-while-cf8-disabled"), 1);
    collected_free(&out);
    expect("7@5.000000:pci_cfg_read PIIX3 01:0 @0x0 -> 0x70008086\n", "", &out);
    assert_int_equal(seen(&out, VS_IMPORT_NOT_REBUILT, "device-line-without-bus"), 1);
    collected_free(&out);
}

static void hotplug_lines_become_device_events(void **state)
{
    struct collected out;

    (void)state;
    expect("1@5.000000:acpi_pci_sel_write 0x10 <== 1\n"
           "1@5.000001:acpi_pci_up_read 1\n" CF8("7", "02", "1", "0x80030000")
               CFG_READ("7", "03", "03:00.0 @0x0", "0x1")
                   DATA_READ("7", "04", "1", "0xcfc", "0x1",
                             "4") "7@5.000005:acpi_pci_eject_slot bsel: 1 slot: 0\n"
                                  "7@5.000006:acpi_pci_unplug bsel: 0 slot: 1\n"
                                  "7@5.000007:acpi_pci_eject_slot bsel: 1 slot: 0\n",
           "3000 d0 v1 00000300 device-add 0.0=0 2\n"
           "3000 d0 v1 00000300 cfg-read 0.4=1 10\n"
           "6000 d0 v1 00000300 device-remove 0.0=0 2\n",
           &out);
    collected_free(&out);
    expect("7@5.000005:acpi_pci_eject_slot bsel: 1 slot: 0\n"
           "7@5.000006:acpi_pci_unplug bsel: 0 slot: 1\n",
           "", &out);
    assert_int_equal(seen(&out, VS_IMPORT_NOT_REBUILT, "acpi-unplug-of-unknown-device"), 1);
    collected_free(&out);
}

static void msix_table_accesses_find_their_device(void **state)
{
    struct collected out;
    static const char log[] = READ_FUNCTION_1("34", "0x40", "1")
        READ_FUNCTION_1("40", "0x10011", "4") READ_FUNCTION_1("44", "0x1001", "4")
            READ_FUNCTION_1("14", "0xfe000000", "4") "7@5.000009:memory_region_ops_write cpu 0 mr "
                                                     "0x9 addr 0xfe00101c value 0x1 size 4 name "
                                                     "'msix-table'\n"
                                                     "7@5.000010:memory_region_ops_read cpu 0 mr "
                                                     "0x9 addr 0xfe001020 value 0x1 size 4 name "
                                                     "'msix-table'\n";

    (void)state;
    collect_text(&vs_importer_qemu_log, NULL, log, &out);
    assert_int_equal(out.ret, 0);
    assert_int_equal(out.count, 5);
    assert_int_equal(out.records[4].kind, VS_KIND_MSIX_WRITE);
    assert_int_equal(out.records[4].sbdf, 8);
    assert_int_equal(out.records[4].reg, 0x1c);
    /* Two entries end at 0x20. */
    assert_int_equal(seen(&out, VS_IMPORT_NOT_REBUILT, "msix-table-of-unknown-device"), 1);
    collected_free(&out);
}

static void several_logs_become_domains_and_segments_and_say_so(void **state)
{
    static const char *const logs[] = {
        "1@5.000000:x\n" CFG_READ("1", "04", "00:00.0 @0x0", "0x8086"),
        "2@9.000000:x\n2@9.000002:pci_cfg_read dev 00:00.0 @0x0 -> 0x8086\n"};
    struct vs_import_options options = {.align = VS_ALIGN_START};
    struct collected out;
    char *text;

    (void)state;
    collect_texts(&vs_importer_qemu_log, &options, logs, 2, &out);
    assert_int_equal(out.ret, 0);
    text = collected_text(&out);
    assert_string_equal(text, "2000 d1 v0 00010000 cfg-read 0.2=8086 3\n"
                              "4000 d0 v0 00000000 cfg-read 0.2=8086 3\n");
    free(text);
    assert_int_equal(out.meta.what_if_count, 2);
    assert_int_equal(out.meta.domain_count, 2);
    assert_int_equal(out.meta.clock.wall_epoch_ns, 0);
    collected_free(&out);
    options.align = VS_ALIGN_WALL;
    collect_texts(&vs_importer_qemu_log, &options, logs, 2, &out);
    assert_int_equal(out.records[1].time_ns, UINT64_C(4000002000));
    assert_int_equal(out.meta.what_if_count, 1);
    assert_int_equal(out.meta.clock.wall_epoch_ns, 0); /* 5 s is no wall time */
    collected_free(&out);
}

static void time_that_goes_back_is_held_and_counted(void **state)
{
    struct collected out;

    (void)state;
    expect(CFG_READ("7", "09", "00:00.0 @0x0", "0x1") CFG_READ("8", "03", "00:01.0 @0x0", "0x1"),
           "0 d0 v0 00000000 cfg-read 0.2=1 3\n"
           "0 d0 v1 00000008 cfg-read 0.2=1 3\n",
           &out);
    assert_int_equal(seen(&out, VS_IMPORT_SEEN, "time-went-back-held"), 1);
    collected_free(&out);
}

static void what_qemu_itself_prints_is_counted_and_passed_over(void **state)
{
    static const char dated[] = AT("00") "pci_cfg_read mch 00:00.0 @0x0 -> 0x1\n" AT(
        "01") "qemu-system-x86_64: terminating on signal 15\n";
    struct collected out;

    (void)state;
    expect(CFG_READ("7", "00", "00:00.0 @0x0",
                    "0x1") "\n"
                           "qemu-system-x86_64: terminating on signal 15 from pid 1 (bash)\n"
                           "2026-11-22T20:00:00.000001Z qemu-system-x86_64: warning: no\n" CFG_READ(
                               "7", "01", "00:00.0 @0x2", "0x1"),
           "0 d0 v0 00000000 cfg-read 0.2=1 3\n"
           "1000 d0 v0 00000000 cfg-read 2.2=1 3\n",
           &out);
    assert_int_equal(seen(&out, VS_IMPORT_IGNORED, "other-output-lines"), 3);
    collected_free(&out);
    expect(dated, "0 d0 v-1 00000000 cfg-read 0.2=1 1\n", &out);
    assert_int_equal(seen(&out, VS_IMPORT_IGNORED, "other-output-lines"), 1);
    collected_free(&out);
    collect_text(&vs_importer_qemu_log, NULL, "qemu-system-x86_64: warning: no\n", &out);
    assert_int_equal(out.ret, VS_ERR_INPUT);
    assert_non_null(strstr(out.error.text, "expected THREAD@SECONDS.MICROS:EVENT"));
    collected_free(&out);
}

static void a_last_line_without_newline_is_cut_and_dropped(void **state)
{
    struct collected out;

    (void)state;
    expect(CFG_READ("7", "00", "00:00.0 @0x0", "0x1") "7@5.000001:pci_cfg_read a 00:01.0 @0x0 -> "
                                                      "0x10d3",
           "0 d0 v0 00000000 cfg-read 0.2=1 3\n", &out);
    assert_int_equal(seen(&out, VS_IMPORT_NOT_REBUILT, "cut-last-line"), 1);
    collected_free(&out);
}

static void a_malformed_line_is_an_error_with_its_place_unless_tolerated(void **state)
{
    static const char log[] =
        CFG_READ("7", "00", "00:00.0 @0x0",
                 "0x1") "7@5.0: warning: no\n" CFG_READ("7", "01", "00:00.0 @0x0", "0x1");
    struct vs_import_options options = {.tolerate = true};
    struct collected out;

    (void)state;
    collect_text(&vs_importer_qemu_log, NULL, log, &out);
    assert_int_equal(out.ret, VS_ERR_INPUT);
    assert_int_equal(out.error.line, 2);
    assert_non_null(strstr(out.error.text, "expected six digits of microseconds"));
    assert_non_null(strstr(out.error.text, "found ': warning"));
    collected_free(&out);
    collect_text(&vs_importer_qemu_log, &options, log, &out);
    assert_int_equal(out.ret, 0);
    assert_int_equal(out.count, 2);
    assert_int_equal(seen(&out, VS_IMPORT_NOT_REBUILT, "malformed-lines"), 1);
    collected_free(&out);
}

static void empty_files_and_other_files_are_refused(void **state)
{
    static const char binary[] = {0x7f, 'E', 'L', 'F', 2, 1, 1, 0, 0, '\n', 3};
    struct collected out;

    (void)state;
    collect_text(&vs_importer_qemu_log, NULL, "", &out);
    assert_int_equal(out.ret, VS_ERR_INPUT);
    assert_non_null(strstr(out.error.text, "empty"));
    collected_free(&out);
    collect_bytes(&vs_importer_qemu_log, NULL, binary, sizeof(binary), &out);
    assert_int_equal(out.ret, VS_ERR_INPUT);
    assert_int_equal(out.error.line, 1);
    collected_free(&out);
}

static void sizes_are_inferred_from_register_alignment_and_value(void **state)
{
    (void)state;
    assert_int_equal(vs_qemu_infer_size(0x00, 0x8086, false), 2);
    assert_int_equal(vs_qemu_infer_size(0x00, 0x29c08086, false), 4);
    assert_int_equal(vs_qemu_infer_size(0x04, 0x7, false), 2);
    assert_int_equal(vs_qemu_infer_size(0x0e, 0x80, false), 1);
    assert_int_equal(vs_qemu_infer_size(0x0d, 0x80, false), 1);
    assert_int_equal(vs_qemu_infer_size(0x10, 0, false), 4);
    assert_int_equal(vs_qemu_infer_size(0x34, 0x40, false), 1);
    assert_int_equal(vs_qemu_infer_size(0x3c, 0x10b, false), 4);
    assert_int_equal(vs_qemu_infer_size(0x42, 0x3, false), 2);
    assert_int_equal(vs_qemu_infer_size(0x100, 0, false), 4);
    assert_int_equal(vs_qemu_infer_size(0x00, UINT32_MAX, true), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(port_and_ecam_reads_take_cpu_and_size_from_the_line_that_follows),
        cmocka_unit_test(writes_take_them_from_the_line_that_precedes),
        cmocka_unit_test(threads_may_interleave_between_the_lines_of_an_access),
        cmocka_unit_test(other_events_of_the_thread_do_not_part_the_lines_of_an_access),
        cmocka_unit_test(lines_without_thread_ids_pair_by_their_order),
        cmocka_unit_test(an_access_without_device_line_is_absent),
        cmocka_unit_test(newer_qemu_says_empty),
        cmocka_unit_test(an_extended_register_of_a_present_function_is_not_absence),
        cmocka_unit_test(absent_ecam_reads_wait_for_the_window),
        cmocka_unit_test(the_window_is_learned_from_regions_without_names_too),
        cmocka_unit_test(logs_without_region_events_are_flagged),
        cmocka_unit_test(where_lines_of_a_pair_disagree_the_device_line_has_the_address),
        cmocka_unit_test(a_missing_cf8_line_is_noticed_and_the_latch_corrected),
        cmocka_unit_test(the_latch_keeps_its_low_bits_as_in_qemu),
        cmocka_unit_test(several_handlers_of_one_access_make_one_record),
        cmocka_unit_test(a_device_line_of_another_function_is_an_access_of_its_own),
        cmocka_unit_test(what_a_cut_log_lacks_is_counted_by_reason),
        cmocka_unit_test(hotplug_lines_become_device_events),
        cmocka_unit_test(msix_table_accesses_find_their_device),
        cmocka_unit_test(several_logs_become_domains_and_segments_and_say_so),
        cmocka_unit_test(time_that_goes_back_is_held_and_counted),
        cmocka_unit_test(what_qemu_itself_prints_is_counted_and_passed_over),
        cmocka_unit_test(a_last_line_without_newline_is_cut_and_dropped),
        cmocka_unit_test(a_malformed_line_is_an_error_with_its_place_unless_tolerated),
        cmocka_unit_test(empty_files_and_other_files_are_refused),
        cmocka_unit_test(sizes_are_inferred_from_register_alignment_and_value),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
