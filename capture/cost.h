/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What one event costs on this host, as its kernel times our programs: an estimate. */
#ifndef VS_CAPTURE_COST_H
#define VS_CAPTURE_COST_H

#include "capture.h"
#include "object.h"
#include "pump.h"

/*
 * Attached, and with nothing written yet: make a few known accesses while the kernel times BPF
 * programs, and set summary->event_cost_ns and cost_events; both stay 0 where the kernel does not
 * time (that needs CAP_SYS_ADMIN).  The accesses are this process's own: counted, not written.
 */
void vs_cost_measure(const struct vs_backend *backend, const struct vs_bpf_config *filters,
                     const struct vs_object *object, struct vs_pump *pump,
                     struct vs_summary *summary);

#endif
