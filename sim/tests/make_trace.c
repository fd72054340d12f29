/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * make_trace FILE [ROUNDS]: a small synthetic trace for tests.  Two domains of
 * two vCPUs each and four devices, all busy at the same time, with memory
 * decoding toggled now and then and one device removed and added again half
 * way.  The same bytes on every host.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trace.h"

#define DEVICES  4
#define VCPUS    2
#define ROUND_NS 2000

/* splitmix64 */
static uint64_t draw(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static uint32_t sbdf_of(uint32_t device)
{
    return (device + 1) << 3;
}

static int describe(struct vs_trace_meta *meta)
{
    vs_trace_meta_init(meta);
    snprintf(meta->source, sizeof(meta->source), "generate");
    snprintf(meta->origin, sizeof(meta->origin), "a test");
    snprintf(meta->clock.name, sizeof(meta->clock.name), "synthetic");
    meta->synthetic = true;
    for (uint16_t id = 0; id < 2; id++) {
        struct vs_trace_domain *domain = vs_trace_meta_add_domain(meta);

        if (!domain)
            return -1;
        domain->id = id;
        domain->vcpus = VCPUS;
        domain->hardware_domain = id == 0;
        snprintf(domain->name, sizeof(domain->name), "%s", id == 0 ? "dom0" : "guest");
    }
    for (uint32_t i = 0; i < DEVICES; i++) {
        struct vs_trace_device *device = vs_trace_meta_add_device(meta);
        /* Vendor and device, one 64 KiB memory BAR, decoding on. */
        uint8_t config[64] = {0x86, 0x80, (uint8_t)i, 0x10, 0x02, 0, 0x10, 0};

        if (!device)
            return -1;
        config[0x12] = (uint8_t)(i + 1);
        config[0x13] = 0xf0;
        device->sbdf = sbdf_of(i);
        device->domain = (uint16_t)(i % 2);
        device->bar_size[0] = 65536;
        if (vs_trace_device_set_config(device, config, sizeof(config)) != 0)
            return -1;
    }
    return vs_trace_meta_add_what_if(meta, "made up by a test: no captured traffic");
}

static struct vs_record make_access(uint64_t round, uint16_t domain, uint16_t vcpu, uint64_t *seed)
{
    uint64_t chance = draw(seed);
    struct vs_record record = {
        .time_ns = round * ROUND_NS + domain * 200u + vcpu * 50u,
        .sbdf = sbdf_of(domain + 2 * (uint32_t)(chance >> 32 & 1)),
        .domain = domain,
        .vcpu = vcpu,
        .pcpu = (uint16_t)(domain * VCPUS + vcpu),
        .flags = VS_FLAG_PATH_PORT | VS_FLAG_SYNTHETIC,
        .kind = VS_KIND_CFG_READ,
        .size = 4,
    };

    switch (chance % 8) {
    case 0: /* decoding off or on */
        record.kind = VS_KIND_CFG_WRITE;
        record.reg = 4;
        record.size = 2;
        record.value = chance >> 33 & 1 ? 2 : 0;
        break;
    case 1: /* a BAR */
        record.reg = 0x10;
        break;
    case 2: /* interrupt line: no handler */
        record.kind = VS_KIND_CFG_WRITE;
        record.reg = 0x3c;
        record.size = 1;
        break;
    default: /* vendor and device: no handler */
        record.value = 0x10008086;
        break;
    }
    return record;
}

static int write_all(struct vs_writer *writer, uint64_t rounds, struct vs_error *error)
{
    uint64_t seed = 1;
    int ret = 0;

    for (uint64_t round = 0; ret == 0 && round < rounds; round++) {
        for (uint16_t actor = 0; ret == 0 && actor < 2 * VCPUS; actor++) {
            struct vs_record record =
                make_access(round, (uint16_t)(actor / VCPUS), (uint16_t)(actor % VCPUS), &seed);

            ret = vs_writer_add(writer, &record, 1, error);
        }
        if (ret == 0 && (round == rounds / 2 || round == rounds / 2 + 20)) {
            struct vs_record event = {.time_ns = round * ROUND_NS + 300,
                                      .sbdf = sbdf_of(2),
                                      .domain = 0,
                                      .vcpu = 0,
                                      .pcpu = 0,
                                      .flags = VS_FLAG_SYNTHETIC,
                                      .kind = round == rounds / 2 ? VS_KIND_DEVICE_REMOVE
                                                                  : VS_KIND_DEVICE_ADD};

            ret = vs_writer_add(writer, &event, 1, error);
        }
    }
    return ret;
}

int main(int argc, char **argv)
{
    struct vs_error error = VS_ERROR_INIT;
    struct vs_writer_options options = {.force = true};
    struct vs_trace_meta meta;
    struct vs_writer *writer = NULL;

    if (argc < 2 || describe(&meta) != 0) {
        fprintf(stderr, "usage: make_trace FILE [ROUNDS]\n");
        return 2;
    }
    int ret = vs_writer_open(argv[1], &meta, &options, &writer, &error);

    if (ret == 0) {
        ret = write_all(writer, argc > 2 ? strtoull(argv[2], NULL, 10) : 500, &error);
        if (ret == 0)
            ret = vs_writer_commit(writer, NULL, &error);
        else
            vs_writer_abort(writer);
    }
    vs_trace_meta_free(&meta);
    if (ret < 0)
        fprintf(stderr, "make_trace: %s\n", error.text);
    return vs_exit_status(ret);
}
