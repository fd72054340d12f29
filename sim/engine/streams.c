/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A counting sort of the workload's calls by vCPU; see streams.h. */
#include "streams.h"

#include <stdlib.h>

#include "model/memory.h"

struct filling {
    struct vs_streams *streams;
    uint32_t *at;      /* per actor: where its next call goes */
    vs_ns *arrived_ns; /* per actor: its last arrival */
    uint16_t *user;    /* per device: the domain that called it, VS_DOMAIN_NONE at first */
    uint8_t *op;       /* per shape */
    size_t long_room;
};

/* The gap before a call: its think time, or the time since its actor's last arrival. */
static vs_ns gap_before(const struct vs_streams *streams, size_t call, vs_ns *arrived_ns)
{
    const struct vs_workload *workload = streams->workload;
    if (streams->timing == VS_TIMING_CLOSED)
        return vs_workload_think_ns(workload, call);
    vs_ns gap_ns = workload->calls[call].time_ns - *arrived_ns; /* modulo 2^64 */
    *arrived_ns = workload->calls[call].time_ns;
    return gap_ns;
}

static int add_long_gap(struct filling *filling, uint32_t at, vs_ns gap_ns, struct vs_error *error)
{
    struct vs_streams *streams = filling->streams;
    int ret = vs_memory_grow(streams->workload->memory, &streams->long_gaps, &filling->long_room,
                             streams->long_gap_count, sizeof *streams->long_gaps, error);
    if (ret < 0)
        return ret;
    streams->long_gaps[streams->long_gap_count++] =
        (struct vs_long_gap){.at = at, .gap_ns = gap_ns};
    return 0;
}

static int by_place(const void *a, const void *b)
{
    const struct vs_long_gap *x = a, *y = b;
    return (x->at > y->at) - (x->at < y->at);
}

static void note_call(struct filling *filling, const struct vs_call *call, uint32_t measured_ns)
{
    struct vs_streams *streams = filling->streams;
    const struct vs_workload *workload = streams->workload;
    uint16_t domain = workload->actors[call->actor].domain;
    streams->called[filling->op[call->shape] * workload->domain_count + domain] = true;
    streams->shape_calls[call->shape] |= measured_ns ? VS_CALLS_MEASURED : VS_CALLS_UNMEASURED;
    if (call->device == VS_DEVICE_NONE) {
        streams->deviceless = true;
        return;
    }
    uint16_t *user = &filling->user[call->device];
    if (*user == VS_DOMAIN_NONE)
        *user = domain;
    else if (*user != domain)
        streams->several_users[call->device] = true;
}

static int fill(struct filling *filling, struct vs_error *error)
{
    struct vs_streams *streams = filling->streams;
    const struct vs_workload *workload = streams->workload;
    for (size_t i = 0; i < workload->call_count; i++) {
        const struct vs_call *call = &workload->calls[i];
        uint32_t measured_ns = workload->measured_ns ? workload->measured_ns[i] : 0;
        uint32_t place = filling->at[call->actor]++;
        vs_ns gap_ns = gap_before(streams, i, &filling->arrived_ns[call->actor]);
        if (gap_ns >= VS_THINK_LONG && add_long_gap(filling, place, gap_ns, error) < 0)
            return VS_ERR_MEMORY;
        streams->calls[place] = (struct vs_stream_call){
            .gap_ns = gap_ns < VS_THINK_LONG ? (uint32_t)gap_ns : VS_THINK_LONG,
            .measured_ns = measured_ns,
            .shape = call->shape,
            .device = call->device,
            .target = workload->targets ? workload->targets[i] : VS_DOMAIN_NONE,
        };
        note_call(filling, call, measured_ns);
    }
    if (streams->long_gap_count > 1)
        qsort(streams->long_gaps, streams->long_gap_count, sizeof *streams->long_gaps, by_place);
    return 0;
}

static int reserve(struct filling *filling, struct vs_error *error)
{
    struct vs_streams *streams = filling->streams;
    const struct vs_workload *workload = streams->workload;
    size_t devices = workload->device_count + 1, shapes = workload->shape_count + 1;
    streams->calls = vs_memory_take(workload->memory,
                                    (workload->call_count + 1) * sizeof *streams->calls, error);
    vs_memory_scattered(workload->memory, streams->calls);
    streams->first = calloc(workload->actor_count + 1, sizeof *streams->first);
    streams->called = calloc((size_t)VS_OP_COUNT * workload->domain_count + 1, 1);
    streams->shape_calls = calloc(shapes, 1);
    streams->several_users = calloc(devices, 1);
    filling->at = calloc(workload->actor_count + 1, sizeof *filling->at);
    filling->arrived_ns = calloc(workload->actor_count + 1, sizeof *filling->arrived_ns);
    filling->user = malloc(devices * sizeof *filling->user);
    filling->op = calloc(shapes, 1);
    if (!streams->calls || !streams->first || !streams->called || !streams->shape_calls ||
        !streams->several_users || !filling->at || !filling->arrived_ns || !filling->user ||
        !filling->op)
        return VS_ERR_MEMORY;
    streams->bytes = sizeof *streams + (workload->call_count + 1) * sizeof *streams->calls +
                     (workload->actor_count + 1) * sizeof *streams->first +
                     (size_t)VS_OP_COUNT * workload->domain_count + 1 + shapes + devices;
    for (size_t i = 0; i < devices; i++)
        filling->user[i] = VS_DOMAIN_NONE;
    for (size_t i = 0; i < workload->shape_count; i++)
        filling->op[i] = workload->shapes[i].op;
    return 0;
}

int vs_streams_make(const struct vs_workload *workload, enum vs_timing timing,
                    struct vs_streams **streams, struct vs_error *error)
{
    struct vs_streams *made = calloc(1, sizeof *made);
    struct filling filling = {.streams = made};
    int ret = VS_ERR_MEMORY;
    if (workload->call_count >= UINT32_MAX) {
        free(made);
        return vs_error_set(error, VS_ERR_INPUT, "%zu calls: the engine takes at most %u",
                            workload->call_count, UINT32_MAX - 1);
    }
    if (!made)
        goto out;
    made->workload = workload;
    made->timing = timing;
    if (reserve(&filling, error) < 0)
        goto out;
    for (size_t i = 0; i < workload->call_count; i++)
        made->first[workload->calls[i].actor + 1]++;
    for (size_t i = 0; i < workload->actor_count; i++) {
        made->first[i + 1] += made->first[i];
        filling.at[i] = made->first[i];
    }
    if (fill(&filling, error) < 0)
        goto out;
    made->bytes += filling.long_room * sizeof *made->long_gaps;
    *streams = made;
    made = NULL;
    ret = 0;
out:
    free(filling.at);
    free(filling.arrived_ns);
    free(filling.user);
    free(filling.op);
    vs_streams_free(made);
    return ret < 0 ? vs_error_set(error, ret, "out of memory for the calls of %zu vCPUs",
                                  workload->actor_count)
                   : 0;
}

void vs_streams_free(struct vs_streams *streams)
{
    if (!streams)
        return;
    vs_memory_release(streams->workload->memory, streams->calls);
    free(streams->first);
    vs_memory_release(streams->workload->memory, streams->long_gaps);
    free(streams->called);
    free(streams->shape_calls);
    free(streams->several_users);
    free(streams);
}

vs_ns vs_stream_long_gap_ns(const struct vs_streams *streams, uint32_t place)
{
    size_t low = 0, high = streams->long_gap_count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (streams->long_gaps[middle].at <= place)
            low = middle;
        else
            high = middle;
    }
    return streams->long_gaps[low].gap_ns;
}
