/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of outcomes and hazards, what a result says most briefly, and its JSON. */
#include "result.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const hazard_names[VS_HAZARD_COUNT] = {
    [VS_HAZARD_USE_AFTER_FREE] = "use-after-free",
    [VS_HAZARD_LOCK_AFTER_FREE] = "lock-after-free",
    [VS_HAZARD_LIST_RACE] = "list-race",
    [VS_HAZARD_BAR_RACE] = "bar-race",
    [VS_HAZARD_DANGLING_PENDING] = "dangling-pending",
    [VS_HAZARD_FORMER_OWNER] = "former-owner",
    [VS_HAZARD_DOUBLE_FREE] = "double-free",
    [VS_HAZARD_SOFTIRQ_LOCKED] = "softirq-locked",
};

const char *vs_hazard_name(enum vs_hazard hazard)
{
    return (unsigned)hazard < VS_HAZARD_COUNT ? hazard_names[hazard] : NULL;
}

const char *vs_outcome_name(enum vs_outcome outcome)
{
    return outcome == VS_OUTCOME_DEADLOCK ? "deadlock" : "done";
}

void vs_result_free(struct vs_result *result)
{
    if (!result)
        return;
    free(result->latencies);
    free(result->locks);
    free(result->blockers);
    free(result->deadlock);
    free(result);
}

uint64_t vs_result_hazard_total(const struct vs_result *result)
{
    uint64_t total = 0;
    for (int i = 0; i < VS_HAZARD_COUNT; i++)
        total += result->hazards[i].count;
    return total;
}

int vs_result_most_contended(const struct vs_result *result, const struct vs_policy *policy)
{
    uint64_t wait_ns[VS_POLICY_LOCKS_MAX] = {0};
    int most = -1;
    for (size_t i = 0; i < result->lock_count; i++)
        wait_ns[result->locks[i].lock] += result->locks[i].wait_total_ns;
    for (size_t i = 0; i < policy->lock_count; i++)
        if (wait_ns[i] > 0 && (most < 0 || wait_ns[i] > wait_ns[most]))
            most = (int)i;
    return most;
}

/* -------------------------------------------------------------------- JSON */

struct naming {
    const struct vs_policy *policy;
    const struct vs_workload *workload;
};

static void domain_name(const struct naming *naming, uint16_t domain, char *name, size_t size)
{
    const struct vs_workload_domain *known = &naming->workload->domains[domain];
    if (known->name[0])
        snprintf(name, size, "%s", known->name);
    else
        snprintf(name, size, "d%u", known->id);
}

static void actor_name(const struct naming *naming, uint16_t actor, char *name, size_t size)
{
    const struct vs_actor *known = &naming->workload->actors[actor];
    char domain[48];
    domain_name(naming, known->domain, domain, sizeof domain);
    if (known->vcpu == VS_VCPU_NONE)
        snprintf(name, size, "%s events", domain);
    else
        snprintf(name, size, "%sv%u", domain, known->vcpu);
}

static void instance_name(const struct naming *naming, uint8_t lock, uint16_t instance, char *name,
                          size_t size)
{
    name[0] = 0;
    switch (naming->policy->locks[lock].scope) {
    case VS_SCOPE_DOMAIN:
        domain_name(naming, instance, name, size);
        break;
    case VS_SCOPE_DEVICE:
        if (instance < naming->workload->device_count)
            vs_sbdf_text(naming->workload->devices[instance].sbdf, name);
        break;
    case VS_SCOPE_GLOBAL:
        break;
    }
}

static struct vs_json_out *histogram_json(const struct vs_histogram *histogram)
{
    struct vs_json_out *out = vs_json_new_object();
    vs_json_add_u64(out, "count", histogram->count);
    vs_json_add_u64(out, "total_ns", histogram->total_ns);
    vs_json_add_u64(out, "p50_ns", vs_histogram_quantile_ns(histogram, 0.50));
    vs_json_add_u64(out, "p90_ns", vs_histogram_quantile_ns(histogram, 0.90));
    vs_json_add_u64(out, "p99_ns", vs_histogram_quantile_ns(histogram, 0.99));
    vs_json_add_u64(out, "p999_ns", vs_histogram_quantile_ns(histogram, 0.999));
    vs_json_add_u64(out, "max_ns", histogram->max_ns);
    struct vs_json_out *buckets = vs_json_new_array();
    for (uint32_t i = 0; i < VS_HISTOGRAM_BUCKETS; i++) {
        if (histogram->bucket[i] == 0)
            continue;
        struct vs_json_out *pair = vs_json_new_array();
        vs_json_add_u64(pair, NULL, vs_histogram_floor_ns(i));
        vs_json_add_u64(pair, NULL, histogram->bucket[i]);
        vs_json_add(buckets, NULL, pair);
    }
    vs_json_add(out, "buckets", buckets);
    return out;
}

static struct vs_json_out *latencies_json(const struct vs_result *result,
                                          const struct naming *naming)
{
    struct vs_json_out *out = vs_json_new_array();
    for (size_t i = 0; i < result->latency_count; i++) {
        const struct vs_latency_stat *stat = &result->latencies[i];
        struct vs_json_out *row = vs_json_new_object();
        char domain[48];
        domain_name(naming, stat->domain, domain, sizeof domain);
        vs_json_add_string(row, "operation", vs_op_table[stat->op].name);
        vs_json_add_string(row, "label", vs_op_table[stat->op].label);
        vs_json_add_string(row, "domain", domain);
        vs_json_add_u64(row, "wait_total_ns", stat->wait_total_ns);
        vs_json_add(row, "latency", histogram_json(&stat->latency));
        vs_json_add(out, NULL, row);
    }
    return out;
}

/* Threads measure the first of a lock's numbers, and the first of a result's. */
#define MEASURED_LOCK_NUMBERS 6
#define MEASURED_NUMBERS      9

static struct vs_json_out *locks_json(const struct vs_result *result, const struct naming *naming)
{
    struct vs_json_out *out = vs_json_new_array();
    for (size_t i = 0; i < result->lock_count; i++) {
        const struct vs_lock_stat *stat = &result->locks[i];
        const struct vs_lock_decl *decl = &naming->policy->locks[stat->lock];
        struct vs_json_out *row = vs_json_new_object();
        char instance[64];
        instance_name(naming, stat->lock, stat->instance, instance, sizeof instance);
        vs_json_add_string(row, "lock", decl->name);
        vs_json_add_string(row, "kind", vs_lock_kind_table[decl->kind].name);
        vs_json_add_string(row, "instance", instance);
        vs_json_add_string(row, "mode", vs_lock_mode_name(stat->mode));
        vs_json_add_boolean(row, "below_vpci", decl->below_vpci);
        const struct {
            const char *name;
            uint64_t value;
        } numbers[] = {
            {"acquire_count", stat->acquire_count},
            {"try_count", stat->try_count},
            {"try_failed_count", stat->try_failed_count},
            {"wait_count", stat->wait_count},
            {"wait_total_ns", stat->wait_total_ns},
            {"wait_max_ns", stat->wait_max_ns},
            {"hold_count", stat->hold_count},
            {"hold_total_ns", stat->hold_total_ns},
            {"hold_max_ns", stat->hold_max_ns},
            {"transfer_count", stat->transfer_count},
            {"cross_domain_wait_ns", stat->cross_domain_wait_ns},
        };
        size_t known = sizeof numbers / sizeof numbers[0];
        if (result->measured)
            known = MEASURED_LOCK_NUMBERS;
        for (size_t k = 0; k < known; k++)
            vs_json_add_u64(row, numbers[k].name, numbers[k].value);
        vs_json_add(out, NULL, row);
    }
    return out;
}

static struct vs_json_out *blockers_json(const struct vs_result *result,
                                         const struct naming *naming)
{
    struct vs_json_out *out = vs_json_new_array();
    for (size_t i = 0; i < result->blocker_count; i++) {
        const struct vs_blocker_stat *stat = &result->blockers[i];
        struct vs_json_out *row = vs_json_new_object();
        vs_json_add_string(row, "waiter", vs_op_table[stat->waiter_op].name);
        vs_json_add_string(row, "holder", vs_op_table[stat->holder_op].name);
        vs_json_add_string(row, "lock", naming->policy->locks[stat->lock].name);
        vs_json_add_boolean(row, "cross_domain", stat->cross_domain);
        vs_json_add_u64(row, "wait_ns", stat->wait_ns);
        vs_json_add(out, NULL, row);
    }
    return out;
}

static struct vs_json_out *buckets_json(const struct vs_result *result)
{
    struct vs_json_out *out = vs_json_new_array();
    for (size_t i = 0; i < result->bucket_count; i++) {
        struct vs_json_out *row = vs_json_new_array();
        vs_json_add_u64(row, NULL, result->buckets[i].busy_ns);
        vs_json_add_u64(row, NULL, result->buckets[i].wait_ns);
        vs_json_add_u64(row, NULL, result->buckets[i].calls);
        vs_json_add(out, NULL, row);
    }
    return out;
}

static const char *op_name_or_unknown(uint8_t op)
{
    return op < VS_OP_COUNT ? vs_op_table[op].name : "unknown";
}

static struct vs_json_out *hazards_json(const struct vs_result *result, const struct naming *naming)
{
    struct vs_json_out *out = vs_json_new_array();
    for (int i = 0; i < VS_HAZARD_COUNT; i++) {
        const struct vs_hazard_stat *stat = &result->hazards[i];
        if (stat->count == 0)
            continue;
        struct vs_json_out *row = vs_json_new_object();
        char name[80], sbdf[VS_SBDF_TEXT] = "";
        actor_name(naming, stat->actor, name, sizeof name);
        if (stat->device < naming->workload->device_count)
            vs_sbdf_text(naming->workload->devices[stat->device].sbdf, sbdf);
        vs_json_add_string(row, "hazard", hazard_names[i]);
        vs_json_add_u64(row, "count", stat->count);
        vs_json_add_u64(row, "first_ns", stat->first_ns);
        vs_json_add_string(row, "actor", name);
        vs_json_add_string(row, "operation", op_name_or_unknown(stat->op));
        vs_json_add_string(row, "other_operation", op_name_or_unknown(stat->other_op));
        vs_json_add_string(row, "device", sbdf);
        vs_json_add(out, NULL, row);
    }
    return out;
}

static struct vs_json_out *deadlock_json(const struct vs_result *result,
                                         const struct naming *naming)
{
    struct vs_json_out *out = vs_json_new_array();
    for (size_t i = 0; i < result->deadlock_count; i++) {
        const struct vs_deadlock_edge *edge = &result->deadlock[i];
        struct vs_json_out *row = vs_json_new_object();
        char name[80], instance[64];
        actor_name(naming, edge->actor, name, sizeof name);
        instance_name(naming, edge->lock, edge->instance, instance, sizeof instance);
        vs_json_add_string(row, "actor", name);
        vs_json_add_string(row, "operation", op_name_or_unknown(edge->op));
        vs_json_add_string(row, "lock", naming->policy->locks[edge->lock].name);
        vs_json_add_string(row, "instance", instance);
        vs_json_add_string(row, "mode", vs_lock_mode_name(edge->mode));
        if (edge->holder == UINT16_MAX) {
            vs_json_add_null(row, "holder");
        } else {
            actor_name(naming, edge->holder, name, sizeof name);
            vs_json_add_string(row, "holder", name);
        }
        vs_json_add_string(row, "holder_operation", op_name_or_unknown(edge->holder_op));
        vs_json_add(out, NULL, row);
    }
    return out;
}

struct vs_json_out *vs_result_json(const struct vs_result *result, const struct vs_policy *policy,
                                   const struct vs_workload *workload)
{
    const struct naming naming = {.policy = policy, .workload = workload};
    struct vs_json_out *out = vs_json_new_object();
    int most = vs_result_most_contended(result, policy);
    vs_json_add_string(out, "outcome", vs_outcome_name(result->outcome));
    const struct {
        const char *name;
        uint64_t value;
    } numbers[] = {
        {"calls", result->calls},
        {"deferred_maps", result->deferred_maps},
        {"missed_calls", result->missed_calls},
        {"steps", result->steps},
        {"makespan_ns", result->makespan_ns},
        {"floor_ns", result->floor_ns},
        {"lock_wait_total_ns", result->lock_wait_total_ns},
        {"cpu_wait_total_ns", result->cpu_wait_total_ns},
        {"hazard_total", vs_result_hazard_total(result)},
        {"cross_domain_wait_ns", result->cross_domain_wait_ns},
        {"grace_periods", result->grace_periods},
        {"grace_period_max_ns", result->grace_period_max_ns},
    };
    size_t known = result->measured ? MEASURED_NUMBERS : sizeof numbers / sizeof numbers[0];
    for (size_t i = 0; i < known; i++)
        vs_json_add_u64(out, numbers[i].name, numbers[i].value);
    if (result->cold_lines > 0) { /* only where lists change */
        vs_json_add_u64(out, "cold_lines", result->cold_lines);
        vs_json_add_u64(out, "cold_ns", result->cold_ns);
    }
    vs_json_add_string(out, "most_contended", most < 0 ? "" : policy->locks[most].name);
    vs_json_add(out, "latency", histogram_json(&result->latency));
    vs_json_add(out, "operations", latencies_json(result, &naming));
    vs_json_add(out, "locks", locks_json(result, &naming));
    vs_json_add(out, "hazards", hazards_json(result, &naming));
    vs_json_add(out, "deadlock", deadlock_json(result, &naming));
    if (result->measured) { /* and what follows is absent */
        vs_json_add_string(out, "measured_by", result->measured_by);
        vs_json_add_u64(out, "forced_switches", result->forced_switches);
        return out;
    }
    vs_json_add(out, "blockers", blockers_json(result, &naming));
    vs_json_add_u64(out, "bucket_ns", result->bucket_ns);
    vs_json_add(out, "buckets", buckets_json(result));
    struct vs_json_out *identities = vs_json_new_object();
    vs_json_add_double(identities, "little_worst", result->identities.little_worst);
    vs_json_add_u64(identities, "time_error_ns", result->identities.time_error_ns);
    vs_json_add_u64(identities, "overlap_count", result->identities.overlap_count);
    vs_json_add(out, "identities", identities);
    return out;
}
