/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The cross product: lists read, machines varied, points laid out. */
#include "plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SPEED_MIN  1e-6
#define SPEED_MAX  1e6
#define CLONES_MAX 4096

static int no_memory(struct vs_error *error)
{
    return vs_error_set(error, VS_ERR_MEMORY, "out of memory");
}

/* ------------------------------------------------------------------- lists */

/* Numbers of "1,4,16" in each of the strings, or the fallback 1. */
struct numbers {
    double *items;
    size_t count;
};

static int add_number(struct numbers *numbers, double value, struct vs_error *error)
{
    double *items = realloc(numbers->items, (numbers->count + 1) * sizeof(*items));

    if (!items)
        return no_memory(error);
    numbers->items = items;
    numbers->items[numbers->count++] = value;
    return 0;
}

static int read_number(const char *option, const char *text, bool whole, double *value,
                       struct vs_error *error)
{
    uint64_t integer = 0;
    int ret = whole ? vs_parse_u64(text, 1, CLONES_MAX, &integer)
                    : vs_parse_double(text, SPEED_MIN, SPEED_MAX, value);

    if (ret < 0)
        return vs_error_set(error, VS_ERR_USAGE,
                            whole ? "--%s: expected whole numbers from 1 to %g, as 1,2,8; found "
                                    "'%s'"
                                  : "--%s: expected numbers above 0 up to %g, as 1,4,16; found "
                                    "'%s'",
                            option, whole ? (double)CLONES_MAX : SPEED_MAX, text);
    if (whole)
        *value = (double)integer;
    return 0;
}

static int read_list(const char *option, const char *list, bool whole, struct numbers *numbers,
                     struct vs_error *error)
{
    char item[48];
    double value = 0;

    for (const char *at = list;; at++) {
        size_t length = strcspn(at, ",");

        snprintf(item, sizeof(item), "%.*s", (int)length, at);
        int ret = read_number(option, item, whole, &value, error);

        for (size_t i = 0; ret == 0 && i < numbers->count; i++) {
            if (numbers->items[i] == value)
                ret = vs_error_set(error, VS_ERR_USAGE, "--%s: %s is given twice", option, item);
        }
        if (ret == 0)
            ret = add_number(numbers, value, error);
        if (ret < 0)
            return ret;
        at += length;
        if (*at == '\0')
            return 0;
    }
}

static int read_lists(const char *option, const struct vs_strings *lists, bool whole,
                      struct numbers *numbers, struct vs_error *error)
{
    int ret = 0;

    for (size_t i = 0; ret == 0 && lists && i < lists->count; i++)
        ret = read_list(option, lists->items[i], whole, numbers, error);
    return ret == 0 && numbers->count == 0 ? add_number(numbers, 1, error) : ret;
}

/* ---------------------------------------------------------------- policies */

int vs_plan_load_policies(const struct vs_strings *names, struct vs_policy ***policies,
                          size_t *count, struct vs_error *error)
{
    const char *const *wanted = names ? names->items : NULL;
    size_t wanted_count = names ? names->count : 0;

    if (wanted_count == 0) {
        wanted = vs_policy_names();
        while (wanted[wanted_count])
            wanted_count++;
    }
    *count = 0;
    *policies = calloc(wanted_count, sizeof(**policies));
    if (!*policies)
        return no_memory(error);
    for (size_t i = 0; i < wanted_count; i++) {
        int ret = vs_policy_load(wanted[i], &(*policies)[i], error);

        if (ret < 0)
            return ret;
        *count = i + 1;
        for (size_t k = 0; k < i; k++) {
            if (strcmp((*policies)[k]->name, (*policies)[i]->name) == 0)
                return vs_error_set(
                    error, VS_ERR_USAGE,
                    "policy '%s' is given twice; a policy's \"name\" tells it apart",
                    (*policies)[i]->name);
        }
    }
    return 0;
}

/* ---------------------------------------------------------------- machines */

static bool both_config_cycles(const char *a, const char *b)
{
    return strcmp(a, "config-cycle") == 0 &&
           (strcmp(b, "conf1-cycle") == 0 || strcmp(b, "ecam-cycle") == 0);
}

static int read_varies(const struct vs_strings *texts, struct vs_plan *plan, struct vs_error *error)
{
    size_t count = texts ? texts->count : 0;

    plan->varies = calloc(count + 1, sizeof(*plan->varies));
    if (!plan->varies)
        return no_memory(error);
    for (size_t i = 0; i < count; i++) {
        int ret = vs_vary_parse(texts->items[i], &plan->varies[i], error);

        if (ret < 0)
            return ret;
        plan->vary_count = i + 1;
        for (size_t k = 0; k < i; k++) {
            const char *a = plan->varies[k].name, *b = plan->varies[i].name;

            if (strcmp(a, b) == 0)
                return vs_error_set(error, VS_ERR_USAGE,
                                    "--vary %s is given twice; put its values into one list", a);
            if (both_config_cycles(a, b) || both_config_cycles(b, a))
                return vs_error_set(error, VS_ERR_USAGE,
                                    "--vary config-cycle sets conf1-cycle and ecam-cycle together; "
                                    "give it or them");
        }
    }
    return 0;
}

/* One profile under combination number index of the varied values. */
static int vary_machine(const struct vs_machine *profile, const struct vs_plan *plan, size_t index,
                        struct vs_machine **made, struct vs_error *error)
{
    const struct vs_machine *from = profile;
    struct vs_machine *last = NULL;
    size_t stride = 1;
    int ret = 0;

    for (size_t i = 0; i < plan->vary_count; i++)
        stride *= plan->varies[i].count;
    for (size_t i = 0; ret == 0 && i < plan->vary_count; i++) {
        const struct vs_vary *vary = &plan->varies[i];
        struct vs_machine *next = NULL;

        stride /= vary->count;
        ret = vs_machine_vary(from, vary->name, vary->values_ps[index / stride % vary->count],
                              &next, error);
        vs_machine_free(last);
        from = last = next;
    }
    *made = last;
    return ret;
}

static int add_profile(const char *name, size_t combinations, struct vs_plan *plan,
                       struct vs_error *error)
{
    struct vs_machine *profile = NULL;
    int ret = vs_machine_load(name, &profile, error);

    for (size_t i = 0; ret == 0 && i < plan->profile_count; i++) {
        if (strcmp(plan->machines[i * combinations]->name, profile->name) == 0)
            ret = vs_error_set(error, VS_ERR_USAGE,
                               "machine '%s' is given twice; a profile's \"name\" tells it apart",
                               profile->name);
    }
    if (ret == 0 && plan->vary_count == 0) {
        plan->machines[plan->machine_count++] = profile;
        profile = NULL;
    }
    for (size_t i = 0; ret == 0 && plan->vary_count > 0 && i < combinations; i++) {
        ret = vary_machine(profile, plan, i, &plan->machines[plan->machine_count], error);
        plan->machine_count += ret == 0;
    }
    plan->profile_count += ret == 0;
    vs_machine_free(profile);
    return ret;
}

static int make_machines(const struct vs_strings *names, struct vs_plan *plan,
                         struct vs_error *error)
{
    size_t count = names && names->count ? names->count : 1, combinations = 1;
    int ret = 0;

    for (size_t i = 0; i < plan->vary_count; i++) {
        combinations *= plan->varies[i].count;
        if (combinations > VS_PLAN_POINTS_MAX)
            return vs_error_set(error, VS_ERR_USAGE, "--vary: more than %d combinations of values",
                                VS_PLAN_POINTS_MAX);
    }
    plan->machines = calloc(count * combinations, sizeof(*plan->machines));
    if (!plan->machines)
        return no_memory(error);
    for (size_t i = 0; ret == 0 && i < count; i++)
        ret = add_profile(names && names->count ? names->items[i] : vs_machine_names()[0],
                          combinations, plan, error);
    return ret;
}

/* ------------------------------------------------------------------ points */

size_t vs_plan_index(const struct vs_plan *plan, size_t clone, size_t speed, size_t replica,
                     size_t machine, size_t policy)
{
    size_t load = (clone * plan->speed_count + speed) * plan->replicas + replica;

    return (load * plan->machine_count + machine) * plan->policy_count + policy;
}

static void fill_point(const struct vs_plan_request *request, const struct vs_plan *plan,
                       size_t index, struct vs_point *point)
{
    size_t at = index;

    point->policy = plan->policies[at % plan->policy_count];
    at /= plan->policy_count;
    point->machine = plan->machines[at % plan->machine_count];
    at /= plan->machine_count;
    point->load = request->load;
    point->load.replica = (uint32_t)(at % plan->replicas);
    point->load.jitter_ppm = point->load.replica ? plan->jitter_ppm : 0;
    at /= plan->replicas;
    point->load.speed = plan->speeds[at % plan->speed_count];
    point->load.clones = plan->clones[at / plan->speed_count];
}

static int lay_out(const struct vs_plan_request *request, struct vs_plan *plan,
                   struct vs_error *error)
{
    double count = (double)plan->policy_count * (double)plan->machine_count *
                   (double)plan->replicas * (double)plan->speed_count * (double)plan->clone_count;

    if (count > VS_PLAN_POINTS_MAX)
        return vs_error_set(error, VS_ERR_USAGE,
                            "%.0f runs are more than the %d that a sweep may "
                            "have",
                            count, VS_PLAN_POINTS_MAX);
    plan->points = calloc((size_t)count, sizeof(*plan->points));
    if (!plan->points)
        return no_memory(error);
    plan->point_count = (size_t)count;
    for (size_t i = 0; i < plan->point_count; i++)
        fill_point(request, plan, i, &plan->points[i]);
    return 0;
}

static int read_numbers(const struct vs_plan_request *request, struct vs_plan *plan,
                        struct vs_error *error)
{
    struct numbers speeds = {0}, clones = {0};
    int ret = read_lists("speed", request->speeds, false, &speeds, error);

    if (ret == 0)
        ret = read_lists("clone", request->clones, true, &clones, error);
    plan->speeds = speeds.items;
    plan->speed_count = speeds.count;
    if (ret == 0) {
        plan->clones = calloc(clones.count, sizeof(*plan->clones));
        ret = plan->clones ? 0 : no_memory(error);
    }
    for (size_t i = 0; ret == 0 && i < clones.count; i++)
        plan->clones[plan->clone_count++] = (uint32_t)clones.items[i];
    free(clones.items);
    return ret;
}

int vs_plan_check_jitter(uint64_t replicas, double jitter_percent, struct vs_error *error)
{
    if (replicas > 1 && jitter_percent * VS_PPM_PER_PERCENT < 0.5)
        return vs_error_set(error, VS_ERR_USAGE,
                            "replicas without jitter are all the same; give --jitter PERCENT");
    if (replicas <= 1 && jitter_percent != VS_JITTER_DEFAULT_PERCENT)
        return vs_error_set(error, VS_ERR_USAGE,
                            "--jitter changes replicas other than the first, and there is only "
                            "one; give --replicas N");
    return 0;
}

int vs_plan_make(const struct vs_plan_request *request, struct vs_plan *plan,
                 struct vs_error *error)
{
    *plan = (struct vs_plan){.replicas = (uint32_t)request->replicas,
                             .jitter_ppm =
                                 (uint32_t)(request->jitter_percent * VS_PPM_PER_PERCENT + 0.5),
                             .engine = request->engine};
    int ret = vs_plan_check_jitter(request->replicas, request->jitter_percent, error);

    if (ret == 0)
        ret = read_numbers(request, plan, error);
    if (ret == 0)
        ret = vs_plan_load_policies(request->policies, &plan->policies, &plan->policy_count, error);
    if (ret == 0)
        ret = read_varies(request->varies, plan, error);
    if (ret == 0)
        ret = make_machines(request->machines, plan, error);
    if (ret == 0)
        ret = lay_out(request, plan, error);
    return ret;
}

void vs_plan_release(struct vs_plan *plan)
{
    for (size_t i = 0; i < plan->point_count; i++)
        vs_summary_release(&plan->points[i].summary);
    for (size_t i = 0; i < plan->policy_count; i++)
        vs_policy_free(plan->policies[i]);
    for (size_t i = 0; i < plan->machine_count; i++)
        vs_machine_free(plan->machines[i]);
    for (size_t i = 0; i < plan->vary_count; i++)
        vs_vary_release(&plan->varies[i]);
    free(plan->points);
    free(plan->policies);
    free(plan->machines);
    free(plan->varies);
    free(plan->speeds);
    free(plan->clones);
    *plan = (struct vs_plan){0};
}

/* ---------------------------------------------------------------- in words */

static size_t add_count(char *buffer, size_t size_bytes, size_t used, size_t count, const char *one,
                        const char *many)
{
    if (used >= size_bytes)
        return used;
    return used + (size_t)snprintf(buffer + used, size_bytes - used, "%s%zu %s", used ? " x " : "",
                                   count, count == 1 ? one : many);
}

char *vs_plan_describe(const struct vs_plan *plan, char *buffer, size_t size_bytes)
{
    size_t used = add_count(buffer, size_bytes, 0, plan->policy_count, "policy", "policies");
    char one[64], many[64];

    used = add_count(buffer, size_bytes, used, plan->profile_count, "machine", "machines");
    used = add_count(buffer, size_bytes, used, plan->speed_count, "speed", "speeds");
    used = add_count(buffer, size_bytes, used, plan->clone_count, "clone count", "clone counts");
    for (size_t i = 0; i < plan->vary_count; i++) {
        snprintf(one, sizeof(one), "value of %s", plan->varies[i].name);
        snprintf(many, sizeof(many), "values of %s", plan->varies[i].name);
        used = add_count(buffer, size_bytes, used, plan->varies[i].count, one, many);
    }
    add_count(buffer, size_bytes, used, plan->replicas, "replica", "replicas");
    return buffer;
}

bool vs_load_equal(const struct vs_workload_options *a, const struct vs_workload_options *b)
{
    return a->speed == b->speed && a->clones == b->clones && a->seed == b->seed &&
           a->rebase == b->rebase && a->max_think_ns == b->max_think_ns &&
           a->replica == b->replica && a->jitter_ppm == b->jitter_ppm;
}
