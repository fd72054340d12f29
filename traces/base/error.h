/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How every part of vpcisim reports failure.
 *
 * Functions return an int: 0 or positive is success, a negative enum vs_err is
 * failure.  The text for a person goes into the caller's struct vs_error.  A
 * NULL vs_error is allowed everywhere.  The first error set wins: a later one
 * is a consequence and is dropped.
 */
#ifndef VS_BASE_ERROR_H
#define VS_BASE_ERROR_H

#include <stdarg.h>
#include <stdint.h>

enum vs_err {
    VS_OK = 0,
    VS_ERR_ANSWER = -1, /* ran, and the answer is no: exit status 1 */
    VS_ERR_USAGE = -2,  /* the command line is wrong: exit status 2 */
    VS_ERR_INPUT = -3,  /* a file's content is wrong: exit status 3 */
    VS_ERR_HOST = -4,   /* disk, permission, kernel, missing program: exit status 4 */
    VS_ERR_MEMORY = -5, /* an allocation failed: exit status 4 */
    VS_ERR_STOPPED = -6 /* a signal asked to stop: exit status 4 */
};

#define VS_ERROR_SOURCE_MAX 256
#define VS_ERROR_TEXT_MAX   768

/* Offset or line "not known". */
#define VS_NOWHERE UINT64_MAX

/*
 * One error.  Owned by the caller, no pointers inside, so that it may be
 * copied.  Initialise with VS_ERROR_INIT.
 */
struct vs_error {
    enum vs_err code;                 /* VS_OK while nothing was set */
    char source[VS_ERROR_SOURCE_MAX]; /* file name ("-" for standard input), or "" */
    uint64_t offset_bytes;            /* byte offset in source, or VS_NOWHERE */
    uint64_t line;                    /* 1-based line in source, or VS_NOWHERE */
    char text[VS_ERROR_TEXT_MAX];     /* one sentence: what was expected, what was found */
};

/* clang-format off */
#define VS_ERROR_INIT {.code = VS_OK, .offset_bytes = VS_NOWHERE, .line = VS_NOWHERE}
/* clang-format on */

/*
 * Set an error without a place.  Returns code, so that a caller can write
 * `return vs_error_set(error, VS_ERR_INPUT, "...")`.  Keeps the first error.
 */
enum vs_err vs_error_set(struct vs_error *error, enum vs_err code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * Set an error at a place.  source may be NULL; offset_bytes and line may be
 * VS_NOWHERE.  A source longer than the buffer keeps its tail.
 */
enum vs_err vs_error_set_at(struct vs_error *error, enum vs_err code, const char *source,
                            uint64_t offset_bytes, uint64_t line, const char *format, ...)
    __attribute__((format(printf, 6, 7)));

/* The message for stderr, "FILE:LINE: text", "FILE: byte N: text" or "text",
 * into buffer (always terminated).  Returns buffer. */
char *vs_error_describe(const struct vs_error *error, char *buffer, uint64_t size_bytes);

/* The process exit status for a result: 0 for success, else 1 to 4 as above. */
int vs_exit_status(int result);

#endif
