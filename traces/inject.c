/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One Poisson process per kind of event, each with its own random sequence, so
 * that changing one rate leaves the others' events where they were.  An event
 * picks a device at random among those in a state for it; what undoes it is
 * queued.  Devices are those of the metadata and those that answered so far, which
 * is all that a single pass over a pipe can know.
 */
#include <stdlib.h>
#include <string.h>

#include "inject_state.h"

#define COMMAND_MEMORY 0x0002u

static const char *const event_names[VS_INJECT_COUNT] = {
    [VS_INJECT_HOTPLUG] = "hotplug",
    [VS_INJECT_REMOVE] = "remove",
    [VS_INJECT_ASSIGN] = "assign",
    [VS_INJECT_TOGGLE] = "toggle",
};

const char *vs_inject_name(enum vs_inject_event event)
{
    return (size_t)event < VS_INJECT_COUNT ? event_names[event] : NULL;
}

static int out_of_memory(struct vs_error *error)
{
    return vs_error_set(error, VS_ERR_MEMORY, "out of memory");
}

/* ------------------------------------------------------------------- events */

static struct vs_record new_record(const struct injector *injector, enum vs_kind kind,
                                   vs_ns time_ns, uint32_t sbdf)
{
    const struct actor *host = &injector->domains[injector->hardware_domain];
    struct vs_record record = {.time_ns = time_ns,
                               .kind = (uint8_t)kind,
                               .sbdf = sbdf,
                               .domain = injector->hardware_domain,
                               .vcpu = host->seen ? host->vcpu : 0,
                               .pcpu = host->seen ? host->pcpu : VS_PCPU_NONE,
                               .flags = VS_FLAG_INJECTED};
    return record;
}

static int write_batch(struct injector *injector, const struct batch *batch, struct vs_error *error)
{
    return vs_writer_add(injector->writer, batch->records, batch->count, error);
}

static void batch_add(struct batch *batch, const struct vs_record *record)
{
    batch->records[batch->count++] = *record;
}

static struct batch batch_of(const struct vs_record *record)
{
    struct batch batch = {.count = 0};
    batch_add(&batch, record);
    return batch;
}

static void batch_add_change(struct batch *batch, const struct vs_record *like, enum vs_kind kind,
                             uint16_t domain)
{
    struct vs_record record = *like;
    record.kind = (uint8_t)kind;
    record.value = domain;
    batch_add(batch, &record);
}

static int put(struct injector *injector, enum vs_inject_event event, struct device *device,
               const struct batch *batch, const struct batch *undo, struct vs_error *error)
{
    if (!vs_inject_make_room((void **)&injector->undos, injector->undo_count, &injector->undo_room,
                             sizeof(*injector->undos)))
        return out_of_memory(error);
    vs_ns due_ns;
    if (__builtin_add_overflow(batch->records[0].time_ns, injector->options->hold_ns[event],
                               &due_ns))
        due_ns = UINT64_MAX;
    struct undo *queued = &injector->undos[injector->undo_count++];
    *queued = (struct undo){
        .time_ns = due_ns,
        .order = injector->order++,
        .event = event,
        .device = (size_t)(device - injector->devices),
        .batch = *undo,
    };
    for (size_t i = 0; i < queued->batch.count; i++)
        queued->batch.records[i].time_ns = due_ns;
    device->busy = true;
    injector->counts->events[event]++;
    return write_batch(injector, batch, error);
}

/* A device for an event, at random; NULL when none is in a state for it. */
static struct device *pick(struct injector *injector, enum vs_inject_event event)
{
    size_t fit = 0;
    for (size_t round = 0, chosen = 0; round < 2; round++) {
        size_t seen = 0;
        for (size_t i = 0; i < injector->device_count; i++) {
            struct device *device = &injector->devices[i];
            if (device->busy || device->hotplugged ||
                (event == VS_INJECT_TOGGLE && (!device->command_known || !device->actor.seen)))
                continue;
            if (round == 1 && seen == chosen)
                return device;
            seen++;
        }
        fit = seen;
        if (fit == 0)
            return NULL;
        chosen = (size_t)vs_random_below(&injector->random[event], fit);
    }
    return NULL;
}

static int inject_remove(struct injector *injector, struct device *device, vs_ns time_ns,
                         struct vs_error *error)
{
    struct vs_record record = new_record(injector, VS_KIND_DEVICE_REMOVE, time_ns, device->sbdf);
    struct batch batch = batch_of(&record);
    record.kind = VS_KIND_DEVICE_ADD;
    struct batch undo = batch_of(&record);
    /* What is added belongs to the hardware domain until it is assigned again. */
    if (device->owner != injector->hardware_domain)
        batch_add_change(&undo, &record, VS_KIND_DEVICE_ASSIGN, device->owner);
    return put(injector, VS_INJECT_REMOVE, device, &batch, &undo, error);
}

/* Records that take a device from a domain to another.  Xen assigns what the hardware
 * domain has, and deassigns to it: between two guests there are two steps. */
static struct batch move(const struct injector *injector, const struct device *device,
                         vs_ns time_ns, uint16_t from, uint16_t to)
{
    struct vs_record record = new_record(injector, VS_KIND_DEVICE_ASSIGN, time_ns, device->sbdf);
    struct batch batch = {.count = 0};
    if (from != injector->hardware_domain)
        batch_add_change(&batch, &record, VS_KIND_DEVICE_DEASSIGN, from);
    if (to != injector->hardware_domain)
        batch_add_change(&batch, &record, VS_KIND_DEVICE_ASSIGN, to);
    return batch;
}

static bool is_other_guest(const struct injector *injector, size_t index, uint16_t owner)
{
    const struct vs_trace_domain *domain = &injector->meta->domains[index];
    return !domain->hardware_domain && domain->id != injector->hardware_domain &&
           domain->id != owner;
}

/* Who gets a device of owner: a guest; with no other guest the hardware domain gets a
 * guest's.  VS_DOMAIN_NONE when nobody can. */
static uint16_t pick_receiver(struct injector *injector, uint16_t owner)
{
    const struct vs_trace_meta *meta = injector->meta;
    size_t others = 0;
    for (size_t i = 0; i < meta->domain_count; i++)
        others += is_other_guest(injector, i, owner);
    if (others == 0)
        return owner != injector->hardware_domain ? injector->hardware_domain : VS_DOMAIN_NONE;
    size_t choice = (size_t)vs_random_below(&injector->random[VS_INJECT_ASSIGN], others);
    for (size_t i = 0; i < meta->domain_count; i++) {
        if (is_other_guest(injector, i, owner) && choice-- == 0)
            return meta->domains[i].id;
    }
    return VS_DOMAIN_NONE;
}

static int inject_assign(struct injector *injector, struct device *device, vs_ns time_ns,
                         struct vs_error *error)
{
    uint16_t to = pick_receiver(injector, device->owner);
    if (to == VS_DOMAIN_NONE) {
        injector->counts->skipped[VS_INJECT_ASSIGN]++;
        return 0;
    }
    struct batch batch = move(injector, device, time_ns, device->owner, to);
    struct batch undo = move(injector, device, time_ns, to, device->owner);
    return put(injector, VS_INJECT_ASSIGN, device, &batch, &undo, error);
}

static int inject_toggle(struct injector *injector, struct device *device, vs_ns time_ns,
                         struct vs_error *error)
{
    struct vs_record record = {.time_ns = time_ns,
                               .kind = VS_KIND_CFG_WRITE,
                               .sbdf = device->sbdf,
                               .reg = VS_INJECT_COMMAND,
                               .size = 2,
                               .value = device->command ^ COMMAND_MEMORY,
                               .domain = device->actor.domain,
                               .vcpu = device->actor.vcpu,
                               .pcpu = device->actor.pcpu,
                               .flags = (uint16_t)(VS_FLAG_INJECTED | device->actor.path)};
    struct batch batch = batch_of(&record);
    record.value = device->command;
    struct batch undo = batch_of(&record);
    return put(injector, VS_INJECT_TOGGLE, device, &batch, &undo, error);
}

/* A function number on the bus of a known device that nothing uses. */
static uint32_t free_sbdf(struct injector *injector, const struct device *beside)
{
    uint32_t bus = beside->sbdf & 0xffffff00u;
    uint32_t start = (uint32_t)vs_random_below(&injector->random[VS_INJECT_HOTPLUG], 32) << 3;
    for (uint32_t i = 0; i < 256; i += 8) {
        uint32_t sbdf = bus | ((start + i) & 0xff);
        if (sbdf != VS_SBDF_NONE && !vs_inject_find_device(injector, sbdf))
            return sbdf;
    }
    return VS_SBDF_NONE;
}

static int inject_hotplug(struct injector *injector, const struct device *beside, vs_ns time_ns,
                          struct vs_error *error)
{
    uint32_t sbdf = free_sbdf(injector, beside);
    if (sbdf == VS_SBDF_NONE) {
        injector->counts->skipped[VS_INJECT_HOTPLUG]++;
        return 0;
    }
    struct device *device = vs_inject_add_device(injector, sbdf, injector->hardware_domain);
    if (!device)
        return out_of_memory(error);
    device->hotplugged = true;
    struct vs_record record = new_record(injector, VS_KIND_DEVICE_ADD, time_ns, sbdf);
    struct batch batch = batch_of(&record);
    record.kind = VS_KIND_DEVICE_REMOVE;
    struct batch undo = batch_of(&record);
    return put(injector, VS_INJECT_HOTPLUG, device, &batch, &undo, error);
}

static int inject_event(struct injector *injector, enum vs_inject_event event,
                        struct vs_error *error)
{
    vs_ns time_ns = injector->next_ns[event];
    vs_ns gap = vs_random_exponential(&injector->random[event], injector->options->mean_ns[event]);
    if (__builtin_add_overflow(time_ns, gap ? gap : 1, &injector->next_ns[event]))
        injector->next_ns[event] = UINT64_MAX;
    struct device *device = pick(injector, event);
    if (!device) {
        injector->counts->skipped[event]++;
        return 0;
    }
    switch (event) {
    case VS_INJECT_HOTPLUG:
        return inject_hotplug(injector, device, time_ns, error);
    case VS_INJECT_REMOVE:
        return inject_remove(injector, device, time_ns, error);
    case VS_INJECT_ASSIGN:
        return inject_assign(injector, device, time_ns, error);
    default:
        return inject_toggle(injector, device, time_ns, error);
    }
}

static int inject_undo(struct injector *injector, size_t index, struct vs_error *error)
{
    struct undo undo = injector->undos[index];
    injector->undos[index] = injector->undos[--injector->undo_count];
    struct device *device = &injector->devices[undo.device];
    device->busy = false;
    if (undo.event == VS_INJECT_TOGGLE) {
        /* Back to what the traffic last wrote, apart from the bit. */
        struct vs_record *write = &undo.batch.records[0];
        bool back = write->value & COMMAND_MEMORY;
        write->value = (device->command & ~COMMAND_MEMORY) | (back ? COMMAND_MEMORY : 0);
    }
    return write_batch(injector, &undo.batch, error);
}

/* -------------------------------------------------------------------- whole */

/* Put out everything due up to until_ns, in order of time.  Nothing new begins when
 * only_undo. */
static int advance(struct injector *injector, vs_ns until_ns, bool only_undo,
                   struct vs_error *error)
{
    for (;;) {
        vs_ns soonest = UINT64_MAX;
        int event = -1;
        size_t undo = SIZE_MAX;
        for (int i = 0; i < VS_INJECT_COUNT && !only_undo; i++) {
            if (injector->options->mean_ns[i] && injector->next_ns[i] < soonest) {
                soonest = injector->next_ns[i];
                event = i;
            }
        }
        for (size_t i = 0; i < injector->undo_count; i++) {
            const struct undo *candidate = &injector->undos[i];
            /* What undoes an event goes before a new one of the same time. */
            if (candidate->time_ns < soonest || (candidate->time_ns == soonest && event >= 0) ||
                (candidate->time_ns == soonest && undo == SIZE_MAX) ||
                (candidate->time_ns == soonest && candidate->order < injector->undos[undo].order)) {
                soonest = candidate->time_ns;
                undo = i;
                event = -1;
            }
        }
        if (soonest > until_ns || (event < 0 && undo == SIZE_MAX))
            return 0;
        int ret = event >= 0 ? inject_event(injector, (enum vs_inject_event)event, error)
                             : inject_undo(injector, undo, error);
        if (ret < 0)
            return ret;
    }
}

static int copy_record(struct injector *injector, const struct vs_record *record,
                       struct vs_error *error)
{
    int ret = advance(injector, record->time_ns, false, error);
    if (ret == 0)
        ret = vs_writer_add(injector->writer, record, 1, error);
    if (ret == 0 && vs_inject_learn(injector, record) < 0)
        ret = out_of_memory(error);
    return ret;
}

static int copy_all(struct injector *injector, struct vs_reader *reader, struct vs_error *error)
{
    const struct vs_record *records = NULL;
    size_t count = 0;
    bool started = false;
    int ret;
    while ((ret = vs_reader_next(reader, &records, &count, error)) > 0) {
        for (int i = 0; i < VS_INJECT_COUNT && !started; i++)
            injector->next_ns[i] =
                records[0].time_ns +
                vs_random_exponential(&injector->random[i], injector->options->mean_ns[i]);
        started = true;
        for (size_t i = 0; i < count; i++) {
            ret = copy_record(injector, &records[i], error);
            if (ret < 0)
                return ret;
        }
    }
    return ret < 0 ? ret : advance(injector, UINT64_MAX, true, error);
}

/* Devices are assigned to a domain that they do not belong to: with fewer than two
 * known domains there may be none. */
static int add_spare_domain(struct vs_trace_meta *meta)
{
    uint32_t highest = 0;
    for (size_t i = 0; i < meta->domain_count; i++)
        highest = meta->domains[i].id > highest ? meta->domains[i].id : highest;
    struct vs_trace_domain *domain = vs_trace_meta_add_domain(meta);
    if (!domain)
        return VS_ERR_MEMORY;
    /* A lone domain with the highest possible id leaves the lowest free. */
    domain->id = highest + 1 < VS_DOMAIN_NONE ? (uint16_t)(highest + 1) : 0;
    strcpy(domain->name, "injected-guest");
    strcpy(domain->origin, "inject: takes the devices that are assigned");
    return 0;
}

int vs_inject_describe(struct vs_trace_meta *meta, const struct vs_inject_options *options)
{
    int ret = 0;
    if (options->mean_ns[VS_INJECT_ASSIGN] && meta->domain_count < 2)
        ret = add_spare_domain(meta);
    for (unsigned int i = 0; i < VS_INJECT_COUNT && ret == 0; i++) {
        char mean[VS_DURATION_TEXT], hold[VS_DURATION_TEXT];
        if (!options->mean_ns[i])
            continue;
        ret = vs_trace_meta_add_what_if(
            meta,
            "injected %s events (Poisson, one per %s on average, each undone after %s, seed "
            "%llu): not captured",
            event_names[i], vs_duration_text(options->mean_ns[i], mean),
            vs_duration_text(options->hold_ns[i], hold), (unsigned long long)options->seed);
    }
    return ret;
}

int vs_inject(struct vs_reader *reader, struct vs_writer *writer, const struct vs_trace_meta *meta,
              const struct vs_inject_options *options, struct vs_inject_counts *counts,
              struct vs_error *error)
{
    struct injector injector = {
        .options = options, .counts = counts, .meta = meta, .writer = writer};
    *counts = (struct vs_inject_counts){0};
    for (unsigned int i = 0; i < VS_INJECT_COUNT; i++)
        vs_random_seed(&injector.random[i], options->seed, i);
    injector.domains = calloc(65536, sizeof(*injector.domains));
    int ret = injector.domains ? vs_inject_learn_meta(&injector) : VS_ERR_MEMORY;
    if (ret < 0)
        out_of_memory(error);
    if (ret == 0)
        ret = copy_all(&injector, reader, error);
    free(injector.domains);
    free(injector.devices);
    free(injector.undos);
    return ret;
}
