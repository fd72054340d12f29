/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counted references to devices, and the slot in which a vCPU carries a device
 * from a decode toggle to its deferred map.
 *
 * Line operations.  A get and a put are a read-modify-write each on the counter's
 * word in the object, a line of its own that serves one CPU at a time.
 */
#include "internal.h"

/* -------------------------------------------------------------- references */

/* The counter is one word of the device, and its line is as busy as any lock's. */
static void pay_counter(struct vs_engine *engine, uint16_t actor, struct vs_device_run *device,
                        bool is_put)
{
    struct vs_line line = {.cpu = &device->reference_cpu, .free = &device->reference_free};
    vs_line_atomic(engine, line, actor, is_put);
}

void vs_reference_get(struct vs_engine *engine, uint16_t actor, const struct vs_insn *insn)
{
    struct vs_actor_run *run = &engine->actors[actor];
    uint16_t index = vs_which_device(engine, actor, insn->which);
    if (index == VS_DEVICE_NONE || run->reference_count == VS_REFERENCES_MAX)
        return;
    struct vs_device_run *device = &engine->devices[index];
    if (insn->which == VS_SELF && vs_pdev_is_stale(engine, run))
        vs_hazard_note(engine, vs_stale_hazard(run), actor, index, device->freed_by);
    device->references++;
    run->references[run->reference_count++] = (struct vs_reference){
        .lock = insn->lock, .device = index, .generation = device->pdev_generation};
    pay_counter(engine, actor, device, false);
}

void vs_reference_drop(struct vs_engine *engine, uint16_t actor,
                       const struct vs_reference *reference)
{
    struct vs_actor_run *run = &engine->actors[actor];
    struct vs_device_run *device = &engine->devices[reference->device];
    enum vs_object inside = engine->policy->locks[reference->lock].inside;
    pay_counter(engine, actor, device, true);
    if (device->pdev_generation != reference->generation) {
        vs_hazard_note(engine, VS_HAZARD_USE_AFTER_FREE, actor, reference->device,
                       device->freed_by);
        return;
    }
    if (device->references == 0 || --device->references > 0)
        return;
    /* The last reference: the object goes, and with a pdev its vPCI. */
    if (inside == VS_OBJECT_PDEV || inside == VS_OBJECT_NONE) {
        if (device->vpci_alive)
            vs_object_free(engine, actor, reference->device, VS_OBJECT_VPCI,
                           device->vpci_generation, run->op, run->now);
        inside = VS_OBJECT_PDEV;
    }
    vs_object_free(engine, actor, reference->device, inside,
                   inside == VS_OBJECT_PDEV ? device->pdev_generation : device->vpci_generation,
                   run->op, run->now);
}

void vs_reference_put(struct vs_engine *engine, uint16_t actor, const struct vs_insn *insn)
{
    struct vs_actor_run *run = &engine->actors[actor];
    uint16_t index = vs_which_device(engine, actor, insn->which);
    if (index == VS_DEVICE_NONE)
        return;
    struct vs_reference reference = {
        .lock = insn->lock, .device = index, .generation = engine->devices[index].pdev_generation};
    if (insn->flags & VS_INSN_INITIAL) {
        vs_reference_drop(engine, actor, &reference);
        return;
    }
    for (uint8_t i = run->reference_count; i-- > 0;) {
        if (run->references[i].lock != insn->lock || run->references[i].device != index)
            continue;
        reference = run->references[i];
        run->references[i] = run->references[--run->reference_count];
        vs_reference_drop(engine, actor, &reference);
        return;
    }
}

/* ------------------------------------------------------------ pending slot */

void vs_pending_fill(struct vs_engine *engine, uint16_t actor, const struct vs_insn *insn)
{
    struct vs_actor_run *run = &engine->actors[actor];
    if (run->device == VS_DEVICE_NONE)
        return;
    run->pending = true;
    run->pending_by_sbdf = insn->flags & VS_INSN_BY_SBDF;
    run->pending_device = run->device;
    run->pending_generation = run->pdev_generation;
    run->pending_has_reference = false;
    if (!(insn->flags & VS_INSN_WITH_REF))
        return;
    for (uint8_t i = run->reference_count; i-- > 0;) {
        if (run->references[i].lock != insn->lock || run->references[i].device != run->device)
            continue;
        run->pending_reference = run->references[i];
        run->pending_has_reference = true;
        run->references[i] = run->references[--run->reference_count];
        return;
    }
}

bool vs_pending_take(struct vs_engine *engine, uint16_t actor, const struct vs_insn *insn)
{
    struct vs_actor_run *run = &engine->actors[actor];
    (void)engine;
    if (!run->pending)
        return false;
    run->device = run->pending_device;
    run->has_vpci = false;
    if (run->pending_by_sbdf) { /* a lookup follows: nothing is remembered */
        run->has_pdev = false;
        return true;
    }
    run->has_pdev = true;
    run->from_pending = true;
    run->pdev_generation = run->pending_generation;
    if ((insn->flags & VS_INSN_WITH_REF) && run->pending_has_reference) {
        run->references[run->reference_count++] = run->pending_reference;
        run->pending_has_reference = false;
    }
    return true;
}
