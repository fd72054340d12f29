/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The registry of built-in files, which a test compares with the directory. */
#include "texts.h"

#include <stddef.h>
#include <strings.h>

/* clang-format off */
#define HYPOTHESES(X) \
    X(h1, "H1") X(h2, "H2") X(h3, "H3") X(h4, "H4") X(h5, "H5") X(h6, "H6") X(h7, "H7")     \
    X(h8, "H8") X(h9, "H9") X(h10, "H10") X(h11, "H11") X(h12, "H12") X(h13, "H13")         \
    X(h14, "H14") X(h15, "H15") X(h16, "H16") X(h17, "H17") X(h18, "H18") X(h19, "H19")     \
    X(h20, "H20")
#define VARIANTS(X)                                                                         \
    X(rwlock_nested_read, "rwlock-nested-read") X(rwlock_nested_write, "rwlock-nested-write") \
    X(rwlock_upgrade, "rwlock-upgrade") X(rwlock_held_order, "rwlock-held-order")           \
    X(softirq_in_dump, "softirq-in-dump") X(softirq_handler, "softirq-handler")             \
    X(patch_v1, "patch-v1") X(trailing_inside, "trailing-inside")                           \
    X(trailing_outside, "trailing-outside") X(unshrunk, "unshrunk")                         \
    X(short_section, "short-section")
#define SCENARIOS(X)                                                                        \
    X(guest_deassign, "guest-deassign") X(trailing_gap, "trailing-gap")                       \
    X(removal_alone, "removal-alone") X(softirq_handler, "softirq-handler")
/* clang-format on */

#define DECLARE_HYPOTHESIS(symbol, name) extern const char vs_hypothesis_##symbol##_text[];
#define DECLARE_VARIANT(symbol, name)    extern const char vs_variant_##symbol##_text[];
#define DECLARE_SCENARIO(symbol, name)   extern const char vs_hypothesis_scene_##symbol##_text[];
HYPOTHESES(DECLARE_HYPOTHESIS)
VARIANTS(DECLARE_VARIANT)
SCENARIOS(DECLARE_SCENARIO)

#define NAME(symbol, name)            name,
#define HYPOTHESIS_TEXT(symbol, name) vs_hypothesis_##symbol##_text,
#define VARIANT_TEXT(symbol, name)    vs_variant_##symbol##_text,
#define SCENARIO_TEXT(symbol, name)   vs_hypothesis_scene_##symbol##_text,

static const char *const hypothesis_names[] = {HYPOTHESES(NAME) NULL};
static const char *const hypothesis_texts[] = {HYPOTHESES(HYPOTHESIS_TEXT) NULL};
static const char *const variant_names[] = {VARIANTS(NAME) NULL};
static const char *const variant_texts[] = {VARIANTS(VARIANT_TEXT) NULL};
static const char *const scenario_names[] = {SCENARIOS(NAME) NULL};
static const char *const scenario_texts[] = {SCENARIOS(SCENARIO_TEXT) NULL};

static const struct {
    const char *const *names, *const *texts;
} tables[VS_TEXT_KIND_COUNT] = {
    [VS_TEXT_HYPOTHESIS] = {hypothesis_names, hypothesis_texts},
    [VS_TEXT_POLICY] = {variant_names, variant_texts},
    [VS_TEXT_SCENARIO] = {scenario_names, scenario_texts},
};

const char *const *vs_text_names(enum vs_text_kind kind)
{
    return tables[kind].names;
}

const char *vs_text_of(enum vs_text_kind kind, const char *name)
{
    for (size_t i = 0; tables[kind].names[i]; i++)
        if (strcasecmp(tables[kind].names[i], name) == 0)
            return tables[kind].texts[i];
    return NULL;
}
