/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which files a report wrote, so that the next one can remove the stale ones. */
#include "manifest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LIST_NAME "vpci-report.files"

static const char heading[] =
    "# Written by vpci-report: the files that the next report in this directory may remove.\n";

static const struct kind {
    const char *folder, *suffix;
} kinds[] = {{"", ".svg"}, {"", ".png"}, {"data/", ".tsv"}, {"plots/", ".gp"}};

/* "PLOT." at the start and nothing but a plain name after it. */
static bool is_plain(const char *name)
{
    for (const struct vs_plot *plot = vs_plots; plot->name; plot++) {
        size_t length = strlen(plot->name);

        if (strncmp(name, plot->name, length) == 0 && name[length] == '.')
            return name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-.")] == '\0';
    }
    return false;
}

bool vs_manifest_is_ours(const char *name)
{
    size_t length = strlen(name);

    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
        size_t folder = strlen(kinds[i].folder), suffix = strlen(kinds[i].suffix);

        if (length > folder + suffix && strncmp(name, kinds[i].folder, folder) == 0 &&
            strcmp(name + length - suffix, kinds[i].suffix) == 0 && is_plain(name + folder))
            /* "latency.gp" is the plot's own script, not a picture's: it has one dot. */
            return strchr(name + folder, '.') != name + length - suffix;
    }
    return false;
}

/* --------------------------------------------------------------------- this report's */

static int list_figure(const struct vs_figure *figure, const char *slug, unsigned pictures,
                       struct vs_sentences *files)
{
    int ret = 0;

    if (figure->nothing)
        return 0;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds) && ret == 0; i++) {
        char name[256];

        if ((i == 0 && !(pictures & VS_PICTURE_SVG)) || (i == 1 && !(pictures & VS_PICTURE_PNG)))
            continue;
        snprintf(name, sizeof(name), "%s%s.%s%s", kinds[i].folder, figure->plot->name, slug,
                 kinds[i].suffix);
        ret = vs_sentences_add(files, name);
    }
    return ret;
}

static int list_report(const struct vs_report *report, struct vs_sentences *files)
{
    unsigned pictures = report->options->pictures;
    int ret = 0;

    for (size_t i = 0; i < report->section_count; i++) {
        const struct vs_section *section = &report->sections[i];

        for (size_t k = 0; k < section->figure_count && ret == 0; k++)
            ret = list_figure(&section->figures[k], section->scenario->slug, pictures, files);
    }
    for (size_t i = 0; i < report->sweep_count && ret == 0; i++)
        ret = list_figure(&report->sweeps[i], report->runs.sweeps[i].slug, pictures, files);
    for (size_t i = 0; i < report->assumed.count && ret == 0; i++)
        ret = list_figure(&report->assumed.figures[i], report->assumed.slugs[i], pictures, files);
    return ret;
}

/* ------------------------------------------------------------------ the earlier one's */

static int remove_stale(const char *directory, const struct vs_sentences *files, const char *name,
                        struct vs_error *error)
{
    char path[4096];

    for (size_t i = 0; i < files->count; i++) {
        if (strcmp(files->items[i], name) == 0)
            return 0;
    }
    snprintf(path, sizeof(path), "%s/%s", directory, name);
    if (unlink(path) == 0 || errno == ENOENT)
        return 0;
    return vs_error_set_at(error, VS_ERR_HOST, path, VS_NOWHERE, VS_NOWHERE,
                           "of an earlier report cannot be removed: %s", strerror(errno));
}

/* A list that is none, or was edited, removes only names that a report writes. */
static int remove_listed(const char *directory, const char *list, const struct vs_sentences *files,
                         struct vs_error *error)
{
    FILE *stream = fopen(list, "r");
    char *line = NULL;
    size_t room = 0;
    int ret = 0;

    if (!stream)
        return 0; /* no earlier report, or one whose files are not known */
    while (ret == 0 && getline(&line, &room, stream) >= 0) {
        line[strcspn(line, "\n")] = '\0';
        if (vs_manifest_is_ours(line))
            ret = remove_stale(directory, files, line, error);
    }
    free(line);
    fclose(stream);
    return ret;
}

static int write_list(const char *list, const struct vs_sentences *files, struct vs_error *error)
{
    char temporary[4096 + 8];

    snprintf(temporary, sizeof(temporary), "%s.new", list);
    FILE *stream = fopen(temporary, "w");
    bool written = stream && fputs(heading, stream) >= 0;

    for (size_t i = 0; i < files->count && written; i++)
        written = fprintf(stream, "%s\n", files->items[i]) > 0;
    if (stream && fclose(stream) != 0)
        written = false;
    if (written && rename(temporary, list) == 0)
        return 0;
    return vs_error_set_at(error, VS_ERR_HOST, list, VS_NOWHERE, VS_NOWHERE,
                           "cannot be written: %s", strerror(errno));
}

int vs_manifest_renew(const struct vs_report *report, struct vs_error *error)
{
    const char *directory = report->options->directory;
    struct vs_sentences files = {0};
    char list[4096];
    int ret = list_report(report, &files);

    snprintf(list, sizeof(list), "%s/" LIST_NAME, directory);
    if (ret < 0)
        vs_error_set(error, VS_ERR_MEMORY, "out of memory for the list of files");
    else
        ret = remove_listed(directory, list, &files, error);
    if (ret == 0)
        ret = write_list(list, &files, error);
    vs_sentences_free(&files);
    return ret;
}
