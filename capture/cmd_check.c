/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vpci-capture check: what works on this host, found by doing it. */
#include <stdio.h>

#include "capture.h"
#include "cmd.h"
#include "probes.h"

struct check_values {
    bool json;
};

static const struct vs_option check_options[] = {
    {"json", 0, VS_OPTION_FLAG, offsetof(struct check_values, json),
     .help = "Print the result as JSON."},
    VS_OPTION_END,
};

static void add_json(struct vs_json_out *list, const struct vs_backend *backend, int result,
                     const struct vs_error *reason)
{
    struct vs_json_out *entry = vs_json_new_object();

    vs_json_add_string(entry, "backend", backend->name);
    vs_json_add_boolean(entry, "works", result == 0);
    vs_json_add_boolean(entry, "automatic", backend->automatic);
    vs_json_add_string(entry, "layer", backend->layer);
    vs_json_add_string(entry, "not-seen", backend->blind);
    vs_json_add_string(entry, "reason", result == 0 ? NULL : reason->text);
    vs_json_add(list, NULL, entry);
}

/* Returns how many backends work. */
static size_t check_backends(struct vs_json_out *list)
{
    size_t working = 0;

    for (size_t i = 0; vs_backends[i]; i++) {
        const struct vs_backend *backend = vs_backends[i];
        struct vs_error reason = VS_ERROR_INIT;
        int result = vs_backend_try(backend, &reason);

        working += result == 0;
        if (list)
            add_json(list, backend, result, &reason);
        else if (result == 0)
            printf("%-8s works%s\n         sees %s\n         not %s\n", backend->name,
                   backend->automatic ? "" : " (by name only)", backend->layer, backend->blind);
        else
            printf("%-8s does not work\n         %s\n", backend->name, reason.text);
    }
    return working;
}

static void check_kinds(struct vs_json_out *list)
{
    if (!list)
        printf("\nWhat this kernel allows, each tried alone:\n");
    for (const struct vs_probe *probe = vs_probes; probe->name; probe++) {
        struct vs_error reason = VS_ERROR_INIT;
        int result = vs_probe_try(probe, &reason);

        if (list) {
            struct vs_json_out *entry = vs_json_new_object();

            vs_json_add_string(entry, "kind", probe->name);
            vs_json_add_boolean(entry, "works", result == 0);
            vs_json_add_string(entry, "needed-for", probe->needed_for);
            vs_json_add_string(entry, "reason", result == 0 ? NULL : reason.text);
            vs_json_add(list, NULL, entry);
        } else if (result == 0) {
            printf("%-18s yes  for %s\n", probe->name, probe->needed_for);
        } else {
            printf("%-18s no   for %s\n                   %s\n", probe->name, probe->needed_for,
                   reason.text);
        }
    }
}

static int check_run(const struct vs_command *command, void *raw, const struct vs_strings *operands,
                     struct vs_error *error)
{
    const struct check_values *values = raw;
    struct vs_json_out *backends = values->json ? vs_json_new_array() : NULL;
    struct vs_json_out *kinds = values->json ? vs_json_new_array() : NULL;
    size_t working = check_backends(backends);
    int ret = 0;

    (void)command;
    (void)operands;
    check_kinds(kinds);
    if (values->json) {
        struct vs_json_out *all = vs_json_new_object();

        vs_json_add(all, "backends", backends);
        vs_json_add(all, "kinds", kinds);
        ret = vs_json_print(all, stdout, error);
        vs_json_out_free(all);
    }
    if (ret == 0 && working == 0)
        ret = vs_error_set(error, VS_ERR_ANSWER, "no backend works on this host");
    return ret;
}

static const char *const check_examples[] = {"vpci-capture check", NULL};

const struct vs_command vs_cmd_check = {
    .name = "check",
    .summary = "Say which backends work on this host, and why the others do not",
    .options = check_options,
    .values_size_bytes = sizeof(struct check_values),
    .description =
        "Loads and attaches each backend's programs and makes one access that they must see, then "
        "detaches; then loads and attaches the least program of each kind that the kernel may "
        "allow or not.  Nothing is recorded.  The exit status is 1 when no backend works.",
    .examples = check_examples,
    .run = check_run,
};
