/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every number differs from its neighbours, so that swapped columns show. */
#include "fixture.h"

#include <stdio.h>
#include <string.h>

static void fill_workload(struct fixture *f)
{
    struct vs_workload *workload = &f->workload;

    f->domains[0] = (struct vs_workload_domain){.id = 0, .hardware_domain = true, .name = "dom0"};
    f->domains[1] = (struct vs_workload_domain){.id = 7, .name = ""};
    f->actors[0] = (struct vs_actor){.domain = 0, .vcpu = 0};
    f->actors[1] = (struct vs_actor){.domain = 0, .vcpu = 1};
    f->actors[2] = (struct vs_actor){.domain = 1, .vcpu = VS_VCPU_NONE};
    for (uint32_t i = 0; i < FIXTURE_DEVICES; i++)
        f->devices[i] = (struct vs_workload_device){.sbdf = i << 3, .present = true};
    f->what_if[0] = (char *)"merged from two \"logs\"";
    f->notes[0] = (char *)"the log holds no lock contention";
    *workload = (struct vs_workload){
        .actors = f->actors,
        .actor_count = 3,
        .domains = f->domains,
        .domain_count = 2,
        .devices = f->devices,
        .device_count = FIXTURE_DEVICES,
        .span_ns = 1001,
        .records = 1002,
        .lost_records = 1003,
        .injected_calls = 1004,
        .synthetic_calls = 1005,
        .emulated = true,
        .what_if = f->what_if,
        .what_if_count = 1,
        .notes = f->notes,
        .note_count = 1,
        .name = (char *)"a.vpt+b.vpt",
    };
    workload->op_count[VS_OP_READ_PASSTHROUGH] = 900;
    workload->op_count[VS_OP_TOGGLE_DECODE] = 40;
    workload->guess_count[VS_GUESS_NO_SNAPSHOT] = 11;
    snprintf(workload->hash, sizeof(workload->hash), "%032d", 12345);
}

static void fill_run(struct fixture *f)
{
    f->locks[0] = (struct vs_lock_decl){
        .name = (char *)"pcidevs_lock", .kind = VS_LOCK_RECURSIVE, .scope = VS_SCOPE_GLOBAL};
    f->locks[1] = (struct vs_lock_decl){.name = (char *)"vpci_lock",
                                        .kind = VS_LOCK_TICKET,
                                        .scope = VS_SCOPE_DEVICE,
                                        .inside = VS_OBJECT_VPCI};
    f->locks[2] = (struct vs_lock_decl){.name = (char *)"domain_lock",
                                        .kind = VS_LOCK_RWLOCK,
                                        .scope = VS_SCOPE_DOMAIN,
                                        .below_vpci = true};
    f->policy = (struct vs_policy){.name = (char *)"mine",
                                   .summary = (char *)"made up",
                                   .source = (char *)"a test",
                                   .file = (char *)"mine.json",
                                   .text = (char *)"{ \"name\": \"mine\" }\n",
                                   .locks = f->locks,
                                   .lock_count = 3};
    f->machine = (struct vs_machine){.name = (char *)"small",
                                     .file = (char *)"built-in",
                                     .text = (char *)"{ \"name\": \"small\" }\n",
                                     .assumption_count = 4};
    f->run = (struct vs_run){
        .workload = &f->workload,
        .policy = &f->policy,
        .machine = &f->machine,
        .load = {.speed = 2.5, .clones = 3, .seed = 5, .rebase = true, .max_think_ns = 6},
        .engine = {.timing = VS_TIMING_OPEN, .cpus = 8},
    };
}

/* Device i of the per-device lock waited i * 10 ns: the last 64 keep their rows. */
static void fill_locks(struct fixture *f)
{
    struct vs_lock_stat *stat = f->lock_stats;

    *stat++ = (struct vs_lock_stat){.lock = 0, .mode = VS_MODE_EXCLUSIVE, .acquire_count = 77};
    for (uint16_t i = 0; i < FIXTURE_DEVICES; i++) {
        *stat++ = (struct vs_lock_stat){.lock = 1,
                                        .mode = VS_MODE_READ,
                                        .instance = i,
                                        .acquire_count = 1,
                                        .hold_count = 1,
                                        .hold_total_ns = 3,
                                        .hold_max_ns = 3};
        *stat++ = (struct vs_lock_stat){.lock = 1,
                                        .mode = VS_MODE_WRITE,
                                        .instance = i,
                                        .acquire_count = 2,
                                        .wait_count = 1,
                                        .wait_total_ns = 10u * i,
                                        .wait_max_ns = 9u * i,
                                        .transfer_count = 1};
    }
    *stat++ = (struct vs_lock_stat){
        .lock = 2, .mode = VS_MODE_READ, .instance = 0, .acquire_count = 5, .wait_total_ns = 500};
    *stat++ = (struct vs_lock_stat){
        .lock = 2, .mode = VS_MODE_READ, .instance = 1, .acquire_count = 6, .wait_total_ns = 600};
    f->result.locks = f->lock_stats;
    f->result.lock_count = (size_t)(stat - f->lock_stats);
}

static void fill_latencies(struct fixture *f)
{
    f->latencies[0].op = VS_OP_READ_PASSTHROUGH;
    f->latencies[1].op = VS_OP_READ_PASSTHROUGH;
    f->latencies[1].domain = 1;
    f->latencies[2].op = VS_OP_TOGGLE_DECODE;
    for (vs_ns i = 1; i <= 1000; i++) {
        vs_histogram_add(&f->latencies[i % 3].latency, 100 * i);
        vs_histogram_add(&f->result.latency, 100 * i);
    }
    f->latencies[0].wait_total_ns = 21;
    f->latencies[1].wait_total_ns = 22;
    f->latencies[2].wait_total_ns = 23;
    f->result.latencies = f->latencies;
    f->result.latency_count = 3;
}

static void fill_blockers(struct fixture *f)
{
    f->blockers[0] = (struct vs_blocker_stat){.waiter_op = VS_OP_READ_PASSTHROUGH,
                                              .holder_op = VS_OP_TOGGLE_DECODE,
                                              .lock = 2,
                                              .cross_domain = true,
                                              .wait_ns = 1100};
    f->blockers[1] = (struct vs_blocker_stat){.waiter_op = VS_OP_TOGGLE_DECODE,
                                              .holder_op = VS_OP_TOGGLE_DECODE,
                                              .lock = 1,
                                              .wait_ns = 900};
    f->result.blockers = f->blockers;
    f->result.blocker_count = 2;
}

void fixture_fill(struct fixture *f)
{
    memset(f, 0, sizeof(*f));
    fill_workload(f);
    fill_run(f);
    f->result = (struct vs_result){
        .outcome = VS_OUTCOME_DONE,
        .calls = 940,
        .deferred_maps = 31,
        .missed_calls = 32,
        .makespan_ns = 2000000000,
        .floor_ns = 34,
        .lock_wait_total_ns = 25250,
        .cpu_wait_total_ns = 36,
        .cross_domain_wait_ns = 37,
        .bucket_count = 2,
        .bucket_ns = 38,
        .grace_periods = 39,
        .grace_period_max_ns = 40,
        .identities = {.little_worst = 0.25, .time_error_ns = 41},
    };
    f->result.buckets[0] = (struct vs_bucket_stat){.busy_ns = 1, .wait_ns = 2, .calls = 3};
    f->result.buckets[1] = (struct vs_bucket_stat){.busy_ns = 0x0102030405060708, .calls = 4};
    f->result.hazards[VS_HAZARD_USE_AFTER_FREE] =
        (struct vs_hazard_stat){.count = 3,
                                .first_ns = 777,
                                .actor = 1,
                                .device = 3,
                                .op = VS_OP_READ_PASSTHROUGH,
                                .other_op = VS_OP_DEVICE_REMOVE};
    f->result.hazards[VS_HAZARD_LIST_RACE] = (struct vs_hazard_stat){.count = 1,
                                                                     .first_ns = 778,
                                                                     .actor = 2,
                                                                     .device = VS_DEVICE_NONE,
                                                                     .op = VS_OP_DUMP,
                                                                     .other_op = VS_OP_COUNT};
    fill_locks(f);
    fill_latencies(f);
    fill_blockers(f);
}

void fixture_make_deadlock(struct fixture *f)
{
    f->deadlock[0] = (struct vs_deadlock_edge){.actor = 0,
                                               .op = VS_OP_TOGGLE_DECODE,
                                               .lock = 1,
                                               .mode = VS_MODE_EXCLUSIVE,
                                               .instance = 3,
                                               .holder = 1,
                                               .holder_op = VS_OP_READ_HARDWARE};
    f->deadlock[1] = (struct vs_deadlock_edge){.actor = 1,
                                               .op = VS_OP_READ_HARDWARE,
                                               .lock = 0,
                                               .mode = VS_MODE_EXCLUSIVE,
                                               .holder = UINT16_MAX,
                                               .holder_op = VS_OP_COUNT};
    f->result.outcome = VS_OUTCOME_DEADLOCK;
    f->result.deadlock = f->deadlock;
    f->result.deadlock_count = 2;
}
