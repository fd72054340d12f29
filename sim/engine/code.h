/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lock programs made flat: one array of instructions for a policy, a machine
 * and a workload.  Facts and quantities of a shape are known, so branches on
 * them are gone, costs are in picoseconds, and consecutive work is one number.
 */
#ifndef VS_ENGINE_CODE_H
#define VS_ENGINE_CODE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "machine.h"
#include "model/workload.h"
#include "policies/policy.h"

/* Instructions.  Those up to LAST_PRIVATE touch the actor alone and run at once;
 * all others touch shared state and so take place in the total order of events. */
enum vs_insn_code {
    VS_INSN_WORK,        /* cost_ps passes */
    VS_INSN_CYCLE,       /* a config cycle: the call's measured cost where known, else cost_ps */
    VS_INSN_JUMP,        /* target */
    VS_INSN_REPEAT,      /* count; target: behind it */
    VS_INSN_REPEAT_NEXT, /* target: the body */
    VS_INSN_RCU_LOCK,
    VS_INSN_RCU_UNLOCK,
    VS_INSN_DEFER, /* flags; lock: the reference that moves */
    VS_INSN_CLEAR_PENDING,
    VS_INSN_RETRY,
    VS_INSN_LEAVE,
    VS_INSN_LAST_PRIVATE = VS_INSN_LEAVE,
    VS_INSN_LOCK, /* lock, mode, whose/which, place, base */
    VS_INSN_UNLOCK,
    VS_INSN_TRY,           /* target: where to go when not taken */
    VS_INSN_LOOKUP,        /* list, whose; cost_ps per node */
    VS_INSN_LOOKUP_END,    /* the walk arrives */
    VS_INSN_DEREF,         /* which; recheck; target: where to go when NULL, 0: leave */
    VS_INSN_RECHECK_OWNER, /* another's by now: leave */
    VS_INSN_USE,           /* object, which */
    VS_INSN_BARS_BEGIN,    /* mode READ or WRITE, which; cost_ps passes until BARS_END */
    VS_INSN_BARS_END,
    VS_INSN_LINK, /* list */
    VS_INSN_UNLINK,
    VS_INSN_SET_OWNER, /* whose */
    VS_INSN_ALLOCATE,  /* object */
    VS_INSN_PUBLISH,
    VS_INSN_CLEAR,
    VS_INSN_FREE,     /* object */
    VS_INSN_CALL_RCU, /* object */
    VS_INSN_RCU_BARRIER,
    VS_INSN_GET, /* lock, which */
    VS_INSN_PUT,
    VS_INSN_TAKE_PENDING,
    VS_INSN_SOFTIRQ, /* cost_ps */
    VS_INSN_RESCHEDULE,
    VS_INSN_EACH,      /* list, whose, which = skip self, mode = part; target: behind it */
    VS_INSN_EACH_NEXT, /* target: the body; cost_ps per node */
    VS_INSN_HANDLERS,  /* a walk of count handlers: cost_ps, and what is cold (warmth.c) */
    VS_INSN_END
};

enum vs_insn_flag {
    VS_INSN_BY_ADDRESS = 1, /* EACH: in sbdf order */
    VS_INSN_BY_SBDF = 2,    /* DEFER, TAKE_PENDING */
    VS_INSN_WITH_REF = 4,   /* DEFER, TAKE_PENDING: a reference moves along */
    VS_INSN_INITIAL = 8,    /* PUT: the reference that ALLOCATE made */
    VS_INSN_RECHECK = 16,   /* DEREF */
    VS_INSN_INSIDE = 32     /* LOCK, TRY: the lock's word is in an object that may be freed */
};

/* Which instance of a lock an instruction means, where the common cases need no look. */
enum vs_lock_place {
    VS_PLACE_FIXED,  /* base */
    VS_PLACE_CALLER, /* base + the actor's domain */
    VS_PLACE_SELF,   /* base + the call's device */
    VS_PLACE_ASK     /* depends on owner, target or loop */
};

struct vs_insn {
    uint8_t code;
    uint8_t lock;
    uint8_t mode;
    uint8_t whose;
    uint8_t which;
    uint8_t argument; /* list or object */
    uint8_t flags;    /* enum vs_insn_flag */
    uint8_t place;    /* LOCK, UNLOCK, TRY: enum vs_lock_place */
    uint32_t target;
    uint32_t count;
    vs_ps cost_ps;
    uint32_t base; /* LOCK, UNLOCK, TRY: first instance of the lock */
    uint8_t kind;  /* LOCK, UNLOCK, TRY: enum vs_lock_kind */
};

/* Where a shape's programs start in the array. */
struct vs_entry_points {
    uint32_t start;   /* VM exit and decode, then the operation */
    uint32_t miss;    /* after a leave */
    uint32_t pending; /* the deferred map; 0 when the operation defers nothing */
    uint32_t pending_miss;
    vs_ps base_ps;   /* VM exit and config cycles alone: the same under every policy */
    uint32_t cycles; /* config cycles in all: a measured duration covers them */
    uint8_t op;      /* of the shape */
    bool is_access;
};

struct vs_code {
    struct vs_insn *insns;
    uint32_t count;
    struct vs_entry_points *shapes; /* shape_count entries */
    bool cold_reads;                /* its programs write lists or handlers: walks may be cold */
};

/* Loops and held locks that one program may nest; the compiler of policies
 * cannot pass them, the engine refuses a program that does. */
#define VS_LOOPS_MAX 4
#define VS_HELD_MAX  16

/* warmth.c: do programs of this workload's operations write device lists or handlers? */
bool vs_warmth_matters(const struct vs_workload *workload, const struct vs_policy *policy);

/* Flatten every program that the workload's shapes need.  VS_ERR_MEMORY, or
 * VS_ERR_INPUT when a program nests deeper than the limits above. */
int vs_code_build(const struct vs_workload *workload, const struct vs_policy *policy,
                  const struct vs_machine *machine, struct vs_code **code, struct vs_error *error);
/* Tell lock instructions where each declared lock's instances begin. */
void vs_code_place_locks(struct vs_code *code, const struct vs_policy *policy,
                         const uint32_t *lock_base);
void vs_code_free(struct vs_code *code);

#endif
