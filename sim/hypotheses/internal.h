/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files that run tests share. */
#ifndef VS_HYPOTHESES_INTERNAL_H
#define VS_HYPOTHESES_INTERNAL_H

#include "hypothesis.h"

/* A replay that was run already for an earlier test of the hypothesis. */
struct vs_done_replay {
    const struct vs_synthetic *workload;
    const char *policy_name;
    uint32_t cpus;
    struct vs_policy *policy;
    struct vs_machine *machine;
    struct vs_result *result;
};

#define VS_REPLAYS_MAX 32 /* two a test, 16 tests */

/* One hypothesis at work. */
struct vs_bench {
    const struct vs_hypothesis_options *options;
    struct vs_check_space *space;
    struct vs_done_replay replays[VS_REPLAYS_MAX];
    size_t replay_count;
};

/* check_tests.c */
int vs_test_scenario(struct vs_bench *bench, const struct vs_test *test,
                     struct vs_test_result *result, struct vs_error *error);
int vs_test_pairs(struct vs_bench *bench, const struct vs_test *test, struct vs_test_result *result,
                  struct vs_error *error);
int vs_test_nested(struct vs_bench *bench, const struct vs_test *test,
                   struct vs_test_result *result, struct vs_error *error);
/* replay_tests.c */
int vs_test_replay(struct vs_bench *bench, const struct vs_test *test,
                   struct vs_test_result *result, struct vs_error *error);
void vs_bench_release(struct vs_bench *bench);

/* A formatted string that the caller frees; VS_ERR_MEMORY and *text NULL when there is none. */
int vs_test_say(char **text, struct vs_error *error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
