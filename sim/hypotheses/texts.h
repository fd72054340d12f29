/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files of sim/hypotheses that are built in: hypotheses, variants of policies, scenarios. */
#ifndef VS_HYPOTHESES_TEXTS_H
#define VS_HYPOTHESES_TEXTS_H

enum vs_text_kind { VS_TEXT_HYPOTHESIS, VS_TEXT_POLICY, VS_TEXT_SCENARIO, VS_TEXT_KIND_COUNT };

/* Names in order, NULL-terminated. */
const char *const *vs_text_names(enum vs_text_kind kind);
/* The text of one, whatever the case of its letters, or NULL. */
const char *vs_text_of(enum vs_text_kind kind, const char *name);

#endif
