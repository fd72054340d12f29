/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vpci-sim calibrate: measures this host, writes a machine profile.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/options.h"
#include "calibrate/calibrate.h"
#include "commands.h"
#include "threads/primitives.h"

#define REPEATS_MAX 1000

struct values {
    const char *output, *name, *base;
    uint64_t repeats;
};

static const struct vs_option options[] = {
    {"output", 'o', VS_OPTION_STRING, offsetof(struct values, output), "FILE",
     "Write the profile here, and print what was measured. Without it the profile is printed.",
     NULL, NULL, 0, 0},
    {"name", 0, VS_OPTION_STRING, offsetof(struct values, name), "NAME",
     "The profile's name in tables and plots.", "this-host", NULL, 0, 0},
    {"machine", 'm', VS_OPTION_STRING, offsetof(struct values, base), "NAME|FILE",
     "Profile to take the hypervisor's work costs from, which cannot be measured here. Without it, "
     "the first that ships.",
     NULL, NULL, 0, 0},
    {"repeats", 0, VS_OPTION_U64, offsetof(struct values, repeats), "N",
     "Runs of each measurement (of each pair of CPUs); their median counts.", "11", NULL, 1,
     REPEATS_MAX},
    VS_OPTION_END,
};

static const char *const examples[] = {
    "vpci-sim calibrate -o ./this-host.json",
    "vpci-sim replay host.vpt --machine ./this-host.json",
    NULL,
};

static const char description[] =
    "Measures what cache lines cost on the CPUs that this process may use: the transfer of a line "
    "by distance, what a busy line serves, an atomic, a store, a fence. Writes them as a machine "
    "profile with the spread of every number in its source. Run it on an idle host: what else "
    "runs there is measured too. Uncontended lock pairs are measured beside, to compare with what "
    "the profile's numbers add up to; and the locks of the threads engine (ports of Xen's, "
    "Concurrency Kit's, liburcu) by one thread and by two at once, which the profile carries for "
    "people to read.";

static void print_spread(const char *what, const struct vs_spread *spread)
{
    if (spread->runs > 0)
        printf("%-34s %8.2f %8.2f %8.2f %6u\n", what, spread->median_ns, spread->min_ns,
               spread->max_ns, spread->runs);
}

static void print_pair(const char *what, const struct vs_spread *spread, double model_ns)
{
    printf("%-34s %8.2f %8.2f %8.2f %6u  %.2f in the model\n", what, spread->median_ns,
           spread->min_ns, spread->max_ns, spread->runs, model_ns);
}

static void print_calibration(const struct vs_calibration *found)
{
    printf("%u socket(s) x %u core(s) x %u thread(s)\n\n", found->sockets, found->cores_per_socket,
           found->threads_per_core);
    printf("%-34s %8s %8s %8s %6s\n", "ns", "median", "least", "most", "runs");
    print_spread("transfer to a sibling thread", &found->transfer[VS_SAME_CORE]);
    print_spread("transfer within a socket", &found->transfer[VS_SAME_SOCKET]);
    print_spread("transfer across sockets", &found->transfer[VS_OTHER_SOCKET]);
    print_spread("service of a busy line", &found->service);
    print_spread("atomic", &found->atomic);
    print_spread("store", &found->store);
    print_spread("fence", &found->fence);
    print_spread("read section", &found->section);
    print_pair("ticket lock and unlock, alone", &found->ticket_pair,
               found->atomic.median_ns + found->store.median_ns);
    print_pair("read lock and unlock, alone", &found->read_pair, 2 * found->atomic.median_ns);
}

static void print_primitives(const struct vs_primitive *primitives)
{
    printf("\n%-34s %8s %8s %8s %12s %8s %8s\n", "ns", "alone", "least", "most", "two at once",
           "least", "most");
    for (size_t i = 0; i < VS_PRIMITIVES; i++)
        printf("%-34s %8.2f %8.2f %8.2f %12.2f %8.2f %8.2f\n", primitives[i].name,
               primitives[i].alone.median_ns, primitives[i].alone.min_ns,
               primitives[i].alone.max_ns, primitives[i].two.median_ns, primitives[i].two.min_ns,
               primitives[i].two.max_ns);
}

static int write_profile(const struct vs_json_out *profile, const char *path,
                         struct vs_error *error)
{
    FILE *file = fopen(path, "we");
    if (!file)
        return vs_error_set_at(error, VS_ERR_HOST, path, VS_NOWHERE, VS_NOWHERE,
                               "cannot be written: %s", strerror(errno));
    int ret = vs_json_print(profile, file, error);
    if (fclose(file) != 0 && ret == 0)
        ret = vs_error_set_at(error, VS_ERR_HOST, path, VS_NOWHERE, VS_NOWHERE,
                              "cannot be written: %s", strerror(errno));
    return ret;
}

static int run(const struct vs_command *command, void *values, const struct vs_strings *operands,
               struct vs_error *error)
{
    const struct values *chosen = values;
    struct vs_calibration found;
    struct vs_primitive primitives[VS_PRIMITIVES];
    struct vs_machine *base = NULL;
    struct vs_json_out *profile = NULL;
    int ret = vs_machine_load(chosen->base ? chosen->base : vs_machine_names()[0], &base, error);

    (void)command;
    (void)operands;
    if (ret == 0)
        ret = vs_calibrate((uint32_t)chosen->repeats, &found, error);
    if (ret == 0)
        ret = vs_primitives_measure((uint32_t)chosen->repeats, primitives, error);
    if (ret == 0) {
        profile = vs_calibrate_profile(&found, base, chosen->name, error);
        ret = profile ? 0 : VS_ERR_MEMORY;
    }
    if (ret == 0)
        vs_json_add(profile, "primitives",
                    vs_primitives_json(primitives, (uint32_t)chosen->repeats));
    if (ret == 0 && chosen->output) {
        ret = write_profile(profile, chosen->output, error);
        if (ret == 0) {
            print_calibration(&found);
            print_primitives(primitives);
        }
    } else if (ret == 0) {
        ret = vs_json_print(profile, stdout, error);
    }
    vs_json_out_free(profile);
    vs_machine_free(base);
    return ret;
}

const struct vs_command vs_cmd_calibrate = {
    .name = "calibrate",
    .summary = "Measure this host's cache lines and atomics; write a machine profile.",
    .options = options,
    .values_size_bytes = sizeof(struct values),
    .description = description,
    .examples = examples,
    .run = run,
};
