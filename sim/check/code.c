/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From step trees to the checker's instructions.  Work that touches nobody else
 * is gone, loops with a count are written out (at most `rounds` times), facts
 * are decided.  Locks that guard nothing here are gone as well:
 *
 * A lock may be left out when every section of it, in every program, holds
 * nothing but sections of locks left out before, reads of the device's owner
 * (TOUCH), or one single step (MAP_PAGE).  Nobody can wait for another lock
 * inside such a section, so it takes part in no deadlock; and what it contains
 * is atomic in this model anyway, so it excludes nothing.  That holds for the
 * leaves below vPCI: config cycles, interrupts, p2m.  A lock inside an object is
 * never left out: taking it uses the object.
 */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

struct builder {
    struct vs_check_code *code;
    enum vs_op op;
    uint32_t facts;
    uint16_t made_at; /* the program's last "allocate vpci", or 0 */
    bool maps_entry;  /* within the loop over map entries */
    bool in_miss, is_config, hardware_domain;
    uint32_t capacity;
    bool failed;
};

static struct vs_check_insn *emit(struct builder *builder, enum vs_check_op op,
                                  const struct vs_step *step)
{
    struct vs_check_code *code = builder->code;

    if (code->count == builder->capacity) {
        uint32_t capacity = builder->capacity + 4096;
        struct vs_check_insn *grown =
            capacity <= UINT16_MAX ? realloc(code->insns, capacity * sizeof(*grown)) : NULL;

        if (!grown) {
            builder->failed = true;
            return NULL;
        }
        code->insns = grown;
        builder->capacity = capacity;
    }
    struct vs_check_insn *insn = &code->insns[code->count++];

    *insn = (struct vs_check_insn){.code = (uint8_t)op, .step = step};
    if (!step)
        return insn;
    insn->lock = step->lock;
    insn->mode = step->mode;
    insn->whose = step->whose;
    insn->which = step->which;
    return insn;
}

static void emit_block(struct builder *builder, const struct vs_block *block);

static void set_target(struct builder *builder, uint32_t at)
{
    if (!builder->failed)
        builder->code->insns[at].target = builder->code->count;
}

/* Is the lock of a step left out? */
static bool is_dropped(const struct builder *builder, const struct vs_step *step)
{
    return (builder->code->dropped_locks >> step->lock) & 1u;
}

/* Work matters where it touches the device or finishes an object. */
static void emit_work(struct builder *builder, const struct vs_step *step)
{
    bool cycle = vs_work_table[step->work].is_config_cycle;

    if (cycle && builder->is_config && (builder->in_miss || !builder->hardware_domain)) {
        emit(builder, C_TOUCH, step);
    } else if (step->work == VS_WORK_HANDLER && step->quantity == VS_Q_CAPABILITIES &&
               builder->made_at) {
        emit(builder, C_COMPLETE, step);
        if (!builder->failed)
            builder->code->insns[builder->made_at].flag = true;
    } else if (step->work == VS_WORK_P2M_ENTRY && builder->maps_entry) {
        emit(builder, C_MAP_PAGE, step);
    }
}

/* A guest's gaps between handlers never reach the hardware (80b0eb095a): its accesses
 * have no locked or trailing cycles.  How much else there is of something does not
 * matter to who waits for whom: once. */
static unsigned int rounds_of(const struct builder *builder, const struct vs_step *step)
{
    if (!builder->hardware_domain &&
        (step->quantity == VS_Q_CYCLES_LOCKED || step->quantity == VS_Q_CYCLES_TRAILING))
        return 0;
    if (step->quantity == VS_QUANTITY_ONE && step->count <= 1)
        return 1;
    return builder->code->rounds;
}

static void emit_repeat(struct builder *builder, const struct vs_step *step)
{
    unsigned int rounds = rounds_of(builder, step);
    bool outer = builder->maps_entry;

    if (step->quantity == VS_Q_MAP_ENTRIES) {
        builder->maps_entry = true;
        rounds = rounds > 1 ? 1 : rounds; /* one page stands for all entries */
    }
    for (unsigned int i = 0; i < rounds; i++) {
        if (i > 0)
            emit_block(builder, &step->orelse);
        emit_block(builder, &step->body);
    }
    builder->maps_entry = outer;
}

static void emit_for_each(struct builder *builder, const struct vs_step *step)
{
    struct vs_check_insn *begin = emit(builder, C_EACH, step);
    uint32_t begin_at = builder->code->count - 1u;

    if (begin) {
        begin->argument = step->list;
        begin->flag = step->skip_self;
        begin->part = step->part;
        begin->by_address = step->by_address;
    }
    uint16_t body = builder->code->count;

    emit_block(builder, &step->body);
    struct vs_check_insn *next = emit(builder, C_EACH_NEXT, step);

    if (next) {
        next->target = body;
        next->argument = step->list;
    }
    set_target(builder, begin_at);
}

/* An instruction with two ways on: behind it, or at its target. */
static void emit_branches(struct builder *builder, const struct vs_step *step, enum vs_check_op op)
{
    struct vs_check_insn *insn = emit(builder, op, step);
    uint32_t at = builder->code->count - 1u;

    if (insn)
        insn->flag = step->recheck;
    emit_block(builder, &step->body);
    emit(builder, C_JUMP, NULL);
    uint32_t jump_at = builder->code->count - 1u;

    set_target(builder, at);
    emit_block(builder, &step->orelse);
    set_target(builder, jump_at);
}

/* Steps that are one instruction with the same fields. */
static const uint8_t simple_code[VS_STEP_KIND_COUNT] = {
    [VS_STEP_LOCK] = C_LOCK,
    [VS_STEP_UNLOCK] = C_UNLOCK,
    [VS_STEP_LOOKUP] = C_LOOKUP,
    [VS_STEP_DEREF] = C_DEREF,
    [VS_STEP_RECHECK_OWNER] = C_RECHECK_OWNER,
    [VS_STEP_ASSERT] = C_ASSERT,
    [VS_STEP_USE] = C_USE,
    [VS_STEP_LINK] = C_LINK,
    [VS_STEP_UNLINK] = C_UNLINK,
    [VS_STEP_SET_OWNER] = C_SET_OWNER,
    [VS_STEP_ALLOCATE] = C_ALLOCATE,
    [VS_STEP_PUBLISH] = C_PUBLISH,
    [VS_STEP_CLEAR] = C_CLEAR,
    [VS_STEP_FREE] = C_FREE,
    [VS_STEP_RCU_READ_LOCK] = C_RCU_LOCK,
    [VS_STEP_RCU_READ_UNLOCK] = C_RCU_UNLOCK,
    [VS_STEP_CALL_RCU] = C_CALL_RCU,
    [VS_STEP_RCU_BARRIER] = C_RCU_BARRIER,
    [VS_STEP_GET] = C_GET,
    [VS_STEP_PUT] = C_PUT,
    [VS_STEP_DEFER] = C_DEFER,
    [VS_STEP_TAKE_PENDING] = C_TAKE_PENDING,
    [VS_STEP_CLEAR_PENDING] = C_CLEAR_PENDING,
    [VS_STEP_SOFTIRQ] = C_SOFTIRQ,
    [VS_STEP_RESCHEDULE] = C_RESCHEDULE,
    [VS_STEP_RETRY] = C_RETRY,
    [VS_STEP_LEAVE] = C_LEAVE,
};

static void emit_simple(struct builder *builder, const struct vs_step *step)
{
    bool is_lock =
        step->kind == VS_STEP_LOCK || step->kind == VS_STEP_UNLOCK || step->kind == VS_STEP_ASSERT;

    if (is_lock && is_dropped(builder, step))
        return;
    struct vs_check_insn *insn = emit(builder, simple_code[step->kind], step);

    if (!insn)
        return;
    bool has_list =
        step->kind == VS_STEP_LINK || step->kind == VS_STEP_UNLINK || step->kind == VS_STEP_LOOKUP;

    insn->argument = has_list ? step->list : step->object;
    insn->flag = step->recheck || step->initial || step->by_sbdf;
    insn->with_ref = step->with_ref;
    insn->unraised = step->unraised;
    if (step->kind == VS_STEP_ALLOCATE && step->object == VS_OBJECT_VPCI)
        builder->made_at = (uint16_t)(builder->code->count - 1);
}

static void emit_bars(struct builder *builder, const struct vs_step *step)
{
    enum vs_lock_mode mode = step->kind == VS_STEP_WRITE_BARS ? VS_MODE_WRITE : VS_MODE_READ;

    for (int end = 0; end < 2; end++) {
        struct vs_check_insn *insn = emit(builder, end ? C_BARS_END : C_BARS_BEGIN, step);

        if (insn)
            insn->mode = (uint8_t)mode;
    }
}

static void emit_step(struct builder *builder, const struct vs_step *step)
{
    switch (step->kind) {
    case VS_STEP_WORK:
        emit_work(builder, step);
        return;
    case VS_STEP_REPEAT:
        emit_repeat(builder, step);
        return;
    case VS_STEP_FOR_EACH:
        emit_for_each(builder, step);
        return;
    case VS_STEP_IF: {
        bool holds = ((builder->facts >> step->fact) & 1u) != step->negate;

        emit_block(builder, holds ? &step->body : &step->orelse);
        return;
    }
    case VS_STEP_MAY_FAIL:
        emit_branches(builder, step, C_MAY_FAIL);
        return;
    case VS_STEP_TRY:
        if (is_dropped(builder, step))
            emit_block(builder, &step->body);
        else
            emit_branches(builder, step, C_TRY);
        return;
    case VS_STEP_DEREF:
        if (step->branch)
            emit_branches(builder, step, C_DEREF);
        else
            emit_simple(builder, step);
        return;
    case VS_STEP_READ_BARS:
    case VS_STEP_WRITE_BARS:
        emit_bars(builder, step);
        return;
    default:
        emit_simple(builder, step);
        return;
    }
}

static void emit_block(struct builder *builder, const struct vs_block *block)
{
    for (size_t i = 0; i < block->count && !builder->failed; i++)
        emit_step(builder, &block->steps[i]);
}

static uint16_t emit_program(struct builder *builder, const struct vs_block *first,
                             const struct vs_block *second)
{
    uint16_t start = builder->code->count;

    builder->made_at = 0;
    if (first)
        emit_block(builder, first);
    emit_block(builder, second);
    emit(builder, C_END, NULL);
    return start;
}

/* What an access of this class is like, as sim/model/loader_class.c would say. */
static uint32_t facts_of(enum vs_op op, bool hardware_domain, enum vs_check_kind kind)
{
    static const enum vs_op header[] = {VS_OP_WRITE_COMMAND, VS_OP_TOGGLE_DECODE, VS_OP_WRITE_ROM,
                                        VS_OP_TOGGLE_ROM};
    uint32_t facts = 1u << VS_FACT_HW_CONF1 | 1u << VS_FACT_HAS_MSI;

    facts |= (uint32_t)hardware_domain << VS_FACT_HARDWARE_DOMAIN;
    facts |= (uint32_t)(kind != KIND_BARE) << VS_FACT_HAS_MSIX;
    facts |= (uint32_t)(kind == KIND_HIDDEN) << VS_FACT_HIDDEN;
    facts |= (uint32_t)(kind == KIND_VIRTUAL) << VS_FACT_VIRTUAL;
    facts |= (uint32_t)vs_op_table[op].is_write << VS_FACT_IS_WRITE;
    facts |= (uint32_t)(op == VS_OP_MSI_ADDRESS) << VS_FACT_MSI_ENABLED;
    facts |= (uint32_t)(op == VS_OP_TOGGLE_ROM) << VS_FACT_ROM_ONLY;
    for (size_t i = 0; i < sizeof(header) / sizeof(header[0]); i++)
        facts |= (uint32_t)(op == header[i]) << VS_FACT_HEADER_REGISTER;
    return facts;
}

/* Does anything in the block ask for the fact? */
static bool asks_for(const struct vs_block *block, enum vs_fact fact)
{
    for (size_t i = 0; i < block->count; i++) {
        const struct vs_step *step = &block->steps[i];

        if ((step->kind == VS_STEP_IF && step->fact == fact) || asks_for(&step->body, fact) ||
            asks_for(&step->orelse, fact))
            return true;
    }
    return false;
}

/* Is the operation on such a device the same as on another with MSI-X?  Guests find no
 * hidden devices. */
static bool is_nothing_special(const struct vs_policy *policy, enum vs_op op, bool hardware_domain,
                               enum vs_check_kind kind)
{
    enum vs_fact fact = kind == KIND_HIDDEN ? VS_FACT_HIDDEN : VS_FACT_VIRTUAL;

    if (kind < KIND_HIDDEN || (kind == KIND_HIDDEN && !hardware_domain))
        return kind >= KIND_HIDDEN;
    return !asks_for(&policy->programs[op].steps, fact) &&
           (!vs_op_table[op].defers || !asks_for(&policy->programs[VS_OP_MAP_PENDING].steps, fact));
}

static void emit_operation(struct builder *builder, enum vs_op op, bool hardware_domain,
                           enum vs_check_kind kind)
{
    const struct vs_policy *policy = builder->code->policy;
    const struct vs_program *program = &policy->programs[op];
    struct vs_check_entry *entry = &builder->code->entries[op][hardware_domain][kind];

    if (is_nothing_special(policy, op, hardware_domain, kind)) {
        *entry = entry[KIND_MSIX - (int)kind];
        return;
    }
    builder->op = op;
    builder->facts = facts_of(op, hardware_domain, kind);
    builder->hardware_domain = hardware_domain;
    builder->is_config = vs_op_table[op].is_access;
    entry->start = emit_program(builder, &program->entry, &program->steps);
    builder->in_miss = true;
    entry->miss = emit_program(builder, NULL, &program->miss);
    builder->in_miss = false;
    if (!vs_op_table[op].defers)
        return;
    program = &policy->programs[VS_OP_MAP_PENDING];
    builder->is_config = false;
    entry->pending = emit_program(builder, &program->entry, &program->steps);
    entry->pending_miss = emit_program(builder, NULL, &program->miss);
}

static int build_once(struct vs_check_code *code, struct vs_error *error)
{
    struct builder builder = {.code = code};

    free(code->insns);
    code->insns = NULL;
    code->count = 0;
    emit(&builder, C_END, NULL); /* so that no program begins at 0 */
    for (int op = 0; op < VS_OP_COUNT && !builder.failed; op++)
        for (int i = 0; i < 2 * KIND_COUNT; i++)
            emit_operation(&builder, (enum vs_op)op, i & 1, (enum vs_check_kind)(i >> 1));
    if (builder.failed)
        return vs_error_set(error, VS_ERR_MEMORY, "out of memory, or more than %d steps in all",
                            UINT16_MAX);
    return 0;
}

/* Does every section of this lock hold nothing that matters? */
static bool guards_nothing(const struct vs_check_code *code, size_t lock)
{
    const struct vs_lock_decl *decl = &code->policy->locks[lock];

    if (decl->inside != VS_OBJECT_NONE || decl->kind == VS_LOCK_RCU ||
        decl->kind == VS_LOCK_REFCOUNT)
        return false;
    for (uint32_t i = 0; i < code->count; i++) {
        const struct vs_check_insn *insn = &code->insns[i];
        unsigned int single = 0;

        if ((insn->code == C_TRY || insn->code == C_ASSERT) && insn->lock == lock)
            return false;
        if (insn->code != C_LOCK || insn->lock != lock)
            continue;
        const struct vs_check_insn *end = insn + 1;

        while (end->code == C_TOUCH || (end->code == C_MAP_PAGE && single++ == 0))
            end++;
        if (end->code != C_UNLOCK || end->lock != lock || end->mode != insn->mode)
            return false;
    }
    return true;
}

int vs_check_code_build(const struct vs_policy *policy, uint8_t rounds, struct vs_check_code **code,
                        struct vs_error *error)
{
    struct vs_check_code *made = calloc(1, sizeof(*made));
    int ret = made ? 0 : vs_error_set(error, VS_ERR_MEMORY, "out of memory");
    bool again = true;

    *code = NULL;
    if (!made)
        return ret;
    made->policy = policy;
    made->rounds = rounds;
    while (ret == 0 && again) {
        ret = build_once(made, error);
        again = false;
        for (size_t lock = 0; ret == 0 && lock < policy->lock_count; lock++) {
            if ((made->dropped_locks >> lock) & 1u || !guards_nothing(made, lock))
                continue;
            made->dropped_locks |= 1u << lock;
            again = true;
            break; /* what it held may guard nothing either, once it is gone */
        }
    }
    if (ret < 0) {
        vs_check_code_free(made);
        return ret;
    }
    *code = made;
    return 0;
}

void vs_check_code_free(struct vs_check_code *code)
{
    if (!code)
        return;
    free(code->insns);
    free(code);
}

/* ----------------------------------------------------- comparing programs */

static bool same_insn(const struct vs_check_insn *a, uint16_t a_start,
                      const struct vs_check_insn *b, uint16_t b_start)
{
    bool same = a->code == b->code && a->lock == b->lock && a->mode == b->mode &&
                a->whose == b->whose && a->which == b->which && a->argument == b->argument &&
                a->flag == b->flag && a->with_ref == b->with_ref &&
                a->by_address == b->by_address && a->part == b->part && a->unraised == b->unraised;

    if (!same || !a->target || !b->target)
        return same && !a->target == !b->target;
    return a->target - a_start == b->target - b_start;
}

static bool same_code(const struct vs_check_code *code, uint16_t a, uint16_t b)
{
    if (!a || !b)
        return !a == !b;
    for (uint16_t i = 0;; i++) {
        if (!same_insn(&code->insns[a + i], a, &code->insns[b + i], b))
            return false;
        if (code->insns[a + i].code == C_END)
            return true; /* there is one, at the program's end */
    }
}

bool vs_check_same_program(const struct vs_check_code *code, enum vs_op one, enum vs_op other)
{
    if (vs_op_table[one].is_access != vs_op_table[other].is_access)
        return false;             /* lookups of accesses ask for the owner */
    for (int i = 0; i < 4; i++) { /* on devices with MSI-X and without */
        const struct vs_check_entry *a = &code->entries[one][i & 1][i >> 1];
        const struct vs_check_entry *b = &code->entries[other][i & 1][i >> 1];

        if (!same_code(code, a->start, b->start) || !same_code(code, a->miss, b->miss) ||
            !same_code(code, a->pending, b->pending) ||
            !same_code(code, a->pending_miss, b->pending_miss))
            return false;
    }
    return true;
}

bool vs_check_is_private(const struct vs_check_model *model, const struct vs_check_insn *insn)
{
    uint32_t opt_in = model->setup->opt_in;

    switch (insn->code) {
    case C_JUMP:
    case C_LEAVE:
    case C_TAKE_PENDING:
        return true;
    case C_RESCHEDULE:
    case C_SOFTIRQ:
        return !model->has_barrier;
    case C_END: /* a step at least in every round of a vCPU that goes on for ever */
        return !model->has_barrier && !model->setup->loops;
    case C_RCU_LOCK:
    case C_RCU_UNLOCK:
        return !model->has_callbacks && !model->has_barrier;
    case C_DEFER:
    case C_CLEAR_PENDING:
    case C_MAP_PAGE:
        return !(opt_in & (1u << VS_VIOLATION_PENDING_TWICE | 1u << VS_VIOLATION_UNMAPPED));
    case C_MAY_FAIL:
        return !model->setup->failures;
    default:
        return false;
    }
}
