/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A run and its result as rows.  The layout of the blobs is in schema.sql.
 */
#include "rows.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/json.h"
#include "base/options.h"
#include "label.h"
#include "summary.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int no_memory(struct vs_error *error)
{
    return vs_error_set(error, VS_ERR_MEMORY, "out of memory");
}

/* ------------------------------------------------------------------- blobs */

#define HISTOGRAM_ENTRY_BYTES 12
#define BUCKET_ENTRY_BYTES    24

static uint8_t *put_le(uint8_t *at, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        *at++ = (uint8_t)(value >> (8 * i));
    return at;
}

static uint8_t *histogram_blob(const struct vs_histogram *histogram, size_t *size_bytes)
{
    uint8_t *blob = malloc(VS_HISTOGRAM_BUCKETS * HISTOGRAM_ENTRY_BYTES);
    uint8_t *at = blob;

    if (!blob)
        return NULL;
    for (uint32_t i = 0; i < VS_HISTOGRAM_BUCKETS; i++) {
        if (histogram->bucket[i] == 0)
            continue;
        at = put_le(at, i, 4);
        at = put_le(at, histogram->bucket[i], 8);
    }
    *size_bytes = (size_t)(at - blob);
    return blob;
}

static uint8_t *buckets_blob(const struct vs_result *result, size_t *size_bytes)
{
    uint8_t *blob = malloc(VS_BUCKETS_MAX * BUCKET_ENTRY_BYTES);
    uint8_t *at = blob;

    if (!blob)
        return NULL;
    for (size_t i = 0; i < result->bucket_count && i < VS_BUCKETS_MAX; i++) {
        at = put_le(at, result->buckets[i].busy_ns, 8);
        at = put_le(at, result->buckets[i].wait_ns, 8);
        at = put_le(at, result->buckets[i].calls, 8);
    }
    *size_bytes = (size_t)(at - blob);
    return blob;
}

/* ------------------------------------------------------------- JSON columns */

static struct vs_json_out *strings_json(char *const *items, size_t count)
{
    struct vs_json_out *array = vs_json_new_array();

    for (size_t i = 0; i < count; i++)
        vs_json_add_string(array, NULL, items[i]);
    return array;
}

static struct vs_json_out *guesses_json(const struct vs_workload *workload)
{
    struct vs_json_out *object = vs_json_new_object();

    for (int i = 0; i < VS_GUESS_COUNT; i++) {
        if (workload->guess_count[i] > 0)
            vs_json_add_u64(object, vs_guess_name((enum vs_guess)i), workload->guess_count[i]);
    }
    return object;
}

static struct vs_json_out *options_json(const struct vs_run *run)
{
    struct vs_json_out *object = vs_json_new_object();
    struct vs_json_out *traces = vs_json_new_array();

    for (size_t i = 0; i < run->trace_path_count; i++)
        vs_json_add_string(traces, NULL, run->trace_paths[i]);
    vs_json_add(object, "traces", traces);
    vs_json_add_string(object, "policy", run->policy->name);
    vs_json_add_string(object, "policy-file", run->policy->file);
    vs_json_add_string(object, "machine", run->machine->name);
    vs_json_add_string(object, "machine-file", run->machine->file);
    vs_json_add_string(object, "timing", vs_timing_name(run->engine.timing));
    vs_json_add_u64(object, "cpus", run->engine.cpus);
    vs_json_add_double(object, "speed", run->load.speed);
    vs_json_add_u64(object, "clone", run->load.clones);
    vs_json_add_u64(object, "seed", run->load.seed);
    vs_json_add_boolean(object, "rebase", run->load.rebase);
    vs_json_add_u64(object, "max-think-ns", run->load.max_think_ns);
    return object;
}

/* Takes the tree; its text on one line, which the caller frees, or NULL. */
static char *take_text(struct vs_json_out *json)
{
    char *text = NULL;

    if (vs_json_text(json, &text, NULL) != 0)
        text = NULL;
    vs_json_out_free(json);
    return text;
}

/* ----------------------------------------------------------------- the run */

/* What the run row needs beyond plain fields; all owned. */
struct run_parts {
    struct vs_summary summary;
    char *what_if, *notes, *guesses, *options;
    uint8_t *histogram, *buckets;
    size_t histogram_bytes, buckets_bytes;
    char key[VS_RUN_KEY_TEXT];
    char created_at[VS_NOW_TEXT];
};

static void release_parts(struct run_parts *parts)
{
    vs_summary_release(&parts->summary);
    free(parts->what_if);
    free(parts->notes);
    free(parts->guesses);
    free(parts->options);
    free(parts->histogram);
    free(parts->buckets);
}

static int make_parts(const struct vs_run *run, const struct vs_result *result,
                      struct run_parts *parts, struct vs_error *error)
{
    const struct vs_workload *workload = run->workload;
    int ret = vs_summary_from_result(result, run->policy, workload, &parts->summary, error);

    if (ret < 0)
        return ret;
    parts->what_if = take_text(strings_json(workload->what_if, workload->what_if_count));
    parts->notes = take_text(strings_json(workload->notes, workload->note_count));
    parts->guesses = take_text(guesses_json(workload));
    parts->options = take_text(options_json(run));
    parts->histogram = histogram_blob(&result->latency, &parts->histogram_bytes);
    parts->buckets = buckets_blob(result, &parts->buckets_bytes);
    if (!parts->what_if || !parts->notes || !parts->guesses || !parts->options ||
        !parts->histogram || !parts->buckets)
        return no_memory(error);
    vs_run_key(run, parts->key);
    vs_now_text(parts->created_at);
    return 0;
}

char *vs_now_text(char *buffer)
{
    time_t now = time(NULL);
    struct tm utc = {0};

    gmtime_r(&now, &utc);
    strftime(buffer, VS_NOW_TEXT, "%Y-%m-%dT%H:%M:%SZ", &utc);
    return buffer;
}

uint64_t vs_policy_rank(const struct vs_policy *policy)
{
    const char *const *names = vs_policy_names();
    const char *shipped = vs_policy_builtin_text(policy->name);

    if (!shipped || strcmp(shipped, policy->text) != 0)
        return VS_RANK_OWN;
    for (uint64_t i = 0; names[i]; i++) {
        if (strcmp(names[i], policy->name) == 0)
            return i;
    }
    return VS_RANK_OWN;
}

static int emit_run(const struct vs_run *run, const struct vs_result *result, vs_row_sink sink,
                    void *context, struct vs_error *error)
{
    const struct vs_workload *workload = run->workload;
    struct run_parts parts = {0};
    int ret = make_parts(run, result, &parts, error);

    if (ret < 0)
        goto out;
    const struct vs_summary *summary = &parts.summary;
    const struct vs_cell row[] = {
        vs_cell_text("run_key", parts.key),
        vs_cell_text("created_at", parts.created_at),
        vs_cell_text("version", VS_VERSION),
        vs_cell_text("trace_name", workload->name),
        vs_cell_text("trace_hash", workload->hash),
        vs_cell_u64("emulated", workload->emulated),
        vs_cell_u64("synthetic", workload->synthetic),
        vs_cell_text("what_if", parts.what_if),
        vs_cell_text("notes", parts.notes),
        vs_cell_u64("records", workload->records),
        vs_cell_u64("lost_records", workload->lost_records),
        vs_cell_u64("injected_calls", workload->injected_calls),
        vs_cell_u64("synthetic_calls", workload->synthetic_calls),
        vs_cell_text("guesses", parts.guesses),
        vs_cell_u64("recorded_span_ns", workload->span_ns),
        vs_cell_u64("domains", workload->domain_count),
        vs_cell_u64("vcpus", workload->actor_count),
        vs_cell_u64("devices", workload->device_count),
        vs_cell_text("policy", run->policy->name),
        vs_cell_text("policy_source", run->policy->source ? run->policy->source : ""),
        vs_cell_text("policy_text", run->policy->text),
        vs_cell_u64("policy_rank", vs_policy_rank(run->policy)),
        vs_cell_text("machine", run->machine->name),
        vs_cell_text("machine_text", run->machine->text),
        vs_cell_u64("machine_assumptions", run->machine->assumption_count),
        vs_cell_u64("cpus", run->engine.cpus),
        vs_cell_text("timing", vs_timing_name(run->engine.timing)),
        vs_cell_real("speed", run->load.speed),
        vs_cell_u64("clones", run->load.clones),
        vs_cell_u64("seed", run->load.seed),
        vs_cell_u64("rebase", run->load.rebase),
        vs_cell_u64("max_think_ns", run->load.max_think_ns),
        vs_cell_text("options", parts.options),
        vs_cell_text("outcome", vs_outcome_name(result->outcome)),
        vs_cell_text("outcome_text", summary->outcome_text),
        vs_cell_u64("calls", result->calls),
        vs_cell_u64("deferred_maps", result->deferred_maps),
        vs_cell_u64("missed_calls", result->missed_calls),
        vs_cell_u64("makespan_ns", result->makespan_ns),
        vs_cell_u64("floor_ns", result->floor_ns),
        vs_cell_u64("lock_wait_ns", result->lock_wait_total_ns),
        vs_cell_u64("cpu_wait_ns", result->cpu_wait_total_ns),
        vs_cell_u64("cross_domain_wait_ns", result->cross_domain_wait_ns),
        vs_cell_real("throughput_per_s", summary->throughput_per_s),
        vs_cell_u64("p50_ns", summary->p50_ns),
        vs_cell_u64("p90_ns", summary->p90_ns),
        vs_cell_u64("p99_ns", summary->p99_ns),
        vs_cell_u64("p999_ns", summary->p999_ns),
        vs_cell_u64("max_ns", summary->max_ns),
        vs_cell_blob("histogram", parts.histogram, parts.histogram_bytes),
        vs_cell_u64("hazards", summary->hazard_total),
        vs_cell_text("most_contended", summary->most_contended),
        vs_cell_u64("grace_periods", result->grace_periods),
        vs_cell_u64("grace_period_max_ns", result->grace_period_max_ns),
        vs_cell_real("little_error", result->identities.little_worst),
        vs_cell_u64("time_error_ns", result->identities.time_error_ns),
        vs_cell_u64("overlap_count", result->identities.overlap_count),
        vs_cell_u64("bucket_ns", result->bucket_ns),
        vs_cell_blob("buckets", parts.buckets, parts.buckets_bytes),
    };

    ret = sink(context, VS_TABLE_RUN, row, COUNT(row), error);
out:
    release_parts(&parts);
    return ret;
}

/* -------------------------------------------------------- what hangs off it */

static int emit_latency(const struct vs_run *run, const struct vs_latency_stat *stat,
                        vs_row_sink sink, void *context, struct vs_error *error)
{
    const struct vs_histogram *latency = &stat->latency;
    char domain[VS_LABEL_TEXT];
    size_t bytes = 0;
    uint8_t *blob = histogram_blob(latency, &bytes);

    if (!blob)
        return no_memory(error);
    const struct vs_cell row[] = {
        vs_cell_text("operation", vs_op_label(stat->op)),
        vs_cell_text("label", stat->op < VS_OP_COUNT ? vs_op_table[stat->op].label : ""),
        vs_cell_text("domain", vs_domain_label(run->workload, stat->domain, domain)),
        vs_cell_u64("count", latency->count),
        vs_cell_u64("total_ns", latency->total_ns),
        vs_cell_u64("wait_ns", stat->wait_total_ns),
        vs_cell_u64("p50_ns", vs_histogram_quantile_ns(latency, 0.50)),
        vs_cell_u64("p90_ns", vs_histogram_quantile_ns(latency, 0.90)),
        vs_cell_u64("p99_ns", vs_histogram_quantile_ns(latency, 0.99)),
        vs_cell_u64("p999_ns", vs_histogram_quantile_ns(latency, 0.999)),
        vs_cell_u64("max_ns", latency->max_ns),
        vs_cell_blob("histogram", blob, bytes),
    };
    int ret = sink(context, VS_TABLE_LATENCY, row, COUNT(row), error);

    free(blob);
    return ret;
}

static int emit_blocker(const struct vs_run *run, const struct vs_blocker_stat *stat,
                        vs_row_sink sink, void *context, struct vs_error *error)
{
    const struct vs_policy *policy = run->policy;
    const struct vs_cell row[] = {
        vs_cell_text("waiter", vs_op_label(stat->waiter_op)),
        vs_cell_text("holder", vs_op_label(stat->holder_op)),
        vs_cell_text("lock", stat->lock < policy->lock_count ? policy->locks[stat->lock].name : ""),
        vs_cell_u64("cross_domain", stat->cross_domain),
        vs_cell_u64("wait_ns", stat->wait_ns),
    };

    return sink(context, VS_TABLE_BLOCKER, row, COUNT(row), error);
}

static int emit_hazard(const struct vs_run *run, enum vs_hazard hazard,
                       const struct vs_hazard_stat *stat, vs_row_sink sink, void *context,
                       struct vs_error *error)
{
    char text[VS_HAZARD_TEXT];
    const struct vs_cell row[] = {
        vs_cell_text("hazard", vs_hazard_name(hazard)),
        vs_cell_u64("count", stat->count),
        vs_cell_u64("first_ns", stat->first_ns),
        vs_cell_text("first_text", vs_hazard_first_text(stat, run->workload, text)),
    };

    return sink(context, VS_TABLE_HAZARD, row, COUNT(row), error);
}

static int emit_operation_count(const struct vs_run *run, int op, vs_row_sink sink, void *context,
                                struct vs_error *error)
{
    const struct vs_cell row[] = {
        vs_cell_text("operation", vs_op_table[op].name),
        vs_cell_text("label", vs_op_table[op].label),
        vs_cell_u64("count", run->workload->op_count[op]),
    };

    return sink(context, VS_TABLE_OPERATION_COUNT, row, COUNT(row), error);
}

int vs_rows_emit(const struct vs_run *run, const struct vs_result *result, vs_row_sink sink,
                 void *context, struct vs_error *error)
{
    int ret = emit_run(run, result, sink, context, error);

    for (size_t i = 0; ret == 0 && i < result->latency_count; i++)
        ret = emit_latency(run, &result->latencies[i], sink, context, error);
    if (ret == 0)
        ret = vs_rows_emit_locks(run, result, sink, context, error);
    for (size_t i = 0; ret == 0 && i < result->blocker_count; i++)
        ret = emit_blocker(run, &result->blockers[i], sink, context, error);
    for (int i = 0; ret == 0 && i < VS_HAZARD_COUNT; i++) {
        if (result->hazards[i].count > 0)
            ret = emit_hazard(run, (enum vs_hazard)i, &result->hazards[i], sink, context, error);
    }
    for (int i = 0; ret == 0 && i < VS_OP_COUNT; i++) {
        if (run->workload->op_count[i] > 0)
            ret = emit_operation_count(run, i, sink, context, error);
    }
    return ret;
}
