/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --man: the manual page, from the same tables as --help.  It carries no date,
 * so that two builds of one source make the same page.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

/* Text at the start of a line: what roff would take for markup is escaped. */
static void roff(FILE *stream, const char *text, size_t length)
{
    bool line_start = true;

    for (size_t i = 0; i < length; i++) {
        if (line_start && (text[i] == '.' || text[i] == '\''))
            fputs("\\&", stream);
        line_start = text[i] == '\n';
        if (text[i] == '\\')
            fputs("\\e", stream);
        else if (text[i] == '-')
            fputs("\\-", stream);
        else
            putc(text[i], stream);
    }
}

static void roff_text(FILE *stream, const char *text)
{
    roff(stream, text, strlen(text));
    putc('\n', stream);
}

/* Paragraphs as in help.c: parted by empty lines, verbatim after a blank. */
static void roff_paragraphs(FILE *stream, const char *text)
{
    while (*text) {
        const char *end = strstr(text, "\n\n");
        size_t length = end ? (size_t)(end - text) : strlen(text);
        bool verbatim = *text == ' ';

        fputs(verbatim ? ".PP\n.nf\n" : ".PP\n", stream);
        roff(stream, text, length);
        fputs(verbatim ? "\n.fi\n" : "\n", stream);
        text += length;
        text += strspn(text, "\n");
    }
}

static void upper(FILE *stream, const char *text)
{
    for (; *text; text++)
        putc(toupper((unsigned char)*text), stream);
}

static void man_head(const struct vs_program_info *program, FILE *stream)
{
    fputs(".\\\" Generated from the tables of options; do not edit.\n.TH ", stream);
    upper(stream, program->name);
    fprintf(stream, " 1 \"\" \"vpcisim %s\" \"User Commands\"\n.SH NAME\n", VS_VERSION);
    roff(stream, program->name, strlen(program->name));
    fputs(" \\- ", stream);
    roff_text(stream, program->summary);
}

static void man_usage(const struct vs_program_info *program, const struct vs_command *command,
                      FILE *stream)
{
    fputs(".B ", stream);
    roff(stream, program->name, strlen(program->name));
    if (command->name) {
        putc(' ', stream);
        roff(stream, command->name, strlen(command->name));
    }
    fputs("\n[\\fIOPTION\\fR]...", stream);
    if (command->operands) {
        putc(' ', stream);
        roff(stream, command->operands, strlen(command->operands));
    }
    putc('\n', stream);
}

static void man_options(const struct vs_command *command, FILE *stream)
{
    char buffer[VS_OPTION_HEAD_MAX];

    for (const struct vs_option *option = command->options; option->name; option++) {
        const char *head = vs_option_head(option, buffer);
        char *sentence = vs_option_sentence(option);

        fputs(".TP\n.B ", stream);
        roff_text(stream, head + strspn(head, " "));
        roff_text(stream, sentence ? sentence : option->help);
        free(sentence);
    }
    fputs(".TP\n.B \\-\\-help\nPrint help and exit.\n", stream);
}

static void man_commands(const struct vs_program_info *program, FILE *stream)
{
    fputs(vs_program_is_single(program) ? ".SH OPTIONS\n" : ".SH COMMANDS\n", stream);
    for (const struct vs_command *const *command = program->commands; *command; command++) {
        if ((*command)->name) {
            fputs(".SS ", stream);
            roff(stream, (*command)->name, strlen((*command)->name));
            if ((*command)->operands) {
                putc(' ', stream);
                roff(stream, (*command)->operands, strlen((*command)->operands));
            }
            putc('\n', stream);
            roff_text(stream, (*command)->summary);
            if ((*command)->description)
                roff_paragraphs(stream, (*command)->description);
        }
        man_options(*command, stream);
    }
}

static void man_exit_status(FILE *stream)
{
    static const char *const meanings[] = {
        "Done.",
        "Ran, and the answer is no.",
        "The command line is wrong.",
        "An input is wrong.",
        "Host trouble: disk, permission, memory, a missing program.",
    };

    fputs(".SH EXIT STATUS\n", stream);
    for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
        fprintf(stream, ".TP\n.B %zu\n%s\n", i, meanings[i]);
}

static void man_examples(const struct vs_program_info *program, FILE *stream)
{
    bool begun = false;

    for (const struct vs_command *const *command = program->commands; *command; command++) {
        for (const char *const *example = (*command)->examples; example && *example; example++) {
            fputs(begun ? "" : ".SH EXAMPLES\n", stream);
            begun = true;
            fputs(".PP\n.nf\n.RS\n", stream);
            roff_text(stream, *example);
            fputs(".RE\n.fi\n", stream);
        }
    }
}

void vs_program_man(const struct vs_program_info *program, FILE *stream)
{
    man_head(program, stream);
    fputs(".SH SYNOPSIS\n", stream);
    for (const struct vs_command *const *command = program->commands; *command; command++) {
        fputs(command == program->commands ? "" : ".br\n", stream);
        man_usage(program, *command, stream);
    }
    fputs(".SH DESCRIPTION\n", stream);
    roff_text(stream, program->summary);
    for (const char *const *paragraph = program->description; paragraph && *paragraph; paragraph++)
        roff_paragraphs(stream, *paragraph);
    const struct vs_command *only = vs_program_is_single(program) ? program->commands[0] : NULL;

    if (only && only->description)
        roff_paragraphs(stream, only->description);
    man_commands(program, stream);
    man_exit_status(stream);
    man_examples(program, stream);
}
