/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The reference workload made in memory; see reference.h for what it is. */
#include "reference.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "embedded.h"

#define SEED          UINT64_C(1)
#define WORK_MIN_NS   200u
#define WORK_RANGE_NS 801u /* up to 1000 */
#define WRITE_PERCENT 5u

const struct vs_reference_size vs_reference_sizes[VS_REFERENCE_SIZES] = {
    {4, 2, 4}, {64, 16, 4}, {512, 128, 8}};
const char *const vs_load_names[VS_LOAD_COUNT] = {"saturated", "medium", "low"};
const double vs_load_shares[VS_LOAD_COUNT] = {0, 0.6, 0.1};

/* splitmix64 (Steele, Lea, Flood 2014). */
static uint64_t draw(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* 0 .. bound - 1 */
static uint32_t draw_below(uint64_t *state, uint32_t bound)
{
    return (uint32_t)(((draw(state) >> 32) * bound) >> 32);
}

static vs_ns draw_gap_ns(uint64_t *state, double mean_ns)
{
    double uniform = (double)(draw(state) >> 11) / 9007199254740992.0; /* 2^53 */
    return (vs_ns)(-mean_ns * log1p(-uniform));
}

enum { SHAPE_READ, SHAPE_WRITE, SHAPE_COUNT };

int vs_reference_policy(bool per_domain, struct vs_policy **policy, struct vs_error *error)
{
    const char *text = per_domain ? vs_reference_domain_text : vs_reference_global_text;
    const char *file = per_domain ? "reference-domain.json" : "reference-global.json";
    return vs_policy_compile(text, strlen(text), file, policy, error);
}

struct vs_machine vs_reference_machine(uint32_t vcpus)
{
    struct vs_machine machine = {.name = (char *)"reference",
                                 .sockets = 1,
                                 .cores_per_socket = vcpus,
                                 .threads_per_core = 1,
                                 .softirq_interval_ps = UINT64_C(5000000) * VS_PS_PER_NS};
    machine.work_ps[VS_WORK_EXIT_PORT] = VS_PS_PER_NS;
    return machine;
}

static void fill_topology(struct vs_workload *workload, const struct vs_reference_size *size)
{
    for (uint32_t i = 0; i < size->domains; i++)
        workload->domains[i] =
            (struct vs_workload_domain){.id = (uint16_t)i, .hardware_domain = i == 0};
    for (uint32_t i = 0; i < size->vcpus; i++)
        workload->actors[i] =
            (struct vs_actor){.domain = (uint16_t)(i / (size->vcpus / size->domains)),
                              .vcpu = (uint16_t)(i % (size->vcpus / size->domains)),
                              .pcpu = (uint16_t)i};
    for (uint32_t i = 0; i < size->domains * size->devices_per_domain; i++)
        workload->devices[i] =
            (struct vs_workload_device){.sbdf = i << 3,
                                        .owner = (uint16_t)(i / size->devices_per_domain),
                                        .present = true,
                                        .has_vpci = true};
    workload->shapes[SHAPE_READ].op = VS_OP_READ_HARDWARE;
    workload->shapes[SHAPE_WRITE].op = VS_OP_WRITE_PASSTHROUGH;
    workload->shapes[SHAPE_READ].quantity[VS_Q_CYCLES_HANDLER] = 1;
    workload->shapes[SHAPE_WRITE].quantity[VS_Q_CYCLES_HANDLER] = 1;
}

struct ordered {
    vs_ns time_ns;
    uint32_t at;
};

static int by_time(const void *a, const void *b)
{
    const struct ordered *x = a, *y = b;
    if (x->time_ns != y->time_ns)
        return x->time_ns < y->time_ns ? -1 : 1;
    return x->at < y->at ? -1 : x->at > y->at;
}

/* Calls are drawn vCPU by vCPU in turn; a workload has them by time. */
static int fill_calls(struct vs_workload *workload, const struct vs_reference_size *size,
                      uint64_t accesses, double mean_gap_ns)
{
    uint64_t random = SEED;
    struct ordered *order = malloc(accesses * sizeof *order);
    vs_ns *clocks = calloc(size->vcpus, sizeof *clocks);
    if (!order || !clocks) {
        free(order);
        free(clocks);
        return VS_ERR_MEMORY;
    }
    for (uint64_t i = 0; i < accesses; i++) {
        if (mean_gap_ns > 0)
            clocks[i % size->vcpus] += draw_gap_ns(&random, mean_gap_ns);
        order[i] = (struct ordered){.time_ns = clocks[i % size->vcpus], .at = (uint32_t)i};
    }
    if (mean_gap_ns > 0)
        qsort(order, accesses, sizeof *order, by_time);
    for (uint64_t i = 0; i < accesses; i++) {
        uint16_t actor = (uint16_t)(order[i].at % size->vcpus);
        uint16_t domain = workload->actors[actor].domain;
        uint32_t device = draw_below(&random, size->devices_per_domain);
        bool write = draw_below(&random, 100) < WRITE_PERCENT;
        workload->calls[i] = (struct vs_call){
            .time_ns = order[i].time_ns,
            .shape = write ? SHAPE_WRITE : SHAPE_READ,
            .actor = actor,
            .device = (uint16_t)(domain * size->devices_per_domain + device),
        };
        workload->measured_ns[i] = WORK_MIN_NS + draw_below(&random, WORK_RANGE_NS);
    }
    workload->span_ns = order[accesses - 1].time_ns;
    free(order);
    free(clocks);
    return 0;
}

int vs_reference_workload(const struct vs_reference_size *size, uint64_t accesses,
                          double mean_gap_ns, struct vs_workload **workload, struct vs_error *error)
{
    struct vs_workload *made = calloc(1, sizeof *made);
    int ret = VS_ERR_MEMORY;
    if (!made)
        goto out;
    made->domain_count = size->domains;
    made->actor_count = size->vcpus;
    made->device_count = (size_t)size->domains * size->devices_per_domain;
    made->shape_count = SHAPE_COUNT;
    made->call_count = accesses;
    made->records = accesses;
    made->synthetic = true;
    made->domains = calloc(made->domain_count, sizeof *made->domains);
    made->actors = calloc(made->actor_count, sizeof *made->actors);
    made->devices = calloc(made->device_count, sizeof *made->devices);
    made->shapes = calloc(made->shape_count, sizeof *made->shapes);
    made->calls = malloc(accesses * sizeof *made->calls);
    made->measured_ns = malloc(accesses * sizeof *made->measured_ns);
    made->think_ns = calloc(accesses, sizeof *made->think_ns); /* open timing does not read it */
    if (!made->domains || !made->actors || !made->devices || !made->shapes || !made->calls ||
        !made->measured_ns || !made->think_ns)
        goto out;
    fill_topology(made, size);
    ret = fill_calls(made, size, accesses, mean_gap_ns);
    if (ret == 0) {
        *workload = made;
        made = NULL;
    }
out:
    vs_workload_free(made);
    return ret < 0 ? vs_error_set(error, ret, "out of memory for the reference workload") : 0;
}
