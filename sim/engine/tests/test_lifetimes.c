/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hazards are found when a program lets them through, and not when it does not:
 * a reader and a remover of one device, protected in different ways. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "toy.h"

#define READ   VS_OP_READ_PASSTHROUGH
#define REMOVE VS_OP_DEVICE_REMOVE
#define TOGGLE VS_OP_TOGGLE_DECODE
#define MAP    VS_OP_MAP_PENDING

static struct toy *toy;

static void prepare(enum vs_lock_kind kind)
{
    toy = malloc(sizeof *toy);
    toy_init(toy, kind, 4);
    toy_reserve(toy, 4, 8);
}

static struct vs_result *finish(void)
{
    struct vs_result *result = toy_replay(toy, VS_TIMING_OPEN);
    assert_non_null(result);
    toy_free(toy);
    free(toy);
    return result;
}

static void add_object(enum vs_op op, enum vs_step_kind kind, enum vs_object object)
{
    toy_step(toy, op, kind)->object = (uint8_t)object;
}

static void add_list(enum vs_op op, enum vs_step_kind kind, enum vs_list list)
{
    toy_step(toy, op, kind)->list = (uint8_t)list;
}

/* Look the device up, read pdev->vpci, work, use it, optionally all in a section. */
static void reader(bool lock, enum vs_step_kind enter, enum vs_step_kind leave)
{
    if (lock)
        toy_lock_step(toy, READ, enter, 0, VS_MODE_READ);
    add_list(READ, VS_STEP_LOOKUP, VS_LIST_ALL_DEVICES);
    toy_step(toy, READ, VS_STEP_DEREF);
    toy_work(toy, READ, VS_WORK_CONF1_CYCLE);
    add_object(READ, VS_STEP_USE, VS_OBJECT_VPCI);
    if (lock)
        toy_lock_step(toy, READ, leave, 0, VS_MODE_READ);
}

static void take_off_lists(void)
{
    add_list(REMOVE, VS_STEP_LOOKUP, VS_LIST_ALL_DEVICES);
    add_list(REMOVE, VS_STEP_UNLINK, VS_LIST_DOMAIN_DEVICES);
    add_list(REMOVE, VS_STEP_UNLINK, VS_LIST_ALL_DEVICES);
    toy_step(toy, REMOVE, VS_STEP_CLEAR);
}

static void free_both(enum vs_step_kind kind)
{
    add_object(REMOVE, kind, VS_OBJECT_VPCI);
    add_object(REMOVE, kind, VS_OBJECT_PDEV);
}

static void nothing_protects_a_reader(void **state)
{
    (void)state;
    prepare(VS_LOCK_RWLOCK);
    reader(false, 0, 0);
    take_off_lists();
    free_both(VS_STEP_FREE);
    toy_call(toy, 0, READ, 1, 0, 0, 100);
    toy_call(toy, 1, REMOVE, 1, 50, 0, 0);
    toy_call(toy, 2, READ, 1, 200, 0, 100); /* finds nothing: no hazard */
    struct vs_result *result = finish();
    const struct vs_hazard_stat *hazard = &result->hazards[VS_HAZARD_USE_AFTER_FREE];
    assert_int_equal(hazard->count, 1);
    assert_int_equal(hazard->first_ns, 100);
    assert_int_equal(hazard->actor, 0);
    assert_int_equal(hazard->device, 1);
    assert_int_equal(hazard->op, READ);
    assert_int_equal(hazard->other_op, REMOVE);
    assert_int_equal(result->missed_calls, 1);
    assert_int_equal(vs_result_hazard_total(result), 1);
    vs_result_free(result);
}

static void rwlock_protects_a_reader(void **state)
{
    (void)state;
    prepare(VS_LOCK_RWLOCK);
    reader(true, VS_STEP_LOCK, VS_STEP_UNLOCK);
    toy_lock_step(toy, REMOVE, VS_STEP_LOCK, 0, VS_MODE_WRITE);
    take_off_lists();
    free_both(VS_STEP_FREE);
    toy_lock_step(toy, REMOVE, VS_STEP_UNLOCK, 0, VS_MODE_WRITE);
    toy_call(toy, 0, READ, 1, 0, 0, 100);
    toy_call(toy, 1, REMOVE, 1, 50, 0, 0);
    toy_call(toy, 2, READ, 1, 60, 0, 100);
    struct vs_result *result = finish();
    assert_int_equal(vs_result_hazard_total(result), 0);
    assert_int_equal(result->missed_calls, 1);
    vs_result_free(result);
}

static void rcu_frees_after_the_readers(void **state)
{
    (void)state;
    static const enum vs_step_kind frees[] = {VS_STEP_CALL_RCU, VS_STEP_FREE};
    for (int i = 0; i < 2; i++) {
        prepare(VS_LOCK_RCU);
        reader(true, VS_STEP_RCU_READ_LOCK, VS_STEP_RCU_READ_UNLOCK);
        take_off_lists();
        free_both(frees[i]);
        toy_call(toy, 0, READ, 1, 0, 0, 100);
        toy_call(toy, 1, REMOVE, 1, 50, 0, 0);
        toy_call(toy, 2, READ, 2, 100000000, 0, 10); /* long after: the period has ended */
        struct vs_result *result = finish();
        bool rcu = frees[i] == VS_STEP_CALL_RCU;
        assert_int_equal(result->hazards[VS_HAZARD_USE_AFTER_FREE].count, rcu ? 0 : 1);
        assert_int_equal(result->hazards[VS_HAZARD_LIST_RACE].count, 0);
        assert_int_equal(result->grace_periods > 0, rcu);
        vs_result_free(result);
    }
}

static void rcu_barrier_under_a_lock_that_others_spin_on_stops(void **state)
{
    (void)state;
    for (int spins = 0; spins < 2; spins++) {
        prepare(VS_LOCK_RCU);
        toy->locks[1] = (struct vs_lock_decl){
            .name = (char *)"pcidevs", .kind = VS_LOCK_TICKET, .scope = VS_SCOPE_GLOBAL};
        toy->policy.lock_count = 2;
        toy_lock_step(toy, REMOVE, VS_STEP_LOCK, 1, VS_MODE_EXCLUSIVE);
        take_off_lists();
        free_both(VS_STEP_CALL_RCU);
        toy_work(toy, REMOVE, VS_WORK_CONF1_CYCLE);
        toy_step(toy, REMOVE, VS_STEP_RCU_BARRIER);
        toy_lock_step(toy, REMOVE, VS_STEP_UNLOCK, 1, VS_MODE_EXCLUSIVE);
        toy_lock_step(toy, READ, VS_STEP_LOCK, 1, VS_MODE_EXCLUSIVE);
        toy_lock_step(toy, READ, VS_STEP_UNLOCK, 1, VS_MODE_EXCLUSIVE);
        toy_call(toy, 0, REMOVE, 1, 0, 0, 100);
        if (spins)
            toy_call(toy, 1, READ, 2, 50, 0, 0);
        struct vs_result *result = finish();
        assert_int_equal(result->outcome, spins ? VS_OUTCOME_DEADLOCK : VS_OUTCOME_DONE);
        vs_result_free(result);
    }
}

static void lock_inside_a_freed_object_is_noticed(void **state)
{
    (void)state;
    prepare(VS_LOCK_TICKET);
    toy->locks[0].scope = VS_SCOPE_DEVICE;
    toy->locks[0].inside = VS_OBJECT_VPCI;
    add_list(READ, VS_STEP_LOOKUP, VS_LIST_ALL_DEVICES);
    toy_step(toy, READ, VS_STEP_DEREF);
    toy_critical(toy, READ, VS_MODE_EXCLUSIVE);
    take_off_lists();
    free_both(VS_STEP_FREE);
    toy_call(toy, 0, READ, 1, 0, 0, 100);  /* holds */
    toy_call(toy, 1, READ, 1, 10, 0, 100); /* spins */
    toy_call(toy, 2, REMOVE, 1, 50, 0, 0);
    struct vs_result *result = finish();
    assert_int_equal(result->outcome, VS_OUTCOME_DONE);
    assert_int_equal(result->hazards[VS_HAZARD_LOCK_AFTER_FREE].count, 2);
    assert_int_equal(result->hazards[VS_HAZARD_LOCK_AFTER_FREE].actor, 1);
    vs_result_free(result);
}

static void list_that_changes_under_a_walk_is_a_race(void **state)
{
    (void)state;
    prepare(VS_LOCK_RWLOCK);
    toy->machine.work_ps[VS_WORK_LIST_NODE] = 10000; /* device 3 is the 4th: 40 ns */
    reader(false, 0, 0);
    take_off_lists();
    toy_call(toy, 1, REMOVE, 0, 0, 0, 0); /* unlinks at 10 */
    toy_call(toy, 0, READ, 3, 5, 0, 10);  /* walks from 5 to 45 */
    struct vs_result *result = finish();
    assert_int_equal(result->hazards[VS_HAZARD_LIST_RACE].count, 1);
    assert_int_equal(result->hazards[VS_HAZARD_LIST_RACE].device, 0);
    vs_result_free(result);
}

static void pending_slot_by_pointer_dangles(void **state)
{
    (void)state;
    for (int by_sbdf = 0; by_sbdf < 2; by_sbdf++) {
        prepare(VS_LOCK_RWLOCK);
        add_list(TOGGLE, VS_STEP_LOOKUP, VS_LIST_ALL_DEVICES);
        toy_step(toy, TOGGLE, VS_STEP_DEFER)->by_sbdf = by_sbdf;
        toy_work(toy, TOGGLE, VS_WORK_CONF1_CYCLE);
        toy_step(toy, MAP, VS_STEP_TAKE_PENDING)->by_sbdf = by_sbdf;
        if (by_sbdf)
            add_list(MAP, VS_STEP_LOOKUP, VS_LIST_ALL_DEVICES);
        add_object(MAP, VS_STEP_USE, VS_OBJECT_PDEV);
        toy_step(toy, MAP, VS_STEP_CLEAR_PENDING);
        take_off_lists();
        free_both(VS_STEP_FREE);
        toy_call(toy, 0, TOGGLE, 1, 0, 0, 100);
        toy_call(toy, 1, REMOVE, 1, 50, 0, 0);
        struct vs_result *result = finish();
        assert_int_equal(result->hazards[VS_HAZARD_DANGLING_PENDING].count, by_sbdf ? 0 : 1);
        assert_int_equal(result->deferred_maps, 1);
        vs_result_free(result);
    }
}

static void last_reference_frees(void **state)
{
    (void)state;
    for (int counted = 0; counted < 2; counted++) {
        prepare(VS_LOCK_REFCOUNT);
        toy->locks[0].scope = VS_SCOPE_DEVICE;
        toy->locks[0].inside = VS_OBJECT_PDEV;
        add_list(READ, VS_STEP_LOOKUP, VS_LIST_ALL_DEVICES);
        if (counted)
            toy_step(toy, READ, VS_STEP_GET);
        toy_step(toy, READ, VS_STEP_DEREF);
        toy_work(toy, READ, VS_WORK_CONF1_CYCLE);
        add_object(READ, VS_STEP_USE, VS_OBJECT_PDEV);
        if (counted)
            toy_step(toy, READ, VS_STEP_PUT);
        take_off_lists();
        toy_step(toy, REMOVE, VS_STEP_PUT)->initial = true;
        toy_call(toy, 0, READ, 1, 0, 0, 100);
        toy_call(toy, 1, REMOVE, 1, 50, 0, 0);
        struct vs_result *result = finish();
        assert_int_equal(result->hazards[VS_HAZARD_USE_AFTER_FREE].count, counted ? 0 : 1);
        vs_result_free(result);
    }
}

static void bars_read_while_written_is_a_race(void **state)
{
    (void)state;
    for (int locked = 0; locked < 2; locked++) {
        prepare(VS_LOCK_TICKET);
        toy->machine.work_ps[VS_WORK_BAR_COMPARE] = 1000;
        enum vs_op ops[2] = {TOGGLE, VS_OP_WRITE_BAR};
        for (int i = 0; i < 2; i++) {
            if (locked)
                toy_lock_step(toy, ops[i], VS_STEP_LOCK, 0, VS_MODE_EXCLUSIVE);
            if (i == 0)
                toy_step(toy, ops[i], VS_STEP_READ_BARS)->count = 100;
            else
                toy_step(toy, ops[i], VS_STEP_WRITE_BARS);
            if (locked)
                toy_lock_step(toy, ops[i], VS_STEP_UNLOCK, 0, VS_MODE_EXCLUSIVE);
        }
        toy_call(toy, 0, TOGGLE, 1, 0, 0, 0); /* reads from 0 to 100 */
        toy_call(toy, 1, VS_OP_WRITE_BAR, 1, 50, 0, 0);
        struct vs_result *result = finish();
        assert_int_equal(result->hazards[VS_HAZARD_BAR_RACE].count, locked ? 0 : 1);
        vs_result_free(result);
    }
}

static void who_asks_for_the_owner_again_leaves_when_it_changed(void **state)
{
    (void)state;
    for (int asks = 0; asks < 2; asks++) {
        prepare(VS_LOCK_TICKET);
        add_list(READ, VS_STEP_LOOKUP, VS_LIST_ALL_DEVICES);
        toy_work(toy, READ, VS_WORK_CONF1_CYCLE);
        if (asks)
            toy_step(toy, READ, VS_STEP_RECHECK_OWNER);
        toy_step(toy, VS_OP_DEVICE_RESET, VS_STEP_SET_OWNER); /* to its caller, of domain 1 */
        toy->workload.actors[1].domain = 1;
        toy_call(toy, 0, READ, 1, 0, 0, 100);
        toy_call(toy, 1, VS_OP_DEVICE_RESET, 1, 50, 0, 0);
        struct vs_result *result = finish();
        assert_int_equal(result->hazards[VS_HAZARD_FORMER_OWNER].count, !asks);
        assert_int_equal(result->missed_calls, asks);
        vs_result_free(result);
    }
}

static void a_replay_never_fails(void **state)
{
    static struct vs_step softirq = {.kind = VS_STEP_SOFTIRQ};
    (void)state;
    for (int fails = 0; fails < 2; fails++) {
        prepare(VS_LOCK_TICKET);
        toy_lock_step(toy, READ, VS_STEP_LOCK, 0, VS_MODE_EXCLUSIVE);
        struct vs_step *may_fail = toy_step(toy, READ, VS_STEP_MAY_FAIL);
        *(fails ? &may_fail->body : &may_fail->orelse) = (struct vs_block){&softirq, 1};
        toy_lock_step(toy, READ, VS_STEP_UNLOCK, 0, VS_MODE_EXCLUSIVE);
        toy_call(toy, 0, READ, 1, 0, 0, 0);
        struct vs_result *result = finish();
        assert_int_equal(result->hazards[VS_HAZARD_SOFTIRQ_LOCKED].count, !fails);
        vs_result_free(result);
    }
}

static void a_retry_begins_again_until_it_gets_through(void **state)
{
    static struct vs_step retry = {.kind = VS_STEP_RETRY};
    (void)state;
    prepare(VS_LOCK_TICKET);
    toy_critical(toy, VS_OP_WRITE_BAR, VS_MODE_EXCLUSIVE);
    toy_lock_step(toy, READ, VS_STEP_TRY, 0, VS_MODE_EXCLUSIVE);
    toy->steps[READ][0].orelse = (struct vs_block){&retry, 1};
    toy_lock_step(toy, READ, VS_STEP_UNLOCK, 0, VS_MODE_EXCLUSIVE);
    toy_call(toy, 0, VS_OP_WRITE_BAR, 1, 0, 0, 100); /* holds it from 0 to 100 ns */
    toy_call(toy, 1, READ, 1, 40, 0, 0);             /* tries from 40 on, each nanosecond */
    struct vs_result *result = finish();
    assert_int_equal(result->outcome, VS_OUTCOME_DONE);
    assert_int_equal(result->calls, 2);
    assert_int_equal(result->missed_calls, 0);
    assert_in_range(result->makespan_ns, 100, 102);
    vs_result_free(result);
}

static void double_free_is_noticed(void **state)
{
    (void)state;
    prepare(VS_LOCK_TICKET);
    add_list(REMOVE, VS_STEP_LOOKUP, VS_LIST_ALL_DEVICES);
    toy_work(toy, REMOVE, VS_WORK_CONF1_CYCLE);
    add_object(REMOVE, VS_STEP_FREE, VS_OBJECT_PDEV);
    toy_call(toy, 0, REMOVE, 1, 0, 0, 100);
    toy_call(toy, 1, REMOVE, 1, 50, 0, 100);
    struct vs_result *result = finish();
    assert_int_equal(result->hazards[VS_HAZARD_DOUBLE_FREE].count, 1);
    vs_result_free(result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_protects_a_reader),
        cmocka_unit_test(rwlock_protects_a_reader),
        cmocka_unit_test(rcu_frees_after_the_readers),
        cmocka_unit_test(rcu_barrier_under_a_lock_that_others_spin_on_stops),
        cmocka_unit_test(lock_inside_a_freed_object_is_noticed),
        cmocka_unit_test(list_that_changes_under_a_walk_is_a_race),
        cmocka_unit_test(pending_slot_by_pointer_dangles),
        cmocka_unit_test(last_reference_frees),
        cmocka_unit_test(bars_read_while_written_is_a_race),
        cmocka_unit_test(double_free_is_noticed),
        cmocka_unit_test(who_asks_for_the_owner_again_leaves_when_it_changed),
        cmocka_unit_test(a_replay_never_fails),
        cmocka_unit_test(a_retry_begins_again_until_it_gets_through),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
