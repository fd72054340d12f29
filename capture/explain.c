/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * EPERM alone is a missing capability, lockdown, a kernel that forbids trampolines, or
 * on old kernels the limit of locked memory; libbpf guesses the last for all of them.
 */
#include "explain.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/btf.h>

#define BTF_PATH "/sys/kernel/btf/vmlinux"
#define KPROBES  "/sys/bus/event_source/devices/kprobe"

/* include/uapi/linux/capability.h; CAP_SYS_ADMIN stands for both, as in bpf_capable(). */
enum { CAPABILITY_SYS_ADMIN = 21, CAPABILITY_PERFMON = 38, CAPABILITY_BPF = 39 };

const char *vs_missing_capabilities(uint64_t effective)
{
    static const char *const missing[] = {"", "CAP_BPF", "CAP_PERFMON", "CAP_BPF and CAP_PERFMON"};
    unsigned int bpf = !(effective >> CAPABILITY_BPF & 1);
    unsigned int perfmon = !(effective >> CAPABILITY_PERFMON & 1);

    return effective >> CAPABILITY_SYS_ADMIN & 1 ? "" : missing[bpf | perfmon << 1];
}

/* The start of a file of /proc or /sys; "" when it cannot be read. */
static void read_text(const char *path, char *text, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? 0 : read(fd, text, size - 1);

    if (fd >= 0)
        close(fd);
    text[length > 0 ? length : 0] = '\0';
}

static uint64_t effective_capabilities(void)
{
    char status[4096];

    read_text("/proc/self/status", status, sizeof(status));
    const char *line = strstr(status, "\nCapEff:");

    return line ? strtoull(line + strlen("\nCapEff:"), NULL, 16) : 0;
}

void vs_verifier_reason(const char *log, char *line, size_t size)
{
    const char *at = log ? log + strlen(log) : NULL;

    line[0] = '\0';
    while (at && at > log) {
        const char *end = at;

        while (at > log && at[-1] != '\n')
            at--;
        size_t length = (size_t)(end - at);

        /* The last lines are statistics. */
        if (length > 0 && strncmp(at, "processed ", 10) != 0 &&
            strncmp(at, "verification time", 17) != 0 && strncmp(at, "stack depth", 11) != 0 &&
            strncmp(at, "-- ", 3) != 0) {
            snprintf(line, size, "%.*s", (int)length, at);
            return;
        }
        if (at > log)
            at--;
    }
}

/* Is the name a tracepoint or a function that programs can attach to? */
static bool in_btf(struct btf *btf, const char *name)
{
    char typedef_name[128];

    snprintf(typedef_name, sizeof(typedef_name), "btf_trace_%s", name);
    return btf__find_by_name_kind(btf, typedef_name, BTF_KIND_TYPEDEF) >= 0 ||
           btf__find_by_name_kind(btf, name, BTF_KIND_FUNC) >= 0;
}

/* The first of the backend's needs that neither the kernel nor its kvm module has, or NULL. */
static const char *missing_need(const struct vs_backend *backend)
{
    struct btf *kernel = btf__load_vmlinux_btf();
    struct btf *module = kernel ? btf__load_module_btf("kvm", kernel) : NULL;
    const char *missing = NULL;

    for (size_t i = 0; kernel && backend->needs[i] && !missing; i++) {
        if (!in_btf(kernel, backend->needs[i]) && (!module || !in_btf(module, backend->needs[i])))
            missing = backend->needs[i];
    }
    btf__free(module);
    btf__free(kernel);
    return missing;
}

/* The causes that loading and attaching share.  Returns 0 when it is none of them. */
static int explain_common(const struct vs_backend *backend, int error_number,
                          struct vs_error *error)
{
    const char *capabilities = vs_missing_capabilities(effective_capabilities());
    char lockdown[128];

    if ((error_number == EPERM || error_number == EACCES) && capabilities[0])
        return vs_error_set(error, VS_ERR_HOST,
                            "%s: this process has not %s; run it as root, or give it CAP_BPF and "
                            "CAP_PERFMON, which are enough",
                            backend->name, capabilities);
    if (access(BTF_PATH, R_OK) < 0)
        return vs_error_set(error, VS_ERR_HOST,
                            "%s: cannot read the kernel's type information, %s: %s; the kernel "
                            "must be built with CONFIG_DEBUG_INFO_BTF=y",
                            backend->name, BTF_PATH, strerror(errno));
    read_text("/sys/kernel/security/lockdown", lockdown, sizeof(lockdown));
    if (error_number == EPERM && strstr(lockdown, "[confidentiality]"))
        return vs_error_set(error, VS_ERR_HOST,
                            "%s: the kernel is locked down for confidentiality, which forbids BPF "
                            "to read kernel memory; boot without lockdown=confidentiality",
                            backend->name);
    return 0;
}

int vs_explain_load(const struct vs_backend *backend, int error_number, const char *log,
                    uint64_t ring_bytes, struct vs_error *error)
{
    char reason[256];
    int ret = explain_common(backend, error_number, error);

    if (ret < 0)
        return ret;
    const char *missing = missing_need(backend);

    if (missing)
        return vs_error_set(error, VS_ERR_HOST,
                            "%s: this kernel has no %s that programs could attach to; is its "
                            "module loaded?",
                            backend->name, missing);
    vs_verifier_reason(log, reason, sizeof(reason));
    if (reason[0])
        return vs_error_set(error, VS_ERR_HOST,
                            "%s: the kernel's verifier refuses a program (%s): %s; please report "
                            "this with the kernel's version",
                            backend->name, strerror(error_number), reason);
    if (error_number == ENOMEM)
        return vs_error_set(error, VS_ERR_HOST,
                            "%s: no memory for a ring of %" PRIu64 " bytes; state a smaller "
                            "--buffer",
                            backend->name, ring_bytes);
    if (error_number == EPERM)
        return vs_error_set(error, VS_ERR_HOST,
                            "%s: the kernel forbids %s: EPERM, though no capability is missing; "
                            "take another backend (before Linux 5.11 the limit of locked memory, "
                            "ulimit -l, can be the cause)",
                            backend->name, backend->kind);
    return vs_error_set(error, VS_ERR_HOST, "%s: the programs cannot be loaded: %s", backend->name,
                        strerror(error_number));
}

int vs_explain_attach(const struct vs_backend *backend, const char *section, int error_number,
                      struct vs_error *error)
{
    int ret = explain_common(backend, error_number, error);

    if (ret == 0 && strstr(section, "probe/") && access(KPROBES, F_OK) < 0)
        ret =
            vs_error_set(error, VS_ERR_HOST,
                         "%s: this kernel has no kprobes (built without CONFIG_KPROBES): there is "
                         "no " KPROBES,
                         backend->name);
    return ret < 0
               ? ret
               : (int)vs_error_set(error, VS_ERR_HOST, "%s: loaded, but %s cannot be attached: %s",
                                   backend->name, section, strerror(error_number));
}
