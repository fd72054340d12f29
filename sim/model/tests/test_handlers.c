/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Layout decoding, handler lists and the splitting of accesses. */
#include "scene.h"

static void rich_layout(struct vs_layout *layout)
{
    uint8_t config[4096];
    struct vs_trace_device device = {.config_size = 4096, .config = config};
    struct vs_config_space space;

    rich_config(config);
    device.bar_size[0] = 16384;
    device.bar_size[6] = 65536;
    assert_int_equal(vs_config_init(&space, &device), 0);
    vs_config_decode(&space, layout);
    vs_config_free(&space);
}

static void layout_comes_from_the_snapshot(void **state)
{
    struct vs_layout layout;
    (void)state;
    rich_layout(&layout);
    assert_true(layout.header_known);
    assert_int_equal(layout.bars[0].kind, VS_BAR_MEM32);
    assert_int_equal(layout.bars[1].kind, VS_BAR_IO);
    assert_int_equal(layout.bars[2].kind, VS_BAR_MEM64);
    assert_int_equal(layout.bars[2].address, UINT64_C(0x140000000));
    assert_int_equal(layout.bars[3].kind, VS_BAR_HIGH);
    assert_int_equal(layout.bars[4].kind, VS_BAR_NONE);
    assert_int_equal(layout.msi, 0x50);
    assert_true(layout.msi_64bit && layout.msi_maskable);
    assert_int_equal(layout.msi_vectors, 4);
    assert_int_equal(layout.msix, 0x70);
    assert_int_equal(layout.msix_entries, 8);
    assert_int_equal(layout.msix_table_offset, 0x2000);
    assert_int_equal(layout.capability_count, 3);
    assert_int_equal(layout.extended_count, 3);
    assert_int_equal(layout.sriov, 0x180);
    assert_int_equal(layout.rebar_count, 1);
    assert_int_equal(layout.rebar_bar[0], 2);
}

/* Offsets by hand from header.c, cap.c, msi.c, msix.c, rebar.c. */
static void handlers_are_those_of_xen(void **state)
{
    static const uint16_t hardware[] = {0x04, 0x10,  0x18,  0x1c,  0x30, 0x34, 0x41,
                                        0x51, 0x52,  0x54,  0x58,  0x5c, 0x60, 0x71,
                                        0x72, 0x100, 0x150, 0x158, 0x180};
    static const uint16_t guest[] = {0x04, 0x06, 0x10, 0x14, 0x18, 0x1c, 0x20,
                                     0x24, 0x30, 0x34, 0x50, 0x51, 0x52, 0x54,
                                     0x58, 0x5c, 0x60, 0x70, 0x71, 0x72, 0x100};
    struct vs_layout layout;
    struct vs_handlers handlers;
    (void)state;
    rich_layout(&layout);
    vs_handlers_build(&handlers, &layout, true);
    assert_int_equal(handlers.count, sizeof(hardware) / sizeof(hardware[0]));
    for (unsigned int i = 0; i < handlers.count; i++)
        assert_int_equal(handlers.node[i].offset, hardware[i]);
    vs_handlers_build(&handlers, &layout, false);
    assert_int_equal(handlers.count, sizeof(guest) / sizeof(guest[0]));
    for (unsigned int i = 0; i < handlers.count; i++)
        assert_int_equal(handlers.node[i].offset, guest[i]);
}

/* Positions by hand from msi.c: address +4, then data +8 and mask +0xc without an upper half. */
static void msi_registers_move_with_the_address_width(void **state)
{
    static const struct {
        uint16_t control, offset[4];
        unsigned int count;
    } forms[] = {{0x0000, {0x52, 0x54, 0x58}, 3},
                 {0x0100, {0x52, 0x54, 0x58, 0x5c}, 4},
                 {0x0080, {0x52, 0x54, 0x58, 0x5c}, 4}};
    (void)state;
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        uint8_t config[256];
        struct vs_trace_device device = {.config_size = 256, .config = config};
        struct vs_config_space space;
        struct vs_layout layout;
        struct vs_handlers handlers;
        memset(config, 0, sizeof(config));
        put(config, 0x06, 2, 0x10);
        put(config, 0x34, 1, 0x50);
        put(config, 0x50, 4, 0x0005u | (uint32_t)forms[i].control << 16);
        assert_int_equal(vs_config_init(&space, &device), 0);
        vs_config_decode(&space, &layout);
        vs_handlers_build(&handlers, &layout, true);
        assert_int_equal(handlers.count, 3 + forms[i].count); /* command, pointer, next pointer */
        for (unsigned int node = 0; node < forms[i].count; node++)
            assert_int_equal(handlers.node[3 + node].offset, forms[i].offset[node]);
        assert_int_equal(handlers.node[2 + forms[i].count].size,
                         forms[i].control == 0x0100 ? 4 : 2);
        assert_int_equal(handlers.node[2 + forms[i].count].kind,
                         forms[i].control == 0x0100 ? VS_HANDLER_MSI_MASK : VS_HANDLER_MSI_ADDRESS);
        vs_config_free(&space);
    }
}

/* The walk of vpci_read, written down again without the shortcut of first[]. */
static unsigned int nodes_by_full_walk(const struct vs_handlers *handlers, unsigned int reg,
                                       unsigned int size)
{
    unsigned int done = 0, nodes = 0;
    for (unsigned int i = 0; i < handlers->count; i++) {
        unsigned int start = handlers->node[i].offset, end = start + handlers->node[i].size;
        nodes++;
        if (reg + size <= start)
            break;
        if (reg + done >= end)
            continue;
        done = (end < reg + size ? end : reg + size) - reg;
        if (done == size)
            break;
    }
    return nodes;
}

static void splits_cover_each_byte_once(void **state)
{
    (void)state;
    for (int hardware = 0; hardware < 2; hardware++) {
        struct vs_layout layout;
        struct vs_handlers handlers;
        rich_layout(&layout);
        vs_handlers_build(&handlers, &layout, hardware);
        for (unsigned int reg = 0; reg < 4096; reg++) {
            for (uint8_t size = 1; size <= 4; size = (uint8_t)(size * 2)) {
                struct vs_split split;
                unsigned int at = reg;
                if (reg + size > 4096)
                    continue;
                vs_handlers_split(&handlers, (uint16_t)reg, size, &split);
                assert_true(split.count >= 1 && split.count <= VS_PIECES_MAX);
                for (unsigned int i = 0; i < split.count; i++) {
                    const struct vs_piece *piece = &split.piece[i];
                    assert_int_equal(piece->reg, at);
                    assert_true(piece->size >= 1);
                    at += piece->size;
                    assert_true(!piece->trailing || i + 1 == split.count);
                    if (piece->handler < 0)
                        continue;
                    const struct vs_handler *handler = &handlers.node[piece->handler];
                    assert_true(piece->reg >= handler->offset &&
                                at <= (unsigned int)handler->offset + handler->size);
                }
                assert_int_equal(at, reg + size);
                assert_int_equal(split.nodes, nodes_by_full_walk(&handlers, reg, size));
            }
        }
    }
}

static void lists_are_sorted_whatever_the_bytes(void **state)
{
    uint64_t seed = 7;
    (void)state;
    for (unsigned int round = 0; round < 3000; round++) {
        uint8_t config[4096];
        struct vs_trace_device device = {.config_size = 4096, .config = config};
        struct vs_config_space space;
        struct vs_layout layout;
        struct vs_handlers handlers;
        if (round % 2)
            rich_config(config);
        for (unsigned int i = 0; i < (round % 2 ? 24u : 4096u); i++) {
            seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
            unsigned int at = round % 2 ? (unsigned int)(seed >> 48) % 0x190 : i;
            config[at] = (uint8_t)(seed >> 33);
        }
        config[0x0e] &= 1;
        assert_int_equal(vs_config_init(&space, &device), 0);
        vs_config_decode(&space, &layout);
        vs_handlers_build(&handlers, &layout, round % 3 != 0);
        for (unsigned int i = 1; i < handlers.count; i++)
            assert_true(handlers.node[i - 1].offset + handlers.node[i - 1].size <=
                        handlers.node[i].offset);
        vs_config_free(&space);
    }
}

static void sizing_tells_kind_and_size(void **state)
{
    struct vs_config_space space;
    struct vs_layout layout;
    (void)state;
    assert_int_equal(vs_config_init(&space, NULL), 0);
    vs_config_learn(&space, 0x0e, 1, 0, false);
    vs_config_learn(&space, 0x10, 4, 0x00000000, false);
    vs_config_learn(&space, 0x10, 4, 0xffffffff, true);
    vs_config_learn(&space, 0x10, 4, 0xffff0000, false);
    vs_config_learn(&space, 0x14, 4, 0xffffffff, true);
    vs_config_learn(&space, 0x14, 4, 0xffffffe1, false);
    vs_config_learn(&space, 0x18, 4, 0xffffffff, true);
    vs_config_learn(&space, 0x18, 4, 0x0000000c, false);
    vs_config_learn(&space, 0x1c, 4, 0xffffffff, true);
    vs_config_learn(&space, 0x1c, 4, 0xffffff00, false);
    vs_config_learn(&space, 0x20, 4, 0xffffffff, true);
    vs_config_learn(&space, 0x20, 4, 0x00000000, false);
    vs_config_learn(&space, 0x30, 4, 0xfffffffe, true);
    vs_config_learn(&space, 0x30, 4, 0xfffe0000, false);
    vs_config_decode(&space, &layout);
    assert_int_equal(layout.bars[0].kind, VS_BAR_MEM32);
    assert_int_equal(layout.bars[0].size_bytes, 65536);
    assert_true(layout.bars[0].address_known);
    assert_int_equal(layout.bars[1].kind, VS_BAR_IO);
    assert_int_equal(layout.bars[2].kind, VS_BAR_MEM64);
    assert_int_equal(layout.bars[2].size_bytes, UINT64_C(1) << 40);
    assert_false(layout.bars[2].address_known);
    assert_int_equal(layout.bars[3].kind, VS_BAR_HIGH);
    assert_int_equal(layout.bars[4].kind, VS_BAR_NONE);
    assert_int_equal(layout.bars[5].kind, VS_BAR_UNKNOWN);
    assert_int_equal(layout.bars[VS_BAR_ROM].size_bytes, 131072);
    vs_config_free(&space);
}

/* Orders by hand: 4K = 1 page, 2M = 512, 1G = 262144. */
static void map_orders_follow_alignment(void **state)
{
    (void)state;
    assert_int_equal(vs_map_entries(5, 0), 0);
    assert_int_equal(vs_map_entries(5, 4), 4);
    assert_int_equal(vs_map_entries(512, 512), 1);
    assert_int_equal(vs_map_entries(511, 514), 1 + 1 + 1);
    assert_int_equal(vs_map_entries(262144, 262144), 1);
    assert_int_equal(vs_map_entries(512, 262144), 511 + 1);
    assert_int_equal(vs_map_entries(262144 - 512, 512 + 2 * 262144 + 513), 1 + 2 + 1 + 1);
    assert_int_equal(vs_map_entries(1, 512), 512);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layout_comes_from_the_snapshot),
        cmocka_unit_test(handlers_are_those_of_xen),
        cmocka_unit_test(msi_registers_move_with_the_address_width),
        cmocka_unit_test(splits_cover_each_byte_once),
        cmocka_unit_test(lists_are_sorted_whatever_the_bytes),
        cmocka_unit_test(sizing_tells_kind_and_size),
        cmocka_unit_test(map_orders_follow_alignment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
