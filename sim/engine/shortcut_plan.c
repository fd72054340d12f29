/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who may take the shortcut: every rule of shortcut.h, checked on what will run. */
#include <stdlib.h>

#include "shortcut.h"

static bool machine_is_free(const struct vs_machine *machine)
{
    vs_ps sum = machine->line_service_ps | machine->atomic_ps | machine->store_ps;
    for (int i = 0; i < VS_DISTANCE_COUNT; i++)
        sum |= machine->transfer_ps[i];
    return sum == 0;
}

/* Work up to the next lock step; false: something else, or two config cycles. */
static bool read_segment(const struct vs_insn **at, struct vs_short_segment *segment)
{
    for (;; (*at)++) {
        if ((*at)->code == VS_INSN_WORK) {
            segment->work_ps += (*at)->cost_ps;
        } else if ((*at)->code == VS_INSN_CYCLE) {
            if (segment->cycle_count > 0)
                return false;
            segment->cycle_count = (*at)->count;
            segment->cycle_ps = (*at)->cost_ps;
        } else {
            return true;
        }
    }
}

/* Does it take at least 1 ps whatever the call was measured at? */
static bool takes_time(const struct vs_short_segment *segment, uint32_t cycles, bool unmeasured)
{
    if (segment->work_ps > 0)
        return true;
    if (segment->cycle_count == 0 || (unmeasured && segment->cycle_ps == 0))
        return false;
    return cycles <= 1 || VS_PS_PER_NS * segment->cycle_count >= cycles;
}

static bool is_outer(const struct vs_policy *policy, const struct vs_insn *insn)
{
    return policy->locks[insn->lock].kind == VS_LOCK_RWLOCK &&
           (insn->place == VS_PLACE_FIXED || insn->place == VS_PLACE_CALLER) &&
           insn->mode != VS_MODE_EXCLUSIVE;
}

static bool is_inner(const struct vs_policy *policy, const struct vs_insn *insn)
{
    enum vs_lock_kind kind = policy->locks[insn->lock].kind;
    return (kind == VS_LOCK_TICKET || kind == VS_LOCK_RECURSIVE) && insn->place == VS_PLACE_SELF;
}

static bool is_unlock(const struct vs_insn *insn, const struct vs_insn *lock)
{
    return insn->code == VS_INSN_UNLOCK && insn->lock == lock->lock && insn->mode == lock->mode &&
           insn->place == lock->place;
}

/* Is it the lock that the shapes before it use in this place? */
static bool agrees(uint8_t lock, uint8_t *known, bool *has)
{
    if (*has && *known != lock)
        return false;
    *known = lock;
    *has = true;
    return true;
}

static bool find_group(struct vs_short_plan *plan, struct vs_short_shape *shape)
{
    uint32_t i = 0;
    while (i < plan->group_count &&
           (plan->groups[i].op != shape->op || plan->groups[i].mode != shape->mode))
        i++;
    if (i == VS_SHORT_GROUPS_MAX)
        return false;
    plan->groups[i] = (struct vs_short_group){.op = shape->op, .mode = shape->mode};
    plan->group_count += i == plan->group_count;
    shape->group = (uint8_t)i;
    return true;
}

static bool read_program(const struct vs_engine *engine, uint32_t index, struct vs_short_plan *plan,
                         bool *has_outer)
{
    const struct vs_entry_points *points = &engine->code->shapes[index];
    const struct vs_insn *start = &engine->code->insns[points->start], *at = start;
    struct vs_short_shape *shape = &plan->shapes[index];
    bool unmeasured = engine->streams->shape_calls[index] & VS_CALLS_UNMEASURED;
    *shape = (struct vs_short_shape){
        .op = points->op, .base_ps = points->base_ps, .cycles = points->cycles};
    if (!read_segment(&at, &shape->before) || at->code != VS_INSN_LOCK ||
        !is_outer(engine->policy, at) || !agrees(at->lock, &plan->outer, has_outer))
        return false;
    const struct vs_insn *outer = at++, *inner = NULL;
    shape->mode = outer->mode;
    if (at->code == VS_INSN_LOCK) {
        inner = at++;
        if (!is_inner(engine->policy, inner) ||
            !agrees(inner->lock, &plan->inner, &plan->has_inner))
            return false;
        shape->inner = true;
    }
    if (!read_segment(&at, &shape->held) || (inner && !is_unlock(at++, inner)) ||
        !is_unlock(at++, outer) || !read_segment(&at, &shape->after) || at->code != VS_INSN_END)
        return false;
    shape->steps = (uint32_t)(at - start) + 1;
    shape->plain = shape->before.cycle_count == 0 && shape->after.cycle_count == 0 &&
                   shape->held.cycle_count > 0 && shape->cycles <= 1;
    shape->cells = &engine->latency[shape->op * engine->workload->domain_count];
    return takes_time(&shape->before, shape->cycles, unmeasured) &&
           takes_time(&shape->held, shape->cycles, unmeasured) && find_group(plan, shape);
}

/* A device's lock has to lie under one instance of the outer lock, and who waits for
 * it has to be of the holder's domain. */
static bool devices_are_private(const struct vs_engine *engine)
{
    if (engine->streams->deviceless)
        return false;
    for (size_t i = 0; i < engine->workload->device_count; i++)
        if (engine->streams->several_users[i])
            return false;
    return true;
}

int vs_shortcut_plan(const struct vs_engine *engine, struct vs_short_plan *plan)
{
    const struct vs_workload *workload = engine->workload;
    bool has_outer = false;
    *plan = (struct vs_short_plan){.shapes = NULL};
    /* Whoever listens to calls hears them in the order of their ends. */
    if (engine->options.general || engine->options.call_ended ||
        !machine_is_free(engine->machine) || workload->actor_count > engine->cpu_count ||
        workload->call_count == 0)
        return 0;
    plan->shapes = vs_hot_alloc((workload->shape_count + 1) * sizeof *plan->shapes);
    if (!plan->shapes)
        return VS_ERR_MEMORY;
    for (uint32_t i = 0; i < workload->shape_count; i++)
        if (engine->streams->shape_calls[i] && !read_program(engine, i, plan, &has_outer))
            return 0;
    return !plan->has_inner || devices_are_private(engine);
}

void vs_shortcut_plan_release(struct vs_short_plan *plan)
{
    free(plan->shapes);
}
