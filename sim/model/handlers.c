/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which handlers a function gets, from Xen's init_header (header.c),
 * vpci_init_capability_list, vpci_init_ext_capability_list (cap.c), init_msi,
 * init_msix and init_rebar, and the walk of vpci.c:vpci_read/vpci_write, all at
 * commit c447b7308b.  A register that overlaps an earlier one is refused
 * (vpci_add_register: -EEXIST), so the order below is the order of Xen's init.
 */
#include "handlers.h"

#include <string.h>

/* Insert sorted; drop what overlaps, as Xen does. */
static void add(struct vs_handlers *handlers, unsigned int offset, uint8_t size,
                enum vs_handler_kind kind, uint8_t bar)
{
    unsigned int at = 0;
    if (handlers->count == VS_HANDLERS_MAX || offset + size > 4096)
        return;
    while (at < handlers->count && handlers->node[at].offset < offset)
        at++;
    if (at > 0 && handlers->node[at - 1].offset + handlers->node[at - 1].size > offset)
        return;
    if (at < handlers->count && handlers->node[at].offset < offset + size)
        return;
    memmove(&handlers->node[at + 1], &handlers->node[at],
            (handlers->count - at) * sizeof(handlers->node[0]));
    handlers->node[at] = (struct vs_handler){
        .offset = (uint16_t)offset, .size = size, .kind = (uint8_t)kind, .bar = bar};
    handlers->count++;
}

static void add_bars(struct vs_handlers *handlers, const struct vs_layout *layout)
{
    for (unsigned int i = 0; i < layout->bar_count; i++) {
        enum vs_bar_kind kind = layout->bars[i].kind;
        unsigned int offset = 0x10 + 4 * i;
        bool memory = kind != VS_BAR_NONE && kind != VS_BAR_IO;
        if (memory)
            add(handlers, offset, 4, VS_HANDLER_BAR, (uint8_t)(kind == VS_BAR_HIGH ? i - 1 : i));
        else if (!handlers->hardware_domain)
            add(handlers, offset, 4, VS_HANDLER_BAR_VOID, (uint8_t)i);
    }
    if (!layout->rom_register)
        return;
    /* header.c: ROM BARs are for the hardware domain only; a guest reads 0. */
    if (!handlers->hardware_domain)
        add(handlers, layout->rom_register, 4, VS_HANDLER_BAR_VOID, VS_BAR_ROM);
    else if (layout->bars[VS_BAR_ROM].kind != VS_BAR_NONE)
        add(handlers, layout->rom_register, 4, VS_HANDLER_ROM, VS_BAR_ROM);
}

static void add_capabilities(struct vs_handlers *handlers, const struct vs_layout *layout)
{
    bool hardware_domain = handlers->hardware_domain;
    if (layout->capability_list)
        add(handlers, 0x34, 1, VS_HANDLER_CAPABILITY, 0);
    for (unsigned int i = 0; i < layout->capability_count; i++) {
        uint8_t at = layout->capability[i];
        /* A guest sees MSI and MSI-X only (supported_caps). */
        if (!hardware_domain && at != layout->msi && at != layout->msix)
            continue;
        if (!hardware_domain)
            add(handlers, at, 1, VS_HANDLER_CAPABILITY_ID, 0);
        add(handlers, at + 1u, 1, VS_HANDLER_CAPABILITY, 0);
    }
    if (!hardware_domain)
        add(handlers, 0x06, 2, VS_HANDLER_STATUS, 0);
    if (!layout->extended)
        return;
    /* A guest's first extended header reads 0: there are none for it. */
    unsigned int count = hardware_domain ? layout->extended_count : 1;
    for (unsigned int i = 0; i < count && i < layout->extended_count; i++)
        add(handlers, layout->extended_position[i], 4, VS_HANDLER_CAPABILITY, 0);
}

static void add_interrupts(struct vs_handlers *handlers, const struct vs_layout *layout)
{
    if (layout->msi) {
        unsigned int at = layout->msi;
        unsigned int wide = layout->msi_64bit ? 4 : 0;
        add(handlers, at + 2, 2, VS_HANDLER_MSI_CONTROL, 0);
        add(handlers, at + 4, 4, VS_HANDLER_MSI_ADDRESS, 0);
        add(handlers, at + 8 + wide, 2, VS_HANDLER_MSI_ADDRESS, 0);
        if (layout->msi_64bit)
            add(handlers, at + 8, 4, VS_HANDLER_MSI_ADDRESS, 0);
        if (layout->msi_maskable)
            add(handlers, at + 0xc + wide, 4, VS_HANDLER_MSI_MASK, 0);
    }
    if (layout->msix)
        add(handlers, layout->msix + 2u, 2, VS_HANDLER_MSIX_CONTROL, 0);
}

void vs_handlers_build(struct vs_handlers *handlers, const struct vs_layout *layout,
                       bool hardware_domain)
{
    memset(handlers, 0, sizeof(*handlers));
    handlers->hardware_domain = hardware_domain;
    add(handlers, 0x04, 2, VS_HANDLER_COMMAND, 0);
    add_bars(handlers, layout);
    add_capabilities(handlers, layout);
    add_interrupts(handlers, layout);
    for (unsigned int i = 0; hardware_domain && i < layout->rebar_count; i++)
        add(handlers, layout->rebar_register[i], 4, VS_HANDLER_REBAR, layout->rebar_bar[i]);

    uint16_t node = 0;
    for (unsigned int i = 0; i <= 64; i++) {
        while (node < handlers->count &&
               handlers->node[node].offset + handlers->node[node].size <= 4 * i)
            node++;
        handlers->first[i] = node;
    }
}

static void add_piece(struct vs_split *split, unsigned int reg, unsigned int size, int handler,
                      bool trailing)
{
    split->piece[split->count++] = (struct vs_piece){.reg = (uint16_t)reg,
                                                     .size = (uint8_t)size,
                                                     .handler = (int16_t)handler,
                                                     .trailing = trailing};
}

void vs_handlers_split(const struct vs_handlers *handlers, uint16_t reg, uint8_t size,
                       struct vs_split *split)
{
    unsigned int at = reg, end = (unsigned int)reg + size;
    unsigned int node = handlers->first[reg < 256 ? reg / 4 : 64];

    split->count = 0;
    for (; node < handlers->count; node++) {
        const struct vs_handler *handler = &handlers->node[node];
        unsigned int handler_end = (unsigned int)handler->offset + handler->size;
        if (handler_end <= at)
            continue;
        if (handler->offset >= end) {
            node++; /* looked at, and found to lie behind */
            break;
        }
        if (at < handler->offset) {
            add_piece(split, at, handler->offset - at, -1, false);
            at = handler->offset;
        }
        unsigned int stop = handler_end < end ? handler_end : end;
        add_piece(split, at, stop - at, (int)node, false);
        at = stop;
        if (at == end) {
            node++;
            break;
        }
    }
    split->nodes = (uint16_t)node;
    if (at < end)
        add_piece(split, at, end - at, -1, true);
}
