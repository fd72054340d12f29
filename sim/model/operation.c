/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The operation table: for each class which accesses make it, the Xen function
 * that does it, and where that was read.  File names without a prefix are under
 * xen/drivers/vpci/ at Xen commit c447b7308b (2026-08-18).
 */
#include "operation.h"

#include <stddef.h>
#include <string.h>

#define VPCI    "vpci.c"
#define HEADER  "header.c"
#define MSI     "msi.c"
#define MSIX    "msix.c"
#define CAP     "cap.c"
#define PASS    "xen/drivers/passthrough/pci.c"
#define PHYSDEV "xen/drivers/pci/physdev.c"

#define READ   .is_access = true
#define WRITE  .is_access = true, .is_write = true
#define DEFERS .defers = true

/* clang-format off */
const struct vs_op_info vs_op_table[VS_OP_COUNT] = {
    [VS_OP_READ_ABSENT] = {"read-absent", "O1", "read of a function without vPCI state",
        "no such pdev for the caller (nor, for the hardware domain, hidden), or pdev->vpci is NULL",
        "vpci_read, vpci_read_hw", VPCI, READ},
    [VS_OP_WRITE_ABSENT] = {"write-absent", "O1", "write to a function without vPCI state",
        "as read-absent; the read-only map is checked",
        "vpci_write, vpci_write_hw", VPCI, WRITE},
    [VS_OP_READ_PASSTHROUGH] = {"read-passthrough", "O2", "read that meets no handler",
        "[reg, reg+size) overlaps no handler: status, IDs, interrupt line, I/O BARs of dom0, ...",
        "vpci_read", VPCI, READ},
    [VS_OP_WRITE_PASSTHROUGH] = {"write-passthrough", "O2", "write that meets no handler",
        "as read-passthrough", "vpci_write", VPCI, WRITE},
    [VS_OP_READ_HARDWARE] = {"read-hardware", "O3", "read through a handler that reads the device",
        "hardware domain: command 0x04, memory BARs, ROM, resizable BAR control",
        "vpci_hw_read16, vpci_hw_read32", VPCI, READ},
    [VS_OP_READ_MEMORY] = {"read-memory", "O3", "read that a handler answers from memory",
        "MSI and MSI-X registers; of a guest also command and BARs",
        "control_read, address_read, guest_cmd_read, guest_mem_bar_read", MSI ", " MSIX ", " HEADER,
        READ},
    [VS_OP_WRITE_COMMAND] = {"write-command", "O4a", "command write, memory decoding unchanged",
        "overlaps 0x04..0x05, bit 1 equals header->bars_mapped", "cmd_write", HEADER, WRITE},
    [VS_OP_TOGGLE_DECODE] = {"toggle-decode", "O4b", "command write that toggles memory decoding",
        "overlaps 0x04..0x05, bit 1 differs from header->bars_mapped",
        "cmd_write, modify_bars, defer_map", HEADER, WRITE, DEFERS},
    [VS_OP_WRITE_BAR] = {"write-bar", "O5a", "write to a memory BAR that is not mapped",
        "0x10..0x27 (type 0) or 0x10..0x17 (type 1), memory, bar->enabled is 0",
        "bar_write, guest_mem_bar_write", HEADER, WRITE},
    [VS_OP_WRITE_BAR_MAPPED] = {"write-bar-mapped", "O5b", "write to a mapped BAR: ignored",
        "as write-bar, bar->enabled is 1", "bar_write, guest_mem_bar_write", HEADER, WRITE},
    [VS_OP_WRITE_BAR_VOID] = {"write-bar-void", "O5c", "guest's write to an I/O or absent BAR",
        "guest only: I/O BAR, unimplemented BAR or ROM, read-0 handler; dropped",
        "vpci_ignored_write", VPCI, WRITE},
    [VS_OP_WRITE_ROM] = {"write-rom", "O6a", "expansion ROM write, mapping unchanged",
        "0x30 (type 0) or 0x38 (type 1), decoding off or enable bit unchanged",
        "rom_write", HEADER, WRITE},
    [VS_OP_TOGGLE_ROM] = {"toggle-rom", "O6b", "expansion ROM enable toggled with decoding on",
        "as write-rom, bit 0 differs from rom->enabled and bars_mapped is set",
        "rom_write, modify_bars(rom_only), defer_map", HEADER, WRITE, DEFERS},
    [VS_OP_MSI_ENABLE] = {"msi-enable", "O7a", "MSI switched on, or its vector count changed",
        "msi_pos+2, bit 0 from 0 to 1, or bits 4..6 change while it is 1",
        "control_write, vpci_msi_arch_enable", MSI ", xen/arch/x86/hvm/vmsi.c", WRITE},
    [VS_OP_MSI_DISABLE] = {"msi-disable", "O7a", "MSI switched off",
        "msi_pos+2, bit 0 from 1 to 0", "control_write, vpci_msi_arch_disable",
        MSI ", xen/arch/x86/hvm/vmsi.c", WRITE},
    [VS_OP_MSI_CONTROL] = {"msi-control", "O7a", "MSI control write that starts and stops nothing",
        "msi_pos+2, enable bit unchanged", "control_write", MSI, WRITE},
    [VS_OP_MSI_ADDRESS] = {"msi-address", "O7b", "MSI address or data write",
        "msi_pos+4, +8, +0xc; rebinds every vector while MSI is on",
        "address_write, address_hi_write, data_write, vpci_msi_arch_update",
        MSI ", xen/arch/x86/hvm/vmsi.c", WRITE},
    [VS_OP_MSI_MASK] = {"msi-mask", "O7c", "MSI mask bits write",
        "msi_pos+0xc (32-bit) or +0x10 (64-bit)", "mask_write, vpci_msi_arch_mask",
        MSI ", xen/arch/x86/hvm/vmsi.c", WRITE},
    [VS_OP_MSIX_ENABLE] = {"msix-enable", "O8", "MSI-X entries become live",
        "msix_pos+2, enable and not maskall, before one of them not so, with entries to set up",
        "control_write, update_entry", MSIX, WRITE},
    [VS_OP_MSIX_DISABLE] = {"msix-disable", "O8", "MSI-X switched off",
        "msix_pos+2, bit 15 from 1 to 0", "control_write, vpci_msix_arch_disable_entry",
        MSIX, WRITE},
    [VS_OP_MSIX_CONTROL] = {"msix-control", "O8", "MSI-X control write, nothing starts or stops",
        "msix_pos+2, other changes, or none", "control_write", MSIX, WRITE},
    [VS_OP_MSIX_TABLE_READ] = {"msix-table-read", "O9", "MSI-X table or PBA read",
        "MMIO in the table's or PBA's pages of an enabled BAR", "msix_accept, msix_read", MSIX,
        READ},
    [VS_OP_MSIX_TABLE_WRITE] = {"msix-table-write", "O9", "MSI-X table write: field or mask bit",
        "MMIO as above: address or data, or vector control that binds nothing",
        "msix_accept, msix_write, vpci_msix_arch_mask_entry", MSIX, WRITE},
    [VS_OP_MSIX_TABLE_UNMASK] = {"msix-table-unmask", "O9", "MSI-X table write that rebinds an entry",
        "vector control bit 0 to 0, MSI-X on, not maskall, entry updated since it was last live",
        "msix_accept, msix_write, update_entry", MSIX, WRITE},
    [VS_OP_MMIO_WALK] = {"mmio-walk", "O9", "other trapped MMIO that asks msix_accept",
        "nested page fault or emulated MMIO that no earlier handler claims", "msix_accept", MSIX,
        READ},
    [VS_OP_RESIZE_BAR] = {"resize-bar", "O10", "resizable BAR control write",
        "extended capability 0x15, control registers at cap+8+8*i; hardware domain only",
        "rebar_ctrl_write", "rebar.c", WRITE},
    [VS_OP_WRITE_SRIOV] = {"write-sriov", "O11", "write into the SR-IOV capability: passthrough",
        "extended capability 0x10; no handler upstream", "vpci_write", VPCI, WRITE},
    [VS_OP_MAP_PENDING] = {"map-pending", "O12", "deferred (un)map of BARs at the next guest entry",
        "follows toggle-decode and toggle-rom on the same vCPU", "vpci_process_pending",
        HEADER, .is_access = false},
    [VS_OP_READ_STATUS] = {"read-status", "O13", "guest's read of the status register",
        "guest only: 0x06..0x07", "vpci_hw_read16", CAP, READ},
    [VS_OP_WRITE_STATUS] = {"write-status", "O13", "guest's write of the status register",
        "guest only: 0x06..0x07", "vpci_write_helper, vpci_hw_write16", CAP, WRITE},
    [VS_OP_READ_CAPABILITY] = {"read-capability", "O14", "read of a capability pointer or header",
        "0x34, cap+1 (guest: also cap+0), extended headers", "vpci_read_val", CAP, READ},
    [VS_OP_WRITE_CAPABILITY] = {"write-capability", "O14", "write to a capability pointer or header",
        "as read-capability; of the hardware domain legacy ones reach the device",
        "vpci_hw_write8, vpci_ignored_write", CAP, WRITE},
    [VS_OP_DEVICE_ADD] = {"device-add", "E1", "device appears: pdev and vPCI made",
        "PHYSDEVOP_pci_device_add", "pci_add_device, vpci_assign_device", PASS, .is_access = false},
    [VS_OP_DEVICE_REMOVE] = {"device-remove", "E2", "device goes: vPCI and pdev freed",
        "PHYSDEVOP_pci_device_remove", "pci_remove_device, vpci_deassign_device", PASS,
        .is_access = false},
    [VS_OP_DEVICE_ASSIGN] = {"device-assign", "E3", "device assigned to a domain",
        "XEN_DOMCTL_assign_device", "assign_device, reassign_device", PASS, .is_access = false},
    [VS_OP_DEVICE_DEASSIGN] = {"device-deassign", "E3", "device taken from a domain",
        "XEN_DOMCTL_deassign_device", "deassign_device, reassign_device", PASS, .is_access = false},
    [VS_OP_DOMAIN_DESTROY] = {"domain-destroy", "E4", "domain dies: its devices are released",
        "XEN_DOMCTL_destroydomain", "pci_release_devices", PASS, .is_access = false},
    [VS_OP_DUMP] = {"dump", "E6", "debug key M: MSI state of every device",
        "debug key 'M'", "dump_msi, vpci_dump_msi", MSI, .is_access = false},
    [VS_OP_DEVICE_RESET] = {"device-reset", "E7", "vPCI state of a device made anew",
        "PHYSDEVOP_pci_device_reset", "vpci_reset_device", PHYSDEV, .is_access = false},
    [VS_OP_MMCFG_RESERVED] = {"mmcfg-reserved", "E8", "extended capabilities of a segment reread",
        "PHYSDEVOP_pci_mmcfg_reserved", "vpci_reinit_ext_capabilities", CAP, .is_access = false},
    [VS_OP_MSI_MAP] = {"msi-map", "E9", "MSI vectors mapped by hypercall",
        "PHYSDEVOP_map_pirq", "physdev_map_pirq", "xen/arch/x86/physdev.c", .is_access = false},
    [VS_OP_MSI_UNMAP] = {"msi-unmap", "E9", "MSI vectors unmapped by hypercall",
        "PHYSDEVOP_unmap_pirq", "physdev_unmap_pirq", "xen/arch/x86/physdev.c", .is_access = false},
    [VS_OP_IOMMU_FAULT] = {"iommu-fault", "E10", "IOMMU fault or device TLB timeout",
        "fault interrupt", "pci_check_disable_device", PASS, .is_access = false},
    [VS_OP_PV_CFG_WRITE] = {"pv-cfg-write", "E11", "PV dom0's config write: not vPCI",
        "PV dom0, 64 <= reg < 256", "pci_conf_write_intercept", "xen/arch/x86/pci.c",
        .is_access = false, .is_write = true},
};
/* clang-format on */

static const char *const quantity_names[VS_Q_COUNT] = {
    [VS_Q_HANDLER_NODES] = "handler-nodes",
    [VS_Q_CYCLES_LOCKED] = "cycles-locked",
    [VS_Q_CYCLES_TRAILING] = "cycles-trailing",
    [VS_Q_CYCLES_HANDLER] = "cycles-handler",
    [VS_Q_HANDLERS] = "handlers",
    [VS_Q_VECTORS] = "vectors",
    [VS_Q_MASK_BITS] = "mask-bits",
    [VS_Q_BARS] = "bars",
    [VS_Q_BARSIZE_CYCLES] = "barsize-cycles",
    [VS_Q_MAP_ENTRIES] = "map-entries",
    [VS_Q_MAP_SLICES] = "map-slices",
    [VS_Q_CAPABILITIES] = "capabilities",
};

static const char *const fact_names[VS_FACT_COUNT] = {
    [VS_FACT_VIA_ECAM] = "via-ecam",
    [VS_FACT_HW_CONF1] = "hw-conf1",
    [VS_FACT_HARDWARE_DOMAIN] = "hardware-domain",
    [VS_FACT_HAS_MSI] = "has-msi",
    [VS_FACT_HAS_MSIX] = "has-msix",
    [VS_FACT_IS_WRITE] = "is-write",
    [VS_FACT_MSI_ENABLED] = "msi-enabled",
    [VS_FACT_ROM_ONLY] = "rom-only",
    [VS_FACT_HEADER_REGISTER] = "header-register",
    [VS_FACT_INJECTED] = "injected",
    [VS_FACT_HIDDEN] = "hidden",
    [VS_FACT_VIRTUAL] = "virtual-function",
};

static int index_of(const char *name, const char *const *names, int count)
{
    for (int i = 0; i < count; i++) {
        if (strcmp(name, names[i]) == 0)
            return i;
    }
    return -1;
}

int vs_op_from_name(const char *name)
{
    for (int op = 0; op < VS_OP_COUNT; op++) {
        if (strcmp(name, vs_op_table[op].name) == 0)
            return op;
    }
    return -1;
}

const char *vs_quantity_name(enum vs_quantity quantity)
{
    return (unsigned int)quantity < VS_Q_COUNT ? quantity_names[quantity] : NULL;
}

int vs_quantity_from_name(const char *name)
{
    return index_of(name, quantity_names, VS_Q_COUNT);
}

const char *vs_fact_name(enum vs_fact fact)
{
    return (unsigned int)fact < VS_FACT_COUNT ? fact_names[fact] : NULL;
}

int vs_fact_from_name(const char *name)
{
    return index_of(name, fact_names, VS_FACT_COUNT);
}
