/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Input files as they lie around: plain, .zst, .xz or .gz, told apart by their
 * first bytes, from a file or standard input, read as one stream.
 */
#ifndef VS_TRACES_IMPORT_INPUT_H
#define VS_TRACES_IMPORT_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct vs_input;

/*
 * Open path ("-" is standard input).  VS_ERR_HOST when it cannot be opened or
 * read.  An empty file opens, and reads as empty.
 */
int vs_input_open(const char *path, struct vs_input **input, struct vs_error *error);
void vs_input_close(struct vs_input *input);

/*
 * Up to size_bytes of decompressed content into buffer; fewer only at the end.
 * Returns 0 with *got_bytes (0 at the end), or VS_ERR_INPUT when the compressed
 * stream is damaged or ends early (the error's byte offset is that in the
 * compressed file), or VS_ERR_HOST when reading fails.  After a VS_ERR_INPUT,
 * *got_bytes is what was still good.
 */
int vs_input_read(struct vs_input *input, void *buffer, size_t size_bytes, size_t *got_bytes,
                  struct vs_error *error);

/*
 * One line without its newline (and without a carriage return before it), NUL-terminated,
 * valid until the next call.  Returns 1 with *line and *length, 0 at the end, or
 * an error: as above, or VS_ERR_INPUT for a line longer than VS_INPUT_LINE_MAX
 * bytes.  A last line without newline is a line.  Do not mix with vs_input_read.
 */
#define VS_INPUT_LINE_MAX 65536
int vs_input_line(struct vs_input *input, const char **line, size_t *length,
                  struct vs_error *error);

/* Did the line that vs_input_line returned last end without a newline, as the file's last line? */
bool vs_input_line_cut(const struct vs_input *input);

/* The file descriptor when the input is an uncompressed regular file, which can be read again
 * with pread; else -1.  Valid while the input is open. */
int vs_input_plain_fd(const struct vs_input *input);

/* The name as given. */
const char *vs_input_path(const struct vs_input *input);
/* Decompressed bytes handed out so far (by vs_input_read, or whole lines). */
uint64_t vs_input_offset(const struct vs_input *input);
/* 1-based number of the line that vs_input_line returned last; 0 before the first. */
uint64_t vs_input_line_number(const struct vs_input *input);

/* The whole content (at most limit_bytes, else VS_ERR_INPUT) in memory with a NUL behind it; the
 * caller frees *content. */
int vs_input_read_all(const char *path, size_t limit_bytes, char **content, size_t *size_bytes,
                      struct vs_error *error);

#endif
