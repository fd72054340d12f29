/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Device lists, node by node.  A walker holds a pointer to the node that it is
 * at; its next step reads that node, which must still be alive and, outside of
 * an RCU read section, still be on the list: Xen's list_del poisons a node's
 * links, list_del_rcu leaves them (xen/include/xen/list.h).  A node that is taken
 * off keeps its next, so that a reader under RCU goes on.  One difference to
 * memory: a device that is taken off and put on again has one set of links, not
 * one per generation.
 */
#include "internal.h"

uint8_t vs_check_list_group(const struct vs_check_model *model, const struct vs_check_state *state,
                            uint8_t actor, const struct vs_check_insn *insn)
{
    if (insn->argument == VS_LIST_ALL_DEVICES)
        return 0;
    return vs_check_whose(model, state, actor, insn->whose);
}

/* The walker reads the node that it is at.  false: there is nothing to read. */
static bool node_is_there(struct vs_check_state *state, uint8_t actor, uint8_t list, uint8_t node,
                          struct vs_breach *breach)
{
    const struct vs_check_dev *device = &state->devices[vs_pointer_device(node)];

    vs_check_stale(state, actor, VS_OBJECT_PDEV, node, "walks over a list node in freed memory",
                   breach);
    if (!breach->found && device->group[list] == NONE && state->vcpus[actor].rcu_depth == 0) {
        breach->pointer = node;
        breach->object = VS_OBJECT_PDEV;
        vs_breach_note(breach, VS_VIOLATION_USE_AFTER_FREE, actor,
                       "follows the poisoned links of a node that was taken off its list");
    }
    return !breach->found;
}

static uint8_t next_of(const struct vs_check_state *state, uint8_t list, uint8_t node)
{
    return state->devices[vs_pointer_device(node)].next[list];
}

/* ----------------------------------------------------------------- lookups */

/* Is the node what pci_get_pdev looks for?  Through the list of all devices an
 * access asks for the owner as well; so do assign_device and deassign_device
 * (xen/drivers/passthrough/pci.c); other hypercalls take whatever has the address. */
static bool is_wanted(const struct vs_check_model *model, const struct vs_check_state *state,
                      uint8_t actor, const struct vs_check_insn *insn, uint8_t node)
{
    const struct vs_check_vcpu *vcpu = &state->vcpus[actor];
    const struct vs_check_actor *who = &model->setup->actors[actor];
    uint8_t device = vs_pointer_device(node);

    if (device != vcpu->device)
        return false;
    enum vs_op op = who->calls[vcpu->call].op;

    if (insn->argument != VS_LIST_ALL_DEVICES)
        return true;
    if (op == VS_OP_DEVICE_ASSIGN) /* device_assigned: -EBUSY unless the host's own */
        return state->devices[device].owner == 0;
    if (op == VS_OP_DEVICE_DEASSIGN) /* pci_get_pdev(d, ...): -ENODEV once it is not d's */
        return state->devices[device].owner != 0;
    return !vs_op_table[op].is_access || state->devices[device].owner == who->domain;
}

static void not_found(struct vs_check_vcpu *vcpu)
{
    vcpu->flags = (uint8_t)((vcpu->flags & ~F_WALKING) | F_LEAVING);
    vcpu->cursor = NONE;
}

static void lookup(const struct vs_check_model *model, struct vs_check_state *state, uint8_t actor,
                   const struct vs_check_insn *insn, struct vs_breach *breach)
{
    struct vs_check_vcpu *vcpu = &state->vcpus[actor];
    uint8_t list = insn->argument;

    if (!(vcpu->flags & F_WALKING)) {
        vcpu->flags |= F_WALKING;
        vcpu->cursor = state->shared.head[list][vs_check_list_group(model, state, actor, insn)];
    } else {
        uint8_t node = vcpu->cursor;

        if (!node_is_there(state, actor, list, node, breach))
            return;
        if (is_wanted(model, state, actor, insn, node)) {
            vcpu->flags &= (uint8_t) ~(F_WALKING | F_FROM_SLOT);
            vcpu->pdev = node;
            vcpu->cursor = NONE;
            vcpu->pc++;
            return;
        }
        vcpu->cursor = next_of(state, list, node);
    }
    if (vcpu->cursor == NONE)
        not_found(vcpu);
}

/* -------------------------------------------------------------------- loops */

/* Does a loop in address order visit this device? */
static bool visits(const struct vs_check_state *state, const struct vs_check_vcpu *vcpu,
                   const struct vs_check_insn *each, uint8_t group, uint8_t device)
{
    uint8_t self = vcpu->device;

    if (state->devices[device].group[each->argument] != group)
        return false;
    if (self == NONE)
        return true;
    if (each->flag && device == self)
        return false;
    return each->part == VS_PART_ALL ||
           (device != self && (device < self) == (each->part == VS_PART_BEFORE));
}

static uint8_t by_address(const struct vs_check_model *model, const struct vs_check_state *state,
                          uint8_t actor, const struct vs_check_insn *each, uint8_t from)
{
    uint8_t group = vs_check_list_group(model, state, actor, each);

    for (uint8_t device = from; device < model->setup->device_count; device++)
        if (visits(state, &state->vcpus[actor], each, group, device))
            return vs_pointer(device, state->devices[device].pdev_last);
    return NONE;
}

/* The loop stands on a node.  The device itself, where it is left out, is walked over like any
 * other: without the body, but in a step of its own. */
static void stand_on(struct vs_check_vcpu *vcpu, const struct vs_check_insn *each, uint8_t node)
{
    struct vs_check_loop *loop = &vcpu->loops[vcpu->loop_count - 1];
    bool over = !each->by_address && each->flag && vs_pointer_device(node) == vcpu->device;

    loop->at = node;
    loop->vpci = NONE;
    vcpu->pc = over ? (uint16_t)(each->target - 1) : (uint16_t)(loop->insn + 1);
}

static void each_begin(const struct vs_check_model *model, struct vs_check_state *state,
                       uint8_t actor, const struct vs_check_insn *each)
{
    struct vs_check_vcpu *vcpu = &state->vcpus[actor];
    uint8_t group = vs_check_list_group(model, state, actor, each);
    uint8_t node = each->by_address ? by_address(model, state, actor, each, 0)
                                    : state->shared.head[each->argument][group];

    if (node == NONE || vcpu->loop_count == LOOPS_MAX) {
        vcpu->pc = each->target;
        return;
    }
    vcpu->loops[vcpu->loop_count++].insn = vcpu->pc;
    stand_on(vcpu, each, node);
}

static void each_next(const struct vs_check_model *model, struct vs_check_state *state,
                      uint8_t actor, struct vs_breach *breach)
{
    struct vs_check_vcpu *vcpu = &state->vcpus[actor];
    const struct vs_check_loop *loop = &vcpu->loops[vcpu->loop_count - 1];
    const struct vs_check_insn *each = &model->code->insns[loop->insn];
    uint8_t node = NONE;

    if (each->by_address)
        node = by_address(model, state, actor, each, (uint8_t)(vs_pointer_device(loop->at) + 1));
    else if (node_is_there(state, actor, each->argument, loop->at, breach))
        node = next_of(state, each->argument, loop->at);
    if (node != NONE) {
        stand_on(vcpu, each, node);
        return;
    }
    vcpu->loop_count--;
    vcpu->loops[vcpu->loop_count] = (struct vs_check_loop){0};
    vcpu->pc++;
}

/* ------------------------------------------------------------------ changes */

/* Does an actor stand in this list with nothing but luck? */
static bool walks(const struct vs_check_model *model, const struct vs_check_state *state,
                  uint8_t actor, uint8_t list, uint8_t group)
{
    const struct vs_check_vcpu *vcpu = &state->vcpus[actor];

    if (vcpu->rcu_depth > 0 || (vcpu->flags & F_FINISHED))
        return false;
    if (vcpu->flags & F_WALKING) {
        const struct vs_check_insn *insn = &model->code->insns[vcpu->pc];

        if (insn->argument == list && vs_check_list_group(model, state, actor, insn) == group)
            return true;
    }
    for (uint8_t i = 0; i < vcpu->loop_count; i++) {
        const struct vs_check_insn *each = &model->code->insns[vcpu->loops[i].insn];

        if (each->argument == list && !each->by_address &&
            vs_check_list_group(model, state, actor, each) == group)
            return true;
    }
    return false;
}

static void note_walkers(const struct vs_check_model *model, struct vs_check_state *state,
                         uint8_t changer, uint8_t list, uint8_t group, struct vs_breach *breach)
{
    for (uint8_t i = 0; i < model->setup->actor_count; i++)
        if (i != changer && walks(model, state, i, list, group)) {
            breach->other = i;
            vs_breach_note(breach, VS_VIOLATION_LIST_RACE, changer,
                           "changes a list that another walks at this moment");
        }
}

static void link_device(const struct vs_check_model *model, struct vs_check_state *state,
                        uint8_t actor, const struct vs_check_insn *insn, struct vs_breach *breach)
{
    uint8_t pointer = vs_check_which_pdev(&state->vcpus[actor], insn->which);
    uint8_t list = insn->argument;

    if (pointer == NONE)
        return;
    struct vs_check_dev *device = &state->devices[vs_pointer_device(pointer)];
    bool no_table =
        list == VS_LIST_MSIX_TABLES && !model->setup->devices[vs_pointer_device(pointer)].has_msix;

    if (device->group[list] != NONE || no_table)
        return;
    uint8_t group = vs_check_list_group(model, state, actor, insn);

    device->next[list] = state->shared.head[list][group]; /* list_add: in front */
    device->group[list] = group;
    state->shared.head[list][group] = pointer;
    note_walkers(model, state, actor, list, group, breach);
}

static void unlink_device(const struct vs_check_model *model, struct vs_check_state *state,
                          uint8_t actor, const struct vs_check_insn *insn, struct vs_breach *breach)
{
    uint8_t index = vs_check_which_device(&state->vcpus[actor], insn->which);
    uint8_t list = insn->argument;

    if (index == NONE || state->devices[index].group[list] == NONE)
        return;
    uint8_t group = state->devices[index].group[list];
    uint8_t *link = &state->shared.head[list][group];

    while (*link != NONE && vs_pointer_device(*link) != index)
        link = &state->devices[vs_pointer_device(*link)].next[list];
    if (*link != NONE)
        *link = state->devices[index].next[list];
    state->devices[index].group[list] = NONE;
    note_walkers(model, state, actor, list, group, breach);
}

void vs_check_list_step(const struct vs_check_model *model, struct vs_check_state *state,
                        uint8_t actor, const struct vs_check_insn *insn, struct vs_breach *breach)
{
    switch (insn->code) {
    case C_LOOKUP:
        lookup(model, state, actor, insn, breach);
        return;
    case C_EACH:
        each_begin(model, state, actor, insn);
        return;
    case C_EACH_NEXT:
        each_next(model, state, actor, breach);
        return;
    case C_LINK:
        link_device(model, state, actor, insn, breach);
        break;
    default:
        unlink_device(model, state, actor, insn, breach);
        break;
    }
    state->vcpus[actor].pc++;
}
