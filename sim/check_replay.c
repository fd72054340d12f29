/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds the schedule in a file and re-executes it. */
#include "check_replay.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "check/scenario.h"

#define PATH_TEXT 256

static bool has(const struct vs_json *at, const char *member, enum vs_json_kind kind)
{
    struct vs_json value = vs_json_member(at, member);

    return vs_json_kind(&value) == kind;
}

struct found {
    size_t count;
    char path[PATH_TEXT]; /* of the first */
    char *text;           /* the first as it stands; owned */
};

/* Every schedule at and below a value.  Depth: the parser limits it. */
static int collect(const struct vs_json *at, struct found *found, struct vs_error *error)
{
    enum vs_json_kind kind = vs_json_kind(at);
    int ret = 0;

    if (kind != VS_JSON_OBJECT && kind != VS_JSON_ARRAY)
        return 0;
    if (has(at, "setup", VS_JSON_OBJECT) && has(at, "steps", VS_JSON_ARRAY)) {
        if (found->count++ > 0)
            return 0;
        vs_json_path(at, found->path, sizeof(found->path));
        return vs_json_value_text(at, &found->text, error);
    }
    for (size_t i = 0; ret == 0 && i < vs_json_count(at); i++) {
        struct vs_json below =
            kind == VS_JSON_OBJECT ? vs_json_member_at(at, i) : vs_json_item(at, i);

        ret = collect(&below, found, error);
    }
    return ret;
}

/* A file with the whole output of a search: in its place, the one schedule in it. */
static int cut_out(const char *file, struct vs_json_doc **doc, struct vs_error *error)
{
    struct vs_json root = vs_json_root(*doc);
    struct found found = {0};
    struct vs_json_doc *schedule = NULL;

    if (!has(&root, "policies", VS_JSON_ARRAY) && !has(&root, "hypotheses", VS_JSON_ARRAY))
        return 0;
    int ret = collect(&root, &found, error);

    if (ret == 0 && found.count == 0)
        ret = vs_error_set_at(error, VS_ERR_INPUT, file, VS_NOWHERE, VS_NOWHERE,
                              "holds no schedule: nothing was broken");
    else if (ret == 0 && found.count > 1)
        ret = vs_error_set_at(error, VS_ERR_INPUT, file, VS_NOWHERE, VS_NOWHERE,
                              "holds %zu schedules; cut one out, as with jq '.%s' %s", found.count,
                              found.path, file);
    if (ret == 0)
        ret = vs_json_parse(found.text, strlen(found.text), file, &schedule, error);
    if (ret == 0) {
        vs_json_doc_free(*doc);
        *doc = schedule;
    }
    free(found.text);
    return ret;
}

int vs_check_replay(const char *file, const char *policy_name, FILE *stream, struct vs_error *error)
{
    struct vs_json_doc *doc = NULL;
    struct vs_policy *policy = NULL;
    struct vs_check_code *code = NULL;
    struct vs_check_finding finding = {0};
    const char *name = NULL;
    int ret = vs_json_parse_file(file, &doc, error);

    if (ret == 0)
        ret = cut_out(file, &doc, error);
    if (ret == 0) {
        struct vs_json at = vs_json_root(doc);

        ret = vs_check_schedule_read(&at, &finding, &name, error);
    }
    if (ret == 0)
        ret = vs_policy_load(policy_name ? policy_name : name, &policy, error);
    if (ret == 0)
        ret = vs_check_code_build(policy, finding.setup.rounds, &code, error);
    if (ret == 0)
        ret = vs_check_schedule_print(code, &finding, stream, error);
    if (ret == 0)
        fprintf(stream, "Policy %s: %s, as the schedule says.\n", policy->name,
                vs_violation_table[finding.violation].name);
    free(finding.schedule);
    vs_check_code_free(code);
    vs_policy_free(policy);
    vs_json_doc_free(doc);
    return ret;
}
