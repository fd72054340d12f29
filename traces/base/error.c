/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Errors as values.  The text is composed once, where the fact is known, and
 * carried unchanged to the one place that prints it (program.c).
 */
#include "error.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const char ellipsis[] = "...";

/* A long path is known by its end, so the head goes. */
static void keep_tail(char *buffer, size_t size, const char *text)
{
    size_t length = strlen(text);

    if (length < size) {
        memcpy(buffer, text, length + 1);
        return;
    }
    size_t mark = sizeof(ellipsis) - 1;
    size_t tail = size - 1 - mark;

    memcpy(buffer, ellipsis, mark);
    memcpy(buffer + mark, text + length - tail, tail + 1);
}

static void set_text(char *buffer, size_t size, const char *format, va_list arguments)
{
    int length = vsnprintf(buffer, size, format, arguments);

    if (length < 0)
        buffer[0] = '\0';
    else if ((size_t)length >= size)
        memcpy(buffer + size - sizeof(ellipsis), ellipsis, sizeof(ellipsis));
}

static void set_error(struct vs_error *error, enum vs_err code, const char *source,
                      uint64_t offset_bytes, uint64_t line, const char *format, va_list arguments)
{
    if (!error || error->code != VS_OK)
        return;
    error->code = code;
    error->offset_bytes = offset_bytes;
    error->line = line;
    keep_tail(error->source, sizeof(error->source), source ? source : "");
    set_text(error->text, sizeof(error->text), format, arguments);
}

enum vs_err vs_error_set(struct vs_error *error, enum vs_err code, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    set_error(error, code, NULL, VS_NOWHERE, VS_NOWHERE, format, arguments);
    va_end(arguments);
    return code;
}

enum vs_err vs_error_set_at(struct vs_error *error, enum vs_err code, const char *source,
                            uint64_t offset_bytes, uint64_t line, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    set_error(error, code, source, offset_bytes, line, format, arguments);
    va_end(arguments);
    return code;
}

/* Input can hold escape sequences; quoted in a message they must not reach the
 * terminal as such. */
static void disarm(char *text)
{
    for (; *text; text++) {
        unsigned char byte = (unsigned char)*text;

        if ((byte < 0x20 && byte != '\n' && byte != '\t') || byte == 0x7f)
            *text = '?';
    }
}

char *vs_error_describe(const struct vs_error *error, char *buffer, uint64_t size_bytes)
{
    bool has_source = error->source[0] != '\0';

    if (size_bytes == 0)
        return buffer;
    if (has_source && error->line != VS_NOWHERE)
        snprintf(buffer, size_bytes, "%s:%" PRIu64 ": %s", error->source, error->line, error->text);
    else if (has_source && error->offset_bytes != VS_NOWHERE)
        snprintf(buffer, size_bytes, "%s: byte %" PRIu64 ": %s", error->source, error->offset_bytes,
                 error->text);
    else if (has_source)
        snprintf(buffer, size_bytes, "%s: %s", error->source, error->text);
    else
        snprintf(buffer, size_bytes, "%s", error->text);
    disarm(buffer);
    return buffer;
}

int vs_exit_status(int result)
{
    if (result >= 0)
        return 0;
    switch ((enum vs_err)result) {
    case VS_ERR_ANSWER:
        return 1;
    case VS_ERR_USAGE:
        return 2;
    case VS_ERR_INPUT:
        return 3;
    default:
        return 4;
    }
}
