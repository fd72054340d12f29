/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every BPF object has: the ring, the counters, the filters, and the one way
 * to hand over an event.
 */
#ifndef VS_CAPTURE_BPF_EMIT_H
#define VS_CAPTURE_BPF_EMIT_H

#include "../event.h"
#include "kernel.h"

const char vs_license[] SEC("license") = "GPL";

const volatile struct vs_bpf_config config = {};

struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, 16 << 20); /* the user side sets what it was asked for */
} ring SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct vs_counters);
} counters SEC(".maps");

static __always_inline struct vs_counters *vs_count(void)
{
    __u32 zero = 0;

    return bpf_map_lookup_elem(&counters, &zero);
}

/* Programs of preemptible kernels may be interrupted by themselves on one CPU. */
#define VS_COUNT(member)                                  \
    do {                                                  \
        struct vs_counters *vs_counted = vs_count();      \
        if (vs_counted)                                   \
            __sync_fetch_and_add(&vs_counted->member, 1); \
    } while (0)

/* The counts are known to the verifier, which removes the loops' rest. */
static __always_inline int vs_wants_process(__u32 tgid)
{
    if (config.pid_count == 0 || tgid == config.own_tgid)
        return 1;
    for (int i = 0; i < VS_FILTER_MAX; i++) {
        if ((__u32)i >= config.pid_count)
            break;
        if (config.pids[i] == tgid)
            return 1;
    }
    return 0;
}

static __always_inline int vs_wants_device(__u32 sbdf, __u32 tgid)
{
    if (config.sbdf_count == 0 || tgid == config.own_tgid)
        return 1;
    for (int i = 0; i < VS_FILTER_MAX; i++) {
        if ((__u32)i >= config.sbdf_count)
            break;
        if (config.sbdfs[i] == sbdf)
            return 1;
    }
    return 0;
}

static __always_inline __u32 vs_saturate(__u64 duration_ns)
{
    return duration_ns > 0xffffffff ? 0xffffffff : (__u32)duration_ns;
}

/* Completes draft (sequence, lost, cpu) and hands it over, or counts it as lost. */
static __always_inline void vs_emit(struct vs_event *draft)
{
    struct vs_counters *count = vs_count();
    struct vs_event *event;
    __u64 flags = BPF_RB_NO_WAKEUP;

    if (!count)
        return;
    draft->sequence = __sync_fetch_and_add(&count->produced, 1);
    draft->cpu = (__u16)bpf_get_smp_processor_id();
    event = bpf_ringbuf_reserve(&ring, sizeof(*event), 0);
    if (!event) {
        __sync_fetch_and_add(&count->lost, 1);
        return;
    }
    draft->lost = (__u32)count->lost;
    __builtin_memcpy(event, draft, sizeof(*event));
    if (bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA) >= config.wakeup_bytes)
        flags = BPF_RB_FORCE_WAKEUP;
    bpf_ringbuf_submit(event, flags);
}

#endif
