/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Device hotplug from QEMU's ACPI registers.  The log names a hotplug bus by its
 * selector ("bsel"), not by its bus number, so the bus is inferred:
 *
 *   plug    the guest reads a set bit in the "up" register of a selector; the
 *           first function with that device number which answers and was not there
 *           before is the new device (DEVICE_ADD, at the time of that answer);
 *   unplug  the guest writes the eject register and QEMU says that a function
 *           went; the bus is the one known for the selector, else that of the last
 *           function which answered the ejecting thread, when its device number is
 *           the ejected one (DEVICE_REMOVE for each function there).
 *
 * What fits neither is counted and makes no record.  A guest's own remove and
 * rescan (sysfs) shows nowhere in QEMU's log, nor does PCI Express native hotplug.
 */
#include "qemu_state.h"

static unsigned device_of(uint16_t bdf)
{
    return bdf >> 3 & 31u;
}

static uint8_t bus_of(uint16_t bdf)
{
    return (uint8_t)(bdf >> 8);
}

static void learn_bus(struct vs_qemu_guest *guest, struct vs_qemu_selector *selector, uint8_t bus)
{
    if (selector->bus_known && selector->bus == bus)
        return;
    guest
        ->counts[selector->bus_known ? VS_QEMU_COUNT_BUS_CONFLICT : VS_QEMU_COUNT_BUS_FROM_EJECT]++;
    selector->bus_known = true;
    selector->bus = bus;
}

static uint64_t push_event(struct vs_qemu_guest *guest, struct vs_qemu_thread *thread,
                           enum vs_kind kind, uint16_t bdf)
{
    uint64_t sequence = vs_qemu_push(guest, thread, kind);
    struct vs_qemu_slot *slot = vs_qemu_slot(guest, sequence);

    slot->record.sbdf = bdf;
    slot->state = VS_QEMU_SLOT_DONE;
    vs_qemu_set_cpu(guest, thread, &slot->record, false);
    return sequence;
}

bool vs_qemu_hotplug_appeared(struct vs_qemu_guest *guest, struct vs_qemu_thread *thread,
                              uint16_t bdf)
{
    unsigned i;

    for (i = 0; i < VS_QEMU_SELECTORS; i++) {
        struct vs_qemu_selector *selector = &guest->selectors[i];

        if (!(selector->up >> device_of(bdf) & 1))
            continue;
        if (selector->bus_known && selector->bus != bus_of(bdf))
            continue;
        learn_bus(guest, selector, bus_of(bdf));
        push_event(guest, thread, VS_KIND_DEVICE_ADD, bdf);
        guest->counts[VS_QEMU_COUNT_DEVICE_ADDED]++;
        return true;
    }
    return false;
}

/* The functions of the ejected slot go: at most eight, of which eject_taken have been seen. */
static void unplug(struct vs_qemu_guest *guest, struct vs_qemu_thread *thread)
{
    struct vs_qemu_selector *selector = &guest->selectors[thread->eject_select % VS_QEMU_SELECTORS];
    uint16_t last = thread->answered_last;
    unsigned function, removed = 0;

    if (thread->eject_taken)
        return; /* a further function of a slot whose functions have all been recorded */
    thread->eject_taken = true;
    if (!selector->bus_known && thread->answered_any && device_of(last) == thread->eject_device)
        learn_bus(guest, selector, bus_of(last));
    for (function = 0; selector->bus_known && function < 8; function++) {
        uint16_t bdf =
            (uint16_t)((unsigned)selector->bus << 8 | thread->eject_device << 3 | function);
        struct vs_qemu_function *gone = vs_qemu_function_find(&guest->functions, bdf);

        if (!gone || !gone->present)
            continue;
        gone->present = false;
        gone->added = false;
        push_event(guest, thread, VS_KIND_DEVICE_REMOVE, bdf);
        removed++;
    }
    selector->up &= ~(UINT32_C(1) << thread->eject_device);
    guest->counts[VS_QEMU_COUNT_DEVICE_REMOVED] += removed;
    if (removed == 0)
        guest->counts[VS_QEMU_COUNT_UNPLUG_UNKNOWN]++;
}

void vs_qemu_hotplug_line(struct vs_qemu_guest *guest, struct vs_qemu_thread *thread,
                          const struct vs_qemu_line *line)
{
    switch (line->event) {
    case VS_QEMU_ACPI_SELECT:
        guest->counts[VS_QEMU_COUNT_ACPI_LINE]++;
        guest->selected = line->value < VS_QEMU_SELECTORS ? (uint32_t)line->value : UINT32_MAX;
        break;
    case VS_QEMU_ACPI_UP:
        guest->counts[VS_QEMU_COUNT_ACPI_LINE]++;
        if (guest->selected < VS_QEMU_SELECTORS)
            guest->selectors[guest->selected].up |= (uint32_t)line->value;
        break;
    case VS_QEMU_ACPI_EJECT:
        guest->counts[VS_QEMU_COUNT_EJECT_LINE]++;
        thread->eject_open = line->bus_select < VS_QEMU_SELECTORS && line->slot < 32;
        thread->eject_taken = false;
        thread->eject_select = line->bus_select;
        thread->eject_device = line->slot;
        break;
    default: /* VS_QEMU_ACPI_UNPLUG */
        guest->counts[VS_QEMU_COUNT_EJECT_LINE]++;
        if (thread->eject_open)
            unplug(guest, thread);
        else
            guest->counts[VS_QEMU_COUNT_UNPLUG_UNKNOWN]++;
    }
}
