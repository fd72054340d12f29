/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file that appears under its name only when it is whole: written under a
 * temporary name beside it, synced, renamed.
 */
#ifndef VS_TRACE_OUTPUT_H
#define VS_TRACE_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct vs_output;

/*
 * path "-" is standard output.  A target that exists and is no regular file
 * (a pipe, /dev/full) is written as it is, whatever in_place says.  An existing
 * regular file needs force; it is replaced at commit, or at once when in_place.
 */
int vs_output_open(const char *path, bool in_place, bool force, struct vs_output **output,
                   struct vs_error *error);
/* Write all bytes, or VS_ERR_HOST. */
int vs_output_write(struct vs_output *output, const uint8_t *bytes, size_t length,
                    struct vs_error *error);
/* Bytes written so far. */
uint64_t vs_output_offset(const struct vs_output *output);
const char *vs_output_path(const struct vs_output *output);
/* Sync and rename.  Frees output whatever the result. */
int vs_output_commit(struct vs_output *output, struct vs_error *error);
/* Remove the temporary file and free output.  NULL is allowed. */
void vs_output_abort(struct vs_output *output);
/* From now on SIGINT, SIGTERM and SIGHUP remove the temporary files of outputs not yet
 * committed, and then end the process as they would have.  For a main() without handlers of
 * its own. */
void vs_output_clean_up_on_signals(void);

#endif
