/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the lock kinds allow and forbid, each shown by a policy of two or three
 * operations: fairness, recursion, trylocks, grace periods.
 */
#include "scene.h"

/* A policy on top of one that ships, with other programs for three operations. */
static struct scene toy(const char *base, const char *locks, const char *first, const char *second,
                        const char *third)
{
    struct scene scene = {.space = vs_check_space_new()};
    struct vs_error error = VS_ERROR_INIT;
    char text[8192];

    snprintf(
        text, sizeof(text),
        "{\"name\": \"toy\", \"summary\": \"toy\", \"source\": \"test\", \"based-on\": \"%s\", "
        "\"allow\": [\"self-deadlock\"], \"locks\": {%s}, \"operations\": {"
        "\"msi-map\": [%s], \"msi-unmap\": [%s], \"iommu-fault\": [%s], "
        "\"pv-cfg-write\": [\"lock pcidevs_lock\", \"lock pcidevs_lock\", "
        "\"unlock pcidevs_lock\", \"unlock pcidevs_lock\"], "
        "\"dump\": [\"lock toy_ticket\", \"lock toy_ticket\", \"unlock toy_ticket\", "
        "\"unlock toy_ticket\"]}}",
        base, locks, first, second, third);
    if (vs_policy_compile(text, strlen(text), "toy", &scene.policy, &error) < 0)
        fail_msg("%s", error.text);
    assert_int_equal(vs_check_code_build(scene.policy, 1, &scene.code, &error), 0);
    return scene;
}

static uint32_t run(const struct scene *scene, unsigned int actors)
{
    static const enum vs_op ops[] = {VS_OP_MSI_MAP, VS_OP_MSI_UNMAP, VS_OP_IOMMU_FAULT};
    struct vs_check_setup setup = scene_host(false);

    for (unsigned int i = 0; i < actors; i++)
        scene_add(&setup, ops[i], 0);
    uint32_t found = scene_found(scene, &setup, false);

    assert_int_equal(found, scene_found(scene, &setup, true));
    return found;
}

#define TICKET "\"toy_ticket\": {\"kind\": \"ticket\", \"per\": \"global\", \"source\": \"test\"}"
#define LOCK(kind)                                                                            \
    TICKET ", \"toy\": {\"kind\": \"" kind "\", \"per\": \"global\", \"source\": \"test\"}, " \
           "\"other\": {\"kind\": \"ticket\", \"per\": \"global\", \"source\": \"test\"}"
#define BARS "\"lookup pdev in all-devices\", \"deref vpci\", \"write bars\""
#define READ "\"lookup pdev in all-devices\", \"deref vpci\", \"read bars\""

static void expect(const char *kind_locks, const char *first, const char *second, const char *third,
                   unsigned int actors, uint32_t expected)
{
    struct scene scene = toy("pcidevs-spin", kind_locks, first, second, third);
    uint32_t found = run(&scene, actors);

    if (found != expected)
        fail_msg("found %x, expected %x: %s || %s || %s", found, expected, first, second, third);
    scene_close(&scene);
}

#define DEADLOCK (1u << VS_VIOLATION_DEADLOCK)
#define RACE     (1u << VS_VIOLATION_BAR_RACE)

static void a_lock_excludes_and_none_does_not(void **state)
{
    (void)state;
    expect(LOCK("ticket"), BARS, BARS, "\"leave\"", 2, RACE);
    expect(LOCK("ticket"), "\"lock toy\", " BARS ", \"unlock toy\"",
           "\"lock toy\", " BARS ", \"unlock toy\"", "\"leave\"", 2, 0);
    expect(LOCK("rwlock"), "\"read-lock toy\", " READ ", \"read-unlock toy\"",
           "\"write-lock toy\", " BARS ", \"write-unlock toy\"", "\"leave\"", 2, 0);
    expect(LOCK("rwlock"), "\"read-lock toy\", " READ ", \"read-unlock toy\"",
           "\"read-lock toy\", " BARS ", \"read-unlock toy\"", "\"leave\"", 2, RACE);
    expect(LOCK("percpu-rwlock"), "\"read-lock toy\", " READ ", \"read-unlock toy\"",
           "\"write-lock toy\", " BARS ", \"write-unlock toy\"", "\"leave\"", 2, 0);
}

static void a_nested_read_deadlocks_behind_a_waiting_writer_only(void **state)
{
    static const char nested[] =
        "\"read-lock toy\", \"read-lock toy\", " READ ", \"read-unlock toy\", \"read-unlock toy\"";

    (void)state;
    expect(LOCK("rwlock"), nested, nested, "\"leave\"", 2, 0);
    expect(LOCK("rwlock"), nested, "\"write-lock toy\", " BARS ", \"write-unlock toy\"",
           "\"leave\"", 2, DEADLOCK);
    expect(LOCK("percpu-rwlock"), nested, "\"write-lock toy\", " BARS ", \"write-unlock toy\"",
           "\"leave\"", 2, DEADLOCK);
}

static void a_writer_may_read_inside_but_not_with_percpu(void **state)
{
    static const char inside[] = "\"write-lock toy\", \"read-lock toy\", " BARS
                                 ", \"read-unlock toy\", \"write-unlock toy\"";

    (void)state;
    expect(LOCK("rwlock"), inside, inside, "\"leave\"", 2, 0);
    expect(LOCK("percpu-rwlock"), inside, inside, "\"leave\"", 2, 1u << VS_VIOLATION_SELF_DEADLOCK);
}

static void readers_wait_behind_a_waiting_writer(void **state)
{
    (void)state;
    /* A reader takes the ticket lock inside; another waits for the rwlock with the
     * ticket lock held.  Readers alone pass; with a writer waiting between them they
     * do not: that is fairness. */
    static const char one[] =
        "\"read-lock toy\", \"lock other\", " READ ", \"unlock other\", \"read-unlock toy\"";
    static const char two[] =
        "\"lock other\", \"read-lock toy\", " READ ", \"read-unlock toy\", \"unlock other\"";

    expect(LOCK("rwlock"), one, two, "\"leave\"", 2, 0);
    expect(LOCK("rwlock"), one, two, "\"write-lock toy\", " BARS ", \"write-unlock toy\"", 3,
           DEADLOCK);
}

static void recursion_counts_and_tickets_do_not_recurse(void **state)
{
    struct scene scene = toy("pcidevs-spin", LOCK("ticket"), "\"leave\"", "\"leave\"", "\"leave\"");
    struct vs_check_setup recursive = scene_host(false), ticket = scene_host(false);

    (void)state;
    scene_add(&recursive, VS_OP_PV_CFG_WRITE, 0);
    scene_add(&recursive, VS_OP_PV_CFG_WRITE, 0);
    assert_int_equal(scene_found(&scene, &recursive, false), 0);
    scene_add(&ticket, VS_OP_DUMP, 0);
    assert_int_equal(scene_found(&scene, &ticket, false), 1u << VS_VIOLATION_SELF_DEADLOCK);
    scene_close(&scene);
}

static void a_trylock_goes_both_ways(void **state)
{
    (void)state;
    /* Not taken: the race that the lock would have kept out. */
    expect(LOCK("ticket"), "\"lock toy\", " BARS ", \"unlock toy\"",
           "{\"try\": \"lock toy\", \"then\": [" BARS ", \"unlock toy\"], \"else\": [\"leave\"]}",
           "\"leave\"", 2, 0);
    expect(LOCK("ticket"), "\"lock toy\", " BARS ", \"unlock toy\"",
           "{\"try\": \"lock toy\", \"then\": [\"unlock toy\"], \"else\": [" READ "]}", "\"leave\"",
           2, RACE);
    expect(LOCK("ticket"),
           "\"lock toy\", \"lock other\", " READ ", \"unlock other\", \"unlock toy\"",
           "\"lock other\", {\"try\": \"lock toy\", \"then\": [\"unlock toy\"], \"else\": []}, "
           "\"unlock other\"",
           "\"leave\"", 2, 0); /* who tries does not wait: no circle */
}

/* Found by SPIN: the reference that a reader of a removed device drops gives back that
 * device's vPCI, not the one of a device that was added at its address meanwhile. */
static void the_last_reference_frees_its_own_generation_alone(void **state)
{
    struct scene scene = scene_open("refcount", 1);
    struct vs_check_setup setup = scene_host(false);
    struct vs_check_actor *remover = &setup.actors[1];

    (void)state;
    scene_add(&setup, VS_OP_READ_HARDWARE, 0);
    scene_add(&setup, VS_OP_DEVICE_REMOVE, 0);
    scene_add(&setup, VS_OP_READ_HARDWARE, 0);
    remover->calls[remover->call_count++] =
        (struct vs_check_call){.op = VS_OP_DEVICE_ADD, .device = 0, .target = VS_CHECK_NONE};
    assert_int_equal(scene_found(&scene, &setup, false), 0);
    scene_close(&scene);
}

static void a_walk_stands_on_the_device_itself_too(void **state)
{
    struct scene scene = toy("pcidevs-spin", TICKET,
                             "\"lock pcidevs_lock\", \"lookup pdev in all-devices\", "
                             "\"unlock pcidevs_lock\", {\"for-each\": \"domain-device\", "
                             "\"order\": \"list\", \"except\": \"self\", "
                             "\"do\": [\"use pdev of other\"]}",
                             "\"lock pcidevs_lock\", \"lookup pdev in all-devices\", "
                             "\"unlink pdev from domain-devices\", "
                             "\"link pdev in domain-devices\", \"unlock pcidevs_lock\"",
                             "\"lock toy_ticket\", \"unlock toy_ticket\"");
    struct vs_check_setup setup = scene_host(true); /* nobody else is on the list */

    (void)state;
    scene_add(&setup, VS_OP_MSI_MAP, 0);
    scene_add(&setup, VS_OP_MSI_UNMAP, 0);
    assert_true(scene_found(&scene, &setup, false) & 1u << VS_VIOLATION_LIST_RACE);
    assert_int_equal(scene_found(&scene, &setup, false), scene_found(&scene, &setup, true));
    scene_close(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_walk_stands_on_the_device_itself_too),
        cmocka_unit_test(a_lock_excludes_and_none_does_not),
        cmocka_unit_test(a_nested_read_deadlocks_behind_a_waiting_writer_only),
        cmocka_unit_test(a_writer_may_read_inside_but_not_with_percpu),
        cmocka_unit_test(readers_wait_behind_a_waiting_writer),
        cmocka_unit_test(recursion_counts_and_tickets_do_not_recurse),
        cmocka_unit_test(a_trylock_goes_both_ways),
        cmocka_unit_test(the_last_reference_frees_its_own_generation_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
