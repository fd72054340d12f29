/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Backend kvm: config accesses of KVM guests, as the host's KVM sees them leave the
 * guest: ports 0xCF8 and 0xCFC..0xCFF (kvm_pio), and memory in the stated ECAM
 * windows (kvm_mmio).  A port access is a write of 0xCF8, which latches the address
 * for the whole VM, and then the access itself.
 */
#include "emit.h"

#define VMS_MAX 4096 /* QEMU processes whose 0xCF8 is remembered; more are counted no_latch */

enum { CFG_READ = 1, CFG_WRITE = 2 }; /* enum vs_kind */
enum {                                /* enum vs_flag */
       FLAG_PATH_PORT = 1 << 4,
       FLAG_PATH_ECAM = 1 << 5,
       FLAG_SECOND_HALF = 1 << 8,
       FLAG_CF8_STALE = 1 << 12
};
enum { PIO_IN = 0, PIO_OUT = 1 }; /* arch/x86/kvm/trace.h: KVM_PIO_IN, KVM_PIO_OUT */
/* include/trace/events/kvm.h: a read shows as UNSATISFIED, without value, and as READ later. */
enum { MMIO_READ_UNSATISFIED = 0, MMIO_READ = 1, MMIO_WRITE = 2 };

#define CF8_ENABLE 0x80000000u

struct latch {
    __u32 address; /* as written to 0xCF8 */
    __u32 tid;     /* who wrote it */
};

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, VMS_MAX);
    __type(key, __u32); /* tgid */
    __type(value, struct latch);
} latches SEC(".maps");

static __always_inline void config_port(struct vs_event *draft, __u32 port)
{
    const struct latch *latch = bpf_map_lookup_elem(&latches, &draft->tgid);

    if (!latch) {
        VS_COUNT(no_latch);
        return;
    }
    if (!(latch->address & CF8_ENABLE)) {
        VS_COUNT(disabled);
        return;
    }
    draft->sbdf = latch->address >> 8 & 0xffff;
    draft->reg = (latch->address & 0xfc) | (port & 3);
    draft->flags = FLAG_PATH_PORT;
    if (latch->tid != draft->tid)
        draft->flags |= FLAG_CF8_STALE;
    if (vs_wants_device(draft->sbdf, draft->tgid))
        vs_emit(draft);
}

SEC("tp_btf/kvm_pio")
int BPF_PROG(vs_kvm_pio, unsigned int rw, unsigned int port, unsigned int size, unsigned int repeat,
             const void *data)
{
    __u64 id = bpf_get_current_pid_tgid();
    struct vs_event draft = {.tgid = id >> 32, .tid = (__u32)id};
    __u32 value = 0;

    if (port < 0xcf8 || port > 0xcff || !vs_wants_process(draft.tgid))
        return 0;
    if (port < 0xcfc) {
        struct latch latch = {.tid = draft.tid};

        /* Narrower accesses are other registers: 0xCF9 is the reset control. */
        if (rw == PIO_OUT && port == 0xcf8 && size == 4 && repeat == 1 &&
            bpf_probe_read_kernel(&latch.address, 4, data) == 0)
            bpf_map_update_elem(&latches, &draft.tgid, &latch, BPF_ANY);
        return 0;
    }
    if (repeat != 1 || (size != 1 && size != 2 && size != 4) || (port & 3) + size > 4) {
        VS_COUNT(odd);
        return 0;
    }
    bpf_probe_read_kernel(&value, size, data);
    draft.time_ns = bpf_ktime_get_ns();
    draft.value = value;
    draft.kind = rw == PIO_OUT ? CFG_WRITE : CFG_READ;
    draft.size = (__u8)size;
    config_port(&draft, port);
    return 0;
}

static __always_inline void config_memory(struct vs_event *draft, __u64 value, __u32 length)
{
    if ((length != 1 && length != 2 && length != 4 && length != 8) || draft->reg + length > 4096) {
        VS_COUNT(odd);
        return;
    }
    if (!vs_wants_device(draft->sbdf, draft->tgid))
        return;
    draft->flags = FLAG_PATH_ECAM;
    draft->value = (__u32)value;
    draft->size = length == 8 ? 4 : (__u8)length;
    vs_emit(draft);
    if (length == 8) {
        draft->flags |= FLAG_SECOND_HALF;
        draft->reg += 4;
        draft->value = (__u32)(value >> 32);
        vs_emit(draft);
    }
}

SEC("tp_btf/kvm_mmio")
int BPF_PROG(vs_kvm_mmio, int type, int length, __u64 address, void *data)
{
    __u64 id = bpf_get_current_pid_tgid();
    struct vs_event draft = {.tgid = id >> 32, .tid = (__u32)id};
    __u64 value = 0;

    if (type != MMIO_READ && type != MMIO_WRITE)
        return 0;
    if (!vs_wants_process(draft.tgid))
        return 0;
    for (int i = 0; i < VS_ECAM_MAX; i++) {
        const volatile struct vs_bpf_window *window = &config.windows[i];

        if ((__u32)i >= config.window_count)
            break;
        if (address < window->first || address > window->last)
            continue;
        if (length == 1 || length == 2 || length == 4 || length == 8)
            bpf_probe_read_kernel(&value, (__u32)length, data);
        draft.time_ns = bpf_ktime_get_ns();
        draft.kind = type == MMIO_WRITE ? CFG_WRITE : CFG_READ;
        draft.sbdf = window->segment << 16 | (__u32)((address - window->base) >> 12 & 0xffff);
        draft.reg = (__u16)(address & 0xfff);
        config_memory(&draft, value, (__u32)length);
        return 0;
    }
    return 0;
}
