/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The lock-order graph: an edge from each lock that is held to each that is
 * then waited for, over everything that was explored.  A circle in it is a
 * deadlock that some schedule may reach, also where none within bounds does.
 * Two edges that are both taken under a third lock exclusively (a gate) cannot
 * meet, so an edge remembers what was always held around it.  Trylocks do not
 * wait and so have no edge to them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define PLACES 4 /* instances of one lock that are told apart */
#define NODES  (VS_POLICY_LOCKS_MAX * PLACES)

struct edge {
    bool seen;
    uint8_t op;
    uint64_t gates[NODES / 64];
};

struct vs_check_order {
    uint64_t any[NODES / 64]; /* nodes that have an edge from them */
    struct edge edges[NODES][NODES];
};

struct vs_check_order *vs_check_order_new(void)
{
    return calloc(1, sizeof(struct vs_check_order));
}

void vs_check_order_free(struct vs_check_order *order)
{
    free(order);
}

static unsigned int node_of(const struct vs_check_model *model, uint8_t lock)
{
    uint8_t decl = model->lock_decl[lock];
    unsigned int place = (unsigned int)(lock - model->lock_base[decl]);

    if (model->code->policy->locks[decl].inside != VS_OBJECT_NONE)
        place /= GENERATIONS;
    return decl * PLACES + (place < PLACES ? place : PLACES - 1);
}

static void note_edge(struct vs_check_order *order, unsigned int from, unsigned int to, uint8_t op,
                      const uint64_t gates[NODES / 64])
{
    struct edge *edge = &order->edges[from][to];

    if (!edge->seen) {
        edge->seen = true;
        edge->op = op;
        order->any[from / 64] |= UINT64_C(1) << (from % 64);
        memcpy(edge->gates, gates, sizeof(edge->gates));
        return;
    }
    for (unsigned int i = 0; i < NODES / 64; i++)
        edge->gates[i] &= gates[i];
}

void vs_check_order_note(struct vs_check_order *order, const struct vs_check_model *model,
                         const struct vs_check_state *state, uint8_t actor, uint8_t lock)
{
    const struct vs_check_vcpu *vcpu = &state->vcpus[actor];
    unsigned int to = node_of(model, lock);
    uint64_t held[NODES / 64] = {0};

    for (uint8_t i = 0; i < vcpu->held_count; i++) {
        unsigned int node = node_of(model, vcpu->held[i].lock);

        if (vcpu->held[i].lock == lock)
            return; /* recursion, or a deadlock that needs no graph */
        if (vcpu->held[i].mode != VS_MODE_READ)
            held[node / 64] |= UINT64_C(1) << (node % 64);
    }
    for (uint8_t i = 0; i < vcpu->held_count; i++) {
        unsigned int from = node_of(model, vcpu->held[i].lock);
        uint64_t gates[NODES / 64];

        memcpy(gates, held, sizeof(gates));
        gates[from / 64] &= ~(UINT64_C(1) << (from % 64));
        note_edge(order, from, to, (uint8_t)vs_check_running_op(model, state, actor), gates);
    }
}

void vs_check_order_merge(struct vs_check_order *into, const struct vs_check_order *from)
{
    for (unsigned int i = 0; i < NODES; i++) {
        if (!((from->any[i / 64] >> (i % 64)) & 1u))
            continue;
        for (unsigned int j = 0; j < NODES; j++)
            if (from->edges[i][j].seen)
                note_edge(into, i, j, from->edges[i][j].op, from->edges[i][j].gates);
    }
}

static bool share_gate(const struct edge *a, const struct edge *b)
{
    for (unsigned int i = 0; i < NODES / 64; i++)
        if (a->gates[i] & b->gates[i])
            return true;
    return false;
}

static void node_name(const struct vs_policy *policy, unsigned int node, char *buffer, size_t size)
{
    const struct vs_lock_decl *decl = &policy->locks[node / PLACES];
    const char *scope = decl->scope == VS_SCOPE_DOMAIN ? "dom" : "dev";

    if (decl->scope == VS_SCOPE_GLOBAL)
        snprintf(buffer, size, "%s", decl->name);
    else if (decl->scope == VS_SCOPE_DOMAIN && node % PLACES == VS_CHECK_DOM_XEN)
        snprintf(buffer, size, "%s[dom_xen]", decl->name);
    else
        snprintf(buffer, size, "%s[%s%u]", decl->name, scope, node % PLACES);
}

static char *describe(const struct vs_check_order *order, const struct vs_policy *policy,
                      const unsigned int *nodes, unsigned int count)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);

    if (!stream)
        return NULL;
    for (unsigned int i = 0; i < count; i++) {
        unsigned int from = nodes[i], to = nodes[(i + 1) % count];
        char first[VS_CHECK_NAME], second[VS_CHECK_NAME];

        node_name(policy, from, first, sizeof(first));
        node_name(policy, to, second, sizeof(second));
        fprintf(stream, "%s%s then %s (%s)", i > 0 ? ", " : "", first, second,
                vs_op_table[order->edges[from][to].op].name);
    }
    if (fclose(stream) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

static bool has_circle_of_two(const struct vs_check_order *order, unsigned int *nodes)
{
    for (unsigned int i = 0; i < NODES; i++)
        for (unsigned int j = i + 1; j < NODES; j++)
            if (order->edges[i][j].seen && order->edges[j][i].seen &&
                !share_gate(&order->edges[i][j], &order->edges[j][i])) {
                nodes[0] = i;
                nodes[1] = j;
                return true;
            }
    return false;
}

static bool has_circle_of_three(const struct vs_check_order *order, unsigned int *nodes)
{
    for (unsigned int i = 0; i < NODES; i++)
        for (unsigned int j = 0; j < NODES; j++) {
            const struct edge *first = &order->edges[i][j];

            for (unsigned int k = 0; first->seen && k < NODES; k++) {
                const struct edge *second = &order->edges[j][k], *third = &order->edges[k][i];

                if (!second->seen || !third->seen || share_gate(first, second) ||
                    share_gate(second, third) || share_gate(first, third))
                    continue;
                nodes[0] = i;
                nodes[1] = j;
                nodes[2] = k;
                return true;
            }
        }
    return false;
}

int vs_check_order_cycle(const struct vs_check_order *order, const struct vs_policy *policy,
                         char **text, struct vs_error *error)
{
    unsigned int nodes[3], count = 0;

    *text = NULL;
    if (has_circle_of_two(order, nodes))
        count = 2;
    else if (has_circle_of_three(order, nodes))
        count = 3;
    if (count == 0)
        return 0;
    *text = describe(order, policy, nodes, count);
    return *text ? 1 : vs_error_set(error, VS_ERR_MEMORY, "out of memory");
}
