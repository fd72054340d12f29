/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who calls when: actors, devices, times, clones, and traces from files. */
#include <math.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scene.h"

/* vCPU 1 and 0 of dom0 and vCPU 0 of domain 7, with durations. */
static void two_streams(struct scene *scene)
{
    static const struct {
        uint64_t time_ns;
        uint32_t duration_ns;
        uint16_t domain, vcpu;
    } calls[] = {{5000, 100, 7, 0}, {6000, 200, 0, 1}, {6000, 300, 0, 0},
                 {7000, 100, 0, 1}, {9000, 100, 0, 0}, {105000, 0, 0, 1}};
    scene_init(scene);
    scene->meta.clock.duration_covers = VS_DURATION_VMEXIT;
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        struct vs_record *record = scene_read(scene, RICH, 0, 4, 0x12348086);
        record->time_ns = calls[i].time_ns;
        record->duration_ns = calls[i].duration_ns;
        record->domain = calls[i].domain;
        record->vcpu = calls[i].vcpu;
        record->pcpu = (uint16_t)(calls[i].vcpu + 4);
    }
}

static void actors_are_sorted_and_times_start_at_zero(void **state)
{
    struct scene s;
    (void)state;
    two_streams(&s);
    struct vs_workload *w = scene_load(&s, NULL);
    assert_int_equal(w->actor_count, 3);
    assert_int_equal(w->actors[0].vcpu, 0);
    assert_int_equal(w->actors[0].pcpu, 4);
    assert_int_equal(w->actors[1].vcpu, 1);
    assert_int_equal(w->domains[w->actors[2].domain].id, 7);
    assert_int_equal(w->calls[0].time_ns, 0);
    assert_int_equal(w->calls[0].actor, 2);
    assert_int_equal(w->calls[1].actor, 1); /* ties in record order */
    assert_int_equal(w->calls[2].actor, 0);
    assert_int_equal(w->span_ns, 100000);
    assert_null(w->measured_ns);
    assert_int_equal(w->recorded_ns[2], 300);
    assert_false(w->think_is_gap);
    assert_int_equal(vs_workload_think_ns(w, 0), 0);
    assert_int_equal(vs_workload_think_ns(w, 1), 1000);
    assert_int_equal(vs_workload_think_ns(w, 3), 800);
    assert_int_equal(vs_workload_think_ns(w, 4), 2700);
    assert_int_equal(w->what_if_count, 0);
    vs_workload_free(w);
}

static void rebase_cut_and_speed_each_say_so(void **state)
{
    struct scene s;
    struct vs_workload_options options = {
        .speed = 2, .clones = 1, .rebase = true, .max_think_ns = 1000};
    (void)state;
    two_streams(&s);
    struct vs_workload *w = scene_load(&s, &options);
    assert_int_equal(w->what_if_count, 3);
    /* starts: d7v0 0; d0v1 0, 1000, then 100 + 1000 later; d0v0 0, 300 + 1000; all halved */
    static const struct {
        uint64_t time_ns, think_ns;
        uint16_t actor;
    } expected[] = {{0, 0, 2}, {0, 0, 1}, {0, 0, 0}, {500, 400, 1}, {650, 500, 0}, {1050, 500, 1}};
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(w->calls[i].time_ns, expected[i].time_ns);
        assert_int_equal(w->calls[i].actor, expected[i].actor);
        assert_int_equal(vs_workload_think_ns(w, i), expected[i].think_ns);
    }
    vs_workload_free(w);
}

/* Eight vCPUs call one after the other, the last one twice: rebased, all start at 0. */
static void ties_keep_record_order(void **state)
{
    struct scene s;
    struct vs_workload_options options = {.speed = 1, .clones = 1, .rebase = true};
    (void)state;
    scene_init(&s);
    scene_read(&s, RICH, 0, 4, 1);
    scene_read(&s, RICH, 0, 4, 1);
    for (uint16_t vcpu = 1; vcpu < 8; vcpu++)
        scene_read(&s, RICH, 0, 4, 1)->vcpu = vcpu;
    struct vs_workload *w = scene_load(&s, &options);
    for (size_t i = 0; i < 8; i++) {
        assert_int_equal(w->calls[i].time_ns, 0);
        assert_int_equal(w->calls[i].actor, i);
    }
    assert_int_equal(w->calls[8].actor, 0);
    assert_int_equal(w->calls[8].time_ns, 1000);
    vs_workload_free(w);
}

static void long_thinks_are_exact(void **state)
{
    struct scene s;
    (void)state;
    scene_init(&s);
    for (unsigned int i = 0; i < 40; i++)
        scene_read(&s, RICH, 0, 4, 1)->time_ns = i * UINT64_C(4294967295) + (i % 3 ? i : 0);
    struct vs_workload *w = scene_load(&s, NULL);
    assert_true(w->think_is_gap);
    assert_true(w->long_think_count > 0 && w->long_think_count < 40);
    for (size_t i = 1; i < 40; i++)
        assert_int_equal(vs_workload_think_ns(w, i), w->calls[i].time_ns - w->calls[i - 1].time_ns);
    vs_workload_free(w);
}

static void measured_costs_need_a_real_clock_and_config_cycles(void **state)
{
    (void)state;
    for (int real = 0; real < 2; real++) {
        for (int covers = VS_DURATION_NOTHING; covers <= VS_DURATION_STATED; covers++) {
            struct scene s;
            two_streams(&s);
            s.meta.clock.real_time = real;
            s.meta.clock.duration_covers = (enum vs_duration_covers)covers;
            struct vs_workload *w = scene_load(&s, NULL);
            assert_int_equal(w->measured_ns != NULL, real && covers == VS_DURATION_CONFIG_CYCLE);
            assert_int_equal(w->recorded_ns != NULL, covers != VS_DURATION_NOTHING);
            assert_int_equal(w->think_is_gap, covers == VS_DURATION_NOTHING);
            vs_workload_free(w);
        }
    }
}

static void unknown_callers_get_an_actor_of_their_own(void **state)
{
    struct scene s;
    (void)state;
    scene_init(&s);
    scene_read(&s, RICH, 0, 4, 1);
    struct vs_record *record = scene_add(&s, VS_KIND_DEVICE_RESET, RICH);
    record->vcpu = VS_VCPU_NONE;
    record->domain = VS_DOMAIN_NONE;
    record->pcpu = VS_PCPU_NONE;
    struct vs_workload *w = scene_load(&s, NULL);
    assert_int_equal(w->actor_count, 2);
    assert_int_equal(w->actors[w->calls[1].actor].vcpu, VS_VCPU_NONE);
    assert_true(w->domains[w->actors[w->calls[1].actor].domain].hardware_domain);
    assert_int_equal(w->guess_count[VS_GUESS_CALLER], 1);
    vs_workload_free(w);
}

/* alloc_pdev adds at the head: the last added first, then the boot scan backwards. */
static void devices_stand_in_list_order(void **state)
{
    struct scene s;
    (void)state;
    scene_init(&s);
    scene_read(&s, 0x0008, 0, 4, 0x12348086); /* 00:01.0, not in the snapshot */
    scene_add(&s, VS_KIND_DEVICE_ADD, 0x0200);
    scene_add(&s, VS_KIND_DEVICE_ADD, 0x0010);
    scene_read(&s, 0x0200, 0, 4, 0x12348086);
    struct vs_workload *w = scene_load(&s, NULL);
    static const uint32_t expected[] = {0x0010, 0x0200, BRIDGE, RICH, 0x0008};
    assert_int_equal(w->device_count, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(w->devices[i].sbdf, expected[i]);
        assert_int_equal(w->devices[i].present, i >= 2);
    }
    assert_int_equal(w->calls[3].device, 1);
    assert_op(w, 3, VS_OP_READ_PASSTHROUGH);
    assert_true(w->devices[3].has_msix && !w->devices[2].has_msix);
    vs_workload_free(w);
}

/* PHYSDEVOP_pci_device_add is the hardware domain's: a guest gets the device by assignment. */
static void hotplug_of_a_guest_is_an_add_and_an_assignment(void **state)
{
    struct scene s;
    (void)state;
    scene_init(&s);
    scene_read(&s, RICH, 0, 4, 0);
    scene_add(&s, VS_KIND_DEVICE_ADD, 0x0200)->domain = 7;
    scene_read(&s, 0x0200, 0, 4, 0x12348086)->domain = 7;
    struct vs_workload *w = scene_load(&s, NULL);
    assert_int_equal(w->call_count, 4);
    assert_op(w, 1, VS_OP_DEVICE_ADD);
    assert_op(w, 2, VS_OP_DEVICE_ASSIGN);
    assert_int_equal(w->domains[w->targets[2]].id, 7);
    assert_op(w, 3, VS_OP_READ_PASSTHROUGH);
    vs_workload_free(w);
}

static void hidden_devices_are_reached_by_the_hardware_domain_alone(void **state)
{
    struct scene s;
    (void)state;
    scene_init(&s);
    s.meta.devices[0].hidden = true;
    scene_read(&s, RICH, 4, 2, 0);
    scene_read(&s, RICH, 4, 2, 0)->domain = 7;
    struct vs_workload *w = scene_load(&s, NULL);
    assert_op(w, 0, VS_OP_READ_HARDWARE);
    assert_op(w, 1, VS_OP_READ_ABSENT);
    assert_true(w->devices[1].hidden && w->devices[1].owner == VS_DOMAIN_NONE);
    vs_workload_free(w);
}

static void header_types_without_vpci_are_absent(void **state)
{
    struct scene s;
    (void)state;
    scene_init(&s);
    ((uint8_t *)(uintptr_t)s.meta.devices[0].config)[0x0e] = 2; /* CardBus bridge */
    scene_read(&s, RICH, 4, 2, 0);
    struct vs_workload *w = scene_load(&s, NULL);
    assert_op(w, 0, VS_OP_READ_ABSENT);
    assert_false(w->devices[1].has_vpci);
    vs_workload_free(w);
}

static void clones_are_whole_hosts_apart(void **state)
{
    struct scene s;
    struct vs_workload_options options = {.speed = 1, .clones = 3, .seed = 9};
    (void)state;
    two_streams(&s);
    scene_add(&s, VS_KIND_DEVICE_ASSIGN, RICH)->value = 7;
    s.records[6].time_ns = 105000;
    struct vs_workload *w = scene_load(&s, &options);
    assert_int_equal(w->call_count, 21);
    assert_int_equal(w->actor_count, 9);
    assert_int_equal(w->device_count, 6);
    assert_int_equal(w->domain_count, 6);
    assert_true(w->synthetic);
    assert_int_equal(w->synthetic_calls, 14);
    assert_int_equal(w->what_if_count, 1);
    uint64_t first[9];
    memset(first, 0xff, sizeof(first));
    for (size_t i = 0; i < w->call_count; i++) {
        const struct vs_call *call = &w->calls[i];
        size_t clone = call->actor / 3;
        assert_true(i == 0 || w->calls[i - 1].time_ns <= call->time_ns);
        assert_true(call->device == VS_DEVICE_NONE || call->device / 2u == clone);
        assert_true(w->targets[i] == VS_DOMAIN_NONE || w->targets[i] / 2u == clone);
        if (first[call->actor] == UINT64_MAX) {
            first[call->actor] = call->time_ns;
            assert_int_equal(vs_workload_think_ns(w, i), call->time_ns);
        }
    }
    for (size_t clone = 0; clone < 3; clone++) {
        uint64_t offset_ns = first[3 * clone + 2]; /* d7v0 calls first */
        assert_true(clone ? offset_ns <= 1000 : offset_ns == 0);
        assert_int_equal(w->domains[2 * clone].synthetic, clone > 0);
        assert_int_equal(w->devices[2 * clone].sbdf >> 16, clone);
        assert_int_equal(w->devices[2 * clone].owner, 2 * clone);
    }
    vs_workload_free(w);
}

static void same_seed_same_workload(void **state)
{
    struct vs_workload_options options = {.speed = 1.5, .clones = 4, .seed = 3};
    struct vs_workload *w[3];
    struct scene s;
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        options.seed = i < 2 ? 3 : 4;
        two_streams(&s);
        w[i] = scene_load(&s, &options);
    }
    size_t bytes = w[0]->call_count * sizeof(w[0]->calls[0]);
    assert_memory_equal(w[0]->calls, w[1]->calls, bytes);
    assert_memory_not_equal(w[0]->calls, w[2]->calls, bytes);
    char hash[VS_TRACE_HASH_TEXT];
    memcpy(hash, w[0]->hash, sizeof(hash));
    assert_string_equal(hash, w[1]->hash);
    for (size_t i = 0; i < 3; i++)
        vs_workload_free(w[i]);
    two_streams(&s);
    s.records[5].value ^= 1;
    struct vs_workload *other = scene_load(&s, NULL);
    assert_string_not_equal(other->hash, hash);
    vs_workload_free(other);
}

/* One vCPU with think times of 10 us. */
static struct vs_workload *load_replica(uint32_t replica, uint32_t jitter_ppm, uint64_t seed)
{
    struct vs_workload_options options = {
        .speed = 1, .clones = 1, .seed = seed, .replica = replica, .jitter_ppm = jitter_ppm};
    struct scene s;
    scene_init(&s);
    for (unsigned int i = 0; i < 512; i++)
        scene_read(&s, RICH, 0, 4, 1)->time_ns = 10000 * (uint64_t)i;
    return scene_load(&s, &options);
}

static void jitter_is_uniform_within_its_bounds_and_keeps_order(void **state)
{
    struct vs_workload *plain = load_replica(0, 0, 5), *w = load_replica(1, 100000, 5);
    struct vs_workload *again = load_replica(1, 100000, 5), *next = load_replica(2, 100000, 5);
    struct vs_workload *other = load_replica(1, 100000, 6);
    size_t low = 0, high = 0, bytes = w->call_count * sizeof(w->think_ns[0]);
    (void)state;
    assert_int_equal(plain->what_if_count, 0);
    assert_int_equal(w->what_if_count, 1);
    assert_non_null(strstr(w->what_if[0], "up to 10 %"));
    for (size_t i = 1; i < w->call_count; i++) {
        uint64_t think_ns = vs_workload_think_ns(w, i);
        assert_true(think_ns >= 9000 && think_ns <= 11000);
        low += think_ns < 9500;
        high += think_ns > 10500;
        assert_int_equal(w->calls[i].time_ns - w->calls[i - 1].time_ns, think_ns);
    }
    /* A quarter each, give or take four standard deviations. */
    double quarter = (double)w->call_count / 4, slack = 4 * 0.44 * sqrt((double)w->call_count);
    assert_true(fabs((double)low - quarter) < slack && fabs((double)high - quarter) < slack);
    assert_memory_equal(w->think_ns, again->think_ns, bytes);
    assert_memory_not_equal(w->think_ns, next->think_ns, bytes);
    assert_memory_not_equal(w->think_ns, other->think_ns, bytes);
    assert_string_equal(w->hash, plain->hash);
    /* The same numbers on any host: the first draws of seed 5, replica 1. */
    assert_int_equal(vs_workload_think_ns(w, 1), 10733);
    assert_int_equal(vs_workload_think_ns(w, 2), 10573);
    vs_workload_free(plain);
    vs_workload_free(w);
    vs_workload_free(again);
    vs_workload_free(next);
    vs_workload_free(other);
}

static void a_vcpus_calls_keep_their_order_under_any_jitter(void **state)
{
    struct vs_workload_options options = {
        .speed = 3.7, .clones = 3, .seed = 1, .replica = 9, .jitter_ppm = VS_JITTER_MAX_PPM};
    struct scene s;
    (void)state;
    two_streams(&s);
    struct vs_workload *w = scene_load(&s, &options);
    /* Shapes are per record here: of each vCPU they come in the order of the records. */
    options.replica = options.jitter_ppm = 0;
    two_streams(&s);
    struct vs_workload *plain = scene_load(&s, &options);
    for (size_t actor = 0; actor < w->actor_count; actor++) {
        size_t at = 0;
        for (size_t i = 0; i < w->call_count; i++) {
            if (w->calls[i].actor != actor)
                continue;
            while (plain->calls[at].actor != actor)
                at++;
            assert_int_equal(w->calls[i].shape, plain->calls[at].shape);
            at++;
        }
    }
    vs_workload_free(w);
    vs_workload_free(plain);
}

static void impossible_options_are_refused(void **state)
{
    static const struct vs_workload_options bad[] = {
        {.speed = 0, .clones = 1},
        {.speed = 1, .clones = 1, .jitter_ppm = 1},
        {.speed = 1, .clones = 1, .replica = 1, .jitter_ppm = VS_JITTER_MAX_PPM + 1},
        {.speed = -1, .clones = 1},
        {.speed = 1, .clones = 0},
        {.speed = 1, .clones = 60000}};
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct vs_error error = VS_ERROR_INIT;
        struct vs_workload *w = NULL;
        struct scene s;
        two_streams(&s);
        assert_int_equal(vs_workload_from_records(&s.meta, s.records, s.count, &bad[i], &w, &error),
                         i < 5 ? VS_ERR_USAGE : VS_ERR_INPUT);
        assert_null(w);
        assert_true(error.text[0] != '\0');
        vs_trace_meta_free(&s.meta);
    }
}

static void an_empty_trace_is_a_workload(void **state)
{
    struct vs_error error = VS_ERROR_INIT;
    struct vs_trace_meta meta;
    struct vs_workload *w;
    (void)state;
    vs_trace_meta_init(&meta);
    assert_int_equal(vs_workload_from_records(&meta, NULL, 0, NULL, &w, &error), 0);
    assert_int_equal(w->call_count, 0);
    assert_int_equal(w->domain_count, 1);
    vs_workload_free(w);
    vs_trace_meta_free(&meta);
}

/* ------------------------------------------------------------------------- files */

static void write_trace(const char *path, struct scene *scene)
{
    struct vs_error error = VS_ERROR_INIT;
    struct vs_writer_options options = {.block_records = 2, .force = true};
    struct vs_writer *writer;
    if (vs_writer_open(path, &scene->meta, &options, &writer, &error) < 0 ||
        vs_writer_add(writer, scene->records, scene->count, &error) < 0 ||
        vs_writer_commit(writer, NULL, &error) < 0)
        fail_msg("%s", error.text);
}

static void a_file_gives_what_its_records_give(void **state)
{
    char path[] = "model-test-XXXXXX";
    struct vs_error error = VS_ERROR_INIT;
    struct vs_workload *file, *memory;
    struct scene s;
    (void)state;
    close(mkstemp(path));
    two_streams(&s);
    write_trace(path, &s);
    const char *paths[] = {path, path};
    assert_int_equal(vs_workload_load(paths, 1, NULL, &file, &error), 0);
    memory = scene_load(&s, NULL);
    size_t memory_notes = memory->note_count;
    assert_int_equal(file->note_count, memory_notes); /* not called incomplete */
    assert_int_equal(file->call_count, memory->call_count);
    assert_memory_equal(file->calls, memory->calls, file->call_count * sizeof(file->calls[0]));
    assert_memory_equal(file->shapes, memory->shapes, file->shape_count * sizeof(file->shapes[0]));
    assert_int_equal(strlen(file->hash), VS_TRACE_HASH_TEXT - 1);
    assert_string_equal(file->name, path);
    vs_workload_free(file);

    /* The same through standard input, which cannot be read twice. */
    const char *standard_input[] = {"-"};
    int saved = dup(0);
    assert_non_null(freopen(path, "r", stdin));
    assert_int_equal(vs_workload_load(standard_input, 1, NULL, &file, &error), 0);
    dup2(saved, 0);
    close(saved);
    assert_int_equal(file->call_count, memory->call_count);
    assert_memory_equal(file->calls, memory->calls, file->call_count * sizeof(file->calls[0]));
    assert_string_equal(file->hash, memory->hash);
    vs_workload_free(file);
    vs_workload_free(memory);

    /* The same file twice: two hosts side by side. */
    assert_int_equal(vs_workload_load(paths, 2, NULL, &file, &error), 0);
    assert_int_equal(file->call_count, 12);
    assert_int_equal(file->domain_count, 4);
    assert_int_equal(file->devices[2].sbdf >> 16, 1);
    assert_int_equal(file->what_if_count, 1);
    for (size_t i = 0; i < 4; i++) {
        assert_true(file->domains[i].synthetic);
        for (size_t j = 0; j < i; j++)
            assert_int_not_equal(file->domains[i].id, file->domains[j].id);
    }
    for (size_t i = 0; i < 12; i++)
        assert_true(has_fact(shape_of(file, i), VS_FACT_HW_CONF1));
    vs_workload_free(file);

    /* Cut off behind its first whole block, and before it. */
    struct stat whole;
    assert_int_equal(stat(path, &whole), 0);
    assert_int_equal(truncate(path, whole.st_size - 8), 0);
    assert_int_equal(vs_workload_load(paths, 1, NULL, &file, &error), 0);
    assert_int_equal(file->note_count, memory_notes + 1);
    assert_non_null(strstr(file->notes[file->note_count - 1],
                           "incomplete: the capture was cut off, 6 records in 3 whole blocks"));
    vs_workload_free(file);
    s.count = 0;
    write_trace(path, &s);
    assert_int_equal(vs_workload_load(paths, 1, NULL, &file, &error), VS_ERR_INPUT);
    assert_non_null(strstr(error.text, "no access in it"));
    error = (struct vs_error)VS_ERROR_INIT;

    assert_int_equal(truncate(path, 100), 0);
    assert_int_equal(vs_workload_load(paths, 1, NULL, &file, &error), VS_ERR_INPUT);
    unlink(path);
    error = (struct vs_error)VS_ERROR_INIT;
    assert_int_equal(vs_workload_load(paths, 1, NULL, &file, &error), VS_ERR_HOST);
}

static void summary_names_what_is_there(void **state)
{
    struct vs_error error = VS_ERROR_INIT;
    struct scene s;
    char *text;
    (void)state;
    two_streams(&s);
    struct vs_workload *w = scene_load(&s, NULL);
    struct vs_json_out *out = vs_workload_json(w);
    assert_int_equal(vs_json_text(out, &text, &error), 0);
    assert_non_null(strstr(text, "read-passthrough"));
    assert_null(strstr(text, "toggle-decode"));
    assert_non_null(strstr(text, "0000:00:03.0"));
    assert_non_null(strstr(text, "no-snapshot"));
    free(text);
    vs_json_out_free(out);
    vs_workload_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(actors_are_sorted_and_times_start_at_zero),
        cmocka_unit_test(rebase_cut_and_speed_each_say_so),
        cmocka_unit_test(ties_keep_record_order),
        cmocka_unit_test(long_thinks_are_exact),
        cmocka_unit_test(measured_costs_need_a_real_clock_and_config_cycles),
        cmocka_unit_test(unknown_callers_get_an_actor_of_their_own),
        cmocka_unit_test(devices_stand_in_list_order),
        cmocka_unit_test(hotplug_of_a_guest_is_an_add_and_an_assignment),
        cmocka_unit_test(hidden_devices_are_reached_by_the_hardware_domain_alone),
        cmocka_unit_test(header_types_without_vpci_are_absent),
        cmocka_unit_test(clones_are_whole_hosts_apart),
        cmocka_unit_test(same_seed_same_workload),
        cmocka_unit_test(jitter_is_uniform_within_its_bounds_and_keeps_order),
        cmocka_unit_test(a_vcpus_calls_keep_their_order_under_any_jitter),
        cmocka_unit_test(impossible_options_are_refused),
        cmocka_unit_test(an_empty_trace_is_a_workload),
        cmocka_unit_test(a_file_gives_what_its_records_give),
        cmocka_unit_test(summary_names_what_is_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
