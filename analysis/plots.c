/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The registry of plots and policy styles, and what turns one plot into files. */
#include "plots.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "embedded.h"
#include "gnuplot.h"
#include "words.h"

const struct vs_plot vs_plots[] = {
    {.name = "latency",
     .title = "Latency of config-space accesses",
     .reading = "Left the whole distribution, right its tail on a logarithmic scale, where "
                "policies part. Curves that lie on each other are policies that cannot be told "
                "apart.",
     .width = 1100,
     .height = 430,
     .draws_references = true},
    {.name = "lock-wait",
     .title = "Which locks the waiting is for",
     .reading = "Bars are shares of each policy's own waiting; the totals stand at the right. "
                "Grey is waiting that no vPCI policy can remove. A policy that waits for less than "
                "0.1 % of its time at work has no bar: shares of so little are chance.",
     .width = 1100,
     .height = 130,
     .per_series = 27,
     .draws_references = true},
    {.name = "blocked-time",
     .title = "When vCPUs wait for locks",
     .reading = "One row a policy, all rows to one scale.",
     .width = 1100,
     .height = 130,
     .per_series = 38,
     .draws_references = true},
    {.name = "cross-domain",
     .title = "Wait inflicted on other domains",
     .reading = "Lock wait of one domain's vCPUs while a vCPU of another domain held the lock.",
     .width = 1100,
     .height = 130,
     .per_series = 27,
     .draws_references = true},
    {.name = "operations",
     .title = "Which operations wait",
     .reading = "Mean wait of every operation class that waited; the label (O4b) is that of the "
                "operation table. The scale of the shading is logarithmic.",
     .width = 1100,
     .height = 170,
     .per_key = 27,
     .draws_references = true},
    {.name = "blockers",
     .title = "Who blocks whom",
     .reading = "A row waits while a column's operation holds the lock.",
     .width = 1100,
     .height = 170,
     .per_key = 27},
    {.name = "load",
     .title = "p99 latency against load",
     .reading = "Each point is one replay; what the lines do between the points was not "
                "replayed.",
     .sweep = true,
     .width = 1100,
     .height = 430,
     .draws_references = true},
    {.name = "vary",
     .title = "p99 latency against a cost of the machine profile",
     .reading = "Each point is the median of a replay's replicas (or the one replay there is), its "
                "whisker their range. Lines that cross are conclusions that hang on this number; "
                "what the lines do between the points was not replayed.",
     .assumed = true,
     .width = 1100,
     .height = 430,
     .draws_references = true},
    {.name = "saturation",
     .title = "How much load each policy carries",
     .reading = "The longer the bar, the more load a policy carried before p99 broke the bound. "
                "Both ends of the thin line were replayed; an arrow is the highest load tried.",
     .assumed = true,
     .width = 1100,
     .height = 130,
     .per_series = 27,
     .draws_references = true},
    {.name = NULL},
};

/*
 * Paul Tol's "muted" scheme (Colour Schemes, SRON technical note 3.2, 2021), made
 * to be told apart by colour-blind readers, but for its two lightest colours, which are
 * lost as thin lines; related policies differ in dash as well.  The floor is grey and the ceiling
 * black, both dashed.  A repaired variant has its base's colour, in another dash.
 */
static const struct vs_style styles[] = {
    {"none", "#8a8a8a", 2, 2.2},
    {"pcidevs-spin", "#000000", 2, 2.2},
    {"device-lock", "#882255", 1, 1.8},
    {"domain-rwlock", "#332288", 1, 1.8},
    {"domain-rwlock-nested", "#4aa3df", 4, 2.0},
    {"pcidevs-rwlock", "#999933", 1, 1.8},
    {"pcidevs-percpu-rwlock", "#d97b00", 4, 2.2},
    {"pci-lock", "#cc6677", 1, 2.2},
    {"pci-lock-bars", "#aa4499", 4, 1.8},
    {"pci-lock-fixed", "#6b4a2b", 1, 1.8},
    {"refcount", "#117733", 1, 1.8},
    {"rcu", "#44aa99", 4, 2.0},
    {"pcidevs-rwlock-fixed", "#999933", 2, 1.8},
    {"pcidevs-percpu-rwlock-fixed", "#d97b00", 2, 1.8},
    {"pci-lock-fixed", "#cc6677", 2, 2.0},
    {"pci-lock-bars-fixed", "#aa4499", 2, 1.8},
    {"refcount-fixed", "#117733", 2, 1.8},
    {"rcu-fixed", "#44aa99", 2, 1.8},
};

/* For the user's own, all dotted. */
static const struct vs_style own_styles[] = {
    {"", "#0072b2", 3, 2.4},
    {"", "#b2182b", 3, 2.4},
    {"", "#5e3c99", 3, 2.4},
    {"", "#8c510a", 3, 2.4},
};

bool vs_plots_ships(const char *policy)
{
    for (size_t i = 0; i < sizeof(styles) / sizeof(*styles); i++) {
        if (strcmp(styles[i].policy, policy) == 0)
            return true;
    }
    return false;
}

const struct vs_style *vs_plots_style(const char *policy, size_t serial)
{
    for (size_t i = 0; i < sizeof(styles) / sizeof(*styles); i++) {
        if (strcmp(styles[i].policy, policy) == 0)
            return &styles[i];
    }
    return &own_styles[serial % (sizeof(own_styles) / sizeof(*own_styles))];
}

void vs_figure_free(struct vs_figure *figure)
{
    free(figure->title);
    free(figure->nothing);
    free(figure->caption);
    free(figure->svg_name);
    free(figure->png_name);
    free(figure->warnings);
    *figure = (struct vs_figure){0};
}

/* pngcairo takes a font's size as points at 96 to the inch, svg as pixels. */
#define PNG_POINT 0.75

/* -------------------------------------------------------------------- directory */

static int make_directory(const char *path, struct vs_error *error)
{
    struct stat status;

    if (mkdir(path, 0777) == 0)
        return 0;
    int reason = errno;

    if (reason == EEXIST && stat(path, &status) == 0) {
        if (S_ISDIR(status.st_mode) && access(path, W_OK | X_OK) == 0)
            return 0;
        reason = S_ISDIR(status.st_mode) ? EACCES : ENOTDIR;
    }
    return vs_error_set_at(error, VS_ERR_HOST, path, VS_NOWHERE, VS_NOWHERE,
                           "cannot be made a directory to write to: %s", strerror(reason));
}

int vs_plots_prepare(const char *directory, struct vs_error *error)
{
    static const char *const parts[] = {"", "/data", "/plots"};
    char path[4096];

    for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
        snprintf(path, sizeof(path), "%s%s", directory, parts[i]);
        int ret = make_directory(path, error);

        if (ret < 0)
            return ret;
    }
    return 0;
}

static int write_file(const char *directory, const char *name, const char *content,
                      struct vs_error *error)
{
    char path[4096];
    int ret = 0;

    snprintf(path, sizeof(path), "%s/%s", directory, name);
    FILE *stream = fopen(path, "w");

    if (stream) {
        if (fputs(content, stream) < 0)
            ret = VS_ERR_HOST;
        if (fclose(stream) != 0)
            ret = VS_ERR_HOST;
    }
    if (!stream || ret < 0)
        return vs_error_set_at(error, VS_ERR_HOST, path, VS_NOWHERE, VS_NOWHERE,
                               "cannot be written: %s", strerror(errno));
    return 0;
}

/* -------------------------------------------------------------- script parameters */

/* In gnuplot, a single-quoted string has no escapes but '' for a quote. */
static void add_quoted(struct vs_text *script, const char *text)
{
    vs_text_add(script, "'");
    for (; *text; text++) {
        if (*text == '\'')
            vs_text_add(script, "''");
        else
            vs_text_addf(script, "%c", (unsigned char)*text < ' ' ? ' ' : *text);
    }
    vs_text_add(script, "'");
}

static void add_string(struct vs_text *script, const char *name, const char *text)
{
    vs_text_addf(script, "%s = ", name);
    add_quoted(script, text);
    vs_text_add(script, "\n");
}

/* array NAME[rows] = [...] from a column; gnuplot has no array of length 0. */
static void add_array(struct vs_text *script, const char *name, const struct vs_table *table,
                      const char *column)
{
    vs_text_addf(script, "array %s[%zu] = [", name, table->row_count ? table->row_count : 1);
    for (size_t i = 0; i < table->row_count; i++) {
        vs_text_add(script, i ? ", " : "");
        add_quoted(script, vs_table_text(table, i, column));
    }
    vs_text_add(script, table->row_count ? "]\n" : "'']\n");
}

/* The caption as lines in one double-quoted string; the bytes that gnuplot would
 * read there are escaped. */
static void add_caption(struct vs_text *script, const char *wrapped, size_t lines)
{
    vs_text_addf(script, "caption_lines = %zu\ncaption = \"", lines);
    for (; *wrapped; wrapped++) {
        if (*wrapped == '\n')
            vs_text_add(script, "\\n");
        else if (strchr("\"\\`", *wrapped))
            vs_text_addf(script, "\\%03o", (unsigned char)*wrapped);
        else
            vs_text_addf(script, "%c", *wrapped);
    }
    vs_text_add(script, "\"\n");
}

static void add_series(struct vs_text *script, const struct vs_table *series)
{
    struct vs_text colour = {0}, dash = {0}, width = {0};
    size_t own = 0;

    vs_text_addf(script, "series_count = %zu\n", series->row_count);
    add_array(script, "series", series, "name");
    add_array(script, "series_label", series, "label");
    add_array(script, "series_label2", series, "label2");
    vs_text_addf(script, "array series_row[%zu] = [", series->row_count);
    for (size_t i = 0; i < series->row_count; i++)
        vs_text_addf(script, "%s%lld", i ? ", " : "",
                     (long long)vs_table_integer(series, i, "row"));
    vs_text_add(script, "]\n");
    for (size_t i = 0; i < series->row_count; i++) {
        const struct vs_style *style = vs_plots_style(vs_table_text(series, i, "policy"), own);

        own += style->policy[0] == '\0';
        vs_text_addf(&colour, "%s'%s'", i ? ", " : "", style->colour);
        vs_text_addf(&dash, "%s%d", i ? ", " : "", style->dash);
        vs_text_addf(&width, "%s%.1f", i ? ", " : "", style->width);
    }
    vs_text_addf(script,
                 "array series_colour[%zu] = [%s]\narray series_dash[%zu] = [%s]\n"
                 "array series_width[%zu] = [%s]\n",
                 series->row_count, vs_text_or_empty(&colour), series->row_count,
                 vs_text_or_empty(&dash), series->row_count, vs_text_or_empty(&width));
    script->failed |= colour.failed || dash.failed || width.failed;
    vs_text_free(&colour);
    vs_text_free(&dash);
    vs_text_free(&width);
}

static void add_keys(struct vs_text *script, const struct vs_table *keys)
{
    vs_text_addf(script, "key_count = %zu\n", keys->row_count);
    add_array(script, "key_name", keys, "name");
    vs_text_addf(script, "array key_kind[%zu] = [", keys->row_count ? keys->row_count : 1);
    for (size_t i = 0; i < keys->row_count; i++)
        vs_text_addf(script, "%s%lld", i ? ", " : "", (long long)vs_table_integer(keys, i, "kind"));
    vs_text_add(script, keys->row_count ? "]\n" : "0]\n");
}

static void add_terminals(struct vs_text *script, const char *name, const char *slug,
                          unsigned pictures)
{
    if (pictures & VS_PICTURE_SVG) {
        vs_text_add(script, "\nset terminal svg size canvas_width, canvas_height noenhanced "
                            "font 'Arial,13' background '#ffffff' linewidth 1\n");
        vs_text_addf(script, "set output '%s.%s.svg'\nload 'plots/%s.gp'\nunset output\n", name,
                     slug, name);
    }
    if (pictures & VS_PICTURE_PNG) {
        vs_text_addf(script,
                     "\nset terminal pngcairo size canvas_width * %.1f, canvas_height * %.1f "
                     "noenhanced font 'Arial,13' fontscale %.3f linewidth %.1f pointscale %.1f "
                     "dashlength 0.55 "
                     "background '#ffffff'\n",
                     VS_PNG_SCALE, VS_PNG_SCALE, VS_PNG_SCALE * PNG_POINT, VS_PNG_SCALE,
                     VS_PNG_SCALE);
        vs_text_addf(script, "set output '%s.%s.png'\nload 'plots/%s.gp'\nunset output\n", name,
                     slug, name);
    }
}

/* ----------------------------------------------------------------------- drawing */

/* Everything that a plot's .sql file answers. */
struct answers {
    struct vs_table *nothing, *title, *series, *keys, *data;
};

static void free_answers(struct answers *answers)
{
    vs_table_free(answers->nothing);
    vs_table_free(answers->title);
    vs_table_free(answers->series);
    vs_table_free(answers->keys);
    vs_table_free(answers->data);
}

static int ask(struct vs_query *query, const struct vs_plot *plot, struct answers *answers,
               struct vs_error *error)
{
    char file[64];
    int ret;

    snprintf(file, sizeof(file), "plots/%s.sql", plot->name);
    ret = vs_query_table(query, file, "nothing", &answers->nothing, error);
    if (ret < 0 || (answers->nothing && answers->nothing->row_count > 0))
        return ret;
    const struct {
        const char *name;
        struct vs_table **table;
    } wanted[] = {{"title", &answers->title},
                  {"series", &answers->series},
                  {"keys", &answers->keys},
                  {"data", &answers->data}};

    for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted) && ret == 0; i++)
        ret = vs_query_table(query, file, wanted[i].name, wanted[i].table, error);
    return ret;
}

/* Columns of a caption: 11-pixel Arial takes 5.2 pixels a character on average. */
static size_t caption_columns(const struct vs_plot *plot)
{
    return (size_t)((plot->width - 40) / 5.6);
}

static char *make_script(const struct vs_plot *plot, const char *slug, const char *title,
                         const char *caption, const struct answers *answers, unsigned pictures)
{
    struct vs_text script = {0};
    size_t lines, series = answers->series ? answers->series->row_count : 0;
    size_t keys = answers->keys ? answers->keys->row_count : 0;
    char *wrapped = vs_words_wrap(caption, caption_columns(plot), &lines);

    if (!wrapped)
        return NULL;
    vs_text_addf(&script,
                 "# Written by vpci-report.  Draw again with: gnuplot plots/%s.%s.gp\n"
                 "# in the directory above this one.\n",
                 plot->name, slug);
    vs_text_addf(&script, "canvas_width = %d\ncanvas_height = %zu\n", plot->width,
                 (size_t)plot->height + series * (size_t)plot->per_series +
                     keys * (size_t)plot->per_key + 15 * lines);
    vs_text_addf(&script, "data = 'data/%s.%s.tsv'\nfont_name = 'Arial'\n", plot->name, slug);
    add_string(&script, "title_text", title);
    add_caption(&script, wrapped, lines);
    free(wrapped);
    if (answers->series && series > 0)
        add_series(&script, answers->series);
    if (answers->keys)
        add_keys(&script, answers->keys);
    add_terminals(&script, plot->name, slug, pictures);
    if (script.failed)
        vs_text_free(&script);
    return script.text;
}

static int write_scripts(const struct vs_plot *plot, const char *directory, const char *slug,
                         const char *script, struct vs_error *error)
{
    const char *const shared[] = {"plots/common.gp", "plots/legend.gp"};
    char name[256];
    int ret = 0;

    for (size_t i = 0; i < sizeof(shared) / sizeof(*shared) && ret == 0; i++)
        ret = write_file(directory, shared[i], vs_embedded(shared[i]), error);
    snprintf(name, sizeof(name), "plots/%s.gp", plot->name);
    if (ret == 0)
        ret = write_file(directory, name, vs_embedded(name), error);
    snprintf(name, sizeof(name), "plots/%s.%s.gp", plot->name, slug);
    if (ret == 0)
        ret = write_file(directory, name, script, error);
    return ret;
}

static int draw(const struct vs_plot *plot, const char *directory, const char *slug,
                const struct answers *answers, unsigned pictures, struct vs_figure *figure,
                struct vs_error *error)
{
    char path[4096], name[256];
    char *script = make_script(plot, slug, figure->title, figure->caption, answers, pictures);
    int ret = VS_ERR_MEMORY;

    if (!script || !answers->data) {
        vs_error_set(error, VS_ERR_MEMORY, "out of memory for plot %s", plot->name);
        goto out;
    }
    snprintf(path, sizeof(path), "%s/data/%s.%s.tsv", directory, plot->name, slug);
    ret = vs_table_write_tsv(answers->data, path, error);
    if (ret == 0)
        ret = write_scripts(plot, directory, slug, script, error);
    if (ret < 0)
        goto out;
    snprintf(name, sizeof(name), "plots/%s.%s.gp", plot->name, slug);
    ret = vs_gnuplot_run(directory, name, &figure->warnings, error);
    if (ret < 0)
        goto out;
    if ((pictures & VS_PICTURE_SVG &&
         asprintf(&figure->svg_name, "%s.%s.svg", plot->name, slug) < 0) ||
        (pictures & VS_PICTURE_PNG &&
         asprintf(&figure->png_name, "%s.%s.png", plot->name, slug) < 0))
        ret = vs_error_set(error, VS_ERR_MEMORY, "out of memory");
out:
    free(script);
    return ret;
}

int vs_plots_draw(struct vs_query *query, const struct vs_plot *plot, const char *directory,
                  const char *slug, const char *caption, unsigned pictures,
                  struct vs_figure *figure, struct vs_error *error)
{
    struct answers answers = {0};
    int ret;

    *figure = (struct vs_figure){.plot = plot, .caption = strdup(caption)};
    ret = ask(query, plot, &answers, error);
    if (ret < 0)
        goto out;
    const char *title =
        answers.title && answers.title->row_count > 0 ? answers.title->cells[0] : plot->title;
    bool empty = answers.nothing && answers.nothing->row_count > 0;

    figure->title = strdup(title);
    if (empty)
        figure->nothing = strdup(answers.nothing->cells[0]);
    if (!figure->title || !figure->caption || (empty && !figure->nothing)) {
        ret = vs_error_set(error, VS_ERR_MEMORY, "out of memory");
        goto out;
    }
    if (!empty)
        ret = draw(plot, directory, slug, &answers, pictures, figure, error);
out:
    free_answers(&answers);
    if (ret < 0)
        vs_figure_free(figure);
    return ret;
}
