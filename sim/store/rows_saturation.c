/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The answer to a saturation search as a row; its probes are runs like others. */
#include <stdlib.h>

#include "base/options.h"
#include "rows.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* None such is NULL. */
static struct vs_cell cell_load(const char *column, double value)
{
    struct vs_cell cell = vs_cell_real(column, value);

    if (value < 0)
        cell.kind = VS_CELL_NULL;
    return cell;
}

/* What was held while the other load was raised. */
static char *held_text(const struct vs_saturation *saturation)
{
    const struct vs_run *run = &saturation->lowest_run;
    struct vs_json_out *object = vs_json_new_object();
    char *text = NULL;

    vs_json_add_string(object, "timing", vs_timing_name(run->engine.timing));
    vs_json_add_u64(object, "cpus", run->engine.cpus);
    if (saturation->by_clones)
        vs_json_add_double(object, "speed", run->load.speed);
    else
        vs_json_add_u64(object, "clone", run->load.clones);
    vs_json_add_u64(object, "seed", run->load.seed);
    vs_json_add_boolean(object, "rebase", run->load.rebase);
    vs_json_add_u64(object, "max-think-ns", run->load.max_think_ns);
    vs_json_add_u64(object, "replicas", saturation->replicas);
    vs_json_add_double(object, "jitter", saturation->jitter_ppm / VS_PPM_PER_PERCENT);
    if (vs_json_text(object, &text, NULL) < 0)
        text = NULL;
    vs_json_out_free(object);
    return text;
}

int vs_rows_emit_saturation(const struct vs_saturation *saturation, vs_row_sink sink, void *context,
                            struct vs_error *error)
{
    const struct vs_run *run = &saturation->lowest_run;
    const struct vs_workload *workload = run->workload;
    char key[VS_RUN_KEY_TEXT], now[VS_NOW_TEXT];
    char *held = held_text(saturation);
    char *what_if = vs_strings_text(workload->what_if, workload->what_if_count);
    int ret = VS_ERR_MEMORY;

    if (!held || !what_if) {
        vs_error_set(error, VS_ERR_MEMORY, "out of memory while storing an answer");
        goto out;
    }
    vs_saturation_key(saturation, key);
    const struct vs_cell row[] = {
        vs_cell_text("saturation_key", key),
        vs_cell_text("created_at", vs_now_text(now)),
        vs_cell_text("version", VS_VERSION),
        vs_cell_text("trace_name", workload->name),
        vs_cell_text("trace_hash", workload->hash),
        vs_cell_text("machine", run->machine->name),
        vs_cell_text("machine_text", run->machine->text),
        vs_cell_text("policy", run->policy->name),
        vs_cell_u64("policy_rank", vs_policy_rank(run->policy)),
        vs_cell_text("policy_text", run->policy->text),
        vs_cell_text("load", held),
        vs_cell_text("percentile", "p99"),
        vs_cell_u64("bound_ns", saturation->bound_ns),
        vs_cell_text("axis", saturation->by_clones ? "clone" : "speed"),
        vs_cell_real("tolerance", saturation->tolerance),
        vs_cell_real("lowest", saturation->lowest),
        vs_cell_real("highest", saturation->highest),
        cell_load("kept", saturation->kept),
        cell_load("broken", saturation->broken),
        vs_cell_text("broken_by", saturation->broken_by),
        cell_load("kept_again", saturation->kept_again),
        vs_cell_u64("hazard_probes", saturation->hazard_probes),
        vs_cell_u64("probes", saturation->probes),
        vs_cell_text("what_if", what_if),
        vs_cell_u64("emulated", workload->emulated),
        vs_cell_u64("synthetic", workload->synthetic),
    };

    ret = sink(context, VS_TABLE_SATURATION, row, COUNT(row), error);
out:
    free(held);
    free(what_if);
    return ret;
}
