/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The importer against a second, naive reading of the captured QEMU logs: whole
 * sequences of accesses, field by field.  The naive one shares nothing with the
 * importer but decompression.  It looks at the log from the access's side alone
 * (each line of a config region is one access; its address is computed from the
 * machine's latch or the window's base as `info mtree` and /proc/iomem of such a
 * guest show it) and asks only whether the thread's neighbouring line is a device's.
 *
 * The totals are those of `grep -c` over the logs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "collect.h"
#include "import/input.h"

#define Q35_WINDOW 0xb0000000ul /* QEMU hw/pci-host/q35.h: MCH_HOST_BRIDGE_PCIEXBAR_DEFAULT */
#define THREADS    64

struct access {
    unsigned long line; /* where it starts: the order of records */
    unsigned long long time_us;
    unsigned cpu, bdf, reg, size, value;
    bool write, ecam, absent;
};

struct thread {
    int id;
    unsigned long read_line; /* of a device line that waits for its access, or 0 */
    unsigned long long read_time_us;
    size_t write; /* index + 1 of an access that waits for its device line */
};

struct naive {
    struct access *items;
    size_t count, room;
    struct thread threads[THREADS];
    unsigned latch;
    uint8_t answered[65536];
    unsigned long cfg_reads, cfg_writes;
    unsigned long long first_us;
};

static struct thread *thread_of(struct naive *naive, int id)
{
    size_t i;

    for (i = 0; i < THREADS && naive->threads[i].id; i++) {
        if (naive->threads[i].id == id)
            break;
    }
    assert_true(i < THREADS);
    naive->threads[i].id = id;
    return &naive->threads[i];
}

static struct access *add(struct naive *naive)
{
    if (naive->count == naive->room) {
        naive->room = naive->room ? 2 * naive->room : 4096;
        naive->items = realloc(naive->items, naive->room * sizeof(*naive->items));
        assert_non_null(naive->items);
    }
    memset(&naive->items[naive->count], 0, sizeof(*naive->items));
    return &naive->items[naive->count++];
}

static void region(struct naive *naive, struct thread *thread, unsigned long line,
                   unsigned long long time_us, const char *text, bool write)
{
    unsigned cpu, size;
    unsigned long address;
    unsigned long long value;
    char name[64] = "";
    struct access *access;

    assert_int_equal(sscanf(text, "cpu %u mr %*s addr %lx value %llx size %u name '%63[^']'", &cpu,
                            &address, &value, &size, name),
                     5);
    if (strcmp(name, "pci-conf-idx") == 0 && write && size == 4)
        naive->latch = (unsigned)value;
    if (strcmp(name, "pci-conf-data") != 0 && strcmp(name, "pcie-mmcfg-mmio") != 0) {
        thread->write = 0;
        thread->read_line = 0;
        return;
    }
    access = add(naive);
    access->line = line;
    access->time_us = time_us;
    access->cpu = cpu;
    access->size = size;
    access->write = write;
    access->ecam = name[4] == '-' && name[5] == 'm';
    access->value = (unsigned)(value & (0xffffffffull >> (32 - 8 * size)));
    if (access->ecam) {
        access->bdf = (unsigned)((address - Q35_WINDOW) >> 12);
        access->reg = address & 0xfff;
    } else {
        access->bdf = naive->latch >> 8 & 0xffff;
        access->reg = (naive->latch & 0xfc) + (address & 3);
    }
    access->absent = true;
    if (write) {
        thread->write = naive->count;
    } else {
        thread->write = 0;
        if (thread->read_line) {
            access->line = thread->read_line;
            access->time_us = thread->read_time_us;
            access->absent = false;
        } else if (access->reg >= 256 && naive->answered[access->bdf]) {
            access->absent = false;
        }
    }
    thread->read_line = 0;
}

static void digest(struct naive *naive, const char *text, unsigned long line)
{
    unsigned long long seconds, micros;
    unsigned bus, device, function;
    struct thread *thread;
    char event[64];
    int id, at = 0;

    assert_int_equal(sscanf(text, "%d@%llu.%llu:%63s %n", &id, &seconds, &micros, event, &at), 4);
    micros += seconds * 1000000;
    if (line == 1)
        naive->first_us = micros;
    thread = thread_of(naive, id);
    if (strncmp(event, "memory_region_ops_", 18) == 0) {
        region(naive, thread, line, micros, text + at, strcmp(event + 18, "write") == 0);
    } else if (strcmp(event, "pci_cfg_read") == 0) {
        naive->cfg_reads++;
        assert_int_equal(sscanf(text + at, "%*s %x:%x.%x", &bus, &device, &function), 3);
        naive->answered[bus << 8 | device << 3 | function] = 1;
        thread->read_line = line;
        thread->read_time_us = micros;
    } else if (strcmp(event, "pci_cfg_write") == 0) {
        naive->cfg_writes++;
        assert_int_not_equal(thread->write, 0);
        naive->items[thread->write - 1].absent = false;
    }
}

static int by_line(const void *left, const void *right)
{
    const struct access *a = left, *b = right;

    return a->line < b->line ? -1 : a->line > b->line;
}

static void read_naively(const char *path, struct naive *naive)
{
    struct vs_error error = VS_ERROR_INIT;
    struct vs_input *input;
    const char *line;
    size_t length;

    assert_int_equal(vs_input_open(path, &input, &error), 0);
    while (vs_input_line(input, &line, &length, &error) == 1)
        digest(naive, line, vs_input_line_number(input));
    assert_int_equal(error.code, VS_OK);
    vs_input_close(input);
    qsort(naive->items, naive->count, sizeof(*naive->items), by_line);
}

static void compare(const struct naive *naive, const struct collected *out)
{
    size_t i, at = 0;

    for (i = 0; i < out->count; i++) {
        const struct vs_record *record = &out->records[i];
        const struct access *access = &naive->items[at];
        bool same;

        if (record->kind != VS_KIND_CFG_READ && record->kind != VS_KIND_CFG_WRITE)
            continue;
        assert_true(at++ < naive->count);
        same = record->time_ns == (access->time_us - naive->first_us) * 1000 &&
               record->vcpu == access->cpu && record->sbdf == access->bdf &&
               record->reg == access->reg && record->size == access->size &&
               record->value == access->value && record->domain == 0 &&
               (record->kind == VS_KIND_CFG_WRITE) == access->write &&
               record->flags == ((access->ecam ? VS_FLAG_PATH_ECAM : VS_FLAG_PATH_PORT) |
                                 (access->absent ? VS_FLAG_ABSENT : 0));
        if (!same)
            fail_msg("access %zu, line %lu: %x:%x=%x, found %x:%x=%x flags %x", at, access->line,
                     access->bdf, access->reg, access->value, record->sbdf, record->reg,
                     record->value, record->flags);
    }
    assert_int_equal(at, naive->count);
}

static void check_log(const char *name, unsigned long cfg_reads, unsigned long cfg_writes,
                      unsigned long absent_port_reads)
{
    const char *root = getenv("VS_SOURCE_DIR");
    struct naive *naive = calloc(1, sizeof(*naive));
    struct collected out;
    char path[512];
    const char *item = path;

    assert_non_null(root);
    assert_non_null(naive);
    snprintf(path, sizeof(path), "%s/traces/samples/%s/trace.log.zst", root, name);
    read_naively(path, naive);
    assert_int_equal(naive->cfg_reads, cfg_reads);
    assert_int_equal(naive->cfg_writes, cfg_writes);
    collect_files(&vs_importer_qemu_log, NULL, &item, 1, &out);
    assert_int_equal(out.ret, 0);
    assert_null(out.broken);
    compare(naive, &out);
    assert_int_equal(vs_import_report_get(out.report, VS_IMPORT_SEEN, "pci-cfg-read-lines"),
                     cfg_reads);
    assert_int_equal(vs_import_report_get(out.report, VS_IMPORT_SEEN, "absent-port-reads"),
                     absent_port_reads);
    collected_free(&out);
    free(naive->items);
    free(naive);
}

static void guest_a_reads_the_same_naively(void **state)
{
    (void)state;
    check_log("qemu-q35-linux-a", 145910, 2624, 25331);
}

static void guest_d_reads_the_same_naively(void **state)
{
    (void)state;
    check_log("qemu-q35-linux-d", 87285, 2388, 25200);
}

/* Each line is accounted for: it became (part of) a record, or is in a count. */
static void every_line_of_a_log_is_accounted_for(void **state)
{
    static const char *const one_each[] = {
        "pci-cfg-read-lines", "pci-cfg-write-lines", "pci-cfg-empty-lines",
        "cf8-writes",         "port-data-reads",     "port-data-writes",
        "ecam-reads",         "ecam-writes",         "msix-table-accesses"};
    static const char *const ignored[] = {"cf8-reads",
                                          "cf8-accesses-not-4-bytes",
                                          "msix-write-config-lines",
                                          "acpi-select-and-up-lines",
                                          "acpi-eject-and-unplug-lines",
                                          "region-acpi-cpu-hotplug",
                                          "region-acpi-pci-hotplug",
                                          "event-acpi-pci-acpi-index-write",
                                          "event-acpi-pci-acpi-index-read",
                                          "event-acpi-pci-down-read",
                                          "event-acpi-pci-unplug-request",
                                          "event-acpi-pci-ej-write"};
    const char *root = getenv("VS_SOURCE_DIR");
    struct collected out;
    char path[512];
    const char *item = path;
    uint64_t lines = 0;
    size_t i;

    (void)state;
    assert_non_null(root);
    snprintf(path, sizeof(path), "%s/traces/samples/qemu-q35-linux-a/trace.log.zst", root);
    collect_files(&vs_importer_qemu_log, NULL, &item, 1, &out);
    assert_int_equal(out.ret, 0);
    for (i = 0; i < sizeof(one_each) / sizeof(one_each[0]); i++)
        lines += vs_import_report_get(out.report, VS_IMPORT_SEEN, one_each[i]);
    for (i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
        lines += vs_import_report_get(out.report, VS_IMPORT_IGNORED, ignored[i]);
    assert_int_equal(lines, vs_import_report_get(out.report, VS_IMPORT_SEEN, "lines"));
    assert_int_equal(lines, 385094);
    collected_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(guest_a_reads_the_same_naively),
        cmocka_unit_test(guest_d_reads_the_same_naively),
        cmocka_unit_test(every_line_of_a_log_is_accounted_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
