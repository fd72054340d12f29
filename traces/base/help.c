/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --help, laid out from the tables in 80 columns: usage, what it is for,
 * options, and the examples last, where the eye lands above the next prompt.
 */
#include "cli.h"

#include <stdlib.h>
#include <string.h>

#define TEXT_COLUMN    26 /* where the sentences of options start */
#define EXAMPLE_MARGIN 2
#define EXAMPLE_INDENT 4

/* One character per byte would break lines early at a multi-byte one. */
static size_t columns(const char *text, size_t length)
{
    size_t count = 0;

    for (size_t i = 0; i < length; i++) {
        if (((unsigned char)text[i] & 0xc0) != 0x80)
            count++;
    }
    return count;
}

static void blanks(FILE *stream, size_t count)
{
    fprintf(stream, "%*s", (int)count, "");
}

/* text of length bytes, in lines from margin to the last column; the cursor is
 * at column (at most margin) now.  join stands at the end of a broken line; with
 * one, the lines after the first are indented further. */
static void wrap(FILE *stream, const char *text, size_t length, size_t column, size_t margin,
                 const char *join)
{
    size_t last = VS_HELP_COLUMNS - strlen(join);
    const char *end = text + length;
    bool first = true;

    while (true) {
        while (text < end && (*text == ' ' || *text == '\n'))
            text++;
        if (text == end)
            break;
        const char *word = text;

        while (text < end && *text != ' ' && *text != '\n')
            text++;
        size_t width = columns(word, (size_t)(text - word));

        if (first) {
            blanks(stream, margin - column);
            column = margin;
        } else if (column + 1 + width > last) {
            column = margin + (*join ? EXAMPLE_INDENT : 0);
            fprintf(stream, "%s\n", join);
            blanks(stream, column);
        } else {
            putc(' ', stream);
            column++;
        }
        first = false;
        fwrite(word, 1, (size_t)(text - word), stream);
        column += width;
    }
    putc('\n', stream);
}

static void wrap_text(FILE *stream, const char *text)
{
    wrap(stream, text, strlen(text), 0, 0, "");
}

/* Paragraphs are parted by empty lines; a line that starts with a blank stands
 * as it is. */
static void paragraphs(FILE *stream, const char *text)
{
    while (*text) {
        const char *end = strstr(text, "\n\n");
        size_t length = end ? (size_t)(end - text) : strlen(text);

        putc('\n', stream);
        if (*text == ' ')
            fprintf(stream, "%.*s\n", (int)length, text);
        else
            wrap(stream, text, length, 0, 0, "");
        text += length;
        text += strspn(text, "\n");
    }
}

char *vs_option_head(const struct vs_option *option, char *buffer)
{
    char letter[] = {'-', option->letter, ',', ' ', '\0'};

    snprintf(buffer, VS_OPTION_HEAD_MAX, "%s--%s%s%s", option->letter ? letter : "    ",
             option->name, option->argument ? " " : "", option->argument ? option->argument : "");
    return buffer;
}

char *vs_option_sentence(const struct vs_option *option)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);

    if (!stream)
        return NULL;
    fputs(option->help, stream);
    if (option->type == VS_OPTION_LIST && !strcasestr(option->help, "repeat"))
        fputs(" (may be repeated)", stream);
    if (option->type == VS_OPTION_CHOICE && !(option->argument && strchr(option->argument, '|'))) {
        for (size_t i = 0; option->choices[i]; i++)
            fprintf(stream, "%s%s", i == 0 ? " (one of " : ", ", option->choices[i]);
        fputs(")", stream);
    }
    if (option->fallback && !strcasestr(option->help, "default"))
        fprintf(stream, " (default: %s)", option->fallback);
    if (fclose(stream) != 0) {
        free(text);
        text = NULL;
    }
    return text;
}

static void help_entry(FILE *stream, const char *head, const char *sentence)
{
    size_t used = 2 + columns(head, strlen(head));

    fprintf(stream, "  %s", head);
    if (used + 2 > TEXT_COLUMN) {
        putc('\n', stream);
        used = 0;
    }
    wrap(stream, sentence, strlen(sentence), used, TEXT_COLUMN, "");
}

static void help_options(FILE *stream, const struct vs_command *command)
{
    static const struct vs_option help = {.name = "help", .help = "Print this help and exit."};
    char head[VS_OPTION_HEAD_MAX];

    fputs("\nOptions:\n", stream);
    for (const struct vs_option *option = command->options; option->name; option++) {
        char *sentence = vs_option_sentence(option);

        help_entry(stream, vs_option_head(option, head), sentence ? sentence : option->help);
        free(sentence);
    }
    help_entry(stream, vs_option_head(&help, head), help.help);
}

static void help_examples(FILE *stream, const char *const *examples)
{
    if (!examples || !*examples)
        return;
    fputs("\nExamples:\n", stream);
    for (; *examples; examples++)
        wrap(stream, *examples, strlen(*examples), 0, EXAMPLE_MARGIN, " \\");
}

bool vs_program_is_single(const struct vs_program_info *program)
{
    return program->commands[0] && !program->commands[0]->name && !program->commands[1];
}

void vs_options_help(const struct vs_program_info *program, const struct vs_command *command,
                     FILE *stream)
{
    char usage[256];

    snprintf(usage, sizeof(usage), "Usage: %s%s%s [OPTION]...%s%s", program->name,
             command->name ? " " : "", command->name ? command->name : "",
             command->operands ? " " : "", command->operands ? command->operands : "");
    wrap_text(stream, usage);
    putc('\n', stream);
    wrap_text(stream, command->summary ? command->summary : program->summary);
    if (command->description)
        paragraphs(stream, command->description);
    if (!command->name) {
        for (const char *const *paragraph = program->description; paragraph && *paragraph;
             paragraph++)
            paragraphs(stream, *paragraph);
    }
    help_options(stream, command);
    help_examples(stream, command->examples);
}

void vs_program_help(const struct vs_program_info *program, FILE *stream)
{
    if (vs_program_is_single(program)) {
        vs_options_help(program, program->commands[0], stream);
        return;
    }
    fprintf(stream, "Usage: %s COMMAND [OPTION]... [OPERAND]...\n\n", program->name);
    wrap_text(stream, program->summary);
    for (const char *const *paragraph = program->description; paragraph && *paragraph; paragraph++)
        paragraphs(stream, *paragraph);
    fputs("\nCommands:\n", stream);
    for (const struct vs_command *const *command = program->commands; *command; command++)
        help_entry(stream, (*command)->name, (*command)->summary);
    fputs("\nOptions:\n", stream);
    help_entry(stream, "    --help", "Print this help, or with a command its help, and exit.");
    help_entry(stream, "    --version", "Print the release and exit.");
    help_entry(stream, "    --man", "Print the manual page (roff) and exit.");
    fputs("\nExit status: 0 done; 1 ran, and the answer is no; 2 usage; 3 bad input;\n"
          "4 host trouble.\n\nExamples:\n",
          stream);
    fprintf(stream, "  %s help %s\n", program->name, program->commands[0]->name);
}
