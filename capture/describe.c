/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Layer, blind spots and clock go into the header: a replay's reader never sees stderr. */
#include "describe.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "sysfs.h"

bool vs_host_is_xen_domain(void)
{
    char type[8] = "";
    int fd = open("/sys/hypervisor/type", O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? 0 : read(fd, type, sizeof(type) - 1);

    if (fd >= 0)
        close(fd);
    return length >= 3 && strncmp(type, "xen", 3) == 0;
}

static int describe_host(struct vs_trace_meta *meta)
{
    struct vs_trace_domain *host = vs_trace_meta_add_domain(meta);
    long cpus = sysconf(_SC_NPROCESSORS_CONF);

    if (!host)
        return VS_ERR_MEMORY;
    host->id = 0;
    host->hardware_domain = true;
    host->vcpus = cpus > 0 && cpus < UINT16_MAX ? (uint16_t)cpus : 0;
    snprintf(host->name, sizeof(host->name), "%s",
             vs_host_is_xen_domain() ? "Domain-0" : "this host");
    return 0;
}

static int describe_filters(const struct vs_bpf_config *filters, struct vs_trace_meta *meta)
{
    int ret = 0;

    if (filters->sbdf_count > 0)
        ret = vs_trace_meta_add_note(meta, "only accesses of %u chosen devices were captured",
                                     filters->sbdf_count);
    if (ret == 0 && filters->pid_count > 0)
        ret = vs_trace_meta_add_note(meta, "only accesses of %u chosen processes were captured",
                                     filters->pid_count);
    return ret;
}

static int add_windows(const struct vs_capture_options *options, struct vs_trace_meta *meta)
{
    for (uint32_t i = 0; i < options->filters.window_count; i++) {
        struct vs_ecam *window = vs_trace_meta_add_ecam(meta);

        if (!window)
            return VS_ERR_MEMORY;
        *window = options->windows[i];
    }
    return 0;
}

int vs_describe_start(const struct vs_capture_options *options, const struct vs_backend *backend,
                      const char *without, uint64_t wall_epoch_ns, struct vs_trace_meta *meta,
                      struct vs_error *error)
{
    struct utsname host;
    int ret = 0;

    uname(&host);
    snprintf(meta->source, sizeof(meta->source), "ebpf");
    snprintf(meta->backend, sizeof(meta->backend), "%s, linux %.30s", backend->name, host.release);
    snprintf(meta->origin, sizeof(meta->origin), "%s", host.nodename);
    snprintf(meta->clock.name, sizeof(meta->clock.name), "clock-monotonic");
    meta->clock.real_time = true;
    meta->clock.wall_epoch_ns = wall_epoch_ns;
    meta->clock.duration_covers = backend->duration_covers;
    snprintf(meta->clock.note, sizeof(meta->clock.note), "%s", backend->time);
    if (backend->view == VS_VIEW_HOST)
        ret = describe_host(meta);
    if (ret == 0)
        ret = vs_trace_meta_add_note(meta, "captured: %s", backend->layer);
    if (ret == 0)
        ret = vs_trace_meta_add_note(meta, "not captured: %s", backend->blind);
    if (ret == 0 && without[0])
        ret = vs_trace_meta_add_note(meta, "not captured, for this kernel has or names it not: %s",
                                     without);
    if (ret == 0)
        ret = describe_filters(&options->filters, meta);
    if (ret == 0)
        ret = add_windows(options, meta);
    if (ret == 0 && backend->view == VS_VIEW_HOST)
        ret = vs_sysfs_devices(&options->filters, options->snapshot, meta, error);
    return ret < 0 ? (int)vs_error_set(error, VS_ERR_MEMORY, "out of memory") : 0;
}

int vs_describe_end(const struct vs_backend *backend, const struct vs_summary *summary,
                    const struct vs_actors *actors, struct vs_trace_meta *meta,
                    struct vs_error *error)
{
    struct vs_json_out *json = vs_summary_json(summary);
    char *text = NULL;
    int ret = vs_json_text(json, &text, error);

    vs_json_out_free(json);
    if (ret < 0)
        return ret;
    free(meta->import_json);
    meta->import_json = text;
    if (backend->view == VS_VIEW_GUESTS)
        ret = vs_actors_describe(actors, meta, error);
    if (ret == 0 && summary->late > 0 &&
        vs_trace_meta_add_note(meta,
                               "%" PRIu64 " records are of accesses that ended too long after "
                               "their start to be put in order: their time is later than it was",
                               summary->late) < 0)
        ret = vs_error_set(error, VS_ERR_MEMORY, "out of memory");
    return ret;
}
