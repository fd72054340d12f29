/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vpci-sim machines: what may be given to --machine, and how much of it was measured. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "engine/machine.h"
#include "table.h"

struct values {
    bool json;
};

static const struct vs_option options[] = {
    {"json", 0, VS_OPTION_FLAG, offsetof(struct values, json), NULL,
     "Print a JSON array in place of the table.", NULL, NULL, 0, 0},
    VS_OPTION_END,
};

static struct vs_json_out *machine_json(const struct vs_machine *machine)
{
    struct vs_json_out *out = vs_json_new_object();

    vs_json_add_string(out, "name", machine->name);
    vs_json_add_string(out, "summary", machine->summary);
    vs_json_add_u64(out, "sockets", machine->sockets);
    vs_json_add_u64(out, "cores_per_socket", machine->cores_per_socket);
    vs_json_add_u64(out, "threads_per_core", machine->threads_per_core);
    vs_json_add_u64(out, "cpus", vs_machine_cpus(machine));
    vs_json_add_u64(out, "numbers", machine->number_count);
    vs_json_add_u64(out, "assumed", machine->assumption_count);
    return out;
}

static void print_machine(const struct vs_machine *machine, bool is_default)
{
    char label[80], text[400];

    snprintf(label, sizeof(label),
             "%-21s %2" PRIu32 " x %2" PRIu32 " x %" PRIu32 "  %4" PRIu32 "  %7" PRIu32
             "  %7" PRIu32 "  ",
             machine->name, machine->sockets, machine->cores_per_socket, machine->threads_per_core,
             vs_machine_cpus(machine), machine->number_count - machine->assumption_count,
             machine->assumption_count);
    snprintf(text, sizeof(text), "%s%s", machine->summary, is_default ? " (default)" : "");
    vs_table_wrap(stdout, label, text);
}

static int machines(const struct vs_command *command, void *parsed, const struct vs_strings *names,
                    struct vs_error *error)
{
    const struct values *values = parsed;
    const char *const *wanted = names->count ? names->items : vs_machine_names();
    struct vs_json_out *array = values->json ? vs_json_new_array() : NULL;
    int ret = 0;

    (void)command;
    for (size_t i = 0; ret == 0 && (names->count ? i < names->count : wanted[i] != NULL); i++) {
        struct vs_machine *machine = NULL;

        ret = vs_machine_load(wanted[i], &machine, error);
        if (ret < 0)
            break;
        if (i == 0 && !values->json)
            printf("%-21s %-11s  cpus  sourced  assumed\n", "machine", "topology");
        if (values->json)
            vs_json_add(array, NULL, machine_json(machine));
        else
            print_machine(machine, strcmp(machine->name, vs_machine_names()[0]) == 0);
        vs_machine_free(machine);
    }
    if (ret == 0 && values->json)
        ret = vs_json_print(array, stdout, error);
    else if (ret == 0)
        printf("\ntopology: sockets x cores x threads. sourced: numbers that were measured and "
               "published for\nthat machine, as its profile cites; assumed: the others. --vary in "
               "vpci-sim sweep shows\nwhat hangs on them.\n");
    vs_json_out_free(array);
    return ret;
}

static const char *const examples[] = {
    "vpci-sim machines",
    "vpci-sim machines ryzen-7950x ./my-host.json --json",
    NULL,
};

const struct vs_command vs_cmd_machines = {
    .name = "machines",
    .summary = "List machine profiles and how much of each is measured",
    .operands = "[NAME|FILE]...",
    .operands_min = 0,
    .operands_max = 1024,
    .options = options,
    .values_size_bytes = sizeof(struct values),
    .description = "Lists the machine profiles that ship, or those named: what --machine may be "
                   "given, with sockets, cores and threads, and how many of its numbers have a "
                   "source or are assumptions. vpci-sim calibrate writes one of this host.",
    .examples = examples,
    .run = machines,
};
