/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lock declarations.  A lower layer's lock stays where it is in the order when
 * a higher one declares it anew: indices, and so results, stay comparable.
 */
#include "internal.h"

#include <string.h>

int vs_lock_find(const struct vs_policy *policy, const char *name)
{
    for (size_t i = 0; i < policy->lock_count; i++) {
        if (strcmp(policy->locks[i].name, name) == 0)
            return (int)i;
    }
    return -1;
}

static int check_lock(struct vs_compiler *compiler, const struct vs_json *at,
                      const struct vs_lock_decl *lock)
{
    if (lock->inside != VS_OBJECT_NONE && lock->scope != VS_SCOPE_DEVICE)
        return vs_json_refuse(at, compiler->error,
                              "a lock inside an object has one instance per device: "
                              "\"per\": \"device\"");
    if (lock->kind == VS_LOCK_REFCOUNT && lock->inside == VS_OBJECT_NONE)
        return vs_json_refuse(at, compiler->error,
                              "a refcount is inside the object that it keeps: add \"inside\"");
    if (lock->kind == VS_LOCK_RCU && lock->scope != VS_SCOPE_GLOBAL)
        return vs_json_refuse(at, compiler->error,
                              "RCU is one for the whole host: \"per\": \"global\"");
    return 0;
}

static int read_lock(struct vs_compiler *compiler, const struct vs_json *at,
                     struct vs_lock_decl *lock)
{
    static const char *const members[] = {"kind", "per", "inside", "irqsave", "source", NULL};
    static const char *const scopes[] = {"global", "domain", "device", NULL};
    static const char *const objects[] = {"none", "pdev", "vpci", NULL};
    const char *kinds[VS_LOCK_KIND_COUNT + 1] = {NULL};
    unsigned int kind = 0, scope = 0, inside = VS_OBJECT_NONE;
    const char *source = NULL;

    for (int i = 0; i < VS_LOCK_KIND_COUNT; i++)
        kinds[i] = vs_lock_kind_table[i].name;
    struct vs_json irqsave = vs_json_member(at, "irqsave");
    struct vs_json citation = vs_json_member(at, "source");
    int ret = vs_json_expect(at, VS_JSON_OBJECT, compiler->error);

    if (ret == 0)
        ret = vs_json_only(at, members, compiler->error);
    if (ret == 0)
        ret = vs_word_read(compiler, at, "kind", kinds, true, &kind);
    if (ret == 0)
        ret = vs_word_read(compiler, at, "per", scopes, true, &scope);
    if (ret == 0)
        ret = vs_word_read(compiler, at, "inside", objects, false, &inside);
    if (ret == 0 && vs_json_kind(&irqsave) != VS_JSON_ABSENT)
        ret = vs_json_boolean(&irqsave, &lock->irqsave, compiler->error);
    if (ret == 0)
        ret = vs_json_string(&citation, &source, compiler->error);
    if (ret != 0)
        return ret;
    lock->kind = (enum vs_lock_kind)kind;
    lock->scope = (enum vs_lock_scope)scope;
    lock->inside = (enum vs_object)inside;
    lock->source = vs_arena_text(compiler->arena, source);
    return lock->source ? check_lock(compiler, at, lock) : vs_compiler_memory(compiler);
}

static int read_layer(struct vs_compiler *compiler, const struct vs_json *locks, bool common)
{
    struct vs_policy *policy = compiler->policy;
    int ret = 0;

    for (size_t i = 0; ret == 0 && i < vs_json_count(locks); i++) {
        struct vs_json member = vs_json_member_at(locks, i);
        int index = vs_lock_find(policy, member.key);
        struct vs_lock_decl lock = {.below_vpci = common};

        if (*member.key == '\0' || strpbrk(member.key, " \t\n"))
            return vs_json_refuse(&member, compiler->error, "a lock's name is one word");
        if (index >= 0)
            lock.below_vpci = policy->locks[index].below_vpci;
        ret = read_lock(compiler, &member, &lock);
        if (ret != 0)
            return ret;
        if (index < 0 && policy->lock_count == VS_POLICY_LOCKS_MAX)
            return vs_json_refuse(&member, compiler->error, "more than %d locks",
                                  VS_POLICY_LOCKS_MAX);
        lock.name = vs_arena_text(compiler->arena, member.key);
        if (!lock.name)
            return vs_compiler_memory(compiler);
        policy->locks[index < 0 ? (int)policy->lock_count++ : index] = lock;
    }
    return ret;
}

int vs_locks_read(struct vs_compiler *compiler)
{
    struct vs_policy *policy = compiler->policy;
    int ret = 0;

    policy->locks = vs_arena_alloc(compiler->arena, VS_POLICY_LOCKS_MAX * sizeof(*policy->locks));
    if (!policy->locks)
        return vs_compiler_memory(compiler);
    for (unsigned int layer = compiler->layer_count; ret == 0 && layer-- > 0;) {
        struct vs_json root = vs_json_root(compiler->docs[layer]);
        struct vs_json locks = vs_json_member(&root, "locks");

        if (vs_json_kind(&locks) == VS_JSON_ABSENT)
            continue;
        ret = vs_json_expect(&locks, VS_JSON_OBJECT, compiler->error);
        if (ret == 0)
            ret = read_layer(compiler, &locks, layer == compiler->layer_count - 1);
    }
    return ret;
}
