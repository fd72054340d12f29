/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gnuplot as a child process. */
#ifndef VS_ANALYSIS_GNUPLOT_H
#define VS_ANALYSIS_GNUPLOT_H

#include "base/error.h"

/*
 * Run a script in a directory, without the user's own settings.  *warnings gets
 * what gnuplot said on stderr although it succeeded (the caller frees), or NULL.
 * VS_ERR_HOST with gnuplot's words when it fails, and with what to install when
 * it is not there.
 */
int vs_gnuplot_run(const char *directory, const char *script, char **warnings,
                   struct vs_error *error);

#endif
