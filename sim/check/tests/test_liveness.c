/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who starves: fair locks let everybody through, a trylock does not, and only
 * circles that are fair to all count.
 */
#include "scene.h"

/* 1, 0 or an error of vs_check_liveness; the finding is the caller's. */
static int judge(const struct scene *scene, const struct vs_check_setup *setup,
                 struct vs_check_finding *finding)
{
    struct vs_check_limits limits = {0};
    struct vs_check_search search;
    int ret = vs_check_liveness(scene->code, setup, &limits, scene->space, &search, finding, NULL);

    assert_true(ret >= 0);
    assert_true(search.complete);
    assert_true(search.states > 1);
    return ret;
}

static void every_verdict_is_the_one_that_is_stated(void **state)
{
    (void)state;
    for (const char *const *policy = vs_policy_names(); *policy; policy++) {
        struct scene scene = scene_open(*policy, 2);

        for (const char *const *name = vs_scenario_liveness_names(); *name; name++) {
            struct vs_scenario *scenario;
            struct vs_check_finding finding;

            assert_int_equal(vs_scenario_load(*name, &scenario, NULL), 0);
            if (judge(&scene, &scenario->setup, &finding) !=
                vs_scenario_expected(scenario, *policy))
                fail_msg("%s under %s: another verdict than is stated", *name, *policy);
            free(finding.schedule);
            vs_scenario_free(scenario);
        }
        scene_close(&scene);
    }
}

/* Ticket, recursive, queue rwlock, per-CPU rwlock: two who go on for ever keep no third
 * out, whichever of them it is. */
static void fair_kinds_let_everybody_through(void **state)
{
    static const char *const fair[] = {"device-lock", "pcidevs-spin", "pci-lock",
                                       "pcidevs-percpu-rwlock", NULL};
    static const enum vs_op ops[] = {VS_OP_READ_HARDWARE, VS_OP_WRITE_BAR, VS_OP_MMIO_WALK};

    (void)state;
    for (const char *const *name = fair; *name; name++) {
        struct scene scene = scene_open(*name, 1);

        for (int i = 0; i < 27; i++) {
            struct vs_check_setup setup = scene_host(false);
            struct vs_check_finding finding;

            scene_add(&setup, ops[i / 9], 0);
            scene_add(&setup, ops[i / 3 % 3], 0);
            scene_add(&setup, ops[i % 3], 1);
            assert_int_equal(judge(&scene, &setup, &finding), 0);
        }
        scene_close(&scene);
    }
}

/* The way of X86EMUL_RETRY: a reader that tries and begins again may do so for ever. */
static void a_trylock_loop_starves_and_its_circle_is_shown(void **state)
{
    struct scene scene = scene_open("try-forever", 1), fair = scene_open("pcidevs-spin", 1);
    struct vs_check_setup setup = scene_host(false);
    struct vs_check_finding finding;

    (void)state;
    scene_add(&setup, VS_OP_READ_HARDWARE, 0);
    scene_add(&setup, VS_OP_READ_HARDWARE, 1);
    assert_int_equal(judge(&fair, &setup, &finding), 0);
    assert_int_equal(judge(&scene, &setup, &finding), 1);
    assert_int_equal(finding.violation, VS_VIOLATION_STARVATION);
    assert_true(finding.length > finding.stem);
    assert_int_equal(vs_check_describe(scene.code, &finding, NULL), 0);
    assert_non_null(strstr(finding.text, "tries again and again"));

    /* Both move in it; without its last step it does not come round. */
    bool moves[2] = {false, false};

    for (uint16_t i = finding.stem; i < finding.length; i++)
        moves[finding.schedule[i]] = true;
    assert_true(moves[0] && moves[1]);
    finding.length--;
    assert_int_equal(vs_check_describe(scene.code, &finding, NULL), VS_ERR_INPUT);
    finding.length++;

    /* Who gets through in it is not starved. */
    finding.actor = !finding.actor;
    assert_int_equal(vs_check_describe(scene.code, &finding, NULL), VS_ERR_INPUT);
    free(finding.schedule);
    scene_close(&scene);
    scene_close(&fair);
}

/* Alone, the same loop is harmless: a circle in which others never move is no answer. */
static void one_alone_gets_through(void **state)
{
    struct scene scene = scene_open("try-forever", 1);
    struct vs_check_setup setup = scene_host(false);
    struct vs_check_finding finding;

    (void)state;
    scene_add(&setup, VS_OP_READ_HARDWARE, 0);
    assert_int_equal(judge(&scene, &setup, &finding), 0);
    scene_close(&scene);
}

static void a_limit_is_said(void **state)
{
    struct scene scene = scene_open("pci-lock", 1);
    struct vs_check_setup setup = scene_host(false);
    struct vs_check_limits limits = {.states = 10};
    struct vs_check_search search;
    struct vs_check_finding finding;

    (void)state;
    scene_add(&setup, VS_OP_READ_HARDWARE, 0);
    scene_add(&setup, VS_OP_DUMP, 0);
    assert_int_equal(
        vs_check_liveness(scene.code, &setup, &limits, scene.space, &search, &finding, NULL), 0);
    assert_false(search.complete);
    scene_close(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_verdict_is_the_one_that_is_stated),
        cmocka_unit_test(fair_kinds_let_everybody_through),
        cmocka_unit_test(a_trylock_loop_starves_and_its_circle_is_shown),
        cmocka_unit_test(one_alone_gets_through),
        cmocka_unit_test(a_limit_is_said),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
