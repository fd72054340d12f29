/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who waits for whom: while actors wait for a lock, the time passes on the
 * account of whoever acquired it last.
 *
 * Waiters are counted by operation, mode and domain (an entry), and summed by
 * operation and mode (a group), since only "the holder's domain or another"
 * matters beyond that.  So a change of holder settles all waiters by a handful of
 * groups, whatever the length of the queue and the number of domains.  Entries to
 * which somebody came since the last settling are late: they are settled one by
 * one, and are not in their group's sum until then.
 */
#include <stdlib.h>

#include "internal.h"

/* With fewer entries than this a search is faster than a table. */
#define SEARCHED_ENTRIES 8u
#define NO_ENTRY         UINT32_MAX

void vs_blame_free(struct vs_blame *blame)
{
    if (!blame)
        return;
    free(blame->entries);
    free(blame->groups);
    free(blame->places);
    free(blame);
}

static uint8_t running_op(const struct vs_actor_run *run)
{
    return run->in_pending ? (uint8_t)VS_OP_MAP_PENDING : run->op;
}

/* ----------------------------------------------------------------- finding */

static uint32_t find_group(const struct vs_blame *blame, uint8_t op, uint8_t mode)
{
    for (uint32_t i = 0; i < blame->group_count; i++)
        if (blame->groups[i].op == op && blame->groups[i].mode == mode)
            return i;
    return NO_ENTRY;
}

static inline uint32_t find_entry(const struct vs_engine *engine, const struct vs_blame *blame,
                                  uint32_t group, uint16_t domain)
{
    if (blame->places) {
        size_t domains = engine->workload->domain_count;
        return blame->places[group * domains + domain] - 1; /* 0: NO_ENTRY */
    }
    for (uint32_t i = 0; i < blame->count; i++)
        if (blame->entries[i].group == group && blame->entries[i].domain == domain)
            return i;
    return NO_ENTRY;
}

/* Room for one more in an array that doubles.  false: out of memory. */
static bool make_room(void **items, uint32_t count, uint32_t *capacity, size_t item_bytes)
{
    if (count < *capacity)
        return true;
    uint32_t wanted = *capacity ? 2 * *capacity : 4;
    void *grown = realloc(*items, wanted * item_bytes);
    if (!grown)
        return false;
    *items = grown;
    *capacity = wanted;
    return true;
}

/* The table of places, made anew when there are more groups than it covers. */
static bool make_places(const struct vs_engine *engine, struct vs_blame *blame)
{
    size_t domains = engine->workload->domain_count;
    uint32_t *places = calloc(blame->group_count * domains, sizeof *places);
    if (!places)
        return false;
    for (uint32_t i = 0; i < blame->count; i++)
        places[blame->entries[i].group * domains + blame->entries[i].domain] = i + 1;
    free(blame->places);
    blame->places = places;
    return true;
}

static uint32_t add_group(const struct vs_engine *engine, struct vs_blame *blame, uint8_t op,
                          uint8_t mode)
{
    if (!make_room((void **)&blame->groups, blame->group_count, &blame->group_capacity,
                   sizeof *blame->groups))
        return NO_ENTRY;
    blame->groups[blame->group_count++] = (struct vs_blame_group){.op = op, .mode = mode};
    if (blame->places && !make_places(engine, blame))
        return NO_ENTRY;
    return blame->group_count - 1;
}

static uint32_t add_entry(const struct vs_engine *engine, struct vs_blame *blame, uint32_t group,
                          uint16_t domain)
{
    if (!make_room((void **)&blame->entries, blame->count, &blame->capacity,
                   sizeof *blame->entries))
        return NO_ENTRY;
    blame->entries[blame->count++] = (struct vs_blame_entry){.group = group, .domain = domain};
    if (blame->places)
        blame->places[group * engine->workload->domain_count + domain] = blame->count;
    else if (blame->count > SEARCHED_ENTRIES && !make_places(engine, blame))
        return NO_ENTRY;
    return blame->count - 1;
}

/* ---------------------------------------------------------------- settling */

static void charge(struct vs_engine *engine, const struct vs_lock_state *state,
                   const struct vs_blame_group *group, bool cross, vs_ps waited)
{
    size_t cell =
        ((size_t)group->op * VS_OP_COUNT + state->blamed_op) * engine->policy->lock_count +
        state->decl;
    engine->blocked_ps[cell * 2 + cross] += waited;
    if (cross)
        engine->counts[state->stats + group->mode].cross_domain_ps += waited;
}

static void settle_groups(struct vs_engine *engine, const struct vs_lock_state *state,
                          uint16_t holder_domain, vs_ps passed)
{
    const struct vs_blame *blame = state->blame;
    for (uint32_t i = 0; i < blame->group_count; i++) {
        const struct vs_blame_group *group = &blame->groups[i];
        if (group->waiters == 0)
            continue;
        uint32_t same = find_entry(engine, blame, i, holder_domain), beside = 0;
        if (same != NO_ENTRY && blame->entries[same].late == 0)
            beside = blame->entries[same].waiters;
        charge(engine, state, group, false, passed * beside);
        charge(engine, state, group, true, passed * (group->waiters - beside));
    }
}

/* Settle the waiting since blame->since on the account of the last acquirer. */
void vs_blame_settle(struct vs_engine *engine, uint32_t lock, vs_ps at)
{
    struct vs_lock_state *state = &engine->locks[lock];
    struct vs_blame *blame = state->blame;
    if (at <= blame->since)
        return;
    vs_ps passed = at - blame->since;
    bool known = state->blamed_actor != VS_NOBODY;
    uint16_t domain = known ? engine->actors[state->blamed_actor].domain : 0;
    if (known)
        settle_groups(engine, state, domain, passed);
    for (uint32_t i = blame->late_first; i != NO_ENTRY; i = blame->entries[i].late_next) {
        struct vs_blame_entry *entry = &blame->entries[i];
        struct vs_blame_group *group = &blame->groups[entry->group];
        vs_ps all = passed * entry->waiters;
        if (known && all > entry->late)
            charge(engine, state, group, domain != entry->domain, all - entry->late);
        entry->late = 0;
        group->waiters += entry->waiters;
    }
    blame->late_first = NO_ENTRY;
    blame->since = at;
}

/* ----------------------------------------------------- coming and going */

static struct vs_blame *blame_of(struct vs_lock_state *state)
{
    if (!state->blame) {
        state->blame = calloc(1, sizeof *state->blame);
        if (state->blame)
            state->blame->late_first = NO_ENTRY;
    }
    return state->blame;
}

/* Most actors wait for the same lock in the same way as the last time. */
static bool is_same_again(const struct vs_blame *blame, const struct vs_actor_run *run,
                          uint32_t lock, uint8_t mode)
{
    if (run->blamed_lock != lock || run->wait_entry == NO_ENTRY)
        return false;
    const struct vs_blame_group *group = &blame->groups[blame->entries[run->wait_entry].group];
    return group->op == running_op(run) && group->mode == mode;
}

static struct vs_blame_entry *entry_for(const struct vs_engine *engine, struct vs_blame *blame,
                                        uint8_t op, uint8_t mode, uint16_t domain)
{
    uint32_t group = find_group(blame, op, mode), entry = NO_ENTRY;
    if (group == NO_ENTRY)
        group = add_group(engine, blame, op, mode);
    else
        entry = find_entry(engine, blame, group, domain);
    if (group != NO_ENTRY && entry == NO_ENTRY)
        entry = add_entry(engine, blame, group, domain);
    return entry == NO_ENTRY ? NULL : &blame->entries[entry];
}

void vs_blame_arrive(struct vs_engine *engine, uint32_t lock, uint16_t actor,
                     enum vs_lock_mode mode, vs_ps at)
{
    struct vs_blame *blame = blame_of(&engine->locks[lock]);
    struct vs_actor_run *run = &engine->actors[actor];
    struct vs_blame_entry *entry = NULL;
    if (blame && is_same_again(blame, run, lock, (uint8_t)mode))
        entry = &blame->entries[run->wait_entry];
    else if (blame)
        entry = entry_for(engine, blame, running_op(run), (uint8_t)mode, run->domain);
    if (!entry) {
        engine->out_of_memory = true;
        run->wait_entry = NO_ENTRY;
        return;
    }
    run->wait_entry = (uint32_t)(entry - blame->entries);
    run->blamed_lock = lock;
    if (blame->waiters == 0)
        blame->since = at;
    /* An arrival's clock may run ahead of the last change: it is never earlier
     * than the event in which it happened. */
    vs_ps late = at > blame->since ? at - blame->since : 0;
    struct vs_blame_group *group = &blame->groups[entry->group];
    if (late > 0 && entry->late == 0) {
        group->waiters -= entry->waiters;
        entry->late_next = blame->late_first;
        blame->late_first = (uint32_t)(entry - blame->entries);
    }
    entry->late += late;
    entry->waiters++;
    blame->waiters++;
    group->waiters += entry->late == 0;
}

/* The last of a late entry left before it was settled. */
static void forget_late(struct vs_blame *blame, struct vs_blame_entry *entry)
{
    uint32_t *link = &blame->late_first;
    while (&blame->entries[*link] != entry)
        link = &blame->entries[*link].late_next;
    *link = entry->late_next;
    entry->late = 0;
}

void vs_blame_depart(struct vs_engine *engine, uint32_t lock, uint16_t actor, vs_ps at)
{
    struct vs_blame *blame = engine->locks[lock].blame;
    uint32_t place = engine->actors[actor].wait_entry;
    if (!blame || place == NO_ENTRY)
        return;
    vs_blame_settle(engine, lock, at);
    struct vs_blame_entry *entry = &blame->entries[place];
    entry->waiters--;
    blame->waiters--;
    if (entry->late == 0)
        blame->groups[entry->group].waiters--;
    else if (entry->waiters == 0)
        forget_late(blame, entry);
}
