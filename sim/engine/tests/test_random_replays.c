/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every shipped policy on random crowded traffic with removals: the identities
 * hold in every run, equal input gives equal output, and policies that protect
 * lifetimes neither stop nor let a use after free through where others do.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/engine.h"

#define DEVICES 6
#define VCPUS   4
#define RECORDS 20000

static uint64_t random_state;

static uint32_t draw(uint32_t below)
{
    /* xorshift64* (Vigna 2016) */
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return (uint32_t)((random_state * UINT64_C(2685821657736338717)) >> 33) % below;
}

/* A type 0 function with two memory BARs, MSI at 0x50 and MSI-X at 0x70. */
static void make_config(uint8_t *config, unsigned device)
{
    static const uint8_t fixed[][2] = {{0x00, 0x34}, {0x01, 0x12}, {0x02, 0x78}, {0x04, 0x02},
                                       {0x06, 0x10}, {0x34, 0x50}, {0x50, 0x05}, {0x51, 0x70},
                                       {0x52, 0x80}, {0x70, 0x11}, {0x72, 0x03}};
    memset(config, 0, 256);
    for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++)
        config[fixed[i][0]] = fixed[i][1];
    config[0x13] = 0xf0;
    config[0x12] = (uint8_t)(device << 4);
    config[0x17] = 0xe0;
    config[0x16] = (uint8_t)(device << 4);
}

static void make_meta(struct vs_trace_meta *meta)
{
    uint8_t config[256];
    vs_trace_meta_init(meta);
    for (uint16_t i = 0; i < 2; i++) {
        struct vs_trace_domain *domain = vs_trace_meta_add_domain(meta);
        domain->id = i;
        domain->hardware_domain = i == 0;
        domain->vcpus = VCPUS;
    }
    for (unsigned i = 0; i < DEVICES; i++) {
        struct vs_trace_device *device = vs_trace_meta_add_device(meta);
        device->sbdf = i << 3;
        device->domain = (uint16_t)(i % 2);
        device->bar_size[0] = device->bar_size[1] = 0x4000;
        make_config(config, i);
        assert_int_equal(vs_trace_device_set_config(device, config, sizeof config), 0);
    }
}

static struct vs_record access_record(uint64_t time_ns)
{
    static const uint16_t regs[] = {0x00, 0x04, 0x10, 0x14, 0x34, 0x3c, 0x52, 0x72, 0x80, 0x100};
    struct vs_record record = {.time_ns = time_ns,
                               .sbdf = draw(DEVICES) << 3,
                               .kind = VS_KIND_CFG_READ,
                               .flags = VS_FLAG_PATH_ECAM,
                               .pcpu = VS_PCPU_NONE};
    record.domain = (uint16_t)((record.sbdf >> 3) % 2);
    record.vcpu = (uint16_t)draw(VCPUS);
    record.reg = regs[draw(sizeof regs / sizeof regs[0])];
    record.size = record.reg == 0x04 || record.reg == 0x52 || record.reg == 0x72 ? 2 : 4;
    if (draw(4) == 0) {
        record.kind = VS_KIND_CFG_WRITE;
        record.value = record.reg == 0x04 ? draw(2) << 1 : draw(2) * 0x8001u;
    }
    return record;
}

/* Device removals and returns in between, always in pairs. */
static void event_record(struct vs_record *record, bool *gone)
{
    unsigned device = draw(DEVICES);
    record->sbdf = device << 3;
    record->domain = 0;
    record->vcpu = 0;
    record->reg = record->size = 0;
    record->value = 0;
    record->flags = 0;
    record->kind = gone[device] ? VS_KIND_DEVICE_ADD : VS_KIND_DEVICE_REMOVE;
    gone[device] = !gone[device];
}

static struct vs_workload *make_workload(uint64_t seed)
{
    struct vs_record *records = calloc(RECORDS, sizeof *records);
    struct vs_workload_options options = {.speed = 1, .clones = 1};
    struct vs_workload *workload = NULL;
    struct vs_error error = VS_ERROR_INIT;
    struct vs_trace_meta meta;
    bool gone[DEVICES] = {false};
    uint64_t time_ns = 0;
    random_state = seed;
    make_meta(&meta);
    for (size_t i = 0; i < RECORDS; i++) {
        time_ns += draw(3000);
        records[i] = access_record(time_ns);
        if (draw(50) == 0)
            event_record(&records[i], gone);
    }
    int ret = vs_workload_from_records(&meta, records, RECORDS, &options, &workload, &error);
    if (ret < 0)
        fail_msg("%s", error.text);
    vs_trace_meta_free(&meta);
    free(records);
    return workload;
}

static struct vs_result *replay_with(const struct vs_workload *workload, const char *policy_name,
                                     const char *machine_name, enum vs_timing timing,
                                     const struct vs_streams *streams, char **json)
{
    struct vs_engine_options options = {.timing = timing, .streams = streams};
    struct vs_error error = VS_ERROR_INIT;
    struct vs_policy *policy = NULL;
    struct vs_machine *machine = NULL;
    struct vs_result *result = NULL;
    if (vs_policy_load(policy_name, &policy, &error) < 0 ||
        vs_machine_load(machine_name, &machine, &error) < 0)
        fail_msg("%s: %s", policy_name, error.text);
    /* An IOMMU so quick that removals crowd as accesses do. */
    machine->work_ps[VS_WORK_IOMMU_ATTACH] = machine->work_ps[VS_WORK_IOMMU_DETACH] = 1000000;
    if (vs_engine_replay(workload, policy, machine, &options, &result, &error) < 0)
        fail_msg("%s: %s", policy_name, error.text);
    if (json) {
        struct vs_json_out *out = vs_result_json(result, policy, workload);
        assert_int_equal(vs_json_text(out, json, &error), 0);
        vs_json_out_free(out);
    }
    vs_policy_free(policy);
    vs_machine_free(machine);
    return result;
}

static struct vs_result *replay(const struct vs_workload *workload, const char *policy_name,
                                const char *machine_name, enum vs_timing timing, char **json)
{
    return replay_with(workload, policy_name, machine_name, timing, NULL, json);
}

static void identities_hold_under_every_policy(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 3; seed++) {
        struct vs_workload *workload = make_workload(seed * UINT64_C(0x9e3779b97f4a7c15));
        for (size_t i = 0; vs_policy_names()[i]; i++)
            for (int open = 0; open < 2; open++) {
                struct vs_result *result =
                    replay(workload, vs_policy_names()[i], vs_machine_names()[open],
                           open ? VS_TIMING_OPEN : VS_TIMING_CLOSED, NULL);
                assert_int_equal(result->identities.overlap_count, 0);
                if (result->outcome == VS_OUTCOME_DONE) {
                    assert_int_equal(result->calls, workload->call_count);
                    assert_int_equal(result->identities.time_error_ns, 0);
                    assert_true(result->identities.little_worst < 1e-9);
                }
                vs_result_free(result);
            }
        vs_workload_free(workload);
    }
}

static uint64_t lifetime_hazards(const struct vs_result *result)
{
    return result->hazards[VS_HAZARD_USE_AFTER_FREE].count +
           result->hazards[VS_HAZARD_LOCK_AFTER_FREE].count +
           result->hazards[VS_HAZARD_LIST_RACE].count +
           result->hazards[VS_HAZARD_DANGLING_PENDING].count +
           result->hazards[VS_HAZARD_DOUBLE_FREE].count;
}

static void lifetimes_are_safe_where_they_are_protected(void **state)
{
    (void)state;
    static const struct {
        const char *policy;
        bool safe;
    } rows[] = {{"none", false},          {"device-lock", false},
                {"pci-lock", false},      {"pcidevs-spin", true},
                {"refcount", true},       {"rcu", true},
                {"pcidevs-rwlock", true}, {"pcidevs-percpu-rwlock", true}};
    /* A race that a policy leaves open need not happen in one draw: safe is never, in all. */
    uint64_t seen[sizeof rows / sizeof rows[0]] = {0};
    for (uint64_t seed = 1; seed <= 6; seed++) {
        struct vs_workload *workload = make_workload(seed * UINT64_C(0x123456789abcdef));
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
            struct vs_result *result =
                replay(workload, rows[i].policy, vs_machine_names()[0], VS_TIMING_CLOSED, NULL);
            seen[i] += lifetime_hazards(result) + (result->outcome == VS_OUTCOME_DEADLOCK);
            vs_result_free(result);
        }
        vs_workload_free(workload);
    }
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if ((seen[i] == 0) != rows[i].safe)
            fail_msg("%s: %lu lifetime hazards or deadlocks", rows[i].policy,
                     (unsigned long)seen[i]);
}

static void equal_input_gives_equal_bytes(void **state)
{
    (void)state;
    char *text[2];
    for (int i = 0; i < 2; i++) {
        struct vs_workload *workload = make_workload(77);
        vs_result_free(
            replay(workload, "pci-lock", vs_machine_names()[0], VS_TIMING_CLOSED, &text[i]));
        vs_workload_free(workload);
    }
    assert_string_equal(text[0], text[1]);
    free(text[0]);
    free(text[1]);
}

/* Calls compiled once for several policies, against each replay with its own. */
static void shared_calls_give_the_same_bytes(void **state)
{
    (void)state;
    struct vs_workload *workload = make_workload(78);
    for (int timing = 0; timing < 2; timing++) {
        struct vs_error error = VS_ERROR_INIT;
        struct vs_streams *streams = NULL;
        assert_int_equal(vs_streams_make(workload, (enum vs_timing)timing, &streams, &error), 0);
        for (size_t i = 0; vs_policy_names()[i]; i++) {
            char *text[2];
            for (int k = 0; k < 2; k++)
                vs_result_free(replay_with(workload, vs_policy_names()[i], vs_machine_names()[0],
                                           (enum vs_timing)timing, k ? streams : NULL, &text[k]));
            assert_string_equal(text[0], text[1]);
            free(text[0]);
            free(text[1]);
        }
        vs_streams_free(streams);
    }
    vs_workload_free(workload);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(identities_hold_under_every_policy),
        cmocka_unit_test(lifetimes_are_safe_where_they_are_protected),
        cmocka_unit_test(equal_input_gives_equal_bytes),
        cmocka_unit_test(shared_calls_give_the_same_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
