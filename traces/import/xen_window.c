/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The first pass over an xentrace file: window by window, record by record, so
 * that the second pass (xen_merge.c) meets nothing that it has to doubt.
 */
#include "import/xen_window.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "import/xen_log.h"

/* Largest pCPU number believed: Xen's CONFIG_NR_CPUS goes to 16383 (xen/arch/Kconfig). */
enum { PCPU_MAX = 16382, WINDOW_HEADER_BYTES = 12 };

/* State of the first pass. */
struct scan {
    struct vs_xen_log *log;
    struct vs_import_report *report;
    struct vs_error *error;
    uint8_t *buffer;
    uint64_t windows, records, bytes;
};

/* ------------------------------------------------------------------- spool */

static int open_temporary(struct vs_error *error)
{
    const char *directory = getenv("TMPDIR");
    int fd;

    if (!directory || !*directory)
        directory = "/tmp";
    fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0) {
        char path[512];

        snprintf(path, sizeof(path), "%s/vpci-trace-XXXXXX", directory);
        fd = mkostemp(path, O_CLOEXEC);
        if (fd >= 0)
            unlink(path);
    }
    if (fd < 0)
        vs_error_set_at(error, VS_ERR_HOST, directory, VS_NOWHERE, VS_NOWHERE,
                        "cannot make a temporary file for the decompressed log: %s",
                        strerror(errno));
    return fd;
}

static int spool_write(struct scan *scan, const uint8_t *bytes, size_t count)
{
    while (scan->log->spool_owned && count > 0) {
        ssize_t done = write(scan->log->spool_fd, bytes, count);

        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return vs_error_set(scan->error, VS_ERR_HOST,
                                "cannot write the temporary file for the decompressed log: %s",
                                strerror(errno));
        bytes += done;
        count -= (size_t)done;
    }
    return 0;
}

/* Read exactly size bytes unless the input ends; all that is read is spooled. */
static int scan_read(struct scan *scan, uint8_t *to, size_t size, size_t *got)
{
    int ret = vs_input_read(scan->log->input, to, size, got, scan->error);
    int spooled = spool_write(scan, to, *got);

    return ret < 0 ? ret : spooled;
}

static int damage(struct scan *scan, uint64_t offset, const char *what)
{
    return vs_error_set_at(
        scan->error, VS_ERR_INPUT, scan->log->path, offset, VS_NOWHERE, "%s%s", what,
        vs_input_plain_fd(scan->log->input) < 0 ? " (offset in the decompressed stream)" : "");
}

/* ----------------------------------------------------------------- streams */

static struct xen_stream *stream_of(struct vs_xen_log *log, uint16_t number)
{
    for (size_t i = 0; i < log->stream_count; i++)
        if (log->streams[i].pcpu.number == number)
            return &log->streams[i];
    if (log->stream_count == log->stream_room) {
        size_t room = log->stream_room ? log->stream_room * 2 : 16;
        struct xen_stream *grown = reallocarray(log->streams, room, sizeof(*grown));

        if (!grown)
            return NULL;
        log->streams = grown;
        log->stream_room = room;
    }
    log->streams[log->stream_count] = (struct xen_stream){
        .pcpu = {.number = number, .first_vcpu = VS_XEN_NOBODY},
    };
    return &log->streams[log->stream_count++];
}

static struct xen_window *stream_add_window(struct xen_stream *stream, uint64_t offset)
{
    if (stream->window_count == stream->window_room) {
        size_t room = stream->window_room ? stream->window_room * 2 : 64;
        struct xen_window *grown = reallocarray(stream->windows, room, sizeof(*grown));

        if (!grown)
            return NULL;
        stream->windows = grown;
        stream->window_room = room;
    }
    stream->windows[stream->window_count] = (struct xen_window){.offset = offset};
    return &stream->windows[stream->window_count++];
}

/*
 * Who runs on this pCPU before its first scheduling record?  A run-state change
 * away from running is emitted on the pCPU where the vCPU ran (vcpu_runstate_change
 * in xen/common/sched/core.c), and "continue" names who ran and goes on.
 */
static void learn_first_vcpu(struct xen_stream *stream, const struct vs_xen_event *event,
                             const struct vs_xen_record *record)
{
    bool from_running = event->kind == VS_XEN_RUNSTATE && (record->event >> 8 & 0xf) == 0;
    bool to_running = event->kind == VS_XEN_RUNSTATE && (record->event >> 4 & 0xf) == 0;

    if (event->kind == VS_XEN_CONTINUE || from_running)
        stream->pcpu.first_vcpu = record->word[0];
    else if (!to_running && event->kind != VS_XEN_LOST)
        return;
    stream->vcpu_settled = true;
}

/* ------------------------------------------------------------------ windows */

/*
 * Check the whole records in buffer[0..have), which lies at offset.  *used is
 * what they take; less than a record may remain.
 */
static int check_records(struct scan *scan, struct xen_stream *stream, uint64_t offset, size_t have,
                         size_t *used)
{
    size_t at = 0;

    while (have - at >= 4) {
        const struct vs_xen_event *event;
        struct vs_xen_record record;
        uint32_t header;
        const char *wrong;

        memcpy(&header, scan->buffer + at, sizeof(header));
        if (vs_xen_record_bytes(header) > have - at)
            break;
        *used = at;
        vs_xen_record_decode(scan->buffer + at, &record);
        event = vs_xen_tally_find(scan->log->tally, record.event);
        wrong = vs_xen_record_wrong(event, record.has_tsc, record.words);
        if (wrong) {
            char text[160];

            snprintf(text, sizeof(text), "bad record 0x%08" PRIx32 " (%s): %s", header, event->name,
                     wrong);
            return damage(scan, offset + at, text);
        }
        vs_xen_tally_count(scan->log->tally, record.event);
        if (record.has_tsc && event->kind != VS_XEN_FILLER && !stream->pcpu.has_tsc) {
            stream->pcpu.has_tsc = true;
            stream->pcpu.first_tsc = record.tsc;
        }
        if (!stream->vcpu_settled)
            learn_first_vcpu(stream, event, &record);
        stream->pcpu.records++;
        at += vs_xen_record_bytes(header);
    }
    *used = at;
    return 0;
}

/* Read and check a window of size bytes; *ended when the file ends inside it. */
static int scan_window(struct scan *scan, struct xen_stream *stream, uint32_t size, bool *ended)
{
    uint64_t offset = vs_input_offset(scan->log->input);
    struct xen_window *window = stream_add_window(stream, offset);
    uint32_t left = size;
    size_t have = 0;
    int ret = 0;

    if (!window)
        return vs_error_set(scan->error, VS_ERR_MEMORY, "no memory for the list of windows");
    while (left > 0 && ret == 0 && !*ended) {
        size_t want = XEN_BUFFER_BYTES - have, got = 0, used = 0;
        int checked;

        if (want > left)
            want = left;
        ret = scan_read(scan, scan->buffer + have, want, &got);
        have += got;
        left -= (uint32_t)got;
        *ended = got < want;
        checked = check_records(scan, stream, offset + window->bytes, have, &used);
        window->bytes += (uint32_t)used;
        have -= used;
        memmove(scan->buffer, scan->buffer + used, have);
        if (ret == 0)
            ret = checked;
    }
    scan->windows++;
    if (ret == 0 && have > 0 && !*ended)
        ret = damage(scan, offset + window->bytes, "a record is longer than its window");
    if (ret == 0 && *ended)
        vs_import_count(scan->report, VS_IMPORT_NOT_REBUILT, VS_XEN_BYTES_CUT_OFF, left + have);
    return ret;
}

/* A file that was made longer than what was written (a preallocated or not wholly flushed one)
 * ends in zeros.  first_bytes of them have been read; *zeros is how many there are in all when
 * nothing but zeros follows, else 0. */
static int scan_zeros(struct scan *scan, size_t first_bytes, uint64_t *zeros)
{
    size_t got = 0;
    int ret;

    *zeros = first_bytes;
    while ((ret = scan_read(scan, scan->buffer, XEN_BUFFER_BYTES, &got)) == 0 && got > 0) {
        *zeros += got;
        if (scan->buffer[0] != 0 || memcmp(scan->buffer, scan->buffer + 1, got - 1) != 0) {
            *zeros = 0;
            return 0;
        }
    }
    return ret;
}

/* The header of the next window: 1, 0 at the end of the file, or an error. */
static int scan_header(struct scan *scan, uint16_t *pcpu, uint32_t *size)
{
    uint64_t offset = vs_input_offset(scan->log->input);
    uint8_t bytes[WINDOW_HEADER_BYTES];
    uint32_t words[3];
    size_t got = 0;
    char text[160];
    int ret = scan_read(scan, bytes, sizeof(bytes), &got);

    if (ret < 0)
        return ret;
    if (got == 0)
        return 0;
    memcpy(words, bytes, sizeof(words));
    if (offset > 0 && got == sizeof(bytes) && (words[0] | words[1] | words[2]) == 0) {
        uint64_t zeros;

        ret = scan_zeros(scan, got, &zeros);
        if (ret < 0)
            return ret;
        if (zeros) {
            vs_import_count(scan->report, VS_IMPORT_IGNORED, "bytes-of-zeros-at-the-end", zeros);
            return 0;
        }
    }
    if (got >= 4 && words[0] != VS_XEN_WINDOW_HEADER) {
        snprintf(text, sizeof(text),
                 "expected the start of a window (0x%08" PRIx32 "), found 0x%08" PRIx32 "%s",
                 VS_XEN_WINDOW_HEADER, words[0], offset == 0 ? ": this is no xentrace log" : "");
        return damage(scan, offset, text);
    }
    if (got < sizeof(bytes)) {
        if (offset == 0)
            return damage(scan, 0, "the file is too short to be an xentrace log");
        vs_import_count(scan->report, VS_IMPORT_NOT_REBUILT, VS_XEN_BYTES_CUT_OFF, got);
        return 0;
    }
    if (words[1] > PCPU_MAX || words[2] % 4 != 0) {
        snprintf(text, sizeof(text),
                 "expected a window of a pCPU up to %d with a multiple of 4 bytes, found pCPU "
                 "%" PRIu32 " with %" PRIu32 " bytes",
                 PCPU_MAX, words[1], words[2]);
        return damage(scan, offset, text);
    }
    *pcpu = (uint16_t)words[1];
    *size = words[2];
    return 1;
}

static int scan_all(struct scan *scan)
{
    bool ended = false;
    int ret;

    for (;;) {
        struct xen_stream *stream;
        uint16_t pcpu = 0;
        uint32_t size = 0;

        ret = scan_header(scan, &pcpu, &size);
        if (ret <= 0)
            break;
        stream = stream_of(scan->log, pcpu);
        if (!stream)
            return vs_error_set(scan->error, VS_ERR_MEMORY, "no memory for a pCPU");
        ret = scan_window(scan, stream, size, &ended);
        if (ret < 0 || ended)
            break;
    }
    if (ret == 0 && scan->windows == 0)
        ret = damage(scan, 0, "the file is empty: expected an xentrace log");
    return ret;
}

/* ---------------------------------------------------------------- open, close */

static int by_number(const void *a, const void *b)
{
    const struct xen_stream *left = a, *right = b;

    return (left->pcpu.number > right->pcpu.number) - (left->pcpu.number < right->pcpu.number);
}

static int open_files(struct vs_xen_log *log, const char *path, struct vs_error *error)
{
    int ret;

    log->path = strdup(path);
    log->tally = vs_xen_tally_new();
    if (!log->path || !log->tally)
        return vs_error_set(error, VS_ERR_MEMORY, "no memory to open %s", path);
    ret = vs_input_open(path, &log->input, error);
    if (ret < 0)
        return ret;
    log->spool_fd = vs_input_plain_fd(log->input);
    if (log->spool_fd < 0) {
        log->spool_fd = open_temporary(error);
        log->spool_owned = log->spool_fd >= 0;
    }
    return log->spool_fd < 0 ? VS_ERR_HOST : 0;
}

int vs_xen_log_open(const char *path, bool tolerate, struct vs_import_report *report,
                    struct vs_xen_log **log, struct vs_error *error)
{
    struct vs_error own = VS_ERROR_INIT;
    struct scan scan = {.report = report, .error = &own};
    int ret = VS_ERR_MEMORY;

    *log = NULL;
    scan.log = calloc(1, sizeof(*scan.log));
    scan.buffer = malloc(XEN_BUFFER_BYTES);
    if (!scan.log || !scan.buffer) {
        vs_error_set(&own, VS_ERR_MEMORY, "no memory to open %s", path);
        goto out;
    }
    scan.log->spool_fd = -1;
    ret = open_files(scan.log, path, &own);
    if (ret < 0)
        goto out;
    ret = scan_all(&scan);
    if (ret == VS_ERR_INPUT && tolerate && scan.windows > 0) {
        vs_import_count(report, VS_IMPORT_NOT_REBUILT, "stopped-at-damage", 1);
        ret = 0;
    }
    if (ret < 0)
        goto out;
    qsort(scan.log->streams, scan.log->stream_count, sizeof(struct xen_stream), by_number);
    vs_import_count(report, VS_IMPORT_SEEN, "windows", scan.windows);
    vs_import_count(report, VS_IMPORT_SEEN, "pcpus", scan.log->stream_count);
    for (size_t i = 0; i < scan.log->stream_count; i++)
        scan.records += scan.log->streams[i].pcpu.records;
    vs_import_count(report, VS_IMPORT_SEEN, "records", scan.records);
    vs_xen_tally_report(scan.log->tally, report);
    *log = scan.log;
    scan.log = NULL;
out:
    if (ret < 0)
        vs_error_set_at(error, own.code, own.source, own.offset_bytes, own.line, "%s", own.text);
    vs_xen_log_close(scan.log);
    free(scan.buffer);
    return ret;
}

void vs_xen_log_close(struct vs_xen_log *log)
{
    if (!log)
        return;
    for (size_t i = 0; i < log->stream_count; i++) {
        free(log->streams[i].windows);
        free(log->streams[i].buffer);
    }
    free(log->streams);
    free(log->heap);
    vs_xen_tally_free(log->tally);
    if (log->spool_owned)
        close(log->spool_fd);
    vs_input_close(log->input);
    free(log->path);
    free(log);
}

size_t vs_xen_log_pcpu_count(const struct vs_xen_log *log)
{
    return log->stream_count;
}

const struct vs_xen_pcpu *vs_xen_log_pcpu(const struct vs_xen_log *log, size_t index)
{
    return &log->streams[index].pcpu;
}

uint64_t vs_xen_log_first_tsc(const struct vs_xen_log *log)
{
    uint64_t first = UINT64_MAX;

    for (size_t i = 0; i < log->stream_count; i++)
        if (log->streams[i].pcpu.has_tsc && log->streams[i].pcpu.first_tsc < first)
            first = log->streams[i].pcpu.first_tsc;
    return first == UINT64_MAX ? 0 : first;
}

uint64_t vs_xen_log_tsc_backwards(const struct vs_xen_log *log)
{
    return log->tsc_backwards;
}
