/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Parsing a command line by its table.  No abbreviations: a script that works
 * today must not become ambiguous with tomorrow's option.
 */
#include "options.h"

#include <float.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "units.h"

#define OPTIONS_MAX 64 /* per command; a table beyond this is a program beyond its help page */

struct parser {
    const struct vs_command *command;
    char *values;
    struct vs_strings *operands;
    struct vs_error *error;
    bool seen[OPTIONS_MAX]; /* on the command line, by index in the table */
    int argc, next;
    char **argv;
};

static int push(struct vs_strings *strings, const char *item, struct vs_error *error)
{
    const char **items = realloc(strings->items, (strings->count + 1) * sizeof(*items));

    if (!items)
        return vs_error_set(error, VS_ERR_MEMORY, "out of memory for the command line");
    items[strings->count++] = item;
    strings->items = items;
    return 0;
}

/* ------------------------------------------------------------------ values */

static int store_u64(const struct vs_option *option, const char *text, void *value,
                     struct vs_error *error)
{
    bool limited = option->min != 0 || option->max != 0;
    uint64_t min = limited ? (uint64_t)option->min : 0;
    /* 2^64 and above do not fit the type. */
    uint64_t max = limited && option->max < 0x1p64 ? (uint64_t)option->max : UINT64_MAX;

    if (vs_parse_u64(text, min, max, value) == 0)
        return 0;
    if (!limited)
        return vs_error_set(error, VS_ERR_USAGE, "option --%s: expected a whole number, found '%s'",
                            option->name, text);
    return vs_error_set(error, VS_ERR_USAGE,
                        "option --%s: expected a whole number from %" PRIu64 " to %" PRIu64
                        ", found '%s'",
                        option->name, min, max, text);
}

static int store_double(const struct vs_option *option, const char *text, void *value,
                        struct vs_error *error)
{
    bool limited = option->min != 0 || option->max != 0;
    double min = limited ? option->min : -DBL_MAX;
    double max = limited ? option->max : DBL_MAX;

    if (vs_parse_double(text, min, max, value) == 0)
        return 0;
    if (!limited)
        return vs_error_set(error, VS_ERR_USAGE, "option --%s: expected a number, found '%s'",
                            option->name, text);
    return vs_error_set(error, VS_ERR_USAGE,
                        "option --%s: expected a number from %g to %g, found '%s'", option->name,
                        min, max, text);
}

static int store_duration(const struct vs_option *option, const char *text, void *value,
                          struct vs_error *error)
{
    if (vs_parse_duration(text, value) == 0)
        return 0;
    return vs_error_set(error, VS_ERR_USAGE,
                        "option --%s: expected a duration of whole nanoseconds with its unit "
                        "(ns, us, ms, s, m, h), such as 1.5us, found '%s'",
                        option->name, text);
}

static int store_size(const struct vs_option *option, const char *text, void *value,
                      struct vs_error *error)
{
    if (vs_parse_size(text, value) == 0)
        return 0;
    return vs_error_set(error, VS_ERR_USAGE,
                        "option --%s: expected a size of whole bytes with its unit "
                        "(B, KiB, MiB, GiB, TiB), such as 16MiB, found '%s'",
                        option->name, text);
}

static int store_choice(const struct vs_option *option, const char *text, void *value,
                        struct vs_error *error)
{
    char list[256] = "";
    size_t used = 0;

    for (int i = 0; option->choices[i]; i++) {
        if (strcmp(option->choices[i], text) == 0) {
            *(int *)value = i;
            return 0;
        }
        int added = snprintf(list + used, sizeof(list) - used, "%s%s", i > 0 ? ", " : "",
                             option->choices[i]);

        used = added > 0 && (size_t)added < sizeof(list) - used ? used + (size_t)added : used;
    }
    const char *near = vs_nearest(text, option->choices);

    return vs_error_set(error, VS_ERR_USAGE, "option --%s: expected one of %s, found '%s'%s%s%s",
                        option->name, list, text, near ? "; did you mean '" : "", near ? near : "",
                        near ? "'?" : "");
}

static int store(const struct vs_option *option, const char *text, void *value,
                 struct vs_error *error)
{
    switch (option->type) {
    case VS_OPTION_FLAG:
        *(bool *)value = true;
        return 0;
    case VS_OPTION_STRING:
        *(const char **)value = text;
        return 0;
    case VS_OPTION_LIST:
        return push(value, text, error);
    case VS_OPTION_U64:
        return store_u64(option, text, value, error);
    case VS_OPTION_DOUBLE:
        return store_double(option, text, value, error);
    case VS_OPTION_DURATION:
        return store_duration(option, text, value, error);
    case VS_OPTION_SIZE:
        return store_size(option, text, value, error);
    case VS_OPTION_CHOICE:
        return store_choice(option, text, value, error);
    }
    return VS_ERR_USAGE;
}

/* ------------------------------------------------------------------ the line */

static int option_unknown(const struct parser *parser, const char *name, size_t length)
{
    const char *names[OPTIONS_MAX + 2];
    char word[80];
    size_t count = 0;

    for (const struct vs_option *option = parser->command->options; option->name; option++)
        names[count++] = option->name;
    names[count++] = "help";
    names[count] = NULL;
    snprintf(word, sizeof(word), "%.*s", (int)length, name);

    const char *near = vs_nearest(word, names);

    return vs_error_set(parser->error, VS_ERR_USAGE, "unknown option --%s%s%s%s", word,
                        near ? "; did you mean --" : "", near ? near : "", near ? "?" : "");
}

/* One option with its argument, which is inline ("--name=value", "-nvalue"; NULL
 * where none is) or the next word. */
static int take_option(struct parser *parser, const struct vs_option *option,
                       const char *inline_text)
{
    bool *seen = &parser->seen[option - parser->command->options];
    const char *text = inline_text;

    if (*seen && option->type != VS_OPTION_LIST)
        return vs_error_set(parser->error, VS_ERR_USAGE, "option --%s is given twice",
                            option->name);
    *seen = true;
    if (option->type != VS_OPTION_FLAG) {
        const char *argument = option->argument ? option->argument : "argument";

        if (!text && parser->next < parser->argc)
            text = parser->argv[parser->next++];
        if (!text)
            return vs_error_set(parser->error, VS_ERR_USAGE, "option --%s lacks its %s",
                                option->name, argument);
        if (*text == '\0')
            return vs_error_set(parser->error, VS_ERR_USAGE, "option --%s: its %s is empty",
                                option->name, argument);
        /* "--db --json" is a forgotten file name, not a file named "--json". */
        if (!inline_text && strncmp(text, "--", 2) == 0)
            return vs_error_set(parser->error, VS_ERR_USAGE,
                                "option --%s lacks its %s (found '%s'; write --%s=%s if that is "
                                "meant)",
                                option->name, argument, text, option->name, text);
    }
    return store(option, text, parser->values + option->offset, parser->error);
}

static int take_long(struct parser *parser, const char *word)
{
    size_t length = strcspn(word, "=");
    const char *text = word[length] == '=' ? word + length + 1 : NULL;

    for (const struct vs_option *option = parser->command->options; option->name; option++) {
        if (strlen(option->name) != length || strncmp(option->name, word, length) != 0)
            continue;
        if (option->type == VS_OPTION_FLAG && text)
            return vs_error_set(parser->error, VS_ERR_USAGE, "option --%s takes no value",
                                option->name);
        return take_option(parser, option, text);
    }
    return option_unknown(parser, word, length);
}

/* "-v", "-vf", "-d60", "-d 60". */
static int take_letters(struct parser *parser, const char *letters)
{
    while (*letters) {
        const struct vs_option *option = parser->command->options;

        while (option->name && option->letter != *letters)
            option++;
        if (!option->name)
            return vs_error_set(parser->error, VS_ERR_USAGE, "unknown option -%c", *letters);
        letters++;
        if (option->type != VS_OPTION_FLAG)
            return take_option(parser, option, *letters ? letters : NULL);
        int ret = take_option(parser, option, NULL);

        if (ret < 0)
            return ret;
    }
    return 0;
}

static int take_fallbacks(struct parser *parser)
{
    for (const struct vs_option *option = parser->command->options; option->name; option++) {
        void *value = parser->values + option->offset;
        int ret = 0;

        if (option->fallback && !parser->seen[option - parser->command->options])
            ret = store(option, option->fallback, value, parser->error);
        if (ret < 0)
            return ret;
    }
    return 0;
}

static int check_operands(const struct parser *parser)
{
    const struct vs_command *command = parser->command;
    size_t count = parser->operands->count;

    if (count > command->operands_max) {
        const char *surplus = parser->operands->items[command->operands_max];

        return vs_error_set(parser->error, VS_ERR_USAGE, "unexpected operand '%s'%s%s", surplus,
                            command->operands ? "; expected " : "; none is taken here",
                            command->operands ? command->operands : "");
    }
    if (count < command->operands_min)
        return vs_error_set(parser->error, VS_ERR_USAGE, "missing operand; expected %s, found %zu",
                            command->operands ? command->operands : "more", count);
    return 0;
}

int vs_options_parse(const struct vs_command *command, int argc, char **argv, void *values,
                     struct vs_strings *operands, struct vs_error *error)
{
    struct parser parser = {.command = command,
                            .values = values,
                            .operands = operands,
                            .error = error,
                            .argc = argc,
                            .argv = argv};
    bool ended = false;
    int ret = 0;

    memset(values, 0, command->values_size_bytes);
    *operands = (struct vs_strings){0};
    while (ret == 0 && parser.next < argc) {
        const char *word = argv[parser.next++];

        if (ended || word[0] != '-' || word[1] == '\0')
            ret = push(operands, word, error);
        else if (strcmp(word, "--") == 0)
            ended = true;
        else if (word[1] == '-')
            ret = take_long(&parser, word + 2);
        else
            ret = take_letters(&parser, word + 1);
    }
    if (ret == 0)
        ret = take_fallbacks(&parser);
    if (ret == 0)
        ret = check_operands(&parser);
    if (ret < 0)
        vs_options_release(command, values, operands);
    return ret;
}

void vs_options_release(const struct vs_command *command, void *values, struct vs_strings *operands)
{
    for (const struct vs_option *option = command->options; option->name; option++) {
        if (option->type != VS_OPTION_LIST)
            continue;
        struct vs_strings *list = (struct vs_strings *)((char *)values + option->offset);

        free(list->items);
        *list = (struct vs_strings){0};
    }
    free(operands->items);
    *operands = (struct vs_strings){0};
}

/* ------------------------------------------------------------------ as JSON */

static void add_with_unit(struct vs_json_out *out, const char *name, uint64_t number,
                          const char *unit)
{
    char text[32];

    snprintf(text, sizeof(text), "%" PRIu64 "%s", number, unit);
    vs_json_add_string(out, name, text);
}

static void add_list(struct vs_json_out *out, const char *name, const struct vs_strings *list)
{
    struct vs_json_out *array = vs_json_new_array();

    for (size_t i = 0; i < list->count; i++)
        vs_json_add_string(array, NULL, list->items[i]);
    vs_json_add(out, name, array);
}

struct vs_json_out *vs_options_json(const struct vs_command *command, const void *values)
{
    struct vs_json_out *out = vs_json_new_object();

    for (const struct vs_option *option = command->options; option->name; option++) {
        const void *value = (const char *)values + option->offset;

        switch (option->type) {
        case VS_OPTION_FLAG:
            vs_json_add_boolean(out, option->name, *(const bool *)value);
            break;
        case VS_OPTION_STRING:
            vs_json_add_string(out, option->name, *(const char *const *)value);
            break;
        case VS_OPTION_LIST:
            add_list(out, option->name, value);
            break;
        case VS_OPTION_U64:
            vs_json_add_u64(out, option->name, *(const uint64_t *)value);
            break;
        case VS_OPTION_DOUBLE:
            vs_json_add_double(out, option->name, *(const double *)value);
            break;
        case VS_OPTION_DURATION:
            add_with_unit(out, option->name, *(const vs_ns *)value, "ns");
            break;
        case VS_OPTION_SIZE:
            add_with_unit(out, option->name, *(const uint64_t *)value, "B");
            break;
        case VS_OPTION_CHOICE:
            vs_json_add_string(out, option->name, option->choices[*(const int *)value]);
            break;
        }
    }
    return out;
}
