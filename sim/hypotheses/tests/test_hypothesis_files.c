/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is built in is what is there, and what is wrong is refused at its place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hypotheses/hypothesis.h"
#include "hypotheses/texts.h"
#include "random.h"

static size_t count_files(const char *folder)
{
    char path[512];
    size_t count = 0;

    snprintf(path, sizeof(path), "%s/sim/hypotheses/%s", getenv("VS_SOURCE_DIR"), folder);
    DIR *directory = opendir(path);

    assert_non_null(directory);
    for (struct dirent *entry = readdir(directory); entry; entry = readdir(directory))
        count += strlen(entry->d_name) > 5 &&
                 strcmp(entry->d_name + strlen(entry->d_name) - 5, ".json") == 0;
    closedir(directory);
    return count;
}

static size_t count_names(enum vs_text_kind kind)
{
    size_t count = 0;

    while (vs_text_names(kind)[count])
        count++;
    return count;
}

static void the_registry_is_the_directory(void **state)
{
    (void)state;
    assert_int_equal(count_files("."), count_names(VS_TEXT_HYPOTHESIS));
    assert_int_equal(count_files("policies"), count_names(VS_TEXT_POLICY));
    assert_int_equal(count_files("scenarios"), count_names(VS_TEXT_SCENARIO));
}

static void everything_built_in_can_be_read_and_has_its_name(void **state)
{
    const struct vs_hypothesis_options options = {0};

    (void)state;
    for (size_t i = 0; vs_hypothesis_names()[i]; i++) {
        const char *name = vs_hypothesis_names()[i];
        struct vs_hypothesis *hypothesis = NULL;
        struct vs_error error = VS_ERROR_INIT;

        if (vs_hypothesis_load(name, &hypothesis, &error) < 0)
            fail_msg("%s: %s", name, error.text);
        assert_string_equal(hypothesis->name, name);
        vs_hypothesis_free(hypothesis);
    }
    for (size_t i = 0; vs_text_names(VS_TEXT_POLICY)[i]; i++) {
        const char *name = vs_text_names(VS_TEXT_POLICY)[i];
        struct vs_policy *policy = NULL;
        struct vs_error error = VS_ERROR_INIT;

        if (vs_hypothesis_policy(&options, name, &policy, &error) < 0)
            fail_msg("%s: %s", name, error.text);
        assert_string_equal(policy->name, name);
        /* A variant must not stand in the way of a policy that ships. */
        assert_null(vs_policy_builtin_text(name));
        vs_policy_free(policy);
    }
    for (size_t i = 0; vs_text_names(VS_TEXT_SCENARIO)[i]; i++) {
        const char *name = vs_text_names(VS_TEXT_SCENARIO)[i];
        struct vs_scenario *scenario = NULL;

        assert_int_equal(
            vs_scenario_parse(vs_text_of(VS_TEXT_SCENARIO, name), name, &scenario, NULL), 0);
        assert_string_equal(scenario->name, name);
        vs_scenario_free(scenario);
    }
}

/* ------------------------------------------------------------------- bad input */

static char *temporary(const char *text)
{
    static char path[64];

    snprintf(path, sizeof(path), "/tmp/vpcisim-hypothesis-%ld.json", (long)getpid());
    FILE *stream = fopen(path, "w");

    assert_non_null(stream);
    fputs(text, stream);
    assert_int_equal(fclose(stream), 0);
    return path;
}

static int load_text(const char *text, struct vs_error *error)
{
    struct vs_hypothesis *hypothesis = NULL;
    char *path = temporary(text);
    int ret = vs_hypothesis_load(path, &hypothesis, error);

    unlink(path);
    vs_hypothesis_free(hypothesis);
    return ret;
}

#define HEAD "{\"name\": \"X\", \"title\": \"t\", \"claim\": \"c\", \"source\": \"s\", \"rule\": "
#define GOOD HEAD "\"parts\", "
#define WORKLOAD(callers)                                                                     \
    "\"workloads\": {\"w\": {\"about\": \"a\", \"seed\": 1, \"domains\": 2, \"devices\": 2, " \
    "\"callers\": " callers "}}, "
#define CALLER(rest) \
    "[{\"in\": \"all\", \"vcpus\": 1, \"calls\": 2, \"think\": \"1us\", \"on\": \"own\", " rest "}]"
#define MIX        "\"mix\": [{\"op\": \"read-memory\"}]"
#define TEST(test) "\"tests\": [" test "]}"
#define REPLAY_OF(metric)                                                                    \
    "{\"says\": \"s\", \"replay\": {\"workload\": \"w\", \"policy\": \"none\", \"metric\": " \
    "\"" metric "\"}, \"at-least\": 1}"

static void wrong_files_are_refused_with_the_place(void **state)
{
    static const struct {
        const char *text, *says;
    } rows[] = {
        {"[]", "object"},
        {HEAD "\"maybe\", " TEST(""), "rule: expected parts or always"},
        {GOOD TEST(""), "tests: no test"},
        {GOOD TEST("{\"says\": \"s\"}"), "tests[0]: expected one of check"},
        {GOOD TEST("{\"says\": \"s\", \"chek\": {}}"), "chek"},
        {GOOD TEST("{\"says\": \"s\", \"check\": {\"policy\": \"none\", \"scenario\": \"S99\"}, "
                   "\"expect\": \"absent\"}"),
         "S99"},
        {GOOD TEST("{\"says\": \"s\", \"check\": {\"policy\": \"none\", \"scenario\": \"S1\"}, "
                   "\"expect\": \"never\"}"),
         "expect: expected reached or absent"},
        {GOOD TEST("{\"says\": \"s\", \"pairs\": {\"policy\": \"none\", \"except\": [\"red\"]}, "
                   "\"expect\": \"absent\"}"),
         "unknown operation \"red\""},
        {GOOD TEST("{\"says\": \"s\", \"role\": \"extra\", \"check\": {}}"), "expected control"},
        {GOOD TEST("{\"says\": \"s\", \"nested\": {\"policy\": \"none\", \"lock\": \"l\"}, "
                   "\"at-least\": 1, \"at-most\": 2}"),
         "at-least or at-most, not both"},
        {GOOD WORKLOAD(CALLER(MIX)) TEST(REPLAY_OF("p98")), "did you mean \"p9"},
        {GOOD WORKLOAD(CALLER(MIX)) TEST(REPLAY_OF("hold-max")), "expected \"of\" and a lock"},
        {GOOD WORKLOAD(CALLER(MIX)) TEST(REPLAY_OF("p99 of red")), "unknown operation \"red\""},
        {GOOD WORKLOAD(CALLER(MIX)) TEST(REPLAY_OF("hold-max of l sideways")), "exclusive, read"},
        {GOOD WORKLOAD(CALLER(MIX)) TEST(REPLAY_OF("makespan of l")), "cannot be read"},
        {GOOD WORKLOAD("[]") TEST(""), "callers: expected 1 to"},
        {GOOD WORKLOAD(CALLER("\"mix\": []")) TEST(""), "mix: expected 1 to"},
        {GOOD WORKLOAD(CALLER(MIX ", \"in-turn\": []")) TEST(""), "mix or in-turn, not both"},
        {GOOD WORKLOAD(CALLER("\"mix\": [{\"op\": \"read-memory\", \"vektors\": 2}]")) TEST(""),
         "unknown quantity \"vektors\""},
        {GOOD WORKLOAD(CALLER("\"mix\": [{\"op\": \"toggle-decode\"}]")) TEST(""),
         "expected map-slices"},
        {GOOD WORKLOAD("[{\"in\": \"all\", \"vcpus\": 64, \"calls\": 100000, \"think\": \"1us\", "
                       "\"on\": \"own\", " MIX "}]") TEST(""),
         "calls in all"},
        {GOOD WORKLOAD("[{\"in\": \"all\", \"vcpus\": 1, \"calls\": 1, \"think\": \"1\", "
                       "\"on\": \"own\", " MIX "}]") TEST(""),
         "expected a duration"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct vs_error error = VS_ERROR_INIT;

        if (load_text(rows[i].text, &error) != VS_ERR_INPUT || !strstr(error.text, rows[i].says))
            fail_msg("%s\nsays \"%s\", expected \"%s\"", rows[i].text, error.text, rows[i].says);
    }
}

static void an_unknown_name_or_policy_is_told(void **state)
{
    const struct vs_hypothesis_options options = {0};
    struct vs_hypothesis *hypothesis = NULL;
    struct vs_hypothesis_result *result = NULL;
    struct vs_error error = VS_ERROR_INIT;

    (void)state;
    assert_int_equal(vs_hypothesis_load("H99", &hypothesis, &error), VS_ERR_USAGE);
    assert_non_null(strstr(error.text, "H1 to H20"));
    char *path = temporary(GOOD TEST("{\"says\": \"s\", \"check\": {\"policy\": \"pci-lok\", "
                                     "\"scenario\": \"S1\"}, \"expect\": \"absent\"}"));

    error = (struct vs_error)VS_ERROR_INIT;
    assert_int_equal(vs_hypothesis_load(path, &hypothesis, &error), 0);
    unlink(path);
    assert_int_equal(vs_hypothesis_run(hypothesis, &options, &result, &error), VS_ERR_USAGE);
    assert_null(result);
    assert_non_null(strstr(error.text, "pci-lok"));
    vs_hypothesis_free(hypothesis);
}

/* Bytes of a good file changed, dropped and doubled: read or refused, with a reason. */
static void mutated_files_are_read_or_refused(void **state)
{
    struct vs_random random;

    (void)state;
    vs_random_seed(&random, 7, 0);
    for (int round = 0; round < 400; round++) {
        const char *name = vs_hypothesis_names()[vs_random_below(&random, 20)];
        char *text = strdup(vs_text_of(VS_TEXT_HYPOTHESIS, name));
        size_t length = strlen(text);
        struct vs_error error = VS_ERROR_INIT;

        for (uint64_t i = vs_random_below(&random, 4) + 1; i > 0; i--) {
            size_t at = vs_random_below(&random, length);

            if (vs_random_below(&random, 2))
                text[at] = (char)(vs_random_below(&random, 95) + 32);
            else
                memmove(text + at, text + at + 1, length - at);
            length = strlen(text);
        }
        if (load_text(text, &error) < 0)
            assert_true(error.text[0] != '\0');
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_registry_is_the_directory),
        cmocka_unit_test(everything_built_in_can_be_read_and_has_its_name),
        cmocka_unit_test(wrong_files_are_refused_with_the_place),
        cmocka_unit_test(an_unknown_name_or_policy_is_told),
        cmocka_unit_test(mutated_files_are_read_or_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
