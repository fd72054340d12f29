/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The event queue takes out by (time, actor index), whatever was put in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "engine/internal.h"
#include "toy.h"

static void fill_engine(struct vs_engine *engine, struct vs_workload *workload, size_t actors)
{
    memset(engine, 0, sizeof *engine);
    memset(workload, 0, sizeof *workload);
    workload->actor_count = actors;
    engine->workload = workload;
    engine->rcu.tick = VS_NEVER;
    engine->actors = calloc(actors, sizeof *engine->actors);
    assert_non_null(engine->actors);
    assert_int_equal(vs_queue_setup(engine), 0);
}

static void free_engine(struct vs_engine *engine)
{
    free(engine->actors);
    free(engine->queue.at);
    free(engine->queue.who);
}

/* The same with a loop over all actors. */
static uint16_t slow_first(const vs_ps *times, size_t actors)
{
    size_t first = 0;
    for (size_t i = 1; i < actors; i++)
        if (times[i] < times[first])
            first = i;
    return (uint16_t)first;
}

static void takes_by_time_then_actor(void **state)
{
    static const size_t sizes[] = {1, 2, 3, 5, 64, 513};
    uint64_t random = 7;
    (void)state;
    for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
        struct vs_workload workload;
        struct vs_engine engine;
        size_t actors = sizes[k], queued = 0;
        vs_ps times[513];
        fill_engine(&engine, &workload, actors);
        for (size_t i = 0; i < actors; i++)
            times[i] = VS_NEVER;
        for (int round = 0; round < 20000; round++) {
            uint16_t actor = (uint16_t)(toy_random(&random) % actors);
            if (times[actor] == VS_NEVER && toy_random(&random) % 3 != 0) {
                times[actor] = toy_random(&random) % 16; /* many ties */
                vs_queue_add(&engine, actor, times[actor]);
                assert_int_equal(engine.actors[actor].now, times[actor]);
                queued++;
            } else if (queued > 0) {
                uint16_t first = slow_first(times, actors);
                assert_int_equal(engine.queue.at[1], times[first]);
                assert_int_equal(vs_queue_first(&engine), first);
                assert_int_equal(vs_queue_take(&engine), first);
                times[first] = VS_NEVER;
                queued--;
            }
            assert_int_equal(engine.queue.at[1] == VS_NEVER, queued == 0);
        }
        free_engine(&engine);
    }
}

static void before_asks_for_time_then_actor_then_clock(void **state)
{
    struct vs_workload workload;
    struct vs_engine engine;
    (void)state;
    fill_engine(&engine, &workload, 4);
    assert_false(vs_queue_before(&engine, 100, 0));
    vs_queue_add(&engine, 2, 100);
    assert_false(vs_queue_before(&engine, 99, 3));
    assert_false(vs_queue_before(&engine, 100, 1));
    assert_true(vs_queue_before(&engine, 100, 3));
    assert_true(vs_queue_before(&engine, 101, 1));
    engine.rcu.tick = 99; /* the clock comes before all actors */
    assert_true(vs_queue_before(&engine, 99, 0));
    free_engine(&engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_by_time_then_actor),
        cmocka_unit_test(before_asks_for_time_then_actor_then_clock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
