/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `vpci-sim check --json` prints: everything, with every schedule. */
#include "check_run.h"

static struct vs_json_out *finding_json(const struct vs_check_job *job,
                                        const struct vs_check_finding *finding,
                                        struct vs_error *error, int *ret)
{
    struct vs_json_out *out = vs_json_new_object();

    if (*ret == 0)
        *ret = vs_check_schedule_json(job->code, finding, out, error);
    return out;
}

static struct vs_json_out *found_json(uint32_t found)
{
    struct vs_json_out *list = vs_json_new_array();

    for (int i = 0; i < VS_VIOLATION_COUNT; i++)
        if ((found >> i) & 1u)
            vs_json_add_string(list, NULL, vs_violation_table[i].name);
    return list;
}

static struct vs_json_out *scenarios_json(const struct vs_check_run *run, size_t index,
                                          struct vs_error *error, int *ret)
{
    const struct vs_check_job *job = &run->jobs[index];
    struct vs_json_out *list = vs_json_new_array();

    for (size_t s = 0; s < run->scenario_count; s++) {
        const struct vs_check_cell *cell = &job->cells[s];
        struct vs_json_out *out = vs_json_new_object();

        vs_json_add_string(out, "scenario", run->scenarios[s]->name);
        if (!cell->decided) {
            vs_json_add_string(out, "verdict", "not-modelled");
            vs_json_add_string(out, "because", run->scenarios[s]->not_modelled);
        } else {
            vs_json_add_string(out, "verdict",
                               cell->violated          ? "violated"
                               : cell->search.complete ? "holds"
                                                       : "unknown");
            vs_json_add_boolean(out, "as-expected", !vs_check_cell_surprises(run, index, s));
            vs_json_add_u64(out, "states", cell->search.states);
            vs_json_add_u64(out, "steps", cell->search.transitions);
            vs_json_add(out, "found", found_json(cell->found));
        }
        if (cell->violated)
            vs_json_add(out, "schedule", finding_json(job, &cell->finding, error, ret));
        vs_json_add(list, NULL, out);
    }
    return list;
}

static struct vs_json_out *campaign_json(const struct vs_check_job *job, struct vs_error *error,
                                         int *ret)
{
    const struct vs_check_verdict *verdict = &job->verdict;
    struct vs_json_out *out = vs_json_new_object(), *findings = vs_json_new_array();

    vs_json_add_string(out, "verdict",
                       verdict->found ? "violated"
                       : verdict->cut ? "cut-short"
                                      : "ok");
    vs_json_add_u64(out, "distinct-programs", verdict->programs);
    vs_json_add_u64(out, "pairs", verdict->pairs);
    vs_json_add_u64(out, "triples", verdict->triples);
    vs_json_add_u64(out, "triples-refuted-by-a-pair", verdict->skipped);
    vs_json_add_u64(out, "searches-cut", verdict->cut);
    vs_json_add_u64(out, "states", verdict->states);
    vs_json_add_u64(out, "steps", verdict->transitions);
    vs_json_add_u64(out, "peak-bytes", verdict->peak_bytes);
    vs_json_add_string(out, "order-inversion", verdict->order);
    for (int i = 0; i < VS_VIOLATION_COUNT; i++)
        if (((verdict->found >> i) & 1u) && i != VS_VIOLATION_ORDER_INVERSION)
            vs_json_add(findings, NULL, finding_json(job, &verdict->findings[i], error, ret));
    vs_json_add(out, "findings", findings);
    return out;
}

int vs_check_print_json(const struct vs_check_run *run, FILE *stream, struct vs_error *error)
{
    struct vs_json_out *out = vs_json_new_object(), *policies = vs_json_new_array();
    int ret = 0;

    for (size_t i = 0; i < run->job_count; i++) {
        const struct vs_check_job *job = &run->jobs[i];
        struct vs_json_out *policy = vs_json_new_object();
        size_t open = 0, breaks = vs_check_job_breaks(run, i, &open);

        vs_json_add_string(policy, "name", job->policy->name);
        vs_json_add_double(policy, "seconds", job->seconds);
        vs_json_add_u64(policy, "scenarios-violated", breaks);
        vs_json_add_u64(policy, "scenarios-undecided", open);
        vs_json_add(policy, "scenarios", scenarios_json(run, i, error, &ret));
        if (run->with_campaign)
            vs_json_add(policy, "campaign", campaign_json(job, error, &ret));
        vs_json_add(policies, NULL, policy);
    }
    vs_json_add_u64(out, "state-limit", run->campaign.limits.states);
    if (run->with_campaign) {
        vs_json_add_u64(out, "devices", run->campaign.devices);
        vs_json_add_u64(out, "domains", run->campaign.domains);
        vs_json_add_u64(out, "actors", run->campaign.actors);
    }
    vs_json_add(out, "policies", policies);
    if (ret == 0)
        ret = vs_json_print(out, stream, error);
    vs_json_out_free(out);
    return ret;
}
