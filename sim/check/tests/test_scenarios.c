/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every scenario's verdict on every policy that ships is the one it states, with
 * and without reduction; and files that are wrong are refused with their place.
 */
#include "scene.h"

static void every_verdict_is_the_one_that_is_stated(void **state)
{
    (void)state;
    for (const char *const *policy = vs_policy_names(); *policy; policy++) {
        struct scene scene = scene_open(*policy, 2);

        for (const char *const *name = vs_scenario_names(); *name; name++) {
            struct vs_scenario *scenario;
            struct vs_error error = VS_ERROR_INIT;

            if (vs_scenario_load(*name, &scenario, &error) < 0)
                fail_msg("%s: %s", *name, error.text);
            assert_string_equal(scenario->name, *name);
            if (!scenario->not_modelled) {
                int expected = vs_scenario_expected(scenario, *policy);
                uint32_t found = scene_found(&scene, &scenario->setup, false);

                if (expected < 0)
                    fail_msg("%s states nothing about %s", *name, *policy);
                if ((expected == 1) != !!(found & scenario->looks_for))
                    fail_msg("%s under %s: expected %s", *name, *policy,
                             expected ? "a violation" : "none");
            }
            vs_scenario_free(scenario);
        }
        scene_close(&scene);
    }
}

struct refused {
    const char *from, *to; /* a change to a scenario that ships */
    const char *says;
};

static const struct refused refusals[] = {
    {"\"device-remove\"", "\"device-removed\"", "did you mean \"device-remove\""},
    {"\"use-after-free\"", "\"use-after-fire\"", "name of a violation"},
    {"\"device\": 1", "\"device\": 3", "does not have"},
    {"\"domain\": 1", "\"domain\": 9", "expected"},
    {"\"title\"", "\"titel\"", "title"},
    {"\"owner\": 1", "\"owner\": 2", "belongs to a domain"},
    {"\"looks-for\": [\"use-after-free\"]", "\"looks-for\": []", "at least one"},
    {"\"looks-for\": [\"use-after-free\"]", "\"looks-for\": [\"unmapped-bar\"]", "also-look-for"},
    {"\"holds\": [", "\"holds\": [\"none\", ", "expected to break as well"},
    {"\"owner\": 1", "\"owner\": 1, \"hidden\": true", "was the host's own"},
    {"\"owner\": 1", "\"owner\": 1, \"virtual\": true, \"msix\": false", "has MSI-X"},
    {"\"domains\": 2", "\"domains\": 2, \"failures\": 1", "expected"},
    {"\"calls\": [", "\"calls\": 7, \"call\": [", "call"},
};

static char *read_scenario(const char *name)
{
    char path[4096], *text = calloc(1, 65536);

    snprintf(path, sizeof(path), "%s/sim/scenarios/%s.json", getenv("VS_SOURCE_DIR"), name);
    FILE *stream = fopen(path, "r");

    assert_non_null(stream);
    assert_non_null(text);
    assert_true(fread(text, 1, 65535, stream) > 0);
    fclose(stream);
    return text;
}

static void wrong_scenarios_are_refused_with_their_place(void **state)
{
    char *text = read_scenario("s1");

    (void)state;
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        const char *at = strstr(text, refusals[i].from);
        struct vs_scenario *scenario = NULL;
        struct vs_error error = VS_ERROR_INIT;
        FILE *stream = fopen("wrong-scenario.json", "w");

        assert_non_null(stream);
        if (!at)
            fail_msg("%s is not in the scenario", refusals[i].from);
        fprintf(stream, "%.*s%s%s", (int)(at - text), text, refusals[i].to,
                at + strlen(refusals[i].from));
        fclose(stream);
        assert_int_equal(vs_scenario_load("wrong-scenario.json", &scenario, &error), VS_ERR_INPUT);
        assert_null(scenario);
        if (!strstr(error.text, refusals[i].says))
            fail_msg("\"%s\" does not say \"%s\"", error.text, refusals[i].says);
    }
    free(text);
}

/* Seeded damage: refused or read, never a crash (run under sanitizers too). */
static void damaged_scenarios_never_crash(void **state)
{
    char *text = read_scenario("s12");
    size_t length = strlen(text);
    uint64_t seed = 20220215;
    unsigned int refused = 0;

    (void)state;
    for (int i = 0; i < 600; i++) {
        struct vs_scenario *scenario = NULL;
        char *damaged = strdup(text);
        FILE *stream = fopen("damaged-scenario.json", "w");

        for (int change = 0; change < 1 + i % 3; change++) {
            seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
            damaged[(seed >> 33) % length] = (char)(seed >> 56);
        }
        assert_non_null(stream);
        fwrite(damaged, 1, i % 5 ? length : (seed >> 40) % length, stream);
        fclose(stream);
        refused += vs_scenario_load("damaged-scenario.json", &scenario, NULL) < 0;
        vs_scenario_free(scenario);
        free(damaged);
    }
    assert_true(refused > 300);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_verdict_is_the_one_that_is_stated),
        cmocka_unit_test(wrong_scenarios_are_refused_with_their_place),
        cmocka_unit_test(damaged_scenarios_never_crash),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
