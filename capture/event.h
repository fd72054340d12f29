/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel side hands to user space, and what it is told: shared by the
 * BPF programs (bpf/) and the reader of their ring.  Kernel integer types, since
 * both sides have them.
 */
#ifndef VS_CAPTURE_EVENT_H
#define VS_CAPTURE_EVENT_H

#include <linux/types.h>

/* One config access or event, in the order of its ring reservation. */
struct vs_event {
    __u64 time_ns;     /* CLOCK_MONOTONIC: the access's start, where the backend sees it */
    __u64 sequence;    /* produced on this CPU before this one */
    __u32 duration_ns; /* 0 where unknown; saturates */
    __u32 value;
    __u32 sbdf; /* as in traces/record.h */
    __u32 tgid; /* process, as the first PID namespace numbers it */
    __u32 tid;
    __u32 lost; /* of this CPU so far, modulo 2^32: a rise since its last event is a loss */
    __u16 reg;
    __u16 cpu;
    __u16 flags; /* enum vs_flag */
    __u8 kind;   /* enum vs_kind */
    __u8 size;
};

/*
 * Counted per CPU by the kernel side, read once the programs are detached.
 * produced == what arrives in the ring + lost.
 */
struct vs_counters {
    __u64 produced;
    __u64 lost;     /* the ring was full */
    __u64 no_latch; /* 0xCFC access of a guest whose 0xCF8 write was not seen */
    __u64 disabled; /* 0xCFC access while bit 31 of 0xCF8 was clear: no config access */
    __u64 odd;      /* size, alignment or repeat count that no config access has */
    __u64 unpaired; /* an entry without its exit, or an exit without its entry */
};

#define VS_COUNTER_COUNT (sizeof(struct vs_counters) / sizeof(__u64))

/* Limits of the filters: the verifier wants an end to each loop. */
#define VS_FILTER_MAX 16
#define VS_ECAM_MAX   8

struct vs_bpf_window {
    __u64 first, last; /* guest physical addresses, last included */
    __u64 base;        /* where bus 0 is or would be */
    __u32 segment;
    __u32 unused;
};

/* Read-only data of every BPF object, and all of it: filled before loading. */
struct vs_bpf_config {
    __u64 wakeup_bytes; /* of unread data in the ring, from which the reader is woken */
    __u32 pid_count, sbdf_count, window_count;
    __u32 own_tgid; /* this process: passes the filters, for the known access after attach */
    __u32 pids[VS_FILTER_MAX];
    __u32 sbdfs[VS_FILTER_MAX];
    struct vs_bpf_window windows[VS_ECAM_MAX];
    __u64 locks[2]; /* addresses of pci_lock and pci_config_lock, 0 where not known */
};

/* Map names, in each object. */
#define VS_MAP_RING     "ring"
#define VS_MAP_COUNTERS "counters"

#endif
