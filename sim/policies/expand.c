/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From definitions to one operation's program: "do FRAGMENT" and "body" give
 * way to the steps that they name, highest layer first.
 */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

#define FRAGMENTS_DEEP_MAX 24   /* fragments within fragments; deeper is a circle */
#define STEPS_MAX          2048 /* in one program */

struct vector {
    struct vs_step *steps;
    size_t count, capacity;
};

struct expansion {
    struct vs_compiler *compiler;
    enum vs_op op;
    bool in_body;
    size_t total;
    const char *open[FRAGMENTS_DEEP_MAX]; /* names, outermost first */
    unsigned int depth;
};

static int expand_block(struct expansion *expansion, const struct vs_block *from,
                        struct vs_block *block);
static int expand_into(struct expansion *expansion, const struct vs_block *from,
                       struct vector *vector);

static int refuse(const struct expansion *expansion, const struct vs_step *step,
                  const char *problem, const char *name)
{
    const struct vs_compiler *compiler = expansion->compiler;

    return vs_error_set_at(compiler->error, VS_ERR_INPUT, compiler->files[0], VS_NOWHERE,
                           VS_NOWHERE, "%s: in operation \"%s\": %s%s", step->where,
                           vs_op_table[expansion->op].name, problem, name);
}

static int refuse_fragment(const struct expansion *expansion, const struct vs_step *step)
{
    const struct vs_compiler *compiler = expansion->compiler;
    const char **names = calloc(compiler->definition_count + 1, sizeof(*names));
    char hint[VS_HINT_TEXT] = "";
    char text[VS_HINT_TEXT + 128];
    size_t count = 0;

    if (names) {
        for (size_t i = 0; i < compiler->definition_count; i++) {
            if (compiler->definitions[i].kind == VS_DEFINE_FRAGMENT)
                names[count++] = compiler->definitions[i].name;
        }
        vs_hint(step->fragment, names, hint, sizeof(hint));
    }
    free(names);
    snprintf(text, sizeof(text), "\"%.100s\"%s", step->fragment, hint);
    return refuse(expansion, step, "unknown fragment ", text);
}

static int append(struct expansion *expansion, struct vector *vector, const struct vs_step *step)
{
    if (++expansion->total > STEPS_MAX)
        return refuse(expansion, step, "a program of more than 2048 steps", "");
    if (vector->count == vector->capacity) {
        size_t capacity = vector->capacity ? 2 * vector->capacity : 32;
        void *larger = realloc(vector->steps, capacity * sizeof(*vector->steps));

        if (!larger)
            return vs_compiler_memory(expansion->compiler);
        vector->steps = larger;
        vector->capacity = capacity;
    }
    vector->steps[vector->count++] = *step;
    return 0;
}

static int expand_named(struct expansion *expansion, const struct vs_step *step,
                        const struct vs_block *block, const char *name, struct vector *vector)
{
    if (expansion->depth == FRAGMENTS_DEEP_MAX)
        return refuse(expansion, step, "fragments go in a circle: ", name);
    size_t first = vector->count;

    expansion->open[expansion->depth++] = name;
    int ret = expand_into(expansion, block, vector);

    expansion->depth--;
    /* The remark on a "do" goes to the first step that takes its place. */
    if (ret == 0 && step->comment && vector->count > first && !vector->steps[first].comment)
        vector->steps[first].comment = step->comment;
    return ret;
}

static int expand_do(struct expansion *expansion, const struct vs_step *step, struct vector *vector)
{
    const struct vs_definition *fragment =
        vs_definition_find(expansion->compiler, VS_DEFINE_FRAGMENT, step->fragment, expansion->op);

    if (!fragment)
        return refuse_fragment(expansion, step);
    return expand_named(expansion, step, &fragment->block, fragment->name, vector);
}

static int expand_body(struct expansion *expansion, const struct vs_step *step,
                       struct vector *vector)
{
    const struct vs_definition *body =
        vs_definition_find(expansion->compiler, VS_DEFINE_BODY, NULL, expansion->op);

    if (!body)
        return refuse(expansion, step, "\"body\": this operation has no body", "");
    if (expansion->in_body)
        return refuse(expansion, step, "a \"body\" within a body", "");
    expansion->in_body = true;
    int ret = expand_named(expansion, step, &body->block, "body", vector);

    expansion->in_body = false;
    return ret;
}

static int expand_into(struct expansion *expansion, const struct vs_block *from,
                       struct vector *vector)
{
    int ret = 0;

    for (size_t i = 0; ret == 0 && i < from->count; i++) {
        const struct vs_step *step = &from->steps[i];

        if ((int)step->kind == VS_STEP_DO) {
            ret = expand_do(expansion, step, vector);
        } else if ((int)step->kind == VS_STEP_BODY) {
            ret = expand_body(expansion, step, vector);
        } else {
            struct vs_step copy = *step;

            copy.fragment = expansion->depth ? expansion->open[expansion->depth - 1] : NULL;
            ret = expand_block(expansion, &step->body, &copy.body);
            if (ret == 0)
                ret = expand_block(expansion, &step->orelse, &copy.orelse);
            if (ret == 0)
                ret = append(expansion, vector, &copy);
        }
    }
    return ret;
}

static int expand_block(struct expansion *expansion, const struct vs_block *from,
                        struct vs_block *block)
{
    struct vector vector = {0};
    int ret = expand_into(expansion, from, &vector);

    *block = (struct vs_block){0};
    if (ret == 0 && vector.count > 0) {
        size_t size = vector.count * sizeof(*vector.steps);

        block->steps = vs_arena_alloc(expansion->compiler->arena, size);
        if (block->steps) {
            memcpy(block->steps, vector.steps, size);
            block->count = vector.count;
        } else {
            ret = vs_compiler_memory(expansion->compiler);
        }
    }
    free(vector.steps);
    return ret;
}

int vs_expand(struct vs_compiler *compiler, enum vs_op op, const struct vs_definition *definition,
              struct vs_block *block)
{
    struct expansion expansion = {.compiler = compiler, .op = op};

    *block = (struct vs_block){0};
    return definition ? expand_block(&expansion, &definition->block, block) : 0;
}
