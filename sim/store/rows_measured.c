/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The row of table measured: what was asked, what stands out, and the whole result. */
#include <stdlib.h>

#include "base/json.h"
#include "base/options.h"
#include "rows.h"
#include "summary.h"

/* Takes the tree; its text, which the caller frees, or NULL. */
static char *take_text(struct vs_json_out *json)
{
    char *text = NULL;

    if (vs_json_text(json, &text, NULL) != 0)
        text = NULL;
    vs_json_out_free(json);
    return text;
}

int vs_rows_emit_measured(const struct vs_run *run, const struct vs_result *result,
                          vs_row_sink sink, void *context, struct vs_error *error)
{
    const struct vs_workload *workload = run->workload;
    char key[VS_RUN_KEY_TEXT], now[VS_NOW_TEXT];
    char *what_if = vs_strings_text(workload->what_if, workload->what_if_count);
    char *notes = vs_strings_text(workload->notes, workload->note_count);
    char *all = take_text(vs_result_json(result, run->policy, workload));
    struct vs_summary summary = {0};
    int ret = VS_ERR_MEMORY;

    if (!what_if || !notes || !all) {
        vs_error_set(error, ret, "out of memory");
        goto out;
    }
    if ((ret = vs_summary_from_result(result, run->policy, workload, &summary, error)) < 0)
        goto out;
    vs_run_key(run, key);
    const struct vs_cell row[] = {
        vs_cell_text("run_key", key),
        vs_cell_text("created_at", vs_now_text(now)),
        vs_cell_text("version", VS_VERSION),
        vs_cell_text("engine", "threads"),
        vs_cell_text("measured_by", result->measured_by),
        vs_cell_text("trace_name", workload->name),
        vs_cell_text("trace_hash", workload->hash),
        vs_cell_u64("emulated", workload->emulated),
        vs_cell_u64("synthetic", workload->synthetic),
        vs_cell_text("what_if", what_if),
        vs_cell_text("notes", notes),
        vs_cell_text("policy", run->policy->name),
        vs_cell_text("policy_text", run->policy->text),
        vs_cell_text("machine", run->machine->name),
        vs_cell_text("machine_text", run->machine->text),
        vs_cell_u64("cpus", run->engine.cpus),
        vs_cell_text("timing", vs_timing_name(run->engine.timing)),
        vs_cell_real("speed", run->load.speed),
        vs_cell_u64("clones", run->load.clones),
        vs_cell_u64("seed", run->load.seed),
        vs_cell_u64("rebase", run->load.rebase),
        vs_cell_u64("max_think_ns", run->load.max_think_ns),
        vs_cell_text("outcome", vs_outcome_name(result->outcome)),
        vs_cell_u64("calls", result->calls),
        vs_cell_u64("makespan_ns", result->makespan_ns),
        vs_cell_real("throughput_per_s", summary.throughput_per_s),
        vs_cell_u64("p50_ns", summary.p50_ns),
        vs_cell_u64("p99_ns", summary.p99_ns),
        vs_cell_u64("max_ns", summary.max_ns),
        vs_cell_u64("lock_wait_ns", result->lock_wait_total_ns),
        vs_cell_u64("hazards", summary.hazard_total),
        vs_cell_u64("forced_switches", result->forced_switches),
        vs_cell_text("result", all),
    };

    ret = sink(context, VS_TABLE_MEASURED, row, sizeof(row) / sizeof(row[0]), error);
out:
    vs_summary_release(&summary);
    free(what_if);
    free(notes);
    free(all);
    return ret;
}
