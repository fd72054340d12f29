/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CSV and JSON lines: what dump prints reads back equal; units are stated; errors have a place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "collect.h"
#include "import/columns.h"

#define HEADER "time_ns,pcpu,domain,vcpu,sbdf,kind,reg,size,value,duration_ns,flags\n"
#define ROW    "1000,2,1,3,0000:00:1f.2,cfg-write,0x004,2,0x7,250,port|size-inferred\n"

static const struct vs_importer *const csv = &vs_importer_csv;
static const struct vs_importer *const jsonl = &vs_importer_jsonl;

static void check_record(const struct collected *out)
{
    const struct vs_record *record = out->records;

    if (out->ret < 0)
        fail_msg("%s", out->error.text);
    assert_null(out->broken);
    assert_int_equal(out->count, 1);
    assert_int_equal(record->time_ns, 1000);
    assert_int_equal(record->pcpu, 2);
    assert_int_equal(record->domain, 1);
    assert_int_equal(record->vcpu, 3);
    assert_int_equal(record->sbdf, 0xfa);
    assert_int_equal(record->kind, VS_KIND_CFG_WRITE);
    assert_int_equal(record->reg, 4);
    assert_int_equal(record->size, 2);
    assert_int_equal(record->value, 7);
    assert_int_equal(record->duration_ns, 250);
    assert_int_equal(record->flags, VS_FLAG_PATH_PORT | VS_FLAG_SIZE_INFERRED);
}

static void check_text(const struct vs_importer *importer, const struct vs_import_options *options,
                       const char *text)
{
    struct collected out;

    collect_text(importer, options, text, &out);
    check_record(&out);
    collected_free(&out);
}

static void refused(const struct vs_importer *importer, const struct vs_import_options *options,
                    const char *text, int code, uint64_t line, const char *expected)
{
    struct collected out;

    collect_text(importer, options, text, &out);
    if (out.ret != code || out.error.line != line || !strstr(out.error.text, expected))
        fail_msg("'%s': %d, line %lld: %s", text, out.ret, (long long)out.error.line,
                 out.error.text);
    collected_free(&out);
}

static void the_columns_of_dump_are_read_without_options(void **state)
{
    (void)state;
    check_text(csv, NULL, HEADER ROW);
    check_text(jsonl, NULL,
               "{\"time_ns\":1000,\"pcpu\":2,\"domain\":1,\"vcpu\":3,\"sbdf\":\"0000:00:1f.2\","
               "\"kind\":\"cfg-write\",\"reg\":4,\"size\":2,\"value\":7,\"duration_ns\":250,"
               "\"flags\":\"port|size-inferred\"}\n");
    check_text(jsonl, NULL,
               "\n{\"flags\":[\"port\",\"size-inferred\"],\"time_ns\":\"1000\",\"pcpu\":\"2\","
               "\"domain\":1,\"vcpu\":3,\"sbdf\":\"00:1f.2\",\"kind\":\"W\",\"reg\":\"0x4\","
               "\"size\":2,\"value\":\"0x7\",\"duration_ns\":250}");
}

static void bom_crlf_quotes_and_a_missing_last_newline_are_read(void **state)
{
    (void)state;
    check_text(csv, NULL,
               "\xef\xbb\xbf\"time_ns\",pcpu,domain,vcpu,sbdf,kind,reg,size,value,duration_ns,"
               "flags,comm\r\n"
               "\r\n\"1000\",2,1,3,00:1f.2,\"cfg-write\",4,2,7,250,port|size-inferred,"
               "\"a, \"\"b\"\"\nc\"");
}

static void columns_are_mapped_with_their_units(void **state)
{
    struct vs_import_options options = {
        .columns = "time=ts:us,device=where,kind=rw,duration=took:ms,value=val"};

    (void)state;
    check_text(csv, &options,
               "rw,ts,where,reg,val,size,took,pcpu,domain,vcpu,flags\n"
               "write,1.000,00:1f.2,4,7,2,0.000250,2,1,3,port|size-inferred\n");
    options.columns = "time=t_us,duration=d_s,device=sbdf";
    check_text(csv, &options,
               "t_us,pcpu,domain,vcpu,sbdf,kind,reg,size,value,d_s,flags\n"
               "1,2,1,3,00:1f.2,w,4,2,7,0.00000025,0x11\n");
}

static void ticks_need_a_frequency(void **state)
{
    struct vs_import_options options = {.columns = "time=tsc:ticks,duration=took:ticks",
                                        .tsc_hz = "2GHz"};
    static const char text[] = "tsc,pcpu,domain,vcpu,sbdf,kind,reg,size,value,took,flags\n"
                               "2000,2,1,3,00:1f.2,w,4,2,7,500,port|size-inferred\n";

    (void)state;
    check_text(csv, &options, text);
    options.tsc_hz = NULL;
    refused(csv, &options, text, VS_ERR_USAGE, VS_NOWHERE, "--tsc-hz is needed");
}

static void a_time_without_unit_is_a_usage_error(void **state)
{
    struct vs_import_options options = {.columns = "time=ts"};

    (void)state;
    refused(csv, NULL, "time,kind\n1,r\n", VS_ERR_USAGE, VS_NOWHERE, "has no unit");
    refused(csv, &options, "ts,kind\n1,r\n", VS_ERR_USAGE, VS_NOWHERE, "has no unit");
    refused(jsonl, NULL, "{\"time\":1,\"kind\":\"r\"}\n", VS_ERR_USAGE, VS_NOWHERE, "has no unit");
    refused(csv, NULL, "time_ns,duration,kind\n1,1,r\n", VS_ERR_USAGE, VS_NOWHERE, "has no unit");
    refused(csv, NULL, "time_ns,time_us,kind\n1,1,r\n", VS_ERR_USAGE, VS_NOWHERE, "both hold");
}

static void wrong_maps_are_usage_errors(void **state)
{
    static const char *const maps[] = {
        "", "time", "time=", "when=ts", "time=ts:fs", "time=a_ns,time=b_ns", "reg=a,"};
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(maps) / sizeof(maps[0]); i++) {
        struct vs_import_options options = {.columns = maps[i]};

        refused(csv, &options, HEADER ROW, VS_ERR_USAGE, VS_NOWHERE, "--columns");
    }
}

static void wrong_rows_are_refused_with_line_column_and_what_was_found(void **state)
{
    (void)state;
    refused(csv, NULL, "", VS_ERR_INPUT, VS_NOWHERE, "empty file");
    refused(csv, NULL, "\n\n", VS_ERR_INPUT, VS_NOWHERE, "empty file");
    refused(csv, NULL, "a,b\n", VS_ERR_INPUT, 1, "column 'time_ns'");
    refused(csv, NULL, "time_ns,reg\n", VS_ERR_INPUT, 1, "column 'kind'");
    refused(csv, NULL, HEADER ROW "1,2\n", VS_ERR_INPUT, 3, "11 fields as in the header");
    refused(csv, NULL, HEADER "x,2,1,3,00:1f.2,w,4,2,7,1,\n", VS_ERR_INPUT, 2,
            "column 'time_ns': expected a number");
    refused(csv, NULL, HEADER "1,2,1,3,00:20.2,w,4,2,7,1,\n", VS_ERR_INPUT, 2,
            "column 'sbdf': expected SEGMENT:BUS:DEVICE.FUNCTION or BUS:DEVICE.FUNCTION, found "
            "'00:20.2'");
    refused(csv, NULL, HEADER "1,2,1,3,00:1f.2,poke,4,2,7,1,\n", VS_ERR_INPUT, 2, "column 'kind'");
    refused(csv, NULL, HEADER "1,2,1,3,00:1f.2,w,4,2,7ff,1,\n", VS_ERR_INPUT, 2, "column 'value'");
    refused(csv, NULL, HEADER "1,2,1,3,00:1f.2,w,4,2,7,1,hot\n", VS_ERR_INPUT, 2, "column 'flags'");
    refused(csv, NULL, HEADER "1,2,1,3,00:1f.2,w,4,3,7,1,\n", VS_ERR_INPUT, 2, "size does not fit");
    refused(csv, NULL, HEADER "1,2,1,3,,w,4,2,7,1,\n", VS_ERR_INPUT, 2, "needs an sbdf");
    refused(csv, NULL, HEADER ",2,1,3,00:1f.2,w,4,2,7,1,\n", VS_ERR_INPUT, 2, "a time");
    refused(csv, NULL, HEADER "-1,2,1,3,00:1f.2,w,4,2,7,1,\n", VS_ERR_INPUT, 2, "time_ns");
    refused(csv, NULL, HEADER "1,2,1,3,00:1f.2,w,,2,7,1,\n", VS_ERR_INPUT, 2, "a register");
    refused(csv, NULL, HEADER "\"1,2\n", VS_ERR_INPUT, 2, "closing quote");
    refused(csv, NULL, HEADER "1\"2\",2\n", VS_ERR_INPUT, 2, "quotes around a whole field");
    refused(csv, NULL, "time_us,kind\n1.0001,dump\n", VS_ERR_INPUT, 2, "whole number of nano");
}

static void wrong_objects_are_refused_with_line_member_and_what_was_found(void **state)
{
    (void)state;
    refused(jsonl, NULL, "", VS_ERR_INPUT, VS_NOWHERE, "empty file");
    refused(jsonl, NULL, "{\"time_ns\":1,\"kind\":\"dump\"}\n{\"time_ns\":2\n", VS_ERR_INPUT, 2,
            "");
    refused(jsonl, NULL, "[1]\n", VS_ERR_INPUT, 1, "a JSON object");
    refused(jsonl, NULL, "{\"time_ns\":1}\n", VS_ERR_INPUT, 1, "kind");
    refused(jsonl, NULL, "{\"time_ns\":true,\"kind\":\"dump\"}\n", VS_ERR_INPUT, 1,
            "member 'time_ns': expected a number, a string or null, found true");
    refused(jsonl, NULL, "{\"time_ns\":1,\"kind\":\"r\",\"reg\":0.5}\n", VS_ERR_INPUT, 1,
            "member 'reg'");
    refused(jsonl, NULL, "{\"time_ns\":1.5,\"kind\":\"dump\"}\n", VS_ERR_INPUT, 1, "time_ns");
    refused(jsonl, NULL, "{\"time_ns\":-5,\"kind\":\"dump\"}\n", VS_ERR_INPUT, 1, "time_ns");
    refused(jsonl, NULL, "{\"time_ns\":1,\"kind\":\"r\",\"sbdf\":3}\n", VS_ERR_INPUT, 1, "sbdf");
}

static void tolerated_damage_is_counted(void **state)
{
    struct vs_import_options options = {.tolerate = true};
    struct collected out;

    (void)state;
    collect_text(csv, &options, HEADER "junk\n" ROW "1,\"\n", &out);
    check_record(&out);
    assert_int_equal(vs_import_report_get(out.report, VS_IMPORT_NOT_REBUILT, "malformed-rows"), 1);
    assert_int_equal(
        vs_import_report_get(out.report, VS_IMPORT_NOT_REBUILT, "damaged-input-cut-off"), 1);
    collected_free(&out);
}

static void what_is_not_stated_is_flagged_and_unused_columns_named(void **state)
{
    struct collected out;

    (void)state;
    collect_text(csv, NULL, "time_ns,kind,sbdf,reg,latency\n5,r,00:00.0,0x10,77\n", &out);
    assert_int_equal(out.ret, 0);
    assert_int_equal(out.records[0].size, 4);
    assert_int_equal(out.records[0].flags,
                     VS_FLAG_SIZE_INFERRED | VS_FLAG_VALUE_UNKNOWN | VS_FLAG_DOMAIN_INFERRED);
    assert_int_equal(out.records[0].vcpu, VS_VCPU_NONE);
    assert_int_equal(vs_import_report_get(out.report, VS_IMPORT_IGNORED, "column-latency"), 1);
    assert_false(out.meta.clock.real_time);
    collected_free(&out);
}

static void the_clock_is_what_was_stated(void **state)
{
    struct vs_import_options options = {.clock = VS_CLOCK_REAL, .duration_covers = "config-cycle"};
    struct collected out;

    (void)state;
    collect_text(csv, &options, HEADER ROW, &out);
    assert_true(out.meta.clock.real_time);
    assert_int_equal(out.meta.clock.duration_covers, VS_DURATION_CONFIG_CYCLE);
    collected_free(&out);
    options.duration_covers = "my own loop";
    collect_text(csv, &options, HEADER ROW, &out);
    assert_int_equal(out.meta.clock.duration_covers, VS_DURATION_STATED);
    assert_non_null(strstr(out.meta.clock.note, "my own loop"));
    collected_free(&out);
    collect_text(csv, NULL, HEADER ROW, &out);
    assert_int_equal(out.meta.clock.duration_covers, VS_DURATION_STATED);
    assert_non_null(strstr(out.meta.clock.note, "not stated"));
    collected_free(&out);
    options.emulated = true;
    refused(csv, &options, HEADER ROW, VS_ERR_USAGE, VS_NOWHERE, "contradict");
}

static void rows_out_of_order_are_sorted_and_equal_times_keep_their_order(void **state)
{
    struct collected out;
    char *text;

    (void)state;
    collect_text(csv, NULL,
                 "time_ns, kind ,value,\tdomain\n30,domain-create,1,0\n10,domain-create,2,0\n"
                 "30,domain-create,3,0\n10,domain-create,4,0\n20,domain-create,5,0\n",
                 &out);
    assert_int_equal(out.ret, 0);
    assert_null(out.broken);
    text = collected_text(&out);
    assert_string_equal(text, "10 d0 v-1 ffffffff domain-create 0.0=2 0\n"
                              "10 d0 v-1 ffffffff domain-create 0.0=4 0\n"
                              "20 d0 v-1 ffffffff domain-create 0.0=5 0\n"
                              "30 d0 v-1 ffffffff domain-create 0.0=1 0\n"
                              "30 d0 v-1 ffffffff domain-create 0.0=3 0\n");
    free(text);
    assert_int_equal(
        vs_import_report_get(out.report, VS_IMPORT_SEEN, "rows-out-of-time-order-sorted"), 3);
    collected_free(&out);
}

/* More rows than are held: a descending block fits as long as it is short, then it does not. */
static void disorder_past_the_stated_bound_is_refused(void **state)
{
    size_t rows = VS_ROWS_HELD_MAX + 10, room = rows * 24 + 64, used, i;
    char *text = malloc(room);

    (void)state;
    assert_non_null(text);
    used = (size_t)snprintf(text, room, "time_ns,kind,domain\n");
    for (i = 0; i < rows; i++)
        used += (size_t)snprintf(text + used, room - used, "%zu,dump,0\n", 1000 + i);
    snprintf(text + used, room - used, "5,dump,0\n");
    refused(csv, NULL, text, VS_ERR_INPUT, rows + 2, "sort the file by time first");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_columns_of_dump_are_read_without_options),
        cmocka_unit_test(bom_crlf_quotes_and_a_missing_last_newline_are_read),
        cmocka_unit_test(columns_are_mapped_with_their_units),
        cmocka_unit_test(ticks_need_a_frequency),
        cmocka_unit_test(a_time_without_unit_is_a_usage_error),
        cmocka_unit_test(wrong_maps_are_usage_errors),
        cmocka_unit_test(wrong_rows_are_refused_with_line_column_and_what_was_found),
        cmocka_unit_test(wrong_objects_are_refused_with_line_member_and_what_was_found),
        cmocka_unit_test(tolerated_damage_is_counted),
        cmocka_unit_test(what_is_not_stated_is_flagged_and_unused_columns_named),
        cmocka_unit_test(the_clock_is_what_was_stated),
        cmocka_unit_test(rows_out_of_order_are_sorted_and_equal_times_keep_their_order),
        cmocka_unit_test(disorder_past_the_stated_bound_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
