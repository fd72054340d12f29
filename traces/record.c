/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What makes a record a valid one, and the names of kinds and flags.  One table
 * row per kind states which fields it carries, so that the rule of record.h
 * ("fields that a kind does not name are 0, except sbdf") is checked from one
 * place by writers and readers alike.
 */
#include "record.h"

#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "vpcisim stores records in host order and supports little-endian hosts only"
#endif

enum address_rule {
    ADDRESS_FUNCTION, /* sbdf names a function */
    ADDRESS_SEGMENT,  /* sbdf = segment << 16 */
    ADDRESS_NONE      /* sbdf must be VS_SBDF_NONE */
};

/* Sizes that a kind allows, as a bit mask: bit n set allows n bytes. */
#define SIZES_NONE   (1u << 0)
#define SIZES_ACCESS (1u << 1 | 1u << 2 | 1u << 4)

struct kind_rule {
    const char *name;
    enum address_rule address;
    uint8_t sizes;
    bool value;         /* carries a value; else 0 */
    uint32_t reg_limit; /* reg + size must not pass it; 0: reg must be 0 */
};

#define REG_CONFIG 4096u  /* PCI Express: 4 KiB of configuration space per function */
#define REG_MSIX   65536u /* 2048 entries of 16 bytes are 32 KiB; a PBA may follow in the page */

static const struct kind_rule kind_rules[VS_KIND_COUNT] = {
    [VS_KIND_CFG_READ] = {"cfg-read", ADDRESS_FUNCTION, SIZES_ACCESS, true, REG_CONFIG},
    [VS_KIND_CFG_WRITE] = {"cfg-write", ADDRESS_FUNCTION, SIZES_ACCESS, true, REG_CONFIG},
    [VS_KIND_MSIX_READ] = {"msix-read", ADDRESS_FUNCTION, SIZES_ACCESS, true, REG_MSIX},
    [VS_KIND_MSIX_WRITE] = {"msix-write", ADDRESS_FUNCTION, SIZES_ACCESS, true, REG_MSIX},
    [VS_KIND_MMIO] = {"mmio", ADDRESS_NONE, SIZES_NONE | SIZES_ACCESS, true, 0},
    [VS_KIND_DEVICE_ADD] = {"device-add", ADDRESS_FUNCTION, SIZES_NONE, false, 0},
    [VS_KIND_DEVICE_REMOVE] = {"device-remove", ADDRESS_FUNCTION, SIZES_NONE, false, 0},
    [VS_KIND_DEVICE_ASSIGN] = {"device-assign", ADDRESS_FUNCTION, SIZES_NONE, true, 0},
    [VS_KIND_DEVICE_DEASSIGN] = {"device-deassign", ADDRESS_FUNCTION, SIZES_NONE, true, 0},
    [VS_KIND_DOMAIN_CREATE] = {"domain-create", ADDRESS_NONE, SIZES_NONE, true, 0},
    [VS_KIND_DOMAIN_DESTROY] = {"domain-destroy", ADDRESS_NONE, SIZES_NONE, true, 0},
    [VS_KIND_DEVICE_RESET] = {"device-reset", ADDRESS_FUNCTION, SIZES_NONE, false, 0},
    [VS_KIND_MMCFG_RESERVED] = {"mmcfg-reserved", ADDRESS_SEGMENT, SIZES_NONE, false, 0},
    [VS_KIND_MSI_MAP] = {"msi-map", ADDRESS_FUNCTION, SIZES_NONE, true, 0},
    [VS_KIND_MSI_UNMAP] = {"msi-unmap", ADDRESS_FUNCTION, SIZES_NONE, true, 0},
    [VS_KIND_DUMP] = {"dump", ADDRESS_NONE, SIZES_NONE, false, 0},
    [VS_KIND_IOMMU_FAULT] = {"iommu-fault", ADDRESS_FUNCTION, SIZES_NONE, false, 0},
    [VS_KIND_PV_CFG_WRITE] = {"pv-cfg-write", ADDRESS_FUNCTION, SIZES_ACCESS, true, REG_CONFIG},
    [VS_KIND_DRIVER_BIND] = {"driver-bind", ADDRESS_FUNCTION, SIZES_NONE, false, 0},
    [VS_KIND_DRIVER_UNBIND] = {"driver-unbind", ADDRESS_FUNCTION, SIZES_NONE, false, 0},
    [VS_KIND_MSI_ENABLE] = {"msi-enable", ADDRESS_FUNCTION, SIZES_NONE, true, 0},
    [VS_KIND_CFG_BLOCK] = {"cfg-block", ADDRESS_FUNCTION, SIZES_NONE, false, 0},
    [VS_KIND_LOCK_CONTENDED] = {"lock-contended", ADDRESS_NONE, SIZES_NONE, true, 0},
    [VS_KIND_LOST] = {"lost", ADDRESS_NONE, SIZES_NONE, true, 0},
};

static const char *const flag_names[] = {
    "size-inferred", "vcpu-inferred", "domain-inferred", "time-bracketed", "port",
    "ecam",          "injected",      "synthetic",       "second-half",    "split",
    "absent",        "value-unknown", "cf8-stale",
};

#define FLAG_COUNT (sizeof(flag_names) / sizeof(flag_names[0]))
#define FLAGS_ALL  ((1u << FLAG_COUNT) - 1)

const char *vs_kind_name(enum vs_kind kind)
{
    if ((unsigned int)kind >= VS_KIND_COUNT)
        return NULL;
    return kind_rules[kind].name;
}

enum vs_kind vs_kind_from_name(const char *name)
{
    for (unsigned int kind = 1; kind < VS_KIND_COUNT; kind++) {
        if (strcmp(name, kind_rules[kind].name) == 0)
            return (enum vs_kind)kind;
    }
    return VS_KIND_NONE;
}

const char *vs_flag_name(enum vs_flag flag)
{
    for (unsigned int bit = 0; bit < FLAG_COUNT; bit++) {
        if ((unsigned int)flag == 1u << bit)
            return flag_names[bit];
    }
    return NULL;
}

unsigned int vs_flag_from_name(const char *name)
{
    for (unsigned int bit = 0; bit < FLAG_COUNT; bit++) {
        if (strcmp(name, flag_names[bit]) == 0)
            return 1u << bit;
    }
    return 0;
}

static const char *address_invalid(const struct vs_record *record, enum address_rule rule)
{
    switch (rule) {
    case ADDRESS_FUNCTION:
        return record->sbdf == VS_SBDF_NONE ? "the kind needs an sbdf" : NULL;
    case ADDRESS_SEGMENT:
        return (record->sbdf & 0xffff) != 0 ? "sbdf is not segment << 16" : NULL;
    case ADDRESS_NONE:
        break;
    }
    return record->sbdf != VS_SBDF_NONE ? "the kind has no sbdf" : NULL;
}

static const char *record_invalid(const struct vs_record *record)
{
    if (record->kind == VS_KIND_NONE || record->kind >= VS_KIND_COUNT)
        return "unknown kind";
    const struct kind_rule *rule = &kind_rules[record->kind];
    if (record->size > 4 || !(rule->sizes >> record->size & 1))
        return "size does not fit the kind";
    const char *reason = address_invalid(record, rule->address);
    if (reason)
        return reason;
    if (rule->reg_limit ? record->reg + (uint32_t)record->size > rule->reg_limit : record->reg != 0)
        return rule->reg_limit ? "register lies outside the space" : "the kind has no register";
    if (!rule->value && record->value != 0)
        return "the kind has no value";
    if (record->size != 0 && record->size < 4 && record->kind != VS_KIND_MMIO &&
        record->value >> (8 * record->size) != 0)
        return "value is wider than the access";
    if ((record->flags & ~FLAGS_ALL) != 0)
        return "unknown flag";
    if ((record->flags & VS_FLAG_PATH_PORT) && (record->flags & VS_FLAG_PATH_ECAM))
        return "flags say both port and ecam";
    return NULL;
}

const char *vs_record_invalid(const struct vs_record *record)
{
    return record_invalid(record);
}

/*
 * The same rules without a branch per rule, for whole blocks: kinds follow each
 * other at random, so that branches on them would be mispredicted.  May call a
 * valid record suspect, never the other way round; record_invalid decides.
 */
static inline bool record_suspect(const struct vs_record *record)
{
    static const uint32_t value_masks[8] = {UINT32_MAX, 0xff, 0xffff, 0, UINT32_MAX};
    /* Row 0 allows no size: unknown kinds end there. */
    const struct kind_rule *rule =
        &kind_rules[record->kind < VS_KIND_COUNT ? record->kind : VS_KIND_NONE];
    uint32_t reg_size = rule->reg_limit ? record->size : 0u;
    uint32_t value_mask = value_masks[record->size & 7] & (rule->value ? UINT32_MAX : 0);
    bool wrong = record->size > 4;
    wrong |= !(rule->sizes >> (record->size & 7) & 1);
    wrong |= (record->sbdf == VS_SBDF_NONE) != (rule->address == ADDRESS_NONE);
    wrong |= rule->address == ADDRESS_SEGMENT;
    wrong |= record->reg + reg_size > rule->reg_limit;
    wrong |= (record->value & ~value_mask) != 0;
    wrong |= (record->flags & ~FLAGS_ALL) != 0;
    wrong |= (record->flags & (record->flags >> 1) & VS_FLAG_PATH_PORT) != 0;
    return wrong;
}

_Static_assert(VS_FLAG_PATH_ECAM == VS_FLAG_PATH_PORT << 1,
               "record_suspect shifts one onto the other");

size_t vs_records_valid(const struct vs_record *records, size_t count, const char **reason)
{
    *reason = NULL;
    for (size_t i = 0; i < count; i++) {
        if (__builtin_expect(!record_suspect(&records[i]), true))
            continue;
        *reason = record_invalid(&records[i]);
        if (*reason)
            return i;
    }
    return count;
}
