/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What each lock kind grants, in which order and at what price, on timelines
 * short enough to check by hand.  All times in ns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "toy.h"

/* Operations are only names here: each test gives them the program it needs. */
#define A VS_OP_READ_PASSTHROUGH
#define B VS_OP_WRITE_PASSTHROUGH
#define C VS_OP_READ_HARDWARE

static struct toy *toy;

static int setup_kind(enum vs_lock_kind kind, uint32_t cpus)
{
    toy = malloc(sizeof *toy);
    toy_init(toy, kind, cpus);
    return 0;
}

static struct vs_result *finish(enum vs_timing timing)
{
    struct vs_result *result = toy_replay(toy, timing);
    assert_non_null(result);
    assert_int_equal(result->identities.overlap_count, 0);
    if (result->outcome == VS_OUTCOME_DONE) {
        assert_true(result->identities.little_worst < 1e-9);
        assert_int_equal(result->identities.time_error_ns, 0);
    }
    toy_free(toy);
    free(toy);
    return result;
}

static const struct vs_lock_stat *lock_row(const struct vs_result *result, enum vs_lock_mode mode)
{
    for (size_t i = 0; i < result->lock_count; i++)
        if (result->locks[i].lock == 0 && result->locks[i].mode == mode)
            return &result->locks[i];
    return NULL;
}

static void ticket_lock_is_fifo(void **state)
{
    (void)state;
    setup_kind(VS_LOCK_TICKET, 4);
    toy_critical(toy, A, VS_MODE_EXCLUSIVE);
    toy_reserve(toy, 3, 3);
    toy_call(toy, 2, A, 0, 0, 0, 100);
    toy_call(toy, 1, A, 0, 10, 0, 100);
    toy_call(toy, 0, A, 0, 20, 0, 100); /* lowest rank, but last to arrive */
    struct vs_result *result = finish(VS_TIMING_OPEN);
    const struct vs_lock_stat *row = lock_row(result, VS_MODE_EXCLUSIVE);
    assert_int_equal(row->acquire_count, 3);
    assert_int_equal(row->wait_count, 2);
    assert_int_equal(row->wait_total_ns, 90 + 180);
    assert_int_equal(row->wait_max_ns, 180);
    assert_int_equal(row->hold_total_ns, 300);
    assert_int_equal(result->makespan_ns, 300);
    assert_int_equal(result->blockers[0].wait_ns, 270);
    vs_result_free(result);
}

static void ticket_handover_grows_with_waiters(void **state)
{
    (void)state; /* saturated: 1 / X = s + transfer + c (N - 2) / 2 */
    const unsigned n = 32, rounds = 1000;
    setup_kind(VS_LOCK_TICKET, n);
    toy->machine.line_service_ps = 40000;
    toy->machine.transfer_ps[VS_SAME_SOCKET] = 20000;
    toy_critical(toy, A, VS_MODE_EXCLUSIVE);
    toy_reserve(toy, n, n * rounds);
    for (unsigned i = 0; i < n * rounds; i++)
        toy_call(toy, (uint16_t)(i % n), A, 0, 0, 0, 1000);
    struct vs_result *result = finish(VS_TIMING_CLOSED);
    double period = (double)result->makespan_ns / (n * rounds);
    assert_true(fabs(period - (1000 + 20 + 40 * (n - 2) / 2.0)) < 0.01 * period);
    vs_result_free(result);
}

static void recursive_lock_counts_and_ticket_lock_stops(void **state)
{
    (void)state;
    static const enum vs_lock_kind kinds[] = {VS_LOCK_RECURSIVE, VS_LOCK_TICKET};
    for (int i = 0; i < 2; i++) {
        setup_kind(kinds[i], 1);
        toy_lock_step(toy, A, VS_STEP_LOCK, 0, VS_MODE_EXCLUSIVE);
        toy_critical(toy, A, VS_MODE_EXCLUSIVE);
        toy_lock_step(toy, A, VS_STEP_UNLOCK, 0, VS_MODE_EXCLUSIVE);
        toy_reserve(toy, 1, 1);
        toy_call(toy, 0, A, 0, 0, 0, 100);
        struct vs_result *result = finish(VS_TIMING_CLOSED);
        if (kinds[i] == VS_LOCK_RECURSIVE) {
            assert_int_equal(result->outcome, VS_OUTCOME_DONE);
            assert_int_equal(lock_row(result, VS_MODE_EXCLUSIVE)->acquire_count, 1);
            assert_int_equal(lock_row(result, VS_MODE_EXCLUSIVE)->hold_total_ns, 100);
        } else {
            assert_int_equal(result->outcome, VS_OUTCOME_DEADLOCK);
            assert_int_equal(result->deadlock_count, 1);
            assert_int_equal(result->deadlock[0].holder, 0);
        }
        vs_result_free(result);
    }
}

static void waiting_writer_blocks_new_readers(void **state)
{
    (void)state;
    setup_kind(VS_LOCK_RWLOCK, 4);
    toy_critical(toy, A, VS_MODE_READ);
    toy_critical(toy, B, VS_MODE_WRITE);
    toy_reserve(toy, 4, 4);
    toy_call(toy, 0, A, 0, 0, 0, 100);
    toy_call(toy, 1, A, 0, 5, 0, 50);   /* reads beside the first */
    toy_call(toy, 2, B, 0, 10, 0, 100); /* waits for both, until 100 */
    toy_call(toy, 3, A, 0, 20, 0, 100); /* behind the writer, until 200 */
    struct vs_result *result = finish(VS_TIMING_OPEN);
    assert_int_equal(lock_row(result, VS_MODE_WRITE)->wait_total_ns, 90);
    assert_int_equal(lock_row(result, VS_MODE_READ)->wait_total_ns, 180);
    assert_int_equal(lock_row(result, VS_MODE_READ)->wait_count, 1);
    assert_int_equal(result->makespan_ns, 300);
    vs_result_free(result);
}

static void readers_behind_a_writer_enter_together(void **state)
{
    (void)state;
    setup_kind(VS_LOCK_RWLOCK, 4);
    toy_critical(toy, A, VS_MODE_READ);
    toy_critical(toy, B, VS_MODE_WRITE);
    toy_reserve(toy, 3, 3);
    toy_call(toy, 0, B, 0, 0, 0, 100);
    toy_call(toy, 1, A, 0, 10, 0, 100);
    toy_call(toy, 2, A, 0, 20, 0, 100);
    struct vs_result *result = finish(VS_TIMING_OPEN);
    assert_int_equal(lock_row(result, VS_MODE_READ)->wait_total_ns, 90 + 80);
    assert_int_equal(result->makespan_ns, 200);
    vs_result_free(result);
}

/* A: outer mode, inner mode; B: a writer in between when asked for. */
static enum vs_outcome nested(enum vs_lock_kind kind, enum vs_lock_mode outer,
                              enum vs_lock_mode inner, bool writer)
{
    setup_kind(kind, 4);
    toy_lock_step(toy, A, VS_STEP_LOCK, 0, outer);
    toy_work(toy, A, VS_WORK_CONF1_CYCLE);
    toy_lock_step(toy, A, VS_STEP_LOCK, 0, inner);
    toy_lock_step(toy, A, VS_STEP_UNLOCK, 0, inner);
    toy_lock_step(toy, A, VS_STEP_UNLOCK, 0, outer);
    toy_critical(toy, B, VS_MODE_WRITE);
    toy_reserve(toy, 2, 2);
    toy_call(toy, 0, A, 0, 0, 0, 100);
    if (writer)
        toy_call(toy, 1, B, 0, 10, 0, 100);
    struct vs_result *result = finish(VS_TIMING_OPEN);
    enum vs_outcome outcome = result->outcome;
    vs_result_free(result);
    return outcome;
}

static void nested_reads_stop_behind_a_waiting_writer(void **state)
{
    (void)state;
    enum vs_lock_mode r = VS_MODE_READ, w = VS_MODE_WRITE;
    assert_int_equal(nested(VS_LOCK_RWLOCK, r, r, false), VS_OUTCOME_DONE);
    assert_int_equal(nested(VS_LOCK_RWLOCK, r, r, true), VS_OUTCOME_DEADLOCK);
    assert_int_equal(nested(VS_LOCK_PERCPU_RWLOCK, r, r, true), VS_OUTCOME_DEADLOCK);
    assert_int_equal(nested(VS_LOCK_RWLOCK, w, r, true), VS_OUTCOME_DONE); /* 868a01021c */
    assert_int_equal(nested(VS_LOCK_RWLOCK, r, w, false), VS_OUTCOME_DEADLOCK);
    assert_int_equal(nested(VS_LOCK_RWLOCK, w, w, false), VS_OUTCOME_DEADLOCK);
}

static vs_ns scan_of(uint32_t sockets, uint32_t cpus)
{
    setup_kind(VS_LOCK_PERCPU_RWLOCK, cpus);
    toy->machine.sockets = sockets;
    toy->machine.cores_per_socket = cpus / sockets;
    toy->machine.transfer_ps[VS_SAME_SOCKET] = 50000;
    toy->machine.transfer_ps[VS_OTHER_SOCKET] = 200000;
    toy_critical(toy, B, VS_MODE_WRITE);
    toy_reserve(toy, cpus, 1);
    toy_call(toy, 0, B, 0, 0, 0, 100);
    struct vs_result *result = finish(VS_TIMING_OPEN);
    vs_ns makespan = result->makespan_ns;
    vs_result_free(result);
    return makespan;
}

static void percpu_writer_pays_for_every_other_cpu_by_distance(void **state)
{
    (void)state;
    assert_int_equal(scan_of(1, 1), 100);
    assert_int_equal(scan_of(1, 8), 7 * 50 + 100);
    assert_int_equal(scan_of(1, 64), 63 * 50 + 100);
    assert_int_equal(scan_of(2, 8), 3 * 50 + 4 * 200 + 100);
}

/* Blocked behind a writer: bias taken and given back, the inner queue, and the
 * bias again when its turn has come. */
static void a_blocked_reader_of_a_rwlock_does_four_atomics(void **state)
{
    (void)state;
    setup_kind(VS_LOCK_RWLOCK, 2);
    toy->machine.atomic_ps = 10000;
    toy->machine.line_service_ps = 10000;
    toy_critical(toy, A, VS_MODE_READ);
    toy_critical(toy, B, VS_MODE_WRITE);
    toy_reserve(toy, 2, 2);
    toy_call(toy, 0, B, 0, 0, 0, 500);
    toy_call(toy, 1, A, 0, 100, 0, 0);
    struct vs_result *result = finish(VS_TIMING_OPEN);
    /* the writer leaves at 10 + 500; the reader's last bias, and its release */
    assert_int_equal(result->makespan_ns, 510 + 10 + 10);
    /* it waits from the end of its third atomic on */
    assert_int_equal(result->lock_wait_total_ns, 520 - 130);
    vs_result_free(result);
}

static void percpu_readers_share_no_line(void **state)
{
    (void)state;
    static const enum vs_lock_kind kinds[] = {VS_LOCK_RWLOCK, VS_LOCK_PERCPU_RWLOCK};
    uint64_t transfers[2];
    for (int i = 0; i < 2; i++) {
        setup_kind(kinds[i], 8);
        toy_critical(toy, A, VS_MODE_READ);
        toy_reserve(toy, 8, 80);
        for (unsigned k = 0; k < 80; k++)
            toy_call(toy, (uint16_t)(k % 8), A, 0, k * 1000, 0, 10);
        struct vs_result *result = finish(VS_TIMING_OPEN);
        transfers[i] = lock_row(result, VS_MODE_READ)->transfer_count;
        vs_result_free(result);
    }
    assert_int_equal(transfers[0], 79);
    assert_int_equal(transfers[1], 0);
}

static void trylock_fails_while_held(void **state)
{
    (void)state;
    setup_kind(VS_LOCK_TICKET, 4);
    toy_critical(toy, A, VS_MODE_EXCLUSIVE);
    static struct vs_step taken[1];
    taken[0] = (struct vs_step){.kind = VS_STEP_UNLOCK, .mode = VS_MODE_EXCLUSIVE};
    struct vs_step *attempt = toy_step(toy, B, VS_STEP_TRY);
    attempt->mode = VS_MODE_EXCLUSIVE;
    attempt->body = (struct vs_block){.steps = taken, .count = 1};
    toy_reserve(toy, 2, 3);
    toy_call(toy, 0, A, 0, 0, 0, 100);
    toy_call(toy, 1, B, 0, 50, 0, 0);
    toy_call(toy, 1, B, 0, 150, 0, 0);
    struct vs_result *result = finish(VS_TIMING_OPEN);
    const struct vs_lock_stat *row = lock_row(result, VS_MODE_EXCLUSIVE);
    assert_int_equal(row->try_count, 2);
    assert_int_equal(row->try_failed_count, 1);
    assert_int_equal(row->acquire_count, 2);
    vs_result_free(result);
}

static void vcpus_share_a_pcpu_one_entry_at_a_time(void **state)
{
    (void)state;
    setup_kind(VS_LOCK_TICKET, 1);
    toy_work(toy, A, VS_WORK_CONF1_CYCLE);
    toy_reserve(toy, 3, 3);
    for (uint16_t i = 0; i < 3; i++)
        toy_call(toy, i, A, 0, 10 * i, 0, 100);
    struct vs_result *result = finish(VS_TIMING_OPEN);
    assert_int_equal(result->cpu_wait_total_ns, 90 + 180);
    assert_int_equal(result->makespan_ns, 300);
    assert_int_equal(result->latency.max_ns, 280);
    vs_result_free(result);
}

static void waits_on_other_domains_are_told_apart(void **state)
{
    (void)state;
    setup_kind(VS_LOCK_TICKET, 4);
    toy_critical(toy, A, VS_MODE_EXCLUSIVE);
    toy_reserve(toy, 3, 3);
    toy->workload.actors[2].domain = 1;
    toy_call(toy, 0, A, 0, 0, 0, 100);  /* d0 holds until 100 */
    toy_call(toy, 1, A, 0, 10, 0, 100); /* d0 waits 90 for d0 */
    toy_call(toy, 2, A, 0, 20, 0, 100); /* d1 waits 80 + 100 for d0 */
    struct vs_result *result = finish(VS_TIMING_OPEN);
    assert_int_equal(result->lock_wait_total_ns, 270);
    assert_int_equal(result->cross_domain_wait_ns, 180);
    vs_result_free(result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ticket_lock_is_fifo),
        cmocka_unit_test(ticket_handover_grows_with_waiters),
        cmocka_unit_test(recursive_lock_counts_and_ticket_lock_stops),
        cmocka_unit_test(waiting_writer_blocks_new_readers),
        cmocka_unit_test(readers_behind_a_writer_enter_together),
        cmocka_unit_test(nested_reads_stop_behind_a_waiting_writer),
        cmocka_unit_test(percpu_writer_pays_for_every_other_cpu_by_distance),
        cmocka_unit_test(a_blocked_reader_of_a_rwlock_does_four_atomics),
        cmocka_unit_test(percpu_readers_share_no_line),
        cmocka_unit_test(trylock_fails_while_held),
        cmocka_unit_test(vcpus_share_a_pcpu_one_entry_at_a_time),
        cmocka_unit_test(waits_on_other_domains_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
