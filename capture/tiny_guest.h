/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A KVM guest of a few instructions, whose config accesses are known beforehand. */
#ifndef VS_CAPTURE_TINY_GUEST_H
#define VS_CAPTURE_TINY_GUEST_H

#include <stdint.h>

#include "base/error.h"

/*
 * Run a guest that reads register 0 of 00:00.0 through port 0xCFC, 4 bytes, count times
 * (1 to 65535).  Nothing of the host is in it: this process answers each read with
 * VS_TINY_GUEST_VALUE.  VS_ERR_HOST when /dev/kvm does not run it.
 */
int vs_tiny_guest_run(uint32_t count, struct vs_error *error);

#define VS_TINY_GUEST_VALUE 0x12345678u

#endif
