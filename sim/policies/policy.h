/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A locking policy: for every operation of vPCI the ordered steps that the
 * hypervisor would take.  A policy never locks anything; it states.  The same
 * statement is printed (show), run in virtual time (replay) and, later,
 * explored through every interleaving (check).
 *
 * Policies are JSON files (GRAMMAR.md), compiled by vs_policy_compile into the
 * trees below.  Trees are free of machines and workloads; the engine flattens
 * them per shape.
 */
#ifndef VS_POLICIES_POLICY_H
#define VS_POLICIES_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"
#include "base/json.h"
#include "model/operation.h"

/* ------------------------------------------------------------------- locks */

/* Kinds of lock.  What they cost and how they queue is code: engine/locks/. */
enum vs_lock_kind {
    VS_LOCK_TICKET,        /* FIFO spinlock; no recursion */
    VS_LOCK_RECURSIVE,     /* ticket lock with an owner CPU: Xen's rspinlock */
    VS_LOCK_RWLOCK,        /* fair queue rwlock: a waiting writer blocks new readers */
    VS_LOCK_PERCPU_RWLOCK, /* readers on their own line, writers scan every CPU */
    VS_LOCK_RCU,           /* read sections without shared writes; grace periods */
    VS_LOCK_REFCOUNT,      /* a counter in an object: zero frees it */
    VS_LOCK_MCS,           /* FIFO spinlock, each waiter spins on its own line */
    VS_LOCK_CLH,           /* the same on its predecessor's line */
    VS_LOCK_KIND_COUNT
};

enum vs_lock_mode { VS_MODE_EXCLUSIVE, VS_MODE_READ, VS_MODE_WRITE, VS_MODE_COUNT };

struct vs_lock_kind_info {
    const char *name;    /* "ticket" */
    const char *summary; /* one line */
    bool exclusive;      /* takes lock/unlock */
    bool shared;         /* takes read-lock/write-lock */
    bool recursive;      /* the holder may take it again: exclusive mode only */
    const char *source;  /* Xen file and function */
};
extern const struct vs_lock_kind_info vs_lock_kind_table[VS_LOCK_KIND_COUNT];

enum vs_lock_scope { VS_SCOPE_GLOBAL, VS_SCOPE_DOMAIN, VS_SCOPE_DEVICE };

/* Objects whose lifetime a policy protects. */
enum vs_object {
    VS_OBJECT_NONE,
    VS_OBJECT_PDEV, /* struct pci_dev */
    VS_OBJECT_VPCI, /* pdev->vpci with handlers, MSI and MSI-X state */
    VS_OBJECT_COUNT
};

struct vs_lock_decl {
    char *name; /* Xen's name: "pcidevs_lock", "pci_lock", "vpci_lock" */
    enum vs_lock_kind kind;
    enum vs_lock_scope scope; /* one instance per ... */
    enum vs_object inside;    /* the lock's word is in this object and dies with it */
    bool below_vpci;          /* shared by all policies: config cycles, events, p2m, ... */
    bool irqsave;
    char *source;
};

/* ------------------------------------------------------------------- steps */

/* Lists that lookups walk. */
enum vs_list {
    VS_LIST_ALL_DEVICES,    /* pseg->alldevs_list */
    VS_LIST_DOMAIN_DEVICES, /* d->pdev_list */
    VS_LIST_MSIX_TABLES,    /* d->arch.hvm.msix_tables */
    VS_LIST_COUNT
};

/* Whose: which domain's lock or list a step means. */
enum vs_whose {
    VS_OF_CALLER,   /* the domain of the running vCPU */
    VS_OF_OWNER,    /* the device's owner when the step runs */
    VS_OF_TARGET,   /* the domain that the call names (assign, destroy) */
    VS_OF_HARDWARE, /* the hardware domain */
    VS_OF_XEN,      /* dom_xen, who owns hidden devices: lists alone */
    VS_WHOSE_COUNT
};

/* Which device. */
enum vs_which {
    VS_SELF,  /* the call's device */
    VS_OTHER, /* the device of the innermost for-each */
    VS_WHICH_COUNT
};

/* Which part of a list a for-each visits, besides except-self. */
enum vs_part {
    VS_PART_ALL,
    VS_PART_BEFORE, /* devices with a smaller sbdf than the call's device */
    VS_PART_AFTER,  /* with a larger one */
    VS_PART_COUNT
};

/* Work: time that passes.  Unit costs come from the machine profile. */
enum vs_work {
    VS_WORK_EXIT_PORT, /* VM exit, decode, entry of a port access */
    VS_WORK_EXIT_MMIO, /* the same for a nested page fault with instruction emulation */
    VS_WORK_EXIT_HYPERCALL,
    VS_WORK_CONF1_CYCLE,  /* one hardware cycle through 0xCF8/0xCFC: two port accesses */
    VS_WORK_ECAM_CYCLE,   /* one hardware cycle through memory-mapped configuration */
    VS_WORK_LIST_NODE,    /* one node of a device list */
    VS_WORK_HANDLER_NODE, /* one node of vpci->handlers */
    VS_WORK_HANDLER,      /* a handler's own work in memory */
    VS_WORK_BAR_COMPARE,  /* one overlap comparison of two BARs */
    VS_WORK_RANGESET,     /* one rangeset operation */
    VS_WORK_P2M_ENTRY,    /* one second-stage entry set or cleared */
    VS_WORK_IOTLB_FLUSH,
    VS_WORK_IRQ_ALLOC, /* one vector: allocate */
    VS_WORK_IRQ_MAP,   /* map_domain_pirq without its config cycles */
    VS_WORK_IRQ_BIND,
    VS_WORK_IRQ_UNBIND,
    VS_WORK_IRQ_UNMAP,
    VS_WORK_IRQ_MASK,
    VS_WORK_IRTE_UPDATE,  /* interrupt remapping entry and its invalidation */
    VS_WORK_MSIX_ENTRY,   /* one MSI-X table entry read or written in memory */
    VS_WORK_MMIO_FORWARD, /* an access forwarded to the device's own MMIO */
    VS_WORK_IOMMU_ATTACH,
    VS_WORK_IOMMU_DETACH,
    VS_WORK_ALLOCATE,
    VS_WORK_FREE,
    VS_WORK_PRINT,         /* one line on the console */
    VS_WORK_SOFTIRQ,       /* one pass over pending softirqs */
    VS_WORK_MMIO_HANDLERS, /* walk of the domain's MMIO handler list */
    VS_WORK_COUNT
};

struct vs_work_info {
    const char *name; /* "conf1-cycle" */
    const char *summary;
    bool is_config_cycle; /* a measured duration of the trace may replace its cost */
};
extern const struct vs_work_info vs_work_table[VS_WORK_COUNT];

enum vs_step_kind {
    VS_STEP_WORK,          /* work, done count * quantity / per times */
    VS_STEP_LOCK,          /* lock, mode, whose/which; waits */
    VS_STEP_UNLOCK,        /* lock, mode, whose/which */
    VS_STEP_TRY,           /* lock, mode; body when taken, orelse when not: both end
                            * holding the same (or leave) */
    VS_STEP_LOOKUP,        /* walk list for the call's device; finds nothing: leave */
    VS_STEP_DEREF,         /* read pdev->vpci of which: uses PDEV; NULL: leave.  With
                            * branch: body when not NULL, orelse when NULL, no leave.
                            * recheck: is what was found before still pdev->vpci? */
    VS_STEP_RECHECK_OWNER, /* is the call's device still the caller's?  Otherwise leave */
    VS_STEP_ASSERT,        /* lock, whose/which: the caller holds it, in any mode */
    VS_STEP_USE,           /* object must be alive; which */
    VS_STEP_READ_BARS,     /* BAR state of which device is read for count comparisons,
                            * which cost count * bar-compare */
    VS_STEP_WRITE_BARS,    /* BAR state of which device is written; no cost of its own */
    VS_STEP_LINK,          /* put which device on list of whose */
    VS_STEP_UNLINK,        /* take it off; not on it: nothing happens */
    VS_STEP_SET_OWNER,     /* pdev->domain of which = whose */
    VS_STEP_ALLOCATE,      /* object of which comes to life, not yet reachable, and with it
                            * the initial reference of a refcount inside it.  PDEV that is on
                            * the list of all devices already: leave (alloc_pdev finds it) */
    VS_STEP_PUBLISH,       /* pdev->vpci of which = the allocated one */
    VS_STEP_CLEAR,         /* pdev->vpci of which = NULL; the old one stays with this actor.
                            * NULL already: nothing happens */
    VS_STEP_FREE,          /* object's memory is given back now; VPCI: the cleared one, else
                            * the published one, else nothing happens */
    VS_STEP_RCU_READ_LOCK, /* lock (of kind rcu) */
    VS_STEP_RCU_READ_UNLOCK,
    VS_STEP_CALL_RCU,     /* free object of which after a grace period; VPCI: the
                           * cleared one, if any */
    VS_STEP_RCU_BARRIER,  /* wait until every queued callback ran */
    VS_STEP_GET,          /* take a reference (lock of kind refcount) */
    VS_STEP_PUT,          /* drop it; zero frees the object that it is inside, and with a
                           * PDEV its VPCI, cleared or not.  initial: not a reference that
                           * this actor took, but the one that ALLOCATE made */
    VS_STEP_DEFER,        /* fill the vCPU's pending slot; by_sbdf: not by pointer; with_ref:
                           * a reference of lock goes from the actor into the slot; unraised:
                           * without SCHEDULE_SOFTIRQ, the guest goes on before the map */
    VS_STEP_TAKE_PENDING, /* the device is the one in the pending slot; none: leave.  by_sbdf:
                           * a lookup must follow; with_ref: the slot's reference of lock goes
                           * to the actor */
    VS_STEP_CLEAR_PENDING,
    VS_STEP_SOFTIRQ,    /* process_pending_softirqs */
    VS_STEP_RESCHEDULE, /* back through the scheduler: another vCPU may run; no lock held */
    VS_STEP_FOR_EACH,   /* list, whose, order, skip_self; body with which = OTHER */
    VS_STEP_REPEAT,     /* count * quantity / per times body, orelse between two rounds */
    VS_STEP_IF,         /* fact (negate): body, else orelse */
    VS_STEP_MAY_FAIL,   /* what goes before may fail: body, else orelse.  Checked both ways
                         * where a setup asks for it; a replay never fails */
    VS_STEP_RETRY,      /* release everything held and begin again with the VM exit */
    VS_STEP_LEAVE,      /* release everything held and go to the program's miss steps */
    VS_STEP_KIND_COUNT
};

struct vs_block {
    struct vs_step *steps;
    size_t count;
};

#define VS_QUANTITY_ONE 0xff /* no quantity: once */

/* One step.  Fields that its kind does not name are 0. */
struct vs_step {
    enum vs_step_kind kind;
    uint8_t lock;     /* index into the policy's locks */
    uint8_t mode;     /* enum vs_lock_mode */
    uint8_t whose;    /* enum vs_whose */
    uint8_t which;    /* enum vs_which */
    uint8_t list;     /* enum vs_list */
    uint8_t object;   /* enum vs_object */
    uint8_t work;     /* enum vs_work */
    uint8_t quantity; /* enum vs_quantity, or VS_QUANTITY_ONE */
    uint8_t per;      /* WORK, REPEAT: enum vs_quantity to divide by, rounding up (0 counts as
                         1), or VS_QUANTITY_ONE */
    uint8_t part;     /* FOR_EACH: enum vs_part */
    uint8_t fact;     /* enum vs_fact */
    bool negate;      /* IF: unless */
    bool skip_self;   /* FOR_EACH */
    bool by_address;  /* FOR_EACH: in sbdf order, else list order */
    bool by_sbdf;     /* DEFER: the slot holds an sbdf, not a pointer */
    bool unraised;    /* DEFER: written as "defer map unraised" */
    bool recheck;     /* DEREF: written as "recheck vpci" */
    bool branch;      /* DEREF: written as if-vpci */
    bool with_ref;    /* DEFER, TAKE_PENDING: lock names the reference that moves */
    bool initial;     /* PUT: the reference that ALLOCATE made */
    uint32_t count;   /* WORK, REPEAT, READ_BARS: multiplier, at least 1 */
    struct vs_block body;
    struct vs_block orelse;
    const char *fragment; /* name of the fragment it came from, or NULL; owned by the policy */
    const char *comment;  /* the policy's remark on it, or NULL; owned by the policy */
    const char *where;    /* JSON path that it was written at; owned by the policy */
};

struct vs_program {
    struct vs_block entry; /* VM exit and decode, before any policy: same in all policies */
    struct vs_block steps;
    struct vs_block miss; /* after a leave: the plain hardware access, as Xen does */
    char *source;         /* citation for this operation, or the policy's */
};

struct vs_policy {
    char *name;
    char *summary;
    char *source; /* citation */
    char *file;   /* where it was read from: "built-in" or a path */
    char *text;   /* its JSON as read: stored with every run */
    char *faults; /* windows and deadlocks known to be open, which one replay may or may not
                     hit; NULL when none is known */
    char **notes; /* explanations and assumptions, as the file states them */
    size_t note_count;
    struct vs_lock_decl *locks;
    size_t lock_count; /* at most VS_POLICY_LOCKS_MAX */
    struct vs_program programs[VS_OP_COUNT];
    void *arena; /* owns the trees and strings; private to compile.c */
};

#define VS_POLICY_LOCKS_MAX 32

/* -------------------------------------------------------------------- API */

/*
 * Compile a policy from JSON text.  file names it in errors.  Refused with
 * file, JSON path and reason (VS_ERR_INPUT): unknown step, lock, work, fact or
 * fragment; a lock kind without that mode; unlock of what is not held; a path
 * that ends holding a lock, section or reference; an operation that is missing;
 * taking again what is held on a kind without recursion; a deref before a
 * lookup; reschedule, softirq or rcu-barrier with a lock held.  A policy that ships to be wrong may
 * state "allow": ["self-deadlock", ...] for the rules that a model checker, not
 * the compiler, shall refute (GRAMMAR.md).
 */
int vs_policy_compile(const char *text, size_t length, const char *file, struct vs_policy **policy,
                      struct vs_error *error);
/* By name when it ships, else as a path.  Unknown: VS_ERR_USAGE with the nearest name. */
int vs_policy_load(const char *name_or_path, struct vs_policy **policy, struct vs_error *error);
void vs_policy_free(struct vs_policy *policy);

/* Names of the shipped policies in the order of every comparison (floor first,
 * ceiling second), NULL-terminated. */
const char *const *vs_policy_names(void);
/* The shipped JSON of one of them, or NULL. */
const char *vs_policy_builtin_text(const char *name);

/* A step as it is written, without the steps that it holds ("for-each ..."), into
 * buffer[VS_STEP_TEXT].  Returns buffer. */
#define VS_STEP_TEXT 128
char *vs_step_text(const struct vs_policy *policy, const struct vs_step *step, char *buffer);
const char *vs_step_kind_name(enum vs_step_kind kind);
const char *vs_list_name(enum vs_list list);
const char *vs_object_name(enum vs_object object);
int vs_work_from_name(const char *name);
int vs_lock_kind_from_name(const char *name);
/* "exclusive", "read", "write" */
const char *vs_lock_mode_name(enum vs_lock_mode mode);

/*
 * One program as a person would write it: steps with what is held around them
 * as bars at their left, and the fragment that they come from at their right.
 */
int vs_program_print(const struct vs_policy *policy, enum vs_op op, FILE *stream,
                     struct vs_error *error);
/* The policy as a whole: summary, notes, locks, operations with the locks that they take. */
int vs_policy_print(const struct vs_policy *policy, FILE *stream, struct vs_error *error);
/* The same two as JSON, owned by the caller; NULL when out of memory. */
struct vs_json_out *vs_program_json(const struct vs_policy *policy, enum vs_op op);
struct vs_json_out *vs_policy_json(const struct vs_policy *policy);

#endif
