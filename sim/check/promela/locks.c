/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Taking and giving back.  What is held at a place is known when it is written, so that
 * a leave is written out: every release, newest first.
 */
#include <string.h>

#include "internal.h"

/* ------------------------------------------------------------- what is held */

void vs_promela_hold(struct vs_promela_writer *writer, const struct vs_step *step, uint8_t kind,
                     uint8_t ref)
{
    if (writer->held_count == PROMELA_HELD_MAX) {
        vs_promela_refuse(writer, "more is held at once than a model keeps track of");
        return;
    }
    writer->held[writer->held_count++] =
        (struct vs_promela_held){.step = step, .kind = kind, .ref = ref};
}

static bool matches(const struct vs_promela_held *held, uint8_t kind, const struct vs_step *step,
                    bool same_words)
{
    if (held->kind != kind || held->step->lock != step->lock)
        return false;
    if (kind != VS_STEP_LOCK)
        return true;
    return held->step->mode == step->mode &&
           (!same_words || (held->step->whose == step->whose && held->step->which == step->which));
}

const struct vs_promela_held *vs_promela_drop(struct vs_promela_writer *writer, uint8_t kind,
                                              const struct vs_step *step,
                                              struct vs_promela_held *copy)
{
    for (int same_words = 1; same_words >= 0; same_words--)
        for (unsigned int i = writer->held_count; i-- > 0;) {
            if (!matches(&writer->held[i], kind, step, same_words))
                continue;
            *copy = writer->held[i];
            writer->held_count--;
            memmove(&writer->held[i], &writer->held[i + 1],
                    (writer->held_count - i) * sizeof(writer->held[0]));
            return copy;
        }
    return NULL;
}

bool vs_promela_holds_other(const struct vs_promela_writer *writer,
                            const struct vs_promela_writer *other)
{
    bool differs = writer->held_count != other->held_count;

    for (unsigned int i = 0; !differs && i < writer->held_count; i++) {
        const struct vs_promela_held *one = &writer->held[i], *two = &other->held[i];

        differs = one->kind != two->kind || one->ref != two->ref ||
                  one->step->lock != two->step->lock || one->step->mode != two->step->mode ||
                  one->step->whose != two->step->whose || one->step->which != two->step->which;
    }
    return differs;
}

bool vs_promela_is_locked(const struct vs_promela_writer *writer)
{
    for (unsigned int i = 0; i < writer->held_count; i++)
        if (writer->held[i].kind != VS_STEP_GET)
            return true;
    return false;
}

/* -------------------------------------------------------------------- words */

static const struct vs_lock_decl *decl_of(const struct vs_promela_writer *writer,
                                          const struct vs_step *step)
{
    return &writer->policy->locks[step->lock];
}

/* The prefix of a lock's inlines: "percpu_read", "spin". */
static const char *verb_of(const struct vs_lock_decl *decl, uint8_t mode)
{
    if (decl->kind == VS_LOCK_PERCPU_RWLOCK)
        return mode == VS_MODE_READ ? "percpu_read" : "percpu_write";
    if (decl->kind == VS_LOCK_RWLOCK)
        return mode == VS_MODE_READ ? "read" : "write";
    return decl->kind == VS_LOCK_RECURSIVE ? "recursive" : "spin";
}

static const char *try_of(const struct vs_lock_decl *decl, uint8_t mode)
{
    if (decl->kind == VS_LOCK_PERCPU_RWLOCK)
        return mode == VS_MODE_READ ? "PERCPU_READ_TRY" : "PERCPU_WRITE_TRY";
    if (decl->kind == VS_LOCK_RWLOCK)
        return mode == VS_MODE_READ ? "READ_TRY" : "WRITE_TRY";
    return decl->kind == VS_LOCK_RECURSIVE ? "RECURSIVE_TRY" : "SPIN_TRY";
}

/* What is looked up when the lock is taken and remembered until it is released, as an
 * expression; false: the instance is a constant. */
static bool index_of(const struct vs_promela_writer *writer, const struct vs_step *step,
                     char *index)
{
    const struct vs_lock_decl *decl = decl_of(writer, step);

    if (decl->scope == VS_SCOPE_GLOBAL)
        return false;
    if (decl->scope == VS_SCOPE_DOMAIN) {
        vs_promela_whose(writer, step->whose, index);
        return step->whose == VS_OF_OWNER && writer->device != VS_CHECK_NONE;
    }
    if (decl->inside == VS_OBJECT_VPCI)
        vs_promela_vpci(writer, step->which, index);
    else if (decl->inside == VS_OBJECT_PDEV)
        vs_promela_pdev(writer, step->which, index);
    else
        vs_promela_device(writer, step->which, index);
    return decl->inside != VS_OBJECT_NONE || step->which == VS_OTHER;
}

/* "pci_lock[1]", "vpci_lock[vpci_lock_taken]". */
static void instance_of(struct vs_promela_writer *writer, const struct vs_step *step,
                        char *instance)
{
    char name[PROMELA_TEXT], index[PROMELA_TEXT];
    const struct vs_lock_decl *decl = decl_of(writer, step);
    bool other = step->which == VS_OTHER;

    vs_promela_lock_name(decl, name);
    writer->locks_used |= 1u << step->lock;
    if (decl->scope == VS_SCOPE_GLOBAL) {
        snprintf(instance, PROMELA_TEXT, "%s", name);
    } else if (index_of(writer, step, index)) {
        writer->indices[other] |= 1u << step->lock;
        snprintf(instance, PROMELA_TEXT, "%.80s[%.80s_taken%s]", name, name, other ? "_other" : "");
    } else {
        snprintf(instance, PROMELA_TEXT, "%.80s[%.40s]", name, index);
    }
}

/* ------------------------------------------------------- taking, giving back */

/* In front of an acquisition: the lock's word must be there, and which lock it is. */
static void find_lock(struct vs_promela_writer *writer, const struct vs_step *step,
                      const char *instance)
{
    const struct vs_lock_decl *decl = decl_of(writer, step);
    char index[PROMELA_TEXT];
    bool remembered = index_of(writer, step, index);

    if (decl->inside == VS_OBJECT_VPCI)
        vs_promela_line(writer, "word_in_vpci(%s);", index);
    else if (decl->inside == VS_OBJECT_PDEV)
        vs_promela_line(writer, "use_pdev(%s, %s);", index, vs_promela_stale(writer, step->which));
    if (remembered) /* the variable is between the brackets */
        vs_promela_line(writer, "%.*s = %s;", (int)strcspn(strchr(instance, '[') + 1, "]"),
                        strchr(instance, '[') + 1, index);
}

void vs_promela_acquire(struct vs_promela_writer *writer, const struct vs_step *step)
{
    char instance[PROMELA_TEXT], index[PROMELA_TEXT];
    const char *verb = verb_of(decl_of(writer, step), step->mode);

    instance_of(writer, step, instance);
    if (index_of(writer, step, index)) {
        vs_promela_line(writer, "atomic {");
        writer->indent++;
        find_lock(writer, step, instance);
        vs_promela_line(writer, "%s_lock(%s)", verb, instance);
        writer->indent--;
        vs_promela_line(writer, "};");
    } else {
        vs_promela_line(writer, "%s_lock(%s);", verb, instance);
    }
    vs_promela_hold(writer, step, VS_STEP_LOCK, 0);
}

/* Take it if that needs no waiting; missing says that it was not taken. */
void vs_promela_try_lock(struct vs_promela_writer *writer, const struct vs_step *step)
{
    const struct vs_lock_decl *decl = decl_of(writer, step);
    char instance[PROMELA_TEXT];

    instance_of(writer, step, instance);
    vs_promela_line(writer, "atomic {");
    writer->indent++;
    find_lock(writer, step, instance);
    vs_promela_line(writer, "missing = !%s(%s);", try_of(decl, step->mode), instance);
    vs_promela_line(writer, "if");
    vs_promela_line(writer, ":: !missing -> %s_taken(%s)", verb_of(decl, step->mode), instance);
    vs_promela_line(writer, ":: else");
    vs_promela_line(writer, "fi");
    writer->indent--;
    vs_promela_line(writer, "};");
}

static void give_back(struct vs_promela_writer *writer, const struct vs_step *step)
{
    const struct vs_lock_decl *decl = decl_of(writer, step);
    const char *verb = verb_of(decl, step->mode);
    char instance[PROMELA_TEXT];

    instance_of(writer, step, instance);
    if (decl->inside == VS_OBJECT_NONE) {
        vs_promela_line(writer, "%s_unlock(%s);", verb, instance);
        return;
    }
    vs_promela_line(writer, "atomic {");
    writer->indent++;
    const char *index = strchr(instance, '[') + 1;

    if (decl->inside == VS_OBJECT_VPCI)
        vs_promela_line(writer, "word_still_in_vpci(%.*s);", (int)strcspn(index, "]"), index);
    else
        vs_promela_line(writer, "use_pdev(%.*s, %s);", (int)strcspn(index, "]"), index,
                        vs_promela_stale(writer, step->which));
    vs_promela_line(writer, "%s_unlock(%s)", verb, instance);
    writer->indent--;
    vs_promela_line(writer, "};");
}

void vs_promela_release_step(struct vs_promela_writer *writer, const struct vs_step *step)
{
    struct vs_promela_held held;

    if (vs_promela_drop(writer, VS_STEP_LOCK, step, &held))
        give_back(writer, held.step);
    else
        vs_promela_line(writer, "fatal(RELEASE_NOT_HELD);");
}

/* ----------------------------------------------------------------- asserting */

/* Asked of the lock itself, which knows its holders: not of what was written before. */
void vs_promela_assert(struct vs_promela_writer *writer, const struct vs_step *step)
{
    const struct vs_lock_decl *decl = decl_of(writer, step);
    bool is_percpu = decl->kind == VS_LOCK_PERCPU_RWLOCK;
    bool is_shared = is_percpu || decl->kind == VS_LOCK_RWLOCK;
    char name[PROMELA_TEXT], index[PROMELA_TEXT], lock[PROMELA_TEXT];

    vs_promela_lock_name(decl, name);
    writer->locks_used |= 1u << step->lock;
    if (decl->scope == VS_SCOPE_GLOBAL) {
        snprintf(lock, sizeof(lock), "%s", name);
        snprintf(index, sizeof(index), "0");
    } else {
        index_of(writer, step, index);
        snprintf(lock, sizeof(lock), "%.80s[%.80s]", name, index);
    }
    vs_promela_line(writer, "d_step {");
    vs_promela_line(writer, "    if");
    if (is_shared)
        vs_promela_line(writer,
                        "    :: %s != NONE && (%s.writer == me || %s.reads[me] > 0) -> skip", index,
                        lock, lock);
    else
        vs_promela_line(writer, "    :: %s != NONE && %s.owner == me -> skip", index, lock);
    if (is_percpu)
        vs_promela_line(writer, "    :: %s != NONE && %s.slots[me] > 0 -> skip", index, lock);
    vs_promela_line(writer, "    :: else -> broken(ASSERTION)");
    vs_promela_line(writer, "    fi");
    vs_promela_line(writer, "};");
}

/* ------------------------------------------------- references, read sections */

static const char *frees_pdev(const struct vs_promela_writer *writer, const struct vs_step *step)
{
    return decl_of(writer, step)->inside == VS_OBJECT_VPCI ? "false" : "true";
}

void vs_promela_get(struct vs_promela_writer *writer, const struct vs_step *step)
{
    char pdev[PROMELA_TEXT];
    unsigned int ref = 0;

    for (unsigned int i = 0; i < writer->held_count; i++)
        if (writer->held[i].kind == VS_STEP_GET && writer->held[i].ref >= ref)
            ref = writer->held[i].ref + 1u;
    if (ref >= writer->references)
        writer->references = ref + 1;
    vs_promela_hold(writer, step, VS_STEP_GET, (uint8_t)ref);
    if (step->kind == VS_STEP_TAKE_PENDING)
        return; /* its reference is the slot's */
    vs_promela_line(writer, "get_reference(%s, ref%u, %s);",
                    vs_promela_pdev(writer, step->which, pdev), ref,
                    vs_promela_stale(writer, step->which));
}

static void put(struct vs_promela_writer *writer, const struct vs_promela_held *held)
{
    vs_promela_line(writer, "put_reference(ref%u, %s, %s);", held->ref,
                    vs_promela_stale(writer, held->step->which), frees_pdev(writer, held->step));
    vs_promela_line(writer, "ref%u = NONE;", held->ref);
}

void vs_promela_put(struct vs_promela_writer *writer, const struct vs_step *step)
{
    struct vs_promela_held held;
    char pdev[PROMELA_TEXT];

    if (step->initial)
        vs_promela_line(writer, "put_reference(%s, %s, %s);",
                        vs_promela_pdev(writer, step->which, pdev),
                        vs_promela_stale(writer, step->which), frees_pdev(writer, step));
    else if (vs_promela_drop(writer, VS_STEP_GET, step, &held))
        put(writer, &held);
}

static unsigned int sections(const struct vs_promela_writer *writer)
{
    unsigned int depth = 0;

    for (unsigned int i = 0; i < writer->held_count; i++)
        depth += writer->held[i].kind == VS_STEP_RCU_READ_LOCK;
    return depth;
}

void vs_promela_rcu_lock(struct vs_promela_writer *writer, const struct vs_step *step)
{
    vs_promela_line(writer, "rcu_read_lock();");
    vs_promela_hold(writer, step, VS_STEP_RCU_READ_LOCK, 0);
}

void vs_promela_rcu_unlock(struct vs_promela_writer *writer, const struct vs_step *step)
{
    struct vs_promela_held held;

    if (vs_promela_drop(writer, VS_STEP_RCU_READ_LOCK, step, &held))
        vs_promela_line(writer, "rcu_read_unlock(%u);", sections(writer));
    else
        vs_promela_line(writer, "fatal(RELEASE_NOT_HELD);");
}

/* ------------------------------------------------------------------- leaving */

static void give_everything_back(struct vs_promela_writer *writer)
{
    struct vs_promela_held kept[PROMELA_HELD_MAX];
    unsigned int count = writer->held_count;

    memcpy(kept, writer->held, sizeof(kept));
    while (writer->held_count > 0) {
        const struct vs_promela_held held = writer->held[--writer->held_count];

        if (held.kind == VS_STEP_LOCK)
            give_back(writer, held.step);
        else if (held.kind == VS_STEP_GET)
            put(writer, &held);
        else
            vs_promela_line(writer, "rcu_read_unlock(%u);", sections(writer));
    }
    for (unsigned int i = writer->loop_count; i-- > 0;)
        if (!writer->loops[i].step->by_address)
            vs_promela_line(writer, "walk_end(%s, %s);",
                            vs_promela_list(writer->loops[i].step->list), writer->loops[i].whose);
    memcpy(writer->held, kept, sizeof(kept));
    writer->held_count = count;
}

void vs_promela_leave(struct vs_promela_writer *writer)
{
    give_everything_back(writer);
    vs_promela_line(writer, "goto miss_%s", writer->label);
    writer->leaves++;
}

void vs_promela_retry(struct vs_promela_writer *writer)
{
    give_everything_back(writer);
    vs_promela_line(writer, "end_of_program();");
    if (writer->has_barrier) /* back in the guest */
        vs_promela_line(writer, "leave_hypervisor();");
    vs_promela_line(writer, "goto begin_%u_%u", writer->actor, writer->call);
}
