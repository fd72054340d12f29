/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Policies that are wrong in one way each.  Every one must be rejected for that
 * reason, in a setup in which the policy that it was made from is not.
 */
#include "scene.h"

struct broken {
    const char *name, *base;
    const char *scenario; /* or NULL: the two operations */
    enum vs_op ops[2];
    enum vs_violation why;
};

static const struct broken table[] = {
    {"missing-lock", "pci-lock", "S1", {0}, VS_VIOLATION_USE_AFTER_FREE},
    {"wrong-order",
     "pci-lock",
     NULL,
     {VS_OP_MSI_UNMAP, VS_OP_DEVICE_REMOVE},
     VS_VIOLATION_DEADLOCK},
    {"wrong-mode", "pci-lock", "S7", {0}, VS_VIOLATION_BAR_RACE},
    {"missing-recheck", "pcidevs-spin", "S14", {0}, VS_VIOLATION_DANGLING_PENDING},
    {"early-free", "rcu", "S1", {0}, VS_VIOLATION_USE_AFTER_FREE},
    {"early-publish",
     "rcu",
     NULL,
     {VS_OP_DEVICE_RESET, VS_OP_READ_HARDWARE},
     VS_VIOLATION_UNPUBLISHED},
    {"nested-read", "pcidevs-rwlock", "S9", {0}, VS_VIOLATION_DEADLOCK},
    {"upgrade", "pcidevs-rwlock", "S10", {0}, VS_VIOLATION_UPGRADE},
    {"stuck-lock",
     "pcidevs-spin",
     NULL,
     {VS_OP_MSI_ADDRESS, VS_OP_MSI_ADDRESS},
     VS_VIOLATION_HELD_AT_END},
    {"softirq-locked", "pci-lock", "S20", {0}, VS_VIOLATION_SOFTIRQ_LOCKED},
    {"barrier-locked", "rcu", "S15", {0}, VS_VIOLATION_BARRIER_LOCKED},
    {"barrier-locked", "rcu", "S15", {0}, VS_VIOLATION_DEADLOCK},
    {"double-free",
     "pci-lock",
     NULL,
     {VS_OP_DEVICE_REMOVE, VS_OP_DEVICE_REMOVE},
     VS_VIOLATION_DOUBLE_FREE},
    {"kept-table", "pci-lock", "S5", {0}, VS_VIOLATION_USE_AFTER_FREE},
    {"global-lookup", "pci-lock", "S18", {0}, VS_VIOLATION_ASSERTION},
    {"no-softirq", "pci-lock", "S21", {0}, VS_VIOLATION_ENTERED_PENDING},
    {"pci-lock", "pci-lock-fixed", "S25", {0}, VS_VIOLATION_USE_AFTER_FREE},
    {"device-lock", "pci-lock", "S3", {0}, VS_VIOLATION_USE_AFTER_FREE},
    {"device-lock", "pci-lock", "S19", {0}, VS_VIOLATION_HELD_AT_END},
    {"stale-decision", "pci-lock-fixed", "S12", {0}, VS_VIOLATION_UNMAPPED},
    {"stale-decision", "pci-lock-fixed", "S13", {0}, VS_VIOLATION_PENDING_TWICE},
    {"late-decoding", "pci-lock-fixed", "S12", {0}, VS_VIOLATION_UNMAPPED},
    {"unlocked-removal", "pci-lock", "S17", {0}, VS_VIOLATION_USE_AFTER_FREE},
};

static struct vs_check_setup setup_of(const struct broken *row)
{
    struct vs_check_setup setup = scene_host(false);
    struct vs_scenario *scenario = NULL;

    if (row->scenario) {
        assert_int_equal(vs_scenario_load(row->scenario, &scenario, NULL), 0);
        setup = scenario->setup;
        vs_scenario_free(scenario);
        return setup;
    }
    scene_add(&setup, row->ops[0], 0);
    scene_add(&setup, row->ops[1], 0);
    return setup;
}

static void each_broken_policy_is_rejected_for_its_own_reason(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct scene broken = scene_open(table[i].name, 2), base = scene_open(table[i].base, 2);
        struct vs_check_setup setup = setup_of(&table[i]);
        uint32_t bit = 1u << table[i].why;

        if (!(scene_found(&broken, &setup, false) & bit))
            fail_msg("%s was not found to break %s", table[i].name,
                     vs_violation_table[table[i].why].name);
        if (scene_found(&base, &setup, false) & bit)
            fail_msg("%s breaks %s itself", table[i].base, vs_violation_table[table[i].why].name);
        scene_close(&broken);
        scene_close(&base);
    }
}

static void an_inverted_order_is_reported_from_the_graph_alone(void **state)
{
    struct scene scene = scene_open("wrong-order", 1);
    struct vs_check_order *order = vs_check_order_new();
    struct vs_check_limits limits = {0};
    char *text = NULL;

    (void)state;
    /* One vCPU at a time: nothing deadlocks, and the graph has the circle all the same. */
    for (int i = 0; i < 2; i++) {
        struct vs_check_setup setup = scene_host(false);
        struct vs_check_result result;

        assert_int_equal(vs_check_order_cycle(order, scene.policy, &text, NULL), 0);
        scene_add(&setup, i ? VS_OP_MSI_UNMAP : VS_OP_DEVICE_REMOVE, 0);
        assert_int_equal(
            vs_check_explore(scene.code, &setup, &limits, scene.space, order, &result, NULL), 0);
        assert_int_equal(result.found, 0);
        vs_check_result_release(&result);
    }
    assert_int_equal(vs_check_order_cycle(order, scene.policy, &text, NULL), 1);
    assert_non_null(strstr(text, "pcidevs_lock then pci_lock[dom0] (device-remove)"));
    assert_non_null(strstr(text, "pci_lock[dom0] then pcidevs_lock (msi-unmap)"));
    free(text);
    vs_check_order_free(order);
    scene_close(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_broken_policy_is_rejected_for_its_own_reason),
        cmocka_unit_test(an_inverted_order_is_reported_from_the_graph_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
