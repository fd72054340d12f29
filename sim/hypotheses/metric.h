/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One number of a replay, named in words:
 *
 *   p50, p99, p99.9, max, mean          latency of all accesses, ns
 *   p99 of toggle-decode                the same of one operation
 *   throughput                          calls per second of virtual time
 *   makespan                            ns
 *   vpci-wait, cross-domain-wait        ns waited for vPCI's own locks, summed; the
 *                                       part of it while another domain held them
 *   hold-mean of pci_lock write         ns, instances summed; also hold-max,
 *                                       wait-mean (over all acquisitions), wait-max
 *   try-failed of pcidevs_lock          share of trylocks that failed, 0 to 1
 */
#ifndef VS_HYPOTHESES_METRIC_H
#define VS_HYPOTHESES_METRIC_H

#include "base/json.h"
#include "engine/result.h"

enum vs_measure {
    VS_MEASURE_P50,
    VS_MEASURE_P99,
    VS_MEASURE_P999,
    VS_MEASURE_MAX,
    VS_MEASURE_MEAN,
    VS_MEASURE_THROUGHPUT,
    VS_MEASURE_MAKESPAN,
    VS_MEASURE_VPCI_WAIT,
    VS_MEASURE_CROSS_DOMAIN_WAIT,
    VS_MEASURE_HOLD_MEAN,
    VS_MEASURE_HOLD_MAX,
    VS_MEASURE_WAIT_MEAN,
    VS_MEASURE_WAIT_MAX,
    VS_MEASURE_TRY_FAILED,
    VS_MEASURE_COUNT
};

enum vs_measure_unit { VS_UNIT_NS, VS_UNIT_PER_S, VS_UNIT_SHARE };

struct vs_metric {
    const char *text; /* as written */
    enum vs_measure measure;
    int op;        /* enum vs_op, or -1: all accesses */
    int mode;      /* enum vs_lock_mode, or -1: any */
    char lock[48]; /* of a lock's measure */
};

/* VS_ERR_INPUT with the place. */
int vs_metric_read(const struct vs_json *at, struct vs_metric *metric, struct vs_error *error);
/* VS_ERR_INPUT when the policy has no such lock, or the replay no such operation or trylock. */
int vs_metric_value(const struct vs_metric *metric, const struct vs_result *result,
                    const struct vs_policy *policy, double *value, struct vs_error *error);
enum vs_measure_unit vs_metric_unit(const struct vs_metric *metric);
/* A value with its unit, "4.21 us", into buffer[VS_METRIC_TEXT].  Returns buffer. */
#define VS_METRIC_TEXT 32
char *vs_metric_text(const struct vs_metric *metric, double value, char *buffer);

#endif
