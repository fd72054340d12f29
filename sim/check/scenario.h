/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Scenarios: a setup with what it is about, where it comes from, which
 * violations decide it, and what is expected of every policy that ships.  They
 * are JSON files in sim/scenarios/, embedded at build time.
 */
#ifndef VS_CHECK_SCENARIO_H
#define VS_CHECK_SCENARIO_H

#include "check.h"

struct vs_scenario {
    const char *name;  /* "S14" */
    const char *title; /* a few words */
    const char *about; /* a sentence or two */
    const char *source;
    const char *not_modelled; /* why there is no setup, or NULL */
    struct vs_check_setup setup;
    uint32_t looks_for;      /* bit per enum vs_violation: any of them decides */
    struct vs_json_doc *doc; /* owns the strings */
};

/* Names of those that ship, in order; NULL-terminated. */
const char *const *vs_scenario_names(void);
/* Of those whose vCPUs go on for ever: vs_check_liveness is for them. */
const char *const *vs_scenario_liveness_names(void);
/* By name when it ships, else as a path.  Free with vs_scenario_free. */
int vs_scenario_load(const char *name_or_path, struct vs_scenario **scenario,
                     struct vs_error *error);
/* The same from text; source names it in errors. */
int vs_scenario_parse(const char *text, const char *source, struct vs_scenario **scenario,
                      struct vs_error *error);
void vs_scenario_free(struct vs_scenario *scenario);
/* 1: the policy is expected to break; 0: to hold; -1: nothing is stated about it. */
int vs_scenario_expected(const struct vs_scenario *scenario, const char *policy);
/* A remark on one policy's verdict, or NULL; owned by the scenario. */
const char *vs_scenario_because(const struct vs_scenario *scenario, const char *policy);

#endif
