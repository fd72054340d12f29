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
struct promela_held {
    const struct vs_step *step; /* that took it */
    uint8_t kind;               /* enum vs_step_kind: LOCK, TRY, GET, RCU_READ_LOCK */
    uint8_t ref;                /* GET: which variable has the device */
};

struct promela_loop {
    const struct vs_step *step;
    char whose[PROMELA_TEXT]; /* the list's domain as an expression */
};

struct promela_writer {
    const struct vs_promela_subject *subject;
    const struct vs_policy *policy;
    const struct vs_check_setup *setup;
    FILE *stream;
    unsigned int indent;

    /* The program that is being written. */
    uint8_t actor, domain, device, target;
    enum vs_op op;         /* the call's, also in its deferred map */
    char label[32];        /* suffix of its labels */
    uint32_t facts;        /* bit per enum vs_fact */
    bool in_miss, pending; /* the miss steps; the deferred map */
    bool maps_entry;       /* within the loop over map entries */
    bool from_slot;        /* its device came out of the pending slot */
    bool makes_vpci;       /* it has allocated one before this place */
    bool completes_vpci;   /* it finishes the handlers of one behind allocating it */
    bool left;             /* nothing comes behind a leave */
    unsigned int leaves;   /* jumps to the miss steps */
    unsigned int step_number;
    struct promela_held held[PROMELA_HELD_MAX];
    unsigned int held_count;
    struct promela_loop loops[PROMELA_LOOPS_MAX];
    unsigned int loop_count;

    /* What the model needs, over all its programs. */
    uint32_t locks_used;     /* bit per declared lock */
    uint32_t indices[2];     /* of locks whose instance is remembered: for self, for other */
    unsigned int references; /* variables for references */
    unsigned int made_pdevs, made_vpcis, callbacks;
    bool has_barrier;

    int ret; /* 0, or what went wrong */
    struct vs_error *error;
};

void promela_line(struct promela_writer *writer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void promela_refuse(struct promela_writer *writer, const char *why);

/* locks.c */
const char *promela_lock_type(enum vs_lock_kind kind);
/* A declared lock's name as Promela takes it, into buffer[PROMELA_TEXT].  Returns buffer. */
char *promela_lock_name(const struct vs_lock_decl *decl, char *buffer);
void promela_acquire(struct promela_writer *writer, const struct vs_step *step);
void promela_try_lock(struct promela_writer *writer, const struct vs_step *step);
void promela_release_step(struct promela_writer *writer, const struct vs_step *step);
void promela_get(struct promela_writer *writer, const struct vs_step *step);
void promela_put(struct promela_writer *writer, const struct vs_step *step);
void promela_rcu_lock(struct promela_writer *writer, const struct vs_step *step);
void promela_rcu_unlock(struct promela_writer *writer, const struct vs_step *step);
/* Take what a step took off what is held.  The entry, or NULL: it is not held. */
const struct promela_held *promela_drop(struct promela_writer *writer, uint8_t kind,
                                        const struct vs_step *step, struct promela_held *copy);
void promela_hold(struct promela_writer *writer, const struct vs_step *step, uint8_t kind,
                  uint8_t ref);
/* Give back everything, newest first, and go on with the miss steps. */
void promela_leave(struct promela_writer *writer);
/* Are locks or read sections held (references may be)? */
bool promela_is_locked(const struct promela_writer *writer);

/* words.c: what the words of a step mean for the program being written, as expressions
 * into buffer[PROMELA_TEXT].  They return buffer. */
char *promela_whose(const struct promela_writer *writer, uint8_t whose, char *buffer);
char *promela_pdev(const struct promela_writer *writer, uint8_t which, char *buffer);
char *promela_vpci(const struct promela_writer *writer, uint8_t which, char *buffer);
char *promela_device(const struct promela_writer *writer, uint8_t which, char *buffer);
const char *promela_list(uint8_t list);
/* What a use of a freed device is: the slot's pointer, or any. */
const char *promela_stale(const struct promela_writer *writer, uint8_t which);
char *promela_kind_name(enum vs_violation violation, char *buffer);

/* steps.c: one step that has no steps within, and work. */
void promela_simple_step(struct promela_writer *writer, const struct vs_step *step);
/* Empty the pending slot, with a reference that is still in it. */
void promela_clear_slot(struct promela_writer *writer);

/* programs.c: the process of one vCPU. */
void promela_vcpu(struct promela_writer *writer, uint8_t actor);

#endif
