/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Damaged policies are refused with a reason or compiled, never more: seeded
 * mutations of all that ship, under the sanitizers where the build has them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policies/policy.h"

#define MUTATIONS 6000
#define TEXT_MAX  (64 << 10)

static uint64_t seed = 0x9e3779b97f4a7c15u;

static size_t draw(size_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (size_t)(seed >> 20) % below;
}

/* Replace [at, at + length) by text. */
static size_t splice(char *buffer, size_t used, size_t at, size_t length, const char *text,
                     size_t text_length)
{
    if (at + length > used || used - length + text_length >= TEXT_MAX)
        return used;
    memmove(buffer + at + text_length, buffer + at + length, used - at - length);
    memcpy(buffer + at, text, text_length);
    return used - length + text_length;
}

/* Words that stand in policies: another in its place keeps the JSON whole and
 * reaches further than a flipped bit. */
static const char *const words[] = {
    "lock",
    "unlock",
    "read-lock",
    "write-unlock",
    "pcidevs_lock",
    "pci_lock",
    "vpci",
    "pdev",
    "of other",
    "of owner",
    "leave",
    "body",
    "do",
    "repeat",
    "for-each",
    "if-vpci",
    "self",
    "other",
    "4096",
    "0",
    "\"\"",
    "[]",
    "{}",
    "null",
    "vectors",
    "deref",
    "take pending",
    "defer map",
    "softirq",
    "reschedule",
    "self-deadlock",
    "based-on",
    "do access",
    "lookup pdev in all-devices",
};

static size_t replace_word(char *buffer, size_t used)
{
    size_t at = draw(used), end;
    const char *word = words[draw(sizeof(words) / sizeof(words[0]))];

    while (at > 0 && buffer[at - 1] != ' ' && buffer[at - 1] != '"')
        at--;
    for (end = at; end < used && buffer[end] != ' ' && buffer[end] != '"'; end++)
        ;
    return splice(buffer, used, at, end - at, word, strlen(word));
}

static size_t mutate(char *buffer, size_t used)
{
    char piece[64];
    size_t at = draw(used), length = draw(sizeof(piece));

    switch (draw(7)) {
    case 0:
        buffer[at] = (char)(buffer[at] ^ (1 << draw(8)));
        return used;
    case 1:
        return splice(buffer, used, at, length, "", 0);
    case 2:
        if (at + length > used)
            return used;
        memcpy(piece, buffer + at, length);
        return splice(buffer, used, draw(used), 0, piece, length);
    case 3:
        buffer[at] = (char)draw(256);
        return used;
    default:
        return replace_word(buffer, used);
    }
}

/* Everything that a caller may do with a compiled policy. */
static void use(const struct vs_policy *policy)
{
    struct vs_error error = VS_ERROR_INIT;
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);

    assert_non_null(stream);
    assert_int_equal(vs_policy_print(policy, stream, &error), 0);
    for (int op = 0; op < VS_OP_COUNT; op += 5)
        assert_int_equal(vs_program_print(policy, (enum vs_op)op, stream, &error), 0);
    fclose(stream);
    free(text);
}

static void mutated_policies_are_refused_or_compiled(void **state)
{
    static char buffer[TEXT_MAX];
    unsigned int compiled = 0, refused = 0;
    size_t count = 0;

    (void)state;
    while (vs_policy_names()[count])
        count++;
    for (unsigned int i = 0; i < MUTATIONS; i++) {
        const char *original = vs_policy_builtin_text(vs_policy_names()[i % count]);
        size_t used = strlen(original);
        struct vs_error error = VS_ERROR_INIT;
        struct vs_policy *policy = NULL;

        assert_true(used < sizeof(buffer));
        memcpy(buffer, original, used);
        for (size_t n = 1 + draw(3); n > 0 && used > 0; n--)
            used = mutate(buffer, used);
        int ret = vs_policy_compile(buffer, used, "mutated", &policy, &error);

        if (ret == 0) {
            assert_non_null(policy);
            if (compiled++ % 16 == 0)
                use(policy);
        } else {
            assert_int_equal(ret, VS_ERR_INPUT);
            assert_null(policy);
            assert_true(error.text[0] != '\0');
            refused++;
        }
        vs_policy_free(policy);
    }
    /* Both must happen, or the mutations are too weak or too strong. */
    assert_true(compiled > MUTATIONS / 100);
    assert_true(refused > MUTATIONS / 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mutated_policies_are_refused_or_compiled),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
