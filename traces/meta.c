/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A trace's metadata as a struct: ownership, growing, copying.  meta_json.c is its form
 * on disk. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trace.h"

void vs_trace_meta_init(struct vs_trace_meta *meta)
{
    memset(meta, 0, sizeof(*meta));
}

static void strings_free(char **strings, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(strings[i]);
    free(strings);
}

void vs_trace_meta_free(struct vs_trace_meta *meta)
{
    if (!meta)
        return;
    for (size_t i = 0; i < meta->device_count; i++)
        free((void *)(uintptr_t)meta->devices[i].config);
    free(meta->devices);
    free(meta->domains);
    free(meta->ecam);
    strings_free(meta->what_if, meta->what_if_count);
    strings_free(meta->notes, meta->note_count);
    free(meta->import_json);
    vs_trace_meta_init(meta);
}

/* Grow *array by one zeroed item of size bytes; NULL when out of memory. */
static void *grow(void **array, size_t *count, size_t size)
{
    /* Capacity doubles at powers of two, so that adding n items stays O(n). */
    if ((*count & (*count - 1)) == 0) {
        size_t capacity = *count ? *count * 2 : 1;
        void *grown = reallocarray(*array, capacity, size);
        if (!grown)
            return NULL;
        *array = grown;
    }
    void *item = (char *)*array + *count * size;
    memset(item, 0, size);
    ++*count;
    return item;
}

struct vs_trace_domain *vs_trace_meta_add_domain(struct vs_trace_meta *meta)
{
    return grow((void **)&meta->domains, &meta->domain_count, sizeof(*meta->domains));
}

struct vs_trace_device *vs_trace_meta_add_device(struct vs_trace_meta *meta)
{
    return grow((void **)&meta->devices, &meta->device_count, sizeof(*meta->devices));
}

struct vs_ecam *vs_trace_meta_add_ecam(struct vs_trace_meta *meta)
{
    return grow((void **)&meta->ecam, &meta->ecam_count, sizeof(*meta->ecam));
}

static int __attribute__((format(printf, 3, 0)))
add_text(char ***strings, size_t *count, const char *format, va_list args)
{
    char *text = NULL;
    if (vasprintf(&text, format, args) < 0)
        return VS_ERR_MEMORY;
    char **slot = grow((void **)strings, count, sizeof(**strings));
    if (!slot) {
        free(text);
        return VS_ERR_MEMORY;
    }
    *slot = text;
    return 0;
}

int vs_trace_meta_add_what_if(struct vs_trace_meta *meta, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int ret = add_text(&meta->what_if, &meta->what_if_count, format, args);
    va_end(args);
    return ret;
}

int vs_trace_meta_add_note(struct vs_trace_meta *meta, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int ret = add_text(&meta->notes, &meta->note_count, format, args);
    va_end(args);
    return ret;
}

int vs_trace_device_set_config(struct vs_trace_device *device, const uint8_t *config,
                               size_t size_bytes)
{
    if (size_bytes != 64 && size_bytes != 256 && size_bytes != 4096)
        return VS_ERR_INPUT;
    uint8_t *copy = malloc(size_bytes);
    if (!copy)
        return VS_ERR_MEMORY;
    memcpy(copy, config, size_bytes);
    free((void *)(uintptr_t)device->config);
    device->config = copy;
    device->config_size = (uint16_t)size_bytes;
    return 0;
}

static int copy_devices(struct vs_trace_meta *to, const struct vs_trace_meta *from)
{
    for (size_t i = 0; i < from->device_count; i++) {
        struct vs_trace_device *device = vs_trace_meta_add_device(to);
        if (!device)
            return VS_ERR_MEMORY;
        *device = from->devices[i];
        device->config = NULL;
        if (!from->devices[i].config)
            continue;
        int ret = vs_trace_device_set_config(device, from->devices[i].config,
                                             from->devices[i].config_size);
        if (ret < 0)
            return ret;
    }
    return 0;
}

static int copy_arrays(struct vs_trace_meta *to, const struct vs_trace_meta *from)
{
    for (size_t i = 0; i < from->domain_count; i++) {
        struct vs_trace_domain *domain = vs_trace_meta_add_domain(to);
        if (!domain)
            return VS_ERR_MEMORY;
        *domain = from->domains[i];
    }
    for (size_t i = 0; i < from->ecam_count; i++) {
        struct vs_ecam *ecam = vs_trace_meta_add_ecam(to);
        if (!ecam)
            return VS_ERR_MEMORY;
        *ecam = from->ecam[i];
    }
    int ret = copy_devices(to, from);
    for (size_t i = 0; ret == 0 && i < from->what_if_count; i++)
        ret = vs_trace_meta_add_what_if(to, "%s", from->what_if[i]);
    for (size_t i = 0; ret == 0 && i < from->note_count; i++)
        ret = vs_trace_meta_add_note(to, "%s", from->notes[i]);
    if (ret == 0 && from->import_json) {
        to->import_json = strdup(from->import_json);
        ret = to->import_json ? 0 : VS_ERR_MEMORY;
    }
    return ret;
}

int vs_trace_meta_copy(struct vs_trace_meta *to, const struct vs_trace_meta *from)
{
    vs_trace_meta_init(to);
    memcpy(to->source, from->source, sizeof(to->source));
    memcpy(to->backend, from->backend, sizeof(to->backend));
    memcpy(to->origin, from->origin, sizeof(to->origin));
    to->emulated = from->emulated;
    to->synthetic = from->synthetic;
    to->clock = from->clock;
    int ret = copy_arrays(to, from);
    if (ret < 0)
        vs_trace_meta_free(to);
    return ret;
}
