/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Synthetic devices and what a guest does to them: the material of `generate`.
 * Nothing here is measured; the shapes follow the PCI specifications, and the
 * mix is made so that every class of vPCI operation occurs.
 */
#ifndef VS_TRACE_SYNTH_H
#define VS_TRACE_SYNTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "random.h"
#include "record.h"
#include "trace.h"

#define VS_SYNTH_CONFIG 4096u

/* A kind of function: its configuration space after firmware, and which bits of it
 * a write changes.  Offsets are 0 where it has no such thing. */
struct vs_synth_model {
    const char *name;
    uint8_t config[VS_SYNTH_CONFIG];
    uint8_t writable[VS_SYNTH_CONFIG];
    uint64_t bar_size[7]; /* [6] is the ROM */
    uint8_t io_bar;       /* offset of an I/O BAR */
    uint8_t msi, msix;    /* capability offsets */
    uint8_t msi_mask;     /* offset of the mask register */
    uint8_t msi_data;
    uint16_t msix_entries;
    uint16_t rebar, sriov; /* extended capability offsets */
};

#define VS_SYNTH_MODELS 4u

/* Fill models[0 .. VS_SYNTH_MODELS). */
void vs_synth_models(struct vs_synth_model *models);

struct vs_synth_device {
    const struct vs_synth_model *model;
    uint32_t sbdf;
    uint32_t owner;  /* domain that it belongs to: 0 is the hardware domain */
    bool present;    /* with its owner */
    uint8_t *config; /* VS_SYNTH_CONFIG bytes, owned by whoever made the device */
};

/* Fill device's configuration space, with BAR addresses of its own by its number among
 * all devices. */
void vs_synth_place(struct vs_synth_device *device, uint32_t number);

/* One access or event to come. */
struct vs_synth_step {
    uint8_t kind, size;
    uint16_t reg;
    uint32_t value; /* of writes and events */
    uint16_t flags; /* path, absent */
    uint32_t sbdf;
    struct vs_synth_device *device; /* NULL: none is touched */
};

#define VS_SYNTH_STEPS 192u

/* What one vCPU is doing: a sequence of steps. */
struct vs_synth_script {
    size_t count, next;
    struct vs_synth_step steps[VS_SYNTH_STEPS];
};

/* Operations that a mix weighs. */
enum vs_synth_op {
    VS_SYNTH_POLL,
    VS_SYNTH_CAPS,
    VS_SYNTH_EXT,
    VS_SYNTH_ABSENT,
    VS_SYNTH_MMIO,
    VS_SYNTH_STATUS,
    VS_SYNTH_COMMAND,
    VS_SYNTH_TOGGLE,
    VS_SYNTH_BAR,
    VS_SYNTH_BAR_MAPPED,
    VS_SYNTH_IO_BAR,
    VS_SYNTH_ROM,
    VS_SYNTH_MSI,
    VS_SYNTH_MSI_MASK,
    VS_SYNTH_MSIX,
    VS_SYNTH_MSIX_TABLE,
    VS_SYNTH_REBAR,
    VS_SYNTH_SRIOV,
    VS_SYNTH_OPS
};

struct vs_synth_op_info {
    const char *name;
    unsigned int weight; /* by default, among those that do or do not write */
    bool writes;
};
extern const struct vs_synth_op_info vs_synth_ops[VS_SYNTH_OPS];

/* Can this operation be done to this device? */
bool vs_synth_fits(enum vs_synth_op op, const struct vs_synth_model *model);
/* Write the operation's steps into script. */
void vs_synth_operation(struct vs_synth_script *script, enum vs_synth_op op,
                        struct vs_synth_device *device, struct vs_random *random);
/* Steps of a firmware or kernel that finds a device and sets it up. */
void vs_synth_enumerate(struct vs_synth_script *script, struct vs_synth_device *device);
/* Steps that find nothing at sbdf. */
void vs_synth_probe_absent(struct vs_synth_script *script, uint32_t sbdf);
/* An event's record as a step. */
void vs_synth_event(struct vs_synth_script *script, enum vs_kind kind, uint32_t sbdf,
                    uint32_t value, struct vs_synth_device *device);

/* Do the next step: update the device, fill everything of the record but who and when. */
void vs_synth_do(struct vs_synth_script *script, struct vs_record *record);

#endif
