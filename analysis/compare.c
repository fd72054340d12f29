/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one place that decides what is a difference and what is chance. */
#include "compare.h"

double vs_compare_typical_p99(const struct vs_run_row *run)
{
    return run->replicas > 1 ? run->p99_median_ns : (double)run->p99_ns;
}

double vs_compare_typical_throughput(const struct vs_run_row *run)
{
    return run->replicas > 1 ? run->throughput_median : run->throughput_per_s;
}

bool vs_compare_measured(const struct vs_run_row *a, const struct vs_run_row *b)
{
    return a->replicas >= VS_REPLICAS_ENOUGH && b->replicas >= VS_REPLICAS_ENOUGH;
}

/* low is better than high; by how much must they differ? */
static bool apart_p99(const struct vs_run_row *low, const struct vs_run_row *high)
{
    double better = vs_compare_typical_p99(low), worse = vs_compare_typical_p99(high);

    if (vs_compare_measured(low, high))
        return (double)high->p99_low_ns > (double)low->p99_high_ns &&
               worse - better > VS_STEP_P99 * better;
    return !((worse - better) / (better + 1) < VS_APART_P99);
}

int vs_compare_p99(const struct vs_run_row *a, const struct vs_run_row *b)
{
    if (vs_compare_typical_p99(a) <= vs_compare_typical_p99(b))
        return apart_p99(a, b) ? -1 : 0;
    return apart_p99(b, a) ? 1 : 0;
}

static bool apart_throughput(const struct vs_run_row *high, const struct vs_run_row *low)
{
    double better = vs_compare_typical_throughput(high);
    double worse = vs_compare_typical_throughput(low);

    if (vs_compare_measured(high, low) && high->throughput_low <= low->throughput_high)
        return false;
    return !(1 - worse / better <= VS_STEP_THROUGHPUT);
}

int vs_compare_throughput(const struct vs_run_row *a, const struct vs_run_row *b)
{
    if (vs_compare_typical_throughput(a) >= vs_compare_typical_throughput(b))
        return apart_throughput(a, b) ? -1 : 0;
    return apart_throughput(b, a) ? 1 : 0;
}
