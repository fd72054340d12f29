/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Device lists, object lifetimes, and the hazards that a policy lets through.
 *
 * An object that comes to life gets a new generation; an actor remembers the
 * generation that it found.  Using an object whose generation has passed, or
 * that is not alive, is a use after free.  Nothing here protects anything: that
 * is what policies are for.
 */
#include <stdlib.h>

#include "internal.h"

/* ------------------------------------------------------------------- lists */

static int list_setup(const struct vs_engine *engine, struct vs_device_list *list, uint32_t groups)
{
    size_t devices = engine->workload->device_count + 1;
    list->group_count = (uint16_t)groups;
    list->head = malloc((groups + 1) * sizeof *list->head);
    list->length = calloc(groups + 1, sizeof *list->length);
    list->next = malloc(devices * sizeof *list->next);
    list->position = calloc(devices, sizeof *list->position);
    list->group = calloc(devices, sizeof *list->group);
    if (!list->head || !list->length || !list->next || !list->position || !list->group)
        return VS_ERR_MEMORY;
    for (uint32_t i = 0; i <= groups; i++)
        list->head[i] = VS_DEVICE_NONE;
    for (size_t i = 0; i < devices; i++)
        list->next[i] = VS_DEVICE_NONE;
    return 0;
}

static void renumber(struct vs_device_list *list, uint16_t group)
{
    uint16_t position = 0;
    for (uint16_t at = list->head[group]; at != VS_DEVICE_NONE; at = list->next[at])
        list->position[at] = ++position;
    list->length[group] = position;
}

static void append(struct vs_device_list *list, uint16_t group, uint16_t device)
{
    uint16_t *link = &list->head[group];
    while (*link != VS_DEVICE_NONE)
        link = &list->next[*link];
    *link = device;
    list->next[device] = VS_DEVICE_NONE;
    list->group[device] = group;
    list->position[device] = ++list->length[group];
}

/* Xen adds with list_add: in front. */
static void prepend(struct vs_device_list *list, uint16_t group, uint16_t device)
{
    list->next[device] = list->head[group];
    list->head[group] = device;
    list->group[device] = group;
    for (uint16_t at = device, position = 1; at != VS_DEVICE_NONE; at = list->next[at])
        list->position[at] = position++;
    list->length[group]++;
}

static void detach(struct vs_device_list *list, uint16_t device)
{
    uint16_t group = list->group[device];
    uint16_t *link = &list->head[group];
    while (*link != device)
        link = &list->next[*link];
    *link = list->next[device]; /* the device keeps its own next */
    list->position[device] = 0;
    renumber(list, group);
}

static int by_sbdf(const void *a, const void *b, void *context)
{
    const struct vs_engine *engine = context;
    const struct vs_workload_device *devices = engine->workload->devices;
    uint32_t x = devices[*(const uint16_t *)a].sbdf, y = devices[*(const uint16_t *)b].sbdf;
    return x < y ? -1 : x > y;
}

static int order_by_address(struct vs_engine *engine)
{
    size_t count = engine->workload->device_count;
    engine->by_address = malloc((count + 1) * sizeof *engine->by_address);
    engine->address_rank = malloc((count + 1) * sizeof *engine->address_rank);
    engine->segment_group = calloc(count + 1, sizeof *engine->segment_group);
    engine->domain_segment =
        calloc(engine->workload->domain_count + 1, sizeof *engine->domain_segment);
    if (!engine->by_address || !engine->address_rank || !engine->segment_group ||
        !engine->domain_segment)
        return VS_ERR_MEMORY;
    for (size_t i = 0; i < count; i++)
        engine->by_address[i] = (uint16_t)i;
    qsort_r(engine->by_address, count, sizeof *engine->by_address, by_sbdf, engine);
    uint16_t groups = 0;
    for (size_t i = 0; i < count; i++) {
        uint16_t device = engine->by_address[i];
        uint32_t segment = engine->workload->devices[device].sbdf >> 16;
        if (i > 0 && engine->workload->devices[engine->by_address[i - 1]].sbdf >> 16 != segment)
            groups++;
        engine->address_rank[device] = (uint16_t)i;
        engine->segment_group[device] = groups;
    }
    for (size_t i = count; i-- > 0;) {
        uint16_t owner = engine->workload->devices[i].owner;
        if (owner < engine->workload->domain_count)
            engine->domain_segment[owner] = engine->segment_group[i];
    }
    return groups + 1;
}

int vs_objects_setup(struct vs_engine *engine)
{
    const struct vs_workload *workload = engine->workload;
    int groups = order_by_address(engine);
    if (groups < 0)
        return groups;
    engine->devices = calloc(workload->device_count + 1, sizeof *engine->devices);
    uint32_t domains = (uint32_t)workload->domain_count;
    if (!engine->devices ||
        list_setup(engine, &engine->lists[VS_LIST_ALL_DEVICES], (uint32_t)groups) < 0 ||
        list_setup(engine, &engine->lists[VS_LIST_DOMAIN_DEVICES], domains) < 0 ||
        list_setup(engine, &engine->lists[VS_LIST_MSIX_TABLES], domains) < 0)
        return VS_ERR_MEMORY;
    for (size_t i = 0; i < workload->device_count; i++) {
        const struct vs_workload_device *known = &workload->devices[i];
        struct vs_device_run *device = &engine->devices[i];
        device->owner = known->owner;
        device->freed_by = VS_OP_COUNT;
        device->bars_by = VS_OP_COUNT;
        device->references = 1;
        if (!known->present)
            continue;
        device->pdev_alive = true;
        device->vpci_alive = device->vpci_published = known->has_vpci;
        uint16_t index = (uint16_t)i;
        append(&engine->lists[VS_LIST_ALL_DEVICES], engine->segment_group[i], index);
        if (known->owner >= domains)
            continue;
        append(&engine->lists[VS_LIST_DOMAIN_DEVICES], known->owner, index);
        if (known->has_msix && known->has_vpci)
            append(&engine->lists[VS_LIST_MSIX_TABLES], known->owner, index);
    }
    return 0;
}

void vs_objects_release(struct vs_engine *engine)
{
    for (int i = 0; i < VS_LIST_COUNT; i++) {
        struct vs_device_list *list = &engine->lists[i];
        free(list->head);
        free(list->length);
        free(list->next);
        free(list->position);
        free(list->group);
    }
    free(engine->by_address);
    free(engine->address_rank);
    free(engine->segment_group);
    free(engine->domain_segment);
    free(engine->devices);
}

uint16_t vs_whose_domain(const struct vs_engine *engine, uint16_t actor, enum vs_whose whose)
{
    const struct vs_actor_run *run = &engine->actors[actor];
    uint16_t domain = run->domain;
    if (whose == VS_OF_OWNER && run->device != VS_DEVICE_NONE)
        domain = engine->devices[run->device].owner;
    else if (whose == VS_OF_TARGET)
        domain = run->target;
    else if (whose == VS_OF_HARDWARE)
        domain = engine->hardware_domain;
    return domain < engine->workload->domain_count ? domain : engine->hardware_domain;
}

uint16_t vs_which_device(const struct vs_engine *engine, uint16_t actor, enum vs_which which)
{
    const struct vs_actor_run *run = &engine->actors[actor];
    if (which == VS_OTHER && run->loop_count > 0)
        for (unsigned i = run->loop_count; i-- > 0;)
            if (engine->code->insns[run->loops[i].insn].code == VS_INSN_EACH)
                return run->loops[i].device;
    return run->device;
}

static uint16_t list_group(const struct vs_engine *engine, uint16_t actor,
                           const struct vs_insn *insn)
{
    const struct vs_actor_run *run = &engine->actors[actor];
    uint16_t domain = vs_whose_domain(engine, actor, insn->whose);
    if (insn->argument != VS_LIST_ALL_DEVICES)
        return domain;
    return run->device != VS_DEVICE_NONE ? engine->segment_group[run->device]
                                         : engine->domain_segment[domain];
}

uint32_t vs_list_walk_nodes(const struct vs_engine *engine, uint16_t actor,
                            const struct vs_insn *insn)
{
    const struct vs_device_list *list = &engine->lists[insn->argument];
    uint16_t group = list_group(engine, actor, insn);
    uint16_t device = engine->actors[actor].device;
    if (device != VS_DEVICE_NONE && list->position[device] && list->group[device] == group)
        return list->position[device];
    return list->length[group];
}

bool vs_list_finds(const struct vs_engine *engine, uint16_t actor, const struct vs_insn *insn)
{
    const struct vs_actor_run *run = &engine->actors[actor];
    const struct vs_device_list *list = &engine->lists[insn->argument];
    if (run->device == VS_DEVICE_NONE || list->position[run->device] == 0)
        return false;
    if (insn->argument != VS_LIST_ALL_DEVICES)
        return list->group[run->device] == list_group(engine, actor, insn);
    if (!vs_op_table[run->op].is_access)
        return true; /* events look devices up whoever owns them */
    if (engine->devices[run->device].owner == run->domain)
        return true;
    return engine->workload->devices[run->device].hidden && run->domain == engine->hardware_domain;
}

/* Does a for-each in sbdf order visit this device? */
static bool visits(const struct vs_engine *engine, const struct vs_insn *each, uint16_t group,
                   uint16_t self, uint16_t device)
{
    const struct vs_device_list *list = &engine->lists[each->argument];
    if (list->position[device] == 0 || list->group[device] != group)
        return false;
    if (self == VS_DEVICE_NONE)
        return true;
    if (each->which && device == self)
        return false;
    bool smaller = engine->address_rank[device] < engine->address_rank[self];
    return each->mode == VS_PART_ALL ||
           (device != self && smaller == (each->mode == VS_PART_BEFORE));
}

static uint16_t each_by_address(const struct vs_engine *engine, uint16_t actor,
                                const struct vs_insn *each, size_t from)
{
    uint16_t group = list_group(engine, actor, each);
    for (size_t i = from; i < engine->workload->device_count; i++)
        if (visits(engine, each, group, engine->actors[actor].device, engine->by_address[i]))
            return engine->by_address[i];
    return VS_DEVICE_NONE;
}

/* In list order, from device on.  A device that has been taken off keeps its
 * next, so a walker that stands on one goes on as it would in memory. */
static uint16_t each_by_list(const struct vs_engine *engine, uint16_t actor,
                             const struct vs_insn *each, uint16_t device)
{
    const struct vs_device_list *list = &engine->lists[each->argument];
    uint16_t group = list_group(engine, actor, each);
    while (device != VS_DEVICE_NONE &&
           !visits(engine, each, group, engine->actors[actor].device, device))
        device = list->next[device];
    return device;
}

uint16_t vs_each_first(const struct vs_engine *engine, uint16_t actor, const struct vs_insn *each)
{
    if (each->flags & VS_INSN_BY_ADDRESS)
        return each_by_address(engine, actor, each, 0);
    const struct vs_device_list *list = &engine->lists[each->argument];
    return each_by_list(engine, actor, each, list->head[list_group(engine, actor, each)]);
}

uint16_t vs_each_after(const struct vs_engine *engine, uint16_t actor, const struct vs_insn *each,
                       uint16_t device)
{
    if (each->flags & VS_INSN_BY_ADDRESS)
        return each_by_address(engine, actor, each, engine->address_rank[device] + 1u);
    return each_by_list(engine, actor, each, engine->lists[each->argument].next[device]);
}

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

/* Does an actor walk this group of this list with nothing but luck? */
static bool walks(const struct vs_engine *engine, const struct vs_actor_run *run, uint8_t list,
                  uint16_t group)
{
    if (run->rcu_depth > 0 || run->state == VS_ACTOR_FINISHED || run->state == VS_ACTOR_GUEST)
        return false;
    if (run->walk_list == list && run->walk_group == group)
        return true;
    for (unsigned i = 0; i < run->loop_count; i++) {
        const struct vs_insn *insn = &engine->code->insns[run->loops[i].insn];
        if (insn->code == VS_INSN_EACH && insn->argument == list) {
            uint16_t at = run->loops[i].device;
            if (at != VS_DEVICE_NONE && engine->lists[list].group[at] == group)
                return true;
        }
    }
    return false;
}

static void note_walkers(struct vs_engine *engine, uint16_t changer, uint16_t device, uint8_t list,
                         uint16_t group)
{
    uint8_t op = engine->actors[changer].op;
    for (size_t i = 0; i < engine->workload->actor_count; i++)
        if (i != changer && walks(engine, &engine->actors[i], list, group))
            vs_hazard_note(engine, VS_HAZARD_LIST_RACE, (uint16_t)i, device, op);
}

void vs_list_link(struct vs_engine *engine, uint16_t actor, const struct vs_insn *insn)
{
    struct vs_device_list *list = &engine->lists[insn->argument];
    uint16_t device = vs_which_device(engine, actor, insn->which);
    if (device == VS_DEVICE_NONE || list->position[device])
        return;
    if (insn->argument == VS_LIST_MSIX_TABLES && !engine->workload->devices[device].has_msix)
        return;
    uint16_t group = insn->argument == VS_LIST_ALL_DEVICES
                         ? engine->segment_group[device]
                         : vs_whose_domain(engine, actor, insn->whose);
    prepend(list, group, device);
    note_walkers(engine, actor, device, insn->argument, group);
}

void vs_list_unlink(struct vs_engine *engine, uint16_t actor, const struct vs_insn *insn)
{
    struct vs_device_list *list = &engine->lists[insn->argument];
    uint16_t device = vs_which_device(engine, actor, insn->which);
    if (device == VS_DEVICE_NONE || list->position[device] == 0)
        return;
    uint16_t group = list->group[device];
    detach(list, device);
    note_walkers(engine, actor, device, insn->argument, group);
}

/* --------------------------------------------------------------- lifetimes */

static enum vs_hazard stale_kind(const struct vs_actor_run *run)
{
    return run->from_pending ? VS_HAZARD_DANGLING_PENDING : VS_HAZARD_USE_AFTER_FREE;
}

static bool pdev_is_stale(const struct vs_engine *engine, const struct vs_actor_run *run)
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
    if (self ? pdev_is_stale(engine, run) : !device->pdev_alive) {
        vs_hazard_note(engine, stale_kind(run), actor, index, device->freed_by);
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
        stale = pdev ? pdev_is_stale(engine, run) : vpci_is_stale(engine, run);
    if (stale)
        vs_hazard_note(engine, stale_kind(run), actor, index, device->freed_by);
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
        return insn->which == VS_OTHER ? !device->pdev_alive : pdev_is_stale(engine, run);
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
        if (decl->scope == VS_SCOPE_DEVICE && decl->inside == object &&
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

/* -------------------------------------------------------------- references */

/* The counter is one word of the device: an atomic, and a transfer when another
 * CPU had it last. */
static void pay_counter(struct vs_engine *engine, struct vs_actor_run *run,
                        struct vs_device_run *device)
{
    vs_ps cost = engine->machine->atomic_ps;
    if (device->reference_cpu != run->cpu)
        cost += vs_cpu_transfer(engine, device->reference_cpu, run->cpu);
    device->reference_cpu = run->cpu;
    run->now += cost;
    run->work_ps += cost;
}

void vs_reference_get(struct vs_engine *engine, uint16_t actor, const struct vs_insn *insn)
{
    struct vs_actor_run *run = &engine->actors[actor];
    uint16_t index = vs_which_device(engine, actor, insn->which);
    if (index == VS_DEVICE_NONE || run->reference_count == VS_REFERENCES_MAX)
        return;
    struct vs_device_run *device = &engine->devices[index];
    if (insn->which == VS_SELF && pdev_is_stale(engine, run))
        vs_hazard_note(engine, stale_kind(run), actor, index, device->freed_by);
    device->references++;
    run->references[run->reference_count++] = (struct vs_reference){
        .lock = insn->lock, .device = index, .generation = device->pdev_generation};
    pay_counter(engine, run, device);
}

void vs_reference_drop(struct vs_engine *engine, uint16_t actor,
                       const struct vs_reference *reference)
{
    struct vs_actor_run *run = &engine->actors[actor];
    struct vs_device_run *device = &engine->devices[reference->device];
    enum vs_object inside = engine->policy->locks[reference->lock].inside;
    pay_counter(engine, run, device);
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
