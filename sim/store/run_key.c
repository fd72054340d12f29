/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The identity of a run: XXH3-128 over everything that decides its result and
 * nothing else.  Texts go in with their length in front, so that no two
 * different runs feed the same bytes.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Inlined, as vpcisim hashes in two places only; needs no library at run time. */
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/options.h"
#include "store.h"

static void add_u64(XXH3_state_t *state, uint64_t value)
{
    XXH3_128bits_update(state, &value, sizeof(value));
}

static void add_text(XXH3_state_t *state, const char *text)
{
    size_t length = strlen(text);

    add_u64(state, length);
    XXH3_128bits_update(state, text, length);
}

static void add_double(XXH3_state_t *state, double value)
{
    uint64_t bits = 0;

    memcpy(&bits, &value, sizeof(bits));
    add_u64(state, bits);
}

void vs_run_key(const struct vs_run *run, char *key)
{
    XXH3_state_t state;

    XXH3_INITSTATE(&state);
    XXH3_128bits_reset(&state);
    add_text(&state, VS_VERSION);
    add_text(&state, run->workload->hash);
    add_text(&state, run->policy->text);
    add_text(&state, run->machine->text);
    add_double(&state, run->load.speed);
    add_u64(&state, run->load.clones);
    add_u64(&state, run->load.seed);
    add_u64(&state, run->load.rebase);
    add_u64(&state, run->load.max_think_ns);
    add_u64(&state, (uint64_t)run->engine.timing);
    add_u64(&state, run->engine.cpus);
    XXH128_hash_t hash = XXH3_128bits_digest(&state);

    snprintf(key, VS_RUN_KEY_TEXT, "%016" PRIx64 "%016" PRIx64, (uint64_t)hash.high64,
             (uint64_t)hash.low64);
}
