/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All policies search side by side: each round asks every policy for the load
 * that it wants tried next, and runs these together.
 */
#include "saturate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a policy wants to know in this round. */
struct wish {
    size_t policy;
    double load;
};

static int no_memory(struct vs_error *error)
{
    return vs_error_set(error, VS_ERR_MEMORY, "out of memory");
}

struct vs_workload_options vs_saturate_load(const struct vs_saturate_request *request, double load,
                                            uint32_t replica)
{
    struct vs_workload_options options = request->load;

    if (request->by_clones)
        options.clones = (uint32_t)load;
    else
        options.speed = load;
    options.replica = replica;
    options.jitter_ppm = replica ? request->jitter_ppm : 0;
    return options;
}

/* ------------------------------------------------------------------ what next */

/* Three significant digits: a number that one can type again. */
static double rounded(double value)
{
    char text[32];
    double shorter = value;

    snprintf(text, sizeof(text), "%.3g", value);
    return vs_parse_double(text, 0, 1e300, &shorter) == 0 ? shorter : value;
}

double vs_saturate_middle(const struct vs_saturate_request *request, double kept, double broken)
{
    if (request->by_clones) {
        if (broken - kept <= 1 || broken - kept <= kept * request->tolerance)
            return -1;
        return floor((kept + broken) / 2);
    }
    if (broken <= kept * (1 + request->tolerance))
        return -1;
    double middle = sqrt(kept * broken), shorter = rounded(middle);

    if (shorter > kept && shorter < broken)
        return shorter;
    return middle > kept && middle < broken ? middle : -1;
}

static double next_rung(const struct vs_saturate_request *request, double load)
{
    double next = load * (request->by_clones ? VS_RUNG_CLONE : VS_RUNG_SPEED);

    return next < request->highest ? next : request->highest;
}

/* The load that this policy needs tried, or a negative number when it is done. */
static double next_load(const struct vs_saturate_request *request,
                        const struct vs_saturate_answer *answer)
{
    double top;

    if (answer->probe_count == 0)
        return request->lowest;
    top = answer->probes[answer->probe_count - 1].load;
    /* Climbing, and one rung beyond what broke first. */
    if (top < request->highest && (answer->broken < 0 || top == answer->broken))
        return next_rung(request, top);
    if (answer->broken < 0 || answer->kept < 0)
        return -1;
    return vs_saturate_middle(request, answer->kept, answer->broken);
}

/* ------------------------------------------------------------------ verdicts */

static void judge(const struct vs_saturate_request *request, const struct vs_point *points,
                  size_t stride, struct vs_probe *probe)
{
    probe->kept = true;
    for (uint32_t r = 0; r < request->replicas; r++) {
        const struct vs_summary *summary = &points[r * stride].summary;
        bool ended = summary->outcome == VS_OUTCOME_DONE;

        probe->deadlock |= !ended;
        probe->hazard |= summary->hazard_total > 0;
        probe->kept &= ended && summary->p99_ns <= request->bound_ns;
        if (ended && summary->p99_ns > probe->p99_ns)
            probe->p99_ns = summary->p99_ns;
    }
}

static void conclude(struct vs_saturate_answer *answer)
{
    answer->kept = answer->broken = answer->kept_again = -1;
    for (size_t i = 0; i < answer->probe_count; i++) {
        const struct vs_probe *probe = &answer->probes[i];

        if (probe->kept && answer->broken < 0)
            answer->kept = probe->load;
        else if (probe->kept && answer->kept_again < 0)
            answer->kept_again = probe->load;
        else if (!probe->kept && answer->broken < 0)
            answer->broken = probe->load;
    }
}

/* In its place by load. */
static int add_probe(struct vs_saturate_answer *answer, const struct vs_probe *probe,
                     struct vs_error *error)
{
    size_t at = answer->probe_count;
    struct vs_probe *probes = realloc(answer->probes, (at + 1) * sizeof(*probes));

    if (!probes)
        return no_memory(error);
    answer->probes = probes;
    for (; at > 0 && probes[at - 1].load > probe->load; at--)
        probes[at] = probes[at - 1];
    probes[at] = *probe;
    answer->probe_count++;
    conclude(answer);
    return 0;
}

const char *vs_saturate_broken_by(const struct vs_saturate_answer *answer)
{
    for (size_t i = 0; i < answer->probe_count; i++) {
        if (answer->probes[i].load == answer->broken)
            return answer->probes[i].deadlock ? "deadlock" : "latency";
    }
    return "";
}

/* -------------------------------------------------------------------- rounds */

static int by_load(const void *a, const void *b)
{
    const struct wish *x = a, *y = b;

    if (x->load != y->load)
        return x->load < y->load ? -1 : 1;
    return (x->policy > y->policy) - (x->policy < y->policy);
}

static size_t collect(const struct vs_saturate_request *request,
                      const struct vs_saturate_answer *answers, struct wish *wishes)
{
    size_t count = 0;

    for (size_t i = 0; i < request->policy_count; i++) {
        double load = next_load(request, &answers[i]);

        if (load > 0)
            wishes[count++] = (struct wish){i, load};
    }
    qsort(wishes, count, sizeof(*wishes), by_load);
    return count;
}

/* Wishes for one load stand together, replica by replica: wishes [first, end) at points. */
static size_t lay_out(const struct vs_saturate_request *request, const struct wish *wishes,
                      size_t first, size_t count, struct vs_point *points)
{
    size_t end = first;

    while (end < count && wishes[end].load == wishes[first].load)
        end++;
    for (uint32_t r = 0; r < request->replicas; r++) {
        for (size_t i = first; i < end; i++)
            points[r * (end - first) + i - first] = (struct vs_point){
                .policy = request->policies[wishes[i].policy],
                .machine = request->machine,
                .load = vs_saturate_load(request, wishes[i].load, r),
            };
    }
    return end;
}

static int take_verdicts(const struct vs_saturate_request *request, const struct wish *wishes,
                         size_t count, const struct vs_point *points,
                         struct vs_saturate_answer *answers, struct vs_error *error)
{
    int ret = 0;

    for (size_t first = 0, end; first < count; first = end) {
        const struct vs_point *block = points + first * request->replicas;

        for (end = first; end < count && wishes[end].load == wishes[first].load;)
            end++;
        for (size_t i = first; i < end && ret == 0; i++) {
            struct vs_probe probe = {.load = wishes[i].load};

            judge(request, &block[i - first], end - first, &probe);
            ret = add_probe(&answers[wishes[i].policy], &probe, error);
        }
    }
    return ret;
}

static int run_round(const struct vs_saturate_request *request, struct vs_batch *batch,
                     const struct wish *wishes, size_t count, struct vs_saturate_answer *answers,
                     int *signal_number, struct vs_error *error)
{
    size_t point_count = count * request->replicas;
    struct vs_point *points = calloc(point_count, sizeof(*points));
    int ret = VS_ERR_MEMORY;

    if (!points) {
        no_memory(error);
        goto out;
    }
    for (size_t first = 0; first < count;)
        first = lay_out(request, wishes, first, count, points + first * request->replicas);
    ret = vs_batch_find(batch, points, point_count, error);
    if (ret == 0)
        ret = vs_batch_run(batch, points, point_count, signal_number, error);
    if (ret == 0)
        ret = take_verdicts(request, wishes, count, points, answers, error);
    for (size_t i = 0; i < point_count; i++)
        vs_summary_release(&points[i].summary);
out:
    free(points);
    return ret;
}

int vs_saturate(const struct vs_saturate_request *request, struct vs_batch *batch,
                struct vs_saturate_answer **answers, int *signal_number, struct vs_error *error)
{
    struct wish *wishes = calloc(request->policy_count, sizeof(*wishes));
    int ret = VS_ERR_MEMORY;

    *signal_number = 0;
    *answers = calloc(request->policy_count, sizeof(**answers));
    if (!wishes || !*answers) {
        no_memory(error);
        goto out;
    }
    for (size_t i = 0; i < request->policy_count; i++)
        (*answers)[i] = (struct vs_saturate_answer){
            .policy = request->policies[i], .kept = -1, .broken = -1, .kept_again = -1};
    ret = 0;
    for (size_t count; ret == 0 && (count = collect(request, *answers, wishes)) > 0;)
        ret = run_round(request, batch, wishes, count, *answers, signal_number, error);
out:
    free(wishes);
    return ret;
}

void vs_saturate_free(struct vs_saturate_answer *answers, size_t count)
{
    for (size_t i = 0; answers && i < count; i++)
        free(answers[i].probes);
    free(answers);
}
