/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers as people read them, and text that grows.  Three significant digits
 * everywhere: the histogram behind the percentiles is good to 3 %.
 */
#ifndef VS_ANALYSIS_WORDS_H
#define VS_ANALYSIS_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define VS_WORDS_NUMBER 48 /* room for any of the texts below */

/* "4.21 µs", "0 ns", "13.2 s"; half nanoseconds are rounded.  Returns buffer. */
char *vs_words_duration(double duration_ns, char *buffer);
/* Three significant digits, thousands parted: "12,300", "0.0123", "7.5", "0".  Returns buffer. */
char *vs_words_number(double value, char *buffer);
/* Every digit, thousands parted: "342,563".  Returns buffer. */
char *vs_words_count(uint64_t value, char *buffer);
/* "1.00 ×" to "2.35 ×", then "12.3 ×", "1,230 ×".  Returns buffer. */
char *vs_words_ratio(double ratio, char *buffer);
/* "45 %", "4.5 %", "0 %"; "<0.1 %" below that.  Returns buffer. */
char *vs_words_percent(double share, char *buffer);

/* Text that grows.  An allocation failure sticks: text is then NULL. */
struct vs_text {
    char *text; /* always terminated once something was added; owned */
    size_t length, room;
    bool failed;
};

void vs_text_free(struct vs_text *text);
void vs_text_add(struct vs_text *text, const char *string);
void vs_text_addf(struct vs_text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Before item index of count: "", ", " or " and ". */
void vs_text_join(struct vs_text *text, size_t index, size_t count);
/* Append a sentence with the durations in it as a person sets them: "20.0 us" as "20 µs". */
void vs_words_respell(const char *sentence, struct vs_text *text);
/* What was added, or "" when nothing was or memory ran out. */
const char *vs_text_or_empty(const struct vs_text *text);

/*
 * Break into lines of at most columns characters (not bytes) at blanks, into a
 * new string that the caller frees; a longer word stands alone, cut.  Line
 * breaks in the input count as blanks.  *lines gets their number.  NULL when out of memory.
 */
char *vs_words_wrap(const char *text, size_t columns, size_t *lines);

/* Letters, digits and single hyphens, lower case, at most limit characters:
 * part of a file name.  "x" for text without any.  Returns buffer. */
char *vs_words_slug(const char *text, size_t limit, char *buffer, size_t size_bytes);

#endif
