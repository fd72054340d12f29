/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Traces to a workload: each trace is read twice (loader.c, loader_class.c),
 * then the load is arranged as the options ask (arrange.c).
 */
#include "workload.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "loader.h"

static const char *const guess_names[VS_GUESS_COUNT] = {
    [VS_GUESS_NO_SNAPSHOT] = "no-snapshot",
    [VS_GUESS_DECODE_STATE] = "decode-state",
    [VS_GUESS_MSI_STATE] = "msi-state",
    [VS_GUESS_BAR_SIZE] = "bar-size",
    [VS_GUESS_VALUE] = "value",
    [VS_GUESS_CALLER] = "caller",
};

const char *vs_guess_name(enum vs_guess guess)
{
    return (unsigned int)guess < VS_GUESS_COUNT ? guess_names[guess] : NULL;
}

/* --------------------------------------------------------------- texts and freeing */

static int add_text(char ***texts, size_t *count, const char *format, va_list arguments)
{
    char *text;
    char **grown = realloc(*texts, (*count + 1) * sizeof(*grown));
    if (!grown)
        return VS_ERR_MEMORY;
    *texts = grown;
    if (vasprintf(&text, format, arguments) < 0)
        return VS_ERR_MEMORY;
    /* Several traces may say the same. */
    for (size_t i = 0; i < *count; i++) {
        if (strcmp((*texts)[i], text) == 0) {
            free(text);
            return VS_OK;
        }
    }
    (*texts)[(*count)++] = text;
    return VS_OK;
}

int vs_workload_add_what_if(struct vs_workload *workload, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int ret = add_text(&workload->what_if, &workload->what_if_count, format, arguments);
    va_end(arguments);
    return ret;
}

int vs_workload_add_note(struct vs_workload *workload, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int ret = add_text(&workload->notes, &workload->note_count, format, arguments);
    va_end(arguments);
    return ret;
}

void vs_workload_free(struct vs_workload *workload)
{
    if (!workload)
        return;
    for (size_t i = 0; i < workload->what_if_count; i++)
        free(workload->what_if[i]);
    for (size_t i = 0; i < workload->note_count; i++)
        free(workload->notes[i]);
    void *const by_call[] = {workload->calls,       workload->targets,  workload->measured_ns,
                             workload->recorded_ns, workload->think_ns, workload->long_thinks};
    for (size_t i = 0; i < sizeof(by_call) / sizeof(by_call[0]); i++)
        vs_memory_release(workload->memory, by_call[i]);
    void *const arrays[] = {workload->actors, workload->domains, workload->devices,
                            workload->shapes, workload->what_if, workload->notes,
                            workload->name};
    for (size_t i = 0; i < sizeof(arrays) / sizeof(arrays[0]); i++)
        free(arrays[i]);
    free(workload);
}

/* ------------------------------------------------------------------------ sources */

/* One trace: a file to be read block by block, as often as asked, or records in memory. */
struct source {
    const char *path; /* NULL: memory */
    struct vs_trace_meta meta;
    const struct vs_record *records;
    struct vs_record *spool; /* standard input, read whole: records points here; memory's */
    size_t count;
    struct vs_trace_totals totals; /* of a file, once it was read */
};

typedef int record_sink(struct vs_loader *loader, const struct vs_record *records, size_t count,
                        struct vs_error *error);

static int read_file(struct source *source, struct vs_loader *loader, record_sink *sink,
                     struct vs_error *error)
{
    const struct vs_record *records;
    struct vs_reader *reader;
    size_t count;
    int ret = vs_reader_open(source->path, &reader, error);
    if (ret < 0)
        return ret;
    while ((ret = vs_reader_next(reader, &records, &count, error)) > 0) {
        ret = sink(loader, records, count, error);
        if (ret < 0)
            break;
    }
    source->totals = vs_reader_totals(reader);
    vs_reader_close(reader);
    return ret;
}

static int read_source(struct source *source, struct vs_loader *loader, record_sink *sink,
                       struct vs_error *error)
{
    return source->records || !source->path ? sink(loader, source->records, source->count, error)
                                            : read_file(source, loader, sink, error);
}

static int spool(struct source *source, struct vs_reader *reader, struct vs_memory *memory,
                 struct vs_error *error)
{
    const struct vs_record *records;
    size_t count, capacity = 0;
    int ret;

    while ((ret = vs_reader_next(reader, &records, &count, error)) > 0) {
        while (source->count + count > capacity) {
            int grown = vs_memory_grow(memory, &source->spool, &capacity, capacity,
                                       sizeof(*records), error);
            if (grown < 0)
                return grown;
        }
        memcpy(source->spool + source->count, records, count * sizeof(*records));
        source->count += count;
    }
    source->totals = vs_reader_totals(reader);
    source->records = source->spool;
    if (!source->records)
        source->path = NULL; /* no record at all: nothing to read again */
    return ret;
}

static int open_source(struct source *source, const char *path, struct vs_memory *memory,
                       struct vs_error *error)
{
    struct vs_reader *reader;
    source->path = path;
    int ret = vs_reader_open(path, &reader, error);
    if (ret < 0)
        return ret;
    if (strcmp(path, "-") == 0)
        ret = spool(source, reader, memory, error);
    if (ret >= 0 && vs_trace_meta_copy(&source->meta, vs_reader_meta(reader)) < 0)
        ret = vs_error_set(error, VS_ERR_MEMORY, "out of memory for a trace's metadata");
    vs_reader_close(reader);
    return ret;
}

/* Of records in memory: the same algorithm, over the records alone. */
static void hash_records(const struct vs_record *records, size_t count, char *hash)
{
    XXH128_hash_t sum = XXH3_128bits(records, count * sizeof(*records));
    snprintf(hash, VS_TRACE_HASH_TEXT, "%016" PRIx64 "%016" PRIx64, sum.high64, sum.low64);
}

static int hash_source(const struct source *source, char *hash, struct vs_error *error)
{
    if (source->path && !source->records)
        return vs_trace_hash(source->path, hash, error);
    hash_records(source->records, source->count, hash);
    return VS_OK;
}

/* ------------------------------------------------------------------------ loading */

static int carry_meta(struct vs_workload *workload, const struct vs_trace_meta *meta,
                      struct vs_error *error)
{
    int ret = VS_OK;
    workload->emulated |= meta->emulated;
    workload->synthetic |= meta->synthetic;
    for (size_t i = 0; ret >= 0 && i < meta->what_if_count; i++)
        ret = vs_workload_add_what_if(workload, "%s", meta->what_if[i]);
    for (size_t i = 0; ret >= 0 && i < meta->note_count; i++)
        ret = vs_workload_add_note(workload, "%s", meta->notes[i]);
    if (ret >= 0 && meta->clock.note[0])
        ret = vs_workload_add_note(workload, "clock: %s", meta->clock.note);
    return ret < 0 ? vs_error_set(error, VS_ERR_MEMORY, "out of memory for notes") : VS_OK;
}

/* "incomplete" is what vpci-report looks for (analysis/describe.c). */
static int note_cut_off(struct vs_loader *loader, const struct source *source,
                        struct vs_error *error)
{
    const struct vs_trace_totals *totals = &source->totals;
    const char *slash = source->path ? strrchr(source->path, '/') : NULL;
    const char *name = slash ? slash + 1 : source->path;

    if (totals->file_bytes == 0 || totals->complete)
        return VS_OK;
    if (vs_workload_add_note(loader->workload,
                             "incomplete: the capture%s%s was cut off, %" PRIu64
                             " record%s in %" PRIu64 " whole block%s read",
                             loader->stands_alone || !name ? "" : " ",
                             loader->stands_alone || !name ? "" : name, totals->records,
                             totals->records == 1 ? "" : "s", totals->blocks,
                             totals->blocks == 1 ? "" : "s") < 0)
        return vs_error_set(error, VS_ERR_MEMORY, "out of memory for notes");
    return VS_OK;
}

static int load_source(struct vs_loader *loader, struct source *source, struct vs_error *error)
{
    int ret = vs_loader_begin(loader, &source->meta, error);
    if (ret >= 0)
        ret = read_source(source, loader, vs_loader_observe, error);
    if (ret >= 0)
        ret = vs_loader_settle(loader, error);
    if (ret >= 0)
        ret = read_source(source, loader, vs_loader_class, error);
    if (ret >= 0)
        ret = vs_loader_order_devices(loader, error);
    if (ret >= 0)
        ret = carry_meta(loader->workload, &source->meta, error);
    if (ret >= 0)
        ret = note_cut_off(loader, source, error);
    vs_loader_end(loader);
    return ret;
}

static const struct vs_workload_options default_options = {.speed = 1, .clones = 1};

static int check_options(const struct vs_workload_options *options, struct vs_error *error)
{
    if (options->jitter_ppm > VS_JITTER_MAX_PPM || (options->replica == 0 && options->jitter_ppm))
        return vs_error_set(error, VS_ERR_USAGE,
                            "a jitter of %u ppm in replica %u, not up to %u ppm in one above 0",
                            options->jitter_ppm, options->replica, VS_JITTER_MAX_PPM);
    if (!(options->speed > 0) || options->speed > 1e9)
        return vs_error_set(error, VS_ERR_USAGE, "speed is %g, not above 0 and at most 1e9",
                            options->speed);
    if (options->clones < 1)
        return vs_error_set(error, VS_ERR_USAGE, "clones is 0, not at least 1");
    return VS_OK;
}

/* Records carry their marks through any conversion; metadata may not.  Whoever
 * replays marked records is told, whatever the file's metadata says. */
static int add_marked_calls(struct vs_workload *workload)
{
    int ret = 0;

    if (workload->injected_calls > 0)
        ret = vs_workload_add_what_if(workload,
                                      "%" PRIu64 " of %zu calls were injected, not captured",
                                      workload->injected_calls, workload->call_count);
    if (ret >= 0 && workload->synthetic_calls > 0) {
        workload->synthetic = true;
        ret = vs_workload_add_what_if(
            workload, "%" PRIu64 " of %zu calls are synthetic: generated, not captured",
            workload->synthetic_calls, workload->call_count);
    }
    return ret;
}

static int load_sources(struct vs_loader *loader, struct source *sources, size_t count,
                        const struct vs_workload_options *options, struct vs_error *error)
{
    struct vs_workload *workload = loader->workload;
    char *hashes = calloc(count + 1, VS_TRACE_HASH_TEXT);
    int ret = VS_ERR_MEMORY;

    if (!hashes) {
        vs_error_set(error, ret, "out of memory");
        goto out;
    }
    loader->stands_alone = count == 1;
    for (size_t i = 0; i < count; i++) {
        char *hash = hashes + i * (VS_TRACE_HASH_TEXT - 1); /* one text of all digits */
        ret = load_source(loader, &sources[i], error);
        if (ret >= 0)
            ret = hash_source(&sources[i], hash, error);
        if (ret < 0)
            goto out;
    }
    if (count == 1)
        memcpy(workload->hash, hashes, VS_TRACE_HASH_TEXT);
    else {
        XXH128_hash_t sum = XXH3_128bits(hashes, count * (VS_TRACE_HASH_TEXT - 1));
        snprintf(workload->hash, sizeof(workload->hash), "%016" PRIx64 "%016" PRIx64, sum.high64,
                 sum.low64);
    }
    if (count > 1 &&
        vs_workload_add_what_if(workload,
                                "%zu captures laid side by side as domains of one host, each "
                                "starting at time 0; config cycles keep the path they had",
                                count) < 0) {
        ret = vs_error_set(error, VS_ERR_MEMORY, "out of memory");
        goto out;
    }
    if (add_marked_calls(workload) < 0) {
        ret = vs_error_set(error, VS_ERR_MEMORY, "out of memory");
        goto out;
    }
    ret = vs_loader_finish(loader, error);
    if (ret >= 0)
        ret = vs_workload_arrange(workload, options, error);
out:
    free(hashes);
    return ret;
}

/* File names without directory, joined by "+". */
static char *join_names(const char *const *paths, size_t count)
{
    size_t length = 1;
    for (size_t i = 0; i < count; i++)
        length += strlen(paths[i]) + 1;
    char *name = calloc(1, length);
    for (size_t i = 0; name && i < count; i++) {
        const char *slash = strrchr(paths[i], '/');
        if (i)
            strcat(name, "+");
        strcat(name, slash ? slash + 1 : paths[i]);
    }
    return name;
}

static int load(struct source *sources, size_t count, char *name,
                const struct vs_workload_options *options, struct vs_workload **workload,
                struct vs_error *error)
{
    struct vs_workload *made = calloc(1, sizeof(*made));
    struct vs_loader loader = {.workload = made};
    int ret = VS_ERR_MEMORY;

    if (!options)
        options = &default_options;
    if (!made || !name) {
        free(name);
        vs_error_set(error, VS_ERR_MEMORY, "out of memory");
        goto out;
    }
    made->name = name;
    made->memory = options->memory;
    ret = check_options(options, error);
    if (ret >= 0)
        ret = load_sources(&loader, sources, count, options, error);
out:
    vs_loader_free(&loader);
    if (ret < 0)
        vs_workload_free(made);
    else
        *workload = made;
    return ret < 0 ? ret : VS_OK;
}

/* A table of zeros would look like an answer. */
static int refuse_empty(const struct vs_workload *workload, const struct source *sources,
                        size_t count, struct vs_error *error)
{
    bool cut_off = false;

    if (workload->call_count > 0)
        return VS_OK;
    for (size_t i = 0; i < count; i++)
        cut_off |= !sources[i].totals.complete;
    return vs_error_set_at(error, VS_ERR_INPUT, workload->name, VS_NOWHERE, VS_NOWHERE,
                           "no access in it, so there is nothing to replay: %s",
                           cut_off                 ? "the capture was cut off too early"
                           : workload->records > 0 ? "none of its records is a call"
                                                   : "it holds no record");
}

int vs_workload_load(const char *const *paths, size_t path_count,
                     const struct vs_workload_options *options, struct vs_workload **workload,
                     struct vs_error *error)
{
    struct source *sources = calloc(path_count + 1, sizeof(*sources));
    struct vs_memory *memory = options ? options->memory : NULL;
    struct vs_workload *made = NULL;
    int ret = VS_OK;

    if (!sources)
        return vs_error_set(error, VS_ERR_MEMORY, "out of memory");
    for (size_t i = 0; i < path_count; i++)
        vs_trace_meta_init(&sources[i].meta);
    for (size_t i = 0; ret >= 0 && i < path_count; i++)
        ret = open_source(&sources[i], paths[i], memory, error);
    if (ret >= 0)
        ret = load(sources, path_count, join_names(paths, path_count), options, &made, error);
    if (ret >= 0)
        ret = refuse_empty(made, sources, path_count, error);
    if (ret < 0)
        vs_workload_free(made);
    else
        *workload = made;
    for (size_t i = 0; i < path_count; i++) {
        vs_trace_meta_free(&sources[i].meta);
        vs_memory_release(memory, sources[i].spool);
    }
    free(sources);
    return ret;
}

int vs_workload_from_records(const struct vs_trace_meta *meta, const struct vs_record *records,
                             size_t count, const struct vs_workload_options *options,
                             struct vs_workload **workload, struct vs_error *error)
{
    struct source source = {.meta = *meta, .records = records, .count = count};
    return load(&source, 1, strdup("records"), options, workload, error);
}
