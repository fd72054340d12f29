/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The second pass over an xentrace file: the pCPUs' streams, already checked,
 * merged by TSC.  A binary heap holds one entry per stream, keyed by the time of its
 * next record and then by pCPU number, so that the order is the same on every
 * run.  Within a stream the order is always the file's: a TSC that goes back
 * counts as of the latest time seen.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "import/xen_log.h"

/* Have a whole record at buffer[at..end), or nothing when the stream ends. */
static int refill(struct vs_xen_log *log, struct xen_stream *stream, struct vs_error *error)
{
    size_t have = stream->end - stream->at;

    memmove(stream->buffer, stream->buffer + stream->at, have);
    stream->at = 0;
    stream->end = have;
    while (stream->window < stream->window_count && stream->end < XEN_BUFFER_BYTES) {
        const struct xen_window *window = &stream->windows[stream->window];
        size_t want = window->bytes - stream->window_done;
        ssize_t got;

        if (want == 0) {
            stream->window++;
            stream->window_done = 0;
            continue;
        }
        if (want > XEN_BUFFER_BYTES - stream->end)
            want = XEN_BUFFER_BYTES - stream->end;
        got = pread(log->spool_fd, stream->buffer + stream->end, want,
                    (off_t)(window->offset + stream->window_done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return vs_error_set_at(error, VS_ERR_HOST, log->path,
                                   window->offset + stream->window_done, VS_NOWHERE,
                                   "cannot read it a second time: %s",
                                   got < 0 ? strerror(errno) : "the file has become shorter");
        stream->end += (size_t)got;
        stream->window_done += (uint32_t)got;
    }
    return 0;
}

/* Decode the stream's next record: 1, 0 at its end, or an error. */
static int advance(struct vs_xen_log *log, struct xen_stream *stream, struct vs_error *error)
{
    uint32_t header;

    if (stream->end - stream->at < VS_XEN_RECORD_BYTES_MAX) {
        int ret = refill(log, stream, error);

        if (ret < 0)
            return ret;
        if (stream->end == stream->at)
            return 0;
    }
    memcpy(&header, stream->buffer + stream->at, sizeof(header));
    vs_xen_record_decode(stream->buffer + stream->at, &stream->next);
    stream->at += vs_xen_record_bytes(header);
    if (stream->next.has_tsc &&
        vs_xen_tally_find(log->tally, stream->next.event)->kind != VS_XEN_FILLER) {
        if (stream->next.tsc < stream->now)
            log->tsc_backwards++;
        else
            stream->now = stream->next.tsc;
    }
    return 1;
}

/* Heap order: time, then pCPU number (streams lie by rising number). */
static bool before(const struct vs_xen_log *log, size_t a, size_t b)
{
    uint64_t left = log->streams[a].now, right = log->streams[b].now;

    return left != right ? left < right : a < b;
}

static void sift_down(struct vs_xen_log *log, size_t at)
{
    for (;;) {
        size_t child = 2 * at + 1, moved = log->heap[at];

        if (child >= log->heap_count)
            return;
        if (child + 1 < log->heap_count && before(log, log->heap[child + 1], log->heap[child]))
            child++;
        if (!before(log, log->heap[child], moved))
            return;
        log->heap[at] = log->heap[child];
        log->heap[child] = moved;
        at = child;
    }
}

static int start_reading(struct vs_xen_log *log, struct vs_error *error)
{
    log->reading = true;
    log->heap = calloc(log->stream_count, sizeof(*log->heap));
    if (!log->heap)
        return vs_error_set(error, VS_ERR_MEMORY, "no memory to merge %zu pCPUs",
                            log->stream_count);
    for (size_t i = 0; i < log->stream_count; i++) {
        struct xen_stream *stream = &log->streams[i];
        int ret;

        stream->buffer = malloc(XEN_BUFFER_BYTES);
        if (!stream->buffer)
            return vs_error_set(error, VS_ERR_MEMORY, "no memory to merge %zu pCPUs",
                                log->stream_count);
        stream->now = stream->pcpu.has_tsc ? stream->pcpu.first_tsc : vs_xen_log_first_tsc(log);
        ret = advance(log, stream, error);
        if (ret < 0)
            return ret;
        if (ret > 0)
            log->heap[log->heap_count++] = i;
    }
    for (size_t at = log->heap_count / 2; at-- > 0;)
        sift_down(log, at);
    return 0;
}

int vs_xen_log_next(struct vs_xen_log *log, struct vs_xen_record *record,
                    const struct vs_xen_event **event, size_t *pcpu, uint64_t *now,
                    struct vs_error *error)
{
    struct xen_stream *stream;
    int ret = log->reading ? 0 : start_reading(log, error);

    if (ret < 0)
        return ret;
    if (log->heap_count == 0)
        return 0;
    *pcpu = log->heap[0];
    stream = &log->streams[*pcpu];
    *record = stream->next;
    *now = stream->now;
    *event = vs_xen_tally_find(log->tally, record->event);
    ret = advance(log, stream, error);
    if (ret < 0)
        return ret;
    if (ret == 0)
        log->heap[0] = log->heap[--log->heap_count];
    sift_down(log, 0);
    return 1;
}
