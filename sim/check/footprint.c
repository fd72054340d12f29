/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of dependence: what each kind of instruction reads and writes.  Two
 * steps commute unless one writes what the other reads or writes.
 */
#include "footprint.h"

/* Which device an instruction means, as a bit set shifted by its place: certain for
 * the call's own, anyone for a loop's. */
static uint64_t devices(const struct vs_check_model *model, uint8_t device, uint8_t which)
{
    if (which == VS_OTHER || device == NONE)
        return (UINT64_C(1) << model->setup->device_count) - 1;
    return UINT64_C(1) << device;
}

uint64_t vs_footprint_locks(const struct vs_reducer *reducer, uint8_t actor,
                            const struct vs_check_call *call, const struct vs_check_insn *insn,
                            bool *certain)
{
    const struct vs_check_model *model = reducer->model;
    const struct vs_check_setup *setup = model->setup;
    const struct vs_lock_decl *decl = &model->code->policy->locks[insn->lock];
    unsigned int place = reducer->decl_place[insn->lock];
    uint64_t bits = 0;

    *certain = true;
    if (decl->scope == VS_SCOPE_GLOBAL)
        return NODE_BIT(place, 0);
    if (decl->scope == VS_SCOPE_DEVICE) {
        uint64_t set = devices(model, call->device, insn->which);

        *certain = insn->which == VS_SELF && call->device != NONE &&
                   (decl->inside == VS_OBJECT_NONE || model->objects_fixed);
        for (unsigned int i = 0; i < setup->device_count; i++)
            bits |= (set >> i) & 1u ? NODE_BIT(place, i) : 0;
        return bits;
    }
    switch (insn->whose) {
    case VS_OF_CALLER:
        return NODE_BIT(place, setup->actors[actor].domain);
    case VS_OF_HARDWARE:
        return NODE_BIT(place, 0);
    case VS_OF_TARGET:
        return NODE_BIT(place, call->target != NONE ? call->target : 0);
    default:
        if (model->owners_fixed && call->device != NONE)
            return NODE_BIT(place, vs_check_first_owner(setup, call->device));
        *certain = false;
        for (unsigned int i = 0; i < GROUPS; i++)
            bits |= NODE_BIT(place, i);
        return bits;
    }
}

static uint64_t list_bits(const struct vs_check_model *model, uint8_t actor,
                          const struct vs_check_call *call, const struct vs_check_insn *insn)
{
    uint64_t bits = 0;

    if (insn->argument == VS_LIST_ALL_DEVICES)
        return LISTS(VS_LIST_ALL_DEVICES, 0);
    if (insn->code == C_UNLINK || (insn->whose == VS_OF_OWNER && !model->owners_fixed)) {
        for (unsigned int i = 0; i < GROUPS; i++)
            bits |= LISTS(insn->argument, i);
        return bits;
    }
    uint8_t group = model->setup->actors[actor].domain;

    if (insn->whose == VS_OF_HARDWARE)
        group = 0;
    else if (insn->whose == VS_OF_XEN)
        group = VS_CHECK_DOM_XEN;
    else if (insn->whose == VS_OF_TARGET)
        group = call->target != NONE ? call->target : 0;
    else if (insn->whose == VS_OF_OWNER && call->device != NONE)
        group = vs_check_first_owner(model->setup, call->device);
    return LISTS(insn->argument, group);
}

/* Freeing an object writes its life, and looks at who spins on a lock inside. */
void vs_footprint_frees(struct vs_footprint *print, const struct vs_reducer *reducer, uint64_t set)
{
    const struct vs_policy *policy = reducer->model->code->policy;

    print->data_write |= set * PDEV(0) | set * VPCI(0) | set * BARS(0);
    for (size_t i = 0; i < policy->lock_count; i++)
        if (policy->locks[i].inside != VS_OBJECT_NONE &&
            !((reducer->model->code->dropped_locks >> i) & 1u))
            for (unsigned int j = 0; j < reducer->model->setup->device_count; j++)
                print->lock_write |= NODE_BIT(reducer->decl_place[i], j);
}

void vs_footprint_add(const struct vs_reducer *reducer, uint8_t actor,
                      const struct vs_check_call *call, const struct vs_check_insn *insn,
                      struct vs_footprint *print)
{
    const struct vs_check_model *model = reducer->model;
    uint64_t set = devices(model, call->device, insn->which);
    bool twice = model->setup->opt_in & 1u << VS_VIOLATION_PENDING_TWICE, certain;

    switch (insn->code) {
    case C_LOCK:
    case C_TRY:
    case C_UNLOCK: {
        /* Readers of one lock commute as long as no writer comes: a writer's request
         * is a write, and nobody is at it or beyond when this is asked. */
        uint64_t bits = vs_footprint_locks(reducer, actor, call, insn, &certain);

        *(insn->mode == VS_MODE_READ ? &print->lock_read : &print->lock_write) |= bits;
        if (model->code->policy->locks[insn->lock].inside != VS_OBJECT_NONE)
            print->data_read |= set * PDEV(0) | set * VPCI(0);
        if (model->code->policy->locks[insn->lock].scope == VS_SCOPE_DOMAIN && !model->owners_fixed)
            print->data_read |= set * OWNER(0);
        return;
    }
    case C_LOOKUP:
    case C_EACH:
    case C_EACH_NEXT:
        print->data_read |=
            list_bits(model, actor, call, insn) | ALL_DEVICES(PDEV(0)) | ALL_DEVICES(OWNER(0));
        return;
    case C_LINK:
    case C_UNLINK:
        print->data_write |= list_bits(model, actor, call, insn);
        print->data_read |= set * OWNER(0);
        return;
    case C_DEREF:
        print->data_read |= set * PDEV(0) | set * VPCI_PTR(0);
        if (insn->which == VS_OTHER) /* a loop in address order looks the device up again */
            print->data_read |= (UINT64_C(1) << (VS_LIST_COUNT * GROUPS)) - 1;
        return;
    case C_RECHECK_OWNER:
        print->data_read |= set * OWNER(0);
        return;
    case C_ASSERT: /* of the actor's own: nobody else changes what it holds */
    case C_MAY_FAIL:
        return;
    case C_USE:
        print->data_read |= set * PDEV(0) | set * VPCI_PTR(0) | set * VPCI(0);
        return;
    case C_TOUCH:
        print->data_read |= set * PDEV(0) | set * VPCI_PTR(0) | set * OWNER(0);
        return;
    case C_BARS_BEGIN:
    case C_BARS_END:
        print->data_read |= set * VPCI(0);
        print->data_write |= insn->mode == VS_MODE_WRITE ? set * BARS(0) : 0;
        print->data_read |= insn->mode == VS_MODE_WRITE ? 0 : set * BARS(0);
        if (insn->which == VS_SELF && insn->mode == VS_MODE_READ) /* empties another's rangesets */
            print->data_write |= twice ? SLOTS : 0;
        return;
    case C_SET_OWNER:
        print->data_write |= set * OWNER(0);
        return;
    case C_ALLOCATE:
        print->data_write |= set * PDEV(0) | set * VPCI(0) | set * VPCI_PTR(0) | set * REFS(0);
        print->data_read |= LISTS(VS_LIST_ALL_DEVICES, 0);
        return;
    case C_PUBLISH:
    case C_CLEAR:
        print->data_write |= set * VPCI_PTR(0);
        print->data_read |= set * VPCI(0);
        return;
    case C_COMPLETE:
        print->data_write |= set * VPCI(0);
        return;
    case C_FREE:
        print->data_read |= set * VPCI_PTR(0);
        vs_footprint_frees(print, reducer, set);
        return;
    case C_CALL_RCU: /* looks at who is in a section */
        print->data_write |= CALLBACKS;
        print->data_read |= ALL_SECTIONS;
        vs_footprint_frees(print, reducer, set);
        return;
    case C_RCU_LOCK:
    case C_RCU_UNLOCK: /* with callbacks that wait for it: add_consequences */
        print->data_write |= SECTION(actor);
        return;
    case C_GET:
        print->data_write |= set * REFS(0);
        print->data_read |= set * PDEV(0);
        return;
    case C_PUT: /* frees nothing while the initial reference is there; when that is gone:
                 * add_consequences */
        print->data_write |= set * REFS(0);
        print->data_read |= set * PDEV(0);
        if (insn->flag)
            vs_footprint_frees(print, reducer, set);
        return;
    case C_DEFER: /* the slots of all, and whether the device decodes */
    case C_CLEAR_PENDING:
        print->data_write |= SLOTS;
        print->data_read |= set * BARS(0);
        return;
    case C_MAP_PAGE:
        print->data_write |= PAGES;
        print->data_read |= twice ? SLOTS : 0;
        return;
    default: /* rcu_barrier and what passes a quiescent state; what is private */
        print->data_write |= model->has_barrier ? BARRIER | ALL_SECTIONS | CALLBACKS : 0;
        return;
    }
}
