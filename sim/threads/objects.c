/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Model objects, as in the virtual engine, in atomic words: what a policy lets
 * happen is found by looking at them, and is never undefined behaviour of ours.
 * Between two words others may act, as they may in the hypervisor.
 */
#include <stdlib.h>

#include "internal.h"

/* ----------------------------------------------------------------- hazards */

void vs_real_hazard(struct vs_worker *worker, enum vs_hazard hazard, uint16_t device,
                    uint8_t other_op)
{
    struct vs_hazard_stat *stat = &worker->hazards[hazard];
    if (stat->count++ > 0)
        return;
    const struct vs_host_clock *clock = worker->engine->clock;
    const struct vs_real_actor *actor = worker->running;
    stat->first_ns = vs_host_clock_ns(clock, vs_host_clock_now(clock) - worker->engine->start);
    stat->actor = actor->index;
    stat->device = device;
    stat->op = vs_real_op_now(actor);
    stat->other_op = other_op;
}

static enum vs_hazard stale_hazard(const struct vs_real_actor *actor)
{
    return actor->from_pending ? VS_HAZARD_DANGLING_PENDING : VS_HAZARD_USE_AFTER_FREE;
}

/* --------------------------------------------------------------- lifetimes */

static bool is_stale(uint64_t word, uint32_t generation)
{
    return !(word & VS_WORD_ALIVE) || vs_word_generation(word) != generation;
}

static struct vs_real_device *device_of(const struct vs_worker *worker, const struct vs_insn *insn,
                                        uint16_t *index)
{
    *index = vs_real_which(worker->engine, worker->running, insn->which);
    return *index == VS_DEVICE_NONE ? NULL : &worker->engine->devices[*index];
}

bool vs_real_deref(struct vs_worker *worker, const struct vs_insn *insn)
{
    struct vs_real_actor *actor = worker->running;
    uint16_t index;
    struct vs_real_device *device = device_of(worker, insn, &index);
    if (!device)
        return false;
    bool self = insn->which == VS_SELF;
    uint64_t pdev = atomic_load(&device->pdev), vpci = atomic_load(&device->vpci);
    bool stale =
        self ? actor->has_pdev && is_stale(pdev, actor->pdev_generation) : !(pdev & VS_WORD_ALIVE);
    if (stale) {
        vs_real_hazard(worker, stale_hazard(actor), index, vs_word_freed_by(pdev));
        return false;
    }
    if (!(vpci & VS_WORD_PUBLISHED))
        return false;
    if (!self)
        return true;
    if ((insn->flags & VS_INSN_RECHECK) && actor->has_vpci)
        return actor->vpci_generation == vs_word_generation(vpci);
    actor->has_vpci = true;
    actor->vpci_generation = vs_word_generation(vpci);
    return true;
}

/* Is the object that an instruction means gone?  *freed_by: by which operation. */
static bool object_is_gone(const struct vs_real_actor *actor, const struct vs_real_device *device,
                           bool is_pdev, bool other, uint8_t *freed_by)
{
    uint64_t word = atomic_load(is_pdev ? &device->pdev : &device->vpci);
    *freed_by = vs_word_freed_by(word);
    if (other)
        return !(word & VS_WORD_ALIVE);
    if (is_pdev)
        return actor->has_pdev && is_stale(word, actor->pdev_generation);
    return actor->has_vpci && is_stale(word, actor->vpci_generation);
}

void vs_real_use(struct vs_worker *worker, const struct vs_insn *insn)
{
    const struct vs_real_actor *actor = worker->running;
    bool is_pdev = insn->argument == VS_OBJECT_PDEV, other = insn->which == VS_OTHER;
    uint8_t freed_by;
    uint16_t index;
    const struct vs_real_device *device = device_of(worker, insn, &index);
    if (!device || !object_is_gone(actor, device, is_pdev, other, &freed_by))
        return;
    if (other && !is_pdev && !(atomic_load(&device->vpci) & VS_WORD_PUBLISHED))
        return; /* there is none, and the program does not touch it */
    vs_real_hazard(worker, stale_hazard(actor), index, freed_by);
}

bool vs_real_lock_is_freed(const struct vs_worker *worker, const struct vs_insn *insn)
{
    const struct vs_lock_decl *decl = &worker->engine->policy->locks[insn->lock];
    uint8_t freed_by;
    uint16_t index;
    const struct vs_real_device *device = device_of(worker, insn, &index);
    if (decl->inside == VS_OBJECT_NONE || decl->scope != VS_SCOPE_DEVICE || !device)
        return false;
    return object_is_gone(worker->running, device, decl->inside == VS_OBJECT_PDEV,
                          insn->which == VS_OTHER, &freed_by);
}

/* A new life of an object: alive, not published, one generation on. */
static uint32_t begin_life(_Atomic uint64_t *word)
{
    uint64_t was = atomic_load(word), is;
    do
        is = ((uint64_t)(vs_word_generation(was) + 1) << 32) | (was & VS_WORD_OP_MASK) |
             VS_WORD_ALIVE;
    while (!atomic_compare_exchange_weak(word, &was, is));
    return vs_word_generation(is);
}

bool vs_real_allocate(struct vs_worker *worker, const struct vs_insn *insn)
{
    struct vs_real_actor *actor = worker->running;
    struct vs_threads *engine = worker->engine;
    bool self = insn->which == VS_SELF;
    uint16_t index;
    struct vs_real_device *device = device_of(worker, insn, &index);
    if (!device)
        return false;
    if (insn->argument == VS_OBJECT_PDEV) {
        if (atomic_load(&engine->lists[VS_LIST_ALL_DEVICES].position[index]))
            return false; /* alloc_pdev finds it */
        uint32_t generation = begin_life(&device->pdev);
        atomic_store(&device->references, 1);
        atomic_fetch_and(&device->vpci, ~VS_WORD_PUBLISHED);
        if (self) {
            actor->has_pdev = true;
            actor->pdev_generation = generation;
        }
        return true;
    }
    uint32_t generation = begin_life(&device->vpci);
    if (self) {
        actor->has_vpci = true;
        actor->vpci_generation = generation;
    }
    return true;
}

void vs_real_publish(struct vs_worker *worker, const struct vs_insn *insn)
{
    uint16_t index;
    struct vs_real_device *device = device_of(worker, insn, &index);
    if (!device)
        return;
    uint64_t was = atomic_load(&device->vpci), is;
    do
        is = was & VS_WORD_ALIVE ? was | VS_WORD_PUBLISHED : was & ~VS_WORD_PUBLISHED;
    while (!atomic_compare_exchange_weak(&device->vpci, &was, is));
}

void vs_real_clear(struct vs_worker *worker, const struct vs_insn *insn)
{
    struct vs_real_actor *actor = worker->running;
    uint16_t index;
    struct vs_real_device *device = device_of(worker, insn, &index);
    if (!device)
        return;
    uint64_t was = atomic_fetch_and(&device->vpci, ~VS_WORD_PUBLISHED);
    if (!(was & VS_WORD_PUBLISHED))
        return;
    actor->cleared_device = index;
    actor->cleared_generation = vs_word_generation(was);
}

/* ----------------------------------------------------------------- freeing */

/* A lock inside the freed object: holders and waiters find a later generation. */
static void free_locks_inside(struct vs_threads *engine, uint16_t device, enum vs_object object)
{
    for (size_t i = 0; i < engine->policy->lock_count; i++) {
        const struct vs_lock_decl *decl = &engine->policy->locks[i];
        if (decl->scope == VS_SCOPE_DEVICE && decl->inside == object &&
            decl->kind != VS_LOCK_REFCOUNT)
            atomic_fetch_add(&engine->lock_generation[engine->lock_base[i] + device], 1);
    }
}

void vs_real_free(struct vs_threads *engine, struct vs_worker *worker, uint16_t index,
                  enum vs_object object, uint32_t generation, uint8_t by)
{
    struct vs_real_device *device = &engine->devices[index];
    _Atomic uint64_t *word = object == VS_OBJECT_PDEV ? &device->pdev : &device->vpci;
    uint64_t was = atomic_load(word), is;
    do {
        if (vs_word_generation(was) != generation)
            return; /* a later life of the same device is not ours to free */
        if (!(was & VS_WORD_ALIVE)) {
            if (worker)
                vs_real_hazard(worker, VS_HAZARD_DOUBLE_FREE, index, vs_word_freed_by(was));
            return;
        }
        is = (was & ~(VS_WORD_ALIVE | VS_WORD_PUBLISHED | VS_WORD_OP_MASK)) |
             ((uint64_t)by << VS_WORD_OP_SHIFT);
    } while (!atomic_compare_exchange_weak(word, &was, is));
    if (object == VS_OBJECT_PDEV)
        atomic_fetch_and(&device->vpci, ~VS_WORD_PUBLISHED);
    free_locks_inside(engine, index, object);
}

static void run_callback(void *head)
{
    struct vs_callback *callback = head; /* its first member */
    vs_real_free(callback->engine, NULL, callback->device, callback->object, callback->generation,
                 callback->op);
    atomic_fetch_add_explicit(&callback->engine->callbacks_done, 1, memory_order_release);
}

static void free_later(struct vs_worker *worker, uint16_t device, enum vs_object object,
                       uint32_t generation)
{
    struct vs_callback_block *block = worker->callbacks;
    if (!block || block->used == VS_CALLBACKS_A_BLOCK) {
        block = calloc(1, sizeof *block);
        if (!block) {
            worker->out_of_memory = true;
            return;
        }
        block->before = worker->callbacks;
        worker->callbacks = block;
    }
    struct vs_callback *callback = &block->callbacks[block->used++];
    callback->engine = worker->engine;
    callback->device = device;
    callback->object = (uint8_t)object;
    callback->op = worker->running->op;
    callback->generation = generation;
    atomic_fetch_add(&worker->engine->callbacks_queued, 1);
    vs_urcu_call(callback->head, run_callback);
}

void vs_real_give_back(struct vs_worker *worker, const struct vs_insn *insn, bool deferred)
{
    struct vs_real_actor *actor = worker->running;
    enum vs_object object = insn->argument;
    uint16_t index;
    struct vs_real_device *device = device_of(worker, insn, &index);
    if (!device)
        return;
    uint32_t generation = vs_word_generation(atomic_load(&device->pdev));
    uint64_t vpci = atomic_load(&device->vpci);
    if (object == VS_OBJECT_PDEV) {
        if (insn->which == VS_SELF && actor->has_pdev)
            generation = actor->pdev_generation;
    } else if (actor->cleared_device == index) {
        generation = actor->cleared_generation;
        actor->cleared_device = VS_DEVICE_NONE;
    } else if ((vpci & VS_WORD_PUBLISHED) && !deferred) {
        generation = vs_word_generation(vpci);
    } else {
        return; /* pdev->vpci was NULL */
    }
    if (deferred)
        free_later(worker, index, object, generation);
    else
        vs_real_free(worker->engine, worker, index, object, generation, actor->op);
}

/* -------------------------------------------------------------------- BARs */

/* Each side announces itself, then looks for the other: one of the two sees it. */
void vs_real_bars_begin(struct vs_worker *worker, const struct vs_insn *insn)
{
    uint16_t index;
    struct vs_real_device *device = device_of(worker, insn, &index);
    if (!device)
        return;
    uint8_t by;
    bool race;
    if (insn->mode == VS_MODE_WRITE) { /* named first, for those that then see it */
        by = atomic_exchange(&device->bars_by, worker->running->op);
        race = atomic_fetch_add(&device->bar_writers, 1) > 0;
        race |= atomic_load(&device->bar_readers) > 0;
    } else {
        atomic_fetch_add(&device->bar_readers, 1);
        race = atomic_load(&device->bar_writers) > 0;
        by = atomic_load(&device->bars_by);
    }
    if (race)
        vs_real_hazard(worker, VS_HAZARD_BAR_RACE, index, by);
}

void vs_real_bars_end(struct vs_worker *worker, const struct vs_insn *insn)
{
    uint16_t index;
    struct vs_real_device *device = device_of(worker, insn, &index);
    if (device)
        atomic_fetch_sub(insn->mode == VS_MODE_WRITE ? &device->bar_writers : &device->bar_readers,
                         1);
}
