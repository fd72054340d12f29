/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Taking and releasing on one path.  Instances are told apart by how they are
 * written ("of owner", "of other"): what they turn out to be is known to a run.
 */
#include "held.h"

#include <stdarg.h>
#include <string.h>

int vs_walk_refuse(const struct vs_walk *walk, const struct vs_step *step, const char *format, ...)
{
    const struct vs_compiler *compiler = walk->compiler;
    char text[384];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    return vs_error_set_at(compiler->error, VS_ERR_INPUT, compiler->files[0], VS_NOWHERE,
                           VS_NOWHERE, "%s: in operation \"%s\": %s", step ? step->where : "(end)",
                           vs_op_table[walk->op].name, text);
}

bool vs_walk_allowed(const struct vs_walk *walk, enum vs_allowance rule)
{
    struct vs_compiler *compiler = walk->compiler;

    if (!(compiler->allowed >> rule & 1u))
        return false;
    compiler->allowed_used |= 1u << rule;
    return true;
}

/* ----------------------------------------------------------------------- held */

const struct vs_lock_decl *vs_lock_of(const struct vs_walk *walk, uint8_t lock)
{
    return &walk->compiler->policy->locks[lock];
}

static uint8_t instance_of(const struct vs_walk *walk, const struct vs_step *step)
{
    switch (vs_lock_of(walk, step->lock)->scope) {
    case VS_SCOPE_DOMAIN:
        return step->whose;
    case VS_SCOPE_DEVICE:
        return step->which;
    case VS_SCOPE_GLOBAL:
        break;
    }
    return 0;
}

static struct vs_hold *find_held(struct vs_path_state *state, uint8_t lock, uint8_t of, int mode)
{
    for (unsigned int i = state->held_count; i-- > 0;) {
        struct vs_hold *held = &state->held[i];

        if (held->lock == lock && held->of == of && (mode < 0 || held->mode == mode))
            return held;
    }
    return NULL;
}

const struct vs_hold *vs_held_lock(const struct vs_walk *walk, const struct vs_path_state *state)
{
    for (unsigned int i = 0; i < state->held_count; i++) {
        if (vs_lock_of(walk, state->held[i].lock)->kind != VS_LOCK_REFCOUNT)
            return &state->held[i];
    }
    return NULL;
}

/* Which instance, where that is not the usual one. */
static const char *instance_text(const struct vs_walk *walk, const struct vs_hold *held)
{
    static const char *const domains[VS_WHOSE_COUNT] = {
        [VS_OF_CALLER] = "",           [VS_OF_OWNER] = " of owner",
        [VS_OF_TARGET] = " of target", [VS_OF_HARDWARE] = " of hardware",
        [VS_OF_XEN] = " of xen",
    };

    switch (vs_lock_of(walk, held->lock)->scope) {
    case VS_SCOPE_DOMAIN:
        return domains[held->of];
    case VS_SCOPE_DEVICE:
        return held->of == VS_OTHER ? " of other" : "";
    case VS_SCOPE_GLOBAL:
        break;
    }
    return "";
}

char *vs_held_text(const struct vs_walk *walk, const struct vs_path_state *state, char *buffer,
                   size_t size)
{
    size_t used = 0;

    snprintf(buffer, size, "nothing");
    for (unsigned int i = 0; i < state->held_count && used < size; i++) {
        const struct vs_hold *held = &state->held[i];
        const char *mode = held->mode == VS_MODE_READ    ? " (read)"
                           : held->mode == VS_MODE_WRITE ? " (write)"
                                                         : "";

        used +=
            (size_t)snprintf(buffer + used, size - used, "%s%s%s%s", used ? ", " : "",
                             vs_lock_of(walk, held->lock)->name, instance_text(walk, held), mode);
    }
    return buffer;
}

/* May the holder take this once more, as kinds go?  A writer may read (Xen
 * 868a01021c, 2020-02), also where a reader may not read again. */
static bool may_take_again(const struct vs_walk *walk, const struct vs_hold *held, uint8_t mode)
{
    enum vs_lock_kind kind = vs_lock_of(walk, held->lock)->kind;

    return vs_lock_kind_table[kind].recursive || kind == VS_LOCK_RCU || kind == VS_LOCK_REFCOUNT ||
           (kind == VS_LOCK_RWLOCK && held->mode == VS_MODE_WRITE && mode == VS_MODE_READ);
}

int vs_held_take(struct vs_walk *walk, const struct vs_step *step, struct vs_path_state *state)
{
    uint8_t of = instance_of(walk, step);
    struct vs_hold *same = find_held(state, step->lock, of, -1);

    if (same && !may_take_again(walk, same, step->mode) &&
        !vs_walk_allowed(walk, VS_ALLOW_SELF_DEADLOCK))
        return vs_walk_refuse(walk, step,
                              "%s is held already, and a lock of kind %s cannot be taken again",
                              vs_lock_of(walk, step->lock)->name,
                              vs_lock_kind_table[vs_lock_of(walk, step->lock)->kind].name);
    same = find_held(state, step->lock, of, step->mode);
    if (same) {
        same->depth++;
        return 0;
    }
    if (state->held_count == VS_PATH_HELD_MAX)
        return vs_walk_refuse(walk, step, "more than %d locks held at once", VS_PATH_HELD_MAX);
    state->held[state->held_count++] =
        (struct vs_hold){.lock = step->lock, .mode = step->mode, .of = of, .depth = 1};
    return 0;
}

int vs_held_release(struct vs_walk *walk, const struct vs_step *step, struct vs_path_state *state)
{
    struct vs_hold *held = find_held(state, step->lock, instance_of(walk, step), step->mode);
    char text[128];

    if (!held)
        return vs_walk_refuse(walk, step, "%s is not held so here (held: %s)",
                              vs_lock_of(walk, step->lock)->name,
                              vs_held_text(walk, state, text, sizeof(text)));
    if (--held->depth == 0) {
        size_t behind = (size_t)(&state->held[state->held_count] - (held + 1));

        memmove(held, held + 1, behind * sizeof(*held));
        state->held_count--;
    }
    return 0;
}

bool vs_held_same(const struct vs_path_state *one, const struct vs_path_state *two)
{
    struct vs_path_state copy = *two;

    if (one->held_count != two->held_count)
        return false;
    for (unsigned int i = 0; i < one->held_count; i++) {
        const struct vs_hold *held = &one->held[i];
        const struct vs_hold *other = find_held(&copy, held->lock, held->of, held->mode);

        if (!other || other->depth != held->depth)
            return false;
    }
    return true;
}
