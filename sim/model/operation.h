/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What vPCI is asked to do: the operation classes (O1..O14) and events
 * (E1..E11) that every locking policy states a program for.  The table in
 * operation.c is the one place that says for each of them which registers and
 * values make it, the Xen function that does it and the source.
 */
#ifndef VS_MODEL_OPERATION_H
#define VS_MODEL_OPERATION_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Classes in order of the label.  The order is part of the result's identity
 * (rows, ties in "most contended"): append only.
 */
enum vs_op {
    VS_OP_READ_ABSENT,       /* O1  no such device, or it has no vPCI */
    VS_OP_WRITE_ABSENT,      /* O1 */
    VS_OP_READ_PASSTHROUGH,  /* O2  meets no handler */
    VS_OP_WRITE_PASSTHROUGH, /* O2 */
    VS_OP_READ_HARDWARE,     /* O3  handler that reads the device (command, BAR, ROM) */
    VS_OP_READ_MEMORY,       /* O3  handler that answers from memory (MSI, guest BAR) */
    VS_OP_WRITE_COMMAND,     /* O4a command register, memory decoding unchanged */
    VS_OP_TOGGLE_DECODE,     /* O4b command register, memory decoding toggled: modify_bars */
    VS_OP_WRITE_BAR,         /* O5a BAR that is not mapped */
    VS_OP_WRITE_BAR_MAPPED,  /* O5b BAR that is mapped: ignored */
    VS_OP_WRITE_BAR_VOID,    /* O5c unimplemented or I/O BAR of a guest: read-0 handler */
    VS_OP_WRITE_ROM,         /* O6a expansion ROM, mapping unchanged */
    VS_OP_TOGGLE_ROM,        /* O6b expansion ROM enable toggled with decoding on: modify_bars */
    VS_OP_MSI_ENABLE,        /* O7a MSI control: off to on (or the vector count changes) */
    VS_OP_MSI_DISABLE,       /* O7a MSI control: on to off */
    VS_OP_MSI_CONTROL,       /* O7a MSI control: enable unchanged, memory only */
    VS_OP_MSI_ADDRESS,       /* O7b MSI address or data (rebinds while enabled) */
    VS_OP_MSI_MASK,          /* O7c MSI mask bits */
    VS_OP_MSIX_ENABLE,       /* O8  MSI-X control: entries become live */
    VS_OP_MSIX_DISABLE,      /* O8  MSI-X control: on to off */
    VS_OP_MSIX_CONTROL,      /* O8  MSI-X control: nothing starts or stops */
    VS_OP_MSIX_TABLE_READ,   /* O9  MSI-X table or PBA read */
    VS_OP_MSIX_TABLE_WRITE,  /* O9  MSI-X table write: entry field or mask bit */
    VS_OP_MSIX_TABLE_UNMASK, /* O9  MSI-X table write that unmasks an updated entry: rebinds */
    VS_OP_MMIO_WALK,         /* O9  other trapped MMIO that walks msix_accept */
    VS_OP_RESIZE_BAR,        /* O10 resizable BAR control */
    VS_OP_WRITE_SRIOV,       /* O11 SR-IOV capability: no handler upstream */
    VS_OP_MAP_PENDING,       /* O12, E5  deferred (un)map at the vCPU's next entry */
    VS_OP_READ_STATUS,       /* O13 status register of a guest */
    VS_OP_WRITE_STATUS,      /* O13 */
    VS_OP_READ_CAPABILITY,   /* O14 capability list pointer or header */
    VS_OP_WRITE_CAPABILITY,  /* O14 */
    VS_OP_DEVICE_ADD,        /* E1 */
    VS_OP_DEVICE_REMOVE,     /* E2 */
    VS_OP_DEVICE_ASSIGN,     /* E3 */
    VS_OP_DEVICE_DEASSIGN,   /* E3 */
    VS_OP_DOMAIN_DESTROY,    /* E4 */
    VS_OP_DUMP,              /* E6  debug key 'M' */
    VS_OP_DEVICE_RESET,      /* E7 */
    VS_OP_MMCFG_RESERVED,    /* E8 */
    VS_OP_MSI_MAP,           /* E9  MSI map hypercall */
    VS_OP_MSI_UNMAP,         /* E9  MSI unmap hypercall */
    VS_OP_IOMMU_FAULT,       /* E10 */
    VS_OP_PV_CFG_WRITE,      /* E11 PV dom0's config write, reg 64..255: not vPCI */
    VS_OP_COUNT
};

/*
 * How much of something one operation does.  A policy's "work" and "repeat"
 * steps multiply by these; the model computes them from the access and the
 * device.  Values are per shape (struct vs_shape).
 */
enum vs_quantity {
    VS_Q_HANDLER_NODES,   /* nodes of vpci->handlers visited before the walk ends */
    VS_Q_CYCLES_LOCKED,   /* leading and middle gaps: hardware cycles inside the handler walk */
    VS_Q_CYCLES_TRAILING, /* trailing gap: hardware cycles after the handler walk */
    VS_Q_CYCLES_HANDLER,  /* hardware cycles that the handlers themselves make */
    VS_Q_HANDLERS,        /* handlers that the access overlaps */
    VS_Q_VECTORS,         /* MSI or MSI-X vectors (un)bound */
    VS_Q_MASK_BITS,       /* MSI mask bits that change */
    VS_Q_BARS,            /* BARs touched, ROM included */
    VS_Q_BARSIZE_CYCLES,  /* config cycles to size the BARs of a device that is added or reset */
    VS_Q_MAP_ENTRIES,     /* p2m entries (any order) that a deferred map changes */
    VS_Q_MAP_SLICES,      /* slices of at most 64 entries: ceil(map entries / 64), at least 1 */
    VS_Q_CAPABILITIES,    /* capabilities (legacy and extended) of the device */
    VS_Q_COUNT
};

/* What a program may branch on and that is fixed for an operation. */
enum vs_fact {
    VS_FACT_VIA_ECAM,        /* the guest used memory-mapped configuration */
    VS_FACT_HW_CONF1,        /* the hardware cycle is 0xCF8/0xCFC: segment 0, reg < 256 */
    VS_FACT_HARDWARE_DOMAIN, /* the caller is the hardware domain */
    VS_FACT_HAS_MSI,
    VS_FACT_HAS_MSIX,
    VS_FACT_IS_WRITE,        /* a config or MSI-X write */
    VS_FACT_MSI_ENABLED,     /* MSI is on at the time of the access */
    VS_FACT_ROM_ONLY,        /* modify_bars for the ROM alone */
    VS_FACT_HEADER_REGISTER, /* overlaps command or ROM: what the 2022 patch tested for write mode
                              */
    VS_FACT_INJECTED,        /* put there by inject */
    VS_FACT_HIDDEN,          /* the device is dom_xen's; replay never sets it (GRAMMAR.md) */
    VS_FACT_VIRTUAL,         /* it is a virtual function; replay never sets it */
    VS_FACT_COUNT
};

struct vs_op_info {
    const char *name;     /* "toggle-decode": policies, database, plots */
    const char *label;    /* "O4b" */
    const char *summary;  /* one line for a person */
    const char *when;     /* registers and values that make it */
    const char *function; /* Xen function(s) that do it */
    const char *source;   /* Xen file at commit c447b7308b, or other */
    bool is_access;       /* false for events */
    bool is_write;
    bool defers; /* ends in VS_OP_MAP_PENDING on the same vCPU */
};

/* The table: VS_OP_COUNT entries, indexed by enum vs_op. */
extern const struct vs_op_info vs_op_table[VS_OP_COUNT];

/* enum vs_op for a name, or -1. */
int vs_op_from_name(const char *name);
/* Lower-case-hyphen names ("handler-nodes", "via-ecam"); NULL past the end. */
const char *vs_quantity_name(enum vs_quantity quantity);
int vs_quantity_from_name(const char *name);
const char *vs_fact_name(enum vs_fact fact);
int vs_fact_from_name(const char *name);

#endif
