/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Backend kprobe: the kernel's config accessors where trampolines are not to be had.  A
 * return probe knows no arguments, so the entry keeps the whole access with the task.
 * Probes cost several times what trampolines do.
 */
#include "accessor.h"

struct pending {
    struct access accesses[LAYER_COUNT];
};

struct {
    __uint(type, BPF_MAP_TYPE_TASK_STORAGE);
    __uint(map_flags, BPF_F_NO_PREALLOC);
    __type(key, int);
    __type(value, struct pending);
} pending SEC(".maps");

static __always_inline int enter(__u32 layer, struct access *access)
{
    struct pending *task;

    if (!vs_wants(access))
        return 0;
    task = bpf_task_storage_get(&pending, bpf_get_current_task_btf(), 0,
                                BPF_LOCAL_STORAGE_GET_F_CREATE);
    /* An entry that cannot be kept, or whose place is taken, has no exit: it is counted. */
    if (!task || task->accesses[layer].start_ns)
        VS_COUNT(unpaired);
    if (!task)
        return 0;
    access->start_ns = bpf_ktime_get_ns();
    task->accesses[layer] = *access;
    return 0;
}

static __always_inline int leave(__u32 layer, int result)
{
    struct pending *task = bpf_task_storage_get(&pending, bpf_get_current_task_btf(), 0, 0);
    struct access access;

    if (!task || !task->accesses[layer].start_ns)
        return 0;
    access = task->accesses[layer];
    task->accesses[layer].start_ns = 0;
    vs_finish(&access, result);
    return 0;
}

#define KIND_read  CFG_READ
#define KIND_write CFG_WRITE

#define PROGRAMS_user(direction, suffix, bytes)                                            \
    SEC("kprobe/pci_user_" #direction "_config_" #suffix)                                  \
    int in_user_##direction##_##suffix(struct pt_regs *regs)                               \
    {                                                                                      \
        struct pci_dev *device = (void *)regs->di;                                         \
        struct access access = {                                                           \
            .sbdf = vs_bus_sbdf(BPF_CORE_READ(device, bus), BPF_CORE_READ(device, devfn)), \
            .value = regs->dx,                                                             \
            .reg = (__u16)regs->si,                                                        \
            .kind = KIND_##direction,                                                      \
            .size = bytes};                                                                \
                                                                                           \
        return enter(LAYER_USER, &access);                                                 \
    }                                                                                      \
    SEC("kretprobe/pci_user_" #direction "_config_" #suffix)                               \
    int out_user_##direction##_##suffix(struct pt_regs *regs)                              \
    {                                                                                      \
        return leave(LAYER_USER, (int)regs->ax);                                           \
    }

#define PROGRAMS_bus(direction, suffix, bytes)                                          \
    SEC("kprobe/pci_bus_" #direction "_config_" #suffix)                                \
    int in_bus_##direction##_##suffix(struct pt_regs *regs)                             \
    {                                                                                   \
        struct access access = {.sbdf = vs_bus_sbdf((void *)regs->di, (__u32)regs->si), \
                                .value = regs->cx,                                      \
                                .reg = (__u16)regs->dx,                                 \
                                .kind = KIND_##direction,                               \
                                .size = bytes};                                         \
                                                                                        \
        return enter(LAYER_BUS, &access);                                               \
    }                                                                                   \
    SEC("kretprobe/pci_bus_" #direction "_config_" #suffix)                             \
    int out_bus_##direction##_##suffix(struct pt_regs *regs)                            \
    {                                                                                   \
        return leave(LAYER_BUS, (int)regs->ax);                                         \
    }

#define PROGRAMS(layer, direction, suffix, bytes) PROGRAMS_##layer(direction, suffix, bytes)

VS_EACH_ACCESSOR(PROGRAMS)

#define VS_ENTRY(function)                            \
    static int on_entry_##function(void *first);      \
    SEC("kprobe/" #function)                          \
    int in_##function(struct pt_regs *regs)           \
    {                                                 \
        return on_entry_##function((void *)regs->di); \
    }                                                 \
    static __always_inline int on_entry_##function(void *first)

#define VS_EXIT(function)                         \
    static int on_exit_##function(int result);    \
    SEC("kretprobe/" #function)                   \
    int out_##function(struct pt_regs *regs)      \
    {                                             \
        return on_exit_##function((int)regs->ax); \
    }                                             \
    static __always_inline int on_exit_##function(int result)

#include "events.h"
