/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the fuzz-smoke test and the libFuzzer entry do with one input of a text importer. */
#ifndef VS_TRACES_IMPORT_TESTS_FUZZ_INPUTS_H
#define VS_TRACES_IMPORT_TESTS_FUZZ_INPUTS_H

#include "collect.h"
#include "import/lspci.h"

enum fuzz_target { FUZZ_QEMU_LOG, FUZZ_CSV, FUZZ_JSONL, FUZZ_LSPCI, FUZZ_TARGETS };

/* Returns NULL, or the rule that was broken.  An importer may refuse its input, but only as bad
 * input (or, for a header without units, as usage), with a text, and what it let through before is
 * valid and in order. */
static inline const char *fuzz_one(enum fuzz_target target, bool tolerate, const void *content,
                                   size_t size_bytes)
{
    static const struct vs_importer *const importers[] = {&vs_importer_qemu_log, &vs_importer_csv,
                                                          &vs_importer_jsonl};
    struct vs_import_options options = {.tolerate = tolerate};
    const char *broken;
    struct collected out;

    if (target == FUZZ_LSPCI) {
        struct vs_error error = VS_ERROR_INIT;
        struct vs_trace_meta meta;
        char path[32];
        int fd, ret;

        collect_path(content, size_bytes, &fd, path, sizeof(path));
        vs_trace_meta_init(&meta);
        ret = vs_lspci_read(path, &meta, 0, &error);
        vs_trace_meta_free(&meta);
        close(fd);
        return ret == 0 || (ret == VS_ERR_INPUT && error.code == ret) ? NULL : "lspci's error";
    }
    collect_bytes(importers[target], &options, content, size_bytes, &out);
    broken = out.broken;
    if (out.ret != 0 && out.ret != VS_ERR_INPUT && out.ret != VS_ERR_USAGE)
        broken = "neither success nor bad input";
    collected_free(&out);
    return broken;
}

#endif
