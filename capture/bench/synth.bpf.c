/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For the benchmark: each getpid is one event, made as backend fentry makes it, an entry
 * that keeps the start with the task and an exit that hands over.  A cheap system call shows
 * what an event costs, and comes fast enough to fill the ring.
 */
#include "../bpf/emit.h"

#define NR_GETPID 39 /* arch/x86/entry/syscalls/syscall_64.tbl */
#define CFG_READ  1  /* enum vs_kind */

struct {
    __uint(type, BPF_MAP_TYPE_TASK_STORAGE);
    __uint(map_flags, BPF_F_NO_PREALLOC);
    __type(key, int);
    __type(value, __u64);
} starts SEC(".maps");

SEC("tp_btf/sys_enter")
int BPF_PROG(synth_enter, struct pt_regs *regs, long number)
{
    __u64 *start_ns;

    if (number != NR_GETPID || !vs_wants_process(bpf_get_current_pid_tgid() >> 32))
        return 0;
    start_ns = bpf_task_storage_get(&starts, bpf_get_current_task_btf(), 0,
                                    BPF_LOCAL_STORAGE_GET_F_CREATE);
    if (start_ns)
        *start_ns = bpf_ktime_get_ns();
    return 0;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(synth_exit, struct pt_regs *regs, long result)
{
    __u64 *start_ns;
    __u64 id = bpf_get_current_pid_tgid();
    struct vs_event draft = {.tgid = id >> 32, .tid = (__u32)id, .kind = CFG_READ, .size = 4};

    if (!vs_wants_process(draft.tgid))
        return 0;
    start_ns = bpf_task_storage_get(&starts, bpf_get_current_task_btf(), 0, 0);
    if (!start_ns || !*start_ns)
        return 0;
    draft.time_ns = *start_ns;
    draft.duration_ns = vs_saturate(bpf_ktime_get_ns() - *start_ns);
    *start_ns = 0;
    vs_emit(&draft);
    return 0;
}
