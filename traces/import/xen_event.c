/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which Xen trace records there are, and counting them. */
#include "import/xen_event.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS(n) (uint8_t)(1u << (n))
#define EXACT    UINT32_C(0x0fffffff)
/* The old and new state of a run-state change are bits 11-8 and 7-4 of its id. */
#define RUNSTATES UINT32_C(0x0ffff00f)
#define NESTED    (EXACT & ~VS_XEN_BIT_NESTED)
#define WRITE     (EXACT & ~VS_XEN_BIT_WRITE)
#define SUBCLASS  UINT32_C(0x0ffff000)
#define CLASS     UINT32_C(0x0fff0000)
/* 64-bit, write and other variant bits of HVM handler events. */
#define HANDLER (EXACT & ~UINT32_C(0xf00))

/* Hot events first; then exact ids before whole classes. */
static const struct vs_xen_event events[] = {
    {NESTED, 0x81102, VS_XEN_EXIT, true, WORDS(3), "vmexit"},
    {NESTED, 0x81001, VS_XEN_ENTRY, true, WORDS(0), "vmentry"},
    {NESTED, 0x81103, VS_XEN_EXIT_SVM, true, WORDS(3), "svm-exit"},
    {WRITE, 0x82016, VS_XEN_PORT, false, WORDS(1) | WORDS(2), "ioport"},
    {WRITE, 0x82017, VS_XEN_MEMORY, false, WORDS(1) | WORDS(2), "iomem"},
    {WRITE, 0x82117, VS_XEN_MEMORY, false, WORDS(2) | WORDS(4), "iomem-64"},
    {EXACT, 0x82021, VS_XEN_NPF, false, WORDS(6), "nested-page-fault"},
    {RUNSTATES, 0x21001, VS_XEN_RUNSTATE, true, WORDS(1), "runstate-change"},
    {EXACT, 0x21002, VS_XEN_CONTINUE, true, WORDS(1), "continue-running"},
    {NESTED, 0x81002, VS_XEN_EXIT, true, WORDS(2), "vmexit"},
    {NESTED, 0x81003, VS_XEN_EXIT_SVM, true, WORDS(2), "svm-exit"},
    {EXACT, 0x82012, VS_XEN_VMMCALL, false, WORDS(1), "hypercall"},
    {EXACT, 0x84020, VS_XEN_VPCI, true, WORDS(7), "vpci-access"},
    {EXACT, 0x1f001, VS_XEN_LOST, true, WORDS(4), "lost-records"},
    {EXACT, 0x1f002, VS_XEN_FILLER, false, 0, "wrap-filler"},
    {EXACT, 0x1f003, VS_XEN_WINDOW, false, 0, "cpu-change"},
    {EXACT, 0x1f032, VS_XEN_OTHER, false, 0, "lost-records-end"},
    {HANDLER, 0x82001, VS_XEN_OTHER, false, 0, "pf-xen"},
    {HANDLER, 0x82002, VS_XEN_OTHER, false, 0, "pf-inject"},
    {HANDLER, 0x82003, VS_XEN_OTHER, false, 0, "inject-exception"},
    {HANDLER, 0x82004, VS_XEN_OTHER, false, 0, "inject-virq"},
    {HANDLER, 0x82005, VS_XEN_OTHER, false, 0, "reinject-virq"},
    {HANDLER, 0x82006, VS_XEN_OTHER, false, 0, "io-read"},
    {HANDLER, 0x82007, VS_XEN_OTHER, false, 0, "io-write"},
    {HANDLER, 0x82008, VS_XEN_OTHER, false, 0, "cr-read"},
    {HANDLER, 0x82009, VS_XEN_OTHER, false, 0, "cr-write"},
    {HANDLER, 0x8200a, VS_XEN_OTHER, false, 0, "dr-read"},
    {HANDLER, 0x8200b, VS_XEN_OTHER, false, 0, "dr-write"},
    {HANDLER, 0x8200c, VS_XEN_OTHER, false, 0, "msr-read"},
    {HANDLER, 0x8200d, VS_XEN_OTHER, false, 0, "msr-write"},
    {HANDLER, 0x8200e, VS_XEN_OTHER, false, 0, "cpuid"},
    {HANDLER, 0x8200f, VS_XEN_OTHER, false, 0, "interrupt"},
    {HANDLER, 0x82010, VS_XEN_OTHER, false, 0, "nmi"},
    {HANDLER, 0x82011, VS_XEN_OTHER, false, 0, "smi"},
    {HANDLER, 0x82013, VS_XEN_OTHER, false, 0, "hlt"},
    {HANDLER, 0x82014, VS_XEN_OTHER, false, 0, "invlpg"},
    {HANDLER, 0x82015, VS_XEN_OTHER, false, 0, "mce"},
    {HANDLER, 0x82018, VS_XEN_OTHER, false, 0, "clts"},
    {HANDLER, 0x82019, VS_XEN_OTHER, false, 0, "lmsw"},
    {HANDLER, 0x8201a, VS_XEN_OTHER, false, 0, "rdtsc"},
    {HANDLER, 0x82020, VS_XEN_OTHER, false, 0, "interrupt-window"},
    {HANDLER, 0x82022, VS_XEN_OTHER, false, 0, "realmode-emulate"},
    {HANDLER, 0x82023, VS_XEN_OTHER, false, 0, "trap"},
    {HANDLER, 0x82024, VS_XEN_OTHER, false, 0, "trap-debug"},
    {HANDLER, 0x82025, VS_XEN_OTHER, false, 0, "vlapic"},
    {HANDLER, 0x82026, VS_XEN_OTHER, false, 0, "xcr-read"},
    {HANDLER, 0x82027, VS_XEN_OTHER, false, 0, "xcr-write"},
    {SUBCLASS, 0x22000, VS_XEN_OTHER, false, 0, "scheduler-class"},
    {SUBCLASS, 0x28000, VS_XEN_OTHER, false, 0, "scheduler-verbose"},
    {EXACT, 0x84021, VS_XEN_OTHER, false, 0, "vpci-event"},
    {EXACT, 0x84022, VS_XEN_OTHER, false, 0, "vpci-pending"},
    {SUBCLASS, 0x84000, VS_XEN_OTHER, false, 0, "hvm-emulated-device"},
    {CLASS, 0x100000, VS_XEN_OTHER, false, 0, "memory"},
    {CLASS, 0x200000, VS_XEN_OTHER, false, 0, "pv"},
    {CLASS, 0x400000, VS_XEN_OTHER, false, 0, "shadow"},
    {CLASS, 0x800000, VS_XEN_OTHER, false, 0, "hardware"},
    {CLASS, 0x8000000, VS_XEN_OTHER, false, 0, "guest"},
    {0, 0, VS_XEN_UNKNOWN, false, 0, "unknown"}, /* matches everything: the last */
};

const struct vs_xen_event *vs_xen_event_find(uint32_t event)
{
    size_t i = 0;

    while ((event & events[i].mask) != events[i].id)
        i++;
    return &events[i];
}

static uint32_t load32(const uint8_t *bytes)
{
    uint32_t word;

    memcpy(&word, bytes, sizeof(word)); /* little-endian hosts only, see record.h */
    return word;
}

void vs_xen_record_decode(const uint8_t *bytes, struct vs_xen_record *record)
{
    uint32_t header = load32(bytes);

    bytes += 4;
    *record = (struct vs_xen_record){.event = VS_XEN_EVENT(header),
                                     .has_tsc = header & VS_XEN_TSC_FLAG,
                                     .words = (uint8_t)VS_XEN_WORDS(header)};
    if (record->has_tsc) {
        record->tsc = (uint64_t)load32(bytes + 4) << 32 | load32(bytes);
        bytes += 8;
    }
    for (unsigned int i = 0; i < record->words; i++)
        record->word[i] = load32(bytes + 4 * (size_t)i);
}

const char *vs_xen_record_wrong(const struct vs_xen_event *event, bool has_tsc, uint8_t words)
{
    if (event->kind == VS_XEN_WINDOW)
        return "a window header inside a window";
    if (event->needs_tsc && !has_tsc)
        return "expected a TSC in it, found none";
    if (event->words && !(event->words >> words & 1))
        return "it has another number of words than its event has";
    return NULL;
}

/* ------------------------------------------------------------------- counts */

/* Distinct ids that are counted one by one.  A real log has some dozens; a damaged one may have
 * any number, and all beyond these share one count. */
enum { TALLY_SLOTS = 4096, TALLY_IDS_MAX = 1024, UNKNOWN_REPORTED_MAX = 64 };

struct vs_xen_tally {
    struct slot {
        const struct vs_xen_event *what; /* NULL: free */
        uint32_t event;
        uint64_t count;
    } slots[TALLY_SLOTS];
    unsigned int ids;
    uint64_t beyond; /* records of ids that found no slot */
};

struct vs_xen_tally *vs_xen_tally_new(void)
{
    return calloc(1, sizeof(struct vs_xen_tally));
}

void vs_xen_tally_free(struct vs_xen_tally *tally)
{
    free(tally);
}

static struct slot *slot_of(struct vs_xen_tally *tally, uint32_t event)
{
    unsigned int at = (event * UINT32_C(2654435761)) >> 20; /* Knuth's multiplier, 12 bits kept */

    while (tally->slots[at].what && tally->slots[at].event != event)
        at = (at + 1) % TALLY_SLOTS;
    if (!tally->slots[at].what) {
        if (tally->ids == TALLY_IDS_MAX)
            return NULL;
        tally->ids++;
        tally->slots[at].event = event;
        tally->slots[at].what = vs_xen_event_find(event);
    }
    return &tally->slots[at];
}

const struct vs_xen_event *vs_xen_tally_find(struct vs_xen_tally *tally, uint32_t event)
{
    struct slot *slot = slot_of(tally, event);

    return slot ? slot->what : vs_xen_event_find(event);
}

const struct vs_xen_event *vs_xen_tally_count(struct vs_xen_tally *tally, uint32_t event)
{
    struct slot *slot = slot_of(tally, event);

    if (!slot) {
        tally->beyond++;
        return vs_xen_event_find(event);
    }
    slot->count++;
    return slot->what;
}

static int by_event(const void *a, const void *b)
{
    const struct slot *left = a, *right = b;

    return (left->event > right->event) - (left->event < right->event);
}

void vs_xen_tally_report(const struct vs_xen_tally *tally, struct vs_import_report *report)
{
    struct slot *sorted = malloc(TALLY_IDS_MAX * sizeof(*sorted));
    uint64_t other = tally->beyond;
    unsigned int count = 0, unknown = 0;

    if (!sorted)
        return;
    for (unsigned int i = 0; i < TALLY_SLOTS; i++)
        if (tally->slots[i].what && tally->slots[i].count)
            sorted[count++] = tally->slots[i];
    qsort(sorted, count, sizeof(*sorted), by_event);
    for (unsigned int i = 0; i < count; i++) {
        const struct vs_xen_event *what = sorted[i].what;
        char name[48];

        if (what->kind != VS_XEN_UNKNOWN) {
            snprintf(name, sizeof(name), "%s-records", what->name);
            vs_import_count(report, what->kind == VS_XEN_OTHER ? VS_IMPORT_IGNORED : VS_IMPORT_SEEN,
                            name, sorted[i].count);
        } else if (unknown++ < UNKNOWN_REPORTED_MAX) {
            snprintf(name, sizeof(name), "unknown-event-0x%08" PRIx32, sorted[i].event);
            vs_import_count(report, VS_IMPORT_IGNORED, name, sorted[i].count);
        } else {
            other += sorted[i].count;
        }
    }
    if (other)
        vs_import_count(report, VS_IMPORT_IGNORED, "unknown-event-others", other);
    free(sorted);
}
