/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A small host for the model's tests: one rich function, and records made by hand. */
#ifndef VS_MODEL_TESTS_SCENE_H
#define VS_MODEL_TESTS_SCENE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "classify.h"
#include "workload.h"

#define RICH    UINT32_C(0x0018) /* 0000:00:03.0, described in rich_config */
#define BRIDGE  UINT32_C(0x0020) /* 0000:00:04.0, type 1, ROM at 0x38 */
#define NOWHERE UINT32_C(0x0100) /* 0000:01:00.0, nobody there */

static inline void put(uint8_t *config, unsigned int at, unsigned int size, uint32_t value)
{
    for (unsigned int i = 0; i < size; i++)
        config[at + i] = (uint8_t)(value >> (8 * i));
}

/*
 * Decoding off.  BAR0 16 KiB 32-bit at 0xfe800000, BAR1 I/O, BAR2+3 1 GiB 64-bit
 * at 0x140000000, BAR4 and 5 none, ROM 64 KiB at 0xfeb00000, off.  Capabilities:
 * power management 0x40, MSI 0x50 (64-bit, mask bits, 4 vectors), MSI-X 0x70 (8
 * entries, table BAR0+0x2000, PBA BAR0+0x3000).  Extended: AER 0x100, resizable
 * BAR 0x150 (BAR2), SR-IOV 0x180.
 */
static inline void rich_config(uint8_t *config)
{
    memset(config, 0, 4096);
    put(config, 0x00, 4, 0x12348086);
    put(config, 0x06, 2, 0x0010);
    put(config, 0x10, 4, 0xfe800000);
    put(config, 0x14, 4, 0x0000c001);
    put(config, 0x18, 4, 0x4000000c);
    put(config, 0x1c, 4, 0x00000001);
    put(config, 0x30, 4, 0xfeb00000);
    put(config, 0x34, 1, 0x40);
    put(config, 0x40, 4, 0x00035001);
    put(config, 0x50, 4, 0x01847005);
    put(config, 0x70, 4, 0x00070011);
    put(config, 0x74, 4, 0x00002000);
    put(config, 0x78, 4, 0x00003000);
    put(config, 0x100, 4, 0x15020001);
    put(config, 0x150, 4, 0x18010015);
    put(config, 0x158, 4, 0x00000a22); /* 1 BAR, index 2, 1 GiB */
    put(config, 0x180, 4, 0x00010010);
}

static inline void bridge_config(uint8_t *config)
{
    memset(config, 0, 256);
    put(config, 0x00, 4, 0x000c1b36);
    put(config, 0x0e, 1, 0x01);
    put(config, 0x10, 4, 0xfe805000);
}

struct scene {
    struct vs_trace_meta meta;
    struct vs_record records[512];
    size_t count;
};

static inline void scene_init(struct scene *scene)
{
    uint8_t config[4096];
    static const uint64_t rich_sizes[7] = {16384, 0, UINT64_C(1) << 30, 0, 0, 0, 65536};

    memset(scene, 0, sizeof(*scene));
    vs_trace_meta_init(&scene->meta);
    struct vs_trace_domain *domain = vs_trace_meta_add_domain(&scene->meta);
    domain->id = 0;
    domain->hardware_domain = true;
    domain = vs_trace_meta_add_domain(&scene->meta);
    domain->id = 7;
    struct vs_trace_device *device = vs_trace_meta_add_device(&scene->meta);
    device->sbdf = RICH;
    device->domain = 0;
    memcpy(device->bar_size, rich_sizes, sizeof(rich_sizes));
    rich_config(config);
    assert_int_equal(vs_trace_device_set_config(device, config, 4096), 0);
    device = vs_trace_meta_add_device(&scene->meta);
    device->sbdf = BRIDGE;
    device->domain = 0;
    device->bar_size[0] = 4096;
    device->bar_size[6] = 2048;
    bridge_config(config);
    assert_int_equal(vs_trace_device_set_config(device, config, 256), 0);
}

static inline struct vs_record *scene_add(struct scene *scene, enum vs_kind kind, uint32_t sbdf)
{
    assert_true(scene->count < 512);
    struct vs_record *record = &scene->records[scene->count];
    *record =
        (struct vs_record){.time_ns = 1000 * scene->count, .kind = (uint8_t)kind, .sbdf = sbdf};
    scene->count++;
    return record;
}

static inline struct vs_record *scene_access(struct scene *scene, enum vs_kind kind, uint32_t sbdf,
                                             uint16_t reg, uint8_t size, uint32_t value)
{
    struct vs_record *record = scene_add(scene, kind, sbdf);
    record->reg = reg;
    record->size = size;
    record->value = value;
    record->flags = VS_FLAG_PATH_PORT;
    return record;
}

static inline struct vs_record *scene_write(struct scene *scene, uint32_t sbdf, uint16_t reg,
                                            uint8_t size, uint32_t value)
{
    return scene_access(scene, VS_KIND_CFG_WRITE, sbdf, reg, size, value);
}

static inline struct vs_record *scene_read(struct scene *scene, uint32_t sbdf, uint16_t reg,
                                           uint8_t size, uint32_t value)
{
    return scene_access(scene, VS_KIND_CFG_READ, sbdf, reg, size, value);
}

/* The scene as a workload; options may be NULL. */
static inline struct vs_workload *scene_load(struct scene *scene,
                                             const struct vs_workload_options *options)
{
    struct vs_error error = VS_ERROR_INIT;
    struct vs_workload *workload = NULL;
    int ret = vs_workload_from_records(&scene->meta, scene->records, scene->count, options,
                                       &workload, &error);
    if (ret < 0)
        fail_msg("%s", error.text);
    vs_trace_meta_free(&scene->meta);
    return workload;
}

static inline const struct vs_shape *shape_of(const struct vs_workload *workload, size_t call)
{
    assert_true(call < workload->call_count);
    return &workload->shapes[workload->calls[call].shape];
}

static inline bool has_fact(const struct vs_shape *shape, enum vs_fact fact)
{
    return shape->facts >> fact & 1;
}

#define assert_op(workload, call, expected) \
    assert_string_equal(vs_op_table[shape_of(workload, call)->op].name, vs_op_table[expected].name)
#define assert_quantity(workload, call, which, expected) \
    assert_int_equal(shape_of(workload, call)->quantity[which], expected)

#endif
