/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines in, records out.  Each record takes its place in a queue when the first
 * line of its access is read, so that records leave in the log's time order, and
 * leaves when its access is complete (qemu_pair.c).
 */
#include "qemu_guest.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "qemu_state.h"

#define THREADS_MAX      65536u /* a log with more is damaged, or no log */
#define PUSHES_PER_LINE  16u    /* an unplug pushes a record for each of 8 functions */
#define QUOTE_CHARACTERS 60

struct count_name {
    enum vs_import_group group;
    const char *name;
};

static const struct count_name count_names[] = {
#define X(name, group, text) {VS_IMPORT_##group, text},
    VS_QEMU_COUNTS(X)
#undef X
};

/* ---------------------------------------------------------------- inference */

/* Widths of the registers of the standard header (PCI 3.0, 6.1; 0x3e as in a bridge's, the one
 * that is written): 0 where the byte continues a register.  Of the 148,534 device lines of the
 * captured log qemu-q35-linux-a, whose sizes are known from its access lines, 97.4 % get the
 * right size this way (most misses: 2-byte capability registers taken for 4, and 4-byte reads of
 * 0x0c and 0x34 taken for 1). */
static const uint8_t header_widths[64] = {
    [0x00] = 2, [0x02] = 2, [0x04] = 2, [0x06] = 2, [0x08] = 4, [0x09] = 1, [0x0a] = 2,
    [0x0b] = 1, [0x0c] = 1, [0x0d] = 1, [0x0e] = 1, [0x0f] = 1, [0x10] = 4, [0x14] = 4,
    [0x18] = 4, [0x1c] = 4, [0x20] = 4, [0x24] = 4, [0x28] = 4, [0x2c] = 2, [0x2e] = 2,
    [0x30] = 4, [0x34] = 1, [0x38] = 4, [0x3c] = 1, [0x3d] = 1, [0x3e] = 2, [0x3f] = 1};

unsigned vs_qemu_infer_size(uint16_t reg, uint32_t value, bool absent)
{
    unsigned aligned = reg % 4 == 0 ? 4 : reg % 2 == 0 ? 2 : 1;
    unsigned width = reg < 64 && header_widths[reg] ? header_widths[reg] : aligned;
    unsigned needed = absent || value <= 0xff ? 1 : value <= 0xffff ? 2 : 4;

    if (width > aligned)
        width = aligned;
    return needed <= width ? width : needed <= aligned ? aligned : 4;
}

/* ------------------------------------------------------------------ threads */

static int grow_latches(struct vs_qemu_guest *guest, int32_t cpu)
{
    size_t count = (size_t)cpu + 1;
    struct vs_qemu_latch *latches;

    if (cpu < 0)
        return 0;
    if (count > guest->cpus)
        guest->cpus = (uint16_t)count;
    if (count <= guest->latch_count)
        return 0;
    latches = realloc(guest->latches, count * sizeof(*latches));
    if (!latches)
        return VS_ERR_MEMORY;
    memset(latches + guest->latch_count, 0, (count - guest->latch_count) * sizeof(*latches));
    guest->latches = latches;
    guest->latch_count = count;
    return 0;
}

static size_t thread_hash(uint64_t id, size_t size)
{
    return (size_t)((id * UINT64_C(0x9e3779b97f4a7c15)) >> 32) & (size - 1);
}

static int grow_threads(struct vs_qemu_guest *guest)
{
    size_t room = guest->thread_room ? 2 * guest->thread_room : 16;
    size_t size = 2 * room;
    struct vs_qemu_thread *threads = realloc(guest->threads, room * sizeof(*threads));
    uint32_t *index;
    size_t i, at;

    if (!threads)
        return VS_ERR_MEMORY;
    guest->threads = threads;
    guest->thread_room = room;
    index = calloc(size, sizeof(*index));
    if (!index)
        return VS_ERR_MEMORY;
    for (i = 0; i < guest->thread_count; i++) {
        for (at = thread_hash(threads[i].id, size); index[at]; at = (at + 1) & (size - 1))
            ;
        index[at] = (uint32_t)i + 1;
    }
    free(guest->thread_index);
    guest->thread_index = index;
    guest->thread_index_size = size;
    return 0;
}

/* The thread with this id, made where there is none; NULL when out of memory. */
static struct vs_qemu_thread *find_thread(struct vs_qemu_guest *guest, uint64_t id)
{
    struct vs_qemu_thread *thread;
    size_t mask, at;

    if (guest->thread_last < guest->thread_count && guest->threads[guest->thread_last].id == id)
        return &guest->threads[guest->thread_last];
    if (guest->thread_count == guest->thread_room && grow_threads(guest) < 0)
        return NULL;
    mask = guest->thread_index_size - 1;
    for (at = thread_hash(id, mask + 1); guest->thread_index[at]; at = (at + 1) & mask) {
        guest->thread_last = guest->thread_index[at] - 1;
        if (guest->threads[guest->thread_last].id == id)
            return &guest->threads[guest->thread_last];
    }
    guest->thread_last = (uint32_t)guest->thread_count;
    guest->thread_index[at] = (uint32_t)++guest->thread_count;
    thread = &guest->threads[guest->thread_last];
    memset(thread, 0, sizeof(*thread));
    thread->id = id;
    thread->cpu = VS_QEMU_CPU_UNKNOWN;
    thread->write = VS_QEMU_NO_SLOT;
    return thread;
}

static int state_thread(struct vs_qemu_guest *guest, const char *text, struct vs_error *error)
{
    const char *equals = strchr(text, '=');
    struct vs_qemu_thread *thread;
    uint64_t id, cpu = 0;
    char id_text[24];
    size_t length = equals ? (size_t)(equals - text) : 0;

    if (!equals || length == 0 || length >= sizeof(id_text))
        goto wrong;
    memcpy(id_text, text, length);
    id_text[length] = '\0';
    if (vs_parse_u64(id_text, 0, UINT64_MAX, &id) < 0)
        goto wrong;
    if (strcmp(equals + 1, "none") != 0 && vs_parse_u64(equals + 1, 0, 65534, &cpu) < 0)
        goto wrong;
    thread = find_thread(guest, id);
    if (!thread)
        return vs_error_set(error, VS_ERR_MEMORY, "out of memory");
    thread->cpu = strcmp(equals + 1, "none") == 0 ? VS_QEMU_CPU_NONE : (int32_t)cpu;
    thread->cpu_stated = true;
    if (grow_latches(guest, thread->cpu) < 0)
        return vs_error_set(error, VS_ERR_MEMORY, "out of memory");
    return 0;
wrong:
    return vs_error_set(error, VS_ERR_USAGE,
                        "--threads: expected THREAD=CPU (CPU 0 to 65534) or THREAD=none, "
                        "found '%s'",
                        text);
}

/* The thread of a line that names its CPU. */
static int learn_cpu(struct vs_qemu_guest *guest, struct vs_qemu_thread *thread, int32_t cpu)
{
    if (thread->cpu == cpu)
        return 0;
    if (thread->cpu_stated)
        guest->counts[VS_QEMU_COUNT_CPU_DISAGREES]++;
    thread->numbered = false;
    thread->cpu = cpu;
    return grow_latches(guest, cpu);
}

/* Different threads stay different vCPUs where no line says which they are. */
static void number_thread(struct vs_qemu_guest *guest, struct vs_qemu_thread *thread)
{
    size_t used = strlen(guest->numbered);

    if (guest->cpus >= VS_VCPU_NONE || grow_latches(guest, guest->cpus) < 0)
        return;
    thread->cpu = guest->cpus - 1;
    thread->numbered = true;
    /* A list that ends in "..." is full. */
    if (used + 32 < sizeof(guest->numbered))
        snprintf(guest->numbered + used, sizeof(guest->numbered) - used, "%s%" PRIu64 "=%" PRId32,
                 used ? " " : "", thread->id, thread->cpu);
    else if (guest->numbered[used - 1] != '.')
        snprintf(guest->numbered + used, sizeof(guest->numbered) - used, " ...");
}

/* -------------------------------------------------------------------- queue */

uint64_t vs_qemu_push(struct vs_qemu_guest *guest, const struct vs_qemu_thread *thread,
                      enum vs_kind kind)
{
    struct vs_qemu_slot *slot = vs_qemu_slot(guest, guest->tail);

    memset(slot, 0, sizeof(*slot));
    slot->thread = (uint32_t)(thread - guest->threads);
    slot->state = VS_QEMU_SLOT_OPEN;
    slot->record.kind = (uint8_t)kind;
    slot->record.time_ns = guest->last_us * 1000;
    slot->record.sbdf = VS_SBDF_NONE;
    slot->record.vcpu = VS_VCPU_NONE;
    slot->record.pcpu = VS_PCPU_NONE; /* QEMU's threads float over the host's CPUs */
    return guest->tail++;
}

void vs_qemu_set_cpu(struct vs_qemu_guest *guest, struct vs_qemu_thread *thread,
                     struct vs_record *record, bool from_line)
{
    bool known = from_line || thread->id != VS_QEMU_THREAD_UNKNOWN;

    if (known && thread->cpu == VS_QEMU_CPU_UNKNOWN && !guest->regions_seen)
        number_thread(guest, thread);
    /* Lines without thread id come from every thread: only what a line says itself is known. */
    if (thread->cpu < 0 || !known) {
        if (thread->cpu != VS_QEMU_CPU_NONE)
            guest->counts[VS_QEMU_COUNT_CPU_UNKNOWN]++;
        return;
    }
    record->vcpu = (uint16_t)thread->cpu;
    if (!from_line) {
        record->flags |= VS_FLAG_VCPU_INFERRED;
        guest->counts[thread->numbered ? VS_QEMU_COUNT_CPU_NUMBERED : VS_QEMU_COUNT_CPU_LEARNED]++;
    }
}

/* Complete the oldest record as it stands, because too many came after it. */
static void force_head(struct vs_qemu_guest *guest)
{
    struct vs_qemu_slot *slot = vs_qemu_slot(guest, guest->head);

    if (slot->state == VS_QEMU_SLOT_OPEN)
        vs_qemu_pair_close(guest, &guest->threads[slot->thread]);
    if (slot->state == VS_QEMU_SLOT_WINDOW) {
        slot->state = VS_QEMU_SLOT_DROPPED;
        guest->window_waiting--;
        guest->counts[VS_QEMU_COUNT_NO_WINDOW]++;
    }
}

/* -------------------------------------------------------------------- lines */

void vs_qemu_count_other(struct vs_qemu_guest *guest, const char *prefix, const char *name,
                         size_t name_length)
{
    struct vs_qemu_other *other;
    char full[sizeof(other->name)];
    size_t length = strlen(prefix);
    size_t i;

    memcpy(full, prefix, length);
    for (i = 0; i < name_length && length + 1 < sizeof(full); i++) {
        char c = name[i];

        if (c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        else if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9'))
            c = '-';
        full[length++] = c;
    }
    full[length] = '\0';
    for (other = guest->others; other < guest->others + guest->other_count; other++) {
        if (strcmp(other->name, full) == 0) {
            other->lines++;
            return;
        }
    }
    if (guest->other_count == VS_QEMU_OTHERS) {
        guest->counts[VS_QEMU_COUNT_OTHER_NAMES]++;
        return;
    }
    guest->other_count++;
    memcpy(other->name, full, sizeof(full));
    other->lines = 1;
}

static int feed(struct vs_qemu_guest *guest, const struct vs_qemu_line *line)
{
    struct vs_qemu_thread *thread = find_thread(guest, line->thread);

    if (!thread)
        return VS_ERR_MEMORY;
    if (!guest->started)
        guest->first_us = line->time_us;
    guest->started = true;
    /* A thread takes its time stamp before it gets the log's lock: lines may overtake each
     * other by a little.  The log's order is kept. */
    if (line->time_us < guest->last_us)
        guest->counts[VS_QEMU_COUNT_TIME_BACK]++;
    else
        guest->last_us = line->time_us;
    switch (line->event) {
    case VS_QEMU_CFG_READ:
        return vs_qemu_pair_cfg_read(guest, thread, line);
    case VS_QEMU_CFG_WRITE:
        return vs_qemu_pair_cfg_write(guest, thread, line);
    case VS_QEMU_REGION_READ:
    case VS_QEMU_REGION_WRITE:
        if (learn_cpu(guest, thread, line->cpu) < 0)
            return VS_ERR_MEMORY;
        return vs_qemu_pair_region(guest, thread, line);
    default:
        break;
    }
    /* Other events may come between the two lines of an access: QEMU prints one for whatever
     * the access does meanwhile (a cast, a mutex).  Hotplug makes records of its own, in order. */
    if (line->event == VS_QEMU_MSIX_CONFIG) {
        guest->counts[VS_QEMU_COUNT_MSIX_CONFIG]++;
    } else if (line->event == VS_QEMU_OTHER) {
        vs_qemu_count_other(guest, "event-", line->name, line->name_length);
    } else {
        vs_qemu_pair_close(guest, thread);
        vs_qemu_hotplug_line(guest, thread, line);
    }
    return 0;
}

/* Up to QUOTE_CHARACTERS of a line for an error, unprintable bytes as '?'. */
static void quote(const char *text, size_t length, char *buffer)
{
    size_t i;

    for (i = 0; i < length && i < QUOTE_CHARACTERS; i++)
        buffer[i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
    buffer[i] = '\0';
}

static int refuse_line(struct vs_qemu_guest *guest, const char *expected, const char *text,
                       size_t length, size_t at, struct vs_error *error)
{
    char found[QUOTE_CHARACTERS + 1];

    if (guest->tolerate) {
        guest->counts[VS_QEMU_COUNT_MALFORMED]++;
        return 0;
    }
    quote(text + at, length - at, found);
    return vs_error_set_at(error, VS_ERR_INPUT, vs_input_path(guest->input), VS_NOWHERE,
                           vs_input_line_number(guest->input),
                           "expected %s at column %zu, found %s%s%s", expected, at + 1,
                           at < length ? "'" : "", at < length ? found : "the end of the line",
                           at < length ? "'" : "");
}

static void finish(struct vs_qemu_guest *guest)
{
    size_t i;

    for (i = 0; i < guest->thread_count; i++)
        vs_qemu_pair_close(guest, &guest->threads[i]);
    vs_qemu_pair_give_up_window(guest);
    guest->ended = true;
}

/* Read and digest one line. */
static int step(struct vs_qemu_guest *guest, struct vs_error *error)
{
    struct vs_error trouble = VS_ERROR_INIT;
    struct vs_qemu_line line;
    const char *text, *expected;
    size_t length, at;
    int got = vs_input_line(guest->input, &text, &length, &trouble);

    if (got < 0 && guest->tolerate && trouble.code == VS_ERR_INPUT) {
        guest->counts[VS_QEMU_COUNT_TRUNCATED]++;
        got = 0;
    }
    if (got < 0) {
        if (error && error->code == VS_OK)
            *error = trouble;
        return got;
    }
    if (got == 0) {
        finish(guest);
        return 0;
    }
    guest->counts[VS_QEMU_COUNT_LINES]++;
    /* QEMU's own messages go to the same file; a file that begins with them is another file. */
    if (guest->started && !vs_qemu_line_is_trace(text, length)) {
        guest->counts[VS_QEMU_COUNT_OTHER_OUTPUT]++;
        return 0;
    }
    /* A value cut short reads as another value. */
    if (guest->started && vs_input_line_cut(guest->input)) {
        guest->counts[VS_QEMU_COUNT_CUT_LINE]++;
        return 0;
    }
    expected = vs_qemu_line_parse(text, length, &line, &at);
    if (expected)
        return refuse_line(guest, expected, text, length, at, error);
    if (feed(guest, &line) < 0)
        return vs_error_set(error, VS_ERR_MEMORY, "out of memory");
    if (guest->thread_count > THREADS_MAX)
        return vs_error_set_at(error, VS_ERR_INPUT, vs_input_path(guest->input), VS_NOWHERE,
                               vs_input_line_number(guest->input),
                               "more than %u threads: no QEMU log", THREADS_MAX);
    return 0;
}

int vs_qemu_guest_next(struct vs_qemu_guest *guest, struct vs_record *record,
                       struct vs_error *error)
{
    int ret;

    for (;;) {
        while (guest->head < guest->tail &&
               vs_qemu_slot(guest, guest->head)->state >= VS_QEMU_SLOT_DONE) {
            const struct vs_qemu_slot *slot = vs_qemu_slot(guest, guest->head++);

            if (slot->state == VS_QEMU_SLOT_DROPPED)
                continue;
            if (!vs_record_invalid(&slot->record)) {
                *record = slot->record;
                return 1;
            }
            /* All that is left to be wrong: an access that crosses the end of config space. */
            guest->counts[VS_QEMU_COUNT_INVALID]++;
        }
        if (guest->tail - guest->head > VS_QEMU_QUEUE - PUSHES_PER_LINE) {
            force_head(guest);
            continue;
        }
        if (guest->ended)
            return 0;
        ret = step(guest, error);
        if (ret < 0)
            return ret;
    }
}

/* -------------------------------------------------------------- open, report */

int vs_qemu_guest_open(const char *path, const struct vs_strings *threads, bool tolerate,
                       struct vs_qemu_guest **result, struct vs_error *error)
{
    struct vs_qemu_guest *guest = calloc(1, sizeof(*guest));
    int ret = VS_ERR_MEMORY;
    size_t i;

    if (!guest || !(guest->queue = malloc(VS_QEMU_QUEUE * sizeof(*guest->queue))) ||
        grow_threads(guest) < 0) {
        vs_error_set(error, VS_ERR_MEMORY, "out of memory");
        goto out;
    }
    guest->tolerate = tolerate;
    for (i = 0; threads && i < threads->count; i++) {
        ret = state_thread(guest, threads->items[i], error);
        if (ret < 0)
            goto out;
    }
    ret = vs_input_open(path, &guest->input, error);
    if (ret < 0)
        goto out;
    *result = guest;
    guest = NULL;
    ret = 0;
out:
    vs_qemu_guest_close(guest);
    return ret;
}

void vs_qemu_guest_close(struct vs_qemu_guest *guest)
{
    if (!guest)
        return;
    vs_input_close(guest->input);
    vs_qemu_functions_release(&guest->functions);
    free(guest->queue);
    free(guest->threads);
    free(guest->thread_index);
    free(guest->latches);
    free(guest);
}

uint64_t vs_qemu_guest_epoch(const struct vs_qemu_guest *guest)
{
    return guest->first_us * 1000;
}

uint16_t vs_qemu_guest_cpus(const struct vs_qemu_guest *guest)
{
    return guest->cpus;
}

const char *vs_qemu_guest_numbered(const struct vs_qemu_guest *guest)
{
    return guest->numbered;
}

bool vs_qemu_guest_ecam(const struct vs_qemu_guest *guest, uint64_t *base, uint8_t *bus_last)
{
    *base = guest->window_base;
    *bus_last = guest->window_bus_last;
    return guest->counts[VS_QEMU_COUNT_WINDOW_LEARNED] > 0;
}

const struct vs_qemu_functions *vs_qemu_guest_functions(const struct vs_qemu_guest *guest)
{
    return &guest->functions;
}

void vs_qemu_guest_report(const struct vs_qemu_guest *guest, struct vs_import_report *report)
{
    size_t i;

    /* The first few are always shown: a reader looks for them.  Others only when they happened. */
    for (i = 0; i < VS_QEMU_COUNT_END; i++) {
        if (guest->counts[i] || i <= VS_QEMU_COUNT_ECAM_WRITE)
            vs_import_count(report, count_names[i].group, count_names[i].name, guest->counts[i]);
    }
    for (i = 0; i < guest->other_count; i++)
        vs_import_count(report, VS_IMPORT_IGNORED, guest->others[i].name, guest->others[i].lines);
}
