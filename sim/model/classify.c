/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The classes of config accesses: split as vpci_read and vpci_write do, then
 * one row of handler_rules per handler met.  The write functions follow the
 * Xen functions named in vs_op_table (commit c447b7308b) branch by branch.
 */
#include "classify.h"

#include <string.h>

#include "classify_write.h"

/* Weightiest first: what decides the class when an access meets several handlers. */
static const uint8_t priority[] = {
    VS_OP_TOGGLE_DECODE,    VS_OP_TOGGLE_ROM,      VS_OP_MSIX_ENABLE,   VS_OP_MSIX_DISABLE,
    VS_OP_MSI_ENABLE,       VS_OP_MSI_DISABLE,     VS_OP_MSI_ADDRESS,   VS_OP_RESIZE_BAR,
    VS_OP_MSI_MASK,         VS_OP_WRITE_COMMAND,   VS_OP_WRITE_BAR,     VS_OP_WRITE_ROM,
    VS_OP_MSIX_CONTROL,     VS_OP_MSI_CONTROL,     VS_OP_WRITE_STATUS,  VS_OP_WRITE_CAPABILITY,
    VS_OP_WRITE_BAR_MAPPED, VS_OP_WRITE_BAR_VOID,  VS_OP_READ_HARDWARE, VS_OP_READ_STATUS,
    VS_OP_READ_MEMORY,      VS_OP_READ_CAPABILITY,
};

static unsigned int rank(enum vs_op op)
{
    unsigned int i = 0;
    while (i < sizeof(priority) && priority[i] != op)
        i++;
    return i;
}

/* A read of each kind of handler: class, and hardware cycles for dom0 and for a guest. */
struct handler_rule {
    uint8_t read_op, read_op_guest;
    uint8_t cycles, cycles_guest;
    vs_write_rule *write;
};

static const struct handler_rule handler_rules[VS_HANDLER_KIND_COUNT] = {
    [VS_HANDLER_COMMAND] = {VS_OP_READ_HARDWARE, VS_OP_READ_MEMORY, 1, 0, vs_write_command},
    [VS_HANDLER_STATUS] = {VS_OP_READ_STATUS, VS_OP_READ_STATUS, 1, 1, vs_write_status},
    [VS_HANDLER_BAR] = {VS_OP_READ_HARDWARE, VS_OP_READ_MEMORY, 1, 0, vs_write_bar},
    [VS_HANDLER_BAR_VOID] = {VS_OP_READ_MEMORY, VS_OP_READ_MEMORY, 0, 0, vs_write_bar_void},
    [VS_HANDLER_ROM] = {VS_OP_READ_HARDWARE, VS_OP_READ_HARDWARE, 1, 1, vs_write_rom},
    [VS_HANDLER_CAPABILITY] = {VS_OP_READ_CAPABILITY, VS_OP_READ_CAPABILITY, 0, 0,
                               vs_write_capability},
    [VS_HANDLER_CAPABILITY_ID] = {VS_OP_READ_CAPABILITY, VS_OP_READ_CAPABILITY, 1, 1,
                                  vs_write_capability},
    [VS_HANDLER_MSI_CONTROL] = {VS_OP_READ_MEMORY, VS_OP_READ_MEMORY, 0, 0, vs_write_msi_control},
    [VS_HANDLER_MSI_ADDRESS] = {VS_OP_READ_MEMORY, VS_OP_READ_MEMORY, 0, 0, vs_write_msi_address},
    [VS_HANDLER_MSI_MASK] = {VS_OP_READ_MEMORY, VS_OP_READ_MEMORY, 0, 0, vs_write_msi_mask},
    [VS_HANDLER_MSIX_CONTROL] = {VS_OP_READ_MEMORY, VS_OP_READ_MEMORY, 0, 0, vs_write_msix_control},
    [VS_HANDLER_REBAR] = {VS_OP_READ_HARDWARE, VS_OP_READ_HARDWARE, 1, 1, vs_write_rebar},
};

bool vs_access_allowed(uint16_t reg, uint8_t size)
{
    return (size == 1 || size == 2 || size == 4) && (reg & (size - 1)) == 0 && reg + size <= 4096;
}

/* vpci_read_hw and vpci_write_hw do 3 bytes in two cycles. */
static uint32_t gap_cycles(unsigned int size)
{
    return size == 3 ? 2 : 1;
}

static void set_fact(struct vs_verdict *verdict, enum vs_fact fact, bool holds)
{
    if (holds)
        verdict->shape.facts |= 1u << fact;
}

/* What every record has, whatever the function. */
static void start(const struct vs_record *record, bool hardware_domain, struct vs_verdict *verdict)
{
    bool config = record->kind == VS_KIND_CFG_READ || record->kind == VS_KIND_CFG_WRITE ||
                  record->kind == VS_KIND_PV_CFG_WRITE;
    memset(verdict, 0, sizeof(*verdict));
    /* A merge renumbers segments; the port path reaches segment 0 alone, so it tells. */
    bool segment0 = record->sbdf >> 16 == 0 || (record->flags & VS_FLAG_PATH_PORT);
    set_fact(verdict, VS_FACT_VIA_ECAM,
             record->kind != VS_KIND_MMIO && (record->flags & VS_FLAG_PATH_ECAM));
    set_fact(verdict, VS_FACT_HW_CONF1, config && segment0 && record->reg < 256);
    set_fact(verdict, VS_FACT_HARDWARE_DOMAIN, hardware_domain);
    set_fact(verdict, VS_FACT_IS_WRITE,
             record->kind == VS_KIND_CFG_WRITE || record->kind == VS_KIND_MSIX_WRITE);
    set_fact(verdict, VS_FACT_INJECTED, record->flags & VS_FLAG_INJECTED);
}

static void function_facts(const struct vs_function *function, struct vs_verdict *verdict)
{
    set_fact(verdict, VS_FACT_HAS_MSI, function->layout.msi != 0);
    set_fact(verdict, VS_FACT_HAS_MSIX, function->layout.msix != 0);
    set_fact(verdict, VS_FACT_MSI_ENABLED, function->msi_enabled);
}

/* Does [reg, reg+size) overlap command or ROM register? */
static bool header_register(const struct vs_layout *layout, uint16_t reg, uint8_t size)
{
    unsigned int end = (unsigned int)reg + size;
    return (reg < 0x06 && end > 0x04) ||
           (layout->rom_register && reg < layout->rom_register + 4 && end > layout->rom_register);
}

/* The part of the record's value that lies in a handler, as the handler sees it. */
static void handler_value(const struct vs_record *record, const struct vs_handler *handler,
                          const struct vs_piece *piece, struct vs_write *write)
{
    unsigned int shift = 8u * (unsigned int)(piece->reg - record->reg);
    unsigned int up = 8u * (unsigned int)(piece->reg - handler->offset);
    uint32_t mask = piece->size == 4 ? UINT32_MAX : (1u << 8 * piece->size) - 1;
    write->value = (record->value >> shift & mask) << up;
    write->mask = mask << up;
    write->handler = handler;
    write->partial = piece->size != handler->size;
}

/* A read tells state that was not known: Xen answers with what it holds. */
static void learn_state(struct vs_function *function, const struct vs_write *read)
{
    switch (read->handler->kind) {
    case VS_HANDLER_COMMAND:
        if ((read->mask & 2) && function->decode_known != VS_KNOWN_SURE)
            vs_function_set_decode(function, read->value & 2);
        break;
    case VS_HANDLER_ROM:
        if ((read->mask & 1) && !function->rom_known) {
            function->rom_known = true;
            function->rom_enabled = read->value & 1;
        }
        break;
    case VS_HANDLER_MSI_CONTROL:
        if (!read->partial && function->msi_known != VS_KNOWN_SURE)
            vs_learn_msi(function, read->value);
        break;
    case VS_HANDLER_MSIX_CONTROL:
        if ((read->mask & 0xc000) && function->msix_known != VS_KNOWN_SURE)
            vs_learn_msix(function, read->value);
        break;
    default:
        break;
    }
}

static enum vs_op one_handler(const struct handler_rule *rule, struct vs_write *access,
                              bool is_write)
{
    struct vs_verdict *verdict = access->verdict;
    bool hardware_domain = access->hardware_domain;
    uint8_t cycles = hardware_domain ? rule->cycles : rule->cycles_guest;

    if (is_write) {
        /* vpci_write_helper reads the register first when it is written in part. */
        if (access->partial)
            verdict->shape.quantity[VS_Q_CYCLES_HANDLER] += cycles;
        return rule->write(access);
    }
    verdict->shape.quantity[VS_Q_CYCLES_HANDLER] += cycles;
    if (access->value_known)
        learn_state(access->function, access);
    return hardware_domain ? rule->read_op : rule->read_op_guest;
}

void vs_classify_config(struct vs_function *function, const struct vs_record *record,
                        bool hardware_domain, struct vs_verdict *verdict)
{
    bool is_write = record->kind == VS_KIND_CFG_WRITE;
    const struct vs_layout *layout = &function->layout;
    struct vs_write access = {.function = function,
                              .verdict = verdict,
                              .hardware_domain = hardware_domain,
                              .value_known = !(record->flags & VS_FLAG_VALUE_UNKNOWN)};
    struct vs_split split;
    enum vs_op op = is_write ? VS_OP_WRITE_PASSTHROUGH : VS_OP_READ_PASSTHROUGH;
    uint32_t *quantity = verdict->shape.quantity;

    start(record, hardware_domain, verdict);
    function_facts(function, verdict);
    set_fact(verdict, VS_FACT_HEADER_REGISTER,
             is_write && header_register(layout, record->reg, record->size));
    if (!layout->header_known)
        verdict->guesses |= 1u << VS_GUESS_NO_SNAPSHOT;
    /* In the control registers, not in the header: no handler. */
    if (is_write && layout->sriov && record->reg >= layout->sriov + 4 &&
        record->reg < layout->sriov + 0x40)
        op = VS_OP_WRITE_SRIOV;

    vs_handlers_split(&function->handlers, record->reg, record->size, &split);
    quantity[VS_Q_HANDLER_NODES] = split.nodes;
    for (unsigned int i = 0; i < split.count; i++) {
        const struct vs_piece *piece = &split.piece[i];
        if (piece->handler < 0) {
            quantity[piece->trailing ? VS_Q_CYCLES_TRAILING : VS_Q_CYCLES_LOCKED] +=
                gap_cycles(piece->size);
            continue;
        }
        const struct vs_handler *handler = &function->handlers.node[piece->handler];
        handler_value(record, handler, piece, &access);
        quantity[VS_Q_HANDLERS]++;
        enum vs_op met = one_handler(&handler_rules[handler->kind], &access, is_write);
        if (rank(met) < rank(op))
            op = met;
    }
    verdict->shape.op = (uint8_t)op;
}

void vs_classify_absent(const struct vs_record *record, bool hardware_domain,
                        struct vs_verdict *verdict)
{
    start(record, hardware_domain, verdict);
    verdict->shape.op = record->kind == VS_KIND_CFG_WRITE ? VS_OP_WRITE_ABSENT : VS_OP_READ_ABSENT;
    /* vpci.c since 80b0eb095a: a guest reads all ones and writes nothing, without the device. */
    verdict->shape.quantity[VS_Q_CYCLES_TRAILING] = hardware_domain ? 1 : 0;
}

/* ------------------------------------------------------------------- MSI-X table */

/* msix.c:msix_write for vector control, 32 bits. */
static void msix_vector_control(struct vs_function *function, unsigned int index, uint32_t value,
                                struct vs_verdict *verdict)
{
    uint8_t *entry = &function->msix_entry[index];
    uint8_t mask = value & 1 ? VS_ENTRY_MASKED : 0;
    bool live = function->msix_known == VS_KNOWN_NEVER ||
                (function->msix_enabled && !function->msix_masked);
    bool unknown = *entry & VS_ENTRY_UNKNOWN;

    if (unknown || function->msix_known != VS_KNOWN_SURE)
        verdict->guesses |= 1u << VS_GUESS_MSI_STATE;
    if (!unknown && (*entry & VS_ENTRY_MASKED) == mask)
        return;
    bool updated = unknown || (*entry & VS_ENTRY_UPDATED);
    *entry = (uint8_t)((*entry & ~(VS_ENTRY_MASKED | VS_ENTRY_UNKNOWN)) | mask);
    if (!mask && live && updated) {
        verdict->shape.op = VS_OP_MSIX_TABLE_UNMASK;
        verdict->shape.quantity[VS_Q_VECTORS] = 1;
        *entry = (uint8_t)((*entry & ~VS_ENTRY_UPDATED) | VS_ENTRY_BOUND);
    } else {
        verdict->shape.quantity[VS_Q_MASK_BITS] = 1;
    }
}

void vs_classify_msix(struct vs_function *function, const struct vs_record *record,
                      bool hardware_domain, struct vs_verdict *verdict)
{
    bool is_write = record->kind == VS_KIND_MSIX_WRITE;

    start(record, hardware_domain, verdict);
    verdict->shape.op = is_write ? VS_OP_MSIX_TABLE_WRITE : VS_OP_MSIX_TABLE_READ;
    if (!function) {
        verdict->guesses |= 1u << VS_GUESS_NO_SNAPSHOT;
        return;
    }
    function_facts(function, verdict);
    set_fact(verdict, VS_FACT_HAS_MSIX, true);
    unsigned int index = record->reg / 16;
    /* access_allowed in msix.c: aligned 4 or 8 bytes, else ignored. */
    if (!is_write || record->size != 4 || record->reg % 4 || index >= function->msix_entry_count)
        return;
    if (record->reg % 16 != 12) {
        function->msix_entry[index] |= VS_ENTRY_UPDATED;
    } else if (record->flags & VS_FLAG_VALUE_UNKNOWN) {
        verdict->guesses |= 1u << VS_GUESS_VALUE;
        function->msix_entry[index] |= VS_ENTRY_UNKNOWN;
        msix_vector_control(function, index, 0, verdict);
    } else {
        msix_vector_control(function, index, record->value, verdict);
    }
}

/* ------------------------------------------------------------------------ events */

static const int8_t event_ops[VS_KIND_COUNT] = {
    [VS_KIND_MMIO] = VS_OP_MMIO_WALK,
    [VS_KIND_DEVICE_ADD] = VS_OP_DEVICE_ADD,
    [VS_KIND_DEVICE_REMOVE] = VS_OP_DEVICE_REMOVE,
    [VS_KIND_DEVICE_ASSIGN] = VS_OP_DEVICE_ASSIGN,
    [VS_KIND_DEVICE_DEASSIGN] = VS_OP_DEVICE_DEASSIGN,
    [VS_KIND_DOMAIN_DESTROY] = VS_OP_DOMAIN_DESTROY,
    [VS_KIND_DEVICE_RESET] = VS_OP_DEVICE_RESET,
    [VS_KIND_MMCFG_RESERVED] = VS_OP_MMCFG_RESERVED,
    [VS_KIND_MSI_MAP] = VS_OP_MSI_MAP,
    [VS_KIND_MSI_UNMAP] = VS_OP_MSI_UNMAP,
    [VS_KIND_DUMP] = VS_OP_DUMP,
    [VS_KIND_IOMMU_FAULT] = VS_OP_IOMMU_FAULT,
    [VS_KIND_PV_CFG_WRITE] = VS_OP_PV_CFG_WRITE,
};

int vs_event_op(enum vs_kind kind)
{
    /* 0 is a config class, so it marks kinds that are no event. */
    return kind < VS_KIND_COUNT && event_ops[kind] ? event_ops[kind] : -1;
}

/* pci_size_mem_bar: 4 cycles, 8 for a 64-bit BAR; header.c sizes all but I/O BARs, and the ROM. */
static uint32_t size_cycles(const struct vs_layout *layout)
{
    uint32_t cycles = layout->rom_register ? 4 : 0;
    for (unsigned int i = 0; i < layout->bar_count; i++) {
        enum vs_bar_kind kind = layout->bars[i].kind;
        if (kind == VS_BAR_MEM64)
            cycles += 8;
        else if (kind != VS_BAR_IO && kind != VS_BAR_HIGH)
            cycles += 4;
    }
    return cycles;
}

static uint32_t bound_vectors(const struct vs_function *function)
{
    uint32_t count = function->msi_enabled ? function->msi_vectors : 0;
    for (unsigned int i = 0; i < function->msix_entry_count; i++)
        count += (function->msix_entry[i] & VS_ENTRY_BOUND) != 0;
    return count;
}

void vs_classify_event(const struct vs_function *function, const struct vs_record *record,
                       enum vs_op op, bool hardware_domain, struct vs_verdict *verdict)
{
    uint32_t *quantity = verdict->shape.quantity;

    start(record, hardware_domain, verdict);
    verdict->shape.op = (uint8_t)op;
    if (op == VS_OP_MSI_MAP || op == VS_OP_MSI_UNMAP)
        quantity[VS_Q_VECTORS] = record->value ? record->value : 1;
    if (op == VS_OP_PV_CFG_WRITE) {
        set_fact(verdict, VS_FACT_IS_WRITE, true);
        quantity[VS_Q_CYCLES_TRAILING] = 1;
    }
    if (!function)
        return;
    function_facts(function, verdict);
    if (op < VS_OP_DEVICE_ADD || (op > VS_OP_DEVICE_DEASSIGN && op != VS_OP_DEVICE_RESET))
        return;
    const struct vs_layout *layout = &function->layout;
    quantity[VS_Q_HANDLER_NODES] = function->handlers.count;
    quantity[VS_Q_CAPABILITIES] = (uint32_t)layout->capability_count + layout->extended_count;
    quantity[VS_Q_BARSIZE_CYCLES] = size_cycles(layout);
    quantity[VS_Q_VECTORS] = bound_vectors(function);
    for (unsigned int i = 0; i < VS_BAR_COUNT; i++)
        quantity[VS_Q_BARS] +=
            layout->bars[i].kind == VS_BAR_MEM32 || layout->bars[i].kind == VS_BAR_MEM64;
}
