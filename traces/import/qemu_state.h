/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state of one guest's log while it is read.  Private to qemu_guest.c
 * (lines in, records out), qemu_pair.c (accesses) and qemu_hotplug.c.
 */
#ifndef VS_TRACES_IMPORT_QEMU_STATE_H
#define VS_TRACES_IMPORT_QEMU_STATE_H

#include "input.h"
#include "qemu_count.h"
#include "qemu_functions.h"
#include "qemu_guest.h"
#include "qemu_line.h"

/* Records wait here, in time order, until their access is complete: an access is one or two
 * lines, with other threads' lines between.  A power of two.  An access still incomplete after
 * this many later ones is taken as it is. */
#define VS_QEMU_QUEUE 16384u

/* Device lines of one thread that may precede one access line. */
#define VS_QEMU_READS 8u

#define VS_QEMU_NO_SLOT UINT64_MAX

#define VS_QEMU_CPU_UNKNOWN (-2)
#define VS_QEMU_CPU_NONE    (-1)

/* ACPI hotplug buses that are tracked: QEMU gives out selectors from 0 up, one per bus. */
#define VS_QEMU_SELECTORS 256u

enum vs_qemu_slot_state {
    VS_QEMU_SLOT_OPEN,   /* its thread may still say more about it */
    VS_QEMU_SLOT_WINDOW, /* unanswered ECAM access: bus unknown until the window is */
    VS_QEMU_SLOT_DONE,
    VS_QEMU_SLOT_DROPPED
};

struct vs_qemu_slot {
    struct vs_record record; /* sbdf without segment; time_ns since 1970 */
    uint64_t address;        /* ECAM accesses: guest physical */
    uint32_t thread;         /* index of the thread that owns it while open */
    uint8_t state;           /* enum vs_qemu_slot_state */
    bool bus_known, empty;   /* of the device line */
};

struct vs_qemu_thread {
    uint64_t id;
    int32_t cpu;     /* 0.., or VS_QEMU_CPU_* */
    bool cpu_stated; /* by --threads */
    bool numbered;   /* cpu only tells it from other threads */
    uint32_t read_count;
    uint64_t reads[VS_QEMU_READS]; /* open slots of device lines that wait for their access line */
    uint64_t write;                /* open slot of an access line, or VS_QEMU_NO_SLOT */
    bool write_answered;
    bool answered_any;
    uint16_t answered_last; /* the function that answered this thread last */
    bool eject_open, eject_taken;
    uint32_t eject_select, eject_device;
};

/* A 0xCF8 latch. */
struct vs_qemu_latch {
    uint32_t value;
    bool known;
    bool corrected; /* a device line showed that the log lacks its last write */
};

struct vs_qemu_selector {
    bool bus_known;
    uint8_t bus;
    uint32_t up; /* devices announced and not ejected, one bit each */
};

/* Another event's or memory region's name, with its lines. */
struct vs_qemu_other {
    char name[48];
    uint64_t lines;
};

#define VS_QEMU_OTHERS 48u

struct vs_qemu_guest {
    struct vs_input *input;
    bool tolerate, started, ended;
    uint64_t first_us, last_us;
    bool regions_seen; /* the log has memory_region_ops lines */

    struct vs_qemu_slot *queue; /* VS_QEMU_QUEUE places; sequence numbers modulo that */
    uint64_t head, tail;

    struct vs_qemu_thread *threads;
    size_t thread_count, thread_room;
    uint32_t *thread_index; /* open addressing: 1 + place in threads */
    size_t thread_index_size;
    uint32_t thread_last;

    struct vs_qemu_latch machine;  /* as QEMU keeps it: one per machine */
    struct vs_qemu_latch *latches; /* by CPU */
    size_t latch_count;
    uint16_t cpus;
    char numbered[256]; /* "THREAD=CPU ..." of the first numbered threads */

    bool window_known;
    uint64_t window_base;
    uint8_t window_bus_last;
    uint32_t window_waiting; /* slots in VS_QEMU_SLOT_WINDOW */

    uint32_t selected;
    struct vs_qemu_selector selectors[VS_QEMU_SELECTORS];

    struct vs_qemu_other others[VS_QEMU_OTHERS];
    size_t other_count;
    uint64_t counts[VS_QEMU_COUNT_END];
    struct vs_qemu_functions functions;
};

static inline struct vs_qemu_slot *vs_qemu_slot(struct vs_qemu_guest *guest, uint64_t sequence)
{
    return &guest->queue[sequence % VS_QEMU_QUEUE];
}

/* Append an open slot of a record of kind at the log's current time.  Returns its sequence
 * number.  There is always room: vs_qemu_guest_next makes it before each line. */
uint64_t vs_qemu_push(struct vs_qemu_guest *guest, const struct vs_qemu_thread *thread,
                      enum vs_kind kind);
/* Put the thread's CPU into the record, flagged unless this access's own line named it.  In a log
 * without region lines the threads are numbered in the order in which they ask here. */
void vs_qemu_set_cpu(struct vs_qemu_guest *guest, struct vs_qemu_thread *thread,
                     struct vs_record *record, bool from_line);
/* Count a line of another event or memory region by name. */
void vs_qemu_count_other(struct vs_qemu_guest *guest, const char *prefix, const char *name,
                         size_t name_length);

/* Which of a PCI host's regions an access hit. */
enum vs_qemu_path {
    VS_QEMU_PATH_NONE,
    VS_QEMU_PATH_CF8,
    VS_QEMU_PATH_PORT,
    VS_QEMU_PATH_ECAM,
    VS_QEMU_PATH_MSIX
};

/* What an access asked for, as far as the access itself tells. */
struct vs_qemu_ask {
    enum vs_qemu_path path;
    bool known;    /* bdf and reg are */
    bool stale;    /* from a latch that another vCPU may have set */
    bool disabled; /* through the port while 0xCF8's enable bit is clear */
    uint16_t bdf, reg;
};

enum vs_qemu_path vs_qemu_classify(struct vs_qemu_guest *guest, const struct vs_qemu_thread *thread,
                                   const struct vs_qemu_line *line);
/* Through the port, with the latch as it is; device is the access's device line, or NULL. */
void vs_qemu_ask_port(struct vs_qemu_guest *guest, const struct vs_qemu_thread *thread,
                      uint64_t port, const struct vs_qemu_slot *device, struct vs_qemu_ask *ask);
/* Through the window, when it is known. */
void vs_qemu_ask_window(struct vs_qemu_guest *guest, uint64_t address, struct vs_qemu_ask *ask);
/* A write at 0xCF8. */
void vs_qemu_write_latch(struct vs_qemu_guest *guest, const struct vs_qemu_thread *thread,
                         const struct vs_qemu_line *line);

/* An access through the port reached bdf's register reg: where the latch says otherwise, the log
 * lacks a write of it. */
void vs_qemu_correct_latch(struct vs_qemu_guest *guest, const struct vs_qemu_thread *thread,
                           uint16_t bdf, uint16_t reg);

/* One line each; VS_ERR_MEMORY is the only error. */
int vs_qemu_pair_cfg_read(struct vs_qemu_guest *guest, struct vs_qemu_thread *thread,
                          const struct vs_qemu_line *line);
int vs_qemu_pair_cfg_write(struct vs_qemu_guest *guest, struct vs_qemu_thread *thread,
                           const struct vs_qemu_line *line);
int vs_qemu_pair_region(struct vs_qemu_guest *guest, struct vs_qemu_thread *thread,
                        const struct vs_qemu_line *line);
/* The thread says nothing more about what it has open: complete it as it stands. */
void vs_qemu_pair_close(struct vs_qemu_guest *guest, struct vs_qemu_thread *thread);
/* Drop the accesses that wait for a window that never came. */
void vs_qemu_pair_give_up_window(struct vs_qemu_guest *guest);

/* An ACPI hotplug line. */
void vs_qemu_hotplug_line(struct vs_qemu_guest *guest, struct vs_qemu_thread *thread,
                          const struct vs_qemu_line *line);
/* A function answers that was not there before: pushes a DEVICE_ADD when ACPI announced it, and
 * returns whether it did. */
bool vs_qemu_hotplug_appeared(struct vs_qemu_guest *guest, struct vs_qemu_thread *thread,
                              uint16_t bdf);

#endif
