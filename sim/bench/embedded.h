/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The reference policies as text, made at build time from the JSON files here. */
#ifndef VS_BENCH_EMBEDDED_H
#define VS_BENCH_EMBEDDED_H

extern const char vs_reference_global_text[];
extern const char vs_reference_domain_text[];

#endif
