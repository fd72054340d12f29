/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rows in time order.  Rows are held back in a buffer of fixed size; when it is
 * full, it is sorted (stably, so that rows of one time keep their order) and its
 * older half leaves.  A file smaller than the buffer may come in any order; a
 * larger one is put right as long as no row lies half a buffer or more from its
 * place.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "columns.h"

struct vs_row_sorter {
    struct vs_import_sink *sink;
    struct vs_record *held, *spare;
    uint32_t count, room; /* of held[]; grows up to VS_ROWS_HELD_MAX */
    bool unsorted;        /* held[] is not in order */
    uint64_t newest_ns;   /* of what is held; then of what left */
    uint64_t left_ns;
    uint64_t out_of_order;
    bool durations;
    uint16_t vcpus[65536]; /* by domain: 1 + highest vCPU seen */
    uint8_t domains[65536 / 8];
};

struct vs_row_sorter *vs_row_sorter_new(struct vs_import_sink *sink)
{
    struct vs_row_sorter *sorter = calloc(1, sizeof(*sorter));

    if (sorter)
        sorter->sink = sink;
    return sorter;
}

void vs_row_sorter_free(struct vs_row_sorter *sorter)
{
    if (!sorter)
        return;
    free(sorter->held);
    free(sorter->spare);
    free(sorter);
}

static void merge_runs(const struct vs_record *from, struct vs_record *to, size_t first,
                       size_t middle, size_t end)
{
    size_t left = first, right = middle, at;

    for (at = first; at < end; at++) {
        if (left < middle && (right >= end || from[left].time_ns <= from[right].time_ns))
            to[at] = from[left++];
        else
            to[at] = from[right++];
    }
}

/* Bottom-up merge sort by time: stable, which qsort is not bound to be. */
static int sort_held(struct vs_row_sorter *sorter, struct vs_error *error)
{
    size_t width, first, count = sorter->count;

    if (!sorter->unsorted)
        return 0;
    sorter->spare = malloc(sorter->room * sizeof(*sorter->spare));
    if (!sorter->spare)
        return vs_error_set(error, VS_ERR_MEMORY, "out of memory");
    for (width = 1; width < count; width *= 2) {
        struct vs_record *swap = sorter->held;

        for (first = 0; first < count; first += 2 * width) {
            size_t middle = first + width < count ? first + width : count;
            size_t end = middle + width < count ? middle + width : count;

            merge_runs(sorter->held, sorter->spare, first, middle, end);
        }
        sorter->held = sorter->spare;
        sorter->spare = swap;
    }
    free(sorter->spare);
    sorter->spare = NULL;
    sorter->unsorted = false;
    return 0;
}

static int grow(struct vs_row_sorter *sorter, struct vs_error *error)
{
    uint32_t room = sorter->room ? 2 * sorter->room : 1024;
    struct vs_record *held = realloc(sorter->held, room * sizeof(*held));

    if (!held)
        return vs_error_set(error, VS_ERR_MEMORY, "out of memory");
    sorter->held = held;
    sorter->room = room;
    return 0;
}

/* Sort, and hand over the oldest count rows. */
static int release(struct vs_row_sorter *sorter, uint32_t count, struct vs_error *error)
{
    int ret = sort_held(sorter, error);

    if (ret < 0 || count == 0)
        return ret;
    ret = vs_import_add(sorter->sink, sorter->held, count, error);
    if (ret < 0)
        return ret;
    sorter->left_ns = sorter->held[count - 1].time_ns;
    sorter->count -= count;
    memmove(sorter->held, sorter->held + count, sorter->count * sizeof(*sorter->held));
    return 0;
}

int vs_row_sorter_add(struct vs_row_sorter *sorter, const struct vs_record *record,
                      struct vs_error *error)
{
    if (record->time_ns < sorter->left_ns)
        return vs_error_set(error, VS_ERR_INPUT,
                            "rows are further out of time order than the %" PRIu32
                            " rows that are held to sort them: sort the file by time first",
                            VS_ROWS_HELD_MAX / 2);
    if (sorter->count == sorter->room && grow(sorter, error) < 0)
        return VS_ERR_MEMORY;
    if (record->time_ns < sorter->newest_ns) {
        sorter->unsorted = true;
        sorter->out_of_order++;
    } else {
        sorter->newest_ns = record->time_ns;
    }
    sorter->domains[record->domain / 8] |= (uint8_t)(1u << record->domain % 8);
    if (record->vcpu != VS_VCPU_NONE && record->vcpu >= sorter->vcpus[record->domain])
        sorter->vcpus[record->domain] = (uint16_t)(record->vcpu + 1);
    if (record->duration_ns && vs_kind_is_access((enum vs_kind)record->kind))
        sorter->durations = true;
    sorter->held[sorter->count++] = *record;
    if (sorter->count < VS_ROWS_HELD_MAX)
        return 0;
    return release(sorter, VS_ROWS_HELD_MAX / 2, error);
}

int vs_row_sorter_end(struct vs_row_sorter *sorter, struct vs_error *error)
{
    if (sorter->out_of_order)
        vs_import_count(sorter->sink->report, VS_IMPORT_SEEN, "rows-out-of-time-order-sorted",
                        sorter->out_of_order);
    return release(sorter, sorter->count, error);
}

/* ----------------------------------------------------------------- metadata */

/* --duration-covers: a name of enum vs_duration_covers, or a sentence. */
static void describe_durations(const char *covers, struct vs_clock *clock)
{
    int i;

    clock->duration_covers = VS_DURATION_NOTHING;
    if (!covers)
        return;
    for (i = VS_DURATION_NOTHING; i < VS_DURATION_STATED; i++) {
        if (strcmp(vs_duration_covers_name((enum vs_duration_covers)i), covers) == 0) {
            clock->duration_covers = (enum vs_duration_covers)i;
            return;
        }
    }
    clock->duration_covers = VS_DURATION_STATED;
    snprintf(clock->note, sizeof(clock->note), "durations cover: %s", covers);
}

int vs_rows_describe(const struct vs_import_options *options, const struct vs_columns *columns,
                     struct vs_trace_meta *meta, struct vs_error *error)
{
    if (options->emulated && options->clock == VS_CLOCK_REAL)
        return vs_error_set(error, VS_ERR_USAGE,
                            "--emulated and --clock real contradict each other");
    snprintf(meta->clock.name, sizeof(meta->clock.name), "stated");
    meta->clock.real_time = options->clock == VS_CLOCK_REAL;
    if (options->clock == VS_CLOCK_EMULATED)
        meta->emulated = true;
    if (columns->tick_hz) {
        meta->clock.tick_hz = (double)columns->tick_hz;
        snprintf(meta->clock.tick_source, sizeof(meta->clock.tick_source), "--tsc-hz");
    }
    if (options->backend)
        snprintf(meta->backend, sizeof(meta->backend), "%s", options->backend);
    describe_durations(options->duration_covers, &meta->clock);
    return 0;
}

int vs_row_sorter_describe(const struct vs_row_sorter *sorter, struct vs_trace_meta *meta,
                           struct vs_error *error)
{
    uint32_t id;

    if (sorter->durations && meta->clock.duration_covers == VS_DURATION_NOTHING) {
        meta->clock.duration_covers = VS_DURATION_STATED;
        snprintf(meta->clock.note, sizeof(meta->clock.note),
                 "what the durations cover was not stated");
    }
    for (id = 0; id <= VS_DOMAIN_NONE; id++) {
        struct vs_trace_domain *domain;

        if (!(sorter->domains[id / 8] >> id % 8 & 1))
            continue;
        domain = vs_trace_meta_add_domain(meta);
        if (!domain)
            return vs_error_set(error, VS_ERR_MEMORY, "out of memory");
        domain->id = (uint16_t)id;
        domain->vcpus = sorter->vcpus[id];
        snprintf(domain->name, sizeof(domain->name), "domain-%" PRIu32, id);
    }
    return 0;
}
