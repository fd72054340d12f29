/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every backend, those that `auto` may choose first and in its order. */
#include "capture.h"

const struct vs_backend *const vs_backends[] = {
    &vs_backend_fentry, &vs_backend_kprobe, &vs_backend_kvm, &vs_backend_syscall, NULL,
};
