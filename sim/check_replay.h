/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `vpci-sim check --replay`: a schedule out of a file, re-executed. */
#ifndef VS_CHECK_REPLAY_H
#define VS_CHECK_REPLAY_H

#include <stdio.h>

#include "base/error.h"

/*
 * Re-execute the schedule in file under its own policy, or under the one that policy names,
 * and print it.  The file is a schedule, or what check --json or hypotheses --json print, when
 * that holds one schedule and no more.  Errors: VS_ERR_INPUT for a file that holds something
 * else, and when the schedule does not show its violation; as of vs_policy_load.
 */
int vs_check_replay(const char *file, const char *policy, FILE *stream, struct vs_error *error);

#endif
