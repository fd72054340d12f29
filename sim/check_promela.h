/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `vpci-sim check --promela DIR`: a file for SPIN per policy and scenario. */
#ifndef VS_CHECK_PROMELA_H
#define VS_CHECK_PROMELA_H

#include "check_run.h"

/*
 * Write DIR/POLICY.SCENARIO.pml for every job and scenario that has a setup; DIR is made
 * where it is not there.  What was written, and how to judge it, goes to stream.
 * VS_ERR_USAGE when DIR holds something already, VS_ERR_HOST when it cannot be written.
 */
int vs_check_write_models(const struct vs_check_run *run, const char *directory, FILE *stream,
                          struct vs_error *error);

#endif
