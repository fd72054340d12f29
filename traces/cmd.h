/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commands of vpci-trace; cmd_import.c belongs to traces/import/. */
#ifndef VS_TRACE_CMD_H
#define VS_TRACE_CMD_H

#include "base/options.h"

extern const struct vs_command vs_cmd_import;
extern const struct vs_command vs_cmd_info;
extern const struct vs_command vs_cmd_dump;
extern const struct vs_command vs_cmd_verify;
extern const struct vs_command vs_cmd_merge;
extern const struct vs_command vs_cmd_slice;
extern const struct vs_command vs_cmd_inject;
extern const struct vs_command vs_cmd_generate;

#endif
