/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The comparison as people read it: fits, and says what it must. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store/tests/fixture.h"
#include "table.h"

static struct fixture *make_fixture(void)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    assert_non_null(fixture);
    fixture_fill(fixture);
    fixture->machine.sockets = 1;
    fixture->machine.cores_per_socket = 4;
    fixture->machine.threads_per_core = 2;
    fixture->machine.summary = (char *)"a made-up machine";
    return fixture;
}

static struct vs_table make_table(const struct fixture *fixture, const struct vs_table_row *rows,
                                  size_t count)
{
    return (struct vs_table){.workload = &fixture->workload,
                             .machine = &fixture->machine,
                             .load = fixture->run.load,
                             .engine = fixture->run.engine,
                             .rows = rows,
                             .row_count = count};
}

static char *print(const struct vs_table *table,
                   void (*part)(const struct vs_table *table, FILE *stream))
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);

    assert_non_null(stream);
    part(table, stream);
    assert_int_equal(fclose(stream), 0);
    return text;
}

static void assert_says(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("no '%s' in:\n%s", part, text);
}

static void assert_fits(const char *text)
{
    while (*text) {
        size_t length = strcspn(text, "\n");

        if (length > VS_TABLE_COLUMNS)
            fail_msg("a line of %zu columns: %.*s", length, (int)length, text);
        text += length + (text[length] == '\n');
    }
}

static void the_header_names_trace_load_machine_losses_and_caveats(void **state)
{
    struct fixture *fixture = make_fixture();

    (void)state;
    fixture->workload.call_count = 1234567;
    struct vs_table table = make_table(fixture, NULL, 0);
    char *text = print(&table, vs_table_print_header);

    assert_string_equal(
        text,
        "trace    a.vpt+b.vpt\n"
        "         1,234,567 calls arriving over 1.00 us; 2 domains, 3 vCPUs, 70 devices; captured "
        "under "
        "emulation\n"
        "load     speed 2.5, 3 copies of every domain (seed 5), rebased, idle gaps cut to 6 ns, "
        "open timing\n"
        "machine  small (8 CPUs, 8 of them used): a made-up machine\n"
        "lost     1,003 records\n"
        "guesses  classed conservatively: 11 no-snapshot\n"
        "what-if: merged from two \"logs\"\n"
        "note: the log holds no lock contention\n");
    free(text);
    free(fixture);
}

static void a_replay_without_what_ifs_says_as_recorded(void **state)
{
    struct fixture *fixture = make_fixture();

    (void)state;
    fixture->run.load = (struct vs_workload_options){.speed = 1, .clones = 1};
    struct vs_table table = make_table(fixture, NULL, 0);
    char *text = print(&table, vs_table_print_header);

    /* The trace brings a what-if of its own. */
    assert_null(strstr(text, "as recorded"));
    free(text);
    fixture->workload.what_if_count = 0;
    text = print(&table, vs_table_print_header);
    assert_says(text, "load     as recorded, open timing\n");
    assert_null(strstr(text, "what-if"));
    free(text);
    free(fixture);
}

/* clang-format off */
#define GOLDEN_ROWS \
    "                      hazards in                     latency                          total  most contended  others'\n" \
    "policy                this replay           calls/s      p50     p99   p99.9    max    wait  lock (share)       wait\n" \
    "--------------------------------------------------------------------------------------------------------------------\n" \
    "none                  use-after-free x3 +1    12.3k    640ns  4.21us  12.3us  100ms     0ns  -                1.00us\n" \
    "pci-lock              none seen               12.3k    640ns  4.21us  12.3us  100ms  4.00us  pci_lock 75%     1.00us\n" \
    "domain-rwlock-nested  deadlock                    -        -       -       -      -       -  -                     -\n"
/* clang-format on */

static void rows_line_up_and_a_deadlock_has_no_latencies(void **state)
{
    struct fixture *fixture = make_fixture();
    struct vs_summary good = {.outcome_text = (char *)"",
                              .throughput_per_s = 12345.6,
                              .p50_ns = 640,
                              .p99_ns = 4210,
                              .p999_ns = 12345,
                              .max_ns = 99999999,
                              .lock_wait_ns = 4000,
                              .cross_domain_wait_ns = 1000,
                              .most_contended = "pci_lock",
                              .most_contended_wait_ns = 3000};
    struct vs_summary hazard = good, dead = good;

    (void)state;
    hazard.hazards[VS_HAZARD_USE_AFTER_FREE].count = 3;
    hazard.hazards[VS_HAZARD_BAR_RACE].count = 12;
    hazard.hazard_total = 15;
    hazard.lock_wait_ns = 0;
    dead.outcome = VS_OUTCOME_DEADLOCK;
    const struct vs_table_row rows[] = {
        {"none", &hazard}, {"pci-lock", &good}, {"domain-rwlock-nested", &dead}};
    struct vs_table table = make_table(fixture, rows, 3);
    char *text = print(&table, vs_table_print_rows);

    assert_fits(text);
    assert_string_equal(text, GOLDEN_ROWS);
    free(text);
    free(fixture);
}

static void a_wide_table_cuts_text_and_never_numbers(void **state)
{
    struct fixture *fixture = make_fixture();
    char long_name[100];
    struct vs_summary summary = {.outcome_text = (char *)"",
                                 .throughput_per_s = 999.7,
                                 .max_ns = 123456,
                                 .lock_wait_ns = 1,
                                 .most_contended_wait_ns = 1};

    (void)state;
    memset(long_name, 'p', sizeof(long_name));
    long_name[99] = '\0';
    memset(summary.most_contended, 'l', sizeof(summary.most_contended) - 1);
    const struct vs_table_row row = {long_name, &summary};
    struct vs_table table = make_table(fixture, &row, 1);
    char *text = print(&table, vs_table_print_rows);

    assert_fits(text);
    assert_says(text, "pp~");
    assert_says(text, "123us");
    assert_says(text, "1.00k");
    free(text);
    free(fixture);
}

static void remarks_tell_deadlocks_hazards_and_assumptions(void **state)
{
    struct fixture *fixture = make_fixture();
    struct vs_summary summary;

    (void)state;
    fixture->workload.call_count = 2000;
    fixture_make_deadlock(fixture);
    assert_int_equal(vs_summary_from_result(&fixture->result, &fixture->policy, &fixture->workload,
                                            &summary, NULL),
                     0);
    const struct vs_table_row row = {"mine", &summary};
    struct vs_table table = make_table(fixture, &row, 1);
    char *text = print(&table, vs_table_print_remarks);

    assert_fits(text);
    assert_says(text, "deadlock: mine: nobody can go on after 940 of 2,000 calls\n"
                      "          d0v0 in toggle-decode waits for vpci_lock 0000:00:03.0 "
                      "(exclusive), held by d0v1 in read-hardware\n");
    assert_says(text, "hazard: mine: use-after-free x3, first at 777 ns: d0v1 read-passthrough "
                      "0000:00:03.0 after device-remove\n");
    assert_says(text, "add --policy none");
    assert_says(text, "4 numbers of machine profile 'small' are assumed, not measured.\n");
    assert_null(strstr(text, "Nobody waited"));
    assert_null(strstr(text, "lies below vPCI"));
    free(text);
    summary.most_contended_below_vpci = true;
    text = print(&table, vs_table_print_remarks);
    assert_fits(text);
    assert_says(text, "'vpci_lock' lies below vPCI");
    free(text);
    vs_summary_release(&summary);
    free(fixture);
}

static void equal_policies_for_want_of_contention_are_called_so(void **state)
{
    struct fixture *fixture = make_fixture();
    struct vs_summary idle = {.outcome_text = (char *)""};
    const struct vs_table_row rows[] = {{"none", &idle}, {"pcidevs-spin", &idle}};

    (void)state;
    struct vs_table table = make_table(fixture, rows, 2);
    char *text = print(&table, vs_table_print_remarks);

    assert_fits(text);
    assert_says(text, "Nobody waited for a lock");
    assert_says(text, "floor");
    assert_null(strstr(text, "add --policy none"));
    free(text);
    idle.floor_ns = 1000;
    idle.lock_wait_ns = 10;
    text = print(&table, vs_table_print_remarks);
    assert_says(text, "Waiting for locks adds less than 1 %");
    free(text);
    idle.lock_wait_ns = 11;
    text = print(&table, vs_table_print_remarks);
    assert_null(strstr(text, "Waiting for locks adds"));
    free(text);
    free(fixture);
}

static void numbers_have_three_digits_and_counts_have_commas(void **state)
{
    static const struct {
        double rate;
        const char *text;
    } rates[] = {{0, "0.00"},      {1.234, "1.23"}, {9.996, "10.0"},
                 {12.34, "12.3"},  {999.4, "999"},  {999.5, "1.00k"},
                 {12345, "12.3k"}, {1e6, "1.00M"},  {1.5e15, "1500T"}};
    static const struct {
        uint64_t count;
        const char *text;
    } counts[] = {
        {0, "0"}, {999, "999"}, {1000, "1,000"}, {UINT64_MAX, "18,446,744,073,709,551,615"}};
    char text[VS_COUNT_TEXT];

    (void)state;
    for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++)
        assert_string_equal(vs_rate_text(rates[i].rate, text), rates[i].text);
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
        assert_string_equal(vs_count_text(counts[i].count, text), counts[i].text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_header_names_trace_load_machine_losses_and_caveats),
        cmocka_unit_test(a_replay_without_what_ifs_says_as_recorded),
        cmocka_unit_test(rows_line_up_and_a_deadlock_has_no_latencies),
        cmocka_unit_test(a_wide_table_cuts_text_and_never_numbers),
        cmocka_unit_test(remarks_tell_deadlocks_hazards_and_assumptions),
        cmocka_unit_test(equal_policies_for_want_of_contention_are_called_so),
        cmocka_unit_test(numbers_have_three_digits_and_counts_have_commas),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
