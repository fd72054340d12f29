/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The results of a sweep: a table per machine and load, or one JSON document. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "replicas.h"
#include "sweep.h"
#include "table.h"

char *vs_sweep_heading(const struct vs_point *point, char *buffer, size_t size_bytes)
{
    char varied[VS_VARY_TEXT];
    size_t used = (size_t)snprintf(buffer, size_bytes, "machine %s, speed %g", point->machine->name,
                                   point->load.speed);

    if (point->load.clones != 1 && used < size_bytes)
        used += (size_t)snprintf(buffer + used, size_bytes - used, ", %" PRIu32 " copies",
                                 point->load.clones);
    if (point->machine->varied_count > 0 && used < size_bytes)
        snprintf(buffer + used, size_bytes - used, ", %s",
                 vs_vary_text(point->machine, varied, sizeof(varied)));
    return buffer;
}

/* One machine and load: a line per policy. */
static int print_block(const struct vs_plan *plan, size_t first, struct vs_replicated *rows,
                       FILE *stream, struct vs_error *error)
{
    size_t stride = plan->machine_count * plan->policy_count;
    char heading[600];
    int ret = 0;

    for (size_t i = 0; ret == 0 && i < plan->policy_count; i++)
        ret = vs_replicas_gather(&plan->points[first + i], stride, plan->replicas, &rows[i], error);
    if (ret < 0)
        return ret;
    fprintf(stream, "%s\n", vs_sweep_heading(&plan->points[first], heading, sizeof(heading)));
    vs_replicas_print(rows, plan->policy_count, stream);
    putc('\n', stream);
    return 0;
}

static bool is_what_if(const struct vs_plan *plan)
{
    for (size_t i = 0; i < plan->speed_count; i++) {
        if (plan->speeds[i] != 1)
            return true;
    }
    for (size_t i = 0; i < plan->clone_count; i++) {
        if (plan->clones[i] != 1)
            return true;
    }
    return false;
}

/* Under all tables: what was not measured, and what the numbers are. */
static void print_remarks(const struct vs_plan *plan, FILE *stream)
{
    char text[600];
    if (is_what_if(plan))
        vs_table_wrap(stream, "",
                      "Speeds other than 1 and copies are what-ifs: think and arrival times are "
                      "divided by the speed, copies are every domain with its devices once more, "
                      "started within 1 % of the span. Nobody captured that.");
    if (plan->replicas > 1) {
        snprintf(text, sizeof(text),
                 "Medians of %" PRIu32 " replicas, with the lowest and the highest: replica 0 has "
                 "the recorded think times, in each other every think time is changed at random "
                 "by up to %g %% either way (uniform, seed %" PRIu64
                 "). What differs less than that spread is not told apart by these replays.",
                 plan->replicas, plan->jitter_ppm / VS_PPM_PER_PERCENT, plan->points[0].load.seed);
        vs_table_wrap(stream, "", text);
        vs_table_wrap(stream, "",
                      "'none seen' is these interleavings, not a proof; 'vpci-sim check' tries "
                      "all within its bounds.");
    } else {
        vs_table_wrap(stream, "",
                      "Each number is one interleaving: --replicas N shows how far another one "
                      "lies from it. 'none seen' is not a proof.");
    }
    for (size_t i = 0; i < plan->machine_count; i += plan->machine_count / plan->profile_count) {
        const struct vs_machine *machine = plan->machines[i];

        if (machine->assumption_count == 0)
            continue;
        snprintf(text, sizeof(text),
                 "%" PRIu32 " of %" PRIu32 " numbers of machine profile '%s' are assumed, not "
                 "measured%s.",
                 machine->assumption_count, machine->number_count, machine->name,
                 plan->vary_count ? ", those that were varied among them"
                                  : "; --vary NAME=V1,V2 shows what hangs on one");
        vs_table_wrap(stream, "", text);
    }
}

int vs_sweep_print_tables(const struct vs_plan *plan, const struct vs_batch *batch, FILE *stream,
                          struct vs_error *error)
{
    struct vs_replicated *rows = calloc(plan->policy_count, sizeof(*rows));
    struct vs_table header = {.workload = batch->base,
                              .machine = plan->machines[0],
                              .load = batch->base_load,
                              .engine = batch->engine};
    int ret = 0;

    if (!rows)
        return vs_error_set(error, VS_ERR_MEMORY, "out of memory");
    vs_table_print_workload(&header, stream);
    putc('\n', stream);
    for (size_t m = 0; m < plan->machine_count; m++) {
        for (size_t c = 0; c < plan->clone_count; c++) {
            for (size_t s = 0; s < plan->speed_count && ret == 0; s++)
                ret = print_block(plan, vs_plan_index(plan, c, s, 0, m, 0), rows, stream, error);
        }
    }
    if (ret == 0)
        print_remarks(plan, stream);
    free(rows);
    return ret;
}

/* --------------------------------------------------------------------- JSON */

static struct vs_json_out *varied_json(const struct vs_machine *machine)
{
    struct vs_json_out *out = vs_json_new_object();

    for (size_t i = 0; i < machine->varied_count; i++)
        vs_json_add_double(out, machine->varied[i].name,
                           (double)machine->varied[i].value_ps / (double)VS_PS_PER_NS);
    return out;
}

static void add_place(struct vs_json_out *out, const struct vs_point *point)
{
    vs_json_add_string(out, "policy", point->policy->name);
    vs_json_add_string(out, "machine", point->machine->name);
    vs_json_add(out, "varied_ns", varied_json(point->machine));
    vs_json_add_double(out, "speed", point->load.speed);
    vs_json_add_u64(out, "clone", point->load.clones);
}

static struct vs_json_out *run_json(const struct vs_batch *batch, const struct vs_point *point)
{
    const struct vs_summary *summary = &point->summary;
    struct vs_run run = vs_batch_run_of(batch, point);
    struct vs_json_out *out = vs_json_new_object(), *hazards = vs_json_new_object();
    char key[VS_RUN_KEY_TEXT];

    vs_run_key(&run, key);
    vs_json_add_u64(out, "replica", point->load.replica);
    vs_json_add_string(out, "run_key", key);
    vs_json_add_string(out, "outcome", vs_outcome_name(summary->outcome));
    for (size_t i = 0; i < VS_HAZARD_COUNT; i++) {
        if (summary->hazards[i].count > 0)
            vs_json_add_u64(hazards, vs_hazard_name((enum vs_hazard)i), summary->hazards[i].count);
    }
    vs_json_add(out, "hazards", hazards);
    vs_json_add_u64(out, "calls", summary->calls);
    vs_json_add_u64(out, "makespan_ns", summary->makespan_ns);
    vs_json_add_double(out, "throughput_per_s", summary->throughput_per_s);
    vs_json_add_u64(out, "p50_ns", summary->p50_ns);
    vs_json_add_u64(out, "p90_ns", summary->p90_ns);
    vs_json_add_u64(out, "p99_ns", summary->p99_ns);
    vs_json_add_u64(out, "p999_ns", summary->p999_ns);
    vs_json_add_u64(out, "max_ns", summary->max_ns);
    vs_json_add_u64(out, "lock_wait_ns", summary->lock_wait_ns);
    vs_json_add_u64(out, "cross_domain_wait_ns", summary->cross_domain_wait_ns);
    vs_json_add_string(out, "most_contended", summary->most_contended);
    return out;
}

static int add_group(const struct vs_plan *plan, const struct vs_batch *batch, size_t first,
                     struct vs_json_out *groups, struct vs_error *error)
{
    size_t stride = plan->machine_count * plan->policy_count;
    struct vs_json_out *out = NULL, *runs = NULL;
    struct vs_replicated replicated;
    int ret = vs_replicas_gather(&plan->points[first], stride, plan->replicas, &replicated, error);

    if (ret < 0)
        return ret;
    out = vs_json_new_object();
    runs = vs_json_new_array();
    add_place(out, &plan->points[first]);
    vs_json_add(out, "result", vs_replicated_json(&replicated));
    for (size_t r = 0; r < plan->replicas; r++)
        vs_json_add(runs, NULL, run_json(batch, &plan->points[first + r * stride]));
    vs_json_add(out, "runs", runs);
    vs_json_add(groups, NULL, out);
    return 0;
}

static struct vs_json_out *options_json(const struct vs_plan *plan, const struct vs_batch *batch)
{
    struct vs_json_out *out = vs_json_new_object();

    vs_json_add_string(out, "timing", vs_timing_name(batch->engine.timing));
    vs_json_add_u64(out, "cpus", batch->engine.cpus);
    vs_json_add_u64(out, "seed", batch->base_load.seed);
    vs_json_add_boolean(out, "rebase", batch->base_load.rebase);
    vs_json_add_u64(out, "max_think_ns", batch->base_load.max_think_ns);
    vs_json_add_u64(out, "replicas", plan->replicas);
    vs_json_add_double(out, "jitter_percent",
                       plan->replicas > 1 ? plan->jitter_ppm / VS_PPM_PER_PERCENT : 0);
    return out;
}

int vs_sweep_print_json(const struct vs_plan *plan, const struct vs_batch *batch, FILE *stream,
                        struct vs_error *error)
{
    struct vs_json_out *document = vs_json_new_object(), *groups = vs_json_new_array();
    int ret = 0;

    vs_json_add_string(document, "version", VS_VERSION);
    vs_json_add(document, "workload", vs_workload_json(batch->base));
    vs_json_add(document, "options", options_json(plan, batch));
    vs_json_add_u64(document, "run_count", plan->point_count);
    for (size_t m = 0; m < plan->machine_count; m++) {
        for (size_t c = 0; c < plan->clone_count; c++) {
            for (size_t s = 0; s < plan->speed_count; s++) {
                for (size_t p = 0; p < plan->policy_count && ret == 0; p++)
                    ret = add_group(plan, batch, vs_plan_index(plan, c, s, 0, m, p), groups, error);
            }
        }
    }
    vs_json_add(document, "groups", groups);
    if (ret == 0)
        ret = vs_json_print(document, stream, error);
    vs_json_out_free(document);
    return ret;
}
