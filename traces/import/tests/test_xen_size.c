/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Claims about inferring access sizes, on accesses made here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "import/import.h"
#include "import/xen_access.h"

struct fixture {
    struct vs_xen_accesses accesses;
    struct vs_trace_meta meta;
    struct vs_import_report *report;
};

static void start(struct fixture *fixture)
{
    *fixture = (struct fixture){.report = vs_import_report_new()};
    assert_non_null(fixture->report);
    vs_trace_meta_init(&fixture->meta);
}

static struct vs_xen_access *add(struct fixture *fixture, uint64_t rip, enum vs_kind kind,
                                 uint16_t reg, uint32_t value)
{
    struct vs_xen_access *access = vs_xen_accesses_add(&fixture->accesses);

    assert_non_null(access);
    access->rip = rip;
    access->has_rip = rip != 0;
    access->record = (struct vs_record){
        .kind = (uint8_t)kind, .reg = reg, .value = value, .flags = VS_FLAG_PATH_PORT};
    return access;
}

static void infer(struct fixture *fixture)
{
    struct vs_error error = VS_ERROR_INIT;

    assert_int_equal(
        vs_xen_sizes_infer(&fixture->accesses, &fixture->meta, fixture->report, &error), 0);
}

static unsigned int size_of(const struct fixture *fixture, size_t index)
{
    assert_true(fixture->accesses.items[index].record.flags & VS_FLAG_SIZE_INFERRED);
    return fixture->accesses.items[index].size;
}

static void end(struct fixture *fixture)
{
    vs_xen_accesses_free(&fixture->accesses);
    vs_trace_meta_free(&fixture->meta);
    vs_import_report_free(fixture->report);
}

static void one_wide_value_widens_its_instruction(void **state)
{
    struct fixture fixture;

    (void)state;
    start(&fixture);
    add(&fixture, 0x1000, VS_KIND_CFG_READ, 0x40, 0);
    add(&fixture, 0x1000, VS_KIND_CFG_READ, 0x44, 0x12345678);
    add(&fixture, 0x2000, VS_KIND_CFG_READ, 0x40, 0);
    add(&fixture, 0x2000, VS_KIND_CFG_READ, 0x45, 0x12);
    add(&fixture, 0x3000, VS_KIND_CFG_READ, 0x40, 0x1ff);
    add(&fixture, 0x3000, VS_KIND_CFG_READ, 0x42, 0);
    infer(&fixture);
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(size_of(&fixture, i), i < 2 ? 4 : i < 4 ? 1 : 2);
    assert_int_equal(vs_import_report_get(fixture.report, VS_IMPORT_SEEN, "instructions"), 3);
    end(&fixture);
}

/* The same address, but another direction or domain, is another instruction. */
static void instructions_are_told_apart(void **state)
{
    struct fixture fixture;

    (void)state;
    start(&fixture);
    add(&fixture, 0x1000, VS_KIND_CFG_READ, 0x44, 0x12345678);
    add(&fixture, 0x1000, VS_KIND_CFG_WRITE, 0x45, 0);
    add(&fixture, 0x1000, VS_KIND_CFG_READ, 0x46, 0x123)->record.domain = 1;
    infer(&fixture);
    assert_int_equal(size_of(&fixture, 0), 4);
    assert_int_equal(size_of(&fixture, 1), 1);
    assert_int_equal(size_of(&fixture, 2), 2);
    end(&fixture);
}

static void contradictory_evidence_leaves_each_access_alone(void **state)
{
    struct fixture fixture;

    (void)state;
    start(&fixture);
    add(&fixture, 0x1000, VS_KIND_CFG_READ, 0x44, 0x12345678);
    add(&fixture, 0x1000, VS_KIND_CFG_READ, 0x47, 0x12);
    infer(&fixture);
    assert_int_equal(size_of(&fixture, 0), 4);
    assert_int_equal(size_of(&fixture, 1), 1);
    assert_int_equal(vs_import_report_get(fixture.report, VS_IMPORT_INFERRED,
                                          "size-alone-since-instruction-contradicts"),
                     2);
    end(&fixture);
}

/* A dword of this register is known: a read that shows only its low part is no dword, although a
 * dword would be this register's usual size. */
static void known_contents_exclude_wider_sizes(void **state)
{
    struct fixture fixture;

    (void)state;
    start(&fixture);
    add(&fixture, 0x1000, VS_KIND_CFG_READ, 0x08, 0x06040011);
    add(&fixture, 0x2000, VS_KIND_CFG_READ, 0x08, 0x11);
    add(&fixture, 0x3000, VS_KIND_CFG_READ, 0x108, 0x11); /* nothing known: the usual size */
    infer(&fixture);
    assert_int_equal(size_of(&fixture, 1), 1);
    assert_int_equal(size_of(&fixture, 2), 4);
    end(&fixture);
}

static void snapshots_are_known_contents(void **state)
{
    uint8_t config[256] = {[0x80] = 0x11, [0x81] = 0x22};
    struct vs_trace_device *device;
    struct fixture fixture;

    (void)state;
    start(&fixture);
    device = vs_trace_meta_add_device(&fixture.meta);
    assert_non_null(device);
    assert_int_equal(vs_trace_device_set_config(device, config, sizeof(config)), 0);
    add(&fixture, 0x1000, VS_KIND_CFG_READ, 0x80, 0x11);
    infer(&fixture);
    assert_int_equal(size_of(&fixture, 0), 1);
    assert_int_equal(
        vs_import_report_get(fixture.report, VS_IMPORT_INFERRED, "size-from-register-contents"), 1);
    end(&fixture);
}

static void registers_have_usual_sizes(void **state)
{
    struct fixture fixture;

    (void)state;
    start(&fixture);
    add(&fixture, 0x1000, VS_KIND_CFG_WRITE, 0x04, 0x06);
    add(&fixture, 0x2000, VS_KIND_CFG_WRITE, 0x10, 0);
    add(&fixture, 0x3000, VS_KIND_CFG_WRITE, 0x3c, 0x0b);
    add(&fixture, 0, VS_KIND_CFG_WRITE, 0x30, 1);
    add(&fixture, 0x5000, VS_KIND_CFG_WRITE, 0x90, 1);
    infer(&fixture);
    assert_int_equal(size_of(&fixture, 0), 2);
    assert_int_equal(size_of(&fixture, 1), 4);
    assert_int_equal(size_of(&fixture, 2), 1);
    assert_int_equal(size_of(&fixture, 3), 4);
    assert_int_equal(size_of(&fixture, 4), 1);
    assert_int_equal(
        vs_import_report_get(fixture.report, VS_IMPORT_INFERRED, "size-usual-for-register"), 4);
    assert_int_equal(
        vs_import_report_get(fixture.report, VS_IMPORT_INFERRED, "size-smallest-that-fits"), 1);
    end(&fixture);
}

static void eight_bytes_need_a_high_half(void **state)
{
    struct fixture fixture;
    struct vs_xen_access *access;

    (void)state;
    start(&fixture);
    access = add(&fixture, 0x1000, VS_KIND_CFG_READ, 0x108, 1);
    access->record.flags = VS_FLAG_PATH_ECAM;
    access->value_high = 1;
    access = add(&fixture, 0x1000, VS_KIND_CFG_READ, 0x110, 0);
    access->record.flags = VS_FLAG_PATH_ECAM;
    access = add(&fixture, 0x2000, VS_KIND_CFG_READ, 0x10c, 1);
    access->record.flags = VS_FLAG_PATH_ECAM;
    access->value_high = 1; /* not aligned to 8: vPCI would ignore it */
    infer(&fixture);
    assert_int_equal(size_of(&fixture, 0), 8);
    assert_int_equal(size_of(&fixture, 1), 8);
    assert_true(fixture.accesses.items[2].dropped);
    end(&fixture);
}

static void a_recorded_size_is_kept_unmarked(void **state)
{
    struct fixture fixture;
    struct vs_xen_access *access;

    (void)state;
    start(&fixture);
    access = add(&fixture, 0x1000, VS_KIND_CFG_READ, 0x10, 0);
    access->size = 2;
    infer(&fixture);
    assert_int_equal(fixture.accesses.items[0].size, 2);
    assert_false(fixture.accesses.items[0].record.flags & VS_FLAG_SIZE_INFERRED);
    end(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_wide_value_widens_its_instruction),
        cmocka_unit_test(instructions_are_told_apart),
        cmocka_unit_test(contradictory_evidence_leaves_each_access_alone),
        cmocka_unit_test(known_contents_exclude_wider_sizes),
        cmocka_unit_test(snapshots_are_known_contents),
        cmocka_unit_test(registers_have_usual_sizes),
        cmocka_unit_test(eight_bytes_need_a_high_half),
        cmocka_unit_test(a_recorded_size_is_kept_unmarked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
