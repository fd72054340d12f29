/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the writers of a model share.  Private to sim/check/promela. */
#ifndef VS_CHECK_PROMELA_INTERNAL_H
#define VS_CHECK_PROMELA_INTERNAL_H

#include "promela.h"

#define PROMELA_HELD_MAX  24 /* GRAMMAR.md: 16 locks, and references and read sections */
#define PROMELA_LOOPS_MAX 4  /* GRAMMAR.md: 4 loops within loops */
#define PROMELA_TEXT      192
#define PROMELA_LIVES_MAX 4 /* as many generations as the checker follows */

/* Something that the program holds at the place that is being written: the compiler of
 * policies has seen to it that every path holds the same there. */
struct vs_promela_held {
    const struct vs_step *step; /* that took it */
    uint8_t kind;               /* enum vs_step_kind: LOCK, TRY, GET, RCU_READ_LOCK */
    uint8_t ref;                /* GET: which variable has the device */
};

struct vs_promela_loop {
    const struct vs_step *step;
    char whose[PROMELA_TEXT]; /* the list's domain as an expression */
};

struct vs_promela_writer {
    const struct vs_promela_subject *subject;
    const struct vs_policy *policy;
    const struct vs_check_setup *setup;
    FILE *stream;
    unsigned int indent;

    /* The program that is being written. */
    uint8_t actor, call, domain, device, target;
    enum vs_op op;         /* the call's, also in its deferred map */
    char label[32];        /* suffix of its labels */
    uint32_t facts;        /* bit per enum vs_fact */
    bool in_miss, pending; /* the miss steps; the deferred map */
    bool maps_entry;       /* within the loop over map entries */
    bool from_slot;        /* its device came out of the pending slot */
    bool fills;            /* it has filled its device's rangesets before this place */
    bool makes_vpci;       /* it has allocated one before this place */
    bool completes_vpci;   /* it finishes the handlers of one behind allocating it */
    bool left;             /* nothing comes behind a leave */
    unsigned int leaves;   /* jumps to the miss steps */
    unsigned int ways;     /* bit per split: it fails in this copy of the program */
    unsigned int splits;   /* steps that may fail so far whose ways hold different things */
    unsigned int step_number;
    struct vs_promela_held held[PROMELA_HELD_MAX];
    unsigned int held_count;
    struct vs_promela_loop loops[PROMELA_LOOPS_MAX];
    unsigned int loop_count;

    /* What the model needs, over all its programs. */
    uint32_t locks_used;     /* bit per declared lock */
    uint32_t indices[2];     /* of locks whose instance is remembered: for self, for other */
    unsigned int references; /* variables for references */
    unsigned int made_pdevs, made_vpcis, callbacks;
    bool has_barrier;
    bool has_unraised; /* a map is deferred without its softirq */

    int ret; /* 0, or what went wrong */
    struct vs_error *error;
};

void vs_promela_line(struct vs_promela_writer *writer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void vs_promela_refuse(struct vs_promela_writer *writer, const char *why);

/* locks.c */
void vs_promela_acquire(struct vs_promela_writer *writer, const struct vs_step *step);
void vs_promela_try_lock(struct vs_promela_writer *writer, const struct vs_step *step);
void vs_promela_release_step(struct vs_promela_writer *writer, const struct vs_step *step);
void vs_promela_get(struct vs_promela_writer *writer, const struct vs_step *step);
void vs_promela_put(struct vs_promela_writer *writer, const struct vs_step *step);
void vs_promela_rcu_lock(struct vs_promela_writer *writer, const struct vs_step *step);
void vs_promela_rcu_unlock(struct vs_promela_writer *writer, const struct vs_step *step);
/* Take what a step took off what is held.  The entry, or NULL: it is not held. */
const struct vs_promela_held *vs_promela_drop(struct vs_promela_writer *writer, uint8_t kind,
                                              const struct vs_step *step,
                                              struct vs_promela_held *copy);
void vs_promela_hold(struct vs_promela_writer *writer, const struct vs_step *step, uint8_t kind,
                     uint8_t ref);
/* Give back everything, newest first, and go on with the miss steps. */
void vs_promela_leave(struct vs_promela_writer *writer);
/* The same, and begin the operation again. */
void vs_promela_retry(struct vs_promela_writer *writer);
/* Is a lock held that is asserted? */
void vs_promela_assert(struct vs_promela_writer *writer, const struct vs_step *step);
/* Is something else held than in the other writer, in which both are at the same place? */
bool vs_promela_holds_other(const struct vs_promela_writer *writer,
                            const struct vs_promela_writer *other);
/* Are locks or read sections held (references may be)? */
bool vs_promela_is_locked(const struct vs_promela_writer *writer);

/* words.c: what the words of a step mean for the program being written, as expressions
 * into buffer[PROMELA_TEXT].  They return buffer. */
char *vs_promela_whose(const struct vs_promela_writer *writer, uint8_t whose, char *buffer);
char *vs_promela_pdev(const struct vs_promela_writer *writer, uint8_t which, char *buffer);
char *vs_promela_vpci(const struct vs_promela_writer *writer, uint8_t which, char *buffer);
char *vs_promela_device(const struct vs_promela_writer *writer, uint8_t which, char *buffer);
const char *vs_promela_list(uint8_t list);
/* What a use of a freed device is: the slot's pointer, or any. */
const char *vs_promela_stale(const struct vs_promela_writer *writer, uint8_t which);
char *vs_promela_kind_name(enum vs_violation violation, char *buffer);
/* A declared lock's name as Promela takes it. */
char *vs_promela_lock_name(const struct vs_lock_decl *decl, char *buffer);
/* NULL for what has no word of its own: read sections, references. */
const char *vs_promela_lock_type(enum vs_lock_kind kind);

/* steps.c: one step that has no steps within, and work. */
void vs_promela_simple_step(struct vs_promela_writer *writer, const struct vs_step *step);
/* Empty the pending slot, with a reference that is still in it. */
void vs_promela_clear_slot(struct vs_promela_writer *writer);

/* programs.c: the process of one vCPU. */
void vs_promela_vcpu(struct vs_promela_writer *writer, uint8_t actor);

#endif
