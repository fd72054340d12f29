/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A policy on one page: what it is, its locks, and which of them each operation
 * takes.  Operations with equal programs share a line.
 */
#include "internal.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#define COLUMNS 100

/* Words on lines of at most COLUMNS, each line after the first indented. */
struct wrap {
    FILE *stream;
    int indent, column;
};

static void wrap_text(struct wrap *wrap, const char *text)
{
    while (*text) {
        int length = (int)strcspn(text, " ");

        if (wrap->column > wrap->indent && wrap->column + 1 + length > COLUMNS) {
            fprintf(wrap->stream, "\n%*s", wrap->indent, "");
            wrap->column = wrap->indent;
        }
        wrap->column +=
            fprintf(wrap->stream, "%s%.*s", wrap->column > wrap->indent ? " " : "", length, text);
        text += length;
        text += strspn(text, " ");
    }
}

void vs_print_wrapped(FILE *stream, const char *head, const char *format, ...)
{
    struct wrap wrap = {.stream = stream};
    char text[2048];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    wrap.indent = fprintf(stream, "%s", head);
    wrap.column = wrap.indent;
    wrap_text(&wrap, text);
    fputc('\n', stream);
}

/* ---------------------------------------------------------------------- locks */

static const char *scope_name(enum vs_lock_scope scope)
{
    static const char *const names[] = {
        [VS_SCOPE_GLOBAL] = "host", [VS_SCOPE_DOMAIN] = "domain", [VS_SCOPE_DEVICE] = "device"};

    return names[scope];
}

static void print_locks(const struct vs_policy *policy, bool below, FILE *stream)
{
    for (size_t i = 0; i < policy->lock_count; i++) {
        const struct vs_lock_decl *lock = &policy->locks[i];
        char head[96];

        if (lock->below_vpci != below)
            continue;
        snprintf(head, sizeof(head), "  %-16.30s %-14s %-7s %-10s ", lock->name,
                 vs_lock_kind_table[lock->kind].name, scope_name(lock->scope),
                 lock->inside == VS_OBJECT_VPCI   ? "in vpci"
                 : lock->inside == VS_OBJECT_PDEV ? "in pdev"
                 : lock->irqsave                  ? "irqsave"
                                                  : "");
        vs_print_wrapped(stream, head, "%s", lock->source);
    }
}

/* ------------------------------------------------------------------ operations */

static bool same_text(const char *one, const char *two)
{
    return one == two || (one && two && strcmp(one, two) == 0);
}

static bool same_block(const struct vs_block *one, const struct vs_block *two);

static bool same_step(const struct vs_step *one, const struct vs_step *two)
{
    return one->kind == two->kind && one->lock == two->lock && one->mode == two->mode &&
           one->whose == two->whose && one->which == two->which && one->list == two->list &&
           one->object == two->object && one->work == two->work && one->quantity == two->quantity &&
           one->per == two->per && one->part == two->part && one->fact == two->fact &&
           one->negate == two->negate && one->skip_self == two->skip_self &&
           one->by_address == two->by_address && one->by_sbdf == two->by_sbdf &&
           one->recheck == two->recheck && one->branch == two->branch &&
           one->with_ref == two->with_ref && one->initial == two->initial &&
           one->count == two->count && same_block(&one->body, &two->body) &&
           same_block(&one->orelse, &two->orelse);
}

static bool same_block(const struct vs_block *one, const struct vs_block *two)
{
    if (one->count != two->count)
        return false;
    for (size_t i = 0; i < one->count; i++) {
        if (!same_step(&one->steps[i], &two->steps[i]))
            return false;
    }
    return true;
}

static bool same_program(const struct vs_program *one, const struct vs_program *two)
{
    return same_text(one->source, two->source) && same_block(&one->entry, &two->entry) &&
           same_block(&one->steps, &two->steps) && same_block(&one->miss, &two->miss);
}

/* Locks in the order in which they are first taken, each with its modes. */
struct taken {
    struct {
        uint8_t lock, mode;
    } items[3 * VS_POLICY_LOCKS_MAX];
    size_t count;
};

static void collect(const struct vs_block *block, struct taken *taken)
{
    for (size_t i = 0; i < block->count; i++) {
        const struct vs_step *step = &block->steps[i];
        bool takes = step->kind == VS_STEP_LOCK || step->kind == VS_STEP_TRY ||
                     step->kind == VS_STEP_GET || step->kind == VS_STEP_RCU_READ_LOCK;
        size_t at = 0;

        while (at < taken->count &&
               (taken->items[at].lock != step->lock || taken->items[at].mode != step->mode))
            at++;
        if (takes && at == taken->count) {
            taken->items[at].lock = step->lock;
            taken->items[at].mode = step->mode;
            taken->count++;
        }
        collect(&step->body, taken);
        collect(&step->orelse, taken);
    }
}

/* "write pci_lock, vpci_lock" of one kind, or "" */
static void taken_text(const struct vs_policy *policy, const struct taken *taken, bool below,
                       char *text, size_t size)
{
    static const char *const modes[VS_MODE_COUNT] = {"", "read ", "write "};
    size_t used = 0;

    text[0] = '\0';
    for (size_t i = 0; i < taken->count && used < size; i++) {
        const struct vs_lock_decl *lock = &policy->locks[taken->items[i].lock];

        if (lock->below_vpci == below)
            used += (size_t)snprintf(text + used, size - used, "%s%s%s", used ? ", " : "",
                                     modes[taken->items[i].mode], lock->name);
    }
}

static void print_group(const struct vs_policy *policy, int first, bool *printed, FILE *stream)
{
    struct wrap wrap = {.stream = stream, .indent = 2, .column = 2};
    struct taken taken = {0};
    char own[512], below[512];

    fputs("  ", stream);
    for (int op = first; op < VS_OP_COUNT; op++) {
        char word[64];

        if (printed[op] || !same_program(&policy->programs[first], &policy->programs[op]))
            continue;
        printed[op] = true;
        snprintf(word, sizeof(word), "%s(%s)", vs_op_table[op].name, vs_op_table[op].label);
        wrap_text(&wrap, word);
    }
    fputc('\n', stream);
    collect(&policy->programs[first].steps, &taken);
    taken_text(policy, &taken, false, own, sizeof(own));
    taken_text(policy, &taken, true, below, sizeof(below));
    vs_print_wrapped(stream, "      takes ", "%s%s%s", *own ? own : "nothing",
                     *below ? "; below vPCI " : "", below);
}

int vs_policy_print(const struct vs_policy *policy, FILE *stream, struct vs_error *error)
{
    bool printed[VS_OP_COUNT] = {false};

    vs_print_wrapped(stream, "", "%s: %s", policy->name, policy->summary);
    vs_print_wrapped(stream, "source: ", "%s", policy->source);
    if (policy->faults)
        vs_print_wrapped(stream, "faults: ", "%s", policy->faults);
    if (policy->note_count > 0)
        fputs("\nnotes\n", stream);
    for (size_t i = 0; i < policy->note_count; i++)
        vs_print_wrapped(stream, "  - ", "%s", policy->notes[i]);
    fputs("\nlocks             kind           one per            declared\n", stream);
    print_locks(policy, false, stream);
    fputs("below vPCI, the same under every policy\n", stream);
    print_locks(policy, true, stream);
    fputs("\noperations, those with equal programs together\n", stream);
    for (int op = 0; op < VS_OP_COUNT; op++) {
        if (!printed[op])
            print_group(policy, op, printed, stream);
    }
    if (fflush(stream) != 0 || ferror(stream))
        return vs_error_set(error, VS_ERR_HOST, "cannot write: %s", strerror(errno));
    return 0;
}
