/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The least program of each kind that a backend needs, and one of each map: loaded and
 * attached one at a time by `check` (probes.c), to see what this kernel allows.
 */
#include "kernel.h"

const char vs_license[] SEC("license") = "GPL";

struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, 4096);
} probe_ring SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
    __uint(key_size, 4);
    __uint(value_size, 4);
} probe_perf SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_TASK_STORAGE);
    __uint(map_flags, BPF_F_NO_PREALLOC);
    __type(key, int);
    __type(value, __u64);
} probe_storage SEC(".maps");

#define PROBE(name, section) \
    SEC(section)             \
    int name(void *context)  \
    {                        \
        return 0;            \
    }

PROBE(probe_tp_btf, "tp_btf/sys_enter")
PROBE(probe_raw_tp, "raw_tp/sys_enter")
PROBE(probe_kvm, "tp_btf/kvm_pio")
PROBE(probe_contention, "tp_btf/contention_begin")
PROBE(probe_fentry, "fentry/pci_user_read_config_dword")
PROBE(probe_fexit, "fexit/pci_user_read_config_dword")
PROBE(probe_kprobe, "kprobe/pci_user_read_config_dword")
PROBE(probe_kretprobe, "kretprobe/pci_user_read_config_dword")

SEC("tp_btf/sys_enter")
int probe_task_storage(void *context)
{
    __u64 *value = bpf_task_storage_get(&probe_storage, bpf_get_current_task_btf(), 0, 0);

    return value ? *value != 0 : 0;
}

static long once(__u32 index, void *context)
{
    return 1;
}

SEC("tp_btf/sys_enter")
int probe_loop(void *context)
{
    bpf_loop(1, once, 0, 0);
    return 0;
}
