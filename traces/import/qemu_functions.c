/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A shadow of config space, learned from the log.  The log says where in memory
 * an MSI-X table access went, but not which device's table it is; the guest had
 * to read the MSI-X capability and program the BAR before it could get there,
 * so the traffic holds the answer (PCI 3.0, 6.2.5.1 and 6.8.2: BARs; the table
 * offset and BIR at capability + 4, the table size at capability + 2).
 */
#include "qemu_functions.h"

#include <stdlib.h>
#include <string.h>

enum {
    REG_COMMAND = 0x04,
    REG_HEADER_TYPE = 0x0e,
    REG_BAR0 = 0x10,
    REG_CAPABILITIES = 0x34,
    CAP_FIRST = 0x40,
    CAP_MSIX = 0x11,
    CAPS_MAX = 48, /* as many as fit behind the header: a longer list is a loop */
    MSIX_ENTRY_BYTES = 16,
    MSIX_ENTRIES_MAX = 2048
};

void vs_qemu_functions_release(struct vs_qemu_functions *functions)
{
    if (functions)
        free(functions->items);
}

struct vs_qemu_function *vs_qemu_function_find(struct vs_qemu_functions *functions, uint16_t bdf)
{
    uint32_t place = functions->index[bdf];

    return place ? &functions->items[place - 1] : NULL;
}

static struct vs_qemu_function *add_function(struct vs_qemu_functions *functions, uint16_t bdf)
{
    struct vs_qemu_function *items = functions->items;

    if (functions->count == functions->room) {
        size_t room = functions->room ? 2 * functions->room : 32;

        items = realloc(items, room * sizeof(*items));
        if (!items)
            return NULL;
        functions->items = items;
        functions->room = room;
    }
    items += functions->count++;
    memset(items, 0, sizeof(*items));
    items->bdf = bdf;
    functions->index[bdf] = (uint32_t)functions->count;
    return items;
}

struct vs_qemu_function *vs_qemu_function_answer(struct vs_qemu_functions *functions, uint16_t bdf,
                                                 const char *name, size_t name_length)
{
    struct vs_qemu_function *function = vs_qemu_function_find(functions, bdf);

    if (!function)
        function = add_function(functions, bdf);
    if (!function)
        return NULL;
    if (name_length >= VS_QEMU_NAME_MAX)
        name_length = VS_QEMU_NAME_MAX - 1;
    if (strncmp(function->name, name, name_length) != 0 || function->name[name_length] != '\0') {
        memcpy(function->name, name, name_length);
        function->name[name_length] = '\0';
        memset(function->known, 0, sizeof(function->known));
    }
    if (!function->present)
        memset(function->known, 0, sizeof(function->known));
    function->present = true;
    return function;
}

void vs_qemu_function_learn(struct vs_qemu_function *function, bool write, uint16_t reg,
                            unsigned size_bytes, uint32_t value)
{
    unsigned i;

    if (reg + size_bytes > sizeof(function->config))
        return;
    if (write && reg != REG_COMMAND && (reg < REG_BAR0 || reg >= REG_BAR0 + 6 * 4))
        return;
    for (i = 0; i < size_bytes; i++) {
        function->config[reg + i] = (uint8_t)(value >> 8 * i);
        function->known[(reg + i) / 8] |= (uint8_t)(1u << (reg + i) % 8);
    }
}

/* Little-endian field of 1, 2 or 4 bytes, when all its bytes are known. */
static bool field(const struct vs_qemu_function *function, unsigned reg, unsigned size_bytes,
                  uint32_t *value)
{
    unsigned i;

    *value = 0;
    for (i = 0; i < size_bytes; i++) {
        unsigned at = reg + i;

        if (at >= sizeof(function->config) || !(function->known[at / 8] >> at % 8 & 1))
            return false;
        *value |= (uint32_t)function->config[at] << 8 * i;
    }
    return true;
}

static unsigned find_msix(const struct vs_qemu_function *function)
{
    uint32_t at = 0, id;
    unsigned i;

    if (!field(function, REG_CAPABILITIES, 1, &at))
        return 0;
    for (i = 0; i < CAPS_MAX && at >= CAP_FIRST; i++) {
        if (!field(function, at & 0xfc, 1, &id))
            return 0;
        if (id == CAP_MSIX)
            return at & 0xfc;
        if (!field(function, (at & 0xfc) + 1, 1, &at))
            return 0;
    }
    return 0;
}

/* Where a memory BAR is now; false when the log has not shown it or it cannot be one. */
static bool bar_address(const struct vs_qemu_function *function, unsigned bar, uint64_t *address)
{
    uint32_t low, high = 0, type = 0;

    (void)field(function, REG_HEADER_TYPE, 1, &type);
    if (bar >= ((type & 0x7f) == 0 ? 6u : 2u) || !field(function, REG_BAR0 + 4 * bar, 4, &low) ||
        (low & 1))
        return false;
    if ((low & 6) == 4 && !field(function, REG_BAR0 + 4 * (bar + 1), 4, &high))
        return false;
    *address = (uint64_t)high << 32 | (low & ~UINT32_C(0xf));
    return true;
}

static bool holds(const struct vs_qemu_function *function, uint64_t address, uint16_t *offset)
{
    uint32_t place, control, command;
    uint64_t start;
    uint64_t entries = MSIX_ENTRIES_MAX;
    unsigned cap;

    if (!function->present || (cap = find_msix(function)) == 0 ||
        !field(function, cap + 4, 4, &place) || !bar_address(function, place & 7, &start))
        return false;
    if (field(function, REG_COMMAND, 1, &command) && !(command & 2))
        return false;
    if (field(function, cap + 2, 2, &control))
        entries = (control & 0x7ff) + 1;
    start += place & ~UINT32_C(7);
    if (address < start || address - start >= entries * MSIX_ENTRY_BYTES)
        return false;
    *offset = (uint16_t)(address - start);
    return true;
}

int vs_qemu_functions_msix(struct vs_qemu_functions *functions, uint64_t address, uint16_t *bdf,
                           uint16_t *offset)
{
    struct vs_qemu_function *last = vs_qemu_function_find(functions, functions->msix_last);
    uint16_t other_offset;
    int found = 0;
    size_t i;

    if (last && holds(last, address, offset)) {
        *bdf = last->bdf;
        return 1;
    }
    for (i = 0; i < functions->count; i++) {
        if (!holds(&functions->items[i], address, found ? &other_offset : offset))
            continue;
        if (found)
            return -1;
        found = 1;
        *bdf = functions->items[i].bdf;
    }
    if (found)
        functions->msix_last = *bdf;
    return found;
}
