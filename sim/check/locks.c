/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lock kinds without time, as sim/engine/locks/ has them with it.
 *
 * Ticket and recursive: order of arrival is order of grant, and a release hands
 * over at once.  Queue rwlock (xen/common/rwlock.c): whoever does not get through
 * stands in a queue; only its head looks at the word, and its look is a step of
 * its own, so that between a release and the look an arrival may take the lock
 * past the queue, as in Xen.  A writer at the head sets WAITING as soon as no
 * writer holds the lock, and from then on new readers queue: that is what makes
 * a nested read deadlock.  The per-CPU rwlock behaves the same to a checker, but
 * that its writer cannot read inside (xen/include/xen/rwlock.h).
 */
#include "internal.h"

static const struct vs_lock_decl *decl_of(const struct vs_check_model *model, uint8_t lock)
{
    return &model->code->policy->locks[model->lock_decl[lock]];
}

static bool is_shared_kind(const struct vs_lock_decl *decl)
{
    return decl->kind == VS_LOCK_RWLOCK || decl->kind == VS_LOCK_PERCPU_RWLOCK;
}

static bool admits_reader(const struct vs_lock_decl *decl, const struct vs_check_lock *lock,
                          uint8_t actor)
{
    if (lock->owner == actor)
        return decl->kind == VS_LOCK_RWLOCK; /* 868a01021c: reading inside one's own write */
    return lock->owner == NONE && !lock->waiting;
}

static bool admits_writer(const struct vs_check_lock *lock)
{
    return lock->owner == NONE && lock->readers == 0 && !lock->waiting;
}

/* The lock is the actor's from here. */
static void granted(struct vs_check_state *state, uint8_t actor, uint8_t index, uint8_t mode)
{
    struct vs_check_vcpu *vcpu = &state->vcpus[actor];
    struct vs_check_lock *lock = &state->locks[index];

    if (mode == VS_MODE_READ)
        lock->readers++;
    else
        lock->owner = actor;
    vcpu->held[vcpu->held_count].lock = index;
    vcpu->held[vcpu->held_count].mode = mode;
    vcpu->held_count++;
}

/* The same for one that stood in the queue: it goes on behind its lock step. */
static void grant_head(const struct vs_check_model *model, struct vs_check_state *state,
                       uint8_t index, struct vs_breach *breach)
{
    struct vs_check_lock *lock = &state->locks[index];
    uint8_t actor = lock->queue[0];
    struct vs_check_vcpu *vcpu = &state->vcpus[actor];

    lock->queue_count--;
    for (uint8_t i = 0; i < lock->queue_count; i++)
        lock->queue[i] = lock->queue[i + 1];
    lock->queue[lock->queue_count] = NONE;
    granted(state, actor, index, vcpu->wait_mode);
    vcpu->flags &= (uint8_t)~F_BLOCKED;
    vcpu->wait_lock = NONE;
    vcpu->wait_mode = 0;
    vcpu->pc++;
    vs_check_settle(model, state, actor, breach);
}

static bool holds(const struct vs_check_vcpu *vcpu, uint8_t index, bool write)
{
    for (uint8_t i = 0; i < vcpu->held_count; i++)
        if (vcpu->held[i].lock == index && (vcpu->held[i].mode != VS_MODE_READ) == write)
            return true;
    return false;
}

bool vs_check_holds(const struct vs_check_model *model, const struct vs_check_state *state,
                    uint8_t actor, const struct vs_check_insn *insn)
{
    uint8_t index = vs_check_instance(model, state, actor, insn);
    const struct vs_check_vcpu *vcpu = &state->vcpus[actor];

    return index != NONE && (holds(vcpu, index, true) || holds(vcpu, index, false));
}

uint8_t vs_check_blockers(const struct vs_check_model *model, const struct vs_check_state *state,
                          uint8_t actor)
{
    const struct vs_check_vcpu *vcpu = &state->vcpus[actor];
    uint8_t blockers = 0;

    if (!(vcpu->flags & F_BLOCKED))
        return 0;
    if (vcpu->wait_lock == NONE) { /* rcu_barrier */
        blockers = vcpu->barrier;
        for (uint8_t i = 0; i < state->shared.callback_count; i++)
            blockers |= state->shared.callbacks[i].readers;
        return blockers;
    }
    const struct vs_check_lock *lock = &state->locks[vcpu->wait_lock];

    for (uint8_t i = 0; i < lock->queue_count && lock->queue[i] != actor; i++)
        blockers |= (uint8_t)(1u << lock->queue[i]);
    for (uint8_t i = 0; i < model->setup->actor_count; i++)
        if (holds(&state->vcpus[i], vcpu->wait_lock, true) ||
            (vcpu->wait_mode != VS_MODE_READ && holds(&state->vcpus[i], vcpu->wait_lock, false)))
            blockers |= (uint8_t)(1u << i);
    return blockers;
}

bool vs_check_in_circle(const struct vs_check_model *model, const struct vs_check_state *state,
                        uint8_t actor, uint8_t *circle)
{
    uint8_t reached = vs_check_blockers(model, state, actor), before = 0;

    while (reached != before) {
        before = reached;
        for (uint8_t i = 0; i < model->setup->actor_count; i++)
            if (((unsigned int)before >> i) & 1u)
                reached |= vs_check_blockers(model, state, i);
    }
    *circle = 0;
    if (!(((unsigned int)reached >> actor) & 1u))
        return false;
    for (uint8_t i = 0; i < model->setup->actor_count; i++)
        if ((((unsigned int)reached >> i) & 1u) && (state->vcpus[i].flags & F_BLOCKED))
            *circle |= (uint8_t)(1u << i);
    return true;
}

/* The actor has begun to wait: for ever? */
static void judge_wait(const struct vs_check_model *model, struct vs_check_state *state,
                       uint8_t actor, struct vs_breach *breach)
{
    struct vs_check_vcpu *vcpu = &state->vcpus[actor];
    uint8_t index = vcpu->wait_lock, circle;

    if (!breach->found)
        breach->lock = index;
    if (holds(vcpu, index, true))
        vs_breach_note(breach, VS_VIOLATION_SELF_DEADLOCK, actor, "waits for a lock that it holds");
    else if (holds(vcpu, index, false) && vcpu->wait_mode != VS_MODE_READ)
        vs_breach_note(breach, VS_VIOLATION_UPGRADE, actor,
                       "waits to write under its own reading: there is no upgrade");
    else if (vs_check_in_circle(model, state, actor, &circle))
        vs_breach_note(breach, VS_VIOLATION_DEADLOCK, actor,
                       holds(vcpu, index, false) ? "reads again behind a waiting writer"
                                                 : "closes a circle of waiting");
}

static void enqueue(const struct vs_check_model *model, struct vs_check_state *state, uint8_t actor,
                    uint8_t index, uint8_t mode, struct vs_breach *breach)
{
    struct vs_check_vcpu *vcpu = &state->vcpus[actor];
    struct vs_check_lock *lock = &state->locks[index];

    if (lock->owner == actor && lock->queue_count == QUEUE_MAX) {
        vs_breach_note(breach, VS_VIOLATION_SELF_DEADLOCK, actor, "waits for a lock that it holds");
        return;
    }
    vcpu->flags |= F_BLOCKED;
    vcpu->wait_lock = index;
    vcpu->wait_mode = mode;
    if (lock->queue_count == QUEUE_MAX) { /* four vCPUs, one of which holds it for reading */
        judge_wait(model, state, actor, breach);
        return;
    }
    lock->queue[lock->queue_count++] = actor;
    if (is_shared_kind(decl_of(model, index)) && lock->queue[0] == actor && mode != VS_MODE_READ &&
        lock->owner == NONE)
        lock->waiting = 1;
    judge_wait(model, state, actor, breach);
}

/* The lock's word is in an object: is that alive, and finished? */
static bool word_is_there(const struct vs_check_model *model, struct vs_check_state *state,
                          uint8_t actor, uint8_t index, struct vs_breach *breach)
{
    const struct vs_lock_decl *decl = decl_of(model, index);
    uint8_t pointer = (uint8_t)(index - model->lock_base[model->lock_decl[index]]);

    if (decl->inside == VS_OBJECT_NONE)
        return true;
    vs_check_stale(state, actor, (uint8_t)decl->inside, pointer, "takes a lock in freed memory",
                   breach);
    if (breach->fatal)
        return false;
    const struct vs_check_dev *device = &state->devices[vs_pointer_device(pointer)];

    if (decl->inside == VS_OBJECT_VPCI && (device->incomplete & vs_pointer_bit(pointer)) &&
        state->vcpus[actor].made != pointer) {
        breach->pointer = pointer;
        breach->object = VS_OBJECT_VPCI;
        vs_breach_note(breach, VS_VIOLATION_UNPUBLISHED, actor,
                       "uses a vpci whose handlers are not there yet");
    }
    return true;
}

void vs_check_acquire(const struct vs_check_model *model, struct vs_check_state *state,
                      uint8_t actor, const struct vs_check_insn *insn, struct vs_breach *breach)
{
    struct vs_check_vcpu *vcpu = &state->vcpus[actor];
    uint8_t index = vs_check_instance(model, state, actor, insn);

    if (index == NONE || !word_is_there(model, state, actor, index, breach))
        return;
    const struct vs_lock_decl *decl = decl_of(model, index);
    struct vs_check_lock *lock = &state->locks[index];

    if (model->order)
        vs_check_order_note(model->order, model, state, actor, index);
    if (decl->kind == VS_LOCK_RECURSIVE && lock->owner == actor) {
        lock->depth++;
        vcpu->pc++;
        return;
    }
    bool free_now = !is_shared_kind(decl)        ? lock->owner == NONE
                    : insn->mode == VS_MODE_READ ? admits_reader(decl, lock, actor)
                                                 : admits_writer(lock);
    if (!free_now || vcpu->held_count == HELD_MAX) {
        enqueue(model, state, actor, index, insn->mode, breach);
        return;
    }
    granted(state, actor, index, insn->mode);
    vcpu->pc++;
}

bool vs_check_try(const struct vs_check_model *model, struct vs_check_state *state, uint8_t actor,
                  const struct vs_check_insn *insn, struct vs_breach *breach)
{
    uint8_t index = vs_check_instance(model, state, actor, insn);

    if (index == NONE || !word_is_there(model, state, actor, index, breach))
        return false;
    const struct vs_lock_decl *decl = decl_of(model, index);
    struct vs_check_lock *lock = &state->locks[index];

    if (decl->kind == VS_LOCK_RECURSIVE && lock->owner == actor) {
        lock->depth++;
        return true;
    }
    bool free_now = !is_shared_kind(decl)        ? lock->owner == NONE
                    : insn->mode == VS_MODE_READ ? admits_reader(decl, lock, actor)
                                                 : admits_writer(lock);
    if (free_now)
        granted(state, actor, index, insn->mode);
    else if (model->setup->loops) /* a look at it is of no consequence elsewhere */
        state->vcpus[actor].gave_up = 1;
    return free_now;
}

/* Give back held[at], all of its recursion when whole. */
static void release(const struct vs_check_model *model, struct vs_check_state *state, uint8_t actor,
                    uint8_t at, bool whole, struct vs_breach *breach)
{
    struct vs_check_vcpu *vcpu = &state->vcpus[actor];
    uint8_t index = vcpu->held[at].lock, mode = vcpu->held[at].mode;
    const struct vs_lock_decl *decl = decl_of(model, index);
    struct vs_check_lock *lock = &state->locks[index];

    if (decl->inside != VS_OBJECT_NONE)
        vs_check_stale(state, actor, (uint8_t)decl->inside,
                       (uint8_t)(index - model->lock_base[model->lock_decl[index]]),
                       "releases a lock in freed memory", breach);
    if (breach->fatal)
        return;
    if (lock->depth > 0 && lock->owner == actor && !whole) {
        lock->depth--;
        return;
    }
    vcpu->held_count--;
    for (uint8_t i = at; i < vcpu->held_count; i++)
        vcpu->held[i] = vcpu->held[i + 1];
    vcpu->held[vcpu->held_count].lock = vcpu->held[vcpu->held_count].mode = 0;
    if (mode == VS_MODE_READ) {
        lock->readers--;
        return; /* a waiting writer looks at the word by itself */
    }
    lock->owner = NONE;
    lock->depth = 0;
    if (!is_shared_kind(decl) && lock->queue_count > 0)
        grant_head(model, state, index, breach);
}

void vs_check_unlock(const struct vs_check_model *model, struct vs_check_state *state,
                     uint8_t actor, const struct vs_check_insn *insn, struct vs_breach *breach)
{
    struct vs_check_vcpu *vcpu = &state->vcpus[actor];
    uint8_t index = vs_check_instance(model, state, actor, insn);

    for (uint8_t i = vcpu->held_count; i-- > 0;)
        if (vcpu->held[i].lock == index && vcpu->held[i].mode == insn->mode) {
            release(model, state, actor, i, false, breach);
            return;
        }
    /* A domain's lock may have been taken as "of owner" before the owner changed: it is
     * that one all the same, as in sim/engine/step.c. */
    for (uint8_t i = vcpu->held_count; i-- > 0;)
        if (decl_of(model, vcpu->held[i].lock)->scope == VS_SCOPE_DOMAIN &&
            model->lock_decl[vcpu->held[i].lock] == insn->lock &&
            vcpu->held[i].mode == insn->mode) {
            release(model, state, actor, i, false, breach);
            return;
        }
    breach->lock = index;
    vs_breach_note(breach, VS_VIOLATION_NOT_HELD, actor, "releases a lock that it does not hold");
}

void vs_check_release_newest(const struct vs_check_model *model, struct vs_check_state *state,
                             uint8_t actor, struct vs_breach *breach)
{
    release(model, state, actor, (uint8_t)(state->vcpus[actor].held_count - 1), true, breach);
}

bool vs_check_can_poll(const struct vs_check_model *model, const struct vs_check_state *state,
                       uint8_t actor)
{
    const struct vs_check_vcpu *vcpu = &state->vcpus[actor];

    if (vcpu->wait_lock == NONE) /* rcu_barrier */
        return vcpu->barrier == 0 && state->shared.callback_count == 0;
    const struct vs_check_lock *lock = &state->locks[vcpu->wait_lock];

    if (!is_shared_kind(decl_of(model, vcpu->wait_lock)) || lock->queue[0] != actor ||
        lock->owner != NONE)
        return false; /* ticket locks are handed over by the release */
    return vcpu->wait_mode == VS_MODE_READ || lock->readers == 0 || !lock->waiting;
}

void vs_check_poll(const struct vs_check_model *model, struct vs_check_state *state, uint8_t actor,
                   struct vs_breach *breach)
{
    struct vs_check_vcpu *vcpu = &state->vcpus[actor];

    if (vcpu->wait_lock == NONE) {
        vcpu->flags &= (uint8_t)~F_BLOCKED;
        vcpu->pc++;
        return;
    }
    struct vs_check_lock *lock = &state->locks[vcpu->wait_lock];

    if (vcpu->wait_mode != VS_MODE_READ && lock->readers > 0) {
        lock->waiting = 1;
        return;
    }
    lock->waiting = 0;
    grant_head(model, state, vcpu->wait_lock, breach);
}
