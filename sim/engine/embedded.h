/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shipped machine profiles as text; embedded.c is made at build time from machines/. */
#ifndef VS_ENGINE_EMBEDDED_H
#define VS_ENGINE_EMBEDDED_H

/* The JSON of a shipped profile by name, or NULL.  Static storage. */
const char *vs_embedded_machine(const char *name);

#endif
