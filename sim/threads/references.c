/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counted references to devices: an atomic word each; and the slot in which a vCPU
 * carries a device from a decode toggle to its deferred map. */
#include "internal.h"

static bool pdev_is_stale(const struct vs_real_actor *actor, uint64_t word)
{
    return actor->has_pdev &&
           (!(word & VS_WORD_ALIVE) || vs_word_generation(word) != actor->pdev_generation);
}

void vs_real_get(struct vs_worker *worker, const struct vs_insn *insn)
{
    struct vs_real_actor *actor = worker->running;
    uint16_t index = vs_real_which(worker->engine, actor, insn->which);
    if (index == VS_DEVICE_NONE || actor->reference_count == VS_REAL_REFERENCES_MAX)
        return;
    struct vs_real_device *device = &worker->engine->devices[index];
    atomic_fetch_add(&device->references, 1);
    uint64_t word = atomic_load(&device->pdev);
    if (insn->which == VS_SELF && pdev_is_stale(actor, word))
        vs_real_hazard(worker,
                       actor->from_pending ? VS_HAZARD_DANGLING_PENDING : VS_HAZARD_USE_AFTER_FREE,
                       index, vs_word_freed_by(word));
    actor->references[actor->reference_count++] = (struct vs_real_reference){
        .lock = insn->lock, .device = index, .generation = vs_word_generation(word)};
}

/* Take one off unless there is none.  true: it was the last. */
static bool count_down(_Atomic uint32_t *references)
{
    uint32_t was = atomic_load(references);
    do
        if (was == 0)
            return false;
    while (!atomic_compare_exchange_weak(references, &was, was - 1));
    return was == 1;
}

void vs_real_drop(struct vs_worker *worker, const struct vs_real_reference *reference)
{
    struct vs_threads *engine = worker->engine;
    struct vs_real_device *device = &engine->devices[reference->device];
    enum vs_object inside = engine->policy->locks[reference->lock].inside;
    uint8_t op = worker->running->op;
    uint64_t pdev = atomic_load(&device->pdev);
    if (vs_word_generation(pdev) != reference->generation) {
        vs_real_hazard(worker, VS_HAZARD_USE_AFTER_FREE, reference->device, vs_word_freed_by(pdev));
        return;
    }
    if (!count_down(&device->references))
        return;
    /* The last reference: the object goes, and with a pdev its vPCI. */
    uint64_t vpci = atomic_load(&device->vpci);
    if (inside == VS_OBJECT_PDEV || inside == VS_OBJECT_NONE) {
        if (vpci & VS_WORD_ALIVE)
            vs_real_free(engine, worker, reference->device, VS_OBJECT_VPCI,
                         vs_word_generation(vpci), op);
        inside = VS_OBJECT_PDEV;
    }
    vs_real_free(engine, worker, reference->device, inside,
                 vs_word_generation(inside == VS_OBJECT_PDEV ? pdev : vpci), op);
}

void vs_real_put(struct vs_worker *worker, const struct vs_insn *insn)
{
    struct vs_real_actor *actor = worker->running;
    uint16_t index = vs_real_which(worker->engine, actor, insn->which);
    if (index == VS_DEVICE_NONE)
        return;
    uint64_t pdev = atomic_load(&worker->engine->devices[index].pdev);
    struct vs_real_reference reference = {
        .lock = insn->lock, .device = index, .generation = vs_word_generation(pdev)};
    if (insn->flags & VS_INSN_INITIAL) {
        vs_real_drop(worker, &reference);
        return;
    }
    for (uint8_t i = actor->reference_count; i-- > 0;) {
        if (actor->references[i].lock != insn->lock || actor->references[i].device != index)
            continue;
        reference = actor->references[i];
        actor->references[i] = actor->references[--actor->reference_count];
        vs_real_drop(worker, &reference);
        return;
    }
}

/* ------------------------------------------------------------ pending slot */

void vs_real_pending_fill(struct vs_worker *worker, const struct vs_insn *insn)
{
    struct vs_real_actor *actor = worker->running;
    if (actor->device == VS_DEVICE_NONE)
        return;
    actor->pending = true;
    actor->pending_by_sbdf = insn->flags & VS_INSN_BY_SBDF;
    actor->pending_device = actor->device;
    actor->pending_generation = actor->pdev_generation;
    actor->pending_has_reference = false;
    if (!(insn->flags & VS_INSN_WITH_REF))
        return;
    for (uint8_t i = actor->reference_count; i-- > 0;) {
        if (actor->references[i].lock != insn->lock || actor->references[i].device != actor->device)
            continue;
        actor->pending_reference = actor->references[i];
        actor->pending_has_reference = true;
        actor->references[i] = actor->references[--actor->reference_count];
        return;
    }
}

bool vs_real_pending_take(struct vs_worker *worker, const struct vs_insn *insn)
{
    struct vs_real_actor *actor = worker->running;
    if (!actor->pending)
        return false;
    actor->device = actor->pending_device;
    actor->has_vpci = false;
    actor->has_pdev = !actor->pending_by_sbdf; /* by sbdf: a lookup follows */
    if (actor->pending_by_sbdf)
        return true;
    actor->from_pending = true;
    actor->pdev_generation = actor->pending_generation;
    if ((insn->flags & VS_INSN_WITH_REF) && actor->pending_has_reference) {
        actor->references[actor->reference_count++] = actor->pending_reference;
        actor->pending_has_reference = false;
    }
    return true;
}
