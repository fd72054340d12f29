/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which records are valid: a case per rule, and both checks agree on everything. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "random_records.h"

static void expect(struct vs_record record, const char *reason)
{
    const char *many = NULL;
    const char *one = vs_record_invalid(&record);
    size_t valid = vs_records_valid(&record, 1, &many);
    if (!reason) {
        assert_null(one);
        assert_null(many);
        assert_int_equal(valid, 1);
        return;
    }
    assert_non_null(one);
    assert_string_equal(one, reason);
    assert_string_equal(many, reason);
    assert_int_equal(valid, 0);
}

static void test_rules(void **state)
{
    const struct vs_record read = {.kind = VS_KIND_CFG_READ, .size = 2, .reg = 4, .value = 0xffff};
    const struct vs_record dump = {.kind = VS_KIND_DUMP, .sbdf = VS_SBDF_NONE};
    struct vs_record bad = read;
    (void)state;
    expect(read, NULL);
    expect(dump, NULL);
    bad.size = 3;
    expect(bad, "size does not fit the kind");
    bad.size = 8;
    expect(bad, "size does not fit the kind");
    bad.size = 0;
    expect(bad, "size does not fit the kind");
    bad = read;
    bad.value = 0x10000;
    expect(bad, "value is wider than the access");
    bad = read;
    bad.reg = 4095;
    expect(bad, "register lies outside the space");
    bad = read;
    bad.sbdf = VS_SBDF_NONE;
    expect(bad, "the kind needs an sbdf");
    bad = read;
    bad.flags = VS_FLAG_PATH_PORT | VS_FLAG_PATH_ECAM;
    expect(bad, "flags say both port and ecam");
    bad.flags = 1u << 13;
    expect(bad, "unknown flag");
    bad = dump;
    bad.sbdf = 8;
    expect(bad, "the kind has no sbdf");
    bad = dump;
    bad.reg = 1;
    expect(bad, "the kind has no register");
    bad = dump;
    bad.value = 1;
    expect(bad, "the kind has no value");
    bad = dump;
    bad.kind = VS_KIND_COUNT;
    expect(bad, "unknown kind");
    bad.kind = 0;
    expect(bad, "unknown kind");
    expect((struct vs_record){.kind = VS_KIND_MMCFG_RESERVED, .sbdf = 0x30000}, NULL);
    expect((struct vs_record){.kind = VS_KIND_MMCFG_RESERVED, .sbdf = 0x30008},
           "sbdf is not segment << 16");
    expect((struct vs_record){.kind = VS_KIND_MMIO, .sbdf = VS_SBDF_NONE, .size = 1, .value = 999},
           NULL);
    expect((struct vs_record){.kind = VS_KIND_MSIX_WRITE, .size = 4, .reg = 65532}, NULL);
    expect((struct vs_record){.kind = VS_KIND_MSIX_WRITE, .size = 4, .reg = 65533},
           "register lies outside the space");
}

/* The check of whole blocks is another piece of code: it must judge alike. */
static void test_both_checks_agree(void **state)
{
    uint64_t random = 21;
    unsigned int valid = 0;
    (void)state;
    for (unsigned int i = 0; i < 300000; i++) {
        struct vs_record record = test_random_record(&random);
        uint8_t *bytes = (uint8_t *)&record;
        const char *reason = NULL;
        for (uint64_t changes = test_random(&random) % 3; changes > 0; changes--)
            bytes[test_random(&random) % sizeof(record)] = (uint8_t)test_random_wide(&random, 8);
        const char *expected = vs_record_invalid(&record);
        size_t count = vs_records_valid(&record, 1, &reason);
        assert_int_equal(count, expected == NULL);
        assert_ptr_equal(reason, expected);
        valid += expected == NULL;
    }
    assert_in_range(valid, 100000, 290000); /* both verdicts were put to the test */
}

static void test_names(void **state)
{
    (void)state;
    for (unsigned int kind = 1; kind < VS_KIND_COUNT; kind++) {
        const char *name = vs_kind_name((enum vs_kind)kind);
        assert_non_null(name);
        assert_int_equal(vs_kind_from_name(name), kind);
    }
    assert_null(vs_kind_name(VS_KIND_COUNT));
    assert_null(vs_kind_name(VS_KIND_NONE));
    assert_int_equal(vs_kind_from_name("cfg"), VS_KIND_NONE);
    for (unsigned int bit = 0; bit < 13; bit++) {
        const char *name = vs_flag_name((enum vs_flag)(1u << bit));
        assert_non_null(name);
        assert_int_equal(vs_flag_from_name(name), 1u << bit);
    }
    assert_null(vs_flag_name((enum vs_flag)(1u << 13)));
    assert_null(vs_flag_name((enum vs_flag)3));
    assert_int_equal(vs_flag_from_name("unknown"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_both_checks_agree),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
