/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * BARs, and what is decided about their page: by a toggle, for the deferred map that
 * follows it, or by the deferred map itself.
 *
 * One page stands for all pages of a device.  A deferred map does it in every slice: a
 * policy that decides anew for each slice is taken to start over, and to pass over what is
 * as wanted already.
 */
#include "internal.h"

/* ASSERT(rangeset_is_empty): a toggle that decides finds what another has decided. */
void vs_check_find_filled(const struct vs_check_model *model, const struct vs_check_state *state,
                          uint8_t actor, struct vs_breach *breach)
{
    const struct vs_check_vcpu *vcpu = &state->vcpus[actor];

    for (uint8_t i = 0; i < model->setup->actor_count; i++) {
        const struct vs_check_vcpu *other = &state->vcpus[i];

        if (i == actor || !(vcpu->decided & DECIDED_FILLED) || !(other->slot_flags & SLOT_FILLED) ||
            vs_pointer_device(other->slot) != vcpu->device)
            continue;
        breach->other = i;
        breach->pointer = vcpu->pdev;
        vs_breach_note(breach, VS_VIOLATION_PENDING_TWICE, actor,
                       "defers a map of a device whose map is pending elsewhere");
    }
}

/*
 * modify_bars begins: it fills the device's rangesets, with everything that the map is about
 * until another device turns out to keep a page.  A deferred map that decides by itself
 * (again, perhaps) empties them before, whoever filled them.
 */
static void fill_rangesets(const struct vs_check_model *model, struct vs_check_state *state,
                           uint8_t actor)
{
    struct vs_check_vcpu *vcpu = &state->vcpus[actor];
    bool twice = model->setup->opt_in & 1u << VS_VIOLATION_PENDING_TWICE;

    if (!(vcpu->flags & F_PENDING)) {
        vcpu->decided |= twice ? DECIDED_FILLED : 0;
        return;
    }
    if (vcpu->slot_flags & SLOT_DECODE)
        vcpu->slot_flags |= SLOT_PAGE;
    if (!twice)
        return;
    vcpu->slot_flags = (uint8_t)((vcpu->slot_flags & ~SLOT_LOST) | SLOT_FILLED);
    for (uint8_t i = 0; i < model->setup->actor_count; i++)
        if (i != actor && (state->vcpus[i].slot_flags & SLOT_FILLED) &&
            vs_pointer_device(state->vcpus[i].slot) == vcpu->device)
            state->vcpus[i].slot_flags |= SLOT_LOST;
}

/* Another device that decodes has a BAR in the page: modify_bars leaves the page alone.  A
 * deferred map that decides by itself need not when it maps: it maps the same once more. */
static void keep_page(struct vs_check_vcpu *vcpu)
{
    if (!(vcpu->flags & F_PENDING))
        vcpu->decided |= DECIDED_KEPT;
    else if (!(vcpu->slot_flags & SLOT_ON))
        vcpu->slot_flags &= (uint8_t)~SLOT_PAGE;
}

void vs_check_map_page(const struct vs_check_model *model, struct vs_check_state *state,
                       uint8_t actor, uint8_t index, struct vs_breach *breach)
{
    const struct vs_check_vcpu *vcpu = &state->vcpus[actor];
    uint8_t bit = (uint8_t)(1u << model->setup->devices[index].page);

    if (vcpu->slot_flags & SLOT_LOST) {
        breach->pointer = vs_pointer(index, state->devices[index].pdev_last);
        vs_breach_note(breach, VS_VIOLATION_PENDING_TWICE, actor,
                       "maps what another vCPU's deferred map has put into the rangesets");
    }
    if (!(vcpu->slot_flags & SLOT_PAGE))
        return;
    if (vcpu->slot_flags & SLOT_ON)
        state->shared.mapped |= bit;
    else
        state->shared.mapped &= (uint8_t)~bit;
}

void vs_check_bars(const struct vs_check_model *model, struct vs_check_state *state, uint8_t actor,
                   const struct vs_check_insn *insn, struct vs_breach *breach)
{
    struct vs_check_vcpu *vcpu = &state->vcpus[actor];
    uint8_t index = vs_check_which_device(vcpu, insn->which), me = (uint8_t)(1u << actor);

    if (index == NONE)
        return;
    struct vs_check_dev *device = &state->devices[index];
    bool write = insn->mode == VS_MODE_WRITE;
    uint8_t *mine = write ? &device->bar_writers : &device->bar_readers;

    vs_check_stale(state, actor, VS_OBJECT_VPCI, vs_check_which_vpci(vcpu, insn->which),
                   "reads or writes BARs in freed memory", breach);
    if (insn->code == C_BARS_END) {
        *mine &= (uint8_t)~me;
        return;
    }
    uint8_t others = (uint8_t)((device->bar_writers | (write ? device->bar_readers : 0)) & ~me);

    *mine |= me;
    if (insn->which == VS_OTHER && vcpu->device != NONE && device->decoding &&
        model->setup->devices[index].page == model->setup->devices[vcpu->device].page)
        keep_page(vcpu);
    if (insn->which == VS_SELF && !write)
        fill_rangesets(model, state, actor);
    if (write && (vcpu->flags & F_PENDING) && (vcpu->slot_flags & SLOT_DECODE))
        device->decoding = !!(vcpu->slot_flags & SLOT_ON);
    if (!others)
        return;
    if (!breach->found) {
        breach->pointer = vs_pointer(index, 0);
        for (breach->other = 0; !(((unsigned int)others >> breach->other) & 1u); breach->other++) {
        }
    }
    vs_breach_note(breach, VS_VIOLATION_BAR_RACE, actor,
                   write ? "writes BARs that another reads or writes at this moment"
                         : "reads BARs that another writes at this moment");
}
