/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Puts records that are nearly in order into order: a bounded heap by time. */
#ifndef VS_CAPTURE_SORTER_H
#define VS_CAPTURE_SORTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record.h"

struct vs_sorter;

/* Room for capacity records, taken at once; NULL when out of memory. */
struct vs_sorter *vs_sorter_new(size_t capacity);
void vs_sorter_free(struct vs_sorter *sorter);

size_t vs_sorter_count(const struct vs_sorter *sorter);
bool vs_sorter_full(const struct vs_sorter *sorter);
/* Takes a record; the sorter must not be full. */
void vs_sorter_push(struct vs_sorter *sorter, const struct vs_record *record);
/*
 * The earliest record, if its time is before before_ns: true and *record.  Of one
 * time, those pushed first come first.
 */
bool vs_sorter_pop(struct vs_sorter *sorter, uint64_t before_ns, struct vs_record *record);

#endif
