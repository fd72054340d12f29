/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * State of a run by threads.  Private to sim/threads.
 *
 * Who may touch what, without a policy's locks, which protect nothing here:
 * workers their own actors and counts; everybody the devices and lists, which are
 * atomic words; list changes, which are rare, take turns by list_lock.  The
 * watching thread reads atomics, and the rest after all workers were joined.
 */
#ifndef VS_THREADS_INTERNAL_H
#define VS_THREADS_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "engine/code.h"
#include "lock.h"
#include "rcu.h"
#include "threads.h"

#define VS_WORKER_PRIORITY 1 /* of SCHED_FIFO */
#define VS_NO_LOCK         UINT32_MAX

/* ----------------------------------------------------------------- objects */

/* An object's word: generation in the upper half, then the operation that freed it
 * last, then whether it lives and (vPCI) can be reached through its pdev. */
#define VS_WORD_ALIVE     UINT64_C(1)
#define VS_WORD_PUBLISHED UINT64_C(2)
#define VS_WORD_OP_SHIFT  8
#define VS_WORD_OP_MASK   (UINT64_C(0xff) << VS_WORD_OP_SHIFT)
static inline uint32_t vs_word_generation(uint64_t word)
{
    return (uint32_t)(word >> 32);
}
static inline uint8_t vs_word_freed_by(uint64_t word)
{
    return (uint8_t)(word >> VS_WORD_OP_SHIFT);
}

struct vs_real_device {
    _Alignas(VS_LINE_BYTES) _Atomic uint64_t pdev, vpci;
    _Atomic uint16_t owner; /* domain index; VS_DOMAIN_NONE for hidden or unowned devices */
    _Alignas(VS_LINE_BYTES) _Atomic uint32_t references;
    _Alignas(VS_LINE_BYTES) _Atomic uint32_t bar_readers, bar_writers;
    _Atomic uint8_t bars_by;
};

/* A family of device lists, as in the virtual engine. */
struct vs_real_list {
    _Atomic uint16_t *head, *length;           /* per group */
    _Atomic uint16_t *next, *position, *group; /* per device; position is 1-based, 0: on none */
    uint16_t group_count;
};

/* ------------------------------------------------------------------ actors */

struct vs_real_held {
    uint32_t lock, generation;
    uint8_t mode, node;
};

struct vs_real_reference {
    uint8_t lock;
    uint16_t device;
    uint32_t generation;
};
#define VS_REAL_REFERENCES_MAX 4

struct vs_real_loop {
    uint32_t insn, left;
    uint16_t device;
    uint32_t walked_before; /* EACH: what vs_real_actor.each said */
};

enum vs_real_state { VS_REAL_GUEST, VS_REAL_YIELDED, VS_REAL_FINISHED };

struct vs_real_actor {
    uint16_t index, domain, device, target;
    uint8_t op, state; /* enum vs_real_state */
    uint32_t shape, pc;
    uint32_t next, end; /* its calls: stream[next .. end) */
    uint32_t call;
    bool leaving, in_miss, from_pending, has_pdev, has_vpci, in_pending, pending;
    bool pending_by_sbdf, pending_has_reference;
    uint8_t held_count, rcu_depth, loop_count, reference_count;
    uint32_t nodes_used; /* bit per node */
    uint16_t owner_seen, cleared_device, pending_device;
    uint32_t pdev_generation, vpci_generation, cleared_generation, pending_generation;
    uint32_t measured_ns;
    uint32_t wait_lock; /* VS_NO_LOCK: does not wait */
    uint8_t wait_mode;
    vs_ticks due, entered, step_wait, last_end, arrived, ready;
    vs_ps previous_base;
    struct vs_real_held held[VS_HELD_MAX];
    struct vs_real_loop loops[VS_LOOPS_MAX];
    struct vs_real_reference references[VS_REAL_REFERENCES_MAX], pending_reference;
    struct vs_lock_node *nodes; /* VS_HELD_MAX */
    /* For those that change a list: each list that it walks unprotected, as vs_real_walk_word
     * says, or 0. */
    _Atomic uint32_t walk[VS_LIST_COUNT], each[VS_LIST_COUNT];
};

static inline uint8_t vs_real_op_now(const struct vs_real_actor *actor)
{
    return actor->in_pending ? (uint8_t)VS_OP_MAP_PENDING : actor->op;
}

/* Which group of a list is walked, in which operation: others may not look at op itself. */
#define VS_WALK_OP_SHIFT   24
#define VS_WALK_GROUP_MASK UINT32_C(0xffffff)

static inline uint32_t vs_real_walk_word(const struct vs_real_actor *actor, uint16_t group)
{
    return (uint32_t)vs_real_op_now(actor) << VS_WALK_OP_SHIFT | (group + 1u);
}

/* ----------------------------------------------------------------- workers */

struct vs_real_counts {
    uint64_t acquire, try_count, try_failed, wait;
    vs_ticks wait_total, wait_max;
};

struct vs_real_latency {
    vs_ticks wait;
    struct vs_histogram latency;
};

struct vs_callback {
    _Alignas(max_align_t) unsigned char head[VS_URCU_HEAD_BYTES];
    struct vs_threads *engine;
    uint16_t device;
    uint8_t object, op;
    uint32_t generation;
};

#define VS_CALLBACKS_A_BLOCK 64u
struct vs_callback_block {
    struct vs_callback_block *before;
    uint32_t used;
    struct vs_callback callbacks[VS_CALLBACKS_A_BLOCK];
};

struct vs_worker {
    struct vs_lock_user user;
    struct vs_threads *engine;
    pthread_t thread;
    uint32_t host_cpu;
    int64_t ahead;                    /* vs_host_clock_spin */
    struct vs_real_actor *running;    /* inside the hypervisor */
    struct vs_real_counts *counts;    /* [lock * VS_MODE_COUNT + mode] */
    struct vs_real_latency **latency; /* [op * domain_count + domain], NULL where no call */
    struct vs_hazard_stat hazards[VS_HAZARD_COUNT];
    struct vs_callback_block *callbacks;
    uint64_t calls, deferred, missed, steps, forced_switches;
    vs_ticks cpu_wait, lock_wait, busy;
    vs_ticks last_end; /* of whoever ran last: before it nobody else of this pCPU could run */
    bool out_of_memory, refused_cpu;
    /* For the watching thread. */
    _Alignas(VS_LINE_BYTES) _Atomic uint64_t beat; /* moves with every step on shared state */
    _Atomic uint64_t calls_done;
    atomic_bool in_barrier, in_guest, done;
};

/* ------------------------------------------------------------------ engine */

enum vs_ending { VS_RUNS, VS_ENDS_DEADLOCKED, VS_ENDS_STOPPED };

struct vs_threads {
    const struct vs_workload *workload;
    const struct vs_policy *policy;
    const struct vs_machine *machine;
    struct vs_threads_options options;
    const struct vs_host_clock *clock;
    struct vs_code *code;
    uint16_t hardware_domain;
    bool uses_rcu;
    uint8_t rcu_lock; /* its declaration, when it does */

    struct vs_real_actor *actors;
    uint32_t *stream; /* calls by actor, then time */
    struct vs_lock_node *nodes;
    struct vs_worker *workers;
    uint16_t worker_count;

    struct vs_real_lock *locks;
    _Atomic uint32_t *lock_generation; /* counts the lives of the object that it is inside */
    uint8_t *lock_decl;
    uint16_t *lock_instance;
    uint32_t lock_total;
    uint32_t lock_base[VS_POLICY_LOCKS_MAX];

    struct vs_real_device *devices;
    uint16_t *by_address, *address_rank, *segment_group, *domain_segment;
    struct vs_real_list lists[VS_LIST_COUNT];
    pthread_mutex_t list_lock;

    _Alignas(VS_LINE_BYTES) _Atomic uint64_t callbacks_queued, callbacks_done;
    vs_ticks start;            /* set before started */
    _Atomic uint32_t at_start; /* workers that are ready */
    atomic_bool started;
    _Alignas(VS_LINE_BYTES) atomic_uint ending; /* enum vs_ending */
};

static inline bool vs_threads_ending(const struct vs_threads *engine)
{
    return atomic_load_explicit(&engine->ending, memory_order_relaxed) != VS_RUNS;
}

/* setup.c */
int vs_threads_setup(struct vs_threads *engine, struct vs_error *error);
void vs_threads_release(struct vs_threads *engine);

/* worker.c: a pCPU; argument: struct vs_worker. */
void *vs_worker_main(void *argument);
/* An actor's first call becomes its next. */
void vs_worker_schedule_first(struct vs_threads *engine, struct vs_real_actor *actor);

/* step.c: run the actor's program on from where it is. */
enum vs_ran { VS_RAN_ENDED, VS_RAN_YIELDED, VS_RAN_GAVE_UP };
enum vs_ran vs_real_execute(struct vs_worker *worker, struct vs_real_actor *actor);
void vs_real_spend(struct vs_worker *worker, vs_ps cost_ps);

/* lists.c */
int vs_real_objects_setup(struct vs_threads *engine);
void vs_real_objects_release(struct vs_threads *engine);
uint16_t vs_real_whose(const struct vs_threads *engine, const struct vs_real_actor *actor,
                       enum vs_whose whose);
uint16_t vs_real_which(const struct vs_threads *engine, const struct vs_real_actor *actor,
                       enum vs_which which);
uint16_t vs_real_group(const struct vs_threads *engine, const struct vs_real_actor *actor,
                       const struct vs_insn *insn);
uint32_t vs_real_walk_nodes(const struct vs_threads *engine, const struct vs_real_actor *actor,
                            const struct vs_insn *insn);
bool vs_real_finds(const struct vs_threads *engine, const struct vs_real_actor *actor,
                   const struct vs_insn *insn);
uint16_t vs_real_each_first(const struct vs_threads *engine, const struct vs_real_actor *actor,
                            const struct vs_insn *each);
uint16_t vs_real_each_after(const struct vs_threads *engine, const struct vs_real_actor *actor,
                            const struct vs_insn *each, uint16_t device);
void vs_real_link(struct vs_worker *worker, const struct vs_insn *insn);
void vs_real_unlink(struct vs_worker *worker, const struct vs_insn *insn);

/* objects.c */
void vs_real_hazard(struct vs_worker *worker, enum vs_hazard hazard, uint16_t device,
                    uint8_t other_op);
/* false: nothing there. */
bool vs_real_deref(struct vs_worker *worker, const struct vs_insn *insn);
void vs_real_use(struct vs_worker *worker, const struct vs_insn *insn);
bool vs_real_lock_is_freed(const struct vs_worker *worker, const struct vs_insn *insn);
bool vs_real_allocate(struct vs_worker *worker, const struct vs_insn *insn);
void vs_real_publish(struct vs_worker *worker, const struct vs_insn *insn);
void vs_real_clear(struct vs_worker *worker, const struct vs_insn *insn);
void vs_real_give_back(struct vs_worker *worker, const struct vs_insn *insn, bool deferred);
void vs_real_bars_begin(struct vs_worker *worker, const struct vs_insn *insn);
void vs_real_bars_end(struct vs_worker *worker, const struct vs_insn *insn);

/* references.c */
void vs_real_get(struct vs_worker *worker, const struct vs_insn *insn);
void vs_real_put(struct vs_worker *worker, const struct vs_insn *insn);
void vs_real_drop(struct vs_worker *worker, const struct vs_real_reference *reference);
void vs_real_pending_fill(struct vs_worker *worker, const struct vs_insn *insn);
bool vs_real_pending_take(struct vs_worker *worker, const struct vs_insn *insn);
/* objects.c: free an object in its generation; worker NULL: by nobody (a callback). */
void vs_real_free(struct vs_threads *engine, struct vs_worker *worker, uint16_t device,
                  enum vs_object object, uint32_t generation, uint8_t by);

/* finish.c: after all workers were joined. */
int vs_threads_result(const struct vs_threads *engine, bool deadlock, struct vs_result **result);

#endif
