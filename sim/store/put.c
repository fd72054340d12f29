/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is stored whole: a run with its result, an answer. */
#include "rows.h"

struct put {
    const struct vs_run *run;
    const struct vs_result *result;
};

static int emit_put(void *source, vs_row_sink sink, void *context, struct vs_error *error)
{
    const struct put *put = source;

    if (put->result->measured)
        return vs_rows_emit_measured(put->run, put->result, sink, context, error);
    return vs_rows_emit(put->run, put->result, sink, context, error);
}

int vs_store_put(struct vs_store *store, const struct vs_run *run, const struct vs_result *result,
                 struct vs_error *error)
{
    struct put put = {.run = run, .result = result};
    char key[VS_RUN_KEY_TEXT];

    vs_run_key(run, key);
    return vs_store_put_rows(store, result->measured ? VS_TABLE_MEASURED : VS_TABLE_RUN, key,
                             emit_put, &put, error);
}

static int emit_saturation(void *source, vs_row_sink sink, void *context, struct vs_error *error)
{
    return vs_rows_emit_saturation(source, sink, context, error);
}

int vs_store_put_saturation(struct vs_store *store, const struct vs_saturation *saturation,
                            struct vs_error *error)
{
    char key[VS_RUN_KEY_TEXT];

    vs_saturation_key(saturation, key);
    return vs_store_put_rows(store, VS_TABLE_SATURATION, key, emit_saturation, (void *)saturation,
                             error);
}
