/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Command lines: what parses, what is refused with which words, what is stored. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/options.h"
#include "base/units.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct values {
    bool json;
    bool force;
    const char *db;
    struct vs_strings policies;
    uint64_t seed;
    uint64_t clones;
    double speed;
    vs_ns window_ns;
    uint64_t memory_bytes;
    int timing;
};

static const char *const timings[] = {"closed", "open", NULL};

static const struct vs_option options[] = {
    {"json", 'j', VS_OPTION_FLAG, offsetof(struct values, json), .help = "Print JSON."},
    {"force", 'f', VS_OPTION_FLAG, offsetof(struct values, force), .help = "Run again."},
    {"db", 'd', VS_OPTION_STRING, offsetof(struct values, db), "FILE", "Where results go."},
    {"policy", 'p', VS_OPTION_LIST, offsetof(struct values, policies), "NAME", "A policy."},
    {"seed", 0, VS_OPTION_U64, offsetof(struct values, seed), "N", "Seed.", .fallback = "1"},
    {"clone", 0, VS_OPTION_U64, offsetof(struct values, clones), "N", "Copies.", .fallback = "1",
     .min = 1, .max = 64},
    {"speed", 0, VS_OPTION_DOUBLE, offsetof(struct values, speed), "X", "Load.", .fallback = "1.5",
     .min = 0.01, .max = 1000},
    {"window", 0, VS_OPTION_DURATION, offsetof(struct values, window_ns), "TIME", "Window.",
     .fallback = "1ms"},
    {"memory", 0, VS_OPTION_SIZE, offsetof(struct values, memory_bytes), "SIZE", "Memory.",
     .fallback = "1MiB"},
    {"timing", 't', VS_OPTION_CHOICE, offsetof(struct values, timing), "MODE", "Arrivals.",
     .fallback = "closed", .choices = timings},
    VS_OPTION_END,
};

static const struct vs_command replay = {
    .name = "replay",
    .summary = "Replay traces.",
    .operands = "TRACE...",
    .operands_min = 1,
    .operands_max = 3,
    .options = options,
    .values_size_bytes = sizeof(struct values),
};

#define ARGUMENTS_MAX 12

static int parse(const char *const *arguments, struct values *values, struct vs_strings *operands,
                 struct vs_error *error)
{
    char *argv[ARGUMENTS_MAX + 1] = {0};
    int argc = 0;

    for (; arguments[argc]; argc++)
        argv[argc] = (char *)arguments[argc];
    return vs_options_parse(&replay, argc, argv, values, operands, error);
}

static void fallbacks_hold_where_nothing_is_said(void **state)
{
    static const char *const line[] = {"a.vpt", NULL};
    struct values values;
    struct vs_strings operands;

    (void)state;
    memset(&values, 0x5a, sizeof(values));
    assert_int_equal(parse(line, &values, &operands, NULL), 0);
    assert_false(values.json);
    assert_null(values.db);
    assert_int_equal(values.policies.count, 0);
    assert_int_equal(values.seed, 1);
    assert_true(values.speed == 1.5);
    assert_int_equal(values.window_ns, 1000000);
    assert_int_equal(values.memory_bytes, 1 << 20);
    assert_int_equal(values.timing, 0);
    assert_int_equal(operands.count, 1);
    assert_string_equal(operands.items[0], "a.vpt");
    vs_options_release(&replay, &values, &operands);
}

static void every_spelling_is_the_same(void **state)
{
    static const char *const lines[][ARGUMENTS_MAX] = {
        {"--db", "r.db", "--json", "--force", "--policy", "none", "a.vpt", "--policy", "rcu"},
        {"a.vpt", "--db=r.db", "-j", "-f", "--policy=none", "-p", "rcu"},
        {"-jfdr.db", "-pnone", "-prcu", "--", "a.vpt"},
        {"-fjd", "r.db", "a.vpt", "-pnone", "-p", "rcu"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(lines); i++) {
        struct values values;
        struct vs_strings operands;
        struct vs_error error = VS_ERROR_INIT;

        if (parse(lines[i], &values, &operands, &error) != 0)
            fail_msg("line %zu: %s", i, error.text);
        assert_true(values.json);
        assert_true(values.force);
        assert_string_equal(values.db, "r.db");
        assert_int_equal(values.policies.count, 2);
        assert_string_equal(values.policies.items[0], "none");
        assert_string_equal(values.policies.items[1], "rcu");
        assert_int_equal(operands.count, 1);
        assert_string_equal(operands.items[0], "a.vpt");
        vs_options_release(&replay, &values, &operands);
    }
}

static void dashes_can_be_operands_and_values(void **state)
{
    static const char *const line[] = {"-", "--db=--json", "--", "--seed", "-x", NULL};
    static const char *const dash[] = {"--db", "-", "a.vpt", NULL};
    struct values values;
    struct vs_strings operands;

    (void)state;
    assert_int_equal(parse(line, &values, &operands, NULL), 0);
    assert_string_equal(values.db, "--json");
    assert_int_equal(operands.count, 3);
    assert_string_equal(operands.items[0], "-");
    assert_string_equal(operands.items[1], "--seed");
    assert_string_equal(operands.items[2], "-x");
    vs_options_release(&replay, &values, &operands);
    assert_int_equal(parse(dash, &values, &operands, NULL), 0);
    assert_string_equal(values.db, "-");
    vs_options_release(&replay, &values, &operands);
}

static void wrong_lines_are_refused_in_plain_words(void **state)
{
    static const struct {
        const char *line[ARGUMENTS_MAX];
        const char *expected;
    } cases[] = {
        {{"a", "--polcy", "x"}, "unknown option --polcy; did you mean --policy?"},
        {{"a", "--quantum=3"}, "unknown option --quantum"},
        {{"a", "--hepl"}, "unknown option --hepl; did you mean --help?"},
        {{"a", "--pol", "x"}, "unknown option --pol"},
        {{"a", "-x"}, "unknown option -x"},
        {{"a", "-jx"}, "unknown option -x"},
        {{"a", "--json=yes"}, "option --json takes no value"},
        {{"a", "--json", "-j"}, "option --json is given twice"},
        {{"a", "--seed", "1", "--seed", "1"}, "option --seed is given twice"},
        {{"a", "--db"}, "option --db lacks its FILE"},
        {{"a", "-d"}, "option --db lacks its FILE"},
        {{"a", "--db="}, "option --db: its FILE is empty"},
        {{"a", "--db", ""}, "option --db: its FILE is empty"},
        {{"a", "--policy="}, "option --policy: its NAME is empty"},
        {{"a", "--db", "--json"},
         "option --db lacks its FILE (found '--json'; write --db=--json if that is meant)"},
        {{"a", "--seed=1x"}, "option --seed: expected a whole number, found '1x'"},
        {{"a", "--seed=-1"}, "option --seed: expected a whole number, found '-1'"},
        {{"a", "--seed=18446744073709551616"},
         "option --seed: expected a whole number, found '18446744073709551616'"},
        {{"a", "--clone=0"}, "option --clone: expected a whole number from 1 to 64, found '0'"},
        {{"a", "--clone=65"}, "option --clone: expected a whole number from 1 to 64, found '65'"},
        {{"a", "--speed=0"}, "option --speed: expected a number from 0.01 to 1000, found '0'"},
        {{"a", "--window=10"},
         "option --window: expected a duration of whole nanoseconds with its unit "
         "(ns, us, ms, s, m, h), such as 1.5us, found '10'"},
        {{"a", "--memory=10M"},
         "option --memory: expected a size of whole bytes with its unit "
         "(B, KiB, MiB, GiB, TiB), such as 16MiB, found '10M'"},
        {{"a", "--timing=opne"},
         "option --timing: expected one of closed, open, found 'opne'; "
         "did you mean 'open'?"},
        {{NULL}, "missing operand; expected TRACE..., found 0"},
        {{"a", "b", "c", "d"}, "unexpected operand 'd'; expected TRACE..."},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct values values;
        struct vs_strings operands;
        struct vs_error error = VS_ERROR_INIT;

        if (parse(cases[i].line, &values, &operands, &error) != VS_ERR_USAGE)
            fail_msg("case %zu was not refused", i);
        assert_string_equal(error.text, cases[i].expected);
        assert_int_equal(error.code, VS_ERR_USAGE);
    }
}

static void values_in_force_become_json(void **state)
{
    static const char *const line[] = {"a.vpt",       "-j",          "-pnone",         "-p",
                                       "./mine.json", "--seed=0x10", "--window=1.5us", "-topen",
                                       NULL};
    struct values values;
    struct vs_strings operands;
    char *text = NULL;

    (void)state;
    assert_int_equal(parse(line, &values, &operands, NULL), 0);
    struct vs_json_out *out = vs_options_json(&replay, &values);

    assert_int_equal(vs_json_text(out, &text, NULL), 0);
    assert_string_equal(text, "{\"json\":true,\"force\":false,\"db\":null,"
                              "\"policy\":[\"none\",\"./mine.json\"],\"seed\":16,\"clone\":1,"
                              "\"speed\":1.5,\"window\":\"1500ns\",\"memory\":\"1048576B\","
                              "\"timing\":\"open\"}");
    free(text);
    vs_json_out_free(out);
    vs_options_release(&replay, &values, &operands);
}

static void an_option_given_replaces_a_fallback_list(void **state)
{
    static const struct vs_option listed[] = {
        {"plot", 0, VS_OPTION_LIST, 0, "NAME", "Plots.", .fallback = "cdf"}, VS_OPTION_END};
    static const struct vs_command command = {
        .name = "plot", .options = listed, .values_size_bytes = sizeof(struct vs_strings)};
    char *argv[] = {(char *)"--plot=a", (char *)"--plot=b"};
    struct vs_strings plots, operands;

    (void)state;
    assert_int_equal(vs_options_parse(&command, 0, argv, &plots, &operands, NULL), 0);
    assert_int_equal(plots.count, 1);
    assert_string_equal(plots.items[0], "cdf");
    vs_options_release(&command, &plots, &operands);
    assert_int_equal(vs_options_parse(&command, 2, argv, &plots, &operands, NULL), 0);
    assert_int_equal(plots.count, 2);
    assert_string_equal(plots.items[0], "a");
    vs_options_release(&command, &plots, &operands);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fallbacks_hold_where_nothing_is_said),
        cmocka_unit_test(every_spelling_is_the_same),
        cmocka_unit_test(dashes_can_be_operands_and_values),
        cmocka_unit_test(wrong_lines_are_refused_in_plain_words),
        cmocka_unit_test(values_in_force_become_json),
        cmocka_unit_test(an_option_given_replaces_a_fallback_list),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
