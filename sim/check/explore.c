/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The search: breadth first over states, so that the first schedule that shows
 * something is a shortest one of what was searched.  States are compared whole,
 * never by their hash alone; each remembers from which state and by whose step
 * it was first reached, and that is the schedule.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "internal.h"

#define STATES_DEFAULT UINT64_C(4000000)
#define TABLE_FIRST    1024u
#define STOP_INTERVAL  1024u /* states between looks at limits->stop: some ms */

/* Equal states must be equal memory: no padding in what is compared. */
static_assert(sizeof(struct vs_check_loop) == 4, "padding");
static_assert(sizeof(struct vs_check_vcpu) ==
                  22 + 2 * HELD_MAX + 2 * REFS_MAX + LOOPS_MAX * sizeof(struct vs_check_loop),
              "padding");
static_assert(sizeof(struct vs_check_lock) == 5 + QUEUE_MAX, "padding");

struct reached {
    uint32_t from;
    uint8_t move; /* the actor, with VS_CHECK_FAILS where its step failed */
};

struct vs_check_space {
    uint8_t *bytes; /* packed states */
    struct reached *reached;
    uint32_t *table; /* state number + 1, 0: empty */
    uint32_t count, capacity, table_size, table_capacity;
    size_t state_bytes, bytes_capacity;
    struct part {
        size_t offset, size;
    } parts[4]; /* of a state that the model uses */
    struct vs_reducer *reducer;
};

struct vs_check_space *vs_check_space_new(void)
{
    struct vs_check_space *space = calloc(1, sizeof(*space));

    if (!space)
        return NULL;
    space->reducer = vs_reducer_new();
    space->table_capacity = TABLE_FIRST;
    space->table = calloc(space->table_capacity, sizeof(*space->table));
    if (!space->reducer || !space->table) {
        vs_check_space_free(space);
        return NULL;
    }
    return space;
}

void vs_check_space_free(struct vs_check_space *space)
{
    if (!space)
        return;
    free(space->bytes);
    free(space->reached);
    free(space->table);
    vs_reducer_free(space->reducer);
    free(space);
}

/* ------------------------------------------------------------------ packing */

static size_t parts_of(const struct vs_check_model *model, struct part parts[4])
{
    parts[0] =
        (struct part){offsetof(struct vs_check_state, shared), sizeof(struct vs_check_shared)};
    parts[1] = (struct part){offsetof(struct vs_check_state, vcpus),
                             model->setup->actor_count * sizeof(struct vs_check_vcpu)};
    parts[2] = (struct part){offsetof(struct vs_check_state, devices),
                             model->setup->device_count * sizeof(struct vs_check_dev)};
    parts[3] = (struct part){offsetof(struct vs_check_state, locks),
                             model->lock_count * sizeof(struct vs_check_lock)};
    return parts[0].size + parts[1].size + parts[2].size + parts[3].size;
}

static void pack(const struct part parts[4], const struct vs_check_state *state, uint8_t *bytes)
{
    for (int i = 0; i < 4; i++) {
        memcpy(bytes, (const uint8_t *)state + parts[i].offset, parts[i].size);
        bytes += parts[i].size;
    }
}

static void unpack(const struct part parts[4], const uint8_t *bytes, struct vs_check_state *state)
{
    for (int i = 0; i < 4; i++) {
        memcpy((uint8_t *)state + parts[i].offset, bytes, parts[i].size);
        bytes += parts[i].size;
    }
}

/* ---------------------------------------------------------- table of states */

static void begin_table(struct vs_check_space *space, const struct vs_check_model *model)
{
    space->count = 0;
    space->state_bytes = parts_of(model, space->parts);
    space->table_size = TABLE_FIRST;
    memset(space->table, 0, TABLE_FIRST * sizeof(*space->table));
}

static uint32_t slot_of(const struct vs_check_space *space, const uint8_t *bytes, bool *found)
{
    uint32_t at = (uint32_t)XXH3_64bits(bytes, space->state_bytes) & (space->table_size - 1);

    for (; space->table[at]; at = (at + 1) & (space->table_size - 1)) {
        size_t number = space->table[at] - 1;

        if (memcmp(space->bytes + number * space->state_bytes, bytes, space->state_bytes) == 0) {
            *found = true;
            return at;
        }
    }
    *found = false;
    return at;
}

static bool grow_table(struct vs_check_space *space)
{
    uint32_t size = 2 * space->table_size;
    bool found;

    if (size > space->table_capacity) {
        uint32_t *grown = realloc(space->table, size * sizeof(*grown));

        if (!grown)
            return false;
        space->table = grown;
        space->table_capacity = size;
    }
    space->table_size = size;
    memset(space->table, 0, size * sizeof(*space->table));
    for (uint32_t i = 0; i < space->count; i++)
        space->table[slot_of(space, space->bytes + i * space->state_bytes, &found)] = i + 1;
    return true;
}

static bool make_room(struct vs_check_space *space)
{
    if (space->count == space->capacity) {
        uint32_t capacity = space->capacity ? 2 * space->capacity : TABLE_FIRST;
        struct reached *grown = realloc(space->reached, capacity * sizeof(*grown));

        if (!grown)
            return false;
        space->reached = grown;
        space->capacity = capacity;
    }
    size_t needed = (space->count + 2) * space->state_bytes; /* one more as scratch */

    if (needed > space->bytes_capacity) {
        uint8_t *grown = realloc(space->bytes, 2 * needed);

        if (!grown)
            return false;
        space->bytes = grown;
        space->bytes_capacity = 2 * needed;
    }
    return 2 * space->count < space->table_size || grow_table(space);
}

int vs_space_put(struct vs_check_space *space, const struct vs_check_state *state, uint32_t from,
                 uint8_t move, uint32_t *number)
{
    bool found;

    if (!make_room(space))
        return VS_ERR_MEMORY;
    uint8_t *bytes = space->bytes + space->count * space->state_bytes;

    pack(space->parts, state, bytes);
    uint32_t slot = slot_of(space, bytes, &found);

    if (!found) {
        space->reached[space->count] = (struct reached){.from = from, .move = move};
        space->table[slot] = ++space->count;
    }
    *number = space->table[slot] - 1;
    return 0;
}

void vs_space_get(const struct vs_check_space *space, uint32_t number, struct vs_check_state *state)
{
    unpack(space->parts, space->bytes + number * space->state_bytes, state);
}

uint32_t vs_space_count(const struct vs_check_space *space)
{
    return space->count;
}

uint64_t vs_space_bytes(const struct vs_check_space *space)
{
    return space->count * (space->state_bytes + sizeof(*space->reached)) +
           space->table_size * sizeof(*space->table);
}

uint32_t vs_space_path(const struct vs_check_space *space, uint32_t number, uint8_t *moves)
{
    uint32_t length = 0;

    for (uint32_t i = number; i > 0; i = space->reached[i].from)
        length++;
    for (uint32_t i = number, at = length; moves && i > 0; i = space->reached[i].from)
        moves[--at] = space->reached[i].move;
    return length;
}

int vs_space_begin(struct vs_check_space *space, const struct vs_check_model *model)
{
    struct vs_check_state first;
    struct vs_breach breach = {.pointer = NONE, .other = NONE, .lock = NONE};
    uint32_t number;

    begin_table(space, model);
    vs_check_state_init(model, &first);
    for (uint8_t i = 0; i < model->setup->actor_count; i++)
        vs_check_settle(model, &first, i, &breach);
    return vs_space_put(space, &first, 0, 0, &number);
}

/* ----------------------------------------------------------------- findings */

static int keep_schedule(const struct vs_check_space *space, const struct vs_check_model *model,
                         enum vs_violation violation, uint32_t at, uint8_t last,
                         struct vs_check_finding *finding)
{
    uint32_t length = vs_space_path(space, at, NULL) + (last != NONE);

    *finding = (struct vs_check_finding){.violation = violation, .setup = *model->setup};
    finding->length = (uint16_t)length;
    finding->schedule = malloc(length + 1);
    if (!finding->schedule)
        return VS_ERR_MEMORY;
    vs_space_path(space, at, finding->schedule);
    if (last != NONE)
        finding->schedule[length - 1] = last;
    return 0;
}

static int keep_findings(const struct vs_check_space *space, const struct vs_check_model *model,
                         const struct vs_breach *breach, uint32_t at, uint8_t last,
                         struct vs_check_result *result)
{
    for (int i = 0; i < VS_VIOLATION_COUNT; i++) {
        if (!((breach->found >> i) & 1u) || ((result->found >> i) & 1u))
            continue;
        if (vs_violation_table[i].opt_in && !((model->setup->opt_in >> i) & 1u))
            continue;
        result->found |= 1u << i;
        int ret = keep_schedule(space, model, (enum vs_violation)i, at, last, &result->findings[i]);

        if (ret < 0)
            return ret;
        result->findings[i].actor = breach->actor;
    }
    return 0;
}

/* ------------------------------------------------------------------- search */

struct search {
    const struct vs_check_model *model;
    struct vs_check_space *space;
    struct vs_check_result *result;
    bool reduce;
    uint32_t wanted; /* stop when one of these is found */
};

static int step_from(struct search *search, const struct vs_check_state *state, uint32_t at,
                     uint8_t move)
{
    struct vs_check_state next = *state;
    struct vs_breach breach;

    vs_check_move(search->model, &next, move, &breach);
    search->result->search.transitions++;
    if (next.shared.cut) {
        search->result->search.complete = false;
        return 0;
    }
    if (breach.found) {
        int ret = keep_findings(search->space, search->model, &breach, at, move, search->result);

        if (ret < 0 || breach.fatal)
            return ret;
    }
    uint32_t number;

    return vs_space_put(search->space, &next, at, move, &number);
}

static int expand(struct search *search, uint32_t at)
{
    struct vs_check_state state;
    uint8_t movable = 0;
    int ret = 0;

    vs_space_get(search->space, at, &state);
    for (uint8_t i = 0; i < search->model->setup->actor_count; i++)
        if (vs_check_can_move(search->model, &state, i))
            movable |= (uint8_t)(1u << i);
    if (!movable) {
        struct vs_breach breach;

        vs_check_at_rest(search->model, &state, &breach);
        return keep_findings(search->space, search->model, &breach, at, NONE, search->result);
    }
    uint8_t only =
        search->reduce ? vs_reducer_choose(search->space->reducer, &state, movable) : NONE;
    uint8_t first = at > 0 ? search->space->reached[at].move & 0x7f : 0;

    /* The actor of the last step first: fewer changes of column in a schedule. */
    for (uint8_t n = 0; n < VS_CHECK_ACTORS_MAX && ret == 0; n++) {
        uint8_t i = (uint8_t)((first + n) % VS_CHECK_ACTORS_MAX);

        if (!(((unsigned int)movable >> i) & 1u) || (only != NONE && only != i))
            continue;
        ret = step_from(search, &state, at, i);
        if (ret == 0 && vs_check_can_fail(search->model, &state, i))
            ret = step_from(search, &state, at, (uint8_t)(i | VS_CHECK_FAILS));
    }
    return ret;
}

int vs_check_failed(int ret, const struct vs_check_space *space, struct vs_error *error)
{
    if (ret == VS_ERR_STOPPED)
        return vs_error_set(error, VS_ERR_STOPPED, "stopped after %u states", space->count);
    return vs_error_set(error, VS_ERR_MEMORY, "out of memory after %u states", space->count);
}

bool vs_check_must_stop(const struct vs_check_limits *limits, uint32_t state)
{
    return limits->stop && state % STOP_INTERVAL == 0 && atomic_load(limits->stop);
}

static int run_search(struct search *search, const struct vs_check_limits *limits)
{
    uint64_t limit = limits->states ? limits->states : STATES_DEFAULT;
    struct vs_check_space *space = search->space;
    int ret = vs_space_begin(space, search->model);

    search->reduce &= !search->model->has_retry && !search->model->setup->loops;
    if (ret == 0 && search->reduce)
        vs_reducer_begin(space->reducer, search->model);
    search->result->search.complete = true;
    for (uint32_t at = 0; ret == 0 && at < space->count; at++) {
        if (space->count >= limit) {
            search->result->search.complete = false;
            break;
        }
        ret = vs_check_must_stop(limits, at) ? VS_ERR_STOPPED : expand(search, at);
        if (search->result->found & search->wanted)
            break;
    }
    search->result->search.states = space->count;
    search->result->search.peak_bytes = vs_space_bytes(space);
    return ret;
}

int vs_check_explore(const struct vs_check_code *code, const struct vs_check_setup *setup,
                     const struct vs_check_limits *limits, struct vs_check_space *space,
                     struct vs_check_order *order, struct vs_check_result *result,
                     struct vs_error *error)
{
    struct vs_check_model model;

    memset(result, 0, sizeof(*result));
    int ret = vs_check_setup_validate(setup, error);

    if (ret == 0)
        ret = vs_check_model_init(&model, code, setup, order, error);
    if (ret < 0)
        return ret;
    struct search search = {
        .model = &model, .space = space, .result = result, .reduce = !limits->unreduced};

    ret = run_search(&search, limits);
    for (int i = 0; i < VS_VIOLATION_COUNT; i++)
        if ((result->found >> i) & 1u)
            result->findings[i].shortest = limits->unreduced;
    if (ret < 0) {
        vs_check_result_release(result);
        vs_check_failed(ret, space, error);
    }
    return ret;
}

void vs_check_result_release(struct vs_check_result *result)
{
    for (int i = 0; i < VS_VIOLATION_COUNT; i++) {
        free(result->findings[i].schedule);
        result->findings[i].schedule = NULL;
    }
    result->found = 0;
}

int vs_check_shorten(const struct vs_check_code *code, const struct vs_check_limits *limits,
                     struct vs_check_space *space, struct vs_check_finding *finding,
                     struct vs_error *error)
{
    struct vs_check_model model;
    struct vs_check_result result = {0};
    int ret = vs_check_model_init(&model, code, &finding->setup, NULL, error);

    if (ret < 0 || finding->shortest)
        return ret;
    struct search search = {
        .model = &model, .space = space, .result = &result, .wanted = 1u << finding->violation};

    ret = run_search(&search, limits);
    struct vs_check_finding *found = &result.findings[finding->violation];

    if (ret == 0 && (result.found & search.wanted)) {
        free(finding->schedule);
        *finding = *found;
        finding->shortest = true;
        found->schedule = NULL;
    }
    vs_check_result_release(&result);
    return ret < 0 ? vs_check_failed(ret, space, error) : 0;
}
