/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How wide was each access?  xentrace does not say.  But one instruction has one
 * width and one direction, so all accesses of a RIP are one cluster and share
 * their evidence:
 *
 *   bounds    alignment bounds the size from above (vPCI ignores unaligned
 *             accesses: vpci_access_allowed), the value from below (values are
 *             zero-extended, and what vPCI reads is masked to the size);
 *   contents  where a register's 4 bytes are known (a snapshot, or a read of the log that must
 *             have been 4 bytes wide), a read of fewer bytes shows only its low part;
 *   register  what size software uses for a well-known register;
 *   smallest  else the smallest size that fits all, or, where no value is known, the largest
 *             that the alignment allows.
 *
 * 8 bytes is believed only where the log shows a high half, which it does only
 * for addresses above 4 GiB.
 */
#include <stdlib.h>
#include <string.h>

#include "import/import.h"
#include "import/xen_access.h"

struct vs_xen_access *vs_xen_accesses_add(struct vs_xen_accesses *accesses)
{
    if (accesses->count == accesses->room) {
        size_t room = accesses->room ? accesses->room * 2 : 4096;
        struct vs_xen_access *grown;

        if (room > UINT32_MAX) /* `previous` could not name it */
            return NULL;
        grown = reallocarray(accesses->items, room, sizeof(*grown));
        if (!grown)
            return NULL;
        accesses->items = grown;
        accesses->room = room;
    }
    accesses->items[accesses->count] = (struct vs_xen_access){0};
    return &accesses->items[accesses->count++];
}

void vs_xen_accesses_free(struct vs_xen_accesses *accesses)
{
    free(accesses->items);
    *accesses = (struct vs_xen_accesses){0};
}

/* --------------------------------------------------------------- hash tables */

/* A key of 64 bits to a slot number, by open addressing; slots are never removed. */
struct table {
    uint64_t *keys; /* 0: free (keys are made non-zero) */
    size_t size;    /* a power of two, at least twice what is put in */
};

static bool table_make(struct table *table, size_t entries)
{
    table->size = 1024;
    while (table->size < 2 * entries)
        table->size *= 2;
    table->keys = calloc(table->size, sizeof(*table->keys));
    return table->keys;
}

/* The slot of key: where it is, or where it would go. */
static size_t table_slot(const struct table *table, uint64_t key)
{
    /* Fibonacci hashing: 2^64 / golden ratio spreads neighbouring addresses. */
    size_t at = (size_t)(key * UINT64_C(0x9e3779b97f4a7c15) >> 20) & (table->size - 1);

    while (table->keys[at] && table->keys[at] != key)
        at = (at + 1) & (table->size - 1);
    return at;
}

/* ------------------------------------------------------------------ evidence */

enum decision { BY_BOUNDS, BY_CONTENTS, BY_REGISTER, BY_SMALLEST, BY_LARGEST };

/* Evidence of one instruction.  Index 0, 1, 2 of the arrays: 1, 2, 4 bytes. */
struct cluster {
    uint8_t min, max;   /* bytes */
    bool wide;          /* every access could be 8 bytes */
    bool valued;        /* some value is known */
    uint64_t agrees[3]; /* reads that show what the size would show */
    uint64_t usual[3];  /* accesses to registers whose usual size it is */
    uint8_t size;       /* decided; 0: contradictory */
    enum decision decision;
};

struct infer {
    struct vs_xen_accesses *accesses;
    const struct vs_trace_meta *meta;
    struct table instructions, registers;
    struct cluster *clusters; /* by slot of instructions */
    uint32_t *contents;       /* by slot of registers: 4 bytes of a register */
};

static bool to_infer(const struct vs_xen_access *access)
{
    return !access->dropped && !access->size && access->record.kind >= VS_KIND_CFG_READ &&
           access->record.kind <= VS_KIND_MSIX_WRITE;
}

/* Largest size that the register's alignment allows, up to 4. */
static uint8_t largest(const struct vs_record *record)
{
    return record->reg & 1 ? 1 : record->reg & 2 ? 2 : 4;
}

/* Smallest size that holds the value. */
static uint8_t smallest(const struct vs_xen_access *access)
{
    if (access->record.kind == VS_KIND_MSIX_READ || access->record.kind == VS_KIND_MSIX_WRITE)
        return access->value_high ? 8 : 4; /* vPCI takes 4 and 8 only: access_allowed in
                                              xen/drivers/vpci/msix.c */
    if (access->record.flags & VS_FLAG_VALUE_UNKNOWN)
        return 1;
    if (access->value_high)
        return 8;
    return access->record.value > 0xffff ? 4 : access->record.value > 0xff ? 2 : 1;
}

static bool can_be_wide(const struct vs_record *record)
{
    return record->reg % 8 == 0 && !(record->flags & VS_FLAG_PATH_PORT);
}

/* Instructions are told apart by address, domain, direction and path. */
static uint64_t instruction_key(const struct vs_xen_access *access)
{
    uint64_t key = access->rip * UINT64_C(0xff51afd7ed558ccd); /* MurmurHash3's finaliser */

    key ^= (uint64_t)access->record.domain << 8 | (uint64_t)access->record.kind << 2 |
           (access->record.flags & VS_FLAG_PATH_PORT ? 1u : 0u);
    return key ? key : 1;
}

static uint64_t register_key(uint32_t sbdf, unsigned int reg)
{
    return ((uint64_t)sbdf << 12 | (reg & 0xffcu)) + 1;
}

/* The size that software uses for a well-known register, 0 where there is none: PCI Local Bus
 * Specification 3.0, 6.1. */
static uint8_t usual_size(const struct vs_record *record)
{
    static const uint8_t sizes[16] = {
        [0x04 / 4] = 2, [0x08 / 4] = 4, [0x0c / 4] = 1, [0x10 / 4] = 4, [0x14 / 4] = 4,
        [0x18 / 4] = 4, [0x1c / 4] = 4, [0x20 / 4] = 4, [0x24 / 4] = 4, [0x2c / 4] = 2,
        [0x30 / 4] = 4, [0x34 / 4] = 1, [0x3c / 4] = 1,
    };

    if (record->kind != VS_KIND_CFG_READ && record->kind != VS_KIND_CFG_WRITE)
        return 4;
    if (record->reg >= 0x100) /* extended capabilities are made of dwords */
        return 4;
    return record->reg < 0x40 ? sizes[record->reg / 4] : 0;
}

static void cluster_start(struct cluster *cluster)
{
    *cluster = (struct cluster){.min = 1, .max = 4, .wide = true};
}

static void cluster_bound(struct cluster *cluster, const struct vs_xen_access *access)
{
    uint8_t low = smallest(access), high = largest(&access->record);

    if (low > cluster->min)
        cluster->min = low;
    if (high < cluster->max)
        cluster->max = high;
    if (!can_be_wide(&access->record))
        cluster->wide = false;
    if (!(access->record.flags & VS_FLAG_VALUE_UNKNOWN))
        cluster->valued = true;
}

static void cluster_weigh(const struct infer *infer, struct cluster *cluster,
                          const struct vs_xen_access *access)
{
    const struct vs_record *record = &access->record;
    uint8_t usual = usual_size(record);
    size_t slot = table_slot(&infer->registers, register_key(record->sbdf, record->reg));

    if (usual)
        cluster->usual[usual / 2]++;
    if (record->kind != VS_KIND_CFG_READ || !infer->registers.keys[slot] ||
        (record->flags & VS_FLAG_VALUE_UNKNOWN))
        return;
    for (unsigned int i = 0; i < 3; i++) {
        uint64_t mask = (UINT64_C(1) << (8u << i)) - 1;

        if ((infer->contents[slot] >> (8 * (record->reg & 3)) & mask) == record->value)
            cluster->agrees[i]++;
    }
}

static void cluster_decide(struct cluster *cluster)
{
    unsigned int first = cluster->min / 2, last = cluster->max / 2, best;

    cluster->decision = BY_BOUNDS;
    if (cluster->min == 8) {
        cluster->size = cluster->wide ? 8 : 0;
        return;
    }
    if (cluster->min > cluster->max)
        return;
    /* A larger size can only agree less often: leave it where it mostly does not. */
    while (last > first && 2 * cluster->agrees[last] < cluster->agrees[first]) {
        last--;
        cluster->decision = BY_CONTENTS;
    }
    best = first;
    if (last > first) {
        /* Values that are not in the log (rep ins, rep outs) are no evidence of small ones. */
        cluster->decision = cluster->valued ? BY_SMALLEST : BY_LARGEST;
        best = cluster->valued ? first : last;
        for (unsigned int i = first; i <= last; i++) {
            if (cluster->usual[i] > cluster->usual[best])
                best = i;
            if (cluster->usual[i])
                cluster->decision = BY_REGISTER;
        }
    }
    cluster->size = (uint8_t)(1u << best);
}

/* -------------------------------------------------------------------- passes */

static int make_tables(struct infer *infer, struct vs_error *error)
{
    size_t dwords = infer->accesses->count;

    for (size_t i = 0; i < infer->meta->device_count; i++)
        dwords += infer->meta->devices[i].config_size / 4u;
    if (table_make(&infer->instructions, infer->accesses->count) &&
        table_make(&infer->registers, dwords)) {
        infer->clusters = calloc(infer->instructions.size, sizeof(*infer->clusters));
        infer->contents = calloc(infer->registers.size, sizeof(*infer->contents));
    }
    if (infer->clusters && infer->contents)
        return 0;
    vs_error_set(error, VS_ERR_MEMORY, "no memory to infer sizes");
    return VS_ERR_MEMORY;
}

static void learn(struct infer *infer, uint32_t sbdf, unsigned int reg, uint32_t value)
{
    uint64_t key = register_key(sbdf, reg);
    size_t slot = table_slot(&infer->registers, key);

    if (infer->registers.keys[slot])
        return;
    infer->registers.keys[slot] = key;
    infer->contents[slot] = value;
}

/* What registers hold: from snapshots, else from the first read that must be 4 bytes. */
static void learn_contents(struct infer *infer)
{
    for (size_t i = 0; i < infer->meta->device_count; i++) {
        const struct vs_trace_device *device = &infer->meta->devices[i];

        for (unsigned int reg = 0; device->config && reg < device->config_size; reg += 4) {
            uint32_t value;

            memcpy(&value, device->config + reg, sizeof(value));
            learn(infer, device->sbdf, reg, value);
        }
    }
    for (size_t i = 0; i < infer->accesses->count; i++) {
        const struct vs_xen_access *access = &infer->accesses->items[i];

        if (to_infer(access) && access->record.kind == VS_KIND_CFG_READ && smallest(access) == 4 &&
            access->record.value != UINT32_MAX)
            learn(infer, access->record.sbdf, access->record.reg, access->record.value);
    }
}

/* Drop what cannot be handled by vPCI; gather bounds per instruction.  Returns how many. */
static uint64_t gather_bounds(struct infer *infer, uint64_t *instructions)
{
    uint64_t unaligned = 0;

    for (size_t i = 0; i < infer->accesses->count; i++) {
        struct vs_xen_access *access = &infer->accesses->items[i];
        uint8_t low = smallest(access);
        size_t slot;

        if (!to_infer(access))
            continue;
        if (low == 8 ? !can_be_wide(&access->record) : low > largest(&access->record)) {
            access->dropped = true;
            unaligned++;
            continue;
        }
        if (!access->has_rip)
            continue;
        slot = table_slot(&infer->instructions, instruction_key(access));
        if (!infer->instructions.keys[slot]) {
            infer->instructions.keys[slot] = instruction_key(access);
            cluster_start(&infer->clusters[slot]);
            ++*instructions;
        }
        cluster_bound(&infer->clusters[slot], access);
    }
    return unaligned;
}

static void weigh_and_decide(struct infer *infer)
{
    for (size_t i = 0; i < infer->accesses->count; i++) {
        const struct vs_xen_access *access = &infer->accesses->items[i];

        if (to_infer(access) && access->has_rip)
            cluster_weigh(
                infer, &infer->clusters[table_slot(&infer->instructions, instruction_key(access))],
                access);
    }
    for (size_t i = 0; i < infer->instructions.size; i++)
        if (infer->instructions.keys[i])
            cluster_decide(&infer->clusters[i]);
}

/* Ways a size was told, for the report. */
enum way { OWN_BOUNDS, INSTRUCTION, CONTENTS, REGISTER, SMALLEST, LARGEST, CONTRADICTION, WAYS };

static const char *const way_names[WAYS] = {
    [OWN_BOUNDS] = "size-from-own-alignment-and-value",
    [INSTRUCTION] = "size-from-instruction",
    [CONTENTS] = "size-from-register-contents",
    [REGISTER] = "size-usual-for-register",
    [SMALLEST] = "size-smallest-that-fits",
    [LARGEST] = "size-largest-aligned-since-value-unknown",
    [CONTRADICTION] = "size-alone-since-instruction-contradicts",
};

static enum way assign(struct infer *infer, struct vs_xen_access *access)
{
    static const enum way ways[] = {[BY_BOUNDS] = INSTRUCTION,
                                    [BY_CONTENTS] = CONTENTS,
                                    [BY_REGISTER] = REGISTER,
                                    [BY_SMALLEST] = SMALLEST,
                                    [BY_LARGEST] = LARGEST};
    const struct cluster *cluster = NULL;
    struct cluster alone;
    bool contradictory = false;

    if (access->has_rip) {
        cluster = &infer->clusters[table_slot(&infer->instructions, instruction_key(access))];
        contradictory = cluster->size == 0;
    }
    if (!cluster || contradictory) {
        cluster_start(&alone);
        cluster_bound(&alone, access);
        cluster_weigh(infer, &alone, access);
        cluster_decide(&alone);
        cluster = &alone;
    }
    access->size = cluster->size;
    access->record.flags |= VS_FLAG_SIZE_INFERRED;
    if (contradictory)
        return CONTRADICTION;
    if (cluster->decision == BY_BOUNDS && smallest(access) == largest(&access->record))
        return OWN_BOUNDS;
    return ways[cluster->decision];
}

int vs_xen_sizes_infer(struct vs_xen_accesses *accesses, const struct vs_trace_meta *meta,
                       struct vs_import_report *report, struct vs_error *error)
{
    struct infer infer = {.accesses = accesses, .meta = meta};
    uint64_t ways[WAYS] = {0}, instructions = 0;
    int ret = make_tables(&infer, error);

    if (ret < 0)
        goto out;
    learn_contents(&infer);
    vs_import_count(report, VS_IMPORT_NOT_REBUILT, "unaligned",
                    gather_bounds(&infer, &instructions));
    weigh_and_decide(&infer);
    for (size_t i = 0; i < accesses->count; i++)
        if (to_infer(&accesses->items[i]))
            ways[assign(&infer, &accesses->items[i])]++;
    vs_import_count(report, VS_IMPORT_SEEN, "instructions", instructions);
    for (int way = 0; way < WAYS; way++)
        vs_import_count(report, VS_IMPORT_INFERRED, way_names[way], ways[way]);
out:
    free(infer.instructions.keys);
    free(infer.registers.keys);
    free(infer.clusters);
    free(infer.contents);
    return ret;
}
