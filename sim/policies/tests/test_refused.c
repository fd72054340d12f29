/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Each rule of the compiler refuses, for its own reason: every NAME.json in
 * refused/ fails with exactly the text in NAME.txt.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "policies/policy.h"

#define TEXT_MAX 2048

static void go_to(const char *folder)
{
    const char *root = getenv("VS_SOURCE_DIR");
    char path[4096];

    assert_non_null(root);
    snprintf(path, sizeof(path), "%s/sim/policies/%s", root, folder);
    assert_int_equal(chdir(path), 0);
}

static void read_expected(const char *json, char *text)
{
    char name[300];

    snprintf(name, sizeof(name), "%.*s.txt", (int)strlen(json) - 5, json);
    FILE *stream = fopen(name, "r");

    if (!stream)
        fail_msg("%s has no expected text beside it", json);
    size_t length = fread(text, 1, TEXT_MAX - 1, stream);

    fclose(stream);
    while (length > 0 && text[length - 1] == '\n')
        length--;
    text[length] = '\0';
}

static void each_rule_refuses_for_its_own_reason(void **state)
{
    unsigned int count = 0;

    (void)state;
    go_to("tests/refused");
    DIR *folder = opendir(".");

    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder));) {
        const char *dot = strrchr(entry->d_name, '.');
        struct vs_error error = VS_ERROR_INIT;
        struct vs_policy *policy = NULL;
        char expected[TEXT_MAX], found[TEXT_MAX];

        if (!dot || strcmp(dot, ".json") != 0)
            continue;
        read_expected(entry->d_name, expected);
        int ret = vs_policy_load(entry->d_name, &policy, &error);

        if (ret != VS_ERR_INPUT || policy)
            fail_msg("%s was not refused as bad input", entry->d_name);
        assert_string_equal(vs_error_describe(&error, found, sizeof(found)), expected);
        count++;
    }
    closedir(folder);
    /* A wrong path would pass for want of files. */
    assert_true(count > 60);
}

static void an_unknown_name_is_a_usage_error_with_the_nearest(void **state)
{
    struct vs_error error = VS_ERROR_INIT;
    struct vs_policy *policy = NULL;

    (void)state;
    assert_int_equal(vs_policy_load("pci-locks", &policy, &error), VS_ERR_USAGE);
    assert_null(policy);
    assert_non_null(strstr(error.text, "did you mean \"pci-lock\"?"));
}

static void a_directory_is_a_host_error(void **state)
{
    struct vs_error error = VS_ERROR_INIT;
    struct vs_policy *policy = NULL;

    (void)state;
    assert_int_equal(vs_policy_load("/", &policy, &error), VS_ERR_HOST);
    assert_null(policy);
}

static void an_empty_text_and_a_truncated_one_are_refused(void **state)
{
    const char *text = vs_policy_builtin_text("rcu");
    size_t length = strlen(text);

    (void)state;
    for (size_t cut = 0; cut + 2 < length; cut += 97) {
        struct vs_error error = VS_ERROR_INIT;
        struct vs_policy *policy = NULL;

        assert_int_equal(vs_policy_compile(text, cut, "cut", &policy, &error), VS_ERR_INPUT);
        assert_null(policy);
        assert_int_equal(error.code, VS_ERR_INPUT);
    }
}

static void errors_may_be_unwanted(void **state)
{
    struct vs_policy *policy = NULL;

    (void)state;
    assert_int_equal(vs_policy_compile("{}", 2, NULL, &policy, NULL), VS_ERR_INPUT);
    vs_policy_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_rule_refuses_for_its_own_reason),
        cmocka_unit_test(an_unknown_name_is_a_usage_error_with_the_nearest),
        cmocka_unit_test(a_directory_is_a_host_error),
        cmocka_unit_test(an_empty_text_and_a_truncated_one_are_refused),
        cmocka_unit_test(errors_may_be_unwanted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
