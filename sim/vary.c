/* SPDX-License-Identifier: GPL-2.0-or-later */
/* --vary NAME=VALUE,...: reading and printing it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan.h"

/* A step that costs more than a second is no cost (engine/machine.c holds profiles to it). */
#define COST_MAX_PS ((double)(VS_NS_PER_S * VS_PS_PER_NS))

static const struct {
    const char *name;
    double ps;
} units[] = {{"ns", 1e3}, {"us", 1e6}, {"ms", 1e9}, {"s", 1e12}};

int vs_vary_parse_cost(const char *text, vs_ps *cost_ps)
{
    size_t digits = strspn(text, "0123456789.");
    char number[32];
    double value = 0;

    if (digits == 0 || digits >= sizeof(number))
        return VS_ERR_USAGE;
    memcpy(number, text, digits);
    number[digits] = '\0';
    if (vs_parse_double(number, 0, COST_MAX_PS, &value) < 0)
        return VS_ERR_USAGE;
    for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
        if (strcmp(text + digits, units[i].name) != 0)
            continue;
        double ps = value * units[i].ps + 0.5;

        if (ps > COST_MAX_PS + 0.5)
            return VS_ERR_USAGE;
        *cost_ps = (vs_ps)ps;
        return 0;
    }
    return VS_ERR_USAGE;
}

static int add_value(struct vs_vary *vary, const char *text, size_t length, struct vs_error *error)
{
    char value[48];
    vs_ps cost_ps = 0;

    snprintf(value, sizeof(value), "%.*s", (int)length, text);
    if (length >= sizeof(value) || vs_vary_parse_cost(value, &cost_ps) < 0)
        return vs_error_set(error, VS_ERR_USAGE,
                            "--vary %s: expected a cost with its unit, up to 1s (500ns, 6.2ns, "
                            "1.5us), found '%s'",
                            vary->name, value);
    for (size_t i = 0; i < vary->count; i++) {
        if (vary->values_ps[i] == cost_ps)
            return vs_error_set(error, VS_ERR_USAGE, "--vary %s: %s is given twice", vary->name,
                                value);
    }
    vs_ps *values = realloc(vary->values_ps, (vary->count + 1) * sizeof(*values));

    if (!values)
        return vs_error_set(error, VS_ERR_MEMORY, "out of memory");
    vary->values_ps = values;
    vary->values_ps[vary->count++] = cost_ps;
    return 0;
}

int vs_vary_parse(const char *text, struct vs_vary *vary, struct vs_error *error)
{
    size_t length = strcspn(text, "=");
    int ret = 0;

    *vary = (struct vs_vary){0};
    if (text[length] == '\0' || length == 0 || length >= sizeof(vary->name))
        return vs_error_set(error, VS_ERR_USAGE,
                            "--vary: expected NAME=VALUE,VALUE,... (conf1-cycle=500ns,1us), found "
                            "'%s'",
                            text);
    memcpy(vary->name, text, length);
    for (const char *at = text + length + 1; ret == 0;) {
        size_t value = strcspn(at, ",");

        ret = add_value(vary, at, value, error);
        if (at[value] == '\0')
            break;
        at += value + 1;
    }
    if (ret < 0)
        vs_vary_release(vary);
    return ret;
}

void vs_vary_release(struct vs_vary *vary)
{
    free(vary->values_ps);
    *vary = (struct vs_vary){0};
}

char *vs_vary_text(const struct vs_machine *machine, char *buffer, size_t size_bytes)
{
    size_t used = 0;

    buffer[0] = '\0';
    for (size_t i = 0; i < machine->varied_count && used < size_bytes; i++) {
        const struct vs_varied *varied = &machine->varied[i];
        char duration[VS_DURATION_TEXT];

        /* Below 100 ns, tenths matter and vs_duration_text has none. */
        if (varied->value_ps < 100 * VS_PS_PER_NS)
            snprintf(duration, sizeof(duration), "%g ns",
                     (double)varied->value_ps / (double)VS_PS_PER_NS);
        else
            vs_duration_text((varied->value_ps + VS_PS_PER_NS / 2) / VS_PS_PER_NS, duration);
        used += (size_t)snprintf(buffer + used, size_bytes - used, "%s%s %s", i ? ", " : "",
                                 varied->name, duration);
    }
    return buffer;
}
