/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Actors and devices into the orders that the workload states, calls renumbered. */
#include <stdlib.h>
#include <string.h>

#include "loader.h"

static int no_memory(struct vs_error *error)
{
    return vs_error_set(error, VS_ERR_MEMORY, "out of memory while ordering the workload");
}

struct device_rank {
    uint32_t added_order; /* 0: found by the boot scan */
    uint32_t sbdf;
    uint16_t index;
};

/* List heads first: see devices in workload.h. */
static int by_list_order(const void *a, const void *b)
{
    const struct device_rank *one = a, *two = b;
    if (one->added_order != two->added_order)
        return one->added_order > two->added_order ? -1 : 1;
    if (one->sbdf >> 16 != two->sbdf >> 16)
        return one->sbdf < two->sbdf ? -1 : 1;
    return (one->sbdf < two->sbdf) - (one->sbdf > two->sbdf);
}

int vs_loader_order_devices(struct vs_loader *loader, struct vs_error *error)
{
    struct vs_workload *workload = loader->workload;
    struct vs_workload_device *devices = workload->devices + loader->first_device;
    size_t count = loader->function_count;
    int ret = VS_ERR_MEMORY;
    struct device_rank *ranks = calloc(count + 1, sizeof(*ranks));
    struct vs_workload_device *ordered = calloc(count + 1, sizeof(*ordered));
    uint16_t *moved = calloc(count + 1, sizeof(*moved));

    if (!ranks || !ordered || !moved) {
        no_memory(error);
        goto out;
    }
    for (size_t i = 0; i < count; i++)
        ranks[i] =
            (struct device_rank){loader->functions[i].added_order, devices[i].sbdf, (uint16_t)i};
    qsort(ranks, count, sizeof(*ranks), by_list_order);
    for (size_t i = 0; i < count; i++) {
        ordered[i] = devices[ranks[i].index];
        moved[ranks[i].index] = (uint16_t)(loader->first_device + i);
    }
    if (count)
        memcpy(devices, ordered, count * sizeof(*devices));
    for (size_t i = loader->first_call; i < workload->call_count; i++) {
        uint16_t *device = &workload->calls[i].device;
        if (*device != VS_DEVICE_NONE)
            *device = moved[*device - loader->first_device];
    }
    ret = VS_OK;
out:
    free(ranks);
    free(ordered);
    free(moved);
    return ret;
}

struct actor_rank {
    uint32_t key; /* domain id << 16 | vCPU */
    uint16_t index;
};

static int by_key(const void *a, const void *b)
{
    const struct actor_rank *one = a, *two = b;
    return (one->key > two->key) - (one->key < two->key);
}

static int order_actors(struct vs_workload *workload)
{
    size_t count = workload->actor_count;
    int ret = VS_ERR_MEMORY;
    struct actor_rank *ranks = calloc(count + 1, sizeof(*ranks));
    struct vs_actor *ordered = calloc(count + 1, sizeof(*ordered));
    uint16_t *moved = calloc(count + 1, sizeof(*moved));

    if (!ranks || !ordered || !moved)
        goto out;
    for (size_t i = 0; i < count; i++) {
        const struct vs_actor *actor = &workload->actors[i];
        ranks[i].key = (uint32_t)workload->domains[actor->domain].id << 16 | actor->vcpu;
        ranks[i].index = (uint16_t)i;
    }
    qsort(ranks, count, sizeof(*ranks), by_key);
    for (size_t i = 0; i < count; i++) {
        ordered[i] = workload->actors[ranks[i].index];
        moved[ranks[i].index] = (uint16_t)i;
    }
    if (count)
        memcpy(workload->actors, ordered, count * sizeof(*ordered));
    for (size_t i = 0; i < workload->call_count; i++)
        workload->calls[i].actor = moved[workload->calls[i].actor];
    ret = VS_OK;
out:
    free(ranks);
    free(ordered);
    free(moved);
    return ret;
}

int vs_loader_finish(struct vs_loader *loader, struct vs_error *error)
{
    struct vs_workload *workload = loader->workload;

    if (order_actors(workload) < 0)
        return no_memory(error);
    workload->shapes = loader->shapes.items;
    workload->shape_count = loader->shapes.count;
    loader->shapes.items = NULL;
    if (!loader->any_recorded) {
        vs_memory_release(workload->memory, workload->recorded_ns);
        workload->recorded_ns = NULL;
        workload->think_is_gap = true;
    }
    if (!loader->any_measured) {
        vs_memory_release(workload->memory, workload->measured_ns);
        workload->measured_ns = NULL;
    }
    if (!loader->any_target) {
        vs_memory_release(workload->memory, workload->targets);
        workload->targets = NULL;
    }
    return VS_OK;
}
