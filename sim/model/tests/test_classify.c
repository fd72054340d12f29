/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One test per claim about a class: which access makes it, with which quantities. */
#include "scene.h"

#define COMMAND 0x04

/* Run the records of one test, then free. */
#define RUN(scene, workload, ...)                               \
    do {                                                        \
        struct vs_workload *workload = scene_load(scene, NULL); \
        __VA_ARGS__;                                            \
        vs_workload_free(workload);                             \
    } while (0)

static void command_toggles_only_on_bit_1(void **state)
{
    struct scene s;
    (void)state;
    scene_init(&s);
    scene_write(&s, RICH, COMMAND, 2, 0x0101); /* off already */
    scene_write(&s, RICH, COMMAND, 2, 0x0103); /* on */
    scene_write(&s, RICH, COMMAND, 2, 0x0107); /* on already */
    scene_write(&s, RICH, COMMAND, 2, 0x0101); /* off */
    RUN(&s, w, {
        assert_op(w, 0, VS_OP_WRITE_COMMAND);
        assert_quantity(w, 0, VS_Q_CYCLES_HANDLER, 1);
        assert_op(w, 1, VS_OP_TOGGLE_DECODE);
        assert_quantity(w, 1, VS_Q_CYCLES_HANDLER, 0); /* written at the end of the mapping */
        assert_op(w, 2, VS_OP_WRITE_COMMAND);
        assert_op(w, 3, VS_OP_TOGGLE_DECODE);
        assert_quantity(w, 3, VS_Q_HANDLER_NODES, 1);
        assert_true(has_fact(shape_of(w, 3), VS_FACT_HEADER_REGISTER));
        assert_true(has_fact(shape_of(w, 3), VS_FACT_HW_CONF1));
        for (unsigned int i = 0; i < VS_GUESS_COUNT; i++)
            assert_int_equal(w->guess_count[i], 0);
    });
}

/* BAR0: 4 pages less table page 2 and PBA page 3 = 2 entries; BAR2: one 1G entry, aligned to 1G. */
static void toggle_carries_the_mapping(void **state)
{
    struct scene s;
    (void)state;
    scene_init(&s);
    scene_write(&s, RICH, COMMAND, 2, 0x0002);
    RUN(&s, w, {
        assert_quantity(w, 0, VS_Q_BARS, 2);
        assert_quantity(w, 0, VS_Q_MAP_ENTRIES, 2 + 1);
        assert_quantity(w, 0, VS_Q_MAP_SLICES, 1);
    });
}

static void command_dword_leaves_status_to_the_trailing_gap(void **state)
{
    struct scene s;
    (void)state;
    scene_init(&s);
    scene_write(&s, RICH, COMMAND, 4, 0x00100000);
    scene_write(&s, RICH, 0x06, 2, 0xffff);
    scene_write(&s, RICH, 0x05, 1, 0x01);
    scene_write(&s, RICH, COMMAND, 1, 0x02);
    RUN(&s, w, {
        assert_op(w, 0, VS_OP_WRITE_COMMAND);
        assert_quantity(w, 0, VS_Q_CYCLES_TRAILING, 1);
        assert_quantity(w, 0, VS_Q_CYCLES_LOCKED, 0);
        assert_quantity(w, 0, VS_Q_HANDLERS, 1);
        assert_op(w, 1, VS_OP_WRITE_PASSTHROUGH); /* status is no handler of dom0's */
        assert_quantity(w, 1, VS_Q_CYCLES_TRAILING, 1);
        assert_quantity(w, 1, VS_Q_HANDLER_NODES, 2); /* command, then BAR0 stops the walk */
        assert_false(has_fact(shape_of(w, 1), VS_FACT_HEADER_REGISTER));
        assert_op(w, 2, VS_OP_WRITE_COMMAND); /* upper byte: read, merge, write */
        assert_quantity(w, 2, VS_Q_CYCLES_HANDLER, 2);
        assert_op(w, 3, VS_OP_TOGGLE_DECODE);
        assert_quantity(w, 3, VS_Q_CYCLES_HANDLER, 1); /* the merge's read */
    });
}

static void bars_are_written_only_while_unmapped(void **state)
{
    struct scene s;
    (void)state;
    scene_init(&s);
    scene_write(&s, RICH, 0x10, 4, 0xffffffff);
    scene_read(&s, RICH, 0x10, 4, 0xffffc000);
    scene_write(&s, RICH, 0x10, 4, 0xfe900000);
    scene_write(&s, RICH, 0x1c, 4, 0x00000002); /* upper half of BAR2 */
    scene_write(&s, RICH, 0x14, 4, 0xffffffff); /* I/O */
    scene_write(&s, RICH, COMMAND, 2, 0x0002);
    scene_write(&s, RICH, 0x10, 4, 0xffffffff);
    scene_write(&s, RICH, 0x1c, 4, 0xffffffff);
    scene_write(&s, RICH, 0x14, 4, 0xffffffff);
    scene_write(&s, RICH, 0x12, 2, 0x1234);
    RUN(&s, w, {
        assert_op(w, 0, VS_OP_WRITE_BAR);
        assert_quantity(w, 0, VS_Q_CYCLES_HANDLER, 1);
        assert_op(w, 1, VS_OP_READ_HARDWARE);
        assert_op(w, 2, VS_OP_WRITE_BAR);
        assert_op(w, 3, VS_OP_WRITE_BAR);
        assert_op(w, 4, VS_OP_WRITE_PASSTHROUGH);
        assert_op(w, 6, VS_OP_WRITE_BAR_MAPPED);
        assert_quantity(w, 6, VS_Q_CYCLES_HANDLER, 0);
        assert_op(w, 7, VS_OP_WRITE_BAR_MAPPED);
        assert_op(w, 8, VS_OP_WRITE_PASSTHROUGH);
        assert_op(w, 9, VS_OP_WRITE_BAR_MAPPED);
        assert_quantity(w, 9, VS_Q_CYCLES_HANDLER, 1); /* partial: read first, then ignored */
    });
}

static void rom_toggles_only_while_decoding(void **state)
{
    struct scene s;
    (void)state;
    scene_init(&s);
    scene_write(&s, RICH, 0x30, 4, 0xfeb00001); /* decoding off: register only */
    scene_write(&s, RICH, 0x30, 4, 0xfeb00000);
    scene_write(&s, RICH, COMMAND, 2, 0x0002);
    scene_write(&s, RICH, 0x30, 4, 0xfeb00001);
    scene_write(&s, RICH, 0x30, 4, 0xfeb00001); /* mapped and still on: ignored */
    scene_write(&s, RICH, 0x30, 4, 0xfeb00000);
    scene_write(&s, BRIDGE, 0x38, 4, 0xfea00001);
    scene_write(&s, BRIDGE, 0x30, 4, 0x00000001); /* I/O base upper of a bridge */
    RUN(&s, w, {
        assert_op(w, 0, VS_OP_WRITE_ROM);
        assert_op(w, 1, VS_OP_WRITE_ROM);
        assert_op(w, 3, VS_OP_TOGGLE_ROM);
        assert_true(has_fact(shape_of(w, 3), VS_FACT_ROM_ONLY));
        assert_quantity(w, 3, VS_Q_MAP_ENTRIES, 16);
        assert_quantity(w, 3, VS_Q_BARS, 1);
        assert_op(w, 4, VS_OP_WRITE_ROM);
        assert_quantity(w, 4, VS_Q_CYCLES_HANDLER, 0);
        assert_op(w, 5, VS_OP_TOGGLE_ROM);
        assert_op(w, 6, VS_OP_WRITE_ROM);
        assert_true(has_fact(shape_of(w, 6), VS_FACT_HEADER_REGISTER));
        assert_op(w, 7, VS_OP_WRITE_PASSTHROUGH);
        assert_false(has_fact(shape_of(w, 7), VS_FACT_HEADER_REGISTER));
    });
}

static void what_no_handler_knows_passes_through(void **state)
{
    struct scene s;
    (void)state;
    scene_init(&s);
    scene_write(&s, RICH, 0x3c, 1, 0xa1);
    scene_read(&s, RICH, 0x00, 4, 0x12348086);
    scene_read(&s, RICH, 0x300, 4, 0);
    s.records[2].flags = VS_FLAG_PATH_ECAM;
    RUN(&s, w, {
        assert_op(w, 0, VS_OP_WRITE_PASSTHROUGH);
        assert_op(w, 1, VS_OP_READ_PASSTHROUGH);
        assert_quantity(w, 1, VS_Q_HANDLER_NODES, 1);
        assert_op(w, 2, VS_OP_READ_PASSTHROUGH);
        assert_quantity(w, 2, VS_Q_HANDLER_NODES, 19);
        assert_true(has_fact(shape_of(w, 2), VS_FACT_VIA_ECAM));
        assert_false(has_fact(shape_of(w, 2), VS_FACT_HW_CONF1));
    });
}

static void msi_follows_its_control_register(void **state)
{
    struct scene s;
    (void)state;
    scene_init(&s);
    scene_write(&s, RICH, 0x54, 4, 0xfee00000); /* off: memory only */
    scene_write(&s, RICH, 0x52, 2, 0x01a4);     /* still off, 4 vectors */
    scene_write(&s, RICH, 0x52, 2, 0x01a5);     /* on, 4 vectors */
    scene_write(&s, RICH, 0x58, 4, 0);          /* upper address */
    scene_write(&s, RICH, 0x5c, 2, 0x4021);     /* data */
    scene_write(&s, RICH, 0x60, 4, 0x00000035); /* two of the four vectors change */
    scene_write(&s, RICH, 0x60, 4, 0x00000035);
    scene_write(&s, RICH, 0x52, 2, 0x0195); /* 2 vectors: off and on again */
    scene_write(&s, RICH, 0x52, 2, 0x0195);
    scene_write(&s, RICH, 0x53, 1, 0x01); /* no enable bit in that byte */
    scene_write(&s, RICH, 0x52, 2, 0x0194);
    scene_read(&s, RICH, 0x52, 2, 0x0194);
    scene_write(&s, RICH, 0x50, 4, 0x01957005); /* id, next, control in one */
    RUN(&s, w, {
        assert_op(w, 0, VS_OP_MSI_ADDRESS);
        assert_quantity(w, 0, VS_Q_VECTORS, 0);
        assert_false(has_fact(shape_of(w, 0), VS_FACT_MSI_ENABLED));
        assert_op(w, 1, VS_OP_MSI_CONTROL);
        assert_quantity(w, 1, VS_Q_CYCLES_HANDLER, 0);
        assert_op(w, 2, VS_OP_MSI_ENABLE);
        assert_quantity(w, 2, VS_Q_VECTORS, 4);
        assert_quantity(w, 2, VS_Q_CYCLES_HANDLER, 1);
        assert_op(w, 3, VS_OP_MSI_ADDRESS);
        assert_quantity(w, 3, VS_Q_VECTORS, 4);
        assert_true(has_fact(shape_of(w, 3), VS_FACT_MSI_ENABLED));
        assert_op(w, 4, VS_OP_MSI_ADDRESS);
        assert_op(w, 5, VS_OP_MSI_MASK);
        assert_op(w, 6, VS_OP_MSI_MASK);
        assert_quantity(w, 6, VS_Q_MASK_BITS, 0);
        assert_op(w, 7, VS_OP_MSI_ENABLE);
        assert_quantity(w, 7, VS_Q_VECTORS, 2);
        assert_op(w, 8, VS_OP_MSI_CONTROL);
        assert_op(w, 9, VS_OP_MSI_CONTROL);
        assert_op(w, 10, VS_OP_MSI_DISABLE);
        assert_quantity(w, 10, VS_Q_VECTORS, 2);
        assert_op(w, 11, VS_OP_READ_MEMORY);
        assert_op(w, 12, VS_OP_MSI_ENABLE);
        assert_quantity(w, 12, VS_Q_CYCLES_LOCKED, 1); /* the id byte, before the next pointer */
        assert_quantity(w, 12, VS_Q_HANDLERS, 2);
        assert_quantity(w, 12, VS_Q_CYCLES_HANDLER, 2); /* pointer and control */
    });
}

/* The mask was not seen before: all vectors may change, and the guess is counted. */
static void first_msi_mask_write_is_a_guess(void **state)
{
    struct scene s;
    (void)state;
    scene_init(&s);
    scene_write(&s, RICH, 0x52, 2, 0x01a5);
    scene_write(&s, RICH, 0x60, 4, 0);
    RUN(&s, w, {
        assert_quantity(w, 1, VS_Q_MASK_BITS, 4);
        assert_int_equal(w->guess_count[VS_GUESS_MSI_STATE], 1);
    });
}

static struct vs_record *table_write(struct scene *s, uint16_t reg, uint32_t value)
{
    struct vs_record *record = scene_access(s, VS_KIND_MSIX_WRITE, RICH, reg, 4, value);
    record->flags = 0;
    return record;
}

static void msix_entries_go_live_when_unmasked_and_updated(void **state)
{
    struct scene s;
    (void)state;
    scene_init(&s);
    scene_write(&s, RICH, 0x72, 2, 0xc007); /* on, all masked */
    for (uint16_t i = 0; i < 3; i++) {
        table_write(&s, (uint16_t)(16 * i), 0xfee00000);
        table_write(&s, (uint16_t)(16 * i + 12), 0);
    }
    scene_write(&s, RICH, 0x72, 2, 0x8007); /* 3 entries live */
    table_write(&s, 12, 1);                 /* mask entry 0 */
    table_write(&s, 12, 1);                 /* no change */
    table_write(&s, 12, 0);                 /* not updated: mask bit only */
    table_write(&s, 16 + 12, 1);
    table_write(&s, 16, 0xfee01000);
    table_write(&s, 16 + 12, 0); /* updated: rebind */
    scene_access(&s, VS_KIND_MSIX_READ, RICH, 12, 4, 0);
    scene_write(&s, RICH, 0x73, 1, 0x00);   /* off, by the upper byte alone */
    scene_write(&s, RICH, 0x72, 1, 0x00);   /* lower byte: nothing in it */
    scene_write(&s, RICH, 0x72, 2, 0x8007); /* on again: the disable marked them updated */
    RUN(&s, w, {
        assert_op(w, 0, VS_OP_MSIX_CONTROL);
        assert_quantity(w, 0, VS_Q_CYCLES_HANDLER, 1);
        assert_op(w, 1, VS_OP_MSIX_TABLE_WRITE);
        assert_op(w, 2, VS_OP_MSIX_TABLE_WRITE);
        assert_quantity(w, 2, VS_Q_MASK_BITS, 1);
        assert_op(w, 7, VS_OP_MSIX_ENABLE);
        assert_quantity(w, 7, VS_Q_VECTORS, 3);
        assert_op(w, 8, VS_OP_MSIX_TABLE_WRITE);
        assert_quantity(w, 9, VS_Q_MASK_BITS, 0);
        assert_op(w, 10, VS_OP_MSIX_TABLE_WRITE);
        assert_op(w, 13, VS_OP_MSIX_TABLE_UNMASK);
        assert_quantity(w, 13, VS_Q_VECTORS, 1);
        assert_op(w, 14, VS_OP_MSIX_TABLE_READ);
        assert_op(w, 15, VS_OP_MSIX_DISABLE);
        assert_quantity(w, 15, VS_Q_VECTORS, 3);
        assert_op(w, 16, VS_OP_MSIX_CONTROL);
        assert_op(w, 17, VS_OP_MSIX_ENABLE);
        assert_quantity(w, 17, VS_Q_VECTORS, 3);
        assert_int_equal(w->guess_count[VS_GUESS_MSI_STATE], 0);
    });
}

static void live_msix_entries_are_not_set_up_again(void **state)
{
    struct scene s;
    (void)state;
    scene_init(&s);
    table_write(&s, 0, 0xfee00000);
    table_write(&s, 12, 0);
    scene_write(&s, RICH, 0x72, 2, 0x8007);
    scene_write(&s, RICH, 0x72, 2, 0xc007); /* all masked for a moment */
    scene_write(&s, RICH, 0x72, 2, 0x8007); /* entry 0 is live, and was not written since */
    RUN(&s, w, {
        assert_op(w, 2, VS_OP_MSIX_ENABLE);
        assert_quantity(w, 2, VS_Q_VECTORS, 1);
        assert_op(w, 3, VS_OP_MSIX_CONTROL);
        assert_op(w, 4, VS_OP_MSIX_CONTROL);
        assert_quantity(w, 4, VS_Q_CYCLES_HANDLER, 1);
    });
}

static void the_port_path_tells_conf1_whatever_the_segment(void **state)
{
    struct scene s;
    (void)state;
    scene_init(&s);
    scene_read(&s, 0x20018, 0x40, 4, 1); /* segment 2, as a merge numbers it */
    scene_read(&s, 0x20018, 0x40, 4, 1)->flags = VS_FLAG_PATH_ECAM;
    scene_read(&s, RICH, 0x00, 4, 1)->flags = VS_FLAG_PATH_ECAM;
    RUN(&s, w, {
        assert_true(has_fact(shape_of(w, 0), VS_FACT_HW_CONF1));
        assert_false(has_fact(shape_of(w, 1), VS_FACT_HW_CONF1));
        assert_true(has_fact(shape_of(w, 2), VS_FACT_HW_CONF1));
        assert_true(has_fact(shape_of(w, 2), VS_FACT_VIA_ECAM));
    });
}

static void msix_without_table_traffic_is_taken_whole(void **state)
{
    struct scene s;
    (void)state;
    scene_init(&s);
    scene_write(&s, RICH, 0x72, 2, 0x8007);
    scene_write(&s, RICH, 0x72, 2, 0x0007);
    RUN(&s, w, {
        assert_op(w, 0, VS_OP_MSIX_ENABLE);
        assert_quantity(w, 0, VS_Q_VECTORS, 8);
        assert_op(w, 1, VS_OP_MSIX_DISABLE);
        assert_int_equal(w->guess_count[VS_GUESS_MSI_STATE], 2);
    });
}

static void capabilities_and_extended_space(void **state)
{
    struct scene s;
    (void)state;
    scene_init(&s);
    scene_read(&s, RICH, 0x34, 1, 0x40);
    scene_read(&s, RICH, 0x34, 4, 0x40); /* pointer, then 3 bytes: two cycles */
    scene_write(&s, RICH, 0x41, 1, 0x50);
    scene_read(&s, RICH, 0x100, 4, 0x15020001);
    scene_write(&s, RICH, 0x100, 4, 0);
    scene_read(&s, RICH, 0x158, 4, 0x00000a22);
    scene_write(&s, RICH, 0x158, 4, 0x00000922); /* 512 MiB */
    scene_write(&s, RICH, 0x188, 2, 0x0001);
    scene_write(&s, RICH, COMMAND, 2, 0x0002);
    scene_write(&s, RICH, 0x158, 4, 0x00000a22); /* mapped: refused */
    RUN(&s, w, {
        assert_op(w, 0, VS_OP_READ_CAPABILITY);
        assert_quantity(w, 0, VS_Q_CYCLES_HANDLER, 0);
        assert_op(w, 1, VS_OP_READ_CAPABILITY);
        assert_quantity(w, 1, VS_Q_CYCLES_TRAILING, 2);
        assert_op(w, 2, VS_OP_WRITE_CAPABILITY);
        assert_quantity(w, 2, VS_Q_CYCLES_HANDLER, 1);
        assert_op(w, 3, VS_OP_READ_CAPABILITY);
        assert_op(w, 4, VS_OP_WRITE_CAPABILITY);
        assert_quantity(w, 4, VS_Q_CYCLES_HANDLER, 0);
        assert_op(w, 5, VS_OP_READ_HARDWARE);
        assert_op(w, 6, VS_OP_RESIZE_BAR);
        assert_quantity(w, 6, VS_Q_CYCLES_HANDLER, 1 + 8);
        assert_op(w, 7, VS_OP_WRITE_SRIOV);
        assert_quantity(w, 7, VS_Q_CYCLES_TRAILING, 1);
        assert_op(w, 8, VS_OP_TOGGLE_DECODE);
        assert_quantity(w, 8, VS_Q_MAP_ENTRIES, 2 + 256); /* 512 MiB are 256 entries of 2M */
        assert_quantity(w, 8, VS_Q_MAP_SLICES, 5);
        assert_op(w, 9, VS_OP_RESIZE_BAR);
        assert_quantity(w, 9, VS_Q_CYCLES_HANDLER, 0);
    });
}

static void absent_functions_have_no_device(void **state)
{
    struct scene s;
    (void)state;
    scene_init(&s);
    scene_read(&s, NOWHERE, 0, 4, 0xffffffff);
    scene_read(&s, NOWHERE, 0x0e, 1, 0xff);
    scene_write(&s, NOWHERE, 0x04, 2, 0x0002);
    scene_read(&s, RICH, 0, 4, 0xffffffff); /* unplugged */
    scene_read(&s, RICH, 4, 2, 0);
    scene_read(&s, RICH, 4, 2, 0)->flags |= VS_FLAG_ABSENT;
    RUN(&s, w, {
        assert_op(w, 0, VS_OP_READ_ABSENT);
        assert_int_equal(w->calls[0].device, VS_DEVICE_NONE);
        assert_quantity(w, 0, VS_Q_CYCLES_TRAILING, 1);
        assert_op(w, 1, VS_OP_READ_ABSENT);
        assert_op(w, 2, VS_OP_WRITE_ABSENT);
        assert_op(w, 3, VS_OP_READ_ABSENT);
        assert_op(w, 4, VS_OP_READ_HARDWARE);
        assert_op(w, 5, VS_OP_READ_ABSENT);
        assert_int_equal(w->device_count, 2);
    });
}

/* Every access here by domain 7, to which the function was given. */
static void guests_meet_other_handlers(void **state)
{
    struct scene s;
    (void)state;
    scene_init(&s);
    scene_add(&s, VS_KIND_DEVICE_ASSIGN, RICH)->value = 7;
    scene_read(&s, RICH, 0x04, 2, 0);
    scene_read(&s, RICH, 0x06, 2, 0x10);
    scene_write(&s, RICH, 0x06, 2, 0xf900);
    scene_write(&s, RICH, 0x14, 4, 0xffffffff); /* I/O BAR */
    scene_write(&s, RICH, 0x20, 4, 0xffffffff); /* no BAR */
    scene_write(&s, RICH, 0x30, 4, 0xffffffff); /* ROM */
    scene_write(&s, RICH, 0x10, 4, 0xffffffff);
    scene_read(&s, RICH, 0x10, 4, 0xffffc000);
    scene_read(&s, RICH, 0x50, 1, 0x05);        /* capability id */
    scene_read(&s, RICH, 0x40, 1, 0x01);        /* hidden capability: the device itself */
    scene_write(&s, RICH, 0x04, 4, 0x00000002); /* command and status */
    scene_write(&s, RICH, 0x10, 4, 0xffffffff);
    scene_read(&s, NOWHERE, 0, 4, 0xffffffff);
    for (size_t i = 1; i < s.count; i++)
        s.records[i].domain = 7;
    scene_read(&s, RICH, 0x04, 2, 2); /* dom0 no longer owns it */
    RUN(&s, w, {
        assert_op(w, 0, VS_OP_DEVICE_ASSIGN);
        assert_op(w, 1, VS_OP_READ_MEMORY);
        assert_false(has_fact(shape_of(w, 1), VS_FACT_HARDWARE_DOMAIN));
        assert_op(w, 2, VS_OP_READ_STATUS);
        assert_op(w, 3, VS_OP_WRITE_STATUS);
        assert_quantity(w, 3, VS_Q_CYCLES_HANDLER, 2);
        assert_op(w, 4, VS_OP_WRITE_BAR_VOID);
        assert_op(w, 5, VS_OP_WRITE_BAR_VOID);
        assert_op(w, 6, VS_OP_WRITE_BAR_VOID);
        assert_op(w, 7, VS_OP_WRITE_BAR);
        assert_quantity(w, 7, VS_Q_CYCLES_HANDLER, 0);
        assert_op(w, 8, VS_OP_READ_MEMORY);
        assert_op(w, 9, VS_OP_READ_CAPABILITY);
        assert_quantity(w, 9, VS_Q_CYCLES_HANDLER, 1);
        assert_op(w, 10, VS_OP_READ_PASSTHROUGH);
        assert_op(w, 11, VS_OP_TOGGLE_DECODE);
        assert_quantity(w, 11, VS_Q_HANDLERS, 2);
        assert_quantity(w, 11, VS_Q_CYCLES_HANDLER, 2);
        assert_op(w, 12, VS_OP_WRITE_BAR_MAPPED);
        assert_op(w, 13, VS_OP_READ_ABSENT);
        assert_quantity(w, 13, VS_Q_CYCLES_TRAILING, 0); /* all ones, without the device */
        assert_op(w, 14, VS_OP_READ_ABSENT);
        assert_quantity(w, 14, VS_Q_CYCLES_TRAILING, 1);
    });
}

static void events_carry_what_they_do(void **state)
{
    struct scene s;
    (void)state;
    scene_init(&s);
    scene_add(&s, VS_KIND_DEVICE_REMOVE, RICH);
    scene_read(&s, RICH, 0x04, 2, 0);
    scene_add(&s, VS_KIND_DEVICE_ADD, RICH);
    scene_read(&s, RICH, 0x04, 2, 0);
    scene_add(&s, VS_KIND_DEVICE_RESET, RICH);
    scene_add(&s, VS_KIND_MMCFG_RESERVED, 0);
    scene_add(&s, VS_KIND_MSI_MAP, RICH)->value = 4;
    scene_add(&s, VS_KIND_MSI_UNMAP, RICH)->value = 4;
    scene_add(&s, VS_KIND_DUMP, VS_SBDF_NONE);
    scene_add(&s, VS_KIND_IOMMU_FAULT, RICH);
    scene_access(&s, VS_KIND_PV_CFG_WRITE, RICH, 0x52, 2, 0);
    scene_access(&s, VS_KIND_PV_CFG_WRITE, RICH, 0x04, 2, 0); /* below 64: no lock taken */
    scene_add(&s, VS_KIND_MMIO, VS_SBDF_NONE)->value = 0xfee00;
    scene_add(&s, VS_KIND_DEVICE_ASSIGN, RICH)->value = 7;
    scene_add(&s, VS_KIND_DEVICE_DEASSIGN, RICH)->value = 7;
    scene_add(&s, VS_KIND_DOMAIN_DESTROY, VS_SBDF_NONE)->value = 7;
    scene_add(&s, VS_KIND_DRIVER_BIND, RICH);
    RUN(&s, w, {
        static const uint8_t expected[] = {
            VS_OP_DEVICE_REMOVE, VS_OP_READ_ABSENT,     VS_OP_DEVICE_ADD,    VS_OP_READ_HARDWARE,
            VS_OP_DEVICE_RESET,  VS_OP_MMCFG_RESERVED,  VS_OP_MSI_MAP,       VS_OP_MSI_UNMAP,
            VS_OP_DUMP,          VS_OP_IOMMU_FAULT,     VS_OP_PV_CFG_WRITE,  VS_OP_MMIO_WALK,
            VS_OP_DEVICE_ASSIGN, VS_OP_DEVICE_DEASSIGN, VS_OP_DOMAIN_DESTROY};
        assert_int_equal(w->call_count, sizeof(expected));
        assert_int_equal(w->skipped_records, 2);
        for (size_t i = 0; i < sizeof(expected); i++)
            assert_op(w, i, expected[i]);
        /* 4 for BAR0, BAR4, BAR5 and the ROM, 8 for BAR2, none for the I/O BAR */
        assert_quantity(w, 2, VS_Q_BARSIZE_CYCLES, 4 * 4 + 8);
        assert_quantity(w, 2, VS_Q_HANDLER_NODES, 19);
        assert_quantity(w, 2, VS_Q_CAPABILITIES, 6);
        assert_quantity(w, 2, VS_Q_BARS, 3);
        assert_quantity(w, 5, VS_Q_CAPABILITIES, 3);
        assert_quantity(w, 6, VS_Q_VECTORS, 4);
        assert_int_equal(w->targets[12], 1);
        assert_int_equal(w->targets[14], 1);
        assert_int_equal(w->targets[0], VS_DOMAIN_NONE);
    });
}

/* -------------------------------------------------------------- what is not known */

#define BLIND UINT32_C(0x0028)

static void unknown_decode_state_is_taken_as_a_toggle(void **state)
{
    struct scene s;
    (void)state;
    scene_init(&s);
    scene_write(&s, BLIND, COMMAND, 2, 0x0002);
    scene_write(&s, BLIND, COMMAND, 2, 0x0002);
    scene_read(&s, BLIND, 0x3c, 1, 0x0b); /* it answers: it is there */
    RUN(&s, w, {
        assert_op(w, 0, VS_OP_TOGGLE_DECODE);
        assert_op(w, 1, VS_OP_WRITE_COMMAND); /* known from the first one */
        assert_int_equal(w->guess_count[VS_GUESS_DECODE_STATE], 1);
        assert_int_equal(w->guess_count[VS_GUESS_BAR_SIZE], 1);
        assert_int_equal(w->guess_count[VS_GUESS_NO_SNAPSHOT], 3);
        assert_true(w->devices[0].sbdf == BLIND && !w->devices[0].snapshot);
    });
}

static void lost_records_make_state_stale(void **state)
{
    struct scene s;
    (void)state;
    scene_init(&s);
    scene_write(&s, RICH, COMMAND, 2, 0x0002);
    scene_add(&s, VS_KIND_LOST, VS_SBDF_NONE)->value = 5;
    scene_write(&s, RICH, COMMAND, 2, 0x0006); /* bit 1 as last seen */
    scene_add(&s, VS_KIND_LOST, VS_SBDF_NONE)->value = 6;
    scene_read(&s, RICH, COMMAND, 2, 0x0004); /* decoding went off meanwhile */
    scene_write(&s, RICH, COMMAND, 2, 0x0006);
    RUN(&s, w, {
        assert_op(w, 1, VS_OP_WRITE_COMMAND);
        assert_op(w, 3, VS_OP_TOGGLE_DECODE);
        assert_int_equal(w->guess_count[VS_GUESS_DECODE_STATE], 1);
        assert_int_equal(w->lost_records, 11);
    });
}

static void a_new_owner_starts_with_its_own_state(void **state)
{
    struct scene s;
    (void)state;
    scene_init(&s);
    scene_write(&s, RICH, COMMAND, 2, 0x0002);
    scene_write(&s, RICH, 0x52, 2, 0x0185);
    scene_add(&s, VS_KIND_DEVICE_ASSIGN, RICH)->value = 7;
    scene_write(&s, RICH, COMMAND, 2, 0x0002)->domain = 7; /* a guest starts with decoding off */
    scene_write(&s, RICH, 0x52, 2, 0x0185)->domain = 7;    /* and MSI off */
    scene_add(&s, VS_KIND_DEVICE_REMOVE, RICH);
    scene_add(&s, VS_KIND_DEVICE_ADD, RICH);
    scene_read(&s, RICH, COMMAND, 2, 0x0000); /* replugged: off */
    scene_write(&s, RICH, COMMAND, 2, 0x0002);
    RUN(&s, w, {
        assert_op(w, 0, VS_OP_TOGGLE_DECODE);
        assert_op(w, 1, VS_OP_MSI_ENABLE);
        assert_quantity(w, 2, VS_Q_VECTORS, 1);
        assert_op(w, 3, VS_OP_TOGGLE_DECODE);
        assert_op(w, 4, VS_OP_MSI_ENABLE);
        assert_op(w, 8, VS_OP_TOGGLE_DECODE);
        assert_int_equal(w->guess_count[VS_GUESS_DECODE_STATE], 0);
    });
}

static void missing_values_are_taken_at_their_worst(void **state)
{
    struct scene s;
    (void)state;
    scene_init(&s);
    scene_write(&s, RICH, COMMAND, 2, 0)->flags |= VS_FLAG_VALUE_UNKNOWN;
    scene_write(&s, RICH, 0x52, 2, 0)->flags |= VS_FLAG_VALUE_UNKNOWN;
    scene_write(&s, RICH, 0x72, 2, 0)->flags |= VS_FLAG_VALUE_UNKNOWN;
    RUN(&s, w, {
        assert_op(w, 0, VS_OP_TOGGLE_DECODE);
        assert_op(w, 1, VS_OP_MSI_ENABLE);
        assert_op(w, 2, VS_OP_MSIX_ENABLE);
        assert_int_equal(w->guess_count[VS_GUESS_VALUE], 3);
    });
}

/* The layout comes from later accesses of the same trace, as Xen knows it beforehand. */
static void layout_is_learnt_from_the_whole_trace(void **state)
{
    struct scene s;
    (void)state;
    scene_init(&s);
    scene_write(&s, BLIND, 0x10, 4, 0xffffffff);
    scene_read(&s, BLIND, 0x10, 4, 0xfffff000);
    scene_write(&s, BLIND, 0x14, 4, 0xffffffff);
    scene_read(&s, BLIND, 0x14, 4, 0xffffff01);
    scene_read(&s, BLIND, COMMAND, 2, 0x0000);
    scene_read(&s, BLIND, 0x06, 2, 0x0010);
    scene_read(&s, BLIND, 0x0e, 1, 0x00);
    scene_read(&s, BLIND, 0x34, 1, 0x80);
    scene_read(&s, BLIND, 0x80, 2, 0x0005);
    scene_read(&s, BLIND, 0x82, 2, 0x0000);
    scene_write(&s, BLIND, 0x82, 2, 0x0001);
    RUN(&s, w, {
        assert_op(w, 0, VS_OP_WRITE_BAR);
        assert_op(w, 1, VS_OP_READ_HARDWARE);
        assert_op(w, 2, VS_OP_WRITE_PASSTHROUGH);
        assert_op(w, 10, VS_OP_MSI_ENABLE);
        assert_int_equal(w->guess_count[VS_GUESS_NO_SNAPSHOT], 0);
        assert_int_equal(w->guess_count[VS_GUESS_DECODE_STATE], 0);
        assert_int_equal(w->guess_count[VS_GUESS_MSI_STATE], 0);
    });
}

/* ----------------------------------------------------------------------- all classes */

static void table_is_complete_and_names_are_unique(void **state)
{
    (void)state;
    for (int op = 0; op < VS_OP_COUNT; op++) {
        const struct vs_op_info *info = &vs_op_table[op];
        assert_non_null(info->name);
        assert_true(info->label && info->summary && info->when && info->function && info->source);
        assert_true(strlen(info->summary) <= 60);
        assert_int_equal(vs_op_from_name(info->name), op);
        assert_int_equal(info->label[0], op < VS_OP_DEVICE_ADD ? 'O' : 'E');
        assert_int_equal(info->is_access, op < VS_OP_DEVICE_ADD && op != VS_OP_MAP_PENDING);
    }
    for (int i = 0; i < VS_Q_COUNT; i++)
        assert_int_equal(vs_quantity_from_name(vs_quantity_name((enum vs_quantity)i)), i);
    for (int i = 0; i < VS_FACT_COUNT; i++)
        assert_int_equal(vs_fact_from_name(vs_fact_name((enum vs_fact)i)), i);
    assert_int_equal(vs_op_from_name("toggle-decoding"), -1);
    assert_null(vs_quantity_name(VS_Q_COUNT));
    assert_null(vs_fact_name(VS_FACT_COUNT));
    assert_null(vs_guess_name(VS_GUESS_COUNT));
}

/* One trace that makes each class at least once; map-pending is the engine's to make. */
static void every_class_can_be_reached(void **state)
{
    struct scene s;
    (void)state;
    scene_init(&s);
    for (uint16_t i = 0; i < 2; i++)
        table_write(&s, (uint16_t)(12 * i), 0);
    scene_access(&s, VS_KIND_MSIX_READ, RICH, 0, 4, 0);
    static const struct {
        uint16_t reg;
        uint8_t size;
        uint32_t value;
    } writes[] = {{0x3c, 1, 1},          {0x72, 2, 0x8007},     {0x72, 2, 0x8007},
                  {0x72, 2, 0x0007},     {0x52, 2, 0x0185},     {0x52, 2, 0x0185},
                  {0x54, 4, 0},          {0x60, 4, 0},          {0x52, 2, 0x0184},
                  {0x10, 4, 0xfe800000}, {0x30, 4, 0xfeb00000}, {0x158, 4, 0xa22},
                  {0x188, 2, 0},         {0x34, 1, 0},          {0x04, 2, 2},
                  {0x04, 2, 2},          {0x10, 4, 0xffffffff}, {0x30, 4, 0xfeb00001}};
    for (size_t i = 0; i < sizeof(writes) / sizeof(writes[0]); i++)
        scene_write(&s, RICH, writes[i].reg, writes[i].size, writes[i].value);
    static const uint16_t reads[] = {0x00, 0x04, 0x52, 0x34};
    for (size_t i = 0; i < sizeof(reads) / sizeof(reads[0]); i++)
        scene_read(&s, RICH, reads[i], 1, 0);
    scene_write(&s, RICH, 0x72, 2, 0xc007);
    table_write(&s, 16, 0);
    table_write(&s, 16 + 12, 1);
    scene_write(&s, RICH, 0x72, 2, 0x8007);
    table_write(&s, 16 + 12, 0);
    scene_read(&s, NOWHERE, 0, 2, 0xffff);
    scene_write(&s, NOWHERE, 4, 2, 0);
    scene_add(&s, VS_KIND_MMIO, VS_SBDF_NONE);
    static const uint8_t events[] = {
        VS_KIND_DEVICE_RESET,  VS_KIND_MSI_MAP,    VS_KIND_MSI_UNMAP,       VS_KIND_IOMMU_FAULT,
        VS_KIND_DEVICE_REMOVE, VS_KIND_DEVICE_ADD, VS_KIND_DEVICE_DEASSIGN, VS_KIND_DEVICE_ASSIGN};
    for (size_t i = 0; i < sizeof(events); i++)
        scene_add(&s, events[i], RICH)->value = events[i] >= VS_KIND_DEVICE_ASSIGN ? 7 : 0;
    scene_read(&s, RICH, 6, 2, 0)->domain = 7;
    scene_write(&s, RICH, 6, 2, 0)->domain = 7;
    scene_write(&s, RICH, 0x14, 4, 0)->domain = 7;
    scene_add(&s, VS_KIND_DOMAIN_DESTROY, VS_SBDF_NONE)->value = 7;
    scene_add(&s, VS_KIND_DUMP, VS_SBDF_NONE);
    scene_add(&s, VS_KIND_MMCFG_RESERVED, 0);
    scene_access(&s, VS_KIND_PV_CFG_WRITE, RICH, 0x40, 1, 0);
    RUN(&s, w, {
        for (int op = 0; op < VS_OP_COUNT; op++) {
            if ((w->op_count[op] == 0) != (op == VS_OP_MAP_PENDING))
                fail_msg("%s: %llu calls", vs_op_table[op].name,
                         (unsigned long long)w->op_count[op]);
        }
    });
}

/* Random accesses of every kind and size: no crash, a class each, counts that add up. */
static void random_accesses_are_classed(void **state)
{
    uint64_t seed = 42;
    (void)state;
    for (unsigned int round = 0; round < 200; round++) {
        struct scene s;
        scene_init(&s);
        while (s.count < 500) {
            seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
            uint32_t r = (uint32_t)(seed >> 32);
            uint8_t kind = (uint8_t)(1 + r % (VS_KIND_COUNT - 1));
            if (r & 0x100)
                kind = r & 0x200 ? VS_KIND_CFG_READ : VS_KIND_CFG_WRITE;
            struct vs_record *record = scene_add(&s, kind,
                                                 r & 0x400   ? RICH
                                                 : r & 0x800 ? BRIDGE
                                                             : BLIND);
            record->size = (uint8_t)(1u << (r >> 12 & 3) % 3);
            record->reg = (uint16_t)((r >> 14) % (r & 0x4000 ? 0x1a0u : 4097u - record->size));
            record->value = (uint32_t)(seed * 0x9e3779b97f4a7c15u >> 40) >> (32 - 8 * record->size);
            record->domain = r >> 28 == 1 ? 7 : r >> 28 == 2 ? VS_DOMAIN_NONE : 0;
            record->vcpu = r >> 28 == 3 ? VS_VCPU_NONE : (uint16_t)(r >> 26 & 3);
            record->flags = r & 0x10 && r & 0x20 && r & 0x40 ? VS_FLAG_VALUE_UNKNOWN : 0;
        }
        struct vs_workload *w = scene_load(&s, NULL);
        uint64_t sum = 0;
        for (int op = 0; op < VS_OP_COUNT; op++)
            sum += w->op_count[op];
        assert_int_equal(sum, w->call_count);
        /* An add by a guest is followed by a device-assign, which has no record. */
        uint64_t assigned = 0;
        for (size_t i = 0; i < s.count; i++)
            assigned += s.records[i].kind == VS_KIND_DEVICE_ASSIGN;
        uint64_t followed = w->op_count[VS_OP_DEVICE_ASSIGN] - assigned;
        assert_true(followed <= w->op_count[VS_OP_DEVICE_ADD]);
        assert_int_equal(w->records, w->call_count - followed + w->skipped_records);
        for (size_t i = 0; i < w->call_count; i++) {
            const struct vs_shape *shape = shape_of(w, i);
            assert_true(shape->op < VS_OP_COUNT && shape->op != VS_OP_MAP_PENDING);
            assert_true(w->calls[i].actor < w->actor_count);
            assert_true(w->calls[i].device == VS_DEVICE_NONE ||
                        w->calls[i].device < w->device_count);
            assert_true(!vs_op_table[shape->op].defers || shape->quantity[VS_Q_MAP_SLICES] >= 1);
        }
        vs_workload_free(w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(command_toggles_only_on_bit_1),
        cmocka_unit_test(toggle_carries_the_mapping),
        cmocka_unit_test(command_dword_leaves_status_to_the_trailing_gap),
        cmocka_unit_test(bars_are_written_only_while_unmapped),
        cmocka_unit_test(rom_toggles_only_while_decoding),
        cmocka_unit_test(what_no_handler_knows_passes_through),
        cmocka_unit_test(msi_follows_its_control_register),
        cmocka_unit_test(first_msi_mask_write_is_a_guess),
        cmocka_unit_test(msix_entries_go_live_when_unmasked_and_updated),
        cmocka_unit_test(live_msix_entries_are_not_set_up_again),
        cmocka_unit_test(the_port_path_tells_conf1_whatever_the_segment),
        cmocka_unit_test(msix_without_table_traffic_is_taken_whole),
        cmocka_unit_test(capabilities_and_extended_space),
        cmocka_unit_test(absent_functions_have_no_device),
        cmocka_unit_test(guests_meet_other_handlers),
        cmocka_unit_test(events_carry_what_they_do),
        cmocka_unit_test(unknown_decode_state_is_taken_as_a_toggle),
        cmocka_unit_test(lost_records_make_state_stale),
        cmocka_unit_test(a_new_owner_starts_with_its_own_state),
        cmocka_unit_test(missing_values_are_taken_at_their_worst),
        cmocka_unit_test(layout_is_learnt_from_the_whole_trace),
        cmocka_unit_test(table_is_complete_and_names_are_unique),
        cmocka_unit_test(every_class_can_be_reached),
        cmocka_unit_test(random_accesses_are_classed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
