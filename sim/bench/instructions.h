/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counting instructions with callgrind: what wall time cannot say on a noisy machine. */
#ifndef VS_BENCH_INSTRUCTIONS_H
#define VS_BENCH_INSTRUCTIONS_H

#include <stdint.h>

#include "base/error.h"

/*
 * Instructions that this program executes inside a function when it is run with
 * these arguments (NULL-terminated, without the program's name).  1 when
 * counted, 0 when valgrind is not installed, VS_ERR_HOST when it failed.
 */
int vs_count_instructions(const char *function, const char *const *arguments, uint64_t *count,
                          struct vs_error *error);

#endif
