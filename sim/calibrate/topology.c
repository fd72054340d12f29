/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which CPUs there are and how they lie to each other, from sysfs
 * (Documentation/admin-guide/cputopology.rst of Linux). */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

static int read_number(uint32_t cpu, const char *name, uint32_t *value, struct vs_error *error)
{
    char path[128];
    long found;
    snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%u/topology/%s", cpu, name);
    FILE *file = fopen(path, "re");
    int fields = file ? fscanf(file, "%ld", &found) : 0;
    if (file)
        fclose(file);
    if (fields != 1)
        return vs_error_set_at(error, VS_ERR_HOST, path, VS_NOWHERE, VS_NOWHERE,
                               "expected a number that tells where the CPU is");
    *value = found < 0 ? 0 : (uint32_t)found; /* -1: the firmware does not say */
    return 0;
}

int vs_host_cpus(struct vs_host_cpu **cpus, size_t *count, struct vs_error *error)
{
    cpu_set_t set;
    int ret = 0;
    if (sched_getaffinity(0, sizeof set, &set) != 0)
        return vs_error_set(error, VS_ERR_HOST, "cannot tell which CPUs this process may use");
    *count = 0;
    *cpus = calloc((size_t)CPU_COUNT(&set), sizeof **cpus);
    if (!*cpus)
        return vs_error_set(error, VS_ERR_MEMORY, "out of memory");
    for (uint32_t cpu = 0; ret == 0 && cpu < CPU_SETSIZE; cpu++) {
        if (!CPU_ISSET(cpu, &set))
            continue;
        struct vs_host_cpu *at = &(*cpus)[(*count)++];
        at->cpu = cpu;
        if ((ret = read_number(cpu, "physical_package_id", &at->package, error)) == 0)
            ret = read_number(cpu, "core_id", &at->core, error);
    }
    return ret;
}

enum vs_distance vs_host_distance(const struct vs_host_cpu *a, const struct vs_host_cpu *b)
{
    if (a->cpu == b->cpu)
        return VS_SAME_CPU;
    if (a->package != b->package)
        return VS_OTHER_SOCKET;
    return a->core == b->core ? VS_SAME_CORE : VS_SAME_SOCKET;
}

void vs_host_shape(const struct vs_host_cpu *cpus, size_t count, struct vs_calibration *calibration)
{
    uint32_t most_cores = 0, most_threads = 0, sockets = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t cores = 0, threads = 0;
        bool first_of_package = true;
        for (size_t k = 0; k < count; k++) {
            bool first_of_core = true;
            if (cpus[k].package != cpus[i].package)
                continue;
            if (k < i)
                first_of_package = false;
            for (size_t j = 0; j < k; j++)
                if (cpus[j].package == cpus[k].package && cpus[j].core == cpus[k].core)
                    first_of_core = false;
            cores += first_of_core;
            threads += cpus[k].core == cpus[i].core;
        }
        sockets += first_of_package;
        most_cores = cores > most_cores ? cores : most_cores;
        most_threads = threads > most_threads ? threads : most_threads;
    }
    calibration->sockets = sockets;
    calibration->cores_per_socket = most_cores;
    calibration->threads_per_core = most_threads;
}
