/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's list of PCI functions is a directory of names like 0000:00:1f.2. */
#include "sysfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEVICES "/sys/bus/pci/devices"

static bool in_view(const struct vs_bpf_config *filters, uint32_t sbdf)
{
    bool found = filters->sbdf_count == 0;

    for (uint32_t i = 0; i < filters->sbdf_count; i++)
        found = found || filters->sbdfs[i] == sbdf;
    return found;
}

/* Is this entry a device in view?  Domains past 0xffff (VMD's) have five digits and no sbdf. */
static bool wanted(const char *name, const struct vs_bpf_config *filters, uint32_t *sbdf)
{
    return vs_parse_sbdf(name, sbdf) == 0 && in_view(filters, *sbdf);
}

static int open_config(const char *name)
{
    char path[sizeof(DEVICES) + 300];

    snprintf(path, sizeof(path), DEVICES "/%s/config", name);
    return open(path, O_RDONLY | O_CLOEXEC);
}

int vs_sysfs_known_access(const struct vs_bpf_config *filters, uint32_t count,
                          struct vs_error *error)
{
    DIR *directory = opendir(DEVICES);
    struct dirent *entry;
    uint32_t sbdf, identity;
    bool made = false;

    while (directory && !made && (entry = readdir(directory))) {
        int fd = wanted(entry->d_name, filters, &sbdf) ? open_config(entry->d_name) : -1;

        if (fd < 0)
            continue;
        made = true;
        for (uint32_t i = 0; made && i < count; i++)
            made = pread(fd, &identity, sizeof(identity), 0) == (ssize_t)sizeof(identity);
        close(fd);
    }
    if (directory)
        closedir(directory);
    return made ? 0
                : (int)vs_error_set(error, VS_ERR_HOST,
                                    "no device in view in " DEVICES " has config space to read");
}

/* Lines "0xSTART 0xEND 0xFLAGS": BARs 0 to 5 and the ROM (drivers/pci/pci-sysfs.c, resource_show).
 */
static void read_bar_sizes(const char *name, struct vs_trace_device *device)
{
    char path[sizeof(DEVICES) + 300];
    uint64_t start, end;

    snprintf(path, sizeof(path), DEVICES "/%s/resource", name);
    FILE *stream = fopen(path, "re");

    for (size_t i = 0; stream && i < 7; i++) {
        if (fscanf(stream, "%" SCNx64 " %" SCNx64 " %*x", &start, &end) != 2)
            break;
        device->bar_size[i] = end > start ? end - start + 1 : 0;
    }
    if (stream)
        fclose(stream);
}

static int read_config(const char *name, struct vs_trace_device *device)
{
    uint8_t config[4096];
    int fd = open_config(name);
    ssize_t length = fd < 0 ? 0 : pread(fd, config, sizeof(config), 0);
    size_t known = length >= 4096 ? 4096 : length >= 256 ? 256 : length >= 64 ? 64 : 0;

    if (fd >= 0)
        close(fd);
    snprintf(device->origin, sizeof(device->origin), "sysfs at the start of the capture");
    return known ? vs_trace_device_set_config(device, config, known) : 0;
}

int vs_sysfs_devices(const struct vs_bpf_config *filters, bool config, struct vs_trace_meta *meta,
                     struct vs_error *error)
{
    struct dirent **entries = NULL;
    int count = scandir(DEVICES, &entries, NULL, alphasort);
    uint32_t sbdf;
    int ret = 0;

    for (int i = 0; i < count; i++) {
        const char *name = entries[i]->d_name;

        if (ret == 0 && wanted(name, filters, &sbdf)) {
            struct vs_trace_device *device = vs_trace_meta_add_device(meta);

            ret = device ? 0 : VS_ERR_MEMORY;
            if (device) {
                device->sbdf = sbdf;
                device->domain = 0;
                read_bar_sizes(name, device);
                ret = config ? read_config(name, device) : 0;
            }
        }
        free(entries[i]);
    }
    free(entries);
    return ret < 0 ? (int)vs_error_set(error, VS_ERR_MEMORY, "out of memory") : 0;
}
