/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What ships: the registry is the folder, every policy covers every operation,
 * and a walker that knows nothing of the compiler's own checks finds no path
 * that releases what it does not hold or ends holding something.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policies/policy.h"

static struct vs_policy *load(const char *name)
{
    struct vs_error error = VS_ERROR_INIT;
    struct vs_policy *policy = NULL;
    char text[2048];

    if (vs_policy_load(name, &policy, &error) != 0)
        fail_msg("%s", vs_error_describe(&error, text, sizeof(text)));
    return policy;
}

static void floor_and_ceiling_come_first(void **state)
{
    const char *const *names = vs_policy_names();

    (void)state;
    assert_string_equal(names[0], "none");
    assert_string_equal(names[1], "pcidevs-spin");
}

static void the_registry_is_the_folder(void **state)
{
    const char *root = getenv("VS_SOURCE_DIR");
    char path[4096];
    unsigned int files = 0, names = 0;

    (void)state;
    assert_non_null(root);
    snprintf(path, sizeof(path), "%s/sim/policies", root);
    DIR *folder = opendir(path);

    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder));) {
        char *dot = strrchr(entry->d_name, '.');

        if (!dot || strcmp(dot, ".json") != 0 || strcmp(entry->d_name, "common.json") == 0)
            continue;
        *dot = '\0';
        if (!vs_policy_builtin_text(entry->d_name))
            fail_msg("%s.json is in the folder and not in the registry", entry->d_name);
        files++;
    }
    closedir(folder);
    while (vs_policy_names()[names])
        names++;
    assert_int_equal(files, names);
}

static void every_policy_covers_every_operation(void **state)
{
    (void)state;
    for (const char *const *name = vs_policy_names(); *name; name++) {
        struct vs_policy *policy = load(*name);

        assert_string_equal(policy->name, *name);
        assert_string_equal(policy->file, "built-in");
        assert_string_equal(policy->text, vs_policy_builtin_text(*name));
        for (int op = 0; op < VS_OP_COUNT; op++) {
            if (policy->programs[op].steps.count == 0)
                fail_msg("%s: %s has no steps", *name, vs_op_table[op].name);
            assert_true(strlen(policy->programs[op].source) > 0);
        }
        vs_policy_free(policy);
    }
}

/* ------------------------------------------------------- an independent walker */

struct hold {
    uint8_t lock, mode, of;
};

struct path {
    const struct vs_policy *policy;
    uint64_t random;
    uint32_t facts;
    struct hold held[64];
    unsigned int held_count;
    bool left;
    const char *fault;
};

static unsigned int draw(struct path *path, unsigned int below)
{
    path->random ^= path->random << 13;
    path->random ^= path->random >> 7;
    path->random ^= path->random << 17;
    return (unsigned int)(path->random >> 33) % below;
}

static uint8_t instance(const struct path *path, const struct vs_step *step)
{
    enum vs_lock_scope scope = path->policy->locks[step->lock].scope;

    return scope == VS_SCOPE_DOMAIN ? step->whose : scope == VS_SCOPE_DEVICE ? step->which : 0;
}

static void take(struct path *path, const struct vs_step *step)
{
    if (path->held_count == 64) {
        path->fault = "holds 64 things";
        return;
    }
    path->held[path->held_count++] = (struct hold){step->lock, step->mode, instance(path, step)};
}

static void give(struct path *path, const struct vs_step *step)
{
    for (unsigned int i = path->held_count; i-- > 0;) {
        struct hold *hold = &path->held[i];

        if (hold->lock != step->lock || hold->mode != step->mode ||
            hold->of != instance(path, step))
            continue;
        *hold = path->held[--path->held_count];
        return;
    }
    path->fault = "releases what it does not hold";
}

static void walk(struct path *path, const struct vs_block *block);

static void walk_branching(struct path *path, const struct vs_step *step)
{
    unsigned int rounds = draw(path, 4);

    switch (step->kind) {
    case VS_STEP_IF:
        walk(path, (path->facts >> step->fact & 1u) != step->negate ? &step->body : &step->orelse);
        break;
    case VS_STEP_TRY:
        if (draw(path, 2) == 0) {
            walk(path, &step->orelse);
            break;
        }
        take(path, step);
        walk(path, &step->body);
        break;
    case VS_STEP_DEREF:
        if (step->branch)
            walk(path, draw(path, 2) ? &step->body : &step->orelse);
        else
            path->left = draw(path, 16) == 0;
        break;
    case VS_STEP_MAY_FAIL:
        walk(path, draw(path, 4) == 0 ? &step->body : &step->orelse);
        break;
    default:
        for (unsigned int i = 0; i < rounds && !path->left && !path->fault; i++) {
            if (i > 0)
                walk(path, &step->orelse);
            walk(path, &step->body);
        }
        break;
    }
}

static void walk_step(struct path *path, const struct vs_step *step)
{
    switch (step->kind) {
    case VS_STEP_LOCK:
    case VS_STEP_RCU_READ_LOCK:
    case VS_STEP_GET:
        take(path, step);
        break;
    case VS_STEP_PUT:
        if (!step->initial)
            give(path, step);
        break;
    case VS_STEP_UNLOCK:
    case VS_STEP_RCU_READ_UNLOCK:
        give(path, step);
        break;
    case VS_STEP_DEFER:
        if (step->with_ref)
            give(path, step);
        break;
    case VS_STEP_TAKE_PENDING:
        path->left = draw(path, 16) == 0;
        if (!path->left && step->with_ref)
            take(path, step);
        break;
    case VS_STEP_LOOKUP:
    case VS_STEP_RECHECK_OWNER:
        path->left = draw(path, 16) == 0;
        break;
    case VS_STEP_LEAVE:
    case VS_STEP_RETRY:
        path->left = true;
        break;
    case VS_STEP_MAY_FAIL:
    case VS_STEP_IF:
    case VS_STEP_TRY:
    case VS_STEP_DEREF:
    case VS_STEP_REPEAT:
    case VS_STEP_FOR_EACH:
        walk_branching(path, step);
        break;
    default:
        break;
    }
}

static void walk(struct path *path, const struct vs_block *block)
{
    for (size_t i = 0; i < block->count && !path->left && !path->fault; i++)
        walk_step(path, &block->steps[i]);
}

#define PATHS 400 /* per operation and policy */

/* The first fault on random paths, or NULL. */
static const char *find_fault(const struct vs_policy *policy, enum vs_op op)
{
    struct path path = {.policy = policy, .random = 88172645463325252u + (unsigned int)op};

    for (unsigned int i = 0; i < PATHS; i++) {
        path.facts = draw(&path, 1u << VS_FACT_COUNT);
        path.held_count = 0;
        path.left = false;
        walk(&path, &policy->programs[op].entry);
        walk(&path, &policy->programs[op].steps);
        if (path.fault)
            return path.fault;
        if (!path.left && path.held_count > 0)
            return "ends holding something";
    }
    return NULL;
}

/* The error path of vpci_msi_arch_update in 4.16, and whoever is based on that tree. */
static bool means_to_keep(const char *policy, int op)
{
    return op == VS_OP_MSI_ADDRESS &&
           (strcmp(policy, "device-lock") == 0 || strncmp(policy, "domain-rwlock", 13) == 0);
}

static void all_paths_are_balanced(void **state)
{
    (void)state;
    for (const char *const *name = vs_policy_names(); *name; name++) {
        struct vs_policy *policy = load(*name);

        for (int op = 0; op < VS_OP_COUNT; op++) {
            const char *fault = find_fault(policy, (enum vs_op)op);

            if (!fault != !means_to_keep(*name, op))
                fail_msg("%s, %s: a path %s", *name, vs_op_table[op].name,
                         fault ? fault : "is balanced that was meant not to be");
        }
        vs_policy_free(policy);
    }
}

static void the_walker_finds_a_path_that_is_not(void **state)
{
    static const char text[] =
        "{\"name\": \"leak\", \"summary\": \"s\", \"source\": \"s\", \"based-on\": \"pci-lock\","
        " \"allow\": [\"ends-holding\"], \"operations\": {\"dump\": ["
        "  {\"if\": \"has-msix\", \"then\": [\"lock pcidevs_lock\"]}]}}";
    struct vs_error error = VS_ERROR_INIT;
    struct vs_policy *policy = NULL;

    (void)state;
    assert_int_equal(vs_policy_compile(text, sizeof(text) - 1, "leak", &policy, &error), 0);
    assert_string_equal(find_fault(policy, VS_OP_DUMP), "ends holding something");
    assert_null(find_fault(policy, VS_OP_DEVICE_ADD));
    vs_policy_free(policy);
}

/* -------------------------------------------------------------- lifetime rules */

static unsigned int count_steps(const struct vs_block *block, enum vs_step_kind kind,
                                enum vs_object object)
{
    unsigned int count = 0;

    for (size_t i = 0; i < block->count; i++) {
        const struct vs_step *step = &block->steps[i];

        count += step->kind == kind && step->object == object;
        count += count_steps(&step->body, kind, object);
        count += count_steps(&step->orelse, kind, object);
    }
    return count;
}

/* Removal frees the device in each policy, each in its way: at once, after a
 * grace period, or by the last reference. */
static void removal_frees_the_device_once(void **state)
{
    (void)state;
    for (const char *const *name = vs_policy_names(); *name; name++) {
        struct vs_policy *policy = load(*name);
        const struct vs_block *steps = &policy->programs[VS_OP_DEVICE_REMOVE].steps;
        unsigned int ways = count_steps(steps, VS_STEP_FREE, VS_OBJECT_PDEV) +
                            count_steps(steps, VS_STEP_CALL_RCU, VS_OBJECT_PDEV);
        bool counted = strncmp(*name, "refcount", 8) == 0;

        assert_int_equal(ways, counted ? 0 : 1);
        if (counted)
            assert_int_equal(count_steps(steps, VS_STEP_PUT, VS_OBJECT_NONE), 2);
        assert_true(count_steps(steps, VS_STEP_UNLINK, VS_OBJECT_NONE) >= 2);
        vs_policy_free(policy);
    }
}

static bool slot_is(const struct vs_policy *policy, bool by_sbdf, bool with_ref)
{
    const struct vs_block *steps = &policy->programs[VS_OP_MAP_PENDING].steps;

    return steps->count > 0 && steps->steps[0].kind == VS_STEP_TAKE_PENDING &&
           steps->steps[0].by_sbdf == by_sbdf && steps->steps[0].with_ref == with_ref;
}

static void the_pending_slot_holds_what_the_policy_says(void **state)
{
    (void)state;
    for (const char *const *name = vs_policy_names(); *name; name++) {
        struct vs_policy *policy = load(*name);

        bool counted = strncmp(*name, "refcount", 8) == 0;
        bool by_sbdf = strncmp(*name, "rcu", 3) == 0 || (strstr(*name, "-fixed") && !counted);

        assert_true(slot_is(policy, by_sbdf, counted));
        vs_policy_free(policy);
    }
}

/* Toggles decide and maps carry it out; in the repairs toggles compare with nothing, and maps do.
 */
static void a_repaired_map_decides_where_it_is_carried_out(void **state)
{
    (void)state;
    for (const char *const *name = vs_policy_names(); *name; name++) {
        struct vs_policy *policy = load(*name);
        bool repaired = strstr(*name, "-fixed");
        const struct vs_program *toggle = &policy->programs[VS_OP_TOGGLE_DECODE];
        const struct vs_program *map = &policy->programs[VS_OP_MAP_PENDING];

        assert_int_equal(count_steps(&toggle->steps, VS_STEP_READ_BARS, VS_OBJECT_NONE) == 0,
                         repaired);
        assert_int_equal(count_steps(&map->steps, VS_STEP_READ_BARS, VS_OBJECT_NONE) > 1, repaired);
        vs_policy_free(policy);
    }
}

static void locks_below_vpci_are_in_every_policy_and_marked(void **state)
{
    static const char *const below[] = {"mmcfg_lock",    "pci_config_lock", "event_lock",
                                        "irq_desc_lock", "rangeset_lock",   "p2m_lock"};

    (void)state;
    for (const char *const *name = vs_policy_names(); *name; name++) {
        struct vs_policy *policy = load(*name);

        for (size_t i = 0; i < policy->lock_count; i++)
            assert_true(policy->locks[i].below_vpci == (i < 6));
        for (size_t i = 0; i < 6; i++)
            assert_string_equal(policy->locks[i].name, below[i]);
        assert_true((policy->lock_count == 6) == (strcmp(*name, "none") == 0));
        vs_policy_free(policy);
    }
}

static void the_example_of_the_grammar_compiles_as_printed(void **state)
{
    const char *root = getenv("VS_SOURCE_DIR");
    char path[4096];
    static char grammar[64 << 10], example[16 << 10];

    (void)state;
    assert_non_null(root);
    snprintf(path, sizeof(path), "%s/sim/policies/tests/example-domain-spin.json", root);
    struct vs_policy *policy = load(path);

    assert_string_equal(policy->name, "domain-spin");
    FILE *stream = fopen(path, "r");

    assert_non_null(stream);
    example[fread(example, 1, sizeof(example) - 1, stream)] = '\0';
    fclose(stream);
    snprintf(path, sizeof(path), "%s/sim/policies/GRAMMAR.md", root);
    stream = fopen(path, "r");
    assert_non_null(stream);
    grammar[fread(grammar, 1, sizeof(grammar) - 1, stream)] = '\0';
    fclose(stream);
    assert_non_null(strstr(grammar, example));
    vs_policy_free(policy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(floor_and_ceiling_come_first),
        cmocka_unit_test(the_registry_is_the_folder),
        cmocka_unit_test(every_policy_covers_every_operation),
        cmocka_unit_test(all_paths_are_balanced),
        cmocka_unit_test(the_walker_finds_a_path_that_is_not),
        cmocka_unit_test(removal_frees_the_device_once),
        cmocka_unit_test(the_pending_slot_holds_what_the_policy_says),
        cmocka_unit_test(a_repaired_map_decides_where_it_is_carried_out),
        cmocka_unit_test(locks_below_vpci_are_in_every_policy_and_marked),
        cmocka_unit_test(the_example_of_the_grammar_compiles_as_printed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
