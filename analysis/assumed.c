/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Chooses what belongs into one picture: what differs in one number alone, or was asked in one
 * search. */
#include "assumed.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct drawing {
    struct vs_query *query;
    const char *directory;
    unsigned pictures;
    void (*progress)(const char *name);
    struct vs_assumed *assumed;
};

static int no_memory(struct vs_error *error)
{
    return vs_error_set(error, VS_ERR_MEMORY, "out of memory for the assumptions");
}

/* What a picture holds: rows of `shown`, whose legends are ours. */
struct content {
    struct vs_shown *shown;
    size_t count;
};

static void free_content(struct content *content)
{
    for (size_t i = 0; i < content->count; i++)
        free((char *)(uintptr_t)content->shown[i].legend);
    free(content->shown);
    *content = (struct content){0};
}

static int add_shown(struct content *content, int64_t id, const char *name, const char *legend,
                     struct vs_error *error)
{
    struct vs_shown *grown = realloc(content->shown, (content->count + 1) * sizeof(*grown));

    if (grown)
        content->shown = grown;
    char *copy = grown ? strdup(legend) : NULL;

    if (!copy)
        return no_memory(error);
    content->shown[content->count++] = (struct vs_shown){id, name, copy};
    return 0;
}

static const struct vs_plot *find_plot(const char *name)
{
    const struct vs_plot *plot = vs_plots;

    while (plot->name && strcmp(plot->name, name) != 0)
        plot++;
    return plot;
}

static int draw(struct drawing *drawing, const char *plot_name, const struct content *content,
                const char *slug, const struct vs_text *caption, struct vs_error *error)
{
    struct vs_assumed *assumed = drawing->assumed;
    struct vs_figure *figures = realloc(assumed->figures, (assumed->count + 1) * sizeof(*figures));
    char name[256];

    if (figures)
        assumed->figures = figures;
    char **slugs = realloc(assumed->slugs, (assumed->count + 1) * sizeof(*slugs));

    if (slugs)
        assumed->slugs = slugs;
    if (!figures || !slugs || caption->failed)
        return no_memory(error);
    slugs[assumed->count] = strdup(slug);
    if (!slugs[assumed->count])
        return no_memory(error);
    snprintf(name, sizeof(name), "%s.%s", plot_name, slug);
    if (drawing->progress)
        drawing->progress(name);
    int ret = vs_query_show(drawing->query, content->shown, content->count, error);

    /* The page takes SVGs in, whatever is kept. */
    if (ret == 0)
        ret = vs_plots_draw(drawing->query, find_plot(plot_name), drawing->directory, slug,
                            vs_text_or_empty(caption), drawing->pictures | VS_PICTURE_SVG,
                            &figures[assumed->count], error);
    if (ret < 0)
        free(slugs[assumed->count]);
    else
        assumed->count++;
    return ret;
}

/* ------------------------------------------------------------- varied numbers */

static void add_legend(const struct vs_run_row *run, bool wrong, struct vs_text *text)
{
    vs_text_add(text, run->name);
    if (vs_runs_is_reference(run))
        vs_text_add(text, strcmp(run->policy, "none") == 0 ? " (floor)" : " (ceiling)");
    if (wrong)
        vs_text_add(text, " †");
}

static bool wrong_anywhere(const struct vs_axes *axes, size_t group, size_t axis,
                           const struct vs_run_row *run)
{
    for (size_t g = 0; g < axes->scenario_count; g++) {
        const struct vs_scenario *scenario = vs_axes_scenario(axes, g);

        if (!vs_axes_alike_but(axes, group, g, axis))
            continue;
        for (size_t i = scenario->first; i < scenario->first + scenario->count; i++) {
            if (strcmp(axes->runs->runs[i].name, run->name) == 0 &&
                !vs_runs_clean(&axes->runs->runs[i]))
                return true;
        }
    }
    return false;
}

/* All runs of the groups that are alike but for the axis. */
static int gather(const struct vs_axes *axes, size_t group, size_t axis, struct content *content,
                  bool *wrong, struct vs_error *error)
{
    int ret = 0;

    for (size_t g = 0; g < axes->scenario_count; g++) {
        const struct vs_scenario *scenario = vs_axes_scenario(axes, g);

        if (!vs_axes_alike_but(axes, group, g, axis) || isnan(vs_axes_place(axes, g, axis)->value))
            continue;
        for (size_t i = scenario->first; i < scenario->first + scenario->count && ret == 0; i++) {
            const struct vs_run_row *run = &axes->runs->runs[i];
            bool dagger = wrong_anywhere(axes, group, axis, run);
            struct vs_text legend = {0};

            *wrong |= dagger;
            add_legend(run, dagger, &legend);
            ret = add_shown(content, run->id, run->name, vs_text_or_empty(&legend), error);
            vs_text_free(&legend);
        }
    }
    return ret;
}

/* As of any picture of that scenario, but for the number on the axis. */
static void describe_varied(const struct vs_axes *axes, size_t group, size_t axis, bool wrong,
                            struct vs_text *caption)
{
    struct vs_run_row run = *vs_runs_first(axes->runs, vs_axes_scenario(axes, group));
    const struct vs_scenario scenario = {.first = 0, .count = 1};
    const struct vs_runs runs = {.runs = &run, .run_count = 1};
    struct vs_text held = {0};

    run.varied = "";
    run.outcome = "done"; /* the dagger is ours to explain, below */
    run.hazards = run.hazard_replicas = run.deadlock_replicas = 0;
    vs_describe_caption(&runs, &scenario, NULL, caption);
    vs_axes_describe(axes, group, axis, &held);
    if (held.length > 0)
        vs_text_addf(caption, " · held: %s", vs_text_or_empty(&held));
    if (wrong)
        vs_text_add(caption, " · † something went wrong under this policy");
    caption->failed |= held.failed;
    vs_text_free(&held);
}

static int draw_set(struct drawing *drawing, const struct vs_axes *axes, size_t group, size_t axis,
                    struct vs_error *error)
{
    const struct vs_run_row *run = vs_runs_first(axes->runs, vs_axes_scenario(axes, group));
    struct content content = {0};
    struct vs_text caption = {0};
    char trace[48], number[48], slug[160];
    bool wrong = false;
    int ret = gather(axes, group, axis, &content, &wrong, error);

    if (ret == 0) {
        describe_varied(axes, group, axis, wrong, &caption);
        snprintf(slug, sizeof(slug), "%s.%s.%zu",
                 vs_words_slug(run->trace_name, 40, trace, sizeof(trace)),
                 vs_words_slug(axes->axes[axis].name, 32, number, sizeof(number)),
                 drawing->assumed->count + 1);
        ret = draw(drawing, "vary", &content, slug, &caption, error);
    }
    vs_text_free(&caption);
    free_content(&content);
    return ret;
}

/* The first group of its set along the axis, and not alone in it. */
static bool begins_set(const struct vs_axes *axes, size_t group, size_t axis)
{
    bool others = false;

    if (isnan(vs_axes_place(axes, group, axis)->value))
        return false;
    for (size_t g = 0; g < axes->scenario_count; g++) {
        if (g == group || isnan(vs_axes_place(axes, g, axis)->value) ||
            !vs_axes_alike_but(axes, group, g, axis))
            continue;
        if (g < group)
            return false;
        others |= vs_axes_difference(axes, group, g) == axis;
    }
    return others;
}

static int draw_varied(struct drawing *drawing, const struct vs_axes *axes, size_t *drawn,
                       struct vs_error *error)
{
    int ret = 0;

    for (size_t a = 0; a < axes->axis_count && ret == 0; a++) {
        if (!axes->axes[a].varied || !axes->axes[a].is_cost)
            continue;
        for (size_t g = 0; g < axes->scenario_count && ret == 0; g++) {
            if (!begins_set(axes, g, a))
                continue;
            if (*drawn >= VS_ASSUMED_MAX) {
                drawing->assumed->left_out++;
                continue;
            }
            ret = draw_set(drawing, axes, g, a, error);
            *drawn += 1;
        }
    }
    return ret;
}

/* ------------------------------------------------------------------ saturation */

/* The filters of the report chose runs; an answer belongs to those of its trace and machine. */
static bool is_chosen(const struct vs_sensitivities *all, const struct vs_table *answers,
                      size_t row)
{
    for (size_t i = 0; i < all->count; i++) {
        const struct vs_runs *runs = all->items[i].axes.runs;

        for (size_t k = 0; k < runs->run_count; k++) {
            if (strcmp(runs->runs[k].trace_hash, vs_table_text(answers, row, "trace_hash")) == 0 &&
                strcmp(runs->runs[k].trace_name, vs_table_text(answers, row, "trace_name")) == 0 &&
                strcmp(runs->runs[k].machine, vs_table_text(answers, row, "machine")) == 0)
                return true;
        }
    }
    return false;
}

/* {"timing": "closed", "clone": 1, "rebase": true}: "timing closed, clone 1, rebase"; what is off
 * or 0 is left out. */
static void describe_held(const char *load, struct vs_text *text)
{
    struct vs_json_doc *doc = NULL;
    bool any = false;

    if (vs_json_parse(load, strlen(load), "load", &doc, NULL) < 0) {
        vs_text_add(text, load);
        return;
    }
    struct vs_json root = vs_json_root(doc);

    for (size_t i = 0; i < vs_json_count(&root); i++) {
        struct vs_json member = vs_json_member_at(&root, i);
        const char *string = NULL;
        double number = 0;
        bool flag = false;

        if (vs_json_string(&member, &string, NULL) == 0)
            vs_text_addf(text, "%s%s %s", any ? ", " : "", member.key, string);
        else if (vs_json_double(&member, -HUGE_VAL, HUGE_VAL, &number, NULL) == 0 && number != 0)
            vs_text_addf(text, "%s%s %g%s", any ? ", " : "", member.key, number,
                         strcmp(member.key, "jitter") == 0 ? " %" : "");
        else if (vs_json_boolean(&member, &flag, NULL) == 0 && flag)
            vs_text_addf(text, "%s%s", any ? ", " : "", member.key);
        any = text->length > 0;
    }
    vs_json_doc_free(doc);
}

static void describe_saturation(const struct vs_table *answers, size_t first, size_t end,
                                struct vs_text *caption)
{
    struct vs_sentences steps = {0};
    char number[VS_WORDS_NUMBER];
    bool hazards = false, turns = false;
    struct vs_text held = {0};

    describe_held(vs_table_text(answers, first, "load"), &held);
    vs_text_addf(caption, "%s · machine %s · held: %s · kept and broken are at most %s apart",
                 vs_table_text(answers, first, "trace_name"),
                 vs_table_text(answers, first, "machine"), vs_text_or_empty(&held),
                 vs_words_percent(vs_table_real(answers, first, "tolerance"), number));
    caption->failed |= held.failed;
    vs_text_free(&held);
    if (vs_table_integer(answers, first, "emulated"))
        vs_text_add(caption, " · captured under emulation: no recorded time is a hardware latency");
    if (vs_table_integer(answers, first, "synthetic"))
        vs_text_add(caption, " · synthetic in part or whole");
    vs_describe_incomplete(vs_table_text(answers, first, "notes"), caption);
    vs_text_addf(caption, " · WHAT-IF: the %s is raised past what was recorded",
                 strcmp(vs_table_text(answers, first, "axis"), "clone") == 0 ? "number of clones"
                                                                             : "speed");
    if (vs_describe_array(vs_table_text(answers, first, "what_if"), &steps) < 0)
        caption->failed = true;
    for (size_t i = 0; i < steps.count; i++) {
        vs_text_add(caption, i ? "; " : "; at the lowest load: ");
        vs_words_respell(steps.items[i], caption);
    }
    vs_sentences_free(&steps);
    for (size_t i = first; i < end; i++) {
        hazards |= vs_table_integer(answers, i, "hazard_probes") > 0 ||
                   vs_table_integer(answers, i, "deadlocks") > 0;
        turns |= vs_table_integer(answers, i, "turns") != 0;
    }
    if (hazards)
        vs_text_add(caption, " · † something went wrong under this policy");
    if (turns)
        vs_text_add(caption, " · ‡ kept the bound again at a higher load: p99 does not grow with "
                             "the load throughout");
}

static int draw_answers(struct drawing *drawing, const struct vs_table *answers, size_t first,
                        size_t end, struct vs_error *error)
{
    struct content content = {0};
    struct vs_text caption = {0};
    char trace[48], slug[160];
    int ret = 0;

    for (size_t i = first; i < end && ret == 0; i++) {
        struct vs_text legend = {0};
        const char *policy = vs_table_text(answers, i, "policy");
        bool wrong = vs_table_integer(answers, i, "hazard_probes") > 0 ||
                     vs_table_integer(answers, i, "deadlocks") > 0;
        bool own = vs_table_integer(answers, i, "policy_rank") >= VS_RANK_OWN;

        vs_text_addf(&legend, "%s%s%s%s%s", policy,
                     own && vs_plots_ships(policy)                 ? " (own file)"
                     : !own && strcmp(policy, "none") == 0         ? " (floor)"
                     : !own && strcmp(policy, "pcidevs-spin") == 0 ? " (ceiling)"
                                                                   : "",
                     wrong || vs_table_integer(answers, i, "turns") ? " " : "", wrong ? "†" : "",
                     vs_table_integer(answers, i, "turns") ? "‡" : "");
        ret = add_shown(&content, vs_table_integer(answers, i, "id"), policy,
                        vs_text_or_empty(&legend), error);
        vs_text_free(&legend);
    }
    if (ret == 0) {
        describe_saturation(answers, first, end, &caption);
        snprintf(
            slug, sizeof(slug), "%s.%s.%zu",
            vs_words_slug(vs_table_text(answers, first, "trace_name"), 40, trace, sizeof(trace)),
            vs_table_text(answers, first, "axis"), drawing->assumed->count + 1);
        ret = draw(drawing, "saturation", &content, slug, &caption, error);
    }
    vs_text_free(&caption);
    free_content(&content);
    return ret;
}

static int draw_saturation(struct drawing *drawing, const struct vs_sensitivities *all,
                           struct vs_error *error)
{
    struct vs_table *answers = NULL;
    size_t drawn = 0;
    int ret = vs_query_table(drawing->query, "queries/saturation.sql", "answers", &answers, error);

    for (size_t first = 0, end; ret == 0 && first < answers->row_count; first = end) {
        for (end = first;
             end < answers->row_count && vs_table_integer(answers, end, "set_id") ==
                                             vs_table_integer(answers, first, "set_id");)
            end++;
        if (!is_chosen(all, answers, first))
            continue;
        if (drawn >= VS_ASSUMED_MAX) {
            drawing->assumed->left_out++;
            continue;
        }
        ret = draw_answers(drawing, answers, first, end, error);
        drawn++;
    }
    vs_table_free(answers);
    return ret;
}

int vs_assumed_draw(struct vs_query *query, const struct vs_sensitivities *all,
                    const char *directory, unsigned pictures, void (*progress)(const char *name),
                    struct vs_assumed *assumed, struct vs_error *error)
{
    struct drawing drawing = {query, directory, pictures, progress, assumed};
    size_t drawn = 0;
    int ret = 0;

    *assumed = (struct vs_assumed){0};
    for (size_t i = 0; i < all->count && ret == 0; i++)
        ret = draw_varied(&drawing, &all->items[i].axes, &drawn, error);
    return ret == 0 ? draw_saturation(&drawing, all, error) : ret;
}

void vs_assumed_free(struct vs_assumed *assumed)
{
    for (size_t i = 0; i < assumed->count; i++) {
        vs_figure_free(&assumed->figures[i]);
        free(assumed->slugs[i]);
    }
    free(assumed->figures);
    free(assumed->slugs);
    *assumed = (struct vs_assumed){0};
}
