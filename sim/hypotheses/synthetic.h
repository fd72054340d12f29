/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Synthetic workloads: small, made in memory from a seed, to put vPCI into a
 * situation that no capture shows (several domains with vPCI, 64 vectors at once).
 * They say nothing of how often it happens; every number from them is called
 * synthetic.
 *
 *   "about": "8 guests of 2 vCPUs ...", "seed": 1, "domains": 9, "devices": 4,
 *   "machine": "dual-xeon-gold-6242",                    may be left out: the default
 *   "callers": [
 *     {"in": "guests", "vcpus": 2, "calls": 500, "think": "5us", "on": "own",
 *      "mix": [{"op": "read-hardware", "weight": 9, "handler-nodes": 20, "cycles-handler": 1,
 *               "facts": ["hw-conf1"]}, ...]},
 *     {"in": "hardware", "vcpus": 1, "calls": 20, "think": "1ms", "on": "spare",
 *      "in-turn": [{"op": "device-remove"}, {"op": "device-add", "capabilities": 6}]}]
 *
 * Domain 0 is the hardware domain.  "devices" are those of each domain; the hardware
 * domain has one more, the spare.  "in": hardware, guests (every other domain), all.
 * "on": own (any of the domain's, drawn evenly), first, second, spare, none.  "think" is the mean
 * of exponential gaps between the end of a call and the next, drawn.  A caller draws
 * operations from "mix" by weight, or takes those of "in-turn" one after the other.  All devices
 * have MSI-X.  Facts that follow from operation and caller are set: hardware-domain, has-msix,
 * is-write, header-register.
 */
#ifndef VS_HYPOTHESES_SYNTHETIC_H
#define VS_HYPOTHESES_SYNTHETIC_H

#include "base/error.h"
#include "base/json.h"
#include "model/workload.h"

struct vs_synthetic {
    const char *name, *about;
    const char *machine; /* as --machine takes it */
    uint64_t seed;
    struct vs_workload *made;
};

/* Read and make one; at is its object, name its key there, owned by the document.  Free with
 * vs_synthetic_free. */
int vs_synthetic_read(const struct vs_json *at, struct vs_synthetic **synthetic,
                      struct vs_error *error);
void vs_synthetic_free(struct vs_synthetic *synthetic);

#endif
