/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libFuzzer entry: any bytes as a policy. */
#include <stdint.h>
#include <stdlib.h>

#include "policies/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vs_error error = VS_ERROR_INIT;
    struct vs_policy *policy = NULL;
    int ret = vs_policy_compile((const char *)data, size, "fuzz", &policy, &error);

    /* Refused means no policy and a reason; compiled means a policy and no error. */
    if ((ret == 0) != (policy != NULL) || (ret == 0) != (error.code == VS_OK))
        abort();
    vs_policy_free(policy);
    return 0;
}
