/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * First reading of a trace: which domains and functions there are, what the
 * functions look like, and who owned them at the start.  Identities of several
 * traces are moved apart here, as `vpci-trace merge` does it.
 */
#include "loader.h"

#include <stdlib.h>
#include <string.h>

int vs_grow(void *array, size_t *capacity, size_t count, size_t item_bytes)
{
    void *items;
    if (count < *capacity)
        return VS_OK;
    size_t grown = *capacity ? *capacity * 2 : 64;
    memcpy(&items, array, sizeof(items)); /* array is the address of a pointer of any type */
    items = realloc(items, grown * item_bytes);
    if (!items)
        return VS_ERR_MEMORY;
    memcpy(array, &items, sizeof(items));
    *capacity = grown;
    return VS_OK;
}

static int no_memory(struct vs_error *error)
{
    return vs_error_set(error, VS_ERR_MEMORY, "out of memory while classing the trace");
}

/* ------------------------------------------------------------------- functions */

static int add_function(struct vs_loader *loader, uint32_t sbdf,
                        const struct vs_trace_device *device, struct vs_loader_function **function,
                        struct vs_error *error)
{
    if (loader->first_device + loader->function_count >= VS_DEVICE_NONE)
        return vs_error_set(error, VS_ERR_INPUT, "more than %u functions", VS_DEVICE_NONE - 1u);
    if (vs_grow(&loader->functions, &loader->function_capacity, loader->function_count,
                sizeof(loader->functions[0])) < 0 ||
        vs_index_add(&loader->by_sbdf, sbdf, (uint32_t)loader->function_count) < 0)
        return no_memory(error);
    struct vs_loader_function *added = &loader->functions[loader->function_count];
    memset(added, 0, sizeof(*added));
    added->sbdf = sbdf;
    added->owner = added->first_domain = added->stated_domain = VS_DOMAIN_NONE;
    if (device) {
        added->stated_domain = device->domain;
        added->hidden = device->hidden;
    }
    if (vs_function_init(&added->state, device) < 0)
        return no_memory(error);
    loader->function_count++;
    *function = added;
    return VS_OK;
}

static struct vs_loader_function *find_function(const struct vs_loader *loader, uint32_t sbdf)
{
    uint32_t at = vs_index_find(&loader->by_sbdf, sbdf);
    return at == VS_INDEX_NONE ? NULL : &loader->functions[at];
}

/* --------------------------------------------------------------------- domains */

/* A domain of this trace that is not there yet; its workload id comes in settle_domains. */
static int add_domain(struct vs_loader *loader, uint16_t id, const struct vs_trace_domain *stated,
                      struct vs_error *error)
{
    struct vs_workload *workload = loader->workload;
    if (id == VS_DOMAIN_NONE || vs_index_find(&loader->by_domain, id) != VS_INDEX_NONE)
        return VS_OK;
    if (workload->domain_count >= VS_DOMAIN_NONE)
        return vs_error_set(error, VS_ERR_INPUT, "more than %u domains", VS_DOMAIN_NONE - 1u);
    if (vs_grow(&workload->domains, &loader->domain_capacity, workload->domain_count,
                sizeof(workload->domains[0])) < 0 ||
        vs_index_add(&loader->by_domain, id, (uint32_t)workload->domain_count) < 0)
        return no_memory(error);
    struct vs_workload_domain *domain = &workload->domains[workload->domain_count++];
    memset(domain, 0, sizeof(*domain));
    domain->id = id;
    domain->synthetic = loader->meta->synthetic || !loader->stands_alone;
    if (stated) {
        domain->hardware_domain = stated->hardware_domain;
        memcpy(domain->name, stated->name, sizeof(domain->name));
        domain->name[sizeof(domain->name) - 1] = '\0';
    }
    return VS_OK;
}

int vs_loader_begin(struct vs_loader *loader, const struct vs_trace_meta *meta,
                    struct vs_error *error)
{
    loader->meta = meta;
    loader->first_device = loader->workload->device_count;
    loader->first_domain = loader->workload->domain_count;
    loader->first_call = loader->workload->call_count;
    loader->hardware_domain = VS_DOMAIN_NONE;
    loader->generation = 0;
    loader->started = false;
    for (size_t i = 0; i < meta->domain_count; i++) {
        int ret = add_domain(loader, meta->domains[i].id, &meta->domains[i], error);
        if (ret < 0)
            return ret;
    }
    for (size_t i = 0; i < meta->device_count; i++) {
        struct vs_loader_function *function;
        if (find_function(loader, meta->devices[i].sbdf))
            continue;
        int ret = add_function(loader, meta->devices[i].sbdf, &meta->devices[i], &function, error);
        if (ret < 0)
            return ret;
        ret = add_domain(loader, function->stated_domain, NULL, error);
        if (ret < 0)
            return ret;
    }
    return VS_OK;
}

/* ------------------------------------------------------------- the first reading */

/* All ones of the access's size: what an absent function reads. */
static bool all_ones(const struct vs_record *record)
{
    return record->value == UINT32_MAX >> (32 - 8 * record->size);
}

static int observe_config(struct vs_loader *loader, const struct vs_record *record,
                          struct vs_error *error)
{
    bool is_write = record->kind == VS_KIND_CFG_WRITE;
    struct vs_loader_function *function = find_function(loader, record->sbdf);

    if ((record->flags & VS_FLAG_ABSENT) || !vs_access_allowed(record->reg, record->size))
        return VS_OK;
    /* A function is there when a read of it gives something. */
    if (!function) {
        if (is_write || (record->flags & VS_FLAG_VALUE_UNKNOWN) || all_ones(record))
            return VS_OK;
        int ret = add_function(loader, record->sbdf, NULL, &function, error);
        if (ret < 0)
            return ret;
    }
    if (!function->touched)
        function->first_domain = record->domain;
    function->touched = true;
    bool value_known = !(record->flags & VS_FLAG_VALUE_UNKNOWN);
    if (!is_write && (!value_known || (record->reg == 0 && all_ones(record))))
        return VS_OK;
    /* A write without value still makes the register's old content unknown. */
    if (vs_config_learn(&function->state.space, record->reg, record->size,
                        value_known ? record->value : 0, is_write) < 0)
        return no_memory(error);
    return VS_OK;
}

static int observe_event(struct vs_loader *loader, const struct vs_record *record,
                         struct vs_error *error)
{
    struct vs_loader_function *function = find_function(loader, record->sbdf);
    if (!function) {
        int ret = add_function(loader, record->sbdf, NULL, &function, error);
        if (ret < 0)
            return ret;
    }
    if (!function->touched && record->kind == VS_KIND_DEVICE_ADD) {
        function->starts_absent = true;
        function->added_order = ++loader->added;
    }
    if (!function->touched && record->kind == VS_KIND_DEVICE_DEASSIGN)
        function->stated_domain = (uint16_t)record->value;
    function->touched = true;
    if (record->kind == VS_KIND_MSIX_READ || record->kind == VS_KIND_MSIX_WRITE)
        function->state.msix_table_seen = true;
    return VS_OK;
}

/* Kinds whose value is a domain. */
static bool names_domain(enum vs_kind kind)
{
    return kind >= VS_KIND_DEVICE_ASSIGN && kind <= VS_KIND_DOMAIN_DESTROY;
}

static int observe(struct vs_loader *loader, const struct vs_record *record, struct vs_error *error)
{
    int ret = add_domain(loader, record->domain, NULL, error);
    if (ret >= 0 && names_domain(record->kind) && record->value < VS_DOMAIN_NONE)
        ret = add_domain(loader, (uint16_t)record->value, NULL, error);
    if (ret < 0)
        return ret;
    switch (record->kind) {
    case VS_KIND_CFG_READ:
    case VS_KIND_CFG_WRITE:
        return observe_config(loader, record, error);
    case VS_KIND_MSIX_READ:
    case VS_KIND_MSIX_WRITE:
    case VS_KIND_DEVICE_ADD:
    case VS_KIND_DEVICE_REMOVE:
    case VS_KIND_DEVICE_ASSIGN:
    case VS_KIND_DEVICE_DEASSIGN:
    case VS_KIND_DEVICE_RESET:
    case VS_KIND_MSI_MAP:
    case VS_KIND_MSI_UNMAP:
        return observe_event(loader, record, error);
    default:
        return VS_OK;
    }
}

int vs_loader_observe(struct vs_loader *loader, const struct vs_record *records, size_t count,
                      struct vs_error *error)
{
    for (size_t i = 0; i < count; i++) {
        int ret = observe(loader, &records[i], error);
        if (ret < 0)
            return ret;
    }
    return VS_OK;
}

/* ------------------------------------------------- what the trace starts with */

static int by_id(const void *a, const void *b)
{
    const struct vs_workload_domain *one = a, *two = b;
    return (one->id > two->id) - (one->id < two->id);
}

static bool id_taken(const struct vs_workload *workload, size_t count, uint16_t id)
{
    for (size_t i = 0; i < count; i++) {
        if (workload->domains[i].id == id)
            return true;
    }
    return false;
}

/* Order this trace's domains by id, say who runs the devices, move ids out of the way. */
static int settle_domains(struct vs_loader *loader, struct vs_error *error)
{
    struct vs_workload *workload = loader->workload;
    struct vs_workload_domain *first = &workload->domains[loader->first_domain];
    size_t count = workload->domain_count - loader->first_domain;
    bool stated = false;

    if (count == 0) { /* not even a caller: an empty trace */
        int ret = add_domain(loader, 0, NULL, error);
        if (ret < 0)
            return ret;
        first = &workload->domains[loader->first_domain];
        count = 1;
    }
    qsort(first, count, sizeof(*first), by_id);
    for (size_t i = 0; i < count; i++)
        stated |= first[i].hardware_domain;
    if (!stated)
        first[0].hardware_domain = true; /* dom0, or else the one with the lowest id */
    vs_index_free(&loader->by_domain);
    for (size_t i = 0; i < count; i++) {
        uint32_t index = (uint32_t)(loader->first_domain + i);
        if (vs_index_add(&loader->by_domain, first[i].id, index) < 0)
            return no_memory(error);
        if (first[i].hardware_domain && loader->hardware_domain == VS_DOMAIN_NONE)
            loader->hardware_domain = (uint16_t)index;
    }
    for (size_t i = 0; loader->first_domain && i < count; i++) {
        uint16_t id = first[i].id;
        while (id_taken(workload, loader->first_domain + i, id))
            id++;
        first[i].id = id;
    }
    return VS_OK;
}

static bool segment_taken(const struct vs_loader *loader, uint32_t segment)
{
    const struct vs_workload *workload = loader->workload;
    for (size_t i = 0; i < loader->first_device; i++) {
        if (workload->devices[i].sbdf >> 16 == segment)
            return true;
    }
    for (size_t i = 0; i < loader->segments.capacity; i++) {
        if (loader->segments.slots[i].value == segment)
            return true;
    }
    return false;
}

/* The workload's segment for a recorded one: itself, unless an earlier trace has it. */
static int map_segment(struct vs_loader *loader, uint32_t recorded, uint32_t *segment,
                       struct vs_error *error)
{
    *segment = vs_index_find(&loader->segments, recorded);
    if (*segment != VS_INDEX_NONE)
        return VS_OK;
    *segment = recorded;
    while (segment_taken(loader, *segment)) {
        *segment = (*segment + 1) & 0xffff;
        if (*segment == recorded)
            return vs_error_set(error, VS_ERR_INPUT, "more than 65536 PCI segments");
    }
    return vs_index_add(&loader->segments, recorded, *segment) < 0 ? no_memory(error) : VS_OK;
}

static uint16_t initial_owner(const struct vs_loader *loader,
                              const struct vs_loader_function *function)
{
    if (function->hidden)
        return VS_DOMAIN_NONE;
    uint32_t owner = VS_INDEX_NONE;
    if (function->stated_domain != VS_DOMAIN_NONE)
        owner = vs_index_find(&loader->by_domain, function->stated_domain);
    /* What pci_add_device adds belongs to the hardware domain. */
    if (owner == VS_INDEX_NONE && !function->starts_absent &&
        function->first_domain != VS_DOMAIN_NONE)
        owner = vs_index_find(&loader->by_domain, function->first_domain);
    return owner == VS_INDEX_NONE ? loader->hardware_domain : (uint16_t)owner;
}

int vs_loader_settle(struct vs_loader *loader, struct vs_error *error)
{
    struct vs_workload *workload = loader->workload;
    int ret = settle_domains(loader, error);

    for (size_t i = 0; ret >= 0 && i < loader->function_count; i++) {
        struct vs_loader_function *function = &loader->functions[i];
        uint32_t segment;
        ret = map_segment(loader, function->sbdf >> 16, &segment, error);
        if (ret < 0)
            break;
        if (vs_grow(&workload->devices, &loader->device_capacity, workload->device_count,
                    sizeof(workload->devices[0])) < 0)
            return no_memory(error);
        function->owner = initial_owner(loader, function);
        function->linked = !function->starts_absent;
        bool hardware_domain =
            function->owner == VS_DOMAIN_NONE || workload->domains[function->owner].hardware_domain;
        if (vs_function_start(&function->state, hardware_domain) < 0)
            return no_memory(error);
        workload->devices[workload->device_count++] = (struct vs_workload_device){
            .sbdf = segment << 16 | (function->sbdf & 0xffff),
            .owner = function->owner,
            .hidden = function->hidden,
            .present = function->linked,
            .has_vpci = function->state.layout.bar_count > 0,
            .has_msix = function->state.layout.msix != 0 || function->state.msix_table_seen,
            .snapshot = function->state.space.snapshot};
    }
    return ret;
}

void vs_loader_end(struct vs_loader *loader)
{
    for (size_t i = 0; i < loader->function_count; i++)
        vs_function_free(&loader->functions[i].state);
    loader->function_count = 0;
    vs_index_free(&loader->by_sbdf);
    vs_index_free(&loader->by_domain);
    vs_index_free(&loader->segments);
}

void vs_loader_free(struct vs_loader *loader)
{
    vs_loader_end(loader);
    free(loader->functions);
    vs_shapes_free(&loader->shapes);
    vs_index_free(&loader->actors);
    memset(loader, 0, sizeof(*loader));
}
