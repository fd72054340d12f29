/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lists of steps: strings, and objects for what holds steps of its own.
 */
#include "internal.h"

#include <string.h>

#include "base/units.h"

#define DEPTH_MAX 16  /* blocks within blocks */
#define STEPS_MAX 512 /* in one list, as written */
#define WHERE_MAX 256

struct form {
    const char *key;            /* the member that makes the object this form */
    const char *const *members; /* allowed, NULL-terminated */
    int (*read)(struct vs_compiler *compiler, const struct vs_json *at, struct vs_step *step);
};

static int read_member_block(struct vs_compiler *compiler, const struct vs_json *at,
                             const char *key, struct vs_block *block)
{
    struct vs_json member = vs_json_member(at, key);

    if (vs_json_kind(&member) == VS_JSON_ABSENT)
        return 0;
    return vs_block_parse(compiler, &member, block);
}

int vs_word_read(struct vs_compiler *compiler, const struct vs_json *at, const char *key,
                 const char *const *words, bool required, unsigned int *index)
{
    struct vs_json member = vs_json_member(at, key);
    const char *text = NULL;
    char hint[VS_HINT_TEXT];

    if (!required && vs_json_kind(&member) == VS_JSON_ABSENT)
        return 0;
    int ret = vs_json_string(&member, &text, compiler->error);

    if (ret != 0)
        return ret;
    for (unsigned int i = 0; words[i]; i++) {
        if (strcmp(words[i], text) == 0) {
            *index = i;
            return 0;
        }
    }
    return vs_json_refuse(&member, compiler->error, "unknown word \"%s\"%s", text,
                          vs_hint(text, words, hint, sizeof(hint)));
}

static int read_for_each(struct vs_compiler *compiler, const struct vs_json *at,
                         struct vs_step *step)
{
    static const char *const lists[] = {"domain-device", "all-device", NULL};
    static const char *const orders[] = {"list", "address", NULL};
    static const char *const excepts[] = {"nothing", "self", NULL};
    static const char *const parts[] = {"all", "before-self", "after-self", NULL};
    unsigned int list = 0, whose = VS_OF_CALLER, order = 0, except = 0, part = 0;
    int ret = vs_word_read(compiler, at, "for-each", lists, false, &list);

    if (ret == 0)
        ret = vs_word_read(compiler, at, "of", vs_whose_names, false, &whose);
    if (ret == 0)
        ret = vs_word_read(compiler, at, "order", orders, false, &order);
    if (ret == 0)
        ret = vs_word_read(compiler, at, "except", excepts, false, &except);
    if (ret == 0)
        ret = vs_word_read(compiler, at, "only", parts, false, &part);
    if (ret != 0)
        return ret;
    step->kind = VS_STEP_FOR_EACH;
    step->list = (uint8_t)(list == 0 ? VS_LIST_DOMAIN_DEVICES : VS_LIST_ALL_DEVICES);
    step->whose = (uint8_t)whose;
    step->by_address = order == 1;
    step->part = (uint8_t)part;
    step->skip_self = except == 1 || part != VS_PART_ALL;
    if (part != VS_PART_ALL && !step->by_address)
        return vs_json_refuse(at, compiler->error,
                              "\"only\" goes by address: add \"order\": \"address\"");
    return read_member_block(compiler, at, "do", &step->body);
}

static int read_repeat(struct vs_compiler *compiler, const struct vs_json *at, struct vs_step *step)
{
    struct vs_json times = vs_json_member(at, "repeat");
    int ret = vs_times_parse(compiler, &times, step);

    step->kind = VS_STEP_REPEAT;
    if (ret == 0)
        ret = read_member_block(compiler, at, "do", &step->body);
    if (ret == 0)
        ret = read_member_block(compiler, at, "between", &step->orelse);
    return ret;
}

static int read_branches(struct vs_compiler *compiler, const struct vs_json *at,
                         struct vs_step *step)
{
    int ret = read_member_block(compiler, at, "then", &step->body);

    return ret == 0 ? read_member_block(compiler, at, "else", &step->orelse) : ret;
}

static int read_fact(struct vs_compiler *compiler, const struct vs_json *at, const char *key,
                     struct vs_step *step)
{
    const char *names[VS_FACT_COUNT + 1] = {NULL};
    unsigned int fact = 0;

    for (unsigned int i = 0; i < VS_FACT_COUNT; i++)
        names[i] = vs_fact_name((enum vs_fact)i);
    int ret = vs_word_read(compiler, at, key, names, false, &fact);

    step->kind = VS_STEP_IF;
    step->fact = (uint8_t)fact;
    return ret == 0 ? read_branches(compiler, at, step) : ret;
}

static int read_if(struct vs_compiler *compiler, const struct vs_json *at, struct vs_step *step)
{
    return read_fact(compiler, at, "if", step);
}

static int read_unless(struct vs_compiler *compiler, const struct vs_json *at, struct vs_step *step)
{
    step->negate = true;
    return read_fact(compiler, at, "unless", step);
}

static int read_if_vpci(struct vs_compiler *compiler, const struct vs_json *at,
                        struct vs_step *step)
{
    static const char *const which[] = {"self", "other", NULL};
    unsigned int index = 0;
    int ret = vs_word_read(compiler, at, "if-vpci", which, false, &index);

    step->kind = VS_STEP_DEREF;
    step->branch = true;
    step->which = (uint8_t)index;
    return ret == 0 ? read_branches(compiler, at, step) : ret;
}

static int read_may_fail(struct vs_compiler *compiler, const struct vs_json *at,
                         struct vs_step *step)
{
    int ret = read_member_block(compiler, at, "may-fail", &step->body);

    step->kind = VS_STEP_MAY_FAIL;
    return ret == 0 ? read_member_block(compiler, at, "else", &step->orelse) : ret;
}

static int read_try(struct vs_compiler *compiler, const struct vs_json *at, struct vs_step *step)
{
    struct vs_json text = vs_json_member(at, "try");
    int ret = vs_step_parse(compiler, &text, step);

    if (ret != 0)
        return ret;
    if (step->kind != VS_STEP_LOCK)
        return vs_json_refuse(&text, compiler->error,
                              "only lock, read-lock and write-lock can be tried");
    step->kind = VS_STEP_TRY;
    return read_branches(compiler, at, step);
}

static int read_step(struct vs_compiler *compiler, const struct vs_json *at, struct vs_step *step)
{
    struct vs_json text = vs_json_member(at, "step");

    return vs_step_parse(compiler, &text, step);
}

static const struct form forms[] = {
    {"step", (const char *const[]){"step", "comment", NULL}, read_step},
    {"if", (const char *const[]){"if", "then", "else", "comment", NULL}, read_if},
    {"unless", (const char *const[]){"unless", "then", "else", "comment", NULL}, read_unless},
    {"if-vpci", (const char *const[]){"if-vpci", "then", "else", "comment", NULL}, read_if_vpci},
    {"try", (const char *const[]){"try", "then", "else", "comment", NULL}, read_try},
    {"may-fail", (const char *const[]){"may-fail", "else", "comment", NULL}, read_may_fail},
    {"repeat", (const char *const[]){"repeat", "do", "between", "comment", NULL}, read_repeat},
    {"for-each",
     (const char *const[]){"for-each", "of", "order", "except", "only", "do", "comment", NULL},
     read_for_each},
};

#define FORM_COUNT (sizeof(forms) / sizeof(forms[0]))

static const struct form *find_form(const struct vs_json *at)
{
    for (size_t i = 0; i < FORM_COUNT; i++) {
        struct vs_json member = vs_json_member(at, forms[i].key);

        if (vs_json_kind(&member) != VS_JSON_ABSENT)
            return &forms[i];
    }
    return NULL;
}

static int read_object(struct vs_compiler *compiler, const struct vs_json *at, struct vs_step *step)
{
    const struct form *form = find_form(at);
    const char *comment = NULL;

    if (!form)
        return vs_json_refuse(at, compiler->error,
                              "an object without \"step\", \"if\", \"unless\", \"if-vpci\", "
                              "\"try\", \"may-fail\", \"repeat\" or \"for-each\" is no step");
    *step = (struct vs_step){.quantity = VS_QUANTITY_ONE, .per = VS_QUANTITY_ONE, .count = 1};
    int ret = vs_json_only(at, form->members, compiler->error);

    if (ret == 0)
        ret = form->read(compiler, at, step);
    struct vs_json remark = vs_json_member(at, "comment");

    if (ret != 0 || vs_json_kind(&remark) == VS_JSON_ABSENT)
        return ret;
    ret = vs_json_string(&remark, &comment, compiler->error);
    if (ret != 0)
        return ret;
    step->comment = vs_arena_text(compiler->arena, comment);
    return step->comment ? 0 : vs_compiler_memory(compiler);
}

static int note_where(struct vs_compiler *compiler, const struct vs_json *at, struct vs_step *step)
{
    char where[WHERE_MAX];
    int used = 0;

    /* A step of the policy itself needs no file name: the error has it. */
    if (compiler->layer > 0)
        used = snprintf(where, sizeof(where) / 2, "%s: ", compiler->files[compiler->layer]);
    vs_json_path(at, where + used, sizeof(where) - (size_t)used);
    step->where = vs_arena_text(compiler->arena, where);
    return step->where ? 0 : vs_compiler_memory(compiler);
}

int vs_block_parse(struct vs_compiler *compiler, const struct vs_json *at, struct vs_block *block)
{
    int ret = vs_json_expect(at, VS_JSON_ARRAY, compiler->error);
    size_t count = vs_json_count(at);

    if (ret != 0)
        return ret;
    if (compiler->depth == DEPTH_MAX)
        return vs_json_refuse(at, compiler->error, "more than %d lists within lists", DEPTH_MAX);
    if (count > STEPS_MAX)
        return vs_json_refuse(at, compiler->error, "a list of more than %d steps", STEPS_MAX);
    if (count == 0)
        return 0;
    block->steps = vs_arena_alloc(compiler->arena, count * sizeof(*block->steps));
    if (!block->steps)
        return vs_compiler_memory(compiler);
    compiler->depth++;
    for (size_t i = 0; ret == 0 && i < count; i++) {
        struct vs_json item = vs_json_item(at, i);
        struct vs_step *step = &block->steps[i];

        if (vs_json_kind(&item) == VS_JSON_OBJECT)
            ret = read_object(compiler, &item, step);
        else
            ret = vs_step_parse(compiler, &item, step);
        if (ret == 0)
            ret = note_where(compiler, &item, step);
    }
    compiler->depth--;
    block->count = count;
    return ret;
}
