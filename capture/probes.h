/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What this kernel allows of BPF, kind by kind, found by loading and attaching. */
#ifndef VS_CAPTURE_PROBES_H
#define VS_CAPTURE_PROBES_H

#include "base/error.h"

struct vs_probe {
    const char *name;
    const char *what;       /* in words, for explanations */
    const char *needed_for; /* the backends, or what else */
    const char *program;    /* in bpf/probe.bpf.c; NULL: a map alone */
    const char *map;        /* that is tried, or that the program uses; or NULL */
    const char *needs[2];   /* the function or tracepoint it attaches to, NULL-terminated */
};

/* Ends with an entry without name. */
extern const struct vs_probe vs_probes[];

/* Load it, attach it, detach it: 0, or VS_ERR_HOST with the reason (explain.h). */
int vs_probe_try(const struct vs_probe *probe, struct vs_error *error);

#endif
