/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vpci-capture: config-space traffic of a running host into a trace. */
#include "cmd.h"

static const struct vs_command *const commands[] = {&vs_cmd_ebpf, &vs_cmd_xentrace, &vs_cmd_check,
                                                    NULL};

static const char *const description[] = {
    "Records the PCI configuration-space accesses of a running Linux host, of its KVM guests, or "
    "of the domains of Xen, into a trace that vpci-sim replays.  It only looks: no device is "
    "written, bound or reset.",
    "ebpf needs a kernel with BTF and the capabilities CAP_BPF and CAP_PERFMON; xentrace needs "
    "Xen's tools in its dom0.",
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
