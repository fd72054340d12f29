/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One page of memory, one vCPU in real mode, no devices: each port access leaves to
 * this process (Documentation/virt/kvm/api.rst).
 */
#include "tiny_guest.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define CODE_ADDRESS 0x1000u
#define PAGE_BYTES   4096u
/* Three pages that Intel CPUs without unrestricted guests need; below 4 GiB, unused. */
#define TSS_ADDRESS 0xfffbd000ul

static const uint8_t code[] = {
    0xb9, 0x00, 0x00,                   /*       mov cx, COUNT */
    0x66, 0xb8, 0x00, 0x00, 0x00, 0x80, /* next: mov eax, 0x80000000 */
    0xba, 0xf8, 0x0c,                   /*       mov dx, 0xcf8 */
    0x66, 0xef,                         /*       out dx, eax */
    0xba, 0xfc, 0x0c,                   /*       mov dx, 0xcfc */
    0x66, 0xed,                         /*       in eax, dx */
    0x49,                               /*       dec cx */
    0x75, 0xed,                         /*       jnz next */
    0xf4,                               /*       hlt */
};

#define COUNT_OFFSET 1u /* of COUNT in the code */

struct guest {
    int kvm, vm, vcpu;
    uint8_t *memory;
    struct kvm_run *run;
    size_t run_bytes;
};

static int host_error(struct vs_error *error, const char *doing)
{
    return vs_error_set(error, VS_ERR_HOST,
                        "the known access needs a guest, but /dev/kvm does not "
                        "%s: %s",
                        doing, strerror(errno));
}

static int make_vm(struct guest *guest, uint32_t count, struct vs_error *error)
{
    struct kvm_userspace_memory_region region = {.guest_phys_addr = CODE_ADDRESS,
                                                 .memory_size = PAGE_BYTES};

    guest->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
    if (guest->kvm < 0)
        return host_error(error, "open");
    guest->vm = ioctl(guest->kvm, KVM_CREATE_VM, 0);
    if (guest->vm < 0)
        return host_error(error, "make one");
    (void)ioctl(guest->vm, KVM_SET_TSS_ADDR, TSS_ADDRESS);
    guest->memory =
        mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (guest->memory == MAP_FAILED) {
        guest->memory = NULL;
        return vs_error_set(error, VS_ERR_MEMORY, "out of memory");
    }
    memcpy(guest->memory, code, sizeof(code));
    guest->memory[COUNT_OFFSET] = (uint8_t)count;
    guest->memory[COUNT_OFFSET + 1] = (uint8_t)(count >> 8);
    region.userspace_addr = (uint64_t)(uintptr_t)guest->memory;
    return ioctl(guest->vm, KVM_SET_USER_MEMORY_REGION, &region) < 0
               ? host_error(error, "take its memory")
               : 0;
}

static int make_vcpu(struct guest *guest, struct vs_error *error)
{
    struct kvm_regs registers = {.rip = CODE_ADDRESS, .rflags = 2};
    struct kvm_sregs segments;

    guest->vcpu = ioctl(guest->vm, KVM_CREATE_VCPU, 0);
    if (guest->vcpu < 0)
        return host_error(error, "make its CPU");
    int size = ioctl(guest->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);

    guest->run_bytes = size > 0 ? (size_t)size : 0;
    guest->run = mmap(NULL, guest->run_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, guest->vcpu, 0);
    if (guest->run == MAP_FAILED) {
        guest->run = NULL;
        return host_error(error, "share its state");
    }
    if (ioctl(guest->vcpu, KVM_GET_SREGS, &segments) < 0)
        return host_error(error, "tell its registers");
    segments.cs.base = 0;
    segments.cs.selector = 0;
    if (ioctl(guest->vcpu, KVM_SET_SREGS, &segments) < 0 ||
        ioctl(guest->vcpu, KVM_SET_REGS, &registers) < 0)
        return host_error(error, "set its registers");
    return 0;
}

static int run(struct guest *guest, struct vs_error *error)
{
    const uint32_t value = VS_TINY_GUEST_VALUE;

    for (;;) {
        if (ioctl(guest->vcpu, KVM_RUN, 0) < 0) {
            if (errno == EINTR || errno == EAGAIN)
                continue;
            return host_error(error, "run it");
        }
        if (guest->run->exit_reason == KVM_EXIT_HLT)
            return 0;
        if (guest->run->exit_reason != KVM_EXIT_IO)
            return vs_error_set(error, VS_ERR_HOST,
                                "the known access needs a guest, but /dev/kvm ended it for reason "
                                "%u",
                                guest->run->exit_reason);
        if (guest->run->io.direction == KVM_EXIT_IO_IN && guest->run->io.size == sizeof(value))
            memcpy((uint8_t *)guest->run + guest->run->io.data_offset, &value, sizeof(value));
    }
}

int vs_tiny_guest_run(uint32_t count, struct vs_error *error)
{
    struct guest guest = {.kvm = -1, .vm = -1, .vcpu = -1};
    int ret = make_vm(&guest, count, error);

    if (ret == 0)
        ret = make_vcpu(&guest, error);
    if (ret == 0)
        ret = run(&guest, error);
    if (guest.run)
        munmap(guest.run, guest.run_bytes);
    if (guest.vcpu >= 0)
        close(guest.vcpu);
    if (guest.vm >= 0)
        close(guest.vm);
    if (guest.memory)
        munmap(guest.memory, PAGE_BYTES);
    if (guest.kvm >= 0)
        close(guest.kvm);
    return ret;
}
