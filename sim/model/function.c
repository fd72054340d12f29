/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * State of one function.  What Xen would hold at the start of a trace is taken
 * from the config space as first seen: a function with decoding on has its BARs
 * mapped (init_header ends in modify_bars), MSI control tells MSI's state.
 */
#include "function.h"

#include <stdlib.h>
#include <string.h>

#define REG_COMMAND    0x04
#define COMMAND_MEMORY 0x02

#define PAGE_SHIFT 12
#define PAGES_2M   UINT64_C(512)
#define PAGES_1G   UINT64_C(262144)

int vs_function_init(struct vs_function *function, const struct vs_trace_device *device)
{
    memset(function, 0, sizeof(*function));
    return vs_config_init(&function->space, device);
}

void vs_function_free(struct vs_function *function)
{
    vs_config_free(&function->space);
    free(function->msix_entry);
    function->msix_entry = NULL;
}

/* msix.c:init_msix masks every entry.  On when the trace begins: set up by someone unseen. */
static int start_msix(struct vs_function *function)
{
    const struct vs_layout *layout = &function->layout;
    uint32_t control;

    if (layout->msix &&
        vs_config_initial(&function->space, (uint16_t)(layout->msix + 2), 2, &control)) {
        function->msix_known = VS_KNOWN_SURE;
        function->msix_enabled = control & 0x8000;
        function->msix_masked = control & 0x4000;
    }
    if (!function->msix_table_seen)
        return VS_OK;
    function->msix_entry_count = layout->msix_entries ? layout->msix_entries : 2048;
    function->msix_entry = malloc(function->msix_entry_count);
    if (!function->msix_entry)
        return VS_ERR_MEMORY;
    bool fresh = function->msix_known == VS_KNOWN_SURE && !function->msix_enabled;
    memset(function->msix_entry, fresh ? VS_ENTRY_MASKED : VS_ENTRY_UNKNOWN,
           function->msix_entry_count);
    return VS_OK;
}

static void start_msi(struct vs_function *function)
{
    const struct vs_layout *layout = &function->layout;
    uint32_t control;

    if (!layout->msi ||
        !vs_config_initial(&function->space, (uint16_t)(layout->msi + 2), 2, &control))
        return;
    function->msi_known = VS_KNOWN_SURE;
    function->msi_enabled = control & 1;
    unsigned int vectors = 1u << (control >> 4 & 7);
    function->msi_vectors =
        (uint8_t)(vectors > layout->msi_vectors ? layout->msi_vectors : vectors);
}

int vs_function_start(struct vs_function *function, bool hardware_domain)
{
    uint32_t command, rom;

    vs_config_decode(&function->space, &function->layout);
    vs_handlers_build(&function->handlers, &function->layout, hardware_domain);
    for (unsigned int i = 0; i < VS_BAR_COUNT; i++) {
        function->bar[i].address = function->layout.bars[i].address;
        function->bar[i].address_known = function->layout.bars[i].address_known;
    }
    if (function->layout.rom_register &&
        vs_config_initial(&function->space, function->layout.rom_register, 4, &rom)) {
        function->rom_known = true;
        function->rom_enabled = rom & 1;
    }
    if (vs_config_initial(&function->space, REG_COMMAND, 1, &command))
        vs_function_set_decode(function, command & COMMAND_MEMORY);
    start_msi(function);
    return start_msix(function);
}

void vs_function_restart(struct vs_function *function, bool hardware_domain)
{
    if (function->handlers.hardware_domain != hardware_domain)
        vs_handlers_build(&function->handlers, &function->layout, hardware_domain);
    function->msi_known = function->msix_known = VS_KNOWN_SURE;
    function->msi_enabled = function->msix_enabled = function->msix_masked = false;
    function->msi_vectors = 1;
    function->msi_mask = 0;
    function->msi_mask_known = true;
    if (function->msix_entry)
        memset(function->msix_entry, VS_ENTRY_MASKED, function->msix_entry_count);
    /* init_header switches decoding off for guests, "so they will always start" so. */
    if (!hardware_domain)
        vs_function_set_decode(function, false);
}

void vs_function_age(struct vs_function *function, uint32_t generation)
{
    if (function->generation == generation)
        return;
    function->generation = generation;
    uint8_t *knowledge[] = {&function->decode_known, &function->msi_known, &function->msix_known};
    for (unsigned int i = 0; i < sizeof(knowledge) / sizeof(knowledge[0]); i++) {
        if (*knowledge[i] == VS_KNOWN_SURE)
            *knowledge[i] = VS_KNOWN_STALE;
    }
    function->rom_known = function->msi_mask_known = false;
    for (unsigned int i = 0; i < function->msix_entry_count; i++)
        function->msix_entry[i] |= VS_ENTRY_UNKNOWN;
}

/* pci_check_bar refuses what lies in RAM; an unassigned BAR (0) does. */
static bool mappable(const struct vs_function *function, unsigned int i)
{
    enum vs_bar_kind kind = function->layout.bars[i].kind;
    if (kind != VS_BAR_MEM32 && kind != VS_BAR_MEM64)
        return false;
    return !function->bar[i].address_known || function->bar[i].address != 0;
}

void vs_function_set_decode(struct vs_function *function, bool mapped)
{
    function->decode_known = VS_KNOWN_SURE;
    function->bars_mapped = mapped;
    for (unsigned int i = 0; i < VS_BAR_COUNT; i++) {
        bool wanted = mapped && (i != VS_BAR_ROM || function->rom_enabled);
        /* Unmapping always clears; mapping skips what cannot be mapped. */
        function->bar[i].enabled =
            wanted && (mappable(function, i) || function->layout.bars[i].kind == VS_BAR_UNKNOWN);
    }
}

/* ----------------------------------------------------------------- mappings */

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/*
 * xen/arch/x86/mm/p2m.c: map_mmio_regions with mmio_order: the largest order that
 * start is aligned to and count still holds.  Host and guest frame are equal for
 * the hardware domain.
 */
uint64_t vs_map_entries(uint64_t start, uint64_t count)
{
    uint64_t entries = 0;
    uint64_t head = smaller(count, (PAGES_2M - start % PAGES_2M) % PAGES_2M);
    entries += head; /* 4K up to a 2M boundary */
    start += head;
    count -= head;
    uint64_t middle =
        smaller(count / PAGES_2M, (PAGES_1G - start % PAGES_1G) % PAGES_1G / PAGES_2M);
    entries += middle; /* 2M up to a 1G boundary */
    count -= middle * PAGES_2M;
    entries += count / PAGES_1G;
    count %= PAGES_1G;
    return entries + count / PAGES_2M + count % PAGES_2M;
}

/* Entries of [first, last] without the hole [hole_first, hole_last], which is
 * appended to the result by cutting the range in two. */
struct page_range {
    uint64_t first, last; /* inclusive; first > last: empty */
};

static unsigned int cut(struct page_range *ranges, unsigned int count, struct page_range hole)
{
    unsigned int kept = count;
    for (unsigned int i = 0; i < count; i++) {
        struct page_range *range = &ranges[i];
        if (range->first > range->last || hole.first > range->last || hole.last < range->first)
            continue;
        struct page_range rest = {hole.last + 1, range->last};
        if (hole.first <= range->first) {
            *range = rest;
            continue;
        }
        range->last = hole.first - 1;
        ranges[kept++] = rest; /* may be empty */
    }
    return kept;
}

static struct page_range pages(uint64_t address, uint64_t size_bytes)
{
    return (struct page_range){address >> PAGE_SHIFT, (address + size_bytes - 1) >> PAGE_SHIFT};
}

static uint64_t bar_entries(const struct vs_function *function, unsigned int i, uint64_t size_bytes)
{
    const struct vs_layout *layout = &function->layout;
    /* Unknown place: BARs are aligned to their size. */
    uint64_t address = function->bar[i].address_known ? function->bar[i].address : size_bytes;
    struct page_range ranges[4] = {pages(address, size_bytes)};
    unsigned int count = 1;
    uint64_t entries = 0;

    if (layout->msix && layout->msix_table_known && layout->msix_entries) {
        uint64_t entry_count = layout->msix_entries;
        if (layout->msix_table_bar == i)
            count =
                cut(ranges, count, pages(address + layout->msix_table_offset, entry_count * 16));
        if (layout->msix_pba_bar == i)
            count = cut(ranges, count,
                        pages(address + layout->msix_pba_offset, (entry_count + 63) / 64 * 8));
    }
    for (unsigned int n = 0; n < count; n++) {
        if (ranges[n].first <= ranges[n].last)
            entries += vs_map_entries(ranges[n].first, ranges[n].last - ranges[n].first + 1);
    }
    return entries;
}

uint64_t vs_function_map_entries(const struct vs_function *function, bool map, bool rom_only,
                                 uint32_t *bars, bool *assumed)
{
    uint64_t entries = 0;

    *bars = 0;
    *assumed = false;
    for (unsigned int i = 0; i < VS_BAR_COUNT; i++) {
        const struct vs_bar_layout *layout = &function->layout.bars[i];
        bool unknown = layout->kind == VS_BAR_UNKNOWN;
        if (!unknown && !mappable(function, i))
            continue;
        if (rom_only ? i != VS_BAR_ROM : i == VS_BAR_ROM && !function->rom_enabled)
            continue;
        if (function->decode_known != VS_KNOWN_NEVER && function->bar[i].enabled == map)
            continue;
        *assumed |= !layout->size_bytes;
        *bars += 1;
        entries += bar_entries(function, i,
                               layout->size_bytes ? layout->size_bytes : VS_ASSUMED_BAR_BYTES);
    }
    return entries;
}
