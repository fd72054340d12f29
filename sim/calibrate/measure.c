/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The measurements.  Transfer is a compare-and-swap ping-pong between two pinned
 * threads, half a round trip, the method of nviennot/core-to-core-latency
 * (src/bench/cas.rs).  Service is the time per increment when every CPU
 * increments one word, the method of perfbook's count_atomic.  A run that shares
 * its CPU with something else is slow: hence medians, and the spread beside them.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "internal.h"

/* A run is long against the clock's 20 ns and short against a time slice of ms. */
#define PING_PONGS    5000u
#define INCREMENTS    20000u
#define ALONE_ROUNDS  200000u
#define PAIRS_MAX     24u /* of each distance, spread over all there are */
#define SERVICE_MAX   64u /* threads: a line is saturated with far fewer */
#define SPINS_A_YIELD 100000u

struct line {
    _Alignas(128)
        atomic_uint_fast64_t word; /* alone with its neighbour line: prefetchers take two */
    atomic_uint_fast64_t second;   /* the other half of a ticket lock's word */
    char rest[112];
};

struct shared {
    struct line value, ready, give_up;
    uint32_t threads;
};

struct runner {
    struct shared *shared;
    uint32_t cpu, side;
    double ns;
    bool placed;
};

static double now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* Others may need the CPU that we wait on. */
static void relax(uint32_t *spins)
{
    if (++*spins % SPINS_A_YIELD == 0)
        sched_yield();
}

static bool place(uint32_t cpu)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    return pthread_setaffinity_np(pthread_self(), sizeof set, &set) == 0;
}

/* false: somebody is missing, go home. */
static bool start_together(struct runner *self)
{
    uint32_t spins = 0;
    self->placed = place(self->cpu);
    atomic_fetch_add(&self->shared->ready.word, 1);
    while (atomic_load(&self->shared->ready.word) < self->shared->threads) {
        if (atomic_load(&self->shared->give_up.word))
            return false;
        relax(&spins);
    }
    return true;
}

static void *ping_pong(void *argument)
{
    struct runner *self = argument;
    atomic_uint_fast64_t *word = &self->shared->value.word;
    uint32_t spins = 0;
    if (!start_together(self))
        return NULL;
    double start = now_ns();
    for (uint64_t i = 0; i < PING_PONGS; i++) {
        uint_fast64_t mine = 2 * i + self->side, expected = mine;
        while (!atomic_compare_exchange_weak(word, &expected, mine + 1)) {
            expected = mine;
            relax(&spins);
        }
    }
    self->ns = (now_ns() - start) / (2.0 * PING_PONGS);
    return NULL;
}

static void *increment(void *argument)
{
    struct runner *self = argument;
    if (!start_together(self))
        return NULL;
    double start = now_ns();
    for (uint32_t i = 0; i < INCREMENTS; i++)
        atomic_fetch_add(&self->shared->value.word, 1);
    self->ns = (now_ns() - start) / INCREMENTS / self->shared->threads;
    return NULL;
}

/* Threads on CPUs; *ns is the mean over them. */
static int run_on(void *(*body)(void *), const uint32_t *cpus, uint32_t count, double *ns,
                  struct vs_error *error)
{
    struct shared *shared = aligned_alloc(_Alignof(struct shared), sizeof *shared);
    struct runner *runners = calloc(count, sizeof *runners);
    pthread_t *threads = calloc(count, sizeof *threads);
    uint32_t started = 0;
    int ret = VS_ERR_MEMORY;
    if (!shared || !runners || !threads) {
        vs_error_set(error, ret, "out of memory");
        goto out;
    }
    memset(shared, 0, sizeof *shared);
    shared->threads = count;
    ret = 0;
    for (; started < count; started++) {
        runners[started] = (struct runner){.shared = shared, .cpu = cpus[started], .side = started};
        if (pthread_create(&threads[started], NULL, body, &runners[started]) != 0)
            break;
    }
    if (started < count) {
        atomic_store(&shared->give_up.word, 1);
        ret = vs_error_set(error, VS_ERR_HOST, "the host gives no %u threads", count);
    }
    *ns = 0;
    for (uint32_t i = 0; i < started; i++) {
        pthread_join(threads[i], NULL);
        *ns += runners[i].ns / count;
        if (ret == 0 && !runners[i].placed)
            ret = vs_error_set(error, VS_ERR_HOST, "the host does not let a thread stay on CPU %u",
                               runners[i].cpu);
    }
out:
    free(shared);
    free(runners);
    free(threads);
    return ret;
}

/* ------------------------------------------------------------------ one CPU alone */

enum alone { ALONE_ATOMIC, ALONE_STORE, ALONE_FENCE, ALONE_SECTION, ALONE_TICKET, ALONE_READ };

static double alone(enum alone what, struct line *line)
{
    atomic_uint_fast64_t *word = &line->word;
    volatile uint32_t counter = 0; /* as rcu_read_lock's own: memory, not a register */
    uint64_t ticket;
    double start = now_ns();
    for (uint32_t i = 0; i < ALONE_ROUNDS; i++) {
        switch (what) {
        case ALONE_ATOMIC:
            atomic_fetch_add(word, 1);
            break;
        case ALONE_STORE:
            atomic_store_explicit(word, i, memory_order_release);
            break;
        case ALONE_FENCE:
            atomic_thread_fence(memory_order_seq_cst);
            break;
        case ALONE_SECTION:
            counter = counter + 1;
            break;
        case ALONE_TICKET: /* take a ticket, be served at once, serve the next */
            ticket = atomic_fetch_add(word, 1);
            atomic_store_explicit(&line->second, ticket + 1, memory_order_release);
            break;
        case ALONE_READ:
            atomic_fetch_add(word, 1);
            atomic_fetch_sub(word, 1);
            break;
        }
    }
    return (now_ns() - start) / ALONE_ROUNDS;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static struct vs_spread spread_of(double *samples, uint32_t count, uint32_t pairs)
{
    qsort(samples, count, sizeof *samples, by_value);
    return (struct vs_spread){.median_ns = samples[count / 2],
                              .min_ns = samples[0],
                              .max_ns = samples[count - 1],
                              .runs = count,
                              .pairs = pairs};
}

static int measure_alone(uint32_t cpu, uint32_t repeats, double *samples,
                         struct vs_calibration *calibration, struct vs_error *error)
{
    struct vs_spread *const into[] = {
        [ALONE_ATOMIC] = &calibration->atomic,      [ALONE_STORE] = &calibration->store,
        [ALONE_FENCE] = &calibration->fence,        [ALONE_SECTION] = &calibration->section,
        [ALONE_TICKET] = &calibration->ticket_pair, [ALONE_READ] = &calibration->read_pair};
    struct line *line = aligned_alloc(_Alignof(struct line), sizeof *line);
    if (!line)
        return vs_error_set(error, VS_ERR_MEMORY, "out of memory");
    memset(line, 0, sizeof *line);
    cpu_set_t before;
    if (pthread_getaffinity_np(pthread_self(), sizeof before, &before) != 0 || !place(cpu)) {
        free(line);
        return vs_error_set(error, VS_ERR_HOST, "the host does not let a thread stay on CPU %u",
                            cpu);
    }
    for (size_t what = 0; what < sizeof into / sizeof into[0]; what++) {
        for (uint32_t i = 0; i < repeats; i++)
            samples[i] = alone((enum alone)what, line);
        *into[what] = spread_of(samples, repeats, 0);
    }
    pthread_setaffinity_np(pthread_self(), sizeof before, &before);
    free(line);
    return 0;
}

/* ------------------------------------------------------------------ several CPUs */

/* All pairs at a distance, or PAIRS_MAX of them, evenly. */
static int measure_pairs(const struct vs_host_cpu *cpus, size_t count, enum vs_distance distance,
                         uint32_t repeats, double *samples, struct vs_spread *spread,
                         struct vs_error *error)
{
    size_t there = 0, seen = 0;
    uint32_t pairs = 0, runs = 0;
    for (size_t a = 0; a < count; a++)
        for (size_t b = a + 1; b < count; b++)
            there += vs_host_distance(&cpus[a], &cpus[b]) == distance;
    size_t stride = (there + PAIRS_MAX - 1) / PAIRS_MAX;
    for (size_t a = 0; a < count; a++)
        for (size_t b = a + 1; b < count; b++) {
            if (vs_host_distance(&cpus[a], &cpus[b]) != distance || seen++ % stride != 0)
                continue;
            const uint32_t pair[2] = {cpus[a].cpu, cpus[b].cpu};
            for (uint32_t i = 0; i < repeats; i++) {
                int ret = run_on(ping_pong, pair, 2, &samples[runs++], error);
                if (ret < 0)
                    return ret;
            }
            pairs++;
        }
    if (runs > 0)
        *spread = spread_of(samples, runs, pairs);
    return 0;
}

static int measure_service(const struct vs_host_cpu *cpus, size_t count, uint32_t repeats,
                           double *samples, struct vs_calibration *calibration,
                           struct vs_error *error)
{
    uint32_t used[SERVICE_MAX], threads = (uint32_t)(count < SERVICE_MAX ? count : SERVICE_MAX);
    for (uint32_t i = 0; i < threads; i++)
        used[i] = cpus[i].cpu;
    for (uint32_t i = 0; i < repeats; i++) {
        int ret = run_on(increment, used, threads, &samples[i], error);
        if (ret < 0)
            return ret;
    }
    calibration->service = spread_of(samples, repeats, 0);
    calibration->service_threads = threads;
    return 0;
}

int vs_calibrate(uint32_t repeats, struct vs_calibration *calibration, struct vs_error *error)
{
    static const enum vs_distance distances[] = {VS_SAME_CORE, VS_SAME_SOCKET, VS_OTHER_SOCKET};
    struct vs_host_cpu *cpus = NULL;
    double *samples = NULL;
    size_t count = 0;
    memset(calibration, 0, sizeof *calibration);
    int ret = vs_host_cpus(&cpus, &count, error);
    if (ret < 0)
        goto out;
    if (count < 2) {
        ret = vs_error_set(error, VS_ERR_HOST,
                           "a line moves between CPUs, and this process may use only one");
        goto out;
    }
    vs_host_shape(cpus, count, calibration);
    samples = calloc((size_t)repeats * PAIRS_MAX, sizeof *samples);
    if (!samples) {
        ret = vs_error_set(error, VS_ERR_MEMORY, "out of memory");
        goto out;
    }
    ret = measure_alone(cpus[0].cpu, repeats, samples, calibration, error);
    for (size_t i = 0; ret == 0 && i < sizeof distances / sizeof distances[0]; i++)
        ret = measure_pairs(cpus, count, distances[i], repeats, samples,
                            &calibration->transfer[distances[i]], error);
    if (ret == 0)
        ret = measure_service(cpus, count, repeats, samples, calibration, error);
out:
    free(samples);
    free(cpus);
    return ret;
}
