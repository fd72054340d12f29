/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One Poisson process per kind of event, each with its own random sequence, so
 * that changing one rate leaves the others' events where they were.  An event
 * picks a device at random among those in a state for it; what undoes it is
 * queued.  Devices are those of the metadata and those that answered so far, which
 * is all that a single pass over a pipe can know.
 */
#include "inject.h"

#include <stdlib.h>
#include <string.h>

#include "random.h"

#define COMMAND        0x04 /* PCI Local Bus 3.0, 6.2.2 */
#define COMMAND_MEMORY 0x0002u
#define STORAGE_START  64u

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

/* Who acts: the last vCPU seen of a domain, or of a domain on a device. */
struct actor {
    uint16_t domain, vcpu, pcpu, path; /* path: the flags of its last config access */
    bool seen;
};

struct device {
    uint32_t sbdf;
    uint16_t domain;
    uint16_t command; /* last value seen */
    bool command_known;
    bool busy; /* an event on it is not undone yet */
    bool hotplugged;
    struct actor actor;
};

/* What undoes an event, due at a time. */
struct undo {
    vs_ns time_ns;
    uint64_t order; /* of queueing: ties go first come, first served */
    enum vs_inject_event event;
    size_t device;
    struct vs_record record;
};

struct injector {
    const struct vs_inject_options *options;
    struct vs_inject_counts *counts;
    const struct vs_trace_meta *meta;
    struct vs_writer *writer;
    struct vs_random random[VS_INJECT_COUNT];
    vs_ns next_ns[VS_INJECT_COUNT];
    struct device *devices;
    size_t device_count, device_room;
    struct undo *undos; /* unsorted: few at a time */
    size_t undo_count, undo_room;
    uint64_t order;
    uint16_t hardware_domain;
    struct actor *domains; /* last vCPU of each domain id: 65536 */
};

static int out_of_memory(struct vs_error *error)
{
    return vs_error_set(error, VS_ERR_MEMORY, "out of memory");
}

/* Room for one more item in *array. */
static bool make_room(void **array, size_t count, size_t *room, size_t size)
{
    if (count < *room)
        return true;
    size_t wanted = *room ? *room * 2 : STORAGE_START;
    void *grown = reallocarray(*array, wanted, size);
    if (!grown)
        return false;
    *array = grown;
    *room = wanted;
    return true;
}

/* ------------------------------------------------------------------ learning */

/* Devices by sbdf, a sorted array: the set is small and rarely grows. */
static size_t device_place(const struct injector *injector, uint32_t sbdf)
{
    size_t low = 0, high = injector->device_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (injector->devices[middle].sbdf < sbdf)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct device *find_device(struct injector *injector, uint32_t sbdf)
{
    size_t place = device_place(injector, sbdf);
    if (place < injector->device_count && injector->devices[place].sbdf == sbdf)
        return &injector->devices[place];
    return NULL;
}

static struct device *add_device(struct injector *injector, uint32_t sbdf, uint16_t domain)
{
    struct device *known = find_device(injector, sbdf);
    if (known)
        return known;
    if (!make_room((void **)&injector->devices, injector->device_count, &injector->device_room,
                   sizeof(*injector->devices)))
        return NULL;
    size_t place = device_place(injector, sbdf);
    struct device *device = &injector->devices[place];
    memmove(device + 1, device, (injector->device_count - place) * sizeof(*device));
    injector->device_count++;
    for (size_t i = 0; i < injector->undo_count; i++)
        injector->undos[i].device += injector->undos[i].device >= place;
    *device = (struct device){.sbdf = sbdf, .domain = domain};
    return device;
}

/* Follow the command register through reads and writes that cover it. */
static void learn_command(struct device *device, const struct vs_record *record)
{
    if (record->flags & (VS_FLAG_VALUE_UNKNOWN | VS_FLAG_ABSENT))
        return;
    if (record->reg == COMMAND && record->size >= 2) {
        device->command = (uint16_t)record->value;
        device->command_known = true;
    } else if (record->reg == COMMAND && record->size == 1 && device->command_known) {
        device->command = (uint16_t)((device->command & 0xff00) | record->value);
    } else if (record->reg == COMMAND + 1 && record->size == 1 && device->command_known) {
        device->command = (uint16_t)((device->command & 0xff) | record->value << 8);
    }
}

static int learn(struct injector *injector, const struct vs_record *record)
{
    struct actor actor = {record->domain, record->vcpu, record->pcpu,
                          record->flags & (VS_FLAG_PATH_PORT | VS_FLAG_PATH_ECAM), true};
    if (record->kind != VS_KIND_CFG_READ && record->kind != VS_KIND_CFG_WRITE)
        return 0;
    injector->domains[record->domain] = actor;
    if (record->flags & (VS_FLAG_ABSENT | VS_FLAG_CF8_STALE))
        return 0;
    struct device *device = add_device(injector, record->sbdf, record->domain);
    if (!device)
        return VS_ERR_MEMORY;
    device->actor = actor;
    device->hotplugged = false; /* it is really there */
    learn_command(device, record);
    return 0;
}

static int learn_meta(struct injector *injector)
{
    const struct vs_trace_meta *meta = injector->meta;
    for (size_t i = 0; i < meta->domain_count; i++) {
        if (meta->domains[i].hardware_domain)
            injector->hardware_domain = meta->domains[i].id;
    }
    for (size_t i = 0; i < meta->device_count; i++) {
        const struct vs_trace_device *from = &meta->devices[i];
        if (from->hidden)
            continue;
        struct device *device =
            add_device(injector, from->sbdf,
                       from->domain == VS_DOMAIN_NONE ? injector->hardware_domain : from->domain);
        if (!device)
            return VS_ERR_MEMORY;
        if (from->config) {
            device->command = (uint16_t)(from->config[COMMAND] | from->config[COMMAND + 1] << 8);
            device->command_known = true;
        }
    }
    return 0;
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

static int put(struct injector *injector, enum vs_inject_event event, struct device *device,
               const struct vs_record *record, const struct vs_record *undo, struct vs_error *error)
{
    if (!make_room((void **)&injector->undos, injector->undo_count, &injector->undo_room,
                   sizeof(*injector->undos)))
        return out_of_memory(error);
    vs_ns due_ns;
    if (__builtin_add_overflow(record->time_ns, injector->options->hold_ns[event], &due_ns))
        due_ns = UINT64_MAX;
    injector->undos[injector->undo_count++] = (struct undo){
        .time_ns = due_ns,
        .order = injector->order++,
        .event = event,
        .device = (size_t)(device - injector->devices),
        .record = *undo,
    };
    injector->undos[injector->undo_count - 1].record.time_ns = due_ns;
    device->busy = true;
    injector->counts->events[event]++;
    return vs_writer_add(injector->writer, record, 1, error);
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
    struct vs_record undo = record;
    undo.kind = VS_KIND_DEVICE_ADD;
    return put(injector, VS_INJECT_REMOVE, device, &record, &undo, error);
}

static int inject_assign(struct injector *injector, struct device *device, vs_ns time_ns,
                         struct vs_error *error)
{
    const struct vs_trace_meta *meta = injector->meta;
    uint16_t to = VS_DOMAIN_NONE;
    size_t others = 0;
    for (size_t i = 0; i < meta->domain_count; i++)
        others += meta->domains[i].id != device->domain;
    if (others == 0) {
        injector->counts->skipped[VS_INJECT_ASSIGN]++;
        return 0;
    }
    size_t choice = (size_t)vs_random_below(&injector->random[VS_INJECT_ASSIGN], others);
    for (size_t i = 0; i < meta->domain_count; i++) {
        if (meta->domains[i].id != device->domain && choice-- == 0)
            to = meta->domains[i].id;
    }
    struct vs_record record = new_record(injector, VS_KIND_DEVICE_ASSIGN, time_ns, device->sbdf);
    record.value = to;
    struct vs_record undo = record;
    undo.kind = VS_KIND_DEVICE_DEASSIGN;
    return put(injector, VS_INJECT_ASSIGN, device, &record, &undo, error);
}

static int inject_toggle(struct injector *injector, struct device *device, vs_ns time_ns,
                         struct vs_error *error)
{
    struct vs_record record = {.time_ns = time_ns,
                               .kind = VS_KIND_CFG_WRITE,
                               .sbdf = device->sbdf,
                               .reg = COMMAND,
                               .size = 2,
                               .value = device->command ^ COMMAND_MEMORY,
                               .domain = device->actor.domain,
                               .vcpu = device->actor.vcpu,
                               .pcpu = device->actor.pcpu,
                               .flags = (uint16_t)(VS_FLAG_INJECTED | device->actor.path)};
    struct vs_record undo = record;
    undo.value = device->command;
    return put(injector, VS_INJECT_TOGGLE, device, &record, &undo, error);
}

/* A function number on the bus of a known device that nothing uses. */
static uint32_t free_sbdf(struct injector *injector, const struct device *beside)
{
    uint32_t bus = beside->sbdf & 0xffffff00u;
    uint32_t start = (uint32_t)vs_random_below(&injector->random[VS_INJECT_HOTPLUG], 32) << 3;
    for (uint32_t i = 0; i < 256; i += 8) {
        uint32_t sbdf = bus | ((start + i) & 0xff);
        if (sbdf != VS_SBDF_NONE && !find_device(injector, sbdf))
            return sbdf;
    }
    return VS_SBDF_NONE;
}

static int inject_hotplug(struct injector *injector, const struct device *beside, vs_ns time_ns,
                          struct vs_error *error)
{
    uint32_t sbdf = free_sbdf(injector, beside);
    uint16_t domain = beside->domain;
    if (sbdf == VS_SBDF_NONE) {
        injector->counts->skipped[VS_INJECT_HOTPLUG]++;
        return 0;
    }
    struct device *device = add_device(injector, sbdf, domain);
    if (!device)
        return out_of_memory(error);
    device->hotplugged = true;
    struct vs_record record = new_record(injector, VS_KIND_DEVICE_ADD, time_ns, sbdf);
    struct vs_record undo = record;
    undo.kind = VS_KIND_DEVICE_REMOVE;
    return put(injector, VS_INJECT_HOTPLUG, device, &record, &undo, error);
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
        bool back = undo.record.value & COMMAND_MEMORY;
        undo.record.value = (device->command & ~COMMAND_MEMORY) | (back ? COMMAND_MEMORY : 0);
    }
    return vs_writer_add(injector->writer, &undo.record, 1, error);
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
    if (ret == 0 && learn(injector, record) < 0)
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
    int ret = injector.domains ? learn_meta(&injector) : VS_ERR_MEMORY;
    if (ret < 0)
        out_of_memory(error);
    if (ret == 0)
        ret = copy_all(&injector, reader, error);
    free(injector.domains);
    free(injector.devices);
    free(injector.undos);
    return ret;
}
