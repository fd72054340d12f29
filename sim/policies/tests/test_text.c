/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What show prints of a step is what the grammar reads: each simple step of
 * every policy, printed and parsed again, is the same step.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policies/internal.h"

static bool is_simple(const struct vs_step *step)
{
    return step->kind != VS_STEP_FOR_EACH && step->kind != VS_STEP_REPEAT &&
           step->kind != VS_STEP_IF && step->kind != VS_STEP_TRY &&
           step->kind != VS_STEP_MAY_FAIL && !step->branch;
}

static unsigned int check_step(struct vs_policy *policy, const struct vs_step *step)
{
    struct vs_error error = VS_ERROR_INIT;
    struct vs_compiler compiler = {.policy = policy, .arena = policy->arena, .error = &error};
    struct vs_json_doc *doc = NULL;
    char text[VS_STEP_TEXT], json[VS_STEP_TEXT + 2];
    struct vs_step again;

    snprintf(json, sizeof(json), "\"%s\"", vs_step_text(policy, step, text));
    assert_int_equal(vs_json_parse(json, strlen(json), "text", &doc, &error), 0);
    struct vs_json root = vs_json_root(doc);

    if (vs_step_parse(&compiler, &root, &again) != 0)
        fail_msg("\"%s\" is not read again: %s", text, error.text);
    vs_json_doc_free(doc);
    again.fragment = step->fragment;
    again.comment = step->comment;
    again.where = step->where;
    if (memcmp(&again, step, sizeof(again)) != 0)
        fail_msg("\"%s\" is read as another step", text);
    return 1;
}

static unsigned int check_block(struct vs_policy *policy, const struct vs_block *block)
{
    unsigned int count = 0;

    for (size_t i = 0; i < block->count; i++) {
        const struct vs_step *step = &block->steps[i];

        if (is_simple(step))
            count += check_step(policy, step);
        count += check_block(policy, &step->body);
        count += check_block(policy, &step->orelse);
    }
    return count;
}

static void what_is_printed_is_what_is_read(void **state)
{
    unsigned int count = 0;

    (void)state;
    for (const char *const *name = vs_policy_names(); *name; name++) {
        struct vs_error error = VS_ERROR_INIT;
        struct vs_policy *policy = NULL;

        assert_int_equal(vs_policy_load(*name, &policy, &error), 0);
        for (int op = 0; op < VS_OP_COUNT; op++) {
            count += check_block(policy, &policy->programs[op].entry);
            count += check_block(policy, &policy->programs[op].steps);
            count += check_block(policy, &policy->programs[op].miss);
        }
        vs_policy_free(policy);
    }
    assert_true(count > 5000);
}

static void every_kind_has_a_name(void **state)
{
    (void)state;
    for (int kind = 0; kind < VS_STEP_KIND_COUNT; kind++)
        assert_non_null(vs_step_kind_name((enum vs_step_kind)kind));
    assert_null(vs_step_kind_name(VS_STEP_KIND_COUNT));
    for (int work = 0; work < VS_WORK_COUNT; work++)
        assert_int_equal(vs_work_from_name(vs_work_table[work].name), work);
    for (int kind = 0; kind < VS_LOCK_KIND_COUNT; kind++)
        assert_int_equal(vs_lock_kind_from_name(vs_lock_kind_table[kind].name), kind);
    assert_int_equal(vs_work_from_name("no-such-work"), -1);
    assert_int_equal(vs_lock_kind_from_name("no-such-kind"), -1);
}

/* A word of the grammar that its description leaves out. */
static void need(const char *grammar, const char *before, const char *word)
{
    char text[96];

    snprintf(text, sizeof(text), "%s%s", before, word);
    if (!strstr(grammar, text))
        fail_msg("GRAMMAR.md does not say \"%s\"", text);
}

static void the_grammar_names_every_word(void **state)
{
    const char *root = getenv("VS_SOURCE_DIR");
    static char grammar[64 << 10];
    char path[4096];

    (void)state;
    assert_non_null(root);
    snprintf(path, sizeof(path), "%s/sim/policies/GRAMMAR.md", root);
    FILE *stream = fopen(path, "r");

    assert_non_null(stream);
    grammar[fread(grammar, 1, sizeof(grammar) - 1, stream)] = '\0';
    fclose(stream);
    for (size_t i = 0; vs_step_verb(i); i++)
        need(grammar, "`", vs_step_verb(i));
    for (int i = 0; i < VS_WORK_COUNT; i++)
        need(grammar, "", vs_work_table[i].name);
    for (int i = 0; i < VS_LOCK_KIND_COUNT; i++)
        need(grammar, "`", vs_lock_kind_table[i].name);
    for (int i = 0; i < VS_Q_COUNT; i++)
        need(grammar, "", vs_quantity_name((enum vs_quantity)i));
    for (int i = 0; i < VS_FACT_COUNT; i++)
        need(grammar, "", vs_fact_name((enum vs_fact)i));
    for (int i = 0; i < VS_ALLOW_COUNT; i++)
        need(grammar, "`", vs_allowance_names[i]);
    for (int i = 0; i < VS_LIST_COUNT; i++)
        need(grammar, "`", vs_list_names[i]);
    for (int i = 0; i < VS_WHOSE_COUNT; i++)
        need(grammar, "`", vs_whose_names[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_printed_is_what_is_read),
        cmocka_unit_test(every_kind_has_a_name),
        cmocka_unit_test(the_grammar_names_every_word),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
