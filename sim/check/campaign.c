/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every pair and every triple of operations.  Operations whose programs are the
 * same to a checker stand for each other.  Each operation runs on a vCPU of its
 * own: accesses on one of the device's owner, events on one of the hardware
 * domain.  Two layouts: all devices in the hardware domain, and all but the
 * first in another.  A triple that contains a pair which broke a rule is left
 * out: it can only break it again.
 */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define CALLS_LIMIT 256

struct round {
    const struct vs_check_code *code;
    const struct vs_check_campaign *campaign;
    struct vs_check_space *space;
    struct vs_check_order *order;
    struct vs_check_verdict *verdict;
    struct vs_check_setup layout;
    struct vs_check_call calls[CALLS_LIMIT];
    uint8_t domains[CALLS_LIMIT]; /* of the vCPU that does it */
    size_t count;
    bool refuted[CALLS_LIMIT][CALLS_LIMIT];
};

/* The first operation with the same program.  Accesses to absent devices are the
 * programs of present ones, and stand for nobody but themselves. */
static enum vs_op representative(const struct vs_check_code *code, enum vs_op op)
{
    for (int i = VS_OP_READ_PASSTHROUGH; i < VS_OP_COUNT; i++)
        if (i != VS_OP_MAP_PENDING && vs_check_same_program(code, (enum vs_op)i, op))
            return (enum vs_op)i;
    return op;
}

static void add_call(struct round *round, enum vs_op op, uint8_t device, uint8_t target,
                     uint8_t domain)
{
    if (round->count == CALLS_LIMIT)
        return;
    round->calls[round->count] =
        (struct vs_check_call){.op = op, .device = device, .target = target};
    round->domains[round->count++] = domain;
}

static void add_operation(struct round *round, enum vs_op op)
{
    const struct vs_check_setup *layout = &round->layout;
    bool two = layout->domain_count > 1;

    if (op == VS_OP_DUMP || op == VS_OP_MMCFG_RESERVED) {
        add_call(round, op, NONE, NONE, 0);
        return;
    }
    if (op == VS_OP_DOMAIN_DESTROY) {
        if (two)
            add_call(round, op, NONE, 1, 0);
        return;
    }
    for (uint8_t device = 0; device < layout->device_count; device++) {
        uint8_t owner = layout->devices[device].owner;
        bool access = vs_op_table[op].is_access;

        if ((op == VS_OP_DEVICE_ASSIGN && (owner != 0 || !two)) ||
            (op == VS_OP_DEVICE_DEASSIGN && owner == 0))
            continue;
        add_call(round, op, device, op == VS_OP_DEVICE_ASSIGN ? 1 : NONE, access ? owner : 0);
    }
}

/* The same operation of a triple is needed only where programs differ. */
static void begin_round(struct round *round, uint8_t first_owner_rest)
{
    struct vs_check_setup *layout = &round->layout;

    *layout = (struct vs_check_setup){.device_count = round->campaign->devices,
                                      .domain_count = round->campaign->domains,
                                      .rounds = round->code->rounds,
                                      .failures = round->campaign->failures};
    for (uint8_t i = 0; i < layout->device_count; i++) {
        layout->devices[i].owner = i > 0 ? first_owner_rest : 0;
        layout->devices[i].has_msix = true;
        layout->devices[i].page = i;
    }
    round->count = 0;
    memset(round->refuted, 0, sizeof(round->refuted));
    for (int op = 0; op < VS_OP_COUNT; op++)
        if (op != VS_OP_MAP_PENDING &&
            representative(round->code, (enum vs_op)op) == (enum vs_op)op)
            add_operation(round, (enum vs_op)op);
}

/* Keep what shows a violation with fewer vCPUs or steps than what is known. */
static void keep(struct vs_check_verdict *verdict, struct vs_check_result *result)
{
    for (int i = 0; i < VS_VIOLATION_COUNT; i++) {
        struct vs_check_finding *known = &verdict->findings[i], *found = &result->findings[i];

        if (!((result->found >> i) & 1u))
            continue;
        bool first = !((verdict->found >> i) & 1u);
        bool fewer = found->setup.actor_count < known->setup.actor_count;

        if (!first && !fewer &&
            (found->setup.actor_count > known->setup.actor_count || found->length >= known->length))
            continue;
        free(known->schedule);
        *known = *found;
        found->schedule = NULL;
        verdict->found |= 1u << i;
    }
}

/* Search for one combination of calls.  1: it broke a rule. */
static int search(struct round *round, const size_t *which, uint8_t actors, struct vs_error *error)
{
    struct vs_check_setup setup = round->layout;
    struct vs_check_result result;
    struct vs_check_verdict *verdict = round->verdict;

    setup.actor_count = actors;
    for (uint8_t i = 0; i < actors; i++)
        setup.actors[i] = (struct vs_check_actor){
            .domain = round->domains[which[i]], .call_count = 1, .calls = {round->calls[which[i]]}};
    int ret = vs_check_explore(round->code, &setup, &round->campaign->limits, round->space,
                               round->order, &result, error);

    if (ret < 0)
        return ret;
    verdict->states += result.search.states;
    verdict->transitions += result.search.transitions;
    verdict->cut += !result.search.complete;
    if (result.search.peak_bytes > verdict->peak_bytes)
        verdict->peak_bytes = result.search.peak_bytes;
    bool broken = result.found != 0;

    keep(verdict, &result);
    vs_check_result_release(&result);
    return broken;
}

static int run_pairs(struct round *round, struct vs_error *error)
{
    for (size_t i = 0; i < round->count; i++)
        for (size_t j = i; j < round->count; j++) {
            int ret = search(round, (const size_t[]){i, j}, 2, error);

            if (ret < 0)
                return ret;
            round->refuted[i][j] = ret > 0;
            round->verdict->pairs++;
        }
    return 0;
}

static int run_triples(struct round *round, struct vs_error *error)
{
    for (size_t i = 0; i < round->count; i++)
        for (size_t j = i; j < round->count; j++)
            for (size_t k = j; k < round->count; k++) {
                if (round->refuted[i][j] || round->refuted[i][k] || round->refuted[j][k]) {
                    round->verdict->skipped++;
                    continue;
                }
                int ret = search(round, (const size_t[]){i, j, k}, 3, error);

                if (ret < 0)
                    return ret;
                round->verdict->triples++;
            }
    return 0;
}

int vs_check_campaign_run(const struct vs_check_code *code,
                          const struct vs_check_campaign *campaign, struct vs_check_space *space,
                          struct vs_check_verdict *verdict, struct vs_error *error)
{
    struct round *round = calloc(1, sizeof(*round));
    int ret = VS_ERR_MEMORY;

    memset(verdict, 0, sizeof(*verdict));
    if (!round)
        return vs_error_set(error, VS_ERR_MEMORY, "out of memory");
    *round = (struct round){.code = code,
                            .campaign = campaign,
                            .space = space,
                            .order = vs_check_order_new(),
                            .verdict = verdict};
    if (!round->order)
        goto out;
    ret = 0;
    for (uint8_t layout = 0; ret == 0 && layout < campaign->domains && layout < 2; layout++) {
        begin_round(round, layout);
        ret = run_pairs(round, error);
        if (ret == 0 && campaign->actors > 2)
            ret = run_triples(round, error);
    }
    for (int op = 0; op < VS_OP_COUNT; op++)
        verdict->programs +=
            op != VS_OP_MAP_PENDING && representative(code, (enum vs_op)op) == (enum vs_op)op;
    if (ret == 0)
        ret = vs_check_order_cycle(round->order, code->policy, &verdict->order, error);
    if (ret > 0)
        verdict->found |= 1u << VS_VIOLATION_ORDER_INVERSION;
out:
    vs_check_order_free(round->order);
    free(round);
    if (ret < 0)
        vs_check_verdict_release(verdict);
    return ret < 0 ? ret : 0;
}

void vs_check_verdict_release(struct vs_check_verdict *verdict)
{
    for (int i = 0; i < VS_VIOLATION_COUNT; i++) {
        free(verdict->findings[i].schedule);
        verdict->findings[i].schedule = NULL;
    }
    free(verdict->order);
    verdict->order = NULL;
}
