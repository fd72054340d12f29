/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The event queue takes out by (time, actor index), whatever was put in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "engine/internal.h"
#include "toy.h"

/* The same with a loop over all actors. */
static uint16_t slow_first(const vs_ps *times, size_t actors)
{
    size_t first = 0;
    for (size_t i = 1; i < actors; i++)
        if (times[i] < times[first])
            first = i;
    return (uint16_t)first;
}

/* Steps of time from one tie to the next, up to times that the queue calls far. */
static vs_ps draw_time(uint64_t *random, vs_ps now, unsigned scale)
{
    return now + ((toy_random(random) >> 33) % 16 << scale);
}

static void take_and_add(size_t actors, unsigned scale)
{
    uint64_t random = 7;
    struct vs_queue queue;
    vs_ps times[513], now = 0;
    size_t queued = 0;
    assert_int_equal(vs_queue_setup(&queue, actors), 0);
    for (size_t i = 0; i < actors; i++)
        times[i] = VS_NEVER;
    for (int round = 0; round < 10000; round++) {
        uint16_t actor = (uint16_t)((toy_random(&random) >> 33) % actors);
        uint16_t first = slow_first(times, actors);
        bool moves = queued > 0 && (toy_random(&random) >> 33) % 2 == 0;
        if (times[actor] == VS_NEVER) {
            times[actor] = draw_time(&random, now, scale);
            vs_queue_insert(&queue, actor, times[actor]);
            queued++;
        } else if (queued > 0) {
            now = times[first];
            times[first] = moves ? draw_time(&random, now, scale) : VS_NEVER;
            vs_queue_replace(&queue, first, times[first]);
            queued -= !moves;
        }
        first = slow_first(times, actors);
        assert_int_equal(vs_queue_next(&queue), times[first]);
        if (queued > 0)
            assert_int_equal(vs_queue_first(&queue), first);
    }
    vs_queue_release(&queue);
}

static void takes_by_time_then_actor(void **state)
{
    static const size_t sizes[] = {1, 2, 3, 5, 64, 513};
    static const unsigned scales[] = {0, 10, 44, 46, 50};
    (void)state;
    for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++)
        for (size_t i = 0; i < sizeof scales / sizeof scales[0]; i++)
            take_and_add(sizes[k], scales[i]);
}

static void before_asks_for_time_then_actor_then_clock(void **state)
{
    struct vs_engine engine = {.rcu.tick = VS_NEVER};
    struct vs_actor_run actors[4] = {{.now = 0}};
    (void)state;
    engine.actors = actors;
    assert_int_equal(vs_queue_setup(&engine.queue, 4), 0);
    assert_false(vs_event_before(&engine, 100, 0));
    vs_event_add(&engine, 2, 100);
    assert_int_equal(actors[2].now, 100);
    assert_false(vs_event_before(&engine, 99, 3));
    assert_false(vs_event_before(&engine, 100, 1));
    assert_true(vs_event_before(&engine, 100, 3));
    assert_true(vs_event_before(&engine, 101, 1));
    engine.rcu.tick = 99; /* the clock comes before all actors */
    assert_true(vs_event_before(&engine, 99, 0));
    vs_queue_release(&engine.queue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_by_time_then_actor),
        cmocka_unit_test(before_asks_for_time_then_actor_then_clock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
