/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * main() for every tool: the one place that prints errors and turns results
 * into exit statuses.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "units.h"

#define COMMANDS_MAX 32

static const struct vs_command *find_command(const struct vs_program_info *program,
                                             const char *name, struct vs_error *error)
{
    const char *names[COMMANDS_MAX + 2];
    size_t count = 0;

    for (const struct vs_command *const *command = program->commands;
         *command && count < COMMANDS_MAX; command++) {
        if (strcmp((*command)->name, name) == 0)
            return *command;
        names[count++] = (*command)->name;
    }
    names[count++] = "help";
    names[count] = NULL;
    const char *near = name[0] == '-' ? NULL : vs_nearest(name, names);

    vs_error_set(error, VS_ERR_USAGE, "unknown %s '%s'%s%s%s",
                 name[0] == '-' ? "option" : "command", name, near ? "; did you mean '" : "",
                 near ? near : "", near ? "'?" : "");
    return NULL;
}

/* What stdout still holds can fail to leave only now; a result that did not
 * arrive is not a success. */
static int flush_output(int result, struct vs_error *error)
{
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout))
        return result;
    if (result < VS_ERR_ANSWER)
        return result; /* failed before, and says so */
    *error = (struct vs_error)VS_ERROR_INIT;
    return vs_error_set(error, VS_ERR_HOST, "cannot write to standard output: %s",
                        errno ? strerror(errno) : "an earlier write failed");
}

/* Did text for standard output fail to leave because whoever reads it (head, a pager) has
 * gone?  A trace to "-" does not pass through stdio: one cut short is always told. */
static bool reader_has_left(void)
{
    struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};

    return ferror(stdout) && poll(&out, 1, 0) == 1 && (out.revents & POLLERR);
}

static int finish(const struct vs_program_info *program, const struct vs_command *command,
                  int result, struct vs_error *error)
{
    char text[VS_ERROR_SOURCE_MAX + VS_ERROR_TEXT_MAX + 32];
    const char *name = command && command->name ? command->name : NULL;

    result = flush_output(result, error);
    if (result == VS_ERR_HOST && reader_has_left())
        return vs_exit_status(result);
    if (result < 0 && error->code != VS_OK)
        fprintf(stderr, "%s: %s\n", program->name, vs_error_describe(error, text, sizeof(text)));
    else if (result < VS_ERR_ANSWER)
        fprintf(stderr, "%s: failed without saying why (result %d)\n", program->name, result);
    if (result == VS_ERR_USAGE)
        fprintf(stderr, "Try '%s%s%s --help'.\n", program->name, name ? " " : "", name ? name : "");
    return vs_exit_status(result);
}

static bool asks_help(const struct vs_command *command, int argc, char **argv)
{
    bool letter_free = true;

    for (const struct vs_option *option = command->options; option->name; option++) {
        if (option->letter == 'h')
            letter_free = false;
    }
    for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--help") == 0 || (letter_free && strcmp(argv[i], "-h") == 0))
            return true;
    }
    return false;
}

static int run_command(const struct vs_program_info *program, const struct vs_command *command,
                       int argc, char **argv, struct vs_error *error)
{
    struct vs_strings operands = {0};

    if (asks_help(command, argc, argv)) {
        vs_options_help(program, command, stdout);
        return 0;
    }
    void *values = calloc(1, command->values_size_bytes ? command->values_size_bytes : 1);

    if (!values)
        return vs_error_set(error, VS_ERR_MEMORY, "out of memory");
    int ret = vs_options_parse(command, argc, argv, values, &operands, error);

    if (ret == 0) {
        ret = command->run(command, values, &operands, error);
        vs_options_release(command, values, &operands);
    }
    free(values);
    return ret;
}

/* "help" and "help COMMAND". */
static int run_help(const struct vs_program_info *program, int argc, char **argv,
                    struct vs_error *error)
{
    if (argc == 0) {
        vs_program_help(program, stdout);
        return 0;
    }
    if (argc > 1)
        return vs_error_set(error, VS_ERR_USAGE, "unexpected operand '%s'; help takes one command",
                            argv[1]);
    const struct vs_command *command = find_command(program, argv[0], error);

    if (!command)
        return VS_ERR_USAGE;
    vs_options_help(program, command, stdout);
    return 0;
}

/* --help, --version and --man: true when the word was one of them. */
static bool run_common(const struct vs_program_info *program, const char *word)
{
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
        vs_program_help(program, stdout);
    else if (strcmp(word, "--version") == 0)
        printf("%s %s\n", program->name, VS_VERSION);
    else if (strcmp(word, "--man") == 0)
        vs_program_man(program, stdout);
    else
        return false;
    return true;
}

int vs_program_main(const struct vs_program_info *program, int argc, char **argv)
{
    struct vs_error error = VS_ERROR_INIT;
    const struct vs_command *command = NULL;
    bool single = vs_program_is_single(program);
    int ret = 0;

    /* A closed pipe is then an error of the write (EPIPE), which finish() knows. */
    signal(SIGPIPE, SIG_IGN);
    if (argc < 2) {
        vs_program_help(program, stderr);
        return vs_exit_status(VS_ERR_USAGE);
    }
    if (single)
        command = program->commands[0];
    if (run_common(program, argv[1]))
        ret = 0;
    else if (single)
        ret = run_command(program, command, argc - 1, argv + 1, &error);
    else if (strcmp(argv[1], "help") == 0)
        ret = run_help(program, argc - 2, argv + 2, &error);
    else if (!(command = find_command(program, argv[1], &error)))
        ret = VS_ERR_USAGE;
    else
        ret = run_command(program, command, argc - 2, argv + 2, &error);
    return finish(program, command, ret, &error);
}
