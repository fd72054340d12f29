/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Object lifetimes, and the hazards that a policy lets through.
 *
 * An object that comes to life gets a new generation; an actor remembers the
 * generation that it found.  Using an object whose generation has passed, or
 * that is not alive, is a use after free.  Nothing here protects anything: that
 * is what policies are for.
 */
#include "internal.h"

/* ----------------------------------------------------------------- hazards */

void vs_hazard_note(struct vs_engine *engine, enum vs_hazard hazard, uint16_t actor,
                    uint16_t device, uint8_t other_op)
{
    struct vs_hazard_stat *stat = &engine->hazards[hazard];
    if (stat->count++ > 0)
        return;
    const struct vs_actor_run *run = &engine->actors[actor];
    stat->first_ns = run->now / VS_PS_PER_NS;
    stat->actor = actor;
    stat->device = device;
    stat->op = run->in_pending ? VS_OP_MAP_PENDING : run->op;
    stat->other_op = other_op;
}

/* --------------------------------------------------------------- lifetimes */

enum vs_hazard vs_stale_hazard(const struct vs_actor_run *run)
{
    return run->from_pending ? VS_HAZARD_DANGLING_PENDING : VS_HAZARD_USE_AFTER_FREE;
}

bool vs_pdev_is_stale(const struct vs_engine *engine, const struct vs_actor_run *run)
{
    const struct vs_device_run *device = &engine->devices[run->device];
    return run->has_pdev &&
           (!device->pdev_alive || device->pdev_generation != run->pdev_generation);
}

bool vs_object_deref(struct vs_engine *engine, uint16_t actor, const struct vs_insn *insn)
{
    struct vs_actor_run *run = &engine->actors[actor];
    uint16_t index = vs_which_device(engine, actor, insn->which);
    if (index == VS_DEVICE_NONE)
        return false;
    const struct vs_device_run *device = &engine->devices[index];
    bool self = insn->which == VS_SELF;
    if (self ? vs_pdev_is_stale(engine, run) : !device->pdev_alive) {
        vs_hazard_note(engine, vs_stale_hazard(run), actor, index, device->freed_by);
        return false;
    }
    if (!device->vpci_published)
        return false;
    if (!self)
        return true;
    if ((insn->flags & VS_INSN_RECHECK) && run->has_vpci)
        return run->vpci_generation == device->vpci_generation;
    run->has_vpci = true;
    run->vpci_generation = device->vpci_generation;
    return true;
}

static bool vpci_is_stale(const struct vs_engine *engine, const struct vs_actor_run *run)
{
    const struct vs_device_run *device = &engine->devices[run->device];
    return run->has_vpci &&
           (!device->vpci_alive || device->vpci_generation != run->vpci_generation);
}

void vs_object_use(struct vs_engine *engine, uint16_t actor, const struct vs_insn *insn)
{
    const struct vs_actor_run *run = &engine->actors[actor];
    uint16_t index = vs_which_device(engine, actor, insn->which);
    if (index == VS_DEVICE_NONE)
        return;
    const struct vs_device_run *device = &engine->devices[index];
    bool pdev = insn->argument == VS_OBJECT_PDEV, stale;
    if (insn->which == VS_OTHER)
        stale = pdev ? !device->pdev_alive : device->vpci_published && !device->vpci_alive;
    else
        stale = pdev ? vs_pdev_is_stale(engine, run) : vpci_is_stale(engine, run);
    if (stale)
        vs_hazard_note(engine, vs_stale_hazard(run), actor, index, device->freed_by);
}

bool vs_lock_is_freed(const struct vs_engine *engine, uint16_t actor, const struct vs_insn *insn)
{
    const struct vs_lock_decl *decl = &engine->policy->locks[insn->lock];
    const struct vs_actor_run *run = &engine->actors[actor];
    uint16_t index = vs_which_device(engine, actor, insn->which);
    if (decl->inside == VS_OBJECT_NONE || decl->scope != VS_SCOPE_DEVICE || index == VS_DEVICE_NONE)
        return false;
    const struct vs_device_run *device = &engine->devices[index];
    if (decl->inside == VS_OBJECT_PDEV)
        return insn->which == VS_OTHER ? !device->pdev_alive : vs_pdev_is_stale(engine, run);
    return insn->which == VS_OTHER ? !device->vpci_alive : vpci_is_stale(engine, run);
}

bool vs_object_allocate(struct vs_engine *engine, uint16_t actor, const struct vs_insn *insn)
{
    struct vs_actor_run *run = &engine->actors[actor];
    uint16_t index = vs_which_device(engine, actor, insn->which);
    if (index == VS_DEVICE_NONE)
        return false;
    struct vs_device_run *device = &engine->devices[index];
    bool self = insn->which == VS_SELF;
    if (insn->argument == VS_OBJECT_PDEV) {
        if (engine->lists[VS_LIST_ALL_DEVICES].position[index])
            return false; /* alloc_pdev finds it */
        device->pdev_alive = true;
        device->pdev_generation++;
        device->references = 1;
        device->reference_cpu = run->cpu;
        device->vpci_published = false;
        if (self) {
            run->has_pdev = true;
            run->pdev_generation = device->pdev_generation;
        }
        return true;
    }
    device->vpci_alive = true;
    device->vpci_generation++;
    vs_warmth_handlers_built(engine, run->cpu, index);
    if (self) {
        run->has_vpci = true;
        run->vpci_generation = device->vpci_generation;
    }
    return true;
}

void vs_object_publish(struct vs_engine *engine, uint16_t actor, const struct vs_insn *insn)
{
    uint16_t index = vs_which_device(engine, actor, insn->which);
    if (index != VS_DEVICE_NONE)
        engine->devices[index].vpci_published = engine->devices[index].vpci_alive;
}

void vs_object_clear(struct vs_engine *engine, uint16_t actor, const struct vs_insn *insn)
{
    struct vs_actor_run *run = &engine->actors[actor];
    uint16_t index = vs_which_device(engine, actor, insn->which);
    if (index == VS_DEVICE_NONE || !engine->devices[index].vpci_published)
        return;
    engine->devices[index].vpci_published = false;
    run->cleared_device = index;
    run->cleared_generation = engine->devices[index].vpci_generation;
}

void vs_object_give_back(struct vs_engine *engine, uint16_t actor, const struct vs_insn *insn,
                         bool deferred)
{
    struct vs_actor_run *run = &engine->actors[actor];
    uint16_t index = vs_which_device(engine, actor, insn->which);
    if (index == VS_DEVICE_NONE)
        return;
    struct vs_device_run *device = &engine->devices[index];
    enum vs_object object = insn->argument;
    uint32_t generation = device->pdev_generation;
    if (object == VS_OBJECT_PDEV) {
        if (insn->which == VS_SELF && run->has_pdev)
            generation = run->pdev_generation;
    } else if (run->cleared_device == index) {
        generation = run->cleared_generation;
        run->cleared_device = VS_DEVICE_NONE;
    } else if (device->vpci_published && !deferred) {
        generation = device->vpci_generation;
    } else {
        return; /* pdev->vpci was NULL */
    }
    if (deferred)
        vs_rcu_call(engine, actor, index, object, generation);
    else
        vs_object_free(engine, actor, index, object, generation, run->op, run->now);
}

/* A lock inside the freed object: holder and waiters are left with garbage. */
static void free_locks_inside(struct vs_engine *engine, uint16_t device, enum vs_object object,
                              uint8_t by, vs_ps at)
{
    for (size_t i = 0; i < engine->policy->lock_count; i++) {
        const struct vs_lock_decl *decl = &engine->policy->locks[i];
        if (engine->lock_used[i] && decl->scope == VS_SCOPE_DEVICE && decl->inside == object &&
            decl->kind != VS_LOCK_REFCOUNT)
            vs_lock_reset(engine, engine->lock_base[i] + device, by, at);
    }
}

void vs_object_free(struct vs_engine *engine, uint16_t actor, uint16_t index, enum vs_object object,
                    uint32_t generation, uint8_t by, vs_ps at)
{
    struct vs_device_run *device = &engine->devices[index];
    bool pdev = object == VS_OBJECT_PDEV;
    uint32_t now = pdev ? device->pdev_generation : device->vpci_generation;
    if (now != generation)
        return; /* a later life of the same device is not ours to free */
    if (!(pdev ? device->pdev_alive : device->vpci_alive)) {
        if (actor != VS_NOBODY)
            vs_hazard_note(engine, VS_HAZARD_DOUBLE_FREE, actor, index, device->freed_by);
        return;
    }
    device->freed_by = by;
    if (pdev)
        device->pdev_alive = device->vpci_published = false;
    else
        device->vpci_alive = device->vpci_published = false;
    free_locks_inside(engine, index, object, by, at);
}

/* -------------------------------------------------------------------- BARs */

void vs_bars_begin(struct vs_engine *engine, uint16_t actor, const struct vs_insn *insn)
{
    const struct vs_actor_run *run = &engine->actors[actor];
    uint16_t index = vs_which_device(engine, actor, insn->which);
    if (index == VS_DEVICE_NONE)
        return;
    struct vs_device_run *device = &engine->devices[index];
    bool write = insn->mode == VS_MODE_WRITE;
    if (device->bar_writers > 0 || (write && device->bar_readers > 0))
        vs_hazard_note(engine, VS_HAZARD_BAR_RACE, actor, index, device->bars_by);
    if (write) {
        device->bar_writers++;
        device->bars_by = run->op;
    } else {
        device->bar_readers++;
    }
}

void vs_bars_end(struct vs_engine *engine, uint16_t actor, const struct vs_insn *insn)
{
    uint16_t index = vs_which_device(engine, actor, insn->which);
    if (index == VS_DEVICE_NONE)
        return;
    struct vs_device_run *device = &engine->devices[index];
    if (insn->mode == VS_MODE_WRITE)
        device->bar_writers--;
    else
        device->bar_readers--;
}
