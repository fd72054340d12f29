/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Order.  Events arrive in the order of their reservation, which is near the order of
 * their end, and carry their start.  Records wait SETTLE_NS in a sorter; one that still
 * comes too late (an access that took longer) is written at the time reached, and counted.
 *
 * Losses.  Each event carries how many its CPU has lost so far.  A rise becomes a LOST
 * record just before that event, reaching back to the CPU's event before; what is lost after
 * a CPU's last event comes from the counters at the end.  The kernel raises the count once
 * per failed reservation, so the records' sum is the counter.
 *
 * Blocks.  A block is written and flushed in one step, so that what the file holds is
 * known exactly when the disk refuses.
 */
#include "pump.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/libbpf.h>

#include "sorter.h"

/* Longer than any access seen but those that wait for a device to wake (100 ms, PCI
 * Power Management 1.2, 5.6.1). */
#define SETTLE_NS UINT64_C(200000000)
/* 10 MiB: 0.5 s of the 500,000 events/s that capture is built for. */
#define SORTER_RECORDS (UINT32_C(1) << 18)
#define BATCH_RECORDS  8192u
/* Events per call of vs_pump_take: some 10 ms. */
#define TAKE_MAX 65536u

struct cpu {
    uint32_t lost;    /* as its events told so far */
    uint64_t counted; /* the same, not modulo 2^32 */
    uint64_t last_ns; /* end of its last event */
};

struct vs_pump {
    struct vs_pump_options options;
    struct vs_summary *summary;
    struct ring_buffer *ring;
    struct vs_sorter *sorter;
    struct vs_actors *actors;
    struct vs_writer *writer;
    struct cpu *cpus;
    uint64_t accepted;     /* events that became records */
    uint64_t written_ns;   /* time of the last record handed to the writer */
    uint32_t taken;        /* in this vs_pump_take */
    bool failed;           /* the output takes no more */
    struct vs_error error; /* the first one */
    size_t batch_count;
    struct vs_record batch[BATCH_RECORDS];
};

/* Hand the batch to the file as one block. */
static void write_batch(struct vs_pump *pump)
{
    uint64_t accesses = 0;
    int ret = pump->failed ? VS_ERR_HOST : 0;

    for (size_t i = 0; i < pump->batch_count; i++)
        accesses += pump->batch[i].kind != VS_KIND_LOST;
    if (ret == 0)
        ret = vs_writer_add(pump->writer, pump->batch, pump->batch_count, &pump->error);
    if (ret == 0)
        ret = vs_writer_flush(pump->writer, &pump->error);
    if (ret == 0)
        pump->summary->written += accesses;
    else
        pump->summary->discarded += accesses;
    pump->failed = ret < 0;
    pump->batch_count = 0;
}

static void hand_over(struct vs_pump *pump, struct vs_record *record)
{
    if (record->time_ns < pump->written_ns) {
        record->time_ns = pump->written_ns;
        pump->summary->late++;
    }
    pump->written_ns = record->time_ns;
    pump->batch[pump->batch_count++] = *record;
    if (pump->batch_count == BATCH_RECORDS)
        write_batch(pump);
}

static void push(struct vs_pump *pump, const struct vs_record *record)
{
    struct vs_record earliest;

    if (vs_sorter_full(pump->sorter) && vs_sorter_pop(pump->sorter, UINT64_MAX, &earliest))
        hand_over(pump, &earliest);
    vs_sorter_push(pump->sorter, record);
}

static uint64_t trace_time(const struct vs_pump *pump, uint64_t monotonic_ns)
{
    return monotonic_ns > pump->options.epoch_ns ? monotonic_ns - pump->options.epoch_ns : 0;
}

static void push_lost(struct vs_pump *pump, uint64_t lost, uint16_t cpu, uint64_t since_ns,
                      uint64_t time_ns)
{
    uint64_t duration_ns = time_ns > since_ns ? time_ns - since_ns : 0;
    struct vs_record record = {
        .time_ns = time_ns,
        .duration_ns = duration_ns > UINT32_MAX ? UINT32_MAX : (uint32_t)duration_ns,
        .sbdf = VS_SBDF_NONE,
        .domain = VS_DOMAIN_NONE,
        .vcpu = VS_VCPU_NONE,
        .pcpu = cpu,
        .kind = VS_KIND_LOST,
    };

    while (lost > 0) {
        record.value = lost > UINT32_MAX ? UINT32_MAX : (uint32_t)lost;
        push(pump, &record);
        lost -= record.value;
    }
}

static void note_losses(struct vs_pump *pump, const struct vs_event *event)
{
    struct cpu *cpu = &pump->cpus[event->cpu];
    uint32_t rise = event->lost - cpu->lost;
    uint64_t end_ns = trace_time(pump, event->time_ns + event->duration_ns);

    /* An event that another one overtook on its CPU tells an older, lower count. */
    if (rise != 0 && rise < UINT32_C(1) << 31) {
        push_lost(pump, rise, event->cpu, cpu->last_ns, trace_time(pump, event->time_ns));
        cpu->lost = event->lost;
        cpu->counted += rise;
    }
    if (end_ns > cpu->last_ns)
        cpu->last_ns = end_ns;
}

/* A vendor of all ones is what the bus reads where no function is (PCI Local Bus 3.0, 6.1). */
static bool tells_absence(const struct vs_event *event)
{
    return event->kind == VS_KIND_CFG_READ && event->reg == 0 && event->size >= 2 &&
           (event->value & 0xffff) == 0xffff && !(event->flags & VS_FLAG_VALUE_UNKNOWN);
}

/* Domain, vCPU and segment of an event's record. */
static int place(struct vs_pump *pump, const struct vs_event *event, struct vs_record *record)
{
    struct vs_actor actor;

    record->pcpu = pump->options.pcpu_known ? event->cpu : VS_PCPU_NONE;
    if (pump->options.view == VS_VIEW_HOST) {
        record->vcpu = event->cpu;
        return 0;
    }
    int ret = vs_actors_find(pump->actors, event->tgid, event->tid, &actor, &pump->error);

    if (ret < 0)
        return ret;
    record->domain = actor.domain;
    record->vcpu = actor.vcpu;
    if (actor.vcpu_inferred)
        record->flags |= VS_FLAG_VCPU_INFERRED;
    record->sbdf += (actor.domain - 1u) * pump->options.segments << 16;
    return 0;
}

static int take_event(void *context, void *data, size_t size)
{
    struct vs_pump *pump = context;
    const struct vs_event *event = data;

    if (size < sizeof(*event) || event->cpu >= pump->options.cpu_count)
        return 0; /* no event of ours; the account will not close, and says so */
    pump->summary->received++;
    note_losses(pump, event);
    if (event->tgid == pump->options.own_tgid) {
        pump->summary->own++;
    } else if (vs_pump_full(pump)) {
        pump->summary->surplus++;
    } else if (pump->failed) {
        pump->summary->discarded++;
    } else {
        struct vs_record record = {
            .time_ns = trace_time(pump, event->time_ns),
            .duration_ns = event->duration_ns,
            .value = event->value,
            .sbdf = event->sbdf,
            .reg = event->reg,
            .flags = event->flags,
            .kind = event->kind,
            .size = event->size,
        };

        if (tells_absence(event))
            record.flags |= VS_FLAG_ABSENT;
        if (place(pump, event, &record) < 0) {
            pump->failed = true;
            pump->summary->discarded++;
        } else {
            pump->accepted++;
            push(pump, &record);
        }
    }
    return ++pump->taken >= TAKE_MAX ? -EAGAIN : 0;
}

int vs_pump_open(const struct vs_pump_options *options, int ring_fd, struct vs_summary *summary,
                 struct vs_pump **pump, struct vs_error *error)
{
    struct vs_pump *made = calloc(1, sizeof(*made));

    if (!made)
        return vs_error_set(error, VS_ERR_MEMORY, "out of memory");
    made->options = *options;
    made->summary = summary;
    made->error = (struct vs_error)VS_ERROR_INIT;
    made->sorter = vs_sorter_new(SORTER_RECORDS);
    made->actors = vs_actors_new();
    made->cpus = calloc(options->cpu_count, sizeof(*made->cpus));
    made->ring = ring_buffer__new(ring_fd, take_event, made, NULL);
    if (!made->sorter || !made->actors || !made->cpus || !made->ring) {
        vs_pump_free(made);
        return vs_error_set(error, VS_ERR_MEMORY, "no memory to read the ring");
    }
    *pump = made;
    return 0;
}

void vs_pump_free(struct vs_pump *pump)
{
    if (!pump)
        return;
    ring_buffer__free(pump->ring);
    vs_sorter_free(pump->sorter);
    vs_actors_free(pump->actors);
    free(pump->cpus);
    free(pump);
}

int vs_pump_fd(const struct vs_pump *pump)
{
    return ring_buffer__epoll_fd(pump->ring);
}

bool vs_pump_take(struct vs_pump *pump)
{
    pump->taken = 0;
    return ring_buffer__consume(pump->ring) == -EAGAIN;
}

void vs_pump_set_writer(struct vs_pump *pump, struct vs_writer *writer)
{
    pump->writer = writer;
}

bool vs_pump_full(const struct vs_pump *pump)
{
    return pump->options.records_max > 0 && pump->accepted >= pump->options.records_max;
}

/* What the output said first, to the caller. */
static int output_result(const struct vs_pump *pump, struct vs_error *error)
{
    if (!pump->failed)
        return 0;
    return vs_error_set_at(error, pump->error.code, pump->error.source, pump->error.offset_bytes,
                           pump->error.line, "%s", pump->error.text);
}

int vs_pump_write(struct vs_pump *pump, uint64_t now_ns, bool flush, struct vs_error *error)
{
    uint64_t now = trace_time(pump, now_ns);
    uint64_t settled_ns = now > SETTLE_NS ? now - SETTLE_NS : 0;
    struct vs_record record;

    while (vs_sorter_pop(pump->sorter, settled_ns, &record))
        hand_over(pump, &record);
    if (flush && pump->batch_count > 0)
        write_batch(pump);
    return output_result(pump, error);
}

int vs_pump_finish(struct vs_pump *pump, const struct vs_counters *cpus, uint64_t missed,
                   uint64_t now_ns, struct vs_error *error)
{
    uint64_t now = trace_time(pump, now_ns);
    struct vs_record record;

    for (size_t i = 0; i < pump->options.cpu_count; i++) {
        uint64_t rest = cpus[i].lost - pump->cpus[i].counted;

        if (rest > 0)
            push_lost(pump, rest, (uint16_t)i, pump->cpus[i].last_ns, now);
    }
    if (missed > 0)
        push_lost(pump, missed, VS_PCPU_NONE, 0, now);
    while (vs_sorter_pop(pump->sorter, UINT64_MAX, &record))
        hand_over(pump, &record);
    if (pump->batch_count > 0)
        write_batch(pump);
    return output_result(pump, error);
}

const struct vs_actors *vs_pump_actors(const struct vs_pump *pump)
{
    return pump->actors;
}
