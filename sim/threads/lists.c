/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The device lists that lookups and loops walk, in atomic words: a walker reads
 * them whatever others do.  Changes take turns by a mutex of the model's own, so
 * that a list is never torn; it is no lock of any policy and, as devices seldom
 * come and go, nobody waits for it.  A device that has been taken off keeps its
 * next, so that a walker which stands on it goes on as it would in memory.
 */
#include <stdlib.h>

#include "internal.h"

static int list_setup(const struct vs_threads *engine, struct vs_real_list *list, uint32_t groups)
{
    size_t devices = engine->workload->device_count + 1;
    list->group_count = (uint16_t)groups;
    list->head = calloc(groups + 1, sizeof *list->head);
    list->length = calloc(groups + 1, sizeof *list->length);
    list->next = calloc(devices, sizeof *list->next);
    list->position = calloc(devices, sizeof *list->position);
    list->group = calloc(devices, sizeof *list->group);
    if (!list->head || !list->length || !list->next || !list->position || !list->group)
        return VS_ERR_MEMORY;
    for (uint32_t i = 0; i <= groups; i++)
        atomic_init(&list->head[i], VS_DEVICE_NONE);
    for (size_t i = 0; i < devices; i++)
        atomic_init(&list->next[i], VS_DEVICE_NONE);
    return 0;
}

static void renumber(struct vs_real_list *list, uint16_t group)
{
    uint16_t position = 0;
    for (uint16_t at = list->head[group]; at != VS_DEVICE_NONE; at = list->next[at])
        list->position[at] = ++position;
    list->length[group] = position;
}

static void append(struct vs_real_list *list, uint16_t group, uint16_t device)
{
    _Atomic uint16_t *link = &list->head[group];
    while (*link != VS_DEVICE_NONE)
        link = &list->next[*link];
    list->group[device] = group;
    *link = device;
    list->position[device] = ++list->length[group];
}

/* Xen adds with list_add: in front. */
static void prepend(struct vs_real_list *list, uint16_t group, uint16_t device)
{
    uint16_t first = list->head[group];
    list->next[device] = first;
    list->group[device] = group;
    list->head[group] = device;
    renumber(list, group);
}

static void detach(struct vs_real_list *list, uint16_t device)
{
    uint16_t group = list->group[device];
    _Atomic uint16_t *link = &list->head[group];
    while (*link != device)
        link = &list->next[*link];
    uint16_t after = list->next[device];
    *link = after; /* the device keeps its own next */
    list->position[device] = 0;
    renumber(list, group);
}

static int by_sbdf(const void *a, const void *b, void *context)
{
    const struct vs_workload_device *devices = context;
    uint32_t x = devices[*(const uint16_t *)a].sbdf, y = devices[*(const uint16_t *)b].sbdf;
    return x < y ? -1 : x > y;
}

/* Devices by address, and which group each segment is.  Groups, or VS_ERR_MEMORY. */
static int order_by_address(struct vs_threads *engine)
{
    const struct vs_workload *workload = engine->workload;
    size_t count = workload->device_count;
    engine->by_address = malloc((count + 1) * sizeof *engine->by_address);
    engine->address_rank = malloc((count + 1) * sizeof *engine->address_rank);
    engine->segment_group = calloc(count + 1, sizeof *engine->segment_group);
    engine->domain_segment = calloc(workload->domain_count + 1, sizeof *engine->domain_segment);
    if (!engine->by_address || !engine->address_rank || !engine->segment_group ||
        !engine->domain_segment)
        return VS_ERR_MEMORY;
    for (size_t i = 0; i < count; i++)
        engine->by_address[i] = (uint16_t)i;
    qsort_r(engine->by_address, count, sizeof *engine->by_address, by_sbdf, workload->devices);
    uint16_t group = 0;
    for (size_t i = 0; i < count; i++) {
        uint16_t device = engine->by_address[i];
        uint32_t segment = workload->devices[device].sbdf >> 16;
        group =
            (uint16_t)(group + (i > 0 && workload->devices[engine->by_address[i - 1]].sbdf >> 16 !=
                                             segment));
        engine->address_rank[device] = (uint16_t)i;
        engine->segment_group[device] = group;
    }
    for (size_t i = count; i-- > 0;)
        if (workload->devices[i].owner < workload->domain_count)
            engine->domain_segment[workload->devices[i].owner] = engine->segment_group[i];
    return group + 1;
}

static void place_device(struct vs_threads *engine, uint16_t index)
{
    const struct vs_workload_device *known = &engine->workload->devices[index];
    struct vs_real_device *device = &engine->devices[index];
    uint64_t never_freed = (uint64_t)VS_OP_COUNT << VS_WORD_OP_SHIFT;
    bool has_vpci = known->present && known->has_vpci;
    atomic_init(&device->owner, known->owner);
    atomic_init(&device->pdev, never_freed | (known->present ? VS_WORD_ALIVE : 0));
    atomic_init(&device->vpci, never_freed | (has_vpci ? VS_WORD_ALIVE | VS_WORD_PUBLISHED : 0));
    atomic_init(&device->references, 1);
    atomic_init(&device->bars_by, VS_OP_COUNT);
    if (!known->present)
        return;
    append(&engine->lists[VS_LIST_ALL_DEVICES], engine->segment_group[index], index);
    if (known->owner >= engine->workload->domain_count)
        return;
    append(&engine->lists[VS_LIST_DOMAIN_DEVICES], known->owner, index);
    if (known->has_msix && known->has_vpci)
        append(&engine->lists[VS_LIST_MSIX_TABLES], known->owner, index);
}

int vs_real_objects_setup(struct vs_threads *engine)
{
    const struct vs_workload *workload = engine->workload;
    uint32_t domains = (uint32_t)workload->domain_count;
    int groups = order_by_address(engine);
    if (groups < 0)
        return groups;
    engine->devices =
        aligned_alloc(VS_LINE_BYTES, (workload->device_count + 1) * sizeof *engine->devices);
    if (!engine->devices ||
        list_setup(engine, &engine->lists[VS_LIST_ALL_DEVICES], (uint32_t)groups) < 0 ||
        list_setup(engine, &engine->lists[VS_LIST_DOMAIN_DEVICES], domains) < 0 ||
        list_setup(engine, &engine->lists[VS_LIST_MSIX_TABLES], domains) < 0)
        return VS_ERR_MEMORY;
    for (size_t i = 0; i < workload->device_count; i++) {
        engine->devices[i] = (struct vs_real_device){0};
        place_device(engine, (uint16_t)i);
    }
    return 0;
}

void vs_real_objects_release(struct vs_threads *engine)
{
    for (int i = 0; i < VS_LIST_COUNT; i++) {
        struct vs_real_list *list = &engine->lists[i];
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

/* ------------------------------------------------------------ whose, which */

static uint16_t hardware_domain_for(const struct vs_threads *engine, uint16_t domain)
{
    return engine->workload->domains[domain].hardware_domain ? domain : engine->hardware_domain;
}

uint16_t vs_real_whose(const struct vs_threads *engine, const struct vs_real_actor *actor,
                       enum vs_whose whose)
{
    uint16_t domain = actor->domain;
    if (whose == VS_OF_OWNER && actor->device != VS_DEVICE_NONE)
        domain = atomic_load(&engine->devices[actor->device].owner);
    else if (whose == VS_OF_TARGET)
        domain = actor->target;
    else if (whose == VS_OF_HARDWARE)
        domain = VS_DOMAIN_NONE;
    return domain < engine->workload->domain_count ? domain
                                                   : hardware_domain_for(engine, actor->domain);
}

uint16_t vs_real_which(const struct vs_threads *engine, const struct vs_real_actor *actor,
                       enum vs_which which)
{
    if (which == VS_OTHER)
        for (unsigned i = actor->loop_count; i-- > 0;)
            if (engine->code->insns[actor->loops[i].insn].code == VS_INSN_EACH)
                return actor->loops[i].device;
    return actor->device;
}

uint16_t vs_real_group(const struct vs_threads *engine, const struct vs_real_actor *actor,
                       const struct vs_insn *insn)
{
    uint16_t domain = vs_real_whose(engine, actor, insn->whose);
    if (insn->argument != VS_LIST_ALL_DEVICES)
        return domain;
    return actor->device != VS_DEVICE_NONE ? engine->segment_group[actor->device]
                                           : engine->domain_segment[domain];
}

/* ------------------------------------------------------------------- walks */

uint32_t vs_real_walk_nodes(const struct vs_threads *engine, const struct vs_real_actor *actor,
                            const struct vs_insn *insn)
{
    const struct vs_real_list *list = &engine->lists[insn->argument];
    uint16_t group = vs_real_group(engine, actor, insn);
    if (actor->device != VS_DEVICE_NONE) {
        uint16_t position = atomic_load(&list->position[actor->device]);
        if (position && atomic_load(&list->group[actor->device]) == group)
            return position;
    }
    return atomic_load(&list->length[group]);
}

bool vs_real_finds(const struct vs_threads *engine, const struct vs_real_actor *actor,
                   const struct vs_insn *insn)
{
    const struct vs_real_list *list = &engine->lists[insn->argument];
    if (actor->device == VS_DEVICE_NONE || atomic_load(&list->position[actor->device]) == 0)
        return false;
    if (insn->argument != VS_LIST_ALL_DEVICES)
        return atomic_load(&list->group[actor->device]) == vs_real_group(engine, actor, insn);
    if (!vs_op_table[actor->op].is_access)
        return true; /* events look devices up whoever owns them */
    if (atomic_load(&engine->devices[actor->device].owner) == actor->domain)
        return true;
    return engine->workload->devices[actor->device].hidden &&
           engine->workload->domains[actor->domain].hardware_domain;
}

static bool visits(const struct vs_threads *engine, const struct vs_insn *each, uint16_t group,
                   uint16_t self, uint16_t device)
{
    const struct vs_real_list *list = &engine->lists[each->argument];
    if (atomic_load(&list->position[device]) == 0 || atomic_load(&list->group[device]) != group)
        return false;
    if (self == VS_DEVICE_NONE)
        return true;
    if (each->which && device == self)
        return false;
    bool smaller = engine->address_rank[device] < engine->address_rank[self];
    return each->mode == VS_PART_ALL ||
           (device != self && smaller == (each->mode == VS_PART_BEFORE));
}

static uint16_t each_by_address(const struct vs_threads *engine, const struct vs_real_actor *actor,
                                const struct vs_insn *each, size_t from)
{
    uint16_t group = vs_real_group(engine, actor, each);
    for (size_t i = from; i < engine->workload->device_count; i++)
        if (visits(engine, each, group, actor->device, engine->by_address[i]))
            return engine->by_address[i];
    return VS_DEVICE_NONE;
}

static uint16_t each_by_list(const struct vs_threads *engine, const struct vs_real_actor *actor,
                             const struct vs_insn *each, uint16_t device)
{
    uint16_t group = vs_real_group(engine, actor, each);
    while (device != VS_DEVICE_NONE && !visits(engine, each, group, actor->device, device))
        device = atomic_load(&engine->lists[each->argument].next[device]);
    return device;
}

uint16_t vs_real_each_first(const struct vs_threads *engine, const struct vs_real_actor *actor,
                            const struct vs_insn *each)
{
    if (each->flags & VS_INSN_BY_ADDRESS)
        return each_by_address(engine, actor, each, 0);
    const struct vs_real_list *list = &engine->lists[each->argument];
    return each_by_list(engine, actor, each,
                        atomic_load(&list->head[vs_real_group(engine, actor, each)]));
}

uint16_t vs_real_each_after(const struct vs_threads *engine, const struct vs_real_actor *actor,
                            const struct vs_insn *each, uint16_t device)
{
    if (each->flags & VS_INSN_BY_ADDRESS)
        return each_by_address(engine, actor, each, engine->address_rank[device] + 1u);
    return each_by_list(engine, actor, each,
                        atomic_load(&engine->lists[each->argument].next[device]));
}

/* ----------------------------------------------------------------- changes */

/* What an actor said while it walks this group of a list, or 0. */
static uint32_t walks(const struct vs_real_actor *actor, uint8_t list, uint16_t group)
{
    const uint32_t said[] = {atomic_load(&actor->walk[list]), atomic_load(&actor->each[list])};
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++)
        if ((said[i] & VS_WALK_GROUP_MASK) == group + 1u)
            return said[i];
    return 0;
}

static void note_walkers(struct vs_worker *worker, uint16_t device, uint8_t list, uint16_t group)
{
    struct vs_threads *engine = worker->engine;
    for (size_t i = 0; i < engine->workload->actor_count; i++) {
        const struct vs_real_actor *other = &engine->actors[i];
        uint32_t walk = other == worker->running ? 0 : walks(other, list, group);
        if (walk) {
            struct vs_hazard_stat *stat = &worker->hazards[VS_HAZARD_LIST_RACE];
            vs_real_hazard(worker, VS_HAZARD_LIST_RACE, device, worker->running->op);
            if (stat->count > 1)
                continue;
            stat->actor = (uint16_t)i; /* the walker ran into it */
            stat->op = (uint8_t)(walk >> VS_WALK_OP_SHIFT);
        }
    }
}

void vs_real_link(struct vs_worker *worker, const struct vs_insn *insn)
{
    struct vs_threads *engine = worker->engine;
    struct vs_real_list *list = &engine->lists[insn->argument];
    uint16_t device = vs_real_which(engine, worker->running, insn->which);
    if (device == VS_DEVICE_NONE)
        return;
    if (insn->argument == VS_LIST_MSIX_TABLES && !engine->workload->devices[device].has_msix)
        return;
    uint16_t group = insn->argument == VS_LIST_ALL_DEVICES
                         ? engine->segment_group[device]
                         : vs_real_whose(engine, worker->running, insn->whose);
    pthread_mutex_lock(&engine->list_lock);
    bool changes = list->position[device] == 0;
    if (changes)
        prepend(list, group, device);
    pthread_mutex_unlock(&engine->list_lock);
    if (changes)
        note_walkers(worker, device, insn->argument, group);
}

void vs_real_unlink(struct vs_worker *worker, const struct vs_insn *insn)
{
    struct vs_threads *engine = worker->engine;
    struct vs_real_list *list = &engine->lists[insn->argument];
    uint16_t device = vs_real_which(engine, worker->running, insn->which);
    if (device == VS_DEVICE_NONE)
        return;
    pthread_mutex_lock(&engine->list_lock);
    uint16_t group = list->group[device];
    bool changes = list->position[device] != 0;
    if (changes)
        detach(list, device);
    pthread_mutex_unlock(&engine->list_lock);
    if (changes)
        note_walkers(worker, device, insn->argument, group);
}
