/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The inside of struct vs_xen_log, shared by xen_window.c (fills it) and xen_merge.c (reads it). */
#ifndef VS_TRACES_IMPORT_XEN_LOG_H
#define VS_TRACES_IMPORT_XEN_LOG_H

#include "import/input.h"
#include "import/xen_window.h"

struct xen_window {
    uint64_t offset; /* of its first record, in the decompressed stream */
    uint32_t bytes;  /* of whole, checked records */
};

/* One pCPU's stream: its windows in file order, and where reading is. */
struct xen_stream {
    struct vs_xen_pcpu pcpu;
    bool vcpu_settled; /* first_vcpu is final */
    struct xen_window *windows;
    size_t window_count, window_room;

    /* reading (xen_merge.c) */
    uint8_t *buffer; /* XEN_BUFFER_BYTES */
    size_t at, end;
    size_t window;        /* being read */
    uint32_t window_done; /* bytes of it that are in the buffer or behind */
    struct vs_xen_record next;
    uint64_t now; /* of next */
};

enum { XEN_BUFFER_BYTES = 64 * 1024 };

struct vs_xen_log {
    char *path;
    struct vs_input *input;
    int spool_fd; /* where the bytes can be read again */
    bool spool_owned;
    struct xen_stream *streams; /* by rising pCPU number once open */
    size_t stream_count, stream_room;
    struct vs_xen_tally *tally;
    uint64_t tsc_backwards;

    /* reading (xen_merge.c) */
    size_t *heap; /* stream indices, least (now, number) first */
    size_t heap_count;
    bool reading;
};

#endif
