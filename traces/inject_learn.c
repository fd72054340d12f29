/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What inject learns of devices and vCPUs from the metadata and from the traffic so far. */
#include <stdlib.h>
#include <string.h>

#include "inject_state.h"

#define STORAGE_START 64u

/* Room for one more item in *array. */
bool vs_inject_make_room(void **array, size_t count, size_t *room, size_t size)
{
    if (count < *room)
        return true;
    size_t wanted = *room ? *room * 2 : STORAGE_START;
    void *grown = reallocarray(*array, wanted, size);
    if (!grown)
        return false;
    *array = grown;
    *room = wanted;
    return true;
}

/* Devices by sbdf, a sorted array: the set is small and rarely grows. */
static size_t device_place(const struct injector *injector, uint32_t sbdf)
{
    size_t low = 0, high = injector->device_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (injector->devices[middle].sbdf < sbdf)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct device *vs_inject_find_device(struct injector *injector, uint32_t sbdf)
{
    size_t place = device_place(injector, sbdf);
    if (place < injector->device_count && injector->devices[place].sbdf == sbdf)
        return &injector->devices[place];
    return NULL;
}

struct device *vs_inject_add_device(struct injector *injector, uint32_t sbdf, uint16_t owner)
{
    struct device *known = vs_inject_find_device(injector, sbdf);
    if (known)
        return known;
    if (!vs_inject_make_room((void **)&injector->devices, injector->device_count,
                             &injector->device_room, sizeof(*injector->devices)))
        return NULL;
    size_t place = device_place(injector, sbdf);
    struct device *device = &injector->devices[place];
    memmove(device + 1, device, (injector->device_count - place) * sizeof(*device));
    injector->device_count++;
    for (size_t i = 0; i < injector->undo_count; i++)
        injector->undos[i].device += injector->undos[i].device >= place;
    *device = (struct device){.sbdf = sbdf, .owner = owner};
    return device;
}

/* Follow the command register through reads and writes that cover it. */
static void learn_command(struct device *device, const struct vs_record *record)
{
    if (record->flags & (VS_FLAG_VALUE_UNKNOWN | VS_FLAG_ABSENT))
        return;
    if (record->reg == VS_INJECT_COMMAND && record->size >= 2) {
        device->command = (uint16_t)record->value;
        device->command_known = true;
    } else if (record->reg == VS_INJECT_COMMAND && record->size == 1 && device->command_known) {
        device->command = (uint16_t)((device->command & 0xff00) | record->value);
    } else if (record->reg == VS_INJECT_COMMAND + 1 && record->size == 1 && device->command_known) {
        device->command = (uint16_t)((device->command & 0xff) | record->value << 8);
    }
}

/* Follow the trace's own events: who gets a device. */
static void learn_owner(struct injector *injector, const struct vs_record *record)
{
    bool assigned = record->kind == VS_KIND_DEVICE_ASSIGN;
    if (!assigned && record->kind != VS_KIND_DEVICE_DEASSIGN && record->kind != VS_KIND_DEVICE_ADD)
        return;
    struct device *device = vs_inject_find_device(injector, record->sbdf);
    if (device)
        device->owner = assigned ? (uint16_t)record->value : injector->hardware_domain;
}

int vs_inject_learn(struct injector *injector, const struct vs_record *record)
{
    struct actor actor = {record->domain, record->vcpu, record->pcpu,
                          record->flags & (VS_FLAG_PATH_PORT | VS_FLAG_PATH_ECAM), true};
    if (record->kind != VS_KIND_CFG_READ && record->kind != VS_KIND_CFG_WRITE) {
        learn_owner(injector, record);
        return 0;
    }
    injector->domains[record->domain] = actor;
    if (record->flags & (VS_FLAG_ABSENT | VS_FLAG_CF8_STALE))
        return 0;
    struct device *device = vs_inject_add_device(injector, record->sbdf, record->domain);
    if (!device)
        return VS_ERR_MEMORY;
    device->actor = actor;
    device->hotplugged = false; /* it is really there */
    learn_command(device, record);
    return 0;
}

/* The domain that unassigned devices belong to, as the simulator settles it: of those
 * stated, or else of all, the one with the lowest id. */
static uint16_t find_hardware_domain(const struct vs_trace_meta *meta)
{
    uint16_t lowest = VS_DOMAIN_NONE, stated = VS_DOMAIN_NONE;
    for (size_t i = 0; i < meta->domain_count; i++) {
        uint16_t id = meta->domains[i].id;
        if (id < lowest)
            lowest = id;
        if (meta->domains[i].hardware_domain && id < stated)
            stated = id;
    }
    if (stated != VS_DOMAIN_NONE)
        return stated;
    return lowest != VS_DOMAIN_NONE ? lowest : 0;
}

int vs_inject_learn_meta(struct injector *injector)
{
    const struct vs_trace_meta *meta = injector->meta;
    injector->hardware_domain = find_hardware_domain(meta);
    for (size_t i = 0; i < meta->device_count; i++) {
        const struct vs_trace_device *from = &meta->devices[i];
        if (from->hidden)
            continue;
        struct device *device = vs_inject_add_device(
            injector, from->sbdf,
            from->domain == VS_DOMAIN_NONE ? injector->hardware_domain : from->domain);
        if (!device)
            return VS_ERR_MEMORY;
        if (from->config) {
            device->command = (uint16_t)(from->config[VS_INJECT_COMMAND] |
                                         from->config[VS_INJECT_COMMAND + 1] << 8);
            device->command_known = true;
        }
    }
    return 0;
}
