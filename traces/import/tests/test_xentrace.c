/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Claims about importing xentrace logs, on streams built here. */
#include "harness.h"
#include "xen_log_builder.h"

/* At 1 GHz a tick is a nanosecond. */
static void import_log(struct harness *harness, const struct log *log)
{
    if (!harness->options.tsc_hz)
        harness->options.tsc_hz = "1GHz";
    harness_run(harness, &vs_importer_xentrace, log->bytes, log->size);
}

static void import_good(struct harness *harness, const struct log *log)
{
    import_log(harness, log);
    if (harness->ret != 0)
        fail_msg("import failed: %s", harness->error.text);
    if (harness->invalid)
        fail_msg("a record is invalid: %s", harness->invalid);
    assert_false(harness->went_back);
}

static void set_ecam(struct harness *harness, const char **text)
{
    harness->options.ecam = (struct vs_strings){.items = text, .count = 1};
}

/* The example of the format notes, byte for byte: a 0xCF8 dword read of 00:1f.2
 * register 0 on pCPU 3, VMX, 64-bit guest. */
static const uint8_t example[] = {
    0x03, 0xF0, 0x01, 0x20, 3,    0,    0, 0,    0x70, 0,    0,    0,    /* window */
    0x01, 0x11, 0x02, 0x90, 0x10, 0,    0, 0,    0,    0,    0,    0,    /* running, TSC 16 */
    0,    0,    0,    0,                                                 /* d0v0 */
    0x02, 0x11, 0x08, 0xB0, 0x20, 0,    0, 0,    0,    0,    0,    0,    /* exit, TSC 32 */
    0x1E, 0,    0,    0,    1,    2,    3, 0x81, 0xff, 0xff, 0xff, 0xff, /* reason 30, RIP */
    0x16, 0x22, 0x08, 0x20, 0xF8, 0x0C, 0, 0,    0x00, 0xFA, 0x00, 0x80, /* out 0xCF8 */
    0x01, 0x10, 0x08, 0x80, 0x30, 0,    0, 0,    0,    0,    0,    0,    /* entry, TSC 48 */
    0x02, 0x11, 0x08, 0xB0, 0x40, 0,    0, 0,    0,    0,    0,    0,    /* exit, TSC 64 */
    0x1E, 0,    0,    0,    9,    2,    3, 0x81, 0xff, 0xff, 0xff, 0xff, /* */
    0x16, 0x20, 0x08, 0x20, 0xFC, 0x0C, 0, 0,    0x86, 0x80, 0x22, 0xA1, /* in 0xCFC */
    0x01, 0x10, 0x08, 0x80, 0x55, 0,    0, 0,    0,    0,    0,    0,    /* entry, TSC 85 */
};

static void documented_example_gives_its_one_access(void **state)
{
    struct harness harness;
    struct log log = {.size = sizeof(example)};

    (void)state;
    assert_int_equal(sizeof(example), 12 + 112);
    memcpy(log.bytes, example, sizeof(example));
    harness_start(&harness);
    import_good(&harness, &log);
    assert_int_equal(harness.count, 1);
    assert_int_equal(harness.records[0].time_ns, 64 - 16);
    assert_int_equal(harness.records[0].duration_ns, 85 - 64);
    assert_int_equal(harness.records[0].value, 0xA1228086);
    assert_int_equal(harness.records[0].sbdf, 0x1f << 3 | 2);
    assert_int_equal(harness.records[0].reg, 0);
    assert_int_equal(harness.records[0].domain, 0);
    assert_int_equal(harness.records[0].vcpu, 0);
    assert_int_equal(harness.records[0].pcpu, 3);
    assert_int_equal(harness.records[0].kind, VS_KIND_CFG_READ);
    assert_int_equal(harness.records[0].size, 4);
    assert_int_equal(harness.records[0].flags,
                     VS_FLAG_SIZE_INFERRED | VS_FLAG_TIME_BRACKETED | VS_FLAG_PATH_PORT);
    assert_string_equal(harness.meta.backend, "xen vmx");
    assert_true(harness.meta.clock.tick_hz == 1e9);
    assert_int_equal(harness.meta.clock.duration_covers, VS_DURATION_VMEXIT);
    harness_end(&harness);
}

static void without_a_frequency_it_says_how_to_give_one(void **state)
{
    struct harness harness;

    (void)state;
    harness_start(&harness);
    harness_run(&harness, &vs_importer_xentrace, example, sizeof(example));
    assert_int_equal(harness.ret, VS_ERR_USAGE);
    assert_non_null(strstr(harness.error.text, "--tsc-hz"));
    assert_non_null(strstr(harness.error.text, "--xl-info"));
    harness_end(&harness);
}

static void frequency_scales_times(void **state)
{
    struct harness harness;
    struct log log = {.size = sizeof(example)};

    (void)state;
    memcpy(log.bytes, example, sizeof(example));
    harness_start(&harness);
    harness.options.tsc_hz = "500MHz";
    import_good(&harness, &log);
    assert_int_equal(harness.records[0].time_ns, 2 * (64 - 16));
    assert_int_equal(harness.records[0].duration_ns, 2 * (85 - 64));
    harness_end(&harness);
}

/* Cut anywhere, the log ends there: no error, no read past the end, the rest counted. */
static void last_window_cut_short_is_an_end(void **state)
{
    (void)state;
    for (size_t size = 12; size < sizeof(example); size++) {
        struct harness harness;
        struct log log = {.size = size};

        memcpy(log.bytes, example, size);
        harness_start(&harness);
        import_good(&harness, &log);
        assert_int_equal(harness.count, size >= sizeof(example) - 12 ? 1 : 0);
        assert_true(harness_count(&harness, VS_IMPORT_NOT_REBUILT, "bytes-cut-off-last-window") >
                    0);
        assert_non_null(strstr(harness.meta.notes[harness.meta.note_count - 1],
                               "the log ends within a window"));
        if (harness.count) {
            assert_int_equal(harness.records[0].duration_ns, 0);
            assert_int_equal(harness_count(&harness, VS_IMPORT_INFERRED, "exit-without-entry"), 1);
        }
        harness_end(&harness);
    }
}

static void zeros_at_the_end_are_an_end(void **state)
{
    struct harness harness;
    struct log log = {.size = sizeof(example) + 4096};

    (void)state;
    memcpy(log.bytes, example, sizeof(example));
    harness_start(&harness);
    import_good(&harness, &log);
    assert_int_equal(harness.count, 1);
    assert_int_equal(harness_count(&harness, VS_IMPORT_IGNORED, "bytes-of-zeros-at-the-end"), 4096);
    harness_end(&harness);
    log.bytes[sizeof(example) + 4000] = 1;
    harness_start(&harness);
    import_log(&harness, &log);
    assert_int_equal(harness.ret, VS_ERR_INPUT);
    assert_int_equal(harness.error.offset_bytes, sizeof(example));
    harness_end(&harness);
}

static void wrap_filler_is_skipped_by_its_length(void **state)
{
    struct log log = {.size = 0};
    const uint64_t garbage_tsc = UINT64_C(0xfedcba9876543210);
    struct harness harness;

    (void)state;
    log_window(&log, 0);
    log_record(&log, 0x1f002, &garbage_tsc,
               WORDS(0x2001f003, 0x80081001, 0xb0081102, 0xdeadbeef, 1, 2, 3));
    log_runstate(&log, 1000, VCPU(0, 1), RUNNABLE, RUNNING);
    log_record(&log, 0x1f002, NULL, WORDS(0x20082216, 0xcf8));
    log_port_exit(&log, 2000, 0x10, 1, 0xcf8, 0x80000810);
    log_record(&log, 0x1f002, &garbage_tsc, NULL, 0);
    log_port_exit(&log, 3000, 0x20, 0, 0xcfc, 0xfe801234);
    harness_start(&harness);
    import_good(&harness, &log);
    assert_int_equal(harness.count, 1);
    assert_int_equal(harness.records[0].time_ns, 2000);
    assert_int_equal(harness.records[0].sbdf, 0x08);
    assert_int_equal(harness.records[0].reg, 0x10);
    assert_int_equal(harness_count(&harness, VS_IMPORT_INFERRED, "tsc-went-back"), 0);
    harness_end(&harness);
}

static void lost_records_make_latches_stale_and_name_who_runs(void **state)
{
    struct log log = {.size = 0};
    struct harness harness;

    (void)state;
    log_window(&log, 2);
    log_runstate(&log, 1000, VCPU(0, 0), RUNNABLE, RUNNING);
    log_port_exit(&log, 1100, 0x10, 1, 0xcf8, 0x8000f800);
    log_exit(&log, 1300, REASON_SVM_IO, 0x20);
    log_lost(&log, 5000, 77, 0, 1, 1400);
    log_port_exit(&log, 5100, 0x20, 0, 0xcfc, 0x29188086);
    log_port_exit(&log, 5300, 0x10, 1, 0xcf8, 0x8000f810);
    log_port_exit(&log, 5500, 0x20, 0, 0xcfc, 0x11223344);
    harness_start(&harness);
    import_good(&harness, &log);
    assert_int_equal(harness.count, 3);
    assert_int_equal(harness.records[0].kind, VS_KIND_LOST);
    assert_int_equal(harness.records[0].value, 77);
    assert_int_equal(harness.records[0].time_ns, 4000);
    assert_int_equal(harness.records[0].duration_ns, 3600);
    assert_int_equal(harness.records[0].pcpu, 2);
    assert_int_equal(harness.records[1].vcpu, 1);
    assert_true(harness.records[1].flags & VS_FLAG_CF8_STALE);
    assert_int_equal(harness.records[1].sbdf, 0xf8);
    assert_int_equal(harness.records[1].duration_ns, 100);
    assert_false(harness.records[2].flags & VS_FLAG_CF8_STALE);
    assert_int_equal(harness.records[2].reg, 0x10);
    assert_int_equal(harness_count(&harness, VS_IMPORT_NOT_REBUILT, "lost-records"), 77);
    harness_end(&harness);
}

static void own_latch_is_stale_after_lost_records(void **state)
{
    struct log log = {.size = 0};
    struct harness harness;

    (void)state;
    log_window(&log, 0);
    log_runstate(&log, 1000, VCPU(0, 0), RUNNABLE, RUNNING);
    log_port_exit(&log, 1100, 0x10, 1, 0xcf8, 0x8000f800);
    log_lost(&log, 5000, 3, 0, 0, 1400);
    log_port_exit(&log, 5100, 0x20, 0, 0xcfc, 0x29188086);
    harness_start(&harness);
    import_good(&harness, &log);
    assert_int_equal(harness.count, 2);
    assert_true(harness.records[1].flags & VS_FLAG_CF8_STALE);
    assert_int_equal(harness_count(&harness, VS_IMPORT_INFERRED, "cf8-from-before-lost-records"),
                     1);
    harness_end(&harness);
}

/* d0v5 writes 0xCF8 on pCPU 0, is descheduled inside the next exit, and enters its guest again on
 * pCPU 1, whose window lies first in the file. */
static void exit_and_latch_follow_a_vcpu_to_another_pcpu(void **state)
{
    struct log log = {.size = 0};
    struct harness harness;

    (void)state;
    log_window(&log, 1);
    log_runstate(&log, 900, VCPU(0x7fff, 1), RUNNABLE, RUNNING);
    log_runstate(&log, 4000, VCPU(0x7fff, 1), RUNNING, RUNNABLE);
    log_runstate(&log, 4001, VCPU(0, 5), RUNNABLE, RUNNING);
    log_entry(&log, 4100);
    log_port_exit(&log, 4200, 0x20, 0, 0xcfe, 0x1234);
    log_window(&log, 0);
    log_runstate(&log, 1000, VCPU(0, 5), RUNNABLE, RUNNING);
    log_port_exit(&log, 1100, 0x10, 1, 0xcf8, 0x80001004);
    log_exit(&log, 2000, REASON_SVM_IO, 0x30);
    log_out(&log, 0xcfc, 0x0103);
    log_runstate(&log, 2500, VCPU(0, 5), RUNNING, RUNNABLE);
    log_runstate(&log, 2501, VCPU(0x7fff, 0), RUNNABLE, RUNNING);
    harness_start(&harness);
    import_good(&harness, &log);
    assert_int_equal(harness.count, 2);
    assert_int_equal(harness.records[0].kind, VS_KIND_CFG_WRITE);
    assert_int_equal(harness.records[0].pcpu, 0);
    assert_int_equal(harness.records[0].time_ns, 1100);
    assert_int_equal(harness.records[0].duration_ns, 4100 - 2000);
    assert_true(harness.records[0].flags & VS_FLAG_SPLIT);
    assert_int_equal(harness.records[1].pcpu, 1);
    assert_int_equal(harness.records[1].vcpu, 5);
    assert_int_equal(harness.records[1].sbdf, 0x10);
    assert_int_equal(harness.records[1].reg, 6);
    assert_false(harness.records[1].flags & (VS_FLAG_SPLIT | VS_FLAG_CF8_STALE));
    harness_end(&harness);
}

static void continuing_through_the_scheduler_splits_the_exit(void **state)
{
    struct log log = {.size = 0};
    struct harness harness;

    (void)state;
    log_window(&log, 0);
    log_runstate(&log, 1000, VCPU(0, 0), RUNNABLE, RUNNING);
    log_port_exit(&log, 1100, 0x10, 1, 0xcf8, 0x80001004);
    log_exit(&log, 2000, REASON_SVM_IO, 0x30);
    log_out(&log, 0xcfc, 0x0103);
    log_runstate(&log, 2100, VCPU(0, 3), BLOCKED, RUNNABLE); /* wakes another: no split */
    log_entry(&log, 2200);
    log_exit(&log, 3000, REASON_SVM_IO, 0x30);
    log_out(&log, 0xcfc, 0x0101);
    log_continue(&log, 3100, VCPU(0, 0));
    log_entry(&log, 3900);
    harness_start(&harness);
    import_good(&harness, &log);
    assert_int_equal(harness.count, 2);
    assert_false(harness.records[0].flags & VS_FLAG_SPLIT);
    assert_true(harness.records[1].flags & VS_FLAG_SPLIT);
    assert_int_equal(harness.records[1].duration_ns, 900);
    harness_end(&harness);
}

/* pCPU 1's TSC is 500 ticks behind that of pCPU 0, from which the vCPU comes. */
static void records_of_unsynchronised_pcpus_are_kept_and_marked(void **state)
{
    struct harness harness;
    struct log log = {0};

    (void)state;
    log_window(&log, 0);
    log_runstate(&log, 1000, VCPU(0, 0), RUNNABLE, RUNNING);
    log_port_exit(&log, 1010, 0x1000, 1, 0xcf8, 0x80000800);
    log_runstate(&log, 1200, VCPU(0, 0), RUNNING, RUNNABLE);
    log_runstate(&log, 1210, VCPU(0, 1), RUNNABLE, RUNNING);
    log_window(&log, 1);
    log_runstate(&log, 750, VCPU(0, 0), RUNNABLE, RUNNING);
    log_port_exit(&log, 760, 0x1000, 1, 0xcf8, 0x80001000);
    log_port_exit(&log, 870, 0x2000, 0, 0xcfc, 0x222);
    log_port_exit(&log, 1150, 0x2000, 0, 0xcfc, 0x222);
    log_port_exit(&log, 1300, 0x1000, 1, 0xcf8, 0x80001000);
    log_port_exit(&log, 1410, 0x2000, 0, 0xcfc, 0x222);
    harness_start(&harness);
    import_good(&harness, &log);
    assert_int_equal(harness.count, 3);
    assert_false(harness.records[0].flags & VS_FLAG_CF8_STALE);
    assert_int_equal(harness.records[1].pcpu, 1);
    assert_int_equal(harness.records[1].vcpu, 0);
    assert_int_equal(harness.records[1].duration_ns, 100);
    assert_true(harness.records[1].flags & VS_FLAG_CF8_STALE);
    assert_int_equal(harness.records[2].sbdf, 2 << 3);
    assert_false(harness.records[2].flags & VS_FLAG_CF8_STALE);
    assert_int_equal(harness_count(&harness, VS_IMPORT_INFERRED, "vcpu-on-two-pcpus-at-once"), 1);
    assert_int_equal(harness_count(&harness, VS_IMPORT_NOT_REBUILT, "unknown-vcpu"), 0);
    assert_non_null(strstr(harness.meta.notes[1], "not synchronised"));
    harness_end(&harness);
}

static void without_scheduling_records_it_says_what_to_capture(void **state)
{
    struct harness harness;
    struct log log = {0};

    (void)state;
    log_window(&log, 0);
    log_port_exit(&log, 10, 0x1000, 1, 0xcf8, 0x80000800);
    log_port_exit(&log, 200, 0x2000, 0, 0xcfc, 5);
    harness_start(&harness);
    import_good(&harness, &log);
    assert_int_equal(harness.count, 0);
    assert_non_null(strstr(harness.meta.notes[1], "xentrace -e 0x000af000"));
    harness_end(&harness);
}

static void domains_have_latches_of_their_own(void **state)
{
    struct log log = {.size = 0};
    struct harness harness;

    (void)state;
    log_window(&log, 0);
    log_runstate(&log, 1000, VCPU(0, 0), RUNNABLE, RUNNING);
    log_port_exit(&log, 1100, 0x10, 1, 0xcf8, 0x80000000);
    log_port_exit(&log, 1500, 0x20, 0, 0xcfc, 0x29c08086);
    log_window(&log, 1);
    log_runstate(&log, 1000, VCPU(7, 0), RUNNABLE, RUNNING);
    log_port_exit(&log, 1250, 0x10, 1, 0xcf8, 0x80010000);
    log_port_exit(&log, 1500, 0x20, 0, 0xcfc, 0x00101b36);
    harness_start(&harness);
    import_good(&harness, &log);
    assert_int_equal(harness.count, 2);
    /* The same time: the lower pCPU comes first. */
    assert_int_equal(harness.records[0].pcpu, 0);
    assert_int_equal(harness.records[0].domain, 0);
    assert_int_equal(harness.records[0].sbdf, 0x0000);
    assert_int_equal(harness.records[1].domain, 7);
    assert_int_equal(harness.records[1].sbdf, 0x0100);
    assert_false((harness.records[0].flags | harness.records[1].flags) & VS_FLAG_CF8_STALE);
    assert_int_equal(harness.meta.domain_count, 2);
    harness_end(&harness);
}

static void only_chosen_domains_are_kept(void **state)
{
    struct log log = {.size = 0};
    const char *domains[] = {"7"};
    struct harness harness;

    (void)state;
    log_window(&log, 0);
    log_runstate(&log, 1000, VCPU(0, 0), RUNNABLE, RUNNING);
    log_port_exit(&log, 1100, 0x10, 1, 0xcf8, 0x80000000);
    log_port_exit(&log, 1500, 0x20, 0, 0xcfc, 0x29c08086);
    log_runstate(&log, 2000, VCPU(0, 0), RUNNING, RUNNABLE);
    log_runstate(&log, 2000, VCPU(7, 0), RUNNABLE, RUNNING);
    log_port_exit(&log, 2250, 0x10, 1, 0xcf8, 0x80010000);
    log_port_exit(&log, 2500, 0x20, 0, 0xcfc, 0x00101b36);
    harness_start(&harness);
    harness.options.only_domains = (struct vs_strings){.items = domains, .count = 1};
    import_good(&harness, &log);
    assert_int_equal(harness.count, 1);
    assert_int_equal(harness.records[0].domain, 7);
    assert_int_equal(harness_count(&harness, VS_IMPORT_IGNORED, "other-domains"), 1);
    harness_end(&harness);
}

static void own_latch_is_preferred_and_anothers_is_marked(void **state)
{
    struct log log = {.size = 0};
    struct harness harness;

    (void)state;
    log_window(&log, 0);
    log_runstate(&log, 1000, VCPU(0, 0), RUNNABLE, RUNNING);
    log_port_exit(&log, 1100, 0x10, 1, 0xcf8, 0x80000800);
    log_port_exit(&log, 3000, 0x20, 0, 0xcfc, 0x11111111); /* own, but v1 wrote since */
    log_window(&log, 1);
    log_runstate(&log, 1000, VCPU(0, 1), RUNNABLE, RUNNING);
    log_port_exit(&log, 1200, 0x20, 0, 0xcfc, 0x22222222); /* only v0 has written */
    log_port_exit(&log, 2000, 0x10, 1, 0xcf8, 0x80001000);
    log_port_exit(&log, 2200, 0x20, 0, 0xcfc, 0x33333333); /* own and latest */
    harness_start(&harness);
    import_good(&harness, &log);
    assert_int_equal(harness.count, 3);
    assert_int_equal(harness.records[0].value, 0x22222222);
    assert_int_equal(harness.records[0].sbdf, 0x08);
    assert_true(harness.records[0].flags & VS_FLAG_CF8_STALE);
    assert_int_equal(harness.records[1].sbdf, 0x10);
    assert_false(harness.records[1].flags & VS_FLAG_CF8_STALE);
    assert_int_equal(harness.records[2].sbdf, 0x08);
    assert_true(harness.records[2].flags & VS_FLAG_CF8_STALE);
    assert_int_equal(harness_count(&harness, VS_IMPORT_INFERRED, "cf8-of-another-vcpu"), 1);
    harness_end(&harness);
}

static void what_cannot_be_rebuilt_is_counted_by_reason(void **state)
{
    struct log log = {.size = 0};
    struct harness harness;

    (void)state;
    log_window(&log, 0);
    log_port_exit(&log, 900, 0x20, 0, 0xcfc, 1); /* nobody known to run */
    log_runstate(&log, 1000, VCPU(0, 0), RUNNABLE, RUNNING);
    log_port_exit(&log, 1100, 0x20, 0, 0xcfc, 2);          /* no 0xCF8 yet */
    log_port_exit(&log, 1300, 0x10, 1, 0xcf8, 0x00000800); /* enable bit clear */
    log_port_exit(&log, 1500, 0x20, 0, 0xcfc, 3);
    log_port_exit(&log, 1700, 0x10, 1, 0xcf8, 0x80000800);
    log_port_exit(&log, 1900, 0x40, 0, 0xcfd, 0x12345); /* wider than its alignment */
    log_port_exit(&log, 2100, 0x50, 0, 0x60, 4);        /* a port of no interest */
    log_record(&log, 0x8203f, NULL, WORDS(1));          /* an id that nobody knows */
    log_record(&log, 0x8203f, NULL, WORDS(1));
    harness_start(&harness);
    import_good(&harness, &log);
    assert_int_equal(harness.count, 0);
    assert_int_equal(harness_count(&harness, VS_IMPORT_NOT_REBUILT, "unknown-vcpu"), 1);
    assert_int_equal(harness_count(&harness, VS_IMPORT_NOT_REBUILT, "no-cf8"), 1);
    assert_int_equal(harness_count(&harness, VS_IMPORT_NOT_REBUILT, "cf8-disabled"), 1);
    assert_int_equal(harness_count(&harness, VS_IMPORT_NOT_REBUILT, "unaligned"), 1);
    assert_int_equal(harness_count(&harness, VS_IMPORT_IGNORED, "other-ports"), 1);
    assert_int_equal(harness_count(&harness, VS_IMPORT_IGNORED, "unknown-event-0x0008203f"), 2);
    harness_end(&harness);
}

static void first_vcpu_is_told_by_its_leaving(void **state)
{
    struct log log = {.size = 0};
    struct harness harness;

    (void)state;
    log_window(&log, 0);
    log_port_exit(&log, 900, 0x10, 1, 0xcf8, 0x80000800);
    log_port_exit(&log, 1100, 0x20, 0, 0xcfc, 0x12345678);
    log_runstate(&log, 2000, VCPU(0, 6), RUNNING, BLOCKED);
    log_runstate(&log, 2000, VCPU(0x7fff, 0), RUNNABLE, RUNNING);
    harness_start(&harness);
    import_good(&harness, &log);
    assert_int_equal(harness.count, 1);
    assert_int_equal(harness.records[0].vcpu, 6);
    assert_true(harness.records[0].flags & VS_FLAG_VCPU_INFERRED);
    assert_true(harness.records[0].flags & VS_FLAG_DOMAIN_INFERRED);
    assert_int_equal(harness_count(&harness, VS_IMPORT_INFERRED, "first-vcpu-of-pcpu"), 1);
    harness_end(&harness);
}

/* ECAM above 4 GiB: addresses and values of 64 bits; 8 bytes are two records. */
static void ecam_above_4_gib_keeps_wide_values(void **state)
{
    struct log log = {.size = 0};
    const char *ecam = "0x380000000:2:0-255";
    struct harness harness;

    (void)state;
    log_window(&log, 0);
    log_runstate(&log, 1000, VCPU(0, 0), RUNNABLE, RUNNING);
    log_exit(&log, 2000, REASON_SVM_NPF, 0x77);
    log_record(&log, 0x82117, NULL, WORDS(0x80208108, 3, 0xaabbccdd, 0));
    log_fault(&log, UINT64_C(0x380208108));
    log_entry(&log, 2500);
    log_exit(&log, 3000, REASON_SVM_NPF, 0x88);
    log_record(&log, 0x82117, NULL, WORDS(0x80208110, 3, 0x11111111, 0x22222222));
    log_fault(&log, UINT64_C(0x380208110));
    log_entry(&log, 3500);
    harness_start(&harness);
    set_ecam(&harness, &ecam);
    import_good(&harness, &log);
    assert_int_equal(harness.count, 3);
    assert_int_equal(harness.records[0].sbdf, 0x20208);
    assert_int_equal(harness.records[0].reg, 0x108);
    assert_int_equal(harness.records[0].size, 4);
    assert_true(harness.records[0].flags & VS_FLAG_PATH_ECAM);
    assert_int_equal(harness.records[1].value, 0x11111111);
    assert_int_equal(harness.records[1].duration_ns, 500);
    assert_false(harness.records[1].flags & VS_FLAG_SECOND_HALF);
    assert_int_equal(harness.records[2].value, 0x22222222);
    assert_int_equal(harness.records[2].reg, 0x114);
    assert_true(harness.records[2].flags & VS_FLAG_SECOND_HALF);
    assert_int_equal(harness.records[2].duration_ns, 0);
    harness_end(&harness);
}

/* SVM logs the fault after the access, VMX before it: neither makes a second record.  A fault
 * without an access walks the MMIO handlers alone. */
static void faults_and_other_memory_are_mmio(void **state)
{
    struct log log = {.size = 0};
    const char *ecam = "0xb0000000:0:0-255";
    struct harness harness;

    (void)state;
    log_window(&log, 0);
    log_runstate(&log, 1000, VCPU(0, 0), RUNNABLE, RUNNING);
    log_exit(&log, 2000, REASON_VMX_EPT, 0x77);
    log_fault(&log, 0xb00fa100);
    log_load(&log, 0xb00fa100, 0x10001);
    log_entry(&log, 2500);
    log_exit(&log, 3000, REASON_VMX_EPT, 0x88);
    log_fault(&log, 0xfec00010);
    log_load(&log, 0xfec00010, 5);
    log_entry(&log, 3500);
    log_exit(&log, 4000, REASON_VMX_EPT, 0x99);
    log_fault(&log, UINT64_C(0x123456789));
    log_entry(&log, 4500);
    harness_start(&harness);
    set_ecam(&harness, &ecam);
    import_good(&harness, &log);
    assert_int_equal(harness.count, 3);
    assert_int_equal(harness.records[0].kind, VS_KIND_CFG_READ);
    assert_int_equal(harness.records[0].sbdf, 0xfa);
    assert_int_equal(harness.records[0].reg, 0x100);
    assert_int_equal(harness.records[1].kind, VS_KIND_MMIO);
    assert_int_equal(harness.records[1].value, 0xfec00);
    assert_int_equal(harness.records[1].duration_ns, 500);
    assert_int_equal(harness.records[2].kind, VS_KIND_MMIO);
    assert_int_equal(harness.records[2].value, 0x123456);
    assert_int_equal(harness.records[2].duration_ns, 500);
    harness_end(&harness);
}

/* Without a window, an ECAM access is like any other trapped memory: kept, and said. */
static void without_ecam_windows_memory_is_counted_as_doubtful(void **state)
{
    struct log log = {.size = 0};
    struct harness harness;

    (void)state;
    log_window(&log, 0);
    log_runstate(&log, 1000, VCPU(0, 0), RUNNABLE, RUNNING);
    log_exit(&log, 2000, REASON_SVM_NPF, 0x77);
    log_load(&log, 0xb00fa100, 0x10001);
    log_fault(&log, 0xb00fa100);
    log_entry(&log, 2500);
    harness_start(&harness);
    import_good(&harness, &log);
    assert_int_equal(harness.count, 1);
    assert_int_equal(harness.records[0].kind, VS_KIND_MMIO);
    assert_int_equal(
        harness_count(&harness, VS_IMPORT_NOT_REBUILT, "memory-accesses-with-no-ecam-window-given"),
        1);
    harness_end(&harness);
}

/* A device with an MSI-X table of 2 entries at BAR 0 + 0, BAR 0 at 0xfe800000. */
static void msix_table_accesses_are_told_by_the_snapshot(void **state)
{
    uint8_t config[256] = {[0x06] = 0x10, [0x12] = 0x80, [0x13] = 0xfe, [0x34] = 0x40,
                           [0x40] = 0x11, [0x42] = 1,    [0x49] = 8};
    struct log log = {.size = 0};
    struct vs_trace_device *device;
    struct harness harness;

    (void)state;
    log_window(&log, 0);
    log_runstate(&log, 1000, VCPU(0, 0), RUNNABLE, RUNNING);
    log_exit(&log, 2000, REASON_SVM_NPF, 0x77);
    log_record(&log, 0x82217, NULL, WORDS(0xfe80001c, 1));
    log_fault(&log, 0xfe80001c);
    log_entry(&log, 2500);
    harness_start(&harness);
    device = vs_trace_meta_add_device(&harness.meta);
    assert_non_null(device);
    device->sbdf = 0x48;
    assert_int_equal(vs_trace_device_set_config(device, config, sizeof(config)), 0);
    import_good(&harness, &log);
    assert_int_equal(harness.count, 1);
    assert_int_equal(harness.records[0].kind, VS_KIND_MSIX_WRITE);
    assert_int_equal(harness.records[0].sbdf, 0x48);
    assert_int_equal(harness.records[0].reg, 0x1c);
    assert_int_equal(harness.records[0].size, 4);
    assert_int_equal(harness.records[0].value, 1);
    harness_end(&harness);
}

static void a_function_that_does_not_answer_is_absent(void **state)
{
    struct log log = {.size = 0};
    struct harness harness;

    (void)state;
    log_window(&log, 0);
    log_runstate(&log, 1000, VCPU(0, 0), RUNNABLE, RUNNING);
    log_port_exit(&log, 1100, 0x10, 1, 0xcf8, 0x80000800);
    log_port_exit(&log, 1300, 0x20, 0, 0xcfc, 0xffffffff);
    log_port_exit(&log, 1500, 0x10, 1, 0xcf8, 0x80000810);
    log_port_exit(&log, 1700, 0x20, 0, 0xcfc, 0xffffffff);
    harness_start(&harness);
    import_good(&harness, &log);
    assert_int_equal(harness.count, 2);
    assert_true(harness.records[0].flags & VS_FLAG_ABSENT);
    assert_false(harness.records[1].flags & VS_FLAG_ABSENT); /* a BAR after sizing, say */
    harness_end(&harness);
}

static void exit_ids_of_4_19_and_nested_guests_are_understood(void **state)
{
    struct log log = {.size = 0};
    uint64_t tsc;
    struct harness harness;

    (void)state;
    log_window(&log, 0);
    log_runstate(&log, 1000, VCPU(0, 0), RUNNABLE, RUNNING);
    tsc = 1100;
    log_record(&log, 0x81103, &tsc, WORDS(REASON_SVM_IO, 0x10, 0)); /* SVM_EXIT64 */
    log_out(&log, 0xcf8, 0x80000800);
    log_entry(&log, 1200);
    tsc = 1300;
    log_record(&log, 0x81403, &tsc, WORDS(REASON_SVM_IO, 0x20)); /* nested, 32-bit */
    log_in(&log, 0xcfc, 0x12345678);
    tsc = 1450;
    log_record(&log, 0x81401, &tsc, NULL, 0); /* nested entry */
    harness_start(&harness);
    import_good(&harness, &log);
    assert_int_equal(harness.count, 1);
    assert_int_equal(harness.records[0].duration_ns, 150);
    assert_int_equal(harness_count(&harness, VS_IMPORT_SEEN, "nested-exits"), 1);
    assert_string_equal(harness.meta.backend, "xen svm");
    harness_end(&harness);
}

static void a_vendor_that_the_log_contradicts_is_refused(void **state)
{
    struct log log = {.size = 0};
    struct harness harness;

    (void)state;
    log_window(&log, 0);
    log_runstate(&log, 1000, VCPU(0, 0), RUNNABLE, RUNNING);
    log_port_exit(&log, 1100, 0x10, 1, 0xcf8, 0x80000800);
    harness_start(&harness);
    harness.options.vendor = VS_VENDOR_VMX;
    import_log(&harness, &log);
    assert_int_equal(harness.ret, VS_ERR_INPUT);
    assert_non_null(strstr(harness.error.text, "svm"));
    harness_end(&harness);
}

static void a_rep_access_has_no_value(void **state)
{
    struct log log = {.size = 0};
    struct harness harness;

    (void)state;
    log_window(&log, 0);
    log_runstate(&log, 1000, VCPU(0, 0), RUNNABLE, RUNNING);
    log_port_exit(&log, 1100, 0x10, 1, 0xcf8, 0x80000840);
    log_exit(&log, 1300, REASON_SVM_IO, 0x20);
    log_record(&log, 0x82016, NULL, WORDS(0xcfc));
    log_record(&log, 0x82016, NULL, WORDS(0xcfc));
    log_entry(&log, 1600);
    harness_start(&harness);
    import_good(&harness, &log);
    assert_int_equal(harness.count, 2);
    assert_true(harness.records[0].flags & VS_FLAG_VALUE_UNKNOWN);
    assert_int_equal(harness.records[0].value, 0);
    assert_int_equal(harness.records[0].size, 4);
    /* One exit, one duration. */
    assert_int_equal(harness.records[0].duration_ns, 300);
    assert_int_equal(harness.records[1].duration_ns, 0);
    assert_int_equal(harness_count(&harness, VS_IMPORT_INFERRED, "further-access-in-exit"), 1);
    harness_end(&harness);
}

static void the_same_write_twice_in_an_exit_is_kept_and_counted(void **state)
{
    struct log log = {.size = 0};
    struct harness harness;

    (void)state;
    log_window(&log, 0);
    log_runstate(&log, 1000, VCPU(0, 0), RUNNABLE, RUNNING);
    log_port_exit(&log, 1100, 0x10, 1, 0xcf8, 0x80000840);
    log_exit(&log, 1300, REASON_SVM_IO, 0x20);
    log_out(&log, 0xcfc, 5);
    log_out(&log, 0xcfc, 5);
    log_entry(&log, 1600);
    harness_start(&harness);
    import_good(&harness, &log);
    assert_int_equal(harness.count, 2);
    assert_int_equal(harness_count(&harness, VS_IMPORT_INFERRED, "write-perhaps-retried"), 1);
    harness_end(&harness);
}

static void the_vpci_tracepoint_replaces_inference(void **state)
{
    struct log log = {.size = 0};
    uint64_t tsc = 1350;
    struct harness harness;

    (void)state;
    log_window(&log, 0);
    log_port_exit(&log, 1100, 0x10, 1, 0xcf8, 0x80000844);
    log_exit(&log, 1300, REASON_SVM_IO, 0x20);
    log_out(&log, 0xcfe, 5);
    /* 00:01.0 register 0x46, 2 bytes, write, by d0v3: nothing else tells who runs. */
    log_record(&log, 0x84020, &tsc, WORDS(0x08, 0x46 | 2 << 12 | 1 << 15, 5, VCPU(0, 3), 1, 2, 3));
    log_entry(&log, 1600);
    harness_start(&harness);
    import_good(&harness, &log);
    assert_int_equal(harness.count, 1);
    assert_int_equal(harness.records[0].size, 2);
    assert_int_equal(harness.records[0].vcpu, 3);
    assert_int_equal(harness.records[0].reg, 0x46);
    assert_int_equal(harness.records[0].duration_ns, 300);
    assert_false(harness.records[0].flags & VS_FLAG_SIZE_INFERRED);
    harness_end(&harness);
}

static void a_tsc_that_goes_back_keeps_the_streams_order(void **state)
{
    struct log log = {.size = 0};
    struct harness harness;

    (void)state;
    log_window(&log, 0);
    log_runstate(&log, 1000, VCPU(0, 0), RUNNABLE, RUNNING);
    log_port_exit(&log, 1100, 0x10, 1, 0xcf8, 0x80000840);
    log_port_exit(&log, 5000, 0x20, 0, 0xcfc, 0x11111111);
    log_port_exit(&log, 3000, 0x20, 0, 0xcfc, 0x22222222);
    harness_start(&harness);
    import_good(&harness, &log);
    assert_int_equal(harness.count, 2);
    assert_int_equal(harness.records[0].value, 0x11111111);
    assert_int_equal(harness.records[1].value, 0x22222222);
    assert_int_equal(harness_count(&harness, VS_IMPORT_INFERRED, "tsc-went-back"), 2);
    harness_end(&harness);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(documented_example_gives_its_one_access),
        cmocka_unit_test(without_a_frequency_it_says_how_to_give_one),
        cmocka_unit_test(frequency_scales_times),
        cmocka_unit_test(last_window_cut_short_is_an_end),
        cmocka_unit_test(zeros_at_the_end_are_an_end),
        cmocka_unit_test(wrap_filler_is_skipped_by_its_length),
        cmocka_unit_test(lost_records_make_latches_stale_and_name_who_runs),
        cmocka_unit_test(own_latch_is_stale_after_lost_records),
        cmocka_unit_test(exit_and_latch_follow_a_vcpu_to_another_pcpu),
        cmocka_unit_test(continuing_through_the_scheduler_splits_the_exit),
        cmocka_unit_test(records_of_unsynchronised_pcpus_are_kept_and_marked),
        cmocka_unit_test(without_scheduling_records_it_says_what_to_capture),
        cmocka_unit_test(domains_have_latches_of_their_own),
        cmocka_unit_test(only_chosen_domains_are_kept),
        cmocka_unit_test(own_latch_is_preferred_and_anothers_is_marked),
        cmocka_unit_test(what_cannot_be_rebuilt_is_counted_by_reason),
        cmocka_unit_test(first_vcpu_is_told_by_its_leaving),
        cmocka_unit_test(ecam_above_4_gib_keeps_wide_values),
        cmocka_unit_test(faults_and_other_memory_are_mmio),
        cmocka_unit_test(without_ecam_windows_memory_is_counted_as_doubtful),
        cmocka_unit_test(msix_table_accesses_are_told_by_the_snapshot),
        cmocka_unit_test(a_function_that_does_not_answer_is_absent),
        cmocka_unit_test(exit_ids_of_4_19_and_nested_guests_are_understood),
        cmocka_unit_test(a_vendor_that_the_log_contradicts_is_refused),
        cmocka_unit_test(a_rep_access_has_no_value),
        cmocka_unit_test(the_same_write_twice_in_an_exit_is_kept_and_counted),
        cmocka_unit_test(the_vpci_tracepoint_replaces_inference),
        cmocka_unit_test(a_tsc_that_goes_back_keeps_the_streams_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
