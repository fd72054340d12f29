/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A workload's summary as JSON. */
#include "workload.h"

static struct vs_json_out *texts(char *const *items, size_t count)
{
    struct vs_json_out *out = vs_json_new_array();
    for (size_t i = 0; i < count; i++)
        vs_json_add_string(out, NULL, items[i]);
    return out;
}

static struct vs_json_out *operations(const struct vs_workload *workload)
{
    struct vs_json_out *out = vs_json_new_object();
    for (unsigned int op = 0; op < VS_OP_COUNT; op++) {
        if (workload->op_count[op])
            vs_json_add_u64(out, vs_op_table[op].name, workload->op_count[op]);
    }
    return out;
}

static struct vs_json_out *guesses(const struct vs_workload *workload)
{
    struct vs_json_out *out = vs_json_new_object();
    for (unsigned int reason = 0; reason < VS_GUESS_COUNT; reason++)
        vs_json_add_u64(out, vs_guess_name((enum vs_guess)reason), workload->guess_count[reason]);
    return out;
}

static struct vs_json_out *domains(const struct vs_workload *workload)
{
    struct vs_json_out *out = vs_json_new_array();
    for (size_t i = 0; i < workload->domain_count; i++) {
        const struct vs_workload_domain *domain = &workload->domains[i];
        struct vs_json_out *item = vs_json_new_object();
        vs_json_add_u64(item, "id", domain->id);
        vs_json_add_string(item, "name", domain->name);
        vs_json_add_boolean(item, "hardware_domain", domain->hardware_domain);
        vs_json_add_boolean(item, "synthetic", domain->synthetic);
        vs_json_add(out, NULL, item);
    }
    return out;
}

static struct vs_json_out *actors(const struct vs_workload *workload)
{
    struct vs_json_out *out = vs_json_new_array();
    for (size_t i = 0; i < workload->actor_count; i++) {
        const struct vs_actor *actor = &workload->actors[i];
        struct vs_json_out *item = vs_json_new_object();
        vs_json_add_u64(item, "domain", workload->domains[actor->domain].id);
        if (actor->vcpu == VS_VCPU_NONE)
            vs_json_add_null(item, "vcpu");
        else
            vs_json_add_u64(item, "vcpu", actor->vcpu);
        if (actor->pcpu == VS_PCPU_NONE)
            vs_json_add_null(item, "pcpu");
        else
            vs_json_add_u64(item, "pcpu", actor->pcpu);
        vs_json_add(out, NULL, item);
    }
    return out;
}

static struct vs_json_out *devices(const struct vs_workload *workload)
{
    struct vs_json_out *out = vs_json_new_array();
    for (size_t i = 0; i < workload->device_count; i++) {
        const struct vs_workload_device *device = &workload->devices[i];
        struct vs_json_out *item = vs_json_new_object();
        char text[VS_SBDF_TEXT];
        vs_json_add_string(item, "sbdf", vs_sbdf_text(device->sbdf, text));
        if (device->owner == VS_DOMAIN_NONE)
            vs_json_add_null(item, "owner");
        else
            vs_json_add_u64(item, "owner", workload->domains[device->owner].id);
        vs_json_add_boolean(item, "hidden", device->hidden);
        vs_json_add_boolean(item, "present", device->present);
        vs_json_add_boolean(item, "has_vpci", device->has_vpci);
        vs_json_add_boolean(item, "has_msix", device->has_msix);
        vs_json_add_boolean(item, "snapshot", device->snapshot);
        vs_json_add(out, NULL, item);
    }
    return out;
}

struct vs_json_out *vs_workload_json(const struct vs_workload *workload)
{
    struct vs_json_out *out = vs_json_new_object();
    vs_json_add_string(out, "name", workload->name);
    vs_json_add_string(out, "hash", workload->hash);
    vs_json_add_u64(out, "records", workload->records);
    vs_json_add_u64(out, "lost_records", workload->lost_records);
    vs_json_add_u64(out, "skipped_records", workload->skipped_records);
    vs_json_add_u64(out, "calls", workload->call_count);
    vs_json_add_u64(out, "shapes", workload->shape_count);
    vs_json_add_u64(out, "span_ns", workload->span_ns);
    vs_json_add_u64(out, "injected_calls", workload->injected_calls);
    vs_json_add_u64(out, "synthetic_calls", workload->synthetic_calls);
    vs_json_add_boolean(out, "emulated", workload->emulated);
    vs_json_add_boolean(out, "synthetic", workload->synthetic);
    vs_json_add_boolean(out, "measured", workload->measured_ns != NULL);
    vs_json_add_boolean(out, "think_is_gap", workload->think_is_gap);
    vs_json_add(out, "operations", operations(workload));
    vs_json_add(out, "guesses", guesses(workload));
    vs_json_add(out, "domains", domains(workload));
    vs_json_add(out, "actors", actors(workload));
    vs_json_add(out, "devices", devices(workload));
    vs_json_add(out, "what_if", texts(workload->what_if, workload->what_if_count));
    vs_json_add(out, "notes", texts(workload->notes, workload->note_count));
    return out;
}
