/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A vCPU as a process: its operations one after the other, each written out from the
 * policy's step tree with facts decided and counted loops unrolled, and a comment that
 * names the step in front of what it does.
 */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define SPLITS_MAX 4 /* of them a program has 16 copies */

static void emit_block(struct vs_promela_writer *writer, const struct vs_block *block);

/* A remark out of a file, without what would end it. */
static void print_remark(struct vs_promela_writer *writer, const char *text)
{
    for (; *text; text++)
        fputc(text[0] == '*' && text[1] == '/' ? '.'
              : text[0] == '\n'                ? ' '
                                               : text[0],
              writer->stream);
}

static void step_comment(struct vs_promela_writer *writer, const struct vs_step *step)
{
    char text[VS_STEP_TEXT];

    fprintf(writer->stream, "%*s/* %u: ", 4 * (int)writer->indent, "", ++writer->step_number);
    print_remark(writer, vs_step_text(writer->policy, step, text));
    if (step->comment) {
        fputs(" -- ", writer->stream);
        print_remark(writer, step->comment);
    }
    fputs(" */\n", writer->stream);
}

/* -------------------------------------------------------------------- loops */

/* A guest's gaps between handlers never reach the hardware (80b0eb095a); otherwise how
 * much there is of something is cut at the bound. */
static unsigned int rounds_of(const struct vs_promela_writer *writer, const struct vs_step *step)
{
    bool gap = step->quantity == VS_Q_CYCLES_LOCKED || step->quantity == VS_Q_CYCLES_TRAILING;

    if (gap && writer->domain != 0)
        return 0;
    if (step->quantity == VS_Q_MAP_ENTRIES) /* one page stands for all entries */
        return 1;
    return step->quantity == VS_QUANTITY_ONE && step->count <= 1 ? 1 : writer->subject->rounds;
}

static void emit_repeat(struct vs_promela_writer *writer, const struct vs_step *step)
{
    unsigned int rounds = rounds_of(writer, step);
    bool outer = writer->maps_entry;

    writer->maps_entry |= step->quantity == VS_Q_MAP_ENTRIES;
    for (unsigned int i = 0; i < rounds; i++) {
        if (i > 0)
            emit_block(writer, &step->orelse);
        emit_block(writer, &step->body);
    }
    writer->maps_entry = outer;
}

/* Which devices a loop visits, of the one in an expression. */
static void visits(const struct vs_promela_writer *writer, const struct vs_step *step,
                   const char *device, char *text)
{
    const char *comparison = step->part == VS_PART_BEFORE  ? "<"
                             : step->part == VS_PART_AFTER ? ">"
                             : step->skip_self             ? "!="
                                                           : NULL;

    if (comparison && writer->device != VS_CHECK_NONE)
        snprintf(text, PROMELA_TEXT, "%s %s %u", device, comparison, writer->device);
    else
        snprintf(text, PROMELA_TEXT, "true");
}

static void emit_by_address(struct vs_promela_writer *writer, const struct vs_step *step,
                            const char *whose)
{
    unsigned int depth = writer->loop_count - 1;
    const char *list = vs_promela_list(step->list);
    char wanted[PROMELA_TEXT];

    visits(writer, step, "found", wanted);
    vs_promela_line(writer, "walk_by_address(at%u, 0, %s, %s, %s);", depth, list, whose, wanted);
    vs_promela_line(writer, "do");
    vs_promela_line(writer, ":: at%u == NONE -> break", depth);
    vs_promela_line(writer, ":: atomic { at%u != NONE -> vpci_at%u = NONE };", depth, depth);
    writer->indent++;
    emit_block(writer, &step->body);
    vs_promela_line(writer, "walk_by_address(at%u, DEVICE_OF(at%u) + 1, %s, %s, %s)", depth, depth,
                    list, whose, wanted);
    writer->indent--;
    vs_promela_line(writer, "od;");
    vs_promela_line(writer, "skip;"); /* nothing jumps into the d_step that may follow */
}

static void emit_by_list(struct vs_promela_writer *writer, const struct vs_step *step,
                         const char *whose)
{
    unsigned int depth = writer->loop_count - 1;
    const char *list = vs_promela_list(step->list);
    char device[PROMELA_TEXT], wanted[PROMELA_TEXT];
    bool skips = step->skip_self && writer->device != VS_CHECK_NONE;

    vs_promela_device(writer, VS_OTHER, device);
    snprintf(wanted, sizeof(wanted), "%.40s != %u", device, writer->device);
    vs_promela_line(writer, "walk_begin(at%u, %s, %s);", depth, list, whose);
    vs_promela_line(writer, "do");
    vs_promela_line(writer, ":: at%u == NONE -> break", depth);
    if (skips)
        vs_promela_line(writer, ":: atomic { at%u != NONE && !(%s) -> walk_on(at%u, %s, %s) }",
                        depth, wanted, depth, list, whose);
    vs_promela_line(writer, ":: atomic { at%u != NONE && %s -> vpci_at%u = NONE };", depth,
                    skips ? wanted : "true", depth);
    writer->indent++;
    emit_block(writer, &step->body);
    vs_promela_line(writer, "walk_on(at%u, %s, %s)", depth, list, whose);
    writer->indent--;
    vs_promela_line(writer, "od;");
    vs_promela_line(writer, "skip;"); /* nothing jumps into the d_step that may follow */
}

static void emit_for_each(struct vs_promela_writer *writer, const struct vs_step *step)
{
    if (writer->loop_count == PROMELA_LOOPS_MAX) {
        vs_promela_refuse(writer, "more loops within loops than a model has variables for");
        return;
    }
    unsigned int depth = writer->loop_count++;
    struct vs_promela_loop *loop = &writer->loops[depth];

    *loop = (struct vs_promela_loop){.step = step};
    if (step->list == VS_LIST_ALL_DEVICES)
        snprintf(loop->whose, sizeof(loop->whose), "0");
    else
        vs_promela_whose(writer, step->whose, loop->whose);
    if (step->by_address)
        emit_by_address(writer, step, loop->whose);
    else
        emit_by_list(writer, step, loop->whose);
    writer->left = false; /* no device, no round */
    writer->loop_count = depth;
}

/* ----------------------------------------------------------------- branches */

/* What failed is over; of a map that failed decoding stays off. */
static void emit_failure(struct vs_promela_writer *writer)
{
    if (writer->pending && (writer->setup->opt_in & 1u << VS_VIOLATION_UNMAPPED))
        vs_promela_line(writer, "slot_on = false;");
}

/* Two ways on; behind them the program holds the same on both, unless one left. */
static void emit_two_ways(struct vs_promela_writer *writer, const struct vs_step *step,
                          const char *first, const char *second)
{
    bool is_try = step->kind == VS_STEP_TRY;
    struct vs_promela_held held[PROMELA_HELD_MAX];
    unsigned int held_count = writer->held_count;
    bool from_slot = writer->from_slot;

    memcpy(held, writer->held, sizeof(held));
    vs_promela_line(writer, "if");
    vs_promela_line(writer, ":: %s ->", first);
    writer->indent++;
    if (is_try)
        vs_promela_hold(writer, step, VS_STEP_LOCK, 0);
    if (step->kind == VS_STEP_MAY_FAIL)
        emit_failure(writer);
    emit_block(writer, &step->body);
    vs_promela_line(writer, "skip");
    writer->indent--;
    struct vs_promela_held then_held[PROMELA_HELD_MAX];
    unsigned int then_count = writer->held_count;
    bool then_left = writer->left;

    memcpy(then_held, writer->held, sizeof(then_held));
    memcpy(writer->held, held, sizeof(held));
    writer->held_count = held_count;
    writer->left = false;
    vs_promela_line(writer, ":: %s ->", second);
    writer->indent++;
    emit_block(writer, &step->orelse);
    vs_promela_line(writer, "skip");
    writer->indent--;
    vs_promela_line(writer, "fi;");
    if (!then_left) {
        memcpy(writer->held, then_held, sizeof(then_held));
        writer->held_count = then_count;
    }
    writer->left = then_left && writer->left;
    writer->from_slot |= from_slot;
}

/* Do the two ways of a step that may fail hold different things behind it?  Written
 * once to nowhere, each. */
static bool ways_differ(const struct vs_promela_writer *writer, const struct vs_step *step)
{
    struct vs_promela_writer fails = *writer, goes_well = *writer;
    char *text = NULL;
    size_t size = 0;
    FILE *nowhere = open_memstream(&text, &size);

    if (!nowhere)
        return false;
    fails.stream = goes_well.stream = nowhere;
    emit_block(&fails, &step->body);
    emit_block(&goes_well, &step->orelse);
    fclose(nowhere);
    free(text);
    return !fails.left && !goes_well.left && vs_promela_holds_other(&fails, &goes_well);
}

/* Where the ways hold different things, the one that this copy of the program goes. */
static void emit_may_fail(struct vs_promela_writer *writer, const struct vs_step *step)
{
    if (!writer->setup->failures) {
        emit_block(writer, &step->orelse);
        return;
    }
    if (!ways_differ(writer, step)) {
        emit_two_ways(writer, step, "true", "true");
        return;
    }
    bool fails = (writer->ways >> writer->splits++) & 1u;

    vs_promela_line(writer, "/* in this copy of the program it %s */",
                    fails ? "fails" : "goes well");
    if (fails)
        emit_failure(writer);
    emit_block(writer, fails ? &step->body : &step->orelse);
}

static void emit_step(struct vs_promela_writer *writer, const struct vs_step *step)
{
    if (step->kind == VS_STEP_IF) {
        bool holds = ((writer->facts >> step->fact) & 1u) != step->negate;

        emit_block(writer, holds ? &step->body : &step->orelse);
        return;
    }
    step_comment(writer, step);
    switch (step->kind) {
    case VS_STEP_REPEAT:
        emit_repeat(writer, step);
        return;
    case VS_STEP_FOR_EACH:
        emit_for_each(writer, step);
        return;
    case VS_STEP_TRY:
        vs_promela_try_lock(writer, step);
        emit_two_ways(writer, step, "!missing", "else");
        return;
    case VS_STEP_MAY_FAIL:
        emit_may_fail(writer, step);
        return;
    case VS_STEP_RETRY:
        vs_promela_retry(writer);
        fputs(";\n", writer->stream);
        writer->left = true;
        return;
    case VS_STEP_LEAVE:
        vs_promela_leave(writer);
        fputs(";\n", writer->stream);
        writer->left = true;
        return;
    case VS_STEP_DEREF:
        vs_promela_simple_step(writer, step);
        if (step->branch)
            emit_two_ways(writer, step, "!missing", "else");
        return;
    default:
        vs_promela_simple_step(writer, step);
        return;
    }
}

static void emit_block(struct vs_promela_writer *writer, const struct vs_block *block)
{
    for (size_t i = 0; i < block->count && writer->ret == 0; i++)
        emit_step(writer, &block->steps[i]);
}

/* ----------------------------------------------------------------- programs */

static bool has_step(const struct vs_block *block, enum vs_step_kind kind)
{
    for (size_t i = 0; i < block->count; i++)
        if (block->steps[i].kind == kind || has_step(&block->steps[i].body, kind) ||
            has_step(&block->steps[i].orelse, kind))
            return true;
    return false;
}

/* Is there a step that finishes a vpci behind one that allocates it? */
static bool completes(const struct vs_block *block, bool *allocates)
{
    for (size_t i = 0; i < block->count; i++) {
        const struct vs_step *step = &block->steps[i];

        *allocates |= step->kind == VS_STEP_ALLOCATE && step->object == VS_OBJECT_VPCI;
        if (*allocates && step->kind == VS_STEP_WORK && step->work == VS_WORK_HANDLER &&
            step->quantity == VS_Q_CAPABILITIES)
            return true;
        if (completes(&step->body, allocates) || completes(&step->orelse, allocates))
            return true;
    }
    return false;
}

static void emit_program(struct vs_promela_writer *writer, const struct vs_program *program)
{
    bool allocates = false;

    writer->fills = false;
    writer->completes_vpci = completes(&program->steps, &allocates);
    writer->makes_vpci = writer->from_slot = writer->left = writer->in_miss = false;
    writer->held_count = writer->leaves = writer->step_number = writer->splits = 0;
    if (writer->has_barrier)
        vs_promela_line(writer, "enter_hypervisor();");
    emit_block(writer, &program->entry);
    emit_block(writer, &program->steps);
    if (writer->held_count > 0 && !writer->left)
        vs_promela_line(writer, "fatal(HELD_AT_END);");
    if (writer->leaves > 0) {
        if (!writer->left)
            vs_promela_line(writer, "goto done_%s;", writer->label);
        fprintf(writer->stream, "miss_%s:\n", writer->label);
        vs_promela_line(writer, "skip;");
        writer->held_count = 0;
        writer->in_miss = true;
        emit_block(writer, &program->miss);
        writer->in_miss = false;
        fprintf(writer->stream, "done_%s:\n", writer->label);
        vs_promela_line(writer, "skip;");
    }
    vs_promela_line(writer, "end_of_program();");
    if (writer->has_barrier)
        vs_promela_line(writer, "leave_hypervisor();");
}

/* A copy of the program for every way to fail that holds something else behind it: which
 * one it will be is decided at its beginning, which nobody else can tell. */
static void emit_copies(struct vs_promela_writer *writer, const struct vs_program *program)
{
    char label[PROMELA_TEXT];
    unsigned int splits = 0;

    if (!writer->setup->failures || !has_step(&program->steps, VS_STEP_MAY_FAIL)) {
        emit_program(writer, program);
        return;
    }
    snprintf(label, sizeof(label), "%s", writer->label);
    vs_promela_line(writer, "if");
    for (writer->ways = 0; writer->ret == 0 && writer->ways < 1u << splits; writer->ways++) {
        snprintf(writer->label, sizeof(writer->label), "%.20s_%u", label, writer->ways);
        vs_promela_line(writer, ":: true ->");
        writer->indent++;
        emit_program(writer, program);
        vs_promela_line(writer, "skip");
        writer->indent--;
        splits = writer->splits > splits ? writer->splits : splits;
        if (splits > SPLITS_MAX)
            vs_promela_refuse(writer, "too many ways to fail that hold different things");
    }
    writer->ways = 0;
    vs_promela_line(writer, "fi;");
}

/* What an access of this class is like, as sim/model would say of it. */
static uint32_t facts_of(enum vs_op op, bool hardware_domain, const struct vs_check_device *device)
{
    bool header = op == VS_OP_WRITE_COMMAND || op == VS_OP_TOGGLE_DECODE || op == VS_OP_WRITE_ROM ||
                  op == VS_OP_TOGGLE_ROM;

    return 1u << VS_FACT_HW_CONF1 | 1u << VS_FACT_HAS_MSI |
           (uint32_t)hardware_domain << VS_FACT_HARDWARE_DOMAIN |
           (uint32_t)(device && device->has_msix) << VS_FACT_HAS_MSIX |
           (uint32_t)(device && device->hidden && hardware_domain) << VS_FACT_HIDDEN |
           (uint32_t)(device && device->virtual) << VS_FACT_VIRTUAL |
           (uint32_t)vs_op_table[op].is_write << VS_FACT_IS_WRITE |
           (uint32_t)(op == VS_OP_MSI_ADDRESS) << VS_FACT_MSI_ENABLED |
           (uint32_t)(op == VS_OP_TOGGLE_ROM) << VS_FACT_ROM_ONLY |
           (uint32_t)header << VS_FACT_HEADER_REGISTER;
}

static void emit_call(struct vs_promela_writer *writer, uint8_t index)
{
    const struct vs_check_call *call = &writer->setup->actors[writer->actor].calls[index];
    char text[VS_CHECK_CALL_TEXT];
    bool moves = (writer->setup->opt_in & 1u << VS_VIOLATION_UNMEDIATED) &&
                 call->device != VS_CHECK_NONE &&
                 (call->op == VS_OP_DEVICE_ASSIGN || call->op == VS_OP_DEVICE_DEASSIGN ||
                  call->op == VS_OP_DEVICE_RESET);

    writer->op = call->op;
    writer->device = call->device;
    writer->target = call->target;
    writer->call = index;
    writer->facts =
        facts_of(call->op, writer->domain == 0,
                 call->device != VS_CHECK_NONE ? &writer->setup->devices[call->device] : NULL);
    fprintf(writer->stream, "\n    /* ---- %s: %s: %s ---- */\n", vs_check_call_text(call, text),
            vs_op_table[call->op].function, vs_op_table[call->op].summary);
    if (moves)
        vs_promela_line(writer, "changes_hands[%u] = changes_hands[%u] | (1 << me);", call->device,
                        call->device);
    snprintf(writer->label, sizeof(writer->label), "%u_%u", writer->actor, index);
    if (has_step(&writer->policy->programs[call->op].steps, VS_STEP_RETRY)) {
        vs_promela_line(writer, "skip;"); /* no label begins a block */
        fprintf(writer->stream, "begin_%s:\n", writer->label);
        vs_promela_line(writer, "skip;");
    }
    emit_copies(writer, &writer->policy->programs[call->op]);
    if (moves)
        vs_promela_line(writer, "changes_hands[%u] = changes_hands[%u] & ~(1 << me);", call->device,
                        call->device);
    if (!vs_op_table[call->op].defers)
        return;
    fprintf(writer->stream,
            "\n    /* ---- map-pending: %s: at the next entry to the guest ---- */\n",
            vs_op_table[VS_OP_MAP_PENDING].function);
    if (writer->has_unraised) {
        vs_promela_line(writer, "if");
        vs_promela_line(writer, ":: slot != NONE && slot_unraised -> broken(ENTERED_PENDING)");
        vs_promela_line(writer, ":: else");
        vs_promela_line(writer, "fi;");
    }
    vs_promela_line(writer, "if");
    vs_promela_line(writer, ":: slot != NONE ->");
    writer->indent++;
    snprintf(writer->label, sizeof(writer->label), "%u_%u_pending", writer->actor, index);
    writer->pending = true;
    emit_copies(writer, &writer->policy->programs[VS_OP_MAP_PENDING]);
    writer->pending = false;
    vs_promela_clear_slot(writer);
    vs_promela_line(writer, "skip");
    writer->indent--;
    vs_promela_line(writer, ":: else");
    vs_promela_line(writer, "fi;");
}

void vs_promela_vcpu(struct vs_promela_writer *writer, uint8_t actor)
{
    const struct vs_check_actor *who = &writer->setup->actors[actor];

    writer->actor = actor;
    writer->domain = who->domain;
    fprintf(writer->stream, "\n/* A vCPU of domain %u%s. */\nproctype vcpu%u()\n{\n", who->domain,
            who->domain == 0 ? ", the hardware domain" : "", actor);
    writer->indent = 1;
    vs_promela_line(writer, "LOCALS;");
    vs_promela_line(writer, "{");
    for (uint8_t i = 0; i < who->call_count; i++)
        emit_call(writer, i);
    vs_promela_line(writer, "finish()");
    vs_promela_line(writer, "} unless { stop }");
    fputs("}\n", writer->stream);
    writer->indent = 0;
}
