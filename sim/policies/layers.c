/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A policy is read in layers: itself, what it is based on, and common.json
 * below all.  A higher layer's fragment, body, operation or lock replaces the
 * lower one of that name, also where the lower layer refers to it.
 */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/units.h"

#define DEFINITIONS_MAX 4096
#define KEY_MAX         1024 /* bytes of "read-absent, read-passthrough, ..." */

/* -------------------------------------------------------------------- opening */

static int open_layer(struct vs_compiler *compiler, const char *text, size_t length,
                      const char *file)
{
    unsigned int layer = compiler->layer_count;

    compiler->files[layer] = vs_arena_text(compiler->arena, file);
    if (!compiler->files[layer])
        return vs_compiler_memory(compiler);
    int ret = vs_json_parse(text, length, file, &compiler->docs[layer], compiler->error);

    if (ret != 0)
        return ret;
    compiler->layer_count++;
    struct vs_json root = vs_json_root(compiler->docs[layer]);

    return vs_json_expect(&root, VS_JSON_OBJECT, compiler->error);
}

static int refuse_base(struct vs_compiler *compiler, const struct vs_json *at, const char *name)
{
    char hint[VS_HINT_TEXT];

    return vs_json_refuse(at, compiler->error, "no policy \"%s\" ships with vpcisim%s", name,
                          vs_hint(name, vs_policy_names(), hint, sizeof(hint)));
}

int vs_layers_open(struct vs_compiler *compiler, const char *text, size_t length, const char *file)
{
    int ret = open_layer(compiler, text, length, file);

    while (ret == 0) {
        struct vs_json root = vs_json_root(compiler->docs[compiler->layer_count - 1]);
        struct vs_json base = vs_json_member(&root, "based-on");
        const char *name = NULL;

        if (vs_json_kind(&base) == VS_JSON_ABSENT)
            break;
        ret = vs_json_string(&base, &name, compiler->error);
        if (ret != 0)
            return ret;
        const char *shipped = vs_policy_builtin_text(name);
        char called[64];

        if (!shipped)
            return refuse_base(compiler, &base, name);
        if (compiler->layer_count == VS_LAYERS_MAX - 1)
            return vs_json_refuse(&base, compiler->error, "more than %d policies based on another",
                                  VS_LAYERS_MAX - 2);
        snprintf(called, sizeof(called), "%.50s (built-in)", name);
        ret = open_layer(compiler, shipped, strlen(shipped), called);
    }
    if (ret == 0)
        ret = open_layer(compiler, vs_policy_common_text, strlen(vs_policy_common_text),
                         "common.json (built-in)");
    return ret;
}

/* ----------------------------------------------------------------- definitions */

const struct vs_definition *vs_definition_find(const struct vs_compiler *compiler,
                                               enum vs_definition_kind kind, const char *name,
                                               enum vs_op op)
{
    const struct vs_definition *found = NULL;

    for (size_t i = 0; i < compiler->definition_count; i++) {
        const struct vs_definition *definition = &compiler->definitions[i];
        bool same = definition->kind == kind &&
                    (kind == VS_DEFINE_FRAGMENT ? strcmp(definition->name, name) == 0
                                                : definition->op == op);

        if (!same || (found && definition->layer != found->layer))
            continue;
        if (!found || (found->by_group && !definition->by_group))
            found = definition;
    }
    return found;
}

static int add_definition(struct vs_compiler *compiler, const struct vs_json *at,
                          const struct vs_definition *definition)
{
    for (size_t i = 0; i < compiler->definition_count; i++) {
        const struct vs_definition *other = &compiler->definitions[i];

        /* JSON itself refuses equal keys, so equal fragments cannot come here. */
        if (definition->kind != VS_DEFINE_FRAGMENT && other->kind == definition->kind &&
            other->layer == definition->layer && other->op == definition->op &&
            other->by_group == definition->by_group)
            return vs_json_refuse(at, compiler->error, "\"%s\" is stated twice",
                                  vs_op_table[definition->op].name);
    }
    if (compiler->definition_count == DEFINITIONS_MAX)
        return vs_json_refuse(at, compiler->error, "more than %d definitions", DEFINITIONS_MAX);
    if (compiler->definition_count == compiler->definition_capacity) {
        size_t capacity = compiler->definition_capacity ? 2 * compiler->definition_capacity : 256;
        void *larger = realloc(compiler->definitions, capacity * sizeof(*compiler->definitions));

        if (!larger)
            return vs_compiler_memory(compiler);
        compiler->definitions = larger;
        compiler->definition_capacity = capacity;
    }
    compiler->definitions[compiler->definition_count++] = *definition;
    return 0;
}

static const struct vs_group *find_group(const struct vs_compiler *compiler, const char *name)
{
    for (size_t i = 0; i < compiler->group_count; i++) {
        if (strcmp(compiler->groups[i].name, name) == 0)
            return &compiler->groups[i];
    }
    return NULL;
}

static int refuse_operation(struct vs_compiler *compiler, const struct vs_json *at,
                            const char *word)
{
    const char *names[VS_OP_COUNT + 64] = {NULL};
    char hint[VS_HINT_TEXT];
    size_t count = 0;

    for (int op = 0; op < VS_OP_COUNT; op++)
        names[count++] = vs_op_table[op].name;
    for (size_t i = 0; i < compiler->group_count && i < 63; i++)
        names[count++] = compiler->groups[i].name;
    return vs_json_refuse(at, compiler->error, "unknown operation \"%s\"%s", word,
                          vs_hint(word, names, hint, sizeof(hint)));
}

/* One name of a key: an operation, or a group of them. */
static int add_named(struct vs_compiler *compiler, const struct vs_json *at, const char *word,
                     struct vs_definition *definition)
{
    const struct vs_group *group = find_group(compiler, word);
    int op = vs_op_from_name(word);
    int ret = 0;

    if (!group && op < 0)
        return refuse_operation(compiler, at, word);
    definition->by_group = group != NULL;
    for (int i = 0; ret == 0 && i < VS_OP_COUNT; i++) {
        definition->op = (enum vs_op)i;
        if (group ? group->holds[i] : i == op)
            ret = add_definition(compiler, at, definition);
    }
    return ret;
}

/* Calls add for each word of "a, b, c". */
static int for_words(struct vs_compiler *compiler, const struct vs_json *at, const char *text,
                     int (*add)(struct vs_compiler *compiler, const struct vs_json *at,
                                const char *word, struct vs_definition *definition),
                     struct vs_definition *definition)
{
    char copy[KEY_MAX];
    char *rest = NULL;
    int ret = 0;

    if (strlen(text) >= sizeof(copy))
        return vs_json_refuse(at, compiler->error, "a list of names of more than %d bytes",
                              KEY_MAX - 1);
    strcpy(copy, text);
    for (char *word = strtok_r(copy, ", ", &rest); ret == 0 && word;
         word = strtok_r(NULL, ", ", &rest))
        ret = add(compiler, at, word, definition);
    return ret;
}

static int read_steps(struct vs_compiler *compiler, const struct vs_json *at,
                      struct vs_definition *definition)
{
    static const char *const members[] = {"source", "steps", NULL};
    const char *source = NULL;

    if (vs_json_kind(at) != VS_JSON_OBJECT)
        return vs_block_parse(compiler, at, &definition->block);
    struct vs_json steps = vs_json_member(at, "steps");
    struct vs_json citation = vs_json_member(at, "source");
    int ret = vs_json_only(at, members, compiler->error);

    if (ret == 0)
        ret = vs_json_string(&citation, &source, compiler->error);
    if (ret == 0)
        ret = vs_block_parse(compiler, &steps, &definition->block);
    if (ret != 0)
        return ret;
    definition->source = vs_arena_text(compiler->arena, source);
    return definition->source ? 0 : vs_compiler_memory(compiler);
}

static int read_definitions(struct vs_compiler *compiler, const struct vs_json *root,
                            const char *key, enum vs_definition_kind kind)
{
    struct vs_json at = vs_json_member(root, key);
    int ret = 0;

    if (vs_json_kind(&at) == VS_JSON_ABSENT)
        return 0;
    ret = vs_json_expect(&at, VS_JSON_OBJECT, compiler->error);
    for (size_t i = 0; ret == 0 && i < vs_json_count(&at); i++) {
        struct vs_json member = vs_json_member_at(&at, i);
        struct vs_definition definition = {.kind = kind, .layer = compiler->layer};

        ret = read_steps(compiler, &member, &definition);
        if (ret != 0)
            return ret;
        if (kind != VS_DEFINE_FRAGMENT) {
            ret = for_words(compiler, &member, member.key, add_named, &definition);
            continue;
        }
        definition.name = vs_arena_text(compiler->arena, member.key);
        if (!definition.name)
            return vs_compiler_memory(compiler);
        ret = add_definition(compiler, &member, &definition);
    }
    return ret;
}

/* --------------------------------------------------------------------- groups */

static int add_to_group(struct vs_compiler *compiler, const struct vs_json *at, const char *word,
                        struct vs_definition *unused)
{
    int op = vs_op_from_name(word);

    (void)unused;
    if (op < 0)
        return refuse_operation(compiler, at, word);
    compiler->groups[compiler->group_count].holds[op] = true;
    return 0;
}

static int read_groups(struct vs_compiler *compiler, const struct vs_json *root)
{
    struct vs_json at = vs_json_member(root, "groups");
    size_t count = vs_json_count(&at);
    int ret = 0;

    compiler->groups = vs_arena_alloc(compiler->arena, (count + 1) * sizeof(*compiler->groups));
    if (!compiler->groups)
        return vs_compiler_memory(compiler);
    for (size_t i = 0; ret == 0 && i < count; i++) {
        struct vs_json member = vs_json_member_at(&at, i);
        const char *names = NULL;

        ret = vs_json_string(&member, &names, compiler->error);
        if (ret == 0)
            ret = for_words(compiler, &member, names, add_to_group, NULL);
        compiler->groups[compiler->group_count].name = member.key;
        compiler->group_count++;
    }
    return ret;
}

static int read_layer(struct vs_compiler *compiler, const struct vs_json *root, bool common)
{
    static const char *const own[] = {"name",  "summary",   "source", "based-on",
                                      "notes", "locks",     "bodies", "operations",
                                      "allow", "fragments", "faults", NULL};
    static const char *const shared[] = {"about",  "locks",   "groups", "fragments",
                                         "bodies", "entries", "misses", NULL};
    static const struct {
        const char *key;
        enum vs_definition_kind kind;
    } sections[] = {{"fragments", VS_DEFINE_FRAGMENT},
                    {"bodies", VS_DEFINE_BODY},
                    {"entries", VS_DEFINE_ENTRY},
                    {"misses", VS_DEFINE_MISS},
                    {"operations", VS_DEFINE_OPERATION}};
    int ret = vs_json_only(root, common ? shared : own, compiler->error);

    for (size_t i = 0; ret == 0 && i < sizeof(sections) / sizeof(sections[0]); i++)
        ret = read_definitions(compiler, root, sections[i].key, sections[i].kind);
    return ret;
}

int vs_layers_read(struct vs_compiler *compiler)
{
    struct vs_json bottom = vs_json_root(compiler->docs[compiler->layer_count - 1]);
    int ret = read_groups(compiler, &bottom);

    for (unsigned int layer = 0; ret == 0 && layer < compiler->layer_count; layer++) {
        struct vs_json root = vs_json_root(compiler->docs[layer]);

        compiler->layer = layer;
        ret = read_layer(compiler, &root, layer == compiler->layer_count - 1);
    }
    return ret;
}
