/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vpci-sim policies: what ships, in the order of every comparison.
 */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/options.h"
#include "commands.h"
#include "policies/policy.h"

struct values {
    bool json;
};

static const struct vs_option options[] = {
    {"json", 0, VS_OPTION_FLAG, offsetof(struct values, json), NULL,
     "Print one JSON array: name, summary, source, notes, locks.", NULL, NULL, 0, 0},
    VS_OPTION_END,
};

static const char *const examples[] = {
    "vpci-sim policies",
    "vpci-sim show pci-lock toggle-decode",
    NULL,
};

static const char description[] =
    "Lists the locking policies that ship: first the floor that no policy can beat, then the "
    "ceiling, then the others as history went. Each is a JSON file; a file of your own is given "
    "to show and replay by its path, and GRAMMAR.md says how to write one.";

/* The locks of a policy that are its own, as "pcidevs_lock, pci_lock". */
static void print_own_locks(const struct vs_policy *policy)
{
    const char *separator = "    locks: ";

    for (size_t i = 0; i < policy->lock_count; i++) {
        if (policy->locks[i].below_vpci)
            continue;
        printf("%s%s (%s)", separator, policy->locks[i].name,
               vs_lock_kind_table[policy->locks[i].kind].name);
        separator = ", ";
    }
    printf("%s\n", strcmp(separator, ", ") == 0 ? "" : "    locks: none of its own");
}

static int run(const struct vs_command *command, void *values, const struct vs_strings *operands,
               struct vs_error *error)
{
    const struct values *chosen = values;
    struct vs_json_out *list = chosen->json ? vs_json_new_array() : NULL;
    int ret = 0;

    (void)command;
    (void)operands;
    for (const char *const *name = vs_policy_names(); ret == 0 && *name; name++) {
        struct vs_policy *policy = NULL;

        ret = vs_policy_load(*name, &policy, error);
        if (ret == 0 && chosen->json) {
            vs_json_add(list, NULL, vs_policy_json(policy));
        } else if (ret == 0) {
            printf("%s\n    %s\n", policy->name, policy->summary);
            print_own_locks(policy);
        }
        vs_policy_free(policy);
    }
    if (ret == 0 && chosen->json)
        ret = vs_json_print(list, stdout, error);
    vs_json_out_free(list);
    return ret;
}

const struct vs_command vs_cmd_policies = {
    .name = "policies",
    .summary = "List the locking policies that ship.",
    .options = options,
    .values_size_bytes = sizeof(struct values),
    .description = description,
    .examples = examples,
    .run = run,
};
