/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The device lists that lookups and loops walk: all devices of a segment, a
 * domain's devices, a domain's MSI-X tables.  They change while others walk
 * them; what that costs or breaks is the policy's business.  A device that has
 * been taken off keeps its next, so that a walker which stands on it goes on as
 * it would in memory.
 */
#include <stdlib.h>

#include "internal.h"

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

/* The hardware domain: the caller itself when it is one.  Clones and logs laid
 * side by side have several, each with devices of its own. */
static uint16_t hardware_domain_for(const struct vs_engine *engine, uint16_t domain)
{
    return engine->workload->domains[domain].hardware_domain ? domain : engine->hardware_domain;
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
        domain = VS_DOMAIN_NONE;
    return domain < engine->workload->domain_count ? domain
                                                   : hardware_domain_for(engine, run->domain);
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

uint16_t vs_list_group(const struct vs_engine *engine, uint16_t actor, const struct vs_insn *insn)
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
    uint16_t group = vs_list_group(engine, actor, insn);
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
        return list->group[run->device] == vs_list_group(engine, actor, insn);
    if (!vs_op_table[run->op].is_access)
        return true; /* events look devices up whoever owns them */
    if (engine->devices[run->device].owner == run->domain)
        return true;
    return engine->workload->devices[run->device].hidden &&
           engine->workload->domains[run->domain].hardware_domain;
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
    uint16_t group = vs_list_group(engine, actor, each);
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
    uint16_t group = vs_list_group(engine, actor, each);
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
    return each_by_list(engine, actor, each, list->head[vs_list_group(engine, actor, each)]);
}

uint16_t vs_each_after(const struct vs_engine *engine, uint16_t actor, const struct vs_insn *each,
                       uint16_t device)
{
    if (each->flags & VS_INSN_BY_ADDRESS)
        return each_by_address(engine, actor, each, engine->address_rank[device] + 1u);
    return each_by_list(engine, actor, each, engine->lists[each->argument].next[device]);
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
    /* the head, the node, the former first */
    vs_warmth_list_written(engine, engine->actors[actor].cpu, insn->argument, group,
                           list->next[device] == VS_DEVICE_NONE ? 2 : 3);
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
    /* its neighbours: the head or the node before, and the node behind */
    vs_warmth_list_written(engine, engine->actors[actor].cpu, insn->argument, group,
                           list->next[device] == VS_DEVICE_NONE ? 1 : 2);
    note_walkers(engine, actor, device, insn->argument, group);
}
