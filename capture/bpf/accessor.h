/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the backends fentry and kprobe share: the kernel's config accessors.  All
 * software goes through one of two sibling layers (drivers/pci/access.c):
 *
 *   pci_user_{read,write}_config_{byte,word,dword}(dev, pos, val)         user space, vfio
 *   pci_bus_{read,write}_config_{byte,word,dword}(bus, devfn, pos, val)   the kernel
 *
 * Neither calls the other, so that with both attached each access is one event.
 */
#ifndef VS_CAPTURE_BPF_ACCESSOR_H
#define VS_CAPTURE_BPF_ACCESSOR_H

#include "emit.h"

enum { CFG_READ = 1, CFG_WRITE = 2 };  /* enum vs_kind */
enum { FLAG_VALUE_UNKNOWN = 1 << 11 }; /* enum vs_flag */
enum { LAYER_USER = 0, LAYER_BUS = 1, LAYER_COUNT };

/* What an accessor refuses before any hardware is touched: a misaligned position. */
#define BAD_REGISTER 0x87 /* PCIBIOS_BAD_REGISTER_NUMBER, include/linux/pci.h */
#define EINVAL       22

/* F(layer, direction, suffix, size) for each accessor. */
#define VS_EACH_ACCESSOR(F)  \
    F(user, read, byte, 1)   \
    F(user, read, word, 2)   \
    F(user, read, dword, 4)  \
    F(user, write, byte, 1)  \
    F(user, write, word, 2)  \
    F(user, write, dword, 4) \
    F(bus, read, byte, 1)    \
    F(bus, read, word, 2)    \
    F(bus, read, dword, 4)   \
    F(bus, write, byte, 1)   \
    F(bus, write, word, 2)   \
    F(bus, write, dword, 4)

/* One access, as its accessor got it. */
struct access {
    __u64 start_ns; /* 0: none is under way */
    __u64 value;    /* written, or the address in kernel memory to read into */
    __u32 sbdf;
    __u16 reg;
    __u8 kind;
    __u8 size;
};

static __always_inline int vs_wants(const struct access *access)
{
    __u32 tgid = bpf_get_current_pid_tgid() >> 32;

    return vs_wants_process(tgid) && vs_wants_device(access->sbdf, tgid);
}

/* The accessor returned: hand the access over. */
static __always_inline void vs_finish(const struct access *access, int result)
{
    __u64 id = bpf_get_current_pid_tgid();
    __u64 now_ns = bpf_ktime_get_ns();
    struct vs_event draft = {
        .sbdf = access->sbdf,
        .reg = access->reg,
        .kind = access->kind,
        .size = access->size,
        .tgid = id >> 32,
        .tid = (__u32)id,
    };
    __u32 value = 0;
    long failed = 0;

    if (result == BAD_REGISTER || result == -EINVAL || access->reg + access->size > 4096) {
        VS_COUNT(odd);
        return;
    }
    if (access->kind == CFG_WRITE)
        value = (__u32)access->value;
    else if (access->size == 1)
        failed = bpf_probe_read_kernel(&value, 1, (void *)access->value);
    else if (access->size == 2)
        failed = bpf_probe_read_kernel(&value, 2, (void *)access->value);
    else
        failed = bpf_probe_read_kernel(&value, 4, (void *)access->value);
    if (failed)
        draft.flags = FLAG_VALUE_UNKNOWN;
    if (access->size == 1)
        value &= 0xff;
    if (access->size == 2)
        value &= 0xffff;
    draft.value = value;
    draft.time_ns = access->start_ns ? access->start_ns : now_ns;
    draft.duration_ns = access->start_ns ? vs_saturate(now_ns - access->start_ns) : 0;
    vs_emit(&draft);
}

#endif
