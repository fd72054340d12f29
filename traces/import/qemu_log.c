/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The QEMU trace log importer: each input file is one guest and becomes one
 * domain.  What a guest's lines mean is in qemu_guest.c and qemu_pair.c; here
 * guests are laid side by side.
 *
 * Functions must be unique on the host that a trace describes, and each guest has
 * its own 00:00.0: with several inputs guest k gets PCI segment k.  That, and how
 * the guests' clocks are lined up (--align), are choices of the import that no
 * host made, and the trace says so (what_if).
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "import.h"
#include "qemu_guest.h"

#define BATCH      1024u
#define WALL_MIN_S UINT64_C(1000000000)
#define GUESTS_MAX 4096u /* each holds its log open */

struct stream {
    struct vs_qemu_guest *guest;
    const char *path;
    struct vs_record record; /* the next one */
    bool live;
    uint64_t epoch_ns; /* wall time that is time 0 of its records */
};

struct import {
    const struct vs_import_options *options;
    struct vs_import_sink *sink;
    struct stream *streams;
    size_t count;
    struct vs_record batch[BATCH];
    size_t batch_count;
};

static int out_of_memory(struct vs_error *error)
{
    return vs_error_set(error, VS_ERR_MEMORY, "out of memory");
}

static int pull(struct stream *stream, struct vs_error *error)
{
    int got = vs_qemu_guest_next(stream->guest, &stream->record, error);

    stream->live = got == 1;
    return got < 0 ? got : 0;
}

static int open_streams(struct import *import, struct vs_error *error)
{
    const struct vs_import_options *options = import->options;
    size_t i;
    int ret;

    for (i = 0; i < import->count; i++) {
        struct stream *stream = &import->streams[i];

        stream->path = options->inputs.items[i];
        ret = vs_qemu_guest_open(stream->path, &options->threads, options->tolerate, &stream->guest,
                                 error);
        if (ret == 0)
            ret = pull(stream, error);
        if (ret < 0)
            return ret;
        stream->epoch_ns = vs_qemu_guest_epoch(stream->guest);
        if (!stream->live && stream->epoch_ns == 0 && !options->tolerate)
            return vs_error_set_at(error, VS_ERR_INPUT, stream->path, 0, VS_NOWHERE,
                                   "expected QEMU trace log lines, found an empty file");
    }
    return 0;
}

/* Line up the guests' clocks.  Returns the wall time of time 0, or 0 where there is no one. */
static uint64_t align(struct import *import)
{
    uint64_t first = import->streams[0].epoch_ns;
    size_t i;

    if (import->count > 1 && import->options->align == VS_ALIGN_START)
        return 0;
    for (i = 1; i < import->count; i++) {
        if (import->streams[i].epoch_ns < first)
            first = import->streams[i].epoch_ns;
    }
    for (i = 0; i < import->count; i++)
        import->streams[i].epoch_ns = first;
    /* Stamps of September 2001 and before are no wall time but, say, seconds since boot. */
    return first < WALL_MIN_S * VS_NS_PER_S ? 0 : first;
}

static int describe_what_if(const struct import *import, struct vs_trace_meta *meta)
{
    if (import->count < 2)
        return 0;
    if (vs_trace_meta_add_what_if(meta,
                                  "%zu guests' logs laid side by side as domains of one host, "
                                  "guest k on PCI segment k",
                                  import->count) < 0)
        return VS_ERR_MEMORY;
    if (import->options->align == VS_ALIGN_WALL)
        return 0;
    return vs_trace_meta_add_what_if(meta, "guests' clocks aligned: the first line of each log is "
                                           "time 0");
}

/* Snapshots (--devices) were taken inside the guests, where each has segment 0. */
static int move_snapshots(const struct import *import, struct vs_trace_meta *meta,
                          struct vs_error *error)
{
    size_t i;

    for (i = 0; import->count > 1 && i < meta->device_count; i++) {
        struct vs_trace_device *device = &meta->devices[i];

        if (device->sbdf >> 16 || device->domain >= import->count)
            return vs_error_set(error, VS_ERR_USAGE,
                                "--devices: with %zu logs, expected devices of segment 0 in "
                                "domains 0 to %zu, found segment %" PRIu32 " in domain %u",
                                import->count, import->count - 1, device->sbdf >> 16,
                                device->domain);
        device->sbdf |= (uint32_t)device->domain << 16;
    }
    return 0;
}

static int describe(struct import *import, uint64_t wall_epoch_ns, struct vs_error *error)
{
    struct vs_trace_meta *meta = import->sink->meta;
    size_t i;

    snprintf(meta->clock.name, sizeof(meta->clock.name), "host-wall");
    snprintf(meta->clock.note, sizeof(meta->clock.note),
             "microsecond stamps of QEMU's log, taken when a line is printed");
    meta->clock.real_time = !import->options->emulated;
    meta->clock.wall_epoch_ns = wall_epoch_ns;
    meta->clock.duration_covers = VS_DURATION_NOTHING;
    if (import->options->backend)
        snprintf(meta->backend, sizeof(meta->backend), "%s", import->options->backend);
    for (i = 0; i < import->count; i++) {
        struct vs_trace_domain *domain = vs_trace_meta_add_domain(meta);

        if (!domain)
            return out_of_memory(error);
        domain->id = (uint16_t)i;
        snprintf(domain->name, sizeof(domain->name), "guest-%zu", i);
        snprintf(domain->origin, sizeof(domain->origin), "%s", import->streams[i].path);
    }
    if (describe_what_if(import, meta) < 0)
        return out_of_memory(error);
    return move_snapshots(import, meta, error);
}

static int flush(struct import *import, struct vs_error *error)
{
    size_t count = import->batch_count;

    import->batch_count = 0;
    return count ? vs_import_add(import->sink, import->batch, count, error) : 0;
}

/* Records of all guests by time; at the same time, the guest named first goes first. */
static int merge(struct import *import, struct vs_error *error)
{
    int ret;

    for (;;) {
        struct stream *next = NULL;
        uint64_t next_ns = 0;
        size_t i;

        for (i = 0; i < import->count; i++) {
            struct stream *stream = &import->streams[i];
            uint64_t time_ns = stream->record.time_ns - stream->epoch_ns;

            if (stream->live && (!next || time_ns < next_ns)) {
                next = stream;
                next_ns = time_ns;
            }
        }
        if (!next)
            return flush(import, error);
        i = (size_t)(next - import->streams);
        next->record.time_ns = next_ns;
        next->record.domain = (uint16_t)i;
        next->record.sbdf |= (uint32_t)i << 16;
        import->batch[import->batch_count++] = next->record;
        if (import->batch_count == BATCH && (ret = flush(import, error)) < 0)
            return ret;
        if ((ret = pull(next, error)) < 0)
            return ret;
    }
}

static bool knows_device(const struct vs_trace_meta *meta, uint32_t sbdf)
{
    size_t i;

    for (i = 0; i < meta->device_count; i++) {
        if (meta->devices[i].sbdf == sbdf)
            return true;
    }
    return false;
}

/* What became known while reading: functions, CPUs, the window. */
static int describe_guest(struct import *import, size_t index, struct vs_error *error)
{
    struct vs_trace_meta *meta = import->sink->meta;
    const struct stream *stream = &import->streams[index];
    const struct vs_qemu_functions *functions = vs_qemu_guest_functions(stream->guest);
    uint8_t bus_last;
    uint64_t base;
    size_t i;

    for (i = 0; i < meta->domain_count; i++) {
        if (meta->domains[i].id == index)
            meta->domains[i].vcpus = vs_qemu_guest_cpus(stream->guest);
    }
    for (i = 0; i < functions->count; i++) {
        uint32_t sbdf = (uint32_t)index << 16 | functions->items[i].bdf;
        struct vs_trace_device *device;

        if (knows_device(meta, sbdf))
            continue;
        device = vs_trace_meta_add_device(meta);
        if (!device)
            return out_of_memory(error);
        device->sbdf = sbdf;
        device->domain = (uint16_t)index;
        snprintf(device->origin, sizeof(device->origin), "answered in the log as %s",
                 functions->items[i].name);
    }
    if (*vs_qemu_guest_numbered(stream->guest) &&
        vs_trace_meta_add_note(
            meta,
            "%s has no memory_region_ops lines, so no line tells a vCPU: threads "
            "are numbered as vCPUs in the order of their first lines (%s); state "
            "them with --threads",
            stream->path, vs_qemu_guest_numbered(stream->guest)) < 0)
        return out_of_memory(error);
    if (vs_qemu_guest_ecam(stream->guest, &base, &bus_last)) {
        struct vs_ecam *ecam = vs_trace_meta_add_ecam(meta);

        if (!ecam)
            return out_of_memory(error);
        ecam->base = base;
        ecam->segment = (uint16_t)index;
        ecam->bus_last = bus_last;
    }
    return 0;
}

static int run(const struct vs_import_options *options, struct vs_import_sink *sink,
               struct vs_error *error)
{
    struct import *import = calloc(1, sizeof(*import));
    int ret = VS_ERR_MEMORY;
    size_t i;

    if (!import || !(import->streams = calloc(options->inputs.count, sizeof(*import->streams)))) {
        out_of_memory(error);
        goto out;
    }
    if (options->inputs.count > GUESTS_MAX) {
        ret = vs_error_set(error, VS_ERR_USAGE, "at most %u logs in one import", GUESTS_MAX);
        goto out;
    }
    import->options = options;
    import->sink = sink;
    import->count = options->inputs.count;
    ret = open_streams(import, error);
    if (ret == 0)
        ret = describe(import, align(import), error);
    if (ret == 0)
        ret = merge(import, error);
    for (i = 0; ret == 0 && i < import->count; i++) {
        vs_qemu_guest_report(import->streams[i].guest, sink->report);
        ret = describe_guest(import, i, error);
    }
out:
    for (i = 0; import && i < import->count; i++)
        vs_qemu_guest_close(import->streams[i].guest);
    if (import)
        free(import->streams);
    free(import);
    return ret;
}

static const char *const takes[] = {"threads", "align", "backend", NULL};

const struct vs_importer vs_importer_qemu_log = {
    .name = "qemu-log",
    .summary = "QEMU trace logs (pci_cfg_*, memory_region_ops_*), one guest each",
    .takes = takes,
    .expects = "lines of pci_cfg_* and memory_region_ops_* (-trace), with config accesses",
    .inputs_max = 0,
    .run = run,
};
