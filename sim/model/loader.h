/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The making of a workload, between workload.c, loader.c and arrange.c. */
#ifndef VS_MODEL_LOADER_H
#define VS_MODEL_LOADER_H

#include "classify.h"
#include "intern.h"
#include "memory.h"
#include "workload.h"

/* A function of the trace that is being read; index = index of its workload device. */
struct vs_loader_function {
    struct vs_function state;
    uint32_t sbdf;          /* as recorded */
    uint16_t owner;         /* workload domain, VS_DOMAIN_NONE */
    uint16_t first_domain;  /* recorded id of who touched it first, VS_DOMAIN_NONE */
    uint16_t stated_domain; /* recorded id from the metadata, VS_DOMAIN_NONE */
    bool hidden;
    bool touched;         /* a record names it */
    bool starts_absent;   /* its first record is a device-add, which has not come yet */
    uint32_t added_order; /* of the device-add that brings it, from 1; 0 where present */
    bool linked;          /* known to Xen now */
};

struct vs_loader {
    struct vs_workload *workload;
    struct vs_shapes shapes;
    struct vs_index actors; /* workload domain << 16 | vCPU */
    size_t call_capacity;
    size_t actor_capacity, domain_capacity, device_capacity;
    bool any_recorded, any_measured, any_target;

    /* Of the trace being read. */
    const struct vs_trace_meta *meta;
    bool stands_alone; /* the only trace: identities are kept */
    struct vs_loader_function *functions;
    size_t function_count, function_capacity;
    size_t first_device, first_domain, first_call; /* of this trace in the workload's arrays */
    struct vs_index by_sbdf;                       /* recorded sbdf to functions[] */
    struct vs_index by_domain;                     /* recorded id to workload domain */
    struct vs_index segments;                      /* recorded segment to workload segment */
    uint16_t hardware_domain;                      /* workload domain */
    uint32_t generation, added;
    uint64_t first_ns; /* of the first call */
    bool started;
};

/* One trace: vs_loader_begin, observe every record, vs_loader_settle, class every
 * record again, vs_loader_order_devices, vs_loader_end.  Errors: VS_ERR_MEMORY, VS_ERR_INPUT (too
 * many domains, vCPUs or devices for 16 bits). */
int vs_loader_begin(struct vs_loader *loader, const struct vs_trace_meta *meta,
                    struct vs_error *error);
int vs_loader_observe(struct vs_loader *loader, const struct vs_record *records, size_t count,
                      struct vs_error *error);
int vs_loader_settle(struct vs_loader *loader, struct vs_error *error);
int vs_loader_class(struct vs_loader *loader, const struct vs_record *records, size_t count,
                    struct vs_error *error);
int vs_loader_order_devices(struct vs_loader *loader, struct vs_error *error);
void vs_loader_end(struct vs_loader *loader);
/* Free what vs_loader_begin to _end left, whatever happened. */
void vs_loader_free(struct vs_loader *loader);

/* After the last trace: actors into their stated order, shapes to the workload, arrays
 * that nothing filled freed. */
int vs_loader_finish(struct vs_loader *loader, struct vs_error *error);

/* Times, think times, clones and jitter as the options ask; calls sorted by time. */
int vs_workload_arrange(struct vs_workload *workload, const struct vs_workload_options *options,
                        struct vs_error *error);
/* printf into the list of what-ifs or notes.  VS_ERR_MEMORY. */
int vs_workload_add_what_if(struct vs_workload *workload, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
int vs_workload_add_note(struct vs_workload *workload, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Grow *array (items of item_bytes) to hold count + 1 items; doubles.  VS_ERR_MEMORY. */
int vs_grow(void *array, size_t *capacity, size_t count, size_t item_bytes);

#endif
