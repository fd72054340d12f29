/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers as people read them, and text that grows. */
#include "words.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"

/* ------------------------------------------------------------------- numbers */

char *vs_words_duration(double duration_ns, char *buffer)
{
    char text[VS_DURATION_TEXT];
    bool sane = duration_ns >= 0 && duration_ns < 0x1p63;
    vs_ns whole = sane ? (vs_ns)llround(duration_ns) : 0;

    vs_duration_text(whole, text);
    char *micro = strstr(text, "us");

    if (!sane)
        snprintf(buffer, VS_WORDS_NUMBER, "unknown");
    else if (micro)
        snprintf(buffer, VS_WORDS_NUMBER, "%.*sµs", (int)(micro - text), text);
    else
        snprintf(buffer, VS_WORDS_NUMBER, "%s", text);
    return buffer;
}

char *vs_words_count(uint64_t value, char *buffer)
{
    char digits[24];
    int length = snprintf(digits, sizeof(digits), "%" PRIu64, value);
    char *out = buffer;

    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            *out++ = ',';
        *out++ = digits[i];
    }
    *out = '\0';
    return buffer;
}

char *vs_words_number(double value, char *buffer)
{
    double size = fabs(value);

    if (!isfinite(value)) {
        snprintf(buffer, VS_WORDS_NUMBER, "unknown");
    } else if (size >= 999.5) {
        double step = pow(10, floor(log10(size)) - 2);

        buffer[0] = '-';
        vs_words_count((uint64_t)llround(fmin(round(size / step) * step, 0x1p62)),
                       buffer + (value < 0));
    } else {
        snprintf(buffer, VS_WORDS_NUMBER, "%.3g", size < 1e-9 ? 0 : value);
    }
    return buffer;
}

char *vs_words_ratio(double ratio, char *buffer)
{
    char number[VS_WORDS_NUMBER];

    if (ratio < 9.995)
        snprintf(buffer, VS_WORDS_NUMBER, "%.2f ×", ratio);
    else
        snprintf(buffer, VS_WORDS_NUMBER, "%.40s ×", vs_words_number(ratio, number));
    return buffer;
}

char *vs_words_percent(double share, char *buffer)
{
    double percent = share * 100;

    if (percent <= 0)
        snprintf(buffer, VS_WORDS_NUMBER, "0 %%");
    else if (percent < 0.1)
        snprintf(buffer, VS_WORDS_NUMBER, "<0.1 %%");
    else
        snprintf(buffer, VS_WORDS_NUMBER, "%.*f %%", percent < 9.95 ? 1 : 0, percent);
    return buffer;
}

/* ---------------------------------------------------------------------- text */

void vs_text_free(struct vs_text *text)
{
    free(text->text);
    *text = (struct vs_text){0};
}

static void add_bytes(struct vs_text *text, const char *bytes, size_t length)
{
    if (text->failed)
        return;
    if (text->length + length + 1 > text->room) {
        size_t room = (text->length + length + 1) * 2;
        char *grown = realloc(text->text, room);

        if (!grown) {
            text->failed = true;
            return;
        }
        text->text = grown;
        text->room = room;
    }
    memcpy(text->text + text->length, bytes, length);
    text->length += length;
    text->text[text->length] = '\0';
}

void vs_text_add(struct vs_text *text, const char *string)
{
    add_bytes(text, string, strlen(string));
}

void vs_text_addf(struct vs_text *text, const char *format, ...)
{
    va_list arguments;
    char *made = NULL;

    va_start(arguments, format);
    int length = vasprintf(&made, format, arguments);

    va_end(arguments);
    if (length < 0) {
        text->failed = true;
        return;
    }
    add_bytes(text, made, (size_t)length);
    free(made);
}

void vs_text_join(struct vs_text *text, size_t index, size_t count)
{
    if (index > 0)
        vs_text_add(text, index + 1 == count ? " and " : ", ");
}

const char *vs_text_or_empty(const struct vs_text *text)
{
    return text->text && !text->failed ? text->text : "";
}

/* Control characters count as blanks: they have no place in a picture or a page. */
static bool is_blank(char byte)
{
    return byte != '\0' && (unsigned char)byte <= ' ';
}

static bool is_continuation(char byte)
{
    return ((unsigned char)byte & 0xc0) == 0x80;
}

/* Bytes of the word at text, cut so that it has at most columns characters; its
 * length in characters goes to *width. */
static size_t word_at(const char *text, size_t columns, size_t *width)
{
    size_t bytes = 0;

    *width = 0;
    while (text[bytes] && !is_blank(text[bytes])) {
        if (!is_continuation(text[bytes]) && ++*width > columns) {
            *width = columns;
            break;
        }
        bytes++;
    }
    return bytes;
}

char *vs_words_wrap(const char *text, size_t columns, size_t *lines)
{
    struct vs_text out = {0};
    size_t used = 0;

    *lines = 1;
    vs_text_add(&out, "");
    for (;;) {
        size_t width;

        while (is_blank(*text))
            text++;
        if (!*text)
            break;
        size_t bytes = word_at(text, columns, &width);

        if (used > 0 && used + 1 + width > columns) {
            vs_text_add(&out, "\n");
            used = 0;
            ++*lines;
        } else if (used > 0) {
            vs_text_add(&out, " ");
            used++;
        }
        add_bytes(&out, text, bytes);
        used += width;
        text += bytes;
    }
    if (out.failed)
        vs_text_free(&out);
    return out.text;
}

/* The unit that begins text, as it is to be spelled; *length gets what it takes there. */
static const char *unit_at(const char *text, size_t *length)
{
    static const struct {
        const char *written, *spelled;
    } units[] = {{"ns", "ns"}, {"us", "µs"}, {"µs", "µs"}, {"ms", "ms"}, {"s", "s"}};

    for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
        *length = strlen(units[i].written);
        if (strncmp(text, units[i].written, *length) == 0 && !isalnum((unsigned char)text[*length]))
            return units[i].spelled;
    }
    return NULL;
}

/* Length of the decimal number that begins text, or 0. */
static size_t number_at(const char *text)
{
    size_t whole = strspn(text, "0123456789");

    if (whole == 0 || text[whole] != '.')
        return whole;
    size_t fraction = strspn(text + whole + 1, "0123456789");

    return fraction > 0 ? whole + 1 + fraction : 0;
}

void vs_words_respell(const char *sentence, struct vs_text *text)
{
    const char *at = sentence;

    while (*at) {
        size_t digits = number_at(at), used = digits, length;
        const char *unit =
            digits > 0 && at[digits] == ' ' ? unit_at(at + digits + 1, &length) : NULL;

        if (!unit) { /* up to the next number that stands alone */
            size_t word = strcspn(at, " ");

            add_bytes(text, at, word + (at[word] == ' '));
            at += word + (at[word] == ' ');
            continue;
        }
        if (memchr(at, '.', digits)) {
            while (at[used - 1] == '0')
                used--;
            used -= at[used - 1] == '.';
        }
        add_bytes(text, at, used);
        vs_text_addf(text, " %s", unit);
        at += digits + 1 + length;
    }
}

char *vs_words_slug(const char *text, size_t limit, char *buffer, size_t size_bytes)
{
    size_t used = 0;

    for (; *text && used < limit && used + 1 < size_bytes; text++) {
        unsigned char byte = (unsigned char)*text;

        if (byte < 0x80 && isalnum(byte))
            buffer[used++] = (char)tolower(byte);
        else if (used > 0 && buffer[used - 1] != '-')
            buffer[used++] = '-';
    }
    while (used > 0 && buffer[used - 1] == '-')
        used--;
    buffer[used] = '\0';
    if (used == 0)
        snprintf(buffer, size_bytes, "x");
    return buffer;
}
