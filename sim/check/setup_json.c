/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A setup as JSON: {"domains": 2, "devices": [{"owner": 0, ...}], "actors":
 * [{"domain": 0, "calls": [{"op": "device-remove", "device": 0}]}], "also-look-for":
 * ["unmapped-bar"]}.  A device is present, has MSI-X, does not decode memory and
 * has a page of its own unless it says otherwise.  "failures": true lets steps fail
 * that may; "loops": true has every vCPU begin again when it has done all of its calls.
 * And a schedule out of JSON, which schedule.c wrote.
 */
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "internal.h"

struct vs_json_out *vs_check_setup_json(const struct vs_check_setup *setup)
{
    struct vs_json_out *out = vs_json_new_object();
    struct vs_json_out *devices = vs_json_new_array(), *actors = vs_json_new_array();
    struct vs_json_out *opt_in = vs_json_new_array();

    for (uint8_t i = 0; i < setup->device_count; i++) {
        struct vs_json_out *device = vs_json_new_object();

        vs_json_add_u64(device, "owner", setup->devices[i].owner);
        vs_json_add_boolean(device, "absent", setup->devices[i].absent);
        vs_json_add_boolean(device, "msix", setup->devices[i].has_msix);
        if (setup->devices[i].hidden)
            vs_json_add_boolean(device, "hidden", true);
        if (setup->devices[i].virtual)
            vs_json_add_boolean(device, "virtual", true);
        vs_json_add_boolean(device, "decoding", setup->devices[i].decoding);
        vs_json_add_u64(device, "page", setup->devices[i].page);
        vs_json_add(devices, NULL, device);
    }
    for (uint8_t i = 0; i < setup->actor_count; i++) {
        struct vs_json_out *actor = vs_json_new_object(), *calls = vs_json_new_array();

        for (uint8_t j = 0; j < setup->actors[i].call_count; j++) {
            const struct vs_check_call *from = &setup->actors[i].calls[j];
            struct vs_json_out *call = vs_json_new_object();

            vs_json_add_string(call, "op", vs_op_table[from->op].name);
            if (from->device != NONE)
                vs_json_add_u64(call, "device", from->device);
            if (from->target != NONE)
                vs_json_add_u64(call, "target", from->target);
            vs_json_add(calls, NULL, call);
        }
        vs_json_add_u64(actor, "domain", setup->actors[i].domain);
        vs_json_add(actor, "calls", calls);
        vs_json_add(actors, NULL, actor);
    }
    for (int i = 0; i < VS_VIOLATION_COUNT; i++)
        if ((setup->opt_in >> i) & 1u)
            vs_json_add_string(opt_in, NULL, vs_violation_table[i].name);
    vs_json_add_u64(out, "domains", setup->domain_count);
    vs_json_add(out, "devices", devices);
    vs_json_add(out, "actors", actors);
    if (setup->loops)
        vs_json_add_boolean(out, "loops", true);
    if (setup->failures)
        vs_json_add_boolean(out, "failures", true);
    vs_json_add(out, "also-look-for", opt_in);
    return out;
}

/* ------------------------------------------------------------------ reading */

static int read_number(const struct vs_json *at, const char *key, uint8_t max, uint8_t fallback,
                       uint8_t *value, struct vs_error *error)
{
    struct vs_json member = vs_json_member(at, key);
    uint64_t number = fallback;
    int ret = 0;

    if (vs_json_kind(&member) != VS_JSON_ABSENT)
        ret = vs_json_u64(&member, 0, max, &number, error);
    *value = (uint8_t)number;
    return ret;
}

static int read_flag(const struct vs_json *at, const char *key, bool fallback, bool *value,
                     struct vs_error *error)
{
    struct vs_json member = vs_json_member(at, key);

    *value = fallback;
    return vs_json_kind(&member) == VS_JSON_ABSENT ? 0 : vs_json_boolean(&member, value, error);
}

static int read_device(const struct vs_json *at, uint8_t index, struct vs_check_device *device,
                       struct vs_error *error)
{
    static const char *const members[] = {"owner",   "absent",   "msix", "hidden",
                                          "virtual", "decoding", "page", NULL};
    int ret = vs_json_only(at, members, error);

    if (ret == 0)
        ret = read_number(at, "owner", VS_CHECK_DOMAINS_MAX - 1, 0, &device->owner, error);
    if (ret == 0)
        ret = read_number(at, "page", 7, index, &device->page, error);
    if (ret == 0)
        ret = read_flag(at, "absent", false, &device->absent, error);
    if (ret == 0)
        ret = read_flag(at, "msix", true, &device->has_msix, error);
    if (ret == 0)
        ret = read_flag(at, "hidden", false, &device->hidden, error);
    if (ret == 0)
        ret = read_flag(at, "virtual", false, &device->virtual, error);
    if (ret == 0)
        ret = read_flag(at, "decoding", false, &device->decoding, error);
    return ret;
}

static int read_call(const struct vs_json *at, struct vs_check_call *call, struct vs_error *error)
{
    static const char *const members[] = {"op", "device", "target", NULL};
    struct vs_json op = vs_json_member(at, "op");
    const char *name;
    int ret = vs_json_only(at, members, error);

    if (ret == 0)
        ret = vs_json_string(&op, &name, error);
    if (ret == 0 && vs_op_from_name(name) < 0) {
        const char *names[VS_OP_COUNT + 1] = {NULL};

        for (int i = 0; i < VS_OP_COUNT; i++)
            names[i] = vs_op_table[i].name;
        const char *near = vs_nearest(name, names);

        ret = vs_json_refuse(&op, error, "expected an operation, found \"%s\"%s%s%s", name,
                             near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
    }
    if (ret == 0)
        ret = read_number(at, "device", VS_CHECK_DEVICES_MAX - 1, NONE, &call->device, error);
    if (ret == 0)
        ret = read_number(at, "target", VS_CHECK_DOMAINS_MAX - 1, NONE, &call->target, error);
    if (ret == 0)
        call->op = (enum vs_op)vs_op_from_name(name);
    return ret;
}

/* The items of an array, at most max. */
static int count_items(const struct vs_json *at, const char *key, size_t max, struct vs_json *list,
                       uint8_t *count, struct vs_error *error)
{
    *list = vs_json_member(at, key);
    int ret = vs_json_expect(list, VS_JSON_ARRAY, error);

    if (ret == 0 && (vs_json_count(list) < 1 || vs_json_count(list) > max))
        ret = vs_json_refuse(list, error, "expected 1 to %zu items, found %zu", max,
                             vs_json_count(list));
    *count = (uint8_t)(ret == 0 ? vs_json_count(list) : 0);
    return ret;
}

static int read_actor(const struct vs_json *at, struct vs_check_actor *actor,
                      struct vs_error *error)
{
    static const char *const members[] = {"domain", "calls", NULL};
    struct vs_json calls;
    int ret = vs_json_only(at, members, error);

    if (ret == 0)
        ret = read_number(at, "domain", VS_CHECK_DOMAINS_MAX - 1, 0, &actor->domain, error);
    if (ret == 0)
        ret = count_items(at, "calls", VS_CHECK_CALLS_MAX, &calls, &actor->call_count, error);
    for (uint8_t i = 0; ret == 0 && i < actor->call_count; i++) {
        struct vs_json call = vs_json_item(&calls, i);

        ret = read_call(&call, &actor->calls[i], error);
    }
    return ret;
}

static int read_opt_in(const struct vs_json *at, uint32_t *opt_in, struct vs_error *error)
{
    struct vs_json list = vs_json_member(at, "also-look-for");
    int ret = 0;

    *opt_in = 0;
    if (vs_json_kind(&list) == VS_JSON_ABSENT)
        return 0;
    ret = vs_json_expect(&list, VS_JSON_ARRAY, error);
    for (size_t i = 0; ret == 0 && i < vs_json_count(&list); i++) {
        struct vs_json item = vs_json_item(&list, i);
        const char *name;

        ret = vs_json_string(&item, &name, error);
        int violation = ret == 0 ? vs_violation_from_name(name) : -1;

        if (ret == 0 && (violation < 0 || !vs_violation_table[violation].opt_in))
            ret = vs_json_refuse(&item, error,
                                 "expected a violation that is looked for on request, found \"%s\"",
                                 name);
        else if (ret == 0)
            *opt_in |= 1u << violation;
    }
    return ret;
}

int vs_check_setup_read(const struct vs_json *at, struct vs_check_setup *setup,
                        struct vs_error *error)
{
    static const char *const members[] = {"domains",  "devices", "actors", "also-look-for",
                                          "failures", "loops",   NULL};
    struct vs_json devices, actors;
    struct vs_error reason = VS_ERROR_INIT;
    int ret = vs_json_only(at, members, error);

    *setup = (struct vs_check_setup){.rounds = 1};
    if (ret == 0)
        ret = read_number(at, "domains", VS_CHECK_DOMAINS_MAX, 2, &setup->domain_count, error);
    if (ret == 0)
        ret =
            count_items(at, "devices", VS_CHECK_DEVICES_MAX, &devices, &setup->device_count, error);
    for (uint8_t i = 0; ret == 0 && i < setup->device_count; i++) {
        struct vs_json device = vs_json_item(&devices, i);

        ret = read_device(&device, i, &setup->devices[i], error);
    }
    if (ret == 0)
        ret = count_items(at, "actors", VS_CHECK_ACTORS_MAX, &actors, &setup->actor_count, error);
    for (uint8_t i = 0; ret == 0 && i < setup->actor_count; i++) {
        struct vs_json actor = vs_json_item(&actors, i);

        ret = read_actor(&actor, &setup->actors[i], error);
    }
    if (ret == 0)
        ret = read_flag(at, "failures", false, &setup->failures, error);
    if (ret == 0)
        ret = read_flag(at, "loops", false, &setup->loops, error);
    if (ret == 0)
        ret = read_opt_in(at, &setup->opt_in, error);
    if (ret == 0 && vs_check_setup_validate(setup, &reason) < 0)
        ret = vs_json_refuse(at, error, "%s", reason.text);
    return ret;
}

/* ---------------------------------------------------------------- schedules */

/* What starvation has besides. */
static int read_circle(const struct vs_json *at, struct vs_check_finding *finding,
                       struct vs_error *error)
{
    struct vs_json stem = vs_json_member(at, "stem"), victim = vs_json_member(at, "victim");
    uint64_t steps = 0, actor = 0;
    int ret = 0;

    if (vs_json_kind(&stem) != VS_JSON_ABSENT)
        ret = vs_json_u64(&stem, 0, UINT16_MAX, &steps, error);
    if (ret == 0 && vs_json_kind(&victim) != VS_JSON_ABSENT)
        ret = vs_json_u64(&victim, 0, VS_CHECK_ACTORS_MAX - 1, &actor, error);
    finding->stem = (uint16_t)steps;
    finding->actor = (uint8_t)actor;
    return ret;
}

int vs_check_schedule_read(const struct vs_json *at, struct vs_check_finding *finding,
                           const char **policy, struct vs_error *error)
{
    static const char *const members[] = {"policy", "violation", "text",  "shortest", "stem",
                                          "victim", "rounds",    "setup", "steps",    NULL};
    struct vs_json name = vs_json_member(at, "policy"), kind = vs_json_member(at, "violation");
    struct vs_json setup = vs_json_member(at, "setup"), steps = vs_json_member(at, "steps");
    struct vs_json rounds = vs_json_member(at, "rounds");
    const char *violation;
    uint64_t count = 1;
    int ret = vs_json_only(at, members, error);

    *finding = (struct vs_check_finding){0};
    if (ret == 0)
        ret = vs_json_string(&name, policy, error);
    if (ret == 0)
        ret = vs_json_string(&kind, &violation, error);
    if (ret == 0 && vs_violation_from_name(violation) < 0)
        ret = vs_json_refuse(&kind, error, "expected the name of a violation, found \"%s\"",
                             violation);
    if (ret == 0)
        ret = vs_json_u64(&rounds, 1, 2, &count, error);
    if (ret == 0)
        ret = read_circle(at, finding, error);
    if (ret == 0)
        ret = vs_check_setup_read(&setup, &finding->setup, error);
    if (ret == 0)
        ret = vs_json_expect(&steps, VS_JSON_ARRAY, error);
    if (ret == 0 && vs_json_count(&steps) > UINT16_MAX)
        ret = vs_json_refuse(&steps, error, "expected at most %d steps", UINT16_MAX);
    if (ret < 0)
        return ret;
    finding->violation = (enum vs_violation)vs_violation_from_name(violation);
    finding->setup.rounds = (uint8_t)count;
    finding->length = (uint16_t)vs_json_count(&steps);
    finding->schedule = malloc((size_t)finding->length + 1);
    if (!finding->schedule)
        return vs_error_set(error, VS_ERR_MEMORY, "out of memory");
    for (size_t i = 0; ret == 0 && i < finding->length; i++) {
        struct vs_json step = vs_json_item(&steps, i), actor = vs_json_member(&step, "actor");
        struct vs_json fails = vs_json_member(&step, "fails");
        uint64_t number = 0;
        bool failed = false;

        ret = vs_json_u64(&actor, 0, VS_CHECK_ACTORS_MAX - 1, &number, error);
        if (ret == 0 && vs_json_kind(&fails) != VS_JSON_ABSENT)
            ret = vs_json_boolean(&fails, &failed, error);
        finding->schedule[i] = (uint8_t)(number | (failed ? VS_CHECK_FAILS : 0));
    }
    return ret;
}
