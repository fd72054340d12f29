/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The subcommands of vpci-sim: one cmd_NAME.c each. */
#ifndef VS_COMMANDS_H
#define VS_COMMANDS_H

#include "base/options.h"

extern const struct vs_command vs_cmd_replay;     /* cmd_replay.c */
extern const struct vs_command vs_cmd_sweep;      /* cmd_sweep.c */
extern const struct vs_command vs_cmd_saturate;   /* cmd_saturate.c */
extern const struct vs_command vs_cmd_check;      /* cmd_check.c */
extern const struct vs_command vs_cmd_hypotheses; /* cmd_hypotheses.c */
extern const struct vs_command vs_cmd_policies;   /* cmd_policies.c */
extern const struct vs_command vs_cmd_machines;   /* cmd_machines.c */
extern const struct vs_command vs_cmd_show;       /* cmd_show.c */
extern const struct vs_command vs_cmd_validate;   /* cmd_validate.c */
extern const struct vs_command vs_cmd_calibrate;  /* cmd_calibrate.c */
extern const struct vs_command vs_cmd_bench;      /* cmd_bench.c */
extern const struct vs_command vs_cmd_compare;    /* cmd_compare.c */

#endif
