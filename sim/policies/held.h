/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a path holds: shared by check.c, which walks paths, and held.c, which
 * takes and releases.
 */
#ifndef VS_POLICIES_HELD_H
#define VS_POLICIES_HELD_H

#include "internal.h"

#define VS_PATH_HELD_MAX    16 /* locks held at once; the engine has no room for more */
#define VS_PATH_NESTING_MAX 4  /* loops within loops; as above */

/* One lock, read section or reference in hand. */
struct vs_hold {
    uint8_t lock, mode;
    uint8_t of;     /* vs_whose or vs_which, as the lock's scope says; 0 for a global lock */
    uint32_t depth; /* recursion */
};

struct vs_path_state {
    struct vs_hold held[VS_PATH_HELD_MAX];
    unsigned int held_count;
    bool has_pdev, has_vpci; /* a lookup, a deref went before */
    bool left;               /* no path comes here */
};

struct vs_walk {
    struct vs_compiler *compiler;
    enum vs_op op;
    uint32_t facts;     /* bit per enum vs_fact: how they are on this walk */
    uint32_t asked;     /* facts that some walk asked so far */
    unsigned int loops; /* open, of either kind */
    unsigned int eachs; /* open for-eachs: "other" means something */
    bool may_leave;
};

/* A refusal at the step (NULL: at the end), in the operation.  Returns VS_ERR_INPUT. */
int vs_walk_refuse(const struct vs_walk *walk, const struct vs_step *step, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* True when the policy suspends the rule; notes that it was needed. */
bool vs_walk_allowed(const struct vs_walk *walk, enum vs_allowance rule);

const struct vs_lock_decl *vs_lock_of(const struct vs_walk *walk, uint8_t lock);
/* Something other than a reference that is held, or NULL. */
const struct vs_hold *vs_held_lock(const struct vs_walk *walk, const struct vs_path_state *state);
/* "pci_lock of owner (read), vpci_lock", or "nothing", into buffer.  Returns buffer. */
char *vs_held_text(const struct vs_walk *walk, const struct vs_path_state *state, char *buffer,
                   size_t size);
int vs_held_take(struct vs_walk *walk, const struct vs_step *step, struct vs_path_state *state);
int vs_held_release(struct vs_walk *walk, const struct vs_step *step, struct vs_path_state *state);
/* The same locks in the same modes as often, in whatever order. */
bool vs_held_same(const struct vs_path_state *one, const struct vs_path_state *two);

#endif
