/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records come in the order of their ring reservation and carry the time their
 * access started: a long access comes late.  A binary heap keeps the price of that
 * at a logarithm whatever the delays are.
 */
#include "sorter.h"

#include <assert.h>
#include <stdlib.h>

struct entry {
    struct vs_record record;
    uint64_t order; /* of the push: ties */
};

struct vs_sorter {
    size_t capacity, count;
    uint64_t pushed;
    struct entry entries[];
};

struct vs_sorter *vs_sorter_new(size_t capacity)
{
    struct vs_sorter *sorter = malloc(sizeof(*sorter) + capacity * sizeof(sorter->entries[0]));

    if (!sorter)
        return NULL;
    sorter->capacity = capacity;
    sorter->count = 0;
    sorter->pushed = 0;
    return sorter;
}

void vs_sorter_free(struct vs_sorter *sorter)
{
    free(sorter);
}

size_t vs_sorter_count(const struct vs_sorter *sorter)
{
    return sorter->count;
}

bool vs_sorter_full(const struct vs_sorter *sorter)
{
    return sorter->count == sorter->capacity;
}

static bool before(const struct entry *a, const struct entry *b)
{
    if (a->record.time_ns != b->record.time_ns)
        return a->record.time_ns < b->record.time_ns;
    return a->order < b->order;
}

void vs_sorter_push(struct vs_sorter *sorter, const struct vs_record *record)
{
    struct entry entry = {.record = *record, .order = sorter->pushed++};
    size_t at = sorter->count++;

    assert(sorter->count <= sorter->capacity);
    while (at > 0) {
        size_t parent = (at - 1) / 2;

        if (!before(&entry, &sorter->entries[parent]))
            break;
        sorter->entries[at] = sorter->entries[parent];
        at = parent;
    }
    sorter->entries[at] = entry;
}

/* Fill the hole at the top with the last entry. */
static void refill(struct vs_sorter *sorter)
{
    const struct entry last = sorter->entries[--sorter->count];
    size_t at = 0;

    for (;;) {
        size_t child = 2 * at + 1;

        if (child >= sorter->count)
            break;
        if (child + 1 < sorter->count &&
            before(&sorter->entries[child + 1], &sorter->entries[child]))
            child++;
        if (!before(&sorter->entries[child], &last))
            break;
        sorter->entries[at] = sorter->entries[child];
        at = child;
    }
    sorter->entries[at] = last;
}

bool vs_sorter_pop(struct vs_sorter *sorter, uint64_t before_ns, struct vs_record *record)
{
    if (sorter->count == 0 || sorter->entries[0].record.time_ns >= before_ns)
        return false;
    *record = sorter->entries[0].record;
    refill(sorter);
    return true;
}
