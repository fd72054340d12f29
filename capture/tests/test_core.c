/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What needs no kernel: order, filters, explanations, the account. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "actors.h"
#include "capture.h"
#include "explain.h"
#include "filters.h"
#include "sorter.h"

static void records_leave_by_time_and_then_by_arrival(void **state)
{
    enum { COUNT = 5000 };
    struct vs_sorter *sorter = vs_sorter_new(COUNT);
    struct vs_record record = {0}, previous = {0};
    uint32_t random = 1;
    size_t popped = 0;

    (void)state;
    for (uint32_t i = 0; i < COUNT; i++) {
        random = random * 1664525 + 1013904223; /* Numerical Recipes' generator */
        record.time_ns = random >> 24;
        record.value = i;
        vs_sorter_push(sorter, &record);
    }
    assert_true(vs_sorter_full(sorter));
    while (vs_sorter_pop(sorter, UINT64_MAX, &record)) {
        assert_true(popped == 0 || record.time_ns > previous.time_ns ||
                    (record.time_ns == previous.time_ns && record.value > previous.value));
        previous = record;
        popped++;
    }
    assert_int_equal(popped, COUNT);
    vs_sorter_free(sorter);
}

static void records_not_yet_due_stay(void **state)
{
    struct vs_sorter *sorter = vs_sorter_new(2);
    struct vs_record record = {.time_ns = 10}, got;

    (void)state;
    vs_sorter_push(sorter, &record);
    assert_false(vs_sorter_pop(sorter, 10, &got));
    assert_int_equal(vs_sorter_count(sorter), 1);
    assert_true(vs_sorter_pop(sorter, 11, &got));
    assert_false(vs_sorter_pop(sorter, UINT64_MAX, &got));
    vs_sorter_free(sorter);
}

static int parse(const char *device, const char *pid, const char *ecam,
                 struct vs_capture_options *options, struct vs_error *error)
{
    struct vs_strings devices = {.items = &device, .count = device != NULL};
    struct vs_strings pids = {.items = &pid, .count = pid != NULL};
    struct vs_strings windows = {.items = &ecam, .count = ecam != NULL};

    *options = (struct vs_capture_options){0};
    *error = (struct vs_error)VS_ERROR_INIT;
    return vs_filters_parse(&devices, &pids, &windows, options, error);
}

static void filters_are_what_the_words_say(void **state)
{
    struct vs_capture_options options;
    struct vs_error error;

    (void)state;
    assert_int_equal(parse("0001:02:1f.3", "4711", "0xb0000000:1:2-0x0f", &options, &error), 0);
    assert_int_equal(options.filters.sbdfs[0], 0x102fb);
    assert_int_equal(options.filters.pids[0], 4711);
    assert_int_equal(options.filters.windows[0].base, 0xb0000000);
    assert_int_equal(options.filters.windows[0].first, 0xb0200000);
    assert_int_equal(options.filters.windows[0].last, 0xb0ffffff);
    assert_int_equal(options.filters.windows[0].segment, 1);
    assert_int_equal(options.windows[0].bus_last, 15);
}

static void wrong_filters_are_refused_by_name(void **state)
{
    static const char *const windows[] = {
        "",
        "0xb0000000",
        "b0000000:0:0-255",
        "0xb0000000:0:0-256",
        "0xb0000000:0:9-8",
        "0xb0000000:65536:0-1",
        "0xb0000001:0:0-1",
        "0xb0000000:0:0-255x",
        "0xb0000000:0:0-255:1",
        "0xffffffffffffffff0:0:0-1",
        "0xb0000000:-1:0-1",
    };
    struct vs_capture_options options;
    struct vs_error error;

    (void)state;
    for (size_t i = 0; i < sizeof(windows) / sizeof(windows[0]); i++) {
        assert_int_equal(parse(NULL, NULL, windows[i], &options, &error), VS_ERR_USAGE);
        assert_non_null(strstr(error.text, "--ecam"));
    }
    assert_int_equal(parse("1f.3", NULL, NULL, &options, &error), VS_ERR_USAGE);
    assert_non_null(strstr(error.text, "--device"));
    assert_int_equal(parse(NULL, "0", NULL, &options, &error), VS_ERR_USAGE);
    assert_non_null(strstr(error.text, "--pid"));
}

static void overlapping_windows_and_too_many_are_refused(void **state)
{
    const char *overlap[] = {"0xb0000000:0:0-255", "0xbff00000:1:0-0"};
    const char *many[VS_ECAM_MAX + 1];
    struct vs_strings none = {0};
    struct vs_strings two = {.items = overlap, .count = 2};
    struct vs_strings nine = {.items = many, .count = VS_ECAM_MAX + 1};
    struct vs_capture_options options = {0};

    (void)state;
    for (size_t i = 0; i < nine.count; i++)
        many[i] = "0xb0000000:0:0-255";
    assert_int_equal(vs_filters_parse(&none, &none, &two, &options, NULL), VS_ERR_USAGE);
    assert_int_equal(vs_filters_parse(&none, &none, &nine, &options, NULL), VS_ERR_USAGE);
}

static void the_verifiers_last_word_is_found(void **state)
{
    char line[64];

    (void)state;
    vs_verifier_reason("0: (b7) r0 = 0\n1: (bf) r1 = r0\nR1 pointer ^= prohibited\n"
                       "processed 12 insns (limit 1000000)\n",
                       line, sizeof(line));
    assert_string_equal(line, "R1 pointer ^= prohibited");
    vs_verifier_reason("one", line, sizeof(line));
    assert_string_equal(line, "one");
    vs_verifier_reason("", line, sizeof(line));
    assert_string_equal(line, "");
    vs_verifier_reason(NULL, line, sizeof(line));
    assert_string_equal(line, "");
    vs_verifier_reason("\n\nprocessed 1 insns\n", line, sizeof(line));
    assert_string_equal(line, "");
}

static void missing_capabilities_are_named(void **state)
{
    const uint64_t admin = UINT64_C(1) << 21, perfmon = UINT64_C(1) << 38, bpf = UINT64_C(1) << 39;

    (void)state;
    assert_string_equal(vs_missing_capabilities(0), "CAP_BPF and CAP_PERFMON");
    assert_string_equal(vs_missing_capabilities(bpf), "CAP_PERFMON");
    assert_string_equal(vs_missing_capabilities(perfmon), "CAP_BPF");
    assert_string_equal(vs_missing_capabilities(bpf | perfmon), "");
    assert_string_equal(vs_missing_capabilities(admin), "");
}

static void an_account_closes_only_when_every_event_has_its_place(void **state)
{
    struct vs_summary summary = {.kernel = {.produced = 110, .lost = 10},
                                 .received = 100,
                                 .written = 90,
                                 .own = 1,
                                 .surplus = 4,
                                 .discarded = 5};

    (void)state;
    assert_true(vs_summary_balanced(&summary));
    summary.written++;
    assert_false(vs_summary_balanced(&summary));
    summary.received++;
    assert_false(vs_summary_balanced(&summary));
    summary.kernel.produced++;
    assert_true(vs_summary_balanced(&summary));
}

static void threads_without_qemus_name_are_numbered_and_say_so(void **state)
{
    struct vs_actors *actors = vs_actors_new();
    struct vs_actor actor, again;

    (void)state;
    /* Ids past any limit of the kernel: no such process has a name in /proc. */
    for (uint32_t i = 0; i < 1000; i++) {
        uint32_t tgid = 100000000 + i % 10;

        assert_int_equal(vs_actors_find(actors, tgid, 200000000 + i, &actor, NULL), 0);
        assert_int_equal(actor.domain, i % 10 + 1);
        assert_int_equal(actor.vcpu, i / 10);
        assert_true(actor.vcpu_inferred);
    }
    assert_int_equal(vs_actors_find(actors, 100000003, 200000013, &again, NULL), 0);
    assert_int_equal(again.domain, 4);
    assert_int_equal(again.vcpu, 1);
    vs_actors_free(actors);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_leave_by_time_and_then_by_arrival),
        cmocka_unit_test(records_not_yet_due_stay),
        cmocka_unit_test(filters_are_what_the_words_say),
        cmocka_unit_test(wrong_filters_are_refused_by_name),
        cmocka_unit_test(overlapping_windows_and_too_many_are_refused),
        cmocka_unit_test(the_verifiers_last_word_is_found),
        cmocka_unit_test(missing_capabilities_are_named),
        cmocka_unit_test(an_account_closes_only_when_every_event_has_its_place),
        cmocka_unit_test(threads_without_qemus_name_are_numbered_and_say_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
