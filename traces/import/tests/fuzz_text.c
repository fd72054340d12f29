/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libFuzzer entry for the text importers: the first byte chooses which, and --tolerate. */
#include <stdlib.h>

#include "fuzz_inputs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    if (fuzz_one((enum fuzz_target)(data[0] % FUZZ_TARGETS), data[0] >> 7, data + 1, size - 1))
        abort();
    return 0;
}
