/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shared by the four files behind options.h: options.c parses, help.c and man.c
 * print the tables, program.c is main().  Nobody else includes this.
 */
#ifndef VS_BASE_CLI_H
#define VS_BASE_CLI_H

#include <stdbool.h>
#include <stdio.h>

#include "options.h"

#define VS_HELP_COLUMNS 80

/* Exclusive upper end of an option's left column ("-o, --output FILE"). */
#define VS_OPTION_HEAD_MAX 64

/* "  -o, --output FILE" without the indentation, into buffer[VS_OPTION_HEAD_MAX].
 * Returns buffer. */
char *vs_option_head(const struct vs_option *option, char *buffer);

/* The option's help with what the table knows beyond it: the choices, that it
 * may be repeated, and the default, where the sentence does not say so itself.
 * The caller frees; NULL when out of memory. */
char *vs_option_sentence(const struct vs_option *option);

/* True when the program has one command without a name: no subcommands. */
bool vs_program_is_single(const struct vs_program_info *program);

/* Help for the program with its list of commands. */
void vs_program_help(const struct vs_program_info *program, FILE *stream);

/* The manual page in roff (man(7) macros). */
void vs_program_man(const struct vs_program_info *program, FILE *stream);

#endif
