/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The few members of kernel structures that the programs read.  libbpf moves each
 * access to where the running kernel has the member (CO-RE), so the build needs no
 * header of any kernel.  Names after three underscores are other kernels' spelling.
 */
#ifndef VS_CAPTURE_BPF_KERNEL_H
#define VS_CAPTURE_BPF_KERNEL_H

#include <linux/bpf.h>
#include <linux/types.h>

#include <bpf/bpf_helpers.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct kobject {
    const char *name;
};

struct bus_type {
    const char *name;
};

struct device {
    struct kobject kobj;
    const struct bus_type *bus;
};

struct pci_sysdata { /* x86: arch/x86/include/asm/pci.h */
    int domain;
};

struct pci_bus {
    void *sysdata;
    unsigned char number;
};

struct pci_bus___generic { /* CONFIG_PCI_DOMAINS_GENERIC */
    int domain_nr;
};

struct pci_dev {
    struct pci_bus *bus;
    unsigned int devfn;
    struct device dev;
};

struct kernfs_node { /* since 6.15 */
    struct kernfs_node *__parent;
    const char *name;
    void *priv;
};

struct kernfs_node___old { /* before */
    struct kernfs_node *parent;
};

struct super_block {
    unsigned long s_magic;
};

struct inode {
    struct super_block *i_sb;
    void *i_private;
};

struct qstr {
    const unsigned char *name;
};

struct dentry {
    struct dentry *d_parent;
    struct qstr d_name;
};

struct path {
    struct dentry *dentry;
};

struct file {
    struct inode *f_inode;
    struct path f_path;
    long long f_pos;
};

struct fdtable {
    unsigned int max_fds;
    struct file **fd;
};

struct files_struct {
    struct fdtable *fdt;
};

struct task_struct {
    struct files_struct *files;
};

struct pt_regs { /* x86-64 */
    unsigned long di, si, dx, cx, r10, ax;
};

#pragma clang attribute pop

static __always_inline __u32 vs_bus_segment(const struct pci_bus *bus)
{
    const struct pci_bus___generic *generic = (const void *)bus;
    const struct pci_sysdata *sysdata;

    if (bpf_core_field_exists(generic->domain_nr))
        return (__u16)BPF_CORE_READ(generic, domain_nr);
    sysdata = BPF_CORE_READ(bus, sysdata);
    return (__u16)BPF_CORE_READ(sysdata, domain);
}

static __always_inline __u32 vs_bus_sbdf(const struct pci_bus *bus, __u32 devfn)
{
    return vs_bus_segment(bus) << 16 | (__u32)BPF_CORE_READ(bus, number) << 8 | (devfn & 0xff);
}

#endif
