/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One object holds all; each try opens it anew and lets libbpf load one program and one map.
 * No file of /proc or /sys is asked what the kernel can do: such answers are wrong where a
 * policy forbids what the kernel has.
 */
#include "probes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "capture.h"
#include "explain.h"
#include <probe.skel.h>

#define LOG_BYTES 65536

/* In the order of what the backends prefer. */
#define READ_DWORD "pci_user_read_config_dword"
const struct vs_probe vs_probes[] = {
    {"fentry", "BPF trampolines at entry (fentry)", "fentry", "probe_fentry",
     .needs = {READ_DWORD}},
    {"fexit", "BPF trampolines at exit (fexit)", "fentry", "probe_fexit", .needs = {READ_DWORD}},
    {"kprobe", "programs at kprobes", "kprobe", "probe_kprobe", .needs = {READ_DWORD}},
    {"kretprobe", "programs at kretprobes", "kprobe", "probe_kretprobe", .needs = {READ_DWORD}},
    {"tp_btf", "typed programs at tracepoints (tp_btf)", "kvm, syscall", "probe_tp_btf",
     .needs = {"sys_enter"}},
    {"tp_btf-kvm", "typed programs at KVM's tracepoints", "kvm", "probe_kvm", .needs = {"kvm_pio"}},
    {"tp_btf-contention", "typed programs at the lock contention tracepoints",
     "waits for locks of fentry and kprobe", "probe_contention", .needs = {"contention_begin"}},
    {"raw_tp", "programs at raw tracepoints", "no backend", "probe_raw_tp", .needs = {"sys_enter"}},
    {"task-storage", "storage with a task", "fentry, kprobe, syscall", "probe_task_storage",
     "probe_storage", .needs = {"sys_enter"}},
    {"bpf_loop", "the helper bpf_loop", "syscall", "probe_loop", .needs = {"sys_enter"}},
    {"ring-buffer", "BPF ring buffers", "every backend", NULL, "probe_ring"},
    {"perf-buffer", "BPF perf buffers", "no backend", NULL, "probe_perf"},
    {NULL},
};

static int drop(void *context, void *data, size_t size)
{
    (void)context;
    (void)data;
    (void)size;
    return 0;
}

static void drop_sample(void *context, int cpu, void *data, uint32_t size)
{
    (void)context;
    (void)cpu;
    (void)data;
    (void)size;
}

static struct bpf_object *open_one(const struct vs_probe *probe, char *log)
{
    LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = "vs_probe", .kernel_log_buf = log,
                .kernel_log_size = LOG_BYTES);
    size_t size_bytes;
    const void *image = probe_bpf__elf_bytes(&size_bytes);
    struct bpf_object *object;
    struct bpf_program *program;
    struct bpf_map *map;

    libbpf_set_print(NULL);
    object = bpf_object__open_mem(image, size_bytes, &options);
    if (!object)
        return NULL;
    bpf_object__for_each_program(program, object) bpf_program__set_autoload(
        program, probe->program && strcmp(bpf_program__name(program), probe->program) == 0);
    bpf_object__for_each_map(map, object)
        bpf_map__set_autocreate(map, probe->map && strcmp(bpf_map__name(map), probe->map) == 0);
    return object;
}

/* A map must be usable from here, too.  Returns 0 or -errno. */
static int try_map(struct bpf_object *object, const struct vs_probe *probe)
{
    int fd = bpf_object__find_map_fd_by_name(object, probe->map);
    struct ring_buffer *ring = NULL;
    struct perf_buffer *perf = NULL;
    int ret;

    if (strcmp(probe->map, "probe_ring") == 0)
        ring = ring_buffer__new(fd, drop, NULL, NULL);
    else
        perf = perf_buffer__new(fd, 1, drop_sample, NULL, NULL, NULL);
    ret = ring || perf ? 0 : -errno;
    ring_buffer__free(ring);
    perf_buffer__free(perf);
    return ret;
}

int vs_probe_try(const struct vs_probe *probe, struct vs_error *error)
{
    const struct vs_backend as_backend = {
        .name = probe->name, .kind = probe->what, .needs = probe->needs};
    char *log = calloc(1, LOG_BYTES);
    struct bpf_object *object = log ? open_one(probe, log) : NULL;
    int ret = object ? bpf_object__load(object) : -ENOMEM;

    if (ret == 0 && !probe->program)
        ret = try_map(object, probe);
    if (ret < 0) {
        ret = vs_explain_load(&as_backend, -ret, log, 4096, error);
    } else if (probe->program) {
        struct bpf_program *program = bpf_object__find_program_by_name(object, probe->program);
        struct bpf_link *link = bpf_program__attach(program);

        ret =
            link ? 0
                 : vs_explain_attach(&as_backend, bpf_program__section_name(program), errno, error);
        bpf_link__destroy(link);
    }
    bpf_object__close(object);
    free(log);
    return ret;
}
