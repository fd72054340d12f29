/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Steps that hold no steps: what they do to lists, objects, the pending slot and the
 * hardware.  Work is only written where it touches the device, finishes an object or,
 * where a scenario asks, maps a page.
 */
#include "internal.h"

static bool looks_for(const struct vs_promela_writer *writer, enum vs_violation violation)
{
    return (writer->setup->opt_in >> violation) & 1u;
}

/* A step that may find nothing. */
static void leave_if_missing(struct vs_promela_writer *writer)
{
    vs_promela_line(writer, "if");
    vs_promela_line(writer, ":: missing ->");
    writer->indent++;
    vs_promela_leave(writer);
    writer->indent--;
    vs_promela_line(writer, ":: else");
    vs_promela_line(writer, "fi;");
}

/* -------------------------------------------------------------------- finding */

/* Through the list of all devices an access asks for the owner as well; assign_device
 * wants the host's own, deassign_device a domain's (xen/drivers/passthrough/pci.c). */
static void lookup(struct vs_promela_writer *writer, const struct vs_step *step)
{
    char whose[PROMELA_TEXT], wanted[PROMELA_TEXT] = "true";

    if (step->list != VS_LIST_ALL_DEVICES)
        vs_promela_whose(writer, step->whose, whose);
    else
        snprintf(whose, sizeof(whose), "0");
    if (step->list != VS_LIST_ALL_DEVICES || writer->device == VS_CHECK_NONE)
        ;
    else if (writer->op == VS_OP_DEVICE_ASSIGN)
        snprintf(wanted, sizeof(wanted), "owner[%u] == 0", writer->device);
    else if (writer->op == VS_OP_DEVICE_DEASSIGN)
        snprintf(wanted, sizeof(wanted), "owner[%u] != 0", writer->device);
    else if (vs_op_table[writer->op].is_access)
        snprintf(wanted, sizeof(wanted), "owner[%u] == %u", writer->device, writer->domain);
    vs_promela_line(writer, "lookup(%s, %s, %u, %s);", vs_promela_list(step->list), whose,
                    writer->device, wanted);
    leave_if_missing(writer);
    writer->from_slot = false;
}

static void deref(struct vs_promela_writer *writer, const struct vs_step *step)
{
    char pdev[PROMELA_TEXT], vpci[PROMELA_TEXT];
    const struct vs_promela_loop *loop =
        writer->loop_count > 0 ? &writer->loops[writer->loop_count - 1] : NULL;

    vs_promela_pdev(writer, step->which, pdev);
    vs_promela_vpci(writer, step->which, vpci);
    if (step->which == VS_OTHER && loop && loop->step->by_address)
        vs_promela_line(writer, "deref_by_address(%s, %s, %s, %s);", pdev, vpci,
                        vs_promela_list(loop->step->list), loop->whose);
    else
        vs_promela_line(writer, "%s(%s, %s, %s);", step->recheck ? "recheck" : "deref", pdev, vpci,
                        vs_promela_stale(writer, step->which));
    if (!step->branch)
        leave_if_missing(writer);
}

/* A hidden device is the hardware domain's to use as well. */
static void recheck_owner(struct vs_promela_writer *writer, const struct vs_step *step)
{
    unsigned int device = writer->device;

    (void)step;
    if (device == VS_CHECK_NONE)
        return;
    if (writer->domain == 0)
        vs_promela_line(writer, "missing = (owner[%u] != 0 && owner[%u] != DOM_XEN);", device,
                        device);
    else
        vs_promela_line(writer, "missing = (owner[%u] != %u);", device, writer->domain);
    leave_if_missing(writer);
}

static void use(struct vs_promela_writer *writer, const struct vs_step *step)
{
    char pdev[PROMELA_TEXT], vpci[PROMELA_TEXT];

    vs_promela_pdev(writer, step->which, pdev);
    if (step->object == VS_OBJECT_PDEV)
        vs_promela_line(writer, "use_pdev(%s, %s);", pdev, vs_promela_stale(writer, step->which));
    else
        vs_promela_line(writer, "use_vpci(%s, %s, %s);", pdev,
                        vs_promela_vpci(writer, step->which, vpci),
                        vs_promela_stale(writer, step->which));
}

/* ------------------------------------------------------------------------ BARs */

/* What a scenario about pages asks besides: another device that decodes keeps a page
 * out of the map, but of one that is decided in map-pending where that unmaps it; the
 * deferred map switches decoding. */
static void note_pages(struct vs_promela_writer *writer, const struct vs_step *step, bool write)
{
    char device[PROMELA_TEXT];

    if (writer->device == VS_CHECK_NONE)
        return;
    bool fills = !write && step->which == VS_SELF;

    writer->fills |= fills && !writer->pending;
    if (fills && writer->pending && looks_for(writer, VS_VIOLATION_PENDING_TWICE))
        vs_promela_line(writer, "fill_rangesets(%u);", writer->device);
    if (!looks_for(writer, VS_VIOLATION_UNMAPPED))
        return;
    vs_promela_device(writer, step->which, device);
    if (fills && writer->pending)
        vs_promela_line(writer, "slot_page = slot_decode;");
    if (step->which == VS_OTHER && writer->pending)
        vs_promela_line(
            writer, "slot_page = slot_page && (slot_on || !decoding[%s] || PAGE(%s) != PAGE(%u));",
            device, device, writer->device);
    else if (step->which == VS_OTHER)
        vs_promela_line(writer, "excluded = excluded || (decoding[%s] && PAGE(%s) == PAGE(%u));",
                        device, device, writer->device);
    if (write && writer->pending)
        vs_promela_line(writer, "decoding[%s] = (slot_decode -> slot_on : decoding[%s]);", device,
                        device);
}

static void bars(struct vs_promela_writer *writer, const struct vs_step *step)
{
    bool write = step->kind == VS_STEP_WRITE_BARS;
    char vpci[PROMELA_TEXT];

    vs_promela_vpci(writer, step->which, vpci);
    vs_promela_line(writer, "d_step {");
    writer->indent++;
    note_pages(writer, step, write);
    vs_promela_line(writer, "%s_bars_begin(%s)", write ? "write" : "read", vpci);
    writer->indent--;
    vs_promela_line(writer, "};");
    vs_promela_line(writer, "%s_bars_end(%s);", write ? "write" : "read", vpci);
}

/* ------------------------------------------------------- making, moving, freeing */

static void relink(struct vs_promela_writer *writer, const struct vs_step *step)
{
    char pdev[PROMELA_TEXT], whose[PROMELA_TEXT];

    vs_promela_pdev(writer, step->which, pdev);
    vs_promela_whose(writer, step->whose, whose);
    if (step->kind == VS_STEP_UNLINK)
        vs_promela_line(writer, "unlink(%s, %s, %s);", pdev, vs_promela_list(step->list),
                        vs_promela_stale(writer, step->which));
    else
        vs_promela_line(writer, "link(%s, %s, %s, %s);", pdev, vs_promela_list(step->list),
                        step->list == VS_LIST_ALL_DEVICES ? "0" : whose,
                        vs_promela_stale(writer, step->which));
}

static void set_owner(struct vs_promela_writer *writer, const struct vs_step *step)
{
    char pdev[PROMELA_TEXT], device[PROMELA_TEXT], whose[PROMELA_TEXT];

    vs_promela_line(writer, "atomic {");
    writer->indent++;
    vs_promela_line(writer, "use_pdev(%s, %s);", vs_promela_pdev(writer, step->which, pdev),
                    vs_promela_stale(writer, step->which));
    vs_promela_line(writer, "owner[%s] = %s", vs_promela_device(writer, step->which, device),
                    vs_promela_whose(writer, step->whose, whose));
    writer->indent--;
    vs_promela_line(writer, "};");
}

static void allocate(struct vs_promela_writer *writer, const struct vs_step *step)
{
    unsigned int times = writer->loop_count > 0 ? writer->setup->device_count : 1;
    char pdev[PROMELA_TEXT], vpci[PROMELA_TEXT], device[PROMELA_TEXT];

    vs_promela_pdev(writer, step->which, pdev);
    vs_promela_vpci(writer, step->which, vpci);
    vs_promela_device(writer, step->which, device);
    if (step->object == VS_OBJECT_PDEV) {
        writer->made_pdevs += times;
        vs_promela_line(writer, "allocate_pdev(%s, %s);", pdev, device);
        leave_if_missing(writer);
        writer->from_slot = false;
    } else {
        writer->made_vpcis += times;
        writer->makes_vpci = true;
        vs_promela_line(writer, "allocate_vpci(%s, %s, %s, %s);", pdev, vpci, device,
                        writer->completes_vpci ? "true" : "false");
    }
}

static void publish_or_clear(struct vs_promela_writer *writer, const struct vs_step *step)
{
    char pdev[PROMELA_TEXT];

    vs_promela_line(writer, "%s_vpci(%s, %s);", step->kind == VS_STEP_PUBLISH ? "publish" : "clear",
                    vs_promela_pdev(writer, step->which, pdev),
                    vs_promela_stale(writer, step->which));
}

static void free_object(struct vs_promela_writer *writer, const struct vs_step *step)
{
    char pdev[PROMELA_TEXT];

    vs_promela_pdev(writer, step->which, pdev);
    if (step->kind == VS_STEP_CALL_RCU) {
        writer->callbacks += writer->loop_count > 0 ? writer->setup->device_count : 1;
        vs_promela_line(writer, "call_rcu_%s(%s);", vs_object_name(step->object), pdev);
    } else if (step->object == VS_OBJECT_PDEV) {
        vs_promela_line(writer, "free_pdev(%s);", pdev);
    } else {
        vs_promela_line(writer, "free_vpci(%s, %s);", pdev, vs_promela_stale(writer, step->which));
    }
}

/* -------------------------------------------------------------- pending slot */

static void defer(struct vs_promela_writer *writer, const struct vs_step *step)
{
    struct vs_promela_held held;
    bool pages = looks_for(writer, VS_VIOLATION_UNMAPPED);

    vs_promela_line(writer, "d_step {");
    writer->indent++;
    vs_promela_line(writer, "if");
    vs_promela_line(writer, ":: pdev != NONE ->");
    writer->indent++;
    if (writer->fills && looks_for(writer, VS_VIOLATION_PENDING_TWICE)) {
        vs_promela_line(writer, "if");
        vs_promela_line(writer, ":: MAP_PENDING_ELSEWHERE(%u) -> broken(PENDING_TWICE)",
                        writer->device);
        vs_promela_line(writer, ":: else");
        vs_promela_line(writer, "fi;");
        vs_promela_line(writer, "map_pending[me] = %u;", writer->device);
    }
    if (pages && writer->op == VS_OP_TOGGLE_DECODE)
        vs_promela_line(writer,
                        "slot_decode = true; slot_on = !decoding[%u]; slot_page = !excluded; "
                        "excluded = false;",
                        writer->device);
    if (step->with_ref && vs_promela_drop(writer, VS_STEP_GET, step, &held))
        vs_promela_line(writer, "slot_ref = ref%u; ref%u = NONE;", held.ref, held.ref);
    if (writer->has_unraised)
        vs_promela_line(writer, "slot_unraised = %s;", step->unraised ? "true" : "false");
    vs_promela_line(writer, "slot = pdev");
    writer->indent--;
    vs_promela_line(writer, ":: else");
    vs_promela_line(writer, "fi");
    writer->indent--;
    vs_promela_line(writer, "};");
}

static void take_pending(struct vs_promela_writer *writer, const struct vs_step *step)
{
    vs_promela_line(writer, "missing = (slot == NONE);");
    leave_if_missing(writer);
    if (step->with_ref) {
        vs_promela_get(writer, step);
        unsigned int ref = writer->held[writer->held_count - 1].ref;

        vs_promela_line(writer, "d_step { ref%u = slot_ref; slot_ref = NONE };", ref);
    }
    vs_promela_line(writer, "d_step { vpci = NONE; pdev = %s };", step->by_sbdf ? "NONE" : "slot");
    writer->from_slot = !step->by_sbdf;
}

void vs_promela_clear_slot(struct vs_promela_writer *writer)
{
    for (size_t i = 0; i < writer->policy->lock_count; i++) {
        const struct vs_lock_decl *decl = &writer->policy->locks[i];

        if (decl->kind != VS_LOCK_REFCOUNT)
            continue;
        vs_promela_line(writer, "put_reference(slot_ref, %s, %s); /* if it was never taken out */",
                        vs_promela_stale(writer, VS_SELF),
                        decl->inside == VS_OBJECT_VPCI ? "false" : "true");
    }
    vs_promela_line(writer, "d_step {");
    writer->indent++;
    if (looks_for(writer, VS_VIOLATION_PENDING_TWICE))
        vs_promela_line(writer, "map_pending[me] = NONE; map_lost[me] = false;");
    if (looks_for(writer, VS_VIOLATION_UNMAPPED))
        vs_promela_line(writer, "slot_decode = false; slot_on = false; slot_page = false;");
    if (writer->has_unraised)
        vs_promela_line(writer, "slot_unraised = false;");
    vs_promela_line(writer, "slot_ref = NONE; slot = NONE");
    writer->indent--;
    vs_promela_line(writer, "};");
}

static void clear_pending(struct vs_promela_writer *writer, const struct vs_step *step)
{
    (void)step;
    vs_promela_clear_slot(writer);
}

/* ---------------------------------------------------------------------- time */

static void quiescent(struct vs_promela_writer *writer, const struct vs_step *step)
{
    (void)step;
    if (vs_promela_is_locked(writer))
        vs_promela_line(writer, "broken(SOFTIRQ_UNDER_LOCK);");
    if (writer->has_barrier)
        vs_promela_line(writer, "quiescent();");
}

static void rcu_barrier(struct vs_promela_writer *writer, const struct vs_step *step)
{
    (void)step;
    if (vs_promela_is_locked(writer))
        vs_promela_line(writer, "broken(RCU_BARRIER_UNDER_LOCK);");
    vs_promela_line(writer, "rcu_barrier();");
}

/* A hardware cycle: is the device still the guest's; is vPCI past it? */
static void touch(struct vs_promela_writer *writer)
{
    if (writer->device == VS_CHECK_NONE)
        return;
    if (!writer->in_miss && writer->domain != 0) {
        vs_promela_line(writer, "if");
        vs_promela_line(writer, ":: d_step { owner[%u] != %u -> broken(FORMER_OWNER) }",
                        writer->device, writer->domain);
        vs_promela_line(writer, ":: d_step { owner[%u] == %u -> skip }", writer->device,
                        writer->domain);
        vs_promela_line(writer, "fi;");
    }
    if (!writer->in_miss || !looks_for(writer, VS_VIOLATION_UNMEDIATED))
        return;
    vs_promela_line(writer, "d_step {");
    vs_promela_line(writer, "    if");
    vs_promela_line(writer, "    :: (changes_hands[%u] & ~(1 << me)) != 0 && owner[%u] == %u &&",
                    writer->device, writer->device, writer->domain);
    vs_promela_line(writer, "       pdevs[PDEV_OF(%u)].alive && pdevs[PDEV_OF(%u)].vpci == NONE ->",
                    writer->device, writer->device);
    vs_promela_line(writer, "        broken(UNMEDIATED_ACCESS)");
    vs_promela_line(writer, "    :: else");
    vs_promela_line(writer, "    fi");
    vs_promela_line(writer, "};");
}

static void map_page(struct vs_promela_writer *writer)
{
    unsigned int page = writer->setup->devices[writer->device].page;

    if (looks_for(writer, VS_VIOLATION_PENDING_TWICE)) {
        vs_promela_line(writer, "if");
        vs_promela_line(writer, ":: map_lost[me] -> broken(PENDING_TWICE)");
        vs_promela_line(writer, ":: else");
        vs_promela_line(writer, "fi;");
    }
    if (!looks_for(writer, VS_VIOLATION_UNMAPPED))
        return;
    vs_promela_line(writer,
                    "mapped = (!slot_page -> mapped : (slot_on -> mapped | %u : mapped & ~%u));",
                    1u << page, 1u << page);
}

static void work(struct vs_promela_writer *writer, const struct vs_step *step)
{
    bool hardware = writer->domain == 0;
    bool is_config = vs_op_table[writer->op].is_access && !writer->pending;

    if (vs_work_table[step->work].is_config_cycle && is_config && (writer->in_miss || !hardware))
        touch(writer);
    else if (step->work == VS_WORK_HANDLER && step->quantity == VS_Q_CAPABILITIES &&
             writer->makes_vpci)
        vs_promela_line(writer, "complete_vpci();");
    else if (step->work == VS_WORK_P2M_ENTRY && writer->maps_entry && writer->pending &&
             writer->device != VS_CHECK_NONE)
        map_page(writer);
}

typedef void step_writer(struct vs_promela_writer *writer, const struct vs_step *step);

void vs_promela_simple_step(struct vs_promela_writer *writer, const struct vs_step *step)
{
    static step_writer *const writers[VS_STEP_KIND_COUNT] = {
        [VS_STEP_WORK] = work,
        [VS_STEP_LOCK] = vs_promela_acquire,
        [VS_STEP_UNLOCK] = vs_promela_release_step,
        [VS_STEP_LOOKUP] = lookup,
        [VS_STEP_DEREF] = deref,
        [VS_STEP_RECHECK_OWNER] = recheck_owner,
        [VS_STEP_ASSERT] = vs_promela_assert,
        [VS_STEP_USE] = use,
        [VS_STEP_READ_BARS] = bars,
        [VS_STEP_WRITE_BARS] = bars,
        [VS_STEP_LINK] = relink,
        [VS_STEP_UNLINK] = relink,
        [VS_STEP_SET_OWNER] = set_owner,
        [VS_STEP_ALLOCATE] = allocate,
        [VS_STEP_PUBLISH] = publish_or_clear,
        [VS_STEP_CLEAR] = publish_or_clear,
        [VS_STEP_FREE] = free_object,
        [VS_STEP_RCU_READ_LOCK] = vs_promela_rcu_lock,
        [VS_STEP_RCU_READ_UNLOCK] = vs_promela_rcu_unlock,
        [VS_STEP_CALL_RCU] = free_object,
        [VS_STEP_RCU_BARRIER] = rcu_barrier,
        [VS_STEP_GET] = vs_promela_get,
        [VS_STEP_PUT] = vs_promela_put,
        [VS_STEP_DEFER] = defer,
        [VS_STEP_TAKE_PENDING] = take_pending,
        [VS_STEP_CLEAR_PENDING] = clear_pending,
        [VS_STEP_SOFTIRQ] = quiescent,
        [VS_STEP_RESCHEDULE] = quiescent,
    };

    if (writers[step->kind])
        writers[step->kind](writer, step);
    else
        vs_promela_refuse(writer, "a step that models for SPIN do not know");
}
