/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes a reference workload as text for the peers, and beside it what our engine
 * makes of it: totals and time.  Times are drawn a thousand times finer than in
 * the benchmark, so that events hardly ever coincide: peers that resolve ties in
 * another way than ours must agree all the same.
 *
 *   reference-dump global|domain VCPUS ACCESSES FILE
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/measure.h"
#include "bench/reference.h"

#define FINER      1000u
#define START_STEP 3u /* between the first accesses of two vCPUs */

/* Anything that spreads: a multiplicative hash of the place. */
static void spread_times(struct vs_workload *workload)
{
    for (size_t i = 0; i < workload->call_count; i++) {
        uint64_t hash = (i + 1) * UINT64_C(0x9e3779b97f4a7c15);
        workload->calls[i].time_ns = (vs_ns)workload->calls[i].actor * START_STEP;
        workload->measured_ns[i] =
            workload->measured_ns[i] * FINER + (uint32_t)(hash >> 54) % FINER;
    }
}

static int write_text(const char *path, const struct vs_workload *workload,
                      const struct vs_reference_size *size)
{
    FILE *out = fopen(path, "w");
    if (!out)
        return -1;
    fprintf(out, "%" PRIu32 " %" PRIu32 " %" PRIu32 " %zu\n", size->vcpus, size->domains,
            size->domains * size->devices_per_domain, workload->call_count);
    for (size_t i = 0; i < workload->call_count; i++) {
        const struct vs_call *call = &workload->calls[i];
        fprintf(out, "%u %u %u %d %" PRIu64 " %" PRIu32 "\n", call->actor,
                workload->actors[call->actor].domain, call->device,
                workload->shapes[call->shape].op == VS_OP_WRITE_PASSTHROUGH, call->time_ns,
                workload->measured_ns[i]);
    }
    return fclose(out);
}

static const struct vs_reference_size *find_size(const char *vcpus)
{
    for (size_t i = 0; i < VS_REFERENCE_SIZES; i++)
        if (vs_reference_sizes[i].vcpus == strtoul(vcpus, NULL, 10))
            return &vs_reference_sizes[i];
    return NULL;
}

int main(int argc, char **argv)
{
    struct vs_error error = VS_ERROR_INIT;
    struct vs_workload *workload = NULL;
    struct vs_policy *policy = NULL;
    struct vs_measured measured = {0};
    const struct vs_reference_size *size = argc == 5 ? find_size(argv[2]) : NULL;
    uint64_t accesses = argc == 5 ? strtoull(argv[3], NULL, 10) : 0;

    if (!size || accesses == 0) {
        fprintf(stderr, "usage: %s global|domain 4|64|512 ACCESSES FILE\n", argv[0]);
        return 2;
    }
    struct vs_machine machine = vs_reference_machine(size->vcpus);
    int ret = vs_reference_policy(strcmp(argv[1], "domain") == 0, &policy, &error);
    if (ret >= 0)
        ret = vs_reference_workload(size, accesses, 0, &workload, &error);
    if (ret >= 0) {
        spread_times(workload);
        ret = vs_measure_replay(workload, policy, &machine, VS_TIMING_OPEN, 3, &measured, &error);
    }
    if (ret >= 0 && write_text(argv[4], workload, size) != 0)
        ret = vs_error_set(&error, VS_ERR_HOST, "%s cannot be written", argv[4]);
    if (ret >= 0)
        printf("{\"makespan\": %" PRIu64 ", \"wait\": %" PRIu64 ", \"ns_per_access\": %.1f}\n",
               measured.result->makespan_ns, measured.result->lock_wait_total_ns,
               measured.whole_ns);
    else
        fprintf(stderr, "%s: %s\n", argv[0], error.text);
    vs_result_free(measured.result);
    vs_policy_free(policy);
    vs_workload_free(workload);
    return ret < 0 ? 1 : 0;
}
