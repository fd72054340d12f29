/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the command line says about which accesses to capture. */
#ifndef VS_CAPTURE_FILTERS_H
#define VS_CAPTURE_FILTERS_H

#include "base/options.h"
#include "capture.h"

/*
 * Fill options->filters and options->windows from --device, --pid and --ecam
 * (BASE:SEG:BUS0-BUS1; BASE is where bus 0 is or would be, hexadecimal; SEG and buses
 * hexadecimal with 0x, else decimal).  At most VS_FILTER_MAX devices and processes and
 * VS_ECAM_MAX windows.  VS_ERR_USAGE.
 */
int vs_filters_parse(const struct vs_strings *devices, const struct vs_strings *pids,
                     const struct vs_strings *ecam, struct vs_capture_options *options,
                     struct vs_error *error);

#endif
