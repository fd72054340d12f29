/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vpci-capture: config-space traffic of a running host into a trace. */
#include "cmd.h"

static const struct vs_command *const commands[] = {&vs_cmd_ebpf, &vs_cmd_check, NULL};

static const char *const description[] = {
    "Records the PCI configuration-space accesses of a running Linux host, or of its KVM guests, "
    "into a trace that vpci-sim replays.  It only looks: no device is written, bound or reset.",
    "Capturing needs a kernel with BTF and the capabilities CAP_BPF and CAP_PERFMON.",
    NULL,
};

int main(int argc, char **argv)
{
    static const struct vs_program_info program = {
        .name = "vpci-capture",
        .summary = "Record PCI configuration-space accesses of a running host",
        .description = description,
        .commands = commands,
    };

    return vs_program_main(&program, argc, argv);
}
