/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Scenario files: read, checked, and the ones that ship.
 */
#include "scenario.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/* clang-format off */
#define SCENARIOS(X)                                                             \
    X(s1) X(s2) X(s3) X(s4) X(s5) X(s6) X(s7) X(s8) X(s9) X(s10) X(s11) X(s12)   \
    X(s13) X(s14) X(s15) X(s16) X(s17) X(s18) X(s19) X(s20) X(s21) X(s22) X(s23) \
    X(s24) X(s25) X(s26) X(s27) X(s28)
/* clang-format on */

#define ENDLESS(X) X(l1) X(l2) X(l3) X(l4) X(l5) X(l6)

#define DECLARE(symbol) extern const char vs_scenario_##symbol##_text[];
SCENARIOS(DECLARE)
ENDLESS(DECLARE)

#define TEXT(symbol) vs_scenario_##symbol##_text,
static const char *const texts[] = {SCENARIOS(TEXT) NULL};
static const char *const endless_texts[] = {ENDLESS(TEXT) NULL};

/* In upper case, as they are spoken of. */
static const char *const names[] = {"S1",  "S2",  "S3",  "S4",  "S5",  "S6",  "S7",  "S8",
                                    "S9",  "S10", "S11", "S12", "S13", "S14", "S15", "S16",
                                    "S17", "S18", "S19", "S20", "S21", "S22", "S23", "S24",
                                    "S25", "S26", "S27", "S28", NULL};

static const char *const endless[] = {"L1", "L2", "L3", "L4", "L5", "L6", NULL};

_Static_assert(sizeof(endless) == sizeof(endless_texts), "a name for every one");
_Static_assert(sizeof(names) == sizeof(texts), "a name for every scenario");

const char *const *vs_scenario_names(void)
{
    return names;
}

const char *const *vs_scenario_liveness_names(void)
{
    return endless;
}

static int read_string(const struct vs_json *at, const char *key, const char **value,
                       struct vs_error *error)
{
    struct vs_json member = vs_json_member(at, key);

    return vs_json_string(&member, value, error);
}

static int read_looks_for(const struct vs_json *at, struct vs_scenario *scenario,
                          struct vs_error *error)
{
    struct vs_json list = vs_json_member(at, "looks-for");
    int ret = vs_json_expect(&list, VS_JSON_ARRAY, error);

    for (size_t i = 0; ret == 0 && i < vs_json_count(&list); i++) {
        struct vs_json item = vs_json_item(&list, i);
        const char *name;

        ret = vs_json_string(&item, &name, error);
        int violation = ret == 0 ? vs_violation_from_name(name) : -1;

        if (ret == 0 && violation < 0)
            ret = vs_json_refuse(&item, error, "expected the name of a violation, found \"%s\"",
                                 name);
        else if (ret == 0 && vs_violation_table[violation].opt_in &&
                 !((scenario->setup.opt_in >> violation) & 1u))
            ret = vs_json_refuse(&item, error, "\"%s\" is found only when also-look-for names it",
                                 name);
        else if (ret == 0)
            scenario->looks_for |= 1u << violation;
    }
    if (ret == 0 && scenario->looks_for == 0)
        ret = vs_json_refuse(&list, error, "expected at least one violation");
    return ret;
}

/* Lists of policies: strings, none in both. */
static int check_lists(const struct vs_json *at, struct vs_scenario *scenario,
                       struct vs_error *error)
{
    static const char *const keys[] = {"violated", "holds"};
    int ret = 0;

    for (int k = 0; ret == 0 && k < 2; k++) {
        struct vs_json list = vs_json_member(at, keys[k]);

        if (vs_json_kind(&list) == VS_JSON_ABSENT)
            continue;
        ret = vs_json_expect(&list, VS_JSON_ARRAY, error);
        for (size_t i = 0; ret == 0 && i < vs_json_count(&list); i++) {
            struct vs_json item = vs_json_item(&list, i);
            const char *policy;

            ret = vs_json_string(&item, &policy, error);
            if (ret == 0 && k == 1 && vs_scenario_expected(scenario, policy) == 1)
                ret =
                    vs_json_refuse(&item, error, "policy %s is expected to break as well", policy);
        }
    }
    return ret;
}

static int read_scenario(struct vs_scenario *scenario, struct vs_error *error)
{
    static const char *const members[] = {"name",         "title",     "about",    "source",
                                          "setup",        "looks-for", "violated", "holds",
                                          "not-modelled", "because",   NULL};
    struct vs_json root = vs_json_root(scenario->doc);
    struct vs_json why = vs_json_member(&root, "not-modelled");
    struct vs_json setup = vs_json_member(&root, "setup");
    int ret = vs_json_only(&root, members, error);

    if (ret == 0)
        ret = read_string(&root, "name", &scenario->name, error);
    if (ret == 0)
        ret = read_string(&root, "title", &scenario->title, error);
    if (ret == 0)
        ret = read_string(&root, "about", &scenario->about, error);
    if (ret == 0)
        ret = read_string(&root, "source", &scenario->source, error);
    if (ret < 0)
        return ret;
    if (vs_json_kind(&why) != VS_JSON_ABSENT)
        return vs_json_string(&why, &scenario->not_modelled, error);
    ret = vs_check_setup_read(&setup, &scenario->setup, error);
    if (ret == 0)
        ret = read_looks_for(&root, scenario, error);
    if (ret == 0)
        ret = check_lists(&root, scenario, error);
    return ret;
}

static const char *builtin_text(const char *name)
{
    for (size_t i = 0; names[i]; i++)
        if (strcasecmp(names[i], name) == 0)
            return texts[i];
    for (size_t i = 0; endless[i]; i++)
        if (strcasecmp(endless[i], name) == 0)
            return endless_texts[i];
    return NULL;
}

int vs_scenario_load(const char *name_or_path, struct vs_scenario **scenario,
                     struct vs_error *error)
{
    struct vs_scenario *made = calloc(1, sizeof(*made));
    const char *text = builtin_text(name_or_path);
    int ret = VS_ERR_MEMORY;

    *scenario = NULL;
    if (!made) {
        vs_error_set(error, ret, "out of memory");
        goto out;
    }
    if (text)
        ret = vs_json_parse(text, strlen(text), name_or_path, &made->doc, error);
    else if (access(name_or_path, F_OK) == 0)
        ret = vs_json_parse_file(name_or_path, &made->doc, error);
    else
        ret = vs_error_set(
            error, VS_ERR_USAGE,
            "no scenario \"%s\" ships (S1 to S28 and L1 to L6 do) and no file is called so",
            name_or_path);
    if (ret == 0)
        ret = read_scenario(made, error);
    if (ret < 0)
        goto out;
    *scenario = made;
    made = NULL;
out:
    vs_scenario_free(made);
    return ret;
}

int vs_scenario_parse(const char *text, const char *source, struct vs_scenario **scenario,
                      struct vs_error *error)
{
    struct vs_scenario *made = calloc(1, sizeof(*made));
    int ret = VS_ERR_MEMORY;

    *scenario = NULL;
    if (!made)
        return vs_error_set(error, ret, "out of memory");
    ret = vs_json_parse(text, strlen(text), source, &made->doc, error);
    if (ret == 0)
        ret = read_scenario(made, error);
    if (ret < 0)
        vs_scenario_free(made);
    else
        *scenario = made;
    return ret;
}

void vs_scenario_free(struct vs_scenario *scenario)
{
    if (!scenario)
        return;
    vs_json_doc_free(scenario->doc);
    free(scenario);
}

static bool lists(const struct vs_scenario *scenario, const char *key, const char *policy)
{
    if (!scenario->doc) /* not from a file */
        return false;
    struct vs_json root = vs_json_root(scenario->doc), list = vs_json_member(&root, key);

    for (size_t i = 0; i < vs_json_count(&list); i++) {
        struct vs_json item = vs_json_item(&list, i);
        const char *name;

        if (vs_json_string(&item, &name, NULL) == 0 && strcmp(name, policy) == 0)
            return true;
    }
    return false;
}

int vs_scenario_expected(const struct vs_scenario *scenario, const char *policy)
{
    if (lists(scenario, "violated", policy))
        return 1;
    return lists(scenario, "holds", policy) ? 0 : -1;
}

const char *vs_scenario_because(const struct vs_scenario *scenario, const char *policy)
{
    if (!scenario->doc)
        return NULL;
    struct vs_json root = vs_json_root(scenario->doc), because = vs_json_member(&root, "because");
    struct vs_json member = vs_json_member(&because, policy);
    const char *text = NULL;

    if (vs_json_kind(&member) != VS_JSON_STRING || vs_json_string(&member, &text, NULL) < 0)
        return NULL;
    return text;
}
