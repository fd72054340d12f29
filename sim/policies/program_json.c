/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Policies and programs for other programs to read: steps as text, in the
 * words that show prints, with their inner steps.
 */
#include "internal.h"

static struct vs_json_out *block_json(const struct vs_policy *policy, const struct vs_block *block)
{
    struct vs_json_out *steps = vs_json_new_array();

    for (size_t i = 0; i < block->count; i++) {
        const struct vs_step *step = &block->steps[i];
        struct vs_json_out *item = vs_json_new_object();
        bool loop = step->kind == VS_STEP_FOR_EACH || step->kind == VS_STEP_REPEAT;
        char text[VS_STEP_TEXT];

        vs_json_add_string(item, "step", vs_step_text(policy, step, text));
        if (step->body.count > 0)
            vs_json_add(item, loop ? "do" : "then", block_json(policy, &step->body));
        if (step->orelse.count > 0)
            vs_json_add(item, loop ? "between" : "else", block_json(policy, &step->orelse));
        if (step->fragment)
            vs_json_add_string(item, "fragment", step->fragment);
        if (step->comment)
            vs_json_add_string(item, "comment", step->comment);
        vs_json_add_string(item, "where", step->where);
        vs_json_add(steps, NULL, item);
    }
    return steps;
}

struct vs_json_out *vs_program_json(const struct vs_policy *policy, enum vs_op op)
{
    const struct vs_program *program = &policy->programs[op];
    struct vs_json_out *out = vs_json_new_object();

    vs_json_add_string(out, "policy", policy->name);
    vs_json_add_string(out, "operation", vs_op_table[op].name);
    vs_json_add_string(out, "label", vs_op_table[op].label);
    vs_json_add_string(out, "summary", vs_op_table[op].summary);
    vs_json_add_string(out, "source", program->source);
    vs_json_add(out, "entry", block_json(policy, &program->entry));
    vs_json_add(out, "steps", block_json(policy, &program->steps));
    vs_json_add(out, "miss", block_json(policy, &program->miss));
    return out;
}

static struct vs_json_out *lock_json(const struct vs_lock_decl *lock)
{
    static const char *const scopes[] = {
        [VS_SCOPE_GLOBAL] = "global", [VS_SCOPE_DOMAIN] = "domain", [VS_SCOPE_DEVICE] = "device"};
    struct vs_json_out *out = vs_json_new_object();

    vs_json_add_string(out, "name", lock->name);
    vs_json_add_string(out, "kind", vs_lock_kind_table[lock->kind].name);
    vs_json_add_string(out, "per", scopes[lock->scope]);
    vs_json_add_string(out, "inside", vs_object_name(lock->inside));
    vs_json_add_boolean(out, "irqsave", lock->irqsave);
    vs_json_add_boolean(out, "below_vpci", lock->below_vpci);
    vs_json_add_string(out, "source", lock->source);
    return out;
}

struct vs_json_out *vs_policy_json(const struct vs_policy *policy)
{
    struct vs_json_out *out = vs_json_new_object();
    struct vs_json_out *notes = vs_json_new_array();
    struct vs_json_out *locks = vs_json_new_array();
    struct vs_json_out *operations = vs_json_new_array();

    vs_json_add_string(out, "name", policy->name);
    vs_json_add_string(out, "summary", policy->summary);
    vs_json_add_string(out, "source", policy->source);
    vs_json_add_string(out, "file", policy->file);
    vs_json_add_string(out, "faults", policy->faults);
    for (size_t i = 0; i < policy->note_count; i++)
        vs_json_add_string(notes, NULL, policy->notes[i]);
    vs_json_add(out, "notes", notes);
    for (size_t i = 0; i < policy->lock_count; i++)
        vs_json_add(locks, NULL, lock_json(&policy->locks[i]));
    vs_json_add(out, "locks", locks);
    for (int op = 0; op < VS_OP_COUNT; op++)
        vs_json_add_string(operations, NULL, vs_op_table[op].name);
    vs_json_add(out, "operations", operations);
    return out;
}
