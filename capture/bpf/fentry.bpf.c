/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Backend fentry: the kernel's config accessors, by trampolines.  The exit program has
 * the arguments, too; only the start is kept from the entry, with the task, since an
 * access of user space may sleep while the device is blocked.  An interrupt between that
 * makes an access of the same layer leaves the outer one without start.
 */
#include "accessor.h"

struct starts {
    __u64 start_ns[LAYER_COUNT];
};

struct {
    __uint(type, BPF_MAP_TYPE_TASK_STORAGE);
    __uint(map_flags, BPF_F_NO_PREALLOC);
    __type(key, int);
    __type(value, struct starts);
} starts SEC(".maps");

static __always_inline int enter(__u32 layer, __u32 sbdf)
{
    struct access access = {.sbdf = sbdf};
    struct starts *task;

    if (!vs_wants(&access))
        return 0;
    task = bpf_task_storage_get(&starts, bpf_get_current_task_btf(), 0,
                                BPF_LOCAL_STORAGE_GET_F_CREATE);
    if (task)
        task->start_ns[layer] = bpf_ktime_get_ns();
    return 0;
}

static __always_inline int leave(__u32 layer, struct access *access, int result)
{
    struct starts *task;

    if (!vs_wants(access))
        return 0;
    task = bpf_task_storage_get(&starts, bpf_get_current_task_btf(), 0, 0);
    if (task) {
        access->start_ns = task->start_ns[layer];
        task->start_ns[layer] = 0;
    }
    if (!access->start_ns)
        VS_COUNT(unpaired);
    vs_finish(access, result);
    return 0;
}

#define KIND_read  CFG_READ
#define KIND_write CFG_WRITE

/* Of the value, an address or a narrow number, the upper bits are undefined if narrow. */
#define PROGRAMS_user(direction, suffix, bytes)                                         \
    SEC("fentry/pci_user_" #direction "_config_" #suffix)                               \
    int BPF_PROG(in_user_##direction##_##suffix, struct pci_dev *device, int position)  \
    {                                                                                   \
        return enter(LAYER_USER, vs_bus_sbdf(device->bus, device->devfn));              \
    }                                                                                   \
    SEC("fexit/pci_user_" #direction "_config_" #suffix)                                \
    int BPF_PROG(out_user_##direction##_##suffix, struct pci_dev *device, int position, \
                 __u64 value, int result)                                               \
    {                                                                                   \
        struct access access = {.sbdf = vs_bus_sbdf(device->bus, device->devfn),        \
                                .value = value,                                         \
                                .reg = (__u16)position,                                 \
                                .kind = KIND_##direction,                               \
                                .size = bytes};                                         \
                                                                                        \
        return leave(LAYER_USER, &access, result);                                      \
    }

#define PROGRAMS_bus(direction, suffix, bytes)                                            \
    SEC("fentry/pci_bus_" #direction "_config_" #suffix)                                  \
    int BPF_PROG(in_bus_##direction##_##suffix, struct pci_bus *bus, unsigned int devfn)  \
    {                                                                                     \
        return enter(LAYER_BUS, vs_bus_sbdf(bus, devfn));                                 \
    }                                                                                     \
    SEC("fexit/pci_bus_" #direction "_config_" #suffix)                                   \
    int BPF_PROG(out_bus_##direction##_##suffix, struct pci_bus *bus, unsigned int devfn, \
                 int position, __u64 value, int result)                                   \
    {                                                                                     \
        struct access access = {.sbdf = vs_bus_sbdf(bus, devfn),                          \
                                .value = value,                                           \
                                .reg = (__u16)position,                                   \
                                .kind = KIND_##direction,                                 \
                                .size = bytes};                                           \
                                                                                          \
        return leave(LAYER_BUS, &access, result);                                         \
    }

#define PROGRAMS(layer, direction, suffix, bytes) PROGRAMS_##layer(direction, suffix, bytes)

VS_EACH_ACCESSOR(PROGRAMS)

#define VS_ENTRY(function)                              \
    static int on_entry_##function(void *first);        \
    SEC("fentry/" #function)                            \
    int in_##function(__u64 *context)                   \
    {                                                   \
        return on_entry_##function((void *)context[0]); \
    }                                                   \
    static __always_inline int on_entry_##function(void *first)

#define VS_EXIT(function)                                           \
    static int on_exit_##function(int result);                      \
    SEC("fexit/" #function)                                         \
    int out_##function(__u64 *context)                              \
    {                                                               \
        __u64 result = 0; /* stays so for a function without one */ \
                                                                    \
        bpf_get_func_ret(context, &result);                         \
        return on_exit_##function((int)result);                     \
    }                                                               \
    static __always_inline int on_exit_##function(int result)

#include "events.h"
