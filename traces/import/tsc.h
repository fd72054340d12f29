/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How fast a time-stamp counter counts: stated, or read from `xl info`. */
#ifndef VS_TRACES_IMPORT_TSC_H
#define VS_TRACES_IMPORT_TSC_H

#include <stdint.h>

#include "base/error.h"

/* Range of frequencies believed: 1 MHz to 100 GHz. */
#define VS_TSC_HZ_MIN UINT64_C(1000000)
#define VS_TSC_HZ_MAX UINT64_C(100000000000)

/* "1GHz", "2394.374MHz", "2394374kHz", "2394374000Hz": a unit is required.
 * VS_ERR_USAGE that says what was expected. */
int vs_tsc_parse_hz(const char *text, uint64_t *hz, struct vs_error *error);

/* What of `xl info` matters here. */
struct vs_xl_info {
    uint64_t tsc_hz;      /* from cpu_mhz */
    char xen_version[16]; /* "4.17.7", or "" */
};

/* Read the text that `xl info` printed (other lines may surround it); VS_ERR_INPUT when it has no
 * usable cpu_mhz line. */
int vs_xl_info_read(const char *path, struct vs_xl_info *info, struct vs_error *error);

/* Ticks to nanoseconds at hz, rounded down; saturates at UINT64_MAX. */
uint64_t vs_tsc_to_ns(uint64_t ticks, uint64_t hz);

#endif
