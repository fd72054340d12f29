/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which domain and vCPU an event is of: a QEMU process is a domain, its thread a vCPU. */
#ifndef VS_CAPTURE_ACTORS_H
#define VS_CAPTURE_ACTORS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "trace.h"

struct vs_actors;

struct vs_actor {
    uint32_t tid; /* 0: an empty slot */
    uint16_t domain;
    uint16_t vcpu;
    bool vcpu_inferred; /* by order of first access: the thread's name does not say */
};

struct vs_actors *vs_actors_new(void); /* NULL when out of memory */
void vs_actors_free(struct vs_actors *actors);
/*
 * The actor of a thread, from /proc where it is new.  Domains are numbered from 1 in
 * order of first access.  VS_ERR_MEMORY; VS_ERR_HOST past 65,534 domains.
 */
int vs_actors_find(struct vs_actors *actors, uint32_t tgid, uint32_t tid, struct vs_actor *actor,
                   struct vs_error *error);
/* Adds each domain to meta, and what the numbering assumes.  VS_ERR_MEMORY. */
int vs_actors_describe(const struct vs_actors *actors, struct vs_trace_meta *meta,
                       struct vs_error *error);

#endif
