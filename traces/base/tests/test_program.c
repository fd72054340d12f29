/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vs_program_main as a process sees it: each case runs in a child with its own
 * stdout and stderr, so that exit status, both streams and broken pipes are the
 * real ones.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/options.h"

#define COUNT(array)  (sizeof(array) / sizeof((array)[0]))
#define ARGUMENTS_MAX 6
#define OUTPUT_MAX    16384

struct values {
    const char *output;
    uint64_t lines;
    int how;
};

static const char *const ways[] = {"well", "no", "input", "host", "silent", NULL};

static const struct vs_option options[] = {
    {"output", 'o', VS_OPTION_STRING, offsetof(struct values, output), "FILE",
     "Write to FILE instead of standard output; a long sentence that must be wrapped more than "
     "once before it fits the width of a terminal."},
    {"a-very-long-option-name", 0, VS_OPTION_U64, offsetof(struct values, lines), "LINES",
     "Lines to print.", .fallback = "1"},
    {"how", 0, VS_OPTION_CHOICE, offsetof(struct values, how), "WAY", "How it ends.",
     .choices = ways},
    VS_OPTION_END,
};

static int run(const struct vs_command *command, void *opaque, const struct vs_strings *operands,
               struct vs_error *error)
{
    const struct values *values = opaque;

    (void)command;
    for (uint64_t i = 0; i < values->lines; i++)
        printf("%s\n", operands->count > 0 ? operands->items[0] : "a line");
    switch (values->how) {
    case 1:
        return vs_error_set(error, VS_ERR_ANSWER, "the answer is no");
    case 2:
        return vs_error_set_at(error, VS_ERR_INPUT, "a.vpt", 40, VS_NOWHERE, "damaged");
    case 3:
        return vs_error_set(error, VS_ERR_HOST, "disk full");
    case 4:
        return VS_ERR_HOST;
    default:
        return 0;
    }
}

static const char *const examples[] = {
    "vpci-try print host.vpt",
    "vpci-try print --output a-file-with-a-rather-long-name.txt --a-very-long-option-name 12 x.vpt",
    NULL,
};

static const struct vs_command print = {
    .name = "print",
    .summary = "Print a line as often as asked, with a summary that says enough to be wrapped "
               "in the list of commands.",
    .operands = "[WORD]",
    .operands_max = 1,
    .options = options,
    .values_size_bytes = sizeof(struct values),
    .description = "One paragraph that is long enough to need a second line, since it goes on and "
                   "on until it has passed the eightieth column of the page.\n\n"
                   "  verbatim   stays\n  as it      is\n\n"
                   "'Quoted at the start of a line, with a \\ in it.",
    .examples = examples,
    .run = run,
};

static const struct vs_command check = {
    .name = "check",
    .summary = "Check.",
    .options = options,
    .values_size_bytes = sizeof(struct values),
    .run = run,
};

static const struct vs_command *const commands[] = {&print, &check, NULL};
static const char *const description[] = {"First paragraph.", "Second paragraph.", NULL};

static const struct vs_program_info program = {
    .name = "vpci-try",
    .summary = "try the command tables in a program that exists for nothing else than to be tried",
    .description = description,
    .commands = commands,
};

static const struct vs_command only = {
    .summary = "Report.",
    .operands = "DB",
    .operands_min = 1,
    .operands_max = 1,
    .options = options,
    .values_size_bytes = sizeof(struct values),
    .examples = examples,
    .run = run,
};

static const struct vs_command *const only_command[] = {&only, NULL};

static const struct vs_program_info single = {
    .name = "vpci-one", .summary = "report", .commands = only_command};

struct outcome {
    int status;
    char out[OUTPUT_MAX], err[OUTPUT_MAX];
};

static void slurp(FILE *stream, char *text)
{
    rewind(stream);
    text[fread(text, 1, OUTPUT_MAX - 1, stream)] = '\0';
    fclose(stream);
}

/* stdout goes to out_fd, or where that is -1 into outcome->out. */
static void run_program(const struct vs_program_info *info, const char *const *arguments,
                        int out_fd, struct outcome *outcome)
{
    char *argv[ARGUMENTS_MAX + 2] = {(char *)"vpci-try"};
    FILE *out = tmpfile();
    FILE *err = tmpfile();
    int argc = 1;
    int status = 0;

    assert_non_null(out);
    assert_non_null(err);
    for (; arguments[argc - 1]; argc++)
        argv[argc] = (char *)arguments[argc - 1];
    fflush(NULL);
    pid_t child = fork();

    if (child == 0) {
        dup2(out_fd >= 0 ? out_fd : fileno(out), STDOUT_FILENO);
        dup2(fileno(err), STDERR_FILENO);
        int ret = vs_program_main(info, argc, argv);

        fflush(NULL);
        _exit(ret);
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    outcome->status = WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
    slurp(out, outcome->out);
    slurp(err, outcome->err);
}

static void results_become_exit_statuses(void **state)
{
    static const struct {
        const char *line[ARGUMENTS_MAX];
        int status;
        const char *out, *err;
    } cases[] = {
        {{"print", "word"}, 0, "word\n", ""},
        {{"print", "--how=no"}, 1, "a line\n", "vpci-try: the answer is no\n"},
        {{"print", "--how=input"}, 3, "a line\n", "vpci-try: a.vpt: byte 40: damaged\n"},
        {{"print", "--how=host"}, 4, "a line\n", "vpci-try: disk full\n"},
        {{"print", "--how=silent"},
         4,
         "a line\n",
         "vpci-try: failed without saying why (result -4)\n"},
        {{"print", "--outptu=x"},
         2,
         "",
         "vpci-try: unknown option --outptu; did you mean --output?\n"
         "Try 'vpci-try print --help'.\n"},
        {{"pirnt"},
         2,
         "",
         "vpci-try: unknown command 'pirnt'; did you mean 'print'?\n"
         "Try 'vpci-try --help'.\n"},
        {{"--quiet"}, 2, "", "vpci-try: unknown option '--quiet'\nTry 'vpci-try --help'.\n"},
        {{"help", "elephant"},
         2,
         "",
         "vpci-try: unknown command 'elephant'\nTry 'vpci-try --help'.\n"},
        {{"help", "print", "check"},
         2,
         "",
         "vpci-try: unexpected operand 'check'; help takes one command\n"
         "Try 'vpci-try --help'.\n"},
        {{"check", "x"},
         2,
         "",
         "vpci-try: unexpected operand 'x'; none is taken here\n"
         "Try 'vpci-try check --help'.\n"},
        {{"--version"}, 0, "vpci-try " VS_VERSION "\n", ""},
    };
    struct outcome outcome;

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        run_program(&program, cases[i].line, -1, &outcome);
        assert_string_equal(outcome.err, cases[i].err);
        assert_string_equal(outcome.out, cases[i].out);
        assert_int_equal(outcome.status, cases[i].status);
    }
}

static void help_is_a_result_and_no_arguments_an_error(void **state)
{
    static const char *const asked[][ARGUMENTS_MAX] = {{"--help"}, {"help"}, {"-h"}};
    static const char *const command[][ARGUMENTS_MAX] = {{"help", "print"},
                                                         {"print", "--help"},
                                                         {"print", "-h"},
                                                         {"print", "x", "y", "z", "--help"}};
    static const char *const nothing[] = {NULL};
    struct outcome first, outcome;

    (void)state;
    run_program(&program, nothing, -1, &first);
    assert_int_equal(first.status, 2);
    assert_string_equal(first.out, "");
    assert_non_null(strstr(first.err, "Usage: vpci-try COMMAND"));
    for (size_t i = 0; i < COUNT(asked); i++) {
        run_program(&program, asked[i], -1, &outcome);
        assert_int_equal(outcome.status, 0);
        assert_string_equal(outcome.err, "");
        assert_string_equal(outcome.out, first.err);
    }
    for (size_t i = 0; i < COUNT(command); i++) {
        run_program(&program, command[i], -1, &outcome);
        assert_int_equal(outcome.status, 0);
        assert_string_equal(outcome.err, "");
        assert_memory_equal(outcome.out, "Usage: vpci-try print [OPTION]... [WORD]\n", 41);
    }
}

static void a_help_after_two_dashes_is_an_operand(void **state)
{
    static const char *const line[] = {"print", "--", "--help", NULL};
    struct outcome outcome;

    (void)state;
    run_program(&program, line, -1, &outcome);
    assert_int_equal(outcome.status, 0);
    assert_string_equal(outcome.out, "--help\n");
}

static void help_fits_eighty_columns_with_examples_last(void **state)
{
    static const char *const asked[][ARGUMENTS_MAX] = {{"--help"}, {"help", "print"}};
    struct outcome outcome;

    (void)state;
    for (size_t i = 0; i < COUNT(asked); i++) {
        run_program(&program, asked[i], -1, &outcome);
        assert_null(strstr(strstr(outcome.out, "\nExamples:\n") + 1, "\n\n"));
        for (char *line = strtok(outcome.out, "\n"); line; line = strtok(NULL, "\n")) {
            if (strlen(line) > 80)
                fail_msg("%zu columns: %s", strlen(line), line);
        }
    }
}

static void help_says_all_that_the_table_knows(void **state)
{
    static const char *const line[] = {"help", "print", NULL};
    static const char *const expected[] = {
        "\n  -o, --output FILE       Write to FILE instead of standard output; a long\n"
        "                          sentence that must be wrapped more than once before it\n",
        "\n      --a-very-long-option-name LINES\n"
        "                          Lines to print. (default: 1)\n",
        "(one of well, no, input, host, silent)\n",
        "\n  verbatim   stays\n  as it      is\n",
        "\n      --help              Print this help and exit.\n",
        "\n  vpci-try print --output a-file-with-a-rather-long-name.txt \\\n"
        "      --a-very-long-option-name 12 x.vpt\n",
    };
    struct outcome outcome;

    (void)state;
    run_program(&program, line, -1, &outcome);
    for (size_t i = 0; i < COUNT(expected); i++) {
        if (!strstr(outcome.out, expected[i]))
            fail_msg("no '%s' in:\n%s", expected[i], outcome.out);
    }
}

static void a_program_without_subcommands_needs_none(void **state)
{
    static const char *const line[] = {"results.db", NULL};
    static const char *const named_help[] = {"help", NULL};
    static const char *const wrong[] = {"results.db", "--outptu=x", NULL};
    static const char *const help[] = {"results.db", "--help", NULL};
    struct outcome outcome;

    (void)state;
    run_program(&single, line, -1, &outcome);
    assert_int_equal(outcome.status, 0);
    assert_string_equal(outcome.out, "results.db\n");
    run_program(&single, named_help, -1, &outcome);
    assert_string_equal(outcome.out, "help\n");
    run_program(&single, wrong, -1, &outcome);
    assert_int_equal(outcome.status, 2);
    assert_non_null(strstr(outcome.err, "Try 'vpci-one --help'."));
    run_program(&single, help, -1, &outcome);
    assert_int_equal(outcome.status, 0);
    assert_memory_equal(outcome.out, "Usage: vpci-one [OPTION]... DB\n", 31);
}

static void the_manual_page_has_its_sections_and_escapes(void **state)
{
    static const char *const line[] = {"--man", NULL};
    static const char *const expected[] = {
        ".TH VPCI-TRY 1 \"\" \"vpcisim 0.1.0\"",
        "\n.SH NAME\nvpci\\-try \\- try the",
        "\n.SH SYNOPSIS\n.B vpci\\-try print\n[\\fIOPTION\\fR]... [WORD]\n.br\n",
        "\n.SH DESCRIPTION\n",
        "\n.SH COMMANDS\n.SS print [WORD]\n",
        "\n.TP\n.B \\-o, \\-\\-output FILE\n",
        "\n\\&'Quoted at the start of a line, with a \\e in it.\n",
        "\n.SH EXIT STATUS\n.TP\n.B 0\n",
        "\n.SH EXAMPLES\n.PP\n.nf\n.RS\nvpci\\-try print host.vpt\n",
    };
    struct outcome outcome;

    (void)state;
    run_program(&program, line, -1, &outcome);
    assert_int_equal(outcome.status, 0);
    for (size_t i = 0; i < COUNT(expected); i++) {
        if (!strstr(outcome.out, expected[i]))
            fail_msg("no '%s' in:\n%s", expected[i], outcome.out);
    }
}

static void output_that_does_not_arrive_is_a_host_error(void **state)
{
    static const char *const lines[][ARGUMENTS_MAX] = {
        {"print"}, {"print", "--a-very-long-option-name=100000"}, {"--help"}, {"--version"}};
    struct outcome outcome;

    (void)state;
    for (size_t i = 0; i < COUNT(lines); i++) {
        int full = open("/dev/full", O_WRONLY);

        run_program(&program, lines[i], full, &outcome);
        close(full);
        assert_int_equal(outcome.status, 4);
        assert_string_equal(outcome.err,
                            "vpci-try: cannot write to standard output: No space left on device\n");
    }
}

static void a_closed_pipe_is_silent_and_no_success(void **state)
{
    static const char *const line[] = {"print", "--a-very-long-option-name=100000", NULL};
    struct outcome outcome;
    int ends[2];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    close(ends[0]);
    run_program(&program, line, ends[1], &outcome);
    close(ends[1]);
    assert_int_equal(outcome.status, 4);
    assert_string_equal(outcome.err, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(results_become_exit_statuses),
        cmocka_unit_test(help_is_a_result_and_no_arguments_an_error),
        cmocka_unit_test(a_help_after_two_dashes_is_an_operand),
        cmocka_unit_test(help_fits_eighty_columns_with_examples_last),
        cmocka_unit_test(help_says_all_that_the_table_knows),
        cmocka_unit_test(a_program_without_subcommands_needs_none),
        cmocka_unit_test(the_manual_page_has_its_sections_and_escapes),
        cmocka_unit_test(output_that_does_not_arrive_is_a_host_error),
        cmocka_unit_test(a_closed_pipe_is_silent_and_no_success),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
