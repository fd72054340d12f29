/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every object is built alike (bpf/emit.h), so that one loader serves all: read-only
 * data is one struct vs_bpf_config, ring and counters have fixed names, and every
 * program attaches by its section name.
 */
#include "object.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "explain.h"

/* Enough for the tail of a verifier log, where the reason stands. */
#define LOG_BYTES (1u << 20)

struct vs_object {
    struct bpf_object *bpf;
    struct bpf_link **links;
    size_t link_count;
    char *log;
    const struct vs_backend *backend;
    char without[512];
};

static bool in_list(const char *const *list, const char *name)
{
    bool found = false;

    for (size_t i = 0; list[i]; i++)
        found = found || strcmp(list[i], name) == 0;
    return found;
}

/* Has this kernel what the program of this section attaches to? */
static bool available(const struct vs_bpf_config *config, const struct btf *btf,
                      const char *section)
{
    const char *name = strchr(section, '/') + 1;

    if (strncmp(section, "tp_btf/", 7) == 0) {
        char trace[64];

        snprintf(trace, sizeof(trace), "btf_trace_%s", name);
        return (config->locks[0] || config->locks[1]) &&
               btf__find_by_name_kind(btf, trace, BTF_KIND_TYPEDEF) >= 0;
    }
    return btf__find_by_name_kind(btf, name, BTF_KIND_FUNC) >= 0;
}

/* Leave out the programs that this kernel has no place for; without what the backend needs,
 * loading fails, and that is explained. */
static void prune(struct vs_object *object, const struct vs_bpf_config *config)
{
    struct btf *btf = NULL;
    struct bpf_program *program;
    size_t used = 0;

    bpf_object__for_each_program(program, object->bpf)
    {
        const char *section = bpf_program__section_name(program);
        const char *name = strchr(section, '/') + 1;

        if (in_list(object->backend->needs, name))
            continue;
        btf = btf ? btf : btf__load_vmlinux_btf();
        if (btf && available(config, btf, section))
            continue;
        bpf_program__set_autoload(program, false);
        if (!strstr(object->without, name) && used < sizeof(object->without)) {
            int length = snprintf(object->without + used, sizeof(object->without) - used, "%s%s",
                                  used ? ", " : "", name);

            used += length > 0 ? (size_t)length : 0;
        }
    }
    btf__free(btf);
}

const char *vs_object_without(const struct vs_object *object)
{
    return object->without;
}

static int configure(struct vs_object *object, const struct vs_bpf_config *config,
                     uint64_t ring_bytes)
{
    struct bpf_map *map;
    struct bpf_map *ring = bpf_object__find_map_by_name(object->bpf, VS_MAP_RING);
    struct bpf_map *data = NULL;

    bpf_object__for_each_map(map, object->bpf)
    {
        /* The name is the object's, cut, and the section. */
        const char *section = strrchr(bpf_map__name(map), '.');

        if (section && strcmp(section, ".rodata") == 0)
            data = map;
    }
    if (!data || !ring)
        return -EINVAL;
    int ret = bpf_map__set_initial_value(data, config, sizeof(*config));

    return ret < 0 ? ret : bpf_map__set_max_entries(ring, (uint32_t)ring_bytes);
}

int vs_object_load(const struct vs_backend *backend, const struct vs_bpf_config *config,
                   uint64_t ring_bytes, struct vs_object **object, struct vs_error *error)
{
    struct vs_object *made = calloc(1, sizeof(*made));
    size_t size_bytes = 0;
    int ret = -ENOMEM;

    /* Its warnings go to nobody: their reasons are told by vs_explain_load. */
    libbpf_set_print(NULL);
    if (made) {
        made->backend = backend;
        made->log = calloc(1, LOG_BYTES);
    }
    if (made && made->log) {
        LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = "vs_capture",
                    .kernel_log_buf = made->log, .kernel_log_size = LOG_BYTES);
        const void *image = backend->image(&size_bytes);

        made->bpf = bpf_object__open_mem(image, size_bytes, &options);
        ret = made->bpf ? 0 : -errno;
    }
    if (ret == 0)
        ret = configure(made, config, ring_bytes);
    if (ret == 0) {
        prune(made, config);
        ret = bpf_object__load(made->bpf);
    }
    if (ret < 0) {
        ret = vs_explain_load(backend, -ret, made ? made->log : NULL, ring_bytes, error);
        vs_object_free(made);
        return ret;
    }
    *object = made;
    return 0;
}

int vs_object_attach(struct vs_object *object, struct vs_error *error)
{
    struct bpf_program *program;
    size_t count = 0;

    bpf_object__for_each_program(program, object->bpf) count++;
    object->links = calloc(count, sizeof(struct bpf_link *));
    if (!object->links)
        return vs_error_set(error, VS_ERR_MEMORY, "out of memory");
    bpf_object__for_each_program(program, object->bpf)
    {
        if (!bpf_program__autoload(program))
            continue;
        struct bpf_link *link = bpf_program__attach(program);

        if (!link) {
            int ret = vs_explain_attach(object->backend, bpf_program__section_name(program), errno,
                                        error);

            vs_object_detach(object);
            return ret;
        }
        object->links[object->link_count++] = link;
    }
    return 0;
}

void vs_object_detach(struct vs_object *object)
{
    while (object->link_count > 0)
        bpf_link__destroy(object->links[--object->link_count]);
    free(object->links);
    object->links = NULL;
}

void vs_object_free(struct vs_object *object)
{
    if (!object)
        return;
    vs_object_detach(object);
    bpf_object__close(object->bpf);
    free(object->log);
    free(object);
}

int vs_object_ring_fd(const struct vs_object *object)
{
    return bpf_object__find_map_fd_by_name(object->bpf, VS_MAP_RING);
}

int vs_object_counters(const struct vs_object *object, struct vs_counters *cpus, size_t cpu_count,
                       struct vs_error *error)
{
    int fd = bpf_object__find_map_fd_by_name(object->bpf, VS_MAP_COUNTERS);
    int possible = libbpf_num_possible_cpus();
    uint32_t zero = 0;

    if (possible < 0 || (size_t)possible > cpu_count)
        return vs_error_set(error, VS_ERR_HOST, "the number of possible CPUs is not known");
    /* The kernel copies each CPU's value, rounded up to 8 bytes: it is a multiple already. */
    if (bpf_map_lookup_elem(fd, &zero, cpus) < 0)
        return vs_error_set(error, VS_ERR_HOST, "cannot read the counters: %s", strerror(errno));
    return 0;
}

/* The kernel's account of a program; all 0 for one that is not loaded. */
static struct bpf_prog_info program_info(const struct bpf_program *program)
{
    struct bpf_prog_info info = {0};
    uint32_t length = sizeof(info);
    int fd = bpf_program__fd(program);

    if (fd >= 0 && bpf_obj_get_info_by_fd(fd, &info, &length) < 0)
        info = (struct bpf_prog_info){0};
    return info;
}

uint64_t vs_object_run_time_ns(const struct vs_object *object)
{
    struct bpf_program *program;
    uint64_t total_ns = 0;

    bpf_object__for_each_program(program, object->bpf) total_ns +=
        program_info(program).run_time_ns;
    return total_ns;
}

void vs_object_missed_runs(const struct vs_object *object, uint64_t *runs, uint64_t *waits)
{
    static const char of_locks[] = "tp_btf/contention_";
    struct bpf_program *program;

    *runs = 0;
    *waits = 0;
    bpf_object__for_each_program(program, object->bpf)
    {
        struct bpf_prog_info info = program_info(program);

        if (strncmp(bpf_program__section_name(program), of_locks, strlen(of_locks)) == 0)
            *waits += info.recursion_misses;
        else
            *runs += info.recursion_misses;
    }
}
