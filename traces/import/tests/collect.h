/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For tests of importers: run one over texts in memory, keep what comes out, and
 * check what must hold of any import (records valid, in time order, counted).
 */
#ifndef VS_TRACES_IMPORT_TESTS_COLLECT_H
#define VS_TRACES_IMPORT_TESTS_COLLECT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "import/import.h"

#define COLLECT_INPUTS 4

struct collected {
    int ret;
    struct vs_error error;
    struct vs_record *records;
    size_t count, room;
    struct vs_trace_meta meta;
    struct vs_import_report *report;
    const char *broken; /* a rule that an importer broke, or NULL */
};

static int collect_take(void *context, const struct vs_record *records, size_t count,
                        struct vs_error *error)
{
    struct collected *out = context;

    for (size_t i = 0; i < count; i++) {
        if (out->count == out->room) {
            out->room = out->room ? 2 * out->room : 64;
            out->records = realloc(out->records, out->room * sizeof(*out->records));
            if (!out->records)
                return vs_error_set(error, VS_ERR_MEMORY, "out of memory");
        }
        if (vs_record_invalid(&records[i]))
            out->broken = vs_record_invalid(&records[i]);
        if (out->count && records[i].time_ns < out->records[out->count - 1].time_ns)
            out->broken = "time goes back";
        out->records[out->count++] = records[i];
    }
    return 0;
}

/* A name under which content can be opened; *fd is closed by the caller. */
static inline void collect_path(const void *content, size_t size_bytes, int *fd, char *path,
                                size_t path_bytes)
{
    *fd = memfd_create("import-test", MFD_CLOEXEC);
    if (*fd < 0 || write(*fd, content, size_bytes) != (ssize_t)size_bytes)
        abort();
    snprintf(path, path_bytes, "/proc/self/fd/%d", *fd);
}

static inline void collect_files(const struct vs_importer *importer,
                                 const struct vs_import_options *given, const char *const *paths,
                                 size_t count, struct collected *out)
{
    struct vs_import_options options = {0};
    struct vs_import_sink sink = {.take = collect_take, .context = out, .meta = &out->meta};
    const char *items[COLLECT_INPUTS];

    if (given)
        options = *given;
    memset(out, 0, sizeof(*out));
    out->error = (struct vs_error)VS_ERROR_INIT;
    vs_trace_meta_init(&out->meta);
    out->report = vs_import_report_new();
    sink.report = out->report;
    for (size_t i = 0; i < count; i++)
        items[i] = paths[i];
    options.inputs.items = items;
    options.inputs.count = count;
    out->ret = importer->run(&options, &sink, &out->error);
    if (out->ret < 0 && out->error.code == VS_OK)
        out->broken = "failed without an error text";
    if (out->ret == 0 && out->error.code != VS_OK)
        out->broken = "an error text without failure";
}

/* Import texts[0..count) as so many input files. */
static inline void collect_texts(const struct vs_importer *importer,
                                 const struct vs_import_options *given, const char *const *texts,
                                 size_t count, struct collected *out)
{
    char paths[COLLECT_INPUTS][32];
    const char *items[COLLECT_INPUTS];
    int fds[COLLECT_INPUTS];

    for (size_t i = 0; i < count; i++) {
        collect_path(texts[i], strlen(texts[i]), &fds[i], paths[i], sizeof(paths[i]));
        items[i] = paths[i];
    }
    collect_files(importer, given, items, count, out);
    for (size_t i = 0; i < count; i++)
        close(fds[i]);
}

static inline void collect_bytes(const struct vs_importer *importer,
                                 const struct vs_import_options *given, const void *content,
                                 size_t size_bytes, struct collected *out)
{
    char path[32];
    const char *item = path;
    int fd;

    collect_path(content, size_bytes, &fd, path, sizeof(path));
    collect_files(importer, given, &item, 1, out);
    close(fd);
}

static inline void collect_text(const struct vs_importer *importer,
                                const struct vs_import_options *given, const char *text,
                                struct collected *out)
{
    collect_bytes(importer, given, text, strlen(text), out);
}

static inline void collected_free(struct collected *out)
{
    free(out->records);
    vs_trace_meta_free(&out->meta);
    vs_import_report_free(out->report);
}

/* One line per record: "TIME_NS dDOMAIN vVCPU SBDF KIND REG.SIZE=VALUE FLAGS", for comparing. */
static inline char *collected_text(const struct collected *out)
{
    size_t room = 128 * (out->count + 1), used = 0;
    char *text = malloc(room);

    if (!text)
        abort();
    text[0] = '\0';
    for (size_t i = 0; i < out->count; i++) {
        const struct vs_record *r = &out->records[i];

        used += (size_t)snprintf(
            text + used, room - used, "%llu d%u v%d %08x %s %x.%u=%x %x\n",
            (unsigned long long)r->time_ns, r->domain, r->vcpu == VS_VCPU_NONE ? -1 : r->vcpu,
            r->sbdf, vs_kind_name((enum vs_kind)r->kind), r->reg, r->size, r->value, r->flags);
    }
    return text;
}

#endif
