/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One PCI function as Xen's vPCI holds it while the trace runs: layout and
 * handlers, and the emulated state that decides the class of a write (are the
 * BARs mapped, is MSI on, which MSI-X entries are live).
 */
#ifndef VS_MODEL_FUNCTION_H
#define VS_MODEL_FUNCTION_H

#include <stdbool.h>
#include <stdint.h>

#include "config_space.h"
#include "handlers.h"
#include "operation.h"

/* How well a piece of state is known. */
enum vs_knowledge {
    VS_KNOWN_NEVER, /* nothing in the trace said it yet */
    VS_KNOWN_STALE, /* it was known, then records were lost */
    VS_KNOWN_SURE
};

struct vs_bar_state {
    uint64_t address;
    bool address_known;
    bool enabled; /* bar->enabled: mapped in the p2m */
};

/* Bits of an MSI-X entry (struct vpci_msix_entry), and what we do not know of it. */
enum vs_msix_entry {
    VS_ENTRY_MASKED = 1,
    VS_ENTRY_UPDATED = 2,
    VS_ENTRY_BOUND = 4,
    VS_ENTRY_UNKNOWN = 8
};

struct vs_function {
    struct vs_config_space space;
    struct vs_layout layout;
    struct vs_handlers handlers;

    uint8_t decode_known; /* enum vs_knowledge */
    bool bars_mapped;
    struct vs_bar_state bar[VS_BAR_COUNT];
    bool rom_known, rom_enabled; /* the ROM's own enable bit */

    uint8_t msi_known;
    bool msi_enabled;
    uint8_t msi_vectors;
    bool msi_mask_known;
    uint32_t msi_mask;

    uint8_t msix_known;
    bool msix_enabled, msix_masked;
    bool msix_table_seen; /* the trace has table accesses of this function at all */
    uint8_t *msix_entry;  /* enum vs_msix_entry per entry; NULL: none known */
    uint16_t msix_entry_count;

    uint32_t generation; /* of the trace's gaps: see vs_function_age */
};

/* Everything but space zeroed; space from the snapshot.  VS_ERR_MEMORY. */
int vs_function_init(struct vs_function *function, const struct vs_trace_device *device);
void vs_function_free(struct vs_function *function);

/* After learning: decode the layout, install handlers for the owner, take the
 * state at the start of the trace.  VS_ERR_MEMORY. */
int vs_function_start(struct vs_function *function, bool hardware_domain);
/* State as Xen makes it when it (re)creates vPCI for the function (device add,
 * reset, assignment): MSI off, handlers for the new owner.  Decoding is off for a
 * guest, for the hardware domain as the device has it. */
void vs_function_restart(struct vs_function *function, bool hardware_domain);

/* Records were lost since generation: what was sure is stale. */
void vs_function_age(struct vs_function *function, uint32_t generation);

/* Memory decoding is now mapped: every BAR follows (header.c:modify_decoding). */
void vs_function_set_decode(struct vs_function *function, bool mapped);

/* p2m entries that (un)mapping takes, as map_mmio_regions picks orders 4K, 2M and 1G:
 * count pages from page start. */
uint64_t vs_map_entries(uint64_t start, uint64_t count);
/* The same for a toggle: all BARs that are not in the wanted state yet (rom_only: the
 * ROM alone), without the pages of the MSI-X table and PBA.  *assumed is set when
 * a size was not known and VS_ASSUMED_BAR_BYTES was taken; *bars counts BARs. */
uint64_t vs_function_map_entries(const struct vs_function *function, bool map, bool rom_only,
                                 uint32_t *bars, bool *assumed);

/* Assumption, labelled as such: a BAR of unknown size is 16 KiB (the size of NVMe and
 * xHCI register BARs), four entries. */
#define VS_ASSUMED_BAR_BYTES 16384u

#endif
