/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every pair of operations: what is safe stays safe, what is not is found. */
#include <dirent.h>

#include "scene.h"

static uint32_t pairs_of(const char *name, bool failures, struct vs_check_verdict *verdict)
{
    struct scene scene = scene_open(name, 2);
    struct vs_check_campaign campaign = {
        .devices = 2, .domains = 2, .actors = 2, .failures = failures};

    assert_int_equal(vs_check_campaign_run(scene.code, &campaign, scene.space, verdict, NULL), 0);
    uint32_t found = verdict->found;

    assert_int_equal(verdict->cut, 0);
    assert_true(verdict->pairs > 1000);
    for (int i = 0; i < VS_VIOLATION_COUNT; i++)
        if (((found >> i) & 1u) && i != VS_VIOLATION_ORDER_INVERSION)
            assert_int_equal(vs_check_describe(scene.code, &verdict->findings[i], NULL), 0);
    vs_check_verdict_release(verdict);
    scene_close(&scene);
    return found;
}

static uint32_t pairs(const char *name, struct vs_check_verdict *verdict)
{
    return pairs_of(name, false, verdict);
}

/* Also where maps fail; triples are `vpci-sim check`. */
static void every_repair_holds_where_its_base_does_not(void **state)
{
    unsigned int repairs = 0;

    (void)state;
    for (const char *const *name = vs_policy_names(); *name; name++) {
        const char *suffix = strstr(*name, "-fixed");
        struct vs_check_verdict verdict;
        char base[64];

        if (!suffix)
            continue;
        snprintf(base, sizeof(base), "%.*s", (int)(suffix - *name), *name);
        for (int failures = 0; failures < 2; failures++)
            if (pairs_of(*name, failures, &verdict) != 0)
                fail_msg("%s breaks a rule in a pair", *name);
        assert_true(pairs(base, &verdict) != 0);
        repairs++;
    }
    assert_true(repairs >= 6);
}

static void the_repaired_policy_holds_where_its_base_does_not(void **state)
{
    struct vs_check_verdict verdict;

    (void)state;
    assert_int_equal(pairs("pci-lock-fixed", &verdict), 0);
    uint32_t found = pairs("pci-lock", &verdict);

    assert_true(found & 1u << VS_VIOLATION_USE_AFTER_FREE);
    assert_true(found & 1u << VS_VIOLATION_DANGLING_PENDING);
    assert_true(found & 1u << VS_VIOLATION_UNPUBLISHED);
    assert_false(found & 1u << VS_VIOLATION_DEADLOCK);
}

static void inverted_orders_are_found_over_all_pairs(void **state)
{
    struct vs_check_verdict verdict;

    (void)state;
    assert_true(pairs("device-lock", &verdict) & 1u << VS_VIOLATION_ORDER_INVERSION);
    assert_true(pairs("domain-rwlock", &verdict) & 1u << VS_VIOLATION_ORDER_INVERSION);
    assert_false(pairs("refcount", &verdict) & 1u << VS_VIOLATION_ORDER_INVERSION);
    assert_false(pairs("rcu", &verdict) & 1u << VS_VIOLATION_ORDER_INVERSION);
}

/* Which pages are mapped in the end is asked in scenarios alone: test_broken.c. */
static bool is_about_pages(const char *name)
{
    return strcmp(name, "stale-decision") == 0 || strcmp(name, "late-decoding") == 0;
}

static void every_broken_policy_breaks_some_pair(void **state)
{
    char path[4096];

    (void)state;
    snprintf(path, sizeof(path), "%s/sim/tests/broken", getenv("VS_SOURCE_DIR"));
    DIR *folder = opendir(path);
    unsigned int count = 0;

    assert_non_null(folder);
    for (struct dirent *entry = readdir(folder); entry; entry = readdir(folder)) {
        size_t length = strlen(entry->d_name);
        struct vs_check_verdict verdict;
        char name[256];

        if (length < 6 || strcmp(entry->d_name + length - 5, ".json") != 0)
            continue;
        snprintf(name, sizeof(name), "%.*s", (int)(length - 5), entry->d_name);
        if (!is_about_pages(name) && pairs(name, &verdict) == 0)
            fail_msg("%s breaks no rule", name);
        count++;
    }
    closedir(folder);
    assert_true(count >= 14);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_repair_holds_where_its_base_does_not),
        cmocka_unit_test(the_repaired_policy_holds_where_its_base_does_not),
        cmocka_unit_test(inverted_orders_are_found_over_all_pairs),
        cmocka_unit_test(every_broken_policy_breaks_some_pair),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
