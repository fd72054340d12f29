/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What one PCI function looks like: its config space as it was when the trace
 * began, pieced together from the snapshot and from what the traffic reveals,
 * and the layout decoded from it (header type, BARs, capabilities).
 *
 * Xen knows a function's layout before the guest's first access, since it reads
 * the device itself.  So a trace is read twice: first every access of the
 * function goes through vs_config_learn, then vs_config_decode fixes the layout
 * and accesses are classed with it.
 */
#ifndef VS_MODEL_CONFIG_SPACE_H
#define VS_MODEL_CONFIG_SPACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace.h"

#define VS_BAR_COUNT 7 /* six BARs and the ROM, as struct vpci_header has them */
#define VS_BAR_ROM   6

enum vs_bar_kind {
    VS_BAR_UNKNOWN, /* the trace never showed the register */
    VS_BAR_NONE,    /* unimplemented */
    VS_BAR_IO,
    VS_BAR_MEM32,
    VS_BAR_MEM64,
    VS_BAR_HIGH /* upper half of the 64-bit BAR before it */
};

struct vs_bar_layout {
    enum vs_bar_kind kind;
    uint64_t size_bytes; /* 0: unknown */
    uint64_t address;    /* at the start; 0 where unknown or unassigned */
    bool address_known;
};

/* PCI_FIND_CAP_TTL in Xen's xen/include/xen/pci.h: at most 48 legacy capabilities. */
#define VS_CAPABILITIES_MAX 48
/* (4096 - 256) / 8 extended headers fit; Xen has no limit but the space. */
#define VS_EXTENDED_MAX 96
#define VS_REBAR_MAX    6

/* Layout: fixed for the life of the function.  Positions are 0 where there is none. */
struct vs_layout {
    bool header_known; /* header type seen; else type 0 is assumed */
    uint8_t header_type;
    uint8_t bar_count;     /* 6, 2, or 0 for header types without vPCI support */
    uint16_t rom_register; /* 0x30, 0x38, or 0 */
    struct vs_bar_layout bars[VS_BAR_COUNT];
    bool capability_list; /* status bit 4, or a pointer was seen */
    uint8_t capability_count;
    uint8_t capability[VS_CAPABILITIES_MAX];    /* positions, in list order */
    uint8_t capability_id[VS_CAPABILITIES_MAX]; /* 0 where unknown */
    bool extended;                              /* has an extended space */
    uint8_t extended_count;
    uint16_t extended_position[VS_EXTENDED_MAX];
    uint8_t msi;
    bool msi_64bit, msi_maskable, msi_control_known;
    uint8_t msi_vectors; /* what the device can do, 1..32 */
    uint8_t msix;
    bool msix_control_known;
    uint16_t msix_entries; /* 0: unknown */
    bool msix_table_known;
    uint8_t msix_table_bar, msix_pba_bar;
    uint32_t msix_table_offset, msix_pba_offset;
    uint16_t sriov;
    uint8_t rebar_count;
    uint16_t rebar_register[VS_REBAR_MAX];
    uint8_t rebar_bar[VS_REBAR_MAX];
};

/* How a BAR's size is being asked for: all ones written, not read back yet. */
struct vs_bar_probe {
    bool asked;    /* all ones written, answer not read yet */
    bool answered; /* answer is what the device said to all ones */
    uint32_t answer;
};

/*
 * Bytes of config space as first seen.  known: one bit per byte; written: bytes
 * that were written before they were first read, so that what was read says
 * what is there (read-only fields) but not how the trace began.
 */
struct vs_config_space {
    uint8_t *bytes; /* with known and written in one allocation */
    uint8_t *known, *written;
    uint16_t size_bytes; /* 256 or 4096 */
    bool snapshot;       /* a capturer or importer gave the content */
    bool has_extended;   /* an extended register answered */
    uint64_t stated_size[VS_BAR_COUNT];
    struct vs_bar_probe probe[VS_BAR_COUNT];
    struct vs_bar_probe probe_rom[2]; /* 0x30 and 0x38: the header type may come later */
};

/* Start with device's snapshot (NULL: none).  VS_ERR_MEMORY.  Free with vs_config_free. */
int vs_config_init(struct vs_config_space *space, const struct vs_trace_device *device);
void vs_config_free(struct vs_config_space *space);

/*
 * Learn from one access: the first read shows what is there, all ones written
 * to a BAR and read back show its size.  What lies beyond 4096 is ignored.
 * VS_ERR_MEMORY when the space has to grow and cannot.
 */
int vs_config_learn(struct vs_config_space *space, uint16_t reg, uint8_t size, uint32_t value,
                    bool is_write);

/* Decode what is known into layout. */
void vs_config_decode(const struct vs_config_space *space, struct vs_layout *layout);

/* The value of 1, 2 or 4 bytes as first seen.  False where a byte is not known. */
bool vs_config_value(const struct vs_config_space *space, uint16_t reg, uint8_t size,
                     uint32_t *value);
/* The same when the trace began: false also where a write came before. */
bool vs_config_initial(const struct vs_config_space *space, uint16_t reg, uint8_t size,
                       uint32_t *value);

#endif
