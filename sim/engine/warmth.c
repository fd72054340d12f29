/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads of shared data by cache state: device lists, and handler lists of devices.
 *
 * A CPU finds what it read before in its cache, but for the lines that another
 * CPU wrote since.  Each of those costs a transfer from the last writer, by
 * distance, on top of the profile's cost of a node that is there.
 *
 * - A list: list_add writes the head, the new node and the former first node;
 *   list_del writes the node's two neighbours.  Nothing else moves, however long
 *   the list is, so a walk pays for the lines written since this CPU's last walk
 *   of that list, and not for its length.
 * - A device's handlers are allocated and sorted in anew with each vpci: after
 *   that every node is another CPU's.
 *
 * Everything is warm at the start: a replay begins in the steady state.  Assumed:
 * a walk that ends early leaves the rest as warm as one that does not; one line
 * per node; the transfer is the last writer's, also where a neighbour has read
 * the line meanwhile; nothing is ever evicted.  Not counted: mmcfg-reserved, which
 * adds handlers to live devices without making their vPCI anew.
 *
 * A workload whose programs write no list needs none of this and has none: its
 * handler walks are plain work (code.c).
 */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

struct vs_warmth {
    uint8_t *written;      /* [group * CPUs + CPU]: lines written by others since it last walked */
    uint16_t *list_writer; /* per group: who wrote last */
    uint32_t first_group[VS_LIST_COUNT];
    uint64_t *cold;    /* [device * words + CPU / 64]: handlers that the CPU has not read */
    uint16_t *builder; /* per device: who built its handlers */
    uint32_t words;
};

static bool block_writes(const struct vs_block *block)
{
    for (size_t i = 0; i < block->count; i++) {
        const struct vs_step *step = &block->steps[i];
        if (step->kind == VS_STEP_LINK || step->kind == VS_STEP_UNLINK ||
            step->kind == VS_STEP_ALLOCATE || block_writes(&step->body) ||
            block_writes(&step->orelse))
            return true;
    }
    return false;
}

bool vs_warmth_matters(const struct vs_workload *workload, const struct vs_policy *policy)
{
    bool seen[VS_OP_COUNT] = {false};
    for (size_t i = 0; i < workload->shape_count; i++)
        seen[workload->shapes[i].op] = true;
    for (int op = 0; op < VS_OP_COUNT; op++)
        if (seen[op] &&
            (block_writes(&policy->programs[op].steps) || block_writes(&policy->programs[op].miss)))
            return true;
    return false;
}

int vs_warmth_setup(struct vs_engine *engine)
{
    if (!engine->code->cold_reads)
        return 0;
    struct vs_warmth *warmth = calloc(1, sizeof *warmth);
    size_t devices = engine->workload->device_count + 1;
    uint32_t groups = 0;
    if (!warmth)
        return VS_ERR_MEMORY;
    engine->warmth = warmth;
    for (int i = 0; i < VS_LIST_COUNT; i++) {
        warmth->first_group[i] = groups;
        groups += engine->lists[i].group_count + 1u;
    }
    warmth->words = (engine->cpu_count + 63) / 64;
    warmth->written = calloc(groups, engine->cpu_count);
    warmth->list_writer = calloc(groups, sizeof *warmth->list_writer);
    warmth->cold = calloc(devices * warmth->words, sizeof *warmth->cold);
    warmth->builder = calloc(devices, sizeof *warmth->builder);
    return warmth->written && warmth->list_writer && warmth->cold && warmth->builder
               ? 0
               : VS_ERR_MEMORY;
}

void vs_warmth_release(struct vs_engine *engine)
{
    struct vs_warmth *warmth = engine->warmth;
    if (!warmth)
        return;
    free(warmth->written);
    free(warmth->list_writer);
    free(warmth->cold);
    free(warmth->builder);
    free(warmth);
    engine->warmth = NULL;
}

static vs_ps charge(struct vs_engine *engine, uint32_t lines, uint16_t from, uint16_t to)
{
    vs_ps cost = lines * vs_cpu_transfer(engine, from, to);
    engine->cold_lines += lines;
    engine->cold_ps += cost;
    return cost;
}

vs_ps vs_warmth_walk(struct vs_engine *engine, uint16_t cpu, uint8_t list, uint16_t group,
                     uint32_t nodes)
{
    struct vs_warmth *warmth = engine->warmth;
    uint32_t place = warmth->first_group[list] + group;
    uint8_t *written = &warmth->written[(size_t)place * engine->cpu_count + cpu];
    uint32_t lines = *written;
    if (lines == 0)
        return 0;
    *written = 0;
    if (lines > nodes + 1) /* the head, too */
        lines = nodes + 1;
    return charge(engine, lines, warmth->list_writer[place], cpu);
}

void vs_warmth_list_written(struct vs_engine *engine, uint16_t cpu, uint8_t list, uint16_t group,
                            uint32_t lines)
{
    struct vs_warmth *warmth = engine->warmth;
    if (!warmth)
        return;
    uint32_t place = warmth->first_group[list] + group;
    uint8_t *written = &warmth->written[(size_t)place * engine->cpu_count];
    for (uint32_t i = 0; i < engine->cpu_count; i++)
        if (i != cpu)
            written[i] = (uint8_t)(written[i] + lines < UINT8_MAX ? written[i] + lines : UINT8_MAX);
    warmth->list_writer[place] = cpu;
}

vs_ps vs_warmth_handlers(struct vs_engine *engine, uint16_t cpu, uint16_t device, uint32_t nodes)
{
    struct vs_warmth *warmth = engine->warmth;
    uint64_t *cold = &warmth->cold[(size_t)device * warmth->words + cpu / 64];
    uint64_t bit = UINT64_C(1) << cpu % 64;
    if (!(*cold & bit))
        return 0;
    *cold &= ~bit;
    return charge(engine, nodes, warmth->builder[device], cpu);
}

void vs_warmth_handlers_built(struct vs_engine *engine, uint16_t cpu, uint16_t device)
{
    struct vs_warmth *warmth = engine->warmth;
    if (!warmth)
        return;
    uint64_t *cold = &warmth->cold[(size_t)device * warmth->words];
    memset(cold, 0xff, warmth->words * sizeof *cold);
    cold[cpu / 64] &= ~(UINT64_C(1) << cpu % 64);
    warmth->builder[device] = cpu;
}
