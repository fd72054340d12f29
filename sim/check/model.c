/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A setup under a policy: which lock instances there are, how everything stands
 * at the beginning, and what the words of an instruction mean for one vCPU.
 */
#include <stdio.h>
#include <string.h>

#include "internal.h"

/* clang-format off */
const struct vs_violation_info vs_violation_table[VS_VIOLATION_COUNT] = {
    [VS_VIOLATION_USE_AFTER_FREE] = {"use-after-free", "memory is used after it was freed", true},
    [VS_VIOLATION_DANGLING_PENDING] = {"dangling-pending", "the pending slot's pointer outlived the device", true},
    [VS_VIOLATION_UNPUBLISHED] = {"unpublished-object", "an object is used that is not there yet, or is NULL", false},
    [VS_VIOLATION_DOUBLE_FREE] = {"double-free", "memory is freed twice", true},
    [VS_VIOLATION_DEADLOCK] = {"deadlock", "vCPUs wait for each other in a circle", true},
    [VS_VIOLATION_SELF_DEADLOCK] = {"self-deadlock", "a vCPU takes a lock that it holds", true},
    [VS_VIOLATION_UPGRADE] = {"read-to-write-upgrade", "a reader takes the same lock for writing", true},
    [VS_VIOLATION_ORDER_INVERSION] = {"order-inversion", "locks are taken in both orders", false},
    [VS_VIOLATION_NOT_HELD] = {"release-not-held", "a lock is released that is not held", true},
    [VS_VIOLATION_HELD_AT_END] = {"held-at-end", "an operation ends with a lock held", true},
    [VS_VIOLATION_SOFTIRQ_LOCKED] = {"softirq-under-lock", "softirqs are processed with a lock held", false},
    [VS_VIOLATION_BARRIER_LOCKED] = {"rcu-barrier-under-lock", "rcu_barrier is called with a lock held", false},
    [VS_VIOLATION_BAR_RACE] = {"bar-race", "BAR state is written while another reads or writes it", false},
    [VS_VIOLATION_LIST_RACE] = {"list-race", "a list is changed while another walks it unprotected", false},
    [VS_VIOLATION_FORMER_OWNER] = {"former-owner", "a guest reaches a device that is no longer its own", false},
    [VS_VIOLATION_UNMEDIATED] = {"unmediated-access", "an access goes past vPCI while a device changes hands", false, true},
    [VS_VIOLATION_PENDING_TWICE] = {"pending-twice", "two deferred maps of one device are in its rangesets", false, true},
    [VS_VIOLATION_ASSERTION] = {"assertion", "a function is called without the lock that it asserts", false},
    [VS_VIOLATION_ENTERED_PENDING] = {"entered-pending", "the guest goes on before its deferred map is done", false},
    [VS_VIOLATION_STARVATION] = {"starvation", "a vCPU never gets through while all others go on", false, true},
    [VS_VIOLATION_UNMAPPED] = {"unmapped-bar", "an enabled BAR's page is not mapped in the end", false, true},
};
/* clang-format on */

int vs_violation_from_name(const char *name)
{
    for (int i = 0; i < VS_VIOLATION_COUNT; i++)
        if (strcmp(vs_violation_table[i].name, name) == 0)
            return i;
    return -1;
}

/* One violation a step: the first, unless a later one ends the path and it did not. */
void vs_breach_note(struct vs_breach *breach, enum vs_violation violation, uint8_t actor,
                    const char *what)
{
    if (breach->found && (breach->fatal || !vs_violation_table[violation].ends_path))
        return;
    breach->found = 1u << violation;
    breach->fatal = vs_violation_table[violation].ends_path;
    breach->actor = actor;
    breach->what = what;
}

static int refuse(struct vs_error *error, const char *text)
{
    return vs_error_set(error, VS_ERR_USAGE, "%s", text);
}

static int validate_call(const struct vs_check_setup *setup, const struct vs_check_call *call,
                         struct vs_error *error)
{
    if ((unsigned int)call->op >= VS_OP_COUNT || call->op == VS_OP_MAP_PENDING)
        return refuse(error, "map-pending follows what defers it; it is no operation of its own");
    if (call->device != NONE && call->device >= setup->device_count)
        return refuse(error, "an operation on a device that the setup does not have");
    if (call->target != NONE && call->target >= setup->domain_count)
        return refuse(error, "an operation on a domain that the setup does not have");
    bool needs_target = call->op == VS_OP_DEVICE_ASSIGN || call->op == VS_OP_DOMAIN_DESTROY;

    if (needs_target && call->target == NONE)
        return refuse(error, "device-assign and domain-destroy need a target domain");
    bool of_domain = call->op == VS_OP_DOMAIN_DESTROY || call->op == VS_OP_DUMP ||
                     call->op == VS_OP_MMCFG_RESERVED;

    if (!of_domain && call->device == NONE)
        return refuse(error, "an operation on a device needs its number");
    return 0;
}

int vs_check_setup_validate(const struct vs_check_setup *setup, struct vs_error *error)
{
    if (setup->actor_count < 1 || setup->actor_count > VS_CHECK_ACTORS_MAX ||
        setup->device_count < 1 || setup->device_count > VS_CHECK_DEVICES_MAX ||
        setup->domain_count < 1 || setup->domain_count > VS_CHECK_DOMAINS_MAX)
        return refuse(error, "a setup has 1 to 4 vCPUs, 1 to 4 devices and 1 to 3 domains");
    for (uint8_t i = 0; i < setup->device_count; i++) {
        const struct vs_check_device *device = &setup->devices[i];

        if (device->owner >= setup->domain_count || device->page >= 8)
            return refuse(error, "a device belongs to a domain of the setup; pages are 0 to 7");
        if ((device->hidden || device->virtual) && (!device->has_msix || device->absent))
            return refuse(error, "a hidden device or virtual function is there and has MSI-X");
        if (device->hidden && (device->virtual || device->owner != 0))
            return refuse(error, "a hidden device is no virtual function and was the host's own");
    }
    for (uint8_t i = 0; i < setup->actor_count; i++) {
        const struct vs_check_actor *actor = &setup->actors[i];

        if (actor->domain >= setup->domain_count || actor->call_count < 1 ||
            actor->call_count > VS_CHECK_CALLS_MAX)
            return refuse(error, "a vCPU belongs to a domain and does 1 to 3 operations");
        for (uint8_t j = 0; j < actor->call_count; j++) {
            int ret = validate_call(setup, &actor->calls[j], error);

            if (ret < 0)
                return ret;
        }
    }
    return 0;
}

/* -------------------------------------------------------------------- model */

uint8_t vs_check_first_owner(const struct vs_check_setup *setup, uint8_t device)
{
    return setup->devices[device].hidden ? VS_CHECK_DOM_XEN : setup->devices[device].owner;
}

static bool has_hidden(const struct vs_check_setup *setup)
{
    bool hidden = false;

    for (uint8_t i = 0; i < setup->device_count; i++)
        hidden |= setup->devices[i].hidden;
    return hidden;
}

static uint8_t instances_of(const struct vs_lock_decl *decl, const struct vs_check_setup *setup)
{
    if (decl->scope == VS_SCOPE_GLOBAL)
        return 1;
    if (decl->scope == VS_SCOPE_DOMAIN)
        return has_hidden(setup) ? GROUPS : setup->domain_count;
    bool inside = decl->inside != VS_OBJECT_NONE;

    return (uint8_t)(setup->device_count * (inside ? GENERATIONS : 1));
}

static void survey_part(struct vs_check_model *model, uint16_t start)
{
    if (!start)
        return;
    for (const struct vs_check_insn *at = &model->code->insns[start]; at->code != C_END; at++) {
        model->owners_fixed &= at->code != C_SET_OWNER;
        model->objects_fixed &= at->code != C_ALLOCATE && at->code != C_FREE &&
                                at->code != C_CALL_RCU && (at->code != C_PUT || !at->flag);
        model->has_barrier |= at->code == C_RCU_BARRIER;
        model->has_callbacks |= at->code == C_CALL_RCU;
        model->has_retry |= at->code == C_RETRY;
    }
}

/* What the setup's programs contain at all. */
static void survey(struct vs_check_model *model)
{
    const struct vs_check_setup *setup = model->setup;

    model->owners_fixed = model->objects_fixed = true;
    for (uint8_t i = 0; i < setup->actor_count; i++)
        for (uint8_t j = 0; j < setup->actors[i].call_count; j++) {
            const struct vs_check_entry *entry = vs_check_entry_of(model, i, j);

            survey_part(model, entry->start);
            survey_part(model, entry->miss);
            survey_part(model, entry->pending);
            survey_part(model, entry->pending_miss);
        }
}

int vs_check_model_init(struct vs_check_model *model, const struct vs_check_code *code,
                        const struct vs_check_setup *setup, struct vs_check_order *order,
                        struct vs_error *error)
{
    unsigned int count = 0;

    *model = (struct vs_check_model){.code = code, .setup = setup, .order = order};
    for (size_t i = 0; i < code->policy->lock_count; i++) {
        const struct vs_lock_decl *decl = &code->policy->locks[i];
        bool waits = decl->kind != VS_LOCK_RCU && decl->kind != VS_LOCK_REFCOUNT;

        if (((code->dropped_locks >> i) & 1u) || !waits)
            continue;
        unsigned int instances = instances_of(decl, setup);

        if (count + instances > LOCKS_MAX)
            return vs_error_set(error, VS_ERR_INPUT,
                                "policy %s has more than %d lock instances for this setup",
                                code->policy->name, LOCKS_MAX);
        model->lock_base[i] = (uint8_t)count;
        memset(&model->lock_decl[count], (int)i, instances);
        count += instances;
    }
    model->lock_count = (uint8_t)count;
    survey(model);
    return 0;
}

const struct vs_check_entry *vs_check_entry_of(const struct vs_check_model *model, uint8_t actor,
                                               uint8_t call)
{
    const struct vs_check_actor *who = &model->setup->actors[actor];
    const struct vs_check_call *what = &who->calls[call];
    const struct vs_check_device *device =
        what->device != NONE ? &model->setup->devices[what->device] : NULL;
    enum vs_check_kind kind = !device            ? KIND_BARE
                              : device->hidden   ? KIND_HIDDEN
                              : device->virtual  ? KIND_VIRTUAL
                              : device->has_msix ? KIND_MSIX
                                                 : KIND_BARE;

    return &model->code->entries[what->op][who->domain == 0][kind];
}

enum vs_op vs_check_running_op(const struct vs_check_model *model,
                               const struct vs_check_state *state, uint8_t actor)
{
    const struct vs_check_vcpu *vcpu = &state->vcpus[actor];
    const struct vs_check_actor *who = &model->setup->actors[actor];

    if (vcpu->flags & F_PENDING)
        return VS_OP_MAP_PENDING;
    return who->calls[vcpu->call < who->call_count ? vcpu->call : who->call_count - 1].op;
}

static void list_append(struct vs_check_state *state, enum vs_list list, uint8_t group,
                        uint8_t device)
{
    uint8_t *link = &state->shared.head[list][group];

    while (*link != NONE)
        link = &state->devices[vs_pointer_device(*link)].next[list];
    *link = vs_pointer(device, 0);
    state->devices[device].group[list] = group;
}

void vs_check_state_init(const struct vs_check_model *model, struct vs_check_state *state)
{
    const struct vs_check_setup *setup = model->setup;

    memset(state, 0, sizeof(*state));
    memset(state->shared.head, NONE, sizeof(state->shared.head));
    for (uint8_t i = 0; i < setup->device_count; i++) {
        const struct vs_check_device *known = &setup->devices[i];
        struct vs_check_dev *device = &state->devices[i];

        device->owner = vs_check_first_owner(setup, i);
        device->published = NONE;
        memset(device->next, NONE, sizeof(device->next));
        memset(device->group, NONE, sizeof(device->group));
        if (known->absent)
            continue;
        device->pdev_alive = device->vpci_alive = 1;
        device->published = vs_pointer(i, 0);
        device->refs[0] = 1;
        device->decoding = known->decoding;
        if (known->decoding)
            state->shared.mapped |= (uint8_t)(1u << known->page);
        list_append(state, VS_LIST_ALL_DEVICES, 0, i);
        list_append(state, VS_LIST_DOMAIN_DEVICES, device->owner, i);
        if (known->has_msix) /* a hidden device's was linked when it was the host's own */
            list_append(state, VS_LIST_MSIX_TABLES, known->owner, i);
    }
    for (uint8_t i = 0; i < model->lock_count; i++) {
        state->locks[i].owner = NONE;
        memset(state->locks[i].queue, NONE, sizeof(state->locks[i].queue));
    }
    for (uint8_t i = 0; i < setup->actor_count; i++) {
        struct vs_check_vcpu *vcpu = &state->vcpus[i];

        vcpu->pc = vs_check_entry_of(model, i, 0)->start;
        vcpu->device = setup->actors[i].calls[0].device;
        vcpu->pdev = vcpu->vpci = vcpu->cleared = vcpu->cursor = vcpu->made = NONE;
        vcpu->wait_lock = vcpu->slot = NONE;
    }
}

/* ------------------------------------------------------------ what words mean */

uint8_t vs_check_whose(const struct vs_check_model *model, const struct vs_check_state *state,
                       uint8_t actor, uint8_t whose)
{
    const struct vs_check_vcpu *vcpu = &state->vcpus[actor];
    const struct vs_check_actor *who = &model->setup->actors[actor];

    if (whose == VS_OF_OWNER && vcpu->device != NONE)
        return state->devices[vcpu->device].owner;
    if (whose == VS_OF_XEN)
        return VS_CHECK_DOM_XEN;
    if (whose == VS_OF_TARGET)
        return who->calls[vcpu->call].target != NONE ? who->calls[vcpu->call].target : 0;
    return whose == VS_OF_HARDWARE ? 0 : who->domain;
}

static const struct vs_check_loop *innermost(const struct vs_check_vcpu *vcpu)
{
    return vcpu->loop_count > 0 ? &vcpu->loops[vcpu->loop_count - 1] : NULL;
}

uint8_t vs_check_which_pdev(const struct vs_check_vcpu *vcpu, uint8_t which)
{
    const struct vs_check_loop *loop = which == VS_OTHER ? innermost(vcpu) : NULL;

    return loop ? loop->at : vcpu->pdev;
}

uint8_t vs_check_which_device(const struct vs_check_vcpu *vcpu, uint8_t which)
{
    const struct vs_check_loop *loop = which == VS_OTHER ? innermost(vcpu) : NULL;

    return loop ? vs_pointer_device(loop->at) : vcpu->device;
}

uint8_t vs_check_which_vpci(const struct vs_check_vcpu *vcpu, uint8_t which)
{
    const struct vs_check_loop *loop = which == VS_OTHER ? innermost(vcpu) : NULL;

    return loop ? loop->vpci : vcpu->vpci;
}

uint8_t vs_check_instance(const struct vs_check_model *model, const struct vs_check_state *state,
                          uint8_t actor, const struct vs_check_insn *insn)
{
    const struct vs_check_vcpu *vcpu = &state->vcpus[actor];
    const struct vs_lock_decl *decl = &model->code->policy->locks[insn->lock];
    uint8_t base = model->lock_base[insn->lock], offset = 0;

    if (decl->scope == VS_SCOPE_DOMAIN)
        offset = vs_check_whose(model, state, actor, insn->whose);
    else if (decl->scope == VS_SCOPE_DEVICE && decl->inside == VS_OBJECT_VPCI)
        offset = vs_check_which_vpci(vcpu, insn->which);
    else if (decl->scope == VS_SCOPE_DEVICE && decl->inside == VS_OBJECT_PDEV)
        offset = vs_check_which_pdev(vcpu, insn->which);
    else if (decl->scope == VS_SCOPE_DEVICE)
        offset = vs_check_which_device(vcpu, insn->which);
    return offset == NONE ? NONE : (uint8_t)(base + offset);
}

char *vs_check_lock_name(const struct vs_check_model *model, uint8_t lock, char *buffer)
{
    const struct vs_lock_decl *decl = &model->code->policy->locks[model->lock_decl[lock]];
    unsigned int instance = (unsigned int)(lock - model->lock_base[model->lock_decl[lock]]);

    if (decl->inside != VS_OBJECT_NONE)
        instance /= GENERATIONS;
    if (decl->scope == VS_SCOPE_GLOBAL)
        snprintf(buffer, VS_CHECK_NAME, "%.40s", decl->name);
    else if (decl->scope == VS_SCOPE_DOMAIN && instance == VS_CHECK_DOM_XEN)
        snprintf(buffer, VS_CHECK_NAME, "%.40s[dom_xen]", decl->name);
    else
        snprintf(buffer, VS_CHECK_NAME, "%.40s[%s%u]", decl->name,
                 decl->scope == VS_SCOPE_DOMAIN ? "dom" : "dev", instance);
    return buffer;
}
