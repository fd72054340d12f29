/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Schedules: they end in what they claim, survive JSON and back, and are refused
 * when they do not fit.
 */
#include "scene.h"

static struct vs_check_finding find(const struct scene *scene, const char *name)
{
    struct vs_check_limits limits = {0};
    struct vs_check_result result;
    struct vs_scenario *scenario;
    struct vs_check_finding finding = {0};

    assert_int_equal(vs_scenario_load(name, &scenario, NULL), 0);
    assert_int_equal(
        vs_check_explore(scene->code, &scenario->setup, &limits, scene->space, NULL, &result, NULL),
        0);
    for (int i = 0; i < VS_VIOLATION_COUNT; i++)
        if (((result.found & scenario->looks_for) >> i) & 1u) {
            finding = result.findings[i];
            result.findings[i].schedule = NULL;
            break;
        }
    assert_non_null(finding.schedule);
    vs_check_result_release(&result);
    vs_scenario_free(scenario);
    return finding;
}

static void a_schedule_says_who_freed_and_who_used(void **state)
{
    struct scene scene = scene_open("pci-lock", 2);
    struct vs_check_finding finding = find(&scene, "S14");

    (void)state;
    assert_int_equal(vs_check_describe(scene.code, &finding, NULL), 0);
    assert_non_null(strstr(finding.text, "v0 (map-pending: vpci_process_pending) uses a device"));
    assert_non_null(strstr(finding.text, "pdev of dev0, freed by v1 (device-remove"));
    free(finding.schedule);
    scene_close(&scene);
}

static void shortening_never_makes_it_longer_and_keeps_the_violation(void **state)
{
    struct scene scene = scene_open("device-lock", 2);
    struct vs_check_limits limits = {0};

    (void)state;
    for (const char *const *name = (const char *const[]){"S1", "S2", "S4", "S7", "S14", NULL};
         *name; name++) {
        struct vs_check_finding finding = find(&scene, *name);
        uint16_t length = finding.length;

        assert_int_equal(vs_check_shorten(scene.code, &limits, scene.space, &finding, NULL), 0);
        assert_true(finding.shortest);
        assert_true(finding.length <= length);
        assert_int_equal(vs_check_describe(scene.code, &finding, NULL), 0);
        finding.length--; /* it is the last step that does it */
        assert_int_equal(vs_check_describe(scene.code, &finding, NULL), VS_ERR_INPUT);
        free(finding.schedule);
    }
    scene_close(&scene);
}

static char *as_text(const struct scene *scene, const struct vs_check_finding *finding)
{
    struct vs_json_out *out = vs_json_new_object();
    char *text = NULL;

    assert_int_equal(vs_check_schedule_json(scene->code, finding, out, NULL), 0);
    assert_int_equal(vs_json_text(out, &text, NULL), 0);
    vs_json_out_free(out);
    return text;
}

static void a_schedule_survives_json_and_back(void **state)
{
    struct scene scene = scene_open("domain-rwlock", 2);
    struct vs_check_finding finding = find(&scene, "S11"), again;
    char *text = as_text(&scene, &finding);
    struct vs_json_doc *doc;
    const char *policy;

    (void)state;
    assert_int_equal(vs_json_parse(text, strlen(text), "schedule", &doc, NULL), 0);
    struct vs_json root = vs_json_root(doc);

    assert_int_equal(vs_check_schedule_read(&root, &again, &policy, NULL), 0);
    assert_string_equal(policy, "domain-rwlock");
    assert_int_equal(again.length, finding.length);
    assert_memory_equal(again.schedule, finding.schedule, finding.length);
    char *second = as_text(&scene, &again);

    /* "shortest" is a statement of the search, not of the schedule. */
    again.shortest = finding.shortest;
    assert_string_equal(text, second);
    free(second);
    free(again.schedule);
    vs_json_doc_free(doc);
    free(text);
    free(finding.schedule);
    scene_close(&scene);
}

static void a_schedule_of_another_policy_is_refused(void **state)
{
    struct scene scene = scene_open("device-lock", 2), other = scene_open("refcount", 2);
    struct vs_check_finding finding = find(&scene, "S1");
    struct vs_error error = VS_ERROR_INIT;

    (void)state;
    assert_int_equal(vs_check_describe(other.code, &finding, &error), VS_ERR_INPUT);
    assert_non_null(strstr(error.text, "schedule does not"));
    free(finding.schedule);
    scene_close(&scene);
    scene_close(&other);
}

/* Seeded damage to the text of a schedule: refused or re-executed, never a crash. */
static void damaged_schedules_never_crash(void **state)
{
    struct scene scene = scene_open("pci-lock", 2);
    struct vs_check_finding finding = find(&scene, "S14");
    char *text = as_text(&scene, &finding);
    size_t length = strlen(text);
    uint64_t seed = 8862;
    unsigned int refused = 0;

    (void)state;
    for (int i = 0; i < 3000; i++) {
        char *damaged = strdup(text);
        struct vs_json_doc *doc = NULL;
        struct vs_check_finding read = {0};
        const char *policy;
        int ret;

        for (int change = 0; change < 1 + i % 2; change++) {
            seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
            damaged[(seed >> 33) % length] = (char)((seed >> 56) % 10 + '0');
        }
        ret = vs_json_parse(damaged, length, "damaged", &doc, NULL);
        if (ret == 0) {
            struct vs_json root = vs_json_root(doc);

            ret = vs_check_schedule_read(&root, &read, &policy, NULL);
        }
        if (ret == 0)
            ret = vs_check_describe(scene.code, &read, NULL);
        refused += ret < 0;
        free(read.schedule);
        vs_json_doc_free(doc);
        free(damaged);
    }
    assert_true(refused > 500);
    free(text);
    free(finding.schedule);
    scene_close(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_schedule_says_who_freed_and_who_used),
        cmocka_unit_test(shortening_never_makes_it_longer_and_keeps_the_violation),
        cmocka_unit_test(a_schedule_survives_json_and_back),
        cmocka_unit_test(a_schedule_of_another_policy_is_refused),
        cmocka_unit_test(damaged_schedules_never_crash),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
