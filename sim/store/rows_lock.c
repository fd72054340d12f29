/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rows of table lock.  A log with thousands of devices has thousands of
 * instances of a per-device lock, of which few matter: those that were waited
 * for longest keep a row, the rest is summed, so that totals stay right.
 */
#include <stdlib.h>

#include "label.h"
#include "rows.h"

/* One lock instance over its modes, for ranking. */
struct instance {
    size_t first, count; /* into result->locks */
    uint64_t wait_ns, acquire_count;
    bool kept;
};

static int by_wait(const void *left, const void *right)
{
    const struct instance *a = left, *b = right;

    if (a->wait_ns != b->wait_ns)
        return a->wait_ns > b->wait_ns ? -1 : 1;
    if (a->acquire_count != b->acquire_count)
        return a->acquire_count > b->acquire_count ? -1 : 1;
    return a->first < b->first ? -1 : a->first > b->first;
}

static int by_place(const void *left, const void *right)
{
    const struct instance *a = left, *b = right;

    return a->first < b->first ? -1 : a->first > b->first;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static void sum_up(struct vs_lock_stat *into, const struct vs_lock_stat *from)
{
    into->acquire_count += from->acquire_count;
    into->try_count += from->try_count;
    into->try_failed_count += from->try_failed_count;
    into->wait_count += from->wait_count;
    into->wait_total_ns += from->wait_total_ns;
    into->wait_max_ns = larger(into->wait_max_ns, from->wait_max_ns);
    into->hold_count += from->hold_count;
    into->hold_total_ns += from->hold_total_ns;
    into->hold_max_ns = larger(into->hold_max_ns, from->hold_max_ns);
    into->transfer_count += from->transfer_count;
    into->cross_domain_wait_ns += from->cross_domain_wait_ns;
}

static int emit(const struct vs_lock_decl *lock, const char *instance, uint64_t instances,
                const struct vs_lock_stat *stat, vs_row_sink sink, void *context,
                struct vs_error *error)
{
    const struct vs_cell row[] = {
        vs_cell_text("lock", lock->name),
        vs_cell_text("kind", vs_lock_kind_table[lock->kind].name),
        vs_cell_text("instance", instance),
        vs_cell_text("mode", vs_lock_mode_name((enum vs_lock_mode)stat->mode)),
        vs_cell_u64("below_vpci", lock->below_vpci),
        vs_cell_u64("instances", instances),
        vs_cell_u64("acquire_count", stat->acquire_count),
        vs_cell_u64("try_count", stat->try_count),
        vs_cell_u64("try_failed_count", stat->try_failed_count),
        vs_cell_u64("wait_count", stat->wait_count),
        vs_cell_u64("wait_total_ns", stat->wait_total_ns),
        vs_cell_u64("wait_max_ns", stat->wait_max_ns),
        vs_cell_u64("hold_count", stat->hold_count),
        vs_cell_u64("hold_total_ns", stat->hold_total_ns),
        vs_cell_u64("hold_max_ns", stat->hold_max_ns),
        vs_cell_u64("transfer_count", stat->transfer_count),
        vs_cell_u64("cross_domain_wait_ns", stat->cross_domain_wait_ns),
    };

    return sink(context, VS_TABLE_LOCK, row, sizeof(row) / sizeof(row[0]), error);
}

/* The instances of the lock whose entries are result->locks[first..end). */
static size_t gather(const struct vs_result *result, size_t first, size_t end,
                     struct instance *instances)
{
    size_t count = 0;

    for (size_t i = first; i < end; i++) {
        const struct vs_lock_stat *stat = &result->locks[i];

        if (count == 0 || result->locks[instances[count - 1].first].instance != stat->instance)
            instances[count++] = (struct instance){.first = i};
        instances[count - 1].count++;
        instances[count - 1].wait_ns += stat->wait_total_ns;
        instances[count - 1].acquire_count += stat->acquire_count;
    }
    return count;
}

static int emit_lock(const struct vs_run *run, const struct vs_result *result, size_t first,
                     size_t end, struct instance *instances, vs_row_sink sink, void *context,
                     struct vs_error *error)
{
    const struct vs_lock_decl *lock = &run->policy->locks[result->locks[first].lock];
    struct vs_lock_stat other[VS_MODE_COUNT] = {0};
    uint64_t others[VS_MODE_COUNT] = {0};
    size_t count = gather(result, first, end, instances);
    char label[VS_LABEL_TEXT];
    int ret = 0;

    qsort(instances, count, sizeof(*instances), by_wait);
    for (size_t i = 0; i < count && i < VS_LOCK_ROWS_MAX; i++)
        instances[i].kept = true;
    qsort(instances, count, sizeof(*instances), by_place);
    for (size_t i = 0; ret == 0 && i < count; i++) {
        for (size_t j = 0; ret == 0 && j < instances[i].count; j++) {
            const struct vs_lock_stat *stat = &result->locks[instances[i].first + j];

            if (instances[i].kept) {
                vs_instance_label(run->workload, lock, stat->instance, label);
                ret = emit(lock, label, 1, stat, sink, context, error);
            } else if (stat->mode < VS_MODE_COUNT) {
                sum_up(&other[stat->mode], stat);
                others[stat->mode]++;
            }
        }
    }
    for (unsigned mode = 0; ret == 0 && mode < VS_MODE_COUNT; mode++) {
        other[mode].mode = (uint8_t)mode;
        if (others[mode] > 0)
            ret = emit(lock, "other", others[mode], &other[mode], sink, context, error);
    }
    return ret;
}

int vs_rows_emit_locks(const struct vs_run *run, const struct vs_result *result, vs_row_sink sink,
                       void *context, struct vs_error *error)
{
    int ret = 0;

    if (result->lock_count == 0)
        return 0;
    struct instance *instances = calloc(result->lock_count, sizeof(*instances));

    if (!instances)
        return vs_error_set(error, VS_ERR_MEMORY, "out of memory");
    for (size_t first = 0, end = 0; ret == 0 && first < result->lock_count; first = end) {
        while (end < result->lock_count && result->locks[end].lock == result->locks[first].lock)
            end++;
        ret = emit_lock(run, result, first, end, instances, sink, context, error);
    }
    free(instances);
    return ret;
}
