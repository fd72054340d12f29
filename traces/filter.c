/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "filter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Parses one text into a range; returns what was expected instead, or NULL. */
typedef const char *parse_fn(const char *text, struct vs_filter_range *range);

static const char *parse_domain(const char *text, struct vs_filter_range *range)
{
    uint64_t id = VS_DOMAIN_NONE;
    if (strcmp(text, "none") != 0 && vs_parse_u64(text, 0, UINT16_MAX, &id) < 0)
        return "a domain id (0 to 65535, or none)";
    range->first = range->last = (uint32_t)id;
    return NULL;
}

static const char *parse_sbdf(const char *text, struct vs_filter_range *range)
{
    if (vs_parse_sbdf(text, &range->first) < 0)
        return "SEGMENT:BUS:DEVICE.FUNCTION or BUS:DEVICE.FUNCTION";
    range->last = range->first;
    return NULL;
}

static const char *parse_reg(const char *text, struct vs_filter_range *range)
{
    static const char expected[] = "a register N or a range A-B";
    char first[24];
    uint64_t a = 0, b = 0;
    const char *dash = strchr(text, '-');
    size_t length = dash ? (size_t)(dash - text) : strlen(text);
    if (length >= sizeof(first))
        return expected;
    memcpy(first, text, length);
    first[length] = '\0';
    if (vs_parse_u64(first, 0, UINT16_MAX, &a) < 0 ||
        vs_parse_u64(dash ? dash + 1 : first, a, UINT16_MAX, &b) < 0)
        return expected;
    range->first = (uint32_t)a;
    range->last = (uint32_t)b;
    return NULL;
}

static const char *parse_kind(const char *text, struct vs_filter_range *range)
{
    range->first = range->last = vs_kind_from_name(text);
    return range->first == VS_KIND_NONE ? "a kind" : NULL;
}

/* "expected a kind, found "cgf-read"; nearest is "cfg-read"". */
static int refuse_kind(const char *text, struct vs_error *error)
{
    const char *names[VS_KIND_COUNT] = {0};
    for (unsigned int kind = 1; kind < VS_KIND_COUNT; kind++)
        names[kind - 1] = vs_kind_name((enum vs_kind)kind);
    const char *nearest = vs_nearest(text, names);
    return vs_error_set(error, VS_ERR_USAGE, "--kind: there is no kind \"%s\"%s%s%s", text,
                        nearest ? "; did you mean " : "", nearest ? nearest : "",
                        nearest ? "?" : "");
}

static int parse_list(const char *option, const struct vs_strings *texts, parse_fn *parse,
                      struct vs_filter_range **ranges, size_t *count, struct vs_error *error)
{
    if (!texts || texts->count == 0)
        return 0;
    *ranges = calloc(texts->count, sizeof(**ranges));
    if (!*ranges)
        return vs_error_set(error, VS_ERR_MEMORY, "out of memory");
    for (*count = 0; *count < texts->count; ++*count) {
        const char *text = texts->items[*count];
        const char *expected = parse(text, &(*ranges)[*count]);
        if (expected && parse == parse_kind)
            return refuse_kind(text, error);
        if (expected)
            return vs_error_set(error, VS_ERR_USAGE, "%s: expected %s, found \"%s\"", option,
                                expected, text);
    }
    return 0;
}

static int parse_time(const char *option, const char *text, vs_ns *time_ns, struct vs_error *error)
{
    if (!text || vs_parse_duration(text, time_ns) == 0)
        return 0;
    return vs_error_set(error, VS_ERR_USAGE,
                        "%s: expected a time since the trace's start with its unit (1.5s, "
                        "200ms), found \"%s\"",
                        option, text);
}

int vs_filter_parse(const struct vs_strings *domains, const struct vs_strings *sbdfs,
                    const struct vs_strings *regs, const struct vs_strings *kinds, const char *from,
                    const char *to, struct vs_filter *filter, struct vs_error *error)
{
    *filter = (struct vs_filter){.to_ns = UINT64_MAX};
    int ret = parse_list("--domain", domains, parse_domain, &filter->domains, &filter->domain_count,
                         error);
    if (ret == 0)
        ret = parse_list("--sbdf", sbdfs, parse_sbdf, &filter->sbdfs, &filter->sbdf_count, error);
    if (ret == 0)
        ret = parse_list("--reg", regs, parse_reg, &filter->regs, &filter->reg_count, error);
    if (ret == 0)
        ret = parse_list("--kind", kinds, parse_kind, &filter->kinds, &filter->kind_count, error);
    if (ret == 0)
        ret = parse_time("--from", from, &filter->from_ns, error);
    if (ret == 0)
        ret = parse_time("--to", to, &filter->to_ns, error);
    if (ret == 0 && filter->from_ns > filter->to_ns)
        ret = vs_error_set(error, VS_ERR_USAGE, "--from lies after --to");
    return ret;
}

void vs_filter_free(struct vs_filter *filter)
{
    free(filter->domains);
    free(filter->sbdfs);
    free(filter->regs);
    free(filter->kinds);
    *filter = (struct vs_filter){0};
}

/* Does any range meet [first, last]?  An empty list is met by all. */
static bool meets(const struct vs_filter_range *ranges, size_t count, uint32_t first, uint32_t last)
{
    for (size_t i = 0; i < count; i++) {
        if (ranges[i].first <= last && first <= ranges[i].last)
            return true;
    }
    return count == 0;
}

bool vs_filter_domain(const struct vs_filter *filter, uint16_t domain)
{
    return meets(filter->domains, filter->domain_count, domain, domain);
}

bool vs_filter_sbdf(const struct vs_filter *filter, uint32_t sbdf)
{
    return meets(filter->sbdfs, filter->sbdf_count, sbdf, sbdf);
}

bool vs_filter_match(const struct vs_filter *filter, const struct vs_record *record)
{
    if (record->time_ns < filter->from_ns)
        return false;
    /* The last representable time cannot lie before an end; without --to it counts. */
    if (record->time_ns >= filter->to_ns && filter->to_ns != UINT64_MAX)
        return false;
    if (!meets(filter->kinds, filter->kind_count, record->kind, record->kind))
        return false;
    if (record->kind == VS_KIND_LOST)
        return true;
    if (!vs_filter_domain(filter, record->domain) || !vs_filter_sbdf(filter, record->sbdf))
        return false;
    if (filter->reg_count == 0)
        return true;
    uint32_t last = record->reg + (uint32_t)(record->size ? record->size - 1 : 0);
    return record->size != 0 && meets(filter->regs, filter->reg_count, record->reg, last);
}
