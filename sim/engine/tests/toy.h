/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hand-made machines, policies and workloads, small enough to know the answer.
 * The machine is ideal (nothing costs anything) unless a test sets a price; a
 * call's config cycle takes what the workload "measured".
 */
#ifndef VS_ENGINE_TESTS_TOY_H
#define VS_ENGINE_TESTS_TOY_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/engine.h"

#define TOY_STEPS_MAX 16

struct toy {
    struct vs_machine machine;
    struct vs_policy policy;
    struct vs_lock_decl locks[4];
    struct vs_step steps[VS_OP_COUNT][TOY_STEPS_MAX];
    struct vs_workload workload;
    struct vs_workload_domain domain[2];
    struct vs_workload_device devices[4];
    struct vs_shape shapes[VS_OP_COUNT];
};

/* xorshift64* (Vigna 2016): small, seeded, the same everywhere. */
static inline uint64_t toy_random(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(2685821657736338717);
}

static inline double toy_uniform(uint64_t *state)
{
    return (double)(toy_random(state) >> 11) / 9007199254740992.0; /* 2^53 */
}

static inline double toy_exponential(uint64_t *state, double mean)
{
    return -mean * log1p(-toy_uniform(state));
}

static inline struct vs_step *toy_step(struct toy *toy, enum vs_op op, enum vs_step_kind kind)
{
    struct vs_block *block = &toy->policy.programs[op].steps;
    struct vs_step *step = &toy->steps[op][block->count++];
    block->steps = toy->steps[op];
    *step = (struct vs_step){
        .kind = kind, .quantity = VS_QUANTITY_ONE, .per = VS_QUANTITY_ONE, .count = 1};
    return step;
}

static inline void toy_lock_step(struct toy *toy, enum vs_op op, enum vs_step_kind kind,
                                 uint8_t lock, enum vs_lock_mode mode)
{
    struct vs_step *step = toy_step(toy, op, kind);
    step->lock = lock;
    step->mode = (uint8_t)mode;
}

static inline void toy_work(struct toy *toy, enum vs_op op, enum vs_work work)
{
    toy_step(toy, op, VS_STEP_WORK)->work = (uint8_t)work;
}

/* Take lock 0 in a mode, run the measured cycle, give it back. */
static inline void toy_critical(struct toy *toy, enum vs_op op, enum vs_lock_mode mode)
{
    toy_lock_step(toy, op, VS_STEP_LOCK, 0, mode);
    toy_work(toy, op, VS_WORK_CONF1_CYCLE);
    toy_lock_step(toy, op, VS_STEP_UNLOCK, 0, mode);
}

static inline void toy_init(struct toy *toy, enum vs_lock_kind kind, uint32_t cpus)
{
    memset(toy, 0, sizeof *toy);
    toy->machine = (struct vs_machine){.name = (char *)"ideal",
                                       .sockets = 1,
                                       .cores_per_socket = cpus,
                                       .threads_per_core = 1,
                                       .softirq_interval_ps = UINT64_C(1000000000)};
    toy->locks[0] = (struct vs_lock_decl){
        .name = (char *)"big", .kind = kind, .scope = VS_SCOPE_GLOBAL, .source = (char *)"toy"};
    toy->policy.name = (char *)"toy";
    toy->policy.file = (char *)"toy";
    toy->policy.locks = toy->locks;
    toy->policy.lock_count = 1;
    for (int i = 0; i < VS_OP_COUNT; i++) {
        toy->shapes[i].op = (uint8_t)i;
        toy->shapes[i].quantity[VS_Q_CYCLES_HANDLER] = 1;
    }
    toy->domain[0] = (struct vs_workload_domain){.id = 0, .hardware_domain = true};
    toy->domain[1] = (struct vs_workload_domain){.id = 1};
    for (uint32_t i = 0; i < 4; i++)
        toy->devices[i] =
            (struct vs_workload_device){.sbdf = i << 3, .present = true, .has_vpci = true};
    toy->workload.domains = toy->domain;
    toy->workload.domain_count = 2;
    toy->workload.devices = toy->devices;
    toy->workload.device_count = 4;
    toy->workload.shapes = toy->shapes;
    toy->workload.shape_count = VS_OP_COUNT;
}

static inline void toy_reserve(struct toy *toy, size_t actors, size_t calls)
{
    toy->workload.actors = calloc(actors, sizeof *toy->workload.actors);
    toy->workload.calls = calloc(calls, sizeof *toy->workload.calls);
    toy->workload.measured_ns = calloc(calls, sizeof *toy->workload.measured_ns);
    toy->workload.think_ns = calloc(calls, sizeof *toy->workload.think_ns);
    toy->workload.actor_count = actors;
}

static inline void toy_call(struct toy *toy, uint16_t actor, enum vs_op op, uint16_t device,
                            vs_ns time_ns, uint32_t think_ns, uint32_t cost_ns)
{
    size_t i = toy->workload.call_count++;
    toy->workload.calls[i] =
        (struct vs_call){.time_ns = time_ns, .shape = op, .actor = actor, .device = device};
    toy->workload.think_ns[i] = think_ns;
    toy->workload.measured_ns[i] = cost_ns;
    if (time_ns > toy->workload.span_ns)
        toy->workload.span_ns = time_ns;
}

static inline void toy_free(struct toy *toy)
{
    free(toy->workload.actors);
    free(toy->workload.calls);
    free(toy->workload.measured_ns);
    free(toy->workload.think_ns);
}

static inline struct vs_result *toy_replay(struct toy *toy, enum vs_timing timing)
{
    struct vs_engine_options options = {.timing = timing};
    struct vs_error error = VS_ERROR_INIT;
    struct vs_result *result = NULL;
    if (vs_engine_replay(&toy->workload, &toy->policy, &toy->machine, &options, &result, &error) <
        0)
        fprintf(stderr, "replay: %s\n", error.text);
    return result;
}

#endif
