/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A program of the host, run as a child. */
#ifndef VS_CAPTURE_CHILD_H
#define VS_CAPTURE_CHILD_H

#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

/*
 * Start argv[0], found by PATH, with these as its standard output and error and nothing to read.
 * It is in a process group of its own, so that a terminal's Ctrl-C is ours to hand on, and gets
 * SIGTERM when this process dies, so that nothing keeps running unseen.  VS_ERR_HOST, with
 * errno in *error_number (ENOENT when there is no such program), when it cannot be run.
 */
int vs_child_start(const char *const argv[], int out_fd, int err_fd, pid_t *child,
                   int *error_number, struct vs_error *error);
/*
 * Wait for its end.  text becomes "" for exit status 0 and, as it was told to end, for death by
 * accepted_signal; else "exit status 3" or "signal 9".
 */
void vs_child_wait(pid_t child, int accepted_signal, char *text, size_t size);

#endif
