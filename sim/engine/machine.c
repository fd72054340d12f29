/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Machine profiles from JSON.  Every number is an object {"ns", "source"} with
 * an optional "assumption": true; a profile that leaves one out is refused, so
 * that no cost is ever a silent default.
 */
#include "machine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "embedded.h"

uint32_t vs_machine_cpus(const struct vs_machine *machine)
{
    return machine->sockets * machine->cores_per_socket * machine->threads_per_core;
}

enum vs_distance vs_machine_distance(const struct vs_machine *machine, uint32_t a, uint32_t b)
{
    uint32_t core_a = a / machine->threads_per_core, core_b = b / machine->threads_per_core;
    if (a == b)
        return VS_SAME_CPU;
    if (core_a == core_b)
        return VS_SAME_CORE;
    uint32_t socket_a = core_a / machine->cores_per_socket;
    uint32_t socket_b = core_b / machine->cores_per_socket;
    if (socket_a == socket_b)
        return VS_SAME_SOCKET;
    uint32_t group = machine->sockets_per_group ? machine->sockets_per_group : machine->sockets;
    return socket_a / group == socket_b / group ? VS_OTHER_SOCKET : VS_FAR_SOCKET;
}

/* A second is more than any single step costs; it also keeps ps far from overflow. */
#define COST_MAX_NS 1e9

/* One number with its source. */
static int read_cost(const struct vs_json *parent, const char *name, vs_ps *cost_ps,
                     struct vs_machine *machine, bool *assumed, struct vs_error *error)
{
    static const char *const members[] = {"ns", "source", "assumption", NULL};
    struct vs_json at = vs_json_member(parent, name);
    struct vs_json ns, source, assumption;
    const char *text;
    double value;
    bool is_assumption = false;
    int ret;
    if ((ret = vs_json_expect(&at, VS_JSON_OBJECT, error)) < 0 ||
        (ret = vs_json_only(&at, members, error)) < 0)
        return ret;
    ns = vs_json_member(&at, "ns");
    source = vs_json_member(&at, "source");
    assumption = vs_json_member(&at, "assumption");
    if ((ret = vs_json_double(&ns, 0, COST_MAX_NS, &value, error)) < 0 ||
        (ret = vs_json_string(&source, &text, error)) < 0)
        return ret;
    if (!text[0])
        return vs_json_refuse(&source, error, "expected where the number comes from, found \"\"");
    if (vs_json_kind(&assumption) != VS_JSON_ABSENT &&
        (ret = vs_json_boolean(&assumption, &is_assumption, error)) < 0)
        return ret;
    *cost_ps = (vs_ps)(value * (double)VS_PS_PER_NS + 0.5);
    machine->assumption_count += is_assumption;
    machine->number_count++;
    if (assumed)
        *assumed = is_assumption;
    return 0;
}

static int read_topology(const struct vs_json *root, struct vs_machine *machine,
                         struct vs_error *error)
{
    static const char *const members[] = {
        "sockets", "cores_per_socket", "threads_per_core", "sockets_per_group", "source", NULL};
    struct vs_json at = vs_json_member(root, "topology");
    uint32_t *const fields[] = {&machine->sockets, &machine->cores_per_socket,
                                &machine->threads_per_core};
    const char *text;
    int ret;
    if ((ret = vs_json_expect(&at, VS_JSON_OBJECT, error)) < 0 ||
        (ret = vs_json_only(&at, members, error)) < 0)
        return ret;
    for (size_t i = 0; i < 3; i++) {
        struct vs_json field = vs_json_member(&at, members[i]);
        uint64_t value;
        if ((ret = vs_json_u64(&field, 1, 4096, &value, error)) < 0)
            return ret;
        *fields[i] = (uint32_t)value;
    }
    struct vs_json group = vs_json_member(&at, "sockets_per_group");
    if (vs_json_kind(&group) != VS_JSON_ABSENT) {
        uint64_t value;
        if ((ret = vs_json_u64(&group, 1, machine->sockets, &value, error)) < 0)
            return ret;
        machine->sockets_per_group = (uint32_t)value;
    }
    struct vs_json source = vs_json_member(&at, "source");
    if ((ret = vs_json_string(&source, &text, error)) < 0)
        return ret;
    if (vs_machine_cpus(machine) > 16384)
        return vs_json_refuse(&at, error, "expected at most 16384 CPUs, found %u",
                              vs_machine_cpus(machine));
    return 0;
}

static int read_lines(const struct vs_json *root, struct vs_machine *machine,
                      struct vs_error *error)
{
    static const char *const members[] = {"transfer_same_core",
                                          "transfer_same_socket",
                                          "transfer_other_socket",
                                          "service",
                                          "atomic",
                                          "store",
                                          "fence",
                                          "rcu_section",
                                          "softirq_interval",
                                          "transfer_far_socket",
                                          NULL};
    vs_ps *const fields[] = {&machine->transfer_ps[VS_SAME_CORE],
                             &machine->transfer_ps[VS_SAME_SOCKET],
                             &machine->transfer_ps[VS_OTHER_SOCKET],
                             &machine->line_service_ps,
                             &machine->atomic_ps,
                             &machine->store_ps,
                             &machine->fence_ps,
                             &machine->rcu_section_ps,
                             &machine->softirq_interval_ps,
                             &machine->transfer_ps[VS_FAR_SOCKET]};
    struct vs_json at = vs_json_member(root, "lines");
    int ret;
    if ((ret = vs_json_expect(&at, VS_JSON_OBJECT, error)) < 0 ||
        (ret = vs_json_only(&at, members, error)) < 0)
        return ret;
    for (size_t i = 0; members[i]; i++) {
        struct vs_json line = vs_json_member(&at, members[i]);
        bool is_far = fields[i] == &machine->transfer_ps[VS_FAR_SOCKET];
        if (is_far && machine->sockets_per_group == 0 && vs_json_kind(&line) == VS_JSON_ABSENT)
            continue; /* no socket is far */
        if (is_far && machine->sockets_per_group == 0)
            return vs_json_refuse(&line, error,
                                  "no socket is far without "
                                  "topology.sockets_per_group");
        if ((ret = read_cost(&at, members[i], fields[i], machine, NULL, error)) < 0)
            return ret;
    }
    if (machine->softirq_interval_ps == 0) {
        struct vs_json interval = vs_json_member(&at, "softirq_interval");
        return vs_json_refuse(&interval, error, "expected more than 0 ns: idle CPUs must pass");
    }
    return 0;
}

static int read_work(const struct vs_json *root, struct vs_machine *machine, struct vs_error *error)
{
    const char *names[VS_WORK_COUNT + 1] = {NULL};
    struct vs_json at = vs_json_member(root, "work");
    int ret;
    for (int i = 0; i < VS_WORK_COUNT; i++)
        names[i] = vs_work_table[i].name;
    if ((ret = vs_json_expect(&at, VS_JSON_OBJECT, error)) < 0 ||
        (ret = vs_json_only(&at, names, error)) < 0)
        return ret;
    for (int i = 0; i < VS_WORK_COUNT; i++)
        if ((ret = read_cost(&at, names[i], &machine->work_ps[i], machine,
                             &machine->assumed_work[i], error)) < 0)
            return ret;
    return 0;
}

/* What lock primitives took where the profile was measured: checked, and for people to
 * read; no engine uses it. */
static int check_primitives(const struct vs_json *root, struct vs_error *error)
{
    static const char *const sides[] = {"alone", "two", NULL};
    struct vs_json at = vs_json_member(root, "primitives");
    struct vs_machine unused = {0};
    vs_ps cost_ps;
    int ret;
    if (vs_json_kind(&at) == VS_JSON_ABSENT)
        return 0;
    if ((ret = vs_json_expect(&at, VS_JSON_OBJECT, error)) < 0)
        return ret;
    for (size_t i = 0; i < vs_json_count(&at); i++) {
        struct vs_json primitive = vs_json_member_at(&at, i);
        if ((ret = vs_json_expect(&primitive, VS_JSON_OBJECT, error)) < 0 ||
            (ret = vs_json_only(&primitive, sides, error)) < 0)
            return ret;
        for (size_t k = 0; sides[k]; k++)
            if ((ret = read_cost(&primitive, sides[k], &cost_ps, &unused, NULL, error)) < 0)
                return ret;
    }
    return 0;
}

int vs_machine_compile(const char *text, size_t length, const char *file,
                       struct vs_machine **machine, struct vs_error *error)
{
    static const char *const members[] = {"name", "summary",    "topology", "lines",
                                          "work", "primitives", NULL};
    struct vs_machine *made = calloc(1, sizeof *made);
    struct vs_json_doc *doc = NULL;
    const char *name, *summary;
    int ret = VS_ERR_MEMORY;
    if (!made)
        goto out;
    if ((ret = vs_json_parse(text, length, file, &doc, error)) < 0)
        goto out;
    struct vs_json root = vs_json_root(doc);
    struct vs_json name_at = vs_json_member(&root, "name");
    struct vs_json summary_at = vs_json_member(&root, "summary");
    if ((ret = vs_json_expect(&root, VS_JSON_OBJECT, error)) < 0 ||
        (ret = vs_json_only(&root, members, error)) < 0 ||
        (ret = vs_json_string(&name_at, &name, error)) < 0 ||
        (ret = vs_json_string(&summary_at, &summary, error)) < 0 ||
        (ret = read_topology(&root, made, error)) < 0 ||
        (ret = read_lines(&root, made, error)) < 0 || (ret = read_work(&root, made, error)) < 0 ||
        (ret = check_primitives(&root, error)) < 0)
        goto out;
    made->name = strdup(name);
    made->summary = strdup(summary);
    made->file = strdup(file);
    made->text = strndup(text, length);
    ret = made->name && made->summary && made->file && made->text ? 0 : VS_ERR_MEMORY;
out:
    vs_json_doc_free(doc);
    if (ret < 0) {
        if (ret == VS_ERR_MEMORY)
            vs_error_set(error, ret, "out of memory while reading machine %s", file);
        vs_machine_free(made);
        return ret;
    }
    *machine = made;
    return 0;
}

static int refuse_unknown(const char *name, struct vs_error *error)
{
    const char *near = vs_nearest(name, vs_machine_names());
    return vs_error_set(error, VS_ERR_USAGE,
                        "no machine \"%s\" ships and no file is called so%s%s%s", name,
                        near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

/* Far more than any profile; a wrong file is refused before it fills the memory. */
#define FILE_MAX_BYTES ((size_t)1 << 20)

int vs_machine_load(const char *name_or_path, struct vs_machine **machine, struct vs_error *error)
{
    const char *shipped = vs_embedded_machine(name_or_path);
    char *text = NULL;
    size_t length = 0;
    if (shipped)
        return vs_machine_compile(shipped, strlen(shipped), name_or_path, machine, error);
    if (access(name_or_path, F_OK) != 0 && errno == ENOENT)
        return refuse_unknown(name_or_path, error);
    int ret = vs_file_read(name_or_path, FILE_MAX_BYTES, &text, &length, error);
    if (ret == 0)
        ret = vs_machine_compile(text, length, name_or_path, machine, error);
    free(text);
    return ret;
}

void vs_machine_free(struct vs_machine *machine)
{
    if (!machine)
        return;
    free(machine->name);
    free(machine->summary);
    free(machine->file);
    free(machine->text);
    free(machine->varied);
    free(machine);
}
