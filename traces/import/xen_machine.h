/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The inside of rebuilding: the machine that xen_rebuild.c steps (exits, scheduling) and
 * xen_io.c feeds (ports, memory, faults). */
#ifndef VS_TRACES_IMPORT_XEN_MACHINE_H
#define VS_TRACES_IMPORT_XEN_MACHINE_H

#include "import/msix.h"
#include "import/xen_rebuild.h"

struct vs_xen_pcpu_state {
    uint16_t number;
    bool inferred;               /* current was told by a later record */
    bool contested;              /* current has begun to run on another pCPU as well */
    struct vs_xen_vcpu *current; /* never NULL: &nobody where not known */
    struct vs_xen_vcpu nobody;
    struct vs_xen_exit none; /* never open: see vs_xen_pcpu_exit */
};

struct vs_xen_machine {
    const struct vs_xen_rebuild_options *options;
    struct vs_xen_rebuild *out;
    struct vs_msix_map msix;
    struct vs_xen_pcpu_state *pcpus;
    size_t pcpu_count;
    uint64_t first_tsc;
    bool no_memory;
};

/* One record on its way through the machine. */
struct vs_xen_step {
    struct vs_xen_pcpu_state *pcpu;
    const struct vs_xen_record *record;
    uint64_t now;
};

static inline void vs_xen_machine_count(struct vs_xen_machine *machine, enum vs_xen_count what)
{
    machine->out->counts[what]++;
}

/* The exit that a record of this step belongs to: its vCPU's, unless that runs on two pCPUs at
 * once and the exit is the other one's. */
static inline struct vs_xen_exit *vs_xen_pcpu_exit(struct vs_xen_pcpu_state *pcpu)
{
    struct vs_xen_vcpu *vcpu = pcpu->current;
    bool others = vcpu->running > 1 && vcpu->exit.open && vcpu->exit.pcpu != pcpu->number;

    pcpu->none = (struct vs_xen_exit){0};
    return others ? &pcpu->none : &vcpu->exit;
}

/* From here on id (domain << 16 | vcpu) runs on the pCPU (xen_rebuild.c). */
void vs_xen_machine_run(struct vs_xen_machine *machine, struct vs_xen_pcpu_state *pcpu,
                        uint32_t id);

/* A new access of the vCPU that runs on the step's pCPU (it has a domain), chained to its exit;
 * NULL when its domain is not wanted or memory ran out (xen_io.c). */
struct vs_xen_access *vs_xen_machine_access(struct vs_xen_machine *machine,
                                            const struct vs_xen_step *step, enum vs_kind kind);
/* The same for an access that only walks the MMIO handlers. */
void vs_xen_machine_mmio(struct vs_xen_machine *machine, const struct vs_xen_step *step,
                         uint64_t address);

/* One record of each kind (xen_io.c). */
void vs_xen_machine_on_port(struct vs_xen_machine *machine, const struct vs_xen_step *step);
void vs_xen_machine_on_memory(struct vs_xen_machine *machine, const struct vs_xen_step *step);
void vs_xen_machine_on_fault(struct vs_xen_machine *machine, const struct vs_xen_step *step);
void vs_xen_machine_on_hypercall(struct vs_xen_machine *machine, const struct vs_xen_step *step);
void vs_xen_machine_on_vpci(struct vs_xen_machine *machine, const struct vs_xen_step *step);

#endif
