/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From Xen's trace records to accesses.
 *
 * I/O records carry neither a time nor a vCPU.  The vCPU is the one that the
 * scheduler's records put on the pCPU; the time is that of the VM exit around
 * them, and the duration is exit to entry.  An exit belongs to its vCPU, not to
 * the pCPU: a vCPU that is descheduled inside an exit (a deferred vPCI mapping)
 * may enter its guest again elsewhere.  Port accesses name their function
 * through 0xCF8, which Xen keeps per domain (struct domain, pci_cf8).
 *
 * Writes are logged before Xen handles them; one that is retried
 * (X86EMUL_RETRY) is logged twice.  Both records are kept, since a guest may as well
 * write twice, and such pairs are counted.
 */
#include "import/xen_rebuild.h"

#include <stdlib.h>
#include <string.h>

#include "import/ecam.h"
#include "import/msix.h"
#include "import/tsc.h"

/* Xen xen/include/public/xen.h, __HYPERVISOR_*. */
enum { HYPERVISOR_PHYSDEV_OP = 33, HYPERVISOR_DOMCTL = 36 };
/* Exit reasons of port I/O: AMD APM volume 2 appendix C (VMEXIT_IOIO), Intel SDM 3C appendix C. */
enum { EXIT_SVM_IOIO = 0x7b, EXIT_VMX_IO = 30 };
enum { PORT_CF8 = 0xcf8, PORT_CFC = 0xcfc, PORT_CFC_LAST = 0xcff };
#define CF8_ENABLE UINT32_C(0x80000000)

struct pcpu_state {
    uint16_t number;
    bool inferred;               /* current was told by a later record */
    struct vs_xen_vcpu *current; /* never NULL: &nobody where not known */
    struct vs_xen_vcpu nobody;
};

struct machine {
    const struct vs_xen_rebuild_options *options;
    struct vs_xen_rebuild *out;
    struct vs_msix_map msix;
    struct pcpu_state *pcpus;
    size_t pcpu_count;
    uint64_t first_tsc;
    bool no_memory;
};

/* One record on its way through the machine. */
struct step {
    struct pcpu_state *pcpu;
    const struct vs_xen_record *record;
    uint64_t now;
};

static void count(struct machine *machine, enum vs_xen_count what)
{
    machine->out->counts[what]++;
}

/* ------------------------------------------------------------------ accesses */

static bool domain_kept(const struct machine *machine, const struct vs_xen_vcpu *vcpu)
{
    if (!machine->options->domains)
        return true;
    for (size_t i = 0; i < machine->options->domain_count; i++)
        if (machine->options->domains[i] == vcpu->domain->id)
            return true;
    return false;
}

/* A new access of the vCPU that runs on the step's pCPU (it has a domain), chained to its exit. */
static struct vs_xen_access *add_access(struct machine *machine, const struct step *step,
                                        enum vs_kind kind)
{
    struct vs_xen_vcpu *vcpu = step->pcpu->current;
    struct vs_xen_access *access;
    uint64_t tsc = vcpu->exit.open ? vcpu->exit.tsc : step->now;

    if (!domain_kept(machine, vcpu)) {
        count(machine, VS_XEN_OTHER_DOMAINS);
        return NULL;
    }
    access = vs_xen_accesses_add(&machine->out->accesses);
    if (!access) {
        machine->no_memory = true;
        return NULL;
    }
    access->record = (struct vs_record){
        .time_ns = vs_tsc_to_ns(tsc - machine->first_tsc, machine->options->tsc_hz),
        .sbdf = VS_SBDF_NONE,
        .domain = vcpu->domain->id,
        .vcpu = (uint16_t)(vcpu->id & 0xffff),
        .pcpu = step->pcpu->number,
        .flags = VS_FLAG_TIME_BRACKETED,
        .kind = (uint8_t)kind,
    };
    if (step->pcpu->inferred)
        access->record.flags |= VS_FLAG_VCPU_INFERRED | VS_FLAG_DOMAIN_INFERRED;
    if (vcpu->exit.open) {
        access->rip = vcpu->exit.rip;
        access->has_rip = true;
        access->previous = vcpu->exit.last;
        vcpu->exit.last = (uint32_t)machine->out->accesses.count;
    } else {
        count(machine, VS_XEN_TIME_OF_NEIGHBOUR);
    }
    return access;
}

/* Fill in a config or MSI-X access and see whether it repeats the write before it. */
static void set_access(struct machine *machine, struct vs_xen_access *access, uint32_t sbdf,
                       uint16_t reg, bool has_value, uint32_t value)
{
    struct vs_record *record = &access->record;

    record->sbdf = sbdf;
    record->reg = reg;
    record->value = has_value ? value : 0;
    if (!has_value)
        record->flags |= VS_FLAG_VALUE_UNKNOWN;
    if (access->previous && has_value &&
        (record->kind == VS_KIND_CFG_WRITE || record->kind == VS_KIND_MSIX_WRITE)) {
        const struct vs_record *before = &machine->out->accesses.items[access->previous - 1].record;

        if (before->kind == record->kind && before->sbdf == sbdf && before->reg == reg &&
            before->value == value)
            count(machine, VS_XEN_RETRIED);
    }
}

static void add_mmio(struct machine *machine, const struct step *step, uint64_t address)
{
    struct vs_xen_access *access = add_access(machine, step, VS_KIND_MMIO);

    if (!access)
        return;
    access->record.value = (uint32_t)(address >> 12);
    count(machine, VS_XEN_OTHER_MEMORY);
}

/* --------------------------------------------------------------------- exits */

/* The tracepoint's records of an exit replace the plain ones of the same accesses. */
static void replace_plain(struct machine *machine, uint32_t last)
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
            count(machine, VS_XEN_REPLACED);
            break;
        }
    }
}

/*
 * The current vCPU's exit is over: at step->now when ended is true, else at a
 * time that the log does not hold.  The whole duration goes to the exit's first access.
 */
static void close_exit(struct machine *machine, const struct step *step, bool ended)
{
    struct vs_xen_vcpu *vcpu = step->pcpu->current;
    struct vs_xen_exit *exit = &vcpu->exit;
    struct vs_xen_access *items, *first = NULL;

    if (!exit->open)
        return;
    if (exit->faults && !exit->memory && vcpu->domain) {
        uint32_t sbdf;
        uint16_t reg;

        if (vs_ecam_find(machine->options->meta, exit->fault_address, &sbdf, &reg))
            count(machine, VS_XEN_ECAM_FAULT_ALONE);
        add_mmio(machine, step, exit->fault_address);
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
            count(machine, VS_XEN_SPLIT_EXITS);
        if (first)
            count(machine, VS_XEN_SEVERAL_IN_EXIT);
        first = access;
    }
    if (first && ended && step->now >= exit->tsc) {
        uint64_t duration_ns = vs_tsc_to_ns(step->now - exit->tsc, machine->options->tsc_hz);

        first->record.duration_ns = duration_ns > UINT32_MAX ? UINT32_MAX : (uint32_t)duration_ns;
    } else if (first) {
        count(machine, VS_XEN_EXIT_WITHOUT_ENTRY);
    }
    exit->open = false;
}

static void open_exit(struct machine *machine, const struct step *step)
{
    const struct vs_xen_record *record = step->record;
    struct vs_xen_exit *exit = &step->pcpu->current->exit;

    close_exit(machine, step, false);
    *exit = (struct vs_xen_exit){
        .open = true,
        .nested = record->event & VS_XEN_BIT_NESTED,
        .tsc = step->now,
        .rip = record->word[1],
        .reason = record->word[0],
    };
    if (record->event & VS_XEN_BIT_64)
        exit->rip |= (uint64_t)record->word[2] << 32;
    if (exit->nested)
        count(machine, VS_XEN_NESTED_EXITS);
}

/* ---------------------------------------------------------------- scheduling */

/* The pCPU's vCPU goes away, perhaps inside an exit. */
static void leave(struct pcpu_state *pcpu)
{
    pcpu->current->running = false;
    if (pcpu->current->exit.open)
        pcpu->current->exit.split = true;
    pcpu->nobody.exit.open = false;
    pcpu->current = &pcpu->nobody;
    pcpu->inferred = false;
}

/* id runs on the pCPU from here on. */
static void run(struct machine *machine, struct pcpu_state *pcpu, uint32_t id)
{
    struct vs_xen_vcpu *vcpu;

    leave(pcpu);
    vcpu = vs_xen_vcpus_get(&machine->out->vcpus, id);
    if (!vcpu) {
        machine->no_memory = true;
        return;
    }
    for (size_t i = 0; vcpu->running && i < machine->pcpu_count; i++)
        if (machine->pcpus[i].current == vcpu)
            leave(&machine->pcpus[i]);
    vcpu->running = true;
    pcpu->current = vcpu;
}

static void on_runstate(struct machine *machine, const struct step *step)
{
    unsigned int from = step->record->event >> 8 & 0xf, to = step->record->event >> 4 & 0xf;
    struct pcpu_state *pcpu = step->pcpu;
    uint32_t id = step->record->word[0];

    if (to != 0 && from != 0) /* a wakeup of some vCPU, done by this pCPU */
        return;
    if (pcpu->current != &pcpu->nobody && (pcpu->current->id == id) != (from == 0))
        count(machine, VS_XEN_VCPU_CORRECTED);
    if (to == 0)
        run(machine, pcpu, id);
    else
        leave(pcpu);
}

static void on_continue(struct machine *machine, const struct step *step)
{
    struct pcpu_state *pcpu = step->pcpu;

    if (pcpu->current->id != step->record->word[0]) {
        count(machine, VS_XEN_VCPU_CORRECTED);
        run(machine, pcpu, step->record->word[0]);
    }
    pcpu->inferred = false;
    if (pcpu->current->exit.open)
        pcpu->current->exit.split = true;
}

static void on_lost(struct machine *machine, const struct step *step)
{
    const struct vs_xen_record *record = step->record;
    uint64_t from = (uint64_t)record->word[3] << 32 | record->word[2];
    uint32_t resumed = (record->word[1] & 0xffff) << 16 | record->word[1] >> 16;
    struct vs_xen_access *access;

    close_exit(machine, step, false);
    run(machine, step->pcpu, resumed);
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

/* ----------------------------------------------------------------------- I/O */

static void count_exit_reason(struct machine *machine, const struct vs_xen_exit *exit)
{
    if (!exit->open)
        return;
    count(machine, exit->reason == EXIT_SVM_IOIO ? VS_XEN_IO_EXITS_SVM
                   : exit->reason == EXIT_VMX_IO ? VS_XEN_IO_EXITS_VMX
                                                 : VS_XEN_IO_EXITS_OTHER);
}

static void on_cf8(struct machine *machine, struct vs_xen_vcpu *vcpu, bool write, bool has_value,
                   uint32_t value)
{
    count(machine, write ? VS_XEN_CF8_WRITES : VS_XEN_CF8_READS);
    if (!vcpu->domain)
        return;
    if (write)
        vs_xen_latch_write(vcpu, has_value, value);
    else if (has_value)
        vs_xen_latch_read(vcpu, value);
}

static void on_port(struct machine *machine, const struct step *step)
{
    const struct vs_xen_record *record = step->record;
    struct vs_xen_vcpu *vcpu = step->pcpu->current;
    bool write = record->event & VS_XEN_BIT_WRITE, has_value = record->words == 2;
    uint32_t port = record->word[0], value = record->word[1], cf8 = 0;
    enum vs_xen_latch_choice choice;
    struct vs_xen_access *access;

    count_exit_reason(machine, &vcpu->exit);
    if (port == PORT_CF8) {
        on_cf8(machine, vcpu, write, has_value, value);
        return;
    }
    if (port < PORT_CFC || port > PORT_CFC_LAST) {
        count(machine, VS_XEN_OTHER_PORTS);
        return;
    }
    if (!vcpu->domain) {
        count(machine, VS_XEN_NO_VCPU);
        return;
    }
    choice = vs_xen_latch_choose(vcpu, &cf8);
    if (choice == VS_XEN_LATCH_NONE || !(cf8 & CF8_ENABLE)) {
        count(machine, choice == VS_XEN_LATCH_NONE ? VS_XEN_NO_CF8 : VS_XEN_CF8_DISABLED);
        return;
    }
    access = add_access(machine, step, write ? VS_KIND_CFG_WRITE : VS_KIND_CFG_READ);
    if (!access)
        return;
    access->record.flags |= VS_FLAG_PATH_PORT;
    if (choice != VS_XEN_LATCH_OWN) {
        access->record.flags |= VS_FLAG_CF8_STALE;
        count(machine, choice == VS_XEN_LATCH_OTHER     ? VS_XEN_CF8_OTHER
                       : choice == VS_XEN_LATCH_DIFFERS ? VS_XEN_CF8_DIFFERS
                                                        : VS_XEN_CF8_LOST);
    }
    /* Bits 27-24 (AMD's extended registers) are ignored by vPCI: CF8_ADDR_LO in Xen
     * xen/arch/x86/include/asm/pci.h. */
    set_access(machine, access, cf8 >> 8 & 0xffff, (uint16_t)((cf8 & 0xfc) | (port & 3)), has_value,
               value);
}

static void on_memory(struct machine *machine, const struct step *step)
{
    const struct vs_xen_record *record = step->record;
    struct vs_xen_vcpu *vcpu = step->pcpu->current;
    bool wide = record->event & VS_XEN_BIT_64, write = record->event & VS_XEN_BIT_WRITE;
    bool has_value = record->words == (wide ? 4 : 2);
    uint64_t address = wide ? (uint64_t)record->word[1] << 32 | record->word[0] : record->word[0];
    const struct vs_msix_range *msix;
    struct vs_xen_access *access;
    uint32_t sbdf;
    uint16_t reg;
    bool ecam;

    if (vcpu->exit.open)
        vcpu->exit.memory++;
    if (!vcpu->domain) {
        count(machine, VS_XEN_NO_VCPU);
        return;
    }
    ecam = vs_ecam_find(machine->options->meta, address, &sbdf, &reg);
    msix = ecam ? NULL : vs_msix_map_find(&machine->msix, address);
    if (msix) {
        sbdf = msix->sbdf;
        reg = (uint16_t)(msix->reg + (address - msix->first));
    }
    if (!ecam && !msix) {
        add_mmio(machine, step, address);
        return;
    }
    access = add_access(machine, step,
                        ecam ? (write ? VS_KIND_CFG_WRITE : VS_KIND_CFG_READ)
                             : (write ? VS_KIND_MSIX_WRITE : VS_KIND_MSIX_READ));
    if (!access)
        return;
    if (ecam)
        access->record.flags |= VS_FLAG_PATH_ECAM;
    set_access(machine, access, sbdf, reg, has_value, record->word[wide ? 2 : 1]);
    access->wide_value = wide && has_value;
    access->value_high = access->wide_value ? record->word[3] : 0;
}

static void on_fault(struct machine *machine, const struct step *step)
{
    struct vs_xen_exit *exit = &step->pcpu->current->exit;

    if (!exit->open) {
        count(machine, VS_XEN_FAULT_OUTSIDE);
        return;
    }
    if (exit->faults++ == 0)
        exit->fault_address = (uint64_t)step->record->word[1] << 32 | step->record->word[0];
}

static void on_hypercall(struct machine *machine, const struct step *step)
{
    if (step->record->word[0] == HYPERVISOR_PHYSDEV_OP)
        count(machine, VS_XEN_PHYSDEV_OPS);
    if (step->record->word[0] == HYPERVISOR_DOMCTL)
        count(machine, VS_XEN_DOMCTLS);
}

/* The proposed tracepoint: sbdf, reg | size << 12 | write << 15, value, domain << 16 | vcpu. */
static void on_vpci(struct machine *machine, const struct step *step)
{
    const uint32_t *word = step->record->word;
    unsigned int size = word[1] >> 12 & 7, reg = word[1] & 0xfff;
    struct pcpu_state *pcpu = step->pcpu;
    struct vs_xen_access *access;

    if ((size != 1 && size != 2 && size != 4) || reg % size != 0 || word[0] == VS_SBDF_NONE ||
        (size < 4 && word[2] >> (8 * size) != 0) || word[3] >> 16 >= VS_XEN_DOMAIN_FIRST_RESERVED) {
        count(machine, VS_XEN_BAD_TRACEPOINT);
        return;
    }
    if (pcpu->current->id != word[3]) {
        struct vs_xen_exit exit = pcpu->nobody.exit;
        bool unknown = pcpu->current == &pcpu->nobody;

        run(machine, pcpu, word[3]);
        if (unknown && exit.open)
            pcpu->current->exit = exit;
    }
    if (!pcpu->current->domain)
        return;
    access = add_access(machine, step, word[1] >> 15 & 1 ? VS_KIND_CFG_WRITE : VS_KIND_CFG_READ);
    if (!access)
        return;
    access->record.sbdf = word[0];
    access->record.reg = (uint16_t)reg;
    access->record.value = word[2];
    access->record.size = access->size = (uint8_t)size;
    if (pcpu->current->exit.open)
        pcpu->current->exit.reported++;
}

/* --------------------------------------------------------------------- runs */

static void on_record(struct machine *machine, const struct step *step, enum vs_xen_kind kind)
{
    switch (kind) {
    case VS_XEN_EXIT_SVM:
        count(machine, VS_XEN_SVM_IDS);
        open_exit(machine, step);
        break;
    case VS_XEN_EXIT:
        open_exit(machine, step);
        break;
    case VS_XEN_ENTRY:
        close_exit(machine, step, true);
        break;
    case VS_XEN_PORT:
        on_port(machine, step);
        break;
    case VS_XEN_MEMORY:
        on_memory(machine, step);
        break;
    case VS_XEN_NPF:
        on_fault(machine, step);
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
        on_hypercall(machine, step);
        break;
    case VS_XEN_VPCI:
        on_vpci(machine, step);
        break;
    case VS_XEN_UNKNOWN:
    case VS_XEN_OTHER:
    case VS_XEN_FILLER:
    case VS_XEN_WINDOW:
        break;
    }
}

static int start(struct machine *machine, const struct vs_xen_log *log, struct vs_error *error)
{
    machine->pcpu_count = vs_xen_log_pcpu_count(log);
    machine->pcpus = calloc(machine->pcpu_count, sizeof(*machine->pcpus));
    if (!machine->pcpus)
        return vs_error_set(error, VS_ERR_MEMORY, "no memory for %zu pCPUs", machine->pcpu_count);
    machine->first_tsc = vs_xen_log_first_tsc(log);
    for (size_t i = 0; i < machine->pcpu_count; i++) {
        const struct vs_xen_pcpu *pcpu = vs_xen_log_pcpu(log, i);
        struct pcpu_state *state = &machine->pcpus[i];

        state->number = pcpu->number;
        state->nobody.id = VS_XEN_NOBODY;
        state->current = &state->nobody;
        if (pcpu->first_vcpu != VS_XEN_NOBODY) {
            run(machine, state, pcpu->first_vcpu);
            state->inferred = true;
            count(machine, VS_XEN_VCPU_FROM_LATER);
        }
    }
    return vs_msix_map_build(machine->options->meta, &machine->msix, error);
}

int vs_xen_rebuild_run(struct vs_xen_log *log, const struct vs_xen_rebuild_options *options,
                       struct vs_xen_rebuild *rebuild, struct vs_error *error)
{
    struct machine machine = {.options = options, .out = rebuild};
    const struct vs_xen_event *event;
    struct vs_xen_record record;
    struct step step = {.record = &record};
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
        close_exit(&machine, &step, false);
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
