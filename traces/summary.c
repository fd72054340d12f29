/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One pass, since the input may be a pipe.  The span is not known beforehand:
 * time is counted in 4096 narrow buckets whose width doubles, with neighbours
 * added together, whenever the trace outgrows them.
 */
#include "summary.h"

#include <stdlib.h>
#include <string.h>

static const char *const reg_class_names[VS_REG_CLASS_COUNT] = {
    [VS_REG_ID] = "id",
    [VS_REG_COMMAND] = "command",
    [VS_REG_STATUS] = "status",
    [VS_REG_CLASS] = "class-and-type",
    [VS_REG_BAR] = "bar",
    [VS_REG_ROM] = "rom",
    [VS_REG_CAP_POINTER] = "capability-pointer",
    [VS_REG_INTERRUPT] = "interrupt-line",
    [VS_REG_HEADER] = "header-rest",
    [VS_REG_CAPABILITIES] = "capabilities",
    [VS_REG_EXTENDED] = "extended",
    [VS_REG_MSIX_TABLE] = "msix-table",
};

const char *vs_reg_class_name(enum vs_reg_class class)
{
    return (size_t) class < VS_REG_CLASS_COUNT ? reg_class_names[class] : NULL;
}

/* PCI Local Bus 3.0, 6.1 (type 0) and PCI-to-PCI Bridge 1.2, 3.2 (type 1). */
enum vs_reg_class vs_reg_classify(const struct vs_record *record, bool bridge)
{
    static const struct {
        uint16_t end, end_bridge; /* first offset past the class */
        uint8_t class;
    } places[] = {
        {0x04, 0x04, VS_REG_ID},
        {0x06, 0x06, VS_REG_COMMAND},
        {0x08, 0x08, VS_REG_STATUS},
        {0x10, 0x10, VS_REG_CLASS},
        {0x28, 0x18, VS_REG_BAR},
        {0x30, 0x34, VS_REG_HEADER},
        {0x34, 0, VS_REG_ROM},
        {0x35, 0x35, VS_REG_CAP_POINTER},
        {0x3c, 0x38, VS_REG_HEADER},
        {0, 0x3c, VS_REG_ROM},
        {0x3e, 0x3e, VS_REG_INTERRUPT},
        {0x40, 0x40, VS_REG_HEADER},
        {0x100, 0x100, VS_REG_CAPABILITIES},
        {0x1000, 0x1000, VS_REG_EXTENDED},
    };
    if (record->kind == VS_KIND_MSIX_READ || record->kind == VS_KIND_MSIX_WRITE)
        return VS_REG_MSIX_TABLE;
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        if (record->reg < (bridge ? places[i].end_bridge : places[i].end))
            return (enum vs_reg_class)places[i].class;
    }
    return VS_REG_EXTENDED;
}

/* ------------------------------------------------------------------ parties */

static size_t party_slot(const struct vs_party_list *list, uint32_t id)
{
    size_t slot = (id * 0x9e3779b1u) % list->slot_count;
    while (list->slots[slot] != 0 && list->items[list->slots[slot] - 1].id != id)
        slot = (slot + 1) % list->slot_count;
    return slot;
}

static int party_grow(struct vs_party_list *list)
{
    size_t slots = list->slot_count ? list->slot_count * 2 : 64;
    struct vs_party_count *items = reallocarray(list->items, slots / 2, sizeof(*items));
    if (!items)
        return VS_ERR_MEMORY;
    list->items = items;
    uint32_t *fresh = calloc(slots, sizeof(*fresh));
    if (!fresh)
        return VS_ERR_MEMORY;
    free(list->slots);
    list->slots = fresh;
    list->slot_count = slots;
    for (size_t i = 0; i < list->count; i++)
        list->slots[party_slot(list, list->items[i].id)] = (uint32_t)i + 1;
    return 0;
}

/* The party of this id, made when new; NULL when out of memory.  Valid until the next. */
static struct vs_party_count *party(struct vs_party_list *list, uint32_t id)
{
    if (list->count * 2 >= list->slot_count && party_grow(list) < 0)
        return NULL;
    size_t slot = party_slot(list, id);
    if (list->slots[slot] == 0) {
        list->items[list->count++] = (struct vs_party_count){.id = id};
        list->slots[slot] = (uint32_t)list->count;
    }
    return &list->items[list->slots[slot] - 1];
}

static void party_add(struct vs_party_count *count, const struct vs_record *record)
{
    switch ((enum vs_kind)record->kind) {
    case VS_KIND_CFG_READ:
        count->accesses.reads++;
        break;
    case VS_KIND_CFG_WRITE:
    case VS_KIND_PV_CFG_WRITE:
        count->accesses.writes++;
        break;
    case VS_KIND_MSIX_READ:
    case VS_KIND_MSIX_WRITE:
        count->msix++;
        break;
    case VS_KIND_MMIO:
        count->mmio++;
        break;
    default:
        count->events++;
        break;
    }
    count->absent += (record->flags & VS_FLAG_ABSENT) != 0;
    if (record->vcpu < 64)
        count->vcpus |= UINT64_C(1) << record->vcpu;
}

/* --------------------------------------------------------------------- time */

static void count_time(struct vs_summary *summary, const struct vs_record *record, bool write)
{
    uint64_t since = record->time_ns - summary->first_ns;
    while (since / summary->fine_ns >= VS_FINE_BUCKETS) {
        for (size_t i = 0; i < VS_FINE_BUCKETS / 2; i++) {
            summary->fine[i] = summary->fine[2 * i] + summary->fine[2 * i + 1];
            summary->fine_writes[i] = summary->fine_writes[2 * i] + summary->fine_writes[2 * i + 1];
        }
        memset(summary->fine + VS_FINE_BUCKETS / 2, 0, sizeof(summary->fine) / 2);
        memset(summary->fine_writes + VS_FINE_BUCKETS / 2, 0, sizeof(summary->fine_writes) / 2);
        summary->fine_ns *= 2;
    }
    summary->fine[since / summary->fine_ns]++;
    summary->fine_writes[since / summary->fine_ns] += write;
}

void vs_summary_rate(const struct vs_summary *summary, size_t buckets, struct vs_rate *rate)
{
    size_t limit = sizeof(rate->buckets) / sizeof(rate->buckets[0]);
    memset(rate, 0, sizeof(*rate));
    if (summary->records == 0)
        return;
    if (buckets > limit)
        buckets = limit;
    size_t used = (size_t)((summary->last_ns - summary->first_ns) / summary->fine_ns) + 1;
    size_t each = (used + buckets - 1) / buckets;
    rate->width_ns = each * summary->fine_ns;
    rate->count = (used + each - 1) / each;
    for (size_t i = 0; i < used; i++) {
        rate->buckets[i / each].accesses += summary->fine[i];
        rate->buckets[i / each].writes += summary->fine_writes[i];
    }
}

/* -------------------------------------------------------------------- whole */

int vs_summary_init(struct vs_summary *summary, const struct vs_trace_meta *meta)
{
    memset(summary, 0, sizeof(*summary));
    summary->fine_ns = 1;
    /* Known devices and domains appear even when nothing touched them. */
    for (size_t i = 0; i < meta->device_count; i++) {
        const struct vs_trace_device *device = &meta->devices[i];
        struct vs_party_count *count = party(&summary->devices, device->sbdf);
        if (!count)
            return VS_ERR_MEMORY;
        count->bridge = device->config && (device->config[0x0e] & 0x7f) == 1;
    }
    for (size_t i = 0; i < meta->domain_count; i++) {
        if (!party(&summary->domains, meta->domains[i].id))
            return VS_ERR_MEMORY;
    }
    return 0;
}

void vs_summary_free(struct vs_summary *summary)
{
    free(summary->devices.items);
    free(summary->devices.slots);
    free(summary->domains.items);
    free(summary->domains.slots);
}

static int count_record(struct vs_summary *summary, const struct vs_record *record)
{
    struct vs_kind_count *kind = &summary->kinds[record->kind];
    bool write = record->kind == VS_KIND_CFG_WRITE || record->kind == VS_KIND_MSIX_WRITE;
    bool bridge = false;
    kind->count++;
    kind->timed += record->duration_ns != 0;
    kind->duration_ns += record->duration_ns;
    if (record->duration_ns > kind->duration_max_ns)
        kind->duration_max_ns = record->duration_ns;
    for (unsigned int flags = record->flags; flags; flags &= flags - 1)
        summary->flags[__builtin_ctz(flags)]++;
    if (summary->records++ == 0)
        summary->first_ns = record->time_ns;
    summary->last_ns = record->time_ns;
    if (record->kind == VS_KIND_LOST)
        return 0;
    struct vs_party_count *domain = party(&summary->domains, record->domain);
    if (!domain)
        return VS_ERR_MEMORY;
    party_add(domain, record);
    if (record->sbdf != VS_SBDF_NONE && record->kind != VS_KIND_MMCFG_RESERVED) {
        struct vs_party_count *device = party(&summary->devices, record->sbdf);
        if (!device)
            return VS_ERR_MEMORY;
        party_add(device, record);
        bridge = device->bridge;
    }
    if (!vs_kind_is_access((enum vs_kind)record->kind))
        return 0;
    count_time(summary, record, write);
    if (record->kind != VS_KIND_MMIO) {
        struct vs_reads_writes *reg = &summary->regs[vs_reg_classify(record, bridge)];
        *(write ? &reg->writes : &reg->reads) += 1;
    }
    return 0;
}

int vs_summary_add(struct vs_summary *summary, const struct vs_record *records, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int ret = count_record(summary, &records[i]);
        if (ret < 0)
            return ret;
    }
    return 0;
}

static int by_id(const void *a, const void *b)
{
    uint32_t left = ((const struct vs_party_count *)a)->id;
    uint32_t right = ((const struct vs_party_count *)b)->id;
    return (left > right) - (left < right);
}

void vs_summary_finish(struct vs_summary *summary)
{
    if (summary->devices.count)
        qsort(summary->devices.items, summary->devices.count, sizeof(struct vs_party_count), by_id);
    if (summary->domains.count)
        qsort(summary->domains.items, summary->domains.count, sizeof(struct vs_party_count), by_id);
    /* The slots are stale now; nothing is added after this. */
}
