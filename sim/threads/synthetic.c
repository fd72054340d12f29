/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records made up from a seed, then classed like any trace's. */
#include "synthetic.h"

#include <stdio.h>
#include <stdlib.h>

#include "trace.h"

#define EVENT_CALLS 40u /* vCPU 0's calls between a removal and its addition, and on */

/* splitmix64 (Steele, Lea and Flood 2014): small, seeded, the same everywhere. */
static uint64_t draw(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static uint32_t sbdf_of(uint64_t device)
{
    return UINT32_C(1) << 16 | (uint32_t)(device + 1) << 3;
}

static int describe(struct vs_trace_meta *meta, const struct vs_synthetic *synthetic)
{
    vs_trace_meta_init(meta);
    snprintf(meta->source, sizeof meta->source, "generate");
    snprintf(meta->origin, sizeof meta->origin, "compare-engines");
    snprintf(meta->clock.name, sizeof meta->clock.name, "synthetic");
    meta->synthetic = true;
    struct vs_trace_domain *domain = vs_trace_meta_add_domain(meta);
    if (!domain)
        return VS_ERR_MEMORY;
    domain->vcpus = synthetic->vcpus;
    domain->hardware_domain = true;
    snprintf(domain->name, sizeof domain->name, "dom0");
    for (uint32_t i = 0; i < VS_SYNTHETIC_DEVICES; i++) {
        struct vs_trace_device *device = vs_trace_meta_add_device(meta);
        /* Vendor and device, memory decoding on, one 64 KiB memory BAR. */
        uint8_t config[64] = {0x86, 0x80, (uint8_t)i, 0x10, 0x02, 0, 0x10, 0};
        if (!device)
            return VS_ERR_MEMORY;
        config[0x12] = (uint8_t)(i + 1);
        config[0x13] = 0xf0;
        device->sbdf = sbdf_of(i);
        device->bar_size[0] = 65536;
        if (vs_trace_device_set_config(device, config, sizeof config) != 0)
            return VS_ERR_MEMORY;
    }
    return vs_trace_meta_add_what_if(meta, "made up from a seed: no captured traffic");
}

static struct vs_record make_access(const struct vs_synthetic *synthetic, uint64_t *random,
                                    bool *decodes)
{
    uint64_t device = draw(random) % VS_SYNTHETIC_DEVICES;
    uint64_t percent = draw(random) % 100;
    struct vs_record record = {.sbdf = sbdf_of(device),
                               .flags = VS_FLAG_PATH_ECAM | VS_FLAG_SYNTHETIC,
                               .kind = VS_KIND_CFG_READ,
                               .size = 4};
    if (percent < synthetic->toggle_percent) {
        decodes[device] = !decodes[device];
        record.kind = VS_KIND_CFG_WRITE;
        record.reg = 4;
        record.size = 2;
        record.value = decodes[device] ? 2 : 0;
    } else if (percent < synthetic->write_percent) { /* interrupt line: no handler */
        record.kind = VS_KIND_CFG_WRITE;
        record.reg = 0x3c;
        record.size = 1;
    } else if (percent % 2) { /* BAR 0 */
        record.reg = 0x10;
        record.value = 0xf0000000 | (uint32_t)(device + 1) << 16;
    } else { /* vendor and device: no handler */
        record.value = 0x10008086;
    }
    return record;
}

static int by_time(const void *a, const void *b)
{
    const struct vs_record *x = a, *y = b;
    if (x->time_ns != y->time_ns)
        return x->time_ns < y->time_ns ? -1 : 1;
    return (x->vcpu > y->vcpu) - (x->vcpu < y->vcpu);
}

static void fill(const struct vs_synthetic *synthetic, struct vs_record *records)
{
    for (uint16_t vcpu = 0; vcpu < synthetic->vcpus; vcpu++) {
        uint64_t random = synthetic->seed ^ (uint64_t)vcpu << 32;
        bool decodes[VS_SYNTHETIC_DEVICES] = {true, true, true, true};
        vs_ns time_ns = 0;
        for (uint32_t i = 0; i < synthetic->calls; i++) {
            struct vs_record record = make_access(synthetic, &random, decodes);
            /* At least 1 ns: one vCPU's records are told apart by time. */
            time_ns += 1 + draw(&random) % (2 * synthetic->mean_gap_ns + 1);
            if (synthetic->events && vcpu == 0 && i % EVENT_CALLS == EVENT_CALLS - 1)
                record = (struct vs_record){.sbdf = sbdf_of(VS_SYNTHETIC_DEVICES - 1),
                                            .flags = VS_FLAG_SYNTHETIC,
                                            .kind = i / EVENT_CALLS % 2 ? VS_KIND_DEVICE_ADD
                                                                        : VS_KIND_DEVICE_REMOVE};
            record.time_ns = time_ns;
            record.vcpu = record.pcpu = vcpu;
            *records++ = record;
        }
    }
}

int vs_synthetic_workload(const struct vs_synthetic *synthetic, struct vs_workload **workload,
                          struct vs_error *error)
{
    const struct vs_workload_options load = {.speed = 1, .clones = 1};
    size_t count = (size_t)synthetic->vcpus * synthetic->calls;
    struct vs_record *records = calloc(count + 1, sizeof *records);
    struct vs_trace_meta meta;
    int ret = describe(&meta, synthetic);
    if (!records || ret < 0) {
        ret = vs_error_set(error, VS_ERR_MEMORY, "out of memory");
        goto out;
    }
    fill(synthetic, records);
    qsort(records, count, sizeof *records, by_time);
    ret = vs_workload_from_records(&meta, records, count, &load, workload, error);
out:
    vs_trace_meta_free(&meta);
    free(records);
    return ret;
}

char *vs_synthetic_text(const struct vs_synthetic *synthetic, char *buffer)
{
    char gap[VS_DURATION_TEXT];
    snprintf(buffer, VS_SYNTHETIC_TEXT,
             "synthetic: %u calls a vCPU, one each %s in the mean, on %d devices of one domain; "
             "%u %% writes, of which %u switch decoding",
             synthetic->calls, vs_duration_text(synthetic->mean_gap_ns, gap), VS_SYNTHETIC_DEVICES,
             synthetic->write_percent, synthetic->toggle_percent);
    return buffer;
}
