/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Command lines as tables.  One table per subcommand parses, prints --help,
 * prints the man page, and is stored with a run.  Options may stand before or
 * after operands; "--" ends them; "--name=value" and "--name value" are the
 * same.  A wrong option is a usage error that names the nearest valid one.
 */
#ifndef VS_BASE_OPTIONS_H
#define VS_BASE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "error.h"
#include "json.h"

enum vs_option_type {
    VS_OPTION_FLAG,     /* bool */
    VS_OPTION_STRING,   /* const char * (into argv) */
    VS_OPTION_LIST,     /* struct vs_strings: may be repeated */
    VS_OPTION_U64,      /* uint64_t within [min, max] */
    VS_OPTION_DOUBLE,   /* double within [min, max] */
    VS_OPTION_DURATION, /* vs_ns, "1.5us": the unit is required */
    VS_OPTION_SIZE,     /* uint64_t bytes, "16MiB": the unit is required */
    VS_OPTION_CHOICE    /* int: index into choices */
};

/* A list of strings that live in argv. */
struct vs_strings {
    const char **items; /* owned by the option values: free with vs_options_release */
    size_t count;
};

struct vs_option {
    const char *name; /* long name without dashes */
    char letter;      /* or 0 */
    enum vs_option_type type;
    size_t offset;              /* of the value in the command's values struct */
    const char *argument;       /* placeholder in help: "FILE"; NULL for flags */
    const char *help;           /* one sentence with units and default */
    const char *fallback;       /* default as text, parsed like an argument, or NULL */
    const char *const *choices; /* CHOICE: NULL-terminated names */
    double min, max;            /* U64, DOUBLE; both 0 means unlimited */
};

/* The last entry of an options array. */
/* clang-format off */
#define VS_OPTION_END {.name = NULL}
/* clang-format on */

struct vs_command {
    const char *name;     /* "replay"; NULL in a program's only command: no subcommands */
    const char *summary;  /* one line for the list of commands */
    const char *operands; /* "TRACE...", for the usage line; NULL when none are taken */
    size_t operands_min, operands_max;
    const struct vs_option *options; /* ends with VS_OPTION_END; "help" is implied */
    size_t values_size_bytes;        /* of the values struct */
    const char *description;         /* paragraphs, parted by empty lines; one that starts with
                                      * a blank stands as it is; or NULL */
    const char *const *examples;     /* NULL-terminated; printed last */
    /* Runs with parsed values; returns 0 or an enum vs_err, error set. */
    int (*run)(const struct vs_command *command, void *values, const struct vs_strings *operands,
               struct vs_error *error);
};

struct vs_program_info {
    const char *name;                         /* "vpci-sim" */
    const char *summary;                      /* one sentence */
    const char *const *description;           /* paragraphs, NULL-terminated */
    const struct vs_command *const *commands; /* NULL-terminated */
};

/*
 * The whole main(): finds the command, parses, runs it, prints
 * "NAME: FILE:LINE: message" on stderr for an error, and returns the exit
 * status.  Also serves --help, help COMMAND, --version, and --man (the man page
 * on stdout, generated from the same tables).  A full disk under
 * stdout is an error that is told (exit status 4).  When whoever reads text from stdout has
 * gone (`| head`), the exit status is 4, too, since not all arrived, but without a
 * message: that is how such a pipe ends, and scripts with pipefail still see it.
 */
int vs_program_main(const struct vs_program_info *program, int argc, char **argv);

/* Parse argv[0..argc) into values (zeroed and filled with fallbacks first) and
 * operands.  Errors: VS_ERR_USAGE. */
int vs_options_parse(const struct vs_command *command, int argc, char **argv, void *values,
                     struct vs_strings *operands, struct vs_error *error);
void vs_options_release(const struct vs_command *command, void *values,
                        struct vs_strings *operands);

/* Every option with the value in force, as a JSON object: what is stored with a run. */
struct vs_json_out *vs_options_json(const struct vs_command *command, const void *values);

/* Help for one command on stream, 80 columns at most. */
void vs_options_help(const struct vs_program_info *program, const struct vs_command *command,
                     FILE *stream);

/* The release, as --version prints it and as each run stores it. */
#define VS_VERSION "0.1.0"

#endif
