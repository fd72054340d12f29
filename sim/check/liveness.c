/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Starvation: is there a circle of states in which one vCPU never gets through,
 * and which is fair to all?  Fairness is strong: whoever can move at some state
 * of the circle moves in it.  The states are all of them, without reduction, since
 * a persistent set may put one vCPU off for ever.
 *
 * For one vCPU: leave out the steps with which it gets through, and take what is
 * left apart into strongly connected parts (Tarjan, SIAM J. Computing 1(2), 1972).
 * A part in which everybody who can move does is the answer.  In another one some
 * vCPU can move and never does: a fair circle avoids the states where it can, so
 * they go, and the rest is taken apart again (Emerson and Lei, Science of Computer
 * Programming 8(3), 1987, for strong fairness).
 */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define STATES_DEFAULT UINT64_C(2000000)
#define NOWHERE        UINT32_MAX

struct edge {
    uint32_t to;
    uint8_t move, done; /* done: bit per actor that got through */
};

struct graph {
    const struct vs_check_model *model;
    struct vs_check_space *space;
    uint32_t states, edge_count, edge_capacity;
    uint32_t *first;  /* states + 1: the edges of state i are first[i] .. first[i + 1] */
    uint8_t *movable; /* per state: bit per actor that can move */
    struct edge *edges;
    /* Of the search for parts. */
    uint32_t *index, *low, *part, *stack, *path, *cursor;
    uint8_t *gone;
};

static void graph_free(struct graph *graph)
{
    free(graph->first);
    free(graph->movable);
    free(graph->edges);
    free(graph->index);
    free(graph->low);
    free(graph->part);
    free(graph->stack);
    free(graph->path);
    free(graph->cursor);
    free(graph->gone);
}

/* --------------------------------------------------------------------- edges */

static int add_edge(struct graph *graph, const struct vs_check_state *state, uint32_t at,
                    uint8_t move)
{
    struct vs_check_state next = *state;
    struct vs_breach breach;
    uint32_t to;

    vs_check_move(graph->model, &next, move, &breach);
    if (next.shared.cut || breach.fatal)
        return 0; /* what breaks a rule is not gone on from */
    if (graph->edge_count == graph->edge_capacity) {
        uint32_t capacity = graph->edge_capacity ? 2 * graph->edge_capacity : 4096;
        struct edge *grown = realloc(graph->edges, capacity * sizeof(*grown));

        if (!grown)
            return VS_ERR_MEMORY;
        graph->edges = grown;
        graph->edge_capacity = capacity;
    }
    int ret = vs_space_put(graph->space, &next, at, move, &to);

    if (ret == 0)
        graph->edges[graph->edge_count++] =
            (struct edge){.to = to, .move = move, .done = breach.done};
    return ret;
}

static int grow_states(struct graph *graph, uint32_t capacity)
{
    uint32_t *first = realloc(graph->first, (capacity + 1) * sizeof(*first));

    if (first)
        graph->first = first;
    uint8_t *movable = realloc(graph->movable, capacity);

    if (movable)
        graph->movable = movable;
    return first && movable ? 0 : VS_ERR_MEMORY;
}

/* Every state and step.  1: stopped at the limit. */
static int build(struct graph *graph, const struct vs_check_limits *limits)
{
    uint64_t limit = limits->states ? limits->states : STATES_DEFAULT;
    uint32_t capacity = 0;
    int ret = vs_space_begin(graph->space, graph->model);

    for (uint32_t at = 0; ret == 0 && at < vs_space_count(graph->space); at++) {
        struct vs_check_state state;

        if (at >= limit)
            return 1;
        if (vs_check_must_stop(limits, at))
            return VS_ERR_STOPPED;
        if (at == capacity) {
            capacity = capacity ? 2 * capacity : 4096;
            ret = grow_states(graph, capacity);
            if (ret < 0)
                return ret;
        }
        vs_space_get(graph->space, at, &state);
        graph->first[at] = graph->edge_count;
        graph->movable[at] = 0;
        for (uint8_t i = 0; ret == 0 && i < graph->model->setup->actor_count; i++) {
            if (!vs_check_can_move(graph->model, &state, i))
                continue;
            graph->movable[at] |= (uint8_t)(1u << i);
            ret = add_edge(graph, &state, at, i);
            if (ret == 0 && vs_check_can_fail(graph->model, &state, i))
                ret = add_edge(graph, &state, at, (uint8_t)(i | VS_CHECK_FAILS));
        }
        graph->states = at + 1;
        graph->first[at + 1] = graph->edge_count;
    }
    return ret;
}

static int make_room(struct graph *graph)
{
    size_t size = (graph->states + 1) * sizeof(uint32_t);

    graph->index = malloc(size);
    graph->low = malloc(size);
    graph->part = malloc(size);
    graph->stack = malloc(size);
    graph->path = malloc(size);
    graph->cursor = malloc(size);
    graph->gone = malloc(graph->states + 1);
    return graph->index && graph->low && graph->part && graph->stack && graph->path &&
                   graph->cursor && graph->gone
               ? 0
               : VS_ERR_MEMORY;
}

/* --------------------------------------------------------------------- parts */

/* A part's states are stack[from .. to); where fair, its first state, else NOWHERE. */
static uint32_t judge_part(struct graph *graph, uint8_t victim, uint32_t number, uint32_t from,
                           uint32_t to, bool *changed)
{
    uint8_t moved = 0, movable = 0;
    uint32_t lowest = NOWHERE;

    for (uint32_t i = from; i < to; i++) {
        uint32_t at = graph->stack[i];

        movable |= graph->movable[at];
        lowest = at < lowest ? at : lowest;
        for (uint32_t e = graph->first[at]; e < graph->first[at + 1]; e++) {
            const struct edge *edge = &graph->edges[e];

            if (!((unsigned int)edge->done >> victim & 1u) && graph->part[edge->to] == number &&
                !graph->gone[edge->to])
                moved |= (uint8_t)(1u << (edge->move & 0x7f));
        }
    }
    if (moved && (movable & ~moved) == 0)
        return lowest;
    for (uint32_t i = from; i < to; i++) {
        bool avoid = !moved || (graph->movable[graph->stack[i]] & ~moved);

        graph->gone[graph->stack[i]] |= avoid;
        *changed |= moved && avoid;
    }
    return NOWHERE;
}

/* The next edge of at that may be followed, or NULL. */
static const struct edge *next_edge(struct graph *graph, uint8_t victim, uint32_t at)
{
    while (graph->cursor[at] < graph->first[at + 1]) {
        const struct edge *edge = &graph->edges[graph->cursor[at]++];

        if (!((unsigned int)edge->done >> victim & 1u) && !graph->gone[edge->to])
            return edge;
    }
    return NULL;
}

/* Take what is reached from root apart.  The first state of a fair part, or NOWHERE. */
static uint32_t take_apart(struct graph *graph, uint8_t victim, uint32_t root, uint32_t *count,
                           bool *changed)
{
    uint32_t depth = 0, on_stack = 0, found = NOWHERE;

    graph->path[depth++] = root;
    while (depth > 0 && found == NOWHERE) {
        uint32_t at = graph->path[depth - 1];

        if (graph->index[at] == NOWHERE) {
            graph->index[at] = graph->low[at] = (*count)++;
            graph->cursor[at] = graph->first[at];
            graph->stack[on_stack++] = at;
        }
        const struct edge *edge = next_edge(graph, victim, at);

        if (edge && graph->index[edge->to] == NOWHERE) {
            graph->path[depth++] = edge->to;
        } else if (edge) {
            if (graph->part[edge->to] == NOWHERE && graph->index[edge->to] < graph->low[at])
                graph->low[at] = graph->index[edge->to];
        } else {
            depth--;
            if (depth > 0 && graph->low[at] < graph->low[graph->path[depth - 1]])
                graph->low[graph->path[depth - 1]] = graph->low[at];
            if (graph->low[at] != graph->index[at])
                continue;
            uint32_t from = on_stack;

            while (graph->stack[--from] != at)
                graph->part[graph->stack[from]] = graph->index[at];
            graph->part[at] = graph->index[at];
            found = judge_part(graph, victim, graph->index[at], from, on_stack, changed);
            on_stack = from;
        }
    }
    return found;
}

/* A state of a fair part in which the victim never gets through, or NOWHERE. */
static uint32_t find_part(struct graph *graph, uint8_t victim)
{
    uint32_t found = NOWHERE;
    bool changed = true;

    memset(graph->gone, 0, graph->states + 1);
    while (changed && found == NOWHERE) {
        uint32_t count = 0;

        changed = false;
        memset(graph->index, 0xff, (graph->states + 1) * sizeof(*graph->index));
        memset(graph->part, 0xff, (graph->states + 1) * sizeof(*graph->part));
        for (uint32_t root = 0; found == NOWHERE && root < graph->states; root++)
            if (graph->index[root] == NOWHERE && !graph->gone[root])
                found = take_apart(graph, victim, root, &count, &changed);
    }
    return found;
}

/* -------------------------------------------------------------------- circle */

struct circle {
    uint8_t *moves;
    uint32_t length, capacity;
};

/* The shortest way within the part from a state to a step of one of wanted (bits), or,
 * when wanted is 0, to goal; added to the circle.  Returns where it ends, or NOWHERE. */
static uint32_t go_on(struct graph *graph, uint8_t victim, uint32_t from, uint8_t wanted,
                      uint32_t goal, struct circle *circle)
{
    uint32_t part = graph->part[from], begin = 0, end = 0, last = NOWHERE;

    /* index: from where it was reached; cursor: by which edge. */
    memset(graph->index, 0xff, (graph->states + 1) * sizeof(*graph->index));
    graph->stack[end++] = from;
    graph->index[from] = from;
    while (begin < end && last == NOWHERE) {
        uint32_t at = graph->stack[begin++];

        for (uint32_t e = graph->first[at]; e < graph->first[at + 1] && last == NOWHERE; e++) {
            const struct edge *edge = &graph->edges[e];
            bool inside = !((unsigned int)edge->done >> victim & 1u) && !graph->gone[edge->to] &&
                          graph->part[edge->to] == part;
            bool arrived =
                wanted ? (unsigned int)wanted >> (edge->move & 0x7f) & 1u : edge->to == goal;

            if (inside && arrived) {
                last = e;
                graph->low[0] = at;
            } else if (inside && graph->index[edge->to] == NOWHERE) {
                graph->index[edge->to] = at;
                graph->cursor[edge->to] = e;
                graph->stack[end++] = edge->to;
            }
        }
    }
    if (last == NOWHERE)
        return NOWHERE;
    uint32_t steps = 1, at = graph->low[0];

    for (uint32_t i = at; i != from; i = graph->index[i])
        steps++;
    if (circle->length + steps > circle->capacity) {
        uint8_t *grown = realloc(circle->moves, 2 * (circle->length + steps));

        if (!grown)
            return NOWHERE;
        circle->moves = grown;
        circle->capacity = 2 * (circle->length + steps);
    }
    circle->length += steps;
    circle->moves[circle->length - 1] = graph->edges[last].move;
    for (uint32_t i = at, n = circle->length - 1; i != from; i = graph->index[i])
        circle->moves[--n] = graph->edges[graph->cursor[i]].move;
    return graph->edges[last].to;
}

/* Round the part from a state of it, with a step of everybody who moves there. */
static int go_round(struct graph *graph, uint8_t victim, uint32_t from, struct circle *circle)
{
    uint8_t wanted = 0;
    uint32_t at = from;

    for (uint32_t i = 0; i < graph->states; i++)
        if (graph->part[i] == graph->part[from] && !graph->gone[i])
            wanted |= graph->movable[i];
    while (at != NOWHERE && wanted) {
        at = go_on(graph, victim, at, wanted, 0, circle);
        for (uint32_t i = 0; at != NOWHERE && i < circle->length; i++)
            wanted &= (uint8_t) ~(1u << (circle->moves[i] & 0x7f));
    }
    if (at != NOWHERE && at != from)
        at = go_on(graph, victim, at, 0, from, circle);
    return at == NOWHERE ? VS_ERR_MEMORY : 0;
}

static int keep(struct graph *graph, uint8_t victim, uint32_t from,
                struct vs_check_finding *finding)
{
    struct circle circle = {0};
    uint32_t stem = vs_space_path(graph->space, from, NULL);
    int ret = go_round(graph, victim, from, &circle);

    if (ret == 0 && stem + circle.length > UINT16_MAX)
        ret = VS_ERR_MEMORY;
    if (ret == 0) {
        *finding = (struct vs_check_finding){.violation = VS_VIOLATION_STARVATION,
                                             .setup = *graph->model->setup,
                                             .actor = victim,
                                             .length = (uint16_t)(stem + circle.length),
                                             .stem = (uint16_t)stem};
        finding->schedule = malloc(finding->length);
        ret = finding->schedule ? 1 : VS_ERR_MEMORY;
    }
    if (ret == 1) {
        vs_space_path(graph->space, from, finding->schedule);
        memcpy(finding->schedule + stem, circle.moves, circle.length);
    }
    free(circle.moves);
    return ret;
}

int vs_check_liveness(const struct vs_check_code *code, const struct vs_check_setup *setup,
                      const struct vs_check_limits *limits, struct vs_check_space *space,
                      struct vs_check_search *search, struct vs_check_finding *finding,
                      struct vs_error *error)
{
    struct vs_check_setup looping = *setup;
    struct vs_check_model model;
    struct graph graph = {.model = &model, .space = space};
    int ret = vs_check_setup_validate(setup, error);

    looping.loops = true;
    looping.opt_in |= 1u << VS_VIOLATION_STARVATION;
    *search = (struct vs_check_search){0};
    *finding = (struct vs_check_finding){0};
    if (ret == 0)
        ret = vs_check_model_init(&model, code, &looping, NULL, error);
    if (ret < 0)
        return ret;
    ret = build(&graph, limits);
    search->states = vs_space_count(space);
    search->transitions = graph.edge_count;
    search->complete = ret == 0;
    search->peak_bytes = vs_space_bytes(space) + graph.edge_count * sizeof(struct edge) +
                         (uint64_t)graph.states * (8 * sizeof(uint32_t) + 2);
    if (ret == 0)
        ret = make_room(&graph);
    else if (ret > 0)
        ret = 0; /* states without their steps: nothing can be said */
    for (uint8_t i = 0; ret == 0 && search->complete && i < setup->actor_count; i++) {
        uint32_t from = find_part(&graph, i);

        if (from != NOWHERE)
            ret = keep(&graph, i, from, finding);
    }
    graph_free(&graph);
    if (ret < 0)
        vs_check_failed(ret, space, error);
    return ret;
}
