/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Filters become read-only data of the BPF programs, so their number is bounded. */
#include "filters.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define BUS_BYTES  (UINT64_C(1) << 20) /* of an ECAM window, per bus (PCI Express base, 7.2.2) */
#define PID_MAX    4194304             /* PID_MAX_LIMIT, include/linux/threads.h */
#define FIELD_TEXT 32

static int too_many(const char *option, unsigned int limit, struct vs_error *error)
{
    return vs_error_set(error, VS_ERR_USAGE, "--%s can be given %u times at most", option, limit);
}

static int bad_window(const char *text, struct vs_error *error)
{
    return vs_error_set(error, VS_ERR_USAGE,
                        "--ecam: expected BASE:SEG:BUS0-BUS1 like 0xb0000000:0:0-255 with buses up "
                        "to 255 and BASE at a multiple of 1 MiB, found '%s'",
                        text);
}

static int parse_window(const char *text, struct vs_ecam *window, struct vs_error *error)
{
    char base[FIELD_TEXT], segment[FIELD_TEXT], first[FIELD_TEXT], last[FIELD_TEXT];
    uint64_t segment_number, bus_first, bus_last;
    int end = 0;

    if (sscanf(text, "%31[^:]:%31[^:]:%31[^-]-%31s%n", base, segment, first, last, &end) != 4 ||
        text[end] != '\0' || strncmp(base, "0x", 2) != 0 ||
        vs_parse_u64(base, 0, UINT64_MAX / 2, &window->base) < 0 ||
        vs_parse_u64(segment, 0, UINT16_MAX, &segment_number) < 0 ||
        vs_parse_u64(first, 0, UINT8_MAX, &bus_first) < 0 ||
        vs_parse_u64(last, 0, UINT8_MAX, &bus_last) < 0 || bus_first > bus_last ||
        window->base % BUS_BYTES != 0)
        return bad_window(text, error);
    window->segment = (uint16_t)segment_number;
    window->bus_first = (uint8_t)bus_first;
    window->bus_last = (uint8_t)bus_last;
    return 0;
}

static int parse_windows(const struct vs_strings *ecam, struct vs_capture_options *options,
                         struct vs_error *error)
{
    if (ecam->count > VS_ECAM_MAX)
        return too_many("ecam", VS_ECAM_MAX, error);
    for (size_t i = 0; i < ecam->count; i++) {
        struct vs_ecam *window = &options->windows[i];
        int ret = parse_window(ecam->items[i], window, error);

        if (ret < 0)
            return ret;
        options->filters.windows[i] = (struct vs_bpf_window){
            .first = window->base + window->bus_first * BUS_BYTES,
            .last = window->base + (window->bus_last + UINT64_C(1)) * BUS_BYTES - 1,
            .base = window->base,
            .segment = window->segment,
        };
        for (size_t j = 0; j < i; j++) {
            if (options->filters.windows[j].first <= options->filters.windows[i].last &&
                options->filters.windows[i].first <= options->filters.windows[j].last)
                return vs_error_set(error, VS_ERR_USAGE, "--ecam: '%s' overlaps '%s'",
                                    ecam->items[i], ecam->items[j]);
        }
    }
    options->filters.window_count = (uint32_t)ecam->count;
    return 0;
}

int vs_filters_parse(const struct vs_strings *devices, const struct vs_strings *pids,
                     const struct vs_strings *ecam, struct vs_capture_options *options,
                     struct vs_error *error)
{
    uint64_t pid;

    if (devices->count > VS_FILTER_MAX)
        return too_many("device", VS_FILTER_MAX, error);
    if (pids->count > VS_FILTER_MAX)
        return too_many("pid", VS_FILTER_MAX, error);
    for (size_t i = 0; i < devices->count; i++) {
        if (vs_parse_sbdf(devices->items[i], &options->filters.sbdfs[i]) < 0)
            return vs_error_set(error, VS_ERR_USAGE,
                                "--device: expected SEG:BUS:DEV.FN like 0000:00:1f.2, found '%s'",
                                devices->items[i]);
    }
    for (size_t i = 0; i < pids->count; i++) {
        if (vs_parse_u64(pids->items[i], 1, PID_MAX, &pid) < 0)
            return vs_error_set(error, VS_ERR_USAGE, "--pid: expected a process id, found '%s'",
                                pids->items[i]);
        options->filters.pids[i] = (uint32_t)pid;
    }
    options->filters.sbdf_count = (uint32_t)devices->count;
    options->filters.pid_count = (uint32_t)pids->count;
    return parse_windows(ecam, options, error);
}
