/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What survives, in sentences: what was varied, who counts as safe, what holds, what flips. */
#include "sensitivity.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Flips of one pair that are told; --json has all. */
#define FLIPS_TOLD 3

static int finish(struct vs_sensitivity *sensitivity, struct vs_text *text)
{
    int ret = text->failed ? VS_ERR_MEMORY : 0;

    if (ret == 0 && text->length > 0)
        ret = vs_sentences_add(&sensitivity->says, vs_text_or_empty(text));
    vs_text_free(text);
    return ret;
}

static const char *name_of(const struct vs_sensitivity *sensitivity, size_t contender)
{
    return sensitivity->contenders[contender].name;
}

/* -------------------------------------------------------------- what was varied */

struct ordered {
    const struct vs_place *place;
    size_t group;
};

/* By value; what has none comes last, in the order of the groups. */
static int by_value(const void *a, const void *b)
{
    const struct ordered *x = a, *y = b;
    double left = isnan(x->place->value) ? HUGE_VAL : x->place->value;
    double right = isnan(y->place->value) ? HUGE_VAL : y->place->value;

    if (left != right)
        return left < right ? -1 : 1;
    return (x->group > y->group) - (x->group < y->group);
}

void vs_sensitivity_values(const struct vs_sensitivity *sensitivity, size_t axis,
                           struct vs_text *text)
{
    const struct vs_axes *axes = &sensitivity->axes;
    struct ordered *places = calloc(axes->scenario_count, sizeof(*places));
    size_t count = 0;

    if (!places) {
        text->failed = true;
        return;
    }
    for (size_t g = 0; g < axes->scenario_count; g++) {
        const struct vs_place *place = vs_axes_place(axes, g, axis);
        bool seen = false;

        for (size_t i = 0; i < count && !seen; i++)
            seen = strcmp(places[i].place->text, place->text) == 0;
        if (!seen)
            places[count++] = (struct ordered){place, g};
    }
    qsort(places, count, sizeof(*places), by_value);
    for (size_t i = 0; i < count; i++) {
        vs_text_join(text, i, count);
        vs_text_add(text, places[i].place->text);
    }
    free(places);
}

/* What counts as a difference. */
static void say_rule(const struct vs_sensitivity *sensitivity, struct vs_text *text)
{
    size_t measured = sensitivity->measured_groups, all = sensitivity->axes.scenario_count;

    if (measured == 0) {
        vs_text_add(text,
                    "None has three replicas or more, so a difference of p99 counts from 15 % "
                    "on (an assumption), one of throughput from 1 %.");
        return;
    }
    if (measured == all)
        vs_text_add(text, "In all of them");
    else
        vs_text_addf(text, "In %zu of them", measured);
    vs_text_add(text, " every replay was repeated with think times jittered (three replicas or "
                      "more), and a difference counts when the replicas' ranges do not meet");
    vs_text_add(text, measured == all ? "."
                                      : "; in the others, p99 counts from 15 % on (an assumption), "
                                        "throughput from 1 %.");
}

static int say_varied(struct vs_sensitivity *sensitivity)
{
    const struct vs_axes *axes = &sensitivity->axes;
    struct vs_text text = {0};
    bool any = false;

    vs_text_addf(&text, "%zu groups of replays are compared, each of the same load and machine",
                 axes->scenario_count);
    for (size_t a = 0; a < axes->axis_count; a++) {
        if (!axes->axes[a].varied)
            continue;
        vs_text_addf(&text, "%s%s ",
                     any ? "; " : ". What differs between them: ", axes->axes[a].name);
        vs_sensitivity_values(sensitivity, a, &text);
        any = true;
    }
    vs_text_add(&text, any ? ". " : "; nothing that is told here differs between them. ");
    say_rule(sensitivity, &text);
    return finish(sensitivity, &text);
}

/* --------------------------------------------------------------------- safety */

static int say_wrong(struct vs_sensitivity *sensitivity)
{
    struct vs_text text = {0};
    size_t named = 0;

    for (size_t i = 0; i < sensitivity->contender_count; i++) {
        const struct vs_contender *contender = &sensitivity->contenders[i];

        if (contender->reference || contender->wrong == 0)
            continue;
        vs_text_addf(&text, "%s%s (in %zu of %zu groups)",
                     named++ ? "; " : "Not safe, and not ranked, since something went wrong: ",
                     contender->name, contender->wrong, contender->groups);
    }
    if (named > 0)
        vs_text_add(&text, ".");
    return finish(sensitivity, &text);
}

static int say_ranked(struct vs_sensitivity *sensitivity)
{
    struct vs_text text = {0}, open = {0};
    size_t ranked = 0, stated = 0, total = 0;
    int ret;

    for (size_t i = 0; i < sensitivity->contender_count; i++)
        total += sensitivity->contenders[i].ranked;
    for (size_t i = 0; i < sensitivity->contender_count; i++) {
        const struct vs_contender *contender = &sensitivity->contenders[i];
        const char *faults = contender->run->policy_faults;

        if (!contender->ranked)
            continue;
        vs_text_add(&text, ranked == 0 ? "Nothing went wrong in any group under " : "");
        vs_text_join(&text, ranked++, total);
        vs_text_add(&text, contender->name);
        if (!faults || !faults[0])
            continue;
        vs_text_addf(&open, "%s%s (%s)", stated ? "; " : "", contender->name, faults);
        stated++;
    }
    if (ranked > 0)
        vs_text_add(&text, ": these are ranked below.");
    else
        vs_text_add(&text, "Under every policy something went wrong somewhere: none is ranked.");
    ret = finish(sensitivity, &text);
    if (stated > 0)
        vs_text_addf(&text,
                     "That nothing went wrong is what these interleavings hit, not a proof of "
                     "safety. Stated to be open all the same: %s.",
                     vs_text_or_empty(&open));
    text.failed |= open.failed;
    vs_text_free(&open);
    if (ret == 0)
        ret = finish(sensitivity, &text);
    else
        vs_text_free(&text);
    return ret;
}

/* ------------------------------------------------------------------- verdicts */

/* "By p99, in all 8 groups: a beats b and c; b beats c." */
static int say_holds(struct vs_sensitivity *sensitivity, enum vs_metric metric)
{
    const struct vs_pair *pairs = sensitivity->pairs[metric];
    struct vs_text text = {0};
    size_t winners = 0;

    for (size_t i = 0; i < sensitivity->contender_count; i++) {
        size_t beaten = 0, named = 0;

        for (size_t p = 0; p < sensitivity->pair_count[metric]; p++)
            beaten += pairs[p].stand == VS_STAND_HOLDS && pairs[p].a == i;
        if (beaten == 0)
            continue;
        vs_text_addf(&text, "%s%s beats ", winners++ ? "; " : "", name_of(sensitivity, i));
        for (size_t p = 0; p < sensitivity->pair_count[metric]; p++) {
            if (pairs[p].stand != VS_STAND_HOLDS || pairs[p].a != i)
                continue;
            vs_text_join(&text, named++, beaten);
            vs_text_add(&text, name_of(sensitivity, pairs[p].b));
        }
    }
    if (winners == 0)
        return 0;
    struct vs_text whole = {.failed = text.failed};

    vs_text_addf(&whole, "Survives everything, by %s: %s.", vs_metric_name(metric),
                 vs_text_or_empty(&text));
    vs_text_free(&text);
    return finish(sensitivity, &whole);
}

/* "a beats b in 3 of 8 groups and is not told apart from it in the others." */
static int say_never_worse(struct vs_sensitivity *sensitivity, enum vs_metric metric)
{
    const struct vs_pair *pairs = sensitivity->pairs[metric];
    struct vs_text text = {0};
    size_t named = 0;

    for (size_t i = 0; i < sensitivity->contender_count; i++) {
        size_t against = 0;

        for (size_t p = 0; p < sensitivity->pair_count[metric]; p++) {
            if (pairs[p].stand != VS_STAND_NEVER_WORSE || pairs[p].a != i)
                continue;
            if (against++ == 0)
                vs_text_addf(&text, "%s%s than ", named++ ? "; " : "", name_of(sensitivity, i));
            vs_text_addf(&text, "%s%s (%zu of %zu)", against > 1 ? ", " : "",
                         name_of(sensitivity, pairs[p].b), pairs[p].better,
                         pairs[p].better + pairs[p].alike);
        }
    }
    if (named == 0)
        return 0;
    struct vs_text whole = {.failed = text.failed};

    vs_text_addf(&whole,
                 "Never worse by %s, better in some groups (how many) and not told apart in the "
                 "others: %s.",
                 vs_metric_name(metric), vs_text_or_empty(&text));
    vs_text_free(&text);
    return finish(sensitivity, &whole);
}

void vs_sensitivity_flip_text(const struct vs_sensitivity *sensitivity, const struct vs_flip *flip,
                              struct vs_text *text)
{
    const struct vs_axes *axes = &sensitivity->axes;
    struct vs_text rest = {0};

    if (flip->axis == axes->axis_count) {
        vs_text_add(text, "better with ");
        vs_axes_describe(axes, flip->better, axes->axis_count, text);
        vs_text_add(text, ", worse with ");
        vs_axes_describe(axes, flip->worse, axes->axis_count, text);
        vs_text_add(text, ", which differ in more than one assumption");
        return;
    }
    vs_text_addf(text, "better at %s %s, worse at %s", axes->axes[flip->axis].name,
                 vs_axes_place(axes, flip->better, flip->axis)->text,
                 vs_axes_place(axes, flip->worse, flip->axis)->text);
    vs_axes_describe(axes, flip->better, flip->axis, &rest);
    if (rest.length > 0)
        vs_text_addf(text, " (%s)", vs_text_or_empty(&rest));
    text->failed |= rest.failed;
    vs_text_free(&rest);
}

/* A sentence per pair: the value at which it turns over. */
static int say_flips(struct vs_sensitivity *sensitivity, enum vs_metric metric)
{
    int ret = 0;

    for (size_t p = 0; p < sensitivity->pair_count[metric] && ret == 0; p++) {
        const struct vs_pair *pair = &sensitivity->pairs[metric][p];
        struct vs_text text = {0};

        if (pair->stand != VS_STAND_FLIPS)
            continue;
        vs_text_addf(
            &text, "Flips, by %s: %s against %s, better in %zu of %zu groups, worse in %zu",
            vs_metric_name(metric), name_of(sensitivity, pair->a), name_of(sensitivity, pair->b),
            pair->better, pair->better + pair->worse + pair->alike, pair->worse);
        if (pair->alike > 0)
            vs_text_addf(&text, ", not told apart in %zu", pair->alike);
        for (size_t f = 0; f < pair->flip_count && f < FLIPS_TOLD; f++) {
            vs_text_add(&text, f ? "; " : ": ");
            vs_sensitivity_flip_text(sensitivity, &pair->flips[f], &text);
        }
        if (pair->flip_count > FLIPS_TOLD)
            vs_text_addf(&text, "; and at %zu more places (--json has them)",
                         pair->flip_count - FLIPS_TOLD);
        vs_text_add(&text, ".");
        ret = finish(sensitivity, &text);
    }
    return ret;
}

/* Who loses to nobody, and how far that says anything. */
static int say_best(struct vs_sensitivity *sensitivity, enum vs_metric metric)
{
    struct vs_text text = {0};
    size_t ranked = 0, unbeaten = 0, named = 0, alike = 0;

    for (size_t i = 0; i < sensitivity->contender_count; i++) {
        ranked += sensitivity->contenders[i].ranked;
        unbeaten += sensitivity->contenders[i].unbeaten[metric];
    }
    for (size_t p = 0; p < sensitivity->pair_count[metric]; p++)
        alike += sensitivity->pairs[metric][p].stand == VS_STAND_ALIKE;
    if (ranked < 2)
        return 0;
    if (alike > 0 && alike == sensitivity->pair_count[metric]) {
        vs_text_addf(&text, "By %s no two of them are told apart in any group.",
                     vs_metric_name(metric));
        return finish(sensitivity, &text);
    }
    if (unbeaten == 0) {
        vs_text_addf(&text,
                     "By %s each of them is beaten by another somewhere: which is best hangs "
                     "on the assumptions.",
                     vs_metric_name(metric));
        return finish(sensitivity, &text);
    }
    vs_text_addf(&text, "Beaten by none of them in any group, by %s: ", vs_metric_name(metric));
    for (size_t i = 0; i < sensitivity->contender_count; i++) {
        if (!sensitivity->contenders[i].unbeaten[metric])
            continue;
        vs_text_join(&text, named++, unbeaten);
        vs_text_add(&text, name_of(sensitivity, i));
    }
    vs_text_add(&text, ".");
    return finish(sensitivity, &text);
}

int vs_sensitivity_say(struct vs_sensitivity *sensitivity)
{
    int ret;

    if (sensitivity->axes.scenario_count < 2)
        return vs_sentences_add(
            &sensitivity->says,
            "Nothing was varied: there is one group of replays, and what hangs on its assumptions "
            "is not known (vpci-sim sweep varies speeds, clones, machines and costs).");
    ret = say_varied(sensitivity);
    if (ret == 0)
        ret = say_wrong(sensitivity);
    if (ret == 0)
        ret = say_ranked(sensitivity);
    for (int m = 0; m < VS_METRIC_COUNT && ret == 0; m++) {
        ret = say_best(sensitivity, (enum vs_metric)m);
        if (ret == 0)
            ret = say_holds(sensitivity, (enum vs_metric)m);
        if (ret == 0)
            ret = say_never_worse(sensitivity, (enum vs_metric)m);
        if (ret == 0)
            ret = say_flips(sensitivity, (enum vs_metric)m);
    }
    return ret;
}
