/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commands of vpci-capture. */
#ifndef VS_CAPTURE_CMD_H
#define VS_CAPTURE_CMD_H

#include "base/options.h"

extern const struct vs_command vs_cmd_ebpf;
extern const struct vs_command vs_cmd_check;
extern const struct vs_command vs_cmd_xentrace;

#endif
