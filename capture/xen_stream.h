/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bytes of xentrace(8), from the program itself or a pipe, into a log file.  Decoding
 * comes after (traces/import): an access's size and its vCPU can depend on what is later in
 * the log.  So capturing needs a buffer's memory, and what a killed capture leaves is the
 * log, which the importer reads.
 */
#ifndef VS_CAPTURE_XEN_STREAM_H
#define VS_CAPTURE_XEN_STREAM_H

#include <stdint.h>

#include "base/error.h"

struct vs_xen_source {
    const char *from;       /* NULL: run xentrace; "-": standard input; else a named pipe */
    const char *mask;       /* classes of events, as xentrace's -e takes it */
    uint64_t pages;         /* of each CPU's buffer in Xen, 0: as xentrace has it */
    uint64_t duration_ns;   /* 0: until the source ends or a signal */
    uint64_t log_max_bytes; /* stop from here on */
    /* Called once xentrace runs, or the pipe is open. */
    void (*started)(const void *context);
    const void *context;
};

enum vs_xen_end { VS_XEN_END_SOURCE, VS_XEN_END_DURATION, VS_XEN_END_SIGNAL, VS_XEN_END_LIMIT };

struct vs_xen_recorded {
    enum vs_xen_end end;
    int signal_number; /* for VS_XEN_END_SIGNAL */
    uint64_t bytes;
    uint64_t start_wall_ns, first_wall_ns; /* of the start and of the first bytes */
    uint64_t elapsed_ns;
    char failure[512]; /* how xentrace failed after its log had begun; else "" */
};

/*
 * Fill log_fd (empty, to read and write) until the source ends, the duration, the limit, or
 * SIGINT, SIGTERM or SIGHUP, which are blocked meanwhile.  xentrace is told to end, and writes
 * what Xen's buffers still hold.  Errors: VS_ERR_HOST when xentrace cannot be run, fails before any
 * log, or the log takes no more; VS_ERR_INPUT when the first bytes are not those of an xentrace
 * log.
 */
int vs_xen_stream_record(const struct vs_xen_source *source, int log_fd,
                         struct vs_xen_recorded *recorded, struct vs_error *error);

/* The output of `xl info` of this host, in an anonymous file: its descriptor, or VS_ERR_HOST. */
int vs_xen_info_fd(struct vs_error *error);

#endif
