/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where memory-mapped configuration space lies: stated, from ACPI, or from Linux. */
#ifndef VS_TRACES_IMPORT_ECAM_H
#define VS_TRACES_IMPORT_ECAM_H

#include <stdbool.h>

#include "trace.h"

/*
 * Each adds windows to meta->ecam and refuses one that overlaps another.
 *
 * "BASE:SEG:BUS0-BUS1": BASE is where bus 0 of the segment is or would be, 0x and hexadecimal
 * digits; SEG and the buses decimal, or hexadecimal with 0x (or with a digit a-f in either bus).
 * VS_ERR_USAGE.
 */
int vs_ecam_parse(const char *text, struct vs_trace_meta *meta, struct vs_error *error);
/* A binary ACPI MCFG table (/sys/firmware/acpi/tables/MCFG): signature, length and checksum
 * are verified.  VS_ERR_INPUT with offset. */
int vs_ecam_read_mcfg(const char *path, struct vs_trace_meta *meta, struct vs_error *error);
/* The lines "START-END : PCI MMCONFIG SEG [bus B0-B1]" of a /proc/iomem text (newer kernels write
 * "PCI ECAM").  VS_ERR_INPUT with line, or when there is none. */
int vs_ecam_read_iomem(const char *path, struct vs_trace_meta *meta, struct vs_error *error);

/* Is address inside a window?  Then its function and register. */
bool vs_ecam_find(const struct vs_trace_meta *meta, uint64_t address, uint32_t *sbdf,
                  uint16_t *reg);

#endif
