/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Second reading of a trace: each record becomes a call, classed by the state
 * that its function has at that point; ownership and presence move with the
 * events.
 */
#include "loader.h"

#include <stdlib.h>
#include <string.h>

static int no_memory(struct vs_error *error)
{
    return vs_error_set(error, VS_ERR_MEMORY, "out of memory while classing the trace");
}

/* The parallel arrays of calls grow together; unused ones go in vs_loader_finish. */
static int grow_calls(struct vs_loader *loader, struct vs_error *error)
{
    struct vs_workload *workload = loader->workload;
    struct {
        void *array;
        size_t item_bytes;
    } arrays[] = {{&workload->calls, sizeof(workload->calls[0])},
                  {&workload->recorded_ns, sizeof(workload->recorded_ns[0])},
                  {&workload->measured_ns, sizeof(workload->measured_ns[0])},
                  {&workload->targets, sizeof(workload->targets[0])}};
    size_t capacity = loader->call_capacity;
    for (size_t i = 0; i < sizeof(arrays) / sizeof(arrays[0]); i++) {
        capacity = loader->call_capacity;
        if (vs_memory_grow(workload->memory, arrays[i].array, &capacity, workload->call_count,
                           arrays[i].item_bytes, error) < 0)
            return VS_ERR_MEMORY;
    }
    loader->call_capacity = capacity;
    return VS_OK;
}

/* Workload domain of a recorded id; the hardware domain for one that is not known. */
static uint16_t domain_of(const struct vs_loader *loader, uint16_t id)
{
    uint32_t index = id == VS_DOMAIN_NONE ? VS_INDEX_NONE : vs_index_find(&loader->by_domain, id);
    return index == VS_INDEX_NONE ? loader->hardware_domain : (uint16_t)index;
}

static int actor_of(struct vs_loader *loader, uint16_t domain, const struct vs_record *record,
                    uint16_t *actor, struct vs_error *error)
{
    struct vs_workload *workload = loader->workload;
    uint32_t key = (uint32_t)domain << 16 | record->vcpu;
    uint32_t found = vs_index_find(&loader->actors, key);

    if (found == VS_INDEX_NONE) {
        if (workload->actor_count >= UINT16_MAX)
            return vs_error_set(error, VS_ERR_INPUT, "more than %u vCPUs", UINT16_MAX - 1u);
        if (vs_grow(&workload->actors, &loader->actor_capacity, workload->actor_count,
                    sizeof(workload->actors[0])) < 0 ||
            vs_index_add(&loader->actors, key, (uint32_t)workload->actor_count) < 0)
            return no_memory(error);
        found = (uint32_t)workload->actor_count++;
        /* pCPU numbers of several hosts laid side by side mean nothing together. */
        workload->actors[found] =
            (struct vs_actor){.domain = domain,
                              .vcpu = record->vcpu,
                              .pcpu = loader->stands_alone ? record->pcpu : VS_PCPU_NONE};
    }
    *actor = (uint16_t)found;
    return VS_OK;
}

struct call_site {
    const struct vs_record *record;
    struct vs_verdict verdict;
    uint16_t domain;   /* caller */
    uint16_t function; /* index into functions, or VS_DEVICE_NONE */
    uint16_t target;   /* domain that an event names, or VS_DOMAIN_NONE */
};

static int append(struct vs_loader *loader, struct call_site *site, struct vs_error *error)
{
    struct vs_workload *workload = loader->workload;
    const struct vs_record *record = site->record;
    size_t at = workload->call_count;
    struct vs_call *call;
    uint32_t shape;
    uint16_t actor = 0;

    if (at >= UINT32_MAX)
        return vs_error_set(error, VS_ERR_INPUT, "more than %u calls", UINT32_MAX);
    if (at >= loader->call_capacity && grow_calls(loader, error) < 0)
        return VS_ERR_MEMORY;
    if (vs_shapes_intern(&loader->shapes, &site->verdict.shape, &shape) < 0)
        return no_memory(error);
    int ret = actor_of(loader, site->domain, record, &actor, error);
    if (ret < 0)
        return ret;
    if (record->vcpu == VS_VCPU_NONE || record->domain == VS_DOMAIN_NONE)
        site->verdict.guesses |= 1u << VS_GUESS_CALLER;
    if (!loader->started) {
        loader->started = true;
        loader->first_ns = record->time_ns;
    }
    call = &workload->calls[at];
    call->time_ns = record->time_ns > loader->first_ns ? record->time_ns - loader->first_ns : 0;
    call->shape = shape;
    call->actor = actor;
    call->device = site->function == VS_DEVICE_NONE
                       ? VS_DEVICE_NONE
                       : (uint16_t)(loader->first_device + site->function);
    const struct vs_clock *clock = &loader->meta->clock;
    bool measured = clock->real_time && clock->duration_covers == VS_DURATION_CONFIG_CYCLE &&
                    (record->kind == VS_KIND_CFG_READ || record->kind == VS_KIND_CFG_WRITE);
    workload->recorded_ns[at] =
        clock->duration_covers == VS_DURATION_NOTHING ? 0 : record->duration_ns;
    workload->measured_ns[at] = measured ? record->duration_ns : 0;
    workload->targets[at] = site->target;
    loader->any_recorded |= workload->recorded_ns[at] != 0;
    loader->any_measured |= workload->measured_ns[at] != 0;
    loader->any_target |= site->target != VS_DOMAIN_NONE;
    workload->call_count++;

    workload->op_count[site->verdict.shape.op]++;
    for (unsigned int reason = 0; reason < VS_GUESS_COUNT; reason++)
        workload->guess_count[reason] += site->verdict.guesses >> reason & 1;
    workload->injected_calls += (record->flags & VS_FLAG_INJECTED) != 0;
    workload->synthetic_calls += (record->flags & VS_FLAG_SYNTHETIC) != 0;
    return VS_OK;
}

/* The function that the caller reaches at the record's address, or NULL (O1). */
static struct vs_loader_function *reach(const struct vs_loader *loader,
                                        const struct vs_record *record, uint16_t domain,
                                        bool hardware_domain)
{
    uint32_t at = vs_index_find(&loader->by_sbdf, record->sbdf);
    if (at == VS_INDEX_NONE || (record->flags & VS_FLAG_ABSENT))
        return NULL;
    struct vs_loader_function *function = &loader->functions[at];
    /* No vendor answers: nothing is plugged in, whatever was or will be. */
    if (record->kind == VS_KIND_CFG_READ && record->reg == 0 && record->size >= 2 &&
        !(record->flags & VS_FLAG_VALUE_UNKNOWN) &&
        record->value == UINT32_MAX >> (32 - 8 * record->size))
        return NULL;
    /* pci_get_pdev(d, sbdf), then for the hardware domain pci_get_pdev(dom_xen, sbdf). */
    bool owned = function->hidden ? hardware_domain : function->owner == domain;
    if (!function->linked || !owned || function->state.layout.bar_count == 0)
        return NULL;
    return function;
}

static void class_access(struct vs_loader *loader, struct call_site *site)
{
    const struct vs_record *record = site->record;
    bool hardware_domain = loader->workload->domains[site->domain].hardware_domain;
    struct vs_loader_function *function = reach(loader, record, site->domain, hardware_domain);

    if (function)
        vs_function_age(&function->state, loader->generation);
    if (record->kind == VS_KIND_MSIX_READ || record->kind == VS_KIND_MSIX_WRITE)
        vs_classify_msix(function ? &function->state : NULL, record, hardware_domain,
                         &site->verdict);
    else if (function)
        vs_classify_config(&function->state, record, hardware_domain, &site->verdict);
    else
        vs_classify_absent(record, hardware_domain, &site->verdict);
    if (function)
        site->function = (uint16_t)(function - loader->functions);
}

/* What an event changes, after it was classed by the state before it. */
static void follow_event(struct vs_loader *loader, const struct call_site *site,
                         struct vs_loader_function *function)
{
    const struct vs_workload *workload = loader->workload;

    if (site->verdict.shape.op == VS_OP_DOMAIN_DESTROY) {
        /* pci_release_devices gives them back to the hardware domain, which outlives them. */
        if (site->target == loader->hardware_domain)
            return;
        for (size_t i = 0; i < loader->function_count; i++) {
            if (loader->functions[i].owner == site->target && !loader->functions[i].hidden) {
                loader->functions[i].owner = loader->hardware_domain;
                vs_function_restart(&loader->functions[i].state, true);
            }
        }
        return;
    }
    if (!function)
        return;
    switch (site->verdict.shape.op) {
    case VS_OP_DEVICE_REMOVE:
        function->linked = false;
        break;
    case VS_OP_DEVICE_ADD:
        if (function->linked)
            break; /* pci_add_device of a known one changes nothing of vPCI's */
        function->linked = true;
        function->owner = workload->domains[site->domain].hardware_domain ? site->domain
                                                                          : loader->hardware_domain;
        /* Another one may sit in the slot now, or the same after a reset. */
        if (!function->starts_absent && function->state.decode_known == VS_KNOWN_SURE)
            function->state.decode_known = VS_KNOWN_STALE;
        function->starts_absent = false;
        vs_function_restart(&function->state, true);
        break;
    case VS_OP_DEVICE_ASSIGN:
        function->owner = site->target;
        vs_function_restart(&function->state, workload->domains[site->target].hardware_domain);
        break;
    case VS_OP_DEVICE_DEASSIGN:
        function->owner = loader->hardware_domain;
        vs_function_restart(&function->state, true);
        break;
    case VS_OP_DEVICE_RESET:
        vs_function_restart(&function->state, function->state.handlers.hardware_domain);
        break;
    default:
        break;
    }
}

/* E8 rewrites the extended capabilities of each function of the segment. */
static void count_segment(const struct vs_loader *loader, struct call_site *site)
{
    for (size_t i = 0; i < loader->function_count; i++) {
        const struct vs_loader_function *function = &loader->functions[i];
        if (function->linked && function->sbdf >> 16 == site->record->sbdf >> 16)
            site->verdict.shape.quantity[VS_Q_CAPABILITIES] +=
                function->state.layout.extended_count;
    }
}

static int class_assign_to_guest(struct vs_loader *loader, const struct call_site *added,
                                 struct vs_loader_function *function, struct vs_error *error)
{
    struct call_site site = *added;

    site.target = site.domain;
    vs_classify_event(&function->state, site.record, VS_OP_DEVICE_ASSIGN, false, &site.verdict);
    int ret = append(loader, &site, error);
    if (ret >= 0)
        follow_event(loader, &site, function);
    return ret;
}

static int class_event(struct vs_loader *loader, struct call_site *site, enum vs_op op,
                       struct vs_error *error)
{
    const struct vs_record *record = site->record;
    bool hardware_domain = loader->workload->domains[site->domain].hardware_domain;
    uint32_t at = VS_INDEX_NONE;

    if (record->sbdf != VS_SBDF_NONE && op != VS_OP_MMCFG_RESERVED)
        at = vs_index_find(&loader->by_sbdf, record->sbdf);
    struct vs_loader_function *function = at == VS_INDEX_NONE ? NULL : &loader->functions[at];
    if (op == VS_OP_DEVICE_ASSIGN || op == VS_OP_DEVICE_DEASSIGN || op == VS_OP_DOMAIN_DESTROY)
        site->target = domain_of(loader, record->value < VS_DOMAIN_NONE ? (uint16_t)record->value
                                                                        : VS_DOMAIN_NONE);
    if (function)
        vs_function_age(&function->state, loader->generation);
    vs_classify_event(function ? &function->state : NULL, record, op, hardware_domain,
                      &site->verdict);
    if (op == VS_OP_MMCFG_RESERVED)
        count_segment(loader, site);
    if (function)
        site->function = (uint16_t)(function - loader->functions);
    int ret = append(loader, site, error);
    if (ret >= 0)
        follow_event(loader, site, function);
    /* A guest's hotplug is an add by the hardware domain, and an assignment. */
    if (ret >= 0 && op == VS_OP_DEVICE_ADD && !hardware_domain && function &&
        function->owner != site->domain)
        ret = class_assign_to_guest(loader, site, function, error);
    return ret;
}

static int class_record(struct vs_loader *loader, const struct vs_record *record,
                        struct vs_error *error)
{
    struct vs_workload *workload = loader->workload;
    struct call_site site = {.record = record,
                             .domain = domain_of(loader, record->domain),
                             .function = VS_DEVICE_NONE,
                             .target = VS_DOMAIN_NONE};

    workload->records++;
    if (record->kind == VS_KIND_LOST) {
        workload->lost_records += record->value;
        workload->skipped_records++;
        loader->generation++;
        return VS_OK;
    }
    bool config = record->kind == VS_KIND_CFG_READ || record->kind == VS_KIND_CFG_WRITE;
    if (config ? vs_access_allowed(record->reg, record->size)
               : record->kind == VS_KIND_MSIX_READ || record->kind == VS_KIND_MSIX_WRITE) {
        class_access(loader, &site);
        return append(loader, &site, error);
    }
    int op = vs_event_op(record->kind);
    /* pci_conf_write_intercept takes the lock for 64 <= reg < 256 only. */
    if (op < 0 || (op == VS_OP_PV_CFG_WRITE && (record->reg < 64 || record->reg >= 256))) {
        workload->skipped_records++;
        return VS_OK;
    }
    return class_event(loader, &site, (enum vs_op)op, error);
}

int vs_loader_class(struct vs_loader *loader, const struct vs_record *records, size_t count,
                    struct vs_error *error)
{
    for (size_t i = 0; i < count; i++) {
        int ret = class_record(loader, &records[i], error);
        if (ret < 0)
            return ret;
    }
    return VS_OK;
}
