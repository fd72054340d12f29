/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whole runs by real threads: the same counts as in virtual time where order cannot
 * change them, deadlocks that end, and requests that are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine/tests/toy.h"
#include "threads/synthetic.h"
#include "threads/threads.h"

#define A VS_OP_READ_PASSTHROUGH
#define B VS_OP_WRITE_PASSTHROUGH
#define C VS_OP_READ_HARDWARE

#define SOON_NS UINT64_C(300000000) /* a real deadlock lasts for ever: any patience finds it */

/* Work is not what these tests are about: the clock is enough as it is. */
static struct vs_host_clock test_clock(void)
{
    return (struct vs_host_clock){.ticks_per_ns = 1, .carry_max = 200};
}

static int run(const struct vs_workload *workload, const struct vs_policy *policy,
               const struct vs_machine *machine, const struct vs_threads_options *asked,
               struct vs_result **result)
{
    struct vs_host_clock clock = test_clock();
    struct vs_threads_options options = *asked;
    struct vs_error error = VS_ERROR_INIT;
    options.clock = &clock;
    int ret = vs_threads_replay(workload, policy, machine, &options, result, &error);
    if (ret < 0 && ret != VS_ERR_USAGE && ret != VS_ERR_STOPPED)
        fail_msg("%s", error.text);
    return ret;
}

/* ------------------------------------------------------------------- equal */

static const struct vs_lock_stat *row_like(const struct vs_result *result,
                                           const struct vs_lock_stat *like)
{
    for (size_t i = 0; i < result->lock_count; i++)
        if (result->locks[i].lock == like->lock && result->locks[i].mode == like->mode &&
            result->locks[i].instance == like->instance)
            return &result->locks[i];
    return NULL;
}

static void assert_same_acquisitions(const struct vs_result *virtual, const struct vs_result *real,
                                     const char *policy)
{
    if (virtual->lock_count != real->lock_count)
        fail_msg("%s: %zu locks taken in virtual time, %zu by threads", policy, virtual->lock_count,
                 real->lock_count);
    for (size_t i = 0; i < virtual->lock_count; i++) {
        const struct vs_lock_stat *a = &virtual->locks[i], *b = row_like(real, a);
        if (!b || a->acquire_count != b->acquire_count || a->try_count != b->try_count)
            fail_msg("%s: lock %u mode %u instance %u: taken %lu times in virtual time, %lu by "
                     "threads",
                     policy, a->lock, a->mode, a->instance, (unsigned long)a->acquire_count,
                     b ? (unsigned long)b->acquire_count : 0ul);
    }
}

/* Both engines on one workload, which it frees. */
static void compare_workload(struct vs_workload *workload, const struct vs_threads_options *options,
                             const char *name, bool all_counts)
{
    struct vs_policy *policy = NULL;
    struct vs_machine *machine = NULL;
    struct vs_result *virtual = NULL, *real = NULL;
    struct vs_error error = VS_ERROR_INIT;
    assert_int_equal(vs_policy_load(name, &policy, &error), 0);
    assert_int_equal(vs_machine_load(vs_machine_names()[0], &machine, &error), 0);
    assert_int_equal(
        vs_engine_replay(workload, policy, machine, &options->engine, &virtual, &error), 0);
    assert_int_equal(run(workload, policy, machine, options, &real), 0);
    assert_true(real->measured);
    assert_false(virtual->measured);
    assert_int_equal(real->outcome, VS_OUTCOME_DONE);
    assert_int_equal(real->calls, workload->call_count);
    assert_int_equal(real->calls, virtual->calls);
    assert_same_acquisitions(virtual, real, name);
    if (all_counts) {
        assert_int_equal(real->steps, virtual->steps);
        assert_int_equal(real->missed_calls, virtual->missed_calls);
        assert_int_equal(real->deferred_maps, virtual->deferred_maps);
        for (int i = 0; i < VS_HAZARD_COUNT; i++) {
            assert_int_equal(real->hazards[i].count, virtual->hazards[i].count);
            if (virtual->hazards[i].count == 0)
                continue;
            assert_int_equal(real->hazards[i].op, virtual->hazards[i].op);
            assert_int_equal(real->hazards[i].other_op, virtual->hazards[i].other_op);
        }
        assert_int_equal(real->latency.count, virtual->latency.count);
        assert_int_equal(real->latency_count, virtual->latency_count);
        for (size_t i = 0; i < real->latency_count; i++)
            assert_int_equal(real->latencies[i].latency.count, virtual->latencies[i].latency.count);
    }
    vs_result_free(virtual);
    vs_result_free(real);
    vs_workload_free(workload);
    vs_policy_free(policy);
    vs_machine_free(machine);
}

static void compare(const struct vs_synthetic *synthetic, const char *name, bool all_counts)
{
    const struct vs_threads_options options = {0};
    struct vs_workload *workload = NULL;
    struct vs_error error = VS_ERROR_INIT;
    assert_int_equal(vs_synthetic_workload(synthetic, &workload, &error), 0);
    compare_workload(workload, &options, name, all_counts);
}

static void one_thread_takes_the_steps_of_virtual_time(void **state)
{
    const struct vs_synthetic synthetic = {.vcpus = 1,
                                           .calls = 400,
                                           .mean_gap_ns = 3000,
                                           .write_percent = 30,
                                           .toggle_percent = 10,
                                           .events = true,
                                           .seed = 3};
    (void)state;
    for (const char *const *name = vs_policy_names(); *name; name++)
        compare(&synthetic, *name, true);
}

#define SHARED_CALLS   400u
#define SHARED_DEVICES 4u

static uint32_t shared_sbdf(uint32_t device)
{
    return UINT32_C(1) << 16 | (device + 1) << 3;
}

static void describe_shared_host(struct vs_trace_meta *meta)
{
    vs_trace_meta_init(meta);
    meta->synthetic = true;
    for (uint16_t i = 0; i < 2; i++) {
        struct vs_trace_domain *domain = vs_trace_meta_add_domain(meta);
        domain->id = i;
        domain->vcpus = 1;
        domain->hardware_domain = i == 0;
    }
    for (uint32_t i = 0; i < SHARED_DEVICES; i++) {
        struct vs_trace_device *device = vs_trace_meta_add_device(meta);
        /* Vendor and device, memory decoding on, one 64 KiB memory BAR. */
        uint8_t config[64] = {0x86, 0x80, (uint8_t)i, 0x10, 0x02, 0, 0x10, 0};
        config[0x12] = (uint8_t)(i + 1);
        config[0x13] = 0xf0;
        device->sbdf = shared_sbdf(i);
        device->domain = i % 2;
        device->bar_size[0] = 65536;
        assert_int_equal(vs_trace_device_set_config(device, config, sizeof config), 0);
    }
}

/* Domain 0 reaches for all devices of the host, which go to domain 1, away and back.  One vCPU
 * makes all calls, so that no order is left to chance. */
static struct vs_workload *shared_host(void)
{
    static const uint8_t events[] = {VS_KIND_DEVICE_DEASSIGN, VS_KIND_DEVICE_ASSIGN,
                                     VS_KIND_DEVICE_REMOVE, VS_KIND_DEVICE_ADD};
    static struct vs_record records[SHARED_CALLS];
    struct vs_workload *workload = NULL;
    struct vs_error error = VS_ERROR_INIT;
    struct vs_trace_meta meta;
    uint64_t random = 17;
    uint16_t owner[SHARED_DEVICES] = {0, 1, 0, 1};
    describe_shared_host(&meta);
    for (uint32_t i = 0; i < SHARED_CALLS; i++) {
        uint32_t round = i / 8, device = (uint32_t)(toy_random(&random) % SHARED_DEVICES);
        uint64_t chance = toy_random(&random) % 8;
        struct vs_record *record = &records[i];
        *record = (struct vs_record){.time_ns = i * UINT64_C(3000),
                                     .sbdf = shared_sbdf(device),
                                     .flags = VS_FLAG_PATH_ECAM | VS_FLAG_SYNTHETIC,
                                     .kind = chance ? VS_KIND_CFG_READ : VS_KIND_CFG_WRITE,
                                     .reg = chance ? 0x10 : 4,
                                     .size = chance ? 4 : 2,
                                     .value = (uint32_t)(i % 16 < 8) << 1};
        if (i % 8 != 7)
            continue;
        device = round / 4 % SHARED_DEVICES;
        record->kind = events[round % 4];
        record->reg = 0;
        record->size = 0;
        record->sbdf = shared_sbdf(device);
        record->value = record->kind == VS_KIND_DEVICE_DEASSIGN ? owner[device] : 0;
        if (record->kind == VS_KIND_DEVICE_ASSIGN)
            record->value = owner[device] = (uint16_t)(1 - owner[device]);
    }
    if (vs_workload_from_records(&meta, records, SHARED_CALLS, NULL, &workload, &error) < 0)
        fail_msg("%s", error.text);
    vs_trace_meta_free(&meta);
    return workload;
}

static void one_thread_among_two_domains_takes_the_steps_of_virtual_time(void **state)
{
    const struct vs_threads_options options = {0};
    (void)state;
    for (const char *const *name = vs_policy_names(); *name; name++)
        compare_workload(shared_host(), &options, *name, true);
}

static void two_threads_take_as_many_locks_as_in_virtual_time(void **state)
{
    /* No events and no toggles: which path a call takes depends on no order. */
    const struct vs_synthetic synthetic = {
        .vcpus = 2, .calls = 400, .mean_gap_ns = 3000, .write_percent = 30, .seed = 5};
    (void)state;
    for (const char *const *name = vs_policy_names(); *name; name++)
        compare(&synthetic, *name, true);
}

static void more_vcpus_than_threads_take_turns(void **state)
{
    const struct vs_synthetic synthetic = {
        .vcpus = 5, .calls = 100, .mean_gap_ns = 20000, .write_percent = 30, .seed = 7};
    (void)state;
    compare(&synthetic, "pci-lock", true);
    compare(&synthetic, "rcu", true);
}

/* --------------------------------------------------------------- deadlocks */

static struct toy *toy_new(enum vs_lock_kind kind)
{
    struct toy *toy = malloc(sizeof *toy);
    toy_init(toy, kind, 2);
    return toy;
}

static void toy_end(struct toy *toy)
{
    toy_free(toy);
    free(toy);
}

static struct vs_result *toy_run(struct toy *toy)
{
    const struct vs_threads_options options = {.patience_ns = SOON_NS};
    struct vs_result *result = NULL;
    assert_int_equal(run(&toy->workload, &toy->policy, &toy->machine, &options, &result), 0);
    return result;
}

static void a_lock_taken_twice_ends_as_a_deadlock(void **state)
{
    static const enum vs_lock_kind kinds[] = {VS_LOCK_TICKET, VS_LOCK_MCS, VS_LOCK_CLH,
                                              VS_LOCK_RWLOCK, VS_LOCK_PERCPU_RWLOCK};
    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        enum vs_lock_mode mode =
            vs_lock_kind_table[kinds[i]].exclusive ? VS_MODE_EXCLUSIVE : VS_MODE_WRITE;
        struct toy *toy = toy_new(kinds[i]);
        toy_lock_step(toy, A, VS_STEP_LOCK, 0, mode);
        toy_lock_step(toy, A, VS_STEP_LOCK, 0, mode);
        toy_critical(toy, B, mode);
        toy_reserve(toy, 2, 2);
        toy_call(toy, 0, A, 0, 0, 0, 100);
        toy_call(toy, 1, B, 0, 50, 50, 100); /* hangs on the other one's knot, or is past */
        struct vs_result *result = toy_run(toy);
        assert_int_equal(result->outcome, VS_OUTCOME_DEADLOCK);
        assert_true(result->deadlock_count >= 1);
        assert_int_equal(result->deadlock[0].actor, 0);
        assert_int_equal(result->deadlock[0].holder, 0);
        assert_true(result->calls <= 1);
        vs_result_free(result);
        toy_end(toy);
    }
}

static void recursion_is_no_deadlock(void **state)
{
    (void)state;
    struct toy *toy = toy_new(VS_LOCK_RECURSIVE);
    toy_lock_step(toy, A, VS_STEP_LOCK, 0, VS_MODE_EXCLUSIVE);
    toy_critical(toy, A, VS_MODE_EXCLUSIVE);
    toy_lock_step(toy, A, VS_STEP_UNLOCK, 0, VS_MODE_EXCLUSIVE);
    toy_reserve(toy, 2, 40);
    for (uint16_t i = 0; i < 40; i++)
        toy_call(toy, i % 2, A, 0, i, 0, 100);
    struct vs_result *result = toy_run(toy);
    assert_int_equal(result->outcome, VS_OUTCOME_DONE);
    assert_int_equal(result->calls, 40);
    assert_int_equal(result->locks[0].acquire_count, 40); /* the inner ones do not count */
    vs_result_free(result);
    toy_end(toy);
}

/* Two locks in both orders.  Whether two threads meet is up to the host: tried until
 * they do. */
static void two_orders_of_two_locks_end_as_a_deadlock(void **state)
{
    bool found = false;
    (void)state;
    for (int attempt = 0; !found && attempt < 50; attempt++) {
        struct toy *toy = toy_new(VS_LOCK_TICKET);
        toy->locks[1] = toy->locks[0];
        toy->policy.lock_count = 2;
        for (int op = 0; op < 2; op++) {
            enum vs_op which = op ? B : A;
            toy_lock_step(toy, which, VS_STEP_LOCK, (uint8_t)op, VS_MODE_EXCLUSIVE);
            toy_work(toy, which, VS_WORK_CONF1_CYCLE);
            toy_lock_step(toy, which, VS_STEP_LOCK, (uint8_t)!op, VS_MODE_EXCLUSIVE);
            toy_lock_step(toy, which, VS_STEP_UNLOCK, (uint8_t)!op, VS_MODE_EXCLUSIVE);
            toy_lock_step(toy, which, VS_STEP_UNLOCK, (uint8_t)op, VS_MODE_EXCLUSIVE);
        }
        toy_reserve(toy, 2, 400);
        for (uint16_t i = 0; i < 400; i++)
            toy_call(toy, i % 2, i % 2 ? B : A, 0, i, 0, 100000);
        struct vs_result *result = toy_run(toy);
        found = result->outcome == VS_OUTCOME_DEADLOCK;
        if (found) {
            assert_int_equal(result->deadlock_count, 2);
            assert_int_equal(result->deadlock[0].holder, 1);
            assert_int_equal(result->deadlock[1].holder, 0);
        }
        vs_result_free(result);
        toy_end(toy);
    }
    assert_true(found);
}

/* rcu_barrier with a lock held for which a pCPU spins that has to pass (S15). */
static void a_barrier_behind_a_spinning_thread_ends_as_a_deadlock(void **state)
{
    bool found = false;
    (void)state;
    for (int attempt = 0; !found && attempt < 50; attempt++) {
        struct toy *toy = toy_new(VS_LOCK_TICKET);
        toy->locks[1] = (struct vs_lock_decl){.name = (char *)"rcu",
                                              .kind = VS_LOCK_RCU,
                                              .scope = VS_SCOPE_GLOBAL,
                                              .source = (char *)"toy"};
        toy->policy.lock_count = 2;
        toy_lock_step(toy, A, VS_STEP_LOCK, 0, VS_MODE_EXCLUSIVE);
        toy_work(toy, A, VS_WORK_CONF1_CYCLE);
        toy_step(toy, A, VS_STEP_CALL_RCU)->object = VS_OBJECT_PDEV;
        toy_step(toy, A, VS_STEP_RCU_BARRIER);
        toy_lock_step(toy, A, VS_STEP_UNLOCK, 0, VS_MODE_EXCLUSIVE);
        toy_critical(toy, B, VS_MODE_EXCLUSIVE);
        toy_reserve(toy, 2, 2);
        toy_call(toy, 0, A, 0, 0, 0, 20000000); /* 20 ms, so that the other one comes */
        toy_call(toy, 1, B, 0, 1000000, 1000000, 100);
        struct vs_result *result = toy_run(toy);
        found = result->outcome == VS_OUTCOME_DEADLOCK;
        vs_result_free(result);
        toy_end(toy);
    }
    assert_true(found);
}

/* ----------------------------------------------------------------- hazards */

static void a_use_after_free_is_counted_and_nothing_breaks(void **state)
{
    (void)state;
    struct toy *toy = toy_new(VS_LOCK_TICKET);
    toy_step(toy, C, VS_STEP_LOOKUP)->list = VS_LIST_ALL_DEVICES;
    toy_step(toy, C, VS_STEP_DEREF);
    toy_step(toy, C, VS_STEP_FREE)->object = VS_OBJECT_VPCI;
    toy_step(toy, C, VS_STEP_USE)->object = VS_OBJECT_VPCI;
    toy_reserve(toy, 1, 1);
    toy_call(toy, 0, C, 1, 0, 0, 10);
    struct vs_result *virtual = toy_replay(toy, VS_TIMING_CLOSED), *real = toy_run(toy);
    assert_int_equal(virtual->hazards[VS_HAZARD_USE_AFTER_FREE].count, 1);
    assert_int_equal(real->hazards[VS_HAZARD_USE_AFTER_FREE].count, 1);
    assert_int_equal(real->hazards[VS_HAZARD_USE_AFTER_FREE].device, 1);
    assert_int_equal(real->hazards[VS_HAZARD_USE_AFTER_FREE].other_op, C);
    vs_result_free(virtual);
    vs_result_free(real);
    toy_end(toy);
}

/* Of what is classed from a trace, accesses to another's device end before any lookup; here the
 * lookup itself must tell. */
static void another_domains_device_and_one_without_vpci_are_missed(void **state)
{
    (void)state;
    struct toy *toy = toy_new(VS_LOCK_TICKET);
    toy_step(toy, C, VS_STEP_LOOKUP)->list = VS_LIST_ALL_DEVICES;
    toy_step(toy, C, VS_STEP_DEREF);
    toy_critical(toy, C, VS_MODE_EXCLUSIVE);
    toy->devices[1].owner = 1;
    toy->devices[2].has_vpci = false;
    toy->devices[3].hidden = true;
    toy->devices[3].owner = 1;
    toy_reserve(toy, 1, 4);
    for (uint16_t device = 0; device < 4; device++)
        toy_call(toy, 0, C, device, device * 1000u, 1000, 10);
    struct vs_result *virtual = toy_replay(toy, VS_TIMING_CLOSED), *real = toy_run(toy);
    assert_int_equal(virtual->missed_calls, 2); /* devices 1 and 2 */
    assert_int_equal(real->missed_calls, 2);
    assert_int_equal(real->steps, virtual->steps);
    assert_same_acquisitions(virtual, real, "toy");
    assert_int_equal(vs_result_hazard_total(real), vs_result_hazard_total(virtual));
    vs_result_free(virtual);
    vs_result_free(real);
    toy_end(toy);
}

static void what_all_threads_do_to_shared_objects_is_atomic(void **state)
{
    /* Under `none` everybody meets at every object; ThreadSanitizer is the judge. */
    const struct vs_synthetic synthetic = {.vcpus = 4,
                                           .calls = 500,
                                           .mean_gap_ns = 2000,
                                           .write_percent = 60,
                                           .toggle_percent = 40,
                                           .events = true,
                                           .seed = 11};
    static const char *const names[] = {"none", "refcount", "rcu", "pci-lock"};
    const struct vs_threads_options options = {.patience_ns = SOON_NS * 100};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct vs_workload *workload = NULL;
        struct vs_policy *policy = NULL;
        struct vs_machine *machine = NULL;
        struct vs_result *result = NULL;
        struct vs_error error = VS_ERROR_INIT;
        assert_int_equal(vs_synthetic_workload(&synthetic, &workload, &error), 0);
        assert_int_equal(vs_policy_load(names[i], &policy, &error), 0);
        assert_int_equal(vs_machine_load(vs_machine_names()[0], &machine, &error), 0);
        assert_int_equal(run(workload, policy, machine, &options, &result), 0);
        assert_int_equal(result->outcome, VS_OUTCOME_DONE);
        assert_int_equal(result->calls, workload->call_count);
        for (int k = 0; k < VS_HAZARD_COUNT; k++) /* who ran into it was in a known operation */
            assert_true(result->hazards[k].count == 0 || result->hazards[k].op < VS_OP_COUNT);
        vs_result_free(result);
        vs_workload_free(workload);
        vs_policy_free(policy);
        vs_machine_free(machine);
    }
}

/* ------------------------------------------------------- limits, stop, clock */

static void wrong_requests_are_refused(void **state)
{
    (void)state;
    struct toy *toy = toy_new(VS_LOCK_TICKET);
    const struct vs_threads_options too_many = {.engine.cpus = 100000};
    atomic_bool stop = true;
    const struct vs_threads_options stopped = {.engine.stop = &stop};
    struct vs_result *result = NULL;
    toy_critical(toy, A, VS_MODE_EXCLUSIVE);
    toy_reserve(toy, 1, 1);
    toy_call(toy, 0, A, 0, 0, 4000000000u, 100); /* would take 4 s */
    assert_int_equal(run(&toy->workload, &toy->policy, &toy->machine, &too_many, &result),
                     VS_ERR_USAGE);
    assert_int_equal(run(&toy->workload, &toy->policy, &toy->machine, &stopped, &result),
                     VS_ERR_STOPPED);
    assert_null(result);
    toy_end(toy);
}

static void a_row_of_spins_is_never_short(void **state)
{
    struct vs_host_clock clock;
    struct vs_error error = VS_ERROR_INIT;
    char text[VS_HOST_CLOCK_TEXT];
    int64_t ahead = 0;
    (void)state;
    assert_int_equal(vs_host_clock_calibrate(&clock, &error), 0);
    assert_true(clock.ticks_per_ns > 0);
    vs_ticks from = vs_host_clock_now(&clock);
    for (int i = 0; i < 1000; i++)
        vs_host_clock_spin(&clock, vs_host_clock_ticks(&clock, 500), &ahead);
    vs_ns took_ns = vs_host_clock_ns(&clock, vs_host_clock_now(&clock) - from);
    /* What a spin is known to take besides may have been less this once. */
    vs_ns known_ns = vs_host_clock_ns(&clock, clock.own_ticks + clock.carry_max);
    assert_true(took_ns + 1000 * vs_host_clock_ns(&clock, clock.own_ticks) + known_ns >= 500000);
    assert_non_null(strstr(vs_host_clock_text(&clock, text), "1000 ns took"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_thread_takes_the_steps_of_virtual_time),
        cmocka_unit_test(one_thread_among_two_domains_takes_the_steps_of_virtual_time),
        cmocka_unit_test(two_threads_take_as_many_locks_as_in_virtual_time),
        cmocka_unit_test(more_vcpus_than_threads_take_turns),
        cmocka_unit_test(a_lock_taken_twice_ends_as_a_deadlock),
        cmocka_unit_test(recursion_is_no_deadlock),
        cmocka_unit_test(two_orders_of_two_locks_end_as_a_deadlock),
        cmocka_unit_test(a_barrier_behind_a_spinning_thread_ends_as_a_deadlock),
        cmocka_unit_test(a_use_after_free_is_counted_and_nothing_breaks),
        cmocka_unit_test(another_domains_device_and_one_without_vpci_are_missed),
        cmocka_unit_test(what_all_threads_do_to_shared_objects_is_atomic),
        cmocka_unit_test(wrong_requests_are_refused),
        cmocka_unit_test(a_row_of_spins_is_never_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
