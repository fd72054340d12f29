/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Four functions with what real ones have: a network card (MSI, MSI-X, ROM, SR-IOV),
 * an NVMe drive (MSI-X), a USB controller (MSI) and a display controller (I/O BAR,
 * ROM, resizable BAR).  Layouts: PCI Local Bus 3.0 chapter 6, PCI Express Base 5.0
 * chapter 7.  Vendor 0x1234 is nobody's in the PCI id list; QEMU uses it likewise.
 */
#include <string.h>

#include "synth.h"

static void put(uint8_t *bytes, size_t offset, unsigned int size, uint64_t value)
{
    for (unsigned int i = 0; i < size; i++)
        bytes[offset + i] = (uint8_t)(value >> (8 * i));
}

static void add_header(struct vs_synth_model *model, const char *name, uint32_t class_code,
                       uint16_t device_id)
{
    model->name = name;
    put(model->config, 0x00, 2, 0x1234);
    put(model->config, 0x02, 2, device_id);
    put(model->config, 0x04, 2, 0x0006); /* memory decoding and bus mastering on */
    put(model->config, 0x06, 2, 0x0010); /* has a capability list */
    put(model->config, 0x08, 4, class_code << 8 | 1);
    put(model->config, 0x2c, 4, 0x00011234);
    put(model->config, 0x34, 1, 0x40);
    put(model->config, 0x3c, 2, 0x010b);
    put(model->writable, 0x04, 2, 0x0547);
    put(model->writable, 0x0c, 1, 0xff);
    put(model->writable, 0x3c, 1, 0xff);
}

#define BAR_IO       0x1u
#define BAR_64       0x4u
#define BAR_PREFETCH 0x8u

static void add_bar(struct vs_synth_model *model, unsigned int index, uint64_t size,
                    unsigned int type)
{
    size_t offset = 0x10 + 4 * (size_t)index;
    put(model->config, offset, 4, type);
    put(model->writable, offset, type & BAR_64 ? 8 : 4, ~(size - 1));
    if (type & BAR_IO)
        model->io_bar = (uint8_t)offset;
    model->bar_size[index] = size;
}

static void add_rom(struct vs_synth_model *model, uint32_t size)
{
    put(model->writable, 0x30, 4, ~(size - 1) | 1);
    model->bar_size[6] = size;
}

/* Link a capability of id at offset before the one at next. */
static void add_cap(struct vs_synth_model *model, uint8_t offset, uint8_t id, uint8_t next)
{
    model->config[offset] = id;
    model->config[offset + 1] = next;
}

/* 64-bit message address; the mask register exists with per-vector masking only. */
static void add_msi(struct vs_synth_model *model, uint8_t offset, uint8_t next, bool maskable)
{
    add_cap(model, offset, 0x05, next);
    put(model->config, offset + 2u, 2, maskable ? 0x0184 : 0x0080);
    put(model->writable, offset + 2u, 2, 0x0071);
    put(model->writable, offset + 4u, 4, 0xfffffffc);
    put(model->writable, offset + 8u, 4, 0xffffffff);
    put(model->writable, offset + 12u, 2, 0xffff);
    model->msi = offset;
    model->msi_data = (uint8_t)(offset + 12);
    if (maskable) {
        put(model->writable, offset + 16u, 4, 0x0000000f);
        model->msi_mask = (uint8_t)(offset + 16);
    }
}

static void add_msix(struct vs_synth_model *model, uint8_t offset, uint16_t entries, uint8_t bar,
                     uint32_t table)
{
    add_cap(model, offset, 0x11, 0);
    put(model->config, offset + 2u, 2, entries - 1u);
    put(model->config, offset + 4u, 4, table | bar);
    put(model->config, offset + 8u, 4, (table + 0x800) | bar);
    put(model->writable, offset + 2u, 2, 0xc000);
    model->msix = offset;
    model->msix_entries = entries;
}

static void add_ext(struct vs_synth_model *model, uint16_t offset, uint16_t id, uint16_t next)
{
    put(model->config, offset, 4, id | 1u << 16 | (uint32_t)next << 20);
}

static void add_power_and_express(struct vs_synth_model *model, uint8_t after_power,
                                  uint8_t after_express)
{
    add_cap(model, 0x40, 0x01, after_power);
    put(model->config, 0x42, 2, 0x0003);
    put(model->writable, 0x44, 2, 0x0103);
    add_cap(model, 0x70, 0x10, after_express);
    put(model->config, 0x72, 2, 0x0002);
    put(model->config, 0x74, 4, 0x10008000);
    put(model->writable, 0x78, 2, 0xffff);
    put(model->writable, 0x80, 2, 0x0143);
}

void vs_synth_models(struct vs_synth_model *models)
{
    memset(models, 0, VS_SYNTH_MODELS * sizeof(*models));
    struct vs_synth_model *nic = &models[0];
    add_header(nic, "nic", 0x020000, 0x0001);
    add_bar(nic, 0, 128 << 10, BAR_64 | BAR_PREFETCH);
    add_bar(nic, 2, 16 << 10, BAR_64);
    add_rom(nic, 64 << 10);
    add_power_and_express(nic, 0x50, 0xb0);
    add_msi(nic, 0x50, 0x70, true);
    add_msix(nic, 0xb0, 16, 2, 0);
    add_ext(nic, 0x100, 0x0001, 0x160);
    add_ext(nic, 0x160, 0x0010, 0);
    put(nic->config, 0x16c, 4, 0x00080008); /* initial and total VFs: 8 */
    put(nic->writable, 0x168, 2, 0x0019);
    put(nic->writable, 0x170, 2, 0x00ff);
    nic->sriov = 0x160;

    struct vs_synth_model *nvme = &models[1];
    add_header(nvme, "nvme", 0x010802, 0x0002);
    add_bar(nvme, 0, 16 << 10, BAR_64);
    add_power_and_express(nvme, 0x70, 0xb0);
    add_msix(nvme, 0xb0, 32, 0, 0x2000);
    add_ext(nvme, 0x100, 0x0001, 0);

    struct vs_synth_model *usb = &models[2];
    add_header(usb, "usb", 0x0c0330, 0x0003);
    add_bar(usb, 0, 64 << 10, BAR_64);
    add_power_and_express(usb, 0x50, 0);
    add_msi(usb, 0x50, 0x70, false);
    add_ext(usb, 0x100, 0x0001, 0);

    struct vs_synth_model *display = &models[3];
    add_header(display, "display", 0x038000, 0x0004);
    add_bar(display, 0, 16 << 20, 0);
    add_bar(display, 1, 256 << 20, BAR_64 | BAR_PREFETCH);
    add_bar(display, 3, 128, BAR_IO);
    add_rom(display, 128 << 10);
    add_power_and_express(display, 0x50, 0);
    add_msi(display, 0x50, 0x70, false);
    add_ext(display, 0x100, 0x0001, 0x200);
    add_ext(display, 0x200, 0x0015, 0);
    put(display->config, 0x204, 4, 0x0001f000); /* 256 MiB to 4 GiB are supported */
    put(display->config, 0x208, 4, 0x00000821); /* one resizable BAR: number 1, 256 MiB */
    put(display->writable, 0x208, 4, 0x00001f00);
    display->rebar = 0x200;
}

void vs_synth_place(struct vs_synth_device *device, uint32_t number)
{
    const struct vs_synth_model *model = device->model;
    /* 1 GiB each above the addresses that RAM may take; 32 MiB each, for 32 devices of
     * a domain, below firmware for 32-bit BARs. */
    uint64_t high = (uint64_t)(number + 64) << 30;
    uint64_t low = 0xb0000000u + (uint64_t)(number % 32) * (32u << 20);
    memcpy(device->config, model->config, VS_SYNTH_CONFIG);
    for (unsigned int bar = 0; bar < 6; bar++) {
        uint64_t size = model->bar_size[bar];
        if (size == 0)
            continue;
        size_t offset = 0x10 + 4 * (size_t)bar;
        unsigned int type = device->config[offset] & 0xf;
        uint64_t *next = type & BAR_64 ? &high : &low;
        /* I/O space is small: all of these share one place, decoding is off. */
        uint64_t address = type & BAR_IO ? 0xc000 : (*next + size - 1) & ~(size - 1);
        put(device->config, offset, type & BAR_64 ? 8 : 4, address | type);
        if (!(type & BAR_IO))
            *next = address + size;
    }
}
