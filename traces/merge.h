/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Laying several traces side by side.  They did not run together: the result is a
 * what-if and says so.
 */
#ifndef VS_TRACE_MERGE_H
#define VS_TRACE_MERGE_H

#include <stddef.h>

#include "base/error.h"
#include "base/units.h"
#include "trace.h"

enum vs_merge_as {
    VS_MERGE_DOMAINS, /* domains of one host: one hardware domain, the first's */
    VS_MERGE_HOSTS    /* separate hosts beside each other: each keeps its own */
};

/*
 * Merge count (>= 1) trace files into output.  Each input's first record comes at
 * offsets_ns[i].  Domain ids, segments and pCPUs that an earlier input uses are
 * renumbered.  Inputs are read twice: they must be regular files.
 */
int vs_merge(const char *const *paths, const vs_ns *offsets_ns, size_t count, enum vs_merge_as as,
             const char *output, const struct vs_writer_options *options, struct vs_error *error);

#endif
