/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What shared data costs by cache state: lists and handlers that another CPU
 * wrote are fetched once, everything else is warm.  Times in ns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "toy.h"

#define READ     VS_OP_READ_PASSTHROUGH
#define ADD      VS_OP_DEVICE_ADD
#define REMOVE   VS_OP_DEVICE_REMOVE
#define TRANSFER 100u /* ns, between any two CPUs here */
#define NODE     5u

static struct toy *toy;

/* Device 3 is not there at first; adding it links and makes its vPCI. */
static void prepare(void)
{
    toy = malloc(sizeof *toy);
    toy_init(toy, VS_LOCK_TICKET, 4);
    toy->machine.transfer_ps[VS_SAME_SOCKET] = TRANSFER * VS_PS_PER_NS;
    toy->machine.work_ps[VS_WORK_LIST_NODE] = NODE * VS_PS_PER_NS;
    toy->machine.work_ps[VS_WORK_HANDLER_NODE] = NODE * VS_PS_PER_NS;
    toy->devices[3].present = false;
    toy->shapes[READ].quantity[VS_Q_HANDLER_NODES] = 7;
    toy_step(toy, READ, VS_STEP_LOOKUP)->list = VS_LIST_ALL_DEVICES;
    struct vs_step *walk = toy_step(toy, READ, VS_STEP_WORK);
    walk->work = VS_WORK_HANDLER_NODE;
    walk->quantity = VS_Q_HANDLER_NODES;
    toy_step(toy, ADD, VS_STEP_ALLOCATE)->object = VS_OBJECT_PDEV;
    toy_step(toy, ADD, VS_STEP_LINK)->list = VS_LIST_ALL_DEVICES;
    toy_step(toy, ADD, VS_STEP_ALLOCATE)->object = VS_OBJECT_VPCI;
    toy_step(toy, ADD, VS_STEP_PUBLISH);
    toy_step(toy, REMOVE, VS_STEP_LOOKUP)->list = VS_LIST_ALL_DEVICES;
    toy_step(toy, REMOVE, VS_STEP_UNLINK)->list = VS_LIST_ALL_DEVICES;
    toy_reserve(toy, 4, 16);
}

static void end(struct vs_result *result)
{
    vs_result_free(result);
    toy_free(toy);
    free(toy);
}

/* Time that reads took, from a read's start to its end, summed. */
static uint64_t read_ns(const struct vs_result *result)
{
    for (size_t i = 0; i < result->latency_count; i++)
        if (result->latencies[i].op == READ)
            return result->latencies[i].latency.total_ns;
    return 0;
}

static void everything_is_warm_at_the_start(void **state)
{
    (void)state;
    prepare();
    toy_call(toy, 0, READ, 1, 0, 0, 0); /* second node, 7 handlers */
    toy_call(toy, 2, REMOVE, 0, 5000, 0, 0);
    struct vs_result *result = toy_replay(toy, VS_TIMING_OPEN);
    assert_int_equal(read_ns(result), 2 * NODE + 7 * NODE);
    assert_int_equal(result->cold_lines, 0);
    end(result);
}

static void a_list_that_another_cpu_wrote_is_fetched_once(void **state)
{
    (void)state; /* list_add: the head, the node, the former first */
    prepare();
    toy_call(toy, 1, ADD, 3, 0, 0, 0);
    toy_call(toy, 0, READ, 2, 1000, 0, 0); /* now the fourth node */
    toy_call(toy, 0, READ, 2, 5000, 0, 0);
    struct vs_result *result = toy_replay(toy, VS_TIMING_OPEN);
    assert_int_equal(read_ns(result), 2 * (4 + 7) * NODE + 3 * TRANSFER);
    assert_int_equal(result->cold_lines, 3);
    assert_int_equal(result->cold_ns, 3 * TRANSFER);
    end(result);
}

static void a_removal_writes_the_neighbours(void **state)
{
    (void)state;
    prepare();
    toy_call(toy, 1, REMOVE, 1, 0, 0, 0);
    toy_call(toy, 0, READ, 2, 1000, 0, 0); /* now the second node */
    struct vs_result *result = toy_replay(toy, VS_TIMING_OPEN);
    assert_int_equal(read_ns(result), (2 + 7) * NODE + 2 * TRANSFER);
    end(result);
}

static void a_walk_pays_for_no_more_lines_than_it_visits(void **state)
{
    (void)state; /* three are written, the head and one node are read */
    prepare();
    toy_call(toy, 1, REMOVE, 2, 0, 0, 0);
    toy_call(toy, 1, REMOVE, 1, 100, 0, 0); /* one neighbour each, the head last */
    toy_call(toy, 1, ADD, 3, 200, 0, 0);
    toy_call(toy, 2, READ, 3, 1000, 0, 0);
    struct vs_result *result = toy_replay(toy, VS_TIMING_OPEN);
    assert_int_equal(result->cold_lines, 2 + 7);
    end(result);
}

static void new_handlers_are_cold_to_all_but_who_made_them(void **state)
{
    (void)state;
    prepare();
    toy_call(toy, 1, ADD, 3, 0, 0, 0);
    toy_call(toy, 1, READ, 3, 1000, 0, 0);
    struct vs_result *result = toy_replay(toy, VS_TIMING_OPEN);
    assert_int_equal(result->cold_lines, 0);
    assert_int_equal(read_ns(result), (1 + 7) * NODE);
    end(result);

    prepare();
    toy_call(toy, 1, ADD, 3, 0, 0, 0);
    toy_call(toy, 0, READ, 3, 1000, 0, 0);
    toy_call(toy, 0, READ, 3, 5000, 0, 0);
    result = toy_replay(toy, VS_TIMING_OPEN);
    assert_int_equal(read_ns(result), 2 * (1 + 7) * NODE + (2 + 7) * TRANSFER);
    end(result);
}

static void a_far_writer_costs_more(void **state)
{
    (void)state;
    prepare();
    toy->machine.sockets = 2;
    toy->machine.cores_per_socket = 2;
    toy->machine.transfer_ps[VS_OTHER_SOCKET] = 3 * TRANSFER * VS_PS_PER_NS;
    toy_call(toy, 3, REMOVE, 1, 0, 0, 0);
    toy_call(toy, 0, READ, 2, 1000, 0, 0);
    struct vs_result *result = toy_replay(toy, VS_TIMING_OPEN);
    assert_int_equal(result->cold_ns, 2 * 3 * TRANSFER);
    end(result);
}

/* What the programs of operations that nobody calls do changes no byte: a replay
 * without lifecycle operations is what it was before this model. */
static void without_writers_of_lists_nothing_changes(void **state)
{
    (void)state;
    char *text[2];
    for (int with = 0; with < 2; with++) {
        prepare();
        toy->workload.shape_count = with ? ADD + 1u : READ + 1u; /* shapes alone */
        for (unsigned i = 0; i < 8; i++)
            toy_call(toy, (uint16_t)(i % 4), READ, (uint16_t)(i % 3), 100 * i, 0, 30);
        struct vs_result *result = toy_replay(toy, VS_TIMING_OPEN);
        assert_int_equal(result->cold_lines, 0);
        result->steps = 0; /* a walk that may be cold is a step of its own */
        struct vs_json_out *json = vs_result_json(result, &toy->policy, &toy->workload);
        assert_int_equal(vs_json_text(json, &text[with], NULL), 0);
        assert_null(strstr(text[with], "cold"));
        vs_json_out_free(json);
        end(result);
    }
    assert_string_equal(text[0], text[1]);
    free(text[0]);
    free(text[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_is_warm_at_the_start),
        cmocka_unit_test(a_list_that_another_cpu_wrote_is_fetched_once),
        cmocka_unit_test(a_removal_writes_the_neighbours),
        cmocka_unit_test(a_walk_pays_for_no_more_lines_than_it_visits),
        cmocka_unit_test(new_handlers_are_cold_to_all_but_who_made_them),
        cmocka_unit_test(a_far_writer_costs_more),
        cmocka_unit_test(without_writers_of_lists_nothing_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
