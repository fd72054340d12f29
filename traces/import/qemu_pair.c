/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pairing.  For a read QEMU prints the device's line, then the access's; for a
 * write the other way round; both on the vCPU's thread:
 *
 *   pci_cfg_read e1000e 00:01.0 @0x0 -> 0x8086          sbdf, register, value
 *   memory_region_ops_read cpu 0 ... addr 0xcfc size 2  CPU, size, path
 *
 * What the guest asked for is known twice: from the device's line, and from the
 * access (0xCF8 latch and port, or the address in the ECAM window).  Where they
 * differ, the difference is counted.  An address in the window is the access's
 * own, and kept; the latch was put together from other lines, one of which may be
 * missing, so on the port's path QEMU's own decode, the device line, is kept and
 * the latch corrected.  An access without a device line reached no function: its
 * address comes from the access alone.
 *
 * The ECAM window is learned: each pair with a device line gives base = address -
 * (bus << 20 | device << 15 | function << 12 | register).
 */
#include "qemu_state.h"

#include <string.h>

/* QEMU's q35 host bridge: PCIEXBAR at 0x60 says where the window is (hw/pci-host/q35.c,
 * MCH_HOST_BRIDGE_PCIEXBAR; Intel 3 Series datasheet, 5.1.16). */
enum { MCH_PCIEXBAR = 0x60, MCH_PCIEXBAR_BYTES = 8 };

#define BUS_BYTES (UINT64_C(1) << 20) /* of the window, per bus (PCI Express base, 7.2.2) */

static uint32_t size_mask(unsigned size_bytes)
{
    return size_bytes >= 4 ? UINT32_MAX : (UINT32_C(1) << 8 * size_bytes) - 1;
}

/* A function answered: is it new?  Called before the access's own record is pushed. */
static int note_answer(struct vs_qemu_guest *guest, struct vs_qemu_thread *thread, uint16_t bdf,
                       const struct vs_qemu_line *line)
{
    struct vs_qemu_function *function = vs_qemu_function_find(&guest->functions, bdf);
    bool added = function && function->added;

    if (!added && (!function || !function->present))
        added = vs_qemu_hotplug_appeared(guest, thread, bdf);
    thread->answered_any = true;
    thread->answered_last = bdf;
    function = vs_qemu_function_answer(&guest->functions, bdf, line->name, line->name_length);
    if (!function)
        return VS_ERR_MEMORY;
    function->added = added;
    return 0;
}

/* An answered access is complete. */
static void answered(struct vs_qemu_guest *guest, struct vs_qemu_slot *slot)
{
    struct vs_record *record = &slot->record;
    bool write = record->kind == VS_KIND_CFG_WRITE;
    struct vs_qemu_function *function =
        vs_qemu_function_find(&guest->functions, (uint16_t)record->sbdf);

    slot->state = VS_QEMU_SLOT_DONE;
    if (function)
        vs_qemu_function_learn(function, write, record->reg, record->size, record->value);
    if (write && record->sbdf == 0 && record->reg >= MCH_PCIEXBAR &&
        record->reg < MCH_PCIEXBAR + MCH_PCIEXBAR_BYTES && function &&
        strcmp(function->name, "mch") == 0)
        guest->window_known = false; /* it may move: learn it again */
}

/* No device line: an absent function, or a register that the function does not have. */
static void unanswered(struct vs_qemu_guest *guest, struct vs_qemu_slot *slot)
{
    struct vs_record *record = &slot->record;
    bool write = record->kind == VS_KIND_CFG_WRITE;
    struct vs_qemu_function *function =
        vs_qemu_function_find(&guest->functions, (uint16_t)record->sbdf);

    slot->state = VS_QEMU_SLOT_DONE;
    if (!write && record->value != size_mask(record->size)) {
        guest->counts[VS_QEMU_COUNT_SILENT_ANSWER]++;
        return;
    }
    if (function && function->present && record->reg >= 256) {
        guest->counts[VS_QEMU_COUNT_BEYOND_CONFIG]++;
        return;
    }
    record->flags |= VS_FLAG_ABSENT;
    if (function && function->present) {
        function->present = false;
        guest->counts[VS_QEMU_COUNT_GONE]++;
    }
    if (record->flags & VS_FLAG_PATH_ECAM)
        guest->counts[write ? VS_QEMU_COUNT_ABSENT_ECAM_WRITE : VS_QEMU_COUNT_ABSENT_ECAM_READ]++;
    else if (record->flags & VS_FLAG_PATH_PORT)
        guest->counts[write ? VS_QEMU_COUNT_ABSENT_PORT_WRITE : VS_QEMU_COUNT_ABSENT_PORT_READ]++;
    else
        guest->counts[VS_QEMU_COUNT_ABSENT_UNPAIRED]++;
}

static void drop(struct vs_qemu_guest *guest, struct vs_qemu_slot *slot, enum vs_qemu_count reason)
{
    slot->state = VS_QEMU_SLOT_DROPPED;
    guest->counts[reason]++;
}

static void learn_window(struct vs_qemu_guest *guest, uint64_t base)
{
    uint64_t sequence;

    guest->window_known = true;
    guest->window_base = base;
    guest->counts[VS_QEMU_COUNT_WINDOW_LEARNED]++;
    for (sequence = guest->head; guest->window_waiting && sequence < guest->tail; sequence++) {
        struct vs_qemu_slot *slot = vs_qemu_slot(guest, sequence);
        struct vs_qemu_ask ask = {.path = VS_QEMU_PATH_ECAM};

        if (slot->state != VS_QEMU_SLOT_WINDOW)
            continue;
        guest->window_waiting--;
        vs_qemu_ask_window(guest, slot->address, &ask);
        if (!ask.known) {
            drop(guest, slot, VS_QEMU_COUNT_OUTSIDE_WINDOW);
            continue;
        }
        slot->record.sbdf = ask.bdf;
        slot->record.reg = ask.reg;
        unanswered(guest, slot);
    }
}

void vs_qemu_pair_give_up_window(struct vs_qemu_guest *guest)
{
    uint64_t sequence;

    for (sequence = guest->head; guest->window_waiting && sequence < guest->tail; sequence++) {
        struct vs_qemu_slot *slot = vs_qemu_slot(guest, sequence);

        if (slot->state == VS_QEMU_SLOT_WINDOW) {
            guest->window_waiting--;
            drop(guest, slot, VS_QEMU_COUNT_NO_WINDOW);
        }
    }
}

/* An access without device line, of which the access itself does not tell the address. */
static void without_address(struct vs_qemu_guest *guest, struct vs_qemu_slot *slot)
{
    if (slot->record.flags & VS_FLAG_PATH_PORT) {
        drop(guest, slot, VS_QEMU_COUNT_NO_CF8);
    } else if (guest->window_known) {
        drop(guest, slot, VS_QEMU_COUNT_OUTSIDE_WINDOW);
    } else {
        slot->state = VS_QEMU_SLOT_WINDOW;
        guest->window_waiting++;
    }
}

/* A device line that no access line belongs to. */
static void complete_unpaired(struct vs_qemu_guest *guest, struct vs_qemu_thread *thread,
                              struct vs_qemu_slot *slot)
{
    struct vs_record *record = &slot->record;

    if (!slot->bus_known) {
        drop(guest, slot, VS_QEMU_COUNT_NO_BUS);
        return;
    }
    if (record->reg == UINT16_MAX) {
        drop(guest, slot, VS_QEMU_COUNT_NO_REGISTER);
        return;
    }
    record->size = (uint8_t)vs_qemu_infer_size(record->reg, record->value, slot->empty);
    record->value &= size_mask(record->size);
    record->flags |= VS_FLAG_SIZE_INFERRED;
    guest->counts[VS_QEMU_COUNT_SIZE_INFERRED]++;
    vs_qemu_set_cpu(guest, thread, record, false);
    if (slot->empty)
        unanswered(guest, slot);
    else
        answered(guest, slot);
}

static void close_reads(struct vs_qemu_guest *guest, struct vs_qemu_thread *thread)
{
    uint32_t i;

    for (i = 0; i < thread->read_count; i++)
        complete_unpaired(guest, thread, vs_qemu_slot(guest, thread->reads[i]));
    thread->read_count = 0;
}

static void close_write(struct vs_qemu_guest *guest, struct vs_qemu_thread *thread)
{
    struct vs_qemu_slot *slot;

    if (thread->write == VS_QEMU_NO_SLOT)
        return;
    slot = vs_qemu_slot(guest, thread->write);
    thread->write = VS_QEMU_NO_SLOT;
    if (slot->state != VS_QEMU_SLOT_OPEN)
        return;
    if (slot->record.sbdf == VS_SBDF_NONE)
        without_address(guest, slot);
    else
        unanswered(guest, slot);
}

void vs_qemu_pair_close(struct vs_qemu_guest *guest, struct vs_qemu_thread *thread)
{
    close_reads(guest, thread);
    close_write(guest, thread);
}

/* Put what the access asked for into the record, beside what the device line says. */
static void settle_address(struct vs_qemu_guest *guest, const struct vs_qemu_thread *thread,
                           struct vs_qemu_slot *slot, uint64_t address, struct vs_qemu_ask *ask)
{
    struct vs_record *record = &slot->record;
    bool device_whole = slot->bus_known && record->reg != UINT16_MAX;
    uint64_t place = (uint64_t)record->sbdf << 12 | record->reg;

    if (ask->path == VS_QEMU_PATH_ECAM && !guest->window_known && device_whole &&
        address >= place && (address - place) % BUS_BYTES == 0) {
        learn_window(guest, address - place);
        vs_qemu_ask_window(guest, address, ask);
    }
    if (!ask->known) {
        guest->counts[VS_QEMU_COUNT_ADDRESS_FROM_DEVICE]++;
        return;
    }
    if (slot->bus_known && (record->sbdf ^ ask->bdf) >> 8)
        guest->counts[VS_QEMU_COUNT_BUS_DISAGREES]++;
    if ((record->sbdf ^ ask->bdf) & 0xff)
        guest->counts[VS_QEMU_COUNT_FUNCTION_DISAGREES]++;
    if (record->reg != UINT16_MAX && record->reg != ask->reg)
        guest->counts[VS_QEMU_COUNT_REG_DISAGREES]++;
    if (ask->path == VS_QEMU_PATH_PORT && device_whole) {
        if (record->sbdf != ask->bdf || record->reg != ask->reg)
            vs_qemu_correct_latch(guest, thread, (uint16_t)record->sbdf, record->reg);
        return;
    }
    record->sbdf = ask->bdf;
    record->reg = ask->reg;
    slot->bus_known = true;
    if (ask->stale)
        record->flags |= VS_FLAG_CF8_STALE;
}

static void settle_access(struct vs_qemu_guest *guest, struct vs_qemu_thread *thread,
                          struct vs_qemu_slot *slot, const struct vs_qemu_line *line,
                          enum vs_qemu_path path)
{
    struct vs_record *record = &slot->record;

    record->size = (uint8_t)line->size_bytes;
    record->value = (uint32_t)line->value & size_mask(record->size);
    record->flags |= path == VS_QEMU_PATH_ECAM ? VS_FLAG_PATH_ECAM : VS_FLAG_PATH_PORT;
    slot->address = line->address;
    vs_qemu_set_cpu(guest, thread, record, true);
}

int vs_qemu_pair_cfg_read(struct vs_qemu_guest *guest, struct vs_qemu_thread *thread,
                          const struct vs_qemu_line *line)
{
    struct vs_qemu_slot *slot;
    int ret = 0;

    guest->counts[line->empty ? VS_QEMU_COUNT_CFG_EMPTY : VS_QEMU_COUNT_CFG_READ]++;
    close_write(guest, thread);
    if (!guest->regions_seen || thread->read_count == VS_QEMU_READS)
        close_reads(guest, thread);
    if (line->bus_known && !line->empty)
        ret = note_answer(guest, thread, line->bdf, line);
    thread->reads[thread->read_count] = vs_qemu_push(guest, thread, VS_KIND_CFG_READ);
    slot = vs_qemu_slot(guest, thread->reads[thread->read_count++]);
    slot->record.sbdf = line->bdf;
    slot->record.reg = line->reg_known ? line->reg : UINT16_MAX;
    slot->record.value = line->reg_known ? (uint32_t)line->value : UINT32_MAX;
    slot->bus_known = line->bus_known;
    slot->empty = line->empty;
    return ret;
}

/* Of the device lines that precede an access line, the one it belongs to: that with the address
 * asked for, else the last.  Others of the same function within the access are further handlers
 * of it; the rest belong to accesses whose own line is missing. */
static struct vs_qemu_slot *take_read(struct vs_qemu_guest *guest, struct vs_qemu_thread *thread,
                                      const struct vs_qemu_line *line,
                                      const struct vs_qemu_ask *ask)
{
    struct vs_qemu_slot *chosen = NULL;
    uint32_t i;

    for (i = 0; i < thread->read_count; i++) {
        struct vs_qemu_slot *slot = vs_qemu_slot(guest, thread->reads[i]);

        if (!chosen || !ask->known || chosen->record.sbdf != ask->bdf ||
            chosen->record.reg != ask->reg)
            chosen = slot;
    }
    for (i = 0; i < thread->read_count; i++) {
        struct vs_qemu_slot *slot = vs_qemu_slot(guest, thread->reads[i]);

        if (slot == chosen)
            continue;
        if (slot->record.sbdf == chosen->record.sbdf && slot->record.reg >= chosen->record.reg &&
            slot->record.reg - chosen->record.reg < (int)line->size_bytes)
            drop(guest, slot, VS_QEMU_COUNT_FURTHER_HANDLER);
        else
            complete_unpaired(guest, thread, slot);
    }
    thread->read_count = 0;
    return chosen;
}

static void finish_read(struct vs_qemu_guest *guest, struct vs_qemu_thread *thread,
                        const struct vs_qemu_line *line, struct vs_qemu_ask *ask)
{
    struct vs_qemu_slot *slot = take_read(guest, thread, line, ask);
    uint32_t seen = 0;
    bool device = slot != NULL;

    if (slot) {
        seen = slot->record.value & size_mask(line->size_bytes);
        settle_address(guest, thread, slot, line->address, ask);
    } else {
        slot = vs_qemu_slot(guest, vs_qemu_push(guest, thread, VS_KIND_CFG_READ));
        slot->record.sbdf = ask->known ? ask->bdf : VS_SBDF_NONE;
        slot->record.reg = ask->known ? ask->reg : 0;
        if (ask->stale)
            slot->record.flags |= VS_FLAG_CF8_STALE;
    }
    settle_access(guest, thread, slot, line, ask->path);
    if (device && slot->record.value != seen)
        guest->counts[VS_QEMU_COUNT_VALUE_DISAGREES]++;
    if (slot->record.sbdf == VS_SBDF_NONE) {
        without_address(guest, slot);
    } else if (!device || slot->empty) {
        unanswered(guest, slot);
    } else if (!slot->bus_known) {
        drop(guest, slot, VS_QEMU_COUNT_NO_BUS);
    } else if (slot->record.reg == UINT16_MAX) {
        drop(guest, slot, VS_QEMU_COUNT_NO_REGISTER);
    } else {
        answered(guest, slot);
    }
}

static void start_write(struct vs_qemu_guest *guest, struct vs_qemu_thread *thread,
                        const struct vs_qemu_line *line, const struct vs_qemu_ask *ask)
{
    struct vs_qemu_slot *slot;

    thread->write = vs_qemu_push(guest, thread, VS_KIND_CFG_WRITE);
    thread->write_answered = false;
    slot = vs_qemu_slot(guest, thread->write);
    slot->record.sbdf = ask->known ? ask->bdf : VS_SBDF_NONE;
    slot->record.reg = ask->known ? ask->reg : 0;
    slot->bus_known = ask->known;
    if (ask->stale)
        slot->record.flags |= VS_FLAG_CF8_STALE;
    settle_access(guest, thread, slot, line, ask->path);
}

/* The device line of an open write. */
static int finish_write(struct vs_qemu_guest *guest, struct vs_qemu_thread *thread,
                        const struct vs_qemu_line *line)
{
    struct vs_qemu_slot *slot = vs_qemu_slot(guest, thread->write);
    struct vs_record *record = &slot->record;
    struct vs_qemu_ask ask = {.path = record->flags & VS_FLAG_PATH_ECAM ? VS_QEMU_PATH_ECAM
                                                                        : VS_QEMU_PATH_PORT};

    thread->write_answered = true;
    if (line->reg_known && ((uint32_t)line->value & size_mask(record->size)) != record->value)
        guest->counts[VS_QEMU_COUNT_VALUE_DISAGREES]++;
    if (line->empty && !line->reg_known)
        return 0; /* close_write finds the slot open, and the function absent */
    ask.known = record->sbdf != VS_SBDF_NONE;
    ask.bdf = (uint16_t)record->sbdf;
    ask.reg = record->reg;
    record->flags &= (uint16_t)~VS_FLAG_CF8_STALE; /* the device line is a second witness */
    record->sbdf = line->bdf;
    record->reg = line->reg;
    slot->bus_known = line->bus_known;
    settle_address(guest, thread, slot, slot->address, &ask);
    if (line->empty)
        return 0; /* as above */
    if (!slot->bus_known) {
        drop(guest, slot, VS_QEMU_COUNT_NO_BUS);
        return 0;
    }
    if (note_answer(guest, thread, line->bus_known ? line->bdf : (uint16_t)record->sbdf, line) < 0)
        return VS_ERR_MEMORY;
    answered(guest, slot);
    return 0;
}

int vs_qemu_pair_cfg_write(struct vs_qemu_guest *guest, struct vs_qemu_thread *thread,
                           const struct vs_qemu_line *line)
{
    struct vs_qemu_slot *slot;
    int ret = 0;

    guest->counts[line->empty ? VS_QEMU_COUNT_CFG_EMPTY : VS_QEMU_COUNT_CFG_WRITE]++;
    close_reads(guest, thread);
    if (thread->write != VS_QEMU_NO_SLOT) {
        if (!thread->write_answered)
            return finish_write(guest, thread, line);
        guest->counts[VS_QEMU_COUNT_FURTHER_HANDLER]++;
        return 0;
    }
    if (line->bus_known && !line->empty)
        ret = note_answer(guest, thread, line->bdf, line);
    slot = vs_qemu_slot(guest, vs_qemu_push(guest, thread, VS_KIND_CFG_WRITE));
    slot->record.sbdf = line->bdf;
    slot->record.reg = line->reg_known ? line->reg : UINT16_MAX;
    slot->record.value = (uint32_t)line->value;
    slot->bus_known = line->bus_known;
    slot->empty = line->empty;
    complete_unpaired(guest, thread, slot);
    return ret;
}

static void msix_access(struct vs_qemu_guest *guest, struct vs_qemu_thread *thread,
                        const struct vs_qemu_line *line)
{
    bool write = line->event == VS_QEMU_REGION_WRITE;
    struct vs_qemu_slot *slot;
    uint16_t bdf = 0, offset = 0;
    int found = vs_qemu_functions_msix(&guest->functions, line->address, &bdf, &offset);

    guest->counts[VS_QEMU_COUNT_MSIX_TABLE]++;
    if (found != 1) {
        guest->counts[found ? VS_QEMU_COUNT_MSIX_AMBIGUOUS : VS_QEMU_COUNT_MSIX_UNKNOWN]++;
        return;
    }
    guest->counts[VS_QEMU_COUNT_MSIX_LOCATED]++;
    slot = vs_qemu_slot(
        guest, vs_qemu_push(guest, thread, write ? VS_KIND_MSIX_WRITE : VS_KIND_MSIX_READ));
    slot->record.sbdf = bdf;
    slot->record.reg = offset;
    slot->record.size = (uint8_t)line->size_bytes;
    slot->record.value = (uint32_t)line->value & size_mask(line->size_bytes);
    vs_qemu_set_cpu(guest, thread, &slot->record, true);
    slot->state = VS_QEMU_SLOT_DONE;
}

static void config_access(struct vs_qemu_guest *guest, struct vs_qemu_thread *thread,
                          const struct vs_qemu_line *line, enum vs_qemu_path path)
{
    bool write = line->event == VS_QEMU_REGION_WRITE;
    const struct vs_qemu_slot *device = NULL;
    struct vs_qemu_ask ask = {.path = path};

    if (path == VS_QEMU_PATH_PORT) {
        guest->counts[write ? VS_QEMU_COUNT_PORT_WRITE : VS_QEMU_COUNT_PORT_READ]++;
        if (!write && thread->read_count)
            device = vs_qemu_slot(guest, thread->reads[thread->read_count - 1]);
        vs_qemu_ask_port(guest, thread, line->address, device, &ask);
        if (ask.disabled && !device) {
            guest->counts[VS_QEMU_COUNT_CF8_DISABLED]++;
            return;
        }
    } else {
        guest->counts[write ? VS_QEMU_COUNT_ECAM_WRITE : VS_QEMU_COUNT_ECAM_READ]++;
        vs_qemu_ask_window(guest, line->address, &ask);
    }
    if (write)
        start_write(guest, thread, line, &ask);
    else
        finish_read(guest, thread, line, &ask);
}

static void count_region(struct vs_qemu_guest *guest, const struct vs_qemu_line *line)
{
    static const char none[] = "unnamed";

    if (line->name_length)
        vs_qemu_count_other(guest, "region-", line->name, line->name_length);
    else
        vs_qemu_count_other(guest, "region-", none, sizeof(none) - 1);
}

int vs_qemu_pair_region(struct vs_qemu_guest *guest, struct vs_qemu_thread *thread,
                        const struct vs_qemu_line *line)
{
    bool write = line->event == VS_QEMU_REGION_WRITE;
    enum vs_qemu_path path = vs_qemu_classify(guest, thread, line);
    bool access = path == VS_QEMU_PATH_PORT || path == VS_QEMU_PATH_ECAM;

    guest->regions_seen = true;
    /* Without thread ids another vCPU's access to a region that QEMU runs without its big lock
     * may come between the two lines of an access; config accesses hold that lock. */
    if (path == VS_QEMU_PATH_NONE && thread->id == VS_QEMU_THREAD_UNKNOWN) {
        count_region(guest, line);
        return 0;
    }
    close_write(guest, thread);
    if (write || !access)
        close_reads(guest, thread);
    if ((access || path == VS_QEMU_PATH_MSIX) && line->size_bytes != 1 && line->size_bytes != 2 &&
        line->size_bytes != 4) {
        guest->counts[VS_QEMU_COUNT_ODD_SIZE]++;
    } else if (access) {
        config_access(guest, thread, line, path);
    } else if (path == VS_QEMU_PATH_MSIX) {
        msix_access(guest, thread, line);
    } else if (path == VS_QEMU_PATH_CF8 && write) {
        vs_qemu_write_latch(guest, thread, line);
    } else if (path == VS_QEMU_PATH_CF8) {
        guest->counts[VS_QEMU_COUNT_CF8_READ]++;
    } else {
        count_region(guest, line);
    }
    return 0;
}
