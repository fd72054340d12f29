/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The shortcut against the general engine, byte by byte over the whole result, on
 * random members of its class: one or two lock levels, global or per domain, few
 * and many vCPUs, times so coarse that events coincide all the time, and times so
 * fine that they hardly ever do.  And: who is outside of the class does not take it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/shortcut.h"

#define CALLS_MAX 3000
#define OPS       3
#define SEEDS     400

static uint64_t random_state;

static uint32_t draw(uint32_t below)
{
    /* xorshift64* (Vigna 2016) */
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return (uint32_t)((random_state * UINT64_C(2685821657736338717)) >> 33) % below;
}

/* Everything that is drawn once for a case. */
struct sample {
    uint32_t vcpus, domains, devices_per_domain, calls;
    uint32_t grain_ns, work_grains, gap_grains, write_percent, unmeasured_percent;
    bool global, inner, think_is_gap;
    enum vs_timing timing;
    struct vs_policy *policy;
    struct vs_machine machine;
    struct vs_workload workload;
};

static const char policy_text[] =
    "{\"name\":\"sample\",\"summary\":\"s\",\"source\":\"s\",\"based-on\":\"none\",\"locks\":{"
    "\"outer\":{\"kind\":\"rwlock\",\"per\":\"%s\",\"source\":\"s\"},"
    "\"device_lock\":{\"kind\":\"%s\",\"per\":\"device\",\"source\":\"s\"}},\"operations\":{"
    "\"config-reads\":[\"read-lock outer\",%s\"work conf1-cycle\",%s\"read-unlock outer\"%s],"
    "\"config-writes\":[\"write-lock outer\",%s\"work handler\",\"work conf1-cycle\",%s"
    "\"write-unlock outer\"]}}";

static void make_policy(struct sample *sample)
{
    struct vs_error error = VS_ERROR_INIT;
    char text[1024], what[VS_ERROR_TEXT_MAX + VS_ERROR_SOURCE_MAX + 32];
    const char *lock = sample->inner ? "\"lock device_lock\"," : "";
    const char *unlock = sample->inner ? "\"unlock device_lock\"," : "";
    bool bare_write = sample->inner && draw(4) == 0; /* writers without the inner lock */
    int length =
        snprintf(text, sizeof text, policy_text, sample->global ? "global" : "domain",
                 draw(2) ? "ticket" : "recursive", lock, unlock, draw(2) ? ",\"work handler\"" : "",
                 bare_write ? "" : lock, bare_write ? "" : unlock);
    if (vs_policy_compile(text, (size_t)length, "sample", &sample->policy, &error) < 0)
        fail_msg("%s", vs_error_describe(&error, what, sizeof what));
}

static void make_machine(struct sample *sample)
{
    sample->machine = (struct vs_machine){.name = (char *)"free",
                                          .sockets = 1,
                                          .cores_per_socket = sample->vcpus,
                                          .threads_per_core = 1,
                                          .softirq_interval_ps = UINT64_C(5000000000)};
    sample->machine.work_ps[VS_WORK_EXIT_PORT] = (1 + draw(3)) * sample->grain_ns * VS_PS_PER_NS;
    sample->machine.work_ps[VS_WORK_HANDLER] = draw(3) * sample->grain_ns * VS_PS_PER_NS;
    sample->machine.work_ps[VS_WORK_CONF1_CYCLE] = (1 + draw(5)) * sample->grain_ns * VS_PS_PER_NS;
}

static void make_calls(struct sample *sample)
{
    struct vs_workload *workload = &sample->workload;
    vs_ns *clock = calloc(sample->vcpus, sizeof *clock);
    for (uint32_t i = 0; i < sample->calls; i++) {
        uint16_t actor = (uint16_t)draw(sample->vcpus);
        uint16_t domain = workload->actors[actor].domain;
        vs_ns gap = (vs_ns)draw(sample->gap_grains + 1) * sample->grain_ns;
        if (draw(500) == 0)
            gap += UINT64_C(5000000000);
        clock[actor] += gap;
        workload->calls[i] = (struct vs_call){
            .time_ns = clock[actor],
            .shape = draw(100) < sample->write_percent ? 2 : draw(2),
            .actor = actor,
            .device =
                (uint16_t)(domain * sample->devices_per_domain + draw(sample->devices_per_domain)),
        };
        workload->think_ns[i] = gap < VS_THINK_LONG ? (uint32_t)gap : 77;
        workload->measured_ns[i] = draw(100) < sample->unmeasured_percent
                                       ? 0
                                       : (1 + draw(sample->work_grains)) * sample->grain_ns;
        if (clock[actor] > workload->span_ns)
            workload->span_ns = clock[actor];
    }
    free(clock);
}

static void make_workload(struct sample *sample)
{
    static const uint8_t ops[OPS] = {VS_OP_READ_HARDWARE, VS_OP_READ_MEMORY,
                                     VS_OP_WRITE_PASSTHROUGH};
    struct vs_workload *workload = &sample->workload;
    workload->actor_count = sample->vcpus;
    workload->domain_count = sample->domains;
    workload->device_count = (size_t)sample->domains * sample->devices_per_domain;
    workload->shape_count = OPS;
    workload->call_count = sample->calls;
    workload->think_is_gap = sample->think_is_gap;
    workload->actors = calloc(sample->vcpus, sizeof *workload->actors);
    workload->domains = calloc(sample->domains, sizeof *workload->domains);
    workload->devices = calloc(workload->device_count, sizeof *workload->devices);
    workload->shapes = calloc(OPS, sizeof *workload->shapes);
    workload->calls = calloc(sample->calls, sizeof *workload->calls);
    workload->measured_ns = calloc(sample->calls, sizeof *workload->measured_ns);
    workload->think_ns = calloc(sample->calls, sizeof *workload->think_ns);
    for (uint32_t i = 0; i < sample->vcpus; i++)
        workload->actors[i] =
            (struct vs_actor){.domain = (uint16_t)draw(sample->domains), .vcpu = (uint16_t)i};
    for (uint32_t i = 0; i < sample->domains; i++)
        workload->domains[i] = (struct vs_workload_domain){.id = (uint16_t)i};
    for (size_t i = 0; i < workload->device_count; i++)
        workload->devices[i] =
            (struct vs_workload_device){.sbdf = (uint32_t)i << 3,
                                        .owner = (uint16_t)(i / sample->devices_per_domain),
                                        .present = true,
                                        .has_vpci = true};
    for (uint32_t i = 0; i < OPS; i++) {
        workload->shapes[i].op = ops[i];
        workload->shapes[i].quantity[VS_Q_CYCLES_HANDLER] = 1;
    }
    make_calls(sample);
}

static void make_sample(struct sample *sample, uint64_t seed)
{
    static const uint32_t vcpus[] = {1, 2, 3, 5, 16, 70};
    static const uint32_t grains[] = {1, 50, 1000};
    random_state = seed * UINT64_C(0x9e3779b97f4a7c15) | 1;
    *sample = (struct sample){
        .vcpus = vcpus[draw(6)],
        .domains = 1 + draw(4),
        .devices_per_domain = 1 + draw(3),
        .calls = 1 + draw(CALLS_MAX),
        .grain_ns = grains[draw(3)],
        .work_grains = draw(2) ? 4 : 700,
        .gap_grains = draw(3) == 0 ? 0 : 1 + draw(2000),
        .write_percent = draw(4) == 0 ? 100 : draw(60),
        .unmeasured_percent = draw(2) ? draw(50) : 0,
        .global = draw(2),
        .inner = draw(3) > 0,
        .think_is_gap = draw(2),
        .timing = draw(2) ? VS_TIMING_OPEN : VS_TIMING_CLOSED,
    };
    make_policy(sample);
    make_machine(sample);
    make_workload(sample);
}

static void free_sample(struct sample *sample)
{
    vs_policy_free(sample->policy);
    free(sample->workload.actors);
    free(sample->workload.domains);
    free(sample->workload.devices);
    free(sample->workload.shapes);
    free(sample->workload.calls);
    free(sample->workload.measured_ns);
    free(sample->workload.think_ns);
}

static char *replay(const struct sample *sample, bool general)
{
    struct vs_engine_options options = {.timing = sample->timing, .general = general};
    struct vs_error error = VS_ERROR_INIT;
    struct vs_result *result = NULL;
    char *text = NULL;
    if (vs_engine_replay(&sample->workload, sample->policy, &sample->machine, &options, &result,
                         &error) < 0)
        fail_msg("%s", error.text);
    struct vs_json_out *out = vs_result_json(result, sample->policy, &sample->workload);
    assert_int_equal(vs_json_text(out, &text, &error), 0);
    vs_json_out_free(out);
    vs_result_free(result);
    return text;
}

/* Would it be taken?  As vs_engine_replay asks. */
static bool qualifies(const struct sample *sample)
{
    struct vs_engine engine = {.workload = &sample->workload,
                               .policy = sample->policy,
                               .machine = &sample->machine,
                               .options = {.timing = sample->timing}};
    struct vs_error error = VS_ERROR_INIT;
    struct vs_short_plan plan;
    assert_int_equal(vs_engine_setup(&engine, &error), 0);
    int planned = vs_shortcut_plan(&engine, &plan);
    vs_shortcut_plan_release(&plan);
    vs_engine_release(&engine);
    assert_true(planned >= 0);
    return planned == 1;
}

static void it_gives_the_general_result(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct sample sample;
        make_sample(&sample, seed);
        if (!qualifies(&sample))
            fail_msg("seed %lu is not in the class", (unsigned long)seed);
        char *shortcut = replay(&sample, false), *general = replay(&sample, true);
        if (strcmp(shortcut, general) != 0) {
            size_t at = 0;
            while (shortcut[at] == general[at])
                at++;
            at = at < 200 ? 0 : at - 200;
            fail_msg("seed %lu: %u vCPUs, %u domains, %u devices, %u calls, grain %u ns\n"
                     "shortcut: %.400s\ngeneral: %.400s",
                     (unsigned long)seed, sample.vcpus, sample.domains, sample.devices_per_domain,
                     sample.calls, sample.grain_ns, shortcut + at, general + at);
        }
        free(shortcut);
        free(general);
        free_sample(&sample);
    }
}

/* One thing is changed in a sample that qualifies, and it does not any more. */
static void others_go_the_general_way(void **state)
{
    (void)state;
    enum { TRANSFER, SERVICE, STORE, NO_EXIT, NO_WORK, SHARED, DEVICELESS, FEW_CPUS, CHANGES };
    for (int change = 0; change < CHANGES; change++) {
        struct sample sample;
        uint64_t seed = 1;
        for (;; seed++) { /* one that every change concerns */
            make_sample(&sample, seed);
            if (sample.inner && sample.domains > 1 && sample.vcpus > 2 &&
                sample.unmeasured_percent > 0 && sample.calls > 100 && qualifies(&sample))
                break;
            free_sample(&sample);
        }
        struct vs_call *call = sample.workload.calls;
        switch (change) {
        case TRANSFER:
            sample.machine.transfer_ps[VS_SAME_SOCKET] = 1;
            break;
        case SERVICE:
            sample.machine.line_service_ps = 1;
            break;
        case STORE:
            sample.machine.store_ps = 1;
            break;
        case NO_EXIT:
            sample.machine.work_ps[VS_WORK_EXIT_PORT] = 0;
            break;
        case NO_WORK:
            sample.machine.work_ps[VS_WORK_CONF1_CYCLE] = 0;
            break;
        case SHARED: /* two domains call one device */
            for (size_t i = 1; i < sample.workload.call_count; i++)
                call[i].device = call[0].device;
            break;
        case DEVICELESS:
            call->device = VS_DEVICE_NONE;
            break;
        default:
            sample.machine.cores_per_socket = sample.vcpus - 1;
            break;
        }
        if (qualifies(&sample))
            fail_msg("change %d does not matter", change);
        free_sample(&sample);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_gives_the_general_result),
        cmocka_unit_test(others_go_the_general_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
