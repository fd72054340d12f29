/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shared by the files behind policy.h, in the order in which a policy passes
 * through them: layers.c reads the documents, steps.c and blocks.c turn their
 * steps into trees, expand.c resolves "do" and "body", check.c walks every path.
 * Nobody else includes this.
 */
#ifndef VS_POLICIES_INTERNAL_H
#define VS_POLICIES_INTERNAL_H

#include "base/json.h"
#include "policy.h"

/* ------------------------------------------------------------------- arena */

struct vs_arena; /* allocations that live and die together */

struct vs_arena *vs_arena_new(void);
void vs_arena_free(struct vs_arena *arena);
/* Zeroed, aligned for any type; NULL when out of memory. */
void *vs_arena_alloc(struct vs_arena *arena, size_t size_bytes);
/* A copy of text; NULL when out of memory. */
char *vs_arena_text(struct vs_arena *arena, const char *text);

/* ------------------------------------------------------------ one compilation */

/* Kinds that exist only between parsing and expanding. */
enum {
    VS_STEP_DO = VS_STEP_KIND_COUNT, /* fragment: its name */
    VS_STEP_BODY                     /* the operation's handler body */
};

enum vs_definition_kind {
    VS_DEFINE_FRAGMENT, /* by name */
    VS_DEFINE_BODY,     /* by operation, as the three below */
    VS_DEFINE_ENTRY,
    VS_DEFINE_MISS,
    VS_DEFINE_OPERATION
};

/* A named or per-operation list of steps, as one document states it. */
struct vs_definition {
    enum vs_definition_kind kind;
    const char *name;   /* of a fragment, else NULL */
    enum vs_op op;      /* of the others */
    bool by_group;      /* the operation was meant by a group's name, not by its own */
    unsigned int layer; /* 0: the policy itself; higher: what it is based on; last: common */
    struct vs_block block;
    char *source; /* citation, or NULL */
};

/* Rules that a policy may suspend for itself (bits). */
enum vs_allowance {
    VS_ALLOW_SELF_DEADLOCK,
    VS_ALLOW_ENDS_HOLDING,
    VS_ALLOW_SOFTIRQ_UNDER_LOCK,
    VS_ALLOW_BARRIER_UNDER_LOCK,
    VS_ALLOW_RESCHEDULE_UNDER_LOCK,
    VS_ALLOW_COUNT
};

#define VS_LAYERS_MAX 6 /* the policy, up to four bases, common */

struct vs_group {
    const char *name;
    bool holds[VS_OP_COUNT];
};

struct vs_compiler {
    struct vs_policy *policy;
    struct vs_arena *arena; /* same as policy->arena */
    struct vs_error *error;
    struct vs_json_doc *docs[VS_LAYERS_MAX];
    char *files[VS_LAYERS_MAX]; /* what errors call them */
    unsigned int layer_count;
    struct vs_group *groups;
    size_t group_count;
    struct vs_definition *definitions; /* lower layers behind higher ones */
    size_t definition_count, definition_capacity;
    uint32_t allowed, allowed_used; /* bit per enum vs_allowance */
    unsigned int layer;             /* whose document is being read */
    unsigned int depth;             /* nesting of blocks being read */
};

/* Out of memory, said once. */
int vs_compiler_memory(struct vs_compiler *compiler);

/* names.c */
extern const char *const vs_allowance_names[VS_ALLOW_COUNT + 1];
/* ", nearest is \"X\"" or "" into buffer; candidates end with NULL.  Returns buffer. */
char *vs_hint(const char *word, const char *const *candidates, char *buffer, size_t size_bytes);
#define VS_HINT_TEXT 96
int vs_list_from_name(const char *name);
const char *vs_whose_name(enum vs_whose whose);
int vs_whose_from_name(const char *name);
/* NULL-terminated candidates for hints. */
extern const char *const vs_list_names[VS_LIST_COUNT + 1];
extern const char *const vs_whose_names[VS_WHOSE_COUNT + 1];

/* steps.c: one step written as a string. */
int vs_step_parse(struct vs_compiler *compiler, const struct vs_json *at, struct vs_step *step);
/* The first word of the index-th sentence of the grammar, NULL past the end. */
const char *vs_step_verb(size_t index);
/* "vectors", 3, "map-entries / map-slices" for work and repeat. */
int vs_times_parse(struct vs_compiler *compiler, const struct vs_json *at, struct vs_step *step);

/* blocks.c: an array of steps, strings or objects. */
int vs_block_parse(struct vs_compiler *compiler, const struct vs_json *at, struct vs_block *block);

/* locks.c: the declarations, lowest layer first. */
int vs_locks_read(struct vs_compiler *compiler);
int vs_lock_find(const struct vs_policy *policy, const char *name);

/* layers.c: opens the documents and reads everything but locks. */
int vs_layers_open(struct vs_compiler *compiler, const char *text, size_t length, const char *file);
int vs_layers_read(struct vs_compiler *compiler);
/* The definition that is in force: highest layer, own name before group. */
const struct vs_definition *vs_definition_find(const struct vs_compiler *compiler,
                                               enum vs_definition_kind kind, const char *name,
                                               enum vs_op op);

/* expand.c: the program of one operation, "do" and "body" resolved. */
int vs_expand(struct vs_compiler *compiler, enum vs_op op, const struct vs_definition *definition,
              struct vs_block *block);

/* check.c: every path of one program. */
int vs_check(struct vs_compiler *compiler, enum vs_op op);

/* builtin.c */
/* blocks.c: a member that holds one word of a list, into *index; absent and not
 * required: index stays. */
int vs_word_read(struct vs_compiler *compiler, const struct vs_json *at, const char *key,
                 const char *const *words, bool required, unsigned int *index);

extern const char vs_policy_common_text[];

/* overview.c: head, then the text on lines of at most 100 columns, each after
 * the first indented by the head's width. */
void vs_print_wrapped(FILE *stream, const char *head, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
