/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each real lock, under real threads: exclusion, who is let in beside whom, order,
 * recursion, and that a wait which can never end is ended. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "threads/lock.h"

#define THREADS_MAX 4
#define ROUNDS      500u
/* A wait inside a library never yields: on a busy host each may cost a time slice. */
#define LIBRARY_ROUNDS 100u

struct scene {
    struct vs_real_lock *lock;
    const struct vs_real_lock_ops *ops;
    struct vs_host_clock clock;
    struct vs_lock_user *users;
    struct vs_lock_node *nodes;
    atomic_uint ending, ready;
    unsigned threads, rounds;
    _Atomic uint64_t counter; /* never by a read-modify-write: only the lock makes it exact */
    _Atomic uint32_t readers, writers, broken;
    _Atomic uint32_t step;
    _Atomic uint32_t order[THREADS_MAX]; /* who was let in, by once() */
};

struct task {
    struct scene *scene;
    unsigned index;
    enum vs_lock_mode mode;
};

static void scene_begin(struct scene *scene, enum vs_lock_kind kind, unsigned threads)
{
    *scene = (struct scene){.ops = vs_real_lock_ops[kind], .threads = threads, .rounds = ROUNDS};
    if (kind == VS_LOCK_MCS || kind == VS_LOCK_CLH)
        scene->rounds = LIBRARY_ROUNDS;
    scene->clock = (struct vs_host_clock){.ticks_per_ns = 1};
    scene->lock = aligned_alloc(VS_LINE_BYTES, sizeof *scene->lock);
    scene->users = aligned_alloc(VS_LINE_BYTES, THREADS_MAX * sizeof *scene->users);
    scene->nodes = aligned_alloc(VS_LINE_BYTES, 2 * THREADS_MAX * sizeof *scene->nodes);
    assert_int_equal(vs_real_lock_setup(scene->lock, kind, THREADS_MAX), 0);
    for (unsigned i = 0; i < THREADS_MAX; i++)
        scene->users[i] = (struct vs_lock_user){
            .cpu = (uint16_t)i, .clock = &scene->clock, .ending = &scene->ending};
    for (unsigned i = 0; i < 2 * THREADS_MAX; i++)
        vs_lock_node_setup(&scene->nodes[i]);
}

static void scene_end(struct scene *scene)
{
    vs_real_lock_release(scene->lock);
    free(scene->lock);
    free(scene->users);
    free(scene->nodes);
}

static bool take(struct scene *scene, unsigned user, enum vs_lock_mode mode)
{
    return vs_real_lock_acquire(scene->lock, &scene->users[user], &scene->nodes[user], mode);
}

static bool try(struct scene *scene, unsigned user, enum vs_lock_mode mode)
{
    return scene->ops->try_acquire(scene->lock, &scene->users[user], &scene->nodes[user], mode);
}

static void give(struct scene *scene, unsigned user, enum vs_lock_mode mode)
{
    scene->ops->unlock(scene->lock, &scene->users[user], &scene->nodes[user], mode);
}

static bool is_waiting(const struct scene *scene, unsigned user)
{
    return atomic_load(&scene->users[user].waits_for) != NULL;
}

static void await(const struct scene *scene, unsigned user)
{
    while (!is_waiting(scene, user))
        sched_yield();
}

static void run_tasks(struct scene *scene, void *(*body)(void *), const enum vs_lock_mode *modes)
{
    pthread_t threads[THREADS_MAX];
    struct task tasks[THREADS_MAX];
    for (unsigned i = 0; i < scene->threads; i++) {
        tasks[i] = (struct task){.scene = scene, .index = i, .mode = modes[i]};
        assert_int_equal(pthread_create(&threads[i], NULL, body, &tasks[i]), 0);
    }
    for (unsigned i = 0; i < scene->threads; i++)
        pthread_join(threads[i], NULL);
}

static void meet(struct scene *scene)
{
    atomic_fetch_add(&scene->ready, 1);
    while (atomic_load(&scene->ready) < scene->threads)
        sched_yield();
}

/* --------------------------------------------------------------- exclusion */

static void count_up(struct scene *scene)
{
    uint64_t was = atomic_load_explicit(&scene->counter, memory_order_relaxed);
    if (was % 64 == 0)
        sched_yield(); /* others run while the lock is held */
    atomic_store_explicit(&scene->counter, was + 1, memory_order_relaxed);
}

static void *exclusive_rounds(void *argument)
{
    struct task *task = argument;
    struct scene *scene = task->scene;
    meet(scene);
    for (unsigned i = 0; i < scene->rounds; i++) {
        /* Every fourth round by trylock, where that works. */
        if (i % 4 != 0 || !try(scene, task->index, task->mode))
            take(scene, task->index, task->mode);
        if (atomic_fetch_add(&scene->writers, 1) != 0)
            atomic_fetch_add(&scene->broken, 1);
        count_up(scene);
        atomic_fetch_sub(&scene->writers, 1);
        give(scene, task->index, task->mode);
    }
    return NULL;
}

static void excludes(enum vs_lock_kind kind, enum vs_lock_mode mode, unsigned threads)
{
    const enum vs_lock_mode modes[] = {mode, mode, mode, mode};
    struct scene scene;
    scene_begin(&scene, kind, threads);
    run_tasks(&scene, exclusive_rounds, modes);
    assert_int_equal(scene.broken, 0);
    assert_int_equal(scene.counter, (uint64_t)threads * scene.rounds);
    assert_true(try(&scene, 0, mode)); /* and is free in the end */
    give(&scene, 0, mode);
    scene_end(&scene);
}

static void no_two_hold_an_exclusive_lock(void **state)
{
    (void)state;
    excludes(VS_LOCK_TICKET, VS_MODE_EXCLUSIVE, 4);
    excludes(VS_LOCK_RECURSIVE, VS_MODE_EXCLUSIVE, 4);
    /* The library's waits never yield: as many threads as CPUs can be expected. */
    excludes(VS_LOCK_MCS, VS_MODE_EXCLUSIVE, 2);
    excludes(VS_LOCK_CLH, VS_MODE_EXCLUSIVE, 2);
    excludes(VS_LOCK_RWLOCK, VS_MODE_WRITE, 4);
    excludes(VS_LOCK_PERCPU_RWLOCK, VS_MODE_WRITE, 4);
}

static void *mixed_rounds(void *argument)
{
    struct task *task = argument;
    struct scene *scene = task->scene;
    bool writes = task->mode == VS_MODE_WRITE;
    meet(scene);
    for (unsigned i = 0; i < scene->rounds; i++) {
        if (i % 4 != 0 || !try(scene, task->index, task->mode))
            take(scene, task->index, task->mode);
        if (writes) {
            if (atomic_fetch_add(&scene->writers, 1) != 0 || atomic_load(&scene->readers) != 0)
                atomic_fetch_add(&scene->broken, 1);
            count_up(scene);
            atomic_fetch_sub(&scene->writers, 1);
        } else {
            atomic_fetch_add(&scene->readers, 1);
            if (atomic_load(&scene->writers) != 0)
                atomic_fetch_add(&scene->broken, 1);
            if (i % 64 == 0)
                sched_yield();
            atomic_fetch_sub(&scene->readers, 1);
        }
        give(scene, task->index, task->mode);
    }
    return NULL;
}

static void writers_exclude_readers_and_each_other(void **state)
{
    static const enum vs_lock_kind kinds[] = {VS_LOCK_RWLOCK, VS_LOCK_PERCPU_RWLOCK};
    const enum vs_lock_mode modes[] = {VS_MODE_WRITE, VS_MODE_READ, VS_MODE_WRITE, VS_MODE_READ};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct scene scene;
        scene_begin(&scene, kinds[i], 4);
        run_tasks(&scene, mixed_rounds, modes);
        assert_int_equal(scene.broken, 0);
        assert_int_equal(scene.counter, 2 * ROUNDS);
        scene_end(&scene);
    }
}

/* ------------------------------------------------------- readers and writers */

/* Takes, says so, gives. */
static void *once(void *argument)
{
    struct task *task = argument;
    if (take(task->scene, task->index, task->mode)) {
        uint32_t at = atomic_fetch_add(&task->scene->step, 1);
        atomic_store(&task->scene->order[at % THREADS_MAX], task->index);
        give(task->scene, task->index, task->mode);
    }
    return NULL;
}

static void readers_share_and_a_waiting_writer_stops_new_ones(void **state)
{
    static const enum vs_lock_kind kinds[] = {VS_LOCK_RWLOCK, VS_LOCK_PERCPU_RWLOCK};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct scene scene;
        pthread_t writer;
        scene_begin(&scene, kinds[i], 4);
        assert_true(take(&scene, 0, VS_MODE_READ));
        assert_false(scene.users[0].waited);
        assert_true(try(&scene, 1, VS_MODE_READ)); /* beside a reader */
        assert_false(try(&scene, 3, VS_MODE_WRITE));
        give(&scene, 1, VS_MODE_READ);

        struct task task = {.scene = &scene, .index = 2, .mode = VS_MODE_WRITE};
        pthread_create(&writer, NULL, once, &task);
        await(&scene, 2);
        /* From when it stands in the word, no new reader passes. */
        while (try(&scene, 1, VS_MODE_READ)) {
            give(&scene, 1, VS_MODE_READ);
            sched_yield();
        }
        assert_false(try(&scene, 1, VS_MODE_READ));
        assert_int_equal(scene.step, 0); /* the writer has not got it either */
        give(&scene, 0, VS_MODE_READ);
        pthread_join(writer, NULL);
        assert_int_equal(scene.step, 1);
        assert_true(try(&scene, 1, VS_MODE_READ));
        give(&scene, 1, VS_MODE_READ);
        scene_end(&scene);
    }
}

static void a_writer_may_read_inside_its_own_write(void **state)
{
    struct scene scene;
    (void)state;
    scene_begin(&scene, VS_LOCK_RWLOCK, 2);
    assert_true(take(&scene, 1, VS_MODE_WRITE));
    assert_true(take(&scene, 1, VS_MODE_READ));
    assert_false(scene.users[1].waited);
    assert_false(try(&scene, 0, VS_MODE_READ));
    give(&scene, 1, VS_MODE_READ);
    give(&scene, 1, VS_MODE_WRITE);
    assert_true(try(&scene, 0, VS_MODE_WRITE));
    scene_end(&scene);
}

/* --------------------------------------------------------- order, recursion */

static void the_order_of_arrival_is_the_order_of_grant(void **state)
{
    static const enum vs_lock_kind kinds[] = {VS_LOCK_TICKET, VS_LOCK_RECURSIVE, VS_LOCK_RWLOCK};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        enum vs_lock_mode mode = kinds[i] == VS_LOCK_RWLOCK ? VS_MODE_WRITE : VS_MODE_EXCLUSIVE;
        struct scene scene;
        pthread_t threads[3];
        struct task tasks[3];
        uint16_t tail = 0;
        scene_begin(&scene, kinds[i], 4);
        union vs_tickets *queue =
            kinds[i] == VS_LOCK_RWLOCK ? &scene.lock->rwlock.queue : &scene.lock->tickets;
        assert_true(take(&scene, 3, mode));
        for (unsigned k = 0; k < 3; k++) {
            tail = atomic_load(&queue->half.tail);
            tasks[k] = (struct task){.scene = &scene, .index = k, .mode = mode};
            pthread_create(&threads[k], NULL, once, &tasks[k]);
            while (atomic_load(&queue->half.tail) == tail) /* it stands in line */
                sched_yield();
        }
        assert_int_equal(atomic_load(&scene.step), 0);
        assert_false(try(&scene, 3, mode) && kinds[i] != VS_LOCK_RECURSIVE);
        if (kinds[i] == VS_LOCK_RECURSIVE)
            give(&scene, 3, mode);
        give(&scene, 3, mode);
        for (unsigned k = 0; k < 3; k++)
            pthread_join(threads[k], NULL);
        assert_int_equal(scene.step, 3);
        for (unsigned k = 0; k < 3; k++)
            assert_int_equal(scene.order[k], k);
        assert_int_equal(atomic_load(&queue->half.head), atomic_load(&queue->half.tail));
        scene_end(&scene);
    }
}

static void only_the_owner_recurses(void **state)
{
    struct scene scene;
    (void)state;
    scene_begin(&scene, VS_LOCK_RECURSIVE, 2);
    assert_true(take(&scene, 0, VS_MODE_EXCLUSIVE));
    assert_true(take(&scene, 0, VS_MODE_EXCLUSIVE));
    assert_true(try(&scene, 0, VS_MODE_EXCLUSIVE));
    assert_false(try(&scene, 1, VS_MODE_EXCLUSIVE));
    give(&scene, 0, VS_MODE_EXCLUSIVE);
    give(&scene, 0, VS_MODE_EXCLUSIVE);
    assert_false(try(&scene, 1, VS_MODE_EXCLUSIVE)); /* still held once */
    give(&scene, 0, VS_MODE_EXCLUSIVE);
    assert_true(try(&scene, 1, VS_MODE_EXCLUSIVE));
    scene_end(&scene);
}

/* ------------------------------------------------------------------ rescue */

static void every_wait_can_be_ended(void **state)
{
    (void)state;
    for (int kind = 0; kind < VS_LOCK_KIND_COUNT; kind++) {
        if (!vs_real_lock_ops[kind])
            continue;
        enum vs_lock_mode mode =
            vs_lock_kind_table[kind].exclusive ? VS_MODE_EXCLUSIVE : VS_MODE_WRITE;
        struct scene scene;
        pthread_t waiter;
        scene_begin(&scene, (enum vs_lock_kind)kind, 2);
        assert_true(take(&scene, 0, mode));
        struct task task = {.scene = &scene, .index = 1, .mode = mode};
        pthread_create(&waiter, NULL, once, &task);
        await(&scene, 1);
        atomic_store(&scene.ending, 1);
        if (scene.ops->rescue) {
            struct vs_lock_node *node = atomic_load(&scene.users[1].waits_with);
            while (is_waiting(&scene, 1)) {
                scene.ops->rescue(scene.lock, node);
                sched_yield();
            }
        }
        pthread_join(waiter, NULL);
        assert_int_equal(scene.step, 0); /* it did not get it */
        scene_end(&scene);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_two_hold_an_exclusive_lock),
        cmocka_unit_test(writers_exclude_readers_and_each_other),
        cmocka_unit_test(readers_share_and_a_waiting_writer_stops_new_ones),
        cmocka_unit_test(a_writer_may_read_inside_its_own_write),
        cmocka_unit_test(the_order_of_arrival_is_the_order_of_grant),
        cmocka_unit_test(only_the_owner_recurses),
        cmocka_unit_test(every_wait_can_be_ended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
