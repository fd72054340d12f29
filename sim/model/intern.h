/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hash tables of the loader: shapes stored once, and numbers to indices. */
#ifndef VS_MODEL_INTERN_H
#define VS_MODEL_INTERN_H

#include <stddef.h>
#include <stdint.h>

#include "workload.h"

#define VS_INDEX_NONE UINT32_MAX

/* 32-bit keys to 32-bit indices, open addressing.  Zeroed is empty. */
struct vs_index {
    struct vs_index_slot {
        uint32_t key, value; /* value VS_INDEX_NONE: free */
    } * slots;
    size_t capacity; /* power of two */
    size_t count;
};

/* The index stored for key, or VS_INDEX_NONE. */
uint32_t vs_index_find(const struct vs_index *index, uint32_t key);
/* Store a key that is not there yet.  VS_ERR_MEMORY. */
int vs_index_add(struct vs_index *index, uint32_t key, uint32_t value);
void vs_index_free(struct vs_index *index);

/* Distinct shapes in order of first use.  Zeroed is empty. */
struct vs_shapes {
    struct vs_shape *items;
    size_t count, capacity;
    uint32_t *slots; /* index into items, VS_INDEX_NONE: free */
    size_t slot_count;
};

/* *index of an equal shape, stored now if it is new.  VS_ERR_MEMORY. */
int vs_shapes_intern(struct vs_shapes *shapes, const struct vs_shape *shape, uint32_t *index);
void vs_shapes_free(struct vs_shapes *shapes);

#endif
