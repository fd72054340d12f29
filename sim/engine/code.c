/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From step trees to instructions.  A shape fixes every fact and quantity, so
 * most of a program is constant: branches on facts are decided here, repeats of
 * pure work are multiplied out, and neighbouring work becomes one number.
 */
#include "code.h"

#include <stdlib.h>

struct builder {
    const struct vs_machine *machine;
    const struct vs_shape *shape;
    struct vs_insn *insns;
    uint32_t count, capacity;
    unsigned loops;   /* nesting while emitting */
    uint32_t barrier; /* no merging of work with instructions before this one */
    bool failed, too_deep;
    bool cold_reads; /* handler lists change: their walks are instructions (warmth.c) */
};

static struct vs_insn *emit(struct builder *builder, enum vs_insn_code code)
{
    if (builder->count == builder->capacity) {
        uint32_t capacity = builder->capacity ? 2 * builder->capacity : 1024;
        struct vs_insn *grown = realloc(builder->insns, capacity * sizeof *grown);
        if (!grown) {
            builder->failed = true;
            return NULL;
        }
        builder->insns = grown;
        builder->capacity = capacity;
    }
    struct vs_insn *insn = &builder->insns[builder->count++];
    *insn = (struct vs_insn){.code = (uint8_t)code};
    return insn;
}

/* A place that jumps may lead to: work behind it must not merge with work before it. */
static uint32_t here(struct builder *builder)
{
    builder->barrier = builder->count;
    return builder->count;
}

static uint64_t quantity(const struct builder *builder, const struct vs_step *step)
{
    uint64_t times = step->count ? step->count : 1;
    if (step->quantity != VS_QUANTITY_ONE)
        times *= builder->shape->quantity[step->quantity];
    if (step->per != VS_QUANTITY_ONE && builder->shape->quantity[step->per] > 1) {
        uint64_t per = builder->shape->quantity[step->per];
        times = (times + per - 1) / per;
    }
    return times;
}

static bool fact_holds(const struct builder *builder, const struct vs_step *step)
{
    bool holds = (builder->shape->facts >> step->fact) & 1u;
    return holds != step->negate;
}

static void emit_work(struct builder *builder, vs_ps cost_ps)
{
    if (cost_ps == 0)
        return;
    if (builder->count > builder->barrier &&
        builder->insns[builder->count - 1].code == VS_INSN_WORK) {
        builder->insns[builder->count - 1].cost_ps += cost_ps;
        return;
    }
    struct vs_insn *insn = emit(builder, VS_INSN_WORK);
    if (insn)
        insn->cost_ps = cost_ps;
}

static void emit_block(struct builder *builder, const struct vs_block *block);

/* Is a block only work that nothing measured replaces?  Then *cost_ps is its
 * cost and a repeat of it needs no loop. */
static bool pure_work(const struct builder *builder, const struct vs_block *block, vs_ps *cost_ps)
{
    vs_ps sum = 0;
    for (size_t i = 0; i < block->count; i++) {
        const struct vs_step *step = &block->steps[i];
        if (step->kind != VS_STEP_WORK || vs_work_table[step->work].is_config_cycle ||
            (builder->cold_reads && step->work == VS_WORK_HANDLER_NODE))
            return false;
        sum += builder->machine->work_ps[step->work] * quantity(builder, step);
    }
    *cost_ps = sum;
    return true;
}

static void emit_work_step(struct builder *builder, const struct vs_step *step)
{
    uint64_t times = quantity(builder, step);
    vs_ps cost_ps = builder->machine->work_ps[step->work];
    bool is_walk = builder->cold_reads && step->work == VS_WORK_HANDLER_NODE;
    if (!vs_work_table[step->work].is_config_cycle && !is_walk) {
        emit_work(builder, cost_ps * times);
        return;
    }
    if (times == 0)
        return;
    struct vs_insn *insn = emit(builder, is_walk ? VS_INSN_HANDLERS : VS_INSN_CYCLE);
    if (insn) {
        insn->cost_ps = cost_ps * times;
        insn->count = (uint32_t)times;
    }
}

static void emit_repeat(struct builder *builder, const struct vs_step *step)
{
    uint64_t times = quantity(builder, step);
    vs_ps body_ps, between_ps;
    if (times == 0)
        return;
    if (pure_work(builder, &step->body, &body_ps) &&
        pure_work(builder, &step->orelse, &between_ps)) {
        emit_work(builder, body_ps * times + between_ps * (times - 1));
        return;
    }
    if (times == 1) {
        emit_block(builder, &step->body);
        return;
    }
    if (++builder->loops > VS_LOOPS_MAX)
        builder->too_deep = true;
    /* body; then (times - 1) rounds of between, body. */
    emit_block(builder, &step->body);
    struct vs_insn *begin = emit(builder, VS_INSN_REPEAT);
    uint32_t begin_at = builder->count - 1;
    if (begin)
        begin->count = (uint32_t)(times - 1);
    uint32_t body = here(builder);
    emit_block(builder, &step->orelse);
    emit_block(builder, &step->body);
    struct vs_insn *next = emit(builder, VS_INSN_REPEAT_NEXT);
    if (next)
        next->target = body;
    uint32_t behind = here(builder);
    if (!builder->failed)
        builder->insns[begin_at].target = behind;
    builder->loops--;
}

static void emit_for_each(struct builder *builder, const struct vs_step *step)
{
    if (++builder->loops > VS_LOOPS_MAX)
        builder->too_deep = true;
    struct vs_insn *begin = emit(builder, VS_INSN_EACH);
    uint32_t begin_at = builder->count - 1;
    if (begin) {
        begin->argument = step->list;
        begin->whose = step->whose;
        begin->which = step->skip_self;
        begin->mode = step->part;
        begin->flags = step->by_address ? VS_INSN_BY_ADDRESS : 0;
        begin->cost_ps = builder->machine->work_ps[VS_WORK_LIST_NODE];
    }
    uint32_t body = here(builder);
    emit_block(builder, &step->body);
    struct vs_insn *next = emit(builder, VS_INSN_EACH_NEXT);
    if (next) {
        next->target = body;
        next->cost_ps = builder->machine->work_ps[VS_WORK_LIST_NODE];
    }
    uint32_t behind = here(builder);
    if (!builder->failed)
        builder->insns[begin_at].target = behind;
    builder->loops--;
}

/* Body and otherwise of an instruction that goes to its target when it fails:
 * the branch is the last one emitted. */
static void emit_branches(struct builder *builder, const struct vs_step *step)
{
    uint32_t branch_at = builder->count - 1;
    emit_block(builder, &step->body);
    emit(builder, VS_INSN_JUMP);
    uint32_t jump_at = builder->count - 1;
    uint32_t otherwise = here(builder);
    emit_block(builder, &step->orelse);
    uint32_t behind = here(builder);
    if (builder->failed)
        return;
    builder->insns[branch_at].target = otherwise;
    builder->insns[jump_at].target = behind;
}

static void emit_try(struct builder *builder, const struct vs_step *step)
{
    struct vs_insn *try_insn = emit(builder, VS_INSN_TRY);
    if (try_insn) {
        try_insn->lock = step->lock;
        try_insn->mode = step->mode;
        try_insn->whose = step->whose;
        try_insn->which = step->which;
    }
    emit_branches(builder, step);
}

static void emit_bars(struct builder *builder, const struct vs_step *step, enum vs_lock_mode mode)
{
    uint64_t comparisons = mode == VS_MODE_READ ? quantity(builder, step) : 0;
    struct vs_insn *begin = emit(builder, VS_INSN_BARS_BEGIN);
    if (begin) {
        begin->mode = (uint8_t)mode;
        begin->which = step->which;
        begin->cost_ps = builder->machine->work_ps[VS_WORK_BAR_COMPARE] * comparisons;
    }
    struct vs_insn *end = emit(builder, VS_INSN_BARS_END);
    if (end) {
        end->mode = (uint8_t)mode;
        end->which = step->which;
    }
}

static void emit_lookup(struct builder *builder, const struct vs_step *step)
{
    static const enum vs_insn_code codes[] = {VS_INSN_LOOKUP, VS_INSN_LOOKUP_END};
    for (unsigned i = 0; i < 2; i++) {
        struct vs_insn *insn = emit(builder, codes[i]);
        if (insn) {
            insn->argument = step->list;
            insn->whose = step->whose;
            insn->cost_ps = builder->machine->work_ps[VS_WORK_LIST_NODE];
        }
    }
}

/* DEREF with two branches; without them it is a simple instruction. */
static void emit_if_vpci(struct builder *builder, const struct vs_step *step)
{
    struct vs_insn *deref = emit(builder, VS_INSN_DEREF);
    if (deref) {
        deref->which = step->which;
        deref->flags = step->recheck ? VS_INSN_RECHECK : 0;
    }
    emit_branches(builder, step);
}

/* Steps that are one instruction with the same fields. */
static const uint8_t simple_code[VS_STEP_KIND_COUNT] = {
    [VS_STEP_LOCK] = VS_INSN_LOCK,
    [VS_STEP_UNLOCK] = VS_INSN_UNLOCK,
    [VS_STEP_DEREF] = VS_INSN_DEREF,
    [VS_STEP_USE] = VS_INSN_USE,
    [VS_STEP_LINK] = VS_INSN_LINK,
    [VS_STEP_UNLINK] = VS_INSN_UNLINK,
    [VS_STEP_SET_OWNER] = VS_INSN_SET_OWNER,
    [VS_STEP_ALLOCATE] = VS_INSN_ALLOCATE,
    [VS_STEP_PUBLISH] = VS_INSN_PUBLISH,
    [VS_STEP_CLEAR] = VS_INSN_CLEAR,
    [VS_STEP_FREE] = VS_INSN_FREE,
    [VS_STEP_RCU_READ_LOCK] = VS_INSN_RCU_LOCK,
    [VS_STEP_RCU_READ_UNLOCK] = VS_INSN_RCU_UNLOCK,
    [VS_STEP_CALL_RCU] = VS_INSN_CALL_RCU,
    [VS_STEP_RCU_BARRIER] = VS_INSN_RCU_BARRIER,
    [VS_STEP_GET] = VS_INSN_GET,
    [VS_STEP_PUT] = VS_INSN_PUT,
    [VS_STEP_DEFER] = VS_INSN_DEFER,
    [VS_STEP_TAKE_PENDING] = VS_INSN_TAKE_PENDING,
    [VS_STEP_CLEAR_PENDING] = VS_INSN_CLEAR_PENDING,
    [VS_STEP_SOFTIRQ] = VS_INSN_SOFTIRQ,
    [VS_STEP_RESCHEDULE] = VS_INSN_RESCHEDULE,
    [VS_STEP_LEAVE] = VS_INSN_LEAVE,
    [VS_STEP_RETRY] = VS_INSN_RETRY,
    [VS_STEP_RECHECK_OWNER] = VS_INSN_RECHECK_OWNER,
};

/* Back in the guest softirqs have been processed.  Where that and the VM exit cost nothing
 * (an ideal machine) a nanosecond passes all the same, or a retry would never end. */
static vs_ps retry_cost(const struct builder *builder)
{
    vs_ps cost_ps = builder->machine->work_ps[VS_WORK_SOFTIRQ];
    return cost_ps ? cost_ps : VS_PS_PER_NS;
}

static void emit_simple(struct builder *builder, const struct vs_step *step)
{
    struct vs_insn *insn = emit(builder, simple_code[step->kind]);
    if (!insn)
        return;
    insn->lock = step->lock;
    insn->mode = step->mode;
    insn->whose = step->whose;
    insn->which = step->which;
    bool has_list = step->kind == VS_STEP_LINK || step->kind == VS_STEP_UNLINK;
    insn->argument = has_list ? step->list : step->object;
    insn->flags =
        (uint8_t)((step->by_sbdf ? VS_INSN_BY_SBDF : 0) | (step->with_ref ? VS_INSN_WITH_REF : 0) |
                  (step->initial ? VS_INSN_INITIAL : 0) | (step->recheck ? VS_INSN_RECHECK : 0));
    if (step->kind == VS_STEP_SOFTIRQ || step->kind == VS_STEP_RESCHEDULE)
        insn->cost_ps = builder->machine->work_ps[VS_WORK_SOFTIRQ];
    if (step->kind == VS_STEP_RETRY)
        insn->cost_ps = retry_cost(builder);
    if (step->kind == VS_STEP_ALLOCATE)
        insn->cost_ps = builder->machine->work_ps[VS_WORK_ALLOCATE];
    if (step->kind == VS_STEP_FREE)
        insn->cost_ps = builder->machine->work_ps[VS_WORK_FREE];
}

static void emit_step(struct builder *builder, const struct vs_step *step)
{
    switch (step->kind) {
    case VS_STEP_WORK:
        emit_work_step(builder, step);
        return;
    case VS_STEP_REPEAT:
        emit_repeat(builder, step);
        return;
    case VS_STEP_FOR_EACH:
        if (step->whose != VS_OF_XEN) /* workloads know no list of dom_xen's */
            emit_for_each(builder, step);
        return;
    case VS_STEP_MAY_FAIL: /* a replay is of what went well */
        emit_block(builder, &step->orelse);
        return;
    case VS_STEP_ASSERT: /* a debug build's, and free of cost here */
        return;
    case VS_STEP_IF:
        emit_block(builder, fact_holds(builder, step) ? &step->body : &step->orelse);
        return;
    case VS_STEP_TRY:
        emit_try(builder, step);
        return;
    case VS_STEP_DEREF:
        if (step->branch)
            emit_if_vpci(builder, step);
        else
            emit_simple(builder, step);
        return;
    case VS_STEP_READ_BARS:
        emit_bars(builder, step, VS_MODE_READ);
        return;
    case VS_STEP_WRITE_BARS:
        emit_bars(builder, step, VS_MODE_WRITE);
        return;
    case VS_STEP_LOOKUP:
        emit_lookup(builder, step);
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

static uint32_t emit_program(struct builder *builder, const struct vs_block *first,
                             const struct vs_block *second)
{
    uint32_t start = here(builder);
    if (first)
        emit_block(builder, first);
    emit_block(builder, second);
    emit(builder, VS_INSN_END);
    return start;
}

/* VM exit and config cycles: what this access costs under any policy. */
static vs_ps base_cost(const struct builder *builder, const struct vs_shape *shape)
{
    const struct vs_op_info *info = &vs_op_table[shape->op];
    enum vs_work exit_work = VS_WORK_EXIT_HYPERCALL;
    if (info->is_access)
        exit_work = (shape->facts >> VS_FACT_VIA_ECAM) & 1u ? VS_WORK_EXIT_MMIO : VS_WORK_EXIT_PORT;
    enum vs_work cycle =
        (shape->facts >> VS_FACT_HW_CONF1) & 1u ? VS_WORK_CONF1_CYCLE : VS_WORK_ECAM_CYCLE;
    uint64_t cycles = (uint64_t)shape->quantity[VS_Q_CYCLES_LOCKED] +
                      shape->quantity[VS_Q_CYCLES_TRAILING] + shape->quantity[VS_Q_CYCLES_HANDLER];
    return builder->machine->work_ps[exit_work] + cycles * builder->machine->work_ps[cycle];
}

int vs_code_build(const struct vs_workload *workload, const struct vs_policy *policy,
                  const struct vs_machine *machine, struct vs_code **code, struct vs_error *error)
{
    struct builder builder = {.machine = machine,
                              .cold_reads = vs_warmth_matters(workload, policy)};
    struct vs_code *made = calloc(1, sizeof *made);
    int ret = VS_ERR_MEMORY;

    if (!made)
        goto out;
    made->shapes = calloc(workload->shape_count + 1, sizeof *made->shapes);
    if (!made->shapes)
        goto out;
    for (size_t i = 0; i < workload->shape_count && !builder.failed; i++) {
        const struct vs_shape *shape = &workload->shapes[i];
        const struct vs_program *program = &policy->programs[shape->op];
        struct vs_entry_points *points = &made->shapes[i];
        builder.shape = shape;
        points->start = emit_program(&builder, &program->entry, &program->steps);
        points->miss = emit_program(&builder, NULL, &program->miss);
        if (vs_op_table[shape->op].defers) {
            const struct vs_program *map = &policy->programs[VS_OP_MAP_PENDING];
            points->pending = emit_program(&builder, &map->entry, &map->steps);
            points->pending_miss = emit_program(&builder, NULL, &map->miss);
        }
        points->base_ps = base_cost(&builder, shape);
        points->cycles = shape->quantity[VS_Q_CYCLES_LOCKED] +
                         shape->quantity[VS_Q_CYCLES_TRAILING] +
                         shape->quantity[VS_Q_CYCLES_HANDLER];
        points->op = shape->op;
        points->is_access = vs_op_table[shape->op].is_access;
    }
    if (builder.failed)
        goto out;
    if (builder.too_deep) {
        ret = vs_error_set_at(error, VS_ERR_INPUT, policy->file, VS_NOWHERE, VS_NOWHERE,
                              "a program nests more than %d loops", VS_LOOPS_MAX);
        goto out;
    }
    made->cold_reads = builder.cold_reads;
    made->insns = builder.insns;
    made->count = builder.count;
    builder.insns = NULL;
    *code = made;
    made = NULL;
    ret = 0;
out:
    if (ret == VS_ERR_MEMORY)
        vs_error_set(error, ret, "out of memory while compiling policy %s", policy->name);
    free(builder.insns);
    vs_code_free(made);
    return ret;
}

static enum vs_lock_place place_of(const struct vs_lock_decl *decl, const struct vs_insn *insn)
{
    switch (decl->scope) {
    case VS_SCOPE_GLOBAL:
        return VS_PLACE_FIXED;
    case VS_SCOPE_DOMAIN:
        return insn->whose == VS_OF_CALLER ? VS_PLACE_CALLER : VS_PLACE_ASK;
    case VS_SCOPE_DEVICE:
        return insn->which == VS_SELF ? VS_PLACE_SELF : VS_PLACE_ASK;
    }
    return VS_PLACE_ASK;
}

void vs_code_place_locks(struct vs_code *code, const struct vs_policy *policy,
                         const uint32_t *lock_base)
{
    for (uint32_t i = 0; i < code->count; i++) {
        struct vs_insn *insn = &code->insns[i];
        if (insn->code != VS_INSN_LOCK && insn->code != VS_INSN_UNLOCK && insn->code != VS_INSN_TRY)
            continue;
        const struct vs_lock_decl *decl = &policy->locks[insn->lock];
        insn->base = lock_base[insn->lock];
        insn->kind = (uint8_t)decl->kind;
        insn->place = (uint8_t)place_of(decl, insn);
        if (decl->inside != VS_OBJECT_NONE && decl->scope == VS_SCOPE_DEVICE)
            insn->flags |= VS_INSN_INSIDE;
    }
}

void vs_code_free(struct vs_code *code)
{
    if (!code)
        return;
    free(code->insns);
    free(code->shapes);
    free(code);
}
