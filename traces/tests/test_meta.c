/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Metadata survives its JSON, and JSON that is no metadata is refused with its place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trace.h"

static char *text_of(const struct vs_trace_meta *meta)
{
    struct vs_json_out *json = vs_trace_meta_json(meta);
    char *text = NULL;
    assert_int_equal(vs_json_text(json, &text, NULL), 0);
    vs_json_out_free(json);
    return text;
}

static int parse(const char *text, struct vs_trace_meta *meta, struct vs_error *error)
{
    struct vs_json_doc *doc = NULL;
    assert_int_equal(vs_json_parse(text, strlen(text), "meta", &doc, NULL), 0);
    struct vs_json root = vs_json_root(doc);
    int ret = vs_trace_meta_parse(&root, meta, error);
    vs_json_doc_free(doc);
    return ret;
}

static void fill(struct vs_trace_meta *meta)
{
    uint8_t config[4096];
    vs_trace_meta_init(meta);
    strcpy(meta->source, "xentrace");
    strcpy(meta->backend, "xen-4.17 \"svm\"");
    strcpy(meta->origin, "näme\n");
    meta->emulated = true;
    meta->clock = (struct vs_clock){.name = "xen-tsc",
                                    .wall_epoch_ns = 1795367897000000001,
                                    .tick_hz = 2394374000.5,
                                    .tick_source = "--tsc-hz",
                                    .duration_covers = VS_DURATION_VMEXIT,
                                    .note = "a caveat"};
    for (unsigned int i = 0; i < 70; i++) {
        struct vs_trace_domain *domain = vs_trace_meta_add_domain(meta);
        assert_non_null(domain);
        domain->id = (uint16_t)(i * 900);
        domain->vcpus = (uint16_t)i;
        domain->hardware_domain = i == 3;
    }
    for (unsigned int i = 0; i < sizeof(config); i++)
        config[i] = (uint8_t)(i * 7);
    static const uint16_t sizes[] = {0, 64, 256, 4096};
    for (unsigned int i = 0; i < 4; i++) {
        struct vs_trace_device *device = vs_trace_meta_add_device(meta);
        assert_non_null(device);
        device->sbdf = i * 0x10008;
        device->domain = i ? (uint16_t)(i * 900) : VS_DOMAIN_NONE;
        device->hidden = i == 2;
        device->bar_size[6] = 1u << i;
        if (sizes[i])
            assert_int_equal(vs_trace_device_set_config(device, config, sizes[i]), 0);
    }
    struct vs_ecam *ecam = vs_trace_meta_add_ecam(meta);
    assert_non_null(ecam);
    *ecam = (struct vs_ecam){0xb0000000, 3, 1, 255};
    assert_int_equal(vs_trace_meta_add_what_if(meta, "merged %d", 2), 0);
    assert_int_equal(vs_trace_meta_add_note(meta, "50%% of it"), 0);
    meta->import_json = strdup("{\"seen\": {\"lines\": 3}}");
}

static void test_survives_json(void **state)
{
    struct vs_trace_meta meta, back, copy;
    struct vs_error error = VS_ERROR_INIT;
    (void)state;
    fill(&meta);
    char *text = text_of(&meta);
    if (parse(text, &back, &error) < 0)
        fail_msg("%s", error.text);
    char *again = text_of(&back);
    assert_string_equal(text, again);
    assert_int_equal(back.device_count, 4);
    assert_memory_equal(back.devices[3].config, meta.devices[3].config, 4096);
    assert_int_equal(back.devices[0].domain, VS_DOMAIN_NONE);
    assert_null(back.devices[0].config);
    assert_string_equal(back.notes[0], "50% of it");
    assert_string_equal(back.origin, "näme\n");
    assert_true(back.clock.tick_hz == 2394374000.5);
    assert_int_equal(vs_trace_meta_copy(&copy, &back), 0);
    vs_trace_meta_free(&back);
    char *third = text_of(&copy);
    assert_string_equal(text, third);
    free(text);
    free(again);
    free(third);
    vs_trace_meta_free(&meta);
    vs_trace_meta_free(&copy);
}

static void test_config_sizes(void **state)
{
    struct vs_trace_device device = {0};
    uint8_t config[4096] = {0};
    (void)state;
    assert_int_equal(vs_trace_device_set_config(&device, config, 65), VS_ERR_INPUT);
    assert_int_equal(vs_trace_device_set_config(&device, config, 0), VS_ERR_INPUT);
    assert_null(device.config);
}

/* A copy of text with its first `from` replaced by `to`. */
static char *replaced(const char *text, const char *from, const char *to)
{
    const char *at = strstr(text, from);
    if (!at)
        fail_msg("no %s in %s", from, text);
    char *changed = NULL;
    assert_true(asprintf(&changed, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from)) >= 0);
    return changed;
}

/* Replace the first `from` of good metadata by `to` and expect a refusal that says so. */
static void refuse(const char *from, const char *to, const char *reason)
{
    struct vs_trace_meta meta, back;
    struct vs_error error = VS_ERROR_INIT;
    fill(&meta);
    char *text = text_of(&meta);
    char *changed = replaced(text, from, to);
    assert_int_equal(parse(changed, &back, &error), VS_ERR_INPUT);
    if (!strstr(error.text, reason))
        fail_msg("\"%s\" does not say \"%s\"", error.text, reason);
    free(text);
    free(changed);
    vs_trace_meta_free(&meta);
}

static void test_refusals_name_the_place(void **state)
{
    (void)state;
    refuse("\"emulated\"", "\"emulatd\"", "emulat");
    refuse("\"source\":\"xentrace\"", "\"source\":1", "source");
    refuse("\"vm-exit\"", "\"vm-exits\"", "clock.duration_covers: unknown duration_covers");
    refuse("\"sbdf\":\"0000:00:00.0\"", "\"sbdf\":\"0000:00:20.0\"", "devices[0].sbdf");
    refuse("\"config_bytes\":64", "\"config_bytes\":65", "devices[1].config");
    refuse("\"config_bytes\":64", "\"config_bytes\":0", "devices[1].config");
    refuse("\"config\":\"0007", "\"config\":\"00x7", "devices[1].config");
    refuse("\"config\":\"0007", "\"config\":\"007", "devices[1].config");
    refuse("\"bar_bytes\":[0,", "\"bar_bytes\":[", "expected 7 sizes, found 6");
    refuse("\"bus_last\":255", "\"bus_last\":256", "ecam[0].bus_last");
    refuse("\"id\":0", "\"id\":65536", "domains[0].id");
    refuse("\"what_if\":[\"merged 2\"]", "\"what_if\":[2]", "what_if[0]");
}

static void test_long_texts_are_cut_at_a_character(void **state)
{
    struct vs_trace_meta meta, back;
    (void)state;
    fill(&meta);
    char *text = text_of(&meta);
    /* The last character is bytes 30 and 31 of 31: it does not fit. */
    char *changed = replaced(text, "xentrace", "012345678901234567890123456789\xc3\xa4");
    assert_int_equal(parse(changed, &back, NULL), 0);
    assert_int_equal(strlen(back.source), 30);
    free(text);
    free(changed);
    vs_trace_meta_free(&meta);
    vs_trace_meta_free(&back);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_survives_json),
        cmocka_unit_test(test_config_sizes),
        cmocka_unit_test(test_refusals_name_the_place),
        cmocka_unit_test(test_long_texts_are_cut_at_a_character),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
