/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From Xen's trace records to accesses: who runs, and which exit is open.
 *
 * I/O records carry neither a time nor a vCPU.  The vCPU is the one that the
 * scheduler's records put on the pCPU; the time is that of the VM exit around
 * them, and the duration is exit to entry.  An exit belongs to its vCPU, not to
 * the pCPU: a vCPU that is descheduled inside an exit (a deferred vPCI mapping)
 * may enter its guest again elsewhere.
 */
#include "import/xen_rebuild.h"

#include <stdlib.h>

#include "import/ecam.h"
#include "import/tsc.h"
#include "import/xen_machine.h"

/* --------------------------------------------------------------------- exits */

/* The tracepoint's records of an exit replace the plain ones of the same accesses. */
static void replace_plain(struct vs_xen_machine *machine, uint32_t last)
{
    struct vs_xen_access *items = machine->out->accesses.items;

    for (uint32_t i = last; i; i = items[i - 1].previous) {
        struct vs_xen_access *plain = &items[i - 1];

        if (plain->record.size ||
            (plain->record.kind != VS_KIND_CFG_READ && plain->record.kind != VS_KIND_CFG_WRITE))
            continue;
        for (uint32_t j = last; j; j = items[j - 1].previous) {
            struct vs_xen_access *known = &items[j - 1];

            if (!known->record.size || known->record.kind != plain->record.kind ||
                known->record.sbdf != plain->record.sbdf || known->record.reg != plain->record.reg)
                continue;
            known->record.flags =
                (uint16_t)(known->record.flags |
                           (plain->record.flags & (VS_FLAG_PATH_PORT | VS_FLAG_PATH_ECAM)));
            plain->dropped = true;
            vs_xen_machine_count(machine, VS_XEN_REPLACED);
            break;
        }
    }
}

/*
 * An exit of the current vCPU is over: at step->now when ended is true, else at a
 * time that the log does not hold.  The whole duration goes to the exit's first access.
 */
static void close_exit(struct vs_xen_machine *machine, const struct vs_xen_step *step,
                       struct vs_xen_exit *exit, bool ended)
{
    struct vs_xen_vcpu *vcpu = step->pcpu->current;
    struct vs_xen_access *items, *first = NULL;

    if (!exit->open)
        return;
    if (exit->faults && !exit->memory && vcpu->domain) {
        uint32_t sbdf;
        uint16_t reg;

        if (vs_ecam_find(machine->options->meta, exit->fault_address, &sbdf, &reg))
            vs_xen_machine_count(machine, VS_XEN_ECAM_FAULT_ALONE);
        vs_xen_machine_mmio(machine, step, exit->fault_address);
    }
    if (exit->reported)
        replace_plain(machine, exit->last);
    items = machine->out->accesses.items;
    for (uint32_t i = exit->last; i; i = items[i - 1].previous) {
        struct vs_xen_access *access = &items[i - 1];

        if (exit->split)
            access->record.flags |= VS_FLAG_SPLIT;
        if (access->dropped)
            continue;
        if (exit->split)
            vs_xen_machine_count(machine, VS_XEN_SPLIT_EXITS);
        if (first)
            vs_xen_machine_count(machine, VS_XEN_SEVERAL_IN_EXIT);
        first = access;
    }
    if (first && ended && step->now >= exit->tsc) {
        uint64_t duration_ns = vs_tsc_to_ns(step->now - exit->tsc, machine->options->tsc_hz);

        first->record.duration_ns = duration_ns > UINT32_MAX ? UINT32_MAX : (uint32_t)duration_ns;
    } else if (first) {
        vs_xen_machine_count(machine, VS_XEN_EXIT_WITHOUT_ENTRY);
    }
    exit->open = false;
}

static void open_exit(struct vs_xen_machine *machine, const struct vs_xen_step *step)
{
    const struct vs_xen_record *record = step->record;
    struct vs_xen_exit *exit = &step->pcpu->current->exit;

    close_exit(machine, step, exit, false);
    *exit = (struct vs_xen_exit){
        .open = true,
        .pcpu = step->pcpu->number,
        .nested = record->event & VS_XEN_BIT_NESTED,
        .tsc = step->now,
        .rip = record->word[1],
        .reason = record->word[0],
    };
    if (record->event & VS_XEN_BIT_64)
        exit->rip |= (uint64_t)record->word[2] << 32;
    if (exit->nested)
        vs_xen_machine_count(machine, VS_XEN_NESTED_EXITS);
}

/* ---------------------------------------------------------------- scheduling */

/* The pCPU's vCPU goes away, perhaps inside an exit. */
static void leave(struct vs_xen_pcpu_state *pcpu)
{
    struct vs_xen_exit *exit = vs_xen_pcpu_exit(pcpu);

    if (exit->open)
        exit->split = true;
    if (pcpu->current->running)
        pcpu->current->running--;
    pcpu->nobody.exit.open = false;
    pcpu->current = &pcpu->nobody;
    pcpu->inferred = pcpu->contested = false;
}

/*
 * vcpu begins to run while other pCPUs' streams have it running.  Where that was only told by a
 * later record it is wrong; else either the records of its leaving are lost, or the other pCPU's
 * TSC is ahead and its records still come.  Which of the two shows in its next record: see
 * on_record.
 */
static void contest(struct vs_xen_machine *machine, struct vs_xen_vcpu *vcpu)
{
    for (size_t i = 0; vcpu->running && i < machine->pcpu_count; i++) {
        struct vs_xen_pcpu_state *other = &machine->pcpus[i];

        if (other->current != vcpu)
            continue;
        if (other->inferred) {
            leave(other);
            continue;
        }
        other->contested = true;
        vcpu->latch.skewed = true;
        if (vcpu->exit.open)
            vcpu->exit.split = true;
    }
}

/* id runs on the pCPU from here on. */
void vs_xen_machine_run(struct vs_xen_machine *machine, struct vs_xen_pcpu_state *pcpu, uint32_t id)
{
    struct vs_xen_vcpu *vcpu;

    leave(pcpu);
    vcpu = vs_xen_vcpus_get(&machine->out->vcpus, id);
    if (!vcpu) {
        machine->no_memory = true;
        return;
    }
    contest(machine, vcpu);
    vcpu->running++;
    pcpu->current = vcpu;
}

static void on_runstate(struct vs_xen_machine *machine, const struct vs_xen_step *step)
{
    unsigned int from = step->record->event >> 8 & 0xf, to = step->record->event >> 4 & 0xf;
    struct vs_xen_pcpu_state *pcpu = step->pcpu;
    uint32_t id = step->record->word[0];

    if (to != 0 && from != 0) /* a wakeup of some vCPU, done by this pCPU */
        return;
    if (pcpu->current != &pcpu->nobody && (pcpu->current->id == id) != (from == 0))
        vs_xen_machine_count(machine, VS_XEN_VCPU_CORRECTED);
    if (to == 0)
        vs_xen_machine_run(machine, pcpu, id);
    else
        leave(pcpu);
}

static void on_continue(struct vs_xen_machine *machine, const struct vs_xen_step *step)
{
    struct vs_xen_pcpu_state *pcpu = step->pcpu;

    if (pcpu->current->id != step->record->word[0]) {
        vs_xen_machine_count(machine, VS_XEN_VCPU_CORRECTED);
        vs_xen_machine_run(machine, pcpu, step->record->word[0]);
    }
    pcpu->inferred = false;
    if (pcpu->current->exit.open)
        pcpu->current->exit.split = true;
}

static void on_lost(struct vs_xen_machine *machine, const struct vs_xen_step *step)
{
    const struct vs_xen_record *record = step->record;
    uint64_t from = (uint64_t)record->word[3] << 32 | record->word[2];
    uint32_t resumed = (record->word[1] & 0xffff) << 16 | record->word[1] >> 16;
    struct vs_xen_access *access;

    close_exit(machine, step, vs_xen_pcpu_exit(step->pcpu), false);
    vs_xen_machine_run(machine, step->pcpu, resumed);
    step->pcpu->current->exit.open = false;
    vs_xen_vcpus_lost(&machine->out->vcpus);
    machine->out->counts[VS_XEN_LOST_RECORDS] += record->word[0];
    access = vs_xen_accesses_add(&machine->out->accesses);
    if (!access) {
        machine->no_memory = true;
        return;
    }
    access->record = (struct vs_record){
        .time_ns = vs_tsc_to_ns(step->now - machine->first_tsc, machine->options->tsc_hz),
        .value = record->word[0],
        .sbdf = VS_SBDF_NONE,
        .domain = VS_DOMAIN_NONE,
        .vcpu = VS_VCPU_NONE,
        .pcpu = step->pcpu->number,
        .kind = VS_KIND_LOST,
    };
    if (from <= step->now && from >= machine->first_tsc) {
        uint64_t gap_ns = vs_tsc_to_ns(step->now - from, machine->options->tsc_hz);

        access->record.duration_ns = gap_ns > UINT32_MAX ? UINT32_MAX : (uint32_t)gap_ns;
    }
}

/* --------------------------------------------------------------------- runs */

static void on_record(struct vs_xen_machine *machine, const struct vs_xen_step *step,
                      enum vs_xen_kind kind)
{
    struct vs_xen_pcpu_state *pcpu = step->pcpu;

    if (pcpu->contested && kind != VS_XEN_FILLER && kind != VS_XEN_WINDOW) {
        pcpu->contested = false;
        if (kind != VS_XEN_LOST)
            vs_xen_machine_count(machine, VS_XEN_VCPU_TWICE);
    }
    switch (kind) {
    case VS_XEN_EXIT_SVM:
        vs_xen_machine_count(machine, VS_XEN_SVM_IDS);
        open_exit(machine, step);
        break;
    case VS_XEN_EXIT:
        open_exit(machine, step);
        break;
    case VS_XEN_ENTRY:
        close_exit(machine, step, vs_xen_pcpu_exit(step->pcpu), true);
        break;
    case VS_XEN_PORT:
        vs_xen_machine_on_port(machine, step);
        break;
    case VS_XEN_MEMORY:
        vs_xen_machine_on_memory(machine, step);
        break;
    case VS_XEN_NPF:
        vs_xen_machine_on_fault(machine, step);
        break;
    case VS_XEN_RUNSTATE:
        on_runstate(machine, step);
        break;
    case VS_XEN_CONTINUE:
        on_continue(machine, step);
        break;
    case VS_XEN_LOST:
        on_lost(machine, step);
        break;
    case VS_XEN_VMMCALL:
        vs_xen_machine_on_hypercall(machine, step);
        break;
    case VS_XEN_VPCI:
        vs_xen_machine_on_vpci(machine, step);
        break;
    case VS_XEN_UNKNOWN:
    case VS_XEN_OTHER:
    case VS_XEN_FILLER:
    case VS_XEN_WINDOW:
        break;
    }
}

static int start(struct vs_xen_machine *machine, const struct vs_xen_log *log,
                 struct vs_error *error)
{
    machine->pcpu_count = vs_xen_log_pcpu_count(log);
    machine->pcpus = calloc(machine->pcpu_count, sizeof(*machine->pcpus));
    if (!machine->pcpus)
        return vs_error_set(error, VS_ERR_MEMORY, "no memory for %zu pCPUs", machine->pcpu_count);
    machine->first_tsc = vs_xen_log_first_tsc(log);
    for (size_t i = 0; i < machine->pcpu_count; i++) {
        const struct vs_xen_pcpu *pcpu = vs_xen_log_pcpu(log, i);
        struct vs_xen_pcpu_state *state = &machine->pcpus[i];

        state->number = pcpu->number;
        state->nobody.id = VS_XEN_NOBODY;
        state->current = &state->nobody;
        if (pcpu->first_vcpu != VS_XEN_NOBODY) {
            vs_xen_machine_run(machine, state, pcpu->first_vcpu);
            state->inferred = true;
            vs_xen_machine_count(machine, VS_XEN_VCPU_FROM_LATER);
        }
    }
    return vs_msix_map_build(machine->options->meta, &machine->msix, error);
}

int vs_xen_rebuild_run(struct vs_xen_log *log, const struct vs_xen_rebuild_options *options,
                       struct vs_xen_rebuild *rebuild, struct vs_error *error)
{
    struct vs_xen_machine machine = {.options = options, .out = rebuild};
    const struct vs_xen_event *event;
    struct vs_xen_record record;
    struct vs_xen_step step = {.record = &record};
    size_t pcpu;
    int ret;

    *rebuild = (struct vs_xen_rebuild){0};
    ret = start(&machine, log, error);
    if (ret < 0)
        goto out;
    while ((ret = vs_xen_log_next(log, &record, &event, &pcpu, &step.now, error)) > 0) {
        step.pcpu = &machine.pcpus[pcpu];
        on_record(&machine, &step, event->kind);
        if (machine.no_memory) {
            ret = vs_error_set(error, VS_ERR_MEMORY, "no memory for %zu accesses",
                               rebuild->accesses.count);
            break;
        }
    }
    for (size_t i = 0; ret == 0 && i < machine.pcpu_count; i++) {
        step.pcpu = &machine.pcpus[i];
        close_exit(&machine, &step, vs_xen_pcpu_exit(step.pcpu), false);
    }
out:
    vs_msix_map_free(&machine.msix);
    free(machine.pcpus);
    return ret;
}

void vs_xen_rebuild_free(struct vs_xen_rebuild *rebuild)
{
    vs_xen_accesses_free(&rebuild->accesses);
    vs_xen_vcpus_free(&rebuild->vcpus);
}

static const struct {
    enum vs_import_group group;
    const char *name;
} count_names[VS_XEN_COUNTS] = {
    [VS_XEN_NO_VCPU] = {VS_IMPORT_NOT_REBUILT, "unknown-vcpu"},
    [VS_XEN_NO_CF8] = {VS_IMPORT_NOT_REBUILT, "no-cf8"},
    [VS_XEN_FAULT_OUTSIDE] = {VS_IMPORT_NOT_REBUILT, "fault-outside-any-exit"},
    [VS_XEN_BAD_TRACEPOINT] = {VS_IMPORT_NOT_REBUILT, "bad-vpci-access"},
    [VS_XEN_CF8_DISABLED] = {VS_IMPORT_NOT_REBUILT, "cf8-disabled"},
    [VS_XEN_LOST_RECORDS] = {VS_IMPORT_NOT_REBUILT, "lost-records"},
    [VS_XEN_TIME_OF_NEIGHBOUR] = {VS_IMPORT_INFERRED, "outside-any-exit"},
    [VS_XEN_EXIT_WITHOUT_ENTRY] = {VS_IMPORT_INFERRED, "exit-without-entry"},
    [VS_XEN_SEVERAL_IN_EXIT] = {VS_IMPORT_INFERRED, "further-access-in-exit"},
    [VS_XEN_SPLIT_EXITS] = {VS_IMPORT_INFERRED, "split-exit"},
    [VS_XEN_CF8_OTHER] = {VS_IMPORT_INFERRED, "cf8-of-another-vcpu"},
    [VS_XEN_CF8_DIFFERS] = {VS_IMPORT_INFERRED, "cf8-written-by-another-vcpu-since"},
    [VS_XEN_CF8_LOST] = {VS_IMPORT_INFERRED, "cf8-from-before-lost-records"},
    [VS_XEN_CF8_SKEWED] = {VS_IMPORT_INFERRED, "cf8-of-vcpu-on-two-pcpus-at-once"},
    [VS_XEN_VCPU_TWICE] = {VS_IMPORT_INFERRED, "vcpu-on-two-pcpus-at-once"},
    [VS_XEN_RETRIED] = {VS_IMPORT_INFERRED, "write-perhaps-retried"},
    [VS_XEN_REPLACED] = {VS_IMPORT_IGNORED, "replaced-by-vpci-access"},
    [VS_XEN_VCPU_FROM_LATER] = {VS_IMPORT_INFERRED, "first-vcpu-of-pcpu"},
    [VS_XEN_VCPU_CORRECTED] = {VS_IMPORT_INFERRED, "vcpu-corrected"},
    [VS_XEN_ECAM_FAULT_ALONE] = {VS_IMPORT_INFERRED, "ecam-fault-without-access"},
    [VS_XEN_NESTED_EXITS] = {VS_IMPORT_SEEN, "nested-exits"},
    [VS_XEN_CF8_WRITES] = {VS_IMPORT_SEEN, "cf8-writes"},
    [VS_XEN_CF8_READS] = {VS_IMPORT_SEEN, "cf8-reads"},
    [VS_XEN_OTHER_MEMORY] = {VS_IMPORT_SEEN, "mmio-outside-config-space"},
    [VS_XEN_PHYSDEV_OPS] = {VS_IMPORT_SEEN, "hypercall-physdev-op"},
    [VS_XEN_DOMCTLS] = {VS_IMPORT_SEEN, "hypercall-domctl"},
    [VS_XEN_IO_EXITS_SVM] = {VS_IMPORT_SEEN, "port-exits-with-svm-reason"},
    [VS_XEN_IO_EXITS_VMX] = {VS_IMPORT_SEEN, "port-exits-with-vmx-reason"},
    [VS_XEN_IO_EXITS_OTHER] = {VS_IMPORT_SEEN, "port-exits-with-other-reason"},
    [VS_XEN_SVM_IDS] = {VS_IMPORT_SEEN, "exits-with-svm-id"},
    [VS_XEN_OTHER_PORTS] = {VS_IMPORT_IGNORED, "other-ports"},
    [VS_XEN_OTHER_DOMAINS] = {VS_IMPORT_IGNORED, "other-domains"},
};

void vs_xen_rebuild_report(const struct vs_xen_rebuild *rebuild, struct vs_import_report *report)
{
    for (int i = 0; i < VS_XEN_COUNTS; i++)
        vs_import_count(report, count_names[i].group, count_names[i].name, rebuild->counts[i]);
}
