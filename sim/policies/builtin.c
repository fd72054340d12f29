/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The policies that ship.  Their texts are the JSON files of this folder,
 * embedded at build time; the order is that of every comparison: floor,
 * ceiling, as history went, then repairs of what history left open.
 */
#include "internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

#define FILE_MAX_BYTES ((size_t)4 << 20)

/* Names of files, and of the arrays that the build makes of them. */
#define POLICIES(X)                                               \
    X("none", none)                                               \
    X("pcidevs-spin", pcidevs_spin)                               \
    X("device-lock", device_lock)                                 \
    X("domain-rwlock", domain_rwlock)                             \
    X("domain-rwlock-nested", domain_rwlock_nested)               \
    X("pcidevs-rwlock", pcidevs_rwlock)                           \
    X("pci-lock", pci_lock)                                       \
    X("pci-lock-bars", pci_lock_bars)                             \
    X("refcount", refcount)                                       \
    X("rcu", rcu)                                                 \
    X("pcidevs-percpu-rwlock", pcidevs_percpu_rwlock)             \
    X("pci-lock-fixed", pci_lock_fixed)                           \
    X("pci-lock-bars-fixed", pci_lock_bars_fixed)                 \
    X("pcidevs-rwlock-fixed", pcidevs_rwlock_fixed)               \
    X("pcidevs-percpu-rwlock-fixed", pcidevs_percpu_rwlock_fixed) \
    X("refcount-fixed", refcount_fixed)                           \
    X("rcu-fixed", rcu_fixed)

#define DECLARE(name, symbol) extern const char vs_policy_##symbol##_text[];
POLICIES(DECLARE)

#define NAME(name, symbol) name,
static const char *const names[] = {POLICIES(NAME) NULL};

#define TEXT(name, symbol) vs_policy_##symbol##_text,
static const char *const texts[] = {POLICIES(TEXT) NULL};

const char *const *vs_policy_names(void)
{
    return names;
}

const char *vs_policy_builtin_text(const char *name)
{
    for (size_t i = 0; names[i]; i++) {
        if (strcmp(names[i], name) == 0)
            return texts[i];
    }
    return NULL;
}

static int refuse_unknown(const char *name, struct vs_error *error)
{
    char hint[VS_HINT_TEXT];

    return vs_error_set(error, VS_ERR_USAGE, "no policy \"%s\" ships and no file is called so%s",
                        name, vs_hint(name, names, hint, sizeof(hint)));
}

int vs_policy_load(const char *name_or_path, struct vs_policy **policy, struct vs_error *error)
{
    const char *shipped = vs_policy_builtin_text(name_or_path);
    char *text = NULL;
    size_t length = 0;

    *policy = NULL;
    if (shipped)
        return vs_policy_compile(shipped, strlen(shipped), "built-in", policy, error);
    if (access(name_or_path, F_OK) != 0 && errno == ENOENT)
        return refuse_unknown(name_or_path, error);
    int ret = vs_file_read(name_or_path, FILE_MAX_BYTES, &text, &length, error);

    if (ret == 0)
        ret = vs_policy_compile(text, length, name_or_path, policy, error);
    free(text);
    return ret;
}
