/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Metrics by name: parsed once, read from results. */
#include "metric.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"

/* What may follow "of". */
enum subject { SUBJECT_NONE, SUBJECT_OPERATION, SUBJECT_LOCK };

static const struct {
    const char *name;
    enum vs_measure_unit unit;
    enum subject subject;
} measures[VS_MEASURE_COUNT] = {
    [VS_MEASURE_P50] = {"p50", VS_UNIT_NS, SUBJECT_OPERATION},
    [VS_MEASURE_P99] = {"p99", VS_UNIT_NS, SUBJECT_OPERATION},
    [VS_MEASURE_P999] = {"p99.9", VS_UNIT_NS, SUBJECT_OPERATION},
    [VS_MEASURE_MAX] = {"max", VS_UNIT_NS, SUBJECT_OPERATION},
    [VS_MEASURE_MEAN] = {"mean", VS_UNIT_NS, SUBJECT_OPERATION},
    [VS_MEASURE_THROUGHPUT] = {"throughput", VS_UNIT_PER_S, SUBJECT_NONE},
    [VS_MEASURE_MAKESPAN] = {"makespan", VS_UNIT_NS, SUBJECT_NONE},
    [VS_MEASURE_VPCI_WAIT] = {"vpci-wait", VS_UNIT_NS, SUBJECT_NONE},
    [VS_MEASURE_CROSS_DOMAIN_WAIT] = {"cross-domain-wait", VS_UNIT_NS, SUBJECT_NONE},
    [VS_MEASURE_HOLD_MEAN] = {"hold-mean", VS_UNIT_NS, SUBJECT_LOCK},
    [VS_MEASURE_HOLD_MAX] = {"hold-max", VS_UNIT_NS, SUBJECT_LOCK},
    [VS_MEASURE_WAIT_MEAN] = {"wait-mean", VS_UNIT_NS, SUBJECT_LOCK},
    [VS_MEASURE_WAIT_MAX] = {"wait-max", VS_UNIT_NS, SUBJECT_LOCK},
    [VS_MEASURE_TRY_FAILED] = {"try-failed", VS_UNIT_SHARE, SUBJECT_LOCK},
};

enum vs_measure_unit vs_metric_unit(const struct vs_metric *metric)
{
    return measures[metric->measure].unit;
}

static int read_measure(const struct vs_json *at, const char *word, struct vs_metric *metric,
                        struct vs_error *error)
{
    const char *names[VS_MEASURE_COUNT + 1] = {NULL};

    for (int i = 0; i < VS_MEASURE_COUNT; i++) {
        names[i] = measures[i].name;
        if (strcmp(word, names[i]) == 0) {
            metric->measure = (enum vs_measure)i;
            return 0;
        }
    }
    const char *near = vs_nearest(word, names);

    return vs_json_refuse(at, error, "unknown metric \"%s\"%s%s%s", word,
                          near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

static int read_mode(const struct vs_json *at, const char *word, struct vs_metric *metric,
                     struct vs_error *error)
{
    for (int i = 0; i < VS_MODE_COUNT; i++)
        if (strcmp(word, vs_lock_mode_name((enum vs_lock_mode)i)) == 0) {
            metric->mode = i;
            return 0;
        }
    return vs_json_refuse(at, error, "expected exclusive, read or write, found \"%s\"", word);
}

int vs_metric_read(const struct vs_json *at, struct vs_metric *metric, struct vs_error *error)
{
    char words[4][48] = {"", "", "", ""}, rest;

    *metric = (struct vs_metric){.op = -1, .mode = -1};
    int ret = vs_json_string(at, &metric->text, error);

    if (ret < 0)
        return ret;
    int count = sscanf(metric->text, "%47s %47s %47s %47s %c", words[0], words[1], words[2],
                       words[3], &rest);

    if (count < 1)
        return vs_json_refuse(at, error, "expected a metric, found nothing");
    ret = read_measure(at, words[0], metric, error);
    if (ret < 0)
        return ret;
    enum subject subject = measures[metric->measure].subject;

    if (count == 1)
        return subject == SUBJECT_LOCK ? vs_json_refuse(at, error, "expected \"of\" and a lock")
                                       : 0;
    if (subject == SUBJECT_NONE || strcmp(words[1], "of") != 0 || count < 3 ||
        count > (subject == SUBJECT_LOCK ? 4 : 3))
        return vs_json_refuse(at, error, "\"%s\" cannot be read as a metric", metric->text);
    if (subject == SUBJECT_OPERATION) {
        metric->op = vs_op_from_name(words[2]);
        return metric->op < 0 ? vs_json_refuse(at, error, "unknown operation \"%s\"", words[2]) : 0;
    }
    memcpy(metric->lock, words[2], sizeof(metric->lock));
    return count == 4 ? read_mode(at, words[3], metric, error) : 0;
}

/* ------------------------------------------------------------------- measuring */

static double of_histogram(const struct vs_histogram *latency, enum vs_measure measure)
{
    switch (measure) {
    case VS_MEASURE_P50:
        return (double)vs_histogram_quantile_ns(latency, 0.50);
    case VS_MEASURE_P99:
        return (double)vs_histogram_quantile_ns(latency, 0.99);
    case VS_MEASURE_P999:
        return (double)vs_histogram_quantile_ns(latency, 0.999);
    case VS_MEASURE_MAX:
        return (double)latency->max_ns;
    default:
        return latency->count ? (double)latency->total_ns / (double)latency->count : 0;
    }
}

static int of_operation(const struct vs_metric *metric, const struct vs_result *result,
                        double *value, struct vs_error *error)
{
    struct vs_histogram sum = {0};

    for (size_t i = 0; i < result->latency_count; i++)
        if (result->latencies[i].op == metric->op)
            vs_histogram_merge(&sum, &result->latencies[i].latency);
    if (sum.count == 0)
        return vs_error_set(error, VS_ERR_INPUT, "metric \"%s\": the replay has no such operation",
                            metric->text);
    *value = of_histogram(&sum, metric->measure);
    return 0;
}

/* All instances in the modes asked for, as one. */
static int of_lock(const struct vs_metric *metric, const struct vs_result *result,
                   const struct vs_policy *policy, double *value, struct vs_error *error)
{
    struct vs_lock_stat sum = {0};

    for (size_t i = 0; i < result->lock_count; i++) {
        const struct vs_lock_stat *stat = &result->locks[i];

        if (strcmp(policy->locks[stat->lock].name, metric->lock) != 0 ||
            (metric->mode >= 0 && stat->mode != metric->mode))
            continue;
        sum.acquire_count += stat->acquire_count;
        sum.try_count += stat->try_count;
        sum.try_failed_count += stat->try_failed_count;
        sum.wait_total_ns += stat->wait_total_ns;
        sum.hold_count += stat->hold_count;
        sum.hold_total_ns += stat->hold_total_ns;
        if (stat->wait_max_ns > sum.wait_max_ns)
            sum.wait_max_ns = stat->wait_max_ns;
        if (stat->hold_max_ns > sum.hold_max_ns)
            sum.hold_max_ns = stat->hold_max_ns;
    }
    uint64_t count = metric->measure == VS_MEASURE_TRY_FAILED  ? sum.try_count
                     : metric->measure == VS_MEASURE_HOLD_MEAN ? sum.hold_count
                                                               : sum.acquire_count;

    if (count == 0)
        return vs_error_set(error, VS_ERR_INPUT, "metric \"%s\": not in a replay under policy %s",
                            metric->text, policy->name);
    *value = metric->measure == VS_MEASURE_TRY_FAILED  ? (double)sum.try_failed_count
             : metric->measure == VS_MEASURE_HOLD_MEAN ? (double)sum.hold_total_ns
             : metric->measure == VS_MEASURE_WAIT_MEAN ? (double)sum.wait_total_ns
             : metric->measure == VS_MEASURE_HOLD_MAX  ? (double)sum.hold_max_ns
                                                       : (double)sum.wait_max_ns;
    if (metric->measure != VS_MEASURE_HOLD_MAX && metric->measure != VS_MEASURE_WAIT_MAX)
        *value /= (double)count;
    return 0;
}

/* The locks below vPCI are the same under every policy: not a policy's doing. */
static double vpci_wait(const struct vs_result *result, const struct vs_policy *policy, bool cross)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < result->lock_count; i++)
        if (!policy->locks[result->locks[i].lock].below_vpci)
            sum += cross ? result->locks[i].cross_domain_wait_ns : result->locks[i].wait_total_ns;
    return (double)sum;
}

int vs_metric_value(const struct vs_metric *metric, const struct vs_result *result,
                    const struct vs_policy *policy, double *value, struct vs_error *error)
{
    switch (measures[metric->measure].subject) {
    case SUBJECT_OPERATION:
        if (metric->op >= 0)
            return of_operation(metric, result, value, error);
        *value = of_histogram(&result->latency, metric->measure);
        return 0;
    case SUBJECT_LOCK:
        return of_lock(metric, result, policy, value, error);
    case SUBJECT_NONE:
        break;
    }
    if (metric->measure == VS_MEASURE_THROUGHPUT)
        *value = result->makespan_ns
                     ? (double)result->calls * (double)VS_NS_PER_S / (double)result->makespan_ns
                     : 0;
    else if (metric->measure == VS_MEASURE_MAKESPAN)
        *value = (double)result->makespan_ns;
    else
        *value = vpci_wait(result, policy, metric->measure == VS_MEASURE_CROSS_DOMAIN_WAIT);
    return 0;
}

char *vs_metric_text(const struct vs_metric *metric, double value, char *buffer)
{
    switch (measures[metric->measure].unit) {
    case VS_UNIT_NS:
        return vs_duration_text((vs_ns)llround(value), buffer);
    case VS_UNIT_PER_S:
        snprintf(buffer, VS_METRIC_TEXT, "%.0f/s", value);
        break;
    case VS_UNIT_SHARE:
        snprintf(buffer, VS_METRIC_TEXT, "%.3g %%", 100 * value);
        break;
    }
    return buffer;
}
