/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The captured logs of traces/samples, imported and classed. */
#include <stdio.h>

#include "import/import.h"
#include "import/lspci.h"
#include "scene.h"

struct sample {
    struct vs_trace_meta meta;
    struct vs_record *records;
    size_t count, room;
};

static int take(void *context, const struct vs_record *records, size_t count,
                struct vs_error *error)
{
    struct sample *sample = context;
    (void)error;
    if (sample->count + count > sample->room) {
        sample->room = 2 * (sample->room + count);
        sample->records = realloc(sample->records, sample->room * sizeof(*records));
        assert_non_null(sample->records);
    }
    memcpy(sample->records + sample->count, records, count * sizeof(*records));
    sample->count += count;
    return 0;
}

static const char *sample_path(char *path, size_t size, const char *name, const char *file)
{
    const char *source = getenv("VS_SOURCE_DIR");
    snprintf(path, size, "%s/traces/samples/%s/%s", source ? source : ".", name, file);
    return path;
}

/* Import log with importer; devices: name of an lspci dump beside it, or NULL. */
static void import_sample(struct sample *sample, const char *name, const char *importer,
                          const char *log, const char *devices)
{
    char input[512], iomem[512], dump[512];
    const char *inputs[] = {sample_path(input, sizeof(input), name, log)};
    struct vs_import_options options = {.inputs = {.items = inputs, .count = 1}};
    struct vs_error error = VS_ERROR_INIT;

    memset(sample, 0, sizeof(*sample));
    vs_trace_meta_init(&sample->meta);
    if (strcmp(importer, "xentrace") == 0) {
        options.tsc_hz = "1GHz"; /* spec.txt: cpu_mhz 1000 */
        options.iomem = sample_path(iomem, sizeof(iomem), name, "iomem.txt");
        options.vendor = VS_VENDOR_SVM;
    }
    struct vs_import_sink sink = {
        .meta = &sample->meta, .report = vs_import_report_new(), .take = take, .context = sample};
    if (devices &&
        vs_lspci_read(sample_path(dump, sizeof(dump), name, devices), &sample->meta, 0, &error) < 0)
        fail_msg("%s", error.text);
    if (vs_importer_find(importer)->run(&options, &sink, &error) < 0)
        fail_msg("%s: %s", input, error.text);
    vs_import_report_free(sink.report);
}

static struct vs_workload *class_sample(struct sample *sample)
{
    struct vs_error error = VS_ERROR_INIT;
    struct vs_workload *workload;
    if (vs_workload_from_records(&sample->meta, sample->records, sample->count, NULL, &workload,
                                 &error) < 0)
        fail_msg("%s", error.text);
    return workload;
}

static void sample_free(struct sample *sample)
{
    vs_trace_meta_free(&sample->meta);
    free(sample->records);
}

struct expected_count {
    enum vs_op op;
    uint64_t calls;
};

static void check_counts(const struct vs_workload *workload, const struct expected_count *expected,
                         size_t count)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        if (workload->op_count[expected[i].op] != expected[i].calls)
            fail_msg("%s: %llu calls, expected %llu", vs_op_table[expected[i].op].name,
                     (unsigned long long)workload->op_count[expected[i].op],
                     (unsigned long long)expected[i].calls);
        sum += expected[i].calls;
    }
    assert_int_equal(sum, workload->call_count);
}

/*
 * What the log itself says about its command writes: bit 1 against the last
 * value read or written.  Here a read may correct, since nothing overlaps in it.
 */
static void count_toggles(const struct sample *sample, unsigned int *writes, unsigned int *toggles)
{
    static int8_t decoding[65536];
    memset(decoding, -1, sizeof(decoding));
    *writes = *toggles = 0;
    for (size_t i = 0; i < sample->count; i++) {
        const struct vs_record *record = &sample->records[i];
        if (record->reg != 4 ||
            (record->kind != VS_KIND_CFG_READ && record->kind != VS_KIND_CFG_WRITE))
            continue;
        int8_t now = record->value & 2 ? 1 : 0;
        int8_t *last = &decoding[record->sbdf & 0xffff];
        if (record->kind == VS_KIND_CFG_WRITE) {
            *writes += 1;
            *toggles += *last != now;
        }
        *last = now;
    }
}

static void toggles_are_what_the_log_says(void **state)
{
    struct sample sample;
    unsigned int writes, toggles;
    (void)state;
    import_sample(&sample, "xen-4.17-pvh-dom0-decode-toggles", "xentrace", "trace.bin.zst", NULL);
    struct vs_workload *workload = class_sample(&sample);
    count_toggles(&sample, &writes, &toggles);
    assert_int_equal(writes, 40);
    assert_int_equal(workload->op_count[VS_OP_TOGGLE_DECODE], toggles);
    assert_int_equal(workload->op_count[VS_OP_WRITE_COMMAND], writes - toggles);
    assert_int_equal(workload->op_count[VS_OP_WRITE_BAR], 2); /* sizing and restoring */
    assert_int_equal(workload->op_count[VS_OP_WRITE_PASSTHROUGH], 62 - 40 - 2); /* marks, 0x3c */
    static const struct expected_count expected[] = {
        {VS_OP_READ_PASSTHROUGH, 2344}, {VS_OP_WRITE_PASSTHROUGH, 20}, {VS_OP_READ_HARDWARE, 131},
        {VS_OP_READ_MEMORY, 33},        {VS_OP_TOGGLE_DECODE, 40},     {VS_OP_WRITE_BAR, 2},
        {VS_OP_READ_CAPABILITY, 47}};
    check_counts(workload, expected, sizeof(expected) / sizeof(expected[0]));
    vs_workload_free(workload);
    sample_free(&sample);
}

static void reads_sample_has_its_classes(void **state)
{
    struct sample sample;
    (void)state;
    import_sample(&sample, "xen-4.17-pvh-dom0-reads", "xentrace", "trace.bin.zst",
                  "lspci-xxxx.txt");
    struct vs_workload *workload = class_sample(&sample);
    assert_int_equal(workload->device_count, 13); /* lspci-n.txt */
    assert_int_equal(workload->actor_count, 4);
    assert_true(workload->devices[0].sbdf == 0x0100 && workload->devices[0].snapshot);
    for (unsigned int reason = 0; reason < VS_GUESS_COUNT; reason++)
        assert_int_equal(workload->guess_count[reason], 0);
    static const struct expected_count expected[] = {{VS_OP_READ_PASSTHROUGH, 19700},
                                                     {VS_OP_WRITE_PASSTHROUGH, 13},
                                                     {VS_OP_READ_HARDWARE, 397},
                                                     {VS_OP_READ_MEMORY, 176},
                                                     {VS_OP_READ_CAPABILITY, 272}};
    check_counts(workload, expected, sizeof(expected) / sizeof(expected[0]));
    vs_workload_free(workload);
    sample_free(&sample);
}

static void a_boot_is_learnt_without_snapshot(void **state)
{
    struct sample sample;
    (void)state;
    import_sample(&sample, "qemu-q35-linux-a", "qemu-log", "trace.log.zst", NULL);
    struct vs_workload *workload = class_sample(&sample);
    uint64_t commands = 0;
    for (size_t i = 0; i < sample.count; i++) {
        const struct vs_record *record = &sample.records[i];
        commands += record->kind == VS_KIND_CFG_WRITE && (record->reg & ~1) == 4 &&
                    !(record->flags & VS_FLAG_ABSENT);
    }
    assert_true(commands > 0);
    assert_int_equal(workload->op_count[VS_OP_WRITE_COMMAND] +
                         workload->op_count[VS_OP_TOGGLE_DECODE],
                     commands);
    /* The firmware enumerates in this log: everything that a class needs is seen. */
    assert_int_equal(workload->guess_count[VS_GUESS_NO_SNAPSHOT], 0);
    assert_int_equal(workload->guess_count[VS_GUESS_DECODE_STATE], 0);
    assert_int_equal(workload->guess_count[VS_GUESS_VALUE], 0);
    /* Its table accesses are in the log too: entries are unmasked one by one. */
    assert_true(workload->op_count[VS_OP_MSIX_TABLE_UNMASK] > 0);
    assert_true(workload->op_count[VS_OP_TOGGLE_ROM] > 0);
    vs_workload_free(workload);
    sample_free(&sample);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(toggles_are_what_the_log_says),
        cmocka_unit_test(reads_sample_has_its_classes),
        cmocka_unit_test(a_boot_is_learnt_without_snapshot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
