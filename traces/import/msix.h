/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where devices' MSI-X tables and pending-bit arrays lie in memory, from their
 * config-space snapshots.  vPCI emulates accesses to them (class O9).
 */
#ifndef VS_TRACES_IMPORT_MSIX_H
#define VS_TRACES_IMPORT_MSIX_H

#include <stdbool.h>

#include "trace.h"

struct vs_msix_range {
    uint64_t first, last; /* addresses, inclusive */
    uint32_t sbdf;
    uint16_t reg; /* of first: 0 for a table; a PBA counts on behind its table's end */
};

struct vs_msix_map {
    struct vs_msix_range *ranges;
    size_t count;
};

/* Collect the ranges of every device whose snapshot has an MSI-X capability in an assigned
 * memory BAR.  Returns 0 or VS_ERR_MEMORY.  Free with vs_msix_map_free. */
int vs_msix_map_build(const struct vs_trace_meta *meta, struct vs_msix_map *map,
                      struct vs_error *error);
void vs_msix_map_free(struct vs_msix_map *map);
/* The range that holds address, or NULL. */
const struct vs_msix_range *vs_msix_map_find(const struct vs_msix_map *map, uint64_t address);

#endif
