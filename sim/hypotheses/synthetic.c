/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A synthetic workload from its description: callers are read, operations
 * interned as shapes, calls drawn caller by caller and then put into order of
 * time.  Each vCPU draws from a stream of its own, so that adding a caller does
 * not change the others.
 */
#include "synthetic.h"

#include <stdlib.h>
#include <string.h>

#include "engine/machine.h"
#include "random.h"

#define DOMAINS_MAX 64
#define DEVICES_MAX 64
#define VCPUS_MAX   64
#define CALLS_MAX   100000
#define ITEMS_MAX   16
#define CALLERS_MAX 8
#define SHAPES_MAX  (2 * ITEMS_MAX * CALLERS_MAX) /* as hardware domain and as guest */

enum place { IN_HARDWARE, IN_GUESTS, IN_ALL };
enum device { ON_OWN, ON_FIRST, ON_SECOND, ON_SPARE, ON_NONE };

static const char *const place_names[] = {"hardware", "guests", "all", NULL};
static const char *const device_names[] = {"own", "first", "second", "spare", "none", NULL};

struct item {
    struct vs_shape shape;
    uint64_t weight;
    uint32_t index[2]; /* of the interned shape: as a guest's, as the hardware domain's */
};

struct caller {
    int place, device;
    uint64_t vcpus, calls;
    vs_ns think_ns;
    bool in_turn;
    struct item items[ITEMS_MAX];
    size_t item_count;
    uint64_t weight;
};

struct plan {
    uint64_t domains, devices;
    struct caller callers[CALLERS_MAX];
    size_t caller_count;
};

/* --------------------------------------------------------------------- reading */

static int read_u64(const struct vs_json *at, const char *key, uint64_t min, uint64_t max,
                    uint64_t *value, struct vs_error *error)
{
    struct vs_json member = vs_json_member(at, key);

    return vs_json_u64(&member, min, max, value, error);
}

static int read_choice(const struct vs_json *at, const char *key, const char *const *names,
                       int *value, struct vs_error *error)
{
    struct vs_json member = vs_json_member(at, key);
    const char *word;
    int ret = vs_json_string(&member, &word, error);

    for (int i = 0; ret == 0 && names[i]; i++)
        if (strcmp(word, names[i]) == 0) {
            *value = i;
            return 0;
        }
    if (ret == 0)
        ret = vs_json_refuse(&member, error, "unknown \"%s\"; expected %s, %s, ...", word, names[0],
                             names[1]);
    return ret;
}

static int read_facts(const struct vs_json *list, struct item *item, struct vs_error *error)
{
    int ret = vs_json_expect(list, VS_JSON_ARRAY, error);

    for (size_t i = 0; ret == 0 && i < vs_json_count(list); i++) {
        struct vs_json one = vs_json_item(list, i);
        const char *name;

        ret = vs_json_string(&one, &name, error);
        int fact = ret == 0 ? vs_fact_from_name(name) : -1;

        if (ret == 0 && fact < 0)
            ret = vs_json_refuse(&one, error, "unknown fact \"%s\"", name);
        if (ret == 0)
            item->shape.facts |= 1u << fact;
    }
    return ret;
}

/* The command register's operations overlap it, and the ROM's the ROM. */
static bool is_header_write(enum vs_op op)
{
    return op == VS_OP_WRITE_COMMAND || op == VS_OP_TOGGLE_DECODE || op == VS_OP_WRITE_ROM ||
           op == VS_OP_TOGGLE_ROM;
}

static int read_item(const struct vs_json *at, struct item *item, struct vs_error *error)
{
    struct vs_json op = vs_json_member(at, "op");
    const char *name;
    int ret = vs_json_string(&op, &name, error);
    int found = ret == 0 ? vs_op_from_name(name) : -1;

    if (ret == 0 && (found < 0 || found == VS_OP_MAP_PENDING))
        ret = vs_json_refuse(&op, error, "unknown operation \"%s\"", name);
    if (ret < 0)
        return ret;
    *item = (struct item){.weight = 1, .shape = {.op = (uint8_t)found}};
    item->shape.facts = 1u << VS_FACT_HAS_MSIX;
    if (vs_op_table[found].is_write)
        item->shape.facts |= 1u << VS_FACT_IS_WRITE;
    if (is_header_write((enum vs_op)found))
        item->shape.facts |= 1u << VS_FACT_HEADER_REGISTER;
    for (size_t i = 0; ret == 0 && i < vs_json_count(at); i++) {
        struct vs_json member = vs_json_member_at(at, i);
        int quantity = vs_quantity_from_name(member.key);
        uint64_t number = 0;

        if (strcmp(member.key, "op") == 0)
            continue;
        if (strcmp(member.key, "facts") == 0) {
            ret = read_facts(&member, item, error);
        } else if (strcmp(member.key, "weight") == 0) {
            ret = vs_json_u64(&member, 1, 1000000, &item->weight, error);
        } else if (quantity < 0) {
            ret = vs_json_refuse(&member, error, "unknown quantity \"%s\"", member.key);
        } else {
            ret = vs_json_u64(&member, 0, 4096, &number, error);
            item->shape.quantity[quantity] = (uint32_t)number;
        }
    }
    if (ret == 0 && vs_op_table[found].defers && item->shape.quantity[VS_Q_MAP_SLICES] == 0)
        ret = vs_json_refuse(at, error, "%s defers a map: expected map-slices", name);
    return ret;
}

static int read_caller(const struct vs_json *at, struct caller *caller, struct vs_error *error)
{
    static const char *const members[] = {"in", "vcpus",   "calls", "think",
                                          "on", "in-turn", "mix",   NULL};
    struct vs_json mix = vs_json_member(at, "mix"), turn = vs_json_member(at, "in-turn");
    struct vs_json think = vs_json_member(at, "think");
    const char *duration = NULL;
    int ret = vs_json_only(at, members, error);

    if (ret == 0)
        ret = read_choice(at, "in", place_names, &caller->place, error);
    if (ret == 0)
        ret = read_choice(at, "on", device_names, &caller->device, error);
    if (ret == 0)
        ret = read_u64(at, "vcpus", 1, VCPUS_MAX, &caller->vcpus, error);
    if (ret == 0)
        ret = read_u64(at, "calls", 1, CALLS_MAX, &caller->calls, error);
    if (ret == 0)
        ret = vs_json_string(&think, &duration, error);
    if (ret == 0 &&
        (vs_parse_duration(duration, &caller->think_ns) < 0 || caller->think_ns > VS_NS_PER_S / 10))
        ret = vs_json_refuse(&think, error, "expected a duration up to 100ms, found \"%s\"",
                             duration);
    caller->in_turn = vs_json_kind(&turn) != VS_JSON_ABSENT;
    const struct vs_json *list = caller->in_turn ? &turn : &mix;

    if (ret == 0 && caller->in_turn && vs_json_kind(&mix) != VS_JSON_ABSENT)
        ret = vs_json_refuse(&mix, error, "mix or in-turn, not both");
    if (ret == 0)
        ret = vs_json_expect(list, VS_JSON_ARRAY, error);
    if (ret == 0 && (vs_json_count(list) == 0 || vs_json_count(list) > ITEMS_MAX))
        ret = vs_json_refuse(list, error, "expected 1 to %d operations", ITEMS_MAX);
    for (size_t i = 0; ret == 0 && i < vs_json_count(list); i++) {
        struct vs_json item = vs_json_item(list, i);

        ret = read_item(&item, &caller->items[i], error);
        caller->weight += caller->items[i].weight;
        caller->item_count++;
    }
    return ret;
}

static int read_plan(const struct vs_json *at, struct vs_synthetic *synthetic, struct plan *plan,
                     struct vs_error *error)
{
    static const char *const members[] = {"about",   "seed",    "domains", "devices",
                                          "machine", "callers", NULL};
    struct vs_json about = vs_json_member(at, "about"), machine = vs_json_member(at, "machine");
    struct vs_json callers = vs_json_member(at, "callers");
    int ret = vs_json_only(at, members, error);

    synthetic->name = at->key ? at->key : "synthetic";
    synthetic->machine = vs_machine_names()[0];
    if (ret == 0)
        ret = vs_json_string(&about, &synthetic->about, error);
    if (ret == 0 && vs_json_kind(&machine) != VS_JSON_ABSENT)
        ret = vs_json_string(&machine, &synthetic->machine, error);
    if (ret == 0)
        ret = read_u64(at, "seed", 0, INT64_MAX, &synthetic->seed, error);
    if (ret == 0)
        ret = read_u64(at, "domains", 1, DOMAINS_MAX, &plan->domains, error);
    if (ret == 0)
        ret = read_u64(at, "devices", 1, DEVICES_MAX, &plan->devices, error);
    if (ret == 0)
        ret = vs_json_expect(&callers, VS_JSON_ARRAY, error);
    if (ret == 0 && (vs_json_count(&callers) == 0 || vs_json_count(&callers) > CALLERS_MAX))
        ret = vs_json_refuse(&callers, error, "expected 1 to %d callers", CALLERS_MAX);
    for (size_t i = 0; ret == 0 && i < vs_json_count(&callers); i++) {
        struct vs_json caller = vs_json_item(&callers, i);

        ret = read_caller(&caller, &plan->callers[i], error);
        if (ret == 0 && plan->callers[i].device == ON_SECOND && plan->devices < 2)
            ret = vs_json_refuse(&caller, error, "there is no second device");
        if (ret == 0 && plan->callers[i].place == IN_GUESTS && plan->domains < 2)
            ret = vs_json_refuse(&caller, error, "there are no guests");
        plan->caller_count++;
    }
    return ret;
}

/* ---------------------------------------------------------------------- making */

static uint32_t intern(struct vs_workload *workload, const struct vs_shape *shape)
{
    uint32_t i = 0;

    while (i < workload->shape_count && memcmp(&workload->shapes[i], shape, sizeof(*shape)) != 0)
        i++;
    if (i == workload->shape_count)
        workload->shapes[workload->shape_count++] = *shape;
    return i;
}

static void intern_items(struct vs_workload *workload, struct plan *plan)
{
    for (size_t c = 0; c < plan->caller_count; c++)
        for (size_t i = 0; i < plan->callers[c].item_count; i++) {
            struct item *item = &plan->callers[c].items[i];
            struct vs_shape shape = item->shape;

            item->index[0] = intern(workload, &shape);
            shape.facts |= 1u << VS_FACT_HARDWARE_DOMAIN;
            item->index[1] = intern(workload, &shape);
        }
}

/* Is the caller in this domain? */
static bool calls_in(const struct caller *caller, size_t domain)
{
    return caller->place == IN_ALL || (caller->place == IN_HARDWARE) == (domain == 0);
}

/* Devices lie domain by domain, the hardware domain's spare behind all. */
static uint16_t draw_device(const struct plan *plan, const struct caller *caller, size_t domain,
                            struct vs_random *random)
{
    switch (caller->device) {
    case ON_OWN:
        return (uint16_t)(domain * plan->devices + vs_random_below(random, plan->devices));
    case ON_FIRST:
        return (uint16_t)(domain * plan->devices);
    case ON_SECOND:
        return (uint16_t)(domain * plan->devices + 1);
    case ON_SPARE:
        return (uint16_t)(plan->domains * plan->devices);
    default:
        return VS_DEVICE_NONE;
    }
}

static const struct item *draw_item(const struct caller *caller, uint64_t call,
                                    struct vs_random *random)
{
    if (caller->in_turn)
        return &caller->items[call % caller->item_count];
    uint64_t drawn = vs_random_below(random, caller->weight);
    size_t i = 0;

    while (drawn >= caller->items[i].weight)
        drawn -= caller->items[i++].weight;
    return &caller->items[i];
}

struct drawn {
    struct vs_call call;
    uint32_t think_ns;
    uint64_t order;
};

static int by_time(const void *a, const void *b)
{
    const struct drawn *x = a, *y = b;

    if (x->call.time_ns != y->call.time_ns)
        return x->call.time_ns < y->call.time_ns ? -1 : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

static void add_actor(struct vs_workload *workload, size_t domain)
{
    size_t before = workload->actor_count;
    uint16_t vcpu = 0;

    while (before > 0 && workload->actors[before - 1].domain == domain) {
        before--;
        vcpu++;
    }
    workload->actors[workload->actor_count++] = (struct vs_actor){
        .domain = (uint16_t)domain, .vcpu = vcpu, .pcpu = (uint16_t)workload->actor_count};
}

static void draw_calls(struct vs_workload *workload, const struct plan *plan, uint64_t seed,
                       struct drawn *drawn)
{
    uint64_t count = 0;

    for (size_t domain = 0; domain < plan->domains; domain++)
        for (size_t c = 0; c < plan->caller_count; c++) {
            const struct caller *caller = &plan->callers[c];

            for (uint64_t v = 0; calls_in(caller, domain) && v < caller->vcpus; v++) {
                uint16_t actor = (uint16_t)workload->actor_count;
                struct vs_random random;
                vs_ns now_ns = 0;

                add_actor(workload, domain);
                vs_random_seed(&random, seed, (domain * CALLERS_MAX + c) * VCPUS_MAX + v);
                for (uint64_t i = 0; i < caller->calls; i++) {
                    const struct item *item = draw_item(caller, i, &random);
                    vs_ns think_ns =
                        caller->think_ns ? vs_random_exponential(&random, caller->think_ns) : 0;

                    if (think_ns > VS_NS_PER_S)
                        think_ns = VS_NS_PER_S; /* once in e^10 gaps of the longest mean */
                    now_ns += think_ns;
                    drawn[count] = (struct drawn){
                        .call = {.time_ns = now_ns,
                                 .shape = item->index[domain == 0],
                                 .actor = actor,
                                 .device = draw_device(plan, caller, domain, &random)},
                        .think_ns = (uint32_t)think_ns,
                        .order = count};
                    workload->op_count[item->shape.op]++;
                    count++;
                }
            }
        }
    qsort(drawn, count, sizeof(*drawn), by_time);
    for (uint64_t i = 0; i < count; i++) {
        workload->calls[i] = drawn[i].call;
        workload->think_ns[i] = drawn[i].think_ns;
    }
    workload->span_ns = drawn[count - 1].call.time_ns;
}

static void fill_host(struct vs_workload *workload, const struct plan *plan)
{
    for (size_t i = 0; i < workload->domain_count; i++)
        workload->domains[i] = (struct vs_workload_domain){
            .id = (uint16_t)i, .hardware_domain = i == 0, .synthetic = true};
    for (size_t i = 0; i < workload->device_count; i++)
        workload->devices[i] = (struct vs_workload_device){
            .sbdf = (uint32_t)i << 3,
            .owner = (uint16_t)(i < plan->domains * plan->devices ? i / plan->devices : 0),
            .present = true,
            .has_vpci = true,
            .has_msix = true};
}

static int make(const struct vs_json *at, struct plan *plan, uint64_t seed,
                struct vs_workload **workload, struct vs_error *error)
{
    struct vs_workload *made = calloc(1, sizeof(*made));
    struct drawn *drawn = NULL;
    uint64_t calls = 0, actors = 0;
    int ret = VS_ERR_MEMORY;

    for (size_t domain = 0; domain < plan->domains; domain++)
        for (size_t c = 0; c < plan->caller_count; c++)
            if (calls_in(&plan->callers[c], domain)) {
                actors += plan->callers[c].vcpus;
                calls += plan->callers[c].vcpus * plan->callers[c].calls;
            }
    if (calls > CALLS_MAX) {
        ret = vs_json_refuse(at, error, "%llu calls in all; at most %d", (unsigned long long)calls,
                             CALLS_MAX);
        goto out;
    }
    if (!made)
        goto out;
    made->synthetic = true;
    made->domain_count = plan->domains;
    made->device_count = plan->domains * plan->devices + 1;
    made->call_count = calls;
    made->synthetic_calls = calls;
    made->domains = calloc(made->domain_count, sizeof(*made->domains));
    made->actors = calloc(actors, sizeof(*made->actors));
    made->devices = calloc(made->device_count, sizeof(*made->devices));
    made->shapes = calloc(SHAPES_MAX, sizeof(*made->shapes));
    made->calls = calloc(calls, sizeof(*made->calls));
    made->think_ns = calloc(calls, sizeof(*made->think_ns));
    drawn = calloc(calls, sizeof(*drawn));
    if (!made->domains || !made->actors || !made->devices || !made->shapes || !made->calls ||
        !made->think_ns || !drawn)
        goto out;
    fill_host(made, plan);
    intern_items(made, plan);
    draw_calls(made, plan, seed, drawn);
    *workload = made;
    made = NULL;
    ret = 0;
out:
    free(drawn);
    vs_workload_free(made);
    return ret < 0 ? vs_error_set(error, ret, "out of memory for a workload") : 0;
}

int vs_synthetic_read(const struct vs_json *at, struct vs_synthetic **synthetic,
                      struct vs_error *error)
{
    struct vs_synthetic *read = calloc(1, sizeof(*read));
    struct plan *plan = calloc(1, sizeof(*plan));
    int ret = read && plan ? 0 : vs_error_set(error, VS_ERR_MEMORY, "out of memory");

    if (ret == 0)
        ret = read_plan(at, read, plan, error);
    if (ret == 0)
        ret = make(at, plan, read->seed, &read->made, error);
    free(plan);
    if (ret < 0) {
        vs_synthetic_free(read);
        read = NULL;
    }
    *synthetic = read;
    return ret;
}

void vs_synthetic_free(struct vs_synthetic *synthetic)
{
    if (!synthetic)
        return;
    vs_workload_free(synthetic->made);
    free(synthetic);
}
