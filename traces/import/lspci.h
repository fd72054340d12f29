/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Device snapshots from what Linux users have: the output of `lspci -xxxx`. */
#ifndef VS_TRACES_IMPORT_LSPCI_H
#define VS_TRACES_IMPORT_LSPCI_H

#include <stdint.h>

#include "base/error.h"
#include "trace.h"

/*
 * Read a file with the output of `lspci -x`, `-xxx` or `-xxxx` (with or without -D, -n, -v) and
 * add a device of the given domain (VS_DOMAIN_NONE where unknown) for each function in it, with
 * a snapshot of 64, 256 or 4096 bytes and, from -v's "[size=...]", BAR sizes in bytes.  A device
 * that meta knows already gets the snapshot.  VS_ERR_INPUT names file and line; VS_ERR_HOST when
 * the file cannot be read.
 */
int vs_lspci_read(const char *path, struct vs_trace_meta *meta, uint16_t domain,
                  struct vs_error *error);

#endif
