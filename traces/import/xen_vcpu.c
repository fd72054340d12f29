/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables of vCPUs and domains, small and searched by bisection; 0xCF8 bookkeeping. */
#include "import/xen_vcpu.h"

#include <stdlib.h>
#include <string.h>

#include "import/xen_event.h"

/* The array, with room for one more pointer than count; NULL when out of memory (and the array
 * is as it was). */
static void *grow(void *array, size_t count, size_t *room)
{
    void *grown;

    if (count < *room)
        return array;
    grown = reallocarray(array, *room ? *room * 2 : 16, sizeof(void *));
    if (grown)
        *room = *room ? *room * 2 : 16;
    return grown;
}

static struct vs_xen_domain *get_domain(struct vs_xen_vcpus *table, uint16_t id)
{
    struct vs_xen_domain *domain, **grown;

    for (size_t i = 0; i < table->domain_count; i++)
        if (table->domains[i]->id == id)
            return table->domains[i];
    grown = grow(table->domains, table->domain_count, &table->domain_room);
    if (!grown)
        return NULL;
    table->domains = grown;
    domain = calloc(1, sizeof(*domain));
    if (!domain)
        return NULL;
    domain->id = id;
    table->domains[table->domain_count++] = domain;
    return domain;
}

struct vs_xen_vcpu *vs_xen_vcpus_get(struct vs_xen_vcpus *table, uint32_t id)
{
    size_t low = 0, high = table->vcpu_count;
    struct vs_xen_vcpu *vcpu, **grown;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (table->vcpus[middle]->id == id)
            return table->vcpus[middle];
        if (table->vcpus[middle]->id < id)
            low = middle + 1;
        else
            high = middle;
    }
    grown = grow(table->vcpus, table->vcpu_count, &table->vcpu_room);
    if (!grown)
        return NULL;
    table->vcpus = grown;
    vcpu = calloc(1, sizeof(*vcpu));
    if (!vcpu)
        return NULL;
    vcpu->id = id;
    if (id >> 16 < VS_XEN_DOMAIN_FIRST_RESERVED) {
        vcpu->domain = get_domain(table, (uint16_t)(id >> 16));
        if (!vcpu->domain) {
            free(vcpu);
            return NULL;
        }
        if ((id & 0xffff) >= vcpu->domain->vcpus && (id & 0xffff) < UINT16_MAX)
            vcpu->domain->vcpus = (uint16_t)((id & 0xffff) + 1);
    }
    memmove(table->vcpus + low + 1, table->vcpus + low,
            (table->vcpu_count - low) * sizeof(*table->vcpus));
    table->vcpus[low] = vcpu;
    table->vcpu_count++;
    return vcpu;
}

void vs_xen_vcpus_lost(struct vs_xen_vcpus *table)
{
    for (size_t i = 0; i < table->vcpu_count; i++) {
        table->vcpus[i]->latch.stale = true;
        if (!table->vcpus[i]->running)
            table->vcpus[i]->exit.open = false;
    }
    for (size_t i = 0; i < table->domain_count; i++)
        table->domains[i]->latch.stale = true;
}

void vs_xen_vcpus_free(struct vs_xen_vcpus *table)
{
    for (size_t i = 0; i < table->vcpu_count; i++)
        free(table->vcpus[i]);
    for (size_t i = 0; i < table->domain_count; i++)
        free(table->domains[i]);
    free(table->vcpus);
    free(table->domains);
    *table = (struct vs_xen_vcpus){0};
}

void vs_xen_latch_write(struct vs_xen_vcpu *vcpu, bool known, uint32_t value)
{
    vcpu->latch = (struct vs_xen_latch){.known = known, .value = value, .writer = vcpu->id};
    vcpu->domain->latch = vcpu->latch;
    vcpu->latch.skewed = vcpu->running > 1;
}

void vs_xen_latch_read(struct vs_xen_vcpu *vcpu, uint32_t value)
{
    /* A read of 4 bytes shows the domain's latch; one of fewer bytes does not, and cannot be told
     * apart unless the enable bit shows. */
    if (value & UINT32_C(0x80000000))
        vs_xen_latch_write(vcpu, true, value);
}

enum vs_xen_latch_choice vs_xen_latch_choose(const struct vs_xen_vcpu *vcpu, uint32_t *value)
{
    const struct vs_xen_latch *own = &vcpu->latch, *domain = &vcpu->domain->latch;

    if (own->known && !own->stale) {
        *value = own->value;
        if (own->skewed)
            return VS_XEN_LATCH_SKEWED;
        return domain->known && domain->value != own->value ? VS_XEN_LATCH_DIFFERS
                                                            : VS_XEN_LATCH_OWN;
    }
    if (domain->known && !domain->stale) {
        *value = domain->value;
        return VS_XEN_LATCH_OTHER;
    }
    if (own->known || domain->known) {
        *value = own->known ? own->value : domain->value;
        return VS_XEN_LATCH_LOST;
    }
    return VS_XEN_LATCH_NONE;
}
