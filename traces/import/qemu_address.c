/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an access asked for, from the access alone: its path, function and register.
 *
 * QEMU keeps one 0xCF8 latch for the machine; a guest's kernel serialises its use,
 * so the accessing vCPU's own last write is preferred (as it survives lines
 * that went missing), unless the device line shows that the machine's was used.
 */
#include <string.h>

#include "qemu_state.h"

#define WINDOW_BYTES (UINT64_C(1) << 28) /* 256 buses of 1 MiB (PCI Express base, 7.2.2) */
#define BUS_BYTES    (UINT64_C(1) << 20)

static bool name_is(const struct vs_qemu_line *line, const char *name)
{
    return line->name_length == strlen(name) && memcmp(line->name, name, line->name_length) == 0;
}

/* Is this unnamed read of memory that of the device line which the thread printed last?  Then
 * the address less bus, function and register is where a window starts, on a whole bus. */
static bool fits_device_line(struct vs_qemu_guest *guest, const struct vs_qemu_thread *thread,
                             const struct vs_qemu_line *line)
{
    const struct vs_qemu_slot *slot;
    uint64_t place;
    unsigned bits = line->size_bytes < 4 ? 8 * line->size_bytes : 32;

    if (line->event != VS_QEMU_REGION_READ || thread->read_count == 0 || line->size_bytes > 4)
        return false;
    slot = vs_qemu_slot(guest, thread->reads[thread->read_count - 1]);
    place = (uint64_t)slot->record.sbdf << 12 | slot->record.reg;
    return slot->bus_known && slot->record.reg != UINT16_MAX &&
           line->address >= BUS_BYTES + place && (line->address - place) % BUS_BYTES == 0 &&
           ((slot->record.value ^ line->value) & ((UINT64_C(1) << bits) - 1)) == 0;
}

/* Which of a PCI host's regions the access hit.  QEMU before 6 prints no names; its ports are
 * architectural, and the window is known once a device line has shown it. */
enum vs_qemu_path vs_qemu_classify(struct vs_qemu_guest *guest, const struct vs_qemu_thread *thread,
                                   const struct vs_qemu_line *line)
{
    if (line->name_length == 0) {
        if (line->address >= 0xcf8 && line->address < 0xcfc)
            return VS_QEMU_PATH_CF8;
        if (line->address >= 0xcfc && line->address < 0xd00)
            return VS_QEMU_PATH_PORT;
        if (guest->window_known && line->address - guest->window_base < WINDOW_BYTES)
            return VS_QEMU_PATH_ECAM;
        if (!guest->window_known && fits_device_line(guest, thread, line))
            return VS_QEMU_PATH_ECAM;
        return VS_QEMU_PATH_NONE;
    }
    if (name_is(line, "pcie-mmcfg-mmio"))
        return VS_QEMU_PATH_ECAM;
    if (name_is(line, "pci-conf-data"))
        return VS_QEMU_PATH_PORT;
    if (name_is(line, "pci-conf-idx"))
        return VS_QEMU_PATH_CF8;
    return name_is(line, "msix-table") ? VS_QEMU_PATH_MSIX : VS_QEMU_PATH_NONE;
}

void vs_qemu_ask_port(struct vs_qemu_guest *guest, const struct vs_qemu_thread *thread,
                      uint64_t port, const struct vs_qemu_slot *device, struct vs_qemu_ask *ask)
{
    struct vs_qemu_latch own = {0}, latch;

    if (thread->cpu >= 0 && (size_t)thread->cpu < guest->latch_count)
        own = guest->latches[thread->cpu];
    latch = own.known ? own : guest->machine;
    if (own.known && own.value != guest->machine.value) {
        uint32_t other = guest->machine.value;

        if (device && device->bus_known && device->record.sbdf == (other >> 8 & 0xffff) &&
            device->record.sbdf != (own.value >> 8 & 0xffff))
            latch = guest->machine;
        else
            ask->stale = !device;
        guest->counts[VS_QEMU_COUNT_CF8_OTHER_CPU]++;
    } else if (!own.known && latch.known && thread->cpu >= 0) {
        ask->stale = !device;
        guest->counts[VS_QEMU_COUNT_CF8_FOREIGN]++;
    }
    if (latch.corrected)
        ask->stale = !device;
    ask->known = latch.known;
    ask->disabled = latch.known && !(latch.value >> 31);
    ask->bdf = (uint16_t)(latch.value >> 8);
    /* QEMU does not mask the latch's low bits (hw/pci/pci_host.c: pci_host_data_read). */
    ask->reg = (uint16_t)((latch.value & 0xff) | (port & 3));
}

void vs_qemu_correct_latch(struct vs_qemu_guest *guest, const struct vs_qemu_thread *thread,
                           uint16_t bdf, uint16_t reg)
{
    struct vs_qemu_latch latch = {.value = UINT32_C(0x80000000) | (uint32_t)bdf << 8 | (reg & 0xfc),
                                  .known = true,
                                  .corrected = true};

    guest->counts[VS_QEMU_COUNT_CF8_CORRECTED]++;
    guest->machine = latch;
    if (thread->cpu >= 0)
        guest->latches[thread->cpu] = latch;
}

void vs_qemu_ask_window(struct vs_qemu_guest *guest, uint64_t address, struct vs_qemu_ask *ask)
{
    uint64_t offset = address - guest->window_base;

    ask->known = guest->window_known && offset < WINDOW_BYTES;
    if (!ask->known)
        return;
    ask->bdf = (uint16_t)(offset >> 12);
    ask->reg = (uint16_t)(offset & 0xfff);
    if (offset / BUS_BYTES > guest->window_bus_last)
        guest->window_bus_last = (uint8_t)(offset / BUS_BYTES);
}

void vs_qemu_write_latch(struct vs_qemu_guest *guest, const struct vs_qemu_thread *thread,
                         const struct vs_qemu_line *line)
{
    struct vs_qemu_latch latch = {.value = (uint32_t)line->value, .known = true};

    /* Anything but a whole write at 0xCF8 is no latch write, in QEMU (hw/pci/pci_host.c:
     * pci_host_config_write) as in Xen (hvm/io.c). */
    if (line->size_bytes != 4 || (line->address & 3) != 0) {
        guest->counts[VS_QEMU_COUNT_CF8_PARTIAL]++;
        return;
    }
    guest->counts[VS_QEMU_COUNT_CF8_WRITE]++;
    guest->machine = latch;
    if (thread->cpu >= 0)
        guest->latches[thread->cpu] = latch;
}
