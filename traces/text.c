/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "base/units.h"

struct text {
    char *at, *end;
};

static void __attribute__((format(printf, 2, 3))) add(struct text *text, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int length = vsnprintf(text->at, (size_t)(text->end - text->at), format, args);
    va_end(args);
    if (length > 0)
        text->at += length;
}

static void add_flags(struct text *text, uint16_t flags, const char *between, const char *quote)
{
    const char *separator = "";
    for (unsigned int bit = 0; bit < 16; bit++) {
        if (!(flags >> bit & 1))
            continue;
        add(text, "%s%s%s%s", separator, quote, vs_flag_name((enum vs_flag)(1u << bit)), quote);
        separator = between;
    }
}

/* A number, or nothing where it says "unknown". */
static void add_known(struct text *text, uint32_t number, uint32_t unknown, const char *otherwise)
{
    if (number == unknown)
        add(text, "%s", otherwise);
    else
        add(text, "%" PRIu32, number);
}

static void add_csv(struct text *text, const struct vs_record *record)
{
    char sbdf[VS_SBDF_TEXT];
    add(text, "%" PRIu64 ",", record->time_ns);
    add_known(text, record->pcpu, VS_PCPU_NONE, "");
    add(text, ",%" PRIu16 ",", record->domain);
    add_known(text, record->vcpu, VS_VCPU_NONE, "");
    add(text, ",%s,%s,0x%03x,%d,0x%" PRIx32 ",%" PRIu32 ",",
        record->sbdf == VS_SBDF_NONE ? "" : vs_sbdf_text(record->sbdf, sbdf),
        vs_kind_name((enum vs_kind)record->kind), record->reg, record->size, record->value,
        record->duration_ns);
    add_flags(text, record->flags, "|", "");
}

static void add_jsonl(struct text *text, const struct vs_record *record)
{
    char sbdf[VS_SBDF_TEXT];
    add(text, "{\"time_ns\":%" PRIu64 ",\"pcpu\":", record->time_ns);
    add_known(text, record->pcpu, VS_PCPU_NONE, "null");
    add(text, ",\"domain\":%" PRIu16 ",\"vcpu\":", record->domain);
    add_known(text, record->vcpu, VS_VCPU_NONE, "null");
    if (record->sbdf == VS_SBDF_NONE)
        add(text, ",\"sbdf\":null");
    else
        add(text, ",\"sbdf\":\"%s\"", vs_sbdf_text(record->sbdf, sbdf));
    add(text,
        ",\"kind\":\"%s\",\"reg\":%d,\"size\":%d,\"value\":%" PRIu32 ",\"duration_ns\":%" PRIu32
        ",\"flags\":\"",
        vs_kind_name((enum vs_kind)record->kind), record->reg, record->size, record->value,
        record->duration_ns);
    add_flags(text, record->flags, "|", "");
    add(text, "\"}");
}

static void add_place(struct text *text, const char *name, uint32_t number, uint32_t unknown)
{
    char place[16];
    if (number == unknown)
        snprintf(place, sizeof(place), "%s?", name);
    else
        snprintf(place, sizeof(place), "%s%" PRIu32, name, number);
    add(text, " %-4s", place);
}

/* Time in seconds to the nanosecond, then who, what, where. */
static void add_people(struct text *text, const struct vs_record *record)
{
    char sbdf[VS_SBDF_TEXT], duration[VS_DURATION_TEXT];
    add(text, "%6" PRIu64 ".%09" PRIu64, record->time_ns / VS_NS_PER_S,
        record->time_ns % VS_NS_PER_S);
    add_place(text, "p", record->pcpu, VS_PCPU_NONE);
    add_place(text, "d", record->domain, VS_DOMAIN_NONE);
    add_place(text, "v", record->vcpu, VS_VCPU_NONE);
    add(text, " %-12s %-15s", record->sbdf == VS_SBDF_NONE ? "-" : vs_sbdf_text(record->sbdf, sbdf),
        vs_kind_name((enum vs_kind)record->kind));
    if (record->size && record->kind != VS_KIND_MMIO)
        add(text, " %03x.%d = %0*" PRIx32, record->reg, record->size, 2 * record->size,
            record->value);
    else if (record->value)
        add(text, " %" PRIu32 " (0x%" PRIx32 ")", record->value, record->value);
    if (record->duration_ns)
        add(text, "  %s", vs_duration_text(record->duration_ns, duration));
    if (record->flags) {
        add(text, "  [");
        add_flags(text, record->flags, " ", "");
        add(text, "]");
    }
}

const char *vs_text_header(enum vs_text_form form)
{
    return form == VS_TEXT_CSV
               ? "time_ns,pcpu,domain,vcpu,sbdf,kind,reg,size,value,duration_ns,flags\n"
               : "";
}

size_t vs_record_text(const struct vs_record *record, enum vs_text_form form, char *buffer)
{
    struct text text = {buffer, buffer + VS_RECORD_TEXT};
    switch (form) {
    case VS_TEXT_CSV:
        add_csv(&text, record);
        break;
    case VS_TEXT_JSONL:
        add_jsonl(&text, record);
        break;
    case VS_TEXT_PEOPLE:
        add_people(&text, record);
        break;
    }
    add(&text, "\n");
    return (size_t)(text.at - buffer);
}
