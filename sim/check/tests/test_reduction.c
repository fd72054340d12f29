/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reduction loses nothing: for each policy, broken ones included, every pair of
 * operations, and some triples, break the same rules with it and without.
 */
#include "scene.h"

static const enum vs_op ops[] = {VS_OP_READ_HARDWARE, VS_OP_TOGGLE_DECODE,   VS_OP_WRITE_BAR,
                                 VS_OP_MSI_ENABLE,    VS_OP_MSIX_TABLE_READ, VS_OP_MMIO_WALK,
                                 VS_OP_DEVICE_ADD,    VS_OP_DEVICE_REMOVE,   VS_OP_DEVICE_ASSIGN,
                                 VS_OP_DEVICE_RESET,  VS_OP_DEVICE_DEASSIGN, VS_OP_DOMAIN_DESTROY,
                                 VS_OP_DUMP,          VS_OP_MMCFG_RESERVED};
#define OPS (sizeof(ops) / sizeof(ops[0]))

static const char *const broken[] = {"barrier-locked", "nested-read", "upgrade", "wrong-order",
                                     "early-free",     "double-free", NULL};

static unsigned int compare(const struct scene *scene, const struct vs_check_setup *setup)
{
    uint32_t reduced = scene_found(scene, setup, false), all = scene_found(scene, setup, true);

    if (reduced != all)
        fail_msg("%s: %s, %s: %x with reduction, %x without", scene->policy->name,
                 vs_op_table[setup->actors[0].calls[0].op].name,
                 vs_op_table[setup->actors[1].calls[0].op].name, reduced, all);
    return all != 0;
}

static unsigned int compare_pairs(const char *name)
{
    struct scene scene = scene_open(name, 1);
    unsigned int found = 0;

    for (int guest = 0; guest < 2; guest++)
        for (size_t i = 0; i < OPS; i++)
            for (size_t j = i; j < OPS; j++)
                for (uint8_t device = 0; device < 2; device++) {
                    struct vs_check_setup setup = scene_host(guest);

                    setup.opt_in = 1u << VS_VIOLATION_UNMEDIATED |
                                   1u << VS_VIOLATION_PENDING_TWICE | 1u << VS_VIOLATION_UNMAPPED;
                    scene_add(&setup, ops[i], 1);
                    scene_add(&setup, ops[j], device);
                    found += compare(&scene, &setup);
                }
    scene_close(&scene);
    return found;
}

static void pairs_break_the_same_rules_without_reduction(void **state)
{
    (void)state;
    for (const char *const *name = vs_policy_names(); *name; name++)
        assert_true(compare_pairs(*name) > 0 || strstr(*name, "-fixed")); /* most repairs hold */
    for (const char *const *name = broken; *name; name++)
        assert_true(compare_pairs(*name) > 0);
}

static void triples_break_the_same_rules_without_reduction(void **state)
{
    static const enum vs_op triples[][3] = {
        {VS_OP_READ_HARDWARE, VS_OP_WRITE_BAR, VS_OP_DEVICE_REMOVE},
        {VS_OP_TOGGLE_DECODE, VS_OP_DEVICE_REMOVE, VS_OP_READ_HARDWARE},
        {VS_OP_MSI_ENABLE, VS_OP_DEVICE_RESET, VS_OP_MMIO_WALK},
        {VS_OP_MSIX_TABLE_READ, VS_OP_DEVICE_REMOVE, VS_OP_DOMAIN_DESTROY},
    };

    (void)state;
    for (const char *const *name = vs_policy_names(); *name; name++) {
        struct scene scene = scene_open(*name, 1);

        for (size_t i = 0; i < sizeof(triples) / sizeof(triples[0]); i++) {
            struct vs_check_setup setup = scene_host(i % 2);

            for (int j = 0; j < 3; j++)
                scene_add(&setup, triples[i][j], j == 2 ? 0 : 1);
            compare(&scene, &setup);
        }
        scene_close(&scene);
    }
}

/* Where lifetimes are counted or deferred the reduction looks at the state as well:
 * every triple of the operations that meet there. */
static void triples_with_deferred_frees_are_the_same_without_reduction(void **state)
{
    static const enum vs_op some[] = {VS_OP_READ_HARDWARE, VS_OP_TOGGLE_DECODE, VS_OP_MMIO_WALK,
                                      VS_OP_DEVICE_REMOVE, VS_OP_DEVICE_RESET,  VS_OP_DUMP};
    static const char *const names[] = {"refcount", "rcu", "early-free", "barrier-locked", NULL};

    (void)state;
    for (const char *const *name = names; *name; name++) {
        struct scene scene = scene_open(*name, 1);

        for (size_t i = 0; i < 6; i++)
            for (size_t j = i; j < 6; j++)
                for (size_t k = j; k < 6; k++) {
                    struct vs_check_setup setup = scene_host(false);

                    scene_add(&setup, some[i], 1);
                    scene_add(&setup, some[j], 1);
                    scene_add(&setup, some[k], (i + j + k) % 3 == 0 ? 0 : 1);
                    compare(&scene, &setup);
                }
        scene_close(&scene);
    }
}

/* Steps that fail, hidden devices and virtual functions: each where it means something. */
static void special_setups_are_the_same_without_reduction(void **state)
{
    static const enum vs_op failing[] = {VS_OP_TOGGLE_DECODE, VS_OP_MSI_ADDRESS,
                                         VS_OP_READ_HARDWARE, VS_OP_DEVICE_REMOVE,
                                         VS_OP_DEVICE_ASSIGN, VS_OP_DUMP};
    static const enum vs_op special[] = {VS_OP_MMIO_WALK,    VS_OP_READ_HARDWARE,
                                         VS_OP_MSIX_ENABLE,  VS_OP_TOGGLE_DECODE,
                                         VS_OP_DEVICE_RESET, VS_OP_DEVICE_REMOVE};
    static const char *const names[] = {"no-softirq", "global-lookup", "try-forever", NULL};
    unsigned int found = 0;

    (void)state;
    for (int shipped = 0; shipped < 2; shipped++)
        for (const char *const *name = shipped ? vs_policy_names() : names; *name; name++) {
            struct scene scene = scene_open(*name, 1);

            for (int i = 0; i < 36; i++) {
                struct vs_check_setup setup = scene_host(false), odd = scene_host(false);

                setup.failures = true;
                setup.opt_in = 1u << VS_VIOLATION_UNMAPPED;
                scene_add(&setup, failing[i / 6], 1);
                scene_add(&setup, failing[i % 6], 1);
                found += compare(&scene, &setup);
                odd.devices[0].hidden = i % 2;
                odd.devices[0].virtual = !odd.devices[0].hidden;
                scene_add(&odd, special[i / 6], i % 3 != 0);
                scene_add(&odd, special[i % 6], 0);
                found += compare(&scene, &odd);
            }
            scene_close(&scene);
        }
    assert_true(found > 100);
}

/* Toggles of devices whose BARs share a page: who decides what, and what becomes of it when
 * another decides in between. */
static void toggles_that_share_a_page_are_the_same_without_reduction(void **state)
{
    static const char *const late[] = {"stale-decision", "late-decoding", NULL};
    unsigned int found = 0;

    (void)state;
    for (int shipped = 0; shipped < 2; shipped++)
        for (const char *const *name = shipped ? vs_policy_names() : late; *name; name++) {
            struct scene scene = scene_open(*name, 2);
            bool fixed = strstr(*name, "-fixed");

            for (int i = 0; i < 16; i++) {
                struct vs_check_setup setup = scene_host(false);
                unsigned int before = found;

                setup.failures = i & 8;
                setup.opt_in = 1u << VS_VIOLATION_PENDING_TWICE | 1u << VS_VIOLATION_UNMAPPED;
                setup.devices[1].page = 0;
                setup.devices[0].decoding = i & 1;
                setup.devices[1].decoding = i & 2;
                scene_add(&setup, VS_OP_TOGGLE_DECODE, 0);
                scene_add(&setup, VS_OP_TOGGLE_DECODE, i & 4 ? 1 : 0);
                found += compare(&scene, &setup);
                if (fixed && found > before)
                    fail_msg("%s: broken in setup %d", *name, i);
            }
            scene_close(&scene);
        }
    assert_true(found > 100);
}

/* It does reduce: two readers need one order, not all. */
static void readers_are_tried_in_one_order(void **state)
{
    struct scene scene = scene_open("pci-lock", 1);
    struct vs_check_setup setup = scene_host(false);
    struct vs_check_limits reduced = {0}, all = {.unreduced = true};
    struct vs_check_result result;

    (void)state;
    scene_add(&setup, VS_OP_MMIO_WALK, 0);
    scene_add(&setup, VS_OP_MMIO_WALK, 1);
    assert_int_equal(
        vs_check_explore(scene.code, &setup, &reduced, scene.space, NULL, &result, NULL), 0);
    uint64_t states = result.search.states;

    assert_int_equal(result.search.transitions, states - 1); /* a single path */
    vs_check_result_release(&result);
    assert_int_equal(vs_check_explore(scene.code, &setup, &all, scene.space, NULL, &result, NULL),
                     0);
    assert_true(result.search.states > 3 * states);
    vs_check_result_release(&result);
    scene_close(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pairs_break_the_same_rules_without_reduction),
        cmocka_unit_test(triples_break_the_same_rules_without_reduction),
        cmocka_unit_test(triples_with_deferred_frees_are_the_same_without_reduction),
        cmocka_unit_test(special_setups_are_the_same_without_reduction),
        cmocka_unit_test(toggles_that_share_a_page_are_the_same_without_reduction),
        cmocka_unit_test(readers_are_tried_in_one_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
