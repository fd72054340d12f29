/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scratch directories and the sqlite3 program, for tests. */
#ifndef VS_STORE_TESTS_SHELL_H
#define VS_STORE_TESTS_SHELL_H

#include <stdbool.h>
#include <stddef.h>

/* A new directory under $TMPDIR or /tmp into directory[64]. */
bool scratch_make(char *directory);
void scratch_remove(const char *directory);
/* Is there a sqlite3 program? */
bool shell_available(void);
/* What sqlite3 answers to sql, columns parted by '|'.  Its errors are part of
 * the answer. */
void shell_query(const char *path, const char *sql, char *answer, size_t size);

#endif
