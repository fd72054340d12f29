/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lifetimes: what makes, publishes, clears and frees objects, references, and
 * RCU callbacks; and who notices that a pointer is stale.
 *
 * A callback runs at the earliest moment that RCU's contract allows, when every
 * read section that was open at call_rcu has ended.  Running it later could only
 * hide a use after free: nothing in a program depends on an object still being
 * alive but the check that it is.  (Xen's own grace periods are longer; a program
 * that relies on that is wrong all the same.)
 */
#include "internal.h"

void vs_check_stale(const struct vs_check_state *state, uint8_t actor, uint8_t object,
                    uint8_t pointer, const char *what, struct vs_breach *breach)
{
    const struct vs_check_vcpu *vcpu = &state->vcpus[actor];

    if (pointer == NONE ||
        (object == VS_OBJECT_PDEV ? vs_pdev_alive(state, pointer) : vs_vpci_alive(state, pointer)))
        return;
    bool from_slot =
        object == VS_OBJECT_PDEV && (vcpu->flags & F_FROM_SLOT) && pointer == vcpu->pdev;

    if (!breach->found) {
        breach->pointer = pointer;
        breach->object = object;
    }
    vs_breach_note(breach, from_slot ? VS_VIOLATION_DANGLING_PENDING : VS_VIOLATION_USE_AFTER_FREE,
                   actor, what);
}

/* ----------------------------------------------------------------- freeing */

/* A lock inside the freed object: whoever spins on it spins on garbage. */
static void find_spinners(const struct vs_check_model *model, const struct vs_check_state *state,
                          uint8_t object, uint8_t pointer, struct vs_breach *breach)
{
    const struct vs_policy *policy = model->code->policy;

    for (uint8_t i = 0; i < model->setup->actor_count; i++) {
        const struct vs_check_vcpu *vcpu = &state->vcpus[i];

        if (!(vcpu->flags & F_BLOCKED) || vcpu->wait_lock == NONE)
            continue;
        uint8_t decl = model->lock_decl[vcpu->wait_lock];

        if (policy->locks[decl].inside == object &&
            vcpu->wait_lock == model->lock_base[decl] + pointer)
            vs_check_stale(state, i, object, pointer, "spins on a lock whose memory is freed",
                           breach);
    }
}

void vs_check_object_free(const struct vs_check_model *model, struct vs_check_state *state,
                          uint8_t actor, uint8_t object, uint8_t pointer, struct vs_breach *breach)
{
    struct vs_check_dev *device = &state->devices[vs_pointer_device(pointer)];
    uint8_t *alive = object == VS_OBJECT_PDEV ? &device->pdev_alive : &device->vpci_alive;

    if (!(*alive & vs_pointer_bit(pointer))) {
        breach->pointer = pointer;
        breach->object = object;
        vs_breach_note(breach, VS_VIOLATION_DOUBLE_FREE, actor, "frees what is freed already");
        return;
    }
    *alive &= (uint8_t)~vs_pointer_bit(pointer);
    if (object == VS_OBJECT_VPCI)
        device->incomplete &= (uint8_t)~vs_pointer_bit(pointer);
    else if (device->pdev_alive == 0)
        device->decoding = 0;
    find_spinners(model, state, object, pointer, breach);
}

/* Which one FREE and CALL_RCU mean: of vpci the cleared one, else, for FREE, what
 * is published, else nothing. */
static uint8_t to_be_freed(const struct vs_check_state *state, struct vs_check_vcpu *vcpu,
                           const struct vs_check_insn *insn)
{
    uint8_t pdev = vs_check_which_pdev(vcpu, insn->which);
    uint8_t pointer = NONE;

    if (insn->argument == VS_OBJECT_PDEV || pdev == NONE)
        return pdev;
    uint8_t device = vs_pointer_device(pdev);

    if (vcpu->cleared != NONE && vs_pointer_device(vcpu->cleared) == device) {
        pointer = vcpu->cleared;
        vcpu->cleared = NONE;
    } else if (insn->code == C_FREE) {
        pointer = vs_published(state, pdev);
    }
    return pointer;
}

static void call_rcu(const struct vs_check_model *model, struct vs_check_state *state,
                     uint8_t actor, uint8_t object, uint8_t pointer, struct vs_breach *breach)
{
    struct vs_check_shared *shared = &state->shared;
    uint8_t readers = 0;

    for (uint8_t i = 0; i < model->setup->actor_count; i++)
        if (state->vcpus[i].rcu_depth > 0)
            readers |= (uint8_t)(1u << i);
    if (readers == 0) {
        vs_check_object_free(model, state, actor, object, pointer, breach);
        return;
    }
    if (shared->callback_count == sizeof(shared->callbacks) / sizeof(shared->callbacks[0])) {
        shared->cut = 1;
        return;
    }
    shared->callbacks[shared->callback_count].pointer = pointer;
    shared->callbacks[shared->callback_count].object = object;
    shared->callbacks[shared->callback_count].readers = readers;
    shared->callback_count++;
}

void vs_check_section_left(const struct vs_check_model *model, struct vs_check_state *state,
                           uint8_t actor, struct vs_breach *breach)
{
    struct vs_check_shared *shared = &state->shared;
    uint8_t kept = 0;

    for (uint8_t i = 0; i < shared->callback_count; i++) {
        uint8_t readers = (uint8_t)(shared->callbacks[i].readers & ~(1u << actor));

        if (readers == 0) {
            vs_check_object_free(model, state, actor, shared->callbacks[i].object,
                                 shared->callbacks[i].pointer, breach);
            continue;
        }
        shared->callbacks[kept] = shared->callbacks[i];
        shared->callbacks[kept++].readers = readers;
    }
    for (uint8_t i = kept; i < shared->callback_count; i++)
        shared->callbacks[i].pointer = shared->callbacks[i].object = shared->callbacks[i].readers =
            0;
    shared->callback_count = kept;
}

/* ------------------------------------------------------------------ making */

static void allocate(struct vs_check_state *state, struct vs_check_vcpu *vcpu,
                     const struct vs_check_insn *insn)
{
    uint8_t index = vs_check_which_device(vcpu, insn->which);
    struct vs_check_dev *device = &state->devices[index];
    bool pdev = insn->argument == VS_OBJECT_PDEV;
    uint8_t *last = pdev ? &device->pdev_last : &device->vpci_last;

    if (pdev && device->group[VS_LIST_ALL_DEVICES] != NONE) {
        vcpu->flags |= F_LEAVING; /* alloc_pdev finds it */
        return;
    }
    if (*last + 1 == GENERATIONS) {
        state->shared.cut = 1;
        return;
    }
    uint8_t pointer = vs_pointer(index, ++*last);

    if (pdev) {
        device->pdev_alive |= vs_pointer_bit(pointer);
        device->published = NONE;
        device->refs[*last] = 1;
        vcpu->pdev = pointer;
        return;
    }
    device->vpci_alive |= vs_pointer_bit(pointer);
    device->vpci_of[*last] = device->pdev_last;
    if (insn->flag)
        device->incomplete |= vs_pointer_bit(pointer);
    vcpu->made = pointer;
    if (insn->which == VS_SELF)
        vcpu->vpci = pointer;
    else
        vcpu->loops[vcpu->loop_count - 1].vpci = pointer;
}

static void clear(struct vs_check_state *state, struct vs_check_vcpu *vcpu, uint8_t index)
{
    struct vs_check_dev *device = &state->devices[index];

    if (device->published == NONE)
        return;
    if (vs_vpci_alive(state, device->published))
        vcpu->cleared = device->published;
    device->published = NONE;
}

/* ------------------------------------------------------------------- using */

static bool by_address(const struct vs_check_model *model, const struct vs_check_vcpu *vcpu)
{
    return vcpu->loop_count > 0 &&
           model->code->insns[vcpu->loops[vcpu->loop_count - 1].insn].by_address;
}

/* A loop in address order holds an address, no pointer: who tests for vPCI finds the
 * device anew, if it is still on the list. */
static uint8_t look_up_again(const struct vs_check_model *model, const struct vs_check_state *state,
                             uint8_t actor, struct vs_check_loop *loop)
{
    const struct vs_check_insn *each = &model->code->insns[loop->insn];
    uint8_t index = vs_pointer_device(loop->at);

    if (state->devices[index].group[each->argument] !=
        vs_check_list_group(model, state, actor, each))
        return NONE;
    loop->at = vs_pointer(index, state->devices[index].pdev_last);
    return loop->at;
}

static void deref(const struct vs_check_model *model, struct vs_check_state *state, uint8_t actor,
                  const struct vs_check_insn *insn, struct vs_breach *breach)
{
    struct vs_check_vcpu *vcpu = &state->vcpus[actor];
    uint8_t pdev = vs_check_which_pdev(vcpu, insn->which);
    uint8_t *found =
        insn->which == VS_OTHER ? &vcpu->loops[vcpu->loop_count - 1].vpci : &vcpu->vpci;

    if (insn->which == VS_OTHER && by_address(model, vcpu))
        pdev = look_up_again(model, state, actor, &vcpu->loops[vcpu->loop_count - 1]);
    vs_check_stale(state, actor, VS_OBJECT_PDEV, pdev, "reads pdev->vpci in freed memory", breach);
    if (breach->found)
        return;
    uint8_t published = pdev == NONE ? NONE : vs_published(state, pdev);
    bool there = published != NONE && (!insn->flag || *found == NONE || *found == published);

    vcpu->pc++;
    if (there) {
        *found = published;
        return;
    }
    if (insn->target)
        vcpu->pc = insn->target;
    else
        vcpu->flags |= F_LEAVING;
}

/* A hidden device is the hardware domain's to use as well. */
static void recheck_owner(const struct vs_check_model *model, struct vs_check_state *state,
                          uint8_t actor)
{
    struct vs_check_vcpu *vcpu = &state->vcpus[actor];
    uint8_t domain = model->setup->actors[actor].domain;
    uint8_t owner = vcpu->device == NONE ? domain : state->devices[vcpu->device].owner;

    if (owner != domain && !(owner == VS_CHECK_DOM_XEN && domain == 0))
        vcpu->flags |= F_LEAVING;
}

static void use(struct vs_check_state *state, uint8_t actor, const struct vs_check_insn *insn,
                struct vs_breach *breach)
{
    const struct vs_check_vcpu *vcpu = &state->vcpus[actor];
    uint8_t pdev = vs_check_which_pdev(vcpu, insn->which);
    uint8_t vpci = vs_check_which_vpci(vcpu, insn->which);

    vs_check_stale(state, actor, VS_OBJECT_PDEV, pdev, "uses a device in freed memory", breach);
    if (insn->argument == VS_OBJECT_PDEV || pdev == NONE || breach->found)
        return;
    const struct vs_check_dev *device = &state->devices[vs_pointer_device(pdev)];

    if (vpci == NONE)
        vpci = vs_published(state, pdev); /* not dereferenced before: it is read here */
    breach->pointer = vpci == NONE ? pdev : vpci;
    breach->object = VS_OBJECT_VPCI;
    if (vpci == NONE)
        vs_breach_note(breach, VS_VIOLATION_UNPUBLISHED, actor, "uses pdev->vpci, which is NULL");
    else if (vs_vpci_alive(state, vpci) && (device->incomplete & vs_pointer_bit(vpci)) &&
             vcpu->made != vpci)
        vs_breach_note(breach, VS_VIOLATION_UNPUBLISHED, actor,
                       "uses a vpci whose handlers are not there yet");
    vs_check_stale(state, actor, VS_OBJECT_VPCI, vpci, "uses a vpci in freed memory", breach);
}

/* -------------------------------------------------------------- references */

void vs_check_drop_reference(const struct vs_check_model *model, struct vs_check_state *state,
                             uint8_t actor, uint8_t lock, uint8_t pointer, struct vs_breach *breach)
{
    uint8_t index = vs_pointer_device(pointer);
    struct vs_check_dev *device = &state->devices[index];
    uint8_t *count = &device->refs[pointer % GENERATIONS];

    vs_check_stale(state, actor, VS_OBJECT_PDEV, pointer, "drops a reference in freed memory",
                   breach);
    if (breach->found || *count == 0 || --*count > 0)
        return;
    /* The last one: the object goes, and with a device its vPCI state. */
    for (uint8_t i = 0; i < GENERATIONS; i++)
        if ((((unsigned int)device->vpci_alive >> i) & 1u) &&
            device->vpci_of[i] == pointer % GENERATIONS)
            vs_check_object_free(model, state, actor, VS_OBJECT_VPCI, vs_pointer(index, i), breach);
    if (model->code->policy->locks[lock].inside != VS_OBJECT_VPCI)
        vs_check_object_free(model, state, actor, VS_OBJECT_PDEV, pointer, breach);
}

static void get(struct vs_check_state *state, uint8_t actor, const struct vs_check_insn *insn,
                struct vs_breach *breach)
{
    struct vs_check_vcpu *vcpu = &state->vcpus[actor];
    uint8_t pointer = vs_check_which_pdev(vcpu, insn->which);

    if (pointer == NONE)
        return;
    vs_check_stale(state, actor, VS_OBJECT_PDEV, pointer, "takes a reference in freed memory",
                   breach);
    if (vcpu->ref_count == REFS_MAX) {
        state->shared.cut = 1;
        return;
    }
    state->devices[vs_pointer_device(pointer)].refs[pointer % GENERATIONS]++;
    vcpu->refs[vcpu->ref_count].lock = insn->lock;
    vcpu->refs[vcpu->ref_count].pdev = pointer;
    vcpu->ref_count++;
}

static void put(const struct vs_check_model *model, struct vs_check_state *state, uint8_t actor,
                const struct vs_check_insn *insn, struct vs_breach *breach)
{
    struct vs_check_vcpu *vcpu = &state->vcpus[actor];
    uint8_t pointer = vs_check_which_pdev(vcpu, insn->which);

    if (pointer == NONE)
        return;
    if (insn->flag) {
        vs_check_drop_reference(model, state, actor, insn->lock, pointer, breach);
        return;
    }
    for (uint8_t i = vcpu->ref_count; i-- > 0;) {
        if (vcpu->refs[i].lock != insn->lock ||
            vs_pointer_device(vcpu->refs[i].pdev) != vs_pointer_device(pointer))
            continue;
        pointer = vcpu->refs[i].pdev;
        vcpu->refs[i] = vcpu->refs[--vcpu->ref_count];
        vcpu->refs[vcpu->ref_count].lock = vcpu->refs[vcpu->ref_count].pdev = 0;
        vs_check_drop_reference(model, state, actor, insn->lock, pointer, breach);
        return;
    }
}

/* ---------------------------------------------------------------- all of it */

/* A device whose vPCI is gone while it changes hands or is made anew: the hardware
 * domain's access goes straight to it. */
static void touch(const struct vs_check_model *model, const struct vs_check_state *state,
                  uint8_t actor, struct vs_breach *breach)
{
    const struct vs_check_vcpu *vcpu = &state->vcpus[actor];
    uint8_t domain = model->setup->actors[actor].domain;

    if (vcpu->device == NONE)
        return;
    const struct vs_check_dev *device = &state->devices[vcpu->device];

    breach->pointer = vs_pointer(vcpu->device, device->pdev_last);
    if (!(vcpu->flags & F_MISS) && domain != 0 && device->owner != domain)
        vs_breach_note(breach, VS_VIOLATION_FORMER_OWNER, actor,
                       "reaches a device that belongs to another domain by now");
    if (!(vcpu->flags & F_MISS) || !(model->setup->opt_in & 1u << VS_VIOLATION_UNMEDIATED) ||
        device->published != NONE || device->pdev_alive == 0 || device->owner != domain)
        return;
    for (uint8_t i = 0; i < model->setup->actor_count; i++) {
        const struct vs_check_vcpu *other = &state->vcpus[i];
        enum vs_op op = vs_check_running_op(model, state, i);
        bool moves =
            op == VS_OP_DEVICE_ASSIGN || op == VS_OP_DEVICE_DEASSIGN || op == VS_OP_DEVICE_RESET;

        if (i != actor && moves && other->device == vcpu->device &&
            (other->flags & (F_STARTED | F_FINISHED)) == F_STARTED) {
            breach->other = i;
            vs_breach_note(breach, VS_VIOLATION_UNMEDIATED, actor,
                           "reaches the hardware past vPCI while the device changes hands");
        }
    }
}

void vs_check_object_step(const struct vs_check_model *model, struct vs_check_state *state,
                          uint8_t actor, const struct vs_check_insn *insn, struct vs_breach *breach)
{
    struct vs_check_vcpu *vcpu = &state->vcpus[actor];
    uint8_t index = vs_check_which_device(vcpu, insn->which), pointer;

    if (insn->code == C_DEREF) {
        deref(model, state, actor, insn, breach);
        return;
    }
    vcpu->pc++;
    if (insn->code == C_RECHECK_OWNER) {
        recheck_owner(model, state, actor);
        return;
    }
    if (insn->code == C_COMPLETE && vcpu->made != NONE)
        state->devices[vs_pointer_device(vcpu->made)].incomplete &=
            (uint8_t)~vs_pointer_bit(vcpu->made);
    if (index == NONE)
        return;
    switch (insn->code) {
    case C_USE:
        use(state, actor, insn, breach);
        return;
    case C_BARS_BEGIN:
    case C_BARS_END:
        vs_check_bars(model, state, actor, insn, breach);
        return;
    case C_SET_OWNER:
        state->devices[index].owner = vs_check_whose(model, state, actor, insn->whose);
        return;
    case C_ALLOCATE:
        allocate(state, vcpu, insn);
        return;
    case C_PUBLISH:
        state->devices[index].published = vcpu->made;
        return;
    case C_CLEAR:
        clear(state, vcpu, index);
        return;
    case C_FREE:
    case C_CALL_RCU:
        pointer = to_be_freed(state, vcpu, insn);
        if (pointer == NONE)
            return;
        if (insn->code == C_FREE)
            vs_check_object_free(model, state, actor, insn->argument, pointer, breach);
        else
            call_rcu(model, state, actor, insn->argument, pointer, breach);
        return;
    case C_GET:
        get(state, actor, insn, breach);
        return;
    case C_PUT:
        put(model, state, actor, insn, breach);
        return;
    case C_TOUCH:
        touch(model, state, actor, breach);
        return;
    case C_MAP_PAGE:
        vs_check_map_page(model, state, actor, index, breach);
        return;
    default:
        return;
    }
}
