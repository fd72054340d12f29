/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The engine's state: who runs, who waits, which objects live.  Private to
 * sim/engine.
 *
 * Outline of a replay (engine.c): a queue holds one entry per vCPU that has a
 * next event.  The earliest vCPU runs its program inline (step.c) for as long
 * as nobody else's event comes first; a step on shared state takes place only
 * then.  A vCPU that blocks leaves the queue and stands in its lock's list
 * (locks/); whoever releases puts it back at the time of the hand-over.
 * Replays of a narrow shape take a shorter way to the same result: shortcut.h.
 */
#ifndef VS_ENGINE_INTERNAL_H
#define VS_ENGINE_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "buckets.h"
#include "code.h"
#include "engine.h"
#include "queue.h"
#include "streams.h"

#define VS_NOBODY      UINT16_MAX
#define VS_NO_INSTANCE UINT32_MAX

/* ------------------------------------------------------------------- locks */

/* A lock instance.  Fields are read as the kind's file says. */
struct vs_lock_state {
    uint16_t owner; /* actor that holds it exclusively, or VS_NOBODY */
    uint16_t readers;
    uint16_t recursion;  /* extra acquisitions by the owner */
    uint16_t head, tail; /* waiters, linked by actor.next_waiter */
    uint16_t waiters;
    uint16_t line_cpu;     /* CPU that has the lock's cache line, VS_NOBODY at first */
    uint8_t decl;          /* index into the policy's locks */
    uint8_t kind;          /* its enum vs_lock_kind */
    bool tainted;          /* freed while in use: identities do not hold for it */
    bool writer_waiting;   /* rwlock: WAITING is set; percpu: writer_activating */
    uint16_t instance;     /* domain or device index, 0 for global */
    uint16_t blamed_actor; /* last acquirer: who is blamed for the waiting now */
    uint8_t blamed_op;
    vs_ps line_free;     /* the line serves nobody else before this */
    vs_ps ready;         /* percpu: the writer's scan is done */
    uint32_t generation; /* a lock inside an object starts anew with each object */
    uint32_t stats;      /* index of the first of VS_MODE_COUNT statistics */
    /* Kept apart from the kinds' own state, to check them: who holds, the last
     * release, and sum(leave) - sum(enter) over all that came, modulo 2^64. */
    uint16_t holders_exclusive, holders_read;
    uint32_t in_system;
    vs_ps last_release, sojourn;
    struct vs_blame *blame; /* made when somebody first waits */
};

/* Statistics of one instance and mode, in ps. */
struct vs_lock_counts {
    uint64_t acquire, try_count, try_failed, wait, transfer, hold;
    vs_ps wait_ps, wait_max_ps, hold_ps, hold_max_ps, cross_domain_ps;
};

/* Who waits for one lock, by operation, mode and domain, so that a change of
 * holder attributes the waiting of many at once: blame.c. */
struct vs_blame_entry {
    uint16_t domain;
    uint32_t group;     /* its operation and mode: index into blame.groups */
    uint32_t late_next; /* entries with late != 0, linked; VS_NO_INSTANCE at the end */
    uint32_t waiters;
    vs_ps late; /* sum over those that came after blame.since of (arrival - since) */
};

/* All waiters of one operation and mode whose entries are not late. */
struct vs_blame_group {
    uint8_t op, mode;
    uint32_t waiters;
};

struct vs_blame {
    struct vs_blame_entry *entries;
    uint32_t count, capacity;
    struct vs_blame_group *groups;
    uint32_t group_count, group_capacity;
    uint32_t *places; /* with many entries: [group * domain_count + domain] = entry + 1 or 0 */
    uint32_t late_first;
    uint32_t waiters;
    vs_ps since;
};

/* ------------------------------------------------------------------ actors */

enum vs_actor_state {
    VS_ACTOR_GUEST,    /* in the guest; the event is the next call's arrival */
    VS_ACTOR_CPU_WAIT, /* the pCPU runs somebody else's entry; not in the queue */
    VS_ACTOR_RUNNING,  /* inside the hypervisor; the event is its next shared step */
    VS_ACTOR_BLOCKED,  /* spins on a lock; not in the queue */
    VS_ACTOR_POLLING,  /* spins on a lock and will look again at its event */
    VS_ACTOR_FINISHED
};

struct vs_held {
    uint32_t lock; /* index into engine.locks */
    uint32_t generation;
    uint8_t mode;
    vs_ps since;
};

/* A counted reference that the actor holds (lock kind refcount). */
struct vs_reference {
    uint8_t lock;
    uint16_t device;
    uint32_t generation;
};
#define VS_REFERENCES_MAX 4

struct vs_loop {
    uint32_t insn;   /* the EACH or REPEAT instruction */
    uint32_t left;   /* REPEAT: rounds left */
    uint16_t device; /* EACH: where it stands */
};

/* What every step touches comes first; what few operations need, last. */
struct vs_actor_run {
    vs_ps now; /* its clock; the event's time while in the queue */
    uint32_t pc;
    uint16_t cpu, domain;
    uint16_t device; /* the call's, or the pending slot's */
    uint16_t next_waiter;
    uint8_t state; /* enum vs_actor_state */
    uint8_t op;
    uint8_t held_count;
    uint8_t rcu_depth;
    /* Of the program that runs; cleared together when one begins. */
    bool leaving;      /* gives back what it holds, then runs the miss steps */
    bool retrying;     /* ... or begins again with the VM exit */
    bool in_miss;      /* runs the miss steps */
    bool from_pending; /* its reference came out of the pending slot */
    bool has_pdev, has_vpci;
    uint8_t loop_count;
    bool in_pending;    /* runs the deferred map */
    bool in_reschedule; /* yielded its pCPU in the middle of a program */
    bool pending;       /* the pending slot is filled */
    uint8_t wait_mode;
    uint32_t shape;
    uint32_t measured_ns; /* the call's measured config cycles, 0 for unknown */
    uint32_t next, end;   /* its calls: streams->calls[next .. end) */
    uint16_t target;
    /* Waiting. */
    uint32_t wait_lock;
    uint32_t wait_entry, blamed_lock; /* where it was counted last: entry of a lock's blame */
    vs_ps wait_from;
    /* Its turn at a contended line: a release before turn_end finds the line still here. */
    const uint16_t *turn_line;
    vs_ps turn_end;
    /* The call. */
    vs_ps due;       /* arrival of the call; latency counts from here */
    vs_ps entered;   /* got its pCPU */
    vs_ps step_wait; /* lock waiting in this call */
    vs_ps last_end, previous_base;
    vs_ps arrived; /* open timing: recorded arrival of the last call */
    /* Time accounting, each counted on its own (vs_identities). */
    vs_ps think_ps, cpu_wait_ps, lock_wait_ps, work_ps;
    struct vs_held held[VS_HELD_MAX];
    uint32_t pdev_generation, vpci_generation;
    uint16_t owner_seen; /* owner of the device when it was looked up */
    /* The vPCI that this actor took off its device and has not freed. */
    uint16_t cleared_device; /* VS_DEVICE_NONE: none */
    uint32_t cleared_generation;
    /* A list walk in progress. */
    uint8_t walk_list; /* enum vs_list, or VS_LIST_COUNT for none */
    uint8_t reference_count;
    uint16_t walk_group;
    /* The pending slot. */
    bool pending_by_sbdf, pending_has_reference;
    uint16_t pending_device;
    uint32_t pending_generation;
    struct vs_reference pending_reference;
    struct vs_loop loops[VS_LOOPS_MAX];
    struct vs_reference references[VS_REFERENCES_MAX];
};

/* ----------------------------------------------------------------- objects */

struct vs_device_run {
    uint16_t owner; /* domain index; VS_DOMAIN_NONE for hidden or unowned devices */
    bool pdev_alive, vpci_alive, vpci_published;
    uint8_t freed_by; /* operation that freed pdev or vpci last, VS_OP_COUNT for none */
    uint8_t bars_by;  /* operation that last began to write BARs */
    uint16_t bar_readers, bar_writers;
    uint32_t pdev_generation, vpci_generation;
    uint32_t references;
    uint16_t reference_cpu; /* CPU that has the counter's cache line */
    vs_ps reference_free;   /* that line serves nobody else before this */
};

/* A family of device lists: all-devices has one per segment, the others one per
 * domain.  A device that is taken off keeps its next: a walker that stands on it
 * goes on from there, as it would in memory. */
struct vs_device_list {
    uint16_t *head, *length;           /* per group */
    uint16_t *next, *position, *group; /* per device; position is 1-based, 0: not on a list */
    uint16_t group_count;
};

struct vs_rcu_callback {
    uint16_t device;
    uint8_t object;
    uint8_t op;
    uint32_t generation;
};

/* Grace periods: locks/rcu.c. */
struct vs_rcu {
    bool active;
    struct vs_rcu_callback *current, *next;
    uint32_t current_count, next_count, capacity;
    uint8_t *passes_left; /* per CPU: softirq passes until it has reported */
    uint32_t cpus_left;
    vs_ps started, tick; /* tick: next time idle CPUs pass; VS_NEVER when inactive */
    uint64_t periods;
    vs_ps longest;
    uint32_t lock; /* instance index in engine.locks, VS_NO_INSTANCE for none */
};

struct vs_cpu_run {
    uint16_t running;    /* actor inside the hypervisor on this pCPU, or VS_NOBODY */
    uint16_t head, tail; /* actors that wait for it */
    uint16_t core, socket, group;
};

/* ------------------------------------------------------------------ engine */

struct vs_latency_counts {
    vs_ps wait_ps;
    struct vs_histogram latency;
};

struct vs_engine {
    const struct vs_workload *workload;
    const struct vs_policy *policy;
    const struct vs_machine *machine;
    struct vs_engine_options options;
    struct vs_code *code;
    uint16_t hardware_domain;

    struct vs_actor_run *actors;
    const struct vs_streams *streams; /* the caller's, or own_streams */
    struct vs_streams *own_streams;
    struct vs_queue queue;
    uint16_t polling; /* actor that looks at a lock right now: goes on when it gets it */
    struct vs_cpu_run *cpus;
    uint32_t cpu_count;

    struct vs_lock_state *locks;
    uint32_t lock_total;
    uint32_t lock_base[VS_POLICY_LOCKS_MAX]; /* first instance of each declared lock */
    bool lock_used[VS_POLICY_LOCKS_MAX];     /* it has instances: some program names it */
    struct vs_lock_counts *counts;

    struct vs_device_run *devices;
    uint16_t *by_address;     /* device indices in sbdf order */
    uint16_t *address_rank;   /* device -> place in by_address */
    uint16_t *segment_group;  /* device -> group of its segment */
    uint16_t *domain_segment; /* domain -> group of its first device's segment */
    struct vs_device_list lists[VS_LIST_COUNT];
    struct vs_rcu rcu;

    /* Measuring. */
    struct vs_latency_counts **latency; /* [op * domain_count + domain], NULL where no call */
    uint64_t *blocked_ps; /* [((waiter * OPS + holder) * locks + lock) * 2 + cross domain] */
    struct vs_hazard_stat hazards[VS_HAZARD_COUNT];
    struct vs_buckets buckets;
    uint64_t calls, deferred, missed, steps, overlaps;
    struct vs_warmth *warmth; /* NULL: the workload writes no list */
    uint64_t cold_lines;      /* lines of shared data that a walk had to fetch */
    vs_ps cold_ps;
    uint64_t next_look; /* when this many calls are done the caller is heard */
    vs_ps horizon;
    bool out_of_memory;
};

/* hot.c: zeroed memory for what the event loop touches at every call, in huge
 * pages where it is large.  free() gives it back. */
void *vs_hot_alloc(size_t bytes);
/* The same, not zeroed: for what is written in full anyway. */
void *vs_hot_reserve(size_t bytes);

/* The actor's next event is at this time. */
static inline void vs_event_add(struct vs_engine *engine, uint16_t actor, vs_ps at)
{
    engine->actors[actor].now = at;
    vs_queue_insert(&engine->queue, actor, at);
}
/* Does another event come before this actor's at time now? */
static inline bool vs_event_before(const struct vs_engine *engine, vs_ps now, uint16_t actor)
{
    return vs_queue_precedes(&engine->queue, actor, now) || engine->rcu.tick <= now;
}

/* engine.c: let the caller hear of progress and stop; every next_look calls. */
int vs_engine_look(struct vs_engine *engine, struct vs_error *error);

/* setup.c */
int vs_engine_setup(struct vs_engine *engine, struct vs_error *error);
void vs_engine_release(struct vs_engine *engine);

/* entry.c: a vCPU's way in and out of the hypervisor. */
void vs_entry_schedule_first(struct vs_engine *engine, uint16_t actor);
/* The call arrives at actor.now.  false: its pCPU is busy, it stands in line. */
bool vs_entry_begin(struct vs_engine *engine, uint16_t actor);
/* The program ended.  true: the actor goes on (its deferred map, or its next call,
 * whose arrival is now its event); false: it has no more calls. */
bool vs_entry_end(struct vs_engine *engine, uint16_t actor);
/* Give the pCPU to whoever stands in line for it. */
void vs_entry_yield(struct vs_engine *engine, uint16_t actor);

/* step.c: run one actor until it blocks, finishes, or is not first any more. */
void vs_actor_execute(struct vs_engine *engine, uint16_t actor);

/* locks/: one file per kind.  acquire and release take place at actor.now and
 * advance it by what the actor itself pays. */
enum vs_acquire { VS_ACQUIRED, VS_BLOCKED };
struct vs_lock_ops {
    enum vs_acquire (*acquire)(struct vs_engine *engine, uint32_t lock, uint16_t actor,
                               enum vs_lock_mode mode);
    bool (*try_acquire)(struct vs_engine *engine, uint32_t lock, uint16_t actor,
                        enum vs_lock_mode mode);
    void (*release)(struct vs_engine *engine, uint32_t lock, uint16_t actor,
                    enum vs_lock_mode mode);
    /* A POLLING actor looks again; NULL where the kind never polls. */
    enum vs_acquire (*poll)(struct vs_engine *engine, uint32_t lock, uint16_t actor);
};
/* Indexed by enum vs_lock_kind; NULL for kinds that are not acquired. */
extern const struct vs_lock_ops *const vs_lock_ops_table[VS_LOCK_KIND_COUNT];
extern const struct vs_lock_ops vs_ticket_ops, vs_recursive_ops, vs_rwlock_ops, vs_percpu_ops,
    vs_mcs_ops, vs_clh_ops;

/* locks/common.c: what the kinds share. */
/* A cache line with atomics on it: the CPU that has it, and when it is free again. */
struct vs_line {
    uint16_t *cpu;
    vs_ps *free;
};
struct vs_line vs_lock_line(struct vs_engine *engine, uint32_t lock);
/* The actor does a read-modify-write on a line, at its clock, which moves to its
 * end.  is_release: it gives back what an acquire on the same line took, and so
 * may still be in that acquire's turn.  True when the line came from another CPU. */
bool vs_line_atomic(struct vs_engine *engine, struct vs_line line, uint16_t actor, bool is_release);
vs_ps vs_cpu_transfer(const struct vs_engine *engine, uint16_t from, uint16_t to);
vs_ps vs_line_transfer(const struct vs_engine *engine, uint32_t lock, uint16_t cpu);
/* Hand a lock to its first waiter, who spins on a line of its own. */
void vs_hand_over_private(struct vs_engine *engine, uint32_t lock, uint16_t actor,
                          enum vs_lock_mode mode);
void vs_waiter_push(struct vs_engine *engine, uint32_t lock, uint16_t actor,
                    enum vs_lock_mode mode);
uint16_t vs_waiter_pop(struct vs_engine *engine, uint32_t lock);
/* The actor got the lock at time at: end of its wait when waited.  Puts a waiter
 * back into the queue. */
void vs_lock_granted(struct vs_engine *engine, uint32_t lock, uint16_t actor,
                     enum vs_lock_mode mode, vs_ps at, bool waited);
/* End of a hold: bookkeeping, before the kind's release. */
void vs_lock_released(struct vs_engine *engine, uint32_t lock, uint16_t actor, uint8_t held);
/* Its memory was freed at time at: waiters find garbage and leave, holders keep
 * a stale entry that their unlock will find. */
void vs_lock_reset(struct vs_engine *engine, uint32_t lock, uint8_t by, vs_ps at);

/* locks/rcu.c */
int vs_rcu_setup(struct vs_engine *engine);
void vs_rcu_release(struct vs_engine *engine);
void vs_rcu_call(struct vs_engine *engine, uint16_t actor, uint16_t device, enum vs_object object,
                 uint32_t generation);
void vs_rcu_pass(struct vs_engine *engine, uint16_t cpu, vs_ps now);
void vs_rcu_tick(struct vs_engine *engine); /* at rcu.tick */
/* Will no tick ever end this period, since a CPU that has to pass spins? */
bool vs_rcu_is_stuck(const struct vs_engine *engine);
enum vs_acquire vs_rcu_barrier(struct vs_engine *engine, uint16_t actor);

/* lists.c: the lists that lookups and loops walk. */
int vs_objects_setup(struct vs_engine *engine);
void vs_objects_release(struct vs_engine *engine);
uint16_t vs_whose_domain(const struct vs_engine *engine, uint16_t actor, enum vs_whose whose);
uint16_t vs_which_device(const struct vs_engine *engine, uint16_t actor, enum vs_which which);
/* Which of a family of lists an instruction means. */
uint16_t vs_list_group(const struct vs_engine *engine, uint16_t actor, const struct vs_insn *insn);
/* A lookup: nodes it visits, and whether it finds the device in the end. */
uint32_t vs_list_walk_nodes(const struct vs_engine *engine, uint16_t actor,
                            const struct vs_insn *insn);
bool vs_list_finds(const struct vs_engine *engine, uint16_t actor, const struct vs_insn *insn);
/* A for-each: the first device, and the one after device; VS_DEVICE_NONE at the end. */
uint16_t vs_each_first(const struct vs_engine *engine, uint16_t actor, const struct vs_insn *each);
uint16_t vs_each_after(const struct vs_engine *engine, uint16_t actor, const struct vs_insn *each,
                       uint16_t device);
void vs_list_link(struct vs_engine *engine, uint16_t actor, const struct vs_insn *insn);
void vs_list_unlink(struct vs_engine *engine, uint16_t actor, const struct vs_insn *insn);

/* warmth.c: which shared data a CPU has in its cache. */
struct vs_warmth;
/* Sets engine.warmth where the code has cold reads; engine.lists and the CPUs are known. */
int vs_warmth_setup(struct vs_engine *engine);
void vs_warmth_release(struct vs_engine *engine);
/* What a walk costs over its nodes' own cost; engine.warmth is not NULL. */
vs_ps vs_warmth_walk(struct vs_engine *engine, uint16_t cpu, uint8_t list, uint16_t group,
                     uint32_t nodes);
vs_ps vs_warmth_handlers(struct vs_engine *engine, uint16_t cpu, uint16_t device, uint32_t nodes);
/* A CPU wrote so many lines of a list; it made all handlers of a device. */
void vs_warmth_list_written(struct vs_engine *engine, uint16_t cpu, uint8_t list, uint16_t group,
                            uint32_t lines);
void vs_warmth_handlers_built(struct vs_engine *engine, uint16_t cpu, uint16_t device);

/* objects.c: lifetimes and hazards. */
void vs_hazard_note(struct vs_engine *engine, enum vs_hazard hazard, uint16_t actor,
                    uint16_t device, uint8_t other_op);
/* Has the pdev that the actor looked up been freed since?  And what is it when
 * it uses one: depends on where it had the pointer from. */
bool vs_pdev_is_stale(const struct vs_engine *engine, const struct vs_actor_run *run);
enum vs_hazard vs_stale_hazard(const struct vs_actor_run *run);
/* Read pdev->vpci of which device (recheck: is it still what was found?).  false:
 * nothing there. */
bool vs_object_deref(struct vs_engine *engine, uint16_t actor, const struct vs_insn *insn);
void vs_object_use(struct vs_engine *engine, uint16_t actor, const struct vs_insn *insn);
/* Is a lock that lives in an object of this device in freed memory? */
bool vs_lock_is_freed(const struct vs_engine *engine, uint16_t actor, const struct vs_insn *insn);
/* false: the device is there already, leave. */
bool vs_object_allocate(struct vs_engine *engine, uint16_t actor, const struct vs_insn *insn);
void vs_object_publish(struct vs_engine *engine, uint16_t actor, const struct vs_insn *insn);
void vs_object_clear(struct vs_engine *engine, uint16_t actor, const struct vs_insn *insn);
/* FREE and CALL_RCU (deferred): which generation of which object an actor means. */
void vs_object_give_back(struct vs_engine *engine, uint16_t actor, const struct vs_insn *insn,
                         bool deferred);
void vs_object_free(struct vs_engine *engine, uint16_t actor, uint16_t device,
                    enum vs_object object, uint32_t generation, uint8_t by, vs_ps at);

/* references.c */
void vs_reference_get(struct vs_engine *engine, uint16_t actor, const struct vs_insn *insn);
void vs_reference_put(struct vs_engine *engine, uint16_t actor, const struct vs_insn *insn);
/* Drop one reference that the actor holds. */
void vs_reference_drop(struct vs_engine *engine, uint16_t actor,
                       const struct vs_reference *reference);
void vs_pending_fill(struct vs_engine *engine, uint16_t actor, const struct vs_insn *insn);
/* false: the slot is empty, leave. */
bool vs_pending_take(struct vs_engine *engine, uint16_t actor, const struct vs_insn *insn);

/* objects.c, BAR state. */
void vs_bars_begin(struct vs_engine *engine, uint16_t actor, const struct vs_insn *insn);
void vs_bars_end(struct vs_engine *engine, uint16_t actor, const struct vs_insn *insn);

/* metrics.c, blame.c */
int vs_metrics_setup(struct vs_engine *engine);
void vs_metrics_release(struct vs_engine *engine);
void vs_blame_arrive(struct vs_engine *engine, uint32_t lock, uint16_t actor,
                     enum vs_lock_mode mode, vs_ps at);
void vs_blame_depart(struct vs_engine *engine, uint32_t lock, uint16_t actor, vs_ps at);
void vs_blame_free(struct vs_blame *blame);
void vs_blame_settle(struct vs_engine *engine, uint32_t lock, vs_ps at);
/* The holder changes: settle what was waited for the last one. */
static inline void vs_blame_change(struct vs_engine *engine, uint32_t lock, vs_ps at)
{
    const struct vs_blame *blame = engine->locks[lock].blame;
    if (blame && blame->waiters > 0)
        vs_blame_settle(engine, lock, at);
}
void vs_call_measured(struct vs_engine *engine, uint16_t actor, vs_ps end);
/* finish.c: everything measured, as a result. */
int vs_engine_result(struct vs_engine *engine, bool deadlock, struct vs_result **result);

#endif
