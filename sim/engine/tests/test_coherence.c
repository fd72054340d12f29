/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a cache line costs: transfers by distance, one request per service time,
 * turns, and queue locks whose waiters spin on lines of their own.  ns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "toy.h"

#define A VS_OP_READ_PASSTHROUGH

static struct toy *toy;

/* n vCPUs that each do rounds of the program, from the start on. */
static struct vs_result *crowd(unsigned n, unsigned rounds, uint32_t hold_ns)
{
    toy_reserve(toy, n, n * rounds);
    for (unsigned i = 0; i < n * rounds; i++)
        toy_call(toy, (uint16_t)(i % n), A, 0, 0, 0, hold_ns);
    struct vs_result *result = toy_replay(toy, VS_TIMING_CLOSED);
    assert_non_null(result);
    assert_int_equal(result->outcome, VS_OUTCOME_DONE);
    assert_int_equal(result->identities.overlap_count, 0);
    assert_int_equal(result->identities.time_error_ns, 0);
    assert_true(result->identities.little_worst < 1e-9);
    toy_free(toy);
    free(toy);
    return result;
}

static double period(struct vs_result *result)
{
    double period = (double)result->makespan_ns / (double)result->calls;
    vs_result_free(result);
    return period;
}

static void start(enum vs_lock_kind kind, uint32_t cpus)
{
    toy = malloc(sizeof *toy);
    toy_init(toy, kind, cpus);
    toy->machine.line_service_ps = 40000;
    toy->machine.atomic_ps = 5000;
    toy->machine.transfer_ps[VS_SAME_SOCKET] = 100000;
}

static void assert_near(double found, double expected)
{
    if (fabs(found - expected) > 0.01 * expected)
        fail_msg("%g, expected %g", found, expected);
}

static void a_busy_line_serves_one_request_per_service_time(void **state)
{
    (void)state; /* two atomics each, further apart than a turn: transfers overlap */
    start(VS_LOCK_RWLOCK, 32);
    toy_critical(toy, A, VS_MODE_READ);
    assert_near(period(crowd(32, 500, 100)), 2 * 40);
}

static void a_release_within_its_turn_finds_the_line(void **state)
{
    (void)state; /* the second atomic costs the line what it costs the CPU */
    start(VS_LOCK_RWLOCK, 32);
    toy_critical(toy, A, VS_MODE_READ);
    assert_near(period(crowd(32, 500, 10)), 40 + 5);
    /* A turn is over at its end. */
    start(VS_LOCK_RWLOCK, 32);
    toy_critical(toy, A, VS_MODE_READ);
    assert_near(period(crowd(32, 500, 36)), 2 * 40);
}

static void a_counted_reference_is_as_busy_as_a_lock(void **state)
{
    (void)state;
    start(VS_LOCK_REFCOUNT, 32);
    toy->locks[0].scope = VS_SCOPE_DEVICE;
    toy->locks[0].inside = VS_OBJECT_PDEV;
    toy_step(toy, A, VS_STEP_GET);
    toy_work(toy, A, VS_WORK_CONF1_CYCLE);
    toy_step(toy, A, VS_STEP_PUT);
    assert_near(period(crowd(32, 500, 100)), 2 * 40);
}

static void ticket_hand_over_takes_half_a_service_time_at_least(void **state)
{
    (void)state; /* s + c (n - 1) / 2 where the transfer is short */
    start(VS_LOCK_TICKET, 16);
    toy->machine.atomic_ps = 0;
    toy->machine.transfer_ps[VS_SAME_SOCKET] = 1000;
    toy_critical(toy, A, VS_MODE_EXCLUSIVE);
    assert_near(period(crowd(16, 500, 500)), 500 + 40 * 15 / 2.0);
}

static void queue_locks_hand_over_in_two_transfers_however_many_wait(void **state)
{
    (void)state;
    static const enum vs_lock_kind kinds[] = {VS_LOCK_MCS, VS_LOCK_CLH};
    for (int i = 0; i < 2; i++)
        for (unsigned n = 4; n <= 64; n *= 4) {
            start(kinds[i], n);
            toy_critical(toy, A, VS_MODE_EXCLUSIVE);
            assert_near(period(crowd(n, 500, 1000)), 1000 + 2 * 100);
        }
}

static void queue_locks_are_fifo(void **state)
{
    (void)state;
    static const enum vs_lock_kind kinds[] = {VS_LOCK_MCS, VS_LOCK_CLH};
    for (int i = 0; i < 2; i++) {
        toy = malloc(sizeof *toy);
        toy_init(toy, kinds[i], 4);
        toy_critical(toy, A, VS_MODE_EXCLUSIVE);
        toy_reserve(toy, 3, 3);
        toy_call(toy, 2, A, 0, 0, 0, 100);
        toy_call(toy, 1, A, 0, 10, 0, 100);
        toy_call(toy, 0, A, 0, 20, 0, 100); /* lowest rank, but last to arrive */
        struct vs_result *result = toy_replay(toy, VS_TIMING_OPEN);
        assert_int_equal(result->locks[0].wait_total_ns, 90 + 180);
        assert_int_equal(result->makespan_ns, 300);
        vs_result_free(result);
        toy_free(toy);
        free(toy);
    }
}

static void mcs_gives_an_empty_queue_back_with_an_atomic(void **state)
{
    (void)state; /* and CLH with a store */
    start(VS_LOCK_MCS, 1);
    toy_critical(toy, A, VS_MODE_EXCLUSIVE);
    assert_near(period(crowd(1, 10, 100)), 5 + 100 + 5);
    start(VS_LOCK_CLH, 1);
    toy->machine.store_ps = 2000;
    toy_critical(toy, A, VS_MODE_EXCLUSIVE);
    assert_near(period(crowd(1, 10, 100)), 5 + 100 + 2);
}

/* ------------------------------------------------------------------ distances */

static struct vs_machine *load_machine(const char *name)
{
    struct vs_error error = VS_ERROR_INIT;
    struct vs_machine *machine = NULL;
    if (vs_machine_load(name, &machine, &error) < 0)
        fail_msg("%s: %s", name, error.text);
    return machine;
}

static void an_eight_socket_machine_has_448_cpus_and_two_halves(void **state)
{
    (void)state;
    struct vs_machine *machine = load_machine("xeon-8176-8s");
    assert_int_equal(vs_machine_cpus(machine), 448);
    assert_int_equal(vs_machine_distance(machine, 0, 1), VS_SAME_CORE);
    assert_int_equal(vs_machine_distance(machine, 0, 55), VS_SAME_SOCKET);
    assert_int_equal(vs_machine_distance(machine, 0, 56), VS_OTHER_SOCKET);
    assert_int_equal(vs_machine_distance(machine, 0, 4 * 56 - 1), VS_OTHER_SOCKET);
    assert_int_equal(vs_machine_distance(machine, 0, 4 * 56), VS_FAR_SOCKET);
    assert_int_equal(vs_machine_distance(machine, 447, 4 * 56), VS_OTHER_SOCKET);
    assert_int_equal(machine->transfer_ps[VS_FAR_SOCKET], 336600);
    vs_machine_free(machine);
}

static void the_engine_charges_the_far_half(void **state)
{
    (void)state; /* two vCPUs alternate on a line; one socket is one CPU */
    static const struct {
        uint32_t per_group;
        uint64_t transfer_ns;
    } rows[] = {{0, 150}, {2, 150}, {1, 300}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        toy = malloc(sizeof *toy);
        toy_init(toy, VS_LOCK_TICKET, 1);
        toy->machine.sockets = 2;
        toy->machine.sockets_per_group = rows[i].per_group;
        toy->machine.transfer_ps[VS_OTHER_SOCKET] = 150000;
        toy->machine.transfer_ps[VS_FAR_SOCKET] = 300000;
        toy_critical(toy, A, VS_MODE_EXCLUSIVE);
        toy_reserve(toy, 2, 2);
        toy_call(toy, 0, A, 0, 0, 0, 10);
        toy_call(toy, 1, A, 0, 1000, 0, 10);
        struct vs_result *result = toy_replay(toy, VS_TIMING_OPEN);
        assert_int_equal(result->makespan_ns, 1000 + rows[i].transfer_ns + 10);
        vs_result_free(result);
        toy_free(toy);
        free(toy);
    }
}

/* Compile a shipped profile with one text replaced. */
static void refused(const char *name, const char *old, const char *new, const char *reason)
{
    struct vs_machine *machine = load_machine(name), *changed = NULL;
    struct vs_error error = VS_ERROR_INIT;
    const char *at = strstr(machine->text, old);
    assert_non_null(at);
    size_t size = strlen(machine->text) + strlen(new) + 1;
    char *text = malloc(size);
    int length = snprintf(text, size, "%.*s%s%s", (int)(at - machine->text), machine->text, new,
                          at + strlen(old));
    int ret = vs_machine_compile(text, (size_t)length, "test", &changed, &error);
    if (ret != VS_ERR_INPUT || !strstr(error.text, reason))
        fail_msg("%s -> %s: %d, \"%s\"", old, new, ret, error.text);
    free(text);
    vs_machine_free(machine);
}

static void groups_of_sockets_need_their_transfer_and_the_other_way_round(void **state)
{
    (void)state;
    refused("xeon-8176-8s", "\"sockets_per_group\": 4, ", "", "no socket is far");
    refused("xeon-8176-8s", "\"sockets_per_group\": 4", "\"sockets_per_group\": 0", "1 to 8");
    refused("xeon-8176-8s", "\"sockets_per_group\": 4", "\"sockets_per_group\": 9", "1 to 8");
    refused("dual-xeon-e5-2690", "\"sockets\": 2,", "\"sockets\": 2, \"sockets_per_group\": 1,",
            "transfer_far_socket");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_busy_line_serves_one_request_per_service_time),
        cmocka_unit_test(a_release_within_its_turn_finds_the_line),
        cmocka_unit_test(a_counted_reference_is_as_busy_as_a_lock),
        cmocka_unit_test(ticket_hand_over_takes_half_a_service_time_at_least),
        cmocka_unit_test(queue_locks_hand_over_in_two_transfers_however_many_wait),
        cmocka_unit_test(queue_locks_are_fifo),
        cmocka_unit_test(mcs_gives_an_empty_queue_back_with_an_atomic),
        cmocka_unit_test(an_eight_socket_machine_has_448_cpus_and_two_halves),
        cmocka_unit_test(the_engine_charges_the_far_half),
        cmocka_unit_test(groups_of_sockets_need_their_transfer_and_the_other_way_round),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
