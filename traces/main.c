/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vpci-trace: the tool around trace files. */
#include "cmd.h"
#include "output.h"

static const struct vs_command *const commands[] = {
    &vs_cmd_import, &vs_cmd_info,   &vs_cmd_dump,     &vs_cmd_verify, &vs_cmd_merge,
    &vs_cmd_slice,  &vs_cmd_inject, &vs_cmd_generate, NULL,
};

static const char *const description[] = {
    "A trace holds the PCI configuration-space accesses of a host's domains, and the events "
    "that take the same locks.  vpci-trace makes traces from captured logs or from a seed, "
    "shows and checks them, cuts, merges and enriches them.",
    "Results go to standard output, messages to standard error.  A file appears under its "
    "final name only when it is whole.",
    NULL,
};

int main(int argc, char **argv)
{
    static const struct vs_program_info program = {
        .name = "vpci-trace",
        .summary = "Import, show, check and make traces of vPCI configuration traffic",
        .description = description,
        .commands = commands,
    };
    vs_output_clean_up_on_signals();
    return vs_program_main(&program, argc, argv);
}
