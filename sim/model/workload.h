/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A trace as the engine sees it: who calls, on which device, with which
 * operation.  Decoded once, replayed under every policy.
 *
 * Most accesses of a trace are alike, so each call is 16 bytes and points to a
 * shape: an operation class with its quantities, stored once.  Engines compile
 * a policy per shape, not per call.
 */
#ifndef VS_MODEL_WORKLOAD_H
#define VS_MODEL_WORKLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/json.h"
#include "base/units.h"
#include "operation.h"
#include "trace.h"

/* One distinct operation.  Interned: equal shapes have equal indices. */
struct vs_shape {
    uint8_t op;          /* enum vs_op */
    uint8_t reserved[3]; /* 0 */
    uint32_t facts;      /* bit per enum vs_fact */
    uint32_t quantity[VS_Q_COUNT];
};

#define VS_DEVICE_NONE UINT16_MAX

/* One call into the hypervisor by one vCPU. */
struct vs_call {
    vs_ns time_ns;   /* recorded arrival, since the workload's start */
    uint32_t shape;  /* index into shapes */
    uint16_t actor;  /* index into actors */
    uint16_t device; /* index into devices, VS_DEVICE_NONE for none */
};
_Static_assert(sizeof(struct vs_call) == 16, "a call is 16 bytes");

/* A vCPU, or the unknown caller of an event. */
struct vs_actor {
    uint16_t domain; /* index into domains */
    uint16_t vcpu;   /* VS_VCPU_NONE: nobody known made these events; an actor of its own */
    uint16_t pcpu;   /* where it was first seen, VS_PCPU_NONE where unknown */
};

struct vs_workload_domain {
    uint16_t id; /* domain id in the trace */
    bool hardware_domain;
    bool synthetic; /* cloned, merged or generated: shown wherever a result is */
    char name[48];
};

struct vs_workload_device {
    uint32_t sbdf;
    uint16_t owner; /* index into domains at the start; VS_DOMAIN_NONE: unowned */
    bool hidden;    /* owned by the hypervisor (dom_xen) */
    bool present;   /* linked at the start; false: appears by device-add */
    bool has_vpci;
    bool has_msix;
    bool snapshot; /* its config space was known; false: learnt from traffic alone */
};

/* Why an access was classed conservatively; counted, shown with every result. */
enum vs_guess {
    VS_GUESS_NO_SNAPSHOT,  /* header and capabilities of the device never seen */
    VS_GUESS_DECODE_STATE, /* decode state before the first command access unknown */
    VS_GUESS_MSI_STATE,    /* MSI or MSI-X state or vector count unknown */
    VS_GUESS_BAR_SIZE,     /* BAR size unknown: map entries assumed */
    VS_GUESS_VALUE,        /* the trace has no value */
    VS_GUESS_CALLER,       /* nobody known made the event: own actor in the hardware domain */
    VS_GUESS_COUNT
};

#define VS_THINK_LONG UINT32_MAX

/* A think time of 4.29 s or more. */
struct vs_long_think {
    uint32_t call;
    vs_ns think_ns;
};

struct vs_workload {
    struct vs_actor *actors; /* by domain id, then vCPU */
    size_t actor_count;
    struct vs_workload_domain *domains;
    size_t domain_count;
    /* In list order, as ALLDEVS and DOMDEVS are walked: latest added first, since alloc_pdev
     * and pci_add_device (xen/drivers/passthrough/pci.c) use list_add.  So what a device-add
     * brings stands in front, then what the boot scan found, by descending sbdf. */
    struct vs_workload_device *devices;
    size_t device_count;
    struct vs_shape *shapes;
    size_t shape_count;
    struct vs_call *calls; /* by time, ties in record order */
    size_t call_count;
    /* Target domain (index) of device-assign, -deassign and domain-destroy calls is in
     * targets[call]; NULL when there are no such calls. */
    uint16_t *targets;
    /* Measured cost of the hardware config cycle per call, ns, 0 = unknown; NULL unless
     * the trace's clock is real time and its durations are config cycles. */
    uint32_t *measured_ns;
    /* Recorded duration per call, ns, 0 = unknown; NULL when the trace has none.  Never used
     * as a cost, and not scaled by speed. */
    uint32_t *recorded_ns;
    /* Think time per call, read it with vs_workload_think_ns: from the recorded end of the same
     * actor's previous call (of the actor's first call: from the workload's start) to this call,
     * after rebase, max_think and speed.  VS_THINK_LONG: look in long_thinks, which is sorted
     * by call. */
    uint32_t *think_ns;
    struct vs_long_think *long_thinks;
    size_t long_think_count;
    bool think_is_gap; /* no durations were recorded: think times run from start to start */

    vs_ns span_ns;    /* recorded time from first to last call's end */
    uint64_t records; /* read from the trace(s) */
    uint64_t lost_records;
    uint64_t skipped_records; /* kinds that carry no operation (notes, bind, contention) */
    uint64_t op_count[VS_OP_COUNT];
    uint64_t guess_count[VS_GUESS_COUNT];
    uint64_t injected_calls, synthetic_calls;
    bool emulated;  /* any part captured under emulation */
    bool synthetic; /* any part generated */
    char **what_if; /* steps past the capture, the traces' own and ours */
    size_t what_if_count;
    char **notes; /* caveats of the traces */
    size_t note_count;
    char hash[VS_TRACE_HASH_TEXT]; /* of the traces, in order */
    char *name;                    /* traces' file names joined by "+", without directory */
    /* Whose are calls and all arrays with one item per call; not owned.  NULL: malloc's. */
    struct vs_memory *memory;
};

/* What to do with recorded load before replaying it.  Each setting that is not
 * the default adds a what-if line to the workload. */
struct vs_workload_options {
    double speed;       /* think and arrival times are divided by this: already done in the
                           workload's time_ns and think_ns, engines scale nothing; 1 */
    uint32_t clones;    /* copies of every domain with its devices, in all; 1 */
    uint64_t seed;      /* start offsets of clones, and the jitter */
    bool rebase;        /* start every vCPU's stream at time 0, so that the streams of a log taken
                           with one CPU at a time overlap */
    vs_ns max_think_ns; /* cut idle gaps to this; 0: keep */
    /* Replica k > 0 multiplies each call's think time by 1 + u, u uniform in [-jitter, jitter],
     * drawn from seed and k; arrivals move with their think times.  Replica 0 has none. */
    uint32_t replica;    /* 0 */
    uint32_t jitter_ppm; /* parts per million, up to VS_JITTER_MAX_PPM; must be 0 in replica 0 */
    /* Bounds what grows with the trace, and outlives the workload: memory.h.  Changes no result,
     * so it is no part of a load.  NULL: no bound. */
    struct vs_memory *memory;
};

/* Think times of nothing to twice the recorded. */
#define VS_JITTER_MAX_PPM  UINT32_C(1000000)
#define VS_PPM_PER_PERCENT 1e4

/*
 * Read trace files (several: their domains lie side by side in one host, as
 * `vpci-trace merge` does it) and class every record.  A file is read twice:
 * Xen knows a function's layout before the guest's first access, the trace
 * shows it bit by bit, a block at a time.  "-" (standard input) is held whole for that, within
 * options->memory's bound like the calls.  A file without its closing index is read as far as
 * it goes, and a note says so; files without any call are refused (VS_ERR_INPUT).  The workload
 * owns all its arrays; free with vs_workload_free.
 */
int vs_workload_load(const char *const *paths, size_t path_count,
                     const struct vs_workload_options *options, struct vs_workload **workload,
                     struct vs_error *error);
/* The same from records in memory (tests, and the checker's scenarios). */
int vs_workload_from_records(const struct vs_trace_meta *meta, const struct vs_record *records,
                             size_t count, const struct vs_workload_options *options,
                             struct vs_workload **workload, struct vs_error *error);
void vs_workload_free(struct vs_workload *workload);

/* Think time before a call; see struct vs_workload. */
vs_ns vs_workload_think_ns(const struct vs_workload *workload, size_t call);

/* Lower-case-hyphen name of a reason ("no-snapshot"). */
const char *vs_guess_name(enum vs_guess guess);

/* Summary as JSON: counts per class, guesses, actors, domains, devices, what-ifs. */
struct vs_json_out *vs_workload_json(const struct vs_workload *workload);

#endif
