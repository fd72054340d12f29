/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One step of one vCPU.  A step is one instruction on shared state, together
 * with the private instructions behind it: those commute with everything that
 * others do, so that where they stand between two steps is of no consequence.
 */
#include "internal.h"

/* ---------------------------------------------------------- ends of programs */

/* A CPU that leaves the hypervisor, or processes softirqs outside of a read
 * section, has passed: no rcu_barrier waits for it any more. */
static void pass_quiescent_state(const struct vs_check_model *model, struct vs_check_state *state,
                                 uint8_t actor)
{
    if (!model->has_barrier || state->vcpus[actor].rcu_depth > 0)
        return;
    for (uint8_t i = 0; i < model->setup->actor_count; i++)
        state->vcpus[i].barrier &= (uint8_t) ~(1u << actor);
}

static void begin_program(struct vs_check_vcpu *vcpu, uint16_t pc, uint8_t device)
{
    vcpu->pc = pc;
    vcpu->device = device;
    vcpu->pdev = vcpu->vpci = vcpu->cleared = vcpu->cursor = vcpu->made = NONE;
    vcpu->decided = vcpu->retrying = 0;
}

static void clear_slot(const struct vs_check_model *model, struct vs_check_state *state,
                       uint8_t actor, struct vs_breach *breach)
{
    struct vs_check_vcpu *vcpu = &state->vcpus[actor];
    const struct vs_policy *policy = model->code->policy;

    if (vcpu->slot != NONE && (vcpu->slot_flags & SLOT_REF)) /* never taken out of it */
        for (uint8_t i = 0; i < policy->lock_count; i++)
            if (policy->locks[i].kind == VS_LOCK_REFCOUNT)
                vs_check_drop_reference(model, state, actor, i, vcpu->slot, breach);
    vcpu->slot = NONE;
    vcpu->slot_flags = 0;
}

static void end_program(const struct vs_check_model *model, struct vs_check_state *state,
                        uint8_t actor, struct vs_breach *breach)
{
    struct vs_check_vcpu *vcpu = &state->vcpus[actor];
    const struct vs_check_actor *who = &model->setup->actors[actor];
    const struct vs_check_entry *entry = vs_check_entry_of(model, actor, vcpu->call);

    if (vcpu->held_count > 0 || vcpu->ref_count > 0 || vcpu->rcu_depth > 0) {
        breach->lock = vcpu->held_count > 0 ? vcpu->held[0].lock : NONE;
        vs_breach_note(breach, VS_VIOLATION_HELD_AT_END, actor,
                       "ends with a lock, a read section or a reference still held");
        return;
    }
    pass_quiescent_state(model, state, actor);
    bool was_pending = vcpu->flags & F_PENDING;

    vcpu->flags = 0;
    if (!was_pending && vcpu->slot != NONE && entry->pending) {
        if (vcpu->slot_flags & SLOT_UNRAISED)
            vs_breach_note(breach, VS_VIOLATION_ENTERED_PENDING, actor,
                           "goes back to its guest with its map still to be done");
        vcpu->flags = F_PENDING;
        begin_program(vcpu, entry->pending, vcpu->device);
        return;
    }
    clear_slot(model, state, actor, breach);
    breach->done |= (uint8_t)(vcpu->gave_up ? 0 : 1u << actor);
    vcpu->call++;
    vcpu->gave_up = 0;
    if (model->setup->loops && vcpu->call == who->call_count)
        vcpu->call = 0;
    if (vcpu->call == who->call_count) {
        vcpu->flags = F_FINISHED;
        begin_program(vcpu, 0, NONE);
        return;
    }
    begin_program(vcpu, vs_check_entry_of(model, actor, vcpu->call)->start,
                  who->calls[vcpu->call].device);
}

static void begin_miss(const struct vs_check_model *model, struct vs_check_state *state,
                       uint8_t actor)
{
    struct vs_check_vcpu *vcpu = &state->vcpus[actor];
    const struct vs_check_entry *entry = vs_check_entry_of(model, actor, vcpu->call);

    for (; vcpu->loop_count > 0; vcpu->loop_count--)
        vcpu->loops[vcpu->loop_count - 1] = (struct vs_check_loop){0};
    if (vcpu->retrying) { /* X86EMUL_RETRY: the guest executes the instruction again */
        pass_quiescent_state(model, state, actor);
        vcpu->flags = vcpu->gave_up = 0;
        begin_program(vcpu, entry->start, model->setup->actors[actor].calls[vcpu->call].device);
        return;
    }
    if (vcpu->flags & F_MISS) { /* a miss program that leaves ends */
        while (model->code->insns[vcpu->pc].code != C_END)
            vcpu->pc++;
    } else {
        vcpu->pc = (vcpu->flags & F_PENDING) ? entry->pending_miss : entry->miss;
    }
    vcpu->flags = (uint8_t)((vcpu->flags & ~F_LEAVING) | F_MISS);
}

/* One thing less to give back before the miss steps. */
static void leave_step(const struct vs_check_model *model, struct vs_check_state *state,
                       uint8_t actor, struct vs_breach *breach)
{
    struct vs_check_vcpu *vcpu = &state->vcpus[actor];

    if (vcpu->held_count > 0) {
        vs_check_release_newest(model, state, actor, breach);
    } else if (vcpu->ref_count > 0) {
        uint8_t at = --vcpu->ref_count, lock = vcpu->refs[at].lock, pdev = vcpu->refs[at].pdev;

        vcpu->refs[at].lock = vcpu->refs[at].pdev = 0;
        vs_check_drop_reference(model, state, actor, lock, pdev, breach);
    } else {
        vcpu->rcu_depth = 0;
        vs_check_section_left(model, state, actor, breach);
    }
}

/* -------------------------------------------------------------- pending slot */

static void fill_slot(const struct vs_check_model *model, struct vs_check_state *state,
                      uint8_t actor, const struct vs_check_insn *insn, struct vs_breach *breach)
{
    struct vs_check_vcpu *vcpu = &state->vcpus[actor];
    enum vs_op op = model->setup->actors[actor].calls[vcpu->call].op;

    if (vcpu->pdev == NONE)
        return;
    vs_check_find_filled(model, state, actor, breach);
    vcpu->slot = vcpu->pdev;
    vcpu->slot_flags =
        (uint8_t)((insn->flag ? SLOT_BY_SBDF : 0) | (insn->unraised ? SLOT_UNRAISED : 0) |
                  (vcpu->decided & DECIDED_FILLED ? SLOT_FILLED : 0));
    if (op == VS_OP_TOGGLE_DECODE && (model->setup->opt_in & 1u << VS_VIOLATION_UNMAPPED))
        vcpu->slot_flags |=
            (uint8_t)(SLOT_DECODE | (state->devices[vcpu->device].decoding ? 0 : SLOT_ON) |
                      (vcpu->decided & DECIDED_KEPT ? 0 : SLOT_PAGE));
    vcpu->decided = 0;
    for (uint8_t i = vcpu->ref_count; insn->with_ref && i-- > 0;) {
        if (vcpu->refs[i].lock != insn->lock || vcpu->refs[i].pdev != vcpu->pdev)
            continue;
        vcpu->slot_flags |= SLOT_REF;
        vcpu->refs[i] = vcpu->refs[--vcpu->ref_count];
        vcpu->refs[vcpu->ref_count].lock = vcpu->refs[vcpu->ref_count].pdev = 0;
        return;
    }
}

static void take_slot(struct vs_check_vcpu *vcpu, const struct vs_check_insn *insn)
{
    if (vcpu->slot == NONE) {
        vcpu->flags |= F_LEAVING;
        return;
    }
    vcpu->device = vs_pointer_device(vcpu->slot);
    vcpu->vpci = NONE;
    if (vcpu->slot_flags & SLOT_BY_SBDF) { /* a lookup follows: nothing is remembered */
        vcpu->pdev = NONE;
        return;
    }
    vcpu->pdev = vcpu->slot;
    vcpu->flags |= F_FROM_SLOT;
    if (!insn->with_ref || !(vcpu->slot_flags & SLOT_REF) || vcpu->ref_count == REFS_MAX)
        return;
    vcpu->refs[vcpu->ref_count].lock = insn->lock;
    vcpu->refs[vcpu->ref_count].pdev = vcpu->slot;
    vcpu->ref_count++;
    vcpu->slot_flags &= (uint8_t)~SLOT_REF;
}

/* ----------------------------------------------------------------- the rest */

static void softirq(const struct vs_check_model *model, struct vs_check_state *state, uint8_t actor,
                    struct vs_breach *breach)
{
    const struct vs_check_vcpu *vcpu = &state->vcpus[actor];

    if (vcpu->held_count > 0 || vcpu->rcu_depth > 0) {
        breach->lock = vcpu->held_count > 0 ? vcpu->held[0].lock : NONE;
        vs_breach_note(breach, VS_VIOLATION_SOFTIRQ_LOCKED, actor,
                       "processes softirqs with a lock or a read section held");
    }
    pass_quiescent_state(model, state, actor);
}

static void barrier(const struct vs_check_model *model, struct vs_check_state *state, uint8_t actor,
                    struct vs_breach *breach)
{
    struct vs_check_vcpu *vcpu = &state->vcpus[actor];
    uint8_t circle;

    vcpu->barrier = 0;
    for (uint8_t i = 0; i < model->setup->actor_count; i++)
        if (i != actor && (state->vcpus[i].flags & (F_STARTED | F_FINISHED)) == F_STARTED)
            vcpu->barrier |= (uint8_t)(1u << i);
    if (vcpu->held_count > 0 || vcpu->rcu_depth > 0) {
        breach->lock = vcpu->held_count > 0 ? vcpu->held[0].lock : NONE;
        vs_breach_note(breach, VS_VIOLATION_BARRIER_LOCKED, actor,
                       "waits for every CPU with a lock or a read section held");
    }
    if (vs_check_can_poll(model, state, actor)) {
        vcpu->pc++;
        return;
    }
    vcpu->flags |= F_BLOCKED;
    vcpu->wait_lock = NONE;
    if (vs_check_in_circle(model, state, actor, &circle))
        vs_breach_note(breach, VS_VIOLATION_DEADLOCK, actor,
                       "waits for a CPU that spins on what this one holds");
}

static void rcu_step(const struct vs_check_model *model, struct vs_check_state *state,
                     uint8_t actor, const struct vs_check_insn *insn, struct vs_breach *breach)
{
    struct vs_check_vcpu *vcpu = &state->vcpus[actor];

    vcpu->pc++;
    if (insn->code == C_RCU_LOCK) {
        vcpu->rcu_depth++;
        return;
    }
    if (vcpu->rcu_depth > 0 && --vcpu->rcu_depth == 0)
        vs_check_section_left(model, state, actor, breach);
}

static void execute(const struct vs_check_model *model, struct vs_check_state *state, uint8_t actor,
                    const struct vs_check_insn *insn, struct vs_breach *breach)
{
    struct vs_check_vcpu *vcpu = &state->vcpus[actor];

    switch (insn->code) {
    case C_LOCK:
        vs_check_acquire(model, state, actor, insn, breach);
        return;
    case C_TRY:
        vcpu->pc = vs_check_try(model, state, actor, insn, breach) ? (uint16_t)(vcpu->pc + 1)
                                                                   : insn->target;
        return;
    case C_UNLOCK:
        vs_check_unlock(model, state, actor, insn, breach);
        vcpu->pc++;
        return;
    case C_LOOKUP:
    case C_EACH:
    case C_EACH_NEXT:
    case C_LINK:
    case C_UNLINK:
        vs_check_list_step(model, state, actor, insn, breach);
        return;
    case C_RCU_LOCK:
    case C_RCU_UNLOCK:
        rcu_step(model, state, actor, insn, breach);
        return;
    case C_RCU_BARRIER:
        barrier(model, state, actor, breach);
        return;
    case C_DEFER:
        fill_slot(model, state, actor, insn, breach);
        vcpu->pc++;
        return;
    case C_TAKE_PENDING:
        vcpu->pc++;
        take_slot(vcpu, insn);
        return;
    case C_CLEAR_PENDING:
        clear_slot(model, state, actor, breach);
        vcpu->pc++;
        return;
    case C_SOFTIRQ:
    case C_RESCHEDULE:
        softirq(model, state, actor, breach);
        vcpu->pc++;
        return;
    case C_ASSERT:
        vcpu->pc++;
        if (!vs_check_holds(model, state, actor, insn)) {
            breach->lock = vs_check_instance(model, state, actor, insn);
            vs_breach_note(breach, VS_VIOLATION_ASSERTION, actor,
                           "does without a lock what asserts that it is held");
        }
        return;
    case C_MAY_FAIL: /* it went well; failing is vs_check_move's */
    case C_JUMP:
        vcpu->pc = insn->target;
        return;
    case C_RETRY:
        vcpu->retrying = 1;
        vcpu->flags |= F_LEAVING;
        return;
    case C_LEAVE:
        vcpu->flags |= F_LEAVING;
        vcpu->pc++;
        return;
    case C_END:
        end_program(model, state, actor, breach);
        return;
    default:
        vs_check_object_step(model, state, actor, insn, breach);
        return;
    }
}

void vs_check_settle(const struct vs_check_model *model, struct vs_check_state *state,
                     uint8_t actor, struct vs_breach *breach)
{
    struct vs_check_vcpu *vcpu = &state->vcpus[actor];

    while (!(vcpu->flags & (F_FINISHED | F_BLOCKED))) {
        if (vcpu->flags & F_LEAVING) {
            if (vcpu->held_count > 0 || vcpu->ref_count > 0 || vcpu->rcu_depth > 0)
                return;
            begin_miss(model, state, actor);
            continue;
        }
        const struct vs_check_insn *insn = &model->code->insns[vcpu->pc];

        if (breach->fatal || !vs_check_is_private(model, insn))
            return;
        execute(model, state, actor, insn, breach);
    }
}

bool vs_check_can_move(const struct vs_check_model *model, const struct vs_check_state *state,
                       uint8_t actor)
{
    uint8_t flags = state->vcpus[actor].flags;

    if (flags & F_FINISHED)
        return false;
    return !(flags & F_BLOCKED) || vs_check_can_poll(model, state, actor);
}

bool vs_check_can_fail(const struct vs_check_model *model, const struct vs_check_state *state,
                       uint8_t actor)
{
    const struct vs_check_vcpu *vcpu = &state->vcpus[actor];

    return model->setup->failures && !(vcpu->flags & (F_FINISHED | F_BLOCKED | F_LEAVING)) &&
           model->code->insns[vcpu->pc].code == C_MAY_FAIL;
}

/* What failed is over; of a map that failed decoding stays off. */
static void fail(struct vs_check_vcpu *vcpu)
{
    vcpu->pc++;
    if (vcpu->flags & F_PENDING)
        vcpu->slot_flags &= (uint8_t)~SLOT_ON;
}

void vs_check_move(const struct vs_check_model *model, struct vs_check_state *state, uint8_t move,
                   struct vs_breach *breach)
{
    uint8_t actor = (uint8_t)(move & ~VS_CHECK_FAILS);
    struct vs_check_vcpu *vcpu = &state->vcpus[actor];

    *breach = (struct vs_breach){.actor = actor, .pointer = NONE, .other = NONE, .lock = NONE};
    if (vcpu->flags & F_BLOCKED) {
        vs_check_poll(model, state, actor, breach);
    } else if (vcpu->flags & F_LEAVING) {
        leave_step(model, state, actor, breach);
    } else if (move & VS_CHECK_FAILS) {
        fail(vcpu);
    } else {
        vcpu->flags |= F_STARTED;
        execute(model, state, actor, &model->code->insns[vcpu->pc], breach);
    }
    vs_check_settle(model, state, actor, breach);
}

void vs_check_at_rest(const struct vs_check_model *model, const struct vs_check_state *state,
                      struct vs_breach *breach)
{
    const struct vs_check_setup *setup = model->setup;

    *breach = (struct vs_breach){.pointer = NONE, .other = NONE, .lock = NONE};
    for (uint8_t i = 0; i < setup->actor_count; i++)
        if (!(state->vcpus[i].flags & F_FINISHED)) {
            breach->lock = state->vcpus[i].wait_lock;
            vs_breach_note(breach, VS_VIOLATION_DEADLOCK, i, "waits, and nobody can move");
        }
    if (!(setup->opt_in & 1u << VS_VIOLATION_UNMAPPED))
        return;
    for (uint8_t i = 0; i < setup->device_count; i++)
        if (state->devices[i].decoding &&
            !((state->shared.mapped >> setup->devices[i].page) & 1u)) {
            breach->pointer = vs_pointer(i, state->devices[i].pdev_last);
            vs_breach_note(breach, VS_VIOLATION_UNMAPPED, 0,
                           "all is done, and a device that decodes memory has its page unmapped");
        }
}
