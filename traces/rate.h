/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rates as people write them. */
#ifndef VS_TRACE_RATE_H
#define VS_TRACE_RATE_H

#include "base/units.h"

/* "2/s", "0.5/min", "30/h", "5/ms" to the mean time between events; "0/s" to 0, which
 * stands for never.  Anything else, and what is rarer than 2^63 ns or denser than
 * one per ns: VS_ERR_USAGE. */
int vs_parse_rate(const char *text, vs_ns *mean_ns);

#endif
