/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is known of vCPUs and domains while a log is replayed: exits and 0xCF8. */
#ifndef VS_TRACES_IMPORT_XEN_VCPU_H
#define VS_TRACES_IMPORT_XEN_VCPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A VM exit that has not ended in an entry yet. */
struct vs_xen_exit {
    bool open;
    bool split;  /* descheduled or continued by the scheduler inside it */
    bool nested; /* of a nested guest */
    uint64_t tsc, rip;
    uint32_t reason;
    uint16_t pcpu;          /* where it began */
    uint32_t last;          /* index + 1 of its latest access, 0: none */
    uint32_t faults;        /* nested page faults in it */
    uint32_t memory;        /* memory accesses in it */
    uint32_t reported;      /* accesses that the vPCI tracepoint reported */
    uint64_t fault_address; /* of the first fault */
};

/* The last value of 0xCF8, as one vCPU or one domain wrote it. */
struct vs_xen_latch {
    bool known;
    bool stale;  /* records were lost since */
    bool skewed; /* its vCPU ran on two pCPUs at once since: the order of writes is not known */
    uint32_t value;
    uint32_t writer; /* domain << 16 | vcpu */
};

struct vs_xen_domain {
    uint16_t id;
    uint16_t vcpus; /* highest vCPU number seen + 1 */
    struct vs_xen_latch latch;
};

struct vs_xen_vcpu {
    uint32_t id; /* domain << 16 | vcpu, or VS_XEN_NOBODY for what no vCPU can be told */
    struct vs_xen_domain *domain; /* NULL for nobody and for Xen's own (idle) */
    unsigned int running;         /* on so many pCPUs: above 1, TSCs or the log are off */
    struct vs_xen_exit exit;
    struct vs_xen_latch latch;
};

/* All of them, found by id; entries keep their address until the table is freed. */
struct vs_xen_vcpus {
    struct vs_xen_vcpu **vcpus;
    size_t vcpu_count, vcpu_room;
    struct vs_xen_domain **domains;
    size_t domain_count, domain_room;
};

/* The entry for domain << 16 | vcpu, made when new; NULL when out of memory. */
struct vs_xen_vcpu *vs_xen_vcpus_get(struct vs_xen_vcpus *table, uint32_t id);
/* Records were lost: every latch may be out of date, and the exit of every vCPU that does not run
 * may have ended unseen. */
void vs_xen_vcpus_lost(struct vs_xen_vcpus *table);
void vs_xen_vcpus_free(struct vs_xen_vcpus *table);

/* vcpu (of a domain) wrote value to 0xCF8; known is false when the log does not hold the value. */
void vs_xen_latch_write(struct vs_xen_vcpu *vcpu, bool known, uint32_t value);
/* vcpu read 0xCF8 and got value. */
void vs_xen_latch_read(struct vs_xen_vcpu *vcpu, uint32_t value);

/* Whose latch an access through 0xCFC used. */
enum vs_xen_latch_choice {
    VS_XEN_LATCH_NONE,    /* nothing known */
    VS_XEN_LATCH_OWN,     /* the vCPU's own latest write */
    VS_XEN_LATCH_DIFFERS, /* the same, though another vCPU of the domain has written since */
    VS_XEN_LATCH_OTHER,   /* another vCPU's */
    VS_XEN_LATCH_SKEWED,  /* the vCPU's own, which ran on two pCPUs at once since */
    VS_XEN_LATCH_LOST     /* from before lost records */
};

/*
 * The latch for an access of vcpu.  Xen keeps one per domain, but across pCPUs
 * the order of writes is only known up to TSC skew and the length of an exit,
 * while a guest's lock keeps each pair of accesses on one vCPU: so the vCPU's own
 * is preferred (XENTRACE notes, section 6).
 */
enum vs_xen_latch_choice vs_xen_latch_choose(const struct vs_xen_vcpu *vcpu, uint32_t *value);

#endif
