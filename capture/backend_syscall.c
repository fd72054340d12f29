/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The backend syscall: tables for bpf/syscall.bpf.c, and its known access. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "capture.h"
#include "sysfs.h"
#include <syscall.skel.h>

static const void *image(size_t *size_bytes)
{
    return syscall_bpf__elf_bytes(size_bytes);
}

static const char *const needs[] = {"sys_enter", "sys_exit", NULL};

const struct vs_backend vs_backend_syscall = {
    .name = "syscall",
    .kind = "programs at tracepoints (tp_btf)",
    .layer = "system calls of user space on the config files in sysfs and /proc/bus/pci",
    .blind = "accesses of the kernel itself (drivers, enumeration, vfio-pci); user space's through "
             "readv, io_uring, splice, the ioctls of /proc/bus/pci or 32-bit system calls",
    .time = "a record's time is the start of its system call; a call of several accesses gives "
            "them one time and no duration",
    .automatic = false,
    .view = VS_VIEW_HOST,
    .duration_covers = VS_DURATION_KERNEL_CALL,
    .image = image,
    .needs = needs,
    .known_access = vs_sysfs_known_access,
};
