/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vpci-sim: which way of locking vPCI is safe, and what does it cost? */
#include "commands.h"

static const struct vs_command *const commands[] = {
    &vs_cmd_replay,
    &vs_cmd_sweep,
    &vs_cmd_saturate,
    &vs_cmd_check,
    &vs_cmd_hypotheses,
    &vs_cmd_policies,
    &vs_cmd_machines,
    &vs_cmd_show,
    &vs_cmd_validate,
    &vs_cmd_compare,
    &vs_cmd_calibrate,
    &vs_cmd_bench,
    NULL,
};

static const char *const description[] = {
    "Replays captured config-space traffic under locking policies of Xen's vPCI, in virtual time, "
    "and says what each policy costs and which hazards it let happen.",
    "Proves as far as bounds reach: check searches every interleaving of a few vCPUs under a "
    "policy, and shows the schedule that breaks it.",
    "Traces come from vpci-trace; results go into a SQLite database that vpci-report plots.",
    NULL,
};

static const struct vs_program_info program = {
    .name = "vpci-sim",
    .summary = "Compare ways of locking vPCI on captured config-space traffic.",
    .description = description,
    .commands = commands,
};

int main(int argc, char **argv)
{
    return vs_program_main(&program, argc, argv);
}
