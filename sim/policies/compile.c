/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a policy's text to its programs: open the layers, read the locks, read
 * the steps, expand every operation, check every path.
 */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

#define NOTES_MAX 64

int vs_compiler_memory(struct vs_compiler *compiler)
{
    return vs_error_set(compiler->error, VS_ERR_MEMORY, "out of memory while compiling a policy");
}

/* A required string at the policy's top into *text. */
static int read_text(struct vs_compiler *compiler, const struct vs_json *root, const char *key,
                     char **text)
{
    struct vs_json member = vs_json_member(root, key);
    const char *value = NULL;
    int ret = vs_json_string(&member, &value, compiler->error);

    if (ret != 0)
        return ret;
    if (*value == '\0')
        return vs_json_refuse(&member, compiler->error, "expected a text, found \"\"");
    *text = vs_arena_text(compiler->arena, value);
    return *text ? 0 : vs_compiler_memory(compiler);
}

static int read_notes(struct vs_compiler *compiler, const struct vs_json *root)
{
    struct vs_policy *policy = compiler->policy;
    struct vs_json notes = vs_json_member(root, "notes");
    int ret = 0;

    if (vs_json_kind(&notes) == VS_JSON_ABSENT)
        return 0;
    ret = vs_json_expect(&notes, VS_JSON_ARRAY, compiler->error);
    if (ret == 0 && vs_json_count(&notes) > NOTES_MAX)
        ret = vs_json_refuse(&notes, compiler->error, "more than %d notes", NOTES_MAX);
    if (ret != 0)
        return ret;
    policy->notes = vs_arena_alloc(compiler->arena, NOTES_MAX * sizeof(*policy->notes));
    if (!policy->notes)
        return vs_compiler_memory(compiler);
    for (size_t i = 0; ret == 0 && i < vs_json_count(&notes); i++) {
        struct vs_json item = vs_json_item(&notes, i);
        const char *text = NULL;

        ret = vs_json_string(&item, &text, compiler->error);
        if (ret == 0)
            policy->notes[policy->note_count] = vs_arena_text(compiler->arena, text);
        if (ret == 0 && !policy->notes[policy->note_count++])
            ret = vs_compiler_memory(compiler);
    }
    return ret;
}

/* A lower-case-hyphen name: it is typed, stored and printed in legends. */
static int check_name(struct vs_compiler *compiler, const struct vs_json *root)
{
    const char *name = compiler->policy->name;
    struct vs_json member = vs_json_member(root, "name");

    if (strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(name) || strlen(name) > 40)
        return vs_json_refuse(&member, compiler->error,
                              "a name has lower-case letters, digits and hyphens, at most 40");
    return 0;
}

static int read_head(struct vs_compiler *compiler)
{
    struct vs_policy *policy = compiler->policy;
    struct vs_json root = vs_json_root(compiler->docs[0]);
    int ret = read_text(compiler, &root, "name", &policy->name);

    if (ret == 0)
        ret = check_name(compiler, &root);
    if (ret == 0)
        ret = read_text(compiler, &root, "summary", &policy->summary);
    if (ret == 0)
        ret = read_text(compiler, &root, "source", &policy->source);
    struct vs_json faults = vs_json_member(&root, "faults");

    if (ret == 0 && vs_json_kind(&faults) != VS_JSON_ABSENT)
        ret = read_text(compiler, &root, "faults", &policy->faults);
    if (ret == 0)
        ret = read_notes(compiler, &root);
    return ret;
}

/* "allow" of the policy and of what it is based on. */
static int read_allow(struct vs_compiler *compiler, unsigned int layer)
{
    struct vs_json root = vs_json_root(compiler->docs[layer]);
    struct vs_json allow = vs_json_member(&root, "allow");
    int ret = 0;

    if (vs_json_kind(&allow) == VS_JSON_ABSENT)
        return 0;
    ret = vs_json_expect(&allow, VS_JSON_ARRAY, compiler->error);
    for (size_t i = 0; ret == 0 && i < vs_json_count(&allow); i++) {
        struct vs_json item = vs_json_item(&allow, i);
        const char *word = NULL;
        char hint[VS_HINT_TEXT];
        unsigned int rule = 0;

        ret = vs_json_string(&item, &word, compiler->error);
        if (ret != 0)
            return ret;
        while (rule < VS_ALLOW_COUNT && strcmp(vs_allowance_names[rule], word) != 0)
            rule++;
        if (rule == VS_ALLOW_COUNT)
            return vs_json_refuse(&item, compiler->error, "unknown rule \"%s\"%s", word,
                                  vs_hint(word, vs_allowance_names, hint, sizeof(hint)));
        compiler->allowed |= 1u << rule;
    }
    return ret;
}

/* A permission that nothing needs hides the next mistake. */
static int check_allow(struct vs_compiler *compiler)
{
    struct vs_json root = vs_json_root(compiler->docs[0]);
    struct vs_json allow = vs_json_member(&root, "allow");
    uint32_t unused = compiler->allowed & ~compiler->allowed_used;

    for (size_t i = 0; i < vs_json_count(&allow); i++) {
        struct vs_json item = vs_json_item(&allow, i);
        const char *word = NULL;

        if (vs_json_string(&item, &word, compiler->error) != 0)
            return VS_ERR_INPUT;
        for (unsigned int rule = 0; rule < VS_ALLOW_COUNT; rule++) {
            if ((unused >> rule & 1u) && strcmp(vs_allowance_names[rule], word) == 0)
                return vs_json_refuse(&item, compiler->error, "no step needs \"%s\"", word);
        }
    }
    return 0;
}

static int refuse_missing(struct vs_compiler *compiler)
{
    struct vs_json root = vs_json_root(compiler->docs[0]);
    struct vs_json operations = vs_json_member(&root, "operations");
    char names[160] = "";
    size_t used = 0;
    unsigned int missing = 0;

    for (int op = 0; op < VS_OP_COUNT; op++) {
        if (vs_definition_find(compiler, VS_DEFINE_OPERATION, NULL, (enum vs_op)op))
            continue;
        if (missing++ < 3)
            used += (size_t)snprintf(names + used, sizeof(names) - used, "%s\"%s\"",
                                     used ? ", " : "", vs_op_table[op].name);
    }
    if (missing > 3)
        snprintf(names + used, sizeof(names) - used, " and %u more", missing - 3);
    return vs_json_refuse(&operations, compiler->error, "no program for %s", names);
}

static int build_program(struct vs_compiler *compiler, enum vs_op op)
{
    struct vs_policy *policy = compiler->policy;
    struct vs_program *program = &policy->programs[op];
    const struct vs_definition *steps = vs_definition_find(compiler, VS_DEFINE_OPERATION, NULL, op);
    int ret = 0;

    if (!steps)
        return refuse_missing(compiler);
    program->source = steps->source ? steps->source : policy->source;
    ret = vs_expand(compiler, op, steps, &program->steps);
    if (ret == 0)
        ret = vs_expand(compiler, op, vs_definition_find(compiler, VS_DEFINE_ENTRY, NULL, op),
                        &program->entry);
    if (ret == 0)
        ret = vs_expand(compiler, op, vs_definition_find(compiler, VS_DEFINE_MISS, NULL, op),
                        &program->miss);
    return ret == 0 ? vs_check(compiler, op) : ret;
}

static int compile(struct vs_compiler *compiler, const char *text, size_t length, const char *file)
{
    struct vs_policy *policy = compiler->policy;
    int ret = vs_layers_open(compiler, text, length, file);

    if (ret == 0)
        ret = read_head(compiler);
    if (ret == 0)
        ret = vs_locks_read(compiler);
    if (ret == 0)
        ret = vs_layers_read(compiler);
    for (unsigned int layer = 0; ret == 0 && layer + 1 < compiler->layer_count; layer++)
        ret = read_allow(compiler, layer);
    for (int op = 0; ret == 0 && op < VS_OP_COUNT; op++)
        ret = build_program(compiler, (enum vs_op)op);
    if (ret == 0)
        ret = check_allow(compiler);
    if (ret != 0)
        return ret;
    policy->file = vs_arena_text(compiler->arena, file);
    policy->text = vs_arena_alloc(compiler->arena, length + 1);
    if (!policy->file || !policy->text)
        return vs_compiler_memory(compiler);
    memcpy(policy->text, text, length);
    return 0;
}

int vs_policy_compile(const char *text, size_t length, const char *file, struct vs_policy **policy,
                      struct vs_error *error)
{
    struct vs_compiler compiler = {.error = error};
    int ret = VS_ERR_MEMORY;

    *policy = NULL;
    compiler.policy = calloc(1, sizeof(*compiler.policy));
    compiler.arena = vs_arena_new();
    if (compiler.policy)
        compiler.policy->arena = compiler.arena;
    if (!compiler.policy || !compiler.arena) {
        vs_compiler_memory(&compiler);
        if (!compiler.policy)
            vs_arena_free(compiler.arena);
        goto out;
    }
    ret = compile(&compiler, text, length, file ? file : "");
    if (ret != 0)
        goto out;
    *policy = compiler.policy;
    compiler.policy = NULL;
out:
    for (unsigned int layer = 0; layer < VS_LAYERS_MAX; layer++)
        vs_json_doc_free(compiler.docs[layer]);
    free(compiler.definitions);
    vs_policy_free(compiler.policy);
    return ret;
}

void vs_policy_free(struct vs_policy *policy)
{
    if (!policy)
        return;
    vs_arena_free(policy->arena);
    free(policy);
}
