/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Both tables are open addressing with linear probing, doubled at 3/4 load; a
 * look-up is one or two cache lines, and nothing is allocated but on growth.
 */
#include "intern.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

/* Fibonacci hashing: Knuth, The Art of Computer Programming 3, 6.4. */
static size_t spread(uint32_t key, size_t capacity)
{
    return (size_t)((uint64_t)key * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (capacity - 1);
}

uint32_t vs_index_find(const struct vs_index *index, uint32_t key)
{
    if (!index->capacity)
        return VS_INDEX_NONE;
    for (size_t at = spread(key, index->capacity);; at = (at + 1) & (index->capacity - 1)) {
        const struct vs_index_slot *slot = &index->slots[at];
        if (slot->value == VS_INDEX_NONE || slot->key == key)
            return slot->value;
    }
}

static void index_put(struct vs_index *index, uint32_t key, uint32_t value)
{
    size_t at = spread(key, index->capacity);
    while (index->slots[at].value != VS_INDEX_NONE)
        at = (at + 1) & (index->capacity - 1);
    index->slots[at] = (struct vs_index_slot){key, value};
}

int vs_index_add(struct vs_index *index, uint32_t key, uint32_t value)
{
    if ((index->count + 1) * 4 > index->capacity * 3) {
        struct vs_index grown = {.capacity = index->capacity ? index->capacity * 2 : 64,
                                 .count = index->count};
        grown.slots = malloc(grown.capacity * sizeof(grown.slots[0]));
        if (!grown.slots)
            return VS_ERR_MEMORY;
        memset(grown.slots, 0xff, grown.capacity * sizeof(grown.slots[0]));
        for (size_t i = 0; i < index->capacity; i++) {
            if (index->slots[i].value != VS_INDEX_NONE)
                index_put(&grown, index->slots[i].key, index->slots[i].value);
        }
        free(index->slots);
        *index = grown;
    }
    index_put(index, key, value);
    index->count++;
    return VS_OK;
}

void vs_index_free(struct vs_index *index)
{
    free(index->slots);
    memset(index, 0, sizeof(*index));
}

static size_t shape_slot(const struct vs_shapes *shapes, const struct vs_shape *shape)
{
    size_t at = XXH3_64bits(shape, sizeof(*shape)) & (shapes->slot_count - 1);
    while (shapes->slots[at] != VS_INDEX_NONE &&
           memcmp(&shapes->items[shapes->slots[at]], shape, sizeof(*shape)) != 0)
        at = (at + 1) & (shapes->slot_count - 1);
    return at;
}

static int shapes_grow(struct vs_shapes *shapes)
{
    size_t capacity = shapes->capacity ? shapes->capacity * 2 : 256;
    struct vs_shape *items = realloc(shapes->items, capacity * sizeof(items[0]));
    if (!items)
        return VS_ERR_MEMORY;
    shapes->items = items;
    uint32_t *slots = malloc(capacity * 2 * sizeof(slots[0]));
    if (!slots)
        return VS_ERR_MEMORY;
    memset(slots, 0xff, capacity * 2 * sizeof(slots[0]));
    free(shapes->slots);
    shapes->slots = slots;
    shapes->slot_count = capacity * 2;
    shapes->capacity = capacity;
    for (size_t i = 0; i < shapes->count; i++)
        slots[shape_slot(shapes, &items[i])] = (uint32_t)i;
    return VS_OK;
}

int vs_shapes_intern(struct vs_shapes *shapes, const struct vs_shape *shape, uint32_t *index)
{
    if (shapes->count == shapes->capacity) {
        int ret = shapes_grow(shapes);
        if (ret < 0)
            return ret;
    }
    size_t at = shape_slot(shapes, shape);
    if (shapes->slots[at] == VS_INDEX_NONE) {
        shapes->items[shapes->count] = *shape;
        shapes->slots[at] = (uint32_t)shapes->count++;
    }
    *index = shapes->slots[at];
    return VS_OK;
}

void vs_shapes_free(struct vs_shapes *shapes)
{
    free(shapes->items);
    free(shapes->slots);
    memset(shapes, 0, sizeof(*shapes));
}
