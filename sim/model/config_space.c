/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Passive decoding of config space.  Register numbers and bits are those of
 * the PCI Local Bus Specification 3.0 (header, MSI, MSI-X) and PCI Express
 * Base Specification (extended capabilities), as in Xen's pci_regs.h.
 */
#include "config_space.h"

#include <stdlib.h>
#include <string.h>

#define SPACE_LEGACY   256
#define SPACE_EXTENDED 4096

#define REG_STATUS          0x06
#define STATUS_CAPABILITIES 0x10
#define REG_HEADER_TYPE     0x0e
#define REG_BAR0            0x10
#define REG_ROM_NORMAL      0x30
#define REG_ROM_BRIDGE      0x38
#define REG_CAPABILITIES    0x34
#define CAPABILITY_MSI      0x05
#define CAPABILITY_MSIX     0x11
#define EXTENDED_SRIOV      0x10
#define EXTENDED_REBAR      0x15
#define ROM_ADDRESS_MASK    0xfffff800u
#define BAR_ADDRESS_MASK    0xfffffff0u

static bool bit_get(const uint8_t *bits, unsigned int index)
{
    return bits[index / 8] >> (index % 8) & 1;
}

static void bit_set(uint8_t *bits, unsigned int index)
{
    bits[index / 8] = (uint8_t)(bits[index / 8] | 1u << (index % 8));
}

/* Make room for size_bytes of content, keeping what is there. */
static int space_resize(struct vs_config_space *space, unsigned int size_bytes)
{
    uint8_t *bytes = calloc(1, size_bytes + size_bytes / 8 * 2);
    if (!bytes)
        return VS_ERR_MEMORY;
    uint8_t *known = bytes + size_bytes;
    uint8_t *written = known + size_bytes / 8;
    if (space->bytes) {
        memcpy(bytes, space->bytes, space->size_bytes);
        memcpy(known, space->known, space->size_bytes / 8);
        memcpy(written, space->written, space->size_bytes / 8);
        free(space->bytes);
    }
    space->bytes = bytes;
    space->known = known;
    space->written = written;
    space->size_bytes = (uint16_t)size_bytes;
    return VS_OK;
}

int vs_config_init(struct vs_config_space *space, const struct vs_trace_device *device)
{
    memset(space, 0, sizeof(*space));
    unsigned int given = device && device->config ? device->config_size : 0;
    if (given > SPACE_EXTENDED)
        given = SPACE_EXTENDED;
    int ret = space_resize(space, given > SPACE_LEGACY ? SPACE_EXTENDED : SPACE_LEGACY);
    if (ret < 0)
        return ret;
    if (given) {
        memcpy(space->bytes, device->config, given);
        memset(space->known, 0xff, given / 8);
        space->snapshot = true;
        space->has_extended = given > SPACE_LEGACY;
    }
    if (device)
        memcpy(space->stated_size, device->bar_size, sizeof(space->stated_size));
    return VS_OK;
}

void vs_config_free(struct vs_config_space *space)
{
    free(space->bytes);
    memset(space, 0, sizeof(*space));
}

/* The probe of the BAR or ROM that a whole-register access at reg touches, or NULL. */
static struct vs_bar_probe *probe_at(struct vs_config_space *space, uint16_t reg)
{
    if (reg >= REG_BAR0 && reg < REG_BAR0 + 24)
        return &space->probe[(reg - REG_BAR0) / 4];
    if (reg == REG_ROM_NORMAL)
        return &space->probe_rom[0];
    return reg == REG_ROM_BRIDGE ? &space->probe_rom[1] : NULL;
}

/* All ones in the address bits: Linux writes ~0 (ROM: ~1 or the mask), SeaBIOS too. */
static bool asks_for_size(uint16_t reg, uint32_t value)
{
    uint32_t mask = reg >= REG_ROM_NORMAL ? ROM_ADDRESS_MASK : BAR_ADDRESS_MASK;
    return (value & mask) == mask;
}

static void learn_probe(struct vs_config_space *space, uint16_t reg, uint32_t value, bool is_write)
{
    struct vs_bar_probe *probe = probe_at(space, reg);
    if (!probe)
        return;
    if (is_write) {
        probe->asked = asks_for_size(reg, value);
    } else if (probe->asked) {
        probe->asked = false;
        probe->answered = true;
        probe->answer = value;
    }
}

int vs_config_learn(struct vs_config_space *space, uint16_t reg, uint8_t size, uint32_t value,
                    bool is_write)
{
    unsigned int end = (unsigned int)reg + size;
    if (end > SPACE_EXTENDED)
        return VS_OK;
    if (end > space->size_bytes) {
        int ret = space_resize(space, SPACE_EXTENDED);
        if (ret < 0)
            return ret;
    }
    if (size == 4)
        learn_probe(space, reg, value, is_write);
    if (!is_write && reg >= SPACE_LEGACY && size == 4 && value != UINT32_MAX)
        space->has_extended = true;
    for (unsigned int i = 0; i < size; i++) {
        unsigned int at = reg + i;
        if (bit_get(space->known, at))
            continue;
        if (is_write) {
            bit_set(space->written, at);
        } else {
            space->bytes[at] = (uint8_t)(value >> (8 * i));
            bit_set(space->known, at);
        }
    }
    return VS_OK;
}

bool vs_config_value(const struct vs_config_space *space, uint16_t reg, uint8_t size,
                     uint32_t *value)
{
    *value = 0;
    if ((unsigned int)reg + size > space->size_bytes)
        return false;
    for (unsigned int i = 0; i < size; i++) {
        if (!bit_get(space->known, reg + i))
            return false;
        *value |= (uint32_t)space->bytes[reg + i] << (8 * i);
    }
    return true;
}

bool vs_config_initial(const struct vs_config_space *space, uint16_t reg, uint8_t size,
                       uint32_t *value)
{
    if (!vs_config_value(space, reg, size, value))
        return false;
    for (unsigned int i = 0; i < size; i++) {
        if (bit_get(space->written, reg + i))
            return false;
    }
    return true;
}

/* ------------------------------------------------------------------- layout */

/* Size from what the device answered to all ones; high is the upper half's answer.
 * No address bit at all answers nothing: 0. */
static uint64_t size_from_answer(uint32_t answer, uint32_t mask, uint32_t high)
{
    uint64_t bits = (uint64_t)high << 32 | (answer & mask);
    if (!(answer & mask) && high == UINT32_MAX)
        return 0;
    return bits ? ~bits + 1 : 0;
}

/* What kind of BAR value or the answer to all ones make. */
static enum vs_bar_kind bar_kind(bool value_known, uint32_t value, const struct vs_bar_probe *probe)
{
    if (!value_known && !probe->answered)
        return VS_BAR_UNKNOWN;
    uint32_t type = probe->answered ? probe->answer : value;
    if (type == 0)
        return VS_BAR_NONE;
    if (type & 1)
        return VS_BAR_IO;
    return (type & 6) == 4 ? VS_BAR_MEM64 : VS_BAR_MEM32;
}

static void decode_bars(const struct vs_config_space *space, struct vs_layout *layout)
{
    for (unsigned int i = 0; i < layout->bar_count; i++) {
        struct vs_bar_layout *bar = &layout->bars[i];
        uint16_t reg = (uint16_t)(REG_BAR0 + 4 * i);
        uint32_t value, high = 0;
        bool known = vs_config_value(space, reg, 4, &value);

        if (i > 0 && layout->bars[i - 1].kind == VS_BAR_MEM64) {
            bar->kind = VS_BAR_HIGH;
            continue;
        }
        bar->kind = bar_kind(known, value, &space->probe[i]);
        /* A zero register with a stated size is an unassigned 32-bit BAR. */
        if (bar->kind == VS_BAR_NONE && space->stated_size[i])
            bar->kind = VS_BAR_MEM32;
        if (bar->kind != VS_BAR_MEM32 && bar->kind != VS_BAR_MEM64)
            continue;

        const struct vs_bar_probe *upper = i + 1 < layout->bar_count ? &space->probe[i + 1] : NULL;
        bar->size_bytes = space->stated_size[i];
        if (!bar->size_bytes && space->probe[i].answered) {
            high =
                bar->kind == VS_BAR_MEM64 && upper && upper->answered ? upper->answer : UINT32_MAX;
            bar->size_bytes = size_from_answer(space->probe[i].answer, BAR_ADDRESS_MASK, high);
        }
        bar->address_known = vs_config_initial(space, reg, 4, &value);
        bar->address = bar->address_known ? value & BAR_ADDRESS_MASK : 0;
        if (bar->kind == VS_BAR_MEM64) {
            bar->address_known &= vs_config_initial(space, (uint16_t)(reg + 4), 4, &high);
            bar->address |= bar->address_known ? (uint64_t)high << 32 : 0;
        }
    }
}

static void decode_rom(const struct vs_config_space *space, struct vs_layout *layout)
{
    if (!layout->rom_register)
        return;
    struct vs_bar_layout *rom = &layout->bars[VS_BAR_ROM];
    const struct vs_bar_probe *probe = &space->probe_rom[layout->rom_register == REG_ROM_BRIDGE];
    uint32_t value;
    bool known = vs_config_value(space, layout->rom_register, 4, &value);
    uint32_t type = probe->answered ? probe->answer : value;

    rom->size_bytes = space->stated_size[VS_BAR_ROM];
    if (!rom->size_bytes && probe->answered)
        rom->size_bytes = size_from_answer(probe->answer, ROM_ADDRESS_MASK, UINT32_MAX);
    if (!known && !probe->answered && !rom->size_bytes)
        rom->kind = VS_BAR_UNKNOWN;
    else
        rom->kind = rom->size_bytes || (type & ROM_ADDRESS_MASK) ? VS_BAR_MEM32 : VS_BAR_NONE;
    rom->address_known = vs_config_initial(space, layout->rom_register, 4, &value);
    rom->address = rom->address_known ? value & ROM_ADDRESS_MASK : 0;
}

static void decode_header(const struct vs_config_space *space, struct vs_layout *layout)
{
    uint32_t type;
    layout->header_known = vs_config_value(space, REG_HEADER_TYPE, 1, &type);
    if (!layout->header_known)
        layout->header_known = vs_config_value(space, REG_HEADER_TYPE & ~1, 2, &type);
    layout->header_type = layout->header_known ? (uint8_t)(type & 0x7f) : 0;
    if (layout->header_type == 0) {
        layout->bar_count = 6;
        layout->rom_register = REG_ROM_NORMAL;
    } else if (layout->header_type == 1) {
        layout->bar_count = 2;
        layout->rom_register = REG_ROM_BRIDGE;
    }
    decode_bars(space, layout);
    decode_rom(space, layout);
}

static void decode_msi(const struct vs_config_space *space, struct vs_layout *layout, uint8_t at)
{
    uint32_t control;
    layout->msi = at;
    layout->msi_vectors = 1;
    layout->msi_64bit = true; /* the common form, where the control register was not seen */
    layout->msi_control_known = vs_config_value(space, (uint16_t)(at + 2), 2, &control);
    if (!layout->msi_control_known)
        return;
    unsigned int order = control >> 1 & 7;
    layout->msi_vectors = (uint8_t)(1u << (order > 5 ? 5 : order));
    layout->msi_64bit = control & 0x80;
    layout->msi_maskable = control & 0x100;
}

static void decode_msix(const struct vs_config_space *space, struct vs_layout *layout, uint8_t at)
{
    uint32_t control, table, pba;
    layout->msix = at;
    layout->msix_control_known = vs_config_value(space, (uint16_t)(at + 2), 2, &control);
    if (layout->msix_control_known)
        layout->msix_entries = (uint16_t)((control & 0x7ff) + 1);
    if (at > SPACE_LEGACY - 12 || !vs_config_value(space, (uint16_t)(at + 4), 4, &table) ||
        !vs_config_value(space, (uint16_t)(at + 8), 4, &pba))
        return;
    layout->msix_table_known = true;
    layout->msix_table_bar = table & 7;
    layout->msix_table_offset = table & ~7u;
    layout->msix_pba_bar = pba & 7;
    layout->msix_pba_offset = pba & ~7u;
}

static void decode_capabilities(const struct vs_config_space *space, struct vs_layout *layout)
{
    uint32_t status, pointer, id;
    bool status_known = vs_config_value(space, REG_STATUS, 2, &status);
    if (status_known && !(status & STATUS_CAPABILITIES))
        return;
    if (!vs_config_value(space, REG_CAPABILITIES, 1, &pointer)) {
        layout->capability_list = status_known;
        return;
    }
    layout->capability_list = status_known || (pointer & 0xfc);
    while ((pointer &= 0xfc) >= 0x40 && layout->capability_count < VS_CAPABILITIES_MAX) {
        uint8_t at = (uint8_t)pointer;
        bool id_known = vs_config_value(space, at, 1, &id);
        layout->capability[layout->capability_count] = at;
        layout->capability_id[layout->capability_count++] = id_known ? (uint8_t)id : 0;
        if (id_known && id == CAPABILITY_MSI && !layout->msi)
            decode_msi(space, layout, at);
        if (id_known && id == CAPABILITY_MSIX && !layout->msix)
            decode_msix(space, layout, at);
        if (!vs_config_value(space, (uint16_t)(at + 1), 1, &pointer))
            break;
    }
}

static void decode_rebar(const struct vs_config_space *space, struct vs_layout *layout, uint16_t at)
{
    uint32_t control;
    if (!vs_config_value(space, (uint16_t)(at + 8), 4, &control))
        return;
    unsigned int count = control >> 5 & 7;
    for (unsigned int i = 0; i < count && layout->rebar_count < VS_REBAR_MAX; i++) {
        uint16_t reg = (uint16_t)(at + 8 + 8 * i);
        /* rebar.c:init_rebar skips an index that is no memory BAR. */
        if (!vs_config_value(space, reg, 4, &control) || (control & 7) >= layout->bar_count)
            continue;
        enum vs_bar_kind kind = layout->bars[control & 7].kind;
        if (kind != VS_BAR_MEM32 && kind != VS_BAR_MEM64 && kind != VS_BAR_UNKNOWN)
            continue;
        layout->rebar_register[layout->rebar_count] = reg;
        layout->rebar_bar[layout->rebar_count++] = control & 7;
    }
}

static void decode_extended(const struct vs_config_space *space, struct vs_layout *layout)
{
    uint16_t at = SPACE_LEGACY;
    uint32_t header;

    layout->extended = space->has_extended;
    if (!layout->extended)
        return;
    do {
        bool known = vs_config_value(space, at, 4, &header);
        if (known && header == UINT32_MAX)
            return;
        layout->extended_position[layout->extended_count++] = at;
        if (!known)
            return;
        if ((header & 0xffff) == EXTENDED_SRIOV && !layout->sriov)
            layout->sriov = at;
        if ((header & 0xffff) == EXTENDED_REBAR && !layout->rebar_count)
            decode_rebar(space, layout, at);
        at = (uint16_t)(header >> 20 & 0xffc);
    } while (at >= SPACE_LEGACY && layout->extended_count < VS_EXTENDED_MAX);
}

void vs_config_decode(const struct vs_config_space *space, struct vs_layout *layout)
{
    memset(layout, 0, sizeof(*layout));
    decode_header(space, layout);
    decode_capabilities(space, layout);
    decode_extended(space, layout);
}
