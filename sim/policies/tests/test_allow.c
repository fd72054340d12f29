/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * "allow" suspends the rule that it names and no other; layers replace what
 * they name and no more.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "policies/policy.h"

/* Compile "none" with one operation's steps, and one allowance or none. */
static int compile(const char *allow, const char *steps, struct vs_policy **policy,
                   struct vs_error *error)
{
    char text[2048];
    int length =
        snprintf(text, sizeof(text),
                 "{\"name\": \"t\", \"summary\": \"s\", \"source\": \"s\", \"based-on\": \"none\","
                 " \"locks\": {"
                 "  \"big\": {\"kind\": \"ticket\", \"per\": \"global\", \"source\": \"s\"},"
                 "  \"rw\": {\"kind\": \"rwlock\", \"per\": \"domain\", \"source\": \"s\"},"
                 "  \"rcu\": {\"kind\": \"rcu\", \"per\": \"global\", \"source\": \"s\"}},"
                 " \"allow\": [%s%s%s], \"operations\": {\"dump\": [%s]}}",
                 *allow ? "\"" : "", allow, *allow ? "\"" : "", steps);

    *error = (struct vs_error)VS_ERROR_INIT;
    return vs_policy_compile(text, (size_t)length, "t", policy, error);
}

static const struct {
    const char *allow, *steps;
} cases[] = {
    {"self-deadlock", "\"lock big\", \"lock big\", \"unlock big\", \"unlock big\""},
    {"self-deadlock",
     "\"read-lock rw\", \"write-lock rw\", \"write-unlock rw\", \"read-unlock rw\""},
    {"ends-holding", "\"lock big\""},
    {"softirq-under-lock", "\"lock big\", \"softirq\", \"unlock big\""},
    {"rcu-barrier-under-lock", "\"lock big\", \"rcu-barrier rcu\", \"unlock big\""},
    {"reschedule-under-lock", "\"lock big\", \"reschedule\", \"unlock big\""},
};

static void each_rule_is_suspended_by_its_name_alone(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (size_t j = 0; j < sizeof(cases) / sizeof(cases[0]); j++) {
            struct vs_policy *policy = NULL;
            struct vs_error error;
            bool same = strcmp(cases[i].allow, cases[j].allow) == 0;
            int ret = compile(cases[j].allow, cases[i].steps, &policy, &error);

            if ((ret == 0) != same)
                fail_msg("%s with \"%s\" allowed: %s", cases[i].steps, cases[j].allow, error.text);
            vs_policy_free(policy);
        }
    }
}

static void a_writer_may_read_and_a_holder_of_a_reference_may_reschedule(void **state)
{
    struct vs_policy *policy = NULL;
    struct vs_error error;

    (void)state;
    assert_int_equal(compile("",
                             "\"write-lock rw\", \"read-lock rw\", \"read-unlock rw\","
                             "\"write-unlock rw\", \"reschedule\"",
                             &policy, &error),
                     0);
    vs_policy_free(policy);
}

static void a_layer_replaces_what_it_names_and_no_more(void **state)
{
    static const char text[] =
        "{\"name\": \"t\", \"summary\": \"s\", \"source\": \"s\", \"based-on\": \"pci-lock\","
        " \"fragments\": {\"find-device\": [\"lookup pdev in msix-tables\"]}}";
    struct vs_policy *policy = NULL, *base = NULL;
    struct vs_error error = VS_ERROR_INIT;

    (void)state;
    assert_int_equal(vs_policy_compile(text, sizeof(text) - 1, "t", &policy, &error), 0);
    assert_int_equal(vs_policy_load("pci-lock", &base, &error), 0);
    /* common.json's find-device is an if; ours is a lookup in its place. */
    const struct vs_block *mine = &policy->programs[VS_OP_READ_PASSTHROUGH].steps;
    const struct vs_block *theirs = &base->programs[VS_OP_READ_PASSTHROUGH].steps;

    assert_int_equal(mine->count, theirs->count);
    assert_int_equal(theirs->steps[1].kind, VS_STEP_IF);
    assert_int_equal(mine->steps[1].kind, VS_STEP_LOOKUP);
    assert_int_equal(mine->steps[1].list, VS_LIST_MSIX_TABLES);
    assert_string_equal(mine->steps[1].where, "fragments.find-device[0]");
    assert_string_equal(mine->steps[0].where, "pci-lock (built-in): fragments.read-access[0]");
    for (size_t i = 2; i < mine->count; i++)
        assert_int_equal(mine->steps[i].kind, theirs->steps[i].kind);
    vs_policy_free(policy);
    vs_policy_free(base);
}

static void a_lock_declared_anew_keeps_its_place(void **state)
{
    struct vs_policy *policy = NULL, *base = NULL;
    struct vs_error error = VS_ERROR_INIT;

    (void)state;
    assert_int_equal(vs_policy_load("pcidevs-percpu-rwlock", &policy, &error), 0);
    assert_int_equal(vs_policy_load("pcidevs-rwlock", &base, &error), 0);
    assert_int_equal(policy->lock_count, base->lock_count);
    for (size_t i = 0; i < base->lock_count; i++) {
        assert_string_equal(policy->locks[i].name, base->locks[i].name);
        bool changed = strcmp(base->locks[i].name, "pcidevs_lock") == 0;

        assert_int_equal(policy->locks[i].kind,
                         changed ? VS_LOCK_PERCPU_RWLOCK : base->locks[i].kind);
    }
    vs_policy_free(policy);
    vs_policy_free(base);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_rule_is_suspended_by_its_name_alone),
        cmocka_unit_test(a_writer_may_read_and_a_holder_of_a_reference_may_reschedule),
        cmocka_unit_test(a_layer_replaces_what_it_names_and_no_more),
        cmocka_unit_test(a_lock_declared_anew_keeps_its_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
