/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Partial-order reduction.  Two steps commute unless one writes what the other
 * reads or writes (footprint.c says for each kind of instruction what that is).  When an actor's
 * next step commutes with everything that any other actor may do before this actor moves again,
 * then every schedule is equivalent to one in which that step comes first, and the others' steps
 * need not be tried here: {the step} is a persistent set (Godefroid, "Partial-Order Methods for the
 * Verification of Concurrent Systems", LNCS 1032, 1996, ch. 4). Persistent sets keep every deadlock
 * and, in a state space without cycles, at least one schedule of every class of equivalent ones.
 * Ours has none: programs only go forward, and a loop over a list advances (a program that may
 * retry goes back: explore.c does not reduce there).  What breaks a rule
 * depends only on what a step reads, so an equivalent schedule breaks it as well.
 *
 * What an actor may still do is everything reachable in its program, except
 * behind a lock that the first actor holds: it cannot get past that before the
 * first actor moves.  That is decided for lock instances that are certain to be
 * the same (global; per domain or device where owners and objects do not change).
 */
#include <stdlib.h>
#include <string.h>

#include "footprint.h"

struct vs_reducer *vs_reducer_new(void)
{
    return calloc(1, sizeof(struct vs_reducer));
}

void vs_reducer_free(struct vs_reducer *reducer)
{
    free(reducer);
}

void vs_reducer_begin(struct vs_reducer *reducer, const struct vs_check_model *model)
{
    uint8_t next = 0;

    reducer->model = model;
    reducer->has_references = false;
    for (size_t i = 0; i < model->code->policy->lock_count; i++)
        reducer->has_references |= model->code->policy->locks[i].kind == VS_LOCK_REFCOUNT;
    for (size_t i = 0; i < model->code->policy->lock_count; i++)
        if (!((model->code->dropped_locks >> i) & 1u))
            reducer->decl_place[i] = next++;
    reducer->too_many = next > 16;
    for (unsigned int i = 0; i < CACHE; i++)
        reducer->cache[i].used = 0;
}

static bool clash(const struct vs_footprint *a, const struct vs_footprint *b)
{
    return (a->lock_write & (b->lock_read | b->lock_write)) | (a->lock_read & b->lock_write) |
           (a->data_write & (b->data_read | b->data_write)) | (a->data_read & b->data_write);
}

/* ------------------------------------------------------------------ futures */

/* A walk over an actor's program from pc. */
struct walk {
    struct vs_reducer *reducer;
    struct vs_footprint *future;
    const struct vs_check_call *call;
    uint64_t cut_all, cut_write;
    uint16_t low, high; /* instructions seen, to wipe the marks */
    uint16_t depth;
    uint8_t actor;
    bool leaves; /* a lookup or test that may fail was passed: the miss program follows */
    bool ends;
};

static void push(struct walk *walk, uint16_t pc)
{
    uint8_t *seen = &walk->reducer->seen[pc / 8];

    if (*seen & (1u << (pc % 8)))
        return;
    *seen |= (uint8_t)(1u << (pc % 8));
    walk->low = pc < walk->low ? pc : walk->low;
    walk->high = pc > walk->high ? pc : walk->high;
    walk->reducer->stack[walk->depth++] = pc;
}

static void visit(struct walk *walk, uint16_t pc)
{
    const struct vs_check_insn *insn = &walk->reducer->model->code->insns[pc];
    bool certain = false;

    vs_footprint_add(walk->reducer, walk->actor, walk->call, insn, walk->future);
    switch (insn->code) {
    case C_END:
        walk->ends = true;
        return;
    case C_JUMP:
        push(walk, insn->target);
        return;
    case C_LEAVE:
        walk->leaves = true;
        return;
    case C_LOCK:
    case C_TRY: {
        uint64_t bits = vs_footprint_locks(walk->reducer, walk->actor, walk->call, insn, &certain);
        uint64_t cut = insn->mode == VS_MODE_READ ? walk->cut_all : walk->cut_all | walk->cut_write;

        if (insn->code == C_TRY)
            push(walk, insn->target);
        if (certain && (bits & cut))
            return; /* it waits there until the first actor moves */
        break;
    }
    case C_LOOKUP:
    case C_RECHECK_OWNER:
    case C_ALLOCATE:
    case C_TAKE_PENDING:
        walk->leaves = true;
        break;
    case C_DEREF:
        if (insn->target)
            push(walk, insn->target);
        else
            walk->leaves = true;
        break;
    case C_EACH: /* over the device itself, where it is left out, there is no body */
        push(walk, (uint16_t)(insn->target - 1));
        push(walk, insn->target);
        break;
    case C_MAY_FAIL:
    case C_EACH_NEXT:
        push(walk, insn->target);
        break;
    default:
        break;
    }
    push(walk, (uint16_t)(pc + 1));
}

static void walk_from(struct walk *walk, uint16_t start)
{
    if (!start)
        return;
    walk->depth = 0;
    walk->low = walk->high = start;
    push(walk, start);
    while (walk->depth > 0)
        visit(walk, walk->reducer->stack[--walk->depth]);
    memset(&walk->reducer->seen[walk->low / 8], 0, (size_t)(walk->high / 8 - walk->low / 8) + 1);
}

/* All that an actor may still do from here, short of locks that are cut. */
static void compute_future(struct vs_reducer *reducer, const struct vs_check_state *state,
                           uint8_t actor, struct cached *entry)
{
    const struct vs_check_model *model = reducer->model;
    const struct vs_check_vcpu *vcpu = &state->vcpus[actor];
    const struct vs_check_actor *who = &model->setup->actors[actor];
    struct vs_check_call own = who->calls[vcpu->call];
    struct walk walk = {.reducer = reducer,
                        .future = &entry->future,
                        .call = &own,
                        .cut_all = entry->cut_all,
                        .cut_write = entry->cut_write,
                        .actor = actor};

    entry->future = (struct vs_footprint){0};
    walk.leaves = vcpu->flags & F_LEAVING;
    walk_from(&walk, vcpu->flags & F_LEAVING ? 0 : vcpu->pc);
    for (uint8_t i = vcpu->call; i < who->call_count; i++) {
        const struct vs_check_entry *parts = vs_check_entry_of(model, actor, i);
        bool first = i == vcpu->call;

        own = who->calls[i];
        if (!first && !walk.ends)
            break;
        if (!first)
            walk_from(&walk, parts->start);
        if (!first || !(vcpu->flags & F_PENDING)) {
            if (walk.leaves)
                walk_from(&walk, parts->miss);
            walk_from(&walk, parts->pending);
        }
        if (walk.leaves || parts->pending)
            walk_from(&walk, parts->pending_miss);
    }
}

/* What an actor gives back when it leaves: all that it holds. */
static void add_releases(const struct vs_reducer *reducer, const struct vs_check_state *state,
                         uint8_t actor, struct vs_footprint *print)
{
    const struct vs_check_model *model = reducer->model;
    const struct vs_check_vcpu *vcpu = &state->vcpus[actor];

    for (uint8_t i = 0; i < vcpu->held_count; i++) {
        uint8_t decl = model->lock_decl[vcpu->held[i].lock];
        unsigned int place = (unsigned int)(vcpu->held[i].lock - model->lock_base[decl]);
        bool inside = model->code->policy->locks[decl].inside != VS_OBJECT_NONE;

        if (inside) {
            place /= GENERATIONS;
            print->data_read |= PDEV(place) | VPCI(place);
        }
        *(vcpu->held[i].mode == VS_MODE_READ ? &print->lock_read : &print->lock_write) |=
            NODE_BIT(reducer->decl_place[decl], place);
    }
    if (vcpu->ref_count > 0)
        print->data_write |= ALL_DEVICES(REFS(0));
    if (vcpu->rcu_depth > 0)
        print->data_write |= SECTION(actor);
}

/* References to a device that somebody holds, the initial one not counted. */
static uint8_t held_references(const struct vs_check_model *model,
                               const struct vs_check_state *state, uint8_t pointer)
{
    unsigned int count = 0;

    for (uint8_t i = 0; i < model->setup->actor_count; i++) {
        const struct vs_check_vcpu *vcpu = &state->vcpus[i];

        for (uint8_t j = 0; j < vcpu->ref_count; j++)
            count += vcpu->refs[j].pdev == pointer;
        count += vcpu->slot == pointer && (vcpu->slot_flags & SLOT_REF);
    }
    return (uint8_t)count;
}

/*
 * What the state adds to the table: who leaves a read section runs the callbacks
 * that wait for it, and who drops a reference frees once the initial one is gone.
 * A callback or a dropped initial reference that is still to come belongs to an
 * actor whose own future has the freeing in it.
 */
static void add_consequences(const struct vs_reducer *reducer, const struct vs_check_state *state,
                             uint8_t actor, struct vs_footprint *print)
{
    const struct vs_check_model *model = reducer->model;

    for (uint8_t i = 0; i < state->shared.callback_count; i++)
        if ((state->shared.callbacks[i].readers >> actor) & 1u) {
            print->data_write |= CALLBACKS;
            vs_footprint_frees(print, reducer, ALL_DEVICES(UINT64_C(1)));
        }
    if (!reducer->has_references)
        return;
    for (uint8_t i = 0; i < model->setup->device_count; i++) {
        const struct vs_check_dev *device = &state->devices[i];

        for (uint8_t g = 0; g < GENERATIONS; g++)
            if (((device->pdev_alive >> g) & 1u) &&
                device->refs[g] <= held_references(model, state, vs_pointer(i, g)))
                vs_footprint_frees(print, reducer, UINT64_C(1) << i);
    }
}

/* Lock bits that an actor holds: nobody, or no writer, gets past them. */
static void cuts(const struct vs_reducer *reducer, const struct vs_check_state *state,
                 uint8_t actor, uint64_t *all, uint64_t *write)
{
    const struct vs_check_model *model = reducer->model;
    const struct vs_check_vcpu *vcpu = &state->vcpus[actor];

    *all = *write = 0;
    for (uint8_t i = 0; i < vcpu->held_count; i++) {
        uint8_t decl = model->lock_decl[vcpu->held[i].lock];
        unsigned int place = (unsigned int)(vcpu->held[i].lock - model->lock_base[decl]);

        if (model->code->policy->locks[decl].inside != VS_OBJECT_NONE) {
            if (!model->objects_fixed)
                continue;
            place /= GENERATIONS;
        }
        *(vcpu->held[i].mode == VS_MODE_READ ? write : all) |=
            NODE_BIT(reducer->decl_place[decl], place);
    }
}

static const struct vs_footprint *future_of(struct vs_reducer *reducer,
                                            const struct vs_check_state *state, uint8_t actor,
                                            uint64_t cut_all, uint64_t cut_write)
{
    const struct vs_check_vcpu *vcpu = &state->vcpus[actor];
    uint8_t mode = vcpu->flags & (F_PENDING | F_LEAVING | F_MISS);
    uint64_t hash = (cut_all * 31 + cut_write * 17 + vcpu->pc) * UINT64_C(0x9e3779b97f4a7c15) +
                    ((uint64_t)actor << 40 | (uint64_t)vcpu->call << 44 | (uint64_t)mode << 48) *
                        UINT64_C(0xff51afd7ed558ccd);
    struct cached *entry = &reducer->cache[(hash >> 32) & (CACHE - 1)];

    if (entry->used && entry->pc == vcpu->pc && entry->actor == actor &&
        entry->call == vcpu->call && entry->pending == mode && entry->cut_all == cut_all &&
        entry->cut_write == cut_write)
        return &entry->future;
    *entry = (struct cached){.cut_all = cut_all,
                             .cut_write = cut_write,
                             .pc = vcpu->pc,
                             .actor = actor,
                             .call = vcpu->call,
                             .pending = mode,
                             .used = 1};
    compute_future(reducer, state, actor, entry);
    return &entry->future;
}

/* With its first step an actor is inside the hypervisor: rcu_barrier sees that. */
static void add_entry(const struct vs_reducer *reducer, const struct vs_check_vcpu *vcpu,
                      struct vs_footprint *print)
{
    if (reducer->model->has_barrier && !(vcpu->flags & F_STARTED))
        print->data_write |= BARRIER;
}

/* What an actor's next step reads and writes. */
static void next_print(const struct vs_reducer *reducer, const struct vs_check_state *state,
                       uint8_t actor, struct vs_footprint *print)
{
    const struct vs_check_vcpu *vcpu = &state->vcpus[actor];
    const struct vs_check_actor *who = &reducer->model->setup->actors[actor];

    *print = (struct vs_footprint){0};
    add_entry(reducer, vcpu, print);
    if (vcpu->flags & F_LEAVING)
        add_releases(reducer, state, actor, print);
    else
        vs_footprint_add(reducer, actor, &who->calls[vcpu->call],
                         &reducer->model->code->insns[vcpu->pc], print);
    add_consequences(reducer, state, actor, print);
}

uint8_t vs_reducer_choose(struct vs_reducer *reducer, const struct vs_check_state *state,
                          uint8_t movable)
{
    const struct vs_check_setup *setup = reducer->model->setup;

    for (uint8_t i = 0; i < setup->actor_count && !reducer->too_many; i++) {
        struct vs_footprint next;
        uint64_t all, write;
        bool alone = ((unsigned int)movable >> i) & 1u;

        if (!alone)
            continue;
        next_print(reducer, state, i, &next);
        cuts(reducer, state, i, &all, &write);
        for (uint8_t j = 0; alone && j < setup->actor_count; j++) {
            struct vs_footprint others;

            if (j == i || (state->vcpus[j].flags & F_FINISHED))
                continue;
            others = *future_of(reducer, state, j, all, write);
            add_releases(reducer, state, j, &others);
            add_entry(reducer, &state->vcpus[j], &others);
            add_consequences(reducer, state, j, &others);
            alone = !clash(&next, &others);
        }
        if (alone)
            return i;
    }
    return NONE;
}
