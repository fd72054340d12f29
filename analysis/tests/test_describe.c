/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Claim: the sentences say what the numbers say, and no more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "describe.h"

/* A run as recorded, of one domain, in which nothing went wrong. */
static struct vs_run_row make_run(const char *policy, int64_t p99_ns, double throughput)
{
    return (struct vs_run_row){.policy = policy,
                               .name = policy,
                               .trace_name = "t.vpt",
                               .machine = "m",
                               .timing = "closed",
                               .outcome = "done",
                               .outcome_text = "",
                               .what_if = "[]",
                               .notes = "[]",
                               .guesses = "{}",
                               .domains = 1,
                               .vcpus = 2,
                               .devices = 1,
                               .clones = 1,
                               .speed = 1,
                               .calls = 100,
                               .floor_ns = 1000000,
                               .p99_ns = p99_ns,
                               .throughput_per_s = throughput};
}

static struct vs_sentences findings_of(struct vs_run_row *rows, size_t count,
                                       const struct vs_table *hazards)
{
    struct vs_scenario scenario = {.first = 0, .count = count};
    struct vs_runs runs = {.runs = rows, .run_count = count};
    struct vs_sentences sentences = {0};

    assert_int_equal(vs_describe_findings(&runs, &scenario, hazards, &sentences), 0);
    return sentences;
}

static bool says(const struct vs_sentences *sentences, const char *part)
{
    for (size_t i = 0; i < sentences->count; i++) {
        if (strstr(sentences->items[i], part))
            return true;
    }
    return false;
}

static void equal_policies_are_called_indistinguishable(void **state)
{
    struct vs_run_row rows[] = {make_run("none", 1000, 100), make_run("rcu", 1000, 100),
                                make_run("refcount", 1020, 99.5)};
    struct vs_table *hazards = vs_table_new(1);
    struct vs_sentences sentences = findings_of(rows, 3, hazards);

    (void)state;
    assert_true(says(&sentences, "At p99 the 2 policies without a hazard are indistinguishable"));
    assert_true(says(&sentences, "Throughput is indistinguishable"));
    assert_true(says(&sentences, "in a closed loop with recorded think times it says little"));
    assert_true(says(&sentences, "No vCPU waited for any lock"));
    assert_false(says(&sentences, "best first"));
    vs_sentences_free(&sentences);
    for (size_t i = 0; i < 3; i++)
        rows[i].timing = "open";
    sentences = findings_of(rows, 3, hazards);
    assert_true(says(&sentences, "in an open loop it is the rate of arrivals"));
    vs_sentences_free(&sentences);
    vs_table_free(hazards);
}

static void different_policies_are_ranked_against_the_floor(void **state)
{
    struct vs_run_row rows[] = {make_run("none", 1000, 100), make_run("pcidevs-spin", 9000, 10),
                                make_run("pci-lock", 4000, 50), make_run("rcu", 2000, 90),
                                make_run("refcount", 2010, 89.9)};
    struct vs_table *hazards = vs_table_new(1);

    (void)state;
    rows[2].lock_wait_ns = 500000;
    rows[2].below_wait_ns = 100000;
    rows[3].lock_wait_ns = 100000;
    rows[3].below_wait_ns = 90000;
    struct vs_sentences sentences = findings_of(rows, 5, hazards);

    assert_true(says(&sentences,
                     "By p99, best first: rcu and refcount (2.00 µs to 2.01 µs, 2.00 × to "
                     "2.01 × the floor, not ranked); pci-lock (4.00 µs, 4.00 × the "
                     "floor)."));
    assert_true(says(&sentences, "By throughput, best first: rcu and refcount (90 calls/s, 90 % of "
                                 "the floor, indistinguishable within 1 %); pci-lock"));
    assert_true(says(&sentences, "between 20 % (pci-lock) and 90 % (rcu) is for locks below vPCI"));
    assert_false(says(&sentences, "pcidevs-spin"));
    vs_sentences_free(&sentences);
    vs_table_free(hazards);
}

static void without_a_policy_with_locks_none_is_called_clean(void **state)
{
    struct vs_run_row rows[] = {make_run("none", 1000, 100), make_run("pcidevs-spin", 9000, 10)};
    struct vs_table *hazards = vs_table_new(1);
    struct vs_sentences sentences = findings_of(rows, 1, hazards);

    (void)state;
    assert_false(says(&sentences, "under any policy with locks"));
    vs_sentences_free(&sentences);
    sentences = findings_of(rows, 2, hazards);
    assert_true(says(&sentences, "No hazard and no deadlock was seen under any policy with locks"));
    vs_sentences_free(&sentences);
    /* The ceiling has locks as well. */
    rows[1].outcome = "deadlock";
    sentences = findings_of(rows, 2, hazards);
    assert_true(says(&sentences, "Something went wrong under 1 policy: pcidevs-spin"));
    vs_sentences_free(&sentences);
    vs_table_free(hazards);
}

static void what_went_wrong_is_named_and_not_ranked(void **state)
{
    struct vs_run_row rows[] = {make_run("none", 1000, 100), make_run("rcu", 2000, 90),
                                make_run("domain-rwlock-nested", 900, 99),
                                make_run("device-lock", 800, 99)};
    struct vs_table *hazards = vs_table_new(3);
    const char *const row[] = {"4", "use-after-free", "1200"};

    (void)state;
    hazards->columns[0] = strdup("run_id");
    hazards->columns[1] = strdup("hazard");
    hazards->columns[2] = strdup("count");
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(vs_table_push(hazards, row[i]), 0);
    rows[2].outcome = "deadlock";
    rows[3].id = 4;
    rows[3].hazards = 1200;
    struct vs_sentences sentences = findings_of(rows, 4, hazards);

    assert_true(says(&sentences, "Something went wrong under 2 policies: domain-rwlock-nested "
                                 "(deadlock); device-lock (use-after-free ×1,200)."));
    assert_true(says(&sentences, "Under rcu p99 is 2.00 µs, 2.00 × the floor: the only policy here "
                                 "to rank, so nothing is ranked."));
    vs_sentences_free(&sentences);
    vs_table_free(hazards);
}

static void the_users_own_none_is_no_floor(void **state)
{
    struct vs_run_row rows[] = {make_run("rcu", 2000, 90), make_run("none", 500, 90)};
    struct vs_table *hazards = vs_table_new(1);

    (void)state;
    rows[1].policy_rank = 1000;
    struct vs_sentences sentences = findings_of(rows, 2, hazards);

    assert_true(says(&sentences, "none (500 ns); rcu (2.00 µs)"));
    assert_false(says(&sentences, "the floor"));
    vs_sentences_free(&sentences);
    vs_table_free(hazards);
}

static void anecdotes_and_a_low_ceiling_are_admitted(void **state)
{
    struct vs_run_row rows[] = {make_run("none", 1000, 100), make_run("pcidevs-spin", 800, 100),
                                make_run("rcu", 1000, 100), make_run("refcount", 2000, 100)};
    struct vs_table *hazards = vs_table_new(1);

    (void)state;
    for (size_t i = 0; i < 4; i++)
        rows[i].calls = 2617;
    struct vs_sentences sentences = findings_of(rows, 4, hazards);

    assert_true(says(&sentences, "It rests on the 26 slowest of 2,617 calls"));
    assert_true(says(&sentences, "The ceiling is none here: p99 under pcidevs-spin is 800 ns"));
    vs_sentences_free(&sentences);
    for (size_t i = 0; i < 4; i++)
        rows[i].calls = 1000000;
    rows[1].p99_ns = 3000;
    sentences = findings_of(rows, 4, hazards);
    assert_false(says(&sentences, "rests on"));
    assert_false(says(&sentences, "is none here"));
    vs_sentences_free(&sentences);
    vs_table_free(hazards);
}

static void differences_that_one_interleaving_may_make_are_not_ranked(void **state)
{
    struct vs_run_row rows[] = {make_run("none", 1000, 100), make_run("rcu", 2000, 100),
                                make_run("refcount", 2280, 100), make_run("pci-lock", 2600, 100)};
    struct vs_table *hazards = vs_table_new(1);
    struct vs_sentences sentences = findings_of(rows, 4, hazards);

    (void)state;
    assert_true(says(&sentences, "not ranked (each less than 15 % from the next: within what one "
                                 "interleaving can decide), at 2.00 µs to 2.60 µs"));
    assert_true(says(&sentences, "only the ends, rcu and pci-lock, lie further apart"));
    assert_false(says(&sentences, "best first"));
    vs_sentences_free(&sentences);
    rows[3].p99_ns = 2700;
    sentences = findings_of(rows, 4, hazards);
    assert_true(says(&sentences, "best first: rcu and refcount (2.00 µs to 2.28 µs"));
    assert_true(says(&sentences, "; pci-lock (2.70 µs"));
    vs_sentences_free(&sentences);
    vs_table_free(hazards);
}

/* The same with replicas: how far each moves was measured. */
static void replicate(struct vs_run_row *run, int64_t replicas, int64_t low_ns, int64_t high_ns)
{
    run->replicas = replicas;
    run->p99_low_ns = low_ns;
    run->p99_high_ns = high_ns;
    run->p99_median_ns = (double)run->p99_ns;
    run->throughput_low = run->throughput_median = run->throughput_high = run->throughput_per_s;
}

static void replicas_decide_what_is_ranked(void **state)
{
    struct vs_run_row rows[] = {make_run("none", 1000, 100), make_run("rcu", 2000, 100),
                                make_run("refcount", 2100, 100), make_run("pci-lock", 2600, 100)};
    struct vs_table *hazards = vs_table_new(1);

    (void)state;
    replicate(&rows[0], 5, 1000, 1000);
    replicate(&rows[1], 5, 1990, 2010);
    replicate(&rows[2], 5, 2090, 2700);
    replicate(&rows[3], 5, 2500, 2700);
    struct vs_sentences sentences = findings_of(rows, 4, hazards);

    /* 5 % apart, and ranked; 24 % apart, and not. */
    assert_true(says(&sentences,
                     "By p99, best first: rcu (2.00 µs, 2.00 × the floor); refcount and "
                     "pci-lock (2.10 µs to 2.60 µs"));
    assert_true(says(&sentences, "policies whose replicas' ranges meet are not ranked"));
    assert_false(says(&sentences, "15 %"));
    vs_sentences_free(&sentences);
    /* Two replicas measure nothing, and the assumption is back. */
    for (size_t i = 0; i < 4; i++)
        rows[i].replicas = 2;
    sentences = findings_of(rows, 4, hazards);
    assert_true(says(&sentences, "best first: rcu and refcount (2.00 µs to 2.10 µs"));
    assert_true(says(&sentences, "Policies less than 15 % from the next are not ranked"));
    vs_sentences_free(&sentences);
    /* A hazard in any replica is one. */
    rows[1].hazard_replicas = 1;
    sentences = findings_of(rows, 4, hazards);
    assert_true(says(&sentences, "Something went wrong under 1 policy: rcu (hazards in 1 of 2 "
                                 "replicas)"));
    assert_false(says(&sentences, "rcu and refcount"));
    vs_sentences_free(&sentences);
    vs_table_free(hazards);
}

static void verdicts_need_a_gap_between_ranges(void **state)
{
    struct vs_run_row a = make_run("a", 1000, 100), b = make_run("b", 1100, 95);

    (void)state;
    assert_int_equal(vs_compare_p99(&a, &b), 0); /* 10 % without replicas */
    assert_int_equal(vs_compare_throughput(&a, &b), -1);
    replicate(&a, 3, 990, 1010);
    replicate(&b, 3, 1090, 1110);
    assert_int_equal(vs_compare_p99(&a, &b), -1);
    assert_int_equal(vs_compare_p99(&b, &a), 1);
    b.p99_low_ns = 1010; /* they touch */
    assert_int_equal(vs_compare_p99(&a, &b), 0);
    b.p99_low_ns = 1011;
    assert_int_equal(vs_compare_p99(&b, &a), 1);
    /* Within the histogram's step nothing is apart, however narrow the ranges. */
    b.p99_median_ns = 1030;
    assert_int_equal(vs_compare_p99(&a, &b), 0);
    a.throughput_low = 94;
    assert_int_equal(vs_compare_throughput(&a, &b), 0);
    a.throughput_low = 96;
    assert_int_equal(vs_compare_throughput(&b, &a), 1);
    b.throughput_median = b.throughput_high = 99.5;
    a.throughput_low = 99.9;
    assert_int_equal(vs_compare_throughput(&b, &a), 0); /* less than 1 % */
}

static void one_policy_is_compared_with_nothing(void **state)
{
    struct vs_run_row rows[] = {make_run("rcu", 2000, 100)};
    struct vs_table *hazards = vs_table_new(1);
    struct vs_sentences sentences = findings_of(rows, 1, hazards);

    (void)state;
    assert_true(says(&sentences, "One policy only was replayed here, rcu: nothing is compared"));
    assert_false(says(&sentences, "best first"));
    assert_false(says(&sentences, "the policies differ"));
    vs_sentences_free(&sentences);
    vs_table_free(hazards);
}

static void ratios_below_the_floor_are_explained(void **state)
{
    struct vs_run_row rows[] = {make_run("none", 1000, 100), make_run("rcu", 800, 100)};
    struct vs_table *hazards = vs_table_new(1);
    struct vs_sentences sentences = findings_of(rows, 2, hazards);

    (void)state;
    assert_true(says(&sentences, "Ratios below 1.00 × the floor are no mistake"));
    vs_sentences_free(&sentences);
    rows[1].outcome = "deadlock";
    sentences = findings_of(rows, 2, hazards);
    assert_false(says(&sentences, "are no mistake"));
    vs_sentences_free(&sentences);
    vs_table_free(hazards);
}

static void the_wait_of_a_deadlock_is_not_the_load(void **state)
{
    struct vs_run_row rows[] = {make_run("none", 1000, 100), make_run("rcu", 1000, 100)};
    struct vs_table *hazards = vs_table_new(1);

    (void)state;
    rows[1].outcome = "deadlock";
    rows[1].lock_wait_ns = 900000;
    struct vs_sentences sentences = findings_of(rows, 2, hazards);

    assert_true(says(&sentences, "No vCPU waited for any lock"));
    vs_sentences_free(&sentences);
    vs_table_free(hazards);
}

static void a_sweep_does_not_state_one_speed(void **state)
{
    struct vs_run_row rows[] = {make_run("rcu", 1000, 1), make_run("rcu", 1000, 1)};
    struct vs_scenario scenarios[] = {{.first = 0, .count = 1}, {.first = 1, .count = 1}};
    struct vs_sweep sweep = {.first = 0, .count = 2};
    struct vs_runs runs = {
        .runs = rows, .run_count = 2, .scenarios = scenarios, .scenario_count = 2};
    struct vs_text text = {0};

    (void)state;
    rows[0].what_if = "[\"idle gaps of a vCPU cut to 20.0 us\"]";
    rows[1].what_if = "[\"idle gaps of a vCPU cut to 20.0 us\", \"think divided by 16\"]";
    rows[1].speed = 16;
    vs_describe_caption(&runs, &scenarios[0], &sweep, &text);
    assert_non_null(strstr(vs_text_or_empty(&text), "WHAT-IF: idle gaps of a vCPU cut to 20 µs"));
    assert_null(strstr(vs_text_or_empty(&text), "divided"));
    vs_text_free(&text);
    vs_describe_caption(&runs, &scenarios[1], NULL, &text);
    assert_non_null(strstr(vs_text_or_empty(&text), "20 µs; think divided by 16"));
    vs_text_free(&text);
}

static void captions_say_what_capture_and_timing_do_to_latency(void **state)
{
    struct vs_run_row run = make_run("rcu", 1000, 1);
    struct vs_scenario scenario = {.first = 0, .count = 1};
    struct vs_runs runs = {.runs = &run, .run_count = 1};
    struct vs_text text = {0};

    (void)state;
    run.notes = "[\"the log holds no lock contention\", \"sizes are inferred\"]";
    run.timing = "open";
    vs_describe_caption(&runs, &scenario, NULL, &text);
    assert_non_null(strstr(vs_text_or_empty(&text), "the log holds no lock contention"));
    assert_null(strstr(vs_text_or_empty(&text), "sizes"));
    assert_non_null(strstr(vs_text_or_empty(&text), "counts from the recorded arrival, backlog"));
    vs_text_free(&text);
}

static void captions_say_that_a_capture_was_cut_off(void **state)
{
    struct vs_run_row run = make_run("rcu", 1000, 1);
    struct vs_scenario scenario = {.first = 0, .count = 1};
    struct vs_runs runs = {.runs = &run, .run_count = 1};
    struct vs_text text = {0};

    (void)state;
    vs_describe_caption(&runs, &scenario, NULL, &text);
    assert_null(strstr(vs_text_or_empty(&text), "incomplete"));
    vs_text_free(&text);
    run.notes = "[\"incomplete: the capture was cut off, 9 records in 1 whole block read\"]";
    run.speed = 16; /* whatever the load */
    vs_describe_caption(&runs, &scenario, NULL, &text);
    assert_non_null(strstr(vs_text_or_empty(&text), " · incomplete: the capture was cut off, 9 "));
    vs_text_free(&text);
}

static void only_untouched_replays_are_called_genuine(void **state)
{
    struct vs_run_row run = make_run("rcu", 1000, 1);
    struct vs_runs runs = {.runs = &run, .run_count = 1};
    struct vs_sentences sentences = {0};

    (void)state;
    run.emulated = true;
    assert_int_equal(vs_describe_limits(&runs, &sentences), 0);
    assert_true(says(&sentences, "genuine in the replays as recorded of t.vpt"));
    vs_sentences_free(&sentences);
    run.rebase = 1;
    assert_int_equal(vs_describe_limits(&runs, &sentences), 0);
    assert_false(says(&sentences, "as recorded of"));
    assert_true(says(&sentences, "is the doing of the what-if steps"));
    vs_sentences_free(&sentences);
    run.injected_calls = 3;
    run.cpu_wait_ns = 7;
    assert_int_equal(vs_describe_limits(&runs, &sentences), 0);
    assert_false(says(&sentences, "In what-if replays"));
    assert_true(says(&sentences, "calls were injected that nobody captured"));
    assert_true(says(&sentences, "vCPUs share pCPUs in replays of t.vpt"));
    vs_sentences_free(&sentences);
}

static void captions_carry_load_loss_and_what_ifs(void **state)
{
    struct vs_run_row run = make_run("rcu", 1000, 1);
    struct vs_scenario scenario = {.first = 0, .count = 1};
    struct vs_runs runs = {.runs = &run, .run_count = 1};
    struct vs_text text = {0};

    (void)state;
    vs_describe_caption(&runs, &scenario, NULL, &text);
    assert_string_equal(vs_text_or_empty(&text),
                        "t.vpt · as recorded · closed loop · machine m · 1 domain, 2 vCPUs, 1 "
                        "device · 0 lost records");
    vs_text_free(&text);
    run.speed = 64;
    run.clones = 4;
    run.rebase = 1;
    run.max_think_ns = 1000000;
    run.what_if = "[\"think times divided by 64\", \"streams overlap\"]";
    run.lost_records = 1;
    run.emulated = run.synthetic = true;
    run.machine_assumptions = 9;
    run.cpus = 16;
    run.hazards = 1;
    vs_describe_caption(&runs, &scenario, NULL, &text);
    assert_string_equal(
        vs_text_or_empty(&text),
        "t.vpt · speed 64, 4 clones, streams rebased, idle gaps cut to 1 ms · closed loop · "
        "machine m, 16 CPUs (9 of its numbers assumed) · 1 domain, 2 vCPUs, 1 device · 1 lost "
        "record · captured under emulation: no recorded time is a hardware latency · synthetic in "
        "part or whole · WHAT-IF: think times divided by 64; streams overlap · † something went "
        "wrong under this policy");
    vs_text_free(&text);
}

static void limits_are_said_only_where_they_hold(void **state)
{
    struct vs_run_row run = make_run("rcu", 1000, 1);
    struct vs_runs runs = {.runs = &run, .run_count = 1};
    struct vs_sentences sentences = {0};

    (void)state;
    assert_int_equal(vs_describe_limits(&runs, &sentences), 0);
    assert_true(says(&sentences, "one interleaving"));
    assert_false(says(&sentences, "emulation"));
    vs_sentences_free(&sentences);
    run.emulated = true;
    run.overlap_count = 1;
    run.notes = "[\"sizes are inferred\"]";
    assert_int_equal(vs_describe_limits(&runs, &sentences), 0);
    assert_true(says(&sentences, "Captured under emulation: t.vpt."));
    assert_true(says(&sentences, "must not be used"));
    assert_true(says(&sentences, "t.vpt: sizes are inferred"));
    vs_sentences_free(&sentences);
}

static void broken_json_is_shown_not_dropped(void **state)
{
    struct vs_sentences sentences = {0};

    (void)state;
    assert_int_equal(vs_describe_array("[\"a\", 7, \"a\", \"b\"]", &sentences), 0);
    assert_int_equal(sentences.count, 2);
    assert_int_equal(vs_describe_array("[\"cut", &sentences), 0);
    assert_string_equal(sentences.items[2], "[\"cut");
    vs_sentences_free(&sentences);
}

static void assumptions_are_found_in_a_profile(void **state)
{
    struct vs_sentences sentences = {0};

    (void)state;
    assert_int_equal(vs_describe_assumptions(
                         "{\"work\": {\"exit-port\": {\"ns\": 2000, \"source\": \"a guess\", "
                         "\"assumption\": true}, \"b\": {\"ns\": 1, \"assumption\": false}}}",
                         &sentences),
                     0);
    assert_int_equal(sentences.count, 1);
    assert_string_equal(sentences.items[0], "work.exit-port: ns 2000; source a guess");
    vs_sentences_free(&sentences);
    assert_int_equal(vs_describe_assumptions("no JSON", &sentences), 0);
    assert_int_equal(sentences.count, 0);
    vs_sentences_free(&sentences);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_policies_are_called_indistinguishable),
        cmocka_unit_test(different_policies_are_ranked_against_the_floor),
        cmocka_unit_test(without_a_policy_with_locks_none_is_called_clean),
        cmocka_unit_test(what_went_wrong_is_named_and_not_ranked),
        cmocka_unit_test(the_users_own_none_is_no_floor),
        cmocka_unit_test(anecdotes_and_a_low_ceiling_are_admitted),
        cmocka_unit_test(differences_that_one_interleaving_may_make_are_not_ranked),
        cmocka_unit_test(replicas_decide_what_is_ranked),
        cmocka_unit_test(verdicts_need_a_gap_between_ranges),
        cmocka_unit_test(one_policy_is_compared_with_nothing),
        cmocka_unit_test(ratios_below_the_floor_are_explained),
        cmocka_unit_test(the_wait_of_a_deadlock_is_not_the_load),
        cmocka_unit_test(a_sweep_does_not_state_one_speed),
        cmocka_unit_test(captions_say_what_capture_and_timing_do_to_latency),
        cmocka_unit_test(captions_say_that_a_capture_was_cut_off),
        cmocka_unit_test(only_untouched_replays_are_called_genuine),
        cmocka_unit_test(captions_carry_load_loss_and_what_ifs),
        cmocka_unit_test(limits_are_said_only_where_they_hold),
        cmocka_unit_test(broken_json_is_shown_not_dropped),
        cmocka_unit_test(assumptions_are_found_in_a_profile),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
