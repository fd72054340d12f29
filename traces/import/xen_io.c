/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * I/O records to accesses.  Port accesses name their function through 0xCF8, which Xen
 * keeps per domain (struct domain, pci_cf8); memory accesses by the ECAM window or
 * MSI-X table that they fall into.
 *
 * Writes are logged before Xen handles them; one that is retried
 * (X86EMUL_RETRY) is logged twice.  Both records are kept, since a guest may as well
 * write twice, and such pairs are counted.
 */
#include "import/ecam.h"
#include "import/tsc.h"
#include "import/xen_machine.h"

/* Xen xen/include/public/xen.h, __HYPERVISOR_*. */
enum { HYPERVISOR_PHYSDEV_OP = 33, HYPERVISOR_DOMCTL = 36 };
/* Exit reasons of port I/O: AMD APM volume 2 appendix C (VMEXIT_IOIO), Intel SDM 3C appendix C. */
enum { EXIT_SVM_IOIO = 0x7b, EXIT_VMX_IO = 30 };
enum { PORT_CF8 = 0xcf8, PORT_CFC = 0xcfc, PORT_CFC_LAST = 0xcff };
#define CF8_ENABLE UINT32_C(0x80000000)

/* ------------------------------------------------------------------ accesses */

static bool domain_kept(const struct vs_xen_machine *machine, const struct vs_xen_vcpu *vcpu)
{
    if (!machine->options->domains)
        return true;
    for (size_t i = 0; i < machine->options->domain_count; i++)
        if (machine->options->domains[i] == vcpu->domain->id)
            return true;
    return false;
}

/* A new access of the vCPU that runs on the step's pCPU (it has a domain), chained to its exit. */
struct vs_xen_access *vs_xen_machine_access(struct vs_xen_machine *machine,
                                            const struct vs_xen_step *step, enum vs_kind kind)
{
    struct vs_xen_vcpu *vcpu = step->pcpu->current;
    struct vs_xen_exit *exit = vs_xen_pcpu_exit(step->pcpu);
    struct vs_xen_access *access;
    uint64_t tsc = exit->open ? exit->tsc : step->now;

    if (!domain_kept(machine, vcpu)) {
        vs_xen_machine_count(machine, VS_XEN_OTHER_DOMAINS);
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
    if (exit->open) {
        access->rip = exit->rip;
        access->has_rip = true;
        access->previous = exit->last;
        exit->last = (uint32_t)machine->out->accesses.count;
    } else {
        vs_xen_machine_count(machine, VS_XEN_TIME_OF_NEIGHBOUR);
    }
    return access;
}

/* Fill in a config or MSI-X access and see whether it repeats the write before it. */
static void set_access(struct vs_xen_machine *machine, struct vs_xen_access *access, uint32_t sbdf,
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
            vs_xen_machine_count(machine, VS_XEN_RETRIED);
    }
}

void vs_xen_machine_mmio(struct vs_xen_machine *machine, const struct vs_xen_step *step,
                         uint64_t address)
{
    struct vs_xen_access *access = vs_xen_machine_access(machine, step, VS_KIND_MMIO);

    if (!access)
        return;
    access->record.value = (uint32_t)(address >> 12);
    vs_xen_machine_count(machine, VS_XEN_OTHER_MEMORY);
}

/* ----------------------------------------------------------------------- I/O */

static void count_exit_reason(struct vs_xen_machine *machine, const struct vs_xen_exit *exit)
{
    if (!exit->open)
        return;
    vs_xen_machine_count(machine, exit->reason == EXIT_SVM_IOIO ? VS_XEN_IO_EXITS_SVM
                                  : exit->reason == EXIT_VMX_IO ? VS_XEN_IO_EXITS_VMX
                                                                : VS_XEN_IO_EXITS_OTHER);
}

static void on_cf8(struct vs_xen_machine *machine, struct vs_xen_vcpu *vcpu, bool write,
                   bool has_value, uint32_t value)
{
    vs_xen_machine_count(machine, write ? VS_XEN_CF8_WRITES : VS_XEN_CF8_READS);
    if (!vcpu->domain)
        return;
    if (write)
        vs_xen_latch_write(vcpu, has_value, value);
    else if (has_value)
        vs_xen_latch_read(vcpu, value);
}

void vs_xen_machine_on_port(struct vs_xen_machine *machine, const struct vs_xen_step *step)
{
    const struct vs_xen_record *record = step->record;
    struct vs_xen_vcpu *vcpu = step->pcpu->current;
    bool write = record->event & VS_XEN_BIT_WRITE, has_value = record->words == 2;
    uint32_t port = record->word[0], value = record->word[1], cf8 = 0;
    enum vs_xen_latch_choice choice;
    struct vs_xen_access *access;

    count_exit_reason(machine, vs_xen_pcpu_exit(step->pcpu));
    if (port == PORT_CF8) {
        on_cf8(machine, vcpu, write, has_value, value);
        return;
    }
    if (port < PORT_CFC || port > PORT_CFC_LAST) {
        vs_xen_machine_count(machine, VS_XEN_OTHER_PORTS);
        return;
    }
    if (!vcpu->domain) {
        vs_xen_machine_count(machine, VS_XEN_NO_VCPU);
        return;
    }
    choice = vs_xen_latch_choose(vcpu, &cf8);
    if (choice == VS_XEN_LATCH_NONE || !(cf8 & CF8_ENABLE)) {
        vs_xen_machine_count(machine,
                             choice == VS_XEN_LATCH_NONE ? VS_XEN_NO_CF8 : VS_XEN_CF8_DISABLED);
        return;
    }
    access = vs_xen_machine_access(machine, step, write ? VS_KIND_CFG_WRITE : VS_KIND_CFG_READ);
    if (!access)
        return;
    access->record.flags |= VS_FLAG_PATH_PORT;
    if (choice != VS_XEN_LATCH_OWN) {
        access->record.flags |= VS_FLAG_CF8_STALE;
        vs_xen_machine_count(machine, choice == VS_XEN_LATCH_OTHER     ? VS_XEN_CF8_OTHER
                                      : choice == VS_XEN_LATCH_DIFFERS ? VS_XEN_CF8_DIFFERS
                                      : choice == VS_XEN_LATCH_SKEWED  ? VS_XEN_CF8_SKEWED
                                                                       : VS_XEN_CF8_LOST);
    }
    /* Bits 27-24 (AMD's extended registers) are ignored by vPCI: CF8_ADDR_LO in Xen
     * xen/arch/x86/include/asm/pci.h. */
    set_access(machine, access, cf8 >> 8 & 0xffff, (uint16_t)((cf8 & 0xfc) | (port & 3)), has_value,
               value);
}

void vs_xen_machine_on_memory(struct vs_xen_machine *machine, const struct vs_xen_step *step)
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

    if (vs_xen_pcpu_exit(step->pcpu)->open)
        vcpu->exit.memory++;
    if (!vcpu->domain) {
        vs_xen_machine_count(machine, VS_XEN_NO_VCPU);
        return;
    }
    ecam = vs_ecam_find(machine->options->meta, address, &sbdf, &reg);
    msix = ecam ? NULL : vs_msix_map_find(&machine->msix, address);
    if (msix) {
        sbdf = msix->sbdf;
        reg = (uint16_t)(msix->reg + (address - msix->first));
    }
    if (!ecam && !msix) {
        vs_xen_machine_mmio(machine, step, address);
        return;
    }
    access = vs_xen_machine_access(machine, step,
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

void vs_xen_machine_on_fault(struct vs_xen_machine *machine, const struct vs_xen_step *step)
{
    struct vs_xen_exit *exit = vs_xen_pcpu_exit(step->pcpu);

    if (!exit->open) {
        vs_xen_machine_count(machine, VS_XEN_FAULT_OUTSIDE);
        return;
    }
    if (exit->faults++ == 0)
        exit->fault_address = (uint64_t)step->record->word[1] << 32 | step->record->word[0];
}

void vs_xen_machine_on_hypercall(struct vs_xen_machine *machine, const struct vs_xen_step *step)
{
    if (step->record->word[0] == HYPERVISOR_PHYSDEV_OP)
        vs_xen_machine_count(machine, VS_XEN_PHYSDEV_OPS);
    if (step->record->word[0] == HYPERVISOR_DOMCTL)
        vs_xen_machine_count(machine, VS_XEN_DOMCTLS);
}

/* The proposed tracepoint: sbdf, reg | size << 12 | write << 15, value, domain << 16 | vcpu. */
void vs_xen_machine_on_vpci(struct vs_xen_machine *machine, const struct vs_xen_step *step)
{
    const uint32_t *word = step->record->word;
    unsigned int size = word[1] >> 12 & 7, reg = word[1] & 0xfff;
    struct vs_xen_pcpu_state *pcpu = step->pcpu;
    struct vs_xen_access *access;

    if ((size != 1 && size != 2 && size != 4) || reg % size != 0 || word[0] == VS_SBDF_NONE ||
        (size < 4 && word[2] >> (8 * size) != 0) || word[3] >> 16 >= VS_XEN_DOMAIN_FIRST_RESERVED) {
        vs_xen_machine_count(machine, VS_XEN_BAD_TRACEPOINT);
        return;
    }
    if (pcpu->current->id != word[3]) {
        struct vs_xen_exit exit = pcpu->nobody.exit;
        bool unknown = pcpu->current == &pcpu->nobody;

        vs_xen_machine_run(machine, pcpu, word[3]);
        if (unknown && exit.open)
            pcpu->current->exit = exit;
    }
    if (!pcpu->current->domain)
        return;
    access = vs_xen_machine_access(machine, step,
                                   word[1] >> 15 & 1 ? VS_KIND_CFG_WRITE : VS_KIND_CFG_READ);
    if (!access)
        return;
    access->record.sbdf = word[0];
    access->record.reg = (uint16_t)reg;
    access->record.value = word[2];
    access->record.size = access->size = (uint8_t)size;
    if (vs_xen_pcpu_exit(pcpu)->open)
        pcpu->current->exit.reported++;
}
