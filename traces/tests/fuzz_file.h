/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For the reader's fuzz tests: make the checksums of a damaged file good again, so
 * that damage reaches what lies behind them, and read a file to its end in every way.
 */
#ifndef VS_TRACE_FUZZ_FILE_H
#define VS_TRACE_FUZZ_FILE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bits.h"
#include "block.h"
#include "trace.h"

/* Walk the blocks as far as their lengths make sense and renew every checksum. */
static inline void mend_checksums(uint8_t *bytes, size_t length)
{
    if (length < VS_FILE_HEADER)
        return;
    vs_store64(bytes + 24, vs_checksum(bytes, 24));
    size_t at = VS_FILE_HEADER;
    while (length - at >= VS_BLOCK_HEADER) {
        uint32_t payload = vs_load32(bytes + at + 12);
        if (payload > length - at - VS_BLOCK_HEADER)
            payload = (uint32_t)(length - at - VS_BLOCK_HEADER);
        vs_store64(bytes + at + 48, vs_checksum(bytes + at + VS_BLOCK_HEADER, payload));
        vs_store64(bytes + at + 56, vs_checksum(bytes + at, 56));
        at += VS_BLOCK_HEADER + payload;
    }
}

/* Read all, seek about, read again.  Returns the first reading's result; every record
 * that comes is a valid one, else the process aborts. */
static inline int read_file_every_way(const char *path, uint64_t seek_ns)
{
    struct vs_reader *reader = NULL;
    const struct vs_record *records = NULL;
    size_t count = 0;
    struct vs_error error = VS_ERROR_INIT;
    int ret = vs_reader_open(path, &reader, &error);
    if (ret < 0)
        return ret;
    uint64_t previous = 0;
    while ((ret = vs_reader_next(reader, &records, &count, &error)) > 0) {
        const char *reason = NULL;
        if (vs_records_valid(records, count, &reason) != count || records[0].time_ns < previous)
            abort();
        previous = records[count - 1].time_ns;
    }
    int first = ret;
    const uint64_t places[] = {0, seek_ns, UINT64_MAX};
    for (size_t i = 0; i < 3; i++) {
        if (vs_reader_seek(reader, places[i], NULL) == 0)
            while (vs_reader_next(reader, &records, &count, NULL) > 0)
                continue;
    }
    (void)vs_reader_totals(reader);
    vs_reader_close(reader);
    return first;
}

#endif
