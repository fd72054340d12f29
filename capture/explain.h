/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why a kernel refuses a BPF program, and what to do: the same error number has many
 * causes, so each is looked for, the most certain first.
 */
#ifndef VS_CAPTURE_EXPLAIN_H
#define VS_CAPTURE_EXPLAIN_H

#include "capture.h"

/*
 * error_number and log (may be "" or NULL) are what loading the backend's object gave.
 * Sets a sentence that names cause and remedy; returns VS_ERR_HOST.
 */
int vs_explain_load(const struct vs_backend *backend, int error_number, const char *log,
                    uint64_t ring_bytes, struct vs_error *error);
/* The same for attaching the program of this section ("tp_btf/kvm_pio"). */
int vs_explain_attach(const struct vs_backend *backend, const char *section, int error_number,
                      struct vs_error *error);

/* The line of a verifier log that states its reason, into line[size]; "" where there is none. */
void vs_verifier_reason(const char *log, char *line, size_t size);
/* Which of the capabilities that capture needs are not in this hexadecimal CapEff mask:
 * "CAP_BPF and CAP_PERFMON", "CAP_BPF", "CAP_PERFMON", or "" when it has enough. */
const char *vs_missing_capabilities(uint64_t effective);

#endif
