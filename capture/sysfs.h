/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading this host's devices through sysfs: only ever reading. */
#ifndef VS_CAPTURE_SYSFS_H
#define VS_CAPTURE_SYSFS_H

#include "capture.h"

/* Read the identity (4 bytes at 0) of the first device in view by pread64, count times.
 * VS_ERR_HOST when there is none or it cannot be read. */
int vs_sysfs_known_access(const struct vs_bpf_config *filters, uint32_t count,
                          struct vs_error *error);

/*
 * Add each device in view to meta, in order of its address, as domain 0's, with the
 * sizes of its BARs; with config, also its config space as far as this process may read
 * it (64, 256 or 4096 bytes).  A device that vanishes meanwhile is left out.
 */
int vs_sysfs_devices(const struct vs_bpf_config *filters, bool config, struct vs_trace_meta *meta,
                     struct vs_error *error);

#endif
