/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The writer opens at the first record, so that the trace's opening metadata hold what the
 * importer knew by then; the rest, the report among it, is in the closing ones.
 */
#include "import/to_trace.h"

struct target {
    const struct vs_import_job *job;
    const struct vs_trace_meta *meta;
    struct vs_writer *writer;
};

static int open_target(struct target *target, struct vs_error *error)
{
    if (target->writer)
        return 0;
    return vs_writer_open(target->job->output, target->meta, &target->job->writer, &target->writer,
                          error);
}

static int take(void *context, const struct vs_record *records, size_t count,
                struct vs_error *error)
{
    struct target *target = context;
    int ret = open_target(target, error);

    return ret < 0 ? ret : vs_writer_add(target->writer, records, count, error);
}

/* A trace without records is no failure (the input may be of an idle host), but seldom meant. */
static int note_emptiness(const struct vs_importer *importer, struct vs_import_sink *sink,
                          struct vs_error *error)
{
    for (int kind = 0; kind < VS_KIND_COUNT; kind++)
        if (sink->produced[kind])
            return 0;
    if (vs_trace_meta_add_note(sink->meta, "0 records produced: expected %s", importer->expects) <
        0)
        return vs_error_set(error, VS_ERR_MEMORY, "no memory for a note");
    return 0;
}

static struct vs_json_out *account_of(const struct vs_import_job *job,
                                      const struct vs_import_sink *sink)
{
    struct vs_json_out *out = vs_json_new_object();

    vs_json_add_string(out, "importer", sink->meta->source);
    vs_json_add_string(out, "input", sink->meta->origin);
    vs_json_add_string(out, "version", VS_VERSION);
    if (job->describe)
        job->describe(job->context, out);
    vs_json_add(out, "report", vs_import_report_json(sink->report));
    return out;
}

/* Store the report in the metadata and close the trace. */
static int finish(struct target *target, struct vs_import_sink *sink, struct vs_json_out **account,
                  struct vs_error *error)
{
    struct vs_writer *writer;
    int ret = note_emptiness(target->job->importer, sink, error);

    if (ret < 0)
        return ret;
    for (int kind = 0; kind < VS_KIND_COUNT; kind++)
        if (sink->produced[kind])
            vs_import_count(sink->report, VS_IMPORT_PRODUCED, vs_kind_name((enum vs_kind)kind),
                            sink->produced[kind]);
    *account = account_of(target->job, sink);
    ret = vs_json_text(*account, &sink->meta->import_json, error);
    if (ret == 0)
        ret = open_target(target, error);
    if (ret < 0)
        return ret;
    writer = target->writer;
    target->writer = NULL;
    return vs_writer_commit(writer, sink->meta, error);
}

int vs_import_to_trace(const struct vs_import_job *job, struct vs_trace_meta *meta,
                       struct vs_import_report *report, struct vs_json_out **account,
                       struct vs_error *error)
{
    struct target target = {.job = job, .meta = meta};
    struct vs_import_sink sink = {.meta = meta, .report = report, .take = take, .context = &target};
    int ret;

    *account = NULL;
    ret = job->importer->run(job->options, &sink, error);
    if (ret == 0)
        ret = finish(&target, &sink, account, error);
    vs_writer_abort(target.writer);
    if (ret < 0) {
        vs_json_out_free(*account);
        *account = NULL;
    }
    return ret;
}
