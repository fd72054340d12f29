/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What differs between the policies of a scenario and by how much.  Only
 * policies in which nothing went wrong are ranked; the floor and the ceiling
 * are what they are measured against, not contestants.
 */
#include "describe.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* With fewer calls than this beyond p99, the ranking says so. */
#define TAIL_FEW 100

struct ranking {
    const struct vs_run_row **runs;
    size_t count;
};

static int by_p99(const void *a, const void *b)
{
    const struct vs_run_row *x = *(const struct vs_run_row *const *)a;
    const struct vs_run_row *y = *(const struct vs_run_row *const *)b;
    double p99_x = vs_compare_typical_p99(x), p99_y = vs_compare_typical_p99(y);

    if (p99_x != p99_y)
        return p99_x < p99_y ? -1 : 1;
    return x < y ? -1 : x > y;
}

static int by_throughput(const void *a, const void *b)
{
    const struct vs_run_row *x = *(const struct vs_run_row *const *)a;
    const struct vs_run_row *y = *(const struct vs_run_row *const *)b;
    double rate_x = vs_compare_typical_throughput(x), rate_y = vs_compare_typical_throughput(y);

    if (rate_x != rate_y)
        return rate_x > rate_y ? -1 : 1;
    return x < y ? -1 : x > y;
}

/* All have replicas enough: what differs by chance was measured. */
static bool measured(const struct ranking *ranking)
{
    for (size_t i = 0; i < ranking->count; i++) {
        if (!vs_compare_measured(ranking->runs[i], ranking->runs[i]))
            return false;
    }
    return true;
}

static void add_names(const struct ranking *ranking, size_t first, size_t last,
                      struct vs_text *text)
{
    for (size_t i = first; i < last; i++) {
        vs_text_join(text, i - first, last - first);
        vs_text_add(text, ranking->runs[i]->name);
    }
}

static int finish(struct vs_sentences *sentences, struct vs_text *text)
{
    int ret = text->failed ? VS_ERR_MEMORY : 0;

    if (ret == 0 && text->length > 0)
        ret = vs_sentences_add(sentences, vs_text_or_empty(text));
    vs_text_free(text);
    return ret;
}

/* ---------------------------------------------------------------- the sentences */

/* The longest total wait of any policy that came to its end, as a share of the longest time at
 * work. */
static double waiting_share(const struct vs_runs *runs, const struct vs_scenario *scenario)
{
    int64_t wait = 0, work = 1;

    for (size_t i = scenario->first; i < scenario->first + scenario->count; i++) {
        if (!vs_runs_finished(&runs->runs[i]))
            continue;
        if (runs->runs[i].lock_wait_ns > wait)
            wait = runs->runs[i].lock_wait_ns;
        if (runs->runs[i].floor_ns > work)
            work = runs->runs[i].floor_ns;
    }
    return (double)wait / (double)work;
}

static int say_waiting(double share, bool alone, struct vs_sentences *sentences)
{
    struct vs_text text = {0};
    char number[VS_WORDS_NUMBER];

    if (share <= 0 && alone)
        vs_text_add(&text, "No vCPU waited for any lock: there is no contention at this load.");
    else if (share < VS_WAIT_NEGLIGIBLE && alone)
        vs_text_addf(&text,
                     "There is next to no contention at this load: vCPUs wait for locks for %s of "
                     "the time they work in the hypervisor.",
                     vs_words_percent(share, number));
    else if (share <= 0)
        vs_text_add(&text, "No vCPU waited for any lock under any policy: there is no contention "
                           "at this load, and the policies differ only by what their locks cost "
                           "when nobody else wants them.");
    else if (share < VS_WAIT_NEGLIGIBLE)
        vs_text_addf(&text,
                     "There is next to no contention at this load: even under the policy that "
                     "waits most, vCPUs wait for locks for %s of the time they work in the "
                     "hypervisor. What differs is what the locks cost when nobody else wants "
                     "them.",
                     vs_words_percent(share, number));
    return finish(sentences, &text);
}

/* Any policy but the floor: what breaks without locks shows what the traffic can hit. */
static bool has_locks(const struct vs_run_row *run)
{
    return !vs_runs_is_reference(run) || strcmp(run->policy, "none") != 0;
}

static int say_unsafe(const struct vs_runs *runs, const struct vs_scenario *scenario,
                      const struct vs_table *hazards, struct vs_sentences *sentences)
{
    struct vs_text text = {0};
    size_t locked = 0, unsafe = 0, named = 0;

    for (size_t i = scenario->first; i < scenario->first + scenario->count; i++) {
        locked += has_locks(&runs->runs[i]);
        unsafe += !vs_runs_clean(&runs->runs[i]) && has_locks(&runs->runs[i]);
    }
    if (locked == 0)
        return 0;
    for (size_t i = scenario->first; i < scenario->first + scenario->count; i++) {
        const struct vs_run_row *run = &runs->runs[i];

        if (vs_runs_clean(run) || !has_locks(run))
            continue;
        if (named == 0)
            vs_text_addf(&text, "Something went wrong under %zu polic%s: ", unsafe,
                         unsafe == 1 ? "y" : "ies");
        vs_text_addf(&text, "%s%s (", named ? "; " : "", run->name);
        vs_describe_safety(run, hazards, &text);
        vs_text_add(&text, ")");
        named++;
    }
    if (named > 0)
        vs_text_addf(&text, ". %s costs are those of code that breaks.",
                     named == 1 ? "Its" : "Their");
    else
        vs_text_add(&text, "No hazard and no deadlock was seen under any policy with locks.");
    return finish(sentences, &text);
}

/* The end of the group that begins at first: runs each too close to the one before to be
 * ranked.  Both ends of a group may lie further apart, so its range is said. */
static size_t group_end(const struct ranking *ranking, size_t first, bool p99)
{
    size_t end = first + 1;

    while (end < ranking->count) {
        const struct vs_run_row *last = ranking->runs[end - 1], *next = ranking->runs[end];

        if (p99 ? vs_compare_p99(last, next) : vs_compare_throughput(last, next))
            break;
        end++;
    }
    return end;
}

/* "4.00 µs, 2.00 × the floor" or "4.00 to 5.00 µs, 2.00 to 2.50 × the floor". */
static void add_p99_range(const struct ranking *ranking, size_t first, size_t end,
                          const struct vs_run_row *floor, struct vs_text *text)
{
    const struct vs_run_row *low = ranking->runs[first], *high = ranking->runs[end - 1];
    char from[VS_WORDS_NUMBER], to[VS_WORDS_NUMBER];

    double best = vs_compare_typical_p99(low), worst = vs_compare_typical_p99(high);
    double least = floor ? vs_compare_typical_p99(floor) : 0;

    vs_words_duration(best, from);
    vs_words_duration(worst, to);
    vs_text_add(text, from);
    if (strcmp(from, to) != 0)
        vs_text_addf(text, " to %s", to);
    if (!floor || least <= 0)
        return;
    vs_words_ratio(best / least, from);
    vs_words_ratio(worst / least, to);
    if (strcmp(from, to) != 0)
        vs_text_addf(text, ", %s to %s the floor", from, to);
    else
        vs_text_addf(text, ", %s the floor", from);
}

static void say_p99(const struct ranking *ranking, const struct vs_run_row *floor,
                    struct vs_text *text)
{
    const struct vs_run_row *low = ranking->runs[0], *high = ranking->runs[ranking->count - 1];
    double best = vs_compare_typical_p99(low), worst = vs_compare_typical_p99(high);

    if (ranking->count == 1) {
        vs_text_addf(text, "Under %s p99 is ", low->name);
        add_p99_range(ranking, 0, 1, floor, text);
        vs_text_add(text, ": the only policy here to rank, so nothing is ranked.");
        return;
    }
    if (group_end(ranking, 0, true) == ranking->count) {
        vs_text_addf(text, "At p99 the %zu policies without a hazard are %s, at ", ranking->count,
                     worst - best <= VS_STEP_P99 * best
                         ? "indistinguishable (within the histogram's step of 3 %)"
                     : measured(ranking)
                         ? "not ranked (the ranges of their replicas meet, each with the next)"
                         : "not ranked (each less than 15 % from the next: within what one "
                           "interleaving can decide)");
        add_p99_range(ranking, 0, ranking->count, floor, text);
        if (vs_compare_p99(low, high) < 0)
            vs_text_addf(text, "; only the ends, %s and %s, lie further apart", low->name,
                         high->name);
        vs_text_add(text, ".");
        return;
    }
    vs_text_add(text, "By p99, best first: ");
    for (size_t first = 0; first < ranking->count;) {
        size_t end = group_end(ranking, first, true);

        vs_text_add(text, first > 0 ? "; " : "");
        add_names(ranking, first, end, text);
        vs_text_add(text, " (");
        add_p99_range(ranking, first, end, floor, text);
        vs_text_add(text, end - first > 1 ? ", not ranked)" : ")");
        first = end;
    }
    vs_text_add(text, measured(ranking)
                          ? ". Numbers are medians over replicas; policies whose replicas' ranges "
                            "meet are not ranked."
                          : ". Policies less than 15 % from the next are not ranked: within what "
                            "one interleaving can decide.");
}

/* A percentile of few accesses is an anecdote. */
static void say_samples(const struct ranking *ranking, struct vs_text *text)
{
    int64_t fewest = ranking->runs[0]->calls;
    char number[VS_WORDS_NUMBER];

    for (size_t i = 1; i < ranking->count; i++) {
        if (ranking->runs[i]->calls < fewest)
            fewest = ranking->runs[i]->calls;
    }
    if (fewest < TAIL_FEW * 100)
        vs_text_addf(text,
                     " It rests on the %s slowest of %s calls: read small differences with care.",
                     fewest >= 200 ? vs_words_count((uint64_t)fewest / 100, number) : "one or two",
                     vs_words_count((uint64_t)fewest, (char[VS_WORDS_NUMBER]){0}));
}

static void say_throughput(const struct ranking *ranking, const struct vs_run_row *floor,
                           struct vs_text *text)
{
    char number[VS_WORDS_NUMBER];

    if (!(vs_compare_typical_throughput(ranking->runs[0]) > 0))
        return;
    if (ranking->count == 1) {
        vs_text_addf(text, "Throughput under it is %s calls/s.",
                     vs_words_number(vs_compare_typical_throughput(ranking->runs[0]), number));
        return;
    }
    if (group_end(ranking, 0, false) == ranking->count) {
        vs_text_addf(text,
                     "Throughput is indistinguishable (%s) under all %zu of them, at "
                     "about %s calls/s: in %s it says little until the load is high.",
                     measured(ranking) ? "by its replicas" : "within 1 %", ranking->count,
                     vs_words_number(vs_compare_typical_throughput(ranking->runs[0]), number),
                     strcmp(ranking->runs[0]->timing, "open") == 0
                         ? "an open loop it is the rate of arrivals, and"
                         : "a closed loop with recorded think times");
        return;
    }
    vs_text_add(text, "By throughput, best first: ");
    for (size_t first = 0; first < ranking->count;) {
        size_t end = group_end(ranking, first, false);

        if (first > 0)
            vs_text_add(text, "; ");
        add_names(ranking, first, end, text);
        vs_text_addf(text, " (%s calls/s",
                     vs_words_number(vs_compare_typical_throughput(ranking->runs[first]), number));
        if (floor && vs_compare_typical_throughput(floor) > 0)
            vs_text_addf(text, ", %s of the floor",
                         vs_words_percent(vs_compare_typical_throughput(ranking->runs[first]) /
                                              vs_compare_typical_throughput(floor),
                                          number));
        if (end - first > 1)
            vs_text_add(text, measured(ranking) ? ", not told apart by their replicas"
                                                : ", indistinguishable within 1 %");
        vs_text_add(text, ")");
        first = end;
    }
    vs_text_add(text, ".");
}

/* One lock round everything admits one vCPU at a time to the locks below, too: where
 * those decide, the ceiling can come out lower than what it is the ceiling of. */
static void say_ceiling(const struct ranking *ranking, const struct vs_run_row *ceiling,
                        struct vs_text *text)
{
    char low[VS_WORDS_NUMBER];

    if (ceiling && vs_runs_clean(ceiling) &&
        vs_compare_typical_p99(ceiling) < vs_compare_typical_p99(ranking->runs[0]) &&
        vs_compare_p99(ceiling, ranking->runs[0]) < 0)
        vs_text_addf(text,
                     " The ceiling is none here: p99 under %s is %s, lower than all of these.",
                     ceiling->name, vs_words_duration(vs_compare_typical_p99(ceiling), low));
}

static int say_ranking(const struct vs_runs *runs, const struct vs_scenario *scenario,
                       struct vs_sentences *sentences)
{
    const struct vs_run_row *floor = vs_runs_find(runs, scenario, "none");
    struct vs_text p99 = {0}, throughput = {0};
    struct ranking ranking = {calloc(scenario->count, sizeof(*ranking.runs)), 0};
    int ret = VS_ERR_MEMORY;

    if (!ranking.runs)
        return ret;
    for (size_t i = scenario->first; i < scenario->first + scenario->count; i++) {
        if (vs_runs_clean(&runs->runs[i]) && !vs_runs_is_reference(&runs->runs[i]))
            ranking.runs[ranking.count++] = &runs->runs[i];
    }
    if (ranking.count > 0) {
        qsort(ranking.runs, ranking.count, sizeof(*ranking.runs), by_p99);
        say_p99(&ranking, floor, &p99);
        say_samples(&ranking, &p99);
        say_ceiling(&ranking, vs_runs_find(runs, scenario, "pcidevs-spin"), &p99);
        qsort(ranking.runs, ranking.count, sizeof(*ranking.runs), by_throughput);
        say_throughput(&ranking, floor, &throughput);
    }
    ret = finish(sentences, &p99);
    if (ret == 0)
        ret = finish(sentences, &throughput);
    else
        vs_text_free(&throughput);
    free(ranking.runs);
    return ret;
}

/* What no vPCI policy can change bounds what any can gain. */
static int say_below(const struct vs_runs *runs, const struct vs_scenario *scenario,
                     struct vs_sentences *sentences)
{
    const struct vs_run_row *least = NULL, *most = NULL;
    struct vs_text text = {0};
    char low[VS_WORDS_NUMBER], high[VS_WORDS_NUMBER];

    for (size_t i = scenario->first; i < scenario->first + scenario->count; i++) {
        const struct vs_run_row *run = &runs->runs[i];

        if (run->lock_wait_ns <= 0 || vs_runs_is_reference(run) || !vs_runs_clean(run))
            continue;
        double share = (double)run->below_wait_ns / (double)run->lock_wait_ns;

        if (!least || share < (double)least->below_wait_ns / (double)least->lock_wait_ns)
            least = run;
        if (!most || share > (double)most->below_wait_ns / (double)most->lock_wait_ns)
            most = run;
    }
    if (!least)
        return 0;
    vs_words_percent((double)least->below_wait_ns / (double)least->lock_wait_ns, low);
    vs_words_percent((double)most->below_wait_ns / (double)most->lock_wait_ns, high);
    vs_text_add(&text, "Of the waiting for locks under these policies, ");
    if (least == most || strcmp(low, high) == 0)
        vs_text_addf(&text, "%s is", low);
    else
        vs_text_addf(&text, "between %s (%s) and %s (%s) is", low, least->name, high, most->name);
    vs_text_add(&text, " for locks below vPCI, which no vPCI policy changes.");
    return finish(sentences, &text);
}

static int say_cross_domain(const struct vs_runs *runs, const struct vs_scenario *scenario,
                            struct vs_sentences *sentences)
{
    const struct vs_run_row *least = NULL, *most = NULL;
    struct vs_text text = {0};
    char low[VS_WORDS_NUMBER], high[VS_WORDS_NUMBER];

    for (size_t i = scenario->first; i < scenario->first + scenario->count; i++) {
        const struct vs_run_row *run = &runs->runs[i];

        if (!vs_runs_clean(run) || vs_runs_is_reference(run))
            continue;
        if (!least || run->cross_domain_wait_ns < least->cross_domain_wait_ns)
            least = run;
        if (!most || run->cross_domain_wait_ns > most->cross_domain_wait_ns)
            most = run;
    }
    if (!most || most->cross_domain_wait_ns == 0)
        return 0;
    if ((double)(most->cross_domain_wait_ns - least->cross_domain_wait_ns) <
        VS_APART_P99 * (double)most->cross_domain_wait_ns) {
        vs_text_addf(&text,
                     "Wait inflicted on other domains is about %s under every policy without a "
                     "hazard: the differences are within what one interleaving can decide.",
                     vs_words_duration((double)most->cross_domain_wait_ns, high));
        return finish(sentences, &text);
    }
    vs_text_addf(&text,
                 "Wait inflicted on other domains, among the policies without a hazard: least "
                 "under %s (%s), most under %s (%s).",
                 least->name, vs_words_duration((double)least->cross_domain_wait_ns, low),
                 most->name, vs_words_duration((double)most->cross_domain_wait_ns, high));
    return finish(sentences, &text);
}

/* The page and the table print such ratios; without a word they look like a mistake. */
static int say_below_floor(const struct vs_runs *runs, const struct vs_scenario *scenario,
                           struct vs_sentences *sentences)
{
    const struct vs_run_row *floor = vs_runs_find(runs, scenario, "none");

    if (!floor || !vs_runs_finished(floor))
        return 0;
    for (size_t i = scenario->first; i < scenario->first + scenario->count; i++) {
        const struct vs_run_row *run = &runs->runs[i];

        /* Printed with two decimals: 0.99 x or less. */
        if (vs_runs_finished(run) &&
            ((double)run->p99_ns < 0.995 * (double)floor->p99_ns ||
             (double)run->makespan_ns < 0.995 * (double)floor->makespan_ns))
            return vs_sentences_add(
                sentences,
                "Ratios below 1.00 × the floor are no mistake: \"none\" takes the fewest locks, "
                "but "
                "arrivals at the locks below vPCI bunch differently under each policy, so a policy "
                "can come out below it.");
    }
    return 0;
}

/* Where nothing else was replayed, nothing is compared. */
static int say_alone(const struct vs_run_row *run, struct vs_sentences *sentences)
{
    struct vs_text text = {0};

    vs_text_addf(&text,
                 "One policy only was replayed here, %s: nothing is compared (vpci-sim replay "
                 "without --policy runs all that ship).",
                 run->name);
    return finish(sentences, &text);
}

int vs_describe_findings(const struct vs_runs *runs, const struct vs_scenario *scenario,
                         const struct vs_table *hazards, struct vs_sentences *sentences)
{
    double share = waiting_share(runs, scenario);
    bool alone = scenario->count == 1;
    int ret = alone ? say_alone(vs_runs_first(runs, scenario), sentences) : 0;

    if (ret == 0)
        ret = say_waiting(share, alone, sentences);
    if (ret == 0)
        ret = say_unsafe(runs, scenario, hazards, sentences);
    if (ret == 0)
        ret = say_ranking(runs, scenario, sentences);
    if (ret == 0)
        ret = say_below_floor(runs, scenario, sentences);
    if (ret == 0 && share >= VS_WAIT_NEGLIGIBLE)
        ret = say_below(runs, scenario, sentences);
    if (ret == 0 && share >= VS_WAIT_NEGLIGIBLE)
        ret = say_cross_domain(runs, scenario, sentences);
    return ret;
}
