/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a guest's log has shown about its PCI functions: which answer, and as
 * much of their config space as accesses revealed, enough to find whose MSI-X
 * table a memory access hit.
 */
#ifndef VS_TRACES_IMPORT_QEMU_FUNCTIONS_H
#define VS_TRACES_IMPORT_QEMU_FUNCTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VS_QEMU_NAME_MAX 40

struct vs_qemu_function {
    uint16_t bdf;
    bool present;                /* answered, and neither ejected nor found absent since */
    bool added;                  /* a DEVICE_ADD was recorded for it, and no DEVICE_REMOVE since */
    char name[VS_QEMU_NAME_MAX]; /* QEMU's name of the device that answered last */
    uint8_t config[256];         /* bytes last read, or written to a BAR or the command register */
    uint8_t known[32];           /* one bit per byte of config[] */
};

struct vs_qemu_functions {
    uint32_t index[65536]; /* by bdf: 1 + place in items, 0 for never answered */
    struct vs_qemu_function *items;
    size_t count, room;
    uint16_t msix_last; /* bdf of the last table found: accesses come in runs */
};

/* Release what functions points to, not functions itself. */
void vs_qemu_functions_release(struct vs_qemu_functions *functions);

/* The function at bdf, or NULL when none has answered there. */
struct vs_qemu_function *vs_qemu_function_find(struct vs_qemu_functions *functions, uint16_t bdf);

/* The same, made where there is none; NULL when out of memory.  name is copied where it changed,
 * and a function that comes anew forgets its config space. */
struct vs_qemu_function *vs_qemu_function_answer(struct vs_qemu_functions *functions, uint16_t bdf,
                                                 const char *name, size_t name_length);

/* Learn from an access that was answered. */
void vs_qemu_function_learn(struct vs_qemu_function *function, bool write, uint16_t reg,
                            unsigned size_bytes, uint32_t value);

/*
 * Whose MSI-X table holds the guest physical address?  1 with *bdf and *offset
 * (bytes from the table's start), 0 when no known table does, -1 when several do.
 */
int vs_qemu_functions_msix(struct vs_qemu_functions *functions, uint64_t address, uint16_t *bdf,
                           uint16_t *offset);

#endif
