/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Offsets and fields: PCI Local Bus Specification 3.0, 6.1, 6.2.5, 6.7 and 6.8.2 (MSI-X). */
#include "import/msix.h"

#include <stdlib.h>

enum {
    CONFIG_STATUS = 0x06,
    CONFIG_HEADER_TYPE = 0x0e,
    CONFIG_BAR0 = 0x10,
    CONFIG_CAPABILITIES = 0x34,
    STATUS_CAPABILITIES = 1 << 4,
    CAPABILITY_MSIX = 0x11,
    CAPABILITIES_MAX = 48, /* what fits in 64..255 at 4 bytes each: a loop ends here */
    MSIX_ENTRY_BYTES = 16
};

static uint32_t config_read(const struct vs_trace_device *device, unsigned int reg,
                            unsigned int bytes)
{
    uint32_t value = 0;

    for (unsigned int i = bytes; i-- > 0;)
        value = value << 8 | (reg + i < device->config_size ? device->config[reg + i] : 0u);
    return value;
}

static unsigned int find_msix(const struct vs_trace_device *device)
{
    unsigned int at;

    if (!device->config || device->config_size < 256 ||
        !(config_read(device, CONFIG_STATUS, 2) & STATUS_CAPABILITIES))
        return 0;
    at = config_read(device, CONFIG_CAPABILITIES, 1) & 0xfcu;
    for (unsigned int i = 0; at >= 0x40 && i < CAPABILITIES_MAX; i++) {
        if (config_read(device, at, 1) == CAPABILITY_MSIX)
            return at;
        at = config_read(device, at + 1, 1) & 0xfcu;
    }
    return 0;
}

/* Address of a memory BAR, 0 when it is none or not assigned. */
static uint64_t bar_address(const struct vs_trace_device *device, unsigned int index)
{
    unsigned int bars = (config_read(device, CONFIG_HEADER_TYPE, 1) & 0x7f) == 0 ? 6 : 2;
    unsigned int reg = CONFIG_BAR0 + 4 * index;
    uint32_t low = config_read(device, reg, 4);
    uint64_t address = low & ~0xfu;

    if (index >= bars || (low & 1))
        return 0;
    if ((low & 6) == 4) {
        if (index + 1 >= bars)
            return 0;
        address |= (uint64_t)config_read(device, reg + 4, 4) << 32;
    }
    return address;
}

static void add_range(struct vs_msix_map *map, const struct vs_trace_device *device,
                      uint32_t locator, uint64_t bytes, uint64_t reg)
{
    uint64_t bar = bar_address(device, locator & 7);
    uint64_t first = bar + (locator & ~7u);

    if (bar == 0 || reg + bytes > UINT16_MAX)
        return;
    map->ranges[map->count++] = (struct vs_msix_range){
        .first = first, .last = first + bytes - 1, .sbdf = device->sbdf, .reg = (uint16_t)reg};
}

int vs_msix_map_build(const struct vs_trace_meta *meta, struct vs_msix_map *map,
                      struct vs_error *error)
{
    *map = (struct vs_msix_map){0};
    map->ranges = calloc(2 * meta->device_count + 1, sizeof(*map->ranges));
    if (!map->ranges)
        return vs_error_set(error, VS_ERR_MEMORY, "no memory for the MSI-X tables");
    for (size_t i = 0; i < meta->device_count; i++) {
        const struct vs_trace_device *device = &meta->devices[i];
        unsigned int at = find_msix(device);
        uint64_t entries;

        if (!at)
            continue;
        entries = (config_read(device, at + 2, 2) & 0x7ff) + UINT64_C(1);
        add_range(map, device, config_read(device, at + 4, 4), entries * MSIX_ENTRY_BYTES, 0);
        /* One pending bit per entry, in whole 64-bit words. */
        add_range(map, device, config_read(device, at + 8, 4), (entries + 63) / 64 * 8,
                  entries * MSIX_ENTRY_BYTES);
    }
    return 0;
}

void vs_msix_map_free(struct vs_msix_map *map)
{
    free(map->ranges);
    *map = (struct vs_msix_map){0};
}

const struct vs_msix_range *vs_msix_map_find(const struct vs_msix_map *map, uint64_t address)
{
    for (size_t i = 0; i < map->count; i++)
        if (address >= map->ranges[i].first && address <= map->ranges[i].last)
            return &map->ranges[i];
    return NULL;
}
