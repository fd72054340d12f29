/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A trace's summary for people: what it is and may claim first, then where the traffic went. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/units.h"
#include "summary.h"

#define RATE_BUCKETS 20
#define BAR_CELLS    30
#define DEVICE_LINES 24 /* the busiest; the rest is summed up */
#define GROUPED_TEXT 32

/* 1234567 as "1,234,567". */
static const char *grouped(uint64_t number, char *buffer)
{
    char digits[24];
    size_t length = (size_t)snprintf(digits, sizeof(digits), "%" PRIu64, number), to = 0;
    for (size_t i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            buffer[to++] = ',';
        buffer[to++] = digits[i];
    }
    buffer[to] = '\0';
    return buffer;
}

/* A bar in eighths of a cell, at least a sliver for what is not 0. */
static const char *bar(uint64_t amount, uint64_t most, char *buffer)
{
    static const char *const eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"};
    size_t length = 0;
    unsigned int cells =
        most ? (unsigned int)((double)amount / (double)most * 8 * BAR_CELLS + 0.5) : 0;
    if (amount && !cells)
        cells = 1;
    buffer[0] = '\0';
    for (; cells > 0; cells -= cells < 8 ? cells : 8) {
        const char *cell = eighths[cells < 8 ? cells : 8];
        memcpy(buffer + length, cell, strlen(cell) + 1);
        length += strlen(cell);
    }
    return buffer;
}

#define BAR_TEXT (BAR_CELLS * 3 + 4)

static double percent(uint64_t part, uint64_t whole)
{
    return whole ? 100.0 * (double)part / (double)whole : 0;
}

/* "  label       text", further lines of a long text indented below it. */
static void line(FILE *stream, const char *label, const char *text)
{
    size_t room = 66;
    fprintf(stream, "  %-11s ", label);
    while (strlen(text) > room) {
        size_t cut = room;
        while (cut > 0 && text[cut] != ' ')
            cut--;
        if (cut == 0)
            break;
        fprintf(stream, "%.*s\n%14s", (int)cut, text, "");
        text += cut + 1;
    }
    fprintf(stream, "%s\n", text);
}

/* ----------------------------------------------------------------- the head */

static void print_span(const struct vs_summary *summary, const struct vs_summary_source *source,
                       FILE *stream)
{
    char text[256], span[VS_DURATION_TEXT], when[64] = "";
    if (summary->records == 0) {
        line(stream, "span", "no records");
        return;
    }
    uint64_t epoch = source->meta->clock.wall_epoch_ns;
    time_t seconds = (time_t)((epoch + summary->first_ns) / VS_NS_PER_S);
    struct tm utc;
    if (epoch && gmtime_r(&seconds, &utc))
        strftime(when, sizeof(when), ", begun %Y-%m-%d %H:%M:%S UTC", &utc);
    snprintf(text, sizeof(text), "%s, from %.6f s to %.6f s%s",
             vs_duration_text(summary->last_ns - summary->first_ns, span),
             (double)summary->first_ns / VS_NS_PER_S, (double)summary->last_ns / VS_NS_PER_S, when);
    line(stream, "span", text);
}

static void print_size(const struct vs_summary *summary, const struct vs_summary_source *source,
                       FILE *stream)
{
    const struct vs_trace_totals *totals = &source->totals;
    char text[256], records[GROUPED_TEXT], bytes[GROUPED_TEXT], blocks[GROUPED_TEXT];
    snprintf(text, sizeof(text), "%s in %s block%s, %s bytes (%.2f per record)",
             grouped(summary->records, records), grouped(totals->blocks, blocks),
             totals->blocks == 1 ? "" : "s", grouped(totals->file_bytes, bytes),
             summary->records ? (double)totals->file_bytes / (double)summary->records : 0);
    line(stream, "records", text);
    if (!totals->complete)
        line(stream, "INCOMPLETE",
             "no closing index: the writer was stopped before its end. What is counted here is "
             "up to the last whole block");
    snprintf(text, sizeof(text), "%s%s", grouped(totals->lost_records, records),
             totals->lost_records ? " records: counts and rates below are too low" : "");
    line(stream, totals->lost_records ? "LOST" : "lost", text);
}

static void print_clock(const struct vs_summary *summary, const struct vs_clock *clock,
                        FILE *stream)
{
    char text[512], tick[160] = "";
    uint64_t timed = 0;
    for (unsigned int kind = 0; kind < VS_KIND_COUNT; kind++)
        timed += summary->kinds[kind].timed;
    if (clock->tick_hz > 0)
        snprintf(tick, sizeof(tick), ", %.6g MHz%s%s", clock->tick_hz / 1e6,
                 clock->tick_source[0] ? " from " : "", clock->tick_source);
    snprintf(text, sizeof(text), "%s%s; %s", clock->name[0] ? clock->name : "not named", tick,
             clock->real_time ? "real time" : "not real time: never used as a cost");
    line(stream, "clock", text);
    if (clock->note[0])
        line(stream, "", clock->note);
    if (timed == 0)
        snprintf(text, sizeof(text), "none");
    else
        snprintf(text, sizeof(text), "cover: %s", vs_duration_covers_name(clock->duration_covers));
    line(stream, "durations", text);
}

/* Records that inject put among generated ones carry its mark only. */
static const char *synthetic_text(const struct vs_summary *summary,
                                  const struct vs_trace_meta *meta)
{
    uint64_t made = summary->flags[__builtin_ctz(VS_FLAG_SYNTHETIC)] +
                    summary->flags[__builtin_ctz(VS_FLAG_INJECTED)];
    if (!meta->synthetic)
        return "";
    return made < summary->records ? ", SYNTHETIC in part: generated, not captured"
                                   : ", SYNTHETIC: generated, not captured";
}

static void print_head(const struct vs_summary *summary, const struct vs_summary_source *source,
                       FILE *stream)
{
    const struct vs_trace_meta *meta = source->meta;
    char text[256];
    fprintf(stream, "%s\n", source->path);
    snprintf(text, sizeof(text), "%s%s%s%s%s%s", meta->source[0] ? meta->source : "not stated",
             meta->backend[0] ? " (" : "", meta->backend, meta->backend[0] ? ")" : "",
             meta->emulated ? ", captured under emulation" : "", synthetic_text(summary, meta));
    line(stream, "source", text);
    if (meta->origin[0])
        line(stream, "origin", meta->origin);
    print_span(summary, source, stream);
    print_size(summary, source, stream);
    print_clock(summary, &meta->clock, stream);
    for (size_t i = 0; i < meta->what_if_count; i++)
        line(stream, i ? "" : "WHAT-IF", meta->what_if[i]);
    for (size_t i = 0; i < meta->note_count; i++)
        line(stream, i ? "" : "note", meta->notes[i]);
    for (size_t i = 0; i < meta->ecam_count; i++) {
        snprintf(text, sizeof(text), "0x%" PRIx64 ": segment %04x, buses %02x-%02x",
                 meta->ecam[i].base, meta->ecam[i].segment, meta->ecam[i].bus_first,
                 meta->ecam[i].bus_last);
        line(stream, i ? "" : "ecam", text);
    }
}

/* ------------------------------------------------------------------- tables */

static void print_rate(const struct vs_summary *summary, FILE *stream)
{
    struct vs_rate rate;
    char text[BAR_TEXT], width[VS_DURATION_TEXT];
    uint64_t most = 0;
    vs_summary_rate(summary, RATE_BUCKETS, &rate);
    for (size_t i = 0; i < rate.count; i++)
        most = rate.buckets[i].accesses > most ? rate.buckets[i].accesses : most;
    if (most == 0)
        return;
    fprintf(stream, "\nAccesses over time, per %s\n", vs_duration_text(rate.width_ns, width));
    fprintf(stream, "  %12s  %10s  %8s  %10s\n", "from", "accesses", "writes", "per second");
    for (size_t i = 0; i < rate.count; i++) {
        double from = (double)summary->first_ns + (double)rate.width_ns * (double)i;
        fprintf(stream, "  %10.6f s  %10" PRIu64 "  %8" PRIu64 "  %10.3g  %s\n", from / VS_NS_PER_S,
                rate.buckets[i].accesses, rate.buckets[i].writes,
                (double)rate.buckets[i].accesses * VS_NS_PER_S / (double)rate.width_ns,
                bar(rate.buckets[i].accesses, most, text));
    }
}

static void print_kinds(const struct vs_summary *summary, FILE *stream)
{
    fprintf(stream, "\nKinds\n  %-16s %12s %7s  %12s  %12s\n", "", "count", "share",
            "mean duration", "longest");
    for (unsigned int i = 1; i < VS_KIND_COUNT; i++) {
        const struct vs_kind_count *kind = &summary->kinds[i];
        char mean[VS_DURATION_TEXT] = "-", most[VS_DURATION_TEXT] = "-";
        if (kind->count == 0)
            continue;
        if (kind->timed) {
            vs_duration_text(kind->duration_ns / kind->timed, mean);
            vs_duration_text(kind->duration_max_ns, most);
        }
        fprintf(stream, "  %-16s %12" PRIu64 " %6.2f%%  %12s  %12s\n",
                vs_kind_name((enum vs_kind)i), kind->count, percent(kind->count, summary->records),
                mean, most);
    }
}

static const struct vs_trace_domain *find_domain(const struct vs_trace_meta *meta, uint32_t id)
{
    for (size_t i = 0; i < meta->domain_count; i++) {
        if (meta->domains[i].id == id)
            return &meta->domains[i];
    }
    return NULL;
}

static const struct vs_trace_device *find_device(const struct vs_trace_meta *meta, uint32_t sbdf)
{
    for (size_t i = 0; i < meta->device_count; i++) {
        if (meta->devices[i].sbdf == sbdf)
            return &meta->devices[i];
    }
    return NULL;
}

static void print_domains(const struct vs_summary *summary, const struct vs_trace_meta *meta,
                          FILE *stream)
{
    fprintf(stream, "\nDomains\n  %-5s %6s %10s %10s %8s %8s %8s  %s\n", "id", "vCPUs", "reads",
            "writes", "MSI-X", "mmio", "events", "name");
    for (size_t i = 0; i < summary->domains.count; i++) {
        const struct vs_party_count *count = &summary->domains.items[i];
        const struct vs_trace_domain *domain = find_domain(meta, count->id);
        char id[16];
        snprintf(id, sizeof(id), count->id == VS_DOMAIN_NONE ? "none" : "%" PRIu32, count->id);
        fprintf(stream,
                "  %-5s %6d %10" PRIu64 " %10" PRIu64 " %8" PRIu64 " %8" PRIu64 " %8" PRIu64
                "  %s%s%s%s\n",
                id, __builtin_popcountll(count->vcpus), count->accesses.reads,
                count->accesses.writes, count->msix, count->mmio, count->events,
                domain ? domain->name : "", domain && domain->hardware_domain ? " (hardware)" : "",
                domain && domain->origin[0] ? ", from " : "", domain ? domain->origin : "");
    }
}

static uint64_t party_accesses(const struct vs_party_count *count)
{
    return count->accesses.reads + count->accesses.writes + count->msix;
}

static void print_device(const struct vs_party_count *count, const struct vs_trace_meta *meta,
                         uint64_t most, FILE *stream)
{
    const struct vs_trace_device *device = find_device(meta, count->id);
    char sbdf[VS_SBDF_TEXT], ids[32] = "-", text[BAR_TEXT];
    if (device && device->config)
        snprintf(ids, sizeof(ids), "%02x%02x %02x%02x:%02x%02x", device->config[11],
                 device->config[10], device->config[1], device->config[0], device->config[3],
                 device->config[2]);
    fprintf(stream, "  %-12s %-14s %9" PRIu64 " %8" PRIu64 " %7" PRIu64 " %7" PRIu64 "  %s\n",
            vs_sbdf_text(count->id, sbdf), ids, count->accesses.reads, count->accesses.writes,
            count->msix, count->events, bar(party_accesses(count), most, text));
}

/* The smallest number of accesses that a device of the list's busiest lines has. */
static uint64_t busy_limit(const struct vs_summary *summary)
{
    uint64_t best[DEVICE_LINES] = {0};
    for (size_t i = 0; i < summary->devices.count; i++) {
        uint64_t accesses = party_accesses(&summary->devices.items[i]);
        for (size_t j = 0; j < DEVICE_LINES; j++) {
            if (accesses > best[j]) {
                uint64_t pushed = best[j];
                best[j] = accesses;
                accesses = pushed;
            }
        }
    }
    return best[DEVICE_LINES - 1];
}

static bool is_absent(const struct vs_party_count *count, const struct vs_trace_meta *meta)
{
    return count->absent > 0 && count->absent == party_accesses(count) && count->events == 0 &&
           !find_device(meta, count->id);
}

static void print_devices(const struct vs_summary *summary, const struct vs_trace_meta *meta,
                          FILE *stream)
{
    uint64_t limit = busy_limit(summary), most = 0, absent = 0, absent_reads = 0;
    uint64_t others = 0, other_accesses = 0, printed = 0;
    for (size_t i = 0; i < summary->devices.count; i++) {
        uint64_t accesses = party_accesses(&summary->devices.items[i]);
        most = accesses > most && !is_absent(&summary->devices.items[i], meta) ? accesses : most;
    }
    if (summary->devices.count == 0)
        return;
    fprintf(stream, "\nDevices\n  %-12s %-14s %9s %8s %7s %7s\n", "sbdf", "class ids", "reads",
            "writes", "MSI-X", "events");
    for (size_t i = 0; i < summary->devices.count; i++) {
        const struct vs_party_count *count = &summary->devices.items[i];
        if (is_absent(count, meta)) {
            absent++;
            absent_reads += count->absent;
        } else if (party_accesses(count) < limit || printed == DEVICE_LINES) {
            others++;
            other_accesses += party_accesses(count);
        } else {
            print_device(count, meta, most, stream);
            printed++;
        }
    }
    if (others)
        fprintf(stream, "  %" PRIu64 " more device%s: %" PRIu64 " accesses (--json lists all)\n",
                others, others == 1 ? "" : "s", other_accesses);
    if (absent)
        fprintf(stream,
                "  %" PRIu64 " address%s where no function answered: %" PRIu64 " accesses\n",
                absent, absent == 1 ? "" : "es", absent_reads);
}

static void print_regs(const struct vs_summary *summary, FILE *stream)
{
    char text[BAR_TEXT];
    uint64_t most = 0;
    for (unsigned int i = 0; i < VS_REG_CLASS_COUNT; i++) {
        uint64_t sum = summary->regs[i].reads + summary->regs[i].writes;
        most = sum > most ? sum : most;
    }
    if (most == 0)
        return;
    fprintf(stream, "\nRegisters\n  %-20s %10s %10s\n", "", "reads", "writes");
    for (unsigned int i = 0; i < VS_REG_CLASS_COUNT; i++) {
        const struct vs_reads_writes *reg = &summary->regs[i];
        if (reg->reads + reg->writes > 0)
            fprintf(stream, "  %-20s %10" PRIu64 " %10" PRIu64 "  %s\n",
                    vs_reg_class_name((enum vs_reg_class)i), reg->reads, reg->writes,
                    bar(reg->reads + reg->writes, most, text));
    }
}

static void print_flags(const struct vs_summary *summary, FILE *stream)
{
    bool any = false;
    for (unsigned int bit = 0; bit < 16; bit++) {
        if (!summary->flags[bit])
            continue;
        if (!any)
            fprintf(stream, "\nFlags\n");
        any = true;
        fprintf(stream, "  %-20s %10" PRIu64 " %6.2f%%\n", vs_flag_name((enum vs_flag)(1u << bit)),
                summary->flags[bit], percent(summary->flags[bit], summary->records));
    }
}

/* ------------------------------------------------------------------- import */

/* Nothing to say: 0, null, false, or empty. */
static bool is_silent(const struct vs_json *at)
{
    uint64_t amount = 1;
    bool truth = true;
    switch (vs_json_kind(at)) {
    case VS_JSON_NUMBER:
        return vs_json_u64(at, 0, UINT64_MAX, &amount, NULL) == 0 && amount == 0;
    case VS_JSON_BOOLEAN:
        return vs_json_boolean(at, &truth, NULL) == 0 && !truth;
    case VS_JSON_ARRAY:
    case VS_JSON_OBJECT:
        for (size_t i = 0; i < vs_json_count(at); i++) {
            struct vs_json member =
                vs_json_kind(at) == VS_JSON_OBJECT ? vs_json_member_at(at, i) : vs_json_item(at, i);
            if (!is_silent(&member))
                return false;
        }
        return true;
    case VS_JSON_STRING:
        return false;
    default:
        return true;
    }
}

/* A report is objects within objects, and counts: one line each. */
static void print_members(const struct vs_json *object, int indent, FILE *stream)
{
    for (size_t i = 0; i < vs_json_count(object); i++) {
        struct vs_json at = vs_json_member_at(object, i);
        uint64_t amount = 0;
        char *text = NULL;
        if (is_silent(&at))
            continue;
        if (vs_json_kind(&at) == VS_JSON_OBJECT) {
            fprintf(stream, "%*s%s\n", indent, "", at.key);
            print_members(&at, indent + 2, stream);
        } else if (vs_json_u64(&at, 0, UINT64_MAX, &amount, NULL) == 0) {
            fprintf(stream, "%*s%-*s %10" PRIu64 "\n", indent, "", 46 - indent, at.key, amount);
        } else if (vs_json_value_text(&at, &text, NULL) == 0) {
            fprintf(stream, "%*s%s: %s\n", indent, "", at.key, text);
        }
        free(text);
    }
}

static void print_import(const struct vs_trace_meta *meta, FILE *stream)
{
    struct vs_json_doc *doc = NULL;
    if (!meta->import_json ||
        vs_json_parse(meta->import_json, strlen(meta->import_json), "", &doc, NULL) < 0)
        return;
    struct vs_json root = vs_json_root(doc);
    fprintf(stream, "\nImport report (counts of 0 left out)\n");
    if (vs_json_kind(&root) == VS_JSON_OBJECT)
        print_members(&root, 2, stream);
    vs_json_doc_free(doc);
}

int vs_summary_print(const struct vs_summary *summary, const struct vs_summary_source *source,
                     FILE *stream, struct vs_error *error)
{
    print_head(summary, source, stream);
    print_rate(summary, stream);
    if (summary->records)
        print_kinds(summary, stream);
    print_domains(summary, source->meta, stream);
    print_devices(summary, source->meta, stream);
    print_regs(summary, stream);
    print_flags(summary, stream);
    print_import(source->meta, stream);
    if (ferror(stream))
        return vs_error_set(error, VS_ERR_HOST, "cannot write: %s", strerror(errno));
    return 0;
}
