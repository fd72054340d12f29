/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an importer is: something that turns the text or bytes of one source
 * into records, in time order, and says what it could not rebuild.
 *
 * The command line (traces/cmd_import.c) fills struct vs_import_options, makes a
 * sink, runs one importer of the registry, and prints and stores the report.
 * Adding an importer is one file and one line in import.c's registry.
 */
#ifndef VS_TRACES_IMPORT_IMPORT_H
#define VS_TRACES_IMPORT_IMPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"
#include "base/json.h"
#include "base/options.h"
#include "record.h"
#include "trace.h"

/* ------------------------------------------------------------------- report */

/* What a count in the report is about. */
enum vs_import_group {
    VS_IMPORT_SEEN,        /* the source's own items: lines, records by name, windows */
    VS_IMPORT_PRODUCED,    /* records written, by kind: counted by vs_import_add */
    VS_IMPORT_INFERRED,    /* records written whose content was inferred, by what and how */
    VS_IMPORT_NOT_REBUILT, /* items that should have become records and did not, by reason */
    VS_IMPORT_IGNORED,     /* items that are nothing for us (another port, another event) */
    VS_IMPORT_GROUP_COUNT
};

/* Counts by group and name, in order of first use.  Names are lower-case-hyphen. */
struct vs_import_report;

struct vs_import_report *vs_import_report_new(void); /* NULL when out of memory */
void vs_import_report_free(struct vs_import_report *report);
/*
 * Add amount to a count (which appears, as 0, even when amount is 0).  The name
 * is copied.  Searches linearly: keep hot counts in the importer and report them
 * once at the end.  Running out of memory sticks and shows in vs_import_report_json.
 */
void vs_import_count(struct vs_import_report *report, enum vs_import_group group, const char *name,
                     uint64_t amount);
/* The value of a count, 0 when it is none. */
uint64_t vs_import_report_get(const struct vs_import_report *report, enum vs_import_group group,
                              const char *name);
/* Name of a group as in the JSON ("not-rebuilt"). */
const char *vs_import_group_name(enum vs_import_group group);
/* {"seen": {NAME: COUNT...}, "produced": ..., ...}; the caller frees or adds it to a tree. */
struct vs_json_out *vs_import_report_json(const struct vs_import_report *report);
/* Call visit for each count, in order. */
void vs_import_report_each(const struct vs_import_report *report,
                           void (*visit)(void *context, enum vs_import_group group,
                                         const char *name, uint64_t amount),
                           void *context);
/* Every count that is not 0, a line each below its group's name, for a person. */
void vs_import_report_print(const struct vs_import_report *report, FILE *stream);

/* --------------------------------------------------------------------- sink */

/*
 * Where records go.  `meta` belongs to the caller and is already filled with
 * what the command line said (emulated, notes, devices, source, origin).  The
 * importer completes it: what it sets before its first vs_import_add is in the
 * trace's opening metadata, the rest only in the closing one.
 */
struct vs_import_sink {
    struct vs_trace_meta *meta;
    struct vs_import_report *report;
    /* Takes records in time order; use vs_import_add, which also counts. */
    int (*take)(void *context, const struct vs_record *records, size_t count,
                struct vs_error *error);
    void *context;
    uint64_t produced[VS_KIND_COUNT]; /* kept by vs_import_add */
};

/* Hand over records: time_ns must not go back.  Returns 0 or what take returns. */
int vs_import_add(struct vs_import_sink *sink, const struct vs_record *records, size_t count,
                  struct vs_error *error);

/* ---------------------------------------------------------------- importers */

/* Hardware virtualisation of an xentrace log's host. */
enum vs_import_vendor { VS_VENDOR_UNSTATED, VS_VENDOR_SVM, VS_VENDOR_VMX };

/* Choices of --align (qemu-log): each guest's first line at time 0, or wall time kept. */
enum vs_import_align { VS_ALIGN_START, VS_ALIGN_WALL };

/* Choices of --clock (csv, jsonl): "unknown" (the default) is treated as no real time. */
enum vs_import_clock { VS_CLOCK_UNKNOWN, VS_CLOCK_REAL, VS_CLOCK_EMULATED };

/*
 * The command line of `vpci-trace import`, parsed.  Strings live as long as the
 * import.  An option that the chosen importer does not list in `takes` has been
 * refused already, so that an importer reads only what it listed.
 */
struct vs_import_options {
    struct vs_strings inputs; /* file names, "-" for standard input; at least one */
    bool tolerate;            /* stop at the first damage, keep what came before, count it */
    bool emulated;            /* --emulated: already in meta */

    /* xentrace */
    const char *tsc_hz;             /* "1GHz", "2394.3MHz"; NULL when not given */
    const char *xl_info;            /* file with the output of `xl info`, for cpu_mhz */
    struct vs_strings ecam;         /* each BASE:SEG:BUS0-BUS1 */
    const char *mcfg;               /* ACPI MCFG table, binary */
    const char *iomem;              /* /proc/iomem text of the hardware domain */
    int vendor;                     /* enum vs_import_vendor */
    struct vs_strings only_domains; /* domain ids to keep; empty: every domain */

    /* csv, jsonl */
    const char *columns;         /* how the input's columns map to fields, see csv.c */
    int clock;                   /* enum vs_import_clock: what the time column is */
    const char *duration_covers; /* "config-cycle", ...: see csv.c; NULL when not stated */

    /* qemu-log */
    struct vs_strings threads; /* each THREAD=CPU or THREAD=none, for logs without CPU events */
    int align;                 /* enum vs_import_align: how several guests' clocks meet */

    /* qemu-log, csv, jsonl */
    const char *backend; /* what produced the log, for meta->backend */
};

struct vs_importer {
    const char *name;         /* the choice of --from */
    const char *summary;      /* one line for --help */
    const char *const *takes; /* long option names it uses beyond the common ones (-o, --zstd,
                                 --force, --json, --tolerate, --emulated, --note, --devices);
                                 NULL-terminated */
    const char *expects;      /* what an input that made no record should have held, for a person */
    size_t inputs_max;        /* 0 means any number */
    /* Reads options->inputs and feeds sink.  Returns 0 or an enum vs_err with file and
     * byte offset or line.  With options->tolerate, damaged input ends the import
     * with 0 and a count in VS_IMPORT_NOT_REBUILT. */
    int (*run)(const struct vs_import_options *options, struct vs_import_sink *sink,
               struct vs_error *error);
};

/* All importers, NULL-terminated, in the order of --help. */
extern const struct vs_importer *const vs_importers[];
/* The importer for a name, or NULL. */
const struct vs_importer *vs_importer_find(const char *name);

/* Defined in xentrace.c, qemu_log.c, csv.c, jsonl.c (or csv.c). */
extern const struct vs_importer vs_importer_xentrace;
extern const struct vs_importer vs_importer_qemu_log;
extern const struct vs_importer vs_importer_csv;
extern const struct vs_importer vs_importer_jsonl;

#endif
