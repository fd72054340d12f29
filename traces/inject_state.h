/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state of one injection, shared by the files of inject: inject_learn.c fills what is
 * known of devices and domains, inject.c makes events of it.
 */
#ifndef VS_TRACE_INJECT_STATE_H
#define VS_TRACE_INJECT_STATE_H

#include "inject.h"
#include "random.h"

#define VS_INJECT_COMMAND 0x04 /* PCI Local Bus 3.0, 6.2.2 */

/* Who acts: the last vCPU seen of a domain, or of a domain on a device. */
struct actor {
    uint16_t domain, vcpu, pcpu, path; /* path: the flags of its last config access */
    bool seen;
};

struct device {
    uint32_t sbdf;
    uint16_t owner;   /* the domain that it belongs to, by the trace */
    uint16_t command; /* last value seen */
    bool command_known;
    bool busy; /* an event on it is not undone yet */
    bool hotplugged;
    struct actor actor;
};

/* Records that happen together, in their order. */
struct batch {
    struct vs_record records[2];
    size_t count;
};

/* What undoes an event, due at a time. */
struct undo {
    vs_ns time_ns;
    uint64_t order; /* of queueing: ties go first come, first served */
    enum vs_inject_event event;
    size_t device;
    struct batch batch;
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

/* Room for one more item in *array. */
bool vs_inject_make_room(void **array, size_t count, size_t *room, size_t size);
/* NULL when it is not known. */
struct device *vs_inject_find_device(struct injector *injector, uint32_t sbdf);
/* The device at sbdf, made with this owner when it is not known.  Moves others: pointers to
 * devices end here.  NULL without memory. */
struct device *vs_inject_add_device(struct injector *injector, uint32_t sbdf, uint16_t owner);
/* Devices and the hardware domain of the metadata.  Returns 0 or VS_ERR_MEMORY. */
int vs_inject_learn_meta(struct injector *injector);
/* Follow one record of the trace.  Returns 0 or VS_ERR_MEMORY. */
int vs_inject_learn(struct injector *injector, const struct vs_record *record);

#endif
