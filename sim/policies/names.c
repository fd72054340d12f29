/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The words of the grammar: lock kinds, kinds of work, lists, owners.  Xen
 * files are at commit c447b7308b (2026-08-18).
 */
#include "internal.h"

#include <string.h>

#include "base/units.h"

/* clang-format off */
const struct vs_lock_kind_info vs_lock_kind_table[VS_LOCK_KIND_COUNT] = {
    [VS_LOCK_TICKET] = {
        .name = "ticket", .summary = "first come, first served spinlock; no recursion",
        .exclusive = true, .source = "xen/common/spinlock.c:spin_lock_common"},
    [VS_LOCK_RECURSIVE] = {
        .name = "recursive", .summary = "ticket lock that its holder may take again",
        .exclusive = true, .recursive = true, .source = "xen/common/spinlock.c:_rspin_lock"},
    [VS_LOCK_RWLOCK] = {
        .name = "rwlock", .summary = "fair queue rwlock: a waiting writer blocks new readers",
        .shared = true, .source = "xen/common/rwlock.c:queue_read_lock_slowpath"},
    [VS_LOCK_PERCPU_RWLOCK] = {
        .name = "percpu-rwlock", .summary = "readers on their own cache line, writers scan every CPU",
        .shared = true, .source = "xen/include/xen/rwlock.h:_percpu_read_lock"},
    [VS_LOCK_RCU] = {
        .name = "rcu", .summary = "read sections without shared writes; frees wait a grace period",
        .source = "xen/common/rcupdate.c"},
    [VS_LOCK_REFCOUNT] = {
        .name = "refcount", .summary = "a counter in an object: zero frees it",
        .source = "xen-devel 2023-03-14, 'vpci: use reference counter to protect vpci state'"},
    [VS_LOCK_MCS] = {
        .name = "mcs", .summary = "queue spinlock: every waiter spins on a cache line of its own",
        .exclusive = true, .source = "Mellor-Crummey and Scott, ACM TOCS 9(1), 1991; not in Xen"},
    [VS_LOCK_CLH] = {
        .name = "clh", .summary = "queue spinlock: a waiter spins on its predecessor's cache line",
        .exclusive = true, .source = "Craig 1993; Landin and Hagersten, IPPS 1994; not in Xen"},
};

const struct vs_work_info vs_work_table[VS_WORK_COUNT] = {
    [VS_WORK_EXIT_PORT] = {"exit-port", "VM exit, decode and entry of a port access", false},
    [VS_WORK_EXIT_MMIO] = {"exit-mmio", "the same for a nested page fault with emulation", false},
    [VS_WORK_EXIT_HYPERCALL] = {"exit-hypercall", "entry and exit of a hypercall", false},
    [VS_WORK_CONF1_CYCLE] = {"conf1-cycle", "hardware cycle through 0xCF8/0xCFC", true},
    [VS_WORK_ECAM_CYCLE] = {"ecam-cycle", "hardware cycle through memory-mapped config", true},
    [VS_WORK_LIST_NODE] = {"list-node", "one node of a device list", false},
    [VS_WORK_HANDLER_NODE] = {"handler-node", "one node of vpci->handlers", false},
    [VS_WORK_HANDLER] = {"handler", "a register handler's own work in memory", false},
    [VS_WORK_BAR_COMPARE] = {"bar-compare", "one overlap comparison of two BARs", false},
    [VS_WORK_RANGESET] = {"rangeset", "one rangeset operation", false},
    [VS_WORK_P2M_ENTRY] = {"p2m-entry", "one second-stage entry set or cleared", false},
    [VS_WORK_IOTLB_FLUSH] = {"iotlb-flush", "IOTLB flush and its wait", false},
    [VS_WORK_IRQ_ALLOC] = {"irq-alloc", "one vector allocated", false},
    [VS_WORK_IRQ_MAP] = {"irq-map", "map_domain_pirq of one vector without config cycles", false},
    [VS_WORK_IRQ_BIND] = {"irq-bind", "pt_irq_create_bind of one vector", false},
    [VS_WORK_IRQ_UNBIND] = {"irq-unbind", "pt_irq_destroy_bind of one vector", false},
    [VS_WORK_IRQ_UNMAP] = {"irq-unmap", "unmap_domain_pirq of one vector", false},
    [VS_WORK_IRQ_MASK] = {"irq-mask", "one mask bit written through the IRQ descriptor", false},
    [VS_WORK_IRTE_UPDATE] = {"irte-update", "interrupt remapping entry and invalidation", false},
    [VS_WORK_MSIX_ENTRY] = {"msix-entry", "one MSI-X table entry read or written in memory", false},
    [VS_WORK_MMIO_FORWARD] = {"mmio-forward", "access forwarded to the device's MMIO", false},
    [VS_WORK_IOMMU_ATTACH] = {"iommu-attach", "device given to an IOMMU domain", false},
    [VS_WORK_IOMMU_DETACH] = {"iommu-detach", "device taken from an IOMMU domain", false},
    [VS_WORK_ALLOCATE] = {"allocate", "one allocation of a step that is not modelled", false},
    [VS_WORK_FREE] = {"free", "one free of a step that is not modelled", false},
    [VS_WORK_PRINT] = {"print", "one line on the console", false},
    [VS_WORK_SOFTIRQ] = {"softirq", "one pass over pending softirqs", false},
    [VS_WORK_MMIO_HANDLERS] = {"mmio-handlers", "walk of the domain's MMIO handler list", false},
};

/* clang-format on */

const char *const vs_list_names[VS_LIST_COUNT + 1] = {
    [VS_LIST_ALL_DEVICES] = "all-devices",
    [VS_LIST_DOMAIN_DEVICES] = "domain-devices",
    [VS_LIST_MSIX_TABLES] = "msix-tables",
};

const char *const vs_whose_names[VS_WHOSE_COUNT + 1] = {
    [VS_OF_CALLER] = "caller",     [VS_OF_OWNER] = "owner", [VS_OF_TARGET] = "target",
    [VS_OF_HARDWARE] = "hardware", [VS_OF_XEN] = "xen",
};

const char *const vs_allowance_names[VS_ALLOW_COUNT + 1] = {
    [VS_ALLOW_SELF_DEADLOCK] = "self-deadlock",
    [VS_ALLOW_ENDS_HOLDING] = "ends-holding",
    [VS_ALLOW_SOFTIRQ_UNDER_LOCK] = "softirq-under-lock",
    [VS_ALLOW_BARRIER_UNDER_LOCK] = "rcu-barrier-under-lock",
    [VS_ALLOW_RESCHEDULE_UNDER_LOCK] = "reschedule-under-lock",
};

static const char *const kind_names[VS_STEP_KIND_COUNT] = {
    [VS_STEP_WORK] = "work",
    [VS_STEP_LOCK] = "lock",
    [VS_STEP_UNLOCK] = "unlock",
    [VS_STEP_TRY] = "try",
    [VS_STEP_LOOKUP] = "lookup",
    [VS_STEP_DEREF] = "deref",
    [VS_STEP_RECHECK_OWNER] = "recheck-owner",
    [VS_STEP_ASSERT] = "assert",
    [VS_STEP_USE] = "use",
    [VS_STEP_READ_BARS] = "read-bars",
    [VS_STEP_WRITE_BARS] = "write-bars",
    [VS_STEP_LINK] = "link",
    [VS_STEP_UNLINK] = "unlink",
    [VS_STEP_SET_OWNER] = "set-owner",
    [VS_STEP_ALLOCATE] = "allocate",
    [VS_STEP_PUBLISH] = "publish",
    [VS_STEP_CLEAR] = "clear",
    [VS_STEP_FREE] = "free",
    [VS_STEP_RCU_READ_LOCK] = "rcu-read-lock",
    [VS_STEP_RCU_READ_UNLOCK] = "rcu-read-unlock",
    [VS_STEP_CALL_RCU] = "call-rcu",
    [VS_STEP_RCU_BARRIER] = "rcu-barrier",
    [VS_STEP_GET] = "get",
    [VS_STEP_PUT] = "put",
    [VS_STEP_DEFER] = "defer",
    [VS_STEP_TAKE_PENDING] = "take-pending",
    [VS_STEP_CLEAR_PENDING] = "clear-pending",
    [VS_STEP_SOFTIRQ] = "softirq",
    [VS_STEP_RESCHEDULE] = "reschedule",
    [VS_STEP_FOR_EACH] = "for-each",
    [VS_STEP_REPEAT] = "repeat",
    [VS_STEP_IF] = "if",
    [VS_STEP_MAY_FAIL] = "may-fail",
    [VS_STEP_RETRY] = "retry",
    [VS_STEP_LEAVE] = "leave",
};

const char *vs_step_kind_name(enum vs_step_kind kind)
{
    return (unsigned int)kind < VS_STEP_KIND_COUNT ? kind_names[kind] : NULL;
}

const char *vs_list_name(enum vs_list list)
{
    return (unsigned int)list < VS_LIST_COUNT ? vs_list_names[list] : NULL;
}

const char *vs_whose_name(enum vs_whose whose)
{
    return (unsigned int)whose < VS_WHOSE_COUNT ? vs_whose_names[whose] : NULL;
}

const char *vs_object_name(enum vs_object object)
{
    static const char *const names[VS_OBJECT_COUNT] = {
        [VS_OBJECT_NONE] = "none", [VS_OBJECT_PDEV] = "pdev", [VS_OBJECT_VPCI] = "vpci"};

    return (unsigned int)object < VS_OBJECT_COUNT ? names[object] : NULL;
}

const char *vs_lock_mode_name(enum vs_lock_mode mode)
{
    static const char *const names[VS_MODE_COUNT] = {
        [VS_MODE_EXCLUSIVE] = "exclusive", [VS_MODE_READ] = "read", [VS_MODE_WRITE] = "write"};

    return (unsigned int)mode < VS_MODE_COUNT ? names[mode] : NULL;
}

static int index_of(const char *name, const char *const *names)
{
    for (int i = 0; names[i]; i++) {
        if (strcmp(names[i], name) == 0)
            return i;
    }
    return -1;
}

int vs_list_from_name(const char *name)
{
    return index_of(name, vs_list_names);
}

int vs_whose_from_name(const char *name)
{
    return index_of(name, vs_whose_names);
}

int vs_work_from_name(const char *name)
{
    for (int i = 0; i < VS_WORK_COUNT; i++) {
        if (strcmp(vs_work_table[i].name, name) == 0)
            return i;
    }
    return -1;
}

int vs_lock_kind_from_name(const char *name)
{
    for (int i = 0; i < VS_LOCK_KIND_COUNT; i++) {
        if (strcmp(vs_lock_kind_table[i].name, name) == 0)
            return i;
    }
    return -1;
}

char *vs_hint(const char *word, const char *const *candidates, char *buffer, size_t size_bytes)
{
    const char *near = vs_nearest(word, candidates);

    buffer[0] = '\0';
    if (near)
        snprintf(buffer, size_bytes, "; did you mean \"%s\"?", near);
    return buffer;
}
