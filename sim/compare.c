/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs both engines and condenses the rounds. */
#include "compare.h"

#include <stdlib.h>
#include <string.h>

#include "threads/threads.h"

/* What is kept of one result: the compared numbers, then the wait of each lock. */
static void condense(const struct vs_result *result, const struct vs_policy *policy, double *into)
{
    const struct vs_histogram *latency = &result->latency;
    double calls = result->calls ? (double)result->calls : 1;
    into[VS_COMPARED_RATE] = result->makespan_ns ? (double)result->calls * (double)VS_NS_PER_S /
                                                       (double)result->makespan_ns
                                                 : 0;
    into[VS_COMPARED_MEAN] =
        latency->count ? (double)latency->total_ns / (double)latency->count : 0;
    into[VS_COMPARED_P99] = (double)vs_histogram_quantile_ns(latency, 0.99);
    for (size_t i = 0; i < policy->lock_count; i++)
        into[VS_COMPARED_COUNT + i] = 0;
    for (size_t i = 0; i < result->lock_count; i++)
        into[VS_COMPARED_COUNT + result->locks[i].lock] +=
            (double)result->locks[i].wait_total_ns / calls;
}

static int simulate(const struct vs_compare_request *request, struct vs_compared_row *row,
                    struct vs_error *error)
{
    const struct vs_policy *policy = request->policies[row->policy];
    const struct vs_engine_options options = {.cpus = row->threads};
    double numbers[VS_COMPARED_COUNT + VS_POLICY_LOCKS_MAX];
    struct vs_result *result = NULL;
    int ret = vs_engine_replay(request->workloads[row->threads - 1], policy, request->machine,
                               &options, &result, error);
    if (ret < 0)
        return ret;
    condense(result, policy, numbers);
    memcpy(row->simulated, numbers, sizeof row->simulated);
    for (size_t i = 0; i < policy->lock_count; i++)
        row->waits[i].simulated_ns = numbers[VS_COMPARED_COUNT + i];
    row->simulated_deadlock = result->outcome == VS_OUTCOME_DEADLOCK;
    row->simulated_hazards = vs_result_hazard_total(result);
    vs_result_free(result);
    return 0;
}

static int measure(const struct vs_compare_request *request, struct vs_compared_row *row,
                   struct vs_error *error)
{
    const struct vs_policy *policy = request->policies[row->policy];
    const struct vs_threads_options options = {.engine = {.cpus = row->threads},
                                               .clock = request->clock,
                                               .realtime = request->realtime,
                                               .patience_ns = request->patience_ns};
    struct vs_result *result = NULL;
    int ret = vs_threads_replay(request->workloads[row->threads - 1], policy, request->machine,
                                &options, &result, error);
    if (ret < 0)
        return ret;
    row->forced_switches += result->forced_switches;
    row->hazard_rounds += vs_result_hazard_total(result) > 0;
    if (result->outcome == VS_OUTCOME_DEADLOCK) {
        row->deadlocks++;
    } else {
        size_t width = VS_COMPARED_COUNT + policy->lock_count;
        /* Rounds that deadlocked leave no numbers: those that did not stand in a row. */
        size_t place = 0;
        while (row->samples[place * width] != 0)
            place++;
        condense(result, policy, &row->samples[place * width]);
    }
    vs_result_free(result);
    return 0;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static struct vs_measured over_rounds(const double *samples, size_t width, size_t what,
                                      size_t rounds, double *scratch)
{
    if (rounds == 0)
        return (struct vs_measured){0};
    for (size_t i = 0; i < rounds; i++)
        scratch[i] = samples[i * width + what];
    qsort(scratch, rounds, sizeof *scratch, by_value);
    double median =
        rounds % 2 ? scratch[rounds / 2] : (scratch[rounds / 2 - 1] + scratch[rounds / 2]) / 2;
    return (struct vs_measured){.median = median, .least = scratch[0], .most = scratch[rounds - 1]};
}

static void finish_row(const struct vs_compare_request *request, struct vs_compared_row *row,
                       double *scratch)
{
    const struct vs_policy *policy = request->policies[row->policy];
    size_t width = VS_COMPARED_COUNT + policy->lock_count;
    size_t rounds = request->rounds - row->deadlocks;
    for (size_t i = 0; i < VS_COMPARED_COUNT; i++)
        row->measured[i] = over_rounds(row->samples, width, i, rounds, scratch);
    for (size_t i = 0; i < policy->lock_count; i++)
        row->waits[i].measured_ns =
            over_rounds(row->samples, width, VS_COMPARED_COUNT + i, rounds, scratch);
}

static int make_rows(struct vs_comparison *comparison)
{
    const struct vs_compare_request *request = comparison->request;
    comparison->rows =
        calloc(request->policy_count * request->threads_max + 1, sizeof *comparison->rows);
    if (!comparison->rows)
        return VS_ERR_MEMORY;
    for (size_t i = 0; i < request->policy_count; i++)
        for (uint16_t n = 1; n <= request->threads_max; n++) {
            struct vs_compared_row *row = &comparison->rows[comparison->row_count++];
            row->policy = i;
            row->threads = n;
            row->samples =
                calloc(request->rounds * (VS_COMPARED_COUNT + request->policies[i]->lock_count),
                       sizeof *row->samples);
            if (!row->samples)
                return VS_ERR_MEMORY;
        }
    return 0;
}

int vs_compare(const struct vs_compare_request *request, struct vs_comparison *comparison,
               struct vs_error *error)
{
    double *scratch = calloc(request->rounds + 1, sizeof *scratch);
    size_t done = 0;
    *comparison = (struct vs_comparison){.request = request};
    int ret = make_rows(comparison);
    if (!scratch || ret < 0) {
        ret = vs_error_set(error, VS_ERR_MEMORY, "out of memory");
        goto out;
    }
    size_t all = comparison->row_count * request->rounds;
    for (size_t i = 0; ret == 0 && i < comparison->row_count; i++)
        ret = simulate(request, &comparison->rows[i], error);
    for (uint32_t round = 0; ret == 0 && round < request->rounds; round++)
        for (size_t i = 0; ret == 0 && i < comparison->row_count; i++) {
            if (request->progress)
                request->progress(request->progress_context, done++, all);
            ret = measure(request, &comparison->rows[i], error);
        }
    for (size_t i = 0; ret == 0 && i < comparison->row_count; i++)
        finish_row(request, &comparison->rows[i], scratch);
out:
    free(scratch);
    if (ret < 0)
        vs_comparison_release(comparison);
    return ret;
}

void vs_comparison_release(struct vs_comparison *comparison)
{
    for (size_t i = 0; i < comparison->row_count; i++)
        free(comparison->rows[i].samples);
    free(comparison->rows);
    comparison->rows = NULL;
    comparison->row_count = 0;
}
