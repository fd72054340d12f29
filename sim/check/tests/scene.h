/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the checker's tests: setups and searches in a line. */
#ifndef VS_CHECK_TESTS_SCENE_H
#define VS_CHECK_TESTS_SCENE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "check/scenario.h"

/* Two devices; device 1 belongs to domain 1 where guest is set. */
static inline struct vs_check_setup scene_host(bool guest)
{
    struct vs_check_setup setup = {.device_count = 2, .domain_count = 2, .rounds = 1};

    setup.devices[0] = (struct vs_check_device){.owner = 0, .has_msix = true, .page = 0};
    setup.devices[1] = (struct vs_check_device){.owner = guest, .has_msix = true, .page = 1};
    return setup;
}

/* One more vCPU; accesses come from the device's owner. */
static inline void scene_add(struct vs_check_setup *setup, enum vs_op op, uint8_t device)
{
    struct vs_check_actor *actor = &setup->actors[setup->actor_count++];
    bool of_domain = op == VS_OP_DUMP || op == VS_OP_MMCFG_RESERVED || op == VS_OP_DOMAIN_DESTROY;
    bool needs_target = op == VS_OP_DEVICE_ASSIGN || op == VS_OP_DOMAIN_DESTROY;

    actor->domain = vs_op_table[op].is_access ? setup->devices[device].owner : 0;
    actor->call_count = 1;
    actor->calls[0] = (struct vs_check_call){.op = op,
                                             .device = of_domain ? VS_CHECK_NONE : device,
                                             .target = needs_target ? 1 : VS_CHECK_NONE};
}

/* A policy that ships, or a file below sim/tests/broken/. */
struct scene {
    struct vs_policy *policy;
    struct vs_check_code *code;
    struct vs_check_space *space;
};

static inline struct scene scene_open(const char *name, uint8_t rounds)
{
    struct vs_error error = VS_ERROR_INIT;
    struct scene scene = {.space = vs_check_space_new()};
    char path[4096];

    snprintf(path, sizeof(path), "%s/sim/tests/broken/%s.json", getenv("VS_SOURCE_DIR"), name);
    int ret = vs_policy_load(vs_policy_builtin_text(name) ? name : path, &scene.policy, &error);

    if (ret < 0)
        fail_msg("%s: %s", name, error.text);
    assert_non_null(scene.space);
    assert_int_equal(vs_check_code_build(scene.policy, rounds, &scene.code, &error), 0);
    return scene;
}

static inline void scene_close(struct scene *scene)
{
    vs_check_space_free(scene->space);
    vs_check_code_free(scene->code);
    vs_policy_free(scene->policy);
}

/* Bits of what a search finds. */
static inline uint32_t scene_found(const struct scene *scene, const struct vs_check_setup *setup,
                                   bool unreduced)
{
    struct vs_check_limits limits = {.unreduced = unreduced};
    struct vs_check_result result;
    struct vs_error error = VS_ERROR_INIT;
    int ret = vs_check_explore(scene->code, setup, &limits, scene->space, NULL, &result, &error);

    if (ret < 0)
        fail_msg("%s: %s", scene->policy->name, error.text);
    assert_true(result.search.complete);
    uint32_t found = result.found;

    vs_check_result_release(&result);
    return found;
}

#endif
