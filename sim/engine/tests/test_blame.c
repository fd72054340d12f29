/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Blame by groups says what counting each (operation, mode, domain) on its own
 * says: random comings, goings and changes of holder, against the plain way.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "engine/internal.h"
#include "toy.h"

#define ACTORS  48
#define DOMAINS 12
#define CLASSES (VS_OP_COUNT * VS_MODE_COUNT * DOMAINS)

struct plain {
    struct {
        uint64_t waiters;
        vs_ps late;
    } classes[CLASSES];
    uint64_t waiters;
    vs_ps since;
    uint64_t blocked[VS_OP_COUNT * VS_OP_COUNT * 2];
    uint64_t cross[VS_MODE_COUNT];
};

struct scene {
    struct vs_workload workload;
    struct vs_policy policy;
    struct vs_engine engine;
    struct vs_lock_state lock;
    struct vs_lock_counts counts[VS_MODE_COUNT];
    struct vs_actor_run actors[ACTORS];
    uint64_t blocked_ps[VS_OP_COUNT * VS_OP_COUNT * 2];
    bool waits[ACTORS];
    uint8_t modes[ACTORS];
    struct plain plain;
};

static size_t class_of(uint8_t op, uint8_t mode, uint16_t domain)
{
    return ((size_t)op * VS_MODE_COUNT + mode) * DOMAINS + domain;
}

static void plain_settle(struct scene *scene, vs_ps at)
{
    struct plain *plain = &scene->plain;
    if (at <= plain->since)
        return;
    vs_ps passed = at - plain->since;
    for (size_t i = 0; i < CLASSES; i++) {
        vs_ps all = passed * plain->classes[i].waiters, late = plain->classes[i].late;
        plain->classes[i].late = 0;
        if (scene->lock.blamed_actor == VS_NOBODY || all <= late)
            continue;
        bool cross = scene->actors[scene->lock.blamed_actor].domain != i % DOMAINS;
        size_t op = i / DOMAINS / VS_MODE_COUNT;
        plain->blocked[(op * VS_OP_COUNT + scene->lock.blamed_op) * 2 + cross] += all - late;
        if (cross)
            plain->cross[i / DOMAINS % VS_MODE_COUNT] += all - late;
    }
    plain->since = at;
}

static void arrive(struct scene *scene, uint16_t actor, uint64_t *random, vs_ps at)
{
    struct vs_actor_run *run = &scene->actors[actor];
    struct plain *plain = &scene->plain;
    run->op = (uint8_t)(toy_random(random) % 3);
    scene->modes[actor] = (uint8_t)(toy_random(random) % VS_MODE_COUNT);
    size_t class = class_of(run->op, scene->modes[actor], run->domain);
    if (plain->waiters++ == 0)
        plain->since = at;
    plain->classes[class].waiters++;
    plain->classes[class].late += at > plain->since ? at - plain->since : 0;
    scene->waits[actor] = true;
    vs_blame_arrive(&scene->engine, 0, actor, scene->modes[actor], at);
}

static void depart(struct scene *scene, uint16_t actor, vs_ps at)
{
    struct vs_actor_run *run = &scene->actors[actor];
    size_t class = class_of(run->op, scene->modes[actor], run->domain);
    plain_settle(scene, at);
    scene->plain.waiters--;
    if (--scene->plain.classes[class].waiters == 0)
        scene->plain.classes[class].late = 0;
    scene->waits[actor] = false;
    vs_blame_depart(&scene->engine, 0, actor, at);
}

static void change(struct scene *scene, uint64_t *random, vs_ps at)
{
    if (scene->plain.waiters > 0)
        plain_settle(scene, at);
    vs_blame_change(&scene->engine, 0, at);
    uint64_t drawn = toy_random(random) % (ACTORS + 1);
    scene->lock.blamed_actor = drawn < ACTORS ? (uint16_t)drawn : VS_NOBODY;
    scene->lock.blamed_op = (uint8_t)(toy_random(random) % 3);
}

static void groups_say_what_single_counts_say(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct scene *scene = calloc(1, sizeof *scene);
        uint64_t random = seed;
        assert_non_null(scene);
        scene->workload.domain_count = seed % 2 ? DOMAINS : 2; /* a table, or a search */
        scene->policy.lock_count = 1;
        scene->engine.workload = &scene->workload;
        scene->engine.policy = &scene->policy;
        scene->engine.locks = &scene->lock;
        scene->engine.counts = scene->counts;
        scene->engine.actors = scene->actors;
        scene->engine.blocked_ps = scene->blocked_ps;
        scene->lock.blamed_actor = VS_NOBODY;
        for (size_t i = 0; i < ACTORS; i++) {
            scene->actors[i].domain = (uint16_t)(i % scene->workload.domain_count);
            scene->actors[i].blamed_lock = VS_NO_INSTANCE;
        }
        vs_ps clock = 1000;
        for (int step = 0; step < 5000; step++) {
            uint16_t actor = (uint16_t)(toy_random(&random) % ACTORS);
            clock += toy_random(&random) % 4;
            vs_ps at = clock + toy_random(&random) % 8; /* an arrival may run ahead */
            if (toy_random(&random) % 4 == 0)
                change(scene, &random, clock);
            else if (scene->waits[actor])
                depart(scene, actor, at);
            else
                arrive(scene, actor, &random, at);
        }
        assert_memory_equal(scene->blocked_ps, scene->plain.blocked, sizeof scene->blocked_ps);
        uint64_t total = 0;
        for (size_t i = 0; i < VS_MODE_COUNT; i++) {
            assert_int_equal(scene->counts[i].cross_domain_ps, scene->plain.cross[i]);
            total += scene->plain.cross[i];
        }
        assert_true(total > 0);
        vs_blame_free(scene->lock.blame);
        free(scene);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(groups_say_what_single_counts_say)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
