/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What `vpci-sim replay --json` prints: names, loads and results; no wall time,
 * no path and no thread count, so that equal replays are equal bytes.
 */
#include "base/json.h"
#include "base/options.h"
#include "replay.h"

static struct vs_json_out *options_tree(const struct vs_replay_values *values)
{
    struct vs_json_out *object = vs_json_new_object();

    vs_json_add_string(object, "engine",
                       values->engine == VS_ENGINE_THREADS ? "threads" : "virtual");
    vs_json_add_string(object, "timing",
                       vs_timing_name(values->timing == 1 ? VS_TIMING_OPEN : VS_TIMING_CLOSED));
    vs_json_add_double(object, "speed", values->speed);
    vs_json_add_u64(object, "clone", values->clones);
    vs_json_add_u64(object, "seed", values->seed);
    vs_json_add_boolean(object, "rebase", values->rebase);
    vs_json_add_u64(object, "max_think_ns", values->max_think_ns);
    vs_json_add_u64(object, "cpus", values->cpus);
    return object;
}

static struct vs_json_out *machine_tree(const struct vs_machine *machine)
{
    struct vs_json_out *object = vs_json_new_object();

    vs_json_add_string(object, "name", machine->name);
    vs_json_add_string(object, "summary", machine->summary);
    vs_json_add_u64(object, "cpus", vs_machine_cpus(machine));
    vs_json_add_u64(object, "assumptions", machine->assumption_count);
    return object;
}

static struct vs_json_out *run_tree(const struct vs_replay *session, size_t index)
{
    const struct vs_policy *policy = session->policies[index];
    struct vs_run run = vs_replay_run(session, index);
    struct vs_json_out *object = vs_json_new_object();
    char key[VS_RUN_KEY_TEXT];

    vs_run_key(&run, key);
    vs_json_add_string(object, "policy", policy->name);
    vs_json_add_string(object, "summary", policy->summary);
    vs_json_add_string(object, "source", policy->source);
    vs_json_add_string(object, "run_key", key);
    vs_json_add(object, "result",
                vs_result_json(session->jobs[index].result, policy, session->workload));
    return object;
}

int vs_replay_print_json(const struct vs_replay *session, FILE *stream, struct vs_error *error)
{
    struct vs_json_out *document = vs_json_new_object(), *runs = vs_json_new_array();

    vs_json_add_string(document, "version", VS_VERSION);
    vs_json_add(document, "workload", vs_workload_json(session->workload));
    vs_json_add(document, "machine", machine_tree(session->machine));
    vs_json_add(document, "options", options_tree(session->values));
    for (size_t i = 0; i < session->count; i++)
        vs_json_add(runs, NULL, run_tree(session, i));
    vs_json_add(document, "runs", runs);
    int ret = vs_json_print(document, stream, error);

    vs_json_out_free(document);
    return ret;
}
