/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a captured trace says about itself. */
#ifndef VS_CAPTURE_DESCRIBE_H
#define VS_CAPTURE_DESCRIBE_H

#include "actors.h"
#include "capture.h"

/* Is this kernel a Xen domain, whose CPUs are vCPUs? */
bool vs_host_is_xen_domain(void);

/* Fill meta (initialised) with what is known at the start.  without names what this kernel
 * has not of what the backend can see; wall_epoch_ns is the wall
 * time of the trace's time 0. */
int vs_describe_start(const struct vs_capture_options *options, const struct vs_backend *backend,
                      const char *without, uint64_t wall_epoch_ns, struct vs_trace_meta *meta,
                      struct vs_error *error);
/* Add what is known at the end. */
int vs_describe_end(const struct vs_backend *backend, const struct vs_summary *summary,
                    const struct vs_actors *actors, struct vs_trace_meta *meta,
                    struct vs_error *error);

#endif
