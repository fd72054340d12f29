/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libFuzzer entry for the xentrace importer; the first byte chooses --tolerate. */
#include "collect.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *ecam = "0xb0000000:0:0-255";
    struct vs_import_options options = {.tsc_hz = "1GHz", .ecam = {.items = &ecam, .count = 1}};
    struct collected out;

    if (size < 1)
        return 0;
    options.tolerate = data[0] & 1;
    collect_bytes(&vs_importer_xentrace, &options, data + 1, size - 1, &out);
    if (out.broken || (out.ret != 0 && out.ret != VS_ERR_INPUT))
        abort();
    collected_free(&out);
    return 0;
}
