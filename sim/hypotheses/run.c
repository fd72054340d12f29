/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A hypothesis put to the test: each of its tests in turn, then the verdict. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "internal.h"
#include "texts.h"

int vs_test_say(char **text, struct vs_error *error, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    int length = vasprintf(text, format, arguments);

    va_end(arguments);
    if (length >= 0)
        return 0;
    *text = NULL;
    return vs_error_set(error, VS_ERR_MEMORY, "out of memory");
}

static const char *replaced(const struct vs_hypothesis_options *options, const char *name)
{
    for (size_t i = 0; i < options->replacement_count; i++)
        if (strcmp(options->replacements[i].name, name) == 0)
            return options->replacements[i].file;
    return NULL;
}

int vs_hypothesis_policy(const struct vs_hypothesis_options *options, const char *name,
                         struct vs_policy **policy, struct vs_error *error)
{
    const char *file = replaced(options, name);
    const char *variant = file ? NULL : vs_text_of(VS_TEXT_POLICY, name);

    if (variant)
        return vs_policy_compile(variant, strlen(variant), "built-in", policy, error);
    return vs_policy_load(file ? file : name, policy, error);
}

const char *vs_hypothesis_policy_argument(const struct vs_hypothesis_options *options,
                                          const char *name, char *buffer, size_t size_bytes)
{
    const char *file = replaced(options, name);

    if (file)
        return file;
    if (!vs_text_of(VS_TEXT_POLICY, name))
        return name;
    snprintf(buffer, size_bytes, "sim/hypotheses/policies/%s.json", name);
    return buffer;
}

static double seconds_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

int vs_hypothesis_run(const struct vs_hypothesis *hypothesis,
                      const struct vs_hypothesis_options *options,
                      struct vs_hypothesis_result **result, struct vs_error *error)
{
    static int (*const kinds[VS_TEST_KIND_COUNT])(struct vs_bench *, const struct vs_test *,
                                                  struct vs_test_result *, struct vs_error *) = {
        [VS_TEST_CHECK] = vs_test_scenario,
        [VS_TEST_PAIRS] = vs_test_pairs,
        [VS_TEST_NESTED] = vs_test_nested,
        [VS_TEST_REPLAY] = vs_test_replay};
    struct vs_hypothesis_result *made = calloc(1, sizeof(*made));
    struct vs_bench *bench = calloc(1, sizeof(*bench));
    double begin = seconds_now();
    int ret = VS_ERR_MEMORY;

    *result = NULL;
    if (!made || !bench)
        goto out;
    bench->options = options;
    bench->space = vs_check_space_new();
    made->tests = calloc(hypothesis->test_count + 1, sizeof(*made->tests));
    if (!bench->space || !made->tests)
        goto out;
    ret = 0;
    for (size_t i = 0; ret == 0 && i < hypothesis->test_count; i++) {
        const struct vs_test *test = &hypothesis->tests[i];

        made->test_count++;
        ret = kinds[test->kind](bench, test, &made->tests[i], error);
    }
    if (ret < 0)
        goto out;
    made->seconds = seconds_now() - begin;
    vs_hypothesis_judge(hypothesis, made);
    *result = made;
    made = NULL;
out:
    if (bench)
        vs_bench_release(bench);
    free(bench);
    vs_hypothesis_result_free(made);
    return ret < 0 ? vs_error_set(error, ret, "out of memory") : 0;
}

void vs_hypothesis_result_free(struct vs_hypothesis_result *result)
{
    if (!result)
        return;
    for (size_t i = 0; i < result->test_count; i++) {
        struct vs_test_result *test = &result->tests[i];

        free(test->text);
        free(test->command);
        free(test->setup);
        free(test->finding.schedule);
        vs_check_code_free(test->code);
        vs_policy_free(test->tested);
    }
    free(result->tests);
    free(result);
}
