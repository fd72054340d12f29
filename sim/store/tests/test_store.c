/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is stored is what was measured.  Rows are checked with the sqlite3
 * program and not through the store, so that the file is judged as its readers
 * will meet it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "fixture.h"
#include "shell.h"
#include "store/rows.h"

struct state {
    struct fixture fixture;
    char directory[64];
    char path[96];
};

static int setup(void **state)
{
    struct state *at = calloc(1, sizeof(*at));

    if (!at)
        return -1;
    fixture_fill(&at->fixture);
    if (!scratch_make(at->directory))
        return -1;
    snprintf(at->path, sizeof(at->path), "%s/results.db", at->directory);
    *state = at;
    return 0;
}

static int teardown(void **state)
{
    struct state *at = *state;

    scratch_remove(at->directory);
    free(at);
    return 0;
}

static void put(const char *path, const struct fixture *fixture)
{
    struct vs_store *store = NULL;
    struct vs_error error = VS_ERROR_INIT;

    if (vs_store_open(path, &store, &error) != 0 ||
        vs_store_put(store, &fixture->run, &fixture->result, &error) != 0)
        fail_msg("%s", error.text);
    vs_store_close(store);
}

static void assert_query(const char *path, const char *sql, const char *expected)
{
    char answer[8192];

    shell_query(path, sql, answer, sizeof(answer));
    assert_string_equal(answer, expected);
}

static void every_column_of_the_run_holds_its_own_number(void **state)
{
    struct state *at = *state;

    /* A domain that another capture brought in is a what-if, but nothing that was made up. */
    at->fixture.domains[1].synthetic = true;
    put(at->path, &at->fixture);
    assert_query(at->path,
                 "SELECT trace_name, emulated, synthetic, what_if, notes, records, lost_records, "
                 "injected_calls, synthetic_calls, guesses, recorded_span_ns, domains, vcpus, "
                 "devices FROM run",
                 "a.vpt+b.vpt|1|0|[\"merged from two \\\"logs\\\"\"]|"
                 "[\"the log holds no lock contention\"]|1002|1003|1004|1005|"
                 "{\"no-snapshot\":11}|1001|2|3|70\n");
    assert_query(at->path,
                 "SELECT policy, policy_source, policy_text, policy_rank, machine, machine_text, "
                 "machine_assumptions, cpus, timing, speed, clones, seed, rebase, max_think_ns "
                 "FROM run",
                 "mine|a test|{ \"name\": \"mine\" }\n|1000|small|{ \"name\": \"small\" }\n|4|8|"
                 "open|2.5|3|5|1|6\n");
    assert_query(at->path,
                 "SELECT outcome, outcome_text, calls, deferred_maps, missed_calls, makespan_ns, "
                 "floor_ns, lock_wait_ns, cpu_wait_ns, cross_domain_wait_ns, throughput_per_s, "
                 "max_ns, hazards, most_contended, grace_periods, grace_period_max_ns, "
                 "little_error, time_error_ns, overlap_count, bucket_ns FROM run",
                 "done||940|31|32|2000000000|34|25250|36|37|470.0|100000|4|vpci_lock|39|40|0.25|"
                 "41|0|38\n");
}

static void blobs_are_laid_out_as_the_schema_says(void **state)
{
    struct state *at = *state;

    put(at->path, &at->fixture);
    assert_query(at->path, "SELECT hex(buckets) FROM run",
                 "010000000000000002000000000000000300000000000000"
                 "080706050403020100000000000000000400000000000000\n");
    /* The first value, 100 ns: bucket 64 + 32 * 0 + 18, as 100 = (32 + 18) << 1. */
    assert_query(at->path, "SELECT hex(substr(histogram, 1, 12)) FROM run",
                 "520000000100000000000000\n");
    assert_query(at->path, "SELECT length(histogram) % 12 FROM run", "0\n");
}

static void the_busiest_instances_keep_rows_and_the_rest_is_summed(void **state)
{
    struct state *at = *state;

    put(at->path, &at->fixture);
    assert_query(at->path,
                 "SELECT mode, COUNT(*), SUM(instances), SUM(acquire_count), SUM(wait_total_ns), "
                 "MAX(wait_max_ns), SUM(transfer_count) FROM lock WHERE lock = 'vpci_lock' "
                 "GROUP BY mode",
                 "read|65|70|70|0|0|0\n"
                 "write|65|70|140|24150|621|70\n");
    /* Devices 0 to 5 waited least: 10 * (0 + ... + 5), at most 9 * 5. */
    assert_query(at->path,
                 "SELECT mode, instances, acquire_count, wait_total_ns, wait_max_ns, hold_count, "
                 "hold_total_ns, hold_max_ns FROM lock WHERE instance = 'other' ORDER BY mode",
                 "read|6|6|0|0|6|18|3\n"
                 "write|6|12|150|45|0|0|0\n");
    assert_query(at->path,
                 "SELECT kind, wait_total_ns, below_vpci FROM lock "
                 "WHERE instance = '0000:00:06.0' AND mode = 'write'",
                 "ticket|60|0\n");
    assert_query(at->path,
                 "SELECT lock, kind, instance, mode, acquire_count, below_vpci FROM lock "
                 "WHERE lock <> 'vpci_lock' ORDER BY 1, 3",
                 "domain_lock|rwlock|d7|read|6|1\n"
                 "domain_lock|rwlock|dom0|read|5|1\n"
                 "pcidevs_lock|recursive||exclusive|77|0\n");
}

static void what_hangs_off_a_run_is_stored_by_name(void **state)
{
    struct state *at = *state;

    put(at->path, &at->fixture);
    assert_query(at->path,
                 "SELECT operation, label, domain, count, wait_ns, max_ns FROM latency "
                 "ORDER BY operation, domain",
                 "read-passthrough|O2|d7|334|22|100000\n"
                 "read-passthrough|O2|dom0|333|21|99900\n"
                 "toggle-decode|O4b|dom0|333|23|99800\n");
    assert_query(at->path,
                 "SELECT waiter, holder, lock, cross_domain, wait_ns FROM blocker "
                 "ORDER BY wait_ns",
                 "toggle-decode|toggle-decode|vpci_lock|0|900\n"
                 "read-passthrough|toggle-decode|domain_lock|1|1100\n");
    assert_query(at->path, "SELECT hazard, count, first_ns, first_text FROM hazard ORDER BY count",
                 "list-race|1|778|d7v? dump\n"
                 "use-after-free|3|777|d0v1 read-passthrough 0000:00:03.0 after device-remove\n");
    assert_query(at->path, "SELECT operation, label, count FROM operation_count ORDER BY count",
                 "toggle-decode|O4b|40\nread-passthrough|O2|900\n");
}

static void a_deadlock_is_stored_as_who_waits_for_whom(void **state)
{
    struct state *at = *state;

    fixture_make_deadlock(&at->fixture);
    put(at->path, &at->fixture);
    assert_query(at->path, "SELECT outcome, outcome_text FROM run",
                 "deadlock|d0v0 in toggle-decode waits for vpci_lock 0000:00:03.0 (exclusive), "
                 "held by d0v1 in read-hardware\n"
                 "d0v1 in read-hardware waits for pcidevs_lock (exclusive), "
                 "which is never released\n\n");
    assert_query(at->path, "SELECT hazard_seen FROM policy_comparison", "deadlock\n");
}

static void assert_summaries_equal(const struct vs_summary *a, const struct vs_summary *b)
{
    assert_int_equal(a->outcome, b->outcome);
    assert_string_equal(a->outcome_text, b->outcome_text);
    assert_int_equal(a->calls, b->calls);
    assert_int_equal(a->makespan_ns, b->makespan_ns);
    assert_int_equal(a->floor_ns, b->floor_ns);
    assert_true(a->throughput_per_s == b->throughput_per_s);
    assert_int_equal(a->p50_ns, b->p50_ns);
    assert_int_equal(a->p90_ns, b->p90_ns);
    assert_int_equal(a->p99_ns, b->p99_ns);
    assert_int_equal(a->p999_ns, b->p999_ns);
    assert_int_equal(a->max_ns, b->max_ns);
    assert_int_equal(a->lock_wait_ns, b->lock_wait_ns);
    assert_int_equal(a->cross_domain_wait_ns, b->cross_domain_wait_ns);
    assert_string_equal(a->most_contended, b->most_contended);
    assert_int_equal(a->most_contended_wait_ns, b->most_contended_wait_ns);
    assert_int_equal(a->most_contended_below_vpci, b->most_contended_below_vpci);
    assert_int_equal(a->hazard_total, b->hazard_total);
    for (size_t i = 0; i < VS_HAZARD_COUNT; i++) {
        assert_int_equal(a->hazards[i].count, b->hazards[i].count);
        assert_int_equal(a->hazards[i].first_ns, b->hazards[i].first_ns);
        assert_string_equal(a->hazards[i].first_text, b->hazards[i].first_text);
    }
}

static void check_round_trip(const char *path, struct fixture *fixture)
{
    struct vs_summary fresh, stored;
    struct vs_store *store = NULL;
    char key[VS_RUN_KEY_TEXT];

    put(path, fixture);
    vs_run_key(&fixture->run, key);
    assert_int_equal(vs_store_open(path, &store, NULL), 0);
    assert_int_equal(vs_store_summary(store, key, &stored, NULL), 1);
    assert_int_equal(vs_summary_from_result(&fixture->result, &fixture->policy, &fixture->workload,
                                            &fresh, NULL),
                     0);
    assert_string_equal(fresh.most_contended, "vpci_lock");
    assert_int_equal(fresh.most_contended_wait_ns, 24150);
    assert_int_equal(fresh.hazard_total, 4);
    assert_summaries_equal(&fresh, &stored);
    vs_summary_release(&fresh);
    vs_summary_release(&stored);
    vs_store_close(store);
}

static void a_summary_read_back_is_the_summary_of_the_result(void **state)
{
    struct state *at = *state;

    check_round_trip(at->path, &at->fixture);
    at->fixture.locks[1].below_vpci = true;
    check_round_trip(at->path, &at->fixture);
    fixture_make_deadlock(&at->fixture);
    check_round_trip(at->path, &at->fixture);
}

static void a_run_of_equal_key_is_replaced_with_all_its_rows(void **state)
{
    struct state *at = *state;

    put(at->path, &at->fixture);
    at->fixture.result.calls = 941;
    at->fixture.result.blocker_count = 1;
    put(at->path, &at->fixture);
    assert_query(at->path, "SELECT COUNT(*), MAX(calls) FROM run", "1|941\n");
    assert_query(at->path, "SELECT COUNT(*) FROM blocker", "1\n");
    assert_query(at->path, "SELECT COUNT(*) FROM lock", "133\n");
    assert_query(at->path, "PRAGMA foreign_key_check", "");
}

static void a_stored_run_is_found_by_its_key_only(void **state)
{
    struct state *at = *state;
    struct vs_store *store = NULL;
    struct vs_summary summary;
    char key[VS_RUN_KEY_TEXT];

    vs_run_key(&at->fixture.run, key);
    assert_int_equal(vs_store_open(at->path, &store, NULL), 0);
    assert_int_equal(vs_store_has(store, key, NULL), 0);
    assert_int_equal(vs_store_summary(store, key, &summary, NULL), 0);
    assert_int_equal(vs_store_put(store, &at->fixture.run, &at->fixture.result, NULL), 0);
    assert_int_equal(vs_store_has(store, key, NULL), 1);
    key[0] = key[0] == '0' ? '1' : '0';
    assert_int_equal(vs_store_has(store, key, NULL), 0);
    vs_store_close(store);
}

/* --------------------------------------------------------------------- key */

struct change {
    const char *what;
    void (*make)(struct fixture *fixture);
};

static void change_hash(struct fixture *f)
{
    f->workload.hash[0] = '9';
}
static void change_policy(struct fixture *f)
{
    f->policy.text = (char *)"{ \"name\": \"mine\"  }\n";
}
static void change_machine(struct fixture *f)
{
    f->machine.text = (char *)"{}";
}
static void change_speed(struct fixture *f)
{
    f->run.load.speed = 2.5000001;
}
static void change_clones(struct fixture *f)
{
    f->run.load.clones++;
}
static void change_seed(struct fixture *f)
{
    f->run.load.seed++;
}
static void change_rebase(struct fixture *f)
{
    f->run.load.rebase = false;
}
static void change_max_think(struct fixture *f)
{
    f->run.load.max_think_ns++;
}
static void change_replica(struct fixture *f)
{
    f->run.load.replica++;
}
static void change_jitter(struct fixture *f)
{
    f->run.load.jitter_ppm++;
}
static void change_timing(struct fixture *f)
{
    f->run.engine.timing = VS_TIMING_CLOSED;
}
static void change_cpus(struct fixture *f)
{
    f->run.engine.cpus++;
}
/* What moves a byte from one text to its neighbour changes the key too. */
static void change_split(struct fixture *f)
{
    f->policy.text = (char *)"{ \"name\": \"mine\" }\n{";
    f->machine.text = (char *)" \"name\": \"small\" }\n";
}

static const struct change changes[] = {
    {"trace hash", change_hash},      {"policy text", change_policy},
    {"machine text", change_machine}, {"speed", change_speed},
    {"clones", change_clones},        {"seed", change_seed},
    {"rebase", change_rebase},        {"max think", change_max_think},
    {"replica", change_replica},      {"jitter", change_jitter},
    {"timing", change_timing},        {"cpus", change_cpus},
    {"text boundary", change_split},
};

static void the_key_covers_all_that_decides_a_result(void **state)
{
    struct state *at = *state;
    char key[VS_RUN_KEY_TEXT], other[VS_RUN_KEY_TEXT];

    vs_run_key(&at->fixture.run, key);
    assert_int_equal(strlen(key), VS_RUN_KEY_TEXT - 1);
    assert_int_equal(strspn(key, "0123456789abcdef"), VS_RUN_KEY_TEXT - 1);
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        fixture_fill(&at->fixture);
        changes[i].make(&at->fixture);
        vs_run_key(&at->fixture.run, other);
        if (strcmp(key, other) == 0)
            fail_msg("the %s does not count", changes[i].what);
    }
}

static void names_of_files_do_not_count_in_the_key(void **state)
{
    struct state *at = *state;
    char key[VS_RUN_KEY_TEXT], other[VS_RUN_KEY_TEXT];
    const char *paths[] = {"/elsewhere/x.vpt"};

    vs_run_key(&at->fixture.run, key);
    at->fixture.workload.name = (char *)"x.vpt";
    at->fixture.policy.file = (char *)"/elsewhere/p.json";
    at->fixture.run.trace_paths = paths;
    at->fixture.run.trace_path_count = 1;
    vs_run_key(&at->fixture.run, other);
    assert_string_equal(key, other);
}

/* ------------------------------------------------------------------- views */

/* The shipped floor, so that its rank is 0, with half the makespan. */
static void put_floor(const char *path, struct fixture *fixture, vs_ns makespan_ns)
{
    fixture_fill(fixture);
    fixture->policy.name = (char *)"none";
    fixture->policy.text = (char *)vs_policy_builtin_text("none");
    assert_non_null(fixture->policy.text);
    fixture->result.makespan_ns = makespan_ns;
    memset(fixture->result.hazards, 0, sizeof(fixture->result.hazards));
    put(path, fixture);
}

static void the_comparison_measures_against_the_shipped_floor(void **state)
{
    struct state *at = *state;

    put(at->path, &at->fixture);
    assert_query(at->path, "SELECT policy, makespan_vs_none, p99_vs_none FROM policy_comparison",
                 "mine||\n");
    put_floor(at->path, &at->fixture, 1000000000);
    /* Someone's own file of that name is no floor. */
    at->fixture.policy.text = (char *)"{ \"name\": \"none\" }";
    at->fixture.result.makespan_ns = 4000000000;
    put(at->path, &at->fixture);
    /* Another load has no floor yet. */
    fixture_fill(&at->fixture);
    at->fixture.run.load.speed = 7;
    put(at->path, &at->fixture);
    assert_query(at->path,
                 "SELECT policy, speed, hazard_seen, hazards, makespan_vs_none, p99_vs_none "
                 "FROM policy_comparison",
                 "none|2.5|none seen|0|1.0|1.0\n"
                 "mine|2.5|hazard|4|2.0|1.0\n"
                 "none|2.5|none seen|0|4.0|1.0\n"
                 "mine|7.0|hazard|4||\n");
}

static void the_views_sum_up_rightly(void **state)
{
    struct state *at = *state;

    put(at->path, &at->fixture);
    assert_query(at->path,
                 "SELECT lock, mode, acquire_count, wait_total_ns, wait_max_ns FROM "
                 "lock_contention",
                 "vpci_lock|write|140|24150|621\n"
                 "domain_lock|read|11|1100|0\n"
                 "pcidevs_lock|exclusive|77|0|0\n"
                 "vpci_lock|read|70|0|0\n");
    assert_query(at->path,
                 "SELECT operation, label, count, round(mean_wait_ns, 6), max_ns FROM "
                 "latency_by_operation",
                 "read-passthrough|O2|667|0.064468|100000\n"
                 "toggle-decode|O4b|333|0.069069|99800\n");
    assert_query(at->path, "SELECT policy, waiter, wait_ns FROM blockers",
                 "mine|read-passthrough|1100\nmine|toggle-decode|900\n");
}

/* A search's rows; source is the violation that it found, or "" to fail half-way. */
static int emit_finding(void *source, vs_row_sink sink, void *context, struct vs_error *error)
{
    static const char *const texts[] = {"check_key",    "created_at",     "version",     "model_of",
                                        "policy",       "policy_source",  "policy_text", "explored",
                                        "not_explored", "order_inversion"};
    static const char *const numbers[] = {"policy_rank", "actors",      "devices",  "domains",
                                          "rounds",      "state_limit", "programs", "pairs",
                                          "triples",     "skipped",     "cut",      "states",
                                          "steps",       "peak_bytes",  "seconds"};
    struct vs_cell row[26];
    size_t count = 0;
    const char *violation = source;

    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        row[count++] = vs_cell_text(texts[i], "k");
    for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
        row[count++] = vs_cell_u64(numbers[i], i);
    row[count++] = vs_cell_text("verdict", "violated");
    int ret = sink(context, VS_TABLE_CHECK_RUN, row, count, error);
    const struct vs_cell finding[] = {vs_cell_text("violation", violation),
                                      vs_cell_text("text", ""),
                                      vs_cell_u64("actors", 2),
                                      vs_cell_u64("length", 3),
                                      vs_cell_u64("shortest", 1),
                                      vs_cell_text("schedule", "{}")};

    if (ret == 0)
        ret = sink(context, VS_TABLE_CHECK_FINDING, finding, 6, error);
    return ret == 0 && violation[0] == '\0' ? VS_ERR_MEMORY : ret;
}

static void an_answer_is_replaced_whole_or_not_at_all(void **state)
{
    struct state *at = *state;
    struct vs_store *store = NULL;
    static const char find[] = "SELECT COUNT(*), MAX(violation) FROM check_finding";

    assert_int_equal(vs_store_open(at->path, &store, NULL), 0);
    char first[] = "deadlock", second[] = "double-free", none[] = "";

    assert_int_equal(vs_store_put_rows(store, VS_TABLE_CHECK_RUN, "k", emit_finding, first, NULL),
                     0);
    assert_query(at->path, find, "1|deadlock\n");
    assert_int_equal(vs_store_put_rows(store, VS_TABLE_CHECK_RUN, "k", emit_finding, second, NULL),
                     0);
    assert_query(at->path, find, "1|double-free\n");
    assert_int_equal(vs_store_put_rows(store, VS_TABLE_CHECK_RUN, "k", emit_finding, none, NULL),
                     VS_ERR_MEMORY);
    assert_query(at->path, find, "1|double-free\n");
    vs_store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(every_column_of_the_run_holds_its_own_number),
        TEST(blobs_are_laid_out_as_the_schema_says),
        TEST(the_busiest_instances_keep_rows_and_the_rest_is_summed),
        TEST(what_hangs_off_a_run_is_stored_by_name),
        TEST(a_deadlock_is_stored_as_who_waits_for_whom),
        TEST(a_summary_read_back_is_the_summary_of_the_result),
        TEST(a_run_of_equal_key_is_replaced_with_all_its_rows),
        TEST(a_stored_run_is_found_by_its_key_only),
        TEST(the_key_covers_all_that_decides_a_result),
        TEST(names_of_files_do_not_count_in_the_key),
        TEST(the_comparison_measures_against_the_shipped_floor),
        TEST(the_views_sum_up_rightly),
        TEST(an_answer_is_replaced_whole_or_not_at_all),
    };

    if (!shell_available()) {
        puts("skipped: needs the sqlite3 program to read what was stored");
        return 77;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
