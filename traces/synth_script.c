/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What guests do to devices, as sequences of accesses.  An operation's writes are
 * computed when it begins, from the device's state at that time, as a driver does;
 * other vCPUs may come in between.
 */
#include <string.h>

#include "synth.h"

#define COMMAND_MEMORY 0x0002u
#define MSI_ENABLE     0x0001u
#define MSIX_ENABLE    0x8000u
#define MSIX_MASKALL   0x4000u

const struct vs_synth_op_info vs_synth_ops[VS_SYNTH_OPS] = {
    [VS_SYNTH_POLL] = {"poll", 50, false},      [VS_SYNTH_CAPS] = {"caps", 20, false},
    [VS_SYNTH_EXT] = {"ext", 20, false},        [VS_SYNTH_ABSENT] = {"absent", 5, false},
    [VS_SYNTH_MMIO] = {"mmio", 5, false},       [VS_SYNTH_STATUS] = {"status", 5, true},
    [VS_SYNTH_COMMAND] = {"command", 10, true}, [VS_SYNTH_TOGGLE] = {"toggle", 5, true},
    [VS_SYNTH_BAR] = {"bar", 3, true},          [VS_SYNTH_BAR_MAPPED] = {"bar-mapped", 2, true},
    [VS_SYNTH_IO_BAR] = {"io-bar", 2, true},    [VS_SYNTH_ROM] = {"rom", 3, true},
    [VS_SYNTH_MSI] = {"msi", 10, true},         [VS_SYNTH_MSI_MASK] = {"msi-mask", 10, true},
    [VS_SYNTH_MSIX] = {"msix", 10, true},       [VS_SYNTH_MSIX_TABLE] = {"msix-table", 35, true},
    [VS_SYNTH_REBAR] = {"rebar", 2, true},      [VS_SYNTH_SRIOV] = {"sriov", 3, true},
};

bool vs_synth_fits(enum vs_synth_op op, const struct vs_synth_model *model)
{
    switch (op) {
    case VS_SYNTH_IO_BAR:
        return model->io_bar != 0;
    case VS_SYNTH_ROM:
        return model->bar_size[6] != 0;
    case VS_SYNTH_MSI:
        return model->msi != 0;
    case VS_SYNTH_MSI_MASK:
        return model->msi_mask != 0;
    case VS_SYNTH_MSIX:
    case VS_SYNTH_MSIX_TABLE:
        return model->msix != 0;
    case VS_SYNTH_REBAR:
        return model->rebar != 0;
    case VS_SYNTH_SRIOV:
        return model->sriov != 0;
    default:
        return true;
    }
}

/* -------------------------------------------------------------------- steps */

static void add(struct vs_synth_script *script, struct vs_synth_step step)
{
    /* The longest script, an enumeration of about 60 steps, is far from the limit. */
    if (script->count < VS_SYNTH_STEPS)
        script->steps[script->count++] = step;
}

static void access(struct vs_synth_script *script, struct vs_synth_device *device,
                   enum vs_kind kind, size_t reg, unsigned int size, uint32_t value)
{
    bool table = kind == VS_KIND_MSIX_READ || kind == VS_KIND_MSIX_WRITE;
    add(script, (struct vs_synth_step){
                    .kind = (uint8_t)kind,
                    .size = (uint8_t)size,
                    .reg = (uint16_t)reg,
                    .value = value,
                    .flags = table ? 0 : (reg < 256 ? VS_FLAG_PATH_PORT : VS_FLAG_PATH_ECAM),
                    .sbdf = device->sbdf,
                    .device = device,
                });
}

static void rd(struct vs_synth_script *script, struct vs_synth_device *device, size_t reg,
               unsigned int size)
{
    access(script, device, VS_KIND_CFG_READ, reg, size, 0);
}

static void wr(struct vs_synth_script *script, struct vs_synth_device *device, size_t reg,
               unsigned int size, uint32_t value)
{
    access(script, device, VS_KIND_CFG_WRITE, reg, size, value);
}

static uint32_t now(const struct vs_synth_device *device, size_t reg, unsigned int size)
{
    uint32_t value = 0;
    memcpy(&value, device->config + reg, size);
    return value;
}

static uint32_t command_of(const struct vs_synth_device *device)
{
    return now(device, 0x04, 2);
}

/* --------------------------------------------------------------- operations */

static void size_bars(struct vs_synth_script *script, struct vs_synth_device *device)
{
    uint32_t command = command_of(device);
    wr(script, device, 0x04, 2, command & ~COMMAND_MEMORY);
    for (size_t reg = 0x10; reg < 0x28; reg += 4) {
        rd(script, device, reg, 4);
        wr(script, device, reg, 4, UINT32_MAX);
        rd(script, device, reg, 4);
        wr(script, device, reg, 4, now(device, reg, 4));
    }
    wr(script, device, 0x04, 2, command | COMMAND_MEMORY);
}

static void walk_caps(struct vs_synth_script *script, struct vs_synth_device *device)
{
    rd(script, device, 0x06, 2);
    rd(script, device, 0x34, 1);
    for (size_t at = device->config[0x34]; at != 0; at = device->config[at + 1]) {
        rd(script, device, at, 2);
        rd(script, device, at + 2, 2);
    }
}

static void walk_ext(struct vs_synth_script *script, struct vs_synth_device *device)
{
    for (size_t at = 0x100; at != 0; at = now(device, at, 4) >> 20)
        rd(script, device, at, 4);
}

static void set_msi(struct vs_synth_script *script, struct vs_synth_device *device,
                    struct vs_random *random)
{
    size_t at = device->model->msi;
    uint32_t control = now(device, at + 2, 2);
    rd(script, device, at + 2, 2);
    if (control & MSI_ENABLE) {
        wr(script, device, at + 2, 2, control & ~MSI_ENABLE);
        return;
    }
    wr(script, device, at + 4, 4, 0xfee00000u | (uint32_t)vs_random_below(random, 64) << 12);
    wr(script, device, at + 8, 4, 0);
    wr(script, device, device->model->msi_data, 2,
       0x4000u | (uint32_t)vs_random_below(random, 200));
    wr(script, device, at + 2, 2, control | MSI_ENABLE);
}

static void mask_msi(struct vs_synth_script *script, struct vs_synth_device *device,
                     struct vs_random *random)
{
    size_t at = device->model->msi_mask;
    uint32_t mask = now(device, at, 4);
    wr(script, device, at, 4, mask ^ 1u << vs_random_below(random, 4));
}

/* Enable masked, then unmask, as Linux does; or disable. */
static void set_msix(struct vs_synth_script *script, struct vs_synth_device *device)
{
    size_t at = device->model->msix + 2u;
    uint32_t control = now(device, at, 2);
    rd(script, device, at, 2);
    if (control & MSIX_ENABLE) {
        wr(script, device, at, 2, control & ~(MSIX_ENABLE | MSIX_MASKALL));
        return;
    }
    wr(script, device, at, 2, control | MSIX_ENABLE | MSIX_MASKALL);
    wr(script, device, at, 2, (control | MSIX_ENABLE) & ~MSIX_MASKALL);
}

/* An entry moves to another CPU: mask, address, data, unmask, read back. */
static void move_entry(struct vs_synth_script *script, struct vs_synth_device *device,
                       struct vs_random *random)
{
    size_t entry = (size_t)vs_random_below(random, device->model->msix_entries) * 16;
    uint32_t cpu = (uint32_t)vs_random_below(random, 64);
    access(script, device, VS_KIND_MSIX_WRITE, entry + 12, 4, 1);
    access(script, device, VS_KIND_MSIX_WRITE, entry, 4, 0xfee00000u | cpu << 12);
    access(script, device, VS_KIND_MSIX_WRITE, entry + 8, 4,
           0x4000u | (uint32_t)vs_random_below(random, 200));
    access(script, device, VS_KIND_MSIX_WRITE, entry + 12, 4, 0);
    access(script, device, VS_KIND_MSIX_READ, entry + 12, 4, 0);
}

static void enable_rom(struct vs_synth_script *script, struct vs_synth_device *device)
{
    uint32_t rom = now(device, 0x30, 4) & ~1u;
    wr(script, device, 0x30, 4, rom);
    wr(script, device, 0x30, 4, rom | 1);
    rd(script, device, 0x30, 4);
    wr(script, device, 0x30, 4, rom);
}

/* With decoding off, as the specification asks; one size up or down. */
static void resize_bar(struct vs_synth_script *script, struct vs_synth_device *device)
{
    uint32_t command = command_of(device);
    size_t at = device->model->rebar + 8u;
    rd(script, device, at - 4, 4);
    wr(script, device, 0x04, 2, command & ~COMMAND_MEMORY);
    wr(script, device, at, 4, now(device, at, 4) ^ 0x100);
    wr(script, device, 0x04, 2, command | COMMAND_MEMORY);
}

static void poll(struct vs_synth_script *script, struct vs_synth_device *device,
                 struct vs_random *random)
{
    static const struct {
        uint8_t reg, size;
    } places[] = {{0x00, 4}, {0x04, 2}, {0x06, 2}, {0x08, 4}, {0x10, 4},
                  {0x2c, 4}, {0x3c, 1}, {0x44, 2}, {0x7a, 2}, {0x82, 2}};
    uint64_t count = 1 + vs_random_below(random, 4);
    for (uint64_t i = 0; i < count; i++) {
        uint64_t place = vs_random_below(random, sizeof(places) / sizeof(places[0]));
        rd(script, device, places[place].reg, places[place].size);
    }
}

void vs_synth_event(struct vs_synth_script *script, enum vs_kind kind, uint32_t sbdf,
                    uint32_t value, struct vs_synth_device *device)
{
    add(script, (struct vs_synth_step){
                    .kind = (uint8_t)kind, .value = value, .sbdf = sbdf, .device = device});
}

void vs_synth_probe_absent(struct vs_synth_script *script, uint32_t sbdf)
{
    add(script, (struct vs_synth_step){.kind = VS_KIND_CFG_READ,
                                       .size = 4,
                                       .value = UINT32_MAX,
                                       .flags = VS_FLAG_PATH_PORT | VS_FLAG_ABSENT,
                                       .sbdf = sbdf});
}

void vs_synth_operation(struct vs_synth_script *script, enum vs_synth_op op,
                        struct vs_synth_device *device, struct vs_random *random)
{
    uint32_t command = command_of(device);
    switch (op) {
    case VS_SYNTH_CAPS:
        walk_caps(script, device);
        break;
    case VS_SYNTH_EXT:
        walk_ext(script, device);
        break;
    case VS_SYNTH_ABSENT:
        /* Functions 1 to 7 do not exist: no model is a multi-function one. */
        vs_synth_probe_absent(script, device->sbdf + 1 + (uint32_t)vs_random_below(random, 7));
        break;
    case VS_SYNTH_MMIO:
        vs_synth_event(script, VS_KIND_MMIO, VS_SBDF_NONE,
                       0xfe000u + (uint32_t)vs_random_below(random, 256), NULL);
        break;
    case VS_SYNTH_STATUS:
        rd(script, device, 0x06, 2);
        wr(script, device, 0x06, 2, 0xf900);
        break;
    case VS_SYNTH_COMMAND:
        rd(script, device, 0x04, 2);
        wr(script, device, 0x04, 2, command ^ 0x0400); /* INTx disable */
        break;
    case VS_SYNTH_TOGGLE:
        wr(script, device, 0x04, 2, command & ~COMMAND_MEMORY);
        wr(script, device, 0x04, 2, command | COMMAND_MEMORY);
        break;
    case VS_SYNTH_BAR:
        size_bars(script, device);
        break;
    case VS_SYNTH_BAR_MAPPED:
        wr(script, device, 0x10, 4, now(device, 0x10, 4));
        break;
    case VS_SYNTH_IO_BAR:
        wr(script, device, device->model->io_bar, 4, now(device, device->model->io_bar, 4));
        break;
    case VS_SYNTH_ROM:
        enable_rom(script, device);
        break;
    case VS_SYNTH_MSI:
        set_msi(script, device, random);
        break;
    case VS_SYNTH_MSI_MASK:
        mask_msi(script, device, random);
        break;
    case VS_SYNTH_MSIX:
        set_msix(script, device);
        break;
    case VS_SYNTH_MSIX_TABLE:
        move_entry(script, device, random);
        break;
    case VS_SYNTH_REBAR:
        resize_bar(script, device);
        break;
    case VS_SYNTH_SRIOV:
        wr(script, device, device->model->sriov + 0x10u, 2,
           (uint32_t)vs_random_below(random, 9)); /* number of VFs */
        wr(script, device, device->model->sriov + 0x08u, 2,
           now(device, device->model->sriov + 0x08u, 2) ^ 0x0009);
        break;
    default:
        poll(script, device, random);
        break;
    }
}

void vs_synth_enumerate(struct vs_synth_script *script, struct vs_synth_device *device)
{
    rd(script, device, 0x00, 4);
    rd(script, device, 0x0e, 1);
    rd(script, device, 0x08, 4);
    size_bars(script, device);
    wr(script, device, 0x30, 4, 0xfffff800);
    rd(script, device, 0x30, 4);
    wr(script, device, 0x30, 4, now(device, 0x30, 4));
    rd(script, device, 0x2c, 4);
    rd(script, device, 0x3d, 1);
    walk_caps(script, device);
    walk_ext(script, device);
    if (device->model->msix)
        set_msix(script, device);
}

/* ------------------------------------------------------------------- doing */

static void write_config(struct vs_synth_device *device, const struct vs_synth_step *step)
{
    for (unsigned int i = 0; i < step->size; i++) {
        uint8_t *byte = &device->config[step->reg + i];
        uint8_t writable = device->model->writable[step->reg + i];
        *byte = (uint8_t)((*byte & ~writable) | ((step->value >> (8 * i)) & writable));
    }
}

void vs_synth_do(struct vs_synth_script *script, struct vs_record *record)
{
    const struct vs_synth_step *step = &script->steps[script->next++];
    record->kind = step->kind;
    record->size = step->size;
    record->reg = step->reg;
    record->sbdf = step->sbdf;
    record->value = step->value;
    record->flags = step->flags | VS_FLAG_SYNTHETIC;
    if (!step->device)
        return;
    switch ((enum vs_kind)step->kind) {
    case VS_KIND_CFG_READ:
        record->value = now(step->device, step->reg, step->size);
        break;
    case VS_KIND_CFG_WRITE:
        write_config(step->device, step);
        break;
    case VS_KIND_DEVICE_REMOVE:
        step->device->present = false;
        break;
    case VS_KIND_DEVICE_ASSIGN:
        step->device->present = step->value == step->device->owner;
        break;
    case VS_KIND_DEVICE_ADD:
    case VS_KIND_DEVICE_DEASSIGN:
        /* The hardware domain has it. */
        step->device->present = step->device->owner == 0;
        break;
    default:
        break;
    }
}
