/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Metrics say what a result says: each against a result written by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "hypotheses/metric.h"

static struct vs_lock_decl locks[] = {
    {.name = (char *)"pci_lock", .kind = VS_LOCK_RWLOCK},
    {.name = (char *)"event_lock", .kind = VS_LOCK_RWLOCK, .below_vpci = true},
};
static const struct vs_policy policy = {.name = (char *)"hand", .locks = locks, .lock_count = 2};

static int value_of(const char *words, const struct vs_result *result, double *value,
                    struct vs_error *error)
{
    char text[128];
    struct vs_json_doc *doc = NULL;
    struct vs_metric metric;

    snprintf(text, sizeof(text), "[\"%s\"]", words);
    assert_int_equal(vs_json_parse(text, strlen(text), "test", &doc, NULL), 0);
    struct vs_json root = vs_json_root(doc), item = vs_json_item(&root, 0);

    assert_int_equal(vs_metric_read(&item, &metric, error), 0);
    int ret = vs_metric_value(&metric, result, &policy, value, error);

    vs_json_doc_free(doc);
    return ret;
}

static void metrics_are_what_the_result_holds(void **state)
{
    struct vs_lock_stat stats[] = {
        {.lock = 0,
         .mode = VS_MODE_READ,
         .instance = 0,
         .acquire_count = 10,
         .wait_total_ns = 100,
         .wait_max_ns = 40,
         .hold_count = 10,
         .hold_total_ns = 500,
         .hold_max_ns = 90,
         .try_count = 4,
         .try_failed_count = 1,
         .cross_domain_wait_ns = 7},
        {.lock = 0,
         .mode = VS_MODE_READ,
         .instance = 1,
         .acquire_count = 10,
         .wait_total_ns = 300,
         .wait_max_ns = 60,
         .hold_count = 10,
         .hold_total_ns = 700,
         .hold_max_ns = 80},
        {.lock = 0,
         .mode = VS_MODE_WRITE,
         .acquire_count = 2,
         .hold_count = 2,
         .hold_total_ns = 2000,
         .hold_max_ns = 1500},
        {.lock = 1,
         .mode = VS_MODE_WRITE,
         .acquire_count = 1,
         .wait_total_ns = 5000,
         .hold_count = 1,
         .cross_domain_wait_ns = 5000},
    };
    struct vs_latency_stat latencies[] = {{.op = VS_OP_READ_MEMORY, .domain = 0},
                                          {.op = VS_OP_READ_MEMORY, .domain = 1},
                                          {.op = VS_OP_TOGGLE_DECODE, .domain = 0}};
    struct vs_result result = {.calls = 50,
                               .makespan_ns = 1000000,
                               .locks = stats,
                               .lock_count = 4,
                               .latencies = latencies,
                               .latency_count = 3};
    static const struct {
        const char *words;
        double value;
    } rows[] = {
        {"throughput", 50000},
        {"makespan", 1000000},
        {"vpci-wait", 400},
        {"cross-domain-wait", 7},
        {"hold-mean of pci_lock read", 60},
        {"hold-mean of pci_lock write", 1000},
        {"hold-max of pci_lock", 1500},
        {"wait-mean of pci_lock read", 20},
        {"wait-max of pci_lock read", 60},
        {"try-failed of pci_lock", 0.25},
        {"max", 50},
        {"mean of read-memory", 20},
        {"max of toggle-decode", 50},
        {"p50 of read-memory", 10},
    };

    (void)state;
    vs_histogram_add(&latencies[0].latency, 10);
    vs_histogram_add(&latencies[1].latency, 30);
    vs_histogram_add(&latencies[2].latency, 50);
    for (int i = 0; i < 3; i++)
        vs_histogram_merge(&result.latency, &latencies[i].latency);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        double value = -1;

        if (value_of(rows[i].words, &result, &value, NULL) < 0 ||
            fabs(value - rows[i].value) > 1e-9)
            fail_msg("%s is %g, expected %g", rows[i].words, value, rows[i].value);
    }
}

static void what_a_replay_does_not_have_is_no_zero(void **state)
{
    struct vs_result result = {.calls = 1, .makespan_ns = 1};
    static const char *const words[] = {"p99 of toggle-decode", "hold-mean of pci_lock",
                                        "try-failed of pci_lock", "wait-mean of no_lock"};

    (void)state;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        struct vs_error error = VS_ERROR_INIT;
        double value = 0;

        assert_int_equal(value_of(words[i], &result, &value, &error), VS_ERR_INPUT);
        assert_non_null(strstr(error.text, words[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(metrics_are_what_the_result_holds),
        cmocka_unit_test(what_a_replay_does_not_have_is_no_zero),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
