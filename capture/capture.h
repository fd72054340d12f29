/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Capturing a host's config accesses: a backend says which BPF programs to attach
 * and what they see; a session chooses one, proves that it sees, writes a trace and
 * accounts for each event.  Reading order: backend_*.c, object.c, session.c, pump.c.
 *
 * Nothing here writes to a device.  Reads are: the known access after attach, and
 * the snapshots, where asked for.
 */
#ifndef VS_CAPTURE_CAPTURE_H
#define VS_CAPTURE_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/json.h"
#include "base/units.h"
#include "event.h"
#include "trace.h"

/* ----------------------------------------------------------------- backends */

/* Whose accesses a backend sees, and so what a record's domain and vCPU mean. */
enum vs_capture_view {
    VS_VIEW_HOST,  /* this kernel's own: domain 0, vCPU = CPU */
    VS_VIEW_GUESTS /* those of KVM guests: a process is a domain, a thread a vCPU */
};

struct vs_backend {
    const char *name;  /* choice of --backend */
    const char *kind;  /* of BPF programs, for explanations */
    const char *layer; /* where it is attached, for people and the trace's header */
    const char *blind; /* what it cannot see */
    const char *time;  /* what time_ns and duration_ns are */
    bool events;       /* sees devices come and go, MSI, blocked access, contended locks */
    bool automatic;    /* may be chosen by `auto`; such backends in order of preference */
    enum vs_capture_view view;
    enum vs_duration_covers duration_covers;
    /* The BPF object, embedded. */
    const void *(*image)(size_t *size_bytes);
    /* Names that must be in the kernel's BTF or its modules', NULL-terminated; see object.c. */
    const char *const *needs;
    /* Makes count accesses (1 to 65535) that the backend must see, by this process, one like the
     * other.  Returns 0 when they were made; VS_ERR_HOST, with the reason, when not. */
    int (*known_access)(const struct vs_bpf_config *filters, uint32_t count,
                        struct vs_error *error);
};

/* All backends, NULL-terminated; those that `auto` may choose first. */
extern const struct vs_backend *const vs_backends[];

extern const struct vs_backend vs_backend_fentry;
extern const struct vs_backend vs_backend_kprobe;
extern const struct vs_backend vs_backend_kvm;
extern const struct vs_backend vs_backend_syscall;

/* ------------------------------------------------------------------ session */

struct vs_capture_options {
    const struct vs_backend *backend; /* NULL: the first automatic one that works here */
    const char *output;               /* "-" is standard output */
    bool force;                       /* replace an existing file */
    uint64_t duration_ns;             /* 0: until stopped */
    uint64_t records_max;             /* 0: no limit */
    uint64_t ring_bytes;              /* a power of two, VS_RING_MIN to VS_RING_MAX */
    bool snapshot;                    /* config space of each device in view at the start */
    struct vs_bpf_config filters;     /* processes, devices, windows; wakeup and own_tgid are set */
    struct vs_ecam windows[VS_ECAM_MAX]; /* as filters.windows, for the header */
};

/* The smallest ring the kernel takes is a page. */
#define VS_RING_MIN (UINT64_C(4) << 10)
#define VS_RING_MAX (UINT64_C(1) << 30)

/* Why a session ended. */
enum vs_capture_end {
    VS_END_DURATION,
    VS_END_RECORDS,
    VS_END_SIGNAL,
    VS_END_OUTPUT, /* the disk is full, the pipe closed: the error says */
};

/* The account.  kernel.produced == received + kernel.lost, and
 * received == written + own + surplus + discarded: vs_summary_balanced. */
struct vs_summary {
    struct vs_counters kernel; /* summed over CPUs */
    uint64_t received;         /* events that came through the ring */
    uint64_t written;          /* in whole blocks of the file */
    uint64_t own;              /* this process's known access, not written */
    uint64_t surplus;          /* after records_max was reached, not written */
    uint64_t discarded;        /* received, but the output took no more */
    uint64_t late;             /* written, at a later time than their own: see pump.c */
    uint64_t missed_runs;      /* the kernel did not run a program: it was running already */
    uint64_t missed_waits;     /* the same of the programs that see waits for any lock */
    uint64_t elapsed_ns;
    uint64_t consumer_cpu_ns; /* CPU time of this process while capturing */
    uint64_t event_cost_ns;   /* in our programs, a median over cost_events known accesses at the
                                 start; 0: not measured (cost.h) */
    uint64_t cost_events;
    enum vs_capture_end end;
    int signal_number; /* for VS_END_SIGNAL */
};

struct vs_session;

/*
 * Load, attach, prove by a known access, open the output.  Signals SIGINT, SIGTERM
 * and SIGHUP are blocked in the calling thread from here until the session is freed.
 * Errors: VS_ERR_HOST with what to do.
 */
int vs_session_open(const struct vs_capture_options *options, struct vs_session **session,
                    struct vs_error *error);
const struct vs_backend *vs_session_backend(const struct vs_session *session);
/* What this kernel has not and the backend does without ("device_links_driver_bound"). */
const char *vs_session_without(const struct vs_session *session);
/* Reasons why backends of higher preference were passed over ("fentry: ..."), one a line,
 * or "". */
const char *vs_session_passed_over(const struct vs_session *session);
/*
 * Capture until a signal, the duration, the count or a failure of the output; detach,
 * consume what is left, complete the file.  summary is filled on failure, too.
 */
int vs_session_run(struct vs_session *session, struct vs_summary *summary, struct vs_error *error);
void vs_session_free(struct vs_session *session);

/* Does the account close? */
bool vs_summary_balanced(const struct vs_summary *summary);
struct vs_json_out *vs_summary_json(const struct vs_summary *summary);

/* Load, attach, prove, and detach again: what `check` prints.  VS_ERR_HOST with the reason. */
int vs_backend_try(const struct vs_backend *backend, struct vs_error *error);

#endif
