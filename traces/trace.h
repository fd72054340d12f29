/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Trace files: what they say about themselves, writing them, reading them.
 * traces/FORMAT.md is the byte-level contract; this is its C face.
 */
#ifndef VS_TRACE_TRACE_H
#define VS_TRACE_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/json.h"
#include "record.h"

/* ---------------------------------------------------------------- metadata */

/* What duration_ns of an access covers.  Only CONFIG_CYCLE on a real-time clock
 * may replace a machine profile's cost. */
enum vs_duration_covers {
    VS_DURATION_NOTHING,      /* durations are 0 */
    VS_DURATION_VMEXIT,       /* a whole VM exit, with the hypervisor's own locks inside */
    VS_DURATION_EMULATION,    /* the device model's handling, its own locks inside */
    VS_DURATION_KERNEL_CALL,  /* the kernel's config accessor, with its locks */
    VS_DURATION_CONFIG_CYCLE, /* the hardware cycle alone */
    VS_DURATION_STATED        /* a CSV/JSONL user said what; see clock.note */
};

/* Name in metadata ("config-cycle"), or NULL. */
const char *vs_duration_covers_name(enum vs_duration_covers covers);

struct vs_clock {
    char name[32];          /* "xen-tsc", "host-wall", "clock-monotonic", "stated", "synthetic" */
    bool real_time;         /* false: an emulator's or a made-up clock, never used as a cost */
    uint64_t wall_epoch_ns; /* wall time (Unix, ns) of time 0, 0 where unknown */
    double tick_hz;         /* ticks per second of the source, 0 where it has none */
    char tick_source[96]; /* where tick_hz comes from: "--tsc-hz", "xl info", "cpu_mhz of spec.txt"
                           */
    enum vs_duration_covers duration_covers;
    char note[160]; /* caveat for a person, or "" */
};

/* A PCI function known to the capturer or importer. */
struct vs_trace_device {
    uint32_t sbdf;
    uint16_t domain;       /* owner, VS_DOMAIN_NONE where unknown */
    bool hidden;           /* owned by the hypervisor (dom_xen) */
    uint16_t config_size;  /* bytes of config[] that are known: 0, 64, 256 or 4096 */
    const uint8_t *config; /* snapshot of config space at the start, or NULL */
    uint64_t bar_size[7];  /* bytes per BAR, [6] is the ROM; 0 where unknown */
    char origin[96];       /* where the snapshot came from */
};

struct vs_trace_domain {
    uint16_t id;
    char name[48];
    bool hardware_domain; /* runs the devices: dom0 */
    uint16_t vcpus;       /* known vCPUs, 0 where unknown */
    char origin[160];     /* the capture it comes from, for merged traces */
};

/* An ECAM window: bus b of segment is at base + (b << 20). */
struct vs_ecam {
    uint64_t base;
    uint16_t segment;
    uint8_t bus_first, bus_last;
};

/*
 * What a trace says about itself: JSON on disk.  Owns everything it points to;
 * free with vs_trace_meta_free.  Grow the arrays with the functions below.
 */
struct vs_trace_meta {
    char source[32];  /* "xentrace", "qemu-log", "csv", "jsonl", "ebpf", "generate", "merge" */
    char backend[48]; /* what produced the source: "xen-4.17 svm", "qemu 7.2 q35", ... or "" */
    char origin[160]; /* the input's name as the user gave it, or a note */
    bool emulated;    /* captured under emulation: times are not hardware latencies */
    bool synthetic;   /* generated in part or whole: not all records were captured */
    struct vs_clock clock;
    struct vs_trace_domain *domains;
    size_t domain_count;
    struct vs_trace_device *devices;
    size_t device_count;
    struct vs_ecam *ecam;
    size_t ecam_count;
    char **what_if; /* each modelling step past the capture: "merged from ...", "injected ..." */
    size_t what_if_count;
    char **notes; /* caveats a result must carry: "no lock contention in this log ..." */
    size_t note_count;
    char *import_json; /* the importer's own report (counts, reasons) as JSON text, or NULL */
};

void vs_trace_meta_init(struct vs_trace_meta *meta);
void vs_trace_meta_free(struct vs_trace_meta *meta);
/* Each returns the new zeroed entry, or NULL when out of memory. */
struct vs_trace_domain *vs_trace_meta_add_domain(struct vs_trace_meta *meta);
struct vs_trace_device *vs_trace_meta_add_device(struct vs_trace_meta *meta);
struct vs_ecam *vs_trace_meta_add_ecam(struct vs_trace_meta *meta);
int vs_trace_meta_add_what_if(struct vs_trace_meta *meta, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
int vs_trace_meta_add_note(struct vs_trace_meta *meta, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Set a device's snapshot: copies size_bytes (64, 256 or 4096) from config. */
int vs_trace_device_set_config(struct vs_trace_device *device, const uint8_t *config,
                               size_t size_bytes);
int vs_trace_meta_copy(struct vs_trace_meta *to, const struct vs_trace_meta *from);
/* Metadata as JSON (FORMAT.md's "meta" object) and back; unknown members are
 * refused only when the format's version is ours. */
struct vs_json_out *vs_trace_meta_json(const struct vs_trace_meta *meta);
int vs_trace_meta_parse(const struct vs_json *at, struct vs_trace_meta *meta,
                        struct vs_error *error);

/* ----------------------------------------------------------------- writing */

struct vs_writer;

struct vs_writer_options {
    int zstd_level;         /* 0: packed only; 1..19: zstd per block */
    uint32_t block_records; /* records per block, 0 for the default (FORMAT.md) */
    bool in_place;          /* write under the final name at once, for a capture that may be
                               killed: default is a temporary name and rename at commit */
    bool force;             /* replace an existing file at commit; else VS_ERR_HOST */
};

/*
 * Start a trace at path ("-" is standard output).  meta is copied; it can no
 * longer change except through vs_writer_commit.  options may be NULL.
 */
int vs_writer_open(const char *path, const struct vs_trace_meta *meta,
                   const struct vs_writer_options *options, struct vs_writer **writer,
                   struct vs_error *error);
/*
 * Append records[0..count): time_ns must not go back.  No allocation and no
 * system call but when a block is full.  Returns 0 or an error (VS_ERR_INPUT
 * for a record that vs_record_invalid refuses, VS_ERR_HOST when the disk does).
 */
int vs_writer_add(struct vs_writer *writer, const struct vs_record *records, size_t count,
                  struct vs_error *error);
/* Write out what is buffered as a block of its own, for captures that drain on a timer. */
int vs_writer_flush(struct vs_writer *writer, struct vs_error *error);
/*
 * Write index and closing metadata, sync, and give the file its final name.
 * meta may be NULL (unchanged) or what became known since the start.  The
 * writer is freed whatever the result; on error no file is left under the final
 * name (unless in_place).
 */
int vs_writer_commit(struct vs_writer *writer, const struct vs_trace_meta *meta,
                     struct vs_error *error);
/* Give up: remove the temporary file, free the writer.  NULL is allowed. */
void vs_writer_abort(struct vs_writer *writer);

/* ----------------------------------------------------------------- reading */

struct vs_reader;

/* Totals, from the closing index when the file has one, else counted by reading. */
struct vs_trace_totals {
    uint64_t records, lost_records;
    uint64_t first_ns, last_ns;
    uint64_t blocks;
    uint64_t file_bytes;
    bool complete; /* false: no closing index, the writer was killed */
};

/*
 * Open a trace file or pipe ("-" is standard input).  Memory is bounded by the
 * format's block limit whatever the file's size.  Errors: VS_ERR_HOST when it
 * cannot be opened, VS_ERR_INPUT (with byte offset) when it is no trace, its
 * version is unknown or its first metadata is damaged.
 */
int vs_reader_open(const char *path, struct vs_reader **reader, struct vs_error *error);
void vs_reader_close(struct vs_reader *reader);

/* Metadata: that at the start, replaced by the closing one where the file is
 * seekable and complete, and of a pipe once vs_reader_next returned 0.  What was
 * returned stays valid while the reader is open. */
const struct vs_trace_meta *vs_reader_meta(const struct vs_reader *reader);

/*
 * The next block of records: 1 and *records, *count (valid until the next call),
 * 0 at the end, negative on error (VS_ERR_INPUT names the byte offset of the
 * damage; what came before it was good).  A file without closing index ends
 * quietly after its last whole block; vs_reader_totals().complete tells.
 */
int vs_reader_next(struct vs_reader *reader, const struct vs_record **records, size_t *count,
                   struct vs_error *error);
/* Continue at the block that holds the first record at or after time_ns.  Needs a
 * seekable file (VS_ERR_HOST else); without index it scans block headers. */
int vs_reader_seek(struct vs_reader *reader, uint64_t time_ns, struct vs_error *error);
/* Totals of what is known so far; final once vs_reader_next returned 0. */
struct vs_trace_totals vs_reader_totals(const struct vs_reader *reader);

/*
 * Identity of a trace's content: XXH3-128 over the decoded records and the
 * metadata that a replay uses, as 32 hex digits.  The same records give the
 * same hash whatever the packing.  Reads the whole file.
 */
#define VS_TRACE_HASH_TEXT 33
int vs_trace_hash(const char *path, char *hash, struct vs_error *error);

#endif
