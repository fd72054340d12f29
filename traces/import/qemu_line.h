/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One line of QEMU's trace log, taken apart: THREAD@SECONDS.MICROS:EVENT ...
 * as `-trace EVENT -msg timestamp=on -D FILE` writes it, or, in newer versions,
 * YYYY-MM-DDTHH:MM:SS[.MICROS]Z EVENT ..., which names no thread.
 */
#ifndef VS_TRACES_IMPORT_QEMU_LINE_H
#define VS_TRACES_IMPORT_QEMU_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum vs_qemu_event {
    VS_QEMU_CFG_READ,     /* pci_cfg_read: a device's handler answered */
    VS_QEMU_CFG_WRITE,    /* pci_cfg_write */
    VS_QEMU_REGION_READ,  /* memory_region_ops_read: a vCPU's trapped access, after the handler */
    VS_QEMU_REGION_WRITE, /* memory_region_ops_write, before the handler */
    VS_QEMU_ACPI_SELECT,  /* acpi_pci_sel_write: which hotplug bus the next registers are of */
    VS_QEMU_ACPI_UP,      /* acpi_pci_up_read: slots with a new device, one bit each */
    VS_QEMU_ACPI_EJECT,   /* acpi_pci_eject_slot: the guest gives a slot's devices back */
    VS_QEMU_ACPI_UNPLUG,  /* acpi_pci_unplug: one function is gone */
    VS_QEMU_MSIX_CONFIG,  /* msix_write_config: echo of a write that has its own line */
    VS_QEMU_OTHER         /* any other event; arguments not looked at */
};

#define VS_QEMU_THREAD_UNKNOWN UINT64_MAX

/* Strings point into the line that was parsed. */
struct vs_qemu_line {
    enum vs_qemu_event event;
    uint64_t thread;  /* VS_QEMU_THREAD_UNKNOWN where the line names none */
    uint64_t time_us; /* since 1970 */
    const char *name; /* device, memory region ("" where not printed), or an OTHER event */
    size_t name_length;
    uint64_t value;      /* CFG and REGION: as printed; ACPI_SELECT, ACPI_UP: the register */
    uint64_t address;    /* REGION: guest physical or port */
    int32_t cpu;         /* REGION: 0..65534, or -1 for a thread that is no vCPU */
    uint32_t size_bytes; /* REGION: as printed */
    uint16_t bdf;        /* CFG: bus << 8 | device << 3 | function */
    bool bus_known;      /* CFG: false for logs before QEMU 7.2, which print DEVICE:FUNCTION */
    uint16_t reg;        /* CFG: byte offset */
    bool reg_known;      /* CFG: false for an "empty" line that ends after the address */
    bool empty;          /* CFG: the host bridge found no function (QEMU 8 and later) */
    uint32_t bus_select, slot; /* ACPI_EJECT */
};

/*
 * Parse text[0..length), which must be NUL-terminated.  Returns NULL on
 * success, else what was expected where the line went wrong, as a constant
 * string; *at is then the offset of that place.
 */
const char *vs_qemu_line_parse(const char *text, size_t length, struct vs_qemu_line *line,
                               size_t *at);

/*
 * Does the line begin as a trace line?  What QEMU itself prints into the log (errors, warnings,
 * blank lines) does not, or has a dated stamp and then a program's name with a colon.
 */
bool vs_qemu_line_is_trace(const char *text, size_t length);

#endif
