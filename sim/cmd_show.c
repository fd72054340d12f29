/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vpci-sim show: a policy on one page, or one operation's steps under it.
 */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/options.h"
#include "base/units.h"
#include "commands.h"
#include "policies/policy.h"

struct values {
    bool json;
};

static const struct vs_option options[] = {
    {"json", 0, VS_OPTION_FLAG, offsetof(struct values, json), NULL,
     "Print JSON: the policy, or the steps of the operation.", NULL, NULL, 0, 0},
    VS_OPTION_END,
};

static const char *const examples[] = {
    "vpci-sim show pci-lock",
    "vpci-sim show pci-lock toggle-decode",
    "vpci-sim show ./my-idea.json device-remove --json",
    NULL,
};

static const char description[] =
    "Without OPERATION: what the policy is, its locks and those that all policies share, and "
    "which of them each operation takes. With OPERATION: its steps as the hypervisor would go "
    "through them; a bar at the left for each lock that is held, the fragment that the steps come "
    "from at the right. OPERATION is a name or a label (\"toggle-decode\" or \"O4b\"); a label "
    "that "
    "several share prints all of them.";

/* Operations that the word names: its name, or its label. */
static bool is_named(enum vs_op op, const char *word)
{
    return strcmp(vs_op_table[op].name, word) == 0 || strcmp(vs_op_table[op].label, word) == 0;
}

static int refuse_operation(const char *word, struct vs_error *error)
{
    const char *names[VS_OP_COUNT + 1] = {NULL};

    for (int op = 0; op < VS_OP_COUNT; op++)
        names[op] = vs_op_table[op].name;
    const char *near = vs_nearest(word, names);

    return vs_error_set(error, VS_ERR_USAGE, "unknown operation \"%s\"%s%s%s", word,
                        near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

static int show_operation(const struct vs_policy *policy, const char *word, bool json,
                          struct vs_error *error)
{
    struct vs_json_out *list = json ? vs_json_new_array() : NULL;
    unsigned int count = 0;
    int ret = 0;

    for (int i = 0; ret == 0 && i < VS_OP_COUNT; i++) {
        enum vs_op op = (enum vs_op)i;

        if (!is_named(op, word))
            continue;
        if (count++ > 0 && !json)
            fputc('\n', stdout);
        if (json)
            vs_json_add(list, NULL, vs_program_json(policy, op));
        else
            ret = vs_program_print(policy, op, stdout, error);
    }
    if (count == 0)
        ret = refuse_operation(word, error);
    else if (ret == 0 && json)
        ret = vs_json_print(list, stdout, error);
    vs_json_out_free(list);
    return ret;
}

static int run(const struct vs_command *command, void *values, const struct vs_strings *operands,
               struct vs_error *error)
{
    const struct values *chosen = values;
    struct vs_policy *policy = NULL;
    int ret = vs_policy_load(operands->items[0], &policy, error);

    (void)command;
    if (ret != 0)
        return ret;
    if (operands->count > 1) {
        ret = show_operation(policy, operands->items[1], chosen->json, error);
    } else if (chosen->json) {
        struct vs_json_out *out = vs_policy_json(policy);

        ret = vs_json_print(out, stdout, error);
        vs_json_out_free(out);
    } else {
        ret = vs_policy_print(policy, stdout, error);
    }
    vs_policy_free(policy);
    return ret;
}

const struct vs_command vs_cmd_show = {
    .name = "show",
    .summary = "Print a policy, or one operation's steps under it.",
    .operands = "POLICY [OPERATION]",
    .operands_min = 1,
    .operands_max = 2,
    .options = options,
    .values_size_bytes = sizeof(struct values),
    .description = description,
    .examples = examples,
    .run = run,
};
