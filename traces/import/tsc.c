/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The frequency of a TSC.  Never assumed: a trace with times in wrong units misleads silently. */
#include "import/tsc.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/units.h"
#include "import/input.h"

static const struct {
    const char *unit;
    double hz;
} units[] = {{"GHz", 1e9}, {"MHz", 1e6}, {"kHz", 1e3}, {"Hz", 1.0},
             {"G", 1e9},   {"M", 1e6},   {"k", 1e3}};

int vs_tsc_parse_hz(const char *text, uint64_t *hz, struct vs_error *error)
{
    size_t length = strlen(text);

    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        size_t unit = strlen(units[i].unit);
        char number[40];
        double value;

        if (length <= unit || length - unit >= sizeof(number) ||
            strcasecmp(text + length - unit, units[i].unit) != 0)
            continue;
        memcpy(number, text, length - unit);
        number[length - unit - (text[length - unit - 1] == ' ')] = '\0';
        if (vs_parse_double(number, (double)VS_TSC_HZ_MIN / units[i].hz,
                            (double)VS_TSC_HZ_MAX / units[i].hz, &value) < 0)
            break;
        *hz = (uint64_t)(value * units[i].hz + 0.5);
        return 0;
    }
    return vs_error_set(error, VS_ERR_USAGE,
                        "expected a frequency with its unit from 1MHz to 100GHz, as 2.4GHz or "
                        "2394.374MHz, found \"%s\"",
                        text);
}

/* If line is "key : value", copy the value and return true. */
static bool key_value(const char *line, const char *key, char *value, size_t size_bytes)
{
    size_t length = strlen(key);

    if (strncmp(line, key, length) != 0)
        return false;
    line += length;
    line += strspn(line, " \t");
    if (*line != ':')
        return false;
    line++;
    line += strspn(line, " \t");
    length = strcspn(line, " \t\r\n");
    if (length >= size_bytes)
        length = size_bytes - 1;
    memcpy(value, line, length);
    value[length] = '\0';
    return true;
}

int vs_xl_info_read(const char *path, struct vs_xl_info *info, struct vs_error *error)
{
    struct vs_input *input = NULL;
    const char *line;
    size_t length;
    char mhz[40] = "";
    double value;
    uint64_t at = VS_NOWHERE;
    int ret = vs_input_open(path, &input, error);

    *info = (struct vs_xl_info){0};
    if (ret < 0)
        return ret;
    while ((ret = vs_input_line(input, &line, &length, error)) > 0) {
        if (key_value(line, "cpu_mhz", mhz, sizeof(mhz)))
            at = vs_input_line_number(input);
        key_value(line, "xen_version", info->xen_version, sizeof(info->xen_version));
    }
    vs_input_close(input);
    if (ret < 0)
        return ret;
    if (at == VS_NOWHERE)
        return vs_error_set_at(error, VS_ERR_INPUT, path, VS_NOWHERE, VS_NOWHERE,
                               "expected the output of `xl info` with a line \"cpu_mhz : ...\", "
                               "found no such line");
    if (vs_parse_double(mhz, 1.0, 100000.0, &value) < 0)
        return vs_error_set_at(error, VS_ERR_INPUT, path, VS_NOWHERE, at,
                               "expected cpu_mhz from 1 to 100000, found \"%s\"", mhz);
    info->tsc_hz = (uint64_t)(value * 1e6 + 0.5);
    return 0;
}

uint64_t vs_tsc_to_ns(uint64_t ticks, uint64_t hz)
{
    unsigned __int128 ns = (unsigned __int128)ticks * VS_NS_PER_S / hz;

    return ns > UINT64_MAX ? UINT64_MAX : (uint64_t)ns;
}
