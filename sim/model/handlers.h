/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The register handlers that Xen installs for a function, and the walk of
 * vpci_read and vpci_write over them.
 */
#ifndef VS_MODEL_HANDLERS_H
#define VS_MODEL_HANDLERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config_space.h"

enum vs_handler_kind {
    VS_HANDLER_COMMAND,
    VS_HANDLER_STATUS,   /* guest */
    VS_HANDLER_BAR,      /* memory BAR, either half */
    VS_HANDLER_BAR_VOID, /* guest: I/O BAR, unimplemented BAR, ROM: reads 0 */
    VS_HANDLER_ROM,
    VS_HANDLER_CAPABILITY,    /* list pointer, next pointers, extended headers */
    VS_HANDLER_CAPABILITY_ID, /* guest: the id, read from the device */
    VS_HANDLER_MSI_CONTROL,
    VS_HANDLER_MSI_ADDRESS, /* address, upper address and data */
    VS_HANDLER_MSI_MASK,
    VS_HANDLER_MSIX_CONTROL,
    VS_HANDLER_REBAR,
    VS_HANDLER_KIND_COUNT
};

struct vs_handler {
    uint16_t offset;
    uint8_t size; /* 1, 2 or 4 */
    uint8_t kind; /* enum vs_handler_kind */
    uint8_t bar;  /* BAR and REBAR: which, of a 64-bit BAR the lower half's */
};

/* 3 header registers, 7 BARs, 2 x 48 + 1 capabilities, 96 extended, 6 MSI(-X), 6 rebar. */
#define VS_HANDLERS_MAX 224

/* Sorted by offset, without overlaps, as vpci->handlers is. */
struct vs_handlers {
    uint16_t count;
    bool hardware_domain; /* whose list it is */
    uint16_t first[65];   /* first node that ends after 4 * i; [64]: after 256 */
    struct vs_handler node[VS_HANDLERS_MAX];
};

/* The list as installed for the hardware domain or for another one. */
void vs_handlers_build(struct vs_handlers *handlers, const struct vs_layout *layout,
                       bool hardware_domain);

/* One piece of a split access. */
struct vs_piece {
    uint16_t reg;
    uint8_t size;    /* 1..4 */
    int16_t handler; /* index, or -1: straight to the device */
    bool trailing;   /* after the last handler: done after the locks are dropped */
};

#define VS_PIECES_MAX 8 /* 4 bytes: at most 4 handlers and 4 gaps */

struct vs_split {
    uint16_t nodes; /* of the list that the walk looked at */
    uint8_t count;
    struct vs_piece piece[VS_PIECES_MAX];
};

/* Split [reg, reg + size) as vpci_read and vpci_write do. */
void vs_handlers_split(const struct vs_handlers *handlers, uint16_t reg, uint8_t size,
                       struct vs_split *split);

#endif
