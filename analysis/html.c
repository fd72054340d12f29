/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Escaping, elements, and pictures taken into the page. */
#include "html.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void vs_html_text(struct vs_text *out, const char *text)
{
    static const struct {
        char byte;
        const char *entity;
    } entities[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&#39;"}};

    const char *start = text;

    for (; *text; text++) {
        const char *entity = NULL;

        for (size_t i = 0; i < sizeof(entities) / sizeof(*entities) && !entity; i++)
            entity = entities[i].byte == *text ? entities[i].entity : NULL;
        if (entity)
            vs_text_add(out, entity);
        else if (*text == ' ' && text > start && isdigit((unsigned char)text[-1]) &&
                 (text[1] == '%' || strncmp(text + 1, "×", 2) == 0 ||
                  strncmp(text + 1, "µ", 2) == 0))
            vs_text_add(out, "&nbsp;");
        else
            vs_text_addf(out, "%c", (unsigned char)*text < ' ' && *text != '\n' ? ' ' : *text);
    }
}

void vs_html_element(struct vs_text *out, const char *tag, const char *text)
{
    vs_text_addf(out, "<%s>", tag);
    vs_html_text(out, text);
    vs_text_addf(out, "</%.*s>", (int)strcspn(tag, " "), tag);
}

static char *read_file(const char *path, struct vs_error *error)
{
    struct vs_text text = {0};
    char part[65536];
    size_t got;
    FILE *stream = fopen(path, "r");

    if (!stream) {
        vs_error_set_at(error, VS_ERR_HOST, path, VS_NOWHERE, VS_NOWHERE, "cannot be read: %s",
                        strerror(errno));
        return NULL;
    }
    while ((got = fread(part, 1, sizeof(part) - 1, stream)) > 0) {
        part[got] = '\0';
        vs_text_add(&text, part);
    }
    fclose(stream);
    if (text.failed || !text.text)
        vs_error_set_at(error, VS_ERR_HOST, path, VS_NOWHERE, VS_NOWHERE, "cannot be read");
    return text.text;
}

/* Attributes after whose opening the identifier of an element stands. */
static const char *const references[] = {
    " id='",           " id=\"",          " href='#", " href=\"#", " xlink:href='#",
    " xlink:href=\"#", "\txlink:href='#", "url(#",    "\tid='",
};

/* Attributes that only a file of its own needs. */
static const char *const dropped[] = {" xmlns=\"",         "\n xmlns=\"", " xmlns:xlink=\"",
                                      "\n xmlns:xlink=\"", " xmlns='",    " xmlns:xlink='"};

static size_t match(const char *text, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strncmp(text, words[i], strlen(words[i])) == 0)
            return strlen(words[i]);
    }
    return 0;
}

int vs_html_inline_svg(struct vs_text *out, const char *path, const char *prefix, const char *label,
                       struct vs_error *error)
{
    char *file = read_file(path, error);

    if (!file)
        return VS_ERR_HOST;
    const char *text = strstr(file, "<svg");

    if (!text) {
        free(file);
        return vs_error_set_at(error, VS_ERR_INPUT, path, VS_NOWHERE, VS_NOWHERE,
                               "expected an SVG picture, found no <svg>");
    }
    vs_text_add(out, "<svg role=\"img\" aria-label=\"");
    vs_html_text(out, label);
    vs_text_add(out, "\"");
    for (text += strlen("<svg"); *text;) {
        const char *comment_end = strncmp(text, "<!--", 4) == 0 ? strstr(text, "-->") : NULL;
        size_t reference = match(text, references, sizeof(references) / sizeof(*references));
        size_t drop = match(text, dropped, sizeof(dropped) / sizeof(*dropped));

        if (comment_end) {
            text = comment_end + 3;
        } else if (drop) {
            char quote = text[drop - 1];
            const char *end = strchr(text + drop, quote);

            text = end ? end + 1 : text + drop;
        } else if (reference) {
            vs_text_addf(out, "%.*s%s", (int)reference, text, prefix);
            text += reference;
        } else {
            /* Copy up to the next byte that may begin one of the above. */
            size_t plain = 1 + strcspn(text + 1, "< \n\tu");

            vs_text_addf(out, "%.*s", (int)plain, text);
            text += plain;
        }
    }
    free(file);
    return out->failed ? vs_error_set(error, VS_ERR_MEMORY, "out of memory for the page") : 0;
}
