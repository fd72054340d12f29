/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Walks every path of a program, keeping what is held.  Facts are fixed for an
 * operation, so a program is walked once for each way that the facts which it
 * asks can be; then each place has one state, since both ways of a try or an
 * if-vpci must agree, and a loop must end a round as it began it (which makes
 * zero, one and many rounds alike).  A path that leaves is fine anywhere: the
 * engine releases what is held.
 */
#include "internal.h"

#include <stdarg.h>
#include <string.h>

#define HELD_MAX    16 /* locks held at once; the engine has no room for more */
#define NESTING_MAX 4  /* loops within loops; as above */

/* One lock, read section or reference in hand. */
struct held {
    uint8_t lock, mode;
    uint8_t of;     /* vs_whose or vs_which, as the lock's scope says; 0 for a global lock */
    uint32_t depth; /* recursion */
};

struct state {
    struct held held[HELD_MAX];
    unsigned int held_count;
    bool has_pdev, has_vpci; /* a lookup, a deref went before */
    bool left;               /* no path comes here */
};

struct walk {
    struct vs_compiler *compiler;
    enum vs_op op;
    uint32_t facts;     /* bit per enum vs_fact: how they are on this walk */
    uint32_t asked;     /* facts that some walk asked so far */
    unsigned int loops; /* open, of either kind */
    unsigned int eachs; /* open for-eachs: "other" means something */
    bool may_leave;
};

static int walk_block(struct walk *walk, const struct vs_block *block, struct state *state);

static int __attribute__((format(printf, 3, 4)))
refuse(const struct walk *walk, const struct vs_step *step, const char *format, ...)
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

/* True when the policy suspends the rule; notes that it was needed. */
static bool allowed(const struct walk *walk, enum vs_allowance rule)
{
    struct vs_compiler *compiler = walk->compiler;

    if (!(compiler->allowed >> rule & 1u))
        return false;
    compiler->allowed_used |= 1u << rule;
    return true;
}

/* ----------------------------------------------------------------------- held */

static const struct vs_lock_decl *lock_of(const struct walk *walk, uint8_t lock)
{
    return &walk->compiler->policy->locks[lock];
}

static uint8_t instance_of(const struct walk *walk, const struct vs_step *step)
{
    switch (lock_of(walk, step->lock)->scope) {
    case VS_SCOPE_DOMAIN:
        return step->whose;
    case VS_SCOPE_DEVICE:
        return step->which;
    case VS_SCOPE_GLOBAL:
        break;
    }
    return 0;
}

static struct held *find_held(struct state *state, uint8_t lock, uint8_t of, int mode)
{
    for (unsigned int i = state->held_count; i-- > 0;) {
        struct held *held = &state->held[i];

        if (held->lock == lock && held->of == of && (mode < 0 || held->mode == mode))
            return held;
    }
    return NULL;
}

/* Everything but references: what must not be held over a reschedule. */
static const struct held *find_lock(const struct walk *walk, const struct state *state)
{
    for (unsigned int i = 0; i < state->held_count; i++) {
        if (lock_of(walk, state->held[i].lock)->kind != VS_LOCK_REFCOUNT)
            return &state->held[i];
    }
    return NULL;
}

/* Which instance, where that is not the usual one. */
static const char *instance_text(const struct walk *walk, const struct held *held)
{
    static const char *const domains[VS_WHOSE_COUNT] = {
        [VS_OF_CALLER] = "",
        [VS_OF_OWNER] = " of owner",
        [VS_OF_TARGET] = " of target",
        [VS_OF_HARDWARE] = " of hardware",
    };

    switch (lock_of(walk, held->lock)->scope) {
    case VS_SCOPE_DOMAIN:
        return domains[held->of];
    case VS_SCOPE_DEVICE:
        return held->of == VS_OTHER ? " of other" : "";
    case VS_SCOPE_GLOBAL:
        break;
    }
    return "";
}

/* "pci_lock of owner (read), vpci_lock", or "nothing". */
static char *held_text(const struct walk *walk, const struct state *state, char *buffer,
                       size_t size)
{
    size_t used = 0;

    snprintf(buffer, size, "nothing");
    for (unsigned int i = 0; i < state->held_count && used < size; i++) {
        const struct held *held = &state->held[i];
        const char *mode = held->mode == VS_MODE_READ    ? " (read)"
                           : held->mode == VS_MODE_WRITE ? " (write)"
                                                         : "";

        used += (size_t)snprintf(buffer + used, size - used, "%s%s%s%s", used ? ", " : "",
                                 lock_of(walk, held->lock)->name, instance_text(walk, held), mode);
    }
    return buffer;
}

/* May the holder take this once more, as kinds go?  A writer may read (Xen
 * 868a01021c, 2020-02), also where a reader may not read again. */
static bool may_take_again(const struct walk *walk, const struct held *held, uint8_t mode)
{
    enum vs_lock_kind kind = lock_of(walk, held->lock)->kind;

    return vs_lock_kind_table[kind].recursive || kind == VS_LOCK_RCU || kind == VS_LOCK_REFCOUNT ||
           (kind == VS_LOCK_RWLOCK && held->mode == VS_MODE_WRITE && mode == VS_MODE_READ);
}

static int take(struct walk *walk, const struct vs_step *step, struct state *state)
{
    uint8_t of = instance_of(walk, step);
    struct held *same = find_held(state, step->lock, of, -1);

    if (same && !may_take_again(walk, same, step->mode) && !allowed(walk, VS_ALLOW_SELF_DEADLOCK))
        return refuse(walk, step, "%s is held already, and a lock of kind %s cannot be taken again",
                      lock_of(walk, step->lock)->name,
                      vs_lock_kind_table[lock_of(walk, step->lock)->kind].name);
    same = find_held(state, step->lock, of, step->mode);
    if (same) {
        same->depth++;
        return 0;
    }
    if (state->held_count == HELD_MAX)
        return refuse(walk, step, "more than %d locks held at once", HELD_MAX);
    state->held[state->held_count++] =
        (struct held){.lock = step->lock, .mode = step->mode, .of = of, .depth = 1};
    return 0;
}

static int release(struct walk *walk, const struct vs_step *step, struct state *state)
{
    struct held *held = find_held(state, step->lock, instance_of(walk, step), step->mode);
    char text[128];

    if (!held)
        return refuse(walk, step, "%s is not held so here (held: %s)",
                      lock_of(walk, step->lock)->name, held_text(walk, state, text, sizeof(text)));
    if (--held->depth == 0) {
        size_t behind = (size_t)(&state->held[state->held_count] - (held + 1));

        memmove(held, held + 1, behind * sizeof(*held));
        state->held_count--;
    }
    return 0;
}

static bool same_held(const struct state *one, const struct state *two)
{
    struct state copy = *two;

    if (one->held_count != two->held_count)
        return false;
    for (unsigned int i = 0; i < one->held_count; i++) {
        const struct held *held = &one->held[i];
        const struct held *other = find_held(&copy, held->lock, held->of, held->mode);

        if (!other || other->depth != held->depth)
            return false;
    }
    return true;
}

/* ---------------------------------------------------------------------- loops */

/* The ways of a branch meet again. */
static int join(struct walk *walk, const struct vs_step *step, const struct state *one,
                const struct state *two, struct state *state)
{
    char first[128], second[128];

    if (one->left || two->left) {
        *state = one->left ? *two : *one;
        return 0;
    }
    if (!same_held(one, two))
        return refuse(walk, step, "one way holds %s behind it, the other %s",
                      held_text(walk, one, first, sizeof(first)),
                      held_text(walk, two, second, sizeof(second)));
    *state = *one;
    state->has_pdev = one->has_pdev && two->has_pdev;
    state->has_vpci = one->has_vpci && two->has_vpci;
    return 0;
}

static int check_round(struct walk *walk, const struct vs_step *step, const char *what,
                       const struct state *before, const struct state *after)
{
    char first[128], second[128];

    if (after->left || same_held(before, after))
        return 0;
    return refuse(walk, step, "%s begins holding %s and ends holding %s", what,
                  held_text(walk, before, first, sizeof(first)),
                  held_text(walk, after, second, sizeof(second)));
}

/* Does the body take the loop's device off the list that is walked, or put it
 * on one?  Then its next node is another list's (Xen: list_for_each_entry_safe). */
static bool moves_other(const struct vs_block *block, uint8_t list)
{
    for (size_t i = 0; i < block->count; i++) {
        const struct vs_step *step = &block->steps[i];
        bool moves = step->kind == VS_STEP_LINK || step->kind == VS_STEP_UNLINK;

        if (moves && step->which == VS_OTHER && step->list == list)
            return true;
        if (moves_other(&step->body, list) || moves_other(&step->orelse, list))
            return true;
    }
    return false;
}

static int walk_loop(struct walk *walk, const struct vs_step *step, struct state *state)
{
    bool each = step->kind == VS_STEP_FOR_EACH;
    struct state round = *state;

    if (walk->loops == NESTING_MAX)
        return refuse(walk, step, "more than %d loops within loops", NESTING_MAX);
    if (each && !step->by_address && moves_other(&step->body, step->list))
        return refuse(walk, step,
                      "the body moves the device that the loop stands on: go on by "
                      "address (\"order\": \"address\")");
    walk->loops++;
    walk->eachs += each;
    int ret = walk_block(walk, &step->body, &round);

    if (ret == 0)
        ret = check_round(walk, step, "a round", state, &round);
    struct state between = round;

    if (ret == 0 && !each)
        ret = walk_block(walk, &step->orelse, &between);
    if (ret == 0)
        ret = check_round(walk, step, "what is between two rounds", state, &between);
    walk->loops--;
    walk->eachs -= each;
    if (ret == 0 && !round.left) {
        state->has_pdev = state->has_pdev && round.has_pdev;
        state->has_vpci = state->has_vpci && round.has_vpci;
    }
    return ret;
}

static int walk_if(struct walk *walk, const struct vs_step *step, struct state *state)
{
    bool holds = (walk->facts >> step->fact & 1u) != step->negate;

    walk->asked |= 1u << step->fact;
    return walk_block(walk, holds ? &step->body : &step->orelse, state);
}

/* Try and if-vpci: then from one state, else from the other. */
static int walk_ways(struct walk *walk, const struct vs_step *step, struct state *then,
                     struct state *otherwise, struct state *state)
{
    int ret = walk_block(walk, &step->body, then);

    if (ret == 0)
        ret = walk_block(walk, &step->orelse, otherwise);
    return ret == 0 ? join(walk, step, then, otherwise, state) : ret;
}

/* ---------------------------------------------------------------------- steps */

static int need_pdev(const struct walk *walk, const struct vs_step *step, const struct state *state)
{
    if (step->which == VS_OTHER || state->has_pdev)
        return 0;
    return refuse(walk, step,
                  "no device yet: a lookup (or take pending, or allocate pdev) "
                  "must come first");
}

static int walk_deref(struct walk *walk, const struct vs_step *step, struct state *state)
{
    struct state then = *state, otherwise = *state;
    int ret = need_pdev(walk, step, state);

    if (ret != 0)
        return ret;
    if (step->recheck && !state->has_vpci)
        return refuse(walk, step, "\"recheck vpci\" without a \"deref vpci\" before it");
    if (step->which == VS_SELF)
        then.has_vpci = true;
    if (step->branch)
        return walk_ways(walk, step, &then, &otherwise, state);
    *state = then;
    return 0;
}

static int walk_lock(struct walk *walk, const struct vs_step *step, struct state *state)
{
    const struct vs_lock_decl *lock = lock_of(walk, step->lock);
    bool self = lock->scope == VS_SCOPE_DEVICE && step->which == VS_SELF;

    if (self && lock->inside == VS_OBJECT_PDEV && !state->has_pdev)
        return need_pdev(walk, step, state);
    if (self && lock->inside == VS_OBJECT_VPCI && !state->has_vpci)
        return refuse(walk, step, "%s is inside vpci: \"deref vpci\" must come first", lock->name);
    return take(walk, step, state);
}

static int walk_try(struct walk *walk, const struct vs_step *step, struct state *state)
{
    struct state then = *state, otherwise = *state;
    int ret = walk_lock(walk, step, &then);

    return ret == 0 ? walk_ways(walk, step, &then, &otherwise, state) : ret;
}

static int walk_quiet(struct walk *walk, const struct vs_step *step, const struct state *state)
{
    enum vs_allowance rule = step->kind == VS_STEP_RESCHEDULE ? VS_ALLOW_RESCHEDULE_UNDER_LOCK
                             : step->kind == VS_STEP_SOFTIRQ  ? VS_ALLOW_SOFTIRQ_UNDER_LOCK
                                                              : VS_ALLOW_BARRIER_UNDER_LOCK;
    const struct held *held = find_lock(walk, state);

    if (!held || allowed(walk, rule))
        return 0;
    return refuse(walk, step, "%s while %s is held", vs_step_kind_name(step->kind),
                  lock_of(walk, held->lock)->name);
}

static int walk_set_owner(struct walk *walk, const struct vs_step *step, const struct state *state)
{
    int ret = need_pdev(walk, step, state);

    for (unsigned int i = 0; ret == 0 && i < state->held_count; i++) {
        const struct vs_lock_decl *lock = lock_of(walk, state->held[i].lock);

        if (lock->scope == VS_SCOPE_DOMAIN && state->held[i].of == VS_OF_OWNER)
            ret = refuse(walk, step,
                         "%s of owner is held: after this its unlock would name "
                         "another domain's",
                         lock->name);
    }
    return ret;
}

static int walk_pending(struct walk *walk, const struct vs_step *step, struct state *state)
{
    int ret = 0;

    if (step->kind == VS_STEP_DEFER) {
        ret = need_pdev(walk, step, state);
        return ret == 0 && step->with_ref ? release(walk, step, state) : ret;
    }
    state->has_pdev = !step->by_sbdf;
    state->has_vpci = false;
    return step->with_ref ? take(walk, step, state) : 0;
}

static int walk_put(struct walk *walk, const struct vs_step *step, struct state *state)
{
    return step->initial ? need_pdev(walk, step, state) : release(walk, step, state);
}

static int walk_object(struct walk *walk, const struct vs_step *step, struct state *state)
{
    if (step->kind == VS_STEP_ALLOCATE && step->which == VS_SELF &&
        step->object == VS_OBJECT_PDEV) {
        state->has_pdev = true;
        return 0;
    }
    int ret = need_pdev(walk, step, state);

    if (step->which == VS_SELF && step->object == VS_OBJECT_VPCI && step->kind == VS_STEP_ALLOCATE)
        state->has_vpci = true;
    return ret;
}

static int walk_simple(struct walk *walk, const struct vs_step *step, struct state *state)
{
    switch (step->kind) {
    case VS_STEP_LOCK:
    case VS_STEP_RCU_READ_LOCK:
    case VS_STEP_GET:
        return walk_lock(walk, step, state);
    case VS_STEP_UNLOCK:
    case VS_STEP_RCU_READ_UNLOCK:
        return release(walk, step, state);
    case VS_STEP_PUT:
        return walk_put(walk, step, state);
    case VS_STEP_LOOKUP:
        state->has_pdev = true;
        return 0;
    case VS_STEP_RESCHEDULE:
    case VS_STEP_SOFTIRQ:
    case VS_STEP_RCU_BARRIER:
        return walk_quiet(walk, step, state);
    case VS_STEP_DEFER:
    case VS_STEP_TAKE_PENDING:
        return walk_pending(walk, step, state);
    case VS_STEP_SET_OWNER:
        return walk_set_owner(walk, step, state);
    case VS_STEP_WORK:
    case VS_STEP_CLEAR_PENDING:
        return 0;
    default:
        return walk_object(walk, step, state);
    }
}

/* Steps that, finding nothing, go to the miss program. */
static bool can_leave(const struct vs_step *step)
{
    return step->kind == VS_STEP_LEAVE || step->kind == VS_STEP_LOOKUP ||
           step->kind == VS_STEP_TAKE_PENDING || (step->kind == VS_STEP_DEREF && !step->branch) ||
           (step->kind == VS_STEP_ALLOCATE && step->object == VS_OBJECT_PDEV);
}

static int walk_step(struct walk *walk, const struct vs_step *step, struct state *state)
{
    if (!walk->may_leave && can_leave(step))
        return refuse(walk, step, "nothing to leave to: this is the entry or the miss program");
    if (step->which == VS_OTHER && walk->eachs == 0)
        return refuse(walk, step, "\"other\" outside a for-each");
    switch (step->kind) {
    case VS_STEP_FOR_EACH:
    case VS_STEP_REPEAT:
        return walk_loop(walk, step, state);
    case VS_STEP_IF:
        return walk_if(walk, step, state);
    case VS_STEP_TRY:
        return walk_try(walk, step, state);
    case VS_STEP_DEREF:
        return walk_deref(walk, step, state);
    case VS_STEP_LEAVE:
        state->left = true;
        return 0;
    default:
        return walk_simple(walk, step, state);
    }
}

static int walk_block(struct walk *walk, const struct vs_block *block, struct state *state)
{
    int ret = 0;

    for (size_t i = 0; ret == 0 && i < block->count; i++) {
        if (state->left)
            return refuse(walk, &block->steps[i], "no path comes here: all have left");
        ret = walk_step(walk, &block->steps[i], state);
    }
    return ret;
}

static int walk_once(struct walk *walk, const struct vs_block *block)
{
    struct state state = {0};
    char text[128];
    int ret = walk_block(walk, block, &state);

    if (ret != 0 || state.left || state.held_count == 0 || allowed(walk, VS_ALLOW_ENDS_HOLDING))
        return ret;
    return refuse(walk, &block->steps[block->count - 1], "behind this the program ends holding %s",
                  held_text(walk, &state, text, sizeof(text)));
}

static int walk_all(struct walk *walk, const struct vs_block *block, bool may_leave)
{
    int ret = 0;

    walk->may_leave = may_leave;
    walk->asked = 0;
    /* A fact is asked only on walks where an earlier one did not lead around it,
     * so the set grows while it is counted through; start over when it does. */
    for (uint32_t facts = 0, set = 0;;) {
        walk->facts = facts;
        ret = walk_once(walk, block);
        if (ret != 0)
            return ret;
        if (walk->asked != set) {
            set = walk->asked;
            facts = 0;
            continue;
        }
        facts = (facts - set) & set;
        if (facts == 0)
            return 0;
    }
}

int vs_check(struct vs_compiler *compiler, enum vs_op op)
{
    const struct vs_program *program = &compiler->policy->programs[op];
    struct walk walk = {.compiler = compiler, .op = op};
    int ret = walk_all(&walk, &program->entry, false);

    if (ret == 0)
        ret = walk_all(&walk, &program->steps, true);
    if (ret == 0)
        ret = walk_all(&walk, &program->miss, false);
    return ret;
}
