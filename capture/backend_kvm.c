/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The backend kvm: tables for bpf/kvm.bpf.c, and its known access, by a guest of our own. */
#include "capture.h"
#include "tiny_guest.h"
#include <kvm.skel.h>

static const void *image(size_t *size_bytes)
{
    return kvm_bpf__elf_bytes(size_bytes);
}

static int known_access(const struct vs_bpf_config *filters, uint32_t count, struct vs_error *error)
{
    (void)filters; /* this process passes them */
    return vs_tiny_guest_run(count, error);
}

static const char *const needs[] = {"kvm_pio", "kvm_mmio", NULL};

const struct vs_backend vs_backend_kvm = {
    .name = "kvm",
    .kind = "programs at tracepoints (tp_btf)",
    .layer = "KVM's exits of its guests to ports 0xCF8 and 0xCFC..0xCFF and to the stated ECAM "
             "windows",
    .blind = "accesses of this host itself; memory-mapped accesses outside the stated windows "
             "(none without --ecam); accesses that the guest's device makes directly",
    .time = "a write's time is that of its exit, a read's that of its completion; durations are "
            "not seen",
    .automatic = true,
    .view = VS_VIEW_GUESTS,
    .duration_covers = VS_DURATION_NOTHING,
    .image = image,
    .needs = needs,
    .known_access = known_access,
};
