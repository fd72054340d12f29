/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What survives the assumptions, as JSON: all of it, also what the sentences leave out. */
#include <math.h>
#include <string.h>

#include "sensitivity.h"

static struct vs_json_out *places_json(const struct vs_axes *axes, size_t group)
{
    struct vs_json_out *out = vs_json_new_object();

    for (size_t a = 0; a < axes->axis_count; a++) {
        const struct vs_place *place = vs_axes_place(axes, group, a);

        if (!axes->axes[a].varied)
            continue;
        if (axes->axes[a].numeric && !isnan(place->value))
            vs_json_add_double(out, axes->axes[a].name, place->value);
        else
            vs_json_add_string(out, axes->axes[a].name, place->text);
    }
    return out;
}

static struct vs_json_out *contender_json(const struct vs_contender *contender)
{
    struct vs_json_out *out = vs_json_new_object();
    const char *faults = contender->run->policy_faults;

    vs_json_add_string(out, "policy", contender->name);
    vs_json_add_u64(out, "groups", contender->groups);
    vs_json_add_u64(out, "something_wrong_in", contender->wrong);
    vs_json_add_string(out, "stated_to_leave_open", faults && faults[0] ? faults : NULL);
    vs_json_add_boolean(out, "reference", contender->reference);
    vs_json_add_boolean(out, "ranked", contender->ranked);
    vs_json_add_boolean(out, "unbeaten_by_p99", contender->unbeaten[VS_METRIC_P99]);
    vs_json_add_boolean(out, "unbeaten_by_throughput", contender->unbeaten[VS_METRIC_THROUGHPUT]);
    return out;
}

static struct vs_json_out *flip_json(const struct vs_sensitivity *sensitivity,
                                     const struct vs_flip *flip)
{
    const struct vs_axes *axes = &sensitivity->axes;
    struct vs_json_out *out = vs_json_new_object();
    struct vs_text text = {0};

    vs_json_add_string(out, "axis",
                       flip->axis < axes->axis_count ? axes->axes[flip->axis].name : NULL);
    vs_json_add(out, "better_at", places_json(axes, flip->better));
    vs_json_add(out, "worse_at", places_json(axes, flip->worse));
    vs_sensitivity_flip_text(sensitivity, flip, &text);
    vs_json_add_string(out, "says", vs_text_or_empty(&text));
    vs_text_free(&text);
    return out;
}

static struct vs_json_out *pair_json(const struct vs_sensitivity *sensitivity,
                                     const struct vs_pair *pair)
{
    static const char *const stands[] = {[VS_STAND_HOLDS] = "holds",
                                         [VS_STAND_NEVER_WORSE] = "never worse",
                                         [VS_STAND_FLIPS] = "flips",
                                         [VS_STAND_ALIKE] = "not told apart"};
    struct vs_json_out *out = vs_json_new_object(), *flips = vs_json_new_array();

    vs_json_add_string(out, "policy", sensitivity->contenders[pair->a].name);
    vs_json_add_string(out, "against", sensitivity->contenders[pair->b].name);
    vs_json_add_string(out, "verdict", stands[pair->stand]);
    vs_json_add_u64(out, "better_in", pair->better);
    vs_json_add_u64(out, "worse_in", pair->worse);
    vs_json_add_u64(out, "not_told_apart_in", pair->alike);
    for (size_t i = 0; i < pair->flip_count; i++)
        vs_json_add(flips, NULL, flip_json(sensitivity, &pair->flips[i]));
    vs_json_add(out, "flips", flips);
    return out;
}

static struct vs_json_out *one_json(const struct vs_sensitivity *sensitivity)
{
    const struct vs_axes *axes = &sensitivity->axes;
    struct vs_json_out *out = vs_json_new_object(), *groups = vs_json_new_array();
    struct vs_json_out *policies = vs_json_new_array(), *says = vs_json_new_array();

    vs_json_add_string(out, "trace",
                       vs_runs_first(axes->runs, vs_axes_scenario(axes, 0))->trace_name);
    for (size_t i = 0; i < sensitivity->says.count; i++)
        vs_json_add_string(says, NULL, sensitivity->says.items[i]);
    vs_json_add(out, "says", says);
    for (size_t g = 0; g < axes->scenario_count; g++)
        vs_json_add(groups, NULL, places_json(axes, g));
    vs_json_add(out, "groups", groups);
    vs_json_add_u64(out, "groups_with_replicas", sensitivity->measured_groups);
    for (size_t i = 0; i < sensitivity->contender_count; i++)
        vs_json_add(policies, NULL, contender_json(&sensitivity->contenders[i]));
    vs_json_add(out, "policies", policies);
    for (int m = 0; m < VS_METRIC_COUNT; m++) {
        struct vs_json_out *pairs = vs_json_new_array();

        for (size_t p = 0; p < sensitivity->pair_count[m]; p++)
            vs_json_add(pairs, NULL, pair_json(sensitivity, &sensitivity->pairs[m][p]));
        vs_json_add(out, m == VS_METRIC_P99 ? "by_p99" : "by_throughput", pairs);
    }
    return out;
}

struct vs_json_out *vs_sensitivity_json(const struct vs_sensitivities *all)
{
    struct vs_json_out *out = vs_json_new_array();

    for (size_t i = 0; i < all->count; i++)
        vs_json_add(out, NULL, one_json(&all->items[i]));
    return out;
}
