/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rate.h"

#include <string.h>

#include "base/error.h"

int vs_parse_rate(const char *text, vs_ns *mean_ns)
{
    static const struct {
        const char *unit;
        double ns;
    } units[] = {{"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"min", 60e9}, {"h", 3600e9}};
    char number[32];
    double count;
    const char *slash = strchr(text, '/');
    if (!slash || (size_t)(slash - text) >= sizeof(number))
        return VS_ERR_USAGE;
    memcpy(number, text, (size_t)(slash - text));
    number[slash - text] = '\0';
    if (vs_parse_double(number, 0, 1e9, &count) < 0)
        return VS_ERR_USAGE;
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (strcmp(slash + 1, units[i].unit) != 0)
            continue;
        double mean = count > 0 ? units[i].ns / count : 0;
        if (count > 0 && (mean < 1 || mean > 9e18))
            return VS_ERR_USAGE;
        *mean_ns = (vs_ns)(mean + 0.5);
        return 0;
    }
    return VS_ERR_USAGE;
}
