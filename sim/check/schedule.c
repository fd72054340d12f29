/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A schedule told to a person: re-executed step by step, each step in the words
 * of its policy, with the locks as they are behind it, and who freed what.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define WORDS_MAX  128
#define LOCKS_TEXT 256

/* A re-execution in progress. */
struct telling {
    struct vs_check_model model;
    struct vs_check_state state;
    struct vs_breach breach;
    const struct vs_check_finding *finding;
    struct vs_check_state at_stem; /* starvation: where the circle begins */
    uint8_t done;                  /* bit per actor that got through in it */
    /* Who freed which generation of which object: actor, and the operation it ran. */
    uint8_t freed_by[VS_OBJECT_COUNT][VS_CHECK_DEVICES_MAX * GENERATIONS];
    uint8_t freed_op[VS_OBJECT_COUNT][VS_CHECK_DEVICES_MAX * GENERATIONS];
    char words[WORDS_MAX]; /* the last step */
};

static void __attribute__((format(printf, 3, 4)))
append(char *buffer, size_t size, const char *format, ...)
{
    size_t used = strlen(buffer);
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(buffer + used, size - used, format, arguments);
    va_end(arguments);
}

char *vs_check_call_text(const struct vs_check_call *call, char *buffer)
{
    snprintf(buffer, VS_CHECK_CALL_TEXT, "%s", vs_op_table[call->op].name);
    if (call->device != NONE)
        append(buffer, VS_CHECK_CALL_TEXT, " dev%u", call->device);
    if (call->target != NONE)
        append(buffer, VS_CHECK_CALL_TEXT, "%s dom%u", call->op == VS_OP_DEVICE_ASSIGN ? " to" : "",
               call->target);
    return buffer;
}

/* -------------------------------------------------------------- re-executing */

static int begin(struct telling *telling, const struct vs_check_code *code,
                 const struct vs_check_finding *finding, struct vs_error *error)
{
    memset(telling, 0, sizeof(*telling));
    memset(telling->freed_by, NONE, sizeof(telling->freed_by));
    telling->finding = finding;
    int ret = vs_check_setup_validate(&finding->setup, error);

    if (ret == 0)
        ret = vs_check_model_init(&telling->model, code, &finding->setup, NULL, error);
    if (ret < 0)
        return ret;
    vs_check_state_init(&telling->model, &telling->state);
    for (uint8_t i = 0; i < finding->setup.actor_count; i++)
        vs_check_settle(&telling->model, &telling->state, i, &telling->breach);
    return 0;
}

/* The step that an actor is about to take. */
static void put_words(struct telling *telling, uint8_t actor, bool fails)
{
    const struct vs_check_vcpu *vcpu = &telling->state.vcpus[actor];
    const struct vs_check_insn *insn = &telling->model.code->insns[vcpu->pc];
    char text[VS_STEP_TEXT], name[VS_CHECK_NAME];

    telling->words[0] = 0;
    if ((vcpu->flags & F_BLOCKED) && vcpu->wait_lock == NONE) {
        append(telling->words, WORDS_MAX, "rcu-barrier: all have passed");
    } else if (vcpu->flags & F_BLOCKED) {
        bool writer = vcpu->wait_mode == VS_MODE_WRITE;
        bool waits = writer && telling->state.locks[vcpu->wait_lock].readers > 0;

        append(telling->words, WORDS_MAX, waits ? "sets WAITING on %s" : "gets %s",
               vs_check_lock_name(&telling->model, vcpu->wait_lock, name));
    } else if (vcpu->flags & F_LEAVING) {
        if (vcpu->held_count > 0)
            append(
                telling->words, WORDS_MAX, "leave: releases %s",
                vs_check_lock_name(&telling->model, vcpu->held[vcpu->held_count - 1].lock, name));
        else
            append(telling->words, WORDS_MAX,
                   vcpu->ref_count > 0 ? "leave: drops its reference"
                                       : "leave: ends its read section");
    } else if (insn->code == C_EACH || insn->code == C_EACH_NEXT) {
        append(telling->words, WORDS_MAX, "%s of %s", insn->code == C_EACH ? "first" : "next",
               vs_list_name((enum vs_list)insn->argument));
    } else if (insn->code == C_BARS_END) {
        append(telling->words, WORDS_MAX,
               insn->mode == VS_MODE_WRITE ? "bars written" : "bars read");
    } else if (insn->code == C_MAY_FAIL) {
        append(telling->words, WORDS_MAX, fails ? "... fails" : "... goes well");
    } else if (insn->step) {
        append(telling->words, WORDS_MAX, "%s",
               vs_step_text(telling->model.code->policy, insn->step, text));
    } else {
        append(telling->words, WORDS_MAX, "end");
    }
}

/* What came of it. */
static void add_outcome(struct telling *telling, uint8_t actor, uint8_t code,
                        const struct vs_check_vcpu *before)
{
    const struct vs_check_vcpu *vcpu = &telling->state.vcpus[actor];
    uint8_t flags = before->flags;
    char *words = telling->words;

    if (flags & (F_BLOCKED | F_LEAVING))
        return;
    if ((vcpu->flags & F_BLOCKED) && vcpu->wait_lock != NONE)
        append(words, WORDS_MAX, ": waits");
    else if (code == C_TRY && vcpu->held_count == before->held_count)
        append(words, WORDS_MAX, ": it is taken");
    else if (vcpu->flags & F_LEAVING)
        append(words, WORDS_MAX,
               code == C_LOOKUP || code == C_DEREF ? ": nothing, leaves"
               : code == C_RECHECK_OWNER           ? ": another's, leaves"
                                                   : ": leaves");
    else if (code == C_LOOKUP && (vcpu->flags & F_WALKING))
        append(words, WORDS_MAX, ": at dev%u", vs_pointer_device(vcpu->cursor));
    else if (code == C_LOOKUP && vcpu->pdev != NONE)
        append(words, WORDS_MAX, ": found");
    else if ((code == C_EACH || code == C_EACH_NEXT) && telling->breach.fatal == false) {
        bool more = vcpu->loop_count > 0;

        append(words, WORDS_MAX, more ? ": dev%u" : ": none",
               more ? vs_pointer_device(vcpu->loops[vcpu->loop_count - 1].at) : 0u);
    }
}

static void note_freed(struct telling *telling, uint8_t actor, enum vs_op op,
                       const struct vs_check_state *before)
{
    for (uint8_t i = 0; i < telling->finding->setup.device_count; i++)
        for (uint8_t g = 0; g < GENERATIONS; g++) {
            const struct vs_check_dev *was = &before->devices[i], *is = &telling->state.devices[i];
            uint8_t pointer = vs_pointer(i, g);

            if (((was->pdev_alive & ~is->pdev_alive) >> g) & 1) {
                telling->freed_by[VS_OBJECT_PDEV][pointer] = actor;
                telling->freed_op[VS_OBJECT_PDEV][pointer] = (uint8_t)op;
            }
            if (((was->vpci_alive & ~is->vpci_alive) >> g) & 1) {
                telling->freed_by[VS_OBJECT_VPCI][pointer] = actor;
                telling->freed_op[VS_OBJECT_VPCI][pointer] = (uint8_t)op;
            }
        }
}

/* One step.  false: that actor cannot move. */
static bool take_step(struct telling *telling, uint8_t move)
{
    struct vs_check_state before = telling->state;
    uint8_t actor = move & 0x7f;
    bool fails = move & VS_CHECK_FAILS;

    if (actor >= telling->finding->setup.actor_count ||
        !vs_check_can_move(&telling->model, &before, actor) ||
        (fails && !vs_check_can_fail(&telling->model, &before, actor)))
        return false;
    uint8_t code = telling->model.code->insns[before.vcpus[actor].pc].code;
    enum vs_op op = vs_check_running_op(&telling->model, &before, actor);

    put_words(telling, actor, fails);
    vs_check_move(&telling->model, &telling->state, move, &telling->breach);
    telling->done |= telling->breach.done;
    add_outcome(telling, actor, code, &before.vcpus[actor]);
    note_freed(telling, actor, op, &before);
    return true;
}

/* Back where the circle began, and the victim has not got through. */
static bool comes_round(struct telling *telling)
{
    uint8_t victim = telling->finding->actor;
    bool tries = false;

    telling->breach.actor = victim;
    for (size_t i = telling->finding->stem; i < telling->finding->length; i++)
        tries |= (telling->finding->schedule[i] & 0x7f) == victim;
    telling->breach.what = tries ? "tries again and again, and never gets through"
                                 : "waits while the others go round for ever";
    return !((unsigned int)telling->done >> victim & 1u) &&
           memcmp(&telling->state, &telling->at_stem, sizeof(telling->state)) == 0;
}

/* The violation is there: with the last step, or at rest behind it. */
static bool is_shown(struct telling *telling)
{
    uint32_t bit = 1u << telling->finding->violation;

    if (telling->finding->violation == VS_VIOLATION_STARVATION)
        return comes_round(telling);
    if (telling->breach.found & bit)
        return true;
    for (uint8_t i = 0; i < telling->finding->setup.actor_count; i++)
        if (vs_check_can_move(&telling->model, &telling->state, i))
            return false;
    vs_check_at_rest(&telling->model, &telling->state, &telling->breach);
    return telling->breach.found & bit;
}

static int refuse_schedule(size_t step, struct vs_error *error)
{
    return vs_error_set(error, VS_ERR_INPUT,
                        "the schedule does not fit this policy: step %zu cannot be taken", step);
}

/* -------------------------------------------------------------- description */

static void add_actor(const struct telling *telling, uint8_t actor, enum vs_op op, char *text,
                      size_t size)
{
    (void)telling;
    append(text, size, "v%u (%s: %s)", actor, vs_op_table[op].name, vs_op_table[op].function);
}

static void add_circle(const struct telling *telling, char *text, size_t size)
{
    char name[VS_CHECK_NAME];

    for (uint8_t i = 0; i < telling->finding->setup.actor_count; i++) {
        const struct vs_check_vcpu *vcpu = &telling->state.vcpus[i];
        uint8_t by = vs_check_blockers(&telling->model, &telling->state, i);

        if (!(vcpu->flags & F_BLOCKED))
            continue;
        append(text, size, "; v%u waits for %s behind", i,
               vcpu->wait_lock == NONE
                   ? "quiescent states"
                   : vs_check_lock_name(&telling->model, vcpu->wait_lock, name));
        for (uint8_t j = 0; j < telling->finding->setup.actor_count; j++)
            if (((unsigned int)by >> j) & 1u)
                append(text, size, " v%u", j);
    }
}

static void describe(const struct telling *telling, char *text, size_t size)
{
    const struct vs_breach *breach = &telling->breach;
    char name[VS_CHECK_NAME];

    text[0] = 0;
    add_actor(telling, breach->actor,
              vs_check_running_op(&telling->model, &telling->state, breach->actor), text, size);
    append(text, size, " %s", breach->what);
    if (telling->finding->violation == VS_VIOLATION_DEADLOCK ||
        telling->finding->violation == VS_VIOLATION_SELF_DEADLOCK ||
        telling->finding->violation == VS_VIOLATION_UPGRADE) {
        add_circle(telling, text, size);
        return;
    }
    if (breach->pointer != NONE && breach->object != VS_OBJECT_NONE) {
        append(text, size, ": %s of dev%u", vs_object_name(breach->object),
               vs_pointer_device(breach->pointer));
        uint8_t by = telling->freed_by[breach->object][breach->pointer];

        if (by != NONE) {
            append(text, size, ", freed by ");
            add_actor(telling, by, (enum vs_op)telling->freed_op[breach->object][breach->pointer],
                      text, size);
        }
    } else if (breach->pointer != NONE) {
        append(text, size, ": dev%u", vs_pointer_device(breach->pointer));
    }
    if (breach->lock != NONE)
        append(text, size, ": %s", vs_check_lock_name(&telling->model, breach->lock, name));
    if (breach->other != NONE) {
        append(text, size, ", with ");
        add_actor(telling, breach->other,
                  vs_check_running_op(&telling->model, &telling->state, breach->other), text, size);
    }
}

/* Through all steps; each is told to `row`, which may be NULL. */
static int tell(struct telling *telling, const struct vs_check_code *code,
                const struct vs_check_finding *finding,
                void (*row)(void *context, const struct telling *telling, size_t step,
                            uint8_t actor),
                void *context, struct vs_error *error)
{
    int ret = begin(telling, code, finding, error);

    if (ret < 0)
        return ret;
    for (size_t i = 0; i < finding->length; i++) {
        if (i == finding->stem) {
            telling->at_stem = telling->state;
            telling->done = 0;
        }
        if (!take_step(telling, finding->schedule[i]))
            return refuse_schedule(i + 1, error);
        if (row)
            row(context, telling, i, finding->schedule[i] & 0x7f);
    }
    if (is_shown(telling))
        return 0;
    return vs_error_set(error, VS_ERR_INPUT, "the schedule does not end in %s under policy %s",
                        vs_violation_table[finding->violation].name, code->policy->name);
}

int vs_check_describe(const struct vs_check_code *code, struct vs_check_finding *finding,
                      struct vs_error *error)
{
    struct telling telling;
    int ret = tell(&telling, code, finding, NULL, NULL, error);

    if (ret == 0)
        describe(&telling, finding->text, sizeof(finding->text));
    return ret;
}

/* ------------------------------------------------------------------ as table */

/* Holders and waiters of one lock: "v0 R, v1 R <v2 W"; "" when it is idle. */
static void users_text(const struct telling *telling, uint8_t lock, char *text, size_t size)
{
    static const char letters[VS_MODE_COUNT] = {
        [VS_MODE_EXCLUSIVE] = 'X', [VS_MODE_READ] = 'R', [VS_MODE_WRITE] = 'W'};
    uint8_t actors = telling->finding->setup.actor_count;

    text[0] = 0;
    for (uint8_t i = 0; i < actors; i++) {
        const struct vs_check_vcpu *vcpu = &telling->state.vcpus[i];

        for (uint8_t j = 0; j < vcpu->held_count; j++)
            if (vcpu->held[j].lock == lock)
                append(text, size, "%sv%u %c", text[0] ? ", " : "", i, letters[vcpu->held[j].mode]);
    }
    for (uint8_t i = 0; i < actors; i++) {
        const struct vs_check_vcpu *vcpu = &telling->state.vcpus[i];

        if ((vcpu->flags & F_BLOCKED) && vcpu->wait_lock == lock)
            append(text, size, "%s<v%u %c", text[0] ? " " : "", i, letters[vcpu->wait_mode]);
    }
}

/* All locks in use: "pcidevs_lock: v1 X; pci_lock[dom0]: v0 R <v1 W". */
static void locks_text(const struct telling *telling, char *text, size_t size)
{
    char name[VS_CHECK_NAME], users[VS_CHECK_NAME];

    text[0] = 0;
    for (uint8_t lock = 0; lock < telling->model.lock_count; lock++) {
        users_text(telling, lock, users, sizeof(users));
        if (users[0])
            append(text, size, "%s%s: %s", text[0] ? "; " : "",
                   vs_check_lock_name(&telling->model, lock, name), users);
    }
    for (uint8_t i = 0; i < telling->finding->setup.actor_count; i++)
        if (telling->state.vcpus[i].rcu_depth > 0)
            append(text, size, "%srcu: v%u", text[0] ? "; " : "", i);
}

struct table {
    FILE *stream;
    size_t width[VS_CHECK_ACTORS_MAX];
    size_t locks_width;
    bool print;
    size_t last;
};

static void table_row(void *context, const struct telling *telling, size_t step, uint8_t actor)
{
    struct table *table = context;
    uint8_t actors = telling->finding->setup.actor_count;
    char locks[LOCKS_TEXT];

    if (!table->print) {
        size_t length = strlen(telling->words);

        if (length > table->width[actor])
            table->width[actor] = length;
        return;
    }
    locks_text(telling, locks, sizeof(locks));
    if (telling->finding->violation == VS_VIOLATION_STARVATION && step == telling->finding->stem)
        fprintf(table->stream, "      for ever:\n");
    fprintf(table->stream, "%s%3zu  ", step == table->last ? ">" : " ", step + 1);
    for (uint8_t i = 0; i < actors; i++)
        fprintf(table->stream, "%-*s  ", (int)table->width[i], i == actor ? telling->words : "");
    fprintf(table->stream, "| %s\n", locks);
}

static void print_heads(const struct vs_check_finding *finding, const struct table *table)
{
    const struct vs_check_setup *setup = &finding->setup;

    for (uint8_t i = 0; i < setup->actor_count; i++) {
        const struct vs_check_actor *actor = &setup->actors[i];

        fprintf(table->stream, "      v%u, a vCPU of dom%u:", i, actor->domain);
        for (uint8_t j = 0; j < actor->call_count; j++) {
            char text[VS_CHECK_CALL_TEXT];

            fprintf(table->stream, "%s %s (%s)", j > 0 ? ", then" : "",
                    vs_check_call_text(&actor->calls[j], text),
                    vs_op_table[actor->calls[j].op].function);
        }
        fprintf(table->stream, "\n");
    }
    fprintf(table->stream, "   #  ");
    for (uint8_t i = 0; i < setup->actor_count; i++)
        fprintf(table->stream, "v%-*u", (int)table->width[i] + 1, i);
    fprintf(table->stream, "| locks: holder and mode, <waiting\n");
}

int vs_check_schedule_print(const struct vs_check_code *code,
                            const struct vs_check_finding *finding, FILE *stream,
                            struct vs_error *error)
{
    struct table table = {.stream = stream,
                          .last = finding->violation == VS_VIOLATION_STARVATION
                                      ? SIZE_MAX
                                      : (size_t)finding->length - 1};
    struct telling telling;
    char text[sizeof(finding->text)];

    for (uint8_t i = 0; i < VS_CHECK_ACTORS_MAX; i++)
        table.width[i] = 2;
    int ret = tell(&telling, code, finding, table_row, &table, error);

    if (ret < 0)
        return ret;
    print_heads(finding, &table);
    table.print = true;
    ret = tell(&telling, code, finding, table_row, &table, error);
    describe(&telling, text, sizeof(text));
    fprintf(stream, "      %s\n", text);
    return ret;
}

/* ------------------------------------------------------------------- as JSON */

static void json_row(void *context, const struct telling *telling, size_t step, uint8_t actor)
{
    struct vs_json_out *row = vs_json_new_object();
    char locks[LOCKS_TEXT];

    locks_text(telling, locks, sizeof(locks));
    vs_json_add_u64(row, "actor", actor);
    if (telling->finding->schedule[step] & VS_CHECK_FAILS)
        vs_json_add_boolean(row, "fails", true);
    vs_json_add_string(row, "step", telling->words);
    vs_json_add_string(row, "locks", locks);
    vs_json_add(context, NULL, row);
}

int vs_check_schedule_json(const struct vs_check_code *code, const struct vs_check_finding *finding,
                           struct vs_json_out *out, struct vs_error *error)
{
    struct vs_json_out *steps = vs_json_new_array();
    struct telling telling;
    char text[sizeof(finding->text)];
    int ret = tell(&telling, code, finding, json_row, steps, error);

    if (ret < 0) {
        vs_json_out_free(steps);
        return ret;
    }
    describe(&telling, text, sizeof(text));
    vs_json_add_string(out, "policy",
                       strcmp(code->policy->file, "built-in") == 0 ? code->policy->name
                                                                   : code->policy->file);
    vs_json_add_string(out, "violation", vs_violation_table[finding->violation].name);
    vs_json_add_string(out, "text", text);
    vs_json_add_boolean(out, "shortest", finding->shortest);
    if (finding->violation == VS_VIOLATION_STARVATION) {
        vs_json_add_u64(out, "stem", finding->stem);
        vs_json_add_u64(out, "victim", finding->actor);
    }
    vs_json_add_u64(out, "rounds", code->rounds);
    vs_json_add(out, "setup", vs_check_setup_json(&finding->setup));
    vs_json_add(out, "steps", steps);
    return 0;
}
