/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the backends fentry and kprobe see beside accesses: devices that come and go,
 * drivers, MSI, blocked config access, and waits for the two locks of config access.
 * The including file says how to attach, by VS_ENTRY(function) and VS_EXIT(function):
 * heads of programs with `void *first` (the first argument) and `int result`.
 *
 * A kernel without one of the functions runs without that program (object.c).
 */
#ifndef VS_CAPTURE_BPF_EVENTS_H
#define VS_CAPTURE_BPF_EVENTS_H

#include "emit.h"

enum { /* enum vs_kind */
       DEVICE_ADD = 6,
       DEVICE_REMOVE = 7,
       DRIVER_BIND = 19,
       DRIVER_UNBIND = 20,
       MSI_ENABLE = 21,
       CFG_BLOCK = 22,
       LOCK_CONTENDED = 23
};

/* Calls whose result matters: the argument is kept from entry to exit with the task. */
enum { CALL_MSI, CALL_MSIX, CALL_BLOCK, CALL_TRYBLOCK, CALL_COUNT };

#define BLOCKED_MAX 1024 /* devices blocked at one time; more are counted as unpaired */

struct calls {
    void *device[CALL_COUNT];
};

struct {
    __uint(type, BPF_MAP_TYPE_TASK_STORAGE);
    __uint(map_flags, BPF_F_NO_PREALLOC);
    __type(key, int);
    __type(value, struct calls);
} calls SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, BLOCKED_MAX);
    __type(key, __u64);   /* struct pci_dev * */
    __type(value, __u64); /* since, ns */
} blocked SEC(".maps");

struct wait {
    __u64 lock;
    __u64 start_ns;
};

struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct wait);
} waits SEC(".maps");

static __always_inline void vs_event(__u8 kind, __u32 sbdf, __u32 value, __u64 start_ns,
                                     __u64 duration_ns)
{
    __u64 id = bpf_get_current_pid_tgid();
    struct vs_event draft = {
        .time_ns = start_ns,
        .duration_ns = vs_saturate(duration_ns),
        .value = value,
        .sbdf = sbdf,
        .tgid = id >> 32,
        .tid = (__u32)id,
        .kind = kind,
    };

    if (vs_wants_process(draft.tgid) &&
        (kind == LOCK_CONTENDED || vs_wants_device(sbdf, draft.tgid)))
        vs_emit(&draft);
}

static __always_inline __u32 device_sbdf(const struct pci_dev *device)
{
    return vs_bus_sbdf(BPF_CORE_READ(device, bus), BPF_CORE_READ(device, devfn));
}

/* An event of the driver core, if the device is a PCI function. */
static __always_inline int core_event(__u8 kind, const struct device *device)
{
    const char *name = BPF_CORE_READ(device, bus, name);
    char text[4] = "";

    if (bpf_probe_read_kernel(text, 4, name) == 0 && text[0] == 'p' && text[1] == 'c' &&
        text[2] == 'i' && !text[3])
        vs_event(kind, device_sbdf((void *)device - bpf_core_field_offset(struct pci_dev, dev)), 0,
                 bpf_ktime_get_ns(), 0);
    return 0;
}

static __always_inline int enter_call(__u32 call, void *device)
{
    struct calls *task =
        bpf_task_storage_get(&calls, bpf_get_current_task_btf(), 0, BPF_LOCAL_STORAGE_GET_F_CREATE);

    if (task)
        task->device[call] = device;
    else
        VS_COUNT(unpaired);
    return 0;
}

static __always_inline struct pci_dev *leave_call(__u32 call)
{
    struct calls *task = bpf_task_storage_get(&calls, bpf_get_current_task_btf(), 0, 0);
    void *device = task ? task->device[call] : 0;

    if (task)
        task->device[call] = 0;
    return device;
}

static __always_inline int msi_enabled(__u32 call, int vectors)
{
    struct pci_dev *device = leave_call(call);

    if (device && vectors > 0)
        vs_event(MSI_ENABLE, device_sbdf(device), (__u32)vectors, bpf_ktime_get_ns(), 0);
    return 0;
}

static __always_inline int block_begins(__u32 call, int taken)
{
    struct pci_dev *device = leave_call(call);
    __u64 key = (__u64)device, now_ns = bpf_ktime_get_ns();

    if (device && taken && bpf_map_update_elem(&blocked, &key, &now_ns, BPF_ANY))
        VS_COUNT(unpaired);
    return 0;
}

static __always_inline int block_ends(struct pci_dev *device)
{
    __u64 key = (__u64)device;
    const __u64 *since = bpf_map_lookup_elem(&blocked, &key);
    __u64 start_ns;

    if (!since)
        return 0; /* blocked before the capture began */
    start_ns = *since;
    bpf_map_delete_elem(&blocked, &key);
    vs_event(CFG_BLOCK, device_sbdf(device), 0, start_ns, bpf_ktime_get_ns() - start_ns);
    return 0;
}

/* drivers/base/core.c: both ends of a device's life that the bus's notifiers hear of. */
VS_ENTRY(device_add)
{
    return core_event(DEVICE_ADD, first);
}

VS_ENTRY(device_del)
{
    return core_event(DEVICE_REMOVE, first);
}

/* Called once per successful bind and unbind (drivers/base/dd.c: driver_bound,
 * __device_release_driver). */
VS_ENTRY(device_links_driver_bound)
{
    return core_event(DRIVER_BIND, first);
}

VS_ENTRY(device_links_driver_cleanup)
{
    return core_event(DRIVER_UNBIND, first);
}

/* drivers/pci/msi: the number of vectors, or an error. */
VS_ENTRY(__pci_enable_msi_range)
{
    return enter_call(CALL_MSI, first);
}

VS_EXIT(__pci_enable_msi_range)
{
    return msi_enabled(CALL_MSI, result);
}

VS_ENTRY(__pci_enable_msix_range)
{
    return enter_call(CALL_MSIX, first);
}

VS_EXIT(__pci_enable_msix_range)
{
    return msi_enabled(CALL_MSIX, result);
}

/* drivers/pci/access.c: user space's accesses wait between lock and unlock. */
VS_ENTRY(pci_cfg_access_lock)
{
    return enter_call(CALL_BLOCK, first);
}

VS_EXIT(pci_cfg_access_lock)
{
    return block_begins(CALL_BLOCK, 1);
}

VS_ENTRY(pci_cfg_access_trylock)
{
    return enter_call(CALL_TRYBLOCK, first);
}

VS_EXIT(pci_cfg_access_trylock)
{
    return block_begins(CALL_TRYBLOCK, result & 1);
}

VS_ENTRY(pci_cfg_access_unlock)
{
    return block_ends(first);
}

/* The slow path of a lock; both are taken with interrupts off, so a CPU waits for one. */
SEC("tp_btf/contention_begin")
int BPF_PROG(contention_begin, void *lock)
{
    struct wait wait = {.lock = (__u64)lock};
    __u32 zero = 0;

    if (!lock || (wait.lock != config.locks[0] && wait.lock != config.locks[1]))
        return 0;
    wait.start_ns = bpf_ktime_get_ns();
    bpf_map_update_elem(&waits, &zero, &wait, BPF_ANY);
    return 0;
}

SEC("tp_btf/contention_end")
int BPF_PROG(contention_end, void *lock)
{
    __u32 zero = 0;
    struct wait *wait = bpf_map_lookup_elem(&waits, &zero);

    if (!wait || !lock || wait->lock != (__u64)lock)
        return 0;
    wait->lock = 0;
    vs_event(LOCK_CONTENDED, 0xffffffff, (__u64)lock == config.locks[0] ? 1 : 2, wait->start_ns,
             bpf_ktime_get_ns() - wait->start_ns);
    return 0;
}

#endif
