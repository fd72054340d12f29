/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a comparison needs of a result.  The row of table run is filled from
 * this too, so that what is printed and what is stored cannot differ.
 */
#include "summary.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void summarise_contention(const struct vs_result *result, const struct vs_policy *policy,
                                 struct vs_summary *summary)
{
    int most = vs_result_most_contended(result, policy);

    if (most < 0 || (size_t)most >= policy->lock_count)
        return;
    snprintf(summary->most_contended, sizeof(summary->most_contended), "%s",
             policy->locks[most].name);
    summary->most_contended_below_vpci = policy->locks[most].below_vpci;
    for (size_t i = 0; i < result->lock_count; i++) {
        if (result->locks[i].lock == most)
            summary->most_contended_wait_ns += result->locks[i].wait_total_ns;
    }
}

static void summarise_hazards(const struct vs_result *result, const struct vs_workload *workload,
                              struct vs_summary *summary)
{
    for (size_t i = 0; i < VS_HAZARD_COUNT; i++) {
        const struct vs_hazard_stat *from = &result->hazards[i];

        if (from->count == 0)
            continue;
        summary->hazards[i].count = from->count;
        summary->hazards[i].first_ns = from->first_ns;
        vs_hazard_first_text(from, workload, summary->hazards[i].first_text);
    }
    summary->hazard_total = vs_result_hazard_total(result);
}

int vs_summary_from_result(const struct vs_result *result, const struct vs_policy *policy,
                           const struct vs_workload *workload, struct vs_summary *summary,
                           struct vs_error *error)
{
    *summary = (struct vs_summary){
        .outcome = result->outcome,
        .measured = result->measured,
        .outcome_text = vs_deadlock_text(result, policy, workload),
        .calls = result->calls,
        .makespan_ns = result->makespan_ns,
        .floor_ns = result->floor_ns,
        .p50_ns = vs_histogram_quantile_ns(&result->latency, 0.50),
        .p90_ns = vs_histogram_quantile_ns(&result->latency, 0.90),
        .p99_ns = vs_histogram_quantile_ns(&result->latency, 0.99),
        .p999_ns = vs_histogram_quantile_ns(&result->latency, 0.999),
        .max_ns = result->latency.max_ns,
        .lock_wait_ns = result->lock_wait_total_ns,
        .cross_domain_wait_ns = result->cross_domain_wait_ns,
    };
    if (!summary->outcome_text)
        return vs_error_set(error, VS_ERR_MEMORY, "out of memory");
    if (result->makespan_ns > 0)
        summary->throughput_per_s =
            (double)result->calls * (double)VS_NS_PER_S / (double)result->makespan_ns;
    summarise_contention(result, policy, summary);
    summarise_hazards(result, workload, summary);
    return 0;
}

void vs_summary_release(struct vs_summary *summary)
{
    if (!summary)
        return;
    free(summary->outcome_text);
    summary->outcome_text = NULL;
}
