/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writing HTML: everything that comes from outside goes through vs_html_text. */
#ifndef VS_ANALYSIS_HTML_H
#define VS_ANALYSIS_HTML_H

#include "base/error.h"
#include "words.h"

/* Escaped text, fit for content and for attribute values in double quotes.
 * Control characters other than line breaks become blanks, and a number keeps its sign
 * (%, ×, µs) on its line. */
void vs_html_text(struct vs_text *out, const char *text);
/* <tag>text</tag>, text escaped; tag may carry attributes ("td class=\"n\""). */
void vs_html_element(struct vs_text *out, const char *tag, const char *text);

/*
 * An SVG file as an element of the page: prolog, comments and namespaces
 * dropped (HTML knows them), identifiers prefixed so that several pictures do
 * not share them, labelled for screen readers.  VS_ERR_HOST when it cannot be read;
 * VS_ERR_INPUT when it holds no <svg>.
 */
int vs_html_inline_svg(struct vs_text *out, const char *path, const char *prefix, const char *label,
                       struct vs_error *error);

#endif
