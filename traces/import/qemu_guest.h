/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One QEMU guest's log as a stream of records: pairs what a vCPU did (a trapped
 * port or memory access) with what a device's config handler saw.
 */
#ifndef VS_TRACES_IMPORT_QEMU_GUEST_H
#define VS_TRACES_IMPORT_QEMU_GUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/options.h"
#include "import.h"
#include "qemu_functions.h"
#include "record.h"

struct vs_qemu_guest;

/*
 * Open a log.  threads is --threads' list (THREAD=CPU or THREAD=none).  Errors:
 * VS_ERR_HOST, VS_ERR_USAGE for a bad list, VS_ERR_MEMORY.
 */
int vs_qemu_guest_open(const char *path, const struct vs_strings *threads, bool tolerate,
                       struct vs_qemu_guest **guest, struct vs_error *error);
void vs_qemu_guest_close(struct vs_qemu_guest *guest);

/*
 * The next record, in time order: 1 with *record, 0 at the end.  time_ns is wall
 * time (since 1970); domain and segment are 0.  VS_ERR_INPUT names file and line.
 */
int vs_qemu_guest_next(struct vs_qemu_guest *guest, struct vs_record *record,
                       struct vs_error *error);

/* Wall time of the first line, ns since 1970; 0 before any line was read. */
uint64_t vs_qemu_guest_epoch(const struct vs_qemu_guest *guest);
/* Highest CPU number seen, plus 1. */
uint16_t vs_qemu_guest_cpus(const struct vs_qemu_guest *guest);
/* The ECAM window that the log shows, when it does: bus 0 at *base, up to the last bus accessed. */
bool vs_qemu_guest_ecam(const struct vs_qemu_guest *guest, uint64_t *base, uint8_t *bus_last);
/* Functions that answered.  Valid while the guest is open. */
const struct vs_qemu_functions *vs_qemu_guest_functions(const struct vs_qemu_guest *guest);
/* "THREAD=CPU ..." of threads (the first of them) that were numbered as vCPUs because no line of
 * the log tells their CPU; "" when none was. */
const char *vs_qemu_guest_numbered(const struct vs_qemu_guest *guest);
/* Add this guest's counts to a report. */
void vs_qemu_guest_report(const struct vs_qemu_guest *guest, struct vs_import_report *report);

/*
 * Bytes of a config access whose size the log does not tell: the width of the
 * standard header's register at reg where the value fits it, else what alignment
 * allows.  value is ignored (taken as unknown) when absent.
 */
unsigned vs_qemu_infer_size(uint16_t reg, uint32_t value, bool absent);

#endif
