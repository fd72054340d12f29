/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Walks every path of a program, keeping what is held.  Facts are fixed for an
 * operation, so a program is walked once for each way that the facts which it
 * asks can be; then each place has one state, since both ways of a try or an
 * if-vpci must agree, and a loop must end a round as it began it (which makes
 * zero, one and many rounds alike).  A path that leaves is fine anywhere: the
 * engine releases what is held.
 */
#include "held.h"

static int walk_block(struct vs_walk *walk, const struct vs_block *block,
                      struct vs_path_state *state);

/* ---------------------------------------------------------------------- loops */

/* The ways of a branch meet again. */
static int join(struct vs_walk *walk, const struct vs_step *step, const struct vs_path_state *one,
                const struct vs_path_state *two, struct vs_path_state *state)
{
    char first[128], second[128];

    if (one->left || two->left) {
        *state = one->left ? *two : *one;
        return 0;
    }
    if (!vs_held_same(one, two))
        return vs_walk_refuse(walk, step, "one way holds %s behind it, the other %s",
                              vs_held_text(walk, one, first, sizeof(first)),
                              vs_held_text(walk, two, second, sizeof(second)));
    *state = *one;
    state->has_pdev = one->has_pdev && two->has_pdev;
    state->has_vpci = one->has_vpci && two->has_vpci;
    return 0;
}

static int check_round(struct vs_walk *walk, const struct vs_step *step, const char *what,
                       const struct vs_path_state *before, const struct vs_path_state *after)
{
    char first[128], second[128];

    if (after->left || vs_held_same(before, after))
        return 0;
    return vs_walk_refuse(walk, step, "%s begins holding %s and ends holding %s", what,
                          vs_held_text(walk, before, first, sizeof(first)),
                          vs_held_text(walk, after, second, sizeof(second)));
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

static int walk_loop(struct vs_walk *walk, const struct vs_step *step, struct vs_path_state *state)
{
    bool each = step->kind == VS_STEP_FOR_EACH;
    struct vs_path_state round = *state;

    if (walk->loops == VS_PATH_NESTING_MAX)
        return vs_walk_refuse(walk, step, "more than %d loops within loops", VS_PATH_NESTING_MAX);
    if (each && !step->by_address && moves_other(&step->body, step->list))
        return vs_walk_refuse(walk, step,
                              "the body moves the device that the loop stands on: go on by "
                              "address (\"order\": \"address\")");
    walk->loops++;
    walk->eachs += each;
    int ret = walk_block(walk, &step->body, &round);

    if (ret == 0)
        ret = check_round(walk, step, "a round", state, &round);
    struct vs_path_state between = round;

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

static int walk_if(struct vs_walk *walk, const struct vs_step *step, struct vs_path_state *state)
{
    bool holds = (walk->facts >> step->fact & 1u) != step->negate;

    walk->asked |= 1u << step->fact;
    return walk_block(walk, holds ? &step->body : &step->orelse, state);
}

/* Try and if-vpci: then from one state, else from the other. */
static int walk_ways(struct vs_walk *walk, const struct vs_step *step, struct vs_path_state *then,
                     struct vs_path_state *otherwise, struct vs_path_state *state)
{
    int ret = walk_block(walk, &step->body, then);

    if (ret == 0)
        ret = walk_block(walk, &step->orelse, otherwise);
    return ret == 0 ? join(walk, step, then, otherwise, state) : ret;
}

/* ---------------------------------------------------------------------- steps */

static int need_pdev(const struct vs_walk *walk, const struct vs_step *step,
                     const struct vs_path_state *state)
{
    if (step->which == VS_OTHER || state->has_pdev)
        return 0;
    return vs_walk_refuse(walk, step,
                          "no device yet: a lookup (or take pending, or allocate pdev) "
                          "must come first");
}

static int walk_deref(struct vs_walk *walk, const struct vs_step *step, struct vs_path_state *state)
{
    struct vs_path_state then = *state, otherwise = *state;
    int ret = need_pdev(walk, step, state);

    if (ret != 0)
        return ret;
    if (step->recheck && !state->has_vpci)
        return vs_walk_refuse(walk, step, "\"recheck vpci\" without a \"deref vpci\" before it");
    if (step->which == VS_SELF)
        then.has_vpci = true;
    if (step->branch)
        return walk_ways(walk, step, &then, &otherwise, state);
    *state = then;
    return 0;
}

static int walk_lock(struct vs_walk *walk, const struct vs_step *step, struct vs_path_state *state)
{
    const struct vs_lock_decl *lock = vs_lock_of(walk, step->lock);
    bool self = lock->scope == VS_SCOPE_DEVICE && step->which == VS_SELF;

    if (self && lock->inside == VS_OBJECT_PDEV && !state->has_pdev)
        return need_pdev(walk, step, state);
    if (self && lock->inside == VS_OBJECT_VPCI && !state->has_vpci)
        return vs_walk_refuse(walk, step, "%s is inside vpci: \"deref vpci\" must come first",
                              lock->name);
    return vs_held_take(walk, step, state);
}

static int walk_try(struct vs_walk *walk, const struct vs_step *step, struct vs_path_state *state)
{
    struct vs_path_state then = *state, otherwise = *state;
    int ret = walk_lock(walk, step, &then);

    return ret == 0 ? walk_ways(walk, step, &then, &otherwise, state) : ret;
}

/* What fails may keep what the other way gives back, where the policy means that. */
static int walk_may_fail(struct vs_walk *walk, const struct vs_step *step,
                         struct vs_path_state *state)
{
    struct vs_path_state failed = *state, went = *state;
    int ret = walk_block(walk, &step->body, &failed);

    if (ret == 0)
        ret = walk_block(walk, &step->orelse, &went);
    if (ret == 0 && !failed.left && !went.left && !vs_held_same(&failed, &went) &&
        vs_walk_allowed(walk, VS_ALLOW_ENDS_HOLDING))
        failed.left = true;
    return ret == 0 ? join(walk, step, &failed, &went, state) : ret;
}

static int walk_quiet(struct vs_walk *walk, const struct vs_step *step,
                      const struct vs_path_state *state)
{
    enum vs_allowance rule = step->kind == VS_STEP_RESCHEDULE ? VS_ALLOW_RESCHEDULE_UNDER_LOCK
                             : step->kind == VS_STEP_SOFTIRQ  ? VS_ALLOW_SOFTIRQ_UNDER_LOCK
                                                              : VS_ALLOW_BARRIER_UNDER_LOCK;
    const struct vs_hold *held = vs_held_lock(walk, state);

    if (!held || vs_walk_allowed(walk, rule))
        return 0;
    return vs_walk_refuse(walk, step, "%s while %s is held", vs_step_kind_name(step->kind),
                          vs_lock_of(walk, held->lock)->name);
}

static int walk_set_owner(struct vs_walk *walk, const struct vs_step *step,
                          const struct vs_path_state *state)
{
    int ret = need_pdev(walk, step, state);

    for (unsigned int i = 0; ret == 0 && i < state->held_count; i++) {
        const struct vs_lock_decl *lock = vs_lock_of(walk, state->held[i].lock);

        if (lock->scope == VS_SCOPE_DOMAIN && state->held[i].of == VS_OF_OWNER)
            ret = vs_walk_refuse(walk, step,
                                 "%s of owner is held: after this its unlock would name "
                                 "another domain's",
                                 lock->name);
    }
    return ret;
}

static int walk_pending(struct vs_walk *walk, const struct vs_step *step,
                        struct vs_path_state *state)
{
    int ret = 0;

    if (step->kind == VS_STEP_DEFER) {
        ret = need_pdev(walk, step, state);
        return ret == 0 && step->with_ref ? vs_held_release(walk, step, state) : ret;
    }
    state->has_pdev = !step->by_sbdf;
    state->has_vpci = false;
    return step->with_ref ? vs_held_take(walk, step, state) : 0;
}

static int walk_put(struct vs_walk *walk, const struct vs_step *step, struct vs_path_state *state)
{
    return step->initial ? need_pdev(walk, step, state) : vs_held_release(walk, step, state);
}

static int walk_object(struct vs_walk *walk, const struct vs_step *step,
                       struct vs_path_state *state)
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

static int walk_simple(struct vs_walk *walk, const struct vs_step *step,
                       struct vs_path_state *state)
{
    switch (step->kind) {
    case VS_STEP_LOCK:
    case VS_STEP_RCU_READ_LOCK:
    case VS_STEP_GET:
        return walk_lock(walk, step, state);
    case VS_STEP_UNLOCK:
    case VS_STEP_RCU_READ_UNLOCK:
        return vs_held_release(walk, step, state);
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
    case VS_STEP_ASSERT: /* whether it holds is for check to find */
        return 0;
    default:
        return walk_object(walk, step, state);
    }
}

/* Steps that, finding nothing, go to the miss program. */
static bool can_leave(const struct vs_step *step)
{
    return step->kind == VS_STEP_LEAVE || step->kind == VS_STEP_RETRY ||
           step->kind == VS_STEP_LOOKUP || step->kind == VS_STEP_RECHECK_OWNER ||
           step->kind == VS_STEP_TAKE_PENDING || (step->kind == VS_STEP_DEREF && !step->branch) ||
           (step->kind == VS_STEP_ALLOCATE && step->object == VS_OBJECT_PDEV);
}

static int walk_step(struct vs_walk *walk, const struct vs_step *step, struct vs_path_state *state)
{
    if (!walk->may_leave && can_leave(step))
        return vs_walk_refuse(walk, step,
                              "nothing to leave to: this is the entry or the miss program");
    if (step->which == VS_OTHER && walk->eachs == 0)
        return vs_walk_refuse(walk, step, "\"other\" outside a for-each");
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
    case VS_STEP_MAY_FAIL:
        return walk_may_fail(walk, step, state);
    case VS_STEP_RETRY:
        if (walk->op == VS_OP_MAP_PENDING)
            return vs_walk_refuse(walk, step, "a deferred map is not the guest's to begin again");
        state->left = true;
        return 0;
    case VS_STEP_LEAVE:
        state->left = true;
        return 0;
    default:
        return walk_simple(walk, step, state);
    }
}

static int walk_block(struct vs_walk *walk, const struct vs_block *block,
                      struct vs_path_state *state)
{
    int ret = 0;

    for (size_t i = 0; ret == 0 && i < block->count; i++) {
        if (state->left)
            return vs_walk_refuse(walk, &block->steps[i], "no path comes here: all have left");
        ret = walk_step(walk, &block->steps[i], state);
    }
    return ret;
}

static int walk_once(struct vs_walk *walk, const struct vs_block *block)
{
    struct vs_path_state state = {0};
    char text[128];
    int ret = walk_block(walk, block, &state);

    if (ret != 0 || state.left || state.held_count == 0 ||
        vs_walk_allowed(walk, VS_ALLOW_ENDS_HOLDING))
        return ret;
    return vs_walk_refuse(walk, &block->steps[block->count - 1],
                          "behind this the program ends holding %s",
                          vs_held_text(walk, &state, text, sizeof(text)));
}

static int walk_all(struct vs_walk *walk, const struct vs_block *block, bool may_leave)
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
    struct vs_walk walk = {.compiler = compiler, .op = op};
    int ret = walk_all(&walk, &program->entry, false);

    if (ret == 0)
        ret = walk_all(&walk, &program->steps, true);
    if (ret == 0)
        ret = walk_all(&walk, &program->miss, false);
    return ret;
}
