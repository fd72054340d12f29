/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Backend syscall: config accesses that user space makes by read, pread64, write
 * and pwrite64 of a device's `config` file in sysfs or its file in /proc/bus/pci.  One system
 * call is several accesses; they are rebuilt as the kernel makes them (pci_read_config and
 * pci_write_config in drivers/pci/pci-sysfs.c, proc_bus_pci_read and proc_bus_pci_write in
 * drivers/pci/proc.c, all alike: a byte and a word up to alignment, dwords, a word and a byte for
 * the rest).
 */
#include "emit.h"

#define SYSFS_MAGIC      0x62656572 /* include/uapi/linux/magic.h */
#define PROC_SUPER_MAGIC 0x9fa0     /* the same */

/* x86-64 system call numbers (arch/x86/entry/syscalls/syscall_64.tbl). */
enum { NR_READ = 0, NR_WRITE = 1, NR_PREAD64 = 17, NR_PWRITE64 = 18 };

/* Accesses that one system call can make: kernfs hands over a page at most. */
#define ACCESSES_MAX (4096 / 4 + 4)

enum { CFG_READ = 1, CFG_WRITE = 2 };                                /* enum vs_kind */
enum { FLAG_TIME_BRACKETED = 1 << 3, FLAG_VALUE_UNKNOWN = 1 << 11 }; /* enum vs_flag */

struct call {
    __u64 start_ns;
    __u64 buffer; /* in user space */
    __u32 sbdf;
    __u32 offset;
    __u8 kind; /* 0: no call of ours is under way */
};

struct {
    __uint(type, BPF_MAP_TYPE_TASK_STORAGE);
    __uint(map_flags, BPF_F_NO_PREALLOC);
    __type(key, int);
    __type(value, struct call);
} calls SEC(".maps");

struct walk {
    struct vs_event draft;
    __u64 buffer;
    __u32 left;
};

static __always_inline struct file *file_of(struct task_struct *task, __u32 fd)
{
    struct fdtable *table = BPF_CORE_READ(task, files, fdt);
    struct file **slots = BPF_CORE_READ(table, fd);
    struct file *file = 0;

    if (fd >= BPF_CORE_READ(table, max_fds))
        return 0;
    bpf_probe_read_kernel(&file, sizeof(file), slots + fd);
    return file;
}

static __always_inline struct kernfs_node *parent_of(struct kernfs_node *node)
{
    struct kernfs_node___old *old = (void *)node;

    if (bpf_core_field_exists(old->parent))
        return BPF_CORE_READ(old, parent);
    return BPF_CORE_READ(node, __parent);
}

/* Is name, in kernel memory, exactly a word of up to six letters? */
#define NAME_IS(name, word) name_is(name, word, sizeof(word))

static __always_inline int name_is(const void *name, const char *word, int size)
{
    char text[8] = "";

    if (bpf_probe_read_kernel(text, size, name) < 0)
        return 0;
    for (int i = 0; i < size; i++) {
        if (text[i] != word[i])
            return 0;
    }
    return 1;
}

static __always_inline int is_pci(const struct device *device)
{
    return NAME_IS(BPF_CORE_READ(device, bus, name), "pci");
}

/* /sys/devices/.../config: the node above it has the device's kobject. */
static __always_inline struct pci_dev *sysfs_device(struct inode *inode)
{
    struct kernfs_node *node = BPF_CORE_READ(inode, i_private);
    struct device *device;
    void *object;

    if (!NAME_IS(BPF_CORE_READ(node, name), "config"))
        return 0;
    node = parent_of(node);
    object = BPF_CORE_READ(node, priv);
    device = object - bpf_core_field_offset(struct device, kobj);
    return is_pci(device) ? (void *)device - bpf_core_field_offset(struct pci_dev, dev) : 0;
}

/* /proc/bus/pci/BUS/DEVICE.FUNCTION: since 5.17 i_private is what proc_create_data was given. */
static __always_inline struct pci_dev *proc_device(struct file *file, struct inode *inode)
{
    struct dentry *pci = BPF_CORE_READ(file, f_path.dentry, d_parent, d_parent);
    struct pci_dev *device = BPF_CORE_READ(inode, i_private);

    if (!device || !NAME_IS(BPF_CORE_READ(pci, d_name.name), "pci") ||
        !NAME_IS(BPF_CORE_READ(pci, d_parent, d_name.name), "bus"))
        return 0;
    return is_pci((void *)device + bpf_core_field_offset(struct pci_dev, dev)) ? device : 0;
}

/* The device whose config file this is, or NULL. */
static __always_inline struct pci_dev *device_of(struct file *file)
{
    struct inode *inode = BPF_CORE_READ(file, f_inode);
    unsigned long magic = BPF_CORE_READ(inode, i_sb, s_magic);

    if (magic == SYSFS_MAGIC)
        return sysfs_device(inode);
    return magic == PROC_SUPER_MAGIC ? proc_device(file, inode) : 0;
}

SEC("tp_btf/sys_enter")
int BPF_PROG(vs_sys_enter, struct pt_regs *regs, long number)
{
    __u32 tgid = bpf_get_current_pid_tgid() >> 32;
    struct task_struct *task;
    struct pci_dev *device;
    struct call *call;
    struct file *file;
    __u32 sbdf;

    if (number != NR_PREAD64 && number != NR_PWRITE64 && number != NR_READ && number != NR_WRITE)
        return 0;
    if (!vs_wants_process(tgid))
        return 0;
    task = bpf_get_current_task_btf();
    file = file_of(task, (__u32)regs->di);
    device = file ? device_of(file) : 0;
    if (!device)
        return 0;
    sbdf = vs_bus_sbdf(BPF_CORE_READ(device, bus), BPF_CORE_READ(device, devfn));
    if (!vs_wants_device(sbdf, tgid))
        return 0;
    call = bpf_task_storage_get(&calls, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
    if (!call) {
        VS_COUNT(unpaired);
        return 0;
    }
    call->sbdf = sbdf;
    call->buffer = regs->si;
    call->offset = number == NR_PREAD64 || number == NR_PWRITE64
                       ? (__u32)regs->r10
                       : (__u32)BPF_CORE_READ(file, f_pos);
    call->kind = number == NR_PREAD64 || number == NR_READ ? CFG_READ : CFG_WRITE;
    call->start_ns = bpf_ktime_get_ns();
    return 0;
}

static long one_access(__u32 index, void *context)
{
    struct walk *walk = context;
    struct vs_event *draft = &walk->draft;
    __u32 value = 0;
    __u32 size;
    long failed;

    if (walk->left == 0)
        return 1;
    if (draft->reg & 1)
        size = 1;
    else if ((draft->reg & 3) && walk->left > 2)
        size = 2;
    else if (walk->left > 3)
        size = 4;
    else
        size = walk->left >= 2 ? 2 : 1;
    failed = bpf_probe_read_user(&value, size, (void *)walk->buffer);
    draft->value = value;
    draft->size = (__u8)size;
    draft->flags &= ~FLAG_VALUE_UNKNOWN;
    if (failed)
        draft->flags |= FLAG_VALUE_UNKNOWN;
    vs_emit(draft);
    draft->reg += size;
    walk->buffer += size;
    walk->left -= size;
    return 0;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(vs_sys_exit, struct pt_regs *regs, long result)
{
    struct task_struct *task = bpf_get_current_task_btf();
    struct call *call = bpf_task_storage_get(&calls, task, 0, 0);
    __u64 now_ns, id;
    struct walk walk = {};
    __u8 kind;

    if (!call || !call->kind)
        return 0;
    kind = call->kind;
    call->kind = 0;
    if (result <= 0 || result > 4096 || call->offset > 4095)
        return 0;
    now_ns = bpf_ktime_get_ns();
    id = bpf_get_current_pid_tgid();
    walk.buffer = call->buffer;
    walk.left = (__u32)result;
    walk.draft.time_ns = call->start_ns;
    walk.draft.sbdf = call->sbdf;
    walk.draft.reg = (__u16)call->offset;
    walk.draft.kind = kind;
    walk.draft.tgid = id >> 32;
    walk.draft.tid = (__u32)id;
    /* The call's time is that of its one access; of several, none has a time of its own. */
    if (result == 1 || (result == 2 && !(call->offset & 1)) || (result == 4 && !(call->offset & 3)))
        walk.draft.duration_ns = vs_saturate(now_ns - call->start_ns);
    else
        walk.draft.flags = FLAG_TIME_BRACKETED;
    bpf_loop(ACCESSES_MAX, one_access, &walk, 0);
    return 0;
}
