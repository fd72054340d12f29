/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs an importer on bytes made by a test and keeps what it hands over. */
#ifndef VS_TRACES_IMPORT_TESTS_HARNESS_H
#define VS_TRACES_IMPORT_TESTS_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "import/import.h"

struct harness {
    struct vs_import_options options;
    struct vs_trace_meta meta;
    struct vs_import_sink sink;
    struct vs_record *records;
    size_t count, room;
    const char *invalid; /* why a record was refused, or NULL */
    bool went_back;      /* time_ns was below that of the record before */
    struct vs_error error;
    int ret;
    char path[32];
    const char *input;
};

static int harness_take(void *context, const struct vs_record *records, size_t count,
                        struct vs_error *error)
{
    struct harness *harness = context;

    (void)error;
    for (size_t i = 0; i < count; i++) {
        if (harness->count == harness->room) {
            harness->room = harness->room ? harness->room * 2 : 64;
            harness->records =
                reallocarray(harness->records, harness->room, sizeof(*harness->records));
            assert_non_null(harness->records);
        }
        if (!harness->invalid)
            harness->invalid = vs_record_invalid(&records[i]);
        if (harness->count && records[i].time_ns < harness->records[harness->count - 1].time_ns)
            harness->went_back = true;
        harness->records[harness->count++] = records[i];
    }
    return 0;
}

/* Ready for options and meta to be filled in. */
static inline void harness_start(struct harness *harness)
{
    *harness = (struct harness){.error = VS_ERROR_INIT};
    vs_trace_meta_init(&harness->meta);
    harness->sink = (struct vs_import_sink){.meta = &harness->meta,
                                            .report = vs_import_report_new(),
                                            .take = harness_take,
                                            .context = harness};
    assert_non_null(harness->sink.report);
}

/* Run importer over bytes (through a file in memory). */
static inline void harness_run(struct harness *harness, const struct vs_importer *importer,
                               const void *bytes, size_t size)
{
    int fd = memfd_create("import-test", MFD_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), (ssize_t)size);
    snprintf(harness->path, sizeof(harness->path), "/proc/self/fd/%d", fd);
    harness->input = harness->path;
    harness->options.inputs = (struct vs_strings){.items = &harness->input, .count = 1};
    harness->ret = importer->run(&harness->options, &harness->sink, &harness->error);
    close(fd);
}

static inline uint64_t harness_count(const struct harness *harness, enum vs_import_group group,
                                     const char *name)
{
    return vs_import_report_get(harness->sink.report, group, name);
}

static inline void harness_end(struct harness *harness)
{
    vs_import_report_free(harness->sink.report);
    vs_trace_meta_free(&harness->meta);
    free(harness->records);
}

#endif
