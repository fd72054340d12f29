/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Builds and runs one load.  Random numbers are xorshift64* (Vigna, "An
 * experimental exploration of Marsaglia's xorshift generators", 2016) from a
 * fixed seed, so that a row prints the same on every host.
 */
#include "lab.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What threads call, and what writers call. */
#define OP       VS_OP_READ_PASSTHROUGH
#define OP_WRITE VS_OP_WRITE_PASSTHROUGH

/* Rounds over all threads of a closed load that says none: enough that the start
 * and the end of a run are under 1 % of it, and a fraction of a second. */
#define TIGHT_ROUNDS  120000u
#define CALL_ROUNDS   400000u
#define ROUNDS_LEAST  300u
#define OPEN_ARRIVALS 1000000u
#define OPEN_THREADS  4000u /* so many that none is late with its next arrival */
#define START_SPREAD  1000u /* ns over which the threads of a tight loop start */

/* Rare long holds among short ones: 1 % of 10 and 99 % of 0.1 units. */
#define LONG_SHARE 0.01
#define LONG_HOLD  10.0
#define SHORT_HOLD 0.1

static double draw(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return (double)((*state * UINT64_C(2685821657736338717)) >> 11) / 9007199254740992.0; /* 2^53 */
}

static double exponential(uint64_t *state, double mean)
{
    return -mean * log1p(-draw(state));
}

static double draw_hold(const struct vs_lab_load *load, uint64_t *state)
{
    switch (load->law) {
    case VS_LAB_EXPONENTIAL:
        return exponential(state, load->hold);
    case VS_LAB_TWO_POINT:
        return draw(state) < 1 - LONG_SHARE ? SHORT_HOLD : LONG_HOLD;
    case VS_LAB_CONSTANT:
        break;
    }
    return load->hold;
}

static bool is_tight(const struct vs_lab_load *load)
{
    return load->law == VS_LAB_CONSTANT && load->think <= 0 && load->rate <= 0;
}

static double unit_of(const struct vs_lab_load *load)
{
    return load->unit_ns > 0 ? load->unit_ns : 1;
}

/* A tight loop's rounds are OUTER repeats of INNER: a policy may repeat 4096 times at most. */
static uint32_t inner_rounds(uint32_t rounds)
{
    return rounds < 1000 ? rounds : 1000;
}

static uint32_t rounds_of(const struct vs_lab_load *load)
{
    uint32_t all = is_tight(load) ? TIGHT_ROUNDS : CALL_ROUNDS;
    uint32_t rounds = load->rounds ? load->rounds : all / (load->threads ? load->threads : 1);
    if (!load->rounds && rounds < ROUNDS_LEAST)
        rounds = ROUNDS_LEAST;
    return is_tight(load) ? rounds - rounds % inner_rounds(rounds) : rounds;
}

/* ------------------------------------------------------------------ policy */

/* One operation: take, hold, give, as often as a tight loop asks. */
static int operation_text(const struct vs_lab_load *load, enum vs_lab_use use, const char *name,
                          char *text, size_t size_bytes)
{
    static const struct {
        const char *before, *take, *give;
    } words[VS_LAB_USE_COUNT] = {
        [VS_LAB_EXCLUSIVE] = {"", "lock big", "unlock big"},
        [VS_LAB_READ] = {"", "read-lock big", "read-unlock big"},
        [VS_LAB_WRITE] = {"", "write-lock big", "write-unlock big"},
        [VS_LAB_RCU] = {"", "rcu-read-lock big", "rcu-read-unlock big"},
        [VS_LAB_REFERENCE] = {"\"lookup pdev in all-devices\", ", "get big", "put big"},
    };
    uint32_t rounds = is_tight(load) ? rounds_of(load) : 1;
    return snprintf(text, size_bytes,
                    "\"%s\": [%s{\"repeat\": %u, \"do\": [{\"repeat\": %u, "
                    "\"do\": [\"%s\", \"work %s\", \"%s\"]}]}]",
                    name, words[use].before, rounds / inner_rounds(rounds), inner_rounds(rounds),
                    words[use].take, is_tight(load) ? "handler" : "conf1-cycle", words[use].give);
}

static int make_policy(const struct vs_lab_load *load, struct vs_policy **policy,
                       struct vs_error *error)
{
    char text[1024], one[256], other[256];
    bool counted = load->use == VS_LAB_REFERENCE;
    operation_text(load, load->use, vs_op_table[OP].name, one, sizeof one);
    operation_text(load, load->writers ? VS_LAB_WRITE : load->use, vs_op_table[OP_WRITE].name,
                   other, sizeof other);
    int length = snprintf(
        text, sizeof text,
        "{\"name\": \"lab\", \"summary\": \"one lock in a loop\", \"source\": \"validation\", "
        "\"based-on\": \"none\", \"locks\": {\"big\": {\"kind\": \"%s\", %s, \"source\": "
        "\"lab\"}}, \"operations\": {%s, %s}}",
        load->lock, counted ? "\"per\": \"device\", \"inside\": \"pdev\"" : "\"per\": \"global\"",
        one, other);
    return vs_policy_compile(text, (size_t)length, "validation", policy, error);
}

/* ----------------------------------------------------------------- machine */

/* A profile without the costs of the hypervisor's own work. */
static void strip(struct vs_machine *machine, const struct vs_lab_load *load)
{
    memset(machine->work_ps, 0, sizeof machine->work_ps);
    if (is_tight(load))
        machine->work_ps[VS_WORK_HANDLER] =
            (vs_ps)(load->hold * unit_of(load) * (double)VS_PS_PER_NS + 0.5);
}

/* ---------------------------------------------------------------- workload */

struct lab {
    struct vs_workload workload;
    struct vs_workload_domain domain;
    struct vs_workload_device device;
    struct vs_shape shapes[2]; /* of OP and OP_WRITE */
};

static void lab_release(struct lab *lab)
{
    free(lab->workload.actors);
    free(lab->workload.calls);
    free(lab->workload.measured_ns);
    free(lab->workload.think_ns);
}

static int lab_prepare(struct lab *lab, size_t actors, size_t calls)
{
    struct vs_workload *workload = &lab->workload;
    memset(lab, 0, sizeof *lab);
    lab->domain = (struct vs_workload_domain){.hardware_domain = true, .synthetic = true};
    lab->device = (struct vs_workload_device){.present = true, .has_vpci = true};
    lab->shapes[0].op = OP;
    lab->shapes[1].op = OP_WRITE;
    lab->shapes[0].quantity[VS_Q_CYCLES_HANDLER] = 1;
    lab->shapes[1].quantity[VS_Q_CYCLES_HANDLER] = 1;
    *workload = (struct vs_workload){.domains = &lab->domain,
                                     .domain_count = 1,
                                     .devices = &lab->device,
                                     .device_count = 1,
                                     .shapes = lab->shapes,
                                     .shape_count = 2,
                                     .actor_count = actors,
                                     .call_count = calls,
                                     .synthetic = true};
    workload->actors = calloc(actors, sizeof *workload->actors);
    workload->calls = calloc(calls, sizeof *workload->calls);
    workload->measured_ns = calloc(calls, sizeof *workload->measured_ns);
    workload->think_ns = calloc(calls, sizeof *workload->think_ns);
    return workload->actors && workload->calls && workload->measured_ns && workload->think_ns
               ? 0
               : VS_ERR_MEMORY;
}

/* Arrival, think and hold of every call, in time order for open loads. */
static void lab_fill(struct lab *lab, const struct vs_lab_load *load, uint64_t seed)
{
    struct vs_workload *workload = &lab->workload;
    uint64_t state = seed * UINT64_C(0x9e3779b97f4a7c15);
    double unit = unit_of(load), at = 0;
    for (size_t i = 0; i < workload->call_count; i++) {
        double think = 0, hold = is_tight(load) ? 0 : draw_hold(load, &state);
        size_t actor = i % workload->actor_count;
        if (load->rate > 0)
            at += exponential(&state, 1 / load->rate);
        else if (is_tight(load))
            think = draw(&state) * START_SPREAD / unit;
        else if (load->law == VS_LAB_CONSTANT) /* staggered start, then in step */
            think = i < workload->actor_count ? load->hold * (double)i : load->think;
        else if (load->steady_think)
            think = load->think;
        else
            think = exponential(&state, load->think);
        workload->calls[i] = (struct vs_call){.time_ns = load->rate > 0 ? (vs_ns)(at * unit) : i,
                                              .shape = actor < load->writers,
                                              .actor = (uint16_t)actor};
        workload->think_ns[i] = (uint32_t)(think * unit);
        workload->measured_ns[i] = (uint32_t)(hold * unit + 0.5);
    }
    workload->span_ns = workload->calls[workload->call_count - 1].time_ns;
}

/* ------------------------------------------------------------------ running */

static void add_up(const struct vs_result *result, const struct vs_lab_load *load,
                   uint64_t think_ns, struct vs_lab_sums *sums,
                   struct vs_lab_identities *identities)
{
    double unit = unit_of(load);
    const struct vs_identities *found = &result->identities;
    sums->calls += (double)result->calls;
    sums->inside += (double)result->latency.total_ns / unit;
    sums->elapsed += load->rate > 0 ? (double)result->makespan_ns / unit
                                    : ((double)result->latency.total_ns + (double)think_ns) / unit /
                                          load->threads;
    sums->wait += (double)result->lock_wait_total_ns / unit;
    sums->latency_p99 += (double)vs_histogram_quantile_ns(&result->latency, 0.99) / unit;
    for (size_t i = 0; i < result->lock_count; i++) {
        sums->hold += (double)result->locks[i].hold_total_ns / unit;
        sums->waited += (double)result->locks[i].wait_count;
        sums->acquired += (double)result->locks[i].acquire_count;
    }
    sums->runs++;
    identities->little_worst = fmax(identities->little_worst, found->little_worst);
    identities->time_error_ns = fmax(identities->time_error_ns, (double)found->time_error_ns);
    identities->overlaps += (double)found->overlap_count;
}

static int add_record(struct vs_record_calls *calls, const struct vs_lab_load *load,
                      struct vs_lab_sums *sums, struct vs_lab_identities *identities)
{
    struct vs_record_summary summary;
    int ret = vs_record_summarise(calls, &summary);
    for (size_t i = 0; i < VS_RECORD_STATES; i++)
        sums->share[i] += summary.share[i];
    sums->wait_p99 += summary.wait_p99_ns / unit_of(load);
    sums->wait_half += summary.wait_half_ns / unit_of(load);
    if (load->use == VS_LAB_EXCLUSIVE)
        identities->overtaken += (double)summary.overtaken;
    return ret;
}

static uint64_t think_total(const struct vs_workload *workload)
{
    uint64_t total = 0;
    for (size_t i = 0; i < workload->call_count; i++)
        total += workload->think_ns[i];
    return total;
}

static int run_seed(const struct vs_policy *policy, struct vs_machine *machine,
                    const struct vs_lab_load *load, uint64_t seed, struct vs_lab_sums *sums,
                    struct vs_lab_identities *identities, struct vs_error *error)
{
    bool open = load->rate > 0;
    struct vs_engine_options options = {.timing = open ? VS_TIMING_OPEN : VS_TIMING_CLOSED,
                                        .cpus = load->cpus};
    size_t calls = open && load->rounds ? load->rounds : OPEN_ARRIVALS;
    size_t actors = load->threads;
    if (open)
        actors = calls < OPEN_THREADS ? calls : OPEN_THREADS;
    if (!open)
        calls = is_tight(load) ? actors : actors * rounds_of(load);
    if (machine->sockets == 0) { /* ideal */
        machine->sockets = machine->threads_per_core = 1;
        machine->cores_per_socket = (uint32_t)actors;
    }
    struct lab lab;
    struct vs_result *result = NULL;
    struct vs_record_calls record = {.count = 0};
    if (load->record) {
        options.call_ended = vs_record_call;
        options.call_ended_context = &record;
    }
    int ret = lab_prepare(&lab, actors, calls);
    if (ret < 0) {
        vs_error_set(error, ret, "out of memory while preparing an experiment");
        goto out;
    }
    lab_fill(&lab, load, seed);
    ret = vs_engine_replay(&lab.workload, policy, machine, &options, &result, error);
    if (ret < 0)
        goto out;
    if (result->outcome != VS_OUTCOME_DONE)
        ret = vs_error_set(error, VS_ERR_ANSWER, "an experiment with %s deadlocked", load->lock);
    add_up(result, load, think_total(&lab.workload), sums, identities);
    if (load->record && add_record(&record, load, sums, identities) < 0)
        ret = vs_error_set(error, VS_ERR_MEMORY, "out of memory while recording an experiment");
out:
    vs_record_release(&record);
    vs_result_free(result);
    lab_release(&lab);
    return ret;
}

int vs_lab_run(const char *machine_name, const struct vs_lab_load *load, struct vs_lab_sums *sums,
               struct vs_lab_identities *identities, struct vs_error *error)
{
    struct vs_machine ideal = {.name = (char *)"ideal",
                               .line_service_ps =
                                   (vs_ps)(load->service * unit_of(load) * (double)VS_PS_PER_NS),
                               .softirq_interval_ps = UINT64_C(1000000000)};
    struct vs_machine *machine = NULL;
    struct vs_policy *policy = NULL;
    int ret = make_policy(load, &policy, error);
    *sums = (struct vs_lab_sums){.threads = load->threads, .rounds = rounds_of(load)};
    if (ret == 0 && strcmp(machine_name, "ideal") != 0)
        ret = vs_machine_load(machine_name, &machine, error);
    if (ret == 0)
        strip(machine ? machine : &ideal, load);
    for (uint32_t seed = 1; ret == 0 && seed <= (load->seeds ? load->seeds : 1); seed++)
        ret = run_seed(policy, machine ? machine : &ideal, load, seed, sums, identities, error);
    vs_machine_free(machine);
    vs_policy_free(policy);
    return ret;
}
