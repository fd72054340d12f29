/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The states of a queue follow from two sorted lists, arrivals and ends: between
 * two neighbouring times of either the number inside is constant. */
#include "record.h"

#include <stdlib.h>

#include "base/error.h"

#define FIRST_CALLS ((size_t)1 << 16)

static bool grow(struct vs_record_calls *calls)
{
    size_t capacity = calls->capacity ? 2 * calls->capacity : FIRST_CALLS;
    vs_ps **const arrays[] = {&calls->due, &calls->end, &calls->wait};
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++) {
        vs_ps *grown = realloc(*arrays[i], capacity * sizeof *grown);
        if (!grown)
            return false;
        *arrays[i] = grown;
    }
    calls->capacity = capacity;
    return true;
}

void vs_record_call(void *context, uint16_t actor, vs_ps due, vs_ps end, vs_ps lock_wait)
{
    struct vs_record_calls *calls = context;
    (void)actor;
    if (calls->out_of_memory || (calls->count == calls->capacity && !grow(calls))) {
        calls->out_of_memory = true;
        return;
    }
    calls->due[calls->count] = due;
    calls->end[calls->count] = end;
    calls->wait[calls->count++] = lock_wait;
}

static int by_time(const void *a, const void *b)
{
    vs_ps x = *(const vs_ps *)a, y = *(const vs_ps *)b;
    return x < y ? -1 : x > y;
}

/* Mostly they are in order as they come. */
static void sort(vs_ps *times, size_t count)
{
    size_t i = 1;
    while (i < count && times[i - 1] <= times[i])
        i++;
    if (i < count)
        qsort(times, count, sizeof *times, by_time);
}

/* The value at a place of the sorted array, without sorting it (Hoare's FIND,
 * CACM 4(7), 1961). */
static vs_ps select_place(vs_ps *times, size_t count, size_t place)
{
    size_t low = 0, high = count - 1;
    while (low < high) {
        vs_ps pivot = times[low + (high - low) / 2];
        size_t i = low, j = high;
        for (;;) {
            while (times[i] < pivot)
                i++;
            while (times[j] > pivot)
                j--;
            if (i >= j)
                break;
            vs_ps other = times[i];
            times[i++] = times[j];
            times[j--] = other;
        }
        if (place <= j)
            high = j;
        else
            low = j + 1;
    }
    return times[place];
}

/* due and end are sorted. */
static void shares(const struct vs_record_calls *calls, double *share)
{
    vs_ps last = calls->due[calls->count - 1];
    vs_ps at = calls->due[0] + (last - calls->due[0]) / 10, first = at;
    size_t came = 0, went = 0;
    while (came < calls->count && calls->due[came] <= at)
        came++;
    while (calls->end[went] <= at)
        went++;
    while (at < last) {
        bool arrival = calls->due[came] <= calls->end[went];
        vs_ps next = arrival ? calls->due[came] : calls->end[went];
        size_t inside = came - went;
        share[inside < VS_RECORD_STATES ? inside : VS_RECORD_STATES - 1] += (double)(next - at);
        at = next;
        came += arrival;
        went += !arrival;
    }
    for (size_t i = 0; i < VS_RECORD_STATES; i++)
        share[i] /= (double)(at - first);
}

int vs_record_summarise(struct vs_record_calls *calls, struct vs_record_summary *summary)
{
    *summary = (struct vs_record_summary){.wait_p99_ns = 0};
    if (calls->out_of_memory)
        return VS_ERR_MEMORY;
    if (calls->count < 2)
        return 0;
    vs_ps latest = 0;
    size_t half = calls->count / 2;
    for (size_t i = 0; i < half; i++)
        summary->wait_half_ns += (double)calls->wait[i] / (double)VS_PS_PER_NS / (double)half;
    for (size_t i = 0; i < calls->count; i++) {
        summary->overtaken += calls->due[i] < latest;
        latest = calls->due[i] > latest ? calls->due[i] : latest;
    }
    sort(calls->due, calls->count);
    sort(calls->end, calls->count);
    shares(calls, summary->share);
    vs_ps p99 = select_place(calls->wait, calls->count, calls->count - calls->count / 100 - 1);
    summary->wait_p99_ns = (double)p99 / (double)VS_PS_PER_NS;
    return 0;
}

void vs_record_release(struct vs_record_calls *calls)
{
    free(calls->due);
    free(calls->end);
    free(calls->wait);
    *calls = (struct vs_record_calls){.count = 0};
}
