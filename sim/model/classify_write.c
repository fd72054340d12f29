/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a write does to a function's vPCI state, handler by handler: cmd_write,
 * bar_write, rom_write (header.c), control_write, address_write, mask_write
 * (msi.c), control_write (msix.c), rebar_ctrl_write (rebar.c) at Xen commit
 * c447b7308b.  Where the trace does not tell the state that decides, the class
 * with the stronger locking need is taken and the reason noted.
 */
#include "classify_write.h"

static void guess(const struct vs_write *write, enum vs_guess reason)
{
    write->verdict->guesses |= 1u << reason;
}

static void cycles(const struct vs_write *write, uint32_t count)
{
    write->verdict->shape.quantity[VS_Q_CYCLES_HANDLER] += count;
}

static void decode_guess(const struct vs_write *write)
{
    if (write->function->decode_known != VS_KNOWN_SURE)
        guess(write, VS_GUESS_DECODE_STATE);
}

/* ------------------------------------------------------------- command, BAR, ROM */

static void map_quantities(const struct vs_write *write, bool map, bool rom_only)
{
    uint32_t *quantity = write->verdict->shape.quantity;
    uint32_t bars;
    bool assumed;
    uint64_t entries = vs_function_map_entries(write->function, map, rom_only, &bars, &assumed);
    if (assumed)
        guess(write, VS_GUESS_BAR_SIZE);
    if (entries > UINT32_MAX)
        entries = UINT32_MAX;
    quantity[VS_Q_BARS] += bars;
    quantity[VS_Q_MAP_ENTRIES] = (uint32_t)entries;
    /* MAP_MMIO_MAX_ITER in xen/arch/x86/mm/p2m.c: 64 entries, then a preemption check. */
    quantity[VS_Q_MAP_SLICES] = entries ? (uint32_t)((entries + 63) / 64) : 1;
}

enum vs_op vs_write_command(const struct vs_write *write)
{
    struct vs_function *function = write->function;
    bool wanted = write->value & 2;

    /* The byte with bit 1 is not written: merged from the device, nothing toggles. */
    if (!(write->mask & 2)) {
        cycles(write, 1);
        return VS_OP_WRITE_COMMAND;
    }
    if (!write->value_known) {
        guess(write, VS_GUESS_VALUE);
        wanted = !function->bars_mapped;
    }
    decode_guess(write);
    if (function->decode_known != VS_KNOWN_NEVER && wanted == function->bars_mapped) {
        /* Stale knowledge taken at its last value is as good as sure from here on. */
        function->decode_known = VS_KNOWN_SURE;
        cycles(write, 1);
        return VS_OP_WRITE_COMMAND;
    }
    map_quantities(write, wanted, false);
    vs_function_set_decode(function, wanted);
    /* After a value that the trace does not have, the new state is a guess too. */
    if (!write->value_known)
        function->decode_known = VS_KNOWN_STALE;
    return VS_OP_TOGGLE_DECODE;
}

enum vs_op vs_write_status(const struct vs_write *write)
{
    /* vpci_write_helper reads it for its read-only bits; a partial write counted that read. */
    cycles(write, write->partial ? 1 : 2);
    return VS_OP_WRITE_STATUS;
}

static void set_address(const struct vs_write *write, struct vs_bar_state *bar, bool high,
                        uint32_t address_mask)
{
    if (write->partial || !write->value_known) {
        bar->address_known = false;
        return;
    }
    uint64_t value = high ? write->value : write->value & address_mask;
    unsigned int shift = high ? 32 : 0;
    bar->address = (bar->address & ~((uint64_t)UINT32_MAX << shift)) | value << shift;
    /* One half known is enough to count by: the other was 0 or comes next. */
    bar->address_known = true;
}

enum vs_op vs_write_bar(const struct vs_write *write)
{
    struct vs_function *function = write->function;
    unsigned int index = write->handler->bar;
    struct vs_bar_state *bar = &function->bar[index];

    write->verdict->shape.quantity[VS_Q_BARS]++;
    decode_guess(write);
    if (function->layout.bars[index].kind == VS_BAR_UNKNOWN)
        guess(write, VS_GUESS_NO_SNAPSHOT);
    if (bar->enabled)
        return VS_OP_WRITE_BAR_MAPPED;
    /* guest_mem_bar_write keeps a guest address and leaves the device alone. */
    if (write->hardware_domain) {
        set_address(write, bar, write->handler->offset != 0x10 + 4 * index, 0xfffffff0u);
        cycles(write, 1);
    }
    return VS_OP_WRITE_BAR;
}

enum vs_op vs_write_bar_void(const struct vs_write *write)
{
    (void)write;
    return VS_OP_WRITE_BAR_VOID;
}

enum vs_op vs_write_rom(const struct vs_write *write)
{
    struct vs_function *function = write->function;
    struct vs_bar_state *rom = &function->bar[VS_BAR_ROM];
    bool wanted = write->mask & 1 ? write->value & 1 : function->rom_enabled;

    if (!write->value_known) {
        guess(write, VS_GUESS_VALUE);
        wanted = !rom->enabled;
    }
    decode_guess(write);
    if (function->layout.bars[VS_BAR_ROM].kind == VS_BAR_UNKNOWN)
        guess(write, VS_GUESS_NO_SNAPSHOT);
    write->verdict->shape.quantity[VS_Q_BARS] = 0;
    if (rom->enabled && wanted) {
        write->verdict->shape.quantity[VS_Q_BARS] = 1;
        return VS_OP_WRITE_ROM; /* mapped: ignored */
    }
    if (!rom->enabled)
        set_address(write, rom, false, 0xfffff800u);
    bool mapped = function->bars_mapped || function->decode_known == VS_KNOWN_NEVER;
    if (!mapped || rom->enabled == wanted) {
        write->verdict->shape.quantity[VS_Q_BARS] = 1;
        function->rom_known = true;
        function->rom_enabled = wanted;
        cycles(write, 1);
        return VS_OP_WRITE_ROM;
    }
    write->verdict->shape.facts |= 1u << VS_FACT_ROM_ONLY;
    map_quantities(write, wanted, true);
    function->rom_known = true;
    function->rom_enabled = rom->enabled = wanted;
    return VS_OP_TOGGLE_ROM;
}

enum vs_op vs_write_rebar(const struct vs_write *write)
{
    struct vs_function *function = write->function;
    struct vs_bar_layout *bar = &function->layout.bars[write->handler->bar];

    write->verdict->shape.quantity[VS_Q_BARS]++;
    decode_guess(write);
    if (function->bar[write->handler->bar].enabled)
        return VS_OP_RESIZE_BAR; /* refused */
    cycles(write, 1 + (bar->kind == VS_BAR_MEM64 ? 8 : 4));
    if (!write->value_known || (write->mask & 0x3f00) != 0x3f00) {
        guess(write, VS_GUESS_BAR_SIZE);
        bar->size_bytes = 0;
    } else {
        /* PCI_REBAR_CTRL_SIZE: 1 MiB << field; the spec ends at 8 EiB, field 43. */
        unsigned int order = write->value >> 8 & 0x3f;
        bar->size_bytes = UINT64_C(1) << (20 + (order > 43 ? 43 : order));
    }
    return VS_OP_RESIZE_BAR;
}

enum vs_op vs_write_capability(const struct vs_write *write)
{
    /* Legacy pointers of the hardware domain: vpci_hw_write8.  The others are ignored. */
    if (write->hardware_domain && write->handler->offset < 256)
        cycles(write, 1);
    return VS_OP_WRITE_CAPABILITY;
}

/* --------------------------------------------------------------------------- MSI */

static uint8_t control_vectors(const struct vs_function *function, uint32_t control)
{
    unsigned int vectors = 1u << (control >> 4 & 7);
    unsigned int most = function->layout.msi_vectors;
    return (uint8_t)(vectors > most ? most : vectors);
}

void vs_learn_msi(struct vs_function *function, uint32_t control)
{
    function->msi_known = VS_KNOWN_SURE;
    function->msi_enabled = control & 1;
    function->msi_vectors = control_vectors(function, control);
}

static void msi_guess(const struct vs_write *write)
{
    if (write->function->msi_known != VS_KNOWN_SURE || !write->function->layout.msi_control_known)
        guess(write, VS_GUESS_MSI_STATE);
}

enum vs_op vs_write_msi_control(const struct vs_write *write)
{
    struct vs_function *function = write->function;
    uint32_t *vectors = &write->verdict->shape.quantity[VS_Q_VECTORS];
    uint32_t value = write->value;

    if (!(write->mask & 1))
        return VS_OP_MSI_CONTROL; /* enable and vector count are in the low byte */
    msi_guess(write);
    if (!write->value_known) {
        guess(write, VS_GUESS_VALUE);
        value = 1 | 5u << 4;
    }
    bool wanted = value & 1;
    uint8_t count = control_vectors(function, value);
    bool never = function->msi_known == VS_KNOWN_NEVER;
    bool was = never ? !wanted : function->msi_enabled;
    uint8_t had = never ? function->layout.msi_vectors : function->msi_vectors;

    function->msi_known = write->value_known ? VS_KNOWN_SURE : VS_KNOWN_STALE;
    function->msi_enabled = wanted;
    function->msi_vectors = count;
    if (wanted == was && (count == had || !was))
        return VS_OP_MSI_CONTROL;
    cycles(write, 1);
    *vectors += wanted ? count : had;
    return wanted ? VS_OP_MSI_ENABLE : VS_OP_MSI_DISABLE;
}

enum vs_op vs_write_msi_address(const struct vs_write *write)
{
    struct vs_function *function = write->function;
    bool never = function->msi_known == VS_KNOWN_NEVER;
    msi_guess(write);
    if (never)
        write->verdict->shape.facts |= 1u << VS_FACT_MSI_ENABLED;
    if (never || function->msi_enabled)
        write->verdict->shape.quantity[VS_Q_VECTORS] =
            never ? function->layout.msi_vectors : function->msi_vectors;
    return VS_OP_MSI_ADDRESS;
}

enum vs_op vs_write_msi_mask(const struct vs_write *write)
{
    struct vs_function *function = write->function;
    bool never = function->msi_known == VS_KNOWN_NEVER;
    unsigned int vectors = never ? function->layout.msi_vectors : function->msi_vectors;
    uint32_t reach = vectors >= 32 ? UINT32_MAX : (1u << vectors) - 1;
    uint32_t changed = (function->msi_mask ^ write->value) & write->mask;

    msi_guess(write);
    if (!write->value_known || !function->msi_mask_known) {
        guess(write, write->value_known ? VS_GUESS_MSI_STATE : VS_GUESS_VALUE);
        changed = write->mask;
    }
    if (never || function->msi_enabled)
        write->verdict->shape.quantity[VS_Q_MASK_BITS] +=
            (uint32_t)__builtin_popcount(changed & reach);
    function->msi_mask = (function->msi_mask & ~write->mask) | write->value;
    function->msi_mask_known = write->value_known && !write->partial;
    return VS_OP_MSI_MASK;
}

/* ------------------------------------------------------------------------- MSI-X */

void vs_learn_msix(struct vs_function *function, uint32_t control)
{
    function->msix_known = VS_KNOWN_SURE;
    function->msix_enabled = control & 0x8000;
    function->msix_masked = control & 0x4000;
}

/* Entries that become live: unmasked and updated, or not known not to be. */
static uint32_t msix_go_live(const struct vs_write *write)
{
    struct vs_function *function = write->function;
    uint32_t count = 0;

    if (!function->msix_entry) {
        guess(write, VS_GUESS_MSI_STATE);
        return function->layout.msix_entries ? function->layout.msix_entries : 1;
    }
    for (unsigned int i = 0; i < function->msix_entry_count; i++) {
        uint8_t *entry = &function->msix_entry[i];
        if (*entry & VS_ENTRY_UNKNOWN)
            guess(write, VS_GUESS_MSI_STATE);
        else if ((*entry & VS_ENTRY_MASKED) || !(*entry & VS_ENTRY_UPDATED))
            continue;
        count++;
        *entry = (uint8_t)((*entry & VS_ENTRY_UNKNOWN) | VS_ENTRY_BOUND);
    }
    return count;
}

static uint32_t msix_tear_down(const struct vs_write *write)
{
    struct vs_function *function = write->function;
    uint32_t count = 0;

    if (!function->msix_entry) {
        guess(write, VS_GUESS_MSI_STATE);
        return function->layout.msix_entries ? function->layout.msix_entries : 1;
    }
    for (unsigned int i = 0; i < function->msix_entry_count; i++) {
        uint8_t *entry = &function->msix_entry[i];
        if (*entry & VS_ENTRY_UNKNOWN)
            guess(write, VS_GUESS_MSI_STATE);
        else if (!(*entry & VS_ENTRY_BOUND))
            continue;
        count++;
        *entry = (uint8_t)((*entry & ~VS_ENTRY_BOUND) | VS_ENTRY_UPDATED);
    }
    return count;
}

enum vs_op vs_write_msix_control(const struct vs_write *write)
{
    struct vs_function *function = write->function;
    uint32_t *vectors = &write->verdict->shape.quantity[VS_Q_VECTORS];
    bool enable = write->value & 0x8000, mask = write->value & 0x4000;

    if (!(write->mask & 0x8000))
        return VS_OP_MSIX_CONTROL;
    if (!write->value_known) {
        guess(write, VS_GUESS_VALUE);
        enable = true;
        mask = false;
    }
    if (function->msix_known != VS_KNOWN_SURE)
        guess(write, VS_GUESS_MSI_STATE);
    bool never = function->msix_known == VS_KNOWN_NEVER;
    bool was_enabled = never ? !enable : function->msix_enabled;
    bool was_masked = !never && function->msix_masked;

    function->msix_known = write->value_known ? VS_KNOWN_SURE : VS_KNOWN_STALE;
    function->msix_enabled = enable;
    function->msix_masked = mask;
    if (enable == was_enabled && mask == was_masked)
        return VS_OP_MSIX_CONTROL;
    cycles(write, 1);
    if (enable && !mask) { /* and before, one of them was not so */
        uint32_t count = msix_go_live(write);
        *vectors += count;
        return count ? VS_OP_MSIX_ENABLE : VS_OP_MSIX_CONTROL;
    }
    if (!enable && was_enabled) {
        *vectors += msix_tear_down(write);
        return VS_OP_MSIX_DISABLE;
    }
    return VS_OP_MSIX_CONTROL;
}
