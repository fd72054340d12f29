/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The account of a capture: every event is in exactly one place, or the account says not. */
#include "capture.h"

bool vs_summary_balanced(const struct vs_summary *summary)
{
    return summary->kernel.produced == summary->received + summary->kernel.lost &&
           summary->received ==
               summary->written + summary->own + summary->surplus + summary->discarded;
}

struct vs_json_out *vs_summary_json(const struct vs_summary *summary)
{
    static const char *const ends[] = {"duration", "records", "signal", "output"};
    struct vs_json_out *json = vs_json_new_object();

    vs_json_add_string(json, "ended-by", ends[summary->end]);
    vs_json_add_u64(json, "produced", summary->kernel.produced);
    vs_json_add_u64(json, "received", summary->received);
    vs_json_add_u64(json, "lost", summary->kernel.lost);
    vs_json_add_u64(json, "missed-runs", summary->missed_runs);
    vs_json_add_u64(json, "missed-waits", summary->missed_waits);
    vs_json_add_u64(json, "written", summary->written);
    vs_json_add_u64(json, "own", summary->own);
    vs_json_add_u64(json, "surplus", summary->surplus);
    vs_json_add_u64(json, "discarded", summary->discarded);
    vs_json_add_u64(json, "late", summary->late);
    vs_json_add_u64(json, "no-latch", summary->kernel.no_latch);
    vs_json_add_u64(json, "address-disabled", summary->kernel.disabled);
    vs_json_add_u64(json, "odd", summary->kernel.odd);
    vs_json_add_u64(json, "unpaired", summary->kernel.unpaired);
    vs_json_add_u64(json, "elapsed-ns", summary->elapsed_ns);
    vs_json_add_u64(json, "consumer-cpu-ns", summary->consumer_cpu_ns);
    if (summary->event_cost_ns > 0)
        vs_json_add_u64(json, "event-cost-ns-estimate", summary->event_cost_ns);
    vs_json_add_boolean(json, "balanced", vs_summary_balanced(summary));
    return json;
}
