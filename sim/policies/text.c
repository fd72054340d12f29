/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A step back into words: what steps.c and blocks.c would read.
 */
#include "internal.h"

#include <inttypes.h>
#include <stdarg.h>

struct line {
    char *buffer;
    size_t used;
};

static void __attribute__((format(printf, 2, 3))) add(struct line *line, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    int length = vsnprintf(line->buffer + line->used, VS_STEP_TEXT - line->used, format, arguments);

    va_end(arguments);
    if (length > 0)
        line->used += (size_t)length;
    if (line->used >= VS_STEP_TEXT)
        line->used = VS_STEP_TEXT - 1;
}

static void add_times(struct line *line, const struct vs_step *step)
{
    if (step->quantity != VS_QUANTITY_ONE)
        add(line, " * %s", vs_quantity_name((enum vs_quantity)step->quantity));
    if (step->count > 1)
        add(line, " * %" PRIu32, step->count);
    if (step->per != VS_QUANTITY_ONE)
        add(line, " / %s", vs_quantity_name((enum vs_quantity)step->per));
}

static void add_other(struct line *line, const struct vs_step *step)
{
    if (step->which == VS_OTHER)
        add(line, " of other");
}

static void add_whose(struct line *line, const struct vs_step *step)
{
    if (step->whose != VS_OF_CALLER)
        add(line, " of %s", vs_whose_name((enum vs_whose)step->whose));
}

/* A lock's name with the instance that is meant. */
static void add_lock(struct line *line, const struct vs_policy *policy, const struct vs_step *step)
{
    const struct vs_lock_decl *lock = &policy->locks[step->lock];

    add(line, " %s", lock->name);
    if (lock->scope == VS_SCOPE_DOMAIN)
        add(line, " of %s", vs_whose_name((enum vs_whose)step->whose));
    else if (lock->scope == VS_SCOPE_DEVICE)
        add_other(line, step);
}

static void add_locking(struct line *line, const struct vs_policy *policy,
                        const struct vs_step *step)
{
    static const char *const modes[VS_MODE_COUNT] = {"", "read-", "write-"};

    add(line, "%s%slock", modes[step->mode], step->kind == VS_STEP_UNLOCK ? "un" : "");
    add_lock(line, policy, step);
}

static void add_list(struct line *line, const struct vs_step *step, const char *verb,
                     const char *preposition)
{
    add(line, "%s pdev", verb);
    add_other(line, step);
    add(line, " %s %s", preposition, vs_list_name((enum vs_list)step->list));
    /* There is one list of all devices. */
    if (step->list != VS_LIST_ALL_DEVICES)
        add_whose(line, step);
}

static void add_slot(struct line *line, const struct vs_policy *policy, const struct vs_step *step)
{
    add(line, step->kind == VS_STEP_DEFER ? "defer map" : "take pending");
    if (step->unraised)
        add(line, " unraised");
    if (step->by_sbdf)
        add(line, " by sbdf");
    if (step->with_ref)
        add(line, " with %s", policy->locks[step->lock].name);
}

static void add_for_each(struct line *line, const struct vs_policy *policy,
                         const struct vs_step *step)
{
    (void)policy;
    static const char *const parts[VS_PART_COUNT] = {"", " before self", " after self"};

    add(line, "for each %s",
        step->list == VS_LIST_ALL_DEVICES ? "device of the host" : "device of the domain");
    if (step->list != VS_LIST_ALL_DEVICES)
        add_whose(line, step);
    add(line, "%s%s", parts[step->part], step->by_address ? ", by address" : ", in list order");
    if (step->skip_self && step->part == VS_PART_ALL)
        add(line, ", except self");
}

static void add_repeat(struct line *line, const struct vs_policy *policy,
                       const struct vs_step *step)
{
    (void)policy;
    add(line, "repeat");
    if (step->quantity != VS_QUANTITY_ONE)
        add(line, " %s", vs_quantity_name((enum vs_quantity)step->quantity));
    if (step->count > 1)
        add(line, "%s %" PRIu32, step->quantity != VS_QUANTITY_ONE ? " *" : "", step->count);
    if (step->per != VS_QUANTITY_ONE)
        add(line, " / %s", vs_quantity_name((enum vs_quantity)step->per));
    add(line, step->quantity == VS_QUANTITY_ONE || step->per != VS_QUANTITY_ONE ? " times" : "");
}

/* "verb object [of other]". */
static void add_object(struct line *line, const struct vs_policy *policy,
                       const struct vs_step *step)
{
    (void)policy;
    const char *name = vs_object_name((enum vs_object)step->object);

    /* Publish and clear are of the vPCI alone, and do not carry it. */
    if (step->object == VS_OBJECT_NONE)
        name = "vpci";
    add(line, "%s %s", vs_step_kind_name(step->kind), name);
    add_other(line, step);
}

static void add_deref(struct line *line, const struct vs_policy *policy, const struct vs_step *step)
{
    (void)policy;
    if (step->branch)
        add(line, "if vpci%s", step->which == VS_OTHER ? " of other" : "");
    else
        add(line, step->recheck ? "recheck vpci" : "deref vpci");
}

static void add_locked(struct line *line, const struct vs_policy *policy,
                       const struct vs_step *step)
{
    add(line, "%s%s", vs_step_kind_name(step->kind), step->initial ? " initial" : "");
    add_lock(line, policy, step);
    if (step->kind == VS_STEP_CALL_RCU) {
        add(line, " free %s", vs_object_name((enum vs_object)step->object));
        add_other(line, step);
    }
}

static void add_bars(struct line *line, const struct vs_policy *policy, const struct vs_step *step)
{
    (void)policy;
    add(line, "%s bars", step->kind == VS_STEP_READ_BARS ? "read" : "write");
    add_other(line, step);
    if (step->count > 1)
        add(line, " * %" PRIu32, step->count);
}

static void add_work(struct line *line, const struct vs_policy *policy, const struct vs_step *step)
{
    (void)policy;
    add(line, "work %s", vs_work_table[step->work].name);
    add_times(line, step);
}

static void add_try(struct line *line, const struct vs_policy *policy, const struct vs_step *step)
{
    add(line, "try ");
    add_locking(line, policy, step);
}

static void add_lookup(struct line *line, const struct vs_policy *policy,
                       const struct vs_step *step)
{
    (void)policy;
    add(line, "lookup pdev in %s", vs_list_name((enum vs_list)step->list));
    add_whose(line, step);
}

static void add_link(struct line *line, const struct vs_policy *policy, const struct vs_step *step)
{
    (void)policy;
    add_list(line, step, "link", "in");
}

static void add_unlink(struct line *line, const struct vs_policy *policy,
                       const struct vs_step *step)
{
    (void)policy;
    add_list(line, step, "unlink", "from");
}

static void add_owner(struct line *line, const struct vs_policy *policy, const struct vs_step *step)
{
    (void)policy;
    add(line, "set-owner");
    add_other(line, step);
    add(line, " to %s", vs_whose_name((enum vs_whose)step->whose));
}

static void add_recheck(struct line *line, const struct vs_policy *policy,
                        const struct vs_step *step)
{
    (void)policy;
    (void)step;
    add(line, "recheck owner");
}

static void add_may_fail(struct line *line, const struct vs_policy *policy,
                         const struct vs_step *step)
{
    (void)policy;
    (void)step;
    add(line, "if that failed");
}

static void add_empty(struct line *line, const struct vs_policy *policy, const struct vs_step *step)
{
    (void)policy;
    (void)step;
    add(line, "clear pending");
}

static void add_if(struct line *line, const struct vs_policy *policy, const struct vs_step *step)
{
    (void)policy;
    add(line, "%s %s", step->negate ? "unless" : "if", vs_fact_name((enum vs_fact)step->fact));
}

/* Kinds that are a word alone have none. */
static void (*const writers[VS_STEP_KIND_COUNT])(struct line *line, const struct vs_policy *policy,
                                                 const struct vs_step *step) = {
    [VS_STEP_WORK] = add_work,
    [VS_STEP_LOCK] = add_locking,
    [VS_STEP_UNLOCK] = add_locking,
    [VS_STEP_TRY] = add_try,
    [VS_STEP_LOOKUP] = add_lookup,
    [VS_STEP_DEREF] = add_deref,
    [VS_STEP_USE] = add_object,
    [VS_STEP_READ_BARS] = add_bars,
    [VS_STEP_WRITE_BARS] = add_bars,
    [VS_STEP_LINK] = add_link,
    [VS_STEP_UNLINK] = add_unlink,
    [VS_STEP_SET_OWNER] = add_owner,
    [VS_STEP_ALLOCATE] = add_object,
    [VS_STEP_PUBLISH] = add_object,
    [VS_STEP_CLEAR] = add_object,
    [VS_STEP_FREE] = add_object,
    [VS_STEP_RCU_READ_LOCK] = add_locked,
    [VS_STEP_RCU_READ_UNLOCK] = add_locked,
    [VS_STEP_CALL_RCU] = add_locked,
    [VS_STEP_RCU_BARRIER] = add_locked,
    [VS_STEP_GET] = add_locked,
    [VS_STEP_PUT] = add_locked,
    [VS_STEP_DEFER] = add_slot,
    [VS_STEP_TAKE_PENDING] = add_slot,
    [VS_STEP_CLEAR_PENDING] = add_empty,
    [VS_STEP_FOR_EACH] = add_for_each,
    [VS_STEP_REPEAT] = add_repeat,
    [VS_STEP_IF] = add_if,
    [VS_STEP_RECHECK_OWNER] = add_recheck,
    [VS_STEP_ASSERT] = add_locked,
    [VS_STEP_MAY_FAIL] = add_may_fail,
};

char *vs_step_text(const struct vs_policy *policy, const struct vs_step *step, char *buffer)
{
    struct line line = {.buffer = buffer};

    buffer[0] = '\0';
    if (writers[step->kind])
        writers[step->kind](&line, policy, step);
    else
        add(&line, "%s", vs_step_kind_name(step->kind));
    return buffer;
}
