/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The checker's model of Xen: instructions, the state that they change, and
 * what one step does.  Private to sim/check.
 *
 * Pointers are (device, generation) in one byte: every object that comes to
 * life is a new generation of its device's, and stays dead once freed, so that
 * an old pointer never fits a new object.
 */
#ifndef VS_CHECK_INTERNAL_H
#define VS_CHECK_INTERNAL_H

#include "check.h"

#define NONE        VS_CHECK_NONE
#define GENERATIONS 4 /* an object may be made anew three times; a path beyond is cut */
#define LOCKS_MAX   64
#define HELD_MAX    8
#define LOOPS_MAX   2
#define REFS_MAX    3
#define QUEUE_MAX   (VS_CHECK_ACTORS_MAX - 1)
#define GROUPS      (VS_CHECK_DOMAINS_MAX + 1) /* of a list: dom_xen's comes last */

static inline uint8_t vs_pointer(uint8_t device, uint8_t generation)
{
    return (uint8_t)(device * GENERATIONS + generation);
}
static inline uint8_t vs_pointer_device(uint8_t pointer)
{
    return pointer / GENERATIONS;
}
static inline uint8_t vs_pointer_bit(uint8_t pointer)
{
    return (uint8_t)(1u << (pointer % GENERATIONS));
}

/* ------------------------------------------------------------ instructions */

enum vs_check_op {
    C_LOCK,
    C_UNLOCK,
    C_TRY, /* target: where to go when not taken */
    C_LOOKUP,
    C_DEREF, /* target: where to go when NULL; 0: leave */
    C_RECHECK_OWNER,
    C_ASSERT,
    C_MAY_FAIL, /* target: where to go when it went well */
    C_USE,
    C_BARS_BEGIN,
    C_BARS_END,
    C_LINK,
    C_UNLINK,
    C_SET_OWNER,
    C_ALLOCATE,
    C_PUBLISH,
    C_COMPLETE, /* the handlers of a vpci are there: work handler * capabilities */
    C_CLEAR,
    C_FREE,
    C_RCU_LOCK,
    C_RCU_UNLOCK,
    C_CALL_RCU,
    C_RCU_BARRIER,
    C_GET,
    C_PUT,
    C_DEFER,
    C_TAKE_PENDING,
    C_CLEAR_PENDING,
    C_SOFTIRQ,
    C_RESCHEDULE,
    C_TOUCH,     /* a hardware cycle on the call's device */
    C_MAP_PAGE,  /* the page of a deferred map */
    C_EACH,      /* target: behind the loop */
    C_EACH_NEXT, /* target: the body */
    C_JUMP,
    C_RETRY,
    C_LEAVE,
    C_END,
    C_OP_COUNT
};

struct vs_check_insn {
    uint8_t code; /* enum vs_check_op */
    uint8_t lock, mode, whose, which;
    uint8_t argument; /* list or object */
    bool flag; /* DEREF: recheck; PUT: initial; DEFER, TAKE_PENDING: by sbdf; EACH: skip self;
                * ALLOCATE: its handlers come later (COMPLETE) */
    bool with_ref, by_address, unraised;
    uint8_t part;
    uint16_t target;
    const struct vs_step *step; /* what it is written as; NULL for JUMP and END */
};

/* Where a program's parts begin; 0 where there is none. */
struct vs_check_entry {
    uint16_t start, miss, pending, pending_miss;
};

/* Devices that facts tell apart. */
enum vs_check_kind { KIND_BARE, KIND_MSIX, KIND_HIDDEN, KIND_VIRTUAL, KIND_COUNT };

struct vs_check_code {
    const struct vs_policy *policy;
    uint8_t rounds;
    struct vs_check_insn *insns;
    uint16_t count;
    uint32_t dropped_locks; /* bit per declared lock that guards nothing here */
    /* [operation][caller is the hardware domain][enum vs_check_kind of the device] */
    struct vs_check_entry entries[VS_OP_COUNT][2][KIND_COUNT];
};

/* ------------------------------------------------------------------- state */

enum vs_check_flag {
    F_FINISHED = 1,
    F_LEAVING = 2, /* gives back what it holds, then runs the miss steps, or retries */
    F_MISS = 4,
    F_PENDING = 8, /* runs the deferred map */
    F_BLOCKED = 16,
    F_FROM_SLOT = 32, /* its pdev pointer came out of the pending slot */
    F_WALKING = 64,
    F_STARTED = 128 /* inside the hypervisor */
};

struct vs_check_loop {
    uint16_t insn;
    uint8_t at;   /* pdev pointer that it stands on */
    uint8_t vpci; /* what was dereferenced from it, or NONE */
};

/* All bytes, so that equal states are equal memory. */
struct vs_check_vcpu {
    uint16_t pc;
    uint8_t flags;
    uint8_t call;    /* index of the running call */
    uint8_t device;  /* the call's, or the pending slot's */
    uint8_t pdev;    /* pointer that was looked up, or NONE */
    uint8_t vpci;    /* dereferenced, or NONE */
    uint8_t cleared; /* vpci that this actor took off its device and has not freed */
    uint8_t cursor;  /* the node of a lookup; NONE at the end of the list */
    uint8_t rcu_depth;
    uint8_t wait_lock, wait_mode;
    uint8_t barrier; /* bit per actor that has to pass a quiescent state */
    uint8_t slot;    /* pending slot: pointer, or device * GENERATIONS by sbdf, or NONE */
    uint8_t slot_flags;
    uint8_t decided;                                 /* what modify_bars came to: below */
    uint8_t retrying;                                /* leaving to begin again */
    uint8_t gave_up;                                 /* a try of this operation failed */
    uint8_t held_count, ref_count, loop_count, made; /* made: vpci that it allocates */
    struct {
        uint8_t lock, mode;
    } held[HELD_MAX];
    struct {
        uint8_t lock, pdev;
    } refs[REFS_MAX];
    struct vs_check_loop loops[LOOPS_MAX];
};

/* decided.  FILLED: the device's rangesets; KEPT: but for the page, which another device has. */
enum { DECIDED_FILLED = 1, DECIDED_KEPT = 2 };

/* slot_flags.  DECODE: memory decoding as a whole, not the ROM alone; ON: will be on. */
enum {
    SLOT_BY_SBDF = 1,
    SLOT_REF = 2,
    SLOT_DECODE = 4,
    SLOT_ON = 8,
    SLOT_PAGE = 16,
    SLOT_UNRAISED = 32, /* no softirq was raised for it */
    SLOT_FILLED = 64,   /* its map is in the device's rangesets */
    SLOT_LOST = 128     /* and another vCPU's has taken its place there */
};

struct vs_check_dev {
    uint8_t owner;
    uint8_t pdev_alive, vpci_alive;   /* bit per generation */
    uint8_t pdev_last, vpci_last;     /* newest generation */
    uint8_t published;                /* vpci pointer, or NONE */
    uint8_t incomplete;               /* bit per vpci generation without its handlers */
    uint8_t bar_readers, bar_writers; /* bit per actor */
    uint8_t decoding;
    uint8_t next[VS_LIST_COUNT], group[VS_LIST_COUNT]; /* group NONE: not on it */
    uint8_t refs[GENERATIONS];
    uint8_t vpci_of[GENERATIONS]; /* which pdev generation's: goes with its last reference */
};

struct vs_check_lock {
    uint8_t owner;   /* actor that holds it exclusively, or NONE */
    uint8_t depth;   /* extra acquisitions by the owner */
    uint8_t readers; /* read acquisitions */
    uint8_t waiting; /* rwlock: a writer at the head of the queue has set WAITING */
    uint8_t queue_count;
    uint8_t queue[QUEUE_MAX];
};

struct vs_check_shared {
    uint8_t head[VS_LIST_COUNT][GROUPS];
    uint8_t mapped; /* bit per page */
    uint8_t cut;    /* something was made anew too often: not followed */
    uint8_t callback_count;
    struct {
        uint8_t pointer, object, readers; /* readers: actors in sections that it waits for */
    } callbacks[4];
};

struct vs_check_state {
    struct vs_check_shared shared;
    struct vs_check_vcpu vcpus[VS_CHECK_ACTORS_MAX];
    struct vs_check_dev devices[VS_CHECK_DEVICES_MAX];
    struct vs_check_lock locks[LOCKS_MAX];
};

/* ------------------------------------------------------------------- model */

/* Reads and writes of a step, as bits: two steps that share no bit which one of
 * them writes commute.  footprint.c has the table. */
struct vs_footprint {
    uint64_t lock_read, lock_write;
    uint64_t data_read, data_write;
};

struct vs_check_model {
    const struct vs_check_code *code;
    const struct vs_check_setup *setup;
    uint8_t lock_base[VS_POLICY_LOCKS_MAX];
    uint8_t lock_count;
    uint8_t lock_decl[LOCKS_MAX];
    bool owners_fixed;  /* no operation of the setup changes an owner */
    bool objects_fixed; /* none makes or frees an object */
    bool has_barrier, has_callbacks;
    bool has_hidden;
    bool has_retry;               /* programs go back: the space of states has cycles */
    struct vs_check_order *order; /* where orders of locks go, or NULL */
};

/* What a step did that breaks a rule. */
struct vs_breach {
    uint32_t found; /* bit per enum vs_violation: one at most */
    bool fatal;     /* nothing sensible comes after it */
    uint8_t actor;  /* who broke the rule */
    uint8_t pointer;
    uint8_t object;
    uint8_t other; /* another actor in it, or NONE */
    uint8_t lock;  /* instance, or NONE */
    const char *what;
    uint8_t done; /* bit per actor that got through an operation, no try of which failed */
};

void vs_breach_note(struct vs_breach *breach, enum vs_violation violation, uint8_t actor,
                    const char *what);

/* model.c */
int vs_check_model_init(struct vs_check_model *model, const struct vs_check_code *code,
                        const struct vs_check_setup *setup, struct vs_check_order *order,
                        struct vs_error *error);
/* Who owns the device when the setup begins. */
uint8_t vs_check_first_owner(const struct vs_check_setup *setup, uint8_t device);
void vs_check_state_init(const struct vs_check_model *model, struct vs_check_state *state);
const struct vs_check_entry *vs_check_entry_of(const struct vs_check_model *model, uint8_t actor,
                                               uint8_t call);
uint8_t vs_check_whose(const struct vs_check_model *model, const struct vs_check_state *state,
                       uint8_t actor, uint8_t whose);
/* The pdev pointer that an instruction means, and its device; NONE: none. */
uint8_t vs_check_which_pdev(const struct vs_check_vcpu *vcpu, uint8_t which);
uint8_t vs_check_which_device(const struct vs_check_vcpu *vcpu, uint8_t which);
uint8_t vs_check_which_vpci(const struct vs_check_vcpu *vcpu, uint8_t which);
/* The lock instance that an instruction means. */
uint8_t vs_check_instance(const struct vs_check_model *model, const struct vs_check_state *state,
                          uint8_t actor, const struct vs_check_insn *insn);
/* "pci_lock of dom0" into buffer[VS_CHECK_NAME]. */
#define VS_CHECK_NAME 64
char *vs_check_lock_name(const struct vs_check_model *model, uint8_t lock, char *buffer);
enum vs_op vs_check_running_op(const struct vs_check_model *model,
                               const struct vs_check_state *state, uint8_t actor);

static inline bool vs_pdev_alive(const struct vs_check_state *state, uint8_t pointer)
{
    return state->devices[vs_pointer_device(pointer)].pdev_alive & vs_pointer_bit(pointer);
}
static inline bool vs_vpci_alive(const struct vs_check_state *state, uint8_t pointer)
{
    return state->devices[vs_pointer_device(pointer)].vpci_alive & vs_pointer_bit(pointer);
}

/* pdev->vpci: what is published belongs to the newest device at the address, and one that was
 * removed before and lives on by a reference has none. */
static inline uint8_t vs_published(const struct vs_check_state *state, uint8_t pdev)
{
    const struct vs_check_dev *device = &state->devices[vs_pointer_device(pdev)];

    return pdev % GENERATIONS == device->pdev_last ? device->published : NONE;
}

/* step.c: one step of one actor.  The actor must be able to move. */
bool vs_check_can_move(const struct vs_check_model *model, const struct vs_check_state *state,
                       uint8_t actor);
/* move is the actor, with VS_CHECK_FAILS where its step fails. */
void vs_check_move(const struct vs_check_model *model, struct vs_check_state *state, uint8_t move,
                   struct vs_breach *breach);
/* May the actor's next step fail? */
bool vs_check_can_fail(const struct vs_check_model *model, const struct vs_check_state *state,
                       uint8_t actor);
/* Run what touches the actor alone, up to its next step. */
void vs_check_settle(const struct vs_check_model *model, struct vs_check_state *state,
                     uint8_t actor, struct vs_breach *breach);
/* Nobody can move: what is wrong with that, if anything. */
void vs_check_at_rest(const struct vs_check_model *model, const struct vs_check_state *state,
                      struct vs_breach *breach);

/* locks.c */
void vs_check_acquire(const struct vs_check_model *model, struct vs_check_state *state,
                      uint8_t actor, const struct vs_check_insn *insn, struct vs_breach *breach);
bool vs_check_try(const struct vs_check_model *model, struct vs_check_state *state, uint8_t actor,
                  const struct vs_check_insn *insn, struct vs_breach *breach);
void vs_check_unlock(const struct vs_check_model *model, struct vs_check_state *state,
                     uint8_t actor, const struct vs_check_insn *insn, struct vs_breach *breach);
void vs_check_release_newest(const struct vs_check_model *model, struct vs_check_state *state,
                             uint8_t actor, struct vs_breach *breach);
/* Does the actor hold the lock that the instruction means, in whatever mode? */
bool vs_check_holds(const struct vs_check_model *model, const struct vs_check_state *state,
                    uint8_t actor, const struct vs_check_insn *insn);
/* A blocked actor at the head of a queue: may it look at the word with effect, and do so. */
bool vs_check_can_poll(const struct vs_check_model *model, const struct vs_check_state *state,
                       uint8_t actor);
void vs_check_poll(const struct vs_check_model *model, struct vs_check_state *state, uint8_t actor,
                   struct vs_breach *breach);
/* Actors that keep a blocked one from moving, as bits. */
uint8_t vs_check_blockers(const struct vs_check_model *model, const struct vs_check_state *state,
                          uint8_t actor);
/* Does the actor wait for itself, through others?  They are in *circle as bits. */
bool vs_check_in_circle(const struct vs_check_model *model, const struct vs_check_state *state,
                        uint8_t actor, uint8_t *circle);

/* objects.c, lists.c */
void vs_check_object_free(const struct vs_check_model *model, struct vs_check_state *state,
                          uint8_t actor, uint8_t object, uint8_t pointer, struct vs_breach *breach);
void vs_check_object_step(const struct vs_check_model *model, struct vs_check_state *state,
                          uint8_t actor, const struct vs_check_insn *insn,
                          struct vs_breach *breach);
/* bars.c: BARS_BEGIN and BARS_END; MAP_PAGE; are the device's rangesets filled already, when a
 * toggle defers what it has put into them? */
void vs_check_bars(const struct vs_check_model *model, struct vs_check_state *state, uint8_t actor,
                   const struct vs_check_insn *insn, struct vs_breach *breach);
void vs_check_map_page(const struct vs_check_model *model, struct vs_check_state *state,
                       uint8_t actor, uint8_t index, struct vs_breach *breach);
void vs_check_find_filled(const struct vs_check_model *model, const struct vs_check_state *state,
                          uint8_t actor, struct vs_breach *breach);
/* The actor left its outermost read section: callbacks that waited for it run. */
void vs_check_section_left(const struct vs_check_model *model, struct vs_check_state *state,
                           uint8_t actor, struct vs_breach *breach);
void vs_check_drop_reference(const struct vs_check_model *model, struct vs_check_state *state,
                             uint8_t actor, uint8_t lock, uint8_t pointer,
                             struct vs_breach *breach);
void vs_check_stale(const struct vs_check_state *state, uint8_t actor, uint8_t object,
                    uint8_t pointer, const char *what, struct vs_breach *breach);
uint8_t vs_check_list_group(const struct vs_check_model *model, const struct vs_check_state *state,
                            uint8_t actor, const struct vs_check_insn *insn);
void vs_check_list_step(const struct vs_check_model *model, struct vs_check_state *state,
                        uint8_t actor, const struct vs_check_insn *insn, struct vs_breach *breach);

/* order.c */
void vs_check_order_note(struct vs_check_order *order, const struct vs_check_model *model,
                         const struct vs_check_state *state, uint8_t actor, uint8_t lock);

/* reduce.c: which actor can go first without losing a behaviour. */
struct vs_reducer;
struct vs_reducer *vs_reducer_new(void);
void vs_reducer_free(struct vs_reducer *reducer);
void vs_reducer_begin(struct vs_reducer *reducer, const struct vs_check_model *model);
/* An actor of those in movable (bits) whose next step alone is enough, or NONE. */
uint8_t vs_reducer_choose(struct vs_reducer *reducer, const struct vs_check_state *state,
                          uint8_t movable);

/* explore.c: a search's states, numbered from 0 in the order of their first reaching. */
int vs_space_begin(struct vs_check_space *space, const struct vs_check_model *model);
/* Has somebody asked for an end?  Looked at for some states only: an atomic costs. */
bool vs_check_must_stop(const struct vs_check_limits *limits, uint32_t state);
/* Why a search ended with ret, VS_ERR_STOPPED or out of memory, in words.  Returns ret. */
int vs_check_failed(int ret, const struct vs_check_space *space, struct vs_error *error);
/* Its number, new or known; from and move: how it was reached.  VS_ERR_MEMORY. */
int vs_space_put(struct vs_check_space *space, const struct vs_check_state *state, uint32_t from,
                 uint8_t move, uint32_t *number);
void vs_space_get(const struct vs_check_space *space, uint32_t number,
                  struct vs_check_state *state);
uint32_t vs_space_count(const struct vs_check_space *space);
uint64_t vs_space_bytes(const struct vs_check_space *space);
/* The way to a state: its length, and when moves is not NULL the moves. */
uint32_t vs_space_path(const struct vs_check_space *space, uint32_t number, uint8_t *moves);

/* code.c */
bool vs_check_is_private(const struct vs_check_model *model, const struct vs_check_insn *insn);

#endif
