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

static void add_block(XXH3_state_t *state, const struct vs_block *block)
{
    add_u64(state, block->count);
    for (size_t i = 0; i < block->count; i++) {
        const struct vs_step *step = &block->steps[i];
        const uint8_t fields[] = {
            (uint8_t)step->kind, step->lock,    step->mode,   step->whose,     step->which,
            step->list,          step->object,  step->work,   step->quantity,  step->per,
            step->part,          step->fact,    step->negate, step->skip_self, step->by_address,
            step->by_sbdf,       step->recheck, step->branch, step->with_ref,  step->initial};

        XXH3_128bits_update(state, fields, sizeof(fields));
        add_u64(state, step->count);
        add_block(state, &step->body);
        add_block(state, &step->orelse);
    }
}

/* What the policy compiles to: its own text says it only together with what it
 * is based on. */
static void add_programs(XXH3_state_t *state, const struct vs_policy *policy)
{
    for (size_t i = 0; i < policy->lock_count; i++) {
        const struct vs_lock_decl *lock = &policy->locks[i];

        add_text(state, lock->name);
        add_u64(state, (uint64_t)lock->kind);
        add_u64(state, (uint64_t)lock->scope);
        add_u64(state, (uint64_t)lock->inside);
    }
    for (size_t i = 0; i < VS_OP_COUNT; i++) {
        add_block(state, &policy->programs[i].entry);
        add_block(state, &policy->programs[i].steps);
        add_block(state, &policy->programs[i].miss);
    }
}

static void print_key(const XXH3_state_t *state, char *key)
{
    XXH128_hash_t hash = XXH3_128bits_digest(state);

    snprintf(key, VS_RUN_KEY_TEXT, "%016" PRIx64 "%016" PRIx64, (uint64_t)hash.high64,
             (uint64_t)hash.low64);
}

void vs_saturation_key(const struct vs_saturation *saturation, char *key)
{
    XXH3_state_t state;
    char lowest[VS_RUN_KEY_TEXT];

    vs_run_key(&saturation->lowest_run, lowest);
    XXH3_INITSTATE(&state);
    XXH3_128bits_reset(&state);
    add_text(&state, lowest);
    add_u64(&state, saturation->by_clones);
    add_u64(&state, saturation->replicas);
    add_u64(&state, saturation->jitter_ppm);
    add_u64(&state, saturation->bound_ns);
    add_double(&state, saturation->tolerance);
    add_double(&state, saturation->lowest);
    add_double(&state, saturation->highest);
    print_key(&state, key);
}

void vs_run_key(const struct vs_run *run, char *key)
{
    XXH3_state_t state;

    XXH3_INITSTATE(&state);
    XXH3_128bits_reset(&state);
    add_text(&state, VS_VERSION);
    add_text(&state, run->workload->hash);
    add_text(&state, run->policy->text);
    add_programs(&state, run->policy);
    add_text(&state, run->machine->text);
    add_double(&state, run->load.speed);
    add_u64(&state, run->load.clones);
    add_u64(&state, run->load.seed);
    add_u64(&state, run->load.rebase);
    add_u64(&state, run->load.max_think_ns);
    add_u64(&state, (uint64_t)run->engine.timing);
    add_u64(&state, run->engine.cpus);
    add_u64(&state, run->load.replica);
    add_u64(&state, run->load.jitter_ppm);
    if (run->kind == VS_ENGINE_THREADS) /* of what was asked: no two results are equal */
        add_text(&state, "threads");
    print_key(&state, key);
}

void vs_question_key(const struct vs_policy *policy, const char *question, char *key)
{
    XXH3_state_t state;

    XXH3_INITSTATE(&state);
    XXH3_128bits_reset(&state);
    add_text(&state, VS_VERSION);
    add_text(&state, question);
    if (policy) {
        add_text(&state, policy->text);
        add_programs(&state, policy);
    }
    XXH128_hash_t hash = XXH3_128bits_digest(&state);

    snprintf(key, VS_RUN_KEY_TEXT, "%016" PRIx64 "%016" PRIx64, (uint64_t)hash.high64,
             (uint64_t)hash.low64);
}
