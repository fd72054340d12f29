/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Each primitive is a loop of its own, run by one pinned thread or by two at once.
 * A run's time is from the common start to the end of the last; the median over the
 * repeats counts, since a run that shared its CPU is slow.
 */
#include "primitives.h"

#include <ck_rwlock.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "calibrate/topology.h"
#include "lock.h"
#include "rcu.h"

/* Long against a reading of the clock, short against a time slice. */
#define PAIRS        5000u
#define SYNCHRONIZES 20u /* a grace period is some us at least */

struct arena {
    struct vs_real_lock lock;
    _Alignas(VS_LINE_BYTES) ck_spinlock_ticket_t ck_ticket;
    _Alignas(VS_LINE_BYTES) ck_rwlock_t ck_rwlock;
    _Alignas(VS_LINE_BYTES) _Atomic uint32_t ready, left;
    atomic_uint ending, give_up;
    uint32_t threads;
};

struct side {
    struct vs_lock_node node;
    struct vs_lock_user user;
    struct arena *arena;
    const struct recipe *recipe;
    uint32_t cpu;
    vs_ticks from, to;
    bool placed;
};

/* How one primitive is run. */
struct recipe {
    const char *name, *what, *library;
    void (*body)(struct side *side, const struct recipe *recipe);
    enum vs_lock_kind kind;
    enum vs_lock_mode mode;
    uint32_t count;
    bool uses_rcu;
};

static void real_pairs(struct side *side, const struct recipe *recipe)
{
    const struct vs_real_lock_ops *ops = vs_real_lock_ops[recipe->kind];
    for (uint32_t i = 0; i < recipe->count; i++) {
        vs_real_lock_acquire(&side->arena->lock, &side->user, &side->node, recipe->mode);
        ops->unlock(&side->arena->lock, &side->user, &side->node, recipe->mode);
    }
}

static void ck_ticket_pairs(struct side *side, const struct recipe *recipe)
{
    for (uint32_t i = 0; i < recipe->count; i++) {
        ck_spinlock_ticket_lock(&side->arena->ck_ticket);
        ck_spinlock_ticket_unlock(&side->arena->ck_ticket);
    }
}

static void ck_read_pairs(struct side *side, const struct recipe *recipe)
{
    for (uint32_t i = 0; i < recipe->count; i++) {
        ck_rwlock_read_lock(&side->arena->ck_rwlock);
        ck_rwlock_read_unlock(&side->arena->ck_rwlock);
    }
}

static void ck_write_pairs(struct side *side, const struct recipe *recipe)
{
    for (uint32_t i = 0; i < recipe->count; i++) {
        ck_rwlock_write_lock(&side->arena->ck_rwlock);
        ck_rwlock_write_unlock(&side->arena->ck_rwlock);
    }
}

static void rcu_sections(struct side *side, const struct recipe *recipe)
{
    (void)side;
    for (uint32_t i = 0; i < recipe->count; i++) {
        vs_urcu_read_lock();
        atomic_signal_fence(memory_order_seq_cst);
        vs_urcu_read_unlock();
    }
}

static void rcu_quiescents(struct side *side, const struct recipe *recipe)
{
    (void)side;
    for (uint32_t i = 0; i < recipe->count; i++)
        vs_urcu_quiescent();
}

static void rcu_synchronizes(struct side *side, const struct recipe *recipe)
{
    (void)side;
    for (uint32_t i = 0; i < recipe->count; i++)
        vs_urcu_synchronize();
}

#define PORT  "sim/threads, port of Xen's"
#define CK    "Concurrency Kit"
#define URCU  "liburcu, QSBR"
#define PAIR  "lock and unlock"
#define READ  "read lock and unlock"
#define WRITE "write lock and unlock"
static const struct recipe recipes[VS_PRIMITIVES] = {
    {"xen-ticket", PAIR, PORT, real_pairs, VS_LOCK_TICKET, VS_MODE_EXCLUSIVE, PAIRS, false},
    {"xen-rwlock-read", READ, PORT, real_pairs, VS_LOCK_RWLOCK, VS_MODE_READ, PAIRS, false},
    {"xen-rwlock-write", WRITE, PORT, real_pairs, VS_LOCK_RWLOCK, VS_MODE_WRITE, PAIRS, false},
    {"xen-percpu-rwlock-read", READ, PORT, real_pairs, VS_LOCK_PERCPU_RWLOCK, VS_MODE_READ, PAIRS,
     false},
    {"xen-percpu-rwlock-write", WRITE, PORT, real_pairs, VS_LOCK_PERCPU_RWLOCK, VS_MODE_WRITE,
     PAIRS, false},
    {"ck-mcs", PAIR, CK, real_pairs, VS_LOCK_MCS, VS_MODE_EXCLUSIVE, PAIRS, false},
    {"ck-clh", PAIR, CK, real_pairs, VS_LOCK_CLH, VS_MODE_EXCLUSIVE, PAIRS, false},
    {"ck-ticket", PAIR, CK, ck_ticket_pairs, VS_LOCK_TICKET, VS_MODE_EXCLUSIVE, PAIRS, false},
    {"ck-rwlock-read", READ, CK, ck_read_pairs, VS_LOCK_RWLOCK, VS_MODE_READ, PAIRS, false},
    {"ck-rwlock-write", WRITE, CK, ck_write_pairs, VS_LOCK_RWLOCK, VS_MODE_WRITE, PAIRS, false},
    {"urcu-read-section", "read lock and unlock", URCU, rcu_sections, VS_LOCK_RCU, VS_MODE_READ,
     PAIRS, true},
    {"urcu-quiescent-state", "one quiescent state", URCU, rcu_quiescents, VS_LOCK_RCU, VS_MODE_READ,
     PAIRS, true},
    {"urcu-synchronize", "one synchronize_rcu", URCU, rcu_synchronizes, VS_LOCK_RCU, VS_MODE_READ,
     SYNCHRONIZES, true},
};

static bool start_together(struct side *side)
{
    struct arena *arena = side->arena;
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(side->cpu, &set);
    side->placed = pthread_setaffinity_np(pthread_self(), sizeof set, &set) == 0;
    atomic_fetch_add(&arena->ready, 1);
    while (atomic_load(&arena->ready) < arena->threads) {
        if (atomic_load(&arena->give_up))
            return false;
        vs_wait_poll(&side->user);
    }
    return true;
}

static void *run_side(void *argument)
{
    struct side *side = argument;
    if (!start_together(side))
        return NULL;
    if (side->recipe->uses_rcu)
        vs_urcu_thread_begin();
    side->from = vs_host_clock_now(side->user.clock);
    side->recipe->body(side, side->recipe);
    side->to = vs_host_clock_now(side->user.clock);
    if (side->recipe->uses_rcu)
        vs_urcu_thread_end(); /* else the other one's grace periods would wait for this one */
    return NULL;
}

/* One run by so many threads; *ns is the time of one pair, all threads' together. */
static int run_once(const struct recipe *recipe, const uint32_t *cpus, uint32_t threads,
                    const struct vs_host_clock *clock, double *ns, struct vs_error *error)
{
    struct arena *arena = aligned_alloc(_Alignof(struct arena), sizeof *arena);
    struct side *sides = aligned_alloc(_Alignof(struct side), 2 * sizeof *sides);
    pthread_t handles[2];
    uint32_t started = 0;
    int ret = VS_ERR_MEMORY;
    if (!arena || !sides)
        goto out;
    *arena = (struct arena){.threads = threads};
    if (!recipe->uses_rcu && vs_real_lock_setup(&arena->lock, recipe->kind, 2) < 0)
        goto out;
    ck_spinlock_ticket_init(&arena->ck_ticket);
    ck_rwlock_init(&arena->ck_rwlock);
    for (; started < threads; started++) {
        struct side *side = &sides[started];
        *side = (struct side){
            .user = {.cpu = (uint16_t)started, .clock = clock, .ending = &arena->ending},
            .arena = arena,
            .recipe = recipe,
            .cpu = cpus[started]};
        vs_lock_node_setup(&side->node);
        if (pthread_create(&handles[started], NULL, run_side, side) != 0)
            break;
    }
    ret = started < threads ? VS_ERR_HOST : 0;
    if (ret < 0)
        atomic_store(&arena->give_up, 1);
    vs_ticks from = 0, to = 0;
    for (uint32_t i = 0; i < started; i++) {
        pthread_join(handles[i], NULL);
        ret = sides[i].placed ? ret : VS_ERR_HOST;
        from = i == 0 || (int64_t)(sides[i].from - from) < 0 ? sides[i].from : from;
        to = i == 0 || (int64_t)(sides[i].to - to) > 0 ? sides[i].to : to;
    }
    *ns = (double)(to - from) / clock->ticks_per_ns / recipe->count / threads;
out:
    if (ret == VS_ERR_MEMORY)
        vs_error_set(error, ret, "out of memory");
    else if (ret < 0)
        vs_error_set(error, ret, "the host refuses a thread or its place");
    if (arena)
        vs_real_lock_release(&arena->lock);
    free(arena);
    free(sides);
    return ret;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static int measure_spread(const struct recipe *recipe, const uint32_t *cpus, uint32_t threads,
                          const struct vs_host_clock *clock, uint32_t repeats, double *samples,
                          struct vs_primitive_spread *spread, struct vs_error *error)
{
    for (uint32_t i = 0; i < repeats; i++) {
        int ret = run_once(recipe, cpus, threads, clock, &samples[i], error);
        if (ret < 0)
            return ret;
    }
    qsort(samples, repeats, sizeof *samples, by_value);
    *spread = (struct vs_primitive_spread){
        .median_ns = samples[repeats / 2], .min_ns = samples[0], .max_ns = samples[repeats - 1]};
    return 0;
}

int vs_primitives_measure(uint32_t repeats, struct vs_primitive *primitives, struct vs_error *error)
{
    struct vs_host_cpu *cpus = NULL;
    struct vs_host_clock clock;
    double *samples = calloc(repeats + 1, sizeof *samples);
    uint32_t pair[2];
    size_t count = 0;
    int ret = vs_host_cpus(&cpus, &count, error);
    if (ret == 0 && !samples)
        ret = vs_error_set(error, VS_ERR_MEMORY, "out of memory");
    if (ret == 0 && count < 2)
        ret = vs_error_set(error, VS_ERR_HOST, "this process may use only one CPU");
    if (ret == 0)
        ret = vs_host_clock_calibrate(&clock, error);
    if (ret < 0)
        goto out;
    pair[0] = cpus[0].cpu;
    pair[1] = cpus[1].cpu;
    for (size_t i = 0; ret == 0 && i < VS_PRIMITIVES; i++) {
        const struct recipe *recipe = &recipes[i];
        struct vs_primitive *made = &primitives[i];
        *made = (struct vs_primitive){
            .name = recipe->name, .what = recipe->what, .library = recipe->library};
        ret = measure_spread(recipe, pair, 1, &clock, repeats, samples, &made->alone, error);
        if (ret == 0)
            ret = measure_spread(recipe, pair, 2, &clock, repeats, samples, &made->two, error);
    }
out:
    free(samples);
    free(cpus);
    return ret;
}

static struct vs_json_out *spread_json(const struct vs_primitive *primitive,
                                       const struct vs_primitive_spread *spread, uint32_t repeats,
                                       const char *by)
{
    struct vs_json_out *out = vs_json_new_object();
    char source[300];
    snprintf(source, sizeof source, "%s: %s, %s; median of %u runs, %.2f to %.2f ns",
             primitive->library, primitive->what, by, repeats, spread->min_ns, spread->max_ns);
    vs_json_add_double(out, "ns", round(spread->median_ns * 100) / 100);
    vs_json_add_string(out, "source", source);
    return out;
}

struct vs_json_out *vs_primitives_json(const struct vs_primitive *primitives, uint32_t repeats)
{
    struct vs_json_out *out = vs_json_new_object();
    for (size_t i = 0; i < VS_PRIMITIVES; i++) {
        struct vs_json_out *pair = vs_json_new_object();
        vs_json_add(pair, "alone",
                    spread_json(&primitives[i], &primitives[i].alone, repeats, "by one thread"));
        vs_json_add(pair, "two",
                    spread_json(&primitives[i], &primitives[i].two, repeats,
                                "two threads at once, both counted"));
        vs_json_add(out, primitives[i].name, pair);
    }
    return out;
}
