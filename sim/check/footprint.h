/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What steps read and write, as bits.  Shared by footprint.c, which has the table,
 * and reduce.c, which asks what others may still do.
 */
#ifndef VS_CHECK_FOOTPRINT_H
#define VS_CHECK_FOOTPRINT_H

#include "internal.h"

/* Data bits. */
#define LISTS(list, group) (UINT64_C(1) << ((list)*GROUPS + (group)))
#define PDEV(device)       (UINT64_C(1) << (12 + (device)))
#define VPCI_PTR(device)   (UINT64_C(1) << (16 + (device)))
#define VPCI(device)       (UINT64_C(1) << (20 + (device)))
#define BARS(device)       (UINT64_C(1) << (24 + (device)))
#define OWNER(device)      (UINT64_C(1) << (28 + (device)))
#define REFS(device)       (UINT64_C(1) << (32 + (device)))
#define ALL_DEVICES(bit0)  ((bit0)*UINT64_C(15)) /* that bit for every device */
#define CALLBACKS          (UINT64_C(1) << 40)
#define SECTION(actor)     (UINT64_C(1) << (44 + (actor)))
#define ALL_SECTIONS       (UINT64_C(15) << 44)
#define SLOTS              (UINT64_C(1) << 41)
#define PAGES              (UINT64_C(1) << 42)
#define BARRIER            (UINT64_C(1) << 43)

#define NODE_BIT(decl, place) (UINT64_C(1) << (((decl)*4 + (place)) % 64))

#define CACHE 1024 /* power of two */

struct cached {
    uint64_t cut_all, cut_write; /* lock bits that the first actor holds: for anyone, for writers */
    uint16_t pc;
    uint8_t actor, call, pending, used;
    struct vs_footprint future;
};

struct vs_reducer {
    const struct vs_check_model *model;
    bool has_references;                     /* the policy counts them */
    uint8_t decl_place[VS_POLICY_LOCKS_MAX]; /* compact index of each lock that is left */
    struct cached cache[CACHE];
    uint8_t seen[UINT16_MAX / 8 + 1];
    uint16_t stack[UINT16_MAX + 1]; /* an instruction is pushed once in a walk */
    bool too_many;                  /* more locks than there are bits: nothing is reduced */
};

/* The bits of lock instances that an instruction may mean; *certain when it is one. */
uint64_t vs_footprint_locks(const struct vs_reducer *reducer, uint8_t actor,
                            const struct vs_check_call *call, const struct vs_check_insn *insn,
                            bool *certain);
/* Add what freeing the objects of a set of devices writes. */
void vs_footprint_frees(struct vs_footprint *print, const struct vs_reducer *reducer, uint64_t set);
/* Add what an instruction reads and writes. */
void vs_footprint_add(const struct vs_reducer *reducer, uint8_t actor,
                      const struct vs_check_call *call, const struct vs_check_insn *insn,
                      struct vs_footprint *print);

#endif
