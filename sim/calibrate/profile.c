/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A calibration as a machine profile. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

#include "base/options.h"
#include "calibrate.h"

#define SOURCE_MAX 1024

/* "measured on HOST (Linux 6.1, x86_64) 2026-01-31 by vpci-sim calibrate 0.1.0" */
static void describe_where(char *text, size_t size_bytes)
{
    struct utsname host;
    time_t now = time(NULL);
    struct tm utc;
    char date[16] = "";
    if (uname(&host) != 0)
        memset(&host, 0, sizeof host);
    if (gmtime_r(&now, &utc))
        strftime(date, sizeof date, "%Y-%m-%d", &utc);
    snprintf(text, size_bytes, "measured on %s (%s %s, %s) %s by vpci-sim calibrate %s",
             host.nodename, host.sysname, host.release, host.machine, date, VS_VERSION);
}

static void add_cost(struct vs_json_out *lines, const char *name, double ns, const char *source,
                     bool assumption)
{
    struct vs_json_out *cost = vs_json_new_object();
    vs_json_add_double(cost, "ns", round(ns * 100) / 100); /* no clock resolves more */
    vs_json_add_string(cost, "source", source);
    if (assumption)
        vs_json_add_boolean(cost, "assumption", true);
    vs_json_add(lines, name, cost);
}

static void add_measured(struct vs_json_out *lines, const char *name, const char *how,
                         const struct vs_spread *spread, const char *where)
{
    char source[SOURCE_MAX], pairs[48] = "";
    if (spread->pairs > 0)
        snprintf(pairs, sizeof pairs, " over %u pairs of CPUs", spread->pairs);
    snprintf(source, sizeof source, "%s: %s; median of %u runs%s, %.2f to %.2f ns", where, how,
             spread->runs, pairs, spread->min_ns, spread->max_ns);
    add_cost(lines, name, spread->median_ns, source, false);
}

/* A distance that this host lacks is never used; it needs a number all the same. */
static void add_transfers(struct vs_json_out *lines, const struct vs_calibration *calibration,
                          const char *where)
{
    static const struct {
        const char *name, *how;
        enum vs_distance distance, instead, else_instead;
    } rows[] = {
        {"transfer_same_core", "compare-and-swap ping-pong with a sibling thread, one way",
         VS_SAME_CORE, VS_SAME_SOCKET, VS_OTHER_SOCKET},
        {"transfer_same_socket", "compare-and-swap ping-pong within a socket, one way",
         VS_SAME_SOCKET, VS_SAME_CORE, VS_OTHER_SOCKET},
        {"transfer_other_socket", "compare-and-swap ping-pong across sockets, one way",
         VS_OTHER_SOCKET, VS_SAME_SOCKET, VS_SAME_CORE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct vs_spread *spread = &calibration->transfer[rows[i].distance];
        const struct vs_spread *other = &calibration->transfer[rows[i].instead];
        if (other->runs == 0)
            other = &calibration->transfer[rows[i].else_instead];
        if (spread->runs > 0)
            add_measured(lines, rows[i].name, rows[i].how, spread, where);
        else
            add_cost(lines, rows[i].name, other->median_ns,
                     "no such pair of CPUs on this host: never used; equal to another distance",
                     false);
    }
}

static struct vs_json_out *make_lines(const struct vs_calibration *calibration,
                                      const struct vs_machine *base, const char *where)
{
    struct vs_json_out *lines = vs_json_new_object();
    char how[96], source[SOURCE_MAX];
    snprintf(how, sizeof how, "%u CPUs increment one word, per increment",
             calibration->service_threads);
    add_transfers(lines, calibration, where);
    add_measured(lines, "service", how, &calibration->service, where);
    add_measured(lines, "atomic", "fetch-and-add by one CPU", &calibration->atomic, where);
    add_measured(lines, "store", "store with release by one CPU", &calibration->store, where);
    add_measured(lines, "fence", "full barrier by one CPU", &calibration->fence, where);
    add_measured(lines, "rcu_section", "a counter in memory, incremented by its one CPU",
                 &calibration->section, where);
    snprintf(source, sizeof source, "taken over from %s", base->name);
    add_cost(lines, "softirq_interval", (double)base->softirq_interval_ps / (double)VS_PS_PER_NS,
             source, true);
    return lines;
}

struct vs_json_out *vs_calibrate_profile(const struct vs_calibration *calibration,
                                         const struct vs_machine *base, const char *name,
                                         struct vs_error *error)
{
    struct vs_json_doc *doc = NULL;
    char where[SOURCE_MAX / 2], summary[SOURCE_MAX];
    if (vs_json_parse(base->text, strlen(base->text), base->file, &doc, error) < 0)
        return NULL;
    struct vs_json root = vs_json_root(doc), work = vs_json_member(&root, "work");
    struct vs_json_out *out = vs_json_new_object(), *topology = vs_json_new_object();

    describe_where(where, sizeof where);
    snprintf(summary, sizeof summary, "%s; work costs of %s", where, base->name);
    vs_json_add_string(out, "name", name);
    vs_json_add_string(out, "summary", summary);
    vs_json_add_u64(topology, "sockets", calibration->sockets);
    vs_json_add_u64(topology, "cores_per_socket", calibration->cores_per_socket);
    vs_json_add_u64(topology, "threads_per_core", calibration->threads_per_core);
    vs_json_add_string(topology, "source", "sysfs, of the CPUs that the process might use");
    vs_json_add(out, "topology", topology);
    vs_json_add(out, "lines", make_lines(calibration, base, where));
    vs_json_add_copy(out, "work", &work);
    vs_json_doc_free(doc);
    return out;
}
