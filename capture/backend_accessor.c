/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The backends fentry and kprobe: tables for two ways to attach to the same functions. */
#include "capture.h"
#include "sysfs.h"

#include <fentry.skel.h>
#include <kprobe.skel.h>

#define LAYER                                                                                    \
    "the kernel's config accessors, pci_user_*_config_* (user space, vfio-pci) and "             \
    "pci_bus_*_config_* (drivers, enumeration, power management); devices added and removed, "   \
    "drivers bound and unbound, MSI enabled, config access blocked, and waits for pci_lock and " \
    "pci_config_lock"
#define BLIND                                                                                      \
    "what goes past the accessors: ACPI firmware code, raw_pci_read, early quirks; in a Xen dom0 " \
    "what other domains and Xen itself do; waits for a lock by the only CPU that waits"
#define TIME                                                                                    \
    "a record is one call of an accessor, its locks and, for user space, waiting while config " \
    "access is blocked included"

static const void *fentry_image(size_t *size_bytes)
{
    return fentry_bpf__elf_bytes(size_bytes);
}

static const void *kprobe_image(size_t *size_bytes)
{
    return kprobe_bpf__elf_bytes(size_bytes);
}

static const char *const accessors[] = {
    "pci_user_read_config_byte",
    "pci_user_read_config_word",
    "pci_user_read_config_dword",
    "pci_user_write_config_byte",
    "pci_user_write_config_word",
    "pci_user_write_config_dword",
    "pci_bus_read_config_byte",
    "pci_bus_read_config_word",
    "pci_bus_read_config_dword",
    "pci_bus_write_config_byte",
    "pci_bus_write_config_word",
    "pci_bus_write_config_dword",
    NULL,
};

const struct vs_backend vs_backend_fentry = {
    .name = "fentry",
    .kind = "BPF trampolines (fentry, fexit)",
    .layer = LAYER,
    .blind = BLIND,
    .time = TIME,
    .events = true,
    .automatic = true,
    .view = VS_VIEW_HOST,
    .duration_covers = VS_DURATION_KERNEL_CALL,
    .image = fentry_image,
    .needs = accessors,
    .known_access = vs_sysfs_known_access,
};

const struct vs_backend vs_backend_kprobe = {
    .name = "kprobe",
    .kind = "programs at kprobes",
    .layer = LAYER,
    .blind = BLIND,
    .time = TIME,
    .events = true,
    .automatic = true,
    .view = VS_VIEW_HOST,
    .duration_covers = VS_DURATION_KERNEL_CALL,
    .image = kprobe_image,
    .needs = accessors,
    .known_access = vs_sysfs_known_access,
};
